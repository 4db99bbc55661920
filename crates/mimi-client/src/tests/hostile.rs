//! Hubs, providers and members that do not keep to the rules.

use mimi_protocol::{
    IdentifierUri,
    codec::Wire as _,
    key_material::{ClientKeyMaterial, KeyMaterialResponse, KeyMaterialUserCode},
    notify::FanoutEvent,
    participant_list::ParticipantListUpdate,
    ratchet_tree::RatchetTreeOption,
};

use super::{Device, Hub, commit_event, in_agreement, key_material, room, text_event};
use crate::{ClientError, Event, GroupInfoFailure, KeyMaterialFailure, MlsFailure, PrepareOptions, RoomOptions};

fn two() -> (Hub, Device, Device) {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    (hub, alice, bob)
}

fn reason(events: &[Event]) -> String {
    match events {
        [Event::Undecryptable { reason, .. }] => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_welcome_into_the_group_of_another_room_is_refused_and_uses_no_key_package_up() {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    let FanoutEvent::Welcome { .. } = &welcome else { panic!("no Welcome") };
    let fanout =
        mimi_protocol::notify::FanoutMessage { timestamp: mimi_protocol::AcceptedTimestamp(1), event: welcome.clone() };
    let events = bob.session().receive(1, "mimi://a.example/r/other", &fanout.to_bytes().unwrap()).unwrap();
    assert!(reason(&events).contains("not the one of room mimi://a.example/r/other"), "{events:?}");
    assert!(matches!(bob.gets_as(2, &welcome).as_slice(), [Event::Joined { .. }]));
    in_agreement(&[&alice, &bob]);
}

#[test]
fn no_group_is_made_for_a_hub_of_another_domain() {
    // req: MP06-7.4-03
    let alice = Device::new("a.example", "alice", "1");
    let imposter = Hub::with([9; 32], "b.example");
    let refused = alice.session().found(&room(), &imposter.external_sender(), RoomOptions::default());
    assert!(matches!(refused, Err(ClientError::Mls(MlsFailure::NotTheHub { .. }))));
}

#[test]
fn a_welcome_without_a_tree_or_with_another_tree_is_refused() {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    hub.create_room(&alice);
    let old = hub.tree.clone().unwrap();
    let (_, welcome) = hub.add(&alice, &[&bob]);
    let FanoutEvent::Welcome { message, .. } = &welcome else { panic!("no Welcome") };
    let without =
        FanoutEvent::Welcome { message: message.clone(), ratchet_tree: RatchetTreeOption::DistributionService };
    assert!(reason(&bob.gets(&without)).contains("without a ratchet tree"));
    let other = FanoutEvent::Welcome { message: message.clone(), ratchet_tree: RatchetTreeOption::Full(old) };
    reason(&bob.gets(&other));
    assert!(matches!(bob.gets(&welcome).as_slice(), [Event::Joined { .. }]));
}

#[test]
fn a_second_welcome_does_not_replace_a_membership() {
    let (hub, alice, mut bob) = two();
    let update = alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    alice.session().discard(&update).unwrap();
    let mut other = Hub::new();
    let mallory = Device::new("a.example", "mallory", "1");
    other.create_room(&mallory);
    let (_, welcome) = other.add(&mallory, &[&bob]);
    assert!(reason(&bob.gets(&welcome)).contains("already a member"));
    in_agreement(&[&alice, &bob]);
    drop(hub);
}

#[test]
fn group_information_signed_by_another_key_is_refused() {
    // req: MP06-5.6-12
    let (mut hub, _, _) = two();
    let tablet = Device::new("a.example", "alice", "tablet");
    hub.signer = mimi_protocol::crypto::Ed25519Signer::from_seed([9; 32]);
    let question = tablet.session().group_info_question(None).unwrap();
    let answer = hub.group_info(&question.body);
    let refused = tablet.session().prepare_join(&room(), &question, &answer);
    assert!(matches!(refused, Err(ClientError::GroupInfo(GroupInfoFailure::Untrusted(_)))));
}

#[test]
fn group_information_whose_octets_were_changed_is_refused() {
    let (hub, _, _) = two();
    let tablet = Device::new("a.example", "alice", "tablet");
    let question = tablet.session().group_info_question(None).unwrap();
    let mut answer = hub.group_info(&question.body);
    let middle = answer.len() / 2;
    answer[middle] ^= 1;
    let refused = tablet.session().prepare_join(&room(), &question, &answer);
    assert!(matches!(refused, Err(ClientError::GroupInfo(GroupInfoFailure::Untrusted(_)))));
}

#[test]
fn group_information_for_another_request_is_refused() {
    let (hub, _, _) = two();
    let tablet = Device::new("a.example", "alice", "tablet");
    let question = tablet.session().group_info_question(None).unwrap();
    let other = tablet.session().group_info_question(None).unwrap();
    let refused = tablet.session().prepare_join(&room(), &question, &hub.group_info(&other.body));
    assert!(matches!(refused, Err(ClientError::GroupInfo(GroupInfoFailure::Untrusted(_)))));
}

#[test]
fn group_information_of_another_rooms_group_is_refused() {
    let (mut hub, alice, _) = two();
    let other: mimi_arch::RoomUri = "mimi://a.example/r/other".parse().unwrap();
    let founding = alice.session().found(&other, &hub.external_sender(), RoomOptions::default()).unwrap();
    hub.group_info = Some(founding.group_info);
    hub.tree = Some(founding.ratchet_tree);
    let tablet = Device::new("a.example", "alice", "tablet");
    let question = tablet.session().group_info_question(None).unwrap();
    let refused = tablet.session().prepare_join(&room(), &question, &hub.group_info(&question.body));
    assert!(matches!(refused, Err(ClientError::Mls(MlsFailure::ForeignGroup { .. }))));
}

#[test]
fn a_key_package_of_another_user_is_refused() {
    let (_, alice, bob) = two();
    let mallory = Device::new("c.example", "mallory", "1");
    let cathy = Device::new("c.example", "cathy", "1");
    let response = |client: &Device| {
        KeyMaterialResponse {
            user_status: KeyMaterialUserCode::Success,
            user_uri: IdentifierUri::from(&cathy.user),
            clients: vec![ClientKeyMaterial::Success {
                client_uri: IdentifierUri::from(&client.id),
                key_package: Box::new(mallory.key_package()),
            }],
        }
        .to_bytes()
        .unwrap()
    };
    for claimed in [&cathy, &mallory] {
        let refused = alice.session().prepare_add(&room(), &cathy.user, &response(claimed));
        assert!(matches!(refused, Err(ClientError::KeyMaterial(KeyMaterialFailure::ForeignKeyPackage { .. }))));
    }
    let refused = alice.session().prepare_add(&room(), &cathy.user, &key_material(&[&mallory]));
    assert!(matches!(refused, Err(ClientError::KeyMaterial(KeyMaterialFailure::OtherUser { .. }))));
    assert!(alice.session().unresolved(&room()).unwrap().is_none());
    in_agreement(&[&alice, &bob]);
}

#[test]
fn a_user_without_key_material_is_not_added() {
    let (_, alice, _) = two();
    let cathy = super::user("mimi://c.example/u/cathy");
    for status in [KeyMaterialUserCode::UserUnknown, KeyMaterialUserCode::NoCompatibleMaterial] {
        let response =
            KeyMaterialResponse { user_status: status, user_uri: IdentifierUri::from(&cathy), clients: vec![] };
        let refused = alice.session().prepare_add(&room(), &cathy, &response.to_bytes().unwrap());
        assert!(matches!(
            refused,
            Err(ClientError::KeyMaterial(KeyMaterialFailure::NotProvided { status: got, .. })) if got == status
        ));
    }
}

#[test]
fn octets_that_are_no_fanout_message_are_reported_once_and_passed_by() {
    let (_, alice, mut bob) = two();
    assert_eq!(bob.gets_octets(&[0; 40]).len(), 1);
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    assert!(matches!(bob.gets(&text_event(&hello)).as_slice(), [Event::Message { .. }]));
}

#[test]
fn a_changed_message_is_reported_and_the_genuine_one_still_opens() {
    let (_, alice, mut bob) = two();
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    let mut octets = hello.as_bytes().to_vec();
    let last = octets.len() - 3;
    octets[last] ^= 1;
    let changed = mimi_protocol::mls::MlsMessage::from_bytes(&octets).unwrap();
    reason(&bob.gets(&text_event(&changed)));
    assert!(matches!(bob.gets(&text_event(&hello)).as_slice(), [Event::Message { .. }]));
}

#[test]
fn a_commit_of_an_epoch_that_was_not_reached_is_reported() {
    let (_, alice, mut bob) = two();
    let mut commits = Vec::new();
    for _ in 0..2 {
        let commit = alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
        alice.session().confirm(&commit).unwrap();
        commits.push(commit_event(&commit));
    }
    assert!(reason(&bob.gets(&commits[1])).contains("epoch 2, this client is at epoch 1"));
    assert!(matches!(bob.gets(&commits[0]).as_slice(), [Event::Committed { .. }]));
    assert!(matches!(bob.gets(&commits[1]).as_slice(), [Event::Committed { .. }]));
    in_agreement(&[&alice, &bob]);
}

#[test]
fn a_commit_that_does_not_carry_the_proposals_still_processes_because_the_hub_decides() {
    let (_, mut alice, bob) = two();
    let leaving = bob.session().prepare_leave(&room()).unwrap();
    alice.gets(&super::proposals_event(&leaving));
    let commit = alice.session().prepare_commit(&room(), PrepareOptions { include_pending: false }).unwrap();
    let mimi_protocol::update::HandshakeBundle::Commit { commit, .. } = &commit.bundle else { panic!("not a commit") };
    assert!(commit.as_commit().unwrap().proposals.is_empty());
}

#[test]
fn a_commit_that_adds_a_client_of_no_participant_is_refused_by_the_other_members() {
    // req: MP06-5.3-04
    let (_, alice, mut bob) = two();
    let cathy = Device::new("c.example", "cathy", "1");
    let commit = alice.session().prepare_plan(&room(), &[(&cathy.id, cathy.key_package())], None).unwrap();
    let told = reason(&bob.gets(&commit_event(&commit)));
    assert!(told.contains("mimi://c.example/u/cathy has a client in the group and is not in the participant list"));
    assert_eq!(bob.room().epoch, mimi_protocol::Epoch(1));
    assert!(alice.session().confirm(&commit).is_err(), "not even the author merges it");
}

#[test]
fn a_commit_that_takes_a_member_off_the_list_alone_is_refused() {
    // req: MP06-5.3-05
    let (_, alice, mut bob) = two();
    let off = ParticipantListUpdate { removed_indices: vec![1], ..ParticipantListUpdate::default() };
    let commit = alice.session().prepare_plan(&room(), &[], Some(off)).unwrap();
    assert!(reason(&bob.gets(&commit_event(&commit))).contains("mimi://b.example/u/bob"));
}

#[test]
fn a_list_update_that_does_not_fit_is_not_even_sent() {
    // req: MP06-4.2-06
    let (_, alice, bob) = two();
    let off = ParticipantListUpdate { removed_indices: vec![7], ..ParticipantListUpdate::default() };
    let refused = alice.session().prepare_plan(&room(), &[], Some(off));
    assert!(matches!(refused, Err(ClientError::Mls(MlsFailure::Components(_)))));
    in_agreement(&[&alice, &bob]);
}
