//! Labelled signatures and encryption contexts: RFC 9420 sections 5.1.2 and 5.1.3, as draft-ietf-mimi-protocol-06 uses them.

use anyhow::Result;
use mimi_arch::revisions;
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder};
use super::keys::{Key, labelled, octets};
use super::mls::ROOM;
use super::rules::SIGNATURE_INVALID;

const SIGN: &str = "RFC 9420 section 5.1.2";
const ENCRYPT: &str = "RFC 9420 section 5.1.3";

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let key = Key::of("labels");
    let fields = |case: Case, key: &Key, label: &str, content: &[u8], signature: &[u8]| {
        case.with("cipherSuite", 1)
            .octets("seed", key.seed())
            .octets("publicKey", &key.public())
            .with("label", label)
            .octets("content", content)
            .octets("signContent", &labelled(label, content))
            .octets("signature", signature)
    };
    let good = |comment: &str, label: &str, content: &[u8]| {
        fields(Case::valid(comment, "Label"), &key, label, content, &key.sign(label, content))
    };
    let bad = |comment: &str, label: &str, content: &[u8], signature: &[u8]| {
        fields(Case::invalid(comment, "Forged", SIGNATURE_INVALID.nowhere()), &key, label, content, signature)
    };
    let content = octets("content", 40);
    let signature = key.sign("KeyMaterialRequestTBS", &content);
    let mut flipped = signature.clone();
    if let Some(first) = flipped.first_mut() {
        *first ^= 1;
    }
    let unlabelled = {
        use ed25519_dalek::Signer as _;
        let seed: [u8; 32] = key.seed().try_into()?;
        ed25519_dalek::SigningKey::from_bytes(&seed).sign(&content).to_bytes().to_vec()
    };
    let signatures = vec![
        good("the label of the key material request", "KeyMaterialRequestTBS", &content),
        good("the label of the group info request", "GroupInfoRequestTBS", &content),
        good("the label of the group info response", "GroupInfoResponseTBS", &content),
        good("no content", "KeyMaterialRequestTBS", &[]),
        good("content of 63 octets: the longest length of one octet", "KeyMaterialRequestTBS", &octets("content", 63)),
        good(
            "content of 64 octets: the shortest length of two octets",
            "KeyMaterialRequestTBS",
            &octets("content", 64),
        ),
        good(
            "content of 16384 octets: the shortest length of four octets",
            "KeyMaterialRequestTBS",
            &octets("content", 16384),
        ),
        good("a label of 60 letters, whose length takes two octets", &"L".repeat(60), &content),
        bad("another label", "GroupInfoRequestTBS", &content, &signature),
        bad("other content", "KeyMaterialRequestTBS", &octets("other content", 40), &signature),
        bad(
            "another key",
            "KeyMaterialRequestTBS",
            &content,
            &Key::of("another key").sign("KeyMaterialRequestTBS", &content),
        ),
        bad("one bit of the signature flipped", "KeyMaterialRequestTBS", &content, &flipped),
        bad("the content signed without a label", "KeyMaterialRequestTBS", &content, &unlabelled),
        bad(
            "label and content shifted against each other",
            "KeyMaterialRequestTB",
            &[b"S", &content[..]].concat(),
            &signature,
        ),
    ];
    let context = |comment: &str, label: &str, context: &[u8]| {
        Case::valid(comment, "Context")
            .with("label", label)
            .octets("context", context)
            .octets("encryptContext", &labelled(label, context))
    };
    let contexts = vec![
        context("the group info of a room", "GroupInfo and ratchet_tree encryption", ROOM.as_bytes()),
        context("no context", "GroupInfo and ratchet_tree encryption", &[]),
        context("a context of 64 octets", "GroupInfo and ratchet_tree encryption", &octets("context", 64)),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "labels", "SignWithLabel, EncryptWithLabel", "5.2")
        .header("Cipher suite 1: Ed25519. seed is the private key of RFC 8032; signContent is what is signed, encryptContext the info of HPKE.")
        .note("Label", BugType::Basic, SIGN, "what is signed begins with the label and its prefix", None)
        .note("Forged", BugType::AuthenticationBypass, SIGN, "the signature is not for this key, label and content", Some("a signature for one purpose is used for another one"))
        .note("Context", BugType::Basic, ENCRYPT, "the info of HPKE has the label, its prefix and the context", None)
        .group("SignWithLabel", signatures)
        .group("EncryptContext", contexts)
        .finish()
}
