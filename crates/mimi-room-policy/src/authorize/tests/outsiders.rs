//! Those who are not on the participant list: open join, preauthorization, join codes (section 8.1.1) and external senders (section 4).

use super::*;

fn joining(room: &Room, claims: &[Claim], step: Step<'_>) -> Decision {
    let eve = user("eve");
    let decision = room.ask(&Actor::outside(&eve).claiming(claims), &Action::external_commit(&[step]));
    let proposed = room.ask(&Actor::outside(&eve).claiming(claims), &Action::proposals(&[step]));
    assert_eq!(decision, proposed);
    decision
}

fn open_room() -> Room {
    Room::with(&[]).change(|room| {
        room.zero = room.zero.clone().with([Cap::CAN_OPEN_JOIN]).changing(0, &[0, GUEST, BANNED, 99]);
    })
}

fn open(index: u32) -> Step<'static> {
    Step::OpenJoin { role: role(index) }
}

#[test]
fn can_open_join_on_role_zero_lets_anyone_in_with_a_role_of_its_transition() {
    // req: RP03-8.1.1-08, RP03-8.1.1-09, RP03-8.1.1-10
    needs(Cap::CAN_OPEN_JOIN, &open_room(), |room| joining(room, &[], open(GUEST)));
    refused(&joining(&open_room(), &[], open(OTHER)), "transition-not-listed");
    refused(&joining(&open_room(), &[], open(0)), "role-zero");
    refused(&joining(&open_room(), &[], open(99)), "undefined-role");
    refused(&joining(&open_room(), &[], open(BANNED)), "clients-remain");
    let without = open_room().change(|room| room.zero.authorized_role_changes.clear());
    refused(&joining(&without, &[], open(GUEST)), "transition-not-listed");
    let (mut state, eve) = (open_room().state(), user("eve"));
    assert!(state.act(&Actor::outside(&eve), &Action::external_commit(&[open(GUEST)])).is_allowed());
    assert_eq!(state.participant(&eve), Some(Participant { role: role(GUEST), clients: 1 }));
}

#[test]
fn who_is_on_the_list_does_not_join() {
    let room = open_room().having("eve", GUEST, 0);
    refused(&joining(&room, &[], open(GUEST)), "already-participant");
}

fn preauthorized_room() -> Room {
    Room::with(&[]).preauthorizing("hr", OTHER).preauthorizing("staff", GUEST).change(|room| {
        room.guest = room.guest.clone().with([Cap::CAN_JOIN_IF_PREAUTHORIZED]);
        room.other = room.other.clone().with([Cap::CAN_JOIN_IF_PREAUTHORIZED]);
    })
}

fn preauthorized(index: u32) -> Step<'static> {
    Step::JoinPreauthorized { role: role(index) }
}

#[test]
fn can_join_if_preauthorized_lets_in_with_the_first_matching_role_without_any_transition() {
    // req: RP03-4-01, RP03-4-02, RP03-4-07, RP03-8.1.1-12, RP03-8.1.1-13
    let room = preauthorized_room();
    let staff = [claim("staff")];
    let both = [claim("staff"), claim("hr")];
    needs(Cap::CAN_JOIN_IF_PREAUTHORIZED, &room, |room| joining(room, &staff, preauthorized(GUEST)));
    refused(&joining(&room, &both, preauthorized(GUEST)), "not-preauthorized");
    allowed(&joining(&room, &both, preauthorized(OTHER)), &[Cap::CAN_JOIN_IF_PREAUTHORIZED]);
    refused(&joining(&room, &[], preauthorized(GUEST)), "not-preauthorized");
    refused(&joining(&room, &staff, preauthorized(0)), "role-zero");
    refused(&joining(&room, &staff, preauthorized(99)), "undefined-role");
}

#[test]
fn the_capability_to_join_preauthorized_stands_on_the_role_that_is_joined() {
    // req: RP03-8.1.1-12
    let room = preauthorized_room().change(|room| {
        room.guest.role_capabilities.clear();
        room.zero = room.zero.clone().with([Cap::CAN_JOIN_IF_PREAUTHORIZED]);
    });
    refused(&joining(&room, &[claim("staff")], preauthorized(GUEST)), "missing-capability");
}

#[test]
fn a_first_match_of_role_zero_keeps_out() {
    let room = Room { preauth: vec![("staff".to_owned(), 0), ("staff".to_owned(), GUEST)], ..preauthorized_room() };
    refused(&joining(&room, &[claim("staff")], preauthorized(GUEST)), "not-preauthorized");
}

fn code_room() -> Room {
    Room::with(&[]).change(|room| {
        room.zero = room.zero.clone().with([Cap::CAN_USE_JOIN_CODE]).changing(0, &[0, GUEST, 99]);
    })
}

fn by_code(index: u32, code: JoinCode) -> Step<'static> {
    Step::JoinByCode { role: role(index), code }
}

const fn valid(index: u32) -> JoinCode {
    JoinCode::Valid { role: RoleIndex(index) }
}

#[test]
fn can_use_join_code_lets_in_with_a_valid_code_and_its_role() {
    // req: RP03-8.1.1-15, RP03-8.1.1-16
    let room = code_room();
    needs(Cap::CAN_USE_JOIN_CODE, &room, |room| joining(room, &[], by_code(GUEST, valid(GUEST))));
    refused(&joining(&room, &[], by_code(GUEST, JoinCode::Invalid)), "join-code-invalid");
    refused(&joining(&room, &[], by_code(GUEST, valid(OTHER))), "join-code-for-other-role");
    refused(&joining(&room, &[], by_code(0, valid(0))), "role-zero");
    refused(&joining(&room, &[], by_code(99, valid(99))), "undefined-role");
    refused(&joining(&room, &[], by_code(OTHER, valid(OTHER))), "transition-not-listed");
}

#[test]
fn a_preauthorized_role_can_hold_can_use_join_code() {
    let room = Room::with(&[]).preauthorizing("staff", OTHER).change(|room| {
        room.other = room.other.clone().with([Cap::CAN_USE_JOIN_CODE]).changing(0, &[GUEST]);
    });
    allowed(&joining(&room, &[claim("staff")], by_code(GUEST, valid(GUEST))), &[Cap::CAN_USE_JOIN_CODE]);
    refused(&joining(&room, &[], by_code(GUEST, valid(GUEST))), "missing-capability");
}

#[test]
fn every_way_in_respects_both_maxima_of_the_role() {
    // req: RP03-8.1.1-10, RP03-8.1.1-14, RP03-8.1.1-17
    let staff = [claim("staff")];
    for (room, step) in [
        (open_room(), open(GUEST)),
        (preauthorized_room(), preauthorized(GUEST)),
        (code_room(), by_code(GUEST, valid(GUEST))),
    ] {
        let room = room.having("bob", GUEST, 1);
        let maxima = |all, active| {
            let room = room.clone();
            room.change(|room| room.guest = room.guest.clone().participants(0, all).active_participants(0, active))
        };
        assert!(joining(&maxima(Some(2), Some(2)), &staff, step).is_allowed());
        refused(&joining(&maxima(Some(1), None), &staff, step), "maximum-participants");
        refused(&joining(&maxima(None, Some(1)), &staff, step), "maximum-active-participants");
    }
}

#[test]
fn an_external_sender_has_the_capabilities_and_transitions_of_its_preauthorized_role() {
    // req: RP03-4-01, RP03-4-15, RP03-8-02
    let room = Room::with(&[]).having("bob", GUEST, 2).preauthorizing("enforcer", OTHER).change(|room| {
        room.other = room.other.clone().with([Cap::CAN_REMOVE_PARTICIPANT, Cap::CAN_BAN]).changing(GUEST, &[0, 1]);
    });
    let (bob, claims) = (user("bob"), [claim("enforcer")]);
    let sender = Actor::ExternalSender { claims: &claims };
    let ask = |step: Step<'_>| room.ask(&sender, &Action::proposals(&[step]));
    allowed(&ask(Step::RemoveParticipant { user: &bob, clients: 2 }), &[Cap::CAN_REMOVE_PARTICIPANT]);
    allowed(&ask(Step::Ban { user: &bob, clients: 2 }), &[Cap::CAN_BAN]);
    refused(&ask(Step::RemoveParticipant { user: &user("me"), clients: 2 }), "transition-not-listed");
    refused(&ask(Step::AddParticipant { user: &user("eve"), role: role(GUEST), clients: 0 }), "missing-capability");
    refused(&ask(open(GUEST)), "no-capability");
    refused(&ask(Step::Leave { clients: 0 }), "not-participant");
    refused(&room.ask(&sender, &Action::Message), "not-participant");
    let commit = [Step::Ban { user: &bob, clients: 2 }];
    refused(&room.ask(&sender, &Action::commit(&commit)), "only-clients-commit");
    let unknown = Actor::ExternalSender { claims: &[] };
    refused(&room.ask(&unknown, &Action::proposals(&commit)), "no-preauthorized-role");
}

#[test]
fn a_preauthorization_for_a_role_that_is_not_defined_gives_nothing() {
    let room = Room::with(&[]).preauthorizing("enforcer", 99);
    let claims = [claim("enforcer")];
    let destroy = room.ask(&Actor::ExternalSender { claims: &claims }, &Action::DestroyRoom);
    refused(&destroy, "undefined-role");
}

#[test]
fn a_preauthorized_user_outside_proposes_with_that_role() {
    // req: RP03-4-02
    let room = Room::with(&[]).having("bob", GUEST, 1).preauthorizing("staff", OTHER).change(|room| {
        room.other = room.other.clone().with([Cap::CAN_KICK, Cap::CAN_SEND_MESSAGE]);
    });
    let (eve, bob, claims) = (user("eve"), user("bob"), [claim("staff")]);
    let actor = Actor::outside(&eve).claiming(&claims);
    let kick = [Step::Kick { user: &bob, clients: 1 }];
    allowed(&room.ask(&actor, &Action::proposals(&kick)), &[Cap::CAN_KICK]);
    refused(&room.ask(&Actor::outside(&eve), &Action::proposals(&kick)), "missing-capability");
    refused(&room.ask(&actor, &Action::Receive), "not-participant");
}
