//! The state file of a client: one SQLite database that holds our tables and OpenMLS' side by side, so that one
//! transaction changes both or neither.
//!
//! Every step works on what the file holds when its transaction begins, and nothing is kept in memory between steps;
//! so two processes may use the same file, for example one that watches and one that sends.

pub(crate) mod account;
pub(crate) mod message_ids;
pub(crate) mod messages;
pub(crate) mod queue;
pub(crate) mod rooms;

use std::{path::Path, time::Duration};

use openmls_sqlite_storage::SqliteStorageProvider;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::{
    error::{ClientError, StateError},
    mls::JsonCodec,
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
";

/// The open state file.
pub(crate) struct State {
    connection: Connection,
}

impl State {
    /// Opens the file, making it if there is none; it can be read by its owner alone.
    ///
    /// # Errors
    /// When the file cannot be made, opened or brought up to date.
    pub(crate) fn create(path: &Path) -> Result<Self, StateError> {
        make_private(path)?;
        Self::open(path)
    }

    /// Opens a file that is there.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened or brought up to date.
    pub(crate) fn open(path: &Path) -> Result<Self, StateError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "secure_delete", "ON")?;
        SqliteStorageProvider::<JsonCodec, &mut Connection>::new(&mut connection)
            .run_migrations()
            .map_err(|error| StateError::Migration(error.to_string()))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Runs one step; what it wrote is durable when this returns `Ok`, and gone when it returns `Err`.
    ///
    /// # Errors
    /// Those of the step, and of the file.
    pub(crate) fn write<T>(
        &mut self,
        step: impl FnOnce(&mut Transaction<'_>) -> Result<T, ClientError>,
    ) -> Result<T, ClientError> {
        let mut transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StateError::from)?;
        let value = step(&mut transaction)?;
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
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(StateError::from)?;
        step(&transaction)
    }
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
