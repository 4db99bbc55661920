//! The tables.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{StoreError, database};

/// What brings a database from the version of its index to the next one. Never edited once released, only appended to.
const MIGRATIONS: [&str; 1] = ["
-- An identifier with all statements that stand. `ends` is when the next of them ends, or when the assignment may be forgotten.
CREATE TABLE identifiers (
    key BLOB PRIMARY KEY,
    assignment INTEGER NOT NULL,
    earlier_until INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    change INTEGER NOT NULL,
    content BLOB,
    records BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX identifiers_ends ON identifiers (ends);
CREATE INDEX identifiers_change ON identifiers (change);
CREATE TABLE spent (
    nullifier BLOB PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX spent_until ON spent (until);
CREATE TABLE peers (
    domain TEXT PRIMARY KEY,
    change INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    octets BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE counters (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('change', 0), ('snapshot', 0);
"];

pub(super) fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384;",
        )
        .map_err(database)?;
    let known = MIGRATIONS.len();
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(database)?;
    let found: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(database)?;
    let version = usize::try_from(found).ok().filter(|version| *version <= known);
    let Some(version) = version else {
        return Err(StoreError::SchemaVersion { found, known: i64::try_from(known).unwrap_or(i64::MAX) });
    };
    for migration in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(migration).map_err(database)?;
    }
    transaction.pragma_update(None, "user_version", known as i64).map_err(database)?;
    transaction.commit().map_err(database)
}
