//! What operators ask of a database, while it is written and afterwards.

use std::sync::{Arc, Mutex};

use mimi_ds::{
    Effect, LogEntry, SqliteStore, Store, StoreError,
    store::{CommitSample, Conflict},
};
use mimi_protocol::AcceptedTimestamp;

use crate::support::*;

fn filled(path: &std::path::Path) -> SqliteStore {
    let store = SqliteStore::open(path).unwrap();
    let accepted = AcceptedTimestamp(20);
    let alice: mimi_arch::UserUri = "mimi://a.example/u/alice".parse().unwrap();
    let client: mimi_arch::ClientUri = "mimi://a.example/d/alice/one".parse().unwrap();
    store
        .commit(vec![
            Effect::PutRoom {
                room: room_uri(),
                group_snapshot: vec![7; 11],
                sequence: 0,
                accepted: AcceptedTimestamp(10),
            },
            Effect::AppendLog { room: room_uri(), sequence: 1, entry: LogEntry::Handshake(vec![1]), accepted },
            Effect::Enqueue { to: domain("b.example"), room: room_uri(), message: Arc::from([1u8, 2].as_slice()) },
            Effect::Enqueue { to: domain("b.example"), room: room_uri(), message: Arc::from([3u8].as_slice()) },
            Effect::PutAccount { user: alice.clone(), secret_digest: [1; 32] },
            Effect::PutClient { client: client.clone(), user: alice, token_digest: [2; 32] },
            Effect::Deliver { to: [client].into(), room: room_uri(), message: Arc::from([0u8; 5].as_slice()) },
        ])
        .unwrap();
    store
}

fn sent(up_to: u64) -> Effect {
    Effect::Sent { to: domain("b.example"), room: room_uri(), after: 0, up_to }
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.sqlite");
    (folder, path)
}

#[test]
fn summaries_are_read_beside_the_writer_and_nothing_is_written_by_the_reader() {
    let (_folder, path) = folder();
    assert!(SqliteStore::open_read_only(&path).is_err(), "there is no file yet");
    let writer = filled(&path);
    let reader = SqliteStore::open_read_only(&path).unwrap();
    let rooms = reader.room_summaries().unwrap();
    assert_eq!(rooms.len(), 1);
    assert_eq!(
        (
            &rooms[0].room,
            rooms[0].last_sequence,
            rooms[0].last_accepted.0,
            rooms[0].snapshot_octets,
            rooms[0].handshakes
        ),
        (&room_uri(), 1, 20, 11, 1)
    );
    let users = reader.user_summaries().unwrap();
    assert_eq!((users.len(), users[0].clients, users[0].key_packages), (1, 1, 0));
    let queues = reader.queue_summaries().unwrap();
    assert_eq!((queues.len(), queues[0].rows, queues[0].octets), (1, 1, 5));
    let outbox = reader.outbox_summaries().unwrap();
    assert_eq!((outbox.len(), outbox[0].rows, outbox[0].octets), (1, 2, 3));
    assert_eq!(reader.outbox_lengths().unwrap(), [(domain("b.example"), 2)]);
    assert_eq!(reader.queue_length().unwrap(), 1);
    assert_eq!(reader.load_room(&room_uri()).unwrap(), writer.load_room(&room_uri()).unwrap());
    assert_eq!(reader.commit(vec![sent(1)]), Err(StoreError::Closed));
    assert_eq!(writer.outbox_lengths().unwrap(), [(domain("b.example"), 2)]);
}

#[test]
fn a_copy_holds_what_was_there_when_it_was_made() {
    let (folder, path) = folder();
    let store = filled(&path);
    let copy = folder.path().join("copy.sqlite");
    store.back_up(&copy).unwrap();
    store.commit(vec![sent(2)]).unwrap();
    let copied = SqliteStore::open_read_only(&copy).unwrap();
    assert_eq!(copied.outbox_lengths().unwrap(), [(domain("b.example"), 2)]);
    assert_eq!(copied.load_room(&room_uri()).unwrap(), store.load_room(&room_uri()).unwrap());
    SqliteStore::check_integrity(&copy).unwrap();
    assert!(store.back_up(&copy).is_err(), "a copy that is there was overwritten");
    assert!(!folder.path().join("copy.sqlite.partial").exists());
    drop(copied);
    // It is a database like any other.
    SqliteStore::open(&copy).unwrap().commit(vec![sent(1)]).unwrap();
}

#[test]
fn a_database_of_another_version_is_not_read() {
    let (_folder, path) = folder();
    drop(filled(&path));
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 999).unwrap();
    let refused = SqliteStore::open_read_only(&path).unwrap_err();
    assert!(matches!(refused, StoreError::SchemaVersion { found: 999, .. }), "{refused}");
}

#[test]
fn whether_the_file_can_be_written_is_found_out_without_changing_anything() {
    let (_folder, path) = folder();
    let store = filled(&path);
    store.check_writable().unwrap();
    assert_eq!(store.room_summaries().unwrap().len(), 1);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(matches!(store.check_writable(), Err(StoreError::Database(_))));
    drop(other);
    store.check_writable().unwrap();
}

#[test]
fn the_observer_is_told_of_every_transaction_and_of_failures_but_not_of_conflicts() {
    let (_folder, path) = folder();
    let samples: Arc<Mutex<Vec<CommitSample>>> = Arc::default();
    let seen = samples.clone();
    let store = SqliteStore::open_observed(&path, move |sample| seen.lock().unwrap().push(*sample)).unwrap();
    store.commit(vec![Effect::PutProviderKey { seed: [1; 32] }]).unwrap();
    let conflict = store.commit(vec![Effect::PutProviderKey { seed: [2; 32] }]);
    assert_eq!(conflict, Err(StoreError::Conflict(Conflict::ProviderKeyExists)));
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(store.commit(vec![Effect::PutProviderKey { seed: [1; 32] }]).is_err());
    // The thread that writes tells after it has answered.
    drop(store);
    let samples = samples.lock().unwrap();
    assert_eq!(samples.iter().map(|sample| sample.failed).collect::<Vec<_>>(), [false, false, true]);
    assert!(samples.iter().all(|sample| sample.decisions == 1));
    assert!(samples[2].elapsed >= std::time::Duration::from_secs(4), "the writer waits for a lock");
}
