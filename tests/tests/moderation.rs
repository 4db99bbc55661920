//! What members do to a room and to each other, between running providers: bans, kicks, roles, metadata, rooms that are open
//! (draft-ietf-mimi-room-policy-03 section 8), and messages about messages (draft-ietf-mimi-content-08 section 5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{RoleIndex, RoomUri};
use mimi_client::{
    Client, ClientError, Event, GroupInfoFailure, IntentFault, MetadataChange, PrepareOptions, Relation, RoomOptions,
};
use mimi_protocol::{
    codec::Wire as _,
    group_info::GroupInfoCode,
    room_metadata::{RichDescription, Utf8String},
    submit_message::SubmitMessageResponse,
    update::UpdateRoomResponse,
};
use mimi_room_policy::ready_made::RoomKind;
use mimi_tests::{Cluster, until};

const MEMBER: RoleIndex = RoleIndex(2);
const ADMIN: RoleIndex = RoleIndex(3);

fn cluster() -> Cluster {
    Cluster::start(env!("CARGO_BIN_EXE_mimi-under-test"), &["a.example", "b.example", "c.example"])
}

/// Alice, Bob and Cathy, each of another provider, in a room of Alice's.
async fn three(cluster: &Cluster) -> (RoomUri, [Client; 3]) {
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let cathy = cluster.register("c.example", "cathy", "one", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    for user in [&bob, &cathy] {
        alice.add(&room, user.user()).await.unwrap();
        joined(user).await;
    }
    settle(&room, &[&alice, &bob, &cathy]).await;
    (room, [alice, bob, cathy])
}

async fn joined(client: &Client) {
    until(client, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
}

/// Waits until all are in the epoch of the first one, and in agreement.
async fn settle(room: &RoomUri, clients: &[&Client]) {
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

fn refused(outcome: Result<mimi_protocol::AcceptedTimestamp, ClientError>) -> String {
    match outcome {
        Err(ClientError::UpdateRefused(UpdateRoomResponse::NotAllowed { error_description })) => error_description,
        other => panic!("not refused by policy: {other:?}"),
    }
}

/// The hub gives no group information.
fn kept_out(outcome: Result<(), ClientError>) {
    assert!(
        matches!(outcome, Err(ClientError::GroupInfo(GroupInfoFailure::NotProvided(GroupInfoCode::NotAuthorized)))),
        "{outcome:?}"
    );
}

fn role(details: &mimi_client::RoomSummary, user: &Client) -> Option<RoleIndex> {
    details.participants.iter().find(|(found, _)| found == user.user()).map(|(_, role)| *role)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_banned_user_neither_sends_nor_comes_back_until_unbanned() {
    // req: RP03-8.1.3-07, RP03-8.1.3-13, MP06-5.3-06
    let cluster = cluster();
    let (room, [alice, bob, cathy]) = three(&cluster).await;
    let secret = bob.user_secret().to_owned();
    // What Bob sealed while he was a member, and a commit that he had ready.
    let sealed = bob.seal(&room, "too late").await.unwrap();
    let ready = bob.prepare_commit(&room, PrepareOptions::default()).await.unwrap();

    alice.ban(&room, bob.user()).await.unwrap();
    let seen = until(&cathy, "the ban", |event| matches!(event, Event::RolesChanged { .. })).await;
    assert!(seen.iter().any(|event| matches!(event, Event::RolesChanged { roles, .. }
        if *roles == [(bob.user().clone(), RoleIndex::BANNED)])));
    settle(&room, &[&alice, &cathy]).await;
    let after = alice.room(&room).await.unwrap();
    assert_eq!(role(&after, &bob), Some(RoleIndex::BANNED));
    assert!(!after.members.contains(bob.id()));

    let submission = bob.submission(&sealed).await.unwrap();
    let answer = bob.call_raw(mimi_client::Endpoint::SubmitMessage, room.as_str(), submission).await.unwrap();
    assert_eq!(SubmitMessageResponse::from_bytes(&answer).unwrap(), SubmitMessageResponse::NotAllowed);
    let answer = bob.submit_prepared(&ready).await.unwrap();
    assert!(!matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
    until(&bob, "the removal", |event| matches!(event, Event::Removed { .. })).await;
    kept_out(bob.join_external(&room).await);
    let tablet = cluster.register("b.example", "bob", "tablet", Some(&secret)).await;
    kept_out(tablet.join_external(&room).await);
    // Nobody adds a banned user's clients, and nobody is told what goes on.
    let again = alice.add(&room, bob.user()).await;
    assert!(matches!(again, Err(ClientError::UpdateRefused(_))), "{again:?}");
    alice.send(&room, "without bob").await.unwrap();
    until(&cathy, "a message", |event| matches!(event, Event::Message { .. })).await;
    assert_eq!(bob.sync().await.unwrap(), []);
    let again = alice.ban(&room, bob.user()).await;
    assert!(matches!(again, Err(ClientError::Intent { fault: IntentFault::HasRole { .. }, .. })), "{again:?}");

    alice.unban(&room, bob.user(), None).await.unwrap();
    tablet.join_external(&room).await.unwrap();
    let sent = tablet.submit(&room, "back again").await.unwrap();
    until(&cathy, "the message", |event| matches!(event, Event::Message { id, .. } if *id == Some(sent.id))).await;
    until(&alice, "the message", |event| matches!(event, Event::Message { id, .. } if *id == Some(sent.id))).await;
    settle(&room, &[&alice, &cathy, &tablet]).await;
    assert_eq!(role(&alice.room(&room).await.unwrap(), &bob), Some(MEMBER));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kicked_user_stays_a_participant_and_comes_back_with_a_new_client() {
    // req: RP03-8.1.2-12
    let cluster = cluster();
    let (room, [alice, bob, cathy]) = three(&cluster).await;
    alice.kick(&room, bob.user()).await.unwrap();
    until(&bob, "the removal", |event| matches!(event, Event::Removed { .. })).await;
    let after = alice.room(&room).await.unwrap();
    assert_eq!(role(&after, &bob), Some(MEMBER));
    assert!(!after.members.contains(bob.id()));
    assert!(matches!(bob.send(&room, "x").await, Err(ClientError::NotAMember { .. })));
    let again = alice.kick(&room, bob.user()).await;
    assert!(matches!(again, Err(ClientError::Intent { fault: IntentFault::NoClients { .. }, .. })), "{again:?}");

    let tablet = cluster.register("b.example", "bob", "tablet", Some(bob.user_secret())).await;
    tablet.join_external(&room).await.unwrap();
    // The client that was kicked comes back too.
    bob.join_external(&room).await.unwrap();
    bob.send(&room, "both of us").await.unwrap();
    for client in [&alice, &cathy, &tablet] {
        until(client, "the message", |event| matches!(event, Event::Message { .. })).await;
    }
    settle(&room, &[&alice, &bob, &cathy, &tablet]).await;

    // A device that is lost is taken out by another one of the same user.
    bob.remove_client(&room, tablet.id()).await.unwrap();
    until(&tablet, "the removal", |event| matches!(event, Event::Removed { .. })).await;
    until(&cathy, "the commit", |event| matches!(event, Event::Committed { .. })).await;
    assert!(!bob.room(&room).await.unwrap().members.contains(tablet.id()));
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_decide_what_a_member_may_do() {
    // req: RP03-8.1.3-01, RP03-8.1.2-01
    let cluster = cluster();
    let (room, [alice, bob, cathy]) = three(&cluster).await;
    for denied in [
        bob.ban(&room, cathy.user()).await,
        bob.kick(&room, cathy.user()).await,
        bob.remove(&room, cathy.user()).await,
        bob.change_role(&room, cathy.user(), ADMIN).await,
        bob.change_role(&room, bob.user(), ADMIN).await,
    ] {
        refused(denied);
    }
    assert!(matches!(
        bob.remove(&room, bob.user()).await,
        Err(ClientError::Intent { fault: IntentFault::OnOneself, .. })
    ));
    // The one administrator cannot stop being one.
    refused(alice.change_role(&room, alice.user(), MEMBER).await);

    alice.change_role(&room, bob.user(), ADMIN).await.unwrap();
    until(&bob, "the role", |event| {
        matches!(event, Event::RolesChanged { roles, .. }
        if *roles == [(bob.user().clone(), ADMIN)])
    })
    .await;
    let details = bob.details(&room).await.unwrap();
    assert_eq!(details.kind(), Some(RoomKind::Group));
    assert_eq!((details.role_name(ADMIN), details.role_called("admin")), (Some("admin"), Some(ADMIN)));
    bob.remove(&room, cathy.user()).await.unwrap();
    until(&cathy, "the removal", |event| matches!(event, Event::Removed { .. })).await;
    until(&alice, "the commit", |event| {
        matches!(event, Event::Committed { removed, .. }
        if *removed == [cathy.user().clone()])
    })
    .await;
    settle(&room, &[&alice, &bob]).await;
    kept_out(cathy.join_external(&room).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_agrees_on_what_the_room_says_of_itself() {
    // req: MP06-4.3.1-07, MP06-7.6-13
    // req: MP06-7.6-09, MP06-7.6-11, RP03-8.2-01
    let cluster = cluster();
    let (room, [alice, bob, cathy]) = three(&cluster).await;
    let text = |text: &str| Some(Utf8String::new(text).unwrap());
    let name = MetadataChange { name: text("The Clubhouse"), ..MetadataChange::default() };
    alice.set_metadata(&room, name.clone()).await.unwrap();
    let more = MetadataChange {
        descriptions: Some(vec![RichDescription::plain("en", "where we meet").unwrap()]),
        avatar: Some(Some(mimi_arch::HttpsUri::new("https://a.example/club.png").unwrap())),
        subject: text("tomorrow"),
        mood: text("curious"),
        ..MetadataChange::default()
    };
    alice.set_metadata(&room, more).await.unwrap();
    let again = alice.set_metadata(&room, name).await;
    assert!(matches!(again, Err(ClientError::Intent { fault: IntentFault::NothingNew, .. })), "{again:?}");
    let expected = alice.details(&room).await.unwrap().metadata.unwrap();
    assert_eq!(expected.room_name.as_str(), "The Clubhouse");
    assert_eq!(expected.room_uri.as_str(), room.as_str());
    for client in [&bob, &cathy] {
        let is_last =
            |event: &Event| matches!(event, Event::MetadataChanged { metadata, .. } if **metadata == expected);
        until(client, "the metadata", is_last).await;
        assert_eq!(client.details(&room).await.unwrap().metadata.as_ref(), Some(&expected));
    }
    settle(&room, &[&alice, &bob, &cathy]).await;
    // In a community members have no say in that.
    let options = RoomOptions { kind: RoomKind::OpenCommunity, ..RoomOptions::default() };
    let open = alice.create_room_with("open", options).await.unwrap();
    bob.join_external(&open).await.unwrap();
    let other = MetadataChange { name: text("Bob's"), ..MetadataChange::default() };
    refused(bob.set_metadata(&open, other).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outsider_joins_an_open_room_and_no_other() {
    // req: RP03-8.1.1-08
    let cluster = cluster();
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let closed = alice.create_room("closed").await.unwrap();
    kept_out(bob.join_external(&closed).await);

    let options = RoomOptions { kind: RoomKind::OpenCommunity, ..RoomOptions::default() };
    let open = alice.create_room_with("open", options).await.unwrap();
    bob.join_external(&open).await.unwrap();
    until(&alice, "bob", |event| matches!(event, Event::Committed { added, .. } if *added == [bob.user().clone()]))
        .await;
    bob.send(&open, "hello").await.unwrap();
    until(&alice, "the message", |event| matches!(event, Event::Message { .. })).await;
    settle(&open, &[&alice, &bob]).await;
    assert_eq!(role(&alice.room(&open).await.unwrap(), &bob), Some(MEMBER));

    // Open as the room is, a ban keeps out. These roles list no ban of somebody who never was a participant.
    let cathy = cluster.register("c.example", "cathy", "one", None).await;
    refused(alice.ban(&open, cathy.user()).await);
    alice.ban(&open, bob.user()).await.unwrap();
    until(&bob, "the removal", |event| matches!(event, Event::Removed { .. })).await;
    kept_out(bob.join_external(&open).await);
    let tablet = cluster.register("b.example", "bob", "tablet", Some(bob.user_secret())).await;
    kept_out(tablet.join_external(&open).await);
    // Off the list, he is an outsider again, who may join.
    alice.remove(&open, bob.user()).await.unwrap();
    tablet.join_external(&open).await.unwrap();
    cathy.join_external(&open).await.unwrap();
    until(&alice, "cathy", |event| matches!(event, Event::Committed { added, .. } if *added == [cathy.user().clone()]))
        .await;
    settle(&open, &[&alice, &cathy, &tablet]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_made_at_the_same_time_all_come_through() {
    // req: MP06-5.3-22
    let cluster = cluster();
    let (room, [alice, bob, cathy]) = three(&cluster).await;
    alice.change_role(&room, bob.user(), ADMIN).await.unwrap();
    settle(&room, &[&alice, &bob, &cathy]).await;
    let dora = cluster.register("c.example", "dora", "one", None).await;
    let emil = cluster.register("a.example", "emil", "one", None).await;
    let fred = cluster.register("b.example", "fred", "one", None).await;
    let mood = MetadataChange { mood: Some(Utf8String::new("busy").unwrap()), ..MetadataChange::default() };
    let (first, second, third, fourth, fifth) = tokio::join!(
        alice.add(&room, dora.user()),
        bob.add(&room, emil.user()),
        cathy.add(&room, fred.user()),
        cathy.send(&room, "in between"),
        async {
            alice.change_role(&room, cathy.user(), ADMIN).await.map(|_| ())?;
            bob.set_metadata(&room, mood).await.map(|_| ())
        }
    );
    for outcome in [first.map(|_| ()), second.map(|_| ()), third.map(|_| ()), fourth.map(|_| ()), fifth] {
        outcome.unwrap();
    }
    for client in [&dora, &emil, &fred] {
        joined(client).await;
    }
    for client in [&alice, &bob, &cathy, &dora, &emil, &fred] {
        while !client.sync().await.unwrap().is_empty() {}
    }
    settle(&room, &[&alice, &bob, &cathy, &dora, &emil, &fred]).await;
    let details = dora.details(&room).await.unwrap();
    assert_eq!(details.summary.participants.len(), 6);
    assert_eq!(role(&details.summary, &cathy), Some(ADMIN));
    assert_eq!(details.metadata.unwrap().room_mood.as_str(), "busy");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_about_messages_arrive_as_what_they_are() {
    let cluster = cluster();
    let (room, [alice, bob, cathy]) = three(&cluster).await;
    let sent = alice.submit(&room, "tea at five?").await.unwrap();
    let relation = |events: &[Event]| match events.last() {
        Some(Event::Message { relation, text, .. }) => (*relation, text.clone()),
        other => panic!("{other:?}"),
    };
    let is_message = |event: &Event| matches!(event, Event::Message { .. });
    let events = until(&bob, "the message", is_message).await;
    let Some(Event::Message { id: Some(id), .. }) = events.last() else { panic!("{events:?}") };
    assert_eq!((*id, relation(&events)), (sent.id, (Relation::None, "tea at five?".into())));
    until(&cathy, "the message", is_message).await;
    let digits = sent.id.to_string();
    assert_eq!(bob.find_message(&room, &digits[..10]).await.unwrap(), [sent.id]);
    assert_eq!(alice.find_message(&room, &digits[..10]).await.unwrap(), [sent.id]);

    let reaction = bob.react(&room, sent.id, "👍").await.unwrap();
    assert_eq!(relation(&until(&cathy, "it", is_message).await), (Relation::ReactionTo(sent.id), "👍".into()));
    bob.reply(&room, sent.id, "yes").await.unwrap();
    assert_eq!(relation(&until(&cathy, "it", is_message).await), (Relation::ReplyTo(sent.id), "yes".into()));
    bob.unreact(&room, reaction.id, sent.id).await.unwrap();
    assert_eq!(relation(&until(&cathy, "it", is_message).await).0, Relation::Deletes(reaction.id));
    alice.edit(&room, sent.id, "tea at six?").await.unwrap();
    assert_eq!(relation(&until(&cathy, "it", is_message).await), (Relation::Edits(sent.id), "tea at six?".into()));
    alice.delete(&room, sent.id).await.unwrap();
    assert_eq!(relation(&until(&cathy, "it", is_message).await).0, Relation::Deletes(sent.id));
}
