//! Message IDs, section 3.3.

use core::fmt;
use core::str::FromStr;

use sha2::{Digest, Sha256};

use crate::Salt;

/// Names a message: an octet for the hash algorithm and the first 31 octets of the hash. Ordered by octets, which breaks ties
/// between messages that the hub accepted in the same millisecond.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; 32]);

/// A message ID cannot be computed or read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageIdError {
    /// A URI whose length does not fit 16 bits.
    #[error("a URI of {octets} octets; at most 65535 can be hashed (draft-ietf-mimi-content-08 section 3.3)")]
    UriTooLong {
        /// Its length.
        octets: usize,
    },
    /// Sender or room is neither given nor in the extensions.
    #[error("the extensions do not name sender and room")]
    NoUris,
    /// Not 64 hexadecimal digits.
    #[error("not 64 hexadecimal digits")]
    NotHexadecimal,
}

impl MessageId {
    /// SHA-256 in IANA's registry of named information hash algorithms; the only one that 08 uses.
    // req: MC08-3.3-06
    pub const SHA_256: u8 = 1;

    /// Takes 32 octets as they are. The first may name an unknown algorithm.
    pub const fn from_bytes(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// Computes the ID of a message out of its octets, with SHA-256.
    ///
    /// # Errors
    /// [`MessageIdError::UriTooLong`]
    // req: MC08-3.3-01, MC08-3.3-02, MC08-3.3-03, MC08-3.3-04, MC08-3.3-05
    pub fn compute(message: &[u8], sender_uri: &str, room_uri: &str, salt: &Salt) -> Result<Self, MessageIdError> {
        let mut hash = Sha256::new();
        for uri in [sender_uri, room_uri] {
            let length = u16::try_from(uri.len()).map_err(|_| MessageIdError::UriTooLong { octets: uri.len() })?;
            hash.update(length.to_be_bytes());
            hash.update(uri);
        }
        hash.update(message);
        // A second time, against extension of the hash's input.
        hash.update(salt.as_bytes());
        let output: [u8; 32] = hash.finalize().into();
        let mut id = [Self::SHA_256; 32];
        for (to, from) in id.iter_mut().skip(1).zip(output) {
            *to = from;
        }
        Ok(Self(id))
    }

    /// Hash algorithm by its number at IANA.
    pub const fn hash_alg(&self) -> u8 {
        let [first, ..] = self.0;
        first
    }

    /// The octets.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MessageId({self})")
    }
}

impl FromStr for MessageId {
    type Err = MessageIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut id = [0; 32];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != id.len() || !rest.is_empty() {
            return Err(MessageIdError::NotHexadecimal);
        }
        for (octet, [high, low]) in id.iter_mut().zip(pairs) {
            *octet = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(id))
    }
}

fn digit(character: u8) -> Result<u8, MessageIdError> {
    char::from(character).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(MessageIdError::NotHexadecimal)
}
