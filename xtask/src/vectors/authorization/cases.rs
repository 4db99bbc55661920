//! What the cases are made of: a usual room, people in it, and the comparison of what a case expects with the model.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use serde_json::json;

use super::super::builder::{Case, Rule};
use super::encode::{action_json, room_json};
use super::facts::{Action, Actor, Base, Claim, Participant, Preauthorization, Role, Room, Sent, Step};
use super::model::{self, Broken, Verdict};
use super::table;

pub(crate) const ALICE: &str = "mimi://a.example/u/alice";
pub(crate) const BOB: &str = "mimi://b.example/u/bob";
pub(crate) const CATHY: &str = "mimi://c.example/u/cathy";
pub(crate) const DAN: &str = "mimi://c.example/u/dan";
pub(crate) const ERIN: &str = "mimi://a.example/u/erin";
/// Is not in the list.
pub(crate) const FRED: &str = "mimi://b.example/u/fred";
/// Is not in the list.
pub(crate) const GINA: &str = "mimi://c.example/u/gina";

pub(crate) const USER: u32 = 2;
pub(crate) const ADMIN: u32 = 3;

const EVERYTHING_OF_A_USER: &[&str] =
    &["canAddOwnClient", "canRemoveOwnClient", "canRemoveSelf", "canChangeOwnRole", "canJoinIfPreauthorized"];
const EVERYTHING_OF_AN_ADMIN: &[&str] = &[
    "canAddOwnClient",
    "canRemoveOwnClient",
    "canRemoveSelf",
    "canChangeOwnRole",
    "canAddParticipant",
    "canRemoveParticipant",
    "canBan",
    "canUnBan",
    "canKick",
    "canChangeUserRole",
    "canChangeRoomName",
    "canChangeRoomDescription",
    "canChangeRoomAvatar",
    "canChangeRoomSubject",
    "canChangeRoomMood",
    "canChangeRoomMembershipStyle",
    "canChangeRoleDefinitions",
    "canChangePreauthorizedUserList",
    "canSendMLSReinitProposal",
    "canDestroyRoom",
];

/// A room with two administrators (alice with two clients, erin), two users (bob, and cathy without clients), and dan, who is banned.
pub(crate) fn room() -> Room {
    let mut banned = Role::new(1, "banned", &[], &[]);
    banned.maximum_active_participants = Some(0);
    let at = |user: &str, role, clients| Participant { user: user.to_owned(), role, clients };
    Room {
        roles: vec![
            Role::new(0, "", &["canOpenJoin", "canUseJoinCode"], &[(0, &[USER])]),
            banned,
            Role::new(USER, "user", EVERYTHING_OF_A_USER, &[(USER, &[0])]),
            Role::new(
                ADMIN,
                "admin",
                EVERYTHING_OF_AN_ADMIN,
                &[(0, &[USER, ADMIN]), (1, &[0, USER]), (USER, &[0, 1, ADMIN]), (ADMIN, &[0, 1, USER])],
            ),
        ],
        preauthorized: vec![
            Preauthorization { claimset: vec![claim("dept", "hr"), claim("level", "lead")], role: ADMIN },
            Preauthorization { claimset: vec![claim("dept", "hr")], role: USER },
        ],
        base: Base {
            fixed_membership: false,
            parent_room: None,
            multi_device: true,
            max_clients: None,
            max_users: None,
        },
        participants: vec![
            at(ALICE, ADMIN, 2),
            at(BOB, USER, 1),
            at(CATHY, USER, 0),
            at(DAN, 1, 0),
            at(ERIN, ADMIN, 1),
        ],
        parent_participants: Vec::new(),
    }
}

/// The usual room with one thing changed.
pub(crate) fn with(change: impl FnOnce(&mut Room)) -> Room {
    let mut room = room();
    change(&mut room);
    room
}

/// The usual room with a role changed.
pub(crate) fn with_role(index: u32, change: impl FnOnce(&mut Role)) -> Room {
    with(|room| {
        if let Some(role) = room.roles.iter_mut().find(|role| role.index == index) {
            change(role);
        }
    })
}

/// The room, in which no role has the capability.
pub(crate) fn without(mut room: Room, capability: &str) -> Room {
    for role in &mut room.roles {
        role.capabilities.retain(|own| *own != capability);
    }
    room
}

/// A claim of a credential whose type is for private use.
pub(crate) fn claim(id: &str, value: &str) -> Claim {
    Claim { credential_type: 0xf005, id: id.to_owned(), value: value.to_owned() }
}

pub(crate) fn member(user: &str) -> Actor {
    Actor::User { user: user.to_owned(), member: true, claims: Vec::new() }
}

pub(crate) fn outside(user: &str) -> Actor {
    Actor::User { user: user.to_owned(), member: false, claims: Vec::new() }
}

pub(crate) fn claiming(actor: Actor, claims: &[Claim]) -> Actor {
    match actor {
        Actor::User { user, member, .. } => Actor::User { user, member, claims: claims.to_vec() },
        Actor::ExternalSender { .. } => Actor::ExternalSender { claims: claims.to_vec() },
        Actor::Hub => Actor::Hub,
    }
}

pub(crate) fn commit(steps: impl Into<Vec<Step>>) -> Action {
    Action::Change { sent: Sent::Commit, steps: steps.into() }
}

pub(crate) fn proposals(steps: impl Into<Vec<Step>>) -> Action {
    Action::Change { sent: Sent::Proposals, steps: steps.into() }
}

pub(crate) fn external(steps: impl Into<Vec<Step>>) -> Action {
    Action::Change { sent: Sent::ExternalCommit, steps: steps.into() }
}

pub(crate) fn add(user: &str, role: u32, clients: u32) -> Step {
    Step::AddParticipant { user: user.to_owned(), role, clients }
}

pub(crate) fn remove(user: &str, clients: u32) -> Step {
    Step::RemoveParticipant { user: user.to_owned(), clients }
}

pub(crate) fn move_to(user: &str, role: u32) -> Step {
    Step::ChangeRole { user: user.to_owned(), role }
}

pub(crate) fn ban(user: &str, clients: u32) -> Step {
    Step::Ban { user: user.to_owned(), clients }
}

pub(crate) fn unban(user: &str, role: u32) -> Step {
    Step::Unban { user: user.to_owned(), role }
}

pub(crate) fn kick(user: &str, clients: u32) -> Step {
    Step::Kick { user: user.to_owned(), clients }
}

/// The cases of one file.
#[derive(Default)]
pub(crate) struct Cases {
    cases: Vec<Case>,
    allowed: BTreeSet<&'static str>,
    /// Capabilities without which something was refused.
    lacking: BTreeSet<&'static str>,
}

impl Cases {
    /// What is allowed by these capabilities, one per step.
    pub(crate) fn yes(
        &mut self,
        comment: &str,
        flag: &str,
        room: &Room,
        actor: &Actor,
        action: &Action,
        grounds: &[&'static str],
    ) -> Result<()> {
        let expected = Ok(grounds.to_vec());
        self.agree(comment, &expected, &model::judge(room, actor, action))?;
        self.allowed.extend(grounds);
        self.cases.push(situation(Case::valid(comment, flag), room, actor, action, &expected));
        Ok(())
    }

    /// What a rule refuses.
    pub(crate) fn no(
        &mut self,
        comment: &str,
        flag: &str,
        room: &Room,
        actor: &Actor,
        action: &Action,
        rule: &str,
    ) -> Result<()> {
        let verdict = model::judge(room, actor, action);
        let Err(Broken(name, section)) = verdict else {
            bail!("{comment}: the case expects {rule}, the model allows it: {verdict:?}");
        };
        ensure!(name == rule, "{comment}: the case expects {rule}, the model says {name}");
        let case = Case::invalid(comment, flag, Rule(name, section).nowhere());
        self.cases.push(situation(case, room, actor, action, &verdict));
        Ok(())
    }

    /// What is allowed, and refused without the capability that allows it.
    pub(crate) fn both(
        &mut self,
        comment: &str,
        room: &Room,
        actor: &Actor,
        action: &Action,
        capability: &'static str,
    ) -> Result<()> {
        self.yes(comment, "Allowed", room, actor, action, &[capability])?;
        let lacking = without(room.clone(), capability);
        let comment = format!("{comment}: no role has {capability}");
        self.no(&comment, "Capability", &lacking, actor, action, "missing-capability")?;
        self.lacking.insert(capability);
        Ok(())
    }

    /// What the draft does not decide. `grounds` or rule: what we do.
    pub(crate) fn unclear(
        &mut self,
        comment: &str,
        interpretation: &str,
        room: &Room,
        actor: &Actor,
        action: &Action,
        ours: Result<&[&'static str], Rule>,
    ) {
        let comment = format!("{comment} ({interpretation})");
        let case = Case::acceptable(comment, "Unclear");
        let case = match ours {
            Ok(grounds) => situation(case, room, actor, action, &Ok(grounds.to_vec())),
            Err(Rule(name, section)) => {
                situation(case.our_error(Rule(name, section).nowhere()), room, actor, action, &Err(Broken("", "")))
            }
        };
        self.cases.push(case.with("interpretation", interpretation));
    }

    /// Whether a case has this flag.
    pub(crate) fn uses(&self, flag: &str) -> bool {
        self.cases.iter().any(|case| case.has_flag(flag))
    }

    pub(crate) fn into_cases(self) -> Vec<Case> {
        self.cases
    }

    fn agree(&self, comment: &str, expected: &Verdict, said: &Verdict) -> Result<()> {
        ensure!(expected == said, "{comment}: the case expects {expected:?}, the model says {said:?}");
        Ok(())
    }
}

/// Fails unless every capability that the draft gives a meaning has both kinds of cases.
pub(crate) fn every_capability_is_allowed_and_refused<'a>(all: impl Iterator<Item = &'a Cases>) -> Result<()> {
    let (mut allowed, mut lacking): (BTreeSet<&str>, BTreeSet<&str>) = (BTreeSet::new(), BTreeSet::new());
    for cases in all {
        allowed.extend(&cases.allowed);
        lacking.extend(&cases.lacking);
    }
    for capability in table::capabilities() {
        ensure!(allowed.contains(capability), "no case is allowed by {capability}");
        ensure!(lacking.contains(capability), "no case is refused for want of {capability}");
    }
    Ok(())
}

/// The fields of a case.
fn situation(case: Case, room: &Room, actor: &Actor, action: &Action, verdict: &Verdict) -> Case {
    let case = case.with("room", room_json(room)).with("actor", json!(actor)).with("action", action_json(action, room));
    match verdict {
        Ok(grounds) => case.with("grounds", grounds.clone()),
        Err(_) => case,
    }
}
