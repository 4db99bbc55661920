//! One MLS client of MIMI rooms, on OpenMLS.
//!
//! [`Client`] is what a person's device runs: it keeps its keys, groups and queue position in one SQLite file, talks to
//! its own provider through the client API (`mimi-client-api`), and takes the steps of draft-ietf-mimi-protocol-06
//! section 3 that the draft gives to clients: create a room, add users, send, leave, join with a new device.
//! What a client receives comes out as [`Event`]s, each reported only after the state that it changed is durable.
//!
//! The crate has two halves. The inner one (`mls`, `state`, `session`) does no network I/O: bytes in, bytes and events
//! out, every step one SQLite transaction that holds the MLS state and our own tables together. The outer one
//! ([`Client`]) moves those bytes.
//!
//! ```no_run
//! # async fn first() -> Result<(), mimi_client::ClientError> {
//! use mimi_client::{Client, ClientConfig};
//!
//! let config = ClientConfig {
//!     state: "alice-laptop.sqlite".into(),
//!     endpoint: "https://127.0.0.1:4433".into(),
//!     domain: "a.example".parse()?,
//!     ca_pem: std::fs::read("ca.pem").unwrap_or_default(),
//! };
//! let alice = Client::register(config, "alice", "laptop", None).await?;
//! let room = alice.create_room("clubhouse").await?;
//! alice.add(&room, &"mimi://b.example/u/bob".parse()?).await?;
//! alice.send(&room, "hello").await?;
//! # Ok(()) }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod api;
mod client;
mod crypto;
mod error;
mod events;
mod mls;
mod session;
mod state;
#[cfg(test)]
mod tests;

pub use self::crypto::LibraryHpke;
pub use self::{
    client::{
        Client, ClientConfig, ConsentSummary, Consents, Conveyed, Download, Endpoint, ProfileField, ProfileFieldName,
        Sent,
    },
    error::{ClientError, GroupInfoFailure, IntentFault, KeyMaterialFailure, MlsFailure, StateError, TransportError},
    events::{Event, Form, Franking, Relation, RoomSummary},
    session::{Draft, Intent, MetadataChange, PrepareOptions, PreparedUpdate, ReportOptions, RoomDetails, RoomOptions},
};
pub use mimi_content::MessageId;
