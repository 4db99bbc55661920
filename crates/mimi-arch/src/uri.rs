//! URIs of any scheme, and those of the https scheme (RFC 3986, draft-ietf-mimi-protocol-06 section 7.6).

use std::net::Ipv6Addr;

use crate::codec::{self, DecodeError, EncodeError, Reader, Rule, Wire, rules};

rules! {
    URI_INVALID = "the text is not a URI", "draft-ietf-mimi-protocol-06 section 7.6";
    AVATAR_NOT_HTTPS = "the avatar of the room is not an https URI", "draft-ietf-mimi-protocol-06 section 7.6";
}

/// A URI by the grammar of RFC 3986, kept as it was written. It has a scheme; a relative reference is no URI.
// req: MP06-7.6-04
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Uri(String);

impl Uri {
    /// A URI with this text.
    ///
    /// # Errors
    /// When it is not a URI.
    pub fn new(text: impl Into<String>) -> Result<Self, EncodeError> {
        let text = text.into();
        if Split::of(&text).is_some() { Ok(Self(text)) } else { Err(EncodeError::new(&URI_INVALID)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Wire for Uri {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        text(r, &URI_INVALID).and_then(|text| Self::new(text).map_err(|error| start.error(error.rule())))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.0.as_bytes())
    }
}

/// A URI of the https scheme: it has a host and, as RFC 9110 section 4.2.4 asks, no user information.
// req: MP06-7.6-07
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HttpsUri(String);

impl HttpsUri {
    /// An https URI with this text.
    ///
    /// # Errors
    /// When it is not an https URI.
    pub fn new(text: impl Into<String>) -> Result<Self, EncodeError> {
        let text = text.into();
        let https = Split::of(&text).is_some_and(|uri| uri.is_https());
        if https { Ok(Self(text)) } else { Err(EncodeError::new(&AVATAR_NOT_HTTPS)) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reads an https URI, or nothing from no octets.
    ///
    /// # Errors
    /// When the vector is malformed, or what it holds is no https URI.
    pub fn decode_or_empty(r: &mut Reader<'_>) -> Result<Option<Self>, DecodeError> {
        let start = r.clone();
        match text(r, &AVATAR_NOT_HTTPS)? {
            "" => Ok(None),
            text => Self::new(text).map(Some).map_err(|error| start.error(error.rule())),
        }
    }
}

/// Text that can only be a URI; URIs are ASCII.
fn text<'a>(r: &mut Reader<'a>, rule: &'static Rule) -> Result<&'a str, DecodeError> {
    let start = r.clone();
    std::str::from_utf8(r.opaque()?).map_err(|_| start.error(rule))
}

/// What the rules of the https scheme look at.
struct Split<'a> {
    scheme: &'a str,
    authority: Option<Authority<'a>>,
}

struct Authority<'a> {
    has_user: bool,
    host: &'a str,
}

impl<'a> Split<'a> {
    /// RFC 3986 section 3.
    fn of(uri: &'a str) -> Option<Self> {
        let (scheme, rest) = uri.split_once(':')?;
        let mut letters = scheme.bytes();
        let starts = letters.next().is_some_and(|first| first.is_ascii_alphabetic());
        let goes_on = letters.all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(&octet));
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match hierarchy.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(Authority::of(authority)?), path)
            }
            None => (None, hierarchy),
        };
        let legal = starts && goes_on && written(path, b":@/") && written(query, b":@/?") && written(fragment, b":@/?");
        legal.then_some(Self { scheme, authority })
    }

    fn is_https(&self) -> bool {
        let authority = self.authority.as_ref();
        let place = authority.is_some_and(|authority| !authority.has_user && !authority.host.is_empty());
        self.scheme.eq_ignore_ascii_case("https") && place
    }
}

impl<'a> Authority<'a> {
    /// RFC 3986 section 3.2.
    fn of(text: &'a str) -> Option<Self> {
        let (user, rest) = text.split_once('@').map_or((None, text), |(user, rest)| (Some(user), rest));
        let (host, port, host_legal) = match rest.strip_prefix('[') {
            Some(literal) => {
                let (address, after) = literal.split_once(']')?;
                (address, after, ip_literal(address))
            }
            None => {
                let (host, port) = rest.split_at(rest.find(':').unwrap_or(rest.len()));
                (host, port, written(host, b""))
            }
        };
        let port_legal = match port.strip_prefix(':') {
            Some(digits) => digits.bytes().all(|octet| octet.is_ascii_digit()),
            None => port.is_empty(),
        };
        let user_legal = user.is_none_or(|user| written(user, b":"));
        (host_legal && port_legal && user_legal).then_some(Self { has_user: user.is_some(), host })
    }
}

fn ip_literal(address: &str) -> bool {
    let future =
        address.strip_prefix(['v', 'V']).and_then(|rest| rest.split_once('.')).is_some_and(|(version, rest)| {
            let hex = !version.is_empty() && version.bytes().all(|octet| octet.is_ascii_hexdigit());
            hex && !rest.is_empty() && !rest.contains('%') && written(rest, b":")
        });
    future || address.parse::<Ipv6Addr>().is_ok()
}

/// Whether a text consists of unreserved characters, sub-delimiters, percent-encoded octets and `more`.
fn written(text: &str, more: &[u8]) -> bool {
    let mut octets = text.bytes();
    while let Some(octet) = octets.next() {
        let legal = match octet {
            b'%' => [octets.next(), octets.next()]
                .into_iter()
                .all(|digit| digit.is_some_and(|digit| digit.is_ascii_hexdigit())),
            octet => octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&octet) || more.contains(&octet),
        };
        if !legal {
            return false;
        }
    }
    true
}
