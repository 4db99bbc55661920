//! The secrets of an epoch that members share, as a seam for an MLS library (RFC 9420 sections 6.3.2 and 9).

use super::wire::SemiPrivateMessage;
use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};
use crate::crypto::{AeadKey, expand_with_label};
use crate::values::CipherSuite;

/// Why a key of a handshake ratchet is not to be had.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// The tree has no such leaf.
    #[error("there is no leaf {leaf_index} (RFC 9420 section 9)")]
    NoSuchLeaf {
        /// The leaf.
        leaf_index: u32,
    },
    /// The key was used or given up before.
    #[error("generation {generation} of leaf {leaf_index} is gone (RFC 9420 section 9.1)")]
    Gone {
        /// The leaf.
        leaf_index: u32,
        /// The generation.
        generation: u32,
    },
    /// The generation is further ahead than the receiver wants to go.
    #[error("generation {generation} is more than {limit} ahead (RFC 9420 section 9.1)")]
    TooFarAhead {
        /// The generation.
        generation: u32,
        /// How far ahead is allowed.
        limit: u32,
    },
    /// The ratchet has no generation left.
    #[error("the ratchet of leaf {leaf_index} is at its end (RFC 9420 section 9.1)")]
    Exhausted {
        /// The leaf.
        leaf_index: u32,
    },
}

impl SecretsError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NoSuchLeaf { .. } => "RFC 9420 section 9",
            Self::Gone { .. } | Self::TooFarAhead { .. } | Self::Exhausted { .. } => "RFC 9420 section 9.1",
        }
    }
}

/// What a member has of its epoch for SemiPrivateMessage. Whoever has an MLS library fills this in over it.
pub trait HandshakeSecrets {
    /// The sender data secret of the epoch.
    fn sender_data_secret(&self) -> &[u8];

    /// The next generation of the own handshake ratchet, which is used up thereby.
    ///
    /// # Errors
    /// When there is no such leaf or no generation left.
    fn next(&mut self, own_leaf_index: u32) -> Result<(u32, AeadKey), SecretsError>;

    /// The key and nonce of a generation of a member's handshake ratchet. It stays until [`used`](Self::used) is called, so that
    /// a message altered on its way does not use up the key of the true one.
    ///
    /// # Errors
    /// When there is no such leaf, the key is gone, or the generation is too far ahead.
    fn key(&mut self, leaf_index: u32, generation: u32) -> Result<AeadKey, SecretsError>;

    /// Deletes a key that opened a message.
    fn used(&mut self, leaf_index: u32, generation: u32);
}

/// Who sent a message, for members (RFC 9420 section 6.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SenderData {
    /// The sender's leaf.
    pub leaf_index: u32,
    /// The generation of the sender's handshake ratchet.
    pub generation: u32,
    /// What the first octets of the nonce are changed by.
    pub reuse_guard: [u8; 4],
}

impl Wire for SenderData {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { leaf_index: r.u32()?, generation: r.u32()?, reuse_guard: r.array()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.leaf_index.encode(out)?;
        self.generation.encode(out)?;
        out.extend_from_slice(&self.reuse_guard);
        Ok(())
    }
}

/// Key and nonce for the sender data beside a ciphertext (RFC 9420 section 6.3.2); nothing if the suite is none of RFC 9420.
pub(super) fn sender_data_key(suite: CipherSuite, sender_data_secret: &[u8], ciphertext: &[u8]) -> Option<AeadKey> {
    let sample = ciphertext.get(..hash_length(suite)?).unwrap_or(ciphertext);
    derive(suite, |label, length| expand_with_label(suite, sender_data_secret, label, sample, length))
}

/// `SenderDataAAD` (RFC 9420 section 6.3.2).
pub(super) fn sender_data_aad(message: &SemiPrivateMessage) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    codec::put_opaque(&mut out, &message.group_id)?;
    message.epoch.encode(&mut out)?;
    message.content_type.encode(&mut out)?;
    Ok(out)
}

/// Length of the hash of a suite.
pub(super) fn hash_length(suite: CipherSuite) -> Option<usize> {
    use crate::values::HashFunction::{Sha256, Sha384, Sha512};
    Some(match suite.hash_function()? {
        Sha256 => 32,
        Sha384 => 48,
        Sha512 => 64,
    })
}

/// A key and a nonce of the lengths of the suite.
pub(super) fn derive(
    suite: CipherSuite,
    mut expand: impl FnMut(&'static str, u16) -> Option<Vec<u8>>,
) -> Option<AeadKey> {
    let (key, nonce) = AeadKey::lengths(suite).ok()?;
    Some(AeadKey { key: expand("key", u16::try_from(key).ok()?)?, nonce: expand("nonce", u16::try_from(nonce).ok()?)? })
}
