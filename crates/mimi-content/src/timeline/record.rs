//! What a timeline keeps of each message.

use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    string::String,
};

use super::{
    authority::Action,
    change::Refusal,
    order::{Position, Timestamp},
};
use crate::{Disposition, Expiration, MessageId, MimiContent, NestedPart, TopicId, status::StatusBook};

/// Everything but the authority. Two timelines are equal when these are.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct State {
    /// Every message that was taken in, by ID; the memory against duplicates.
    pub(super) known: BTreeMap<MessageId, Known>,
    /// The entries: first instances that are not reactions and have not expired.
    pub(super) order: BTreeSet<Position>,
    /// By topic, the entries in it; no empty topic, no empty set.
    pub(super) threads: BTreeMap<TopicId, BTreeSet<Position>>,
    /// By message ID as written in the reply: replies and reactions, expired and deleted ones too.
    pub(super) replies: BTreeMap<MessageId, BTreeSet<Position>>,
    pub(super) reactions: BTreeMap<MessageId, BTreeSet<Position>>,
    /// By message ID: replacements of it that wait for it.
    pub(super) held: BTreeMap<MessageId, BTreeSet<Position>>,
    /// What expires when; only what has a deadline and has not expired.
    pub(super) deadlines: BTreeSet<(Timestamp, MessageId)>,
    /// When the local user first read a message, by the ID given then.
    pub(super) reads: BTreeMap<MessageId, Timestamp>,
    /// By message ID as reported; the order of reports is that of the messages they came in.
    pub(super) statuses: StatusBook<Position>,
    /// Everything with a deadline up to here has expired, and expires on arrival.
    pub(super) horizon: Timestamp,
    /// The last place the user has been shown.
    pub(super) shown: Option<Position>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    First(Box<First>),
    Replacement(Replacement),
}

impl Known {
    pub(super) fn position(&self) -> Position {
        match self {
            Self::First(first) => first.position,
            Self::Replacement(replacement) => replacement.position,
        }
    }

    pub(super) fn sender(&self) -> &str {
        match self {
            Self::First(first) => &first.sender,
            Self::Replacement(replacement) => &replacement.sender,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Reaction,
}

impl Kind {
    /// A reaction names what it reacts to and has the disposition; one without the other is a message like any other.
    pub(super) fn of(content: &MimiContent) -> Self {
        // req: MC08-5.3-01
        if content.in_reply_to.is_some() && content.body.disposition == Disposition::Reaction {
            Self::Reaction
        } else {
            Self::Message
        }
    }
}

/// The first instance of a message, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct First {
    pub(super) position: Position,
    pub(super) sender: String,
    pub(super) kind: Kind,
    pub(super) in_reply_to: Option<MessageId>,
    pub(super) expires: Option<Expiration>,
    /// The topic in force, which a version can have changed.
    pub(super) topic: TopicId,
    /// Which version changed it last.
    pub(super) topic_by: Option<Position>,
    /// As received; none once deleted or expired.
    pub(super) content: Option<MimiContent>,
    pub(super) versions: BTreeMap<Position, Version>,
    /// The last version that changed the body.
    pub(super) body_by: Option<Position>,
    /// The first deletion. Nothing comes back after it.
    pub(super) deleted_by: Option<Position>,
    /// Replacements without effect.
    pub(super) refused: BTreeSet<Position>,
    pub(super) read_at: Option<Timestamp>,
    pub(super) expired: bool,
}

impl First {
    pub(super) fn gone(&self) -> bool {
        self.expired || self.deleted_by.is_some()
    }

    /// The body to show.
    pub(super) fn body(&self) -> Option<&NestedPart> {
        match &self.body_by {
            Some(position) => self.versions.get(position).and_then(|version| version.body.as_ref()),
            None => self.content.as_ref().map(|content| &content.body),
        }
    }

    /// The ID of the version to show.
    pub(super) fn current(&self) -> MessageId {
        self.body_by.unwrap_or(self.position).id
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        match self.expires? {
            Expiration::Absolute(seconds) => Some(Timestamp::from_seconds(seconds)),
            Expiration::Relative(seconds) => Some(self.read_at?.plus_seconds(seconds)),
        }
    }

    /// Forgets what was said, and keeps that something was.
    pub(super) fn drop_content(&mut self) {
        if self.content.take().is_some() {
            for version in self.versions.values_mut() {
                version.body = None;
            }
        }
    }
}

/// A replacement that took effect.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Version {
    pub(super) sender: String,
    pub(super) action: Action,
    /// The new body; none for a deletion, where the body was not granted, and once the message is deleted or expired.
    pub(super) body: Option<NestedPart>,
}

/// An edit or deletion.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Replacement {
    pub(super) position: Position,
    pub(super) sender: String,
    pub(super) target: MessageId,
    pub(super) outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// The target is not known.
    Held(Box<MimiContent>),
    Applied,
    Refused(Refusal),
}
