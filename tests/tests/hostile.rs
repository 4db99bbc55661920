//! Two providers are fed mutations of requests that they really exchanged, each with a certificate that is valid: nobody panics, nobody answers
//! with 5xx, memory stays where it was, and the room goes on as if nothing had been.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::Method;
use mimi_client::Event;
use mimi_protocol::notify::decode_all;
use mimi_tests::{
    Cluster, messages,
    recorder::{Recorded, Speaker, record},
    until, until_within,
};
use tokio::{net::TcpListener, sync::Mutex, task::JoinSet};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

/// Mutated requests; `MIMI_HOSTILE_REQUESTS` asks for another number.
const REQUESTS: usize = 100_000;

/// How much the resident memory of a provider may grow, in octets: queues and logs of what it accepted are on the disk.
const GROWTH: u64 = 64 << 20;

/// A small generator of numbers (xorshift64*), so that a run can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides.max(1)
    }
}

/// Changes one to four places of a body; never gives it back as it was.
fn mutated(dice: &mut Dice, samples: &[Recorded], sample: &Recorded) -> Vec<u8> {
    let mut body = sample.body.to_vec();
    for _ in 0..=dice.roll(4) {
        let place = dice.roll(body.len());
        match dice.roll(9) {
            0 | 1 if !body.is_empty() => body[place] ^= 1 << dice.roll(8),
            2 if !body.is_empty() => body[place] = [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff][dice.roll(9)],
            3 => body.truncate(place),
            // A vector that claims 2^30-1 octets.
            4 => drop(body.splice(place..place, [0xbf, 0xff, 0xff, 0xff])),
            5 => {
                let end = (place + 1 + dice.roll(16)).min(body.len());
                body.drain(place.min(end)..end);
            }
            6 => {
                let end = (place + 1 + dice.roll(64)).min(body.len());
                let again = body[place.min(end)..end].to_vec();
                drop(body.splice(place..place, again));
            }
            7 => {
                let other = &samples[dice.roll(samples.len())].body;
                let from = dice.roll(other.len());
                body.truncate(place);
                body.extend_from_slice(&other[from..]);
            }
            _ => body.extend(std::iter::repeat_with(|| u8::try_from(dice.roll(256)).unwrap()).take(9)),
        }
    }
    if body == sample.body {
        body.push(0);
    }
    body
}

/// Whether a notification says that the hub has accepted something later than all that it really accepted.
fn is_of_the_future(body: &[u8], last: u64) -> bool {
    decode_all(body).is_ok_and(|messages| messages.iter().any(|message| message.timestamp.0 > last))
}

/// Now and then the path is another one, too.
fn path(dice: &mut Dice, samples: &[Recorded], sample: &Recorded) -> String {
    match dice.roll(40) {
        0 => samples[dice.roll(samples.len())].path.clone(),
        1 => format!("{}%2F", sample.path),
        2 => sample.path.replace("%3A", "%3"),
        3 => sample.path.replace("mimi", "nini"),
        _ => sample.path.clone(),
    }
}

/// What came back: how often which status for which endpoint.
type Tally = Arc<Mutex<BTreeMap<(String, u16), usize>>>;

async fn storm(samples: &[Recorded], speaker: &Speaker, count: usize, seed: u64, tally: &Tally) {
    let notifications = samples.iter().filter(|sample| sample.endpoint() == "notify");
    let times = notifications.flat_map(|sample| decode_all(&sample.body).unwrap()).map(|message| message.timestamp.0);
    let last = times.max().unwrap_or_default();
    let next = Arc::new(AtomicUsize::new(0));
    let samples: Arc<[Recorded]> = samples.into();
    let mut workers = JoinSet::new();
    for worker in 0..16u64 {
        let (next, samples, speaker, tally) = (next.clone(), samples.clone(), speaker.clone(), tally.clone());
        workers.spawn(async move {
            let mut dice = Dice(seed ^ (worker + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let mut mine: BTreeMap<(String, u16), usize> = BTreeMap::new();
            while next.fetch_add(1, Ordering::Relaxed) < count {
                let sample = &samples[dice.roll(samples.len())];
                let (path, body) = (path(&mut dice, &samples, sample), mutated(&mut dice, &samples, sample));
                // Only the hub can say when it accepted something, and a hub that lies about it holds up its own rooms (IP-90).
                if sample.endpoint() == "notify" && is_of_the_future(&body, last) {
                    continue;
                }
                let (status, answer) = speaker.send(Method::POST, &path, Bytes::from(body)).await.unwrap();
                assert!(status < 500, "{status} for a request to {path}: {answer:?}");
                *mine.entry((sample.endpoint().to_owned(), status)).or_default() += 1;
            }
            let mut all = tally.lock().await;
            mine.into_iter().for_each(|(key, count)| *all.entry(key).or_default() += count);
        });
    }
    while let Some(done) = workers.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_mutated_requests_change_nothing_and_break_nobody() {
    let count = std::env::var("MIMI_HOSTILE_REQUESTS").map_or(REQUESTS, |count| count.parse().unwrap());
    let held = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [hub_stand_in, follower_stand_in] = [held[0].local_addr().unwrap(), held[1].local_addr().unwrap()];
    let routes = [("b.example", "a.example", hub_stand_in), ("a.example", "b.example", follower_stand_in)];
    let mut cluster = Cluster::start_rerouted(BINARY, &["a.example", "b.example"], &routes);
    let to_hub =
        Speaker::new("b.example", &cluster.identity("b.example"), "a.example", cluster.peer_address("a.example"));
    let to_follower =
        Speaker::new("a.example", &cluster.identity("a.example"), "b.example", cluster.peer_address("b.example"));
    let [listener_a, listener_b] = held.map(|listener| {
        listener.set_nonblocking(true).unwrap();
        TcpListener::from_std(listener).unwrap()
    });
    let (at_hub, _) = record(listener_a, &cluster.identity("a.example"), to_hub.clone());
    let (at_follower, _) = record(listener_b, &cluster.identity("b.example"), to_follower.clone());

    // Everything that two providers say to each other in the example flow.
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let beth = cluster.register("b.example", "beth", "D1", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    bob.send(&room, "from bob").await.unwrap();
    until(&alice, "bob's message", |event| matches!(event, Event::Message { .. })).await;
    alice.send(&room, "from alice").await.unwrap();
    bob.add(&room, beth.user()).await.unwrap();
    let bob_tablet = cluster.register("b.example", "bob", "B2", Some(bob.user_secret())).await;
    alice.sync().await.unwrap();
    bob_tablet.join_external(&room).await.unwrap();
    until(&bob, "the external commit", |event| matches!(event, Event::Committed { .. })).await;
    beth.sync().await.unwrap();
    beth.leave(&room).await.unwrap();
    until(&bob, "beth's proposals", |event| matches!(event, Event::ProposalsReceived { .. })).await;
    bob.commit_pending(&room).await.unwrap();
    until(&beth, "her removal", |event| matches!(event, Event::Removed { .. })).await;
    alice.sync().await.unwrap();
    bob_tablet.sync().await.unwrap();
    let before = alice.room(&room).await.unwrap();

    let hub_samples = at_hub.lock().unwrap().clone();
    let follower_samples = at_follower.lock().unwrap().clone();
    let kinds = |samples: &[Recorded]| -> Vec<String> {
        let mut kinds: Vec<String> = samples.iter().map(|sample| sample.endpoint().to_owned()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    for needed in ["groupInfo", "keyMaterial", "submitMessage", "update"] {
        assert!(kinds(&hub_samples).iter().any(|kind| kind == needed), "{:?}", kinds(&hub_samples));
    }
    for needed in ["keyMaterial", "notify"] {
        assert!(kinds(&follower_samples).iter().any(|kind| kind == needed), "{:?}", kinds(&follower_samples));
    }

    // A first part warms caches and pools up; memory is measured after it.
    let tally = Tally::default();
    let start = Instant::now();
    // The follower takes whatever parses, for its clients to judge, and they have to read all of it: it gets a fifth.
    let (for_hub, for_follower) = (count / 5 * 4, count / 5);
    storm(&hub_samples, &to_hub, for_hub / 10, 1, &tally).await;
    storm(&follower_samples, &to_follower, for_follower / 10, 2, &tally).await;
    let resident = ["a.example", "b.example"].map(|name| cluster.resident(name));
    storm(&hub_samples, &to_hub, for_hub - for_hub / 10, 3, &tally).await;
    storm(&follower_samples, &to_follower, for_follower - for_follower / 10, 4, &tally).await;
    let took = start.elapsed();
    for ((endpoint, status), count) in tally.lock().await.iter() {
        println!("{endpoint:>16} {status} {count}");
    }
    println!("{count} requests in {took:?}");

    for (name, before) in ["a.example", "b.example"].into_iter().zip(resident) {
        assert!(cluster.is_alive(name), "{name} is gone");
        let now = cluster.resident(name);
        println!("{name}: resident {} KiB, then {} KiB", before / 1024, now / 1024);
        assert!(now < before + GROWTH, "{name} grew from {before} to {now} octets");
    }

    // The room is as it was, and its members still understand each other. Messages whose ciphertext was mutated could be accepted: no
    // provider can open them. Members say that they cannot either, and go on.
    alice.sync().await.unwrap();
    let after = alice.room(&room).await.unwrap();
    assert_eq!((before.epoch, &before.participants), (after.epoch, &after.participants));
    assert_eq!((before.members, before.epoch_authenticator), (after.members, after.epoch_authenticator));
    alice.send(&room, "after the storm").await.unwrap();
    let is_end = |event: &Event| matches!(event, Event::Message { text, .. } if text == "after the storm");
    for client in [&bob, &bob_tablet] {
        // Thousands of messages that cannot be opened come first.
        let patience = Duration::from_secs(300);
        let seen = until_within(patience, client, "the message after the storm", is_end).await;
        assert_eq!(messages(&seen).iter().filter(|(_, text)| text == "after the storm").count(), 1);
    }
    bob.send(&room, "still here").await.unwrap();
    until(&alice, "the answer", |event| matches!(event, Event::Message { text, .. } if text == "still here")).await;
}
