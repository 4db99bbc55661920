//! What a text breaks when it is not a MIMI URI, and where.

use std::fmt;

use super::UriKind;
use super::parser::{MAX_HOST, MAX_LABEL, MAX_URI};

/// A text that is not the identifier it was read as.
///
/// The offset counts octets from the start of what was read and points to the first octet that
/// breaks the rule; where something is missing it is the place where it had to stand. Of several
/// faults the leftmost is reported, save that a text over the length limit is not looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("offset {offset}: {rule} ({})", rule.section())]
pub struct UriError {
    offset: usize,
    rule: UriRule,
}

impl UriError {
    pub(super) const fn new(offset: usize, rule: UriRule) -> Self {
        Self { offset, rule }
    }

    /// The octet of the input, counted from 0, at which the rule is broken.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that is broken.
    #[must_use]
    pub const fn rule(&self) -> UriRule {
        self.rule
    }

    /// The document and section the rule comes from.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        self.rule.section()
    }
}

/// The rules a MIMI URI obeys, in the order in which a reader meets them in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UriRule {
    /// The text has at most [`MAX_URI`] octets. The drafts set no limit; this one is ours.
    TooLong,
    /// The scheme is `mimi`, in letters of either case.
    SchemeNotMimi,
    /// The scheme is followed by `//` and a host.
    AuthorityMissing,
    /// There is no userinfo (`name@`) before the host.
    UserinfoPresent,
    /// The host is not an IP address: no bracketed literal, and no name that ends in a number,
    /// because resolvers take such a name for an IPv4 address.
    HostIsAddress,
    /// The host has at least one label.
    HostEmpty,
    /// No label of the host is empty, so there is no dot at the start, at the end or doubled.
    HostLabelEmpty,
    /// A label consists of ASCII letters, digits and hyphens. Percent-encoding and other scripts
    /// are refused: an internationalised name is written in its `xn--` form.
    HostCharacter,
    /// A label neither begins nor ends with a hyphen.
    HostLabelHyphen,
    /// A label has at most 63 octets.
    HostLabelTooLong,
    /// The host has at most 253 octets.
    HostTooLong,
    /// There is no port, not even an empty one, after the host.
    PortPresent,
    /// A path segment holds only unreserved characters, sub-delimiters, `:`, `@` and
    /// percent-encoded octets.
    SegmentCharacter,
    /// `%` is followed by two hexadecimal digits.
    PercentEncodingBroken,
    /// A segment is UTF-8 once its percent-encoding is undone.
    PercentEncodingNotUtf8,
    /// The octet 0 does not occur, not even percent-encoded.
    NulOctet,
    /// No segment is empty, so there is no slash at the end of the path.
    SegmentEmpty,
    /// No segment is `.` or `..`, be it plain or percent-encoded.
    SegmentIsDots,
    /// The first segment is one of `u`, `p`, `d`, `r`, `g` and `t`.
    DiscriminatorUnknown,
    /// A name follows the first segment.
    SegmentMissing,
    /// Nothing follows the name: one segment, or up to two for a client.
    SegmentSurplus,
    /// There is no query.
    QueryPresent,
    /// There is no fragment.
    FragmentPresent,
    /// The identifier is of the kind that was asked for.
    OtherKind {
        /// The kind that was asked for.
        expected: UriKind,
        /// The kind that the text names.
        found: UriKind,
    },
}

impl UriRule {
    /// The document and section the rule comes from.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::TooLong => "limit of this implementation",
            Self::SchemeNotMimi => "RFC 3986 section 3.1",
            Self::AuthorityMissing => "RFC 3986 section 3.2",
            Self::UserinfoPresent => "RFC 3986 section 3.2.1",
            Self::HostIsAddress | Self::HostEmpty => "RFC 3986 section 3.2.2",
            Self::HostLabelEmpty => "RFC 1034 section 3.1",
            Self::HostCharacter | Self::HostLabelHyphen => "RFC 1034 section 3.5",
            Self::HostLabelTooLong | Self::HostTooLong => "RFC 1035 section 2.3.4",
            Self::PortPresent => "RFC 3986 section 3.2.3",
            Self::SegmentCharacter | Self::SegmentIsDots => "RFC 3986 section 3.3",
            Self::PercentEncodingBroken => "RFC 3986 section 2.1",
            Self::PercentEncodingNotUtf8 => "RFC 3986 section 2.5",
            Self::NulOctet => "RFC 3986 section 7.3",
            Self::SegmentEmpty
            | Self::DiscriminatorUnknown
            | Self::SegmentMissing
            | Self::SegmentSurplus
            | Self::OtherKind { .. } => "draft-mahy-mimi-identity-05 section 4",
            Self::QueryPresent => "RFC 3986 section 3.4",
            Self::FragmentPresent => "RFC 3986 section 3.5",
        }
    }
}

impl fmt::Display for UriRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "the identifier is longer than {MAX_URI} octets"),
            Self::SchemeNotMimi => f.write_str("the scheme is not `mimi:`"),
            Self::AuthorityMissing => f.write_str("the scheme is not followed by `//`"),
            Self::UserinfoPresent => f.write_str("a user name stands before the host"),
            Self::HostIsAddress => f.write_str("the host is an IP address, not a domain name"),
            Self::HostEmpty => f.write_str("the host is empty"),
            Self::HostLabelEmpty => f.write_str("a label of the host is empty"),
            Self::HostCharacter => f.write_str("the host holds something else than letters, digits and hyphens"),
            Self::HostLabelHyphen => f.write_str("a label of the host begins or ends with a hyphen"),
            Self::HostLabelTooLong => {
                write!(f, "a label of the host is longer than {MAX_LABEL} octets")
            }
            Self::HostTooLong => write!(f, "the host is longer than {MAX_HOST} octets"),
            Self::PortPresent => f.write_str("a port follows the host"),
            Self::SegmentCharacter => f.write_str("this octet has to be percent-encoded in a path segment"),
            Self::PercentEncodingBroken => f.write_str("`%` is not followed by two hexadecimal digits"),
            Self::PercentEncodingNotUtf8 => f.write_str("the percent-encoded octets are not UTF-8"),
            Self::NulOctet => f.write_str("the segment holds the octet 0"),
            Self::SegmentEmpty => f.write_str("a path segment is empty"),
            Self::SegmentIsDots => f.write_str("a path segment is `.` or `..`"),
            Self::DiscriminatorUnknown => {
                f.write_str("the first path segment is none of `u`, `p`, `d`, `r`, `g` and `t`")
            }
            Self::SegmentMissing => f.write_str("no name follows the first path segment"),
            Self::SegmentSurplus => f.write_str("the path has more segments than its kind allows"),
            Self::QueryPresent => f.write_str("a query follows the path"),
            Self::FragmentPresent => f.write_str("a fragment follows the path"),
            Self::OtherKind { expected, found } => {
                write!(f, "this names a {found} where a {expected} is required")
            }
        }
    }
}
