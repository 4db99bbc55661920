//! Rooms of which this provider is the hub: two snapshots each and the handshakes after the older one, all with digests, so that what
//! the disk has spoilt is noticed and the older snapshot can stand in.

use mimi_arch::{ClientUri, RoomUri};
use mimi_protocol::{AcceptedTimestamp, Epoch};
use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::{
    apply::{changed, signed},
    database_error, unsigned,
};
use crate::{
    effect::LogEntry,
    hub::JoinGrant,
    store::{Conflict, StoreError, StoredHandshake, StoredRoom},
};

/// How many rooms [`mirror`] copies at a time: bounds how long other writes wait.
const MIRRORED_AT_ONCE: usize = 8;

/// Which of a room's two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Newest,
    Older,
}

/// The room from one of its snapshots and the log after that.
pub(super) fn load(connection: &Connection, room: &RoomUri, age: Age) -> Result<Option<StoredRoom>, StoreError> {
    // One read transaction, so that snapshot and log belong together.
    let transaction = connection.unchecked_transaction().map_err(read_error)?;
    let found = transaction
        .prepare_cached("SELECT last_sequence, last_accepted FROM rooms WHERE room = ?1")
        .and_then(|mut statement| statement.query_row([room.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .map_err(read_error)?;
    let Some((last_sequence, last_accepted)) = found else {
        return Ok(None);
    };
    let offset = match age {
        Age::Newest => 0,
        Age::Older => 1,
    };
    let found: Option<(i64, Option<Vec<u8>>, Vec<u8>)> = transaction
        .prepare_cached(
            "SELECT sequence, digest, bytes FROM snapshots WHERE room = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![room.as_str(), offset], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        })
        .map_err(read_error)?;
    let (snapshot_sequence, digest, snapshot) = match (found, age) {
        (Some(found), _) => found,
        (None, Age::Newest) => {
            return Err(StoreError::Damaged { what: "room", reason: "it has no snapshot".to_owned() });
        }
        (None, Age::Older) => return Ok(None),
    };
    check("snapshot", digest.as_deref(), room, snapshot_sequence, None, &snapshot)?;
    let log = load_log(&transaction, room, snapshot_sequence)?;
    Ok(Some(StoredRoom {
        room: room.clone(),
        snapshot,
        snapshot_sequence: unsigned(snapshot_sequence)?,
        log,
        last_sequence: unsigned(last_sequence)?,
        last_accepted: AcceptedTimestamp(unsigned(last_accepted)?),
    }))
}

fn load_log(connection: &Connection, room: &RoomUri, after: i64) -> Result<Vec<StoredHandshake>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT sequence, accepted, digest, bytes FROM handshakes WHERE room = ?1 AND sequence > ?2 ORDER BY sequence",
        )
        .map_err(read_error)?;
    let mut rows = statement.query(params![room.as_str(), after]).map_err(read_error)?;
    let mut log = Vec::new();
    while let Some(row) = rows.next().map_err(read_error)? {
        let (sequence, accepted): (i64, i64) =
            row.get(0).and_then(|sequence| Ok((sequence, row.get(1)?))).map_err(read_error)?;
        let digest: Option<Vec<u8>> = row.get(2).map_err(read_error)?;
        let bytes: Vec<u8> = row.get(3).map_err(read_error)?;
        check("log entry", digest.as_deref(), room, sequence, Some(accepted), &bytes)?;
        let accepted = AcceptedTimestamp(unsigned(accepted)?);
        log.push(StoredHandshake { sequence: unsigned(sequence)?, bytes, accepted });
    }
    Ok(log)
}

/// A snapshot: of a new room when `sequence` is 0, else beside the one before it.
pub(super) fn put(
    connection: &Connection,
    room: &RoomUri,
    bytes: &[u8],
    sequence: u64,
    accepted: AcceptedTimestamp,
) -> Result<(), StoreError> {
    let (number, time) = (signed(sequence)?, signed(accepted.0)?);
    if sequence == 0 {
        let inserted = connection
            .prepare_cached("INSERT INTO rooms (room, last_sequence, last_accepted) VALUES (?1, 0, ?2)")
            .and_then(|mut statement| statement.execute(params![room.as_str(), time]));
        match inserted {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Err(StoreError::Conflict(Conflict::RoomExists));
            }
            other => other.map_err(database_error)?,
        };
    } else {
        ends_at(connection, room, sequence)?;
    }
    insert(connection, room, bytes, number, time)?;
    drop_old(connection, room)
}

/// The newest snapshot gives way to another one of the room's present state.
pub(super) fn replace_newest(
    connection: &Connection,
    room: &RoomUri,
    bytes: &[u8],
    sequence: u64,
    accepted: AcceptedTimestamp,
) -> Result<(), StoreError> {
    ends_at(connection, room, sequence)?;
    connection
        .execute(
            "DELETE FROM snapshots WHERE id = (SELECT max(id) FROM snapshots WHERE room = ?1)",
            params![room.as_str()],
        )
        .map_err(database_error)?;
    insert(connection, room, bytes, signed(sequence)?, signed(accepted.0)?)
}

/// Newest snapshots from before a time become the older ones, too, if they are sound.
pub(super) fn mirror(connection: &Connection, before: AcceptedTimestamp) -> Result<(), StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT room, max(id) FROM snapshots GROUP BY room
                HAVING max(accepted) < ?1 AND (count(*) = 1 OR min(sequence) < max(sequence)) ORDER BY max(accepted)",
        )
        .map_err(database_error)?;
    let waiting: Vec<(String, i64)> = statement
        .query_map(params![signed(before.0)?], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(database_error)?;
    let mut copied = 0;
    for (room, id) in waiting {
        let (sequence, accepted, digest, bytes): (i64, i64, Option<Vec<u8>>, Vec<u8>) = connection
            .prepare_cached("SELECT sequence, accepted, digest, bytes FROM snapshots WHERE id = ?1")
            .and_then(|mut statement| {
                statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            })
            .map_err(database_error)?;
        let Ok(room) = room.parse::<RoomUri>() else { continue };
        // Of a damaged one there must not be two: who loads the room deals with it.
        if check("snapshot", digest.as_deref(), &room, sequence, None, &bytes).is_err() {
            continue;
        }
        insert(connection, &room, &bytes, sequence, accepted)?;
        drop_old(connection, &room)?;
        copied += 1;
        if copied == MIRRORED_AT_ONCE {
            break;
        }
    }
    Ok(())
}

/// The next entry of a room's log.
pub(super) fn append(
    connection: &Connection,
    room: &RoomUri,
    sequence: u64,
    entry: &LogEntry,
    accepted: AcceptedTimestamp,
) -> Result<(), StoreError> {
    let (sequence, accepted) = (signed(sequence)?, signed(accepted.0)?);
    let rows = connection
        .prepare_cached(
            "UPDATE rooms SET last_sequence = ?2, last_accepted = ?3 WHERE room = ?1 AND last_sequence = ?2 - 1",
        )
        .and_then(|mut statement| statement.execute(params![room.as_str(), sequence, accepted]))
        .map_err(database_error)?;
    changed(rows, Conflict::LogSequence)?;
    match entry {
        LogEntry::Application => Ok(()),
        LogEntry::Handshake(bytes) => connection
            .prepare_cached(
                "INSERT INTO handshakes (room, sequence, accepted, bytes, digest) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut statement| {
                let digest = digest(room, sequence, Some(accepted), bytes);
                statement.execute(params![room.as_str(), sequence, accepted, bytes, digest])
            })
            .map(drop)
            .map_err(database_error),
    }
}

/// What a client may do by a code, in place of what there was of it, and without what is of earlier epochs.
pub(super) fn put_join_grant(connection: &Connection, room: &RoomUri, grant: &JoinGrant) -> Result<(), StoreError> {
    let epoch = signed(grant.epoch.0)?;
    connection
        .prepare_cached("DELETE FROM join_grants WHERE room = ?1 AND epoch < ?2")
        .and_then(|mut statement| statement.execute(params![room.as_str(), epoch]))
        .map_err(database_error)?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO join_grants VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut statement| {
            statement.execute(params![room.as_str(), grant.client.as_str(), grant.signature_key, grant.link, epoch])
        })
        .map(drop)
        .map_err(database_error)
}

/// What a client may do by a code.
pub(super) fn join_grant(
    connection: &Connection,
    room: &RoomUri,
    client: &ClientUri,
) -> Result<Option<JoinGrant>, StoreError> {
    let found: Option<(Vec<u8>, [u8; 32], i64)> = connection
        .prepare_cached("SELECT signature_key, link, epoch FROM join_grants WHERE room = ?1 AND client = ?2")
        .and_then(|mut statement| {
            statement
                .query_row(params![room.as_str(), client.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        })
        .map_err(read_error)?;
    let Some((signature_key, link, epoch)) = found else { return Ok(None) };
    Ok(Some(JoinGrant { client: client.clone(), signature_key, link, epoch: Epoch(unsigned(epoch)?) }))
}

fn ends_at(connection: &Connection, room: &RoomUri, sequence: u64) -> Result<(), StoreError> {
    let sequence = signed(sequence)?;
    let found = connection
        .prepare_cached("SELECT 1 FROM rooms WHERE room = ?1 AND last_sequence = ?2")
        .and_then(|mut statement| statement.exists(params![room.as_str(), sequence]))
        .map_err(database_error)?;
    changed(usize::from(found), Conflict::LogSequence)
}

fn insert(
    connection: &Connection,
    room: &RoomUri,
    bytes: &[u8],
    sequence: i64,
    accepted: i64,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT INTO snapshots (room, sequence, accepted, digest, bytes) VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut statement| {
            statement.execute(params![room.as_str(), sequence, accepted, digest(room, sequence, None, bytes), bytes])
        })
        .map(drop)
        .map_err(database_error)
}

/// Keeps the two newest snapshots, and the log after the older of them.
fn drop_old(connection: &Connection, room: &RoomUri) -> Result<(), StoreError> {
    let run = |sql: &str| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([room.as_str()]))
            .map_err(database_error)
    };
    run("DELETE FROM snapshots WHERE room = ?1 AND id < (
            SELECT id FROM snapshots WHERE room = ?1 ORDER BY id DESC LIMIT 1 OFFSET 1)")?;
    run("DELETE FROM handshakes WHERE room = ?1 AND sequence <= (
            SELECT min(sequence) FROM snapshots WHERE room = ?1)")
    .map(drop)
}

/// What was written at this place; a row in another's place does not match either.
fn digest(room: &RoomUri, sequence: i64, accepted: Option<i64>, bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(room.as_str());
    hash.update([0]);
    hash.update(sequence.to_be_bytes());
    if let Some(accepted) = accepted {
        hash.update(accepted.to_be_bytes());
    }
    hash.update(bytes);
    hash.finalize().into()
}

fn check(
    what: &'static str,
    stored: Option<&[u8]>,
    room: &RoomUri,
    sequence: i64,
    accepted: Option<i64>,
    bytes: &[u8],
) -> Result<(), StoreError> {
    match stored {
        Some(stored) if stored != digest(room, sequence, accepted, bytes) => {
            Err(StoreError::Damaged { what, reason: format!("the checksum of number {sequence} is wrong") })
        }
        _ => Ok(()),
    }
}

/// A page that SQLite cannot read is damage like any other; so is a value of another type.
fn read_error(error: rusqlite::Error) -> StoreError {
    let is_damage =
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch)
        ) || matches!(error, rusqlite::Error::InvalidColumnType(..) | rusqlite::Error::FromSqlConversionFailure(..));
    if is_damage {
        return StoreError::Damaged { what: "database", reason: error.to_string() };
    }
    database_error(error)
}
