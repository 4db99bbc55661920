//! A thousand rooms at one hub at once, over one store; some of them damaged.

use std::time::Instant;

use mimi_arch::RoomUri;
use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    hub::{HubIdentity, Routes},
};
use mimi_protocol::{AcceptedTimestamp, IdentifierUri, submit_message::SubmitMessageRequest, update::UpdateRequest};

use crate::support::*;

const ROOMS: usize = 1000;
const THREADS: usize = 8;

/// A room with the one client that is in it.
struct Inhabited {
    uri: RoomUri,
    client: Client,
    room: Room,
}

impl Inhabited {
    fn new(number: usize, identity: &HubIdentity) -> (Self, Vec<Effect>) {
        let uri: RoomUri = format!("mimi://a.example/r/room-{number}").parse().unwrap();
        let mut client = Client::new(&format!("mimi://a.example/d/user{number}/1"));
        let shape = RoomShape { group_id: uri.group().as_str().as_bytes().to_vec(), ..RoomShape::of(&client) };
        let (info, tree) = client.create(&shape);
        let (room, accepted) = Room::create(NOW, identity, &client.uri, uri.clone(), info, &tree).unwrap();
        (Self { uri, client, room }, accepted.effects)
    }

    /// A message and a commit.
    fn live(&mut self, now: u64) -> Vec<Effect> {
        let source = domain("a.example");
        let user = self.client.user();
        let request =
            SubmitMessageRequest { app_message: self.client.seal("hello"), sending_uri: IdentifierUri::from(user) };
        let sent = self.room.submit(AcceptedTimestamp(now), &source, &request, &franking()).unwrap();
        let bundle = self.client.commit(Commit { path: true, ..Default::default() });
        let committed =
            self.room.update(AcceptedTimestamp(now), &source, &UpdateRequest(bundle), &Routes::new()).unwrap();
        self.client.confirm();
        sent.effects.into_iter().chain(committed.effects).collect()
    }
}

/// Resident memory of this process in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

#[test]
fn a_thousand_rooms_are_active_at_once_and_the_damage_of_ten_is_theirs_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.sqlite");
    let store = SqliteStore::open(&path).unwrap();
    let identity = hub_identity();
    let begun = Instant::now();
    let per_thread = ROOMS / THREADS;
    let mut all: Vec<Inhabited> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (store, identity) = (&store, &identity);
                scope.spawn(move || {
                    let mut rooms = Vec::new();
                    for number in thread * per_thread..(thread + 1) * per_thread {
                        let (room, effects) = Inhabited::new(number, identity);
                        store.commit(effects).unwrap();
                        rooms.push(room);
                    }
                    rooms
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let made = begun.elapsed();
    // All live at once: every decision is submitted before the first ticket is waited for.
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for rooms in all.chunks_mut(per_thread) {
            let store = &store;
            scope.spawn(move || {
                let tickets: Vec<_> = rooms.iter_mut().map(|room| store.submit(room.live(NOW.0))).collect();
                tickets.into_iter().for_each(|ticket| ticket.wait().unwrap());
            });
        }
    });
    let lived = begun.elapsed();
    assert_eq!(store.rooms().unwrap().len(), ROOMS);

    // One room in a hundred is spoilt: each other one is loaded as it lives.
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    for room in all.iter().step_by(100) {
        let spoilt =
            connection.execute("UPDATE snapshots SET bytes = zeroblob(9) WHERE room = ?1", [room.uri.as_str()]);
        assert_eq!(spoilt.unwrap(), 1);
    }
    drop(connection);
    let store = SqliteStore::open(&path).unwrap();
    let before = resident();
    let begun = Instant::now();
    let mut loaded = Vec::new();
    for (number, live) in all.iter().enumerate() {
        let stored = store.load_room(&live.uri);
        if number % 100 == 0 {
            assert!(matches!(stored, Err(StoreError::Damaged { what: "snapshot", .. })), "{stored:?}");
            continue;
        }
        let room = Room::restore(&stored.unwrap().unwrap()).unwrap();
        assert_eq!((room.epoch(), room.sequence()), (live.room.epoch(), live.room.sequence()));
        assert_eq!(room.last_accepted(), live.room.last_accepted());
        loaded.push(room);
    }
    println!(
        "{ROOMS} rooms made in {made:?}; a message and a commit in each in {lived:?}; {} loaded in {:?} with {} KiB more memory",
        loaded.len(),
        begun.elapsed(),
        resident().saturating_sub(before)
    );
}
