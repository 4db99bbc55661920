//! The domain name by which a provider is known: the host of a MIMI URI, the name in its
//! certificate, the part after `@` in its From header.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::parser::{MAX_HOST, MAX_LABEL};
use super::{UriError, UriRule};

/// The domain name of a provider, in lower case (draft-ietf-mimi-protocol-06 section 3).
///
/// A DNS host name of ASCII letters, digits and hyphens: labels of 1 to 63 octets, at most 253
/// octets in all, no dot at the end, not an IP address. Names in other scripts are written in
/// their `xn--` form. Two domains are equal when they differ in case only. A provider that has no
/// domain can use `local.invalid`. A single machine is named by such a domain name as well, and
/// never by a MIMI URI.
///
/// ```
/// use mimi_arch::Domain;
///
/// let domain: Domain = "Hub.Example".parse()?;
/// assert_eq!(domain.as_str(), "hub.example");
/// # Ok::<(), mimi_arch::UriError>(())
/// ```
// req: MP06-3-02
// req: ID05-4-12
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

impl Domain {
    /// Reads a domain name from octets as they came over the wire.
    ///
    /// # Errors
    /// The first octet that breaks a rule of the host part, see [`UriRule`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, UriError> {
        Self::read(octets, 0)
    }

    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads the authority of a URI, which starts at `base` of the input.
    pub(super) fn read(authority: &[u8], base: usize) -> Result<Self, UriError> {
        let fail = |at: usize, rule| Err(UriError::new(base + at, rule));
        if authority.contains(&b'@') {
            return fail(0, UriRule::UserinfoPresent);
        }
        if authority.first() == Some(&b'[') {
            return fail(0, UriRule::HostIsAddress);
        }
        let mut parts = authority.splitn(2, |octet| *octet == b':');
        let host = parts.next().unwrap_or_default();
        if host.is_empty() {
            return fail(0, UriRule::HostEmpty);
        }
        let mut start = 0;
        let mut last: &[u8] = &[];
        for label in host.split(|octet| *octet == b'.') {
            check_label(label, base + start)?;
            if start + label.len() > MAX_HOST {
                return fail(MAX_HOST, UriRule::HostTooLong);
            }
            last = label;
            start += label.len() + 1;
        }
        if is_number(last) {
            return fail(0, UriRule::HostIsAddress);
        }
        if parts.next().is_some() {
            return fail(host.len(), UriRule::PortPresent);
        }
        let name: String = host.iter().map(|octet| char::from(octet.to_ascii_lowercase())).collect();
        Ok(Self(name.into()))
    }
}

/// Checks one label, which starts at `base` of the input.
fn check_label(label: &[u8], base: usize) -> Result<(), UriError> {
    if label.is_empty() {
        return Err(UriError::new(base, UriRule::HostLabelEmpty));
    }
    if label.first() == Some(&b'-') {
        return Err(UriError::new(base, UriRule::HostLabelHyphen));
    }
    for (at, octet) in label.iter().enumerate() {
        if !octet.is_ascii_alphanumeric() && *octet != b'-' {
            return Err(UriError::new(base + at, UriRule::HostCharacter));
        }
        if at == MAX_LABEL {
            return Err(UriError::new(base + at, UriRule::HostLabelTooLong));
        }
    }
    if label.last() == Some(&b'-') {
        return Err(UriError::new(base + label.len() - 1, UriRule::HostLabelHyphen));
    }
    Ok(())
}

/// Whether a resolver may take a name that ends in this label for an IPv4 address.
fn is_number(label: &[u8]) -> bool {
    let hexadecimal = label.strip_prefix(b"0x").or_else(|| label.strip_prefix(b"0X"));
    match hexadecimal {
        Some(digits) => digits.iter().all(u8::is_ascii_hexdigit),
        None => label.iter().all(u8::is_ascii_digit),
    }
}

impl FromStr for Domain {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::from_bytes(text.as_bytes())
    }
}

impl AsRef<str> for Domain {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({self})")
    }
}
