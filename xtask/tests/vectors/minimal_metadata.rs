//! Minimal metadata rooms: credentials, links, and what the hub checks.

use mimi_protocol::crypto::AeadError;
use mimi_protocol::minimal_metadata::profile::LinkKey;
use mimi_protocol::minimal_metadata::{
    IdentityLinkError, IdentityLinkTbe, IdentityLinkVerifyError, LeavesError, PseudonymError, PseudonymousCredential,
    check_leaves,
};
use mimi_protocol::mls::LeafNode;
use mimi_protocol::participant_list::ParticipantListData;
use mimi_protocol::{CipherSuite, Wire};
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase};

use crate::rules::{decode_error, signature_error};
use crate::{Verdict, describe, refused};

pub(crate) fn credential(credential: &PseudonymousCredential) -> Value {
    json!({
        "client_pseudonym": credential.client_pseudonym.as_str(),
        "user_pseudonym": credential.user_pseudonym.as_str(),
        "signature_public_key": hex::encode(&credential.signature_public_key),
        "identity_link_ciphertext": hex::encode(&credential.identity_link_ciphertext),
    })
}

pub(crate) fn link_content(content: &IdentityLinkTbe) -> Value {
    json!({
        "pseudonymous_credential_signature": hex::encode(&content.pseudonymous_credential_signature),
        "client_credential": describe::credential(&content.client_credential),
    })
}

// req: MP06-6.1-01, MP06-6.1-12, MP06-6.1-13
pub(crate) fn link(test: &TestCase) -> Verdict {
    let credential = PseudonymousCredential::from_bytes(&test.octets("credential").unwrap()).unwrap();
    let key = LinkKey::new(test.octets("linkKey").unwrap().try_into().unwrap());
    let suite = CipherSuite(u16::try_from(test.fields["cipherSuite"].as_u64().unwrap()).unwrap());
    let link = credential.open_link(suite, &key).map_err(|error| {
        let section = error.section();
        match error {
            IdentityLinkError::Pseudonym(error) => pseudonym_error(error),
            IdentityLinkError::Aead(AeadError::Open) => refused("link-does-not-open", section),
            IdentityLinkError::Malformed(error) => ExpectedError { offset: None, ..decode_error(error) },
            other => panic!("no vector has {other:?}"),
        }
    })?;
    let client = test.text("client").unwrap().parse().unwrap();
    let user = test.text("user").unwrap().parse().unwrap();
    let signature_key = test.octets("clientSignatureKey").unwrap();
    let identity = link.verify(&client, &user, &signature_key).map_err(|error| match error {
        IdentityLinkVerifyError::Signature(error) => signature_error(error),
        other => refused("other-provider", other.section()),
    })?;
    assert_eq!(identity.pseudonyms().user.as_str(), credential.user_pseudonym.as_str());
    Ok(())
}

fn pseudonym_error(error: PseudonymError) -> ExpectedError {
    let name = match error {
        PseudonymError::User => "pseudonym-user",
        PseudonymError::Client => "pseudonym-client",
        _ => "pseudonym-unrelated",
    };
    refused(name, error.section())
}

// req: MP06-6-01, MP06-6.1-02, MP06-6.1-04, MP06-6.1-05, MP06-6.1-06, MP06-6.1-09
pub(crate) fn leaves(test: &TestCase) -> Verdict {
    let leaves: Vec<LeafNode> = test.fields["leaves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leaf| LeafNode::from_bytes(&hex::decode(leaf.as_str().unwrap()).unwrap()).unwrap())
        .collect();
    let participants = ParticipantListData::from_bytes(&test.octets("participantList").unwrap()).unwrap();
    check_leaves((0u32..).zip(&leaves), &participants).map_err(|error| {
        let name = match error {
            LeavesError::ParticipantNotPseudonymous { .. } => "participant-not-pseudonymous",
            LeavesError::NotPseudonymous { .. } => "not-pseudonymous",
            LeavesError::Pseudonym { error, .. } => return pseudonym_error(error),
            LeavesError::OtherKey { .. } => "other-key",
            LeavesError::NotAParticipant { .. } => "not-a-participant",
            LeavesError::ClientTwice { .. } => "client-twice",
            other => panic!("no vector has {other:?}"),
        };
        refused(name, error.section())
    })
}
