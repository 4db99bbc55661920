//! The life of a room over the network: what ends it, that it takes nothing after that, and that a room which is meant to stay stays
//! (draft-ietf-mimi-room-policy-03 sections 5 and 8.6).

use mimi_arch::RoomUri;
use mimi_client::{
    Client, ClientError, Endpoint, Event, GroupInfoFailure, PrepareOptions, PreparedUpdate, RoomOptions,
};
use mimi_protocol::{
    codec::Wire as _, group_info::GroupInfoCode, submit_message::SubmitMessageResponse, update::UpdateRoomResponse,
};
use mimi_room_policy::ready_made::RoomKind;

use crate::check::{Check, Draft, Level};
use crate::flow::same_state;
use crate::scenario::{
    Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier, nothing_comes,
};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[LIFECYCLE];

const ROOM: &str = "lifecycle.s8.6.room";
const DESTROYED: &str = "lifecycle.s8.6.destroyed";

/// What the checks of this group share: a room of three users, which is destroyed.
#[derive(Default)]
pub(crate) struct Lifecycle {
    room: Option<RoomUri>,
    /// At the hub, administrator.
    ada: Option<Client>,
    /// At the second provider.
    ben: Option<Client>,
    /// At the third provider.
    cleo: Option<Client>,
    /// A message and a commit that ben has ready before the room ends.
    sealed: Option<Vec<u8>>,
    ready: Option<PreparedUpdate>,
    /// A room in which the followers are external senders.
    federated: Option<RoomUri>,
}

impl Lifecycle {
    fn all(&self) -> Result<(&RoomUri, [&Client; 3]), Halt> {
        let [ada, ben, cleo] = [&self.ada, &self.ben, &self.cleo].map(|client| left_by_earlier(client.as_ref()));
        Ok((left_by_earlier(self.room.as_ref())?, [ada?, ben?, cleo?]))
    }
}

static LIFECYCLE: &[Check] = &[
    Check {
        id: "lifecycle.s8.6.room",
        sentence: "There is a room of three users of three providers, one of whom may destroy it.",
        explanation: "Ada makes a room with the policy of a group and adds ben and cleo, who become members. All three have to \
            agree on the room. A failure means that the other checks of this group cannot be asked.",
        draft: Draft::RoomPolicy,
        section: "8.6",
        level: Level::Must,
        requirements: &["RP03-8.6-04"],
        needs: &[],
        ask: |scenario| Box::pin(make_room(scenario)),
    },
    Check {
        id: "lifecycle.s8.6.member-refused",
        sentence: "The hub refuses a member without canDestroyRoom who destroys the room.",
        explanation: "Ben, whose role has no canDestroyRoom, proposes the removal of every client and every participant. The hub has \
            to answer notAllowed (2), and neither ada nor cleo may get anything. A failure means that anybody can end a room.",
        draft: Draft::RoomPolicy,
        section: "8.6",
        level: Level::Must,
        requirements: &["RP03-8.6-04"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(member_refused(scenario)),
    },
    Check {
        id: "lifecycle.s8.6.destroyed",
        sentence: "Who may destroys the room, and every member is told.",
        explanation: "Ada proposes the removal of every client, her own by a Remove, and of every participant, in one bundle. The hub \
            has to accept it, and the clients of ben and cleo have to get it. A failure means that a room cannot be destroyed, or \
            that members of other providers go on writing into nothing.",
        draft: Draft::RoomPolicy,
        section: "8.6",
        level: Level::Interpretation("IP-100"),
        requirements: &["RP03-8.6-04", "MP06-5.5-21"],
        needs: &["lifecycle.s8.6.member-refused"],
        ask: |scenario| Box::pin(destroyed(scenario)),
    },
    Check {
        id: "lifecycle.s8.6.takes-nothing",
        sentence: "A destroyed room takes neither messages nor commits, and nobody hears of them.",
        explanation: "Ben sends a message and a commit that he had ready before the room was destroyed. The hub has to answer \
            notAllowed to both, and cleo may get nothing. A failure means that a room goes on after its end.",
        draft: Draft::RoomPolicy,
        section: "8.6",
        level: Level::Interpretation("IP-101"),
        requirements: &["RP03-8.6-04", "RP03-5-21"],
        needs: &[DESTROYED],
        ask: |scenario| Box::pin(takes_nothing(scenario)),
    },
    Check {
        id: "lifecycle.s8.6.name-taken",
        sentence: "A destroyed room cannot be joined, and its name is not given to another room.",
        explanation: "Cleo asks for group information, and a stranger at the hub makes a room of the same name. The hub has to answer \
            noSuchRoom (3) to the first and to refuse the second. A failure means that the members of one room find themselves in \
            another one.",
        draft: Draft::RoomPolicy,
        section: "8.6",
        level: Level::Interpretation("IP-101"),
        requirements: &["RP03-8.6-04", "RP03-5-21"],
        needs: &[DESTROYED],
        ask: |scenario| Box::pin(name_taken(scenario)),
    },
    Check {
        id: "lifecycle.s5.temporary-ends",
        sentence: "A temporary room is over when its last client goes.",
        explanation: "Ada makes a room with the policy of a group, in which persistent_room is false, and takes her only client out of it. \
            Another client of hers then asks for group information; the hub has to answer noSuchRoom (3). A failure means that \
            temporary rooms last.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Must,
        requirements: &["RP03-5-21"],
        needs: &["lifecycle.s8.6.name-taken"],
        ask: |scenario| Box::pin(temporary_ends(scenario)),
    },
    Check {
        id: "lifecycle.s5.persistent-stays",
        sentence: "A persistent room keeps policy and participants while no client is in it, and is woken.",
        explanation: "Ada makes a room with the policy of an announcement, in which persistent_room is true, adds ben and is joined by \
            nobody else; ben and ada take their clients out. Another client of ada's comes back, and has to find the same \
            participants and the same policy. A failure means that rooms which should stay are lost when they are empty.",
        draft: Draft::RoomPolicy,
        section: "5",
        level: Level::Interpretation("IP-102"),
        requirements: &["RP03-5-22"],
        needs: &["lifecycle.s5.temporary-ends"],
        ask: |scenario| Box::pin(persistent_stays(scenario)),
    },
    Check {
        id: "lifecycle.s7.4.follower-entry",
        sentence: "A client puts its own provider among the external senders of a room.",
        explanation: "Ada makes a room and adds ben, who adds cleo: a commit of a client of another provider, which puts the entry of that \
            in. The hub has to accept it, and ada's client has to come to the same external senders. A failure means that followers cannot become external senders.",
        draft: Draft::Protocol,
        section: "7.4",
        level: Level::May,
        requirements: &["MP06-7.4-04", "MP06-7.4-06"],
        needs: &["lifecycle.s5.persistent-stays"],
        ask: |scenario| Box::pin(follower_entry(scenario)),
    },
    Check {
        id: "lifecycle.s7.4.follower-leaves",
        sentence: "The entry of a provider is taken out when its last participant has left.",
        explanation: "Ben, the only user of his provider, leaves, and ada commits what waits until nothing does. The external senders of the \
            room may then no longer hold ben's provider. A failure means that a provider without a user in the room can still \
            propose to it.",
        draft: Draft::Protocol,
        section: "7.4",
        level: Level::Must,
        requirements: &["MP06-7.4-05"],
        needs: &["lifecycle.s7.4.follower-entry"],
        ask: |scenario| Box::pin(follower_leaves(scenario)),
    },
];

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

// req: RP03-8.6-04
async fn make_room(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "life-ada", "one", None).await?;
    let ben = scenario.register(1, "life-ben", "one", None).await?;
    let cleo = scenario.register(2, "life-cleo", "one", None).await?;
    let room = has_to("ada can make a room", ada.create_room(&scenario.name("mortal")).await)?;
    for user in [&ben, &cleo] {
        has_to("ada can add a user", ada.add(&room, user.user()).await)?;
        events_until(user, "the Welcome", |events| events.iter().any(joined)).await?;
    }
    let committed = |event: &Event| matches!(event, Event::Committed { .. });
    events_until(&ben, "the commit that adds cleo", |events| events.iter().any(committed)).await?;
    let summary = same_state(&room, &[&ada, &ben, &cleo]).await?;
    scenario.lifecycle =
        Lifecycle { room: Some(room), ada: Some(ada), ben: Some(ben), cleo: Some(cleo), ..Lifecycle::default() };
    Ok(format!("{} participants at epoch {}", summary.participants.len(), summary.epoch.0))
}

async fn member_refused(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.lifecycle.all()?;
    match ben.destroy_room(room).await {
        Err(ClientError::UpdateRefused(UpdateRoomResponse::NotAllowed { .. })) => {}
        Err(error) => return Err(Halt::failed("notAllowed when a member destroys the room", error.to_string())),
        Ok(_) => return Err(Halt::failed("notAllowed when a member destroys the room", "the hub accepted it")),
    }
    nothing_comes(ada).await?;
    nothing_comes(cleo).await?;
    Ok("refused, and nobody heard of it".to_owned())
}

// req: RP03-8.6-04
async fn destroyed(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.lifecycle.all()?;
    let message = has_to("ben can seal a message", ben.seal(room, "too late").await)?;
    let sealed = has_to("ben can make a request", ben.submission(&message).await)?;
    let ready = has_to("ben can make a commit", ben.prepare_commit(room, PrepareOptions::default()).await)?;
    has_to("ada can destroy the room", ada.destroy_room(room).await)?;
    let ended = |event: &Event| matches!(event, Event::RoomEnded { .. });
    for user in [ben, cleo] {
        let events = events_until(user, "the end of the room", |events| events.iter().any(ended)).await?;
        expect(events.iter().all(ended), "nothing but the end of the room", described(&events))?;
        let summary = has_to("the room is known", user.room(room).await)?;
        expect(!summary.active, format!("{} to be out of the room", user.id()), "it is a member")?;
    }
    scenario.lifecycle.sealed = Some(sealed);
    scenario.lifecycle.ready = Some(ready);
    Ok("all three are out".to_owned())
}

// req: RP03-5-21
async fn takes_nothing(scenario: &mut Scenario) -> Verdict {
    let (room, [_, ben, cleo]) = scenario.lifecycle.all()?;
    let sealed = left_by_earlier(scenario.lifecycle.sealed.as_ref())?.clone();
    let ready = left_by_earlier(scenario.lifecycle.ready.as_ref())?;
    let answer = has_to("the hub answers", ben.call_raw(Endpoint::SubmitMessage, room.as_str(), sealed).await)?;
    let answer = SubmitMessageResponse::from_bytes(&answer);
    expect(
        matches!(answer, Ok(SubmitMessageResponse::NotAllowed)),
        "notAllowed for a message into a destroyed room",
        format!("{answer:?}"),
    )?;
    let answer = has_to("the hub answers", ben.submit_prepared(ready).await)?;
    expect(
        matches!(answer, UpdateRoomResponse::NotAllowed { .. }),
        "notAllowed for a commit in a destroyed room",
        format!("{answer:?}"),
    )?;
    nothing_comes(cleo).await?;
    Ok("a message and a commit were refused".to_owned())
}

async fn no_such_room(client: &Client, room: &RoomUri) -> Result<(), Halt> {
    match client.join_external(room).await {
        Err(ClientError::GroupInfo(GroupInfoFailure::NotProvided(GroupInfoCode::NoSuchRoom))) => Ok(()),
        Err(error) => Err(Halt::failed(format!("noSuchRoom for {}", client.id()), error.to_string())),
        Ok(()) => Err(Halt::failed(format!("noSuchRoom for {}", client.id()), "it joined")),
    }
}

// req: RP03-5-21
async fn name_taken(scenario: &mut Scenario) -> Verdict {
    let (room, [_, _, cleo]) = scenario.lifecycle.all()?;
    no_such_room(cleo, room).await?;
    let stranger = scenario.register(0, "life-finn", "one", None).await?;
    let again = stranger.create_room(&scenario.name("mortal")).await;
    expect(again.is_err(), "a refusal of a room of the same name", "the room was made")?;
    Ok("not joined, not made anew".to_owned())
}

// req: RP03-5-21
async fn temporary_ends(scenario: &mut Scenario) -> Verdict {
    let ada = left_by_earlier(scenario.lifecycle.ada.as_ref())?;
    let room = has_to("ada can make a room", ada.create_room(&scenario.name("today")).await)?;
    has_to("ada can take her client out", ada.step_out(&room).await)?;
    let second = scenario.register(0, "life-ada", "two", Some(ada.user_secret())).await?;
    no_such_room(&second, &room).await?;
    Ok("the room is over".to_owned())
}

// req: RP03-5-22
async fn persistent_stays(scenario: &mut Scenario) -> Verdict {
    let (_, [ada, ben, _]) = scenario.lifecycle.all()?;
    let options = RoomOptions { kind: RoomKind::Announcement, ..RoomOptions::default() };
    let room = has_to("ada can make a room", ada.create_room_with(&scenario.name("lasting"), options).await)?;
    has_to("ada can add ben", ada.add(&room, ben.user()).await)?;
    events_until(ben, "the Welcome", |events| events.iter().any(joined)).await?;
    let before = has_to("ada knows the room", ada.room(&room).await)?;
    let policy = has_to("ada knows the policy", ada.details(&room).await)?.policy;
    has_to("ada can take her client out", ada.step_out(&room).await)?;
    let waits = |event: &Event| matches!(event, Event::ProposalsReceived { .. });
    events_until(ben, "ada's proposal", |events| events.iter().any(waits)).await?;
    has_to("ben can take his client out", ben.step_out(&room).await)?;
    let third = scenario.register(0, "life-ada", "three", Some(ada.user_secret())).await?;
    has_to("another client of ada's comes back", third.join_external(&room).await)?;
    let after = has_to("the room is known", third.room(&room).await)?;
    expect(
        after.participants == before.participants,
        format!("{} participants", before.participants.len()),
        format!("{}", after.participants.len()),
    )?;
    let kept = has_to("the policy is known", third.details(&room).await)?.policy;
    expect(kept == policy, "the same policy", "another one")?;
    Ok(format!("{} participants are still there", after.participants.len()))
}

// req: MP06-7.4-04, MP06-7.4-06
async fn follower_entry(scenario: &mut Scenario) -> Verdict {
    let (_, [ada, ben, cleo]) = scenario.lifecycle.all()?;
    let room = has_to("ada can make a room", ada.create_room(&scenario.name("federated")).await)?;
    has_to("ada can add ben", ada.add(&room, ben.user()).await)?;
    events_until(ben, "the Welcome", |events| events.iter().any(joined)).await?;
    has_to("ben can add cleo", ben.add(&room, cleo.user()).await)?;
    let committed = |event: &Event| matches!(event, Event::Committed { .. });
    events_until(ada, "ben's commit", |events| events.iter().any(committed)).await?;
    events_until(cleo, "the Welcome", |events| events.iter().any(joined)).await?;
    same_state(&room, &[ada, ben, cleo]).await?;
    let senders = has_to("the room is known", ada.details(&room).await)?.external_senders;
    let expected = [room.domain().clone(), ben.user().domain().clone()];
    expect(senders == expected, format!("the external senders {expected:?}"), format!("{senders:?}"))?;
    scenario.lifecycle.federated = Some(room);
    Ok(format!("{} external senders", senders.len()))
}

// req: MP06-7.4-05
async fn follower_leaves(scenario: &mut Scenario) -> Verdict {
    let (_, [ada, ben, cleo]) = scenario.lifecycle.all()?;
    let room = left_by_earlier(scenario.lifecycle.federated.as_ref())?;
    has_to("ben can leave", ben.leave(room).await)?;
    let waits = |event: &Event| matches!(event, Event::ProposalsReceived { .. });
    events_until(ada, "ben's proposals", |events| events.iter().any(waits)).await?;
    has_to("ada can commit them", ada.commit_pending(room).await)?;
    // The commit that takes ben off the list could carry the change of the external senders, too; else the hub proposes it.
    let left = has_to("the room is known", ada.details(room).await)?.external_senders;
    if left.contains(ben.user().domain()) {
        events_until(ada, "the hub's proposal", |events| events.iter().any(waits)).await?;
        has_to("ada can commit it", ada.commit_pending(room).await)?;
    }
    let senders = has_to("the room is known", ada.details(room).await)?.external_senders;
    expect(
        !senders.contains(ben.user().domain()),
        format!("external senders without {}", ben.user().domain()),
        format!("{senders:?}"),
    )?;
    let gone = |event: &Event| matches!(event, Event::Committed { .. });
    let epoch = has_to("the room is known", ada.room(room).await)?.epoch;
    while has_to("the room is known", cleo.room(room).await)?.epoch < epoch {
        events_until(cleo, "ada's commits", |events| events.iter().any(gone)).await?;
    }
    same_state(room, &[ada, cleo]).await?;
    Ok("the entry is gone".to_owned())
}
