//! Sending a message (draft-ietf-mimi-protocol-06 sections 3.4 and 5.4).

use mimi_arch::RoomUri;
use mimi_protocol::{
    AcceptedTimestamp,
    codec::Wire as _,
    submit_message::{Frank, SubmitMessageResponse},
};

use super::{Client, call};
use crate::error::ClientError;

/// What the hub answered to a message that it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When the hub accepted it.
    pub accepted: AcceptedTimestamp,
    /// The hub's stamp, if the room has an agent.
    pub frank: Option<Frank>,
}

impl Client {
    /// Sends a text; see [`Client::submit`].
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn send(&self, room: &RoomUri, text: &str) -> Result<AcceptedTimestamp, ClientError> {
        Ok(self.submit(room, text).await?.accepted)
    }

    /// Sends a text as MIMI content, with a tag by which the hub can frank it (section 5.4.1). Proposals that wait are committed first, as RFC 9420 section 12.4 demands.
    ///
    /// When the answer is lost, the message may have been accepted; if it was, it comes back through the queue as an
    /// [`crate::Event::Message`] of this client.
    ///
    /// # Errors
    /// When this client is not a member or is leaving, the hub refuses, or the answer is lost.
    pub async fn submit(&self, room: &RoomUri, text: &str) -> Result<Sent, ClientError> {
        if self.room(room).await?.pending_proposals > 0 {
            self.commit_pending(room).await?;
        }
        let (message, body) = {
            let (room, text) = (room.clone(), text.to_owned());
            self.step(move |session| {
                let message = session.seal(&room, &text, true)?;
                let body = session.submission(&message)?;
                Ok((message, body))
            })
            .await?
        };
        let outcome = self.api().submit_message(call(room, body)).await;
        if !outcome.as_ref().is_err_and(crate::TransportError::is_undecided) {
            let room = room.clone();
            self.step(move |session| session.answered(&room, &message)).await?;
        }
        match SubmitMessageResponse::from_bytes(&outcome?.body)? {
            SubmitMessageResponse::Accepted { accepted_timestamp: accepted, frank } => Ok(Sent { accepted, frank }),
            refusal => Err(ClientError::MessageRefused(refusal)),
        }
    }
}
