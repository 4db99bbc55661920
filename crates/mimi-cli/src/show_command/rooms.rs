//! Components of a room: their data in the group context, and updates to them (draft-ietf-mimi-protocol-06 section 7).

use mimi_protocol::application_framing::MediaTypeList;
use mimi_protocol::franking::{FrankingAgentData, FrankingAgentUpdate};
use mimi_protocol::mls::ComponentId;
use mimi_protocol::participant_list::{ParticipantListData, ParticipantListUpdate, UserRolePair};
use mimi_protocol::room_metadata::{HttpsUri, RichDescription, RoomMetaData, Utf8String};

use super::registry::ShowType;
use super::tree::{Tree, read};
use super::{framing, franking, mls, names, policy, semi_private};

/// The participant list and the metadata.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("ParticipantListData", "draft-ietf-mimi-protocol-06 section 7.5", |octets| {
        read::<ParticipantListData>(octets, participants)
    }),
    ShowType::wire("ParticipantListUpdate", "draft-ietf-mimi-protocol-06 section 7.5", |octets| {
        read::<ParticipantListUpdate>(octets, participants_update)
    }),
    ShowType::wire("RoomMetaData", "draft-ietf-mimi-protocol-06 section 7.6", |octets| {
        read::<RoomMetaData>(octets, metadata)
    }),
    ShowType::part("RichDescription", "draft-ietf-mimi-protocol-06 section 7.6", |octets| {
        read::<RichDescription>(octets, description)
    }),
    ShowType::part("UTF8String", "draft-ietf-mimi-protocol-06 section 7.6", |octets| {
        read::<Utf8String>(octets, |text| Tree::fields([("string", Tree::text(text.as_str()))]))
    }),
];

/// What the group context holds for a component.
pub(super) fn component_data(id: ComponentId, data: &[u8]) -> Tree {
    match id {
        ComponentId::PARTICIPANT_LIST => Tree::inside(data, "ParticipantListData", participants),
        ComponentId::ROOM_METADATA => Tree::inside(data, "RoomMetaData", metadata),
        ComponentId::FRANKING_AGENT => Tree::inside::<FrankingAgentData>(data, "FrankingAgentData", franking::agent),
        ComponentId::EXTERNAL_RECEIVERS => Tree::inside(data, "external_receivers", semi_private::receivers),
        _ => policy::component(id, data).unwrap_or_else(|| client_component_data(id, data)),
    }
}

/// What an update carries for a component.
pub(super) fn component_update(id: ComponentId, update: &[u8]) -> Tree {
    match id {
        ComponentId::PARTICIPANT_LIST => Tree::inside(update, "ParticipantListUpdate", participants_update),
        ComponentId::ROOM_METADATA => Tree::inside(update, "RoomMetaUpdate", metadata),
        ComponentId::FRANKING_AGENT => {
            Tree::inside::<FrankingAgentUpdate>(update, "FrankingAgentUpdate", |update| franking::agent(&update.0))
        }
        ComponentId::EXTERNAL_RECEIVERS => Tree::inside(update, "external_receivers", semi_private::receivers),
        _ => policy::component_update(id, update).unwrap_or_else(|| Tree::octets(update)),
    }
}

/// What a leaf node or key package holds for a component.
pub(super) fn client_component_data(id: ComponentId, data: &[u8]) -> Tree {
    match id {
        ComponentId::APP_COMPONENTS | ComponentId::SAFE_AAD => Tree::Inside {
            octets: data.to_vec(),
            kind: "ComponentsList",
            read: mls::components_list(data).map(Box::new),
        },
        ComponentId::CONTENT_MEDIA_TYPES => {
            Tree::inside::<MediaTypeList>(data, "MediaTypeList", framing::media_type_list)
        }
        _ => Tree::octets(data),
    }
}

fn pair(pair: &UserRolePair) -> Tree {
    Tree::fields([("user", Tree::text(pair.user().as_str())), ("role_index", Tree::number(pair.role_index().0))])
}

fn participants(list: &ParticipantListData) -> Tree {
    Tree::fields([("participants", Tree::list(list.participants(), pair))])
}

fn participants_update(update: &ParticipantListUpdate) -> Tree {
    let changed = Tree::list(&update.changed_role_participants, |change| {
        Tree::fields([
            ("user_index", Tree::number(change.user_index)),
            ("role_index", Tree::number(change.role_index.0)),
        ])
    });
    let removed = update.removed_indices.iter().copied().map(u64::from).collect();
    Tree::fields([
        ("changedRoleParticipants", changed),
        ("removedIndices", Tree::Numbers { values: removed, name: names::nameless }),
        ("addedParticipants", Tree::list(&update.added_participants, pair)),
    ])
}

fn metadata(metadata: &RoomMetaData) -> Tree {
    let avatar = metadata.room_avatar.as_ref().map_or("", HttpsUri::as_str);
    Tree::fields([
        ("room_uri", Tree::text(metadata.room_uri.as_str())),
        ("room_name", Tree::text(metadata.room_name.as_str())),
        ("room_descriptions", Tree::list(&metadata.room_descriptions, description)),
        ("room_avatar", Tree::text(avatar)),
        ("room_subject", Tree::text(metadata.room_subject.as_str())),
        ("room_mood", Tree::text(metadata.room_mood.as_str())),
    ])
}

fn description(description: &RichDescription) -> Tree {
    Tree::fields([
        ("media_type", Tree::text(description.media_type_text())),
        ("language_tag", Tree::text(description.language_tag().unwrap_or_default())),
        ("description_content", Tree::octets(description.description_content())),
    ])
}
