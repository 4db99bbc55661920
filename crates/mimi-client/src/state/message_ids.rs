//! The IDs of the newest messages of each room, so that a person can name one by its first digits.

use mimi_arch::RoomUri;
use mimi_content::MessageId;
use rusqlite::{Connection, params};

use super::sealed::{Column, SealedTable};
use crate::error::StateError;

/// What of the table is sealed.
pub(crate) const SEALED: SealedTable =
    SealedTable { table: "mimi_message_ids", row: &[], keys: &["room", "id"], values: &[] };
const ROOM: Column = SEALED.column("room");
const ID: Column = SEALED.column("id");

/// How many of a room are kept.
const KEPT: i64 = 1000;

/// Notes a message, and forgets the oldest of the room beyond [`KEPT`].
///
/// # Errors
/// When the file fails.
pub(crate) fn put(connection: &Connection, room: &RoomUri, id: &MessageId) -> Result<(), StateError> {
    connection.execute(
        "INSERT OR IGNORE INTO mimi_message_ids (room, id) VALUES (?1, ?2)",
        params![ROOM.key(room.as_str())?, ID.key(&id.to_string())?],
    )?;
    connection.execute(
        "DELETE FROM mimi_message_ids WHERE room = ?1 AND number <= (
            SELECT number FROM mimi_message_ids WHERE room = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        params![ROOM.key(room.as_str())?, KEPT],
    )?;
    Ok(())
}

/// Those whose hexadecimal digits begin so.
///
/// # Errors
/// When the file fails.
pub(crate) fn beginning(connection: &Connection, room: &RoomUri, digits: &str) -> Result<Vec<MessageId>, StateError> {
    let mut statement = connection.prepare("SELECT id FROM mimi_message_ids WHERE room = ?1 ORDER BY number")?;
    let mut found = Vec::new();
    for id in statement.query_map(params![ROOM.key(room.as_str())?], |row| row.get::<_, String>(0))? {
        let id = ID.open_key(&id?)?;
        if id.starts_with(digits) {
            found.push(id.parse().map_err(|_| StateError::Corrupt { what: "message ID" })?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::state::State;

    #[test]
    fn a_message_is_found_by_its_first_digits_until_it_is_too_old() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::create(&folder.path().join("state.sqlite")).unwrap();
        let room: RoomUri = "mimi://a.example/r/x".parse().unwrap();
        let id = |number: u16| {
            let mut octets = [1; 32];
            octets[1..3].copy_from_slice(&number.to_be_bytes());
            MessageId::from_bytes(octets)
        };
        state
            .write(|connection| {
                for number in 0..1002 {
                    put(connection, &room, &id(number))?;
                    put(connection, &room, &id(number))?;
                }
                Ok(())
            })
            .unwrap();
        state
            .peek(|connection| {
                assert_eq!(beginning(connection, &room, "010001")?, []);
                assert_eq!(beginning(connection, &room, "010002")?, [id(2)]);
                assert_eq!(
                    beginning(connection, &room, "0103e")?,
                    [
                        id(0x3e0),
                        id(0x3e1),
                        id(0x3e2),
                        id(0x3e3),
                        id(0x3e4),
                        id(0x3e5),
                        id(0x3e6),
                        id(0x3e7),
                        id(0x3e8),
                        id(0x3e9)
                    ]
                );
                Ok(())
            })
            .unwrap();
    }
}
