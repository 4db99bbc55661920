//! Sending a message (draft-ietf-mimi-protocol-06 sections 3.4 and 5.4).

use mimi_arch::RoomUri;
use mimi_content::MessageId;
use mimi_protocol::{
    AcceptedTimestamp,
    codec::Wire as _,
    submit_message::{Frank, SubmitMessageResponse},
};

use super::{
    Client, call,
    intent::{ATTEMPTS, CATCH_UP},
};
use crate::{
    error::ClientError,
    session::{Draft, Sealed},
};

/// What the hub answered to a message that it accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When the hub accepted it.
    pub accepted: AcceptedTimestamp,
    /// The hub's stamp, if the room has an agent.
    pub frank: Option<Frank>,
    /// What others call it (draft-ietf-mimi-content-08 section 3.3).
    pub id: MessageId,
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
        self.submit_draft(room, Draft::Text(text.to_owned())).await
    }

    /// The same with any draft. A message that comes too late for its epoch is sealed again in the next one, a bounded number of times.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub async fn submit_draft(&self, room: &RoomUri, draft: Draft) -> Result<Sent, ClientError> {
        let mut attempt = 1;
        loop {
            match self.submit_once(room, &draft).await {
                Err(ClientError::MessageRefused(SubmitMessageResponse::EpochTooOld { current_epoch }))
                    if attempt < ATTEMPTS =>
                {
                    if !self.wait_for(room, CATCH_UP, |epoch, _| epoch >= current_epoch).await?.0 {
                        return Err(ClientError::MessageRefused(SubmitMessageResponse::EpochTooOld { current_epoch }));
                    }
                }
                // Proposals came between this client's commit and its message.
                Err(ClientError::ProposalsPending { .. }) if attempt < ATTEMPTS => {}
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    async fn submit_once(&self, room: &RoomUri, draft: &Draft) -> Result<Sent, ClientError> {
        if self.room(room).await?.pending_proposals > 0 {
            match self.commit_pending(room).await {
                Ok(_) | Err(ClientError::NothingPending { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let (sealed, body) = {
            let (room, draft) = (room.clone(), draft.clone());
            self.step(move |session| {
                let sealed = session.seal_draft(&room, &draft, true)?;
                let body = session.submission(&sealed.message)?;
                Ok((sealed, body))
            })
            .await?
        };
        let Sealed { message, id } = sealed;
        let outcome = self.api().submit_message(call(room, body)).await;
        if !outcome.as_ref().is_err_and(crate::TransportError::is_undecided) {
            let room = room.clone();
            self.step(move |session| session.answered(&room, &message)).await?;
        }
        match SubmitMessageResponse::from_bytes(&outcome?.body)? {
            SubmitMessageResponse::Accepted { accepted_timestamp: accepted, frank } => Ok(Sent { accepted, frank, id }),
            refusal => Err(ClientError::MessageRefused(refusal)),
        }
    }
}
