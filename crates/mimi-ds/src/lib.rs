//! What a MIMI provider decides: as the hub of its rooms and as a follower of others' (draft-ietf-mimi-protocol-06 section 5).
//!
//! [`hub::HubRoom`] is the state machine of one room, [`follower`] the rules of a provider that is not the hub. Both are pure: time
//! comes in as an argument, and what has to happen comes out as [`Effect`]s, which a [`store::Store`] makes durable as a whole
//! before the request is answered. MLS is seen through one trait, [`group::RoomGroup`]; the default feature `openmls` fills it with
//! `OpenMlsRoomGroup`, the default feature `sqlite` fills the store.
//!
//! A hub never sees what is said in a room, and this crate depends on nothing that could read it.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod consent;
pub mod effect;
pub mod follower;
pub mod group;
pub mod hub;
#[cfg(feature = "openmls")]
mod openmls_group;
pub mod retry;
pub mod store;

pub use effect::{Effect, LogEntry};
pub use group::RoomGroup;
#[cfg(feature = "openmls")]
pub use openmls_group::{KeyPackageError, OpenMlsHpke, OpenMlsRoomGroup, verify_key_package};
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{Store, StoreError, Ticket};

/// The examples of the README.
#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
