use super::*;
use crate::answer::{
    ANSWER_PADDING, ANSWER_SIZE, ANSWER_SIZE_WRONG, Answer, AnswerError, Finding, VerifiedAnswer, content,
};
use crate::record::RecordError;
use crate::snapshot::{ProofError, Snapshot, SnapshotError, Tree, TreeSecret, TrustedProvider};
use mimi_arch::testing::laws;

/// A provider with some identifiers.
struct Dp {
    key: Key,
    tree: Tree,
    number: u64,
}

impl Dp {
    fn new() -> Self {
        Self { key: Key::from_seed([0xd9; 32]), tree: Tree::new(TreeSecret::new([1; 32]), []), number: 1 }
    }

    fn put(&mut self, csi: &Csi, records: &[Record]) {
        self.tree.set(csi.key(), content(records).unwrap());
        self.number += 1;
    }

    fn answer(&self, csi: &Csi, records: Vec<Record>) -> Answer {
        let validity = Validity { not_before: NOW.minus(10), not_after: NOW.plus(10) };
        let root = self.tree.root();
        let snapshot = Snapshot::sign(&domain("dp.example"), self.number, validity, root, [0; 32], &self.key).unwrap();
        Answer { snapshot, proof: self.tree.prove(&csi.key()), records }
    }

    fn known(&self) -> TrustedProvider {
        TrustedProvider { domain: domain("dp.example"), key: self.key.public(), seen: 0 }
    }

    fn check(&self, answer: Answer) -> Result<VerifiedAnswer, AnswerError> {
        answer.verify(&number(), &self.known(), &anchors(), NOW)
    }
}

fn one() -> Vec<Record> {
    vec![mapping_record(1, &bob(), &new_mapping("", 1, vec![entry("b.example", 0)]))]
}

#[test]
fn r5_all_results_are_distinct_and_each_is_proven() {
    // req: UD03-10-01, UD03-10-02, UD03-10-03, UD03-10-04, UD03-10-05, UD03-10-06, UD03-10-07
    let record = |name: &str, sequence, msps: &[&str]| {
        mapping_record(1, &bob(), &new_mapping(name, sequence, msps.iter().map(|msp| entry(msp, 0)).collect()))
    };
    let cases = [
        (vec![], Finding::NoMapping),
        (vec![record("", 1, &[])], Finding::OptedOut),
        (vec![record("", 1, &["b.example"])], Finding::One),
        (vec![record("", 1, &["b.example", "c.example"])], Finding::Several),
        (vec![record("", 1, &["b.example"]), record("work", 2, &["c.example", "d.example"])], Finding::SeveralMappings),
        (vec![record("", 1, &[]), record("work", 2, &[])], Finding::OptedOut),
    ];
    for (records, finding) in cases {
        let mut dp = Dp::new();
        dp.put(&number(), &records);
        dp.put(&Csi::parse("+12125550000").unwrap(), &one());
        let answer = dp.answer(&number(), records.clone());
        let padded = answer.to_padded().unwrap();
        assert_eq!(padded.len(), ANSWER_SIZE, "the size tells nothing");
        let verified = dp.check(Answer::from_padded(&padded).unwrap()).unwrap();
        assert_eq!(verified.finding(), finding);
        assert_eq!(verified.mappings().count(), records.len(), "all mappings are there");
    }
}

#[test]
fn r3_an_answer_has_all_mappings_or_is_refused() {
    // req: UD03-8-01, UD03-8-02
    let names = ["", "family", "team", "work"];
    let all: Vec<_> = (1..)
        .zip(names)
        .map(|(sequence, name)| mapping_record(1, &bob(), &new_mapping(name, sequence, vec![entry("b.example", 0)])))
        .collect();
    let mut dp = Dp::new();
    dp.put(&number(), &all);
    let verified = dp.check(dp.answer(&number(), all.clone())).unwrap();
    let found: Vec<_> = verified.mappings().map(|mapping| mapping.name().as_str()).collect();
    assert_eq!(found, names);
    for left_out in 0..all.len() {
        let mut some = all.clone();
        some.remove(left_out);
        assert_eq!(dp.check(dp.answer(&number(), some)).unwrap_err(), ProofError::OtherRoot.into());
    }
}

#[test]
fn answers_keep_the_laws() {
    let mut dp = Dp::new();
    dp.put(&number(), &one());
    laws(&dp.answer(&number(), one()));
    laws(&Dp::new().answer(&number(), vec![]));
}

#[test]
fn a_lying_provider_is_found_out() {
    // req: UD03-9-01
    let mut dp = Dp::new();
    let older = one();
    let newer = vec![mapping_record(1, &bob(), &new_mapping("", 2, vec![entry("c.example", 0)]))];
    dp.put(&number(), &older);
    let old = dp.answer(&number(), older.clone());
    dp.put(&number(), &newer);
    let current = dp.answer(&number(), newer.clone());

    let forged_absence = Answer { records: vec![], ..current.clone() };
    assert_eq!(dp.check(forged_absence).unwrap_err(), ProofError::Contradiction.into());
    let older_record = Answer { records: older, ..current.clone() };
    assert_eq!(dp.check(older_record).unwrap_err(), ProofError::OtherRoot.into());
    let twice = Answer { records: [newer.clone(), newer.clone()].concat(), ..current.clone() };
    assert_eq!(dp.check(twice).unwrap_err(), ProofError::OtherRoot.into());
    let elsewhere = Answer { proof: dp.tree.prove(&Csi::parse("+12125550000").unwrap().key()), ..current.clone() };
    assert!(dp.check(Answer { records: vec![], ..elsewhere }).is_err());

    let seen = TrustedProvider { seen: dp.number, ..dp.known() };
    let rolled_back = old.verify(&number(), &seen, &anchors(), NOW).unwrap_err();
    assert_eq!(rolled_back, SnapshotError::RolledBack { given: dp.number - 1, seen: dp.number }.into());
    let later = NOW.plus(10 + 301);
    let stale = current.clone().verify(&number(), &dp.known(), &anchors(), later).unwrap_err();
    assert!(matches!(stale, AnswerError::Snapshot(SnapshotError::Old { .. })));
    let other = TrustedProvider { domain: domain("other.example"), ..dp.known() };
    assert!(matches!(
        current.clone().verify(&number(), &other, &anchors(), NOW),
        Err(AnswerError::Snapshot(SnapshotError::OtherProvider(_)))
    ));
    let mut unsigned = current;
    unsigned.snapshot.root[0] ^= 1;
    assert!(matches!(dp.check(unsigned), Err(AnswerError::Snapshot(SnapshotError::Signature(_)))));
}

#[test]
fn a_provider_cannot_make_a_mapping() {
    // req: UD03-6-01
    let mut dp = Dp::new();
    let attestation = attested_at(1, &bob());
    let forged = new_mapping("", 9, vec![entry("dp.example", 0)]).sign(&attestation, &dp.key).unwrap();
    let records = vec![Record::Mapping(Box::new(attestation), forged)];
    dp.put(&number(), &records);
    let answer = dp.answer(&number(), records);
    assert!(matches!(dp.check(answer), Err(AnswerError::Record(RecordError::Signature(_)))));
}

#[test]
fn a_record_of_somebody_else_is_no_answer() {
    let mut dp = Dp::new();
    let other = Csi::parse("+12125550000").unwrap();
    let theirs = attestation(&other, 1, &bob(), validity(), &carrier());
    let record = Record::Mapping(Box::new(theirs.clone()), mapping(&theirs, &bob(), &new_mapping("", 1, vec![])));
    dp.put(&number(), std::slice::from_ref(&record));
    assert_eq!(dp.check(dp.answer(&number(), vec![record])).unwrap_err(), AnswerError::OtherCsi);
}

#[test]
fn what_has_ended_since_is_left_out() {
    let mut dp = Dp::new();
    let ended = NewMapping {
        validity: Validity { not_before: NOW.minus(10), not_after: NOW.minus(1) },
        ..new_mapping("", 1, vec![entry("b.example", 0)])
    };
    let records = vec![mapping_record(1, &bob(), &ended)];
    dp.put(&number(), &records);
    assert_eq!(dp.check(dp.answer(&number(), records)).unwrap().finding(), Finding::NoMapping);
}

#[test]
fn padding_is_zero_and_fixed() {
    let padded = Dp::new().answer(&number(), vec![]).to_padded().unwrap();
    let mut changed = padded.clone();
    *changed.last_mut().unwrap() = 1;
    let error = Answer::from_padded(&changed).unwrap_err();
    assert_eq!((error.offset(), error.rule().text()), (ANSWER_SIZE - 1, ANSWER_PADDING.text()));
    for size in [0, ANSWER_SIZE - 1] {
        let error = Answer::from_padded(&padded[..size]).unwrap_err();
        assert_eq!((error.offset(), error.rule().text()), (size, ANSWER_SIZE_WRONG.text()));
    }
}
