//! Reporting abuse: draft-ietf-mimi-protocol-06 section 5.9.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, FileBuilder, Rule};
use super::identifier_query::{dictionary, dictionary_decoded};
use super::layout::{Part, Struct, opaque, u8, u64, vector};
use super::mls::{ALICE, BOB, frank, frank_decoded};
use super::rules::NOT_UTF8;
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.9";

const ABUSER_EMPTY: Rule = Rule("alleged-abuser-empty", SECTION);
const NOT_SORTED: Rule = Rule("components-not-sorted", "draft-ietf-mls-extensions section 4.6");

const TIME: u64 = 1_767_225_600_456;

/// A report with these messages.
fn report(reporter: &str, reason: u8, note: &str, messages: &[&[u8]], extensions: &[(u16, &[u8])]) -> Struct {
    let message = |content: &&[u8]| {
        Part::Struct(
            Struct::new()
                .add("message_content", opaque(content))
                .add("frank", Part::Struct(frank()))
                .add("accepted_timestamp", u64(TIME)),
        )
    };
    Struct::new()
        .add("reportingUser", opaque(reporter.as_bytes()))
        .add("allegedAbuserUri", opaque(BOB.as_bytes()))
        .add("reasonCode", u8(reason))
        .add("note", opaque(note.as_bytes()))
        .add("messages", vector(messages.iter().map(message)))
        .add("abuse_extensions", dictionary(extensions))
}

fn decoded(reporter: &str, reason: u8, note: &str, messages: &[&[u8]], extensions: &[(u16, &[u8])]) -> Value {
    let message = |content: &&[u8]| json!({"message_content": hex::encode(content), "frank": frank_decoded(), "accepted_timestamp": TIME});
    json!({
        "reportingUser": reporter,
        "allegedAbuserUri": BOB,
        "reasonCode": reason,
        "note": note,
        "messages": messages.iter().map(message).collect::<Value>(),
        "abuse_extensions": dictionary_decoded(extensions),
    })
}

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let of = |comment: &str, reporter: &str, reason: u8, note: &str, messages: &[&[u8]], more: &[(u16, &[u8])]| {
        valid(comment, &report(reporter, reason, note, messages, more), decoded(reporter, reason, note, messages, more))
    };
    let usual = report(ALICE, 0, "Rude.", &[b"you ..."], &[(0x8000, b"\x01")]);
    let long = vec![0x61; 20_000];
    let mut cases = vec![
        of("nothing but whom it is about; who reports is not told", "", 0, "", &[], &[]),
        of("who reports, and a note", ALICE, 0, "Grüße, 李", &[], &[]),
        of("one message", ALICE, 0, "Rude.", &[b"you ..."], &[]),
        of("three messages, one of them empty and one of 20 000 octets", ALICE, 0, "", &[b"a", b"", &long], &[]),
        of("a reason that no draft defines", ALICE, 1, "", &[], &[]),
        of("the last reason", ALICE, 255, "", &[], &[]),
        of("with extensions", ALICE, 0, "Rude.", &[b"you ..."], &[(0x8000, b"\x01")]),
    ];
    cases.extend(wire::malformed(&usual, "abuse_extensions", "messages/0/message_content")?);
    cases.push(replaced("nobody is accused", "Forbidden", ABUSER_EMPTY, &usual, "allegedAbuserUri", opaque(b""))?);
    for path in ["reportingUser", "allegedAbuserUri", "note"] {
        let spoilt = usual.clone().replace(path, opaque(b"\xff"));
        let comment = format!("{path} is not UTF-8");
        cases.push(broken(&comment, "Forbidden", NOT_UTF8, &spoilt, &format!("{path}/content"))?);
    }
    let twice: &[(u16, &[u8])] = &[(0x8000, b"\x01"), (0x8000, b"\x02")];
    let path = "abuse_extensions";
    cases.push(replaced("an extension twice", "Forbidden", NOT_SORTED, &usual, path, dictionary(twice))?);
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "abuse-report", "AbuseReport", "5.9")
        .header("The draft calls reportingUser optional and gives it a plain vector; absent is read as empty.")
        .header("The draft defines no AbuseType; every value is kept.")
        .header("The franks are well formed and of no key; checking them is another matter.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the drafts do not allow", None);
    wire::valid_note(wire::notes(file), SECTION).group(GROUP_TYPE, cases).finish()
}
