//! A second timeline that is slow and obvious: it keeps what it was told and works everything out anew from the sorted list.

use alloc::collections::BTreeMap;

use super::*;
use crate::{
    Disposition, Expiration,
    status::{MessageStatus, MessageStatusReport},
};

#[derive(Clone, Debug)]
pub(super) enum Event {
    Message(Box<Received>),
    Read(MessageId, Timestamp),
    Expire(Timestamp),
    Report(&'static str, Position, MessageStatusReport),
    Shown(Position),
}

impl Event {
    pub(super) fn happen<A: Authority>(&self, timeline: &mut Timeline<A>) -> Vec<Change> {
        match self {
            Self::Message(received) => timeline.insert(Received::clone(received)),
            Self::Read(id, at) => timeline.mark_read(id, *at),
            Self::Expire(now) => timeline.expire(*now),
            Self::Report(reporter, position, report) => timeline.report(reporter, *position, report),
            Self::Shown(position) => {
                timeline.mark_shown(*position);
                Vec::new()
            }
        }
    }
}

/// One line of the screen with everything about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    id: MessageId,
    text: String,
    edited: bool,
    topic: TopicId,
    reactions: Vec<(MessageId, String)>,
    replies: Vec<MessageId>,
    versions: Vec<MessageId>,
    refused: Vec<MessageId>,
    target: Option<ReplyTarget>,
    read_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    statuses: Vec<(String, MessageStatus)>,
}

pub(super) fn lines<A>(timeline: &Timeline<A>) -> Vec<Line> {
    let line = |entry: Entry<'_>| Line {
        id: entry.id(),
        text: text_of(&entry),
        edited: entry.is_edited(),
        topic: entry.topic().clone(),
        reactions: entry.reactions().iter().map(|reaction| (reaction.id, body_text(reaction.part))).collect(),
        replies: entry.replies().iter().map(Entry::id).collect(),
        versions: entry.versions().map(|version| version.id).collect(),
        refused: entry.refused().map(|(id, _)| id).collect(),
        target: entry.reply_target(),
        read_at: entry.read_at(),
        expires_at: entry.expires_at(),
        statuses: entry.statuses().map(|(reporter, status)| (reporter.into(), status)).collect(),
    };
    timeline.entries().map(line).collect()
}

pub(super) struct Model<'a> {
    /// In the room's order, the first of each ID.
    messages: Vec<&'a Received>,
    events: &'a [Event],
}

impl<'a> Model<'a> {
    pub(super) fn new(events: &'a [Event]) -> Self {
        let mut messages: Vec<&Received> = Vec::new();
        for event in events {
            if let Event::Message(received) = event
                && messages.iter().all(|known| known.id != received.id)
            {
                messages.push(received);
            }
        }
        messages.sort_by_key(|message| (message.accepted, message.id));
        Self { messages, events }
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let shown =
            self.messages.iter().filter(|message| is_first(message) && !is_reaction(message) && !self.expired(message));
        shown.map(|message| self.line(message)).collect()
    }

    fn line(&self, message: &Received) -> Line {
        let edits = self.edits(message);
        let mut refused = Vec::new();
        for replacement in self.replacements(message) {
            if replacement.sender != message.sender {
                refused.push(replacement.id);
            }
        }
        Line {
            id: message.id,
            text: match edits.last() {
                _ if self.deleted(message) => "(deleted)".into(),
                Some(last) => body_text(&last.content.body),
                None => body_text(&message.content.body),
            },
            edited: !edits.is_empty(),
            topic: message.content.topic_id.clone(),
            reactions: self.referring(message, true).flat_map(|reaction| self.reaction(reaction)).collect(),
            replies: self.referring(message, false).map(|reply| reply.id).collect(),
            versions: self.applied(message).map(|version| version.id).collect(),
            refused,
            target: message.content.in_reply_to.map(|id| self.target(id)),
            read_at: self.read_at(message),
            expires_at: self.deadline(message),
            statuses: self.statuses(message.id),
        }
    }

    fn first_of(&self, id: MessageId) -> Option<&'a Received> {
        let named = *self.messages.iter().find(|message| message.id == id)?;
        let Some(target) = named.content.replaces else { return Some(named) };
        let first = *self.messages.iter().find(|message| message.id == target)?;
        (is_first(first) && first.sender == named.sender).then_some(first)
    }

    fn replacements(&self, message: &Received) -> impl Iterator<Item = &'a Received> {
        let id = message.id;
        self.messages.iter().copied().filter(move |other| other.content.replaces == Some(id))
    }

    fn applied(&self, message: &Received) -> impl Iterator<Item = &'a Received> {
        let sender = message.sender.clone();
        self.replacements(message).filter(move |other| other.sender == sender)
    }

    fn edits(&self, message: &Received) -> Vec<&'a Received> {
        self.applied(message).filter(|other| other.content.body.part != Part::Null).collect()
    }

    fn deleted(&self, message: &Received) -> bool {
        self.applied(message).any(|other| other.content.body.part == Part::Null)
    }

    fn referring(&self, message: &Received, reactions: bool) -> impl Iterator<Item = &'a Received> {
        let id = message.id;
        self.messages.iter().copied().filter(move |other| {
            let refers =
                other.content.in_reply_to.and_then(|target| self.first_of(target)).is_some_and(|first| first.id == id);
            refers && is_first(other) && is_reaction(other) == reactions && !self.expired(other)
        })
    }

    fn reaction(&self, message: &Received) -> Option<(MessageId, String)> {
        if self.deleted(message) {
            return None;
        }
        let body = self.edits(message).last().map_or(&message.content.body, |last| &last.content.body).clone();
        (body.disposition == Disposition::Reaction).then(|| (message.id, body_text(&body)))
    }

    fn target(&self, id: MessageId) -> ReplyTarget {
        let Some(first) = self.first_of(id) else { return ReplyTarget::Unknown };
        let of = first.id;
        let current = self.edits(first).last().map_or(of, |last| last.id);
        match (self.expired(first), self.deleted(first)) {
            (true, _) => ReplyTarget::Expired { of },
            (false, true) => ReplyTarget::Deleted { of },
            (false, false) if current == id => ReplyTarget::Current { of },
            (false, false) => ReplyTarget::OtherVersion { of },
        }
    }

    fn read_at(&self, message: &Received) -> Option<Timestamp> {
        let reads = self.events.iter().filter_map(|event| match event {
            Event::Read(id, at) if self.first_of(*id).is_some_and(|first| first.id == message.id) => Some(*at),
            _ => None,
        });
        reads.min()
    }

    fn deadline(&self, message: &Received) -> Option<Timestamp> {
        match message.content.expires? {
            Expiration::Absolute(seconds) => Some(Timestamp(u64::from(seconds) * 1000)),
            Expiration::Relative(seconds) => Some(Timestamp(self.read_at(message)?.0 + u64::from(seconds) * 1000)),
        }
    }

    fn expired(&self, message: &Received) -> bool {
        let now =
            self.events.iter().filter_map(|event| if let Event::Expire(now) = event { Some(*now) } else { None }).max();
        self.deadline(message).is_some_and(|deadline| deadline <= now.unwrap_or_default())
    }

    fn statuses(&self, id: MessageId) -> Vec<(String, MessageStatus)> {
        let mut reports = Vec::new();
        for event in self.events {
            if let Event::Report(reporter, position, report) = event {
                let statuses = report.statuses.iter().filter(|status| status.message_id == id);
                reports.extend(statuses.map(|status| (*position, *reporter, status.status)));
            }
        }
        // Stable: entries of one report keep their order.
        reports.sort_by_key(|(position, ..)| *position);
        let mut statuses = BTreeMap::new();
        for (_, reporter, status) in reports {
            let before = statuses.get(reporter).copied();
            if status.after(before) == crate::status::Transition::Taken {
                statuses.insert(String::from(reporter), status);
            }
        }
        statuses.into_iter().collect()
    }
}

fn is_first(message: &Received) -> bool {
    message.content.replaces.is_none()
}

fn is_reaction(message: &Received) -> bool {
    message.content.in_reply_to.is_some() && message.content.body.disposition == Disposition::Reaction
}
