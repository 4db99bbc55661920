//! What the hub proposes as external sender (draft-ietf-mimi-protocol-06 sections 5.5 and 7.4).

use mimi_arch::RoleIndex;
use mimi_protocol::{
    codec::Wire as _,
    crypto::Ed25519Signer,
    mls::{
        AppDataOperation, AppDataUpdate, ComponentId, MlsMessage, ProposalView,
        external_proposal::{Framing, HUB, external_proposal},
    },
    notify::FanoutEvent,
    participant_list::{ParticipantListUpdate, UserIndexRolePair, UserRolePair},
};

use super::{Device, Hub, commit_event, in_agreement, room, user};
use crate::{Event, PrepareOptions};

/// Alice and Bob in a room of the hub's, Bob at index and leaf 1.
fn two() -> (Hub, Device, Device) {
    let mut hub = Hub::new();
    let (alice, mut bob) = (Device::new("a.example", "alice", "1"), Device::new("b.example", "bob", "1"));
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    (hub, alice, bob)
}

fn list(update: ParticipantListUpdate) -> ProposalView {
    ProposalView::AppDataUpdate(AppDataUpdate {
        component_id: ComponentId::PARTICIPANT_LIST,
        operation: AppDataOperation::Update(update.to_bytes().unwrap()),
    })
}

fn without_bob() -> ProposalView {
    list(ParticipantListUpdate { removed_indices: vec![1], ..Default::default() })
}

/// Signed with this key for the epoch in which the device is.
fn signed(signer: &Ed25519Signer, device: &Device, sender_index: u32, proposal: ProposalView) -> MlsMessage {
    let group = room().group();
    let framing =
        Framing { group_id: group.as_str().as_bytes(), epoch: device.room().epoch, sender_index, safe_aad: true };
    external_proposal(framing, proposal, signer).unwrap()
}

fn fanned_out(messages: Vec<MlsMessage>) -> FanoutEvent {
    let mut messages = messages.into_iter();
    FanoutEvent::Proposals { message: messages.next().unwrap(), more: messages.collect() }
}

#[test]
fn a_member_commits_the_removal_that_the_hub_proposes() {
    // req: MP06-7.4-01
    let (hub, mut alice, mut bob) = two();
    let proposals: Vec<_> = [ProposalView::Remove(1), without_bob()]
        .into_iter()
        .map(|proposal| signed(&hub.signer, &alice, HUB, proposal))
        .collect();
    let event = fanned_out(proposals);
    for device in [&mut alice, &mut bob] {
        let events = device.gets(&event);
        assert!(matches!(events.as_slice(), [Event::ProposalsReceived { count: 2, .. }]), "{events:?}");
    }
    assert_eq!(alice.room().pending_proposals, 2);
    let update = alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    alice.session().confirm(&update).unwrap();
    let events = bob.gets(&commit_event(&update));
    assert!(matches!(events.as_slice(), [Event::Removed { .. }]), "{events:?}");
    assert_eq!((alice.room().members.len(), alice.room().participants.len()), (1, 1));
}

#[test]
fn a_member_takes_from_the_hub_nothing_but_removals() {
    // req: MP06-7.4-01
    let (hub, mut alice, _) = two();
    let other = Ed25519Signer::from_seed([8; 32]);
    let carol = UserRolePair::new(user("mimi://c.example/u/carol"), RoleIndex(2));
    let promotion = UserIndexRolePair { user_index: 1, role_index: RoleIndex(3) };
    let component =
        AppDataUpdate { component_id: ComponentId::ROOM_METADATA, operation: AppDataOperation::Update(Vec::new()) };
    let removal = AppDataUpdate { component_id: ComponentId::PARTICIPANT_LIST, operation: AppDataOperation::Remove };
    let refused = [
        signed(&other, &alice, HUB, without_bob()),
        signed(&other, &alice, HUB, ProposalView::Remove(1)),
        signed(&hub.signer, &alice, 1, without_bob()),
        signed(
            &hub.signer,
            &alice,
            HUB,
            list(ParticipantListUpdate { added_participants: vec![carol], ..Default::default() }),
        ),
        signed(
            &hub.signer,
            &alice,
            HUB,
            list(ParticipantListUpdate { changed_role_participants: vec![promotion], ..Default::default() }),
        ),
        signed(&hub.signer, &alice, HUB, ProposalView::AppDataUpdate(component)),
        signed(&hub.signer, &alice, HUB, ProposalView::AppDataUpdate(removal)),
        signed(&hub.signer, &alice, HUB, ProposalView::GroupContextExtensions(Default::default())),
    ];
    for message in refused {
        let events = alice.gets(&fanned_out(vec![message]));
        assert!(matches!(events.as_slice(), [Event::Undecryptable { .. }]), "{events:?}");
        assert_eq!(alice.room().pending_proposals, 0);
    }
}

#[test]
fn what_is_stapled_to_an_external_commit_is_taken_by_members_and_by_the_joiner() {
    // req: MP06-5.5-14
    for answered in [true, false] {
        let (mut hub, mut alice, mut bob) = two();
        let event = fanned_out(vec![signed(&hub.signer, &alice, HUB, ProposalView::Remove(1))]);
        alice.gets(&event);
        let FanoutEvent::Proposals { message, .. } = event else { panic!() };
        // The hub's Remove waits, which the external commit cannot carry.
        hub.pending.push(message);
        let mut tablet = Device::new("a.example", "alice", "2");
        let external = hub.external_commit(&tablet);
        if answered {
            tablet.session().confirm(&external).unwrap();
        }
        let FanoutEvent::Commit { message, .. } = commit_event(&external) else { panic!() };
        let next = mimi_protocol::Epoch(alice.room().epoch.0 + 1);
        let group = room().group();
        let framing = Framing { group_id: group.as_str().as_bytes(), epoch: next, sender_index: HUB, safe_aad: true };
        let anew = external_proposal(framing, ProposalView::Remove(1), &hub.signer).unwrap();
        let event = FanoutEvent::Commit { message, external_proposals: vec![anew] };
        for device in [&mut alice, &mut bob, &mut tablet] {
            let events = device.gets(&event);
            assert!(matches!(events.last(), Some(Event::ProposalsReceived { count: 1, .. })), "{events:?}");
            assert_eq!(device.room().pending_proposals, 1);
        }
        let update = tablet.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
        tablet.session().confirm(&update).unwrap();
        alice.gets(&commit_event(&update));
        in_agreement(&[&alice, &tablet]);
        assert_eq!(alice.room().members.len(), 2);
    }
}
