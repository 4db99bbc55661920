//! The example flow of draft-ietf-mimi-protocol-06 section 3, step by step, with clients of three providers.

mod s3_1_create_room;
mod s3_2_alice_adds_bob;
mod s3_3_bob_adds_cathy;
mod s3_4_messages;
mod s3_5_bob_leaves;
mod s3_6_new_device;
mod s5_5_proposed_anew;

use mimi_arch::RoomUri;
use mimi_client::{Client, PreparedUpdate, RoomSummary};
use mimi_protocol::AcceptedTimestamp;

use crate::check::Check;
use crate::scenario::{Halt, expect, has_to};

/// The checks of this group, section by section.
pub(crate) static CHECKS: &[&[Check]] = &[
    s3_1_create_room::CHECKS,
    s3_2_alice_adds_bob::CHECKS,
    s3_3_bob_adds_cathy::CHECKS,
    s3_4_messages::CHECKS,
    s3_5_bob_leaves::CHECKS,
    s3_6_new_device::CHECKS,
    s5_5_proposed_anew::CHECKS,
];

/// What the steps of the flow leave to those after them.
#[derive(Default)]
pub(crate) struct Flow {
    pub(crate) room: Option<RoomUri>,
    /// ClientA1, at the hub.
    pub(crate) alice: Option<Client>,
    /// ClientB1.
    pub(crate) bob: Option<Client>,
    /// A client of bob's provider that has nothing to do with the room.
    pub(crate) bystander: Option<Client>,
    /// ClientC1.
    pub(crate) cathy: Option<Client>,
    /// ClientC3, which joins by external commit.
    pub(crate) new_device: Option<Client>,
    /// Bob's commit that adds cathy, before it is sent.
    pub(crate) adds_cathy: Option<PreparedUpdate>,
    /// A message that bob sealed while he was in the room.
    pub(crate) sealed_by_bob: Option<Vec<u8>>,
    /// The accepted timestamps that the hub gave, in the order of acceptance, with what they were given for.
    pub(crate) accepted: Vec<(&'static str, AcceptedTimestamp)>,
}

/// The room as several clients see it, which has to be the same: epoch, epoch authenticator, participants, members.
///
/// The epoch authenticator (RFC 9420 section 8.7) is equal only if the whole group state is.
pub(crate) async fn same_state(room: &RoomUri, clients: &[&Client]) -> Result<RoomSummary, Halt> {
    let mut first: Option<RoomSummary> = None;
    for client in clients {
        let summary = has_to(&format!("{} knows the room", client.id()), client.room(room).await)?;
        expect(summary.active, format!("{} to be a member", client.id()), "it is not")?;
        let Some(first) = &first else {
            first = Some(summary);
            continue;
        };
        let who = client.id();
        expect(
            summary.epoch == first.epoch,
            format!("epoch {} at {who}", first.epoch.0),
            format!("epoch {}", summary.epoch.0),
        )?;
        expect(
            summary.epoch_authenticator == first.epoch_authenticator && !summary.epoch_authenticator.is_empty(),
            format!("epoch authenticator {} at {who}", hex::encode(&first.epoch_authenticator)),
            hex::encode(&summary.epoch_authenticator),
        )?;
        expect(
            summary.participants == first.participants,
            format!("participants {} at {who}", participants(first)),
            participants(&summary),
        )?;
        expect(
            summary.members == first.members,
            format!("the members {:?} at {who}", first.members),
            format!("{:?}", summary.members),
        )?;
    }
    first.ok_or_else(|| Halt::Skipped("nobody is there to compare".to_owned()))
}

/// A participant list in words.
pub(crate) fn participants(summary: &RoomSummary) -> String {
    let users: Vec<&str> = summary.participants.iter().map(|(user, _)| user.as_str()).collect();
    users.join(", ")
}

/// The first octets of a long value, enough to tell it from others.
pub(crate) fn short(value: &[u8]) -> String {
    hex::encode(value.get(..8).unwrap_or(value))
}
