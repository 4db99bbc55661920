use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::csi::CsiKey;
use crate::snapshot::{Digest32, Place, Proof, ProofError, Tree, TreeSecret};
use mimi_arch::testing::laws;
use sha2::{Digest as _, Sha256};

fn secret() -> TreeSecret {
    TreeSecret::new([0x5e; 32])
}

fn key(number: u32) -> CsiKey {
    CsiKey(Sha256::digest(number.to_be_bytes()).into())
}

fn content(number: u32) -> Digest32 {
    Sha256::digest([b"content".as_slice(), &number.to_be_bytes()].concat()).into()
}

fn tree(numbers: impl IntoIterator<Item = u32>) -> Tree {
    Tree::new(secret(), numbers.into_iter().map(|n| (key(n), content(n))))
}

#[test]
fn presence_and_absence_are_proven_in_trees_of_all_sizes() {
    for size in [0, 1, 2, 3, 7, 8, 9, 31, 64, 257, 1000] {
        let tree = tree(0..size);
        assert_eq!(tree.len(), size as usize);
        for number in 0..size.min(100) {
            let proof = tree.prove(&key(number));
            assert_eq!(proof.verify(&tree.root(), &key(number), Some(&content(number))), Ok(()), "{number} of {size}");
            let contradicted = proof.verify(&tree.root(), &key(number), None);
            assert_eq!(contradicted, Err(ProofError::Contradiction), "what is there cannot be denied");
            let other = proof.verify(&tree.root(), &key(number), Some(&content(number + 1)));
            assert_eq!(other, Err(ProofError::OtherRoot), "nothing else can be shown");
        }
        for number in 10_000..10_050 {
            let proof = tree.prove(&key(number));
            assert_eq!(proof.verify(&tree.root(), &key(number), None), Ok(()), "{number} of {size}");
            assert!(proof.verify(&tree.root(), &key(number), Some(&content(number))).is_err());
        }
    }
}

#[test]
fn the_proof_of_one_identifier_is_none_of_another() {
    let tree = tree(0..100);
    for number in 1..100 {
        let proof = tree.prove(&key(0));
        assert!(proof.verify(&tree.root(), &key(number), Some(&content(0))).is_err());
    }
    let absent = tree.prove(&key(500));
    assert!((0..100).all(|number| absent.verify(&tree.root(), &key(number), None).is_err()));
}

#[test]
fn every_changed_octet_of_a_proof_is_noticed() {
    use mimi_arch::codec::Wire;
    let tree = tree(0..50);
    for (number, content) in [(7, Some(content(7))), (700, None)] {
        let bytes = tree.prove(&key(number)).to_bytes().unwrap();
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            if let Ok(proof) = Proof::from_bytes(&changed) {
                assert!(proof.verify(&tree.root(), &key(number), content.as_ref()).is_err(), "octet {place}");
            }
        }
    }
}

#[test]
fn proofs_keep_the_laws() {
    let tree = tree(0..20);
    laws(&tree.prove(&key(3)));
    laws(&tree.prove(&key(333)));
    laws(&Proof { place: Place::Other { key: key(1), content: content(1), salt: [7; 16] }, siblings: vec![[1; 32]] });
}

#[test]
fn another_identifier_is_rarely_shown_and_never_taken_for_the_one_asked_for() {
    let tree = tree(0..2000);
    let shown =
        (100_000..110_000_u32).filter(|number| matches!(tree.prove(&key(*number)).place, Place::Other { .. })).count();
    assert!(shown < 20, "{shown} of 10,000, expected are 2");
    // Two keys that share their first 40 bits: the absence of one is proven by the presence of the other.
    let (mut one, mut two) = (key(1), key(1));
    one.0[5] = 0x00;
    two.0[5] = 0xff;
    let tree = Tree::new(secret(), [(one, content(1))]);
    let proof = tree.prove(&two);
    assert!(matches!(proof.place, Place::Other { .. }));
    assert_eq!(proof.verify(&tree.root(), &two, None), Ok(()));
    let Place::Other { content, salt, .. } = proof.place else { panic!("other") };
    let itself = Proof { place: Place::Other { key: one, content, salt }, siblings: proof.siblings };
    assert_eq!(itself.verify(&tree.root(), &one, None), Err(ProofError::NotElsewhere), "forged absence");
}

#[test]
fn hashes_beside_a_path_depend_on_the_secret() {
    let (one, other) = (tree(0..50), Tree::new(TreeSecret::new([1; 32]), (0..50).map(|n| (key(n), content(n)))));
    assert_ne!(one.root(), other.root());
    let shared = one.prove(&key(3)).siblings.iter().filter(|hash| other.prove(&key(3)).siblings.contains(hash)).count();
    assert_eq!(shared, 0);
}

#[test]
fn a_tree_that_changes_equals_one_built_anew() {
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config::with_cases(60));
    let edits = proptest::collection::vec((0..80_u32, proptest::option::of(0..3_u32)), 1..120);
    runner
        .run(&edits, |edits| {
            let mut grown = tree([]);
            let mut expected = BTreeMap::new();
            for (number, value) in &edits {
                grown.set(key(*number), value.map(content));
                match value {
                    Some(value) => expected.insert(key(*number), content(*value)),
                    None => expected.remove(&key(*number)),
                };
            }
            prop_assert_eq!(grown.len(), expected.len());
            for number in 0..90 {
                let known = expected.get(&key(number));
                prop_assert_eq!(grown.content(&key(number)), known);
                prop_assert_eq!(grown.prove(&key(number)).verify(&grown.root(), &key(number), known), Ok(()));
            }
            Ok(())
        })
        .unwrap();
}
