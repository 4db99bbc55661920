//! What can go wrong with external content.

use thiserror::Error;

use super::AeadAlgorithm;

/// The external part itself cannot be used: what it names is unknown here, or its fields contradict each other.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartError {
    /// The AEAD number is not one this crate has.
    #[error("encryption algorithm {number} is not supported")]
    UnsupportedEncryption {
        /// The number in `enc_alg`.
        number: u16,
    },
    /// The hash number is not one this crate has.
    #[error("hash algorithm {number} is not supported")]
    UnsupportedHash {
        /// The number in `hash_alg`.
        number: u8,
    },
    /// There is no content hash, so nobody can tell the sender's bytes from those of another holder of the key.
    #[error("the part has no content hash")]
    NoContentHash,
    /// The content hash is not as long as its algorithm makes it.
    #[error("the content hash has {found} octets and not {expected}")]
    HashLength {
        /// Octets the algorithm makes.
        expected: usize,
        /// Octets at hand.
        found: usize,
    },
    /// The key is not as long as the algorithm asks.
    #[error("the key has {found} octets and {algorithm} takes {}", algorithm.key_len())]
    KeyLength {
        /// The algorithm.
        algorithm: AeadAlgorithm,
        /// Octets at hand.
        found: usize,
    },
    /// The nonce is not as long as the algorithm asks.
    #[error("the nonce has {found} octets and {algorithm} takes {}", AeadAlgorithm::NONCE_LEN)]
    NonceLength {
        /// The algorithm.
        algorithm: AeadAlgorithm,
        /// Octets at hand.
        found: usize,
    },
    /// There is no encryption, and yet a key, a nonce or additional data.
    #[error("the part is not encrypted but has a key, a nonce or additional data")]
    SecretsWithoutEncryption,
}

impl PartError {
    /// Where the rule stands.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-content-08 section 4.5"
    }
}

/// Content could not be encrypted.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The content is longer than the algorithm can take under one nonce.
    #[error("{algorithm} takes at most {} octets", algorithm.max_content())]
    TooLong {
        /// The algorithm.
        algorithm: AeadAlgorithm,
    },
}

/// Fetched content was refused. Nothing of it has been returned.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The external part cannot be used.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The content is not as long as the part says.
    #[error("the content has {found} octets and the part says {declared}")]
    SizeDiffers {
        /// Octets the part declares.
        declared: u64,
        /// Octets at hand; a stream is given up at the first octet too many, so there may be more.
        found: u64,
    },
    /// The content is longer than the caller or the algorithm takes.
    #[error("the content is longer than the limit of {limit} octets")]
    TooLarge {
        /// The caller's limit in octets, or that of the algorithm with its tag.
        limit: u64,
    },
    /// The content is shorter than an authentication tag.
    #[error("the content has {found} octets, fewer than its authentication tag")]
    NoTag {
        /// Octets at hand.
        found: u64,
    },
    /// The content is not what the sender hashed. Whether it decrypts does not matter: anyone who holds the key can make
    /// bytes that do.
    #[error("the content does not have the hash the part says")]
    HashDiffers,
    /// The hash is right but the key, the nonce or the additional data are not those it was encrypted with.
    #[error("the content does not decrypt with the key, nonce and additional data of the part")]
    NotAuthentic,
}

impl OpenError {
    /// Where the rule stands.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NoTag { .. } | Self::NotAuthentic => "RFC 5116 section 2.2",
            _ => "draft-ietf-mimi-content-08 section 4.5",
        }
    }
}

/// A stream of external content could not be encrypted or decrypted.
#[cfg(feature = "std")]
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The content cannot be encrypted.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The content was refused.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The source could not be read.
    #[error("the source cannot be read")]
    Read(#[source] std::io::Error),
    /// The sink could not be written.
    #[error("the sink cannot be written")]
    Write(#[source] std::io::Error),
    /// The source gave other bytes when it was read again. What went to the sink before is genuine but incomplete.
    #[error("the source changed after it was verified, at or after offset {offset}")]
    Changed {
        /// Where the chunk that differs begins.
        offset: u64,
    },
}
