//! Which discovery provider has which identifiers: a signed list that askers resolve by themselves (discovery profile 0 section 15).
//!
//! In the hierarchical architecture a root publishes a [`PrefixDirectory`]. Askers fetch it as a whole, so that the root learns nobody's
//! question, and look for the longest range that holds the identifier.

use mimi_arch::Domain;
use mimi_arch::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};

use crate::csi::{Csi, CsiKind};
use crate::profile::{
    CLOCK_SKEW, Key, Moment, PublicKey, Seconds, Signature, SignatureError, Validity, domain, put_domain,
};

/// How many ranges a directory has at most.
pub const MAX_RANGES: usize = 65_536;
/// How many providers a range has at most.
pub const MAX_PROVIDERS: usize = 16;

rules! {
    RANGE_KIND_RESERVED = "a range has the reserved kind 0", "discovery profile 0 section 15";
    RANGE_NOT_TEXT = "a range is not UTF-8", "discovery profile 0 section 15";
    RANGE_FORM = "a range is not + and digits, a domain in lower case, or empty", "discovery profile 0 section 15";
    RANGES_NOT_SORTED = "ranges are not sorted, or there is one twice", "discovery profile 0 section 15";
    TOO_MANY_RANGES = "a directory has more than 65536 ranges", "discovery profile 0 section 15";
    PROVIDERS_COUNT = "a range has not 1 to 16 providers", "discovery profile 0 section 15";
    DIRECTORY_ZERO = "a directory has the number 0", "discovery profile 0 section 15";
}

const LABEL: &str = "PrefixDirectory";

/// A discovery provider that has a range.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ListedProvider {
    /// Its domain.
    pub domain: Domain,
    /// The key that signs its snapshots and its configuration.
    pub key: PublicKey,
}

impl Wire for ListedProvider {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { domain: domain(r)?, key: PublicKey::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        put_domain(out, &self.domain)?;
        self.key.encode(out)
    }
}

/// Identifiers of a kind, and who has them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Range {
    /// The kind of identifiers.
    pub kind: CsiKind,
    /// Telephone numbers: how they begin, with `+`. Mail addresses and MIMI URIs: their domain. Other kinds: how they begin. Empty: all.
    pub of: String,
    /// Who has them; each has all of them (section 14).
    pub providers: Vec<ListedProvider>,
}

impl Range {
    fn holds(&self, csi: &Csi) -> bool {
        if self.kind != csi.kind() {
            return false;
        }
        match csi.kind() {
            _ if self.of.is_empty() => true,
            CsiKind::MAIL => csi.value().rsplit_once('@').is_some_and(|(_, host)| host == self.of),
            CsiKind::MIMI_URI => {
                csi.value().parse::<mimi_arch::UserUri>().is_ok_and(|user| user.domain().as_str() == self.of)
            }
            _ => csi.value().starts_with(&self.of),
        }
    }

    fn check(&self) -> Result<(), &'static codec::Rule> {
        let good = match self.kind {
            _ if self.of.is_empty() => true,
            CsiKind::E164 => self
                .of
                .strip_prefix('+')
                .is_some_and(|digits| digits.len() <= 15 && digits.bytes().all(|octet| octet.is_ascii_digit())),
            CsiKind::MAIL | CsiKind::MIMI_URI => {
                self.of.parse::<Domain>().is_ok_and(|domain| domain.as_str() == self.of)
            }
            _ => self.of.len() <= crate::csi::MAX_VALUE,
        };
        if !good {
            return Err(&RANGE_FORM);
        }
        if !(1..=MAX_PROVIDERS).contains(&self.providers.len()) { Err(&PROVIDERS_COUNT) } else { Ok(()) }
    }
}

impl Wire for Range {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let kind = CsiKind::new(r.u16()?).ok_or(start.error(&RANGE_KIND_RESERVED))?;
        let of = std::str::from_utf8(r.opaque()?).map_err(|_| start.error(&RANGE_NOT_TEXT))?.to_owned();
        let range = Self { kind, of, providers: r.list()? };
        range.check().map_err(|rule| start.error(rule))?;
        Ok(range)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.check().map_err(EncodeError::new)?;
        self.kind.number().encode(out)?;
        codec::put_opaque(out, self.of.as_bytes())?;
        codec::put_list(out, &self.providers)
    }
}

/// Who has which identifiers, signed by the root (discovery profile 0 section 15). Not verified: see [`PrefixDirectory::verify`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PrefixDirectory {
    root: Domain,
    number: u64,
    validity: Validity,
    ranges: Vec<Range>,
    signature: Signature,
}

/// What a directory claims, for a person to look at; nothing is to be decided by it.
#[derive(Clone, Copy, Debug)]
pub struct UnverifiedDirectory<'a> {
    /// The root.
    pub root: &'a Domain,
    /// Grows with every directory of the root.
    pub number: u64,
    /// For how long it holds.
    pub validity: Validity,
    /// The ranges, sorted.
    pub ranges: &'a [Range],
    /// By the root.
    pub signature: &'a Signature,
}

impl PrefixDirectory {
    /// What it claims, not verified.
    #[must_use]
    pub fn unverified(&self) -> UnverifiedDirectory<'_> {
        let Self { root, number, validity, ranges, signature } = self;
        UnverifiedDirectory { root, number: *number, validity: *validity, ranges, signature }
    }

    /// Signs a directory. The ranges are sorted.
    ///
    /// # Errors
    /// When a value has no encoding: a range twice, without providers, or malformed.
    pub fn sign(
        root: &Domain,
        number: u64,
        validity: Validity,
        mut ranges: Vec<Range>,
        key: &Key,
    ) -> Result<Self, EncodeError> {
        ranges.sort_by(|a, b| (a.kind, &a.of).cmp(&(b.kind, &b.of)));
        let mut directory = Self { root: root.clone(), number, validity, ranges, signature: Signature([0; 64]) };
        directory.signature = key.sign(LABEL, &directory.content()?);
        Ok(directory)
    }

    fn content(&self) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::new();
        self.encode_content(&mut out)?;
        Ok(out)
    }

    fn encode_content(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.number == 0 {
            return Err(EncodeError::new(&DIRECTORY_ZERO));
        }
        check_ranges(&self.ranges).map_err(EncodeError::new)?;
        put_domain(out, &self.root)?;
        self.number.encode(out)?;
        self.validity.encode(out)?;
        codec::put_list(out, &self.ranges)
    }

    /// Checks that the root has signed it, that it holds now, and that it is not older than one that was seen before.
    ///
    /// # Errors
    /// The first of these that fails.
    pub fn verify(
        self,
        root: &Domain,
        key: &PublicKey,
        seen: u64,
        now: Seconds,
    ) -> Result<VerifiedDirectory, DirectoryError> {
        if self.root != *root {
            return Err(DirectoryError::OtherRoot(self.root));
        }
        let content = self.content().map_err(|_| SignatureError::Invalid)?;
        key.verify(LABEL, &content, &self.signature)?;
        match self.validity.at(now) {
            Moment::Before => return Err(DirectoryError::InFuture),
            Moment::After if self.validity.not_after.plus(CLOCK_SKEW) < now => {
                return Err(DirectoryError::Old { ended: self.validity.not_after });
            }
            Moment::After | Moment::Within => {}
        }
        if self.number < seen {
            return Err(DirectoryError::RolledBack { given: self.number, seen });
        }
        Ok(VerifiedDirectory { number: self.number, ranges: self.ranges })
    }
}

fn check_ranges(ranges: &[Range]) -> Result<(), &'static codec::Rule> {
    if ranges.len() > MAX_RANGES {
        return Err(&TOO_MANY_RANGES);
    }
    let sorted = ranges.is_sorted_by(|a, b| (a.kind, &a.of) < (b.kind, &b.of));
    if sorted { Ok(()) } else { Err(&RANGES_NOT_SORTED) }
}

impl Wire for PrefixDirectory {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let root = domain(r)?;
        let start = r.clone();
        let number = r.u64()?;
        if number == 0 {
            return Err(start.error(&DIRECTORY_ZERO));
        }
        let validity = Validity::decode(r)?;
        let start = r.clone();
        let ranges: Vec<Range> = r.list()?;
        check_ranges(&ranges).map_err(|rule| start.error(rule))?;
        Ok(Self { root, number, validity, ranges, signature: Signature::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.encode_content(out)?;
        self.signature.encode(out)
    }
}

/// A directory that is not to be used.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Another root's.
    #[error("the directory is of {0}")]
    OtherRoot(Domain),
    /// The root has not signed it.
    #[error("the directory: {0}")]
    Signature(#[from] SignatureError),
    /// It does not hold yet.
    #[error("the directory does not hold yet")]
    InFuture,
    /// It does not hold any more.
    #[error("the directory was good until {}", .ended.0)]
    Old {
        /// Its last second.
        ended: Seconds,
    },
    /// A later one was seen.
    #[error("the directory has number {given}, number {seen} was seen before")]
    RolledBack {
        /// Its number.
        given: u64,
        /// The highest that was seen.
        seen: u64,
    },
}

/// A directory that holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedDirectory {
    number: u64,
    ranges: Vec<Range>,
}

impl VerifiedDirectory {
    /// Its number, which the asker remembers.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// The providers of the longest range that holds the identifier; none when no range does.
    #[must_use]
    pub fn resolve(&self, csi: &Csi) -> &[ListedProvider] {
        let holding = self.ranges.iter().filter(|range| range.holds(csi));
        holding.max_by_key(|range| range.of.len()).map(|range| range.providers.as_slice()).unwrap_or_default()
    }
}
