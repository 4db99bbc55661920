//! One provider as a process with settings of the test's choice: signals, its log, its admin listener, `mimi` commands on its files.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use mimi_arch::Domain;
use mimi_client::{Client, ClientConfig};
use mimi_protocol::http::client::{PeerAddress, ProviderClient, ProviderClientConfig};
use mimi_provider::{throwaway_ca::ThrowawayCa, tls::TlsIdentity};

use crate::free_addresses;

/// A folder with an authority, and for each provider a certificate and two addresses.
pub struct Scene {
    /// Where everything is.
    pub folder: tempfile::TempDir,
    /// The authority that all certificates come from at first.
    pub ca: ThrowawayCa,
    binary: PathBuf,
    addresses: BTreeMap<String, [SocketAddr; 2]>,
}

impl Scene {
    /// Makes the folder. `binary` is `env!("CARGO_BIN_EXE_mimi-under-test")`.
    pub fn new(binary: &str, names: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("mimi-tests-").tempdir().unwrap();
        let ca = ThrowawayCa::new("tests").unwrap();
        ca.write_to(folder.path()).unwrap();
        let mut addresses = BTreeMap::new();
        for name in names {
            ca.issue(&name.parse().unwrap()).unwrap().write_to(folder.path()).unwrap();
            addresses.insert((*name).to_owned(), free_addresses());
        }
        Self { folder, ca, binary: binary.into(), addresses }
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a provider listens for others.
    pub fn peer_address(&self, name: &str) -> SocketAddr {
        self.addresses[name][0]
    }

    /// Writes `NAME.toml`: `top` are settings before the first table, `tables` come after the other tables.
    pub fn configure(&self, name: &str, top: &str, tables: &str) -> PathBuf {
        let [listen, client_listen] = self.addresses[name];
        let mut text = format!(
            "domain = \"{name}\"\nlisten = \"{listen}\"\nclient_listen = \"{client_listen}\"\ndatabase = \"{name}.db\"\n{top}\n{tables}\n"
        );
        if !tables.contains("[tls]") {
            text.push_str(&tls_table(name, ""));
        }
        for (other, [address, _]) in self.addresses.iter().filter(|(other, _)| *other != name) {
            text.push_str(&format!("[peers.\"{other}\"]\naddress = \"{address}\"\n"));
        }
        let path = self.path(&format!("{name}.toml"));
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command of the binary, in the folder.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("RUST_LOG");
        command
    }

    /// Runs a command of the binary to its end.
    pub fn mimi(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Starts the provider of the configuration, and waits until it serves.
    pub fn start(&self, name: &str) -> Served {
        let config = format!("{name}.toml");
        self.start_command(name, self.command(&["serve", "--config", &config]))
    }

    /// The same with a command of one's own. Standard error goes to `NAME.log`.
    pub fn start_command(&self, name: &str, mut command: Command) -> Served {
        let log = self.path(&format!("{name}.log"));
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("serving"), "{name} does not start: {}", std::fs::read_to_string(&log).unwrap());
        let admin = line.trim().rsplit_once("admin on http://").map(|(_, address)| address.parse().unwrap());
        Served { child, admin, log }
    }

    /// Registers a client with a provider.
    pub async fn register(&self, name: &str, user: &str) -> Client {
        Client::register(self.client_config(name, user), user, "one", None).await.unwrap()
    }

    /// How a client of the provider is configured.
    pub fn client_config(&self, name: &str, user: &str) -> ClientConfig {
        ClientConfig {
            state: self.path(&format!("{user}.sqlite")),
            endpoint: format!("https://{}", self.addresses[name][1]),
            domain: name.parse().unwrap(),
            ca_pem: self.ca.certificate().as_bytes().to_vec(),
        }
    }

    /// The certificate of a provider.
    pub fn identity(&self, name: &str) -> TlsIdentity {
        let file = |suffix: &str| self.path(&format!("{name}.{suffix}"));
        TlsIdentity::from_files(&file("pem"), &file("key"), &self.path("ca.pem")).unwrap()
    }

    /// The test itself, speaking as a provider.
    pub fn speak_as(&self, name: &str) -> ProviderClient {
        let mut config = ProviderClientConfig::new(name.parse().unwrap(), self.identity(name).peer_client().unwrap());
        config.peers = self
            .addresses
            .iter()
            .map(|(name, [socket, _])| (name.parse::<Domain>().unwrap(), PeerAddress { socket: *socket }))
            .collect();
        ProviderClient::new(config).unwrap()
    }
}

/// The `[tls]` table that [`Scene::configure`] writes, with more in it.
pub fn tls_table(name: &str, more: &str) -> String {
    format!("[tls]\ncertificate = \"{name}.pem\"\nkey = \"{name}.key\"\nauthorities = \"ca.pem\"\n{more}\n")
}

/// A provider that runs; killed when dropped.
pub struct Served {
    child: Child,
    /// Where metrics and health are.
    pub admin: Option<SocketAddr>,
    log: PathBuf,
}

impl Served {
    /// Sends a signal: `TERM`, `HUP` ...
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process.
    pub fn wait(&mut self, at_most: Duration) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < at_most, "still runs after {at_most:?}; its log:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Whether the process still runs.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Everything that it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Status and body of the answer of the admin listener.
    pub fn get(&self, path: &str) -> (u16, String) {
        get(self.admin.expect("has an admin listener"), path)
    }

    /// The value of a metric, named with its labels as the text has it; 0 when it is not there.
    pub fn metric(&self, name: &str) -> f64 {
        let (status, text) = self.get("/metrics");
        assert_eq!(status, 200, "{text}");
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.map_or(0.0, |value| value.parse().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// GET in plain HTTP.
pub fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Waits until something holds.
pub fn eventually(what: &str, at_most: Duration, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < at_most, "not within {at_most:?}: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a command printed, after it has ended well.
pub fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a command complained of, after it has failed.
pub fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}
