//! The participant list in a group's app_data_dictionary, and what AppDataUpdate proposals do to it
//! (draft-ietf-mimi-protocol-06 section 7.5).
//!
//! OpenMLS hands the proposals of a commit over and takes back the new values; which values are right is decided here,
//! with the two rules on removal that the library does not check.

use std::collections::BTreeMap;

use mimi_arch::{RoleIndex, UserUri};
use mimi_protocol::{
    codec::Wire as _,
    participant_list::{PARTICIPANT_LIST, ParticipantListData, ParticipantListUpdate, UserRolePair},
};
use openmls::{
    component::{ComponentData, ComponentId},
    group::GroupContext,
    prelude::{AppDataDictionaryUpdater, AppDataUpdateOperation, AppDataUpdateProposal},
};

use crate::error::{ClientError, MlsFailure};

/// The component's number as the library wants it.
pub(crate) const COMPONENT: ComponentId = PARTICIPANT_LIST.0;
/// Role of a user who may send, add and leave, until the room policy draft's roles replace it.
const ORDINARY: RoleIndex = RoleIndex(2);
/// Role of a room's creator.
const ADMINISTRATOR: RoleIndex = RoleIndex(4);

/// The list of a new room: its creator alone.
///
/// # Errors
/// None in practice: one user cannot stand in it twice.
pub(crate) fn first(creator: &UserUri) -> Result<ParticipantListData, MlsFailure> {
    ParticipantListData::new(vec![UserRolePair::new(creator.clone(), ADMINISTRATOR)]).map_err(failure)
}

/// The update that appends a user as an ordinary participant.
pub(crate) fn adding(user: &UserUri) -> ParticipantListUpdate {
    ParticipantListUpdate {
        added_participants: vec![UserRolePair::new(user.clone(), ORDINARY)],
        ..ParticipantListUpdate::default()
    }
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

/// Computes what the AppDataUpdate proposals of one commit make of the dictionary.
///
/// Every participant list update was made against the list of the current epoch, whoever made it; so all of a commit are
/// taken together, and two users who leave in one epoch do not shift each other's index.
///
/// # Errors
/// When an update does not apply, a component is removed that is not there or beside another operation on it, or a
/// component is not the participant list: rooms have no other yet.
pub(crate) fn resolve<'p>(
    updater: &mut AppDataDictionaryUpdater<'_>,
    proposals: impl IntoIterator<Item = &'p AppDataUpdateProposal>,
) -> Result<(), ClientError> {
    // req: MP06-4.2-06, MP06-7.3-05
    let mut operations: BTreeMap<ComponentId, Vec<&AppDataUpdateOperation>> = BTreeMap::new();
    for proposal in proposals {
        operations.entry(proposal.component_id()).or_default().push(proposal.operation());
    }
    for (component, operations) in operations {
        let value = resolve_component(component, updater.old_value(component), &operations)?;
        updater.set(ComponentData::from_parts(component, value.into()));
    }
    Ok(())
}

fn resolve_component(
    component: ComponentId,
    current: Option<&[u8]>,
    operations: &[&AppDataUpdateOperation],
) -> Result<Vec<u8>, ClientError> {
    let refuse = |rule| ClientError::from(MlsFailure::AppData { component, rule });
    let removed = operations.iter().any(|operation| matches!(operation, AppDataUpdateOperation::Remove));
    if removed && operations.len() > 1 {
        return Err(refuse("a removal stands alone among the operations on a component"));
    }
    if removed && current.is_none() {
        return Err(refuse("only a component that is there can be removed"));
    }
    if removed {
        return Err(refuse("a room keeps its components"));
    }
    if component != COMPONENT {
        return Err(refuse("this client does not know the component"));
    }
    let list = ParticipantListData::from_bytes(current.ok_or_else(none)?).map_err(failure)?;
    // req: MP06-7.5-13
    let mut updates = Vec::with_capacity(operations.len());
    for operation in operations {
        if let AppDataUpdateOperation::Update(data) = operation {
            updates.push(ParticipantListUpdate::from_bytes(data.as_slice()).map_err(failure)?);
        }
    }
    Ok(list.apply_all(&updates).map_err(failure)?.to_bytes()?)
}

fn none() -> MlsFailure {
    MlsFailure::ParticipantList("the group has none".into())
}

fn failure(error: impl std::fmt::Display) -> MlsFailure {
    MlsFailure::ParticipantList(error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use openmls::prelude::AppDataDictionary;

    use super::*;

    fn dictionary() -> AppDataDictionary {
        let mut dictionary = AppDataDictionary::new();
        let alice = "mimi://a.example/u/alice".parse().unwrap();
        dictionary.insert(COMPONENT, first(&alice).unwrap().to_bytes().unwrap());
        dictionary
    }

    fn rule(proposals: &[AppDataUpdateProposal]) -> &'static str {
        let dictionary = dictionary();
        match resolve(&mut AppDataDictionaryUpdater::new(Some(&dictionary)), proposals) {
            Err(ClientError::Mls(MlsFailure::AppData { rule, .. })) => rule,
            other => panic!("{other:?}"),
        }
    }

    fn adding_bob() -> Vec<u8> {
        adding(&"mimi://b.example/u/bob".parse().unwrap()).to_bytes().unwrap()
    }

    #[test]
    fn an_update_appends_to_the_list_of_the_dictionary() {
        // req: MP06-7.5-12
        let dictionary = dictionary();
        let mut updater = AppDataDictionaryUpdater::new(Some(&dictionary));
        resolve(&mut updater, &[AppDataUpdateProposal::update(COMPONENT, adding_bob())]).unwrap();
        let (component, value) = updater.changes().unwrap().into_iter().next().unwrap();
        let list = ParticipantListData::from_bytes(&value.unwrap()).unwrap();
        assert_eq!(component, 0x0022);
        assert_eq!(list.participants().len(), 2);
        assert_eq!(list.participants()[1].role_index(), RoleIndex(2));
    }

    #[test]
    fn what_the_library_lets_pass_is_refused_here() {
        let removal = AppDataUpdateProposal::remove(COMPONENT);
        let update = AppDataUpdateProposal::update(COMPONENT, adding_bob());
        assert!(rule(&[removal.clone(), update]).contains("stands alone"));
        assert!(rule(&[AppDataUpdateProposal::remove(0x0029)]).contains("that is there"));
        assert!(rule(&[removal]).contains("keeps its components"));
        assert!(rule(&[AppDataUpdateProposal::update(0x0023, b"x".to_vec())]).contains("does not know"));
    }

    #[test]
    fn a_list_that_does_not_decode_or_is_missing_is_refused() {
        let update = [AppDataUpdateProposal::update(COMPONENT, b"\xff".to_vec())];
        let dictionary = dictionary();
        let malformed = resolve(&mut AppDataDictionaryUpdater::new(Some(&dictionary)), &update);
        assert!(matches!(malformed, Err(ClientError::Mls(MlsFailure::ParticipantList(_)))));
        let missing = resolve(&mut AppDataDictionaryUpdater::new(None), &update);
        assert!(matches!(missing, Err(ClientError::Mls(MlsFailure::ParticipantList(_)))));
    }
}
