//! The AEADs of the cipher suites (RFC 9420 section 17.1), by RustCrypto.

use std::fmt;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20poly1305::ChaCha20Poly1305;

use crate::values::CipherSuite;

/// Length of the nonce of every AEAD of RFC 9420, in octets.
const NONCE_LENGTH: usize = 12;

/// Encryption or decryption that failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AeadError {
    /// The cipher suite is none of RFC 9420.
    #[error("the AEAD of cipher suite {0} is not known (RFC 9420 section 17.1)")]
    UnsupportedCipherSuite(CipherSuite),
    /// Key or nonce has not the length that the AEAD asks for.
    #[error("key or nonce is of a wrong length (RFC 9420 section 17.1)")]
    MalformedKey,
    /// The ciphertext was not made with this key, nonce and additional data.
    #[error("the ciphertext does not open (RFC 9420 section 6.3.1)")]
    Open,
    /// The plaintext is too long for the AEAD.
    #[error("the plaintext is too long (RFC 9420 section 6.3.1)")]
    TooLong,
}

impl AeadError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::UnsupportedCipherSuite(_) | Self::MalformedKey => "RFC 9420 section 17.1",
            Self::Open | Self::TooLong => "RFC 9420 section 6.3.1",
        }
    }
}

/// The key and nonce of one message.
#[derive(Clone, PartialEq, Eq)]
pub struct AeadKey {
    /// The key.
    pub key: Vec<u8>,
    /// The nonce.
    pub nonce: Vec<u8>,
}

impl fmt::Debug for AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AeadKey").finish_non_exhaustive()
    }
}

#[derive(Clone, Copy)]
enum Algorithm {
    Aes128Gcm,
    Aes256Gcm,
    ChaCha20Poly1305,
}

impl Algorithm {
    const fn of(suite: CipherSuite) -> Result<Self, AeadError> {
        match suite.0 {
            1 | 2 => Ok(Self::Aes128Gcm),
            4 | 5 | 7 => Ok(Self::Aes256Gcm),
            3 | 6 => Ok(Self::ChaCha20Poly1305),
            _ => Err(AeadError::UnsupportedCipherSuite(suite)),
        }
    }

    const fn key_length(self) -> usize {
        match self {
            Self::Aes128Gcm => 16,
            Self::Aes256Gcm | Self::ChaCha20Poly1305 => 32,
        }
    }
}

impl AeadKey {
    /// Lengths of key and nonce in a cipher suite, `AEAD.Nk` and `AEAD.Nn`.
    ///
    /// # Errors
    /// When the suite is none of RFC 9420.
    pub fn lengths(suite: CipherSuite) -> Result<(usize, usize), AeadError> {
        Ok((Algorithm::of(suite)?.key_length(), NONCE_LENGTH))
    }

    /// Whether key and nonce are as long as the suite asks for.
    pub fn fits(&self, suite: CipherSuite) -> bool {
        Self::lengths(suite) == Ok((self.key.len(), self.nonce.len()))
    }

    /// The same key with the first four octets of the nonce changed by a reuse guard (RFC 9420 section 6.3.1).
    #[must_use]
    pub fn guarded(&self, reuse_guard: [u8; 4]) -> Self {
        let mut guarded = self.clone();
        guarded.nonce.iter_mut().zip(reuse_guard).for_each(|(octet, guard)| *octet ^= guard);
        guarded
    }

    /// Encrypts.
    ///
    /// # Errors
    /// When the suite is unknown, key or nonce do not fit it, or the plaintext is too long.
    pub fn seal(&self, suite: CipherSuite, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, AeadError> {
        let payload = Payload { msg: plaintext, aad };
        self.run(suite, payload, |cipher, nonce, payload| cipher.seal(nonce, payload)).map_err(|error| match error {
            AeadError::Open => AeadError::TooLong,
            other => other,
        })
    }

    /// Decrypts.
    ///
    /// # Errors
    /// When the suite is unknown, key or nonce do not fit it, or the ciphertext is not of this key, nonce and additional data.
    pub fn open(&self, suite: CipherSuite, aad: &[u8], ciphertext: &[u8]) -> Result<Vec<u8>, AeadError> {
        let payload = Payload { msg: ciphertext, aad };
        self.run(suite, payload, |cipher, nonce, payload| cipher.open(nonce, payload))
    }

    fn run(
        &self,
        suite: CipherSuite,
        payload: Payload<'_, '_>,
        act: impl FnOnce(&Cipher, &[u8; NONCE_LENGTH], Payload<'_, '_>) -> Result<Vec<u8>, aes_gcm::Error>,
    ) -> Result<Vec<u8>, AeadError> {
        let nonce = self.nonce.as_slice().try_into().map_err(|_| AeadError::MalformedKey)?;
        let malformed = |_| AeadError::MalformedKey;
        let cipher = match Algorithm::of(suite)? {
            Algorithm::Aes128Gcm => {
                Cipher::Aes128Gcm(Box::new(Aes128Gcm::new_from_slice(&self.key).map_err(malformed)?))
            }
            Algorithm::Aes256Gcm => {
                Cipher::Aes256Gcm(Box::new(Aes256Gcm::new_from_slice(&self.key).map_err(malformed)?))
            }
            Algorithm::ChaCha20Poly1305 => {
                Cipher::ChaCha20Poly1305(ChaCha20Poly1305::new_from_slice(&self.key).map_err(malformed)?)
            }
        };
        act(&cipher, nonce, payload).map_err(|_| AeadError::Open)
    }
}

enum Cipher {
    Aes128Gcm(Box<Aes128Gcm>),
    Aes256Gcm(Box<Aes256Gcm>),
    ChaCha20Poly1305(ChaCha20Poly1305),
}

impl Cipher {
    fn seal(&self, nonce: &[u8; NONCE_LENGTH], payload: Payload<'_, '_>) -> Result<Vec<u8>, aes_gcm::Error> {
        match self {
            Self::Aes128Gcm(cipher) => cipher.encrypt(nonce.into(), payload),
            Self::Aes256Gcm(cipher) => cipher.encrypt(nonce.into(), payload),
            Self::ChaCha20Poly1305(cipher) => cipher.encrypt(nonce.into(), payload),
        }
    }

    fn open(&self, nonce: &[u8; NONCE_LENGTH], payload: Payload<'_, '_>) -> Result<Vec<u8>, aes_gcm::Error> {
        match self {
            Self::Aes128Gcm(cipher) => cipher.decrypt(nonce.into(), payload),
            Self::Aes256Gcm(cipher) => cipher.decrypt(nonce.into(), payload),
            Self::ChaCha20Poly1305(cipher) => cipher.decrypt(nonce.into(), payload),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn key(suite: u16) -> AeadKey {
        let (key, nonce) = AeadKey::lengths(CipherSuite(suite)).unwrap();
        AeadKey { key: vec![7; key], nonce: vec![9; nonce] }
    }

    #[test]
    fn aes_128_gcm_gives_the_published_octets() {
        // Test case 4 of the GCM specification (McGrew, Viega), with additional data.
        let key = AeadKey {
            key: hex::decode("feffe9928665731c6d6a8f9467308308").unwrap(),
            nonce: hex::decode("cafebabefacedbaddecaf888").unwrap(),
        };
        let plaintext = hex::decode(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let sealed = key.seal(CipherSuite(1), &aad, &plaintext.unwrap()).unwrap();
        assert_eq!(
            hex::encode(sealed),
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091\
             5bc94fbc3221a5db94fae95ae7121a47"
        );
    }

    #[test]
    fn what_a_suite_seals_opens_with_the_same_key_nonce_and_data_only() {
        for suite in 1..=7 {
            let (suite, key) = (CipherSuite(suite), key(suite));
            assert!(key.fits(suite));
            let sealed = key.seal(suite, b"aad", b"text").unwrap();
            assert_eq!(sealed.len(), 4 + 16);
            assert_eq!(key.open(suite, b"aad", &sealed).unwrap(), b"text");
            assert_eq!(key.open(suite, b"AAD", &sealed), Err(AeadError::Open));
            assert_eq!(key.guarded([0, 0, 0, 1]).open(suite, b"aad", &sealed), Err(AeadError::Open));
            for place in 0..sealed.len() {
                let mut wrong = sealed.clone();
                wrong[place] ^= 1;
                assert_eq!(key.open(suite, b"aad", &wrong), Err(AeadError::Open));
            }
            assert_eq!(key.open(suite, b"aad", &sealed[..15]), Err(AeadError::Open));
        }
    }

    #[test]
    fn keys_of_a_wrong_length_and_unknown_suites_are_told_apart() {
        let short = AeadKey { key: vec![7; 15], nonce: vec![9; 12] };
        assert_eq!(short.seal(CipherSuite(1), b"", b""), Err(AeadError::MalformedKey));
        assert_eq!(
            AeadKey { key: vec![7; 16], nonce: vec![] }.seal(CipherSuite(1), b"", b""),
            Err(AeadError::MalformedKey)
        );
        let unknown = CipherSuite(0xf001);
        assert_eq!(key(1).seal(unknown, b"", b""), Err(AeadError::UnsupportedCipherSuite(unknown)));
        assert!(!key(1).fits(CipherSuite(3)) && !key(1).fits(unknown));
    }

    #[test]
    fn a_key_does_not_show_itself() {
        assert_eq!(format!("{:?}", key(1)), "AeadKey { .. }");
    }
}
