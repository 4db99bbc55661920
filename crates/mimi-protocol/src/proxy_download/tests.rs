#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::directory::Directory;

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn hosts() -> AssetHosts {
    let mut hosts = AssetHosts::from_iter([domain("assets.b.example"), domain("c.example")]);
    hosts.allow_port(domain("c.example"), 8443);
    hosts.allow_port(domain("odd.example"), 444);
    hosts
}

fn refusal(url: &str) -> (usize, UrlRule) {
    let error = permit(url, &hosts()).expect_err(url);
    assert_eq!(error.section(), SECTION);
    (error.offset(), error.rule())
}

#[test]
fn a_url_on_a_listed_host_is_permitted_and_its_authority_normalised() {
    // req: MP06-5.10.2-02
    for (url, normalised, host, port) in [
        ("https://assets.b.example/x", "https://assets.b.example/x", "assets.b.example", 443),
        ("HTTPS://Assets.B.Example:443/x", "https://assets.b.example/x", "assets.b.example", 443),
        ("https://c.example", "https://c.example", "c.example", 443),
        ("https://c.example?a=b", "https://c.example?a=b", "c.example", 443),
        (
            "https://c.example:8443/a%2Fb%252F?q=https://evil.example/@x:1",
            "https://c.example:8443/a%2Fb%252F?q=https://evil.example/@x:1",
            "c.example",
            8443,
        ),
        ("https://odd.example:444/", "https://odd.example:444/", "odd.example", 444),
    ] {
        let permitted = permit(url, &hosts()).expect(url);
        assert_eq!((permitted.url(), permitted.host().as_str(), permitted.port()), (normalised, host, port));
        assert_eq!(permitted.to_string(), normalised);
        assert_eq!(permit(normalised, &hosts()), Ok(permitted));
    }
}

#[test]
fn hosts_and_ports_that_are_not_listed_are_refused() {
    // req: MP06-5.10.2-02, MP06-5.10.2-03
    for url in [
        "https://evil.example/x",
        "https://b.example/x",
        "https://x.assets.b.example/x",
        "https://assets.b.example.evil.example/x",
        "https://assetsxb.example/x",
        "https://localhost/x",
        "https://evil.example?https://c.example/",
    ] {
        assert_eq!(refusal(url), (8, UrlRule::HostNotListed), "{url}");
    }
    assert_eq!(refusal("https://assets.b.example:8443/"), (24, UrlRule::PortNotListed));
    assert_eq!(refusal("https://c.example:80/"), (17, UrlRule::PortNotListed));
    assert_eq!(refusal("https://odd.example/"), (19, UrlRule::PortNotListed));
    assert!(permit("https://c.example/", &AssetHosts::new()).is_err());
}

#[test]
fn addresses_and_odd_hosts_are_refused() {
    for url in [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::1]:443/",
        "https:///c.example/",
        "https://c.example./",
        "https://c%2eexample/",
        "https://c.example%00.evil.example/",
        "https://:443/",
        "https://",
        "https://c_example/",
    ] {
        assert_eq!(refusal(url), (8, UrlRule::Host), "{url}");
    }
}

#[test]
fn ports_are_plain_numbers() {
    for port in ["", "0", "0443", "+443", "65536", "99999999999999999999", "443:443", "4%34", "-1"] {
        assert_eq!(refusal(&format!("https://c.example:{port}/")), (17, UrlRule::Port), "{port}");
    }
}

#[test]
fn other_schemes_are_refused() {
    for url in [
        "",
        "https",
        "https:/",
        "http://c.example/",
        "https:c.example",
        "//c.example/",
        "file:///etc/passwd",
        "ftp://c.example/x",
        "https%3A%2F%2Fc.example%2F",
    ] {
        assert_eq!(refusal(url), (0, UrlRule::NotHttps), "{url}");
    }
}

#[test]
fn user_information_and_fragments_are_refused() {
    for url in [
        "https://c.example@evil.example/",
        "https://user:pw@c.example/",
        "https://@c.example/",
        "https://evil.example:443@c.example/",
    ] {
        assert_eq!(refusal(url), (8, UrlRule::UserInfo), "{url}");
    }
    assert_eq!(refusal("https://c.example/x#y"), (19, UrlRule::Fragment));
    assert_eq!(refusal("https://c.example#@evil.example/"), (17, UrlRule::Fragment));
}

#[test]
fn characters_that_url_parsers_disagree_on_are_refused() {
    for (url, offset) in [
        ("https://c.example\\@evil.example/", 17),
        ("https:\\\\c.example/", 6),
        ("https://c.example/\r\nHost: evil.example", 18),
        ("https://c.exa\tmple/", 13),
        (" https://c.example/", 0),
        ("https://c.example/ ", 18),
        ("https://c.example/\0", 18),
        ("https://c\u{3002}example/", 9),
        ("https://c.example/\u{e9}", 18),
        ("https://c.example/{x}", 18),
    ] {
        assert_eq!(refusal(url), (offset, UrlRule::Character), "{url:?}");
    }
    for (url, offset) in [("https://c.example/%", 18), ("https://c.example/%2", 18), ("https://c.example/%zz", 18)] {
        assert_eq!(refusal(url), (offset, UrlRule::Escape), "{url:?}");
    }
}

#[test]
fn very_long_urls_are_refused() {
    let url = format!("https://c.example/{}", "a".repeat(MAX_URL_OCTETS - 18));
    assert!(permit(&url, &hosts()).is_ok());
    assert_eq!(refusal(&format!("{url}a")), (MAX_URL_OCTETS, UrlRule::TooLong));
    assert_eq!(refusal(&"%".repeat(10_000_000)), (MAX_URL_OCTETS, UrlRule::TooLong));
}

#[test]
fn the_path_is_decoded_exactly_once() {
    // req: MP06-5.10.2-01, MP06-5.10.2-02
    let path = |value: &str| format!("/mimi/v1/proxyDownload/{value}");
    let once = permit_path(&path("https%3A%2F%2Fc.example%2Fa%252Fb%3Fx"), &hosts()).unwrap();
    assert_eq!(once.url(), "https://c.example/a%2Fb?x");
    let twice = permit_path(&path("https%253A%252F%252Fc.example%252F"), &hosts());
    assert_eq!(twice, Err(DownloadError::Url(UrlError { offset: 0, rule: UrlRule::NotHttps })));
    let host = permit_path(&path("https%3A%2F%2Fc%252eexample%2F"), &hosts());
    assert_eq!(host, Err(DownloadError::Url(UrlError { offset: 8, rule: UrlRule::Host })));
    let newline = permit_path(&path("https%3A%2F%2Fc.example%2F%0d%0a"), &hosts());
    assert_eq!(newline, Err(DownloadError::Url(UrlError { offset: 18, rule: UrlRule::Character })));
    assert_eq!(permit_path(&path("%zz"), &hosts()), Err(DownloadError::Value(ValueError::Escape { offset: 0 })));
    assert_eq!(permit_path(&path("%ff"), &hosts()), Err(DownloadError::Value(ValueError::NotUtf8)));
    for other in
        ["/mimi/v1/reportAbuse/https%3A%2F%2Fc.example%2F", "/mimi/v1/proxyDownload/https://c.example/", "/", ""]
    {
        let error = permit_path(other, &hosts()).unwrap_err();
        assert_eq!((error, error.section()), (DownloadError::NotProxyDownload, SECTION), "{other}");
    }
}

#[test]
fn what_our_directory_expands_is_what_is_permitted() {
    // req: MP06-5.10.2-01
    let url = "https://c.example:8443/a%2Fb/../c?x=y&z=%25";
    let directory = Directory::of("https://hub.example", [Endpoint::ProxyDownload]).unwrap();
    let expanded = directory.expand(Endpoint::ProxyDownload, url).unwrap();
    let path = expanded.strip_prefix("https://hub.example").unwrap();
    assert_eq!(permit_path(path, &hosts()).unwrap().url(), url);
}

proptest! {
    #[test]
    fn whatever_is_permitted_begins_with_a_listed_authority(
        url in "(https://|HTTPS:|http://|)[a-c.:@/\\\\#?%0-9\\[\\]]{0,6}(c\\.example|evil\\.example|)[@:/\\\\#?%0-9a-z. ]{0,8}"
    ) {
        // req: MP06-5.10.2-02
        if let Ok(permitted) = permit(&url, &hosts()) {
            let listed = ["https://assets.b.example", "https://c.example", "https://c.example:8443", "https://odd.example:444"];
            let after = listed.iter().filter_map(|start| permitted.url().strip_prefix(start));
            prop_assert!(after.into_iter().any(|rest| rest.is_empty() || rest.starts_with(['/', '?'])), "{url}");
            prop_assert!(!url.contains(['@', '\\', '#', ' ']) || url.find(['/', '?']).is_some());
        }
    }

    #[test]
    fn nothing_makes_the_check_fall_over(url in "\\PC{0,40}", path in "\\PC{0,40}") {
        let _ = permit(&url, &hosts());
        let _ = permit(&format!("https://{url}"), &hosts());
        let _ = permit_path(&format!("/mimi/v1/proxyDownload/{path}"), &hosts());
    }
}
