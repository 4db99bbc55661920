//! The store in one SQLite file: write-ahead log, flushed at every commit, one writer thread, a few readers.

mod apply;
mod inspect;
mod leaves;
mod people;
mod rooms;
mod schema;
mod tokens;
mod upkeep;
mod waiting;
mod writer;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{Sender, channel},
    },
    thread::JoinHandle,
};

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{AcceptedTimestamp, KeyPackageRef, consent::Keeper, enqueue_authorization::FanoutAuthToken};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, ToSql, params};

pub use self::inspect::{OutboxSummary, QueueSummary, RoomSummary, UserSummary};
pub use self::writer::CommitSample;
use self::{apply::signed, writer::Job};
use super::{
    GrantedKeyPackage, KeyPackageStock, OutboxRow, OverfullQueue, QueueBounds, QueueRow, Store, StoreError,
    StoredAbuseReport, StoredAccount, StoredConsents, StoredFrankingKey, StoredKeyPackage, StoredProfile, StoredRoom,
    Ticket, TokensIssued,
};
use crate::{
    effect::Effect,
    follower::{FanoutMark, StoredLeaves},
    hub::JoinGrant,
};

/// Idle read connections that are kept; more are opened while more readers run at once.
const IDLE_READERS: usize = 4;

/// [`Store`] in one SQLite file. Dropping it writes what was submitted and closes the file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, making it when it is not there.
    ///
    /// # Errors
    /// The file cannot be opened or written, is no database, or has a newer schema than this program knows.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_observed(path, |_| {})
    }

    /// The same; `observe` is told of every transaction, by the thread that writes.
    ///
    /// # Errors
    /// As for [`SqliteStore::open`].
    pub fn open_observed(
        path: impl AsRef<Path>,
        observe: impl FnMut(&CommitSample) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let path = path.as_ref().to_path_buf();
        let mut connection = Connection::open(&path).map_err(database_error)?;
        schema::configure(&connection)?;
        schema::migrate(&mut connection)?;
        connection.set_prepared_statement_cache_capacity(64);
        let (jobs, receiver) = channel();
        let writer = std::thread::Builder::new()
            .name("mimi-ds-store".to_owned())
            .spawn(move || writer::run(connection, &receiver, observe))
            .map_err(|error| StoreError::Database(error.to_string()))?;
        Ok(Self { path, readers: Mutex::default(), jobs: Some(jobs), writer: Some(writer) })
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&self.path, flags).map_err(database_error)?;
                connection.execute_batch("PRAGMA busy_timeout = 5000;").map_err(database_error)?;
                connection.set_prepared_statement_cache_capacity(32);
                connection
            }
        };
        let result = query(&connection);
        let mut idle = self.idle();
        if idle.len() < IDLE_READERS {
            idle.push(connection);
        }
        result
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A panic while the list was locked leaves a list of connections: still good.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        map: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(sql)
                .and_then(|mut statement| statement.query_row(params, map).optional())
                .map_err(database_error)
        })
    }

    fn many<T>(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.read(|connection| rows(connection, sql, params, map))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Without senders the writer finishes what is queued and ends.
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl Store for SqliteStore {
    fn submit(&self, effects: Vec<Effect>) -> Ticket {
        let (reply, ticket) = Ticket::pair();
        if let Some(jobs) = &self.jobs {
            // When the writer is gone the job is dropped with its reply, and the ticket says so.
            let _ = jobs.send(Job { effects, reply });
        }
        ticket
    }

    fn load_room(&self, room: &RoomUri) -> Result<Option<StoredRoom>, StoreError> {
        self.read(|connection| rooms::load(connection, room, rooms::Age::Newest))
    }

    fn load_older_room(&self, room: &RoomUri) -> Result<Option<StoredRoom>, StoreError> {
        self.read(|connection| rooms::load(connection, room, rooms::Age::Older))
    }

    fn rooms(&self) -> Result<Vec<RoomUri>, StoreError> {
        texts(self.many("SELECT room FROM rooms ORDER BY room", &[], |row| row.get(0))?, "room")
    }

    fn rooms_to_destroy(&self) -> Result<Vec<RoomUri>, StoreError> {
        texts(self.many("SELECT room FROM rooms_to_destroy ORDER BY room", &[], |row| row.get(0))?, "room")
    }

    fn route(&self, reference: &KeyPackageRef) -> Result<Option<Domain>, StoreError> {
        self.one("SELECT provider FROM routes WHERE reference = ?1", params![reference.as_bytes()], |row| row.get(0))?
            .map(|provider: String| text(&provider, "provider"))
            .transpose()
    }

    fn join_grant(&self, room: &RoomUri, client: &ClientUri) -> Result<Option<JoinGrant>, StoreError> {
        self.read(|connection| rooms::join_grant(connection, room, client))
    }

    fn children(&self, parent: &RoomUri) -> Result<Vec<RoomUri>, StoreError> {
        let sql = "SELECT room FROM child_rooms WHERE parent = ?1 ORDER BY room";
        texts(self.many(sql, params![parent.as_str()], |row| row.get(0))?, "room")
    }

    fn parents(&self) -> Result<Vec<RoomUri>, StoreError> {
        texts(self.many("SELECT DISTINCT parent FROM child_rooms ORDER BY parent", &[], |row| row.get(0))?, "room")
    }

    fn outbox_lanes(&self) -> Result<Vec<(Domain, RoomUri)>, StoreError> {
        let waiting: Vec<(String, String)> =
            self.many("SELECT DISTINCT room, providers FROM outbox", &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let lanes =
            waiting.iter().flat_map(|(room, list)| waiting::providers(list).map(move |provider| (provider, room)));
        let lanes: BTreeSet<(&str, &String)> = lanes.collect();
        lanes.into_iter().map(|(provider, room)| Ok((text(provider, "provider")?, text(room, "room")?))).collect()
    }

    fn outbox(
        &self,
        to: &Domain,
        room: &RoomUri,
        after: u64,
        max_messages: usize,
        max_octets: usize,
    ) -> Result<Vec<OutboxRow>, StoreError> {
        self.read(|connection| waiting::outbox(connection, to, room, after, (max_messages, max_octets)))
    }

    fn seen_fanout(&self, hub: &Domain, room: &RoomUri, digest: &[u8; 32]) -> Result<bool, StoreError> {
        self.one(
            "SELECT 1 FROM fanouts WHERE hub = ?1 AND room = ?2 AND digest = ?3",
            params![hub.as_str(), room.as_str(), digest],
            |_| Ok(()),
        )
        .map(|row| row.is_some())
    }

    fn knows_room(&self, hub: &Domain, room: &RoomUri) -> Result<bool, StoreError> {
        self.one(
            "SELECT 1 FROM fanouts WHERE hub = ?1 AND room = ?2 LIMIT 1",
            params![hub.as_str(), room.as_str()],
            |_| Ok(()),
        )
        .map(|row| row.is_some())
    }

    fn fanout_mark(&self, hub: &Domain, room: &RoomUri) -> Result<Option<FanoutMark>, StoreError> {
        self.read(|connection| upkeep::fanout_mark(connection, hub, room))
    }

    fn followed_leaves(&self, room: &RoomUri, provider: Option<&Domain>) -> Result<StoredLeaves, StoreError> {
        self.read(|connection| leaves::read(connection, room, provider))
    }

    fn tokens_to_show(&self, to: &Domain, room: &RoomUri) -> Result<Vec<FanoutAuthToken>, StoreError> {
        self.read(|connection| tokens::to_show(connection, to, room))
    }

    fn expected_tokens(&self, room: &RoomUri) -> Result<BTreeMap<ClientUri, FanoutAuthToken>, StoreError> {
        self.read(|connection| tokens::expected(connection, room))
    }

    fn key_package(&self, reference: &KeyPackageRef) -> Result<Option<Vec<u8>>, StoreError> {
        self.one("SELECT bytes FROM key_packages WHERE reference = ?1", params![reference.as_bytes()], |row| row.get(0))
    }

    fn key_package_stock(&self, client: &ClientUri, now: u64) -> Result<KeyPackageStock, StoreError> {
        self.read(|connection| upkeep::key_package_stock(connection, client, now))
    }

    fn overfull_queues(&self, bounds: QueueBounds) -> Result<Vec<OverfullQueue>, StoreError> {
        self.read(|connection| waiting::overfull_queues(connection, bounds))
    }

    fn local_members(&self, room: &RoomUri) -> Result<Vec<ClientUri>, StoreError> {
        let members = self.many(
            "SELECT client FROM local_members WHERE room = ?1 ORDER BY client",
            params![room.as_str()],
            |row| row.get(0),
        )?;
        texts(members, "client")
    }

    fn key_package_owner(&self, reference: &KeyPackageRef) -> Result<Option<ClientUri>, StoreError> {
        self.one("SELECT client FROM key_packages WHERE reference = ?1", params![reference.as_bytes()], |row| {
            row.get(0)
        })?
        .map(|client: String| text(&client, "client"))
        .transpose()
    }

    fn key_packages(&self, user: &UserUri) -> Result<Vec<StoredKeyPackage>, StoreError> {
        self.many(
            "SELECT client, reference, bytes, not_after, last_resort FROM key_packages WHERE user = ?1 AND claimed = 0 ORDER BY id",
            params![user.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
        )?
        .into_iter()
        .map(|(client, reference, bytes, not_after, last_resort): (String, Vec<u8>, _, _, _)| {
            Ok(StoredKeyPackage {
                client: text(&client, "client")?,
                reference: KeyPackageRef::new(reference),
                bytes,
                not_after: unsigned(not_after)?,
                last_resort,
            })
        })
        .collect()
    }

    fn clients(&self, user: &UserUri) -> Result<Vec<ClientUri>, StoreError> {
        let clients =
            self.many("SELECT client FROM clients WHERE user = ?1 ORDER BY client", params![user.as_str()], |row| {
                row.get(0)
            })?;
        texts(clients, "client")
    }

    fn queue(&self, client: &ClientUri, after: u64, max: usize) -> Result<Vec<QueueRow>, StoreError> {
        self.read(|connection| waiting::queue(connection, client, after, limit(max)))
    }

    fn account_secret(&self, user: &UserUri) -> Result<Option<[u8; 32]>, StoreError> {
        self.one("SELECT secret_digest FROM accounts WHERE user = ?1", params![user.as_str()], |row| row.get(0))
    }

    fn client_by_token(&self, digest: &[u8; 32]) -> Result<Option<ClientUri>, StoreError> {
        self.one("SELECT client FROM clients WHERE token_digest = ?1", params![digest], |row| row.get(0))?
            .map(|client: String| text(&client, "client"))
            .transpose()
    }

    fn franking_keys(&self) -> Result<Vec<StoredFrankingKey>, StoreError> {
        self.many("SELECT key, since FROM franking_keys ORDER BY id DESC", &[], |row| Ok((row.get(0)?, row.get(1)?)))?
            .into_iter()
            .map(|(key, since)| Ok(StoredFrankingKey { key, since: AcceptedTimestamp(unsigned(since)?) }))
            .collect()
    }

    fn abuse_reports(&self, after: u64, max: usize) -> Result<Vec<StoredAbuseReport>, StoreError> {
        self.many(
            "SELECT id, source, room, report, received, handled FROM abuse_reports WHERE id > ?1 ORDER BY id LIMIT ?2",
            params![signed(after)?, limit(max)],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)),
        )?
        .into_iter()
        .map(|(id, source, room, report, received, handled): (i64, String, String, Vec<u8>, i64, Option<i64>)| {
            Ok(StoredAbuseReport {
                id: unsigned(id)?,
                source: text(&source, "provider")?,
                room: text(&room, "room")?,
                report,
                received: AcceptedTimestamp(unsigned(received)?),
                handled: handled.map(unsigned).transpose()?.map(AcceptedTimestamp),
            })
        })
        .collect()
    }

    fn abuse_reports_of(&self, source: &Domain, digest: &[u8; 32]) -> Result<(u64, bool), StoreError> {
        let found: Option<(i64, bool)> = self.one(
            "SELECT count(*) FILTER (WHERE handled IS NULL), coalesce(max(digest = ?2), 0) FROM abuse_reports WHERE source = ?1",
            params![source.as_str(), digest],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let (count, known) = found.unwrap_or_default();
        Ok((unsigned(count)?, known))
    }

    fn account(&self, user: &UserUri) -> Result<Option<StoredAccount>, StoreError> {
        self.read(|connection| people::account(connection, user))
    }

    fn consents(&self, keeper: Keeper, own: &UserUri) -> Result<StoredConsents, StoreError> {
        self.read(|connection| people::consents(connection, keeper, own))
    }

    fn granted_key_packages(
        &self,
        requester: &UserUri,
        target: &UserUri,
    ) -> Result<Vec<GrantedKeyPackage>, StoreError> {
        self.read(|connection| people::granted_key_packages(connection, requester, target))
    }

    fn profile(&self, user: &UserUri) -> Result<StoredProfile, StoreError> {
        self.read(|connection| people::profile(connection, user))
    }

    fn searchable_profiles(&self) -> Result<Vec<StoredProfile>, StoreError> {
        self.read(people::searchable_profiles)
    }

    fn tokens_issued(&self, user: &UserUri) -> Result<Option<TokensIssued>, StoreError> {
        let found: Option<(i64, i64)> =
            self.one("SELECT day, used FROM discovery_tokens WHERE user = ?1", params![user.as_str()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        // Only what fits is stored.
        Ok(found
            .map(|(day, used)| TokensIssued { day: day.unsigned_abs(), used: u32::try_from(used).unwrap_or(u32::MAX) }))
    }

    fn provider_key(&self) -> Result<Option<[u8; 32]>, StoreError> {
        self.one("SELECT seed FROM provider_key", &[], |row| row.get(0))
    }
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    params: &[&dyn ToSql],
    map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_map(params, map)?.collect())
        .map_err(database_error)
}

fn texts<T: FromStr>(found: Vec<String>, what: &'static str) -> Result<Vec<T>, StoreError>
where
    T::Err: ToString,
{
    found.iter().map(|found| text(found, what)).collect()
}

fn text<T: FromStr>(found: &str, what: &'static str) -> Result<T, StoreError>
where
    T::Err: ToString,
{
    found.parse().map_err(|error: T::Err| StoreError::Damaged { what, reason: error.to_string() })
}

fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Damaged { what: "number", reason: format!("{value} is negative") })
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn database_error(error: rusqlite::Error) -> StoreError {
    StoreError::Database(error.to_string())
}
