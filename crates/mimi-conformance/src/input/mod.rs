//! Bad input: what a provider does with requests that are malformed, misplaced or made by somebody who may not make them.
//!
//! The suite has a room of its own for this, with amy at the hub and ben at the second provider. After each bad request, amy
//! sends a message, and ben's client has to get this message and nothing else: what was refused has left no trace.

mod acting_for_others;
mod malformed;
mod misplaced;
mod out_of_step;
mod proxy_download;

use mimi_arch::RoomUri;
use mimi_client::{Client, Event};

use crate::check::{Check, Draft, Level};
use crate::peer::Endpoint;
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier};
use crate::target::ProviderTarget;

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[
    SET_UP,
    misplaced::CHECKS,
    malformed::CHECKS,
    acting_for_others::CHECKS,
    out_of_step::CHECKS,
    proxy_download::CHECKS,
];

/// The check that makes the room for all others of the group.
const ROOM: &str = "input.s3.2.room";

static SET_UP: &[Check] = &[Check {
    id: ROOM,
    sentence: "There is a room with users of two providers for the bad requests to aim at.",
    explanation: "Amy registers at the hub, ben at the second provider; amy creates two rooms and adds ben to both. This is \
        needed before anything can be spoilt. A failure means that the flow of section 3 does not work; see the checks of the \
        group flow.",
    draft: Draft::Protocol,
    section: "3.2",
    level: Level::Must,
    requirements: &["MP06-3.2-01"],
    needs: &[],
    ask: |scenario| Box::pin(set_up(scenario)),
}];

/// What the checks of this group share.
#[derive(Default)]
pub(crate) struct Input {
    room: Option<Room>,
}

/// The room, and who is in it.
pub(crate) struct Room {
    pub(crate) room: RoomUri,
    /// Another room with the same participants.
    pub(crate) other: RoomUri,
    pub(crate) amy: Client,
    pub(crate) ben: Client,
}

impl Input {
    pub(crate) fn room(&self) -> Result<&Room, Halt> {
        left_by_earlier(self.room.as_ref())
    }
}

impl Room {
    /// The identifier of the room's group.
    fn group(&self) -> String {
        self.room.group().to_string()
    }

    /// The epoch, as amy's client knows it.
    async fn epoch(&self) -> Result<u64, Halt> {
        Ok(has_to("amy knows the room", self.amy.room(&self.room).await)?.epoch.0)
    }

    /// Nothing of what was sent meanwhile has left a trace: the next message that ben gets is the one that amy sends now,
    /// and both clients see the room as they did.
    async fn is_untouched(&self) -> Result<(), Halt> {
        let before = has_to("ben knows the room", self.ben.room(&self.room).await)?;
        let accepted = has_to("amy can still send", self.amy.send(&self.room, "still here").await)?;
        let is_ours = |event: &Event| matches!(event, Event::Message { accepted: when, .. } if *when == accepted);
        let events = events_until(&self.ben, "amy's message", |events| events.iter().any(is_ours)).await?;
        expect(events.len() == 1, "amy's message and nothing else at ben's client", described(&events))?;
        let amys = has_to("the queue can be read", self.amy.sync().await)?;
        expect(amys.is_empty(), "nothing at amy's client", described(&amys))?;
        let after = has_to("ben knows the room", self.ben.room(&self.room).await)?;
        let at_amys = has_to("amy knows the room", self.amy.room(&self.room).await)?;
        expect(
            after == before && at_amys == before,
            "the room as it was",
            format!("epochs {} and {}", after.epoch.0, at_amys.epoch.0),
        )
    }
}

// req: MP06-3.2-01
async fn set_up(scenario: &mut Scenario) -> Verdict {
    let amy = scenario.register(0, "amy", "A5", None).await?;
    let ben = scenario.register(1, "ben", "B5", None).await?;
    let mut rooms = Vec::new();
    for name in ["bad-input", "other"] {
        let room = has_to("amy can create a room", amy.create_room(&scenario.name(name)).await)?;
        has_to("amy can add ben", amy.add(&room, ben.user()).await)?;
        events_until(&ben, "a Welcome", |events| !events.is_empty()).await?;
        rooms.push(room);
    }
    let [room, other] =
        <[RoomUri; 2]>::try_from(rooms).map_err(|rooms| Halt::Skipped(format!("{} rooms were made", rooms.len())))?;
    let observed = format!("{room} with {} and {}", amy.user(), ben.user());
    scenario.input.room = Some(Room { room, other, amy, ben });
    Ok(observed)
}

/// A well-formed request of the suite's provider to an endpoint, for a check to spoil.
struct Sample {
    provider: ProviderTarget,
    /// What stands in the path.
    value: String,
    body: Vec<u8>,
}

/// A sample for each endpoint: as the hub of a room of the suite where a provider is asked or told something as a follower,
/// and to the hub of the group's room otherwise.
async fn sample(scenario: &Scenario, endpoint: Endpoint) -> Result<Sample, Halt> {
    let (dora, client) = scenario.suite.user("dora");
    let own_room = scenario.suite.room(&scenario.name("own"));
    let room = scenario.input.room()?;
    let (group, epoch) = (room.group(), room.epoch().await?);
    let to_hub = |body| Ok(Sample { provider: scenario.provider(0)?, value: room.room.to_string(), body });
    match endpoint {
        Endpoint::KeyMaterial => {
            let ben = room.ben.user().to_string();
            let body = raw::key_material_request(&dora, &client, &ben, &own_room);
            Ok(Sample { provider: scenario.provider(1)?, value: ben, body })
        }
        Endpoint::Update => to_hub(raw::update_with_proposal(&raw::remove_proposal(&group, epoch))),
        Endpoint::SubmitMessage => to_hub(raw::submit_message_request(&raw::private_message(&group, epoch), &dora)),
        Endpoint::Notify => {
            let message = raw::private_message(&own_room.replace("/r/", "/g/"), 1);
            let body = raw::fanout_of_application(1_700_000_000_000, &message);
            Ok(Sample { provider: scenario.provider(1)?, value: own_room, body })
        }
        Endpoint::GroupInfo => to_hub(raw::group_info_request(&client)),
        Endpoint::ReportAbuse => to_hub(raw::abuse_report(&dora, room.amy.user().as_str(), "", &[])),
        Endpoint::ProxyDownload => {
            let value = "https://assets.invalid/".to_owned();
            Ok(Sample { provider: scenario.provider(0)?, value, body: Vec::new() })
        }
        Endpoint::RequestConsent | Endpoint::UpdateConsent | Endpoint::IdentifierQuery => {
            Err(Halt::Skipped("this endpoint has a group of its own".to_owned()))
        }
    }
}
