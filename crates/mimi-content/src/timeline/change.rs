//! What an operation on a timeline changed, for a view that follows along.

use alloc::string::String;

use thiserror::Error;

use super::order::Timestamp;
use crate::{MessageId, status::MessageStatus};

/// One change of a timeline. Applied in the order given to what was shown before, they give what [`entries`] now shows.
///
/// [`entries`]: super::Timeline::entries
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A new entry.
    Inserted {
        /// The new entry.
        id: MessageId,
        /// The entry it stands before; none when it is the last one.
        before: Option<MessageId>,
    },
    /// The new entry stands before something the user has already been shown (see [`mark_shown`]): it was delayed on its way, or the
    /// hub reordered the room's messages (draft-ietf-mimi-content-08 section 4.2).
    ///
    /// [`mark_shown`]: super::Timeline::mark_shown
    InsertedBeforeShown {
        /// The new entry.
        id: MessageId,
    },
    /// An entry or a reaction has one more version.
    Edited {
        /// The first instance.
        id: MessageId,
        /// The message that is the new version.
        by: MessageId,
        /// Whether it is now the version to show; a version that arrives late is not.
        current: bool,
    },
    /// An entry belongs to another topic.
    TopicChanged {
        /// The first instance.
        id: MessageId,
        /// The message that changed it.
        by: MessageId,
    },
    /// An entry was retracted.
    Deleted {
        /// The first instance.
        id: MessageId,
        /// The message that retracted it.
        by: MessageId,
    },
    /// A message got a reaction.
    Reacted {
        /// The message reacted to, as the reaction names it: perhaps an edited version, perhaps not known.
        to: MessageId,
        /// The reaction.
        reaction: MessageId,
    },
    /// A reaction was taken back.
    ReactionRemoved {
        /// The message reacted to.
        to: MessageId,
        /// The reaction.
        reaction: MessageId,
    },
    /// An entry or a reaction reached its expiry; its content is gone.
    Expired {
        /// The first instance.
        id: MessageId,
    },
    /// An edit or deletion of a message that is not known (yet) is kept until it is.
    Held {
        /// The edit or deletion.
        id: MessageId,
        /// The message it wants to replace.
        target: MessageId,
    },
    /// An edit or deletion has no effect.
    Refused {
        /// The edit or deletion.
        id: MessageId,
        /// The message it wanted to replace.
        target: MessageId,
        /// Why not.
        reason: Refusal,
    },
    /// A message with an ID that is already there was dropped; what is there stays as it is.
    Duplicate {
        /// The ID.
        id: MessageId,
        /// Whether the two differ in sender or accepted timestamp, which an honest repetition does not.
        conflicting: bool,
    },
    /// Following the replies from this message leads back to it. [`reply_chain`] cuts there.
    ///
    /// [`reply_chain`]: super::Timeline::reply_chain
    ReplyLoop {
        /// A message of the loop.
        id: MessageId,
    },
    /// The moment of reading is known, or is earlier than was known.
    Read {
        /// The first instance.
        id: MessageId,
        /// When it will expire, if it will.
        expires: Option<Timestamp>,
    },
    /// Somebody's status of a message changed (draft-mahy-mimi-message-status-01 section 3).
    Status {
        /// The message reported on.
        id: MessageId,
        /// Who reported.
        reporter: String,
        /// The status now.
        status: MessageStatus,
    },
}

/// Why an edit or deletion has no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Neither the author nor anybody authorized sent it.
    #[error("only the author, or somebody the room's policy authorizes, can change a message ({})", self.section())]
    NotAuthorized,
    /// It names a message that is itself a replacement.
    #[error("a replacement has to name the first instance of a message ({})", self.section())]
    NotFirstInstance,
}

impl Refusal {
    /// Where the rule stands.
    #[must_use]
    pub const fn section(&self) -> &'static str {
        match self {
            Self::NotAuthorized => "draft-ietf-mimi-content-08 section 9.3",
            Self::NotFirstInstance => "draft-ietf-mimi-content-08 section 5.5",
        }
    }
}
