//! Clients whose state file is encrypted (docs/client.md): every value but numbers is sealed under a key that a passphrase opens.

use std::path::Path;

use super::{Client, ClientConfig, blocking};
use crate::{
    error::{ClientError, StateError},
    state::{encryption, vault::Passphrase},
};

impl Client {
    /// As [`Client::register`], with a state file that is encrypted from its first row on.
    ///
    /// # Errors
    /// As [`Client::register`], and when the file is there and not encrypted or has another passphrase.
    pub async fn register_encrypted(
        config: ClientConfig,
        user: &str,
        device: &str,
        user_secret: Option<&str>,
        passphrase: &Passphrase,
    ) -> Result<Self, ClientError> {
        Self::register_with(config, user, device, user_secret, Some(passphrase.clone())).await
    }

    /// As [`Client::open`], for a state file that is encrypted.
    ///
    /// # Errors
    /// As [`Client::open`]; [`StateError::WrongPassphrase`] when the file has another passphrase, [`StateError::NotEncrypted`] when it is
    /// not encrypted.
    pub async fn open_encrypted(state: &Path, passphrase: &Passphrase) -> Result<Self, ClientError> {
        Self::open_with(state, Some(passphrase.clone())).await
    }

    /// Encrypts a state file that is not, as a whole or not at all. No other process may have it open, and no client of this one. What it
    /// held before may still lie on the disk where the file was: who cannot live with that registers with an encrypted file.
    ///
    /// # Errors
    /// When the file is encrypted already or in use, or fails.
    pub async fn encrypt_state(state: &Path, passphrase: &Passphrase) -> Result<(), ClientError> {
        let (path, passphrase) = (state.to_owned(), passphrase.clone());
        blocking(move || Ok(present(&path).and_then(|()| encryption::encrypt(&path, &passphrase))?)).await
    }

    /// Puts another passphrase in the place of the former one. Clients that are open go on. Copies of the file that were made before open
    /// with the former one still, and so does this file for whoever has kept the former row of it.
    ///
    /// # Errors
    /// When the file is not encrypted, the passphrase is another one, or the file fails.
    pub async fn change_passphrase(state: &Path, former: &Passphrase, new: &Passphrase) -> Result<(), ClientError> {
        let (path, former, new) = (state.to_owned(), former.clone(), new.clone());
        blocking(move || Ok(present(&path).and_then(|()| encryption::change_passphrase(&path, &former, &new))?)).await
    }
}

/// A file that is not there is not made.
fn present(path: &Path) -> Result<(), StateError> {
    std::fs::metadata(path).map(|_| ()).map_err(StateError::from)
}
