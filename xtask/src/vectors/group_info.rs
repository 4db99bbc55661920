//! Claiming group key information: draft-ietf-mimi-protocol-06 section 5.6.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::keys::{Key, octets};
use super::layout::{Part, Struct, opaque, optional, u8, u16, u64, vector};
use super::mls::{
    BOB_CLIENT, CATHY_TABLET, Content, EPOCH, HUB, ROOM, SUITE, Sender, credential, group_info, group_info_decoded,
    private_message, public_message, remove, tree_at_service, tree_full,
};
use super::rules::{NOT_A_PROPOSAL, PRESENCE_INVALID, SIGNATURE_INVALID, SUITE_UNSUPPORTED};
use super::update::{leave, tree_decoded};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.6";
const REQUEST_LABEL: &str = "GroupInfoRequestTBS";
const RESPONSE_LABEL: &str = "GroupInfoResponseTBS";

const CODE: Rule = Rule("group-info-code-unknown", SECTION);
const ROOM_EMPTY: Rule = Rule("group-info-room-empty", SECTION);
const OTHER_GROUP: Rule = Rule("pending-of-another-group", SECTION);
const TREE_INSIDE: Rule = Rule("tree-in-group-info", "draft-ietf-mimi-protocol-06 section 5.3");

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![request()?, response()?, content()?])
}

fn request_tbs(suite: u16, code: Option<&[u8]>) -> Struct {
    Struct::new()
        .add("protocol", u8(1))
        .add("cipher_suite", u16(suite))
        .add("requestingSignatureKey", opaque(&Key::of(CATHY_TABLET).public()))
        .add("requestingCredential", Part::Struct(credential(CATHY_TABLET)))
        .add("groupInfoPublicKey", opaque(&octets("group info key", 32)))
        .add("joiningCode", optional(code.map(opaque)))
}

fn sign(tbs: Struct, key: &Key, label: &str) -> Struct {
    let signature = key.sign(label, &tbs.octets());
    tbs.add("signature", opaque(&signature))
}

fn last64(message: &Struct) -> String {
    let octets = message.octets();
    hex::encode(octets.get(octets.len().saturating_sub(64)..).unwrap_or_default())
}

fn request() -> Result<Built> {
    let key = Key::of(CATHY_TABLET);
    let usual = sign(request_tbs(SUITE, None), &key, REQUEST_LABEL);
    let coded = sign(request_tbs(SUITE, Some(b"let me in")), &key, REQUEST_LABEL);
    let decoded = |code: Value, message: &Struct| {
        json!({
            "protocol": "mls10", "cipher_suite": SUITE, "requestingSignatureKey": hex::encode(key.public()),
            "requestingCredential": {"basic": CATHY_TABLET}, "groupInfoPublicKey": hex::encode(octets("group info key", 32)),
            "joiningCode": code, "signature": last64(message),
        })
    };
    let mut cases = vec![
        valid("without a joining code", &usual, decoded(Value::Null, &usual)),
        valid("with a joining code", &coded, decoded(hex::encode(b"let me in").into(), &coded)),
    ];
    cases.extend(wire::malformed(&usual, "signature", "groupInfoPublicKey")?);
    cases.extend(wire::unknown_protocols(&usual)?);
    cases.push(replaced(
        "the octet before the optional joining code is 2",
        "Forbidden",
        PRESENCE_INVALID,
        &usual,
        "joiningCode",
        u8(2),
    )?);
    let forged = |comment: &str, message: &Struct| {
        Case::invalid(comment, "Signature", SIGNATURE_INVALID.nowhere()).octets("encoded", &message.octets())
    };
    cases.push(forged("signed with another key", &sign(request_tbs(SUITE, None), &Key::of(BOB_CLIENT), REQUEST_LABEL)));
    cases.push(forged("signed with another label", &sign(request_tbs(SUITE, None), &key, RESPONSE_LABEL)));
    cases.push(forged(
        "the encryption key was changed after signing",
        &usual.clone().replace("groupInfoPublicKey", opaque(&octets("another key", 32))),
    ));
    cases.push(
        Case::invalid(
            "a cipher suite whose signature scheme is not Ed25519, but an Ed25519 signature",
            "Signature",
            SUITE_UNSUPPORTED.nowhere(),
        )
        .octets("encoded", &sign(request_tbs(2, None), &key, REQUEST_LABEL).octets()),
    );
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "group-info-request", "GroupInfoRequest", "5.6")
        .header("The draft gives the joining code as optional in the TBS struct and as plain in the request; we send it as optional<V> in both, so that the request is its TBS form with the signature behind it.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the draft does not allow", None)
        .note("Signature", BugType::AuthenticationBypass, SECTION, "the signature does not hold", Some("the GroupInfo is given to somebody who is not the client named, or encrypted to somebody else's key"));
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}

fn head(room: &str, status: u8) -> Struct {
    Struct::new().add("version", u8(1)).add("room_id", opaque(room.as_bytes())).add("status", u8(status))
}

fn response_tbs() -> Struct {
    let sender = Struct::new()
        .add("signature_key", opaque(&Key::of(HUB).public()))
        .add("credential", Part::Struct(credential(HUB)));
    let ciphertext = Struct::new()
        .add("kem_output", opaque(&octets("group info: kem output", 32)))
        .add("ciphertext", opaque(&octets("group info: ciphertext", 400)));
    head(ROOM, 1)
        .add("cipher_suite", u16(SUITE))
        .add("hub_sender", Part::Struct(sender))
        .add("encrypted_groupinfo_and_tree", Part::Struct(ciphertext))
}

fn response() -> Result<Built> {
    let usual = sign(response_tbs(), &Key::of(HUB), RESPONSE_LABEL);
    let decoded = json!({
        "version": "mls10", "room_id": ROOM, "status": "success", "cipher_suite": SUITE,
        "hub_sender": {"signature_key": hex::encode(Key::of(HUB).public()), "credential": {"basic": HUB}},
        "encrypted_groupinfo_and_tree": {
            "kem_output": hex::encode(octets("group info: kem output", 32)),
            "ciphertext": hex::encode(octets("group info: ciphertext", 400)),
        },
        "signature": last64(&usual),
    });
    let refused = |status: &str| json!({"version": "mls10", "room_id": ROOM, "status": status});
    let mut cases = vec![
        valid("success", &usual, decoded),
        valid("not authorized: nothing follows, not even a signature", &head(ROOM, 2), refused("notAuthorized")),
        valid("no such room", &head(ROOM, 3), refused("noSuchRoom")),
    ];
    cases.extend(wire::malformed(&usual, "signature", "hub_sender/signature_key")?);
    for value in [0, 4, 255] {
        cases.push(replaced(&format!("status {value}"), "UnknownValue", CODE, &usual, "status", u8(value))?);
    }
    cases.push(replaced("protocol 0", "UnknownValue", super::rules::PROTOCOL_UNKNOWN, &usual, "version", u8(0))?);
    cases.push(replaced("no room", "Forbidden", ROOM_EMPTY, &usual, "room_id", opaque(&[]))?);
    let trailing = [head(ROOM, 2).octets(), vec![0]].concat();
    cases.push(
        Case::invalid("a refusal with something behind it", "Trailing", super::rules::TRAILING.at(trailing.len() - 1))
            .octets("encoded", &trailing),
    );
    let forged = |comment: &str, message: &Struct| {
        Case::invalid(comment, "Signature", SIGNATURE_INVALID.nowhere()).octets("encoded", &message.octets())
    };
    cases.push(forged("signed with another key", &sign(response_tbs(), &Key::of(BOB_CLIENT), RESPONSE_LABEL)));
    cases.push(forged("signed with another label", &sign(response_tbs(), &Key::of(HUB), REQUEST_LABEL)));
    cases.push(forged(
        "the room was changed after signing",
        &usual.clone().replace("room_id", opaque(b"mimi://a.example/r/clubhousf")),
    ));
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "group-info-response", "GroupInfoResponse", "5.6")
        .header("The ciphertext is arbitrary; what is in it has vectors of its own (group-info-content.json). The signature holds unless the flag says otherwise.")
        .header("Only a success is signed. The draft gives a refusal no body beyond its status.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the draft does not allow", None)
        .note("Signature", BugType::AuthenticationBypass, SECTION, "the hub's signature does not hold", Some("a client joins a group that the hub does not know"));
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}

fn content() -> Result<Built> {
    const TIME: u64 = 1_767_225_600_321;
    let pending = |message: Struct| {
        Part::Struct(Struct::new().add("proposal", Part::Struct(message)).add("hub_accepted_time", u64(TIME)))
    };
    let tbe = |with_tree: bool, tree: Struct, proposals: Vec<Part>| {
        Struct::new()
            .add("groupInfo", Part::Struct(group_info(EPOCH, BOB_CLIENT, 1, with_tree)))
            .add("ratchetTreeOption", Part::Struct(tree))
            .add("pending_proposals", vector(proposals))
    };
    let decoded = |tree: &str, proposals: Value| json!({"groupInfo": group_info_decoded(EPOCH, 1), "ratchetTreeOption": tree_decoded(tree), "pending_proposals": proposals});
    let [(first, first_decoded), (second, second_decoded), _] = leave();
    let waiting = tbe(false, tree_full(), vec![pending(first.clone()), pending(second.clone())]);
    let mut cases = vec![
        valid("nothing is pending", &tbe(false, tree_full(), vec![]), decoded("full", json!([]))),
        valid(
            "the tree is left to the distribution service",
            &tbe(false, tree_at_service(), vec![]),
            decoded("distributionService", json!([])),
        ),
        valid(
            "two proposals are pending",
            &waiting,
            decoded(
                "full",
                json!([{"proposal": first_decoded, "hub_accepted_time": TIME}, {"proposal": second_decoded, "hub_accepted_time": TIME}]),
            ),
        ),
    ];
    cases.extend(wire::malformed(&waiting, "pending_proposals", "groupInfo/confirmation_tag")?);
    cases.push(broken(
        "the tree inside the GroupInfo",
        "Forbidden",
        TREE_INSIDE,
        &tbe(true, tree_full(), vec![]),
        "groupInfo",
    )?);
    let old = public_message(EPOCH - 1, Sender::Member(1), BOB_CLIENT, Content::Proposal, remove(3));
    cases.push(broken(
        "a pending proposal of an earlier epoch",
        "Forbidden",
        OTHER_GROUP,
        &tbe(false, tree_full(), vec![pending(old)]),
        "pending_proposals",
    )?);
    let private = private_message(EPOCH, Content::Application, 100);
    cases.push(broken(
        "an application message among the pending proposals",
        "WrongKind",
        NOT_A_PROPOSAL,
        &tbe(false, tree_full(), vec![pending(private)]),
        "pending_proposals/0",
    )?);
    let file =
        FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "group-info-content", "GroupInfoRatchetTreeTBE", "5.6")
            .header("What the hub encrypts to the key in the request.")
            .note(
                "Forbidden",
                BugType::MissingCheck,
                SECTION,
                "parts that may not stand together or in this place",
                Some("the joiner's commit leaves out what the hub wants in it, or takes in what it does not"),
            );
    let file = wire::valid_note(wire::notes(file), SECTION);
    wire::wrong_kind_note(file, SECTION).group(GROUP_TYPE, cases).finish()
}
