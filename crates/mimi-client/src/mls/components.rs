//! The components of a room that this client understands, and what AppDataUpdate proposals make of them
//! (draft-ietf-mls-extensions sections 4.6, 4.7 and 5).
//!
//! OpenMLS hands the proposals of a commit over and takes back the new values; which values are right is decided by
//! `mimi_protocol::component`, as at the hub.

use std::{collections::BTreeSet, sync::LazyLock};

use mimi_arch::UserUri;
use mimi_protocol::{
    application_framing::{CONTENT_MEDIA_TYPES, Framing, MediaTypeList},
    codec::Wire as _,
    component::{self, Component, Known, UnknownComponents},
    franking::{FRANK_AAD, FRANKING_AGENT, FrankingAgent, FrankingAgentData},
    mls::{AppDataDictionary, AppDataOperation, AppDataUpdate, ComponentData, ComponentId, ExternalSender},
    participant_list::ParticipantList,
    room_metadata::{RoomMetaData, RoomMetadata},
    safe_aad::ComponentsList,
};
use mimi_room_policy::{
    capability::CapabilityType,
    policy::{POLICY_COMPONENTS, PerComponent, RoomPolicy, per_component},
};
use openmls::{
    component::ComponentData as MlsComponentData,
    group::GroupContext,
    prelude::{AppDataDictionaryUpdater, AppDataUpdateOperation, AppDataUpdateProposal, LeafNode},
};

use crate::error::{ClientError, MlsFailure};

/// The components of the group context that this client can follow.
static KNOWN: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let own = [Known::of::<ParticipantList>(), Known::of::<FrankingAgent>(), Known::of::<RoomMetadata>()];
    own.into_iter().chain(per_component::<PolicyComponent>()).collect()
});

struct PolicyComponent;

impl PerComponent for PolicyComponent {
    type Output = Known;

    fn of<C: Component>() -> Known {
        Known::of::<C>()
    }
}

/// The media types that this client can show, its own first.
const MEDIA_TYPES: [&str; 3] = [mimi_content::MEDIA_TYPE, mimi_content::TEXT_PLAIN, mimi_content::TEXT_MARKDOWN];

/// What our clients say in the dictionary of their leaf: which components, components with Safe AAD, and media types they understand.
///
/// # Errors
/// None in practice: the lists are short.
pub(crate) fn of_leaf() -> Result<Vec<(ComponentId, Vec<u8>)>, ClientError> {
    Ok(vec![
        (ComponentId::APP_COMPONENTS, ComponentsList(understood()).to_bytes()?),
        (ComponentId::SAFE_AAD, ComponentsList(vec![FRANK_AAD]).to_bytes()?),
        (CONTENT_MEDIA_TYPES, media_types()?.to_bytes()?),
    ])
}

/// The components of rooms that this client understands, in increasing order.
fn understood() -> Vec<ComponentId> {
    let mut ids: Vec<ComponentId> = KNOWN.iter().map(Known::id).collect();
    ids.sort_unstable();
    ids
}

fn media_types() -> Result<MediaTypeList, ClientError> {
    let parsed = MEDIA_TYPES.iter().map(|text| text.parse().map_err(|_| MlsFailure::MediaType));
    Ok(MediaTypeList::new(parsed.collect::<Result<_, _>>()?)?)
}

/// What a new room has for franking (draft-ietf-mimi-protocol-06 section 5.4.1): its hub as agent, with the key of the hub's external
/// sender, and Safe AAD for the tag; and its policy. With `framed` every message says its media type.
///
/// # Errors
/// When the hub's key does not encode.
// req: MP06-5.4.1-02, MP06-5.4.1-03
pub(crate) fn of_new_room(
    hub: &ExternalSender,
    policy: &RoomPolicy,
    framed: bool,
) -> Result<Vec<(ComponentId, Vec<u8>)>, ClientError> {
    let agent =
        FrankingAgentData { franking_signature_key: hub.signature_key.clone(), credential: hub.credential.clone() };
    let mut components =
        vec![(ComponentId::SAFE_AAD, ComponentsList(vec![FRANK_AAD]).to_bytes()?), (FRANKING_AGENT, agent.to_bytes()?)];
    components.extend(policy.components().map_err(MlsFailure::from)?);
    if framed {
        let content = mimi_content::MEDIA_TYPE.parse().map_err(|_| MlsFailure::MediaType)?;
        components.push((CONTENT_MEDIA_TYPES, MediaTypeList::new(vec![content])?.to_bytes()?));
    }
    Ok(components)
}

/// The data of a component in a group context.
pub(crate) fn find(context: &GroupContext, id: ComponentId) -> Option<&[u8]> {
    context.extensions().app_data_dictionary()?.dictionary().get(&id.0)
}

/// Who franks the messages of the room, if somebody does.
pub(crate) fn franking_agent(context: &GroupContext) -> Option<FrankingAgentData> {
    FrankingAgentData::from_bytes(find(context, FRANKING_AGENT)?).ok()
}

/// What the room says of itself, if it does (draft-ietf-mimi-protocol-06 section 7.6).
pub(crate) fn metadata(context: &GroupContext) -> Option<RoomMetaData> {
    RoomMetaData::from_bytes(find(context, ComponentId::ROOM_METADATA)?).ok()
}

/// The policy components of the room (draft-ietf-mimi-room-policy-03).
///
/// # Errors
/// When one does not decode.
pub(crate) fn policy(context: &GroupContext) -> Result<RoomPolicy, MlsFailure> {
    let present = POLICY_COMPONENTS.iter().filter_map(|(id, _)| Some((*id, find(context, *id)?)));
    Ok(RoomPolicy::from_components(present)?)
}

/// Whether every user may be in the group with one client at a time.
pub(crate) fn is_single_device(context: &GroupContext) -> bool {
    policy(context).ok().and_then(|policy| policy.base).is_some_and(|base| !base.multi_device)
}

/// Whether a user's role in the room has a capability.
pub(crate) fn holds(context: &GroupContext, user: &UserUri, capability: CapabilityType) -> bool {
    let role = super::participants::of(context).ok().and_then(|list| list.role_of(user));
    let roles = policy(context).ok().and_then(|policy| policy.roles);
    role.zip(roles).is_some_and(|(role, roles)| roles.get(role).is_some_and(|role| role.has(capability)))
}

/// Whether the additional authenticated data of every message of the group are Safe AAD.
pub(crate) fn has_safe_aad(context: &GroupContext) -> bool {
    find(context, ComponentId::SAFE_AAD).is_some()
}

/// How application data are framed in the group.
///
/// # Errors
/// When the group's list of media types is malformed.
pub(crate) fn framing(context: &GroupContext) -> Result<Framing, ClientError> {
    Ok(match find(context, CONTENT_MEDIA_TYPES) {
        Some(list) => Framing::Framed(MediaTypeList::from_bytes(list)?),
        None => Framing::Bare,
    })
}

/// Checks that a client understands what the group requires of every member: components with Safe AAD, components, media types.
///
/// # Errors
/// The first thing it does not understand.
pub(crate) fn check_understands(context: &GroupContext, leaf: &LeafNode) -> Result<(), MlsFailure> {
    let of_leaf = |id: ComponentId| leaf.extensions().app_data_dictionary()?.dictionary().get(&id.0);
    let list = |data: Option<&[u8]>| -> BTreeSet<ComponentId> {
        data.and_then(|data| ComponentsList::from_bytes(data).ok()).unwrap_or_default().0.into_iter().collect()
    };
    for component in [ComponentId::SAFE_AAD, ComponentId::APP_COMPONENTS] {
        let (required, understood) = (list(find(context, component)), list(of_leaf(component)));
        if !required.is_subset(&understood) {
            return Err(refused(component, "the client does not understand every component that the room requires"));
        }
    }
    let types = |data: Option<&[u8]>| data.and_then(|data| MediaTypeList::from_bytes(data).ok());
    match (types(find(context, CONTENT_MEDIA_TYPES)), types(of_leaf(CONTENT_MEDIA_TYPES))) {
        (None, _) => Ok(()),
        (Some(required), Some(understood)) if required.satisfied_by(&understood) => Ok(()),
        _ => {
            Err(refused(CONTENT_MEDIA_TYPES, "the client does not understand every media type that the room requires"))
        }
    }
}

/// Computes what the AppDataUpdate proposals of one commit make of the dictionary.
///
/// Every participant list update was made against the list of the current epoch, whoever made it; so all of a commit are
/// taken together, and two users who leave in one epoch do not shift each other's index.
///
/// # Errors
/// When an update does not apply, a component is removed that is not there or beside another operation on it, or a
/// component is not one that this client knows. A room keeps its components.
pub(crate) fn resolve<'p>(
    updater: &mut AppDataDictionaryUpdater<'_>,
    proposals: impl IntoIterator<Item = &'p AppDataUpdateProposal>,
) -> Result<(), ClientError> {
    // req: MP06-4.2-06, MP06-7.3-05, MP06-7.5-13
    let updates: Vec<AppDataUpdate> = proposals
        .into_iter()
        .map(|proposal| AppDataUpdate {
            component_id: ComponentId(proposal.component_id()),
            operation: match proposal.operation() {
                AppDataUpdateOperation::Update(data) => AppDataOperation::Update(data.as_slice().to_vec()),
                AppDataUpdateOperation::Remove => AppDataOperation::Remove,
            },
        })
        .collect();
    let named: BTreeSet<ComponentId> = updates.iter().map(|update| update.component_id).collect();
    let present = named.into_iter().filter_map(|component_id| {
        let data = updater.old_value(component_id.0)?.to_vec();
        Some(ComponentData { component_id, data })
    });
    let dictionary = AppDataDictionary::new(present.collect())?;
    let resolution = component::resolve(Some(&dictionary), &updates, &KNOWN, UnknownComponents::Refuse)
        .map_err(MlsFailure::Components)?;
    for (component_id, data) in resolution.changes {
        let data = data.ok_or_else(|| refused(component_id, "a room keeps its components"))?;
        updater.set(MlsComponentData::from_parts(component_id.0, data.into()));
    }
    Ok(())
}

fn refused(component: ComponentId, rule: &'static str) -> MlsFailure {
    MlsFailure::AppData { component: component.0, rule }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::RoleIndex;
    use mimi_protocol::participant_list::ParticipantListData;
    use mimi_room_policy::ready_made;
    use openmls::prelude::AppDataDictionary;

    use super::*;
    use crate::mls::participants::{COMPONENT, adding, first};

    fn dictionary() -> AppDataDictionary {
        let mut dictionary = AppDataDictionary::new();
        let alice = "mimi://a.example/u/alice".parse().unwrap();
        dictionary.insert(COMPONENT, first(&alice, &ready_made::group(&[])).unwrap().to_bytes().unwrap());
        dictionary
    }

    fn rule(proposals: &[AppDataUpdateProposal]) -> String {
        let dictionary = dictionary();
        resolve(&mut AppDataDictionaryUpdater::new(Some(&dictionary)), proposals).unwrap_err().to_string()
    }

    fn adding_bob() -> Vec<u8> {
        adding(&"mimi://b.example/u/bob".parse().unwrap(), RoleIndex(2)).to_bytes().unwrap()
    }

    #[test]
    fn an_update_appends_to_the_list_of_the_dictionary() {
        // req: MP06-7.5-12
        let dictionary = dictionary();
        let mut updater = AppDataDictionaryUpdater::new(Some(&dictionary));
        resolve(&mut updater, &[AppDataUpdateProposal::update(COMPONENT, adding_bob())]).unwrap();
        let (component, value) = updater.changes().unwrap().into_iter().next().unwrap();
        let list = ParticipantListData::from_bytes(&value.unwrap()).unwrap();
        assert_eq!(component, 0x0022);
        assert_eq!(list.participants().len(), 2);
        assert_eq!(list.participants()[1].role_index(), RoleIndex(2));
    }

    #[test]
    fn what_the_library_lets_pass_is_refused_here() {
        let removal = AppDataUpdateProposal::remove(COMPONENT);
        let update = AppDataUpdateProposal::update(COMPONENT, adding_bob());
        assert!(rule(&[removal.clone(), update]).contains("both removed and updated"));
        assert!(rule(&[AppDataUpdateProposal::remove(0x0021)]).contains("has no data"));
        assert!(rule(&[removal]).contains("keeps its components"));
        assert!(rule(&[AppDataUpdateProposal::update(0x0040, b"x".to_vec())]).contains("is not known"));
    }

    #[test]
    fn a_list_or_an_update_that_does_not_decode_is_refused() {
        let malformed = [AppDataUpdateProposal::update(COMPONENT, b"\xff".to_vec())];
        assert!(rule(&malformed).contains("malformed"));
        let mut dictionary = AppDataDictionary::new();
        dictionary.insert(COMPONENT, b"\xff".to_vec());
        let update = [AppDataUpdateProposal::update(COMPONENT, adding_bob())];
        let error = resolve(&mut AppDataDictionaryUpdater::new(Some(&dictionary)), &update).unwrap_err();
        assert!(error.to_string().contains("malformed"), "{error}");
    }
}
