//! Status reports: draft-mahy-mimi-message-status-01.

use anyhow::Result;
use mimi_arch::revisions;
use mimi_content::MessageId;
use mimi_content::status::{MessageStatus, MessageStatusReport};
use spec_vectors::BugType;

use super::super::builder::{Built, Case, FileBuilder, Rule};
use super::cbor::hex;
use super::malformed_cbor::{HEAD, TRAILING, TRUNCATED};
use super::{GROUP_TYPE, decoded, section};

const SECTION: &str = "draft-mahy-mimi-message-status-01 section 4";
const ENTRY: Rule = Rule("per-message-status-type", SECTION);
const ENTRY_ELEMENTS: Rule = Rule("per-message-status-array-length", SECTION);
const ID: Rule = Rule("message-id-type", SECTION);
const ID_LENGTH: Rule = Rule("message-id-length", SECTION);
const STATUS: Rule = Rule("status-type", SECTION);
const RANGE: Rule = Rule("status-range", SECTION);

/// The messages that the draft's example reports on.
const EXAMPLE: [(&str, MessageStatus); 4] = [
    ("017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4", MessageStatus::Read),
    ("015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27", MessageStatus::Read),
    ("018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af", MessageStatus::Unread),
    ("01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03", MessageStatus::Expired),
];

fn valid(comment: &str, flag: &str, report: &MessageStatusReport) -> Case {
    Case::valid(comment, flag).octets("encoded", &report.encode()).with("decoded", decoded::report(report))
}

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let example: Vec<(MessageId, MessageStatus)> =
        EXAMPLE.iter().map(|(id, status)| Ok((id.parse()?, *status))).collect::<Result<_>>()?;
    let one = |octet: u8, status: u8| (MessageId::from_bytes([octet; 32]), MessageStatus::from(status));
    let report = |entries: &[(MessageId, MessageStatus)]| entries.iter().copied().collect::<MessageStatusReport>();
    let mut cases = vec![valid("the example of section 5", "Report", &report(&example)).with("example", "status")];
    for (value, name) in ["unread", "delivered", "read", "expired", "deleted", "hidden", "error"].iter().enumerate() {
        let value = u8::try_from(value)?;
        cases.push(valid(name, "Report", &report(&[one(value, value)])));
    }
    let many: Vec<_> = (0..24).map(|octet| one(octet, octet % 7)).collect();
    cases.extend([
        valid("24 messages", "Report", &report(&many)),
        valid("no message", "EdgeCase", &report(&[])),
        valid("one message twice: the later entry is the later report", "EdgeCase", &report(&[one(1, 1), one(1, 2)])),
        valid("status 7, which is not defined yet", "EdgeCase", &report(&[one(1, 7)])),
        valid("status 255", "EdgeCase", &report(&[one(1, 255)])),
        valid("an ID with another hash algorithm", "EdgeCase", &report(&[one(0xff, 2)])),
    ]);
    cases.extend(malformed()?);
    let mut built = FileBuilder::new("mimi-content", revisions::MESSAGE_STATUS, "status-report", "statusReport", "4")
        .header("decoded is the list of messages, each with the number of its status.")
        .note(
            "Report",
            BugType::Basic,
            SECTION,
            "well formed; decoding gives the meaning and encoding that gives the octets back",
            None,
        )
        .note(
            "EdgeCase",
            BugType::EdgeCase,
            SECTION,
            "what the draft does not rule out",
            Some("a report that is in order is refused"),
        )
        .note(
            "Structure",
            BugType::MissingCheck,
            SECTION,
            "another structure than the draft's",
            Some("the status of one message is taken for that of another"),
        )
        .note(
            "Encoding",
            BugType::Malleability,
            section!("6.1"),
            "not the one encoding that the content draft allows",
            None,
        )
        .group(GROUP_TYPE, cases)
        .finish()?;
    built.path = format!("mimi-content/message-status-{}/status-report.json", revisions::MESSAGE_STATUS.revision);
    Ok(built)
}

fn malformed() -> Result<Vec<Case>> {
    let id = format!("5820 {}", "01".repeat(32));
    let entry = format!("82 {id} 02");
    let rows = [
        ("no octets at all", "Structure", String::new(), 0, TRUNCATED),
        ("a map", "Structure", "a0".to_owned(), 0, Rule("status-report-type", SECTION)),
        ("an entry without a list around it", "Structure", entry.clone(), 1, ENTRY),
        ("null as an entry", "Structure", "81 f6".to_owned(), 1, ENTRY),
        ("a map as an entry", "Structure", format!("81 a1 {id} 02"), 1, ENTRY),
        ("an entry of one element", "Structure", format!("81 81 {id}"), 1, ENTRY_ELEMENTS),
        ("an entry of three elements", "Structure", format!("81 83 {id} 02 00"), 1, ENTRY_ELEMENTS),
        ("the status first", "Structure", format!("81 82 02 {id}"), 2, ID),
        ("an ID in text", "Structure", format!("81 82 7840 {} 02", "3031".repeat(32)), 2, ID),
        ("an ID of 31 octets", "Structure", format!("81 82 581f {} 02 00", "01".repeat(31)), 2, ID_LENGTH),
        ("an ID of 33 octets", "Structure", format!("81 82 5821 {} 02", "01".repeat(33)), 2, ID_LENGTH),
        ("text as the status", "Structure", format!("81 82 {id} 6472656164"), 36, STATUS),
        ("null as the status", "Structure", format!("81 82 {id} f6"), 36, STATUS),
        ("status 256", "Structure", format!("81 82 {id} 190100"), 36, RANGE),
        ("status 258, which is read when it is cut", "Structure", format!("81 82 {id} 190102"), 36, RANGE),
        ("status -1", "Structure", format!("81 82 {id} 20"), 36, RANGE),
        ("two entries where three are counted", "Structure", format!("83 {entry} {entry}"), 73, TRUNCATED),
        ("2^40 entries where one is there", "Structure", format!("9b 0000010000000000 {entry}"), 45, TRUNCATED),
        ("the last octet is missing", "Structure", format!("81 82 {id}"), 36, TRUNCATED),
        ("one octet too many", "Encoding", format!("81 {entry} 00"), 37, TRAILING),
        (
            "a list of indefinite length",
            "Encoding",
            format!("9f {entry} ff"),
            0,
            Rule("indefinite-length", section!("6.1")),
        ),
        ("the count in two octets", "Encoding", format!("98 01 {entry}"), 0, HEAD),
        ("the status in two octets", "Encoding", format!("81 82 {id} 18 02"), 36, HEAD),
    ];
    rows.into_iter()
        .map(|(comment, flag, digits, offset, rule)| {
            Ok(Case::invalid(comment, flag, rule.at(offset)).octets("encoded", &hex(&digits)?.octets()))
        })
        .collect()
}
