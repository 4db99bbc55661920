//! Section 8.1.2: who takes users and clients out.

use anyhow::Result;

use super::cases::*;
use super::facts::Step;

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    others(&mut cases)?;
    oneself(&mut cases)?;
    kicks(&mut cases)?;
    Ok(cases)
}

fn others(cases: &mut Cases) -> Result<()> {
    let room = room();
    let alice = member(ALICE);
    let ground = "canRemoveParticipant";
    cases.both(
        "an administrator removes a user with the only client",
        &room,
        &alice,
        &commit([remove(BOB, 1)]),
        ground,
    )?;
    cases.yes("a user without clients", "Allowed", &room, &alice, &commit([remove(CATHY, 0)]), &[ground])?;
    cases.yes("a banned user is taken off the list", "Allowed", &room, &alice, &commit([remove(DAN, 0)]), &[ground])?;
    cases.yes(
        "another administrator removes the one with two clients",
        "Allowed",
        &room,
        &member(ERIN),
        &proposals([remove(ALICE, 2)]),
        &[ground],
    )?;
    cases.no(
        "one client of two stays",
        "Refused",
        &room,
        &member(ERIN),
        &commit([remove(ALICE, 1)]),
        "clients-remain",
    )?;
    cases.no("no client is removed", "Refused", &room, &alice, &commit([remove(BOB, 0)]), "clients-remain")?;
    cases.no(
        "more clients than there are",
        "Refused",
        &room,
        &alice,
        &commit([remove(BOB, 2)]),
        "more-clients-than-there",
    )?;
    cases.no("oneself", "Refused", &room, &alice, &proposals([remove(ALICE, 2)]), "target-is-actor")?;
    cases.no(
        "someone who is not in the list",
        "Refused",
        &room,
        &alice,
        &commit([remove(FRED, 0)]),
        "target-not-participant",
    )?;
    cases.no(
        "the same user twice",
        "Refused",
        &room,
        &alice,
        &commit([remove(CATHY, 0), remove(CATHY, 0)]),
        "touched-twice",
    )?;
    let no_users = with_role(ADMIN, |role| role.authorized_role_changes = vec![(ADMIN, vec![0]), (USER, vec![1])]);
    cases.no(
        "zero is listed for another role only",
        "Transition",
        &no_users,
        &alice,
        &commit([remove(BOB, 1)]),
        "transition-not-listed",
    )?;
    let users_remove = with_role(USER, |role| role.capabilities.push(ground));
    cases.yes(
        "a role with little else may do it",
        "Allowed",
        &users_remove,
        &member(BOB),
        &commit([remove(CATHY, 0)]),
        &[ground],
    )?;
    cases.no(
        "but not to those whose role it does not list",
        "Transition",
        &users_remove,
        &member(BOB),
        &commit([remove(ERIN, 1)]),
        "transition-not-listed",
    )
}

fn oneself(cases: &mut Cases) -> Result<()> {
    let room = room();
    let bob = member(BOB);
    cases.both(
        "a user leaves with the only client",
        &room,
        &bob,
        &proposals([Step::Leave { clients: 1 }]),
        "canRemoveSelf",
    )?;
    cases.no(
        "the leaver commits",
        "Refused",
        &room,
        &bob,
        &commit([Step::Leave { clients: 1 }]),
        "committed-by-leaver",
    )?;
    let lists_own = with_role(ADMIN, |role| role.authorized_role_changes.push((ADMIN, vec![0])));
    cases.yes(
        "two clients leave",
        "Allowed",
        &lists_own,
        &member(ALICE),
        &proposals([Step::Leave { clients: 2 }]),
        &["canRemoveSelf"],
    )?;
    cases.no(
        "one client of two stays",
        "Refused",
        &lists_own,
        &member(ALICE),
        &proposals([Step::Leave { clients: 1 }]),
        "clients-remain",
    )?;
    let unlisted = with_role(USER, |role| role.authorized_role_changes = vec![(ADMIN, vec![0]), (USER, vec![ADMIN])]);
    cases.no(
        "the role does not list leaving",
        "Transition",
        &unlisted,
        &bob,
        &proposals([Step::Leave { clients: 1 }]),
        "transition-not-listed",
    )?;
    cases.no(
        "someone leaves who is not in the list",
        "Refused",
        &room,
        &outside(FRED),
        &proposals([Step::Leave { clients: 0 }]),
        "not-participant",
    )?;

    let ground = "canRemoveOwnClient";
    let goes = |clients, acting| Step::RemoveOwnClients { clients, acting };
    cases.both(
        "the only client goes and the user stays in the list",
        &room,
        &bob,
        &proposals([goes(1, true)]),
        ground,
    )?;
    cases.yes(
        "a client removes its user's other one",
        "Allowed",
        &room,
        &member(ALICE),
        &commit([goes(1, false)]),
        &[ground],
    )?;
    cases.no(
        "a client commits its own removal",
        "Refused",
        &room,
        &bob,
        &commit([goes(1, true)]),
        "committed-by-leaver",
    )?;
    cases.no(
        "more clients than there are",
        "Refused",
        &room,
        &member(ALICE),
        &commit([goes(3, false)]),
        "more-clients-than-there",
    )?;
    cases.unclear(
        "a user without the client at hand proposes it from outside the group",
        "IRP-28",
        &room,
        &outside(ALICE),
        &proposals([goes(1, false)]),
        Ok(&[ground]),
    );
    Ok(())
}

fn kicks(cases: &mut Cases) -> Result<()> {
    let room = room();
    let alice = member(ALICE);
    cases.both(
        "an administrator kicks a user, who stays in the list",
        &room,
        &alice,
        &commit([kick(BOB, 1)]),
        "canKick",
    )?;
    cases.yes(
        "one of two clients; no transition is asked for",
        "Allowed",
        &room,
        &member(ERIN),
        &commit([kick(ALICE, 1)]),
        &["canKick"],
    )?;
    cases.no("oneself", "Refused", &room, &alice, &commit([kick(ALICE, 1)]), "target-is-actor")?;
    cases.no(
        "more clients than there are",
        "Refused",
        &room,
        &alice,
        &commit([kick(BOB, 2)]),
        "more-clients-than-there",
    )?;
    cases.no(
        "someone who is not in the list",
        "Refused",
        &room,
        &alice,
        &commit([kick(FRED, 0)]),
        "target-not-participant",
    )?;
    cases.yes(
        "a kick and a change of role of the same user",
        "Allowed",
        &room,
        &alice,
        &commit([kick(BOB, 1), move_to(BOB, ADMIN)]),
        &["canKick", "canChangeUserRole"],
    )?;
    cases.no(
        "a kick and a removal together take out more than there are",
        "Refused",
        &room,
        &alice,
        &commit([kick(BOB, 1), remove(BOB, 1)]),
        "more-clients-than-there",
    )
}
