//! Whether a key package that a client uploads is one that others could use (RFC 9420 section 10.1).

use mimi_protocol::mls::KeyPackage;
use openmls::prelude::{KeyPackageIn, KeyPackageVerifyError, ProtocolVersion, tls_codec::DeserializeBytes};
use openmls_rust_crypto::RustCrypto;
use thiserror::Error;

/// Why nobody could use a key package.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyPackageError {
    /// The MLS library does not read it.
    #[error("the key package cannot be read: {0}")]
    Unreadable(String),
    /// A signature does not hold, it is not valid at this time, or keys or capabilities contradict each other.
    #[error("the key package is not valid: {0}")]
    Invalid(#[from] KeyPackageVerifyError),
    /// Its lifetime is longer than what clients accept.
    #[error("the lifetime of the key package is longer than 84 days and an hour")]
    Lifetime,
}

/// Verifies signatures, lifetime and capabilities.
///
/// # Errors
/// What is wrong with it.
pub fn verify_key_package(key_package: &KeyPackage) -> Result<(), KeyPackageError> {
    let read = KeyPackageIn::tls_deserialize_exact_bytes(key_package.as_bytes())
        .map_err(|error| KeyPackageError::Unreadable(error.to_string()))?;
    let verified = read.validate(&RustCrypto::default(), ProtocolVersion::Mls10)?;
    if verified.life_time().has_acceptable_range() { Ok(()) } else { Err(KeyPackageError::Lifetime) }
}
