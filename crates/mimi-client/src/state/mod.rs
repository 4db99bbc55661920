//! The state file of a client: one SQLite database that holds our tables and OpenMLS' side by side, so that one
//! transaction changes both or neither.
//!
//! Every step works on what the file holds when its transaction begins, and nothing is kept in memory between steps;
//! so two processes may use the same file, for example one that watches and one that sends.

pub(crate) mod account;
pub(crate) mod discovery;
pub(crate) mod encryption;
pub(crate) mod message_ids;
pub(crate) mod messages;
pub(crate) mod queue;
pub(crate) mod rooms;
pub(crate) mod sealed;
pub(crate) mod vault;

use std::{path::Path, sync::Arc, time::Duration};

use openmls_sqlite_storage::SqliteStorageProvider;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use self::vault::{Passphrase, Vault};
use crate::{
    error::{ClientError, StateError},
    mls::StateCodec,
};

/// How long a step waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mimi_account (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        endpoint TEXT NOT NULL,
        domain TEXT NOT NULL,
        ca_pem BLOB NOT NULL,
        user TEXT NOT NULL,
        client TEXT NOT NULL,
        user_secret TEXT NOT NULL,
        token TEXT NOT NULL,
        signature_key BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_rooms (
        room TEXT PRIMARY KEY,
        standing INTEGER NOT NULL,
        first_epoch INTEGER NOT NULL,
        last_epoch INTEGER NOT NULL,
        pending BLOB,
        forget INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- The number of a room's group, where it is not the first.
    CREATE TABLE IF NOT EXISTS mimi_group_numbers (
        room TEXT PRIMARY KEY,
        number INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_outgoing (
        room TEXT NOT NULL,
        message BLOB NOT NULL,
        text TEXT NOT NULL,
        PRIMARY KEY (room, message)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_messages (
        room TEXT NOT NULL,
        accepted INTEGER NOT NULL,
        sender TEXT NOT NULL,
        application_data BLOB NOT NULL,
        frank BLOB NOT NULL,
        PRIMARY KEY (room, accepted)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS mimi_message_ids (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        room TEXT NOT NULL,
        id TEXT NOT NULL,
        UNIQUE (room, id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_queue (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        processed INTEGER NOT NULL
    ) STRICT;
    INSERT OR IGNORE INTO mimi_queue (one, processed) VALUES (1, 0);
    CREATE TABLE IF NOT EXISTS mimi_encryption (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        memory_kib INTEGER NOT NULL,
        passes INTEGER NOT NULL,
        lanes INTEGER NOT NULL,
        salt BLOB NOT NULL,
        wrapped BLOB NOT NULL
    ) STRICT;
";

/// The open state file.
pub(crate) struct State {
    connection: Connection,
    vault: Arc<Vault>,
}

impl State {
    /// Opens the file, making it if there is none; it can be read by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be made, opened or brought up to date.
    #[cfg(test)]
    pub(crate) fn create(path: &Path) -> Result<Self, StateError> {
        Self::create_with(path, None)
    }

    /// The same; with a passphrase the file is encrypted from the first row on.
    ///
    /// # Errors
    /// As [`State::create`], and when the passphrase is not the one of a file that is there.
    pub(crate) fn create_with(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, StateError> {
        make_private(path)?;
        let mut connection = prepared(path)?;
        if let Some(passphrase) = passphrase
            && encryption::is_blank(&connection)?
        {
            encryption::begin(&mut connection, passphrase)?;
        }
        Self::over(connection, passphrase)
    }

    /// Opens a file that is there.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened or brought up to date, or is encrypted.
    #[cfg(test)]
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        Self::open_with(path, None)
    }

    /// The same with the passphrase of an encrypted file.
    ///
    /// # Errors
    /// As [`State::open`], and when the passphrase is missing, too much or another one.
    pub(crate) fn open_with(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, StateError> {
        Self::over(prepared(path)?, passphrase)
    }

    fn over(connection: Connection, passphrase: Option<&Passphrase>) -> Result<Self, StateError> {
        let vault = encryption::vault(&connection, passphrase)?;
        Ok(Self { connection, vault })
    }

    /// Runs one step; what it wrote is durable when this returns `Ok`, and gone when it returns `Err`.
    ///
    /// # Errors
    /// Those of the step, and of the file.
    pub(crate) fn write<T>(
        &mut self,
        step: impl FnOnce(&mut Transaction<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let entered = sealed::enter(&self.vault);
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StateError::from)?;
        encryption::check_unchanged(&transaction, &self.vault)?;
        let value = undamaged(&entered, step(&mut transaction))?;
        transaction.commit().map_err(StateError::from)?;
        Ok(value)
    }

    /// Runs a step on a consistent view of the file and forgets whatever it wrote.
    ///
    /// # Errors
    /// Those of the step, and of the file.
    pub(crate) fn peek<T>(
        &mut self,
        step: impl FnOnce(&Connection) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let entered = sealed::enter(&self.vault);
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(StateError::from)?;
        encryption::check_unchanged(&transaction, &self.vault)?;
        undamaged(&entered, step(&transaction))
    }
}

/// What a step came to, unless it met a value that does not open: the library below tells that in words of its own, or as a message
/// that cannot be processed.
fn undamaged<T>(entered: &sealed::Entered, outcome: Result<T, ClientError>) -> Result<T, ClientError> {
    match outcome {
        Err(ClientError::State(error @ StateError::Damaged { .. })) => Err(error.into()),
        _ if entered.has_met_damage() => Err(StateError::Damaged { what: "MLS state".to_owned() }.into()),
        outcome => outcome,
    }
}

/// A connection to a file that has the tables of today.
fn prepared(path: &Path) -> Result<Connection, StateError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    SqliteStorageProvider::<StateCodec, &mut Connection>::new(&mut connection)
        .run_migrations()
        .map_err(|error| StateError::Migration(error.to_string()))?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(discovery::SCHEMA)?;
    Ok(connection)
}

#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), StateError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    Ok(())
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> Result<(), StateError> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    Ok(())
}
