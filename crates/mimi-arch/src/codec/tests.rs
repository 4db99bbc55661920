#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::testing::{laws, not_written, octets, refused};

/// An `opaque<V>` on its own.
#[derive(PartialEq, Debug)]
struct Opaque(Vec<u8>);

impl Wire for Opaque {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.opaque().map(|bytes| Self(bytes.to_vec()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_opaque(out, &self.0)
    }
}

#[derive(PartialEq, Debug)]
struct Text(String);

impl Wire for Text {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.text().map(|text| Self(text.to_owned()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_opaque(out, self.0.as_bytes())
    }
}

#[derive(PartialEq, Debug)]
struct Nested {
    numbers: Vec<u32>,
    maybe: Option<u16>,
}

impl Wire for Nested {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { numbers: r.list()?, maybe: r.optional()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_list(out, &self.numbers)?;
        put_optional(out, self.maybe.as_ref())
    }
}

#[test]
fn the_example_lengths_of_rfc_9000_are_read_and_refused_as_rfc_9420_says() {
    // 37 in one octet, 15293 in two and 494878333 in four are the examples of RFC 9000 appendix A.1.
    let reads = |bytes: &[u8]| Reader::new(bytes).length();
    assert_eq!(reads(&[0x25]), Ok(37));
    assert_eq!(reads(&[0x7b, 0xbd]), Ok(15_293));
    assert_eq!(reads(&[0x9d, 0x7f, 0x3e, 0x7d]), Ok(494_878_333));
    assert_eq!(reads(&[0x40, 0x25]), Err(DecodeError::new(0, &LENGTH_NOT_SHORTEST)));
    assert_eq!(
        reads(&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c]),
        Err(DecodeError::new(0, &LENGTH_PREFIX_INVALID))
    );
}

#[test]
fn lengths_change_form_at_64_and_16384_octets() {
    for (length, prefix) in [
        (0usize, &[0u8][..]),
        (63, &[0x3f]),
        (64, &[0x40, 0x40]),
        (16_383, &[0x7f, 0xff]),
        (16_384, &[0x80, 0x00, 0x40, 0x00]),
    ] {
        let bytes = Opaque(vec![7; length]).to_bytes().unwrap();
        assert_eq!(&bytes[..prefix.len()], prefix);
        assert_eq!(bytes.len(), prefix.len() + length);
        assert_eq!(Opaque::from_bytes(&bytes).unwrap().0.len(), length);
    }
}

#[test]
fn a_length_in_a_longer_form_than_needed_is_refused() {
    refused::<Opaque>(&[0x40, 0x01, 0xaa], 0, &LENGTH_NOT_SHORTEST);
    refused::<Opaque>(&[0x80, 0x00, 0x00, 0x01, 0xaa], 0, &LENGTH_NOT_SHORTEST);
    refused::<Opaque>(&[0x80, 0x00, 0x3f, 0xff], 0, &LENGTH_NOT_SHORTEST);
}

#[test]
fn a_length_beyond_the_bytes_at_hand_is_refused_where_the_length_stands() {
    let mut claims_a_gibibyte = vec![0xbf, 0xff, 0xff, 0xff];
    claims_a_gibibyte.extend([0; 20]);
    refused::<Opaque>(&claims_a_gibibyte, 0, &VECTOR_TOO_LONG);
    refused::<Text>(&claims_a_gibibyte, 0, &VECTOR_TOO_LONG);
    refused::<Nested>(&claims_a_gibibyte, 0, &VECTOR_TOO_LONG);
    refused::<Opaque>(&[2, 0xaa], 0, &VECTOR_TOO_LONG);
}

#[test]
fn an_inner_vector_cannot_reach_out_of_the_outer_one() {
    // The outer vector holds three octets, its item needs four; the octet after the vector is no part of it.
    refused::<Nested>(&[3, 0, 0, 0, 1, 0], 1, &TRUNCATED);
}

#[test]
fn offsets_inside_vectors_count_from_the_outermost_input() {
    let bytes = [9, 9, 4, 2, 0xff, 0xff, 5];
    let mut reader = Reader::new(&bytes);
    reader.u16().unwrap();
    let mut outer = reader.vector().unwrap();
    let mut inner = outer.vector().unwrap();
    assert_eq!((outer.offset(), inner.offset(), reader.offset()), (6, 4, 7));
    assert_eq!(inner.u32(), Err(DecodeError::new(4, &TRUNCATED)));
}

#[test]
fn an_item_of_no_octets_ends_the_reading_instead_of_looping() {
    let mut reader = Reader::new(&[1, 0]);
    assert_eq!(reader.list_with(|_| Ok(())), Err(DecodeError::new(1, &EMPTY_ITEM)));
}

#[test]
fn presence_is_zero_or_one() {
    refused::<Nested>(&[0, 2, 0, 0], 1, &PRESENCE_INVALID);
    assert_eq!(Nested::from_bytes(&[0, 0]).unwrap(), Nested { numbers: vec![], maybe: None });
    assert_eq!(Nested::from_bytes(&[0, 1, 1, 2]).unwrap(), Nested { numbers: vec![], maybe: Some(0x0102) });
}

#[test]
fn text_that_is_not_utf8_is_refused_where_it_goes_wrong() {
    refused::<Text>(&[3, b'a', b'b', 0xff], 3, &NOT_UTF8);
    assert_eq!(Text::from_bytes(&[2, 0xc3, 0xa9]).unwrap().0, "é");
}

#[test]
fn an_error_says_offset_rule_and_section() {
    let error = Opaque::from_bytes(&[2, 0xaa]).unwrap_err();
    assert_eq!(error.to_string(), "offset 0: vector length exceeds the bytes at hand (RFC 9420 section 2.1.2)");
    assert_eq!(error.section(), "RFC 9420 section 2.1.2");
}

#[test]
fn what_is_too_long_for_a_vector_is_not_written() {
    not_written(&Opaque(vec![0; MAX_VECTOR_LENGTH + 1]), &ENCODE_TOO_LONG);
}

#[test]
fn the_building_blocks_keep_the_laws() {
    laws(&Opaque(vec![1, 2, 3]));
    laws(&Text("mimi".to_owned()));
    laws(&Nested { numbers: vec![1, 0xffff_ffff], maybe: Some(3) });
    laws(&0x12u8);
    laws(&0x1234u16);
    laws(&0x1234_5678u32);
    laws(&0x1234_5678_9abc_def0u64);
}

proptest! {
    #[test]
    fn any_octets_survive_writing_and_reading(bytes in octets()) {
        laws(&Opaque(bytes));
    }
}
