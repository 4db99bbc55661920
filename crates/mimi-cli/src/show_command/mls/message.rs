//! Framing (RFC 9420 section 6).

use mimi_protocol::Wire;
use mimi_protocol::mls::{MlsMessage, MlsMessageView, PrivateMessageView, PublicContent, PublicMessageView, Sender};
use mimi_protocol::safe_aad::SafeAad;

use super::super::semi_private;
use super::super::tree::Tree;
use super::{group, proposal};

/// A message with its frame.
pub(in super::super) fn mls_message(message: &MlsMessage) -> Tree {
    let (name, content) = match message.view() {
        MlsMessageView::PublicMessage(public) => ("mls_public_message", ("public_message", public_message(public))),
        MlsMessageView::PrivateMessage(private) => {
            ("mls_private_message", ("private_message", private_message(private)))
        }
        MlsMessageView::Welcome(_) => {
            let welcome = message.to_welcome().map_or(Tree::Absent, |welcome| group::welcome(&welcome));
            ("mls_welcome", ("welcome", welcome))
        }
        MlsMessageView::GroupInfo(info) => ("mls_group_info", ("group_info", group::group_info(info))),
        MlsMessageView::KeyPackage(package) => ("mls_key_package", ("key_package", group::key_package(package))),
        MlsMessageView::SemiPrivateMessage(semi) => {
            ("mls_semiprivate_message", ("semiprivate_message", semi_private::message(semi)))
        }
        // The enumeration grows with the reader; what has no form yet is shown as octets.
        _ => ("unknown", ("octets", Tree::octets(message.as_bytes()))),
    };
    Tree::fields([
        ("version", Tree::constant("mls10", 1)),
        ("wire_format", Tree::constant(name, u64::from(message.wire_format()))),
        content,
    ])
}

/// A message in the clear.
pub(super) fn public_message(message: &PublicMessageView) -> Tree {
    let (content_name, content) = match &message.content {
        PublicContent::Application(data) => ("application_data", Tree::octets(data.as_slice())),
        PublicContent::Proposal(inner) => ("proposal", proposal::proposal(inner)),
        PublicContent::Commit(inner) => ("commit", proposal::commit(inner)),
    };
    let tree = Tree::fields([
        ("group_id", Tree::octets(message.group_id.as_slice())),
        ("epoch", Tree::number(message.epoch.0)),
        ("sender", sender(message.sender)),
        ("authenticated_data", authenticated_data(&message.authenticated_data)),
        ("content_type", Tree::word(&message.content.content_type())),
        (content_name, content),
        ("signature", Tree::octets(message.signature.as_slice())),
    ]);
    // Which tags there are follows from the content and the sender.
    let with_confirmation = match &message.content {
        PublicContent::Commit(_) => tree.and([("confirmation_tag", Tree::octets(message.confirmation_tag.as_slice()))]),
        _ => tree,
    };
    match message.sender {
        Sender::Member(_) => {
            with_confirmation.and([("membership_tag", Tree::octets(message.membership_tag.as_slice()))])
        }
        _ => with_confirmation,
    }
}

/// An encrypted message.
pub(super) fn private_message(message: &PrivateMessageView) -> Tree {
    Tree::fields([
        ("group_id", Tree::octets(message.group_id.as_slice())),
        ("epoch", Tree::number(message.epoch.0)),
        ("content_type", Tree::word(&message.content_type)),
        ("authenticated_data", authenticated_data(&message.authenticated_data)),
        ("encrypted_sender_data", Tree::octets(message.encrypted_sender_data.as_slice())),
        ("ciphertext", Tree::octets(message.ciphertext.as_slice())),
    ])
}

/// Whether the data are a `SafeAAD` is told by the group context, which is not at hand; they are taken for one if they read as one
/// with at least one item.
pub(in super::super) fn authenticated_data(data: &[u8]) -> Tree {
    match SafeAad::from_bytes(data) {
        Ok(aad) if !aad.items().is_empty() => {
            Tree::inside::<SafeAad>(data, "SafeAAD", super::super::franking::safe_aad)
        }
        _ => Tree::octets(data),
    }
}

fn sender(sender: Sender) -> Tree {
    match sender {
        Sender::Member(leaf) => {
            Tree::fields([("sender_type", Tree::constant("member", 1)), ("leaf_index", Tree::number(leaf))])
        }
        Sender::External(index) => {
            Tree::fields([("sender_type", Tree::constant("external", 2)), ("sender_index", Tree::number(index))])
        }
        Sender::NewMemberProposal => Tree::fields([("sender_type", Tree::constant("new_member_proposal", 3))]),
        Sender::NewMemberCommit => Tree::fields([("sender_type", Tree::constant("new_member_commit", 4))]),
    }
}
