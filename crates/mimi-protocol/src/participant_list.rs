//! The participant list of a room and its updates (draft-ietf-mimi-protocol-06 section 7.5).
//!
//! The list is the data of the component [`PARTICIPANT_LIST`] in the group context's dictionary; a
//! [`ParticipantListUpdate`] is what an AppDataUpdate proposal for that component carries.
//! [`ParticipantListData::apply_all`] computes the list that a commit leads to.

use std::collections::HashSet;

use mimi_arch::{RoleIndex, UserUri};

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::component::{Component, Refusal};
use crate::mls::ComponentId;

rules! {
    USER_INVALID = "the participant is not a user URI", "draft-ietf-mimi-protocol-06 section 7.5";
    USER_TWICE = "a user stands in the participant list twice", "draft-ietf-mimi-protocol-06 section 7.5";
}

/// The component that holds the participant list (draft-ietf-mimi-protocol-06 section 10.3).
pub const PARTICIPANT_LIST: ComponentId = ComponentId::PARTICIPANT_LIST;

/// A participant and their role (draft-ietf-mimi-protocol-06 section 7.5).
///
/// The user is kept as it was written, so that octets are reproduced; [`UserRolePair::user`] is normalised, and that
/// is what participants are compared by.
// req: MP06-7.5-03, MP06-7.5-07
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UserRolePair {
    text: String,
    user: UserUri,
    role_index: RoleIndex,
}

impl UserRolePair {
    /// A participant with a role.
    pub fn new(user: UserUri, role_index: RoleIndex) -> Self {
        Self { text: user.as_str().to_owned(), user, role_index }
    }

    /// The user.
    pub const fn user(&self) -> &UserUri {
        &self.user
    }

    /// The role.
    pub const fn role_index(&self) -> RoleIndex {
        self.role_index
    }
}

impl Wire for UserRolePair {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let text = r.text()?.to_owned();
        let user = text.parse().map_err(|_| start.error(&USER_INVALID))?;
        Ok(Self { text, user, role_index: RoleIndex(r.u32()?) })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, self.text.as_bytes())?;
        self.role_index.0.encode(out)
    }
}

/// A participant's place in the list and their new role (draft-ietf-mimi-protocol-06 section 7.5).
// req: MP06-7.5-10
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct UserIndexRolePair {
    /// The place in the list before the update, from 0.
    pub user_index: u32,
    /// The new role.
    pub role_index: RoleIndex,
}

impl Wire for UserIndexRolePair {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { user_index: r.u32()?, role_index: RoleIndex(r.u32()?) })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.user_index.encode(out)?;
        self.role_index.0.encode(out)
    }
}

/// The participants of a room, each with exactly one role (draft-ietf-mimi-protocol-06 section 7.5).
// req: MP06-7.5-01, MP06-7.5-02, MP06-7.5-08
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ParticipantListData {
    participants: Vec<UserRolePair>,
}

impl ParticipantListData {
    /// A list of these participants.
    ///
    /// # Errors
    /// When a user stands in it twice.
    pub fn new(participants: Vec<UserRolePair>) -> Result<Self, ParticipantListError> {
        let list = Self { participants };
        list.duplicate().map_or(Ok(()), |user| Err(ParticipantListError::AlreadyParticipant { user }))?;
        Ok(list)
    }

    /// The participants, in the order of the list.
    pub fn participants(&self) -> &[UserRolePair] {
        &self.participants
    }

    /// A user's place in the list.
    pub fn index_of(&self, user: &UserUri) -> Option<u32> {
        let index = self.participants.iter().position(|participant| participant.user == *user)?;
        u32::try_from(index).ok()
    }

    /// A user's role.
    pub fn role_of(&self, user: &UserUri) -> Option<RoleIndex> {
        let found = self.participants.iter().find(|participant| participant.user == *user)?;
        Some(found.role_index)
    }

    /// The list after one update.
    ///
    /// Changed roles come first, then removals (both name places in the list before the update), then additions at
    /// the end.
    ///
    /// # Errors
    /// When the update does not fit the list; see [`ParticipantListError`].
    pub fn apply(&self, update: &ParticipantListUpdate) -> Result<Self, ParticipantListError> {
        Ok(Self { participants: apply_one(self.participants.clone(), update)? })
    }

    /// The list after all updates of one commit, see [`ParticipantListUpdate::together`].
    ///
    /// # Errors
    /// When an update does not fit the list, or two of them touch the same user; see [`ParticipantListError`].
    pub fn apply_all<'a>(
        &self,
        updates: impl IntoIterator<Item = &'a ParticipantListUpdate>,
    ) -> Result<Self, ParticipantListError> {
        self.apply(&ParticipantListUpdate::together(updates))
    }

    fn duplicate(&self) -> Option<UserUri> {
        let mut seen = HashSet::new();
        self.participants.iter().map(UserRolePair::user).find(|user| !seen.insert(*user)).cloned()
    }
}

// req: MP06-7.5-13, MP06-7.5-14, MP06-7.5-15, MP06-7.5-16
fn apply_one(
    mut participants: Vec<UserRolePair>,
    update: &ParticipantListUpdate,
) -> Result<Vec<UserRolePair>, ParticipantListError> {
    let mut touched = HashSet::new();
    let length = participants.len();
    for change in &update.changed_role_participants {
        let index = change.user_index;
        let participant =
            at(&mut participants, index).ok_or(ParticipantListError::IndexOutOfRange { index, length })?;
        touch(&mut touched, &participant.user)?;
        participant.role_index = change.role_index;
    }
    let mut removed = HashSet::new();
    for &index in &update.removed_indices {
        let participant =
            at(&mut participants, index).ok_or(ParticipantListError::IndexOutOfRange { index, length })?;
        touch(&mut touched, &participant.user)?;
        removed.insert(participant.user.clone());
    }
    let mut present: HashSet<UserUri> = participants.iter().map(|participant| participant.user.clone()).collect();
    participants.retain(|participant| !removed.contains(&participant.user));
    for added in &update.added_participants {
        touch(&mut touched, &added.user)?;
        if !present.insert(added.user.clone()) {
            return Err(ParticipantListError::AlreadyParticipant { user: added.user.clone() });
        }
        participants.push(added.clone());
    }
    Ok(participants)
}

fn at(participants: &mut [UserRolePair], index: u32) -> Option<&mut UserRolePair> {
    participants.get_mut(usize::try_from(index).ok()?)
}

// req: MP06-7.5-19
fn touch(touched: &mut HashSet<UserUri>, user: &UserUri) -> Result<(), ParticipantListError> {
    if touched.insert(user.clone()) { Ok(()) } else { Err(ParticipantListError::TouchedTwice { user: user.clone() }) }
}

impl Wire for ParticipantListData {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let list = Self { participants: r.list()? };
        if list.duplicate().is_some() { Err(start.error(&USER_TWICE)) } else { Ok(list) }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.participants)
    }
}

/// A change of the participant list (draft-ietf-mimi-protocol-06 section 7.5).
// req: MP06-7.5-11
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ParticipantListUpdate {
    /// New roles.
    pub changed_role_participants: Vec<UserIndexRolePair>,
    /// Places, in the list before the update, of those who leave it.
    pub removed_indices: Vec<u32>,
    /// Those who enter the list, at its end.
    pub added_participants: Vec<UserRolePair>,
}

impl ParticipantListUpdate {
    /// The updates of one commit, in its order, as one update.
    ///
    /// Each was made against the list of the current epoch, since nobody can know which others a commit will bring; so all their
    /// indices are read against that list, and two users who leave in one epoch do not shift each other.
    pub fn together<'a>(updates: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut all = Self::default();
        for update in updates {
            all.changed_role_participants.extend_from_slice(&update.changed_role_participants);
            all.removed_indices.extend_from_slice(&update.removed_indices);
            all.added_participants.extend_from_slice(&update.added_participants);
        }
        all
    }
}

impl Wire for ParticipantListUpdate {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { changed_role_participants: r.list()?, removed_indices: r.list()?, added_participants: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.changed_role_participants)?;
        codec::put_list(out, &self.removed_indices)?;
        codec::put_list(out, &self.added_participants)
    }
}

/// An update that does not fit the participant list (draft-ietf-mimi-protocol-06 section 7.5).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParticipantListError {
    /// There is no participant at this place.
    #[error("index {index} is outside the participant list of {length} entries")]
    IndexOutOfRange {
        /// The place.
        index: u32,
        /// How many participants there are.
        length: usize,
    },
    /// One commit adds, removes or changes the same user more than once.
    #[error("user {user} is touched more than once")]
    TouchedTwice {
        /// The user.
        user: UserUri,
    },
    /// A user who is in the list is added.
    #[error("user {user} is in the participant list already")]
    AlreadyParticipant {
        /// The user.
        user: UserUri,
    },
}

impl ParticipantListError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-protocol-06 section 7.5"
    }
}

impl Refusal for ParticipantListError {
    fn section(&self) -> &'static str {
        self.section()
    }
}

/// The component with the participant list of a room (draft-ietf-mimi-protocol-06 section 7.5).
// req: MP06-7.5-09, MP06-7.5-12
#[derive(Clone, Copy, Debug)]
pub enum ParticipantList {}

impl Component for ParticipantList {
    const ID: ComponentId = PARTICIPANT_LIST;
    type Data = ParticipantListData;
    type Update = ParticipantListUpdate;
    type Error = ParticipantListError;

    /// Without a list the updates start from one of nobody.
    fn apply(
        data: Option<&ParticipantListData>,
        updates: &[ParticipantListUpdate],
    ) -> Result<ParticipantListData, ParticipantListError> {
        match data {
            Some(list) => list.apply_all(updates),
            None => ParticipantListData::default().apply_all(updates),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use proptest::prelude::*;

    use super::*;
    use crate::codec::NOT_UTF8;
    use crate::testing::{laws, refused};

    fn user(name: &str) -> UserUri {
        format!("mimi://a.example/u/{name}").parse().unwrap()
    }

    fn pair(name: &str, role: u32) -> UserRolePair {
        UserRolePair::new(user(name), RoleIndex(role))
    }

    fn list(pairs: &[(&str, u32)]) -> ParticipantListData {
        ParticipantListData::new(pairs.iter().map(|(name, role)| pair(name, *role)).collect()).unwrap()
    }

    fn update(changed: &[(u32, u32)], removed: &[u32], added: &[(&str, u32)]) -> ParticipantListUpdate {
        ParticipantListUpdate {
            changed_role_participants: changed
                .iter()
                .map(|&(user_index, role)| UserIndexRolePair { user_index, role_index: RoleIndex(role) })
                .collect(),
            removed_indices: removed.to_vec(),
            added_participants: added.iter().map(|(name, role)| pair(name, *role)).collect(),
        }
    }

    fn three() -> ParticipantListData {
        list(&[("alice", 4), ("bob", 2), ("cathy", 2)])
    }

    #[test]
    fn a_list_has_these_octets() {
        // req: MP06-7.5-01, MP06-7.5-07, MP06-7.5-08
        let entry = [&[20][..], b"mimi://a.example/u/a", &[0, 0, 0, 4]].concat();
        assert_eq!(laws(&pair("a", 4)), entry);
        assert_eq!(laws(&list(&[("a", 4)])), [&[25][..], &entry].concat());
        assert_eq!(laws(&ParticipantListData::default()), [0]);
        laws(&three());
    }

    #[test]
    fn an_update_has_these_octets() {
        // req: MP06-7.5-10, MP06-7.5-11
        assert_eq!(laws(&ParticipantListUpdate::default()), [0, 0, 0]);
        let entry = pair("d", 2).to_bytes().unwrap();
        let expected = [&[8, 0, 0, 0, 1, 0, 0, 0, 4, 4, 0, 0, 0, 2, 25][..], &entry].concat();
        assert_eq!(laws(&update(&[(1, 4)], &[2], &[("d", 2)])), expected);
        assert_eq!(laws(&UserIndexRolePair { user_index: 1, role_index: RoleIndex(2) }), [0, 0, 0, 1, 0, 0, 0, 2]);
    }

    #[test]
    fn a_participant_is_a_user_uri() {
        // req: MP06-7.5-07
        refused::<UserRolePair>(&[2, b'a', 0xff, 0, 0, 0, 1], 2, &NOT_UTF8);
        for text in ["", "alice", "mimi://a.example", "mimi://a.example/r/room", "mimi://a.example/d/alice/phone"] {
            let mut bytes = vec![u8::try_from(text.len()).unwrap()];
            bytes.extend(text.as_bytes());
            bytes.extend([0, 0, 0, 1]);
            refused::<UserRolePair>(&bytes, 0, &USER_INVALID);
        }
    }

    #[test]
    fn a_user_is_kept_as_written_and_compared_as_normalised() {
        // req: MP06-7.5-03
        let text = b"mimi://A.example/u/%61lice";
        let bytes = [&[26][..], text, &[0, 0, 0, 1]].concat();
        let odd = UserRolePair::from_bytes(&bytes).unwrap();
        assert_eq!(laws(&odd), bytes);
        assert_eq!(odd.user(), &user("alice"));
        let twice = ParticipantListData::new(vec![odd.clone(), pair("alice", 2)]);
        assert_eq!(twice, Err(ParticipantListError::AlreadyParticipant { user: user("alice") }));
        let added = ParticipantListUpdate { added_participants: vec![odd], ..Default::default() };
        assert_eq!(three().apply(&added), Err(ParticipantListError::AlreadyParticipant { user: user("alice") }));
    }

    #[test]
    fn a_user_has_one_role() {
        // req: MP06-7.5-02
        let entry = pair("a", 4).to_bytes().unwrap();
        refused::<ParticipantListData>(&[&[50][..], &entry, &entry].concat(), 0, &USER_TWICE);
        assert_eq!(three().role_of(&user("bob")), Some(RoleIndex(2)));
        assert_eq!((three().index_of(&user("cathy")), three().index_of(&user("dave"))), (Some(2), None));
    }

    #[test]
    fn changes_and_removals_index_the_list_before_the_update_and_additions_go_to_the_end() {
        // req: MP06-7.5-13, MP06-7.5-14, MP06-7.5-15, MP06-7.5-16
        let after = three().apply(&update(&[(2, 4)], &[0], &[("dave", 2), ("erin", 1)])).unwrap();
        assert_eq!(after, list(&[("bob", 2), ("cathy", 4), ("dave", 2), ("erin", 1)]));
    }

    #[test]
    fn removals_name_places_before_any_of_them_takes_effect() {
        // req: MP06-7.5-13, MP06-7.5-15
        assert_eq!(three().apply(&update(&[], &[0, 2], &[])).unwrap(), list(&[("bob", 2)]));
        assert_eq!(three().apply(&update(&[], &[2, 0], &[])).unwrap(), list(&[("bob", 2)]));
        assert_eq!(three().apply(&update(&[], &[0, 1, 2], &[])).unwrap(), ParticipantListData::default());
    }

    #[test]
    fn an_update_of_nothing_changes_nothing() {
        assert_eq!(three().apply(&ParticipantListUpdate::default()).unwrap(), three());
    }

    #[test]
    fn an_index_outside_the_list_is_refused() {
        // req: MP06-7.5-13
        let outside = |index| Err(ParticipantListError::IndexOutOfRange { index, length: 3 });
        assert_eq!(three().apply(&update(&[(3, 2)], &[], &[])), outside(3));
        assert_eq!(three().apply(&update(&[], &[u32::MAX], &[])), outside(u32::MAX));
        // The one who is added is not there yet.
        assert_eq!(three().apply(&update(&[], &[3], &[("dave", 2)])), outside(3));
    }

    #[test]
    fn one_update_touches_a_user_once() {
        // req: MP06-7.5-19
        let twice = |name| Err(ParticipantListError::TouchedTwice { user: user(name) });
        assert_eq!(three().apply(&update(&[(1, 2), (1, 4)], &[], &[])), twice("bob"));
        assert_eq!(three().apply(&update(&[], &[1, 1], &[])), twice("bob"));
        assert_eq!(three().apply(&update(&[(1, 4)], &[1], &[])), twice("bob"));
        assert_eq!(three().apply(&update(&[], &[1], &[("bob", 4)])), twice("bob"));
        assert_eq!(three().apply(&update(&[(1, 4)], &[], &[("bob", 4)])), twice("bob"));
        assert_eq!(three().apply(&update(&[], &[], &[("dave", 2), ("dave", 4)])), twice("dave"));
    }

    #[test]
    fn a_user_who_is_there_is_not_added() {
        // req: MP06-7.5-02
        let there = Err(ParticipantListError::AlreadyParticipant { user: user("cathy") });
        assert_eq!(three().apply(&update(&[], &[], &[("cathy", 2)])), there);
    }

    #[test]
    fn several_updates_of_one_commit_all_index_the_list_before_it_and_touch_a_user_once() {
        // req: MP06-7.5-13, MP06-7.5-19
        let first = update(&[], &[0], &[("dave", 2)]);
        let second = update(&[(1, 4)], &[], &[("erin", 2)]);
        let after = list(&[("bob", 4), ("cathy", 2), ("dave", 2), ("erin", 2)]);
        assert_eq!(three().apply_all([&first, &second]).unwrap(), after);
        let both_leave = [&update(&[], &[0], &[]), &update(&[], &[1], &[])];
        assert_eq!(three().apply_all(both_leave).unwrap(), list(&[("cathy", 2)]));
        let again = update(&[(0, 4)], &[], &[]);
        assert_eq!(
            three().apply_all([&first, &again]),
            Err(ParticipantListError::TouchedTwice { user: user("alice") })
        );
        assert_eq!(
            three().apply_all([&first, &update(&[], &[], &[("alice", 2)])]),
            Err(ParticipantListError::TouchedTwice { user: user("alice") })
        );
        assert_eq!(three().apply_all([]).unwrap(), three());
    }

    #[test]
    fn an_error_says_what_and_where() {
        let error = three().apply(&update(&[], &[3], &[])).unwrap_err();
        assert_eq!(error.to_string(), "index 3 is outside the participant list of 3 entries");
        assert_eq!(error.section(), "draft-ietf-mimi-protocol-06 section 7.5");
    }

    proptest! {
        #[test]
        fn an_accepted_update_leaves_every_user_once_and_the_untouched_in_order(
            changed in prop::collection::vec((0u32..7, 0u32..5), 0..3),
            removed in prop::collection::vec(0u32..7, 0..3),
            added in prop::collection::vec(0usize..9, 0..3),
        ) {
            let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
            let before = list(&names[..6].iter().map(|name| (*name, 2)).collect::<Vec<_>>());
            let added: Vec<_> = added.iter().map(|&index| (names[index], 2)).collect();
            let update = update(&changed, &removed, &added);
            if let Ok(after) = before.apply(&update) {
                prop_assert_eq!(after.participants().len(), 6 - removed.len() + added.len());
                prop_assert!(ParticipantListData::new(after.participants().to_vec()).is_ok());
                let kept = before.participants().iter().enumerate()
                    .filter(|(index, _)| !removed.contains(&u32::try_from(*index).unwrap()))
                    .map(|(_, participant)| participant.user());
                let users: Vec<_> = after.participants().iter().map(UserRolePair::user).collect();
                prop_assert_eq!(&users[..6 - removed.len()], &kept.collect::<Vec<_>>()[..]);
            }
        }
    }
}
