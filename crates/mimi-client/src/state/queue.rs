//! How far the client has processed its queue, and the messages whose answer is still out.

use mimi_arch::RoomUri;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::sealed::{Column, SealedTable};
use crate::error::StateError;

/// What of the messages whose answer is out is sealed.
pub(crate) const SEALED: SealedTable =
    SealedTable { table: "mimi_outgoing", row: &["room"], keys: &["room", "message"], values: &["text"] };
const ROOM: Column = SEALED.column("room");
const MESSAGE: Column = SEALED.column("message");
const TEXT: Column = SEALED.column("text");

/// Id of the last queued event that was processed; 0 before the first.
///
/// # Errors
/// When the file fails.
pub(crate) fn position(connection: &Connection) -> Result<u64, StateError> {
    let id: i64 = connection.query_row("SELECT processed FROM mimi_queue", [], |row| row.get(0))?;
    Ok(id.cast_unsigned())
}

/// Moves the position.
///
/// # Errors
/// When the file fails.
pub(crate) fn set_position(connection: &Connection, id: u64) -> Result<(), StateError> {
    connection.execute("UPDATE mimi_queue SET processed = ?1", params![id.cast_signed()])?;
    Ok(())
}

/// Notes a message that is about to be submitted.
///
/// # Errors
/// When the file fails.
pub(crate) fn put_outgoing(
    connection: &Connection,
    room: &RoomUri,
    message: &[u8],
    text: &str,
) -> Result<(), StateError> {
    connection.execute(
        "INSERT OR REPLACE INTO mimi_outgoing (room, message, text) VALUES (?1, ?2, ?3)",
        params![ROOM.key(room.as_str())?, MESSAGE.octets("", message)?, TEXT.text(room.as_str(), text)?],
    )?;
    Ok(())
}

/// Takes the note of a message away and says what its text was, if it was there.
///
/// # Errors
/// When the file fails.
pub(crate) fn take_outgoing(
    connection: &Connection,
    room: &RoomUri,
    message: &[u8],
) -> Result<Option<String>, StateError> {
    let text: Option<String> = connection
        .query_row(
            "DELETE FROM mimi_outgoing WHERE room = ?1 AND message = ?2 RETURNING text",
            params![ROOM.key(room.as_str())?, MESSAGE.octets("", message)?],
            |row| row.get(0),
        )
        .optional()?;
    text.map(|text| TEXT.open_text(room.as_str(), &text)).transpose()
}
