//! The discovery provider: what it keeps, what it commits itself to, what it answers.

mod buckets;
mod endpoints;
mod federation;
mod look_up;
mod published;
#[cfg(feature = "pir")]
mod retrieval;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mimi_arch::Domain;
use mimi_arch::codec::Wire as _;
use mimi_discovery::config::{DpConfig, Modes, TokenIssuer};
use mimi_discovery::directory::{ListedProvider, PrefixDirectory, Range};
use mimi_discovery::lookup::b::BucketParameters;
use mimi_discovery::oblivious::{Gateway, ObliviousError};
pub use mimi_discovery::paths;
use mimi_discovery::profile::{Key, Moment, Signature, Validity};
use mimi_discovery::snapshot::{Snapshot, TreeSecret};
use mimi_discovery::store::{DiscoveryStore, StoreError};
use mimi_discovery::token::{IssuingKey, IssuingKeys, Redeemer};
use mimi_discovery::{Anchors, PublicKey, Seconds};
use thiserror::Error;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::clock;
use crate::net::{self, Running, Tls};
use crate::observe::Observer;
use crate::peers::{PeerError, Peers};
use published::Published;

/// How long a configuration holds, in seconds.
const CONFIG_TIME: u64 = 7 * 86_400;
/// How often what has ended is looked for.
const SWEEP_TIME: Duration = Duration::from_secs(30);
/// How many identifiers are swept in one transaction.
const SWEEP_AT_ONCE: usize = 256;
/// How often messaging providers are asked for keys that are missing.
const ISSUER_RETRY: Duration = Duration::from_secs(5);
/// How often the others are asked whether they have changed their keys.
const ISSUER_REFRESH: Duration = Duration::from_secs(10);

/// What a discovery provider is set up with.
#[derive(Clone, Debug)]
pub struct DiscoveryConfig {
    /// Its domain.
    pub domain: Domain,
    /// The SQLite file with everything it keeps.
    pub database: PathBuf,
    /// TLS: the listener asks for a client certificate.
    pub tls: Tls,
    /// Which issuers it takes records of.
    pub anchors: Anchors,
    /// The messaging providers whose tokens it takes, and whose users register.
    pub msps: BTreeSet<Domain>,
    /// The relays from which it takes encapsulated requests.
    pub relays: BTreeSet<Domain>,
    /// The discovery providers with which it exchanges records.
    pub federation: BTreeSet<Domain>,
    /// Where others are reached when DNS does not find them.
    pub addresses: BTreeMap<Domain, SocketAddr>,
    /// Ranges of identifiers and who has them, if it is the root of a hierarchy. A range without providers is its own.
    pub ranges: Vec<(Range, bool)>,
    /// The modes of look-up that it offers. Mode P needs feature `pir`.
    pub modes: Modes,
    /// What mode P may take.
    pub retrieval: RetrievalLimits,
    /// Is told what the provider sees; for tests.
    pub observer: Observer,
}

/// What mode P may take of the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetrievalLimits {
    /// Octets of memory for the buckets as they are prepared, those that are served and the next ones together. Buckets of a thousand mappings take some 48 MB.
    pub memory: u64,
    /// How many requests may wait for an answer, the one that is computed included; others are refused. Each has some megabytes.
    pub waiting: usize,
}

impl Default for RetrievalLimits {
    /// 4 GiB, which 65,536 mappings fit in, and eight requests.
    fn default() -> Self {
        Self { memory: 4 << 30, waiting: 8 }
    }
}

/// Why a party does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A socket.
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    /// The HTTPS client.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// The gateway's key.
    #[error(transparent)]
    Gateway(#[from] ObliviousError),
    /// The key of the buckets.
    #[error(transparent)]
    Buckets(#[from] mimi_discovery::oprf::OprfError),
    /// Mode P is to be offered by a program that does not have it.
    #[error("mode p is experimental and not in this program: build it with `--features pir`")]
    NoRetrieval,
    /// Mode P of what is stored takes more memory than it may.
    #[error(
        "mode p of {buckets} buckets takes {needed} octets of memory and may take {limit}: allow more, or do not offer it"
    )]
    RetrievalMemory {
        /// How many buckets there are.
        buckets: u32,
        /// What they take.
        needed: u64,
        /// What they may take.
        limit: u64,
    },
    /// The scheme of mode P does not hold what is stored.
    #[error("mode p: {0}")]
    Retrieval(#[from] mimi_discovery::lookup::p::PirError),
    /// Something has no encoding.
    #[error("configuration: {0}")]
    Encode(#[from] mimi_arch::EncodeError),
}

/// A discovery provider that serves.
#[derive(Debug)]
pub struct DiscoveryProvider {
    core: Arc<Core>,
    running: Running,
}

/// What answers look-ups, for who has another HTTP server.
#[derive(Clone, Debug)]
pub struct Answerer(Arc<Core>);

impl Answerer {
    /// Answers an encapsulated request.
    ///
    /// # Errors
    /// The request is none.
    pub async fn answer(&self, encapsulated: Vec<u8>) -> Result<Vec<u8>, mimi_discovery::lookup::RequestError> {
        self.0.oblivious(encapsulated).await.map(|(answer, _)| answer)
    }

    /// What the provider keeps.
    #[must_use]
    pub fn store(&self) -> &DiscoveryStore {
        &self.0.store
    }
}

/// What all its parts share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) domain: Domain,
    pub(crate) store: DiscoveryStore,
    pub(crate) anchors: Anchors,
    pub(crate) msps: BTreeSet<Domain>,
    pub(crate) relays: BTreeSet<Domain>,
    pub(crate) federation: BTreeSet<Domain>,
    pub(crate) peers: Peers,
    pub(crate) key: Key,
    pub(crate) gateway: Gateway,
    pub(crate) modes: Modes,
    pub(crate) buckets: buckets::Mode,
    #[cfg(feature = "pir")]
    pub(crate) retrieval: Option<retrieval::Mode>,
    pub(crate) published: Arc<RwLock<Published>>,
    pub(crate) redeemer: RwLock<(Redeemer, BTreeSet<TokenIssuer>)>,
    pub(crate) directory: Option<PrefixDirectory>,
    pub(crate) observer: Observer,
    pub(crate) changed: Arc<tokio::sync::Notify>,
}

impl DiscoveryProvider {
    /// Opens the store, makes the keys it does not have yet, and serves on this socket.
    ///
    /// # Errors
    /// When the store, a key or the socket cannot be used.
    pub async fn serve(config: DiscoveryConfig, sockets: TcpListener) -> Result<Self, DiscoveryError> {
        let server = config.tls.server.clone();
        let core = tokio::task::spawn_blocking(move || Core::open(config))
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))??;
        let core = Arc::new(core);
        let mut running = net::serve(sockets, server, core.clone())?;
        running.also(core.clone().fetch_issuing_keys());
        running.also(core.clone().upkeep());
        if core.modes.b || core.modes.p {
            running.also(core.clone().keep_buckets());
        }
        #[cfg(feature = "pir")]
        if core.modes.p {
            running.also(core.clone().keep_retrieval());
        }
        for peer in core.federation.clone() {
            running.also(core.clone().push_to(peer));
        }
        info!(domain = %core.domain, address = %running.address(), "discovery provider serves");
        Ok(Self { core, running })
    }

    /// The key of the discovery provider with this database, which is made when it does not exist: operators of messaging providers have to know it before
    /// the first start.
    ///
    /// # Errors
    /// When the database cannot be used.
    pub fn key_of(database: &Path) -> Result<PublicKey, DiscoveryError> {
        let store = DiscoveryStore::open(database, |_| {})?;
        Ok(signing_key(&store)?.public())
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Takes tokens of a messaging provider that are made with this key, which came by other means than the network.
    pub fn accept_issuer(&self, msp: Domain, key: IssuingKey) {
        self.core.accept_issuer(msp, key);
    }

    /// The key that signs its snapshots and its configuration.
    #[must_use]
    pub fn key(&self) -> PublicKey {
        self.core.key.public()
    }

    /// What answers look-ups, for who has another HTTP server.
    #[must_use]
    pub fn answerer(&self) -> Answerer {
        Answerer(self.core.clone())
    }

    /// What it keeps.
    #[must_use]
    pub fn store(&self) -> &DiscoveryStore {
        &self.core.store
    }

    /// What it has committed itself to last.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.core.published().snapshot.clone()
    }

    /// Stops it.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}

fn signing_key(store: &DiscoveryStore) -> Result<Key, StoreError> {
    Ok(Key::from_seed(store.secret("signing key", rand::random())?))
}

impl Core {
    fn open(config: DiscoveryConfig) -> Result<Self, DiscoveryError> {
        if config.modes.p && !cfg!(feature = "pir") {
            return Err(DiscoveryError::NoRetrieval);
        }
        let changed = Arc::new(tokio::sync::Notify::new());
        let slot: Arc<RwLock<Option<Arc<RwLock<Published>>>>> = Arc::default();
        let observe = {
            let (slot, changed) = (slot.clone(), changed.clone());
            move |changes: &[mimi_discovery::store::Change]| {
                let published = slot.read().unwrap_or_else(PoisonError::into_inner).clone();
                if let Some(published) = published {
                    published.write().unwrap_or_else(PoisonError::into_inner).follow(changes, clock::now());
                }
                changed.notify_waiters();
            }
        };
        let store = DiscoveryStore::open(&config.database, observe)?;
        let key = signing_key(&store)?;
        let tree_secret = TreeSecret::new(store.secret("tree", rand::random())?);
        let gateway = Gateway::new(config.domain.clone(), 1, &store.secret("gateway", rand::random())?)?;
        let buckets =
            buckets::Mode::new(&store.secret("buckets", rand::random())?, store.secret("filler", rand::random())?)?;
        #[cfg(feature = "pir")]
        let retrieval = match config.modes.p {
            true => {
                let needed = BucketParameters::for_records(buckets.public_key(), store.figures()?.with_mapping);
                Some(retrieval::Mode::new(config.retrieval, &needed)?)
            }
            false => None,
        };
        let published = Published::new(config.domain.clone(), key.clone(), tree_secret, &store, clock::now())?;
        let published = Arc::new(RwLock::new(published));
        *slot.write().unwrap_or_else(PoisonError::into_inner) = Some(published.clone());
        let peers = Peers::new(config.tls.client, &config.addresses)?;
        let directory = Self::directory(&config.domain, config.ranges, &key)?;
        Ok(Self {
            redeemer: RwLock::new((Redeemer::new(config.domain.clone()), BTreeSet::new())),
            domain: config.domain,
            store,
            anchors: config.anchors,
            msps: config.msps,
            relays: config.relays,
            federation: config.federation,
            peers,
            key,
            gateway,
            modes: config.modes,
            buckets,
            #[cfg(feature = "pir")]
            retrieval,
            published,
            directory,
            observer: config.observer,
            changed,
        })
    }

    fn directory(
        domain: &Domain,
        ranges: Vec<(Range, bool)>,
        key: &Key,
    ) -> Result<Option<PrefixDirectory>, DiscoveryError> {
        if ranges.is_empty() {
            return Ok(None);
        }
        let now = clock::now();
        let own = ListedProvider { domain: domain.clone(), key: key.public() };
        let ranges = ranges.into_iter().map(|(mut range, is_own)| {
            if is_own {
                range.providers.push(own.clone());
            }
            range
        });
        let validity = Validity { not_before: now, not_after: now.plus(CONFIG_TIME) };
        // A later start has a later time, and so a higher number.
        Ok(Some(PrefixDirectory::sign(domain, now.0.max(1), validity, ranges.collect(), key)?))
    }

    pub(crate) fn published(&self) -> std::sync::RwLockReadGuard<'_, Published> {
        self.published.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration as askers get it.
    pub(crate) fn config(&self, now: Seconds) -> Result<DpConfig, mimi_arch::EncodeError> {
        let held = self.redeemer.read().unwrap_or_else(PoisonError::into_inner);
        let issuers = held.1.iter().filter(|issuer| issuer.validity.at(now) != Moment::After).cloned().collect();
        drop(held);
        let buckets = self.buckets.served().map(|served| served.parameters);
        // After buckets were made with other parameters, the old ones can be retrieved for a while, which nobody would understand.
        let can_retrieve = buckets.is_some() && self.retrieval_parameters(now) == buckets;
        let modes = Modes { b: self.modes.b && buckets.is_some(), p: can_retrieve, s: self.modes.s };
        let config = DpConfig {
            domain: self.domain.clone(),
            snapshot_key: self.key.public(),
            modes,
            oblivious_key: self.gateway.key(),
            buckets: buckets.filter(|_| modes.b || modes.p),
            issuers,
            // The same for all who ask on one day, so that it marks nobody.
            validity: Validity {
                not_before: Seconds(now.0 / 86_400 * 86_400),
                not_after: Seconds((now.0 / 86_400 + 7) * 86_400),
            },
            signature: Signature([0; 64]),
        };
        config.sign(&self.key)
    }

    #[cfg(feature = "pir")]
    fn retrieval_parameters(&self, now: Seconds) -> Option<BucketParameters> {
        self.retrieval.as_ref()?.parameters(now)
    }

    #[cfg(not(feature = "pir"))]
    const fn retrieval_parameters(&self, _now: Seconds) -> Option<BucketParameters> {
        None
    }

    fn accept_issuer(&self, msp: Domain, key: IssuingKey) {
        let mut held = self.redeemer.write().unwrap_or_else(PoisonError::into_inner);
        held.1.insert(TokenIssuer { msp: msp.clone(), key: key.public(), validity: Validity::ALWAYS });
        held.0.accept(msp, key);
    }

    /// Takes tokens of these keys of a messaging provider, and of no others of it any more.
    fn replace_issuer(&self, msp: &Domain, keys: &IssuingKeys) {
        let issuers: Vec<TokenIssuer> = keys
            .keys()
            .iter()
            .map(|held| TokenIssuer { msp: msp.clone(), key: held.key.public(), validity: held.validity })
            .collect();
        let mut held = self.redeemer.write().unwrap_or_else(PoisonError::into_inner);
        if held.1.iter().filter(|issuer| issuer.msp == *msp).eq(&issuers) {
            return;
        }
        info!(%msp, keys = issuers.len(), "the messaging provider has other issuing keys");
        held.1.retain(|issuer| issuer.msp != *msp);
        held.0.forget(msp);
        for key in keys.keys() {
            held.0.accept_within(msp.clone(), key.key.clone(), key.validity);
        }
        held.1.extend(issuers);
    }

    /// Asks each messaging provider for its keys until it has them, and from time to time whether there are others.
    async fn fetch_issuing_keys(self: Arc<Self>) {
        let mut missing = self.msps.clone();
        let mut refreshed = tokio::time::Instant::now();
        loop {
            let asked = if refreshed.elapsed() < ISSUER_REFRESH { missing.clone() } else { self.msps.clone() };
            if asked.len() == self.msps.len() {
                refreshed = tokio::time::Instant::now();
            }
            for msp in asked {
                match self.peers.get(&msp, paths::ISSUING_KEY).await {
                    Ok(octets) => match IssuingKeys::from_bytes(&octets) {
                        Ok(keys) => {
                            self.replace_issuer(&msp, &keys);
                            missing.remove(&msp);
                        }
                        Err(error) => warn!(%msp, %error, "what the messaging provider gave are no issuing keys"),
                    },
                    Err(error) => tracing::debug!(%msp, %error, "no issuing key yet"),
                }
            }
            tokio::time::sleep(ISSUER_RETRY).await;
        }
    }

    /// Renews the snapshot in time, and lets go of what has ended.
    async fn upkeep(self: Arc<Self>) {
        let mut swept = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let now = clock::now();
            self.published.write().unwrap_or_else(PoisonError::into_inner).renew(now);
            if swept.elapsed() < SWEEP_TIME {
                continue;
            }
            swept = tokio::time::Instant::now();
            let core = self.clone();
            let done = tokio::task::spawn_blocking(move || -> Result<(), StoreError> {
                while core.store.sweep(now, SWEEP_AT_ONCE)? == SWEEP_AT_ONCE {}
                core.store.forget_spent(now)?;
                Ok(())
            })
            .await;
            if let Ok(Err(error)) = done {
                warn!(%error, "what has ended cannot be let go");
            }
        }
    }
}
