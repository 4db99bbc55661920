//! Taking tokens: is it genuine, for here and now, and was it taken before?

use std::collections::BTreeMap;

use mimi_arch::Domain;
use subtle::ConstantTimeEq as _;

use super::{Day, IssuingKey, Token, TokenChallenge};
use crate::entropy::prf;
use crate::profile::{CLOCK_SKEW, Moment, Seconds, Validity};

/// What a discovery provider takes tokens with: the keys that the messaging providers have given it.
#[derive(Clone, Debug)]
pub struct Redeemer {
    dp: Domain,
    keys: BTreeMap<[u8; 32], Held>,
}

/// A key of a messaging provider, and when tokens of it are taken.
#[derive(Clone, Debug)]
struct Held {
    msp: Domain,
    key: IssuingKey,
    validity: Validity,
}

/// Why a token is not taken. The asker learns only that it is not; nothing of it depends on what is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It names no key that is known here.
    #[error("the token is of an issuer that is not known here")]
    UnknownIssuer,
    /// The key that it names is not used yet, or not any more.
    #[error("tokens of the key are not taken at this time")]
    KeyNotNow,
    /// It is for another discovery provider, or another day.
    #[error("the token is for another provider or another day")]
    OtherChallenge,
    /// It was not made with the issuer's key.
    #[error("the token is not genuine")]
    Forged,
    /// It was taken before.
    #[error("the token was used before")]
    Spent,
}

/// By what a used token is remembered: it says nothing of whose it was.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Nullifier(pub [u8; 32]);

/// A genuine token. It counts when its nullifier was not there before: asking and writing down have to be one step, and durable before the
/// look-up is answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redeemed {
    /// By what it is remembered.
    pub nullifier: Nullifier,
    /// Who issued it.
    pub issuer: Domain,
    /// Of which day it is.
    pub day: Day,
    /// Until when the nullifier has to be kept; the token is refused afterwards for its age.
    pub keep_until: Seconds,
}

impl Redeemer {
    /// For a discovery provider.
    #[must_use]
    pub const fn new(dp: Domain) -> Self {
        Self { dp, keys: BTreeMap::new() }
    }

    /// Takes tokens of a messaging provider that are made with this key. It may have several, when it changes from one to the next.
    pub fn accept(&mut self, msp: Domain, key: IssuingKey) {
        self.accept_within(msp, key, Validity::ALWAYS);
    }

    /// The same for tokens that are shown within a time.
    pub fn accept_within(&mut self, msp: Domain, key: IssuingKey, validity: Validity) {
        self.keys.insert(key.public().id(), Held { msp, key, validity });
    }

    /// Takes no tokens of a messaging provider any more. Which were used stays remembered elsewhere.
    pub fn forget(&mut self, msp: &Domain) {
        self.keys.retain(|_, held| held.msp != *msp);
    }

    /// Checks a token, without remembering it.
    ///
    /// # Errors
    /// It is not genuine, or not for here and now.
    // req: UD03-13-01, UD03-13-02, UD03-13-05
    pub fn redeem(&self, token: &Token, now: Seconds) -> Result<Redeemed, TokenError> {
        let Held { msp, key, validity } = self.keys.get(&token.token_key_id).ok_or(TokenError::UnknownIssuer)?;
        if validity.at(now) != Moment::Within {
            return Err(TokenError::KeyNotNow);
        }
        let day = self.day(token, msp, now).ok_or(TokenError::OtherChallenge)?;
        let expected = key.authenticator(&token.input()).map_err(|_| TokenError::Forged)?;
        if !bool::from(expected.ct_eq(&token.authenticator)) {
            return Err(TokenError::Forged);
        }
        let nullifier = Nullifier(prf(&token.token_key_id, "Nullifier", &[&token.nonce]));
        Ok(Redeemed { nullifier, issuer: msp.clone(), day, keep_until: day.taken_until() })
    }

    /// Of which of the days that count now the token is.
    fn day(&self, token: &Token, msp: &Domain, now: Seconds) -> Option<Day> {
        let (first, last) = (Day::of(now.minus(CLOCK_SKEW)).0.saturating_sub(1), Day::of(now.plus(CLOCK_SKEW)).0);
        (first..=last).rev().map(Day).find(|day| {
            let digest = TokenChallenge::new(&self.dp, msp, *day).digest();
            digest.is_ok_and(|digest| digest == token.challenge_digest) && now <= day.taken_until()
        })
    }
}

/// The used tokens, in memory. A durable set keeps the same two columns and the same rule.
#[derive(Clone, Debug, Default)]
pub struct SpentTokens {
    until: BTreeMap<Nullifier, Seconds>,
}

impl SpentTokens {
    /// Remembers a token.
    ///
    /// # Errors
    /// It was used before.
    pub fn spend(&mut self, token: &Redeemed) -> Result<(), TokenError> {
        if self.until.contains_key(&token.nullifier) {
            return Err(TokenError::Spent);
        }
        self.until.insert(token.nullifier, token.keep_until);
        Ok(())
    }

    /// Forgets what is refused for its age anyhow.
    pub fn sweep(&mut self, now: Seconds) {
        self.until.retain(|_, until| *until >= now);
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }
}
