//! The decisions of hub and follower, driven by real MLS clients in memory, and the store in a real file.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod authorization;
mod consent;
mod create;
mod external_senders;
mod flow;
mod follower;
mod franking;
mod hub_proposals;
mod inspect;
mod join_code;
mod key_material;
mod leaves;
mod leaves_walk;
mod leaving;
mod many_rooms;
mod membership_style;
mod people;
mod queues;
mod reinit;
mod reinit_commit;
mod restore;
mod room_life;
mod snapshots;
mod store;
mod submit;
mod support;
mod update;
