//! Components of the room policy (draft-ietf-mimi-room-policy-03 sections 3 to 7).

mod components;
mod operational;
mod roles;

use mimi_protocol::Wire;
use mimi_protocol::mls::ComponentId;
use mimi_room_policy::asset::{AssetPolicy, DownloadPrivacy, ProviderAssetUploadDomains};
use mimi_room_policy::base_room_policy::BaseRoomPolicy;
use mimi_room_policy::bot::{Bot, BotPolicy};
use mimi_room_policy::chat_history::HistoryPolicy;
use mimi_room_policy::join_code::CodeLink;
use mimi_room_policy::join_link::{JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use mimi_room_policy::link_preview::LinkPreviewPolicy;
use mimi_room_policy::logging::LoggingPolicy;
use mimi_room_policy::message_expiration::MessageExpiration;
use mimi_room_policy::operational::{
    AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};
use mimi_room_policy::preauth::{PreAuthRoleEntry, PreauthList};
use mimi_room_policy::roles::{Role, RolesList, SingleSourceRoleChangeTargets};
use mimi_room_policy::status_notification::StatusNotificationPolicy;

use super::registry::ShowType;
use super::tree::{Tree, read};

/// The components and their parts. Where the draft has one structure for data and update, it stands here once.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("RoleData", "draft-ietf-mimi-room-policy-03 section 3", |octets| {
        read::<RolesList>(octets, roles::roles)
    }),
    ShowType::part("Role", "draft-ietf-mimi-room-policy-03 section 3", |octets| read::<Role>(octets, roles::role)),
    ShowType::part("SingleSourceRoleChangeTargets", "draft-ietf-mimi-room-policy-03 section 3", |octets| {
        read::<SingleSourceRoleChangeTargets>(octets, roles::change_targets)
    }),
    ShowType::wire("PreAuthData", "draft-ietf-mimi-room-policy-03 section 4", |octets| {
        read::<PreauthList>(octets, roles::preauth)
    }),
    ShowType::part("PreAuthRoleEntry", "draft-ietf-mimi-room-policy-03 section 4", |octets| {
        read::<PreAuthRoleEntry>(octets, roles::preauth_entry)
    }),
    ShowType::wire("BaseRoomPolicy", "draft-ietf-mimi-room-policy-03 section 5", |octets| {
        read::<BaseRoomPolicy>(octets, components::base)
    }),
    ShowType::wire("StatusNotificationPolicy", "draft-ietf-mimi-room-policy-03 section 6.1", |octets| {
        read::<StatusNotificationPolicy>(octets, components::status_notification)
    }),
    ShowType::wire("JoinLinkPolicy", "draft-ietf-mimi-room-policy-03 section 6.2", |octets| {
        read::<JoinLinkPolicy>(octets, components::join_link)
    }),
    ShowType::wire("JoinLinksData", "draft-ietf-mimi-room-policy-03 section 6.2", |octets| {
        read::<JoinLinks>(octets, components::join_links)
    }),
    ShowType::wire("JoinLinksUpdate", "draft-ietf-mimi-room-policy-03 section 6.2", |octets| {
        read::<JoinLinksUpdate>(octets, components::join_links_update)
    }),
    ShowType::part("CodeLink", "draft-ietf-mimi-room-policy-03 section 6.2", |octets| {
        read::<CodeLink>(octets, components::code_link)
    }),
    ShowType::wire("LinkPreviewPolicy", "draft-ietf-mimi-room-policy-03 section 6.3", |octets| {
        read::<LinkPreviewPolicy>(octets, components::link_preview)
    }),
    ShowType::wire("AssetPolicy", "draft-ietf-mimi-room-policy-03 section 6.4", |octets| {
        read::<AssetPolicy>(octets, components::asset)
    }),
    ShowType::part("DownloadPrivacy", "draft-ietf-mimi-room-policy-03 section 6.4", |octets| {
        read::<DownloadPrivacy>(octets, components::download_privacy)
    }),
    ShowType::part("ProviderAssetUploadDomains", "draft-ietf-mimi-room-policy-03 section 6.4", |octets| {
        read::<ProviderAssetUploadDomains>(octets, components::upload_domains)
    }),
    ShowType::wire("LoggingPolicy", "draft-ietf-mimi-room-policy-03 section 6.5", |octets| {
        read::<LoggingPolicy>(octets, components::logging)
    }),
    ShowType::wire("HistoryPolicy", "draft-ietf-mimi-room-policy-03 section 6.6", |octets| {
        read::<HistoryPolicy>(octets, components::history)
    }),
    ShowType::wire("BotPolicy", "draft-ietf-mimi-room-policy-03 section 6.7", |octets| {
        read::<BotPolicy>(octets, components::bots)
    }),
    ShowType::part("Bot", "draft-ietf-mimi-room-policy-03 section 6.7", |octets| read::<Bot>(octets, components::bot)),
    ShowType::wire("MessageExpiration", "draft-ietf-mimi-room-policy-03 section 6.8", |octets| {
        read::<MessageExpiration>(octets, components::expiration)
    }),
    ShowType::wire("OperationalParameters", "draft-ietf-mimi-room-policy-03 section 7", |octets| {
        read::<OperationalParameters>(octets, operational::parameters)
    }),
    ShowType::part("ExtendedCapabilities", "draft-ietf-mimi-room-policy-03 section 7.1", |octets| {
        read::<ExtendedCapabilities>(octets, operational::capabilities)
    }),
    ShowType::part("PendingProposalPolicy", "draft-ietf-mimi-room-policy-03 section 7.1", |octets| {
        read::<PendingProposalPolicy>(octets, operational::pending_proposals)
    }),
    ShowType::part("MinDefaultMaxTime", "draft-ietf-mimi-room-policy-03 section 7.1", |octets| {
        read::<MinDefaultMaxTime>(octets, operational::times)
    }),
    ShowType::part("AppMessagePolicy", "draft-ietf-mimi-room-policy-03 section 7.1", |octets| {
        read::<AppMessagePolicy>(octets, operational::messages)
    }),
];

/// Data or, in most components, update of a component of the policy; nothing if it is none.
pub(super) fn component(id: ComponentId, data: &[u8]) -> Option<Tree> {
    Some(match id {
        ComponentId::ROLES_LIST => Tree::inside(data, "RoleData", roles::roles),
        ComponentId::PREAUTH_LIST => Tree::inside(data, "PreAuthData", roles::preauth),
        ComponentId::BASE_ROOM_POLICY => Tree::inside(data, "BaseRoomPolicy", components::base),
        ComponentId::STATUS_NOTIFICATION_POLICY => {
            Tree::inside(data, "StatusNotificationPolicy", components::status_notification)
        }
        ComponentId::JOIN_LINK_POLICY => Tree::inside(data, "JoinLinkPolicy", components::join_link),
        ComponentId::JOIN_LINKS => Tree::inside(data, "JoinLinksData", components::join_links),
        ComponentId::LINK_PREVIEW_POLICY => Tree::inside(data, "LinkPreviewPolicy", components::link_preview),
        ComponentId::ASSET_POLICY => Tree::inside(data, "AssetPolicy", components::asset),
        ComponentId::LOGGING_POLICY => Tree::inside(data, "LoggingPolicy", components::logging),
        ComponentId::CHAT_HISTORY_POLICY => Tree::inside(data, "HistoryPolicy", components::history),
        ComponentId::BOT_POLICY => Tree::inside(data, "BotPolicy", components::bots),
        ComponentId::MESSAGE_EXPIRATION_POLICY => Tree::inside(data, "MessageExpiration", components::expiration),
        ComponentId::MLS_OPERATIONAL_POLICY => Tree::inside(data, "OperationalParameters", operational::parameters),
        _ => return None,
    })
}

/// An update, which has a structure of its own in one component.
pub(super) fn component_update(id: ComponentId, update: &[u8]) -> Option<Tree> {
    match id {
        ComponentId::JOIN_LINKS => Some(Tree::inside(update, "JoinLinksUpdate", components::join_links_update)),
        _ => component(id, update),
    }
}

/// A value of an enumeration that has the draft's word for itself.
fn spelt<T: Wire>(value: &T, name: &'static str) -> Tree {
    let number = value.to_bytes().ok().and_then(|octets| octets.first().copied()).unwrap_or_default();
    Tree::constant(name, number.into())
}
