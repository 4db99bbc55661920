//! Queues with their bounds, the order of fan-outs, and the stock of key packages.

use std::collections::BTreeMap;

use mimi_arch::{ClientUri, Domain, RoomUri};
use mimi_protocol::{AcceptedTimestamp, Epoch};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    apply::{changed, clamped, signed},
    database_error, rows, text, unsigned,
};
use crate::{
    follower::FanoutMark,
    store::{Conflict, KeyPackageStock, OverfullQueue, QueueBounds, QueueRow, StoreError},
};

/// A row of the queue that holds an event other than an application message.
const HANDSHAKE: i64 = 0;
/// A row of the queue that holds an application message.
const APPLICATION: i64 = 1;
/// A row of the queue that stands for application messages that were dropped.
const DROPPED: i64 = 2;
/// `wire_format` of a PrivateMessage (RFC 9420 section 6): fanned out with application content alone.
const PRIVATE_MESSAGE: [u8; 2] = [0, 2];

/// What a message is and when it was accepted, from the first octets of a `FanoutMessage`: eight of the time, two of the MLS version, two
/// of the wire format. What is too short to have them is kept like a handshake.
fn kind_and_time(message: &[u8]) -> (i64, i64) {
    let Some((time, rest)) = message.split_first_chunk::<8>() else { return (HANDSHAKE, 0) };
    let is_application = rest.get(2..4) == Some(&PRIVATE_MESSAGE);
    (if is_application { APPLICATION } else { HANDSHAKE }, clamped(u64::from_be_bytes(*time)))
}

pub(super) fn deliver(
    connection: &Connection,
    client: &ClientUri,
    room: &RoomUri,
    message: &[u8],
) -> Result<(), StoreError> {
    let (kind, accepted) = kind_and_time(message);
    connection
        .prepare_cached("INSERT INTO queue (client, room, message, kind, accepted) VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut statement| statement.execute(params![client.as_str(), room.as_str(), message, kind, accepted]))
        .map(drop)
        .map_err(database_error)
}

/// What goes is of application messages: the first ones up to a row, and those that are too old wherever they are.
const GOING: &str = "client = ?1 AND room = ?2 AND (kind = 2 OR kind = 1 AND (id <= ?3 OR accepted < ?4))";

pub(super) fn drop_applications(
    connection: &Connection,
    queue: &OverfullQueue,
    oldest: AcceptedTimestamp,
) -> Result<(), StoreError> {
    let OverfullQueue { client, room, up_to } = queue;
    let (up_to, oldest) = (signed(*up_to)?, clamped(oldest.0));
    let (last, dropped): (Option<i64>, i64) = connection
        .prepare_cached(&format!("SELECT max(id), coalesce(sum(dropped + (kind = 1)), 0) FROM queue WHERE {GOING}"))
        .and_then(|mut statement| {
            statement
                .query_row(params![client.as_str(), room.as_str(), up_to, oldest], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(database_error)?;
    let Some(last) = last else { return Ok(()) };
    connection
        .prepare_cached(&format!("DELETE FROM queue WHERE {GOING} AND id < ?5"))
        .and_then(|mut statement| statement.execute(params![client.as_str(), room.as_str(), up_to, oldest, last]))
        .map_err(database_error)?;
    connection
        .prepare_cached("UPDATE queue SET message = x'', kind = ?2, dropped = ?3 WHERE id = ?1")
        .and_then(|mut statement| statement.execute(params![last, DROPPED, dropped]))
        .map(drop)
        .map_err(database_error)
}

pub(super) fn overfull_queues(connection: &Connection, bounds: QueueBounds) -> Result<Vec<OverfullQueue>, StoreError> {
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let too_old: Vec<(String, String)> = rows(
        connection,
        "SELECT DISTINCT client, room FROM queue WHERE kind = 1 AND accepted < ?1",
        params![clamped(bounds.oldest.0)],
        pair,
    )?;
    let mut overfull: BTreeMap<(String, String), i64> = too_old.into_iter().map(|queue| (queue, 0)).collect();
    let most = clamped(bounds.messages);
    let too_many: Vec<(String, String)> = rows(
        connection,
        "SELECT client, room FROM queue WHERE kind = 1 GROUP BY client, room HAVING count(*) > ?1",
        params![most],
        pair,
    )?;
    for (client, room) in too_many {
        let last: Option<i64> = connection
            .prepare_cached(
                "SELECT id FROM queue WHERE client = ?1 AND room = ?2 AND kind = 1 ORDER BY id DESC LIMIT 1 OFFSET ?3",
            )
            .and_then(|mut statement| statement.query_row(params![client, room, most], |row| row.get(0)).optional())
            .map_err(database_error)?;
        overfull.insert((client, room), last.unwrap_or_default());
    }
    overfull
        .into_iter()
        .map(|((client, room), up_to)| {
            Ok(OverfullQueue { client: text(&client, "client")?, room: text(&room, "room")?, up_to: unsigned(up_to)? })
        })
        .collect()
}

pub(super) fn queue(
    connection: &Connection,
    client: &ClientUri,
    after: u64,
    limit: i64,
) -> Result<Vec<QueueRow>, StoreError> {
    rows(
        connection,
        "SELECT id, room, message, dropped FROM queue WHERE client = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        params![client.as_str(), signed(after)?, limit],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?
    .into_iter()
    .map(|(id, room, message, dropped): (i64, String, Vec<u8>, i64)| {
        Ok(QueueRow { id: unsigned(id)?, room: text(&room, "room")?, message, dropped: unsigned(dropped)? })
    })
    .collect()
}

pub(super) fn mark_fanout(
    connection: &Connection,
    hub: &Domain,
    room: &RoomUri,
    before: Option<FanoutMark>,
    now: FanoutMark,
) -> Result<(), StoreError> {
    let epoch = |mark: FanoutMark| mark.epoch.map(|epoch| clamped(epoch.0));
    let (time, current) = (clamped(now.accepted.0), epoch(now));
    let moved = match before {
        None => connection
            .prepare_cached("INSERT OR IGNORE INTO fanout_marks VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut statement| statement.execute(params![hub.as_str(), room.as_str(), time, current])),
        Some(before) => connection
            .prepare_cached(
                "UPDATE fanout_marks SET accepted = ?3, epoch = ?4
                    WHERE hub = ?1 AND room = ?2 AND accepted = ?5 AND epoch IS ?6",
            )
            .and_then(|mut statement| {
                let (old_time, old_epoch) = (clamped(before.accepted.0), epoch(before));
                statement.execute(params![hub.as_str(), room.as_str(), time, current, old_time, old_epoch])
            }),
    };
    changed(moved.map_err(database_error)?, Conflict::FanoutMark)
}

pub(super) fn fanout_mark(
    connection: &Connection,
    hub: &Domain,
    room: &RoomUri,
) -> Result<Option<FanoutMark>, StoreError> {
    let found: Option<(i64, Option<i64>)> = connection
        .prepare_cached("SELECT accepted, epoch FROM fanout_marks WHERE hub = ?1 AND room = ?2")
        .and_then(|mut statement| {
            statement.query_row(params![hub.as_str(), room.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(database_error)?;
    found
        .map(|(accepted, epoch)| {
            let epoch = epoch.map(unsigned).transpose()?.map(Epoch);
            Ok(FanoutMark { accepted: AcceptedTimestamp(unsigned(accepted)?), epoch })
        })
        .transpose()
}

pub(super) fn key_package_stock(
    connection: &Connection,
    client: &ClientUri,
    now: u64,
) -> Result<KeyPackageStock, StoreError> {
    let Some(user) = client.user() else { return Ok(KeyPackageStock::default()) };
    let (ordinary, last_resort): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce(sum(last_resort = 0), 0), coalesce(sum(last_resort <> 0), 0) FROM key_packages
                WHERE user = ?1 AND claimed = 0 AND client = ?2 AND not_after > ?3",
        )
        .and_then(|mut statement| {
            statement
                .query_row(params![user.as_str(), client.as_str(), clamped(now)], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(database_error)?;
    Ok(KeyPackageStock { ordinary: unsigned(ordinary)?, last_resort: unsigned(last_resort)? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::{super::schema, *};

    #[test]
    fn what_waited_before_there_were_bounds_counts_but_does_not_age() {
        let connection = Connection::open_in_memory().unwrap();
        let before = schema::MIGRATIONS.iter().position(|migration| *migration == schema::VERSION_5).unwrap();
        schema::MIGRATIONS[..before].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        let client: ClientUri = "mimi://b.example/d/bob/1".parse().unwrap();
        let room: RoomUri = "mimi://a.example/r/clubhouse".parse().unwrap();
        for wire_format in [2, 1, 2, 2, 3] {
            let message = [&7u64.to_be_bytes()[..], &[0, 1, 0, wire_format]].concat();
            connection
                .execute(
                    "INSERT INTO queue (client, room, message) VALUES (?1, ?2, ?3)",
                    params![client.as_str(), room.as_str(), message],
                )
                .unwrap();
        }
        connection.execute_batch(schema::VERSION_5).unwrap();
        let bounds = |messages| QueueBounds { messages, oldest: AcceptedTimestamp(1 << 50) };
        assert_eq!(overfull_queues(&connection, bounds(3)).unwrap(), []);
        let overfull = overfull_queues(&connection, bounds(1)).unwrap();
        drop_applications(&connection, &overfull[0], AcceptedTimestamp(1 << 50)).unwrap();
        let left = queue(&connection, &client, 0, 10).unwrap();
        let left: Vec<(u64, u64)> = left.iter().map(|row| (row.id, row.dropped)).collect();
        assert_eq!(left, [(2, 0), (3, 2), (4, 0), (5, 0)]);
    }

    #[test]
    fn only_a_private_message_is_of_those_that_may_go() {
        let message = |wire_format| [&7u64.to_be_bytes()[..], &[0, 1, 0, wire_format], b"rest"].concat();
        assert_eq!(kind_and_time(&message(2)), (APPLICATION, 7));
        for other in [0, 1, 3, 4, 5] {
            assert_eq!(kind_and_time(&message(other)), (HANDSHAKE, 7), "wire format {other}");
        }
        assert_eq!(kind_and_time(b"short"), (HANDSHAKE, 0));
        assert_eq!(kind_and_time(&message(2)[..11]), (HANDSHAKE, 7));
        assert_eq!(kind_and_time(&[[0xff; 8].as_slice(), &[0, 1, 0, 2]].concat()), (APPLICATION, i64::MAX));
    }
}
