//! Edits and deletions (draft-ietf-mimi-content-08 sections 5.5 to 5.7 and 9.3).

use alloc::{boxed::Box, string::String, vec::Vec};

use super::{
    Received, Timeline,
    authority::{Action, Authority, Request},
    change::{Change, Refusal},
    order::Position,
    record::{Kind, Known, Outcome, Replacement, State, Version},
};
use crate::{MessageId, MimiContent, NestedPart, Part};

impl<A: Authority> Timeline<A> {
    pub(super) fn insert_replacement(&mut self, target: MessageId, received: Received, changes: &mut Vec<Change>) {
        let Received { id, sender, accepted, content } = received;
        let position = Position { accepted, id };
        let replacement = Replacement { position, sender, target, outcome: Outcome::Held(Box::new(content)) };
        self.state.known.insert(id, Known::Replacement(replacement));
        self.settle(position, changes);
        // What names this message as the one to replace names no first instance.
        self.settle_held(id, changes);
        self.state.report_loop(id, changes);
    }

    /// Settles what waited for `target`, which is known now.
    pub(super) fn settle_held(&mut self, target: MessageId, changes: &mut Vec<Change>) {
        for position in self.state.held.remove(&target).unwrap_or_default() {
            self.settle(position, changes);
        }
    }

    /// Applies or refuses one replacement, or lets it wait.
    fn settle(&mut self, position: Position, changes: &mut Vec<Change>) {
        let id = position.id;
        let Some(Known::Replacement(replacement)) = self.state.known.get(&id) else { return };
        let Outcome::Held(content) = &replacement.outcome else { return };
        let target = replacement.target;
        let action = if matches!(content.body.part, Part::Null) { Action::Delete } else { Action::Edit };
        let grant = match self.state.known.get(&target) {
            None => {
                self.state.held.entry(target).or_default().insert(position);
                changes.push(Change::Held { id, target });
                return;
            }
            // req: MC08-5.5-01, MC08-5.6-01
            Some(Known::Replacement(_)) => {
                self.state.refuse(position, target, Refusal::NotFirstInstance, changes);
                return;
            }
            Some(Known::First(first)) => self.authority.grant(&Request {
                action,
                actor: &replacement.sender,
                author: &first.sender,
                original: first.position,
                replacement: position,
                reaction: first.kind == Kind::Reaction,
            }),
        };
        let counts = grant.body || (grant.topic && action == Action::Edit);
        if !counts {
            self.state.refuse(position, target, Refusal::NotAuthorized, changes);
            return;
        }
        let Some((sender, content)) = self.state.take_held(&id) else { return };
        match action {
            Action::Delete => self.state.delete(target, position, sender, changes),
            Action::Edit => {
                let MimiContent { topic_id, body, .. } = content;
                // req: MC08-5.5-02, MC08-5.5-03, MC08-9.3-03
                let current = self.state.edit(target, position, sender, grant.body.then_some(body));
                changes.push(Change::Edited { id: target, by: id, current });
                if grant.topic {
                    self.state.move_to_topic(target, position, topic_id, changes);
                }
            }
        }
        self.state.apply_read(id, target, changes);
    }
}

impl State {
    fn take_held(&mut self, id: &MessageId) -> Option<(String, MimiContent)> {
        let Some(Known::Replacement(replacement)) = self.known.get_mut(id) else { return None };
        match core::mem::replace(&mut replacement.outcome, Outcome::Applied) {
            Outcome::Held(content) => Some((replacement.sender.clone(), *content)),
            settled @ (Outcome::Applied | Outcome::Refused(_)) => {
                replacement.outcome = settled;
                None
            }
        }
    }

    fn refuse(&mut self, position: Position, target: MessageId, reason: Refusal, changes: &mut Vec<Change>) {
        if let Some(Known::Replacement(replacement)) = self.known.get_mut(&position.id) {
            replacement.outcome = Outcome::Refused(reason);
        }
        if let Some(first) = self.first_mut(&target) {
            first.refused.insert(position);
        }
        changes.push(Change::Refused { id: position.id, target, reason });
    }

    fn delete(&mut self, target: MessageId, position: Position, sender: String, changes: &mut Vec<Change>) {
        // req: MC08-5.6-03, MC08-5.7-01
        let Some(first) = self.first_mut(&target) else { return };
        let already = first.deleted_by.is_some();
        first.versions.insert(position, Version { sender, action: Action::Delete, body: None });
        first.deleted_by = Some(first.deleted_by.map_or(position, |by| by.min(position)));
        first.drop_content();
        if already {
            return;
        }
        changes.push(match (first.kind, first.in_reply_to) {
            (Kind::Reaction, Some(to)) => Change::ReactionRemoved { to, reaction: target },
            _ => Change::Deleted { id: target, by: position.id },
        });
    }

    /// Adds a version, and says whether it is the one to show.
    fn edit(&mut self, target: MessageId, position: Position, sender: String, body: Option<NestedPart>) -> bool {
        let Some(first) = self.first_mut(&target) else { return false };
        if body.is_some() {
            first.body_by = first.body_by.max(Some(position));
        }
        let body = if first.gone() { None } else { body };
        let current = body.is_some() && first.body_by == Some(position);
        first.versions.insert(position, Version { sender, action: Action::Edit, body });
        current
    }
}
