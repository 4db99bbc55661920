//! URL templates: one `https` URL with one variable in its path (draft-ietf-mimi-protocol-06 section 5.1).
//!
//! The draft shows templates by example and names no template language. We read the part of RFC 6570 level 1 that the
//! examples use: a plain name in braces, once, anywhere in the path (the example of `update` has no slash before it).

use std::fmt;
use std::str::FromStr;

use mimi_arch::Domain;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Endpoint, SECTION};

const SCHEME: &str = "https://";

/// Everything but the unreserved characters of RFC 3986 section 2.3.
const WHOLE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An `https` URL with exactly one variable in its path, without user information, query and fragment
/// (draft-ietf-mimi-protocol-06 section 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    text: String,
    before: String,
    after: String,
    variable: String,
    host: Domain,
    port: Option<u16>,
}

impl UrlTemplate {
    /// The template as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The domain in the URL.
    pub fn host(&self) -> &Domain {
        &self.host
    }

    /// The port, if the URL names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The name of the variable.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// The complaint when the path begins before this offset.
    pub(super) fn path_other_than(&self, expected: usize) -> Option<TemplateError> {
        let (_, rest) = self.text.split_at_checked(SCHEME.len())?;
        let offset = SCHEME.len() + rest.find('/')?;
        (offset != expected).then_some(TemplateError { offset, rule: TemplateRule::BaseWithPath })
    }

    /// The URL for one value, which is percent-encoded whole: all but the unreserved characters of RFC 3986.
    ///
    /// # Errors
    /// [`ExpandError::EmptyValue`] and [`ExpandError::DotSegment`], since neither would arrive as a path segment.
    pub fn expand(&self, value: &str) -> Result<String, ExpandError> {
        match value {
            "" => Err(ExpandError::EmptyValue),
            "." | ".." => Err(ExpandError::DotSegment),
            _ => Ok(format!("{}{}{}", self.before, utf8_percent_encode(value, WHOLE), self.after)),
        }
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for UrlTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let refuse = |offset, rule| TemplateError { offset, rule };

        let rest = match text.split_at_checked(SCHEME.len()) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(SCHEME) => rest,
            _ => return Err(refuse(0, TemplateRule::NotHttps)),
        };
        let authority_len = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(authority_len).unwrap_or((rest, ""));
        let path_offset = SCHEME.len() + authority_len;

        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
        let port_offset = SCHEME.len() + host.len() + 1;
        let host = host.parse::<Domain>().map_err(|_| refuse(SCHEME.len(), TemplateRule::Host))?;
        let port = port.map(|digits| parse_port(digits).ok_or(refuse(port_offset, TemplateRule::Port))).transpose()?;

        let (before, variable, after) =
            split_path(path).map_err(|(offset, rule)| refuse(path_offset + offset, rule))?;
        Ok(Self {
            text: text.to_owned(),
            before: text.get(..path_offset + before.len()).unwrap_or_default().to_owned(),
            after: after.to_owned(),
            variable: variable.to_owned(),
            host,
            port,
        })
    }
}

/// One to five digits, 1 to 65535.
fn parse_port(digits: &str) -> Option<u16> {
    if digits.is_empty() || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port != 0)
}

/// Splits the path of a template at its variable.
fn split_path(path: &str) -> Result<(&str, &str, &str), (usize, TemplateRule)> {
    let Some(open) = path.find('{') else {
        check_literal(path, 0)?;
        return Err((path.len(), TemplateRule::NoVariable));
    };
    let (before, rest) = path.split_at_checked(open).unwrap_or((path, ""));
    check_literal(before, 0)?;
    let inside = rest.strip_prefix('{').unwrap_or(rest);
    let Some((variable, after)) = inside.split_once('}') else {
        return Err((open, TemplateRule::VariableName));
    };
    if variable.is_empty() || !variable.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_') {
        return Err((open + 1, TemplateRule::VariableName));
    }
    let after_offset = open + variable.len() + 2;
    if let Some(second) = after.find('{') {
        return Err((after_offset + second, TemplateRule::SecondVariable));
    }
    check_literal(after, after_offset)?;
    // The variable is never empty nor a dot segment, so a segment that holds it is not one either.
    let literal = |segment: &&str| matches!(*segment, "." | "..");
    let whole_before = before.rsplit_once('/').map_or("", |(head, _)| head);
    let whole_after = after.split_once('/').map_or("", |(_, tail)| tail);
    let dot_segments = |text: &str| text.split('/').any(|segment| literal(&decode_dots(segment).as_str()));
    if dot_segments(whole_before) || dot_segments(whole_after) {
        return Err((0, TemplateRule::DotSegment));
    }
    Ok((before, variable, after))
}

/// URL parsers take `%2e` for a dot when they look for dot segments.
fn decode_dots(segment: &str) -> String {
    segment.replace("%2e", ".").replace("%2E", ".")
}

/// Checks that every character may stand in a path (`pchar` and `/` of RFC 3986 section 3.3).
fn check_literal(text: &str, base: usize) -> Result<(), (usize, TemplateRule)> {
    if let Some(offset) = bad_escape(text) {
        return Err((base + offset, TemplateRule::Escape));
    }
    for (offset, octet) in text.bytes().enumerate() {
        match octet {
            b'?' => return Err((base + offset, TemplateRule::Query)),
            b'#' => return Err((base + offset, TemplateRule::Fragment)),
            b'/' | b'%' => {}
            _ if is_pchar(octet) => {}
            _ => return Err((base + offset, TemplateRule::Character)),
        }
    }
    Ok(())
}

/// The characters that RFC 3986 section 3.3 lets stand bare in a path segment.
pub(super) fn is_pchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

/// Offset of the first `%` that two hexadecimal digits do not follow.
pub(super) fn bad_escape(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().find_map(|(offset, octet)| {
        let digits = bytes.get(offset + 1..offset + 3);
        let good = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        (*octet == b'%' && !good).then_some(offset)
    })
}

/// Why a URL template was refused, and where (draft-ietf-mimi-protocol-06 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset}: {rule}")]
pub struct TemplateError {
    offset: usize,
    rule: TemplateRule,
}

impl TemplateError {
    /// Octets before the place.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that was broken.
    pub const fn rule(&self) -> TemplateRule {
        self.rule
    }

    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

/// The rules of a URL template (draft-ietf-mimi-protocol-06 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateRule {
    /// Providers speak HTTPS only (section 4.1).
    #[error("the URL does not begin with https://")]
    NotHttps,
    /// The authority is a domain, without user information; addresses are no provider identities.
    #[error("the host is not a domain name")]
    Host,
    /// A port is a number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// A template has a variable.
    #[error("there is no variable")]
    NoVariable,
    /// A variable is letters, digits and underscores in braces, without an operator of RFC 6570.
    #[error("the variable is not a plain name in braces")]
    VariableName,
    /// A template has one variable.
    #[error("there is a second variable")]
    SecondVariable,
    /// The value belongs in the path (section 5.2), so there is no query.
    #[error("there is a query")]
    Query,
    /// Nothing of a fragment reaches the server.
    #[error("there is a fragment")]
    Fragment,
    /// RFC 3986 section 2.1.
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Escape,
    /// RFC 3986 section 3.3.
    #[error("this character may not stand in a path")]
    Character,
    /// RFC 3986 section 5.2.4: they would be removed on the way.
    #[error("the path has a dot segment")]
    DotSegment,
    /// [`Directory::of`](super::Directory::of) takes a scheme, a domain and a port.
    #[error("the base URL has a path")]
    BaseWithPath,
}

/// Why there is no URL for an endpoint and a value (draft-ietf-mimi-protocol-06 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// The provider does not have the endpoint.
    #[error("the directory has no {endpoint}")]
    Absent {
        /// The endpoint asked for.
        endpoint: Endpoint,
    },
    /// An empty segment names nothing.
    #[error("the value is empty")]
    EmptyValue,
    /// URL parsers remove dot segments, percent-encoded or not.
    #[error("the value is a dot segment")]
    DotSegment,
}
