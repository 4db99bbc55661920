#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod codec;
pub mod component;
pub mod glossary;
pub mod identifier;
pub mod media_type;
pub mod mls;
pub mod revisions;
mod role;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod uri;

pub use codec::{DecodeError, EncodeError, Wire};
pub use identifier::{
    ClientUri, Domain, GroupUri, MAX_URI, MimiUri, ProviderUri, PseudonymUri, RoomUri, TeamUri, UriError, UriKind,
    UriRule, UserUri,
};
pub use media_type::MediaType;
pub use role::RoleIndex;
pub use uri::{HttpsUri, Uri};
