//! Getting tokens: blinded by the asker, signed unseen by its messaging provider, unblinded by the asker.

use std::fmt;

use mimi_arch::Domain;
use mimi_arch::codec::EncodeError;
use sha2::{Digest as _, Sha256};

use super::{Day, MAX_BATCH, Token, TokenChallenge, TokenRequest, TokenResponse, token_input};
use crate::entropy::Seed;
use crate::oprf::{self, Client, Element, Evaluated, OprfError, Secret};
use crate::profile::framed;

/// A messaging provider's key for tokens of one discovery provider. Both of them have it; who else has it can make tokens.
#[derive(Clone, Debug)]
pub struct IssuingKey(Secret);

impl IssuingKey {
    /// Derives the key for a discovery provider from one secret of the messaging provider: each gets a key of its own, and nothing of the others.
    ///
    /// # Errors
    /// Never for practical purposes: RFC 9497 section 3.2.1 allows the derivation to fail.
    pub fn derive(secret: &[u8; 32], msp: &Domain, dp: &Domain) -> Result<Self, OprfError> {
        let mut info = Vec::new();
        for part in [crate::profile::PROFILE, "IssuingKey", msp.as_str(), dp.as_str()] {
            framed(&mut info, part.as_bytes());
        }
        Secret::derive(secret, &info).map(Self)
    }

    /// The same for the key with a number, when there is more than one in the course of time. [`IssuingKey::derive`] gives the first.
    ///
    /// # Errors
    /// Never for practical purposes: RFC 9497 section 3.2.1 allows the derivation to fail.
    pub fn derive_numbered(secret: &[u8; 32], msp: &Domain, dp: &Domain, number: u32) -> Result<Self, OprfError> {
        if number <= 1 {
            return Self::derive(secret, msp, dp);
        }
        let mut info = Vec::new();
        for part in [crate::profile::PROFILE, "IssuingKey", msp.as_str(), dp.as_str()] {
            framed(&mut info, part.as_bytes());
        }
        framed(&mut info, &number.to_be_bytes());
        Secret::derive(secret, &info).map(Self)
    }

    /// The key in the 32 octets of [`IssuingKey::to_bytes`].
    ///
    /// # Errors
    /// They are no key.
    pub fn from_bytes(octets: &[u8; 32]) -> Result<Self, OprfError> {
        Secret::from_bytes(octets).map(Self)
    }

    /// The secret octets, for the discovery provider alone.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> IssuerKey {
        IssuerKey(self.0.public())
    }

    /// Signs a batch unseen. Whether the account may have so many is for [`super::quota`] to say first.
    ///
    /// # Errors
    /// The request is for another key, or malformed.
    // req: UD03-13-01, UD03-13-03
    pub fn issue(&self, request: &TokenRequest, seed: &Seed) -> Result<TokenResponse, IssueError> {
        if request.truncated_token_key_id != self.public().truncated_id() {
            return Err(IssueError::OtherKey);
        }
        if request.count() == 0 || request.count() > MAX_BATCH {
            return Err(IssueError::Count { count: request.count() });
        }
        let Evaluated { elements, proof } = self.0.blind_evaluate(&request.blinded_elements, seed)?;
        Ok(TokenResponse { evaluated_elements: elements, proof })
    }

    pub(crate) fn authenticator(&self, input: &[u8]) -> Result<[u8; 64], OprfError> {
        self.0.evaluate(input)
    }
}

/// The public half of an issuing key, as the discovery provider's configuration lists it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IssuerKey(pub Element);

impl IssuerKey {
    /// How tokens name it: SHA-256 of it (RFC 9578 section 5.5).
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        Sha256::digest(self.0.0).into()
    }

    /// The last octet of that.
    pub(super) fn truncated_id(&self) -> u8 {
        self.id().last().copied().unwrap_or_default()
    }

    /// Asks for `count` tokens of a day. The seed is from a random number generator and used once.
    ///
    /// # Errors
    /// None or too many are asked for, or a domain has no encoding.
    pub fn request(
        &self,
        dp: &Domain,
        msp: &Domain,
        day: Day,
        count: usize,
        seed: &Seed,
    ) -> Result<(TokenRequest, PendingTokens), IssueError> {
        if count == 0 || count > MAX_BATCH {
            return Err(IssueError::Count { count });
        }
        let challenge_digest = TokenChallenge::new(dp, msp, day).digest()?;
        let token_key_id = self.id();
        let mut randomness = seed.stream("tokens");
        let mut pending = PendingTokens {
            key: *self,
            challenge_digest,
            nonces: Vec::with_capacity(count),
            clients: Vec::with_capacity(count),
        };
        let mut blinded_elements = Vec::with_capacity(count);
        for _ in 0..count {
            let nonce = randomness.array();
            let (client, blinded) =
                oprf::blind(&token_input(&nonce, &challenge_digest, &token_key_id), &mut randomness)?;
            pending.nonces.push(nonce);
            pending.clients.push(client);
            blinded_elements.push(blinded);
        }
        Ok((TokenRequest { truncated_token_key_id: self.truncated_id(), blinded_elements }, pending))
    }
}

/// What the asker keeps until the response comes.
pub struct PendingTokens {
    pub(crate) key: IssuerKey,
    pub(crate) challenge_digest: [u8; 32],
    pub(crate) nonces: Vec<[u8; 32]>,
    pub(crate) clients: Vec<Client>,
}

impl fmt::Debug for PendingTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingTokens({})", self.nonces.len())
    }
}

impl PendingTokens {
    /// Checks that all were made with the key that everybody's are made with, and unblinds them. There may be fewer than asked for.
    ///
    /// # Errors
    /// The issuer used another key, which would mark the asker, or sent none or more than asked for.
    pub fn finish(mut self, response: &TokenResponse) -> Result<Vec<Token>, IssueError> {
        let count = response.evaluated_elements.len();
        if count == 0 || count > self.nonces.len() {
            return Err(IssueError::Count { count });
        }
        self.nonces.truncate(count);
        self.clients.truncate(count);
        let token_key_id = self.key.id();
        let inputs: Vec<Vec<u8>> =
            self.nonces.iter().map(|nonce| token_input(nonce, &self.challenge_digest, &token_key_id)).collect();
        let evaluated = Evaluated { elements: response.evaluated_elements.clone(), proof: response.proof };
        let outputs = oprf::finalize(inputs, self.clients, &evaluated, &self.key.0)?;
        let challenge_digest = self.challenge_digest;
        let tokens = self.nonces.into_iter().zip(outputs).map(|(nonce, authenticator)| Token {
            nonce,
            challenge_digest,
            token_key_id,
            authenticator,
        });
        Ok(tokens.collect())
    }
}

/// Tokens that are not issued, or not to be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueError {
    /// The request is for another key.
    #[error("the tokens are asked for with another key")]
    OtherKey,
    /// None, or too many.
    #[error("{count} tokens are none, or more than asked for or than {MAX_BATCH}")]
    Count {
        /// How many.
        count: usize,
    },
    /// The cryptography.
    #[error(transparent)]
    Oprf(#[from] OprfError),
    /// A domain has no encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}
