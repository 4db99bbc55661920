//! Submitting an application message: draft-ietf-mimi-protocol-06 section 5.4.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::json;
use spec_vectors::BugType;

use super::builder::{Built, FileBuilder, Rule};
use super::layout::{Part, Struct, opaque, optional, u8, u64};
use super::mls::{
    ALICE_CLIENT, CATHY, Content, EPOCH, Sender, frank, frank_decoded, private_decoded, private_message,
    public_message, self_remove,
};
use super::rules::PRESENCE_INVALID;
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.4";

const NOT_APPLICATION: Rule = Rule("not-an-application-message", SECTION);
const URI_EMPTY: Rule = Rule("sending-uri-empty", SECTION);
const RESPONSE_CODE: Rule = Rule("submit-response-code-unknown", SECTION);

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![request()?, response()?])
}

fn body(message: Struct, uri: &str) -> Struct {
    Struct::new()
        .add("protocol", u8(1))
        .add("appMessage", Part::Struct(message))
        .add("sendingUri", opaque(uri.as_bytes()))
}

fn request() -> Result<Built> {
    let usual = body(private_message(EPOCH, Content::Application, 180), CATHY);
    let large = body(private_message(EPOCH, Content::Application, 20_000), CATHY);
    let decoded = json!({"protocol": "mls10", "appMessage": private_decoded(EPOCH), "sendingUri": CATHY});
    let mut cases = vec![
        valid("an application message", &usual, decoded.clone()),
        valid("one of 20 000 octets, whose length takes four octets", &large, decoded),
    ];
    cases.extend(wire::malformed(&usual, "sendingUri", "appMessage/ciphertext")?);
    cases.extend(wire::unknown_protocols(&usual)?);
    let wrong = |comment: &str, message: Struct| {
        broken(comment, "WrongKind", NOT_APPLICATION, &body(message, CATHY), "appMessage")
    };
    cases.push(wrong("an encrypted proposal", private_message(EPOCH, Content::Proposal, 100))?);
    cases.push(wrong("an encrypted commit", private_message(EPOCH, Content::Commit, 100))?);
    cases.push(wrong(
        "a proposal in the clear",
        public_message(EPOCH, Sender::Member(0), ALICE_CLIENT, Content::Proposal, self_remove()),
    )?);
    cases.push(wrong(
        "application data in the clear",
        public_message(EPOCH, Sender::Member(0), ALICE_CLIENT, Content::Application, opaque(b"hello")),
    )?);
    cases.push(replaced("no sending URI", "Forbidden", URI_EMPTY, &usual, "sendingUri", opaque(&[]))?);
    let file =
        FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "submit-message-request", "SubmitMessageRequest", "5.4")
            .note("Forbidden", BugType::MissingCheck, SECTION, "values that the draft does not allow", None);
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    wire::wrong_kind_note(file, SECTION).group(GROUP_TYPE, cases).finish()
}

fn response() -> Result<Built> {
    const TIME: u64 = 1_767_225_600_456;
    let answer = |code: u8| Struct::new().add("protocol", u8(1)).add("statusCode", u8(code));
    let accepted = answer(0).add("accepted_timestamp", u64(TIME)).add("frank", optional(None));
    let franked = answer(0).add("accepted_timestamp", u64(TIME)).add("frank", optional(Some(Part::Struct(frank()))));
    let mut cases = vec![
        valid(
            "accepted",
            &accepted,
            json!({"protocol": "mls10", "statusCode": "accepted", "accepted_timestamp": TIME, "frank": null}),
        ),
        valid(
            "accepted, with a frank",
            &franked,
            json!({"protocol": "mls10", "statusCode": "accepted", "accepted_timestamp": TIME, "frank": frank_decoded()}),
        ),
        valid("not allowed", &answer(1), json!({"protocol": "mls10", "statusCode": "notAllowed"})),
        valid(
            "epoch too old",
            &answer(2).add("currentEpoch", u64(EPOCH)),
            json!({"protocol": "mls10", "statusCode": "epochTooOld", "currentEpoch": EPOCH}),
        ),
    ];
    let last = "frank/value/franking_integrity_signature";
    cases.extend(wire::malformed(&franked, last, last)?);
    cases.extend(wire::unknown_protocols(&accepted)?);
    cases.push(replaced("status code 3", "UnknownValue", RESPONSE_CODE, &accepted, "statusCode", u8(3))?);
    cases.push(replaced("status code 255", "UnknownValue", RESPONSE_CODE, &accepted, "statusCode", u8(255))?);
    cases.push(replaced(
        "the octet before the optional frank is 2",
        "Forbidden",
        PRESENCE_INVALID,
        &accepted,
        "frank",
        u8(2),
    )?);
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "submit-message-response", "SubmitMessageResponse", "5.4")
        .header("The draft writes `optional Frank frank`; it is read as optional<Frank>. The code that the draft calls accepted in one place and success in another is accepted here.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the draft does not allow", None);
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}
