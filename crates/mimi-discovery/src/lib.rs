#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod answer;
pub mod attestation;
pub mod config;
pub mod csi;
pub mod directory;
mod entropy;
pub mod freshness;
pub mod lookup;
pub mod mapping;
pub mod oblivious;
pub mod oprf;
pub mod paths;
pub mod profile;
pub mod push;
pub mod record;
pub mod removal;
pub mod sealed;
pub mod selection;
pub mod snapshot;
#[cfg(feature = "sqlite")]
pub mod store;
pub mod token;

pub use attestation::CsiAttestation;
pub use csi::{Csi, CsiKind};
pub use entropy::Seed;
pub use mapping::Mapping;
pub use profile::{PublicKey, Seconds};
pub use record::{Anchors, Record, VerifiedRecord};
pub use removal::Removal;

#[cfg(test)]
mod tests;
