//! Our profile of the keys that draft-ietf-mimi-protocol-06 section 6.1 leaves open. Nobody else knows it yet.
//!
//! Every pseudonymous credential has a [`LinkKey`] of its own, which its client makes and gives to those who may add it to rooms.
//! Whoever adds a client sends the [`LinkKeyRing`], the keys of all credentials in the room, encrypted for the epoch that the
//! commit starts ([`SealedRing`]): so everyone in the room, the new client included, can open every link, and the hub none. The
//! key of the ring is exported from the group ([`RING_EXPORTER_LABEL`]), which any MLS library can do.
//!
//! What follows from this: only somebody who has the client's link key can add it, and nobody can join by external commit without
//! a ring. A key protects one credential as long as that is in use: whoever leaves keeps what they have learnt, and a client that
//! wants to be forgotten changes its credential.

use std::fmt;

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::crypto::{AeadError, AeadKey, expand_with_label, hash};
use crate::mls::Credential;
use crate::values::{CipherSuite, Epoch};

rules! {
    RING_NOT_SORTED = "the credentials of a ring are not strictly increasing", "mimi minimal metadata profile";
}

/// The label of the MLS exporter (RFC 9420 section 8.5) for the key of a ring; the context is empty and the length is
/// [`ring_key_length`].
pub const RING_EXPORTER_LABEL: &str = "MIMI identity link keys";

const LINK_LABEL: &str = "MIMI identity link";
const PROFILE: &str = "mimi minimal metadata profile";

/// The key of the link of one credential: 32 octets from a random number generator.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkKey([u8; 32]);

impl LinkKey {
    /// A key of these octets.
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Encrypts a link; the nonce stands before the ciphertext. A nonce is used once with a key.
    pub(super) fn seal(&self, suite: CipherSuite, nonce: &[u8], tbs: &[u8], link: &[u8]) -> Result<Vec<u8>, AeadError> {
        let sealed = self.aead(suite, nonce)?.seal(suite, tbs, link)?;
        Ok([nonce, &sealed].concat())
    }

    pub(super) fn open(&self, suite: CipherSuite, tbs: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AeadError> {
        let (_, length) = AeadKey::lengths(suite)?;
        let (nonce, sealed) = ciphertext.split_at_checked(length).ok_or(AeadError::Open)?;
        self.aead(suite, nonce)?.open(suite, tbs, sealed)
    }

    fn aead(&self, suite: CipherSuite, nonce: &[u8]) -> Result<AeadKey, AeadError> {
        let (length, _) = AeadKey::lengths(suite)?;
        let length = u16::try_from(length).map_err(|_| AeadError::MalformedKey)?;
        let key = expand_with_label(suite, &self.0, LINK_LABEL, b"", length)
            .ok_or(AeadError::UnsupportedCipherSuite(suite))?;
        Ok(AeadKey { key, nonce: nonce.to_vec() })
    }
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkKey").finish_non_exhaustive()
    }
}

/// The key of one credential, by the hash of the credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LinkKeyEntry {
    /// The hash of the encoded credential.
    pub credential_hash: Vec<u8>,
    /// Its key.
    pub link_key: LinkKey,
}

impl LinkKeyEntry {
    /// The key of a credential; nothing if the credential has no encoding or the suite is none of RFC 9420.
    pub fn of(suite: CipherSuite, credential: &Credential, link_key: LinkKey) -> Option<Self> {
        Some(Self { credential_hash: hash(suite, &credential.to_bytes().ok()?)?, link_key })
    }
}

impl Wire for LinkKeyEntry {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { credential_hash: r.opaque()?.to_vec(), link_key: LinkKey(r.array()?) })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.credential_hash)?;
        out.extend_from_slice(&self.link_key.0);
        Ok(())
    }
}

/// The keys of all credentials of a room, ordered by credential.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LinkKeyRing(Vec<LinkKeyEntry>);

impl LinkKeyRing {
    /// A ring with these keys, in any order.
    ///
    /// # Errors
    /// When a credential has two.
    pub fn new(mut entries: Vec<LinkKeyEntry>) -> Result<Self, EncodeError> {
        entries.sort_by(|a, b| a.credential_hash.cmp(&b.credential_hash));
        let ring = Self(entries);
        if ring.is_sorted() { Ok(ring) } else { Err(EncodeError::new(&RING_NOT_SORTED)) }
    }

    /// The key of a credential.
    pub fn key_of(&self, suite: CipherSuite, credential: &Credential) -> Option<&LinkKey> {
        let wanted = hash(suite, &credential.to_bytes().ok()?)?;
        let place = self.0.binary_search_by(|entry| entry.credential_hash.cmp(&wanted)).ok()?;
        self.0.get(place).map(|entry| &entry.link_key)
    }

    fn is_sorted(&self) -> bool {
        self.0.is_sorted_by(|a, b| a.credential_hash < b.credential_hash)
    }
}

impl Wire for LinkKeyRing {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let ring = Self(r.list()?);
        if ring.is_sorted() { Ok(ring) } else { Err(start.error(&RING_NOT_SORTED)) }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.0)
    }
}

/// A ring that cannot be sealed or opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RingError {
    /// Encryption failed, or the ciphertext is not of this group, epoch and key.
    #[error(transparent)]
    Aead(#[from] AeadError),
    /// What was encrypted is malformed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// Something is too long.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl RingError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Aead(_) => PROFILE,
            Self::Malformed(error) => error.section(),
            Self::Encode(error) => error.section(),
        }
    }
}

/// How many octets to export for the key of a ring; nothing if the suite is none of RFC 9420.
pub fn ring_key_length(suite: CipherSuite) -> Option<usize> {
    AeadKey::lengths(suite).ok().map(|(key, _)| key)
}

/// A ring, encrypted for the members of an epoch.
// req: MP06-6-02
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SealedRing {
    /// The group.
    pub group_id: Vec<u8>,
    /// The epoch whose exporter gives the key.
    pub epoch: Epoch,
    /// The nonce, from a random number generator.
    pub nonce: Vec<u8>,
    /// The ring, encrypted.
    pub ciphertext: Vec<u8>,
}

impl SealedRing {
    /// Encrypts a ring. `exported` is what the exporter of the epoch gives for [`RING_EXPORTER_LABEL`].
    ///
    /// # Errors
    /// When key or nonce are not as long as the suite wants them, or the ring is too long.
    pub fn seal(
        suite: CipherSuite,
        group_id: &[u8],
        epoch: Epoch,
        exported: &[u8],
        nonce: &[u8],
        ring: &LinkKeyRing,
    ) -> Result<Self, RingError> {
        let key = AeadKey { key: exported.to_vec(), nonce: nonce.to_vec() };
        let ciphertext = key.seal(suite, &aad(group_id, epoch)?, &ring.to_bytes()?)?;
        Ok(Self { group_id: group_id.to_vec(), epoch, nonce: nonce.to_vec(), ciphertext })
    }

    /// Decrypts the ring.
    ///
    /// # Errors
    /// When it was not sealed with this key for the group and epoch that it names.
    pub fn open(&self, suite: CipherSuite, exported: &[u8]) -> Result<LinkKeyRing, RingError> {
        let key = AeadKey { key: exported.to_vec(), nonce: self.nonce.clone() };
        let ring = key.open(suite, &aad(&self.group_id, self.epoch)?, &self.ciphertext)?;
        Ok(LinkKeyRing::from_bytes(&ring)?)
    }
}

fn aad(group_id: &[u8], epoch: Epoch) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    codec::put_opaque(&mut out, group_id)?;
    epoch.encode(&mut out)?;
    Ok(out)
}

impl Wire for SealedRing {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            group_id: r.opaque()?.to_vec(),
            epoch: Epoch::decode(r)?,
            nonce: r.opaque()?.to_vec(),
            ciphertext: r.opaque()?.to_vec(),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        codec::put_opaque(out, &self.nonce)?;
        codec::put_opaque(out, &self.ciphertext)
    }
}
