//! Messages on the wire: decode, compare the meaning, encode, compare the octets, verify.

use mimi_protocol::Wire;
use mimi_protocol::codec::DecodeError;
use mimi_protocol::consent::ConsentEntry;
use mimi_protocol::crypto::verify_with_label;
use mimi_protocol::franking::{FrankAad, FrankingAgentData, FrankingIntegrityTbs};
use mimi_protocol::group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestIn, GroupInfoResponse, GroupInfoResponseIn};
use mimi_protocol::identifier_query::{IdentifierRequest, IdentifierResponse};
use mimi_protocol::key_material::{KeyMaterialRequestIn, KeyMaterialResponse};
use mimi_protocol::minimal_metadata::{IdentityLinkTbe, PseudonymousCredential};
use mimi_protocol::notify;
use mimi_protocol::participant_list::{ParticipantListData, ParticipantListError, ParticipantListUpdate};
use mimi_protocol::report_abuse::AbuseReport;
use mimi_protocol::safe_aad::SafeAad;
use mimi_protocol::semi_private_message::{ExternalReceivers, SemiPrivateMessage};
use mimi_protocol::submit_message::{SubmitMessageRequest, SubmitMessageResponse};
use mimi_protocol::update::{UpdateRequest, UpdateRoomResponse};
use serde_json::{Value, json};
use spec_vectors::TestCase;

use crate::rules::{decode_error, signature_error};
use crate::{Verdict, consent, describe, franking, identifier_query, minimal_metadata, refused, semi_private_message};

/// Reads the octets of a test as the type that the file is about.
pub(crate) fn run(r#type: &str, test: &TestCase) -> Verdict {
    match r#type {
        // req: MP06-5-01, MP06-5-02, MP06-5-03, MP06-5.2-07, MP06-5.2-09, MP06-5.2-10, MP06-5.2-11
        // req: MP06-5.2-12, MP06-5.2-13, MP06-5.2-14, MP06-5.2-15, MP06-5.2-16
        "KeyMaterialRequest" => {
            let request: KeyMaterialRequestIn = message(test, describe::key_material_request)?;
            let octets = request.to_bytes().unwrap();
            let verified = request.verify().map_err(signature_error)?;
            assert_eq!(verified.to_bytes().unwrap(), octets);
            Ok(())
        }
        // req: MP06-5.2-17, MP06-5.2-18, MP06-5.2-19, MP06-5.2-20, MP06-5.2-21, MP06-5.2-22
        // req: MP06-5.2-25, MP06-5.2-26, MP06-5.2-27, MP06-5.2-28, MP06-5.2-40
        "KeyMaterialResponse" => message(test, describe::key_material_response).map(|_: KeyMaterialResponse| ()),
        // req: MP06-5.3-09, MP06-5.3-10, MP06-5.3-11, MP06-5.3-12, MP06-5.3-13, MP06-5.3-14, MP06-5.3-15, MP06-5.3-16
        // req: RT03-3-01, RT03-3-02, RT03-3-03, RT03-3-05, RT03-4-02, RT03-4-03, RT03-4-04, RT03-4-05, RT03-4-06, RT03-4-07, RT03-4-08, RT03-4-09
        "UpdateRequest" => message(test, describe::update_request).map(|_: UpdateRequest| ()),
        // req: MP06-5.3-19, MP06-5.3-20, MP06-5.3-25, MP06-5.3-28
        "UpdateRoomResponse" => message(test, describe::update_response).map(|_: UpdateRoomResponse| ()),
        // req: MP06-5.4-02, MP06-5.4-03
        "SubmitMessageRequest" => message(test, describe::submit_request).map(|_: SubmitMessageRequest| ()),
        // req: MP06-5.4-07, MP06-5.4-08, MP06-5.4-09, MP06-5.4-15
        "SubmitMessageResponse" => message(test, describe::submit_response).map(|_: SubmitMessageResponse| ()),
        // req: MP06-5.5-04, MP06-5.5-08, MP06-5.5-10, MP06-5.5-12, MP06-5.5-13, MP06-5.5-14
        "FanoutMessage" => {
            let read = notify::decode_all;
            let write = |messages: &Vec<_>| notify::encode_all(messages).unwrap();
            compare(test, read, write, |messages| messages.iter().map(describe::fanout).collect()).map(|_| ())
        }
        // req: MP06-5.6-03, MP06-5.6-07, MP06-5.6-10, MP06-5.6-11, MP06-5.6-12
        "GroupInfoRequest" => {
            let request: GroupInfoRequestIn = message(test, group_info_request)?;
            request.verify().map(|_| ()).map_err(signature_error)
        }
        // req: MP06-5.6-14, MP06-5.6-20, MP06-5.6-21, MP06-5.6-22
        "GroupInfoResponse" => {
            let response: GroupInfoResponseIn = message(test, group_info_response)?;
            match response.unverified() {
                GroupInfoResponse::Success { tbs, signature } => verify_with_label(
                    tbs.cipher_suite,
                    &tbs.hub_sender.signature_key,
                    "GroupInfoResponseTBS",
                    &tbs.to_bytes().unwrap(),
                    signature,
                )
                .map_err(signature_error),
                _ => Ok(()),
            }
        }
        // req: MP06-5.6-15, MP06-5.6-16, MP06-5.6-17
        "GroupInfoRatchetTreeTBE" => message(test, group_info_content).map(|_: GroupInfoRatchetTreeTbe| ()),
        "ParticipantListData" => {
            // Users are compared by their normal form; the octets stay as they came.
            // req: MP06-7.5-01, MP06-7.5-02, MP06-7.5-06, MP06-7.5-07, MP06-7.5-08
            message(test, describe::participant_list).map(|_: ParticipantListData| ())
        }
        // req: MP06-7.5-10, MP06-7.5-11
        "ParticipantListUpdate" => message(test, describe::participant_update).map(|_: ParticipantListUpdate| ()),
        "SafeAAD" => message(test, franking::safe_aad).map(|_: SafeAad| ()),
        // req: MP06-5.4.1-02, MP06-5.4.1.1-05
        "FrankAAD" => message(test, franking::frank_aad).map(|_: FrankAad| ()),
        // req: MP06-5.4.1-03, MP06-5.4.1-05
        "FrankingAgentData" => message(test, franking::agent).map(|_: FrankingAgentData| ()),
        // req: MP06-5.4.1.2-04
        "FrankingIntegrityTBS" => message(test, franking::tbs).map(|_: FrankingIntegrityTbs| ()),
        // req: MP06-5.7-03, MP06-5.7-04, MP06-5.7-05, MP06-5.7-13, MP06-5.7-14, MP06-5.7-15, MP06-5.7-17, MP06-5.7-18, MP06-5.7-21, MP06-5.7-28
        "ConsentEntry" => message(test, consent::entry).map(|_: ConsentEntry| ()),
        // req: MP06-5.8-05, MP06-5.8-06, MP06-5.8-07, MP06-5.8-23
        "IdentifierRequest" => message(test, identifier_query::request).map(|_: IdentifierRequest| ()),
        // req: MP06-5.8-18, MP06-5.8-19, MP06-5.8-20, MP06-5.8-21, MP06-5.8-22, MP06-5.8-24
        "IdentifierResponse" => message(test, identifier_query::response).map(|_: IdentifierResponse| ()),
        // req: MP06-5.9-02, MP06-5.9-03, MP06-5.9-04, MP06-5.9-05, MP06-5.9-06, MP06-5.9-07, MP06-5.9-10, MP06-5.9-11, MP06-5.9-12
        "AbuseReport" => message(test, identifier_query::report).map(|_: AbuseReport| ()),
        // req: SP07-3.1-09, SP07-3.1-11, SP07-3.1-12, SP07-3-06
        "SemiPrivateMessage" => message(test, semi_private_message::message).map(|_: SemiPrivateMessage| ()),
        // req: SP07-3-01, SP07-3-02
        "ExternalReceivers" => message(test, semi_private_message::receivers).map(|_: ExternalReceivers| ()),
        // req: MP06-6.1-03
        "PseudonymousCredential" => message(test, minimal_metadata::credential).map(|_: PseudonymousCredential| ()),
        // req: MP06-6.1-11
        "IdentityLinkTBE" => message(test, minimal_metadata::link_content).map(|_: IdentityLinkTbe| ()),
        other => panic!("there is no reader for {other}"),
    }
}

pub(crate) fn message<T: Wire>(
    test: &TestCase,
    describe: impl Fn(&T) -> Value,
) -> Result<T, spec_vectors::ExpectedError> {
    compare(test, T::from_bytes, |value| value.to_bytes().unwrap(), describe)
}

fn compare<T>(
    test: &TestCase,
    read: impl Fn(&[u8]) -> Result<T, DecodeError>,
    write: impl Fn(&T) -> Vec<u8>,
    describe: impl Fn(&T) -> Value,
) -> Result<T, spec_vectors::ExpectedError> {
    let encoded = test.octets("encoded").unwrap();
    let value = read(&encoded).map_err(decode_error)?;
    assert_eq!(
        hex::encode(write(&value)),
        hex::encode(&encoded),
        "test {} ({}) is written otherwise",
        test.tc_id,
        test.comment
    );
    if let Some(decoded) = test.fields.get("decoded") {
        assert_eq!(&describe(&value), decoded, "test {} ({})", test.tc_id, test.comment);
    }
    Ok(value)
}

fn group_info_request(request: &GroupInfoRequestIn) -> Value {
    let tbs = request.unverified_tbs();
    let octets = request.to_bytes().unwrap();
    json!({
        "protocol": "mls10",
        "cipher_suite": tbs.cipher_suite.0,
        "requestingSignatureKey": hex::encode(&tbs.requesting_signature_key),
        "requestingCredential": describe::credential(&tbs.requesting_credential),
        "groupInfoPublicKey": hex::encode(&tbs.group_info_public_key),
        "joiningCode": tbs.joining_code.as_ref().map(hex::encode),
        "signature": hex::encode(&octets[octets.len() - 64..]),
    })
}

fn group_info_response(response: &GroupInfoResponseIn) -> Value {
    match response.unverified() {
        GroupInfoResponse::Success { tbs, signature } => json!({
            "version": "mls10",
            "room_id": tbs.room_id.as_str(),
            "status": "success",
            "cipher_suite": tbs.cipher_suite.0,
            "hub_sender": {
                "signature_key": hex::encode(&tbs.hub_sender.signature_key),
                "credential": describe::credential(&tbs.hub_sender.credential),
            },
            "encrypted_groupinfo_and_tree": {
                "kem_output": hex::encode(&tbs.encrypted_groupinfo_and_tree.kem_output),
                "ciphertext": hex::encode(&tbs.encrypted_groupinfo_and_tree.ciphertext),
            },
            "signature": hex::encode(signature),
        }),
        GroupInfoResponse::NotAuthorized { room_id } | GroupInfoResponse::NoSuchRoom { room_id } => {
            let status = describe::camel(&format!("{:?}", response.status()));
            json!({"version": "mls10", "room_id": room_id.as_str(), "status": status})
        }
    }
}

fn group_info_content(content: &GroupInfoRatchetTreeTbe) -> Value {
    let pending: Vec<Value> = content
        .pending_proposals
        .iter()
        .map(|pending| json!({"proposal": describe::message(&pending.proposal), "hub_accepted_time": pending.hub_accepted_time.0}))
        .collect();
    json!({
        "groupInfo": describe::group_info(&content.group_info),
        "ratchetTreeOption": describe::tree_option(&content.ratchet_tree),
        "pending_proposals": pending,
    })
}

/// Applies the updates of one commit to a list.
pub(crate) fn apply(test: &TestCase) -> Verdict {
    // req: MP06-7.5-13, MP06-7.5-14, MP06-7.5-15, MP06-7.5-16, MP06-7.5-19
    let before = ParticipantListData::from_bytes(&test.octets("before").unwrap()).unwrap();
    let updates: Vec<ParticipantListUpdate> = test.fields["updates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|update| ParticipantListUpdate::from_bytes(&hex::decode(update.as_str().unwrap()).unwrap()).unwrap())
        .collect();
    let after = before.apply_all(&updates).map_err(|error| {
        let rule = match error {
            ParticipantListError::IndexOutOfRange { .. } => "index-out-of-range",
            ParticipantListError::TouchedTwice { .. } => "user-touched-twice",
            ParticipantListError::AlreadyParticipant { .. } => "already-participant",
            _ => "another rule",
        };
        refused(rule, error.section())
    })?;
    if let Some(expected) = test.octets("after") {
        assert_eq!(after.to_bytes().unwrap(), expected, "test {} ({})", test.tc_id, test.comment);
        assert_eq!(describe::participants(after.participants()), test.fields["afterDecoded"]);
    }
    Ok(())
}
