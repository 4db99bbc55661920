//! From ciphertext back to content, with every check before the first octet is given out.

use alloc::vec::Vec;

use crate::ExternalPart;

use super::{
    AeadAlgorithm, ContentHashAlgorithm, ContentKey, OpenError, PartError,
    algorithm::Hasher,
    cipher::{Authenticator, Keystream},
};

/// What an [`ExternalPart`] says about opening its content, checked for consistency.
///
/// The content hash is over the octets at the URL, which for encrypted content is the ciphertext with its tag. It is required:
/// whoever holds the key, every member of the room among them, can make other bytes that decrypt.
#[derive(Debug)]
pub struct Opening {
    key: Option<ContentKey>,
    hash: ContentHashAlgorithm,
    content_hash: Vec<u8>,
    size: u64,
    limit: u64,
}

impl Opening {
    /// Reads the part.
    ///
    /// # Errors
    /// When an algorithm is unknown here, a length does not fit its algorithm, there is no content hash, or there are key, nonce
    /// or additional data without encryption.
    pub fn of(part: &ExternalPart) -> Result<Self, PartError> {
        let key = if part.enc_alg == 0 {
            // req: MC08-4.5-05
            if !(part.key.is_empty() && part.nonce.is_empty() && part.aad.is_empty()) {
                return Err(PartError::SecretsWithoutEncryption);
            }
            None
        } else {
            let algorithm = AeadAlgorithm::try_from(part.enc_alg)?;
            Some(ContentKey::new(algorithm, &part.key, &part.nonce)?.with_aad(part.aad.clone()))
        };
        let hash = ContentHashAlgorithm::try_from(part.hash_alg)?;
        if part.content_hash.len() != hash.output_len() {
            return Err(PartError::HashLength { expected: hash.output_len(), found: part.content_hash.len() });
        }
        Ok(Self { key, hash, content_hash: part.content_hash.clone(), size: part.size, limit: u64::MAX })
    }

    /// Takes no more than `octets` from the URL, whatever the part declares.
    #[must_use]
    pub const fn limit(mut self, octets: u64) -> Self {
        self.limit = octets;
        self
    }

    /// How many octets a download may have at most: the caller's limit, or that of the algorithm or the declared size if
    /// these are less. Stop reading past it.
    #[must_use]
    pub fn max_download(&self) -> u64 {
        let limit = self.effective_limit();
        if self.size == 0 { limit } else { limit.min(self.size.saturating_add(self.tag_len())) }
    }

    /// Checks size, hash and authentication tag, and decrypts.
    ///
    /// # Errors
    /// When any of them is wrong; nothing of the content is returned then.
    pub fn open(&self, fetched: &[u8]) -> Result<Vec<u8>, OpenError> {
        let mut verifier = Verifier::new(self);
        verifier.update(fetched)?;
        let content_len = verifier.finish()?;
        if let Some(key) = self.whole_key() {
            return key.whole().open(fetched).ok_or(OpenError::NotAuthentic);
        }
        let content_len = usize::try_from(content_len).unwrap_or(usize::MAX);
        let mut content = fetched.get(..content_len).unwrap_or(fetched).to_vec();
        // req: MC08-7.1-03
        self.decryptor().apply(&mut content)?;
        Ok(content)
    }

    #[cfg(feature = "std")]
    pub(super) const fn hash(&self) -> ContentHashAlgorithm {
        self.hash
    }

    pub(super) fn decryptor(&self) -> Decryptor {
        Decryptor(self.key.as_ref().and_then(ContentKey::start).map(|(keystream, _)| keystream))
    }

    /// The key, if its algorithm needs the content as a whole.
    pub(super) fn whole_key(&self) -> Option<&ContentKey> {
        self.key.as_ref().filter(|key| !key.algorithm().streams())
    }

    /// The caller's limit or that of the algorithm, whichever is less.
    fn effective_limit(&self) -> u64 {
        match &self.key {
            Some(key) => self.limit.min(key.algorithm().max_content().saturating_add(self.tag_len())),
            None => self.limit,
        }
    }

    /// Octets of the tag at the end of what lies at the URL.
    pub(super) fn tag_len(&self) -> u64 {
        if self.key.is_some() { AeadAlgorithm::TAG_LEN as u64 } else { 0 }
    }

    fn check_growing(&self, found: u64) -> Result<(), OpenError> {
        if self.size != 0 && found > self.size.saturating_add(self.tag_len()) {
            return Err(OpenError::SizeDiffers { declared: self.size, found });
        }
        let limit = self.effective_limit();
        if found > limit {
            return Err(OpenError::TooLarge { limit });
        }
        Ok(())
    }

    /// The draft does not say whether the size is that of the ciphertext or of the content, so both are taken. The hash decides.
    fn check_size(&self, found: u64) -> Result<(), OpenError> {
        let declared = self.size;
        // req: MC08-4.5-02
        if declared == 0 || found == declared || found == declared.saturating_add(self.tag_len()) {
            return Ok(());
        }
        Err(OpenError::SizeDiffers { declared, found })
    }
}

/// The keystream of an opening, or nothing when the content is not encrypted.
pub(super) struct Decryptor(Option<Keystream>);

impl Decryptor {
    pub(super) fn apply(&mut self, bytes: &mut [u8]) -> Result<(), OpenError> {
        match &mut self.0 {
            Some(keystream) => keystream.apply(bytes).map_err(|_| OpenError::NotAuthentic),
            None => Ok(()),
        }
    }
}

/// Checks content that comes in pieces.
pub(super) struct Verifier<'a> {
    opening: &'a Opening,
    hasher: Hasher,
    authenticator: Option<Authenticator>,
    /// The last octets so far, which may be the tag.
    tail: Vec<u8>,
    found: u64,
}

impl<'a> Verifier<'a> {
    pub(super) fn new(opening: &'a Opening) -> Self {
        Self {
            opening,
            hasher: Hasher::new(opening.hash),
            authenticator: opening.key.as_ref().and_then(ContentKey::start).map(|(_, authenticator)| authenticator),
            tail: Vec::with_capacity(2 * AeadAlgorithm::TAG_LEN),
            found: 0,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) -> Result<(), OpenError> {
        self.found = self.found.saturating_add(bytes.len() as u64);
        self.opening.check_growing(self.found)?;
        self.hasher.update(bytes);
        if let Some(authenticator) = &mut self.authenticator {
            let (body, end) = bytes.split_at(bytes.len().saturating_sub(AeadAlgorithm::TAG_LEN));
            // What `body` and `end` push out of the tail is ciphertext for sure.
            let spare = (self.tail.len() + end.len()).saturating_sub(AeadAlgorithm::TAG_LEN);
            authenticator.update(self.tail.get(..spare).unwrap_or_default());
            self.tail.drain(..spare.min(self.tail.len()));
            authenticator.update(body);
            self.tail.extend_from_slice(end);
        }
        Ok(())
    }

    /// The hash of everything so far, to recognise the same bytes again.
    #[cfg(feature = "std")]
    pub(super) fn checkpoint(&self) -> Checkpoint {
        Checkpoint::of(&self.hasher)
    }

    /// Octets of the content without the tag, when everything is right. With an algorithm that needs the content as a whole the tag
    /// is still to be checked.
    pub(super) fn finish(self) -> Result<u64, OpenError> {
        self.opening.check_size(self.found)?;
        if self.hasher.finish() != self.opening.content_hash {
            return Err(OpenError::HashDiffers);
        }
        if self.found < self.opening.tag_len() {
            return Err(OpenError::NoTag { found: self.found });
        }
        let Some(authenticator) = self.authenticator else { return Ok(self.found) };
        if !authenticator.verify(&self.tail) {
            return Err(OpenError::NotAuthentic);
        }
        Ok(self.found.saturating_sub(AeadAlgorithm::TAG_LEN as u64))
    }
}

/// The first 32 octets of the hash up to a place, enough to recognise the bytes before it.
#[cfg(feature = "std")]
#[derive(PartialEq, Eq)]
pub(super) struct Checkpoint([u8; 32]);

#[cfg(feature = "std")]
impl Checkpoint {
    pub(super) fn of(hasher: &Hasher) -> Self {
        let mut short = [0; 32];
        for (to, from) in short.iter_mut().zip(hasher.clone().finish()) {
            *to = from;
        }
        Self(short)
    }
}
