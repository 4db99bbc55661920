//! What makes a record count: attestation, mapping and removal (profile sections 3, 4, 6 and 7).

use anyhow::Result;
use spec_vectors::BugType;

use super::super::builder::{Built, Case, Rule};
use super::super::keys::Key;
use super::super::layout::Struct;
use super::{Attestation, Mapping, NOW, OTHER_NUMBER, csip_removal, entry, file, recipient_removal, section};

const ISSUING: &str = "discovery profile 0 section 3";
const RECORD: &str = "discovery profile 0 section 7";
const MAPPING: &str = "discovery profile 0 section 4";
const DAYS_400: u64 = 400 * 86_400;

fn bob() -> Attestation {
    Attestation::new("Bob")
}

fn good(comment: &str, record: &Struct) -> Case {
    Case::valid(comment, "Valid").octets("encoded", &record.octets())
}

fn bad(comment: &str, flag: &str, rule: &'static str, section: &'static str, record: &Struct) -> Case {
    Case::invalid(comment, flag, Rule(rule, section).nowhere()).octets("encoded", &record.octets())
}

/// A mapping under an attestation that is not as it should be.
fn attested(comment: &str, rule: &'static str, change: impl FnOnce(&mut Attestation)) -> Case {
    let mut attestation = bob();
    change(&mut attestation);
    bad(comment, "Attestation", rule, ISSUING, &Mapping::under(&attestation).record(&attestation))
}

fn mapped(comment: &str, flag: &str, rule: &'static str, change: impl FnOnce(&mut Mapping)) -> Case {
    let mut mapping = Mapping::under(&bob());
    change(&mut mapping);
    bad(comment, flag, rule, RECORD, &mapping.record(&bob()))
}

/// A mapping that cannot be read: the rule is broken where its entries, or the tags or flags of its only one, begin.
fn malformed(comment: &str, rule: &'static str, entries: Vec<super::Part>, path: &str) -> Case {
    let mapping = Mapping { entries, ..Mapping::under(&bob()) };
    let record = mapping.record(&bob());
    let offset = record.offset(path).unwrap_or_default();
    Case::invalid(comment, "Malformed", Rule(rule, MAPPING).at(offset)).octets("encoded", &record.octets())
}

pub(super) fn build() -> Result<Built> {
    let mallory = Key::of("Mallory");
    let with = |change: &dyn Fn(&mut Mapping)| {
        let mut mapping = Mapping::under(&bob());
        change(&mut mapping);
        mapping.record(&bob())
    };
    let mut twice = bob();
    twice.epoch = 2;
    let mut elsewhere = bob();
    elsewhere.csi = OTHER_NUMBER;
    let mut cases = vec![
        good("a mapping to one provider", &with(&|_| {})),
        good("an empty mapping: opted out", &with(&|mapping| mapping.entries.clear())),
        good(
            "two entries, one with flag and tags, and a name",
            &with(&|mapping| {
                mapping.name = "work";
                mapping.entries =
                    vec![entry("b.example", 0, 0, &[]), entry("c.example", 7, 1, &["business", "family"])];
            }),
        ),
        good("begins in 300 seconds", &with(&|mapping| mapping.from = NOW + 300)),
        good("ends now", &with(&|mapping| mapping.to = NOW)),
        good("all mappings are removed by the recipient", &recipient_removal(&bob(), 2, None, NOW, &bob().subject)),
        good("one mapping is removed", &recipient_removal(&bob(), 2, Some("work"), NOW, &bob().subject)),
        good("the issuer ends the assignment", &csip_removal(1, NOW, &bob().csip_key)),
        attested("an issuer that is not known", "unknown-issuer", |attestation| attestation.csip = "evil.example"),
        attested("the issuer with another key", "unknown-issuer", |attestation| {
            attestation.csip_key = Key::of("Mallory");
        }),
        attested("an identifier that is not the issuer's", "out-of-scope", |attestation| {
            attestation.csi = super::Csi(1, "+4930901820");
        }),
        attested("the attestation has ended", "attestation-expired", |attestation| attestation.to = NOW - 1),
        attested("the attestation begins in 301 seconds", "attestation-in-future", |attestation| {
            attestation.from = NOW + 301;
        }),
        attested("the attestation is valid for 400 days and a second", "attestation-too-long", |attestation| {
            attestation.to = attestation.from + DAYS_400 + 1;
        }),
        mapped("signed by somebody else", "Signature", "signature", |mapping| mapping.signer = Key::of("Mallory")),
        mapped("has ended", "Time", "expired", |mapping| mapping.to = NOW - 1),
        mapped("begins in 301 seconds", "Time", "in-future", |mapping| mapping.from = NOW + 301),
        mapped("another identifier than the attestation's", "Belongs", "other-csi", |mapping| {
            mapping.csi = OTHER_NUMBER;
        }),
        mapped("of an earlier assignment than the attested one", "Belongs", "other-assignment", |mapping| {
            mapping.epoch = 0;
        }),
        mapped("names another attestation", "Belongs", "other-attestation", |mapping| {
            mapping.attestation = Attestation::new("Carol").hash();
        }),
        bad(
            "the mapping of an older assignment under the new attestation",
            "Belongs",
            "other-assignment",
            RECORD,
            &Mapping::under(&bob()).record(&twice),
        ),
        bad(
            "a mapping under the attestation of another identifier",
            "Belongs",
            "other-csi",
            RECORD,
            &Mapping::under(&bob()).record(&elsewhere),
        ),
        bad(
            "a removal by a stranger",
            "Signature",
            "signature",
            RECORD,
            &recipient_removal(&bob(), 2, None, NOW, &mallory),
        ),
        bad(
            "a removal by a stranger as issuer",
            "Attestation",
            "unknown-issuer",
            ISSUING,
            &csip_removal(1, NOW, &mallory),
        ),
        bad(
            "a removal made in 301 seconds",
            "Time",
            "in-future",
            RECORD,
            &recipient_removal(&bob(), 2, None, NOW + 301, &bob().subject),
        ),
    ];
    let b = || entry("b.example", 0, 0, &[]);
    let long = "t".repeat(33);
    let in_entries = "statement/entries";
    cases.extend([
        malformed("a provider twice", "entry-twice", vec![b(), b()], in_entries),
        malformed("entries not sorted", "entries-not-sorted", vec![entry("c.example", 0, 0, &[]), b()], in_entries),
        malformed(
            "a flag without meaning",
            "flags-unknown",
            vec![entry("b.example", 0, 2, &[])],
            "statement/entries/0/flags",
        ),
        malformed(
            "a tag of 33 octets",
            "tag-length",
            vec![entry("b.example", 0, 0, &[&long])],
            "statement/entries/0/tags/0",
        ),
        malformed("an empty tag", "tag-length", vec![entry("b.example", 0, 0, &[""])], "statement/entries/0/tags/0"),
        malformed(
            "a tag twice",
            "tags-not-sorted",
            vec![entry("b.example", 0, 0, &["x", "x"])],
            "statement/entries/0/tags",
        ),
    ]);
    let cases =
        cases.into_iter().map(|case| case.with("now", NOW).octets("issuerKey", &Key::of(super::CARRIER).public()));
    file("records", "Record", "7")
        .header("issuerKey is the key of carrier.example, which issues the telephone numbers that begin with +1, and of nobody else.")
        .note("Valid", BugType::Basic, &section("7"), "a record that counts", None)
        .note("Attestation", BugType::AuthenticationBypass, &section("3"), "an issuer that does not speak for the identifier, or not now", Some("anybody can be impersonated"))
        .note("Signature", BugType::AuthenticationBypass, &section("4"), "a statement that is not signed by who may make it", Some("anybody can be redirected or removed"))
        .note("Time", BugType::MissingCheck, &section("7"), "a statement outside of its time", Some("what has ended is found"))
        .note("Belongs", BugType::AuthenticationBypass, &section("7"), "a statement and an attestation that are not of each other", Some("the former holder of a number is found in place of the new one"))
        .note("Malformed", BugType::Malleability, &section("4"), "a mapping that is not in its one form", None)
        .group("RecordVerify", cases.collect())
        .finish()
}
