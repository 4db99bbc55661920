//! The binary `mimi`.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    mimi_cli::run_from_arguments()
}
