//! Proposing one's own leaving (draft-ietf-mimi-protocol-06 section 3.5).

use mimi_arch::UserUri;
use mimi_protocol::{codec::Wire as _, mls::MlsMessage, update::HandshakeBundle};
use openmls::{
    group::MlsGroup,
    prelude::{AppDataUpdateOperation, LeafNodeIndex},
};

use super::{Identity, Provider, client_of, library, participants, room_group::user_of};
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

    let wire = |message: openmls::prelude::MlsMessageOut| {
        let bytes = message.to_bytes().map_err(library("proposal"))?;
        Ok::<_, ClientError>(MlsMessage::from_bytes(&bytes)?)
    };
    Ok(HandshakeBundle::Proposals { first: wire(first)?, more: more.into_iter().map(wire).collect::<Result<_, _>>()? })
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
