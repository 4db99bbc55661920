//! Which files are encrypted, and making one so (docs/adr/012-client-state-encryption.md).
//!
//! A file is encrypted from its first row on, or later as a whole, in one transaction. `user_version` says in every transaction which of
//! the two it is, so that a process that had opened the file before does not go on in the clear.

use std::{path::Path, sync::Arc};

use rusqlite::{
    Connection, OptionalExtension as _, Transaction, TransactionBehavior, params, params_from_iter, types::Value,
};

use super::{
    account, discovery, message_ids, messages, prepared, queue, rooms,
    sealed::{self, SealedTable},
    vault::{DataKey, Header, Passphrase, Vault, Work},
};
use crate::{error::StateError, mls::OPENMLS_PLACE};

/// Our tables that hold more than numbers.
pub(crate) const TABLES: [SealedTable; 11] = [
    account::SEALED,
    rooms::SEALED,
    rooms::SEALED_NUMBERS,
    queue::SEALED,
    messages::SEALED,
    message_ids::SEALED,
    discovery::KEY,
    discovery::MINE,
    discovery::TOKENS,
    discovery::SEEN,
    discovery::CHOSEN,
];
/// `user_version` of an encrypted file; it is 0 of others.
const ENCRYPTED: i64 = 1;

/// How hard passphrases of new files are to try.
const fn work() -> Work {
    // Tests open files hundreds of times.
    if cfg!(test) { Work { memory_kib: 8, passes: 1, lanes: 1 } } else { Work::RECOMMENDED }
}

/// The vault of a file.
///
/// # Errors
/// When the passphrase is missing, too much or another one.
pub(super) fn vault(connection: &Connection, passphrase: Option<&Passphrase>) -> Result<Arc<Vault>, StateError> {
    match (header(connection)?, passphrase) {
        (None, None) => Ok(Arc::new(Vault::Open)),
        (None, Some(_)) => Err(StateError::NotEncrypted),
        (Some(_), None) => Err(StateError::Encrypted),
        (Some(header), Some(passphrase)) => Ok(Vault::sealed(&header.unwrap(passphrase)?)),
    }
}

/// Checks within a transaction that the file is as it was when it was opened.
///
/// # Errors
/// When it has been encrypted since.
pub(super) fn check_unchanged(connection: &Connection, vault: &Vault) -> Result<(), StateError> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match (vault, version) {
        (Vault::Sealed(_), ENCRYPTED) | (Vault::Open, 0) => Ok(()),
        (Vault::Open, _) => Err(StateError::Encrypted),
        (Vault::Sealed(_), _) => Err(StateError::NotEncrypted),
    }
}

/// Whether nothing is in the file yet that could have been written in the clear.
///
/// # Errors
/// When the file fails.
pub(super) fn is_blank(connection: &Connection) -> Result<bool, StateError> {
    let accounts: i64 = connection.query_row("SELECT count(*) FROM mimi_account", [], |row| row.get(0))?;
    Ok(accounts == 0 && header(connection)?.is_none())
}

/// Makes a blank file an encrypted one.
///
/// # Errors
/// When the file fails, or the work cannot be done.
pub(super) fn begin(connection: &mut Connection, passphrase: &Passphrase) -> Result<(), StateError> {
    let header = Header::wrap(&DataKey::generate()?, passphrase, work())?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    put_header(&transaction, &header)?;
    Ok(transaction.commit()?)
}

/// Encrypts a file that is not, as a whole or not at all. What the disk keeps of what was in it before is out of reach.
///
/// # Errors
/// When it is encrypted already, another process uses it, or the file fails.
pub(crate) fn encrypt(path: &Path, passphrase: &Passphrase) -> Result<(), StateError> {
    let mut connection = prepared(path)?;
    if header(&connection)?.is_some() {
        return Err(StateError::Encrypted);
    }
    let key = DataKey::generate()?;
    let (header, vault) = (Header::wrap(&key, passphrase, work())?, Vault::sealed(&key));
    alone(&connection)?;
    {
        let _entered = sealed::enter(&vault);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        check_unchanged(&transaction, &Vault::Open)?;
        TABLES.iter().try_for_each(|table| seal_ours(&transaction, table))?;
        seal_openmls(&transaction, &vault)?;
        put_header(&transaction, &header)?;
        transaction.commit()?;
    }
    // The pages that held the former values go from the file and from the log beside it.
    connection.execute_batch("VACUUM")?;
    checkpoint(&connection)
}

/// Puts another passphrase in the place of the former one. Copies that were made before open with the former one still.
///
/// # Errors
/// When the file is not encrypted, the passphrase is another one, or the file fails.
pub(crate) fn change_passphrase(path: &Path, former: &Passphrase, new: &Passphrase) -> Result<(), StateError> {
    let mut connection = prepared(path)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let key = header(&transaction)?.ok_or(StateError::NotEncrypted)?.unwrap(former)?;
    put_header(&transaction, &Header::wrap(&key, new, work())?)?;
    transaction.commit()?;
    checkpoint(&connection)
}

fn header(connection: &Connection) -> Result<Option<Header>, StateError> {
    Ok(connection
        .query_row("SELECT memory_kib, passes, lanes, salt, wrapped FROM mimi_encryption", [], |row| {
            let work = Work { memory_kib: row.get(0)?, passes: row.get(1)?, lanes: row.get(2)? };
            Ok(Header { work, salt: row.get(3)?, wrapped: row.get(4)? })
        })
        .optional()?)
}

fn put_header(transaction: &Transaction<'_>, header: &Header) -> Result<(), StateError> {
    let Work { memory_kib, passes, lanes } = header.work;
    transaction.execute(
        "INSERT OR REPLACE INTO mimi_encryption (one, memory_kib, passes, lanes, salt, wrapped)
         VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![memory_kib, passes, lanes, header.salt, header.wrapped],
    )?;
    Ok(transaction.pragma_update(None, "user_version", ENCRYPTED)?)
}

/// Makes sure that no other process has the file open: the log can be left for a moment by its only user alone.
fn alone(connection: &Connection) -> Result<(), StateError> {
    let mode =
        |mode: &str| connection.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0));
    match mode("DELETE") {
        Ok(now) if now == "delete" => {}
        Ok(_) => return Err(StateError::InUse),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            return Err(StateError::InUse);
        }
        Err(error) => return Err(error.into()),
    }
    // Back to the log before anything is changed: a rollback journal would hold the former values.
    mode("WAL")?;
    Ok(())
}

/// Takes the log into the file and empties it.
fn checkpoint(connection: &Connection) -> Result<(), StateError> {
    let busy: i64 = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 { Ok(()) } else { Err(StateError::InUse) }
}

fn seal_ours(transaction: &Transaction<'_>, table: &SealedTable) -> Result<(), StateError> {
    let (names, rows) = all_rows(transaction, table.table)?;
    transaction.execute(&format!("DELETE FROM {}", table.table), [])?;
    let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let insert = format!("INSERT INTO {} ({}) VALUES ({})", table.table, names.join(", "), places.join(", "));
    for values in rows {
        let clear: Vec<String> = table
            .row
            .iter()
            .filter_map(|name| {
                names.iter().zip(&values).find(|(other, _)| other == name).map(|(_, value)| shown(value))
            })
            .collect();
        let row = clear.join(" ");
        let mut sealed = Vec::with_capacity(values.len());
        for (name, value) in names.iter().zip(values) {
            let column =
                table.keys.iter().map(|key| (*key, "")).chain(table.values.iter().map(|name| (*name, row.as_str())));
            let found = column.into_iter().find(|(other, _)| other == name);
            sealed.push(match (found, value) {
                (Some((name, row)), Value::Text(text)) => Value::Text(table.column(name).text(row, &text)?),
                (Some((name, row)), Value::Blob(octets)) => Value::Blob(table.column(name).octets(row, &octets)?),
                (_, value) => value,
            });
        }
        transaction.execute(&insert, params_from_iter(sealed))?;
    }
    Ok(())
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Integer(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Every octet column of OpenMLS' tables goes through its codec, keys and values.
fn seal_openmls(transaction: &Transaction<'_>, vault: &Vault) -> Result<(), StateError> {
    let mut statement = transaction.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'mimi_%' AND name NOT LIKE 'sqlite_%'
         AND name <> 'openmls_sqlite_storage_migrations'",
    )?;
    let tables = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    for table in tables {
        let (names, rows) = all_rows(transaction, &table)?;
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
        let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
        let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        for values in rows {
            let sealed = values.into_iter().map(|value| match value {
                Value::Blob(octets) => Value::Blob(vault.seal(OPENMLS_PLACE, &octets)),
                value => value,
            });
            transaction.execute(&insert, params_from_iter(sealed))?;
        }
    }
    Ok(())
}

type Rows = (Vec<String>, Vec<Vec<Value>>);

fn all_rows(transaction: &Transaction<'_>, table: &str) -> Result<Rows, StateError> {
    let mut statement = transaction.prepare(&format!("SELECT * FROM {table}"))?;
    let names: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let width = names.len();
    let rows = statement
        .query_map([], |row| (0..width).map(|column| row.get(column)).collect::<Result<Vec<Value>, _>>())?
        .collect::<Result<Vec<_>, _>>()?;
    Ok((names, rows))
}
