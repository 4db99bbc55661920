//! What a view reads of one message.

use alloc::vec::Vec;

use super::{
    Timeline,
    authority::Action,
    order::{Position, Timestamp},
    reaction::Reaction,
    record::{First, Kind, Known, Outcome, State},
    reply::ReplyTarget,
};
use crate::{Expiration, MessageId, MimiContent, NestedPart, TopicId, status::MessageStatus};

/// One message of the timeline with all that happened to it.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    state: &'a State,
    first: &'a First,
}

/// What is to be shown of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shown<'a> {
    /// The body of the version in force.
    Body(&'a NestedPart),
    /// A placeholder (draft-ietf-mimi-content-08 section 5.6).
    Deleted {
        /// The message that retracted it; the first of several.
        by: MessageId,
    },
    /// Nothing: the message has expired (section 5.8).
    Expired,
}

/// One version of an edited message, for a view that offers the earlier ones (draft-ietf-mimi-content-08 section 9.3).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Version<'a> {
    /// The message that is this version.
    pub id: MessageId,
    /// Where it stands.
    pub position: Position,
    /// Who sent it; not the author where somebody else is authorized to edit.
    pub sender: &'a str,
    /// What it did.
    pub action: Action,
    /// Its body; none for a deletion, for a change of the topic alone, and once the message is deleted or expired.
    pub body: Option<&'a NestedPart>,
}

/// An edit or deletion whose target is not known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held<'a> {
    /// The edit or deletion.
    pub id: MessageId,
    /// Where it stands.
    pub position: Position,
    /// Who sent it. Whether this is the author cannot be known.
    pub sender: &'a str,
    /// What it wants to replace.
    pub target: MessageId,
    /// What was sent.
    pub content: &'a MimiContent,
}

impl<'a> Entry<'a> {
    pub(super) fn new(state: &'a State, first: &'a First) -> Self {
        Self { state, first }
    }

    /// The ID of the first instance, which edits, deletions and a view's own bookkeeping go by.
    #[must_use]
    pub fn id(&self) -> MessageId {
        self.first.position.id
    }

    /// The ID of the version that is shown, which a reply or a reaction to what the user sees names (section 4.1).
    #[must_use]
    pub fn current_id(&self) -> MessageId {
        self.first.current()
    }

    /// Where the first instance stands. Edits do not move a message.
    #[must_use]
    pub fn position(&self) -> Position {
        self.first.position
    }

    /// Who sent the first instance.
    #[must_use]
    pub fn sender(&self) -> &'a str {
        &self.first.sender
    }

    /// What is to be shown.
    #[must_use]
    pub fn shown(&self) -> Shown<'a> {
        match (self.first.expired, self.first.deleted_by, self.first.body()) {
            (true, _, _) => Shown::Expired,
            (false, Some(by), _) => Shown::Deleted { by: by.id },
            (false, None, Some(body)) => Shown::Body(body),
            // Content goes only with one of the two above.
            (false, None, None) => Shown::Expired,
        }
    }

    /// The body of the version in force, if it has not been deleted and has not expired.
    #[must_use]
    pub fn body(&self) -> Option<&'a NestedPart> {
        self.first.body()
    }

    /// The first instance as it was received, if it has not been deleted and has not expired.
    #[must_use]
    pub fn original(&self) -> Option<&'a MimiContent> {
        self.first.content.as_ref()
    }

    /// Whether another body than the first is shown. A view says so (section 9.3).
    #[must_use]
    // req: MC08-9.3-01
    pub fn is_edited(&self) -> bool {
        self.first.body_by.is_some()
    }

    /// Whether the message was retracted.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.first.deleted_by.is_some()
    }

    /// Whether the message is a reaction, which is not listed as an entry of its own.
    #[must_use]
    pub fn is_reaction(&self) -> bool {
        self.first.kind == Kind::Reaction
    }

    /// The edits and deletions that took effect, in the room's order; the first instance is not among them.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = Version<'a>> + use<'a> {
        self.first.versions.iter().map(|(position, version)| Version {
            id: position.id,
            position: *position,
            sender: &version.sender,
            action: version.action,
            body: version.body.as_ref(),
        })
    }

    /// Attempts of others to change the message, in the room's order.
    pub fn refused(&self) -> impl Iterator<Item = (MessageId, &'a str)> + use<'a> {
        let state = self.state;
        self.first.refused.iter().filter_map(|position| Some((position.id, state.known.get(&position.id)?.sender())))
    }

    /// The topic; empty if there is none.
    #[must_use]
    pub fn topic(&self) -> &'a TopicId {
        &self.first.topic
    }

    /// The version of a message that this one replies or reacts to.
    #[must_use]
    pub fn in_reply_to(&self) -> Option<MessageId> {
        self.first.in_reply_to
    }

    /// What has become of the message that this one replies or reacts to.
    #[must_use]
    pub fn reply_target(&self) -> Option<ReplyTarget> {
        self.first.in_reply_to.map(|id| self.state.reply_target(&id))
    }

    /// The replies, as [`Timeline::replies_to`](super::Timeline::replies_to).
    #[must_use]
    pub fn replies(&self) -> Vec<Entry<'a>> {
        self.state.replies_to(&self.id())
    }

    /// The reactions, as [`Timeline::reactions_to`](super::Timeline::reactions_to).
    #[must_use]
    pub fn reactions(&self) -> Vec<Reaction<'a>> {
        self.state.reactions_to(&self.id())
    }

    /// What has been reported about the first instance, by reporter.
    pub fn statuses(&self) -> impl Iterator<Item = (&'a str, MessageStatus)> {
        self.state.statuses.of_message(&self.first.position.id)
    }

    /// When the local user first read it.
    #[must_use]
    pub fn read_at(&self) -> Option<Timestamp> {
        self.first.read_at
    }

    /// When it expires or has expired; none if it does not, or not before it is read.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.first.deadline()
    }
}

impl core::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Entry")
            .field("position", &self.first.position)
            .field("sender", &self.first.sender)
            .field("shown", &self.shown())
            .finish_non_exhaustive()
    }
}

impl<A> Timeline<A> {
    /// The edits and deletions whose target is not known, by target and then in the room's order: it may have been sent before the
    /// local user joined (section 9.1 calls that legitimate). A view may show them as what they are, an edit of something unseen; it
    /// cannot know whether their senders were entitled to them. One that has expired by its own word is left out.
    pub fn held(&self) -> impl Iterator<Item = Held<'_>> {
        self.state.held.values().flatten().filter_map(|position| match self.state.known.get(&position.id)? {
            Known::Replacement(replacement) => match &replacement.outcome {
                Outcome::Held(content) if !self.state.past(content) => Some(Held {
                    id: position.id,
                    position: *position,
                    sender: &replacement.sender,
                    target: replacement.target,
                    content,
                }),
                Outcome::Held(_) | Outcome::Applied | Outcome::Refused(_) => None,
            },
            Known::First(_) => None,
        })
    }
}

impl State {
    /// Whether a moment that the message itself names has passed.
    fn past(&self, content: &MimiContent) -> bool {
        matches!(content.expires, Some(Expiration::Absolute(seconds)) if Timestamp::from_seconds(seconds) <= self.horizon)
    }
}
