//! Handshakes for members and external receivers (draft-mahy-mls-semiprivatemessage-07).

use mimi_protocol::semi_private_message::{
    ExternalReceiver, ExternalReceivers, KeyForExternalReceiver, PerMessageKeyAndNonces, SemiPrivateMessage,
    SemiPrivateMessageContext,
};

use super::mls::{authenticated_data, credential, hpke_ciphertext};
use super::registry::ShowType;
use super::tree::{Tree, read};

/// The message, the list of receivers, and what is encrypted to each of them.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::part("SemiPrivateMessage", "draft-mahy-mls-semiprivatemessage-07 section 3.1", |octets| {
        read::<SemiPrivateMessage>(octets, message)
    }),
    ShowType::part("KeyForExternalReceiver", "draft-mahy-mls-semiprivatemessage-07 section 3.1", |octets| {
        read::<KeyForExternalReceiver>(octets, key)
    }),
    ShowType::part("PerMessageKeyAndNonces", "draft-mahy-mls-semiprivatemessage-07 section 3.1", |octets| {
        read::<PerMessageKeyAndNonces>(octets, keys_and_nonces)
    }),
    ShowType::part("SemiPrivateMessageContext", "draft-mahy-mls-semiprivatemessage-07 section 3.1", |octets| {
        read::<SemiPrivateMessageContext>(octets, context)
    }),
    ShowType::wire("ExternalReceivers", "draft-mahy-mls-semiprivatemessage-07 section 3", |octets| {
        read::<ExternalReceivers>(octets, receivers)
    }),
    ShowType::part("ExternalReceiver", "draft-mahy-mls-semiprivatemessage-07 section 3", |octets| {
        read::<ExternalReceiver>(octets, receiver)
    }),
];

/// The message without its frame.
pub(super) fn message(message: &SemiPrivateMessage) -> Tree {
    Tree::fields([
        ("group_id", Tree::octets(message.group_id.as_slice())),
        ("epoch", Tree::number(message.epoch.0)),
        ("content_type", Tree::word(&message.content_type)),
        ("authenticated_data", authenticated_data(&message.authenticated_data)),
        ("partial_context_hash", Tree::octets(message.partial_context_hash.as_slice())),
        ("keys_for_external_receivers", Tree::list(&message.keys_for_external_receivers, key)),
        ("framed_content_tbs_hash", Tree::octets(message.framed_content_tbs_hash.as_slice())),
        ("encrypted_sender_data", Tree::octets(message.encrypted_sender_data.as_slice())),
        ("ciphertext", Tree::octets(message.ciphertext.as_slice())),
    ])
}

fn key(key: &KeyForExternalReceiver) -> Tree {
    Tree::fields([
        ("external_receiver_ref", Tree::octets(key.external_receiver_ref.as_bytes())),
        ("encrypted_keys_and_nonces", hpke_ciphertext(&key.encrypted_keys_and_nonces)),
    ])
}

fn keys_and_nonces(keys: &PerMessageKeyAndNonces) -> Tree {
    Tree::fields([
        ("key", Tree::octets(keys.key.as_slice())),
        ("nonce", Tree::octets(keys.nonce.as_slice())),
        ("reuse_guard", Tree::octets(keys.reuse_guard)),
        ("sender_leaf_index", Tree::number(keys.sender_leaf_index)),
    ])
}

fn context(context: &SemiPrivateMessageContext) -> Tree {
    Tree::fields([
        ("group_id", Tree::octets(context.group_id.as_slice())),
        ("epoch", Tree::number(context.epoch.0)),
        ("partial_context_hash", Tree::octets(context.partial_context_hash.as_slice())),
    ])
}

/// The component `external_receivers` of a group context.
pub(super) fn receivers(receivers: &ExternalReceivers) -> Tree {
    Tree::fields([("external_receivers", Tree::list(receivers.as_slice(), receiver))])
}

fn receiver(receiver: &ExternalReceiver) -> Tree {
    Tree::fields([
        ("external_receiver_public_key", Tree::octets(receiver.external_receiver_public_key.as_slice())),
        ("credential", credential(&receiver.credential)),
    ])
}
