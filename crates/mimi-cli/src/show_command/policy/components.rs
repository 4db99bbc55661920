//! The base policy and the components of section 6 (draft-ietf-mimi-room-policy-03 sections 5 and 6).

use mimi_arch::Uri;
use mimi_room_policy::asset::{AssetPolicy, DownloadPrivacy, DownloadPrivacyType, ProviderAssetUploadDomains};
use mimi_room_policy::base_room_policy::BaseRoomPolicy;
use mimi_room_policy::bot::{Bot, BotPolicy};
use mimi_room_policy::chat_history::HistoryPolicy;
use mimi_room_policy::join_code::CodeLink;
use mimi_room_policy::join_link::{JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use mimi_room_policy::link_preview::LinkPreviewPolicy;
use mimi_room_policy::logging::LoggingPolicy;
use mimi_room_policy::message_expiration::MessageExpiration;
use mimi_room_policy::optionality::Optionality;
use mimi_room_policy::status_notification::StatusNotificationPolicy;

use super::super::framing::media_type;
use super::super::{names, tree::Tree};
use super::roles::indices;
use super::spelt;

fn optionality(value: Optionality) -> Tree {
    spelt(&value, value.name())
}

/// A URI that may be left empty.
fn uri_or_empty(uri: Option<&Uri>) -> Tree {
    Tree::text(uri.map_or("", Uri::as_str))
}

/// A vector of URIs that holds none or one.
fn uris(uri: Option<&Uri>) -> Tree {
    Tree::list(uri, |uri| Tree::text(uri.as_str()))
}

pub(super) fn base(policy: &BaseRoomPolicy) -> Tree {
    let components = policy.policy_component_ids.iter().map(|id| id.0.into()).collect();
    Tree::fields([
        ("fixed_membership", Tree::Bool(policy.fixed_membership)),
        ("parent_dependant", Tree::Bool(policy.parent_dependent())),
        ("parent_room", uris(policy.parent_room.as_ref())),
        ("multi_device", Tree::Bool(policy.multi_device)),
        ("max_clients", Tree::optional(policy.max_clients, Tree::number)),
        ("max_users", Tree::optional(policy.max_users, Tree::number)),
        ("pseudonyms_allowed", Tree::Bool(policy.pseudonyms_allowed)),
        ("persistent_room", Tree::Bool(policy.persistent_room)),
        ("discoverable", Tree::Bool(policy.discoverable)),
        ("policy_component_ids", Tree::Numbers { values: components, name: names::component }),
    ])
}

pub(super) fn status_notification(policy: &StatusNotificationPolicy) -> Tree {
    Tree::fields([
        ("delivery_notifications", optionality(policy.delivery_notifications)),
        ("read_receipts", optionality(policy.read_receipts)),
    ])
}

pub(super) fn join_link(policy: &JoinLinkPolicy) -> Tree {
    Tree::fields([
        ("on_request", Tree::Bool(policy.on_request)),
        ("join_link", uri_or_empty(policy.join_link.as_ref())),
        ("multiuser", Tree::Bool(policy.multiuser)),
        ("expiration", Tree::number(policy.expiration)),
    ])
}

pub(super) fn code_link(link: &CodeLink) -> Tree {
    Tree::fields([
        ("form", Tree::number(1u8)),
        ("role", Tree::number(link.terms.role.0)),
        ("multiuser", Tree::Bool(link.terms.multiuser)),
        ("notAfter", Tree::number(link.terms.not_after)),
        ("digest", Tree::octets(link.digest())),
    ])
}

fn links(links: &[JoinLink]) -> Tree {
    Tree::list(links, |link| Tree::fields([("join_link", Tree::octets(link.as_bytes()))]))
}

pub(super) fn join_links(data: &JoinLinks) -> Tree {
    Tree::fields([("join_links", links(&data.links))])
}

pub(super) fn join_links_update(update: &JoinLinksUpdate) -> Tree {
    let removed = update.removed_indices.iter().copied().map(u64::from).collect();
    Tree::fields([
        ("removedIndices", Tree::Numbers { values: removed, name: names::nameless }),
        ("added_links", links(&update.added_links)),
    ])
}

pub(super) fn link_preview(policy: &LinkPreviewPolicy) -> Tree {
    let proxy = &policy.link_preview_proxy;
    let tree = Tree::fields([
        ("autodetect_hyperlinks_in_text", optionality(policy.autodetect_hyperlinks_in_text)),
        ("send_link_previews", optionality(policy.send_link_previews)),
        ("automatic_link_previews", optionality(policy.automatic_link_previews)),
        ("link_preview_proxy_use", optionality(proxy.optionality())),
    ]);
    match proxy.terms() {
        Some(proxy) => tree.and([("link_preview_proxy", uris(Some(&proxy.0)))]),
        None => tree,
    }
}

pub(super) fn asset(policy: &AssetPolicy) -> Tree {
    let location = policy.asset_upload_location;
    let permitted = policy.permitted_media_types.as_ref();
    Tree::fields([
        ("asset_upload_location", spelt(&location, location.name())),
        ("upload_domains", Tree::list(&policy.upload_domains, upload_domains)),
        ("download_privacy", download_privacy(&policy.download_privacy)),
        ("max_image", Tree::number(policy.max_image)),
        ("max_audio", Tree::number(policy.max_audio)),
        ("max_video", Tree::number(policy.max_video)),
        ("max_attachment", Tree::number(policy.max_attachment)),
        ("forbidden_media_types", Tree::list(&policy.forbidden_media_types, media_type)),
        ("permitted_media_types", Tree::optional(permitted, |types| Tree::list(types, media_type))),
    ])
}

pub(super) fn upload_domains(domains: &ProviderAssetUploadDomains) -> Tree {
    let destinations = Tree::list(&domains.asset_upload_destinations, |domain| Tree::text(domain.as_str()));
    Tree::fields([("provider", Tree::text(domains.provider.as_str())), ("asset_upload_destinations", destinations)])
}

fn download_type(value: &DownloadPrivacyType) -> Tree {
    spelt(value, value.name())
}

pub(super) fn download_privacy(privacy: &DownloadPrivacy) -> Tree {
    Tree::fields([
        ("allowed_download_types", Tree::list(&privacy.allowed_download_types, download_type)),
        ("forbidden_download_types", Tree::list(&privacy.forbidden_download_types, download_type)),
        ("default_download_type", download_type(&privacy.default_download_type)),
    ])
}

pub(super) fn logging(policy: &LoggingPolicy) -> Tree {
    let tree = Tree::fields([("logging", optionality(policy.logging.optionality()))]);
    match policy.logging.terms() {
        Some(terms) => tree.and([
            ("logging_clients", Tree::list(&terms.logging_clients, |uri| Tree::text(uri.as_str()))),
            ("machine_readable_policy", uri_or_empty(terms.machine_readable_policy.as_ref())),
            ("human_readable_policy", uri_or_empty(terms.human_readable_policy.as_ref())),
        ]),
        None => tree,
    }
}

pub(super) fn history(policy: &HistoryPolicy) -> Tree {
    let tree = Tree::fields([("history_sharing", optionality(policy.history_sharing.optionality()))]);
    match policy.history_sharing.terms() {
        Some(terms) => tree.and([
            ("roles_that_can_share", indices(&terms.roles_that_can_share)),
            ("automatically_share", Tree::Bool(terms.automatically_share)),
            ("max_time_period", Tree::number(terms.max_time_period)),
        ]),
        None => tree,
    }
}

pub(super) fn bots(policy: &BotPolicy) -> Tree {
    Tree::fields([("allowed_bots", Tree::list(&policy.allowed_bots, bot))])
}

pub(super) fn bot(bot: &Bot) -> Tree {
    Tree::fields([
        ("name", Tree::text(bot.name.as_str())),
        ("description", Tree::text(bot.description.as_str())),
        ("homepage", uri_or_empty(bot.homepage.as_ref())),
        ("local_client_bot", Tree::Bool(bot.local_client_bot)),
        ("bot_role_index", Tree::number(bot.bot_role_index.0)),
        ("can_target_message_in_group", Tree::Bool(bot.can_target_message_in_group)),
        ("per_user_content", Tree::Bool(bot.per_user_content)),
    ])
}

pub(super) fn expiration(policy: &MessageExpiration) -> Tree {
    let tree = Tree::fields([("expiring_messages", optionality(policy.expiring_messages.optionality()))]);
    match policy.expiring_messages.terms() {
        Some(terms) => tree.and([
            ("min_expiration_duration", Tree::number(terms.min_expiration_duration)),
            ("max_expiration_duration", Tree::number(terms.max_expiration_duration)),
            ("default_expiration_duration", Tree::optional(terms.default_expiration_duration, Tree::number)),
        ]),
        None => tree,
    }
}
