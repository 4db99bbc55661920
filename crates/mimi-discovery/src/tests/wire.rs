use std::collections::BTreeSet;

use super::*;
use crate::mapping::{
    ENTRIES_NOT_SORTED, ENTRY_TWICE, EntryFlags, FLAGS_UNKNOWN, TAG_LENGTH, TAGS_NOT_SORTED, TOO_MANY_ENTRIES, Tag,
};
use crate::profile::{DOMAIN_INVALID, TIMES_CROSSED};
use crate::record::{RECORD_TOO_LONG, RECORD_TYPE_UNKNOWN, REMOVAL_MISPLACED};
use crate::removal::REMOVER_UNKNOWN;
use crate::sealed::{Capability, SealedEntries};
use mimi_arch::codec::Wire;
use mimi_arch::testing::{laws, not_written, position, refused};

fn full() -> NewMapping {
    let mut tagged = entry("w.example", 7);
    tagged.flags = EntryFlags { same_service_only: true };
    tagged.tags = ["business", "work"].map(|tag| Tag::new(tag).unwrap()).into();
    let mut new = new_mapping("work", 9, vec![tagged, entry("b.example", 1)]);
    new.sealed =
        vec![SealedEntries::seal(&number(), &Capability::new([1; 32]), [2; 12], &[entry("c.example", 0)]).unwrap()];
    new
}

#[test]
fn all_objects_keep_the_laws() {
    laws(&attested_at(1, &bob()));
    laws(&mapping_record(1, &bob(), &new_mapping("", 1, vec![])));
    laws(&mapping_record(1, &bob(), &full()));
    laws(&removal_record(1, &bob(), 2, None));
    laws(&removal_record(1, &bob(), 2, Some("work")));
    laws(&csip_removal(1));
}

#[test]
fn a_record_with_one_provider_is_small() {
    let record = mapping_record(1, &bob(), &new_mapping("", 1, vec![entry("b.example", 0)]));
    assert!(record.to_bytes().unwrap().len() <= 512);
}

#[test]
fn a_record_is_no_longer_than_a_slot() {
    let entries: Vec<_> = (0..16).map(|n| entry(&format!("{}{n:02}.example", "a".repeat(50)), 0)).collect();
    let attestation = attested_at(1, &bob());
    let mapping = new_mapping("", 1, entries).sign(&attestation, &bob()).unwrap();
    not_written(&Record::Mapping(Box::new(attestation), mapping), &RECORD_TOO_LONG);
}

#[test]
fn entries_are_sorted_and_each_provider_is_there_once() {
    let (attestation, holder) = (attested_at(1, &bob()), bob());
    let sorted =
        new_mapping("", 1, vec![entry("c.example", 0), entry("b.example", 1)]).sign(&attestation, &holder).unwrap();
    let bytes = sorted.to_bytes().unwrap();
    assert!(position(&bytes, b"b.example") < position(&bytes, b"c.example"));
    let twice = new_mapping("", 1, vec![entry("b.example", 0), entry("b.example", 1)]);
    assert_eq!(twice.sign(&attestation, &holder).unwrap_err().rule().text(), ENTRY_TWICE.text());
    let many = (0..17).map(|n| entry(&format!("a{n:02}.example"), 0)).collect();
    assert_eq!(
        new_mapping("", 1, many).sign(&attestation, &holder).unwrap_err().rule().text(),
        TOO_MANY_ENTRIES.text()
    );
    let mut crossed = bytes.clone();
    let at = position(&crossed, b"b.example");
    crossed[at] = b'd';
    let vector = at - 2;
    refused::<Mapping>(&crossed, vector, &ENTRIES_NOT_SORTED);
    crossed[at] = b'c';
    refused::<Mapping>(&crossed, vector, &ENTRY_TWICE);
}

#[test]
fn what_has_no_meaning_is_refused() {
    let record = mapping_record(1, &bob(), &full()).to_bytes().unwrap();
    let broken = |part: &[u8], at: isize, octet: u8| {
        let mut broken = record.clone();
        let place = position(&broken, part).strict_add_signed(at);
        broken[place] = octet;
        (broken, place)
    };
    let (flags, at) = broken(b"w.example", 11, 2);
    refused::<Record>(&flags, at, &FLAGS_UNKNOWN);
    let (upper, at) = broken(b"w.example", 0, b'W');
    refused::<Record>(&upper, at - 1, &DOMAIN_INVALID);
    let (tags, at) = broken(b"\x08business", 1, b'x');
    refused::<Record>(&tags, at - 2, &TAGS_NOT_SORTED);
    refused::<Record>(&[4], 0, &RECORD_TYPE_UNKNOWN);
    let mut by_nobody = removal_record(1, &bob(), 2, None).to_bytes().unwrap();
    let at = by_nobody.len() - 64 - 1 - 8 - 32 - 1;
    by_nobody[at] = 3;
    refused::<Record>(&by_nobody, at, &REMOVER_UNKNOWN);
}

#[test]
fn a_removal_comes_with_the_attestation_of_who_removes() {
    let Record::CsipRemoval(by_issuer) = csip_removal(1) else { panic!("by the issuer") };
    let misplaced = Record::RecipientRemoval(Box::new(attested_at(1, &bob())), by_issuer);
    not_written(&misplaced, &REMOVAL_MISPLACED);
    let Record::RecipientRemoval(_, by_recipient) = removal_record(1, &bob(), 1, None) else { panic!("by Bob") };
    not_written(&Record::CsipRemoval(by_recipient), &REMOVAL_MISPLACED);
}

#[test]
fn a_validity_does_not_end_before_it_begins() {
    not_written(&Validity { not_before: Seconds(2), not_after: Seconds(1) }, &TIMES_CROSSED);
    refused::<Validity>(&[[0; 7].as_slice(), &[2], &[0; 7], &[1]].concat(), 0, &TIMES_CROSSED);
}

#[test]
fn tags_have_a_length() {
    assert_eq!(Tag::new("").unwrap_err().rule().text(), TAG_LENGTH.text());
    assert_eq!(Tag::new(&"a".repeat(33)).unwrap_err().rule().text(), TAG_LENGTH.text());
    let nine: BTreeSet<Tag> = (0..9).map(|n| Tag::new(&n.to_string()).unwrap()).collect();
    let mut tagged = entry("b.example", 0);
    tagged.tags = nine;
    assert!(new_mapping("", 1, vec![tagged]).sign(&attested_at(1, &bob()), &bob()).is_err());
}
