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
//!
//! # What a client can do
//!
//! Who may do what is decided by the room's policy, at the hub and at every client. All that changes a room is an [`Intent`], which
//! [`Client::carry_out`] applies again when the room has moved on meanwhile; the methods below are short for that.
//!
//! ```no_run
//! # use mimi_client::{Client, Draft, Event, MetadataChange, ReportOptions};
//! # use std::time::Duration;
//! # async fn all(alice: Client, phone: Client) -> Result<(), mimi_client::ClientError> {
//! # let (room, bob) = ("mimi://a.example/r/clubhouse".parse()?, "mimi://b.example/u/bob".parse()?);
//! # let name = mimi_protocol::room_metadata::Utf8String::new("The clubhouse")?;
//! # let role = mimi_arch::RoleIndex(1);
//! alice.create_room("clubhouse").await?; // by another policy: create_room_with, create_room_by_policy
//! alice.add(&room, &bob).await?;
//! alice.change_role(&room, &bob, role).await?;
//! alice.set_metadata(&room, MetadataChange { name: Some(name), ..MetadataChange::default() }).await?;
//! alice.kick(&room, &bob).await?; // may come back
//! alice.ban(&room, &bob).await?; // may not
//! alice.unban(&room, &bob, Some(role)).await?;
//! alice.remove(&room, &bob).await?;
//!
//! // Messages, and messages about them.
//! let sent = alice.submit_draft(&room, Draft::Markdown("*hello*".into())).await?;
//! alice.edit(&room, sent.id, "hello").await?;
//! alice.react(&room, sent.id, "\u{2764}").await?;
//! alice.reply(&room, sent.id, "hello again").await?;
//! alice.delete(&room, sent.id).await?;
//!
//! // What comes; and commits what others proposed, when the room wants it.
//! for event in alice.attend(Duration::from_secs(30)).await? {
//!     if let Event::Message { sender, text, .. } = event {
//!         println!("{sender}: {text}");
//!     }
//! }
//!
//! // A new device of the same user, registered with alice's user_secret; it may take the place of a lost one.
//! phone.join_external(&room).await?;
//! phone.take_over(&room, alice.id()).await?;
//! // After the state file was restored from an older copy, before anything else.
//! phone.recover().await?;
//!
//! // People.
//! phone.request_consent(&bob, Some(&room)).await?;
//! phone.find(bob.domain(), Vec::new()).await?;
//! let messages = phone.reportable(&room, &bob, 1).await?;
//! let reason = mimi_protocol::report_abuse::AbuseType::RESERVED;
//! let report = ReportOptions { abuser: bob, messages, reason, note: "insults".into(), anonymous: false };
//! phone.report(&room, report).await?;
//! phone.leave(&room).await?;
//! # Ok(()) }
//! ```
//!
//! # State files
//!
//! A state file holds private keys and the account's secret, in the clear unless [`Client::register_encrypted`] made it or
//! [`Client::encrypt_state`] changed it. Whoever has an older copy of it and goes on with that calls [`Client::recover`] first.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod api;
mod client;
mod crypto;
mod error;
mod events;
mod invitation;
mod mls;
mod pending;
mod session;
mod state;
#[cfg(test)]
mod tests;

pub use self::crypto::LibraryHpke;
pub use self::state::vault::Passphrase;
pub use self::{
    client::{
        Client, ClientConfig, ConsentSummary, Consents, Conveyed, DiscoveryError, Download, Endpoint, JoinLinkOptions,
        LookUp, LookUpMode, LookUpOptions, NewRegistration, Next, NotReachable, ProfileField, ProfileFieldName,
        Progress, Reached, Recovered, Sent,
    },
    error::{ClientError, GroupInfoFailure, IntentFault, KeyMaterialFailure, MlsFailure, StateError, TransportError},
    events::{EndedBy, Event, Form, Franking, Relation, RoomSummary},
    invitation::{Invitation, InvitationError},
    pending::{CommitTime, WaitingProposals},
    session::{
        Draft, Intent, MetadataChange, NewJoinLink, NewRoom, PrepareOptions, PreparedUpdate, ReportOptions,
        RoomDetails, RoomOptions,
    },
};
pub use mimi_content::MessageId;
