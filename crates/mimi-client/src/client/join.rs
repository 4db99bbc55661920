//! Joining with a new device (draft-ietf-mimi-protocol-06 sections 3.6 and 5.6).

use mimi_arch::RoomUri;
use mimi_protocol::update::UpdateRoomResponse;
use mimi_room_policy::join_code::JoiningCode;

use super::{Client, call, intent::ATTEMPTS};
use crate::{
    error::ClientError,
    invitation::Invitation,
    session::{JoinStep, PreparedUpdate},
};

impl Client {
    /// Joins a room by external commit: for a further client of a participant, for a user who was kicked or unbanned,
    /// for anybody where the room is open, or to come back after this client lost the thread of a room. Sync first: messages of earlier epochs cannot be opened afterwards.
    ///
    /// # Errors
    /// When this client is a member and up to date, the hub refuses, its answer is not to be trusted, or an answer is
    /// lost. After a lost answer call this again: it finds out whether the hub took the commit.
    pub async fn join_external(&self, room: &RoomUri) -> Result<(), ClientError> {
        self.join(room, None).await
    }

    /// Joins a room by a joining code (draft-ietf-mimi-room-policy-03 section 8.1.1), which a member has given out in a join link. If this
    /// user is a participant already, the code is not needed, and its link is not used up.
    ///
    /// # Errors
    /// As [`Client::join_external`]. The hub's refusal does not say what is wrong with a code.
    pub async fn join_by_code(&self, invitation: &Invitation) -> Result<(), ClientError> {
        self.join(&invitation.room, Some(&invitation.code)).await
    }

    async fn join(&self, room: &RoomUri, code: Option<&JoiningCode>) -> Result<(), ClientError> {
        // req: MP06-3.6-04
        let _alone = self.alone(room).await;
        let mut attempt = 1;
        loop {
            let JoinStep::Send(prepared) = self.join_step(room, code).await? else { return Ok(()) };
            match self.submit_and_settle(*prepared).await {
                // A member was faster: the group is another one now.
                Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch { .. })) if attempt < ATTEMPTS => {}
                outcome => return outcome.map(|_| ()),
            }
            attempt += 1;
        }
    }

    /// Fetches the group information and prepares the external commit; see [`Client::submit_prepared`].
    ///
    /// # Errors
    /// As [`Client::join_external`].
    pub async fn prepare_join(&self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        self.prepare_join_by_code(room, None).await
    }

    /// The same with a joining code.
    ///
    /// # Errors
    /// As [`Client::join_by_code`].
    pub async fn prepare_join_by_code(
        &self,
        room: &RoomUri,
        code: Option<&JoiningCode>,
    ) -> Result<PreparedUpdate, ClientError> {
        match self.join_step(room, code).await? {
            JoinStep::Joined => Err(ClientError::AlreadyAMember { room: room.clone() }),
            JoinStep::Send(prepared) => Ok(*prepared),
        }
    }

    async fn join_step(&self, room: &RoomUri, code: Option<&JoiningCode>) -> Result<JoinStep, ClientError> {
        let (room, code) = (room.clone(), code.cloned());
        let question = self.step(|session| session.group_info_question(code)).await?;
        let reply = self.api().fetch_group_info(call(&room, question.body.clone())).await?;
        self.step(move |session| session.prepare_join(&room, &question, &reply.body)).await
    }
}
