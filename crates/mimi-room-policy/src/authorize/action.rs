//! Who acts and what they want to do (draft-ietf-mimi-room-policy-03 section 8).

use mimi_arch::{RoleIndex, UserUri, mls::ComponentId};

use crate::base_room_policy::BaseRoomPolicy;
use crate::{
    capability::CapabilityType,
    preauth::{Claim, PreauthList},
    roles::RolesList,
};

/// Who acts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Actor<'a> {
    /// A user, on the participant list or not; the state of the room says which.
    User {
        /// The user.
        user: &'a UserUri,
        /// What the credential of the acting client claims. Looked at in the two cases of section 4 only.
        claims: &'a [Claim],
        /// Whether the acting client is a member of the MLS group.
        member: bool,
    },
    /// Another provider or a system that may send external proposals (section 4, last paragraph): it has the role for which its claims
    /// preauthorize it, and no other.
    ExternalSender {
        /// What its credential claims.
        claims: &'a [Claim],
    },
    /// The hub of the room, as far as it acts without a role: it takes out clients and users that are gone, and it may close the room.
    Hub,
}

impl<'a> Actor<'a> {
    /// A user who acts from a client that is a member.
    pub const fn member(user: &'a UserUri) -> Self {
        Self::User { user, claims: &[], member: true }
    }

    /// A user who acts from a client that is not a member.
    pub const fn outside(user: &'a UserUri) -> Self {
        Self::User { user, claims: &[], member: false }
    }

    /// The same with these claims; the hub has none.
    #[must_use]
    pub const fn claiming(self, claims: &'a [Claim]) -> Self {
        match self {
            Self::User { user, member, .. } => Self::User { user, claims, member },
            Self::ExternalSender { .. } => Self::ExternalSender { claims },
            Self::Hub => Self::Hub,
        }
    }
}

/// What someone wants to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action<'a> {
    /// Send one application message. What is in it only clients can see, see [`Exercise`](Self::Exercise).
    Message,
    /// Be sent the messages of others.
    Receive,
    /// Upload an asset.
    Upload(AssetKind),
    /// Download an asset.
    Download(AssetKind),
    /// Report a message as abusive.
    ReportAbuse,
    /// Use a capability that only other clients can enforce: of sections 8.3 to 8.5.
    Exercise(CapabilityType),
    /// Change the room by what a list of proposals or a commit means together.
    Change {
        /// How it was sent.
        sent: Sent,
        /// What it means, in the order in which it was sent.
        steps: &'a [Step<'a>],
    },
    /// Destroy the room.
    DestroyRoom,
}

impl<'a> Action<'a> {
    /// What these proposals mean, which someone else will commit.
    pub const fn proposals(steps: &'a [Step<'a>]) -> Self {
        Self::Change { sent: Sent::Proposals, steps }
    }

    /// What the proposals mean that a member's commit carries by value.
    pub const fn commit(steps: &'a [Step<'a>]) -> Self {
        Self::Change { sent: Sent::Commit, steps }
    }

    /// What an external commit means.
    pub const fn external_commit(steps: &'a [Step<'a>]) -> Self {
        Self::Change { sent: Sent::ExternalCommit, steps }
    }
}

/// How a change of the room was sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sent {
    /// As proposals.
    Proposals,
    /// In a commit of a member.
    Commit,
    /// In an external commit.
    ExternalCommit,
}

/// What one party adds to a commit: its own proposals, or the commit itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part<'a> {
    /// Who.
    pub actor: Actor<'a>,
    /// How.
    pub sent: Sent,
    /// What.
    pub steps: &'a [Step<'a>],
}

/// The kinds of assets (section 8.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AssetKind {
    /// An image to be rendered.
    Image,
    /// Audio to be rendered.
    Audio,
    /// A video to be rendered.
    Video,
    /// Any file with the disposition of an attachment.
    Attachment,
}

/// What the hub found when it looked a join code up.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum JoinCode {
    /// It is a code of this room, not used up and not expired, for this role.
    Valid {
        /// The role.
        role: RoleIndex,
    },
    /// It is not.
    Invalid,
}

/// A field of the room metadata (draft-ietf-mimi-protocol-06 section 7.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MetadataField {
    /// `room_name`.
    Name,
    /// `room_descriptions`.
    Description,
    /// `room_avatar`.
    Avatar,
    /// `room_subject`.
    Subject,
    /// `room_mood`.
    Mood,
    /// `room_uri`, which no capability covers.
    Uri,
}

/// One change of the room.
///
/// Numbers of clients are numbers of clients of that user that a commit brings into the MLS group or takes out of it.
///
/// [`Step::of_role_change`] and [`RoomState::way_in`](super::RoomState::way_in) tell which step it is where the wire does not.
///
/// Each means the same sent as proposals and in a commit (section 8). A change of role on the participant list is [`Ban`](Self::Ban) if it is to role 1, [`Unban`](Self::Unban) if it is from role 1,
/// [`ChangeOwnRole`](Self::ChangeOwnRole) if it is one's own, and else [`ChangeRole`](Self::ChangeRole).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// Put another user on the participant list.
    AddParticipant {
        /// The user.
        user: &'a UserUri,
        /// Their role.
        role: RoleIndex,
        /// How many of their clients are added along with them.
        clients: u32,
    },
    /// Take another user off the participant list.
    RemoveParticipant {
        /// The user.
        user: &'a UserUri,
        /// How many of their clients are removed along with them.
        clients: u32,
    },
    /// Leave the participant list.
    Leave {
        /// How many of one's clients are removed.
        clients: u32,
    },
    /// Give another participant another role.
    ChangeRole {
        /// The participant.
        user: &'a UserUri,
        /// The role.
        role: RoleIndex,
    },
    /// Take another role oneself.
    ChangeOwnRole {
        /// The role.
        role: RoleIndex,
    },
    /// Give another user role 1; one who is not on the participant list is put there with it.
    Ban {
        /// The user.
        user: &'a UserUri,
        /// How many of their clients are removed along with it.
        clients: u32,
    },
    /// Give a banned participant another role.
    Unban {
        /// The participant.
        user: &'a UserUri,
        /// The role.
        role: RoleIndex,
    },
    /// Remove clients of another participant, who stays on the list.
    Kick {
        /// The participant.
        user: &'a UserUri,
        /// How many.
        clients: u32,
    },
    /// Bring the acting client itself into the group, by external commit or external proposal; also in order to come back.
    AddOwnClient {
        /// How many old members of the same user the same commit removes, when a client comes back in another place.
        replaces: u32,
    },
    /// Add further clients of one's own user, from a client that is a member.
    AddOtherOwnClients {
        /// How many.
        clients: u32,
    },
    /// Add clients of another user who is on the participant list already. No capability covers it, and it is allowed only where the
    /// participants are fixed.
    AddClientsOf {
        /// The participant.
        user: &'a UserUri,
        /// How many.
        clients: u32,
    },
    /// Remove clients of one's own user and stay on the participant list.
    RemoveOwnClients {
        /// How many.
        clients: u32,
        /// Whether the acting client is one of them.
        acting: bool,
    },
    /// Join with the acting client: the room is open.
    OpenJoin {
        /// With which role.
        role: RoleIndex,
    },
    /// Join with the acting client: one's claims allow it.
    JoinPreauthorized {
        /// With which role.
        role: RoleIndex,
    },
    /// Join with the acting client: one has a code.
    JoinByCode {
        /// With which role.
        role: RoleIndex,
        /// What the code is worth.
        code: JoinCode,
    },
    /// Change a field of the room metadata.
    ChangeMetadata(MetadataField),
    /// Replace the roles.
    UpdateRoles(&'a RolesList),
    /// Replace the preauthorized users.
    UpdatePreauth(&'a PreauthList),
    /// Replace the base room policy.
    UpdateBasePolicy(&'a BaseRoomPolicy),
    /// Change the links by which users join. The capabilities for it have reserved names, which are taken for what they say.
    ChangeJoinLinks {
        /// How many are added.
        added: u32,
        /// How many are removed.
        removed: u32,
    },
    /// Update or remove another component. No capability covers it; the hub may.
    UpdateComponent(ComponentId),
    /// Propose to re-initialize the MLS group.
    ReInit,
}

impl Step<'_> {
    /// Whether the acting client comes into the group by it.
    pub(super) const fn brings_acting_client(&self) -> bool {
        matches!(
            self,
            Self::AddOwnClient { .. }
                | Self::OpenJoin { .. }
                | Self::JoinPreauthorized { .. }
                | Self::JoinByCode { .. }
        )
    }
}
