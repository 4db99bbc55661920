//! The command line under a name of its own, so that tests can start it as a process and kill it.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    mimi_cli::run_from_arguments()
}
