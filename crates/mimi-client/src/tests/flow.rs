//! The example of draft-ietf-mimi-protocol-06 section 3, from the clients' side. Every step of every client begins with
//! opening its state file.

use mimi_arch::RoleIndex;
use mimi_protocol::{
    Epoch,
    codec::Wire as _,
    mls::{ExtensionType, ProposalOrRef},
    participant_list::{PARTICIPANT_LIST, ParticipantListData},
    ratchet_tree::{GroupInfoOption, RatchetTreeOption},
    update::HandshakeBundle,
};

use super::{
    Device, Hub, commit_event, in_agreement, proposals_event, room, text_event, user, verified_key_material_request,
};
use crate::{ClientError, Event, PrepareOptions, RoomOptions};

#[test]
fn three_users_take_every_step_of_section_3_and_agree_after_each() {
    // req: MP06-3.1-05, MP06-3.2-01, MP06-3.2-02, MP06-3.2-03, MP06-3.2-04, MP06-3.2-05, MP06-3.2-06, MP06-3.4-01, MP06-3.5-03, MP06-3.5-04, MP06-3.6-01, MP06-3.6-02, MP06-3.6-04, MP06-5.5-18, MP06-5.5-19, MP06-7.3-04
    let mut hub = Hub::new();
    let mut alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    let mut cathy = Device::new("c.example", "cathy", "1");
    let tablet = Device::new("c.example", "cathy", "tablet");

    // 3.1
    hub.create_room(&alice);
    let summary = alice.room();
    assert_eq!(summary.participants, [(alice.user.clone(), RoleIndex(3))]);
    assert_eq!((summary.epoch, summary.members.as_slice()), (Epoch(0), [alice.id.clone()].as_slice()));

    // 3.2
    verified_key_material_request(&alice, &bob.user);
    let (commit, welcome) = hub.add(&alice, &[&bob]);
    assert_eq!(alice.gets(&commit), [], "the own commit come back after its answer says nothing new");
    assert_eq!(bob.gets(&welcome), [Event::Joined { room: room(), epoch: Epoch(1) }]);
    in_agreement(&[&alice, &bob]);

    // 3.3
    let (commit, welcome) = hub.add(&bob, &[&cathy]);
    assert_eq!(
        alice.gets(&commit),
        [Event::Committed {
            room: room(),
            epoch: Epoch(2),
            added: vec![cathy.user.clone()],
            removed: vec![],
            accepted: mimi_protocol::AcceptedTimestamp(1002),
        }]
    );
    assert_eq!(cathy.gets(&commit), [], "of a room that this client is not in yet");
    assert_eq!(cathy.gets(&welcome), [Event::Joined { room: room(), epoch: Epoch(2) }]);
    in_agreement(&[&alice, &bob, &cathy]);

    // 3.4
    let hello = cathy.session().seal(&room(), "hello", false).unwrap();
    for device in [&mut alice, &mut bob] {
        let events = device.gets(&text_event(&hello));
        let [Event::Message { sender, text, .. }] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((sender, text.as_str()), (&cathy.id, "hello"));
    }
    assert_eq!(cathy.gets(&text_event(&hello)), [], "the own message come back");

    // 3.5
    let leaving = bob.session().prepare_leave(&room()).unwrap();
    bob.session().confirm(&leaving).unwrap();
    hub.pending = leaving.bundle.proposals().cloned().collect();
    assert!(matches!(bob.session().seal(&room(), "x", false), Err(ClientError::Leaving { .. })));
    assert_eq!(bob.gets(&proposals_event(&leaving)), [], "the own proposals come back");
    for device in [&mut alice, &mut cathy] {
        let events = device.gets(&proposals_event(&leaving));
        assert!(matches!(events.as_slice(), [Event::ProposalsReceived { count: 2, .. }]), "{events:?}");
        assert_eq!(device.room().pending_proposals, 2);
        assert!(matches!(
            device.session().seal(&room(), "x", false),
            Err(ClientError::ProposalsPending { count: 2, .. })
        ));
    }
    let commit = cathy.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    cathy.session().confirm(&commit).unwrap();
    hub.follow(&cathy, &commit);
    let events = alice.gets(&commit_event(&commit));
    assert!(
        matches!(events.as_slice(), [Event::Committed { epoch: Epoch(3), removed, .. }] if *removed == [bob.user.clone()]),
        "{events:?}"
    );
    let events = bob.gets(&commit_event(&commit));
    assert!(matches!(events.as_slice(), [Event::Removed { .. }]), "{events:?}");
    assert!(!bob.room().active);
    assert_eq!(bob.session().awaiting_forget().unwrap(), [room()]);
    bob.session().forgotten(&room()).unwrap();
    assert_eq!(bob.session().awaiting_forget().unwrap(), []);
    in_agreement(&[&alice, &cathy]);
    assert_eq!(alice.room().members, [alice.id.clone(), cathy.id.clone()]);

    // 3.6
    let external = hub.external_commit(&tablet);
    assert!(matches!(tablet.session().room(&room()), Err(ClientError::NotAMember { .. })));
    tablet.session().confirm(&external).unwrap();
    hub.follow(&tablet, &external);
    for device in [&mut alice, &mut cathy] {
        let events = device.gets(&commit_event(&external));
        assert!(matches!(events.as_slice(), [Event::Committed { epoch: Epoch(4), .. }]), "{events:?}");
    }
    in_agreement(&[&alice, &cathy, &tablet]);
    assert_eq!(tablet.room().members.len(), 3);
    assert_eq!(tablet.room().participants.len(), 2, "a device is no participant of its own");

    // Back again.
    let (commit, welcome) = hub.add(&tablet, &[&bob]);
    assert_eq!(alice.gets(&commit).len(), 1);
    assert_eq!(bob.gets(&welcome), [Event::Joined { room: room(), epoch: Epoch(5) }]);
    in_agreement(&[&alice, &bob, &tablet]);
}

#[test]
fn a_user_with_two_devices_leaves_with_both() {
    // req: MP06-3.5-02, MP06-3.5-03, MP06-5.3-05
    let mut hub = Hub::new();
    let mut alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    let mut bob2 = Device::new("b.example", "bob", "2");
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob, &bob2]);
    bob.gets(&welcome);
    bob2.gets(&welcome);
    in_agreement(&[&alice, &bob, &bob2]);

    let leaving = bob.session().prepare_leave(&room()).unwrap();
    let HandshakeBundle::Proposals { more, .. } = &leaving.bundle else { panic!("not proposals") };
    assert_eq!(more.len(), 2, "SelfRemove, then Remove and AppDataUpdate");
    bob.session().confirm(&leaving).unwrap();
    alice.gets(&proposals_event(&leaving));
    bob2.gets(&proposals_event(&leaving));
    for device in [&bob, &bob2] {
        let refused = device.session().prepare_commit(&room(), PrepareOptions::default());
        assert!(matches!(refused, Err(ClientError::Leaving { .. })), "nobody commits its own removal");
    }
    let commit = alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    alice.session().confirm(&commit).unwrap();
    for device in [&mut bob, &mut bob2] {
        let events = device.gets(&commit_event(&commit));
        assert!(matches!(events.as_slice(), [Event::Removed { .. }]), "{events:?}");
    }
    assert_eq!(alice.room().members, [alice.id.clone()]);
    assert_eq!(alice.room().participants.len(), 1);
}

#[test]
fn adding_a_participant_again_adds_only_the_devices_that_are_missing() {
    // req: MP06-7.5-03
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let bob = Device::new("b.example", "bob", "1");
    let bob2 = Device::new("b.example", "bob", "2");
    hub.create_room(&alice);
    hub.add(&alice, &[&bob]);
    let (_, _) = hub.add(&alice, &[&bob, &bob2]);
    assert_eq!(alice.room().members, [alice.id.clone(), bob.id.clone(), bob2.id.clone()]);
    assert_eq!(alice.room().participants.len(), 2);
    let again = alice.session().prepare_add(&room(), &bob.user, &super::key_material(&[&bob, &bob2]));
    assert!(matches!(again, Err(ClientError::NobodyToAdd { .. })));
}

#[test]
fn messages_out_of_order_and_of_the_last_two_epochs_are_opened() {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    let texts: Vec<_> = (0..40).map(|n| alice.session().seal(&room(), &n.to_string(), false).unwrap()).collect();
    for message in texts.iter().rev().take(39) {
        assert!(matches!(bob.gets(&text_event(message)).as_slice(), [Event::Message { .. }]));
    }
    for _ in 0..2 {
        let commit = alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
        alice.session().confirm(&commit).unwrap();
        assert!(matches!(bob.gets(&commit_event(&commit)).as_slice(), [Event::Committed { .. }]));
    }
    assert!(matches!(bob.gets(&text_event(&texts[0])).as_slice(), [Event::Message { text, .. }] if text == "0"));
    assert!(matches!(bob.gets(&text_event(&texts[0])).as_slice(), [Event::Undecryptable { .. }]), "a replay");
}

#[test]
fn messages_from_before_joining_say_nothing() {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let before = alice.session().seal(&room(), "before", false).unwrap();
    let (commit, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    assert_eq!(bob.gets(&text_event(&before)), []);
    assert_eq!(bob.gets(&commit), []);
}

#[test]
fn a_room_is_known_by_its_uri_whatever_the_name_is() {
    let odd: mimi_arch::RoomUri = "mimi://a.example/r/caf%C3%A9".parse().unwrap();
    let alice = Device::new("a.example", "alice", "1");
    let hub = Hub::new();
    let founding = alice.session().found(&odd, &hub.external_sender(), RoomOptions::default()).unwrap();
    alice.session().founded(&odd).unwrap();
    assert_eq!(founding.group_info.group_id(), odd.group().as_str().as_bytes());
    assert_eq!(alice.session().rooms().unwrap()[0].room, odd);
    assert_eq!(alice.session().rooms().unwrap()[0].participants[0].0, user("mimi://a.example/u/alice"));
}

#[test]
fn a_room_has_the_hub_first_among_its_external_senders_and_the_dictionary_last() {
    // req: MP06-7.4-02, MP06-7.4-03, MP06-7.5-09
    let alice = Device::new("a.example", "alice", "1");
    let hub = Hub::new();
    let founding = alice.session().found(&room(), &hub.external_sender(), RoomOptions::default()).unwrap();
    let context = founding.group_info.group_context();
    let senders = context.external_senders().unwrap();
    assert_eq!(senders[0].to_bytes().unwrap(), hub.external_sender());
    let order: Vec<u16> = context.extensions.iter().map(|extension| extension.extension_type.0).collect();
    assert_eq!(order, [3, 5, 6]);
    let dictionary = context.extensions.app_data_dictionary().unwrap().unwrap();
    let list = ParticipantListData::from_bytes(dictionary.find(PARTICIPANT_LIST).unwrap()).unwrap();
    assert_eq!(list.role_of(&alice.user), Some(RoleIndex(3)));
}

#[test]
fn handshakes_are_public_messages_and_carry_no_tree() {
    // req: MP06-4.2-02, MP06-4.2-03, MP06-4.2-04, MP06-5.3-04, MP06-5.3-11, MP06-5.3-18, MP06-5.4-03
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let update = alice.session().prepare_add(&room(), &bob.user, &super::key_material(&[&bob])).unwrap();
    let HandshakeBundle::Commit { commit, welcome, group_info: GroupInfoOption::Full(info), ratchet_tree } =
        &update.bundle
    else {
        panic!("not a commit");
    };
    assert!(commit.as_public().is_some());
    let kinds: Vec<u16> = commit
        .as_commit()
        .unwrap()
        .proposals
        .iter()
        .map(|proposal| match proposal {
            ProposalOrRef::Proposal(proposal) => proposal.proposal_type(),
            ProposalOrRef::Reference(_) => panic!("by reference"),
        })
        .collect();
    assert!(kinds.contains(&1) && kinds.contains(&8) && kinds.len() == 2, "{kinds:?}");
    assert!(welcome.is_some());
    assert!(!info.extensions().contains(ExtensionType(2)));
    assert_eq!(*ratchet_tree, RatchetTreeOption::DistributionService);
    alice.session().confirm(&update).unwrap();
    assert!(alice.session().seal(&room(), "x", false).unwrap().as_private().is_some());
}
