//! What allows each step of a change by itself (draft-ietf-mimi-room-policy-03 sections 8.1, 8.2 and 8.6).

use mimi_arch::{RoleIndex, UserUri, mls::ComponentId};

use super::{
    Authority, JoinCode, MetadataField, Participant, Refusal, RoomState, Sent, Step,
    projection::Projection,
    standing::{Standing, defined, has, listed, within},
};
use crate::capability::CapabilityType as Cap;

/// One party's steps, judged one after the other; what they do is collected in the projection.
pub(super) struct Judge<'s, 'p, 'a> {
    pub(super) state: &'s RoomState,
    pub(super) standing: Standing<'a>,
    pub(super) sent: Sent,
    pub(super) projection: &'p mut Projection<'a>,
}

impl<'a> Judge<'_, '_, 'a> {
    pub(super) fn judge(&mut self, step: &Step<'a>) -> Result<Authority, Refusal> {
        match *step {
            Step::AddParticipant { user, role, clients } => self.add_participant(user, role, clients),
            Step::RemoveParticipant { user, clients } => self.remove_participant(user, clients),
            Step::Leave { clients } => self.leave(clients),
            Step::ChangeRole { user, role } => self.change_role(user, role),
            Step::ChangeOwnRole { role } => self.change_own_role(role),
            Step::Ban { user, clients } => self.ban(user, clients),
            Step::Unban { user, role } => self.unban(user, role),
            Step::Kick { user, clients } => self.kick(user, clients),
            Step::AddOwnClient { replaces } => self.add_own_client(replaces),
            Step::AddOtherOwnClients { clients } => self.add_other_own_clients(clients),
            Step::AddClientsOf { user, clients } => self.add_clients_of(user, clients),
            Step::RemoveOwnClients { clients, acting } => self.remove_own_clients(clients, acting),
            Step::OpenJoin { role } => self.open_join(role),
            Step::JoinPreauthorized { role } => self.join_preauthorized(role),
            Step::JoinByCode { role, code } => self.join_by_code(role, code),
            Step::ChangeMetadata(field) => self.own(metadata_capability(field).ok_or(Refusal::NoCapability)?),
            Step::UpdateRoles(roles) => {
                let by = self.own(Cap::CAN_CHANGE_ROLE_DEFINITIONS)?;
                self.projection.update_roles(roles).map(|()| by)
            }
            Step::UpdatePreauth(preauth) => {
                let by = self.own(Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST)?;
                self.projection.update_preauth(preauth).map(|()| by)
            }
            Step::UpdateBasePolicy(base) => {
                let by = self.own(Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE)?;
                self.projection.update_base(base).map(|()| by)
            }
            Step::ChangeJoinLinks { added, removed } => self.change_join_links(added, removed),
            Step::UpdateComponent(component) => self.update_component(component),
            Step::ReInit => self.own(Cap::CAN_SEND_MLS_REINIT_PROPOSAL),
        }
    }

    /// A capability of the actor's role, without further conditions.
    // req: RP03-8.2-01, RP03-8.6-01, RP03-8.6-02, RP03-8.6-03, RP03-8.6-05
    fn own(&self, capability: Cap) -> Result<Authority, Refusal> {
        self.standing.holder(self.state, capability)?;
        Ok(Authority::Capability(capability))
    }

    /// The same for what is done to another user.
    fn over(&self, user: &UserUri, capability: Cap) -> Result<RoleIndex, Refusal> {
        let role = self.standing.holder(self.state, capability)?;
        self.not_oneself(user, capability)?;
        Ok(role)
    }

    fn not_oneself(&self, user: &UserUri, capability: Cap) -> Result<(), Refusal> {
        if self.standing.user() == Some(user) {
            Err(Refusal::TargetIsActor { user: user.clone(), capability })
        } else {
            Ok(())
        }
    }

    fn target(&self, user: &UserUri) -> Result<Participant, Refusal> {
        self.state.participant(user).ok_or_else(|| Refusal::TargetNotParticipant { user: user.clone() })
    }

    /// Nobody comes into a room with a fixed membership, and nobody goes.
    // req: RP03-5-01, RP03-5-03, RP03-5-05
    fn not_fixed(&self, user: &UserUri) -> Result<(), Refusal> {
        if self.state.base().fixed_membership { Err(Refusal::FixedMembership { user: user.clone() }) } else { Ok(()) }
    }

    // req: RP03-8.1.1-01, RP03-8.1.1-02, RP03-8.1.1-03, RP03-8.1.1-04, RP03-8.1.1-06
    fn add_participant(&mut self, user: &'a UserUri, role: RoleIndex, clients: u32) -> Result<Authority, Refusal> {
        let actor_role = self.over(user, Cap::CAN_ADD_PARTICIPANT)?;
        self.not_there(user)?;
        within(self.state, role)?;
        listed(self.state, actor_role, RoleIndex::NON_PARTICIPANT, role)?;
        self.not_fixed(user)?;
        self.projection.list(self.state, user, Some(role), true)?;
        self.projection.add_clients(self.state, user, clients);
        Ok(Authority::Capability(Cap::CAN_ADD_PARTICIPANT))
    }

    fn not_there(&self, user: &UserUri) -> Result<(), Refusal> {
        self.state
            .participant(user)
            .map_or(Ok(()), |there| Err(Refusal::AlreadyParticipant { user: user.clone(), role: there.role }))
    }

    // req: RP03-8.1.2-01, RP03-8.1.2-03
    fn remove_participant(&mut self, user: &'a UserUri, clients: u32) -> Result<Authority, Refusal> {
        let by = if let Standing::Hub = self.standing {
            self.target(user)?;
            Authority::Hub
        } else {
            let actor_role = self.over(user, Cap::CAN_REMOVE_PARTICIPANT)?;
            listed(self.state, actor_role, self.target(user)?.role, RoleIndex::NON_PARTICIPANT)?;
            self.not_fixed(user)?;
            Authority::Capability(Cap::CAN_REMOVE_PARTICIPANT)
        };
        self.projection.list(self.state, user, None, by != Authority::Hub)?;
        self.projection.remove_clients(self.state, user, clients, by != Authority::Hub);
        Ok(by)
    }

    // req: RP03-8.1.2-06, RP03-8.1.2-08, RP03-8.1.2-10
    fn leave(&mut self, clients: u32) -> Result<Authority, Refusal> {
        let (user, participant, _) = self.standing.participant()?;
        let by = has(self.state, participant.role, Cap::CAN_REMOVE_SELF)?;
        if self.sent == Sent::Commit {
            return Err(Refusal::CommittedByLeaver);
        }
        listed(self.state, participant.role, participant.role, RoleIndex::NON_PARTICIPANT)?;
        self.not_fixed(user)?;
        self.projection.list(self.state, user, None, true)?;
        self.projection.remove_clients(self.state, user, clients, true);
        Ok(by)
    }

    // req: RP03-8.1.3-01, RP03-8.1.3-02
    fn change_role(&mut self, user: &'a UserUri, role: RoleIndex) -> Result<Authority, Refusal> {
        let from = self.state.participant(user).map(|participant| participant.role);
        match (from, role) {
            (_, RoleIndex::BANNED) => return self.ban(user, 0),
            (Some(RoleIndex::BANNED), _) => return self.unban(user, role),
            _ => {}
        }
        let actor_role = self.over(user, Cap::CAN_CHANGE_USER_ROLE)?;
        let from = self.target(user)?.role;
        within(self.state, role)?;
        listed(self.state, actor_role, from, role)?;
        self.projection.list(self.state, user, Some(role), true)?;
        Ok(Authority::Capability(Cap::CAN_CHANGE_USER_ROLE))
    }

    // req: RP03-8.1.3-04, RP03-8.1.3-05
    fn change_own_role(&mut self, role: RoleIndex) -> Result<Authority, Refusal> {
        let Standing::Participant { user, claims, participant, .. } = self.standing else {
            return Err(Refusal::NotParticipant);
        };
        let by = has(self.state, participant.role, Cap::CAN_CHANGE_OWN_ROLE)?;
        within(self.state, role)?;
        let first_match = self.state.preauth().own_role_for(claims);
        if first_match != Some(role) {
            return Err(Refusal::NotPreauthorized { role, first_match });
        }
        self.projection.list(self.state, user, Some(role), true)?;
        Ok(by)
    }

    // req: RP03-8.1.3-07, RP03-8.1.3-08, RP03-8.1.3-09, RP03-8.1.3-10, RP03-8.1.3-11
    fn ban(&mut self, user: &'a UserUri, clients: u32) -> Result<Authority, Refusal> {
        let before = self.state.participant(user);
        let actor_role = self.standing.role(self.state)?;
        let holds = |capability| self.state.has(actor_role, capability);
        // Who may change roles and kick may do the same with both (section 8.1.3).
        let otherwise = before.is_some() && holds(Cap::CAN_CHANGE_USER_ROLE) && (clients == 0 || holds(Cap::CAN_KICK));
        let capability = self.with_banned_role(actor_role, Cap::CAN_BAN, otherwise)?;
        self.not_oneself(user, capability)?;
        within(self.state, RoleIndex::BANNED)?;
        let from = before.map_or(RoleIndex::NON_PARTICIPANT, |participant| participant.role);
        listed(self.state, actor_role, from, RoleIndex::BANNED)?;
        self.not_fixed(user)?;
        self.projection.list(self.state, user, Some(RoleIndex::BANNED), true)?;
        self.projection.remove_clients(self.state, user, clients, true);
        Ok(Authority::Capability(capability))
    }

    // req: RP03-8.1.3-13, RP03-8.1.3-14, RP03-8.1.3-16, RP03-8.1.3-17
    fn unban(&mut self, user: &'a UserUri, role: RoleIndex) -> Result<Authority, Refusal> {
        let actor_role = self.standing.role(self.state)?;
        let otherwise = self.state.has(actor_role, Cap::CAN_CHANGE_USER_ROLE);
        let capability = self.with_banned_role(actor_role, Cap::CAN_UNBAN, otherwise)?;
        self.not_oneself(user, capability)?;
        let from = self.target(user)?.role;
        if from != RoleIndex::BANNED {
            return Err(Refusal::NotBanned { user: user.clone(), role: from });
        }
        within(self.state, role)?;
        listed(self.state, actor_role, from, role)?;
        self.projection.list(self.state, user, Some(role), true)?;
        Ok(Authority::Capability(capability))
    }

    /// `canBan` or `canUnban`, which need the banned role to exist as the draft has it, or else `canChangeUserRole`.
    fn with_banned_role(&self, actor_role: RoleIndex, capability: Cap, otherwise: bool) -> Result<Cap, Refusal> {
        let held = self.state.has(actor_role, capability);
        if held && self.state.has_banned_role() {
            Ok(capability)
        } else if otherwise {
            Ok(Cap::CAN_CHANGE_USER_ROLE)
        } else if held {
            Err(Refusal::NoBannedRole)
        } else {
            Err(Refusal::MissingCapability { role: actor_role, capability })
        }
    }

    // req: RP03-8.1.2-12
    fn kick(&mut self, user: &'a UserUri, clients: u32) -> Result<Authority, Refusal> {
        let by = if let Standing::Hub = self.standing {
            Authority::Hub
        } else {
            self.over(user, Cap::CAN_KICK)?;
            Authority::Capability(Cap::CAN_KICK)
        };
        self.target(user)?;
        self.projection.remove_clients(self.state, user, clients, by != Authority::Hub);
        Ok(by)
    }

    // req: RP03-5-02, RP03-8.1.1-07
    fn add_own_client(&mut self, replaces: u32) -> Result<Authority, Refusal> {
        let (user, participant, member) = self.standing.participant()?;
        let by = has(self.state, participant.role, Cap::CAN_ADD_OWN_CLIENT)?;
        if member {
            return Err(Refusal::AlreadyMember);
        }
        self.projection.add_clients(self.state, user, 1);
        self.projection.remove_clients(self.state, user, replaces, false);
        Ok(by)
    }

    // req: RP03-8.1.1-07
    fn add_other_own_clients(&mut self, clients: u32) -> Result<Authority, Refusal> {
        let (user, participant, member) = self.standing.participant()?;
        let by = has(self.state, participant.role, Cap::CAN_ADD_OWN_CLIENT)?;
        if !member {
            return Err(Refusal::NotMember);
        }
        self.projection.add_clients(self.state, user, clients);
        Ok(by)
    }

    /// No capability covers it. Where participants are fixed nobody could else be brought in, and section 5 has their clients added: those
    /// that could also come by themselves.
    // req: RP03-5-02, RP03-8.1.3-15
    fn add_clients_of(&mut self, user: &'a UserUri, clients: u32) -> Result<Authority, Refusal> {
        if !self.state.base().fixed_membership {
            return Err(Refusal::NoCapability);
        }
        let (_, _, member) = self.standing.participant()?;
        if !member {
            return Err(Refusal::NotMember);
        }
        let by = has(self.state, self.target(user)?.role, Cap::CAN_ADD_OWN_CLIENT)?;
        self.projection.add_clients(self.state, user, clients);
        Ok(by)
    }

    // req: RP03-5-06, RP03-8.1.2-05, RP03-8.1.2-06
    fn remove_own_clients(&mut self, clients: u32, acting: bool) -> Result<Authority, Refusal> {
        let (user, participant, _) = self.standing.participant()?;
        let by = has(self.state, participant.role, Cap::CAN_REMOVE_OWN_CLIENT)?;
        if acting && self.sent == Sent::Commit {
            return Err(Refusal::CommittedByLeaver);
        }
        self.projection.remove_clients(self.state, user, clients, true);
        Ok(by)
    }

    // req: RP03-8.1.1-08, RP03-8.1.1-09, RP03-8.1.1-10
    fn open_join(&mut self, role: RoleIndex) -> Result<Authority, Refusal> {
        let (user, _) = self.joiner()?;
        let by = has(self.state, RoleIndex::NON_PARTICIPANT, Cap::CAN_OPEN_JOIN)?;
        within(self.state, role)?;
        listed(self.state, RoleIndex::NON_PARTICIPANT, RoleIndex::NON_PARTICIPANT, role)?;
        self.join(user, role, by)
    }

    // req: RP03-4-07, RP03-8.1.1-12, RP03-8.1.1-13
    fn join_preauthorized(&mut self, role: RoleIndex) -> Result<Authority, Refusal> {
        let (user, claims) = self.joiner()?;
        within(self.state, role)?;
        let by = has(self.state, role, Cap::CAN_JOIN_IF_PREAUTHORIZED)?;
        let first_match = self.state.preauth().role_for(claims);
        if first_match != Some(role) {
            return Err(Refusal::NotPreauthorized { role, first_match });
        }
        self.join(user, role, by)
    }

    // req: RP03-8.1.1-15, RP03-8.1.1-16
    fn join_by_code(&mut self, role: RoleIndex, code: JoinCode) -> Result<Authority, Refusal> {
        let (user, claims) = self.joiner()?;
        let zero = RoleIndex::NON_PARTICIPANT;
        let preauthorized = self.state.preauth().role_for(claims).filter(|role| defined(self.state, *role).is_ok());
        let roles = [zero, preauthorized.unwrap_or(zero)];
        let holder = roles.into_iter().find(|holder| self.state.has(*holder, Cap::CAN_USE_JOIN_CODE));
        let by = has(self.state, holder.unwrap_or(zero), Cap::CAN_USE_JOIN_CODE)?;
        match code {
            JoinCode::Invalid => return Err(Refusal::JoinCodeInvalid),
            JoinCode::Valid { role: of_code } if of_code != role => {
                return Err(Refusal::JoinCodeForOtherRole { code: of_code, role });
            }
            JoinCode::Valid { .. } => {}
        }
        within(self.state, role)?;
        listed(self.state, holder.unwrap_or(zero), zero, role)?;
        self.join(user, role, by)
    }

    fn joiner(&self) -> Result<(&'a UserUri, &'a [crate::preauth::Claim]), Refusal> {
        match self.standing {
            Standing::Outsider { user, claims } => Ok((user, claims)),
            Standing::Participant { user, participant, .. } => {
                Err(Refusal::AlreadyParticipant { user: user.clone(), role: participant.role })
            }
            Standing::Sender { .. } | Standing::Hub => Err(Refusal::NoCapability),
        }
    }

    fn join(&mut self, user: &'a UserUri, role: RoleIndex, by: Authority) -> Result<Authority, Refusal> {
        self.not_fixed(user)?;
        self.projection.list(self.state, user, Some(role), true)?;
        self.projection.add_clients(self.state, user, 1);
        Ok(by)
    }

    // req: RP03-6.2-07
    fn change_join_links(&self, added: u32, removed: u32) -> Result<Authority, Refusal> {
        if let Standing::Hub = self.standing {
            return Ok(Authority::Hub);
        }
        let deleting = (removed > 0).then(|| self.own(Cap::CAN_DELETE_JOIN_CODE)).transpose()?;
        let creating = (added > 0).then(|| self.own(Cap::CAN_CREATE_JOIN_CODE)).transpose()?;
        let component = ComponentId::JOIN_LINKS;
        creating.or(deleting).ok_or(Refusal::NoCapabilityForComponent { component })
    }

    /// The capabilities for other components are reserved and authorize nobody; without the hub no such component could ever change.
    // req: RP03-8.7-01
    fn update_component(&self, component: ComponentId) -> Result<Authority, Refusal> {
        let has_rules_of_its_own = matches!(
            component,
            ComponentId::PARTICIPANT_LIST
                | ComponentId::ROOM_METADATA
                | ComponentId::ROLES_LIST
                | ComponentId::PREAUTH_LIST
                | ComponentId::BASE_ROOM_POLICY
        );
        match self.standing {
            Standing::Hub if !has_rules_of_its_own => Ok(Authority::Hub),
            _ => Err(Refusal::NoCapabilityForComponent { component }),
        }
    }
}

// req: RP03-8.2-02, RP03-8.2-03, RP03-8.2-04, RP03-8.2-05, RP03-8.2-06
const fn metadata_capability(field: MetadataField) -> Option<Cap> {
    match field {
        MetadataField::Name => Some(Cap::CAN_CHANGE_ROOM_NAME),
        MetadataField::Description => Some(Cap::CAN_CHANGE_ROOM_DESCRIPTION),
        MetadataField::Avatar => Some(Cap::CAN_CHANGE_ROOM_AVATAR),
        MetadataField::Subject => Some(Cap::CAN_CHANGE_ROOM_SUBJECT),
        MetadataField::Mood => Some(Cap::CAN_CHANGE_ROOM_MOOD),
        MetadataField::Uri => None,
    }
}
