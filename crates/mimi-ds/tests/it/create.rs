//! Which rooms a hub takes up (section 3.1).

use mimi_arch::RoleIndex;
use mimi_ds::hub::{CreateRefusal, PolicyFault};
use mimi_protocol::mls::Credential;

use crate::support::*;

fn try_create(shape: impl FnOnce(&mut RoomShape)) -> Result<Room, CreateRefusal> {
    let mut alice = Client::new("mimi://a.example/d/alice/1");
    let mut given = RoomShape::of(&alice);
    shape(&mut given);
    let (info, tree) = alice.create(&given);
    Room::create(NOW, &hub_identity(), &alice.uri, room_uri(), info, &tree).map(|(room, _)| room)
}

#[test]
fn a_room_of_its_creator_alone_is_taken_up() {
    // req: MP06-3.1-01
    // req: MP06-3.1-03
    let room = try_create(|_| {}).unwrap();
    assert_eq!(room.epoch().0, 0);
    assert_eq!(room.members().count(), 1);
    assert_eq!(room.role(&user("mimi://a.example/u/alice")), Some(RoleIndex(3)));
}

#[test]
fn the_group_id_has_to_be_that_of_the_room() {
    // req: MP06-3.1-05
    let refusal = try_create(|shape| shape.group_id = b"mimi://a.example/g/other".to_vec());
    assert_eq!(refusal.unwrap_err(), CreateRefusal::GroupId);
}

#[test]
fn the_creator_has_to_be_the_only_participant_with_a_role_that_the_policy_defines() {
    // req: MP06-4.3.1-05
    let other = user("mimi://a.example/u/other");
    let with_another = try_create(|shape| shape.participants.push((other.clone(), RoleIndex(2))));
    assert_eq!(with_another.unwrap_err(), CreateRefusal::Participants);
    let banned = try_create(|shape| shape.participants[0].1 = RoleIndex::BANNED);
    assert_eq!(banned.unwrap_err(), CreateRefusal::Participants);
    let undefined = try_create(|shape| shape.participants[0].1 = RoleIndex(9));
    assert!(matches!(undefined.unwrap_err(), CreateRefusal::Policy(PolicyFault::Participants(_))));
    let without_policy = try_create(|shape| shape.components.clear());
    assert!(matches!(without_policy.unwrap_err(), CreateRefusal::Policy(PolicyFault::Contradiction { .. })));
    let somebody = try_create(|shape| shape.participants[0].0 = other);
    assert_eq!(somebody.unwrap_err(), CreateRefusal::Participants);
}

// req: DS06-8-04
#[test]
fn the_first_external_sender_has_to_be_the_hub() {
    // req: MP06-7.4-02
    // req: MP06-7.4-03
    let other_key = try_create(|shape| shape.external_sender.signature_key = vec![1; 32]);
    assert_eq!(other_key.unwrap_err(), CreateRefusal::ExternalSender);
    let other_name = try_create(|shape| shape.external_sender.credential = Credential::basic(*b"mimi://b.example"));
    assert_eq!(other_name.unwrap_err(), CreateRefusal::ExternalSender);
}

#[test]
fn the_group_context_has_to_require_what_rooms_use_and_hold_the_dictionary_last() {
    let refusal = try_create(|shape| shape.required = false);
    assert!(matches!(refusal.unwrap_err(), CreateRefusal::Context(_)));
    let refusal = try_create(|shape| shape.dictionary_last = false);
    assert!(matches!(refusal.unwrap_err(), CreateRefusal::Context(_)));
}

#[test]
fn room_creator_and_tree_have_to_fit_the_hub() {
    let mut alice = Client::new("mimi://a.example/d/alice/1");
    let shape = RoomShape::of(&alice);
    let (info, tree) = alice.create(&shape);
    let create = |creator: &str, room: &str, info, tree| {
        let (creator, room) = (creator.parse().unwrap(), room.parse().unwrap());
        Room::create(NOW, &hub_identity(), &creator, room, info, tree).map(drop).unwrap_err()
    };
    let (uri, room) = (alice.uri.as_str(), "mimi://a.example/r/clubhouse");
    let other_hub = create(uri, "mimi://b.example/r/clubhouse", info.clone(), &tree);
    assert_eq!(other_hub, CreateRefusal::OtherHub(domain("b.example")));
    let other_client = create("mimi://a.example/d/alice/2", room, info.clone(), &tree);
    assert_eq!(other_client, CreateRefusal::Members);
    let (_, other_tree) = Client::new("mimi://a.example/d/alice/1").create(&shape);
    assert!(matches!(create(uri, room, info, &other_tree), CreateRefusal::Group(_)));
}
