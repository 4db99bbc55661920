//! Section 8.1.2.

use super::*;

fn removing(room: &Room, name: &str, clients: u32) -> Decision {
    room.propose(&[Step::RemoveParticipant { user: &user(name), clients }])
}

fn without_transition(mut room: Room, from: u32, to: u32) -> Room {
    for entry in room.actor.authorized_role_changes.iter_mut().filter(|entry| entry.from_role_index == role(from)) {
        entry.target_role_indexes.retain(|target| *target != role(to));
    }
    room
}

#[test]
fn can_remove_participant_removes_another_user_with_all_their_clients() {
    // req: RP03-8.1.2-01, RP03-8.1.2-02
    let room = Room::with(&[Cap::CAN_REMOVE_PARTICIPANT]).having("bob", GUEST, 3);
    needs(Cap::CAN_REMOVE_PARTICIPANT, &room, |room| removing(room, "bob", 3));
    refused(&removing(&room, "bob", 2), "clients-remain");
    refused(&removing(&room, "bob", 4), "more-clients-than-there");
    refused(&removing(&room, "me", 2), "target-is-actor");
    refused(&removing(&room, "eve", 0), "target-not-participant");
    let mut state = room.state();
    let (me, bob) = (user("me"), user("bob"));
    let step = [Step::RemoveParticipant { user: &bob, clients: 3 }];
    assert!(state.act(&Actor::member(&me), &Action::commit(&step)).is_allowed());
    assert_eq!((state.participant(&bob), state.clients(), state.entries()), (None, 2, 1));
}

#[test]
fn a_removal_needs_the_transition_from_the_targets_role_to_zero() {
    // req: RP03-8.1.2-03
    let room = Room::with(&[Cap::CAN_REMOVE_PARTICIPANT]).having("bob", GUEST, 0);
    refused(&removing(&without_transition(room.clone(), GUEST, 0), "bob", 0), "transition-not-listed");
    allowed(&removing(&without_transition(room, ACTOR, 0), "bob", 0), &[Cap::CAN_REMOVE_PARTICIPANT]);
}

#[test]
fn a_banned_user_can_be_cleaned_off_the_list() {
    let room = Room::with(&[Cap::CAN_REMOVE_PARTICIPANT]).having("eve", BANNED, 0);
    allowed(&removing(&room, "eve", 0), &[Cap::CAN_REMOVE_PARTICIPANT]);
}

#[test]
fn can_remove_own_client_leaves_the_list_as_it_is() {
    // req: RP03-8.1.2-05
    let room = Room::with(&[Cap::CAN_REMOVE_OWN_CLIENT]);
    let step = [Step::RemoveOwnClients { clients: 2, acting: true }];
    needs(Cap::CAN_REMOVE_OWN_CLIENT, &room, |room| room.propose(&step));
    let (mut state, me) = (room.state(), user("me"));
    assert!(state.act(&Actor::member(&me), &Action::proposals(&step)).is_allowed());
    assert_eq!(state.participant(&me), Some(Participant { role: role(ACTOR), clients: 0 }));
    refused(&room.propose(&[Step::RemoveOwnClients { clients: 3, acting: false }]), "more-clients-than-there");
}

#[test]
fn a_client_does_not_commit_its_own_removal() {
    // req: RP03-8.1.2-06
    let room = Room::with(&[Cap::CAN_REMOVE_OWN_CLIENT, Cap::CAN_REMOVE_SELF]);
    refused(&room.commit(&[Step::RemoveOwnClients { clients: 1, acting: true }]), "committed-by-leaver");
    allowed(&room.commit(&[Step::RemoveOwnClients { clients: 1, acting: false }]), &[Cap::CAN_REMOVE_OWN_CLIENT]);
    refused(&room.commit(&[Step::Leave { clients: 2 }]), "committed-by-leaver");
}

#[test]
fn can_remove_self_leaves_with_all_clients() {
    // req: RP03-8.1.2-08, RP03-8.1.2-09
    let room = Room::with(&[Cap::CAN_REMOVE_SELF]);
    needs(Cap::CAN_REMOVE_SELF, &room, |room| room.propose(&[Step::Leave { clients: 2 }]));
    refused(&room.propose(&[Step::Leave { clients: 1 }]), "clients-remain");
    refused(&room.propose(&[Step::Leave { clients: 3 }]), "more-clients-than-there");
    let stranger = user("eve");
    let leave = [Step::Leave { clients: 0 }];
    refused(&room.ask(&Actor::outside(&stranger), &Action::proposals(&leave)), "not-participant");
}

#[test]
fn leaving_needs_the_transition_from_ones_own_role_to_zero() {
    // req: RP03-8.1.2-10
    let room = Room::with(&[Cap::CAN_REMOVE_SELF]);
    let leave = [Step::Leave { clients: 2 }];
    refused(&without_transition(room.clone(), ACTOR, 0).propose(&leave), "transition-not-listed");
    allowed(&without_transition(room, GUEST, 0).propose(&leave), &[Cap::CAN_REMOVE_SELF]);
}

#[test]
fn can_kick_takes_clients_out_without_any_transition() {
    // req: RP03-8.1.2-12
    let room = Room::with(&[Cap::CAN_KICK]).having("bob", GUEST, 2).change(|room| {
        room.actor.authorized_role_changes.clear();
    });
    let bob = user("bob");
    needs(Cap::CAN_KICK, &room, |room| room.propose(&[Step::Kick { user: &bob, clients: 2 }]));
    refused(&room.propose(&[Step::Kick { user: &bob, clients: 3 }]), "more-clients-than-there");
    refused(&room.propose(&[Step::Kick { user: &user("me"), clients: 1 }]), "target-is-actor");
    refused(&room.propose(&[Step::Kick { user: &user("eve"), clients: 0 }]), "target-not-participant");
    let (mut state, me) = (room.state(), user("me"));
    let kick = [Step::Kick { user: &bob, clients: 2 }];
    assert!(state.act(&Actor::member(&me), &Action::commit(&kick)).is_allowed());
    assert_eq!(state.participant(&bob), Some(Participant { role: role(GUEST), clients: 0 }));
}

#[test]
fn the_hub_takes_out_lost_clients_and_deleted_users_whatever_the_policy() {
    let room = Room::with(&[]).having("bob", GUEST, 2).change(|room| {
        room.base.fixed_membership = true;
        room.guest = room.guest.clone().participants(1, None).active_participants(1, None);
    });
    let bob = user("bob");
    for step in [Step::Kick { user: &bob, clients: 2 }, Step::RemoveParticipant { user: &bob, clients: 2 }] {
        let decision = room.ask(&Actor::Hub, &Action::proposals(&[step]));
        assert_eq!(decision.grounds(), [Authority::Hub]);
    }
    let keep = [Step::RemoveParticipant { user: &bob, clients: 1 }];
    for step in
        [Step::RemoveParticipant { user: &user("eve"), clients: 0 }, Step::Kick { user: &user("eve"), clients: 0 }]
    {
        refused(&room.ask(&Actor::Hub, &Action::proposals(&[step])), "target-not-participant");
    }
    refused(&room.ask(&Actor::Hub, &Action::proposals(&keep)), "clients-remain");
    for step in [
        Step::AddParticipant { user: &user("eve"), role: role(GUEST), clients: 0 },
        Step::Ban { user: &bob, clients: 2 },
        Step::ChangeRole { user: &bob, role: role(OTHER) },
        Step::ReInit,
        Step::ChangeMetadata(MetadataField::Name),
    ] {
        refused(&room.ask(&Actor::Hub, &Action::proposals(&[step])), "hub-needs-role");
    }
    refused(&room.ask(&Actor::Hub, &Action::commit(&keep)), "only-clients-commit");
}
