//! Cases that every message on the wire has: valid ones, and the ways in which any message can be malformed.

use anyhow::{Context, Result};
use serde_json::Value;
use spec_vectors::BugType;

use super::builder::{Case, FileBuilder, Rule};
use super::layout::{Part, Struct, raw, u8};
use super::rules::{
    LENGTH_NOT_SHORTEST, LENGTH_PREFIX_INVALID, PROTOCOL_UNKNOWN, TRAILING, TRUNCATED, VECTOR_TOO_LONG,
};

/// The type of the groups of these cases.
pub(crate) const GROUP_TYPE: &str = "Wire";

/// Adds the notes of [`malformed`].
pub(crate) fn notes(file: FileBuilder) -> FileBuilder {
    notes_without_trailing(file).note(
        "Trailing",
        BugType::Malleability,
        "RFC 9420 section 2.1",
        "octets follow the end",
        Some("what one implementation ignores another one reads"),
    )
}

/// The same where something may follow a message.
pub(crate) fn notes_without_trailing(file: FileBuilder) -> FileBuilder {
    file.note(
        "Truncated",
        BugType::MissingCheck,
        "RFC 9420 section 2.1",
        "the octets end too early",
        Some("a reader runs past the end, or takes a part for the whole"),
    )
    .note(
        "LengthForm",
        BugType::Malleability,
        "RFC 9420 section 2.1.2",
        "a vector length in a form that is not allowed",
        Some("one value has two encodings, so hashes, signatures and the recognition of duplicates disagree"),
    )
    .note(
        "Length",
        BugType::MissingCheck,
        "RFC 9420 section 2.1.2",
        "a vector length beyond the end",
        Some("memory is reserved for octets that never come"),
    )
}

/// The note of ordinary messages.
pub(crate) fn valid_note(file: FileBuilder, section: &str) -> FileBuilder {
    file.note(
        "Valid",
        BugType::Basic,
        section,
        "well formed; decoding gives the meaning and encoding that gives the octets back",
        None,
    )
}

/// The note of enum values that are not defined.
pub(crate) fn unknown_value_note(file: FileBuilder, section: &str) -> FileBuilder {
    file.note(
        "UnknownValue",
        BugType::MissingCheck,
        section,
        "an enum value that the draft does not define or reserves",
        Some("what follows is read as something else"),
    )
}

/// The note of messages of a wrong kind inside.
pub(crate) fn wrong_kind_note(file: FileBuilder, section: &str) -> FileBuilder {
    file.note(
        "WrongKind",
        BugType::MissingCheck,
        section,
        "a part that is well formed and of a kind that may not stand there",
        Some("a message takes effect on a way on which nobody checks it"),
    )
}

/// A message that is read as `decoded` and written as the same octets.
pub(crate) fn valid(comment: &str, message: &Struct, decoded: Value) -> Case {
    Case::valid(comment, "Valid").octets("encoded", &message.octets()).with("decoded", decoded)
}

/// A message that breaks a rule at one of its parts.
pub(crate) fn broken(comment: &str, flag: &str, rule: Rule, message: &Struct, path: &str) -> Result<Case> {
    let offset = message.offset(path).with_context(|| format!("{comment}: no part {path}"))?;
    Ok(Case::invalid(comment, flag, rule.at(offset)).octets("encoded", &message.octets()))
}

/// A message with one part replaced, which breaks a rule there.
pub(crate) fn replaced(
    comment: &str,
    flag: &str,
    rule: Rule,
    message: &Struct,
    path: &str,
    part: Part,
) -> Result<Case> {
    broken(comment, flag, rule, &message.clone().replace(path, part), path)
}

/// The ways in which any message can be malformed. `last` is the last part with octets of its own, `vector` any vector.
pub(crate) fn malformed(message: &Struct, last: &str, vector: &str) -> Result<Vec<Case>> {
    let octets = message.octets();
    let whole = octets.len();
    let last_at = message.offset(last).with_context(|| format!("no part {last}"))?;
    let without_last = octets.get(..whole - 1).unwrap_or_default();
    let cut = match message.part(last) {
        // A vector that is cut has a length that is too large for what is there.
        Some(part @ (Part::Vector(_) | Part::VectorWithLengthOf(..))) if part.octets().len() > 1 => VECTOR_TOO_LONG,
        _ => TRUNCATED,
    };
    let part = message.part(vector).with_context(|| format!("no part {vector}"))?;
    let at = message.offset(vector).with_context(|| format!("no part {vector}"))?;
    let spoilt = |part: Part| message.clone().replace(vector, part).octets();
    let huge = [&[0xbf, 0xff, 0xff, 0xff][..], octets.get(at + 1..).unwrap_or_default()].concat();
    let long_form = part.clone().with_long_length();
    Ok(vec![
        Case::invalid("no octets at all", "Truncated", TRUNCATED.at(0)).octets("encoded", &[]),
        Case::invalid("the last octet is missing", "Truncated", cut.at(last_at)).octets("encoded", without_last),
        Case::invalid("one octet too many", "Trailing", TRAILING.at(whole))
            .octets("encoded", &[&octets[..], &[0]].concat()),
        Case::invalid(
            format!("the length of {vector} in more octets than it needs"),
            "LengthForm",
            LENGTH_NOT_SHORTEST.at(at),
        )
        .octets("encoded", &spoilt(long_form)),
        Case::invalid(
            format!("the length of {vector} begins with the reserved bits 11"),
            "LengthForm",
            LENGTH_PREFIX_INVALID.at(at),
        )
        .octets("encoded", &spoilt(raw(vec![0xc0; 8]))),
        Case::invalid(format!("the length of {vector} is 2^30-1"), "Length", VECTOR_TOO_LONG.at(at))
            .octets("encoded", &[octets.get(..at).unwrap_or_default(), &huge].concat()),
    ])
}

/// The protocol octet with values that are not MLS 1.0.
pub(crate) fn unknown_protocols(message: &Struct) -> Result<Vec<Case>> {
    [0, 2, 255]
        .into_iter()
        .map(|value| {
            replaced(&format!("protocol {value}"), "UnknownValue", PROTOCOL_UNKNOWN, message, "protocol", u8(value))
        })
        .collect()
}
