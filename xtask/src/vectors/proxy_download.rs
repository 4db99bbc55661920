//! Which URLs a hub fetches for others: draft-ietf-mimi-protocol-06 section 5.10.2.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::json;
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.10.2";
const URI: &str = "RFC 3986 section 2.1";

const TOO_LONG: Rule = Rule("download-too-long", SECTION);
const CHARACTER: Rule = Rule("download-character", SECTION);
const ESCAPE: Rule = Rule("download-escape", SECTION);
const NOT_HTTPS: Rule = Rule("download-not-https", SECTION);
const FRAGMENT: Rule = Rule("download-fragment", SECTION);
const USER_INFO: Rule = Rule("download-user-info", SECTION);
const HOST: Rule = Rule("download-host", SECTION);
const PORT: Rule = Rule("download-port", SECTION);
const HOST_NOT_LISTED: Rule = Rule("download-host-not-listed", SECTION);
const PORT_NOT_LISTED: Rule = Rule("download-port-not-listed", SECTION);
const BROKEN: Rule = Rule("percent-encoding-broken", URI);
const BARE: Rule = Rule("percent-encoding-missing", URI);
const NOT_UTF8: Rule = Rule("percent-encoding-not-utf8", URI);

/// Percent-encodes all but the unreserved characters of RFC 3986.
fn encode(url: &str) -> String {
    url.bytes()
        .map(|octet| match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(octet).to_string(),
            _ => format!("%{octet:02X}"),
        })
        .collect()
}

fn of(case: Case, segment: &str) -> Case {
    case.with("segment", segment)
        .with("assetHosts", json!(["assets.b.example:443", "c.example:443", "c.example:8443", "odd.example:444"]))
}

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let good = |comment: &str, flag: &str, url: &str, normal: &str| {
        of(Case::valid(comment, flag), &encode(url)).with("url", normal)
    };
    let plain = |comment: &str, url: &str| good(comment, "Valid", url, url);
    let bad = |comment: &str, flag: &str, rule: Rule, offset: usize, url: &str| {
        of(Case::invalid(comment, flag, rule.at(offset)), &encode(url))
    };
    let unlisted = |comment: &str, url: &str| bad(comment, "Open", HOST_NOT_LISTED, 8, url);
    let host = |comment: &str, url: &str| bad(comment, "Host", HOST, 8, url);
    let character = |comment: &str, offset: usize, url: &str| bad(comment, "Form", CHARACTER, offset, url);
    let start = "https://c.example/";
    let longest = format!("{start}{}", "a".repeat(8000 - start.len()));
    let mut cases = vec![
        plain("a URL on a listed host", "https://assets.b.example/file/1"),
        plain("no path", "https://c.example"),
        plain("a query without a path", "https://c.example?id=1"),
        plain("a listed port", "https://c.example:8443/file"),
        plain("a host that is listed on another port only, on that port", "https://odd.example:444/"),
        plain("another URL in path and query", "https://c.example/https://evil.example/@x?u=https://evil.example:1"),
        plain("percent-encoding in the URL stays", "https://c.example/a%2Fb%252F%00?x=%20"),
        plain("dot segments stay; the asset provider's path is its own", "https://c.example/a/../b"),
        plain("8000 octets", &longest),
        good("the port of https is left out", "Normal", "https://c.example:443/file", "https://c.example/file"),
        good(
            "scheme and host in lower case",
            "Normal",
            "HTTPS://Assets.B.EXAMPLE/File",
            "https://assets.b.example/File",
        ),
        unlisted("another host", "https://evil.example/"),
        unlisted("the domain above a listed host", "https://b.example/"),
        unlisted("a host below a listed one", "https://x.c.example/"),
        unlisted("a listed host as the start of another", "https://c.example.evil.example/"),
        unlisted("a listed host as the end of another label", "https://xc.example/"),
        unlisted("this machine", "https://localhost/"),
        unlisted("another host before a query with a listed one", "https://evil.example?https://c.example/"),
        bad("a port that is not listed", "Open", PORT_NOT_LISTED, 17, "https://c.example:22/"),
        bad("the port of http", "Open", PORT_NOT_LISTED, 17, "https://c.example:80/"),
        bad("a port that is listed for another host", "Open", PORT_NOT_LISTED, 24, "https://assets.b.example:8443/"),
        bad("no port, where another one is listed", "Open", PORT_NOT_LISTED, 19, "https://odd.example/"),
        bad("a listed host as user", "UserInfo", USER_INFO, 8, "https://c.example@evil.example/"),
        bad(
            "a listed host and port as user and password",
            "UserInfo",
            USER_INFO,
            8,
            "https://c.example:443@evil.example/",
        ),
        bad("a user on a listed host", "UserInfo", USER_INFO, 8, "https://user:pw@c.example/"),
        bad("an empty user", "UserInfo", USER_INFO, 8, "https://@c.example/"),
        host("an IPv4 address", "https://127.0.0.1/"),
        host("an IPv4 address as one number", "https://2130706433/"),
        host("an IPv4 address in hexadecimal", "https://0x7f.1/"),
        host("an IPv6 address", "https://[::1]/"),
        host("an IPv6 address with a port", "https://[::1]:443/"),
        host("no host", "https:///c.example/"),
        host("a port and no host", "https://:443/"),
        host("nothing after the scheme", "https://"),
        host("a dot at the end", "https://c.example./"),
        host("percent-encoding in the host", "https://c%2Eexample/"),
        host("an encoded NUL in the host", "https://c.example%00.evil.example/"),
    ];
    for (comment, port) in [
        ("an empty port", ""),
        ("port 0", "0"),
        ("a port with a leading zero", "0443"),
        ("a port with a sign", "+443"),
        ("port 65536", "65536"),
        ("two ports", "443:443"),
    ] {
        cases.push(bad(comment, "Form", PORT, 17, &format!("https://c.example:{port}/")));
    }
    for (comment, url) in [
        ("http", "http://c.example/"),
        ("a file", "file:///etc/passwd"),
        ("no scheme", "//c.example/"),
        ("no slashes", "https:c.example/"),
        ("encoded twice", "https%3A%2F%2Fc.example%2F"),
    ] {
        cases.push(bad(comment, "Scheme", NOT_HTTPS, 0, url));
    }
    cases.extend([
        bad("a fragment", "Form", FRAGMENT, 19, "https://c.example/x#y"),
        bad("a fragment that hides another host", "Form", FRAGMENT, 17, "https://c.example#@evil.example/"),
        character("a backslash, which browsers take for a slash", 17, "https://c.example\\@evil.example/"),
        character("a line break", 18, "https://c.example/\r\nHost: evil.example"),
        character("a tab in the host, which browsers drop", 13, "https://c.exa\tmple/"),
        character("a space in front", 0, " https://c.example/"),
        character("a NUL", 18, "https://c.example/\0"),
        character("an ideographic full stop in the host", 9, "https://c\u{3002}example/"),
        character("a bracket in the path, which only a host has", 19, "https://c.example/a[0]"),
        character("a bracket in the query", 21, "https://c.example/?a=]"),
        character("a character outside ASCII in the path", 18, "https://c.example/é"),
        bad("a percent sign alone", "Form", ESCAPE, 18, "https://c.example/%"),
        bad("a percent sign before other letters", "Form", ESCAPE, 18, "https://c.example/%zz"),
        bad("8001 octets", "Form", TOO_LONG, 8000, &format!("{longest}a")),
        of(Case::invalid("a broken escape in the request's path", "Path", BROKEN.at(19)), "https%3A%2F%2Fc.exa%2"),
        of(Case::invalid("a bare space in the request's path", "Path", BARE.at(14)), "https%3A%2F%2F c.example"),
        of(
            Case::invalid("the request's path is not UTF-8", "Path", NOT_UTF8.nowhere()),
            "https%3A%2F%2Fc.example%2F%FF",
        ),
    ]);
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "proxy-download", "proxyDownload", "5.10.2")
        .header("segment is what stands for {downloadUrl} in the path of the request. assetHosts are the hosts from which peer providers let assets be downloaded, with their ports.")
        .header("url is what the hub fetches. Offsets are in the URL after segment has been percent-decoded once; for flag Path in segment.")
        .header("The draft asks for the host to be checked. That the scheme is https follows from section 5.10; user information, fragments, unlisted ports, characters that URL parsers disagree on, and more than 8000 octets are refused by us.")
        .note("Valid", BugType::Basic, SECTION, "a URL that the hub fetches as it came", None)
        .note("Normal", BugType::EdgeCase, "RFC 3986 section 6.2.2", "another spelling of scheme, host or port", None)
        .note("Open", BugType::AuthenticationBypass, SECTION, "a host or port from which no peer provider lets assets be downloaded", Some("the hub is an open proxy"))
        .note("UserInfo", BugType::AuthenticationBypass, "RFC 3986 section 7.6", "user information before the host", Some("the host that is checked is not the one that is connected to"))
        .note("Host", BugType::AuthenticationBypass, "RFC 3986 section 3.2.2", "a host that is no domain name", Some("the hub reaches into its own network"))
        .note("Scheme", BugType::MissingCheck, "draft-ietf-mimi-protocol-06 section 5.10", "not an https URL", Some("assets are fetched without protection, or from the hub's own files"))
        .note("Form", BugType::MissingCheck, SECTION, "parts and characters that a download URL has no use for", Some("two URL parsers see different hosts, or the request is split in two"))
        .note("Path", BugType::Malleability, URI, "a path segment that is not properly percent-encoded", None)
        .group("ProxyDownload", cases)
        .finish()
}
