//! Which step a change on the wire is, where the same octets can be one of several (draft-ietf-mimi-room-policy-03 section 8.1).

use mimi_arch::{RoleIndex, UserUri};

use super::{Actor, JoinCode, RoomState, Step};
use crate::{capability::CapabilityType, preauth::Claim};

impl<'a> Step<'a> {
    /// What it is that `actor` gives `user` another role on the participant list. `clients` is how many clients of the user the same commit
    /// removes: they belong to a ban, and are a [`Kick`](Self::Kick) of their own beside any other change.
    pub fn of_role_change(actor: &Actor<'_>, user: &'a UserUri, from: RoleIndex, to: RoleIndex, clients: u32) -> Self {
        let own = matches!(actor, Actor::User { user: acting, .. } if *acting == user);
        match (from, to) {
            _ if own => Self::ChangeOwnRole { role: to },
            (_, RoleIndex::BANNED) => Self::Ban { user, clients },
            (RoleIndex::BANNED, _) => Self::Unban { user, role: to },
            _ => Self::ChangeRole { user, role: to },
        }
    }
}

impl RoomState {
    /// By which way someone with these claims, who is not on the participant list, comes in with a role: by the code if there is one, else by
    /// preauthorization if that is possible, else by open join.
    pub fn way_in(&self, claims: &[Claim], role: RoleIndex, code: Option<JoinCode>) -> Step<'static> {
        let preauthorized =
            self.has(role, CapabilityType::CAN_JOIN_IF_PREAUTHORIZED) && self.preauth().role_for(claims) == Some(role);
        match code {
            Some(code) => Step::JoinByCode { role, code },
            None if preauthorized => Step::JoinPreauthorized { role },
            None => Step::OpenJoin { role },
        }
    }
}
