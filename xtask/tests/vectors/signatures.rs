//! The signatures of the MLS objects in the vectors hold: GroupInfo, proposals and commits of members, proposals of the hub.

use mimi_protocol::crypto::verify_with_label;
use mimi_protocol::group_info::GroupInfoRatchetTreeTbe;
use mimi_protocol::key_material::KeyMaterialResponse;
use mimi_protocol::mls::{GroupInfo, MlsMessage, Sender};
use mimi_protocol::update::{HandshakeBundle, UpdateRequest};
use mimi_protocol::{CipherSuite, Wire};
use spec_vectors::{Outcome, VectorFile, files};

const SUITE: CipherSuite = CipherSuite(1);

fn valid<T: Wire>(r#type: &str) -> Vec<T> {
    let mut found = Vec::new();
    for (_, text) in files() {
        let file = VectorFile::parse(text).unwrap();
        let tests = file.tests().filter(|(group, test)| group.r#type == "Wire" && test.result == Outcome::Valid);
        if file.r#type == r#type {
            found.extend(tests.map(|(_, test)| T::from_bytes(&test.octets("encoded").unwrap()).unwrap()));
        }
    }
    assert!(!found.is_empty(), "{type}");
    found
}

/// Bob's client, which is leaf 1, has the same signature key in its key package.
fn key_of_leaf_1() -> Vec<u8> {
    let response: KeyMaterialResponse = valid("KeyMaterialResponse").remove(0);
    response.clients[0].key_package().unwrap().signature_key().to_vec()
}

fn current() -> GroupInfo {
    valid::<GroupInfoRatchetTreeTbe>("GroupInfoRatchetTreeTBE").remove(0).group_info
}

fn holds(message: &MlsMessage, key: &[u8], context: &[u8]) {
    let public = message.as_public().unwrap();
    let signed = public.framed_content_tbs(context).unwrap();
    verify_with_label(SUITE, key, "FramedContentTBS", &signed, &public.signature).unwrap();
}

#[test]
fn every_group_info_is_signed_by_its_signer() {
    let key = key_of_leaf_1();
    let infos: Vec<GroupInfo> = valid::<GroupInfoRatchetTreeTbe>("GroupInfoRatchetTreeTBE")
        .into_iter()
        .map(|content| content.group_info)
        .collect();
    for info in infos.iter().filter(|info| info.signer() == 1) {
        // What is signed is all but the signature: 64 octets and the two of their length.
        let (signed, _) = info.as_bytes().split_at(info.as_bytes().len() - 66);
        verify_with_label(SUITE, &key, "GroupInfoTBS", signed, info.signature()).unwrap();
    }
}

#[test]
fn every_handshake_of_a_member_or_the_hub_is_signed_in_the_current_context() {
    let current = current();
    let hub = &current.group_context().external_senders().unwrap()[0];
    let mut members = 0;
    let mut hubs = 0;
    for request in valid::<UpdateRequest>("UpdateRequest") {
        let messages: Vec<&MlsMessage> = match &request.0 {
            HandshakeBundle::Commit { commit, .. } => vec![commit],
            bundle => bundle.proposals().collect(),
        };
        for message in messages {
            match message.as_public().unwrap().sender {
                Sender::Member(1) => {
                    holds(message, &key_of_leaf_1(), current.group_context_bytes());
                    members += 1;
                }
                Sender::External(0) => {
                    holds(message, &hub.signature_key, current.group_context_bytes());
                    hubs += 1;
                }
                _ => {}
            }
        }
    }
    assert!(members >= 5 && hubs >= 1, "{members} {hubs}");
}
