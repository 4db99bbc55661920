//! The client side of the HTTPS binding: one provider posts to another (draft-ietf-mimi-protocol-06 sections 4.1 and 5).
//!
//! [`ProviderClient`] finds the endpoints of a peer in its directory, says in From who asks, and reads the answer with a
//! limit. It retries nothing but a moved endpoint: when to try again is the caller's decision, for which it gets status,
//! Retry-After and problem.
//!
//! Who the peer is follows from TLS alone: the host of every URL has to be the peer's domain, and rustls verifies the
//! certificate for that name. So a directory cannot send us elsewhere, Host is always the target provider, and a redirect is an
//! answer like any other and is not followed.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, FROM, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use mimi_arch::{Domain, RoomUri, UserUri};
use reqwest::{Url, redirect};

use super::WIRE_MEDIA_TYPE;
use super::problem::{ProblemBody, ProblemKind};
use crate::codec::Wire;
use crate::directory::{self, Directory, Endpoint};
use crate::enqueue_authorization::{self, FanoutAuthToken};
use crate::group_info::GroupInfoResponseIn;
use crate::host_from;
use crate::key_material::KeyMaterialResponse;
use crate::submit_message::SubmitMessageResponse;
use crate::update::UpdateRoomResponse;

pub use direct::{ConsentAnswer, Download};
pub use error::ClientError;
use header::{Freshness, Validators, freshness, retry_after};

mod direct;
mod error;
mod header;

/// Where a peer listens, when that is not what DNS says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerAddress {
    /// Address and port; used for every URL of the peer that names no port, and without its port for one that does.
    pub socket: SocketAddr,
}

/// How long things may take, and how long directories are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// TCP and TLS; 10 s by default.
    pub connect: Duration,
    /// From the start of a request to the last octet of the response; 60 s by default.
    pub request: Duration,
    /// How long a directory is kept that says neither max-age nor Expires; 5 minutes by default.
    pub directory: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), request: Duration::from_secs(60), directory: Duration::from_secs(300) }
    }
}

/// How many octets a response may have, per endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseLimits {
    /// keyMaterial; 4 MiB by default, for the key packages of every client of a user.
    pub key_material: usize,
    /// groupInfo; 16 MiB by default, for the ratchet tree of a large group.
    pub group_info: usize,
    /// The other endpoints, and every problem; 1 MiB by default.
    pub other: usize,
}

impl Default for ResponseLimits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self { key_material: 4 * MIB, group_info: 16 * MIB, other: MIB }
    }
}

/// What a [`ProviderClient`] is made from.
#[derive(Clone, Debug)]
pub struct ProviderClientConfig {
    /// Our own domain, for From.
    pub own: Domain,
    /// TLS with our client certificate and the roots that peers are verified with; the caller has chosen the
    /// cryptography. Where it names no application protocols, HTTP/2 before HTTP/1.1 is set.
    pub tls: rustls::ClientConfig,
    /// Fixed addresses of peers; DNS for all others.
    pub peers: BTreeMap<Domain, PeerAddress>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// How large responses may be.
    pub limits: ResponseLimits,
}

impl ProviderClientConfig {
    /// A configuration with default limits, where DNS finds all peers.
    pub fn new(own: Domain, tls: rustls::ClientConfig) -> Self {
        Self { own, tls, peers: BTreeMap::new(), timeouts: Timeouts::default(), limits: ResponseLimits::default() }
    }
}

/// Asks other providers. It keeps connections and directories, so one per provider is enough.
#[derive(Debug)]
pub struct ProviderClient {
    http: RwLock<reqwest::Client>,
    own: Domain,
    peers: BTreeMap<Domain, PeerAddress>,
    timeouts: Timeouts,
    limits: ResponseLimits,
    directories: Mutex<BTreeMap<Domain, Cached>>,
}

#[derive(Debug)]
struct Cached {
    directory: Arc<Directory>,
    validators: Validators,
    until: Instant,
}

/// An answer of a peer, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// How long the peer asks us to wait.
    pub retry_after: Option<Duration>,
    /// The body as it came.
    pub body: Bytes,
    /// The body as a problem, if the status is an error and the body one.
    pub problem: Option<ProblemBody>,
}

/// What became of a notify (section 5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotifyOutcome {
    /// 201: the follower has the messages.
    Accepted,
    /// Any other status: to be sent again, unchanged.
    Retry {
        /// How long the follower asks us to wait.
        after: Option<Duration>,
        /// The HTTP status.
        status: StatusCode,
        /// Why, if the follower says so.
        problem: Option<ProblemBody>,
    },
}

impl ProviderClient {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when the TLS configuration cannot be used.
    pub fn new(config: ProviderClientConfig) -> Result<Self, ClientError> {
        let ProviderClientConfig { own, tls, peers, timeouts, limits } = config;
        let http = RwLock::new(https_client(&own, tls, &peers, timeouts)?);
        Ok(Self { http, own, peers, timeouts, limits, directories: Mutex::default() })
    }

    /// Uses another certificate and other roots from now on: for new connections. Requests under way end on theirs, idle
    /// connections are closed.
    ///
    /// # Errors
    /// [`ClientError::Setup`] when the TLS configuration cannot be used; then the former one stays.
    pub fn replace_tls(&self, tls: rustls::ClientConfig) -> Result<(), ClientError> {
        let http = https_client(&self.own, tls, &self.peers, self.timeouts)?;
        *self.http.write().unwrap_or_else(PoisonError::into_inner) = http;
        Ok(())
    }

    fn http(&self) -> reqwest::Client {
        self.http.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Our own domain.
    pub fn own(&self) -> &Domain {
        &self.own
    }

    /// The directory of a peer, kept and validated as its header fields say (RFC 9111).
    ///
    /// # Errors
    /// When it cannot be fetched or is not one.
    // req: MP06-5.1-02
    // req: MP06-5.1-01
    pub async fn directory(&self, peer: &Domain) -> Result<Arc<Directory>, ClientError> {
        Ok(self.find_directory(peer).await?.0)
    }

    /// Forgets the directory of a peer, so that it is fetched anew.
    pub fn forget_directory(&self, peer: &Domain) {
        self.directories().remove(peer);
    }

    /// Posts to an endpoint of a peer; every status is an answer.
    ///
    /// When a kept directory leads to a 404 or 410 that does not speak of a room or user, the directory is fetched again, and if
    /// the endpoint has moved, the request is sent once more. That is safe: the first one reached no endpoint.
    ///
    /// # Errors
    /// When there is no answer, or one over the limit.
    pub async fn post(
        &self,
        peer: &Domain,
        endpoint: Endpoint,
        value: &str,
        body: impl Into<Bytes>,
    ) -> Result<Reply, ClientError> {
        self.post_with(peer, endpoint, value, body, HeaderMap::new()).await
    }

    async fn post_with(
        &self,
        peer: &Domain,
        endpoint: Endpoint,
        value: &str,
        body: impl Into<Bytes>,
        headers: HeaderMap,
    ) -> Result<Reply, ClientError> {
        let body = body.into();
        let (directory, kept) = self.find_directory(peer).await?;
        let url = endpoint_url(peer, &directory, endpoint, value)?;
        let reply = self.post_to(url.clone(), endpoint, body.clone(), headers.clone()).await?;
        if !kept || !reply.may_have_moved() {
            return Ok(reply);
        }
        self.forget_directory(peer);
        let Ok((directory, _)) = self.find_directory(peer).await else {
            return Ok(reply);
        };
        match endpoint_url(peer, &directory, endpoint, value) {
            Ok(moved) if moved != url => self.post_to(moved, endpoint, body, headers).await,
            _ => Ok(reply),
        }
    }

    /// Claims key packages of a user (section 5.2).
    ///
    /// # Errors
    /// When there is no answer, it is not a success, or it does not decode.
    // req: MP06-5.2-03
    // req: MP06-5.2-04
    pub async fn key_material(
        &self,
        peer: &Domain,
        target: &UserUri,
        request: impl Into<Bytes>,
    ) -> Result<KeyMaterialResponse, ClientError> {
        self.call(peer, Endpoint::KeyMaterial, target.as_str(), request.into()).await
    }

    /// Changes the state of a room (section 5.3).
    ///
    /// # Errors
    /// When there is no answer, it is not a success, or it does not decode.
    // req: MP06-5.3-02
    pub async fn update(
        &self,
        hub: &Domain,
        room: &RoomUri,
        request: impl Into<Bytes>,
    ) -> Result<UpdateRoomResponse, ClientError> {
        self.call(hub, Endpoint::Update, room.as_str(), request.into()).await
    }

    /// Sends an application message to a room (section 5.4).
    ///
    /// # Errors
    /// When there is no answer, it is not a success, or it does not decode.
    // req: MP06-5.4-01
    pub async fn submit_message(
        &self,
        hub: &Domain,
        room: &RoomUri,
        request: impl Into<Bytes>,
    ) -> Result<SubmitMessageResponse, ClientError> {
        self.call(hub, Endpoint::SubmitMessage, room.as_str(), request.into()).await
    }

    /// Asks for what an external join needs (section 5.6).
    ///
    /// # Errors
    /// When there is no answer, it is not a success, or it does not decode.
    // req: MP06-5.6-02
    pub async fn group_info(
        &self,
        hub: &Domain,
        room: &RoomUri,
        request: impl Into<Bytes>,
    ) -> Result<GroupInfoResponseIn, ClientError> {
        self.call(hub, Endpoint::GroupInfo, room.as_str(), request.into()).await
    }

    /// Sends events of a room to a follower: one or more encoded fan-out messages, one after the other (section 5.5).
    ///
    /// # Errors
    /// When there is no answer; to the hub that is as good as a [`NotifyOutcome::Retry`].
    // req: MP06-5.5-08
    // req: MP06-5.5-09
    // req: MP06-5.5-25
    // req: MP06-5.5-26
    pub async fn notify(
        &self,
        follower: &Domain,
        room: &RoomUri,
        messages: impl Into<Bytes>,
    ) -> Result<NotifyOutcome, ClientError> {
        self.notify_with(follower, room, messages, &[]).await
    }

    /// The same, showing the tokens of those for whom the messages are ([`crate::enqueue_authorization`]).
    ///
    /// # Errors
    /// As [`ProviderClient::notify`].
    pub async fn notify_with(
        &self,
        follower: &Domain,
        room: &RoomUri,
        messages: impl Into<Bytes>,
        tokens: &[FanoutAuthToken],
    ) -> Result<NotifyOutcome, ClientError> {
        let mut headers = HeaderMap::new();
        let value = enqueue_authorization::field_value(tokens).and_then(|value| HeaderValue::from_str(&value).ok());
        if let Some(mut value) = value {
            // Neither shown by loggers nor kept in the compression of headers.
            value.set_sensitive(true);
            headers.insert(enqueue_authorization::FIELD, value);
        }
        let reply = self.post_with(follower, Endpoint::Notify, room.as_str(), messages, headers).await?;
        Ok(match reply.status {
            StatusCode::CREATED => NotifyOutcome::Accepted,
            status => NotifyOutcome::Retry { after: reply.retry_after, status, problem: reply.problem },
        })
    }

    async fn call<T: Wire>(
        &self,
        peer: &Domain,
        endpoint: Endpoint,
        value: &str,
        request: Bytes,
    ) -> Result<T, ClientError> {
        let reply = self.post(peer, endpoint, value, request).await?;
        if !reply.status.is_success() {
            return Err(ClientError::from_reply(endpoint, reply));
        }
        T::from_bytes(&reply.body).map_err(|source| ClientError::Response { endpoint, source })
    }

    /// The directory, and whether it was kept from an earlier request.
    ///
    /// Kept as RFC 9111 says for a private cache: while it is fresh it is used; then, or with no-cache, it is validated by its
    /// entity tag or date.
    async fn find_directory(&self, peer: &Domain) -> Result<(Arc<Directory>, bool), ClientError> {
        let now = Instant::now();
        let stale = {
            let directories = self.directories();
            match directories.get(peer) {
                Some(cached) if now < cached.until => return Ok((Arc::clone(&cached.directory), true)),
                cached => cached.map(|cached| (Arc::clone(&cached.directory), cached.validators.clone())),
            }
        };
        let url = parse_url(&format!("https://{peer}{}", directory::WELL_KNOWN))?;
        let mut request = self.http().get(url).header(ACCEPT, directory::MEDIA_TYPE);
        if let Some((_, validators)) = &stale {
            request = request.headers(validators.conditions());
        }
        let response = request.send().await.map_err(ClientError::transport)?;
        let status = response.status();
        let headers = response.headers().clone();
        let body = read_body(response, directory::MAX_OCTETS).await?;
        let (directory, validators) = match (status, stale) {
            (StatusCode::OK, _) => (Arc::new(Directory::from_json(&body)?), Validators::of(&headers)),
            // Not modified: the header fields that come with it replace the kept ones (RFC 9111 section 3.2).
            (StatusCode::NOT_MODIFIED, Some((directory, kept))) => (directory, kept.updated_by(&headers)),
            _ => {
                return Err(ClientError::DirectoryStatus {
                    status,
                    retry_after: retry_after(&headers, SystemTime::now()),
                    problem: ProblemBody::from_json(&body).map(Box::new),
                });
            }
        };
        match freshness(&headers, SystemTime::now()) {
            Freshness::NotKept => drop(self.directories().remove(peer)),
            Freshness::For(time) => self.keep(peer, &directory, validators, now, time),
            Freshness::Unsaid => self.keep(peer, &directory, validators, now, self.timeouts.directory),
        }
        Ok((directory, false))
    }

    fn keep(&self, peer: &Domain, directory: &Arc<Directory>, validators: Validators, now: Instant, time: Duration) {
        let until = now.checked_add(time).unwrap_or(now);
        let cached = Cached { directory: Arc::clone(directory), validators, until };
        self.directories().insert(peer.clone(), cached);
    }

    async fn post_to(
        &self,
        url: Url,
        endpoint: Endpoint,
        body: Bytes,
        headers: HeaderMap,
    ) -> Result<Reply, ClientError> {
        let request = self.http().request(Method::POST, url).header(CONTENT_TYPE, WIRE_MEDIA_TYPE).headers(headers);
        let request = request.body(body);
        let response = request.send().await.map_err(ClientError::transport)?;
        let status = response.status();
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let limit = match endpoint {
            _ if !status.is_success() => self.limits.other,
            Endpoint::KeyMaterial => self.limits.key_material,
            Endpoint::GroupInfo => self.limits.group_info,
            _ => self.limits.other,
        };
        let body = read_body(response, limit).await?;
        let error = status.is_client_error() || status.is_server_error();
        let problem = error.then(|| ProblemBody::from_json(&body)).flatten();
        Ok(Reply { status, retry_after, body, problem })
    }

    fn directories(&self) -> MutexGuard<'_, BTreeMap<Domain, Cached>> {
        // What a panicking thread left behind is still a map of directories.
        self.directories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn https_client(
    own: &Domain,
    mut tls: rustls::ClientConfig,
    peers: &BTreeMap<Domain, PeerAddress>,
    timeouts: Timeouts,
) -> Result<reqwest::Client, ClientError> {
    if tls.alpn_protocols.is_empty() {
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    }
    // req: MP06-4.1-05
    let from = HeaderValue::from_str(&host_from::from_value(own)).map_err(|_| ClientError::Own)?;
    let mut headers = HeaderMap::new();
    headers.insert(FROM, from);
    // req: MP06-4.1-01
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.request)
        .default_headers(headers);
    for (domain, address) in peers {
        builder = builder.resolve(domain.as_str(), address.socket);
    }
    builder.build().map_err(ClientError::Setup)
}

impl Reply {
    /// Whether the answer could mean that the endpoint is elsewhere by now.
    fn may_have_moved(&self) -> bool {
        let kind = self.problem.as_ref().and_then(ProblemBody::kind);
        matches!(self.status, StatusCode::NOT_FOUND | StatusCode::GONE)
            && !matches!(kind, Some(ProblemKind::UnknownRoom | ProblemKind::UnknownUser))
    }
}

/// The URL of an endpoint, whose host is the peer itself.
// req: MP06-4.1-03
// req: MP06-4.1-10
fn endpoint_url(peer: &Domain, directory: &Directory, endpoint: Endpoint, value: &str) -> Result<Url, ClientError> {
    let url = directory.expand(endpoint, value)?;
    match directory.get(endpoint).map(|template| template.host()) {
        Some(host) if host != peer => {
            Err(ClientError::ForeignHost { endpoint, host: host.clone(), peer: peer.clone() })
        }
        _ => parse_url(&url),
    }
}

fn parse_url(text: &str) -> Result<Url, ClientError> {
    Url::parse(text).map_err(|_| ClientError::Url { url: text.to_owned() })
}

/// Reads a body of up to `limit` octets, counted as they arrive.
async fn read_body(mut response: reqwest::Response, limit: usize) -> Result<Bytes, ClientError> {
    let mut octets = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ClientError::transport)? {
        if chunk.len() > limit - octets.len() {
            return Err(ClientError::ResponseTooLarge { limit });
        }
        octets.extend_from_slice(&chunk);
    }
    Ok(Bytes::from(octets))
}
