#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::uri::{AVATAR_NOT_HTTPS, URI_INVALID};
use super::*;
use crate::codec::NOT_UTF8;
use crate::testing::{laws, octets, refused};

fn uri() -> Uri {
    Uri::new("mimi:r").unwrap()
}

fn text(text: &str) -> Utf8String {
    Utf8String::new(text).unwrap()
}

fn full() -> RoomMetaData {
    RoomMetaData {
        room_uri: uri(),
        room_name: text("Club"),
        room_descriptions: vec![
            RichDescription::plain("", "hi").unwrap(),
            RichDescription::new("text/markdown", "de-CH", "*ja*").unwrap(),
        ],
        room_avatar: Some(HttpsUri::new("https://a.example/x").unwrap()),
        room_subject: text("s"),
        room_mood: text("\u{1f642}"),
    }
}

fn opaque(octets: &[u8]) -> Vec<u8> {
    [&[u8::try_from(octets.len()).unwrap()], octets].concat()
}

#[test]
fn metadata_have_these_octets() {
    // req: MP06-7.6-03, MP06-7.6-04, MP06-7.6-05, MP06-7.6-06, MP06-7.6-07, MP06-7.6-08, MP06-7.6-09
    let descriptions = [&b"\x00\x00\x02hi"[..], b"\x0dtext/markdown\x05de-CH\x04*ja*"].concat();
    let expected = [
        b"\x06mimi:r\x04Club".to_vec(),
        opaque(&descriptions),
        b"\x13https://a.example/x\x01s\x04\xf0\x9f\x99\x82".to_vec(),
    ]
    .concat();
    assert_eq!(laws(&full()), expected);
    assert_eq!(laws(&RoomMetaData::named(uri(), text(""))), b"\x06mimi:r\0\0\0\0\0");
    assert_eq!(ROOM_METADATA, ComponentId(0x0023));
}

#[test]
fn text_is_utf8_without_nulls() {
    // req: MP06-7.6-05
    assert_eq!(laws(&text("caf\u{e9}")), b"\x05caf\xc3\xa9");
    assert!(text("").is_empty());
    refused::<Utf8String>(b"\x03a\xffb", 2, &NOT_UTF8);
    for octets in [&b"\x01\0"[..], b"\x03a\0b", b"\x02a\0"] {
        refused::<Utf8String>(octets, 0, &NUL_IN_TEXT);
    }
    assert_eq!(Utf8String::new("a\0").unwrap_err().rule(), &NUL_IN_TEXT);
}

#[test]
fn the_room_uri_is_a_uri() {
    // req: MP06-7.6-04
    for good in [
        "mimi://a.example/r/clubhouse",
        "a:",
        "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66",
        "HTTPS://[2001:db8::7]:443/a?b=c/d?#e/?f",
        "http://[v1.fe80::a+en1]/",
        "ftp://u:p@h:21/",
        "file:///x",
        "h+.-1:%41",
        "x://host?q",
        "x://h:/",
        "x:/a//b",
    ] {
        let bytes = opaque(good.as_bytes());
        assert_eq!(laws(&Uri::new(good).unwrap()), bytes);
        assert_eq!(Uri::from_bytes(&bytes).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "clubhouse",
        "/r/clubhouse",
        "//a.example/",
        ":x",
        "1a:x",
        "a_b:x",
        "\u{e9}:x",
        "a:\u{e9}",
        "a: ",
        "a:b c",
        "a:%4",
        "a:%4g",
        "a:b#c#d",
        "a:[b]",
        "a:\"b\"",
        "a:<b>",
        "a:b\n",
        "a:\0",
        "x://[::1",
        "x://[::g]/",
        "x://[::1]a/",
        "x://[::1%25lo]/",
        "x://h:8a/",
        "x://a@b@c/",
        "x://a:b:1/",
        "x://[v1]/",
        "x:\\",
        "x:^",
    ] {
        refused::<Uri>(&opaque(bad.as_bytes()), 0, &URI_INVALID);
        assert_eq!(Uri::new(bad).unwrap_err().rule(), &URI_INVALID, "{bad:?}");
    }
    refused::<Uri>(b"\x02a\xff", 0, &URI_INVALID);
}

#[test]
fn the_avatar_is_an_https_uri_or_there_is_none() {
    // req: MP06-7.6-07
    let before = 9;
    let with = |avatar: &[u8]| [b"\x06mimi:r\0\0".to_vec(), opaque(avatar), b"\0\0".to_vec()].concat();
    for good in ["https://a.example/x.png", "HTTPS://a.example", "https://192.0.2.1:8443/?q#f", "https://[::1]/"] {
        let metadata = RoomMetaData::from_bytes(&with(good.as_bytes())).unwrap();
        assert_eq!(metadata.room_avatar, Some(HttpsUri::new(good).unwrap()));
        assert_eq!(laws(&metadata), with(good.as_bytes()));
    }
    assert_eq!(RoomMetaData::from_bytes(&with(b"")).unwrap().room_avatar, None);
    for bad in [
        "http://a.example/x",
        "https:",
        "https:a.example/x",
        "https:/a.example/x",
        "https://",
        "https:///x",
        "https://:443/",
        "https://u@a.example/",
        "https://@a.example/",
        "https://a.example/ x",
        "mimi://a.example/r/x",
        "data:image/png;base64,AA",
        "x",
    ] {
        refused::<RoomMetaData>(&with(bad.as_bytes()), before, &AVATAR_NOT_HTTPS);
        assert_eq!(HttpsUri::new(bad).unwrap_err().rule(), &AVATAR_NOT_HTTPS, "{bad}");
    }
    refused::<RoomMetaData>(&with(b"https://\xff"), before, &AVATAR_NOT_HTTPS);
    assert!(HttpsUri::new("").is_err());
}

#[test]
fn no_media_type_is_plain_text_in_utf8() {
    // req: MP06-7.6-02
    let implied = RichDescription::plain("en", "caf\u{e9}").unwrap();
    assert_eq!((implied.media_type_text(), implied.media_type()), ("", MediaType::plain_utf8()));
    assert_eq!((implied.text(), implied.language_tag()), (Some("caf\u{e9}"), Some("en")));
    laws(&implied);
    for media_type in ["text/plain;charset=utf-8", "Text/Plain ; Charset=\"UTF-8\""] {
        let said = RichDescription::new(media_type, "", "caf\u{e9}").unwrap();
        assert_eq!((said.text(), said.language_tag(), said.media_type_text()), (Some("caf\u{e9}"), None, media_type));
        assert_eq!(RichDescription::new(media_type, "", [0xff]).unwrap_err().rule(), &DESCRIPTION_NOT_UTF8);
        laws(&said);
    }
    refused::<RichDescription>(b"\0\0\x02a\xff", 2, &DESCRIPTION_NOT_UTF8);
    // Other formats are opaque.
    let image = RichDescription::new("image/png", "", [0xff, 0]).unwrap();
    assert_eq!((image.text(), image.description_content()), (None, &[0xff, 0][..]));
    let latin = RichDescription::new("text/plain;charset=iso-8859-1", "fr", [0xe9]).unwrap();
    assert_eq!(latin.text(), None);
}

#[test]
fn descriptions_have_a_media_type_and_a_language_tag_or_neither() {
    // req: MP06-7.6-01, MP06-7.6-06
    for bad in ["text", "/plain", "text/", "text/plain;", "text/plain;charset", "text plain", " ", "text/plain,x/y"] {
        let bytes = [opaque(bad.as_bytes()), b"\0\0".to_vec()].concat();
        refused::<RichDescription>(&bytes, 0, &DESCRIPTION_MEDIA_TYPE_INVALID);
        assert_eq!(RichDescription::new(bad, "", "").unwrap_err().rule(), &DESCRIPTION_MEDIA_TYPE_INVALID);
    }
    for bad in ["d", "de_CH", "de,en", "de-", "\u{e9}"] {
        let bytes = [b"\0".to_vec(), opaque(bad.as_bytes()), b"\0".to_vec()].concat();
        refused::<RichDescription>(&bytes, 1, &LANGUAGE_TAG_INVALID);
        assert_eq!(RichDescription::plain(bad, "").unwrap_err().rule(), &LANGUAGE_TAG_INVALID);
    }
    refused::<RichDescription>(b"\0\x01\xff\0", 2, &NOT_UTF8);
}

#[test]
fn one_update_of_a_commit_replaces_everything() {
    // req: MP06-7.6-10, MP06-7.6-11, MP06-7.6-12
    let new = RoomMetaData::named(uri(), text("new"));
    assert_eq!(RoomMetadata::apply(None, std::slice::from_ref(&new)), Ok(new.clone()));
    assert_eq!(RoomMetadata::apply(Some(&full()), std::slice::from_ref(&new)), Ok(new.clone()));
    assert_eq!(RoomMetadata::apply(Some(&full()), &[]), Ok(full()));
    assert_eq!(RoomMetadata::apply(None, &[]), Err(RoomMetadataError::Nothing));
    for updates in [vec![full(), full()], vec![new.clone(), full(), new]] {
        let error = RoomMetadata::apply(Some(&full()), &updates).unwrap_err();
        assert_eq!(error, RoomMetadataError::SeveralUpdates { count: updates.len() });
        assert_eq!(Refusal::section(&error), "draft-ietf-mimi-protocol-06 section 7.6");
    }
}

fn any_text() -> impl Strategy<Value = Utf8String> {
    "[^\u{0}]{0,12}".prop_map(|text| Utf8String::new(text).unwrap())
}

fn any_description() -> impl Strategy<Value = RichDescription> {
    prop_oneof![
        (prop::sample::select(vec!["", "de", "en-x-y"]), "\\PC{0,9}")
            .prop_map(|(tag, text)| RichDescription::plain(tag, &text).unwrap()),
        octets().prop_map(|content| RichDescription::new("image/png", "", content).unwrap()),
    ]
}

fn any_metadata() -> impl Strategy<Value = RoomMetaData> {
    let avatar = prop::option::of(
        "[a-z0-9/%]{0,9}"
            .prop_filter_map("no https URI", |path| HttpsUri::new(format!("https://a.example/{path}")).ok()),
    );
    let uri = "[a-z][a-z0-9]{0,4}:[a-z/]{0,9}".prop_map(|uri| Uri::new(uri).unwrap());
    (uri, any_text(), prop::collection::vec(any_description(), 0..4), avatar, any_text(), any_text()).prop_map(
        |(room_uri, room_name, room_descriptions, room_avatar, room_subject, room_mood)| RoomMetaData {
            room_uri,
            room_name,
            room_descriptions,
            room_avatar,
            room_subject,
            room_mood,
        },
    )
}

proptest! {
    #[test]
    fn what_an_update_leads_to_is_written_as_the_update_was(before in any_metadata(), update in any_metadata()) {
        let octets = update.to_bytes().unwrap();
        let read = RoomMetaUpdate::from_bytes(&octets).unwrap();
        prop_assert_eq!(&read, &update);
        let after = RoomMetadata::apply(Some(&before), &[read]).unwrap();
        prop_assert_eq!(after.to_bytes().unwrap(), octets);
    }

    #[test]
    fn a_uri_of_legal_parts_is_one_until_a_character_is_put_in_that_no_uri_has(
        scheme in "[A-Za-z][A-Za-z0-9+.-]{0,5}", path in "[a-z0-9:@!$&'()*+,;=._~/-]{0,12}", odd in "[ \"<>\\\\^`{|}\u{7f}\u{e9}]", at in any::<prop::sample::Index>(),
    ) {
        let uri = format!("{scheme}:p{path}");
        prop_assert!(Uri::new(uri.clone()).is_ok(), "{}", uri);
        let (front, back) = uri.split_at(at.index(uri.len() + 1));
        let spoilt = [front, &odd, back].concat();
        prop_assert!(Uri::new(spoilt).is_err());
    }
}
