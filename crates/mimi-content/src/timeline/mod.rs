//! What a chat view shows of a room: messages in one order, edited, deleted, reacted to, expired and reported on
//! (draft-ietf-mimi-content-08 sections 4 and 5).
//!
//! A [`Timeline`] takes in messages in whatever order they arrive and always shows what it would show had they arrived in the room's
//! order. It is a value: it has no clock and does nothing by itself. Every operation says what it [`Change`]d. Inserting a message,
//! applying an edit and reading a receipt take time logarithmic in the number of messages kept.
//!
//! What is shown depends on what was put in and not on the order it was put in. Three rules make it so. A deletion and an expiry are
//! final: nothing shows a message again. An edit counts by its place in the room's order, not by its arrival. Whatever refers to a
//! message that is not known waits for it.
//!
//! ```
//! use mimi_content::{MessageId, MimiContent, Salt, timeline::{Received, Timeline, Timestamp}};
//!
//! let (room, alice, bob) = ("mimi://a.example/r/tea", "mimi://a.example/u/alice", "mimi://b.example/u/bob");
//! let receive = |sender: &str, accepted, content: MimiContent| {
//!     let id = content.message_id(sender, room).unwrap();
//!     (id, Received { id, sender: sender.into(), accepted: Timestamp(accepted), content })
//! };
//! let mut timeline = Timeline::new();
//! let (question, received) = receive(alice, 1_750_000_000_000, MimiContent::text("Tee?", Salt::new([1; 16])).build());
//! timeline.insert(received);
//! let (_, received) = receive(bob, 1_750_000_001_000, MimiContent::text("\u{2764}", Salt::new([2; 16])).reply_to(question).build());
//! timeline.insert(received);
//! let (_, received) = receive(alice, 1_750_000_002_000, MimiContent::text("Tea?", Salt::new([3; 16])).edit(question).build());
//! timeline.insert(received);
//!
//! assert_eq!(timeline.entries().count(), 2);
//! assert!(timeline.entry(&question).unwrap().is_edited());
//! assert_eq!(timeline.replies_to(&question).len(), 1);
//! ```

mod authority;
mod change;
mod entry;
mod expiry;
mod order;
mod reaction;
mod record;
mod replace;
mod reply;
mod status;
mod thread;

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, collections::BTreeMap, string::String, vec, vec::Vec};
use core::{
    fmt,
    ops::Bound::{Excluded, Unbounded},
};

pub use authority::{Action, AuthorOnly, Authority, Grant, Request};
pub use change::{Change, Refusal};
pub use entry::{Entry, Held, Shown, Version};
pub use order::{Position, Timestamp};
pub use reaction::Reaction;
pub use reply::{Chain, ChainEnd, ReplyTarget};

use crate::{MessageId, MimiContent};
use record::{First, Kind, Known, State};

/// A message as it came out of the room's MLS group, checked (see [`check`](crate::check::check)).
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The message's ID, computed from its octets and the sender and room the group vouches for.
    pub id: MessageId,
    /// The user who sent it: the user URI of the MLS credential, so that all of a user's clients are one author. Compared octet by octet.
    pub sender: String,
    /// When the hub accepted it.
    pub accepted: Timestamp,
    /// What was sent.
    pub content: MimiContent,
}

/// The messages of one room as they are to be shown. See the [module](self).
#[derive(Clone, Default)]
pub struct Timeline<A = AuthorOnly> {
    authority: A,
    state: State,
}

impl Timeline {
    /// An empty timeline in which authors, and nobody else, edit and delete their messages.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<A: Authority> Timeline<A> {
    /// An empty timeline in which `authority` decides about edits and deletions.
    pub fn with_authority(authority: A) -> Self {
        Self { authority, state: State::default() }
    }

    /// Takes in a message: a new one, a reply, a reaction, an edit or a deletion.
    ///
    /// A message whose ID is known already is dropped (draft-ietf-mimi-content-08 section 9.1) and changes nothing.
    pub fn insert(&mut self, received: Received) -> Vec<Change> {
        // req: MC08-9.1-02
        if let Some(known) = self.state.known.get(&received.id) {
            let conflicting = known.position().accepted != received.accepted || known.sender() != received.sender;
            return vec![Change::Duplicate { id: received.id, conflicting }];
        }
        let mut changes = Vec::new();
        match received.content.replaces {
            Some(target) => self.insert_replacement(target, received, &mut changes),
            None => self.insert_first(received, &mut changes),
        }
        changes
    }

    fn insert_first(&mut self, received: Received, changes: &mut Vec<Change>) {
        let Received { id, sender, accepted, content } = received;
        let position = Position { accepted, id };
        let kind = Kind::of(&content);
        if let Some(to) = content.in_reply_to {
            let index = if kind == Kind::Reaction { &mut self.state.reactions } else { &mut self.state.replies };
            index.entry(to).or_default().insert(position);
        }
        match (kind, content.in_reply_to) {
            (Kind::Reaction, Some(to)) => changes.push(Change::Reacted { to, reaction: id }),
            _ => {
                let before = self.state.order.range((Excluded(position), Unbounded)).next().map(|next| next.id);
                self.state.order.insert(position);
                // req: MC08-4.1-04, MC08-5.11-02
                if !content.topic_id.is_empty() {
                    self.state.threads.entry(content.topic_id.clone()).or_default().insert(position);
                }
                changes.push(Change::Inserted { id, before });
                if self.state.shown.is_some_and(|shown| position < shown) {
                    changes.push(Change::InsertedBeforeShown { id });
                }
            }
        }
        let first = First {
            position,
            sender,
            kind,
            in_reply_to: content.in_reply_to,
            expires: content.expires,
            topic: content.topic_id.clone(),
            topic_by: None,
            content: Some(content),
            versions: BTreeMap::new(),
            body_by: None,
            deleted_by: None,
            refused: Default::default(),
            read_at: None,
            expired: false,
        };
        self.state.known.insert(id, Known::First(Box::new(first)));
        self.state.apply_read(id, id, changes);
        self.state.schedule(id, changes);
        self.settle_held(id, changes);
        self.state.report_loop(id, changes);
    }
}

impl<A> Timeline<A> {
    /// How many entries are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.order.len()
    }

    /// Whether nothing is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.order.is_empty()
    }

    /// Whether a message with this ID was taken in, be it shown, a reaction, an edit, refused or expired.
    #[must_use]
    pub fn contains(&self, id: &MessageId) -> bool {
        self.state.known.contains_key(id)
    }

    /// The entries in the room's order. Reactions, edits and deletions are not entries but part of them; expired messages are gone;
    /// deleted ones stay as placeholders.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.state
            .order
            .iter()
            .filter_map(|position| self.first(&position.id))
            .map(|first| Entry::new(&self.state, first))
    }

    /// The entries from `position` on, which need not be one of them. With `.rev()` a view pages upwards from [`entries_before`].
    ///
    /// [`entries_before`]: Self::entries_before
    pub fn entries_from(&self, position: Position) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.state
            .order
            .range(position..)
            .filter_map(|position| self.first(&position.id))
            .map(|first| Entry::new(&self.state, first))
    }

    /// The entries before `position`, which need not be one of them.
    pub fn entries_before(&self, position: Position) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.state
            .order
            .range(..position)
            .filter_map(|position| self.first(&position.id))
            .map(|first| Entry::new(&self.state, first))
    }

    /// The entry or reaction that a message belongs to: the message itself, or what it edits or deletes. Expired ones too, which
    /// [`entries`](Self::entries) leaves out; none for what is unknown, waits or was refused.
    #[must_use]
    pub fn entry(&self, id: &MessageId) -> Option<Entry<'_>> {
        self.first(&self.state.root(id)?).map(|first| Entry::new(&self.state, first))
    }

    /// Remembers that the user has been shown the entries up to this place, so that later insertions before it are reported as
    /// [`Change::InsertedBeforeShown`].
    pub fn mark_shown(&mut self, up_to: Position) {
        self.state.shown = self.state.shown.max(Some(up_to));
    }

    fn first(&self, id: &MessageId) -> Option<&First> {
        self.state.first(id)
    }
}

impl State {
    pub(super) fn first(&self, id: &MessageId) -> Option<&First> {
        match self.known.get(id)? {
            Known::First(first) => Some(first),
            Known::Replacement(_) => None,
        }
    }

    pub(super) fn first_mut(&mut self, id: &MessageId) -> Option<&mut First> {
        match self.known.get_mut(id)? {
            Known::First(first) => Some(first),
            Known::Replacement(_) => None,
        }
    }

    /// The first instance of the message that `id` is a version of.
    pub(super) fn root(&self, id: &MessageId) -> Option<MessageId> {
        match self.known.get(id)? {
            Known::First(first) => Some(first.position.id),
            Known::Replacement(replacement) => match replacement.outcome {
                record::Outcome::Applied => Some(replacement.target),
                record::Outcome::Held(_) | record::Outcome::Refused(_) => None,
            },
        }
    }
}

/// Equal when everything kept is equal, whoever the authorities are.
impl<A, B> PartialEq<Timeline<B>> for Timeline<A> {
    fn eq(&self, other: &Timeline<B>) -> bool {
        self.state == other.state
    }
}

impl<A> fmt::Debug for Timeline<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline").field("state", &self.state).finish_non_exhaustive()
    }
}
