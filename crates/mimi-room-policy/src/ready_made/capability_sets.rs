//! Capabilities that go together.

use crate::capability::CapabilityType as C;

/// Reading what others write.
pub(super) const READING: &[C] = &[
    C::CAN_RECEIVE_MESSAGE,
    C::CAN_COPY_MESSAGE,
    C::CAN_REPORT_ABUSE,
    C::CAN_DOWNLOAD_IMAGE,
    C::CAN_DOWNLOAD_VIDEO,
    C::CAN_DOWNLOAD_AUDIO,
    C::CAN_DOWNLOAD_ATTACHMENT,
    C::CAN_FOLLOW_LINK,
    C::CAN_COPY_LINK,
];

/// Reacting to what others write.
pub(super) const REACTING: &[C] = &[C::CAN_REACT_TO_MESSAGE, C::CAN_EDIT_REACTION, C::CAN_DELETE_OWN_REACTION];

/// Writing.
pub(super) const WRITING: &[C] = &[
    C::CAN_SEND_MESSAGE,
    C::CAN_REPLY_TO_MESSAGE,
    C::CAN_EDIT_OWN_MESSAGE,
    C::CAN_DELETE_OWN_MESSAGE,
    C::CAN_START_TOPIC,
    C::CAN_REPLY_IN_TOPIC,
    C::CAN_EDIT_OWN_TOPIC,
    C::CAN_UPLOAD_IMAGE,
    C::CAN_UPLOAD_VIDEO,
    C::CAN_UPLOAD_AUDIO,
    C::CAN_UPLOAD_ATTACHMENT,
    C::CAN_SEND_LINK,
    C::CAN_SEND_LINK_PREVIEW,
];

/// Calls.
pub(super) const CALLING: &[C] = &[
    C::CAN_START_CALL,
    C::CAN_JOIN_CALL,
    C::CAN_SEND_AUDIO,
    C::CAN_RECEIVE_AUDIO,
    C::CAN_SEND_VIDEO,
    C::CAN_RECEIVE_VIDEO,
    C::CAN_SHARE_SCREEN,
    C::CAN_VIEW_SHARED_SCREEN,
];

/// Clients of its own.
pub(super) const OWN_CLIENTS: &[C] = &[C::CAN_ADD_OWN_CLIENT, C::CAN_REMOVE_OWN_CLIENT];

/// The looks of the room.
pub(super) const DECORATING: &[C] = &[
    C::CAN_CHANGE_ROOM_NAME,
    C::CAN_CHANGE_ROOM_DESCRIPTION,
    C::CAN_CHANGE_ROOM_AVATAR,
    C::CAN_CHANGE_ROOM_SUBJECT,
    C::CAN_CHANGE_ROOM_MOOD,
];

/// Keeping order.
pub(super) const MODERATING: &[C] = &[
    C::CAN_ADD_PARTICIPANT,
    C::CAN_REMOVE_PARTICIPANT,
    C::CAN_BAN,
    C::CAN_UNBAN,
    C::CAN_KICK,
    C::CAN_CHANGE_USER_ROLE,
    C::CAN_DELETE_OTHER_REACTION,
    C::CAN_DELETE_OTHER_MESSAGE,
    C::CAN_EDIT_OTHER_TOPIC,
];

/// Changing the rules.
pub(super) const GOVERNING: &[C] = &[
    C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
    C::CAN_CHANGE_ROLE_DEFINITIONS,
    C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
    C::CAN_DESTROY_ROOM,
    C::CAN_SEND_MLS_REINIT_PROPOSAL,
];

/// All of several lists, in order.
pub(super) fn all(lists: &[&[C]]) -> Vec<C> {
    lists.concat()
}
