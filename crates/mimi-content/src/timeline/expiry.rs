//! Messages that expire: at a moment, or some time after they were read (draft-ietf-mimi-content-08 sections 4.1 and 5.8).

use alloc::vec::Vec;

use super::{
    Timeline,
    change::Change,
    order::Timestamp,
    record::{Kind, State},
};
use crate::MessageId;

impl<A> Timeline<A> {
    /// Remembers that the local user read a message at that moment, which starts its relative expiry. Of several moments the
    /// earliest counts. A message that is not known yet may be named: the moment is kept for it. Reading an edited version is reading
    /// the message.
    pub fn mark_read(&mut self, id: &MessageId, at: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        let earliest = self.state.reads.entry(*id).or_insert(at);
        *earliest = at.min(*earliest);
        if let Some(root) = self.state.root(id) {
            self.state.apply_read(*id, root, &mut changes);
        }
        changes
    }

    /// Removes everything whose expiry is at or before `now`. What arrives later and has expired by the latest `now` ever given
    /// expires on arrival.
    ///
    /// The expiry of a message is the one of its first instance: an edit changes the body alone (section 9.3).
    pub fn expire(&mut self, now: Timestamp) -> Vec<Change> {
        let mut changes = Vec::new();
        self.state.horizon = self.state.horizon.max(now);
        while let Some((deadline, id)) = self.state.deadlines.first().copied() {
            if deadline > self.state.horizon {
                break;
            }
            self.state.deadlines.remove(&(deadline, id));
            self.state.expire_one(id, &mut changes);
        }
        changes
    }

    /// When [`expire`](Self::expire) will next have something to do.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.state.deadlines.first().map(|(deadline, _)| *deadline)
    }
}

impl State {
    /// Counts the reading of `version`, if there was one, for the first instance `root`.
    pub(super) fn apply_read(&mut self, version: MessageId, root: MessageId, changes: &mut Vec<Change>) {
        let Some(at) = self.reads.get(&version).copied() else { return };
        let Some(first) = self.first_mut(&root) else { return };
        if first.read_at.is_some_and(|known| known <= at) {
            return;
        }
        let old = first.deadline();
        // req: MC08-5.8-02
        first.read_at = Some(at);
        let expires = first.deadline();
        changes.push(Change::Read { id: root, expires });
        if let Some(old) = old {
            self.deadlines.remove(&(old, root));
        }
        self.schedule(root, changes);
    }

    /// Notes the deadline of `id`, or lets it expire if that has passed.
    pub(super) fn schedule(&mut self, id: MessageId, changes: &mut Vec<Change>) {
        let Some(first) = self.first(&id) else { return };
        let Some(deadline) = first.deadline() else { return };
        if first.expired {
            return;
        }
        if deadline <= self.horizon {
            self.expire_one(id, changes);
        } else {
            self.deadlines.insert((deadline, id));
        }
    }

    fn expire_one(&mut self, id: MessageId, changes: &mut Vec<Change>) {
        let Some(first) = self.first_mut(&id) else { return };
        if first.expired {
            return;
        }
        // req: MC08-5.8-01
        first.expired = true;
        first.drop_content();
        let (position, kind, topic) = (first.position, first.kind, first.topic.clone());
        if kind == Kind::Message {
            self.order.remove(&position);
            self.leave_thread(&topic, position);
        }
        changes.push(Change::Expired { id });
    }
}
