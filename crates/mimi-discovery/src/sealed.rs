//! Entries for some only: a person or a group that holds a capability (discovery profile 0 section 5).
//!
//! A capability is 32 octets that the recipient hands out by other means: to one person (fifth user journey), to a closed group (sixth), or
//! in a link (seventh). Who has it finds the entries that are sealed for it; who has not learns that there are some, and how many parts, and
//! neither for whom nor what. A capability that leaks opens every mapping that is sealed for it until the recipient takes another one.

use std::fmt;

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hmac::{Hmac, Mac};
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use sha2::Sha256;

use crate::csi::Csi;
use crate::mapping::{MappingEntry, decode_entries, encode_entries};
use crate::profile::{PROFILE, framed};

/// Plaintexts are padded to a multiple of this, in octets.
const PADDING: usize = 128;
/// The longest sealed part, in octets: more does not fit in a record.
pub const MAX_CIPHERTEXT: usize = 640;

rules! {
    SEALED_LENGTH = "a sealed part is not a multiple of 128 octets and a tag, or longer than 640 octets", "discovery profile 0 section 5";
    PADDING_NOT_ZERO = "the padding of sealed entries is not zero", "discovery profile 0 section 5";
    PADDING_TOO_LONG = "sealed entries are padded further than to the next multiple of 128 octets", "discovery profile 0 section 5";
}

/// What opens entries that are sealed for a person or a group.
#[derive(Clone, PartialEq, Eq)]
pub struct Capability([u8; 32]);

impl Capability {
    /// From 32 octets of a random number generator.
    #[must_use]
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The octets, to hand them on.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key for one identifier.
    fn key(&self, csi: &Csi) -> ChaCha20Poly1305 {
        let mut input = Vec::new();
        framed(&mut input, PROFILE.as_bytes());
        framed(&mut input, b"SealedEntries");
        framed(&mut input, &csi.key().0);
        // A PRF with a uniform key of 32 octets: one HMAC gives the derived key (RFC 5869 section 2.3 with one block).
        // HMAC pads a shorter key with zeros.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        let mut mac = <Hmac<Sha256> as Mac>::new(&block.into());
        mac.update(&input);
        ChaCha20Poly1305::new(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Capability(..)")
    }
}

/// Entries that are sealed for a capability (discovery profile 0 section 5).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SealedEntries {
    nonce: [u8; 12],
    ciphertext: Vec<u8>,
}

impl fmt::Debug for SealedEntries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedEntries({} octets)", self.ciphertext.len())
    }
}

/// A sealed part that cannot be made.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The entries have no encoding.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The cipher failed.
    #[error("the entries cannot be encrypted")]
    Cipher,
}

/// A sealed part that is for this capability and still not to be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("sealed entries: {0}")]
pub struct OpenError(#[from] DecodeError);

impl SealedEntries {
    /// Seals entries for who holds the capability, for one identifier; `nonce` comes from a random number generator and is used once.
    ///
    /// # Errors
    /// When the entries have no encoding, or a too long one.
    pub fn seal(
        csi: &Csi,
        capability: &Capability,
        nonce: [u8; 12],
        entries: &[MappingEntry],
    ) -> Result<Self, SealError> {
        let mut sorted = entries.to_vec();
        sorted.sort_by(|a, b| a.msp.cmp(&b.msp));
        let mut plaintext = Vec::new();
        encode_entries(&mut plaintext, &sorted)?;
        plaintext.resize(plaintext.len().next_multiple_of(PADDING), 0);
        let payload = Payload { msg: &plaintext, aad: &csi.key().0 };
        let ciphertext =
            capability.key(csi).encrypt(Nonce::from_slice(&nonce), payload).map_err(|_| SealError::Cipher)?;
        check(&ciphertext).map_err(EncodeError::new)?;
        Ok(Self { nonce, ciphertext })
    }

    /// The nonce under which they are sealed.
    #[must_use]
    pub const fn nonce(&self) -> &[u8; 12] {
        &self.nonce
    }

    /// What others see of them.
    #[must_use]
    pub fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }

    /// The entries; `None` when they are not for this capability.
    ///
    /// # Errors
    /// They are for it, and malformed.
    pub fn open(&self, csi: &Csi, capability: &Capability) -> Result<Option<Vec<MappingEntry>>, OpenError> {
        let payload = Payload { msg: &self.ciphertext, aad: &csi.key().0 };
        let Ok(plaintext) = capability.key(csi).decrypt(Nonce::from_slice(&self.nonce), payload) else {
            return Ok(None);
        };
        let mut reader = Reader::new(&plaintext);
        let entries = decode_entries(&mut reader)?;
        if reader.rest().len() >= PADDING {
            return Err(reader.error(&PADDING_TOO_LONG).into());
        }
        if reader.rest().iter().any(|octet| *octet != 0) {
            return Err(reader.error(&PADDING_NOT_ZERO).into());
        }
        Ok(Some(entries))
    }
}

fn check(ciphertext: &[u8]) -> Result<(), &'static codec::Rule> {
    let plaintext = ciphertext.len().checked_sub(16).filter(|length| *length > 0 && length.is_multiple_of(PADDING));
    if plaintext.is_none() || ciphertext.len() > MAX_CIPHERTEXT { Err(&SEALED_LENGTH) } else { Ok(()) }
}

impl Wire for SealedEntries {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let nonce = r.array()?;
        let start = r.clone();
        let ciphertext = r.opaque()?;
        check(ciphertext).map_err(|rule| start.error(rule))?;
        Ok(Self { nonce, ciphertext: ciphertext.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        check(&self.ciphertext).map_err(EncodeError::new)?;
        out.extend_from_slice(&self.nonce);
        codec::put_opaque(out, &self.ciphertext)
    }
}
