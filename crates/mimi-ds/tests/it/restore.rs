//! A room comes back from snapshot and log exactly as it was.

use mimi_ds::{
    Effect, LogEntry, SqliteStore, Store,
    hub::{COMMITS_PER_SNAPSHOT, RestoreError},
};

use crate::{
    flow::{group_info_request, send},
    support::*,
};

fn store() -> (tempfile::TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    (folder, store)
}

fn restored(world: &mut World, store: &SqliteStore) -> Room {
    for effect in world.effects.drain(..) {
        store.commit(vec![effect]).unwrap();
    }
    Room::restore(&store.load_room(&room_uri()).unwrap().unwrap()).unwrap()
}

// req: DS06-3-02
#[test]
fn what_is_restored_equals_what_lives_at_every_step() {
    let (_folder, store) = store();
    let mut world = World::alone();
    let check = |world: &mut World| {
        let room = restored(world, &store);
        let live = world.fingerprint();
        world.room = room;
        assert_eq!(world.fingerprint(), live);
    };
    check(&mut world);
    world.add("alice", &[("bob", "mimi://b.example/d/bob/1"), ("bob2", "mimi://b.example/d/bob/2")]);
    check(&mut world);
    world.add("bob", &[("cathy", "mimi://c.example/d/cathy/1")]);
    check(&mut world);
    let _ = send(&mut world, "cathy", "hello");
    check(&mut world);
    // Commits without additions are replayed from the log.
    for by in ["alice", "cathy", "bob2"] {
        let bundle = world.client(by).commit(Commit { path: true, ..Default::default() });
        let _ = world.accept(by, bundle);
        check(&mut world);
    }
    // Proposals that wait survive, and the next commit has to carry them.
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    check(&mut world);
    assert_eq!(world.room.pending(), 3);
    let bundle = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    let _ = world.accept("cathy", bundle);
    check(&mut world);
    assert_eq!(world.room.members().count(), 2);
    let _ = send(&mut world, "alice", "still here");
    check(&mut world);
}

#[test]
fn members_stay_at_the_leaves_where_mls_puts_them() {
    // req: MP06-7.2-02
    let (_folder, store) = store();
    let mut world = World::three();
    let check = |world: &mut World, expected: &[(&str, u32)]| {
        let room = restored(world, &store);
        for (name, leaf) in expected {
            let uri = world.client(name).uri.clone();
            assert_eq!(world.client(name).leaf(), *leaf, "{name}");
            assert_eq!(world.room.leaf_of(&uri), Some(*leaf), "{name}");
            // A restored room reads its members from the tree.
            assert_eq!(room.leaf_of(&uri), Some(*leaf), "{name}");
        }
        assert_eq!(world.room.members().count(), expected.len());
        assert!(world.room.members().eq(room.members()));
    };
    check(&mut world, &[("alice", 0), ("bob", 1), ("bob2", 2), ("cathy", 3)]);
    // One in the middle goes in the commit that brings two: one takes the free leaf, one comes at the end.
    let (dora, emil) = (Client::new("mimi://d.example/d/dora/1"), Client::new("mimi://b.example/d/emil/1"));
    let adds = vec![dora.key_package(), emil.key_package()];
    world.route(&adds[0], "d.example");
    world.route(&adds[1], "b.example");
    let list = vec![adding(&[&dora.user(), &emil.user()])];
    world.clients.extend([("dora", dora), ("emil", emil)]);
    let bundle = world.client("alice").commit(Commit { adds, list, removes: vec![2], ..Default::default() });
    let _ = world.accept("alice", bundle);
    check(&mut world, &[("alice", 0), ("bob", 1), ("dora", 2), ("cathy", 3), ("emil", 4)]);
    // Two go, one from the end; somebody joins from outside at the leftmost free leaf.
    let list = vec![removing(&[4])];
    let bundle = world.client("alice").commit(Commit { list, removes: vec![4, 3], ..Default::default() });
    let _ = world.accept("alice", bundle);
    check(&mut world, &[("alice", 0), ("bob", 1), ("dora", 2)]);
    let bundle = world.client("dora").commit(Commit { removes: vec![], path: true, ..Default::default() });
    let _ = world.accept("dora", bundle);
    let mut phone = Client::new("mimi://c.example/d/cathy/2");
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&phone)).unwrap();
    let join = phone.join(&given, None);
    world.clients.insert("cathy2", phone);
    let _ = world.accept("cathy2", join);
    check(&mut world, &[("alice", 0), ("bob", 1), ("dora", 2), ("cathy2", 3)]);
}

#[test]
fn proposals_that_wait_are_part_of_a_snapshot() {
    let (_folder, store) = store();
    let mut world = World::three();
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    world.effects.push(world.room.checkpoint().unwrap());
    let room = restored(&mut world, &store);
    assert!(store.load_room(&room_uri()).unwrap().unwrap().log.is_empty());
    let live = world.fingerprint();
    world.room = room;
    assert_eq!(world.fingerprint(), live);
    let bundle = world.client("alice").commit(Commit::default());
    let _ = world.accept("alice", bundle);
    assert_eq!(world.room.members().count(), 2);
}

#[test]
fn a_snapshot_is_taken_every_so_many_commits_and_with_every_addition() {
    let has_snapshot = |effects: &[Effect]| effects.iter().any(|e| matches!(e, Effect::PutRoom { .. }));
    let mut world = World::alone();
    for n in 1..=COMMITS_PER_SNAPSHOT {
        let bundle = world.client("alice").commit(Commit { path: true, ..Default::default() });
        let accepted = world.accept("alice", bundle);
        assert_eq!(has_snapshot(&accepted.effects), n == COMMITS_PER_SNAPSHOT, "commit {n}");
    }
    let before = world.effects.len();
    world.add("alice", &[("bob", "mimi://b.example/d/bob/1")]);
    assert!(has_snapshot(&world.effects[before..]));
}

#[test]
fn a_damaged_log_is_reported_with_its_entry() {
    let (_folder, store) = store();
    let mut world = World::three();
    let bundle = world.client("alice").commit(Commit { path: true, ..Default::default() });
    let _ = world.accept("alice", bundle);
    let _ = restored(&mut world, &store);
    let good = store.load_room(&room_uri()).unwrap().unwrap();
    let mut cut = good.clone();
    cut.log[0].bytes.pop();
    let error = Room::restore(&cut).unwrap_err();
    assert!(matches!(error, RestoreError::Damaged { sequence: 3, .. }), "{error}");
    let mut doubled = good.clone();
    doubled.log.push(good.log[0].clone());
    let error = Room::restore(&doubled).unwrap_err();
    assert_eq!(error, RestoreError::Gap { after: 3, found: 3 });
    let mut version = good;
    version.snapshot[0] = 200;
    assert!(matches!(Room::restore(&version).unwrap_err(), RestoreError::Damaged { .. }));
}

#[test]
fn an_application_message_leaves_only_its_number_in_the_log() {
    let mut world = World::three();
    let accepted = send(&mut world, "cathy", "secret");
    let entries: Vec<_> = accepted
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::AppendLog { sequence, entry, .. } => Some((*sequence, entry.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(entries, [(3, LogEntry::Application)]);
}
