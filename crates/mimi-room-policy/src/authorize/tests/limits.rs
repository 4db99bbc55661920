//! Section 5: fixed membership, the parent room and the limits of the base policy.

use mimi_arch::uri::Uri;

use super::*;

const EVERYTHING: [Cap; 9] = [
    Cap::CAN_ADD_PARTICIPANT,
    Cap::CAN_REMOVE_PARTICIPANT,
    Cap::CAN_REMOVE_SELF,
    Cap::CAN_ADD_OWN_CLIENT,
    Cap::CAN_REMOVE_OWN_CLIENT,
    Cap::CAN_KICK,
    Cap::CAN_BAN,
    Cap::CAN_UNBAN,
    Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
];

fn room(base: impl FnOnce(&mut BaseRoomPolicy)) -> Room {
    Room::with(&EVERYTHING).having("bob", GUEST, 1).change(|room| base(&mut room.base))
}

fn add(user: &UserUri, clients: u32) -> Step<'_> {
    Step::AddParticipant { user, role: role(GUEST), clients }
}

#[test]
fn nobody_comes_to_or_goes_from_a_room_with_a_fixed_membership() {
    // req: RP03-5-01, RP03-5-03, RP03-5-05
    let fixed = room(|base| base.fixed_membership = true);
    let (bob, eve) = (user("bob"), user("eve"));
    for step in [
        add(&eve, 0),
        Step::RemoveParticipant { user: &bob, clients: 1 },
        Step::Ban { user: &bob, clients: 1 },
        Step::Leave { clients: 2 },
    ] {
        assert!(room(|_| {}).propose(&[step]).is_allowed());
        refused(&fixed.propose(&[step]), "fixed-membership");
    }
    let open = fixed.change(|room| {
        room.zero = Role::new(0, "").with([Cap::CAN_OPEN_JOIN, Cap::CAN_USE_JOIN_CODE]).changing(0, &[GUEST]);
        room.guest = room.guest.clone().with([Cap::CAN_JOIN_IF_PREAUTHORIZED]);
    });
    let open = open.preauthorizing("x", GUEST);
    let claims = [claim("x")];
    for step in [
        Step::OpenJoin { role: role(GUEST) },
        Step::JoinPreauthorized { role: role(GUEST) },
        Step::JoinByCode { role: role(GUEST), code: JoinCode::Valid { role: role(GUEST) } },
    ] {
        let actor = Actor::outside(&eve).claiming(&claims);
        refused(&open.ask(&actor, &Action::external_commit(&[step])), "fixed-membership");
    }
}

#[test]
fn clients_come_and_go_in_a_room_with_a_fixed_membership() {
    // req: RP03-5-02, RP03-5-06
    let fixed = room(|base| base.fixed_membership = true);
    assert!(fixed.propose(&[Step::AddOtherOwnClients { clients: 1 }]).is_allowed());
    assert!(fixed.propose(&[Step::RemoveOwnClients { clients: 2, acting: true }]).is_allowed());
}

#[test]
fn no_change_leaves_can_add_participant_in_a_room_with_a_fixed_membership() {
    // req: RP03-5-04
    let fixed = BaseRoomPolicy { fixed_membership: true, ..BaseRoomPolicy::default() };
    let update = [Step::UpdateBasePolicy(&fixed)];
    refused(&room(|_| {}).propose(&update), "fixed-membership-with-adding");
    let without = room(|_| {}).change(|room| {
        room.actor.role_capabilities.retain(|held| *held != Cap::CAN_ADD_PARTICIPANT);
        // Role zero and the banned role are excepted.
        room.zero = Role::new(0, "").with([Cap::CAN_ADD_PARTICIPANT]);
        room.banned = room.banned.clone().with([Cap::CAN_ADD_PARTICIPANT]);
    });
    allowed(&without.propose(&update), &[Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE]);
}

#[test]
fn the_participants_are_a_strict_subset_of_the_parents() {
    // req: RP03-5-08, RP03-5-13
    let child = |parent: &[&str]| {
        room(|base| base.parent_room = Some(Uri::new("mimi://a.example/r/parent").unwrap()))
            .change(|room| room.parent = Some(parent.iter().map(|&name| name.to_owned()).collect()))
    };
    let (eve, frank) = (user("eve"), user("frank"));
    assert!(child(&["me", "bob", "eve", "frank"]).propose(&[add(&eve, 0)]).is_allowed());
    refused(&child(&["me", "bob", "eve"]).propose(&[add(&eve, 0)]), "not-strict-subset");
    refused(&child(&["me", "bob", "eve", "gina"]).propose(&[add(&frank, 0)]), "not-in-parent");
    let bob = user("bob");
    let swap = [Step::RemoveParticipant { user: &bob, clients: 1 }, add(&eve, 0)];
    assert!(child(&["me", "bob", "eve"]).propose(&swap).is_allowed());
    let unknown = child(&[]).change(|room| room.parent = None);
    refused(&unknown.propose(&[add(&eve, 0)]), "not-in-parent");
    assert!(unknown.propose(&[Step::RemoveParticipant { user: &bob, clients: 1 }]).is_allowed());
}

#[test]
fn a_room_gets_a_parent_that_has_all_of_its_participants_and_more() {
    // req: RP03-5-08
    let dependent = BaseRoomPolicy {
        parent_room: Some(Uri::new("mimi://a.example/r/parent").unwrap()),
        ..BaseRoomPolicy::default()
    };
    let ask = |parent: &[&str]| {
        let names = parent.iter().map(|&name| name.to_owned()).collect();
        room(|_| {}).change(|room| room.parent = Some(names)).propose(&[Step::UpdateBasePolicy(&dependent)])
    };
    assert!(ask(&["me", "bob", "eve"]).is_allowed());
    refused(&ask(&["me", "bob"]), "not-strict-subset");
    refused(&ask(&["me", "eve", "gina"]), "not-in-parent");
}

#[test]
fn max_users_counts_entries_that_are_not_banned() {
    // req: RP03-5-17
    let full = room(|base| base.max_users = Some(2)).having("eve", BANNED, 0);
    let (bob, eve, frank) = (user("bob"), user("eve"), user("frank"));
    refused(&full.propose(&[add(&frank, 0)]), "max-users");
    refused(&full.propose(&[Step::Unban { user: &eve, role: role(GUEST) }]), "max-users");
    assert!(full.propose(&[Step::Ban { user: &bob, clients: 1 }, add(&frank, 0)]).is_allowed());
    let banned = [Step::AddParticipant { user: &frank, role: role(BANNED), clients: 0 }];
    assert!(full.propose(&banned).is_allowed());
    // A room above its limit is not stuck.
    let over = full.change(|room| room.base.max_users = Some(1));
    assert!(over.propose(&[Step::RemoveParticipant { user: &bob, clients: 1 }, add(&frank, 0)]).is_allowed());
}

#[test]
fn max_clients_counts_all_members() {
    // req: RP03-5-16
    let full = room(|base| base.max_clients = Some(3));
    let (bob, eve) = (user("bob"), user("eve"));
    assert!(full.propose(&[add(&eve, 0)]).is_allowed());
    refused(&full.propose(&[add(&eve, 1)]), "max-clients");
    refused(&full.propose(&[Step::AddOtherOwnClients { clients: 1 }]), "max-clients");
    assert!(full.propose(&[Step::Kick { user: &bob, clients: 1 }, add(&eve, 1)]).is_allowed());
    refused(&room(|_| {}).propose(&[add(&eve, u32::MAX)]), "max-clients");
}

#[test]
fn without_multi_device_a_user_has_one_client() {
    // req: RP03-5-14, RP03-5-15
    let single = room(|base| base.multi_device = false).change(|room| room.users[0].2 = 1);
    let (me, eve) = (user("me"), user("eve"));
    assert!(single.propose(&[add(&eve, 1)]).is_allowed());
    refused(&single.propose(&[add(&eve, 2)]), "multi-device");
    refused(&single.propose(&[Step::AddOtherOwnClients { clients: 1 }]), "multi-device");
    let external = |replaces| {
        let step = [Step::AddOwnClient { replaces }];
        single.ask(&Actor::outside(&me), &Action::external_commit(&step))
    };
    refused(&external(0), "multi-device");
    assert!(external(1).is_allowed());
}

#[test]
fn an_update_of_the_base_policy_that_the_room_exceeds_is_refused() {
    // req: RP03-5-16, RP03-5-17, RP03-8.6-01
    let update = |base: &BaseRoomPolicy| room(|_| {}).propose(&[Step::UpdateBasePolicy(base)]);
    let default = BaseRoomPolicy::default;
    refused(&update(&BaseRoomPolicy { max_users: Some(1), ..default() }), "max-users");
    refused(&update(&BaseRoomPolicy { max_clients: Some(2), ..default() }), "max-clients");
    refused(&update(&BaseRoomPolicy { multi_device: false, ..default() }), "multi-device");
    let tight = BaseRoomPolicy { max_users: Some(2), max_clients: Some(3), ..default() };
    allowed(&update(&tight), &[Cap::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE]);
    let single = BaseRoomPolicy { multi_device: false, ..default() };
    let along = [Step::UpdateBasePolicy(&single), Step::RemoveOwnClients { clients: 1, acting: false }];
    assert!(room(|_| {}).commit(&along).is_allowed());
}
