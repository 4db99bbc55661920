//! Everything that a room says about itself: who is in it, by which rules, under which name.

use mimi_arch::{Domain, RoleIndex, RoomUri};
use mimi_protocol::room_metadata::RoomMetaData;
use mimi_room_policy::{policy::RoomPolicy, ready_made::RoomKind, roles::RolesList};

use super::{Session, member, summary};
use crate::{
    error::ClientError,
    events::RoomSummary,
    mls::{Provider, components, external_senders},
};

/// A room of which this client is a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomDetails {
    /// Who is in it.
    pub summary: RoomSummary,
    /// The policy components (draft-ietf-mimi-room-policy-03).
    pub policy: RoomPolicy,
    /// The metadata, if there are any (draft-ietf-mimi-protocol-06 section 7.6).
    pub metadata: Option<RoomMetaData>,
    /// The providers that may propose to the room, the hub first (draft-ietf-mimi-protocol-06 section 7.4).
    pub external_senders: Vec<Domain>,
}

impl RoomDetails {
    /// What the policy calls a role.
    pub fn role_name(&self, index: RoleIndex) -> Option<&str> {
        self.policy.roles.as_ref().and_then(|roles| roles.get(index)).map(|role| role.role_name.as_str())
    }

    /// The role of a name, or of a number in digits.
    pub fn role_called(&self, name: &str) -> Option<RoleIndex> {
        let roles = self.policy.roles.as_ref().map(RolesList::roles).unwrap_or_default();
        let called = roles.iter().find(|role| role.role_name == name);
        let numbered = name.parse().ok().map(RoleIndex);
        called.or_else(|| roles.iter().find(|role| Some(role.role_index) == numbered)).map(|role| role.role_index)
    }

    /// The ready-made kind whose roles and base policy these are, if they are those of one.
    pub fn kind(&self) -> Option<RoomKind> {
        RoomKind::ALL.into_iter().find(|kind| {
            let ready = kind.policy(&[], None);
            ready.is_some_and(|ready| ready.roles == self.policy.roles && ready.base == self.policy.base)
        })
    }
}

impl Session {
    /// What this client knows of a room.
    ///
    /// # Errors
    /// When it is not a member, or the state file fails.
    pub(crate) fn details(&mut self, room: &RoomUri) -> Result<RoomDetails, ClientError> {
        self.state.peek(|connection| {
            let (row, group) = member(connection, &Provider::new(connection), room)?;
            let context = group.public_group().group_context();
            Ok(RoomDetails {
                summary: summary(connection, &row)?,
                policy: components::policy(context)?,
                metadata: components::metadata(context),
                external_senders: external_senders::of(context)?
                    .0
                    .iter()
                    .filter_map(external_senders::domain_of)
                    .collect(),
            })
        })
    }
}
