//! A further witness for the MLS objects in the vectors: OpenMLS reads every one of them and finds the key packages valid.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_protocol::Wire;
use mimi_protocol::group_info::GroupInfoRatchetTreeTbe;
use mimi_protocol::key_material::KeyMaterialResponse;
use mimi_protocol::mls::{GroupInfo, RatchetTree};
use mimi_protocol::notify::{self, FanoutEvent};
use mimi_protocol::ratchet_tree::{GroupInfoOption, RatchetTreeOption};
use mimi_protocol::submit_message::SubmitMessageRequest;
use mimi_protocol::update::{HandshakeBundle, UpdateRequest};
use openmls::prelude::tls_codec::{Deserialize, Serialize};
use openmls::prelude::{KeyPackageIn, MlsMessageIn, OpenMlsProvider, ProtocolVersion, RatchetTreeIn};
use openmls_rust_crypto::OpenMlsRustCrypto;
use spec_vectors::{Outcome, VectorFile, files};

/// The octets of the valid vectors about a type.
fn valid(r#type: &str) -> Vec<Vec<u8>> {
    let files = files().map(|(_, text)| VectorFile::parse(text).unwrap()).filter(|file| file.r#type == r#type);
    let encoded: Vec<Vec<u8>> = files
        .flat_map(|file| {
            let valid = file.tests().filter(|(group, test)| group.r#type == "Wire" && test.result == Outcome::Valid);
            valid.map(|(_, test)| test.octets("encoded").unwrap()).collect::<Vec<_>>()
        })
        .collect();
    assert!(!encoded.is_empty(), "{type}");
    encoded
}

/// All MLS messages of the vectors.
fn messages() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for body in valid("UpdateRequest") {
        match UpdateRequest::from_bytes(&body).unwrap().0 {
            HandshakeBundle::Commit { commit, .. } => found.push(commit.to_bytes().unwrap()),
            bundle => found.extend(bundle.proposals().map(|proposal| proposal.to_bytes().unwrap())),
        }
    }
    for body in valid("SubmitMessageRequest") {
        found.push(SubmitMessageRequest::from_bytes(&body).unwrap().app_message.to_bytes().unwrap());
    }
    for body in valid("FanoutMessage") {
        for fanout in notify::decode_all(&body).unwrap() {
            found.push(fanout.event.message().to_bytes().unwrap());
        }
    }
    found
}

/// All ratchet trees and GroupInfos of the vectors.
fn trees_and_infos() -> (Vec<RatchetTree>, Vec<GroupInfo>) {
    let mut options = Vec::new();
    let mut infos = Vec::new();
    for body in valid("UpdateRequest") {
        if let HandshakeBundle::Commit { group_info, ratchet_tree, .. } = UpdateRequest::from_bytes(&body).unwrap().0 {
            options.push(ratchet_tree);
            infos.extend(match group_info {
                GroupInfoOption::Full(info) => Some(*info),
                GroupInfoOption::Partial(_) => None,
            });
        }
    }
    for body in valid("FanoutMessage") {
        for fanout in notify::decode_all(&body).unwrap() {
            if let FanoutEvent::Welcome { ratchet_tree, .. } = fanout.event {
                options.push(ratchet_tree);
            }
        }
    }
    for body in valid("GroupInfoRatchetTreeTBE") {
        let content = GroupInfoRatchetTreeTbe::from_bytes(&body).unwrap();
        options.push(content.ratchet_tree);
        infos.push(content.group_info);
    }
    let trees = options.into_iter().filter_map(|option| match option {
        RatchetTreeOption::Full(tree) => Some(tree),
        _ => None,
    });
    (trees.collect(), infos)
}

#[test]
fn openmls_finds_every_key_package_valid_and_computes_the_same_reference() {
    let provider = OpenMlsRustCrypto::default();
    let mut count = 0;
    for body in valid("KeyMaterialResponse") {
        for client in KeyMaterialResponse::from_bytes(&body).unwrap().clients {
            let Some(ours) = client.key_package() else { continue };
            let theirs = KeyPackageIn::tls_deserialize_exact(ours.as_bytes()).unwrap();
            let theirs = theirs.validate(provider.crypto(), ProtocolVersion::Mls10).unwrap();
            assert_eq!(theirs.hash_ref(provider.crypto()).unwrap().as_slice(), ours.reference().unwrap().as_bytes());
            assert_eq!(theirs.tls_serialize_detached().unwrap(), ours.as_bytes());
            count += 1;
        }
    }
    assert!(count >= 4, "{count}");
}

#[test]
fn openmls_reads_every_message_to_its_end() {
    for message in messages() {
        MlsMessageIn::tls_deserialize_exact(&message)
            .unwrap_or_else(|error| panic!("{error}: {}", hex::encode(&message)));
    }
}

#[test]
fn openmls_reads_every_ratchet_tree_and_group_info() {
    let (trees, infos) = trees_and_infos();
    assert!(!trees.is_empty() && !infos.is_empty());
    for tree in trees {
        RatchetTreeIn::tls_deserialize_exact(tree.as_bytes()).unwrap();
    }
    for info in infos {
        // MLSMessage: version 1, wire format mls_group_info.
        let message = [&[0, 1, 0, 4], info.as_bytes()].concat();
        MlsMessageIn::tls_deserialize_exact(&message).unwrap();
    }
}
