//! The four constraints of section 3 in the actions of section 8.1.

use super::*;

/// A room where `me` can do everything, with two guests of whom `bob` is active.
fn room() -> Room {
    Room::with(&[
        Cap::CAN_ADD_PARTICIPANT,
        Cap::CAN_REMOVE_PARTICIPANT,
        Cap::CAN_REMOVE_SELF,
        Cap::CAN_REMOVE_OWN_CLIENT,
        Cap::CAN_ADD_OWN_CLIENT,
        Cap::CAN_KICK,
        Cap::CAN_CHANGE_USER_ROLE,
        Cap::CAN_CHANGE_OWN_ROLE,
        Cap::CAN_BAN,
        Cap::CAN_UNBAN,
    ])
    .having("bob", GUEST, 1)
    .having("cathy", GUEST, 0)
    .having("dave", OTHER, 0)
    .having("eve", BANNED, 0)
}

fn guests(minimum: u32, maximum: Option<u32>, active_minimum: u32, active_maximum: Option<u32>) -> Room {
    room().change(|room| {
        let guest = room.guest.clone().participants(minimum, maximum);
        room.guest = guest.active_participants(active_minimum, active_maximum);
    })
}

#[test]
fn a_minimum_of_zero_and_no_maximum_are_no_constraints() {
    // req: RP03-3-05, RP03-3-06, RP03-3-07
    let (bob, cathy) = (user("bob"), user("cathy"));
    let both =
        [Step::RemoveParticipant { user: &bob, clients: 1 }, Step::RemoveParticipant { user: &cathy, clients: 0 }];
    assert!(guests(0, None, 0, None).propose(&both).is_allowed());
}

#[test]
fn the_minimum_of_participants_holds_for_the_role_that_is_left() {
    // req: RP03-8.1.2-04, RP03-8.1.3-03, RP03-8.1.3-12
    let cathy = user("cathy");
    for step in [
        Step::RemoveParticipant { user: &cathy, clients: 0 },
        Step::ChangeRole { user: &cathy, role: role(OTHER) },
        Step::Ban { user: &cathy, clients: 0 },
    ] {
        assert!(guests(1, None, 0, None).propose(&[step]).is_allowed());
        refused(&guests(2, None, 0, None).propose(&[step]), "minimum-participants");
    }
    let unban = Step::Unban { user: &user("eve"), role: role(GUEST) };
    let scarce = room().change(|room| room.banned = room.banned.clone().participants(1, None));
    refused(&scarce.propose(&[unban]), "minimum-participants");
}

#[test]
fn the_minimum_of_active_participants_holds_for_the_role_that_is_left() {
    // req: RP03-8.1.2-04, RP03-8.1.2-13, RP03-8.1.3-03, RP03-8.1.3-12
    let bob = user("bob");
    for step in [
        Step::RemoveParticipant { user: &bob, clients: 1 },
        Step::ChangeRole { user: &bob, role: role(OTHER) },
        Step::Ban { user: &bob, clients: 1 },
        Step::Kick { user: &bob, clients: 1 },
    ] {
        assert!(guests(0, None, 0, None).propose(&[step]).is_allowed());
        refused(&guests(0, None, 1, None).propose(&[step]), "minimum-active-participants");
    }
    // An inactive guest may go.
    let remove = Step::RemoveParticipant { user: &user("cathy"), clients: 0 };
    assert!(guests(0, None, 1, None).propose(&[remove]).is_allowed());
}

#[test]
fn the_minima_hold_for_those_who_leave_or_take_their_clients_out() {
    // req: RP03-8.1.2-07, RP03-8.1.2-11
    let mine = |minimum, active| {
        room().change(|room| {
            room.actor = room.actor.clone().participants(minimum, None).active_participants(active, None);
        })
    };
    let leave = [Step::Leave { clients: 2 }];
    refused(&mine(1, 0).propose(&leave), "minimum-participants");
    refused(&mine(0, 1).propose(&leave), "minimum-active-participants");
    assert!(mine(0, 0).propose(&leave).is_allowed());
    refused(&mine(1, 1).propose(&[Step::RemoveOwnClients { clients: 2, acting: true }]), "minimum-active-participants");
    assert!(mine(1, 1).propose(&[Step::RemoveOwnClients { clients: 1, acting: true }]).is_allowed());
    assert!(mine(1, 0).propose(&[Step::RemoveOwnClients { clients: 2, acting: true }]).is_allowed());
}

#[test]
fn the_maxima_hold_for_the_role_that_is_entered() {
    // req: RP03-8.1.1-05, RP03-8.1.3-03
    let (eve, frank, dave) = (user("eve"), user("frank"), user("dave"));
    for step in [
        Step::AddParticipant { user: &frank, role: role(GUEST), clients: 0 },
        Step::ChangeRole { user: &dave, role: role(GUEST) },
        Step::Unban { user: &eve, role: role(GUEST) },
    ] {
        assert!(guests(0, Some(3), 0, Some(1)).propose(&[step]).is_allowed());
        refused(&guests(0, Some(2), 0, None).propose(&[step]), "maximum-participants");
    }
    let active = Step::AddParticipant { user: &frank, role: role(GUEST), clients: 2 };
    assert!(guests(0, None, 0, Some(2)).propose(&[active]).is_allowed());
    refused(&guests(0, None, 0, Some(1)).propose(&[active]), "maximum-active-participants");
    let bob = Step::ChangeRole { user: &user("bob"), role: role(OTHER) };
    let full = room().change(|room| room.other = room.other.clone().active_participants(0, Some(0)));
    refused(&full.propose(&[bob]), "maximum-active-participants");
}

#[test]
fn the_constraints_hold_for_a_change_of_ones_own_role() {
    // req: RP03-8.1.3-06
    let (me, claims) = (user("me"), [claim("x")]);
    let ask = |room: Room| {
        let step = [Step::ChangeOwnRole { role: role(OTHER) }];
        room.preauthorizing("x", OTHER).ask(&Actor::member(&me).claiming(&claims), &Action::proposals(&step))
    };
    assert!(ask(room()).is_allowed());
    let mine = |change: fn(Role) -> Role| room().change(|room| room.actor = change(room.actor.clone()));
    let theirs = |change: fn(Role) -> Role| room().change(|room| room.other = change(room.other.clone()));
    refused(&ask(mine(|role| role.participants(1, None))), "minimum-participants");
    refused(&ask(mine(|role| role.active_participants(1, None))), "minimum-active-participants");
    refused(&ask(theirs(|role| role.participants(0, Some(1)))), "maximum-participants");
    refused(&ask(theirs(|role| role.active_participants(0, Some(0)))), "maximum-active-participants");
}

#[test]
fn with_a_maximum_of_zero_active_participants_nobody_brings_a_client() {
    // req: RP03-3-08
    let room = room().change(|room| {
        room.actor = room.actor.clone().active_participants(0, Some(0));
        room.users[0].2 = 0;
    });
    let me = user("me");
    let step = [Step::AddOwnClient { replaces: 0 }];
    refused(&room.ask(&Actor::outside(&me), &Action::external_commit(&step)), "maximum-active-participants");
}

#[test]
fn a_second_client_of_an_active_participant_makes_no_more_active_participants() {
    let room = room().change(|room| room.actor = room.actor.clone().active_participants(1, Some(1)));
    assert!(room.commit(&[Step::AddOtherOwnClients { clients: 5 }]).is_allowed());
}

#[test]
fn constraints_are_checked_after_all_steps_together() {
    // req: RP03-8.1.3-03
    let (bob, cathy, dave) = (user("bob"), user("cathy"), user("dave"));
    let full = guests(2, Some(2), 1, Some(1));
    let swap =
        [Step::ChangeRole { user: &dave, role: role(GUEST) }, Step::ChangeRole { user: &cathy, role: role(OTHER) }];
    assert!(full.propose(&swap).is_allowed());
    refused(&full.propose(&swap[..1]), "maximum-participants");
    refused(&full.propose(&swap[1..]), "minimum-participants");
    let two =
        [Step::RemoveParticipant { user: &bob, clients: 1 }, Step::RemoveParticipant { user: &cathy, clients: 0 }];
    let one_stays = guests(1, None, 0, None);
    assert!(one_stays.propose(&two[..1]).is_allowed() && one_stays.propose(&two[1..]).is_allowed());
    refused(&one_stays.propose(&two), "minimum-participants");
}

#[test]
fn constraints_are_checked_over_the_proposals_of_several_parties() {
    let room = room().having("fay", ACTOR, 1).change(|room| {
        room.actor = room.actor.clone().participants(1, None);
    });
    let (me, fay, cathy) = (user("me"), user("fay"), user("cathy"));
    let (mine, hers) = ([Step::Leave { clients: 2 }], [Step::Leave { clients: 1 }]);
    let parts = [
        Part { actor: Actor::member(&me), sent: Sent::Proposals, steps: &mine },
        Part { actor: Actor::member(&fay), sent: Sent::Proposals, steps: &hers },
        Part { actor: Actor::outside(&cathy), sent: Sent::Proposals, steps: &[] },
    ];
    let mut state = room.state();
    assert!(authorize_commit(&state, &parts[..1]).is_allowed() && authorize_commit(&state, &parts[1..2]).is_allowed());
    refused(&state.act_commit(&parts[..2]), "minimum-participants");
    refused(&authorize_commit(&state, &parts[2..]), "not-member");
    assert_eq!(state.act_commit(&parts[..1]).grounds(), [Authority::Capability(Cap::CAN_REMOVE_SELF)]);
    assert_eq!(state.participant(&me), None);
}

#[test]
fn roles_that_nobody_leaves_or_enters_are_not_asked() {
    let room = room().change(|room| room.other = room.other.clone().participants(5, Some(9)));
    assert!(room.propose(&[Step::RemoveParticipant { user: &user("cathy"), clients: 0 }]).is_allowed());
}

#[test]
fn a_refusal_carries_the_figures() {
    let decision = guests(2, None, 0, None).propose(&[Step::RemoveParticipant { user: &user("cathy"), clients: 0 }]);
    let refusal = decision.into_result().unwrap_err();
    assert_eq!(refusal, Refusal::MinimumParticipants { role: role(GUEST), minimum: 2, after: 1 });
    assert_eq!(refusal.to_string(), "role 2 would have 1 participants and needs 2");
    assert_eq!(refusal.section(), "draft-ietf-mimi-room-policy-03 section 3");
}
