//! Leaving, by a user of whom another client has something waiting: canRemoveSelf and canRemoveOwnClient are two things
//! (draft-ietf-mimi-room-policy-03 section 8.1.2).

use mimi_arch::RoleIndex;
use mimi_ds::hub::{NotAllowed, Standing, UpdateRefusal};
use mimi_protocol::{
    Wire,
    mls::ComponentId,
    room_metadata::{RoomMetaData, Utf8String},
    update::HandshakeBundle,
};
use mimi_room_policy::{authorize::Refusal, capability::CapabilityType, ready_made, roles::RolesList};

use crate::support::*;

/// A group whose members can leave it and cannot take single clients out.
fn all_or_none(creator: &Client) -> RoomShape {
    let mut components = ready_made::group(&[]);
    let mut roles = components.roles.as_ref().unwrap().roles().to_vec();
    for role in roles.iter_mut().filter(|role| role.role_index == RoleIndex(2)) {
        role.role_capabilities.retain(|it| *it != CapabilityType::CAN_REMOVE_OWN_CLIENT);
    }
    components.roles = Some(RolesList::new(roles).unwrap());
    RoomShape { components: policy(&components), ..RoomShape::of(creator) }
}

fn cannot_take_out_one(world: &mut World, go: &HandshakeBundle) {
    let refusal = world.refuse("bob2", go.clone());
    let UpdateRefusal::NotAllowed(NotAllowed::Denied(denied)) = refusal else { panic!("{refusal}") };
    let capability = CapabilityType::CAN_REMOVE_OWN_CLIENT;
    assert_eq!(denied.refusal, Refusal::MissingCapability { role: RoleIndex(2), capability });
}

#[test]
fn what_another_client_of_the_user_has_waiting_does_not_stand_in_the_way_of_leaving() {
    // req: RP03-8.1.2-05, RP03-8.1.2-08
    let mut world = World::three_in(all_or_none);
    let go = world.client("bob2").go();
    world.client("bob2").forget_proposals();
    cannot_take_out_one(&mut world, &go);
    let uri = mimi_arch::uri::Uri::new(room_uri().as_str()).unwrap();
    let metadata = RoomMetaData::named(uri, Utf8String::new("of bob").unwrap());
    let first = world.client("bob").propose_component(ComponentId::ROOM_METADATA.0, metadata.to_bytes().unwrap());
    world.client("bob").forget_proposals();
    let _ = world.accept("bob", HandshakeBundle::Proposals { first, more: Vec::new() });
    cannot_take_out_one(&mut world, &go);
    // The client that leaves is not the one whose proposal waits.
    let bob = world.clients["bob"].user();
    let leave = world.client("bob2").leave(&[1]);
    let _ = world.accept("bob2", leave);
    assert_eq!(world.room.standing(&bob), Standing::Leaving);
    let bundle = world.client("cathy").commit(Commit::default());
    let _ = world.accept("cathy", bundle);
    assert_eq!(world.room.role(&bob), None);
    world.agrees(&["alice", "cathy"]);
}
