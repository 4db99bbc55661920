//! What waits for other providers and for local clients. Each event is stored once, however many wait for it; a row of the outbox or of a
//! queue only names it. It goes with the last of them. A row of the outbox is one event of a room and says which providers have not had it:
//! a row for each of them would lie in as many pages, each of which is written at every commit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mimi_arch::{ClientUri, Domain, RoomUri};
use mimi_protocol::AcceptedTimestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    apply::{clamped, signed},
    database_error, limit, rows, text, unsigned,
};
use crate::{
    effect::Effect,
    store::{OutboxRow, OverfullQueue, QueueBounds, QueueRow, StoreError},
};

/// An event other than an application message.
const HANDSHAKE: i64 = 0;
/// An application message.
const APPLICATION: i64 = 1;
/// `wire_format` of a PrivateMessage (RFC 9420 section 6): fanned out with application content alone.
const PRIVATE_MESSAGE: [u8; 2] = [0, 2];

/// The events of one decision that are stored already, by where they are in memory: the effects of a decision share them.
#[derive(Default)]
pub(super) struct Stored<'a>(Vec<StoredEvent<'a>>);

struct StoredEvent<'a> {
    room: &'a RoomUri,
    message: &'a Arc<[u8]>,
    number: i64,
    /// Whether it is in the outbox, for all providers to which the decision sends it.
    enqueued: bool,
}

impl<'a> Stored<'a> {
    /// An event; it is stored when it comes for the first time, as one that all later effects of the decision share.
    fn event(
        &mut self,
        connection: &Connection,
        room: &'a RoomUri,
        message: &'a Arc<[u8]>,
        rest: &'a [Effect],
    ) -> Result<&mut StoredEvent<'a>, StoreError> {
        let same = |stored: &StoredEvent<'_>| Arc::ptr_eq(stored.message, message) && stored.room == room;
        let at = match self.0.iter().rposition(same) {
            Some(at) => at,
            None => {
                let number = store_event(connection, room, message, uses(room, message, rest))?;
                self.0.push(StoredEvent { room, message, number, enqueued: false });
                self.0.len() - 1
            }
        };
        self.0.get_mut(at).ok_or_else(|| StoreError::Database("an event is not where it was put".to_owned()))
    }
}

fn store_event(connection: &Connection, room: &RoomUri, message: &[u8], uses: usize) -> Result<i64, StoreError> {
    let (kind, accepted) = kind_and_time(message);
    connection
        .prepare_cached("INSERT INTO events (room, kind, accepted, uses) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut statement| statement.execute(params![room.as_str(), kind, accepted, limit(uses)]))
        .map_err(database_error)?;
    let event = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO bodies (event, bytes) VALUES (?1, ?2)")
        .and_then(|mut statement| statement.execute(params![event, message]))
        .map_err(database_error)?;
    Ok(event)
}

/// To whom these effects send a message of a room.
fn receivers<'a>(room: &'a RoomUri, message: &'a Arc<[u8]>, effects: &'a [Effect]) -> impl Iterator<Item = &'a Domain> {
    effects.iter().filter_map(move |effect| match effect {
        Effect::Enqueue { to, room: of, message: named } if Arc::ptr_eq(named, message) && of == room => Some(to),
        _ => None,
    })
}

/// How many rows these effects add that name a message of a room: one of the outbox, if any, and one for each client.
fn uses(room: &RoomUri, message: &Arc<[u8]>, effects: &[Effect]) -> usize {
    let clients = effects.iter().map(|effect| match effect {
        Effect::Deliver { to, room: of, message: named } if Arc::ptr_eq(named, message) && of == room => to.len(),
        _ => 0,
    });
    usize::from(receivers(room, message, effects).next().is_some()) + clients.sum::<usize>()
}

/// A provider as it stands in a list of them, and as it is looked for there.
fn listed(provider: &Domain) -> String {
    format!(",{provider},")
}

/// The providers of such a list.
pub(super) fn providers(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').filter(|name| !name.is_empty())
}

/// What a message is and when it was accepted, from the first octets of a `FanoutMessage`: eight of the time, two of the MLS version, two
/// of the wire format. What is too short to have them is kept like a handshake.
fn kind_and_time(message: &[u8]) -> (i64, i64) {
    let Some((time, rest)) = message.split_first_chunk::<8>() else { return (HANDSHAKE, 0) };
    let is_application = rest.get(2..4) == Some(&PRIVATE_MESSAGE);
    (if is_application { APPLICATION } else { HANDSHAKE }, clamped(u64::from_be_bytes(*time)))
}

/// The row of the outbox, for all providers to which the decision sends the message. `rest` are the decision's effects from this one on.
pub(super) fn enqueue<'a>(
    connection: &Connection,
    stored: &mut Stored<'a>,
    (room, message): (&'a RoomUri, &'a Arc<[u8]>),
    rest: &'a [Effect],
) -> Result<(), StoreError> {
    let event = stored.event(connection, room, message, rest)?;
    if event.enqueued {
        return Ok(());
    }
    let names: BTreeSet<&str> = receivers(room, message, rest).map(Domain::as_str).collect();
    let mut list = String::from(",");
    for name in names {
        list.push_str(name);
        list.push(',');
    }
    connection
        .prepare_cached("INSERT INTO outbox (room, event, providers) VALUES (?1, ?2, ?3)")
        .and_then(|mut statement| statement.execute(params![room.as_str(), event.number, list]))
        .map_err(database_error)?;
    event.enqueued = true;
    Ok(())
}

/// A row in the queue of each client.
pub(super) fn deliver<'a>(
    connection: &Connection,
    stored: &mut Stored<'a>,
    (to, room, message): (&[ClientUri], &'a RoomUri, &'a Arc<[u8]>),
    rest: &'a [Effect],
) -> Result<(), StoreError> {
    if to.is_empty() {
        return Ok(());
    }
    let event = stored.event(connection, room, message, rest)?.number;
    let mut statement = connection
        .prepare_cached("INSERT OR IGNORE INTO queue (client, event) VALUES (?1, ?2)")
        .map_err(database_error)?;
    for client in to {
        // A client that is named twice gets it once.
        if statement.execute(params![client.as_str(), event]).map_err(database_error)? == 0 {
            release(connection, event)?;
        }
    }
    Ok(())
}

/// The other provider has the rows of its lane after the one and up to the other.
pub(super) fn sent(
    connection: &Connection,
    to: &Domain,
    room: &RoomUri,
    (after, up_to): (u64, u64),
) -> Result<(), StoreError> {
    let left: Vec<(i64, String)> = rows(
        connection,
        "UPDATE outbox SET providers = replace(providers, ?4, ',')
            WHERE room = ?1 AND event > ?2 AND event <= ?3 AND instr(providers, ?4) > 0 RETURNING event, providers",
        params![room.as_str(), signed(after)?, signed(up_to)?, listed(to)],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    for (event, _) in left.iter().filter(|(_, list)| providers(list).next().is_none()) {
        connection
            .prepare_cached("DELETE FROM outbox WHERE room = ?1 AND event = ?2")
            .and_then(|mut statement| statement.execute(params![room.as_str(), event]))
            .map_err(database_error)?;
        release(connection, *event)?;
    }
    Ok(())
}

/// Whether anything waits for a provider in a room.
pub(super) const WAITS: &str = "SELECT 1 FROM outbox WHERE room = ?2 AND instr(providers, ',' || ?1 || ',') > 0";

/// The client has its queue up to this row.
pub(super) fn acknowledge(connection: &Connection, client: &ClientUri, up_to: u64) -> Result<(), StoreError> {
    let gone = removed(
        connection,
        "DELETE FROM queue WHERE client = ?1 AND event <= ?2 RETURNING event",
        params![client.as_str(), signed(up_to)?],
    )?;
    gone.into_iter().try_for_each(|event| release(connection, event))
}

/// The queues of a user's clients go.
pub(super) fn drop_queues(connection: &Connection, user: &str) -> Result<(), StoreError> {
    let gone = removed(
        connection,
        "DELETE FROM queue WHERE client IN (SELECT client FROM clients WHERE user = ?1) RETURNING event",
        params![user],
    )?;
    gone.into_iter().try_for_each(|event| release(connection, event))
}

fn removed(connection: &Connection, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<Vec<i64>, StoreError> {
    rows(connection, sql, params, |row| row.get(0))
}

/// One row less names the event; with the last one it goes.
fn release(connection: &Connection, event: i64) -> Result<(), StoreError> {
    let left: Option<i64> = connection
        .prepare_cached("UPDATE events SET uses = uses - 1 WHERE id = ?1 RETURNING uses")
        .and_then(|mut statement| statement.query_row([event], |row| row.get(0)).optional())
        .map_err(database_error)?;
    if left.is_none_or(|left| left > 0) {
        return Ok(());
    }
    for sql in ["DELETE FROM events WHERE id = ?1", "DELETE FROM bodies WHERE event = ?1"] {
        connection.prepare_cached(sql).and_then(|mut statement| statement.execute([event])).map_err(database_error)?;
    }
    Ok(())
}

/// What goes is of application messages: the first ones up to a row, those that are too old wherever they are, and rows that stand for
/// others.
const GOING: &str =
    "client = ?1 AND dropped + kind > 0 AND events.room = ?2 AND (dropped > 0 OR event <= ?3 OR accepted < ?4)";

pub(super) fn drop_applications(
    connection: &Connection,
    queue: &OverfullQueue,
    oldest: AcceptedTimestamp,
) -> Result<(), StoreError> {
    let OverfullQueue { client, room, up_to } = queue;
    let (up_to, oldest) = (signed(*up_to)?, clamped(oldest.0));
    let going: Vec<(i64, i64)> = rows(
        connection,
        &format!("SELECT event, max(dropped, 1) FROM queue JOIN events ON event = id WHERE {GOING} ORDER BY event"),
        params![client.as_str(), room.as_str(), up_to, oldest],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some(((last, _), before)) = going.split_last() else { return Ok(()) };
    for (event, _) in before {
        connection
            .prepare_cached("DELETE FROM queue WHERE client = ?1 AND event = ?2")
            .and_then(|mut statement| statement.execute(params![client.as_str(), event]))
            .map_err(database_error)?;
        release(connection, *event)?;
    }
    // The last one keeps its event, for the room; its message is not given out any more.
    let dropped: i64 = going.iter().map(|(_, dropped)| *dropped).sum();
    connection
        .prepare_cached("UPDATE queue SET dropped = ?3 WHERE client = ?1 AND event = ?2")
        .and_then(|mut statement| statement.execute(params![client.as_str(), last, dropped]))
        .map(drop)
        .map_err(database_error)
}

pub(super) fn overfull_queues(connection: &Connection, bounds: QueueBounds) -> Result<Vec<OverfullQueue>, StoreError> {
    let most = clamped(bounds.messages);
    let found: Vec<(String, String, i64)> = rows(
        connection,
        "SELECT client, room, count(*) FROM queue JOIN events ON event = id WHERE kind = 1 AND dropped = 0
            GROUP BY client, room HAVING count(*) > ?1 OR min(accepted) < ?2 ORDER BY client, room",
        params![most, clamped(bounds.oldest.0)],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut overfull = BTreeMap::new();
    for (client, room, count) in found {
        let last: Option<i64> = if count <= most {
            None
        } else {
            connection
                .prepare_cached(
                    "SELECT event FROM queue JOIN events ON event = id
                        WHERE client = ?1 AND room = ?2 AND kind = 1 AND dropped = 0 ORDER BY event DESC LIMIT 1 OFFSET ?3",
                )
                .and_then(|mut statement| statement.query_row(params![client, room, most], |row| row.get(0)).optional())
                .map_err(database_error)?
        };
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
    most: i64,
) -> Result<Vec<QueueRow>, StoreError> {
    rows(
        connection,
        "SELECT id, events.room, CASE WHEN dropped > 0 THEN x'' ELSE bytes END, dropped
            FROM queue JOIN events ON events.id = queue.event JOIN bodies ON bodies.event = queue.event
            WHERE client = ?1 AND queue.event > ?2 ORDER BY queue.event LIMIT ?3",
        params![client.as_str(), signed(after)?, most],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
    )?
    .into_iter()
    .map(|(id, room, message, dropped): (i64, String, Vec<u8>, i64)| {
        Ok(QueueRow { id: unsigned(id)?, room: text(&room, "room")?, message, dropped: unsigned(dropped)? })
    })
    .collect()
}

/// The oldest rows of a lane after this one: at most so many, and of so many octets.
pub(super) fn outbox(
    connection: &Connection,
    to: &Domain,
    room: &RoomUri,
    after: u64,
    (max_messages, max_octets): (usize, usize),
) -> Result<Vec<OutboxRow>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT outbox.event, bytes FROM outbox JOIN bodies ON bodies.event = outbox.event
                WHERE room = ?1 AND outbox.event > ?2 AND instr(providers, ?3) > 0 ORDER BY outbox.event LIMIT ?4",
        )
        .map_err(database_error)?;
    let mut rows = statement
        .query(params![room.as_str(), signed(after)?, listed(to), limit(max_messages)])
        .map_err(database_error)?;
    let mut result: Vec<OutboxRow> = Vec::new();
    let mut octets = 0usize;
    while let Some(row) = rows.next().map_err(database_error)? {
        let message: Vec<u8> = row.get(1).map_err(database_error)?;
        octets = octets.saturating_add(message.len());
        if octets > max_octets && !result.is_empty() {
            break;
        }
        result.push(OutboxRow { id: unsigned(row.get(0).map_err(database_error)?)?, message });
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::{super::schema, *};
    use crate::store::{SqliteStore, Store};

    fn count(store: &SqliteStore, table: &str) -> i64 {
        let rows = |row: &rusqlite::Row<'_>| row.get(0);
        store.one(&format!("SELECT count(*) FROM {table}"), &[], rows).unwrap().unwrap()
    }

    #[test]
    fn an_event_is_stored_once_and_goes_with_the_last_who_waits_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("waiting.sqlite")).unwrap();
        let room: RoomUri = "mimi://a.example/r/clubhouse".parse().unwrap();
        let clients: Arc<[ClientUri]> =
            ["1", "2", "1"].map(|device| format!("mimi://a.example/d/alice/{device}").parse().unwrap()).into();
        let providers: [Domain; 2] = ["b.example", "c.example"].map(|name| name.parse().unwrap());
        let message: Arc<[u8]> = vec![7; 1000].into();
        let enqueue = |to: &Domain| Effect::Enqueue { to: to.clone(), room: room.clone(), message: message.clone() };
        let deliver = Effect::Deliver { to: clients.clone(), room: room.clone(), message: message.clone() };
        // The same octets elsewhere in memory are another event.
        let another = Effect::Deliver { to: clients[..1].into(), room: room.clone(), message: vec![7; 1000].into() };
        store.commit(vec![enqueue(&providers[0]), enqueue(&providers[1]), deliver, another]).unwrap();
        assert_eq!(["events", "bodies", "outbox", "queue"].map(|table| count(&store, table)), [2, 2, 1, 3]);

        let ids: Vec<u64> = store.queue(&clients[0], 0, 9).unwrap().iter().map(|row| row.id).collect();
        assert_eq!(ids.len(), 2);
        store.commit(vec![Effect::Acknowledge { client: clients[0].clone(), up_to: ids[1] }]).unwrap();
        assert_eq!(["events", "bodies"].map(|table| count(&store, table)), [1, 1]);
        for provider in &providers {
            assert_eq!(count(&store, "bodies"), 1);
            let row = &store.outbox(provider, &room, 0, 9, 9).unwrap()[0];
            assert_eq!(row.message, message.as_ref());
            let up_to = row.id;
            store.commit(vec![Effect::Sent { to: provider.clone(), room: room.clone(), after: 0, up_to }]).unwrap();
        }
        assert_eq!(store.queue(&clients[1], 0, 9).unwrap()[0].message, message.as_ref());
        store.commit(vec![Effect::Acknowledge { client: clients[1].clone(), up_to: ids[1] }]).unwrap();
        assert_eq!(["events", "bodies", "outbox", "queue"].map(|table| count(&store, table)), [0; 4]);
        // A number is not given a second time, although its row is gone.
        let again = Effect::Deliver { to: clients[..1].into(), room, message };
        store.commit(vec![again]).unwrap();
        assert!(store.queue(&clients[0], 0, 9).unwrap()[0].id > ids[1]);
    }

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
        schema::MIGRATIONS[before..].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        let bounds = |messages| QueueBounds { messages, oldest: AcceptedTimestamp(1 << 50) };
        assert_eq!(overfull_queues(&connection, bounds(3)).unwrap(), []);
        let overfull = overfull_queues(&connection, bounds(1)).unwrap();
        drop_applications(&connection, &overfull[0], AcceptedTimestamp(1 << 50)).unwrap();
        let left = queue(&connection, &client, 0, 10).unwrap();
        let left: Vec<(u64, u64)> = left.iter().map(|row| (row.id, row.dropped)).collect();
        assert_eq!(left, [(2, 0), (3, 2), (4, 0), (5, 0)]);
    }

    #[test]
    fn what_waits_in_a_file_of_the_sixth_version_waits_in_the_newest_under_the_same_numbers() {
        let connection = Connection::open_in_memory().unwrap();
        let before = schema::MIGRATIONS.iter().position(|migration| *migration == schema::VERSION_8).unwrap();
        schema::MIGRATIONS[..before].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        let client: ClientUri = "mimi://b.example/d/bob/1".parse().unwrap();
        let (provider, room): (Domain, RoomUri) =
            ("c.example".parse().unwrap(), "mimi://a.example/r/clubhouse".parse().unwrap());
        connection
            .execute_batch(
                "INSERT INTO queue (id, client, room, message, kind, accepted, dropped) VALUES
                    (4, 'mimi://b.example/d/bob/1', 'mimi://a.example/r/clubhouse', x'', 2, 9, 3),
                    (6, 'mimi://b.example/d/bob/1', 'mimi://a.example/r/clubhouse', x'0607', 1, 9, 0),
                    (9, 'mimi://b.example/d/bob/1', 'mimi://a.example/r/clubhouse', x'09', 0, 9, 0);
                 DELETE FROM queue WHERE id = 9;
                 INSERT INTO outbox (id, provider, room, message) VALUES
                    (2, 'c.example', 'mimi://a.example/r/clubhouse', x'02'),
                    (5, 'c.example', 'mimi://a.example/r/clubhouse', x'05');",
            )
            .unwrap();
        schema::MIGRATIONS[before..].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        let queue = queue(&connection, &client, 0, 10).unwrap();
        let queue: Vec<_> = queue.iter().map(|row| (row.id, row.message.as_slice(), row.dropped)).collect();
        assert_eq!(queue, [(4, [].as_slice(), 3), (6, [6, 7].as_slice(), 0)]);
        let outbox = outbox(&connection, &provider, &room, 0, (10, 10)).unwrap();
        assert_eq!(outbox.iter().map(|row| row.message.as_slice()).collect::<Vec<_>>(), [[2], [5]]);
        // Numbers that are gone are not given again: a client that has 9 asks for what comes after it.
        let effect = Effect::Deliver { to: [client.clone()].into(), room: room.clone(), message: vec![1].into() };
        let Effect::Deliver { to, room, message } = &effect else { unreachable!() };
        deliver(&connection, &mut Stored::default(), (to, room, message), std::slice::from_ref(&effect)).unwrap();
        let last = super::queue(&connection, &client, 9, 10).unwrap();
        assert!(last.len() == 1 && last[0].id > outbox[1].id, "{last:?} {outbox:?}");
        sent(&connection, &provider, room, (0, outbox[1].id)).unwrap();
        acknowledge(&connection, &client, last[0].id).unwrap();
        let left: i64 = connection.query_row("SELECT count(*) FROM bodies", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }

    #[test]
    fn what_waits_for_several_providers_in_a_file_of_the_fourteenth_version_waits_for_each_of_them() {
        let connection = Connection::open_in_memory().unwrap();
        let before = schema::MIGRATIONS.iter().position(|migration| *migration == schema::VERSION_15).unwrap();
        schema::MIGRATIONS[..before].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        connection
            .execute_batch(
                "INSERT INTO events (id, room, kind, accepted, uses) VALUES
                    (3, 'mimi://a.example/r/clubhouse', 1, 9, 3), (4, 'mimi://a.example/r/clubhouse', 1, 9, 1);
                 INSERT INTO bodies VALUES (3, x'03'), (4, x'04');
                 INSERT INTO outbox (provider, room, event) VALUES
                    ('b.example', 'mimi://a.example/r/clubhouse', 3), ('c.example', 'mimi://a.example/r/clubhouse', 3),
                    ('c.example', 'mimi://a.example/r/clubhouse', 4);
                 INSERT INTO queue (client, event) VALUES ('mimi://a.example/d/alice/1', 3);",
            )
            .unwrap();
        schema::MIGRATIONS[before..].iter().for_each(|migration| connection.execute_batch(migration).unwrap());
        let room: RoomUri = "mimi://a.example/r/clubhouse".parse().unwrap();
        let [b, c]: [Domain; 2] = ["b.example", "c.example"].map(|name| name.parse().unwrap());
        let waits = |provider: &Domain, after| -> Vec<u64> {
            outbox(&connection, provider, &room, after, (10, 10)).unwrap().iter().map(|row| row.id).collect()
        };
        assert_eq!((waits(&b, 0), waits(&c, 0), waits(&c, 3)), (vec![3], vec![3, 4], vec![4]));
        let bodies = || -> i64 { connection.query_row("SELECT count(*) FROM bodies", [], |row| row.get(0)).unwrap() };
        sent(&connection, &b, &room, (0, 3)).unwrap();
        assert_eq!((waits(&b, 0), waits(&c, 0), bodies()), (vec![], vec![3, 4], 2));
        sent(&connection, &c, &room, (2, 4)).unwrap();
        assert_eq!((waits(&c, 0), bodies()), (vec![], 1), "alice has not had it");
        acknowledge(&connection, &"mimi://a.example/d/alice/1".parse().unwrap(), 3).unwrap();
        assert_eq!(bodies(), 0);
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
