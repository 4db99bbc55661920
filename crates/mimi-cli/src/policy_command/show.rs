//! `mimi policy show`: what a policy says.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{policy_in, sections};
use crate::screen::print;

#[derive(Args)]
pub(crate) struct ShowArguments {
    /// The file; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    match policy_in(&arguments.file) {
        Ok(policy) => print(sections::of_policy(&policy).as_bytes()).map(|()| ExitCode::SUCCESS),
        Err(code) => Ok(code),
    }
}
