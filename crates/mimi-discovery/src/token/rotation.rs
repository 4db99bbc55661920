//! Changing from one issuing key to the next (discovery profile 0 section 13).
//!
//! A provider numbers its issuing keys and says from which day one is used. The key before it issues until then, and tokens of it are taken until the last
//! of them has ended anyhow, so that nobody loses one. Both are known to discovery providers, and listed in their configurations, before the day comes. A
//! change without a day is for a key that has leaked: tokens of the one before are not taken any more.

use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};

use super::{Day, IssueError, IssuingKey, TokenRequest, TokenResponse};
use crate::entropy::Seed;
use crate::oprf::OprfError;
use crate::profile::{Moment, Seconds, Validity};

/// For how long the key before still issues, in seconds, to askers who have an older configuration.
const GRACE: u64 = 3600;

rules! {
    ISSUING_KEYS_COUNT = "there are not 1 or 2 issuing keys", "discovery profile 0 section 13";
    ISSUING_KEYS_NOT_SORTED = "issuing keys are not in the order in which they begin", "discovery profile 0 section 13";
    ISSUING_KEY_INVALID = "an issuing key is no scalar of ristretto255 other than 0", "discovery profile 0 section 13";
}

/// Which issuing key is used, and since when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeySchedule {
    number: u32,
    since: Option<Day>,
}

impl Default for KeySchedule {
    /// The first key, for ever.
    fn default() -> Self {
        Self { number: 1, since: None }
    }
}

/// A schedule that there is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// Keys are counted from 1.
    #[error("issuing keys are numbered from 1")]
    NumberZero,
    /// The first key has none before it.
    #[error("the first issuing key has none before it, from which a day could be the end")]
    FirstWithDay,
}

impl KeySchedule {
    /// The key with this number from this day on, and the one before it until then; without a day, the key with this number alone.
    ///
    /// # Errors
    /// The number is 0, or the first key has a day.
    pub const fn new(number: u32, since: Option<Day>) -> Result<Self, ScheduleError> {
        match (number, since) {
            (0, _) => Err(ScheduleError::NumberZero),
            (1, Some(_)) => Err(ScheduleError::FirstWithDay),
            _ => Ok(Self { number, since }),
        }
    }

    /// The numbers of the keys with the times in which tokens of them are taken, in the order in which they begin.
    #[must_use]
    pub fn keys(&self) -> Vec<(u32, Validity)> {
        let Some(day) = self.since else { return vec![(self.number, Validity::ALWAYS)] };
        // The last token of the key before is of the day before.
        let before = Validity { not_after: Day(day.0.saturating_sub(1)).taken_until(), ..Validity::ALWAYS };
        let now = Validity { not_before: day.begins(), ..Validity::ALWAYS };
        vec![(self.number.saturating_sub(1), before), (self.number, now)]
    }
}

/// An issuing key with the time in which tokens of it are taken.
#[derive(Clone, Debug)]
pub struct TimedKey {
    /// The key.
    pub key: IssuingKey,
    /// When tokens of it are taken.
    pub validity: Validity,
}

impl Wire for TimedKey {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let key = IssuingKey::from_bytes(&r.array()?).map_err(|_| start.error(&ISSUING_KEY_INVALID))?;
        Ok(Self { key, validity: Validity::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.key.to_bytes());
        self.validity.encode(out)
    }
}

/// A provider's keys for tokens of one discovery provider, as it hands them to that one: secret.
#[derive(Clone, Debug)]
pub struct IssuingKeys(Vec<TimedKey>);

impl IssuingKeys {
    /// Derives the keys of a schedule from the provider's secret.
    ///
    /// # Errors
    /// Never for practical purposes: RFC 9497 section 3.2.1 allows the derivation to fail.
    pub fn derive(secret: &[u8; 32], msp: &Domain, dp: &Domain, schedule: KeySchedule) -> Result<Self, OprfError> {
        let keys = schedule.keys().into_iter().map(|(number, validity)| {
            Ok(TimedKey { key: IssuingKey::derive_numbered(secret, msp, dp, number)?, validity })
        });
        keys.collect::<Result<_, OprfError>>().map(Self)
    }

    /// The keys, in the order in which they begin.
    #[must_use]
    pub fn keys(&self) -> &[TimedKey] {
        &self.0
    }

    /// Signs a batch unseen, with the key for which it is asked: the one of now, or for a little while after the change the one before.
    ///
    /// # Errors
    /// The request is for another key, or malformed.
    pub fn issue(&self, request: &TokenRequest, now: Seconds, seed: &Seed) -> Result<TokenResponse, IssueError> {
        for (index, TimedKey { key, validity }) in self.0.iter().enumerate().rev() {
            let next = self.0.get(index + 1).map(|next| next.validity.not_before.plus(GRACE));
            let issues = validity.at(now) == Moment::Within && next.is_none_or(|next| now < next);
            if issues && key.public().truncated_id() == request.truncated_token_key_id {
                return key.issue(request, seed);
            }
        }
        Err(IssueError::OtherKey)
    }

    fn check(keys: &[TimedKey]) -> Result<(), &'static codec::Rule> {
        if !(1..=2).contains(&keys.len()) {
            return Err(&ISSUING_KEYS_COUNT);
        }
        let sorted = keys.is_sorted_by(|before, after| before.validity.not_before < after.validity.not_before);
        if sorted { Ok(()) } else { Err(&ISSUING_KEYS_NOT_SORTED) }
    }
}

impl Wire for IssuingKeys {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let keys: Vec<TimedKey> = r.list()?;
        Self::check(&keys).map_err(|rule| start.error(rule))?;
        Ok(Self(keys))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Self::check(&self.0).map_err(EncodeError::new)?;
        codec::put_list(out, &self.0)
    }
}
