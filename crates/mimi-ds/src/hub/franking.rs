//! The hub's stamp on an application message (section 5.4.1.2).

use mimi_protocol::{
    AcceptedTimestamp, IdentifierUri, Wire,
    crypto::{LabelSigner, SignError},
    franking::{FrankAad, FrankError, Franker, FrankingAgentData, HubKey, ServerFrankingContext},
    mls::ComponentId,
    submit_message::Frank,
};

use super::{HubRoom, SubmitRefusal};
use crate::group::RoomGroup;

/// What a hub franks with (section 5.4.1.2).
#[derive(Clone, Copy)]
pub struct HubFranking<'a> {
    /// The newest of the hub's secrets. The older ones verify reports.
    pub hub_key: &'a HubKey,
    /// The key of the hub's external sender, which is the room's franking agent, too.
    pub signer: &'a dyn LabelSigner,
}

impl std::fmt::Debug for HubFranking<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubFranking").finish_non_exhaustive()
    }
}

impl<G: RoomGroup> HubRoom<G> {
    /// The stamp on a message, if it asks for one and the room has an agent that can give it: without a tag, without Safe AAD, or
    /// without an agent that is this hub, the message goes without.
    // req: MP06-5.4-06, MP06-5.4.1.2-01, MP06-5.4.1.2-02
    pub(super) fn frank(
        &self,
        keys: &HubFranking<'_>,
        authenticated_data: &[u8],
        sending_uri: &IdentifierUri,
        accepted_timestamp: AcceptedTimestamp,
    ) -> Result<Option<Frank>, SubmitRefusal> {
        if self.group.component(ComponentId::SAFE_AAD).is_none() {
            return Ok(None);
        }
        // In such a group the field is Safe AAD in every message; what is not would be refused by every member.
        let aad = FrankAad::read(authenticated_data).map_err(SubmitRefusal::AuthenticatedData)?;
        let (Some(aad), Some(agent)) = (aad, self.group.component(ComponentId::FRANKING_AGENT)) else {
            return Ok(None);
        };
        let Ok(agent) = FrankingAgentData::from_bytes(agent) else { return Ok(None) };
        let franker = Franker {
            hub: self.hub(),
            hub_key: keys.hub_key,
            signer: keys.signer,
            agent: &agent,
            suite: self.cipher_suite(),
        };
        let context = ServerFrankingContext {
            sender_uri: sending_uri.clone(),
            room_uri: IdentifierUri::from(&self.room),
            accepted_timestamp,
        };
        match franker.frank(&aad.franking_tag, &context) {
            Ok(frank) => Ok(Some(frank)),
            Err(FrankError::Agent(_) | FrankError::Sign(SignError::KeyMismatch)) => Ok(None),
            Err(error) => Err(SubmitRefusal::Internal(error.to_string())),
        }
    }
}
