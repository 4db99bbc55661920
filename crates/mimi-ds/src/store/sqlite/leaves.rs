//! What a follower knows of the leaves of rooms of other hubs.

use mimi_arch::{Domain, RoomUri};
use mimi_protocol::{AcceptedTimestamp, Epoch};
use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::{apply::clamped, database_error, rows, text, unsigned};
use crate::{
    follower::{LeavesChange, LeavesHead, StoredLeaves},
    store::StoreError,
};

/// The leaves of a room, or those of one provider's clients.
pub(super) fn read(
    connection: &Connection,
    room: &RoomUri,
    provider: Option<&Domain>,
) -> Result<StoredLeaves, StoreError> {
    // One read transaction, so that all of it is of one decision.
    let transaction = connection.unchecked_transaction().map_err(database_error)?;
    let head: Option<(bool, Option<i64>, Option<i64>)> = transaction
        .prepare_cached("SELECT complete, epoch, tree FROM followed_rooms WHERE room = ?1")
        .and_then(|mut statement| {
            statement.query_row([room.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()
        })
        .map_err(database_error)?;
    let Some((complete, epoch, tree)) = head else { return Ok(StoredLeaves::default()) };
    let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let all = "SELECT leaf, client FROM followed_leaves WHERE room = ?1 ORDER BY leaf";
    let some = "SELECT leaf, client FROM followed_leaves WHERE room = ?1 AND provider = ?2 ORDER BY leaf";
    let leaves: Vec<(u32, String)> = match provider {
        None => rows(&transaction, all, params![room.as_str()], pair)?,
        Some(provider) => rows(&transaction, some, params![room.as_str(), provider.as_str()], pair)?,
    };
    let waiting = "SELECT message FROM followed_proposals WHERE room = ?1 ORDER BY position";
    Ok(StoredLeaves {
        head: LeavesHead {
            complete,
            epoch: epoch.map(unsigned).transpose()?.map(Epoch),
            tree: tree.map(unsigned).transpose()?.map(AcceptedTimestamp),
        },
        leaves: leaves
            .into_iter()
            .map(|(leaf, client)| Ok((leaf, text(&client, "client")?)))
            .collect::<Result<_, StoreError>>()?,
        waiting: rows(&transaction, waiting, params![room.as_str()], |row| row.get(0))?,
    })
}

pub(super) fn change(connection: &Connection, room: &RoomUri, change: &LeavesChange) -> Result<(), StoreError> {
    let run = |sql: &str, params: &[&dyn ToSql]| {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map(drop)
            .map_err(database_error)
    };
    let room = room.as_str();
    if change.cleared {
        run("DELETE FROM followed_leaves WHERE room = ?1", params![room])?;
    }
    for (leaf, client) in &change.leaves {
        match client {
            None => run("DELETE FROM followed_leaves WHERE room = ?1 AND leaf = ?2", params![room, leaf])?,
            Some(client) => run(
                "INSERT OR REPLACE INTO followed_leaves VALUES (?1, ?2, ?3, ?4)",
                params![room, leaf, client.as_str(), client.domain().as_str()],
            )?,
        }
    }
    if let Some(waiting) = &change.waiting {
        run("DELETE FROM followed_proposals WHERE room = ?1", params![room])?;
        for (position, message) in (0i64..).zip(waiting) {
            run("INSERT INTO followed_proposals VALUES (?1, ?2, ?3)", params![room, position, message])?;
        }
    }
    let LeavesHead { complete, epoch, tree } = change.head;
    if change.head == LeavesHead::default() {
        return run("DELETE FROM followed_rooms WHERE room = ?1", params![room]);
    }
    let (epoch, tree) = (epoch.map(|epoch| clamped(epoch.0)), tree.map(|tree| clamped(tree.0)));
    run("INSERT OR REPLACE INTO followed_rooms VALUES (?1, ?2, ?3, ?4)", params![room, complete, epoch, tree])
}
