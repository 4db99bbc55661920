//! Who asks whom: the Host and From header fields and the certificate (draft-ietf-mimi-protocol-06 section 4.1).
//!
//! The target provider stands in Host, whose port does not count. The source provider stands in From, as the mailbox
//! `mimi@DOMAIN`. Both are compared with what TLS has authenticated: Host with our own domain, From with the names in the
//! client certificate of the peer.
//!
//! HTTP/2 requests carry the pseudo-header field `:authority` instead of Host; it has the same syntax and stands for it
//! here (RFC 9113 section 8.3.1).

use mimi_arch::{Domain, UriRule};

/// The local part of every From header field between providers (draft-ietf-mimi-protocol-06 section 4.1).
// req: MP06-4.1-07
pub const LOCAL_PART: &str = "mimi";

/// The value of our From header field (draft-ietf-mimi-protocol-06 section 4.1).
// req: MP06-4.1-08
pub fn from_value(source: &Domain) -> String {
    format!("{LOCAL_PART}@{source}")
}

/// Reads a From header field: `mimi@DOMAIN` and nothing else.
///
/// Only the addr-spec variant is taken, so neither a display name nor angle brackets; RFC 5322 would also allow comments,
/// folding white space, a quoted local part and domain literals, none of which is needed to say what has to be said.
/// The local part is compared octet by octet, as the draft fixes the string.
///
/// # Errors
/// The first rule that does not hold, in the order of [`HeaderRule`].
// req: MP06-4.1-06
// req: MP06-4.1-07
pub fn parse_from(value: &str) -> Result<Domain, HeaderError> {
    let refuse = |offset, rule| HeaderError { offset, rule };
    if value.is_empty() {
        return Err(refuse(0, HeaderRule::Empty));
    }
    if let Some(offset) = value.find(',') {
        return Err(refuse(offset, HeaderRule::List));
    }
    if let Some(offset) = value.find(['<', '>']) {
        return Err(refuse(offset, HeaderRule::DisplayName));
    }
    if let Some(offset) = value.find(['(', ')']) {
        return Err(refuse(offset, HeaderRule::Comment));
    }
    if let Some(offset) = value.find('"') {
        return Err(refuse(offset, HeaderRule::QuotedLocalPart));
    }
    if let Some(offset) = value.find([' ', '\t', '\r', '\n']) {
        return Err(refuse(offset, HeaderRule::WhiteSpace));
    }
    let Some((local_part, domain)) = value.split_once('@') else {
        return Err(refuse(value.len(), HeaderRule::NoAt));
    };
    if local_part != LOCAL_PART {
        return Err(refuse(0, HeaderRule::LocalPart));
    }
    parse_domain(domain, local_part.len() + 1)
}

/// Reads a Host header field or an `:authority`; the port may be anything that is one and is dropped
/// (draft-ietf-mimi-protocol-06 section 4.1).
///
/// # Errors
/// [`HeaderRule::Empty`], [`HeaderRule::Address`], [`HeaderRule::Port`] or [`HeaderRule::Domain`].
// req: MP06-4.1-03
// req: MP06-4.1-04
pub fn parse_host(value: &str) -> Result<Domain, HeaderError> {
    if value.is_empty() {
        return Err(HeaderError { offset: 0, rule: HeaderRule::Empty });
    }
    if value.starts_with('[') {
        return Err(HeaderError { offset: 0, rule: HeaderRule::Address });
    }
    let host = match value.split_once(':') {
        Some((host, port)) if port.len() <= 5 && port.bytes().all(|octet| octet.is_ascii_digit()) => host,
        Some((host, _)) => return Err(HeaderError { offset: host.len() + 1, rule: HeaderRule::Port }),
        None => value,
    };
    parse_domain(host, 0)
}

fn parse_domain(text: &str, base: usize) -> Result<Domain, HeaderError> {
    if text.starts_with('[') {
        return Err(HeaderError { offset: base, rule: HeaderRule::Address });
    }
    text.parse::<Domain>()
        .map_err(|error| HeaderError { offset: base + error.offset(), rule: HeaderRule::Domain(error.rule()) })
}

/// Decides whether Host, From and the certificate of the peer agree, and says who the source provider is
/// (draft-ietf-mimi-protocol-06 section 4.1).
///
/// `host` is the Host header field or `:authority`, `own` our domain, `peer_certificate_names` the domains that TLS has
/// authenticated for the peer. A certificate can name several domains; From says for which of them the peer speaks.
///
/// # Errors
/// See [`IdentityError`]; the target is checked before the source.
// req: MP06-4.1-02
// req: MP06-4.1-05
// req: MP06-4.1-10
pub fn check_identities(
    host: &str,
    from: &str,
    own: &Domain,
    peer_certificate_names: &[Domain],
) -> Result<Domain, IdentityError> {
    let target = parse_host(host).map_err(IdentityError::Host)?;
    if target != *own {
        return Err(IdentityError::HostNotOurs { host: target, own: own.clone() });
    }
    let source = parse_from(from).map_err(IdentityError::From)?;
    if peer_certificate_names.is_empty() {
        return Err(IdentityError::NoCertificateName);
    }
    if !peer_certificate_names.contains(&source) {
        return Err(IdentityError::FromNotInCertificate { from: source });
    }
    Ok(source)
}

/// Why a header field was refused, and where (draft-ietf-mimi-protocol-06 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("offset {offset}: {rule}")]
pub struct HeaderError {
    offset: usize,
    rule: HeaderRule,
}

impl HeaderError {
    #[cfg(feature = "server")]
    pub(crate) const fn new(rule: HeaderRule) -> Self {
        Self { offset: 0, rule }
    }

    /// Octets before the place.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The rule that was broken.
    pub const fn rule(&self) -> HeaderRule {
        self.rule
    }

    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        match self.rule {
            HeaderRule::Domain(rule) => rule.section(),
            HeaderRule::Port => "RFC 9110 section 7.2",
            HeaderRule::NotAscii => "RFC 9110 section 5.5",
            HeaderRule::AuthorityDiffers => "RFC 9113 section 8.3.1",
            _ => SECTION,
        }
    }
}

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 4.1";

/// The rules of the two header fields (draft-ietf-mimi-protocol-06 section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderRule {
    /// A value has to be there.
    #[error("the value is empty")]
    Empty,
    /// One value, not several: neither a list of mailboxes nor the field twice.
    #[error("several values")]
    List,
    /// Header fields are visible ASCII.
    #[error("an octet that is not visible ASCII")]
    NotAscii,
    /// A request that has both says the same in both.
    #[error("Host and :authority differ")]
    AuthorityDiffers,
    /// The addr-spec variant of mailbox has neither display name nor angle brackets.
    #[error("a display name or angle brackets; only the bare address is allowed")]
    DisplayName,
    /// No comments.
    #[error("a comment")]
    Comment,
    /// The local part is bare.
    #[error("a quoted local part")]
    QuotedLocalPart,
    /// No white space.
    #[error("white space within the address")]
    WhiteSpace,
    /// An address has an `@`.
    #[error("no @")]
    NoAt,
    /// The local part is fixed.
    #[error("the local part is not mimi")]
    LocalPart,
    /// Providers have names; addresses identify none. (Of IPv4 addresses [`HeaderRule::Domain`] says the same.)
    #[error("an address instead of a domain name")]
    Address,
    /// A port is up to five digits.
    #[error("the port is not a number")]
    Port,
    /// The domain has to be one.
    #[error("not a domain name: {0}")]
    Domain(UriRule),
}

/// Why the source or the target of a request was refused (draft-ietf-mimi-protocol-06 section 4.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Host is malformed.
    #[error("Host: {0}")]
    Host(HeaderError),
    /// Host names another provider.
    #[error("Host names {host}; this provider is {own}")]
    HostNotOurs {
        /// What Host says.
        host: Domain,
        /// Who we are.
        own: Domain,
    },
    /// From is malformed.
    #[error("From: {0}")]
    From(HeaderError),
    /// The peer's certificate has no name that can be a provider.
    #[error("the client certificate names no provider domain")]
    NoCertificateName,
    /// From names a provider that the certificate does not.
    #[error("From names {from}; the client certificate does not")]
    FromNotInCertificate {
        /// What From says.
        from: Domain,
    },
}

impl IdentityError {
    /// Where the rule stands.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Host(error) | Self::From(error) => error.section(),
            Self::HostNotOurs { .. } | Self::NoCertificateName | Self::FromNotInCertificate { .. } => SECTION,
        }
    }

    /// Octets before the place in the header field, where known.
    pub const fn offset(&self) -> Option<usize> {
        match self {
            Self::Host(error) | Self::From(error) => Some(error.offset()),
            Self::HostNotOurs { .. } | Self::NoCertificateName | Self::FromNotInCertificate { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn domain(name: &str) -> Domain {
        name.parse().unwrap()
    }

    #[test]
    fn from_names_the_source_provider() {
        // req: MP06-4.1-05
        // req: MP06-4.1-06
        // req: MP06-4.1-07
        // req: MP06-4.1-08
        assert_eq!(parse_from("mimi@a.example"), Ok(domain("a.example")));
        assert_eq!(parse_from("mimi@A.Example"), Ok(domain("a.example")));
        assert_eq!(parse_from(&from_value(&domain("im.a.example"))), Ok(domain("im.a.example")));
        assert_eq!(from_value(&domain("a.example")), "mimi@a.example");
    }

    #[test]
    fn from_is_the_bare_address_and_nothing_else() {
        // req: MP06-4.1-06
        // req: MP06-4.1-07
        use HeaderRule::*;
        for (value, offset, rule) in [
            ("", 0, Empty),
            ("mimi", 4, NoAt),
            ("a.example", 9, NoAt),
            ("<mimi@a.example>", 0, DisplayName),
            ("MIMI <mimi@a.example>", 5, DisplayName),
            ("mimi@a.example, mimi@b.example", 14, List),
            ("mimi@a.example,", 14, List),
            ("mimi@a.example (hub)", 15, Comment),
            ("(hub)mimi@a.example", 0, Comment),
            ("\"mimi\"@a.example", 0, QuotedLocalPart),
            ("mimi @a.example", 4, WhiteSpace),
            ("mimi@ a.example", 5, WhiteSpace),
            ("mimi@a.example\t", 14, WhiteSpace),
            ("Mimi@a.example", 0, LocalPart),
            ("mimi+x@a.example", 0, LocalPart),
            ("mimi.@a.example", 0, LocalPart),
            ("@a.example", 0, LocalPart),
            ("alice@a.example", 0, LocalPart),
            ("mimi@[127.0.0.1]", 5, Address),
            ("mimi@127.0.0.1", 5, Domain(UriRule::HostIsAddress)),
            ("mimi@", 5, Domain(UriRule::HostEmpty)),
            ("mimi@a..example", 7, Domain(UriRule::HostLabelEmpty)),
            ("mimi@a_b.example", 6, Domain(UriRule::HostCharacter)),
            ("mimi@a.example:443", 14, Domain(UriRule::PortPresent)),
            ("mimi:mimi@a.example;", 0, LocalPart),
        ] {
            assert_eq!(parse_from(value), Err(HeaderError { offset, rule }), "{value}");
        }
        assert!(parse_from("mimi@mimi@a.example").is_err());
        assert_eq!(parse_from("Mimi@a.example").unwrap_err().section(), "draft-ietf-mimi-protocol-06 section 4.1");
    }

    #[test]
    fn host_names_the_target_provider_whatever_the_port() {
        // req: MP06-4.1-03
        // req: MP06-4.1-04
        for value in ["a.example", "A.EXAMPLE", "a.example:443", "a.example:8443", "a.example:", "a.example:0"] {
            assert_eq!(parse_host(value), Ok(domain("a.example")), "{value}");
        }
    }

    #[test]
    fn host_is_a_domain_and_perhaps_a_port() {
        // req: MP06-4.1-03
        use HeaderRule::*;
        for (value, offset, rule) in [
            ("", 0, Empty),
            (":443", 0, Domain(UriRule::HostEmpty)),
            ("[::1]:443", 0, Address),
            ("127.0.0.1:443", 0, Domain(UriRule::HostIsAddress)),
            ("a.example:https", 10, Port),
            ("a.example:1:2", 10, Port),
            ("a.example:123456", 10, Port),
            ("a.example:-1", 10, Port),
            ("a.example.", 10, Domain(UriRule::HostLabelEmpty)),
            ("mimi@a.example", 0, Domain(UriRule::UserinfoPresent)),
            ("a.example, b.example", 9, Domain(UriRule::HostCharacter)),
            ("a example", 1, Domain(UriRule::HostCharacter)),
        ] {
            assert_eq!(
                parse_host(value).map_err(|error| (error.rule(), error.offset())),
                Err((rule, offset)),
                "{value}"
            );
        }
    }

    #[test]
    fn source_and_target_agree_with_the_certificate() {
        // req: MP06-4.1-02
        // req: MP06-4.1-10
        let own = domain("a.example");
        let names = [domain("b.example"), domain("im.b.example")];
        let check = |host, from| check_identities(host, from, &own, &names);
        assert_eq!(check("a.example:8443", "mimi@b.example"), Ok(domain("b.example")));
        assert_eq!(check("a.example", "mimi@im.b.example"), Ok(domain("im.b.example")));
        assert_eq!(
            check("c.example", "mimi@b.example"),
            Err(IdentityError::HostNotOurs { host: domain("c.example"), own: own.clone() })
        );
        for from in ["mimi@c.example", "mimi@x.b.example", "mimi@example", "mimi@a.example"] {
            assert!(matches!(check("a.example", from), Err(IdentityError::FromNotInCertificate { .. })), "{from}");
        }
        assert!(matches!(check("", "mimi@b.example"), Err(IdentityError::Host(_))));
        assert!(matches!(check("a.example", "b.example"), Err(IdentityError::From(_))));
        assert_eq!(check_identities("a.example", "mimi@b.example", &own, &[]), Err(IdentityError::NoCertificateName));
    }
}
