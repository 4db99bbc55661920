//! Section 5: what the base room policy limits.

use anyhow::Result;

use super::super::builder::Rule;
use super::cases::*;
use super::facts::{Room, Step};

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    fixed(&mut cases)?;
    users_and_clients(&mut cases)?;
    parent(&mut cases)?;
    Ok(cases)
}

/// Of fixed membership; as the draft asks, no role but the two with fixed numbers adds participants.
fn fixed_room() -> Room {
    let mut room = without(room(), "canAddParticipant");
    room.base.fixed_membership = true;
    room
}

fn fixed(cases: &mut Cases) -> Result<()> {
    let room = fixed_room();
    let alice = member(ALICE);
    let rule = "fixed-membership";
    cases.no("a user is removed", "Refused", &room, &alice, &commit([remove(CATHY, 0)]), rule)?;
    cases.no("a user leaves", "Refused", &room, &member(BOB), &proposals([Step::Leave { clients: 1 }]), rule)?;
    cases.no("an open join", "Refused", &room, &outside(FRED), &external([Step::OpenJoin { role: USER }]), rule)?;
    let hr = claiming(outside(FRED), &[claim("dept", "hr")]);
    cases.no(
        "a preauthorized join",
        "Refused",
        &room,
        &hr,
        &external([Step::JoinPreauthorized { role: USER }]),
        rule,
    )?;
    cases.no(
        "a join with a code",
        "Refused",
        &room,
        &outside(FRED),
        &external([Step::JoinByCode { role: USER, code_role: Some(USER) }]),
        rule,
    )?;
    cases.unclear(
        "a user is banned, who stays in the list; section 2.1 calls a ban a removal",
        "IRP-17",
        &room,
        &alice,
        &commit([ban(CATHY, 0)]),
        Err(Rule("fixed-membership", "draft-ietf-mimi-room-policy-03 section 5")),
    );
    cases.yes(
        "a client of a participant comes",
        "Allowed",
        &room,
        &outside(CATHY),
        &external([Step::AddOwnClient { replaces: 0 }]),
        &["canAddOwnClient"],
    )?;
    cases.yes(
        "a user takes all clients out",
        "Allowed",
        &room,
        &member(BOB),
        &proposals([Step::RemoveOwnClients { clients: 1, acting: true }]),
        &["canRemoveOwnClient"],
    )?;
    cases.yes(
        "a user gets another role",
        "Allowed",
        &room,
        &alice,
        &commit([move_to(BOB, ADMIN)]),
        &["canChangeUserRole"],
    )
}

fn users_and_clients(cases: &mut Cases) -> Result<()> {
    let alice = member(ALICE);
    let users = |most| with(|room| room.base.max_users = Some(most));
    let clients = |most| with(|room| room.base.max_clients = Some(most));
    let adds = commit([add(FRED, USER, 2)]);
    let ground = &["canAddParticipant"];
    cases.yes("a fifth user of five; the banned one does not count", "Limit", &users(5), &alice, &adds, ground)?;
    cases.no("a fifth user of four", "Limit", &users(4), &alice, &adds, "max-users")?;
    cases.yes(
        "one is added and one removed in a full room",
        "Limit",
        &users(4),
        &alice,
        &commit([add(FRED, USER, 0), remove(CATHY, 0)]),
        &["canAddParticipant", "canRemoveParticipant"],
    )?;
    cases.yes(
        "one is added and one banned in a full room",
        "Limit",
        &users(4),
        &alice,
        &commit([add(FRED, USER, 0), ban(BOB, 1)]),
        &["canAddParticipant", "canBan"],
    )?;
    cases.no(
        "a banned user becomes a user in a full room",
        "Limit",
        &users(4),
        &alice,
        &commit([unban(DAN, USER)]),
        "max-users",
    )?;
    cases.yes(
        "a banned user becomes a user in a room with one place left",
        "Limit",
        &users(5),
        &alice,
        &commit([unban(DAN, USER)]),
        &["canUnBan"],
    )?;
    cases.no(
        "an open join of a full room",
        "Limit",
        &users(4),
        &outside(FRED),
        &external([Step::OpenJoin { role: USER }]),
        "max-users",
    )?;

    cases.yes("a fifth and sixth client of six", "Limit", &clients(6), &alice, &adds, ground)?;
    cases.no("a fifth and sixth client of five", "Limit", &clients(5), &alice, &adds, "max-clients")?;
    let more = commit([Step::AddOtherOwnClients { clients: 1 }]);
    cases.yes(
        "one more own client, the fifth of five",
        "Limit",
        &clients(5),
        &member(BOB),
        &more,
        &["canAddOwnClient"],
    )?;
    cases.no("one more own client, the fifth of four", "Limit", &clients(4), &member(BOB), &more, "max-clients")?;
    let comes = |replaces| external([Step::AddOwnClient { replaces }]);
    cases.yes(
        "a client takes the place of its old self in a full group",
        "Limit",
        &clients(4),
        &outside(BOB),
        &comes(1),
        &["canAddOwnClient"],
    )?;
    cases.no("a client comes to a full group", "Limit", &clients(4), &outside(BOB), &comes(0), "max-clients")?;

    let single = || {
        with(|room| {
            room.base.multi_device = false;
            for participant in &mut room.participants {
                participant.clients = participant.clients.min(1);
            }
        })
    };
    cases.yes(
        "the only client of a user, in a room of one client per user",
        "Limit",
        &single(),
        &outside(CATHY),
        &comes(0),
        &["canAddOwnClient"],
    )?;
    cases.no("a second client of a user there", "Limit", &single(), &outside(BOB), &comes(0), "multi-device")?;
    cases.yes(
        "another client of a user in the place of the old one",
        "Limit",
        &single(),
        &outside(BOB),
        &comes(1),
        &["canAddOwnClient"],
    )?;
    cases.no("a user is added with two clients there", "Limit", &single(), &alice, &adds, "multi-device")
}

fn parent(cases: &mut Cases) -> Result<()> {
    let dependent = |users: &[&str]| {
        with(|room| {
            room.base.parent_room = Some("mimi://a.example/r/parent".to_owned());
            room.parent_participants = users.iter().map(|user| (*user).to_owned()).collect();
        })
    };
    let alice = member(ALICE);
    let adds = commit([add(FRED, USER, 1)]);
    let larger = dependent(&[ALICE, BOB, CATHY, DAN, ERIN, FRED, GINA]);
    cases.yes(
        "a participant of the parent room is added",
        "Allowed",
        &larger,
        &alice,
        &adds,
        &["canAddParticipant"],
    )?;
    let without_fred = dependent(&[ALICE, BOB, CATHY, DAN, ERIN, GINA, "mimi://c.example/u/hans"]);
    cases.no(
        "someone who is not in the parent room is added",
        "Refused",
        &without_fred,
        &alice,
        &adds,
        "not-in-parent",
    )?;
    let same = dependent(&[ALICE, BOB, CATHY, DAN, ERIN, FRED]);
    cases.no("everyone of the parent room would be in the room", "Limit", &same, &alice, &adds, "not-strict-subset")?;
    cases.no(
        "an open join from outside the parent room",
        "Refused",
        &without_fred,
        &outside(FRED),
        &external([Step::OpenJoin { role: USER }]),
        "not-in-parent",
    )
}
