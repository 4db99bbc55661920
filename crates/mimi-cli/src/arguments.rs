//! What can be said on the command line, and which module does it.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    client_command::{self, ClientCommand},
    conformance_command::{self, ConformanceCommand},
    content_command::{self, ContentCommand},
    embedded,
    init_command::{self, InitArguments},
    serve_command,
};

/// MIMI (More Instant Messaging Interoperability): rooms shared by users of different messaging providers.
///
/// Without a command: starts three providers in this process and runs the example flow of
/// draft-ietf-mimi-protocol-06 section 3 and the other checks of the conformance suite against them.
#[derive(Parser)]
#[command(name = "mimi", version, max_term_width = 110)]
struct Arguments {
    /// Writes the result of the run as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Logs what the providers do to standard error (more with RUST_LOG, for example RUST_LOG=debug).
    #[arg(long, short, global = true)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one provider until it is interrupted.
    Serve {
        /// The provider's configuration (TOML); `mimi init` writes examples.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// Speaks to a provider as one client of a user: register, create rooms, add users, send, watch, leave.
    Client(ClientCommand),
    /// Lists and explains the checks of the conformance suite.
    #[command(subcommand)]
    Conformance(ConformanceCommand),
    /// Checks, shows and makes message content (draft-ietf-mimi-content-08).
    #[command(subcommand)]
    Content(ContentCommand),
    /// Writes configurations and throw-away certificates for providers on this machine, to try things out.
    Init(InitArguments),
}

/// Reads the process's arguments and does what they say.
pub fn run_from_arguments() -> ExitCode {
    let arguments = Arguments::parse();
    crate::screen::log_to_stderr(arguments.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the asynchronous runtime does not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match arguments.command {
            None => embedded::run_command(arguments.json.as_deref()).await,
            Some(Command::Serve { config }) => serve_command::run(&config).await,
            Some(Command::Client(command)) => client_command::run(command).await,
            Some(Command::Conformance(command)) => conformance_command::run(&command),
            Some(Command::Content(command)) => content_command::run(&command),
            Some(Command::Init(arguments)) => init_command::run(&arguments),
        }
    });
    // A provider's blocking work may still sleep; nothing that matters is left in it.
    runtime.shutdown_background();
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, but for those that its text has already.
fn with_causes(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn a_cause_that_the_text_has_already_is_not_said_again() {
        let cause = std::io::Error::other("disk full");
        let error = anyhow::Error::new(cause).context("cannot write x: disk full").context("report");
        assert_eq!(with_causes(&error), "report: cannot write x: disk full");
    }

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        Arguments::command().debug_assert();
    }
}
