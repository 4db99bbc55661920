//! Rooms with fixed participants, rooms that depend on another one, single-device rooms and limits (draft-ietf-mimi-room-policy-03 section 5).

use std::collections::BTreeSet;

use mimi_arch::{RoleIndex, RoomUri, UserUri, mls::ComponentId, uri::Uri};
use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    hub::{CreateRefusal, Denied, Gone, Life, NotAllowed, PolicyFault, UpdateRefusal},
    store::Conflict,
};
use mimi_protocol::Wire;
use mimi_room_policy::{authorize::Refusal, policy::RoomPolicy, ready_made};
use openmls::prelude::{AppDataUpdateProposal, Proposal};

use crate::{
    flow::{group_info_request, send},
    support::*,
};

const MEMBER: RoleIndex = RoleIndex(2);

fn denied(refusal: UpdateRefusal) -> Refusal {
    match refusal {
        UpdateRefusal::NotAllowed(NotAllowed::Denied(Denied { refusal, .. })) => refusal,
        other => panic!("{other:?}"),
    }
}

fn bob() -> UserUri {
    user("mimi://b.example/u/bob")
}

fn cathy() -> UserUri {
    user("mimi://c.example/u/cathy")
}

fn shape(creator: &Client, others: &[(UserUri, RoleIndex)], role: RoleIndex, components: &RoomPolicy) -> RoomShape {
    let mut shape = RoomShape::of(creator);
    shape.participants = vec![(creator.user(), role)];
    shape.participants.extend(others.iter().cloned());
    shape.components = policy(components);
    shape
}

/// Alice and Bob, for good.
fn direct_message(creator: &Client) -> RoomShape {
    shape(creator, &[(bob(), MEMBER)], MEMBER, &ready_made::direct_message(&[]))
}

fn create(shape: &RoomShape, alice: &mut Client) -> Result<(Room, Vec<Effect>), CreateRefusal> {
    create_under(shape, alice, room_uri(), None)
}

fn create_under(
    shape: &RoomShape,
    alice: &mut Client,
    room: RoomUri,
    parent: Option<&BTreeSet<UserUri>>,
) -> Result<(Room, Vec<Effect>), CreateRefusal> {
    // A group of that name is there only once.
    *alice = Client::new(alice.uri.as_str());
    let (info, tree) = alice.create(shape);
    Room::create_under(NOW, &hub_identity(), &alice.uri, room, info, &tree, parent)
        .map(|(room, accepted)| (room, accepted.effects))
}

fn alice() -> Client {
    Client::new("mimi://a.example/d/alice/1")
}

impl World {
    /// Clients of a participant, added by somebody else.
    fn bring(&mut self, by: &str, name: &'static str, uri: &str) -> Result<(), UpdateRefusal> {
        let client = Client::new(uri);
        let key_package = client.key_package();
        self.route(&key_package, client.uri.domain().as_str());
        self.clients.insert(name, client);
        let bundle = self.client(by).commit(Commit { adds: vec![key_package], ..Commit::default() });
        match self.try_update(by, bundle) {
            Ok(accepted) => {
                self.effects.extend(accepted.effects.clone());
                self.distribute(&accepted);
                Ok(())
            }
            Err(refusal) => {
                self.client(by).discard();
                Err(refusal)
            }
        }
    }

    /// A client that comes by external commit.
    fn come(&mut self, name: &'static str, uri: &str) -> Result<(), UpdateRefusal> {
        let mut client = Client::new(uri);
        let given = self.room.group_info(client.uri.domain(), &group_info_request(&client)).unwrap();
        let join = client.join(&given, None);
        self.clients.insert(name, client);
        let accepted = self.try_update(name, join)?;
        self.effects.extend(accepted.effects.clone());
        self.distribute(&accepted);
        Ok(())
    }
}

#[test]
fn the_participants_of_a_fixed_room_are_there_from_the_start_and_their_clients_come() {
    // req: RP03-5-01, RP03-5-02
    let mut world = World::shaped(direct_message);
    assert_eq!(world.room.role(&bob()), Some(MEMBER));
    world.bring("alice", "bob", "mimi://b.example/d/bob/1").unwrap();
    world.come("bob2", "mimi://b.example/d/bob/2").unwrap();
    world.bring("bob", "alice2", "mimi://a.example/d/alice/2").unwrap();
    world.room.check_lists().unwrap();
    let accepted = send(&mut world, "bob2", "here I am");
    assert_eq!(world.distribute(&accepted)["alice"], ["here I am"]);
}

#[test]
fn nobody_is_added_to_a_fixed_room_nor_leaves_it_nor_is_removed() {
    // req: RP03-5-03, RP03-5-05, RP03-5-06
    let mut world = World::shaped(direct_message);
    world.bring("alice", "bob", "mimi://b.example/d/bob/1").unwrap();
    let refusal = world.bring("alice", "cathy", "mimi://c.example/d/cathy/1").unwrap_err();
    assert_eq!(refusal, NotAllowed::NotAParticipant(cathy()).into());
    let stranger = Client::new("mimi://c.example/d/cathy/2");
    assert!(world.room.group_info(&domain("c.example"), &group_info_request(&stranger)).is_err());
    let adding =
        world.client("alice").commit(Commit { list: vec![adding(&[&cathy()])], path: true, ..Commit::default() });
    assert!(matches!(denied(world.refuse("alice", adding)), Refusal::MissingCapability { .. }));
    world.client("alice").discard();
    let leave = world.client("bob").leave(&[]);
    assert!(matches!(denied(world.refuse("bob", leave)), Refusal::MissingCapability { .. }));
    world.client("bob").forget_proposals();
    let leaf = world.client("bob").leaf();
    let index = world.room.participant_list().index_of(&bob()).unwrap();
    let removing = world.client("alice").commit(Commit {
        removes: vec![leaf],
        list: vec![removing(&[index])],
        ..Commit::default()
    });
    assert!(matches!(denied(world.refuse("alice", removing)), Refusal::MissingCapability { .. }));
    world.client("alice").discard();
    // A user can take its own clients out, and come back.
    world.come("bob2", "mimi://b.example/d/bob/2").unwrap();
    let leaf = world.client("bob").leaf();
    let out = world.client("bob2").commit(Commit { removes: vec![leaf], ..Commit::default() });
    let _ = world.accept("bob2", out);
    assert_eq!(world.room.role(&bob()), Some(MEMBER));
}

#[test]
fn clients_of_others_are_added_only_where_participants_are_fixed() {
    // req: RP03-8.1.3-15
    let mut world = World::three();
    let refusal = world.bring("alice", "cathy2", "mimi://c.example/d/cathy/2").unwrap_err();
    assert_eq!(denied(refusal), Refusal::NoCapability);
}

#[test]
fn there_is_one_fixed_room_for_a_set_of_participants() {
    // req: RP03-5-07
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let room = |name: &str| -> RoomUri { format!("mimi://a.example/r/{name}").parse().unwrap() };
    let make = |name: &str, others: &[(UserUri, RoleIndex)], by: &str, fixed: bool| {
        let mut creator = Client::new(by);
        let mut components = ready_made::direct_message(&[]);
        let base = components.base.as_mut().unwrap();
        (base.max_users, base.fixed_membership) = (None, fixed);
        let mut shape = shape(&creator, others, MEMBER, &components);
        shape.group_id = room(name).group().as_str().as_bytes().to_vec();
        let (info, tree) = creator.create(&shape);
        let created = Room::create(NOW, &hub_identity(), &creator.uri, room(name), info, &tree);
        store.commit(created.unwrap().1.effects)
    };
    let anna = "mimi://a.example/d/anna/1";
    make("one", &[(bob(), MEMBER)], "mimi://a.example/d/alice/1", true).unwrap();
    let again = make("two", &[(bob(), MEMBER)], "mimi://a.example/d/alice/2", true);
    assert_eq!(again, Err(StoreError::Conflict(Conflict::FixedRoomExists)));
    // Nothing of it has happened: the name is free, and other sets are.
    make("two", &[(cathy(), MEMBER)], "mimi://a.example/d/alice/1", true).unwrap();
    make("three", &[(bob(), MEMBER)], anna, true).unwrap();
    make("four", &[], anna, false).unwrap();
    make("five", &[], anna, false).unwrap();
    make("six", &[], anna, true).unwrap();
    assert_eq!(make("seven", &[], anna, true), Err(StoreError::Conflict(Conflict::FixedRoomExists)));
    assert_eq!(store.rooms().unwrap().len(), 6);
}

#[test]
fn when_a_fixed_room_is_over_there_may_be_another_one_of_the_same_participants() {
    // req: RP03-5-07
    type End = fn(&mut World) -> Vec<Effect>;
    fn temporary(creator: &Client) -> RoomShape {
        let mut components = ready_made::direct_message(&[]);
        components.base.as_mut().unwrap().persistent_room = false;
        shape(creator, &[(bob(), MEMBER)], MEMBER, &components)
    }
    let ends: [End; 2] = [
        |world| {
            let now = world.now();
            world.room.destroy(now, &*SIGNER).unwrap().unwrap().effects
        },
        |world| {
            let go = world.client("alice").go();
            world.accept("alice", go).effects
        },
    ];
    for end in ends {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        let mut world = World::shaped(temporary);
        let second = |store: &SqliteStore| {
            let mut alice = Client::new("mimi://a.example/d/alice/2");
            let room: RoomUri = "mimi://a.example/r/second".parse().unwrap();
            let mut shape = temporary(&alice);
            shape.group_id = room.group().as_str().as_bytes().to_vec();
            let (info, tree) = alice.create(&shape);
            let created = Room::create(NOW, &hub_identity(), &alice.uri, room, info, &tree);
            store.commit(created.unwrap().1.effects)
        };
        store.commit(std::mem::take(&mut world.effects)).unwrap();
        assert_eq!(second(&store), Err(StoreError::Conflict(Conflict::FixedRoomExists)));
        let effects = end(&mut world);
        assert!(matches!(world.room.life(), Life::Over(_)));
        store.commit(effects).unwrap();
        second(&store).unwrap();
    }
}

#[test]
fn a_room_is_not_founded_by_others_than_it_may_be() {
    // req: RP03-5-01, RP03-5-17
    let mut alice = alice();
    let group = ready_made::group(&[]);
    let two = shape(&alice, &[(bob(), MEMBER)], RoleIndex(3), &group);
    assert_eq!(create(&two, &mut alice).unwrap_err(), CreateRefusal::Participants);
    let dm = ready_made::direct_message(&[]);
    let without_creator = RoomShape { participants: vec![(bob(), MEMBER)], ..direct_message(&alice) };
    assert_eq!(create(&without_creator, &mut alice).unwrap_err(), CreateRefusal::Participants);
    let banned = shape(&alice, &[(bob(), RoleIndex::BANNED)], MEMBER, &dm);
    assert_eq!(create(&banned, &mut alice).unwrap_err(), CreateRefusal::Participants);
    let undefined = shape(&alice, &[(bob(), RoleIndex(9))], MEMBER, &dm);
    assert!(matches!(create(&undefined, &mut alice).unwrap_err(), CreateRefusal::Policy(PolicyFault::Participants(_))));
    let three = shape(&alice, &[(bob(), MEMBER), (cathy(), MEMBER)], MEMBER, &dm);
    assert_eq!(create(&three, &mut alice).unwrap_err(), Refusal::MaxUsers { maximum: 2, after: 3 }.into());
    let mut roomy = dm.clone();
    roomy.base.as_mut().unwrap().max_users = None;
    let three = shape(&alice, &[(bob(), MEMBER), (cathy(), MEMBER)], MEMBER, &roomy);
    let too_many = Refusal::MaximumParticipants { role: MEMBER, maximum: 2, after: 3 };
    assert_eq!(create(&three, &mut alice).unwrap_err(), too_many.into());
    let mut nobody = dm;
    nobody.base.as_mut().unwrap().max_clients = Some(0);
    let none = shape(&alice, &[], MEMBER, &nobody);
    assert_eq!(create(&none, &mut alice).unwrap_err(), Refusal::MaxClients { maximum: 0, after: 1 }.into());
}

#[test]
fn the_style_of_membership_stays_as_it_was_created() {
    fn with_a_governor(creator: &Client) -> RoomShape {
        shape(creator, &[], RoleIndex(3), &ready_made::group(&[]))
    }
    let mut world = World::shaped(with_a_governor);
    let base = world.room.policy().base.clone().unwrap();
    let update = |change: fn(&mut mimi_room_policy::base_room_policy::BaseRoomPolicy)| {
        let mut base = base.clone();
        change(&mut base);
        let data = base.to_bytes().unwrap();
        let proposal = AppDataUpdateProposal::update(ComponentId::BASE_ROOM_POLICY.0, data);
        Commit { proposals: vec![Proposal::AppDataUpdate(Box::new(proposal))], path: true, ..Commit::default() }
    };
    let parent = update(|base| base.parent_room = Some(Uri::new("mimi://a.example/r/other").unwrap()));
    // The policy would allow it.
    world.room.know_parent(set(&[&alice().user(), &bob()]));
    let bundle = world.client("alice").commit(parent);
    assert_eq!(world.refuse("alice", bundle), NotAllowed::MembershipStyle.into());
    world.client("alice").discard();
    let smaller = update(|base| base.max_users = Some(7));
    let bundle = world.client("alice").commit(smaller);
    let _ = world.accept("alice", bundle);
    assert_eq!(world.room.policy().base.as_ref().unwrap().max_users, Some(7));
}

#[test]
fn a_single_device_room_refuses_a_second_device_and_takes_the_same_one_back() {
    // req: RP03-5-15
    fn single(creator: &Client) -> RoomShape {
        let mut components = ready_made::group(&[]);
        components.base.as_mut().unwrap().multi_device = false;
        shape(creator, &[], RoleIndex(3), &components)
    }
    let mut world = World::shaped(single);
    world.add("alice", &[("bob", "mimi://b.example/d/bob/1")]);
    let several = Refusal::MultiDevice { user: Some(bob()) };
    assert_eq!(denied(world.come("bob2", "mimi://b.example/d/bob/2").unwrap_err()), several);
    assert_eq!(denied(world.bring("bob", "bob3", "mimi://b.example/d/bob/3").unwrap_err()), several);
    // Two at once do not come in either.
    let clients = ["mimi://c.example/d/cathy/1", "mimi://c.example/d/cathy/2"].map(Client::new);
    let mut adds = Vec::new();
    for client in &clients {
        let key_package = client.key_package();
        world.route(&key_package, "c.example");
        adds.push(key_package);
    }
    let bundle = world.client("alice").commit(Commit { adds, list: vec![adding(&[&cathy()])], ..Commit::default() });
    assert_eq!(denied(world.refuse("alice", bundle)), Refusal::MultiDevice { user: Some(cathy()) });
    world.client("alice").discard();
    // When the first one is gone, the second one may come.
    let leaf = world.client("bob").leaf();
    let bundle = world.client("alice").commit(Commit { removes: vec![leaf], ..Commit::default() });
    let _ = world.accept("alice", bundle);
    world.come("bob2", "mimi://b.example/d/bob/2").unwrap();
    assert_eq!(world.room.members().count(), 2);
}

fn set(users: &[&UserUri]) -> BTreeSet<UserUri> {
    users.iter().map(|user| (*user).clone()).collect()
}

/// A room of Alice's that depends on the room `parent`.
fn child(alice: &Client) -> RoomShape {
    let parent = Uri::new("mimi://a.example/r/parent").unwrap();
    shape(alice, &[], RoleIndex(3), &ready_made::parent_dependent(parent, &[]))
}

#[test]
fn a_room_that_depends_on_another_one_is_a_part_of_it() {
    // req: RP03-5-08, RP03-5-10, RP03-5-11, RP03-5-13
    let mut alice = alice();
    let parent: RoomUri = "mimi://a.example/r/parent".parse().unwrap();
    let shape = child(&alice);
    let own = alice.user();
    assert_eq!(create(&shape, &mut alice).unwrap_err(), CreateRefusal::Parent(parent.clone()));
    let mut make = |known: &BTreeSet<UserUri>| create_under(&shape, &mut alice, room_uri(), Some(known));
    assert_eq!(make(&set(&[&bob(), &cathy()])).unwrap_err(), Refusal::NotInParent { user: own.clone() }.into());
    assert_eq!(make(&set(&[&own])).unwrap_err(), Refusal::NotStrictSubset { after: 1, parent: 1 }.into());
    let (room, effects) = make(&set(&[&own, &bob()])).unwrap();
    assert_eq!(room.parent(), Some(parent.clone()));
    assert!(effects.contains(&Effect::PutChildRoom { room: room_uri(), parent }));
    // A parent at another hub is none.
    let elsewhere = Uri::new("mimi://b.example/r/parent").unwrap();
    let mut foreign = child(&alice);
    foreign.components = policy(&ready_made::parent_dependent(elsewhere, &[]));
    let refusal = create_under(&foreign, &mut alice, room_uri(), Some(&set(&[&own, &bob()]))).unwrap_err();
    assert!(matches!(refusal, CreateRefusal::Policy(PolicyFault::Contradiction { .. })), "{refusal:?}");
}

/// A child room at its hub, of which Alice is the administrator.
fn child_world(known: &BTreeSet<UserUri>) -> World {
    let mut alice = alice();
    let shape = child(&alice);
    let (room, effects) = create_under(&shape, &mut alice, room_uri(), Some(known)).unwrap();
    let clients = std::collections::BTreeMap::from([("alice", alice)]);
    World { room, clients, routes: mimi_ds::hub::Routes::new(), effects, clock: NOW.0 }
}

#[test]
fn only_participants_of_the_parent_are_added_to_a_child() {
    // req: RP03-5-08
    let own = alice().user();
    let known = set(&[&own, &bob(), &cathy()]);
    let mut world = child_world(&known);
    let add = |world: &mut World, name: &'static str, uri: &str| {
        let client = Client::new(uri);
        let key_package = client.key_package();
        world.route(&key_package, client.uri.domain().as_str());
        let list = vec![adding(&[&client.user()])];
        world.clients.insert(name, client);
        let bundle = world.client("alice").commit(Commit { adds: vec![key_package], list, ..Commit::default() });
        let decided = world.try_update("alice", bundle);
        match decided {
            Ok(accepted) => {
                world.effects.extend(accepted.effects.clone());
                world.distribute(&accepted);
                Ok(())
            }
            Err(refusal) => {
                world.client("alice").discard();
                Err(denied(refusal))
            }
        }
    };
    // The hub does not know the parent: it adds nobody.
    let unknown = add(&mut world, "bob", "mimi://b.example/d/bob/1");
    assert_eq!(unknown, Err(Refusal::NotInParent { user: bob() }));
    world.room.know_parent(known);
    add(&mut world, "bob", "mimi://b.example/d/bob/1").unwrap();
    let dan = user("mimi://d.example/u/dan");
    assert_eq!(add(&mut world, "dan", "mimi://d.example/d/dan/1"), Err(Refusal::NotInParent { user: dan }));
    // Not all of them.
    let all = add(&mut world, "cathy", "mimi://c.example/d/cathy/1");
    assert_eq!(all, Err(Refusal::NotStrictSubset { after: 3, parent: 3 }));
}

#[test]
fn who_leaves_the_parent_is_removed_from_the_child_by_the_hub() {
    // req: RP03-5-09
    let own = alice().user();
    let known = set(&[&own, &bob(), &cathy()]);
    let mut world = child_world(&known);
    world.room.know_parent(known.clone());
    world.add("alice", &[("bob", "mimi://b.example/d/bob/1")]);
    assert_eq!(world.room.not_of(&known), []);
    let smaller = set(&[&own, &cathy()]);
    assert_eq!(world.room.not_of(&smaller), [bob()]);
    let now = world.now();
    let accepted = world.room.propose_removal(now, &Gone::User(bob()), &*SIGNER).unwrap().unwrap();
    world.distribute(&accepted);
    // What waits is not proposed again, and counts for rooms below this one.
    assert_eq!(world.room.not_of(&smaller), []);
    assert_eq!(world.room.participants_for_children(), set(&[&own]));
    let bundle = world.client("alice").commit(Commit { path: true, ..Commit::default() });
    let _ = world.accept("alice", bundle);
    assert_eq!(world.room.role(&bob()), None);
    world.room.check_lists().unwrap();
}

#[test]
fn the_store_knows_which_room_depends_on_which() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let own = alice().user();
    let world = child_world(&set(&[&own, &bob()]));
    let parent: RoomUri = "mimi://a.example/r/parent".parse().unwrap();
    assert_eq!(store.children(&parent).unwrap(), []);
    store.commit(world.effects).unwrap();
    assert_eq!(store.children(&parent).unwrap(), [room_uri()]);
    assert_eq!(store.parents().unwrap(), [parent]);
    assert_eq!(store.children(&room_uri()).unwrap(), []);
}
