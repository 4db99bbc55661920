//! `mimi policy`: the policies of rooms (draft-ietf-mimi-room-policy-03) in files and pipes: are they wise, what do they say, make some.
//!
//! A file holds the components of a room as the group context does, in the form of the app_data_dictionary extension
//! (draft-ietf-mls-extensions section 4.6). Components that are no policy are left aside.

mod lint;
mod make;
mod sections;
mod show;

use std::{path::Path, process::ExitCode};

use clap::Subcommand;
use mimi_protocol::{codec::Wire, mls::AppDataDictionary};
use mimi_room_policy::policy::RoomPolicy;

use crate::input::{name, read};
use lint::LintArguments;
use make::MakeArguments;
use show::ShowArguments;

/// What the process answers when a file holds no policy.
const UNREADABLE: u8 = 2;

#[derive(Subcommand)]
pub(crate) enum PolicyCommand {
    /// Says what is contradictory, dangerous, unreachable or odd in a policy.
    ///
    /// Answers 0 if nothing is contradictory or dangerous, 1 if something is, and 2 if the file holds no policy.
    Lint(LintArguments),
    /// Prints a policy, component by component. Answers 2 if the file holds no policy.
    Show(ShowArguments),
    /// Makes a policy that is ready to use.
    Make(MakeArguments),
}

pub(crate) fn run(command: &PolicyCommand) -> anyhow::Result<ExitCode> {
    match command {
        PolicyCommand::Lint(arguments) => lint::run(arguments),
        PolicyCommand::Show(arguments) => show::run(arguments),
        PolicyCommand::Make(arguments) => make::run(arguments),
    }
}

/// The policy in a file, or, with the reason on standard error, what to answer.
fn policy_in(file: &Path) -> Result<RoomPolicy, ExitCode> {
    let policy = read(file).map_err(|error| format!("{error:#}")).and_then(|octets| policy_of(&octets));
    policy.map_err(|reason| {
        eprintln!("error: {}: {reason}", name(file));
        ExitCode::from(UNREADABLE)
    })
}

fn policy_of(octets: &[u8]) -> Result<RoomPolicy, String> {
    let dictionary = AppDataDictionary::from_bytes(octets).map_err(|error| {
        format!("no list of components: {} ({}, offset {})", error.rule().text(), error.section(), error.offset())
    })?;
    let components = dictionary.entries().iter().map(|entry| (entry.component_id, entry.data.as_slice()));
    RoomPolicy::from_components(components).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
