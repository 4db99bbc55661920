//! Mode P.
use std::num::NonZeroUsize;

use super::buckets::{build, located, maker, parameters, records, snapshot, store};
use super::lookups::{bucket_key, config, dp_key, gateway, known};
use super::tokens::tokens;
use super::*;
use crate::answer::Finding;
use crate::config::{Modes, VerifiedConfig};
use crate::entropy::Seed;
use crate::lookup::b::{BucketParameters, FindError};
use crate::lookup::p::{
    self, Item, PendingRetrieval, PirBackend, PirError, RetrieveError, RetrieveResponse, Retrieved, Shape, Spiral,
    SpiralServer,
};
use crate::lookup::{self, Refusal, Request, ResponseError};
use crate::snapshot::Snapshot;
use mimi_arch::codec::Wire;
use mimi_arch::testing::laws;

const DP: &str = super::lookups::DP;

/// All buckets of a store, as the provider serves them, and the snapshot.
fn items(of_number: Vec<Record>) -> (Vec<u8>, Shape, Snapshot) {
    let shape = Shape::of(&parameters());
    let buckets = build(&maker(5), &store(of_number));
    let snapshot = snapshot(5, buckets.root());
    let item = |index| {
        let proven = buckets.prove(index, &snapshot).unwrap();
        Item { bucket: proven.bucket, inclusion: proven.inclusion }.to_padded(&shape).unwrap()
    };
    ((0..shape.items()).flat_map(item).collect(), shape, snapshot)
}

fn two_threads() -> NonZeroUsize {
    NonZeroUsize::new(2).unwrap()
}

fn seed(octet: u8) -> Seed {
    Seed::new([octet; 32])
}

/// The configuration of a provider that offers mode P.
fn offering() -> VerifiedConfig {
    let mut config = config(Some(parameters()));
    config.modes = Modes { p: true, ..config.modes };
    config.sign(&dp_key()).unwrap().verify(&domain(DP), &dp_key().public(), NOW).unwrap()
}

fn ask(csi: &Csi, number: u8) -> (Vec<u8>, PendingRetrieval<Spiral>) {
    let spiral = Spiral::new(Shape::of(&parameters())).unwrap();
    p::ask(&located(csi), &offering(), tokens(DP, 1, 1).remove(0), spiral, &seed(number)).unwrap()
}

/// What a provider does with a retrieval.
fn answer(up: &[u8], spiral: &Spiral, server: &SpiralServer, snapshot: &Snapshot) -> Vec<u8> {
    let (request, responder) = lookup::open(&gateway(), up).unwrap();
    let Request::Retrieve(retrieve) = &request else { panic!("a retrieval") };
    let answer = spiral.answer(server, &retrieve.question).unwrap();
    assert_eq!((retrieve.question.len(), answer.len()), (spiral.question_size(), spiral.answer_size()));
    let retrieved = Retrieved { snapshot: snapshot.clone(), answer };
    responder.answer(&RetrieveResponse::Retrieved(Box::new(retrieved))).unwrap()
}

#[test]
fn r6_mode_p_finds_what_mode_b_finds_and_the_provider_sees_no_bucket() {
    // req: UD03-11-01
    let two = records(&number(), &[("", "b.example"), ("home", "c.example")]);
    let (octets, shape, snapshot) = items(two);
    let spiral = Spiral::new(shape).unwrap();
    let server = spiral.server(&octets, two_threads()).unwrap();
    let provider = offering().provider(0);
    let mut sizes = std::collections::BTreeSet::new();
    for (csi, finding) in [
        (number(), Finding::SeveralMappings),
        (Csi::parse("+12125550003").unwrap(), Finding::One),
        (Csi::parse("nobody@a.example").unwrap(), Finding::NoMapping),
    ] {
        let (up, pending) = ask(&csi, 1);
        let down = answer(&up, &spiral, &server, &snapshot);
        sizes.insert((up.len(), down.len()));
        let proven = pending.open(&down).unwrap();
        assert_eq!(located(&csi).find(proven, &provider, &anchors(), NOW).unwrap().finding(), finding);
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

#[test]
fn two_questions_for_one_bucket_have_nothing_in_common() {
    let spiral = Spiral::new(Shape::of(&parameters())).unwrap();
    let [one, other] = [1, 2].map(|octet| spiral.ask(3, &seed(octet)).unwrap().0);
    let parts: std::collections::BTreeSet<&[u8]> = one.windows(16).collect();
    assert!(other.windows(16).all(|part| !parts.contains(part)));
}

#[test]
fn each_item_of_a_shape_with_an_odd_number_of_dimensions_is_retrieved() {
    // Items of two instances of the scheme; each octet depends on its place, and all values are there.
    let shape = Shape { bits: 5, size: 9000 };
    let items: Vec<u8> = (0..32 * shape.size).map(|place| (place % 251 + place / 9000) as u8).collect();
    let spiral = Spiral::new(shape).unwrap();
    let server = spiral.server(&items, two_threads()).unwrap();
    for index in [0, 1, 3, 4, 17, 31] {
        let (question, secret) = spiral.ask(index, &seed(index as u8)).unwrap();
        let item = spiral.decode(&secret, &spiral.answer(&server, &question).unwrap()).unwrap();
        assert_eq!(item, items[index as usize * shape.size..][..shape.size]);
    }
}

#[test]
fn a_provider_that_computes_over_other_buckets_is_found_out() {
    let (mut octets, shape, snapshot) = items(records(&number(), &[("", "b.example")]));
    let spiral = Spiral::new(shape).unwrap();
    let located = located(&number());
    // One octet of a row in the bucket.
    octets[located.bucket() as usize * shape.size + 6 + 100] ^= 1;
    let server = spiral.server(&octets, two_threads()).unwrap();
    let (up, pending) = ask(&number(), 1);
    let proven = pending.open(&answer(&up, &spiral, &server, &snapshot)).unwrap();
    let provider = offering().provider(0);
    assert_eq!(located.find(proven, &provider, &anchors(), NOW).unwrap_err(), FindError::NotIncluded);
}

#[test]
fn malformed_questions_answers_and_items_are_refused() {
    let (octets, shape, _) = items(vec![]);
    let spiral = Spiral::new(shape).unwrap();
    let server = spiral.server(&octets, two_threads()).unwrap();
    let (question, secret) = spiral.ask(0, &seed(1)).unwrap();
    let malformed = |part| PirError::Malformed { part };
    let refused = |question: &[u8]| assert_eq!(spiral.answer(&server, question), Err(malformed("question")));
    refused(&[]);
    refused(&question[1..]);
    refused(&[question.as_slice(), &[0]].concat());
    // A number of the keys, a pair of residues, and a number of the last dimension that are too large.
    for place in [64, 64 + 16 * 2048 * 7, question.len() - 7] {
        let mut unreduced = question.clone();
        unreduced[place..place + 7].copy_from_slice(&[0xff; 7]);
        refused(&unreduced);
    }
    let answer = spiral.answer(&server, &question).unwrap();
    assert_eq!(spiral.decode(&secret, &answer[1..]), Err(malformed("answer")));
    assert_eq!(spiral.ask(4, &seed(1)).unwrap_err(), PirError::NoItem { index: 4 });
    assert!(matches!(spiral.server(&octets[1..], two_threads()), Err(PirError::Items { .. })));
    for shape in [Shape { bits: 13, ..shape }, Shape { size: 0, ..shape }, Shape { size: (1 << 20) + 1, ..shape }] {
        assert!(matches!(Spiral::new(shape), Err(PirError::Shape { .. })));
    }
}

#[test]
fn the_longest_question_fits_in_a_request() {
    let largest = Spiral::new(Shape { bits: 12, size: 90_000 }).unwrap();
    assert!(largest.question_size() <= p::MAX_QUESTION);
}

#[test]
fn who_does_not_offer_the_mode_is_not_asked_and_a_refusal_is_understood() {
    let (spiral, token) = (Spiral::new(Shape::of(&parameters())).unwrap(), tokens(DP, 1, 1).remove(0));
    let not_offered = p::ask(&located(&number()), &known(Some(parameters())), token, spiral, &seed(1));
    assert_eq!(not_offered.unwrap_err(), RetrieveError::NotOffered);
    let (up, pending) = ask(&number(), 1);
    let (request, responder) = lookup::open(&gateway(), &up).unwrap();
    assert!(request.token().is_some(), "a retrieval costs a token");
    let down = responder.seal(&request.refuse(Refusal::Unavailable).unwrap()).unwrap();
    let refused = RetrieveError::Response(ResponseError::Refused(Refusal::Unavailable));
    assert_eq!(pending.open(&down).unwrap_err(), refused);
}

#[test]
fn items_and_messages_keep_the_laws() {
    let secret = bucket_key().secret_of(&number()).unwrap();
    let small = crate::lookup::b::Maker { parameters: BucketParameters { rows: 1, ..parameters() }, ..maker(5) };
    let bucket = small.bucket(secret.bucket(&small.parameters), []).unwrap();
    let item = Item { bucket, inclusion: vec![[3; 32]; 2] };
    let octets = item.to_bytes().unwrap();
    assert_eq!(octets.len(), Shape::of(&small.parameters).size);
    assert_eq!(Item::from_bytes(&octets).unwrap(), item);
    assert!(item.to_padded(&Shape { bits: 2, size: 10 }).is_err());
    laws(&RetrieveResponse::Refused(Refusal::Token));
    let retrieved = Retrieved { snapshot: snapshot(5, [1; 32]), answer: vec![7; 100] };
    laws(&RetrieveResponse::Retrieved(Box::new(retrieved)));
    let token = tokens(DP, 1, 1).remove(0);
    laws(&p::RetrieveRequest { token: token.clone(), question: vec![9; 70] });
    let long = p::RetrieveRequest { token, question: vec![0; p::MAX_QUESTION + 1] };
    assert!(long.to_bytes().is_err());
}
