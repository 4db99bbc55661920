//! Large content in constant memory (section 4.5).
//!
//! Encrypting takes one pass. Opening takes two: the first computes hash and tag over the ciphertext and writes nothing, the second
//! decrypts. So no octet reaches the sink before all of them are known to be the sender's. The first pass remembers a hash for every
//! [`CHUNK`], and the second compares before it writes, so a file that is changed in between cannot slip through.
//!
//! Algorithms that do not [stream](super::AeadAlgorithm::streams) work here as well, with the content in memory and its size bounded.

use std::{
    io::{Read, Seek, SeekFrom, Write},
    vec,
    vec::Vec,
};

use super::{
    ContentHashAlgorithm, ContentKey, Opening, Sealed, StreamError,
    algorithm::Hasher,
    open::{Checkpoint, Verifier},
    seal::{Sealer, seal_whole},
};

/// Octets read at a time.
pub const CHUNK: usize = 256 * 1024;

/// Encrypts all of `content` into `ciphertext`, as [`seal`](super::seal) does, in constant memory.
///
/// # Errors
/// When the source or the sink fails, or the content is too long for the algorithm. What is in the sink is of no use then.
pub fn seal_stream(
    key: ContentKey,
    hash: ContentHashAlgorithm,
    mut content: impl Read,
    mut ciphertext: impl Write,
) -> Result<Sealed, StreamError> {
    let mut sealer = match Sealer::new(key, hash) {
        Ok(sealer) => sealer,
        Err(key) => {
            let limit = key.algorithm().max_content();
            let mut whole = Vec::new();
            content.take(limit.saturating_add(1)).read_to_end(&mut whole).map_err(StreamError::Read)?;
            let (sealed, whole) = seal_whole(key, hash, &whole)?;
            ciphertext.write_all(&whole).and_then(|()| ciphertext.flush()).map_err(StreamError::Write)?;
            return Ok(sealed);
        }
    };
    let mut buffer = vec![0; CHUNK];
    loop {
        let chunk = read_chunk(&mut content, &mut buffer)?;
        if chunk.is_empty() {
            break;
        }
        sealer.update(chunk)?;
        ciphertext.write_all(chunk).map_err(StreamError::Write)?;
    }
    let (sealed, tag) = sealer.finish();
    ciphertext.write_all(&tag).map_err(StreamError::Write)?;
    ciphertext.flush().map_err(StreamError::Write)?;
    Ok(sealed)
}

/// Describes content that is not private, as [`describe_public`](super::describe_public) does, in constant memory.
///
/// # Errors
/// When the source fails.
pub fn describe_public_stream(hash: ContentHashAlgorithm, mut content: impl Read) -> Result<Sealed, StreamError> {
    let mut hasher = Hasher::new(hash);
    let mut buffer = vec![0; CHUNK];
    let mut size = 0_u64;
    loop {
        let chunk = read_chunk(&mut content, &mut buffer)?;
        if chunk.is_empty() {
            break;
        }
        hasher.update(chunk);
        size = size.saturating_add(chunk.len() as u64);
    }
    Ok(Sealed { key: None, hash, content_hash: hasher.finish(), size })
}

impl Opening {
    /// Checks everything in a first pass over `fetched`, goes back to where it stood, and decrypts into `content` in a second.
    /// Returns the octets written.
    ///
    /// # Errors
    /// When the content is refused, and nothing has been written then; or when the source or the sink fails.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use mimi_content::external::{AeadAlgorithm, ContentHashAlgorithm, ContentKey, Opening, seal_stream};
    ///
    /// let key = ContentKey::new(AeadAlgorithm::Aes128Gcm, &[1; 16], &[2; 12])?; // for the example; keys are random
    /// let mut ciphertext = Cursor::new(Vec::new());
    /// let sealed = seal_stream(key, ContentHashAlgorithm::Sha256, "a long film".as_bytes(), &mut ciphertext)?;
    /// let part = sealed.into_part("video/mp4", "https://example.com/film");
    ///
    /// ciphertext.set_position(0);
    /// let mut film = Vec::new();
    /// Opening::of(&part)?.open_stream(&mut ciphertext, &mut film)?;
    /// assert_eq!(film, b"a long film");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open_stream(&self, mut fetched: impl Read + Seek, content: impl Write) -> Result<u64, StreamError> {
        let start = fetched.stream_position().map_err(StreamError::Read)?;
        let verified = self.verify(&mut fetched)?;
        fetched.seek(SeekFrom::Start(start)).map_err(StreamError::Read)?;
        verified.decrypt(fetched, content)
    }

    /// The first pass by itself, for a source that is opened twice instead of sought.
    ///
    /// # Errors
    /// When the content is refused or the source fails.
    pub fn verify(&self, mut fetched: impl Read) -> Result<Verified<'_>, StreamError> {
        if self.whole_key().is_some() {
            let mut whole = Vec::new();
            let limit = self.max_download().saturating_add(1);
            fetched.take(limit).read_to_end(&mut whole).map_err(StreamError::Read)?;
            let content = self.open(&whole)?;
            return Ok(Verified { opening: self, content_len: content.len() as u64, pass: Pass::Whole(content) });
        }
        let mut verifier = Verifier::new(self);
        let mut checkpoints = Vec::new();
        let mut buffer = vec![0; CHUNK];
        loop {
            let chunk = read_chunk(&mut fetched, &mut buffer)?;
            if chunk.is_empty() {
                break;
            }
            verifier.update(chunk)?;
            checkpoints.push(verifier.checkpoint());
        }
        let content_len = verifier.finish()?;
        Ok(Verified { opening: self, content_len, pass: Pass::Second(checkpoints) })
    }
}

/// Content that has passed every check and can be decrypted. Holds one hash for every [`CHUNK`] of it: 128 KiB for 1 GiB.
pub struct Verified<'a> {
    opening: &'a Opening,
    content_len: u64,
    pass: Pass,
}

enum Pass {
    /// The hashes that the second pass compares with.
    Second(Vec<Checkpoint>),
    /// The content, of an algorithm that needs it as a whole.
    Whole(Vec<u8>),
}

impl Verified<'_> {
    /// Octets of the content once it is decrypted.
    #[must_use]
    pub const fn content_len(&self) -> u64 {
        self.content_len
    }

    /// The second pass: the same bytes again from the start, decrypted into `content`. Returns the octets written.
    ///
    /// # Errors
    /// When the source or the sink fails, or the source gives other bytes than before: no octet of the chunk that differs is written.
    pub fn decrypt(&self, mut fetched: impl Read, mut content: impl Write) -> Result<u64, StreamError> {
        let checkpoints = match &self.pass {
            Pass::Second(checkpoints) => checkpoints,
            Pass::Whole(whole) => {
                content.write_all(whole).and_then(|()| content.flush()).map_err(StreamError::Write)?;
                return Ok(self.content_len);
            }
        };
        let mut hasher = Hasher::new(self.opening.hash());
        let mut decryptor = self.opening.decryptor();
        let mut buffer = vec![0; CHUNK];
        let mut left = self.content_len;
        let mut offset = 0_u64;
        for checkpoint in checkpoints {
            let chunk = read_chunk(&mut fetched, &mut buffer)?;
            hasher.update(chunk);
            if Checkpoint::of(&hasher) != *checkpoint {
                return Err(StreamError::Changed { offset });
            }
            offset = offset.saturating_add(chunk.len() as u64);
            let body = usize::try_from(left).unwrap_or(usize::MAX).min(chunk.len());
            let (body, _) = chunk.split_at_mut(body);
            decryptor.apply(body)?;
            content.write_all(body).map_err(StreamError::Write)?;
            left = left.saturating_sub(body.len() as u64);
        }
        content.flush().map_err(StreamError::Write)?;
        Ok(self.content_len)
    }
}

/// Fills the buffer as far as the source goes.
fn read_chunk<'b>(source: &mut impl Read, buffer: &'b mut [u8]) -> Result<&'b mut [u8], StreamError> {
    let mut filled = 0;
    while let Some(room @ [_, ..]) = buffer.get_mut(filled..) {
        match source.read(room) {
            Ok(0) => break,
            Ok(octets) => filled += octets.min(room.len()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(StreamError::Read(error)),
        }
    }
    Ok(buffer.split_at_mut(filled).0)
}
