//! Proposing one's own leaving (draft-ietf-mimi-protocol-06 section 3.5), and that of everybody, which ends the room
//! (draft-ietf-mimi-room-policy-03 section 8.6).

use std::collections::BTreeSet;

use mimi_arch::UserUri;
use mimi_protocol::{
    codec::Wire as _, mls::MlsMessage, participant_list::ParticipantListUpdate, update::HandshakeBundle,
};
use mimi_room_policy::capability::CapabilityType;
use openmls::{
    group::MlsGroup,
    prelude::{AppDataUpdateOperation, LeafNodeIndex, MlsMessageOut, Proposal, Sender},
};

use super::{Identity, Provider, client_of, components, library, participants, room_group::user_of};
use crate::error::{ClientError, MlsFailure};

/// Proposals by which the user leaves: SelfRemove for this client, Remove for the user's other clients, and the
/// participant list without the user.
///
/// The library puts them into the group's stored state too; the caller lets that transaction lapse and takes them in
/// when the hub has accepted them.
///
/// # Errors
/// When the user is not in the participant list, or the library refuses.
pub(crate) fn propose(
    provider: &Provider<'_>,
    identity: &Identity,
    group: &mut MlsGroup,
) -> Result<HandshakeBundle, ClientError> {
    // req: MP06-3.5-02, MP06-3.5-03
    let user = user_of(&identity.client)?;
    let index = participants::of(group.public_group().group_context())?
        .index_of(&user)
        .ok_or_else(|| MlsFailure::NotAParticipant { user: user.clone() })?;
    let others = other_clients(group, &user)?;

    let first =
        group.leave_group_via_self_remove(provider, &identity.signer).map_err(library("proposing SelfRemove"))?;
    let mut more = Vec::new();
    for leaf in others {
        let (message, _) =
            group.propose_remove_member(provider, &identity.signer, leaf).map_err(library("proposing Remove"))?;
        more.push(message);
    }
    let update = AppDataUpdateOperation::Update(participants::removing(index).to_bytes()?.into());
    let (message, _) = group
        .propose_app_data_update(provider, &identity.signer, participants::COMPONENT, update)
        .map_err(library("proposing the participant list"))?;
    more.push(message);

    Ok(HandshakeBundle::Proposals { first: wire(first)?, more: more.into_iter().map(wire).collect::<Result<_, _>>()? })
}

/// The proposal by which this client goes and its user stays a participant.
///
/// # Errors
/// When the library refuses.
pub(crate) fn step_out(
    provider: &Provider<'_>,
    identity: &Identity,
    group: &mut MlsGroup,
) -> Result<HandshakeBundle, ClientError> {
    let first =
        group.leave_group_via_self_remove(provider, &identity.signer).map_err(library("proposing SelfRemove"))?;
    Ok(HandshakeBundle::Proposals { first: wire(first)?, more: Vec::new() })
}

/// Proposals by which the user destroys the room: Remove for every client, this one's own among them, and a participant list without anybody
/// (interpretation IP-100). What waits already stays out of them.
///
/// # Errors
/// When the library refuses, or the list cannot be read.
// req: RP03-8.6-04
pub(crate) fn destroy(
    provider: &Provider<'_>,
    identity: &Identity,
    group: &mut MlsGroup,
) -> Result<HandshakeBundle, ClientError> {
    let list = participants::of(group.public_group().group_context())?;
    let (going, off) = waiting(group);
    let removed_indices =
        (0u32..).zip(list.participants()).map(|(index, _)| index).filter(|index| !off.contains(index));
    let update =
        ParticipantListUpdate { removed_indices: removed_indices.collect(), ..ParticipantListUpdate::default() };
    let own = group.own_leaf_index();
    let others: Vec<_> = group.members().map(|member| member.index).filter(|leaf| *leaf != own).collect();

    let first = group.leave_group(provider, &identity.signer).map_err(library("proposing Remove"))?;
    let mut more = Vec::new();
    for leaf in others.into_iter().filter(|leaf| !going.contains(leaf)) {
        let (message, _) =
            group.propose_remove_member(provider, &identity.signer, leaf).map_err(library("proposing Remove"))?;
        more.push(message);
    }
    if !update.removed_indices.is_empty() {
        let update = AppDataUpdateOperation::Update(update.to_bytes()?.into());
        let (message, _) = group
            .propose_app_data_update(provider, &identity.signer, participants::COMPONENT, update)
            .map_err(library("proposing the participant list"))?;
        more.push(message);
    }
    Ok(HandshakeBundle::Proposals { first: wire(first)?, more: more.into_iter().map(wire).collect::<Result<_, _>>()? })
}

/// Whose removal waits in the group: leaves, and indices of the participant list.
fn waiting(group: &MlsGroup) -> (BTreeSet<LeafNodeIndex>, BTreeSet<u32>) {
    let (mut leaves, mut indices) = (BTreeSet::new(), BTreeSet::new());
    for pending in group.pending_proposals() {
        match (pending.proposal(), pending.sender()) {
            (Proposal::Remove(remove), _) => {
                leaves.insert(remove.removed());
            }
            (Proposal::SelfRemove, Sender::Member(leaf)) => {
                leaves.insert(*leaf);
            }
            (Proposal::AppDataUpdate(update), _) if update.component_id() == participants::COMPONENT => {
                if let AppDataUpdateOperation::Update(data) = update.operation()
                    && let Ok(update) = ParticipantListUpdate::from_bytes(data.as_slice())
                {
                    indices.extend(update.removed_indices);
                }
            }
            _ => {}
        }
    }
    (leaves, indices)
}

/// Why a group has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GroupEnd {
    /// A participant destroyed the room.
    Destroyed(UserUri),
    /// The hub destroyed it.
    ByHub,
    /// Everybody left.
    Left,
}

/// Whether the proposals that wait take out every client, so that nobody can commit them and the group has ended; and who did that. A
/// participant destroys a room by the Remove of the own leaf; that the role allows it has been checked by the hub, and is checked here.
pub(crate) fn group_end(group: &MlsGroup) -> Result<Option<GroupEnd>, ClientError> {
    let (going, off) = waiting(group);
    if group.members().any(|member| !going.contains(&member.index)) {
        return Ok(None);
    }
    let context = group.public_group().group_context();
    let nobody_stays = off.len() >= participants::of(context)?.participants().len();
    let mut by_hub = false;
    for pending in group.pending_proposals() {
        match (pending.proposal(), pending.sender()) {
            (Proposal::Remove(remove), Sender::Member(leaf)) if remove.removed() == *leaf && nobody_stays => {
                let Some(member) = group.member_at(*leaf) else { continue };
                let user = user_of(&client_of(&member.credential)?)?;
                if components::holds(context, &user, CapabilityType::CAN_DESTROY_ROOM) {
                    return Ok(Some(GroupEnd::Destroyed(user)));
                }
            }
            (Proposal::Remove(_), Sender::External(_)) => by_hub = nobody_stays,
            _ => {}
        }
    }
    Ok(Some(if by_hub { GroupEnd::ByHub } else { GroupEnd::Left }))
}

fn wire(message: MlsMessageOut) -> Result<MlsMessage, ClientError> {
    let bytes = message.to_bytes().map_err(library("proposal"))?;
    Ok(MlsMessage::from_bytes(&bytes)?)
}

fn other_clients(group: &MlsGroup, user: &UserUri) -> Result<Vec<LeafNodeIndex>, MlsFailure> {
    let mut leaves = Vec::new();
    for member in group.members().filter(|member| member.index != group.own_leaf_index()) {
        if client_of(&member.credential)?.user().as_ref() == Some(user) {
            leaves.push(member.index);
        }
    }
    Ok(leaves)
}
