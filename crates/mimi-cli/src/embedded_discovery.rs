//! The discovery provider and the relay of the embedded run: real servers of two more operators, on loopback.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use mimi_arch::Domain;
use mimi_conformance::DiscoveryTarget;
use mimi_discovery::{Anchors, CsiKind, PublicKey, config::Modes, profile::Key, record::Scope};
use mimi_discovery_provider::{
    DiscoveryConfig, DiscoveryError, DiscoveryProvider, Observer, Relay, RelayConfig, RetrievalLimits, Running, Tls,
};
use mimi_provider::{DiscoveryProviderConfig, throwaway_ca::ThrowawayCa, tls::TlsIdentity};
use tokio::net::TcpListener;

use crate::embedded::EmbeddedError;

/// From which the key of the issuer is made that the suite plays.
const ISSUER_SEED: [u8; 32] = *b"issuer of the embedded run, test";

/// Sockets, certificates and the key of a discovery provider that does not serve yet.
pub(crate) struct PreparedDiscovery {
    dp: Domain,
    relay: Domain,
    database: PathBuf,
    key: PublicKey,
    dp_socket: TcpListener,
    relay_socket: TcpListener,
    dp_address: SocketAddr,
    relay_address: SocketAddr,
    dp_tls: Tls,
    relay_tls: Tls,
}

/// Both, serving.
pub(crate) struct EmbeddedDiscovery {
    dp: Domain,
    relay_domain: Domain,
    provider: DiscoveryProvider,
    relay: Running,
}

fn tls(ca: &ThrowawayCa, domain: &Domain, folder: &Path, mutual: bool) -> Result<Tls, EmbeddedError> {
    let (certificate, key) = ca.issue(domain)?.write_to(folder)?;
    let identity = TlsIdentity::from_files(&certificate, &key, &folder.join("ca.pem"))?.tls13();
    let server = if mutual { identity.peer_server()? } else { identity.client_api_server()? };
    Ok(Tls { server: Arc::new(server), client: identity.peer_client()? })
}

impl PreparedDiscovery {
    pub(crate) async fn new(ca: &ThrowawayCa, folder: &Path) -> Result<Self, EmbeddedError> {
        let (dp, relay): (Domain, Domain) = ("dp.example".parse()?, "relay.example".parse()?);
        let database = folder.join("dp.example.db");
        let key = {
            let database = database.clone();
            tokio::task::spawn_blocking(move || DiscoveryProvider::key_of(&database))
                .await
                .map_err(std::io::Error::from)??
        };
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (dp_socket, relay_socket) = (TcpListener::bind(any_port).await?, TcpListener::bind(any_port).await?);
        Ok(Self {
            dp_tls: tls(ca, &dp, folder, true)?,
            relay_tls: tls(ca, &relay, folder, false)?,
            dp_address: dp_socket.local_addr()?,
            relay_address: relay_socket.local_addr()?,
            dp,
            relay,
            database,
            key,
            dp_socket,
            relay_socket,
        })
    }

    /// What the messaging providers are set up with.
    pub(crate) fn for_providers(&self) -> mimi_provider::DiscoveryConfig {
        let provider = DiscoveryProviderConfig {
            key: self.key,
            address: Some(self.dp_address),
            relay: format!("https://{}:{}", self.relay, self.relay_address.port()),
            relay_address: Some(self.relay_address),
        };
        mimi_provider::DiscoveryConfig {
            providers: BTreeMap::from([(self.dp.clone(), provider)]),
            ..mimi_provider::DiscoveryConfig::default()
        }
    }

    /// Starts both; the messaging providers listen at these addresses.
    pub(crate) async fn start(self, msps: &[(Domain, SocketAddr)]) -> Result<EmbeddedDiscovery, DiscoveryError> {
        let mut anchors = Anchors::default();
        let issuer = Key::from_seed(ISSUER_SEED).public();
        if let Ok(domain) = "carrier.example".parse() {
            anchors.trust(domain, issuer, CsiKind::E164, Scope::All);
        }
        let config = DiscoveryConfig {
            domain: self.dp.clone(),
            database: self.database,
            tls: self.dp_tls,
            anchors,
            msps: msps.iter().map(|(domain, _)| domain.clone()).collect(),
            relays: BTreeSet::from([self.relay.clone()]),
            federation: BTreeSet::new(),
            addresses: msps.iter().cloned().collect(),
            ranges: Vec::new(),
            modes: Modes { s: true, b: true, p: false },
            retrieval: RetrievalLimits::default(),
            observer: Observer::default(),
        };
        let provider = DiscoveryProvider::serve(config, self.dp_socket).await?;
        let relay = RelayConfig {
            tls: self.relay_tls,
            gateways: BTreeMap::from([(self.dp.clone(), Some(self.dp_address))]),
            retrievals: false,
            observer: Observer::default(),
        };
        let relay = Relay::serve(relay, self.relay_socket)?;
        Ok(EmbeddedDiscovery { dp: self.dp, relay_domain: self.relay, provider, relay })
    }
}

impl EmbeddedDiscovery {
    pub(crate) fn dp(&self) -> &Domain {
        &self.dp
    }

    pub(crate) fn relay(&self) -> &Domain {
        &self.relay_domain
    }

    /// What the suite needs to know.
    pub(crate) fn target(&self) -> DiscoveryTarget {
        DiscoveryTarget {
            dp: self.dp.clone(),
            // Set up above with the same name.
            issuer: "carrier.example".parse().unwrap_or_else(|_| self.dp.clone()),
            issuer_seed: ISSUER_SEED,
        }
    }

    pub(crate) async fn stop(self) {
        self.relay.stop().await;
        self.provider.stop().await;
    }
}
