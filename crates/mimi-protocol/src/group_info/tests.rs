#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::crypto::Ed25519Signer;
use crate::protocol::PROTOCOL_UNKNOWN;
use crate::ratchet_tree::TREE_IN_GROUP_INFO;
use crate::testing::{
    SUITE, ToyHpke, application, group_info, group_info_with_tree, laws, not_written, position, proposal, refused, tree,
};
use crate::update::NOT_A_PROPOSAL;

const ROOM: &str = "mimi://a.example/r/clubhouse";
const KEY: [u8; 32] = [0x4e; 32];

fn client() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

fn hub() -> Ed25519Signer {
    Ed25519Signer::from_seed([9; 32])
}

fn hub_sender() -> ExternalSender {
    ExternalSender { signature_key: hub().public_key().to_vec(), credential: Credential::basic(*b"mimi://a.example") }
}

fn tbs(joining_code: Option<Vec<u8>>) -> GroupInfoRequestTbs {
    GroupInfoRequestTbs {
        cipher_suite: SUITE,
        requesting_signature_key: client().public_key().to_vec(),
        requesting_credential: Credential::basic(*b"mimi://c.example/d/cathy/tablet"),
        group_info_public_key: KEY.to_vec(),
        joining_code,
    }
}

fn content(senders: Vec<ExternalSender>) -> GroupInfoRatchetTreeTbe {
    GroupInfoRatchetTreeTbe {
        group_info: group_info(7, senders, vec![]),
        ratchet_tree: RatchetTreeOption::Full(tree()),
        pending_proposals: vec![PendingProposal { proposal: proposal(7), hub_accepted_time: AcceptedTimestamp(5) }],
    }
}

fn sealed(content: &GroupInfoRatchetTreeTbe) -> GroupInfoResponseIn {
    let request = tbs(None).sign(&client()).unwrap();
    let room = IdentifierUri::new(ROOM);
    let response = seal_response(&ToyHpke, &hub(), hub_sender().credential, room, &request, content).unwrap();
    GroupInfoResponseIn::from_bytes(&response.to_bytes().unwrap()).unwrap()
}

fn open(response: GroupInfoResponseIn) -> Result<OpenedGroupInfo, OpenResponseError> {
    response.verify_and_open(&ToyHpke, &KEY, &IdentifierUri::new(ROOM), SUITE)
}

#[test]
fn a_request_has_these_octets() {
    // req: MP06-5.6-03, MP06-5.6-07, MP06-5.6-10, MP06-5.6-11
    let tbs = |joining_code| GroupInfoRequestTbs {
        cipher_suite: SUITE,
        requesting_signature_key: vec![0x11],
        requesting_credential: Credential::basic(*b"c"),
        group_info_public_key: vec![0x22],
        joining_code,
    };
    let before = [1, 0, 1, 1, 0x11, 0, 1, 1, b'c', 1, 0x22];
    assert_eq!(laws(&tbs(None)), [&before[..], &[0]].concat());
    assert_eq!(laws(&tbs(Some(vec![]))), [&before[..], &[1, 0]].concat());
    let with_code = [&before[..], &[1, 2, 0xcc, 0xdd]].concat();
    assert_eq!(laws(&tbs(Some(vec![0xcc, 0xdd]))), with_code);
    let request = GroupInfoRequestIn::new(tbs(Some(vec![0xcc, 0xdd])), vec![0x51]);
    assert_eq!(laws(&request), [&with_code[..], &[1, 0x51]].concat());
    refused::<GroupInfoRequestIn>(&[2], 0, &PROTOCOL_UNKNOWN);
}

#[test]
fn a_signed_request_verifies_and_a_changed_one_does_not() {
    // req: MP06-5.6-08, MP06-5.6-09, MP06-5.6-12
    let body = tbs(Some(b"sesame".to_vec())).sign(&client()).unwrap().to_bytes().unwrap();
    let verified = GroupInfoRequestIn::from_bytes(&body).unwrap().verify().unwrap();
    assert_eq!(verified.tbs().joining_code.as_deref(), Some(&b"sesame"[..]));
    for part in [&b"cathy"[..], b"sesame", &KEY] {
        let mut changed = body.clone();
        changed[position(&body, part)] ^= 1;
        let request = GroupInfoRequestIn::from_bytes(&changed).unwrap();
        assert_eq!(request.unverified_tbs().cipher_suite, SUITE);
        assert_eq!(request.verify(), Err(SignatureError::Invalid));
    }
    let mut changed = body;
    changed[2] = 7;
    let request = GroupInfoRequestIn::from_bytes(&changed).unwrap();
    assert_eq!(request.verify(), Err(SignatureError::UnsupportedCipherSuite(CipherSuite(7))));
    assert!(matches!(tbs(None).sign(&hub()), Err(SignError::KeyMismatch)));
}

#[test]
fn codes_have_the_values_of_the_draft() {
    // req: MP06-5.6-14
    for (value, code) in
        [(1, GroupInfoCode::Success), (2, GroupInfoCode::NotAuthorized), (3, GroupInfoCode::NoSuchRoom)]
    {
        assert_eq!(laws(&code), [value]);
    }
    refused::<GroupInfoCode>(&[0], 0, &GROUP_INFO_CODE_UNKNOWN);
    refused::<GroupInfoCode>(&[4], 0, &GROUP_INFO_CODE_UNKNOWN);
}

#[test]
fn what_is_encrypted_has_group_info_tree_and_pending_proposals() {
    // req: MP06-5.6-15, MP06-5.6-16
    let content = content(vec![hub_sender()]);
    let pending = laws(&content.pending_proposals[0]);
    assert_eq!(pending, [proposal(7).as_bytes(), &[0, 0, 0, 0, 0, 0, 0, 5]].concat());
    let mut expected = [content.group_info.as_bytes(), &[1], tree().as_bytes()].concat();
    codec::put_opaque(&mut expected, &pending).unwrap();
    assert_eq!(laws(&content), expected);
}

#[test]
fn pending_proposals_are_proposals_of_the_current_epoch() {
    // req: MP06-5.6-18
    let pending = |proposal| PendingProposal { proposal, hub_accepted_time: AcceptedTimestamp(5) };
    not_written(&pending(application()), &NOT_A_PROPOSAL);
    refused::<PendingProposal>(application().as_bytes(), 0, &NOT_A_PROPOSAL);
    let mut stale = content(vec![]);
    let place = stale.group_info.as_bytes().len() + 1 + tree().as_bytes().len();
    stale.pending_proposals = vec![pending(proposal(6))];
    not_written(&stale, &PENDING_OF_ANOTHER_GROUP);
    let mut bytes = [stale.group_info.as_bytes(), &[1], tree().as_bytes()].concat();
    codec::put_list(&mut bytes, &stale.pending_proposals).unwrap();
    refused::<GroupInfoRatchetTreeTbe>(&bytes, place, &PENDING_OF_ANOTHER_GROUP);
}

#[test]
fn the_group_info_has_no_tree_inside() {
    // req: MP06-5.6-17
    let with_tree =
        GroupInfoRatchetTreeTbe { group_info: group_info_with_tree(), pending_proposals: vec![], ..content(vec![]) };
    not_written(&with_tree, &TREE_IN_GROUP_INFO);
    refused::<GroupInfoRatchetTreeTbe>(with_tree.group_info.as_bytes(), 0, &TREE_IN_GROUP_INFO);
}

#[test]
fn responses_have_these_octets() {
    // req: MP06-5.6-20, MP06-5.6-21
    let room_id = IdentifierUri::new("r");
    let refusal = GroupInfoResponseIn::from(GroupInfoResponse::NotAuthorized { room_id: room_id.clone() });
    assert_eq!(laws(&refusal), [1, 1, b'r', 2]);
    let none = GroupInfoResponseIn::from(GroupInfoResponse::NoSuchRoom { room_id: room_id.clone() });
    assert_eq!(laws(&none), [1, 1, b'r', 3]);
    let tbs = GroupInfoResponseTbs {
        room_id,
        cipher_suite: SUITE,
        hub_sender: ExternalSender { signature_key: vec![0x11], credential: Credential::basic(*b"h") },
        encrypted_groupinfo_and_tree: HpkeCiphertext { kem_output: vec![0x22], ciphertext: vec![0x33] },
    };
    let expected = [1, 1, b'r', 1, 0, 1, 1, 0x11, 0, 1, 1, b'h', 1, 0x22, 1, 0x33];
    assert_eq!(laws(&tbs), expected);
    let success = GroupInfoResponse::Success { tbs: Box::new(tbs), signature: vec![0x51] };
    assert_eq!(laws(&GroupInfoResponseIn::from(success)), [&expected[..], &[1, 0x51]].concat());
    refused::<GroupInfoResponseTbs>(&[1, 1, b'r', 2], 3, &GROUP_INFO_CODE_UNKNOWN);
    refused::<GroupInfoResponseIn>(&[1, 1, b'r', 0], 3, &GROUP_INFO_CODE_UNKNOWN);
    refused::<GroupInfoResponseIn>(&[1, 0, 2], 1, &GROUP_INFO_ROOM_EMPTY);
    let roomless = GroupInfoResponse::NoSuchRoom { room_id: IdentifierUri::default() };
    not_written(&GroupInfoResponseIn::from(roomless), &GROUP_INFO_ROOM_EMPTY);
}

#[test]
fn a_sealed_response_opens_for_the_one_who_asked() {
    // req: MP06-5.6-13, MP06-5.6-19, MP06-5.6-22
    let content = content(vec![hub_sender()]);
    let opened = open(sealed(&content)).unwrap();
    assert_eq!(opened, OpenedGroupInfo { hub_sender: hub_sender(), content });
}

#[test]
fn the_encryption_is_labelled_and_bound_to_the_room() {
    // req: MP06-5.6-19
    let response = sealed(&content(vec![hub_sender()]));
    let GroupInfoResponse::Success { tbs, .. } = response.unverified() else { panic!("success") };
    let label = b"MLS 1.0 GroupInfo and ratchet_tree encryption";
    let info = [&[45], &label[..], &[28], ROOM.as_bytes()].concat();
    let expected = ToyHpke.seal(SUITE, &KEY, &info, &[], &content(vec![hub_sender()]).to_bytes().unwrap()).unwrap();
    assert_eq!(tbs.encrypted_groupinfo_and_tree, expected);
}

#[test]
fn a_response_for_another_room_suite_or_key_does_not_open() {
    let response = || sealed(&content(vec![hub_sender()]));
    let room = IdentifierUri::new(ROOM);
    let elsewhere = IdentifierUri::new("mimi://a.example/r/elsewhere");
    let error = response().verify_and_open(&ToyHpke, &KEY, &elsewhere, SUITE).unwrap_err();
    assert!(matches!(error, OpenResponseError::OtherRoom(named) if named == room));
    let error = response().verify_and_open(&ToyHpke, &KEY, &room, CipherSuite(3)).unwrap_err();
    assert!(matches!(error, OpenResponseError::OtherCipherSuite(SUITE)));
    let error = response().verify_and_open(&ToyHpke, &[0; 32], &room, SUITE).unwrap_err();
    assert!(matches!(error, OpenResponseError::Hpke(HpkeError::Open)));
}

#[test]
fn a_response_that_was_changed_does_not_verify() {
    // req: MP06-5.6-22
    let bytes = sealed(&content(vec![hub_sender()])).to_bytes().unwrap();
    for place in [bytes.len() - 1, bytes.len() - 100, position(&bytes, b"mimi://a.example\x20")] {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let error = open(GroupInfoResponseIn::from_bytes(&changed).unwrap()).unwrap_err();
        assert!(matches!(error, OpenResponseError::Signature(SignatureError::Invalid)), "{place}: {error}");
    }
}

#[test]
fn the_signer_is_the_first_external_sender_of_the_group() {
    let other = ExternalSender { signature_key: vec![1; 32], credential: hub_sender().credential };
    for senders in [vec![], vec![other.clone()], vec![other, hub_sender()]] {
        assert!(matches!(open(sealed(&content(senders))), Err(OpenResponseError::SignerNotHub)));
    }
}

#[test]
fn a_refusal_is_told_as_such() {
    // req: MP06-5.6-24, MP06-5.6-25
    let room_id = IdentifierUri::new(ROOM);
    for (response, code) in [
        (GroupInfoResponse::NotAuthorized { room_id: room_id.clone() }, GroupInfoCode::NotAuthorized),
        (GroupInfoResponse::NoSuchRoom { room_id }, GroupInfoCode::NoSuchRoom),
    ] {
        let error = open(GroupInfoResponseIn::from(response)).unwrap_err();
        assert!(matches!(error, OpenResponseError::Refused(told) if told == code));
    }
}

#[test]
fn content_that_is_malformed_is_refused_after_decryption() {
    let info = encrypt_context(ENCRYPTION_LABEL, ROOM.as_bytes());
    let tbs = GroupInfoResponseTbs {
        room_id: IdentifierUri::new(ROOM),
        cipher_suite: SUITE,
        hub_sender: hub_sender(),
        encrypted_groupinfo_and_tree: ToyHpke.seal(SUITE, &KEY, &info, &[], &[0, 1, 2]).unwrap(),
    };
    let response = tbs.clone().sign(&hub()).unwrap();
    assert!(matches!(open(response.into()), Err(OpenResponseError::Decode(_))));
    assert!(matches!(tbs.sign(&client()), Err(SignError::KeyMismatch)));
}
