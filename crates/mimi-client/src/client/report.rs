//! Reporting abuse (draft-ietf-mimi-protocol-06 section 5.9).

use mimi_arch::{RoomUri, UserUri};
use mimi_protocol::AcceptedTimestamp;

use super::{Client, call};
use crate::{error::ClientError, session::ReportOptions};

impl Client {
    /// The newest messages of a user whose franks held, newest first, by the hub's acceptance times.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn reportable(
        &self,
        room: &RoomUri,
        sender: &UserUri,
        count: usize,
    ) -> Result<Vec<AcceptedTimestamp>, ClientError> {
        let (room, sender) = (room.clone(), sender.clone());
        self.step(move |session| session.reportable(&room, &sender, count)).await
    }

    /// Reports a user to the hub of a room, with messages that prove it. The hub sees their content.
    ///
    /// # Errors
    /// When a message is not kept with a frank that held, or the hub refuses or cannot be reached.
    // req: MP06-5.9-01
    pub async fn report(&self, room: &RoomUri, options: ReportOptions) -> Result<(), ClientError> {
        let body = self.prepare_report(room, options).await?;
        Ok(self.api().report_abuse(call(room, body)).await?)
    }

    /// The body of a report, for whoever brings it to the hub in another way.
    ///
    /// # Errors
    /// When a message is not kept with a frank that held.
    pub async fn prepare_report(&self, room: &RoomUri, options: ReportOptions) -> Result<Vec<u8>, ClientError> {
        let room = room.clone();
        self.step(move |session| session.abuse_report(&room, &options)).await
    }
}
