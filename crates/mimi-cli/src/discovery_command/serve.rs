//! `mimi discovery serve`: a discovery provider or a relay from a configuration file.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use mimi_arch::Domain;
use mimi_discovery::{
    config::Modes,
    directory::{ListedProvider, Range},
};
use mimi_discovery_provider::{DiscoveryConfig, DiscoveryProvider, Observer, Relay, RelayConfig, Tls};
use mimi_provider::tls::TlsIdentity;
use serde::Deserialize;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::trust::{self, Kind};

const EXAMPLE: &str = r#"# Configuration of a discovery provider, for `mimi discovery serve --config FILE`. Relative paths are relative to the folder of this file.
role = "provider"
domain = "dp.example"
# Where messaging providers, relays and other discovery providers connect, in mutually authenticated TLS.
listen = "0.0.0.0:7201"
# The SQLite file with everything it keeps. It is made when it does not exist.
database = "dp.example.db"
# Which issuers of identifiers are trusted, and for what.
trust = "trust.toml"
# The messaging providers whose users register, and whose tokens are taken.
messaging_providers = ["a.example", "b.example"]
# The relays, run by others, from which look-ups come.
relays = ["relay.example"]
# Discovery providers with which records are exchanged.
#federation = ["dp2.example"]
# The modes of look-up.
#modes = ["s", "b"]

[tls]
certificate = "dp.example.pem"
key = "dp.example.key"
authorities = "ca.pem"

# Where parties are that DNS does not find.
[addresses]
#"a.example" = "192.0.2.7:7001"

# Who has which identifiers, if this is the root of a hierarchy; `own` for a range of its own.
#[[ranges]]
#kind = "phone"
#of = "+1"
#own = true
#[[ranges]]
#kind = "phone"
#of = "+49"
#providers = [{ domain = "dp2.example", key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a" }]

# A relay has another file:
# role = "relay"
# domain = "relay.example"
# listen = "0.0.0.0:7202"
# gateways = ["dp.example"]
# and the tables [tls] and [addresses]. Clients connect to it without a certificate.
"#;

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The configuration (TOML); `mimi init --discovery` writes examples.
    #[arg(long, value_name = "FILE", required_unless_present = "print_config")]
    config: Option<PathBuf>,
    /// Only says what is wrong with the configuration and the files it names; the exit status is 1 when something is.
    #[arg(long)]
    check: bool,
    /// Only prints an example of a configuration.
    #[arg(long, conflicts_with_all = ["config", "check"])]
    print_config: bool,
}

#[derive(Deserialize)]
#[serde(tag = "role", rename_all = "lowercase")]
enum File {
    Provider(ProviderFile),
    Relay(RelayFile),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderFile {
    domain: DomainName,
    listen: SocketAddr,
    database: PathBuf,
    trust: PathBuf,
    messaging_providers: Vec<DomainName>,
    relays: Vec<DomainName>,
    #[serde(default)]
    federation: Vec<DomainName>,
    #[serde(default = "all_modes")]
    modes: Vec<Mode>,
    tls: TlsFile,
    #[serde(default)]
    addresses: BTreeMap<DomainName, SocketAddr>,
    #[serde(default)]
    ranges: Vec<RangeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RelayFile {
    domain: DomainName,
    listen: SocketAddr,
    gateways: Vec<DomainName>,
    tls: TlsFile,
    #[serde(default)]
    addresses: BTreeMap<DomainName, SocketAddr>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsFile {
    certificate: PathBuf,
    key: PathBuf,
    authorities: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RangeFile {
    kind: Kind,
    of: String,
    #[serde(default)]
    own: bool,
    #[serde(default)]
    providers: Vec<ListedFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedFile {
    domain: DomainName,
    key: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    S,
    B,
}

fn all_modes() -> Vec<Mode> {
    vec![Mode::S, Mode::B]
}

/// A domain as a file has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct DomainName(Domain);

impl TryFrom<String> for DomainName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("{text:?} is not a domain name: {error}"))
    }
}

/// What can be served.
enum Party {
    Provider(Box<DiscoveryConfig>),
    Relay(Domain, Box<RelayConfig>),
}

fn read(path: &Path) -> anyhow::Result<(SocketAddr, Party)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let base = path.parent().unwrap_or(Path::new(""));
    let file: File = toml::from_str(&text).with_context(|| {
        format!("{} cannot be used (`mimi discovery serve --print-config` prints an example)", path.display())
    })?;
    let set = |domains: Vec<DomainName>| domains.into_iter().map(|domain| domain.0).collect::<BTreeSet<_>>();
    let identity = |tls: &TlsFile, domain: &Domain| -> anyhow::Result<TlsIdentity> {
        let file = |path: &Path| base.join(path);
        let identity = TlsIdentity::from_files(&file(&tls.certificate), &file(&tls.key), &file(&tls.authorities))?;
        identity.check(domain)?;
        Ok(identity.tls13())
    };
    match file {
        File::Provider(file) => {
            let identity = identity(&file.tls, &file.domain.0)?;
            let mut ranges = Vec::with_capacity(file.ranges.len());
            for RangeFile { kind, of, own, providers } in file.ranges {
                let listed = |listed: ListedFile| -> anyhow::Result<ListedProvider> {
                    Ok(ListedProvider { domain: listed.domain.0, key: trust::public_key(&listed.key)? })
                };
                let providers = providers.into_iter().map(listed).collect::<anyhow::Result<_>>()?;
                ranges.push((Range { kind: kind.into(), of, providers }, own));
            }
            let config = DiscoveryConfig {
                domain: file.domain.0,
                database: base.join(file.database),
                tls: Tls { server: Arc::new(identity.peer_server()?), client: identity.peer_client()? },
                anchors: trust::read(&base.join(file.trust))?,
                msps: set(file.messaging_providers),
                relays: set(file.relays),
                federation: set(file.federation),
                addresses: file.addresses.into_iter().map(|(domain, address)| (domain.0, address)).collect(),
                ranges,
                modes: Modes { s: file.modes.contains(&Mode::S), b: file.modes.contains(&Mode::B), p: false },
                observer: Observer::default(),
            };
            Ok((file.listen, Party::Provider(Box::new(config))))
        }
        File::Relay(file) => {
            let identity = identity(&file.tls, &file.domain.0)?;
            let address = |domain: &DomainName| file.addresses.get(domain).copied();
            let gateways = file.gateways.iter().map(|domain| (domain.0.clone(), address(domain))).collect();
            let tls = Tls { server: Arc::new(identity.client_api_server()?), client: identity.peer_client()? };
            let config = RelayConfig { tls, gateways, observer: Observer::default() };
            Ok((file.listen, Party::Relay(file.domain.0, Box::new(config))))
        }
    }
}

pub(super) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let path = match arguments.config {
        Some(path) if !arguments.print_config => path,
        _ => {
            print!("{EXAMPLE}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    let (listen, party) = read(&path)?;
    if arguments.check {
        println!("{}: nothing is wrong", path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let sockets = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let stopped = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    match party {
        Party::Provider(config) => {
            let domain = config.domain.clone();
            let running = DiscoveryProvider::serve(*config, sockets).await?;
            let (address, key) = (running.address(), hex::encode(running.key().0));
            println!("discovery provider {domain}: serving on {address}, key {key}");
            stopped.await;
            running.stop().await;
        }
        Party::Relay(domain, config) => {
            let running = Relay::serve(*config, sockets)?;
            println!("relay {domain}: serving on https://{}", running.address());
            stopped.await;
            running.stop().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_example_reads_as_it_stands_and_uncommented() {
        assert!(matches!(toml::from_str(EXAMPLE).unwrap(), File::Provider(_)));
        let full: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        let File::Provider(file) = toml::from_str(&full).unwrap() else { panic!("a provider") };
        assert_eq!((file.ranges.len(), file.federation.len(), file.addresses.len()), (2, 1, 1));
    }
}
