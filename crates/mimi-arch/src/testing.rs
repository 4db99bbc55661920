//! The laws every [`Wire`] type keeps, for tests (feature `testing`). All of it panics when a law is broken.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::missing_panics_doc)]

use std::fmt::Debug;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, TestRunner};

use crate::codec::{Rule, TRAILING, Wire};

/// Checks everything that holds for every type, starting from one value, and gives its encoding: `decode(encode(x)) == x`,
/// `encode(decode(b)) == b` for every accepted `b`, and that no truncated, extended, mutated or random input makes the reader panic.
pub fn laws<T: Wire + PartialEq + Debug>(value: &T) -> Vec<u8> {
    let bytes = value.to_bytes().unwrap();
    assert_eq!(&T::from_bytes(&bytes).unwrap(), value, "decode(encode(x)) == x");
    for end in 0..bytes.len() {
        let error = T::from_bytes(&bytes[..end]).expect_err("a truncated value is refused");
        assert!(error.offset() <= end);
    }
    let mut longer = bytes.clone();
    longer.push(0);
    let error = T::from_bytes(&longer).expect_err("a trailing octet is refused");
    assert_eq!((error.offset(), error.rule()), (bytes.len(), &TRAILING));
    for place in 0..bytes.len() {
        // A claim of 2^30-1 octets with 20 at hand.
        let claim = [&bytes[..place], &[0xbf, 0xff, 0xff, 0xff], &[0; 20]].concat();
        accepted_is_canonical::<T>(&claim);
        for octet in [0, 1, 2, 3, 0x3f, 0x40, 0x80, 0xbf, 0xc0, 0xff, bytes[place] ^ 1, bytes[place] ^ 0x80] {
            let mut mutated = bytes.clone();
            mutated[place] = octet;
            accepted_is_canonical::<T>(&mutated);
        }
        let mut shorter = bytes.clone();
        shorter.remove(place);
        accepted_is_canonical::<T>(&shorter);
    }
    let edits = vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8);
    TestRunner::new(Config::with_cases(64))
        .run(&(edits, vec(any::<u8>(), 0..64)), |(edits, random)| {
            accepted_is_canonical::<T>(&random);
            let mut mutated = bytes.clone();
            for (place, octet) in edits.iter().filter(|_| !bytes.is_empty()) {
                mutated[place.index(bytes.len())] = *octet;
            }
            accepted_is_canonical::<T>(&mutated);
            mutated.splice(bytes.len() / 2.., random);
            accepted_is_canonical::<T>(&mutated);
            Ok(())
        })
        .unwrap();
    bytes
}

fn accepted_is_canonical<T: Wire>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes().unwrap(), bytes, "encode(decode(b)) == b");
    }
}

/// Checks that `bytes` are refused at this offset for breaking this rule.
pub fn refused<T: Wire + Debug>(bytes: &[u8], offset: usize, rule: &'static Rule) {
    let error = T::from_bytes(bytes).expect_err("refused");
    assert_eq!((error.offset(), error.rule().text()), (offset, rule.text()));
}

/// Checks that `value` is not written for breaking this rule.
pub fn not_written<T: Wire>(value: &T, rule: &'static Rule) {
    assert_eq!(value.to_bytes().expect_err("not written").rule().text(), rule.text());
}

/// Where `part` starts in `whole`.
pub fn position(whole: &[u8], part: &[u8]) -> usize {
    whole.windows(part.len()).position(|window| window == part).expect("part is there")
}

/// Any short octets; for property tests of their own.
pub fn octets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..32)
}
