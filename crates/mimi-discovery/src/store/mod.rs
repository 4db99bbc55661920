//! What a discovery provider keeps, in one SQLite file (feature `sqlite`).
//!
//! One thread writes. It takes what waits, decides each by the rule of freshness on what is stored, and makes one transaction of it: two who
//! register at the same time are decided one after the other, and share a flush. An answer is given after the flush, and after the
//! observer, which keeps the tree of the snapshot, has been told.

mod schema;
mod state;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use mimi_arch::Domain;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::csi::CsiKey;
use crate::freshness::{AdmitError, CsiState, Merged};
use crate::profile::Seconds;
use crate::record::{Record, VerifiedRecord};
use crate::snapshot::Digest32;
use state::StateRow;
use writer::{Job, Write};

/// How many connections for reading are kept.
const IDLE_READERS: usize = 4;

/// What a discovery provider keeps.
#[derive(Debug)]
pub struct DiscoveryStore {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

/// That an identifier's mappings are others now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The identifier.
    pub key: CsiKey,
    /// The digest of its mappings; `None` when it has none any more.
    pub content: Option<Digest32>,
}

/// Why the store does not do something.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database reported an error; nothing has happened.
    #[error("database: {0}")]
    Database(String),
    /// Something stored does not read back.
    #[error("stored {what} is damaged: {reason}")]
    Damaged {
        /// What.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was written by another version of this crate.
    #[error("the database has schema version {found}, this program knows {known}")]
    SchemaVersion {
        /// In the file.
        found: i64,
        /// The newest one known here.
        known: i64,
    },
    /// The writer is gone; whether anything happened is unknown.
    #[error("the store is closed")]
    Closed,
}

/// Why a statement is not registered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// By the rule of freshness.
    #[error(transparent)]
    Refused(#[from] AdmitError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DiscoveryStore {
    /// Opens the file, making it when it is not there. `observe` is told of all changes of a transaction, by the thread that writes, after
    /// they are durable and before anybody is answered.
    ///
    /// # Errors
    /// The file cannot be opened or written, is no database, or has a newer schema.
    pub fn open(path: impl AsRef<Path>, observe: impl FnMut(&[Change]) + Send + 'static) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        let mut connection = Connection::open(&path).map_err(database)?;
        schema::prepare(&mut connection)?;
        connection.set_prepared_statement_cache_capacity(32);
        let (jobs, receiver) = channel();
        let writer = std::thread::Builder::new()
            .name("mimi-discovery-store".to_owned())
            .spawn(move || writer::run(connection, &receiver, observe))
            .map_err(|error| StoreError::Database(error.to_string()))?;
        Ok(Self { path, readers: Mutex::default(), jobs: Some(jobs), writer: Some(writer) })
    }

    /// Registers a statement of somebody who wants to know what was wrong. Blocks until it is durable.
    ///
    /// # Errors
    /// The rule that refuses it, or the store failed; then nothing has changed.
    pub fn register(&self, record: VerifiedRecord) -> Result<Merged, RegisterError> {
        self.write(move |write| {
            let key = record.csi().key();
            let mut state = write.state(&key)?;
            match state.admit(&record) {
                Ok(Merged::Applied) => {
                    write.put(&key, &state)?;
                    Ok(Ok(Merged::Applied))
                }
                other => Ok(other),
            }
        })?
        .map_err(RegisterError::Refused)
    }

    /// Takes up what another provider sent; what is not fresh has no effect. How many statements had one. Blocks until it is durable.
    ///
    /// # Errors
    /// The store failed; then nothing has changed.
    pub fn merge(&self, records: Vec<VerifiedRecord>) -> Result<usize, StoreError> {
        self.write(move |write| {
            let mut applied = 0;
            for record in &records {
                let key = record.csi().key();
                let mut state = write.state(&key)?;
                let before = state.clone();
                applied += usize::from(state.merge(record) == Merged::Applied);
                if state != before {
                    write.put(&key, &state)?;
                }
            }
            Ok(applied)
        })
    }

    /// Lets go of what has ended, at most so many identifiers at a time; how many were looked at.
    ///
    /// # Errors
    /// The store failed; then nothing has changed.
    pub fn sweep(&self, now: Seconds, at_most: usize) -> Result<usize, StoreError> {
        self.write(move |write| write.sweep(now, at_most))
    }

    /// Whether a token was not spent before; from now on it is, until the given time. Of several who show one token at the same time one is
    /// told yes.
    ///
    /// # Errors
    /// The store failed; then it is not spent.
    pub fn spend(&self, nullifier: [u8; 32], until: Seconds) -> Result<bool, StoreError> {
        self.write(move |write| write.spend(&nullifier, until))
    }

    /// Forgets tokens that are no longer valid anyway; how many.
    ///
    /// # Errors
    /// The store failed.
    pub fn forget_spent(&self, now: Seconds) -> Result<usize, StoreError> {
        self.write(move |write| write.forget_spent(now))
    }

    /// The number for the next snapshot: higher than all before, after a restart, too.
    ///
    /// # Errors
    /// The store failed.
    pub fn next_snapshots(&self, count: u64) -> Result<u64, StoreError> {
        self.write(move |write| write.next_snapshots(count))
    }

    /// A secret of the provider's: the one that was stored under this name before, or else this one.
    ///
    /// # Errors
    /// The store failed, or has another length of octets under the name.
    pub fn secret(&self, name: &'static str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        self.write(move |write| write.secret(name, fresh))
    }

    /// All statements about an identifier that stand.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn state(&self, key: &CsiKey) -> Result<CsiState, StoreError> {
        self.read(|connection| state::load(connection, key))
    }

    /// The mappings of an identifier, by name, as an answer has them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn mappings(&self, key: &CsiKey) -> Result<Vec<Record>, StoreError> {
        Ok(self.state(key)?.mapping_records().map(|record| record.record().clone()).collect())
    }

    /// Every identifier with a mapping, and the digest of its mappings: what the tree is made of at a start.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn contents(&self) -> Result<Vec<(CsiKey, Digest32)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare("SELECT key, content FROM identifiers WHERE content IS NOT NULL ORDER BY key")
                .map_err(database)?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(database)?;
            rows.map(|row| row.map(|(key, content)| (CsiKey(key), content)).map_err(database)).collect()
        })
    }

    /// Identifiers with a mapping after this one in the order of their keys, each with its mappings by name; at most so many.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn mappings_after(
        &self,
        after: Option<CsiKey>,
        at_most: usize,
    ) -> Result<Vec<(CsiKey, Vec<Record>)>, StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached(
                    "SELECT key FROM identifiers WHERE key > ?1 AND content IS NOT NULL ORDER BY key LIMIT ?2",
                )
                .map_err(database)?;
            let start = after.map_or_else(Vec::new, |key| key.0.to_vec());
            let keys = statement
                .query_map(params![start, signed(at_most as u64)], |row| row.get(0))
                .and_then(Iterator::collect::<Result<Vec<[u8; 32]>, _>>)
                .map_err(database)?;
            let mut page = Vec::with_capacity(keys.len());
            for key in keys.into_iter().map(CsiKey) {
                let state = state::load(connection, &key)?;
                page.push((key, state.mapping_records().map(|record| record.record().clone()).collect()));
            }
            Ok(page)
        })
    }

    /// Records that changed after a point, oldest change first, with the point up to which they reach: at most so many identifiers.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn changed_after(&self, point: u64, at_most: usize) -> Result<(Vec<VerifiedRecord>, u64), StoreError> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT change, key FROM identifiers WHERE change > ?1 ORDER BY change LIMIT ?2")
                .map_err(database)?;
            let rows = statement
                .query_map(params![signed(point), signed(at_most as u64)], |row| Ok((row.get(0)?, row.get(1)?)))
                .map_err(database)?;
            let (mut records, mut reached) = (Vec::new(), point);
            for row in rows {
                let (change, key): (i64, [u8; 32]) = row.map_err(database)?;
                records.extend(state::load(connection, &CsiKey(key))?.records().cloned());
                reached = u64::try_from(change).unwrap_or(reached);
            }
            Ok((records, reached))
        })
    }

    /// Up to which change another provider has everything.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn pushed(&self, peer: &Domain) -> Result<u64, StoreError> {
        self.read(|connection| {
            let point: Option<i64> = connection
                .query_row("SELECT change FROM peers WHERE domain = ?1", [peer.as_str()], |row| row.get(0))
                .optional()
                .map_err(database)?;
            Ok(point.and_then(|point| u64::try_from(point).ok()).unwrap_or_default())
        })
    }

    /// Remembers up to which change another provider has everything.
    ///
    /// # Errors
    /// The store failed.
    pub fn set_pushed(&self, peer: &Domain, point: u64) -> Result<(), StoreError> {
        let peer = peer.as_str().to_owned();
        self.write(move |write| write.set_pushed(&peer, point))
    }

    /// How many identifiers have a mapping, how many are remembered in all, and how many tokens are spent.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn figures(&self) -> Result<StoreFigures, StoreError> {
        self.read(|connection| {
            let count = |sql: &str| -> Result<u64, StoreError> {
                let count: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(database)?;
                Ok(u64::try_from(count).unwrap_or_default())
            };
            Ok(StoreFigures {
                with_mapping: count("SELECT count(*) FROM identifiers WHERE content IS NOT NULL")?,
                identifiers: count("SELECT count(*) FROM identifiers")?,
                spent_tokens: count("SELECT count(*) FROM spent")?,
            })
        })
    }

    /// Runs one decision in the writer's next transaction and waits until it is durable.
    fn write<T: Send + 'static>(
        &self,
        decide: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = sync_channel(1);
        let job = Job::new(decide, reply);
        self.jobs.as_ref().and_then(|jobs| jobs.send(job).ok()).ok_or(StoreError::Closed)?;
        answer.recv().map_err(|_| StoreError::Closed)?
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&self.path, flags).map_err(database)?;
                connection.execute_batch("PRAGMA busy_timeout = 5000;").map_err(database)?;
                connection
            }
        };
        let result = query(&connection);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A panic while the list was locked leaves a list of connections: still good.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DiscoveryStore {
    fn drop(&mut self) {
        // Without senders the writer finishes what waits and ends.
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// How much is stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoreFigures {
    /// Identifiers with a mapping.
    pub with_mapping: u64,
    /// All identifiers, those with tombstones included.
    pub identifiers: u64,
    /// Tokens that are remembered as spent.
    pub spent_tokens: u64,
}

fn database(error: rusqlite::Error) -> StoreError {
    StoreError::Database(error.to_string())
}

/// SQLite has signed integers; what is beyond is the end of time.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
