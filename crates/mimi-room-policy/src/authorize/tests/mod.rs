//! Rules of section 8, one by one, in small rooms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adding;
mod constraints;
mod laws;
mod limits;
mod meaning;
mod messages;
mod outsiders;
mod policy;
mod removing;
mod role_changes;

use mimi_arch::{RoleIndex, UserUri, mls::CredentialType};

use super::*;
use crate::{
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType as Cap,
    preauth::{Claim, PreAuthRoleEntry, PreauthList},
    roles::{Role, RolesList},
};

/// Role 1.
pub(super) const BANNED: u32 = 1;
/// A role without capabilities.
pub(super) const GUEST: u32 = 2;
/// The role of the actor of a test, with what the test gives it.
pub(super) const ACTOR: u32 = 3;
/// Another role without capabilities.
pub(super) const OTHER: u32 = 4;

pub(super) fn user(name: &str) -> UserUri {
    format!("mimi://a.example/u/{name}").parse().unwrap()
}

pub(super) fn role(index: u32) -> RoleIndex {
    RoleIndex(index)
}

pub(super) fn claim(id: &str) -> Claim {
    Claim::new(CredentialType::X509, id, "yes")
}

/// A room in the making: four roles, and `me` with role 3 and two clients.
#[derive(Clone)]
pub(super) struct Room {
    pub(super) zero: Role,
    pub(super) banned: Role,
    pub(super) guest: Role,
    pub(super) actor: Role,
    pub(super) other: Role,
    pub(super) preauth: Vec<(String, u32)>,
    pub(super) base: BaseRoomPolicy,
    pub(super) users: Vec<(String, u32, u32)>,
    pub(super) parent: Option<Vec<String>>,
}

impl Room {
    /// `me` has these capabilities and may make every transition.
    pub(super) fn with(capabilities: &[Cap]) -> Self {
        let all = [0, BANNED, GUEST, ACTOR, OTHER];
        let mut actor = Role::new(ACTOR, "actor").with(capabilities.iter().copied());
        for from in all {
            actor = actor.changing(from, &all);
        }
        Self {
            zero: Role::new(0, "nobody"),
            banned: Role::new(BANNED, "banned").active_participants(0, Some(0)),
            guest: Role::new(GUEST, "guest"),
            actor,
            other: Role::new(OTHER, "other"),
            preauth: Vec::new(),
            base: BaseRoomPolicy::default(),
            users: vec![("me".to_owned(), ACTOR, 2)],
            parent: None,
        }
    }

    pub(super) fn having(mut self, name: &str, role: u32, clients: u32) -> Self {
        self.users.push((name.to_owned(), role, clients));
        self
    }

    pub(super) fn change(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(super) fn preauthorizing(mut self, id: &str, role: u32) -> Self {
        self.preauth.push((id.to_owned(), role));
        self
    }

    pub(super) fn roles(&self) -> RolesList {
        let Self { zero, banned, guest, actor, other, .. } = self.clone();
        RolesList::new(vec![other, zero, banned, guest, actor]).unwrap()
    }

    pub(super) fn state(&self) -> RoomState {
        let entries = self
            .preauth
            .iter()
            .map(|(id, role)| PreAuthRoleEntry { claimset: vec![claim(id)], target_role: Role::new(*role, "") });
        let preauth = PreauthList { preauthorized_entries: entries.collect() };
        let mut state = RoomState::new(&self.roles(), preauth, self.base.clone());
        for (name, index, clients) in &self.users {
            state.insert(user(name), role(*index), *clients).unwrap();
        }
        if let Some(parent) = &self.parent {
            state.set_parent_participants(parent.iter().map(|name| user(name)));
        }
        state
    }

    /// What `me` is answered for these proposals.
    pub(super) fn propose(&self, steps: &[Step<'_>]) -> Decision {
        let me = user("me");
        self.ask(&Actor::member(&me), &Action::proposals(steps))
    }

    /// What `me` is answered for this commit.
    pub(super) fn commit(&self, steps: &[Step<'_>]) -> Decision {
        let me = user("me");
        self.ask(&Actor::member(&me), &Action::commit(steps))
    }

    /// Asks, and sees to it that acting gives the same answer and changes nothing when refused.
    pub(super) fn ask(&self, actor: &Actor<'_>, action: &Action<'_>) -> Decision {
        let before = self.state();
        let decision = authorize(&before, actor, action);
        let mut after = before.clone();
        assert_eq!(after.act(actor, action), decision);
        if !decision.is_allowed() {
            assert_eq!(after, before);
        }
        decision
    }
}

#[track_caller]
pub(super) fn allowed(decision: &Decision, by: &[Cap]) {
    let by: Vec<_> = by.iter().copied().map(Authority::Capability).collect();
    assert_eq!(decision.grounds(), by, "{decision:?}");
}

#[track_caller]
pub(super) fn refused(decision: &Decision, rule: &str) {
    match decision {
        Decision::Refused(refusal) => {
            assert_eq!(refusal.rule(), rule, "{refusal}");
            assert!(refusal.section().starts_with("draft-ietf-mimi-"));
        }
        Decision::Allowed(grounds) => panic!("allowed by {grounds:?}, expected {rule}"),
    }
}

/// Without a capability, the step is refused for its lack and nothing else.
#[track_caller]
pub(super) fn needs(capability: Cap, room: &Room, ask: impl Fn(&Room) -> Decision) {
    allowed(&ask(room), &[capability]);
    let mut without = room.clone();
    for role in [&mut without.zero, &mut without.guest, &mut without.actor, &mut without.other] {
        role.role_capabilities.retain(|held| *held != capability);
    }
    refused(&ask(&without), "missing-capability");
}
