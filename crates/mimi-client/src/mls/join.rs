//! Becoming a member: by a Welcome (draft-ietf-mimi-protocol-06 section 3.2) or by an external commit (section 3.6).

use mimi_arch::RoomUri;
use mimi_protocol::{
    codec::Wire as _,
    mls::{ComponentId, ExternalSender, GroupInfo, MlsMessage, ProposalView, RatchetTree},
    update::HandshakeBundle,
};
use mimi_room_policy::{join_code::JoiningCode, join_link::JoinLinksUpdate};
use openmls::{
    group::{MlsGroup, StagedWelcome},
    messages::group_info::VerifiableGroupInfo,
    prelude::{
        AppDataUpdateProposal, Credential, LeafNodeParameters, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider as _,
        RatchetTreeIn, tls_codec::DeserializeBytes as _,
    },
};

use super::{
    Identity, Provider, capabilities,
    commit::handshake,
    components, join_config, library, participants,
    room_group::{check_context, check_members, number_of, user_of},
    token,
};
use crate::{
    error::{ClientError, GroupInfoFailure, MlsFailure},
    session,
};

/// Joins by a Welcome, with the tree that the hub sent beside it.
///
/// # Errors
/// When the Welcome is not for a key package of this client, is of another group than the room's, or the group breaks a
/// rule of rooms. Nothing is consumed then, if the caller lets the transaction lapse.
pub(crate) fn welcome(
    provider: &Provider<'_>,
    room: &RoomUri,
    message: &MlsMessage,
    ratchet_tree: &RatchetTree,
) -> Result<MlsGroup, ClientError> {
    let message =
        MlsMessageIn::tls_deserialize_exact_bytes(&message.to_bytes()?).map_err(library("reading a Welcome"))?;
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
        return Err(MlsFailure::Unexpected { expected: "a Welcome" }.into());
    };
    let config = join_config();
    let builder =
        StagedWelcome::build_from_welcome(provider, &config, welcome).map_err(library("opening the Welcome"))?;
    let number = number_of(room, builder.processed_welcome().unverified_group_info().group_id())?;
    // Leaves were checked when they were added; a tree may hold some whose key package has expired since.
    let staged = builder
        .with_ratchet_tree(tree_in(ratchet_tree)?)
        .skip_lifetime_validation()
        .build()
        .map_err(library("checking the Welcome"))?;
    check_context(room, staged.group_context())?;
    let credentials: Vec<Credential> = staged.members().map(|member| member.credential).collect();
    check_members(staged.group_context(), &credentials)?;
    provider.set_group_number(room, number)?;
    Ok(staged.into_group(provider).map_err(library("joining by the Welcome"))?)
}

/// What the hub gave for an external commit.
pub(crate) struct Given<'a> {
    pub(crate) hub: &'a ExternalSender,
    pub(crate) group_info: &'a GroupInfo,
    pub(crate) ratchet_tree: &'a RatchetTree,
    pub(crate) pending: &'a [MlsMessage],
}

/// Builds the external commit by which this client joins, and keeps the group as it will be once the hub has accepted.
///
/// Of the proposals that wait, the SelfRemoves are carried; the library can carry no others in an external commit. A
/// user who is no participant yet is appended to the participant list; with the role of the link that the `code` opens, which is taken away
/// if it is for one user.
///
/// # Errors
/// When the group is not the room's, its first external sender is not the hub that answered, the group breaks a rule of
/// rooms, or the library refuses.
pub(crate) fn external(
    provider: &Provider<'_>,
    identity: &Identity,
    room: &RoomUri,
    given: &Given<'_>,
    code: Option<&JoiningCode>,
) -> Result<HandshakeBundle, ClientError> {
    let Given { hub, group_info, ratchet_tree, pending } = *given;
    let group_info = VerifiableGroupInfo::tls_deserialize_exact_bytes(&group_info.to_bytes()?)
        .map_err(library("reading the group info"))?;
    let first = check_context(room, group_info.group_context())?;
    if first != *hub {
        let reason = "the signer of the answer is not the first external sender of the group";
        return Err(GroupInfoFailure::Untrusted(reason.into()).into());
    }
    provider.set_group_number(room, number_of(room, group_info.group_context().group_id())?)?;
    let user = user_of(&identity.client)?;
    let is_participant = participants::of(group_info.group_context())?.index_of(&user).is_some();
    let link = code.filter(|_| !is_participant).and_then(|code| session::opened(group_info.group_context(), code));
    let role = match &link {
        Some((link, _)) => link.terms.role,
        None => participants::role_given_by(group_info.group_context(), &user),
    };

    // req: MP06-3.6-01, MP06-3.6-02, MP06-5.6-01
    let mut carried = Vec::new();
    // What the library cannot carry it need not read either; the hub proposes it anew (interpretation IP-18).
    for message in pending.iter().filter(|message| matches!(message.as_proposal(), Some(ProposalView::SelfRemove))) {
        let message =
            MlsMessageIn::tls_deserialize_exact_bytes(&message.to_bytes()?).map_err(library("reading a proposal"))?;
        if let MlsMessageBodyIn::PublicMessage(message) = message.extract() {
            carried.push(message);
        }
    }
    let leaf = LeafNodeParameters::builder()
        .with_capabilities(capabilities())
        .with_extensions(token::leaf_extensions_with_token(provider)?)
        .build();
    let mut builder = MlsGroup::external_commit_builder()
        .with_ratchet_tree(tree_in(ratchet_tree)?)
        .with_config(join_config())
        .with_proposals(carried)
        .skip_lifetime_validation()
        .build_group(provider, group_info, identity.credential())
        .map_err(library("checking the group info"))?
        .leaf_node_parameters(leaf);
    if !is_participant {
        let update = participants::adding(&user, role).to_bytes()?;
        builder = builder.add_app_data_update_proposal(AppDataUpdateProposal::update(participants::COMPONENT, update));
    }
    if let Some((_, Some(place))) = link {
        let update = JoinLinksUpdate { removed_indices: vec![place], ..JoinLinksUpdate::default() }.to_bytes()?;
        builder =
            builder.add_app_data_update_proposal(AppDataUpdateProposal::update(ComponentId::JOIN_LINKS.0, update));
    }
    let mut builder = builder
        .load_psks(provider.storage())
        .map_err(library("preparing the external commit"))?
        .create_group_info(true)
        .use_ratchet_tree_extension(false);
    let changes = {
        let mut updater = builder.app_data_dictionary_updater();
        components::resolve(&mut updater, builder.app_data_update_proposals())?;
        updater.changes()
    };
    builder.with_app_data_dictionary_updates(changes);
    let (_, bundle) = builder
        .build(provider.rand(), provider.crypto(), &identity.signer, |_| true)
        .map_err(library("building the external commit"))?
        .finalize(provider)
        .map_err(library("staging the external commit"))?;
    handshake(bundle)
}

fn tree_in(tree: &RatchetTree) -> Result<RatchetTreeIn, ClientError> {
    Ok(RatchetTreeIn::tls_deserialize_exact_bytes(&tree.to_bytes()?).map_err(library("reading the ratchet tree"))?)
}
