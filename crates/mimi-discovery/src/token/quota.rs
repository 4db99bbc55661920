//! How many tokens an account gets on a day (discovery profile 0 section 13; R8).
//!
//! The issuer does not see for which day a blinded token is made: an account may save what it gets today for tomorrow, and never gets more than the
//! quota of each day.

use super::{Day, MAX_BATCH};

/// How many tokens an account gets on a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// The most on one day.
    pub per_day: u32,
}

/// What an account has had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// On which day.
    pub day: Day,
    /// How many tokens on that day.
    pub used: u32,
}

/// Tokens that may be issued, once the usage is durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// How many; at least one, and at most as many as asked for.
    pub count: usize,
    /// What the account has had then.
    pub usage: Usage,
}

/// Why none is issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QuotaRefusal {
    /// The day's tokens are all issued.
    #[error("all {per_day} tokens of the day are issued")]
    Exhausted {
        /// How many that are.
        per_day: u32,
    },
    /// None was asked for.
    #[error("no token is asked for")]
    NoneAsked,
}

impl Quota {
    /// Decides on a request; `usage` is what the account had until now, the default for one that had none.
    ///
    /// # Errors
    /// None may be issued.
    // req: UD03-13-01, UD03-13-02, UD03-13-04
    pub fn grant(&self, usage: Usage, today: Day, asked: usize) -> Result<Grant, QuotaRefusal> {
        if asked == 0 {
            return Err(QuotaRefusal::NoneAsked);
        }
        // A clock that goes back gives nobody a second quota.
        let before = if usage.day >= today { usage } else { Usage { day: today, used: 0 } };
        let left = self.per_day.saturating_sub(before.used);
        let count = u32::try_from(asked.min(MAX_BATCH)).unwrap_or(u32::MAX).min(left);
        if count == 0 {
            return Err(QuotaRefusal::Exhausted { per_day: self.per_day });
        }
        let usage = Usage { used: before.used + count, ..before };
        Ok(Grant { count: count as usize, usage })
    }
}
