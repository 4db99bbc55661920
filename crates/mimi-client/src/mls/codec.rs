//! How OpenMLS' keys and values are written into the state file: as JSON, sealed if the file is.
//!
//! The library asks a codec without an instance, which sees neither table nor row. So what it writes is bound to OpenMLS' tables as a
//! whole, and keys and values are sealed alike; the vault is that of the step at hand.

use openmls_sqlite_storage::Codec;
use serde::{Serialize, de::DeserializeOwned};

use crate::state::{
    sealed::{self, NoStep},
    vault::Damaged,
};

/// What OpenMLS' values are bound to.
pub(crate) const PLACE: &[u8] = b"openmls";

/// How OpenMLS' values are written into SQLite.
#[derive(Default)]
pub(crate) struct StateCodec;

/// A value that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CodecError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    NoStep(#[from] NoStep),
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

impl Codec for StateCodec {
    type Error = CodecError;

    fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, CodecError> {
        Ok(sealed::seal(PLACE, &serde_json::to_vec(value)?)?)
    }

    fn from_slice<T: DeserializeOwned>(slice: &[u8]) -> Result<T, CodecError> {
        Ok(serde_json::from_slice(&sealed::open(PLACE, slice)??)?)
    }
}
