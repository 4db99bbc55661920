//! The order in which a hub sends the events of a room (section 5.5), as far as a follower can see it: acceptance times that grow, and
//! epochs that follow one another.

use mimi_protocol::{
    AcceptedTimestamp, Epoch,
    notify::{FanoutEvent, FanoutMessage},
};

/// How far a follower has followed a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanoutMark {
    /// The acceptance time of the last event that was taken.
    pub accepted: AcceptedTimestamp,
    /// The epoch that the room is in after it; `None` when nothing has told it yet.
    pub epoch: Option<Epoch>,
}

/// Something that should not be, in what was taken all the same: refusing it would bring back nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Irregularity {
    /// Commits in between never came.
    #[error("an event of epoch {found} came where epoch {expected} was expected")]
    EpochGap {
        /// The epoch after the last event.
        expected: u64,
        /// The event's.
        found: u64,
    },
    /// Two events have the same acceptance time, although they are not a commit with its Welcome.
    #[error("two events were accepted at {}", .0.0)]
    SameTime(AcceptedTimestamp),
}

/// Whether local clients were in the room when an event came, without which its commits are not sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// Some were.
    Followed,
    /// None were: the epoch known before is of another time.
    New,
}

/// Follows the room over the events of a request.
pub(super) struct Order {
    mark: Option<FanoutMark>,
    pub(super) irregular: Vec<Irregularity>,
}

impl Order {
    pub(super) fn new(mark: Option<FanoutMark>) -> Self {
        Self { mark, irregular: Vec::new() }
    }

    pub(super) fn mark(&self) -> Option<FanoutMark> {
        self.mark
    }

    /// The next event. The error is the acceptance time of one that was taken before and is later.
    pub(super) fn next(&mut self, message: &FanoutMessage, presence: Presence) -> Result<(), AcceptedTimestamp> {
        let accepted = message.timestamp;
        // A commit and its Welcome were accepted as one.
        let is_welcome = matches!(message.event, FanoutEvent::Welcome { .. });
        match self.mark {
            Some(last) if accepted < last.accepted => return Err(last.accepted),
            Some(last) if accepted == last.accepted && !is_welcome => {
                self.irregular.push(Irregularity::SameTime(accepted));
            }
            _ => {}
        }
        let known = match presence {
            Presence::Followed => self.mark.and_then(|mark| mark.epoch),
            Presence::New => None,
        };
        let Some((_, found)) = message.event.message().group_and_epoch() else {
            self.mark = Some(FanoutMark { accepted, epoch: known });
            return Ok(());
        };
        // Application messages of the epochs before may come late.
        if let Some(expected) = known.filter(|known| found > *known) {
            self.irregular.push(Irregularity::EpochGap { expected: expected.0, found: found.0 });
        }
        let current = known.map_or(found, |known| known.max(found));
        let epoch = match message.event {
            FanoutEvent::Commit { .. } => Epoch(current.0.max(found.0.saturating_add(1))),
            _ => current,
        };
        self.mark = Some(FanoutMark { accepted, epoch: Some(epoch) });
        Ok(())
    }
}
