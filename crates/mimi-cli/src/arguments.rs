//! What can be said on the command line, and which module does it.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    admin_command::{self, AdminCommand},
    client_command::{self, ClientCommand},
    conformance_command::{self, ConformanceCommand},
    content_command::{self, ContentCommand},
    discovery_command::{self, DiscoveryCommand},
    embedded,
    find_command::{self, FindByIdentifierArguments},
    init_command::{self, InitArguments},
    policy_command::{self, PolicyCommand},
    reports_command,
    screen::LogFormat,
    serve_command::{self, ServeArguments},
    show_command::{self, ShowArguments},
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
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text, value_name = "FORMAT")]
    log_format: LogFormat,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs one provider until it is interrupted.
    Serve(ServeArguments),
    /// Lists what is in a provider's database, backs it up and restores it.
    Admin(AdminCommand),
    /// Speaks to a provider as one client of a user: register, create rooms, add users, send, report, watch, leave.
    Client(ClientCommand),
    /// Finds a person by telephone number or mail address: which service, which user there (experimental, of this project).
    Find(FindByIdentifierArguments),
    /// Runs discovery providers and relays, registers, removes and looks up (experimental, of this project).
    #[command(subcommand)]
    Discovery(DiscoveryCommand),
    /// Shows what was reported to a provider as the hub of rooms, with the messages that were proven.
    Reports {
        /// The provider's configuration (TOML).
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Forgets the report with this number instead.
        #[arg(long, value_name = "NUMBER")]
        drop: Option<u64>,
    },
    /// Lists and explains the checks of the conformance suite.
    #[command(subcommand)]
    Conformance(ConformanceCommand),
    /// Checks, shows and makes message content (draft-ietf-mimi-content-08).
    #[command(subcommand)]
    Content(ContentCommand),
    /// Lints, shows and makes policies of rooms (draft-ietf-mimi-room-policy-03).
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Shows what is in any object of the drafts: requests and responses, components, MLS objects, content, URIs; and of discovery.
    Show(ShowArguments),
    /// Writes configurations and throw-away certificates for providers on this machine, to try things out.
    Init(InitArguments),
}

/// Reads the process's arguments and does what they say.
pub fn run_from_arguments() -> ExitCode {
    let arguments = Arguments::parse();
    crate::screen::log_to_stderr(arguments.verbose, arguments.log_format);
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
            Some(Command::Serve(arguments)) => serve_command::run(arguments).await,
            Some(Command::Admin(command)) => admin_command::run(command),
            Some(Command::Client(command)) => client_command::run(command).await,
            Some(Command::Find(arguments)) => find_command::run(arguments).await,
            Some(Command::Discovery(command)) => discovery_command::run(command).await,
            Some(Command::Reports { config, drop }) => reports_command::run(&config, drop),
            Some(Command::Conformance(command)) => conformance_command::run(&command),
            Some(Command::Content(command)) => content_command::run(&command),
            Some(Command::Policy(command)) => policy_command::run(&command),
            Some(Command::Show(arguments)) => show_command::run(&arguments),
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
