//! Single-use tokens that cannot be linked to who got them (discovery profile 0 section 13; R8).
//!
//! Privacy Pass (RFC 9576, RFC 9577, RFC 9578) with the privately verifiable tokens over ristretto255 that
//! draft-ietf-privacypass-batched-tokens defines: a batch has one proof. The issuer is the asker's own messaging provider, which knows the account and
//! counts ([`quota`]). It has one issuing key for each discovery provider and hands it to that provider over mutual TLS: for one key,
//! issuer and origin are joint (RFC 9576 section 4.3). That does not show who redeems: what the issuer saw was blinded, so even who knows the key, and
//! has kept everything that was issued, cannot tell which of the tokens issued under that key this one is.
//!
//! A token is bound to the discovery provider, the issuer and a day: the askers among whom one hides are all accounts of that provider with tokens of
//! that day. A token of one discovery provider is worth nothing at another, as key and challenge differ.

mod issue;
pub mod quota;
mod redeem;
mod rotation;

use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest as _, Sha256};

use crate::entropy::prf;
use crate::oprf::Element;
use crate::profile::{CLOCK_SKEW, Seconds};

pub use issue::{IssueError, IssuerKey, IssuingKey, PendingTokens};
pub use redeem::{Nullifier, Redeemed, Redeemer, SpentTokens, TokenError};
pub use rotation::{IssuingKeys, KeySchedule, ScheduleError, TimedKey};

rules! {
    TOKEN_TYPE_UNKNOWN = "a token is not of type 5, VOPRF over ristretto255 with SHA-512", "draft-ietf-privacypass-batched-tokens-04 section 5";
    BATCH_EMPTY = "a batch of tokens is empty", "discovery profile 0 section 13";
    BATCH_TOO_LONG = "a batch has more than 100 tokens", "discovery profile 0 section 13";
    CHALLENGE_LENGTH = "a part of a token challenge is empty or too long", "RFC 9577 section 2.1";
}

/// The type of all tokens of the profile: VOPRF over ristretto255 with SHA-512, privately verifiable.
pub const TOKEN_TYPE: u16 = 5;
/// The most tokens that are issued at once.
pub const MAX_BATCH: usize = 100;
/// The size of a token, in octets.
pub const TOKEN_SIZE: usize = 2 + 3 * 32 + 64;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// A day: how many there were since the Unix epoch (UTC).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Day(pub u64);

impl Day {
    /// The day of a time.
    #[must_use]
    pub const fn of(time: Seconds) -> Self {
        Self(time.0 / DAY)
    }

    /// Its first second.
    #[must_use]
    pub const fn begins(self) -> Seconds {
        Seconds(self.0.saturating_mul(DAY))
    }

    /// The last second at which a token of it is taken: it may be used on its day and the next.
    #[must_use]
    pub const fn taken_until(self) -> Seconds {
        Seconds(self.0.saturating_add(2).saturating_mul(DAY)).plus(CLOCK_SKEW - 1)
    }
}

/// For what a token is good (RFC 9577 section 2.1). Both sides make it from what they know; only its digest is in the token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenChallenge {
    issuer_name: Vec<u8>,
    redemption_context: Vec<u8>,
    origin_info: Vec<u8>,
}

impl TokenChallenge {
    /// For look-ups at a discovery provider with tokens of a messaging provider and a day.
    #[must_use]
    pub fn new(dp: &Domain, msp: &Domain, day: Day) -> Self {
        // Not secret: 32 octets that differ for each day and are used by this profile alone.
        let context = prf(&[0; 32], "TokenChallenge", &[&day.0.to_be_bytes()]);
        Self {
            issuer_name: msp.as_str().as_bytes().to_vec(),
            redemption_context: context.to_vec(),
            origin_info: dp.as_str().as_bytes().to_vec(),
        }
    }

    /// The name of the issuer; of the profile's own challenges, the domain of a messaging provider.
    #[must_use]
    pub fn issuer_name(&self) -> &[u8] {
        &self.issuer_name
    }

    /// What binds tokens to a time; of the profile's own challenges, octets made from the day. May be empty.
    #[must_use]
    pub fn redemption_context(&self) -> &[u8] {
        &self.redemption_context
    }

    /// Where tokens are taken; of the profile's own challenges, the domain of a discovery provider.
    #[must_use]
    pub fn origin_info(&self) -> &[u8] {
        &self.origin_info
    }

    /// SHA-256 of the encoding, as tokens have it.
    ///
    /// # Errors
    /// When a part is too long.
    pub fn digest(&self) -> Result<[u8; 32], EncodeError> {
        Ok(Sha256::digest(self.to_bytes()?).into())
    }
}

impl Wire for TokenChallenge {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        token_type(r)?;
        let start = r.clone();
        let issuer_length = usize::from(r.u16()?);
        if issuer_length == 0 {
            return Err(start.error(&CHALLENGE_LENGTH));
        }
        let issuer_name = r.take(issuer_length)?.to_vec();
        let start = r.clone();
        let context_length = usize::from(r.u8()?);
        if context_length != 0 && context_length != 32 {
            return Err(start.error(&CHALLENGE_LENGTH));
        }
        let redemption_context = r.take(context_length)?.to_vec();
        let origin_length = usize::from(r.u16()?);
        let origin_info = r.take(origin_length)?.to_vec();
        Ok(Self { issuer_name, redemption_context, origin_info })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let wrong = || EncodeError::new(&CHALLENGE_LENGTH);
        let length = |part: &[u8]| u16::try_from(part.len()).map_err(|_| wrong());
        if self.issuer_name.is_empty() || !matches!(self.redemption_context.len(), 0 | 32) {
            return Err(wrong());
        }
        TOKEN_TYPE.encode(out)?;
        length(&self.issuer_name)?.encode(out)?;
        out.extend_from_slice(&self.issuer_name);
        out.push(if self.redemption_context.is_empty() { 0 } else { 32 });
        out.extend_from_slice(&self.redemption_context);
        length(&self.origin_info)?.encode(out)?;
        out.extend_from_slice(&self.origin_info);
        Ok(())
    }
}

fn token_type(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = r.clone();
    if r.u16()? == TOKEN_TYPE { Ok(()) } else { Err(start.error(&TOKEN_TYPE_UNKNOWN)) }
}

/// A token (RFC 9577 section 2.2), not verified: see [`Redeemer::redeem`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Token {
    pub(crate) nonce: [u8; 32],
    pub(crate) challenge_digest: [u8; 32],
    pub(crate) token_key_id: [u8; 32],
    pub(crate) authenticator: [u8; 64],
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What the authenticator is over: the token without it.
fn token_input(nonce: &[u8; 32], challenge_digest: &[u8; 32], token_key_id: &[u8; 32]) -> Vec<u8> {
    [TOKEN_TYPE.to_be_bytes().as_slice(), nonce, challenge_digest, token_key_id].concat()
}

impl Token {
    /// The octets that make it another one than all others.
    #[must_use]
    pub const fn nonce(&self) -> &[u8; 32] {
        &self.nonce
    }

    /// The digest of the challenge that it is for ([`TokenChallenge::digest`]).
    #[must_use]
    pub const fn challenge_digest(&self) -> &[u8; 32] {
        &self.challenge_digest
    }

    /// The key that it claims to be made with ([`IssuerKey::id`]).
    #[must_use]
    pub const fn token_key_id(&self) -> &[u8; 32] {
        &self.token_key_id
    }

    /// What only who has that key can make. Who has it can use the token.
    #[must_use]
    pub const fn authenticator(&self) -> &[u8; 64] {
        &self.authenticator
    }

    pub(crate) fn input(&self) -> Vec<u8> {
        token_input(&self.nonce, &self.challenge_digest, &self.token_key_id)
    }
}

impl Wire for Token {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        token_type(r)?;
        Ok(Self {
            nonce: r.array()?,
            challenge_digest: r.array()?,
            token_key_id: r.array()?,
            authenticator: r.array()?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.input());
        out.extend_from_slice(&self.authenticator);
        Ok(())
    }
}

/// What an asker sends its messaging provider for a batch of tokens (draft-ietf-privacypass-batched-tokens-04 section 5). It says nothing of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenRequest {
    pub(crate) truncated_token_key_id: u8,
    pub(crate) blinded_elements: Vec<Element>,
}

impl TokenRequest {
    /// How many tokens are asked for.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.blinded_elements.len()
    }

    /// The last octet of the name of the key that is asked for.
    #[must_use]
    pub const fn truncated_token_key_id(&self) -> u8 {
        self.truncated_token_key_id
    }

    /// The blinded inputs of the tokens.
    #[must_use]
    pub fn blinded_elements(&self) -> &[Element] {
        &self.blinded_elements
    }

    /// The request without what goes beyond the first `count` tokens: when the quota has no more.
    #[must_use]
    pub fn first(mut self, count: usize) -> Self {
        self.blinded_elements.truncate(count.max(1));
        self
    }
}

impl Wire for TokenRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        token_type(r)?;
        Ok(Self { truncated_token_key_id: r.u8()?, blinded_elements: elements(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        TOKEN_TYPE.encode(out)?;
        out.push(self.truncated_token_key_id);
        put_elements(out, &self.blinded_elements)
    }
}

/// What it gets (draft-ietf-privacypass-batched-tokens-04 section 5): as many as the quota allowed, with the proof that all were made with the one key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenResponse {
    pub(crate) evaluated_elements: Vec<Element>,
    pub(crate) proof: [u8; 64],
}

impl TokenResponse {
    /// The blinded elements, evaluated.
    #[must_use]
    pub fn evaluated_elements(&self) -> &[Element] {
        &self.evaluated_elements
    }

    /// That all were made with the one key.
    #[must_use]
    pub const fn proof(&self) -> &[u8; 64] {
        &self.proof
    }
}

impl Wire for TokenResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { evaluated_elements: elements(r)?, proof: r.array()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_elements(out, &self.evaluated_elements)?;
        out.extend_from_slice(&self.proof);
        Ok(())
    }
}

fn check_batch(count: usize) -> Result<(), &'static codec::Rule> {
    match count {
        0 => Err(&BATCH_EMPTY),
        1..=MAX_BATCH => Ok(()),
        _ => Err(&BATCH_TOO_LONG),
    }
}

fn elements(r: &mut Reader<'_>) -> Result<Vec<Element>, DecodeError> {
    let start = r.clone();
    let elements: Vec<Element> = r.list()?;
    check_batch(elements.len()).map_err(|rule| start.error(rule))?;
    Ok(elements)
}

fn put_elements(out: &mut Vec<u8>, elements: &[Element]) -> Result<(), EncodeError> {
    check_batch(elements.len()).map_err(EncodeError::new)?;
    codec::put_list(out, elements)
}
