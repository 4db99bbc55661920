//! Application messages on their way out (draft-ietf-mimi-protocol-06 sections 3.4 and 5.4).

use mimi_arch::RoomUri;
use mimi_protocol::{IdentifierUri, codec::Wire as _, mls::MlsMessage, submit_message::SubmitMessageRequest};

use super::{Session, member};
use crate::{
    error::ClientError,
    mls::{Provider, library, room_group},
    state::queue,
};

impl Session {
    /// Encrypts a text for a room. `noted` messages are recognised when they come back although their answer was lost.
    ///
    /// # Errors
    /// When this client is not a member or is leaving, or proposals have to be committed first.
    pub(crate) fn seal(&mut self, room: &RoomUri, text: &str, noted: bool) -> Result<MlsMessage, ClientError> {
        let identity = &self.account.identity;
        self.state.write(|transaction| {
            let provider = Provider::new(transaction);
            let (_, mut group) = member(transaction, &provider, room)?;
            if room_group::is_leaving(&group) {
                return Err(ClientError::Leaving { room: room.clone() });
            }
            let count = group.pending_proposals().count();
            if count > 0 {
                return Err(ClientError::ProposalsPending { room: room.clone(), count });
            }
            // req: MP06-3.4-01, MP06-4.2-03, MP06-5.4-03
            let message = group
                .create_message(&provider, &identity.signer, text.as_bytes())
                .map_err(library("sealing a message"))?
                .to_bytes()
                .map_err(library("sealing a message"))?;
            if noted {
                queue::put_outgoing(transaction, room, &message, text)?;
            }
            Ok(MlsMessage::from_bytes(&message)?)
        })
    }

    /// The request body that submits a message in the name of this client's user.
    ///
    /// # Errors
    /// When it is too large to encode.
    pub(crate) fn submission(&self, message: &MlsMessage) -> Result<Vec<u8>, ClientError> {
        let request =
            SubmitMessageRequest { app_message: message.clone(), sending_uri: IdentifierUri::from(&self.account.user) };
        Ok(request.to_bytes()?)
    }

    /// The message was answered, one way or the other.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn answered(&mut self, room: &RoomUri, message: &MlsMessage) -> Result<(), ClientError> {
        self.state.write(|transaction| {
            queue::take_outgoing(transaction, room, message.as_bytes())?;
            Ok(())
        })
    }
}
