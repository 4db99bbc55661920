//! Sealing the values of a state file (docs/adr/012-client-state-encryption.md).
//!
//! A sealed file has one random data key, from which everything else follows. The data key lies in the file, wrapped under a key that
//! Argon2id makes of the user's passphrase, so that another passphrase means one other row. A value is sealed with XChaCha20-Poly1305
//! under a nonce that is a keyed hash of what is sealed: the same value in the same place comes out the same, so that sealed values can
//! be looked up, and no nonce is ever used for two.

use std::{path::Path, sync::Arc};

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use openmls::prelude::OpenMlsRand as _;
use openmls_rust_crypto::RustCrypto;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::StateError;

const KEY: usize = 32;
const NONCE: usize = 24;
const SALT: usize = 16;
/// What Argon2id may be asked to do by a file: 1 GiB, 64 passes, 64 lanes.
const MOST: Work = Work { memory_kib: 1 << 20, passes: 64, lanes: 64 };

/// What opens a sealed state file: any octets but none.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    /// This passphrase.
    ///
    /// # Errors
    /// When it is empty.
    pub fn new(octets: impl Into<Vec<u8>>) -> Result<Self, StateError> {
        let octets = Zeroizing::new(octets.into());
        if octets.is_empty() { Err(StateError::EmptyPassphrase) } else { Ok(Self(octets)) }
    }

    /// The content of a file without a line end after it. The file may as well hold random octets.
    ///
    /// # Errors
    /// When the file cannot be read, or is empty.
    pub fn from_file(path: &Path) -> Result<Self, StateError> {
        let mut octets = Zeroizing::new(std::fs::read(path)?);
        for end in [b'\n', b'\r'] {
            if octets.last() == Some(&end) {
                octets.pop();
            }
        }
        Self::new(octets.to_vec())
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// How hard it is to try a passphrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) memory_kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

impl Work {
    /// The second recommended choice of RFC 9106 section 4: 64 MiB, three passes, four lanes.
    pub(crate) const RECOMMENDED: Self = Self { memory_kib: 1 << 16, passes: 3, lanes: 4 };

    fn is_bearable(self) -> bool {
        self.memory_kib <= MOST.memory_kib && self.passes <= MOST.passes && self.lanes <= MOST.lanes
    }
}

/// What a sealed file says about itself, in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) work: Work,
    pub(crate) salt: Vec<u8>,
    /// Nonce and ciphertext of the data key.
    pub(crate) wrapped: Vec<u8>,
}

impl Header {
    /// Wraps a data key under a passphrase, with a fresh salt.
    ///
    /// # Errors
    /// When there is no randomness, or not the memory that the work takes.
    pub(crate) fn wrap(key: &DataKey, passphrase: &Passphrase, work: Work) -> Result<Self, StateError> {
        let salt = random(SALT)?;
        let nonce = random(NONCE)?;
        let cipher = XChaCha20Poly1305::new(&wrapping_key(passphrase, &salt, work)?.into());
        let payload = Payload { msg: key.0.as_slice(), aad: &bound(work, &salt) };
        let sealed = cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| StateError::NoRandomness)?;
        Ok(Self { work, salt, wrapped: [nonce, sealed].concat() })
    }

    /// The data key.
    ///
    /// # Errors
    /// When the passphrase is another one, or the header was changed.
    pub(crate) fn unwrap(&self, passphrase: &Passphrase) -> Result<DataKey, StateError> {
        let damaged = StateError::Corrupt { what: "encryption header" };
        let Some((nonce, sealed)) = self.wrapped.split_at_checked(NONCE).filter(|_| self.work.is_bearable()) else {
            return Err(damaged);
        };
        let cipher = XChaCha20Poly1305::new(&wrapping_key(passphrase, &self.salt, self.work)?.into());
        let payload = Payload { msg: sealed, aad: &bound(self.work, &self.salt) };
        let key = cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| StateError::WrongPassphrase)?;
        Ok(DataKey(Zeroizing::new(key.try_into().map_err(|_| damaged)?)))
    }
}

fn bound(work: Work, salt: &[u8]) -> Vec<u8> {
    let figures = [work.memory_kib, work.passes, work.lanes].map(u32::to_be_bytes);
    [b"mimi state 1".as_slice(), figures.as_flattened(), salt].concat()
}

fn wrapping_key(passphrase: &Passphrase, salt: &[u8], work: Work) -> Result<[u8; KEY], StateError> {
    let unusable = |_| StateError::Corrupt { what: "encryption header" };
    let params = Params::new(work.memory_kib, work.passes, work.lanes, Some(KEY)).map_err(unusable)?;
    let mut key = [0; KEY];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(&passphrase.0, salt, &mut key)
        .map_err(unusable)?;
    Ok(key)
}

pub(crate) fn random(octets: usize) -> Result<Vec<u8>, StateError> {
    RustCrypto::default().random_vec(octets).map_err(|_| StateError::NoRandomness)
}

/// The key of everything in one file.
pub(crate) struct DataKey(Zeroizing<[u8; KEY]>);

impl DataKey {
    /// A fresh one.
    ///
    /// # Errors
    /// When there is no randomness.
    pub(crate) fn generate() -> Result<Self, StateError> {
        let octets = random(KEY)?.try_into().map_err(|_| StateError::NoRandomness)?;
        Ok(Self(Zeroizing::new(octets)))
    }

    fn derive(&self, label: &str) -> Zeroizing<[u8; KEY]> {
        Zeroizing::new(keyed_hash(&self.0, &[label.as_bytes()]))
    }
}

fn keyed_hash(key: &[u8; KEY], parts: &[&[u8]]) -> [u8; KEY] {
    // HMAC fills a key up to its block with zeros itself; so filled, it is one whose length needs no check.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new(&(*block).into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Seals and opens the values of one file, or lets them pass if the file is not sealed.
pub(crate) enum Vault {
    /// The file is not sealed.
    Open,
    /// It is.
    Sealed(Box<Keys>),
}

/// What follows from the data key.
pub(crate) struct Keys {
    cipher: XChaCha20Poly1305,
    nonces: Zeroizing<[u8; KEY]>,
}

/// A sealed value that does not open: it was changed, moved, or sealed under another key.
#[derive(Debug, thiserror::Error)]
#[error("a sealed value does not open")]
pub(crate) struct Damaged;

impl Vault {
    /// The vault of a data key.
    pub(crate) fn sealed(key: &DataKey) -> Arc<Self> {
        let cipher = XChaCha20Poly1305::new((&*key.derive("mimi state: values")).into());
        Arc::new(Self::Sealed(Box::new(Keys { cipher, nonces: key.derive("mimi state: nonces") })))
    }

    /// Seals a value for one place. The same value in the same place comes out the same.
    pub(crate) fn seal(&self, place: &[u8], value: &[u8]) -> Vec<u8> {
        let Self::Sealed(keys) = self else { return value.to_vec() };
        let nonce = keyed_hash(&keys.nonces, &[place, value]);
        let nonce = nonce.get(..NONCE).unwrap_or_default();
        let payload = Payload { msg: value, aad: place };
        // It fails for values of more than 256 GiB, which no SQLite value is.
        let sealed = keys.cipher.encrypt(XNonce::from_slice(nonce), payload).unwrap_or_default();
        [nonce, &sealed].concat()
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When it was not.
    pub(crate) fn open(&self, place: &[u8], stored: &[u8]) -> Result<Vec<u8>, Damaged> {
        let Self::Sealed(keys) = self else { return Ok(stored.to_vec()) };
        let (nonce, sealed) = stored.split_at_checked(NONCE).ok_or(Damaged)?;
        let payload = Payload { msg: sealed, aad: place };
        keys.cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| Damaged)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const LITTLE: Work = Work { memory_kib: 8, passes: 1, lanes: 1 };

    #[test]
    fn a_value_opens_in_its_place_alone_and_unchanged() {
        let vault = Vault::sealed(&DataKey::generate().unwrap());
        let sealed = vault.seal(b"here", b"a value");
        assert_eq!(vault.open(b"here", &sealed).unwrap(), b"a value");
        assert_eq!(vault.seal(b"here", b"a value"), sealed, "can be looked up");
        assert_ne!(vault.seal(b"there", b"a value"), sealed);
        assert!(vault.open(b"there", &sealed).is_err());
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(vault.open(b"here", &changed).is_err(), "octet {position}");
            assert!(vault.open(b"here", &sealed[..position]).is_err());
        }
        assert!(Vault::sealed(&DataKey::generate().unwrap()).open(b"here", &sealed).is_err());
        assert_eq!(vault.open(b"", &vault.seal(b"", b"")).unwrap(), b"");
    }

    #[test]
    fn the_data_key_comes_out_with_the_passphrase_alone() {
        let key = DataKey::generate().unwrap();
        let right = Passphrase::new("correct horse").unwrap();
        let header = Header::wrap(&key, &right, LITTLE).unwrap();
        assert_eq!(header.unwrap(&right).unwrap().0, key.0);
        let wrong = Passphrase::new("correct horse ").unwrap();
        assert!(matches!(header.unwrap(&wrong), Err(StateError::WrongPassphrase)));
        let mut changed = header.clone();
        changed.wrapped[30] ^= 1;
        assert!(matches!(changed.unwrap(&right), Err(StateError::WrongPassphrase)));
        // Figures out of a file are not believed: nobody works for an hour for them, or with fewer passes than were asked for.
        for work in
            [Work { memory_kib: u32::MAX, ..LITTLE }, Work { passes: 1 << 20, ..LITTLE }, Work { lanes: 0, ..LITTLE }]
        {
            let changed = Header { work, ..header.clone() };
            assert!(matches!(changed.unwrap(&right), Err(StateError::Corrupt { .. })), "{work:?}");
        }
        let cheaper = Header { work: Work { memory_kib: 16, ..LITTLE }, ..header.clone() };
        assert!(matches!(cheaper.unwrap(&right), Err(StateError::WrongPassphrase)));
        let cut = Header { wrapped: vec![1; 5], ..header };
        assert!(matches!(cut.unwrap(&right), Err(StateError::Corrupt { .. })));
    }

    #[test]
    fn a_passphrase_is_read_without_its_line_end_and_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("passphrase");
        for text in ["secret", "secret\n", "secret\r\n"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(*Passphrase::from_file(&file).unwrap().0, b"secret");
        }
        std::fs::write(&file, "\n").unwrap();
        assert!(matches!(Passphrase::from_file(&file), Err(StateError::EmptyPassphrase)));
        assert_eq!(format!("{:?}", Passphrase::new("secret").unwrap()), "Passphrase(..)");
    }
}
