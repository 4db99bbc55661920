//! Section 8.1.3: who gives which role to whom.

use anyhow::Result;

use super::cases::*;
use super::facts::{Preauthorization, Step};

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    others(&mut cases)?;
    own(&mut cases)?;
    bans(&mut cases)?;
    unbans(&mut cases)?;
    Ok(cases)
}

fn others(cases: &mut Cases) -> Result<()> {
    let room = room();
    let alice = member(ALICE);
    let ground = "canChangeUserRole";
    cases.both("a user becomes an administrator", &room, &alice, &commit([move_to(BOB, ADMIN)]), ground)?;
    cases.yes(
        "an administrator becomes a user",
        "Allowed",
        &room,
        &alice,
        &commit([move_to(ERIN, USER)]),
        &[ground],
    )?;
    cases.yes(
        "one goes up and one goes down",
        "Allowed",
        &room,
        &alice,
        &proposals([move_to(CATHY, ADMIN), move_to(ERIN, USER)]),
        &[ground, ground],
    )?;
    let down_only = with_role(ADMIN, |role| role.authorized_role_changes = vec![(ADMIN, vec![USER]), (0, vec![ADMIN])]);
    cases.no(
        "the new role is listed for another origin only",
        "Transition",
        &down_only,
        &alice,
        &commit([move_to(BOB, ADMIN)]),
        "transition-not-listed",
    )?;
    cases.no("oneself", "Refused", &room, &alice, &commit([move_to(ALICE, USER)]), "target-is-actor")?;
    cases.no(
        "someone who is not in the list",
        "Refused",
        &room,
        &alice,
        &commit([move_to(FRED, USER)]),
        "target-not-participant",
    )?;
    cases.no(
        "to role zero, although it is listed",
        "Refused",
        &room,
        &alice,
        &commit([move_to(CATHY, 0)]),
        "role-zero",
    )?;
    let lists_nine = with_role(ADMIN, |role| role.authorized_role_changes.push((USER, vec![9])));
    cases.no(
        "to a role that is not defined",
        "Refused",
        &lists_nine,
        &alice,
        &commit([move_to(BOB, 9)]),
        "undefined-role",
    )?;
    cases.no(
        "one user twice",
        "Refused",
        &room,
        &alice,
        &commit([move_to(BOB, ADMIN), remove(BOB, 1)]),
        "touched-twice",
    )?;
    cases.no(
        "someone who was added in the same commit",
        "Refused",
        &room,
        &alice,
        &commit([add(FRED, USER, 1), move_to(FRED, ADMIN)]),
        "target-not-participant",
    )?;
    let no_ban = without(room.clone(), "canBan");
    cases.unclear(
        "to role 1 by canChangeUserRole, without clients; the text says that with canKick it allows the same as canBan",
        "IRP-12",
        &no_ban,
        &alice,
        &commit([move_to(CATHY, 1)]),
        Ok(&[ground]),
    );
    let no_unban = without(room, "canUnBan");
    cases.unclear(
        "from role 1 by canChangeUserRole, whose text asks for a listed transition only",
        "IRP-12",
        &no_unban,
        &alice,
        &commit([move_to(DAN, USER)]),
        Ok(&[ground]),
    );
    Ok(())
}

fn own(cases: &mut Cases) -> Result<()> {
    let room = room();
    let ground = "canChangeOwnRole";
    let lead = [claim("dept", "hr"), claim("level", "lead")];
    let bob = claiming(member(BOB), &lead);
    let up = commit([Step::ChangeOwnRole { role: ADMIN }]);
    cases.both("a user takes the role that the claims give; no transition lists it", &room, &bob, &up, ground)?;
    let less = claiming(member(BOB), &lead[..1]);
    cases.no("the claims give another role", "Refused", &room, &less, &up, "not-preauthorized")?;
    cases.no("no claims", "Refused", &room, &member(BOB), &up, "not-preauthorized")?;
    let down = commit([Step::ChangeOwnRole { role: USER }]);
    cases.no(
        "the second of two entries that match",
        "Refused",
        &room,
        &claiming(member(ALICE), &lead),
        &down,
        "not-preauthorized",
    )?;
    let zero_first = with(|room| room.preauthorized.insert(0, Preauthorization { claimset: vec![], role: 0 }));
    cases.yes(
        "an entry for role zero that matches first is passed over",
        "Allowed",
        &zero_first,
        &bob,
        &up,
        &[ground],
    )?;
    let undefined_first = with(|room| room.preauthorized.insert(0, Preauthorization { claimset: vec![], role: 9 }));
    cases.no(
        "the first match is a role that is not defined",
        "Refused",
        &undefined_first,
        &bob,
        &up,
        "not-preauthorized",
    )?;
    cases.no(
        "someone who is not in the list",
        "Refused",
        &room,
        &claiming(outside(FRED), &lead),
        &proposals([Step::ChangeOwnRole { role: ADMIN }]),
        "not-participant",
    )
}

fn bans(cases: &mut Cases) -> Result<()> {
    let room = without(room(), "canChangeUserRole");
    let alice = member(ALICE);
    cases.both("a user with one client is banned", &room, &alice, &commit([ban(BOB, 1)]), "canBan")?;
    cases.yes("a user without clients", "Allowed", &room, &alice, &commit([ban(CATHY, 0)]), &["canBan"])?;
    cases.no("a client stays", "Refused", &room, &member(ERIN), &commit([ban(ALICE, 1)]), "clients-remain")?;
    cases.no("oneself", "Refused", &room, &alice, &commit([ban(ALICE, 2)]), "target-is-actor")?;
    let unlisted =
        with_role(ADMIN, |role| role.authorized_role_changes = vec![(ADMIN, vec![1]), (USER, vec![0, ADMIN])]);
    cases.no(
        "1 is listed for another role only",
        "Transition",
        &unlisted,
        &alice,
        &commit([ban(BOB, 1)]),
        "transition-not-listed",
    )?;
    let no_role = with(|room| {
        room.roles.retain(|role| role.index != 1);
        room.participants.retain(|participant| participant.role != 1);
    });
    cases.no("there is no role 1", "Refused", &no_role, &alice, &commit([ban(BOB, 1)]), "undefined-role")?;
    for name in ["Banned", "banned ", "", "blocked"] {
        let renamed = without(with_role(1, |role| name.clone_into(&mut role.name)), "canChangeUserRole");
        let comment = format!("role 1 has the name {name:?}");
        cases.no(&comment, "Refused", &renamed, &alice, &commit([ban(BOB, 1)]), "no-banned-role")?;
    }
    let other_number = with(|room| {
        room.roles.retain(|role| role.index != 1);
        room.participants.retain(|participant| participant.role != 1);
        if let Some(role) = room.roles.iter_mut().find(|role| role.index == USER) {
            "banned".clone_into(&mut role.name);
        }
    });
    cases.no(
        "the name stands at another role",
        "Refused",
        &other_number,
        &alice,
        &commit([ban(BOB, 1)]),
        "undefined-role",
    )?;
    let lists_zero = with_role(ADMIN, |role| role.authorized_role_changes.push((0, vec![1])));
    cases.unclear(
        "a user who is not in the list; the text says user, not participant, and appendix A lists the transition from 0 to 1 for a role that has canBan and cannot add",
        "IRP-13",
        &lists_zero,
        &alice,
        &commit([ban(FRED, 0)]),
        Ok(&["canBan"]),
    );
    Ok(())
}

fn unbans(cases: &mut Cases) -> Result<()> {
    let room = without(room(), "canChangeUserRole");
    let alice = member(ALICE);
    cases.both("a banned user becomes a user", &room, &alice, &commit([unban(DAN, USER)]), "canUnBan")?;
    cases.no(
        "a role that is not listed from 1",
        "Transition",
        &room,
        &alice,
        &commit([unban(DAN, ADMIN)]),
        "transition-not-listed",
    )?;
    cases.no("role zero, although it is listed", "Refused", &room, &alice, &commit([unban(DAN, 0)]), "role-zero")?;
    let same = with_role(ADMIN, |role| role.authorized_role_changes.push((USER, vec![USER])));
    cases.no("someone who is not banned", "Refused", &same, &alice, &commit([unban(BOB, USER)]), "not-banned")?;
    cases.no(
        "someone who is not in the list",
        "Refused",
        &room,
        &alice,
        &commit([unban(FRED, USER)]),
        "target-not-participant",
    )?;
    let renamed = without(with_role(1, |role| "blocked".clone_into(&mut role.name)), "canChangeUserRole");
    cases.no(
        "role 1 is not named banned",
        "Refused",
        &renamed,
        &alice,
        &commit([unban(DAN, USER)]),
        "no-banned-role",
    )?;
    cases.no(
        "with clients of the user in the same commit",
        "Refused",
        &room,
        &alice,
        &commit([unban(DAN, USER), Step::AddClientsOf { user: DAN.to_owned(), clients: 1 }]),
        "no-capability",
    )
}
