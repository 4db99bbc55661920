//! `mimi find`: from a telephone number or mail address to a person, by way of discovery.

use std::process::ExitCode;

use clap::Args;
use mimi_client::Next;

use crate::discovery_command::{ClientArguments, LookUpArguments, identifier};

#[derive(Args)]
pub(crate) struct FindByIdentifierArguments {
    /// A telephone number with country code, a mail address, or the MIMI URI of a user.
    identifier: String,
    #[command(flatten)]
    client: ClientArguments,
    #[command(flatten)]
    options: LookUpArguments,
    /// Asks the user for consent to be added to rooms.
    #[arg(long)]
    ask: bool,
    /// Opens a conversation in a new room of this name, once the user has consented.
    #[arg(long, value_name = "ROOM")]
    open: Option<String>,
}

/// Exits with 1 when nobody is found.
pub(crate) async fn run(arguments: FindByIdentifierArguments) -> anyhow::Result<ExitCode> {
    let (csi, options) = (identifier(&arguments.identifier)?, arguments.options.read()?);
    let client = arguments.client.open().await?;
    let reached = client.find_by_identifier(&csi, &options, arguments.ask).await?;
    if let Some(service) = reached.service() {
        println!("service {service}");
    }
    if let Some(user) = &reached.user {
        println!("user    {user}");
    }
    match reached.next {
        Next::Stop(why) => {
            println!("{why}");
            return Ok(ExitCode::FAILURE);
        }
        Next::AskForConsent(_) => println!("consent was not asked for: say --ask"),
        Next::Wait(_) => println!("consent is asked for; run this again when the user may have answered"),
        Next::Talk(user) => match &arguments.open {
            Some(room) => println!("talking in {}", client.open_conversation(&user, room).await?),
            None => println!("the user has consented: say --open ROOM, or `mimi client add`"),
        },
        Next::AskService(_) | Next::LookForConsent(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}
