//! `mimi serve`: one provider from a configuration file.

use std::{path::Path, process::ExitCode};

use anyhow::Context;
use mimi_provider::{Config, Provider};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the provider until SIGINT or SIGTERM, then lets it finish what it accepted.
pub(crate) async fn run(config: &Path) -> anyhow::Result<ExitCode> {
    let config = Config::from_file(config).context("the configuration cannot be used (`mimi init` writes examples)")?;
    let bound = Provider::bind(config).await?;
    let running = bound.serve([]).await?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    println!(
        "provider {}: serving providers on {}, clients on https://{}",
        running.domain(),
        running.peer_address(),
        running.client_address()
    );
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    eprintln!("stopping: finishing what was accepted (interrupt again to stop at once)");
    tokio::select! {
        () = running.stop() => {}
        _ = interrupt.recv() => {}
    }
    Ok(ExitCode::SUCCESS)
}
