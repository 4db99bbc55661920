//! Replays the corpora of `fuzz/` on the stable toolchain, as they are, cut short and changed at random.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, path::Path};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[path = "../../../fuzz/laws/directory.rs"]
mod directory;
#[cfg(feature = "server")]
#[path = "../../../fuzz/laws/http.rs"]
mod http;
#[path = "../../../fuzz/laws/protocol.rs"]
mod protocol;
#[path = "../../../fuzz/laws/types.rs"]
mod types;
#[path = "../../../fuzz/laws/uris.rs"]
mod uris;

/// The files of a corpus by their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

/// Gives `law` every seed, its beginnings, and what random edits make of it; those with more seeds of another spliced in.
fn replay(target: &str, law: impl Fn(&[u8])) {
    let seeds: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, octets)| octets).collect();
    for seed in &seeds {
        for end in 0..=seed.len().min(512) {
            law(&seed[..end]);
        }
        law(seed);
    }
    let edits = vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let (one, other) = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let cuts = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(4096) })
        .run(&(one, other, edits, cuts, any::<bool>()), |(one, other, edits, (cut, from), splice)| {
            let mut octets = one.get(&seeds).clone();
            if splice {
                let other = other.get(&seeds);
                octets.truncate(cut.index(octets.len() + 1));
                octets.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
            let length = octets.len();
            for (place, octet) in edits.iter().filter(|_| length > 0) {
                octets[place.index(length)] = *octet;
            }
            law(&octets);
            Ok(())
        })
        .unwrap();
}

#[test]
fn every_type_has_a_seed_that_is_a_value_of_it() {
    let seeds = corpus("protocol");
    for (name, octets) in &seeds {
        let (found, is_value) = protocol::check(octets).unwrap();
        assert_eq!((found, is_value), (name.rsplit_once('-').unwrap().0, true), "{name}");
    }
    for known in types::TYPES {
        assert!(seeds.iter().any(|(name, _)| name.rsplit_once('-').unwrap().0 == *known), "no seed of {known}");
    }
}

#[test]
fn the_types_of_the_protocol_keep_their_laws() {
    replay("protocol", |octets| {
        protocol::check(octets);
    });
}

#[test]
fn identifiers_urls_and_header_fields_keep_their_laws() {
    replay("uris", uris::check);
}

#[test]
fn directories_keep_their_laws() {
    assert!(corpus("directory").iter().any(|(_, octets)| directory::check(octets)));
    replay("directory", |octets| {
        directory::check(octets);
    });
}

#[cfg(feature = "server")]
#[test]
fn requests_keep_their_laws() {
    let seeds = corpus("http");
    assert!(seeds.iter().all(|(_, octets)| http::check(octets).is_some()), "every seed is HTTP");
    assert!(seeds.iter().filter(|(_, octets)| http::check(octets) == Some(true)).count() > 5);
    replay("http", |octets| {
        http::check(octets);
    });
}
