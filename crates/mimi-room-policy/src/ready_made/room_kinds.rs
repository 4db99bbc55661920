//! Whole policies for common kinds of rooms.
//!
//! They are ours, not the draft's. What they have in common: several clients per user, assets at the provider of who sends them and
//! downloaded through the hub, no logging, previews made by senders only, messages that may expire.

use mimi_arch::mls::{ExtensionType, ProposalType, ProtocolVersion, WireFormat};
use mimi_arch::uri::Uri;
use mimi_arch::{Domain, RoleIndex};

use super::capability_sets::{
    CALLING, DECORATING, GOVERNING, MODERATING, OWN_CLIENTS, REACTING, READING, WRITING, all,
};
use crate::asset::{AssetPolicy, AssetUploadLocation, DownloadPrivacy, ProviderAssetUploadDomains};
use crate::base_room_policy::BaseRoomPolicy;
use crate::bot::BotPolicy;
use crate::capability::CapabilityType as C;
use crate::chat_history::{HistoryPolicy, HistoryTerms};
use crate::join_link::{JoinLinkPolicy, JoinLinks};
use crate::link_preview::LinkPreviewPolicy;
use crate::logging::LoggingPolicy;
use crate::message_expiration::{ExpirationTerms, MessageExpiration};
use crate::operational::{
    AppMessagePolicy, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};
use crate::optionality::{Conditional, Optionality};
use crate::policy::RoomPolicy;
use crate::preauth::PreauthList;
use crate::roles::{BANNED_NAME, Role, RolesList};
use crate::status_notification::StatusNotificationPolicy;

/// Making and taking back join links.
const LINKING: [C; 2] = [C::CAN_CREATE_JOIN_CODE, C::CAN_DELETE_JOIN_CODE];
const DAY: u64 = 86_400;
const DAY_SECONDS: u32 = 86_400;
const MEBIBYTE: u64 = 1 << 20;

/// Two users who stay together: nobody is added, leaves or is removed.
pub fn direct_message(providers: &[Domain]) -> RoomPolicy {
    let participant = Role::new(2, "participant")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING, DECORATING]))
        .participants(0, Some(2));
    let base = BaseRoomPolicy {
        fixed_membership: true,
        max_users: Some(2),
        persistent_room: true,
        ..BaseRoomPolicy::default()
    };
    room(base, vec![no_role(), participant], providers)
}

/// People who know each other: everyone adds others and leaves, administrators do the rest.
/// One administrator stays.
///
/// `providers` are the providers whose users upload assets, to hosts of the same name; without any, assets may be anywhere.
pub fn group(providers: &[Domain]) -> RoomPolicy {
    let member = Role::new(2, "member")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING, DECORATING]))
        .with([C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_SELF])
        .changing(0, &[2])
        .changing(2, &[0]);
    let admin = Role::new(3, "admin")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING, DECORATING, MODERATING, GOVERNING]))
        .with([C::CAN_REMOVE_SELF])
        .participants(1, None)
        .changing(0, &[2, 3])
        .changing(1, &[0, 2])
        .changing(2, &[0, 1, 3])
        .changing(3, &[0, 1, 2]);
    room(BaseRoomPolicy::default(), vec![no_role(), banned(), member, admin], providers)
}

/// Only some may speak. Users come by join link or are added; moderators let them speak. Listeners do not react either: a hub cannot
/// tell reactions from other messages.
pub fn moderated_group(providers: &[Domain]) -> RoomPolicy {
    let listener =
        Role::new(2, "listener").with(all(&[OWN_CLIENTS, READING])).with([C::CAN_REMOVE_SELF]).changing(2, &[0]);
    let speaker = Role::new(3, "speaker")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING]))
        .with([C::CAN_REMOVE_SELF])
        .changing(3, &[0]);
    let moderator = Role::new(4, "moderator")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING, DECORATING, MODERATING]))
        .with([C::CAN_REMOVE_SELF])
        .changing(0, &[2, 3])
        .changing(1, &[0, 2])
        .changing(2, &[0, 1, 3])
        .changing(3, &[0, 1, 2])
        .changing(4, &[0])
        .with(LINKING);
    let owner = owner(5, &[2, 3, 4]).with(LINKING);
    let roles = vec![no_role_with_links(2), banned(), listener, speaker, moderator, owner];
    with_links(room(BaseRoomPolicy::default(), roles, providers))
}

/// A few speak, all others read. Users come by join link, which may be for several of them, or are added.
pub fn announcement(providers: &[Domain]) -> RoomPolicy {
    let reader = Role::new(2, "reader").with(all(&[OWN_CLIENTS, READING])).with([C::CAN_REMOVE_SELF]).changing(2, &[0]);
    let announcer = Role::new(3, "announcer")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING]))
        .with([C::CAN_REMOVE_SELF])
        .changing(3, &[0]);
    let base = BaseRoomPolicy { persistent_room: true, ..BaseRoomPolicy::default() };
    let roles = vec![no_role_with_links(2), banned(), reader, announcer, owner(4, &[2, 3]).with(LINKING)];
    let mut policy = with_links(room(base, roles, providers));
    if let Some(links) = &mut policy.join_link_policy {
        links.multiuser = true;
    }
    policy
}

/// Anyone may find the room and join; moderators keep order, by bans that last.
pub fn open_community(providers: &[Domain]) -> RoomPolicy {
    let member = Role::new(2, "member")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING]))
        .with([C::CAN_REMOVE_SELF])
        .changing(2, &[0]);
    let moderator = Role::new(3, "moderator")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING, DECORATING, MODERATING]))
        .with([C::CAN_REMOVE_SELF])
        .changing(0, &[2])
        .changing(1, &[0, 2])
        .changing(2, &[0, 1])
        .changing(3, &[0]);
    let outsider = no_role().with([C::CAN_OPEN_JOIN]).changing(0, &[2]);
    let base = BaseRoomPolicy {
        max_users: Some(10_000),
        max_clients: Some(50_000),
        pseudonyms_allowed: true,
        persistent_room: true,
        discoverable: true,
        ..BaseRoomPolicy::default()
    };
    let mut policy = room(base, vec![outsider, banned(), member, moderator, owner(4, &[2, 3])], providers);
    // Who may join at any time needs no history, and who does not know the others shows nothing of itself.
    policy.history = Some(HistoryPolicy::FORBIDDEN);
    policy.status_notifications = Some(StatusNotificationPolicy {
        delivery_notifications: Optionality::Forbidden,
        read_receipts: Optionality::Forbidden,
    });
    policy
}

/// Some of the participants of another room on the same hub; leaving that one is leaving this one.
pub fn parent_dependent(parent: Uri, providers: &[Domain]) -> RoomPolicy {
    let policy = group(providers);
    let base = BaseRoomPolicy { parent_room: Some(parent), ..BaseRoomPolicy::default() };
    RoomPolicy { base: Some(base), ..policy }.listing_its_components()
}

/// A policy with these roles, and everything else as in [`group`]; with join links if role 0 may use them. Role 2 may share history.
pub fn with_roles(roles: RolesList, providers: &[Domain]) -> RoomPolicy {
    let mut policy = common(providers);
    let links = roles.get(RoleIndex::NON_PARTICIPANT).is_some_and(|role| role.has(C::CAN_USE_JOIN_CODE));
    policy.roles = Some(roles);
    policy.base = Some(BaseRoomPolicy::default());
    if links { with_links(policy) } else { policy.listing_its_components() }
}

fn no_role() -> Role {
    Role::new(0, "no role").active_participants(0, Some(0))
}

fn no_role_with_links(target: u32) -> Role {
    no_role().with([C::CAN_USE_JOIN_CODE]).changing(0, &[target])
}

fn banned() -> Role {
    Role::new(1, BANNED_NAME).active_participants(0, Some(0))
}

/// Who may do everything; `below` are the roles that it gives to others, besides its own.
fn owner(index: u32, below: &[u32]) -> Role {
    let role = Role::new(index, "owner")
        .with(all(&[OWN_CLIENTS, READING, REACTING, WRITING, CALLING, DECORATING, MODERATING, GOVERNING]))
        .with([C::CAN_REMOVE_SELF])
        .participants(1, None);
    let every: Vec<u32> = below.iter().copied().chain([index]).collect();
    let mut role = role.changing(0, &every).changing(1, &[&[0], below].concat());
    for from in &every {
        let others = every.iter().copied().filter(|to| to != from);
        let targets: Vec<u32> = [0, 1].into_iter().chain(others).collect();
        role = role.changing(*from, &targets);
    }
    role
}

fn room(base: BaseRoomPolicy, roles: Vec<Role>, providers: &[Domain]) -> RoomPolicy {
    let mut policy = common(providers);
    policy.base = Some(base);
    policy.roles = Some(RolesList::new(roles).unwrap_or_default());
    policy.listing_its_components()
}

/// With join links for one user each, valid for a week.
fn with_links(policy: RoomPolicy) -> RoomPolicy {
    let join_link_policy =
        JoinLinkPolicy { on_request: false, join_link: None, multiuser: false, expiration: 7 * DAY_SECONDS };
    RoomPolicy { join_link_policy: Some(join_link_policy), join_links: Some(JoinLinks::default()), ..policy }
        .listing_its_components()
}

fn common(providers: &[Domain]) -> RoomPolicy {
    RoomPolicy {
        operational: Some(operational()),
        preauth: Some(PreauthList::default()),
        status_notifications: Some(StatusNotificationPolicy {
            delivery_notifications: Optionality::Optional,
            read_receipts: Optionality::Optional,
        }),
        link_preview: Some(LinkPreviewPolicy {
            autodetect_hyperlinks_in_text: Optionality::Optional,
            send_link_previews: Optionality::Optional,
            automatic_link_previews: Optionality::Forbidden,
            link_preview_proxy: Conditional::Forbidden,
        }),
        assets: Some(assets(providers)),
        logging: Some(LoggingPolicy::FORBIDDEN),
        history: Some(HistoryPolicy { history_sharing: Conditional::Optional(history()) }),
        bots: Some(BotPolicy::default()),
        expiration: Some(MessageExpiration {
            expiring_messages: Conditional::Optional(ExpirationTerms {
                min_expiration_duration: 60,
                max_expiration_duration: 365 * DAY_SECONDS,
                default_expiration_duration: None,
            }),
        }),
        ..RoomPolicy::default()
    }
}

/// A week of it, shared by people with the first role that takes part.
fn history() -> HistoryTerms {
    HistoryTerms {
        roles_that_can_share: vec![RoleIndex(2)],
        automatically_share: false,
        max_time_period: 7 * DAY_SECONDS,
    }
}

fn assets(providers: &[Domain]) -> AssetPolicy {
    let own = |provider: &Domain| ProviderAssetUploadDomains {
        provider: provider.clone(),
        asset_upload_destinations: vec![provider.clone()],
    };
    let mut providers = providers.to_vec();
    providers.sort_unstable();
    providers.dedup();
    AssetPolicy {
        // req: RP03-6.4-02
        asset_upload_location: match providers.as_slice() {
            [] => AssetUploadLocation::Unspecified,
            _ => AssetUploadLocation::LocalProvider,
        },
        upload_domains: providers.iter().map(own).collect(),
        download_privacy: DownloadPrivacy::through_hub(),
        max_image: 16 * MEBIBYTE,
        max_audio: 32 * MEBIBYTE,
        max_video: 128 * MEBIBYTE,
        max_attachment: 128 * MEBIBYTE,
        forbidden_media_types: Vec::new(),
        permitted_media_types: None,
    }
}

fn operational() -> OperationalParameters {
    let mandatory = ExtendedCapabilities {
        versions: vec![ProtocolVersion::MLS10],
        extensions: vec![ExtensionType::APP_DATA_DICTIONARY],
        proposals: vec![ProposalType::APP_DATA_UPDATE, ProposalType::SELF_REMOVE],
        ..ExtendedCapabilities::default()
    };
    let times = |minimum, default, maximum| MinDefaultMaxTime::new(minimum, default, maximum).unwrap_or_default();
    OperationalParameters {
        mandatory_capabilities: mandatory,
        default_capabilities: ExtendedCapabilities::default(),
        forbidden_capabilities: ExtendedCapabilities::default(),
        handshake_formats: vec![WireFormat::PUBLIC_MESSAGE],
        external_proposal_allowed: true,
        external_commit_allowed: true,
        pending_proposal_policy: PendingProposalPolicy::RandomDelay { minimum_delay_ms: 0, maximum_delay_ms: 5_000 },
        leaf_node_update_time: times(DAY, 7 * DAY, 30 * DAY),
        app_message_policy: AppMessagePolicy { epoch_tolerance: 3, pad_to_size: 256, max_generations_skipahead: 1_000 },
        max_kp_lifetime: 90 * DAY,
        max_credential_lifetime: 366 * DAY,
        resumption_psk_lifetime: 30 * DAY,
        sender_nonce_keypair_lifetime: times(60, 3_600, DAY),
        max_keypairs: 1_000,
        buffer_incoming_message_time: times(1, 60, 3_600),
        max_buffered_messages: 1_000,
    }
}
