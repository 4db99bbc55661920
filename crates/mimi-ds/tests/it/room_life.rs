//! The life of a room: what ends it, what stays of it without clients, and the group after another one (docs/room-life.md).

use mimi_arch::{RoleIndex, RoomUri};
use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    hub::{CreateRefusal, Ending, Gone, GroupInfoRefusal, Life, NoGroup, NotAllowed, SubmitRefusal, UpdateRefusal},
    store::Conflict,
};
use mimi_protocol::{
    IdentifierUri,
    group_info::GroupInfoCode,
    mls::{ComponentId, GroupInfo, RatchetTree},
    participant_list::{ParticipantListUpdate, UserIndexRolePair},
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
    update::{HandshakeBundle, UpdateRoomResponse},
};
use mimi_room_policy::{authorize::Refusal, capability::CapabilityType, policy::RoomPolicy, ready_made};

use crate::{
    flow::{group_info_request, send},
    support::*,
};

fn persistent_group() -> RoomPolicy {
    let mut group = ready_made::group(&[]);
    group.base.as_mut().unwrap().persistent_room = true;
    group
}

fn persistent(creator: &Client) -> RoomShape {
    RoomShape { components: policy(&persistent_group()), ..RoomShape::of(creator) }
}

fn open(creator: &Client) -> RoomShape {
    let participants = vec![(creator.user(), RoleIndex(2))];
    RoomShape { participants, components: policy(&ready_made::open_community(&[])), ..RoomShape::of(creator) }
}

/// The next group of the room, with this client alone in it.
fn next_group(client: &mut Client, shape: fn(&Client) -> RoomShape) -> (GroupInfo, RatchetTree) {
    let shape = shape(client);
    client.create(&RoomShape { group_id: room_uri().group_id(2), ..shape })
}

fn submission(client: &mut Client) -> SubmitMessageRequest {
    SubmitMessageRequest { app_message: client.seal("late"), sending_uri: IdentifierUri::from(client.user()) }
}

fn over(ending: &Ending) -> NoGroup {
    NoGroup::Over(ending.clone())
}

/// Nothing that anybody sends is accepted any more, and the answers are those of the draft.
fn takes_nothing(world: &mut World, ending: &Ending, message: &SubmitMessageRequest, commit: HandshakeBundle) {
    assert_eq!(*world.room.life(), Life::Over(ending.clone()));
    let now = world.now();
    let refusal = world.room.submit(now, &domain("b.example"), message, &franking()).unwrap_err();
    assert_eq!(refusal, SubmitRefusal::NoGroup(over(ending)));
    assert_eq!(refusal.response(), Some(SubmitMessageResponse::NotAllowed));
    let refusal = world.refuse("bob", commit);
    assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::NoGroup(over(ending))));
    assert!(matches!(refusal.response(), Some(UpdateRoomResponse::NotAllowed { .. })));
    let refusal = world.room.group_info(&domain("b.example"), &group_info_request(&world.clients["bob"])).unwrap_err();
    assert_eq!(refusal, GroupInfoRefusal::NoGroup(over(ending)));
    assert_eq!(refusal.code(), Some(GroupInfoCode::NoSuchRoom));
    assert_eq!(world.room.propose_removal(now, &Gone::User(user("mimi://b.example/u/bob")), &*SIGNER).unwrap(), None);
    let before = world.fingerprint();
    assert_eq!(world.room.destroy(now, &*SIGNER).unwrap(), None, "what is over is not destroyed");
    assert_eq!(world.fingerprint(), before);
}

#[test]
fn who_may_destroys_the_room_and_it_takes_nothing_after_that() {
    // req: RP03-8.6-04
    // req: RP03-5-21
    for shape in [RoomShape::of, RoomShape::franked, persistent] {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        let mut world = World::three_in(shape);
        let message = submission(world.client("bob"));
        let destroy = world.client("alice").destroy();
        let accepted = world.accept("alice", destroy);
        let mut to = recipients(&accepted);
        to.sort();
        assert_eq!(to, ["b.example proposals", "c.example proposals", "mimi://a.example/d/alice/1 proposals"]);
        let ending = Ending::Destroyed(user("mimi://a.example/u/alice"));
        let commit = world.client("bob").commit_as_leaver();
        takes_nothing(&mut world, &ending, &message, commit);
        world.restart(&store);
        let commit = world.client("bob").commit_as_leaver();
        takes_nothing(&mut world, &ending, &message, commit);
        // From the snapshot before the last one, too, with the log after it.
        let older = Room::restore(&store.load_older_room(&room_uri()).unwrap().unwrap()).unwrap();
        assert_eq!((older.life(), older.pending()), (world.room.life(), world.room.pending()));
        // What was accepted is still sent, and the name stays taken.
        assert_eq!(store.outbox_lanes().unwrap().len(), 2);
        let again = World::alone().effects;
        assert_eq!(store.commit(again), Err(StoreError::Conflict(Conflict::RoomExists)));
    }
}

#[test]
fn a_member_without_the_capability_destroys_nothing() {
    // req: RP03-8.6-04
    let mut world = World::three();
    let destroy = world.client("bob").destroy();
    let refusal = world.refuse("bob", destroy);
    let UpdateRefusal::NotAllowed(NotAllowed::Denied(denied)) = refusal else { panic!("{refusal}") };
    let capability = CapabilityType::CAN_DESTROY_ROOM;
    assert_eq!(denied.refusal, Refusal::MissingCapability { role: RoleIndex(2), capability });
    assert_eq!(*world.room.life(), Life::Active);
    let _ = send(&mut world, "cathy", "still here");
}

#[test]
fn who_is_to_lose_the_role_cannot_destroy_the_room_any_more() {
    let mut world = World::three();
    let demotion = UserIndexRolePair { user_index: 1, role_index: RoleIndex(3) };
    let list = ParticipantListUpdate { changed_role_participants: vec![demotion], ..Default::default() };
    let bundle = world.client("alice").commit(Commit { list: vec![list], ..Default::default() });
    let _ = world.accept("alice", bundle);
    // Bob is an administrator now, and proposes that Alice is none.
    let demotion = UserIndexRolePair { user_index: 0, role_index: RoleIndex(2) };
    let list = ParticipantListUpdate { changed_role_participants: vec![demotion], ..Default::default() };
    let first = world.client("bob").propose_list(list);
    let _ = world.accept("bob", HandshakeBundle::Proposals { first, more: Vec::new() });
    let destroy = world.client("alice").destroy();
    let refusal = world.refuse("alice", destroy);
    // Her list update says a second thing of herself; whichever rule is told, the room stays.
    assert!(matches!(refusal, UpdateRefusal::NotAllowed(_) | UpdateRefusal::InvalidProposal { .. }), "{refusal}");
    assert_eq!(*world.room.life(), Life::Active);
}

// req: DS06-9.1-01
#[test]
fn a_bundle_that_leaves_somebody_destroys_nothing() {
    let mut world = World::three();
    // Everybody but Cathy's client; and all clients, but not all participants.
    for (spared, indices) in [(Some(3), vec![0, 1]), (None, vec![0, 1])] {
        let alice = world.client("alice");
        let first = alice.propose_remove(0);
        let mut more: Vec<_> =
            (1..4).filter(|leaf| Some(*leaf) != spared).map(|leaf| alice.propose_remove(leaf)).collect();
        more.push(alice.propose_list(removing(&indices)));
        alice.forget_proposals();
        let refusal = world.refuse("alice", HandshakeBundle::Proposals { first, more });
        assert!(matches!(refusal, UpdateRefusal::NotAllowed(_)), "{refusal}");
    }
}

#[test]
fn the_last_client_of_a_temporary_room_ends_it_and_leaves_it_to_nobody() {
    // req: RP03-5-21
    let mut world = World::alone();
    let before = world.client("alice").commit(Commit { path: true, ..Default::default() });
    world.client("alice").discard();
    let go = world.client("alice").go();
    let _ = world.accept("alice", go);
    assert_eq!(*world.room.life(), Life::Over(Ending::Emptied));
    let refusal = world.refuse("alice", before);
    assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::NoGroup(over(&Ending::Emptied))));
    // Alice is a participant still, and yet does not come back.
    let refusal = world.room.group_info(&domain("a.example"), &group_info_request(&world.clients["alice"]));
    assert_eq!(refusal.unwrap_err().code(), Some(GroupInfoCode::NoSuchRoom));
    let now = world.now();
    let mut client = Client::new("mimi://a.example/d/alice/2");
    let (info, tree) = next_group(&mut client, RoomShape::of);
    let refusal = world.room.found_next_group(now, &hub_identity(), &client.uri, info, &tree).unwrap_err();
    assert_eq!(refusal, CreateRefusal::NotWithoutGroup("is over"));
}

#[test]
fn all_who_go_one_after_the_other_end_the_room_with_the_last() {
    let mut world = World::three();
    for (name, is_last) in [("bob", false), ("bob2", false), ("cathy", false), ("alice", true)] {
        let go = world.client(name).go();
        let _ = world.accept(name, go);
        assert_eq!(*world.room.life() != Life::Active, is_last, "{name}");
    }
    assert_eq!(*world.room.life(), Life::Over(Ending::Emptied));
}

// req: DS06-4.8-04
#[test]
fn the_hub_destroys_a_room_and_says_so_as_external_sender() {
    // req: RP03-8.6-04
    for shape in [RoomShape::of, RoomShape::franked] {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        let mut world = World::three_in(shape);
        // A leave that waits is not said twice.
        let message = submission(world.client("cathy"));
        let leave = world.client("bob").leave(&[2]);
        let _ = world.accept("bob", leave);
        let now = world.now();
        let accepted = world.room.destroy(now, &*SIGNER).unwrap().unwrap();
        world.effects.extend(accepted.effects.clone());
        world.distribute(&accepted);
        assert_eq!(world.room.pending(), 3 + 3, "Alice and Cathy are removed, and both are taken off the list");
        let cathy = world.client("cathy");
        assert_eq!(cathy.group().pending_proposals().count(), 6, "a client takes all of it");
        let commit = world.client("cathy").commit_as_leaver();
        let now = world.now();
        let refusal = world.room.submit(now, &domain("c.example"), &message, &franking()).unwrap_err();
        assert_eq!(refusal, SubmitRefusal::NoGroup(over(&Ending::ByHub)));
        let refusal = world.refuse("cathy", commit);
        assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::NoGroup(over(&Ending::ByHub))));
        world.restart(&store);
        assert_eq!(*world.room.life(), Life::Over(Ending::ByHub));
    }
}

/// Alice has left a persistent room of hers, in which nobody else is.
fn asleep(shape: fn(&Client) -> RoomShape) -> World {
    let mut world = World::shaped(shape);
    let go = world.client("alice").go();
    let _ = world.accept("alice", go);
    assert_eq!(*world.room.life(), Life::Dormant);
    world
}

#[test]
fn a_persistent_room_sleeps_without_clients_and_a_client_wakes_it_by_external_commit() {
    // req: RP03-5-22
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let mut world = asleep(persistent);
    world.restart(&store);
    assert_eq!(*world.room.life(), Life::Dormant);
    let message = SubmitMessageRequest {
        app_message: World::alone().client("alice").seal("nobody hears"),
        sending_uri: IdentifierUri::from(&user("mimi://a.example/u/alice")),
    };
    let now = world.now();
    let refusal = world.room.submit(now, &domain("a.example"), &message, &franking()).unwrap_err();
    assert_eq!(refusal, SubmitRefusal::NoGroup(NoGroup::Dormant));
    // A stranger has no way in; another client of Alice has.
    let stranger = Client::new("mimi://b.example/d/bob/1");
    assert!(world.room.group_info(&domain("b.example"), &group_info_request(&stranger)).is_err());
    let join = world.joiner("tablet", "mimi://a.example/d/alice/2");
    let _ = world.update_and_propose("tablet", join).unwrap();
    assert_eq!((world.room.life(), world.room.members().count()), (&Life::Active, 1));
    assert_eq!(world.room.role(&user("mimi://a.example/u/alice")), Some(RoleIndex(3)));
    world.restart(&store);
    world.add("tablet", &[("bob", "mimi://b.example/d/bob/1")]);
    let _ = send(&mut world, "bob", "awake");
    world.agrees(&["tablet", "bob"]);
}

#[test]
fn the_next_group_of_a_persistent_room_holds_what_the_room_held() {
    // req: RP03-5-22
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let mut world = asleep(persistent);
    let mut tablet = Client::new("mimi://a.example/d/alice/2");
    let told = world.room.next_group(&tablet.uri).unwrap();
    assert_eq!((told.number, told.dictionary.entries().len()), (2, RoomShape::of(&tablet).components.len() + 1));
    let zoe = Client::new("mimi://a.example/d/zoe/1");
    assert!(matches!(world.room.next_group(&zoe.uri), Err(CreateRefusal::Denied(_))));
    let (info, tree) = next_group(&mut tablet, persistent);
    let now = world.now();
    let accepted = world.room.found_next_group(now, &hub_identity(), &tablet.uri, info, &tree).unwrap();
    world.effects.extend(accepted.effects);
    assert_eq!((world.room.life(), world.room.epoch().0, world.room.group_number()), (&Life::Active, 0, 2));
    assert_eq!(world.room.policy(), &persistent_group());
    world.clients.insert("tablet", tablet);
    world.add("tablet", &[("bob", "mimi://b.example/d/bob/1")]);
    let _ = send(&mut world, "bob", "in the second group");
    world.restart(&store);
    let older = Room::restore(&store.load_older_room(&room_uri()).unwrap().unwrap()).unwrap();
    assert_eq!((older.epoch(), older.group_number()), (world.room.epoch(), 2));
    world.room.check_lists().unwrap();
    // The old group is of the past: the same room, another group.
    let mut elsewhere = World::shaped(persistent);
    let message = submission(elsewhere.client("alice"));
    let now = world.now();
    let refusal = world.room.submit(now, &domain("a.example"), &message, &franking()).unwrap_err();
    assert_eq!(refusal, SubmitRefusal::WrongGroup);
}

#[test]
fn a_next_group_with_anything_else_in_it_is_refused() {
    let mut world = asleep(persistent);
    let mut tablet = Client::new("mimi://a.example/d/alice/2");
    let mut refused = |client: &Client, shape: RoomShape| {
        let mut client = Client::new(client.uri.as_str());
        let (info, tree) = client.create(&shape);
        let now = world.now();
        let before = world.fingerprint();
        let refusal = world.room.found_next_group(now, &hub_identity(), &client.uri, info, &tree).unwrap_err();
        assert_eq!(world.fingerprint(), before);
        refusal
    };
    let good = |client: &Client| RoomShape { group_id: room_uri().group_id(2), ..persistent(client) };
    let first = RoomShape { group_id: room_uri().group_id(1), ..good(&tablet) };
    assert_eq!(refused(&tablet, first), CreateRefusal::GroupId);
    let third = RoomShape { group_id: room_uri().group_id(3), ..good(&tablet) };
    assert_eq!(refused(&tablet, third), CreateRefusal::GroupId);
    let temporary = RoomShape { components: policy(&ready_made::group(&[])), ..good(&tablet) };
    assert_eq!(refused(&tablet, temporary), CreateRefusal::Differs(ComponentId::BASE_ROOM_POLICY.0));
    let promoted = RoomShape { participants: vec![(tablet.user(), RoleIndex(2))], ..good(&tablet) };
    assert_eq!(refused(&tablet, promoted), CreateRefusal::Differs(ComponentId::PARTICIPANT_LIST.0));
    let missing = RoomShape { components: good(&tablet).components.split_off(1), ..good(&tablet) };
    assert!(matches!(refused(&tablet, missing), CreateRefusal::Differs(_) | CreateRefusal::Policy(_)));
    let stranger = Client::new("mimi://a.example/d/zoe/1");
    let participants = vec![(tablet.user(), RoleIndex(3)), (stranger.user(), RoleIndex(2))];
    let intruder = RoomShape { participants, ..good(&stranger) };
    assert!(matches!(refused(&stranger, intruder), CreateRefusal::Denied(_)));
    let ghost = RoomShape { participants: vec![(tablet.user(), RoleIndex(3))], ..good(&stranger) };
    assert!(matches!(refused(&stranger, ghost), CreateRefusal::Denied(_)));
    let mut awake = World::alone();
    let (info, tree) = next_group(&mut tablet, persistent);
    let now = awake.now();
    let refusal = awake.room.found_next_group(now, &hub_identity(), &tablet.uri, info, &tree).unwrap_err();
    assert_eq!(refusal, CreateRefusal::NotWithoutGroup("has a group"));
}

#[test]
fn an_open_persistent_room_is_founded_anew_by_somebody_who_has_never_been_in_it() {
    // req: RP03-5-22
    let mut world = World::shaped(open);
    let leave = world.client("alice").leave(&[]);
    let _ = world.accept("alice", leave);
    assert_eq!(*world.room.life(), Life::Dormant);
    // Alice has left the list: she is a stranger to the next group.
    let mut zoe = Client::new("mimi://a.example/d/zoe/1");
    let (info, tree) = next_group(&mut zoe, open);
    let now = world.now();
    let _ = world.room.found_next_group(now, &hub_identity(), &zoe.uri, info, &tree).unwrap();
    assert_eq!(world.room.participant_list().participants().len(), 1);
    assert_eq!(world.room.role(&zoe.user()), Some(RoleIndex(2)));
    assert_eq!(world.room.role(&user("mimi://a.example/u/alice")), None);
    world.room.check_lists().unwrap();
}

#[test]
fn the_operators_order_stays_until_it_is_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("hub.sqlite");
    let room: RoomUri = room_uri();
    let store = SqliteStore::open(&path).unwrap();
    for _ in 0..2 {
        store.commit(vec![Effect::OrderDestruction { room: room.clone() }]).unwrap();
    }
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.rooms_to_destroy().unwrap(), std::slice::from_ref(&room));
    store.commit(vec![Effect::DropOrder { room }]).unwrap();
    assert_eq!(store.rooms_to_destroy().unwrap(), []);
}
