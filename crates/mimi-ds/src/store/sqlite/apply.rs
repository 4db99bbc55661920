//! Each effect as SQL.

use rusqlite::{Connection, ErrorCode, OptionalExtension, ToSql, params};

use super::{database_error, leaves, people, rooms, tokens, upkeep, waiting};
use crate::{
    effect::Effect,
    store::{Conflict, REMEMBERED_FANOUTS, StoreError},
};

/// Old digests are looked for only every so many insertions, because counting back costs more than inserting.
const FANOUT_SWEEP: i64 = 256;

/// All effects of one decision, in their order.
pub(super) fn apply_all(connection: &Connection, effects: &[Effect]) -> Result<(), StoreError> {
    let mut stored = waiting::Stored::default();
    for (at, effect) in effects.iter().enumerate() {
        let rest = effects.get(at..).unwrap_or_default();
        match effect {
            Effect::Enqueue { room, message, .. } => {
                waiting::enqueue(connection, &mut stored, (room, message), rest)?;
            }
            Effect::Deliver { to, room, message } => {
                waiting::deliver(connection, &mut stored, (to, room, message), rest)?;
            }
            other => apply(connection, other)?,
        }
    }
    Ok(())
}

fn apply(connection: &Connection, effect: &Effect) -> Result<(), StoreError> {
    let run = |sql: &str, params: &[&dyn ToSql]| -> Result<usize, StoreError> {
        connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(database_error)
    };
    // For statements whose only likely failure is a row that is there already.
    let insert = |sql: &str, params: &[&dyn ToSql], conflict| -> Result<(), StoreError> {
        let result = connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
        match result {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Err(StoreError::Conflict(conflict))
            }
            Err(error) => Err(database_error(error)),
        }
    };
    match effect {
        Effect::PutRoom { room, group_snapshot, sequence, accepted } => {
            rooms::put(connection, room, group_snapshot, *sequence, *accepted)
        }
        Effect::ReplaceSnapshot { room, group_snapshot, sequence, accepted } => {
            rooms::replace_newest(connection, room, group_snapshot, *sequence, *accepted)
        }
        Effect::MirrorSnapshots { before } => rooms::mirror(connection, *before),
        Effect::AppendLog { room, sequence, entry, accepted } => {
            rooms::append(connection, room, *sequence, entry, *accepted)
        }
        // With the others of the decision.
        Effect::Enqueue { .. } | Effect::Deliver { .. } => apply_all(connection, std::slice::from_ref(effect)),
        Effect::Sent { to, room, after, up_to } => {
            waiting::sent(connection, to, room, (*after, *up_to))?;
            tokens::drop_retired(connection, to, room)
        }
        Effect::PutToken { room, client, token } => tokens::put(connection, room, client, token),
        Effect::RetireToken { room, client } => tokens::retire(connection, room, client),
        Effect::ExpectToken { room, client, token } => tokens::expect(connection, room, client, token.as_ref()),
        Effect::DropApplications { queue, oldest } => waiting::drop_applications(connection, queue, *oldest),
        Effect::OrderDestruction { room } => {
            run("INSERT OR IGNORE INTO rooms_to_destroy VALUES (?1)", params![room.as_str()]).map(drop)
        }
        Effect::DropOrder { room } => {
            run("DELETE FROM rooms_to_destroy WHERE room = ?1", params![room.as_str()]).map(drop)
        }
        Effect::MarkFanout { hub, room, before, now } => upkeep::mark_fanout(connection, hub, room, *before, *now),
        Effect::FollowLeaves { room, change } => leaves::change(connection, room, change),
        Effect::Acknowledge { client, up_to } => waiting::acknowledge(connection, client, *up_to),
        Effect::PutRoute { reference, provider, not_after } => run(
            "INSERT OR REPLACE INTO routes VALUES (?1, ?2, ?3)",
            params![reference.as_bytes(), provider.as_str(), clamped(*not_after)],
        )
        .map(drop),
        Effect::PutJoinGrant { room, grant } => rooms::put_join_grant(connection, room, grant),
        Effect::PutFixedRoom { room, participants } => insert(
            "INSERT INTO fixed_rooms (room, participants) VALUES (?1, ?2)",
            params![room.as_str(), participants],
            Conflict::FixedRoomExists,
        ),
        Effect::DropFixedRoom { room } => {
            run("DELETE FROM fixed_rooms WHERE room = ?1", params![room.as_str()]).map(drop)
        }
        Effect::PutChildRoom { room, parent } => run(
            "INSERT OR REPLACE INTO child_rooms (room, parent) VALUES (?1, ?2)",
            params![room.as_str(), parent.as_str()],
        )
        .map(drop),
        Effect::DropRoute { reference } => {
            run("DELETE FROM routes WHERE reference = ?1", params![reference.as_bytes()]).map(drop)
        }
        Effect::RememberFanout { hub, room, digest } => {
            insert(
                "INSERT INTO fanouts (hub, room, digest) VALUES (?1, ?2, ?3)",
                params![hub.as_str(), room.as_str(), digest],
                Conflict::FanoutSeen,
            )?;
            if connection.last_insert_rowid() % FANOUT_SWEEP == 0 {
                forget_old_fanouts(connection, hub.as_str(), room.as_str())?;
            }
            Ok(())
        }
        Effect::JoinLocal { room, client } => {
            let sql = "INSERT INTO local_members (room, client) VALUES (?1, ?2)
                ON CONFLICT (room, client) DO UPDATE SET joins = joins + 1";
            run(sql, params![room.as_str(), client.as_str()]).map(drop)
        }
        Effect::TakeBackJoin { room, client } => {
            let names = params![room.as_str(), client.as_str()];
            run("UPDATE local_members SET joins = joins - 1 WHERE room = ?1 AND client = ?2", names)?;
            run("DELETE FROM local_members WHERE room = ?1 AND client = ?2 AND joins < 1", names).map(drop)
        }
        Effect::LeaveLocal { room, client } => {
            run("DELETE FROM local_members WHERE room = ?1 AND client = ?2", params![room.as_str(), client.as_str()])
                .map(drop)
        }
        Effect::PutKeyPackage { client, user, reference, bytes, not_after, last_resort } => insert(
            "INSERT INTO key_packages (reference, client, user, bytes, not_after, last_resort) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![reference.as_bytes(), client.as_str(), user.as_str(), bytes, clamped(*not_after), last_resort],
            Conflict::KeyPackageExists,
        ),
        Effect::ClaimKeyPackage { reference } => changed(
            run(
                "UPDATE key_packages SET claimed = 1 WHERE reference = ?1 AND claimed = 0",
                params![reference.as_bytes()],
            )?,
            Conflict::KeyPackageClaimed,
        ),
        Effect::DropKeyPackage { reference } => {
            run("DELETE FROM key_packages WHERE reference = ?1", params![reference.as_bytes()]).map(drop)
        }
        Effect::DropExpired { now } => {
            let now = clamped(*now);
            run("DELETE FROM key_packages WHERE not_after < ?1", params![now])?;
            run("DELETE FROM granted_key_packages WHERE not_after < ?1", params![now])?;
            run("DELETE FROM routes WHERE not_after < ?1", params![now]).map(drop)
        }
        Effect::PutAccount { user, secret_digest } => insert(
            "INSERT INTO accounts (user, secret_digest) VALUES (?1, ?2)",
            params![user.as_str(), secret_digest],
            Conflict::AccountExists,
        ),
        Effect::PutClient { client, user, token_digest } => insert(
            "INSERT INTO clients VALUES (?1, ?2, ?3)",
            params![client.as_str(), user.as_str(), token_digest],
            Conflict::ClientExists,
        ),
        Effect::PutFrankingKey { key, since } => {
            run("INSERT INTO franking_keys (key, since) VALUES (?1, ?2)", params![key, signed(since.0)?]).map(drop)
        }
        Effect::PutAbuseReport { source, room, report, digest, received } => run(
            "INSERT OR IGNORE INTO abuse_reports (source, room, report, digest, received) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![source.as_str(), room.as_str(), report, digest, signed(received.0)?],
        )
        .map(drop),
        Effect::HandleAbuseReport { id, at } => run(
            "UPDATE abuse_reports SET handled = ?2 WHERE id = ?1 AND handled IS NULL",
            params![signed(*id)?, signed(at.0)?],
        )
        .map(drop),
        Effect::DropClient { client } => {
            waiting::acknowledge(connection, client, i64::MAX.unsigned_abs())?;
            for sql in [
                "DELETE FROM local_members WHERE client = ?1",
                "DELETE FROM key_packages WHERE client = ?1",
                "DELETE FROM clients WHERE client = ?1",
            ] {
                run(sql, params![client.as_str()])?;
            }
            Ok(())
        }
        Effect::DropAbuseReport { id } => {
            run("DELETE FROM abuse_reports WHERE id = ?1", params![signed(*id)?]).map(drop)
        }
        Effect::PutProviderKey { seed } => put_provider_key(connection, seed),
        Effect::PutConsent { .. }
        | Effect::PutGrantedKeyPackage { .. }
        | Effect::TakeGrantedKeyPackage { .. }
        | Effect::DropGrantedKeyPackages { .. }
        | Effect::CountTokens { .. }
        | Effect::SetRequiresConsent { .. }
        | Effect::DeleteAccount { .. }
        | Effect::PutProfile { .. } => people::apply(connection, effect),
    }
}

fn forget_old_fanouts(connection: &Connection, hub: &str, room: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM fanouts WHERE hub = ?1 AND room = ?2 AND id <= (
                SELECT id FROM fanouts WHERE hub = ?1 AND room = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        )
        .and_then(|mut statement| statement.execute(params![hub, room, REMEMBERED_FANOUTS as i64]))
        .map(drop)
        .map_err(database_error)
}

fn put_provider_key(connection: &Connection, seed: &[u8; 32]) -> Result<(), StoreError> {
    let stored: Option<Vec<u8>> = connection
        .query_row("SELECT seed FROM provider_key", [], |row| row.get(0))
        .optional()
        .map_err(database_error)?;
    match stored {
        Some(stored) if stored == seed => Ok(()),
        Some(_) => Err(StoreError::Conflict(Conflict::ProviderKeyExists)),
        None => connection
            .execute("INSERT INTO provider_key VALUES (1, ?1)", params![seed])
            .map(drop)
            .map_err(database_error),
    }
}

pub(super) fn changed(rows: usize, conflict: Conflict) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Conflict(conflict)) } else { Ok(()) }
}

/// SQLite's integers are signed. Sequences, identifiers and milliseconds stay far below; a larger one is a mistake.
pub(super) fn signed(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Damaged { what: "number", reason: format!("{value} is over 2^63") })
}

/// An end of life time in the far future stays one.
pub(super) fn clamped(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
