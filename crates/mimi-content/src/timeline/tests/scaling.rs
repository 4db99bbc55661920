//! The cost of one insertion grows with the logarithm of what is kept.

extern crate std;

use alloc::format;
use std::{eprintln, time::Instant};

use super::*;

/// Nanoseconds for each of `count` insertions in an order that is neither ascending nor descending; every tenth is an edit.
fn nanoseconds_per_insertion(count: u32) -> f64 {
    let messages: Vec<Received> = (0..count)
        .map(|number| {
            // A bijection on 32 bits scatters the IDs, as hashes would.
            let scattered = |number: u32| number.wrapping_mul(2_654_435_761);
            let id = |number| {
                let mut octets = [0; 32];
                octets[..4].copy_from_slice(&u32::to_be_bytes(scattered(number)));
                MessageId::from_bytes(octets)
            };
            let content = MimiContent::text(format!("message {number}"), salt());
            let content = if number % 10 == 9 { content.edit(id(number / 10 * 10)) } else { content };
            let accepted = Timestamp(u64::from(scattered(number ^ 0x5555)));
            Received { id: id(number), sender: ALICE.into(), accepted, content: content.build() }
        })
        .collect();
    let mut timeline = Timeline::new();
    let start = Instant::now();
    for received in messages {
        timeline.insert(received);
    }
    let taken = start.elapsed();
    assert_eq!(timeline.len(), (count - count / 10) as usize);
    taken.as_nanos() as f64 / f64::from(count)
}

#[test]
fn a_hundred_times_the_messages_do_not_make_an_insertion_slow() {
    let best = |count, runs| (0..runs).map(|_| nanoseconds_per_insertion(count)).fold(f64::INFINITY, f64::min);
    let (few, many) = (best(1_000, 20), best(100_000, 2));
    let ratio = many / few;
    eprintln!("one insertion: {few:.0} ns among 1,000, {many:.0} ns among 100,000, ratio {ratio:.1}");
    // The logarithm grows by 1.7; caches, which 100,000 messages leave, do the rest. Linear cost would give 100.
    assert!(ratio < 20.0, "{ratio}");
    assert!(many < 1_000_000.0, "{many}");
}
