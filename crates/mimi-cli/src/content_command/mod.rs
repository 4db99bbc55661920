//! `mimi content`: message content (draft-ietf-mimi-content-08) in files and pipes: is it right, what does it say, make some.

mod check;
mod json;
mod json_value;
mod make;
mod notation;
mod show;

use std::process::ExitCode;

use clap::Subcommand;

use check::CheckArguments;
use make::MakeArguments;
use show::ShowArguments;

pub(crate) use json::{as_text, disposition_name};
pub(crate) use json_value::json_of;

#[derive(Subcommand)]
pub(crate) enum ContentCommand {
    /// Checks messages: one line a file, with the message ID or with the rule that is broken; fails if any was rejected.
    Check(CheckArguments),
    /// Prints a message in diagnostic notation with the names of the fields, or as JSON.
    Show(ShowArguments),
    /// Makes a message out of the options, or out of JSON as `mimi content show --json` prints it.
    Make(Box<MakeArguments>),
}

pub(crate) fn run(command: &ContentCommand) -> anyhow::Result<ExitCode> {
    match command {
        ContentCommand::Check(arguments) => check::run(arguments),
        ContentCommand::Show(arguments) => show::run(arguments),
        ContentCommand::Make(arguments) => make::run(arguments),
    }
}
