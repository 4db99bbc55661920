//! CBOR by hand, right or wrong as a test wants it, in parts with names, so that a test can say at which octet it is wrong.

use anyhow::{Context, Result};

use super::super::builder::{Case, Rule};
use super::super::layout::{Part, Struct, raw, u8};

/// Octets given in hex; blanks do not count.
pub(super) fn hex(digits: &str) -> Result<Part> {
    let digits: String = digits.split_whitespace().collect();
    Ok(raw(::hex::decode(&digits).with_context(|| digits.clone())?))
}

/// A message with one part of text and no extensions, every field with the name that it has in the draft.
pub(super) fn message() -> Struct {
    let salt: Vec<u8> = std::iter::once(0x50).chain(0..16).collect();
    Struct::new()
        .add("head", u8(0x87))
        .add("salt", raw(salt))
        .add("replaces", u8(0xf6))
        .add("topicId", u8(0x40))
        .add("expires", u8(0xf6))
        .add("inReplyTo", u8(0xf6))
        .add("mimiExtensions", u8(0xa0))
        .add("nestedPart", Part::Struct(single()))
}

/// A part of text.
fn single() -> Struct {
    let media_type = b"text/plain;charset=utf-8";
    Struct::new()
        .add("head", u8(0x85))
        .add("disposition", u8(1))
        .add("language", u8(0x60))
        .add("cardinality", u8(1))
        .add("contentType", raw([&[0x78, 24], media_type.as_slice()].concat()))
        .add("content", raw(b"\x45Hello".as_slice()))
}

/// A message whose body is external.
pub(super) fn external() -> Struct {
    let url = b"https://a.example/x";
    let part = Struct::new()
        .add("head", u8(0x8f))
        .add("disposition", u8(6))
        .add("language", u8(0x60))
        .add("cardinality", u8(2))
        .add("contentType", raw(b"\x69image/png".as_slice()))
        .add("url", raw([&[0x73], url.as_slice()].concat()))
        .add("expires", u8(0))
        .add("size", u8(0))
        .add("encAlg", u8(0))
        .add("key", u8(0x40))
        .add("nonce", u8(0x40))
        .add("aad", u8(0x40))
        .add("hashAlg", u8(0))
        .add("contentHash", u8(0x40))
        .add("description", u8(0x60))
        .add("filename", u8(0x60));
    message().replace("nestedPart", Part::Struct(part))
}

/// A message with a body of two null parts.
pub(super) fn multi() -> Struct {
    let null = || Part::Struct(Struct::new().add("octets", raw([0x83, 1, 0x60, 0])));
    let parts = Struct::new().add("head", u8(0x82)).add("0", null()).add("1", null());
    let part = Struct::new()
        .add("head", u8(0x85))
        .add("disposition", u8(1))
        .add("language", u8(0x60))
        .add("cardinality", u8(3))
        .add("partSemantics", u8(0))
        .add("parts", Part::Struct(parts));
    message().replace("nestedPart", Part::Struct(part))
}

/// A message with other octets in one place, which break a rule so many octets further on.
pub(super) fn spoilt(
    comment: &str,
    flag: &str,
    rule: Rule,
    (message, path): (&Struct, &str),
    digits: &str,
    further: usize,
) -> Result<Case> {
    let message = message.clone().replace(path, hex(digits)?);
    let offset = message.offset(path).with_context(|| format!("{comment}: no part {path}"))? + further;
    Ok(Case::invalid(comment, flag, rule.at(offset)).octets("encoded", &message.octets()))
}
