//! The command line of MIMI: runs the example flow of the protocol draft across three providers of its own, runs one
//! provider, speaks as a client, explains the conformance checks, checks, shows and makes message content and policies of rooms, shows any
//! other object.
//!
//! This crate alone brings `mimi-provider` and `mimi-conformance` together.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod admin_command;
mod arguments;
mod client_command;
mod conformance_command;
mod content_command;
mod create_command;
mod discovery_command;
mod embedded;
mod embedded_discovery;
mod find_command;
mod init_command;
mod input;
mod join_link_command;
mod people_command;
mod policy_command;
mod reports_command;
mod room_command;
mod screen;
mod serve_command;
mod show_command;
mod state_command;

pub use arguments::run_from_arguments;
pub use embedded::{Embedded, EmbeddedError};
