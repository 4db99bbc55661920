//! What is answered: by which capability something is allowed, or which rule refuses it.

use std::{fmt, slice};

use mimi_arch::{RoleIndex, UserUri, mls::ComponentId};

use crate::capability::CapabilityType;

/// Whether something may be done.
#[derive(Clone, PartialEq, Eq, Debug)]
#[must_use]
pub enum Decision {
    /// It may.
    Allowed(Grounds),
    /// It may not.
    Refused(Refusal),
}

impl Decision {
    /// Whether it may be done.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// Why it may not be done.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Allowed(_) => None,
            Self::Refused(refusal) => Some(refusal),
        }
    }

    /// What allows each step, in order; nothing if it is refused.
    pub fn grounds(&self) -> &[Authority] {
        match self {
            Self::Allowed(grounds) => grounds.as_slice(),
            Self::Refused(_) => &[],
        }
    }

    /// The same as a result.
    ///
    /// # Errors
    /// The refusal.
    pub fn into_result(self) -> Result<Grounds, Refusal> {
        match self {
            Self::Allowed(grounds) => Ok(grounds),
            Self::Refused(refusal) => Err(refusal),
        }
    }
}

/// What allows each step of an action, in order; one entry for an action without steps. One entry takes no allocation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grounds(Inner);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Inner {
    One(Authority),
    Several(Vec<Authority>),
}

impl Grounds {
    pub(super) const fn one(authority: Authority) -> Self {
        Self(Inner::One(authority))
    }

    pub(super) fn several(authorities: Vec<Authority>) -> Self {
        match authorities[..] {
            [] => Self::one(Authority::Membership),
            [one] => Self::one(one),
            _ => Self(Inner::Several(authorities)),
        }
    }

    /// One authority per step.
    pub fn as_slice(&self) -> &[Authority] {
        match &self.0 {
            Inner::One(one) => slice::from_ref(one),
            Inner::Several(several) => several,
        }
    }
}

/// What allows something.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Authority {
    /// A capability of the actor's role, or for those who join, of the role that section 8 names.
    Capability(CapabilityType),
    /// The hub does it, and it is one of the things that it may do without a role.
    Hub,
    /// Being a member is enough: a commit that changes nothing of the room.
    Membership,
}

/// Why something may not be done: the first rule that refuses it, in the order that [`authorize`](super::authorize) documents.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A banned user can do nothing.
    #[error("{user} is banned")]
    ActorBanned {
        /// Who.
        user: UserUri,
    },
    /// Members do this.
    #[error("this is done from a client that is a member of the group")]
    NotMember,
    /// A member does not come in from outside.
    #[error("a client that is a member of the group does not join again")]
    AlreadyMember,
    /// The actor is not on the participant list.
    #[error("the actor is not on the participant list")]
    NotParticipant,
    /// The claims of an external sender give it no role.
    #[error("no entry of the preauthorized users matches the claims of the sender")]
    NoPreauthorizedRole,
    /// The actor's role does not have the capability.
    #[error("role {role} does not have {capability}")]
    MissingCapability {
        /// The role that would need it.
        role: RoleIndex,
        /// What is missing.
        capability: CapabilityType,
    },
    /// The hub does not do this without a role.
    #[error("the hub may do this only with a preauthorized role")]
    HubNeedsRole,
    /// A commit comes from a member.
    #[error("only a client commits")]
    OnlyClientsCommit,
    /// The acting client joins once, and in an external commit always.
    #[error("{joins} steps bring the acting client in where one does")]
    OneClientJoins {
        /// How many steps.
        joins: usize,
    },
    /// Nothing in the draft allows this to anyone.
    #[error("no capability allows this")]
    NoCapability,
    /// No capability covers a component.
    #[error("no capability allows to change component 0x{:04X}", component.0)]
    NoCapabilityForComponent {
        /// The component.
        component: ComponentId,
    },
    /// What the hub or MLS enforces is not left to clients to exercise.
    #[error("{capability} is not a capability that only clients enforce")]
    NotForClients {
        /// The capability.
        capability: CapabilityType,
    },
    /// The capability is about other users.
    #[error("{capability} is for other users, not for {user} themselves")]
    TargetIsActor {
        /// Who.
        user: UserUri,
        /// The capability.
        capability: CapabilityType,
    },
    /// The user is on the participant list already.
    #[error("{user} is on the participant list already, with role {role}")]
    AlreadyParticipant {
        /// Who.
        user: UserUri,
        /// With which role.
        role: RoleIndex,
    },
    /// The user is not on the participant list.
    #[error("{user} is not on the participant list")]
    TargetNotParticipant {
        /// Who.
        user: UserUri,
    },
    /// There is no such role in the room.
    #[error("role {role} is not defined")]
    UndefinedRole {
        /// The role.
        role: RoleIndex,
    },
    /// Role zero is given by removal only.
    #[error("role 0 is not a role of a participant")]
    RoleZero,
    /// Without role 1 named `banned` nobody is banned or unbanned.
    #[error("there is no role 1 with the name \"banned\"")]
    NoBannedRole,
    /// Only the banned are unbanned.
    #[error("{user} has role {role} and is not banned")]
    NotBanned {
        /// Who.
        user: UserUri,
        /// The role.
        role: RoleIndex,
    },
    /// The actor's role does not list the transition.
    #[error("role {actor_role} does not list the change from role {from} to role {to}")]
    TransitionNotListed {
        /// The role whose list was consulted.
        actor_role: RoleIndex,
        /// Role before.
        from: RoleIndex,
        /// Role after.
        to: RoleIndex,
    },
    /// The first entry that matches the claims is for another role, or none matches.
    #[error("the claims do not preauthorize for role {role} (first match: {})", Shown(*first_match))]
    NotPreauthorized {
        /// The role that was asked for.
        role: RoleIndex,
        /// The role of the first match.
        first_match: Option<RoleIndex>,
    },
    /// The join code is not valid.
    #[error("the join code is not valid")]
    JoinCodeInvalid,
    /// The join code is for another role.
    #[error("the join code is for role {code}, not for role {role}")]
    JoinCodeForOtherRole {
        /// The role of the code.
        code: RoleIndex,
        /// The role that was asked for.
        role: RoleIndex,
    },
    /// Who leaves cannot commit that.
    #[error("a client cannot commit its own removal")]
    CommittedByLeaver,
    /// A commit touches a user of the participant list more than once.
    #[error("{user} is added, removed or given a role more than once")]
    TouchedTwice {
        /// Who.
        user: UserUri,
    },
    /// More clients are removed than the user has.
    #[error("{removed} clients of {user} are removed, who has {there}")]
    MoreClientsThanThere {
        /// Who.
        user: UserUri,
        /// How many are removed.
        removed: u64,
        /// How many there are.
        there: u32,
    },
    /// A user without a role, or a banned one, would keep clients.
    #[error("{user} would keep {clients} clients")]
    ClientsRemain {
        /// Who.
        user: UserUri,
        /// How many.
        clients: u64,
    },
    /// Roles and participants change in one commit.
    #[error("a commit that changes the roles does not change the participant list")]
    RolesWithParticipants,
    /// Preauthorized users and participants change in one commit.
    #[error("a commit that changes the preauthorized users changes the participant list by removals only")]
    PreauthWithParticipants,
    /// One component is updated more than once.
    #[error("component 0x{:04X} is updated more than once", component.0)]
    ComponentTwice {
        /// The component.
        component: ComponentId,
    },
    /// New roles lack one that a participant has.
    #[error("role {role} is held by {holders} participants and would not be defined any more")]
    RoleInUse {
        /// The role.
        role: RoleIndex,
        /// How many hold it.
        holders: u32,
    },
    /// The list of participants is fixed.
    #[error("the room has a fixed membership: {user} can neither come nor go")]
    FixedMembership {
        /// Who would come or go.
        user: UserUri,
    },
    /// In a room with a fixed membership a role allows to add participants.
    #[error("role {role} has canAddParticipant in a room with a fixed membership")]
    FixedMembershipWithAdding {
        /// The role.
        role: RoleIndex,
    },
    /// The room is a part of another one, to which the user does not belong.
    #[error("{user} is not a participant of the parent room")]
    NotInParent {
        /// Who.
        user: UserUri,
    },
    /// The participants would be all of the parent room's.
    #[error("{after} participants are no strict subset of the {parent} of the parent room")]
    NotStrictSubset {
        /// Entries of the list after the action.
        after: u64,
        /// Participants of the parent room.
        parent: u64,
    },
    /// Too few participants would be left in a role.
    #[error("role {role} would have {after} participants and needs {minimum}")]
    MinimumParticipants {
        /// The role.
        role: RoleIndex,
        /// The constraint.
        minimum: u32,
        /// After the action.
        after: u64,
    },
    /// Too few active participants would be left in a role.
    #[error("role {role} would have {after} active participants and needs {minimum}")]
    MinimumActiveParticipants {
        /// The role.
        role: RoleIndex,
        /// The constraint.
        minimum: u32,
        /// After the action.
        after: u64,
    },
    /// A role would have too many participants.
    #[error("role {role} would have {after} participants of at most {maximum}")]
    MaximumParticipants {
        /// The role.
        role: RoleIndex,
        /// The constraint.
        maximum: u32,
        /// After the action.
        after: u64,
    },
    /// A role would have too many active participants.
    #[error("role {role} would have {after} active participants of at most {maximum}")]
    MaximumActiveParticipants {
        /// The role.
        role: RoleIndex,
        /// The constraint.
        maximum: u32,
        /// After the action.
        after: u64,
    },
    /// The room would have too many participants who are not banned.
    #[error("the room would have {after} users of at most {maximum}")]
    MaxUsers {
        /// The limit.
        maximum: u32,
        /// After the action.
        after: u64,
    },
    /// The group would have too many clients.
    #[error("the group would have {after} clients of at most {maximum}")]
    MaxClients {
        /// The limit.
        maximum: u32,
        /// After the action.
        after: u64,
    },
    /// A user would have several clients in a room that allows one.
    #[error("{} would have more than one client", user.as_ref().map_or("someone", UserUri::as_str))]
    MultiDevice {
        /// Who, if it is someone whom the action touches.
        user: Option<UserUri>,
    },
}

impl Refusal {
    /// A name for machines that never changes.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::ActorBanned { .. } => "actor-banned",
            Self::NotMember => "not-member",
            Self::AlreadyMember => "already-member",
            Self::NotParticipant => "not-participant",
            Self::NoPreauthorizedRole => "no-preauthorized-role",
            Self::MissingCapability { .. } => "missing-capability",
            Self::HubNeedsRole => "hub-needs-role",
            Self::OnlyClientsCommit => "only-clients-commit",
            Self::OneClientJoins { .. } => "one-client-joins",
            Self::NoCapability => "no-capability",
            Self::NoCapabilityForComponent { .. } => "no-capability-for-component",
            Self::NotForClients { .. } => "not-for-clients",
            Self::TargetIsActor { .. } => "target-is-actor",
            Self::AlreadyParticipant { .. } => "already-participant",
            Self::TargetNotParticipant { .. } => "target-not-participant",
            Self::UndefinedRole { .. } => "undefined-role",
            Self::RoleZero => "role-zero",
            Self::NoBannedRole => "no-banned-role",
            Self::NotBanned { .. } => "not-banned",
            Self::TransitionNotListed { .. } => "transition-not-listed",
            Self::NotPreauthorized { .. } => "not-preauthorized",
            Self::JoinCodeInvalid => "join-code-invalid",
            Self::JoinCodeForOtherRole { .. } => "join-code-for-other-role",
            Self::CommittedByLeaver => "committed-by-leaver",
            Self::TouchedTwice { .. } => "touched-twice",
            Self::MoreClientsThanThere { .. } => "more-clients-than-there",
            Self::ClientsRemain { .. } => "clients-remain",
            Self::RolesWithParticipants => "roles-with-participants",
            Self::PreauthWithParticipants => "preauth-with-participants",
            Self::ComponentTwice { .. } => "component-twice",
            Self::RoleInUse { .. } => "role-in-use",
            Self::FixedMembership { .. } => "fixed-membership",
            Self::FixedMembershipWithAdding { .. } => "fixed-membership-with-adding",
            Self::NotInParent { .. } => "not-in-parent",
            Self::NotStrictSubset { .. } => "not-strict-subset",
            Self::MinimumParticipants { .. } => "minimum-participants",
            Self::MinimumActiveParticipants { .. } => "minimum-active-participants",
            Self::MaximumParticipants { .. } => "maximum-participants",
            Self::MaximumActiveParticipants { .. } => "maximum-active-participants",
            Self::MaxUsers { .. } => "max-users",
            Self::MaxClients { .. } => "max-clients",
            Self::MultiDevice { .. } => "multi-device",
        }
    }

    /// Document and section of the rule.
    pub fn section(&self) -> &'static str {
        match self {
            Self::MissingCapability { capability, .. } | Self::TargetIsActor { capability, .. } => capability.section(),
            Self::UndefinedRole { .. }
            | Self::RoleZero
            | Self::TransitionNotListed { .. }
            | Self::RolesWithParticipants
            | Self::ComponentTwice { .. }
            | Self::RoleInUse { .. }
            | Self::MinimumParticipants { .. }
            | Self::MinimumActiveParticipants { .. }
            | Self::MaximumParticipants { .. }
            | Self::MaximumActiveParticipants { .. } => "draft-ietf-mimi-room-policy-03 section 3",
            Self::NoPreauthorizedRole
            | Self::HubNeedsRole
            | Self::NotPreauthorized { .. }
            | Self::PreauthWithParticipants => "draft-ietf-mimi-room-policy-03 section 4",
            Self::FixedMembership { .. }
            | Self::FixedMembershipWithAdding { .. }
            | Self::NotInParent { .. }
            | Self::NotStrictSubset { .. }
            | Self::MaxUsers { .. }
            | Self::MaxClients { .. }
            | Self::MultiDevice { .. } => "draft-ietf-mimi-room-policy-03 section 5",
            Self::NotParticipant | Self::NoCapability => "draft-ietf-mimi-room-policy-03 section 8",
            Self::TargetNotParticipant { .. } => "draft-ietf-mimi-room-policy-03 section 8.1",
            Self::NotMember
            | Self::AlreadyMember
            | Self::AlreadyParticipant { .. }
            | Self::JoinCodeInvalid
            | Self::JoinCodeForOtherRole { .. } => "draft-ietf-mimi-room-policy-03 section 8.1.1",
            Self::CommittedByLeaver | Self::MoreClientsThanThere { .. } | Self::ClientsRemain { .. } => {
                "draft-ietf-mimi-room-policy-03 section 8.1.2"
            }
            Self::ActorBanned { .. } | Self::NoBannedRole | Self::NotBanned { .. } => {
                "draft-ietf-mimi-room-policy-03 section 8.1.3"
            }
            Self::NotForClients { .. } => "draft-ietf-mimi-room-policy-03 section 8.3",
            Self::NoCapabilityForComponent { .. } => "draft-ietf-mimi-room-policy-03 section 8.7",
            Self::OnlyClientsCommit | Self::OneClientJoins { .. } => "draft-ietf-mimi-protocol-06 section 7.3",
            Self::TouchedTwice { .. } => "draft-ietf-mimi-protocol-06 section 7.5",
        }
    }
}

struct Shown(Option<RoleIndex>);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(role) => role.fmt(f),
            None => f.write_str("none"),
        }
    }
}
