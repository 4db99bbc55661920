//! What the hub and followers propose as external senders and OpenMLS 0.9.2 does not take from one (draft-ietf-mimi-protocol-06 section 7.4): changes of
//! components. They are verified here and given to the library as proposals that it has verified. Remove it takes by itself.

use mimi_arch::UserUri;
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
    prelude::{LeafNodeIndex, Sender, SenderExtensionIndex, hash_ref::ProposalRef, tls_codec::DeserializeBytes as _},
};
use serde_json::json;

use super::{SUITE, client_of, components::has_safe_aad, external_senders, library, participants, room_group::user_of};
use crate::error::{ClientError, MlsFailure};

const DURING: &str = "checking a proposal of the hub";

/// The proposal, if it is one of an external sender that the library does not take; the message is of the group's epoch.
///
/// The hub takes out clients and users that are gone, and external senders without participants; a follower its own users. Nothing else is taken:
/// whom they would add or promote nobody has let in.
///
/// # Errors
/// When its signature does not hold, or it is not the hub's to make.
// req: MP06-7.4-01
pub(crate) fn read(group: &MlsGroup, message: &MlsMessage) -> Result<Option<QueuedProposal>, ClientError> {
    let (Some(public), Some(proposal)) = (message.as_public(), message.as_proposal()) else { return Ok(None) };
    let WireSender::External(index) = public.sender else { return Ok(None) };
    let context = group.public_group().group_context();
    let senders = external_senders::of(context)?;
    let update = match proposal {
        ProposalView::GroupContextExtensions(extensions) if index == HUB => {
            external_senders::check_proposed(context, extensions)?;
            return Ok(None);
        }
        ProposalView::Remove(leaf) => {
            if index != HUB {
                let member = group
                    .member_at(LeafNodeIndex::new(*leaf))
                    .ok_or(MlsFailure::Unexpected { expected: "a member" })?;
                check_own(&senders, index, [&user_of(&client_of(&member.credential)?)?])?;
            }
            return Ok(None);
        }
        ProposalView::AppDataUpdate(update) => {
            let (update, list) = removal_of_participants(update)?;
            if index != HUB {
                let present = participants::of(context)?;
                let users =
                    present.participants().iter().zip(0u32..).filter(|(_, at)| list.removed_indices.contains(at));
                check_own(&senders, index, users.map(|(entry, _)| entry.user()))?;
            }
            update
        }
        _ => return Err(MlsFailure::Unexpected { expected: "a removal" }.into()),
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

/// A follower proposes the removal of its own users and of nobody else.
fn check_own<'u>(
    senders: &ExternalSenders,
    index: u32,
    users: impl IntoIterator<Item = &'u UserUri>,
) -> Result<(), MlsFailure> {
    let sender = usize::try_from(index).ok().and_then(|index| senders.0.get(index));
    let provider = sender.and_then(external_senders::domain_of);
    let mut users = users.into_iter();
    if users.all(|user| Some(user.domain()) == provider.as_ref()) {
        Ok(())
    } else {
        Err(MlsFailure::Unexpected { expected: "the removal of a provider's own users" })
    }
}

fn removal_of_participants(
    update: &AppDataUpdate,
) -> Result<(AppDataUpdateProposal, ParticipantListUpdate), ClientError> {
    let other = MlsFailure::Unexpected { expected: "a removal from the participant list" };
    let AppDataOperation::Update(data) = &update.operation else { return Err(other.into()) };
    if update.component_id != ComponentId::PARTICIPANT_LIST {
        return Err(other.into());
    }
    let list = ParticipantListUpdate::from_bytes(data)?;
    if !list.added_participants.is_empty() || !list.changed_role_participants.is_empty() {
        return Err(other.into());
    }
    Ok((AppDataUpdateProposal::update(update.component_id.0, data.clone()), list))
}
