//! What members do to each other and to the room, over the network: the hub lets roles do what they may and nothing else
//! (draft-ietf-mimi-room-policy-03 section 8), and every client comes to the same room.

use mimi_arch::{RoleIndex, RoomUri};
use mimi_client::{Client, ClientError, Endpoint, Event, GroupInfoFailure, MetadataChange, RoomOptions};
use mimi_protocol::{AcceptedTimestamp, room_metadata::Utf8String, update::UpdateRoomResponse};
use mimi_room_policy::ready_made::RoomKind;

use crate::check::{Check, Draft, Level};
use crate::flow::same_state;
use crate::raw;
use crate::scenario::{
    Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier, nothing_comes,
};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[MODERATION];

/// The check that makes the room for all others of the group.
const ROOM: &str = "moderation.s8.1.1.room";
const MEMBER: RoleIndex = RoleIndex(2);
const ADMIN: RoleIndex = RoleIndex(3);

/// What the checks of this group share: a group room of three users.
#[derive(Default)]
pub(crate) struct Moderation {
    room: Option<RoomUri>,
    /// At the hub, administrator.
    ada: Option<Client>,
    /// At the second provider.
    ben: Option<Client>,
    /// At the third provider.
    cleo: Option<Client>,
}

impl Moderation {
    fn all(&self) -> Result<(&RoomUri, [&Client; 3]), Halt> {
        let [ada, ben, cleo] = [&self.ada, &self.ben, &self.cleo].map(|client| left_by_earlier(client.as_ref()));
        Ok((left_by_earlier(self.room.as_ref())?, [ada?, ben?, cleo?]))
    }
}

static MODERATION: &[Check] = &[
    Check {
        id: "moderation.s8.1.1.room",
        sentence: "There is a room of three users of three providers, one of whom is its administrator.",
        explanation: "Ada makes a room with the policy of a group and adds ben and cleo, who become members. All three have to \
            agree on the room. A failure means that the other checks of this group cannot be asked.",
        draft: Draft::RoomPolicy,
        section: "8.1.1",
        level: Level::Must,
        requirements: &["RP03-8.1.1-01"],
        needs: &[],
        ask: |scenario| Box::pin(make_room(scenario)),
    },
    Check {
        id: "moderation.s8.1.3.member-refused",
        sentence: "The hub refuses a member who bans, kicks, removes or promotes somebody, and nobody hears of it.",
        explanation: "Ben, whose role has no such capability, sends commits that ban, kick, remove and promote cleo, and promote \
            himself. The hub has to answer notAllowed (2) to each, and neither ada nor cleo may get anything. A failure means that \
            roles are only a convention of the clients.",
        draft: Draft::RoomPolicy,
        section: "8.1.3",
        level: Level::Must,
        requirements: &["RP03-8.1.2-01", "RP03-8.1.2-12", "RP03-8.1.3-01", "RP03-8.1.3-07"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(member_refused(scenario)),
    },
    Check {
        id: "moderation.s8.2.metadata-agreed",
        sentence: "The first metadata of a room, and a change of one field, reach everybody.",
        explanation: "Ada gives the room, which has no metadata, a name, and then a mood. The hub has to accept both, and the clients \
            of ben and cleo have to come to the same metadata. A failure means that a room cannot get a name, or that \
            its members see different ones.",
        draft: Draft::RoomPolicy,
        section: "8.2",
        level: Level::Must,
        requirements: &["RP03-8.2-01", "MP06-7.6-09", "MP06-7.6-11"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(metadata_agreed(scenario)),
    },
    Check {
        id: "moderation.s8.1.3.role-changed",
        sentence: "A change of a role reaches everybody and counts at the hub at once.",
        explanation: "Ada makes cleo an administrator. The clients of ben and cleo have to learn of it, and the hub has to accept \
            cleo's next commit, which makes ben an administrator and then a member again. A failure means that the hub decides by an \
            old participant list.",
        draft: Draft::RoomPolicy,
        section: "8.1.3",
        level: Level::Must,
        requirements: &["RP03-8.1.3-01"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(role_changed(scenario)),
    },
    Check {
        id: "moderation.s8.1.2.kicked-returns",
        sentence: "A kicked user stays a participant and comes back by external commit.",
        explanation: "Ada removes all clients of ben without changing the participant list. Ben's client has to get the commit that \
            removes it, and then join by external commit. A failure means that a kick is a ban, or that the client is \
            left believing that it is a member.",
        draft: Draft::RoomPolicy,
        section: "8.1.2",
        level: Level::Must,
        requirements: &["RP03-8.1.2-12"],
        needs: &["moderation.s8.1.3.role-changed"],
        ask: |scenario| Box::pin(kicked_returns(scenario)),
    },
    Check {
        id: "moderation.s8.1.3.banned-refused",
        sentence: "A banned user neither sends nor comes back nor gets anything.",
        explanation: "Ben seals a message, and ada bans him. The hub has to answer notAllowed (1) to his message and notAuthorized to his \
            request for group information; his client has to get the commit that removes it and nothing after it. A failure means \
            that a ban does not hold.",
        draft: Draft::RoomPolicy,
        section: "8.1.3",
        level: Level::Must,
        requirements: &["RP03-8.1.3-07", "MP06-5.3-05", "MP06-5.3-06"],
        needs: &["moderation.s8.1.2.kicked-returns"],
        ask: |scenario| Box::pin(banned_refused(scenario)),
    },
    Check {
        id: "moderation.s8.1.3.unbanned-returns",
        sentence: "A user whose ban is lifted comes back.",
        explanation: "Ada gives ben the role of a member again. His client joins by external commit, and all three have to agree on the \
            room. A failure means that a ban cannot be lifted.",
        draft: Draft::RoomPolicy,
        section: "8.1.3",
        level: Level::Must,
        requirements: &["RP03-8.1.3-13"],
        needs: &["moderation.s8.1.3.banned-refused"],
        ask: |scenario| Box::pin(unbanned_returns(scenario)),
    },
    Check {
        id: "moderation.s8.1.1.open-join",
        sentence: "An outsider joins a room that is open, and does not come back after a ban.",
        explanation: "Ada makes a room with the policy of an open community. Ben and cleo have to get in, each by an \
            external commit that adds its user to the participant list. Ada bans cleo, who then has to get no group information. A \
            failure means that open rooms are closed, or that a ban does not hold in them.",
        draft: Draft::RoomPolicy,
        section: "8.1.1",
        level: Level::Must,
        requirements: &["RP03-8.1.1-08", "RP03-8.1.1-09", "RP03-8.1.3-07"],
        needs: &["moderation.s8.1.3.unbanned-returns"],
        ask: |scenario| Box::pin(open_join(scenario)),
    },
];

// req: RP03-8.1.1-01
async fn make_room(scenario: &mut Scenario) -> Verdict {
    let ada = scenario.register(0, "mod-ada", "one", None).await?;
    let ben = scenario.register(1, "mod-ben", "one", None).await?;
    let cleo = scenario.register(2, "mod-cleo", "one", None).await?;
    let room = has_to("ada can make a room", ada.create_room(&scenario.name("moderated")).await)?;
    let joined = |event: &Event| matches!(event, Event::Joined { .. });
    for user in [&ben, &cleo] {
        has_to("ada can add a user", ada.add(&room, user.user()).await)?;
        events_until(user, "the Welcome", |events| events.iter().any(joined)).await?;
    }
    events_until(&ben, "the commit that adds cleo", |events| committed(events) >= 1).await?;
    let summary = same_state(&room, &[&ada, &ben, &cleo]).await?;
    scenario.moderation = Moderation { room: Some(room), ada: Some(ada), ben: Some(ben), cleo: Some(cleo) };
    Ok(format!("{} participants at epoch {}", summary.participants.len(), summary.epoch.0))
}

/// The hub has to refuse by policy.
fn refused(what: &str, outcome: Result<AcceptedTimestamp, ClientError>) -> Result<(), Halt> {
    match outcome {
        Err(ClientError::UpdateRefused(UpdateRoomResponse::NotAllowed { .. })) => Ok(()),
        Err(error) => Err(Halt::failed(format!("notAllowed when {what}"), error.to_string())),
        Ok(_) => Err(Halt::failed(format!("notAllowed when {what}"), "accepted")),
    }
}

/// The hub has to give no group information.
fn kept_out(who: &str, outcome: Result<(), ClientError>) -> Result<(), Halt> {
    match outcome {
        Err(ClientError::GroupInfo(GroupInfoFailure::NotProvided(_))) => Ok(()),
        Err(error) => Err(Halt::failed(format!("no group information for {who}"), error.to_string())),
        Ok(()) => Err(Halt::failed(format!("no group information for {who}"), "joined")),
    }
}

// req: RP03-8.1.2-01, RP03-8.1.2-12, RP03-8.1.3-01, RP03-8.1.3-07
async fn member_refused(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.moderation.all()?;
    refused("ben bans cleo", ben.ban(room, cleo.user()).await)?;
    refused("ben kicks cleo", ben.kick(room, cleo.user()).await)?;
    refused("ben removes cleo", ben.remove(room, cleo.user()).await)?;
    refused("ben promotes cleo", ben.change_role(room, cleo.user(), ADMIN).await)?;
    refused("ben promotes himself", ben.change_role(room, ben.user(), ADMIN).await)?;
    nothing_comes(ada).await?;
    nothing_comes(cleo).await?;
    same_state(room, &[ada, ben, cleo]).await?;
    Ok("notAllowed five times".to_owned())
}

// req: RP03-8.2-01, MP06-7.6-09, MP06-7.6-11
async fn metadata_agreed(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.moderation.all()?;
    let text = |text: &str| Utf8String::new(text).map_err(|error| Halt::Skipped(error.to_string()));
    let name = MetadataChange { name: Some(text("A room")?), ..MetadataChange::default() };
    let mood = MetadataChange { mood: Some(text("curious")?), ..MetadataChange::default() };
    has_to("ada can name the room", ada.set_metadata(room, name).await)?;
    has_to("ada can say the mood", ada.set_metadata(room, mood).await)?;
    let expected = has_to("ada knows the room", ada.details(room).await)?.metadata;
    let changed = |events: &[Event]| events.iter().filter(|e| matches!(e, Event::MetadataChanged { .. })).count();
    for client in [ben, cleo] {
        events_until(client, "two changes of the metadata", |events| changed(events) >= 2).await?;
        let seen = has_to("the room is known", client.details(room).await)?.metadata;
        expect(seen == expected, format!("{expected:?} at {}", client.id()), format!("{seen:?}"))?;
    }
    same_state(room, &[ada, ben, cleo]).await?;
    Ok("name and mood are the same at all three".to_owned())
}

async fn role_arrives(client: &Client, of: &Client, role: RoleIndex) -> Result<(), Halt> {
    let expected = (of.user().clone(), role);
    let found = |event: &Event| matches!(event, Event::RolesChanged { roles, .. } if roles.contains(&expected));
    let what = format!("role {} of {}", role.0, of.user());
    events_until(client, &what, |events| events.iter().any(found)).await.map(|_| ())
}

// req: RP03-8.1.3-01
async fn role_changed(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.moderation.all()?;
    has_to("ada can promote cleo", ada.change_role(room, cleo.user(), ADMIN).await)?;
    role_arrives(cleo, cleo, ADMIN).await?;
    has_to("cleo can promote ben", cleo.change_role(room, ben.user(), ADMIN).await)?;
    has_to("cleo can take the role back", cleo.change_role(room, ben.user(), MEMBER).await)?;
    role_arrives(ben, ben, MEMBER).await?;
    role_arrives(ada, ben, MEMBER).await?;
    same_state(room, &[ada, ben, cleo]).await?;
    Ok("three changes, and all agree".to_owned())
}

fn removed(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Removed { .. }))
}

fn committed(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Committed { .. })).count()
}

// req: RP03-8.1.2-12
async fn kicked_returns(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.moderation.all()?;
    has_to("ada can kick ben", ada.kick(room, ben.user()).await)?;
    events_until(ben, "the removal", removed).await?;
    let after = has_to("ada knows the room", ada.room(room).await)?;
    let listed = after.participants.iter().any(|(user, role)| user == ben.user() && *role == MEMBER);
    expect(listed, "ben in the participant list as a member", format!("{:?}", after.participants))?;
    expect(!after.members.contains(ben.id()), "ben's client gone", format!("{:?}", after.members))?;
    has_to("ben can join again", ben.join_external(room).await)?;
    events_until(cleo, "both commits", |events| committed(events) >= 2).await?;
    events_until(ada, "ben's commit", |events| committed(events) >= 1).await?;
    same_state(room, &[ada, ben, cleo]).await?;
    Ok(format!("{} is back", ben.id()))
}

// req: RP03-8.1.3-07, MP06-5.3-05, MP06-5.3-06
async fn banned_refused(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.moderation.all()?;
    let sealed = has_to("ben can seal a message", ben.seal(room, "too late").await)?;
    has_to("ada can ban ben", ada.ban(room, ben.user()).await)?;
    let body = raw::submit_message_request(sealed.as_bytes(), ben.user().as_str());
    let reply = has_to(
        "ben's provider passes the message on",
        ben.call_raw(Endpoint::SubmitMessage, room.as_str(), body).await,
    )?;
    raw::SubmitAnswer::read(&reply)?.is_not_allowed()?;
    events_until(ben, "the removal", removed).await?;
    kept_out("ben", ben.join_external(room).await)?;
    has_to("ada can send", ada.send(room, "without ben").await)?;
    let message = |event: &Event| matches!(event, Event::Message { .. });
    let events = events_until(cleo, "ada's message", |events| events.iter().any(message)).await?;
    let banned = (ben.user().clone(), RoleIndex::BANNED);
    let told = |event: &Event| matches!(event, Event::RolesChanged { roles, .. } if roles.contains(&banned));
    expect(events.iter().any(told), "the ban at cleo", described(&events))?;
    nothing_comes(ben).await?;
    same_state(room, &[ada, cleo]).await?;
    Ok("no message, no group information, nothing in the queue".to_owned())
}

// req: RP03-8.1.3-13
async fn unbanned_returns(scenario: &mut Scenario) -> Verdict {
    let (room, [ada, ben, cleo]) = scenario.moderation.all()?;
    has_to("ada can unban ben", ada.unban(room, ben.user(), Some(MEMBER)).await)?;
    has_to("ben can join again", ben.join_external(room).await)?;
    events_until(cleo, "both commits", |events| committed(events) >= 2).await?;
    events_until(ada, "ben's commit", |events| committed(events) >= 1).await?;
    same_state(room, &[ada, ben, cleo]).await?;
    Ok(format!("{} is back", ben.id()))
}

// req: RP03-8.1.1-08, RP03-8.1.1-09, RP03-8.1.3-07
async fn open_join(scenario: &mut Scenario) -> Verdict {
    let name = scenario.name("open");
    let (_, [ada, ben, cleo]) = scenario.moderation.all()?;
    let options = RoomOptions { kind: RoomKind::OpenCommunity, ..RoomOptions::default() };
    let room = has_to("ada can make an open room", ada.create_room_with(&name, options).await)?;
    for (name, client) in [("cleo", cleo), ("ben", ben)] {
        has_to(&format!("{name} can join"), client.join_external(&room).await)?;
        let came = |event: &Event| matches!(event, Event::Committed { added, .. } if added.contains(client.user()));
        events_until(ada, &format!("{name}'s commit"), |events| events.iter().any(came)).await?;
    }
    has_to("ada can ban cleo", ada.ban(&room, cleo.user()).await)?;
    events_until(cleo, "the removal", removed).await?;
    kept_out("cleo", cleo.join_external(&room).await)?;
    events_until(ben, "the ban", |events| committed(events) >= 1).await?;
    let summary = same_state(&room, &[ada, ben]).await?;
    Ok(format!("{} participants, one of them banned", summary.participants.len()))
}
