//! The reports of a room put together.

use alloc::{borrow::ToOwned, collections::BTreeMap, string::String, vec::Vec};

use crate::MessageId;

use super::{MessageStatus, MessageStatusReport, Transition};

/// The status of every message at every user, from all the reports so far.
///
/// `O` tells which of two reports is the later one: the hub accepted timestamp, then the ID of the message that brought the report,
/// as for any two messages of a room. Equal reports in any order, or twice, or in two books that are merged, give an equal book.
///
/// ```
/// use mimi_content::{MessageId, status::{MessageStatus, MessageStatusReport, StatusBook}};
///
/// let message = MessageId::from_bytes([1; 32]);
/// let mut book = StatusBook::new();
/// let read = MessageStatusReport::from_iter([(message, MessageStatus::Read)]);
/// book.apply("mimi://a.example/u/bob", &1_644_387_225_019_u64, &read);
/// assert_eq!(book.status("mimi://a.example/u/bob", &message), Some(MessageStatus::Read));
/// assert_eq!(book.count(&message, MessageStatus::Read), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusBook<O> {
    messages: BTreeMap<MessageId, BTreeMap<String, Entry<O>>>,
}

/// What stands in the book for a user and a message: the greatest report by rank of the status, then by order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry<O> {
    rank: u8,
    order: O,
    /// Place in the report.
    index: usize,
    status: MessageStatus,
}

/// The status of a message at a user is another one now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StatusChange {
    /// The message.
    pub message_id: MessageId,
    /// What it was, if anything was known.
    pub before: Option<MessageStatus>,
    /// What it is.
    pub after: MessageStatus,
}

impl<O: Ord + Clone> StatusBook<O> {
    /// A book without reports.
    #[must_use]
    pub const fn new() -> Self {
        Self { messages: BTreeMap::new() }
    }

    /// Takes in the report that `user` sent, and says what it changed. `user` is the one whom MLS authenticated as its sender.
    ///
    /// A report speaks for its sender only, and for the room it was sent in: keep one book for a room.
    pub fn apply(&mut self, user: &str, order: &O, report: &MessageStatusReport) -> Vec<StatusChange> {
        // req: MS01-3-04
        let mut changes = Vec::new();
        for (index, entry) in report.statuses.iter().enumerate() {
            let status = entry.status;
            let new = Entry { rank: status.rank(), order: order.clone(), index, status };
            if let Some((before, after)) = self.enter(entry.message_id, user, new) {
                changes.push(StatusChange { message_id: entry.message_id, before, after });
            }
        }
        changes
    }

    /// Takes in everything another book of the same room has.
    pub fn merge(&mut self, other: Self) {
        for (message_id, users) in other.messages {
            for (user, entry) in users {
                self.enter(message_id, &user, entry);
            }
        }
    }

    fn enter(
        &mut self,
        message_id: MessageId,
        user: &str,
        new: Entry<O>,
    ) -> Option<(Option<MessageStatus>, MessageStatus)> {
        let users = self.messages.entry(message_id).or_default();
        let after = new.status;
        let Some(entry) = users.get_mut(user) else {
            users.insert(user.to_owned(), new);
            return Some((None, after));
        };
        // req: MS01-3-05
        if after.after(Some(entry.status)) == Transition::Ignored || new <= *entry {
            return None;
        }
        let before = core::mem::replace(entry, new).status;
        (before != after).then_some((Some(before), after))
    }

    /// The status of a message at a user, if there was a report.
    #[must_use]
    pub fn status(&self, user: &str, message_id: &MessageId) -> Option<MessageStatus> {
        Some(self.messages.get(message_id)?.get(user)?.status)
    }

    /// Everybody who reported on a message, in the order of their URIs.
    pub fn of_message(&self, message_id: &MessageId) -> impl Iterator<Item = (&str, MessageStatus)> {
        self.messages
            .get(message_id)
            .into_iter()
            .flat_map(|users| users.iter().map(|(user, entry)| (user.as_str(), entry.status)))
    }

    /// How many users have this status of a message.
    #[must_use]
    pub fn count(&self, message_id: &MessageId, status: MessageStatus) -> usize {
        self.of_message(message_id).filter(|(_, found)| *found == status).count()
    }

    /// Forgets a message, for example when it expired here.
    pub fn forget(&mut self, message_id: &MessageId) {
        self.messages.remove(message_id);
    }
}

impl<O: Ord + Clone> Default for StatusBook<O> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use alloc::{vec, vec::Vec};

    use proptest::{prelude::*, sample::Index};

    use super::*;

    const ALICE: &str = "mimi://a.example/u/alice";
    const BOB: &str = "mimi://b.example/u/bob";

    fn id(octet: u8) -> MessageId {
        MessageId::from_bytes([octet; 32])
    }

    fn report(entries: &[(u8, MessageStatus)]) -> MessageStatusReport {
        entries.iter().map(|(message, status)| (id(*message), *status)).collect()
    }

    #[test]
    fn a_second_device_that_receives_the_message_later_does_not_make_it_unread() {
        let mut book = StatusBook::new();
        book.apply(BOB, &1, &report(&[(1, MessageStatus::Read)]));
        assert_eq!(book.apply(BOB, &2, &report(&[(1, MessageStatus::Delivered)])), vec![]);
        assert_eq!(book.status(BOB, &id(1)), Some(MessageStatus::Read));
    }

    #[test]
    fn delivered_then_read_then_unread_then_expired_is_followed() {
        // req: MS01-3-05
        use MessageStatus::{Delivered, Expired, Read, Unread};
        let mut book = StatusBook::new();
        let mut before = None;
        for (order, after) in [Delivered, Read, Unread, Expired].into_iter().enumerate() {
            let changes = book.apply(BOB, &order, &report(&[(1, after)]));
            assert_eq!(changes, vec![StatusChange { message_id: id(1), before, after }]);
            before = Some(after);
        }
    }

    #[test]
    fn an_earlier_report_that_arrives_late_changes_nothing() {
        let mut book = StatusBook::new();
        book.apply(BOB, &2, &report(&[(1, MessageStatus::Unread)]));
        assert_eq!(book.apply(BOB, &1, &report(&[(1, MessageStatus::Read)])), vec![]);
    }

    #[test]
    fn the_later_of_two_entries_in_one_report_counts() {
        let mut book = StatusBook::new();
        book.apply(BOB, &1, &report(&[(1, MessageStatus::Read), (1, MessageStatus::Unread)]));
        assert_eq!(book.status(BOB, &id(1)), Some(MessageStatus::Unread));
    }

    #[test]
    fn a_report_speaks_for_its_sender_only() {
        // req: MS01-3-04
        let mut book = StatusBook::new();
        book.apply(BOB, &1, &report(&[(1, MessageStatus::Read)]));
        book.apply(ALICE, &2, &report(&[(1, MessageStatus::Delivered)]));
        assert_eq!(
            book.of_message(&id(1)).collect::<Vec<_>>(),
            [(ALICE, MessageStatus::Delivered), (BOB, MessageStatus::Read)]
        );
        book.forget(&id(1));
        assert_eq!(book.of_message(&id(1)).count(), 0);
    }

    prop_compose! {
        fn history()(reports in prop::collection::vec(
            (any::<bool>(), 0..6_u64, prop::collection::vec((0..3_u8, 0..9_u8), 0..4)), 0..8,
        )) -> Vec<(&'static str, (u64, usize), MessageStatusReport)> {
            reports.into_iter().enumerate().map(|(tie, (alice, time, entries))| {
                let entries = entries.into_iter().map(|(message, status)| (id(message), status.into())).collect();
                (if alice { ALICE } else { BOB }, (time, tie), entries)
            }).collect()
        }
    }

    proptest! {
        #[test]
        fn every_order_of_arrival_ends_in_the_same_book(
            history in history(), swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..16),
        ) {
            let mut in_order = StatusBook::new();
            for (user, order, report) in &history {
                in_order.apply(user, order, report);
            }
            let mut shuffled = history.clone();
            for (a, b) in swaps {
                if !shuffled.is_empty() {
                    let (a, b) = (a.index(shuffled.len()), b.index(shuffled.len()));
                    shuffled.swap(a, b);
                }
            }
            // Half of them twice, half in another book that is merged.
            let (mut left, mut right) = (StatusBook::new(), StatusBook::new());
            for (at, (user, order, report)) in shuffled.iter().enumerate() {
                left.apply(user, order, report);
                if at % 2 == 0 {
                    left.apply(user, order, report);
                } else {
                    right.apply(user, order, report);
                }
            }
            left.merge(right);
            prop_assert_eq!(left, in_order);
        }

        #[test]
        fn the_book_says_what_the_table_says_when_reports_come_in_order(history in history()) {
            let mut history = history;
            history.sort_by_key(|(_, order, _)| *order);
            let mut book = StatusBook::new();
            let mut expected: BTreeMap<(&str, MessageId), MessageStatus> = BTreeMap::new();
            for (user, order, report) in &history {
                book.apply(user, order, report);
                for entry in &report.statuses {
                    let key = (*user, entry.message_id);
                    if entry.status.after(expected.get(&key).copied()) == Transition::Taken {
                        expected.insert(key, entry.status);
                    }
                }
            }
            for ((user, message), status) in expected {
                prop_assert_eq!(book.status(user, &message), Some(status));
            }
        }
    }
}
