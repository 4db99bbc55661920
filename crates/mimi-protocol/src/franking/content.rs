//! What the sender does (draft-ietf-mimi-protocol-06 section 5.4.1.1): content that can be franked, and its tag.

use std::fmt;

use hmac::{Hmac, Mac};
use mimi_arch::MimiUri;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::identifier_uri::IdentifierUri;
use crate::mls::Credential;

/// HMAC-SHA256 with a key that fits into one block, which therefore needs no hashing and cannot fail.
pub(super) fn hmac_sha256<const N: usize>(key: &[u8; N], parts: &[&[u8]]) -> [u8; 32] {
    const { assert!(N <= 64, "the key is not longer than a block of SHA-256") };
    let mut block = [0; 64];
    for (place, octet) in block.iter_mut().zip(key) {
        *place = *octet;
    }
    let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The sender's commitment to the application data (draft-ietf-mimi-protocol-06 section 5.4.1).
///
/// Two tags are compared in a time that does not depend on their octets.
#[derive(Clone, Copy)]
pub struct FrankingTag([u8; 32]);

impl FrankingTag {
    /// The octets as they stand on the wire.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for FrankingTag {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl PartialEq for FrankingTag {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for FrankingTag {}

impl fmt::Debug for FrankingTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FrankingTag(")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}

/// The tag of application data under the salt that stands in them (draft-ietf-mimi-protocol-06 section 5.4.1.1).
///
/// `application_data` is what MLS encrypts, whole: with content advertisement that includes the media type before the
/// content. A salt has 16 octets, always: HMAC pads keys with zeros, so that salts of several lengths could stand for
/// one another.
// req: MP06-5.4.1.1-03, MP06-5.4.1.1-04
pub fn franking_tag(salt: &[u8; 16], application_data: &[u8]) -> FrankingTag {
    FrankingTag(hmac_sha256(salt, &[application_data]))
}

/// Application data, and what a reader of their format found in them (draft-ietf-mimi-protocol-06 section 5.4.1.1).
///
/// In MIMI content the URIs are the extensions 1 and 2. All fields have to be read from `application_data`: values from
/// elsewhere prove nothing.
// req: MP06-5.4.1.1-01, MP06-5.4.1.1-02
#[derive(Clone, Copy, Debug)]
pub struct FrankedContent<'a> {
    /// What MLS decrypted, whole.
    pub application_data: &'a [u8],
    /// The sender's random octets.
    pub salt: &'a [u8; 16],
    /// Whom the content says it is from.
    pub sender_uri: &'a IdentifierUri,
    /// The room that the content says it was sent to.
    pub room_uri: &'a IdentifierUri,
}

impl FrankedContent<'_> {
    /// The tag that belongs to the content.
    pub fn tag(&self) -> FrankingTag {
        franking_tag(self.salt, self.application_data)
    }
}

/// Whether two URIs name the same, however they are spelt. What is no MIMI URI names nothing.
pub(super) fn same(a: &str, b: &str) -> bool {
    match (a.parse::<MimiUri>(), b.parse::<MimiUri>()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// Whether a member with this credential is the sender: the credential names the sender, or a client of that user.
pub(super) fn is_of_sender(credential: &Credential, sender: &str) -> bool {
    let identity = credential.as_basic().and_then(|identity| MimiUri::from_bytes(identity).ok());
    match identity {
        Some(MimiUri::Client(client)) => client.user().is_some_and(|user| same(user.as_str(), sender)),
        Some(other) => same(other.as_str(), sender),
        None => false,
    }
}
