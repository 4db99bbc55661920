//! Updates in two steps, and raw bodies: for those who have to send something else, or at another moment, than the
//! one-step operations would.
//!
//! [`Client::prepare_commit`] and its siblings write the update to the state file. From then on the room takes no other
//! update of this client until it is confirmed, discarded, or settled by what comes through the queue.

use mimi_arch::RoomUri;
use mimi_client_api::{QueuedEvent, RoomCall};
use mimi_protocol::{AcceptedTimestamp, codec::Wire as _, mls::MlsMessage, update::UpdateRoomResponse};

use super::{Client, call};
use crate::{
    error::{ClientError, TransportError},
    session::{PrepareOptions, PreparedUpdate},
};

/// An endpoint of a room's hub, as the client API passes it on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoint {
    /// Section 5.2.
    KeyMaterial {
        /// The user in the request path.
        target_user: String,
    },
    /// Section 5.3.
    Update,
    /// Section 5.4.
    SubmitMessage,
    /// Section 5.6.
    GroupInfo,
}

impl Client {
    /// Prepares a commit of nothing but, if wanted, the proposals that wait.
    ///
    /// # Errors
    /// When this client is not a member or is leaving, or an earlier update is not resolved.
    pub async fn prepare_commit(&self, room: &RoomUri, options: PrepareOptions) -> Result<PreparedUpdate, ClientError> {
        let room = room.clone();
        self.step(move |session| session.prepare_commit(&room, options)).await
    }

    /// Gives the room's hub another token to show for this client to its provider (draft-robert-mimi-delivery-service, section
    /// "Enqueue authorization"), with a commit of its own. The former one counts until the provider has the commit.
    ///
    /// # Errors
    /// When this client is not a member or is leaving, the hub refuses, or no answer comes.
    pub async fn change_enqueue_token(&self, room: &RoomUri) -> Result<AcceptedTimestamp, ClientError> {
        let prepared = {
            let room = room.clone();
            self.step(move |session| session.prepare_new_token(&room)).await?
        };
        self.submit_and_settle(prepared).await
    }

    /// Sends a prepared update and hands over what the hub answered. Changes nothing here: [`Client::confirm`] or
    /// [`Client::discard`] does.
    ///
    /// # Errors
    /// When no answer comes; the update is then not resolved.
    pub async fn submit_prepared(&self, prepared: &PreparedUpdate) -> Result<UpdateRoomResponse, ClientError> {
        let reply = self.api().update_room(call(&prepared.room, prepared.body()?)).await?;
        Ok(UpdateRoomResponse::from_bytes(&reply.body)?)
    }

    /// Merges an update that the hub accepted. Does nothing if the queue has settled it already.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn confirm(&self, prepared: PreparedUpdate) -> Result<(), ClientError> {
        self.step(move |session| session.confirm(&prepared)).await
    }

    /// Takes an update back. Does nothing if the queue has settled it already.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn discard(&self, prepared: PreparedUpdate) -> Result<(), ClientError> {
        self.step(move |session| session.discard(&prepared)).await
    }

    /// The update of a room that was prepared and is neither confirmed nor discarded nor settled by the queue.
    ///
    /// # Errors
    /// When the state file fails.
    pub async fn unresolved(&self, room: &RoomUri) -> Result<Option<PreparedUpdate>, ClientError> {
        let room = room.clone();
        self.step(move |session| session.unresolved(&room)).await
    }

    /// Sends the unresolved update of a room again. `None` if there is none.
    ///
    /// # Errors
    /// As of a first submission. A refusal for the wrong epoch leaves the update unresolved: the hub may have accepted it
    /// the first time, and the queue will show that.
    pub async fn resume(&self, room: &RoomUri) -> Result<Option<AcceptedTimestamp>, ClientError> {
        match self.unresolved(room).await? {
            Some(prepared) => self.submit_and_settle(prepared).await.map(Some),
            None => Ok(None),
        }
    }

    /// Sends a request body as it is to the update endpoint of the room's hub and hands over the body of the answer.
    ///
    /// # Errors
    /// When the provider refuses the call or no answer comes.
    pub async fn submit_raw(&self, room: &RoomUri, body: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        self.call_raw(Endpoint::Update, room.as_str(), body).await
    }

    /// Sends a request body as it is to an endpoint of the hub of a room, whose URI is sent as it is too.
    ///
    /// # Errors
    /// When the provider refuses the call or no answer comes.
    pub async fn call_raw(&self, endpoint: Endpoint, room: &str, body: Vec<u8>) -> Result<Vec<u8>, ClientError> {
        let mut call = RoomCall { room_uri: room.to_owned(), target_user: String::new(), body };
        let api = self.api();
        let reply = match endpoint {
            Endpoint::KeyMaterial { target_user } => {
                call.target_user = target_user;
                api.fetch_key_material(call).await?
            }
            Endpoint::Update => api.update_room(call).await?,
            Endpoint::SubmitMessage => api.submit_message(call).await?,
            Endpoint::GroupInfo => api.fetch_group_info(call).await?,
        };
        Ok(reply.body)
    }

    /// What waits in this client's queue, read and left there: neither processed nor acknowledged.
    ///
    /// # Errors
    /// When the provider cannot be reached.
    pub async fn queued(&self) -> Result<Vec<QueuedEvent>, ClientError> {
        let after = self.step(crate::session::Session::position).await?;
        let mut stream = self.api().drain(after).await?;
        let mut waiting = Vec::new();
        while let Some(event) = stream.message().await.map_err(TransportError::from)? {
            waiting.push(event);
        }
        Ok(waiting)
    }

    /// Encrypts a text without sending it; the message is not recognised when it comes back.
    ///
    /// # Errors
    /// When this client is not a member or is leaving, or proposals wait.
    pub async fn seal(&self, room: &RoomUri, text: &str) -> Result<MlsMessage, ClientError> {
        let (room, text) = (room.clone(), text.to_owned());
        self.step(move |session| session.seal(&room, &text, false)).await
    }

    /// The request body that submits a message in the name of this client's user (section 5.4).
    ///
    /// # Errors
    /// When it is too large to encode.
    pub async fn submission(&self, message: &MlsMessage) -> Result<Vec<u8>, ClientError> {
        let message = message.clone();
        self.step(move |session| session.submission(&message)).await
    }

    /// The signed request for key material of a user (section 5.2).
    ///
    /// # Errors
    /// When this client is not a member of the room.
    pub async fn key_material_request(
        &self,
        room: &RoomUri,
        user: &mimi_arch::UserUri,
    ) -> Result<Vec<u8>, ClientError> {
        let (room, user) = (room.clone(), user.clone());
        self.step(move |session| session.key_material_request(&room, &user)).await
    }

    /// Sends a prepared update and settles it by its answer.
    pub(super) async fn submit_and_settle(&self, prepared: PreparedUpdate) -> Result<AcceptedTimestamp, ClientError> {
        match self.submit_prepared(&prepared).await {
            Ok(UpdateRoomResponse::Success { accepted_timestamp, .. }) => {
                self.confirm(prepared).await?;
                Ok(accepted_timestamp)
            }
            Ok(refusal) => {
                let answer = refusal.clone();
                self.step(move |session| session.refused(&prepared, &answer)).await?;
                Err(ClientError::UpdateRefused(refusal))
            }
            Err(ClientError::Transport(error)) if !error.is_undecided() => {
                self.discard(prepared).await?;
                Err(error.into())
            }
            Err(error) => Err(error),
        }
    }
}
