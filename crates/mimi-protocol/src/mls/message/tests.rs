#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::mls::leaf_node::VERSION_UNKNOWN;
use crate::testing::{
    GROUP, SUITE, application, commit, commit_view, external_commit, group_context, group_info, key_package, laws,
    position, private, proposal, public, refused, welcome,
};

fn self_remove() -> PublicContent {
    PublicContent::Proposal(ProposalView::SelfRemove)
}

#[test]
fn messages_of_all_wire_formats_keep_the_laws() {
    for (wire_format, message) in [
        (1, proposal(7)),
        (1, commit(7)),
        (1, external_commit(7)),
        (1, public(7, Sender::External(0), self_remove())),
        (1, public(7, Sender::NewMemberProposal, self_remove())),
        (1, public(7, Sender::Member(2), PublicContent::Application(vec![1]))),
        (2, application()),
        (2, private(ContentType::Proposal)),
        (2, private(ContentType::Commit)),
        (3, MlsMessage::from(welcome())),
        (4, MlsMessage::from(group_info(7, vec![], vec![]))),
        (5, MlsMessage::from(key_package())),
    ] {
        let bytes = laws(&message);
        assert_eq!(bytes[..4], [0, 1, 0, wire_format]);
        assert_eq!(message.wire_format(), u16::from(wire_format));
    }
}

#[test]
fn a_public_message_has_these_octets() {
    let message = PublicMessageView {
        group_id: vec![0xaa],
        epoch: Epoch(5),
        sender: Sender::Member(3),
        authenticated_data: vec![0xdd],
        content: self_remove(),
        signature: vec![0x51],
        confirmation_tag: vec![],
        membership_tag: vec![0x3e],
    };
    let expected = [
        0, 1, 0, 1, // version, wire format
        1, 0xaa, // group
        0, 0, 0, 0, 0, 0, 0, 5, // epoch
        1, 0, 0, 0, 3, // sender: member 3
        1, 0xdd, // authenticated data
        2, 0, 10, // proposal: self_remove
        1, 0x51, // signature
        1, 0x3e, // membership tag
    ];
    assert_eq!(MlsMessage::public(message.clone()).unwrap().as_bytes(), expected);
    assert_eq!(MlsMessage::from_bytes(&expected).unwrap().as_public(), Some(&message));
    let tbs = message.framed_content_tbs(&[0xcc, 0xcc]).unwrap();
    assert_eq!(tbs, [&expected[..expected.len() - 4], &[0xcc, 0xcc]].concat());
}

#[test]
fn a_private_message_has_these_octets() {
    let expected = [
        0, 1, 0, 2, // version, wire format
        1, 0xaa, // group
        0, 0, 0, 0, 0, 0, 0, 5, // epoch
        1, // application
        0, 1, 0x5d, 2, 0xc1, 0xc2, // authenticated data, sender data, ciphertext
    ];
    let message = MlsMessage::from_bytes(&expected).unwrap();
    let view = message.as_private().unwrap();
    assert_eq!((view.content_type, view.epoch), (ContentType::Application, Epoch(5)));
    assert_eq!(view.ciphertext, [0xc1, 0xc2]);
    laws(&message);
}

#[test]
fn only_members_have_a_membership_tag_and_only_commits_a_confirmation_tag() {
    let tagged = |message: &MlsMessage| {
        let bytes = message.as_bytes();
        (bytes.windows(32).any(|w| w == [0x3e; 32]), bytes.windows(32).any(|w| w == [0xcf; 32]))
    };
    assert_eq!(tagged(&proposal(7)), (true, false));
    assert_eq!(tagged(&commit(7)), (true, true));
    assert_eq!(tagged(&external_commit(7)), (false, true));
    assert_eq!(tagged(&public(7, Sender::External(0), self_remove())), (false, false));
}

#[test]
fn a_tag_that_would_not_be_written_is_refused() {
    let mut view = proposal(7).as_public().unwrap().clone();
    view.confirmation_tag = vec![1];
    assert_eq!(MlsMessage::public(view).unwrap_err().rule(), &TAG_WITHOUT_PLACE);
    let mut view = external_commit(7).as_public().unwrap().clone();
    view.membership_tag = vec![1];
    assert_eq!(MlsMessage::public(view).unwrap_err().rule(), &TAG_WITHOUT_PLACE);
}

#[test]
fn the_group_context_is_signed_by_members_and_by_those_who_join_by_commit() {
    let context = group_context(7, vec![]).to_bytes().unwrap();
    let has_context =
        |message: &MlsMessage| message.as_public().unwrap().framed_content_tbs(&context).unwrap().ends_with(&context);
    assert!(has_context(&proposal(7)) && has_context(&external_commit(7)));
    assert!(!has_context(&public(7, Sender::External(0), self_remove())));
    assert!(!has_context(&public(7, Sender::NewMemberProposal, self_remove())));
}

#[test]
fn unknown_versions_wire_formats_senders_and_contents_are_refused() {
    let bytes = proposal(7).as_bytes().to_vec();
    let sender = 4 + 1 + GROUP.len() + 8;
    let with = |place: usize, octet: u8| {
        let mut bytes = bytes.clone();
        bytes[place] = octet;
        bytes
    };
    refused::<MlsMessage>(&with(1, 2), 0, &VERSION_UNKNOWN);
    refused::<MlsMessage>(&with(3, 6), 2, &WIRE_FORMAT_UNKNOWN);
    refused::<MlsMessage>(&with(3, 0), 2, &WIRE_FORMAT_UNKNOWN);
    refused::<MlsMessage>(&with(sender, 5), sender, &SENDER_TYPE_UNKNOWN);
    refused::<MlsMessage>(&with(sender, 0), sender, &SENDER_TYPE_UNKNOWN);
    refused::<MlsMessage>(&with(sender + 6, 4), sender + 6, &CONTENT_TYPE_UNKNOWN);
    refused::<MlsMessage>(&with(sender + 6, 0), sender + 6, &CONTENT_TYPE_UNKNOWN);
}

#[test]
fn senders_outside_the_group_send_only_what_they_can() {
    let view = |sender, content| PublicMessageView {
        sender,
        content,
        membership_tag: vec![],
        ..commit(7).as_public().unwrap().clone()
    };
    for (sender, content) in [
        (Sender::External(0), PublicContent::Commit(commit_view())),
        (Sender::NewMemberProposal, PublicContent::Commit(commit_view())),
        (Sender::NewMemberCommit, self_remove()),
        (Sender::External(0), PublicContent::Application(vec![])),
    ] {
        assert_eq!(MlsMessage::public(view(sender, content)).unwrap_err().rule(), &SENDER_CANNOT_SEND_CONTENT);
    }
    let mut bytes = external_commit(7).as_bytes().to_vec();
    let sender = 4 + 1 + GROUP.len() + 8;
    bytes[sender] = 3;
    refused::<MlsMessage>(&bytes, sender + 2, &SENDER_CANNOT_SEND_CONTENT);
}

#[test]
fn the_reference_of_a_proposal_covers_everything_but_the_membership_tag() {
    let message = proposal(7);
    let reference = message.proposal_reference(SUITE).unwrap();
    let with = |part: &[u8]| {
        let mut bytes = message.as_bytes().to_vec();
        let place = position(&bytes, part);
        bytes[place] ^= 1;
        MlsMessage::from_bytes(&bytes).unwrap().proposal_reference(SUITE).unwrap()
    };
    assert_eq!(with(&[0x3e; 32]), reference);
    assert_ne!(with(&[0x51; 64]), reference);
    assert_ne!(with(GROUP), reference);
    // The input of the hash is the message from its wire format on, without the tag.
    let covered = &message.as_bytes()[2..message.as_bytes().len() - 33];
    let expected = ref_hash(SUITE, b"MLS 1.0 Proposal Reference", covered).unwrap();
    assert_eq!(reference.as_bytes(), expected);
}

#[test]
fn only_proposals_in_the_clear_have_a_reference() {
    assert_eq!(commit(7).proposal_reference(SUITE), Err(ReferenceError::NotAProposal));
    assert_eq!(application().proposal_reference(SUITE), Err(ReferenceError::NotAProposal));
    let unknown = CipherSuite(0xf001);
    assert_eq!(proposal(7).proposal_reference(unknown), Err(ReferenceError::UnsupportedCipherSuite(unknown)));
}

#[test]
fn group_and_epoch_are_read_where_they_stand() {
    for message in [proposal(7), application(), MlsMessage::from(group_info(7, vec![], vec![]))] {
        assert_eq!(message.group_and_epoch(), Some((GROUP, Epoch(7))));
    }
    assert_eq!(MlsMessage::from(welcome()).group_and_epoch(), None);
    assert_eq!(MlsMessage::from(key_package()).group_and_epoch(), None);
}

#[test]
fn a_welcome_goes_into_a_message_and_comes_out_again() {
    let message = MlsMessage::from(welcome());
    assert_eq!(message.to_welcome(), Some(welcome()));
    assert_eq!(proposal(7).to_welcome(), None);
    assert_eq!(MlsMessage::from_bytes(message.as_bytes()).unwrap(), message);
}
