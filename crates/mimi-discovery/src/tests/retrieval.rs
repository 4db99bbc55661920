//! Mode P.
use super::buckets::{build, located, maker, parameters, records, snapshot, store};
use super::lookups::{bucket_key, known};
use super::*;
use crate::answer::Finding;
use crate::lookup::b::{BucketParameters, FindError};
use crate::lookup::p::{Item, PirBackend, PirError, Shape, Spiral};
use mimi_arch::codec::Wire;

/// All buckets of a store, as the provider serves them, and the snapshot.
fn items(of_number: Vec<Record>) -> (Vec<u8>, Shape, crate::snapshot::Snapshot) {
    let shape = Shape::of(&parameters());
    let buckets = build(&maker(5), &store(of_number));
    let snapshot = snapshot(5, buckets.root());
    let item = |index| {
        let proven = buckets.prove(index, &snapshot).unwrap();
        Item { bucket: proven.bucket, inclusion: proven.inclusion }.to_padded(&shape).unwrap()
    };
    ((0..shape.items()).flat_map(item).collect(), shape, snapshot)
}

#[test]
fn r6_mode_p_finds_what_mode_b_finds_and_the_provider_sees_no_bucket() {
    // req: UD03-11-01
    let two = records(&number(), &[("", "b.example"), ("home", "c.example")]);
    let (octets, shape, snapshot) = items(two);
    let spiral = Spiral::new(shape).unwrap();
    let server = spiral.server(&octets).unwrap();
    let (client, keys) = spiral.client().unwrap();
    let provider = known(Some(parameters())).provider(0);
    let mut sizes = std::collections::BTreeSet::new();
    for (csi, finding) in [
        (number(), Finding::SeveralMappings),
        (Csi::parse("+12125550003").unwrap(), Finding::One),
        (Csi::parse("nobody@a.example").unwrap(), Finding::NoMapping),
    ] {
        let located = located(&csi);
        let query = spiral.query(&client, located.bucket()).unwrap();
        let answer = spiral.answer(&server, &keys, &query).unwrap();
        sizes.insert((query.len(), answer.len()));
        let proven = Item::from_padded(&spiral.decode(&client, &answer).unwrap(), snapshot.clone()).unwrap();
        assert_eq!(located.find(proven, &provider, &anchors(), NOW).unwrap().finding(), finding);
        assert_ne!(query, spiral.query(&client, located.bucket()).unwrap(), "no two queries are the same");
    }
    assert_eq!(sizes.len(), 1, "{sizes:?}");
}

#[test]
fn a_provider_that_computes_over_other_buckets_is_found_out() {
    let (mut octets, shape, snapshot) = items(records(&number(), &[("", "b.example")]));
    let spiral = Spiral::new(shape).unwrap();
    let located = located(&number());
    // One octet of a row in the bucket.
    octets[located.bucket() as usize * shape.size + 6 + 100] ^= 1;
    let server = spiral.server(&octets).unwrap();
    let (client, keys) = spiral.client().unwrap();
    let query = spiral.query(&client, located.bucket()).unwrap();
    let answer = spiral.answer(&server, &keys, &query).unwrap();
    let proven = Item::from_padded(&spiral.decode(&client, &answer).unwrap(), snapshot).unwrap();
    let provider = known(Some(parameters())).provider(0);
    assert_eq!(located.find(proven, &provider, &anchors(), NOW).unwrap_err(), FindError::NotIncluded);
}

#[test]
fn malformed_keys_queries_answers_and_items_are_refused() {
    let (octets, shape, _) = items(vec![]);
    let spiral = Spiral::new(shape).unwrap();
    let server = spiral.server(&octets).unwrap();
    let (client, keys) = spiral.client().unwrap();
    let query = spiral.query(&client, 0).unwrap();
    let malformed = |part| PirError::Malformed { part };
    assert_eq!(spiral.answer(&server, &keys[1..], &query), Err(malformed("key")));
    assert_eq!(spiral.answer(&server, &keys, &[]), Err(malformed("query")));
    let large = [query.as_slice(), &[0; 8]].concat();
    assert_eq!(spiral.answer(&server, &keys, &large), Err(malformed("query")));
    let mut unreduced = query;
    unreduced[32..40].copy_from_slice(&[0xff; 8]);
    assert_eq!(spiral.answer(&server, &keys, &unreduced), Err(malformed("query")));
    assert_eq!(spiral.decode(&client, &[0; 64]), Err(malformed("answer")));
    assert_eq!(spiral.query(&client, 4), Err(PirError::NoItem { index: 4 }));
    assert!(matches!(spiral.server(&octets[1..]), Err(PirError::Items { .. })));
    for shape in [Shape { bits: 16, ..shape }, Shape { size: 0, ..shape }, Shape { size: (1 << 20) + 1, ..shape }] {
        assert!(matches!(Spiral::new(shape), Err(PirError::Shape { .. })));
    }
}

#[test]
fn items_keep_the_laws() {
    let secret = bucket_key().secret_of(&number()).unwrap();
    let small = crate::lookup::b::Maker { parameters: BucketParameters { rows: 1, ..parameters() }, ..maker(5) };
    let bucket = small.bucket(secret.bucket(&small.parameters), []).unwrap();
    let item = Item { bucket, inclusion: vec![[3; 32]; 2] };
    let octets = item.to_bytes().unwrap();
    assert_eq!(octets.len(), Shape::of(&small.parameters).size);
    assert_eq!(Item::from_bytes(&octets).unwrap(), item);
    assert!(item.to_padded(&Shape { bits: 2, size: 10 }).is_err());
}
