//! Where a user stands in a room, and what that allows (draft-ietf-mimi-protocol-06 sections 5.3, 7.1 and 7.5,
//! draft-ietf-mimi-room-policy-03 sections 3 and 8.1.3).
//!
//! The states and what leads from one to the other are written down in docs/user-states.md. A standing is not stored: it is read from
//! the participant list, the members and the proposals that wait, so that it cannot contradict them.

use std::collections::BTreeSet;

use mimi_arch::{RoleIndex, UserUri};
use mimi_protocol::{Wire, mls::ComponentId, participant_list::ParticipantListData};

use super::{
    HubRoom, Member, NotAllowed, Pending, UpdateRefusal,
    deed::{Deed, Door},
    meaning::{Meaning, Outcome},
    participants::Participants,
    policy::Policy,
};
use crate::group::{GroupError, RoomGroup};

/// Where a user stands in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// Not on the participant list: never was, or was removed.
    Stranger,
    /// A stranger whose addition is accepted and not committed.
    Arriving,
    /// A stranger whose ban is accepted and not committed.
    Barred,
    /// A participant with a client in the group.
    Active,
    /// A participant without a client in the group.
    Inactive,
    /// A participant with a client in the group, whose removal or ban is accepted and not committed.
    Leaving,
    /// The same without a client in the group.
    LeavingInactive,
    /// On the participant list with the role of the banned.
    Banned,
}

/// Which proposals a user's clients may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposing {
    /// None.
    Nothing,
    /// Remove and SelfRemove for the user's own clients.
    OwnRemoval,
    /// What the policy allows.
    ByPolicy,
}

/// What proposals that are accepted and wait for a commit do to a user's place on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    Nothing,
    TakenOff,
    PutOn(RoleIndex),
}

impl Standing {
    /// All standings.
    pub const ALL: [Self; 8] = [
        Self::Stranger,
        Self::Arriving,
        Self::Barred,
        Self::Active,
        Self::Inactive,
        Self::Leaving,
        Self::LeavingInactive,
        Self::Banned,
    ];

    fn of(role: Option<RoleIndex>, has_client: bool, waiting: Waiting) -> Self {
        match (role, waiting) {
            (None, Waiting::PutOn(role)) if role > RoleIndex::BANNED => Self::Arriving,
            (None, Waiting::PutOn(_)) => Self::Barred,
            (None, _) => Self::Stranger,
            (Some(role), _) if role <= RoleIndex::BANNED => Self::Banned,
            (Some(_), Waiting::TakenOff) if has_client => Self::Leaving,
            (Some(_), Waiting::TakenOff) => Self::LeavingInactive,
            (Some(_), _) if has_client => Self::Active,
            (Some(_), _) => Self::Inactive,
        }
    }

    /// Whether an application message of this user can be accepted, if the role allows it.
    // req: MP06-5.3-06
    pub const fn sends_messages(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether the user's clients are sent application messages.
    pub const fn receives_messages(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Whether the user's clients are sent proposals and commits. A leaving user gets the commit that completes the removal: every commit
    /// carries all proposals that wait, so that the next one is that commit.
    pub const fn receives_handshakes(self) -> bool {
        matches!(self, Self::Active | Self::Leaving)
    }

    /// Whether a commit of one of the user's clients that are members can be accepted, if the policy allows what it does.
    // req: MP06-5.3-07
    pub const fn commits(self) -> bool {
        matches!(self, Self::Active)
    }

    /// Which proposals of the user's clients that are members can be accepted.
    // req: MP06-5.3-08
    pub const fn proposes(self) -> Proposing {
        match self {
            Self::Active => Proposing::ByPolicy,
            Self::Leaving => Proposing::OwnRemoval,
            _ => Proposing::Nothing,
        }
    }

    /// Whether a client of the user can come in by external commit and get what it takes for that, if the policy has a way in.
    // req: RP03-4-03, RP03-8.1.3-08
    pub const fn may_come_in(self) -> bool {
        matches!(self, Self::Stranger | Self::Arriving | Self::Active | Self::Inactive)
    }
}

/// Lists of a room that have to say the same and do not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// The members that the hub counts are not those of the group.
    #[error("the members are not those of the group's tree")]
    Members,
    /// A client is a member twice.
    #[error("a client is a member twice")]
    ClientTwice,
    /// The participant list is not that of the group context.
    #[error("the participant list is not that of the group context")]
    Participants,
    /// The policy components are not those of the group context.
    #[error("the policy is not that of the group context")]
    Policy,
    /// What the policy counts is not what the lists hold.
    #[error("the policy counts {0} otherwise than the lists")]
    Counted(UserUri),
    /// A member's user is not on the list, or is banned.
    #[error("{0} has a client in the group without being a participant")]
    NotAParticipant(UserUri),
    /// The group cannot be read.
    #[error(transparent)]
    Group(#[from] GroupError),
}

impl<G: RoomGroup> HubRoom<G> {
    /// Where a user stands, with what is accepted and not committed (section 7.1).
    // req: MP06-7.1-04
    // req: MP06-7.1-05
    pub fn standing(&self, user: &UserUri) -> Standing {
        let has_client = self.roster.leaves_of(user).next().is_some();
        Standing::of(self.participants.role(user), has_client, self.waiting(user))
    }

    /// The role that counts for what a participant sends: that of the list, or the one that an accepted proposal gives already.
    // req: MP06-7.1-04
    // req: MP06-7.1-05
    pub(super) fn role_with_pending(&self, user: &UserUri) -> Option<RoleIndex> {
        let updates = self.pending.iter().filter_map(|pending| match &pending.meaning {
            Meaning::Participants { update, .. } => Some(update),
            _ => None,
        });
        let change = updates.filter_map(|update| self.participants.role_given(update, user)).last();
        change.or_else(|| self.participants.role(user))
    }

    /// Whether those whose role an accepted proposal changes may still do, with the new role, what they do now. Whether all of it together
    /// is in order is asked elsewhere.
    // req: MP06-7.1-04
    // req: MP06-7.1-05
    pub(super) fn authorize_with_pending(&self, new: &[Deed], door: Door) -> Result<(), UpdateRefusal> {
        for deed in new {
            // The hub has no role that could change.
            let Some(user) = deed.user() else { continue };
            if self.participants.role(user).is_none_or(|role| self.role_with_pending(user) == Some(role)) {
                continue;
            }
            let waiting = self.deeds(&self.pending.iter().collect::<Vec<_>>())?;
            let steps: Vec<_> = waiting.iter().map(|deed| deed.steps(Door::Open)).collect();
            let parts: Vec<_> = waiting.iter().zip(&steps).map(|(deed, steps)| deed.part(steps)).collect();
            let own = deed.steps(door);
            self.policy.authorize_after(&parts, user, &deed.part(&own)).map_err(NotAllowed::from)?;
        }
        Ok(())
    }

    /// Whether somebody can commit these proposals: nobody commits the own removal (RFC 9420 section 12.4), and nothing else than a commit ends
    /// the waiting. Where all members go by their own wish, the room is over, and they are not held.
    pub(super) fn check_committable(&self, outcome: &Outcome, waiting: &[&Pending]) -> Result<(), NotAllowed> {
        if outcome.removed.len() < self.roster.members().count() {
            return Ok(());
        }
        let own_wish = |pending: &&Pending| {
            // Whom the hub takes out is gone already.
            let Some(user) = pending.sender.user() else { return true };
            match &pending.meaning {
                Meaning::Remove { leaf, .. } => leaf.member.user == *user,
                Meaning::Participants { update, .. } => {
                    update.added_participants.is_empty()
                        && update.changed_role_participants.is_empty()
                        && self.participants.users_taken_off(update).iter().all(|gone| gone == user)
                }
                _ => false,
            }
        };
        if waiting.iter().all(own_wish) { Ok(()) } else { Err(NotAllowed::NobodyCommits) }
    }

    fn waiting(&self, user: &UserUri) -> Waiting {
        for pending in &self.pending {
            let Meaning::Participants { update, .. } = &pending.meaning else { continue };
            if self.participants.users_taken_off(update).contains(user) {
                return Waiting::TakenOff;
            }
            if let Some(added) = update.added_participants.iter().find(|added| added.user() == user) {
                return Waiting::PutOn(added.role_index());
            }
        }
        Waiting::Nothing
    }

    /// Leaves of users whose removal is accepted but not committed (sections 3.5 and 7.1): the accepted event binds the hub already.
    pub(super) fn silent_leaves(&self) -> BTreeSet<u32> {
        let updates = self.pending.iter().filter_map(|pending| match &pending.meaning {
            Meaning::Participants { update, .. } => Some(self.participants.users_taken_off(update)),
            _ => None,
        });
        updates.flatten().flat_map(|user| self.roster.leaves_of(&user).collect::<Vec<_>>()).collect()
    }

    /// Whether MLS group, participant list and policy say the same. Each accepted event leaves them so, and what it changes is checked then;
    /// this looks at everything, in a time that grows with the room.
    ///
    /// # Errors
    /// The first thing that does not agree.
    // req: AR02-4.2-02
    pub fn check_lists(&self) -> Result<(), Disagreement> {
        let mut in_tree = BTreeSet::new();
        let mut clients = BTreeSet::new();
        for (leaf, credential) in self.group.members()? {
            let member = Member::from_credential(&credential).ok_or(Disagreement::Members)?;
            if self.roster.get(leaf) != Some(&member) {
                return Err(Disagreement::Members);
            }
            if self.participants.role(&member.user).is_none_or(|role| role <= RoleIndex::BANNED) {
                return Err(Disagreement::NotAParticipant(member.user));
            }
            if !clients.insert(member.client) {
                return Err(Disagreement::ClientTwice);
            }
            in_tree.insert(leaf);
        }
        if in_tree.len() != self.roster.members().count() {
            return Err(Disagreement::Members);
        }
        let list = self
            .group
            .component(ComponentId::PARTICIPANT_LIST)
            .and_then(|data| ParticipantListData::from_bytes(data).ok())
            .ok_or(Disagreement::Participants)?;
        if Participants::new(list) != self.participants {
            return Err(Disagreement::Participants);
        }
        let components = Policy::read(&self.group).map_err(|_| Disagreement::Policy)?;
        if components != *self.policy.components() {
            return Err(Disagreement::Policy);
        }
        for entry in self.participants.data().participants() {
            let user = entry.user();
            let clients = u32::try_from(self.roster.leaves_of(user).count()).unwrap_or(u32::MAX);
            if self.policy.counts(user) != Some((entry.role_index(), clients)) {
                return Err(Disagreement::Counted(user.clone()));
            }
        }
        match self.policy.users().find(|user| self.participants.role(user).is_none()) {
            Some(user) => Err(Disagreement::Counted(user.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    // req: MP06-5.3-06
    // req: MP06-5.3-07
    // req: MP06-5.3-08
    // req: RP03-4-03, RP03-8.1.3-08
    fn only_the_active_send_and_only_the_banned_and_leaving_are_kept_out() {
        for standing in Standing::ALL {
            let active = standing == Standing::Active;
            assert_eq!(standing.sends_messages(), active);
            assert_eq!(standing.receives_messages(), active);
            assert_eq!(standing.commits(), active);
            assert_eq!(standing.proposes() == Proposing::ByPolicy, active);
            assert_eq!(standing.receives_handshakes(), active || standing == Standing::Leaving);
            let out = [Standing::Barred, Standing::Leaving, Standing::LeavingInactive, Standing::Banned];
            assert_eq!(standing.may_come_in(), !out.contains(&standing));
        }
        assert_eq!(Standing::Leaving.proposes(), Proposing::OwnRemoval);
        assert_eq!(Standing::Banned.proposes(), Proposing::Nothing);
    }

    #[test]
    // req: MP06-7.1-04
    // req: MP06-7.1-05
    fn what_is_accepted_counts_before_it_is_committed() {
        let (member, banned) = (Some(RoleIndex(2)), Some(RoleIndex::BANNED));
        assert_eq!(Standing::of(member, true, Waiting::Nothing), Standing::Active);
        assert_eq!(Standing::of(member, false, Waiting::Nothing), Standing::Inactive);
        assert_eq!(Standing::of(member, true, Waiting::TakenOff), Standing::Leaving);
        assert_eq!(Standing::of(member, false, Waiting::TakenOff), Standing::LeavingInactive);
        assert_eq!(Standing::of(None, false, Waiting::Nothing), Standing::Stranger);
        assert_eq!(Standing::of(None, false, Waiting::PutOn(RoleIndex(2))), Standing::Arriving);
        assert_eq!(Standing::of(None, false, Waiting::PutOn(RoleIndex::BANNED)), Standing::Barred);
        assert_eq!(Standing::of(banned, false, Waiting::Nothing), Standing::Banned);
        // An unban counts when it is committed: until then nobody could come in by it.
        assert_eq!(Standing::of(banned, false, Waiting::TakenOff), Standing::Banned);
    }
}
