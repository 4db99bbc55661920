//! Section 4, last paragraph, and section 8: external senders, the hub, and who is none of them.

use anyhow::Result;

use super::cases::*;
use super::facts::{Action, Actor, Preauthorization, Role, Room, Step};

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    external_senders(&mut cases)?;
    hub(&mut cases)?;
    Ok(cases)
}

/// With a role for a policy enforcer, to which one claim leads.
fn enforced() -> Room {
    with(|room| {
        let enforcer = Role::new(
            5,
            "policy_enforcer",
            &["canRemoveParticipant", "canBan", "canKick", "canChangePreauthorizedUserList", "canDestroyRoom"],
            &[(1, &[0]), (USER, &[0, 1])],
        );
        room.roles.push(enforcer);
        room.preauthorized.push(Preauthorization { claimset: vec![claim("use", "enforce")], role: 5 });
    })
}

fn external_senders(cases: &mut Cases) -> Result<()> {
    let room = enforced();
    let enforcer = Actor::ExternalSender { claims: vec![claim("use", "enforce")] };
    for (comment, action, capability) in [
        ("an enforcer removes a user", proposals([remove(BOB, 1)]), "canRemoveParticipant"),
        ("an enforcer bans a user", proposals([ban(BOB, 1)]), "canBan"),
        ("an enforcer kicks an administrator", proposals([kick(ALICE, 2)]), "canKick"),
        ("an enforcer destroys the room", Action::DestroyRoom, "canDestroyRoom"),
    ] {
        cases.both(comment, &room, &enforcer, &action, capability)?;
    }
    cases.no(
        "an enforcer adds a user",
        "Capability",
        &room,
        &enforcer,
        &proposals([add(FRED, USER, 1)]),
        "missing-capability",
    )?;
    cases.no(
        "an enforcer removes someone whose role is not listed",
        "Transition",
        &room,
        &enforcer,
        &proposals([remove(ERIN, 1)]),
        "transition-not-listed",
    )?;
    cases.no(
        "an enforcer lifts a ban",
        "Capability",
        &room,
        &enforcer,
        &proposals([unban(DAN, USER)]),
        "missing-capability",
    )?;
    cases.yes(
        "an enforcer takes a banned user off the list",
        "Allowed",
        &room,
        &enforcer,
        &proposals([remove(DAN, 0)]),
        &["canRemoveParticipant"],
    )?;
    cases.no("an enforcer commits", "Refused", &room, &enforcer, &commit([remove(BOB, 1)]), "only-clients-commit")?;
    let stranger = Actor::ExternalSender { claims: vec![claim("use", "spam")] };
    cases.no(
        "a sender whose claims match nothing",
        "Refused",
        &room,
        &stranger,
        &proposals([remove(BOB, 1)]),
        "no-preauthorized-role",
    )?;
    let undefined = with(|room| room.preauthorized = vec![Preauthorization { claimset: vec![], role: 9 }]);
    cases.no(
        "a sender whose claims lead to a role that is not defined",
        "Refused",
        &undefined,
        &enforcer,
        &proposals([remove(BOB, 1)]),
        "undefined-role",
    )?;
    let first = with(|room| {
        room.roles.push(Role::new(4, "nothing", &[], &[]));
        room.preauthorized = vec![
            Preauthorization { claimset: vec![], role: 4 },
            Preauthorization { claimset: vec![claim("use", "enforce")], role: ADMIN },
        ];
    });
    cases.no(
        "the first match has no capability, a later one has all",
        "Capability",
        &first,
        &enforcer,
        &proposals([remove(BOB, 1)]),
        "missing-capability",
    )
}

fn hub(cases: &mut Cases) -> Result<()> {
    let room = enforced();
    for (comment, step) in [
        ("the hub adds a user", add(FRED, USER, 0)),
        ("the hub bans a user", ban(BOB, 1)),
        ("the hub changes a role", move_to(BOB, ADMIN)),
        ("the hub changes the name of the room", Step::ChangeMetadata { field: "name" }),
    ] {
        cases.no(comment, "Refused", &room, &Actor::Hub, &proposals([step]), "hub-needs-role")?;
    }
    cases.no("the hub commits", "Refused", &room, &Actor::Hub, &commit([kick(BOB, 1)]), "only-clients-commit")?;
    for (comment, step) in [
        ("the hub takes out the clients of a user", kick(BOB, 1)),
        ("the hub takes out a user who is gone", remove(BOB, 1)),
    ] {
        let comment = format!("{comment}; the policy gives it no role, the protocol has it propose removals");
        cases.unclear(&comment, "IRP-25", &room, &Actor::Hub, &proposals([step]), Ok(&["hub"]));
    }
    Ok(())
}
