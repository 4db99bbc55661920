//! Putting a backup in the place of a database that no provider is using.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use mimi_ds::store::{SqliteStore, StoreError};
use thiserror::Error;

use crate::database_lock::{DatabaseLock, LockError};

/// Why a backup is not restored. The database is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A provider is using the database.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// There is a database, and nobody said that it should be replaced.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The backup is not sound, or cannot be copied.
    #[error("{}: {source}", path.display())]
    Backup {
        /// The backup.
        path: PathBuf,
        /// What is wrong with it.
        source: StoreError,
    },
    /// A file cannot be moved.
    #[error("{}: {source}", path.display())]
    Move {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Checks the backup and puts a copy of it where the database is. With `replace`, a database that is there is moved aside; its
/// new name is returned.
///
/// # Errors
/// When a provider is using the database, there is one and `replace` is not set, or the backup cannot be used.
pub fn restore(backup: &Path, database: &Path, replace: bool) -> Result<Option<PathBuf>, RestoreError> {
    let _lock = DatabaseLock::take(database)?;
    if database.exists() && !replace {
        return Err(RestoreError::Exists(database.to_owned()));
    }
    let unsound = |source| RestoreError::Backup { path: backup.to_owned(), source };
    SqliteStore::check_integrity(backup).map_err(unsound)?;
    let fresh = with_suffix(database, ".restoring");
    // Left by a restore that was interrupted.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(moving(&fresh, error)),
        _ => {}
    }
    SqliteStore::open_read_only(backup).and_then(|backup| backup.back_up(&fresh)).map_err(unsound)?;
    let aside = if database.exists() { Some(move_aside(database)?) } else { None };
    rename(&fresh, database)?;
    sync_folder(database)?;
    Ok(aside)
}

/// Moves the database with its write-ahead log, so that it can still be opened under its new name.
fn move_aside(database: &Path) -> Result<PathBuf, RestoreError> {
    let aside = (1u32..)
        .map(|number| with_suffix(database, &format!(".replaced-{number}")))
        .find(|name| !name.exists())
        .unwrap_or_else(|| with_suffix(database, ".replaced"));
    for part in ["-wal", "-shm", ""] {
        let from = with_suffix(database, part);
        if from.exists() {
            rename(&from, &with_suffix(&aside, part))?;
        }
    }
    Ok(aside)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn moving(path: &Path, source: io::Error) -> RestoreError {
    RestoreError::Move { path: path.to_owned(), source }
}

fn rename(from: &Path, to: &Path) -> Result<(), RestoreError> {
    fs::rename(from, to).map_err(|error| moving(from, error))
}

/// A name is durable once the folder is.
fn sync_folder(path: &Path) -> Result<(), RestoreError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| moving(folder, error))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_ds::{Effect, store::Store};

    use super::*;

    fn store_with(path: &Path, user: &str) {
        let store = SqliteStore::open(path).unwrap();
        let user = format!("mimi://a.example/u/{user}").parse().unwrap();
        store.commit(vec![Effect::PutAccount { user, secret_digest: [7; 32] }]).unwrap();
    }

    fn users(path: &Path) -> Vec<String> {
        let store = SqliteStore::open_read_only(path).unwrap();
        store.user_summaries().unwrap().into_iter().map(|user| user.user.to_string()).collect()
    }

    #[test]
    fn a_backup_replaces_a_database_only_on_request_and_keeps_the_former_one() {
        let folder = tempfile::tempdir().unwrap();
        let [database, backup] = ["a.db", "backup.db"].map(|name| folder.path().join(name));
        store_with(&database, "anna");
        SqliteStore::open_read_only(&database).unwrap().back_up(&backup).unwrap();
        store_with(&database, "bert");

        assert!(matches!(restore(&backup, &database, false), Err(RestoreError::Exists(_))));
        assert_eq!(users(&database).len(), 2);
        let aside = restore(&backup, &database, true).unwrap().unwrap();
        assert_eq!(users(&database), ["mimi://a.example/u/anna"]);
        assert_eq!(users(&aside).len(), 2);
        assert_eq!(restore(&backup, &folder.path().join("new.db"), false).unwrap(), None);
        assert_eq!(users(&folder.path().join("new.db")), ["mimi://a.example/u/anna"]);
    }

    #[test]
    fn a_database_in_use_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let [database, backup] = ["a.db", "backup.db"].map(|name| folder.path().join(name));
        store_with(&database, "anna");
        SqliteStore::open_read_only(&database).unwrap().back_up(&backup).unwrap();
        let _serving = DatabaseLock::take(&database).unwrap();
        let refused = restore(&backup, &database, true).unwrap_err();
        assert!(matches!(refused, RestoreError::Lock(LockError::InUse(_))), "{refused}");
    }

    #[test]
    fn a_damaged_backup_is_refused_and_the_database_stays() {
        let folder = tempfile::tempdir().unwrap();
        let [database, backup] = ["a.db", "backup.db"].map(|name| folder.path().join(name));
        store_with(&database, "anna");
        SqliteStore::open_read_only(&database).unwrap().back_up(&backup).unwrap();
        let mut octets = fs::read(&backup).unwrap();
        // The second page on: the schema still reads.
        let page = usize::from(u16::from_be_bytes([octets[16], octets[17]]));
        octets[page..].iter_mut().for_each(|octet| *octet = 0x5a);
        fs::write(&backup, &octets).unwrap();
        assert!(matches!(restore(&backup, &database, true), Err(RestoreError::Backup { .. })));
        fs::write(&backup, "not a database").unwrap();
        assert!(matches!(restore(&backup, &database, true), Err(RestoreError::Backup { .. })));
        assert_eq!(users(&database), ["mimi://a.example/u/anna"]);
    }
}
