//! What the actor is in the room, and which role that gives (draft-ietf-mimi-room-policy-03 sections 4 and 8).

use mimi_arch::{RoleIndex, UserUri};

use super::{Actor, Authority, Participant, Refusal, RoomState};
use crate::{capability::CapabilityType, preauth::Claim};

/// The actor, looked up.
#[derive(Clone, Copy)]
pub(super) enum Standing<'a> {
    /// On the participant list and not banned.
    Participant { user: &'a UserUri, claims: &'a [Claim], participant: Participant, member: bool },
    /// A user who is not on the list.
    Outsider { user: &'a UserUri, claims: &'a [Claim] },
    /// An external sender with its preauthorized role.
    Sender { role: RoleIndex },
    /// The hub without a role.
    Hub,
}

impl<'a> Standing<'a> {
    // req: RP03-4-03, RP03-4-15, RP03-8-02
    pub(super) fn of(state: &RoomState, actor: &Actor<'a>) -> Result<Self, Refusal> {
        match *actor {
            Actor::User { user, claims, member } => match state.participant(user) {
                Some(Participant { role: RoleIndex::BANNED, .. }) => Err(Refusal::ActorBanned { user: user.clone() }),
                Some(participant) => {
                    Ok(Self::Participant { user, claims, participant, member: member && participant.clients > 0 })
                }
                None if member => Err(Refusal::NotParticipant),
                None => Ok(Self::Outsider { user, claims }),
            },
            Actor::ExternalSender { claims } => {
                let role = state.preauth().role_for(claims).ok_or(Refusal::NoPreauthorizedRole)?;
                defined(state, role)?;
                Ok(Self::Sender { role })
            }
            Actor::Hub => Ok(Self::Hub),
        }
    }

    pub(super) const fn user(&self) -> Option<&'a UserUri> {
        match self {
            Self::Participant { user, .. } | Self::Outsider { user, .. } => Some(user),
            Self::Sender { .. } | Self::Hub => None,
        }
    }

    /// The participant behind it, with whether it acts from a member.
    pub(super) const fn participant(&self) -> Result<(&'a UserUri, Participant, bool), Refusal> {
        match self {
            Self::Participant { user, participant, member, .. } => Ok((user, *participant, *member)),
            _ => Err(Refusal::NotParticipant),
        }
    }

    /// The role whose capabilities and transitions count for proposals: of the list, or by preauthorization for those who are not on it.
    // req: RP03-4-02, RP03-8-02
    pub(super) fn role(&self, state: &RoomState) -> Result<RoleIndex, Refusal> {
        match self {
            Self::Participant { participant, .. } => Ok(participant.role),
            Self::Outsider { claims, .. } => match state.preauth().role_for(claims) {
                Some(role) => defined(state, role).map(|()| role),
                None => Ok(RoleIndex::NON_PARTICIPANT),
            },
            Self::Sender { role } => Ok(*role),
            Self::Hub => Err(Refusal::HubNeedsRole),
        }
    }

    /// The actor's role, if it has the capability.
    pub(super) fn holder(&self, state: &RoomState, capability: CapabilityType) -> Result<RoleIndex, Refusal> {
        let role = self.role(state)?;
        has(state, role, capability)?;
        Ok(role)
    }
}

pub(super) fn has(state: &RoomState, role: RoleIndex, capability: CapabilityType) -> Result<Authority, Refusal> {
    if state.has(role, capability) {
        Ok(Authority::Capability(capability))
    } else {
        Err(Refusal::MissingCapability { role, capability })
    }
}

pub(super) fn defined(state: &RoomState, role: RoleIndex) -> Result<(), Refusal> {
    if role == RoleIndex::NON_PARTICIPANT || state.role(role).is_some() {
        Ok(())
    } else {
        Err(Refusal::UndefinedRole { role })
    }
}

/// A role that a participant can be given.
// req: RP03-3-03
pub(super) fn within(state: &RoomState, role: RoleIndex) -> Result<(), Refusal> {
    if role == RoleIndex::NON_PARTICIPANT { Err(Refusal::RoleZero) } else { defined(state, role) }
}

/// Whether the transitions of `actor_role` list a change.
// req: RP03-3-09
pub(super) fn listed(state: &RoomState, actor_role: RoleIndex, from: RoleIndex, to: RoleIndex) -> Result<(), Refusal> {
    if state.role(actor_role).is_some_and(|role| role.may_change(from, to)) {
        Ok(())
    } else {
        Err(Refusal::TransitionNotListed { actor_role, from, to })
    }
}
