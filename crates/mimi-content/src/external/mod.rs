//! External content: encrypting what lies outside the message, and opening it again
//! (draft-ietf-mimi-content-08 section 4.5).
//!
//! [`seal`] makes the ciphertext to upload and the fields of an [`ExternalPart`](crate::ExternalPart); [`Opening`] checks size,
//! content hash and authentication tag of what was downloaded before it returns any of it. `seal_stream` and
//! `Opening::open_stream` do the same for files of any size in constant memory; they need the feature `std`, the rest does not.
//! Fetching is up to the caller.

mod algorithm;
mod cipher;
mod error;
mod key;
mod open;
mod seal;
#[cfg(feature = "std")]
mod stream;
#[cfg(test)]
mod tests;
mod whole;

#[cfg(feature = "std")]
pub use self::error::StreamError;
#[cfg(feature = "std")]
pub use self::stream::{CHUNK, Verified, describe_public_stream, seal_stream};
pub use self::{
    algorithm::{AeadAlgorithm, ContentHashAlgorithm},
    error::{OpenError, PartError, SealError},
    key::ContentKey,
    open::Opening,
    seal::{Sealed, describe_public, seal},
};
