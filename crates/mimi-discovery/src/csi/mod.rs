//! Cross-service identifiers in their one canonical form (discovery profile 0 section 1).
//!
//! What a person types is read leniently where that is without doubt ([`Csi::parse`]); what comes over the wire has to be canonical. Two
//! spellings of one identifier give one value, one encoding and one [`CsiKey`].

mod e164;
mod mail;

use std::fmt;

use mimi_arch::UserUri;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use sha2::{Digest, Sha256};

use crate::profile::{PROFILE, framed};

pub use e164::E164Error;
pub use mail::MailError;

/// The longest value of an identifier, in octets.
pub const MAX_VALUE: usize = 320;

rules! {
    CSI_EMPTY = "an identifier is empty", "discovery profile 0 section 1";
    CSI_TOO_LONG = "an identifier is longer than 320 octets", "discovery profile 0 section 1";
    CSI_NOT_CANONICAL = "an identifier is not in its canonical form", "discovery profile 0 section 1";
    CSI_NOT_TEXT = "an identifier is not UTF-8 without control characters", "discovery profile 0 section 1";
    CSI_KIND_RESERVED = "the kind of identifier 0 is reserved", "discovery profile 0 section 1";
}

/// The kind of an identifier: an open registry (discovery profile 0 section 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CsiKind(u16);

impl CsiKind {
    /// A telephone number in international form (ITU-T E.164).
    pub const E164: Self = Self(1);
    /// A mail address (RFC 5321).
    pub const MAIL: Self = Self(2);
    /// The MIMI URI of a user (draft-mahy-mimi-identity-05 section 4).
    pub const MIMI_URI: Self = Self(3);
    /// The first of the values for private use.
    pub const PRIVATE: Self = Self(0xf000);

    /// The kind with this number; `None` for 0.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CsiKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::E164 => f.write_str("telephone number"),
            Self::MAIL => f.write_str("mail address"),
            Self::MIMI_URI => f.write_str("MIMI URI"),
            Self(number) => write!(f, "identifier of kind {number:#06x}"),
        }
    }
}

/// A cross-service identifier in canonical form (discovery profile 0 section 1).
///
/// ```
/// use mimi_discovery::{Csi, CsiKind};
///
/// let number = Csi::parse("+1 (212) 555-1212")?;
/// assert_eq!((number.kind(), number.value()), (CsiKind::E164, "+12125551212"));
/// assert_eq!(number, Csi::parse("tel:+1-212-555-1212")?);
/// assert_eq!(Csi::parse("Bob@Example.COM")?, Csi::parse("mailto:bob@example.com")?);
/// assert!(Csi::parse("555-1212").unwrap_err().to_string().contains("country code"));
/// # Ok::<(), mimi_discovery::csi::CsiError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Csi {
    kind: CsiKind,
    value: String,
}

/// Text that is no identifier.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsiError {
    /// It looks like a telephone number and is none.
    #[error(transparent)]
    E164(#[from] E164Error),
    /// It looks like a mail address and is none.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// It looks like a MIMI URI and is none, or none of a user.
    #[error("not the MIMI URI of a user: {0}")]
    MimiUri(#[from] mimi_arch::UriError),
    /// It looks like none of these.
    #[error("neither a telephone number with + and country code, nor a mail address, nor a mimi: URI")]
    Unknown,
    /// A value of another kind that cannot be one.
    #[error("{0}")]
    Value(&'static codec::Rule),
}

impl Csi {
    /// Reads what a person typed, and tells by its look what it is: `+` or `tel:` begins a telephone number, `mimi:` a URI, and what holds
    /// an `@` is a mail address, with or without `mailto:`. Blanks around it do not count.
    ///
    /// # Errors
    /// What is wrong with it, in a sentence for that person.
    pub fn parse(text: &str) -> Result<Self, CsiError> {
        let text = text.trim();
        let scheme = |name: &str| {
            text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name)).and(text.get(name.len()..))
        };
        if scheme("mimi:").is_some() {
            let uri: UserUri = text.parse()?;
            return Ok(Self { kind: CsiKind::MIMI_URI, value: uri.as_str().to_owned() });
        }
        if let Some(address) = scheme("mailto:") {
            return Ok(Self { kind: CsiKind::MAIL, value: mail::canonical(address)? });
        }
        if let Some(number) = scheme("tel:") {
            return Ok(Self { kind: CsiKind::E164, value: e164::canonical(number)? });
        }
        if text.contains('@') {
            return Ok(Self { kind: CsiKind::MAIL, value: mail::canonical(text)? });
        }
        if text.starts_with('+') || e164::looks_like_a_number(text) {
            return Ok(Self { kind: CsiKind::E164, value: e164::canonical(text)? });
        }
        Err(CsiError::Unknown)
    }

    /// An identifier of any kind, in canonical form already. Of a kind that is not known here every text is canonical.
    ///
    /// # Errors
    /// The value is not canonical, empty, too long or has control characters.
    pub fn new(kind: CsiKind, value: &str) -> Result<Self, CsiError> {
        check(kind, value).map_err(CsiError::Value)?;
        Ok(Self { kind, value: value.to_owned() })
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> CsiKind {
        self.kind
    }

    /// The canonical text.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The key under which everything about the identifier is kept. It hides nothing: who has a list of identifiers has a list of keys.
    #[must_use]
    pub fn key(&self) -> CsiKey {
        let mut content = Vec::with_capacity(PROFILE.len() + self.value.len() + 32);
        framed(&mut content, PROFILE.as_bytes());
        framed(&mut content, b"CSI");
        content.extend_from_slice(&self.kind.0.to_be_bytes());
        framed(&mut content, self.value.as_bytes());
        CsiKey(Sha256::digest(content).into())
    }
}

impl fmt::Display for Csi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

impl fmt::Debug for Csi {
    /// Says the kind alone: an identifier is of a person, and debug output goes to logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Csi({}, {} octets)", self.kind, self.value.len())
    }
}

/// Under what an identifier is kept: SHA-256 over kind and canonical value, bound to the profile (discovery profile 0 section 1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CsiKey(pub [u8; 32]);

impl fmt::Debug for CsiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsiKey(..)")
    }
}

fn check(kind: CsiKind, value: &str) -> Result<(), &'static codec::Rule> {
    if value.is_empty() {
        return Err(&CSI_EMPTY);
    }
    if value.len() > MAX_VALUE {
        return Err(&CSI_TOO_LONG);
    }
    if value.chars().any(char::is_control) {
        return Err(&CSI_NOT_TEXT);
    }
    let canonical = match kind {
        CsiKind::E164 => e164::is_canonical(value),
        CsiKind::MAIL => mail::canonical(value).is_ok_and(|canonical| canonical == value),
        CsiKind::MIMI_URI => value.parse::<UserUri>().is_ok_and(|uri| uri.as_str() == value),
        _ => true,
    };
    if canonical { Ok(()) } else { Err(&CSI_NOT_CANONICAL) }
}

impl Wire for Csi {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let kind = CsiKind::new(r.u16()?).ok_or(start.error(&CSI_KIND_RESERVED))?;
        let at = r.clone();
        let value = std::str::from_utf8(r.opaque()?).map_err(|_| at.error(&CSI_NOT_TEXT))?;
        check(kind, value).map_err(|rule| at.error(rule))?;
        Ok(Self { kind, value: value.to_owned() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.kind.0.encode(out)?;
        codec::put_opaque(out, self.value.as_bytes())
    }
}
