//! Sections 8.2, 8.6 and 8.7: metadata, the policy itself, and names that are kept for later.

use anyhow::Result;

use super::super::builder::Rule;
use super::cases::*;
use super::facts::{Base, Preauthorization, Role, Step};

const RESERVED: &str = "draft-ietf-mimi-room-policy-03 section 8.7";

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    metadata(&mut cases)?;
    disruptive(&mut cases)?;
    with_participants(&mut cases)?;
    reserved(&mut cases);
    Ok(cases)
}

fn metadata(cases: &mut Cases) -> Result<()> {
    let room = room();
    for (field, capability) in [
        ("name", "canChangeRoomName"),
        ("description", "canChangeRoomDescription"),
        ("avatar", "canChangeRoomAvatar"),
        ("subject", "canChangeRoomSubject"),
        ("mood", "canChangeRoomMood"),
    ] {
        let action = commit([Step::ChangeMetadata { field }]);
        cases.both(&format!("the {field} of the room"), &room, &member(ALICE), &action, capability)?;
        cases.no(
            &format!("the {field} of the room, by a user"),
            "Capability",
            &room,
            &member(BOB),
            &action,
            "missing-capability",
        )?;
    }
    let uri = commit([Step::ChangeMetadata { field: "uri" }]);
    cases.no(
        "the URI of the room, which nobody may change",
        "Refused",
        &room,
        &member(ALICE),
        &uri,
        "no-capability",
    )?;
    let one_of_two = without(room, "canChangeRoomMood");
    let both = commit([Step::ChangeMetadata { field: "name" }, Step::ChangeMetadata { field: "mood" }]);
    cases.no("one of two fields is not allowed", "Refused", &one_of_two, &member(ALICE), &both, "missing-capability")
}

fn roles(extra: &[Role]) -> Step {
    Step::UpdateRoles { roles: room().roles.into_iter().chain(extra.iter().cloned()).collect() }
}

fn preauthorized() -> Step {
    Step::UpdatePreauthorized {
        preauthorized: vec![Preauthorization { claimset: vec![claim("dept", "it")], role: USER }],
    }
}

fn base(change: impl FnOnce(&mut Base)) -> Step {
    let mut base = room().base;
    change(&mut base);
    Step::UpdateBasePolicy { base }
}

fn disruptive(cases: &mut Cases) -> Result<()> {
    let room = room();
    let alice = member(ALICE);
    let guests = Role::new(4, "guest", &[], &[]);
    cases.both("a role is added", &room, &alice, &commit([roles(&[guests])]), "canChangeRoleDefinitions")?;
    let fewer = Step::UpdateRoles { roles: room.roles.iter().filter(|role| role.index != USER).cloned().collect() };
    cases.no(
        "a role is taken away that participants have",
        "Refused",
        &room,
        &alice,
        &commit([fewer]),
        "role-in-use",
    )?;
    cases.both(
        "other users are preauthorized",
        &room,
        &alice,
        &commit([preauthorized()]),
        "canChangePreauthorizedUserList",
    )?;
    let capability = "canChangeRoomMembershipStyle";
    cases.both(
        "the room allows one client per user and has at most 9 users",
        &without_second_client(),
        &alice,
        &commit([base(|base| {
            base.multi_device = false;
            base.max_users = Some(9);
        })]),
        capability,
    )?;
    cases.both(
        "a proposal to re-initialize the group",
        &room,
        &alice,
        &proposals([Step::ReInit]),
        "canSendMLSReinitProposal",
    )?;
    let fixed = commit([base(|base| base.fixed_membership = true)]);
    cases.no(
        "fixed membership while a role adds participants",
        "Refused",
        &room,
        &alice,
        &fixed,
        "fixed-membership-with-adding",
    )?;
    let no_adding = without(room.clone(), "canAddParticipant");
    cases.yes("fixed membership where none does", "Allowed", &no_adding, &alice, &fixed, &[capability])?;
    for (comment, change, rule) in [
        ("fewer users than there are", base(|base| base.max_users = Some(3)), "max-users"),
        ("fewer clients than there are", base(|base| base.max_clients = Some(3)), "max-clients"),
        ("one client per user while someone has two", base(|base| base.multi_device = false), "multi-device"),
    ] {
        cases.no(comment, "Limit", &room, &alice, &commit([change]), rule)?;
    }
    let twice = commit([preauthorized(), preauthorized()]);
    cases.no("one component is updated twice", "Refused", &room, &alice, &twice, "component-twice")?;
    let just = commit([base(|base| {
        base.max_users = Some(4);
        base.max_clients = Some(4);
    })]);
    cases.yes("as many users and clients as there are", "Limit", &room, &alice, &just, &[capability])
}

fn without_second_client() -> super::facts::Room {
    with(|room| {
        for participant in &mut room.participants {
            participant.clients = participant.clients.min(1);
        }
    })
}

fn with_participants(cases: &mut Cases) -> Result<()> {
    let room = room();
    let alice = member(ALICE);
    for (what, step) in [
        ("an addition", add(FRED, USER, 1)),
        ("a removal", remove(CATHY, 0)),
        ("a change of role", move_to(BOB, ADMIN)),
        ("a ban", ban(CATHY, 0)),
        ("an unban", unban(DAN, USER)),
    ] {
        let comment = format!("roles change in one commit with {what}");
        cases.no(&comment, "Refused", &room, &alice, &commit([roles(&[]), step.clone()]), "roles-with-participants")?;
        let action = commit([step, preauthorized()]);
        let comment = format!("preauthorizations change in one commit with {what}");
        if what == "a removal" {
            let grounds = ["canRemoveParticipant", "canChangePreauthorizedUserList"];
            cases.yes(&comment, "Allowed", &room, &alice, &action, &grounds)?;
        } else {
            cases.no(&comment, "Refused", &room, &alice, &action, "preauth-with-participants")?;
        }
    }
    let grounds = ["canChangeRoleDefinitions", "canKick"];
    cases.yes(
        "roles change in one commit with a kick, which leaves the list alone",
        "Allowed",
        &room,
        &alice,
        &commit([roles(&[]), kick(BOB, 1)]),
        &grounds,
    )?;
    let grounds = ["canChangeRoleDefinitions", "canChangePreauthorizedUserList"];
    cases.yes(
        "roles and preauthorizations change in one commit",
        "Allowed",
        &room,
        &alice,
        &commit([roles(&[]), preauthorized()]),
        &grounds,
    )
}

fn reserved(cases: &mut Cases) {
    let room = with_role(ADMIN, |role| {
        role.capabilities.extend([
            "canCreateJoinCode",
            "canDeleteJoinCode",
            "canChangeMlsOperationalPolicies",
            "canChangeOtherPolicyAttribute",
        ]);
    });
    for (comment, component) in [
        ("join links change by a role with canCreateJoinCode and canDeleteJoinCode", 0x002a),
        ("operational parameters change by a role with canChangeMlsOperationalPolicies", 0x0024),
        ("the logging policy changes by a role with canChangeOtherPolicyAttribute", 0x002d),
    ] {
        let comment = format!("{comment}, whose meaning is reserved");
        let action = commit([Step::UpdateComponent { component }]);
        let ours = Err(Rule("no-capability-for-component", RESERVED));
        cases.unclear(&comment, "IRP-24", &room, &member(ALICE), &action, ours);
    }
}
