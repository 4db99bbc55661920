//! What operators ask of a database, also of one that a provider is using at the moment: lists, counts, an online copy.
//!
//! Nothing here shows keys, digests of secrets or messages.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::AcceptedTimestamp;
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};

use super::{SqliteStore, database_error, schema, text, unsigned, waiting};
use crate::store::StoreError;

/// How long [`SqliteStore::check_writable`] waits for the writer.
const WRITABLE_TIME: Duration = Duration::from_secs(2);

/// A room of which this provider is the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomSummary {
    /// The room.
    pub room: RoomUri,
    /// Number of the last accepted event.
    pub last_sequence: u64,
    /// When it was accepted.
    pub last_accepted: AcceptedTimestamp,
    /// Number of the last event in the snapshot.
    pub snapshot_sequence: u64,
    /// Size of the snapshot in octets.
    pub snapshot_octets: u64,
    /// Handshakes in the log after the snapshot.
    pub handshakes: u64,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserSummary {
    /// The user.
    pub user: UserUri,
    /// How many clients it has.
    pub clients: u64,
    /// How many key packages of its clients wait to be claimed.
    pub key_packages: u64,
}

/// The queue of one local client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueSummary {
    /// The client.
    pub client: ClientUri,
    /// How many messages wait for it.
    pub rows: u64,
    /// Their octets.
    pub octets: u64,
    /// The row that has waited longest.
    pub oldest: u64,
}

/// What waits for one other provider in one room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxSummary {
    /// The provider.
    pub provider: Domain,
    /// The room.
    pub room: RoomUri,
    /// How many messages wait.
    pub rows: u64,
    /// Their octets.
    pub octets: u64,
}

impl SqliteStore {
    /// Opens a database for reading alone, while a provider may be using it. What is submitted is not written and
    /// answered with [`StoreError::Closed`].
    ///
    /// # Errors
    /// The file is not there, is no database, or was written by another version of this crate.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        let connection = read_only(&path)?;
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(database_error)?;
        if found != schema::VERSION {
            return Err(StoreError::SchemaVersion { found, known: schema::VERSION });
        }
        Ok(Self { path, readers: Mutex::new(vec![connection]), jobs: None, writer: None })
    }

    /// Every room of which this provider is the hub.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn room_summaries(&self) -> Result<Vec<RoomSummary>, StoreError> {
        self.many(
            "SELECT rooms.room, last_sequence, last_accepted, snapshots.sequence, length(bytes),
                (SELECT count(*) FROM handshakes
                    WHERE handshakes.room = rooms.room AND handshakes.sequence > snapshots.sequence)
                FROM rooms JOIN snapshots ON snapshots.id =
                    (SELECT max(id) FROM snapshots WHERE snapshots.room = rooms.room) ORDER BY rooms.room",
            &[],
            |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?])),
        )?
        .into_iter()
        .map(|(room, [last_sequence, last_accepted, snapshot_sequence, octets, handshakes]): (String, [i64; 5])| {
            Ok(RoomSummary {
                room: text(&room, "room")?,
                last_sequence: unsigned(last_sequence)?,
                last_accepted: AcceptedTimestamp(unsigned(last_accepted)?),
                snapshot_sequence: unsigned(snapshot_sequence)?,
                snapshot_octets: unsigned(octets)?,
                handshakes: unsigned(handshakes)?,
            })
        })
        .collect()
    }

    /// Every account.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn user_summaries(&self) -> Result<Vec<UserSummary>, StoreError> {
        self.many(
            "SELECT user, (SELECT count(*) FROM clients WHERE clients.user = accounts.user),
                (SELECT count(*) FROM key_packages WHERE key_packages.user = accounts.user AND claimed = 0)
                FROM accounts ORDER BY user",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?
        .into_iter()
        .map(|(user, clients, key_packages): (String, i64, i64)| {
            Ok(UserSummary {
                user: text(&user, "user")?,
                clients: unsigned(clients)?,
                key_packages: unsigned(key_packages)?,
            })
        })
        .collect()
    }

    /// Every client for which something waits.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn queue_summaries(&self) -> Result<Vec<QueueSummary>, StoreError> {
        self.many(
            "SELECT client, count(*), coalesce(sum(CASE WHEN dropped > 0 THEN 0 ELSE length(bytes) END), 0), min(queue.event)
                FROM queue JOIN bodies ON bodies.event = queue.event GROUP BY client ORDER BY client",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?
        .into_iter()
        .map(|(client, rows, octets, oldest): (String, i64, i64, i64)| {
            Ok(QueueSummary {
                client: text(&client, "client")?,
                rows: unsigned(rows)?,
                octets: unsigned(octets)?,
                oldest: unsigned(oldest)?,
            })
        })
        .collect()
    }

    /// What waits for other providers.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn outbox_summaries(&self) -> Result<Vec<OutboxSummary>, StoreError> {
        let waiting: Vec<(String, String, i64, i64)> = self.many(
            "SELECT room, providers, count(*), sum(length(bytes)) FROM outbox JOIN bodies ON bodies.event = outbox.event
                GROUP BY room, providers",
            &[],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )?;
        let mut lanes: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
        for (room, list, rows, octets) in &waiting {
            for provider in waiting::providers(list) {
                let lane = lanes.entry((provider, room)).or_default();
                *lane = (lane.0.saturating_add(unsigned(*rows)?), lane.1.saturating_add(unsigned(*octets)?));
            }
        }
        lanes
            .into_iter()
            .map(|((provider, room), (rows, octets))| {
                Ok(OutboxSummary { provider: text(provider, "provider")?, room: text(room, "room")?, rows, octets })
            })
            .collect()
    }

    /// How many messages wait for each other provider; those for which none wait are left out.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn outbox_lengths(&self) -> Result<Vec<(Domain, u64)>, StoreError> {
        let waiting: Vec<(String, i64)> =
            self.many("SELECT providers, count(*) FROM outbox GROUP BY providers", &[], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        let mut lengths: BTreeMap<&str, u64> = BTreeMap::new();
        for (list, rows) in &waiting {
            for provider in waiting::providers(list) {
                let length = lengths.entry(provider).or_default();
                *length = length.saturating_add(unsigned(*rows)?);
            }
        }
        lengths.into_iter().map(|(provider, rows)| Ok((text(provider, "provider")?, rows))).collect()
    }

    /// How many messages wait for local clients.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn queue_length(&self) -> Result<u64, StoreError> {
        self.one("SELECT count(*) FROM queue", &[], |row| row.get(0))?.map_or(Ok(0), unsigned)
    }

    /// Writes to the file without changing anything that is stored, to see whether that works: disk full, read-only.
    ///
    /// # Errors
    /// When it does not work, within about two seconds.
    pub fn check_writable(&self) -> Result<(), StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags).map_err(database_error)?;
        connection.busy_timeout(WRITABLE_TIME).map_err(database_error)?;
        // Setting the version that it has writes the first page and changes none of it.
        connection
            .execute_batch(&format!("BEGIN IMMEDIATE; PRAGMA user_version = {}; COMMIT;", schema::VERSION))
            .map_err(database_error)
    }

    /// Copies the database as it is at this moment into a new file, and checks the copy. Writers are not held up.
    ///
    /// # Errors
    /// When the file exists or cannot be written, or the copy does not pass [`SqliteStore::check_integrity`].
    pub fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        copy(&read_only(&self.path)?, to)
    }

    /// Whether the file is sound: SQLite's integrity check, references between tables, and the schema of this version.
    ///
    /// # Errors
    /// When it is not.
    pub fn check_integrity(path: &Path) -> Result<(), StoreError> {
        let store = Self::open_read_only(path)?;
        store.read(|connection| {
            let found: String =
                connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(database_error)?;
            if found != "ok" {
                return Err(StoreError::Damaged { what: "database", reason: found });
            }
            let mut statement = connection.prepare("PRAGMA foreign_key_check").map_err(database_error)?;
            if statement.exists([]).map_err(database_error)? {
                let reason = "a row refers to one that is not there".to_owned();
                return Err(StoreError::Damaged { what: "database", reason });
            }
            let mut statement = connection
                .prepare(
                    "SELECT 1 FROM (SELECT event FROM outbox UNION ALL SELECT event FROM queue) AS waiting
                        WHERE NOT EXISTS (SELECT 1 FROM events JOIN bodies ON bodies.event = events.id
                            WHERE events.id = waiting.event)",
                )
                .map_err(database_error)?;
            if statement.exists([]).map_err(database_error)? {
                let reason = "something waits that is not there".to_owned();
                return Err(StoreError::Damaged { what: "database", reason });
            }
            Ok(())
        })
    }
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(database_error)?;
    connection.execute_batch("PRAGMA busy_timeout = 5000;").map_err(database_error)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// The copy is made under another name, checked, and renamed, so that a file of the given name is a whole one.
fn copy(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let io = |error: std::io::Error| StoreError::Database(error.to_string());
    if to.exists() {
        return Err(StoreError::Database(format!("{} exists already", to.display())));
    }
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let result = fill(from, &partial)
        .and_then(|()| SqliteStore::check_integrity(&partial))
        .and_then(|()| std::fs::rename(&partial, to).map_err(io));
    if result.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    result
}

fn fill(from: &Connection, to: &Path) -> Result<(), StoreError> {
    let io = |error: std::io::Error| StoreError::Database(format!("{}: {error}", to.display()));
    // The file holds the provider's signing key.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(to).map_err(io)?;
    let mut copy = Connection::open(to).map_err(database_error)?;
    {
        let backup = Backup::new(from, &mut copy).map_err(database_error)?;
        // All pages in one step, which is one read transaction: writers go on beside it and nothing has to start again.
        match backup.step(-1).map_err(database_error)? {
            StepResult::Done => {}
            other => return Err(StoreError::Database(format!("the copy is not complete: {other:?}"))),
        }
    }
    // One file, without a write-ahead log beside it.
    copy.execute_batch("PRAGMA journal_mode = DELETE;").map_err(database_error)?;
    drop(copy);
    file.sync_all().map_err(io)
}
