//! The tables, and which version of them a file has.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::database_error;
use crate::store::StoreError;

/// What brings a database from the version of its index to the next one. Never edited once released, only appended to.
const MIGRATIONS: [&str; 3] = [VERSION_1, VERSION_2, VERSION_3];

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

const VERSION_2: &str = "
-- The newest is the one that is franked with; none is ever deleted, because a report may be of any age.
CREATE TABLE franking_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    since INTEGER NOT NULL
) STRICT;
CREATE TABLE abuse_reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    room TEXT NOT NULL,
    report BLOB NOT NULL,
    digest BLOB NOT NULL,
    received INTEGER NOT NULL,
    UNIQUE (source, room, digest)
) STRICT;
";

const VERSION_3: &str = "
ALTER TABLE accounts ADD COLUMN requires_consent INTEGER NOT NULL DEFAULT 0;
ALTER TABLE accounts ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
-- Counts the decisions on one user's consents, so that two of them do not cross.
CREATE TABLE consent_versions (
    keeper INTEGER NOT NULL,
    own TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (keeper, own)
) STRICT, WITHOUT ROWID;
-- An empty room is any room.
CREATE TABLE consents (
    keeper INTEGER NOT NULL,
    own TEXT NOT NULL,
    other TEXT NOT NULL,
    room TEXT NOT NULL,
    state INTEGER NOT NULL,
    PRIMARY KEY (keeper, own, other, room)
) STRICT, WITHOUT ROWID;
CREATE TABLE granted_key_packages (
    id INTEGER PRIMARY KEY,
    reference BLOB NOT NULL UNIQUE,
    requester TEXT NOT NULL,
    target TEXT NOT NULL,
    room TEXT NOT NULL,
    client TEXT NOT NULL,
    bytes BLOB NOT NULL,
    not_after INTEGER NOT NULL
) STRICT;
CREATE INDEX granted_key_packages_pair ON granted_key_packages (requester, target, id);
CREATE TABLE profile_fields (
    user TEXT NOT NULL,
    position INTEGER NOT NULL,
    vocabulary INTEGER NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    searchable INTEGER NOT NULL,
    PRIMARY KEY (user, position)
) STRICT, WITHOUT ROWID;
-- Vocabulary 0 are handles, of which each is one user's.
CREATE UNIQUE INDEX profile_handles ON profile_fields (value) WHERE vocabulary = 0;
CREATE INDEX profile_searchable ON profile_fields (user) WHERE searchable > 0;
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
