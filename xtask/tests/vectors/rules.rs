//! The short names of rules in the vectors, and the rules of mimi-protocol that they stand for.

use mimi_protocol::application_framing;
use mimi_protocol::codec::{self, DecodeError, Rule};
use mimi_protocol::consent::entry;
use mimi_protocol::crypto::SignatureError;
use mimi_protocol::mls::{credential, extension, leaf_node, message, proposal};
use mimi_protocol::room_metadata::{self, uri};
use mimi_protocol::semi_private_message::wire as semi_private;
use mimi_protocol::{
    group_info, identifier_query, key_material, notify, participant_list, protocol, ratchet_tree, report_abuse,
    submit_message, update,
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
    ("search-type-unknown", &identifier_query::SEARCH_TYPE_UNKNOWN),
    ("query-code-unknown", &identifier_query::QUERY_CODE_UNKNOWN),
    ("field-source-unknown", &identifier_query::FIELD_SOURCE_UNKNOWN),
    ("found-uri-empty", &identifier_query::FOUND_URI_EMPTY),
    ("success-without-match", &identifier_query::SUCCESS_WITHOUT_MATCH),
    ("match-without-success", &identifier_query::MATCH_WITHOUT_SUCCESS),
    ("alleged-abuser-empty", &report_abuse::ALLEGED_ABUSER_EMPTY),
    ("group-info-code-unknown", &group_info::GROUP_INFO_CODE_UNKNOWN),
    ("group-info-room-empty", &group_info::GROUP_INFO_ROOM_EMPTY),
    ("pending-of-another-group", &group_info::PENDING_OF_ANOTHER_GROUP),
    ("aad-items-not-sorted", &mimi_protocol::safe_aad::AAD_ITEMS_NOT_SORTED),
    ("participant-not-a-user", &participant_list::USER_INVALID),
    ("participant-twice", &participant_list::USER_TWICE),
    ("room-uri-invalid", &uri::URI_INVALID),
    ("avatar-not-https", &uri::AVATAR_NOT_HTTPS),
    ("text-with-null", &room_metadata::NUL_IN_TEXT),
    ("description-media-type-invalid", &room_metadata::DESCRIPTION_MEDIA_TYPE_INVALID),
    ("language-tag-invalid", &room_metadata::LANGUAGE_TAG_INVALID),
    ("description-not-utf8", &room_metadata::DESCRIPTION_NOT_UTF8),
    ("media-type-malformed", &application_framing::MEDIA_TYPE_MALFORMED),
    ("media-type-list-empty", &application_framing::MEDIA_TYPE_LIST_EMPTY),
    ("parameter-name-malformed", &application_framing::PARAMETER_NAME_MALFORMED),
    ("parameter-twice", &application_framing::PARAMETER_TWICE),
    ("parameters-without-type", &application_framing::PARAMETERS_WITHOUT_TYPE),
    ("consent-operation-unknown", &entry::CONSENT_OPERATION_UNKNOWN),
    ("consent-requester-not-a-user", &entry::CONSENT_REQUESTER_INVALID),
    ("consent-target-not-a-user", &entry::CONSENT_TARGET_INVALID),
    ("consent-room-not-a-room", &entry::CONSENT_ROOM_INVALID),
    ("application-content", &semi_private::APPLICATION_CONTENT),
    ("receiver-twice", &semi_private::RECEIVER_TWICE),
    ("no-receiver", &semi_private::NO_RECEIVER),
    ("padding-not-zero", &semi_private::PADDING_NOT_ZERO),
    ("components-not-sorted", &extension::COMPONENTS_NOT_SORTED),
];

/// A decode error as vectors write it.
pub(crate) fn decode_error(error: DecodeError) -> ExpectedError {
    let name = NAMES
        .iter()
        .chain(crate::policy::NAMES)
        .find(|(_, rule)| *rule == error.rule())
        .map_or(error.rule().text(), |(name, _)| name);
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
