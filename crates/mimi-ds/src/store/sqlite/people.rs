//! What is kept of the provider's own users beside their clients, as SQL.

use mimi_arch::{RoomUri, UserUri};
use mimi_protocol::{
    KeyPackageRef,
    consent::{Keeper, ScopeState},
    identifier_query::Searchable,
};
use rusqlite::{Connection, ErrorCode, OptionalExtension, ToSql, params};

use super::{
    apply::{changed, clamped, signed},
    database_error, rows, text, unsigned, waiting,
};
use crate::{
    effect::Effect,
    store::{
        Conflict, FieldVocabulary, GrantedKeyPackage, ProfileField, StoreError, StoredAccount, StoredConsents,
        StoredKeyPackage, StoredProfile,
    },
};

/// What goes with an account, by table and column.
const OF_AN_ACCOUNT: [&str; 7] = [
    "DELETE FROM local_members WHERE client IN (SELECT client FROM clients WHERE user = ?1)",
    "DELETE FROM clients WHERE user = ?1",
    "DELETE FROM key_packages WHERE user = ?1",
    "DELETE FROM consents WHERE own = ?1",
    "DELETE FROM granted_key_packages WHERE requester = ?1",
    "DELETE FROM profile_fields WHERE user = ?1",
    "DELETE FROM discovery_tokens WHERE user = ?1",
];

pub(super) fn apply(connection: &Connection, effect: &Effect) -> Result<(), StoreError> {
    let run = |sql: &str, params: &[&dyn ToSql]| -> Result<usize, StoreError> {
        connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(database_error)
    };
    match effect {
        Effect::PutConsent { keeper, own, other, version, scopes } => {
            let keeper = keeper_number(*keeper);
            let next = signed(version.saturating_add(1))?;
            let moved = match version {
                0 => run(
                    "INSERT OR IGNORE INTO consent_versions VALUES (?1, ?2, ?3)",
                    params![keeper, own.as_str(), next],
                ),
                _ => run(
                    "UPDATE consent_versions SET version = ?3 WHERE keeper = ?1 AND own = ?2 AND version = ?3 - 1",
                    params![keeper, own.as_str(), next],
                ),
            }?;
            changed(moved, Conflict::ConsentChanged)?;
            run(
                "DELETE FROM consents WHERE keeper = ?1 AND own = ?2 AND other = ?3",
                params![keeper, own.as_str(), other.as_str()],
            )?;
            scopes.iter().try_for_each(|(room, state)| {
                run(
                    "INSERT INTO consents VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![keeper, own.as_str(), other.as_str(), room_text(room.as_ref()), state_number(*state)],
                )
                .map(drop)
            })
        }
        Effect::PutGrantedKeyPackage { requester, target, room, key_package } => run(
            "INSERT OR IGNORE INTO granted_key_packages (reference, requester, target, room, client, bytes, not_after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                key_package.reference.as_bytes(),
                requester.as_str(),
                target.as_str(),
                room_text(room.as_ref()),
                key_package.client.as_str(),
                key_package.bytes,
                clamped(key_package.not_after)
            ],
        )
        .map(drop),
        Effect::TakeGrantedKeyPackage { reference } => changed(
            run("DELETE FROM granted_key_packages WHERE reference = ?1", params![reference.as_bytes()])?,
            Conflict::KeyPackageClaimed,
        ),
        Effect::DropGrantedKeyPackages { requester, target, room: None } => run(
            "DELETE FROM granted_key_packages WHERE requester = ?1 AND target = ?2",
            params![requester.as_str(), target.as_str()],
        )
        .map(drop),
        Effect::DropGrantedKeyPackages { requester, target, room: Some(room) } => run(
            "DELETE FROM granted_key_packages WHERE requester = ?1 AND target = ?2 AND room = ?3",
            params![requester.as_str(), target.as_str(), room.as_str()],
        )
        .map(drop),
        Effect::CountTokens { user, before, now } => {
            let conflict = Conflict::TokensCounted;
            let account = "SELECT 1 FROM accounts WHERE user = ?1 AND deleted = 0";
            match before {
                None => changed(
                    run(
                        &format!("INSERT OR IGNORE INTO discovery_tokens SELECT ?1, ?2, ?3 WHERE EXISTS ({account})"),
                        params![user.as_str(), clamped(now.day), now.used],
                    )?,
                    conflict,
                ),
                Some(before) => changed(
                    run(
                        "UPDATE discovery_tokens SET day = ?2, used = ?3 WHERE user = ?1 AND day = ?4 AND used = ?5",
                        params![user.as_str(), clamped(now.day), now.used, clamped(before.day), before.used],
                    )?,
                    conflict,
                ),
            }
        }
        Effect::SetRequiresConsent { user, requires } => changed(
            run(
                "UPDATE accounts SET requires_consent = ?2 WHERE user = ?1 AND deleted = 0",
                params![user.as_str(), requires],
            )?,
            Conflict::AccountMissing,
        ),
        Effect::DeleteAccount { user } => {
            // Nothing has this digest, so that no secret opens the account again.
            changed(
                run(
                    "UPDATE accounts SET deleted = 1, secret_digest = zeroblob(32) WHERE user = ?1 AND deleted = 0",
                    params![user.as_str()],
                )?,
                Conflict::AccountMissing,
            )?;
            waiting::drop_queues(connection, user.as_str())?;
            OF_AN_ACCOUNT.iter().try_for_each(|sql| run(sql, params![user.as_str()]).map(drop))
        }
        Effect::PutProfile { user, fields } => {
            run("DELETE FROM profile_fields WHERE user = ?1", params![user.as_str()])?;
            fields.iter().zip(0i64..).try_for_each(|(field, position)| put_field(connection, user, position, field))
        }
        // The caller sends nothing else here.
        _ => Ok(()),
    }
}

fn put_field(connection: &Connection, user: &UserUri, position: i64, field: &ProfileField) -> Result<(), StoreError> {
    let done = connection.prepare_cached("INSERT INTO profile_fields VALUES (?1, ?2, ?3, ?4, ?5, ?6)").and_then(
        |mut statement| {
            statement.execute(params![
                user.as_str(),
                position,
                vocabulary_number(field.vocabulary),
                field.name,
                field.value,
                searchable_number(field.searchable)
            ])
        },
    );
    match done {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            Err(StoreError::Conflict(Conflict::HandleTaken))
        }
        Err(error) => Err(database_error(error)),
    }
}

pub(super) fn account(connection: &Connection, user: &UserUri) -> Result<Option<StoredAccount>, StoreError> {
    connection
        .prepare_cached("SELECT requires_consent, deleted FROM accounts WHERE user = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([user.as_str()], |row| {
                    Ok(StoredAccount { requires_consent: row.get(0)?, deleted: row.get(1)? })
                })
                .optional()
        })
        .map_err(database_error)
}

pub(super) fn consents(connection: &Connection, keeper: Keeper, own: &UserUri) -> Result<StoredConsents, StoreError> {
    // One read transaction, so that the version is that of the scopes.
    let transaction = connection.unchecked_transaction().map_err(database_error)?;
    let keeper = keeper_number(keeper);
    let version: Option<i64> = transaction
        .query_row(
            "SELECT version FROM consent_versions WHERE keeper = ?1 AND own = ?2",
            params![keeper, own.as_str()],
            |row| row.get(0),
        )
        .optional()
        .map_err(database_error)?;
    let found: Vec<(String, String, i64)> = rows(
        &transaction,
        "SELECT other, room, state FROM consents WHERE keeper = ?1 AND own = ?2 ORDER BY other, room",
        params![keeper, own.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let scopes = found
        .into_iter()
        .map(|(other, room, state)| Ok((text(&other, "user")?, room_of(&room)?, state_of(state)?)))
        .collect::<Result<_, StoreError>>()?;
    Ok(StoredConsents { version: unsigned(version.unwrap_or_default())?, scopes })
}

pub(super) fn granted_key_packages(
    connection: &Connection,
    requester: &UserUri,
    target: &UserUri,
) -> Result<Vec<GrantedKeyPackage>, StoreError> {
    let found: Vec<GrantedRow> = rows(
        connection,
        "SELECT room, client, reference, bytes, not_after FROM granted_key_packages
         WHERE requester = ?1 AND target = ?2 ORDER BY id",
        params![requester.as_str(), target.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
    )?;
    found
        .into_iter()
        .map(|(room, client, reference, bytes, not_after)| {
            let key_package = StoredKeyPackage {
                client: text(&client, "client")?,
                reference: KeyPackageRef::new(reference),
                bytes,
                not_after: unsigned(not_after)?,
                last_resort: false,
            };
            Ok(GrantedKeyPackage { room: room_of(&room)?, key_package })
        })
        .collect()
}

pub(super) fn profile(connection: &Connection, user: &UserUri) -> Result<StoredProfile, StoreError> {
    let found = rows(
        connection,
        "SELECT user, vocabulary, name, value, searchable FROM profile_fields WHERE user = ?1 ORDER BY position",
        params![user.as_str()],
        read_field,
    )?;
    let none = StoredProfile { user: user.clone(), fields: Vec::new() };
    Ok(profiles(found)?.pop().unwrap_or(none))
}

pub(super) fn searchable_profiles(connection: &Connection) -> Result<Vec<StoredProfile>, StoreError> {
    let found = rows(
        connection,
        "SELECT user, vocabulary, name, value, searchable FROM profile_fields
         WHERE user IN (SELECT user FROM profile_fields WHERE searchable > 0) ORDER BY user, position",
        &[],
        read_field,
    )?;
    profiles(found)
}

type GrantedRow = (String, String, Vec<u8>, Vec<u8>, i64);
type FieldRow = (String, i64, String, String, i64);

fn read_field(row: &rusqlite::Row<'_>) -> rusqlite::Result<FieldRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

/// Puts the fields of one user, which come one after the other, together.
fn profiles(found: Vec<FieldRow>) -> Result<Vec<StoredProfile>, StoreError> {
    let mut profiles: Vec<StoredProfile> = Vec::new();
    for (user, vocabulary, name, value, searchable) in found {
        let field = ProfileField {
            vocabulary: vocabulary_of(vocabulary)?,
            name,
            value,
            searchable: searchable_of(searchable)?,
        };
        match profiles.last_mut() {
            Some(profile) if profile.user.as_str() == user => profile.fields.push(field),
            _ => profiles.push(StoredProfile { user: text(&user, "user")?, fields: vec![field] }),
        }
    }
    Ok(profiles)
}

const fn keeper_number(keeper: Keeper) -> i64 {
    match keeper {
        Keeper::TargetProvider => 0,
        Keeper::RequesterProvider => 1,
    }
}

fn room_text(room: Option<&RoomUri>) -> &str {
    room.map_or("", RoomUri::as_str)
}

fn room_of(found: &str) -> Result<Option<RoomUri>, StoreError> {
    if found.is_empty() { Ok(None) } else { text(found, "room").map(Some) }
}

const fn state_number(state: ScopeState) -> i64 {
    match state {
        ScopeState::Unknown => 0,
        ScopeState::Requested => 1,
        ScopeState::Granted => 2,
        ScopeState::Denied => 3,
        ScopeState::DeniedRequested => 4,
    }
}

fn state_of(number: i64) -> Result<ScopeState, StoreError> {
    let found = ScopeState::ALL.into_iter().find(|state| state_number(*state) == number);
    found.ok_or_else(|| damaged("consent", number))
}

const fn vocabulary_number(vocabulary: FieldVocabulary) -> i64 {
    match vocabulary {
        FieldVocabulary::Handle => 0,
        FieldVocabulary::OidcStdClaim => 7,
        FieldVocabulary::VcardField => 8,
    }
}

fn vocabulary_of(number: i64) -> Result<FieldVocabulary, StoreError> {
    let all = [FieldVocabulary::Handle, FieldVocabulary::OidcStdClaim, FieldVocabulary::VcardField];
    let found = all.into_iter().find(|vocabulary| vocabulary_number(*vocabulary) == number);
    found.ok_or_else(|| damaged("profile", number))
}

const fn searchable_number(searchable: Searchable) -> i64 {
    match searchable {
        Searchable::No => 0,
        Searchable::Exactly => 1,
        Searchable::InPart => 2,
    }
}

fn searchable_of(number: i64) -> Result<Searchable, StoreError> {
    let all = [Searchable::No, Searchable::Exactly, Searchable::InPart];
    let found = all.into_iter().find(|searchable| searchable_number(*searchable) == number);
    found.ok_or_else(|| damaged("profile", number))
}

fn damaged(what: &'static str, number: i64) -> StoreError {
    StoreError::Damaged { what, reason: format!("{number} stands for nothing") }
}
