//! Coming back: with a state file that was restored from an older copy, or with a new client in the place of a lost one
//! (draft-ietf-mimi-protocol-06 section 3.6; RFC 9420 section 12.4.3.2, resynchronization).
//!
//! A copy that is older than what was done with the file is dangerous: it would use keys a second time, and take what others say for
//! damaged. So nothing of its rooms is used; the client joins each by an external commit that takes its former leaf out, and replaces its
//! key packages, of which the copy may not have the private keys.

use mimi_arch::{ClientUri, RoomUri};
use mimi_protocol::{AcceptedTimestamp, update::UpdateRoomResponse};

use super::{Client, FIRST_KEY_PACKAGES, call, intent::ATTEMPTS};
use crate::{error::ClientError, session::JoinStep};

/// What became of each room, ordered by URI.
pub type Recovered = Vec<(RoomUri, Result<(), ClientError>)>;

impl Client {
    /// Joins a room anew, whatever this client has of it: its former leaf goes with the same commit. What was sent before cannot be read
    /// afterwards. For a room that this client does not know this is [`Client::join_external`].
    ///
    /// # Errors
    /// When the hub refuses, its answer is not to be trusted, or an answer is lost; call it again then. What this client had of the room is
    /// given up with the first attempt, as it was not to be trusted.
    pub async fn rejoin(&self, room: &RoomUri) -> Result<(), ClientError> {
        // req: MP06-3.6-04
        let _alone = self.alone(room).await;
        let mut attempt = 1;
        loop {
            let question = self.step(|session| session.group_info_question(None)).await?;
            let reply = self.api().fetch_group_info(call(room, question.body.clone())).await?;
            let goal = room.clone();
            let step = self.step(move |session| session.prepare_rejoin(&goal, &question, &reply.body)).await?;
            let JoinStep::Send(prepared) = step else { return Ok(()) };
            match self.submit_and_settle(*prepared).await {
                // A member was faster: the group is another one now.
                Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch { .. })) if attempt < ATTEMPTS => {}
                outcome => return outcome.map(|_| ()),
            }
            attempt += 1;
        }
    }

    /// To be called once after the state file was restored from an older copy, before anything else: joins every room anew of which the copy
    /// says that this client is a member, and replaces the key packages at the provider. Rooms that are younger than the copy are joined
    /// by [`Client::rejoin`].
    ///
    /// # Errors
    /// When the provider cannot be reached or the state file fails. That one room is refused is told beside it.
    pub async fn recover(&self) -> Result<Recovered, ClientError> {
        let packages = self.step(|session| session.make_key_packages(FIRST_KEY_PACKAGES)).await?;
        self.api().replace_key_packages(packages).await?;
        let mut recovered = Vec::new();
        for room in self.rooms().await?.into_iter().filter(|room| room.active) {
            let outcome = self.rejoin(&room.room).await;
            recovered.push((room.room, outcome));
        }
        Ok(recovered)
    }

    /// Ends another client of this user at the provider: its access, its queue and its key packages, so that nobody adds it to a room any
    /// more. In the rooms it stays until [`Client::take_over`] or [`Client::remove_client`].
    ///
    /// # Errors
    /// When it is no other client of this user, or the provider cannot be reached.
    pub async fn end_client(&self, lost: &ClientUri) -> Result<(), ClientError> {
        Ok(self.api().remove_client(lost.to_string(), self.user_secret().to_owned()).await?)
    }

    /// Joins a room in the place of another client of this user whose device or state is lost, and removes that one.
    ///
    /// # Errors
    /// When this client cannot join, or the other one is not a member; this client is one then.
    pub async fn take_over(&self, room: &RoomUri, lost: &ClientUri) -> Result<AcceptedTimestamp, ClientError> {
        match self.join_external(room).await {
            Ok(()) | Err(ClientError::AlreadyAMember { .. }) => self.remove_client(room, lost).await,
            Err(error) => Err(error),
        }
    }
}
