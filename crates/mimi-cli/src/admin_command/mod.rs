//! `mimi admin`: looks into the database of a provider that runs or has stopped, copies it while it is in use, puts a copy back.
//!
//! It reads the file itself, so it needs no provider and is allowed whatever the system allows its user. What it orders it writes there, too:
//! the provider carries it out. Each of its listings is
//! a [`Listing`](listing::Listing), printed as a table or as JSON.

mod destruction;
mod files;
mod listing;
mod listings;
mod reports;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mimi_ds::SqliteStore;
use mimi_provider::Config;

#[derive(Args)]
pub(crate) struct AdminCommand {
    /// The provider's configuration, which says where the database is.
    #[arg(long, value_name = "FILE", required_unless_present = "database")]
    config: Option<PathBuf>,
    /// The database, when there is no configuration at hand.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    database: Option<PathBuf>,
    /// Prints JSON.
    #[arg(long = "json", global = true)]
    as_json: bool,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// The rooms of which this provider is the hub.
    Rooms {
        #[command(subcommand)]
        action: Option<RoomsAction>,
    },
    /// The accounts of this provider's users.
    Users,
    /// What waits for this provider's clients.
    Queues,
    /// What waits for other providers.
    Outbox,
    /// Abuse that was reported to this provider as the hub of rooms, with the messages that were proven.
    Reports {
        #[command(subcommand)]
        action: Option<ReportsAction>,
    },
    /// Copies the database as it is now, also while the provider runs, and checks the copy.
    Backup {
        /// The copy. It holds the provider's signing key: keep it as safe as the database. Refused when it exists.
        file: PathBuf,
    },
    /// Checks a backup and puts a copy of it in the place of the database. Refused while a provider runs on that.
    Restore {
        /// The backup.
        file: PathBuf,
        /// Replaces a database that is there; it is kept under another name.
        #[arg(long)]
        replace: bool,
    },
}

#[derive(Subcommand)]
enum RoomsAction {
    /// Every room on a line.
    List,
    /// One room with its participants and their clients.
    Show {
        /// The room's URI.
        room: String,
    },
    /// Destroys a room: its members are told, and nothing is accepted in it any more. A provider that runs does it within seconds, one that
    /// is stopped when it is started.
    Destroy {
        /// The room's URI.
        room: String,
        /// Means it.
        #[arg(long, required = true)]
        yes: bool,
    },
}

#[derive(Subcommand)]
enum ReportsAction {
    /// Reports that nobody has dealt with, one on a line.
    List {
        /// The others, too.
        #[arg(long)]
        all: bool,
    },
    /// One report with the messages that were proven.
    Show {
        /// Its number.
        number: u64,
    },
    /// Notes that a report has been dealt with. It is kept, and does not come back when the same is reported again.
    Handle {
        /// Its number.
        number: u64,
    },
    /// Forgets a report with what was proven by it.
    Forget {
        /// Its number.
        number: u64,
    },
}

pub(crate) fn run(command: AdminCommand) -> anyhow::Result<ExitCode> {
    let AdminCommand { config, database, as_json, action } = command;
    let database = match (database, config) {
        (Some(database), _) => database,
        (None, Some(config)) => Config::from_file(&config).context("the configuration cannot be used")?.database,
        (None, None) => bail!("say --config or --database"),
    };
    let listing = match action {
        Action::Rooms { action: None | Some(RoomsAction::List) } => listings::rooms(&open(&database)?)?,
        Action::Rooms { action: Some(RoomsAction::Show { room }) } => {
            let room = room.parse().with_context(|| format!("{room:?} is not a room's URI"))?;
            listings::room(&open(&database)?, &room)?
        }
        Action::Rooms { action: Some(RoomsAction::Destroy { room, .. }) } => {
            let room = room.parse().with_context(|| format!("{room:?} is not a room's URI"))?;
            destruction::order(&database, &room)?
        }
        Action::Users => listings::users(&open(&database)?)?,
        Action::Queues => listings::queues(&open(&database)?)?,
        Action::Outbox => listings::outbox(&open(&database)?)?,
        Action::Reports { action } => match action.unwrap_or(ReportsAction::List { all: false }) {
            ReportsAction::List { all } => reports::list(&open(&database)?, all)?,
            ReportsAction::Show { number } => reports::show(&database, number)?,
            ReportsAction::Handle { number } => reports::handle(&database, number)?,
            ReportsAction::Forget { number } => reports::forget(&database, number)?,
        },
        Action::Backup { file } => files::back_up(&open(&database)?, &file)?,
        Action::Restore { file, replace } => files::restore(&file, &database, replace)?,
    };
    listing.print(as_json)?;
    Ok(ExitCode::SUCCESS)
}

fn exists(database: &Path) -> anyhow::Result<()> {
    if !database.exists() {
        bail!("there is no database {}", database.display());
    }
    Ok(())
}

fn open(database: &Path) -> anyhow::Result<SqliteStore> {
    exists(database)?;
    SqliteStore::open_read_only(database).with_context(|| format!("{} cannot be read", database.display()))
}
