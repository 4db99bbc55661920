//! The participant list in a group's app_data_dictionary (draft-ietf-mimi-protocol-06 section 7.5).

use mimi_arch::{RoleIndex, UserUri, mls::ComponentId};
use mimi_protocol::{
    codec::Wire as _,
    participant_list::{PARTICIPANT_LIST, ParticipantListData, ParticipantListUpdate, UserRolePair},
};
use mimi_room_policy::{policy::RoomPolicy, roles::RolesList};
use openmls::group::GroupContext;

use crate::error::MlsFailure;

/// The component's number as the library wants it.
pub(crate) const COMPONENT: u16 = PARTICIPANT_LIST.0;

/// The list of a new room: its creator alone, with the highest role.
///
/// # Errors
/// When the policy has no role for participants.
pub(crate) fn first(creator: &UserUri, policy: &RoomPolicy) -> Result<ParticipantListData, MlsFailure> {
    let roles = policy.roles.as_ref().map(RolesList::roles).unwrap_or_default();
    let highest = roles.iter().map(|role| role.role_index).max().filter(|role| *role > RoleIndex::BANNED);
    let role = highest.ok_or_else(|| MlsFailure::ParticipantList("the policy has no role for participants".into()))?;
    ParticipantListData::new(vec![UserRolePair::new(creator.clone(), role)]).map_err(failure)
}

/// The list of a new room with its creator, and with the others who are in it from the start, in the lowest role.
///
/// # Errors
/// When the policy has no role for participants, or somebody is named twice.
pub(crate) fn founders(
    creator: &UserUri,
    others: &[UserUri],
    policy: &RoomPolicy,
) -> Result<ParticipantListData, MlsFailure> {
    let mut founders = first(creator, policy)?.participants().to_vec();
    let roles = policy.roles.as_ref().map(RolesList::roles).unwrap_or_default();
    let lowest = roles.iter().map(|role| role.role_index).filter(|role| *role > RoleIndex::BANNED).min();
    let lowest = lowest.ok_or_else(|| MlsFailure::ParticipantList("the policy has no role for participants".into()))?;
    founders.extend(others.iter().map(|other| UserRolePair::new(other.clone(), lowest)));
    ParticipantListData::new(founders).map_err(failure)
}

/// The update that appends a user with a role.
pub(crate) fn adding(user: &UserUri, role: RoleIndex) -> ParticipantListUpdate {
    ParticipantListUpdate {
        added_participants: vec![UserRolePair::new(user.clone(), role)],
        ..ParticipantListUpdate::default()
    }
}

/// The role that a user gives to those it adds, and a user who is no participant to itself where everyone may join: of the ones that the policy lets
/// it give, the lowest. Without a policy that says so, 2.
pub(crate) fn role_given_by(context: &GroupContext, user: &UserUri) -> RoleIndex {
    lowest_role(context, user, RoleIndex::NON_PARTICIPANT)
}

/// The lowest role that the policy lets a joining code give. Without a policy that says so, 2.
pub(crate) fn lowest_role_by_code(context: &GroupContext) -> RoleIndex {
    lowest_role_given(context, RoleIndex::NON_PARTICIPANT, RoleIndex::NON_PARTICIPANT)
}

/// The lowest role that a user may give to somebody who has the role `from`. Without a policy that says so, 2.
pub(crate) fn lowest_role(context: &GroupContext, user: &UserUri, from: RoleIndex) -> RoleIndex {
    let own = of(context).ok().and_then(|list| list.role_of(user)).unwrap_or(RoleIndex::NON_PARTICIPANT);
    lowest_role_given(context, own, from)
}

fn lowest_role_given(context: &GroupContext, own: RoleIndex, from: RoleIndex) -> RoleIndex {
    const USUAL: RoleIndex = RoleIndex(2);
    let roles =
        super::components::find(context, ComponentId::ROLES_LIST).and_then(|data| RolesList::from_bytes(data).ok());
    let role = roles.as_ref().and_then(|roles| roles.get(own).map(|role| (roles, role)));
    let Some((roles, role)) = role else { return USUAL };
    let given = roles.roles().iter().map(|given| given.role_index);
    given.filter(|to| *to > RoleIndex::BANNED && role.may_change(from, *to)).min().unwrap_or(USUAL)
}

/// The list with a user at its end who comes in by itself: with the lowest role that outsiders may take.
///
/// # Errors
/// When the user is there already.
pub(crate) fn joined_by(
    list: &ParticipantListData,
    user: &UserUri,
    roles: Option<&RolesList>,
) -> Result<ParticipantListData, MlsFailure> {
    let outsider = roles.and_then(|roles| Some((roles, roles.get(RoleIndex::NON_PARTICIPANT)?)));
    let lowest = outsider.and_then(|(roles, outsider)| {
        let open = roles.roles().iter().map(|role| role.role_index);
        open.filter(|to| *to > RoleIndex::BANNED && outsider.may_change(RoleIndex::NON_PARTICIPANT, *to)).min()
    });
    list.apply(&adding(user, lowest.unwrap_or(RoleIndex(2)))).map_err(failure)
}

/// The update that removes the participant at an index of the current list.
pub(crate) fn removing(index: u32) -> ParticipantListUpdate {
    ParticipantListUpdate { removed_indices: vec![index], ..ParticipantListUpdate::default() }
}

/// The list that a group context holds.
///
/// # Errors
/// When there is none, or it does not decode.
pub(crate) fn of(context: &GroupContext) -> Result<ParticipantListData, MlsFailure> {
    let dictionary = context.extensions().app_data_dictionary();
    let bytes = dictionary.and_then(|extension| extension.dictionary().get(&COMPONENT)).ok_or_else(none)?;
    ParticipantListData::from_bytes(bytes).map_err(failure)
}

fn none() -> MlsFailure {
    MlsFailure::ParticipantList("the group has none".into())
}

fn failure(error: impl std::fmt::Display) -> MlsFailure {
    MlsFailure::ParticipantList(error.to_string())
}
