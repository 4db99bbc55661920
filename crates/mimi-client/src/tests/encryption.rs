//! State files that are encrypted: what is not to be found in them, and what does not open.

use std::path::{Path, PathBuf};

use mimi_content::MessageId;
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, Epoch, codec::Wire as _, mls::MlsMessage, notify::FanoutMessage,
    submit_message::Frank,
};
use rusqlite::{Connection, types::Value};

use super::{Device, Hub, account, room, text_event, user};
use crate::{
    Client, ClientError, Event, Passphrase, PrepareOptions, StateError,
    session::Session,
    state::{
        State, encryption, message_ids,
        messages::{self, Kept},
        queue,
    },
};

const TEXT: &str = "the treasure lies under the third oak";

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse battery staple").unwrap()
}

fn id() -> MessageId {
    MessageId::from_bytes([0xab; 32])
}

/// Puts something into every table.
fn fill(state: &mut State) {
    let bob = user("mimi://b.example/u/bob");
    let frank = Frank {
        server_frank: [0x5a; 32],
        franking_signature_ciphersuite: CipherSuite(1),
        franking_integrity_signature: vec![0xa5; 64],
    };
    let kept = Kept { application_data: TEXT.as_bytes().to_vec(), frank };
    state
        .write(|transaction| {
            for accepted in [7, 8] {
                messages::put(transaction, &room(), &bob, AcceptedTimestamp(accepted), &kept)?;
            }
            message_ids::put(transaction, &room(), &id())?;
            Ok(queue::put_outgoing(transaction, &room(), b"a message whose answer is out", TEXT)?)
        })
        .unwrap();
}

/// A client in a room of two with an unresolved commit, in the clear.
fn in_the_clear() -> (Device, Device, Hub) {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "laptop");
    let mut bob = Device::new("b.example", "bob", "phone");
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    fill(&mut State::open(&alice.path()).unwrap());
    alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    (alice, bob, hub)
}

/// The file and what SQLite puts beside it.
fn octets(path: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = std::fs::read_dir(path.parent().unwrap()).unwrap();
    folder.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn assert_absent(path: &Path, needle: &[u8]) {
    for (file, octets) in octets(path) {
        let found = octets.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{:?} is in {}", String::from_utf8_lossy(needle), file.display());
    }
}

/// Octets as they stand in the JSON of the library.
fn as_numbers(octets: &[u8]) -> Vec<u8> {
    let text = serde_json::to_string(octets).unwrap();
    text.trim_matches(['[', ']']).as_bytes().to_vec()
}

/// Every text and every octet string in the file, but for those of three tables that hold nothing of the user.
fn cells(path: &Path) -> Vec<Vec<u8>> {
    let connection = Connection::open(path).unwrap();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let names = tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let mut found = Vec::new();
    for table in
        names.filter(|name| !name.starts_with("sqlite_") && !name.ends_with("_migrations") && name != "mimi_encryption")
    {
        let mut rows = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let names: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (column, _) in names.iter().enumerate().filter(|(_, name)| *name != "data_type") {
                match row.get::<_, Value>(column).unwrap() {
                    Value::Text(text) => found.push(text.into_bytes()),
                    Value::Blob(octets) => found.push(octets),
                    _ => {}
                }
            }
        }
    }
    found
}

fn change(path: &Path, sql: &str) {
    assert!(Connection::open(path).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
}

fn damaged<T: std::fmt::Debug>(outcome: Result<T, ClientError>) -> String {
    match outcome {
        Err(ClientError::State(StateError::Damaged { what })) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_that_was_in_a_file_is_to_be_found_in_it_after_it_was_encrypted() {
    let (alice, _, _) = in_the_clear();
    let path = alice.path();
    let clear: Vec<Vec<u8>> = cells(&path).into_iter().filter(|cell| cell.len() >= 8).collect();
    assert!(clear.len() > 30, "{}", clear.len());
    encryption::encrypt(&path, &passphrase()).unwrap();
    for cell in &clear {
        assert_absent(&path, cell);
    }
    // Three octets would be found now and then where they mean nothing.
    for needle in [TEXT, "clubhouse", "mimi://", "alice", "u/bob", "b.example"] {
        assert_absent(&path, needle.as_bytes());
    }
    assert_absent(&path, &as_numbers(room().group().as_str().as_bytes()));
}

#[test]
fn an_encrypted_file_is_the_same_client() {
    let (alice, bob, _) = in_the_clear();
    let path = alice.path();
    let look = |session: &mut Session| {
        let account = session.account().clone();
        let rooms = session.rooms().unwrap();
        let body = session.unresolved(&room()).unwrap().unwrap().body().unwrap();
        let ids = session.find_message(&room(), "abab").unwrap();
        let reportable = session.reportable(&room(), &bob.user, 9).unwrap();
        let key = serde_json::to_vec(&account.identity.signer).unwrap();
        (rooms, body, ids, reportable, account.token, account.user_secret, account.provider.endpoint, key)
    };
    let before = look(&mut alice.session());
    assert_eq!((&before.2[..], &before.3[..]), (&[id()][..], &[AcceptedTimestamp(8), AcceptedTimestamp(7)][..]));
    encryption::encrypt(&path, &passphrase()).unwrap();
    let mut session = Session::open_with(&path, Some(&passphrase())).unwrap();
    assert_eq!(look(&mut session), before);
    // It goes on: the commit is confirmed, messages are sealed and opened.
    let commit = session.unresolved(&room()).unwrap().unwrap();
    session.confirm(&commit).unwrap();
    let mut bob = bob;
    bob.gets(&super::commit_event(&commit));
    let sealed = bob.session().seal(&room(), TEXT, false).unwrap();
    let events = receive(&mut session, 1, &sealed);
    assert!(matches!(events.unwrap().as_slice(), [Event::Message { text, .. }] if text == TEXT));
    assert_absent(&path, TEXT.as_bytes());
}

fn receive(session: &mut Session, id: u64, message: &MlsMessage) -> Result<Vec<Event>, ClientError> {
    let message = FanoutMessage { timestamp: AcceptedTimestamp(1), event: text_event(message) };
    session.receive(id, room().as_str(), &message.to_bytes().unwrap())
}

#[test]
fn a_file_that_is_encrypted_from_the_beginning_never_holds_plaintext() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    let alice = user("mimi://a.example/u/alice");
    let mut account = account(&alice, &"mimi://a.example/d/alice/laptop".parse().unwrap(), "https://127.0.0.1:7001");
    (account.token, account.user_secret) = ("a-bearer-token".into(), "the-secret-of-alice".into());
    let signer = serde_json::to_value(&account.identity.signer).unwrap();
    let private: Vec<u8> = serde_json::from_value(signer["private"].clone()).unwrap();
    let mut session = Session::create(State::create_with(&path, Some(&passphrase())).unwrap(), account).unwrap();
    session.found(&room(), &Hub::new().external_sender(), crate::RoomOptions::default()).unwrap();
    session.founded(&room()).unwrap();
    session.make_key_packages(3).unwrap();
    session.seal(&room(), TEXT, true).unwrap();
    // While it is open, too: the log holds what was written last.
    let log = path.with_extension("sqlite-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 10_000);
    for needle in [TEXT, "a-bearer-token", "the-secret-of-alice", "clubhouse", "mimi://", "127.0.0.1"] {
        assert_absent(&path, needle.as_bytes());
    }
    assert_absent(&path, &private);
    assert_absent(&path, &as_numbers(&private[..8]));
    drop(session);
    assert_absent(&path, TEXT.as_bytes());
}

#[test]
fn a_passphrase_is_missing_wrong_or_too_much() {
    let (alice, _, _) = in_the_clear();
    let path = alice.path();
    let open = |passphrase: Option<&Passphrase>| match State::open_with(&path, passphrase) {
        Ok(_) => "open".to_owned(),
        Err(error) => error.to_string(),
    };
    assert_eq!(open(Some(&passphrase())), "the state file is not encrypted, although a passphrase was given");
    let same = |change: Result<(), StateError>| change.unwrap_err().to_string();
    let other = Passphrase::new("another one").unwrap();
    let not_yet = encryption::change_passphrase(&path, &passphrase(), &other);
    assert!(same(not_yet).contains("is not encrypted"));
    encryption::encrypt(&path, &passphrase()).unwrap();
    assert!(same(encryption::encrypt(&path, &other)).contains("is encrypted"));
    assert_eq!(open(None), "the state file is encrypted: its passphrase is needed");
    assert_eq!(open(Some(&other)), "the passphrase does not open the state file");
    assert!(same(encryption::change_passphrase(&path, &other, &passphrase())).contains("does not open"));
    encryption::change_passphrase(&path, &passphrase(), &other).unwrap();
    assert_eq!(open(Some(&passphrase())), "the passphrase does not open the state file");
    assert_eq!(open(Some(&other)), "open");
    assert!(matches!(State::create_with(&path, None), Err(StateError::Encrypted)));
}

#[test]
fn a_process_that_had_the_file_open_does_not_go_on_in_the_clear() {
    let (alice, _, _) = in_the_clear();
    let mut early = alice.session();
    early.rooms().unwrap();
    assert!(matches!(encryption::encrypt(&alice.path(), &passphrase()), Err(StateError::InUse)));
    early.make_key_packages(1).unwrap();
    drop(early);
    encryption::encrypt(&alice.path(), &passphrase()).unwrap();
    // One that opened the file in between and has done nothing yet.
    change(&alice.path(), "UPDATE mimi_queue SET processed = 0");
    let mut session = Session::open_with(&alice.path(), Some(&passphrase())).unwrap();
    Connection::open(alice.path()).unwrap().pragma_update(None, "user_version", 0).unwrap();
    assert!(matches!(session.rooms(), Err(ClientError::State(StateError::NotEncrypted))));
    assert!(matches!(session.make_key_packages(1), Err(ClientError::State(StateError::NotEncrypted))));
}

#[test]
fn a_value_that_was_changed_or_moved_is_told_and_nothing_is_done_with_it() {
    let (alice, bob, _) = in_the_clear();
    let path = alice.path();
    encryption::encrypt(&path, &passphrase()).unwrap();
    let pristine = std::fs::read(&path).unwrap();
    let session = || Session::open_with(&path, Some(&passphrase()));
    let again = || std::fs::write(&path, &pristine).unwrap();
    let flipped = |column: &str| format!("{column} = zeroblob(length({column}))");

    change(&path, "UPDATE mimi_account SET token = user_secret");
    assert_eq!(damaged(session().map(|_| ())), "mimi_account.token");
    again();
    change(&path, &format!("UPDATE mimi_rooms SET {}", flipped("pending")));
    assert_eq!(damaged(session().unwrap().rooms()), "mimi_rooms.pending");
    again();
    change(&path, "UPDATE mimi_rooms SET room = 'mimi://a.example/r/clubhouse'");
    assert_eq!(damaged(session().unwrap().rooms()), "mimi_rooms.room");
    again();
    // The same text twice is sealed twice differently: each belongs to its row.
    change(
        &path,
        "UPDATE mimi_messages SET application_data = (SELECT m.application_data FROM mimi_messages m WHERE m.accepted = 7)
         WHERE accepted = 8",
    );
    let report = |accepted| {
        let abuser = bob.user.clone();
        let messages = vec![AcceptedTimestamp(accepted)];
        let reason = mimi_protocol::report_abuse::AbuseType::RESERVED;
        let options = crate::ReportOptions { abuser, messages, reason, note: String::new(), anonymous: true };
        session().unwrap().abuse_report(&room(), &options)
    };
    assert_eq!(damaged(report(8)), "mimi_messages.application_data");
    report(7).unwrap();
    again();
    change(&path, &format!("UPDATE openmls_group_data SET {} WHERE data_type = 'tree'", flipped("group_data")));
    assert_eq!(damaged(session().unwrap().room(&room())), "MLS state");
    // The message is neither lost nor told as one that cannot be read.
    again();
    change(
        &path,
        &format!("UPDATE openmls_group_data SET {} WHERE data_type = 'message_secrets'", flipped("group_data")),
    );
    let sealed = bob.session().seal(&room(), TEXT, false).unwrap();
    assert_eq!(damaged(receive(&mut session().unwrap(), 1, &sealed)), "MLS state");
    again();
    assert!(matches!(receive(&mut session().unwrap(), 1, &sealed).unwrap().as_slice(), [Event::Message { .. }]));
    assert_eq!(session().unwrap().room(&room()).unwrap().epoch, Epoch(1));
}

#[test]
fn of_every_column_it_is_said_whether_it_is_encrypted() {
    // The numbers that docs/client.md says are in the clear.
    const CLEAR: &[&str] = &[
        "mimi_account.one",
        "mimi_rooms.standing",
        "mimi_rooms.first_epoch",
        "mimi_rooms.last_epoch",
        "mimi_rooms.forget",
        "mimi_group_numbers.number",
        "mimi_messages.accepted",
        "mimi_message_ids.number",
        "mimi_queue.one",
        "mimi_queue.processed",
        "mimi_discovery_key.one",
        "mimi_discovery_mine.sequence",
        "mimi_discovery_tokens.number",
        "mimi_discovery_tokens.day",
        "mimi_discovery_seen.what",
        "mimi_discovery_seen.number",
    ];
    let alice = Device::new("a.example", "alice", "laptop");
    let connection = Connection::open(alice.path()).unwrap();
    let mut columns = connection
        .prepare(
            "SELECT t.name || '.' || c.name FROM sqlite_schema t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name LIKE 'mimi_%' AND t.name <> 'mimi_encryption'",
        )
        .unwrap();
    let columns: Vec<String> = columns.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let sealed: Vec<String> = encryption::TABLES
        .iter()
        .flat_map(|table| table.keys.iter().chain(table.values).map(|name| format!("{}.{name}", table.table)))
        .collect();
    for column in columns {
        let clear = CLEAR.contains(&column.as_str());
        assert!(clear != sealed.contains(&column), "say in SEALED or in docs/client.md what becomes of {column}");
    }
}

#[tokio::test]
async fn a_client_is_registered_and_opened_with_a_passphrase() {
    let provider = super::fake_provider::FakeProvider::start("a.example").await;
    let folder = tempfile::tempdir().unwrap();
    let config = provider.config(folder.path());
    let registered = Client::register_encrypted(config.clone(), "alice", "1", None, &passphrase()).await.unwrap();
    let opened = Client::open_encrypted(&config.state, &passphrase()).await.unwrap();
    assert_eq!((opened.id(), opened.user_secret()), (registered.id(), "the-secret"));
    assert!(matches!(Client::open(&config.state).await, Err(ClientError::State(StateError::Encrypted))));
    let other = Passphrase::new("another one").unwrap();
    Client::change_passphrase(&config.state, &passphrase(), &other).await.unwrap();
    registered.rooms().await.unwrap();
    assert!(Client::open_encrypted(&config.state, &passphrase()).await.is_err());
    Client::open_encrypted(&config.state, &other).await.unwrap();
    let nowhere = folder.path().join("nowhere.sqlite");
    assert!(Client::encrypt_state(&nowhere, &other).await.is_err());
    assert!(!nowhere.exists());
}
