//! The Host and From header fields: draft-ietf-mimi-protocol-06 section 4.1.

use anyhow::Result;
use mimi_arch::revisions;
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 4.1";

const EMPTY: Rule = Rule("header-empty", SECTION);
const LIST: Rule = Rule("header-list", SECTION);
const DISPLAY_NAME: Rule = Rule("header-display-name", SECTION);
const COMMENT: Rule = Rule("header-comment", SECTION);
const QUOTED: Rule = Rule("header-quoted-local-part", SECTION);
const WHITE_SPACE: Rule = Rule("header-white-space", SECTION);
const NO_AT: Rule = Rule("header-no-at", SECTION);
const LOCAL_PART: Rule = Rule("header-local-part", SECTION);
const ADDRESS: Rule = Rule("header-address", SECTION);
const PORT: Rule = Rule("header-port", "RFC 9110 section 7.2");
const HOST_EMPTY: Rule = Rule("host-empty", "RFC 3986 section 3.2.2");
const HOST_CHARACTER: Rule = Rule("host-character", "RFC 1034 section 3.5");
const LABEL_EMPTY: Rule = Rule("host-label-empty", "RFC 1034 section 3.1");
const HOST_ADDRESS: Rule = Rule("host-is-address", "RFC 3986 section 3.2.2");

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let good = |value: &str, domain: &str, comment: &str| {
        Case::valid(comment, "Plain").with("value", value).with("domain", domain)
    };
    let bad = |value: &str, offset: usize, rule: Rule, comment: &str| {
        Case::invalid(comment, "Malformed", rule.at(offset)).with("value", value)
    };
    let from = vec![
        good("mimi@a.example", "a.example", "the plain form"),
        good("mimi@A.Example", "a.example", "the domain has no case"),
        good("mimi@localhost", "localhost", "a domain of one label"),
        bad("", 0, EMPTY, "nothing"),
        bad("a.example", 9, NO_AT, "no local part"),
        bad("alice@a.example", 0, LOCAL_PART, "another local part"),
        bad("MIMI@a.example", 0, LOCAL_PART, "the local part in capitals"),
        bad("@a.example", 0, LOCAL_PART, "an empty local part"),
        bad("<mimi@a.example>", 0, DISPLAY_NAME, "angle brackets"),
        bad("MIMI server <mimi@a.example>", 12, DISPLAY_NAME, "a display name"),
        bad("mimi@a.example, mimi@b.example", 14, LIST, "two mailboxes"),
        bad("mimi@a.example (hub)", 15, COMMENT, "a comment"),
        bad("\"mimi\"@a.example", 0, QUOTED, "a quoted local part"),
        bad("mimi @a.example", 4, WHITE_SPACE, "white space before the at-sign"),
        bad("mimi@a.example ", 14, WHITE_SPACE, "white space at the end"),
        bad("mimi@[192.0.2.1]", 5, ADDRESS, "a domain literal"),
        bad("mimi@", 5, HOST_EMPTY, "no domain"),
        bad("mimi@a_b.example", 6, HOST_CHARACTER, "a domain with an underscore"),
        bad("mimi@a.example@b.example", 5, Rule("userinfo-present", "RFC 3986 section 3.2.1"), "two at-signs"),
    ];
    let host = vec![
        good("a.example", "a.example", "the plain form"),
        good("A.EXAMPLE", "a.example", "the domain has no case"),
        good("a.example:8443", "a.example", "a port, which does not count"),
        good("a.example:", "a.example", "an empty port"),
        bad("", 0, EMPTY, "nothing"),
        bad(":443", 0, HOST_EMPTY, "a port only"),
        bad("a.example:https", 10, PORT, "a port that is no number"),
        bad("a.example:123456", 10, PORT, "a port of six digits"),
        bad("[2001:db8::1]", 0, ADDRESS, "an IPv6 address"),
        bad("192.0.2.1", 0, HOST_ADDRESS, "an IPv4 address"),
        bad("a..example", 2, LABEL_EMPTY, "two dots"),
        bad("a.example/u", 9, HOST_CHARACTER, "a path behind the domain"),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "host-from", "Host and From", "4.1")
        .header("value is the value of the header field, domain the provider that it names.")
        .note("Plain", BugType::Basic, SECTION, "the forms that have to be understood", None)
        .note(
            "Malformed",
            BugType::MissingCheck,
            SECTION,
            "what is not the one form that the draft allows",
            Some("a request is taken for another provider's"),
        )
        .group("From", from)
        .group("Host", host)
        .finish()
}
