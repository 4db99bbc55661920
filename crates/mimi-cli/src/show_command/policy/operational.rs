//! How clients of the room use MLS (draft-ietf-mimi-room-policy-03 section 7).

use mimi_room_policy::operational::{
    AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};

use super::super::framing::media_type;
use super::super::{names, tree::Tree};

/// Numbers of one registry.
macro_rules! numbers {
    ($values:expr, $name:path) => {
        Tree::Numbers { values: $values.iter().map(|value| value.0.into()).collect(), name: $name }
    };
}

pub(super) fn parameters(parameters: &OperationalParameters) -> Tree {
    Tree::fields([
        ("mandatory_capabilities", capabilities(&parameters.mandatory_capabilities)),
        ("default_capabilities", capabilities(&parameters.default_capabilities)),
        ("forbidden_capabilities", capabilities(&parameters.forbidden_capabilities)),
        ("handshake_formats", numbers!(parameters.handshake_formats, names::wire_format)),
        ("external_proposal_allowed", Tree::Bool(parameters.external_proposal_allowed)),
        ("external_commit_allowed", Tree::Bool(parameters.external_commit_allowed)),
        ("pending_proposal_policy", pending_proposals(&parameters.pending_proposal_policy)),
        ("LeafNode_update_time", times(&parameters.leaf_node_update_time)),
        ("app_message_policy", messages(&parameters.app_message_policy)),
        ("max_kp_lifetime", Tree::number(parameters.max_kp_lifetime)),
        ("max_credential_lifetime", Tree::number(parameters.max_credential_lifetime)),
        ("resumption_psk_lifetime", Tree::number(parameters.resumption_psk_lifetime)),
        ("sender_nonce_keypair_lifetime", times(&parameters.sender_nonce_keypair_lifetime)),
        ("max_keypairs", Tree::number(parameters.max_keypairs)),
        ("buffer_incoming_message_time", times(&parameters.buffer_incoming_message_time)),
        ("max_buffered_messages", Tree::number(parameters.max_buffered_messages)),
    ])
}

pub(super) fn capabilities(capabilities: &ExtendedCapabilities) -> Tree {
    Tree::fields([
        ("versions", numbers!(capabilities.versions, names::protocol_version)),
        ("cipher_suites", numbers!(capabilities.cipher_suites, names::cipher_suite)),
        ("extensions", numbers!(capabilities.extensions, names::extension_type)),
        ("proposals", numbers!(capabilities.proposals, names::proposal_type)),
        ("credentials", numbers!(capabilities.credentials, names::credential_type)),
        ("wire_formats", numbers!(capabilities.wire_formats, names::wire_format)),
        ("component_ids", numbers!(capabilities.component_ids, names::component)),
        ("safe_aad_types", numbers!(capabilities.safe_aad_types, names::component)),
        ("media_types", Tree::list(&capabilities.media_types, media_type)),
        ("content_types", numbers!(capabilities.content_types, names::content_type)),
    ])
}

pub(super) fn pending_proposals(policy: &PendingProposalPolicy) -> Tree {
    match policy {
        PendingProposalPolicy::Unspecified => {
            Tree::fields([("pending_proposal_strategy", Tree::constant("unspecified", 0))])
        }
        PendingProposalPolicy::ImmediateCommit => {
            Tree::fields([("pending_proposal_strategy", Tree::constant("immediate_commit", 1))])
        }
        PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms } => Tree::fields([
            ("pending_proposal_strategy", Tree::constant("random_delay", 2)),
            ("minimum_delay_ms", Tree::number(*minimum_delay_ms)),
            ("maximum_delay_ms", Tree::number(*maximum_delay_ms)),
        ]),
    }
}

pub(super) fn times(times: &MinDefaultMaxTime) -> Tree {
    Tree::fields([
        ("minimum_time", Tree::number(times.minimum())),
        ("default_time", Tree::number(times.default_time())),
        ("maximum_time", Tree::number(times.maximum())),
    ])
}

pub(super) fn messages(policy: &AppMessagePolicy) -> Tree {
    Tree::fields([
        ("epoch_tolerance", Tree::number(policy.epoch_tolerance)),
        ("pad_to_size", Tree::number(policy.pad_to_size)),
        ("max_generations_skipahead", Tree::number(policy.max_generations_skipahead)),
    ])
}
