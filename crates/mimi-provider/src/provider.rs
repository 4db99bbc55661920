//! The provider as a whole: its sockets, its parts, its start and its stop.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use mimi_arch::{Domain, ProviderUri};
use mimi_ds::{
    effect::Effect,
    hub::HubIdentity,
    store::{SqliteStore, Store, StoreError, Ticket},
};
use mimi_protocol::{
    crypto::{Ed25519Signer, LabelSigner},
    directory::{Directory, DirectoryError},
    http::{
        client::{ClientError, PeerAddress, ProviderClient, ProviderClientConfig},
        server::Limits,
    },
    mls::{Credential, ExternalSender},
};
use thiserror::Error;
use tokio::{net::TcpListener, runtime::Handle, sync::watch, task::JoinSet};
use tracing::info;

use crate::{
    Config, client_listener, delivery::Watchers, lanes, lanes::Lanes, peer_listener, rooms::Rooms, tls::TlsError,
    tls::TlsIdentity,
};

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
    /// The HTTPS client cannot be made.
    #[error("HTTPS client: {0}")]
    Client(#[from] ClientError),
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
    store: Arc<dyn Store>,
    peers: TcpListener,
    clients: TcpListener,
    peer_address: SocketAddr,
    client_address: SocketAddr,
}

/// A provider that serves; dropping it stops it at once, [`RunningProvider::stop`] lets it finish what it accepted.
pub struct RunningProvider {
    domain: Domain,
    peer_address: SocketAddr,
    client_address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// What all parts of a running provider share.
pub(crate) struct Core {
    pub(crate) domain: Domain,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) signer: Ed25519Signer,
    pub(crate) identity: HubIdentity,
    pub(crate) rooms: Rooms,
    pub(crate) lanes: Lanes,
    pub(crate) watchers: Watchers,
    pub(crate) peers: ProviderClient,
    pub(crate) directory: Directory,
    pub(crate) limits: Limits,
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
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&config.database).map_err(store_error)?);
        let (peers, peer_address) = listen(config.listen).await?;
        let (clients, client_address) = listen(config.client_listen).await?;
        Ok(BoundProvider { config, identity, store, peers, clients, peer_address, client_address })
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
        let Self { config, identity, store, peers, clients, peer_address, client_address } = self;
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
        let signer = signing_key(&*store).map_err(store_error)?;
        let external_sender = ExternalSender {
            signature_key: signer.public_key().to_vec(),
            credential: Credential::basic(ProviderUri::new(&config.domain).as_str().as_bytes()),
        };
        let directory = Directory::of(&format!("https://{}:{}", config.domain, peer_address.port()))?;
        let stop = watch::Sender::new(false);
        let core = Arc::new(Core {
            domain: config.domain.clone(),
            store,
            signer,
            identity: HubIdentity { domain: config.domain.clone(), external_sender },
            rooms: Rooms::default(),
            lanes: Lanes::default(),
            watchers: Watchers::default(),
            peers: outgoing,
            directory,
            limits: config.limits.per_endpoint(),
            request_time,
            runtime: Handle::current(),
            stop: stop.clone(),
        });
        let left = core.store.outbox_lanes().map_err(store_error)?;
        info!(domain = %core.domain, %peer_address, %client_address, unsent = left.len(), "provider serves");
        for (to, room) in left {
            lanes::wake(&core, to, room);
        }
        let mut tasks = JoinSet::new();
        tasks.spawn(peer_listener::run(core.clone(), peers, identity.peer_server()?));
        tasks.spawn(client_listener::run(core.clone(), clients, identity.client_api_server()?));
        Ok(RunningProvider { domain: config.domain, peer_address, client_address, stop, tasks })
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

    /// Stops: no new connections, requests that were accepted are answered, then everything ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// The key with which the provider signs as a hub; made at the first start.
fn signing_key(store: &dyn Store) -> Result<Ed25519Signer, StoreError> {
    if let Some(seed) = store.provider_key()? {
        return Ok(Ed25519Signer::from_seed(seed));
    }
    let seed = rand::random::<[u8; 32]>();
    store.commit(vec![Effect::PutProviderKey { seed }])?;
    Ok(Ed25519Signer::from_seed(seed))
}

/// Effects on their way to the disk, and whom to wake when they are there.
pub(crate) struct Submitted {
    core: Arc<Core>,
    ticket: Ticket,
    deliveries: Vec<mimi_arch::ClientUri>,
    lanes: Vec<(Domain, mimi_arch::RoomUri)>,
}

impl Submitted {
    /// Blocks until the effects are durable, then wakes those who wait for them.
    pub(crate) fn wait(self) -> Result<(), StoreError> {
        self.ticket.wait()?;
        self.deliveries.iter().for_each(|client| self.core.watchers.wake(client));
        for (to, room) in self.lanes {
            lanes::wake(&self.core, to, room);
        }
        Ok(())
    }
}

impl Core {
    /// Hands the effects of one decision to the store. Keeps the order of calls.
    pub(crate) fn submit(self: &Arc<Self>, effects: Vec<Effect>) -> Submitted {
        let mut deliveries = Vec::new();
        let mut lanes = Vec::new();
        for effect in &effects {
            match effect {
                Effect::Deliver { to, .. } => deliveries.push(to.clone()),
                Effect::Enqueue { to, room, .. } => lanes.push((to.clone(), room.clone())),
                _ => {}
            }
        }
        lanes.dedup();
        Submitted { core: self.clone(), ticket: self.store.submit(effects), deliveries, lanes }
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
