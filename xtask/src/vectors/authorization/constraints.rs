//! Section 3: the four constraints, each just kept and just not, after all steps together.

use anyhow::Result;

use super::cases::*;
use super::facts::{Role, Step};

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    maximum(&mut cases)?;
    maximum_active(&mut cases)?;
    minimum(&mut cases)?;
    minimum_active(&mut cases)?;
    Ok(cases)
}

type Change = fn(&mut Role, u32);

const MAXIMUM: Change = |role, limit| role.maximum_participants = Some(limit);
const MAXIMUM_ACTIVE: Change = |role, limit| role.maximum_active_participants = Some(limit);
const MINIMUM: Change = |role, limit| role.minimum_participants = limit;
const MINIMUM_ACTIVE: Change = |role, limit| role.minimum_active_participants = limit;

/// The same action with the limit that is just kept, and with the one beside it.
struct Edge {
    role: u32,
    set: Change,
    kept: u32,
    broken: u32,
    rule: &'static str,
}

impl Edge {
    fn ask(
        &self,
        cases: &mut Cases,
        comment: &str,
        actor: &super::facts::Actor,
        action: &super::facts::Action,
        grounds: &[&'static str],
    ) -> Result<()> {
        let Self { role, kept, broken, rule, .. } = self;
        let room = |limit| with_role(*role, |role| (self.set)(role, limit));
        cases.yes(&format!("{comment}: the limit is {kept}"), "Limit", &room(*kept), actor, action, grounds)?;
        cases.no(&format!("{comment}: the limit is {broken}"), "Limit", &room(*broken), actor, action, rule)
    }
}

fn maximum(cases: &mut Cases) -> Result<()> {
    let alice = member(ALICE);
    let edge = |role, kept: u32| Edge { role, set: MAXIMUM, kept, broken: kept - 1, rule: "maximum-participants" };
    edge(USER, 3).ask(cases, "a third user is added", &alice, &commit([add(FRED, USER, 0)]), &["canAddParticipant"])?;
    edge(USER, 4).ask(
        cases,
        "two users are added",
        &alice,
        &commit([add(FRED, USER, 1), add(GINA, USER, 0)]),
        &["canAddParticipant"; 2],
    )?;
    edge(USER, 2).ask(
        cases,
        "one is added and one removed",
        &alice,
        &commit([add(FRED, USER, 1), remove(CATHY, 0)]),
        &["canAddParticipant", "canRemoveParticipant"],
    )?;
    edge(USER, 2).ask(
        cases,
        "one is added and one becomes an administrator, in this order",
        &alice,
        &commit([add(FRED, USER, 1), move_to(BOB, ADMIN)]),
        &["canAddParticipant", "canChangeUserRole"],
    )?;
    edge(USER, 3).ask(
        cases,
        "an open join",
        &outside(FRED),
        &external([Step::OpenJoin { role: USER }]),
        &["canOpenJoin"],
    )?;
    edge(USER, 3).ask(
        cases,
        "a join with a code",
        &outside(FRED),
        &external([Step::JoinByCode { role: USER, code_role: Some(USER) }]),
        &["canUseJoinCode"],
    )?;
    let hr = [claim("dept", "hr")];
    let lead = [claim("dept", "hr"), claim("level", "lead")];
    edge(USER, 3).ask(
        cases,
        "a preauthorized join",
        &claiming(outside(FRED), &hr),
        &external([Step::JoinPreauthorized { role: USER }]),
        &["canJoinIfPreauthorized"],
    )?;
    edge(ADMIN, 3).ask(
        cases,
        "a user becomes an administrator",
        &alice,
        &commit([move_to(BOB, ADMIN)]),
        &["canChangeUserRole"],
    )?;
    edge(ADMIN, 3).ask(
        cases,
        "a user takes the role of administrator",
        &claiming(member(BOB), &lead),
        &commit([Step::ChangeOwnRole { role: ADMIN }]),
        &["canChangeOwnRole"],
    )?;
    edge(USER, 3).ask(cases, "a banned user becomes a user", &alice, &commit([unban(DAN, USER)]), &["canUnBan"])?;
    edge(1, 2).ask(cases, "a second user is banned", &alice, &commit([ban(BOB, 1)]), &["canBan"])
}

fn maximum_active(cases: &mut Cases) -> Result<()> {
    let alice = member(ALICE);
    let edge = |role, kept: u32| Edge {
        role,
        set: MAXIMUM_ACTIVE,
        kept,
        broken: kept - 1,
        rule: "maximum-active-participants",
    };
    edge(USER, 2).ask(
        cases,
        "a user is added with two clients, which count once",
        &alice,
        &commit([add(FRED, USER, 2)]),
        &["canAddParticipant"],
    )?;
    edge(USER, 2).ask(
        cases,
        "an open join",
        &outside(FRED),
        &external([Step::OpenJoin { role: USER }]),
        &["canOpenJoin"],
    )?;
    edge(USER, 2).ask(
        cases,
        "a join with a code",
        &outside(FRED),
        &external([Step::JoinByCode { role: USER, code_role: Some(USER) }]),
        &["canUseJoinCode"],
    )?;
    let hr = [claim("dept", "hr")];
    let lead = [claim("dept", "hr"), claim("level", "lead")];
    edge(USER, 2).ask(
        cases,
        "a preauthorized join",
        &claiming(outside(FRED), &hr),
        &external([Step::JoinPreauthorized { role: USER }]),
        &["canJoinIfPreauthorized"],
    )?;
    edge(USER, 2).ask(
        cases,
        "the first client of a user who is in the list",
        &outside(CATHY),
        &external([Step::AddOwnClient { replaces: 0 }]),
        &["canAddOwnClient"],
    )?;
    edge(ADMIN, 3).ask(
        cases,
        "a user with a client becomes an administrator",
        &alice,
        &commit([move_to(BOB, ADMIN)]),
        &["canChangeUserRole"],
    )?;
    edge(ADMIN, 3).ask(
        cases,
        "a user takes the role of administrator",
        &claiming(member(BOB), &lead),
        &commit([Step::ChangeOwnRole { role: ADMIN }]),
        &["canChangeOwnRole"],
    )?;
    let full = with_role(USER, |role| role.maximum_active_participants = Some(1));
    cases.yes(
        "a user is added without clients to a role with enough active ones",
        "Limit",
        &full,
        &alice,
        &commit([add(FRED, USER, 0)]),
        &["canAddParticipant"],
    )?;
    cases.yes(
        "a second client of an active user",
        "Limit",
        &full,
        &member(BOB),
        &commit([Step::AddOtherOwnClients { clients: 1 }]),
        &["canAddOwnClient"],
    )?;
    let observers = with(|room| {
        let mut observer = Role::new(4, "observer", &["canAddOwnClient"], &[]);
        observer.maximum_active_participants = Some(0);
        room.roles.push(observer);
        for participant in room.participants.iter_mut().filter(|participant| participant.user == CATHY) {
            participant.role = 4;
        }
    });
    cases.no(
        "the first client of a user whose role has none in the group",
        "Limit",
        &observers,
        &outside(CATHY),
        &external([Step::AddOwnClient { replaces: 0 }]),
        "maximum-active-participants",
    )
}

fn minimum(cases: &mut Cases) -> Result<()> {
    let alice = member(ALICE);
    let edge = |role, kept: u32| Edge { role, set: MINIMUM, kept, broken: kept + 1, rule: "minimum-participants" };
    edge(USER, 1).ask(
        cases,
        "one of two users is removed",
        &alice,
        &commit([remove(CATHY, 0)]),
        &["canRemoveParticipant"],
    )?;
    edge(USER, 1).ask(
        cases,
        "one of two users leaves",
        &member(BOB),
        &proposals([Step::Leave { clients: 1 }]),
        &["canRemoveSelf"],
    )?;
    edge(ADMIN, 1).ask(
        cases,
        "one of two administrators becomes a user",
        &alice,
        &commit([move_to(ERIN, USER)]),
        &["canChangeUserRole"],
    )?;
    edge(ADMIN, 2).ask(
        cases,
        "one becomes an administrator and one a user",
        &alice,
        &commit([move_to(ERIN, USER), move_to(BOB, ADMIN)]),
        &["canChangeUserRole"; 2],
    )?;
    edge(USER, 1).ask(
        cases,
        "a user takes another role",
        &claiming(member(BOB), &[claim("dept", "hr"), claim("level", "lead")]),
        &commit([Step::ChangeOwnRole { role: ADMIN }]),
        &["canChangeOwnRole"],
    )?;
    edge(USER, 1).ask(cases, "one of two users is banned", &alice, &commit([ban(BOB, 1)]), &["canBan"])
}

fn minimum_active(cases: &mut Cases) -> Result<()> {
    let alice = member(ALICE);
    let edge = |role, kept: u32| Edge {
        role,
        set: MINIMUM_ACTIVE,
        kept,
        broken: kept + 1,
        rule: "minimum-active-participants",
    };
    edge(USER, 0).ask(
        cases,
        "the only active user is removed",
        &alice,
        &commit([remove(BOB, 1)]),
        &["canRemoveParticipant"],
    )?;
    edge(USER, 0).ask(
        cases,
        "the only active user leaves",
        &member(BOB),
        &proposals([Step::Leave { clients: 1 }]),
        &["canRemoveSelf"],
    )?;
    edge(USER, 0).ask(
        cases,
        "the only client of the only active user goes",
        &member(BOB),
        &proposals([Step::RemoveOwnClients { clients: 1, acting: true }]),
        &["canRemoveOwnClient"],
    )?;
    edge(USER, 0).ask(cases, "the only active user is kicked", &alice, &commit([kick(BOB, 1)]), &["canKick"])?;
    edge(USER, 0).ask(cases, "the only active user is banned", &alice, &commit([ban(BOB, 1)]), &["canBan"])?;
    edge(ADMIN, 1).ask(
        cases,
        "one of two active administrators becomes a user",
        &alice,
        &commit([move_to(ERIN, USER)]),
        &["canChangeUserRole"],
    )?;
    edge(USER, 0).ask(
        cases,
        "the only active user takes another role",
        &claiming(member(BOB), &[claim("dept", "hr"), claim("level", "lead")]),
        &commit([Step::ChangeOwnRole { role: ADMIN }]),
        &["canChangeOwnRole"],
    )?;
    let two = with_role(ADMIN, |role| role.minimum_active_participants = 2);
    cases.yes(
        "one of two clients is kicked, and the user stays active",
        "Limit",
        &two,
        &member(ERIN),
        &commit([kick(ALICE, 1)]),
        &["canKick"],
    )?;
    let one = with_role(USER, |role| role.minimum_active_participants = 1);
    cases.yes(
        "a user without clients is removed",
        "Limit",
        &one,
        &alice,
        &commit([remove(CATHY, 0)]),
        &["canRemoveParticipant"],
    )
}
