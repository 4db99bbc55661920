//! What is deterministic CBOR and no message: fields of other types, lengths and ranges, and more than may be.

use anyhow::{Context, Result};
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::super::layout::Struct;
use super::cbor::{external, hex, message, multi, spoilt};
use super::{GROUP_TYPE, file, section};

const CONTAINER: &str = section!("4.1");
const PARTS: &str = section!("4.4");
const EXTERNAL: &str = section!("4.5");
const LIMITS: &str = section!("9.1");

const ELEMENTS: Rule = Rule("mimi-content-array-length", CONTAINER);
const PART_ELEMENTS: Rule = Rule("nested-part-array-length", PARTS);
const CARDINALITY: Rule = Rule("cardinality-unknown", PARTS);
const SEMANTICS: Rule = Rule("part-semantics-unknown", PARTS);
const TOO_FEW: Rule = Rule("too-few-parts", PARTS);
const LANGUAGE: Rule = Rule("language-syntax", PARTS);
const TOPIC: Rule = Rule("topic-length", LIMITS);
const TOO_MANY: Rule = Rule("too-many-parts", LIMITS);
const DEPTH: Rule = Rule("part-depth", section!("6.3"));

/// Comment, path, octets, rule.
type Row = (&'static str, &'static str, &'static str, Rule);

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let mut cases = Vec::new();
    let mut all = |message: &Struct, flag: &str, rows: &[Row]| -> Result<()> {
        for (comment, path, digits, rule) in rows {
            cases.push(spoilt(comment, flag, *rule, (message, path), digits, 0)?);
        }
        Ok(())
    };
    all(&message(), "Type", &TYPES)?;
    all(&external(), "Type", &EXTERNAL_TYPES)?;
    all(&multi(), "Type", &MULTI_TYPES)?;
    all(&message(), "Length", &LENGTHS)?;
    all(&message(), "Range", &RANGES)?;
    all(&external(), "Range", &EXTERNAL_RANGES)?;
    all(&multi(), "Range", &MULTI_RANGES)?;
    all(&message(), "UnknownValue", &UNKNOWN)?;
    all(&multi(), "UnknownValue", &MULTI_UNKNOWN)?;
    cases.extend(elements()?);
    cases.extend(expiries()?);
    cases.extend(languages()?);
    cases.extend(limits()?);
    file("malformed-layout", "mimiContent", "4")
        .header("All are deterministic CBOR, but for those with a count of 2^32, which has to be refused before anything is read or reserved for it.")
        .note(
            "Type",
            BugType::MissingCheck,
            CONTAINER,
            "a field of another type",
            Some("what follows is read as something else"),
        )
        .note(
            "Length",
            BugType::MissingCheck,
            CONTAINER,
            "octets of another length than the field has",
            Some("an ID that nobody can have made is compared with others"),
        )
        .note(
            "Elements",
            BugType::MissingCheck,
            CONTAINER,
            "a list with another number of elements than the structure has",
            Some("what one implementation ignores another one reads"),
        )
        .note(
            "Range",
            BugType::MissingCheck,
            EXTERNAL,
            "a number outside the range of its field",
            Some("the number is cut, and means something else"),
        )
        .note(
            "UnknownValue",
            BugType::MissingCheck,
            PARTS,
            "an enum value that the draft does not define",
            Some("what follows is read as something else"),
        )
        .note("Language", BugType::MissingCheck, PARTS, "what is no list of well-formed language tags", None)
        .note(
            "Limit",
            BugType::MissingCheck,
            LIMITS,
            "more than there may be",
            Some("a receiver runs out of memory, time or stack"),
        )
        .group(GROUP_TYPE, cases)
        .finish()
}

const TYPES: [Row; 21] = [
    ("a tag around the message", "head", "d9d9f7 87", Rule("mimi-content-type", CONTAINER)),
    ("text as the salt", "salt", "70 61616161616161616161616161616161", Rule("salt-type", CONTAINER)),
    ("null as the salt", "salt", "f6", Rule("salt-type", CONTAINER)),
    ("undefined for null as the message that is replaced", "replaces", "f7", Rule("replaces-type", CONTAINER)),
    ("false for null as the message that is replaced", "replaces", "f4", Rule("replaces-type", CONTAINER)),
    ("text as the topic", "topicId", "63 746561", Rule("topic-id-type", CONTAINER)),
    ("null as the topic", "topicId", "f6", Rule("topic-id-type", CONTAINER)),
    ("a number as the expiry", "expires", "1a 684e1180", Rule("expires-type", CONTAINER)),
    ("false as the expiry", "expires", "f4", Rule("expires-type", CONTAINER)),
    ("text as the message that is answered", "inReplyTo", "60", Rule("in-reply-to-type", CONTAINER)),
    ("the list of IDs that older revisions had", "inReplyTo", "80", Rule("in-reply-to-type", CONTAINER)),
    ("a list as the extensions", "mimiExtensions", "80", Rule("mimi-extensions-type", section!("4.3"))),
    ("null as the extensions", "mimiExtensions", "f6", Rule("mimi-extensions-type", section!("4.3"))),
    ("null as the body", "nestedPart", "f6", Rule("nested-part-type", PARTS)),
    ("text as the body", "nestedPart", "62 4869", Rule("nested-part-type", PARTS)),
    ("text as the disposition", "nestedPart/disposition", "66 72656e646572", Rule("disposition-type", PARTS)),
    ("octets as the language", "nestedPart/language", "40", Rule("language-type", PARTS)),
    ("text as the cardinality", "nestedPart/cardinality", "66 73696e676c65", Rule("cardinality-type", PARTS)),
    ("octets as the media type", "nestedPart/contentType", "40", Rule("content-type-type", PARTS)),
    ("text as the content", "nestedPart/content", "65 48656c6c6f", Rule("content-field-type", PARTS)),
    ("a list of octets as the content", "nestedPart/content", "82 18 48 18 69", Rule("content-field-type", PARTS)),
];

const EXTERNAL_TYPES: [Row; 16] = [
    ("octets as the media type of external content", "nestedPart/contentType", "40", Rule("content-type-type", PARTS)),
    ("octets as the URL", "nestedPart/url", "41 78", Rule("url-type", EXTERNAL)),
    (
        "a tagged URI as the URL",
        "nestedPart/url",
        "d820 73 68747470733a2f2f612e6578616d706c652f78",
        Rule("url-type", EXTERNAL),
    ),
    ("null as the expiry of external content", "nestedPart/expires", "f6", Rule("external-expires-type", EXTERNAL)),
    (
        "a float as the expiry of external content",
        "nestedPart/expires",
        "f9 0000",
        Rule("external-expires-type", EXTERNAL),
    ),
    ("null as the size", "nestedPart/size", "f6", Rule("size-type", EXTERNAL)),
    ("a bignum as the size", "nestedPart/size", "c2 49 010000000000000000", Rule("size-type", EXTERNAL)),
    ("text as the algorithm", "nestedPart/encAlg", "60", Rule("enc-alg-type", EXTERNAL)),
    ("null as the key", "nestedPart/key", "f6", Rule("key-type", EXTERNAL)),
    ("text as the nonce", "nestedPart/nonce", "60", Rule("nonce-type", EXTERNAL)),
    ("null as the additional data", "nestedPart/aad", "f6", Rule("aad-type", EXTERNAL)),
    ("text as the hash algorithm", "nestedPart/hashAlg", "66 736861323536", Rule("hash-alg-type", EXTERNAL)),
    ("text as the hash", "nestedPart/contentHash", "62 3030", Rule("content-hash-type", EXTERNAL)),
    ("octets as the description", "nestedPart/description", "40", Rule("description-type", EXTERNAL)),
    ("null as the description", "nestedPart/description", "f6", Rule("description-type", EXTERNAL)),
    ("null as the file name", "nestedPart/filename", "f6", Rule("filename-type", EXTERNAL)),
];

const MULTI_TYPES: [Row; 4] = [
    ("null as the semantics", "nestedPart/partSemantics", "f6", Rule("part-semantics-type", PARTS)),
    ("a map as the parts", "nestedPart/parts", "a0", Rule("parts-type", PARTS)),
    ("octets as the parts", "nestedPart/parts", "40", Rule("parts-type", PARTS)),
    ("null as the second part", "nestedPart/parts/1", "f6", Rule("nested-part-type", PARTS)),
];

const LENGTHS: [Row; 8] = [
    ("no salt", "salt", "40", Rule("salt-length", CONTAINER)),
    ("a salt of 15 octets", "salt", "4f 000102030405060708090a0b0c0d0e", Rule("salt-length", CONTAINER)),
    ("a salt of 17 octets", "salt", "51 000102030405060708090a0b0c0d0e0f10", Rule("salt-length", CONTAINER)),
    ("an empty ID of what is replaced", "replaces", "40", Rule("replaces-length", CONTAINER)),
    (
        "31 octets of ID of what is replaced",
        "replaces",
        "58 1f 01010101010101010101010101010101010101010101010101010101010101",
        Rule("replaces-length", CONTAINER),
    ),
    ("an empty ID of what is answered", "inReplyTo", "40", Rule("in-reply-to-length", CONTAINER)),
    (
        "33 octets of ID of what is answered",
        "inReplyTo",
        "58 21 010101010101010101010101010101010101010101010101010101010101010101",
        Rule("in-reply-to-length", CONTAINER),
    ),
    ("the four octets of a shorter ID", "inReplyTo", "44 01020304", Rule("in-reply-to-length", CONTAINER)),
];

const RANGES: [Row; 5] = [
    ("disposition 256", "nestedPart/disposition", "19 0100", Rule("disposition-range", PARTS)),
    (
        "disposition 257, which is render when it is cut",
        "nestedPart/disposition",
        "19 0101",
        Rule("disposition-range", PARTS),
    ),
    ("disposition -1", "nestedPart/disposition", "20", Rule("disposition-range", PARTS)),
    ("disposition 2^64-1", "nestedPart/disposition", "1b ffffffffffffffff", Rule("disposition-range", PARTS)),
    ("cardinality -1", "nestedPart/cardinality", "20", Rule("cardinality-range", PARTS)),
];

const EXTERNAL_RANGES: [Row; 8] = [
    (
        "an expiry of external content of 33 bits",
        "nestedPart/expires",
        "1b 0000000100000000",
        Rule("external-expires-range", EXTERNAL),
    ),
    ("a negative expiry of external content", "nestedPart/expires", "20", Rule("external-expires-range", EXTERNAL)),
    ("a negative size", "nestedPart/size", "20", Rule("size-range", EXTERNAL)),
    (
        "an algorithm of 17 bits, which is none when it is cut",
        "nestedPart/encAlg",
        "1a 00010000",
        Rule("enc-alg-range", EXTERNAL),
    ),
    ("a negative algorithm", "nestedPart/encAlg", "20", Rule("enc-alg-range", EXTERNAL)),
    (
        "hash algorithm 256, which is none when it is cut",
        "nestedPart/hashAlg",
        "19 0100",
        Rule("hash-alg-range", EXTERNAL),
    ),
    (
        "hash algorithm 257, which is SHA-256 when it is cut",
        "nestedPart/hashAlg",
        "19 0101",
        Rule("hash-alg-range", EXTERNAL),
    ),
    ("a negative hash algorithm", "nestedPart/hashAlg", "20", Rule("hash-alg-range", EXTERNAL)),
];

const MULTI_RANGES: [Row; 1] =
    [("semantics -1", "nestedPart/partSemantics", "20", Rule("part-semantics-range", PARTS))];

const UNKNOWN: [Row; 3] = [
    ("cardinality 4", "nestedPart/cardinality", "04", CARDINALITY),
    ("cardinality 257, which is single when it is cut", "nestedPart/cardinality", "19 0101", CARDINALITY),
    ("cardinality 2^64-1", "nestedPart/cardinality", "1b ffffffffffffffff", CARDINALITY),
];

const MULTI_UNKNOWN: [Row; 3] = [
    ("semantics 3", "nestedPart/partSemantics", "03", SEMANTICS),
    ("semantics 255", "nestedPart/partSemantics", "18 ff", SEMANTICS),
    ("semantics 256, which is chooseOne when it is cut", "nestedPart/partSemantics", "19 0100", SEMANTICS),
];

fn elements() -> Result<Vec<Case>> {
    let wrong_type = Rule("mimi-content-type", CONTAINER);
    let mut cases = vec![
        Case::invalid("an empty map as the message", "Type", wrong_type.at(0)).octets("encoded", &[0xa0]),
        Case::invalid("null as the message", "Type", wrong_type.at(0)).octets("encoded", &[0xf6]),
    ];
    let mut count = |comment: &str, digits: &str, fields: usize| -> Result<()> {
        // The count and the fields agree: it is well-formed CBOR.
        let mut octets = message().replace("head", hex(digits)?).octets();
        if fields < 7 {
            octets = message().replace("head", hex(digits)?).replace("nestedPart", hex("")?).octets();
        } else {
            octets.extend(std::iter::repeat_n(0xf6, fields - 7));
        }
        cases.push(Case::invalid(comment, "Elements", ELEMENTS.at(0)).octets("encoded", &octets));
        Ok(())
    };
    count("a message of six fields", "86", 6)?;
    count("a message of eight fields", "88", 8)?;
    count("a message of 23 fields", "97", 23)?;
    let rows: [Row; 12] = [
        ("a body of no elements", "nestedPart", "80", PART_ELEMENTS),
        ("a body of two elements", "nestedPart", "82 01 60", PART_ELEMENTS),
        ("a null part with content", "nestedPart", "85 01 60 00 60 40", PART_ELEMENTS),
        ("a null part with one element more", "nestedPart", "84 01 60 00 f6", PART_ELEMENTS),
        ("a single part without a media type", "nestedPart", "84 01 60 01 41 61", PART_ELEMENTS),
        ("a single part with one element more", "nestedPart", "86 01 60 01 60 40 f6", PART_ELEMENTS),
        ("a single part that is nothing but its cardinality", "nestedPart", "83 01 60 01", PART_ELEMENTS),
        ("a multi part of four elements", "nestedPart", "84 01 60 03 00", PART_ELEMENTS),
        ("a multi part with its parts side by side", "nestedPart", "86 01 60 03 00 83016000 83016000", PART_ELEMENTS),
        (
            "an external part without a file name",
            "nestedPart",
            "8e 06 60 02 60 61 78 00 00 00 40 40 40 00 40 60",
            PART_ELEMENTS,
        ),
        (
            "an external part with one element more",
            "nestedPart",
            "90 06 60 02 60 61 78 00 00 00 40 40 40 00 40 60 60 f6",
            PART_ELEMENTS,
        ),
        ("a body of 2^32 elements", "nestedPart", "9b 0000000100000000 01 60 01 60 40", PART_ELEMENTS),
    ];
    for (comment, path, digits, rule) in rows {
        cases.push(spoilt(comment, "Elements", rule, (&message(), path), digits, 0)?);
    }
    cases.push(spoilt(
        "a part within others of two elements",
        "Elements",
        PART_ELEMENTS,
        (&multi(), "nestedPart/parts/1"),
        "82 01 60",
        0,
    )?);
    Ok(cases)
}

/// Comment, flag, octets, rule, how many octets further on.
type Expiry = (&'static str, &'static str, &'static str, Rule, usize);

fn expiries() -> Result<Vec<Case>> {
    let elements = Rule("expires-array-length", CONTAINER);
    let relative = Rule("expires-relative-type", CONTAINER);
    let time = Rule("expires-time-type", CONTAINER);
    let range = Rule("expires-time-range", CONTAINER);
    let rows: [Expiry; 11] = [
        ("an expiry of no elements", "Elements", "80", elements, 0),
        ("an expiry of one element", "Elements", "81 f4", elements, 0),
        ("an expiry of three elements", "Elements", "83 f4 00 00", elements, 0),
        ("0 for false in an expiry", "Type", "82 00 00", relative, 1),
        ("null for false in an expiry", "Type", "82 f6 00", relative, 1),
        ("the time first in an expiry", "Type", "82 1a684e1180 f4", relative, 1),
        ("a float as the time of an expiry", "Type", "82 f4 f9 3c00", time, 2),
        ("null as the time of an expiry", "Type", "82 f5 f6", time, 2),
        ("a tagged time in an expiry", "Type", "82 f4 c1 1a684e1180", time, 2),
        ("an expiry of 33 bits", "Range", "82 f4 1b 0000000100000000", range, 2),
        ("a negative expiry", "Range", "82 f5 20", range, 2),
    ];
    rows.into_iter()
        .map(|(comment, flag, digits, rule, further)| {
            spoilt(comment, flag, rule, (&message(), "expires"), digits, further)
        })
        .collect()
}

fn languages() -> Result<Vec<Case>> {
    [
        ("e", 0),
        ("en_US", 0),
        ("english-", 0),
        ("en,", 3),
        (",en", 0),
        ("en, fr", 3),
        ("en;fr", 0),
        ("en,fr-", 3),
        ("de-419-DE", 0),
        ("x", 0),
        ("en-a", 0),
        ("größer", 0),
        ("en,fr,deutschland", 6),
    ]
    .into_iter()
    .map(|(list, further)| {
        let octets = list.as_bytes();
        let digits = format!("{:02x} {}", 0x60 + octets.len(), ::hex::encode(octets));
        let comment = format!("language {list:?}");
        spoilt(&comment, "Language", LANGUAGE, (&message(), "nestedPart/language"), &digits, 1 + further)
    })
    .collect()
}

fn limits() -> Result<Vec<Case>> {
    let null = "83016000";
    let body = |comment: &str, rule: Rule, digits: &str, further: usize| {
        spoilt(comment, "Limit", rule, (&message(), "nestedPart"), digits, further)
    };
    let topic = |octets: usize| format!("59 {octets:04x} {}", "74".repeat(octets));
    let nested =
        |levels: usize| (1..levels).fold(null.to_owned(), |inner, _| format!("85 01 60 03 02 82 {inner} {null}"));
    // A level begins six octets after the one above it.
    let deep = nested(5);
    let many = |parts: usize| format!("85 01 60 03 00 99 {parts:04x} {}", null.repeat(parts));
    let full = many(1021);
    let three_levels = format!("85 01 60 03 00 82 {full} 85 01 60 03 00 82 {null} {null}");
    let message = message();
    let after_the_body = message.offset("nestedPart").context("no body")?;
    let mut cases = vec![
        spoilt("a topic of 4097 octets", "Limit", TOPIC, (&message, "topicId"), &topic(4097), 0)?,
        body("no parts", TOO_FEW, "85 01 60 03 00 80", 5)?,
        body("one part", TOO_FEW, &format!("85 01 60 03 00 81 {null}"), 5)?,
        body("five levels of parts", DEPTH, &deep, 4 * 6)?,
        body("a hundred levels of parts", DEPTH, &nested(100), 4 * 6)?,
        body("1025 parts on two levels", TOO_MANY, &many(1024), 5)?,
        body("1025 parts on three levels", TOO_MANY, &three_levels, 6 + 8 + 1021 * 4 + 5)?,
        body("2^32 parts", TOO_MANY, &format!("85 01 60 03 00 9b 0000000100000000 {null}"), 5)?,
    ];
    // Each list is small enough, and the last part of the second one is too much.
    let halves = format!("85 01 60 03 00 84 {} {null} {null} {}", many(600), many(500));
    let offset = after_the_body + 6 + (8 + 600 * 4) + 2 * 4 + 5;
    let octets = message.clone().replace("nestedPart", hex(&halves)?).octets();
    cases.push(Case::invalid("1105 parts in two lists", "Limit", TOO_MANY.at(offset)).octets("encoded", &octets));
    let inner = format!("85 01 60 03 00 81 {null}");
    cases.push(spoilt("one part within another", "Limit", TOO_FEW, (&multi(), "nestedPart/parts/0"), &inner, 5)?);
    Ok(cases)
}
