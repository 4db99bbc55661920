use proptest::prelude::*;

use super::*;
use crate::freshness::{AdmitError, CsiState, MAX_MAPPINGS, Merged};

fn state_of<'a>(records: impl IntoIterator<Item = &'a VerifiedRecord>) -> CsiState {
    let mut state = CsiState::default();
    for record in records {
        state.merge(record);
    }
    state
}

fn other_mapping(epoch: u64, sequence: u64, mapping_name: &str, msp: &str) -> VerifiedRecord {
    verified(mapping_record(epoch, &bob(), &new_mapping(mapping_name, sequence, vec![entry(msp, 0)])))
}

#[test]
fn the_higher_sequence_stands() {
    let mut state = CsiState::default();
    assert_eq!(state.admit(&simple(1)), Ok(Merged::Applied));
    assert_eq!(state.admit(&simple(1)), Ok(Merged::Known));
    assert_eq!(state.admit(&simple(5)), Ok(Merged::Applied));
    let (given, current) = (Sequence(1), Sequence(5));
    assert_eq!(state.admit(&other_mapping(1, 1, "", "c.example")), Err(AdmitError::Older { given, current }));
    assert_eq!(state.admit(&other_mapping(1, 5, "", "c.example")), Err(AdmitError::SequenceReused(Sequence(5))));
    assert_eq!(state.mappings().count(), 1);
}

#[test]
fn a_number_that_is_assigned_anew_loses_what_was_before() {
    // req: UD03-14-10
    let carol = Key::from_seed([0xca; 32]);
    let carols = verified(mapping_record(2, &carol, &new_mapping("", 1, vec![entry("c.example", 0)])));
    let mut state = state_of([&simple(1000)]);
    assert_eq!(state.admit(&carols), Ok(Merged::Applied));
    assert_eq!(state.mappings().next().unwrap().entries(), [entry("c.example", 0)]);
    let refused = state.admit(&simple(2000));
    assert_eq!(refused, Err(AdmitError::EarlierAssignment { given: AssignmentEpoch(1), current: AssignmentEpoch(2) }));
}

#[test]
fn r9_a_removed_mapping_does_not_come_back() {
    // req: UD03-14-01, UD03-14-05
    let all = verified(removal_record(1, &bob(), 5, None));
    let mut state = state_of([&simple(1), &other_mapping(1, 2, "work", "w.example")]);
    assert_eq!(state.admit(&all), Ok(Merged::Applied));
    assert_eq!(state.mappings().count(), 0);
    assert!(matches!(state.admit(&simple(1)), Err(AdmitError::Older { .. })), "a replayed registration");
    assert_eq!(state.admit(&simple(6)), Ok(Merged::Applied));
}

#[test]
fn one_of_several_mappings_is_removed() {
    let mut state = state_of([&simple(1), &other_mapping(1, 2, "work", "w.example")]);
    assert_eq!(state.admit(&verified(removal_record(1, &bob(), 3, Some("work")))), Ok(Merged::Applied));
    assert_eq!(state.mappings().map(|mapping| mapping.name().as_str().to_owned()).collect::<Vec<_>>(), [""]);
}

#[test]
fn the_issuer_ends_an_assignment() {
    // req: UD03-14-02
    let mut state = state_of([&simple(1)]);
    assert_eq!(state.admit(&verified(csip_removal(1))), Ok(Merged::Applied));
    assert_eq!(state.mappings().count(), 0);
    assert_eq!(state.admit(&simple(9)), Err(AdmitError::AssignmentEnded));
    let carol = Key::from_seed([0xca; 32]);
    let carols = verified(mapping_record(2, &carol, &new_mapping("", 1, vec![])));
    assert_eq!(state.admit(&carols), Ok(Merged::Applied));
}

#[test]
fn there_are_four_mappings_at_most() {
    let mut state = CsiState::default();
    for number in 0..MAX_MAPPINGS as u64 {
        state.admit(&other_mapping(1, number + 1, &number.to_string(), "b.example")).unwrap();
    }
    assert_eq!(state.admit(&other_mapping(1, 9, "more", "b.example")), Err(AdmitError::TooMany));
    assert_eq!(state.admit(&other_mapping(1, 9, "0", "c.example")), Ok(Merged::Applied), "one may be replaced");
}

#[test]
fn what_has_ended_goes_and_an_old_assignment_is_remembered_as_long_as_it_could_come_back() {
    let later = validity().not_after.plus(1);
    let mut state = state_of([&simple(1)]);
    assert!(!state.sweep(validity().not_after));
    assert!(state.sweep(later));
    assert_eq!(state.records().count(), 0);
    assert_eq!(state.assignment(), AssignmentEpoch(1));
    assert!(!state.is_over(later));
    assert!(state.is_over(state.earlier_until().plus(1)));
}

/// Statements of all kinds, of two holders in two assignments, with few names and sequences, so that they collide.
fn statements() -> Vec<VerifiedRecord> {
    let holders = [bob(), Key::from_seed([0xca; 32])];
    let mut all = Vec::new();
    for (epoch, holder) in (1..).zip(&holders) {
        for sequence in 1..4 {
            for mapping_name in ["", "a", "b", "c", "d", "e"] {
                for msp in ["b.example", "c.example"] {
                    let new = new_mapping(mapping_name, sequence, vec![entry(msp, 0)]);
                    all.push(verified(mapping_record(epoch, holder, &new)));
                }
            }
            all.push(verified(removal_record(epoch, holder, sequence, Some("a"))));
            all.push(verified(removal_record(epoch, holder, sequence, None)));
        }
        all.push(verified(csip_removal(epoch)));
    }
    all
}

#[test]
fn any_order_and_repetition_of_pushes_leads_to_one_state() {
    let all = statements();
    let indices = proptest::collection::vec(0..all.len(), 1..24);
    let mut runner = proptest::test_runner::TestRunner::new(proptest::test_runner::Config::with_cases(400));
    runner
        .run(&(indices, any::<u64>()), |(chosen, seed)| {
            let one = state_of(chosen.iter().map(|index| &all[*index]));
            // Another order, and some twice.
            let mut shuffled = chosen.clone();
            let mut random = seed;
            for place in (1..shuffled.len()).rev() {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(place, (random >> 33) as usize % (place + 1));
            }
            shuffled.extend(chosen.iter().rev().step_by(2));
            let other = state_of(shuffled.iter().map(|index| &all[*index]));
            prop_assert_eq!(&one, &other);
            // What one provider sends the other leads there, too.
            let mut pushed = CsiState::default();
            let halves = chosen.split_at(chosen.len() / 2);
            let (left, right) =
                (state_of(halves.0.iter().map(|i| &all[*i])), state_of(halves.1.iter().map(|i| &all[*i])));
            left.records().chain(right.records()).for_each(|record| {
                pushed.merge(record);
            });
            let standing: Vec<_> = pushed.records().collect();
            prop_assert_eq!(standing, one.records().collect::<Vec<_>>());
            Ok(())
        })
        .unwrap();
}
