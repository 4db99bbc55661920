//! The certificates in use, and loading changed ones without a restart.
//!
//! New connections use what was loaded last, both accepted and own ones; connections that are open go on. A file that cannot
//! be used changes nothing but the log.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use mimi_arch::Domain;
use mimi_protocol::http::client::ProviderClient;
use rustls::ServerConfig;
use sha2::{Digest, Sha256};
use tracing::{error, info, warn};

use crate::{
    config::TlsConfig,
    discovery::Discovery,
    metrics::{Listener, Metrics},
    provider::Core,
    tls::{TlsError, TlsIdentity},
};

/// Digests of the three files; `None` for one that cannot be read.
type Fingerprint = [Option<[u8; 32]>; 3];

/// What the listeners show, and where it comes from.
pub(crate) struct TlsState {
    files: TlsConfig,
    in_use: RwLock<InUse>,
    /// The files as they were looked at last, good or not.
    seen: Mutex<Fingerprint>,
    /// A signal and the clock may ask for the files at the same time: what was read last has to stay.
    loading: Mutex<()>,
}

struct InUse {
    providers: Arc<ServerConfig>,
    clients: Arc<ServerConfig>,
}

impl InUse {
    fn new(identity: &TlsIdentity) -> Result<Self, TlsError> {
        Ok(Self { providers: Arc::new(identity.peer_server()?), clients: Arc::new(identity.client_api_server()?) })
    }
}

impl TlsState {
    /// Starts with what was read when the provider was bound.
    pub(crate) fn new(
        files: TlsConfig,
        identity: &TlsIdentity,
        domain: &Domain,
        metrics: &Metrics,
    ) -> Result<Self, TlsError> {
        let in_use = InUse::new(identity)?;
        match identity.check(domain) {
            Ok(end) => metrics.certificate(Some(end)),
            Err(error) => warn!(%error, "other providers will not accept the certificate"),
        }
        let seen = Mutex::new(fingerprint(&files));
        Ok(Self { files, in_use: RwLock::new(in_use), seen, loading: Mutex::default() })
    }

    /// What a listener shows to a new connection.
    pub(crate) fn server(&self, listener: Listener) -> Arc<ServerConfig> {
        let in_use = self.in_use.read().unwrap_or_else(PoisonError::into_inner);
        match listener {
            Listener::Providers => in_use.providers.clone(),
            Listener::Clients => in_use.clients.clone(),
        }
    }

    /// Loads the files and uses them from now on, all or none. Gives the time when the certificate ends.
    fn load(&self, domain: &Domain, client: &ProviderClient, discovery: &Discovery) -> Result<SystemTime, TlsError> {
        let _one_at_a_time = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let TlsConfig { certificate, key, authorities } = &self.files;
        let identity = TlsIdentity::from_files(certificate, key, authorities)?;
        let end = identity.check(domain)?;
        let next = InUse::new(&identity)?;
        // The one step that can fail comes before the one that cannot.
        client.replace_tls(identity.peer_client()?)?;
        discovery.replace_tls(identity.tls13().peer_client()?)?;
        *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(end)
    }

    /// Whether the files are others than when they were looked at last; from now on these are the ones looked at.
    fn have_changed(&self) -> bool {
        let now = fingerprint(&self.files);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *seen, now) != now
    }
}

fn fingerprint(files: &TlsConfig) -> Fingerprint {
    let digest = |path: &Path| std::fs::read(path).ok().map(|octets| Sha256::digest(octets).into());
    [&files.certificate, &files.key, &files.authorities].map(|path| digest(path))
}

/// Loads the files now, changed or not.
pub(crate) fn reload(core: &Core) -> Result<SystemTime, TlsError> {
    core.tls.have_changed();
    load(core)
}

fn load(core: &Core) -> Result<SystemTime, TlsError> {
    let loaded = core.tls.load(&core.domain, &core.peers, &core.discovery);
    match &loaded {
        Ok(end) => {
            core.metrics.tls_reload("loaded");
            core.metrics.certificate(Some(*end));
            info!("certificate, key and authorities are loaded; new connections use them");
        }
        Err(error) => {
            core.metrics.tls_reload("failed");
            error!(%error, "changed certificate, key or authorities cannot be used; the former ones stay in use");
        }
    }
    loaded
}

/// Looks at the files every `interval` until the provider stops.
pub(crate) async fn poll(core: Arc<Core>, interval: Duration) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(interval) => {}
            () = core.stopped() => return,
        }
        let held = core.clone();
        // Reading three small files; what came of it is in the log and in the metrics.
        let looked = core.runtime.spawn_blocking(move || {
            if held.tls.have_changed() {
                let _ = load(&held);
            }
        });
        let _ = looked.await;
    }
}
