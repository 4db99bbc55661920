//! What a list of roles says that cannot be meant (draft-ietf-mimi-room-policy-03 sections 3 and 8).

use std::collections::BTreeSet;

use mimi_arch::RoleIndex;

use super::{BANNED_NAME, Role, RolesList};
use crate::capability::CapabilityType;

/// Something in a list of roles that contradicts the draft or itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolesFinding {
    /// Role 1 is the banned role or none.
    #[error("role 1 is not named \"banned\", so that nobody can be banned or unbanned")]
    RoleOneNotBanned,
    /// The banned role is role 1.
    #[error("role {role} is named \"banned\", but only role 1 can be the banned role")]
    BannedElsewhere {
        /// The role with that name.
        role: RoleIndex,
    },
    /// Banned users could do something.
    #[error("the banned role has capabilities or lets its holders have clients")]
    BannedWithRights,
    /// A capability is held that is of no use without role 1 named `banned`.
    #[error("role {role} has {capability}, but there is no banned role")]
    NoBannedRole {
        /// Who holds it.
        role: RoleIndex,
        /// `canBan` or `canUnban`.
        capability: CapabilityType,
    },
    /// A transition names a role that is not defined.
    #[error("role {role} has a transition with role {undefined}, which is not defined")]
    UndefinedRole {
        /// Whose transition.
        role: RoleIndex,
        /// What it names.
        undefined: RoleIndex,
    },
    /// More participants are needed than may be there.
    #[error("role {role} needs at least {minimum} participants and may have {maximum}")]
    MinimumAboveMaximum {
        /// The role.
        role: RoleIndex,
        /// `minimum_participants_constraint`.
        minimum: u32,
        /// `maximum_participants_constraint`.
        maximum: u32,
    },
    /// More active participants are needed than may be there.
    #[error("role {role} needs at least {minimum} active participants and may have {maximum}")]
    ActiveMinimumAboveMaximum {
        /// The role.
        role: RoleIndex,
        /// `minimum_active_participants_constraint`.
        minimum: u32,
        /// The lower one of the two maxima.
        maximum: u32,
    },
    /// A capability stands in the same role again.
    #[error("role {role} lists {capability} more than once")]
    CapabilityTwice {
        /// The role.
        role: RoleIndex,
        /// The capability.
        capability: CapabilityType,
    },
}

impl RolesFinding {
    /// Document and section of what is contradicted.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::RoleOneNotBanned
            | Self::BannedElsewhere { .. }
            | Self::BannedWithRights
            | Self::NoBannedRole { .. } => "draft-ietf-mimi-room-policy-03 section 8.1.3",
            Self::UndefinedRole { .. }
            | Self::MinimumAboveMaximum { .. }
            | Self::ActiveMinimumAboveMaximum { .. }
            | Self::CapabilityTwice { .. } => "draft-ietf-mimi-room-policy-03 section 3",
        }
    }
}

impl RolesList {
    /// Everything in the list that contradicts the draft or itself, in the order of the roles. What depends on other components is not here.
    pub fn check(&self) -> Vec<RolesFinding> {
        let mut findings = Vec::new();
        let defined: BTreeSet<_> = self.roles.iter().map(|role| role.role_index).collect();
        for role in &self.roles {
            self.check_banned(role, &mut findings);
            check_capabilities(role, &mut findings);
            check_figures(role, &mut findings);
            check_transitions(role, &defined, &mut findings);
        }
        findings
    }

    fn check_banned(&self, role: &Role, findings: &mut Vec<RolesFinding>) {
        let named = role.role_name == BANNED_NAME;
        match role.role_index {
            RoleIndex::BANNED if !named => findings.push(RolesFinding::RoleOneNotBanned),
            RoleIndex::BANNED => {
                let clients = role.maximum_active_participants_constraint != Some(0);
                if clients || !role.role_capabilities.is_empty() {
                    findings.push(RolesFinding::BannedWithRights);
                }
            }
            index if named => findings.push(RolesFinding::BannedElsewhere { role: index }),
            _ => {}
        }
        if self.banned().is_none() {
            for capability in [CapabilityType::CAN_BAN, CapabilityType::CAN_UNBAN] {
                if role.has(capability) {
                    findings.push(RolesFinding::NoBannedRole { role: role.role_index, capability });
                }
            }
        }
    }
}

fn check_capabilities(role: &Role, findings: &mut Vec<RolesFinding>) {
    let (mut seen, mut told) = (BTreeSet::new(), BTreeSet::new());
    for &capability in &role.role_capabilities {
        if !seen.insert(capability) && told.insert(capability) {
            findings.push(RolesFinding::CapabilityTwice { role: role.role_index, capability });
        }
    }
}

fn check_figures(role: &Role, findings: &mut Vec<RolesFinding>) {
    let maximum = role.maximum_participants_constraint.unwrap_or(u32::MAX);
    let active_maximum = role.maximum_active_participants_constraint.unwrap_or(u32::MAX).min(maximum);
    let (minimum, active_minimum) = (role.minimum_participants_constraint, role.minimum_active_participants_constraint);
    if minimum > maximum {
        findings.push(RolesFinding::MinimumAboveMaximum { role: role.role_index, minimum, maximum });
    }
    if active_minimum > active_maximum {
        findings.push(RolesFinding::ActiveMinimumAboveMaximum {
            role: role.role_index,
            minimum: active_minimum,
            maximum: active_maximum,
        });
    }
}

fn check_transitions(role: &Role, defined: &BTreeSet<RoleIndex>, findings: &mut Vec<RolesFinding>) {
    let named = role
        .authorized_role_changes
        .iter()
        .flat_map(|entry| entry.target_role_indexes.iter().chain([&entry.from_role_index]))
        .filter(|index| **index != RoleIndex::NON_PARTICIPANT && !defined.contains(index));
    for undefined in named.copied().collect::<BTreeSet<_>>() {
        findings.push(RolesFinding::UndefinedRole { role: role.role_index, undefined });
    }
}
