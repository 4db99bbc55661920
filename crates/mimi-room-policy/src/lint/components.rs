//! Settings that never take effect, in components other than roles.

use super::Report;
use crate::asset::AssetUploadLocation;
use crate::capability::CapabilityType as C;
use crate::optionality::Optionality;
use crate::policy::RoomPolicy;

const ASSETS: &str = "draft-ietf-mimi-room-policy-03 section 6.4";
const HISTORY: &str = "draft-ietf-mimi-room-policy-03 section 6.6";
const EXPIRATION: &str = "draft-ietf-mimi-room-policy-03 section 6.8";

pub(super) fn lint(policy: &RoomPolicy, report: &mut Report) {
    assets(policy, report);
    previews(policy, report);
    history(policy, report);
    expiration(policy, report);
    for (component_id, data) in policy.other() {
        let listed = policy.base.as_ref().is_some_and(|base| base.policy_component_ids.contains(&component_id));
        if listed {
            let sentence = format!(
                "component {:#06x} with {} octets is not known here and was not looked at",
                component_id.0,
                data.len()
            );
            report.hint("component-unknown", "draft-ietf-mimi-room-policy-03 section 5", sentence);
        }
    }
}

/// Whether a role has the capability.
fn anyone(policy: &RoomPolicy, capability: C) -> bool {
    policy.roles.iter().flat_map(|roles| roles.roles()).any(|role| role.has(capability))
}

fn assets(policy: &RoomPolicy, report: &mut Report) {
    let Some(assets) = &policy.assets else { return };
    let kinds = [
        (C::CAN_UPLOAD_IMAGE, assets.max_image, "images"),
        (C::CAN_UPLOAD_AUDIO, assets.max_audio, "audio files"),
        (C::CAN_UPLOAD_VIDEO, assets.max_video, "videos"),
        (C::CAN_UPLOAD_ATTACHMENT, assets.max_attachment, "attachments"),
    ];
    for (capability, limit, kind) in kinds {
        if limit == 0 && anyone(policy, capability) {
            let sentence = format!("a role has {capability}, and {kind} may have 0 octets at most");
            report.unreachable("upload-of-nothing", ASSETS, sentence);
        }
    }
    let uploads = kinds.iter().any(|(capability, ..)| anyone(policy, *capability));
    let nowhere = assets.upload_domains.iter().all(|entry| entry.asset_upload_destinations.is_empty());
    match assets.asset_upload_location {
        // req: RP03-6.4-02
        AssetUploadLocation::Unspecified => report.hint(
            "upload-anywhere",
            ASSETS,
            "assets may be anywhere; the draft recommends that they are at the sender's provider",
        ),
        _ if nowhere && uploads => {
            report.unreachable(
                "upload-nowhere",
                ASSETS,
                "no upload domain is named, so assets can be uploaded nowhere",
            );
        }
        _ => {}
    }
    if assets.permitted_media_types.as_ref().is_some_and(Vec::is_empty) {
        report.unreachable(
            "no-media-type",
            ASSETS,
            "permitted_media_types is there and empty, so nothing is permitted",
        );
    }
    for media_type in assets.futile_media_types() {
        report.unreachable("media-type-forbidden", ASSETS, format!("{media_type} is both permitted and forbidden"));
    }
}

fn previews(policy: &RoomPolicy, report: &mut Report) {
    let Some(previews) = &policy.link_preview else { return };
    if previews.send_link_previews == Optionality::Required && !anyone(policy, C::CAN_SEND_LINK_PREVIEW) {
        let sentence = "senders have to add link previews, and no role has canSendLinkPreview";
        report.unreachable("previews-unsendable", "draft-ietf-mimi-room-policy-03 section 6.3", sentence);
    }
}

fn history(policy: &RoomPolicy, report: &mut Report) {
    let Some(terms) = policy.history.as_ref().and_then(|history| history.history_sharing.terms()) else { return };
    if terms.roles_that_can_share.is_empty() {
        report.unreachable("history-by-nobody", HISTORY, "history may be shared, and no role may share it");
    }
    if terms.max_time_period == 0 {
        report.unreachable("history-of-nothing", HISTORY, "history may be shared, and reaches 0 seconds back");
    }
}

fn expiration(policy: &RoomPolicy, report: &mut Report) {
    let Some(expiration) = &policy.expiration else { return };
    let forbidden = expiration.expiring_messages.is_forbidden();
    if !forbidden && expiration.bounds().1 == 0 {
        report.unreachable("expires-at-once", EXPIRATION, "messages may expire, and last 0 seconds at most");
    } else if expiration.expiring_messages.optionality() == Optionality::Required && expiration.bounds().0 == 0 {
        report.hint("expires-at-once", EXPIRATION, "messages may expire as soon as they are sent");
    }
}
