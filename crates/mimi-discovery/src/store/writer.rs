//! The one thread that writes, and what a decision can do in its transaction.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{Change, StateRow, StoreError, database, signed, state};
use crate::csi::CsiKey;
use crate::freshness::CsiState;
use crate::profile::Seconds;
use crate::snapshot::Digest32;

/// The most decisions in one transaction: bounds how long the first of them waits for the others.
const MAX_BATCH: usize = 256;

/// What is left of a decision after it was made: the answer, given once its transaction is durable or has failed.
type Reply = Box<dyn FnOnce(Option<&StoreError>) + Send>;

/// Decides, and says whether that went well, with what is left to be done.
type Decide = Box<dyn FnOnce(&mut Write<'_>) -> (bool, Reply) + Send>;

/// A decision that waits.
pub(super) struct Job(Decide);

impl Job {
    pub(super) fn new<T: Send + 'static>(
        decide: impl FnOnce(&mut Write<'_>) -> Result<T, StoreError> + Send + 'static,
        reply: SyncSender<Result<T, StoreError>>,
    ) -> Self {
        Self(Box::new(move |write| {
            let decided = decide(write);
            let good = decided.is_ok();
            let answer = move |failure: Option<&StoreError>| {
                // Nobody waiting is no failure.
                let _ = reply.send(match failure {
                    Some(failure) => Err(failure.clone()),
                    None => decided,
                });
            };
            (good, Box::new(answer))
        }))
    }
}

/// The transaction as one decision sees it.
pub(super) struct Write<'a> {
    connection: &'a Connection,
    changes: BTreeMap<CsiKey, Option<Digest32>>,
}

/// Writes until every sender of jobs is gone.
pub(super) fn run(mut connection: Connection, jobs: &Receiver<Job>, mut observe: impl FnMut(&[Change])) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(MAX_BATCH - 1));
        let mut replies = Vec::with_capacity(batch.len());
        let written = write(&mut connection, batch, &mut replies);
        let failure = match written {
            Ok(changes) => {
                if !changes.is_empty() {
                    observe(&changes);
                }
                None
            }
            Err(failure) => Some(failure),
        };
        replies.into_iter().for_each(|reply| reply(failure.as_ref()));
    }
}

/// One transaction with a savepoint for each decision. An error means that nothing of any has happened; then decisions that were not made
/// yet are dropped, and who waits for them is told that the store is closed to them.
fn write(connection: &mut Connection, batch: Vec<Job>, replies: &mut Vec<Reply>) -> Result<Vec<Change>, StoreError> {
    let mut transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(database)?;
    let mut all = BTreeMap::new();
    for Job(decide) in batch {
        let savepoint = transaction.savepoint().map_err(database)?;
        let mut write = Write { connection: &savepoint, changes: BTreeMap::new() };
        let (good, reply) = decide(&mut write);
        let changes = write.changes;
        replies.push(reply);
        if good {
            savepoint.commit().map_err(database)?;
            all.extend(changes);
        } else {
            // Dropping a savepoint rolls it back.
            savepoint.finish().map_err(database)?;
        }
    }
    transaction.commit().map_err(database)?;
    Ok(all.into_iter().map(|(key, content)| Change { key, content }).collect())
}

impl Write<'_> {
    pub(super) fn state(&self, key: &CsiKey) -> Result<CsiState, StoreError> {
        state::load(self.connection, key)
    }

    pub(super) fn put(&mut self, key: &CsiKey, state: &CsiState) -> Result<(), StoreError> {
        let row = StateRow::of(state)?;
        let change = self.count("change", 1)?;
        self.connection
            .prepare_cached(
                "INSERT INTO identifiers (key, assignment, earlier_until, ends, change, content, records)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (key) DO UPDATE SET assignment = ?2, earlier_until = ?3, ends = ?4, change = ?5, content = ?6, records = ?7",
            )
            .and_then(|mut statement| {
                statement.execute(params![
                    key.0,
                    row.assignment,
                    row.earlier_until,
                    row.ends,
                    change,
                    row.content,
                    row.records
                ])
            })
            .map_err(database)?;
        self.changes.insert(*key, row.content);
        Ok(())
    }

    pub(super) fn sweep(&mut self, now: Seconds, at_most: usize) -> Result<usize, StoreError> {
        let keys: Vec<[u8; 32]> = self
            .connection
            .prepare_cached("SELECT key FROM identifiers WHERE ends < ?1 ORDER BY ends LIMIT ?2")
            .and_then(|mut statement| {
                statement
                    .query_map(params![signed(now.0), signed(at_most as u64)], |row| row.get(0))
                    .and_then(Iterator::collect)
            })
            .map_err(database)?;
        for key in &keys {
            let key = CsiKey(*key);
            let mut state = self.state(&key)?;
            state.sweep(now);
            if state.is_over(now) {
                self.connection.execute("DELETE FROM identifiers WHERE key = ?1", [&key.0]).map_err(database)?;
                self.changes.insert(key, None);
            } else {
                self.put(&key, &state)?;
            }
        }
        Ok(keys.len())
    }

    pub(super) fn spend(&self, nullifier: &[u8; 32], until: Seconds) -> Result<bool, StoreError> {
        self.connection
            .prepare_cached("INSERT INTO spent (nullifier, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
            .and_then(|mut statement| statement.execute(params![nullifier, signed(until.0)]))
            .map(|inserted| inserted == 1)
            .map_err(database)
    }

    pub(super) fn forget_spent(&self, now: Seconds) -> Result<usize, StoreError> {
        self.connection.execute("DELETE FROM spent WHERE until < ?1", [signed(now.0)]).map_err(database)
    }

    pub(super) fn next_snapshots(&self, count: u64) -> Result<u64, StoreError> {
        let last = self.count("snapshot", count)?;
        Ok(u64::try_from(last).unwrap_or_default().saturating_sub(count).saturating_add(1))
    }

    pub(super) fn secret(&self, name: &str, fresh: [u8; 32]) -> Result<[u8; 32], StoreError> {
        let stored: Option<[u8; 32]> = self
            .connection
            .query_row("SELECT octets FROM secrets WHERE name = ?1", [name], |row| row.get(0))
            .optional()
            .map_err(database)?;
        if let Some(stored) = stored {
            return Ok(stored);
        }
        self.connection
            .execute("INSERT INTO secrets (name, octets) VALUES (?1, ?2)", params![name, fresh])
            .map_err(database)?;
        Ok(fresh)
    }

    pub(super) fn set_pushed(&self, peer: &str, point: u64) -> Result<(), StoreError> {
        self.connection
            .execute(
                "INSERT INTO peers (domain, change) VALUES (?1, ?2) ON CONFLICT (domain) DO UPDATE SET change = max(change, ?2)",
                params![peer, signed(point)],
            )
            .map(|_| ())
            .map_err(database)
    }

    /// Moves a counter on, and says where it is then.
    fn count(&self, name: &str, by: u64) -> Result<i64, StoreError> {
        self.connection
            .prepare_cached("UPDATE counters SET value = value + ?2 WHERE name = ?1 RETURNING value")
            .and_then(|mut statement| statement.query_row(params![name, signed(by)], |row| row.get(0)))
            .map_err(database)
    }
}
