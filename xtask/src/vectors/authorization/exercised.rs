//! Sections 8.3 to 8.6: capabilities that are used without a change of the room.

use anyhow::Result;

use super::cases::*;
use super::facts::Action;

pub(crate) fn cases() -> Result<Cases> {
    let mut cases = Cases::default();
    for (comment, action, capability) in [
        ("a message", Action::Message, "canSendMessage"),
        ("to be sent messages", Action::Receive, "canReceiveMessage"),
        ("a report", Action::ReportAbuse, "canReportAbuse"),
        ("an attachment goes up", Action::Upload { asset: "attachment" }, "canUploadAttachment"),
        ("an attachment comes down", Action::Download { asset: "attachment" }, "canDownloadAttachment"),
        ("an image goes up", Action::Upload { asset: "image" }, "canUploadImage"),
        ("an image comes down", Action::Download { asset: "image" }, "canDownloadImage"),
        ("a video goes up", Action::Upload { asset: "video" }, "canUploadVideo"),
        ("a video comes down", Action::Download { asset: "video" }, "canDownloadVideo"),
        ("audio goes up", Action::Upload { asset: "audio" }, "canUploadAudio"),
        ("audio comes down", Action::Download { asset: "audio" }, "canDownloadAudio"),
        ("the room is destroyed", Action::DestroyRoom, "canDestroyRoom"),
    ] {
        let room = only(capability);
        cases.both(comment, &room, &member(BOB), &action, capability)?;
    }
    for capability in [
        "canCopyMessage",
        "canReplyToMessage",
        "canReactToMessage",
        "canEditReaction",
        "canDeleteOwnReaction",
        "canDeleteOtherReaction",
        "canEditOwnMessage",
        "canDeleteOwnMessage",
        "canDeleteOtherMessage",
        "canStartTopic",
        "canReplyInTopic",
        "canEditOwnTopic",
        "canEditOtherTopic",
        "canSendLink",
        "canSendLinkPreview",
        "canFollowLink",
        "canCopyLink",
        "canStartCall",
        "canJoinCall",
        "canSendAudio",
        "canReceiveAudio",
        "canSendVideo",
        "canReceiveVideo",
        "canShareScreen",
        "canViewSharedScreen",
    ] {
        let comment = format!("{capability}, which clients enforce");
        cases.both(&comment, &only(capability), &member(BOB), &Action::Exercise { capability }, capability)?;
    }
    let room = only("canSendMessage");
    cases.no(
        "a message of someone who is not in the list",
        "Refused",
        &room,
        &outside(FRED),
        &Action::Message,
        "not-participant",
    )?;
    cases.no(
        "a message of a client that is no member",
        "Refused",
        &room,
        &outside(BOB),
        &Action::Message,
        "not-member",
    )?;
    let all = room_of(&["canKick", "canSendMessage"]);
    for capability in ["canKick", "canSendMessage"] {
        let comment = format!("{capability} as if it were for clients to enforce");
        cases.no(&comment, "Refused", &all, &member(BOB), &Action::Exercise { capability }, "not-for-clients")?;
    }
    Ok(cases)
}

/// A room whose users have these capabilities.
fn room_of(capabilities: &[&'static str]) -> super::facts::Room {
    with_role(USER, |role| role.capabilities = capabilities.to_vec())
}

/// A room whose users have this capability and no other, and nobody else has it.
fn only(capability: &'static str) -> super::facts::Room {
    let mut room = without(room(), capability);
    if let Some(role) = room.roles.iter_mut().find(|role| role.index == USER) {
        role.capabilities = vec![capability];
    }
    room
}
