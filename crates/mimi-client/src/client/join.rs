//! Joining with a new device (draft-ietf-mimi-protocol-06 sections 3.6 and 5.6).

use mimi_arch::RoomUri;

use super::{Client, call};
use crate::{
    error::ClientError,
    session::{JoinStep, PreparedUpdate},
};

impl Client {
    /// Joins a room by external commit: for a further client of a participant, or to come back after this client lost
    /// the thread of a room. Sync first: messages of earlier epochs cannot be opened afterwards.
    ///
    /// # Errors
    /// When this client is a member and up to date, the hub refuses, its answer is not to be trusted, or an answer is
    /// lost. After a lost answer call this again: it finds out whether the hub took the commit.
    pub async fn join_external(&self, room: &RoomUri) -> Result<(), ClientError> {
        // req: MP06-3.6-04
        match self.join_step(room).await? {
            JoinStep::Joined => Ok(()),
            JoinStep::Send(prepared) => self.submit_and_settle(*prepared).await.map(|_| ()),
        }
    }

    /// Fetches the group information and prepares the external commit; see [`Client::submit_prepared`].
    ///
    /// # Errors
    /// As [`Client::join_external`].
    pub async fn prepare_join(&self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        match self.join_step(room).await? {
            JoinStep::Joined => Err(ClientError::AlreadyAMember { room: room.clone() }),
            JoinStep::Send(prepared) => Ok(*prepared),
        }
    }

    async fn join_step(&self, room: &RoomUri) -> Result<JoinStep, ClientError> {
        let room = room.clone();
        let question = self.step(|session| session.group_info_question()).await?;
        let reply = self.api().fetch_group_info(call(&room, question.body.clone())).await?;
        self.step(move |session| session.prepare_join(&room, &question, &reply.body)).await
    }
}
