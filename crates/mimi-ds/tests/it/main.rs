//! The decisions of hub and follower, driven by real MLS clients in memory, and the store in a real file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod consent;
mod create;
mod flow;
mod follower;
mod franking;
mod inspect;
mod key_material;
mod people;
mod restore;
mod store;
mod submit;
mod support;
mod update;
