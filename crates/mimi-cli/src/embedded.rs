//! The embedded run: three real providers on loopback, each with its own database and certificate, and the conformance suite
//! run against them. Nothing passes between the providers but HTTPS.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    process::ExitCode,
    time::Instant,
};

use anyhow::Context;
use mimi_arch::{Domain, UriError};
use mimi_conformance::{CheckResult, Outcome, ProviderTarget, Report, Target, TestIdentity};
use mimi_provider::{
    BoundProvider, Config, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, Provider, ProviderError,
    RunningProvider, SearchConfig, TlsConfig, UsersConfig,
    throwaway_ca::{CaError, PemIdentity, ThrowawayCa},
};
use thiserror::Error;

use crate::embedded_discovery::{EmbeddedDiscovery, PreparedDiscovery};
use crate::screen::{self, Tone, tinted};

/// Why the three providers do not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// The temporary folder cannot be made.
    #[error("temporary folder: {0}")]
    Folder(#[from] std::io::Error),
    /// A certificate cannot be made or written.
    #[error(transparent)]
    Certificate(#[from] CaError),
    /// A provider does not start.
    #[error("provider {domain}: {source}")]
    Provider {
        /// Which one.
        domain: String,
        /// Why.
        source: ProviderError,
    },
    /// A domain name is none.
    #[error(transparent)]
    Domain(#[from] UriError),
    /// The discovery provider or its relay does not start.
    #[error("discovery: {0}")]
    Discovery(#[from] mimi_discovery_provider::DiscoveryError),
    /// Their certificates cannot be used.
    #[error("discovery: {0}")]
    DiscoveryTls(#[from] mimi_provider::tls::TlsError),
}

/// Three providers `a.example`, `b.example` and `c.example` that run in this process, with a discovery provider and a relay.
pub struct Embedded {
    _folder: tempfile::TempDir,
    clients: tempfile::TempDir,
    providers: Vec<RunningProvider>,
    discovery: EmbeddedDiscovery,
    authority: String,
    suite: PemIdentity,
    foreign: PemIdentity,
    limits: LimitsConfig,
}

impl Embedded {
    /// Makes a throw-away authority and certificates, starts the providers and introduces them to each other.
    ///
    /// # Errors
    /// When a file, a socket or a certificate cannot be made.
    pub async fn start() -> Result<Self, EmbeddedError> {
        let folder = tempfile::Builder::new().prefix("mimi-").tempdir()?;
        let ca = ThrowawayCa::new("MIMI throw-away authority")?;
        ca.write_to(folder.path())?;
        let limits = LimitsConfig::default();
        let prepared = PreparedDiscovery::new(&ca, folder.path()).await?;
        let mut bound = Vec::new();
        for name in ["a.example", "b.example", "c.example"] {
            bound.push(bind(&ca, folder.path(), name, limits, prepared.for_providers()).await?);
        }
        let addresses: Vec<(Domain, SocketAddr)> =
            bound.iter().map(|provider| (provider.domain().clone(), provider.peer_address())).collect();
        let discovery = prepared.start(&addresses).await?;
        let mut providers = Vec::new();
        for provider in bound {
            let domain = provider.domain().clone();
            let others = addresses.iter().filter(|(other, _)| *other != domain).cloned();
            let running = provider
                .serve(others)
                .await
                .map_err(|source| EmbeddedError::Provider { domain: domain.to_string(), source })?;
            providers.push(running);
        }
        let suite = ca.issue(&"d.example".parse()?)?;
        let foreign = ThrowawayCa::new("An authority nobody trusts")?.issue(&"d.example".parse()?)?;
        Ok(Self {
            _folder: folder,
            clients: folder_for_clients()?,
            providers,
            discovery,
            authority: ca.certificate().to_owned(),
            suite,
            foreign,
            limits,
        })
    }

    /// What the suite needs to know of the providers.
    pub fn target(&self) -> Target {
        Target {
            providers: self
                .providers
                .iter()
                .map(|provider| ProviderTarget {
                    domain: provider.domain().clone(),
                    peer_address: provider.peer_address(),
                    client_endpoint: format!("https://{}", provider.client_address()),
                })
                .collect(),
            ca_pem: self.authority.clone().into_bytes(),
            suite: identity(&self.suite),
            foreign: identity(&self.foreign),
            scratch: self.clients.path().join("clients"),
            body_limit: self.limits.body,
            discovery: Some(self.discovery.target()),
        }
    }

    /// Stops the providers and removes their files.
    pub async fn stop(self) {
        for provider in self.providers {
            provider.stop().await;
        }
        self.discovery.stop().await;
    }
}

/// Where the suite's clients keep their state. They are not what is looked at, so what they write need not outlast the power: it is in memory
/// where the system has a folder for that. The providers write to the disk.
fn folder_for_clients() -> std::io::Result<tempfile::TempDir> {
    let prefix = tempfile::Builder::new().prefix("mimi-").to_owned();
    prefix.tempdir_in("/dev/shm").or_else(|_| prefix.tempdir())
}

async fn bind(
    ca: &ThrowawayCa,
    folder: &Path,
    name: &str,
    limits: LimitsConfig,
    discovery: mimi_provider::DiscoveryConfig,
) -> Result<BoundProvider, EmbeddedError> {
    let domain: Domain = name.parse()?;
    let (certificate, key) = ca.issue(&domain)?.write_to(folder)?;
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let config = Config {
        domain,
        listen: any_port,
        client_listen: any_port,
        database: folder.join(format!("{name}.db")),
        tls: TlsConfig { certificate, key, authorities: folder.join("ca.pem") },
        peers: std::collections::BTreeMap::new(),
        limits,
        franking: FrankingConfig::default(),
        assets: std::collections::BTreeMap::new(),
        downloads: DownloadsConfig::default(),
        operation: OperationConfig::default(),
        users: UsersConfig::default(),
        search: SearchConfig::default(),
        discovery,
    };
    Provider::bind(config).await.map_err(|source| EmbeddedError::Provider { domain: name.to_owned(), source })
}

fn identity(pem: &PemIdentity) -> TestIdentity {
    TestIdentity {
        domain: pem.domain.clone(),
        certificate_pem: pem.certificate.clone().into_bytes(),
        key_pem: pem.key.clone().into_bytes(),
    }
}

/// `mimi` without a command.
pub(crate) async fn run_command(json: Option<&Path>) -> anyhow::Result<ExitCode> {
    let begun = Instant::now();
    let embedded = Embedded::start().await?;
    println!("Three providers, {}:", mimi_arch::revisions::PROTOCOL);
    for provider in &embedded.providers {
        println!(
            "  {}  providers {}  clients {}",
            provider.domain(),
            provider.peer_address(),
            provider.client_address()
        );
    }
    println!("  {}  discovery, through the relay {}", embedded.discovery.dp(), embedded.discovery.relay());
    println!();
    let target = embedded.target();
    let report = mimi_conformance::run_at_once(&target, &mut |result: &CheckResult| println!("{}", line(result))).await;
    embedded.stop().await;
    if let Some(path) = json {
        write_json(path, &report)?;
    }
    println!("\n{}", tinted(&format!("in {}", screen::duration(begun.elapsed())), Tone::Quiet));
    println!("{}", report.summary());
    Ok(if report.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn write_json(path: &Path, report: &Report) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(report).context("the report cannot be written as JSON")?;
    text.push('\n');
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// One check on one line, failures with what was expected and what was seen.
fn line(result: &CheckResult) -> String {
    let check = result.check();
    let head = |word: &str, tone| {
        format!(
            "{} {:<9} {:<34} {:>8}  {}",
            tinted(&format!("{word:<7}"), tone),
            format!("s. {}", check.section),
            check.id,
            screen::duration(result.duration),
            check.sentence
        )
    };
    match &result.outcome {
        Outcome::Passed { observed } if observed.is_empty() => head("passed", Tone::Good),
        Outcome::Passed { observed } => {
            format!("{}\n{}", head("passed", Tone::Good), tinted(&format!("                  {observed}"), Tone::Quiet))
        }
        Outcome::Failed { expected, observed } => {
            format!("{}\n        expected: {expected}\n        observed: {observed}", head("FAILED", Tone::Bad))
        }
        Outcome::Skipped { reason } => format!("{}\n        {reason}", head("skipped", Tone::Warn)),
        Outcome::Unsupported { reason } => format!("{}\n        {reason}", head("unsupp.", Tone::Warn)),
        Outcome::Warning { note } => format!("{}\n        {note}", head("warning", Tone::Warn)),
    }
}
