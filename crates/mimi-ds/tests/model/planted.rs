//! The search finds what it looks for: hubs that are wrong in one way each (`faults.rs`), and the invariant that each of them breaks.

use mimi_ds::hub::Standing;

use crate::{
    actions::{Way, What},
    canonical::Reduction,
    faults::{Fault, Hub, Lie},
    invariants::{Invariant, Violation},
    rooms::{self, Room},
    search::Search,
    start,
    world::Cast,
};

/// What is wrong, what it breaks, and after how many steps at the latest that shows in the closed room.
const PLANTED: &[(Fault, Invariant, usize)] = &[
    (Fault::RestartsWithoutOne, Invariant::MemberIsParticipant, 1),
    (Fault::Group(Lie::KeepsTheRemoved), Invariant::ListsAgree, 1),
    (Fault::Group(Lie::KeepsTheList), Invariant::ListsAgree, 1),
    (Fault::Group(Lie::LosesPolicy), Invariant::ListsAgree, 1),
    (Fault::DoesNothing(What::Role(1, 3, Way::Commit)), Invariant::ListIsTheClients, 1),
    (Fault::DoesNothing(What::Kick(1, Way::Commit)), Invariant::MembersAreTheClients, 1),
    (Fault::DoesNothing(What::Kick(2, Way::Commit)), Invariant::Servers, 1),
    (Fault::DoesNothing(What::Remove(1, Way::Commit)), Invariant::RemovingTakesAll, 1),
    (Fault::DoesNothing(What::Ban(1, Way::Commit)), Invariant::RemovingTakesAll, 1),
    (Fault::PolicyDrifts, Invariant::PolicyIsTheClients, 1),
    (Fault::MistakesProposals, Invariant::WaitingIsTheClients, 1),
    (Fault::MistakesBan, Invariant::Standing, 2),
    (Fault::AddsOneClient, Invariant::AddingBringsAll, 2),
    (Fault::GivesGroupInfo(Standing::Stranger), Invariant::GroupInfo, 0),
    (Fault::GivesGroupInfo(Standing::Banned), Invariant::GroupInfo, 1),
    (Fault::GivesGroupInfo(Standing::Leaving), Invariant::GroupInfo, 1),
    (Fault::LetsIn(Standing::Stranger), Invariant::ComesIn, 1),
    (Fault::LetsIn(Standing::Banned), Invariant::ComesIn, 2),
    (Fault::LetsIn(Standing::Leaving), Invariant::ComesIn, 2),
    (Fault::TakesMessagesOf(Standing::Stranger), Invariant::Acts, 1),
    (Fault::TakesMessagesOf(Standing::Inactive), Invariant::Acts, 2),
    (Fault::TakesMessagesOf(Standing::Leaving), Invariant::Acts, 2),
    (Fault::TakesMessagesOf(Standing::Banned), Invariant::Acts, 2),
    (Fault::ObeysAnybody, Invariant::RoleAllows, 1),
    (Fault::PassesOverWhatWaits, Invariant::CommitCarriesAll, 2),
    (Fault::LosesDelivery, Invariant::Delivery, 1),
    (Fault::RepeatsDelivery, Invariant::Delivery, 1),
    (Fault::TellsStrangers, Invariant::Delivery, 1),
    (Fault::StopsTheClock, Invariant::Order, 1),
    (Fault::SkipsANumber, Invariant::Order, 1),
    (Fault::ChangesOnRefusal, Invariant::RefusalLeavesNoTrace, 1),
    (Fault::LosesLogEntry, Invariant::Restored, 1),
    (Fault::RefusesCommits, Invariant::Committable, 2),
];

/// The same in the open room: nobody bans who is outside of the closed one.
const PLANTED_IN_THE_OPEN: &[(Fault, Invariant, usize)] = &[
    (Fault::GivesGroupInfo(Standing::Barred), Invariant::GroupInfo, 1),
    (Fault::LetsIn(Standing::Barred), Invariant::ComesIn, 2),
];

fn violation(cast: &Cast, room: &Room, fault: Fault, steps: usize, reduction: Reduction) -> Option<Violation> {
    let search = Search {
        hub: Hub { cast, fault: Some(fault) },
        room,
        subjects: &[0, 1, 2, 3],
        steps,
        reduction,
        compact: reduction == Reduction::ALL,
        threads: 1,
        progress: false,
    };
    search.run(start(&search.hub, room)).err()
}

#[test]
fn a_hub_that_breaks_an_invariant_is_found_out_with_the_reductions_and_without() {
    let cast = Cast::new();
    let [closed, open, _] = rooms::all();
    let mut wrong = Vec::new();
    let planted = PLANTED.iter().map(|planted| (&closed, planted));
    for (room, (fault, broken, steps)) in planted.chain(PLANTED_IN_THE_OPEN.iter().map(|planted| (&open, planted))) {
        for reduction in [Reduction::ALL, Reduction::NONE] {
            let found = violation(&cast, room, *fault, *steps, reduction);
            if found.as_ref().map(|found| found.invariant) != Some(*broken) {
                let found = found.map_or_else(|| "nothing".to_owned(), |found| found.to_string());
                wrong.push(format!("{fault:?}, {reduction:?}: {found}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for invariant in Invariant::ALL {
        assert!(PLANTED.iter().any(|(_, broken, _)| *broken == invariant), "nothing breaks {invariant:?}");
    }
}
