//! A ReInit (draft-ietf-mimi-protocol-06 section 7.3, RFC 9420 section 11.2) at the hub. No client on OpenMLS 0.9.2 can commit one, so that the group
//! without cryptography stands in for the members.

use std::{collections::BTreeMap, sync::Arc};

use mimi_arch::RoleIndex;
use mimi_ds::hub::{CreateRefusal, HubRoom, Life, NoGroup, NotAllowed, UpdateRefusal};
use mimi_protocol::{
    CipherSuite, Epoch,
    mls::{LeafNodeSource, ProposalOrRef, ProposalView, ReInit},
    update::{HandshakeBundle, UpdateRequest},
};
use mimi_room_policy::{authorize::Refusal, capability::CapabilityType, policy::RoomPolicy, ready_made};

use crate::{
    fake_group::{Content, FakeGroup},
    messages::{self, SUITE, external_pub, key},
    world::{Cast, NOW, World},
};

const ALICE: usize = 0;
const CATHY: usize = 3;

/// Alice, an administrator, and Cathy, a member.
fn two(cast: &Cast) -> World {
    let mut world = cast.create(&ready_made::group(&[]), None);
    let list = [crate::world::Intent::List(messages::Listed::Add(cast.users[2].clone(), 2))];
    let request = cast.commit(&world, ALICE, false, &list, &[CATHY], false).unwrap();
    let accepted = cast.ask(&mut world.room, ALICE, &request.sent).unwrap();
    world.store(&accepted);
    world.view = world.view.then(request.after);
    world
}

fn restored(world: &World) -> HubRoom<FakeGroup> {
    HubRoom::restore(&world.stored).unwrap()
}

fn next(world: &World) -> ReInit {
    let extensions = world.content.context().extensions;
    ReInit { group_id: b"mimi://a.example/g/clubhouse#2".to_vec(), cipher_suite: SUITE, extensions }
}

fn commit(cast: &Cast, world: &World, client: usize, proposal: ProposalOrRef) -> UpdateRequest {
    commit_all(cast, world, client, vec![proposal])
}

fn commit_all(cast: &Cast, world: &World, client: usize, proposals: Vec<ProposalOrRef>) -> UpdateRequest {
    let leaf = cast.leaf_of(world, client).unwrap();
    let by = &cast.clients[client];
    UpdateRequest(messages::commit_of(world.content.epoch, leaf, by, proposals, world.content.tag()))
}

fn send(cast: &Cast, world: &mut World, client: usize, request: &UpdateRequest) -> Result<(), UpdateRefusal> {
    let before = world.room.clone();
    match world.room.update(NOW, cast.source(client), request, &cast.routes) {
        Ok(accepted) => {
            world.store(&accepted);
            assert!(world.room == restored(world), "the restored room is another one");
            Ok(())
        }
        Err(refusal) => {
            assert!(world.room == before, "a refusal has changed the room: {refusal}");
            Err(refusal)
        }
    }
}

fn by_value(reinit: ReInit) -> ProposalOrRef {
    ProposalOrRef::Proposal(ProposalView::ReInit(reinit))
}

/// The group that a client makes after the ReInit, alone in it.
fn group(cast: &Cast, world: &World, client: usize, group_id: &[u8]) -> Content {
    let source = LeafNodeSource::KeyPackage { not_before: 0, not_after: u64::MAX };
    let leaf = messages::leaf(&cast.clients[client], source);
    Content {
        group_id: group_id.into(),
        epoch: 0,
        leaves: BTreeMap::from([(0, Arc::new(leaf))]),
        ..world.content.clone()
    }
}

fn found(cast: &Cast, world: &mut World, client: usize, content: &Content) -> Result<(), CreateRefusal> {
    let by = &cast.clients[client];
    let info = content.group_info(&external_pub(), &content.tag(), 0, &key(by));
    let before = world.room.clone();
    match world.room.found_next_group(NOW, &cast.hub, by, info, &content.tree()) {
        Ok(accepted) => {
            world.store(&accepted);
            assert!(world.room == restored(world), "the restored room is another one");
            Ok(())
        }
        Err(refusal) => {
            assert!(world.room == before, "a refusal has changed the room: {refusal}");
            Err(refusal)
        }
    }
}

// req: DS06-4.8-03
#[test]
fn after_a_reinit_the_group_takes_nothing_and_the_room_goes_on_with_the_one_it_names() {
    // req: RP03-8.6-05
    // req: MP06-5.4.1-07
    let cast = Cast::new();
    let mut world = two(&cast);
    let reinit = next(&world);
    let request = commit(&cast, &world, ALICE, by_value(reinit.clone()));
    send(&cast, &mut world, ALICE, &request).unwrap();
    assert_eq!(*world.room.life(), Life::Replaced(Box::new(reinit)));
    let late = commit(&cast, &world, CATHY, by_value(next(&world)));
    let replaced = UpdateRefusal::NotAllowed(NotAllowed::NoGroup(NoGroup::Replaced));
    assert_eq!(send(&cast, &mut world, CATHY, &late), Err(replaced));

    // Not another group than the one that was named, and not somebody who may not come in.
    let foreign = group(&cast, &world, ALICE, b"mimi://a.example/g/clubhouse#3");
    assert_eq!(found(&cast, &mut world, ALICE, &foreign), Err(CreateRefusal::GroupId));
    let good = group(&cast, &world, ALICE, b"mimi://a.example/g/clubhouse#2");
    let mut other = good.clone();
    other.extensions = other.extensions[..1].into();
    assert!(found(&cast, &mut world, ALICE, &other).is_err());
    let stranger = group(&cast, &world, 1, b"mimi://a.example/g/clubhouse#2");
    assert!(matches!(found(&cast, &mut world, 1, &stranger), Err(CreateRefusal::Denied(_))));
    found(&cast, &mut world, ALICE, &good).unwrap();
    assert_eq!((world.room.life(), world.room.epoch(), world.room.group_number()), (&Life::Active, Epoch(0), 2));
    assert_eq!(world.room.participant_list().participants().len(), 2, "Cathy is a participant still");
    world.room.check_lists().unwrap();
}

#[test]
fn a_reinit_stands_alone_in_its_commit_and_does_not_wait() {
    let cast = Cast::new();
    let mut world = two(&cast);
    let leaf = cast.leaf_of(&world, ALICE).unwrap();
    let propose = |world: &World, view| messages::proposal(world.content.epoch, leaf, &cast.clients[ALICE], view);
    let first = propose(&world, ProposalView::ReInit(next(&world)));
    let request = UpdateRequest(HandshakeBundle::Proposals { first, more: Vec::new() });
    let refused = UpdateRefusal::NotAllowed(NotAllowed::ProposalType(5));
    assert_eq!(send(&cast, &mut world, ALICE, &request), Err(refused));
    let both = vec![by_value(next(&world)), ProposalOrRef::Proposal(ProposalView::Remove(1))];
    let alone = UpdateRefusal::NotAllowed(NotAllowed::ReInit("it stands alone in its commit"));
    let request = commit_all(&cast, &world, ALICE, both);
    assert_eq!(send(&cast, &mut world, ALICE, &request), Err(alone.clone()));
    // What waits has to be committed first.
    let kick = propose(&world, ProposalView::Remove(1));
    let reference = kick.proposal_reference(SUITE).unwrap();
    let request = UpdateRequest(HandshakeBundle::Proposals { first: kick, more: Vec::new() });
    send(&cast, &mut world, ALICE, &request).unwrap();
    let request = commit(&cast, &world, ALICE, by_value(next(&world)));
    let left_out = send(&cast, &mut world, ALICE, &request);
    assert!(matches!(left_out, Err(UpdateRefusal::NotAllowed(NotAllowed::PendingProposals { .. }))));
    let along = vec![ProposalOrRef::Reference(reference), by_value(next(&world))];
    let request = commit_all(&cast, &world, ALICE, along);
    assert_eq!(send(&cast, &mut world, ALICE, &request), Err(alone));
}

#[test]
fn a_reinit_by_who_may_not_or_to_another_room_is_refused() {
    // req: RP03-8.6-05
    let cast = Cast::new();
    let mut world = two(&cast);
    let request = commit(&cast, &world, CATHY, by_value(next(&world)));
    let Err(UpdateRefusal::NotAllowed(NotAllowed::Denied(denied))) = send(&cast, &mut world, CATHY, &request) else {
        panic!("a member reinitializes the group")
    };
    let capability = CapabilityType::CAN_SEND_MLS_REINIT_PROPOSAL;
    assert_eq!(denied.refusal, Refusal::MissingCapability { role: RoleIndex(2), capability });
    let good = next(&world);
    let mut thinner = good.clone();
    thinner.extensions = mimi_protocol::mls::Extensions::default();
    for (wrong, reason) in [
        (ReInit { group_id: b"mimi://a.example/g/clubhouse".to_vec(), ..good.clone() }, "next one"),
        (ReInit { group_id: b"mimi://a.example/g/other".to_vec(), ..good.clone() }, "next one"),
        (ReInit { cipher_suite: CipherSuite(2), ..good.clone() }, "cipher suite"),
        (thinner, "context extensions"),
    ] {
        let request = commit(&cast, &world, ALICE, by_value(wrong));
        let refusal = send(&cast, &mut world, ALICE, &request).unwrap_err();
        assert!(refusal.to_string().contains(reason), "{refusal}");
    }
    let _: &RoomPolicy = world.room.policy();
    assert_eq!(*world.room.life(), Life::Active);
}
