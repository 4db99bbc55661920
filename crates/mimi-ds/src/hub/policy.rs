//! Who may do what, for now by two roles: every participant may send, add, leave and bring own clients in; an administrator may
//! also remove others and change roles. `mimi-room-policy` takes this module's place once rooms carry their own policy
//! (section 3.1: permissions come from roles that the room defines).

use mimi_arch::{RoleIndex, UserUri};

/// The role of an ordinary participant.
pub const ORDINARY: RoleIndex = RoleIndex(2);
/// The role of an administrator; the creator of a room has it.
pub const ADMINISTRATOR: RoleIndex = RoleIndex(4);

/// Something a user wants to do in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action<'a> {
    /// Send an application message.
    Send,
    /// Claim key packages in order to add someone.
    FetchKeyMaterial,
    /// Read the GroupInfo in order to join with a client.
    FetchGroupInfo,
    /// Join with a client by external commit.
    Join,
    /// Commit new keys, or what others have proposed.
    Commit,
    /// Put a user on the participant list.
    AddParticipant {
        /// Who.
        user: &'a UserUri,
        /// With which role.
        role: RoleIndex,
    },
    /// Take a user off the participant list.
    RemoveParticipant {
        /// Who.
        user: &'a UserUri,
    },
    /// Change a participant's role.
    ChangeRole {
        /// Whose.
        user: &'a UserUri,
        /// The role until now.
        from: RoleIndex,
        /// The new role.
        to: RoleIndex,
    },
    /// Bring a client into the group.
    AddClient {
        /// Its user.
        user: &'a UserUri,
    },
    /// Take a client out of the group.
    RemoveClient {
        /// Its user.
        user: &'a UserUri,
    },
}

impl Action<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Send => "send messages",
            Self::FetchKeyMaterial => "fetch key material",
            Self::FetchGroupInfo => "fetch the GroupInfo",
            Self::Join => "join",
            Self::Commit => "commit",
            Self::AddParticipant { .. } => "add this participant with this role",
            Self::RemoveParticipant { .. } => "remove this participant",
            Self::ChangeRole { .. } => "change roles",
            Self::AddClient { .. } => "add clients",
            Self::RemoveClient { .. } => "remove this client",
        }
    }
}

/// The policy does not allow an action.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{user} may not {action}")]
pub struct Denied {
    /// Who wanted it.
    pub user: UserUri,
    /// What.
    pub action: &'static str,
}

/// Decides whether a user with this role (`None`: not on the participant list) may do something.
///
/// # Errors
/// The user may not.
// req: MP06-3.1-04
// req: MP06-7.5-17
pub fn authorize(actor: &UserUri, role: Option<RoleIndex>, action: &Action<'_>) -> Result<(), Denied> {
    let administrator = role == Some(ADMINISTRATOR);
    let participant = role.is_some_and(|role| role > RoleIndex::BANNED);
    let allowed = participant
        && match action {
            Action::Send
            | Action::FetchKeyMaterial
            | Action::FetchGroupInfo
            | Action::Join
            | Action::Commit
            | Action::AddClient { .. } => true,
            Action::AddParticipant { role, .. } => *role == ORDINARY || administrator,
            Action::RemoveParticipant { user } | Action::RemoveClient { user } => *user == actor || administrator,
            Action::ChangeRole { .. } => administrator,
        };
    if allowed { Ok(()) } else { Err(Denied { user: actor.clone(), action: action.name() }) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn an_ordinary_participant_adds_and_leaves_but_does_not_remove_others_or_change_roles() {
        // req: MP06-7.5-17
        let (me, other): (UserUri, UserUri) =
            ("mimi://a.example/u/me".parse().unwrap(), "mimi://a.example/u/other".parse().unwrap());
        let may = |role, action| authorize(&me, role, &action).is_ok();
        let (ordinary, administrator) = (Some(ORDINARY), Some(ADMINISTRATOR));
        assert!(may(ordinary, Action::Send));
        assert!(may(ordinary, Action::AddParticipant { user: &other, role: ORDINARY }));
        assert!(may(ordinary, Action::RemoveParticipant { user: &me }));
        assert!(may(ordinary, Action::RemoveClient { user: &me }));
        assert!(!may(ordinary, Action::AddParticipant { user: &other, role: ADMINISTRATOR }));
        assert!(!may(ordinary, Action::RemoveParticipant { user: &other }));
        assert!(!may(ordinary, Action::RemoveClient { user: &other }));
        let promote = Action::ChangeRole { user: &me, from: ORDINARY, to: ADMINISTRATOR };
        assert!(!may(ordinary, promote.clone()));
        assert!(may(administrator, promote));
        assert!(may(administrator, Action::RemoveParticipant { user: &other }));
    }

    #[test]
    fn neither_a_banned_user_nor_a_stranger_may_do_anything() {
        // req: MP06-5.3-06
        // req: MP06-7.5-06
        let me: UserUri = "mimi://a.example/u/me".parse().unwrap();
        for role in [None, Some(RoleIndex::BANNED), Some(RoleIndex::NON_PARTICIPANT)] {
            for action in [Action::Send, Action::Commit, Action::Join, Action::FetchGroupInfo] {
                assert!(authorize(&me, role, &action).is_err());
            }
        }
    }
}
