//! The life of a room between running providers (docs/room-life.md): what ends it, that it stays ended, and what wakes one that sleeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use mimi_arch::RoomUri;
use mimi_client::{Client, ClientError, EndedBy, Endpoint, Event, GroupInfoFailure, MetadataChange, RoomOptions};
use mimi_protocol::{
    codec::Wire as _, group_info::GroupInfoCode, room_metadata::Utf8String, submit_message::SubmitMessageResponse,
    update::UpdateRoomResponse,
};
use mimi_room_policy::ready_made::RoomKind;
use mimi_tests::{
    Cluster, messages,
    process::{Scene, complaint, eventually, printed},
    until,
};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

fn ended(event: &Event) -> bool {
    matches!(event, Event::RoomEnded { .. })
}

async fn add(by: &Client, room: &RoomUri, user: &Client) {
    by.add(room, user.user()).await.unwrap();
    until(user, "the Welcome", joined).await;
}

async fn how_it_ended(client: &Client) -> EndedBy {
    let seen = until(client, "the end of the room", ended).await;
    let by = seen.into_iter().find_map(|event| match event {
        Event::RoomEnded { by, .. } => Some(by),
        _ => None,
    });
    by.unwrap()
}

/// The hub does not know the room any more, as far as joiners are told.
async fn assert_gone(client: &Client, room: &RoomUri) {
    let outcome = client.join_external(room).await;
    assert!(
        matches!(outcome, Err(ClientError::GroupInfo(GroupInfoFailure::NotProvided(GroupInfoCode::NoSuchRoom)))),
        "{outcome:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_room_is_over_for_everybody_and_stays_so_when_its_hub_is_killed() {
    // req: RP03-8.6-04
    // req: RP03-5-21
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example", "c.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let cathy = cluster.register("c.example", "cathy", "one", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    add(&alice, &room, &bob).await;
    add(&alice, &room, &cathy).await;
    until(&bob, "Cathy", |event| matches!(event, Event::Committed { .. })).await;
    let sealed = bob.seal(&room, "too late").await.unwrap();

    let outcome = bob.destroy_room(&room).await;
    assert!(
        matches!(outcome, Err(ClientError::UpdateRefused(UpdateRoomResponse::NotAllowed { .. }))),
        "a member may not: {outcome:?}"
    );
    // What was said before the end still comes, to a provider that is away meanwhile, too.
    cluster.kill("c.example");
    alice.send(&room, "the last words").await.unwrap();
    alice.destroy_room(&room).await.unwrap();
    cluster.kill_and_restart("a.example");
    assert!(!alice.room(&room).await.unwrap().active);
    assert_eq!(how_it_ended(&bob).await, EndedBy::Participant(alice.user().clone()));
    assert!(!bob.room(&room).await.unwrap().active);
    cluster.start_provider("c.example");
    let seen = until(&cathy, "the end of the room", ended).await;
    assert_eq!(messages(&seen).len(), 1, "{seen:?}");

    assert!(matches!(bob.send(&room, "x").await, Err(ClientError::NotAMember { .. })));
    let submission = bob.submission(&sealed).await.unwrap();
    let answer = bob.call_raw(Endpoint::SubmitMessage, room.as_str(), submission).await.unwrap();
    assert_eq!(SubmitMessageResponse::from_bytes(&answer).unwrap(), SubmitMessageResponse::NotAllowed);
    for client in [&alice, &bob, &cathy] {
        assert_gone(client, &room).await;
    }
    let dora = cluster.register("a.example", "dora", "one", None).await;
    assert!(dora.create_room("clubhouse").await.is_err(), "the name is not used again");
    assert_gone(&dora, &room).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_temporary_room_ends_with_its_last_client_and_a_persistent_one_is_woken() {
    // req: RP03-5-21
    // req: RP03-5-22
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let temporary = alice.create_room("for-today").await.unwrap();
    let options = RoomOptions { kind: RoomKind::Announcement, ..RoomOptions::default() };
    let lasting = alice.create_room_with("for-ever", options).await.unwrap();
    for room in [&temporary, &lasting] {
        alice.step_out(room).await.unwrap();
        assert!(!alice.room(room).await.unwrap().active, "nobody is left who could commit");
    }
    cluster.kill_and_restart("a.example");
    let tablet = cluster.register("a.example", "alice", "tablet", Some(alice.user_secret())).await;
    assert_gone(&tablet, &temporary).await;
    tablet.join_external(&lasting).await.unwrap();
    let bob = cluster.register("b.example", "bob", "one", None).await;
    add(&tablet, &lasting, &bob).await;
    let before = tablet.room(&lasting).await.unwrap();
    assert_eq!(before.participants.len(), 2);
    // The client that left comes back as well.
    alice.join_external(&lasting).await.unwrap();
    alice.send(&lasting, "awake").await.unwrap();
    until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_persistent_room_that_everybody_has_left_is_reopened_with_what_it_held() {
    // req: RP03-5-22
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let options = RoomOptions { kind: RoomKind::Announcement, ..RoomOptions::default() };
    let room = alice.create_room_with("for-ever", options).await.unwrap();
    let name = MetadataChange { name: Some(Utf8String::new("For ever").unwrap()), ..MetadataChange::default() };
    alice.set_metadata(&room, name).await.unwrap();
    add(&alice, &room, &bob).await;
    assert!(alice.reopen(&room).await.is_err(), "it is open");
    let before = alice.details(&room).await.unwrap();
    alice.step_out(&room).await.unwrap();
    until(&bob, "the proposal", |event| matches!(event, Event::ProposalsReceived { .. })).await;
    bob.step_out(&room).await.unwrap();
    assert_eq!(how_it_ended(&alice).await, EndedBy::Everybody);
    cluster.kill_and_restart("a.example");

    let zoe = cluster.register("a.example", "zoe", "one", None).await;
    assert!(zoe.reopen(&room).await.is_err(), "a stranger does not come in");
    alice.reopen(&room).await.unwrap();
    cluster.kill_and_restart("a.example");
    let after = alice.details(&room).await.unwrap();
    assert_eq!((&after.policy, &after.metadata), (&before.policy, &before.metadata));
    assert_eq!(after.summary.participants, before.summary.participants);
    assert_eq!((after.summary.epoch.0, after.summary.members.len()), (0, 1));
    bob.join_external(&room).await.unwrap();
    alice.sync().await.unwrap();
    alice.send(&room, "in the second group").await.unwrap();
    let seen = until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
    assert_eq!(messages(&seen).len(), 1);
    // And it can be left and reopened again.
    for client in [&alice, &bob] {
        client.sync().await.unwrap();
        client.step_out(&room).await.unwrap();
    }
    alice.reopen(&room).await.unwrap();
    bob.join_external(&room).await.unwrap();
    bob.sync().await.unwrap();
    assert_eq!(bob.room(&room).await.unwrap().members.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_destroys_rooms_of_a_provider_that_runs_and_of_one_that_is_started_later() {
    // req: RP03-8.6-04
    const DESTROY: [&str; 6] = ["admin", "--config", "a.example.toml", "rooms", "destroy", "--yes"];
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "");
    let hub = scene.start("a.example");
    let _follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let mut rooms = Vec::new();
    for name in ["one", "two"] {
        let room = alice.create_room(name).await.unwrap();
        add(&alice, &room, &bob).await;
        rooms.push(room);
    }
    let destroy = |room: &str| scene.mimi(&[&DESTROY[..], &["--json", room]].concat());
    let order = |room: &RoomUri| -> Value { serde_json::from_str(&printed(&destroy(room.as_str()))).unwrap() };

    let done = tokio::task::block_in_place(|| order(&rooms[0]));
    assert_eq!((&done["destruction"], &done["state"]), (&"done".into(), &"over: its provider destroyed it".into()));
    assert_eq!(how_it_ended(&alice).await, EndedBy::Hub);
    assert_eq!(how_it_ended(&bob).await, EndedBy::Hub);
    assert!(complaint(&destroy(rooms[0].as_str())).contains("is over already"));
    assert!(complaint(&destroy("mimi://a.example/r/attic")).contains("is not the hub of"));
    assert!(bob.room(&rooms[1]).await.unwrap().active, "the other room goes on");

    drop(hub);
    let ordered = tokio::task::block_in_place(|| order(&rooms[1]));
    assert!(ordered["destruction"].as_str().unwrap().starts_with("ordered"), "{ordered}");
    let _hub = scene.start("a.example");
    assert_eq!(how_it_ended(&bob).await, EndedBy::Hub);
    eventually("the order is carried out once", Duration::from_secs(10), || {
        complaint(&destroy(rooms[1].as_str())).contains("is over already")
    });
}
