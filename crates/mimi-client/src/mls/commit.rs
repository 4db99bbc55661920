//! Preparing a commit (draft-ietf-mimi-protocol-06 sections 3.2, 3.3 and 5.3).

use mimi_protocol::{
    codec::Wire as _,
    mls::{ComponentId, ExternalSender, GroupInfo, MlsMessage, Welcome},
    participant_list::ParticipantListUpdate,
    ratchet_tree::RatchetTreeOption,
    room_metadata::{ROOM_METADATA, RoomMetaData},
    update::{GroupInfoOption, HandshakeBundle},
};
use mimi_room_policy::join_link::JoinLinksUpdate;
use openmls::{
    group::{CommitMessageBundle, MlsGroup},
    prelude::{
        AppDataUpdateProposal, KeyPackage, LeafNodeIndex, LeafNodeParameters, OpenMlsProvider as _, Proposal,
        tls_codec::Serialize as _,
    },
};

use super::{Identity, Provider, components, encoded, external_senders, library, participants, token};
use crate::error::{ClientError, MlsFailure};

/// What a commit shall contain beside what the library adds.
#[derive(Default)]
pub(crate) struct Plan {
    /// Clients to add.
    pub(crate) adds: Vec<KeyPackage>,
    /// Members to remove.
    pub(crate) removes: Vec<LeafNodeIndex>,
    /// Change of the participant list.
    pub(crate) list: Option<ParticipantListUpdate>,
    /// The metadata of the room after it (section 7.6).
    pub(crate) metadata: Option<RoomMetaData>,
    /// Change of the join links.
    pub(crate) links: Option<JoinLinksUpdate>,
    /// Whether this client's leaf brings a new token ([`super::token`]).
    pub(crate) new_token: bool,
    /// Whether the proposals that wait in the group are carried by reference.
    pub(crate) include_pending: bool,
}

impl Plan {
    /// Nothing but the proposals that wait.
    pub(crate) fn with_pending() -> Self {
        Self { include_pending: true, ..Self::default() }
    }
}

/// Builds a commit and leaves it pending in the group's stored state. `own_provider` is the entry of this client's provider among the external
/// senders, where that is known and not the hub.
///
/// # Errors
/// When the library refuses the content, a participant list update does not apply, or the state file fails.
pub(crate) fn prepare(
    provider: &Provider<'_>,
    identity: &Identity,
    group: &mut MlsGroup,
    plan: Plan,
    own_provider: Option<&ExternalSender>,
) -> Result<HandshakeBundle, ClientError> {
    // req: MP06-3.2-04, MP06-3.2-05, MP06-3.2-06, MP06-4.2-02, MP06-5.3-03, MP06-7.5-12
    let mut own = Vec::new();
    if let Some(update) = &plan.list {
        own.push(AppDataUpdateProposal::update(participants::COMPONENT, update.to_bytes()?));
    }
    // req: MP06-7.6-09
    if let Some(metadata) = &plan.metadata {
        own.push(AppDataUpdateProposal::update(ROOM_METADATA.0, metadata.to_bytes()?));
    }
    if let Some(links) = &plan.links {
        own.push(AppDataUpdateProposal::update(ComponentId::JOIN_LINKS.0, links.to_bytes()?));
    }
    let leaf = match plan.new_token {
        true => LeafNodeParameters::builder().with_extensions(token::leaf_extensions_with_token(provider)?).build(),
        false => LeafNodeParameters::default(),
    };
    let proposals = own.iter().cloned().map(|update| Proposal::AppDataUpdate(Box::new(update)));
    let extensions = external_senders::to_propose(group, own_provider, plan.list.as_ref(), plan.include_pending)?;
    let mut builder = group.commit_builder().consume_proposal_store(plan.include_pending);
    if let Some(extensions) = extensions {
        builder = builder.propose_group_context_extensions(extensions).map_err(library("context extensions"))?;
    }
    let mut builder = builder
        .leaf_node_parameters(leaf)
        .propose_adds(plan.adds)
        .propose_removals(plan.removes)
        .add_proposals(proposals)
        .load_psks(provider.storage())
        .map_err(library("preparing the commit"))?
        .create_group_info(true)
        .use_ratchet_tree_extension(false);
    let changes = {
        let mut updater = builder.app_data_dictionary_updater();
        if plan.include_pending {
            components::resolve(&mut updater, builder.app_data_update_proposals())?;
        } else {
            components::resolve(&mut updater, &own)?;
        }
        updater.changes()
    };
    builder.with_app_data_dictionary_updates(changes);
    let bundle = builder
        .build(provider.rand(), provider.crypto(), &identity.signer, |_| true)
        .map_err(library("building the commit"))?
        .stage_commit(provider)
        .map_err(library("staging the commit"))?;
    handshake(bundle)
}

/// A commit of the library as the body of an update: Welcome and GroupInfo without the tree, which the hub knows.
///
/// # Errors
/// When there is no group info in it, or something does not encode.
pub(crate) fn handshake(bundle: CommitMessageBundle) -> Result<HandshakeBundle, ClientError> {
    // req: MP06-5.3-11, MP06-5.3-16
    let (commit, welcome, group_info) = bundle.into_contents();
    let commit = commit.to_bytes().map_err(library("commit"))?;
    let welcome = welcome
        .map(|welcome| {
            let bytes = encoded("welcome", welcome.tls_serialize_detached())?;
            Ok::<_, ClientError>(Welcome::from_bytes(&bytes)?)
        })
        .transpose()?;
    let group_info = group_info.ok_or(MlsFailure::Unexpected { expected: "a GroupInfo" })?;
    let group_info = encoded("group info", group_info.tls_serialize_detached())?;
    Ok(HandshakeBundle::Commit {
        commit: MlsMessage::from_bytes(&commit)?,
        welcome,
        group_info: GroupInfoOption::Full(Box::new(GroupInfo::from_bytes(&group_info)?)),
        ratchet_tree: RatchetTreeOption::DistributionService,
    })
}
