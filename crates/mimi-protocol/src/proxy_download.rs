//! Which URLs a hub fetches for others (draft-ietf-mimi-protocol-06 section 5.10.2): `GET /proxyDownload/{downloadUrl}`.
//!
//! A hub that fetched whatever it is asked for would be an open proxy, into its own network as well. It fetches a
//! [`PermittedDownload`], and the only ways to have one are [`permit`] and [`permit_path`]. A redirect that the asset provider
//! answers with leads somewhere else: its target has to be permitted like any other URL, or not be followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mimi_arch::Domain;

use crate::directory::{Endpoint, ValueError, match_path};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.10.2";

const SCHEME: &str = "https://";

/// The port of https.
const DEFAULT_PORT: u16 = 443;

/// The longest URL that is permitted, in octets. The draft sets no limit; RFC 9110 section 4.1 asks for 8000 at least.
pub const MAX_URL_OCTETS: usize = 8000;

/// The hosts from which peer providers let assets be downloaded, with their ports (draft-ietf-mimi-protocol-06 section
/// 5.10.2).
///
/// Hosts are listed whole: a host below one in the list is another host.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AssetHosts(BTreeMap<Domain, BTreeSet<u16>>);

impl AssetHosts {
    /// No hosts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a host on the port of https.
    pub fn allow(&mut self, host: Domain) {
        self.allow_port(host, DEFAULT_PORT);
    }

    /// Adds a host on one port.
    pub fn allow_port(&mut self, host: Domain, port: u16) {
        self.0.entry(host).or_default().insert(port);
    }

    fn check(&self, host: &Domain, port: u16) -> Result<(), UrlRule> {
        let ports = self.0.get(host).ok_or(UrlRule::HostNotListed)?;
        if ports.contains(&port) { Ok(()) } else { Err(UrlRule::PortNotListed) }
    }
}

impl FromIterator<Domain> for AssetHosts {
    fn from_iter<I: IntoIterator<Item = Domain>>(hosts: I) -> Self {
        let mut all = Self::new();
        hosts.into_iter().for_each(|host| all.allow(host));
        all
    }
}

/// A URL that the hub may fetch for a peer provider (draft-ietf-mimi-protocol-06 section 5.10.2).
///
/// Scheme and host are in lower case, and the port of https is left out; path and query are as they came.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PermittedDownload {
    url: String,
    host: Domain,
    port: u16,
}

impl PermittedDownload {
    /// The URL to fetch.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The host to connect to, and to check the certificate for.
    pub const fn host(&self) -> &Domain {
        &self.host
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for PermittedDownload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// Permits the URL in the path of a proxyDownload request of our own layout (draft-ietf-mimi-protocol-06 section
/// 5.10.2). The path is percent-decoded exactly once.
///
/// # Errors
/// When the path is not one of proxyDownload, its value is not well formed, or the URL is not permitted.
// req: MP06-5.10.2-01
pub fn permit_path(path: &str, hosts: &AssetHosts) -> Result<PermittedDownload, DownloadError> {
    match match_path(path) {
        Some((Endpoint::ProxyDownload, value)) => Ok(permit(&value?, hosts)?),
        _ => Err(DownloadError::NotProxyDownload),
    }
}

/// Permits a download URL, decoded from the request's path before (draft-ietf-mimi-protocol-06 section 5.10.2). Nothing
/// in it is percent-decoded here.
///
/// # Errors
/// The first rule that the URL breaks.
// req: MP06-5.10.2-02, MP06-5.10.2-03
pub fn permit(url: &str, hosts: &AssetHosts) -> Result<PermittedDownload, UrlError> {
    let fail = |offset, rule| UrlError { offset, rule };
    if url.len() > MAX_URL_OCTETS {
        return Err(fail(MAX_URL_OCTETS, UrlRule::TooLong));
    }
    if let Some((offset, rule)) = first_bad_character(url) {
        return Err(fail(offset, rule));
    }
    let (scheme, rest) = url.split_at_checked(SCHEME.len()).ok_or(fail(0, UrlRule::NotHttps))?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(fail(0, UrlRule::NotHttps));
    }
    if let Some(offset) = url.find('#') {
        return Err(fail(offset, UrlRule::Fragment));
    }
    let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let at = SCHEME.len();
    // Brackets stand around a host that is an IPv6 address only (RFC 3986 section 3.2.2).
    if let Some(offset) = target.find(['[', ']']) {
        return Err(fail(at + authority.len() + offset, UrlRule::Character));
    }
    if authority.contains('@') {
        return Err(fail(at, UrlRule::UserInfo));
    }
    let (name, port) = match authority.split_once(':') {
        // An IPv6 address has colons of its own and is no domain in any case.
        Some((name, port)) if !name.starts_with('[') => (name, Some(port)),
        _ => (authority, None),
    };
    let host: Domain = name.parse().map_err(|_| fail(at, UrlRule::Host))?;
    let port_at = at + name.len();
    let port = match port {
        None => DEFAULT_PORT,
        Some(digits) => parse_port(digits).ok_or(fail(port_at, UrlRule::Port))?,
    };
    hosts.check(&host, port).map_err(|rule| {
        let offset = if rule == UrlRule::PortNotListed { port_at } else { at };
        fail(offset, rule)
    })?;
    let port_text = if port == DEFAULT_PORT { String::new() } else { format!(":{port}") };
    Ok(PermittedDownload { url: format!("{SCHEME}{}{port_text}{target}", host.as_str()), host, port })
}

/// A port in decimal without leading zeros.
fn parse_port(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|_| plain)
}

/// The first octet that stands in no URI (RFC 3986 section 2): URL parsers drop some of them and turn others into a slash.
fn first_bad_character(url: &str) -> Option<(usize, UrlRule)> {
    let octets = url.as_bytes();
    octets.iter().enumerate().find_map(|(offset, octet)| match octet {
        b'%' => {
            let digits = octets.get(offset + 1..offset + 3);
            let good = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
            (!good).then_some((offset, UrlRule::Escape))
        }
        _ if is_uri_character(*octet) => None,
        _ => Some((offset, UrlRule::Character)),
    })
}

fn is_uri_character(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&octet)
}

/// Why a hub does not download for a request (draft-ietf-mimi-protocol-06 section 5.10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The request is for something else.
    #[error("the path is not one of proxyDownload")]
    NotProxyDownload,
    /// The URL is not properly percent-encoded.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The URL is not one that the hub fetches.
    #[error(transparent)]
    Url(#[from] UrlError),
}

impl DownloadError {
    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NotProxyDownload | Self::Url(_) => SECTION,
            Self::Value(error) => error.section(),
        }
    }
}

/// Why a download URL is not permitted, and where (draft-ietf-mimi-protocol-06 section 5.10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset}: {rule}")]
pub struct UrlError {
    offset: usize,
    rule: UrlRule,
}

impl UrlError {
    /// Octets before the place, in the URL.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that was broken.
    pub const fn rule(&self) -> UrlRule {
        self.rule
    }

    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        SECTION
    }
}

/// The rules of a download URL (draft-ietf-mimi-protocol-06 section 5.10.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UrlRule {
    /// There is a limit.
    #[error("the URL is longer than {MAX_URL_OCTETS} octets")]
    TooLong,
    /// RFC 3986 section 2.
    #[error("this character stands in no URI")]
    Character,
    /// RFC 3986 section 2.1.
    #[error("a percent sign is not followed by two hexadecimal digits")]
    Escape,
    /// Assets are downloaded over HTTPS (section 5.10).
    #[error("the URL does not begin with https://")]
    NotHttps,
    /// Nothing of a fragment reaches the asset provider.
    #[error("there is a fragment")]
    Fragment,
    /// It would send credentials, and it hides the host from a reader.
    #[error("there is user information before the host")]
    UserInfo,
    /// Addresses lead into networks and name no provider.
    #[error("the host is not a domain name")]
    Host,
    /// A port is a number from 1 to 65535 without leading zeros.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// The hub is no open proxy.
    #[error("the host is not one from which a peer provider lets assets be downloaded")]
    HostNotListed,
    /// The hub is no open proxy.
    #[error("the port is not one from which a peer provider lets assets be downloaded")]
    PortNotListed,
}

#[cfg(test)]
mod tests;
