//! Messages whose franks held, as they came: what a report of abuse needs (draft-ietf-mimi-protocol-06 section 5.4.1.3).

use mimi_arch::{RoomUri, UserUri};
use mimi_protocol::{AcceptedTimestamp, codec::Wire as _, submit_message::Frank};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::sealed::{Column, SealedTable};
use crate::error::StateError;

/// What of the table is sealed. The acceptance times are not, by which messages are put in order and forgotten.
pub(crate) const SEALED: SealedTable = SealedTable {
    table: "mimi_messages",
    row: &["room", "accepted"],
    keys: &["room", "sender"],
    values: &["application_data", "frank"],
};
const ROOM: Column = SEALED.column("room");
const SENDER: Column = SEALED.column("sender");
const APPLICATION_DATA: Column = SEALED.column("application_data");
const FRANK: Column = SEALED.column("frank");

fn row_name(room: &RoomUri, accepted: AcceptedTimestamp) -> String {
    format!("{room} {}", accepted.0.cast_signed())
}

/// How many messages of a room are kept.
pub(crate) const KEPT: i64 = 1000;

/// A message with its proof. The context that the hub vouched for is sender, room and time.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) application_data: Vec<u8>,
    pub(crate) frank: Frank,
}

/// Keeps a message, and forgets the oldest of the room beyond [`KEPT`].
///
/// # Errors
/// When the file fails.
// req: MP06-5.4.1.3-06
pub(crate) fn put(
    connection: &Connection,
    room: &RoomUri,
    sender: &UserUri,
    accepted: AcceptedTimestamp,
    kept: &Kept,
) -> Result<(), StateError> {
    let row = row_name(room, accepted);
    let frank = kept.frank.to_bytes().map_err(|_| StateError::Corrupt { what: "frank" })?;
    connection.execute(
        "INSERT OR IGNORE INTO mimi_messages (room, sender, accepted, application_data, frank) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            ROOM.key(room.as_str())?,
            SENDER.key(sender.as_str())?,
            accepted.0.cast_signed(),
            APPLICATION_DATA.octets(&row, &kept.application_data)?,
            FRANK.octets(&row, &frank)?,
        ],
    )?;
    connection.execute(
        "DELETE FROM mimi_messages WHERE room = ?1 AND accepted <= (
            SELECT accepted FROM mimi_messages WHERE room = ?1 ORDER BY accepted DESC LIMIT 1 OFFSET ?2)",
        params![ROOM.key(room.as_str())?, KEPT],
    )?;
    Ok(())
}

/// A message that was kept.
///
/// # Errors
/// When the file fails.
pub(crate) fn get(
    connection: &Connection,
    room: &RoomUri,
    sender: &UserUri,
    accepted: AcceptedTimestamp,
) -> Result<Option<Kept>, StateError> {
    let found: Option<(Vec<u8>, Vec<u8>)> = connection
        .query_row(
            "SELECT application_data, frank FROM mimi_messages WHERE room = ?1 AND sender = ?2 AND accepted = ?3",
            params![ROOM.key(room.as_str())?, SENDER.key(sender.as_str())?, accepted.0.cast_signed()],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((application_data, frank)) = found else { return Ok(None) };
    let row = row_name(room, accepted);
    let application_data = APPLICATION_DATA.open_octets(&row, &application_data)?;
    let frank = FRANK.open_octets(&row, &frank)?;
    let frank = Frank::from_bytes(&frank).map_err(|_| StateError::Corrupt { what: "frank" })?;
    Ok(Some(Kept { application_data, frank }))
}

/// When the hub accepted the newest messages of a sender, newest first.
///
/// # Errors
/// When the file fails.
pub(crate) fn newest(
    connection: &Connection,
    room: &RoomUri,
    sender: &UserUri,
    count: usize,
) -> Result<Vec<AcceptedTimestamp>, StateError> {
    let mut statement = connection.prepare(
        "SELECT accepted FROM mimi_messages WHERE room = ?1 AND sender = ?2 ORDER BY accepted DESC LIMIT ?3",
    )?;
    let limit = i64::try_from(count).unwrap_or(i64::MAX);
    let (room, sender) = (ROOM.key(room.as_str())?, SENDER.key(sender.as_str())?);
    let rows = statement.query_map(params![room, sender, limit], |row| row.get::<_, i64>(0))?;
    rows.map(|accepted| Ok(AcceptedTimestamp(accepted?.cast_unsigned()))).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_protocol::CipherSuite;

    use super::*;
    use crate::state::State;

    #[test]
    fn the_newest_messages_of_a_room_are_kept() {
        // req: MP06-5.4.1.3-06
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::create(&folder.path().join("state.sqlite")).unwrap();
        let room: RoomUri = "mimi://a.example/r/x".parse().unwrap();
        let (bob, eve): (UserUri, UserUri) =
            ("mimi://b.example/u/bob".parse().unwrap(), "mimi://b.example/u/eve".parse().unwrap());
        let frank = Frank {
            server_frank: [1; 32],
            franking_signature_ciphersuite: CipherSuite(1),
            franking_integrity_signature: vec![2; 64],
        };
        let kept = Kept { application_data: vec![3], frank };
        state
            .write(|connection| {
                for accepted in 1..=KEPT.unsigned_abs() + 5 {
                    put(connection, &room, &bob, AcceptedTimestamp(accepted), &kept)?;
                }
                Ok(())
            })
            .unwrap();
        state
            .peek(|connection| {
                assert_eq!(get(connection, &room, &bob, AcceptedTimestamp(5))?, None);
                assert_eq!(get(connection, &room, &bob, AcceptedTimestamp(6))?.as_ref(), Some(&kept));
                assert_eq!(get(connection, &room, &eve, AcceptedTimestamp(6))?, None);
                assert_eq!(newest(connection, &room, &bob, 2)?, [AcceptedTimestamp(1005), AcceptedTimestamp(1004)]);
                Ok(())
            })
            .unwrap();
    }
}
