//! The server side of the HTTPS binding: from an HTTP request to a [`Call`], and from an answer to an HTTP response
//! (draft-ietf-mimi-protocol-06 sections 4.1 and 5).
//!
//! [`read_request`] checks everything that can be checked without knowing any room or user. It needs no runtime: the body is
//! any [`http_body::Body`], and whoever polls the future decides how long a peer may take to send it.

use std::fmt::Display;
use std::pin::pin;

use bytes::{Buf, BufMut, Bytes};
use http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, FROM, HOST, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
};
use http::request::Parts;
use http::{Method, Request, Version};
use http_body::Body;
use http_body_util::BodyExt;
use mimi_arch::{Domain, RoomUri, UserUri};

use super::WIRE_MEDIA_TYPE;
use crate::codec::{DecodeError, Wire};
use crate::consent::{ConsentEndpoint, ConsentEntry};
use crate::directory::{self, Endpoint};
use crate::enqueue_authorization;
use crate::group_info::GroupInfoRequestIn;
use crate::host_from::{self, HeaderError, HeaderRule, IdentityError};
use crate::identifier_query::IdentifierRequest;
use crate::key_material::KeyMaterialRequestIn;
use crate::notify::{self, FanoutMessage};
use crate::protocol::PROTOCOL_UNKNOWN;
use crate::report_abuse::AbuseReport;
use crate::submit_message::SubmitMessageRequest;
use crate::update::UpdateRequest;

pub use super::problem::{Problem, ProblemBody, ProblemKind};
pub use peer::{CertificateError, PeerIdentity};
pub use response::{
    ResponseBody, created_response, directory_response, download_response, problem_response, wire_response,
};

mod direct;
mod peer;
mod response;
#[cfg(test)]
mod tests;

/// How many octets the body of a request may have, per endpoint.
///
/// The draft sets no limits. 1 MiB is enough for what one client signs; updates and fan-out carry whole ratchet trees and
/// Welcomes for many clients, and get 16 MiB, which is about a group of ten thousand members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// keyMaterial; 1 MiB by default.
    pub key_material: usize,
    /// update; 16 MiB by default, for a ratchet tree and Welcomes.
    pub update: usize,
    /// notify; 16 MiB by default, for a ratchet tree or a batch of messages.
    pub notify: usize,
    /// submitMessage; 1 MiB by default.
    pub submit_message: usize,
    /// groupInfo; 1 MiB by default.
    pub group_info: usize,
    /// requestConsent; 64 KiB by default, for two users, a room and extensions.
    pub request_consent: usize,
    /// updateConsent; 4 MiB by default, for a key package of every client of a user.
    pub update_consent: usize,
    /// identifierQuery; 64 KiB by default.
    pub identifier_query: usize,
    /// reportAbuse; 4 MiB by default, for a handful of messages in the clear.
    pub report_abuse: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const KIB: usize = 1 << 10;
        const MIB: usize = 1 << 20;
        Self {
            key_material: MIB,
            update: 16 * MIB,
            notify: 16 * MIB,
            submit_message: MIB,
            group_info: MIB,
            request_consent: 64 * KIB,
            update_consent: 4 * MIB,
            identifier_query: 64 * KIB,
            report_abuse: 4 * MIB,
        }
    }
}

/// A request that another provider may make, as far as the binding can tell.
#[derive(Clone, Debug)]
pub struct InboundRequest {
    /// Who asks: the domain in From, which the client certificate names.
    pub source: Domain,
    /// What is asked for.
    pub call: Call,
    /// The body as it came, for telling duplicates of a notify by their octets (section 5.5).
    pub body: Bytes,
}

/// What another provider asks for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Call {
    /// The directory document (section 5.1).
    Directory {
        /// If-None-Match: which document the peer has already.
        if_none_match: Option<String>,
    },
    /// Key packages of a user (section 5.2).
    KeyMaterial {
        /// The user in the path; the target user in the body is the same.
        target: UserUri,
        /// The request, whose signature has not been verified.
        request: KeyMaterialRequestIn,
    },
    /// Key packages of a user for another end-to-end protocol than MLS 1.0 (section 5.2). What such a request says cannot be
    /// read; the answer is the user status incompatibleProtocol.
    KeyMaterialOtherProtocol {
        /// The user in the path.
        target: UserUri,
    },
    /// A change of a room's state (section 5.3).
    Update {
        /// The room in the path.
        room: RoomUri,
        /// The request.
        request: UpdateRequest,
    },
    /// An application message to a room (section 5.4).
    SubmitMessage {
        /// The room in the path.
        room: RoomUri,
        /// The request.
        request: SubmitMessageRequest,
    },
    /// Events of a room from its hub (section 5.5).
    Notify {
        /// The room in the path.
        room: RoomUri,
        /// The messages in the hub's order; at least one.
        messages: Vec<FanoutMessage>,
        /// The values of the field with which the hub shows that it may send them, if it does
        /// ([`read_field`](crate::enqueue_authorization::read_field) reads them).
        authorization: Vec<HeaderValue>,
    },
    /// What an external join needs (section 5.6).
    GroupInfo {
        /// The room in the path.
        room: RoomUri,
        /// The request, whose signature has not been verified.
        request: GroupInfoRequestIn,
    },
    /// A request for consent, or its cancellation (section 5.7).
    RequestConsent {
        /// A request or cancellation of a user of the source, about a user of one of our domains.
        entry: ConsentEntry,
    },
    /// A grant, revocation or denial of consent (section 5.7).
    UpdateConsent {
        /// A grant or revocation of a user of the source, for a user of one of our domains. The key packages of a
        /// grant name clients of that user and have not been verified.
        entry: ConsentEntry,
    },
    /// A query for users (section 5.8).
    IdentifierQuery {
        /// The domain in the path, which is ours.
        domain: Domain,
        /// The query.
        request: IdentifierRequest,
    },
    /// A report of abuse to the hub (section 5.9).
    ReportAbuse {
        /// The room in the path.
        room: RoomUri,
        /// The report; whether its messages were sent has not been verified.
        report: AbuseReport,
    },
    /// A download through the hub (section 5.10.2).
    ProxyDownload {
        /// The value in the path, percent-decoded once; [`permit`](crate::proxy_download::permit) says whether it may be
        /// fetched.
        url: String,
    },
}

/// Where a request goes, before its body is read.
enum Target {
    Directory,
    KeyMaterial(UserUri),
    Update(RoomUri),
    SubmitMessage(RoomUri),
    Notify(RoomUri),
    GroupInfo(RoomUri),
    Consent(ConsentEndpoint, String),
    IdentifierQuery(Domain),
    ReportAbuse(RoomUri),
    ProxyDownload(String),
}

/// Reads a request of another provider: who asks whom, what for, and with which body.
///
/// Checked in this order, so that a stranger learns nothing about our endpoints: client certificate, Host, From, path,
/// method, media type, value in the path, size and content of the body. Bodies are counted as they arrive; a Content-Length
/// only serves to refuse early what is too long by its own account.
///
/// # Errors
/// The [`Problem`] to answer with.
// req: MP06-4.1-11
pub async fn read_request<B>(
    request: Request<B>,
    peer: &PeerIdentity,
    own: &Domain,
    limits: &Limits,
) -> Result<InboundRequest, Problem>
where
    B: Body,
    B::Error: Display,
{
    let (head, body) = request.into_parts();
    let source = check_source_and_target(&head, peer, own).map_err(|error| Problem::identity(&error))?;
    let (call, body) = match read_target(&head)? {
        Target::Directory => (Call::Directory { if_none_match: read_if_none_match(&head.headers) }, Bytes::new()),
        Target::KeyMaterial(target) => {
            let body = read_body(&head.headers, body, limits.key_material).await?;
            // req: MP06-5.2-31
            match KeyMaterialRequestIn::from_bytes(&body) {
                Err(error) if is_other_protocol(&error, &body) => (Call::KeyMaterialOtherProtocol { target }, body),
                Err(error) => return Err(Problem::malformed_body(&error)),
                Ok(request) => {
                    check_target_user(&target, &request)?;
                    (Call::KeyMaterial { target, request }, body)
                }
            }
        }
        Target::Update(room) => {
            let body = read_body(&head.headers, body, limits.update).await?;
            let request = decode(&body)?;
            (Call::Update { room, request }, body)
        }
        Target::SubmitMessage(room) => {
            let body = read_body(&head.headers, body, limits.submit_message).await?;
            let request = decode(&body)?;
            (Call::SubmitMessage { room, request }, body)
        }
        Target::Notify(room) => {
            let body = read_body(&head.headers, body, limits.notify).await?;
            let messages = notify::decode_all(&body).map_err(|error| Problem::malformed_body(&error))?;
            let authorization = head.headers.get_all(enqueue_authorization::FIELD).iter().cloned().collect();
            (Call::Notify { room, messages, authorization }, body)
        }
        Target::GroupInfo(room) => {
            let body = read_body(&head.headers, body, limits.group_info).await?;
            let request = decode(&body)?;
            (Call::GroupInfo { room, request }, body)
        }
        Target::Consent(endpoint, value) => {
            let body = read_body(&head.headers, body, direct::consent_limit(endpoint, limits)).await?;
            let entry: ConsentEntry = decode(&body)?;
            (direct::consent(endpoint, &value, entry, &source, own)?, body)
        }
        Target::IdentifierQuery(domain) => {
            direct::check_domain(&domain, own)?;
            let body = read_body(&head.headers, body, limits.identifier_query).await?;
            let request = decode(&body)?;
            (Call::IdentifierQuery { domain, request }, body)
        }
        Target::ReportAbuse(room) => {
            let body = read_body(&head.headers, body, limits.report_abuse).await?;
            let report = decode(&body)?;
            (Call::ReportAbuse { room, report }, body)
        }
        Target::ProxyDownload(url) => (Call::ProxyDownload { url }, Bytes::new()),
    };
    Ok(InboundRequest { source, call, body })
}

/// Whether the body begins with the number of a protocol that is not MLS 1.0. 0 is reserved and no protocol.
fn is_other_protocol(error: &DecodeError, body: &[u8]) -> bool {
    error.rule() == &PROTOCOL_UNKNOWN && body.first().is_some_and(|protocol| *protocol != 0)
}

/// If-None-Match as one list; of no use if it is not text.
fn read_if_none_match(headers: &HeaderMap) -> Option<String> {
    let values: Vec<&str> = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).collect();
    if values.is_empty() { None } else { Some(values.join(",")) }
}

fn decode<T: Wire>(body: &[u8]) -> Result<T, Problem> {
    T::from_bytes(body).map_err(|error| Problem::malformed_body(&error))
}

/// The draft has the target user in path and body, and does not say what it means when they differ.
fn check_target_user(target: &UserUri, request: &KeyMaterialRequestIn) -> Result<(), Problem> {
    let named = &request.unverified_tbs().target_user;
    match named.parse::<UserUri>() {
        Ok(user) if user == *target => Ok(()),
        _ => Err(Problem::violated(
            format!("the body names {named}, the path {target}"),
            "the target user in the body is the one in the path",
            Endpoint::KeyMaterial.section(),
        )),
    }
}

// req: MP06-4.1-09
fn check_source_and_target(head: &Parts, peer: &PeerIdentity, own: &Domain) -> Result<Domain, IdentityError> {
    if peer.names().is_empty() {
        return Err(IdentityError::NoCertificateName);
    }
    let host = read_host(head).map_err(IdentityError::Host)?;
    let from = single(&head.headers, &FROM).map_err(IdentityError::From)?.unwrap_or_default();
    host_from::check_identities(host, from, own, peer.names())
}

/// The authority of the request: `:authority` in HTTP/2, Host in HTTP/1.1 unless the request target is in absolute form
/// (RFC 9112 section 3.2.2).
fn read_host(head: &Parts) -> Result<&str, HeaderError> {
    let host = single(&head.headers, &HOST)?;
    let Some(authority) = head.uri.authority() else {
        return Ok(host.unwrap_or_default());
    };
    match host {
        // HTTP/1.1 asks for Host even then, and to ignore it.
        None if head.version <= Version::HTTP_11 => Ok(""),
        Some(host)
            if head.version > Version::HTTP_11
                && host_from::parse_host(host)? != host_from::parse_host(authority.as_str())? =>
        {
            Err(HeaderError::new(HeaderRule::AuthorityDiffers))
        }
        _ => Ok(authority.as_str()),
    }
}

/// The value of a header field that may be there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, HeaderError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(HeaderError::new(HeaderRule::List));
    }
    value.map(|value| value.to_str().map_err(|_| HeaderError::new(HeaderRule::NotAscii))).transpose()
}

fn read_target(head: &Parts) -> Result<Target, Problem> {
    let path = head.uri.path();
    if head.uri.query().is_some() {
        return Err(Problem::unknown_endpoint(path));
    }
    if path == directory::WELL_KNOWN {
        return match head.method {
            Method::GET | Method::HEAD => Ok(Target::Directory),
            _ => Err(Problem::method_not_allowed(
                head.method.as_str(),
                "GET, HEAD",
                "draft-ietf-mimi-protocol-06 section 5.1",
            )),
        };
    }
    let Some((endpoint, value)) = directory::match_path(path) else {
        return Err(Problem::unknown_endpoint(path));
    };
    // req: MP06-5.10.2-01
    if endpoint == Endpoint::ProxyDownload {
        return match head.method {
            Method::GET => value.map(Target::ProxyDownload).map_err(|error| Problem::malformed_value(&error)),
            _ => Err(Problem::method_not_allowed(head.method.as_str(), "GET", endpoint.section())),
        };
    }
    // req: MP06-5.2-03
    // req: MP06-5.3-02
    // req: MP06-5.4-01
    // req: MP06-5.5-09
    // req: MP06-5.6-02
    // req: MP06-5.7-29
    // req: MP06-5.8-03
    // req: MP06-5.9-01
    if head.method != Method::POST {
        return Err(Problem::method_not_allowed(head.method.as_str(), "POST", endpoint.section()));
    }
    check_media_type(&head.headers)?;
    let value = value.map_err(|error| Problem::malformed_value(&error))?;
    let room = || value.parse::<RoomUri>().map_err(|error| Problem::malformed_uri(&error));
    match endpoint {
        // req: MP06-5.2-04
        Endpoint::KeyMaterial => match value.parse() {
            Ok(user) => Ok(Target::KeyMaterial(user)),
            Err(error) => Err(Problem::malformed_uri(&error)),
        },
        Endpoint::Update => room().map(Target::Update),
        Endpoint::SubmitMessage => room().map(Target::SubmitMessage),
        Endpoint::Notify => room().map(Target::Notify),
        Endpoint::GroupInfo => room().map(Target::GroupInfo),
        Endpoint::ReportAbuse => room().map(Target::ReportAbuse),
        Endpoint::RequestConsent => Ok(Target::Consent(ConsentEndpoint::RequestConsent, value)),
        Endpoint::UpdateConsent => Ok(Target::Consent(ConsentEndpoint::UpdateConsent, value)),
        Endpoint::IdentifierQuery => match value.parse() {
            Ok(domain) => Ok(Target::IdentifierQuery(domain)),
            Err(error) => Err(Problem::malformed_uri(&error)),
        },
        Endpoint::ProxyDownload => Err(Problem::unknown_endpoint(path)),
    }
}

/// The draft names no media type, so none is required; what is named has to be octets. Parameters do not matter.
fn check_media_type(headers: &HeaderMap) -> Result<(), Problem> {
    for value in headers.get_all(CONTENT_TYPE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        let essence = value.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(WIRE_MEDIA_TYPE) {
            return Err(Problem::unsupported_media_type(&format!("the media type {essence:?}")));
        }
    }
    for value in headers.get_all(CONTENT_ENCODING) {
        if !value.as_bytes().eq_ignore_ascii_case(b"identity") {
            let value = String::from_utf8_lossy(value.as_bytes());
            return Err(Problem::unsupported_media_type(&format!("the content coding {value:?}")));
        }
    }
    Ok(())
}

/// Reads a body of up to `limit` octets.
async fn read_body<B>(headers: &HeaderMap, body: B, limit: usize) -> Result<Bytes, Problem>
where
    B: Body,
    B::Error: Display,
{
    let too_long = |octets: u64| usize::try_from(octets).map_or(true, |octets| octets > limit);
    let declared = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(too_long) || too_long(body.size_hint().lower()) {
        return Err(Problem::body_too_large(limit));
    }
    let mut body = pin!(body);
    let mut octets = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(Problem::incomplete_body)?;
        let Ok(data) = frame.into_data() else { continue };
        if data.remaining() > limit - octets.len() {
            return Err(Problem::body_too_large(limit));
        }
        octets.put(data);
    }
    Ok(Bytes::from(octets))
}
