//! The one order of a room: hub accepted timestamp, then message ID (draft-ietf-mimi-content-08 sections 3.4, 4.2 and 5.11).

use core::fmt;

use crate::MessageId;

/// A point in time: whole milliseconds since the start of the Unix epoch, as the hub states it (draft-ietf-mimi-content-08 section 3.4).
///
/// The same unit serves for "now" and for the moment of reading, both of which the caller supplies: nothing here looks at a clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment that many whole seconds after the start of the Unix epoch.
    #[must_use]
    pub const fn from_seconds(seconds: u32) -> Self {
        // At most 2^32 * 1000, far below 2^64.
        Self(seconds as u64 * 1000)
    }

    /// This moment and `seconds` more; the last representable moment if there is no such.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(seconds as u64 * 1000))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

/// Where a message stands in its room: by hub accepted timestamp, and among equal ones the lexically lowest message ID first
/// (draft-ietf-mimi-content-08 section 5.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    // req: MC08-3.4-02, MC08-4.2-01, MC08-5.11-03
    // The derived order compares the fields in this order.
    /// When the hub accepted the message.
    pub accepted: Timestamp,
    /// The message's ID.
    pub id: MessageId,
}
