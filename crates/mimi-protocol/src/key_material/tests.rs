#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::crypto::Ed25519Signer;
use crate::protocol::PROTOCOL_UNKNOWN;
use crate::testing::{capabilities, key_package, laws, not_written, position, refused};

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

fn tbs() -> KeyMaterialRequestTbs {
    KeyMaterialRequestTbs {
        requesting_user: IdentifierUri::new("mimi://a.example/u/alice"),
        target_user: IdentifierUri::new("mimi://b.example/u/bob"),
        room_id: IdentifierUri::new("mimi://a.example/r/clubhouse"),
        acceptable_ciphersuites: vec![CipherSuite(1)],
        required_capabilities: RequiredCapabilities::default(),
        requester_signature_key: signer().public_key().to_vec(),
        requester_credential: Credential::basic(*b"mimi://a.example/d/alice/laptop"),
    }
}

fn response(user_status: KeyMaterialUserCode, clients: Vec<ClientKeyMaterial>) -> KeyMaterialResponse {
    KeyMaterialResponse { user_status, user_uri: IdentifierUri::new("u"), clients }
}

fn exhausted() -> ClientKeyMaterial {
    ClientKeyMaterial::KeyMaterialExhausted { client_uri: IdentifierUri::new("c") }
}

#[test]
fn a_request_has_these_octets() {
    // req: MP06-5.2-07, MP06-5.2-11, MP06-5.2-14, MP06-5.2-15
    let tbs = KeyMaterialRequestTbs {
        requesting_user: IdentifierUri::new("a"),
        target_user: IdentifierUri::new("b"),
        room_id: IdentifierUri::new("r"),
        acceptable_ciphersuites: vec![CipherSuite(1), CipherSuite(3)],
        required_capabilities: RequiredCapabilities { proposal_types: vec![8], ..Default::default() },
        requester_signature_key: vec![0x11],
        requester_credential: Credential::basic(*b"c"),
    };
    let expected = [
        1, // protocol
        1, b'a', 1, b'b', 1, b'r', // requesting user, target user, room
        4, 0, 1, 0, 3, // cipher suites
        0, 2, 0, 8, 0, // required capabilities
        1, 0x11, // signature key
        0, 1, 1, b'c', // credential
    ];
    assert_eq!(laws(&tbs), expected);
    let request = KeyMaterialRequestIn::new(tbs, vec![0x51]);
    assert_eq!(laws(&request), [&expected[..], &[1, 0x51]].concat());
}

#[test]
fn a_request_outside_any_room_has_an_empty_room() {
    // req: MP06-5.2-08
    let outside = KeyMaterialRequestTbs { room_id: IdentifierUri::default(), ..tbs() };
    laws(&outside);
    assert!(outside.room_id.is_empty());
}

#[test]
fn a_request_without_users_or_cipher_suites_is_refused() {
    // req: MP06-5.2-07, MP06-5.2-09
    not_written(&KeyMaterialRequestTbs { acceptable_ciphersuites: vec![], ..tbs() }, &NO_CIPHER_SUITE);
    not_written(&KeyMaterialRequestTbs { requesting_user: IdentifierUri::default(), ..tbs() }, &REQUESTING_USER_EMPTY);
    not_written(&KeyMaterialRequestTbs { target_user: IdentifierUri::default(), ..tbs() }, &TARGET_USER_EMPTY);
    refused::<KeyMaterialRequestIn>(&[1, 0, 1, b'b', 0, 2, 0, 1], 1, &REQUESTING_USER_EMPTY);
    refused::<KeyMaterialRequestIn>(&[1, 1, b'a', 0, 0, 2, 0, 1], 3, &TARGET_USER_EMPTY);
    refused::<KeyMaterialRequestIn>(&[1, 1, b'a', 1, b'b', 0, 0], 6, &NO_CIPHER_SUITE);
    refused::<KeyMaterialRequestIn>(&[0, 1, b'a'], 0, &PROTOCOL_UNKNOWN);
}

#[test]
fn a_signed_request_verifies_after_the_journey() {
    // req: MP06-5.2-12, MP06-5.2-16
    let request = tbs().sign(&signer()).unwrap();
    let body = request.to_bytes().unwrap();
    let verified = KeyMaterialRequestIn::from_bytes(&body).unwrap().verify().unwrap();
    assert_eq!(verified, request);
    assert_eq!(verified.tbs(), &tbs());
    assert_eq!(verified.to_bytes().unwrap(), body);
}

#[test]
fn a_request_that_was_changed_does_not_verify() {
    // req: MP06-5.2-12
    let body = tbs().sign(&signer()).unwrap().to_bytes().unwrap();
    for part in [&b"alice"[..], b"bob", b"clubhouse", b"laptop"] {
        let mut changed = body.clone();
        changed[position(&body, part)] ^= 1;
        let request = KeyMaterialRequestIn::from_bytes(&changed).unwrap();
        assert_eq!(request.verify(), Err(SignatureError::Invalid));
    }
    let unsigned = KeyMaterialRequestIn::new(tbs(), vec![]);
    assert_eq!(unsigned.unverified_tbs(), &tbs());
    assert_eq!(unsigned.verify(), Err(SignatureError::MalformedSignature));
}

#[test]
fn the_signature_is_that_of_the_first_suite_that_is_supported() {
    // req: MP06-5.2-16
    let suites = |suites: &[u16]| KeyMaterialRequestTbs {
        acceptable_ciphersuites: suites.iter().copied().map(CipherSuite).collect(),
        ..tbs()
    };
    let verify = |tbs: KeyMaterialRequestTbs| KeyMaterialRequestIn::from(tbs.sign(&signer()).unwrap()).verify();
    assert!(verify(suites(&[0xf001, 7, 3])).is_ok());
    assert_eq!(verify(suites(&[7, 2])), Err(SignatureError::UnsupportedCipherSuite(CipherSuite(2))));
}

#[test]
fn only_the_key_in_the_request_signs_it() {
    // req: MP06-5.2-11
    let other = Ed25519Signer::from_seed([8; 32]);
    assert!(matches!(tbs().sign(&other), Err(SignError::KeyMismatch)));
}

#[test]
fn user_and_client_codes_have_the_values_of_the_draft() {
    // req: MP06-5.2-25, MP06-5.2-26
    for value in 0..8 {
        let code = KeyMaterialUserCode::from_bytes(&[value]).unwrap();
        assert_eq!(laws(&code), [value]);
        assert_eq!(code.allows_clients(), [0, 1, 3].contains(&value));
    }
    assert_eq!(KeyMaterialUserCode::NoConsentForThisRoom as u8, 6);
    refused::<KeyMaterialUserCode>(&[8], 0, &USER_CODE_UNKNOWN);
    for value in 0..3 {
        assert_eq!(laws(&KeyMaterialClientCode::from_bytes(&[value]).unwrap()), [value]);
    }
    refused::<KeyMaterialClientCode>(&[3], 0, &CLIENT_CODE_UNKNOWN);
}

#[test]
fn a_client_comes_with_what_its_code_calls_for() {
    // req: MP06-5.2-19, MP06-5.2-20, MP06-5.2-27
    let client_uri = IdentifierUri::new("c");
    let success = ClientKeyMaterial::Success { client_uri: client_uri.clone(), key_package: Box::new(key_package()) };
    assert_eq!(laws(&success), [&[0, 1, b'c'], key_package().as_bytes()].concat());
    assert_eq!(success.key_package(), Some(&key_package()));
    assert_eq!(laws(&exhausted()), [1, 1, b'c']);
    assert_eq!((exhausted().key_package(), exhausted().client_uri()), (None, &client_uri));
    let nothing = |client_capabilities| ClientKeyMaterial::NothingCompatible {
        client_uri: client_uri.clone(),
        client_capabilities,
    };
    assert_eq!(laws(&nothing(None)), [2, 1, b'c', 0]);
    let expected = [&[2, 1, b'c', 1][..], &capabilities().to_bytes().unwrap()].concat();
    assert_eq!(laws(&nothing(Some(capabilities()))), expected);
}

#[test]
fn a_response_has_these_octets() {
    // req: MP06-5.2-18, MP06-5.2-28
    let empty = response(KeyMaterialUserCode::UserUnknown, vec![]);
    assert_eq!(laws(&empty), [1, 4, 1, b'u', 0]);
    let partial = response(KeyMaterialUserCode::PartialSuccess, vec![exhausted(), exhausted()]);
    assert_eq!(laws(&partial), [1, 1, 1, b'u', 6, 1, 1, b'c', 1, 1, b'c']);
    let success =
        ClientKeyMaterial::Success { client_uri: IdentifierUri::new("c"), key_package: Box::new(key_package()) };
    laws(&response(KeyMaterialUserCode::Success, vec![success]));
}

#[test]
fn clients_are_listed_only_where_the_user_code_allows_it() {
    // req: MP06-5.2-21, MP06-5.2-22
    for value in 0..8 {
        let status = KeyMaterialUserCode::from_bytes(&[value]).unwrap();
        let listed = response(status, vec![exhausted()]);
        if status.allows_clients() {
            laws(&listed);
        } else {
            not_written(&listed, &CLIENTS_NOT_ALLOWED);
            refused::<KeyMaterialResponse>(&[1, value, 1, b'u', 3, 1, 1, b'c'], 4, &CLIENTS_NOT_ALLOWED);
        }
        laws(&response(status, vec![]));
    }
}
