#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::component::Component;
use mimi_arch::mls::{
    CipherSuite, ComponentId, ContentType, CredentialType, ExtensionType, ProposalType, ProtocolVersion,
};
use mimi_arch::testing::{laws, not_written, refused};

use super::*;
use crate::fields::BOOL_INVALID;

fn capabilities() -> ExtendedCapabilities {
    ExtendedCapabilities {
        versions: vec![ProtocolVersion::MLS10],
        cipher_suites: vec![CipherSuite(2)],
        extensions: vec![ExtensionType(3)],
        proposals: vec![ProposalType(4)],
        credentials: vec![CredentialType(5)],
        wire_formats: vec![WireFormat(6)],
        component_ids: vec![ComponentId(7)],
        safe_aad_types: vec![ComponentId(8)],
        media_types: vec!["a/b".parse().unwrap()],
        content_types: vec![ContentType(9)],
    }
}

fn times(minimum: u64, default: u64, maximum: u64) -> MinDefaultMaxTime {
    MinDefaultMaxTime::new(minimum, default, maximum).unwrap()
}

fn parameters() -> OperationalParameters {
    OperationalParameters {
        mandatory_capabilities: ExtendedCapabilities { versions: vec![ProtocolVersion(1)], ..Default::default() },
        default_capabilities: ExtendedCapabilities::default(),
        forbidden_capabilities: ExtendedCapabilities { credentials: vec![CredentialType(1)], ..Default::default() },
        handshake_formats: vec![WireFormat::PUBLIC_MESSAGE],
        external_proposal_allowed: true,
        external_commit_allowed: false,
        pending_proposal_policy: PendingProposalPolicy::RandomDelay { minimum_delay_ms: 5, maximum_delay_ms: 500 },
        leaf_node_update_time: times(1, 2, 3),
        app_message_policy: AppMessagePolicy { epoch_tolerance: 4, pad_to_size: 512, max_generations_skipahead: 1000 },
        max_kp_lifetime: 11,
        max_credential_lifetime: 12,
        resumption_psk_lifetime: 13,
        sender_nonce_keypair_lifetime: times(14, 15, 16),
        max_keypairs: 17,
        buffer_incoming_message_time: times(18, 19, 20),
        max_buffered_messages: 21,
    }
}

#[test]
fn capabilities_have_these_octets() {
    // req: RP03-7.1-01
    let expected =
        b"\x02\0\x01\x02\0\x02\x02\0\x03\x02\0\x04\x02\0\x05\x02\0\x06\x02\0\x07\x02\0\x08\x05\x03a/b\0\x01\x09";
    assert_eq!(laws(&capabilities()), expected);
}

#[test]
fn parameters_have_these_octets() {
    // req: RP03-7.1-03, RP03-7.1-04, RP03-7.1-05, RP03-7.1-06
    let wide = |number: u8| [0, 0, 0, 0, 0, 0, 0, number];
    let expected = [
        &b"\x02\0\x01\0\0\0\0\0\0\0\0\0"[..],
        &[0; 10],
        b"\0\0\0\0\x02\0\x01\0\0\0\0\0",
        b"\x02\0\x01\x01\x00\x02",
        &wide(5),
        &[0, 0, 0, 0, 0, 0, 1, 0xf4],
        &[wide(1), wide(2), wide(3)].concat(),
        &[4, 2, 0, 0, 0, 3, 0xe8],
        &[wide(11), wide(12), wide(13), wide(14), wide(15), wide(16)].concat(),
        &[0, 0, 0, 17],
        &[wide(18), wide(19), wide(20)].concat(),
        &[0, 0, 0, 21],
    ]
    .concat();
    assert_eq!(laws(&parameters()), expected);
}

#[test]
fn strategies_for_pending_proposals_have_three_values() {
    // req: RP03-7.1-02
    assert_eq!(laws(&PendingProposalPolicy::Unspecified), [0]);
    assert_eq!(laws(&PendingProposalPolicy::ImmediateCommit), [1]);
    refused::<PendingProposalPolicy>(&[3, 0, 1], 0, &STRATEGY_INVALID);
    refused::<PendingProposalPolicy>(&[255], 0, &STRATEGY_INVALID);
}

#[test]
fn delays_are_in_order() {
    let mut octets = [0; 17];
    (octets[0], octets[8]) = (2, 1);
    refused::<PendingProposalPolicy>(&octets, 1, &DELAYS_CROSSED);
    not_written(&PendingProposalPolicy::RandomDelay { minimum_delay_ms: 1, maximum_delay_ms: 0 }, &DELAYS_CROSSED);
}

#[test]
fn times_are_in_order() {
    for (minimum, default, maximum) in [(2, 1, 3), (1, 4, 3), (3, 2, 1)] {
        assert_eq!(MinDefaultMaxTime::new(minimum, default, maximum).unwrap_err().rule(), &TIMES_OUT_OF_ORDER);
        let octets = [minimum, default, maximum].map(u64::to_be_bytes).concat();
        refused::<MinDefaultMaxTime>(&octets, 0, &TIMES_OUT_OF_ORDER);
    }
    let all = times(1, 1, 1);
    assert_eq!((all.minimum(), all.default_time(), all.maximum()), (1, 1, 1));
}

#[test]
fn booleans_are_strict() {
    let mut octets = parameters().to_bytes().unwrap();
    let place = mimi_arch::testing::position(&octets, b"\x02\0\x01\x01\x00\x02") + 3;
    octets[place] = 2;
    refused::<OperationalParameters>(&octets, place, &BOOL_INVALID);
}

#[test]
fn what_is_mandatory_and_forbidden_is_found() {
    assert_eq!(parameters().capability_conflicts(), []);
    let both = OperationalParameters {
        mandatory_capabilities: capabilities(),
        forbidden_capabilities: capabilities(),
        ..parameters()
    };
    let found: Vec<String> = both.capability_conflicts().iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 10);
    assert_eq!((found[1].as_str(), found[9].as_str()), ("cipher suite 0x0002", "media type a/b"));
}

#[test]
fn an_update_is_the_new_value() {
    assert_eq!(OperationalParameters::apply(None, &[parameters()]), Ok(parameters()));
}
