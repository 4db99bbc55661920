//! Application messages on their way out (draft-ietf-mimi-protocol-06 sections 3.4 and 5.4).

use mimi_arch::RoomUri;
use mimi_content::MessageId;
use mimi_protocol::{
    IdentifierUri, codec::Wire as _, franking::FRANK_AAD, mls::MlsMessage, submit_message::SubmitMessageRequest,
};

use openmls::{framing::SafeAadItem, prelude::OpenMlsProvider as _};
use openmls_traits::random::OpenMlsRand as _;

use super::{Draft, Session, content, member};
use crate::{
    error::ClientError,
    mls::{Provider, components, library, room_group},
    state::{account::Account, message_ids, queue},
};

/// A message that can be sent.
pub(crate) struct Sealed {
    pub(crate) message: MlsMessage,
    /// What others call it.
    pub(crate) id: MessageId,
}

impl Session {
    /// Encrypts a text; see [`Session::seal_draft`].
    ///
    /// # Errors
    /// As [`Session::seal_draft`].
    pub(crate) fn seal(&mut self, room: &RoomUri, text: &str, noted: bool) -> Result<MlsMessage, ClientError> {
        Ok(self.seal_draft(room, &Draft::Text(text.to_owned()), noted)?.message)
    }

    /// Encrypts a draft for a room, as MIMI content with a franking tag beside it. `noted` messages are recognised when they come back although their answer was lost.
    ///
    /// # Errors
    /// When this client is not a member or is leaving, or proposals have to be committed first.
    pub(crate) fn seal_draft(&mut self, room: &RoomUri, draft: &Draft, noted: bool) -> Result<Sealed, ClientError> {
        let Account { identity, user, .. } = &self.account;
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
            let salt = provider.rand().random_array().map_err(library("making a salt"))?;
            let context = group.public_group().group_context();
            let (framing, safe_aad) = (components::framing(context)?, components::has_safe_aad(context));
            let outgoing = content::outgoing(draft, salt, user.as_str(), room, &framing)?;
            // req: MP06-5.4.1.1-05
            if safe_aad {
                let tag = outgoing.tag.as_bytes().to_vec();
                group
                    .set_safe_aad(vec![SafeAadItem::new(FRANK_AAD.0, tag)])
                    .map_err(library("additional authenticated data"))?;
            }
            // req: MP06-3.4-01, MP06-4.2-03, MP06-5.4-03
            let message = group
                .create_message(&provider, &identity.signer, &outgoing.application_data)
                .map_err(library("sealing a message"))?
                .to_bytes()
                .map_err(library("sealing a message"))?;
            if noted {
                queue::put_outgoing(transaction, room, &message, draft.as_text())?;
                message_ids::put(transaction, room, &outgoing.id)?;
            }
            Ok(Sealed { message: MlsMessage::from_bytes(&message)?, id: outgoing.id })
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

    /// The messages seen or sent lately whose ID begins with these hexadecimal digits.
    ///
    /// # Errors
    /// When the file fails.
    pub(crate) fn find_message(&mut self, room: &RoomUri, digits: &str) -> Result<Vec<MessageId>, ClientError> {
        self.state.peek(|connection| Ok(message_ids::beginning(connection, room, digits)?))
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
