//! The room policy: every component, and who may do what.

use mimi_protocol::Wire;
use mimi_protocol::codec::{self, Rule};
use mimi_room_policy::asset::{self, AssetPolicy};
use mimi_room_policy::authorize::Decision;
use mimi_room_policy::base_room_policy::{self, BaseRoomPolicy};
use mimi_room_policy::bot::{self, BotPolicy};
use mimi_room_policy::chat_history::{self, HistoryPolicy};
use mimi_room_policy::join_code::{self, CodeLink, JoiningCode, LinkTerms};
use mimi_room_policy::join_link::{self, JoinLink, JoinLinkPolicy, JoinLinks, JoinLinksUpdate};
use mimi_room_policy::link_preview::{self, LinkPreviewPolicy};
use mimi_room_policy::logging::{self, LoggingPolicy};
use mimi_room_policy::message_expiration::{self, MessageExpiration};
use mimi_room_policy::operational::{
    self, ExtendedCapabilities, MinDefaultMaxTime, OperationalParameters, PendingProposalPolicy,
};
use mimi_room_policy::optionality::Optionality;
use mimi_room_policy::preauth::PreauthList;
use mimi_room_policy::roles::{self, Role, RolesList};
use mimi_room_policy::status_notification::StatusNotificationPolicy;
use mimi_room_policy::{fields, optionality};
use serde_json::{Map, Value, json};
use spec_vectors::{Outcome, TestCase};

use crate::wire::message;
use crate::{Verdict, refused};

#[path = "../../../crates/mimi-conformance/src/policy/situation.rs"]
mod situation;

/// The rules of these components, by their names in the vectors.
pub(crate) const NAMES: &[(&str, &Rule)] = &[
    ("presence-invalid", &codec::PRESENCE_INVALID),
    ("bool-invalid", &fields::BOOL_INVALID),
    ("optionality-invalid", &optionality::OPTIONALITY_INVALID),
    ("role-twice", &roles::ROLE_TWICE),
    ("open-join-outside-role-zero", &roles::OPEN_JOIN_OUTSIDE_ROLE_ZERO),
    ("parent-missing", &base_room_policy::PARENT_MISSING),
    ("parent-unexpected", &base_room_policy::PARENT_UNEXPECTED),
    ("several-parents", &base_room_policy::SEVERAL_PARENTS),
    ("join-link-empty", &join_link::JOIN_LINK_EMPTY),
    ("code-link-form", &join_code::CODE_LINK_FORM),
    ("autodetect-required", &link_preview::AUTODETECT_REQUIRED),
    ("preview-proxy-missing", &link_preview::PROXY_MISSING),
    ("several-preview-proxies", &link_preview::SEVERAL_PROXIES),
    ("upload-location-invalid", &asset::UPLOAD_LOCATION_INVALID),
    ("download-type-invalid", &asset::DOWNLOAD_TYPE_INVALID),
    ("domain-invalid", &asset::DOMAIN_INVALID),
    ("upload-provider-twice", &asset::PROVIDER_TWICE),
    ("upload-hub-not-alone", &asset::HUB_NOT_ALONE),
    ("download-type-contradictory", &asset::DOWNLOAD_CONTRADICTORY),
    ("download-default-not-allowed", &asset::DOWNLOAD_DEFAULT_NOT_ALLOWED),
    ("logging-client-missing", &logging::LOGGING_CLIENT_MISSING),
    ("history-shared-by-outsider", &chat_history::SHARED_BY_NO_PARTICIPANT),
    ("local-bot-has-role", &bot::LOCAL_BOT_HAS_ROLE),
    ("expiration-bounds-crossed", &message_expiration::EXPIRATION_BOUNDS_CROSSED),
    ("expiration-default-outside", &message_expiration::EXPIRATION_DEFAULT_OUTSIDE),
    ("strategy-invalid", &operational::STRATEGY_INVALID),
    ("delays-crossed", &operational::DELAYS_CROSSED),
    ("times-out-of-order", &operational::TIMES_OUT_OF_ORDER),
];

/// Reads the octets of a test as the type that the file is about, if it is one of these.
pub(crate) fn run(r#type: &str, test: &TestCase) -> Option<Verdict> {
    Some(match r#type {
        // req: RP03-3-01, RP03-3-02, RP03-3-04, RP03-3-11, RP03-3-12, RP03-3-13, RP03-3-14, RP03-3-15, RP03-8.1.1-11, RP03-10.2-01
        // req: RP03-10.2-02
        "RoleData" => message(test, |data: &RolesList| json!({"roles": all(data.roles(), role)})).map(|_| ()),
        // req: RP03-4-04, RP03-4-08, RP03-4-09, RP03-4-10, RP03-4-11, RP03-4-12
        "PreAuthData" => message(test, preauth).map(|_| ()),
        // req: RP03-5-11, RP03-5-12, RP03-5-13, RP03-5-18, RP03-5-25
        "BaseRoomPolicy" => message(test, base).map(|_| ()),
        // req: RP03-6.1-01, RP03-6.1-02, RP03-6.1-03, RP03-6.1-04
        "StatusNotificationPolicy" => message(test, status).map(|_| ()),
        // req: RP03-6.2-06
        "JoinLinkPolicy" => message(test, join_link_policy).map(|_| ()),
        // req: RP03-6.2-08, RP03-6.2-09
        "JoinLinksData" => message(test, |data: &JoinLinks| json!({"join_links": all(&data.links, link)})).map(|_| ()),
        // req: RP03-6.2-10
        "JoinLinksUpdate" => message(test, join_links_update).map(|_| ()),
        "CodeLink" => message(test, code_link).map(|link| opens(test, link)),
        // req: RP03-6.3-01, RP03-6.3-05, RP03-6.3-06
        "LinkPreviewPolicy" => message(test, link_preview).map(|_| ()),
        // req: RP03-6.4-01, RP03-6.4-03, RP03-6.4-04, RP03-6.4-09, RP03-6.4-10, RP03-6.4-11, RP03-6.4-12, RP03-6.4-13, RP03-6.4-14
        "AssetPolicy" => message(test, asset).map(|_| ()),
        // req: RP03-6.5-01, RP03-6.5-02, RP03-6.5-03, RP03-6.5-05, RP03-6.5-07
        "LoggingPolicy" => message(test, logging).map(|_| ()),
        // req: RP03-6.6-01, RP03-6.6-03, RP03-6.6-07
        "HistoryPolicy" => message(test, history).map(|_| ()),
        // req: RP03-6.7-01, RP03-6.7-05, RP03-6.7-08, RP03-6.7-09
        "BotPolicy" => message(test, bots).map(|_| ()),
        // req: RP03-6.8-05, RP03-6.8-06
        "MessageExpiration" => message(test, expiration).map(|_| ()),
        // req: RP03-7.1-01, RP03-7.1-02, RP03-7.1-03, RP03-7.1-04, RP03-7.1-05, RP03-7.1-06
        "OperationalParameters" => message(test, parameters).map(|_| ()),
        _ => return None,
    })
}

fn code_link(link: &CodeLink) -> Value {
    let LinkTerms { role, multiuser, not_after } = link.terms;
    json!({"form": 1, "role": role.0, "multiuser": multiuser, "notAfter": not_after, "digest": hex::encode(link.digest())})
}

/// The code opens this link, and another code does not.
fn opens(test: &TestCase, link: CodeLink) {
    let code = test.octets("code").unwrap();
    let other = [&code[..], &[0]].concat();
    let links = JoinLinks { links: vec![link.to_link().unwrap()] };
    let opened = |code: Vec<u8>| CodeLink::opened_by(&links, &JoiningCode::from_octets(code));
    assert_eq!(opened(code), Some((0, link)), "{}", test.comment);
    assert_eq!(opened(other), None, "{}", test.comment);
}

/// Whether what an authorization test asks for is done; its place in the draft is what the vector says, since several sections state one rule.
pub(crate) fn authorization(test: &TestCase) -> Verdict {
    match situation::decide(&test.fields).unwrap() {
        decision @ Decision::Allowed(_) => {
            if test.result != Outcome::Invalid && test.error.is_none() {
                assert_eq!(test.fields["grounds"], json!(situation::names(&decision)), "{}", test.comment);
            }
            Ok(())
        }
        Decision::Refused(refusal) => {
            let section = test.error.as_ref().map_or(refusal.section(), |error| error.section.as_str());
            Err(refused(refusal.rule(), section))
        }
    }
}

fn all<T>(items: &[T], describe: impl Fn(&T) -> Value) -> Value {
    items.iter().map(describe).collect()
}

fn role(role: &Role) -> Value {
    let indexes = |list: &[mimi_arch::RoleIndex]| all(list, |index| index.0.into());
    json!({
        "role_index": role.role_index.0,
        "role_name": role.role_name,
        "role_description": role.role_description,
        "role_capabilities": all(&role.role_capabilities, |capability| capability.0.into()),
        "minimum_participants_constraint": role.minimum_participants_constraint,
        "maximum_participants_constraint": role.maximum_participants_constraint,
        "minimum_active_participants_constraint": role.minimum_active_participants_constraint,
        "maximum_active_participants_constraint": role.maximum_active_participants_constraint,
        "authorized_role_changes": all(&role.authorized_role_changes, |change| json!({
            "from_role_index": change.from_role_index.0,
            "target_role_indexes": indexes(&change.target_role_indexes),
        })),
    })
}

fn preauth(data: &PreauthList) -> Value {
    let claim = |claim: &mimi_room_policy::preauth::Claim| {
        json!({
            "claim_id": {"credential_type": claim.claim_id.credential_type.0, "id": hex::encode(&claim.claim_id.id)},
            "claim_value": hex::encode(&claim.claim_value),
        })
    };
    json!({"preauthorized_entries": all(&data.preauthorized_entries, |entry| json!({
        "claimset": all(&entry.claimset, claim),
        "target_role": role(&entry.target_role),
    }))})
}

fn base(policy: &BaseRoomPolicy) -> Value {
    json!({
        "fixed_membership": policy.fixed_membership,
        "parent_dependant": policy.parent_dependent(),
        "parent_room": policy.parent_room.iter().map(|parent| parent.as_str()).collect::<Vec<_>>(),
        "multi_device": policy.multi_device,
        "max_clients": policy.max_clients,
        "max_users": policy.max_users,
        "pseudonyms_allowed": policy.pseudonyms_allowed,
        "persistent_room": policy.persistent_room,
        "discoverable": policy.discoverable,
        "policy_component_ids": all(&policy.policy_component_ids, |id| id.0.into()),
    })
}

fn status(policy: &StatusNotificationPolicy) -> Value {
    json!({"delivery_notifications": policy.delivery_notifications.name(), "read_receipts": policy.read_receipts.name()})
}

fn join_link_policy(policy: &JoinLinkPolicy) -> Value {
    json!({
        "on_request": policy.on_request,
        "join_link": policy.join_link.as_ref().map_or("", |uri| uri.as_str()),
        "multiuser": policy.multiuser,
        "expiration": policy.expiration,
    })
}

fn link(link: &JoinLink) -> Value {
    hex::encode(link.as_bytes()).into()
}

fn join_links_update(update: &JoinLinksUpdate) -> Value {
    json!({"removedIndices": update.removed_indices, "added_links": all(&update.added_links, link)})
}

/// The fields of something that is there unless it is forbidden.
fn conditional(name: &str, optionality: Optionality, terms: Option<Value>) -> Value {
    let mut object = Map::from_iter([(name.to_owned(), optionality.name().into())]);
    if let Some(Value::Object(terms)) = terms {
        object.extend(terms);
    }
    object.into()
}

fn link_preview(policy: &LinkPreviewPolicy) -> Value {
    let proxy = policy.link_preview_proxy.terms().map(|proxy| json!({"link_preview_proxy": [proxy.0.as_str()]}));
    let mut value = conditional("link_preview_proxy_use", policy.link_preview_proxy_use(), proxy);
    value["autodetect_hyperlinks_in_text"] = policy.autodetect_hyperlinks_in_text.name().into();
    value["send_link_previews"] = policy.send_link_previews.name().into();
    value["automatic_link_previews"] = policy.automatic_link_previews.name().into();
    value
}

fn media_types(list: &[mimi_arch::MediaType]) -> Value {
    all(list, |media_type| json!({"type": media_type.name(), "parameters": []}))
}

fn asset(policy: &AssetPolicy) -> Value {
    let ways = |list: &[asset::DownloadPrivacyType]| all(list, |way| way.name().into());
    json!({
        "asset_upload_location": policy.asset_upload_location.name(),
        "upload_domains": all(&policy.upload_domains, |entry| json!({
            "provider": entry.provider.as_str(),
            "asset_upload_destinations": all(&entry.asset_upload_destinations, |domain| domain.as_str().into()),
        })),
        "download_privacy": {
            "allowed_download_types": ways(&policy.download_privacy.allowed_download_types),
            "forbidden_download_types": ways(&policy.download_privacy.forbidden_download_types),
            "default_download_type": policy.download_privacy.default_download_type.name(),
        },
        "max_image": policy.max_image,
        "max_audio": policy.max_audio,
        "max_video": policy.max_video,
        "max_attachment": policy.max_attachment,
        "forbidden_media_types": media_types(&policy.forbidden_media_types),
        "permitted_media_types": policy.permitted_media_types.as_deref().map(media_types),
    })
}

fn logging(policy: &LoggingPolicy) -> Value {
    let terms = policy.logging.terms().map(|terms| {
        json!({
            "logging_clients": all(&terms.logging_clients, |uri| uri.as_str().into()),
            "machine_readable_policy": terms.machine_readable_policy.as_ref().map_or("", |uri| uri.as_str()),
            "human_readable_policy": terms.human_readable_policy.as_ref().map_or("", |uri| uri.as_str()),
        })
    });
    conditional("logging", policy.logging.optionality(), terms)
}

fn history(policy: &HistoryPolicy) -> Value {
    let terms = policy.history_sharing.terms().map(|terms| {
        json!({
            "roles_that_can_share": all(&terms.roles_that_can_share, |role| role.0.into()),
            "automatically_share": terms.automatically_share,
            "max_time_period": terms.max_time_period,
        })
    });
    conditional("history_sharing", policy.history_sharing.optionality(), terms)
}

fn bots(policy: &BotPolicy) -> Value {
    json!({"allowed_bots": all(&policy.allowed_bots, |bot| json!({
        "name": bot.name,
        "description": bot.description,
        "homepage": bot.homepage.as_ref().map_or("", |uri| uri.as_str()),
        "local_client_bot": bot.local_client_bot,
        "bot_role_index": bot.bot_role_index.0,
        "can_target_message_in_group": bot.can_target_message_in_group,
        "per_user_content": bot.per_user_content,
    }))})
}

fn expiration(policy: &MessageExpiration) -> Value {
    let terms = policy.expiring_messages.terms().map(|terms| {
        json!({
            "min_expiration_duration": terms.min_expiration_duration,
            "max_expiration_duration": terms.max_expiration_duration,
            "default_expiration_duration": terms.default_expiration_duration,
        })
    });
    conditional("expiring_messages", policy.expiring_messages.optionality(), terms)
}

fn capabilities(of: &ExtendedCapabilities) -> Value {
    json!({
        "versions": all(&of.versions, |value| value.0.into()),
        "cipher_suites": all(&of.cipher_suites, |value| value.0.into()),
        "extensions": all(&of.extensions, |value| value.0.into()),
        "proposals": all(&of.proposals, |value| value.0.into()),
        "credentials": all(&of.credentials, |value| value.0.into()),
        "wire_formats": all(&of.wire_formats, |value| value.0.into()),
        "component_ids": all(&of.component_ids, |value| value.0.into()),
        "safe_aad_types": all(&of.safe_aad_types, |value| value.0.into()),
        "media_types": media_types(&of.media_types),
        "content_types": all(&of.content_types, |value| json!(value.to_bytes().unwrap()[0])),
    })
}

fn times(of: &MinDefaultMaxTime) -> Value {
    json!({"minimum_time": of.minimum(), "default_time": of.default_time(), "maximum_time": of.maximum()})
}

fn parameters(of: &OperationalParameters) -> Value {
    let pending = match of.pending_proposal_policy {
        PendingProposalPolicy::Unspecified => json!({"pending_proposal_strategy": "unspecified"}),
        PendingProposalPolicy::ImmediateCommit => json!({"pending_proposal_strategy": "immediate_commit"}),
        PendingProposalPolicy::RandomDelay { minimum_delay_ms, maximum_delay_ms } => json!({
            "pending_proposal_strategy": "random_delay",
            "minimum_delay_ms": minimum_delay_ms,
            "maximum_delay_ms": maximum_delay_ms,
        }),
    };
    json!({
        "mandatory_capabilities": capabilities(&of.mandatory_capabilities),
        "default_capabilities": capabilities(&of.default_capabilities),
        "forbidden_capabilities": capabilities(&of.forbidden_capabilities),
        "handshake_formats": all(&of.handshake_formats, |value| value.0.into()),
        "external_proposal_allowed": of.external_proposal_allowed,
        "external_commit_allowed": of.external_commit_allowed,
        "pending_proposal_policy": pending,
        "LeafNode_update_time": times(&of.leaf_node_update_time),
        "app_message_policy": {
            "epoch_tolerance": of.app_message_policy.epoch_tolerance,
            "pad_to_size": of.app_message_policy.pad_to_size,
            "max_generations_skipahead": of.app_message_policy.max_generations_skipahead,
        },
        "max_kp_lifetime": of.max_kp_lifetime,
        "max_credential_lifetime": of.max_credential_lifetime,
        "resumption_psk_lifetime": of.resumption_psk_lifetime,
        "sender_nonce_keypair_lifetime": times(&of.sender_nonce_keypair_lifetime),
        "max_keypairs": of.max_keypairs,
        "buffer_incoming_message_time": times(&of.buffer_incoming_message_time),
        "max_buffered_messages": of.max_buffered_messages,
    })
}
