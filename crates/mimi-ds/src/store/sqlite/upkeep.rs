//! The order of fan-outs, and the stock of key packages.

use mimi_arch::{ClientUri, Domain, RoomUri};
use mimi_protocol::{AcceptedTimestamp, Epoch};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    apply::{changed, clamped},
    database_error, unsigned,
};
use crate::{
    follower::FanoutMark,
    store::{Conflict, KeyPackageStock, StoreError},
};

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
