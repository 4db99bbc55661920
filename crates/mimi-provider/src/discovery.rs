//! What a messaging provider does for discovery (the project's discovery profile 0): it issues tokens to its users against a daily quota, hands the issuing
//! key of a discovery provider to that provider alone, and passes on what users cannot fetch or send themselves, having no certificate.
//!
//! It never sees a look-up. What users register it sees, as it is meant for everybody; whether a statement holds is for the discovery provider to verify, who
//! knows the issuers, and for whoever finds it: that the caller has an account here is all that is checked. An entry that names this provider leads nowhere
//! unless the user can be found here, too.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use mimi_arch::{Domain, UserUri};
use mimi_discovery::{
    Record, Seconds, Seed, paths,
    push::RegisterResponse,
    token::{
        Day, IssueError, IssuingKeys, TokenRequest,
        quota::{Quota, QuotaRefusal, Usage},
    },
};
use mimi_ds::{Effect, StoreError, store::Conflict, store::TokensIssued};
use mimi_protocol::{codec::Wire, http::server::PeerIdentity};
use reqwest::redirect;
use rustls::ClientConfig;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tonic::Status;
use tracing::{debug, warn};

use crate::{
    clock,
    config::{DiscoveryConfig, DiscoveryProviderConfig},
    provider::Core,
    proxy_download::Body,
};

/// How long what a discovery provider said is told again. All who ask meanwhile see the same.
const KEPT: Duration = Duration::from_secs(2);
/// Octets of the largest answer of a discovery provider: a prefix directory.
const MAX_ANSWER: usize = 16 << 20;
/// Octets of the largest directory that goes to a client.
const MAX_DIRECTORY: usize = 8 << 20;
/// How often a count is tried again that another request of the same user was faster with.
const COUNT_ATTEMPTS: usize = 16;
const CONNECT_TIME: Duration = Duration::from_secs(10);

/// Why a call about discovery has no answer.
#[derive(Debug, Error)]
pub(crate) enum DiscoveryError {
    #[error("this provider uses no discovery provider; its operator sets one in [discovery.providers]")]
    NotSetUp,
    #[error("the discovery provider: {0}")]
    Name(#[from] mimi_arch::UriError),
    #[error("this provider does not use the discovery provider {0}")]
    UnknownProvider(Domain),
    #[error("{0}; there are new ones tomorrow (UTC)")]
    Quota(QuotaRefusal),
    #[error("the request for tokens: {0}")]
    Issue(IssueError),
    #[error("{0}")]
    Decode(#[from] mimi_protocol::codec::DecodeError),
    #[error("the answer cannot be encoded: {0}")]
    Encode(#[from] mimi_protocol::codec::EncodeError),
    #[error("discovery provider {dp}: {what}")]
    Peer { dp: Domain, what: String },
    #[error("the issuing key: {0}")]
    Key(mimi_discovery::oprf::OprfError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<DiscoveryError> for Status {
    fn from(error: DiscoveryError) -> Self {
        let text = error.to_string();
        match error {
            DiscoveryError::NotSetUp => Self::failed_precondition(text),
            DiscoveryError::UnknownProvider(_) => Self::not_found(text),
            DiscoveryError::Quota(QuotaRefusal::Exhausted { .. }) => Self::resource_exhausted(text),
            DiscoveryError::Name(_)
            | DiscoveryError::Quota(_)
            | DiscoveryError::Issue(_)
            | DiscoveryError::Decode(_) => Self::invalid_argument(text),
            DiscoveryError::Peer { .. } => Self::unavailable(text),
            DiscoveryError::Store(error) => crate::hub_calls::CallError::Store(error).into(),
            DiscoveryError::Encode(_) | DiscoveryError::Key(_) => Self::internal(text),
        }
    }
}

/// What was published, by discovery provider and path, and when it was fetched.
type Kept = BTreeMap<(Domain, &'static str), (Instant, Arc<[u8]>)>;

/// What a provider has for discovery.
pub(crate) struct Discovery {
    config: DiscoveryConfig,
    secret: [u8; 32],
    http: Mutex<reqwest::Client>,
    request_time: Duration,
    kept: Mutex<Kept>,
}

impl Discovery {
    /// `seed` is the provider's stored key, from which the secret of the issuing keys is derived: it is as durable.
    pub(crate) fn new(
        config: DiscoveryConfig,
        seed: &[u8; 32],
        tls: ClientConfig,
        request_time: Duration,
    ) -> Result<Self, reqwest::Error> {
        // A secret of its own: the signing key is not used for anything else. The label has a fixed length, and so has the seed.
        let mut hasher = Sha256::new();
        hasher.update(b"mimi-provider: secret of the discovery issuing keys\0");
        hasher.update(seed);
        let http = Mutex::new(client(&config, tls, request_time)?);
        Ok(Self { config, secret: hasher.finalize().into(), http, request_time, kept: Mutex::default() })
    }

    /// New connections use these certificates.
    pub(crate) fn replace_tls(&self, tls: ClientConfig) -> Result<(), reqwest::Error> {
        let next = client(&self.config, tls, self.request_time)?;
        *self.http.lock().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// The discovery provider that is meant; without a name the one that is used first.
    pub(crate) fn provider(&self, dp: &str) -> Result<(&Domain, &DiscoveryProviderConfig), DiscoveryError> {
        let providers = &self.config.providers;
        if dp.is_empty() {
            let first = self.config.root.as_ref().or(providers.keys().next()).ok_or(DiscoveryError::NotSetUp)?;
            return providers.get_key_value(first).ok_or(DiscoveryError::NotSetUp);
        }
        let dp: Domain = dp.parse()?;
        providers.get_key_value(&dp).ok_or(DiscoveryError::UnknownProvider(dp))
    }

    pub(crate) fn is_root(&self, dp: &Domain) -> bool {
        self.config.root.as_ref() == Some(dp)
    }

    fn issuing_keys(&self, msp: &Domain, dp: &Domain) -> Result<IssuingKeys, DiscoveryError> {
        IssuingKeys::derive(&self.secret, msp, dp, self.config.issuing_key).map_err(DiscoveryError::Key)
    }

    /// What a discovery provider publishes, the same for all who ask within a while.
    pub(crate) async fn published(&self, dp: &Domain, path: &'static str) -> Result<Arc<[u8]>, DiscoveryError> {
        let key = (dp.clone(), path);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some((since, octets)) = kept
            && since.elapsed() < KEPT
        {
            return Ok(octets);
        }
        let octets: Arc<[u8]> = self.exchange(dp, path, None).await?.into();
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (Instant::now(), octets.clone()));
        Ok(octets)
    }

    async fn exchange(&self, dp: &Domain, path: &str, body: Option<Vec<u8>>) -> Result<Vec<u8>, DiscoveryError> {
        // The path says nothing of a person; bodies and answers are in no error.
        let failed = |what: String| DiscoveryError::Peer { dp: dp.clone(), what };
        let http = self.http.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let port = self.config.providers.get(dp).and_then(|dp| dp.address).map_or(443, |address| address.port());
        let url = format!("https://{dp}:{port}{path}");
        let request = match body {
            Some(body) => http.post(url).header(header::CONTENT_TYPE, "application/octet-stream").body(body),
            None => http.get(url),
        };
        let mut response = request.send().await.map_err(|error| failed(causes(&error)))?;
        let status = response.status();
        if !status.is_success() {
            return Err(failed(format!("it answered {status}")));
        }
        let mut octets = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| failed(causes(&error)))? {
            if octets.len().saturating_add(piece.len()) > MAX_ANSWER {
                return Err(failed(format!("its answer has more than {MAX_ANSWER} octets")));
            }
            octets.extend_from_slice(&piece);
        }
        Ok(octets)
    }
}

fn client(
    config: &DiscoveryConfig,
    mut tls: ClientConfig,
    request_time: Duration,
) -> Result<reqwest::Client, reqwest::Error> {
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .https_only(true)
        .no_proxy()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIME.min(request_time))
        .timeout(request_time);
    let addresses = config.providers.iter().filter_map(|(domain, dp)| Some((domain, dp.address?)));
    for (domain, address) in addresses {
        builder = builder.resolve(domain.as_str(), address);
    }
    builder.build()
}

/// An HTTP error hides the cause in its sources.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Signs a batch of tokens unseen, once it is durable that the account has had them. Gives how many are left today.
// req: UD03-13-01
pub(crate) async fn issue(
    core: &Arc<Core>,
    user: UserUri,
    dp: &str,
    request: &[u8],
) -> Result<(Vec<u8>, u32), DiscoveryError> {
    let (dp, _) = core.discovery.provider(dp)?;
    let keys = core.discovery.issuing_keys(&core.domain, dp)?;
    let request = TokenRequest::from_bytes(request)?;
    let now = Seconds(clock::now().0 / 1000);
    // A request that cannot be signed costs nothing.
    keys.issue(&request, now, &Seed::new(rand::random())).map_err(DiscoveryError::Issue)?;
    let quota = Quota { per_day: core.discovery.config.tokens_per_day };
    let today = Day::of(now);
    let (held, asked) = (core.clone(), request.count());
    let granted =
        core.blocking(move || count(&held, &user, quota, today, asked)).await?.map_err(DiscoveryError::Quota)?;
    let (count, usage) = (granted.count, granted.usage);
    let response = keys.issue(&request.first(count), now, &Seed::new(rand::random())).map_err(DiscoveryError::Issue)?;
    Ok((response.to_bytes()?, quota.per_day.saturating_sub(usage.used)))
}

/// Counts tokens, durably.
fn count(
    core: &Arc<Core>,
    user: &UserUri,
    quota: Quota,
    today: Day,
    asked: usize,
) -> Result<Result<mimi_discovery::token::quota::Grant, QuotaRefusal>, StoreError> {
    let mut last = StoreError::Conflict(Conflict::TokensCounted);
    for _ in 0..COUNT_ATTEMPTS {
        let before = core.store.tokens_issued(user)?;
        let usage = before.map_or_else(Usage::default, |issued| Usage { day: Day(issued.day), used: issued.used });
        let grant = match quota.grant(usage, today, asked) {
            Ok(grant) => grant,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let now = TokensIssued { day: grant.usage.day.0, used: grant.usage.used };
        match core.store.commit(vec![Effect::CountTokens { user: user.clone(), before, now }]) {
            Ok(()) => return Ok(Ok(grant)),
            Err(error @ StoreError::Conflict(Conflict::TokensCounted)) => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Passes a statement on.
pub(crate) async fn register(core: &Arc<Core>, dp: &str, record: &[u8]) -> Result<Vec<u8>, DiscoveryError> {
    let (dp, _) = core.discovery.provider(dp)?;
    Record::from_bytes(record)?;
    let answer = core.discovery.exchange(dp, paths::REGISTER, Some(record.to_vec())).await?;
    // What is no answer is not passed on.
    RegisterResponse::from_bytes(&answer)
        .map_err(|error| DiscoveryError::Peer { dp: dp.clone(), what: format!("its answer: {error}") })?;
    Ok(answer)
}

/// The directory of the root.
pub(crate) async fn directory(core: &Arc<Core>, dp: &Domain) -> Result<Arc<[u8]>, DiscoveryError> {
    let directory = core.discovery.published(dp, paths::DIRECTORY).await?;
    if directory.len() > MAX_DIRECTORY {
        let what = format!("its directory has more than {MAX_DIRECTORY} octets");
        return Err(DiscoveryError::Peer { dp: dp.clone(), what });
    }
    Ok(directory)
}

/// Answers a discovery provider that asks for its issuing keys: its certificate says which one it is.
pub(crate) fn issuing_key(core: &Core, peer: &PeerIdentity, method: &Method) -> Response<Body> {
    let plain = |status, octets: Vec<u8>| {
        let mut response =
            Response::new(Full::new(bytes::Bytes::from(octets)).map_err(|never| match never {}).boxed_unsync());
        *response.status_mut() = status;
        response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        response
    };
    if method != Method::GET {
        return plain(StatusCode::METHOD_NOT_ALLOWED, Vec::new());
    }
    let known = |name: &&Domain| core.discovery.config.providers.contains_key(*name);
    let Some(dp) = peer.names().iter().find(known) else {
        debug!(
            peer = peer.names().first().map(Domain::as_str),
            "asks for an issuing key and is no discovery provider of ours"
        );
        return plain(StatusCode::FORBIDDEN, Vec::new());
    };
    let keys = core.discovery.issuing_keys(&core.domain, dp);
    match keys.and_then(|keys| Ok(keys.to_bytes()?)) {
        Ok(keys) => plain(StatusCode::OK, keys),
        Err(error) => {
            warn!(%dp, %error, "no issuing keys");
            plain(StatusCode::INTERNAL_SERVER_ERROR, Vec::new())
        }
    }
}

/// Whether a request on the listener for providers is one for an issuing key.
pub(crate) fn is_issuing_key<B>(request: &Request<B>) -> bool {
    request.uri().path() == paths::ISSUING_KEY
}
