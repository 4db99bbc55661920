//! The provider as a whole: its sockets, its parts, its start and its stop.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use mimi_arch::{Domain, ProviderUri, RoomUri, UserUri};
use mimi_ds::{
    effect::Effect,
    follower::ClaimPolicy,
    hub::HubIdentity,
    store::{SqliteStore, Store, StoreError, Ticket},
};
use mimi_protocol::{
    crypto::{Ed25519Signer, LabelSigner},
    directory::{Directory, DirectoryError, Endpoint},
    http::{
        client::{ClientError, PeerAddress, ProviderClient, ProviderClientConfig},
        server::Limits,
    },
    identifier_query::SearchPolicy,
    mls::{Credential, ExternalSender},
};
use thiserror::Error;
use tokio::{net::TcpListener, runtime::Handle, sync::watch, task::JoinSet};
use tracing::info;

use crate::{
    Config,
    accept::Listening,
    admin_listener, client_listener,
    config::SettingProblem,
    database_lock::{DatabaseLock, LockError},
    delivery::Watchers,
    dependent, destruction,
    discovery::Discovery,
    franking::{self, FrankingKeys},
    lanes,
    lanes::Lanes,
    metrics::{CommitMetrics, Metrics},
    peer_listener,
    proxy_download::Downloads,
    rates::{self, Limited, RateLimits},
    report_abuse::ReceivedReport,
    rooms::{self, Rooms},
    tls::{TlsError, TlsIdentity},
    tls_state::{self, TlsState},
    upkeep,
};

/// The endpoints that the directory lists: those that are served.
const OFFERED: &[Endpoint] = &[
    Endpoint::KeyMaterial,
    Endpoint::Update,
    Endpoint::Notify,
    Endpoint::SubmitMessage,
    Endpoint::GroupInfo,
    Endpoint::RequestConsent,
    Endpoint::UpdateConsent,
    Endpoint::IdentifierQuery,
    Endpoint::ReportAbuse,
    Endpoint::ProxyDownload,
];

/// Why a provider does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// A certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The store cannot be opened or read.
    #[error("database {path}: {source}")]
    Store {
        /// The SQLite file.
        path: std::path::PathBuf,
        /// What the store said.
        source: StoreError,
    },
    /// Another provider uses the database.
    #[error("database: {0}")]
    Lock(#[from] LockError),
    /// The HTTPS client cannot be made.
    #[error("HTTPS client: {0}")]
    Client(#[from] ClientError),
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] SettingProblem),
    /// The provider's own directory document cannot be made.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
}

/// Entry point: [`Provider::bind`].
pub struct Provider;

/// A provider that has its sockets and its store, and serves nobody yet.
pub struct BoundProvider {
    config: Config,
    identity: TlsIdentity,
    store: Arc<SqliteStore>,
    lock: DatabaseLock,
    commits: CommitMetrics,
    peers: TcpListener,
    clients: TcpListener,
    admin: Option<TcpListener>,
    peer_address: SocketAddr,
    client_address: SocketAddr,
    admin_address: Option<SocketAddr>,
}

/// A provider that serves; dropping it stops it at once, [`RunningProvider::stop`] lets it finish what it accepted.
pub struct RunningProvider {
    domain: Domain,
    peer_address: SocketAddr,
    client_address: SocketAddr,
    admin_address: Option<SocketAddr>,
    core: Arc<Core>,
    listeners: JoinSet<usize>,
    /// What goes on while the listeners finish, and ends with the value.
    others: JoinSet<()>,
    _lock: DatabaseLock,
}

/// How a stop went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stopped {
    /// Connections that had not ended within the time set for it, and were cut.
    pub cut: usize,
}

/// What all parts of a running provider share.
pub(crate) struct Core {
    pub(crate) domain: Domain,
    pub(crate) store: Arc<dyn Store>,
    /// The same store, for what operators ask.
    pub(crate) figures: Arc<SqliteStore>,
    pub(crate) metrics: Metrics,
    rates: Option<RateLimits>,
    pub(crate) tls: TlsState,
    pub(crate) listening: Listening,
    pub(crate) stop_time: Duration,
    pub(crate) signer: Ed25519Signer,
    pub(crate) identity: HubIdentity,
    pub(crate) rooms: Rooms,
    pub(crate) lanes: Lanes,
    pub(crate) watchers: Watchers,
    pub(crate) peers: ProviderClient,
    pub(crate) franking: FrankingKeys,
    pub(crate) downloads: Downloads,
    pub(crate) directory: Directory,
    pub(crate) discovery: Discovery,
    pub(crate) limits: Limits,
    pub(crate) claim_policy: ClaimPolicy,
    /// Whether hubs have to show the tokens of the clients for whom they bring messages.
    pub(crate) demands_tokens: bool,
    /// With fewer key packages than these, a client is told to upload more.
    pub(crate) low_key_packages: u64,
    pub(crate) search_policy: SearchPolicy,
    pub(crate) request_time: Duration,
    pub(crate) runtime: Handle,
    pub(crate) stop: watch::Sender<bool>,
}

impl Provider {
    /// Opens the store and the sockets.
    ///
    /// # Errors
    /// When a PEM file, the database or an address cannot be used.
    pub async fn bind(config: Config) -> Result<BoundProvider, ProviderError> {
        let identity = TlsIdentity::from_files(&config.tls.certificate, &config.tls.key, &config.tls.authorities)?;
        let store_error = |source| ProviderError::Store { path: config.database.clone(), source };
        let lock = DatabaseLock::take(&config.database)?;
        let commits = CommitMetrics::new();
        let observer = commits.clone();
        let store = SqliteStore::open_observed(&config.database, move |sample| observer.observe(sample));
        let store = Arc::new(store.map_err(store_error)?);
        let (peers, peer_address) = listen(config.listen).await?;
        let (clients, client_address) = listen(config.client_listen).await?;
        let (admin, admin_address) = match config.operation.admin {
            Some(address) => listen(address).await.map(|(admin, address)| (Some(admin), Some(address)))?,
            None => (None, None),
        };
        Ok(BoundProvider {
            config,
            identity,
            store,
            lock,
            commits,
            peers,
            clients,
            admin,
            peer_address,
            client_address,
            admin_address,
        })
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), ProviderError> {
    let error = |source| ProviderError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(error)?;
    let bound = listener.local_addr().map_err(error)?;
    Ok((listener, bound))
}

impl BoundProvider {
    /// The provider's domain.
    pub fn domain(&self) -> &Domain {
        &self.config.domain
    }

    /// Where other providers connect.
    pub fn peer_address(&self) -> SocketAddr {
        self.peer_address
    }

    /// Where clients connect.
    pub fn client_address(&self) -> SocketAddr {
        self.client_address
    }

    /// Starts serving. `more_peers` are added to the peers of the configuration; the embedded run gives the addresses
    /// here that the system chose.
    ///
    /// # Errors
    /// When the TLS library refuses the certificate, or the store cannot be read.
    pub async fn serve(
        self,
        more_peers: impl IntoIterator<Item = (Domain, SocketAddr)>,
    ) -> Result<RunningProvider, ProviderError> {
        let Self { config, identity, store, lock, commits, peers, clients, admin, .. } = self;
        let (peer_address, client_address, admin_address) =
            (self.peer_address, self.client_address, self.admin_address);
        let known: BTreeMap<Domain, PeerAddress> = config
            .peers
            .iter()
            .map(|(domain, peer)| (domain.clone(), peer.address))
            .chain(more_peers)
            .map(|(domain, socket)| (domain, PeerAddress { socket }))
            .collect();
        let request_time = Duration::from_secs(config.limits.request_seconds);
        let mut outgoing = ProviderClientConfig::new(config.domain.clone(), identity.peer_client()?);
        outgoing.peers = known;
        outgoing.timeouts.connect = request_time.min(outgoing.timeouts.connect);
        outgoing.timeouts.request = request_time;
        let outgoing = ProviderClient::new(outgoing)?;
        let store_error = |source| ProviderError::Store { path: config.database.clone(), source };
        let seed = key_seed(&*store).map_err(store_error)?;
        let signer = Ed25519Signer::from_seed(seed);
        let external_sender = ExternalSender {
            signature_key: signer.public_key().to_vec(),
            credential: Credential::basic(ProviderUri::new(&config.domain).as_str().as_bytes()),
        };
        let metrics = Metrics::new(commits);
        let rooms = Rooms::new(config.operation.rooms, metrics.evicted_rooms());
        let tls = TlsState::new(config.tls.clone(), &identity, &config.domain, &metrics)?;
        let franking = FrankingKeys::load(&*store, config.franking.key_days).map_err(store_error)?;
        let downloads = Downloads::new(identity.asset_client()?, &config.assets, config.downloads)
            .map_err(|error| ProviderError::Client(ClientError::Setup(error)))?;
        let discovery = Discovery::new(config.discovery, &seed, identity.clone().tls13().peer_client()?, request_time)
            .map_err(|error| ProviderError::Client(ClientError::Setup(error)))?;
        let directory =
            Directory::of(&format!("https://{}:{}", config.domain, peer_address.port()), OFFERED.iter().copied())?;
        let core = Arc::new(Core {
            domain: config.domain.clone(),
            store: store.clone(),
            figures: store,
            metrics,
            rates: config.operation.rates.as_ref().map(RateLimits::new),
            tls,
            listening: Listening::default(),
            stop_time: config.operation.stop_time,
            signer,
            identity: HubIdentity { domain: config.domain.clone(), external_sender },
            rooms,
            lanes: Lanes::default(),
            watchers: Watchers::default(),
            peers: outgoing,
            franking,
            downloads,
            directory,
            discovery,
            limits: config.limits.per_endpoint(),
            claim_policy: config.users.claim_policy(),
            demands_tokens: config.users.enqueue_authorization,
            low_key_packages: config.operation.queues.low_key_packages,
            search_policy: config.search.policy()?,
            request_time,
            runtime: Handle::current(),
            stop: watch::Sender::new(false),
        });
        let left = core.store.outbox_lanes().map_err(store_error)?;
        info!(domain = %core.domain, %peer_address, %client_address, unsent = left.len(), "provider serves");
        for (to, room) in left {
            lanes::wake(&core, to, room);
        }
        let mut listeners = JoinSet::new();
        listeners.spawn(peer_listener::run(core.clone(), peers));
        listeners.spawn(client_listener::run(core.clone(), clients));
        let mut others = JoinSet::new();
        others.spawn(rooms::tend(core.clone()));
        others.spawn(rooms::let_rest(core.clone()));
        others.spawn(dependent::compare_all(core.clone()));
        others.spawn(destruction::run(core.clone()));
        others.spawn(franking::run(core.clone(), config.franking.key_days));
        others.spawn(upkeep::run(core.clone(), config.operation.queues));
        if let Some(admin) = admin {
            others.spawn(admin_listener::run(core.clone(), admin));
        }
        if let Some(interval) = config.operation.tls_poll {
            others.spawn(tls_state::poll(core.clone(), interval));
        }
        if core.rates.is_some() {
            others.spawn(sweep_rates(core.clone()));
        }
        Ok(RunningProvider {
            domain: config.domain,
            peer_address,
            client_address,
            admin_address,
            core,
            listeners,
            others,
            _lock: lock,
        })
    }
}

impl RunningProvider {
    /// The provider's domain.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// Where other providers connect.
    pub fn peer_address(&self) -> SocketAddr {
        self.peer_address
    }

    /// Where clients connect.
    pub fn client_address(&self) -> SocketAddr {
        self.client_address
    }

    /// Where metrics and health are served, if they are.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_address
    }

    /// Loads certificate, key and authorities anew; new connections use them. Gives the time when the certificate ends. Reads
    /// three files before it returns.
    ///
    /// # Errors
    /// When one cannot be used; then the former ones stay in use. The log has the error, too.
    pub fn reload_tls(&self) -> Result<SystemTime, TlsError> {
        tls_state::reload(&self.core)
    }

    /// Reports of abuse that this provider took as a hub, with numbers above `after`, in order, at most `limit`
    /// (draft-ietf-mimi-protocol-06 section 5.9). They stay until [`RunningProvider::drop_report`].
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn reports(&self, after: u64, limit: usize) -> Result<Vec<ReceivedReport>, StoreError> {
        let store = self.core.store.clone();
        self.core
            .blocking(move || store.abuse_reports(after, limit)?.into_iter().map(ReceivedReport::read).collect())
            .await
    }

    /// Forgets a report that has been dealt with.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn drop_report(&self, id: u64) -> Result<(), StoreError> {
        let store = self.core.store.clone();
        self.core.blocking(move || store.commit(vec![Effect::DropAbuseReport { id }])).await
    }

    /// Destroys a room of which this provider is the hub; whether it was there and not over before. Members of other providers are told
    /// through the outbox, so that this does not wait for them.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn destroy_room(&self, room: &RoomUri) -> Result<bool, StoreError> {
        let (core, room) = (self.core.clone(), room.clone());
        self.core.blocking(move || destruction::destroy(&core, &room)).await
    }

    /// Makes a new secret to frank with (section 5.4.1.2), as happens by itself after some time. Reports of messages that were
    /// franked before are taken as ever.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub async fn rotate_franking_key(&self) -> Result<(), StoreError> {
        let core = self.core.clone();
        self.core.blocking(move || core.franking.rotate(&*core.store)).await
    }

    /// Stops: no new connections, requests that were accepted are answered within the time set for it, then everything ends.
    pub async fn stop(mut self) -> Stopped {
        self.core.stop.send_replace(true);
        let mut cut = 0;
        while let Some(listener) = self.listeners.join_next().await {
            cut += listener.unwrap_or_default();
        }
        self.others.shutdown().await;
        Stopped { cut }
    }
}

async fn sweep_rates(core: Arc<Core>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(rates::SWEEP_TIME) => {}
            () = core.stopped() => return,
        }
        if let Some(rates) = &core.rates {
            rates.sweep();
        }
    }
}

/// The seed of the key with which the provider signs as a hub; made at the first start.
fn key_seed(store: &dyn Store) -> Result<[u8; 32], StoreError> {
    if let Some(seed) = store.provider_key()? {
        return Ok(seed);
    }
    let seed = rand::random::<[u8; 32]>();
    store.commit(vec![Effect::PutProviderKey { seed }])?;
    Ok(seed)
}

/// Effects on their way to the disk, and whom to wake when they are there.
pub(crate) struct Submitted {
    core: Arc<Core>,
    ticket: Ticket,
    deliveries: Vec<Arc<[mimi_arch::ClientUri]>>,
    lanes: Vec<(Domain, mimi_arch::RoomUri)>,
}

impl Submitted {
    /// Blocks until the effects are durable, then wakes those who wait for them.
    pub(crate) fn wait(self) -> Result<(), StoreError> {
        let Self { core, ticket, deliveries, lanes } = self;
        ticket.wait()?;
        wake(&core, &deliveries, lanes);
        Ok(())
    }

    /// The same without a thread that waits. To be run to its end: who drops it has nobody woken.
    pub(crate) async fn durable(self) -> Result<(), StoreError> {
        let Self { core, ticket, deliveries, lanes } = self;
        ticket.await?;
        wake(&core, &deliveries, lanes);
        Ok(())
    }
}

fn wake(core: &Arc<Core>, deliveries: &[Arc<[mimi_arch::ClientUri]>], lanes: Vec<(Domain, mimi_arch::RoomUri)>) {
    deliveries.iter().for_each(|clients| core.watchers.wake(clients));
    for (to, room) in lanes {
        lanes::wake(core, to, room);
    }
}

impl Core {
    /// Hands the effects of one decision to the store. Keeps the order of calls.
    pub(crate) fn submit(self: &Arc<Self>, effects: Vec<Effect>) -> Submitted {
        let mut deliveries = Vec::new();
        let mut lanes = Vec::new();
        for effect in &effects {
            match effect {
                Effect::Deliver { to, .. } => deliveries.push(Arc::clone(to)),
                Effect::Enqueue { to, room, .. } => lanes.push((to.clone(), room.clone())),
                _ => {}
            }
        }
        lanes.dedup();
        Submitted { core: self.clone(), ticket: self.store.submit(effects), deliveries, lanes }
    }

    pub(crate) fn limit_provider(&self, provider: &Domain) -> Result<(), Limited> {
        self.limit(|rates| rates.provider(provider))
    }

    pub(crate) fn limit_room(&self, room: &RoomUri) -> Result<(), Limited> {
        self.limit(|rates| rates.room(room))
    }

    pub(crate) fn limit_codes(&self, room: &RoomUri, provider: &Domain) -> Result<(), Limited> {
        self.limit(|rates| rates.code(room, provider))
    }

    pub(crate) fn limit_user(&self, user: &UserUri) -> Result<(), Limited> {
        self.limit(|rates| rates.user(user))
    }

    pub(crate) fn limit_registration(&self) -> Result<(), Limited> {
        self.limit(RateLimits::registration)
    }

    fn limit(&self, check: impl FnOnce(&RateLimits) -> Result<(), Limited>) -> Result<(), Limited> {
        let checked = self.rates.as_ref().map_or(Ok(()), check);
        if let Err(limited) = &checked {
            self.metrics.limited(limited.kind);
        }
        checked
    }

    /// Ends when the provider is asked to stop.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await.is_ok();
    }

    /// Runs blocking work (a decision, the store) off the threads that serve sockets.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.runtime.spawn_blocking(work).await {
            Ok(result) => result,
            Err(_) => Err(StoreError::Closed),
        }
    }
}
