#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::testing::{commit_view, key_package, key_package_source, laws, leaf, not_written, path, refused};

#[test]
fn proposals_of_all_types_keep_the_laws() {
    for (value, proposal) in [
        (1, ProposalView::Add(Box::new(key_package()))),
        (2, ProposalView::Update(Box::new(leaf(LeafNodeSource::Update)))),
        (3, ProposalView::Remove(4)),
        (4, ProposalView::PreSharedKey(PreSharedKeyId::External { psk_id: vec![1], psk_nonce: vec![2] })),
        (
            5,
            ProposalView::ReInit(ReInit {
                group_id: vec![1],
                cipher_suite: CipherSuite(1),
                extensions: Extensions::default(),
            }),
        ),
        (6, ProposalView::ExternalInit { kem_output: vec![1, 2] }),
        (7, ProposalView::GroupContextExtensions(Extensions::default())),
        (
            8,
            ProposalView::AppDataUpdate(AppDataUpdate {
                component_id: ComponentId::PARTICIPANT_LIST,
                operation: AppDataOperation::Update(vec![1]),
            }),
        ),
        (9, ProposalView::AppEphemeral(AppEphemeral { component_id: ComponentId(5), data: vec![1] })),
        (10, ProposalView::SelfRemove),
    ] {
        let bytes = laws(&proposal);
        assert_eq!(bytes[..2], [0, value]);
        assert_eq!(proposal.proposal_type(), u16::from(value));
    }
}

#[test]
fn small_proposals_have_these_octets() {
    assert_eq!(laws(&ProposalView::Remove(4)), [0, 3, 0, 0, 0, 4]);
    assert_eq!(laws(&ProposalView::SelfRemove), [0, 10]);
    assert_eq!(laws(&ProposalView::ExternalInit { kem_output: vec![1, 2] }), [0, 6, 2, 1, 2]);
}

#[test]
fn pre_shared_keys_of_all_types_keep_the_laws() {
    let external = PreSharedKeyId::External { psk_id: vec![1], psk_nonce: vec![2] };
    assert_eq!(laws(&external), [1, 1, 1, 1, 2]);
    let resumption =
        |usage| PreSharedKeyId::Resumption { usage, psk_group_id: vec![1], psk_epoch: Epoch(2), psk_nonce: vec![3] };
    assert_eq!(laws(&resumption(ResumptionUsage::Application)), [2, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 1, 3]);
    assert_eq!(laws(&resumption(ResumptionUsage::ReInit))[1], 2);
    assert_eq!(laws(&resumption(ResumptionUsage::Branch))[1], 3);
    let component_id = ComponentId(0x22);
    let application = PreSharedKeyId::Application { component_id, psk_id: vec![1], psk_nonce: vec![] };
    assert_eq!(laws(&application), [3, 0, 0x22, 1, 1, 0]);
    refused::<PreSharedKeyId>(&[4, 0, 0], 0, &PSK_TYPE_UNKNOWN);
    refused::<PreSharedKeyId>(&[2, 4, 0], 1, &PSK_USAGE_UNKNOWN);
}

#[test]
fn an_app_data_update_yields_component_and_operation() {
    let update = AppDataUpdate {
        component_id: ComponentId::PARTICIPANT_LIST,
        operation: AppDataOperation::Update(vec![0xaa, 0xbb]),
    };
    assert_eq!(laws(&update), [0, 0x22, 1, 2, 0xaa, 0xbb]);
    let remove = AppDataUpdate { component_id: ComponentId(0x23), operation: AppDataOperation::Remove };
    assert_eq!(laws(&remove), [0, 0x23, 2]);
    refused::<AppDataUpdate>(&[0, 0x22, 0], 2, &APP_DATA_OPERATION_UNKNOWN);
    refused::<AppDataUpdate>(&[0, 0x22, 3], 2, &APP_DATA_OPERATION_UNKNOWN);
}

#[test]
fn a_proposal_of_an_unknown_type_is_refused_because_its_end_is_unknown() {
    refused::<ProposalView>(&[0, 0], 0, &PROPOSAL_TYPE_UNKNOWN);
    refused::<ProposalView>(&[0x0a, 0x0a, 0], 0, &PROPOSAL_TYPE_UNKNOWN);
}

#[test]
fn the_leaf_of_an_update_was_made_for_an_update() {
    let bytes = ProposalView::Update(Box::new(leaf(key_package_source()))).to_bytes();
    assert_eq!(bytes.unwrap_err().rule(), &LEAF_NOT_OF_UPDATE);
    let mut bytes = vec![0, 2];
    leaf(key_package_source()).encode(&mut bytes).unwrap();
    refused::<ProposalView>(&bytes, 2, &LEAF_NOT_OF_UPDATE);
}

#[test]
fn the_leaf_of_a_path_was_made_for_a_commit() {
    laws(&path());
    let wrong = UpdatePath { leaf_node: leaf(LeafNodeSource::Update), nodes: vec![] };
    not_written(&wrong, &LEAF_NOT_OF_COMMIT);
    let mut bytes = wrong.leaf_node.to_bytes().unwrap();
    bytes.push(0);
    refused::<UpdatePath>(&bytes, 0, &LEAF_NOT_OF_COMMIT);
}

#[test]
fn a_commit_lists_proposals_by_value_and_by_reference() {
    laws(&commit_view());
    let commit = CommitView {
        proposals: vec![
            ProposalOrRef::Reference(ProposalRef::new([0x72])),
            ProposalOrRef::Proposal(ProposalView::SelfRemove),
        ],
        path: None,
    };
    assert_eq!(laws(&commit), [6, 2, 1, 0x72, 1, 0, 10, 0]);
    refused::<CommitView>(&[1, 3, 0], 1, &PROPOSAL_OR_REF_UNKNOWN);
}
