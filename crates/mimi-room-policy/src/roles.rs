//! The roles of a room (draft-ietf-mimi-room-policy-03 section 3).
//!
//! [`RolesList`] is both the data of the component `roles_list` and its update, which replaces the data as a whole. That participants and
//! roles do not change in the same commit is for [`authorize`](crate::authorize::authorize) to see.
//!
//! Refused when read, written or built: a role index that stands in the list twice, `canOpenJoin` in a role other than zero, and names and
//! descriptions that are not UTF-8. Everything else that a list can get wrong is a finding of [`RolesList::check`]: such a list can be
//! followed, since the decision about each action looks at what it needs.
//!
//! A list keeps the order of everything in it, repeated capabilities and repeated transition entries included; a repetition adds nothing.

use std::collections::BTreeSet;

use mimi_arch::{
    RoleIndex,
    codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules},
};

use crate::{capability::CapabilityType, fields::replaced_as_a_whole};

mod check;

pub use check::RolesFinding;

rules! {
    ROLE_TWICE = "a role index stands in the list of roles twice", "draft-ietf-mimi-room-policy-03 section 3";
    OPEN_JOIN_OUTSIDE_ROLE_ZERO = "canOpenJoin stands in a role other than zero",
        "draft-ietf-mimi-room-policy-03 section 8.1.1";
}

/// The name that role 1 has to have in order to be the banned role (draft-ietf-mimi-room-policy-03 section 8.1.3).
pub const BANNED_NAME: &str = "banned";

// req: RP03-3-09, RP03-3-12
/// Which roles someone may be moved to from one role (draft-ietf-mimi-room-policy-03 section 3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SingleSourceRoleChangeTargets {
    /// The role before. Zero: not on the participant list.
    pub from_role_index: RoleIndex,
    /// The roles after. Zero: off the participant list.
    pub target_role_indexes: Vec<RoleIndex>,
}

impl SingleSourceRoleChangeTargets {
    /// From one role to any of these.
    pub fn new(from: u32, targets: &[u32]) -> Self {
        Self { from_role_index: RoleIndex(from), target_role_indexes: targets.iter().copied().map(RoleIndex).collect() }
    }
}

impl Wire for SingleSourceRoleChangeTargets {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { from_role_index: RoleIndex(r.u32()?), target_role_indexes: r.list_with(|r| r.u32().map(RoleIndex))? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.from_role_index.0.encode(out)?;
        codec::put_list_with(out, &self.target_role_indexes, |role, out| role.0.encode(out))
    }
}

// req: RP03-3-04, RP03-3-05, RP03-3-13, RP03-8-01
/// A role and what its holders may do (draft-ietf-mimi-room-policy-03 section 3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Role {
    /// The number by which the role is known elsewhere.
    pub role_index: RoleIndex,
    /// What people call it.
    pub role_name: String,
    /// More about it for people; may be empty.
    pub role_description: String,
    /// What its holders may do.
    pub role_capabilities: Vec<CapabilityType>,
    /// How many participants hold it at least; 0 is no minimum.
    pub minimum_participants_constraint: u32,
    /// How many participants hold it at most.
    pub maximum_participants_constraint: Option<u32>,
    /// How many participants with a client in the group hold it at least; 0 is no minimum.
    pub minimum_active_participants_constraint: u32,
    /// How many participants with a client in the group hold it at most; with 0 none of its holders has a client.
    pub maximum_active_participants_constraint: Option<u32>,
    /// Which moves from role to role its holders may make.
    pub authorized_role_changes: Vec<SingleSourceRoleChangeTargets>,
}

impl Role {
    /// A role without capabilities, constraints or transitions.
    pub fn new(role_index: u32, role_name: impl Into<String>) -> Self {
        Self {
            role_index: RoleIndex(role_index),
            role_name: role_name.into(),
            role_description: String::new(),
            role_capabilities: Vec::new(),
            minimum_participants_constraint: 0,
            maximum_participants_constraint: None,
            minimum_active_participants_constraint: 0,
            maximum_active_participants_constraint: None,
            authorized_role_changes: Vec::new(),
        }
    }

    /// The same with this description.
    #[must_use]
    pub fn described(mut self, description: impl Into<String>) -> Self {
        self.role_description = description.into();
        self
    }

    /// The same with these capabilities too.
    #[must_use]
    pub fn with(mut self, capabilities: impl IntoIterator<Item = CapabilityType>) -> Self {
        self.role_capabilities.extend(capabilities);
        self
    }

    /// The same with this many participants at least and at most.
    #[must_use]
    pub const fn participants(mut self, minimum: u32, maximum: Option<u32>) -> Self {
        self.minimum_participants_constraint = minimum;
        self.maximum_participants_constraint = maximum;
        self
    }

    /// The same with this many active participants at least and at most.
    #[must_use]
    pub const fn active_participants(mut self, minimum: u32, maximum: Option<u32>) -> Self {
        self.minimum_active_participants_constraint = minimum;
        self.maximum_active_participants_constraint = maximum;
        self
    }

    /// The same with the transitions from one role to others.
    #[must_use]
    pub fn changing(mut self, from: u32, targets: &[u32]) -> Self {
        self.authorized_role_changes.push(SingleSourceRoleChangeTargets::new(from, targets));
        self
    }

    /// Whether the role lists this capability.
    pub fn has(&self, capability: CapabilityType) -> bool {
        self.role_capabilities.contains(&capability)
    }

    /// Whether its holders may be the ones to move someone from one role to another. Several entries with the same origin count together.
    pub fn may_change(&self, from: RoleIndex, to: RoleIndex) -> bool {
        self.authorized_role_changes
            .iter()
            .any(|entry| entry.from_role_index == from && entry.target_role_indexes.contains(&to))
    }

    // req: RP03-8.1.1-11
    fn broken_rule(&self) -> Option<&'static Rule> {
        let misplaced = self.role_index != RoleIndex::NON_PARTICIPANT && self.has(CapabilityType::CAN_OPEN_JOIN);
        misplaced.then_some(&OPEN_JOIN_OUTSIDE_ROLE_ZERO)
    }
}

impl Wire for Role {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let role = Self {
            role_index: RoleIndex(r.u32()?),
            role_name: r.text()?.to_owned(),
            role_description: r.text()?.to_owned(),
            role_capabilities: r.list()?,
            minimum_participants_constraint: r.u32()?,
            maximum_participants_constraint: r.optional()?,
            minimum_active_participants_constraint: r.u32()?,
            maximum_active_participants_constraint: r.optional()?,
            authorized_role_changes: r.list()?,
        };
        role.broken_rule().map_or(Ok(role), |rule| Err(start.error(rule)))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if let Some(rule) = self.broken_rule() {
            return Err(EncodeError::new(rule));
        }
        self.role_index.0.encode(out)?;
        codec::put_opaque(out, self.role_name.as_bytes())?;
        codec::put_opaque(out, self.role_description.as_bytes())?;
        codec::put_list(out, &self.role_capabilities)?;
        self.minimum_participants_constraint.encode(out)?;
        codec::put_optional(out, self.maximum_participants_constraint.as_ref())?;
        self.minimum_active_participants_constraint.encode(out)?;
        codec::put_optional(out, self.maximum_active_participants_constraint.as_ref())?;
        codec::put_list(out, &self.authorized_role_changes)
    }
}

// req: RP03-3-01, RP03-3-02, RP03-3-14, RP03-3-15
/// The roles of a room: `RoleData` and `RoleUpdate` (draft-ietf-mimi-room-policy-03 section 3).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RolesList {
    roles: Vec<Role>,
}

impl RolesList {
    /// These roles, in this order.
    ///
    /// # Errors
    /// When a role index stands there twice, or `canOpenJoin` in a role other than zero.
    pub fn new(roles: Vec<Role>) -> Result<Self, RolesError> {
        let mut seen = BTreeSet::new();
        for role in &roles {
            if role.broken_rule().is_some() {
                return Err(RolesError::OpenJoinOutsideRoleZero { role: role.role_index });
            }
            if !seen.insert(role.role_index) {
                return Err(RolesError::RoleTwice { role: role.role_index });
            }
        }
        Ok(Self { roles })
    }

    /// The roles, in the order of the list.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// The role with this index.
    pub fn get(&self, index: RoleIndex) -> Option<&Role> {
        self.roles.iter().find(|role| role.role_index == index)
    }

    // req: RP03-8.1.3-09
    /// The role of banned users: the one with index 1, if its name is exactly `banned` (section 8.1.3).
    pub fn banned(&self) -> Option<&Role> {
        self.get(RoleIndex::BANNED).filter(|role| role.role_name == BANNED_NAME)
    }
}

impl Wire for RolesList {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut content = r.vector()?;
        let (mut roles, mut seen) = (Vec::new(), BTreeSet::new());
        while !content.is_empty() {
            let start = content.clone();
            let role = Role::decode(&mut content)?;
            if !seen.insert(role.role_index) {
                return Err(start.error(&ROLE_TWICE));
            }
            roles.push(role);
        }
        Ok(Self { roles })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.roles)
    }
}

/// Roles that cannot stand in one list (draft-ietf-mimi-room-policy-03 sections 3 and 8.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RolesError {
    /// Two roles have the same index.
    #[error("role {role} stands in the list twice")]
    RoleTwice {
        /// The index.
        role: RoleIndex,
    },
    /// `canOpenJoin` is for role zero only.
    #[error("role {role} has canOpenJoin, which only role 0 can have")]
    OpenJoinOutsideRoleZero {
        /// The role that has it.
        role: RoleIndex,
    },
}

impl RolesError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::RoleTwice { .. } => ROLE_TWICE.section(),
            Self::OpenJoinOutsideRoleZero { .. } => OPEN_JOIN_OUTSIDE_ROLE_ZERO.section(),
        }
    }
}

// req: RP03-3-11, RP03-3-16
replaced_as_a_whole!(RolesList, ROLES_LIST, "roles_list", "draft-ietf-mimi-room-policy-03 section 3");

#[cfg(test)]
mod tests;
