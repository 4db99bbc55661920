//! The registry of role capabilities (draft-ietf-mimi-room-policy-03 sections 8 and 10.2).

use std::fmt;

/// Something that the holders of a role may do (draft-ietf-mimi-room-policy-03 section 8).
///
/// The registry is open: a role keeps capabilities that nobody here knows, and [`name`](Self::name) says which are known.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapabilityType(pub u16);

/// Who is able to see to it that a capability is kept to (draft-ietf-mimi-room-policy-03 sections 8.3 and 8.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Enforcement {
    /// The hub alone.
    Hub,
    /// The other clients alone, because the hub cannot read what it is about.
    Clients,
    /// The hub, and every member that checks what it receives.
    HubAndClients,
}

/// A row of the registry.
struct Row {
    value: CapabilityType,
    name: &'static str,
    kind: Kind,
    section: &'static str,
}

enum Kind {
    Hub,
    Clients,
    HubAndClients,
    Reserved,
}

macro_rules! registry {
    ($($constant:ident = $value:literal, $name:literal, $kind:ident, $section:literal, $doc:literal;)+) => {
        impl CapabilityType {
            $(
                #[doc = concat!("`", $name, "`: ", $doc, " (draft-ietf-mimi-room-policy-03 section ", $section, ").")]
                pub const $constant: Self = Self($value);
            )+
        }

        /// By value, ascending.
        const REGISTRY: &[Row] = &[
            $(Row {
                value: CapabilityType::$constant,
                name: $name,
                kind: Kind::$kind,
                section: concat!("draft-ietf-mimi-room-policy-03 section ", $section),
            },)+
        ];
    };
}

// req: RP03-8.3-01, RP03-8.3-02, RP03-8.3-03, RP03-8.3-04, RP03-8.3-05, RP03-8.3-06, RP03-8.3-07, RP03-8.3-08, RP03-8.3-09, RP03-8.3-10
// req: RP03-8.3-11, RP03-8.3-12, RP03-8.3-13, RP03-8.3-14, RP03-8.3-15, RP03-8.3-16, RP03-8.3-17, RP03-8.3-18, RP03-8.3-19, RP03-8.3-20
// req: RP03-8.5-01, RP03-8.5-02, RP03-8.5-03, RP03-8.5-04, RP03-8.5-05, RP03-8.5-06, RP03-8.5-07, RP03-8.5-08, RP03-8.7-01, RP03-10.2-01
registry! {
CAN_ADD_PARTICIPANT = 0x0000, "canAddParticipant", HubAndClients, "8.1.1", "puts another user on the participant list, with that user's clients";
CAN_REMOVE_PARTICIPANT = 0x0001, "canRemoveParticipant", HubAndClients, "8.1.2", "takes another user off the participant list, with all of their clients";
CAN_ADD_OWN_CLIENT = 0x0002, "canAddOwnClient", HubAndClients, "8.1.1", "brings its own client in, and from a member client other clients of the same user";
CAN_REMOVE_OWN_CLIENT = 0x0003, "canRemoveOwnClient", HubAndClients, "8.1.2", "takes its own clients out and stays on the participant list";
CAN_OPEN_JOIN = 0x0004, "canOpenJoin", HubAndClients, "8.1.1", "on role zero only: anyone who is not on the participant list puts themselves there";
CAN_JOIN_IF_PREAUTHORIZED = 0x0005, "canJoinIfPreauthorized", HubAndClients, "8.1.1", "a stranger joins with the role that has this, if preauthorized for it";
CAN_REMOVE_SELF = 0x0006, "canRemoveSelf", HubAndClients, "8.1.2", "leaves the participant list, with all of its clients";
CAN_CREATE_JOIN_CODE = 0x0007, "canCreateJoinCode", Reserved, "8.7", "reserved; ours: makes join links";
CAN_DELETE_JOIN_CODE = 0x0008, "canDeleteJoinCode", Reserved, "8.7", "reserved; ours: removes join links";
CAN_USE_JOIN_CODE = 0x0009, "canUseJoinCode", HubAndClients, "8.1.1", "joins with a join code";
CAN_BAN = 0x000a, "canBan", HubAndClients, "8.1.3", "bans another user";
CAN_UNBAN = 0x000b, "canUnBan", HubAndClients, "8.1.3", "gives a banned user another role";
CAN_KICK = 0x000c, "canKick", HubAndClients, "8.1.2", "takes clients of another participant out; the participant list stays";
CAN_KNOCK = 0x000d, "canKnock", Reserved, "8.7", "reserved";
CAN_ACCEPT_KNOCK = 0x000e, "canAcceptKnock", Reserved, "8.7", "reserved";
CAN_CHANGE_USER_ROLE = 0x000f, "canChangeUserRole", HubAndClients, "8.1.3", "gives another participant another role";
CAN_CHANGE_OWN_ROLE = 0x0010, "canChangeOwnRole", HubAndClients, "8.1.3", "takes the role for which it is preauthorized";
CAN_CREATE_SUBGROUP = 0x0011, "canCreateSubgroup", Reserved, "8.7", "reserved";
CAN_SEND_MESSAGE = 0x0100, "canSendMessage", HubAndClients, "8.3", "sends messages";
CAN_RECEIVE_MESSAGE = 0x0101, "canReceiveMessage", Hub, "8.3", "is sent the messages of others";
CAN_COPY_MESSAGE = 0x0102, "canCopyMessage", Clients, "8.3", "copies from a message";
CAN_REPORT_ABUSE = 0x0103, "canReportAbuse", Clients, "8.3", "reports a franked message as abusive";
CAN_REPLY_TO_MESSAGE = 0x0104, "canReplyToMessage", Clients, "8.3", "replies to a message";
CAN_REACT_TO_MESSAGE = 0x0105, "canReactToMessage", Clients, "8.3", "reacts to a message";
CAN_EDIT_REACTION = 0x0106, "canEditReaction", Clients, "8.3", "replaces a reaction of its own";
CAN_DELETE_OWN_REACTION = 0x0107, "canDeleteOwnReaction", Clients, "8.3", "takes a reaction of its own back";
CAN_DELETE_OTHER_REACTION = 0x0108, "canDeleteOtherReaction", Clients, "8.3", "deletes a reaction of another user";
CAN_EDIT_OWN_MESSAGE = 0x0109, "canEditOwnMessage", Clients, "8.3", "edits a message of its own";
CAN_DELETE_OWN_MESSAGE = 0x010a, "canDeleteOwnMessage", Clients, "8.3", "takes a message of its own back";
CAN_DELETE_OTHER_MESSAGE = 0x010b, "canDeleteOtherMessage", Clients, "8.3", "deletes a message of another user";
CAN_START_TOPIC = 0x010c, "canStartTopic", Clients, "8.3", "sets the topic of a message";
CAN_REPLY_IN_TOPIC = 0x010d, "canReplyInTopic", Clients, "8.3", "replies within the topic of a message";
CAN_EDIT_OWN_TOPIC = 0x010e, "canEditOwnTopic", Clients, "8.3", "changes the topic of a message it sent";
CAN_EDIT_OTHER_TOPIC = 0x010f, "canEditOtherTopic", Clients, "8.3", "changes the topic of a message of another user";
CAN_SEND_DIRECT_MESSAGE = 0x0110, "canSendDirectMessage", Reserved, "8.7", "reserved";
CAN_TARGET_MESSAGE = 0x0111, "canTargetMessage", Reserved, "8.7", "reserved";
CAN_UPLOAD_IMAGE = 0x0200, "canUploadImage", Clients, "8.4", "uploads an image to be rendered";
CAN_UPLOAD_AUDIO = 0x0201, "canUploadAudio", Clients, "8.4", "uploads audio to be rendered";
CAN_UPLOAD_VIDEO = 0x0202, "canUploadVideo", Clients, "8.4", "uploads a video to be rendered";
CAN_UPLOAD_ATTACHMENT = 0x0203, "canUploadAttachment", Clients, "8.4", "uploads an attachment";
CAN_DOWNLOAD_IMAGE = 0x0204, "canDownloadImage", Clients, "8.4", "downloads an image to be rendered";
CAN_DOWNLOAD_AUDIO = 0x0205, "canDownloadAudio", Clients, "8.4", "downloads audio to be rendered";
CAN_DOWNLOAD_VIDEO = 0x0206, "canDownloadVideo", Clients, "8.4", "downloads a video to be rendered";
CAN_DOWNLOAD_ATTACHMENT = 0x0207, "canDownloadAttachment", Clients, "8.4", "downloads an attachment";
CAN_SEND_LINK = 0x0208, "canSendLink", Clients, "8.3", "sends an inline link";
CAN_SEND_LINK_PREVIEW = 0x0209, "canSendLinkPreview", Clients, "8.3", "sends an inline link with a preview";
CAN_FOLLOW_LINK = 0x020a, "canFollowLink", Clients, "8.3", "opens an inline link";
CAN_COPY_LINK = 0x020b, "canCopyLink", Clients, "8.3", "copies the URL of an inline link";
CAN_CHANGE_ROOM_NAME = 0x0300, "canChangeRoomName", HubAndClients, "8.2", "changes the name of the room";
CAN_CHANGE_ROOM_DESCRIPTION = 0x0301, "canChangeRoomDescription", HubAndClients, "8.2", "changes the descriptions of the room";
CAN_CHANGE_ROOM_AVATAR = 0x0302, "canChangeRoomAvatar", HubAndClients, "8.2", "changes the picture of the room";
CAN_CHANGE_ROOM_SUBJECT = 0x0303, "canChangeRoomSubject", HubAndClients, "8.2", "changes the subject of the room";
CAN_CHANGE_ROOM_MOOD = 0x0304, "canChangeRoomMood", HubAndClients, "8.2", "changes the mood of the room";
CAN_CHANGE_OWN_NAME = 0x0380, "canChangeOwnName", Reserved, "8.7", "reserved";
CAN_CHANGE_OWN_PRESENCE = 0x0381, "canChangeOwnPresence", Reserved, "8.7", "reserved";
CAN_CHANGE_OWN_MOOD = 0x0382, "canChangeOwnMood", Reserved, "8.7", "reserved";
CAN_CHANGE_OWN_AVATAR = 0x0383, "canChangeOwnAvatar", Reserved, "8.7", "reserved";
CAN_START_CALL = 0x0400, "canStartCall", Clients, "8.5", "starts a call";
CAN_JOIN_CALL = 0x0401, "canJoinCall", Clients, "8.5", "joins a call";
CAN_SEND_AUDIO = 0x0402, "canSendAudio", Clients, "8.5", "speaks in a call";
CAN_RECEIVE_AUDIO = 0x0403, "canReceiveAudio", Clients, "8.5", "hears a call";
CAN_SEND_VIDEO = 0x0404, "canSendVideo", Clients, "8.5", "is seen in a call";
CAN_RECEIVE_VIDEO = 0x0405, "canReceiveVideo", Clients, "8.5", "sees others in a call";
CAN_SHARE_SCREEN = 0x0406, "canShareScreen", Clients, "8.5", "shares its screen in a call";
CAN_VIEW_SHARED_SCREEN = 0x0407, "canViewSharedScreen", Clients, "8.5", "sees shared screens in a call";
CAN_CREATE_ROOM = 0x0500, "canCreateRoom", Reserved, "8.7", "reserved";
CAN_DESTROY_ROOM = 0x0501, "canDestroyRoom", HubAndClients, "8.6", "destroys the room";
CAN_CHANGE_ROOM_MEMBERSHIP_STYLE = 0x0502, "canChangeRoomMembershipStyle", HubAndClients, "8.6", "changes the base room policy";
CAN_CHANGE_ROLE_DEFINITIONS = 0x0503, "canChangeRoleDefinitions", HubAndClients, "8.6", "changes the roles";
CAN_CHANGE_PREAUTHORIZED_USER_LIST = 0x0504, "canChangePreauthorizedUserList", HubAndClients, "8.6", "changes who is preauthorized";
CAN_CHANGE_OTHER_POLICY_ATTRIBUTE = 0x0505, "canChangeOtherPolicyAttribute", Reserved, "8.7", "reserved";
CAN_CHANGE_MLS_OPERATIONAL_POLICIES = 0x0600, "canChangeMlsOperationalPolicies", Reserved, "8.7", "reserved";
CAN_SEND_MLS_REINIT_PROPOSAL = 0x0601, "canSendMLSReinitProposal", HubAndClients, "8.6", "proposes to re-initialize the MLS group";
CAN_SEND_MLS_UPDATE_PROPOSAL = 0x0602, "canSendMLSUpdateProposal", Reserved, "8.7", "reserved";
CAN_SEND_MLS_PSK_PROPOSAL = 0x0603, "canSendMLSPSKProposal", Reserved, "8.7", "reserved";
CAN_SEND_MLS_EXTERNAL_PROPOSAL = 0x0604, "canSendMLSExternalProposal", Reserved, "8.7", "reserved";
CAN_SEND_MLS_EXTERNAL_COMMIT = 0x0605, "canSendMLSExternalCommit", Reserved, "8.7", "reserved";}

/// The spelling of section 8.1.3; the registry has another.
const CAN_UNBAN_IN_THE_TEXT: &str = "canUnban";
/// The first value for private use. The registry puts 0xF000 into both ranges.
const FIRST_PRIVATE: u16 = 0xF000;

impl CapabilityType {
    /// The name in the registry, of section 10.2, without the remark that it is reserved.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// The capability with this name. `canUnban`, as section 8.1.3 writes it, and `canUnBan`, as the registry does, are the same.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == CAN_UNBAN_IN_THE_TEXT {
            return Some(Self::CAN_UNBAN);
        }
        REGISTRY.iter().find(|row| row.name == name).map(|row| row.value)
    }

    /// Every capability of the registry, reserved ones included, by value.
    pub fn registered() -> impl Iterator<Item = Self> {
        REGISTRY.iter().map(|row| row.value)
    }

    /// Whether the registry holds the name for later use (section 8.7).
    pub fn is_reserved(self) -> bool {
        self.row().is_some_and(|row| matches!(row.kind, Kind::Reserved))
    }

    // req: RP03-10.2-02
    /// Whether the value will never be registered (section 10.2). That goes for 0xF000 too, which both ranges contain.
    pub const fn is_private_use(self) -> bool {
        self.0 >= FIRST_PRIVATE
    }

    /// Who can enforce it; `None` for reserved and unknown capabilities, whose meaning is not defined.
    pub fn enforced_by(self) -> Option<Enforcement> {
        match self.row()?.kind {
            Kind::Hub => Some(Enforcement::Hub),
            Kind::Clients => Some(Enforcement::Clients),
            Kind::HubAndClients => Some(Enforcement::HubAndClients),
            Kind::Reserved => None,
        }
    }

    /// Document and section that describe it.
    pub fn section(self) -> &'static str {
        self.row().map_or("draft-ietf-mimi-room-policy-03 section 10.2", |row| row.section)
    }

    fn row(self) -> Option<&'static Row> {
        let place = REGISTRY.binary_search_by_key(&self, |row| row.value).ok()?;
        REGISTRY.get(place)
    }
}

impl fmt::Display for CapabilityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "capability 0x{:04X}", self.0),
        }
    }
}

impl fmt::Debug for CapabilityType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

mimi_arch::wire_newtype!(CapabilityType(u16));

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use mimi_arch::testing::laws;

    use super::*;

    #[test]
    fn the_registry_has_seventy_seven_rows_in_ascending_order_with_names_of_their_own() {
        let all: Vec<_> = CapabilityType::registered().collect();
        assert_eq!(all.len(), 77);
        assert!(all.is_sorted_by(|a, b| a < b));
        for capability in all {
            assert_eq!(CapabilityType::from_name(capability.name().unwrap()), Some(capability));
            assert_eq!(capability.is_reserved(), capability.enforced_by().is_none());
            assert!(!capability.is_private_use());
        }
    }

    #[test]
    fn values_are_those_of_the_draft() {
        // req: RP03-10.2-01
        for (name, value) in [
            ("canAddParticipant", 0),
            ("canCreateSubgroup", 0x11),
            ("canTargetMessage", 0x111),
            ("canCopyLink", 0x20b),
            ("canChangeRoomMood", 0x304),
            ("canChangeOwnAvatar", 0x383),
            ("canViewSharedScreen", 0x407),
            ("canChangeOtherPolicyAttribute", 0x505),
            ("canSendMLSExternalCommit", 0x605),
        ] {
            assert_eq!(CapabilityType::from_name(name), Some(CapabilityType(value)));
        }
        assert_eq!(laws(&CapabilityType::CAN_COPY_LINK), [2, 11]);
    }

    #[test]
    fn both_spellings_of_unban_mean_the_same() {
        assert_eq!(CapabilityType::from_name("canUnban"), Some(CapabilityType::CAN_UNBAN));
        assert_eq!(CapabilityType::from_name("canUnBan"), Some(CapabilityType::CAN_UNBAN));
        assert_eq!(CapabilityType::from_name("canunban"), None);
    }

    #[test]
    fn unknown_and_private_values_are_kept_and_mean_nothing() {
        // req: RP03-10.2-02
        for value in [0x12, 0x0606, 0xEFFF, 0xF000, 0xFFFF] {
            let unknown = CapabilityType(value);
            assert_eq!(laws(&unknown), value.to_be_bytes());
            assert_eq!((unknown.name(), unknown.enforced_by(), unknown.is_reserved()), (None, None, false));
            assert_eq!(unknown.is_private_use(), value >= 0xF000);
        }
        assert_eq!(CapabilityType(0xF00F).to_string(), "capability 0xF00F");
    }

    #[test]
    fn the_hub_enforces_who_sends_and_who_receives_and_clients_what_is_in_a_message() {
        // req: RP03-8.3-22, RP03-8.3-23, RP03-8.3-24
        let by = |name| CapabilityType::from_name(name).unwrap().enforced_by();
        assert_eq!(by("canSendMessage"), Some(Enforcement::HubAndClients));
        assert_eq!(by("canReceiveMessage"), Some(Enforcement::Hub));
        for name in ["canReactToMessage", "canEditOtherTopic", "canReportAbuse", "canFollowLink"] {
            assert_eq!(by(name), Some(Enforcement::Clients));
        }
        assert_eq!(by("canKick"), Some(Enforcement::HubAndClients));
    }
}
