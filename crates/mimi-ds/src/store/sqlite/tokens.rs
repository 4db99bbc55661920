//! Tokens of enqueue authorization: those that this provider shows as a hub, and those that it wants to see as a follower.

use std::collections::BTreeMap;

use mimi_arch::{ClientUri, Domain, RoomUri};
use mimi_protocol::enqueue_authorization::FanoutAuthToken;
use rusqlite::{Connection, ToSql, params};

use super::{database_error, rows, text, waiting::WAITS};
use crate::store::StoreError;

fn run(connection: &Connection, sql: &str, params: &[&dyn ToSql]) -> Result<(), StoreError> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map(drop).map_err(database_error)
}

fn token(octets: Vec<u8>) -> Result<FanoutAuthToken, StoreError> {
    FanoutAuthToken::from_octets(octets)
        .map_err(|error| StoreError::Damaged { what: "token", reason: error.to_string() })
}

pub(super) fn to_show(
    connection: &Connection,
    to: &Domain,
    room: &RoomUri,
) -> Result<Vec<FanoutAuthToken>, StoreError> {
    let sql = "SELECT token FROM shown_tokens WHERE provider = ?1 AND room = ?2 ORDER BY retired, client";
    rows(connection, sql, params![to.as_str(), room.as_str()], |row| row.get(0))?.into_iter().map(token).collect()
}

pub(super) fn put(
    connection: &Connection,
    room: &RoomUri,
    client: &ClientUri,
    token: &FanoutAuthToken,
) -> Result<(), StoreError> {
    retire(connection, room, client)?;
    run(
        connection,
        "INSERT OR REPLACE INTO shown_tokens VALUES (?1, ?2, ?3, ?4, 0)",
        params![client.domain().as_str(), room.as_str(), client.as_str(), token.expose()],
    )
}

pub(super) fn retire(connection: &Connection, room: &RoomUri, client: &ClientUri) -> Result<(), StoreError> {
    run(
        connection,
        "UPDATE shown_tokens SET retired = 1 WHERE provider = ?1 AND room = ?2 AND client = ?3",
        params![client.domain().as_str(), room.as_str(), client.as_str()],
    )
}

/// Retired tokens go once nothing waits for their provider.
pub(super) fn drop_retired(connection: &Connection, to: &Domain, room: &RoomUri) -> Result<(), StoreError> {
    let retired = "DELETE FROM shown_tokens WHERE provider = ?1 AND room = ?2 AND retired = 1";
    run(connection, &format!("{retired} AND NOT EXISTS ({WAITS})"), params![to.as_str(), room.as_str()])
}

pub(super) fn expected(
    connection: &Connection,
    room: &RoomUri,
) -> Result<BTreeMap<ClientUri, FanoutAuthToken>, StoreError> {
    let sql = "SELECT client, token FROM expected_tokens WHERE room = ?1";
    rows(connection, sql, params![room.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .into_iter()
        .map(|(client, octets): (String, Vec<u8>)| Ok((text(&client, "client")?, token(octets)?)))
        .collect()
}

pub(super) fn expect(
    connection: &Connection,
    room: &RoomUri,
    client: &ClientUri,
    token: Option<&FanoutAuthToken>,
) -> Result<(), StoreError> {
    match token {
        Some(token) => run(
            connection,
            "INSERT OR REPLACE INTO expected_tokens VALUES (?1, ?2, ?3)",
            params![room.as_str(), client.as_str(), token.expose()],
        ),
        None => run(
            connection,
            "DELETE FROM expected_tokens WHERE room = ?1 AND client = ?2",
            params![room.as_str(), client.as_str()],
        ),
    }
}
