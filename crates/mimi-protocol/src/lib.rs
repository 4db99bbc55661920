#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod application_framing;
pub mod component;
pub mod consent;
pub mod crypto;
pub mod directory;
pub mod enqueue_authorization;
pub mod franking;
pub mod group_info;
pub mod host_from;
#[cfg(any(feature = "client", feature = "server"))]
pub mod http;
pub mod identifier_query;
pub mod identifier_uri;
pub mod key_material;
pub mod minimal_metadata;
pub mod mls;
pub mod notify;
pub mod participant_list;
pub mod protocol;
pub mod proxy_download;
pub mod ratchet_tree;
pub mod report_abuse;
pub mod room_metadata;
pub mod safe_aad;
pub mod semi_private_message;
pub mod submit_message;
#[cfg(test)]
mod testing;
pub mod update;
pub mod values;

pub use codec::{DecodeError, EncodeError, Wire};
pub use identifier_uri::IdentifierUri;
pub use mimi_arch::codec;
pub use protocol::Protocol;
pub use values::{AcceptedTimestamp, CipherSuite, Epoch, HashFunction, KeyPackageRef, ProposalRef, SignatureScheme};
