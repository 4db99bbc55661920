//! Mode B.
use super::lookups::{DP, bucket_key, dp_key, gateway, known};
use super::tokens::{redeemer, tokens};
use super::*;
use crate::answer::{AnswerError, Finding};
use crate::entropy::Seed;
use crate::lookup::b::{
    self, BUCKET_BITS, BUCKET_ROWS, BucketError, BucketKey, BucketParameters, BucketResponse, Buckets, EvaluateError,
    EvaluateResponse, Evaluation, FindError, INCLUSION_TOO_DEEP, Located, Maker, ProvenBucket, ROW_SIZE, RowSecret,
    Transcript,
};
use crate::lookup::{self, REQUEST_SIZE, Refusal, Request, ResponseError};
use crate::oprf::{Element, OprfError};
use crate::record::RecordError;
use crate::snapshot::{Snapshot, SnapshotError};
use crate::token::SpentTokens;
use mimi_arch::codec::Wire;
use mimi_arch::testing::{laws, not_written, refused};

const ROWS: u16 = 12;

pub(super) fn parameters() -> BucketParameters {
    BucketParameters { key: bucket_key().public(), bits: 2, rows: ROWS }
}

pub(super) fn maker(snapshot: u64) -> Maker {
    Maker { parameters: parameters(), snapshot, filler: Seed::new([0xf1; 32]) }
}

pub(super) fn records(csi: &Csi, names: &[(&str, &str)]) -> Vec<Record> {
    let attestation = attestation(csi, 1, &bob(), validity(), &carrier());
    let record = |(place, (name, msp)): (usize, &(&str, &str))| {
        let new = new_mapping(name, place as u64 + 1, vec![entry(msp, 0)]);
        Record::Mapping(Box::new(attestation.clone()), mapping(&attestation, &bob(), &new))
    };
    names.iter().enumerate().map(record).collect()
}

/// Twenty others, and what the number has.
pub(super) fn store(of_number: Vec<Record>) -> Vec<(Csi, Vec<Record>)> {
    let others = (0..20).map(|n| Csi::parse(&format!("+121255500{n:02}")).unwrap());
    let mut store: Vec<_> = others.map(|csi| (csi.clone(), records(&csi, &[("", "c.example")]))).collect();
    store.push((number(), of_number));
    store
}

fn secrets(store: &[(Csi, Vec<Record>)]) -> Vec<RowSecret> {
    store.iter().map(|(csi, _)| bucket_key().secret_of(csi).unwrap()).collect()
}

pub(super) fn build(maker: &Maker, store: &[(Csi, Vec<Record>)]) -> Buckets {
    let secrets = secrets(store);
    Buckets::build(maker, secrets.iter().zip(store.iter().map(|(_, records)| records.as_slice()))).unwrap()
}

pub(super) fn snapshot(number: u64, buckets_root: [u8; 32]) -> Snapshot {
    let validity = Validity { not_before: NOW.minus(10), not_after: NOW.plus(10) };
    Snapshot::sign(&domain(DP), number, validity, [0; 32], buckets_root, &dp_key()).unwrap()
}

/// The bucket of an identifier, in a snapshot of this number.
fn proven(number: u64, store: &[(Csi, Vec<Record>)], csi: &Csi) -> ProvenBucket {
    let buckets = build(&maker(number), store);
    let index = bucket_key().secret_of(csi).unwrap().bucket(&parameters());
    buckets.prove(index, &snapshot(number, buckets.root())).unwrap()
}

pub(super) fn located(csi: &Csi) -> Located {
    let config = known(Some(parameters()));
    let (up, pending) = b::ask(&config, csi, tokens(DP, 1, 1).remove(0), Seed::new([3; 32])).unwrap();
    pending.open(&evaluate(&up, &bucket_key(), &mut SpentTokens::default())).unwrap().0
}

/// What a provider does with an evaluation.
fn evaluate(up: &[u8], key: &BucketKey, spent: &mut SpentTokens) -> Vec<u8> {
    let (request, responder) = lookup::open(&gateway(), up).unwrap();
    let Request::Evaluate(evaluate) = &request else { panic!("an evaluation") };
    let token = redeemer(DP).redeem(&evaluate.token, NOW);
    if token.and_then(|token| spent.spend(&token)).is_err() {
        return responder.seal(&request.refuse(Refusal::Token).unwrap()).unwrap();
    }
    let evaluation = key.evaluate(&evaluate.blinded, &Seed::new([4; 32])).unwrap();
    responder.answer(&EvaluateResponse::Evaluated(evaluation)).unwrap()
}

fn find(csi: &Csi, proven: ProvenBucket) -> Result<Finding, FindError> {
    let provider = known(Some(parameters())).provider(0);
    located(csi).find(proven, &provider, &anchors(), NOW).map(|answer| answer.finding())
}

#[test]
fn r6_mode_b_answers_through_a_relay_and_all_messages_have_one_size() {
    // req: UD03-11-01, UD03-10-01, UD03-17-08, UD03-17-10
    let config = known(Some(parameters()));
    let store = store(records(&number(), &[("", "b.example"), ("home", "c.example"), ("work", "d.example")]));
    let buckets = build(&maker(5), &store);
    let snapshot = snapshot(5, buckets.root());
    let mut spent = SpentTokens::default();
    let mut sizes = std::collections::BTreeSet::new();
    let mut used = tokens(DP, 3, 1).into_iter();
    for (csi, finding) in [
        (number(), Finding::SeveralMappings),
        (store[0].0.clone(), Finding::One),
        (Csi::parse("nobody@a.example").unwrap(), Finding::NoMapping),
    ] {
        let (up, pending) = b::ask(&config, &csi, used.next().unwrap(), Seed::new([3; 32])).unwrap();
        let down = evaluate(&up, &bucket_key(), &mut spent);
        let (located, _) = pending.open(&down).unwrap();
        let (bucket_up, pending) = located.ask(&config).unwrap();
        let (request, responder) = lookup::open(&gateway(), &bucket_up).unwrap();
        assert_eq!(request.token(), None);
        let Request::Bucket(request) = request else { panic!("a bucket") };
        let proven = buckets.prove(request.index, &snapshot).unwrap();
        let bucket_down = responder.answer(&BucketResponse::Bucket(Box::new(proven))).unwrap();
        sizes.insert([up.len(), down.len(), bucket_up.len(), bucket_down.len()]);
        let proven = pending.open(&bucket_down).unwrap();
        let answer = located.find(proven, &config.provider(5), &anchors(), NOW).unwrap();
        assert_eq!(answer.finding(), finding);
    }
    let (up, pending) = b::ask(&config, &number(), tokens(DP, 1, 1).remove(0), Seed::new([3; 32])).unwrap();
    let down = evaluate(&up, &bucket_key(), &mut spent);
    assert_eq!(pending.open(&down).unwrap_err(), ResponseError::Refused(Refusal::Token).into());
    assert!(sizes.iter().all(|size| (size[0], size[1]) == (up.len(), down.len())));
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

#[test]
fn the_provider_sees_of_an_evaluation_nothing_of_the_identifier() {
    let config = known(Some(parameters()));
    let mut seen = std::collections::BTreeSet::new();
    for (seed, token) in (0_u8..).zip(tokens(DP, 4, 1)) {
        let csi = if seed % 2 == 0 { number() } else { Csi::parse("+12125550000").unwrap() };
        let (up, _) = b::ask(&config, &csi, token, Seed::new([seed; 32])).unwrap();
        let (Request::Evaluate(request), _) = lookup::open(&gateway(), &up).unwrap() else { panic!("an evaluation") };
        assert!(seen.insert(request.blinded), "an identifier looks different each time");
    }
}

#[test]
fn a_provider_that_evaluates_with_another_key_is_found_out() {
    let config = known(Some(parameters()));
    let (up, pending) = b::ask(&config, &number(), tokens(DP, 1, 1).remove(0), Seed::new([3; 32])).unwrap();
    let other = BucketKey::derive(&[1; 32]).unwrap();
    let error = pending.open(&evaluate(&up, &other, &mut SpentTokens::default())).unwrap_err();
    assert_eq!(error, EvaluateError::Oprf(OprfError::OtherKey));
    let none = b::ask(&known(None), &number(), tokens(DP, 1, 1).remove(0), Seed::new([3; 32])).unwrap_err();
    assert_eq!(none, EvaluateError::NoBuckets);
}

#[test]
fn a_provider_that_omits_a_row_is_found_out() {
    let all = records(&number(), &[("", "b.example"), ("home", "c.example")]);
    let honest = proven(5, &store(all.clone()), &number());
    assert_eq!(find(&number(), honest.clone()), Ok(Finding::SeveralMappings));
    // From the bucket alone: the snapshot does not have that bucket.
    for place in 0..usize::from(ROWS) {
        let mut cut = honest.clone();
        cut.bucket.rows.drain(place * ROW_SIZE..(place + 1) * ROW_SIZE);
        assert!(matches!(find(&number(), cut), Err(FindError::OtherBucket { rows: 11, .. })));
        let mut overwritten = honest.clone();
        overwritten.bucket.rows[place * ROW_SIZE] ^= 1;
        assert_eq!(find(&number(), overwritten), Err(FindError::NotIncluded));
    }
    // From a bucket to which it has committed itself: the other row says that there were two.
    let secret = bucket_key().secret_of(&number()).unwrap();
    let index = secret.bucket(&parameters());
    let two = maker(5).bucket(index, [(&secret, all.as_slice())]).unwrap();
    for slot in [0, 1] {
        let (tag, _) = secret.row(5, slot);
        let rows: Vec<&[u8]> = two.rows().filter(|row| row[..16] != tag).collect();
        let committed = committed(index, [rows.concat(), vec![0xff; ROW_SIZE]].concat());
        assert!(matches!(find(&number(), committed), Err(FindError::Incomplete { .. })), "slot {slot}");
    }
}

/// A bucket of these rows, to which the provider has committed itself.
fn committed(index: u32, rows: Vec<u8>) -> ProvenBucket {
    let bucket = b::Bucket { index, rows };
    let parameters = parameters();
    let hashes =
        (0..parameters.buckets()).map(|place| if place == index { bucket.hash(&parameters, 5) } else { [0; 32] });
    let tree = b::BucketTree::new(hashes);
    ProvenBucket { snapshot: snapshot(5, tree.root()), inclusion: tree.prove(index).unwrap(), bucket }
}

#[test]
fn a_provider_that_swaps_a_bucket_is_found_out() {
    let store = store(vec![]);
    let buckets = build(&maker(5), &store);
    let snapshot = snapshot(5, buckets.root());
    let index = located(&number()).bucket();
    let mine = buckets.prove(index, &snapshot).unwrap();
    assert_eq!(find(&number(), mine.clone()), Ok(Finding::NoMapping));
    let other = buckets.prove(index ^ 1, &snapshot).unwrap();
    assert!(matches!(find(&number(), other.clone()), Err(FindError::OtherBucket { .. })));
    let mut renumbered = other.clone();
    renumbered.bucket.index = index;
    assert_eq!(find(&number(), renumbered), Err(FindError::NotIncluded));
    let mut shortened = mine.clone();
    shortened.inclusion.pop();
    assert_eq!(find(&number(), shortened), Err(FindError::NotIncluded));
    let elsewhere = ProvenBucket { inclusion: other.inclusion, ..mine };
    assert_eq!(find(&number(), elsewhere), Err(FindError::NotIncluded));
}

#[test]
fn a_provider_that_swaps_a_row_is_found_out() {
    let all = records(&number(), &[("", "b.example"), ("home", "c.example")]);
    let secret = bucket_key().secret_of(&number()).unwrap();
    let index = secret.bucket(&parameters());
    let honest = maker(5).bucket(index, [(&secret, all.as_slice())]).unwrap();
    let ((first, _), (second, _)) = (secret.row(5, 0), secret.row(5, 1));
    // The content of one row under the tag of the other, in a bucket to which the provider has committed itself.
    let mut rows: Vec<Vec<u8>> = honest.rows().map(<[u8]>::to_vec).collect();
    for row in &mut rows {
        if row[..16] == first {
            row[..16].copy_from_slice(&second);
        } else if row[..16] == second {
            row[..16].copy_from_slice(&first);
        }
    }
    rows.sort();
    assert_eq!(find(&number(), committed(index, rows.concat())), Err(FindError::Sealed { slot: 0 }));
    // Rows out of order, or one twice, could hide one from a search.
    let mut crossed: Vec<Vec<u8>> = honest.rows().map(<[u8]>::to_vec).collect();
    crossed.swap(0, 1);
    assert_eq!(find(&number(), committed(index, crossed.concat())), Err(FindError::NotSorted));
    crossed[1] = crossed[0].clone();
    assert_eq!(find(&number(), committed(index, crossed.concat())), Err(FindError::NotSorted));
}

#[test]
fn a_provider_cannot_put_a_record_of_its_own_or_of_somebody_else_in_a_row() {
    let attested = attested_at(1, &bob());
    let forged = new_mapping("", 9, vec![entry("dp.example", 0)]).sign(&attested, &dp_key()).unwrap();
    let forged = store(vec![Record::Mapping(Box::new(attested), forged)]);
    let error = find(&number(), proven(5, &forged, &number())).unwrap_err();
    assert!(matches!(error, FindError::Answer(AnswerError::Record(RecordError::Signature(_)))));
    let theirs = store(records(&Csi::parse("+12125550001").unwrap(), &[("", "c.example")]));
    let error = find(&number(), proven(5, &theirs, &number())).unwrap_err();
    assert_eq!(error, AnswerError::OtherCsi.into());
}

#[test]
fn a_provider_that_shows_an_old_snapshot_is_found_out() {
    let store = store(vec![]);
    let old = proven(4, &store, &number());
    let provider = known(Some(parameters())).provider(5);
    let error = located(&number()).find(old.clone(), &provider, &anchors(), NOW).unwrap_err();
    assert_eq!(error, SnapshotError::RolledBack { given: 4, seen: 5 }.into());
    // The old bucket is not in the new snapshot, though nothing in it changed.
    let new = proven(5, &store, &number());
    let mixed = ProvenBucket { bucket: old.bucket, ..new };
    assert_eq!(find(&number(), mixed), Err(FindError::NotIncluded));
}

#[test]
fn absence_can_be_shown_to_others() {
    let config = known(Some(parameters()));
    let (up, pending) = b::ask(&config, &number(), tokens(DP, 1, 1).remove(0), Seed::new([3; 32])).unwrap();
    let (mine, transcript) = pending.open(&evaluate(&up, &bucket_key(), &mut SpentTokens::default())).unwrap();
    let bucket = proven(5, &store(vec![]), &number());
    let handed_on = (transcript.to_bytes().unwrap(), bucket.to_bytes().unwrap());
    // Somebody else, with nothing but these octets and the signed configuration.
    let theirs = Transcript::from_bytes(&handed_on.0).unwrap().verify(number(), parameters()).unwrap();
    assert_eq!(theirs, mine);
    let bucket = ProvenBucket::from_bytes(&handed_on.1).unwrap();
    let answer = theirs.find(bucket, &config.provider(0), &anchors(), NOW).unwrap();
    assert_eq!(answer.finding(), Finding::NoMapping);
    // It says nothing about another identifier.
    let other = Csi::parse("+12125550000").unwrap();
    assert_eq!(transcript.verify(other, parameters()), Err(OprfError::OtherKey));
}

#[test]
fn rows_cannot_be_followed_from_snapshot_to_snapshot_and_say_nothing_of_how_many_are_used() {
    let full = store(records(&number(), &[("", "b.example")]));
    let tags = |bucket: &b::Bucket| -> std::collections::BTreeSet<Vec<u8>> {
        bucket.rows().map(|row| row[..16].to_vec()).collect()
    };
    let index = located(&number()).bucket();
    let [four, five] = [4, 5].map(|number| proven(number, &full, &self::number()).bucket);
    assert!(tags(&four).is_disjoint(&tags(&five)));
    let empty = maker(5).bucket(index, []).unwrap();
    assert_eq!((empty.rows().count(), empty.rows.len()), (usize::from(ROWS), five.rows.len()));
    // A bucket need not be stored: made again it is the same.
    assert_eq!(maker(5).bucket(index, []).unwrap(), empty);
}

#[test]
fn the_number_of_buckets_is_chosen_so_that_none_overflows() {
    let key = bucket_key().public();
    let for_records = |count| BucketParameters::for_records(key, count);
    assert_eq!((for_records(0).bits, for_records(32).bits, for_records(33).bits), (0, 0, 1));
    assert_eq!((for_records(1_000_000).bits, for_records(u64::MAX).bits), (15, 20));
    let secrets: Vec<RowSecret> = (0..2048_u32)
        .map(|n| bucket_key().secret_of(&Csi::new(CsiKind::PRIVATE, &n.to_string()).unwrap()).unwrap())
        .collect();
    let chosen = for_records(2048);
    assert_eq!(chosen.bits, 6);
    let mut used = vec![0; chosen.buckets() as usize];
    secrets.iter().for_each(|secret| used[secret.bucket(&chosen) as usize] += 1);
    assert!(used.iter().all(|used| (1..=BucketParameters::ROWS).contains(used)), "{used:?}");
}

#[test]
fn an_overflow_is_an_error_and_more_buckets_help() {
    let store = store(records(&number(), &[("", "b.example")]));
    let secrets = secrets(&store);
    let entries = || secrets.iter().zip(store.iter().map(|(_, records)| records.as_slice()));
    let one = BucketParameters { bits: 0, rows: 8, ..parameters() };
    let maker = Maker { parameters: one, ..maker(5) };
    let error = Buckets::build(&maker, entries()).unwrap_err();
    assert_eq!(error, BucketError::Overflow { bucket: 0, records: 21, rows: 8 });
    let mut parameters = one;
    while Buckets::build(&Maker { parameters, ..maker.clone() }, entries()).is_err() {
        parameters = parameters.doubled().unwrap();
    }
    assert!((2..6).contains(&parameters.bits), "{}", parameters.bits);
    assert_eq!(BucketParameters { bits: 20, ..parameters }.doubled(), None);
    let five = vec![store[0].1[0].clone(); 5];
    let error = maker.bucket(0, [(&secrets[0], five.as_slice())]).unwrap_err();
    assert_eq!(error, BucketError::TooManyRecords { records: 5 });
    let two = Maker { parameters: BucketParameters { bits: 1, ..one }, ..maker };
    let belongs = secrets[0].bucket(&two.parameters);
    let error = two.bucket(belongs ^ 1, [(&secrets[0], store[0].1.as_slice())]).unwrap_err();
    assert_eq!(error, BucketError::OtherBucket { belongs });
}

#[test]
fn messages_of_mode_b_keep_the_laws() {
    laws(&parameters());
    let request = b::EvaluateRequest { token: tokens(DP, 1, 1).remove(0), blinded: Element([1; 32]) };
    assert_eq!(laws(&request).len(), REQUEST_SIZE);
    let evaluation = Evaluation { element: Element([1; 32]), proof: [2; 64] };
    assert_eq!(laws(&EvaluateResponse::Evaluated(evaluation)).len(), 97);
    assert_eq!(laws(&EvaluateResponse::Refused(Refusal::Token)).len(), 97);
    assert_eq!(laws(&b::BucketRequest { index: 3 }).len(), REQUEST_SIZE);
    laws(&BucketResponse::Refused(Refusal::Unavailable));
    laws(&Transcript::from_bytes(&[7; 128]).unwrap());
    let bucket = b::Bucket { index: 1, rows: vec![7; ROW_SIZE] };
    let proven = ProvenBucket { snapshot: snapshot(5, [1; 32]), bucket, inclusion: vec![[3; 32]; 2] };
    let octets = BucketResponse::Bucket(Box::new(proven.clone())).to_bytes().unwrap();
    assert_eq!(BucketResponse::from_bytes(&octets), Ok(BucketResponse::Bucket(Box::new(proven.clone()))));
    for end in 0..octets.len() {
        BucketResponse::from_bytes(&octets[..end]).unwrap_err();
    }
    not_written(&ProvenBucket { inclusion: vec![[3; 32]; 21], ..proven }, &INCLUSION_TOO_DEEP);
    not_written(&b::Bucket { index: 1, rows: vec![] }, &BUCKET_ROWS);
    not_written(&b::Bucket { index: 1, rows: vec![0; ROW_SIZE + 1] }, &BUCKET_ROWS);
    refused::<b::Bucket>(&[0, 0, 0, 1, 0, 0], 4, &BUCKET_ROWS);
    refused::<BucketParameters>(&[[0; 32].as_slice(), &[21, 0, 1]].concat(), 32, &BUCKET_BITS);
    refused::<BucketParameters>(&[[0; 32].as_slice(), &[20, 0, 0]].concat(), 32, &BUCKET_ROWS);
}
