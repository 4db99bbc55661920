//! The request for a bucket and its response, which both sides of a retrieval make and read.

use std::fmt;

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire};

use super::{Item, PirBackend, PirError, QUESTION_TOO_LONG};
use crate::config::VerifiedConfig;
use crate::entropy::Seed;
use crate::lookup::b::{Located, ProvenBucket};
use crate::lookup::{Refusal, ResponseError, refused, status};
use crate::oblivious::{self, Endpoint, PendingResponse};
use crate::snapshot::Snapshot;
use crate::token::Token;

/// The octets of the longest question: with all that is around it, a request has 2 MiB at most.
pub const MAX_QUESTION: usize = (2 << 20) - 4096;

/// What the asker sends. Under one configuration all are of one size.
#[derive(Clone, PartialEq, Eq)]
pub struct RetrieveRequest {
    /// That the asker may ask; another one than that of the evaluation.
    pub token: Token,
    /// What the scheme asks with, at most [`MAX_QUESTION`] octets.
    pub question: Vec<u8>,
}

impl fmt::Debug for RetrieveRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RetrieveRequest({} octets)", self.question.len())
    }
}

impl Wire for RetrieveRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let token = Token::decode(r)?;
        let start = r.clone();
        let question = r.opaque()?;
        if question.len() > MAX_QUESTION {
            return Err(start.error(&QUESTION_TOO_LONG));
        }
        Ok(Self { token, question: question.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.question.len() > MAX_QUESTION {
            return Err(EncodeError::new(&QUESTION_TOO_LONG));
        }
        self.token.encode(out)?;
        codec::put_opaque(out, &self.question)
    }
}

/// What comes back. Under one configuration all answers have one size; a refusal is one octet, and no identifier decides about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RetrieveResponse {
    /// What the scheme answers.
    Retrieved(Box<Retrieved>),
    /// Nothing.
    Refused(Refusal),
}

/// An answer, and the snapshot in which the buckets are that it was computed over. Not verified: see [`Located::find`].
#[derive(Clone, PartialEq, Eq)]
pub struct Retrieved {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// What the scheme answers.
    pub answer: Vec<u8>,
}

impl fmt::Debug for Retrieved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Retrieved({} octets)", self.answer.len())
    }
}

impl Wire for RetrieveResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match status(r)? {
            Ok(()) => {
                let snapshot = Snapshot::decode(r)?;
                Ok(Self::Retrieved(Box::new(Retrieved { snapshot, answer: r.opaque()?.to_vec() })))
            }
            Err(refusal) => Ok(Self::Refused(refusal)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Retrieved(retrieved) => {
                out.push(0);
                retrieved.snapshot.encode(out)?;
                codec::put_opaque(out, &retrieved.answer)
            }
            Self::Refused(refusal) => {
                out.push(refused(*refusal));
                Ok(())
            }
        }
    }
}

/// A retrieval that comes to nothing. The provider is told nothing of it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetrieveError {
    /// The provider does not offer the mode.
    #[error("the provider does not offer private retrieval")]
    NotOffered,
    /// The scheme.
    #[error(transparent)]
    Pir(#[from] PirError),
    /// The response.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// What was retrieved is no bucket.
    #[error("what was retrieved is no bucket: {0}")]
    Item(#[from] DecodeError),
}

/// A retrieval that waits for its response.
pub struct PendingRetrieval<B: PirBackend> {
    backend: B,
    secret: B::Secret,
    response: PendingResponse,
}

impl<B: PirBackend> fmt::Debug for PendingRetrieval<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingRetrieval")
    }
}

/// Makes the request for the bucket of an identifier, for the relay. The backend is set up for the shape of the configuration's buckets; the seed is from a
/// random number generator and used once. Takes a tenth of a second of the processor.
///
/// # Errors
/// The provider does not offer the mode, or its key is none.
// req: UD03-11-01
pub fn ask<B: PirBackend>(
    located: &Located,
    config: &VerifiedConfig,
    token: Token,
    backend: B,
    seed: &Seed,
) -> Result<(Vec<u8>, PendingRetrieval<B>), RetrieveError> {
    let config = config.get();
    if !config.modes.p {
        return Err(RetrieveError::NotOffered);
    }
    let (question, secret) = backend.ask(located.bucket(), seed)?;
    let content = RetrieveRequest { token, question }.to_bytes().map_err(ResponseError::from)?;
    let (encapsulated, response) =
        oblivious::encapsulate(&config.domain, &config.oblivious_key, Endpoint::Retrieve, &content)
            .map_err(ResponseError::from)?;
    Ok((encapsulated, PendingRetrieval { backend, secret, response }))
}

impl<B: PirBackend> PendingRetrieval<B> {
    /// Opens the response. The bucket is not verified: see [`Located::find`].
    ///
    /// # Errors
    /// It is not the provider's response to this request, malformed, or a refusal.
    pub fn open(self, encapsulated: &[u8]) -> Result<ProvenBucket, RetrieveError> {
        let content = self.response.open(encapsulated).map_err(ResponseError::from)?;
        match RetrieveResponse::from_bytes(&content).map_err(ResponseError::from)? {
            RetrieveResponse::Retrieved(retrieved) => {
                let Retrieved { snapshot, answer } = *retrieved;
                let item = self.backend.decode(&self.secret, &answer)?;
                Ok(Item::from_padded(&item, snapshot)?)
            }
            RetrieveResponse::Refused(refusal) => Err(ResponseError::from(refusal).into()),
        }
    }
}
