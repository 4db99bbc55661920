//! Proposals of the group's external senders (draft-ietf-mimi-protocol-06 section 7.4).
//!
//! OpenMLS 0.9.2 takes Remove and GroupContextExtensions from an external sender, but not AppDataUpdate, which the mls-extensions draft allows. That one is
//! verified here and given to the library as a proposal that it has verified.

use mimi_protocol::{
    ProposalRef, Wire,
    mls::{
        AppDataOperation, AppDataUpdate, ComponentId, ExtensionType, ExternalSenders, MlsMessage, ProposalView,
        external_proposal::verify_external_proposal,
    },
};
use openmls::{
    group::QueuedProposal,
    messages::proposals::{AppDataUpdateProposal, Proposal, ProposalOrRefType},
    prelude::{
        ProcessedMessageContent, Sender, SenderExtensionIndex, hash_ref::ProposalRef as MlsProposalRef,
        tls_codec::DeserializeBytes as _,
    },
};
use serde_json::json;

use super::{OpenMlsRoomGroup, library, not_valid};
use crate::group::{GroupError, RoomGroup, StageError};

impl OpenMlsRoomGroup {
    // req: MP06-7.4-01
    pub(super) fn verify_external(&self, message: &MlsMessage) -> Result<Box<QueuedProposal>, StageError> {
        if message.group_and_epoch() != Some((self.group_id(), self.epoch())) {
            return Err(StageError::Invalid("another group or epoch".to_owned()));
        }
        let senders: ExternalSenders = self
            .context_extensions()
            .map_err(not_valid)?
            .read(ExtensionType::EXTERNAL_SENDERS)
            .map_err(not_valid)?
            .unwrap_or_default();
        let safe_aad = self.component(ComponentId::SAFE_AAD).is_some();
        let (index, proposal) =
            verify_external_proposal(message, self.cipher_suite(), &senders, safe_aad).map_err(not_valid)?;
        match proposal {
            ProposalView::Remove(_) | ProposalView::GroupContextExtensions(_) => {
                match self.process(message)?.into_content() {
                    ProcessedMessageContent::ProposalMessage(proposal) => Ok(proposal),
                    _ => Err(StageError::Content { expected: "proposal" }),
                }
            }
            ProposalView::AppDataUpdate(update) => {
                let reference = message.proposal_reference(self.cipher_suite()).map_err(not_valid)?;
                queued(index, update, &reference).map(Box::new).map_err(not_valid)
            }
            _ => Err(StageError::Sender { sender: "external sender" }),
        }
    }
}

/// The library has no constructor for this; its stored form is what it reads back after a restart, too.
fn queued(sender: u32, update: &AppDataUpdate, reference: &ProposalRef) -> Result<QueuedProposal, GroupError> {
    let component = update.component_id.0;
    let update = match &update.operation {
        AppDataOperation::Update(data) => AppDataUpdateProposal::update(component, data.clone()),
        AppDataOperation::Remove => AppDataUpdateProposal::remove(component),
    };
    let reference =
        MlsProposalRef::tls_deserialize_exact_bytes(&reference.to_bytes().map_err(library)?).map_err(library)?;
    let stored = json!({
        "proposal": Proposal::AppDataUpdate(Box::new(update)),
        "proposal_reference": reference,
        "sender": Sender::External(SenderExtensionIndex::new(sender)),
        "proposal_or_ref_type": ProposalOrRefType::Reference,
    });
    serde_json::from_value(stored).map_err(library)
}
