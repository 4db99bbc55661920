//! A discovery provider, a relay of another operator, and parties that look, as real servers on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod endpoints;
mod enumeration;
mod federation;
mod look_ups;
mod retrieval;
#[allow(dead_code)] // the bench uses all of it
mod support;
mod transport;
mod who_sees_what;
