//! The short names of rules in the vectors, and the rules of mimi-protocol that they stand for.

use mimi_protocol::codec::{self, DecodeError, Rule};
use mimi_protocol::crypto::SignatureError;
use mimi_protocol::mls::{credential, leaf_node, message, proposal};
use mimi_protocol::{
    group_info, key_material, notify, participant_list, protocol, ratchet_tree, submit_message, update,
};
use spec_vectors::ExpectedError;

use crate::refused;

const NAMES: &[(&str, &Rule)] = &[
    ("truncated", &codec::TRUNCATED),
    ("trailing", &codec::TRAILING),
    ("vector-too-long", &codec::VECTOR_TOO_LONG),
    ("length-not-shortest", &codec::LENGTH_NOT_SHORTEST),
    ("length-prefix-invalid", &codec::LENGTH_PREFIX_INVALID),
    ("presence-invalid", &codec::PRESENCE_INVALID),
    ("not-utf8", &codec::NOT_UTF8),
    ("protocol-unknown", &protocol::PROTOCOL_UNKNOWN),
    ("mls-version-unknown", &leaf_node::VERSION_UNKNOWN),
    ("leaf-not-of-key-package", &leaf_node::LEAF_NOT_OF_KEY_PACKAGE),
    ("credential-type-unknown", &credential::CREDENTIAL_TYPE_UNKNOWN),
    ("wire-format-unknown", &message::WIRE_FORMAT_UNKNOWN),
    ("sender-type-unknown", &message::SENDER_TYPE_UNKNOWN),
    ("content-type-unknown", &message::CONTENT_TYPE_UNKNOWN),
    ("sender-cannot-send-content", &message::SENDER_CANNOT_SEND_CONTENT),
    ("proposal-type-unknown", &proposal::PROPOSAL_TYPE_UNKNOWN),
    ("proposal-or-ref-unknown", &proposal::PROPOSAL_OR_REF_UNKNOWN),
    ("no-cipher-suite", &key_material::NO_CIPHER_SUITE),
    ("requesting-user-empty", &key_material::REQUESTING_USER_EMPTY),
    ("target-user-empty", &key_material::TARGET_USER_EMPTY),
    ("user-code-unknown", &key_material::USER_CODE_UNKNOWN),
    ("client-code-unknown", &key_material::CLIENT_CODE_UNKNOWN),
    ("clients-not-allowed", &key_material::CLIENTS_NOT_ALLOWED),
    ("not-a-handshake-in-the-clear", &update::NOT_A_HANDSHAKE_IN_THE_CLEAR),
    ("not-a-proposal", &update::NOT_A_PROPOSAL),
    ("proposals-of-several-groups", &update::PROPOSALS_OF_SEVERAL_GROUPS),
    ("update-response-code-unknown", &update::UPDATE_RESPONSE_CODE_UNKNOWN),
    ("tree-representation-unknown", &ratchet_tree::REPRESENTATION_UNKNOWN),
    ("tree-url-not-https", &ratchet_tree::URL_NOT_HTTPS),
    ("tree-presence-unknown", &ratchet_tree::PRESENCE_UNKNOWN),
    ("tree-in-partial-group-info", &ratchet_tree::TREE_IN_PARTIAL),
    ("tree-in-group-info", &ratchet_tree::TREE_IN_GROUP_INFO),
    ("group-info-representation-unknown", &ratchet_tree::GROUP_INFO_REPRESENTATION_UNKNOWN),
    ("not-an-application-message", &submit_message::NOT_AN_APPLICATION_MESSAGE),
    ("sending-uri-empty", &submit_message::SENDING_URI_EMPTY),
    ("submit-response-code-unknown", &submit_message::SUBMIT_RESPONSE_CODE_UNKNOWN),
    ("not-fanned-out", &notify::NOT_FANNED_OUT),
    ("commit-not-external", &notify::COMMIT_NOT_EXTERNAL),
    ("stapled-not-of-next-epoch", &notify::STAPLED_NOT_OF_NEXT_EPOCH),
    ("stapled-not-external", &notify::STAPLED_NOT_EXTERNAL),
    ("nothing-to-notify", &notify::NOTHING_TO_NOTIFY),
    ("group-info-code-unknown", &group_info::GROUP_INFO_CODE_UNKNOWN),
    ("group-info-room-empty", &group_info::GROUP_INFO_ROOM_EMPTY),
    ("pending-of-another-group", &group_info::PENDING_OF_ANOTHER_GROUP),
    ("participant-not-a-user", &participant_list::USER_INVALID),
    ("participant-twice", &participant_list::USER_TWICE),
];

/// A decode error as vectors write it.
pub(crate) fn decode_error(error: DecodeError) -> ExpectedError {
    let name = NAMES.iter().find(|(_, rule)| *rule == error.rule()).map_or(error.rule().text(), |(name, _)| name);
    ExpectedError { offset: Some(error.offset()), ..refused(name, error.section()) }
}

/// A signature error as vectors write it.
pub(crate) fn signature_error(error: SignatureError) -> ExpectedError {
    let name = match error {
        SignatureError::Invalid => "signature-invalid".to_owned(),
        SignatureError::UnsupportedCipherSuite(_) => "suite-unsupported".to_owned(),
        other => other.to_string(),
    };
    refused(&name, error.section())
}
