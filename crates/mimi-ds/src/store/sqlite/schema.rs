//! The tables, and which version of them a file has.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::database_error;
use crate::store::StoreError;

/// What brings a database from the version of its index to the next one. Never edited once released, only appended to.
const MIGRATIONS: [&str; 1] = [VERSION_1];

const VERSION_1: &str = "
CREATE TABLE rooms (
    room TEXT PRIMARY KEY,
    snapshot BLOB NOT NULL,
    snapshot_sequence INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_accepted INTEGER NOT NULL
) STRICT;
-- Handshakes after the room's snapshot; an application message only moves last_sequence and last_accepted.
CREATE TABLE handshakes (
    room TEXT NOT NULL REFERENCES rooms (room) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (room, sequence)
) STRICT;
-- AUTOINCREMENT: an id is never used again after its row is gone, so ids always grow in order of acceptance.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    provider TEXT NOT NULL,
    room TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_lane ON outbox (provider, room, id);
CREATE TABLE queue (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    client TEXT NOT NULL,
    room TEXT NOT NULL,
    message BLOB NOT NULL
) STRICT;
CREATE INDEX queue_client ON queue (client, id);
CREATE TABLE routes (
    reference BLOB PRIMARY KEY,
    provider TEXT NOT NULL,
    not_after INTEGER NOT NULL
) STRICT;
CREATE TABLE fanouts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hub TEXT NOT NULL,
    room TEXT NOT NULL,
    digest BLOB NOT NULL,
    UNIQUE (hub, room, digest)
) STRICT;
CREATE INDEX fanouts_age ON fanouts (hub, room, id);
CREATE TABLE local_members (
    room TEXT NOT NULL,
    client TEXT NOT NULL,
    PRIMARY KEY (room, client)
) STRICT, WITHOUT ROWID;
CREATE TABLE key_packages (
    id INTEGER PRIMARY KEY,
    reference BLOB NOT NULL UNIQUE,
    client TEXT NOT NULL,
    user TEXT NOT NULL,
    bytes BLOB NOT NULL,
    not_after INTEGER NOT NULL,
    last_resort INTEGER NOT NULL,
    claimed INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX key_packages_user ON key_packages (user, claimed, id);
CREATE TABLE accounts (
    user TEXT PRIMARY KEY,
    secret_digest BLOB NOT NULL
) STRICT;
CREATE TABLE clients (
    client TEXT PRIMARY KEY,
    user TEXT NOT NULL REFERENCES accounts (user),
    token_digest BLOB NOT NULL UNIQUE
) STRICT;
CREATE INDEX clients_user ON clients (user);
CREATE TABLE provider_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seed BLOB NOT NULL
) STRICT;
";

/// The schema version this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Settings of every connection.
pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;",
        )
        .map_err(database_error)
}

/// Brings the file to [`VERSION`], or refuses one that is newer.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = Transaction::new(connection, TransactionBehavior::Exclusive).map_err(database_error)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(database_error)?;
    let done = usize::try_from(found)
        .ok()
        .filter(|done| *done <= MIGRATIONS.len())
        .ok_or(StoreError::SchemaVersion { found, known: VERSION })?;
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration).map_err(database_error)?;
    }
    transaction.pragma_update(None, "user_version", VERSION).map_err(database_error)?;
    transaction.commit().map_err(database_error)
}
