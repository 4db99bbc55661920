//! What all steps of an action do to the room together.

use std::collections::BTreeMap;

use mimi_arch::{RoleIndex, UserUri, mls::ComponentId};

use super::{Participant, Refusal, RoomState};
use crate::{base_room_policy::BaseRoomPolicy, preauth::PreauthList, roles::RolesList};

/// A user whom an action touches.
#[derive(Clone, Copy)]
pub(super) struct Touched {
    pub(super) before: Option<Participant>,
    /// The role after, none for off the list.
    pub(super) role: Option<RoleIndex>,
    /// Whether the participant list changes for this user.
    pub(super) listed: bool,
    pub(super) added: u64,
    pub(super) removed: u64,
    /// Whether the minima of the role before have to hold for it; what the hub does needs to be done in any case.
    pub(super) minima: bool,
}

impl Touched {
    pub(super) fn clients_before(&self) -> u32 {
        self.before.map_or(0, |participant| participant.clients)
    }

    pub(super) fn clients_after(&self) -> u64 {
        (u64::from(self.clients_before()) + self.added).saturating_sub(self.removed)
    }
}

/// The room after an action, as differences.
#[derive(Default)]
pub(super) struct Projection<'a> {
    pub(super) users: BTreeMap<&'a UserUri, Touched>,
    pub(super) roles: Option<&'a RolesList>,
    pub(super) preauth: Option<&'a PreauthList>,
    pub(super) base: Option<&'a BaseRoomPolicy>,
}

impl<'a> Projection<'a> {
    /// The participant list changes: the user gets a role, or with none goes.
    pub(super) fn list(
        &mut self,
        state: &RoomState,
        user: &'a UserUri,
        role: Option<RoleIndex>,
        minima: bool,
    ) -> Result<(), Refusal> {
        let touched = self.touch(state, user, minima);
        if touched.listed {
            return Err(Refusal::TouchedTwice { user: user.clone() });
        }
        (touched.listed, touched.role) = (true, role);
        Ok(())
    }

    /// Clients of the user come.
    pub(super) fn add_clients(&mut self, state: &RoomState, user: &'a UserUri, clients: u32) {
        self.touch(state, user, false).added += u64::from(clients);
    }

    /// Clients of the user go.
    pub(super) fn remove_clients(&mut self, state: &RoomState, user: &'a UserUri, clients: u32, minima: bool) {
        self.touch(state, user, minima).removed += u64::from(clients);
    }

    fn touch(&mut self, state: &RoomState, user: &'a UserUri, minima: bool) -> &mut Touched {
        let touched = self.users.entry(user).or_insert_with(|| {
            let before = state.participant(user);
            let role = before.map(|participant| participant.role);
            Touched { before, role, listed: false, added: 0, removed: 0, minima: false }
        });
        touched.minima |= minima;
        touched
    }

    pub(super) fn update_roles(&mut self, roles: &'a RolesList) -> Result<(), Refusal> {
        once(self.roles.replace(roles), ComponentId::ROLES_LIST)
    }

    pub(super) fn update_preauth(&mut self, preauth: &'a PreauthList) -> Result<(), Refusal> {
        once(self.preauth.replace(preauth), ComponentId::PREAUTH_LIST)
    }

    pub(super) fn update_base(&mut self, base: &'a BaseRoomPolicy) -> Result<(), Refusal> {
        once(self.base.replace(base), ComponentId::BASE_ROOM_POLICY)
    }

    /// Makes it so; only for what has been found to be allowed.
    pub(super) fn apply(self, state: &mut RoomState) {
        for (user, touched) in self.users {
            let clients = u32::try_from(touched.clients_after()).unwrap_or(u32::MAX);
            state.set(user.clone(), touched.role.map(|role| Participant { role, clients }));
        }
        if let Some(roles) = self.roles {
            state.set_roles(roles);
        }
        if let Some(preauth) = self.preauth {
            state.set_preauth(preauth);
        }
        if let Some(base) = self.base {
            state.set_base(base);
        }
    }
}

fn once<T>(before: Option<T>, component: ComponentId) -> Result<(), Refusal> {
    if before.is_some() { Err(Refusal::ComponentTwice { component }) } else { Ok(()) }
}
