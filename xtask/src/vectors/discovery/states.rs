//! Which statements stand, whatever their order (profile section 7).

use anyhow::Result;
use sha2::{Digest, Sha256};
use spec_vectors::BugType;

use super::super::builder::{Built, Case};
use super::super::layout::Struct;
use super::{Attestation, Mapping, NOW, csip_removal, entry, file, recipient_removal, section};

fn holder(epoch: u64) -> Attestation {
    Attestation { epoch, ..Attestation::new(if epoch == 1 { "Bob" } else { "Carol" }) }
}

fn mapping(epoch: u64, name: &'static str, sequence: u64, msp: &str) -> Struct {
    let attestation = holder(epoch);
    let entries = vec![entry(msp, 0, 0, &[])];
    Mapping { name, sequence, entries, ..Mapping::under(&attestation) }.record(&attestation)
}

fn removal(epoch: u64, name: Option<&str>, sequence: u64) -> Struct {
    recipient_removal(&holder(epoch), sequence, name, NOW, &holder(epoch).subject)
}

fn case(comment: &str, flag: &str, statements: &[&Struct], standing: &[&Struct]) -> Case {
    let list = |records: &[&Struct]| -> Vec<String> { records.iter().map(|one| hex::encode(one.octets())).collect() };
    Case::valid(comment, flag)
        .with("now", NOW)
        .octets("issuerKey", &holder(1).csip_key.public())
        .with("statements", list(statements))
        .with("standing", list(standing))
}

pub(super) fn build() -> Result<Built> {
    let (one, two) = (mapping(1, "", 1, "b.example"), mapping(1, "", 2, "c.example"));
    let work = mapping(1, "work", 2, "w.example");
    let (x, y) = (mapping(1, "", 5, "x.example"), mapping(1, "", 5, "y.example"));
    let higher = if Sha256::digest(x.octets()) > Sha256::digest(y.octets()) { &x } else { &y };
    let (all, one_gone) = (removal(1, None, 2), removal(1, Some(""), 2));
    let carol = mapping(2, "", 1, "d.example");
    let ended = csip_removal(1, NOW, &holder(1).csip_key);
    let far = mapping(1, "", u64::MAX, "b.example");
    let names = ["a", "b", "c", "d", "e"];
    let five: Vec<Struct> = (1..).zip(names).map(|(sequence, name)| mapping(1, name, sequence, "b.example")).collect();
    let five: Vec<&Struct> = five.iter().collect();
    let cases = vec![
        case("one mapping", "Sequence", &[&one], &[&one]),
        case("the same twice", "Sequence", &[&one, &one], &[&one]),
        case("a later one", "Sequence", &[&one, &two], &[&two]),
        case("the later one first", "Sequence", &[&two, &one], &[&two]),
        case("mappings of two names", "Sequence", &[&one, &work], &[&one, &work]),
        case("one sequence for two mappings: the higher digest", "Reused", &[&x, &y], &[higher]),
        case("the same in the other order", "Reused", &[&y, &x], &[higher]),
        case("all are removed", "Removal", &[&one, &work, &all], &[&all]),
        case("what comes after its removal", "Removal", &[&all, &one], &[&all]),
        case("one is removed", "Removal", &[&one, &work, &one_gone], &[&one_gone, &work]),
        case("a mapping after the removal of all", "Removal", &[&all, &x], &[&all, &x]),
        case("the number is assigned anew", "Assignment", &[&one, &carol], &[&carol]),
        case("the former holder with the highest sequence", "Assignment", &[&carol, &far], &[&carol]),
        case("the issuer ends the assignment", "Assignment", &[&one, &ended], &[&ended]),
        case("the holder of an ended assignment", "Assignment", &[&ended, &far], &[&ended]),
        case("a new assignment after the end of one", "Assignment", &[&ended, &carol], &[&carol]),
        case("five names: the four with the highest sequence", "Bound", &five, five.get(1..).unwrap_or_default()),
    ];
    file("freshness", "CsiState", "7")
        .header("statements are taken up in their order; standing is what stands then: removal by the issuer, removal of all, then by name.")
        .header("Any order, and any repetition, of the same statements leads to the same.")
        .note("Sequence", BugType::Basic, &section("7"), "the higher sequence stands", None)
        .note("Reused", BugType::Disagreement, &section("7"), "one sequence for two statements", Some("providers that heard of them in different orders differ for ever"))
        .note("Removal", BugType::MissingCheck, &section("6"), "a removal and what it removes", Some("a removed mapping comes back"))
        .note("Assignment", BugType::AuthenticationBypass, &section("7"), "an identifier that changes hands", Some("the former holder is found in place of the new one"))
        .note("Bound", BugType::EdgeCase, &section("7"), "more mappings than stand", None)
        .group("Freshness", cases)
        .finish()
}
