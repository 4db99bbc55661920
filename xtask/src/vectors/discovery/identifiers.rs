//! Identifiers as people type them, their canonical form and their key (profile section 1).

use anyhow::Result;
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::{Csi, NUMBER, file, section};

const PLACE: &str = "discovery profile 0 section 1";
const BOB: Csi = Csi(2, "bob@example.com");
const URI: Csi = Csi(3, "mimi://a.example/u/bob");

pub(super) fn build() -> Result<Built> {
    let good = [
        ("as it is", "+12125551212", NUMBER),
        ("with blanks and hyphens", " +1 212-555-1212 ", NUMBER),
        ("with brackets and dots", "+1 (212) 555.1212", NUMBER),
        ("a tel URI", "tel:+1-212-555-1212", NUMBER),
        ("a number of another country", "+49 30 901820", Csi(1, "+4930901820")),
        ("a mail address", "bob@example.com", BOB),
        ("a mail address in capitals", "Bob@EXAMPLE.com", BOB),
        ("a mailto URI", "mailto:bob@example.com", BOB),
        ("what follows a plus counts", "bob+x@example.com", Csi(2, "bob+x@example.com")),
        ("dots count", "b.o.b@example.com", Csi(2, "b.o.b@example.com")),
        ("a MIMI URI", "mimi://a.example/u/bob", URI),
        ("a MIMI URI in another spelling", "MIMI://A.example/u/%62ob", URI),
    ];
    let mut cases: Vec<Case> = good
        .into_iter()
        .map(|(comment, text, csi)| {
            Case::valid(comment, "Valid")
                .with("text", text)
                .octets("encoded", &csi.layout().octets())
                .octets("csiKey", &csi.key())
        })
        .collect();
    for (comment, text, rule) in [
        ("a number without country code", "212 555 1212", "no-country-code"),
        ("letters in a number", "+1212555CALL", "character"),
        ("too few digits", "+1212", "length"),
        ("too many digits", "+1212555121212121", "length"),
        ("a country code that is nobody's", "+9991234567", "not-a-number"),
        ("a quoted local part", "\"bob\"@example.com", "quoted"),
        ("a local part that is not ASCII", "b\u{f6}b@example.com", "not-ascii"),
        ("neither number nor address nor URI", "bob", "unknown"),
    ] {
        cases.push(Case::invalid(comment, "Invalid", Rule(rule, PLACE).nowhere()).with("text", text));
    }
    file("identifiers", "Csi", "1")
        .note("Valid", BugType::Basic, &section("1"), "spellings with their one canonical form", None)
        .note(
            "Invalid",
            BugType::MissingCheck,
            &section("1"),
            "text that is no identifier",
            Some("two spellings of one identifier are kept under two keys, and one of them is not found"),
        )
        .group("CsiParse", cases)
        .finish()
}
