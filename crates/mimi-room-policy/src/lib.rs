#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod asset;
pub mod authorize;
pub mod base_room_policy;
pub mod bot;
pub mod capability;
pub mod chat_history;
pub mod consistency;
pub mod envelope;
pub mod fields;
pub mod join_code;
pub mod join_link;
pub mod link_preview;
pub mod lint;
pub mod logging;
pub mod message_expiration;
pub mod operational;
pub mod optionality;
pub mod policy;
pub mod preauth;
pub mod ready_made;
pub mod roles;
pub mod status_notification;
