//! Replays the corpus of `fuzz/` on the stable toolchain, with prefixes and with octets changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::{fs, path::Path};

use proptest::prelude::*;

#[path = "../../../fuzz/laws/discovery.rs"]
mod discovery;

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/discovery");
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    files.iter().map(|path| (name(path), fs::read(path).unwrap())).collect()
}

#[test]
fn every_object_keeps_its_laws_on_the_corpus() {
    let mut accepted = BTreeSet::new();
    for (name, octets) in corpus() {
        for end in (0..octets.len()).take(512) {
            discovery::check(&octets[..end]);
        }
        let (choice, is_accepted) = discovery::check(&octets).unwrap();
        assert!(name.starts_with(choice), "{name} is tried as {choice}");
        if is_accepted {
            accepted.insert(choice);
        }
    }
    let all: BTreeSet<_> = discovery::CHOICES.iter().map(|(name, _)| *name).collect();
    assert_eq!(accepted, all, "the corpus has a value that is accepted for every choice");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_object_keeps_its_laws_on_spoilt_octets(
        file in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let corpus = corpus();
        let mut octets = file.get(&corpus).1.clone();
        for (place, octet) in edits {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        discovery::check(&octets);
    }

    #[test]
    fn every_object_keeps_its_laws_on_any_octets(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        discovery::check(&octets);
    }
}
