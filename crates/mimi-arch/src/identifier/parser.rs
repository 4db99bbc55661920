//! The one reader behind all identifier types: octets in, kind and normal form out.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{Domain, UriError, UriKind, UriRule, segment};

/// The most octets a MIMI URI may have. The drafts name no limit; under this one an identifier
/// whose every octet is percent-encoded into a request target still stays below the 8000 octets
/// that RFC 9110 section 4.1 wants supported.
pub const MAX_URI: usize = 2048;
/// The most octets of a host (RFC 1035 section 2.3.4, in the written form without the root dot).
pub(super) const MAX_HOST: usize = 253;
/// The most octets of a label (RFC 1035 section 2.3.4).
pub(super) const MAX_LABEL: usize = 63;

const SCHEME: &str = "mimi:";
const ROOT: &str = "mimi://";

/// An identifier in normal form. Two are equal when their texts are; the domain is kept beside
/// the text only to be handed out.
#[derive(Clone)]
pub(super) struct Normal {
    text: Arc<str>,
    domain: Domain,
}

impl Normal {
    /// Reads a MIMI URI of any kind.
    pub(super) fn read(input: &[u8]) -> Result<(UriKind, Self), UriError> {
        if input.len() > MAX_URI {
            return Err(UriError::new(MAX_URI, UriRule::TooLong));
        }
        let rest = after_root(input)?;

        let (authority, rest) = split_before(rest, |octet| matches!(octet, b'/' | b'?' | b'#'));
        let domain = Domain::read(authority, ROOT.len())?;
        let path_at = ROOT.len() + authority.len();
        let (path, rest) = split_before(rest, |octet| matches!(octet, b'?' | b'#'));

        let mut text = format!("{ROOT}{domain}");
        let kind = read_path(path, path_at, &mut text)?;
        let end = path_at + path.len();
        match rest.first() {
            None => {}
            Some(b'?') => return Err(UriError::new(end, UriRule::QueryPresent)),
            Some(_) => return Err(UriError::new(end, UriRule::FragmentPresent)),
        }
        Ok((kind, Self { text: text.into(), domain }))
    }

    /// Reads a MIMI URI that has to be of the kind `expected`.
    pub(super) fn read_kind(input: &[u8], expected: UriKind) -> Result<Self, UriError> {
        let (found, normal) = Self::read(input)?;
        if found == expected {
            return Ok(normal);
        }
        // The discriminator stands after the host and one slash; a provider URI has none.
        let at = ROOT.len() + normal.domain.as_str().len() + 1;
        Err(UriError::new(at.min(input.len()), UriRule::OtherKind { expected, found }))
    }

    /// The identifier of a provider.
    // req: MP06-3-01
    pub(super) fn of_domain(domain: &Domain) -> Self {
        Self { text: format!("{ROOT}{domain}").into(), domain: domain.clone() }
    }

    /// The identifier `letter`/`name` in a domain, the name percent-encoded where needed.
    pub(super) fn of_name(domain: &Domain, letter: char, name: &str) -> Result<Self, UriError> {
        let mut text = format!("{ROOT}{domain}/{letter}/");
        segment::encode_into(name, &mut text);
        Ok(Self::read(text.as_bytes())?.1)
    }

    /// This identifier with one more segment, below another discriminator.
    pub(super) fn with_segment(&self, letter: char, name: &str) -> Result<Self, UriError> {
        let mut text = format!("{ROOT}{}/{letter}/{}/", self.domain, self.segment(0));
        segment::encode_into(name, &mut text);
        Ok(Self::read(text.as_bytes())?.1)
    }

    /// The identifier with the same first name below another discriminator.
    pub(super) fn below(&self, letter: char) -> Self {
        Self { text: format!("{ROOT}{}/{letter}/{}", self.domain, self.segment(0)).into(), domain: self.domain.clone() }
    }

    /// How many segments follow the discriminator.
    pub(super) fn segments(&self) -> usize {
        self.names().count()
    }

    /// A segment after the discriminator, as it is written; empty when there is none.
    pub(super) fn segment(&self, index: usize) -> &str {
        self.names().nth(index).unwrap_or_default()
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn domain(&self) -> &Domain {
        &self.domain
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        // "mimi:", "", the host, the discriminator
        self.text.split('/').skip(4)
    }
}

/// Reads everything between the host and a query or fragment, and appends its normal form.
// req: ID05-4-03
fn read_path(path: &[u8], base: usize, text: &mut String) -> Result<UriKind, UriError> {
    if path.is_empty() {
        return Ok(UriKind::Provider);
    }
    let mut at = base;
    let mut kind = None;
    let mut names = 0;
    // The path begins with a slash, so what precedes the first one is empty.
    for segment in path.split(|octet| *octet == b'/').skip(1) {
        at += 1;
        let full = kind.is_some_and(|kind: UriKind| names == kind.most_names());
        if full && !segment.is_empty() {
            return Err(UriError::new(at, UriRule::SegmentSurplus));
        }
        text.push('/');
        let start = text.len();
        segment::normalise_into(segment, at, text)?;
        if kind.is_some() {
            names += 1;
        } else {
            let letter = text.get(start..).unwrap_or_default();
            let Some(found) = UriKind::of_discriminator(letter) else {
                return Err(UriError::new(at, UriRule::DiscriminatorUnknown));
            };
            kind = Some(found);
        }
        at += segment.len();
    }
    match kind {
        Some(kind) if names > 0 => Ok(kind),
        _ => Err(UriError::new(at, UriRule::SegmentMissing)),
    }
}

/// What follows `mimi://`.
fn after_root(input: &[u8]) -> Result<&[u8], UriError> {
    let common =
        input.iter().zip(ROOT.as_bytes()).take_while(|(octet, wanted)| octet.eq_ignore_ascii_case(wanted)).count();
    match input.split_at_checked(ROOT.len()) {
        Some((_, rest)) if common == ROOT.len() => Ok(rest),
        _ if common < SCHEME.len() => Err(UriError::new(common, UriRule::SchemeNotMimi)),
        _ => Err(UriError::new(common, UriRule::AuthorityMissing)),
    }
}

/// Splits before the first octet that `stop` picks out, or at the end.
fn split_before(octets: &[u8], stop: impl Fn(&u8) -> bool) -> (&[u8], &[u8]) {
    let at = octets.iter().position(stop).unwrap_or(octets.len());
    octets.split_at_checked(at).unwrap_or((octets, &[]))
}

impl PartialEq for Normal {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Normal {}

impl PartialOrd for Normal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Normal {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Normal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Normal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
