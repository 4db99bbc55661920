//! The rooms that the client knows, and for each the update whose answer is still out.

use mimi_arch::RoomUri;
use mimi_protocol::Epoch;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::sealed::{Column, SealedTable};
use crate::error::StateError;

/// What of the table is sealed.
pub(crate) const SEALED: SealedTable =
    SealedTable { table: "mimi_rooms", row: &["room"], keys: &["room"], values: &["pending"] };
/// The same of the numbers of groups.
pub(crate) const SEALED_NUMBERS: SealedTable =
    SealedTable { table: "mimi_group_numbers", row: &["room"], keys: &["room"], values: &[] };
const NUMBERED: Column = SEALED_NUMBERS.column("room");
const ROOM: Column = SEALED.column("room");
const PENDING: Column = SEALED.column("pending");

/// How the client stands to a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its group is made here and the provider has not answered yet.
    Creating = 1,
    /// Its external commit is made and the hub has not answered yet.
    Joining = 2,
    /// A member.
    Member = 3,
    /// No member any more.
    Gone = 4,
}

impl Standing {
    fn from_number(number: i64) -> Result<Self, StateError> {
        match number {
            1 => Ok(Self::Creating),
            2 => Ok(Self::Joining),
            3 => Ok(Self::Member),
            4 => Ok(Self::Gone),
            _ => Err(StateError::Corrupt { what: "standing in a room" }),
        }
    }
}

/// A room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomRow {
    pub(crate) room: RoomUri,
    pub(crate) standing: Standing,
    /// Epoch in which this client became a member.
    pub(crate) first_epoch: Epoch,
    /// The last epoch seen, for rooms that are over.
    pub(crate) last_epoch: Epoch,
    /// Body of the update whose answer is out.
    pub(crate) pending: Option<Vec<u8>>,
    /// Whether the provider has to be told that this client is gone.
    pub(crate) forget: bool,
}

impl RoomRow {
    /// A room that the client becomes a member of in the given epoch.
    pub(crate) fn new(room: &RoomUri, standing: Standing, epoch: Epoch) -> Self {
        Self { room: room.clone(), standing, first_epoch: epoch, last_epoch: epoch, pending: None, forget: false }
    }
}

/// Writes a room, in place of what was known of it.
///
/// # Errors
/// When the file fails.
pub(crate) fn put(connection: &Connection, row: &RoomRow) -> Result<(), StateError> {
    connection.execute(
        "INSERT OR REPLACE INTO mimi_rooms (room, standing, first_epoch, last_epoch, pending, forget)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            ROOM.key(row.room.as_str())?,
            row.standing as i64,
            row.first_epoch.0.cast_signed(),
            row.last_epoch.0.cast_signed(),
            row.pending.as_deref().map(|body| PENDING.octets(row.room.as_str(), body)).transpose()?,
            row.forget,
        ],
    )?;
    Ok(())
}

/// Forgets a room altogether.
///
/// # Errors
/// When the file fails.
pub(crate) fn delete(connection: &Connection, room: &RoomUri) -> Result<(), StateError> {
    connection.execute("DELETE FROM mimi_rooms WHERE room = ?1", params![ROOM.key(room.as_str())?])?;
    Ok(())
}

/// One room.
///
/// # Errors
/// When the file fails.
pub(crate) fn get(connection: &Connection, room: &RoomUri) -> Result<Option<RoomRow>, StateError> {
    connection
        .query_row(&format!("{SELECT} WHERE room = ?1"), params![ROOM.key(room.as_str())?], columns)
        .optional()?
        .map(row)
        .transpose()
}

/// Which of the room's groups this client knows, counted from 1.
///
/// # Errors
/// When the file fails.
pub(crate) fn group_number(connection: &Connection, room: &RoomUri) -> Result<u32, StateError> {
    let number: Option<i64> = connection
        .query_row(
            "SELECT number FROM mimi_group_numbers WHERE room = ?1",
            params![NUMBERED.key(room.as_str())?],
            |row| row.get(0),
        )
        .optional()?;
    number.map_or(Ok(1), |number| u32::try_from(number).map_err(|_| StateError::Corrupt { what: "group number" }))
}

/// Notes which of the room's groups it is.
///
/// # Errors
/// When the file fails.
pub(crate) fn set_group_number(connection: &Connection, room: &RoomUri, number: u32) -> Result<(), StateError> {
    connection.execute(
        "INSERT OR REPLACE INTO mimi_group_numbers (room, number) VALUES (?1, ?2)",
        params![NUMBERED.key(room.as_str())?, number],
    )?;
    Ok(())
}

/// All rooms, ordered by URI.
///
/// # Errors
/// When the file fails.
pub(crate) fn all(connection: &Connection) -> Result<Vec<RoomRow>, StateError> {
    let mut statement = connection.prepare(SELECT)?;
    let rows = statement.query_map([], columns)?.collect::<Result<Vec<_>, _>>()?;
    let mut rooms = rows.into_iter().map(row).collect::<Result<Vec<_>, _>>()?;
    rooms.sort_unstable_by(|a, b| a.room.as_str().cmp(b.room.as_str()));
    Ok(rooms)
}

const SELECT: &str = "SELECT room, standing, first_epoch, last_epoch, pending, forget FROM mimi_rooms";

type Columns = (String, i64, i64, i64, Option<Vec<u8>>, bool);

fn columns(row: &Row<'_>) -> Result<Columns, rusqlite::Error> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn row((room, standing, first_epoch, last_epoch, pending, forget): Columns) -> Result<RoomRow, StateError> {
    let room = ROOM.open_key(&room)?;
    let pending = pending.map(|body| PENDING.open_octets(&room, &body)).transpose()?;
    Ok(RoomRow {
        room: room.parse().map_err(|_| StateError::Corrupt { what: "room URI" })?,
        standing: Standing::from_number(standing)?,
        first_epoch: Epoch(first_epoch.cast_unsigned()),
        last_epoch: Epoch(last_epoch.cast_unsigned()),
        pending,
        forget,
    })
}
