//! An identifier's statements as a row.

use mimi_arch::codec::{self, Reader};
use rusqlite::{Connection, OptionalExtension};

use super::{StoreError, database, signed};
use crate::answer;
use crate::attestation::AssignmentEpoch;
use crate::csi::CsiKey;
use crate::freshness::CsiState;
use crate::profile::Seconds;
use crate::record::{Record, VerifiedRecord};
use crate::snapshot::Digest32;

/// What a row holds beside its key and the number of the change.
pub(super) struct StateRow {
    pub(super) assignment: i64,
    pub(super) earlier_until: i64,
    pub(super) ends: i64,
    pub(super) content: Option<Digest32>,
    pub(super) records: Vec<u8>,
}

impl StateRow {
    pub(super) fn of(state: &CsiState) -> Result<Self, StoreError> {
        let damaged = |error: mimi_arch::EncodeError| StoreError::Damaged { what: "record", reason: error.to_string() };
        let all: Vec<Record> = state.records().map(|record| record.record().clone()).collect();
        let mut records = Vec::new();
        codec::put_list(&mut records, &all).map_err(damaged)?;
        let content = answer::content(state.mapping_records().map(VerifiedRecord::record)).map_err(damaged)?;
        let ends = state.records().map(VerifiedRecord::counts_until).min().unwrap_or(state.earlier_until());
        Ok(Self {
            assignment: stored(state.assignment().0),
            earlier_until: signed(state.earlier_until().0),
            ends: signed(ends.0),
            content,
            records,
        })
    }
}

/// An assignment may be any number of 64 bits; SQLite keeps the same bits as a signed one.
const fn stored(number: u64) -> i64 {
    number.cast_signed()
}

/// What is known of an identifier; nothing is a state, too.
pub(super) fn load(connection: &Connection, key: &CsiKey) -> Result<CsiState, StoreError> {
    let row: Option<(i64, i64, Vec<u8>)> = connection
        .prepare_cached("SELECT assignment, earlier_until, records FROM identifiers WHERE key = ?1")
        .and_then(|mut statement| {
            statement.query_row([&key.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })
        .map_err(database)?;
    let Some((assignment, earlier_until, records)) = row else { return Ok(CsiState::default()) };
    let damaged = |reason: String| StoreError::Damaged { what: "identifier", reason };
    let mut reader = Reader::new(&records);
    let records: Vec<Record> = reader.list().map_err(|error| damaged(error.to_string()))?;
    reader.finish().map_err(|error| damaged(error.to_string()))?;
    let earlier_until = Seconds(u64::try_from(earlier_until).unwrap_or_default());
    let mut state = CsiState::of_assignment(AssignmentEpoch(assignment.cast_unsigned()), earlier_until);
    for record in records {
        if record.csi().key() != *key {
            return Err(damaged("a record of another identifier".to_owned()));
        }
        // It was verified before it was stored.
        state.merge(&VerifiedRecord::stored(record));
    }
    Ok(state)
}
