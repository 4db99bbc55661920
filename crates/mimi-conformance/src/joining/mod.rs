//! The ways into a room, over the network: by a joining code (draft-ietf-mimi-room-policy-03 sections 6.2 and 8.1.1,
//! draft-ietf-mimi-protocol-06 section 5.6); and the rooms that let in only so many, or only these (section 5).

mod codes;
mod limits;
mod welcomes;

use mimi_arch::RoomUri;
use mimi_client::{Client, ClientError, Event, GroupInfoFailure, Invitation};
use mimi_protocol::update::UpdateRoomResponse;

use crate::check::Check;
use crate::scenario::{Halt, left_by_earlier};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[codes::CODES, limits::LIMITS, welcomes::WELCOMES];

/// What the checks of this group share.
#[derive(Default)]
pub(crate) struct Joining {
    /// A room whose links may be for several users.
    room: Option<RoomUri>,
    /// At the hub, the room's owner.
    ada: Option<Client>,
    /// At the second provider.
    ben: Option<Client>,
    /// At the third provider.
    cleo: Option<Client>,
    /// A link for several users.
    link: Option<Invitation>,
}

impl Joining {
    fn all(&self) -> Result<(&RoomUri, [&Client; 3], &Invitation), Halt> {
        let [ada, ben, cleo] = [&self.ada, &self.ben, &self.cleo].map(|client| left_by_earlier(client.as_ref()));
        Ok((left_by_earlier(self.room.as_ref())?, [ada?, ben?, cleo?], left_by_earlier(self.link.as_ref())?))
    }
}

/// The hub has to refuse by policy.
fn refused<T>(what: &str, outcome: Result<T, ClientError>) -> Result<(), Halt> {
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

fn committed(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Committed { .. })).count()
}
