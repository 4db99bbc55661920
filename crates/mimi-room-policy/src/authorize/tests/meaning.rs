//! From the wire to steps.

use super::*;

#[test]
fn a_change_of_role_is_a_ban_to_role_one_an_unban_from_it_and_ones_own_if_it_is() {
    let (me, bob) = (user("me"), user("bob"));
    let actor = Actor::member(&me);
    let step = |who, from, to| Step::of_role_change(&actor, who, role(from), role(to), 2);
    assert_eq!(step(&bob, GUEST, BANNED), Step::Ban { user: &bob, clients: 2 });
    assert_eq!(step(&bob, BANNED, GUEST), Step::Unban { user: &bob, role: role(GUEST) });
    assert_eq!(step(&bob, GUEST, OTHER), Step::ChangeRole { user: &bob, role: role(OTHER) });
    assert_eq!(step(&me, ACTOR, OTHER), Step::ChangeOwnRole { role: role(OTHER) });
    let hub = Step::of_role_change(&Actor::Hub, &me, role(GUEST), role(OTHER), 0);
    assert_eq!(hub, Step::ChangeRole { user: &me, role: role(OTHER) });
}

#[test]
fn a_joiner_comes_in_by_code_by_preauthorization_or_by_the_open_door() {
    let state = Room::with(&[]).preauthorizing("x", GUEST).preauthorizing("y", OTHER).change(|room| {
        room.guest = room.guest.clone().with([Cap::CAN_JOIN_IF_PREAUTHORIZED]);
    });
    let state = state.state();
    let (x, y) = ([claim("x")], [claim("y")]);
    let code = JoinCode::Invalid;
    assert_eq!(state.way_in(&x, role(GUEST), Some(code)), Step::JoinByCode { role: role(GUEST), code });
    assert_eq!(state.way_in(&x, role(GUEST), None), Step::JoinPreauthorized { role: role(GUEST) });
    assert_eq!(state.way_in(&x, role(OTHER), None), Step::OpenJoin { role: role(OTHER) });
    assert_eq!(state.way_in(&y, role(OTHER), None), Step::OpenJoin { role: role(OTHER) });
    assert_eq!(state.way_in(&[], role(GUEST), None), Step::OpenJoin { role: role(GUEST) });
}
