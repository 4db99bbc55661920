//! The registered algorithms an external part may name (section 4.5).

use alloc::vec::Vec;
use core::fmt;

use sha2::{Digest, Sha256, Sha384, Sha512};

use super::PartError;

/// Encryption of external content, by its number in the IANA AEAD registry (RFC 5116).
///
/// AES-128-GCM is the one every implementation has. Number zero stands for no encryption and is not an algorithm.
/// The algorithms with tags shorter than 16 octets are left out on purpose. The GCM algorithms and ChaCha20-Poly1305 take files of
/// any size in constant memory. CCM has to know the length and GCM-SIV the tag before the first octet, so their content is
/// kept in memory as a whole and is bounded; send nothing with them that may be large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AeadAlgorithm {
    /// Number 1, RFC 5116 section 5.1.
    Aes128Gcm,
    /// Number 2, RFC 5116 section 5.2.
    Aes256Gcm,
    /// Number 3, RFC 5116 section 5.3.
    Aes128Ccm,
    /// Number 4, RFC 5116 section 5.4.
    Aes256Ccm,
    /// Number 29, RFC 8439 section 2.8.
    ChaCha20Poly1305,
    /// Number 30, RFC 8452 section 6.
    Aes128GcmSiv,
    /// Number 31, RFC 8452 section 6.
    Aes256GcmSiv,
}

impl AeadAlgorithm {
    /// Every algorithm this crate has, the mandatory one first.
    pub const ALL: [Self; 7] = [
        Self::Aes128Gcm,
        Self::Aes256Gcm,
        Self::Aes128Ccm,
        Self::Aes256Ccm,
        Self::ChaCha20Poly1305,
        Self::Aes128GcmSiv,
        Self::Aes256GcmSiv,
    ];

    /// Octets of the tag at the end of the ciphertext.
    pub const TAG_LEN: usize = 16;

    /// Octets of the nonce.
    pub const NONCE_LEN: usize = 12;

    /// The registered number, as it stands in `enc_alg`.
    #[must_use]
    pub const fn number(self) -> u16 {
        match self {
            Self::Aes128Gcm => 1,
            Self::Aes256Gcm => 2,
            Self::Aes128Ccm => 3,
            Self::Aes256Ccm => 4,
            Self::ChaCha20Poly1305 => 29,
            Self::Aes128GcmSiv => 30,
            Self::Aes256GcmSiv => 31,
        }
    }

    /// Octets of the key.
    #[must_use]
    pub const fn key_len(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Ccm | Self::Aes128GcmSiv => 16,
            Self::Aes256Gcm | Self::Aes256Ccm | Self::ChaCha20Poly1305 | Self::Aes256GcmSiv => 32,
        }
    }

    /// Whether content is encrypted and opened in constant memory.
    #[must_use]
    pub const fn streams(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes256Gcm | Self::ChaCha20Poly1305)
    }

    /// The longest content in octets. For GCM, CCM and ChaCha20-Poly1305 the algorithm itself takes no more; for GCM-SIV, which could,
    /// it bounds what is kept in memory.
    #[must_use]
    pub const fn max_content(self) -> u64 {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => (1 << 36) - 32,
            Self::Aes128Ccm | Self::Aes256Ccm => (1 << 24) - 1,
            Self::ChaCha20Poly1305 => (1 << 38) - 64,
            Self::Aes128GcmSiv | Self::Aes256GcmSiv => 1 << 24,
        }
    }
}

impl TryFrom<u16> for AeadAlgorithm {
    type Error = PartError;

    fn try_from(number: u16) -> Result<Self, PartError> {
        match number {
            // req: MC08-4.5-06
            1 => Ok(Self::Aes128Gcm),
            2 => Ok(Self::Aes256Gcm),
            3 => Ok(Self::Aes128Ccm),
            4 => Ok(Self::Aes256Ccm),
            29 => Ok(Self::ChaCha20Poly1305),
            30 => Ok(Self::Aes128GcmSiv),
            31 => Ok(Self::Aes256GcmSiv),
            number => Err(PartError::UnsupportedEncryption { number }),
        }
    }
}

impl fmt::Display for AeadAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128Gcm => "AEAD_AES_128_GCM",
            Self::Aes256Gcm => "AEAD_AES_256_GCM",
            Self::Aes128Ccm => "AEAD_AES_128_CCM",
            Self::Aes256Ccm => "AEAD_AES_256_CCM",
            Self::ChaCha20Poly1305 => "AEAD_CHACHA20_POLY1305",
            Self::Aes128GcmSiv => "AEAD_AES_128_GCM_SIV",
            Self::Aes256GcmSiv => "AEAD_AES_256_GCM_SIV",
        })
    }
}

/// Hash of external content, by its number in the IANA Named Information Hash Algorithm registry (RFC 6920).
///
/// The truncated forms of SHA-256 (numbers 2 to 6) are left out on purpose: they are too short to tell files apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ContentHashAlgorithm {
    /// Number 1, 32 octets.
    #[default]
    Sha256,
    /// Number 7, 48 octets.
    Sha384,
    /// Number 8, 64 octets.
    Sha512,
}

impl ContentHashAlgorithm {
    /// Every algorithm this crate has.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// The registered number, as it stands in `hash_alg`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha384 => 7,
            Self::Sha512 => 8,
        }
    }

    /// Octets of the hash.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The hash of `content`.
    #[must_use]
    pub fn hash(self, content: &[u8]) -> Vec<u8> {
        let mut hasher = Hasher::new(self);
        hasher.update(content);
        hasher.finish()
    }
}

impl TryFrom<u8> for ContentHashAlgorithm {
    type Error = PartError;

    fn try_from(number: u8) -> Result<Self, PartError> {
        match number {
            0 => Err(PartError::NoContentHash),
            1 => Ok(Self::Sha256),
            7 => Ok(Self::Sha384),
            8 => Ok(Self::Sha512),
            number => Err(PartError::UnsupportedHash { number }),
        }
    }
}

impl fmt::Display for ContentHashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "sha-256",
            Self::Sha384 => "sha-384",
            Self::Sha512 => "sha-512",
        })
    }
}

/// A content hash under way.
#[derive(Clone)]
pub(super) enum Hasher {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Hasher {
    pub(super) fn new(algorithm: ContentHashAlgorithm) -> Self {
        match algorithm {
            ContentHashAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            ContentHashAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            ContentHashAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha384(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Sha256(hasher) => hasher.finalize().to_vec(),
            Self::Sha384(hasher) => hasher.finalize().to_vec(),
            Self::Sha512(hasher) => hasher.finalize().to_vec(),
        }
    }
}
