//! What in a room's policy contradicts the draft, or one component another (draft-ietf-mimi-room-policy-03).
//!
//! What a single component can get wrong is refused when it is read or written; here is what only shows when the components are put
//! together. What is merely unwise is for [`crate::lint`].

use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::mls::{ComponentId, WireFormat};
use mimi_arch::{Domain, RoleIndex, RoomUri};

use crate::capability::CapabilityType;
use crate::join_link::JoinLinksError;
use crate::operational::CapabilityConflict;
use crate::policy::{RoomPolicy, component_name};
use crate::roles::{Role, RolesFinding, RolesList};

/// A contradiction in a room's policy.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Inconsistency {
    /// There is no base policy.
    #[error("the room has no base_room_policy")]
    BaseMissing,
    /// There are no roles.
    #[error("the room has no roles_list, so nobody may do anything")]
    RolesMissing,
    /// A component is there and not in the list of the base policy.
    #[error("{} is there, and policy_component_ids does not list it", called(*.component_id))]
    NotListed {
        /// The component.
        component_id: ComponentId,
    },
    /// A component is in the list of the base policy and not there.
    #[error("policy_component_ids lists {}, which is not there", called(*.component_id))]
    ListedAbsent {
        /// The component.
        component_id: ComponentId,
    },
    /// A component is in the list of the base policy twice.
    #[error("policy_component_ids lists {} more than once", called(*.component_id))]
    ListedTwice {
        /// The component.
        component_id: ComponentId,
    },
    /// The list of the roles contradicts itself.
    #[error("{0}")]
    Roles(RolesFinding),
    /// A fixed-membership room lets participants add others.
    #[error("the membership is fixed, and role {role} has canAddParticipant")]
    FixedMembershipAdds {
        /// Who may.
        role: RoleIndex,
    },
    /// Role zero may join and there is no transition by which.
    #[error("role 0 has canOpenJoin and no transition from 0 to a role")]
    OpenJoinNowhere,
    /// Together the roles need more participants than the room may have.
    #[error("the roles need at least {needed} participants, and max_users is {max_users}")]
    MinimaAboveMaxUsers {
        /// The sum of the minima.
        needed: u64,
        /// The limit.
        max_users: u32,
    },
    /// Together the roles need more active participants than the room may have clients.
    #[error("the roles need at least {needed} active participants, and max_clients is {max_clients}")]
    MinimaAboveMaxClients {
        /// The sum of the minima.
        needed: u64,
        /// The limit.
        max_clients: u32,
    },
    /// The parent is not a room.
    #[error("the parent room {uri} is not the URI of a room")]
    ParentIsNoRoom {
        /// What is named.
        uri: String,
    },
    /// The parent is on another hub.
    #[error("the parent room is on {parent}, and this room on {hub}")]
    ParentElsewhere {
        /// The hub of the parent.
        parent: Domain,
        /// The hub of this room.
        hub: Domain,
    },
    /// A preauthorization leads to a role that is not defined.
    #[error("preauthorization {entry} is for role {role}, which is not defined")]
    PreauthRoleUndefined {
        /// Which entry, counted from 0.
        entry: usize,
        /// The role.
        role: RoleIndex,
    },
    /// A preauthorization has another definition of a role than the list of roles.
    #[error("preauthorization {entry} defines role {role} otherwise than roles_list")]
    PreauthRoleDiffers {
        /// Which entry, counted from 0.
        entry: usize,
        /// The role.
        role: RoleIndex,
    },
    /// A role that may share history is not defined.
    #[error("role {role} may share history and is not defined")]
    HistoryRoleUndefined {
        /// The role.
        role: RoleIndex,
    },
    /// A role that may share history never has a client.
    #[error("role {role} may share history, and its holders have no clients")]
    HistoryRoleInactive {
        /// The role.
        role: RoleIndex,
    },
    /// The role of a bot is not defined.
    #[error("the bot {bot:?} has role {role}, which is not defined")]
    BotRoleUndefined {
        /// The bot's name.
        bot: String,
        /// The role.
        role: RoleIndex,
    },
    /// A bot is banned.
    #[error("the bot {bot:?} has the banned role")]
    BotBanned {
        /// The bot's name.
        bot: String,
    },
    /// There are too many join links.
    #[error("{0}")]
    JoinLinks(JoinLinksError),
    /// The asset policy does not fit this hub.
    #[error("{}", .rule.text())]
    Assets {
        /// The rule that is broken.
        rule: &'static mimi_arch::codec::Rule,
    },
    /// Something is both mandatory and forbidden for clients.
    #[error("{0} is both mandatory and forbidden")]
    MandatoryForbidden(CapabilityConflict),
    /// Handshakes may be hidden from the hub.
    #[error("handshakes may be a PrivateMessage, which the hub cannot read")]
    HiddenHandshakes,
}

fn called(component_id: ComponentId) -> String {
    component_name(component_id).map_or_else(|| format!("component {:#06x}", component_id.0), str::to_owned)
}

impl Inconsistency {
    /// Document and section of what is contradicted.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Roles(finding) => finding.section(),
            Self::JoinLinks(error) => error.section(),
            Self::RolesMissing => "draft-ietf-mimi-room-policy-03 section 3",
            Self::PreauthRoleUndefined { .. } | Self::PreauthRoleDiffers { .. } => {
                "draft-ietf-mimi-room-policy-03 section 4"
            }
            Self::BaseMissing
            | Self::NotListed { .. }
            | Self::ListedAbsent { .. }
            | Self::ListedTwice { .. }
            | Self::FixedMembershipAdds { .. }
            | Self::MinimaAboveMaxUsers { .. }
            | Self::MinimaAboveMaxClients { .. }
            | Self::ParentIsNoRoom { .. }
            | Self::ParentElsewhere { .. } => "draft-ietf-mimi-room-policy-03 section 5",
            Self::Assets { rule } => rule.section(),
            Self::HistoryRoleUndefined { .. } | Self::HistoryRoleInactive { .. } => {
                "draft-ietf-mimi-room-policy-03 section 6.6"
            }
            Self::BotRoleUndefined { .. } | Self::BotBanned { .. } => "draft-ietf-mimi-room-policy-03 section 6.7",
            Self::HiddenHandshakes => "draft-ietf-mimi-room-policy-03 section 7",
            Self::MandatoryForbidden(_) => "draft-ietf-mimi-room-policy-03 section 7.1",
            Self::OpenJoinNowhere => "draft-ietf-mimi-room-policy-03 section 8.1.1",
        }
    }

    /// A name for programs, which stays the same.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BaseMissing => "base-missing",
            Self::RolesMissing => "roles-missing",
            Self::NotListed { .. } => "component-not-listed",
            Self::ListedAbsent { .. } => "component-absent",
            Self::ListedTwice { .. } => "component-listed-twice",
            Self::Roles(_) => "roles-contradictory",
            Self::FixedMembershipAdds { .. } => "fixed-membership-adds",
            Self::OpenJoinNowhere => "open-join-nowhere",
            Self::MinimaAboveMaxUsers { .. } => "minima-above-max-users",
            Self::MinimaAboveMaxClients { .. } => "minima-above-max-clients",
            Self::ParentIsNoRoom { .. } => "parent-no-room",
            Self::ParentElsewhere { .. } => "parent-elsewhere",
            Self::PreauthRoleUndefined { .. } => "preauth-role-undefined",
            Self::PreauthRoleDiffers { .. } => "preauth-role-differs",
            Self::HistoryRoleUndefined { .. } => "history-role-undefined",
            Self::HistoryRoleInactive { .. } => "history-role-inactive",
            Self::BotRoleUndefined { .. } => "bot-role-undefined",
            Self::BotBanned { .. } => "bot-banned",
            Self::JoinLinks(_) => "join-links-too-many",
            Self::Assets { .. } => "assets-contradictory",
            Self::MandatoryForbidden(_) => "mandatory-forbidden",
            Self::HiddenHandshakes => "handshakes-hidden",
        }
    }
}

impl RoomPolicy {
    /// Everything that contradicts the draft or itself, in the order of the draft.
    pub fn check(&self) -> Vec<Inconsistency> {
        let mut found = Vec::new();
        match &self.roles {
            Some(roles) => {
                let by_index: BTreeMap<RoleIndex, &Role> =
                    roles.roles().iter().map(|role| (role.role_index, role)).collect();
                found.extend(roles.check().into_iter().map(Inconsistency::Roles));
                self.check_preauth(&by_index, &mut found);
                self.check_base(roles, &mut found);
                self.check_history(&by_index, &mut found);
                self.check_bots(&by_index, &mut found);
            }
            None => found.push(Inconsistency::RolesMissing),
        }
        self.check_list(&mut found);
        if let (Some(policy), Some(links)) = (&self.join_link_policy, &self.join_links) {
            // req: RP03-6.2-01
            found.extend(links.check_with(policy).err().map(Inconsistency::JoinLinks));
        }
        if let Some(operational) = &self.operational {
            found.extend(operational.capability_conflicts().into_iter().map(Inconsistency::MandatoryForbidden));
            // req: RP03-7-02
            if operational.handshake_formats.contains(&WireFormat::PRIVATE_MESSAGE) {
                found.push(Inconsistency::HiddenHandshakes);
            }
        }
        found
    }

    /// The same for a room on this hub: the parent room is on it (section 5), and assets that go to the hub go to this one (section 6.4).
    pub fn check_for(&self, hub: &Domain) -> Vec<Inconsistency> {
        let mut found = self.check();
        let parent = self.base.as_ref().and_then(|base| base.parent_room.as_ref());
        let parent = parent.and_then(|uri| uri.as_str().parse::<RoomUri>().ok());
        // req: RP03-5-10
        if let Some(parent) = parent.filter(|parent| parent.domain() != hub) {
            found.push(Inconsistency::ParentElsewhere { parent: parent.domain().clone(), hub: hub.clone() });
        }
        // req: RP03-6.4-04
        if let Some(Err(rule)) = self.assets.as_ref().map(|assets| assets.check_for(hub)) {
            found.push(Inconsistency::Assets { rule });
        }
        found
    }

    // req: RP03-5-24
    fn check_list(&self, found: &mut Vec<Inconsistency>) {
        let Some(base) = &self.base else {
            found.push(Inconsistency::BaseMissing);
            return;
        };
        let (mut listed, mut told) = (BTreeSet::new(), BTreeSet::new());
        for &component_id in &base.policy_component_ids {
            if !listed.insert(component_id) && told.insert(component_id) {
                found.push(Inconsistency::ListedTwice { component_id });
            }
        }
        // The active links are no policy: whether they are listed is left open.
        let free = [ComponentId::BASE_ROOM_POLICY, ComponentId::JOIN_LINKS];
        for component_id in self.present() {
            if !free.contains(&component_id) && !listed.contains(&component_id) {
                found.push(Inconsistency::NotListed { component_id });
            }
        }
        for component_id in listed {
            if component_id != ComponentId::JOIN_LINKS && !self.has(component_id) {
                found.push(Inconsistency::ListedAbsent { component_id });
            }
        }
    }

    fn check_base(&self, roles: &RolesList, found: &mut Vec<Inconsistency>) {
        let outsiders = roles.get(RoleIndex::NON_PARTICIPANT);
        let open = outsiders.is_some_and(|role| role.has(CapabilityType::CAN_OPEN_JOIN));
        // req: RP03-8.1.1-09
        if open && outsiders.is_some_and(|role| targets(role, RoleIndex::NON_PARTICIPANT).next().is_none()) {
            found.push(Inconsistency::OpenJoinNowhere);
        }
        let Some(base) = &self.base else { return };
        // Whoever has role 1 is banned, whatever the role's name.
        let inside = || roles.roles().iter().filter(|role| role.role_index > RoleIndex::BANNED);
        // req: RP03-5-04
        if base.fixed_membership {
            let adders = inside().filter(|role| role.has(CapabilityType::CAN_ADD_PARTICIPANT));
            found.extend(adders.map(|role| Inconsistency::FixedMembershipAdds { role: role.role_index }));
        }
        // req: RP03-5-17
        let needed: u64 = inside().map(|role| u64::from(role.minimum_participants_constraint)).sum();
        if let Some(max_users) = base.max_users.filter(|max_users| needed > u64::from(*max_users)) {
            found.push(Inconsistency::MinimaAboveMaxUsers { needed, max_users });
        }
        // req: RP03-5-16
        let needed: u64 = inside().map(|role| u64::from(role.minimum_active_participants_constraint)).sum();
        if let Some(max_clients) = base.max_clients.filter(|max_clients| needed > u64::from(*max_clients)) {
            found.push(Inconsistency::MinimaAboveMaxClients { needed, max_clients });
        }
        // req: RP03-5-11
        if let Some(uri) = base.parent_room.as_ref().filter(|uri| uri.as_str().parse::<RoomUri>().is_err()) {
            found.push(Inconsistency::ParentIsNoRoom { uri: uri.as_str().to_owned() });
        }
    }

    fn check_preauth(&self, roles: &BTreeMap<RoleIndex, &Role>, found: &mut Vec<Inconsistency>) {
        let entries = self.preauth.iter().flat_map(|preauth| &preauth.preauthorized_entries);
        for (entry, preauthorization) in entries.enumerate() {
            let role = preauthorization.target_role.role_index;
            match roles.get(&role) {
                None => found.push(Inconsistency::PreauthRoleUndefined { entry, role }),
                Some(&defined) if *defined != preauthorization.target_role => {
                    found.push(Inconsistency::PreauthRoleDiffers { entry, role });
                }
                Some(_) => {}
            }
        }
    }

    // req: RP03-6.6-04
    fn check_history(&self, roles: &BTreeMap<RoleIndex, &Role>, found: &mut Vec<Inconsistency>) {
        let sharing = self.history.iter().flat_map(|history| history.roles_that_can_share());
        for &role in sharing.collect::<BTreeSet<_>>() {
            match roles.get(&role) {
                None => found.push(Inconsistency::HistoryRoleUndefined { role }),
                Some(defined) if defined.maximum_active_participants_constraint == Some(0) => {
                    found.push(Inconsistency::HistoryRoleInactive { role });
                }
                Some(_) => {}
            }
        }
    }

    // req: RP03-6.7-03
    fn check_bots(&self, roles: &BTreeMap<RoleIndex, &Role>, found: &mut Vec<Inconsistency>) {
        for bot in self.bots.iter().flat_map(|bots| &bots.allowed_bots) {
            let (role, bot) = (bot.bot_role_index, bot.name.clone());
            match role {
                RoleIndex::NON_PARTICIPANT => {}
                RoleIndex::BANNED if roles.contains_key(&role) => found.push(Inconsistency::BotBanned { bot }),
                role if !roles.contains_key(&role) => found.push(Inconsistency::BotRoleUndefined { bot, role }),
                _ => {}
            }
        }
    }
}

/// The roles other than zero to which a role's transitions lead from this one.
pub(crate) fn targets(role: &Role, from: RoleIndex) -> impl Iterator<Item = RoleIndex> {
    let entries = role.authorized_role_changes.iter().filter(move |entry| entry.from_role_index == from);
    let targets = entries.flat_map(|entry| entry.target_role_indexes.iter().copied());
    targets.filter(|target| *target != RoleIndex::NON_PARTICIPANT)
}

#[cfg(test)]
mod tests;
