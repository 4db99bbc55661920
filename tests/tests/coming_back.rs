//! Clients that have lost their state, or got an older one back (draft-ietf-mimi-protocol-06 section 3.6): they come back, their former
//! leaf goes, what is sent afterwards is read, and nothing is taken twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use mimi_arch::RoomUri;
use mimi_client::{Client, ClientError, Event, GroupInfoFailure, Passphrase, TransportError};
use mimi_tests::{Cluster, messages, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

fn message(event: &Event) -> bool {
    matches!(event, Event::Message { .. })
}

/// The state file as it is now, without what SQLite keeps beside it while it is open.
fn copy(state: &Path, copy: &Path) {
    let connection = rusqlite::Connection::open(state).unwrap();
    connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
}

fn restore(from: &Path, state: &Path) {
    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", state.display()));
    }
    std::fs::copy(from, state).unwrap();
}

async fn assert_agree(room: &RoomUri, clients: &[&Client]) {
    let mut states = Vec::new();
    for client in clients {
        client.sync().await.unwrap();
        let state = client.room(room).await.unwrap();
        states.push((state.epoch, state.participants, state.members, state.epoch_authenticator));
    }
    assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "{states:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_an_older_copy_of_its_state_comes_back_without_taking_anything_twice() {
    // req: MP06-3.6-04
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let passphrase = Passphrase::new("correct horse").unwrap();
    let config = cluster.client_config("b.example", "bob.sqlite");
    let state = config.state.clone();
    let bob = Client::register_encrypted(config, "bob", "B1", None, &passphrase).await.unwrap();
    let cathy = cluster.register("b.example", "cathy", "C1", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;
    alice.send(&room, "before the copy").await.unwrap();
    until(&bob, "the message", message).await;

    let older = cluster.folder.path().join("older.sqlite");
    copy(&state, &older);
    // Life goes on: messages both ways, and a new epoch.
    bob.send(&room, "after the copy").await.unwrap();
    until(&alice, "bob's message", message).await;
    alice.send(&room, "read by bob").await.unwrap();
    until(&bob, "the message", message).await;
    alice.add(&room, cathy.user()).await.unwrap();
    until(&cathy, "the Welcome", joined).await;
    until(&bob, "cathy", |event| matches!(event, Event::Committed { .. })).await;
    drop(bob);
    restore(&older, &state);

    let bob = Client::open_encrypted(&state, &passphrase).await.unwrap();
    alice.send(&room, "while bob is away").await.unwrap();
    let leaves = alice.room(&room).await.unwrap().members.len();
    let recovered = bob.recover().await.unwrap();
    assert!(matches!(recovered.as_slice(), [(of, Ok(()))] if *of == room), "{recovered:?}");
    // What comes now of the time before says nothing, neither as a message nor as one that cannot be read.
    let events = bob.sync().await.unwrap();
    assert_eq!(messages(&events), []);
    assert!(!events.iter().any(|event| matches!(event, Event::Undecryptable { .. })), "{events:?}");

    // One leaf for another, and bob reads and writes.
    until(&alice, "bob's commit", |event| matches!(event, Event::Committed { .. })).await;
    let members = alice.room(&room).await.unwrap().members;
    assert_eq!(members.len(), leaves);
    assert_eq!(members.iter().filter(|member| *member == bob.id()).count(), 1);
    assert_agree(&room, &[&alice, &bob, &cathy]).await;
    alice.send(&room, "welcome back").await.unwrap();
    let seen = until(&bob, "the message", message).await;
    assert_eq!(messages(&seen).into_iter().map(|(_, text)| text).collect::<Vec<_>>(), ["welcome back"]);
    bob.send(&room, "thank you").await.unwrap();
    let seen =
        until(&cathy, "the message", |event| matches!(event, Event::Message { text, .. } if text == "thank you")).await;
    assert_eq!(messages(&seen).iter().filter(|(_, text)| text == "thank you").count(), 1);

    // The key packages that the provider has now are ones of which bob has the private keys.
    let attic = alice.create_room("attic").await.unwrap();
    alice.add(&attic, bob.user()).await.unwrap();
    until(&bob, "the Welcome to the other room", joined).await;
    assert_agree(&attic, &[&alice, &bob]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_client_takes_the_place_of_one_whose_state_is_lost() {
    // req: MP06-3.6-04, RP03-8.1.2-05
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "lost", None).await;
    let (secret, lost) = (bob.user_secret().to_owned(), bob.id().clone());
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;
    // It is in fact only mislaid, and somebody finds it.
    let found = bob;

    let phone = cluster.register("b.example", "bob", "phone", Some(&secret)).await;
    phone.take_over(&room, &lost).await.unwrap();
    until(
        &alice,
        "the end of the lost client",
        |event| matches!(event, Event::Committed { epoch, .. } if epoch.0 == 3),
    )
    .await;
    let state = alice.room(&room).await.unwrap();
    assert_eq!(state.members, [alice.id().clone(), phone.id().clone()]);
    assert_eq!(state.participants.len(), 2);
    assert_agree(&room, &[&alice, &phone]).await;
    cluster.kill_and_restart("a.example");
    alice.send(&room, "to the new phone").await.unwrap();
    let seen = until(&phone, "the message", message).await;
    assert_eq!(messages(&seen).len(), 1);
    // At the provider it ends, too: it sees nothing any more, and nobody adds it to another room.
    phone.end_client(&lost).await.unwrap();
    phone.end_client(&lost).await.unwrap();
    assert!(matches!(found.sync().await, Err(ClientError::Transport(TransportError::Unauthenticated(_)))));
    assert!(matches!(alice.end_client(&lost).await, Err(ClientError::Transport(TransportError::Refused { .. }))));
    let attic = alice.create_room("attic").await.unwrap();
    alice.add(&attic, phone.user()).await.unwrap();
    assert_eq!(alice.room(&attic).await.unwrap().members, [alice.id().clone(), phone.id().clone()]);
    until(&phone, "the Welcome", joined).await;
    // Once more there is nothing to take over.
    assert!(matches!(phone.take_over(&room, &lost).await, Err(ClientError::Intent { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_return_leaves_a_client_that_can_be_let_in_again() {
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;
    let state = cluster.folder.path().join("bob-B1.sqlite");
    let older = cluster.folder.path().join("older.sqlite");
    copy(&state, &older);
    alice.ban(&room, bob.user()).await.unwrap();
    until(&bob, "its removal", |event| matches!(event, Event::Removed { .. })).await;
    drop(bob);
    restore(&older, &state);

    let bob = Client::open(&state).await.unwrap();
    let recovered = bob.recover().await.unwrap();
    let [(_, Err(ClientError::GroupInfo(GroupInfoFailure::NotProvided(_))))] = recovered.as_slice() else {
        panic!("{recovered:?}");
    };
    assert!(bob.send(&room, "from the past").await.is_err());
    alice.unban(&room, bob.user(), None).await.unwrap();
    bob.rejoin(&room).await.unwrap();
    until(&alice, "bob", |event| matches!(event, Event::Committed { .. })).await;
    assert_agree(&room, &[&alice, &bob]).await;
    bob.send(&room, "here I am").await.unwrap();
    until(&alice, "the message", message).await;
}
