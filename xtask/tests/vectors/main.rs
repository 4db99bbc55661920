//! Runs every vector of `spec-vectors` against the crates of the workspace: what is accepted, with which meaning, written back as which octets,
//! and what is refused, where and why. The builders of the vectors share no code with what is run here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod components;
mod consent;
mod content;
mod content_by_ciborium;
mod content_described;
mod describe;
mod discovery;
mod franking;
mod identifier_query;
mod minimal_metadata;
mod policy;
mod rules;
mod schema;
mod semi_private_message;
mod signatures;
mod text;
mod wire;

use std::collections::BTreeSet;

use spec_vectors::{ExpectedError, Outcome, TestCase, VectorFile, files};

/// What came of a test's input: its meaning, or where and why it was refused.
type Verdict = Result<(), ExpectedError>;

/// A refusal without a place.
fn refused(rule: &str, section: &str) -> ExpectedError {
    ExpectedError { offset: None, rule: rule.to_owned(), section: section.to_owned() }
}

/// A name as vectors write it: `HostIsAddress` is `host-is-address`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

fn run(file: &VectorFile, group: &str, test: &TestCase) -> Verdict {
    match group {
        "Authorization" => policy::authorization(test),
        "Wire" if file.draft.starts_with("draft-ietf-mimi-room-policy-") => {
            policy::run(&file.r#type, test).unwrap_or_else(|| panic!("there is no reader for {}", file.r#type))
        }
        "Wire" if content::READS.contains(&file.r#type.as_str()) => content::run(&file.r#type, test),
        "Wire" if components::READS.contains(&file.r#type.as_str()) => components::run(&file.r#type, test),
        "AppDataResolve" => components::resolve(test),
        "Framing" => components::framing(test),
        "MessageId" => content::message_id(test),
        "Salt" => content::salt(test),
        "PartIndex" => content::part_index(test),
        "Cid" => content::cid(test),
        "Wire" => wire::run(&file.r#type, test),
        "ParticipantListApply" => wire::apply(test),
        "ConsentEndpoint" => consent::endpoint(test),
        "ConsentStates" => consent::states(test),
        "Frank" => franking::frank(test),
        "FrankVerify" => franking::verify(test),
        "FrankReport" => franking::report(test),
        "SemiPrivateOpenMember" => semi_private_message::as_member(test),
        "SemiPrivateOpenReceiver" => semi_private_message::as_receiver(test),
        "IdentityLink" => minimal_metadata::link(test),
        "MinimalMetadataLeaves" => minimal_metadata::leaves(test),
        "SignWithLabel" => text::sign_with_label(test),
        "EncryptContext" => text::encrypt_context(test),
        "UriParse" => text::uri(test),
        "UriCompare" => text::compare(test),
        "Directory" => text::directory(test),
        "From" => text::from_header(test),
        "Host" => text::host_header(test),
        "IdentifierQuery" => identifier_query::query(test),
        "ProxyDownload" => identifier_query::download(test),
        "CsiParse" => discovery::csi(test),
        "RecordVerify" => discovery::record(test),
        "Freshness" => discovery::freshness(test),
        "AnswerVerify" => discovery::answer(test),
        "SealedOpen" => discovery::sealed(test),
        "DirectoryResolve" => discovery::directory(test),
        "TokenChallenge" => discovery::challenge(test),
        other => panic!("there is no reader for groups of type {other}"),
    }
}

#[test]
fn every_vector_comes_out_as_it_says() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (path, text) in files() {
        let file = VectorFile::parse(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        for (group, test) in file.tests() {
            count += 1;
            let verdict = run(&file, &group.r#type, test);
            let agrees = match (test.result, &verdict) {
                (Outcome::Valid, Ok(())) => true,
                (Outcome::Invalid, Err(error)) => Some(error) == test.error.as_ref(),
                // What we do is told by the presence of an error.
                (Outcome::Acceptable, Ok(())) => test.error.is_none(),
                (Outcome::Acceptable, Err(error)) => Some(error) == test.error.as_ref(),
                _ => false,
            };
            if !agrees {
                failures.push(format!(
                    "{path} {} ({}): expected {:?} {:?}, got {verdict:?}",
                    test.tc_id, test.comment, test.result, test.error
                ));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} vectors fail:\n{}", failures.len(), failures.join("\n"));
    assert!(count > 400, "only {count} vectors were found");
}

#[test]
fn numbers_flags_and_counts_agree_in_every_file() {
    for (path, text) in files() {
        let file = VectorFile::parse(text).unwrap();
        let numbers: Vec<_> = file.tests().map(|(_, test)| test.tc_id).collect();
        assert_eq!(numbers, (1..=u32::try_from(file.number_of_tests).unwrap()).collect::<Vec<_>>(), "{path}");
        let used: BTreeSet<_> = file.tests().flat_map(|(_, test)| test.flags.iter()).collect();
        assert_eq!(used, file.notes.keys().collect(), "{path}");
    }
}

#[test]
fn no_two_vectors_of_a_file_are_the_same() {
    for (path, text) in files() {
        let file = VectorFile::parse(text).unwrap();
        let mut seen = BTreeSet::new();
        for (group, test) in file.tests() {
            let input = format!("{}: {}", group.r#type, serde_json::to_string(&test.fields).unwrap());
            assert!(seen.insert(input), "{path}: test {} repeats another one", test.tc_id);
        }
    }
}

#[test]
fn the_files_are_what_the_builders_write() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xtask")).args(["vectors", "--check"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_derived_pages_are_what_the_task_writes() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_xtask")).args(["docs", "--check"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
