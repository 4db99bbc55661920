//! What decoding allocates: nothing when borrowing, and never more than the octets at hand can account for, whatever lengths they declare.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::alloc::System;

use mimi_content::{MimiContent, MimiContentRef, Salt};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// One test for all, because the counters are those of the whole process.
fn counted<T>(work: impl FnOnce() -> T) -> (T, Stats) {
    let region = Region::new(ALLOCATOR);
    let done = work();
    (done, region.change())
}

#[test]
fn borrowing_allocates_nothing_and_declared_lengths_allocate_nothing() {
    let text = MimiContent::text("x".repeat(200), Salt::new([7; 16])).build().encode();
    let (decoded, stats) = counted(|| MimiContentRef::decode(&text).map(|content| content.salt()));
    assert_eq!(decoded.unwrap(), Salt::new([7; 16]));
    assert_eq!((stats.allocations, stats.reallocations), (0, 0), "{stats:?}");

    // Owned: the fields are copied, so about the size of the message and not a multiple of it.
    let (decoded, stats) = counted(|| MimiContent::decode(&text));
    assert!(decoded.is_ok());
    assert!(stats.bytes_allocated <= 2 * text.len() + 256, "{stats:?} for {} octets", text.len());

    // Every octet replaced by heads that declare up to 2^64-1 octets, items or pairs.
    for place in 0..text.len() {
        for head in [0x5b, 0x7b, 0x9b, 0xbb, 0x5a, 0x9a, 0xba] {
            let mut hostile = text.get(..place).unwrap_or_default().to_vec();
            hostile.push(head);
            hostile.extend([0xff; 8]);
            hostile.extend_from_slice(text.get(place..).unwrap_or_default());
            let (decoded, stats) =
                counted(|| (MimiContentRef::decode(&hostile).is_err(), MimiContent::decode(&hostile).is_err()));
            // Inside the text any octets may stand that are UTF-8; these are not.
            assert_eq!(decoded, (true, true), "head {head:#x} at {place}");
            assert!(stats.bytes_allocated <= 2 * hostile.len() + 256, "{stats:?}, head {head:#x} at {place}");
        }
    }
}
