//! The part of `mimi client` that is about the state file itself: opening it with its passphrase, encrypting it, changing the passphrase.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use mimi_client::{Client, ClientError, Passphrase, StateError};

/// A passphrase in the environment, for those who have no file for it.
const VARIABLE: &str = "MIMI_PASSPHRASE";

#[derive(Args)]
pub(crate) struct PassphraseArguments {
    /// A file that holds the passphrase of an encrypted state file, on one line; it may as well hold random octets. Without it, the
    /// environment variable MIMI_PASSPHRASE is the passphrase. With `register` the state file is encrypted from the beginning.
    #[arg(long, value_name = "FILE", env = "MIMI_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArguments {
    /// The passphrase, if there is one.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Passphrase>> {
        if let Some(file) = &self.passphrase_file {
            return from_file(file).map(Some);
        }
        match env::var_os(VARIABLE) {
            Some(value) => {
                let passphrase = Passphrase::new(value.into_encoded_bytes());
                Ok(Some(passphrase.with_context(|| format!("{VARIABLE} is set"))?))
            }
            None => Ok(None),
        }
    }
}

#[derive(Subcommand)]
pub(crate) enum StateAction {
    /// Encrypts the state file with the passphrase. No other `mimi client` may use the file meanwhile. What the file held before may still
    /// lie on the disk: to avoid that, give the passphrase to `register`.
    Encrypt,
    /// Changes the passphrase of an encrypted state file. Older copies of the file still open with the former one.
    ChangePassphrase {
        /// A file that holds the new passphrase.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: PathBuf,
    },
}

fn from_file(file: &Path) -> anyhow::Result<Passphrase> {
    Passphrase::from_file(file).with_context(|| format!("no passphrase in {}", file.display()))
}

/// Opens a client, and says what to do when that fails.
pub(crate) async fn open(state: &Path, passphrase: Option<&Passphrase>) -> anyhow::Result<Client> {
    let opened = match passphrase {
        Some(passphrase) => Client::open_encrypted(state, passphrase).await,
        None => Client::open(state).await,
    };
    opened.map_err(|error| {
        let advice = match &error {
            ClientError::State(StateError::Encrypted) => format!("say --passphrase-file, or set {VARIABLE}"),
            ClientError::State(StateError::NotEncrypted) => {
                "run `mimi client encrypt`, or give no passphrase".to_owned()
            }
            ClientError::State(StateError::WrongPassphrase | StateError::Damaged { .. }) => {
                format!("{} cannot be opened", state.display())
            }
            _ => format!("{} is no client's state: run `mimi client register` first", state.display()),
        };
        anyhow::Error::new(error).context(advice)
    })
}

pub(crate) async fn run(state: &Path, passphrase: Option<Passphrase>, action: StateAction) -> anyhow::Result<ExitCode> {
    let Some(passphrase) = passphrase else {
        bail!("there is no passphrase: say --passphrase-file, or set {VARIABLE}");
    };
    match action {
        StateAction::Encrypt => {
            Client::encrypt_state(state, &passphrase).await?;
            println!("{} is encrypted", state.display());
        }
        StateAction::ChangePassphrase { new_passphrase_file } => {
            let new = from_file(&new_passphrase_file)?;
            Client::change_passphrase(state, &passphrase, &new).await?;
            println!("{} has another passphrase", state.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}
