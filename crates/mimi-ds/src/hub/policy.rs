//! The policy of a room at its hub: what its policy components say, and who is in the room as far as a decision depends on it
//! (draft-ietf-mimi-room-policy-03, draft-ietf-mimi-protocol-06 section 3.1). What somebody may do is decided by `mimi-room-policy` alone.

use std::collections::BTreeSet;

use mimi_arch::{
    Domain, RoleIndex, UserUri,
    mls::{ComponentId, CredentialType},
};
use mimi_protocol::mls::{AppDataDictionary, ComponentData};
use mimi_room_policy::{
    authorize::{
        Action, Actor, Decision, JoinCode, Part, Refusal, RoomState, StateError, Step, authorize, authorize_commit,
    },
    capability::CapabilityType,
    join_code::CodeLink,
    join_link::JoinLink,
    policy::{POLICY_COMPONENTS, PolicyError, RoomPolicy},
    preauth::Claim,
};

use super::{JoinLinkFault, Member, participants::Participants, roster::Roster};
use crate::group::RoomGroup;

/// The policy does not allow something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{user} may not do this: {refusal}")]
pub struct Denied {
    /// Who wanted it.
    pub user: UserUri,
    /// The rule that refuses it.
    pub refusal: Refusal,
}

impl Denied {
    /// Document and section of the rule.
    pub fn section(&self) -> &'static str {
        self.refusal.section()
    }
}

/// Components that make no policy for a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// A component does not read.
    #[error(transparent)]
    Unreadable(#[from] PolicyError),
    /// Roles and base policy are what a room needs at least.
    #[error("there is no {0}")]
    Missing(&'static str),
    /// The components contradict each other or the draft.
    #[error("{sentence} ({section})")]
    Contradiction {
        /// What is contradictory.
        sentence: String,
        /// Document and section of what is contradicted.
        section: &'static str,
    },
    /// A participant has a role that no participant can have.
    #[error(transparent)]
    Participants(#[from] StateError),
}

/// What the hub knows of a room's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    components: RoomPolicy,
    state: RoomState,
}

impl Policy {
    /// Reads the policy components of a group.
    // req: MP06-4.3.1-05
    pub(super) fn read(group: &impl RoomGroup) -> Result<RoomPolicy, PolicyFault> {
        let present = POLICY_COMPONENTS.iter().filter_map(|(id, _)| Some((*id, group.component(*id)?)));
        Ok(RoomPolicy::from_components(present)?)
    }

    /// Reads the policy components of a dictionary.
    pub(super) fn of(dictionary: &AppDataDictionary) -> Result<RoomPolicy, PolicyFault> {
        let present = POLICY_COMPONENTS.iter().filter_map(|(id, _)| Some((*id, dictionary.find(*id)?)));
        Ok(RoomPolicy::from_components(present)?)
    }

    /// A policy that contradicts nothing, for a room of this hub.
    pub(super) fn check(components: &RoomPolicy, hub: &Domain) -> Result<(), PolicyFault> {
        match components.check_for(hub).first() {
            None => Ok(()),
            Some(found) => Err(PolicyFault::Contradiction { sentence: found.to_string(), section: found.section() }),
        }
    }

    /// The policy with those who are in the room.
    pub(super) fn new(
        components: RoomPolicy,
        participants: &Participants,
        roster: &Roster,
    ) -> Result<Self, PolicyFault> {
        let roles = components.roles.as_ref().ok_or(PolicyFault::Missing("roles_list"))?;
        let base = components.base.clone().ok_or(PolicyFault::Missing("base_room_policy"))?;
        let mut state = RoomState::new(roles, components.preauth.clone().unwrap_or_default(), base);
        for participant in participants.data().participants() {
            let clients = u32::try_from(roster.leaves_of(participant.user()).count()).unwrap_or(u32::MAX);
            state.insert(participant.user().clone(), participant.role_index(), clients)?;
        }
        Ok(Self { components, state })
    }

    /// Whether those who found a room are within its limits.
    // req: RP03-5-16, RP03-5-17
    pub(super) fn check_limits(&self) -> Result<(), Refusal> {
        let count = self.state.entries();
        if let Some(maximum) = self.state.base().max_users.filter(|maximum| count > u64::from(*maximum)) {
            return Err(Refusal::MaxUsers { maximum, after: count });
        }
        let clients = self.state.clients();
        if let Some(maximum) = self.state.base().max_clients.filter(|maximum| clients > u64::from(*maximum)) {
            return Err(Refusal::MaxClients { maximum, after: clients });
        }
        for definition in self.components.roles.iter().flat_map(|roles| roles.roles()) {
            let (role, count) = (definition.role_index, self.state.count(definition.role_index));
            let after = u64::from(count.participants);
            if let Some(maximum) = definition.maximum_participants_constraint.filter(|it| after > u64::from(*it)) {
                return Err(Refusal::MaximumParticipants { role, maximum, after });
            }
            let after = u64::from(count.active);
            if let Some(maximum) = definition.maximum_active_participants_constraint.filter(|it| after > u64::from(*it))
            {
                return Err(Refusal::MaximumActiveParticipants { role, maximum, after });
            }
        }
        Ok(())
    }

    /// Takes note of who is a participant of the parent room.
    pub(super) fn know_parent(&mut self, participants: BTreeSet<UserUri>) {
        self.state.set_parent_participants(participants);
    }

    /// Whether the participants of a room are fixed.
    pub(super) const fn is_fixed(&self) -> bool {
        self.state.base().fixed_membership
    }

    /// Whether a participant's clients may be added.
    // req: RP03-5-02
    pub(super) fn may_be_brought(&self, user: &UserUri) -> Result<(), Denied> {
        self.holds(user, CapabilityType::CAN_ADD_OWN_CLIENT)
    }

    /// All policy components.
    pub(super) const fn components(&self) -> &RoomPolicy {
        &self.components
    }

    /// What the components are after these have changed; those that are no policy components are passed over.
    ///
    /// # Errors
    /// When the result contradicts itself or the draft.
    pub(super) fn after(&self, changed: &[ComponentData], hub: &Domain) -> Result<Option<RoomPolicy>, PolicyFault> {
        let mut after = None;
        for component in changed.iter().filter(|component| is_policy(component.component_id)) {
            let policy = after.get_or_insert_with(|| self.components.clone());
            policy.set(component.component_id, &component.data)?;
        }
        if let Some(policy) = &after {
            Self::check(policy, hub)?;
        }
        Ok(after)
    }

    /// Role and number of clients of a participant, as decisions count them.
    pub(super) fn counts(&self, user: &UserUri) -> Option<(RoleIndex, u32)> {
        self.state.participant(user).map(|participant| (participant.role, participant.clients))
    }

    /// The participants, as decisions count them.
    pub(super) fn users(&self) -> impl Iterator<Item = &UserUri> {
        self.state.participants().map(|(user, _)| user)
    }

    /// What one party may do.
    pub(super) fn authorize(&self, actor: &Actor<'_>, user: &UserUri, action: &Action<'_>) -> Result<(), Denied> {
        denied(user, authorize(&self.state, actor, action))
    }

    /// What several parties may do together, in one commit; `user` is told in a refusal.
    pub(super) fn authorize_commit(&self, user: &UserUri, parts: &[Part<'_>]) -> Result<(), Denied> {
        denied(user, authorize_commit(&self.state, parts))
    }

    /// What one party may do once `accepted`, which was authorized, is done.
    pub(super) fn authorize_after(&self, accepted: &[Part<'_>], user: &UserUri, part: &Part<'_>) -> Result<(), Denied> {
        let mut state = self.state.clone();
        denied(user, state.act_commit(accepted))?;
        denied(user, authorize_commit(&state, std::slice::from_ref(part)))
    }

    /// Makes a change that was authorized, with the components after it.
    pub(super) fn act(&mut self, parts: &[Part<'_>], after: Option<RoomPolicy>) -> Decision {
        if let Some(after) = after {
            self.components = after;
        }
        self.state.act_commit(parts)
    }

    /// Whether a participant's role has a capability.
    pub(super) fn holds(&self, user: &UserUri, capability: CapabilityType) -> Result<(), Denied> {
        let deny = |refusal| Err(Denied { user: user.clone(), refusal });
        match self.state.participant(user) {
            None => deny(Refusal::NotParticipant),
            Some(participant) if participant.role <= RoleIndex::BANNED => {
                deny(Refusal::ActorBanned { user: user.clone() })
            }
            Some(participant) => self.role_holds(participant.role, user, capability),
        }
    }

    /// Whether a role has a capability; `user` is told in a refusal.
    pub(super) fn role_holds(&self, role: RoleIndex, user: &UserUri, capability: CapabilityType) -> Result<(), Denied> {
        match self.state.role(role) {
            Some(defined) if defined.has(capability) => Ok(()),
            _ => Err(Denied { user: user.clone(), refusal: Refusal::MissingCapability { role, capability } }),
        }
    }

    /// Whether a client of somebody who is no participant can come in with this role by a code that is valid.
    // req: RP03-8.1.1-16
    pub(super) fn may_come_by_code(&self, member: &Member, role: RoleIndex) -> Result<(), Denied> {
        let claims = claims(member);
        let step = [Step::JoinByCode { role, code: JoinCode::Valid { role } }];
        let actor = Actor::outside(&member.user).claiming(&claims);
        self.authorize(&actor, &member.user, &Action::external_commit(&step))
    }

    /// Whether the room can take these join links at this time, in seconds since the Unix epoch.
    pub(super) fn check_links(&self, links: &[JoinLink], now: u64) -> Result<(), JoinLinkFault> {
        for link in links {
            let link = CodeLink::read(link).map_err(JoinLinkFault::Form)?;
            let policy = self.components.join_link_policy.as_ref().ok_or(JoinLinkFault::NoPolicy)?;
            link.terms.check_with(policy, now)?;
        }
        Ok(())
    }

    /// Whether a client of this user has a way into the group by external commit: as a participant's client, because the room is open, or
    /// by its claims.
    // req: RP03-8.1.1-05
    pub(super) fn may_come_in(&self, member: &Member) -> Result<(), Denied> {
        let user = &member.user;
        if self.state.participant(user).is_some() {
            return self.holds(user, CapabilityType::CAN_ADD_OWN_CLIENT);
        }
        let outsiders = self.state.role(RoleIndex::NON_PARTICIPANT);
        if outsiders.is_some_and(|role| role.has(CapabilityType::CAN_OPEN_JOIN)) {
            return Ok(());
        }
        let role = self.state.preauth().role_for(&claims(member)).and_then(|role| self.state.role(role));
        if role.is_some_and(|role| role.has(CapabilityType::CAN_JOIN_IF_PREAUTHORIZED)) {
            return Ok(());
        }
        Err(Denied { user: user.clone(), refusal: Refusal::NotParticipant })
    }
}

fn denied(user: &UserUri, decision: Decision) -> Result<(), Denied> {
    match decision {
        Decision::Allowed(_) => Ok(()),
        Decision::Refused(refusal) => Err(Denied { user: user.clone(), refusal }),
    }
}

/// Whether a component is one of the policy draft.
pub(super) fn is_policy(component: ComponentId) -> bool {
    POLICY_COMPONENTS.iter().any(|(known, _)| *known == component)
}

/// What a member's credential claims: a basic credential says who the client is, and nothing else.
pub(super) fn claims(member: &Member) -> Vec<Claim> {
    vec![Claim::new(CredentialType::BASIC, Vec::new(), member.client.as_str().as_bytes())]
}
