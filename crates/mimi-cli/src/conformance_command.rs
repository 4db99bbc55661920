//! `mimi conformance`: what the suite checks.

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum ConformanceCommand {
    /// Lists every check: ID, level, draft section and what it checks.
    List,
    /// Explains one check: what is done, what is expected, what a failure means.
    Explain {
        /// The check's ID, as `mimi conformance list` prints it.
        id: String,
    },
}

pub(crate) fn run(command: &ConformanceCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConformanceCommand::List => print!("{}", mimi_conformance::list()),
        ConformanceCommand::Explain { id } => {
            let text = mimi_conformance::explain(id).map_err(|error| anyhow!("{error}"))?;
            print!("{text}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
