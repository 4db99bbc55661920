//! Three providers are killed with SIGKILL at random instants while three users send and commit: what was answered with success arrives at
//! every member exactly once and in the hub's order; what was not answered arrives at all of them or at none.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use mimi_arch::RoomUri;
use mimi_client::{Client, Event, PrepareOptions};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_tests::{Cluster, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

/// How often a provider is killed; `MIMI_KILLS` asks for another number.
const KILLS: usize = 200;

/// Rolls numbers (xorshift64*), so that a run can be repeated but for the scheduling.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

/// What one user did and saw.
struct Diary {
    client: Client,
    /// Texts that were answered with success, with the time of the answer.
    accepted: Vec<(u64, String)>,
    /// Texts that were not.
    unanswered: Vec<String>,
    /// Commits that were answered with success.
    commits: Vec<u64>,
    events: Vec<Event>,
}

impl Diary {
    fn new(client: Client) -> Self {
        Self { client, accepted: Vec::new(), unanswered: Vec::new(), commits: Vec::new(), events: Vec::new() }
    }

    async fn read(&mut self) {
        if let Ok(events) = self.client.sync().await {
            self.events.extend(events);
        }
    }

    async fn send(&mut self, room: &RoomUri, text: String) {
        match self.client.send(room, &text).await {
            Ok(accepted) => self.accepted.push((accepted.0, text)),
            Err(_) => self.unanswered.push(text),
        }
    }

    async fn commit(&mut self, room: &RoomUri) {
        if let Ok(Some(accepted)) = self.client.resume(room).await {
            self.commits.push(accepted.0);
        }
        let Ok(prepared) = self.client.prepare_commit(room, PrepareOptions::default()).await else { return };
        match self.client.submit_prepared(&prepared).await {
            Ok(UpdateRoomResponse::Success { accepted_timestamp, .. }) => {
                self.client.confirm(prepared).await.unwrap();
                self.commits.push(accepted_timestamp.0);
            }
            Ok(_) => self.client.discard(prepared).await.unwrap(),
            // Whether it was accepted is not known: the queue will tell, or a second attempt.
            Err(_) => {}
        }
    }

    async fn live(&mut self, room: &RoomUri, over: &AtomicBool, seed: u64) {
        let mut dice = Dice(seed);
        let mut number = 0;
        while !over.load(Ordering::Relaxed) {
            self.read().await;
            match dice.roll(5) {
                0 => self.commit(room).await,
                _ => {
                    number += 1;
                    let text = format!("{} {number}", self.client.user());
                    self.send(room, text).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(5 + dice.roll(25))).await;
        }
    }

    /// Every time at which a text arrived.
    fn arrivals(&self) -> BTreeMap<&str, Vec<u64>> {
        let mut arrivals: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for event in &self.events {
            if let Event::Message { accepted, text, .. } = event {
                arrivals.entry(text).or_default().push(accepted.0);
            }
        }
        arrivals
    }

    fn in_order(&self) {
        let times: Vec<u64> = self
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Message { accepted, .. } | Event::Committed { accepted, .. } => Some(accepted.0),
                _ => None,
            })
            .collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{} did not get the hub's order", self.client.id());
        let epochs: Vec<u64> = self
            .events
            .iter()
            .filter_map(|event| match event {
                Event::Committed { epoch, .. } => Some(epoch.0),
                _ => None,
            })
            .collect();
        assert!(epochs.windows(2).all(|pair| pair[0] < pair[1]), "{}: {epochs:?}", self.client.id());
        let lost = self.events.iter().find(|event| matches!(event, Event::Undecryptable { .. }));
        assert!(lost.is_none(), "{}: {lost:?}", self.client.id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_with_success_survives_two_hundred_kills_under_load() {
    // req: MP06-5.5-02, MP06-5.5-16, MP06-5.3-22
    let kills = std::env::var("MIMI_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let names = ["a.example", "b.example", "c.example"];
    let mut cluster = Cluster::start(BINARY, &names);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let cathy = cluster.register("c.example", "cathy", "C1", None).await;
    let room = alice.create_room("storm").await.unwrap();
    for guest in [&bob, &cathy] {
        alice.add(&room, guest.user()).await.unwrap();
        until(guest, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    }
    bob.sync().await.unwrap();

    let over = Arc::new(AtomicBool::new(false));
    let mut lives = Vec::new();
    for (seed, client) in [(11, alice), (22, bob), (33, cathy)] {
        let (room, over) = (room.clone(), over.clone());
        lives.push(tokio::spawn(async move {
            let mut diary = Diary::new(client);
            diary.live(&room, &over, seed).await;
            diary
        }));
    }
    let start = Instant::now();
    let mut dice = Dice(u64::from(std::process::id()) | 1);
    let seed = dice.0;
    for _ in 0..kills {
        tokio::time::sleep(Duration::from_millis(dice.roll(180))).await;
        // The hub twice as often as each follower.
        let name = names[[0, 0, 1, 2][usize::try_from(dice.roll(4)).unwrap()]];
        cluster.kill_and_restart(name);
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    over.store(true, Ordering::Relaxed);
    let mut diaries = Vec::new();
    for life in lives {
        diaries.push(life.await.unwrap());
    }
    println!("{kills} kills in {:?}, seed {seed}", start.elapsed());

    // Everything settles: each has read all of the room when it has a last message of each of the others.
    for index in 0..3 {
        let text = format!("end of {index}");
        for attempt in 0.. {
            assert!(attempt < 200, "{} cannot send any more", diaries[index].client.id());
            for diary in &mut diaries {
                diary.read().await;
            }
            if let Ok(Some(accepted)) = diaries[index].client.resume(&room).await {
                diaries[index].commits.push(accepted.0);
            }
            if let Ok(accepted) = diaries[index].client.send(&room, &text).await {
                diaries[index].accepted.push((accepted.0, text.clone()));
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    for (reader, diary) in diaries.iter_mut().enumerate() {
        for writer in (0..3).filter(|writer| *writer != reader) {
            let text = format!("end of {writer}");
            while !diary.arrivals().contains_key(text.as_str()) {
                assert!(Instant::now() < deadline, "{} waits in vain for {text}", diary.client.id());
                diary.read().await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    diaries.iter().for_each(Diary::in_order);
    let (mut answered, mut commits, mut unanswered_there) = (0, 0, 0);
    for writer in 0..3 {
        let readers: Vec<&Diary> =
            diaries.iter().enumerate().filter(|(index, _)| *index != writer).map(|(_, diary)| diary).collect();
        let arrivals: Vec<_> = readers.iter().map(|reader| reader.arrivals()).collect();
        for (time, text) in &diaries[writer].accepted {
            for (reader, arrivals) in readers.iter().zip(&arrivals) {
                let seen = arrivals.get(text.as_str()).cloned().unwrap_or_default();
                assert_eq!(seen, [*time], "{text:?}, accepted at {time}, at {}", reader.client.id());
            }
            answered += 1;
        }
        for text in &diaries[writer].unanswered {
            let seen: Vec<_> =
                arrivals.iter().map(|arrivals| arrivals.get(text.as_str()).cloned().unwrap_or_default()).collect();
            assert!(seen[0] == seen[1] && seen[0].len() <= 1, "{text:?}, not answered, arrived at {seen:?}");
            unanswered_there += seen[0].len();
        }
        for time in &diaries[writer].commits {
            for reader in &readers {
                let seen = reader
                    .events
                    .iter()
                    .filter(|event| matches!(event, Event::Committed { accepted, .. } if accepted.0 == *time))
                    .count();
                assert_eq!(seen, 1, "the commit accepted at {time} at {}", reader.client.id());
            }
            commits += 1;
        }
    }
    let mut states = Vec::new();
    for diary in &diaries {
        let state = diary.client.room(&room).await.unwrap();
        states.push((state.epoch, state.participants, state.members, state.epoch_authenticator));
    }
    assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "{states:#?}");
    let unanswered: usize = diaries.iter().map(|diary| diary.unanswered.len()).sum();
    println!(
        "{answered} messages and {commits} commits answered, {unanswered} messages not ({unanswered_there} of them accepted all the same)"
    );
    assert!(answered > kills / 2 && commits > kills / 20, "there was hardly any load");
}
