#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::codec::{TRUNCATED, VECTOR_TOO_LONG};
use crate::mls::ComponentData;
use crate::testing::{laws, octets, refused};

fn media_type(text: &str) -> MediaType {
    text.parse().unwrap()
}

fn list(texts: &[&str]) -> MediaTypeList {
    MediaTypeList::new(texts.iter().map(|text| media_type(text)).collect()).unwrap()
}

fn context(data: &[u8]) -> AppDataDictionary {
    AppDataDictionary::new(vec![
        ComponentData { component_id: CONTENT_MEDIA_TYPES, data: data.to_vec() },
        ComponentData { component_id: ComponentId::PARTICIPANT_LIST, data: vec![0] },
    ])
    .unwrap()
}

fn framed() -> Framing {
    framing(Some(&context(&list(&["application/mimi-content", "text/plain;charset=UTF-8"]).to_bytes().unwrap())))
        .unwrap()
}

#[test]
fn a_media_type_has_these_octets() {
    assert_eq!(laws(&media_type("image/png")), b"\x09image/png\0");
    assert_eq!(laws(&media_type("text/plain ;charset=\"UTF-8\"")), b"\x0atext/plain\x0e\x07charset\x05UTF-8");
    assert_eq!(laws(&list(&["a/b", "c/d"])), b"\x0a\x03a/b\0\x03c/d\0");
    assert_eq!(CONTENT_MEDIA_TYPES, ComponentId(3));
}

#[test]
fn a_media_type_is_a_type_a_slash_and_a_subtype() {
    let long = format!("a/{}", "b".repeat(127));
    for good in ["application/vnd.example.msgbus+cbor", "X-a/b_c^d", "a/b!#$&-", long.as_str()] {
        assert!(MediaType::new(good, vec![]).is_ok(), "{good}");
    }
    let longer = format!("a/{}", "b".repeat(128));
    for bad in ["", "a", "/", "a/", "/b", "a/b/c", "a b/c", "a/b;c", "*/*", "a/*", "-a/b", "a/\u{e9}", &longer] {
        assert_eq!(MediaType::new(bad, vec![]).unwrap_err().rule(), &MEDIA_TYPE_MALFORMED, "{bad}");
    }
    refused::<MediaType>(b"\x01a\0", 0, &MEDIA_TYPE_MALFORMED);
    refused::<MediaType>(b"\0\0", 0, &MEDIA_TYPE_MALFORMED);
    refused::<MediaType>(b"\x03a/\xff\0", 0, &MEDIA_TYPE_MALFORMED);
}

#[test]
fn a_parameter_has_a_name_and_stands_there_once() {
    refused::<MediaType>(b"\x03a/b\x02\0\0", 5, &PARAMETER_NAME_MALFORMED);
    refused::<MediaType>(b"\x03a/b\x04\x01=\x01x", 5, &PARAMETER_NAME_MALFORMED);
    refused::<MediaType>(b"\x03a/b\x03\x01\xff\0", 5, &PARAMETER_NAME_MALFORMED);
    refused::<MediaType>(b"\x03a/b\x06\x01c\0\x01C\0", 4, &PARAMETER_TWICE);
    let twice =
        vec![Parameter::new("c", "").unwrap(), Parameter::new("d", "").unwrap(), Parameter::new("C", "").unwrap()];
    assert_eq!(MediaType::new("a/b", twice).unwrap_err().rule(), &PARAMETER_TWICE);
    // A value can be anything.
    laws(&MediaType::new("a/b", vec![Parameter::new("c", [0, 0xff, b'"']).unwrap()]).unwrap());
}

#[test]
fn the_text_form_is_read_without_quotation_marks_and_backslashes() {
    let parameter = |text: &str| media_type(text).parameters().iter().map(|p| p.value().to_vec()).collect::<Vec<_>>();
    assert_eq!(parameter("a/b;c=d"), [b"d"]);
    assert_eq!(parameter("a/b ; c=\"d e\" ;\tf=g"), [b"d e".to_vec(), b"g".to_vec()]);
    assert_eq!(parameter(r#"a/b;c="\"x\\y\z""#), [br#""x\yz"#]);
    assert_eq!(parameter("a/b;c=\"\""), [b""]);
    for bad in [
        "",
        "a",
        " a/b",
        "a/b ",
        "a/b;",
        "a/b; ",
        "a/b;c",
        "a/b;c=",
        "a/b;c =d",
        "a/b;c= d",
        "a/b;c=d e",
        "a/b;c=\"d",
        "a/b;c=\"d\"e",
        "a/b;c=\"\\",
        "a/b;=d",
        "a/b;c=d;",
        "a/b;c=d,e/f",
        "a/b;c=d ",
        "a/b;c=d;C=e",
        "a/b;c=\"\n\"",
    ] {
        assert!(bad.parse::<MediaType>().is_err(), "{bad:?}");
    }
    for (bad, rule) in
        [("a;c=d", &MEDIA_TYPE_MALFORMED), ("a/b;c", &PARAMETER_MALFORMED), ("a/b;c=d e", &PARAMETER_MALFORMED)]
    {
        assert_eq!(bad.parse::<MediaType>().unwrap_err().rule(), rule, "{bad}");
    }
    let error = "a/b;c=d;C=e".parse::<MediaType>().unwrap_err();
    assert_eq!((error.rule(), error.section()), (&PARAMETER_TWICE, "RFC 6838 section 4.3"));
}

#[test]
fn a_list_has_at_least_one_media_type() {
    refused::<MediaTypeList>(b"\0", 0, &MEDIA_TYPE_LIST_EMPTY);
    assert_eq!(MediaTypeList::new(vec![]).unwrap_err().rule(), &MEDIA_TYPE_LIST_EMPTY);
    // The empty type has its meaning in a frame only.
    refused::<MediaTypeList>(b"\x02\0\0", 1, &MEDIA_TYPE_MALFORMED);
    assert_eq!(list(&["a/b", "c/d"]).as_slice().len(), 2);
}

#[test]
fn a_client_satisfies_a_list_when_it_covers_every_media_type() {
    for (supported, required, satisfied) in [
        (&["a/b"][..], &["a/b"][..], true),
        (&["a/b"], &["A/B"], true),
        (&["c/d", "a/b"], &["a/b", "c/d"], true),
        (&["a/b"], &["a/b", "c/d"], false),
        (&["a/b"], &["a/c"], false),
        // Who names no parameters receives the media type with any.
        (&["a/b"], &["a/b;x=y"], true),
        (&["a/b;x=y"], &["a/b"], false),
        (&["a/b;x=y"], &["a/b;X=y"], true),
        (&["a/b;x=y"], &["a/b;x=Y"], false),
        (&["a/b;x=y;z=w"], &["a/b;z=w;x=y"], true),
        (&["a/b;x=y", "a/b;z=w"], &["a/b;x=y;z=w"], true),
    ] {
        assert_eq!(list(required).satisfied_by(&list(supported)), satisfied, "{supported:?} {required:?}");
    }
}

#[test]
fn a_frame_is_media_type_and_content() {
    let named =
        ApplicationFraming { media_type: Some(media_type("a/b;c=d")), inner_application_content: b"xyz".to_vec() };
    assert_eq!(laws(&named), b"\x03a/b\x04\x01c\x01d\x03xyz");
    let implied = ApplicationFraming { media_type: None, inner_application_content: b"xyz".to_vec() };
    assert_eq!(laws(&implied), b"\0\0\x03xyz");
    refused::<ApplicationFraming>(b"\0\x04\x01c\x01d\0", 1, &PARAMETERS_WITHOUT_TYPE);
    refused::<ApplicationFraming>(b"\0\x04\x01c\x01d", 1, &PARAMETERS_WITHOUT_TYPE);
    refused::<ApplicationFraming>(b"\0\x04\x01c\x01", 1, &VECTOR_TOO_LONG);
    refused::<ApplicationFraming>(b"\x01a\0\0", 0, &MEDIA_TYPE_MALFORMED);
    refused::<ApplicationFraming>(b"", 0, &TRUNCATED);
}

#[test]
fn a_group_has_frames_if_and_only_if_its_context_lists_media_types() {
    assert_eq!(framing(None), Ok(Framing::Bare));
    assert_eq!(framing(Some(&AppDataDictionary::default())), Ok(Framing::Bare));
    let required = list(&["application/mimi-content", "text/plain;charset=UTF-8"]);
    assert_eq!(framed(), Framing::Framed(required));
    assert_eq!(framing(Some(&context(b"\0"))).unwrap_err().rule(), &MEDIA_TYPE_LIST_EMPTY);
}

#[test]
fn without_frames_application_data_are_the_content() {
    let content = b"\0\0\x01x";
    assert_eq!(seal(&Framing::Bare, None, content).unwrap(), content);
    let opened = open(&Framing::Bare, content).unwrap();
    assert_eq!((opened.media_type, opened.content.as_slice()), (None, &content[..]));
    let named = seal(&Framing::Bare, Some(&media_type("a/b")), content);
    assert_eq!(named.unwrap_err().rule(), &MEDIA_TYPE_NEEDED);
}

#[test]
fn a_frame_without_a_media_type_has_the_first_of_the_group() {
    let framing = framed();
    let first = media_type("application/mimi-content");
    for sealed in [seal(&framing, None, b"x").unwrap(), seal(&framing, Some(&first), b"x").unwrap()] {
        assert_eq!(sealed, b"\0\0\x01x");
        let opened = open(&framing, &sealed).unwrap();
        assert_eq!((opened.media_type.as_deref(), opened.content), (Some(&first), b"x".to_vec()));
    }
    // Who writes the first one all the same is understood.
    let said = open(&framing, b"\x18application/mimi-content\0\x01x").unwrap();
    assert_eq!(said.media_type.as_deref(), Some(&first));
    let other = seal(&framing, Some(&media_type("image/png")), b"x").unwrap();
    assert_eq!(other, b"\x09image/png\0\x01x");
    assert_eq!(open(&framing, &other).unwrap().media_type.as_deref(), Some(&media_type("image/png")));
    assert!(open(&framing, b"plain text").is_err());
}

fn any_media_type() -> impl Strategy<Value = MediaType> {
    let parameters = prop::collection::btree_map("[a-z][a-z0-9-]{0,5}", "\\PC{0,8}", 0..4);
    ("[a-z][a-z0-9+.-]{0,8}/[a-z0-9][a-z0-9+.-]{0,8}", parameters).prop_map(|(name, parameters)| {
        let parameters = parameters.into_iter().map(|(name, value)| Parameter::new(name, value).unwrap()).collect();
        MediaType::new(name, parameters).unwrap()
    })
}

proptest! {
    #[test]
    fn the_text_form_reads_back(media_type in any_media_type()) {
        prop_assert_eq!(media_type.to_string().parse::<MediaType>().unwrap(), media_type);
    }

    #[test]
    fn every_media_type_covers_itself_and_is_covered_without_parameters(media_type in any_media_type()) {
        prop_assert!(media_type.covers(&media_type));
        prop_assert!(MediaType::new(media_type.name(), vec![]).unwrap().covers(&media_type));
        prop_assert_eq!(MediaType::from_bytes(&media_type.to_bytes().unwrap()).unwrap(), media_type);
    }

    #[test]
    fn what_is_sealed_opens_to_the_same(
        required in prop::collection::vec(any_media_type(), 1..4),
        named in prop::option::of(any_media_type()),
        content in octets(),
    ) {
        let first = required[0].clone();
        let framing = Framing::Framed(MediaTypeList::new(required).unwrap());
        let sealed = seal(&framing, named.as_ref(), &content).unwrap();
        let opened = open(&framing, &sealed).unwrap();
        prop_assert_eq!(opened.media_type.unwrap().into_owned(), named.unwrap_or(first));
        prop_assert_eq!(opened.content, content);
    }
}
