use super::*;
use crate::directory::{
    DIRECTORY_ZERO, DirectoryError, ListedProvider, PROVIDERS_COUNT, PrefixDirectory, RANGE_FORM, RANGES_NOT_SORTED,
    Range,
};
use crate::push::{PUSH_COUNT, Push, PushResponse, REGISTER_CODE_UNKNOWN, RegisterResponse};
use mimi_arch::testing::{laws, not_written, refused};

fn listed(name: &str) -> ListedProvider {
    ListedProvider { domain: domain(name), key: Key::from_seed([0xd1; 32]).public() }
}

fn range(kind: CsiKind, of: &str, provider: &str) -> Range {
    Range { kind, of: of.to_owned(), providers: vec![listed(provider)] }
}

fn root() -> Key {
    Key::from_seed([0x40; 32])
}

fn directory(ranges: Vec<Range>) -> PrefixDirectory {
    PrefixDirectory::sign(&domain("root.example"), 3, validity(), ranges, &root()).unwrap()
}

fn ranges() -> Vec<Range> {
    vec![
        range(CsiKind::MAIL, "", "mail.example"),
        range(CsiKind::MAIL, "corp.example", "corp-dp.example"),
        range(CsiKind::E164, "+1", "na.example"),
        range(CsiKind::E164, "+1212", "ny.example"),
        range(CsiKind::MIMI_URI, "a.example", "a-dp.example"),
    ]
}

#[test]
fn the_longest_range_that_holds_an_identifier_counts() {
    let verified = directory(ranges()).verify(&domain("root.example"), &root().public(), 0, NOW).unwrap();
    let found = |csi: &str| {
        verified.resolve(&Csi::parse(csi).unwrap()).iter().map(|p| p.domain.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(found("+12125551212"), ["ny.example"]);
    assert_eq!(found("+14155552671"), ["na.example"]);
    assert!(found("+4930901820").is_empty());
    assert_eq!(found("bob@corp.example"), ["corp-dp.example"]);
    assert_eq!(found("bob@sub.corp.example"), ["mail.example"]);
    assert_eq!(found("mimi://a.example/u/bob"), ["a-dp.example"]);
    assert!(found("mimi://b.example/u/bob").is_empty());
}

#[test]
fn a_directory_is_the_roots_own_and_no_older_than_one_that_was_seen() {
    let check = |directory: PrefixDirectory, seen, now| {
        directory.verify(&domain("root.example"), &root().public(), seen, now).unwrap_err()
    };
    let stranger = Key::from_seed([0x41; 32]);
    let forged = PrefixDirectory::sign(&domain("root.example"), 3, validity(), ranges(), &stranger).unwrap();
    assert!(matches!(check(forged, 0, NOW), DirectoryError::Signature(_)));
    let other = PrefixDirectory::sign(&domain("other.example"), 3, validity(), ranges(), &root()).unwrap();
    assert!(matches!(check(other, 0, NOW), DirectoryError::OtherRoot(_)));
    assert_eq!(check(directory(ranges()), 4, NOW), DirectoryError::RolledBack { given: 3, seen: 4 });
    assert_eq!(check(directory(ranges()), 0, NOW.minus(5000)), DirectoryError::InFuture);
    let late = validity().not_after.plus(301);
    assert_eq!(check(directory(ranges()), 0, late), DirectoryError::Old { ended: validity().not_after });
}

#[test]
fn a_directory_has_one_form() {
    laws(&range(CsiKind::E164, "+1", "na.example"));
    laws(&directory(vec![range(CsiKind::E164, "+1", "na.example"), range(CsiKind::MAIL, "", "mail.example")]));
    not_written(&range(CsiKind::E164, "1", "na.example"), &RANGE_FORM);
    not_written(&range(CsiKind::MAIL, "Corp.example", "na.example"), &RANGE_FORM);
    not_written(&Range { providers: vec![], ..range(CsiKind::E164, "+1", "x.example") }, &PROVIDERS_COUNT);
    let sign = |number, ranges| {
        PrefixDirectory::sign(&domain("root.example"), number, validity(), ranges, &root()).unwrap_err().rule().text()
    };
    let twice = vec![range(CsiKind::E164, "+1", "a.example"), range(CsiKind::E164, "+1", "b.example")];
    assert_eq!(sign(1, twice), RANGES_NOT_SORTED.text());
    assert_eq!(sign(0, vec![]), DIRECTORY_ZERO.text());
}

#[test]
fn pushes_and_answers_keep_the_laws() {
    laws(&Push { records: vec![csip_removal(1), removal_record(1, &bob(), 3, None)] });
    laws(&PushResponse { applied: 3, refused: 1 });
    for answer in [
        RegisterResponse::Registered,
        RegisterResponse::Known,
        RegisterResponse::Refused { reason: "older".to_owned() },
    ] {
        laws(&answer);
    }
    refused::<RegisterResponse>(&[3], 0, &REGISTER_CODE_UNKNOWN);
    not_written(&Push { records: vec![csip_removal(1); 1025] }, &PUSH_COUNT);
}
