//! Replays the corpus of `fuzz/` on the stable toolchain, with each prefix and with octets changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, path::Path};

use mimi_room_policy::policy::POLICY_COMPONENTS;
use proptest::prelude::*;

#[path = "../../../fuzz/laws/policy.rs"]
mod policy;

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/policy");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

// req: RP03-3-16, RP03-4-13
#[test]
fn the_components_keep_their_laws_on_the_corpus() {
    let corpus = corpus();
    for octets in &corpus {
        for end in 0..=octets.len().min(512) {
            policy::check(&octets[..end]);
        }
        policy::check(octets);
    }
    for place in 0..=POLICY_COMPONENTS.len() {
        let has = corpus.iter().any(|octets| octets.first().is_some_and(|first| usize::from(*first) == place));
        assert!(has, "the corpus has nothing for choice {place}");
    }
}

// req: RP03-10.1-01
#[test]
fn the_places_of_the_corpus_are_those_of_the_registry() {
    let names: Vec<_> = POLICY_COMPONENTS.iter().map(|(id, _)| id.0).collect();
    assert_eq!(names, (0x0024..=0x0030).collect::<Vec<u16>>());
}

proptest! {
    #[test]
    fn the_components_keep_their_laws_on_spoilt_octets(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let corpus = corpus();
        let mut octets = file.get(&corpus).clone();
        for (place, octet) in edits {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        policy::check(&octets);
    }

    #[test]
    fn the_components_keep_their_laws_on_any_octets(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        policy::check(&octets);
    }
}
