//! The participant list with an index by user (section 7.5), and what updates do to it.

use std::collections::BTreeMap;

use mimi_arch::{RoleIndex, UserUri};
use mimi_protocol::participant_list::{ParticipantListData, ParticipantListUpdate};

use super::{UpdateRefusal, meaning::invalid};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
// req: MP06-4.3.1-06, MP06-7.5-04, MP06-7.5-05, AR02-2-08
pub(super) struct Participants {
    data: ParticipantListData,
    roles: BTreeMap<UserUri, RoleIndex>,
}

/// What a set of updates does to the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ParticipantChange {
    /// The list after it.
    pub(super) data: ParticipantListData,
    pub(super) added: Vec<(UserUri, RoleIndex)>,
    pub(super) removed: Vec<UserUri>,
    /// User, role before, role after.
    pub(super) changed: Vec<(UserUri, RoleIndex, RoleIndex)>,
}

impl Participants {
    pub(super) fn new(data: ParticipantListData) -> Self {
        let roles = data.participants().iter().map(|p| (p.user().clone(), p.role_index())).collect();
        Self { data, roles }
    }

    pub(super) fn data(&self) -> &ParticipantListData {
        &self.data
    }

    pub(super) fn role(&self, user: &UserUri) -> Option<RoleIndex> {
        self.roles.get(user).copied()
    }

    /// What these updates, in the order of their commit, do together.
    ///
    /// Each of them was made against the list of the current epoch, since nobody can know which others a commit will bring. So all
    /// indices are read against that list, as if the updates were one: two users who leave in the same epoch do not shift each other.
    // req: MP06-7.5-13
    // req: MP06-7.5-14
    // req: MP06-7.5-15
    // req: MP06-7.5-16
    // req: MP06-7.5-19
    pub(super) fn change<'a>(
        &self,
        updates: impl IntoIterator<Item = &'a ParticipantListUpdate>,
    ) -> Result<ParticipantChange, UpdateRefusal> {
        let together = together(updates);
        let data = self.data.apply(&together).map_err(|error| invalid(format!("participant list: {error}")))?;
        Ok(self.difference(data, &together))
    }

    /// The same where the list after the updates is known.
    pub(super) fn change_to<'a>(
        &self,
        data: ParticipantListData,
        updates: impl IntoIterator<Item = &'a ParticipantListUpdate>,
    ) -> ParticipantChange {
        self.difference(data, &together(updates))
    }

    fn difference(&self, data: ParticipantListData, together: &ParticipantListUpdate) -> ParticipantChange {
        let mut change = ParticipantChange { data, ..Default::default() };
        for new in &together.changed_role_participants {
            if let Some(old) = self.at(new.user_index) {
                change.changed.push((old.0, old.1, new.role_index));
            }
        }
        change.removed = together.removed_indices.iter().filter_map(|i| Some(self.at(*i)?.0)).collect();
        change.added =
            together.added_participants.iter().map(|added| (added.user().clone(), added.role_index())).collect();
        change
    }

    pub(super) fn apply(&mut self, change: ParticipantChange) {
        for user in &change.removed {
            self.roles.remove(user);
        }
        let changed = change.changed.into_iter().map(|(user, _, role)| (user, role));
        self.roles.extend(changed.chain(change.added));
        self.data = change.data;
    }

    /// Users that an update removes or bans.
    pub(super) fn users_taken_off(&self, update: &ParticipantListUpdate) -> Vec<UserUri> {
        let banned = update
            .changed_role_participants
            .iter()
            .filter(|change| change.role_index <= RoleIndex::BANNED)
            .map(|change| change.user_index);
        update.removed_indices.iter().copied().chain(banned).filter_map(|index| Some(self.at(index)?.0)).collect()
    }

    /// The role that an update gives a user, whether on the list before or not.
    pub(super) fn role_given(&self, update: &ParticipantListUpdate, user: &UserUri) -> Option<RoleIndex> {
        let changed = update.changed_role_participants.iter();
        let changed = changed.filter_map(|change| Some((self.at(change.user_index)?.0, change.role_index)));
        let added = update.added_participants.iter().map(|added| (added.user().clone(), added.role_index()));
        changed.chain(added).find(|(given, _)| given == user).map(|(_, role)| role)
    }

    /// Whether an update says anything of a user.
    pub(super) fn concerns(&self, update: &ParticipantListUpdate, user: &UserUri) -> bool {
        let changed = update.changed_role_participants.iter().map(|change| change.user_index);
        let mut indices = changed.chain(update.removed_indices.iter().copied());
        indices.any(|index| self.at(index).is_some_and(|(found, _)| found == *user))
            || update.added_participants.iter().any(|added| added.user() == user)
    }

    fn at(&self, index: u32) -> Option<(UserUri, RoleIndex)> {
        let found = self.data.participants().get(usize::try_from(index).ok()?)?;
        Some((found.user().clone(), found.role_index()))
    }
}

fn together<'a>(updates: impl IntoIterator<Item = &'a ParticipantListUpdate>) -> ParticipantListUpdate {
    let mut together = ParticipantListUpdate::default();
    for update in updates {
        together.changed_role_participants.extend(&update.changed_role_participants);
        together.removed_indices.extend(&update.removed_indices);
        together.added_participants.extend(update.added_participants.iter().cloned());
    }
    together
}

impl ParticipantChange {
    pub(super) fn role_after(&self, before: &Participants, user: &UserUri) -> Option<RoleIndex> {
        let added = self.added.iter().map(|(user, role)| (user, *role));
        let mut new = self.changed.iter().map(|(user, _, role)| (user, *role)).chain(added);
        match new.find(|(touched, _)| *touched == user) {
            Some((_, role)) => Some(role),
            None if self.removed.contains(user) => None,
            None => before.role(user),
        }
    }

    /// Users who are no participants with rights any more.
    pub(super) fn put_out(&self) -> impl Iterator<Item = &UserUri> {
        let banned = self.changed.iter().filter(|(_, _, role)| *role <= RoleIndex::BANNED).map(|(user, _, _)| user);
        self.removed.iter().chain(banned)
    }
}
