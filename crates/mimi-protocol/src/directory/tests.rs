#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

const ROOM: &str = "mimi://a.example/r/clubhouse";
const ROOM_SEGMENT: &str = "mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse";

fn template(text: &str) -> Result<UrlTemplate, (usize, TemplateRule)> {
    text.parse().map_err(|error: TemplateError| (error.offset(), error.rule()))
}

#[test]
fn templates_have_a_host_a_port_and_one_variable() {
    // req: MP06-5.1-04
    for (text, host, port, variable) in [
        ("https://a.example/v1/update/{roomId}", "a.example", None, "roomId"),
        ("https://a.example/v1/update{roomId}", "a.example", None, "roomId"),
        ("HTTPS://A.Example:8443/{any_name_1}", "a.example", Some(8443), "any_name_1"),
        ("https://a.example/{targetUser}/keys", "a.example", None, "targetUser"),
        ("https://a.example/%7Ex/a:b@c/{x}", "a.example", None, "x"),
        ("https://a.example/..{x}", "a.example", None, "x"),
    ] {
        let template = template(text).unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(template.host().as_str(), host);
        assert_eq!(template.port(), port);
        assert_eq!(template.variable(), variable);
        assert_eq!(template.to_string(), text);
    }
}

#[test]
fn other_urls_are_refused_with_the_place() {
    // req: MP06-4.1-01
    use TemplateRule::*;
    for (text, offset, rule) in [
        ("", 0, NotHttps),
        ("http://a.example/{x}", 0, NotHttps),
        ("/v1/{x}", 0, NotHttps),
        ("https:/a.example/{x}", 0, NotHttps),
        ("https:///{x}", 8, Host),
        ("https://{x}/", 8, Host),
        ("https://u@a.example/{x}", 8, Host),
        ("https://127.0.0.1/{x}", 8, Host),
        ("https://[::1]/{x}", 8, Host),
        ("https://a.example:/{x}", 18, Port),
        ("https://a.example:0/{x}", 18, Port),
        ("https://a.example:65536/{x}", 18, Port),
        ("https://a.example:+1/{x}", 18, Port),
        ("https://a.example", 17, NoVariable),
        ("https://a.example/v1", 20, NoVariable),
        ("https://a.example/{}", 19, VariableName),
        ("https://a.example/{x", 18, VariableName),
        ("https://a.example/{+x}", 19, VariableName),
        ("https://a.example/{x,y}", 19, VariableName),
        ("https://a.example/{x*}", 19, VariableName),
        ("https://a.example/{x}/{y}", 22, SecondVariable),
        ("https://a.example/{x}}", 21, Character),
        ("https://a.example/}{x}", 18, Character),
        ("https://a.example/?room={x}", 18, Query),
        ("https://a.example?{x}", 17, Query),
        ("https://a.example/{x}?a=b", 21, Query),
        ("https://a.example/{x}#a", 21, Fragment),
        ("https://a.example#{x}", 17, Fragment),
        ("https://a.example\\{x}", 17, Character),
        ("https://a.example/%zz/{x}", 18, Escape),
        ("https://a.example/{x}/%4", 22, Escape),
        ("https://a.example/a b/{x}", 19, Character),
        ("https://a.example/\u{e9}/{x}", 18, Character),
        ("https://a.example/v1/../{x}", 17, DotSegment),
        ("https://a.example/%2E%2e/{x}", 17, DotSegment),
        ("https://a.example/{x}/..", 17, DotSegment),
    ] {
        assert_eq!(template(text), Err((offset, rule)), "{text}");
    }
}

#[test]
fn a_value_is_percent_encoded_whole() {
    // req: MP06-5.2-06
    let template = template("https://a.example/v1/update{roomId}/x").unwrap();
    for (value, segment) in [
        (ROOM, ROOM_SEGMENT),
        ("mimi://a.example/r/a%20b", "mimi%3A%2F%2Fa.example%2Fr%2Fa%2520b"),
        ("-._~azAZ09", "-._~azAZ09"),
        ("?#{}&=+", "%3F%23%7B%7D%26%3D%2B"),
        ("\u{e9} \0", "%C3%A9%20%00"),
    ] {
        assert_eq!(template.expand(value), Ok(format!("https://a.example/v1/update{segment}/x")));
    }
    assert_eq!(template.expand(""), Err(ExpandError::EmptyValue));
    assert_eq!(template.expand("."), Err(ExpandError::DotSegment));
    assert_eq!(template.expand(".."), Err(ExpandError::DotSegment));
}

#[test]
fn our_directory_has_the_endpoints_we_offer_below_one_prefix() {
    // req: MP06-5.1-01
    // req: MP06-5.1-04
    let offered =
        [Endpoint::GroupInfo, Endpoint::KeyMaterial, Endpoint::Update, Endpoint::Notify, Endpoint::SubmitMessage];
    let directory = Directory::of("https://a.example:8443/", offered).unwrap();
    assert_eq!(
        directory.to_json(),
        r#"{
  "keyMaterial": "https://a.example:8443/mimi/v1/keyMaterial/{targetUser}",
  "update": "https://a.example:8443/mimi/v1/update/{roomId}",
  "notify": "https://a.example:8443/mimi/v1/notify/{roomId}",
  "submitMessage": "https://a.example:8443/mimi/v1/submitMessage/{roomId}",
  "groupInfo": "https://a.example:8443/mimi/v1/groupInfo/{roomId}"
}"#
    );
    assert_eq!(Directory::from_json(directory.to_json().as_bytes()), Ok(directory.clone()));
    assert_eq!(
        directory.expand(Endpoint::ReportAbuse, ROOM),
        Err(ExpandError::Absent { endpoint: Endpoint::ReportAbuse })
    );
}

#[test]
fn our_directory_needs_a_bare_https_origin() {
    for base in
        ["http://a.example", "a.example", "https://a.example/x", "https://a.example//", "https://a.example?x", ""]
    {
        assert!(matches!(Directory::of(base, Endpoint::ALL), Err(DirectoryError::Template { .. })), "{base}");
    }
}

#[test]
fn endpoints_may_be_absent_and_unknown_members_are_kept() {
    // req: MP06-5.1-03
    let text = br#"{"notify":"https://a.example/n/{r}","meta":{"terms":"https://a.example/terms"},"update2":7}"#;
    let directory = Directory::from_json(text).unwrap();
    assert_eq!(directory.endpoints().count(), 1);
    assert_eq!(directory.get(Endpoint::Notify).unwrap().variable(), "r");
    assert!(directory.get(Endpoint::Update).is_none());
    assert_eq!(directory.other().len(), 2);
    assert_eq!(Directory::from_json(directory.to_json().as_bytes()), Ok(directory));
    assert_eq!(Directory::from_json(b"{}"), Ok(Directory::default()));
}

#[test]
fn broken_documents_are_refused() {
    // req: MP06-5.1-03
    for text in [
        &b""[..],
        b"[]",
        b"{} {}",
        b"null",
        br#"{"notify":"https://a.example/n/{r}""#,
        br#"{"x":1,"x":2}"#,
        br#"{"notify":"https://a.example/n/{r}","notify":"https://a.example/n/{r}"}"#,
        b"{\"\xff\":1}",
    ] {
        assert!(matches!(Directory::from_json(text), Err(DirectoryError::Json { .. })), "{text:?}");
    }
    let not_text = br#"{"notify":{"url":"https://a.example/n/{r}"}}"#;
    assert_eq!(Directory::from_json(not_text), Err(DirectoryError::NotText { endpoint: Endpoint::Notify }));
    let error = Directory::from_json(br#"{"update":"http://a.example/{r}"}"#).unwrap_err();
    assert_eq!(error.to_string(), "the template of update: offset 0: the URL does not begin with https://");
    assert_eq!(error.section(), "draft-ietf-mimi-protocol-06 section 5.1");
}

#[test]
fn a_document_over_the_limit_is_refused_unread() {
    let mut text = b"{}".to_vec();
    text.resize(MAX_OCTETS, b' ');
    assert_eq!(Directory::from_json(&text), Ok(Directory::default()));
    text.push(b' ');
    assert_eq!(
        Directory::from_json(&text),
        Err(DirectoryError::TooLarge { octets: MAX_OCTETS + 1, limit: MAX_OCTETS })
    );
}

#[test]
fn paths_of_ours_give_the_endpoint_and_the_decoded_value() {
    // req: MP06-5.2-04
    for (path, endpoint, value) in [
        (format!("/mimi/v1/update/{ROOM_SEGMENT}"), Endpoint::Update, ROOM),
        (format!("/mimi/v1/notify/{}", ROOM_SEGMENT.to_lowercase()), Endpoint::Notify, ROOM),
        ("/mimi/v1/groupInfo/mimi:%2F%2fa.example%2Fr%2Fclubhouse".into(), Endpoint::GroupInfo, ROOM),
        ("/mimi/v1/keyMaterial/a%2520b".into(), Endpoint::KeyMaterial, "a%20b"),
        ("/mimi/v1/reportAbuse/x".into(), Endpoint::ReportAbuse, "x"),
    ] {
        assert_eq!(match_path(&path), Some((endpoint, Ok(value.to_owned()))), "{path}");
    }
}

#[test]
fn other_paths_match_nothing() {
    for path in [
        "",
        "/",
        WELL_KNOWN,
        "/mimi/v1/update",
        "/mimi/v1/update/",
        "/mimi/v1/update/x/",
        "/mimi/v1/update/a.example/r/clubhouse",
        "/mimi/v1/updat%65/x",
        "/mimi/v1/Update/x",
        "/mimi/v1/submit/x",
        "/mimi/v2/update/x",
        "mimi/v1/update/x",
        "//mimi/v1/update/x",
    ] {
        assert_eq!(match_path(path), None, "{path}");
    }
}

#[test]
fn values_that_are_not_percent_encoded_text_are_refused() {
    for (value, error) in [
        ("a%", ValueError::Escape { offset: 1 }),
        ("a%2", ValueError::Escape { offset: 1 }),
        ("%2g", ValueError::Escape { offset: 0 }),
        ("%+1", ValueError::Escape { offset: 0 }),
        ("a b", ValueError::Character { offset: 1 }),
        ("\u{e9}", ValueError::Character { offset: 0 }),
        ("a\"", ValueError::Character { offset: 1 }),
        ("%ff", ValueError::NotUtf8),
        ("%C3", ValueError::NotUtf8),
    ] {
        assert_eq!(match_path(&format!("/mimi/v1/update/{value}")), Some((Endpoint::Update, Err(error))), "{value}");
    }
}

#[test]
fn endpoints_are_found_by_their_names() {
    // req: MP06-5.1-04
    for endpoint in Endpoint::ALL {
        assert_eq!(Endpoint::from_name(endpoint.name()), Some(endpoint));
        let text = format!("https://a.example/{endpoint}/{{{}}}", endpoint.variable());
        assert_eq!(template(&text).unwrap().variable(), endpoint.variable());
    }
    assert_eq!(Endpoint::from_name("submit"), None);
}

proptest! {
    #[test]
    fn what_is_expanded_is_matched(value in "\\PC{1,40}") {
        prop_assume!(value != "." && value != "..");
        let directory = Directory::of("https://a.example", Endpoint::ALL).unwrap();
        for endpoint in Endpoint::IMPLEMENTED {
            let url = directory.expand(endpoint, &value).unwrap();
            let path = url.strip_prefix("https://a.example").unwrap();
            prop_assert_eq!(match_path(path), Some((endpoint, Ok(value.clone()))));
        }
    }

    #[test]
    fn no_template_text_makes_the_reader_panic(text in "(https://a.example)?[/{}a-z?#%.:@\\\\é]{0,20}") {
        if let Ok(template) = text.parse::<UrlTemplate>() {
            prop_assert!(template.expand("x").is_ok());
        }
    }
}
