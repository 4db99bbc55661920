//! Discovery profile 0: identifiers, records, freshness, answers, sealed entries, the directory and the challenge of tokens.

use mimi_arch::Domain;
use mimi_discovery::answer::{Answer, AnswerError};
use mimi_discovery::csi::CsiError;
use mimi_discovery::directory::{DirectoryError, PrefixDirectory};
use mimi_discovery::freshness::CsiState;
use mimi_discovery::record::Scope;
use mimi_discovery::sealed::{Capability, SealedEntries};
use mimi_discovery::snapshot::{SnapshotError, TrustedProvider};
use mimi_discovery::token::{Day, TokenChallenge};
use mimi_discovery::{Anchors, Csi, CsiKind, PublicKey, Record, Seconds};
use mimi_protocol::Wire;
use mimi_protocol::codec::{DecodeError, Rule};
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase};

use crate::{Verdict, kebab, refused, rules};

/// Rules whose short names are not those of the errors below.
const NAMES: &[(&str, &Rule)] = &[
    ("entry-twice", &mimi_discovery::mapping::ENTRY_TWICE),
    ("entries-not-sorted", &mimi_discovery::mapping::ENTRIES_NOT_SORTED),
    ("flags-unknown", &mimi_discovery::mapping::FLAGS_UNKNOWN),
    ("tag-length", &mimi_discovery::mapping::TAG_LENGTH),
    ("tags-not-sorted", &mimi_discovery::mapping::TAGS_NOT_SORTED),
    ("sealed-padding-not-zero", &mimi_discovery::sealed::PADDING_NOT_ZERO),
    ("padding-too-long", &mimi_discovery::sealed::PADDING_TOO_LONG),
    ("ranges-not-sorted", &mimi_discovery::directory::RANGES_NOT_SORTED),
    ("providers-count", &mimi_discovery::directory::PROVIDERS_COUNT),
    ("directory-zero", &mimi_discovery::directory::DIRECTORY_ZERO),
];

fn decode_error(error: DecodeError) -> ExpectedError {
    match NAMES.iter().find(|(_, rule)| *rule == error.rule()) {
        Some((name, _)) => ExpectedError { offset: Some(error.offset()), ..refused(name, error.section()) },
        None => rules::decode_error(error),
    }
}

/// The name of an error's variant, as vectors write it.
fn named(error: &impl std::fmt::Debug, section: &str) -> ExpectedError {
    let text = format!("{error:?}");
    let name = text.split([' ', '(', '{']).next().unwrap();
    refused(&kebab(name), section)
}

fn read<T: Wire>(octets: &[u8]) -> Result<T, ExpectedError> {
    let value = T::from_bytes(octets).map_err(decode_error)?;
    assert_eq!(hex::encode(value.to_bytes().unwrap()), hex::encode(octets), "written otherwise");
    Ok(value)
}

fn encoded<T: Wire>(test: &TestCase) -> Result<T, ExpectedError> {
    read(&test.octets("encoded").unwrap())
}

fn key(test: &TestCase, name: &str) -> PublicKey {
    PublicKey(test.octets(name).unwrap().try_into().unwrap())
}

fn number(test: &TestCase, name: &str) -> u64 {
    test.fields[name].as_u64().unwrap()
}

fn now(test: &TestCase) -> Seconds {
    Seconds(number(test, "now"))
}

fn domain(test: &TestCase, name: &str) -> Domain {
    test.text(name).unwrap().parse().unwrap()
}

fn csi_of(test: &TestCase) -> Csi {
    read(&test.octets("csi").unwrap()).unwrap()
}

fn anchors(test: &TestCase) -> Anchors {
    let mut anchors = Anchors::default();
    let scope = Scope::Prefix("+1".to_owned());
    anchors.trust("carrier.example".parse().unwrap(), key(test, "issuerKey"), CsiKind::E164, scope);
    anchors
}

/// What a person typed.
pub(crate) fn csi(test: &TestCase) -> Verdict {
    const SECTION: &str = "discovery profile 0 section 1";
    let csi = Csi::parse(test.text("text").unwrap()).map_err(|error| match error {
        CsiError::E164(error) => named(&error, SECTION),
        CsiError::Mail(error) => named(&error, SECTION),
        other => named(&other, SECTION),
    })?;
    assert_eq!(csi, encoded(test).unwrap(), "test {}", test.tc_id);
    assert_eq!(csi.key().0[..], test.octets("csiKey").unwrap(), "test {}", test.tc_id);
    Ok(())
}

/// Whether a record counts.
pub(crate) fn record(test: &TestCase) -> Verdict {
    let record: Record = encoded(test)?;
    let verified = record.verify(&anchors(test), now(test));
    verified.map(|_| ()).map_err(|error| named(&error, error.section()))
}

/// Which records stand.
pub(crate) fn freshness(test: &TestCase) -> Verdict {
    let list = |name: &str| -> Vec<String> {
        test.fields[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    let mut statements: Vec<_> = list("statements")
        .iter()
        .map(|one| read::<Record>(&hex::decode(one).unwrap()).unwrap().verify(&anchors(test), now(test)).unwrap())
        .collect();
    // In the order that is given, in the other one, and all twice.
    for _ in 0..3 {
        let mut state = CsiState::default();
        for record in &statements {
            state.merge(record);
        }
        let standing: Vec<_> = state.records().map(|one| hex::encode(one.record().to_bytes().unwrap())).collect();
        assert_eq!(standing, list("standing"), "test {} ({})", test.tc_id, test.comment);
        statements.reverse();
        statements.extend_from_within(..);
    }
    Ok(())
}

/// Whether an answer holds.
pub(crate) fn answer(test: &TestCase) -> Verdict {
    const SNAPSHOT: &str = "discovery profile 0 section 8";
    const ANSWER: &str = "discovery profile 0 section 9";
    let answer: Answer = encoded(test)?;
    let provider =
        TrustedProvider { domain: domain(test, "provider"), key: key(test, "publicKey"), seen: number(test, "seen") };
    let verified = answer.verify(&csi_of(test), &provider, &anchors(test), now(test)).map_err(|error| match error {
        AnswerError::Snapshot(error @ SnapshotError::Signature(_)) => named(&error, SNAPSHOT),
        AnswerError::Snapshot(error) => named(&error, SNAPSHOT),
        AnswerError::Proof(error) => named(&error, ANSWER),
        other => named(&other, ANSWER),
    })?;
    assert_eq!(verified.mappings().count() as u64, number(test, "mappings"), "test {}", test.tc_id);
    Ok(())
}

/// What a capability opens.
pub(crate) fn sealed(test: &TestCase) -> Verdict {
    let sealed: SealedEntries = encoded(test)?;
    let capability = Capability::new(test.octets("capability").unwrap().try_into().unwrap());
    let opened = sealed.open(&csi_of(test), &capability).map_err(|error| {
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<DecodeError>());
        decode_error(*cause.unwrap())
    })?;
    let providers = opened.map(|entries| entries.iter().map(|entry| entry.msp.to_string()).collect::<Vec<_>>());
    assert_eq!(json!(providers), test.fields["providers"], "test {}", test.tc_id);
    Ok(())
}

/// Who has an identifier.
pub(crate) fn directory(test: &TestCase) -> Verdict {
    const SECTION: &str = "discovery profile 0 section 15";
    let directory: PrefixDirectory = encoded(test)?;
    let verified = directory
        .verify(&domain(test, "provider"), &key(test, "publicKey"), number(test, "seen"), now(test))
        .map_err(|error: DirectoryError| named(&error, SECTION))?;
    let providers: Value = verified.resolve(&csi_of(test)).iter().map(|one| json!(one.domain.to_string())).collect();
    assert_eq!(providers, test.fields["providers"], "test {}", test.tc_id);
    Ok(())
}

/// The challenge that both sides make.
pub(crate) fn challenge(test: &TestCase) -> Verdict {
    let made = TokenChallenge::new(&domain(test, "provider"), &domain(test, "issuer"), Day(number(test, "day")));
    assert_eq!(made, encoded(test)?, "test {}", test.tc_id);
    assert_eq!(made.digest().unwrap()[..], test.octets("digest").unwrap(), "test {}", test.tc_id);
    Ok(())
}
