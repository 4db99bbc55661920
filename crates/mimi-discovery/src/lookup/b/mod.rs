//! Mode B: buckets (discovery profile 0 section 11).
//!
//! 1. The asker has the provider evaluate a keyed function of the identifier unseen ([`EvaluateRequest`], one token), with the proof that it used the key
//!    of its configuration. The result gives the number of a bucket, and tag and key of each row that the identifier can have.
//! 2. The asker fetches the whole bucket ([`BucketRequest`]). Its rows are of one size and number, each encrypted under its own key, the unused ones are
//!    random octets. The bucket is committed in the provider's snapshot.
//!
//! The provider learns of each look-up which bucket it was for and not whose it was; both requests go through the relay. Who has all buckets can
//! test no identifier without an evaluation, and so without a token.
//!
//! The asker verifies evaluation, bucket, row and record ([`Located::find`]). A bucket without a row of the identifier's is the proof that there is no
//! mapping; whoever gets [`Transcript`] and [`BucketResponse`] can verify it too.
//!
//! A snapshot commits to the tree of section 8 and to the buckets apart. A provider could say one thing in one and another thing in the other; both are
//! signed together, so who looks up in both modes, as holders of an identifier should, has the evidence.

mod bucket;
mod evaluate;
mod find;

use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};

use super::{REQUEST_SIZE, Refusal, no_answer, padded, put_padding, refused, status};
use crate::oprf::Element;
use crate::snapshot::{Digest32, Snapshot};
use crate::token::Token;

pub use bucket::{Bucket, BucketError, BucketTree, Buckets, Maker};
pub use evaluate::{BucketKey, EvaluateError, Evaluation, Located, PendingEvaluation, RowSecret, Transcript, ask};
pub use find::{FindError, PendingBucket};

rules! {
    BUCKET_BITS = "there are more than 2^20 buckets", "discovery profile 0 section 11";
    BUCKET_ROWS = "a bucket has no rows, or more than 512", "discovery profile 0 section 11";
    INCLUSION_TOO_DEEP = "the proof of a bucket has more than 20 levels", "discovery profile 0 section 11";
}

/// The size of a row: tag, nonce, and ciphertext of the number of rows of the identifier and one padded record.
pub const ROW_SIZE: usize = TAG_SIZE + NONCE_SIZE + ROW_PLAINTEXT + 16;
const TAG_SIZE: usize = 16;
const NONCE_SIZE: usize = 12;
const ROW_PLAINTEXT: usize = 1 + crate::record::MAX_RECORD;

const MAX_BITS: u8 = 20;
const MAX_ROWS: u16 = 512;

/// How buckets are made. In the configuration of the provider, and in every bucket's hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BucketParameters {
    /// The key of the keyed function.
    pub key: Element,
    /// There are two to the power of this many buckets; at most 20.
    pub bits: u8,
    /// Rows of each bucket, used or not; 1 to 512.
    pub rows: u16,
}

/// On average so many rows of a bucket are used, at most.
const MEAN: u64 = 32;

impl BucketParameters {
    /// Rows of a bucket that [`BucketParameters::for_records`] chooses.
    pub const ROWS: u16 = 80;

    /// Parameters for so many records: the smallest number of buckets in which on average at most 32 of the 80 rows are used.
    ///
    /// The rows of one identifier lie in one bucket. With one row per identifier the number in a bucket has a Poisson distribution; at a mean
    /// of 32, more than 80 are in one of a million buckets with a probability below one in a million. When a bucket overflows all the same
    /// ([`BucketError::Overflow`]), or identifiers have several records more often, the provider makes its buckets anew with [`BucketParameters::doubled`]
    /// and signs a configuration that says so.
    #[must_use]
    pub fn for_records(key: Element, records: u64) -> Self {
        let bits = (0..MAX_BITS).find(|bits| records <= MEAN << bits).unwrap_or(MAX_BITS);
        Self { key, bits, rows: Self::ROWS }
    }

    /// Twice as many buckets; `None` when there are as many as can be.
    #[must_use]
    pub const fn doubled(self) -> Option<Self> {
        if self.bits < MAX_BITS { Some(Self { bits: self.bits + 1, ..self }) } else { None }
    }

    /// How many buckets there are.
    #[must_use]
    pub const fn buckets(&self) -> u32 {
        1 << self.bits
    }

    fn check(self) -> Result<(), &'static codec::Rule> {
        if self.bits > MAX_BITS {
            return Err(&BUCKET_BITS);
        }
        if self.rows == 0 || self.rows > MAX_ROWS { Err(&BUCKET_ROWS) } else { Ok(()) }
    }
}

impl Wire for BucketParameters {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let key = Element::decode(r)?;
        let start = r.clone();
        let parameters = Self { key, bits: r.u8()?, rows: r.u16()? };
        parameters.check().map_err(|rule| start.error(rule))?;
        Ok(parameters)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        self.key.encode(out)?;
        self.bits.encode(out)?;
        self.rows.encode(out)
    }
}

/// What the asker sends first. Always [`REQUEST_SIZE`] octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EvaluateRequest {
    /// That the asker may ask.
    pub token: Token,
    /// The blinded identifier.
    pub blinded: Element,
}

impl Wire for EvaluateRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        padded(r, REQUEST_SIZE, |r| Ok(Self { token: Token::decode(r)?, blinded: Element::decode(r)? }))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        self.token.encode(out)?;
        self.blinded.encode(out)?;
        put_padding(out, start, REQUEST_SIZE)
    }
}

/// The size of an evaluation, in octets.
const EVALUATION_SIZE: usize = 32 + 64;

/// What comes back. Always 97 octets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EvaluateResponse {
    /// The evaluation with its proof.
    Evaluated(Evaluation),
    /// Nothing.
    Refused(Refusal),
}

impl Wire for EvaluateResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match status(r)? {
            Ok(()) => Evaluation::decode(r).map(Self::Evaluated),
            Err(refusal) => {
                no_answer(r, EVALUATION_SIZE)?;
                Ok(Self::Refused(refusal))
            }
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Evaluated(evaluation) => {
                out.push(0);
                evaluation.encode(out)
            }
            Self::Refused(refusal) => {
                out.push(refused(*refusal));
                out.resize(out.len() + EVALUATION_SIZE, 0);
                Ok(())
            }
        }
    }
}

/// What the asker sends then. Always [`REQUEST_SIZE`] octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BucketRequest {
    /// The number of the bucket.
    pub index: u32,
}

impl Wire for BucketRequest {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        padded(r, REQUEST_SIZE, |r| Ok(Self { index: r.u32()? }))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let start = out.len();
        self.index.encode(out)?;
        put_padding(out, start, REQUEST_SIZE)
    }
}

/// What comes back. Under one configuration all buckets have one size; a refusal is one octet, and depends on nothing but that there is no such bucket, or
/// that buckets cannot be served at the moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BucketResponse {
    /// A bucket with proof.
    Bucket(Box<ProvenBucket>),
    /// Nothing.
    Refused(Refusal),
}

/// A bucket, and that the provider has committed itself to it. Not verified: see [`Located::find`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvenBucket {
    /// The snapshot in which it is.
    pub snapshot: Snapshot,
    /// The bucket.
    pub bucket: Bucket,
    /// The hashes beside the path to the root, from below (RFC 6962 section 2.1.1).
    pub inclusion: Vec<Digest32>,
}

impl Wire for ProvenBucket {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (snapshot, bucket) = (Snapshot::decode(r)?, Bucket::decode(r)?);
        let start = r.clone();
        let depth = r.u8()?;
        if depth > MAX_BITS {
            return Err(start.error(&INCLUSION_TOO_DEEP));
        }
        let inclusion = (0..depth).map(|_| r.array()).collect::<Result<_, _>>()?;
        Ok(Self { snapshot, bucket, inclusion })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let depth = u8::try_from(self.inclusion.len()).ok().filter(|depth| *depth <= MAX_BITS);
        let depth = depth.ok_or(EncodeError::new(&INCLUSION_TOO_DEEP))?;
        self.snapshot.encode(out)?;
        self.bucket.encode(out)?;
        out.push(depth);
        self.inclusion.iter().for_each(|digest| out.extend_from_slice(digest));
        Ok(())
    }
}

impl Wire for BucketResponse {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match status(r)? {
            Ok(()) => Ok(Self::Bucket(Box::new(ProvenBucket::decode(r)?))),
            Err(refusal) => Ok(Self::Refused(refusal)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Bucket(bucket) => {
                out.push(0);
                bucket.encode(out)
            }
            Self::Refused(refusal) => {
                out.push(refused(*refusal));
                Ok(())
            }
        }
    }
}
