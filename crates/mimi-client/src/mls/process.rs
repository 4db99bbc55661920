//! Taking in what the hub fans out: proposals, commits and application messages
//! (draft-ietf-mimi-protocol-06 section 5.5).

use std::collections::BTreeMap;

use mimi_arch::{ClientUri, RoleIndex, RoomUri, UserUri};
use mimi_protocol::{
    Epoch,
    application_framing::Framing,
    codec::Wire as _,
    franking::{FrankAad, FrankingAgentData, FrankingTag},
    mls::MlsMessage,
    room_metadata::RoomMetaData,
};
use openmls::{
    group::MlsGroup,
    prelude::{
        MlsMessageIn, OpenMlsProvider as _, ProcessedMessage, ProcessedMessageContent, ProtocolMessage, QueuedProposal,
        Sender, StagedCommit, tls_codec::DeserializeBytes as _,
    },
};

use super::{
    Provider, client_of, components, external_proposal, library, participants,
    room_group::{self, check_context, check_members},
    storage,
};
use crate::error::{ClientError, MlsFailure};

/// What a message did.
#[derive(Debug)]
pub(crate) enum Processed {
    /// A message of a group of the room that has ended, or a handshake of an epoch that is over: this client's own commit come back, or one it has seen.
    Stale,
    /// An application message of this client, come back.
    OwnText,
    /// An application message.
    Application(Opened),
    /// A proposal; it waits in the group now.
    Proposal {
        /// Whether it was not there before.
        new: bool,
    },
    /// A commit, merged.
    Committed {
        /// The epoch it began.
        epoch: Epoch,
        /// What it changed in the room.
        changes: Changes,
    },
    /// A commit that removed this client.
    Removed,
}

/// What a commit changed in the room, as far as people see it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Users that the participant list gained, but for those who were put there as banned.
    pub(crate) added: Vec<UserUri>,
    /// Users that the participant list lost, but for those who were there as banned.
    pub(crate) removed: Vec<UserUri>,
    /// Users whose role is another one now, and who were banned without having been participants.
    pub(crate) roles: Vec<(UserUri, RoleIndex)>,
    /// The metadata, if they are others now.
    pub(crate) metadata: Option<RoomMetaData>,
}

/// An application message as MLS gave it back.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Whose leaf signed it.
    pub(crate) sender: ClientUri,
    /// What was encrypted.
    pub(crate) application_data: Vec<u8>,
    /// The sender's commitment to it, if there is one.
    pub(crate) tag: Option<FrankingTag>,
    /// How the group frames application data.
    pub(crate) framing: Framing,
    /// Who franks the messages of the group.
    pub(crate) agent: Option<FrankingAgentData>,
}

/// Processes one message and writes what it changes.
///
/// # Errors
/// When the message breaks a rule; the caller then lets the transaction lapse. Only [`ClientError::State`] is a failure
/// of this client's own.
pub(crate) fn process(
    provider: &Provider<'_>,
    room: &RoomUri,
    group: &mut MlsGroup,
    wire: &MlsMessage,
) -> Result<Processed, ClientError> {
    let message: ProtocolMessage = MlsMessageIn::tls_deserialize_exact_bytes(&wire.to_bytes()?)
        .map_err(library("reading a message"))?
        .try_into_protocol_message()
        .map_err(library("reading a message"))?;
    if message.group_id() != group.group_id() {
        let number = room_group::number_of(room, message.group_id())?;
        if number < room_group::number_of(room, group.group_id())? {
            // Of a group of the room that has ended.
            return Ok(Processed::Stale);
        }
        return Err(MlsFailure::ForeignGroup { room: room.clone() }.into());
    }
    let own = group.epoch();
    if message.epoch() > own {
        let message = Epoch(message.epoch().as_u64());
        return Err(MlsFailure::FutureEpoch { message, own: Epoch(own.as_u64()) }.into());
    }
    if message.is_handshake_message() && message.epoch() < own {
        return Ok(Processed::Stale);
    }
    if let Some(proposal) = external_proposal::read(group, wire)? {
        return keep(provider, group, proposal);
    }
    let processed = group.process_message(provider, message).map_err(library("processing a message"))?;
    let processed = resolve(provider, group, processed)?;
    let sender = processed.credential().clone();
    let aad = processed.aad().to_vec();
    let from_member = matches!(processed.sender(), Sender::Member(_));
    match processed.into_content() {
        ProcessedMessageContent::ApplicationMessage(message) if from_member => {
            let context = group.public_group().group_context();
            // req: MP06-5.4.1.3-01
            let aad = if components::has_safe_aad(context) { FrankAad::read(&aad)? } else { None };
            Ok(Processed::Application(Opened {
                sender: client_of(&sender)?,
                application_data: message.into_bytes(),
                tag: aad.map(|aad| aad.franking_tag),
                framing: components::framing(context)?,
                agent: components::franking_agent(context),
            }))
        }
        ProcessedMessageContent::OwnPrivateMessage => Ok(Processed::OwnText),
        ProcessedMessageContent::ProposalMessage(proposal)
        | ProcessedMessageContent::ExternalJoinProposalMessage(proposal) => keep(provider, group, *proposal),
        ProcessedMessageContent::StagedCommitMessage(staged) => merge(provider, room, group, Some(*staged)),
        ProcessedMessageContent::OwnPendingCommit => merge(provider, room, group, None),
        _ => Err(MlsFailure::Unexpected { expected: "a message of a member, a proposal or a commit" }.into()),
    }
}

/// Merges a commit, or the pending one, and checks the group it makes.
///
/// # Errors
/// When the new group breaks a rule of rooms.
pub(crate) fn merge(
    provider: &Provider<'_>,
    room: &RoomUri,
    group: &mut MlsGroup,
    staged: Option<StagedCommit>,
) -> Result<Processed, ClientError> {
    // req: MP06-4.2-06, MP06-7.3-04
    let (before, metadata) = (roles(group)?, metadata_of(group));
    match staged {
        Some(staged) => group.merge_staged_commit(provider, staged).map_err(library("merging a commit"))?,
        None => group.merge_pending_commit(provider).map_err(library("merging the own commit"))?,
    }
    if !group.is_active() {
        return Ok(Processed::Removed);
    }
    let context = group.public_group().group_context();
    check_context(room, context)?;
    let credentials: Vec<_> = group.members().map(|member| member.credential).collect();
    check_members(context, &credentials)?;
    let after = roles(group)?;
    let stands = |role: &RoleIndex| *role != RoleIndex::BANNED;
    let newcomers = after.iter().filter(|(user, _)| !before.contains_key(*user));
    let gone = before.iter().filter(|(user, role)| !after.contains_key(*user) && stands(role));
    let changed = after.iter().filter(|(user, role)| match before.get(*user) {
        Some(earlier) => earlier != *role,
        None => !stands(role),
    });
    let changes = Changes {
        added: newcomers.filter(|(_, role)| stands(role)).map(|(user, _)| user.clone()).collect(),
        removed: gone.map(|(user, _)| user.clone()).collect(),
        roles: changed.map(|(user, role)| (user.clone(), *role)).collect(),
        metadata: metadata_of(group).filter(|after| metadata.as_ref() != Some(after)),
    };
    Ok(Processed::Committed { epoch: Epoch(group.epoch().as_u64()), changes })
}

fn roles(group: &MlsGroup) -> Result<BTreeMap<UserUri, RoleIndex>, MlsFailure> {
    let list = participants::of(group.public_group().group_context())?;
    Ok(list.participants().iter().map(|entry| (entry.user().clone(), entry.role_index())).collect())
}

fn metadata_of(group: &MlsGroup) -> Option<RoomMetaData> {
    components::metadata(group.public_group().group_context())
}

fn resolve(
    provider: &Provider<'_>,
    group: &MlsGroup,
    processed: ProcessedMessage,
) -> Result<ProcessedMessage, ClientError> {
    let ProcessedMessageContent::UnresolvedAppDataCommit(commit) = processed.content() else {
        return Ok(processed);
    };
    let mut updater = group.app_data_dictionary_updater();
    components::resolve(&mut updater, commit.app_data_update_proposals())?;
    let changes = updater.changes();
    Ok(group.resolve_app_data_commit(provider, processed, changes).map_err(library("staging a commit"))?)
}

// req: DS06-8-01
fn keep(provider: &Provider<'_>, group: &mut MlsGroup, proposal: QueuedProposal) -> Result<Processed, ClientError> {
    let known =
        group.pending_proposals().any(|pending| pending.proposal_reference_ref() == proposal.proposal_reference_ref());
    if !known {
        group.store_pending_proposal(provider.storage(), proposal).map_err(storage)?;
    }
    Ok(Processed::Proposal { new: !known })
}
