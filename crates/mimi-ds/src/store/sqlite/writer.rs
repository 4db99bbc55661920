//! The one thread that writes. It takes what has queued up since its last commit and makes one transaction of it, so that
//! a flush to the disk is shared by all decisions that wait for one.

use std::{
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{apply::apply_all, database_error};
use crate::{
    effect::Effect,
    store::{Outcome, StoreError},
};

/// The most decisions in one transaction: bounds how long the first of them waits for the others.
const MAX_BATCH: usize = 256;

/// The effects of one decision, and where to say what became of them.
pub(super) struct Job {
    pub(super) effects: Vec<Effect>,
    pub(super) reply: Outcome,
}

/// How one transaction went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommitSample {
    /// How many decisions it held.
    pub decisions: usize,
    /// From its begin to the end of the flush.
    pub elapsed: Duration,
    /// Whether something could not be written; a conflict is no failure.
    pub failed: bool,
}

/// Writes until every sender of jobs is gone.
pub(super) fn run(mut connection: Connection, jobs: &Receiver<Job>, mut observe: impl FnMut(&CommitSample)) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter().take(MAX_BATCH - 1));
        let (effects, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|job| (job.effects, job.reply)).unzip();
        let begun = Instant::now();
        let written = write(&mut connection, &effects);
        let failed = written
            .as_ref()
            .map_or(true, |results| results.iter().any(|result| matches!(result, Err(StoreError::Database(_)))));
        let sample = CommitSample { decisions: replies.len(), elapsed: begun.elapsed(), failed };
        let results = written.unwrap_or_else(|failure| vec![Err(failure); replies.len()]);
        for (reply, result) in replies.into_iter().zip(results) {
            reply.tell(result);
        }
        observe(&sample);
    }
}

/// One transaction of all decisions. The outer error means that nothing of any decision has happened.
fn write(connection: &mut Connection, decisions: &[Vec<Effect>]) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    if write_all(connection, decisions)? {
        return Ok(vec![Ok(()); decisions.len()]);
    }
    write_each(connection, decisions)
}

/// Without a way back for a single decision, which costs a sixth of the time: whether all of them went in. Otherwise nothing has happened.
fn write_all(connection: &mut Connection, decisions: &[Vec<Effect>]) -> Result<bool, StoreError> {
    let transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(database_error)?;
    if decisions.iter().all(|effects| apply_all(&transaction, effects).is_ok()) {
        transaction.commit().map_err(database_error)?;
        return Ok(true);
    }
    transaction.rollback().map_err(database_error)?;
    Ok(false)
}

/// With a savepoint for each decision: those that conflict leave no trace, and the others go in.
fn write_each(
    connection: &mut Connection,
    decisions: &[Vec<Effect>],
) -> Result<Vec<Result<(), StoreError>>, StoreError> {
    let mut transaction = Transaction::new(connection, TransactionBehavior::Immediate).map_err(database_error)?;
    let mut results = Vec::with_capacity(decisions.len());
    for effects in decisions {
        let savepoint = transaction.savepoint().map_err(database_error)?;
        let result = apply_all(&savepoint, effects);
        match result {
            Ok(()) => savepoint.commit().map_err(database_error)?,
            // Dropping a savepoint rolls it back.
            Err(_) => savepoint.finish().map_err(database_error)?,
        }
        results.push(result);
    }
    transaction.commit().map_err(database_error)?;
    Ok(results)
}
