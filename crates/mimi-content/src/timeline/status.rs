//! What the members report about messages (draft-mahy-mimi-message-status-01 section 3).

use alloc::{string::String, vec::Vec};

use super::{Timeline, change::Change, order::Position};
use crate::{
    MessageId,
    status::{MessageStatus, MessageStatusReport},
};

impl<A> Timeline<A> {
    /// Takes in a status report: `reporter`, a user of the room, sent it in the message that stands at `position`. Which report counts,
    /// of several by one reporter on one message, says [`MessageStatus::after`].
    ///
    /// Reports about messages that are not known yet are kept for them.
    pub fn report(&mut self, reporter: &str, position: Position, report: &MessageStatusReport) -> Vec<Change> {
        let changes = self.state.statuses.apply(reporter, &position, report).into_iter();
        changes
            .map(|change| Change::Status {
                id: change.message_id,
                reporter: String::from(reporter),
                status: change.after,
            })
            .collect()
    }

    /// What has been reported about exactly this message, by reporter. The versions of an edited message have each their own.
    pub fn statuses(&self, id: &MessageId) -> impl Iterator<Item = (&str, MessageStatus)> {
        self.state.statuses.of_message(id)
    }
}
