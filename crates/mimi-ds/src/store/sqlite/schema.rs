//! The tables, and which version of them a file has.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::database_error;
use crate::store::StoreError;

/// What brings a database from the version of its index to the next one. Never edited once released, only appended to.
pub(super) const MIGRATIONS: [&str; 15] = [
    VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5, VERSION_6, VERSION_7, VERSION_8, VERSION_9, VERSION_10,
    VERSION_11, VERSION_12, VERSION_13, VERSION_14, VERSION_15,
];

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

const VERSION_4: &str = "
-- The two newest of each room are kept, with the handshakes after the older one. A digest that is missing is of a row that an
-- earlier version wrote.
CREATE TABLE snapshots (
    id INTEGER PRIMARY KEY,
    room TEXT NOT NULL REFERENCES rooms (room) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    digest BLOB,
    bytes BLOB NOT NULL
) STRICT;
CREATE INDEX snapshots_room ON snapshots (room, id);
INSERT INTO snapshots (room, sequence, accepted, bytes)
    SELECT room, snapshot_sequence, last_accepted, snapshot FROM rooms ORDER BY room;
ALTER TABLE rooms DROP COLUMN snapshot;
ALTER TABLE rooms DROP COLUMN snapshot_sequence;
ALTER TABLE handshakes ADD COLUMN digest BLOB;
";

pub(super) const VERSION_5: &str = "
-- 0: an event other than an application message; 1: an application message; 2: it stands for `dropped` application messages.
ALTER TABLE queue ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN accepted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE queue ADD COLUMN dropped INTEGER NOT NULL DEFAULT 0;
-- What was there before has no time; it counts, but does not age.
UPDATE queue SET kind = 1, accepted = 9223372036854775807 WHERE substr(message, 9, 4) = x'00010002';
CREATE INDEX queue_age ON queue (accepted, client, room) WHERE kind = 1;
CREATE INDEX key_packages_end ON key_packages (not_after);
CREATE INDEX granted_key_packages_end ON granted_key_packages (not_after);
CREATE INDEX routes_end ON routes (not_after);
-- How far each room of another hub was followed.
CREATE TABLE fanout_marks (
    hub TEXT NOT NULL,
    room TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    epoch INTEGER,
    PRIMARY KEY (hub, room)
) STRICT, WITHOUT ROWID;
";

const VERSION_6: &str = "
-- What is known of the leaves of rooms of other hubs: one row for each such room, its leaves, and the proposals that wait there.
CREATE TABLE followed_rooms (
    room TEXT PRIMARY KEY,
    complete INTEGER NOT NULL,
    epoch INTEGER,
    tree INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE followed_leaves (
    room TEXT NOT NULL,
    leaf INTEGER NOT NULL,
    client TEXT NOT NULL,
    provider TEXT NOT NULL,
    PRIMARY KEY (room, leaf)
) STRICT, WITHOUT ROWID;
CREATE INDEX followed_leaves_provider ON followed_leaves (room, provider);
CREATE TABLE followed_proposals (
    room TEXT NOT NULL,
    position INTEGER NOT NULL,
    message BLOB NOT NULL,
    PRIMARY KEY (room, position)
) STRICT, WITHOUT ROWID;
";

const VERSION_7: &str = "
-- Clients that have shown a joining code, for the epoch in which they did; never the code.
CREATE TABLE join_grants (
    room TEXT NOT NULL REFERENCES rooms (room) ON DELETE CASCADE,
    client TEXT NOT NULL,
    signature_key BLOB NOT NULL,
    link BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (room, client)
) STRICT, WITHOUT ROWID;
";

pub(super) const VERSION_8: &str = "
-- What waits for others is stored once, and named by rows of outbox and queue; `uses` says by how many. AUTOINCREMENT, and counting on
-- from what the queues had: an id is never used again after its row is gone, so ids always grow in order of acceptance.
-- Kind 1 is an application message, 0 anything else. There are no references between these tables: they would cost a look-up for each row.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL,
    kind INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    uses INTEGER NOT NULL
) STRICT;
CREATE TABLE bodies (
    event INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;
INSERT INTO events (id, room, kind, accepted, uses) SELECT id, room, min(kind, 1), accepted, 1 FROM queue;
INSERT INTO bodies SELECT id, message FROM queue;
INSERT INTO events (id, room, kind, accepted, uses)
    SELECT id + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'queue'), 0), room, 0, 0, 1 FROM outbox;
INSERT INTO bodies
    SELECT id + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'queue'), 0), message FROM outbox;
CREATE TABLE new_outbox (
    provider TEXT NOT NULL,
    room TEXT NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (provider, room, event)
) STRICT, WITHOUT ROWID;
-- Where `dropped` is not 0, the row stands for so many application messages that are no longer there.
CREATE TABLE new_queue (
    client TEXT NOT NULL,
    event INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (client, event)
) STRICT, WITHOUT ROWID;
INSERT INTO new_outbox
    SELECT provider, room, id + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'queue'), 0) FROM outbox;
INSERT INTO new_queue SELECT client, id, dropped FROM queue;
DELETE FROM sqlite_sequence WHERE name = 'events';
INSERT INTO sqlite_sequence (name, seq)
    SELECT 'events', coalesce(sum(seq), 0) FROM sqlite_sequence WHERE name IN ('queue', 'outbox');
DROP TABLE outbox;
DROP TABLE queue;
ALTER TABLE new_outbox RENAME TO outbox;
ALTER TABLE new_queue RENAME TO queue;
";

const VERSION_9: &str = "
-- What a hub shows to a provider when it sends something of a room; retired ones until nothing waits any more.
CREATE TABLE shown_tokens (
    provider TEXT NOT NULL,
    room TEXT NOT NULL,
    client TEXT NOT NULL,
    token BLOB NOT NULL,
    retired INTEGER NOT NULL,
    PRIMARY KEY (provider, room, client, token)
) STRICT, WITHOUT ROWID;
-- What a follower wants to see for its clients.
CREATE TABLE expected_tokens (
    room TEXT NOT NULL,
    client TEXT NOT NULL,
    token BLOB NOT NULL,
    PRIMARY KEY (room, client)
) STRICT, WITHOUT ROWID;
";

const VERSION_10: &str = "
-- When a person dealt with the report.
ALTER TABLE abuse_reports ADD COLUMN handled INTEGER;
";

const VERSION_11: &str = "
-- Of each set of participants there is one room in which they are fixed, for each room on which it may depend.
CREATE TABLE fixed_rooms (
    room TEXT PRIMARY KEY REFERENCES rooms (room) ON DELETE CASCADE,
    participants BLOB NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE TABLE child_rooms (
    room TEXT PRIMARY KEY REFERENCES rooms (room) ON DELETE CASCADE,
    parent TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX child_rooms_parent ON child_rooms (parent, room);
";

const VERSION_12: &str = "
-- What an operator has ordered and the provider has not done yet.
CREATE TABLE rooms_to_destroy (
    room TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
";

const VERSION_13: &str = "
-- How many tokens for discovery an account has had on its last day.
CREATE TABLE discovery_tokens (
    user TEXT PRIMARY KEY,
    day INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

const VERSION_14: &str = "
-- How often a client has come into the room since it was outside: an attempt that was refused takes back its own coming in and no other.
ALTER TABLE local_members ADD COLUMN joins INTEGER NOT NULL DEFAULT 1;
";

pub(super) const VERSION_15: &str = "
-- One row for each event that waits for other providers, with the names of those that have not had it, each between commas; before, there was
-- one for each of them. For `uses` it counts once.
CREATE TABLE new_outbox (
    room TEXT NOT NULL,
    event INTEGER NOT NULL,
    providers TEXT NOT NULL,
    PRIMARY KEY (room, event)
) STRICT, WITHOUT ROWID;
INSERT INTO new_outbox SELECT room, event, ',' || group_concat(provider, ',') || ',' FROM outbox GROUP BY room, event;
UPDATE events SET uses = uses + 1 - lanes FROM (SELECT event, count(*) AS lanes FROM outbox GROUP BY event)
    WHERE id = event;
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;
";

/// The schema version this program writes.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Settings of the connection that writes. Every commit is flushed. The log is copied into the file every 16 MiB instead of every 4, 16 MiB of
/// pages are kept in memory, and what a savepoint could take back is kept there, too, and not in a file of its own.
pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;
             PRAGMA wal_autocheckpoint = 4096; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;",
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::store::{SqliteStore, Store, StoredAccount};

    /// A file as the program of that version left it.
    fn file_of(version: usize, content: &str) -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.sqlite");
        let connection = Connection::open(&path).unwrap();
        configure(&connection).unwrap();
        for migration in &MIGRATIONS[..version] {
            connection.execute_batch(migration).unwrap();
        }
        connection.pragma_update(None, "user_version", i64::try_from(version).unwrap()).unwrap();
        connection.execute_batch(content).unwrap();
        drop(connection);
        let store = SqliteStore::open(&path).unwrap();
        (folder, store)
    }

    #[test]
    fn a_file_of_the_first_version_is_brought_up_to_date() {
        let (_folder, store) = file_of(1, "INSERT INTO accounts VALUES ('mimi://b.example/u/bob', zeroblob(32));");
        let expected = StoredAccount { requires_consent: false, deleted: false };
        assert_eq!(store.account(&"mimi://b.example/u/bob".parse().unwrap()).unwrap(), Some(expected));
    }

    #[test]
    fn rooms_of_the_third_version_are_there_in_the_newest() {
        let (_folder, store) = file_of(
            3,
            "INSERT INTO rooms VALUES ('mimi://a.example/r/old', x'0102', 5, 7, 99);
             INSERT INTO handshakes VALUES ('mimi://a.example/r/old', 6, 98, x'03');",
        );
        let room = "mimi://a.example/r/old".parse().unwrap();
        let stored = store.load_room(&room).unwrap().unwrap();
        assert_eq!((stored.snapshot, stored.snapshot_sequence, stored.last_sequence), (vec![1, 2], 5, 7));
        assert_eq!((stored.last_accepted.0, stored.log.len(), stored.log[0].sequence), (99, 1, 6));
        assert_eq!(stored.log[0].bytes, [3]);
        assert_eq!(store.load_older_room(&room).unwrap(), None);
        assert_eq!(store.room_summaries().unwrap()[0].handshakes, 1);
    }
}
