//! What is no deterministic CBOR, or CBOR that the data model of messages does not have.

use anyhow::{Context, Result};
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::super::layout::{Struct, raw};
use super::cbor::{hex, message, spoilt};
use super::{GROUP_TYPE, file, section};

const WELL_FORMED: &str = "RFC 8949 section 3";
const DETERMINISTIC: &str = section!("6.1");
const DATA_MODEL: &str = section!("6.2");

pub(super) const TRUNCATED: Rule = Rule("truncated", WELL_FORMED);
pub(super) const TRAILING: Rule = Rule("trailing", WELL_FORMED);
const RESERVED: Rule = Rule("reserved-additional-information", WELL_FORMED);
const INDEFINITE: Rule = Rule("indefinite-length", DETERMINISTIC);
pub(super) const HEAD: Rule = Rule("head-not-shortest", DETERMINISTIC);
const FLOAT: Rule = Rule("float-not-shortest", DETERMINISTIC);
const SIMPLE: Rule = Rule("simple-value-invalid", "RFC 8949 section 3.3");
const ORDER: Rule = Rule("map-key-order", DETERMINISTIC);
const TWICE: Rule = Rule("map-key-twice", section!("4.3"));
const UTF8: Rule = Rule("not-utf8", DATA_MODEL);
const BIGNUM: Rule = Rule("bignum-not-shortest", DETERMINISTIC);
const BIGNUM_CONTENT: Rule = Rule("bignum-content", "RFC 8949 section 3.4.3");
const NAN: Rule = Rule("nan", DATA_MODEL);
const KEY_TYPE: Rule = Rule("map-key-type", DATA_MODEL);
const KEY_RANGE: Rule = Rule("map-key-range", DATA_MODEL);
const EXTENSION_KEY_TYPE: Rule = Rule("extension-key-type", DATA_MODEL);
const EXTENSION_KEY_LENGTH: Rule = Rule("extension-key-length", DATA_MODEL);
const EXTENSION_VALUE_TYPE: Rule = Rule("extension-value-type", section!("8.2.1"));
const EXTENSION_DEPTH: Rule = Rule("extension-depth", section!("6.3"));

/// Cases in the making, all spoilt versions of one message.
struct Cases {
    message: Struct,
    cases: Vec<Case>,
}

impl Cases {
    /// Other octets for a field, wrong so many octets further on.
    fn field(&mut self, path: &str, comment: &str, flag: &str, rule: Rule, digits: &str, further: usize) -> Result<()> {
        self.cases.push(spoilt(comment, flag, rule, (&self.message, path), digits, further)?);
        Ok(())
    }

    /// Other extensions, wrong so many octets behind their head.
    fn extensions(&mut self, comment: &str, flag: &str, rule: Rule, digits: &str, further: usize) -> Result<()> {
        self.field("mimiExtensions", comment, flag, rule, digits, further)
    }

    /// One extension with the key 3 and a value, wrong so many octets into the value.
    fn value(&mut self, comment: &str, flag: &str, rule: Rule, digits: &str, further: usize) -> Result<()> {
        self.extensions(comment, flag, rule, &format!("a103 {digits}"), further + 2)
    }
}

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let mut cases = Cases { message: message(), cases: Vec::new() };
    ends(&mut cases)?;
    heads(&mut cases)?;
    numbers(&mut cases)?;
    texts(&mut cases)?;
    keys(&mut cases)?;
    depth(&mut cases)?;
    let stands_twice =
        Some("one message has two encodings, so IDs, signatures and the recognition of duplicates disagree");
    file("malformed-cbor", "mimiContent", "6")
        .header("All are one message with other octets in one place.")
        .note(
            "Truncated",
            BugType::MissingCheck,
            WELL_FORMED,
            "the octets end too early",
            Some(
                "a reader runs past the end, takes a part for the whole, or reserves memory for octets that never come",
            ),
        )
        .note(
            "Trailing",
            BugType::Malleability,
            WELL_FORMED,
            "octets follow the end",
            Some("what one implementation ignores another one reads; the ID covers it"),
        )
        .note("Reserved", BugType::MissingCheck, WELL_FORMED, "additional information that has no meaning", None)
        .note("Indefinite", BugType::Malleability, DETERMINISTIC, "an item of indefinite length", stands_twice)
        .note(
            "Head",
            BugType::Malleability,
            DETERMINISTIC,
            "a number, length or count in more octets than it needs",
            stands_twice,
        )
        .note(
            "Float",
            BugType::Malleability,
            DETERMINISTIC,
            "a float in more octets than it needs, or a NaN other than the one",
            stands_twice,
        )
        .note(
            "Bignum",
            BugType::Malleability,
            DETERMINISTIC,
            "a bignum that an integer carries, or with zeros before it",
            stands_twice,
        )
        .note(
            "Utf8",
            BugType::MissingCheck,
            DATA_MODEL,
            "text that is not UTF-8",
            Some("a filter and a display see different text"),
        )
        .note(
            "KeyOrder",
            BugType::Malleability,
            DETERMINISTIC,
            "keys that are not in the order of their octets",
            stands_twice,
        )
        .note(
            "KeyTwice",
            BugType::Disagreement,
            section!("4.3"),
            "a key that stands there twice",
            Some("one implementation takes the first value and another one the last"),
        )
        .note(
            "Key",
            BugType::MissingCheck,
            DATA_MODEL,
            "keys of another type, length or range than may be",
            Some("two keys become one where numbers are doubles"),
        )
        .note("KnownExtension", BugType::MissingCheck, section!("8.2.1"), "a sender or room that is not text", None)
        .note(
            "Depth",
            BugType::MissingCheck,
            section!("6.3"),
            "extensions with more than four levels",
            Some("a reader runs out of stack"),
        )
        .group(GROUP_TYPE, cases.cases)
        .finish()
}

fn ends(cases: &mut Cases) -> Result<()> {
    let octets = cases.message.octets();
    let at = |path: &str| cases.message.offset(path).with_context(|| format!("no part {path}"));
    let ends = [
        ("no octets at all", 0, 0),
        ("the head of the message only", 1, at("salt")?),
        ("the salt is cut", 10, at("salt")?),
        ("the end behind the salt", at("replaces")?, at("replaces")?),
        ("no body", at("nestedPart")?, at("nestedPart")?),
        ("the end within the head of the media type", at("nestedPart/contentType")? + 1, at("nestedPart/contentType")?),
        ("the last octet is missing", octets.len() - 1, at("nestedPart/content")?),
    ];
    for (comment, length, offset) in ends {
        let cut = octets.get(..length).unwrap_or_default();
        cases.cases.push(Case::invalid(comment, "Truncated", TRUNCATED.at(offset)).octets("encoded", cut));
    }
    for (comment, more) in [("one octet too many", [0].as_slice()), ("the message twice", octets.as_slice())] {
        let longer = [octets.as_slice(), more].concat();
        let error = TRAILING.at(octets.len());
        cases.cases.push(Case::invalid(comment, "Trailing", error).octets("encoded", &longer));
    }
    for (comment, digits) in [
        ("octets of a length of 2^32", "5b 0000000100000000"),
        ("a list of 2^48 items", "9b 0001000000000000"),
        ("a map of 2^62 entries", "bb 4000000000000000"),
        ("text of 2^64-1 octets", "7b ffffffffffffffff"),
    ] {
        cases.value(comment, "Truncated", TRUNCATED, digits, 0)?;
    }
    cases.field("mimiExtensions", "2^64-1 extensions", "Truncated", TRUNCATED, "bb ffffffffffffffff", 0)
}

fn heads(cases: &mut Cases) -> Result<()> {
    for (comment, digits) in [
        ("additional information 28", "1c"),
        ("additional information 29", "5d 00"),
        ("additional information 30", "fe"),
        ("an integer of indefinite length", "1f"),
        ("a negative integer of indefinite length", "3f"),
        ("a tag of indefinite length", "df 00"),
    ] {
        cases.value(comment, "Reserved", RESERVED, digits, 0)?;
    }
    for (comment, path, digits) in [
        ("the message as a list of indefinite length", "head", "9f"),
        ("the salt as octets of indefinite length", "salt", "5f 48 0001020304050607 48 08090a0b0c0d0e0f ff"),
        ("a topic of indefinite length", "topicId", "5f ff"),
        ("an expiry of indefinite length", "expires", "9f f4 00 ff"),
        ("extensions of indefinite length", "mimiExtensions", "bf ff"),
        ("a body of indefinite length", "nestedPart/head", "9f"),
        ("a language of indefinite length", "nestedPart/language", "7f 62 656e ff"),
        ("content of indefinite length", "nestedPart/content", "5f 45 48656c6c6f ff"),
        ("a break where the body should be", "nestedPart", "ff"),
    ] {
        cases.field(path, comment, "Indefinite", INDEFINITE, digits, 0)?;
    }
    for (comment, digits) in [
        ("octets of indefinite length in an extension", "5f 41 01 ff"),
        ("text of indefinite length in an extension", "7f 61 61 ff"),
        ("a list of indefinite length in an extension", "9f ff"),
        ("a map of indefinite length in an extension", "bf ff"),
    ] {
        cases.value(comment, "Indefinite", INDEFINITE, digits, 0)?;
    }
    for (comment, path, digits) in [
        ("the message's count in two octets", "head", "98 07"),
        ("the salt's length in two octets", "salt", "58 10 000102030405060708090a0b0c0d0e0f"),
        ("the topic's length in two octets", "topicId", "58 00"),
        ("the count of the extensions in two octets", "mimiExtensions", "b8 00"),
        ("the body's count in three octets", "nestedPart/head", "99 0005"),
        ("the disposition in two octets", "nestedPart/disposition", "18 01"),
        ("the language's length in two octets", "nestedPart/language", "78 00"),
        ("the cardinality in nine octets", "nestedPart/cardinality", "1b 0000000000000001"),
        ("the content's length in five octets", "nestedPart/content", "5a 00000005 48656c6c6f"),
    ] {
        cases.field(path, comment, "Head", HEAD, digits, 0)?;
    }
    for (comment, digits) in [
        ("23 in two octets", "18 17"),
        ("255 in three octets", "19 00ff"),
        ("65535 in five octets", "1a 0000ffff"),
        ("2^32-1 in nine octets", "1b 00000000ffffffff"),
        ("-1 in two octets", "38 00"),
        ("-256 in three octets", "39 00ff"),
        ("a tag's number in two octets", "d8 05 00"),
        ("a list's count in two octets", "98 01 00"),
        ("a map's count in two octets", "b8 01 00 00"),
        ("a text's length in two octets", "78 01 61"),
        ("an octet string's length in two octets", "58 01 61"),
    ] {
        cases.value(comment, "Head", HEAD, digits, 0)?;
    }
    cases.extensions("an extension's key in two octets", "Head", HEAD, "a1 18 03 00", 1)
}

fn numbers(cases: &mut Cases) -> Result<()> {
    for (comment, digits) in [
        ("1.0 in four octets", "fa 3f800000"),
        ("0.0 in eight octets", "fb 0000000000000000"),
        ("infinity in four octets", "fa 7f800000"),
        ("minus infinity in eight octets", "fb fff0000000000000"),
        ("2^-24, the smallest half, in four octets", "fa 33800000"),
        ("100000.0 in eight octets", "fb 40f86a0000000000"),
        ("the smallest float of four octets, in eight", "fb 36a0000000000000"),
    ] {
        cases.value(comment, "Float", FLOAT, digits, 0)?;
    }
    for (comment, digits) in [
        ("a NaN with another payload", "f9 7e01"),
        ("a NaN with a sign", "f9 fe00"),
        ("a signalling NaN", "f9 7c01"),
        ("NaN in four octets", "fa 7fc00000"),
        ("NaN in eight octets", "fb 7ff8000000000000"),
        ("a NaN of eight octets with a payload that no other has", "fb 7ff0000000000001"),
    ] {
        cases.value(comment, "Float", NAN, digits, 0)?;
    }
    for (comment, digits) in [
        ("false in two octets", "f8 14"),
        ("null in two octets", "f8 16"),
        ("simple value 0 in two octets", "f8 00"),
        ("simple value 31", "f8 1f"),
    ] {
        cases.value(comment, "Head", SIMPLE, digits, 0)?;
    }
    cases.field("replaces", "null in two octets where nothing is replaced", "Head", SIMPLE, "f8 16", 0)?;
    for (comment, digits) in [
        ("a bignum that fits in eight octets", "c2 48 0102030405060708"),
        ("a bignum of no octets", "c2 40"),
        ("a negative bignum that fits", "c3 41 01"),
        ("a bignum with a zero before it", "c2 49 000102030405060708"),
    ] {
        cases.value(comment, "Bignum", BIGNUM, digits, 1)?;
    }
    for (comment, digits) in [("a bignum of text", "c2 61 31"), ("a bignum of an integer", "c3 00")] {
        cases.value(comment, "Bignum", BIGNUM_CONTENT, digits, 1)?;
    }
    Ok(())
}

fn texts(cases: &mut Cases) -> Result<()> {
    for (comment, digits, further) in [
        ("an octet that never occurs", "61 ff", 1),
        ("a lone octet of continuation, behind a letter", "62 61 80", 2),
        ("a letter that is cut", "62 61 c3", 2),
        ("a slash in two octets", "62 c0af", 1),
        ("half of a surrogate pair", "63 eda080", 1),
        ("past U+10FFFF", "64 f4908080", 1),
    ] {
        cases.value(comment, "Utf8", UTF8, digits, further)?;
    }
    cases.extensions("a sender that is not UTF-8", "Utf8", UTF8, "a1 01 62 61ff", 4)?;
    cases.extensions("an extension's key that is not UTF-8", "Utf8", UTF8, "a1 61 ff 00", 2)?;
    cases.value("a key within an extension that is not UTF-8", "Utf8", UTF8, "a1 61 ff 00", 2)?;
    cases.field("nestedPart/language", "a language that is not UTF-8", "Utf8", UTF8, "61 ff", 1)?;
    cases.field("nestedPart/contentType", "a media type that is not UTF-8", "Utf8", UTF8, "63 61 62 ff", 3)
}

fn keys(cases: &mut Cases) -> Result<()> {
    for (comment, digits, further) in [
        ("2 before 1", "a2 02 6161 01 6161", 4),
        ("a private key before a registered one", "a2 20 00 03 00", 3),
        ("-2 before -1", "a2 21 00 20 00", 3),
        ("text before an integer of three octets: the order of RFC 7049, shorter first", "a2 6161 00 190100 00", 4),
        ("\"aa\" before \"b\": the order of letters", "a2 626161 00 6162 00", 5),
    ] {
        cases.extensions(comment, "KeyOrder", ORDER, digits, further)?;
    }
    cases.value("1 before 0 in a map within an extension", "KeyOrder", ORDER, "a2 01 00 00 00", 3)?;
    cases.value("text before octets in a map within an extension", "KeyOrder", ORDER, "a2 6161 00 4161 00", 4)?;
    for (comment, digits, further) in [
        ("the sender twice", "a2 01 6161 01 6162", 4),
        ("a private key twice, with one value", "a2 20 00 20 00", 3),
        ("a text key twice", "a2 6161 00 6161 01", 4),
    ] {
        cases.extensions(comment, "KeyTwice", TWICE, digits, further)?;
    }
    cases.value("a key twice in a map within an extension", "KeyTwice", TWICE, "a2 4161 00 4161 00", 4)?;
    for (comment, key) in [
        ("octets", "41 61"),
        ("a list", "80"),
        ("a map", "a0"),
        ("a tag", "c1 00"),
        ("a bignum", "c2 49 010000000000000000"),
        ("true", "f5"),
        ("null", "f6"),
        ("a float", "f9 3c00"),
    ] {
        let comment = format!("an extension's key that is {comment}");
        cases.extensions(&comment, "Key", EXTENSION_KEY_TYPE, &format!("a1 {key} 00"), 1)?;
    }
    for (comment, key) in
        [("a list", "80"), ("a map", "a0"), ("a tag", "c1 00"), ("false", "f4"), ("null", "f6"), ("a float", "f9 3c00")]
    {
        let comment = format!("a key within an extension that is {comment}");
        cases.value(&comment, "Key", KEY_TYPE, &format!("a1 {key} 00"), 1)?;
    }
    cases.extensions("an extension's key of no octets", "Key", EXTENSION_KEY_LENGTH, "a1 60 00", 1)?;
    let long = format!("a1 790100 {} 00", "78".repeat(256));
    cases.extensions("an extension's key of 256 octets", "Key", EXTENSION_KEY_LENGTH, &long, 1)?;
    for (comment, key) in [
        ("2^53", "1b 0020000000000000"),
        ("2^64-1", "1b ffffffffffffffff"),
        ("-2^53", "3b 001fffffffffffff"),
        ("-2^64", "3b ffffffffffffffff"),
    ] {
        let extension = format!("an extension's key {comment}");
        cases.extensions(&extension, "Key", KEY_RANGE, &format!("a1 {key} 00"), 1)?;
        let within = format!("a key {comment} within an extension");
        cases.value(&within, "Key", KEY_RANGE, &format!("a1 {key} 00"), 1)?;
    }
    for (comment, digits) in [
        ("a number as the sender", "a1 01 05"),
        ("null as the sender", "a1 01 f6"),
        ("octets as the room", "a1 02 42 6d69"),
        ("a tagged URI as the room", "a1 02 d820 6161"),
    ] {
        cases.extensions(comment, "KnownExtension", EXTENSION_VALUE_TYPE, digits, 2)?;
    }
    Ok(())
}

fn depth(cases: &mut Cases) -> Result<()> {
    for (comment, digits, further) in [
        ("four lists within the map", "81 81 81 80", 3),
        ("four maps within the map", "a1 00 a1 00 a1 00 a0", 6),
        ("four tags within the map", "c1 c1 c1 c1 00", 3),
        ("a tag on the fifth level, beside what is less deep", "82 40 82 82 d820 6161 00 00", 4),
    ] {
        cases.value(comment, "Depth", EXTENSION_DEPTH, digits, further)?;
    }
    let lists = "81".repeat(2000);
    cases.value("two thousand lists", "Depth", EXTENSION_DEPTH, &format!("{lists} 00"), 3)?;
    // The same without the extension around it: no value stands where a field is to be.
    let mut deep = cases.message.clone().replace("nestedPart", raw([]));
    deep = deep.replace("mimiExtensions", hex(&format!("a1 03 {}", "d9ffff".repeat(1000)))?);
    let at = deep.offset("mimiExtensions").context("no extensions")? + 2 + 9;
    let error = EXTENSION_DEPTH.at(at);
    cases
        .cases
        .push(Case::invalid("a thousand tags, and then nothing", "Depth", error).octets("encoded", &deep.octets()));
    Ok(())
}
