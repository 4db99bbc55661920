//! What the hub proposes as external sender and OpenMLS 0.9.2 does not take from one (draft-ietf-mimi-protocol-06 section 7.4): changes of
//! components. They are verified here and given to the library as proposals that it has verified. Remove it takes by itself.

use mimi_protocol::{
    CipherSuite,
    codec::Wire as _,
    mls::{
        AppDataOperation, AppDataUpdate, ComponentId, ExternalSenders, MlsMessage, ProposalView, Sender as WireSender,
        external_proposal::{HUB, verify_external_proposal},
    },
    participant_list::ParticipantListUpdate,
};
use openmls::{
    group::{MlsGroup, QueuedProposal},
    messages::proposals::{AppDataUpdateProposal, Proposal, ProposalOrRefType},
    prelude::{
        Sender, SenderExtensionIndex,
        hash_ref::ProposalRef,
        tls_codec::{DeserializeBytes as _, Serialize as _},
    },
};
use serde_json::json;

use super::{SUITE, components::has_safe_aad, encoded, library};
use crate::error::{ClientError, MlsFailure};

const DURING: &str = "checking a proposal of the hub";

/// The proposal, if it is one of an external sender that the library does not take; the message is of the group's epoch.
///
/// The hub takes out clients and users that are gone, and nothing else: whom it would add or promote nobody has let in.
///
/// # Errors
/// When its signature does not hold, or it is not the hub's to make.
// req: MP06-7.4-01
pub(crate) fn read(group: &MlsGroup, message: &MlsMessage) -> Result<Option<QueuedProposal>, ClientError> {
    let (Some(public), Some(proposal)) = (message.as_public(), message.as_proposal()) else { return Ok(None) };
    let WireSender::External(index) = public.sender else { return Ok(None) };
    if index != HUB {
        return Err(MlsFailure::Unexpected { expected: "a proposal of the room's hub" }.into());
    }
    let update = match proposal {
        ProposalView::Remove(_) => return Ok(None),
        ProposalView::AppDataUpdate(update) => removal_of_participants(update)?,
        _ => return Err(MlsFailure::Unexpected { expected: "a removal" }.into()),
    };
    let context = group.public_group().group_context();
    let senders = match context.extensions().external_senders() {
        Some(senders) => {
            let bytes = encoded("external senders", senders.tls_serialize_detached())?;
            ExternalSenders::from_bytes(&bytes)?
        }
        None => ExternalSenders::default(),
    };
    let suite = CipherSuite(SUITE.into());
    verify_external_proposal(message, suite, &senders, has_safe_aad(context)).map_err(library(DURING))?;
    let reference = message.proposal_reference(suite).map_err(library(DURING))?;
    let reference = ProposalRef::tls_deserialize_exact_bytes(&reference.to_bytes()?).map_err(library(DURING))?;
    // The library has no constructor for this; its stored form is what it reads back after a restart, too.
    let stored = json!({
        "proposal": Proposal::AppDataUpdate(Box::new(update)),
        "proposal_reference": reference,
        "sender": Sender::External(SenderExtensionIndex::new(index)),
        "proposal_or_ref_type": ProposalOrRefType::Reference,
    });
    Ok(Some(serde_json::from_value(stored).map_err(library(DURING))?))
}

fn removal_of_participants(update: &AppDataUpdate) -> Result<AppDataUpdateProposal, ClientError> {
    let other = MlsFailure::Unexpected { expected: "a removal from the participant list" };
    let AppDataOperation::Update(data) = &update.operation else { return Err(other.into()) };
    if update.component_id != ComponentId::PARTICIPANT_LIST {
        return Err(other.into());
    }
    let list = ParticipantListUpdate::from_bytes(data)?;
    if !list.added_participants.is_empty() || !list.changed_role_participants.is_empty() {
        return Err(other.into());
    }
    Ok(AppDataUpdateProposal::update(update.component_id.0, data.clone()))
}
