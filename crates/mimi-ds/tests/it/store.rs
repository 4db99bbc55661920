//! The SQLite store: all or nothing, in order, and there again after reopening.

use std::sync::Arc;

use mimi_ds::{
    Effect, LogEntry, SqliteStore, Store, StoreError,
    store::{Conflict, REMEMBERED_FANOUTS},
};
use mimi_protocol::{AcceptedTimestamp, KeyPackageRef};

use crate::support::*;

struct Fixture {
    folder: tempfile::TempDir,
    store: SqliteStore,
}

impl std::ops::Deref for Fixture {
    type Target = SqliteStore;

    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    Fixture { folder, store }
}

impl Fixture {
    fn reopen(self) -> Self {
        drop(self.store);
        let store = SqliteStore::open(self.folder.path().join("s.sqlite")).unwrap();
        Self { folder: self.folder, store }
    }
}

fn put_room(sequence: u64) -> Effect {
    let accepted = AcceptedTimestamp(10 + sequence);
    Effect::PutRoom { room: room_uri(), group_snapshot: vec![sequence as u8; 3], sequence, accepted }
}

fn append(sequence: u64, handshake: bool) -> Effect {
    let entry = if handshake { LogEntry::Handshake(vec![sequence as u8]) } else { LogEntry::Application };
    Effect::AppendLog { room: room_uri(), sequence, entry, accepted: AcceptedTimestamp(10 + sequence) }
}

fn enqueue(to: &str, message: &[u8]) -> Effect {
    Effect::Enqueue { to: domain(to), room: room_uri(), message: Arc::from(message) }
}

fn deliver(to: &str, message: &[u8]) -> Effect {
    Effect::Deliver { to: [to.parse().unwrap()].into(), room: room_uri(), message: Arc::from(message) }
}

fn outbox(store: &SqliteStore, to: &str) -> Vec<Vec<u8>> {
    let rows = store.outbox(&domain(to), &room_uri(), 0, 1000, usize::MAX).unwrap();
    rows.into_iter().map(|row| row.message).collect()
}

fn conflict(conflict: Conflict) -> Result<(), StoreError> {
    Err(StoreError::Conflict(conflict))
}

const CLIENT: &str = "mimi://b.example/d/bob/1";

#[test]
fn a_refused_effect_leaves_nothing_of_its_decision() {
    let store = fixture();
    store.commit(vec![put_room(0), append(1, true)]).unwrap();
    let reference = KeyPackageRef::new([1; 32]);
    let decision = vec![
        enqueue("b.example", b"x"),
        deliver(CLIENT, b"x"),
        Effect::PutRoute { reference: reference.clone(), provider: domain("b.example"), not_after: 1 },
        Effect::JoinLocal { room: room_uri(), client: CLIENT.parse().unwrap() },
        append(2, true),
        append(4, true),
    ];
    assert_eq!(store.commit(decision), conflict(Conflict::LogSequence));
    assert_eq!(outbox(&store, "b.example"), Vec::<Vec<u8>>::new());
    assert!(store.queue(&CLIENT.parse().unwrap(), 0, 10).unwrap().is_empty());
    assert_eq!(store.route(&reference).unwrap(), None);
    assert!(store.local_members(&room_uri()).unwrap().is_empty());
    assert_eq!(store.load_room(&room_uri()).unwrap().unwrap().last_sequence, 1);
}

#[test]
fn a_conflict_among_many_decisions_of_one_transaction_fails_that_decision_alone() {
    let store = fixture();
    store.commit(vec![put_room(0)]).unwrap();
    let decisions: Vec<Vec<Effect>> = (1..=300u64)
        .map(|n| {
            // Every tenth decision claims a key package that is not there.
            let claim = Effect::ClaimKeyPackage { reference: KeyPackageRef::new([0]) };
            let mut effects = vec![enqueue("b.example", &n.to_be_bytes())];
            effects.extend((n % 10 == 0).then_some(claim));
            effects
        })
        .collect();
    let tickets: Vec<_> = decisions.into_iter().map(|effects| store.submit(effects)).collect();
    for (n, ticket) in (1..=300u64).zip(tickets) {
        let expected = if n % 10 == 0 { conflict(Conflict::KeyPackageClaimed) } else { Ok(()) };
        assert_eq!(ticket.wait(), expected, "decision {n}");
    }
    let expected: Vec<_> = (1..=300u64).filter(|n| n % 10 != 0).map(|n| n.to_be_bytes().to_vec()).collect();
    assert_eq!(outbox(&store, "b.example"), expected);
}

#[test]
fn decisions_are_applied_in_the_order_of_submission() {
    let store = fixture();
    store.commit(vec![put_room(0)]).unwrap();
    let tickets: Vec<_> = (1..=500).map(|n| store.submit(vec![append(n, n % 2 == 0)])).collect();
    tickets.into_iter().for_each(|ticket| ticket.wait().unwrap());
    let room = store.load_room(&room_uri()).unwrap().unwrap();
    assert_eq!((room.last_sequence, room.last_accepted), (500, AcceptedTimestamp(510)));
    let numbers: Vec<_> = room.log.iter().map(|entry| entry.sequence).collect();
    assert_eq!(numbers, (1..=250).map(|n| 2 * n).collect::<Vec<_>>());
    assert_eq!(room.log[0].accepted, AcceptedTimestamp(12));
}

#[test]
fn a_snapshot_stands_for_the_log_before_it() {
    let store = fixture();
    store.commit(vec![put_room(0), append(1, true), append(2, false), append(3, true)]).unwrap();
    assert_eq!(store.commit(vec![put_room(2)]), conflict(Conflict::LogSequence));
    store.commit(vec![put_room(3)]).unwrap();
    store.commit(vec![append(4, true)]).unwrap();
    let store = store.reopen();
    let room = store.load_room(&room_uri()).unwrap().unwrap();
    assert_eq!((room.snapshot.as_slice(), room.snapshot_sequence), ([3u8; 3].as_slice(), 3));
    assert_eq!(room.log.len(), 1);
    assert_eq!(room.last_sequence, 4);
    assert_eq!(store.rooms().unwrap(), [room_uri()]);
    assert_eq!(store.commit(vec![put_room(0)]), conflict(Conflict::RoomExists));
    assert_eq!(store.load_room(&"mimi://a.example/r/none".parse().unwrap()).unwrap(), None);
}

#[test]
fn outbox_lanes_are_read_in_order_and_in_batches_and_shrink_by_what_was_sent() {
    let store = fixture();
    let effects = (0..5u8).map(|n| enqueue("b.example", &[n; 10])).chain([enqueue("c.example", b"c")]).collect();
    store.commit(effects).unwrap();
    let store = store.reopen();
    let lanes = [(domain("b.example"), room_uri()), (domain("c.example"), room_uri())];
    assert_eq!(store.outbox_lanes().unwrap(), lanes);
    let read = |messages, octets| store.outbox(&domain("b.example"), &room_uri(), 0, messages, octets).unwrap();
    assert_eq!(read(3, 1000).len(), 3);
    assert_eq!(read(100, 25).len(), 2);
    assert_eq!(read(100, 1).len(), 1, "a message over the limit still goes out alone");
    let first = read(2, 1000);
    let sent = |up_to| Effect::Sent { to: domain("b.example"), room: room_uri(), after: 0, up_to };
    store.commit(vec![sent(first[1].id)]).unwrap();
    assert_eq!(outbox(&store, "c.example"), [b"c"], "another lane");
    assert_eq!(outbox(&store, "b.example"), [[2; 10], [3; 10], [4; 10]]);
    // Identifiers are not used again, so that later rows come later.
    let last = read(100, 1000).last().unwrap().id;
    store.commit(vec![sent(last)]).unwrap();
    store.commit(vec![enqueue("b.example", b"new")]).unwrap();
    assert!(read(1, 1)[0].id > last);
}

#[test]
fn a_queue_keeps_what_is_not_acknowledged() {
    let store = fixture();
    let client = CLIENT.parse().unwrap();
    store.commit((0..4u8).map(|n| deliver(CLIENT, &[n])).collect()).unwrap();
    let rows = store.queue(&client, 0, 3).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(store.queue(&client, rows[2].id, 10).unwrap().len(), 1);
    let up_to = rows[1].id;
    store.commit(vec![Effect::Acknowledge { client: client.clone(), up_to }]).unwrap();
    let store = store.reopen();
    let rest: Vec<_> = store.queue(&client, 0, 10).unwrap().into_iter().map(|row| row.message).collect();
    assert_eq!(rest, [[2], [3]]);
}

#[test]
fn a_key_package_is_claimed_once_and_its_owner_stays_known() {
    // req: MP06-5.2-23
    let store = fixture();
    let bob = user("mimi://b.example/u/bob");
    let reference = KeyPackageRef::new([7; 32]);
    let put = Effect::PutKeyPackage {
        client: CLIENT.parse().unwrap(),
        user: bob.clone(),
        reference: reference.clone(),
        bytes: vec![1, 2],
        not_after: 100,
        last_resort: true,
    };
    store.commit(vec![put.clone()]).unwrap();
    assert_eq!(store.commit(vec![put]), conflict(Conflict::KeyPackageExists));
    assert_eq!(store.key_packages(&bob).unwrap()[0].bytes, [1, 2]);
    let claim = || vec![Effect::ClaimKeyPackage { reference: reference.clone() }];
    // Two claims at once: one of them gets it.
    let (first, second) = (store.submit(claim()), store.submit(claim()));
    assert_eq!((first.wait(), second.wait()), (Ok(()), conflict(Conflict::KeyPackageClaimed)));
    assert!(store.key_packages(&bob).unwrap().is_empty());
    assert_eq!(store.key_package_owner(&reference).unwrap(), Some(CLIENT.parse().unwrap()));
    store.commit(vec![Effect::DropExpired { now: 100 }]).unwrap();
    assert!(store.key_package_owner(&reference).unwrap().is_some());
    store.commit(vec![Effect::DropExpired { now: 101 }]).unwrap();
    assert_eq!(store.key_package_owner(&reference).unwrap(), None);
}

#[test]
fn routes_come_and_go() {
    let store = fixture();
    let reference = KeyPackageRef::new([7; 32]);
    let put = |provider: &str| Effect::PutRoute {
        reference: reference.clone(),
        provider: domain(provider),
        not_after: u64::MAX,
    };
    store.commit(vec![put("b.example"), put("c.example")]).unwrap();
    assert_eq!(store.route(&reference).unwrap(), Some(domain("c.example")));
    store.commit(vec![Effect::DropRoute { reference: reference.clone() }]).unwrap();
    assert_eq!(store.route(&reference).unwrap(), None);
}

#[test]
fn the_newest_fanout_digests_of_a_room_are_remembered() {
    // req: MP06-5.5-30
    let store = fixture();
    let digest = |n: usize| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&(n as u64).to_be_bytes());
        digest
    };
    let hub = domain("a.example");
    let remember = |n| Effect::RememberFanout { hub: hub.clone(), room: room_uri(), digest: digest(n) };
    let count = REMEMBERED_FANOUTS + 600;
    store.commit((0..count).map(remember).collect()).unwrap();
    let seen = |n| store.seen_fanout(&hub, &room_uri(), &digest(n)).unwrap();
    assert!(seen(count - 1) && seen(count - REMEMBERED_FANOUTS));
    assert!(!seen(0));
    assert!(!store.seen_fanout(&domain("b.example"), &room_uri(), &digest(count - 1)).unwrap());
    assert_eq!(store.commit(vec![remember(count - 1)]), conflict(Conflict::FanoutSeen));
}

#[test]
fn accounts_clients_and_the_providers_key_are_made_once() {
    let store = fixture();
    let bob = user("mimi://b.example/u/bob");
    let account = |digest| Effect::PutAccount { user: bob.clone(), secret_digest: [digest; 32] };
    let client = |name: &str, token| Effect::PutClient {
        client: name.parse().unwrap(),
        user: bob.clone(),
        token_digest: [token; 32],
    };
    assert_eq!(store.commit(vec![client(CLIENT, 1)]), conflict(Conflict::ClientExists));
    store.commit(vec![account(1), client(CLIENT, 1)]).unwrap();
    assert_eq!(store.commit(vec![account(2)]), conflict(Conflict::AccountExists));
    assert_eq!(store.commit(vec![client(CLIENT, 2)]), conflict(Conflict::ClientExists));
    let same_token = client("mimi://b.example/d/bob/2", 1);
    assert_eq!(store.commit(vec![same_token]), conflict(Conflict::ClientExists));
    let key = |seed| Effect::PutProviderKey { seed: [seed; 32] };
    store.commit(vec![key(5)]).unwrap();
    store.commit(vec![key(5)]).unwrap();
    assert_eq!(store.commit(vec![key(6)]), conflict(Conflict::ProviderKeyExists));
    let store = store.reopen();
    assert_eq!(store.provider_key().unwrap(), Some([5; 32]));
    assert_eq!(store.account_secret(&bob).unwrap(), Some([1; 32]));
    assert_eq!(store.account_secret(&user("mimi://b.example/u/eve")).unwrap(), None);
    assert_eq!(store.client_by_token(&[1; 32]).unwrap(), Some(CLIENT.parse().unwrap()));
    assert_eq!(store.client_by_token(&[2; 32]).unwrap(), None);
    assert_eq!(store.clients(&bob).unwrap(), [CLIENT.parse().unwrap()]);
}

#[test]
fn local_members_join_and_leave() {
    let store = fixture();
    let client: mimi_arch::ClientUri = CLIENT.parse().unwrap();
    let join = Effect::JoinLocal { room: room_uri(), client: client.clone() };
    store.commit(vec![join.clone(), join]).unwrap();
    assert_eq!(store.local_members(&room_uri()).unwrap(), std::slice::from_ref(&client));
    store.commit(vec![Effect::LeaveLocal { room: room_uri(), client }]).unwrap();
    assert!(store.local_members(&room_uri()).unwrap().is_empty());
}

#[test]
fn an_attempt_to_join_that_was_refused_takes_back_nothing_but_itself() {
    let store = fixture();
    let client: mimi_arch::ClientUri = CLIENT.parse().unwrap();
    let join = Effect::JoinLocal { room: room_uri(), client: client.clone() };
    let take_back = Effect::TakeBackJoin { room: room_uri(), client: client.clone() };
    let is_in = || store.local_members(&room_uri()).unwrap() == std::slice::from_ref(&client);
    // Alone.
    store.commit(vec![join.clone()]).unwrap();
    store.commit(vec![take_back.clone()]).unwrap();
    assert!(!is_in());
    // A Welcome comes between the attempt and its refusal.
    store.commit(vec![join.clone()]).unwrap();
    store.commit(vec![join.clone()]).unwrap();
    store.commit(vec![take_back.clone()]).unwrap();
    assert!(is_in());
    // The removal of what the Welcome brought in comes between.
    store.commit(vec![join]).unwrap();
    store.commit(vec![Effect::LeaveLocal { room: room_uri(), client: client.clone() }, take_back]).unwrap();
    assert!(!is_in());
}

#[test]
fn closing_writes_what_was_submitted() {
    let store = fixture();
    for n in 0..100u8 {
        drop(store.submit(vec![enqueue("b.example", &[n])]));
    }
    let store = store.reopen();
    assert_eq!(outbox(&store, "b.example").len(), 100);
}

#[test]
fn a_file_of_a_newer_program_is_refused() {
    let Fixture { folder, store } = fixture();
    drop(store);
    let path = folder.path().join("s.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let refused = SqliteStore::open(&path).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::SchemaVersion { found: 99, .. }), "{refused}");
    assert!(SqliteStore::open(folder.path()).is_err(), "a folder is no database");
}

#[test]
fn many_threads_write_and_read_at_once() {
    let store = fixture();
    std::thread::scope(|scope| {
        for thread in 0..8u8 {
            let store = &store.store;
            scope.spawn(move || {
                for n in 0..20u8 {
                    store.commit(vec![enqueue("b.example", &[thread, n])]).unwrap();
                    assert!(!outbox(store, "b.example").is_empty());
                }
            });
        }
    });
    let messages = outbox(&store, "b.example");
    for thread in 0..8u8 {
        let own: Vec<_> = messages.iter().filter(|m| m[0] == thread).map(|m| m[1]).collect();
        assert_eq!(own, (0..20).collect::<Vec<_>>());
    }
}
