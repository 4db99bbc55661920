use super::*;
use crate::csi::{CSI_EMPTY, CSI_KIND_RESERVED, CSI_NOT_CANONICAL, CSI_NOT_TEXT, CSI_TOO_LONG, CsiError};
use mimi_arch::codec::Wire;
use mimi_arch::testing::{laws, refused};

#[test]
fn two_spellings_of_one_identifier_have_one_key() {
    let spellings: [&[&str]; 3] = [
        &["+12125551212", " +1 212 555 1212 ", "tel:+1-212-555-1212", "TEL:+12125551212", "+1(212)5551212"],
        &["bob@example.com", "Bob@EXAMPLE.com", "mailto:bob@example.com", "MAILTO:BOB@example.com"],
        &["mimi://a.example/u/bob", "MIMI://A.example/u/%62ob"],
    ];
    for same in spellings {
        let first = Csi::parse(same[0]).unwrap();
        for spelling in same {
            assert_eq!(Csi::parse(spelling).unwrap().key(), first.key(), "{spelling}");
        }
    }
}

#[test]
fn identifiers_of_different_kinds_have_different_keys() {
    let kind = |number| CsiKind::new(number).unwrap();
    let a = Csi::new(kind(0xf000), "one").unwrap();
    let b = Csi::new(kind(0xf001), "one").unwrap();
    assert_ne!(a.key(), b.key());
}

#[test]
fn what_a_person_typed_wrong_is_said() {
    let said = |text: &str| Csi::parse(text).unwrap_err().to_string();
    assert!(said("212 555 1212").contains("country code"));
    assert!(said("bob").contains("neither"));
    assert!(said("bob@").starts_with("not a mail address"));
    assert!(said("mimi://a.example/r/room").contains("user"));
    assert!(matches!(Csi::parse(""), Err(CsiError::Unknown)));
}

#[test]
fn only_the_canonical_form_is_read() {
    assert_eq!(laws(&number()), b"\x00\x01\x0c+12125551212");
    laws(&Csi::parse("bob@example.com").unwrap());
    laws(&Csi::parse("mimi://a.example/u/bob").unwrap());
    refused::<Csi>(b"\x00\x01\x0b12125551212", 2, &CSI_NOT_CANONICAL);
    refused::<Csi>(b"\x00\x01\x0d+1-2125551212", 2, &CSI_NOT_CANONICAL);
    refused::<Csi>(b"\x00\x02\x0fBob@example.com", 2, &CSI_NOT_CANONICAL);
    refused::<Csi>(b"\x00\x03\x08mimi:bob", 2, &CSI_NOT_CANONICAL);
    refused::<Csi>(b"\x00\x00\x03bob", 0, &CSI_KIND_RESERVED);
    refused::<Csi>(b"\xf0\x00\x00", 2, &CSI_EMPTY);
    refused::<Csi>(b"\xf0\x00\x02a\x07", 2, &CSI_NOT_TEXT);
    refused::<Csi>(b"\xf0\x00\x02a\xff", 2, &CSI_NOT_TEXT);
    let long = [&b"\xf0\x00\x41\x41"[..], &[b'a'; 321]].concat();
    refused::<Csi>(&long, 2, &CSI_TOO_LONG);
}

#[test]
fn the_registry_is_open() {
    let unknown = Csi::from_bytes(b"\x12\x34\x03abc").unwrap();
    assert_eq!((unknown.kind().number(), unknown.value()), (0x1234, "abc"));
    laws(&unknown);
}

#[test]
fn debug_output_names_nobody() {
    assert!(!format!("{:?}", number()).contains("212"));
}
