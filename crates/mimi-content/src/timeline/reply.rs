//! Replies and the chains they form (draft-ietf-mimi-content-08 sections 4.1 and 5.2).

use alloc::{collections::BTreeSet, vec, vec::Vec};
use core::iter;

use super::{Timeline, change::Change, entry::Entry, order::Position, record::State};
use crate::MessageId;

/// How far insertion follows a chain to notice a loop. A chain is only followed when something already replies to what is inserted.
const LOOP_SEARCH: usize = 256;

/// What a reply points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyTarget {
    /// Not known: sent before the local user joined, delayed, or refused as an edit.
    Unknown,
    /// The version that is shown now.
    Current {
        /// The first instance.
        of: MessageId,
    },
    /// Another version than the one that is shown now. A view says so (section 9.3).
    OtherVersion {
        /// The first instance.
        of: MessageId,
    },
    /// A message that was retracted. A view hides the quotation (section 5.6).
    Deleted {
        /// The first instance.
        of: MessageId,
    },
    /// A message that has expired.
    Expired {
        /// The first instance.
        of: MessageId,
    },
}

/// What a message replies to, what that replies to, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// First instances, the nearest first; without the message asked for.
    pub ancestors: Vec<MessageId>,
    /// Why there are no more.
    pub end: ChainEnd,
}

/// Where a [`Chain`] ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainEnd {
    /// The last message is not a reply.
    Start,
    /// The last message replies to one that is not known.
    Unknown(MessageId),
    /// The last message replies to one that was there before. The chain is cut there.
    Loop(MessageId),
    /// The limit was reached.
    Limit,
}

impl<A> Timeline<A> {
    /// The entries that reply to a message, in the room's order: to this version and to any other of the same message (each entry's
    /// [`in_reply_to`](Entry::in_reply_to) says which). The message need not be known.
    #[must_use]
    pub fn replies_to(&self, id: &MessageId) -> Vec<Entry<'_>> {
        self.state.replies_to(id)
    }

    /// Follows the replies upwards from a message, at most `limit` steps. A chain that comes back to where it was is cut
    /// (section 4.1); so this ends on every input.
    #[must_use]
    pub fn reply_chain(&self, id: &MessageId, limit: usize) -> Chain {
        self.state.reply_chain(id, limit)
    }
}

impl State {
    pub(super) fn replies_to(&self, id: &MessageId) -> Vec<Entry<'_>> {
        let mut positions: Vec<&Position> =
            self.versions_of(id).iter().filter_map(|id| self.replies.get(id)).flatten().collect();
        positions.sort_unstable();
        let replies = positions.into_iter().filter_map(|position| self.first(&position.id));
        replies.filter(|first| !first.expired).map(|first| Entry::new(self, first)).collect()
    }

    fn reply_chain(&self, id: &MessageId, limit: usize) -> Chain {
        let mut ancestors = Vec::new();
        let Some(mut first) = self.root(id).and_then(|root| self.first(&root)) else {
            return Chain { ancestors, end: ChainEnd::Unknown(*id) };
        };
        let mut visited = BTreeSet::from([first.position.id]);
        let end = loop {
            let Some(target) = first.in_reply_to else { break ChainEnd::Start };
            let Some(next) = self.root(&target).and_then(|root| self.first(&root)) else {
                break ChainEnd::Unknown(target);
            };
            // req: MC08-4.1-09
            if visited.contains(&next.position.id) {
                break ChainEnd::Loop(next.position.id);
            }
            if ancestors.len() >= limit {
                break ChainEnd::Limit;
            }
            visited.insert(next.position.id);
            ancestors.push(next.position.id);
            first = next;
        };
        Chain { ancestors, end }
    }

    /// Says so if `id` closed a loop. Only what is replied to already can.
    // req: MC08-4.1-08
    pub(super) fn report_loop(&self, id: MessageId, changes: &mut Vec<Change>) {
        if !self.replies.contains_key(&id) {
            return;
        }
        let Some(root) = self.root(&id) else { return };
        if self.reply_chain(&root, LOOP_SEARCH).end == ChainEnd::Loop(root) {
            changes.push(Change::ReplyLoop { id: root });
        }
    }

    pub(super) fn reply_target(&self, id: &MessageId) -> ReplyTarget {
        // req: MC08-5.5-04, MC08-5.6-04
        let Some(first) = self.root(id).and_then(|root| self.first(&root)) else { return ReplyTarget::Unknown };
        let of = first.position.id;
        if first.expired {
            ReplyTarget::Expired { of }
        } else if first.deleted_by.is_some() {
            ReplyTarget::Deleted { of }
        } else if first.current() == *id {
            ReplyTarget::Current { of }
        } else {
            ReplyTarget::OtherVersion { of }
        }
    }

    /// Every ID under which the message is known that `id` belongs to; `id` itself if it belongs to none.
    pub(super) fn versions_of(&self, id: &MessageId) -> Vec<MessageId> {
        match self.root(id).and_then(|root| self.first(&root)) {
            Some(first) => {
                iter::once(&first.position).chain(first.versions.keys()).map(|position| position.id).collect()
            }
            None => vec![*id],
        }
    }
}
