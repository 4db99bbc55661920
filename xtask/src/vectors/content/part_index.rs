//! Part indexes and content IDs (section 4.4).

use anyhow::Result;
use mimi_content::{ExternalPart, MimiContent, Salt};
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::{examples, file, section};

const SECTION: &str = section!("4.4");
const FORM: Rule = Rule("cid-form", SECTION);
const NO_SUCH_PART: Rule = Rule("cid-no-such-part", SECTION);
const NO_CONTENT: Rule = Rule("cid-no-content", SECTION);

/// Index, level and media type of the parts of the nested example, by hand.
const NESTED: [(usize, Option<&str>); 11] = [
    (1, None),
    (2, None),
    (3, None),
    (4, Some("text/html;charset=utf-8")),
    (4, Some("text/html;charset=utf-8")),
    (3, Some("image/gif")),
    (2, None),
    (3, None),
    (4, Some("text/html;charset=utf-8")),
    (4, Some("text/html;charset=utf-8")),
    (3, Some("image/png")),
];

fn indexes(comment: &str, content: &MimiContent, parts: &[(usize, Option<&str>)]) -> Case {
    let parts: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(index, (level, media_type))| json!({"partIndex": index, "level": level, "contentType": media_type}))
        .collect();
    Case::valid(comment, "Index").octets("encoded", &content.encode()).with("parts", parts)
}

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let nested = examples::nested()?;
    let text = MimiContent::text("Hello", Salt::new([0x21; 16])).build();
    let picture = ExternalPart::unencrypted("image/png", "https://a.example/logo.png");
    let picture = MimiContent::attachment(picture, Salt::new([0x22; 16])).build();
    let plain = "text/plain;charset=utf-8";
    let index_cases = vec![
        indexes("one part", &text, &[(1, Some(plain))]),
        indexes("external content", &picture, &[(1, Some("image/png"))]),
        indexes("eleven parts on four levels: depth first, from zero, containers counted", &nested, &NESTED),
    ];
    let encoded = nested.encode();
    let resolved = |comment: &str, cid: &str, index: usize| {
        Case::valid(comment, "Cid").octets("encoded", &encoded).with("cid", cid).with("partIndex", index)
    };
    let refused = |comment: &str, cid: &str, rule: Rule| {
        Case::invalid(comment, "NotACid", rule.nowhere()).octets("encoded", &encoded).with("cid", cid)
    };
    let cid_cases = vec![
        resolved("a picture", "cid:5@local.invalid", 5),
        resolved("the last part", "cid:10@local.invalid", 10),
        resolved("a text", "cid:3@local.invalid", 3),
        resolved("a scheme in capitals", "CID:5@local.invalid", 5),
        resolved("a domain in capitals", "cid:5@LOCAL.INVALID", 5),
        refused("the body, a container", "cid:0@local.invalid", NO_CONTENT),
        refused("a container within", "cid:6@local.invalid", NO_CONTENT),
        refused("one part too far", "cid:11@local.invalid", NO_SUCH_PART),
        refused("a zero before the number", "cid:05@local.invalid", FORM),
        refused("no number", "cid:@local.invalid", FORM),
        refused("a negative number", "cid:-1@local.invalid", FORM),
        refused("a plus sign", "cid:+5@local.invalid", FORM),
        refused("a hexadecimal number", "cid:a@local.invalid", FORM),
        refused("a number that nothing can count", "cid:99999999999999999999999@local.invalid", FORM),
        refused("another domain", "cid:5@example.com", FORM),
        refused("another scheme", "mid:5@local.invalid", FORM),
        refused("a reference without its scheme", "5@local.invalid", FORM),
        refused("a name behind the domain", "cid:5@local.invalid/x", FORM),
    ];
    file("part-index", "PartIndex", "4.4")
        .header("parts are those of the message in the order of their indexes; contentType is null for null and multi parts; level 1 is the body.")
        .header("cid is a content ID in the message; partIndex is the part that it names.")
        .note("Index", BugType::Disagreement, SECTION, "the indexes of the parts", Some("a picture stands where another one should"))
        .note("Cid", BugType::Basic, SECTION, "content IDs of parts", None)
        .note("NotACid", BugType::MissingCheck, SECTION, "what names no content of the message", Some("a reference leads out of the message"))
        .group("PartIndex", index_cases)
        .group("Cid", cid_cases)
        .finish()
}
