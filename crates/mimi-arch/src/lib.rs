#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod glossary;
pub mod identifier;
pub mod revisions;
mod role;

pub use identifier::{
    ClientUri, Domain, GroupUri, MAX_URI, MimiUri, ProviderUri, PseudonymUri, RoomUri, TeamUri, UriError, UriKind,
    UriRule, UserUri,
};
pub use role::RoleIndex;
