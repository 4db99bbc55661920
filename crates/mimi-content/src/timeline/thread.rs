//! Threads by topic (draft-ietf-mimi-content-08 section 5.11).

use alloc::vec::Vec;

use super::{
    Timeline,
    change::Change,
    entry::Entry,
    order::Position,
    record::{Kind, State},
};
use crate::{MessageId, TopicId};

impl<A> Timeline<A> {
    /// The entries of a topic in the room's order; none for the empty topic, which groups nothing.
    // req: MC08-5.11-02
    pub fn thread(&self, topic: &TopicId) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.state
            .threads
            .get(topic)
            .into_iter()
            .flatten()
            .filter_map(|position| self.first(&position.id))
            .map(|first| Entry::new(&self.state, first))
    }

    /// The topics that have entries, in the order of their octets.
    pub fn topics(&self) -> impl Iterator<Item = &TopicId> {
        self.state.threads.keys()
    }
}

impl State {
    /// Changes the topic of `id` because of the version at `position`, unless a later version has.
    pub(super) fn move_to_topic(
        &mut self,
        id: MessageId,
        position: Position,
        topic: TopicId,
        changes: &mut Vec<Change>,
    ) {
        let Some(first) = self.first_mut(&id) else { return };
        if first.topic_by > Some(position) {
            return;
        }
        first.topic_by = Some(position);
        if first.topic == topic {
            return;
        }
        let old = core::mem::replace(&mut first.topic, topic.clone());
        let (entry, listed) = (first.position, first.kind == Kind::Message && !first.expired);
        if listed {
            self.leave_thread(&old, entry);
            if !topic.is_empty() {
                self.threads.entry(topic).or_default().insert(entry);
            }
        }
        changes.push(Change::TopicChanged { id, by: position.id });
    }

    pub(super) fn leave_thread(&mut self, topic: &TopicId, entry: Position) {
        if let Some(thread) = self.threads.get_mut(topic) {
            thread.remove(&entry);
            if thread.is_empty() {
                self.threads.remove(topic);
            }
        }
    }
}
