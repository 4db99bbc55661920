//! The number by which a participant's role is known in the participant list
//! (draft-ietf-mimi-room-policy-03 section 3).

use std::fmt;

/// The number of a role in a room (draft-ietf-mimi-room-policy-03 section 3).
///
/// What a role allows is the room's policy, and the numbers in use need not be contiguous. Two of
/// them mean the same in every room: [`NON_PARTICIPANT`](Self::NON_PARTICIPANT) and
/// [`BANNED`](Self::BANNED).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleIndex(pub u32);

impl RoleIndex {
    /// A user who is not on the participant list, be it not yet or not any more. No entry of the
    /// list carries this number (draft-ietf-mimi-room-policy-03 section 3).
    pub const NON_PARTICIPANT: Self = Self(0);

    /// A user who is on the participant list only in order to be kept out: without clients in
    /// the room and unable to come back (draft-ietf-mimi-room-policy-03 section 8.1.3). A room
    /// need not have this role, but no other role has this number.
    pub const BANNED: Self = Self(1);
}

impl From<u32> for RoleIndex {
    fn from(index: u32) -> Self {
        Self(index)
    }
}

impl From<RoleIndex> for u32 {
    fn from(role: RoleIndex) -> Self {
        role.0
    }
}

impl fmt::Display for RoleIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::RoleIndex;

    #[test]
    fn the_two_fixed_roles_have_the_numbers_of_the_policy_draft() {
        assert_eq!(u32::from(RoleIndex::NON_PARTICIPANT), 0);
        assert_eq!(RoleIndex::from(1), RoleIndex::BANNED);
    }
}
