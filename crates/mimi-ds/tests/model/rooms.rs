//! The rooms that are searched: their policies, and what the checks have to know of them.

use mimi_arch::{RoleIndex, mls::CredentialType};
use mimi_room_policy::{
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType as C,
    policy::RoomPolicy,
    preauth::{Claim, PreAuthRoleEntry, PreauthList},
    ready_made,
    roles::{BANNED_NAME, Role, RolesList},
};

use crate::world::CLIENTS;

/// The role that moderates, in all rooms.
pub(crate) const MODERATOR: u32 = 3;

pub(crate) struct Room {
    pub(crate) name: &'static str,
    pub(crate) policy: RoomPolicy,
    /// The role of Bob at the start.
    pub(crate) bob: u32,
    /// Roles that send application messages.
    pub(crate) senders: &'static [u32],
    /// Roles that add participants.
    pub(crate) adders: &'static [u32],
    /// Strangers that may come in by themselves, by number of the user.
    pub(crate) comers: &'static [usize],
}

pub(crate) fn all() -> [Room; 3] {
    [
        Room { name: "group", policy: ready_made::group(&[]), bob: 2, senders: &[2, 3], adders: &[2, 3], comers: &[] },
        Room {
            name: "open",
            policy: policy(true, PreauthList::default()),
            bob: 3,
            senders: &[3],
            adders: &[3],
            comers: &[0, 1, 2, 3],
        },
        Room {
            name: "preauthorized",
            policy: policy(false, dave()),
            bob: 3,
            senders: &[3],
            adders: &[3],
            comers: &[3],
        },
    ]
}

/// Role 2 reads, role 3 speaks and moderates.
fn policy(open: bool, preauth: PreauthList) -> RoomPolicy {
    let outsider = Role::new(0, "no role").active_participants(0, Some(0));
    let outsider = if open { outsider.with([C::CAN_OPEN_JOIN]).changing(0, &[2]) } else { outsider };
    let banned = Role::new(1, BANNED_NAME).active_participants(0, Some(0));
    let roles = RolesList::new(vec![outsider, banned, listener(), moderator()]).unwrap();
    // What else a policy can hold has no word on who is in the room.
    let base = BaseRoomPolicy::default();
    RoomPolicy { roles: Some(roles), base: Some(base), preauth: Some(preauth), ..RoomPolicy::default() }
        .listing_its_components()
}

fn listener() -> Role {
    let own = [C::CAN_ADD_OWN_CLIENT, C::CAN_REMOVE_OWN_CLIENT, C::CAN_REMOVE_SELF, C::CAN_JOIN_IF_PREAUTHORIZED];
    Role::new(2, "listener").with(own).with([C::CAN_RECEIVE_MESSAGE]).changing(2, &[0])
}

fn moderator() -> Role {
    let moderating = [
        C::CAN_ADD_PARTICIPANT,
        C::CAN_REMOVE_PARTICIPANT,
        C::CAN_BAN,
        C::CAN_UNBAN,
        C::CAN_KICK,
        C::CAN_CHANGE_USER_ROLE,
    ];
    Role::new(3, "moderator")
        .with([C::CAN_ADD_OWN_CLIENT, C::CAN_REMOVE_OWN_CLIENT, C::CAN_REMOVE_SELF])
        .with([C::CAN_RECEIVE_MESSAGE, C::CAN_SEND_MESSAGE])
        .with(moderating)
        .participants(1, None)
        .changing(0, &[1, 2, 3])
        .changing(1, &[0, 2])
        .changing(2, &[0, 1, 3])
        .changing(3, &[0, 1, 2])
}

fn dave() -> PreauthList {
    let claim = Claim::new(CredentialType::BASIC, Vec::new(), CLIENTS[4].as_bytes());
    PreauthList { preauthorized_entries: vec![PreAuthRoleEntry { claimset: vec![claim], target_role: listener() }] }
}

impl Room {
    /// Whether Cathy and Dave differ in more than their names: only a way in can be one user's alone.
    pub(crate) fn tells_remote_users_apart(&self) -> bool {
        self.comers.contains(&2) != self.comers.contains(&3)
    }

    /// The capabilities that the checks count on are those of the policy.
    pub(crate) fn check(&self) {
        let roles = self.policy.roles.as_ref().unwrap();
        for role in [2, MODERATOR] {
            let defined = roles.get(RoleIndex(role)).unwrap();
            assert_eq!(defined.has(C::CAN_SEND_MESSAGE), self.senders.contains(&role), "{}", self.name);
            assert_eq!(defined.has(C::CAN_ADD_PARTICIPANT), self.adders.contains(&role), "{}", self.name);
            assert_eq!(defined.has(C::CAN_BAN), role == MODERATOR, "{}", self.name);
        }
    }
}
