//! When to try again (draft-ietf-mimi-protocol-06 section 5.5: without a 201 the hub retries, following what the
//! other provider says in Retry-After).

use std::time::Duration;

/// Delay after the first failure.
pub const FIRST_DELAY: Duration = Duration::from_millis(250);
/// Longest delay, also for what a Retry-After asks for: a provider cannot stop the hub for hours by one header.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// Share of the delay that jitter may add.
const JITTER_SHARE: f64 = 0.25;

/// The time to wait before the next attempt.
///
/// `attempt` counts the failures so far beginning with 0 for the first one: 250 ms, then twice as long each time up to
/// [`LONGEST_DELAY`]. `retry_after` is a minimum, itself capped at [`LONGEST_DELAY`]. `jitter`, in 0..=1 and drawn by the
/// caller, adds up to a quarter of the delay, so that many lanes do not wake at once; it never shortens the wait.
// req: MP06-5.5-25
// req: MP06-5.5-26
pub fn next_delay(attempt: u32, retry_after: Option<Duration>, jitter: f64) -> Duration {
    let doubled = 1u32
        .checked_shl(attempt)
        .and_then(|factor| FIRST_DELAY.checked_mul(factor))
        .unwrap_or(LONGEST_DELAY)
        .min(LONGEST_DELAY);
    let minimum = retry_after.unwrap_or(Duration::ZERO).min(LONGEST_DELAY);
    let base = doubled.max(minimum);
    let jitter = if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.0 };
    base + base.mul_f64(JITTER_SHARE * jitter)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_delay_doubles_from_250_ms_and_stops_at_60_s() {
        let plain: Vec<u128> = (0..10).map(|n| next_delay(n, None, 0.0).as_millis()).collect();
        assert_eq!(plain, [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]);
        assert_eq!(next_delay(u32::MAX, None, 0.0), LONGEST_DELAY);
    }

    #[test]
    fn retry_after_is_a_minimum_and_is_capped() {
        assert_eq!(next_delay(0, Some(Duration::from_secs(5)), 0.0), Duration::from_secs(5));
        assert_eq!(next_delay(6, Some(Duration::from_secs(1)), 0.0), Duration::from_secs(16));
        assert_eq!(next_delay(0, Some(Duration::from_secs(86_400)), 0.0), LONGEST_DELAY);
    }

    #[test]
    fn jitter_only_lengthens_and_nonsense_is_no_jitter() {
        assert_eq!(next_delay(2, None, 1.0), Duration::from_millis(1250));
        assert_eq!(next_delay(2, None, f64::NAN), Duration::from_secs(1));
        assert_eq!(next_delay(2, None, -3.0), Duration::from_secs(1));
        assert_eq!(next_delay(2, None, 9.0), Duration::from_millis(1250));
    }
}
