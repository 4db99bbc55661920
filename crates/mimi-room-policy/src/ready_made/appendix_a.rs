//! The role sets of the draft's examples (draft-ietf-mimi-room-policy-03 appendix A), as they stand there.
//!
//! Where the examples contradict themselves or the registry: `canRevokeVoice` and `canGrantVoice` are not in the registry and left out.
//! The speaker of the moderated room, who has all capabilities of a speaker, has those of an attendee; its moderator, who has those of an
//! ordinary user that the room lacks, those of a speaker. Notes behind a capability's name that it is reserved do not take it away.

use crate::capability::CapabilityType as C;
use crate::roles::{BANNED_NAME, Role, RolesList};

/// An example of the draft.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RoleSet {
    /// Appendix A.1.
    Cooperative,
    /// Appendix A.2.
    Strict,
    /// Appendix A.3.
    Moderated,
    /// Appendix A.4.
    MultiOrganization,
}

impl RoleSet {
    /// All examples, in order.
    pub const ALL: [Self; 4] = [Self::Cooperative, Self::Strict, Self::Moderated, Self::MultiOrganization];

    /// The name of the example on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cooperative => "cooperative",
            Self::Strict => "strict",
            Self::Moderated => "moderated",
            Self::MultiOrganization => "multi-organization",
        }
    }

    /// The roles.
    pub fn roles(self) -> RolesList {
        match self {
            Self::Cooperative => cooperative(),
            Self::Strict => strict(),
            Self::Moderated => moderated(),
            Self::MultiOrganization => multi_organization(),
        }
    }
}

/// A list whose indices are known to be distinct, with `canOpenJoin` nowhere; a test makes sure.
fn list(roles: Vec<Role>) -> RolesList {
    RolesList::new(roles).unwrap_or_default()
}

fn no_role() -> Role {
    Role::new(0, "no_role").active_participants(0, Some(0))
}

fn banned() -> Role {
    Role::new(1, BANNED_NAME).active_participants(0, Some(0))
}

/// What a role may do, for another that may do the same.
fn capabilities_of(role: &Role) -> Vec<C> {
    role.role_capabilities.clone()
}

/// A role with these transitions.
fn changing(role: Role, transitions: &[(u32, &[u32])]) -> Role {
    transitions.iter().fold(role, |role, (from, to)| role.changing(*from, to))
}

/// The external party of all four examples that only takes rights away.
fn policy_enforcer(index: u32, transitions: &[(u32, &[u32])]) -> Role {
    let role = Role::new(index, "policy_enforcer").with([
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_CHANGE_MLS_OPERATIONAL_POLICIES,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ]);
    changing(role.participants(1, Some(2)).active_participants(0, Some(0)), transitions)
}

const UPLOADS: [C; 4] = [C::CAN_UPLOAD_IMAGE, C::CAN_UPLOAD_VIDEO, C::CAN_UPLOAD_AUDIO, C::CAN_UPLOAD_ATTACHMENT];
const DOWNLOADS: [C; 4] =
    [C::CAN_DOWNLOAD_IMAGE, C::CAN_DOWNLOAD_VIDEO, C::CAN_DOWNLOAD_AUDIO, C::CAN_DOWNLOAD_ATTACHMENT];
const LINKS: [C; 4] = [C::CAN_SEND_LINK, C::CAN_SEND_LINK_PREVIEW, C::CAN_FOLLOW_LINK, C::CAN_COPY_LINK];
const JOIN_CODES: [C; 2] = [C::CAN_CREATE_JOIN_CODE, C::CAN_DELETE_JOIN_CODE];

const ADMIN_TRANSITIONS: &[(u32, &[u32])] = &[(0, &[1, 2, 3]), (1, &[0, 2, 3]), (2, &[0, 1, 3]), (3, &[0, 1, 2])];
const SUPER_ADMIN_TRANSITIONS: &[(u32, &[u32])] =
    &[(0, &[1, 2, 3, 4]), (1, &[0, 2, 3, 4]), (2, &[0, 1, 3, 4]), (3, &[0, 1, 2, 4]), (4, &[0, 1, 2, 3])];
const ENFORCER_TRANSITIONS: &[(u32, &[u32])] = &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1])];

/// A room that its participants run together: friends, family, small groups of peers (draft-ietf-mimi-room-policy-03 appendix A.1).
pub fn cooperative() -> RolesList {
    let user = Role::new(2, "ordinary_user")
        .with([
            C::CAN_ADD_PARTICIPANT,
            C::CAN_REMOVE_PARTICIPANT,
            C::CAN_ADD_OWN_CLIENT,
            C::CAN_REMOVE_OWN_CLIENT,
            C::CAN_REMOVE_SELF,
            C::CAN_SEND_MESSAGE,
            C::CAN_RECEIVE_MESSAGE,
            C::CAN_COPY_MESSAGE,
            C::CAN_REPORT_ABUSE,
            C::CAN_REPLY_TO_MESSAGE,
            C::CAN_REACT_TO_MESSAGE,
            C::CAN_DELETE_OWN_REACTION,
            C::CAN_EDIT_OWN_MESSAGE,
            C::CAN_DELETE_OWN_MESSAGE,
            C::CAN_START_TOPIC,
            C::CAN_REPLY_IN_TOPIC,
            C::CAN_EDIT_OWN_TOPIC,
        ])
        .with(UPLOADS)
        .with(DOWNLOADS)
        .with(LINKS)
        .with([
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
            C::CAN_CHANGE_OWN_NAME,
            C::CAN_CHANGE_OWN_PRESENCE,
            C::CAN_CHANGE_OWN_MOOD,
            C::CAN_CHANGE_OWN_AVATAR,
        ]);
    let admin = Role::new(3, "group_admin").with(capabilities_of(&user)).with([
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
        C::CAN_DELETE_OTHER_MESSAGE,
        C::CAN_EDIT_OTHER_TOPIC,
        C::CAN_CHANGE_ROOM_DESCRIPTION,
    ]);
    let super_admin = Role::new(4, "super_admin").with(capabilities_of(&admin)).with([
        C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_DESTROY_ROOM,
    ]);
    list(vec![
        no_role(),
        banned(),
        user.changing(0, &[2]).changing(2, &[0]),
        changing(admin.participants(1, None), ADMIN_TRANSITIONS),
        changing(super_admin, SUPER_ADMIN_TRANSITIONS),
        policy_enforcer(5, ENFORCER_TRANSITIONS),
    ])
}

/// A room run by its administrators (draft-ietf-mimi-room-policy-03 appendix A.2).
pub fn strict() -> RolesList {
    let user = Role::new(2, "ordinary_user")
        .with([
            C::CAN_ADD_OWN_CLIENT,
            C::CAN_JOIN_IF_PREAUTHORIZED,
            C::CAN_REMOVE_OWN_CLIENT,
            C::CAN_REMOVE_SELF,
            C::CAN_CHANGE_OWN_ROLE,
            C::CAN_SEND_MESSAGE,
            C::CAN_RECEIVE_MESSAGE,
            C::CAN_COPY_MESSAGE,
            C::CAN_REPORT_ABUSE,
            C::CAN_REACT_TO_MESSAGE,
            C::CAN_DELETE_OWN_REACTION,
            C::CAN_EDIT_OWN_MESSAGE,
            C::CAN_DELETE_OWN_MESSAGE,
            C::CAN_START_TOPIC,
            C::CAN_REPLY_IN_TOPIC,
        ])
        .with(UPLOADS)
        .with(DOWNLOADS)
        .with(LINKS)
        .with([C::CAN_CHANGE_OWN_NAME, C::CAN_CHANGE_OWN_PRESENCE, C::CAN_CHANGE_OWN_MOOD, C::CAN_CHANGE_OWN_AVATAR]);
    let admin = Role::new(3, "group_admin")
        .with(capabilities_of(&user))
        .with([
            C::CAN_ADD_PARTICIPANT,
            C::CAN_REMOVE_PARTICIPANT,
            C::CAN_BAN,
            C::CAN_UNBAN,
            C::CAN_KICK,
            C::CAN_CHANGE_USER_ROLE,
        ])
        .with(JOIN_CODES)
        .with([
            C::CAN_DELETE_OTHER_REACTION,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OWN_TOPIC,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_DESCRIPTION,
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
        ]);
    let super_admin = Role::new(4, "super_admin").with(capabilities_of(&admin)).with([
        C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ]);
    list(vec![
        no_role().with([C::CAN_USE_JOIN_CODE]).changing(0, &[2]),
        banned(),
        user.changing(0, &[2]).changing(2, &[0]),
        changing(admin.participants(1, None), ADMIN_TRANSITIONS),
        changing(super_admin, SUPER_ADMIN_TRANSITIONS),
        policy_enforcer(5, ENFORCER_TRANSITIONS),
    ])
}

/// A room in which only some speak (draft-ietf-mimi-room-policy-03 appendix A.3).
pub fn moderated() -> RolesList {
    let guest = Role::new(2, "guest").with([
        C::CAN_REMOVE_SELF,
        C::CAN_RECEIVE_MESSAGE,
        C::CAN_COPY_MESSAGE,
        C::CAN_REACT_TO_MESSAGE,
        C::CAN_DELETE_OWN_REACTION,
        C::CAN_FOLLOW_LINK,
        C::CAN_COPY_LINK,
        C::CAN_DOWNLOAD_IMAGE,
        C::CAN_DOWNLOAD_VIDEO,
        C::CAN_DOWNLOAD_AUDIO,
    ]);
    let attendee = Role::new(3, "attendee").with(capabilities_of(&guest)).with([
        C::CAN_ADD_OWN_CLIENT,
        C::CAN_JOIN_IF_PREAUTHORIZED,
        C::CAN_REMOVE_OWN_CLIENT,
        C::CAN_CHANGE_OWN_ROLE,
        C::CAN_REPORT_ABUSE,
        C::CAN_REPLY_IN_TOPIC,
        C::CAN_DOWNLOAD_ATTACHMENT,
        C::CAN_CHANGE_OWN_NAME,
        C::CAN_CHANGE_OWN_PRESENCE,
        C::CAN_CHANGE_OWN_AVATAR,
    ]);
    let speaker = Role::new(4, "speaker")
        .with(capabilities_of(&attendee))
        .with([C::CAN_SEND_MESSAGE, C::CAN_EDIT_OWN_MESSAGE, C::CAN_DELETE_OWN_MESSAGE, C::CAN_START_TOPIC])
        .with(UPLOADS)
        .with([C::CAN_SEND_LINK, C::CAN_SEND_LINK_PREVIEW]);
    let moderator = Role::new(5, "moderator")
        .with(capabilities_of(&speaker))
        .with([
            C::CAN_ADD_PARTICIPANT,
            C::CAN_REMOVE_PARTICIPANT,
            C::CAN_BAN,
            C::CAN_UNBAN,
            C::CAN_KICK,
            C::CAN_CHANGE_USER_ROLE,
        ])
        .with(JOIN_CODES)
        .with([
            C::CAN_DELETE_OTHER_REACTION,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OWN_TOPIC,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
        ]);
    let super_admin = Role::new(6, "super_admin").with(capabilities_of(&moderator)).with([
        C::CAN_CHANGE_ROOM_DESCRIPTION,
        C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
        C::CAN_CHANGE_ROLE_DEFINITIONS,
        C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
        C::CAN_DESTROY_ROOM,
        C::CAN_SEND_MLS_REINIT_PROPOSAL,
    ]);
    let moderator_transitions: &[(u32, &[u32])] = &[
        (0, &[1, 2, 3, 4, 5]),
        (1, &[0, 2, 3, 4, 5]),
        (2, &[0, 1, 3, 4, 5]),
        (3, &[0, 1, 2, 4, 5]),
        (4, &[0, 1, 2, 3, 5]),
        (5, &[0, 1, 2, 3, 4]),
    ];
    let super_admin_transitions: &[(u32, &[u32])] = &[
        (0, &[1, 2, 3, 4, 5, 6]),
        (1, &[0, 2, 3, 4, 5, 6]),
        (2, &[0, 1, 3, 4, 5, 6]),
        (3, &[0, 1, 2, 4, 5, 6]),
        (4, &[0, 1, 2, 3, 5, 6]),
        (5, &[0, 1, 2, 3, 4, 6]),
        (6, &[0, 1, 2, 3, 4, 5]),
    ];
    let enforcer_transitions: &[(u32, &[u32])] =
        &[(0, &[1]), (1, &[0]), (2, &[0, 1]), (3, &[0, 1]), (4, &[0, 1]), (5, &[0, 1]), (6, &[0, 1])];
    list(vec![
        Role::new(0, "no_role").with([C::CAN_USE_JOIN_CODE]).changing(0, &[2, 3]),
        banned(),
        guest.changing(0, &[2]).changing(2, &[0]),
        attendee.changing(0, &[3]).changing(3, &[0]),
        speaker.changing(0, &[4]).changing(4, &[0]),
        changing(moderator.participants(1, None), moderator_transitions),
        changing(super_admin, super_admin_transitions),
        policy_enforcer(7, enforcer_transitions),
    ])
}

/// A room of three organizations, the first of which runs it (draft-ietf-mimi-room-policy-03 appendix A.4).
pub fn multi_organization() -> RolesList {
    let org_b_user = Role::new(3, "org_b_user")
        .with([
            C::CAN_REMOVE_SELF,
            C::CAN_ADD_OWN_CLIENT,
            C::CAN_REMOVE_OWN_CLIENT,
            C::CAN_SEND_MESSAGE,
            C::CAN_RECEIVE_MESSAGE,
            C::CAN_COPY_MESSAGE,
            C::CAN_REPORT_ABUSE,
            C::CAN_REPLY_IN_TOPIC,
            C::CAN_REACT_TO_MESSAGE,
            C::CAN_DELETE_OWN_REACTION,
            C::CAN_EDIT_OWN_MESSAGE,
        ])
        .with(LINKS)
        .with(DOWNLOADS)
        .with([C::CAN_CHANGE_OWN_NAME, C::CAN_CHANGE_OWN_PRESENCE, C::CAN_CHANGE_OWN_AVATAR]);
    let org_b_admin = Role::new(6, "org_b_admin")
        .with(capabilities_of(&org_b_user))
        .with([C::CAN_DELETE_OWN_MESSAGE, C::CAN_START_TOPIC])
        .with(UPLOADS)
        .with([C::CAN_ADD_PARTICIPANT, C::CAN_REMOVE_PARTICIPANT, C::CAN_BAN, C::CAN_KICK, C::CAN_CHANGE_USER_ROLE])
        .participants(1, Some(3))
        .active_participants(1, None);
    let own = [C::CAN_CHANGE_OWN_ROLE, C::CAN_JOIN_IF_PREAUTHORIZED];
    let org_a_user = Role::new(2, "org_a_user").with(capabilities_of(&org_b_user)).with(own);
    let org_c_user = Role::new(4, "org_c_user").with(capabilities_of(&org_b_user));
    let org_a_admin = Role::new(5, "org_a_admin").with(capabilities_of(&org_b_admin)).with(own);
    let org_c_admin = Role::new(7, "org_c_admin")
        .with(capabilities_of(&org_b_admin))
        .participants(1, Some(3))
        .active_participants(1, None);
    let super_admin = Role::new(8, "super_admin")
        .with(capabilities_of(&org_a_admin))
        .with([
            C::CAN_UNBAN,
            C::CAN_DELETE_OTHER_REACTION,
            C::CAN_DELETE_OTHER_MESSAGE,
            C::CAN_EDIT_OWN_TOPIC,
            C::CAN_EDIT_OTHER_TOPIC,
            C::CAN_CHANGE_ROOM_DESCRIPTION,
            C::CAN_CHANGE_ROOM_NAME,
            C::CAN_CHANGE_ROOM_AVATAR,
            C::CAN_CHANGE_ROOM_SUBJECT,
            C::CAN_CHANGE_ROOM_MOOD,
            C::CAN_CHANGE_ROOM_MEMBERSHIP_STYLE,
            C::CAN_CHANGE_ROLE_DEFINITIONS,
            C::CAN_CHANGE_PREAUTHORIZED_USER_LIST,
            C::CAN_DESTROY_ROOM,
            C::CAN_SEND_MLS_REINIT_PROPOSAL,
        ])
        .participants(1, None)
        .active_participants(1, None);
    let super_admin_transitions: &[(u32, &[u32])] = &[
        (0, &[1, 2, 3, 4, 5, 6, 7, 8]),
        (1, &[0, 2, 3, 4, 5, 6, 7, 8]),
        (2, &[0, 1, 5, 8]),
        (3, &[0, 1, 6]),
        (4, &[0, 1, 7]),
        (5, &[0, 1, 2, 8]),
        (6, &[0, 1, 3]),
        (7, &[0, 1, 4]),
        (8, &[0, 1, 2, 5]),
    ];
    let enforcer_transitions: &[(u32, &[u32])] =
        &[(0, &[1]), (1, &[0]), (3, &[0, 1]), (4, &[0, 1]), (5, &[0, 1]), (6, &[0, 1]), (7, &[0, 1]), (8, &[0, 1])];
    list(vec![
        no_role(),
        banned(),
        org_a_user.changing(0, &[2]).changing(2, &[0]),
        org_b_user.changing(0, &[3]).changing(3, &[0]),
        org_c_user.changing(0, &[4]).changing(4, &[0]),
        changing(org_a_admin, &[(0, &[2, 5]), (2, &[0, 1, 5]), (5, &[0, 1, 2])]),
        changing(org_b_admin, &[(0, &[3, 6]), (3, &[0, 1, 6]), (6, &[0, 1, 3])]),
        changing(org_c_admin, &[(0, &[4, 7]), (4, &[0, 1, 7]), (7, &[0, 1, 4])]),
        changing(super_admin, super_admin_transitions),
        policy_enforcer(9, enforcer_transitions),
    ])
}
