//! What the whole-system tests share: providers that run as processes of their own and can be killed, and clients for them.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
// Tests say what went wrong by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod process;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use mimi_arch::Domain;
use mimi_client::{Client, ClientConfig, Event};
use mimi_provider::{throwaway_ca::ThrowawayCa, tls::TlsIdentity};

pub mod recorder;
pub mod sink;

/// Providers on loopback, each a process, all of one throw-away authority.
pub struct Cluster {
    /// Where certificates, configurations and databases are.
    pub folder: tempfile::TempDir,
    /// The authority, to make more certificates.
    pub ca: ThrowawayCa,
    binary: PathBuf,
    nodes: BTreeMap<Domain, Node>,
}

struct Node {
    peer_address: SocketAddr,
    client_address: SocketAddr,
    config: PathBuf,
    child: Option<Child>,
}

impl Cluster {
    /// Writes everything for the providers and starts them. `binary` is `env!("CARGO_BIN_EXE_mimi-under-test")`.
    pub fn start(binary: &str, names: &[&str]) -> Self {
        Self::start_rerouted(binary, names, &[])
    }

    /// The same, but where a route (from, to, address) says so, a provider reaches another one at that address.
    pub fn start_rerouted(binary: &str, names: &[&str], routes: &[(&str, &str, SocketAddr)]) -> Self {
        let folder = tempfile::Builder::new().prefix("mimi-tests-").tempdir().unwrap();
        let ca = ThrowawayCa::new("tests").unwrap();
        ca.write_to(folder.path()).unwrap();
        let mut nodes = BTreeMap::new();
        for name in names {
            let domain: Domain = name.parse().unwrap();
            ca.issue(&domain).unwrap().write_to(folder.path()).unwrap();
            let config = folder.path().join(format!("{name}.toml"));
            let [peer_address, client_address] = free_addresses();
            nodes.insert(domain, Node { peer_address, client_address, config, child: None });
        }
        let mut cluster = Self { folder, ca, binary: binary.into(), nodes };
        cluster.write_configs(routes);
        for domain in cluster.nodes.keys().cloned().collect::<Vec<_>>() {
            cluster.start_provider(domain.as_str());
        }
        cluster
    }

    fn write_configs(&self, routes: &[(&str, &str, SocketAddr)]) {
        for (domain, node) in &self.nodes {
            let mut text = format!(
                "domain = \"{domain}\"\nlisten = \"{}\"\nclient_listen = \"{}\"\ndatabase = \"{domain}.db\"\n\
                 [tls]\ncertificate = \"{domain}.pem\"\nkey = \"{domain}.key\"\nauthorities = \"ca.pem\"\n",
                node.peer_address, node.client_address
            );
            for (other, other_node) in self.nodes.iter().filter(|(other, _)| *other != domain) {
                let rerouted = routes.iter().find(|(from, to, _)| domain.as_str() == *from && other.as_str() == *to);
                let address = rerouted.map_or(other_node.peer_address, |(_, _, address)| *address);
                text.push_str(&format!("[peers.\"{other}\"]\naddress = \"{address}\"\n"));
            }
            std::fs::write(&node.config, text).unwrap();
        }
    }

    fn node(&mut self, name: &str) -> &mut Node {
        self.nodes.get_mut(&name.parse::<Domain>().unwrap()).unwrap()
    }

    /// Starts a provider that does not run, and waits until it serves.
    pub fn start_provider(&mut self, name: &str) {
        let binary = self.binary.clone();
        let node = self.node(name);
        assert!(node.child.is_none(), "{name} runs already");
        let mut child = Command::new(binary)
            .args(["serve", "--config"])
            .arg(&node.config)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("serving"), "{name} does not start: {line:?}");
        node.child = Some(child);
    }

    /// Kills a provider with SIGKILL: it gets no chance to write anything.
    pub fn kill(&mut self, name: &str) {
        let mut child = self.node(name).child.take().expect("runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Kills and starts again.
    pub fn kill_and_restart(&mut self, name: &str) {
        self.kill(name);
        self.start_provider(name);
    }

    /// The certificate and key of a provider, for a test that speaks in its name.
    pub fn identity(&self, name: &str) -> TlsIdentity {
        let file = |suffix: &str| self.folder.path().join(format!("{name}.{suffix}"));
        TlsIdentity::from_files(&file("pem"), &file("key"), &self.folder.path().join("ca.pem")).unwrap()
    }

    /// Resident memory of a provider's process in octets.
    pub fn resident(&mut self, name: &str) -> u64 {
        let child = self.node(name).child.as_ref().expect("runs");
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Whether a provider's process is alive.
    pub fn is_alive(&mut self, name: &str) -> bool {
        self.node(name).child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The file of a provider's store.
    pub fn database(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.db"))
    }

    /// The address of the listener for other providers.
    pub fn peer_address(&self, name: &str) -> SocketAddr {
        self.nodes[&name.parse::<Domain>().unwrap()].peer_address
    }

    /// How a new client of the provider is configured.
    pub fn client_config(&self, name: &str, state: &str) -> ClientConfig {
        let domain: Domain = name.parse().unwrap();
        ClientConfig {
            state: self.folder.path().join(state),
            endpoint: format!("https://{}", self.nodes[&domain].client_address),
            domain,
            ca_pem: self.ca.certificate().as_bytes().to_vec(),
        }
    }

    /// Registers a client with its provider.
    pub async fn register(&self, name: &str, user: &str, device: &str, secret: Option<&str>) -> Client {
        let config = self.client_config(name, &format!("{user}-{device}.sqlite"));
        Client::register(config, user, device, secret).await.unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in self.nodes.values_mut() {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// Loopback addresses that nobody listens on at this moment, no two of a process the same. The ports are below those that the system gives to outgoing
/// connections: one of these would take a port before the provider is started, or while it is not running.
pub fn free_addresses<const N: usize>() -> [SocketAddr; N] {
    const PORTS: Range<u32> = 10_000..32_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Tests of other processes begin elsewhere.
    let start = std::process::id().wrapping_mul(331);
    std::array::from_fn(|_| {
        loop {
            let next = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % (PORTS.end - PORTS.start);
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::try_from(PORTS.start + next).unwrap()));
            if TcpListener::bind(address).is_ok() {
                return address;
            }
        }
    })
}

/// Watches until an event satisfies the condition; gives all events that came, the last one satisfying.
pub async fn until(client: &Client, what: &str, found: impl FnMut(&Event) -> bool) -> Vec<Event> {
    until_within(Duration::from_secs(60), client, what, found).await
}

/// The same with another patience.
pub async fn until_within(
    patience: Duration,
    client: &Client,
    what: &str,
    mut found: impl FnMut(&Event) -> bool,
) -> Vec<Event> {
    let mut all = Vec::new();
    let waited = tokio::time::timeout(patience, async {
        loop {
            let events = client.watch(Duration::from_secs(2)).await.unwrap_or_default();
            let done = events.iter().any(&mut found);
            all.extend(events);
            if done {
                return;
            }
        }
    })
    .await;
    assert!(
        waited.is_ok(),
        "{} waits in vain for {what}; it saw {} events, at last {:?}",
        client.id(),
        all.len(),
        all.last()
    );
    all
}

/// The texts of the messages among the events, with their acceptance times.
pub fn messages(events: &[Event]) -> Vec<(u64, String)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Message { accepted, text, .. } => Some((accepted.0, text.clone())),
            _ => None,
        })
        .collect()
}

/// The repository's root.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
