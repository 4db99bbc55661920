//! `mimi discovery serve`: a discovery provider or a relay from a configuration file.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;
use mimi_discovery_provider::{DiscoveryProvider, Relay};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::configuration::{self, Party};
use crate::serve_command;

pub(super) const EXAMPLE: &str = r#"# Configuration of a discovery provider, for `mimi discovery serve --config FILE`. Relative paths are relative to the folder of this file.
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
# The modes of look-up. Mode p is experimental: private information retrieval, in a program that was built with `--features pir`.
#modes = ["s", "b"]

[tls]
certificate = "dp.example.pem"
key = "dp.example.key"
authorities = "ca.pem"

# Where parties are that DNS does not find.
[addresses]
#"a.example" = "192.0.2.7:7001"

# What mode p may take: MiB of memory for the buckets, served and prepared, and how many requests wait for an answer.
#[retrieval]
#memory_mib = 4096
#waiting = 8

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
# retrievals = false   # whether look-ups of mode p are forwarded, which have up to 2 MiB
# and the tables [tls] and [addresses]. Clients connect to it without a certificate.
"#;

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The configuration (TOML); `mimi init --discovery` writes examples.
    #[arg(long, value_name = "FILE", required_unless_present = "print_config")]
    config: Option<PathBuf>,
    /// Only says what is wrong with the configuration and the files it names, all of it; the exit status is 1 when something is.
    #[arg(long)]
    check: bool,
    /// Only prints an example of a configuration.
    #[arg(long, conflicts_with_all = ["config", "check"])]
    print_config: bool,
}

pub(super) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let path = match arguments.config {
        Some(path) if !arguments.print_config => path,
        _ => {
            print!("{EXAMPLE}");
            return Ok(ExitCode::SUCCESS);
        }
    };
    if arguments.check {
        return Ok(serve_command::tell(&path, configuration::read(&path).map(|_| Vec::new())));
    }
    let (listen, party) = configuration::read(&path)
        .context("the configuration cannot be used (`mimi discovery serve --print-config` prints an example)")?;
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
