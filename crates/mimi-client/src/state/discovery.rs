//! What a client keeps for discovery of users (the project's discovery profile 0): the user's key, what it has registered, tokens that are not spent, how far
//! providers had got, and which service it took.

use mimi_discovery::Csi;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::sealed::SealedTable;
use crate::error::StateError;

/// The tables.
pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS mimi_discovery_key (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        seed BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_discovery_mine (
        csi TEXT PRIMARY KEY,
        attestation BLOB NOT NULL,
        sequence INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_discovery_tokens (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        dp TEXT NOT NULL,
        day INTEGER NOT NULL,
        token BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_discovery_seen (
        dp TEXT NOT NULL,
        what INTEGER NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (dp, what)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS mimi_discovery_chosen (
        csi TEXT PRIMARY KEY,
        msp TEXT NOT NULL
    ) STRICT;
";

/// The key that speaks for the user's identifiers.
pub(crate) const KEY: SealedTable = SealedTable { table: "mimi_discovery_key", row: &[], keys: &[], values: &["seed"] };
/// What was registered. The sequences are in the clear.
pub(crate) const MINE: SealedTable =
    SealedTable { table: "mimi_discovery_mine", row: &["csi"], keys: &["csi"], values: &["attestation"] };
/// Tokens. Of which day they are is in the clear.
pub(crate) const TOKENS: SealedTable =
    SealedTable { table: "mimi_discovery_tokens", row: &[], keys: &["dp", "token"], values: &[] };
/// The highest numbers seen, which are in the clear.
pub(crate) const SEEN: SealedTable =
    SealedTable { table: "mimi_discovery_seen", row: &["dp"], keys: &["dp"], values: &[] };
/// The services that were taken.
pub(crate) const CHOSEN: SealedTable =
    SealedTable { table: "mimi_discovery_chosen", row: &["csi"], keys: &["csi"], values: &["msp"] };

/// What has numbers that only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// The prefix directory.
    Directory,
    /// Snapshots of mode S.
    ModeS,
    /// Snapshots of mode B.
    ModeB,
    /// Snapshots of mode P.
    ModeP,
}

impl Numbered {
    const fn number(self) -> i64 {
        match self {
            Self::Directory => 0,
            Self::ModeS => 1,
            Self::ModeB => 2,
            Self::ModeP => 3,
        }
    }
}

fn name(csi: &Csi) -> String {
    format!("{} {}", csi.kind().number(), csi.value())
}

/// The seed of the user's key; `fresh` becomes it when there is none.
///
/// # Errors
/// When the file fails.
pub(crate) fn key(connection: &Connection, fresh: [u8; 32]) -> Result<[u8; 32], StateError> {
    let column = KEY.column("seed");
    let stored: Option<Vec<u8>> =
        connection.query_row("SELECT seed FROM mimi_discovery_key", [], |row| row.get(0)).optional()?;
    match stored {
        Some(stored) => {
            column.open_octets("", &stored)?.try_into().map_err(|_| StateError::Corrupt { what: "discovery key" })
        }
        None => {
            let sealed = column.octets("", &fresh)?;
            connection.execute("INSERT INTO mimi_discovery_key (one, seed) VALUES (1, ?1)", params![sealed])?;
            Ok(fresh)
        }
    }
}

/// The encoded attestation with which something was registered last, and the sequence of the last statement.
///
/// # Errors
/// When the file fails.
pub(crate) fn mine(connection: &Connection, csi: &Csi) -> Result<Option<(Vec<u8>, u64)>, StateError> {
    let name = name(csi);
    let found: Option<(Vec<u8>, i64)> = connection
        .query_row(
            "SELECT attestation, sequence FROM mimi_discovery_mine WHERE csi = ?1",
            params![MINE.column("csi").key(&name)?],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    found
        .map(|(attestation, sequence)| {
            Ok((MINE.column("attestation").open_octets(&name, &attestation)?, sequence.cast_unsigned()))
        })
        .transpose()
}

/// Notes a statement before it is sent: its sequence is not used again.
///
/// # Errors
/// When the file fails.
pub(crate) fn put_mine(
    connection: &Connection,
    csi: &Csi,
    attestation: &[u8],
    sequence: u64,
) -> Result<(), StateError> {
    let name = name(csi);
    connection.execute(
        "INSERT OR REPLACE INTO mimi_discovery_mine (csi, attestation, sequence) VALUES (?1, ?2, ?3)",
        params![
            MINE.column("csi").key(&name)?,
            MINE.column("attestation").octets(&name, attestation)?,
            sequence.cast_signed()
        ],
    )?;
    Ok(())
}

/// Keeps tokens of a day.
///
/// # Errors
/// When the file fails.
pub(crate) fn put_tokens(connection: &Connection, dp: &str, day: u64, tokens: &[Vec<u8>]) -> Result<(), StateError> {
    let dp = TOKENS.column("dp").key(dp)?;
    for token in tokens {
        connection.execute(
            "INSERT INTO mimi_discovery_tokens (dp, day, token) VALUES (?1, ?2, ?3)",
            params![dp, day.cast_signed(), TOKENS.column("token").octets("", token)?],
        )?;
    }
    Ok(())
}

/// Takes the oldest token out that is not older than this day, and forgets those that are. Once this is durable it is spent, whether or not it is used.
///
/// # Errors
/// When the file fails.
pub(crate) fn take_token(connection: &Connection, dp: &str, oldest: u64) -> Result<Option<Vec<u8>>, StateError> {
    connection.execute("DELETE FROM mimi_discovery_tokens WHERE day < ?1", params![oldest.cast_signed()])?;
    let token: Option<Vec<u8>> = connection
        .query_row(
            "DELETE FROM mimi_discovery_tokens WHERE number =
                (SELECT number FROM mimi_discovery_tokens WHERE dp = ?1 ORDER BY day, number LIMIT 1) RETURNING token",
            params![TOKENS.column("dp").key(dp)?],
            |row| row.get(0),
        )
        .optional()?;
    token.map(|token| TOKENS.column("token").open_octets("", &token)).transpose()
}

/// How many tokens for a discovery provider are not spent.
///
/// # Errors
/// When the file fails.
pub(crate) fn tokens_left(connection: &Connection, dp: &str, oldest: u64) -> Result<u64, StateError> {
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM mimi_discovery_tokens WHERE dp = ?1 AND day >= ?2",
        params![TOKENS.column("dp").key(dp)?, oldest.cast_signed()],
        |row| row.get(0),
    )?;
    Ok(count.unsigned_abs())
}

/// The highest number that was seen of a discovery provider; 0 before the first.
///
/// # Errors
/// When the file fails.
pub(crate) fn seen(connection: &Connection, dp: &str, what: Numbered) -> Result<u64, StateError> {
    let number: Option<i64> = connection
        .query_row(
            "SELECT number FROM mimi_discovery_seen WHERE dp = ?1 AND what = ?2",
            params![SEEN.column("dp").key(dp)?, what.number()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(number.unwrap_or_default().cast_unsigned())
}

/// Remembers a number unless a higher one was seen.
///
/// # Errors
/// When the file fails.
pub(crate) fn put_seen(connection: &Connection, dp: &str, what: Numbered, number: u64) -> Result<(), StateError> {
    if seen(connection, dp, what)? < number {
        connection.execute(
            "INSERT OR REPLACE INTO mimi_discovery_seen (dp, what, number) VALUES (?1, ?2, ?3)",
            params![SEEN.column("dp").key(dp)?, what.number(), number.cast_signed()],
        )?;
    }
    Ok(())
}

/// The service that was taken for an identifier the last time.
///
/// # Errors
/// When the file fails.
pub(crate) fn chosen(connection: &Connection, csi: &Csi) -> Result<Option<String>, StateError> {
    let name = name(csi);
    let found: Option<String> = connection
        .query_row(
            "SELECT msp FROM mimi_discovery_chosen WHERE csi = ?1",
            params![CHOSEN.column("csi").key(&name)?],
            |row| row.get(0),
        )
        .optional()?;
    found.map(|msp| CHOSEN.column("msp").open_text(&name, &msp)).transpose()
}

/// Remembers it.
///
/// # Errors
/// When the file fails.
pub(crate) fn put_chosen(connection: &Connection, csi: &Csi, msp: &str) -> Result<(), StateError> {
    let name = name(csi);
    connection.execute(
        "INSERT OR REPLACE INTO mimi_discovery_chosen (csi, msp) VALUES (?1, ?2)",
        params![CHOSEN.column("csi").key(&name)?, CHOSEN.column("msp").text(&name, msp)?],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::state::{State, vault::Passphrase};

    fn with(encrypted: bool, check: impl FnOnce(&Connection)) {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = encrypted.then(|| Passphrase::new("correct horse").unwrap());
        let mut state = State::create_with(&folder.path().join("s.sqlite"), passphrase.as_ref()).unwrap();
        state
            .write(|transaction| {
                check(transaction);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_token_is_taken_out_once_and_old_ones_are_forgotten() {
        for encrypted in [false, true] {
            with(encrypted, |connection| {
                put_tokens(connection, "dp.example", 9, &[vec![9]]).unwrap();
                put_tokens(connection, "dp.example", 10, &[vec![1], vec![2]]).unwrap();
                put_tokens(connection, "other.example", 10, &[vec![3]]).unwrap();
                assert_eq!(tokens_left(connection, "dp.example", 10).unwrap(), 2);
                assert_eq!(take_token(connection, "dp.example", 10).unwrap(), Some(vec![1]));
                assert_eq!(take_token(connection, "dp.example", 10).unwrap(), Some(vec![2]));
                assert_eq!(take_token(connection, "dp.example", 10).unwrap(), None);
                assert_eq!(take_token(connection, "other.example", 10).unwrap(), Some(vec![3]));
            });
        }
    }

    #[test]
    fn the_key_is_made_once_and_what_is_kept_of_an_identifier_is_found_again() {
        for encrypted in [false, true] {
            with(encrypted, |connection| {
                assert_eq!(key(connection, [1; 32]).unwrap(), [1; 32]);
                assert_eq!(key(connection, [2; 32]).unwrap(), [1; 32]);
                let csi = Csi::parse("+12125551212").unwrap();
                assert_eq!((mine(connection, &csi).unwrap(), chosen(connection, &csi).unwrap()), (None, None));
                put_mine(connection, &csi, b"attestation", 7).unwrap();
                put_chosen(connection, &csi, "b.example").unwrap();
                assert_eq!(mine(connection, &csi).unwrap(), Some((b"attestation".to_vec(), 7)));
                assert_eq!(chosen(connection, &csi).unwrap().as_deref(), Some("b.example"));
            });
        }
    }

    #[test]
    fn a_number_that_was_seen_never_falls() {
        with(true, |connection| {
            put_seen(connection, "dp.example", Numbered::ModeS, 5).unwrap();
            put_seen(connection, "dp.example", Numbered::ModeS, 4).unwrap();
            assert_eq!(seen(connection, "dp.example", Numbered::ModeS).unwrap(), 5);
            assert_eq!(seen(connection, "dp.example", Numbered::ModeB).unwrap(), 0);
        });
    }
}
