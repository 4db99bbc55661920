//! `mimi serve`: one provider from a configuration file.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use mimi_provider::{
    Config, Provider, RunningProvider,
    config::{ConfigError, SettingProblem, settings},
};
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Args)]
pub(crate) struct ServeArguments {
    /// The provider's configuration (TOML); `mimi init` writes examples.
    #[arg(long, value_name = "FILE", required_unless_present = "print_config")]
    config: Option<PathBuf>,
    /// Only says what is wrong with the configuration and the files it names, all of it; the exit status is 1 when something is.
    #[arg(long)]
    check: bool,
    /// Only prints an example of a configuration, with a comment for every setting.
    #[arg(long, conflicts_with_all = ["config", "check"])]
    print_config: bool,
}

/// Runs the provider until SIGINT or SIGTERM, then lets it finish what it accepted. SIGHUP loads the certificates anew.
pub(crate) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let path = match arguments.config {
        Some(path) if !arguments.print_config => path,
        _ => {
            print!("{}", settings::example());
            return Ok(ExitCode::SUCCESS);
        }
    };
    if arguments.check {
        return Ok(tell(&path, Config::from_file(&path).map(|config| config.check_files())));
    }
    let config = Config::from_file(&path)
        .context("the configuration cannot be used (`mimi serve --print-config` prints an example)")?;
    let listen = |kind, name| signal(kind).with_context(|| format!("cannot listen for {name}"));
    let mut interrupt = listen(SignalKind::interrupt(), "SIGINT")?;
    let mut terminate = listen(SignalKind::terminate(), "SIGTERM")?;
    let mut hangup = listen(SignalKind::hangup(), "SIGHUP")?;
    let bound = Provider::bind(config).await?;
    let running = bound.serve([]).await?;
    let admin = running.admin_address().map(|address| format!(", admin on http://{address}")).unwrap_or_default();
    println!(
        "provider {}: serving providers on {}, clients on https://{}{admin}",
        running.domain(),
        running.peer_address(),
        running.client_address()
    );
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            Some(()) = hangup.recv() => reload(&running),
        }
    }
    stop(running, interrupt, terminate).await;
    Ok(ExitCode::SUCCESS)
}

fn reload(running: &RunningProvider) {
    // The log has what is wrong, if anything is.
    if tokio::task::block_in_place(|| running.reload_tls()).is_ok() {
        eprintln!("certificate, key and authorities are loaded anew");
    }
}

async fn stop(running: RunningProvider, mut interrupt: Signal, mut terminate: Signal) {
    eprintln!("stopping: finishing what was accepted (interrupt again to stop at once)");
    tokio::select! {
        stopped = running.stop() => {
            if stopped.cut > 0 {
                eprintln!("{} connections did not end in time and were cut", stopped.cut);
            }
        }
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// Says what is wrong with a configuration, all of it, or that nothing is.
pub(crate) fn tell(path: &Path, checked: Result<Vec<SettingProblem>, ConfigError>) -> ExitCode {
    let problems = match checked {
        Ok(problems) | Err(ConfigError::Settings { problems, .. }) => problems,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    if problems.is_empty() {
        println!("{}: nothing is wrong", path.display());
        return ExitCode::SUCCESS;
    }
    eprintln!("{}:", path.display());
    problems.iter().for_each(|problem: &SettingProblem| eprintln!("  {problem}"));
    ExitCode::FAILURE
}
