//! What a new room is like: its policy, and those who are in it from the start (draft-ietf-mimi-room-policy-03 section 5).

use mimi_arch::{RoleIndex, RoomUri, Uri, UserUri};
use mimi_room_policy::{
    base_room_policy::BaseRoomPolicy,
    policy::RoomPolicy,
    ready_made::{self, RoomKind},
    roles::RolesList,
};

use super::RoomOptions;
use crate::error::{ClientError, MlsFailure};

/// A room that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRoom {
    /// Its policy.
    pub policy: RoomPolicy,
    /// Who else is a participant from the start: only where the policy has participants fixed.
    pub participants: Vec<UserUri>,
    /// As in [`RoomOptions`].
    pub media_types: bool,
}

impl NewRoom {
    /// A room whose participants are this client's user and these, for good.
    pub fn direct_message(with: Vec<UserUri>) -> Self {
        let mut policy = ready_made::direct_message(&[]);
        let count = u32::try_from(with.len()).unwrap_or(u32::MAX).saturating_add(1);
        if let Some(base) = &mut policy.base {
            base.max_users = Some(count);
        }
        if let Some(roles) = &policy.roles {
            let every = roles.roles().iter().cloned().map(|role| {
                let takes_part = role.role_index > RoleIndex::BANNED;
                if takes_part { role.participants(0, Some(count)) } else { role }
            });
            policy.roles = RolesList::new(every.collect()).ok().or(policy.roles);
        }
        Self { policy, participants: with, media_types: false }
    }

    /// A room of a ready-made kind that needs nothing else to be said.
    ///
    /// # Errors
    /// The kind needs participants or a parent.
    pub(crate) fn of(options: RoomOptions) -> Result<Self, MlsFailure> {
        let RoomOptions { kind, media_types } = options;
        let policy = kind.policy(&[], None).filter(|_| kind != RoomKind::DirectMessage);
        let policy = policy.ok_or(MlsFailure::RoomKind { kind: kind.name() })?;
        Ok(Self { policy, participants: Vec::new(), media_types })
    }

    /// A room of a ready-made kind, with the same rules as it has anywhere.
    pub fn of_kind(kind: RoomKind) -> Self {
        let policy = match kind {
            RoomKind::ParentDependent => ready_made::group(&[]),
            other => other.policy(&[], None).unwrap_or_else(|| ready_made::group(&[])),
        };
        Self { policy, participants: Vec::new(), media_types: false }
    }

    /// The same as a part of another room of the same hub: its participants are some of that one's, and who leaves that one leaves this one.
    ///
    /// # Errors
    /// None in practice: a room's URI is a URI.
    pub fn under(self, parent: &RoomUri) -> Result<Self, ClientError> {
        let parent = Uri::new(parent.as_str())?;
        Ok(self.with_base(|base| base.parent_room = Some(parent)))
    }

    /// The same with one client of each user at a time.
    #[must_use]
    pub fn single_device(self) -> Self {
        self.with_base(|base| base.multi_device = false)
    }

    /// The same with at most so many users.
    #[must_use]
    pub fn max_users(self, count: u32) -> Self {
        self.with_base(|base| base.max_users = Some(count))
    }

    /// The same with at most so many clients.
    #[must_use]
    pub fn max_clients(self, count: u32) -> Self {
        self.with_base(|base| base.max_clients = Some(count))
    }

    fn with_base(mut self, change: impl FnOnce(&mut BaseRoomPolicy)) -> Self {
        if let Some(base) = &mut self.policy.base {
            change(base);
        }
        self
    }
}
