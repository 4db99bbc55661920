//! A policy as text: a paragraph for each component, in the draft's words.

use std::fmt::Display;

use mimi_arch::{Uri, mls::ComponentId};
use mimi_room_policy::{
    asset::AssetPolicy,
    base_room_policy::BaseRoomPolicy,
    bot::BotPolicy,
    chat_history::HistoryPolicy,
    join_link::{JoinLinkPolicy, JoinLinks},
    link_preview::LinkPreviewPolicy,
    logging::LoggingPolicy,
    message_expiration::MessageExpiration,
    operational::{ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy},
    policy::{RoomPolicy, component_name},
    preauth::PreauthList,
    roles::{Role, RolesList},
    status_notification::StatusNotificationPolicy,
};

use crate::screen::harmless;

/// Text so far.
#[derive(Default)]
struct Text(String);

impl Text {
    /// The first line of a component.
    fn component(&mut self, component_id: ComponentId) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        let name = component_name(component_id).unwrap_or("unknown component");
        self.0.push_str(&format!("{name} (0x{:04X})\n", component_id.0));
    }

    /// A field and its value.
    fn field(&mut self, name: &str, value: impl Display) {
        self.line(1, &format!("{name}: {value}"));
    }

    fn line(&mut self, depth: usize, line: &str) {
        self.0.push_str(&"  ".repeat(depth));
        self.0.push_str(&harmless(line));
        self.0.push('\n');
    }
}

pub(super) fn of_policy(policy: &RoomPolicy) -> String {
    let mut text = Text::default();
    macro_rules! components {
        ($($field:ident: $id:ident by $write:path;)+) => {
            $(if let Some(component) = &policy.$field {
                text.component(ComponentId::$id);
                $write(component, &mut text);
            })+
        };
    }
    components! {
        operational: MLS_OPERATIONAL_POLICY by operational;
        roles: ROLES_LIST by roles;
        preauth: PREAUTH_LIST by preauthorized;
        base: BASE_ROOM_POLICY by base;
        status_notifications: STATUS_NOTIFICATION_POLICY by status_notifications;
        join_link_policy: JOIN_LINK_POLICY by join_link_policy;
        join_links: JOIN_LINKS by join_links;
        link_preview: LINK_PREVIEW_POLICY by link_preview;
        assets: ASSET_POLICY by assets;
        logging: LOGGING_POLICY by logging;
        history: CHAT_HISTORY_POLICY by history;
        bots: BOT_POLICY by bots;
        expiration: MESSAGE_EXPIRATION_POLICY by expiration;
    }
    for (component_id, data) in policy.other() {
        text.component(component_id);
        text.field("octets", data.len());
    }
    text.0
}

fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn numbers(items: impl IntoIterator<Item = u16>) -> String {
    list(items.into_iter().map(|number| format!("0x{number:04X}")))
}

fn or_none<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn uri(uri: Option<&Uri>) -> &str {
    uri.map_or("none", Uri::as_str)
}

fn operational(policy: &OperationalParameters, text: &mut Text) {
    for (name, capabilities) in [
        ("mandatory_capabilities", &policy.mandatory_capabilities),
        ("default_capabilities", &policy.default_capabilities),
        ("forbidden_capabilities", &policy.forbidden_capabilities),
    ] {
        text.line(1, &format!("{name}:"));
        extended(capabilities, text);
    }
    text.field("handshake_formats", numbers(policy.handshake_formats.iter().map(|format| format.0)));
    text.field("external_proposal_allowed", policy.external_proposal_allowed);
    text.field("external_commit_allowed", policy.external_commit_allowed);
    let strategy = match policy.pending_proposal_policy {
        PendingProposalPolicy::Unspecified => "unspecified".to_owned(),
        PendingProposalPolicy::ImmediateCommit => "immediate_commit".to_owned(),
        PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms } => {
            format!("random_delay of {minimum_delay_ms} to {maximum_delay_ms} ms")
        }
    };
    text.field("pending_proposal_policy", strategy);
    text.field("LeafNode_update_time", times(policy.leaf_node_update_time));
    let messages = policy.app_message_policy;
    text.field("epoch_tolerance", messages.epoch_tolerance);
    text.field("pad_to_size", messages.pad_to_size);
    text.field("max_generations_skipahead", messages.max_generations_skipahead);
    text.field("max_kp_lifetime", format!("{} s", policy.max_kp_lifetime));
    text.field("max_credential_lifetime", format!("{} s", policy.max_credential_lifetime));
    text.field("resumption_psk_lifetime", format!("{} s", policy.resumption_psk_lifetime));
    text.field("sender_nonce_keypair_lifetime", times(policy.sender_nonce_keypair_lifetime));
    text.field("max_keypairs", policy.max_keypairs);
    text.field("buffer_incoming_message_time", times(policy.buffer_incoming_message_time));
    text.field("max_buffered_messages", policy.max_buffered_messages);
}

fn times(times: MinDefaultMaxTime) -> String {
    format!("{} to {} s, usually {} s", times.minimum(), times.maximum(), times.default_time())
}

fn extended(capabilities: &ExtendedCapabilities, text: &mut Text) {
    macro_rules! lists {
        ($($field:ident),+) => {
            [$((stringify!($field), numbers(capabilities.$field.iter().map(|number| u16::from(number.0))))),+]
        };
    }
    let lists = lists!(
        versions,
        cipher_suites,
        extensions,
        proposals,
        credentials,
        wire_formats,
        component_ids,
        safe_aad_types,
        content_types
    );
    let media_types = [("media_types", list(&capabilities.media_types))];
    let named: Vec<_> = lists.into_iter().chain(media_types).filter(|(_, items)| items != "none").collect();
    for (name, items) in &named {
        text.line(2, &format!("{name}: {items}"));
    }
    if named.is_empty() {
        text.line(2, "none");
    }
}

fn roles(list: &RolesList, text: &mut Text) {
    if list.roles().is_empty() {
        text.line(1, "none");
    }
    for role in list.roles() {
        text.line(1, &format!("role {} {:?}", role.role_index, role.role_name));
        described(role, text);
    }
}

fn described(role: &Role, text: &mut Text) {
    if !role.role_description.is_empty() {
        text.line(2, &format!("description: {:?}", role.role_description));
    }
    let range = |least: u32, most: Option<u32>| match most {
        Some(most) => format!("{least} to {most}"),
        None => format!("{least} or more"),
    };
    let (least, most) = (role.minimum_participants_constraint, role.maximum_participants_constraint);
    text.line(2, &format!("participants: {}", range(least, most)));
    let (least, most) = (role.minimum_active_participants_constraint, role.maximum_active_participants_constraint);
    text.line(2, &format!("active participants: {}", range(least, most)));
    text.line(2, &format!("capabilities: {}", list(&role.role_capabilities)));
    let changes = role.authorized_role_changes.iter();
    let changes = changes.map(|change| format!("{} -> {}", change.from_role_index, list(&change.target_role_indexes)));
    text.line(
        2,
        &format!("role changes: {}", or_none(Some(changes.collect::<Vec<_>>().join("; ")).filter(|it| !it.is_empty()))),
    );
}

fn preauthorized(preauth: &PreauthList, text: &mut Text) {
    if preauth.preauthorized_entries.is_empty() {
        text.line(1, "none");
    }
    for (number, entry) in preauth.preauthorized_entries.iter().enumerate() {
        let claims = list(entry.claimset.iter().map(|claim| format!("{claim:?}")));
        let (index, name) = (entry.target_role.role_index, &entry.target_role.role_name);
        text.line(1, &format!("{number}: role {index} {name:?} for claims {claims}"));
    }
}

fn base(base: &BaseRoomPolicy, text: &mut Text) {
    text.field("fixed_membership", base.fixed_membership);
    text.field("parent_dependant", base.parent_dependent());
    text.field("parent_room", uri(base.parent_room.as_ref()));
    text.field("multi_device", base.multi_device);
    text.field("max_clients", or_none(base.max_clients));
    text.field("max_users", or_none(base.max_users));
    text.field("pseudonyms_allowed", base.pseudonyms_allowed);
    text.field("persistent_room", base.persistent_room);
    text.field("discoverable", base.discoverable);
    text.field("policy_component_ids", numbers(base.policy_component_ids.iter().map(|id| id.0)));
}

fn status_notifications(policy: &StatusNotificationPolicy, text: &mut Text) {
    text.field("delivery_notifications", policy.delivery_notifications);
    text.field("read_receipts", policy.read_receipts);
}

fn join_link_policy(policy: &JoinLinkPolicy, text: &mut Text) {
    text.field("on_request", policy.on_request);
    text.field("join_link", uri(policy.join_link.as_ref()));
    text.field("multiuser", policy.multiuser);
    text.field("expiration", format!("{} s", policy.expiration));
}

fn join_links(links: &JoinLinks, text: &mut Text) {
    if links.links.is_empty() {
        text.line(1, "none");
    }
    for (place, link) in links.links.iter().enumerate() {
        text.line(1, &format!("{place}: {}", link.as_bytes().escape_ascii()));
    }
}

fn link_preview(policy: &LinkPreviewPolicy, text: &mut Text) {
    text.field("autodetect_hyperlinks_in_text", policy.autodetect_hyperlinks_in_text);
    text.field("send_link_previews", policy.send_link_previews);
    text.field("automatic_link_previews", policy.automatic_link_previews);
    text.field("link_preview_proxy_use", policy.link_preview_proxy_use());
    if let Some(proxy) = policy.link_preview_proxy.terms() {
        text.field("link_preview_proxy", proxy.0.as_str());
    }
}

fn assets(policy: &AssetPolicy, text: &mut Text) {
    text.field("asset_upload_location", policy.asset_upload_location);
    text.line(1, "upload_domains:");
    for entry in &policy.upload_domains {
        text.line(2, &format!("{}: {}", entry.provider, list(&entry.asset_upload_destinations)));
    }
    if policy.upload_domains.is_empty() {
        text.line(2, "none");
    }
    text.field("allowed_download_types", list(&policy.download_privacy.allowed_download_types));
    text.field("forbidden_download_types", list(&policy.download_privacy.forbidden_download_types));
    text.field("default_download_type", policy.download_privacy.default_download_type);
    text.field("max_image", policy.max_image);
    text.field("max_audio", policy.max_audio);
    text.field("max_video", policy.max_video);
    text.field("max_attachment", policy.max_attachment);
    text.field("forbidden_media_types", list(&policy.forbidden_media_types));
    let permitted = policy.permitted_media_types.as_ref().map_or_else(|| "all others".to_owned(), list);
    text.field("permitted_media_types", permitted);
}

fn logging(policy: &LoggingPolicy, text: &mut Text) {
    text.field("logging", policy.logging.optionality());
    if let Some(terms) = policy.logging.terms() {
        text.field("logging_clients", list(terms.logging_clients.iter().map(Uri::as_str)));
        text.field("machine_readable_policy", uri(terms.machine_readable_policy.as_ref()));
        text.field("human_readable_policy", uri(terms.human_readable_policy.as_ref()));
    }
}

fn history(policy: &HistoryPolicy, text: &mut Text) {
    text.field("history_sharing", policy.history_sharing.optionality());
    if let Some(terms) = policy.history_sharing.terms() {
        text.field("roles_that_can_share", list(&terms.roles_that_can_share));
        text.field("automatically_share", terms.automatically_share);
        text.field("max_time_period", format!("{} s", terms.max_time_period));
    }
}

fn bots(policy: &BotPolicy, text: &mut Text) {
    if policy.allowed_bots.is_empty() {
        text.line(1, "none");
    }
    for bot in &policy.allowed_bots {
        text.line(1, &format!("bot {:?}", bot.name));
        text.line(2, &format!("description: {:?}", bot.description));
        text.line(2, &format!("homepage: {}", uri(bot.homepage.as_ref())));
        text.line(2, &format!("local_client_bot: {}", bot.local_client_bot));
        text.line(2, &format!("bot_role_index: {}", bot.bot_role_index));
        text.line(2, &format!("can_target_message_in_group: {}", bot.can_target_message_in_group));
        text.line(2, &format!("per_user_content: {}", bot.per_user_content));
    }
}

fn expiration(policy: &MessageExpiration, text: &mut Text) {
    text.field("expiring_messages", policy.expiring_messages.optionality());
    if let Some(terms) = policy.expiring_messages.terms() {
        text.field("min_expiration_duration", format!("{} s", terms.min_expiration_duration));
        text.field("max_expiration_duration", format!("{} s", terms.max_expiration_duration));
        let default = terms.default_expiration_duration.map(|seconds| format!("{seconds} s"));
        text.field("default_expiration_duration", or_none(default));
    }
}
