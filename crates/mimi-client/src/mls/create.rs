//! Making a room's group (draft-ietf-mimi-protocol-06 section 3.1).

use mimi_arch::RoomUri;
use mimi_protocol::{
    codec::Wire as _,
    mls::{ComponentId, ExternalSender, GroupInfo, RatchetTree},
    participant_list::PARTICIPANT_LIST,
};
use openmls::{
    group::{GroupContext, MlsGroup, MlsGroupCreateConfig, PURE_PLAINTEXT_WIRE_FORMAT_POLICY},
    prelude::{
        AppDataDictionary, AppDataDictionaryExtension, Extension, ExtensionType, Extensions, OpenMlsProvider as _,
        ProposalType, RequiredCapabilitiesExtension,
        tls_codec::{DeserializeBytes as _, Serialize as _},
    },
};

use super::{
    Identity, PAST_EPOCHS, Provider, SUITE, capabilities, components, encoded, leaf_extensions, library, participants,
    room_group::{check_hub, group_id, user_of},
    sender_ratchet,
};
use crate::{
    error::{ClientError, MlsFailure},
    session::NewRoom,
};

/// What the hub needs to follow a group from epoch 0.
pub(crate) struct Founding {
    pub(crate) group_info: GroupInfo,
    pub(crate) ratchet_tree: RatchetTree,
}

/// Makes the group of a new room, with this client alone in it, and keeps it.
///
/// The group context holds, in this order: the capabilities that every member needs, the external senders with the hub
/// first (section 7.4), the app_data_dictionary with the participant list (section 7.5) and the hub as franking agent
/// (section 5.4.1).
///
/// # Errors
/// When the hub's key is not one of the room's provider, or OpenMLS or the state file fails.
pub(crate) fn create(
    provider: &Provider<'_>,
    identity: &Identity,
    room: &RoomUri,
    hub: &ExternalSender,
    new: &NewRoom,
) -> Result<Founding, ClientError> {
    // req: RP03-5-01
    let list = participants::founders(&user_of(&identity.client)?, &new.participants, &new.policy)?.to_bytes()?;
    let mut components = components::of_new_room(hub, &new.policy, new.media_types)?;
    components.push((PARTICIPANT_LIST, list));
    with_components(provider, identity, room, 1, hub, components)
}

/// Makes a group that is the room's `number`th and holds these components, with this client alone in it, and keeps it.
///
/// # Errors
/// As [`create`].
pub(crate) fn with_components(
    provider: &Provider<'_>,
    identity: &Identity,
    room: &RoomUri,
    number: u32,
    hub: &ExternalSender,
    components: Vec<(ComponentId, Vec<u8>)>,
) -> Result<Founding, ClientError> {
    check_hub(room, hub)?;
    provider.set_group_number(room, number)?;
    let id = group_id(room, number);
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .capabilities(capabilities())
        .with_leaf_node_extensions(leaf_extensions()?)
        .map_err(library("leaf extensions"))?
        .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
        .sender_ratchet_configuration(sender_ratchet())
        .max_past_epochs(PAST_EPOCHS)
        .use_ratchet_tree_extension(false)
        .with_group_context_extensions(context_extensions(hub, components)?)
        .build();
    // req: MP06-3.1-05, MP06-7.2-01
    let group = MlsGroup::new_with_group_id(provider, &identity.signer, &config, id, identity.credential())
        .map_err(library("creating the group"))?;
    founding(provider, identity, &group)
}

/// What the hub needs of a group that is at epoch 0.
///
/// # Errors
/// When OpenMLS fails.
pub(crate) fn founding(
    provider: &Provider<'_>,
    identity: &Identity,
    group: &MlsGroup,
) -> Result<Founding, ClientError> {
    let message = group
        .export_group_info(provider.crypto(), &identity.signer, false)
        .map_err(library("group info"))?
        .to_bytes()
        .map_err(library("group info"))?;
    // MLSMessage: two octets of version, two of wire format, then the object.
    let group_info = message.get(4..).ok_or(MlsFailure::Unexpected { expected: "a GroupInfo" })?;
    Ok(Founding { group_info: GroupInfo::from_bytes(group_info)?, ratchet_tree: ratchet_tree(group)? })
}

/// The group's tree, as a hub hands it out.
///
/// # Errors
/// When it cannot be encoded.
pub(crate) fn ratchet_tree(group: &MlsGroup) -> Result<RatchetTree, ClientError> {
    let bytes = encoded("ratchet tree", group.export_ratchet_tree().tls_serialize_detached())?;
    Ok(RatchetTree::from_bytes(&bytes)?)
}

fn context_extensions(
    hub: &ExternalSender,
    components: Vec<(ComponentId, Vec<u8>)>,
) -> Result<Extensions<GroupContext>, ClientError> {
    // req: MP06-7.4-02, MP06-7.4-03, MP06-7.5-09
    let required = RequiredCapabilitiesExtension::new(
        &[ExtensionType::AppDataDictionary],
        &[ProposalType::AppDataUpdate, ProposalType::SelfRemove],
        &[],
    );
    let hub = openmls::prelude::ExternalSender::tls_deserialize_exact_bytes(&hub.to_bytes()?)
        .map_err(library("the hub's key"))?;
    let mut dictionary = AppDataDictionary::new();
    for (component, data) in components {
        dictionary.insert(component.0, data);
    }
    Ok(Extensions::from_vec(vec![
        Extension::RequiredCapabilities(required),
        Extension::ExternalSenders(vec![hub]),
        Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary)),
    ])
    .map_err(library("group context extensions"))?)
}
