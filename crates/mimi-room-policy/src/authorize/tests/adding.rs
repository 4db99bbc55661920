//! Section 8.1.1, as far as participants add users and clients.

use super::*;

fn adding(room: &Room, name: &str, index: u32, clients: u32) -> Decision {
    room.propose(&[Step::AddParticipant { user: &user(name), role: role(index), clients }])
}

fn room() -> Room {
    Room::with(&[Cap::CAN_ADD_PARTICIPANT]).having("bob", GUEST, 1)
}

#[test]
fn can_add_participant_adds_another_user_with_their_clients() {
    // req: RP03-8-02, RP03-8.1.1-01, RP03-8.1.1-06
    needs(Cap::CAN_ADD_PARTICIPANT, &room(), |room| adding(room, "eve", GUEST, 3));
    needs(Cap::CAN_ADD_PARTICIPANT, &room(), |room| adding(room, "eve", GUEST, 0));
    let mut state = room().state();
    let (me, eve) = (user("me"), user("eve"));
    let step = [Step::AddParticipant { user: &eve, role: role(GUEST), clients: 3 }];
    assert!(state.act(&Actor::member(&me), &Action::commit(&step)).is_allowed());
    assert_eq!(state.participant(&eve), Some(Participant { role: role(GUEST), clients: 3 }));
    assert_eq!((state.count(role(GUEST)), state.clients()), (RoleCount { participants: 2, active: 2 }, 6));
}

#[test]
fn proposals_and_commits_are_judged_alike() {
    // req: RP03-8-03
    let eve = user("eve");
    let step = [Step::AddParticipant { user: &eve, role: role(GUEST), clients: 1 }];
    assert_eq!(room().propose(&step), room().commit(&step));
}

#[test]
fn can_add_participant_is_not_for_oneself_nor_for_who_is_there() {
    // req: RP03-8.1.1-01, RP03-8.1.1-02
    refused(&adding(&room(), "me", GUEST, 0), "target-is-actor");
    refused(&adding(&room(), "bob", OTHER, 0), "already-participant");
    refused(&adding(&room().having("eve", BANNED, 0), "eve", GUEST, 1), "already-participant");
}

#[test]
fn the_transitions_of_the_adders_role_name_zero_and_the_new_role() {
    // req: RP03-3-09, RP03-8.1.1-03, RP03-8.1.1-04
    let only = |from, targets: &[u32]| {
        room().change(|room| {
            room.actor.authorized_role_changes.clear();
            room.actor = room.actor.clone().changing(from, targets);
        })
    };
    allowed(&adding(&only(0, &[GUEST]), "eve", GUEST, 0), &[Cap::CAN_ADD_PARTICIPANT]);
    refused(&adding(&only(0, &[OTHER]), "eve", GUEST, 0), "transition-not-listed");
    refused(&adding(&only(GUEST, &[0, GUEST]), "eve", GUEST, 0), "transition-not-listed");
    // The list of role zero or of the target role is nobody's business here.
    let elsewhere = only(OTHER, &[]).change(|room| {
        room.zero = room.zero.clone().changing(0, &[GUEST]);
        room.guest = room.guest.clone().changing(0, &[GUEST]);
    });
    refused(&adding(&elsewhere, "eve", GUEST, 0), "transition-not-listed");
}

#[test]
fn nobody_is_added_with_role_zero_or_one_that_is_not_defined() {
    // req: RP03-3-03
    refused(&adding(&room(), "eve", 0, 0), "role-zero");
    refused(&adding(&room(), "eve", 99, 0), "undefined-role");
}

#[test]
fn a_user_can_be_put_on_the_list_banned_but_with_no_client() {
    allowed(&adding(&room(), "eve", BANNED, 0), &[Cap::CAN_ADD_PARTICIPANT]);
    refused(&adding(&room(), "eve", BANNED, 1), "clients-remain");
}

#[test]
fn can_add_own_client_brings_the_acting_client_in_from_outside() {
    // req: RP03-8.1.1-07
    let room = Room::with(&[Cap::CAN_ADD_OWN_CLIENT]);
    let me = user("me");
    let step = [Step::AddOwnClient { replaces: 0 }];
    needs(Cap::CAN_ADD_OWN_CLIENT, &room, |room| room.ask(&Actor::outside(&me), &Action::external_commit(&step)));
    needs(Cap::CAN_ADD_OWN_CLIENT, &room, |room| room.ask(&Actor::outside(&me), &Action::proposals(&step)));
    refused(&room.propose(&step), "already-member");
    refused(&room.ask(&Actor::member(&me), &Action::external_commit(&step)), "already-member");
    let stranger = user("eve");
    refused(&room.ask(&Actor::outside(&stranger), &Action::external_commit(&step)), "not-participant");
}

#[test]
fn a_client_that_comes_back_replaces_its_old_leaf() {
    let room = Room::with(&[Cap::CAN_ADD_OWN_CLIENT]);
    let me = user("me");
    let mut state = room.state();
    let back = [Step::AddOwnClient { replaces: 1 }];
    assert!(state.act(&Actor::outside(&me), &Action::external_commit(&back)).is_allowed());
    assert_eq!(state.participant(&me).unwrap().clients, 2);
    let too_many = [Step::AddOwnClient { replaces: 3 }];
    refused(&room.ask(&Actor::outside(&me), &Action::external_commit(&too_many)), "more-clients-than-there");
}

#[test]
fn other_own_clients_are_added_from_a_member() {
    // req: RP03-8.1.1-07
    let room = Room::with(&[Cap::CAN_ADD_OWN_CLIENT]);
    let step = [Step::AddOtherOwnClients { clients: 2 }];
    needs(Cap::CAN_ADD_OWN_CLIENT, &room, |room| room.commit(&step));
    let me = user("me");
    refused(&room.ask(&Actor::outside(&me), &Action::proposals(&step)), "not-member");
    // Without any client in the group nobody is a member, whatever the caller says.
    let inactive = room.change(|room| room.users[0].2 = 0);
    refused(&inactive.ask(&Actor::member(&me), &Action::proposals(&step)), "not-member");
}

#[test]
fn nobody_adds_clients_of_another_participant() {
    let everything: Vec<_> = Cap::registered().filter(|capability| *capability != Cap::CAN_OPEN_JOIN).collect();
    let room = Room::with(&everything).having("bob", GUEST, 0);
    refused(&room.propose(&[Step::AddClientsOf { user: &user("bob"), clients: 1 }]), "no-capability");
}

#[test]
fn an_external_commit_brings_one_client_in() {
    let room = Room::with(&[Cap::CAN_ADD_OWN_CLIENT, Cap::CAN_CHANGE_ROOM_NAME]);
    let me = user("me");
    let outside = |steps: &[Step<'_>]| room.ask(&Actor::outside(&me), &Action::external_commit(steps));
    refused(&outside(&[]), "one-client-joins");
    refused(&outside(&[Step::ChangeMetadata(MetadataField::Name)]), "one-client-joins");
    refused(&outside(&[Step::AddOwnClient { replaces: 0 }; 2]), "one-client-joins");
}
