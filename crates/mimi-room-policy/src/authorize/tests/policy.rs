//! Metadata (section 8.2) and policy (section 8.6), and what stands beside them in a commit (sections 3 and 4).

use mimi_arch::mls::ComponentId;

use super::*;

#[test]
fn each_field_of_the_metadata_has_a_capability() {
    // req: RP03-8.2-01, RP03-8.2-02, RP03-8.2-03, RP03-8.2-04, RP03-8.2-05, RP03-8.2-06
    for (field, capability) in [
        (MetadataField::Name, Cap::CAN_CHANGE_ROOM_NAME),
        (MetadataField::Description, Cap::CAN_CHANGE_ROOM_DESCRIPTION),
        (MetadataField::Avatar, Cap::CAN_CHANGE_ROOM_AVATAR),
        (MetadataField::Subject, Cap::CAN_CHANGE_ROOM_SUBJECT),
        (MetadataField::Mood, Cap::CAN_CHANGE_ROOM_MOOD),
    ] {
        let step = [Step::ChangeMetadata(field)];
        needs(capability, &Room::with(&[capability]), |room| room.propose(&step));
        let others: Vec<_> = Cap::registered().filter(|c| ![capability, Cap::CAN_OPEN_JOIN].contains(c)).collect();
        refused(&Room::with(&others).propose(&step), "missing-capability");
    }
    refused(&Room::with(&[]).propose(&[Step::ChangeMetadata(MetadataField::Uri)]), "no-capability");
}

#[test]
fn every_changed_field_needs_its_capability() {
    // req: RP03-8.2-01
    let room = Room::with(&[Cap::CAN_CHANGE_ROOM_NAME]);
    let both = [Step::ChangeMetadata(MetadataField::Name), Step::ChangeMetadata(MetadataField::Mood)];
    refused(&room.propose(&both), "missing-capability");
}

#[test]
fn roles_preauthorizations_and_base_policy_each_have_a_capability() {
    // req: RP03-8.6-01, RP03-8.6-02, RP03-8.6-03
    let (roles, preauth, base) = (Room::with(&[]).roles(), PreauthList::default(), BaseRoomPolicy::default());
    for (step, capability) in [
        (Step::UpdateRoles(&roles), Cap::CAN_CHANGE_ROLE_DEFINITIONS),
        (Step::UpdatePreauth(&preauth), Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST),
        (Step::UpdateBasePolicy(&base), Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE),
    ] {
        needs(capability, &Room::with(&[capability]), |room| room.commit(&[step]));
        refused(&Room::with(&[capability]).commit(&[step, step]), "component-twice");
    }
}

#[test]
fn what_is_updated_counts_from_then_on() {
    // req: RP03-3-16, RP03-4-13
    let room = Room::with(&[Cap::CAN_CHANGE_ROLE_DEFINITIONS, Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST]);
    let (mut state, me) = (room.state(), user("me"));
    let preauth = PreauthList {
        preauthorized_entries: vec![PreAuthRoleEntry { claimset: vec![claim("x")], target_role: Role::new(GUEST, "") }],
    };
    let roles = Room::with(&[Cap::CAN_SEND_MESSAGE]).roles();
    let steps = [Step::UpdatePreauth(&preauth), Step::UpdateRoles(&roles)];
    refused(&authorize(&state, &Actor::member(&me), &Action::Message), "missing-capability");
    assert!(state.act(&Actor::member(&me), &Action::commit(&steps)).is_allowed());
    assert!(authorize(&state, &Actor::member(&me), &Action::Message).is_allowed());
    refused(&authorize(&state, &Actor::member(&me), &Action::commit(&steps)), "missing-capability");
    assert_eq!(state.preauth(), &preauth);
}

/// One step of every kind that changes the participant list.
fn list_changes<'a>(bob: &'a UserUri, eve: &'a UserUri, fay: &'a UserUri) -> [Step<'a>; 6] {
    [
        Step::AddParticipant { user: fay, role: role(GUEST), clients: 0 },
        Step::RemoveParticipant { user: bob, clients: 1 },
        Step::ChangeRole { user: bob, role: role(OTHER) },
        Step::Ban { user: bob, clients: 1 },
        Step::Unban { user: eve, role: role(GUEST) },
        Step::Leave { clients: 2 },
    ]
}

fn busy_room() -> Room {
    Room::with(&[
        Cap::CAN_CHANGE_ROLE_DEFINITIONS,
        Cap::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        Cap::CAN_ADD_PARTICIPANT,
        Cap::CAN_REMOVE_PARTICIPANT,
        Cap::CAN_REMOVE_SELF,
        Cap::CAN_CHANGE_USER_ROLE,
        Cap::CAN_BAN,
        Cap::CAN_UNBAN,
        Cap::CAN_KICK,
    ])
    .having("bob", GUEST, 1)
    .having("eve", BANNED, 0)
}

#[test]
fn roles_and_participants_do_not_change_in_one_commit() {
    // req: RP03-3-17
    let (bob, eve, fay) = (user("bob"), user("eve"), user("fay"));
    let roles = busy_room().roles();
    for step in list_changes(&bob, &eve, &fay) {
        assert!(busy_room().propose(&[step]).is_allowed());
        refused(&busy_room().propose(&[step, Step::UpdateRoles(&roles)]), "roles-with-participants");
        refused(&busy_room().propose(&[Step::UpdateRoles(&roles), step]), "roles-with-participants");
    }
    let kick = [Step::UpdateRoles(&roles), Step::Kick { user: &bob, clients: 1 }];
    assert!(busy_room().propose(&kick).is_allowed());
}

#[test]
fn beside_a_change_of_the_preauthorizations_users_are_removed_at_most() {
    // req: RP03-4-14
    let (bob, eve, fay) = (user("bob"), user("eve"), user("fay"));
    let preauth = PreauthList::default();
    for step in list_changes(&bob, &eve, &fay) {
        let decision = busy_room().propose(&[step, Step::UpdatePreauth(&preauth)]);
        if matches!(step, Step::RemoveParticipant { .. } | Step::Leave { .. }) {
            assert!(decision.is_allowed());
        } else {
            refused(&decision, "preauth-with-participants");
        }
    }
}

#[test]
fn roles_and_participants_of_several_parties_do_not_change_in_one_commit() {
    // req: RP03-3-17
    let (me, bob, hub_removes) = (user("me"), user("bob"), user("eve"));
    let roles = busy_room().roles();
    let (update, remove) = ([Step::UpdateRoles(&roles)], [Step::RemoveParticipant { user: &hub_removes, clients: 0 }]);
    let parts = [
        Part { actor: Actor::member(&me), sent: Sent::Commit, steps: &update },
        Part { actor: Actor::Hub, sent: Sent::Proposals, steps: &remove },
    ];
    refused(&authorize_commit(&busy_room().state(), &parts), "roles-with-participants");
    assert!(busy_room().state().participant(&bob).is_some());
}

#[test]
fn a_role_that_someone_has_stays_defined() {
    let room = busy_room();
    let defined = |keep: &[u32]| {
        let roles = room.roles().roles().iter().filter(|r| keep.contains(&r.role_index.0)).cloned().collect();
        RolesList::new(roles).unwrap()
    };
    let ask = |roles: &RolesList| room.propose(&[Step::UpdateRoles(roles)]);
    assert!(ask(&defined(&[BANNED, GUEST, ACTOR])).is_allowed());
    refused(&ask(&defined(&[BANNED, ACTOR, OTHER])), "role-in-use");
    refused(&ask(&defined(&[GUEST, ACTOR, OTHER])), "role-in-use");
    refused(&ask(&RolesList::default()), "role-in-use");
}

#[test]
fn a_role_without_active_participants_is_made_by_taking_their_clients_out_too() {
    // req: RP03-3-08
    let room = busy_room();
    let silent = room.clone().change(|room| room.guest = room.guest.clone().active_participants(0, Some(0))).roles();
    let bob = user("bob");
    refused(&room.propose(&[Step::UpdateRoles(&silent)]), "maximum-active-participants");
    let with_kick = [Step::UpdateRoles(&silent), Step::Kick { user: &bob, clients: 1 }];
    assert!(room.propose(&with_kick).is_allowed());
}

#[test]
fn reserved_capabilities_authorize_nothing_and_other_components_are_the_hubs() {
    // req: RP03-8.7-01
    let everything: Vec<_> = Cap::registered().filter(|capability| *capability != Cap::CAN_OPEN_JOIN).collect();
    let room = Room::with(&everything);
    for component in [ComponentId::ASSET_POLICY, ComponentId::JOIN_LINKS, ComponentId::MLS_OPERATIONAL_POLICY] {
        let step = [Step::UpdateComponent(component)];
        refused(&room.propose(&step), "no-capability-for-component");
        assert_eq!(room.ask(&Actor::Hub, &Action::proposals(&step)).grounds(), [Authority::Hub]);
    }
    for component in [ComponentId::PARTICIPANT_LIST, ComponentId::ROLES_LIST, ComponentId::BASE_ROOM_POLICY] {
        let step = [Step::UpdateComponent(component)];
        refused(&room.ask(&Actor::Hub, &Action::proposals(&step)), "no-capability-for-component");
    }
}

#[test]
fn re_initialization_and_destruction_have_capabilities() {
    // req: RP03-8.6-04, RP03-8.6-05
    let me = user("me");
    needs(Cap::CAN_SEND_MLS_REINIT_PROPOSAL, &Room::with(&[Cap::CAN_SEND_MLS_REINIT_PROPOSAL]), |room| {
        room.propose(&[Step::ReInit])
    });
    needs(Cap::CAN_DESTROY_ROOM, &Room::with(&[Cap::CAN_DESTROY_ROOM]), |room| {
        room.ask(&Actor::member(&me), &Action::DestroyRoom)
    });
    let decision = Room::with(&[]).ask(&Actor::Hub, &Action::DestroyRoom);
    assert_eq!(decision.grounds(), [Authority::Hub]);
}

#[test]
fn a_commit_of_nothing_is_for_members() {
    let (me, eve) = (user("me"), user("eve"));
    let room = Room::with(&[]);
    assert_eq!(room.commit(&[]).grounds(), [Authority::Membership]);
    refused(&room.ask(&Actor::outside(&me), &Action::commit(&[])), "not-member");
    refused(&room.ask(&Actor::outside(&eve), &Action::proposals(&[])), "not-member");
}

#[test]
fn a_state_holds_only_what_a_room_can_have() {
    let mut state = Room::with(&[]).state();
    assert!(matches!(state.insert(user("a"), role(0), 0), Err(StateError::Role { .. })));
    assert!(matches!(state.insert(user("a"), role(99), 0), Err(StateError::Role { .. })));
    assert!(matches!(state.insert(user("a"), role(BANNED), 1), Err(StateError::BannedWithClients { clients: 1, .. })));
    let twice = state.insert(user("me"), role(GUEST), 0).unwrap_err();
    assert_eq!(twice.section(), "draft-ietf-mimi-protocol-06 section 7.5");
    assert_eq!(state, Room::with(&[]).state());
}
