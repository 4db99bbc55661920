#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use alloc::{vec, vec::Vec};
use std::{env, fs, path::PathBuf, println};

use proptest::prelude::*;

use crate::{MessageId, Rule, error::Field};

use super::*;

/// The IDs of the messages that the published report is about; the figures of the content draft's examples.
const PUBLISHED: [([u8; 32], MessageStatus); 4] = [
    (hex(b"017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"), MessageStatus::Read),
    (hex(b"015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27"), MessageStatus::Read),
    (hex(b"018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af"), MessageStatus::Unread),
    (hex(b"01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03"), MessageStatus::Expired),
];

const fn hex(digits: &[u8; 64]) -> [u8; 32] {
    const fn value(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit - b'a' + 10,
        }
    }
    let mut octets = [0; 32];
    let mut at = 0;
    while at < 32 {
        octets[at] = value(digits[2 * at]) << 4 | value(digits[2 * at + 1]);
        at += 1;
    }
    octets
}

fn published() -> MessageStatusReport {
    PUBLISHED.map(|(id, status)| (MessageId::from_bytes(id), status)).into_iter().collect()
}

/// One entry in octets, by hand.
fn entry(id: u8, status: &[u8]) -> Vec<u8> {
    [&[0x82, 0x58, 0x20], [id; 32].as_slice(), status].concat()
}

fn rejected(octets: &[u8]) -> (usize, Rule) {
    let error = MessageStatusReport::decode(octets).unwrap_err();
    (error.offset(), error.rule())
}

#[test]
fn the_published_report_is_read_and_written_octet_for_octet() {
    let folder = env::var_os("MIMI_DRAFTS")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/drafts")), PathBuf::from);
    let path = folder.join("message-status-01/status.cbor");
    let Ok(octets) = fs::read(&path) else {
        println!(
            "NOT CHECKED: {} is not there; set MIMI_DRAFTS to the folder of the published examples",
            path.display()
        );
        return;
    };
    assert_eq!(MessageStatusReport::decode(&octets).unwrap(), published());
    assert_eq!(published().encode(), octets);
}

#[test]
fn a_report_has_the_octets_that_were_written_by_hand() {
    // req: MS01-3-02, MS01-3-03, MS01-4-01
    let report = published();
    let octets = report.encode();
    assert_eq!(octets.len(), 145);
    assert_eq!(octets[..4], [0x84, 0x82, 0x58, 0x20]);
    assert_eq!((octets[36], octets[72], octets[108], octets[144]), (2, 2, 0, 3));
    assert_eq!(MessageStatusReport::decode(&octets), Ok(report));
}

#[test]
fn the_media_type_is_the_one_the_draft_asks_to_register() {
    // req: MS01-3-01
    assert_eq!(MEDIA_TYPE, "application/mimi-message-status");
}

#[test]
fn an_empty_list_and_a_message_twice_are_kept() {
    assert_eq!(MessageStatusReport::decode(&[0x80]), Ok(MessageStatusReport::default()));
    let twice = [vec![0x82], entry(1, &[2]), entry(1, &[0])].concat();
    let report = MessageStatusReport::decode(&twice).unwrap();
    assert_eq!(report.statuses.len(), 2);
    assert_eq!(report.encode(), twice);
}

#[test]
fn unknown_statuses_and_unknown_hash_algorithms_are_kept() {
    for status in [&[7][..], &[0x17], &[0x18, 0x18], &[0x18, 0xff]] {
        let octets = [vec![0x81], entry(0xee, status)].concat();
        let report = MessageStatusReport::decode(&octets).unwrap();
        assert!(
            matches!(report.statuses[0].status, MessageStatus::Unknown(value) if value.value() == *status.last().unwrap())
        );
        assert_eq!(report.encode(), octets);
    }
}

#[test]
fn what_is_not_a_report_is_rejected_with_place_and_rule() {
    // req: MS01-3-03, MS01-4-01
    let one = |entry: Vec<u8>| [vec![0x81], entry].concat();
    for (octets, offset, rule) in [
        (vec![], 0, Rule::Truncated),
        (vec![0xa0], 0, Rule::Type(Field::StatusReport)),
        (vec![0xf6], 0, Rule::Type(Field::StatusReport)),
        (vec![0x9f, 0xff], 0, Rule::IndefiniteLength),
        (vec![0x98, 0x00], 0, Rule::NotShortestHead),
        (vec![0x80, 0x00], 1, Rule::TrailingBytes),
        (vec![0x81], 1, Rule::Truncated),
        (vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 9, Rule::Truncated),
        (vec![0x81, 0x00], 1, Rule::Type(Field::PerMessageStatus)),
        (vec![0x81, 0x83], 1, Rule::ArrayLength(Field::PerMessageStatus)),
        (vec![0x81, 0x82, 0x60], 2, Rule::Type(Field::StatusMessageId)),
        (vec![0x81, 0x82, 0x58, 0x1f], 2, Rule::Length(Field::StatusMessageId)),
        (one(entry(1, &[])), 36, Rule::Truncated),
        (one(entry(1, &[0x18, 0x02])), 36, Rule::NotShortestHead),
        (one(entry(1, &[0x19, 0x01, 0x00])), 36, Rule::Range(Field::MessageStatus)),
        (one(entry(1, &[0x20])), 36, Rule::Range(Field::MessageStatus)),
        (one(entry(1, &[0xf6])), 36, Rule::Type(Field::MessageStatus)),
        (one(entry(1, &[0x61, 0x32])), 36, Rule::Type(Field::MessageStatus)),
    ] {
        assert_eq!(rejected(&octets), (offset, rule), "{octets:02x?}");
    }
}

proptest! {
    #[test]
    fn every_report_comes_back_as_it_was(entries in prop::collection::vec((any::<[u8; 32]>(), any::<u8>()), 0..40)) {
        let report: MessageStatusReport =
            entries.into_iter().map(|(id, status)| (MessageId::from_bytes(id), status.into())).collect();
        prop_assert_eq!(MessageStatusReport::decode(&report.encode()), Ok(report));
    }

    #[test]
    fn what_is_accepted_is_written_octet_for_octet(
        entries in prop::collection::vec((any::<u8>(), any::<u8>()), 0..4), at in any::<prop::sample::Index>(), octet in any::<u8>(),
    ) {
        let report: MessageStatusReport =
            entries.into_iter().map(|(id, status)| (MessageId::from_bytes([id; 32]), status.into())).collect();
        let mut octets = report.encode();
        let at = at.index(octets.len());
        octets[at] = octet;
        if let Ok(report) = MessageStatusReport::decode(&octets) {
            prop_assert_eq!(report.encode(), octets);
        }
    }
}
