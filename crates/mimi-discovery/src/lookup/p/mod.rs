//! Mode P: the recipient is hidden (discovery profile 0 section 12). Experimental; the scheme itself is there with feature `pir`.
//!
//! As mode B, but the bucket is fetched by private information retrieval: the provider computes over all buckets and does not learn which one it was. So not even
//! the bucket shows. What is retrieved is the bucket with its path to the root ([`Item`]), so that the asker verifies it as in mode B, absence included: private
//! information retrieval alone hides, and proves nothing.
//!
//! A retrieval goes through the relay like every other request, takes a token, since it costs the provider far more than any other request, and is made with keys of
//! its own, so that nothing ties two of them together.
//!
//! A provider can answer wrongly on purpose and watch whether the asker complains: what fails tells something of what was asked for. An asker must not
//! report to the provider which of its look-ups failed, nor repeat them in another way; it fails as a whole.
//!
//! Retrieval goes by the number of the bucket, which the keyed function of mode B gives. Retrieval by key, which some schemes offer, cannot
//! prove that there is nothing.

mod retrieve;
#[cfg(feature = "pir")]
mod spiral;

use std::num::NonZeroUsize;

use mimi_arch::codec::{DecodeError, EncodeError, Reader, Wire, rules};

use super::b::{Bucket, BucketParameters, INCLUSION_TOO_DEEP, ProvenBucket, ROW_SIZE};
use super::{REQUEST_TOO_LONG, RESPONSE_PADDING};
use crate::entropy::Seed;
use crate::snapshot::{Digest32, Snapshot};

pub use retrieve::{MAX_QUESTION, PendingRetrieval, RetrieveError, RetrieveRequest, RetrieveResponse, Retrieved, ask};
#[cfg(feature = "pir")]
pub use spiral::{Spiral, SpiralSecret, SpiralServer};

rules! {
    QUESTION_TOO_LONG = "a retrieval asks with more than 2 MiB", "discovery profile 0 section 12";
}

/// How many items there are, and how long each is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Two to the power of this many items.
    pub bits: u8,
    /// The size of each, in octets.
    pub size: usize,
}

impl Shape {
    /// The shape of all buckets with these parameters.
    #[must_use]
    pub fn of(parameters: &BucketParameters) -> Self {
        let bits = parameters.bits;
        Self { bits, size: 4 + 2 + usize::from(parameters.rows) * ROW_SIZE + 1 + 32 * usize::from(bits) }
    }

    /// How many items there are.
    #[must_use]
    pub const fn items(&self) -> u32 {
        1 << self.bits
    }
}

/// A scheme of private information retrieval over items of one size, by number. The scheme has randomness of its own beside the seed.
pub trait PirBackend {
    /// What the provider computes over.
    type Server;
    /// What an asker keeps of one question.
    type Secret;

    /// Prepares all items, one after the other in `items`, with so many threads.
    ///
    /// # Errors
    /// They do not have the shape.
    fn server(&self, items: &[u8], threads: NonZeroUsize) -> Result<Self::Server, PirError>;

    /// The octets that all items take when they are prepared.
    fn server_size(&self) -> u64;

    /// Asks for an item, with keys that are for this question alone.
    ///
    /// # Errors
    /// There is no such item.
    fn ask(&self, index: u32, seed: &Seed) -> Result<(Vec<u8>, Self::Secret), PirError>;

    /// The octets of every question.
    fn question_size(&self) -> usize;

    /// Answers a question, without learning what for.
    ///
    /// # Errors
    /// The question is malformed.
    fn answer(&self, server: &Self::Server, question: &[u8]) -> Result<Vec<u8>, PirError>;

    /// The octets of every answer.
    fn answer_size(&self) -> usize;

    /// The item in an answer; anything when the provider has answered wrongly.
    ///
    /// # Errors
    /// The answer is malformed.
    fn decode(&self, secret: &Self::Secret, answer: &[u8]) -> Result<Vec<u8>, PirError>;
}

/// A retrieval that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PirError {
    /// More or larger items than the scheme is set up for.
    #[error("2^{bits} items of {size} octets cannot be served")]
    Shape {
        /// Two to the power of this many.
        bits: u8,
        /// The size of each, in octets.
        size: usize,
    },
    /// The items are not as many, or not as long, as the shape says.
    #[error("the items have {found} octets instead of {expected}")]
    Items {
        /// How many octets there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// There is not as much memory as the items take when they are prepared.
    #[error("there are no {octets} octets of memory for the prepared items")]
    Memory {
        /// How much they take.
        octets: u64,
    },
    /// There is no such item.
    #[error("there is no item {index}")]
    NoItem {
        /// Its number.
        index: u32,
    },
    /// What came from the other side is malformed.
    #[error("a {part} is malformed")]
    Malformed {
        /// What.
        part: &'static str,
    },
}

/// What is retrieved: a bucket with its path to the root of the snapshot, which is the same for everybody and fetched apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// The bucket.
    pub bucket: Bucket,
    /// The hashes beside the path to the root, from below.
    pub inclusion: Vec<Digest32>,
}

impl Wire for Item {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bucket = Bucket::decode(r)?;
        let start = r.clone();
        let depth = r.u8()?;
        if depth > 20 {
            return Err(start.error(&INCLUSION_TOO_DEEP));
        }
        Ok(Self { bucket, inclusion: (0..depth).map(|_| r.array()).collect::<Result<_, _>>()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let depth = u8::try_from(self.inclusion.len()).ok().filter(|depth| *depth <= 20);
        let depth = depth.ok_or(EncodeError::new(&INCLUSION_TOO_DEEP))?;
        self.bucket.encode(out)?;
        out.push(depth);
        self.inclusion.iter().for_each(|digest| out.extend_from_slice(digest));
        Ok(())
    }
}

impl Item {
    /// The encoding in the size of the shape.
    ///
    /// # Errors
    /// It is longer.
    pub fn to_padded(&self, shape: &Shape) -> Result<Vec<u8>, EncodeError> {
        let mut octets = self.to_bytes()?;
        if octets.len() > shape.size {
            return Err(EncodeError::new(&REQUEST_TOO_LONG));
        }
        octets.resize(shape.size, 0);
        Ok(octets)
    }

    /// Reads what was retrieved. It is verified with [`super::b::Located::find`].
    ///
    /// # Errors
    /// It is malformed.
    pub fn from_padded(octets: &[u8], snapshot: Snapshot) -> Result<ProvenBucket, DecodeError> {
        let mut reader = Reader::new(octets);
        let Self { bucket, inclusion } = Self::decode(&mut reader)?;
        match reader.rest().iter().position(|octet| *octet != 0) {
            None => Ok(ProvenBucket { snapshot, bucket, inclusion }),
            Some(place) => Err(DecodeError::new(reader.offset() + place, &RESPONSE_PADDING)),
        }
    }
}
