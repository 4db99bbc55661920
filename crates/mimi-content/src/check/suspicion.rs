//! The reasons, one for each case of the draft.

use alloc::string::String;
use core::fmt;

use thiserror::Error;

use crate::{DecodeError, MAX_PART_DEPTH, MAX_PARTS, MAX_TOPIC, MessageId, Rule, timeline::Timestamp};

/// Which message ID a reason speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IdField {
    /// The message's own.
    Message,
    /// The one in `replaces`.
    Replaces,
    /// The one in `inReplyTo`.
    InReplyTo,
}

impl fmt::Display for IdField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "the message ID",
            Self::Replaces => "replaces",
            Self::InReplyTo => "inReplyTo",
        })
    }
}

/// A reason to think that a message was made by somebody malicious (draft-ietf-mimi-content-08 section 9.1).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Suspicion {
    /// The apparent sender is not in the group.
    #[error("the sender is not a member of the MLS group")]
    SenderNotMember,
    /// The ID was encountered before.
    #[error("message {id} was received before")]
    DuplicateMessageId {
        /// The ID.
        id: MessageId,
    },
    /// A message ID made in a way nobody knows.
    #[error("{field} begins with the unknown hash algorithm {algorithm}")]
    UnknownHashAlgorithm {
        /// Which ID.
        field: IdField,
        /// Its first octet.
        algorithm: u8,
    },
    /// Accepted more than a few minutes from now.
    #[error("accepted at {accepted}, more than {tolerance_ms} ms after now, which is {now}")]
    TimestampInFuture {
        /// When the hub says it accepted the message.
        accepted: Timestamp,
        /// The receiver's clock.
        now: Timestamp,
        /// What would have been tolerated, in milliseconds.
        tolerance_ms: u64,
    },
    /// Accepted before anybody could write such a message.
    #[error("accepted at {accepted}, before the format was first published at {earliest}")]
    TimestampBeforeSyntax {
        /// When the hub says it accepted the message.
        accepted: Timestamp,
        /// The earliest credible moment.
        earliest: Timestamp,
    },
    /// Accepted before there was the room.
    #[error("accepted at {accepted}, before the room was created at {created}")]
    TimestampBeforeRoom {
        /// When the hub says it accepted the message.
        accepted: Timestamp,
        /// When the room was created.
        created: Timestamp,
    },
    /// A very long topic.
    #[error("a topic of more than {limit} octets")]
    TopicTooLong {
        /// The limit, in octets.
        limit: usize,
    },
    /// An absolute expiry more than a year in the past.
    #[error("expires at {expires}, more than a year before it was accepted at {accepted}")]
    ExpiresInPast {
        /// When it expires.
        expires: Timestamp,
        /// When the hub says it accepted the message.
        accepted: Timestamp,
    },
    /// An absolute expiry more than a year in the future.
    #[error("expires at {expires}, more than a year after it was accepted at {accepted}")]
    ExpiresInFuture {
        /// When it expires.
        expires: Timestamp,
        /// When the hub says it accepted the message.
        accepted: Timestamp,
    },
    /// A relative expiry of more than a year.
    #[error("expires {seconds} s after reading, which is more than {limit} s")]
    RelativeExpirationTooLong {
        /// How long after reading, in seconds.
        seconds: u32,
        /// The limit, in seconds.
        limit: u32,
    },
    /// Too many parts.
    #[error("more than {limit} parts")]
    TooManyParts {
        /// The limit, containers counted.
        limit: usize,
    },
    /// Parts nested too deeply.
    #[error("parts nested more than {limit} levels deep")]
    TooDeep {
        /// The limit, the body being level 1.
        limit: usize,
    },
    /// Larger than local policy allows.
    #[error("a message of {octets} octets; at most {limit} are taken")]
    TooLarge {
        /// The size, in octets.
        octets: usize,
        /// The limit, in octets.
        limit: usize,
    },
    /// Part semantics other than the three.
    #[error("unknown part semantics at offset {offset}")]
    UnknownPartSemantics {
        /// Where in the octets of the message.
        offset: usize,
    },
    /// The message claims another sender (draft-ietf-mimi-protocol-06 section 5.4.1.3).
    #[error("the message says that {asserted} sent it, and the MLS group that {sender} did")]
    SenderUriMismatch {
        /// What the message says.
        asserted: String,
        /// What is true.
        sender: String,
    },
    /// The message claims to belong to another room (draft-ietf-mimi-protocol-06 section 5.4.1.3).
    #[error("the message says that it belongs to {asserted}, and came in {room}")]
    RoomUriMismatch {
        /// What the message says.
        asserted: String,
        /// What is true.
        room: String,
    },
}

impl Suspicion {
    /// Document and section of the case.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self {
            Self::SenderUriMismatch { .. } | Self::RoomUriMismatch { .. } => {
                "draft-ietf-mimi-protocol-06 section 5.4.1.3"
            }
            _ => "draft-ietf-mimi-content-08 section 9.1",
        }
    }

    /// The case of section 9.1 that made a message unreadable, if it was one of these.
    #[must_use]
    pub fn of_decode_error(error: &DecodeError) -> Option<Self> {
        match error.rule() {
            Rule::TopicLength => Some(Self::TopicTooLong { limit: MAX_TOPIC }),
            Rule::TooManyParts => Some(Self::TooManyParts { limit: MAX_PARTS }),
            Rule::PartDepth => Some(Self::TooDeep { limit: MAX_PART_DEPTH }),
            // req: MC08-9.1-10
            Rule::PartSemantics => Some(Self::UnknownPartSemantics { offset: error.offset() }),
            _ => None,
        }
    }
}
