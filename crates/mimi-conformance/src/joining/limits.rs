//! Rooms with limits (draft-ietf-mimi-room-policy-03 section 5): one client for each user, few users, fixed participants, and rooms that
//! depend on another one. None of them needs what an earlier check has left behind.

use mimi_arch::RoomUri;
use mimi_client::{Client, ClientError, Event, NewRoom, PreparedUpdate};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_room_policy::ready_made::RoomKind;

use super::{committed, refused};
use crate::check::{Check, Draft, Level};
use crate::flow::same_state;
use crate::scenario::{Halt, Scenario, Verdict, events_until, expect, has_to, nothing_comes};

pub(super) static LIMITS: &[Check] = &[
    Check {
        id: "joining.s5.second-device",
        sentence: "In a single-device room a user's second client is refused, and comes in when the first one is gone.",
        explanation: "Ada makes a room with multi_device false and adds ben with one client. Ben's second client sends an external commit, which the hub \
            has to refuse with notAllowed (2). Ada removes his first one, and then the second one has to get in. A failure means that \
            a single-device room has users with several devices, or that a user cannot change the device.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-15"],
        needs: &[],
        ask: |scenario| Box::pin(second_device(scenario)),
    },
    Check {
        id: "joining.s5.one-user-too-many",
        sentence: "A room takes no more users and clients than its limits say.",
        explanation: "Ada makes a room with max_users 2 and one with max_clients 2, and adds ben to both. The hub has to refuse a third user in the first one \
            and a third client in the second one with notAllowed (2). A failure means that limits bind nobody.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-16", "RP03-5-17"],
        needs: &[],
        ask: |scenario| Box::pin(one_too_many(scenario)),
    },
    Check {
        id: "joining.s5.direct-message",
        sentence: "Participants who are fixed are there from the start, and stay.",
        explanation: "Ada makes a room with fixed_membership whose participants are herself and ben, and adds ben's client; both have to agree \
            on the room and read each other. The hub has to refuse that ben leaves and that cleo comes in. A failure means \
            that direct messages do not work, or that others get into them.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-01", "RP03-5-02", "RP03-5-03", "RP03-5-05"],
        needs: &[],
        ask: |scenario| Box::pin(direct_message(scenario)),
    },
    Check {
        id: "joining.s5.one-direct-message",
        sentence: "There is one room with fixed participants for a set of them.",
        explanation: "Ada makes a second room with the same fixed participants as one that there is, which her provider has to refuse, and one with \
            another set, which it has to take. A failure means that two people have several direct messages without knowing which counts.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-07"],
        needs: &[],
        ask: |scenario| Box::pin(one_direct_message(scenario)),
    },
    Check {
        id: "joining.s5.foreign-parent",
        sentence: "A room does not depend on a room of another hub, on one that is not there, or on one whose participants are all in it.",
        explanation: "Ada's provider has to refuse to create rooms whose parent_room is at ben's provider, does not exist, or has ada as its \
            only participant. A failure means that a room depends on something that its hub does not know, or is no strict subset of its parent.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-08", "RP03-5-10"],
        needs: &[],
        ask: |scenario| Box::pin(foreign_parent(scenario)),
    },
    Check {
        id: "joining.s5.child-follows-parent",
        sentence: "A room that depends on another one takes only its participants, and loses those whom that one loses.",
        explanation: "Ada makes a room with ben and cleo and one that depends on it, to which she adds ben. The hub has to refuse somebody there who is \
            no participant of the parent room. When ada removes ben from the parent room, the hub has to propose his removal from the other \
            one, and after ada's commit he has to be gone from it. A failure means that whoever is thrown out stays in the back rooms.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-08", "RP03-5-09"],
        needs: &[],
        ask: |scenario| Box::pin(child_follows(scenario)),
    },
];

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

async fn welcomed(client: &Client) -> Result<(), Halt> {
    events_until(client, "the Welcome", |events| events.iter().any(joined)).await.map(|_| ())
}

/// The provider has to refuse to make the room.
async fn not_made(ada: &Client, what: &str, name: &str, new: NewRoom) -> Result<(), Halt> {
    match ada.create_room_as(name, new).await {
        Err(ClientError::Transport(error)) if !error.is_undecided() => Ok(()),
        Err(error) => Err(Halt::failed(format!("{what} refused"), error.to_string())),
        Ok(room) => Err(Halt::failed(format!("{what} refused"), format!("{room} is made"))),
    }
}

/// The hub has to refuse what was prepared. Sent once: the client's own operations wait for what could explain a refusal.
async fn turned_down(what: &str, client: &Client, prepared: Result<PreparedUpdate, ClientError>) -> Result<(), Halt> {
    let prepared = has_to(&format!("{what} can be prepared"), prepared)?;
    let answer = has_to("an answer comes", client.submit_prepared(&prepared).await)?;
    has_to("it can be taken back", client.discard(prepared).await)?;
    match answer {
        UpdateRoomResponse::NotAllowed { .. } => Ok(()),
        other => Err(Halt::failed(format!("notAllowed when {what}"), format!("{other:?}"))),
    }
}

fn under(new: NewRoom, parent: &RoomUri) -> Result<NewRoom, Halt> {
    new.under(parent).map_err(|error| Halt::Skipped(error.to_string()))
}

// req: RP03-5-15
async fn second_device(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "single-ada", "one", None).await?;
    let ben = scenario.register(1, "single-ben", "one", None).await?;
    let new = NewRoom::of_kind(RoomKind::Group).single_device();
    let room = has_to("ada can make a single-device room", ada.create_room_as(&scenario.name("single"), new).await)?;
    has_to("ada can add ben", ada.add(&room, ben.user()).await)?;
    welcomed(&ben).await?;
    let second = scenario.register(1, "single-ben", "two", Some(ben.user_secret())).await?;
    refused("ben's second client joins", second.join_external(&room).await)?;
    nothing_comes(&ada).await?;
    has_to("ada can kick ben", ada.kick(&room, ben.user()).await)?;
    has_to("ben's second client can join", second.join_external(&room).await)?;
    events_until(&ada, "the second client's commit", |events| committed(events) >= 1).await?;
    let summary = same_state(&room, &[&ada, &second]).await?;
    Ok(format!("{} clients of {} users", summary.members.len(), summary.participants.len()))
}

// req: RP03-5-16, RP03-5-17
async fn one_too_many(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "limit-ada", "one", None).await?;
    let ben = scenario.register(1, "limit-ben", "one", None).await?;
    let cleo = scenario.register(2, "limit-cleo", "one", None).await?;
    let group = || NewRoom::of_kind(RoomKind::Group);
    let users = ada.create_room_as(&scenario.name("two-users"), group().max_users(2)).await;
    let users = has_to("ada can make a room for two users", users)?;
    has_to("ada can add ben", ada.add(&users, ben.user()).await)?;
    turned_down("a third user is added", &ada, ada.prepare_add(&users, cleo.user()).await).await?;
    let clients = ada.create_room_as(&scenario.name("two-clients"), group().max_clients(2)).await;
    let clients = has_to("ada can make a room for two clients", clients)?;
    has_to("ada can add ben", ada.add(&clients, ben.user()).await)?;
    events_until(&ben, "two Welcomes", |events| events.iter().filter(|event| joined(event)).count() >= 2).await?;
    let second = scenario.register(1, "limit-ben", "two", Some(ben.user_secret())).await?;
    refused("a third client joins", second.join_external(&clients).await)?;
    has_to("a second client of ben's can join the room for two users", second.join_external(&users).await)?;
    events_until(&ada, "its commit", |events| committed(events) >= 1).await?;
    same_state(&clients, &[&ada, &ben]).await?;
    Ok("notAllowed twice".to_owned())
}

/// Ada and ben, who are the fixed participants of a room.
async fn two_people(scenario: &Scenario, name: &str) -> Result<(RoomUri, Client, Client), Halt> {
    let ada = scenario.register(0, &format!("{name}-ada"), "one", None).await?;
    let ben = scenario.register(1, &format!("{name}-ben"), "one", None).await?;
    let new = NewRoom::direct_message(vec![ben.user().clone()]);
    let room = has_to("ada can make the room", ada.create_room_as(&scenario.name(name), new).await)?;
    Ok((room, ada, ben))
}

// req: RP03-5-01, RP03-5-02, RP03-5-03, RP03-5-05
async fn direct_message(scenario: &mut Scenario) -> Verdict {
    let (room, ada, ben) = two_people(scenario, "direct").await?;
    let cleo = scenario.register(2, "direct-cleo", "one", None).await?;
    has_to("ada can add ben's client", ada.add(&room, ben.user()).await)?;
    welcomed(&ben).await?;
    let summary = same_state(&room, &[&ada, &ben]).await?;
    expect(summary.participants.len() == 2, "two participants", summary.participants.len().to_string())?;
    has_to("ben can send", ben.send(&room, "only us").await)?;
    let message = |event: &Event| matches!(event, Event::Message { .. });
    events_until(&ada, "ben's message", |events| events.iter().any(message)).await?;
    turned_down("ben leaves", &ben, ben.prepare_leave(&room).await).await?;
    let added = ada.add(&room, cleo.user()).await;
    expect(added.is_err(), "no key material or notAllowed when cleo is added", "added")?;
    super::kept_out("cleo", cleo.join_external(&room).await)?;
    nothing_comes(&ada).await?;
    same_state(&room, &[&ada, &ben]).await?;
    Ok("two participants, who stay".to_owned())
}

// req: RP03-5-07
async fn one_direct_message(scenario: &mut Scenario) -> Verdict {
    let (_, ada, ben) = two_people(scenario, "only").await?;
    let again = NewRoom::direct_message(vec![ben.user().clone()]);
    not_made(&ada, "a second room of the same participants", &scenario.name("only-again"), again).await?;
    let cleo = scenario.register(2, "only-cleo", "one", None).await?;
    let three = NewRoom::direct_message(vec![ben.user().clone(), cleo.user().clone()]);
    has_to("ada can make a room of three", ada.create_room_as(&scenario.name("only-three"), three).await)?;
    Ok("the same set is refused, a larger one is not".to_owned())
}

// req: RP03-5-08, RP03-5-10
async fn foreign_parent(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "child-ada", "one", None).await?;
    let ben = scenario.register(1, "child-ben", "one", None).await?;
    let elsewhere = has_to("ben can make a room", ben.create_room(&scenario.name("elsewhere")).await)?;
    let alone = has_to("ada can make a room", ada.create_room(&scenario.name("alone")).await)?;
    let nowhere = RoomUri::new(alone.domain(), &scenario.name("nowhere"));
    let nowhere = nowhere.map_err(|error| Halt::Skipped(error.to_string()))?;
    for (name, what, parent) in [
        ("child-1", "a room under one of another hub", &elsewhere),
        ("child-2", "a room under none", &nowhere),
        ("child-3", "a room with all participants of its parent", &alone),
    ] {
        let new = under(NewRoom::of_kind(RoomKind::ParentDependent), parent)?;
        not_made(&ada, what, &scenario.name(name), new).await?;
    }
    Ok("refused three times".to_owned())
}

// req: RP03-5-08, RP03-5-09
async fn child_follows(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "parent-ada", "one", None).await?;
    let ben = scenario.register(1, "parent-ben", "one", None).await?;
    let cleo = scenario.register(2, "parent-cleo", "one", None).await?;
    let stranger = scenario.register(1, "parent-dan", "one", None).await?;
    let parent = has_to("ada can make a room", ada.create_room(&scenario.name("parent")).await)?;
    for user in [&ben, &cleo] {
        has_to("ada can add a user", ada.add(&parent, user.user()).await)?;
    }
    let new = under(NewRoom::of_kind(RoomKind::ParentDependent), &parent)?;
    let child = has_to("ada can make a room under it", ada.create_room_as(&scenario.name("child"), new).await)?;
    has_to("ada can add ben to it", ada.add(&child, ben.user()).await)?;
    let foreign = ada.prepare_add(&child, stranger.user()).await;
    turned_down("somebody from outside is added to it", &ada, foreign).await?;
    has_to("ada can remove ben from the parent room", ada.remove(&parent, ben.user()).await)?;
    let proposed = |event: &Event| matches!(event, Event::ProposalsReceived { room, .. } if *room == child);
    events_until(&ada, "the hub's proposals", |events| events.iter().any(proposed)).await?;
    has_to("ada can commit them", ada.commit_pending(&child).await)?;
    let left = has_to("ada knows the room", ada.room(&child).await)?;
    let there = left.participants.iter().any(|(user, _)| user == ben.user());
    expect(!there && !left.members.contains(ben.id()), "ben gone", format!("{:?}", left.participants))?;
    let removed = |event: &Event| matches!(event, Event::Removed { room, .. } if *room == child);
    events_until(&ben, "the removal", |events| events.iter().any(removed)).await?;
    Ok("proposed by the hub, committed by ada".to_owned())
}
