//! What all objects of the profile share: its name, limits, times, keys and signatures (discovery profile 0 section 2).
//!
//! The profile is experimental and of this project. The working group has requirements
//! (draft-interop-mimi-discovery-requirements-03) and no protocol yet; nothing here is a standard.

use std::fmt;

use ed25519_dalek::{Signature as DalekSignature, Signer as _, SigningKey, VerifyingKey};
use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use mimi_arch::wire_newtype;

/// Name of the profile, as signatures and key derivations bind it.
pub const PROFILE: &str = "MIMI discovery profile 0";

rules! {
    DOMAIN_INVALID = "a provider is not named by a domain in lower case", "discovery profile 0 section 2";
    TIMES_CROSSED = "a validity ends before it begins", "discovery profile 0 section 2";
}

/// A time in seconds since the Unix epoch, without leap seconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seconds(pub u64);

wire_newtype!(Seconds(u64));

impl Seconds {
    /// The time so much later; the last time there is when it would be later than that.
    #[must_use]
    pub const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// The time so much earlier; the first time there is when it would be earlier than that.
    #[must_use]
    pub const fn minus(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

/// The time within which something is valid: from the first second, to the last, both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Validity {
    /// The first second.
    pub not_before: Seconds,
    /// The last second; not before the first.
    pub not_after: Seconds,
}

/// How far clocks may differ, in seconds.
pub const CLOCK_SKEW: u64 = 300;

impl Validity {
    /// From ever and for ever: no end is known.
    pub const ALWAYS: Self = Self { not_before: Seconds(0), not_after: Seconds(u64::MAX) };

    /// Where a time lies. A validity that begins up to [`CLOCK_SKEW`] later counts as begun.
    #[must_use]
    pub const fn at(&self, now: Seconds) -> Moment {
        if now.plus(CLOCK_SKEW).0 < self.not_before.0 {
            Moment::Before
        } else if now.0 > self.not_after.0 {
            Moment::After
        } else {
            Moment::Within
        }
    }
}

/// Where a time lies beside a [`Validity`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Moment {
    /// It has not begun.
    Before,
    /// It is valid.
    Within,
    /// It has ended.
    After,
}

impl Wire for Validity {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let validity = Self { not_before: Seconds::decode(r)?, not_after: Seconds::decode(r)? };
        if validity.not_after < validity.not_before {
            return Err(start.error(&TIMES_CROSSED));
        }
        Ok(validity)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.not_after < self.not_before {
            return Err(EncodeError::new(&TIMES_CROSSED));
        }
        self.not_before.encode(out)?;
        self.not_after.encode(out)
    }
}

/// An Ed25519 public key (RFC 8032). Whether it is a point of the curve shows when something is verified with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey(")?;
        self.0.iter().take(4).try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str("..)")
    }
}

impl Wire for PublicKey {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// An Ed25519 signature (RFC 8032), not verified.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(..)")
    }
}

impl Wire for Signature {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array().map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(&self.0);
        Ok(())
    }
}

/// A signature that does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The public key is no point of the curve, or one of small order.
    #[error("malformed signature key (RFC 8032 section 5.1.3)")]
    MalformedKey,
    /// The signature is not by this key over this value.
    #[error("the signature does not verify (discovery profile 0 section 2)")]
    Invalid,
}

/// A key that signs objects of the profile.
///
/// Each kind of object has a label, which the signature binds together with the name of the profile: a signature over one
/// kind of object is never one over another.
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The key that this seed determines (RFC 8032 section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self(SigningKey::from_bytes(&seed))
    }

    /// The public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, label: &str, content: &[u8]) -> Signature {
        Signature(self.0.sign(&signed(label, content)).to_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("public", &self.public()).finish_non_exhaustive()
    }
}

impl PublicKey {
    pub(crate) fn verify(&self, label: &str, content: &[u8], signature: &Signature) -> Result<(), SignatureError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| SignatureError::MalformedKey)?;
        let signature = DalekSignature::from_bytes(&signature.0);
        // A key of small order verifies nothing strictly.
        key.verify_strict(&signed(label, content), &signature)
            .map_err(|_| if key.is_weak() { SignatureError::MalformedKey } else { SignatureError::Invalid })
    }
}

/// What is signed: the label with the profile before it, and the content, each with its length in eight octets.
fn signed(label: &str, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(PROFILE.len() + label.len() + content.len() + 17);
    framed(&mut out, &[PROFILE.as_bytes(), b" ", label.as_bytes()].concat());
    framed(&mut out, content);
    out
}

/// Appends octets with their length before them, so that no two sequences of parts look alike.
pub(crate) fn framed(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_be_bytes());
    out.extend_from_slice(part);
}

/// Reads a domain: an `opaque<V>` with the domain in lower case.
pub(crate) fn domain(r: &mut Reader<'_>) -> Result<Domain, DecodeError> {
    let start = r.clone();
    let octets = r.opaque()?;
    match Domain::from_bytes(octets) {
        Ok(domain) if domain.as_str().as_bytes() == octets => Ok(domain),
        _ => Err(start.error(&DOMAIN_INVALID)),
    }
}

/// Writes a domain.
pub(crate) fn put_domain(out: &mut Vec<u8>, domain: &Domain) -> Result<(), EncodeError> {
    codec::put_opaque(out, domain.as_str().as_bytes())
}
