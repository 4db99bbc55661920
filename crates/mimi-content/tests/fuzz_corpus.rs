//! Replays the corpus of `fuzz/` on the stable toolchain: whatever fuzzing once found interesting keeps the laws.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, path::Path};

#[path = "../../../fuzz/laws/decode.rs"]
mod decode;
#[path = "../../../fuzz/laws/timeline.rs"]
mod timeline;

/// Gives every file of a corpus to `law`, and each of its prefixes too, which a fuzzer would come to next.
fn replay(target: &str, law: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let octets = fs::read(entry.unwrap().path()).unwrap();
        for end in 0..=octets.len().min(512) {
            law(&octets[..end]);
        }
        law(&octets);
        files += 1;
    }
    assert!(files > 0, "{} is empty", folder.display());
}

#[test]
fn most_of_the_decoder_s_corpus_is_messages() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/decode");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    let messages = files.iter().filter(|octets| mimi_content::MimiContent::decode(octets).is_ok()).count();
    assert!(messages * 2 > files.len(), "{messages} of {}", files.len());
}

#[test]
fn the_decoder_keeps_its_laws_on_the_corpus() {
    replay("decode", decode::check);
}

#[test]
fn the_timeline_keeps_its_laws_on_the_corpus() {
    replay("timeline", timeline::check);
}
