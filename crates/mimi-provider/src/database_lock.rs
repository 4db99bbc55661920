//! One provider a database: a lock on a file beside it, which the system releases when the process ends, however it ends.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Held while a database is served, or while its file is replaced.
#[derive(Debug)]
pub struct DatabaseLock {
    _file: File,
}

/// Why the lock is not to be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// A provider runs on the database.
    #[error("a provider is using {}: stop it first", .0.display())]
    InUse(PathBuf),
    /// The lock's file cannot be made.
    #[error("{}: {source}", path.display())]
    File {
        /// The lock's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DatabaseLock {
    /// Takes the lock of the database at `database`, whether that exists or not.
    ///
    /// # Errors
    /// When a provider has it, or the file `DATABASE.lock` cannot be made.
    pub fn take(database: &Path) -> Result<Self, LockError> {
        let mut path = database.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        let failed = |source| LockError::File { path: path.clone(), source };
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::InUse(database.to_owned())),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_database_is_locked_once_until_the_lock_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let lock = DatabaseLock::take(&database).unwrap();
        assert!(matches!(DatabaseLock::take(&database), Err(LockError::InUse(path)) if path == database));
        drop(lock);
        DatabaseLock::take(&database).unwrap();
    }
}
