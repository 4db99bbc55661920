//! The ephemeral key of one external part.

use alloc::vec::Vec;
use core::fmt;

use super::{
    AeadAlgorithm, PartError,
    cipher::{self, Authenticator, Keystream, Secret},
    whole::Whole,
};

/// A key and a nonce for one encryption, with the additional data.
///
/// Encrypting consumes it, and it cannot be cloned: two contents under one key and nonce would betray each other.
pub struct ContentKey {
    secret: Secret,
    nonce: [u8; AeadAlgorithm::NONCE_LEN],
    aad: Vec<u8>,
}

impl ContentKey {
    /// Takes key and nonce as they are. The additional data are empty, as section 4.5 has it.
    ///
    /// # Errors
    /// When the key or the nonce is not as long as the algorithm asks.
    pub fn new(algorithm: AeadAlgorithm, key: &[u8], nonce: &[u8]) -> Result<Self, PartError> {
        let secret = Secret::new(algorithm, key)?;
        let nonce = nonce.try_into().map_err(|_| PartError::NonceLength { algorithm, found: nonce.len() })?;
        // req: MC08-4.5-07
        Ok(Self { secret, nonce, aad: Vec::new() })
    }

    /// Makes key and nonce with `fill`, which has to fill the slice it is given from a cryptographic random source.
    ///
    /// # Errors
    /// What `fill` returned.
    ///
    /// ```
    /// use mimi_content::external::{AeadAlgorithm, ContentKey};
    ///
    /// # fn getrandom(octets: &mut [u8]) -> Result<(), std::io::Error> { octets.fill(7); Ok(()) }
    /// let key = ContentKey::generate(AeadAlgorithm::Aes128Gcm, getrandom)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn generate<E>(algorithm: AeadAlgorithm, mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let secret = match algorithm {
            AeadAlgorithm::Aes128Gcm => Secret::Aes128Gcm(filled(&mut fill)?),
            AeadAlgorithm::Aes256Gcm => Secret::Aes256Gcm(filled(&mut fill)?),
            AeadAlgorithm::Aes128Ccm => Secret::Aes128Ccm(filled(&mut fill)?),
            AeadAlgorithm::Aes256Ccm => Secret::Aes256Ccm(filled(&mut fill)?),
            AeadAlgorithm::ChaCha20Poly1305 => Secret::ChaCha20Poly1305(filled(&mut fill)?),
            AeadAlgorithm::Aes128GcmSiv => Secret::Aes128GcmSiv(filled(&mut fill)?),
            AeadAlgorithm::Aes256GcmSiv => Secret::Aes256GcmSiv(filled(&mut fill)?),
        };
        Ok(Self { secret, nonce: filled(&mut fill)?, aad: Vec::new() })
    }

    /// Additional data to authenticate. Only an extension has a use for them; without one they stay empty (section 4.5).
    #[must_use]
    pub fn with_aad(mut self, aad: Vec<u8>) -> Self {
        self.aad = aad;
        self
    }

    /// What it encrypts with.
    #[must_use]
    pub const fn algorithm(&self) -> AeadAlgorithm {
        self.secret.algorithm()
    }

    /// Nothing for algorithms that need the content as a whole.
    pub(super) fn start(&self) -> Option<(Keystream, Authenticator)> {
        cipher::start(&self.secret, &self.nonce, &self.aad)
    }

    pub(super) fn whole(&self) -> Whole<'_> {
        Whole { secret: &self.secret, nonce: &self.nonce, aad: &self.aad }
    }

    /// As the fields of an external part: number, key, nonce, additional data.
    pub(super) fn into_fields(self) -> (u16, Vec<u8>, Vec<u8>, Vec<u8>) {
        (self.algorithm().number(), self.secret.as_bytes().to_vec(), self.nonce.to_vec(), self.aad)
    }
}

fn filled<const N: usize, E>(fill: &mut impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<[u8; N], E> {
    let mut octets = [0; N];
    fill(&mut octets)?;
    Ok(octets)
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentKey").field("algorithm", &self.algorithm()).finish_non_exhaustive()
    }
}
