//! Message content and status reports: draft-ietf-mimi-content-08 and draft-mahy-mimi-message-status-01.
//!
//! Valid messages are made by the builders of mimi-content, because another decoder reads them in the tests; malformed ones, message
//! IDs and salts are made here, octet by octet.

mod cbor;
mod decoded;
mod examples;
mod features;
mod hashes;
mod malformed_cbor;
mod malformed_layout;
mod part_index;
mod status;

use anyhow::Result;
use mimi_arch::revisions;
use mimi_content::MimiContent;

use super::builder::{Built, Case, FileBuilder};

/// A section of draft-ietf-mimi-content-08.
macro_rules! section {
    ($number:literal) => {
        concat!("draft-ietf-mimi-content-08 section ", $number)
    };
}
use section;

/// The type of the groups of messages.
const GROUP_TYPE: &str = "Wire";

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![
        examples::build()?,
        features::build()?,
        malformed_cbor::build()?,
        malformed_layout::build()?,
        hashes::message_ids()?,
        hashes::salts()?,
        part_index::build()?,
        status::build()?,
    ])
}

fn file(name: &str, r#type: &str, section: &str) -> FileBuilder {
    FileBuilder::new("mimi-content", revisions::CONTENT, name, r#type, section)
}

/// A message that is read as what it was made of, and written as the same octets.
fn valid(comment: &str, flag: &str, content: &MimiContent) -> Case {
    Case::valid(comment, flag).octets("encoded", &content.encode()).with("decoded", decoded::message(content))
}
