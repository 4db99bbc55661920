//! Medians of times.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The one in the middle.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The median of so many runs.
pub(crate) fn timed<T>(runs: usize, mut run: impl FnMut() -> T) -> Duration {
    let time = |_| {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed()
    };
    median((0..runs).map(time).collect())
}
