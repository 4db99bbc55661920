//! Mode S: the sender is hidden (discovery profile 0 section 10).
//!
//! The provider sees the identifier and cannot see who asks; the relay sees who asks and cannot see the identifier. Relay and provider together
//! could: they have to be run by different operators. A request has neither account nor certificate nor anything else of the asker, but for the token,
//! which shows of which messaging provider and day it is.

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire};

use super::{REQUEST_SIZE, Refusal, ResponseError, no_answer, padded, put_padding, refused, status};
use crate::answer::{ANSWER_SIZE, Answer};
use crate::config::VerifiedConfig;
use crate::csi::Csi;
use crate::oblivious::{self, Endpoint, PendingResponse};
use crate::token::Token;

/// A look-up. Always [`REQUEST_SIZE`] octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LookupRequest {
    /// That the asker may ask.
    pub token: Token,
    /// Whom for.
    pub csi: Csi,
}

impl Wire for LookupRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        padded(r, REQUEST_SIZE, |r| Ok(Self { token: Token::decode(r)?, csi: Csi::decode(r)? }))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        self.token.encode(out)?;
        self.csi.encode(out)?;
        put_padding(out, start, REQUEST_SIZE)
    }
}

/// What comes back. Always one octet more than [`ANSWER_SIZE`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LookupResponse {
    /// The mappings, or the proof that there is none.
    Answer(Box<Answer>),
    /// Nothing.
    Refused(Refusal),
}

impl Wire for LookupResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match status(r)? {
            Ok(()) => {
                let start = r.offset();
                let octets = r.take(ANSWER_SIZE)?;
                let answer = Answer::from_padded(octets)
                    .map_err(|error| DecodeError::new(start + error.offset(), error.rule()))?;
                Ok(Self::Answer(Box::new(answer)))
            }
            Err(refusal) => {
                no_answer(r, ANSWER_SIZE)?;
                Ok(Self::Refused(refusal))
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Answer(answer) => {
                out.push(0);
                out.extend_from_slice(&answer.to_padded()?);
            }
            Self::Refused(refusal) => {
                out.push(refused(*refusal));
                out.resize(out.len() + ANSWER_SIZE, 0);
            }
        }
        Ok(())
    }
}

/// A look-up that waits for its response.
#[derive(Debug)]
pub struct PendingLookup(PendingResponse);

/// Makes a look-up for the relay.
///
/// # Errors
/// The provider's key is none.
// req: UD03-11-01, UD03-11-05, UD03-17-08, UD03-17-09
pub fn ask(config: &VerifiedConfig, csi: &Csi, token: Token) -> Result<(Vec<u8>, PendingLookup), ResponseError> {
    let content = LookupRequest { token, csi: csi.clone() }.to_bytes()?;
    let config = config.get();
    let (encapsulated, pending) =
        oblivious::encapsulate(&config.domain, &config.oblivious_key, Endpoint::LookUp, &content)?;
    Ok((encapsulated, PendingLookup(pending)))
}

impl PendingLookup {
    /// Opens the response. The answer is not verified: see [`Answer::verify`].
    ///
    /// # Errors
    /// It is not the provider's response to this look-up, malformed, or a refusal.
    pub fn open(self, encapsulated: &[u8]) -> Result<Answer, ResponseError> {
        match LookupResponse::from_bytes(&self.0.open(encapsulated)?)? {
            LookupResponse::Answer(answer) => Ok(*answer),
            LookupResponse::Refused(refusal) => Err(refusal.into()),
        }
    }
}
