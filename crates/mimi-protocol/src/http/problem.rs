//! Problem details: what an answer says when the draft has no code for it (RFC 9457).
//!
//! The `type` of a problem is `urn:mimi:problem:NAME`, after the way ACME names its errors. The namespace is not registered;
//! the URIs are identifiers to compare and not addresses to open, and would give way to registered ones as soon as the
//! draft has them. Besides the members of RFC 9457 a body has `rule` (what was broken, in one sentence), `section` (where
//! the rule stands), `offset` (octets before the place in the body, path value or header field) and `requirement` (the ID of
//! the requirement in docs/requirements).

use std::time::Duration;

use mimi_arch::{RoomUri, UriError, UserUri};
use serde::Serialize;
use serde_json::Value;

use crate::codec::DecodeError;
use crate::directory::ValueError;
use crate::host_from::{HeaderError, HeaderRule, IdentityError};

/// Media type of a problem (RFC 9457 section 6.1).
pub const MEDIA_TYPE: &str = "application/problem+json";

const TYPE_PREFIX: &str = "urn:mimi:problem:";

/// The kinds of problem this crate knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// 400: Host is absent, there several times or malformed.
    MalformedHost,
    /// 400: From is absent, there several times or malformed.
    MalformedFrom,
    /// 400: the value in the path is not the identifier the endpoint takes.
    MalformedPath,
    /// 400: the body is not what the endpoint takes.
    MalformedBody,
    /// 400: the body ended before its time.
    IncompleteBody,
    /// 401: the peer showed no certificate that names a provider.
    NoClientCertificate,
    /// 403: From names a provider that the certificate does not.
    SourceNotAuthenticated,
    /// 403: the source provider may not do this.
    NotPermitted,
    /// 404: no endpoint has this path.
    UnknownEndpoint,
    /// 404: no such room here.
    UnknownRoom,
    /// 404: no such user here.
    UnknownUser,
    /// 405: the endpoint takes another method.
    MethodNotAllowed,
    /// 413: the body is longer than the endpoint takes.
    BodyTooLarge,
    /// 415: the body has another media type or a content coding.
    UnsupportedMediaType,
    /// 421: Host names another provider.
    WrongHost,
    /// 429: more requests than this provider takes; Retry-After says when the next one may come.
    TooManyRequests,
    /// 500: our fault.
    Internal,
    /// 503: not now, for example because the store is busy.
    Unavailable,
}

impl ProblemKind {
    /// All kinds.
    pub const ALL: [Self; 18] = [
        Self::MalformedHost,
        Self::MalformedFrom,
        Self::MalformedPath,
        Self::MalformedBody,
        Self::IncompleteBody,
        Self::NoClientCertificate,
        Self::SourceNotAuthenticated,
        Self::NotPermitted,
        Self::UnknownEndpoint,
        Self::UnknownRoom,
        Self::UnknownUser,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::UnsupportedMediaType,
        Self::WrongHost,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    const fn parts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::MalformedHost => (400, "malformed-host", "Host does not name a provider"),
            Self::MalformedFrom => (400, "malformed-from", "From does not name a provider"),
            Self::MalformedPath => (400, "malformed-path", "Malformed value in the path"),
            Self::MalformedBody => (400, "malformed-body", "Malformed body"),
            Self::IncompleteBody => (400, "incomplete-body", "The body ended before its time"),
            Self::NoClientCertificate => (401, "no-client-certificate", "No client certificate that names a provider"),
            Self::SourceNotAuthenticated => {
                (403, "source-not-authenticated", "From does not match the client certificate")
            }
            Self::NotPermitted => (403, "not-permitted", "The source provider may not do this"),
            Self::UnknownEndpoint => (404, "unknown-endpoint", "No such endpoint"),
            Self::UnknownRoom => (404, "unknown-room", "No such room"),
            Self::UnknownUser => (404, "unknown-user", "No such user"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "The endpoint takes another method"),
            Self::BodyTooLarge => (413, "body-too-large", "The body is too large"),
            Self::UnsupportedMediaType => (415, "unsupported-media-type", "Unsupported media type"),
            Self::WrongHost => (421, "wrong-host", "Host names another provider"),
            Self::TooManyRequests => (429, "too-many-requests", "Too many requests"),
            Self::Internal => (500, "internal", "Internal error"),
            Self::Unavailable => (503, "unavailable", "Not available now"),
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        self.parts().0
    }

    /// The last part of the `type` URI.
    pub const fn name(self) -> &'static str {
        self.parts().1
    }

    /// The `title`: the same for every occurrence.
    pub const fn title(self) -> &'static str {
        self.parts().2
    }

    /// The `type` URI.
    pub fn uri(self) -> String {
        format!("{TYPE_PREFIX}{}", self.name())
    }

    /// The kind with this `type` URI, if it is one of ours.
    pub fn from_uri(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix(TYPE_PREFIX)?;
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a request is refused, ready to be answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    kind: ProblemKind,
    more: Box<More>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct More {
    detail: String,
    rule: Option<String>,
    section: Option<&'static str>,
    offset: Option<u64>,
    requirement: Option<&'static str>,
    allow: Option<&'static str>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem of a kind; `detail` explains this occurrence to a person.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, more: Box::new(More { detail: detail.into(), ..More::default() }) }
    }

    /// Adds the rule that was broken, and where it stands.
    #[must_use]
    pub fn rule(mut self, rule: impl ToString, section: &'static str) -> Self {
        self.more.rule = Some(rule.to_string());
        self.more.section = Some(section);
        self
    }

    /// Adds the number of octets before the place.
    #[must_use]
    pub fn at(mut self, offset: usize) -> Self {
        self.more.offset = u64::try_from(offset).ok();
        self
    }

    /// Adds the ID of the requirement that was violated.
    #[must_use]
    pub fn requirement(mut self, id: &'static str) -> Self {
        self.more.requirement = Some(id);
        self
    }

    /// Adds how long the peer had better wait; rounded up to seconds when sent.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.more.retry_after = Some(delay);
        self
    }

    /// 404 for a path that no endpoint has.
    pub fn unknown_endpoint(path: &str) -> Self {
        Self::new(ProblemKind::UnknownEndpoint, format!("no endpoint has the path {path}"))
            .rule("URLs are those of the directory", "draft-ietf-mimi-protocol-06 section 5.1")
    }

    /// 405; `allow` is the Allow header field that goes with it.
    pub fn method_not_allowed(method: &str, allow: &'static str, section: &'static str) -> Self {
        let mut problem = Self::new(ProblemKind::MethodNotAllowed, format!("{method} is not one of: {allow}"))
            .rule(format_args!("the method is one of: {allow}"), section);
        problem.more.allow = Some(allow);
        problem
    }

    /// 413 for a body of more than `limit` octets.
    pub fn body_too_large(limit: usize) -> Self {
        Self::new(ProblemKind::BodyTooLarge, format!("this endpoint takes up to {limit} octets"))
            .rule("the body is within the limit of this provider", "RFC 9110 section 15.5.14")
    }

    /// 400 for a body that does not decode.
    pub fn malformed_body(error: &DecodeError) -> Self {
        Self::new(ProblemKind::MalformedBody, error.to_string())
            .rule(error.rule().text(), error.section())
            .at(error.offset())
    }

    /// 400 for a body that decodes and still breaks a rule.
    pub fn violated(detail: impl Into<String>, rule: impl ToString, section: &'static str) -> Self {
        Self::new(ProblemKind::MalformedBody, detail).rule(rule, section)
    }

    /// 400 for a body that could not be read to its end.
    pub fn incomplete_body(error: impl ToString) -> Self {
        Self::new(ProblemKind::IncompleteBody, error.to_string()).rule("the body is complete", "RFC 9112 section 8")
    }

    /// 400 for a path value that is not properly percent-encoded.
    pub fn malformed_value(error: &ValueError) -> Self {
        let problem = Self::new(ProblemKind::MalformedPath, error.to_string()).rule(error, error.section());
        match error.offset() {
            Some(offset) => problem.at(offset),
            None => problem,
        }
    }

    /// 400 for a path value that is not the URI the endpoint takes. The offset counts in the decoded value.
    pub fn malformed_uri(error: &UriError) -> Self {
        Self::new(ProblemKind::MalformedPath, error.to_string()).rule(error.rule(), error.section()).at(error.offset())
    }

    /// 400, 401, 403 or 421 for a request whose source or target does not hold.
    pub fn identity(error: &IdentityError) -> Self {
        let (kind, requirement) = match error {
            IdentityError::Host(_) => (ProblemKind::MalformedHost, "MP06-4.1-03"),
            IdentityError::HostNotOurs { .. } => (ProblemKind::WrongHost, "MP06-4.1-03"),
            IdentityError::From(header) => (ProblemKind::MalformedFrom, from_requirement(header)),
            IdentityError::NoCertificateName => (ProblemKind::NoClientCertificate, "MP06-4.1-09"),
            IdentityError::FromNotInCertificate { .. } => (ProblemKind::SourceNotAuthenticated, "MP06-4.1-10"),
        };
        let problem = Self::new(kind, error.to_string()).requirement(requirement);
        match error {
            IdentityError::Host(header) | IdentityError::From(header) => {
                problem.rule(header.rule(), header.section()).at(header.offset())
            }
            IdentityError::HostNotOurs { .. } => problem.rule("Host is the target provider", error.section()),
            IdentityError::NoCertificateName => problem.rule("TLS is mutually authenticated", error.section()),
            IdentityError::FromNotInCertificate { .. } => {
                problem.rule("the certificate authenticates the source provider", error.section())
            }
        }
    }

    /// 401 for a peer without a client certificate, where TLS let it through.
    pub fn no_client_certificate() -> Self {
        Self::identity(&IdentityError::NoCertificateName)
    }

    /// 415 for a media type or content coding that we do not take.
    pub fn unsupported_media_type(found: &str) -> Self {
        Self::new(
            ProblemKind::UnsupportedMediaType,
            format!("{found} is neither absent nor {}", super::WIRE_MEDIA_TYPE),
        )
        .rule("bodies are octets without a content coding", "RFC 9110 section 15.5.16")
    }

    /// 403 for something that the source provider may not do.
    pub fn not_permitted(detail: impl Into<String>, rule: impl ToString, section: &'static str) -> Self {
        Self::new(ProblemKind::NotPermitted, detail).rule(rule, section)
    }

    /// 404 for a room that is not here.
    pub fn unknown_room(room: &RoomUri) -> Self {
        Self::new(ProblemKind::UnknownRoom, format!("{room} is not a room of this provider"))
    }

    /// 404 for a user who is not here.
    pub fn unknown_user(user: &UserUri) -> Self {
        Self::new(ProblemKind::UnknownUser, format!("{user} is not a user of this provider"))
    }

    /// 503 with Retry-After. Say in `detail` nothing that a peer need not know.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(ProblemKind::Unavailable, detail).retry_after(retry_after)
    }

    /// 429 with Retry-After. Say in `detail` whose limit it is.
    pub fn too_many_requests(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(ProblemKind::TooManyRequests, detail)
            .rule("requests stay within the rate limits of this provider", "RFC 6585 section 4")
            .retry_after(retry_after)
    }

    /// 500. Say in `detail` nothing that a peer need not know.
    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Internal, detail)
    }

    /// The kind.
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        self.kind.status()
    }

    /// The explanation of this occurrence.
    pub fn detail(&self) -> &str {
        &self.more.detail
    }

    /// The Allow header field that goes with a 405.
    pub fn allow(&self) -> Option<&'static str> {
        self.more.allow
    }

    /// The value of Retry-After in whole seconds, rounded up.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        self.more.retry_after.map(|delay| delay.as_secs() + u64::from(delay.subsec_nanos() > 0))
    }

    /// The body to send.
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            problem_type: self.kind.uri(),
            title: Some(self.kind.title().to_owned()),
            status: Some(self.kind.status()),
            detail: Some(self.more.detail.clone()),
            rule: self.more.rule.clone(),
            section: self.more.section.map(str::to_owned),
            offset: self.more.offset,
            requirement: self.more.requirement.map(str::to_owned),
        }
    }
}

const fn from_requirement(error: &HeaderError) -> &'static str {
    match error.rule() {
        HeaderRule::Empty => "MP06-4.1-05",
        HeaderRule::LocalPart => "MP06-4.1-07",
        _ => "MP06-4.1-06",
    }
}

/// The body of a problem as it is sent and received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProblemBody {
    /// The `type` URI; `about:blank` when the sender gave none.
    #[serde(rename = "type")]
    pub problem_type: String,
    /// What kind of problem it is, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The status the sender meant to send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What happened this time, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The rule that was broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Where the rule stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Octets before the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The ID of the requirement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
}

impl ProblemBody {
    /// The kind, if the type is one of ours.
    pub fn kind(&self) -> Option<ProblemKind> {
        ProblemKind::from_uri(&self.problem_type)
    }

    /// Writes the body.
    pub fn to_json(&self) -> Vec<u8> {
        // Text and numbers as members of one object: serialization has nothing to refuse.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a body. Unknown members and members of another type than expected are ignored, as RFC 9457 section 3 asks;
    /// `None` is for what is not a JSON object.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(bytes) else {
            return None;
        };
        let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| members.get(name).and_then(Value::as_u64);
        Some(Self {
            problem_type: text("type").unwrap_or_else(|| "about:blank".to_owned()),
            title: text("title"),
            status: number("status").and_then(|status| u16::try_from(status).ok()),
            detail: text("detail"),
            rule: text("rule"),
            section: text("section"),
            offset: number("offset"),
            requirement: text("requirement"),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::host_from::check_identities;

    fn json(problem: &Problem) -> String {
        String::from_utf8(problem.body().to_json()).unwrap()
    }

    #[test]
    fn a_malformed_body_says_rule_section_and_offset() {
        let error = DecodeError::new(17, &crate::codec::VECTOR_TOO_LONG);
        assert_eq!(
            json(&Problem::malformed_body(&error)),
            r#"{"type":"urn:mimi:problem:malformed-body","title":"Malformed body","status":400,"#.to_owned()
                + r#""detail":"offset 17: vector length exceeds the bytes at hand (RFC 9420 section 2.1.2)","#
                + r#""rule":"vector length exceeds the bytes at hand","section":"RFC 9420 section 2.1.2","offset":17}"#
        );
    }

    #[test]
    fn an_unavailable_provider_says_when_to_come_back() {
        let problem = Problem::unavailable("busy", Duration::from_millis(1500));
        assert_eq!(problem.status(), 503);
        assert_eq!(problem.retry_after_seconds(), Some(2));
        assert_eq!(
            json(&problem),
            r#"{"type":"urn:mimi:problem:unavailable","title":"Not available now","status":503,"detail":"busy"}"#
        );
    }

    #[test]
    fn a_request_over_the_limit_is_told_when_the_next_one_may_come() {
        let problem = Problem::too_many_requests("the limit of the room", Duration::from_millis(20));
        assert_eq!((problem.status(), problem.retry_after_seconds()), (429, Some(1)));
        assert_eq!(
            json(&problem),
            r#"{"type":"urn:mimi:problem:too-many-requests","title":"Too many requests","status":429,"#.to_owned()
                + r#""detail":"the limit of the room","rule":"requests stay within the rate limits of this provider","#
                + r#""section":"RFC 6585 section 4"}"#
        );
    }

    #[test]
    fn identity_problems_have_their_status_and_requirement() {
        let own = "a.example".parse().unwrap();
        let names = ["b.example".parse().unwrap()];
        let problem =
            |host, from, names: &[_]| Problem::identity(&check_identities(host, from, &own, names).unwrap_err());
        let wrong_host = problem("c.example", "mimi@b.example", &names);
        assert_eq!(
            json(&wrong_host),
            r#"{"type":"urn:mimi:problem:wrong-host","title":"Host names another provider","status":421,"#.to_owned()
                + r#""detail":"Host names c.example; this provider is a.example","rule":"Host is the target provider","#
                + r#""section":"draft-ietf-mimi-protocol-06 section 4.1","requirement":"MP06-4.1-03"}"#
        );
        assert_eq!(problem("", "mimi@b.example", &names).status(), 400);
        assert_eq!(problem("a.example", "bob@b.example", &names).status(), 400);
        assert_eq!(problem("a.example", "mimi@c.example", &names).status(), 403);
        assert_eq!(problem("a.example", "mimi@b.example", &[]).status(), 401);
    }

    #[test]
    fn kinds_are_found_by_their_uri_and_have_an_error_status() {
        for kind in ProblemKind::ALL {
            assert_eq!(ProblemKind::from_uri(&kind.uri()), Some(kind));
            assert!((400..600).contains(&kind.status()), "{kind:?}");
        }
        assert_eq!(ProblemKind::from_uri("about:blank"), None);
    }

    #[test]
    fn bodies_are_read_back_as_written() {
        let body = Problem::method_not_allowed("PUT", "POST", "somewhere").at(3).requirement("X").body();
        assert_eq!(ProblemBody::from_json(&body.to_json()), Some(body));
    }

    #[test]
    fn members_of_unexpected_type_are_ignored_and_other_texts_are_no_problem() {
        let body = ProblemBody::from_json(br#"{"title":7,"status":"400","detail":"x","balance":30}"#).unwrap();
        assert_eq!(body.problem_type, "about:blank");
        assert_eq!((body.title, body.status, body.detail.as_deref()), (None, None, Some("x")));
        assert_eq!(ProblemBody::from_json(b"[]"), None);
        assert_eq!(ProblemBody::from_json(b"<html>"), None);
    }
}
