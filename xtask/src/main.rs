//! Tasks of the workspace: what is derived is written here, and traced here. `cargo xtask help` lists the tasks.
//!
//! Everything that is generated follows one rule: the task writes it, and the same task with `--check` fails if what is in
//! the tree differs from what it would write.

#![forbid(unsafe_code)]

mod docs;
mod long;
mod regenerate;
mod requirements;
mod trace;
mod vectors;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Tasks of the workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Write the test vectors from their builders (fixed seed, the same bytes each time)
    Vectors {
        /// Write nothing; fail if a file is stale
        #[arg(long)]
        check: bool,
    },
    /// Write the pages that are derived: docs/glossary.md and docs/drafts.md
    Docs {
        /// Write nothing; fail if a page is stale
        #[arg(long)]
        check: bool,
    },
    /// Trace requirements to code and tests
    Trace {
        /// Also write the whole table, with every place, to this file (Markdown)
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// List what is not cited entry by entry
        #[arg(long)]
        list: bool,
    },
    /// Fuzz every target (needs cargo-fuzz and a nightly toolchain); CI replays the corpus in `cargo test`
    Fuzz {
        /// How long each target is fuzzed
        #[arg(long, default_value_t = 150, value_name = "SECONDS")]
        seconds: u32,
    },
    /// Encrypt and decrypt a file of 1 GiB in little memory; CI does it with 64 MiB
    LargeFiles,
    /// Kill providers, feed them mutated requests, keep a follower away and search the states of a room for much longer than CI does
    Soak {
        /// How often a provider is killed
        #[arg(long, default_value_t = 5_000)]
        kills: u32,
        /// How many mutated requests are sent
        #[arg(long, default_value_t = 5_000_000)]
        requests: u32,
        /// How many messages are sent while a follower is away
        #[arg(long, default_value_t = 20_000)]
        away: u32,
        /// How many steps deep the states of a room are searched
        #[arg(long, default_value_t = 6)]
        steps: u32,
    },
    /// Search the states of a room deeper than CI does: the last part of `soak`, alone
    Model {
        /// How many accepted steps from the start, where all that four users can do is tried
        #[arg(long, default_value_t = 6)]
        steps: u32,
        /// How many threads search; as many as there are processors if not said
        #[arg(long)]
        threads: Option<usize>,
    },
    /// Compare the requirement tables with the text of a draft
    Requirements(requirements::Arguments),
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    let root = regenerate::workspace_root()?;
    match task {
        Task::Vectors { check } => vectors::run(&root, check),
        Task::Docs { check } => docs::run(&root, check),
        Task::Trace { report, list } => trace::run(&root, report.as_deref(), list),
        Task::Fuzz { seconds } => long::fuzz(&root, seconds),
        Task::LargeFiles => long::large_files(&root),
        Task::Soak { kills, requests, away, steps } => {
            long::soak(&root, kills, requests, away)?;
            long::model(&root, steps, None)
        }
        Task::Model { steps, threads } => long::model(&root, steps, threads),
        Task::Requirements(arguments) => requirements::run(&root, &arguments),
    }
}
