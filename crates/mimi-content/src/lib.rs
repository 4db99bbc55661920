#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod borrowed;
pub mod builder;
pub mod cbor;
pub mod check;
pub mod choose;
pub mod container;
pub mod disposition;
pub mod error;
pub mod expiration;
pub mod extension;
#[cfg(feature = "encryption")]
pub mod external;
pub mod language;
#[cfg(feature = "markdown")]
pub mod markdown;
pub mod message_id;
pub mod part;
pub mod part_index;
pub mod salt;
pub mod status;
pub mod timeline;
pub mod topic;

pub use borrowed::{
    ExtensionsRef, ExternalPartRef, MimiContentRef, MultiPartRef, NestedPartRef, PartRef, SinglePartRef,
};
pub use builder::{ContentBuilder, DeletionBuilder, ReactionBuilder};
pub use cbor::{Float, MapKey, Simple, Value};
pub use choose::Choice;
pub use container::MimiContent;
pub use disposition::Disposition;
pub use error::{DecodeError, Field, Rule};
pub use expiration::Expiration;
pub use extension::{ExtensionError, ExtensionKey, Extensions};
pub use language::{Language, LanguageError};
pub use message_id::{MessageId, MessageIdError};
pub use part::{ExternalPart, MultiPart, NestedPart, Part, PartSemantics, PartsError, SinglePart};
pub use part_index::{CidError, PartIndex};
pub use salt::{SALT_EXPORTER_LABEL, Salt};
pub use topic::{TopicId, TopicIdError};

/// The draft this crate follows.
pub const DRAFT: &str = "draft-ietf-mimi-content-08";

// req: MC08-7.1-01
/// Media type of a message, section 8.1.
pub const MEDIA_TYPE: &str = "application/mimi-content";
/// Media type of plain text, section 7.1.
pub const TEXT_PLAIN: &str = "text/plain;charset=utf-8";
/// Media type of the draft's Markdown, section 7.1.
pub const TEXT_MARKDOWN: &str = "text/markdown;variant=GFM-MIMI";

/// Most levels of nested parts, the body being level 1 (section 6.3).
pub const MAX_PART_DEPTH: usize = 4;
/// Most levels of maps, arrays and tags in the extensions, their map being level 1 (section 6.3).
pub const MAX_EXTENSION_DEPTH: usize = 4;
/// Most parts of a message, containers counted (section 9.1).
pub const MAX_PARTS: usize = 1024;
/// Most octets of a topic (section 9.1).
pub const MAX_TOPIC: usize = 4096;
/// Largest integer key of a map, towards both sides of zero (section 6.2).
pub const MAX_INTEGER_KEY: i64 = (1 << 53) - 1;
/// Most octets of a text key of the extensions (section 6.2).
pub const MAX_TEXT_KEY: usize = 255;
