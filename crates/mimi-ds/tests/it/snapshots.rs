//! What the disk spoils is noticed, and the older snapshot with the log after it stands in for the latest one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mimi_ds::{Effect, SqliteStore, Store, StoreError};
use mimi_protocol::AcceptedTimestamp;
use openmls::prelude::Lifetime;

use crate::{flow::send, support::*};

const ALL: AcceptedTimestamp = AcceptedTimestamp(1 << 60);

struct Disk {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        Self { folder, store }
    }

    fn take(&self, world: &mut World) {
        for effect in world.effects.drain(..) {
            self.store.commit(vec![effect]).unwrap();
        }
    }

    /// What a disk does to a file that nobody has written for years.
    fn spoil(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("hub.sqlite")).unwrap();
        assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
    }

    fn spoil_snapshot(&self, age: usize) {
        self.spoil(&format!(
            "UPDATE snapshots SET bytes = CAST(substr(bytes, 1, 99) || x'00ff' || substr(bytes, 102) AS BLOB)
                WHERE id = (SELECT id FROM snapshots ORDER BY id DESC LIMIT 1 OFFSET {age})"
        ));
    }

    fn numbers(&self) -> (u64, Option<u64>) {
        let older = self.store.load_older_room(&room_uri()).unwrap();
        (self.latest().unwrap().snapshot_sequence, older.map(|older| older.snapshot_sequence))
    }

    fn latest(&self) -> Result<mimi_ds::store::StoredRoom, StoreError> {
        self.store.load_room(&room_uri()).map(Option::unwrap)
    }

    fn older(&self) -> Room {
        Room::restore(&self.store.load_older_room(&room_uri()).unwrap().unwrap()).unwrap()
    }
}

fn is_damage<T: std::fmt::Debug>(result: Result<T, StoreError>, of: &str) -> bool {
    matches!(result, Err(StoreError::Damaged { what, .. }) if what == of)
}

/// Alice adds bob, then cathy, each with a snapshot; then a commit and a message without one.
fn lived(disk: &Disk) -> World {
    let mut world = World::alone();
    world.add("alice", &[("bob", "mimi://b.example/d/bob/1")]);
    world.add("bob", &[("cathy", "mimi://c.example/d/cathy/1")]);
    let bundle = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    let _ = world.accept("cathy", bundle);
    let _ = send(&mut world, "alice", "hello");
    disk.take(&mut world);
    world
}

#[test]
fn the_older_snapshot_and_the_log_lead_to_the_same_room_as_the_latest() {
    let disk = Disk::new();
    let mut world = lived(&disk);
    assert_eq!(disk.numbers(), (2, Some(1)));
    let live = world.fingerprint();
    for spoilt in [false, true] {
        if spoilt {
            disk.spoil_snapshot(0);
            assert!(is_damage(disk.latest(), "snapshot"), "{:?}", disk.latest());
        }
        // The log holds the commit that adds cathy.
        world.room = disk.older();
        assert_eq!(world.fingerprint(), live);
    }
    // A fresh snapshot takes the place of the damaged one, the older one stays, and life goes on.
    let fresh = world.room.fresh_snapshot().unwrap();
    disk.store.commit(vec![fresh]).unwrap();
    assert_eq!(disk.numbers(), (4, Some(1)));
    world.room = Room::restore(&disk.latest().unwrap()).unwrap();
    assert_eq!(world.fingerprint(), live);
    world.add("cathy", &[("dora", "mimi://d.example/d/dora/1")]);
    disk.take(&mut world);
    assert_eq!(disk.numbers(), (5, Some(4)));
    let live = world.fingerprint();
    world.room = disk.older();
    assert_eq!(world.fingerprint(), live);
}

#[test]
fn a_snapshot_or_a_log_entry_in_anothers_place_is_noticed() {
    let disk = Disk::new();
    let _ = lived(&disk);
    disk.spoil("UPDATE snapshots SET bytes = (SELECT bytes FROM snapshots WHERE sequence = 1) WHERE sequence = 2");
    // A snapshot's digest does not match another's bytes; with its digest copied, too, it is its number that does not match.
    assert!(is_damage(disk.latest(), "snapshot"));
    disk.spoil("UPDATE snapshots SET digest = (SELECT digest FROM snapshots WHERE sequence = 1) WHERE sequence = 2");
    assert!(is_damage(disk.latest(), "snapshot"));
    assert!(disk.store.load_older_room(&room_uri()).is_ok());
    disk.spoil("UPDATE handshakes SET accepted = accepted + 1 WHERE sequence = 3");
    assert!(is_damage(disk.store.load_older_room(&room_uri()), "log entry"));
    assert!(is_damage(disk.latest(), "snapshot"));
}

#[test]
fn a_row_without_digest_is_taken_as_it_is_and_a_room_without_snapshot_is_damaged() {
    let disk = Disk::new();
    let _ = lived(&disk);
    disk.spoil("UPDATE snapshots SET digest = NULL, bytes = x'00' WHERE sequence = 2");
    // Without a digest, as an earlier version wrote it, it is the room that does not read.
    assert!(Room::restore(&disk.latest().unwrap()).is_err());
    let _ = disk.older();
    disk.spoil("DELETE FROM snapshots WHERE sequence = 1");
    assert_eq!(disk.store.load_older_room(&room_uri()).unwrap(), None);
    disk.spoil("DELETE FROM snapshots WHERE sequence = 2");
    assert!(is_damage(disk.latest(), "room"));
}

#[test]
fn a_fresh_snapshot_of_a_state_that_has_passed_is_a_conflict() {
    let disk = Disk::new();
    let mut world = lived(&disk);
    let fresh = world.room.fresh_snapshot().unwrap();
    let _ = send(&mut world, "bob", "meanwhile");
    disk.take(&mut world);
    let refused = disk.store.commit(vec![fresh]);
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert_eq!(disk.numbers(), (2, Some(1)));
}

#[test]
fn a_snapshot_of_some_age_is_kept_twice_unless_it_is_damaged() {
    let disk = Disk::new();
    let mut world = lived(&disk);
    let mirror = |before| disk.store.commit(vec![Effect::MirrorSnapshots { before }]).unwrap();
    mirror(NOW);
    assert_eq!(disk.numbers(), (2, Some(1)), "too young");
    disk.spoil_snapshot(0);
    mirror(ALL);
    assert_eq!(disk.store.load_older_room(&room_uri()).unwrap().unwrap().snapshot_sequence, 1, "damage was doubled");
    let live = world.fingerprint();
    world.room = disk.older();
    disk.store.commit(vec![world.room.fresh_snapshot().unwrap()]).unwrap();
    mirror(ALL);
    assert_eq!(disk.numbers(), (4, Some(4)));
    mirror(ALL);
    disk.spoil_snapshot(0);
    world.room = disk.older();
    assert_eq!(world.fingerprint(), live);
    // A new room has its second copy as well.
    let disk = Disk::new();
    let mut world = World::alone();
    disk.take(&mut world);
    assert_eq!(disk.numbers(), (0, None));
    disk.store.commit(vec![Effect::MirrorSnapshots { before: ALL }]).unwrap();
    assert_eq!(disk.numbers(), (0, Some(0)));
    disk.spoil_snapshot(0);
    disk.store.commit(vec![disk.older().fresh_snapshot().unwrap()]).unwrap();
    assert_eq!(disk.numbers(), (0, Some(0)));
}

#[test]
fn an_addition_whose_key_package_has_expired_needs_the_second_copy() {
    // OpenMLS looks at life times whenever it processes a commit, and cannot be told not to.
    for mirrored in [false, true] {
        let disk = Disk::new();
        let mut world = World::alone();
        let bob = Client::new("mimi://b.example/d/bob/1");
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let adds = vec![bob.key_package_for(Lifetime::init(seconds - 10, seconds + 2))];
        world.route(&adds[0], "b.example");
        let list = vec![adding(&[&bob.user()])];
        world.clients.insert("bob", bob);
        let bundle = world.client("alice").commit(Commit { adds, list, ..Default::default() });
        let _ = world.accept("alice", bundle);
        disk.take(&mut world);
        if mirrored {
            disk.store.commit(vec![Effect::MirrorSnapshots { before: ALL }]).unwrap();
        }
        std::thread::sleep(Duration::from_secs(4));
        disk.spoil_snapshot(0);
        let older = Room::restore(&disk.store.load_older_room(&room_uri()).unwrap().unwrap());
        assert_eq!(older.is_ok(), mirrored, "{older:?}");
    }
}

#[test]
fn accepted_timestamps_grow_across_a_restart_with_a_clock_that_went_back() {
    // req: MP06-5.4-05
    let disk = Disk::new();
    let mut world = lived(&disk);
    let mut last = world.room.last_accepted();
    for older in [false, true] {
        world.clock -= 86_400_000;
        world.room = if older { disk.older() } else { Room::restore(&disk.latest().unwrap()).unwrap() };
        assert_eq!(world.room.last_accepted(), last);
        let _ = send(&mut world, "alice", "yesterday");
        let bundle = world.client("bob").commit(Commit { path: true, ..Default::default() });
        let commit = world.accept("bob", bundle);
        assert_eq!(commit.timestamp.0, last.0 + 2);
        last = commit.timestamp;
        disk.take(&mut world);
    }
}
