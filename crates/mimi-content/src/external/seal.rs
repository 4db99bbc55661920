//! From content to ciphertext and the external part that tells how to open it.

use alloc::{string::String, vec::Vec};

use crate::ExternalPart;

use super::{
    AeadAlgorithm, ContentHashAlgorithm, ContentKey, SealError,
    algorithm::Hasher,
    cipher::{Authenticator, Keystream},
};

/// Encrypts `content`. The second value is what has to lie at the URL.
///
/// # Errors
/// When the content is too long for the algorithm.
///
/// ```
/// use mimi_content::external::{AeadAlgorithm, ContentHashAlgorithm, ContentKey, Opening, seal};
///
/// # fn getrandom(octets: &mut [u8]) -> Result<(), std::io::Error> { octets.fill(7); Ok(()) }
/// let key = ContentKey::generate(AeadAlgorithm::Aes128Gcm, getrandom)?;
/// let (sealed, ciphertext) = seal(key, ContentHashAlgorithm::Sha256, b"a holiday video")?;
/// let part = sealed.into_part("video/mp4", "https://example.com/8ksB4bSrrRE.mp4");
///
/// // The receiver has the part from the message and the ciphertext from the URL.
/// assert_eq!(Opening::of(&part)?.open(&ciphertext)?, b"a holiday video");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// req: MC08-4.5-04
pub fn seal(key: ContentKey, hash: ContentHashAlgorithm, content: &[u8]) -> Result<(Sealed, Vec<u8>), SealError> {
    let mut sealer = match Sealer::new(key, hash) {
        Ok(sealer) => sealer,
        Err(key) => return seal_whole(key, hash, content),
    };
    let mut ciphertext = Vec::with_capacity(content.len().saturating_add(AeadAlgorithm::TAG_LEN));
    ciphertext.extend_from_slice(content);
    sealer.update(&mut ciphertext)?;
    let (sealed, tag) = sealer.finish();
    ciphertext.extend_from_slice(&tag);
    Ok((sealed, ciphertext))
}

/// The same for an algorithm that needs the content as a whole.
pub(super) fn seal_whole(
    key: ContentKey,
    hash: ContentHashAlgorithm,
    content: &[u8],
) -> Result<(Sealed, Vec<u8>), SealError> {
    let too_long = SealError::TooLong { algorithm: key.algorithm() };
    if content.len() as u64 > key.algorithm().max_content() {
        return Err(too_long);
    }
    let ciphertext = key.whole().seal(content).ok_or(too_long)?;
    let (content_hash, size) = (hash.hash(&ciphertext), ciphertext.len() as u64);
    Ok((Sealed { key: Some(key), hash, content_hash, size }, ciphertext))
}

/// Describes content that is not private and lies at its URL as it is (section 4.5: the encryption algorithm is zero).
#[must_use]
// req: MC08-4.5-05
pub fn describe_public(hash: ContentHashAlgorithm, content: &[u8]) -> Sealed {
    Sealed { key: None, hash, content_hash: hash.hash(content), size: content.len() as u64 }
}

/// What is known of content once it is encrypted; all that an [`ExternalPart`] needs besides its media type and URL.
#[derive(Debug)]
pub struct Sealed {
    pub(super) key: Option<ContentKey>,
    pub(super) hash: ContentHashAlgorithm,
    pub(super) content_hash: Vec<u8>,
    pub(super) size: u64,
}

impl Sealed {
    /// The part for the message. It does not expire and has neither description nor file name; set these fields after.
    #[must_use]
    // req: MC08-4.5-01, MC08-4.5-03, MC08-4.5-08
    pub fn into_part(self, content_type: impl Into<String>, url: impl Into<String>) -> ExternalPart {
        let (enc_alg, key, nonce, aad) = self.key.map(ContentKey::into_fields).unwrap_or_default();
        ExternalPart {
            content_type: content_type.into(),
            url: url.into(),
            expires: 0,
            size: self.size,
            enc_alg,
            key,
            nonce,
            aad,
            hash_alg: self.hash.number(),
            content_hash: self.content_hash,
            description: String::new(),
            filename: String::new(),
        }
    }

    /// Octets of what has to lie at the URL.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }
}

/// An encryption under way.
pub(super) struct Sealer {
    key: ContentKey,
    keystream: Keystream,
    authenticator: Authenticator,
    hash: ContentHashAlgorithm,
    hasher: Hasher,
    size: u64,
}

impl Sealer {
    /// Gives the key back if its algorithm needs the content as a whole.
    pub(super) fn new(key: ContentKey, hash: ContentHashAlgorithm) -> Result<Self, ContentKey> {
        match key.start() {
            Some((keystream, authenticator)) => {
                Ok(Self { key, keystream, authenticator, hash, hasher: Hasher::new(hash), size: 0 })
            }
            None => Err(key),
        }
    }

    /// Encrypts the next octets in place.
    pub(super) fn update(&mut self, bytes: &mut [u8]) -> Result<(), SealError> {
        let algorithm = self.key.algorithm();
        let too_long = SealError::TooLong { algorithm };
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > algorithm.max_content() {
            return Err(too_long);
        }
        self.keystream.apply(bytes).map_err(|_| too_long)?;
        self.authenticator.update(bytes);
        self.hasher.update(bytes);
        Ok(())
    }

    pub(super) fn finish(mut self) -> (Sealed, [u8; AeadAlgorithm::TAG_LEN]) {
        let tag = self.authenticator.finish();
        self.hasher.update(&tag);
        let sealed = Sealed {
            key: Some(self.key),
            hash: self.hash,
            content_hash: self.hasher.finish(),
            size: self.size.saturating_add(tag.len() as u64),
        };
        (sealed, tag)
    }
}
