//! The ways into a room between running providers: by a join link (draft-ietf-mimi-room-policy-03 sections 6.2 and 8.1.1,
//! draft-ietf-mimi-protocol-06 section 5.6).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{RoleIndex, RoomUri};
use mimi_client::{
    Client, ClientError, Event, GroupInfoFailure, Invitation, JoinLinkOptions, MetadataChange, RoomOptions,
};
use mimi_protocol::{
    group_info::GroupInfoCode, room_metadata::Utf8String, submit_message::SubmitMessageResponse,
    update::UpdateRoomResponse,
};
use mimi_room_policy::{join_code::JoiningCode, ready_made::RoomKind};
use mimi_tests::{Cluster, process::Scene, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const SEVERAL: JoinLinkOptions = JoinLinkOptions { role: None, multiuser: true, lifetime: None };
const ONE: JoinLinkOptions = JoinLinkOptions { role: None, multiuser: false, lifetime: None };

fn kind(kind: RoomKind) -> RoomOptions {
    RoomOptions { kind, ..RoomOptions::default() }
}

fn kept_out(outcome: Result<(), ClientError>) {
    assert!(
        matches!(outcome, Err(ClientError::GroupInfo(GroupInfoFailure::NotProvided(GroupInfoCode::NotAuthorized)))),
        "{outcome:?}"
    );
}

async fn settle(room: &RoomUri, clients: &[&Client]) {
    for client in clients {
        client.sync().await.unwrap();
    }
    let first = clients[0].room(room).await.unwrap();
    for client in clients {
        for _ in 0..200 {
            if client.room(room).await.unwrap().epoch >= first.epoch {
                break;
            }
            client.watch(std::time::Duration::from_millis(200)).await.unwrap();
        }
        assert_eq!(client.room(room).await.unwrap(), first, "{} disagrees with {}", client.id(), clients[0].id());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lets_users_of_all_providers_in_with_its_role() {
    // req: RP03-8.1.1-15, RP03-8.1.1-16, MP06-5.6-06
    let cluster = Cluster::start(BINARY, &["a.example", "b.example", "c.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let cathy = cluster.register("c.example", "cathy", "one", None).await;
    let anna = cluster.register("a.example", "anna", "one", None).await;
    let room = alice.create_room_with("news", kind(RoomKind::Announcement)).await.unwrap();
    let link = alice.create_join_link(&room, SEVERAL).await.unwrap();
    // As people pass it on.
    let link: Invitation = link.to_string().parse().unwrap();
    for client in [&bob, &cathy, &anna] {
        client.join_by_code(&link).await.unwrap();
    }
    settle(&room, &[&alice, &bob, &cathy, &anna]).await;
    let summary = alice.room(&room).await.unwrap();
    for client in [&bob, &cathy, &anna] {
        assert!(summary.participants.contains(&(client.user().clone(), RoleIndex(2))));
    }
    // They are readers, and read.
    alice.send(&room, "welcome").await.unwrap();
    until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
    let refused = bob.send(&room, "thanks").await;
    assert!(matches!(refused, Err(ClientError::MessageRefused(SubmitMessageResponse::NotAllowed))), "{refused:?}");
    // A second device of a participant needs no code, and one in its hand does no harm.
    let phone = cluster.register("b.example", "bob", "two", Some(bob.user_secret())).await;
    phone.join_by_code(&link).await.unwrap();
    settle(&room, &[&alice, &bob, &phone]).await;
    assert_eq!(alice.details(&room).await.unwrap().join_links().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_have_a_link_for_one_user_one_comes_in() {
    // req: RP03-8.1.1-15
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let room = alice.create_room_with("news", kind(RoomKind::Announcement)).await.unwrap();
    let link = alice.create_join_link(&room, ONE).await.unwrap();
    let mut racers = Vec::new();
    for number in 0..6 {
        racers.push(cluster.register("b.example", &format!("racer{number}"), "one", None).await);
    }
    let runs = racers.into_iter().map(|racer| {
        let link = link.clone();
        tokio::spawn(async move { racer.join_by_code(&link).await.is_ok() })
    });
    let mut won = 0;
    for run in runs.collect::<Vec<_>>() {
        won += usize::from(run.await.unwrap());
    }
    assert_eq!(won, 1);
    alice.sync().await.unwrap();
    let details = alice.details(&room).await.unwrap();
    assert_eq!((details.summary.participants.len(), details.join_links().len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_shown_holds_after_the_hub_was_killed_and_not_after_the_next_commit() {
    // req: MP06-5.6-04
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let berta = cluster.register("b.example", "berta", "one", None).await;
    let room = alice.create_room_with("news", kind(RoomKind::Announcement)).await.unwrap();
    let link = alice.create_join_link(&room, SEVERAL).await.unwrap();
    let late = berta.prepare_join_by_code(&room, Some(&link.code)).await.unwrap();
    let prepared = bob.prepare_join_by_code(&room, Some(&link.code)).await.unwrap();
    cluster.kill_and_restart("a.example");
    let answer = bob.submit_prepared(&prepared).await.unwrap();
    assert!(matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
    bob.confirm(prepared).await.unwrap();
    let answer = berta.submit_prepared(&late).await.unwrap();
    assert!(matches!(answer, UpdateRoomResponse::WrongEpoch { .. }), "{answer:?}");
    berta.discard(late).await.unwrap();
    // And that commit of hers would be too late in any case; with the code she asks anew.
    berta.join_by_code(&link).await.unwrap();
    settle(&room, &[&alice, &bob, &berta]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_external_commit_without_a_code_does_not_follow_in_the_track_of_one_with_it() {
    // req: MP06-5.6-04
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let phone = cluster.register("b.example", "bob", "two", Some(bob.user_secret())).await;
    let room = alice.create_room_with("news", kind(RoomKind::Announcement)).await.unwrap();
    let link = alice.create_join_link(&room, SEVERAL).await.unwrap();
    // Bob's first client has shown the code; that says nothing for his second one.
    let prepared = bob.prepare_join_by_code(&room, Some(&link.code)).await.unwrap();
    kept_out(phone.join_external(&room).await);
    bob.discard(prepared).await.unwrap();
    phone.join_by_code(&link).await.unwrap();
    settle(&room, &[&alice, &phone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_whose_time_is_over_opens_nothing_and_goes_with_the_next_one() {
    // req: RP03-6.2-05
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let room = alice.create_room_with("news", kind(RoomKind::Announcement)).await.unwrap();
    let short = JoinLinkOptions { lifetime: Some(1), ..SEVERAL };
    let link = alice.create_join_link(&room, short).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    kept_out(bob.join_by_code(&link).await);
    alice.create_join_link(&room, ONE).await.unwrap();
    assert_eq!(alice.details(&room).await.unwrap().join_links().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_limited_and_do_not_keep_others_out() {
    let scene = Scene::new(BINARY, &["a.example", "b.example", "c.example"]);
    let admin = "[rates]\ncode.per_second = 1\ncode.burst = 4\n[admin]\nport = 0";
    scene.configure("a.example", "", admin);
    scene.configure("b.example", "", "");
    scene.configure("c.example", "", "");
    let hub = scene.start("a.example");
    let (_b, _c) = (scene.start("b.example"), scene.start("c.example"));
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let cathy = scene.register("c.example", "cathy").await;
    let room = alice.create_room_with("news", kind(RoomKind::Announcement)).await.unwrap();
    let link = alice.create_join_link(&room, SEVERAL).await.unwrap();
    let mut limited = None;
    for guess in 0..12u8 {
        let wrong = Invitation { room: room.clone(), code: JoiningCode::from_octets([guess; 16]) };
        match bob.join_by_code(&wrong).await.unwrap_err() {
            ClientError::GroupInfo(GroupInfoFailure::NotProvided(GroupInfoCode::NotAuthorized)) => {}
            other => {
                limited = Some(other.to_string());
                break;
            }
        }
    }
    let limited = limited.expect("twelve guesses pass a limit of four");
    assert!(limited.contains("rate limit of this code"), "{limited}");
    assert!(hub.metric("mimi_rate_limited_total{kind=\"code\"}") >= 1.0);
    assert!(hub.metric("mimi_refused_total{operation=\"groupInfo\",rule=\"Code\"}") >= 4.0);
    // Others are counted for themselves, and so is what is done without codes.
    cathy.join_by_code(&link).await.unwrap();
    let name = MetadataChange { name: Some(Utf8String::new("News").unwrap()), ..MetadataChange::default() };
    alice.set_metadata(&room, name).await.unwrap();
}
