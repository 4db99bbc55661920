//! Message status reports: who has received, read, hidden … which message (draft-mahy-mimi-message-status-01).
//!
//! A member of the room sends a [`MessageStatusReport`] about messages of that room. [`StatusBook`] merges the reports of everybody;
//! what may follow what is in [`MessageStatus::after`]. Whether reports are required, optional or forbidden is the room's policy and the
//! user's choice (section 3), not this module's.

mod book;
mod report;
mod value;

pub use self::{
    book::{StatusBook, StatusChange},
    report::{MessageStatusReport, PerMessageStatus},
    value::{MessageStatus, Transition, UnknownStatus},
};

/// The draft this module follows.
pub const DRAFT: &str = "draft-mahy-mimi-message-status-01";

/// Media type of a report (section 7.1).
// req: MS01-3-01
pub const MEDIA_TYPE: &str = "application/mimi-message-status";

#[cfg(test)]
mod tests;
