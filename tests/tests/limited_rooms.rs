//! Rooms with fixed participants, rooms that depend on another one, and single-device rooms between running providers
//! (draft-ietf-mimi-room-policy-03 section 5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::RoomUri;
use mimi_client::{Client, ClientError, Event, JoinLinkOptions, NewRoom};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_room_policy::ready_made::RoomKind;
use mimi_tests::{Cluster, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, ClientError>) -> String {
    match outcome {
        Err(ClientError::UpdateRefused(UpdateRoomResponse::NotAllowed { error_description })) => error_description,
        other => panic!("not refused by policy: {other:?}"),
    }
}

fn has(summary: &mimi_client::RoomSummary, client: &Client) -> bool {
    summary.participants.iter().any(|(user, _)| user == client.user())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_have_one_direct_message_whoever_makes_it() {
    // req: RP03-5-01, RP03-5-02, RP03-5-03, RP03-5-05, RP03-5-07
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let anna = cluster.register("a.example", "anna", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let with = |client: &Client| NewRoom::direct_message(vec![client.user().clone()]);
    let room = alice.create_room_as("alice-bob", with(&bob)).await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;
    // A second device of Bob's comes by itself, and is not brought a second time.
    let phone = cluster.register("b.example", "bob", "two", Some(bob.user_secret())).await;
    phone.join_external(&room).await.unwrap();
    phone.send(&room, "from the phone").await.unwrap();
    until(&alice, "the message", |event| matches!(event, Event::Message { .. })).await;
    assert!(refused(bob.leave(&room).await).contains("canRemoveSelf"));

    // The hub knows it after a restart, and whoever of the two asks.
    cluster.kill_and_restart("a.example");
    let first = alice.create_room_as("alice-bob-2", with(&bob)).await.unwrap_err();
    assert!(first.to_string().contains("exactly these participants"), "{first}");
    anna.create_room_as("anna-alice", with(&alice)).await.unwrap();
    let second = alice.create_room_as("alice-anna", with(&anna)).await.unwrap_err();
    assert!(second.to_string().contains("exactly these participants"), "{second}");
    // A refused one leaves nothing behind: its name is free.
    alice.create_room("alice-anna").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_make_the_same_direct_message_at_once_one_does() {
    // req: RP03-5-07
    let cluster = Cluster::start(BINARY, &["a.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let anna = cluster.register("a.example", "anna", "one", None).await;
    let (to_anna, to_alice) = (vec![anna.user().clone()], vec![alice.user().clone()]);
    let (first, second) = tokio::join!(
        alice.create_room_as("by-alice", NewRoom::direct_message(to_anna)),
        anna.create_room_as("by-anna", NewRoom::direct_message(to_alice)),
    );
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
}

/// Commits what waits in a room until nothing does.
async fn tidy(client: &Client, room: &RoomUri) {
    for _ in 0..20 {
        client.watch(std::time::Duration::from_millis(100)).await.unwrap();
        if client.room(room).await.unwrap().pending_proposals > 0 {
            let _ = client.commit_pending(room).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_removed_from_the_parent_while_being_added_to_the_child_is_in_neither() {
    // req: RP03-5-08, RP03-5-09
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let parent = alice.create_room("parent").await.unwrap();
    let berta = cluster.register("b.example", "berta", "one", None).await;
    alice.add(&parent, berta.user()).await.unwrap();
    let new = NewRoom::of_kind(RoomKind::ParentDependent).under(&parent).unwrap();
    let child = alice.create_room_as("child", new).await.unwrap();
    let mut both = 0;
    for round in 0..6 {
        alice.add(&parent, bob.user()).await.unwrap();
        let (gone, come) = tokio::join!(alice.remove(&parent, bob.user()), alice.add(&child, bob.user()));
        gone.unwrap();
        both += usize::from(come.is_ok());
        tidy(&alice, &child).await;
        assert!(!has(&alice.room(&parent).await.unwrap(), &bob), "round {round}");
        assert!(!has(&alice.room(&child).await.unwrap(), &bob), "round {round}: added {come:?}");
        bob.sync().await.unwrap();
    }
    println!("added in {both} of 6 rounds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_goes_down_from_room_to_room() {
    // req: RP03-5-09
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let anna = cluster.register("a.example", "anna", "one", None).await;
    let top = alice.create_room("top").await.unwrap();
    let under = |room: &RoomUri| NewRoom::of_kind(RoomKind::ParentDependent).under(room).unwrap();
    for user in [&bob, &anna] {
        alice.add(&top, user.user()).await.unwrap();
    }
    // A room has to be smaller than the one above it: three, two; and of those two nothing below is left for both.
    let middle = alice.create_room_as("middle", under(&top)).await.unwrap();
    alice.add(&middle, bob.user()).await.unwrap();
    let refusal = alice.add(&middle, anna.user()).await;
    assert!(refused(refusal).contains("no strict subset"));
    until(&bob, "both Welcomes", joined).await;
    cluster.kill_and_restart("a.example");
    bob.sync().await.unwrap();
    bob.leave(&top).await.unwrap();
    // Bob's leaving waits; with the commit it counts, and the hub proposes it below.
    let proposed = |event: &Event| matches!(event, Event::ProposalsReceived { room, .. } if *room == top);
    until(&alice, "bob's leaving", proposed).await;
    assert!(has(&alice.room(&middle).await.unwrap(), &bob));
    alice.commit_pending(&top).await.unwrap();
    let proposed = |event: &Event| matches!(event, Event::ProposalsReceived { room, .. } if *room == middle);
    until(&alice, "the hub's proposals", proposed).await;
    alice.commit_pending(&middle).await.unwrap();
    assert!(!has(&alice.room(&middle).await.unwrap(), &bob));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_device_room_has_one_device_of_each_user_by_whatever_door() {
    // req: RP03-5-15, RP03-5-17
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let phone = cluster.register("b.example", "bob", "two", Some(bob.user_secret())).await;
    let new = NewRoom::of_kind(RoomKind::Announcement).single_device().max_users(2);
    let room = alice.create_room_as("single", new).await.unwrap();
    let several = JoinLinkOptions { multiuser: true, ..JoinLinkOptions::default() };
    let link = alice.create_join_link(&room, several).await.unwrap();
    // Whoever adds a user with two devices adds one of them.
    alice.add(&room, bob.user()).await.unwrap();
    assert_eq!(alice.room(&room).await.unwrap().members.len(), 2);
    let (inside, outside) =
        if alice.room(&room).await.unwrap().members.contains(bob.id()) { (&bob, &phone) } else { (&phone, &bob) };
    until(inside, "the Welcome", joined).await;
    assert!(refused(outside.join_external(&room).await).contains("more than one client"));
    assert!(refused(outside.join_by_code(&link).await).contains("more than one client"));
    // The room is full: not even a code helps.
    let berta = cluster.register("b.example", "berta", "one", None).await;
    assert!(matches!(berta.join_by_code(&link).await, Err(ClientError::GroupInfo(_))));
    // The same device that has lost the thread may come back; another one once it is gone.
    alice.kick(&room, bob.user()).await.unwrap();
    outside.join_external(&room).await.unwrap();
    alice.sync().await.unwrap();
    assert_eq!(alice.room(&room).await.unwrap().members.len(), 2);
}
