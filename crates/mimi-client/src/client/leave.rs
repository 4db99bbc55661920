//! Leaving, committing the leaving of others (draft-ietf-mimi-protocol-06 section 3.5), and destroying a room.

use mimi_arch::RoomUri;
use mimi_protocol::{AcceptedTimestamp, update::UpdateRoomResponse};

use super::{
    Client,
    intent::{ATTEMPTS, CATCH_UP},
};
use crate::{
    error::ClientError,
    session::{Intent, PreparedUpdate, Session},
};

impl Client {
    /// Proposes that this user leaves with all of the user's clients. The hub counts the user as gone at once; the group
    /// does when another client has committed, which is reported as [`crate::Event::Removed`]. When nobody else is left, this client has left
    /// the room at once.
    ///
    /// # Errors
    /// When this client is not a member or is leaving already, the hub refuses, or the answer is lost.
    pub async fn leave(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        // req: MP06-3.5-04
        self.propose_with(room, Session::prepare_leave).await
    }

    /// Takes this client out of the room, and leaves its user a participant, who may come back with any client by
    /// [`Client::join_external`]. When it was the room's last client a temporary room is over, and a persistent one sleeps
    /// (draft-ietf-mimi-room-policy-03 section 5).
    ///
    /// # Errors
    /// As [`Client::leave`].
    pub async fn step_out(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        self.propose_with(room, Session::prepare_step_out).await
    }

    /// Destroys the room, if this user's role may: everybody is out of it, and nothing is accepted in it any more
    /// (draft-ietf-mimi-room-policy-03 section 8.6). Everybody's clients get [`crate::Event::RoomEnded`].
    ///
    /// # Errors
    /// When this client is not a member or is leaving, the hub refuses, or the answer is lost.
    pub async fn destroy_room(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        self.propose_with(room, Session::prepare_destroy).await
    }

    /// Sends proposals, made anew when the room has moved on before they came.
    async fn propose_with(
        &self,
        room: &RoomUri,
        prepare: fn(&mut Session, &RoomUri) -> Result<PreparedUpdate, ClientError>,
    ) -> Result<AcceptedTimestamp, ClientError> {
        let _alone = self.alone(room).await;
        let mut attempt = 1;
        loop {
            let of = room.clone();
            let prepared = self.step(move |session| prepare(session, &of)).await?;
            match self.submit_and_settle(prepared).await {
                // Proposals are of an epoch, too; nothing was accepted.
                Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch {
                    current_epoch,
                    error_description,
                })) if attempt < ATTEMPTS => {
                    if !self.wait_for(room, CATCH_UP, |epoch, _| epoch >= current_epoch).await?.0 {
                        let refusal = UpdateRoomResponse::WrongEpoch { current_epoch, error_description };
                        return Err(ClientError::UpdateRefused(refusal));
                    }
                }
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    /// Prepares the proposals of [`Client::leave`]; see [`Client::submit_prepared`].
    ///
    /// # Errors
    /// When this client is not a member or is leaving already.
    pub async fn prepare_leave(&self, room: &RoomUri) -> Result<PreparedUpdate, ClientError> {
        let room = room.clone();
        self.step(move |session| session.prepare_leave(&room)).await
    }

    /// Commits the proposals that wait, see [`crate::Event::ProposalsReceived`]. [`Client::attend`] does
    /// so when the room wants it; all that changes the room or sends a message has to.
    ///
    /// # Errors
    /// When none wait, this client is leaving itself, the hub refuses, or the answer is lost.
    pub async fn commit_pending(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        self.carry_out(room, Intent::CommitPending).await
    }
}
