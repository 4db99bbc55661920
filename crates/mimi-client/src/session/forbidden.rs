//! Which refusals a client needs no news to understand: its own view of the room's roles says the same
//! (draft-ietf-mimi-room-policy-03 section 8).

use mimi_arch::{RoomUri, UserUri};
use mimi_room_policy::capability::CapabilityType;

use super::{Intent, MetadataChange, Session, member};
use crate::{
    error::ClientError,
    mls::{Provider, components},
};

impl Session {
    /// Whether this user's role, as the client knows the room, lacks what an intent takes. While proposals wait the client does not say so:
    /// one of them may have changed the role.
    ///
    /// # Errors
    /// When this client is not a member, or the state file fails.
    // req: RP03-8-01
    pub(crate) fn is_forbidden(&mut self, room: &RoomUri, intent: &Intent) -> Result<bool, ClientError> {
        let own = self.account().user.clone();
        self.state.peek(|connection| {
            let (_, group) = member(connection, &Provider::new(connection), room)?;
            let context = group.public_group().group_context();
            let lacks = |takes: &CapabilityType| !components::holds(context, &own, *takes);
            Ok(group.pending_proposals().next().is_none() && takes(intent, &own).iter().any(lacks))
        })
    }
}

/// The capabilities that an intent takes in any room; nothing where that depends on more than the role.
fn takes(intent: &Intent, own: &UserUri) -> Vec<CapabilityType> {
    match intent {
        Intent::Remove { .. } => vec![CapabilityType::CAN_REMOVE_PARTICIPANT],
        Intent::Kick { .. } => vec![CapabilityType::CAN_KICK],
        Intent::Ban { .. } => vec![CapabilityType::CAN_BAN],
        Intent::Unban { .. } => vec![CapabilityType::CAN_UNBAN],
        Intent::SetMetadata(change) => metadata(change),
        Intent::AddJoinLink(_) => vec![CapabilityType::CAN_CREATE_JOIN_CODE],
        Intent::RemoveJoinLink { .. } => vec![CapabilityType::CAN_DELETE_JOIN_CODE],
        Intent::ChangeRole { user, .. } if user == own => vec![CapabilityType::CAN_CHANGE_OWN_ROLE],
        Intent::ChangeRole { .. } => vec![CapabilityType::CAN_CHANGE_USER_ROLE],
        // Who is added may be a participant already.
        Intent::Add { .. } | Intent::RemoveClient { .. } | Intent::CommitPending => Vec::new(),
    }
}

fn metadata(change: &MetadataChange) -> Vec<CapabilityType> {
    let MetadataChange { name, descriptions, avatar, subject, mood } = change;
    let fields = [
        (name.is_some(), CapabilityType::CAN_CHANGE_ROOM_NAME),
        (descriptions.is_some(), CapabilityType::CAN_CHANGE_ROOM_DESCRIPTION),
        (avatar.is_some(), CapabilityType::CAN_CHANGE_ROOM_AVATAR),
        (subject.is_some(), CapabilityType::CAN_CHANGE_ROOM_SUBJECT),
        (mood.is_some(), CapabilityType::CAN_CHANGE_ROOM_MOOD),
    ];
    fields.into_iter().filter(|(changes, _)| *changes).map(|(_, takes)| takes).collect()
}
