//! Section 8.1.3.

use super::*;

fn changing(room: &Room, name: &str, to: u32) -> Decision {
    room.propose(&[Step::ChangeRole { user: &user(name), role: role(to) }])
}

fn banning(room: &Room, name: &str, clients: u32) -> Decision {
    room.propose(&[Step::Ban { user: &user(name), clients }])
}

fn unbanning(room: &Room, name: &str, to: u32) -> Decision {
    room.propose(&[Step::Unban { user: &user(name), role: role(to) }])
}

fn only(room: Room, from: u32, targets: &[u32]) -> Room {
    room.change(|room| {
        room.actor.authorized_role_changes.clear();
        room.actor = room.actor.clone().changing(from, targets);
    })
}

#[test]
fn can_change_user_role_moves_another_participant() {
    // req: RP03-3-10, RP03-8.1.3-01
    let room = Room::with(&[Cap::CAN_CHANGE_USER_ROLE]).having("bob", GUEST, 1);
    needs(Cap::CAN_CHANGE_USER_ROLE, &room, |room| changing(room, "bob", OTHER));
    refused(&changing(&room, "me", OTHER), "target-is-actor");
    refused(&changing(&room, "eve", OTHER), "target-not-participant");
    let (mut state, me, bob) = (room.state(), user("me"), user("bob"));
    let step = [Step::ChangeRole { user: &bob, role: role(OTHER) }];
    assert!(state.act(&Actor::member(&me), &Action::commit(&step)).is_allowed());
    assert_eq!(state.participant(&bob), Some(Participant { role: role(OTHER), clients: 1 }));
    assert_eq!((state.count(role(GUEST)), state.count(role(OTHER)).active), (RoleCount::default(), 1));
}

#[test]
fn a_role_change_needs_the_transition_in_the_changers_role_and_never_goes_to_zero() {
    // req: RP03-8.1.3-02
    let room = Room::with(&[Cap::CAN_CHANGE_USER_ROLE]).having("bob", GUEST, 1);
    allowed(&changing(&only(room.clone(), GUEST, &[OTHER]), "bob", OTHER), &[Cap::CAN_CHANGE_USER_ROLE]);
    refused(&changing(&only(room.clone(), GUEST, &[ACTOR]), "bob", OTHER), "transition-not-listed");
    refused(&changing(&only(room.clone(), ACTOR, &[OTHER]), "bob", OTHER), "transition-not-listed");
    refused(&changing(&room, "bob", 0), "role-zero");
    refused(&changing(&room, "bob", 77), "undefined-role");
}

#[test]
fn can_change_own_role_takes_the_first_preauthorized_role_but_zero() {
    // req: RP03-4-02, RP03-8.1.3-04, RP03-8.1.3-05
    let room = Room::with(&[Cap::CAN_CHANGE_OWN_ROLE])
        .preauthorizing("x", 0)
        .preauthorizing("x", OTHER)
        .preauthorizing("x", GUEST)
        .change(|room| room.actor.authorized_role_changes.clear());
    let (me, claims) = (user("me"), [claim("x")]);
    let ask = |room: &Room, claims: &[Claim], to| {
        room.ask(&Actor::member(&me).claiming(claims), &Action::proposals(&[Step::ChangeOwnRole { role: role(to) }]))
    };
    needs(Cap::CAN_CHANGE_OWN_ROLE, &room, |room| ask(room, &claims, OTHER));
    refused(&ask(&room, &claims, GUEST), "not-preauthorized");
    refused(&ask(&room, &claims, 0), "role-zero");
    refused(&ask(&room, &[], OTHER), "not-preauthorized");
    let eve = user("eve");
    let step = [Step::ChangeOwnRole { role: role(OTHER) }];
    refused(&room.ask(&Actor::outside(&eve).claiming(&claims), &Action::proposals(&step)), "not-participant");
}

#[test]
fn claims_give_a_participant_no_capabilities_of_another_role() {
    // req: RP03-4-02
    let room = Room::with(&[]).preauthorizing("x", OTHER).change(|room| {
        room.other = room.other.clone().with([Cap::CAN_CHANGE_ROOM_NAME]);
    });
    let (me, claims) = (user("me"), [claim("x")]);
    let step = [Step::ChangeMetadata(MetadataField::Name)];
    refused(&room.ask(&Actor::member(&me).claiming(&claims), &Action::proposals(&step)), "missing-capability");
}

#[test]
fn can_ban_gives_role_one_and_takes_all_clients_out() {
    // req: RP03-8.1.3-07, RP03-8.1.3-08
    let room = Room::with(&[Cap::CAN_BAN]).having("bob", GUEST, 2);
    needs(Cap::CAN_BAN, &room, |room| banning(room, "bob", 2));
    refused(&banning(&room, "bob", 1), "clients-remain");
    refused(&banning(&room, "me", 2), "target-is-actor");
    let (mut state, me, bob) = (room.state(), user("me"), user("bob"));
    let ban = [Step::Ban { user: &bob, clients: 2 }];
    assert!(state.act(&Actor::member(&me), &Action::commit(&ban)).is_allowed());
    assert_eq!(state.participant(&bob), Some(Participant { role: RoleIndex::BANNED, clients: 0 }));
}

#[test]
fn bans_and_unbans_need_role_one_with_exactly_the_name_banned() {
    // req: RP03-8.1.3-09, RP03-8.1.3-10, RP03-8.1.3-16
    for name in ["Banned", "banned ", "blocked", ""] {
        let room = Room::with(&[Cap::CAN_BAN, Cap::CAN_UNBAN])
            .having("bob", GUEST, 0)
            .having("eve", BANNED, 0)
            .change(|room| room.banned.role_name = name.to_owned());
        refused(&banning(&room, "bob", 0), "no-banned-role");
        refused(&unbanning(&room, "eve", GUEST), "no-banned-role");
    }
}

#[test]
fn a_ban_needs_the_transition_from_the_targets_role_to_one() {
    // req: RP03-8.1.3-11
    let room = Room::with(&[Cap::CAN_BAN]).having("bob", GUEST, 0);
    allowed(&banning(&only(room.clone(), GUEST, &[1]), "bob", 0), &[Cap::CAN_BAN]);
    refused(&banning(&only(room.clone(), GUEST, &[0, 4]), "bob", 0), "transition-not-listed");
    refused(&banning(&only(room, OTHER, &[1]), "bob", 0), "transition-not-listed");
}

#[test]
fn someone_who_is_not_on_the_list_is_banned_by_the_transition_from_zero() {
    let room = Room::with(&[Cap::CAN_BAN]);
    allowed(&banning(&only(room.clone(), 0, &[1]), "eve", 0), &[Cap::CAN_BAN]);
    refused(&banning(&only(room, GUEST, &[1]), "eve", 0), "transition-not-listed");
}

#[test]
fn can_change_user_role_and_can_kick_together_ban_too() {
    let both = Room::with(&[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_KICK]).having("bob", GUEST, 2);
    allowed(&banning(&both, "bob", 2), &[Cap::CAN_CHANGE_USER_ROLE]);
    let bob = user("bob");
    let apart = [Step::ChangeRole { user: &bob, role: RoleIndex::BANNED }, Step::Kick { user: &bob, clients: 2 }];
    allowed(&both.propose(&apart), &[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_KICK]);
    refused(&changing(&both, "bob", BANNED), "clients-remain");
    let one = Room::with(&[Cap::CAN_CHANGE_USER_ROLE]).having("bob", GUEST, 2);
    refused(&banning(&one, "bob", 2), "missing-capability");
}

#[test]
fn nobody_gets_role_one_where_it_is_not_defined() {
    // req: RP03-8.1.3-10
    let room = Room::with(&[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_BAN]);
    let without = RolesList::new(vec![room.guest, room.actor]).unwrap();
    let mut state = RoomState::new(&without, PreauthList::default(), BaseRoomPolicy::default());
    let (me, bob) = (user("me"), user("bob"));
    state.insert(me.clone(), role(ACTOR), 1).unwrap();
    state.insert(bob.clone(), role(GUEST), 0).unwrap();
    let ban = [Step::Ban { user: &bob, clients: 0 }];
    refused(&authorize(&state, &Actor::member(&me), &Action::commit(&ban)), "undefined-role");
}

#[test]
fn can_unban_gives_a_banned_user_another_role_by_transition_and_no_client() {
    // req: RP03-8.1.3-13, RP03-8.1.3-14, RP03-8.1.3-15, RP03-8.1.3-17
    let room = Room::with(&[Cap::CAN_UNBAN, Cap::CAN_ADD_PARTICIPANT]).having("eve", BANNED, 0).having("bob", GUEST, 0);
    needs(Cap::CAN_UNBAN, &room, |room| unbanning(room, "eve", GUEST));
    refused(&unbanning(&room, "eve", 0), "role-zero");
    refused(&unbanning(&only(room.clone(), BANNED, &[OTHER]), "eve", GUEST), "transition-not-listed");
    refused(&unbanning(&only(room.clone(), GUEST, &[GUEST]), "eve", GUEST), "transition-not-listed");
    let eve = user("eve");
    let with_client = [Step::Unban { user: &eve, role: role(GUEST) }, Step::AddClientsOf { user: &eve, clients: 1 }];
    refused(&room.propose(&with_client), "no-capability");
}

#[test]
fn only_who_has_role_one_is_unbanned() {
    // req: RP03-8.1.3-16
    let room = Room::with(&[Cap::CAN_UNBAN]).having("bob", GUEST, 0);
    refused(&unbanning(&room, "bob", OTHER), "not-banned");
    refused(&unbanning(&room, "eve", OTHER), "target-not-participant");
    refused(&unbanning(&room, "me", OTHER), "target-is-actor");
}

#[test]
fn a_banned_user_does_nothing_even_with_capabilities_and_claims() {
    // req: RP03-4-03
    let everything: Vec<_> = Cap::registered().filter(|capability| *capability != Cap::CAN_OPEN_JOIN).collect();
    let room = Room::with(&[]).having("eve", BANNED, 0).preauthorizing("x", GUEST).change(|room| {
        room.banned = room.banned.clone().with(everything.clone()).changing(1, &[0, 2]).changing(0, &[2]);
        room.guest = room.guest.clone().with(everything.clone());
        room.zero = room.zero.clone().with(Cap::registered()).changing(0, &[2]);
    });
    let (eve, claims) = (user("eve"), [claim("x")]);
    let actor = Actor::outside(&eve).claiming(&claims);
    for step in [
        Step::JoinPreauthorized { role: role(GUEST) },
        Step::OpenJoin { role: role(GUEST) },
        Step::JoinByCode { role: role(GUEST), code: JoinCode::Valid { role: role(GUEST) } },
        Step::AddOwnClient { replaces: 0 },
        Step::ChangeOwnRole { role: role(GUEST) },
        Step::Leave { clients: 0 },
    ] {
        refused(&room.ask(&actor, &Action::external_commit(&[step])), "actor-banned");
        refused(&room.ask(&actor, &Action::proposals(&[step])), "actor-banned");
    }
    for action in [Action::Message, Action::Receive, Action::ReportAbuse, Action::DestroyRoom] {
        refused(&room.ask(&actor, &action), "actor-banned");
    }
}

#[test]
fn a_user_is_touched_once() {
    let room = Room::with(&[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_REMOVE_PARTICIPANT, Cap::CAN_ADD_PARTICIPANT])
        .having("bob", GUEST, 0);
    let (bob, eve) = (user("bob"), user("eve"));
    let change = Step::ChangeRole { user: &bob, role: role(OTHER) };
    let remove = Step::RemoveParticipant { user: &bob, clients: 0 };
    let add = Step::AddParticipant { user: &eve, role: role(GUEST), clients: 0 };
    for steps in [[change, change], [change, remove], [remove, remove], [add, add]] {
        refused(&room.propose(&steps), "touched-twice");
    }
    allowed(&room.propose(&[change, add]), &[Cap::CAN_CHANGE_USER_ROLE, Cap::CAN_ADD_PARTICIPANT]);
}

#[test]
fn the_proposals_of_several_parties_touch_a_user_once_too() {
    let room = Room::with(&[Cap::CAN_REMOVE_PARTICIPANT]).having("bob", GUEST, 0).having("cathy", ACTOR, 1);
    let (me, cathy, bob) = (user("me"), user("cathy"), user("bob"));
    let steps = [Step::RemoveParticipant { user: &bob, clients: 0 }];
    let part = |actor, sent| Part { actor, sent, steps: &steps };
    let parts = [part(Actor::member(&cathy), Sent::Proposals), part(Actor::member(&me), Sent::Commit)];
    refused(&authorize_commit(&room.state(), &parts), "touched-twice");
    assert!(authorize_commit(&room.state(), &parts[..1]).is_allowed());
}
