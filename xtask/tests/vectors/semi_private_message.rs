//! SemiPrivateMessages: read, and opened with the HPKE of the MLS library.

use mimi_protocol::crypto::{Hpke, HpkeCiphertext, HpkeError};
use mimi_protocol::mls::GroupContext;
use mimi_protocol::semi_private_message::{
    AuthenticatedHandshake, ExternalReceiver, ExternalReceivers, Handshake, NotUsable, OpenError, SecretTree,
    SecretsError, SemiPrivateMessage, open_as_member, open_as_receiver,
};
use mimi_protocol::{CipherSuite, Wire};
use openmls::prelude::{Ciphersuite, HpkeCiphertext as LibraryCiphertext, OpenMlsCrypto as _};
use openmls_rust_crypto::RustCrypto;
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase};

use crate::rules::{decode_error, signature_error};
use crate::{Verdict, describe, refused};

/// HPKE of the MLS library, for opening.
struct LibraryHpke(RustCrypto);

impl Hpke for LibraryHpke {
    fn seal(&self, suite: CipherSuite, _: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> Result<HpkeCiphertext, HpkeError> {
        Err(HpkeError::UnsupportedCipherSuite(suite))
    }

    fn open(
        &self,
        suite: CipherSuite,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
        ciphertext: &HpkeCiphertext,
    ) -> Result<Vec<u8>, HpkeError> {
        let sealed = LibraryCiphertext {
            kem_output: ciphertext.kem_output.as_slice().into(),
            ciphertext: ciphertext.ciphertext.as_slice().into(),
        };
        let config = Ciphersuite::try_from(suite.0).unwrap().hpke_config();
        self.0.hpke_open(config, &sealed, private_key, info, aad).map_err(|_| HpkeError::Open)
    }
}

pub(crate) fn message(message: &SemiPrivateMessage) -> Value {
    let keys: Value = message
        .keys_for_external_receivers
        .iter()
        .map(|key| {
            json!({
                "external_receiver_ref": hex::encode(key.external_receiver_ref.as_bytes()),
                "kem_output": hex::encode(&key.encrypted_keys_and_nonces.kem_output),
                "ciphertext": hex::encode(&key.encrypted_keys_and_nonces.ciphertext),
            })
        })
        .collect();
    json!({
        "group_id": String::from_utf8(message.group_id.clone()).unwrap(), "epoch": message.epoch.0,
        "content_type": describe::camel(&format!("{:?}", message.content_type)),
        "authenticated_data": hex::encode(&message.authenticated_data),
        "partial_context_hash": hex::encode(&message.partial_context_hash),
        "keys_for_external_receivers": keys,
        "framed_content_tbs_hash": hex::encode(&message.framed_content_tbs_hash),
        "encrypted_sender_data": hex::encode(&message.encrypted_sender_data),
        "ciphertext": hex::encode(&message.ciphertext),
    })
}

pub(crate) fn receivers(receivers: &ExternalReceivers) -> Value {
    let receiver = |receiver: &ExternalReceiver| {
        json!({
            "external_receiver_public_key": hex::encode(&receiver.external_receiver_public_key),
            "credential": describe::credential(&receiver.credential),
        })
    };
    json!({"external_receivers": receivers.as_slice().iter().map(receiver).collect::<Value>()})
}

fn octets<T: Wire>(test: &TestCase, name: &str) -> T {
    T::from_bytes(&test.octets(name).unwrap()).unwrap_or_else(|error| panic!("test {}: {name}: {error}", test.tc_id))
}

fn signature_keys(test: &TestCase) -> impl Fn(u32) -> Option<Vec<u8>> {
    let keys = test.fields["signatureKeys"].as_array().unwrap().clone();
    move |leaf| keys.get(leaf as usize)?.as_str().map(|key| hex::decode(key).unwrap())
}

/// What came out is what the vector says.
fn compare(test: &TestCase, opened: &AuthenticatedHandshake) -> Verdict {
    let content = match opened.content() {
        Handshake::Proposal(proposal) => proposal.to_bytes(),
        Handshake::Commit(commit) => commit.to_bytes(),
    };
    assert_eq!(Some(content.unwrap()), test.octets("content"), "test {}", test.tc_id);
    assert_eq!(Some(opened.signature().to_vec()), test.octets("signature"));
    assert_eq!(Some(opened.authenticated_data().to_vec()), test.octets("authenticatedData"));
    assert_eq!(test.fields["senderLeafIndex"], opened.sender_leaf_index());
    Ok(())
}

// req: SP07-3.2-01, SP07-3.2-02, SP07-3.2-03, SP07-3.2-04, SP07-3.2-05, SP07-3.2-06, SP07-3.2-07
pub(crate) fn as_member(test: &TestCase) -> Verdict {
    let context: GroupContext = octets(test, "groupContext");
    let leaves = u32::try_from(test.fields["leaves"].as_u64().unwrap()).unwrap();
    let [encryption, sender_data] = ["encryptionSecret", "senderDataSecret"].map(|name| test.octets(name).unwrap());
    let mut secrets = SecretTree::new(context.cipher_suite, leaves, &encryption, &sender_data).unwrap();
    let opened = open_as_member(&octets(test, "message"), &context, &mut secrets, signature_keys(test));
    compare(test, &opened.map_err(error)?)
}

// req: SP07-3.3-01, SP07-3.3-02, SP07-3.3-03, SP07-3.3-04, SP07-3.3-05, SP07-3.3-06, SP07-3.3-07
pub(crate) fn as_receiver(test: &TestCase) -> Verdict {
    let context: GroupContext = octets(test, "groupContext");
    let receiver: ExternalReceiver = octets(test, "receiver");
    let private_key = test.octets("privateKey").unwrap();
    let hpke = LibraryHpke(RustCrypto::default());
    let message = octets(test, "message");
    let opened = open_as_receiver(&message, context.cipher_suite, &receiver, &private_key, &hpke).map_err(error)?;
    compare(test, &opened.verify(&context, signature_keys(test)).map_err(error)?)
}

fn error(error: OpenError) -> ExpectedError {
    let section = error.section();
    let name = match error {
        OpenError::Signature(error) => return signature_error(error),
        OpenError::ContentMalformed(error) => return ExpectedError { offset: None, ..decode_error(error) },
        OpenError::NotUsable(NotUsable::NotRequired) => "not-required",
        OpenError::OtherGroup => "other-group",
        OpenError::OtherEpoch { .. } => "other-epoch",
        OpenError::ReceiverNotListed => "receiver-not-listed",
        OpenError::ReceiverMissing => "receiver-missing",
        OpenError::NotForUs => "not-for-us",
        OpenError::SenderData => "sender-data",
        OpenError::BlankLeaf { .. } => "blank-leaf",
        OpenError::Secrets(SecretsError::TooFarAhead { .. }) => "too-far-ahead",
        OpenError::Secrets(SecretsError::NoSuchLeaf { .. }) => "no-such-leaf",
        OpenError::Keys(_) => "keys",
        OpenError::KeysMalformed => "keys-malformed",
        OpenError::PartialContextHash => "partial-context-hash",
        OpenError::Content => "content",
        OpenError::TbsHash => "tbs-hash",
        other => panic!("no vector has {other:?}"),
    };
    refused(name, section)
}
