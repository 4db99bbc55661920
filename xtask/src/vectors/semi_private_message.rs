//! SemiPrivateMessage and the list of external receivers on the wire: draft-mahy-mls-semiprivatemessage-07 section 3.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spec_vectors::BugType;

use super::builder::{Built, FileBuilder, Rule};
use super::hpke;
use super::keys::octets;
use super::layout::{Part, Struct, opaque, raw, u8, u64, vector};
use super::mls::{EPOCH, GROUP, HUB, credential};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

pub(crate) const USAGE: &str = "draft-mahy-mls-semiprivatemessage-07 section 3";
pub(crate) const ENCRYPTION: &str = "draft-mahy-mls-semiprivatemessage-07 section 3.1";

const APPLICATION: Rule = Rule("application-content", ENCRYPTION);
const CONTENT_TYPE: Rule = Rule("content-type-unknown", "RFC 9420 section 6");
pub(crate) const RECEIVER_TWICE: Rule = Rule("receiver-twice", ENCRYPTION);
const NO_RECEIVER: Rule = Rule("no-receiver", USAGE);

/// An external receiver that is not the hub.
pub(crate) const ARCHIVE: &str = "mimi://archive.example";

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![message()?, receivers()?])
}

/// The external receiver of a name, with the HPKE key of that name.
pub(crate) fn receiver(name: &str) -> Struct {
    Struct::new()
        .add("external_receiver_public_key", opaque(&hpke::public_key(name)))
        .add("credential", Part::Struct(credential(name)))
}

/// The reference of the external receiver of a name.
pub(crate) fn reference(name: &str) -> Vec<u8> {
    Sha256::digest(receiver(name).octets()).to_vec()
}

/// The list of external receivers.
pub(crate) fn list(names: &[&str]) -> Struct {
    Struct::new().add("external_receivers", vector(names.iter().map(|name| Part::Struct(receiver(name)))))
}

fn key_for(name: &str) -> Part {
    let sealed = Struct::new()
        .add("kem_output", opaque(&octets(&format!("kem output for {name}"), 32)))
        .add("ciphertext", opaque(&octets(&format!("keys for {name}"), 54)));
    Part::Struct(
        Struct::new()
            .add("external_receiver_ref", opaque(&reference(name)))
            .add("encrypted_keys_and_nonces", Part::Struct(sealed)),
    )
}

fn laid_out(content_type: u8, aad: &[u8], names: &[&str]) -> Struct {
    Struct::new()
        .add("group_id", opaque(GROUP.as_bytes()))
        .add("epoch", u64(EPOCH))
        .add("content_type", u8(content_type))
        .add("authenticated_data", opaque(aad))
        .add("partial_context_hash", opaque(&octets("partial context hash", 32)))
        .add("keys_for_external_receivers", vector(names.iter().map(|name| key_for(name))))
        .add("framed_content_tbs_hash", opaque(&octets("framed content tbs hash", 32)))
        .add("encrypted_sender_data", opaque(&octets("sender data", 28)))
        .add("ciphertext", opaque(&octets("semi-private ciphertext", 120)))
}

fn decoded(content_type: &str, aad: &[u8], names: &[&str]) -> Value {
    let keys: Value = names
        .iter()
        .map(|name| {
            json!({
                "external_receiver_ref": hex::encode(reference(name)),
                "kem_output": hex::encode(octets(&format!("kem output for {name}"), 32)),
                "ciphertext": hex::encode(octets(&format!("keys for {name}"), 54)),
            })
        })
        .collect();
    json!({
        "group_id": GROUP, "epoch": EPOCH, "content_type": content_type, "authenticated_data": hex::encode(aad),
        "partial_context_hash": hex::encode(octets("partial context hash", 32)),
        "keys_for_external_receivers": keys,
        "framed_content_tbs_hash": hex::encode(octets("framed content tbs hash", 32)),
        "encrypted_sender_data": hex::encode(octets("sender data", 28)),
        "ciphertext": hex::encode(octets("semi-private ciphertext", 120)),
    })
}

fn message() -> Result<Built> {
    let of = |comment: &str, (number, name): (u8, &str), aad: &[u8], names: &[&str]| {
        valid(comment, &laid_out(number, aad, names), decoded(name, aad, names))
    };
    let (proposal, commit) = ((2, "proposal"), (3, "commit"));
    let usual = laid_out(3, &[], &[HUB]);
    let mut cases = vec![
        of("a commit for the hub", commit, &[], &[HUB]),
        of("a proposal for the hub", proposal, &[], &[HUB]),
        of("a commit for two receivers", commit, &[], &[HUB, ARCHIVE]),
        of("a proposal with additional data", proposal, &[0], &[ARCHIVE]),
    ];
    cases.extend(wire::malformed(&usual, "ciphertext", "keys_for_external_receivers")?);
    let content = |comment: &str, flag: &str, rule: Rule, value: u8| {
        replaced(comment, flag, rule, &usual, "content_type", u8(value))
    };
    cases.push(content("application data", "Application", APPLICATION, 1)?);
    cases.push(content("content type 0", "UnknownValue", CONTENT_TYPE, 0)?);
    cases.push(content("content type 4", "UnknownValue", CONTENT_TYPE, 4)?);
    let keys = "keys_for_external_receivers";
    let none = laid_out(3, &[], &[]);
    cases.push(broken("no external receiver", "Receivers", NO_RECEIVER, &none, keys)?);
    let twice = laid_out(3, &[], &[HUB, HUB]);
    cases.push(broken("the same receiver twice, with the same keys", "Receivers", RECEIVER_TWICE, &twice, keys)?);
    let other = laid_out(3, &[], &[HUB, ARCHIVE])
        .replace("keys_for_external_receivers/1/external_receiver_ref", opaque(&reference(HUB)));
    cases.push(broken("the same receiver twice, with other keys", "Receivers", RECEIVER_TWICE, &other, keys)?);
    let file = FileBuilder::new(
        "mimi-protocol",
        revisions::SEMI_PRIVATE_MESSAGE,
        "semi-private-message",
        "SemiPrivateMessage",
        "3.1",
    )
    .header("SemiPrivateMessage as it stands in an MLSMessage after the wire format. The octets of hashes and ciphertexts are arbitrary.")
    .header("external_receiver_ref is an opaque<V> (interpretation IM-06).")
    .note(
        "Application",
        BugType::MissingCheck,
        "draft-mahy-mls-semiprivatemessage-07 section 1",
        "the content type is application",
        Some("people's messages are shown to the hub"),
    )
    .note(
        "Receivers",
        BugType::MissingCheck,
        ENCRYPTION,
        "the keys are not one for each of at least one receiver",
        Some("two receivers read two different things under one name"),
    );
    wire::unknown_value_note(wire::valid_note(wire::notes(file), ENCRYPTION), "RFC 9420 section 6")
        .group(GROUP_TYPE, cases)
        .finish()
}

fn receivers() -> Result<Built> {
    let of = |comment: &str, names: &[&str]| {
        let decoded: Value = names
            .iter()
            .map(|name| json!({"external_receiver_public_key": hex::encode(hpke::public_key(name)), "credential": {"basic": name}}))
            .collect();
        valid(comment, &list(names), json!({"external_receivers": decoded}))
    };
    let usual = list(&[HUB, ARCHIVE]);
    let mut cases = vec![of("the hub", &[HUB]), of("two receivers", &[HUB, ARCHIVE])];
    cases.extend(wire::malformed(&usual, "external_receivers", "external_receivers/0/external_receiver_public_key")?);
    cases.push(broken("nobody", "Receivers", NO_RECEIVER, &list(&[]), "external_receivers")?);
    let twice = list(&[HUB, ARCHIVE, HUB]);
    cases.push(broken("the hub twice", "Receivers", RECEIVER_TWICE, &twice, "external_receivers")?);
    cases.push(replaced(
        "a credential of an unknown type",
        "UnknownValue",
        Rule("credential-type-unknown", "RFC 9420 section 5.3"),
        &usual,
        "external_receivers/1/credential",
        raw([0, 3, 0]),
    )?);
    let file = FileBuilder::new(
        "mimi-protocol",
        revisions::SEMI_PRIVATE_MESSAGE,
        "external-receivers",
        "ExternalReceivers",
        "3",
    )
    .header("The data of component 0x0008 in the app_data_dictionary of the GroupContext, and the update of an AppDataUpdate proposal for it (interpretation IM-07).")
    .note("Receivers", BugType::MissingCheck, USAGE, "there is no receiver, or one of them twice", None);
    wire::unknown_value_note(wire::valid_note(wire::notes(file), USAGE), USAGE).group(GROUP_TYPE, cases).finish()
}
