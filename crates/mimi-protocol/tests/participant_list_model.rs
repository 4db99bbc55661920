//! Updates of the participant list against a naive model: numbered slots, of which some are emptied, and newcomers behind them
//! (draft-ietf-mimi-protocol-06 section 7.5). All updates of one commit count in the list before it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::cell::Cell;
use std::collections::BTreeSet;

use mimi_arch::RoleIndex;
use mimi_protocol::participant_list::{ParticipantListData, ParticipantListUpdate, UserIndexRolePair, UserRolePair};
use proptest::collection::vec;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Changed (place, role), removed places, added (name, role).
type Update = (Vec<(u32, u32)>, Vec<u32>, Vec<(u32, u32)>);

fn pair(name: u32, role: u32) -> UserRolePair {
    UserRolePair::new(format!("mimi://a.example/u/u{name}").parse().unwrap(), RoleIndex(role))
}

/// The list after the commit as names and roles; nothing if the commit is not valid. The list before has the users 0 to `count`, each with role 2.
fn model(count: u32, updates: &[Update]) -> Option<Vec<(u32, u32)>> {
    let mut slots: Vec<Option<(u32, u32)>> = (0..count).map(|name| Some((name, 2))).collect();
    let mut touched = BTreeSet::new();
    for (changed, removed, _) in updates {
        // In the list before the commit the place of a user is the user's name.
        for (place, role) in changed {
            slots.get_mut(*place as usize)?.as_mut()?.1 = *role;
            touched.insert(*place).then_some(())?;
        }
        for place in removed {
            slots.get_mut(*place as usize)?.take()?;
            touched.insert(*place).then_some(())?;
        }
    }
    let mut after: Vec<(u32, u32)> = slots.into_iter().flatten().collect();
    for (name, role) in updates.iter().flat_map(|(_, _, added)| added) {
        // Neither someone who was there, nor the same one twice.
        (*name >= count && touched.insert(*name)).then_some(())?;
        after.push((*name, *role));
    }
    Some(after)
}

// req: MP06-7.5-19
#[test]
fn the_updates_of_a_commit_do_what_the_model_does() {
    let (valid, invalid) = (Cell::new(0u32), Cell::new(0u32));
    let update = (vec((0u32..9, 1u32..5), 0..2), vec(0u32..9, 0..2), vec((5u32..14, 1u32..5), 0..2));
    let config = Config { cases: 5_000, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(0u32..9, vec(update, 0..4)), |(count, updates)| {
            let before = ParticipantListData::new((0..count).map(|name| pair(name, 2)).collect()).unwrap();
            let typed: Vec<ParticipantListUpdate> = updates
                .iter()
                .map(|(changed, removed, added)| ParticipantListUpdate {
                    changed_role_participants: changed
                        .iter()
                        .map(|(user_index, role)| UserIndexRolePair {
                            user_index: *user_index,
                            role_index: RoleIndex(*role),
                        })
                        .collect(),
                    removed_indices: removed.clone(),
                    added_participants: added.iter().map(|(name, role)| pair(*name, *role)).collect(),
                })
                .collect();
            let expected = model(count, &updates);
            let counter = if expected.is_some() { &valid } else { &invalid };
            counter.set(counter.get() + 1);
            match (before.apply_all(&typed), expected) {
                (Ok(after), Some(expected)) => {
                    let expected: Vec<_> = expected.into_iter().map(|(name, role)| pair(name, role)).collect();
                    (after.participants() == expected).then_some(()).ok_or_else(|| TestCaseError::fail("another list"))
                }
                (Err(_), None) => Ok(()),
                (found, expected) => Err(TestCaseError::fail(format!("found {found:?}, the model says {expected:?}"))),
            }
        })
        .unwrap();
    assert!(valid.get() > 500 && invalid.get() > 500, "{} valid, {} invalid", valid.get(), invalid.get());
}
