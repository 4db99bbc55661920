//! The configuration of one provider: a TOML file for `mimi serve`, or values for the embedded run.
//!
//! [`settings`] documents every setting; a test holds it against what [`Config::from_file`] asks the file for.

mod discovery;
mod file;
mod files;
pub mod settings;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use mimi_arch::Domain;
use mimi_discovery::{PublicKey, token::KeySchedule};
use mimi_protocol::http::server::Limits;
use thiserror::Error;

use crate::users_config::{SearchConfig, UsersConfig};

/// Why a configuration is not usable.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not TOML; the message has line and column.
    #[error("{path}: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and what.
        source: Box<toml::de::Error>,
    },
    /// Settings that cannot be used, all of them.
    #[error("{path}:{}", lines(.problems))]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, in the order of [`settings::SETTINGS`], unknown settings last.
        problems: Vec<SettingProblem>,
    },
}

fn lines(problems: &[SettingProblem]) -> String {
    problems.iter().map(|problem| format!("\n  {problem}")).collect()
}

/// What is wrong with one setting.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{setting}: {problem}")]
pub struct SettingProblem {
    /// The setting's path in the file.
    pub setting: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl SettingProblem {
    pub(crate) fn new(setting: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { setting: setting.into(), problem: problem.into() }
    }
}

/// Who a provider is, where it listens, where its files are, whom it knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The provider's domain, as its certificate has it.
    pub domain: Domain,
    /// Where other providers connect. Port 0: the system chooses.
    pub listen: SocketAddr,
    /// Where the provider's own clients connect. Port 0: the system chooses.
    pub client_listen: SocketAddr,
    /// The SQLite file; made when it does not exist.
    pub database: PathBuf,
    /// PEM files.
    pub tls: TlsConfig,
    /// Providers reached at a fixed address instead of through DNS.
    pub peers: BTreeMap<Domain, PeerConfig>,
    /// Limits on what others may send.
    pub limits: LimitsConfig,
    /// Franking as a hub.
    pub franking: FrankingConfig,
    /// From which hosts assets of peer providers are downloaded, by provider.
    pub assets: BTreeMap<Domain, AssetsConfig>,
    /// Limits on downloads for others.
    pub downloads: DownloadsConfig,
    /// What other providers are told about users.
    pub users: UsersConfig,
    /// What other providers may search for.
    pub search: SearchConfig,
    /// Discovery of users: which discovery providers own users use.
    pub discovery: DiscoveryConfig,
    /// How the provider is run: administration, stop, certificates, rates.
    pub operation: OperationConfig,
}

/// Discovery of users by telephone number or mail address (the project's discovery profile 0), for own users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryConfig {
    /// How many tokens for look-ups an account gets on a day, for all discovery providers together.
    pub tokens_per_day: u32,
    /// Which key issues the tokens, and since when.
    pub issuing_key: KeySchedule,
    /// The discovery provider that is asked first; among several without a root, the first by name.
    pub root: Option<Domain>,
    /// The discovery providers.
    pub providers: BTreeMap<Domain, DiscoveryProviderConfig>,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self { tokens_per_day: 100, issuing_key: KeySchedule::default(), root: None, providers: BTreeMap::new() }
    }
}

/// One discovery provider, as own users use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryProviderConfig {
    /// The key with which it signs.
    pub key: PublicKey,
    /// Where it is reached when DNS does not find it.
    pub address: Option<SocketAddr>,
    /// The relay through which look-ups go, as `https://HOST:PORT`; run by somebody else than the discovery provider.
    pub relay: String,
    /// Where the relay is reached when DNS does not find it.
    pub relay_address: Option<SocketAddr>,
}

/// Franking as a hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrankingConfig {
    /// After how many days a new secret is made. The old ones are kept for reports.
    pub key_days: u32,
}

impl Default for FrankingConfig {
    fn default() -> Self {
        Self { key_days: 90 }
    }
}

/// Where the assets of one peer provider are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetsConfig {
    /// Its hosts.
    pub hosts: Vec<AssetHost>,
}

/// One host with assets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetHost {
    /// Its name, which its certificate has to have.
    pub host: Domain,
    /// The port in the URL.
    pub port: u16,
    /// Where it is reached instead of where DNS says; its port counts for URLs that name none. It may be private: the operator has
    /// named it.
    pub address: Option<SocketAddr>,
}

/// Limits on downloads for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadsConfig {
    /// Octets of the largest asset.
    pub octets: u64,
    /// Seconds that one download may take.
    pub seconds: u64,
    /// Downloads of one provider that run at the same time.
    pub at_once: usize,
    /// Octets of one provider in an hour.
    pub octets_per_hour: u64,
}

impl Default for DownloadsConfig {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self { octets: 64 * MIB, seconds: 120, at_once: 8, octets_per_hour: 4096 * MIB }
    }
}

/// Paths of PEM files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// Certificate chain of the provider, leaf first; used towards other providers and clients alike.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Certificates of the authorities that other providers' certificates must come from.
    pub authorities: PathBuf,
}

/// One provider that is reached at a fixed address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerConfig {
    /// IP address and port of its provider listener.
    pub address: SocketAddr,
}

/// Limits on what others may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Largest request body in octets. Updates and notifications carry key packages and trees and get sixteen times as much,
    /// grants of consent and reports of abuse four times as much; requests for consent and queries get 64 KiB at most.
    pub body: usize,
    /// Seconds a peer may take for a TLS handshake or a request.
    pub request_seconds: u64,
}

impl LimitsConfig {
    /// The limit of each endpoint. Updates and notifications carry ratchet trees and Welcomes for many clients.
    pub(crate) fn per_endpoint(self) -> Limits {
        let large = self.body.saturating_mul(16);
        Limits {
            key_material: self.body,
            update: large,
            notify: large,
            submit_message: self.body,
            group_info: self.body,
            request_consent: self.body.min(64 * 1024),
            update_consent: self.body.saturating_mul(4),
            identifier_query: self.body.min(64 * 1024),
            report_abuse: self.body.saturating_mul(4),
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { body: 1024 * 1024, request_seconds: 30 }
    }
}

/// How a provider is run. The default has no admin listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationConfig {
    /// Where metrics and health are served, in plain HTTP. Port 0: the system chooses.
    pub admin: Option<SocketAddr>,
    /// How long requests that were accepted may take to finish after a stop.
    pub stop_time: Duration,
    /// How often the PEM files are looked at for changes; `None` for never.
    pub tls_poll: Option<Duration>,
    /// How many requests others may make; `None` for as many as they like.
    pub rates: Option<RatesConfig>,
    /// What is kept for clients.
    pub queues: QueuesConfig,
    /// Which rooms are held in memory.
    pub rooms: RoomsConfig,
}

impl Default for OperationConfig {
    fn default() -> Self {
        Self {
            admin: None,
            stop_time: Duration::from_secs(10),
            tls_poll: Some(Duration::from_secs(60)),
            rates: Some(RatesConfig::default()),
            queues: QueuesConfig::default(),
            rooms: RoomsConfig::default(),
        }
    }
}

/// Which of the rooms that this provider is the hub of are held in memory. The others are read from the disk when somebody visits them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomsConfig {
    /// How long a room that nobody visits stays in memory.
    pub idle_time: Duration,
    /// How many are held at most; the least recently visited go. More are held only while they are being visited.
    pub open: usize,
}

impl Default for RoomsConfig {
    fn default() -> Self {
        Self { idle_time: Duration::from_secs(300), open: 10_000 }
    }
}

/// What is kept for clients that do not fetch it, and of their key packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuesConfig {
    /// The most application messages of one room that wait for one client; the oldest go. Handshake messages always wait.
    pub messages: u64,
    /// After how many days application messages go that nobody has fetched.
    pub days: u64,
    /// How often queues and expired key packages are looked at.
    pub sweep: Duration,
    /// With fewer key packages than these, a client is told to upload more.
    pub low_key_packages: u64,
}

impl Default for QueuesConfig {
    fn default() -> Self {
        Self { messages: 10_000, days: 90, sweep: Duration::from_secs(60), low_key_packages: 8 }
    }
}

/// How many requests others may make. Each room, provider and user has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RatesConfig {
    /// Requests that concern one room of this provider, whoever makes them.
    pub room: Rate,
    /// Requests of one other provider.
    pub provider: Rate,
    /// Requests of one user.
    pub user: Rate,
    /// Joining codes that one provider shows for one room of this provider.
    pub code: Rate,
}

impl Default for RatesConfig {
    fn default() -> Self {
        Self {
            room: Rate::of(2_000, 10_000),
            provider: Rate::of(10_000, 50_000),
            user: Rate::of(1_000, 5_000),
            code: Rate::of(10, 100),
        }
    }
}

/// A token bucket: it holds up to `burst` requests and gains `per_second` each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once after a pause.
    pub burst: NonZeroU32,
}

impl Rate {
    /// A bucket; zeros count as ones.
    pub const fn of(per_second: u32, burst: u32) -> Self {
        Self { per_second: at_least_one(per_second), burst: at_least_one(burst) }
    }
}

const fn at_least_one(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(value) => value,
        None => NonZeroU32::MIN,
    }
}

impl Config {
    /// Reads and checks a TOML file. Relative paths in it are relative to its folder. The files it names are not looked at;
    /// [`Config::check_files`] does that.
    ///
    /// # Errors
    /// When the file cannot be read, is not TOML, or settings are missing, unknown or of no use: then all of these at once.
    pub fn from_file(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let table: toml::Table =
            text.parse().map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        let base = path.parent().unwrap_or(Path::new(""));
        file::read(table, base).map_err(|problems| ConfigError::Settings { path: path.to_owned(), problems })
    }

    /// Looks at the files that the settings name: whether certificate, key and authorities can be used and are this
    /// provider's, and whether the database can be there.
    pub fn check_files(&self) -> Vec<SettingProblem> {
        files::check(self)
    }
}
