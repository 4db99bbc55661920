//! Policies that are ready to use: the role sets of the draft's examples (draft-ietf-mimi-room-policy-03 appendix A) and whole policies
//! for common kinds of rooms.
//!
//! All of them pass [`RoomPolicy::check`](crate::policy::RoomPolicy::check).

mod appendix_a;
mod capability_sets;
mod room_kinds;

pub use appendix_a::{RoleSet, cooperative, moderated, multi_organization, strict};
pub use room_kinds::{
    announcement, direct_message, group, moderated_group, open_community, parent_dependent, with_roles,
};

use std::fmt;

use mimi_arch::Domain;
use mimi_arch::uri::Uri;

use crate::policy::RoomPolicy;

/// A common kind of room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoomKind {
    /// Two users who stay together.
    DirectMessage,
    /// People who know each other; everyone adds others.
    Group,
    /// Only some may speak.
    ModeratedGroup,
    /// A few speak, all others read.
    Announcement,
    /// Anyone may join.
    OpenCommunity,
    /// Participants of another room.
    ParentDependent,
}

impl RoomKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::DirectMessage,
        Self::Group,
        Self::ModeratedGroup,
        Self::Announcement,
        Self::OpenCommunity,
        Self::ParentDependent,
    ];

    /// The name of the kind on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DirectMessage => "direct-message",
            Self::Group => "group",
            Self::ModeratedGroup => "moderated-group",
            Self::Announcement => "announcement",
            Self::OpenCommunity => "open-community",
            Self::ParentDependent => "parent-dependent",
        }
    }

    /// The policy of a room of this kind. `providers` are those whose users upload assets, see [`group`]; the parent is used by rooms that
    /// depend on one, and without it there is no policy for them.
    pub fn policy(self, providers: &[Domain], parent: Option<&Uri>) -> Option<RoomPolicy> {
        Some(match self {
            Self::DirectMessage => direct_message(providers),
            Self::Group => group(providers),
            Self::ModeratedGroup => moderated_group(providers),
            Self::Announcement => announcement(providers),
            Self::OpenCommunity => open_community(providers),
            Self::ParentDependent => parent_dependent(parent?.clone(), providers),
        })
    }
}

impl fmt::Display for RoomKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
