//! MIMI URIs: draft-mahy-mimi-identity-05 section 4.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};

const DRAFT: &str = "draft-mahy-mimi-identity-05 section 4";
const URI: &str = "RFC 3986";

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    FileBuilder::new("mimi-arch", revisions::IDENTITY, "uris", "MimiUri", "4")
        .header("The normal form is the one of RFC 3986 section 6.2.2: scheme and host in lower case, percent-encoded octets in upper-case hex and only where they are needed.")
        .header("names are the path segments after the first, with their percent-encoding undone.")
        .header("Input is text where it is UTF-8, else octets in hex.")
        .note("Form", BugType::Basic, DRAFT, "each kind of identifier in its plain form", None)
        .note("Normalisation", BugType::Disagreement, "RFC 3986 section 6.2.2", "another spelling of the same identifier", Some("one user is taken for two, and a ban or a consent is circumvented"))
        .note("Distinct", BugType::Disagreement, "RFC 3986 section 6.2.2", "two identifiers that look alike and differ", Some("two users are taken for one"))
        .note("EdgeCase", BugType::EdgeCase, URI, "legal input of a seldom form or at a limit", None)
        .note("Grammar", BugType::MissingCheck, URI, "not a URI of the generic syntax, or with a part that a MIMI URI has not", Some("two implementations read different identifiers out of the same text"))
        .note("Host", BugType::MissingCheck, "RFC 3986 section 3.2.2", "a host that is no domain name", Some("a request is sent to a host that no certificate vouches for"))
        .note("Path", BugType::MissingCheck, DRAFT, "a path that is none of the defined forms", Some("an identifier of one kind is taken for one of another kind"))
        .note("LocalLimit", BugType::EdgeCase, DRAFT, "longer than we accept; the drafts name no limit", None)
        .group("UriParse", parses())
        .group("UriCompare", comparisons())
        .finish()
}

fn valid(uri: &str, normal: &str, kind: &str, domain: &str, names: &[&str], flag: &str, comment: &str) -> Case {
    let normal = if normal.is_empty() { uri } else { normal };
    Case::valid(comment, flag)
        .with("uri", uri)
        .with("normalised", normal)
        .with("kind", kind)
        .with("domain", domain)
        .with("names", Value::from(names.to_vec()))
}

fn invalid(uri: &str, offset: usize, rule: Rule, flag: &str, comment: &str) -> Case {
    Case::invalid(comment, flag, rule.at(offset)).with("uri", uri)
}

const SCHEME: Rule = Rule("scheme-not-mimi", "RFC 3986 section 3.1");
const AUTHORITY: Rule = Rule("authority-missing", "RFC 3986 section 3.2");
const USERINFO: Rule = Rule("userinfo-present", "RFC 3986 section 3.2.1");
const ADDRESS: Rule = Rule("host-is-address", "RFC 3986 section 3.2.2");
const HOST_EMPTY: Rule = Rule("host-empty", "RFC 3986 section 3.2.2");
const LABEL_EMPTY: Rule = Rule("host-label-empty", "RFC 1034 section 3.1");
const HOST_CHARACTER: Rule = Rule("host-character", "RFC 1034 section 3.5");
const HYPHEN: Rule = Rule("host-label-hyphen", "RFC 1034 section 3.5");
const LABEL_LONG: Rule = Rule("host-label-too-long", "RFC 1035 section 2.3.4");
const HOST_LONG: Rule = Rule("host-too-long", "RFC 1035 section 2.3.4");
const PORT: Rule = Rule("port-present", "RFC 3986 section 3.2.3");
const CHARACTER: Rule = Rule("segment-character", "RFC 3986 section 3.3");
const PERCENT: Rule = Rule("percent-encoding-broken", "RFC 3986 section 2.1");
const NOT_UTF8: Rule = Rule("percent-encoding-not-utf8", "RFC 3986 section 2.5");
const NUL: Rule = Rule("nul-octet", "RFC 3986 section 7.3");
const EMPTY: Rule = Rule("segment-empty", DRAFT);
const DOTS: Rule = Rule("segment-is-dots", "RFC 3986 section 3.3");
const DISCRIMINATOR: Rule = Rule("discriminator-unknown", DRAFT);
const MISSING: Rule = Rule("segment-missing", DRAFT);
const SURPLUS: Rule = Rule("segment-surplus", DRAFT);
const QUERY: Rule = Rule("query-present", "RFC 3986 section 3.4");
const FRAGMENT: Rule = Rule("fragment-present", "RFC 3986 section 3.5");
const TOO_LONG: Rule = Rule("too-long", "limit of this implementation");

fn parses() -> Vec<Case> {
    let label63 = "a".repeat(63);
    let host253 = format!("{}.{}", [label63.as_str(); 3].join("."), "b".repeat(61));
    let host254 = format!("{host253}b");
    let long_name = "n".repeat(2048 - "mimi://a.example/u/".len());
    let mut cases = vec![
        valid("mimi://a.example", "", "provider", "a.example", &[], "Form", "a provider"),
        valid("mimi://a.example/u/alice", "", "user", "a.example", &["alice"], "Form", "a user"),
        valid(
            "mimi://a.example/p/crazykoala75",
            "",
            "pseudonym",
            "a.example",
            &["crazykoala75"],
            "Form",
            "a pseudonym",
        ),
        valid("mimi://a.example/d/ClientA1", "", "client", "a.example", &["ClientA1"], "Form", "a client by itself"),
        valid(
            "mimi://a.example/d/alice/ClientA1",
            "",
            "client",
            "a.example",
            &["alice", "ClientA1"],
            "Form",
            "a client below its user",
        ),
        valid("mimi://a.example/r/clubhouse", "", "room", "a.example", &["clubhouse"], "Form", "a room"),
        valid("mimi://a.example/g/clubhouse", "", "group", "a.example", &["clubhouse"], "Form", "an MLS group"),
        valid("mimi://a.example/t/engineering", "", "team", "a.example", &["engineering"], "Form", "a team"),
        valid(
            "mimi://irc.example.com/u/jcapulet1583@example.com",
            "",
            "user",
            "irc.example.com",
            &["jcapulet1583@example.com"],
            "Form",
            "an at-sign in the name",
        ),
        valid(
            "mimi://local.invalid/u/alice.smith",
            "",
            "user",
            "local.invalid",
            &["alice.smith"],
            "Form",
            "no domain of one's own",
        ),
        valid(
            "mimi://A.Example/u/Alice",
            "mimi://a.example/u/Alice",
            "user",
            "a.example",
            &["Alice"],
            "Normalisation",
            "the host has no case, the name has",
        ),
        valid(
            "MiMi://a.example/r/x",
            "mimi://a.example/r/x",
            "room",
            "a.example",
            &["x"],
            "Normalisation",
            "the scheme has no case",
        ),
        valid(
            "mimi://a.example/u/%61lice",
            "mimi://a.example/u/alice",
            "user",
            "a.example",
            &["alice"],
            "Normalisation",
            "an unreserved character percent-encoded",
        ),
        valid(
            "mimi://a.example/%75/alice",
            "mimi://a.example/u/alice",
            "user",
            "a.example",
            &["alice"],
            "Normalisation",
            "the first segment percent-encoded",
        ),
        valid(
            "mimi://a.example/r/caf%c3%a9",
            "mimi://a.example/r/caf%C3%A9",
            "room",
            "a.example",
            &["caf\u{e9}"],
            "Normalisation",
            "hex digits in lower case",
        ),
        valid(
            "mimi://a.example/u/%7Ea%2Db%5Fc%2Ed",
            "mimi://a.example/u/~a-b_c.d",
            "user",
            "a.example",
            &["~a-b_c.d"],
            "Normalisation",
            "all four unreserved marks percent-encoded",
        ),
        valid(
            "mimi://a.example/r/book%20club",
            "",
            "room",
            "a.example",
            &["book club"],
            "EdgeCase",
            "a space in the name",
        ),
        valid(
            "mimi://a.example/r/a%2Fb",
            "",
            "room",
            "a.example",
            &["a/b"],
            "EdgeCase",
            "a slash in the name, which stays percent-encoded",
        ),
        valid(
            "mimi://a.example/r/100%25",
            "",
            "room",
            "a.example",
            &["100%"],
            "EdgeCase",
            "a percent sign in the name",
        ),
        valid(
            "mimi://a.example/u/a!$&'()*+,;=:@b",
            "",
            "user",
            "a.example",
            &["a!$&'()*+,;=:@b"],
            "EdgeCase",
            "every delimiter that a segment may hold",
        ),
        valid("mimi://a.example/u/...", "", "user", "a.example", &["..."], "EdgeCase", "three dots are a name"),
        valid(
            "mimi://xn--mnchen-3ya.example/u/x",
            "",
            "user",
            "xn--mnchen-3ya.example",
            &["x"],
            "EdgeCase",
            "an internationalised domain in its ASCII form",
        ),
        valid("mimi://localhost/u/x", "", "user", "localhost", &["x"], "EdgeCase", "a host of one label"),
        valid("mimi://1.2.3.4a/u/x", "", "user", "1.2.3.4a", &["x"], "EdgeCase", "looks like an address and is none"),
        valid(
            &format!("mimi://{label63}.example/u/x"),
            "",
            "user",
            &format!("{label63}.example"),
            &["x"],
            "EdgeCase",
            "a label of 63 octets",
        ),
        valid(&format!("mimi://{host253}"), "", "provider", &host253, &[], "EdgeCase", "a host of 253 octets"),
        valid(
            &format!("mimi://a.example/u/{long_name}"),
            "",
            "user",
            "a.example",
            &[&long_name],
            "EdgeCase",
            "2048 octets in all",
        ),
        invalid("", 0, SCHEME, "Grammar", "nothing"),
        invalid("a.example/u/alice", 0, SCHEME, "Grammar", "no scheme"),
        invalid("https://a.example/u/alice", 0, SCHEME, "Grammar", "another scheme"),
        invalid(" mimi://a.example", 0, SCHEME, "Grammar", "a space before the scheme"),
        invalid("mimi", 4, SCHEME, "Grammar", "the scheme without its colon"),
        invalid("mimi:a.example", 5, AUTHORITY, "Grammar", "no authority"),
        invalid("mimi:/a.example/u/x", 6, AUTHORITY, "Grammar", "one slash only"),
        invalid("mimi://alice@a.example/u/alice", 7, USERINFO, "Grammar", "a user before the host"),
        invalid("mimi://a.example:443/u/alice", 16, PORT, "Grammar", "a port"),
        invalid("mimi://a.example:/u/alice", 16, PORT, "Grammar", "an empty port"),
        invalid("mimi://a.example/u/alice?x=1", 24, QUERY, "Grammar", "a query"),
        invalid("mimi://a.example/u/alice#x", 24, FRAGMENT, "Grammar", "a fragment"),
        invalid("mimi://a.example?x", 16, QUERY, "Grammar", "a query after the host"),
        invalid("mimi://a.example/u/al ice", 21, CHARACTER, "Grammar", "a bare space"),
        invalid("mimi://a.example/u/al\u{e9}", 21, CHARACTER, "Grammar", "a bare character outside ASCII"),
        invalid("mimi://a.example/u/al\"ice", 21, CHARACTER, "Grammar", "a bare quotation mark"),
        invalid("mimi://a.example/u/al%", 21, PERCENT, "Grammar", "a percent sign at the end"),
        invalid("mimi://a.example/u/al%6", 21, PERCENT, "Grammar", "a percent sign with one digit"),
        invalid("mimi://a.example/u/al%zz", 21, PERCENT, "Grammar", "a percent sign without digits"),
        invalid("mimi://a.example/u/al%00ice", 21, NUL, "Grammar", "the octet 0"),
        invalid("mimi://a.example/u/al%ff", 21, NOT_UTF8, "Grammar", "an octet that is in no UTF-8"),
        invalid("mimi://a.example/u/al%c3", 21, NOT_UTF8, "Grammar", "UTF-8 that is cut off"),
        invalid("mimi://a.example/u/al%c0%af", 21, NOT_UTF8, "Grammar", "an overlong slash"),
        invalid("mimi:///u/alice", 7, HOST_EMPTY, "Host", "no host"),
        invalid("mimi://", 7, HOST_EMPTY, "Host", "no host and no path"),
        invalid("mimi://a..example/u/x", 9, LABEL_EMPTY, "Host", "two dots"),
        invalid("mimi://.example/u/x", 7, LABEL_EMPTY, "Host", "a dot at the start"),
        invalid("mimi://a.example./u/x", 17, LABEL_EMPTY, "Host", "a dot at the end"),
        invalid("mimi://a_b.example/u/x", 8, HOST_CHARACTER, "Host", "an underscore"),
        invalid("mimi://m\u{fc}nchen.example/u/x", 8, HOST_CHARACTER, "Host", "a name outside ASCII"),
        invalid("mimi://a%2eexample/u/x", 8, HOST_CHARACTER, "Host", "a percent-encoded dot"),
        invalid("mimi://-a.example/u/x", 7, HYPHEN, "Host", "a hyphen at the start of a label"),
        invalid("mimi://a-.example/u/x", 8, HYPHEN, "Host", "a hyphen at the end of a label"),
        invalid(&format!("mimi://{label63}a.example/u/x"), 7 + 63, LABEL_LONG, "Host", "a label of 64 octets"),
        invalid(&format!("mimi://{host254}/u/x"), 7 + 253, HOST_LONG, "Host", "a host of 254 octets"),
        invalid("mimi://192.0.2.1/u/x", 7, ADDRESS, "Host", "an IPv4 address"),
        invalid("mimi://0xc0000201/u/x", 7, ADDRESS, "Host", "an IPv4 address in hex"),
        invalid("mimi://[2001:db8::1]/u/x", 7, ADDRESS, "Host", "an IPv6 address"),
        invalid("mimi://a.example/", 17, EMPTY, "Path", "a slash after the host"),
        invalid("mimi://a.example/u", 18, MISSING, "Path", "no name"),
        invalid("mimi://a.example/u/", 19, EMPTY, "Path", "an empty name"),
        invalid("mimi://a.example/u/alice/", 25, EMPTY, "Path", "a slash at the end"),
        invalid("mimi://a.example//alice", 17, EMPTY, "Path", "an empty first segment"),
        invalid("mimi://a.example/d//phone", 19, EMPTY, "Path", "an empty user before the client"),
        invalid("mimi://a.example/u/alice/phone", 25, SURPLUS, "Path", "a user with two names"),
        invalid("mimi://a.example/d/alice/phone/1", 31, SURPLUS, "Path", "a client with three names"),
        invalid("mimi://a.example/x/alice", 17, DISCRIMINATOR, "Path", "a first segment that is not defined"),
        invalid("mimi://a.example/U/alice", 17, DISCRIMINATOR, "Path", "the first segment has a case"),
        invalid("mimi://a.example/alice", 17, DISCRIMINATOR, "Path", "a name without a first segment"),
        invalid("mimi://a.example/u/.", 19, DOTS, "Path", "one dot"),
        invalid("mimi://a.example/u/..", 19, DOTS, "Path", "two dots"),
        invalid("mimi://a.example/u/%2e%2E", 19, DOTS, "Path", "two dots percent-encoded"),
    ];
    cases.push(
        Case::acceptable("2049 octets: the drafts set no limit, ours is 2048", "LocalLimit")
            .our_error(TOO_LONG.at(2048))
            .with("uri", format!("mimi://a.example/u/{long_name}n")),
    );
    cases.push(
        Case::invalid("a bare octet that is in no UTF-8", "Grammar", CHARACTER.at(19))
            .octets("octets", b"mimi://a.example/u/\xff"),
    );
    cases
}

fn comparisons() -> Vec<Case> {
    let pair = |a: &str, b: &str, equal: bool, comment: &str| {
        let flag = if equal { "Normalisation" } else { "Distinct" };
        Case::valid(comment, flag).with("uris", json!([a, b])).with("equal", equal)
    };
    vec![
        pair("mimi://a.example/u/alice", "mimi://a.example/u/alice", true, "the same text"),
        pair("mimi://a.example/u/alice", "MIMI://A.EXAMPLE/u/alice", true, "case of scheme and host"),
        pair("mimi://a.example/u/alice", "mimi://a.example/u/%61%6C%69%63%65", true, "every letter percent-encoded"),
        pair("mimi://a.example/r/caf%C3%A9", "mimi://a.example/r/caf%c3%a9", true, "case of hex digits"),
        pair("mimi://a.example/u/alice", "mimi://a.example/u/Alice", false, "case of the name"),
        pair("mimi://a.example/u/alice", "mimi://b.example/u/alice", false, "another provider"),
        pair("mimi://a.example/u/alice", "mimi://a.example/p/alice", false, "another kind"),
        pair("mimi://a.example/r/clubhouse", "mimi://a.example/g/clubhouse", false, "a room and its group"),
        pair(
            "mimi://a.example/d/alice/phone",
            "mimi://a.example/d/alice%2Fphone",
            false,
            "a slash and a percent-encoded slash",
        ),
        pair("mimi://a.example/u/a@b", "mimi://a.example/u/a%40b", false, "a delimiter and its percent-encoding"),
        pair(
            "mimi://a.example/r/caf%C3%A9",
            "mimi://a.example/r/cafe%CC%81",
            false,
            "composed and decomposed: no Unicode normalisation",
        ),
        pair("mimi://a.example/u/alice", "mimi://a.example/u/al%D1%96ce", false, "a letter that looks alike"),
    ]
}
