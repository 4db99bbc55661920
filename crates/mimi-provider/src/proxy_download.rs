//! Downloads of assets for peer providers and own clients (draft-ietf-mimi-protocol-06 section 5.10.2).
//!
//! The hub fetches from hosts that its configuration lists for a peer provider and from nowhere else. It follows no redirect, and
//! connects to public addresses alone, unless the configuration gives a host a fixed one. What it fetches passes through piece by
//! piece, up to a limit of size and time, and each provider has its share.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::Frame;
use mimi_arch::Domain;
use mimi_protocol::{
    directory::Endpoint,
    http::{
        WIRE_MEDIA_TYPE,
        server::{Problem, ProblemBody, ProblemKind, problem_response},
    },
    proxy_download::{AssetHosts, PermittedDownload, UrlError, permit},
};
use reqwest::{
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tracing::debug;

use mimi_client_api::AssetPiece;

use crate::{
    client_api::AssetStream,
    config::{AssetsConfig, DownloadsConfig},
    hub_calls::CallError,
    provider::Core,
};

/// The time over which the octets of a provider are counted.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// How long a connection may take, and the asset provider may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// When a provider whose downloads all run may ask again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// The body of a response that may come piece by piece.
pub(crate) type Body = UnsyncBoxBody<Bytes, DownloadRefusal>;

/// Answers a peer provider.
// req: MP06-5.10.2-01, MP06-5.10.2-04, MP06-5.10.2-05
pub(crate) async fn answer(core: &Arc<Core>, source: Domain, url: &str) -> Result<Response<Body>, CallError> {
    match core.downloads.fetch(&source, url).await {
        Ok(asset) => Ok(passed_through(core, asset)),
        Err(refusal) => {
            debug!(%source, %refusal, "download refused");
            Ok(refused(&refusal))
        }
    }
}

/// Downloads for an own client: by this provider if it is the hub of the client's room, else through the hub, which then sees the
/// provider and not the client.
pub(crate) async fn for_client(core: &Arc<Core>, hub: &Domain, url: &str) -> Result<AssetStream, CallError> {
    if *hub == core.domain {
        let asset = core.downloads.fetch(hub, url).await.map_err(CallError::Download)?;
        let pieces = pieces(core, asset);
        return Ok(Box::pin(pieces.map(|piece| match piece {
            Ok(octets) => Ok(AssetPiece { octets: octets.to_vec() }),
            Err(refusal) => Err(CallError::Download(refusal).into()),
        })));
    }
    let limit = usize::try_from(core.downloads.limit()).unwrap_or(usize::MAX);
    let mut download = core.peers.proxy_download(hub, url, limit).await.map_err(CallError::Peer)?;
    let (sender, receiver) = mpsc::channel(2);
    core.runtime.spawn(async move {
        loop {
            let piece = tokio::select! {
                piece = download.chunk() => piece,
                () = sender.closed() => return,
            };
            let piece = match piece.transpose() {
                Some(Ok(octets)) => Ok(AssetPiece { octets: octets.to_vec() }),
                Some(Err(error)) => Err(CallError::Peer(error).into()),
                None => return,
            };
            let failed = piece.is_err();
            if sender.send(piece).await.is_err() || failed {
                return;
            }
        }
    });
    Ok(Box::pin(ReceiverStream::new(receiver)))
}

fn passed_through(core: &Arc<Core>, asset: Asset) -> Response<Body> {
    let length = asset.length;
    let body = StreamBody::new(pieces(core, asset).map(|piece| piece.map(Frame::data))).boxed_unsync();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(WIRE_MEDIA_TYPE));
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

/// Standard HTTP errors, with a problem that says why (draft-ietf-mimi-protocol-06 section 5.10.2).
fn refused(refusal: &DownloadRefusal) -> Response<Body> {
    let section = Endpoint::ProxyDownload.section();
    let problem = match refusal {
        DownloadRefusal::Url(error) => {
            let kind = if is_malformed(error) { ProblemKind::MalformedPath } else { ProblemKind::NotPermitted };
            Problem::new(kind, refusal.to_string()).rule(error.rule(), section).at(error.offset())
        }
        DownloadRefusal::Busy(_) => Problem::unavailable(refusal.to_string(), TRY_AGAIN),
        _ => return upstream(refusal),
    };
    problem_response(&problem).map(whole)
}

/// What has no kind of problem of ours: a status, a title and a reason.
fn upstream(refusal: &DownloadRefusal) -> Response<Body> {
    let status = refusal.status();
    let problem = ProblemBody {
        problem_type: "about:blank".to_owned(),
        title: status.canonical_reason().map(str::to_owned),
        status: Some(status.as_u16()),
        detail: Some(refusal.to_string()),
        rule: None,
        section: None,
        offset: None,
        requirement: None,
    };
    let mut response = Response::new(whole(Full::from(problem.to_json())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mimi_protocol::http::problem::MEDIA_TYPE));
    if let Some(after) = refusal.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs().saturating_add(1)));
    }
    response
}

fn whole(body: Full<Bytes>) -> Body {
    body.map_err(|never| match never {}).boxed_unsync()
}

/// The pieces of an asset, fetched as they are taken: two wait at most. Whoever stops taking them stops the download.
pub(crate) fn pieces(core: &Arc<Core>, mut asset: Asset) -> ReceiverStream<Result<Bytes, DownloadRefusal>> {
    let (sender, receiver) = mpsc::channel(2);
    let held = core.clone();
    core.runtime.spawn(async move {
        loop {
            let piece = tokio::select! {
                piece = asset.piece() => piece.transpose(),
                () = sender.closed() => return,
                () = held.stopped() => Some(Err(DownloadRefusal::Stopped)),
            };
            let Some(piece) = piece else { return };
            let failed = piece.is_err();
            if sender.send(piece).await.is_err() || failed {
                return;
            }
        }
    });
    ReceiverStream::new(receiver)
}

/// Why an asset is not downloaded.
#[derive(Debug, Error)]
pub(crate) enum DownloadRefusal {
    #[error(transparent)]
    Url(#[from] UrlError),
    #[error("as many downloads for {0} run as may")]
    Busy(Domain),
    #[error("{source_provider} has downloaded as much as it may for now")]
    Quota { source_provider: Domain, again: Duration },
    #[error("the asset provider answers with status {0}")]
    Status(StatusCode),
    #[error("the asset provider cannot be reached: {0}")]
    Unreachable(String),
    #[error("the asset provider took too long")]
    TooSlow,
    #[error("the asset has more than {0} octets")]
    TooLarge(u64),
    #[error("this provider stops")]
    Stopped,
}

impl DownloadRefusal {
    /// The status that the draft leaves to HTTP: what is the request's fault, the asset provider's, or a matter of time.
    // req: MP06-5.10.2-05
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Url(error) if is_malformed(error) => StatusCode::BAD_REQUEST,
            Self::Url(_) => StatusCode::FORBIDDEN,
            Self::Busy(_) | Self::Stopped => StatusCode::SERVICE_UNAVAILABLE,
            Self::Quota { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Status(StatusCode::NOT_FOUND | StatusCode::GONE) => StatusCode::NOT_FOUND,
            Self::Status(_) | Self::Unreachable(_) | Self::TooLarge(_) => StatusCode::BAD_GATEWAY,
            Self::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// When to ask again, if that is a matter of time.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy(_) => Some(TRY_AGAIN),
            Self::Quota { again, .. } => Some(*again),
            _ => None,
        }
    }
}

/// What is no https URL at all, apart from what leads to the wrong place.
fn is_malformed(error: &UrlError) -> bool {
    use mimi_protocol::proxy_download::UrlRule;
    matches!(error.rule(), UrlRule::TooLong | UrlRule::Character | UrlRule::Escape | UrlRule::Port)
}

/// Everything that downloads need.
pub(crate) struct Downloads {
    hosts: AssetHosts,
    http: reqwest::Client,
    limits: DownloadsConfig,
    usage: Arc<Mutex<BTreeMap<Domain, Usage>>>,
}

/// What one provider has had.
struct Usage {
    running: usize,
    since: Instant,
    octets: u64,
}

impl Downloads {
    /// # Errors
    /// When the TLS configuration cannot be used.
    pub(crate) fn new(
        tls: rustls::ClientConfig,
        assets: &BTreeMap<Domain, AssetsConfig>,
        limits: DownloadsConfig,
    ) -> Result<Self, reqwest::Error> {
        let mut hosts = AssetHosts::new();
        let mut headers = HeaderMap::new();
        // Whoever hosts the asset learns no more than that this hub wants it, and sends its very octets.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .referer(false)
            .redirect(redirect::Policy::none())
            .connect_timeout(PATIENCE)
            .read_timeout(PATIENCE)
            .timeout(Duration::from_secs(limits.seconds))
            .default_headers(headers)
            .dns_resolver(Arc::new(PublicOnly));
        for asset in assets.values().flat_map(|assets| &assets.hosts) {
            hosts.allow_port(asset.host.clone(), asset.port);
            if let Some(address) = asset.address {
                builder = builder.resolve(asset.host.as_str(), address);
            }
        }
        Ok(Self { hosts, http: builder.build()?, limits, usage: Arc::default() })
    }

    /// The largest asset.
    pub(crate) fn limit(&self) -> u64 {
        self.limits.octets
    }

    /// Begins to fetch an asset for a provider.
    ///
    /// # Errors
    /// When the URL is not permitted, the provider has had its share, or the asset provider does not answer with 200.
    // req: MP06-5.10.2-02, MP06-5.10.2-03, MP06-5.10.2-06
    pub(crate) async fn fetch(&self, source: &Domain, url: &str) -> Result<Asset, DownloadRefusal> {
        let permitted: PermittedDownload = permit(url, &self.hosts)?;
        let share = self.share(source)?;
        let response = self.http.get(permitted.url()).send().await.map_err(unreachable)?;
        // A redirect is an answer like any other that is not 200: it would lead somewhere else.
        if response.status() != StatusCode::OK {
            return Err(DownloadRefusal::Status(response.status()));
        }
        let length = response.content_length();
        if length.is_some_and(|length| length > self.limits.octets) {
            return Err(DownloadRefusal::TooLarge(self.limits.octets));
        }
        Ok(Asset { response, length, left: self.limits.octets, limit: self.limits.octets, share })
    }

    fn share(&self, source: &Domain) -> Result<Share, DownloadRefusal> {
        let mut all = lock(&self.usage);
        all.retain(|_, usage| usage.running > 0 || usage.since.elapsed() < WINDOW);
        let now = Instant::now();
        let usage = all.entry(source.clone()).or_insert(Usage { running: 0, since: now, octets: 0 });
        if usage.since.elapsed() >= WINDOW {
            (usage.since, usage.octets) = (now, 0);
        }
        if usage.octets >= self.limits.octets_per_hour {
            let again = WINDOW.saturating_sub(usage.since.elapsed());
            return Err(DownloadRefusal::Quota { source_provider: source.clone(), again });
        }
        if usage.running >= self.limits.at_once {
            return Err(DownloadRefusal::Busy(source.clone()));
        }
        usage.running += 1;
        Ok(Share { usage: self.usage.clone(), source: source.clone(), limit: self.limits.octets_per_hour })
    }
}

/// A provider's place among those whose downloads run; free when it is dropped.
struct Share {
    usage: Arc<Mutex<BTreeMap<Domain, Usage>>>,
    source: Domain,
    limit: u64,
}

impl Share {
    fn count(&self, octets: u64) -> Result<(), DownloadRefusal> {
        let mut all = lock(&self.usage);
        let Some(usage) = all.get_mut(&self.source) else { return Ok(()) };
        usage.octets = usage.octets.saturating_add(octets);
        if usage.octets <= self.limit {
            return Ok(());
        }
        let again = WINDOW.saturating_sub(usage.since.elapsed());
        Err(DownloadRefusal::Quota { source_provider: self.source.clone(), again })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(usage) = lock(&self.usage).get_mut(&self.source) {
            usage.running = usage.running.saturating_sub(1);
        }
    }
}

/// An asset on its way.
pub(crate) struct Asset {
    response: reqwest::Response,
    length: Option<u64>,
    left: u64,
    limit: u64,
    share: Share,
}

impl Asset {
    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// When the asset provider stops, or the asset or the provider's share is at its limit.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, DownloadRefusal> {
        let Some(piece) = self.response.chunk().await.map_err(unreachable)? else { return Ok(None) };
        let octets = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(octets).ok_or(DownloadRefusal::TooLarge(self.limit))?;
        self.share.count(octets)?;
        Ok(Some(piece))
    }
}

fn unreachable(error: reqwest::Error) -> DownloadRefusal {
    if error.is_timeout() {
        return DownloadRefusal::TooSlow;
    }
    // The innermost cause says what happened; the URL is not repeated into logs.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    DownloadRefusal::Unreachable(cause.to_string())
}

fn lock(usage: &Mutex<BTreeMap<Domain, Usage>>) -> MutexGuard<'_, BTreeMap<Domain, Usage>> {
    usage.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Finds public addresses. A name with any other is not connected to at all: nobody can make the hub reach into its own network by
/// what DNS says, and what was looked at is what is connected to.
struct PublicOnly;

#[derive(Debug, Error)]
enum ResolveError {
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("{0} has an address that is not public")]
    NotPublic(String),
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.is_empty() {
                return Err(ResolveError::NoAddress(name.as_str().to_owned()).into());
            }
            if !found.iter().all(|address| is_public(address.ip())) {
                return Err(ResolveError::NotPublic(name.as_str().to_owned()).into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Whether an address is none of the special ones of IANA's registry (RFC 6890).
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// Whether an address is of the global unicast block and none of those in it that are for other uses or hold an IPv4 address.
fn is_public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests;
