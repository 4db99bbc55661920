//! Leaving, and committing the leaving of others (draft-ietf-mimi-protocol-06 section 3.5).

use mimi_arch::RoomUri;
use mimi_protocol::AcceptedTimestamp;

use super::Client;
use crate::{
    error::ClientError,
    session::{PrepareOptions, PreparedUpdate},
};

impl Client {
    /// Proposes that this user leaves with all of the user's clients. The hub counts the user as gone at once; the group
    /// does when another client has committed, which is reported as [`crate::Event::Removed`].
    ///
    /// # Errors
    /// When this client is not a member or is leaving already, the hub refuses, or the answer is lost.
    pub async fn leave(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        // req: MP06-3.5-04
        let prepared = self.prepare_leave(room).await?;
        self.submit_and_settle(prepared).await
    }

    /// Prepares the proposals of [`Client::leave`]; see [`Client::submit_prepared`].
    ///
    /// # Errors
    /// When this client is not a member or is leaving already.
    pub async fn prepare_leave(&self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        let room = room.clone();
        self.step(move |session| session.prepare_leave(&room)).await
    }

    /// Commits the proposals that wait, see [`crate::Event::ProposalsReceived`]. Nothing else does so unasked, except
    /// [`Client::send`] and [`Client::add`], which have to.
    ///
    /// # Errors
    /// When none wait, this client is leaving itself, the hub refuses, or the answer is lost.
    pub async fn commit_pending(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        if self.room(room).await?.pending_proposals == 0 {
            return Err(ClientError::NothingPending { room: room.clone() });
        }
        let prepared = self.prepare_commit(room, PrepareOptions::default()).await?;
        self.submit_and_settle(prepared).await
    }
}
