//! Section 8.1.1: who brings users and clients in.

use anyhow::Result;

use super::super::builder::Rule;
use super::cases::*;
use super::facts::{Preauthorization, Step};

const SECTION: &str = "draft-ietf-mimi-room-policy-03 section 8.1.1";

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    add_participant(&mut cases)?;
    own_clients(&mut cases)?;
    joins(&mut cases)?;
    join_codes(&mut cases)?;
    Ok(cases)
}

fn add_participant(cases: &mut Cases) -> Result<()> {
    let room = room();
    let adds = commit([add(FRED, USER, 2)]);
    cases.both("an administrator adds a user with two clients", &room, &member(ALICE), &adds, "canAddParticipant")?;
    let two = commit([add(FRED, USER, 1), add(GINA, ADMIN, 0)]);
    let ground = "canAddParticipant";
    cases.yes("two users at once, one without clients", "Allowed", &room, &member(ALICE), &two, &[ground, ground])?;
    cases.yes(
        "the same as proposals",
        "Allowed",
        &room,
        &member(ALICE),
        &proposals([add(FRED, USER, 1)]),
        &[ground],
    )?;
    let user_adds = with_role(USER, |role| role.capabilities.push(ground));
    cases.no(
        "the adder's role has transitions, but none from zero",
        "Transition",
        &user_adds,
        &member(BOB),
        &commit([add(FRED, USER, 1)]),
        "transition-not-listed",
    )?;
    let only_users = with_role(ADMIN, |role| role.authorized_role_changes = vec![(0, vec![USER]), (USER, vec![ADMIN])]);
    cases.no(
        "the target is listed for another origin only",
        "Transition",
        &only_users,
        &member(ALICE),
        &commit([add(FRED, ADMIN, 1)]),
        "transition-not-listed",
    )?;
    let split = with_role(ADMIN, |role| role.authorized_role_changes = vec![(0, vec![ADMIN]), (0, vec![USER])]);
    cases.yes(
        "two entries with the same origin count together",
        "Allowed",
        &split,
        &member(ALICE),
        &adds,
        &[ground],
    )?;
    for (comment, user, rule) in [
        ("a user who is there already", BOB, "already-participant"),
        ("a user who is banned", DAN, "already-participant"),
        ("oneself", ALICE, "target-is-actor"),
    ] {
        cases.no(comment, "Refused", &room, &member(ALICE), &commit([add(user, USER, 0)]), rule)?;
    }
    let self_add = commit([add(FRED, USER, 1)]);
    cases.no(
        "someone who is not in the list adds",
        "Refused",
        &room,
        &outside(GINA),
        &proposals([add(FRED, USER, 1)]),
        "missing-capability",
    )?;
    cases.no(
        "a participant without a client in the group adds",
        "Refused",
        &room,
        &outside(ERIN),
        &self_add,
        "not-member",
    )?;
    let lists_more = with_role(ADMIN, |role| role.authorized_role_changes = vec![(0, vec![0, 9])]);
    cases.no(
        "a role that is not defined",
        "Refused",
        &lists_more,
        &member(ALICE),
        &commit([add(FRED, 9, 1)]),
        "undefined-role",
    )?;
    cases.no("with role zero", "Refused", &lists_more, &member(ALICE), &commit([add(FRED, 0, 1)]), "role-zero")?;
    cases.no(
        "further clients of a user who is in the list, by another user",
        "Refused",
        &room,
        &member(ALICE),
        &commit([Step::AddClientsOf { user: BOB.to_owned(), clients: 1 }]),
        "no-capability",
    )?;
    cases.no(
        "one user twice",
        "Refused",
        &room,
        &member(ALICE),
        &commit([add(FRED, USER, 1), add(FRED, ADMIN, 1)]),
        "touched-twice",
    )?;
    let bans_at_once = with_role(ADMIN, |role| role.authorized_role_changes.push((0, vec![1])));
    cases.no(
        "with role 1 and a client",
        "Refused",
        &bans_at_once,
        &member(ALICE),
        &commit([add(FRED, 1, 1)]),
        "clients-remain",
    )?;
    cases.unclear(
        "with role 1 and no client; appendix A.1 lists that transition",
        "IRP-13",
        &bans_at_once,
        &member(ALICE),
        &commit([add(FRED, 1, 0)]),
        Ok(&["canAddParticipant"]),
    );
    Ok(())
}

fn own_clients(cases: &mut Cases) -> Result<()> {
    let room = room();
    let ground = "canAddOwnClient";
    let comes = external([Step::AddOwnClient { replaces: 0 }]);
    cases.both("a participant's first client comes by external commit", &room, &outside(CATHY), &comes, ground)?;
    let proposed = proposals([Step::AddOwnClient { replaces: 0 }]);
    cases.yes("and by external proposal", "Allowed", &room, &outside(BOB), &proposed, &[ground])?;
    let again = external([Step::AddOwnClient { replaces: 1 }]);
    cases.yes("a client comes back and removes its old self", "Allowed", &room, &outside(BOB), &again, &[ground])?;
    let twice = proposals([Step::AddOwnClient { replaces: 0 }, Step::AddOwnClient { replaces: 0 }]);
    cases.no("one client comes twice", "Refused", &room, &outside(BOB), &twice, "one-client-joins")?;
    let none = external([Step::ChangeMetadata { field: "name" }]);
    cases.no(
        "an external commit that brings nobody in",
        "Refused",
        &room,
        &outside(ERIN),
        &none,
        "one-client-joins",
    )?;
    let more = commit([Step::AddOtherOwnClients { clients: 2 }]);
    cases.both("a member adds two more clients of its own user", &room, &member(BOB), &more, ground)?;
    cases.no("a banned user's client comes", "Refused", &room, &outside(DAN), &comes, "actor-banned")?;
    let generous = with_role(1, |role| role.capabilities.push(ground));
    cases.no(
        "a banned user's client comes, and the banned role has the capability",
        "Refused",
        &generous,
        &outside(DAN),
        &comes,
        "actor-banned",
    )?;
    cases.no(
        "the client of someone who is not in the list",
        "Refused",
        &room,
        &outside(FRED),
        &comes,
        "not-participant",
    )?;
    cases.no("a client that is a member already", "Refused", &room, &member(BOB), &comes, "already-member")?;
    cases.no(
        "further clients from outside the group",
        "Refused",
        &room,
        &outside(CATHY),
        &proposals([Step::AddOtherOwnClients { clients: 1 }]),
        "not-member",
    )?;
    cases.no(
        "more old clients are removed than there are",
        "Refused",
        &room,
        &outside(BOB),
        &external([Step::AddOwnClient { replaces: 3 }]),
        "more-clients-than-there",
    )
}

fn joins(cases: &mut Cases) -> Result<()> {
    let room = room();
    let open = external([Step::OpenJoin { role: USER }]);
    cases.both("anyone joins an open room", &room, &outside(FRED), &open, "canOpenJoin")?;
    cases.yes(
        "and by external proposal",
        "Allowed",
        &room,
        &outside(FRED),
        &proposals([Step::OpenJoin { role: USER }]),
        &["canOpenJoin"],
    )?;
    cases.no(
        "with a role that role zero does not list",
        "Transition",
        &room,
        &outside(FRED),
        &external([Step::OpenJoin { role: ADMIN }]),
        "transition-not-listed",
    )?;
    let elsewhere = with_role(0, |role| role.authorized_role_changes = vec![(USER, vec![USER])]);
    cases.no(
        "role zero lists transitions from another role only",
        "Transition",
        &elsewhere,
        &outside(FRED),
        &open,
        "transition-not-listed",
    )?;
    let to_zero = with_role(0, |role| role.authorized_role_changes = vec![(0, vec![0, USER])]);
    cases.no(
        "with role zero, although it is listed",
        "Refused",
        &to_zero,
        &outside(FRED),
        &external([Step::OpenJoin { role: 0 }]),
        "role-zero",
    )?;
    cases.no("a banned user joins", "Refused", &room, &outside(DAN), &open, "actor-banned")?;
    cases.no(
        "a participant without clients joins again",
        "Refused",
        &room,
        &outside(CATHY),
        &open,
        "already-participant",
    )?;
    let closed = with(|room| room.roles.retain(|role| role.index != 0));
    cases.no("there is no role zero", "Refused", &closed, &outside(FRED), &open, "missing-capability")?;

    let hr = claiming(outside(FRED), &[claim("dept", "hr")]);
    let lead = claiming(outside(FRED), &[claim("level", "lead"), claim("site", "zug"), claim("dept", "hr")]);
    let preauthorized = external([Step::JoinPreauthorized { role: USER }]);
    let as_admin = external([Step::JoinPreauthorized { role: ADMIN }]);
    cases.both(
        "someone joins with the role that the claims give; its transitions do not list it",
        &room,
        &hr,
        &preauthorized,
        "canJoinIfPreauthorized",
    )?;
    let ground = &["canJoinIfPreauthorized"];
    let admins_too = with_role(ADMIN, |role| role.capabilities.extend(ground));
    cases.yes("the first of two entries that match", "Allowed", &admins_too, &lead, &as_admin, ground)?;
    cases.no(
        "the second of two entries that match",
        "Refused",
        &admins_too,
        &lead,
        &preauthorized,
        "not-preauthorized",
    )?;
    cases.no("only the other role has the capability", "Capability", &room, &lead, &as_admin, "missing-capability")?;
    cases.no("one of the two claims is missing", "Refused", &admins_too, &hr, &as_admin, "not-preauthorized")?;
    for (comment, id, value) in [
        ("no claim at all has the identifier", "group", "hr"),
        ("the value differs in case", "dept", "HR"),
        ("the value is longer", "dept", "hr2"),
        ("the value is empty", "dept", ""),
    ] {
        let actor = claiming(outside(FRED), &[claim(id, value)]);
        cases.no(comment, "Refused", &room, &actor, &preauthorized, "not-preauthorized")?;
    }
    let mut other_type = claim("dept", "hr");
    other_type.credential_type = 0xf006;
    cases.no(
        "the claim is of another type of credential",
        "Refused",
        &room,
        &claiming(outside(FRED), &[other_type]),
        &preauthorized,
        "not-preauthorized",
    )?;
    cases.no("no claims", "Refused", &room, &outside(FRED), &preauthorized, "not-preauthorized")?;
    let banned = claiming(outside(DAN), &[claim("dept", "hr")]);
    cases.no("a banned user with the right claims", "Refused", &room, &banned, &preauthorized, "actor-banned")?;
    let listed = claiming(outside(CATHY), &[claim("dept", "hr")]);
    cases.no(
        "a participant with the right claims",
        "Refused",
        &room,
        &listed,
        &preauthorized,
        "already-participant",
    )?;
    let everyone = with(|room| room.preauthorized = vec![Preauthorization { claimset: vec![], role: USER }]);
    cases.yes(
        "an entry without claims matches everyone",
        "Allowed",
        &everyone,
        &outside(FRED),
        &preauthorized,
        ground,
    )?;
    let none_first = with(|room| room.preauthorized.insert(0, Preauthorization { claimset: vec![], role: 0 }));
    cases.no("the first match is role zero", "Refused", &none_first, &hr, &preauthorized, "not-preauthorized")?;
    Ok(())
}

fn join_codes(cases: &mut Cases) -> Result<()> {
    let room = room();
    let by = |role, code_role| external([Step::JoinByCode { role, code_role }]);
    cases.both("someone joins with a code", &room, &outside(FRED), &by(USER, Some(USER)), "canUseJoinCode")?;
    cases.no("the code is not valid", "Refused", &room, &outside(FRED), &by(USER, None), "join-code-invalid")?;
    let lists_both = with_role(0, |role| role.authorized_role_changes = vec![(0, vec![USER, ADMIN])]);
    cases.no(
        "the code is for another role",
        "Refused",
        &lists_both,
        &outside(FRED),
        &by(ADMIN, Some(USER)),
        "join-code-for-other-role",
    )?;
    cases.no(
        "the code is for a role that is not defined",
        "Refused",
        &room,
        &outside(FRED),
        &by(9, Some(9)),
        "undefined-role",
    )?;
    cases.no("the code is for role zero", "Refused", &room, &outside(FRED), &by(0, Some(0)), "role-zero")?;
    cases.no("a banned user has a code", "Refused", &room, &outside(DAN), &by(USER, Some(USER)), "actor-banned")?;
    cases.no(
        "a participant has a code for another role",
        "Refused",
        &lists_both,
        &outside(CATHY),
        &by(ADMIN, Some(ADMIN)),
        "already-participant",
    )?;
    cases.unclear(
        "the code is for a role that role zero does not list; the text asks for a valid role only",
        "IRP-16",
        &room,
        &outside(FRED),
        &by(ADMIN, Some(ADMIN)),
        Err(Rule("transition-not-listed", SECTION)),
    );
    Ok(())
}
