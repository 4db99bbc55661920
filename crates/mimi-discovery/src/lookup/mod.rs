//! Private look-ups (discovery profile 0 sections 10 to 12; R6): the provider never learns who asks and for whom together.
//!
//! [`s`] hides the sender from the provider: it sees whom is asked for. [`b`] hides the recipient among those of a bucket as well, [`p`] altogether. All go
//! through a relay of another operator ([`crate::oblivious`]); without it mode B is k-anonymity only, and no answer to R6.
//!
//! Nothing here reads from a socket. [`open`] makes a [`Request`] of what the relay forwards; the token in it is checked and spent before anything is looked
//! up, so that a refusal cannot depend on the identifier; [`Responder::answer`] seals the response.

pub mod b;
pub mod p;
pub mod s;

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};

use crate::oblivious::{self, Endpoint, Gateway, ObliviousError};
use crate::token::Token;

rules! {
    REQUEST_PADDING = "the padding of a request is not zero", "discovery profile 0 section 10";
    REQUEST_TOO_LONG = "a request does not fit in 512 octets", "discovery profile 0 section 10";
    STATUS_UNKNOWN = "a response has an unknown status", "discovery profile 0 section 10";
    RESPONSE_PADDING = "what is unused of a response is not zero", "discovery profile 0 section 10";
}

/// The size of every request, in octets.
pub const REQUEST_SIZE: usize = 512;

/// Why there is no answer. None of these depends on the identifier.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The token is not taken: used before, not genuine, of another day or provider.
    #[error("the token was not taken")]
    Token,
    /// The provider cannot answer now.
    #[error("the provider cannot answer now")]
    Unavailable,
}

/// What a response begins with: 0 for an answer, else why there is none.
fn status(r: &mut Reader<'_>) -> Result<Result<(), Refusal>, DecodeError> {
    let start = r.clone();
    match r.u8()? {
        0 => Ok(Ok(())),
        1 => Ok(Err(Refusal::Token)),
        2 => Ok(Err(Refusal::Unavailable)),
        _ => Err(start.error(&STATUS_UNKNOWN)),
    }
}

const fn refused(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::Token => 1,
        Refusal::Unavailable => 2,
    }
}

/// Reads a value and the zeros that fill it up to a size.
fn padded<T>(
    r: &mut Reader<'_>,
    size: usize,
    content: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let end = r.offset() + size;
    let value = content(r)?;
    let start = r.clone();
    let rest = end.checked_sub(r.offset()).ok_or(start.error(&REQUEST_TOO_LONG))?;
    match r.take(rest)?.iter().position(|octet| *octet != 0) {
        None => Ok(value),
        Some(place) => Err(DecodeError::new(start.offset() + place, &REQUEST_PADDING)),
    }
}

/// Fills what was appended since `start` with zeros up to a size.
fn put_padding(out: &mut Vec<u8>, start: usize, size: usize) -> Result<(), EncodeError> {
    if out.len() - start > size {
        return Err(EncodeError::new(&REQUEST_TOO_LONG));
    }
    out.resize(start + size, 0);
    Ok(())
}

/// A refusal as long as an answer: zeros after the status.
fn no_answer(r: &mut Reader<'_>, size: usize) -> Result<(), DecodeError> {
    let start = r.clone();
    match r.take(size)?.iter().position(|octet| *octet != 0) {
        None => Ok(()),
        Some(place) => Err(DecodeError::new(start.offset() + place, &RESPONSE_PADDING)),
    }
}

/// What the relay forwarded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// A look-up of mode S.
    LookUp(s::LookupRequest),
    /// An evaluation of mode B and P.
    Evaluate(b::EvaluateRequest),
    /// A bucket of mode B.
    Bucket(b::BucketRequest),
    /// A retrieval of mode P.
    Retrieve(p::RetrieveRequest),
}

impl Request {
    /// The token, to be checked and spent first; a bucket needs none, as it opens to nobody without an evaluation.
    #[must_use]
    pub const fn token(&self) -> Option<&Token> {
        match self {
            Self::LookUp(request) => Some(&request.token),
            Self::Evaluate(request) => Some(&request.token),
            Self::Retrieve(request) => Some(&request.token),
            Self::Bucket(_) => None,
        }
    }

    /// The response that says no: of mode S and of an evaluation as long as any other response, else one octet.
    ///
    /// # Errors
    /// Never for practical purposes.
    pub fn refuse(&self, refusal: Refusal) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::LookUp(_) => s::LookupResponse::Refused(refusal).to_bytes(),
            Self::Evaluate(_) => b::EvaluateResponse::Refused(refusal).to_bytes(),
            Self::Bucket(_) => b::BucketResponse::Refused(refusal).to_bytes(),
            Self::Retrieve(_) => p::RetrieveResponse::Refused(refusal).to_bytes(),
        }
    }
}

/// A request that is none. It may be refused openly, as no asker makes such requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Around it.
    #[error(transparent)]
    Oblivious(#[from] ObliviousError),
    /// In it.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// A response that is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// Around it.
    #[error(transparent)]
    Oblivious(#[from] ObliviousError),
    /// In it.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The request has no encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The provider refuses.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What seals the response to one request.
#[derive(Debug)]
pub struct Responder(oblivious::Responder);

impl Responder {
    /// Seals a response.
    ///
    /// # Errors
    /// It has no encoding.
    pub fn answer(self, response: &impl Wire) -> Result<Vec<u8>, ResponseError> {
        Ok(self.0.seal(&response.to_bytes()?)?)
    }

    /// Seals a response that is encoded already.
    ///
    /// # Errors
    /// Never for practical purposes.
    pub fn seal(self, response: &[u8]) -> Result<Vec<u8>, ResponseError> {
        Ok(self.0.seal(response)?)
    }
}

/// Opens what the relay forwarded.
///
/// # Errors
/// It is not for this gateway, or malformed.
// req: UD03-11-01, UD03-11-02, UD03-11-03, UD03-11-04
pub fn open(gateway: &Gateway, encapsulated: &[u8]) -> Result<(Request, Responder), RequestError> {
    let (endpoint, content, responder) = gateway.open(encapsulated)?;
    let request = match endpoint {
        Endpoint::LookUp => Request::LookUp(s::LookupRequest::from_bytes(&content)?),
        Endpoint::Evaluate => Request::Evaluate(b::EvaluateRequest::from_bytes(&content)?),
        Endpoint::Bucket => Request::Bucket(b::BucketRequest::from_bytes(&content)?),
        Endpoint::Retrieve => Request::Retrieve(p::RetrieveRequest::from_bytes(&content)?),
    };
    Ok((request, Responder(responder)))
}
