//! An explicit-state search of a room at its hub (docs/user-states.md).
//!
//! The hub's own code runs over a group without cryptography. From a room with Alice, Bob with two clients, and Cathy, with Dave outside,
//! everything that any client could try is tried, in every order, up to a number of accepted steps; in each state that is reached, and
//! for each step, the invariants of `invariants.rs` have to hold. States that cannot be told apart in what can follow are searched once
//! (`canonical.rs`); the search itself is in `search.rs`.
//!
//! `MIMI_MODEL_STEPS`, `MIMI_MODEL_STEPS_OF_ONE` and `MIMI_MODEL_STEPS_OF_TWO` are the numbers of steps where everything is tried, and where
//! only what concerns one or two users is; larger ones than CI's search further. `MIMI_MODEL_THREADS` is how many threads search, and
//! `MIMI_MODEL_PROGRESS`, if there, has them say how far they are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod actions;
mod canonical;
mod check;
mod fake_group;
mod faults;
mod invariants;
mod messages;
mod planted;
mod reductions;
mod reinit;
mod rooms;
mod search;
mod world;

use mimi_ds::hub::Standing;

use crate::{
    actions::{Action, What},
    canonical::Reduction,
    faults::Hub,
    rooms::Room,
    search::{Report, Search, Tally},
    world::{Cast, World},
};

/// Accepted steps from the start, where the environment names no other number.
const STEPS: usize = 3;

/// The same for a search that looks at what concerns one user.
const STEPS_OF_ONE: usize = 6;

/// The same for two users.
const STEPS_OF_TWO: usize = 2;

/// Alice, Bob and Cathy are in, Dave is outside.
fn start(hub: &Hub<'_>, room: &Room) -> World {
    let mut world = hub.cast.create(&room.policy, hub.fault);
    let honest = Hub { fault: None, ..*hub };
    let mut act = |what| {
        let action = Action { client: 0, what };
        world = after(&honest, &world, action).unwrap_or_else(|refused| panic!("{}: {action:?}: {refused}", room.name));
    };
    act(What::Add(1));
    act(What::Add(2));
    if room.bob != 2 {
        act(What::Role(1, room.bob, actions::Way::Commit));
    }
    world
}

/// One step, without the checks.
fn after(hub: &Hub<'_>, world: &World, action: Action) -> Result<World, String> {
    let request = action.request(hub.cast, world).unwrap();
    let mut room = world.room.clone();
    let (view, accepted) = hub.decide(&mut room, world, action, request)?;
    Ok(search::Next { room, view, accepted }.world(world))
}

fn search(room: &Room, subjects: &[usize], steps: usize) -> Tally {
    room.check();
    let cast = Cast::new();
    let search = Search {
        hub: Hub { cast: &cast, fault: None },
        room,
        subjects,
        steps,
        reduction: Reduction::ALL,
        compact: true,
        threads: number("MIMI_MODEL_THREADS", 1),
        progress: std::env::var_os("MIMI_MODEL_PROGRESS").is_some(),
    };
    let report = search.run(start(&search.hub, room)).unwrap_or_else(|violation| panic!("{violation}"));
    let names: Vec<_> = subjects.iter().map(|user| cast.users[*user].name()).collect();
    tell(&format!("room {}, {}", room.name, names.join(" and ")), steps, &report);
    report.tally
}

fn tell(what: &str, steps: usize, report: &Report) {
    let Tally { accepted, refused, stuck, .. } = &report.tally;
    let all = if report.is_complete() { ", which are all," } else { "" };
    println!(
        "{what}: {} states{all} within {steps} steps {:?}, {} requests ({accepted} accepted), {stuck} stuck, {:.1?}, {}",
        report.states(),
        report.layers,
        accepted + refused,
        report.took,
        memory()
    );
}

/// The most memory that the process has had resident, where the system tells.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "memory unknown".to_owned(), |peak| format!("at most {} resident", peak.trim()))
}

fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |number| number.parse().expect("a number"))
}

#[track_caller]
fn everything(room: &Room, never: &[Standing]) {
    let Tally { kinds, standings, .. } = search(room, &[0, 1, 2, 3], number("MIMI_MODEL_STEPS", STEPS));
    println!("accepted in room {}: {kinds:?}", room.name);
    // A search in which the hub refuses everything would find nothing. Users and clients come and go each by themselves, too.
    let reached =
        ["Add", "List", "Leave", "SelfRemove", "Remove", "Ban", "Unban", "Kick", "Role", "Commit", "Join", "Send"];
    let proposed = ["Remove (proposed)", "Ban (proposed)", "Kick (proposed)", "Role (proposed)", "Unban (proposed)"];
    for kind in reached.into_iter().chain(proposed) {
        assert!(kinds.contains_key(kind), "{kind} is never accepted");
    }
    for standing in Standing::ALL {
        assert_eq!(standings.contains(&standing), !never.contains(&standing), "{standing:?}");
    }
}

// req: AR02-2-04, AR02-2-08, AR02-2-09, AR02-2-10, AR02-2-11, AR02-2-12, AR02-2-13, AR02-2-14
// req: AR02-4.2-01, AR02-4.2-02, AR02-4.2-03, AR02-4.3-01, AR02-4.3-02, AR02-4.3-03
// req: AR02-4.4-01, AR02-4.4-05, AR02-4.4-06
// req: MP06-5.3-04, MP06-5.3-05, MP06-5.3-06, MP06-5.3-07, MP06-5.3-08
// req: MP06-7.1-04, MP06-7.1-05
// req: RP03-4-03, RP03-8.1.3-08
#[test]
fn in_every_state_of_a_closed_room_the_lists_agree_and_nobody_acts_beyond_their_standing() {
    let [room, ..] = rooms::all();
    // The ready-made policy lets nobody ban who is outside.
    everything(&room, &[Standing::Barred]);
}

#[test]
// req: RP03-8.1.1-05
fn in_every_state_of_an_open_room_the_lists_agree_and_nobody_acts_beyond_their_standing() {
    let [_, room, _] = rooms::all();
    everything(&room, &[]);
}

#[test]
// req: RP03-4-03
fn in_every_state_of_a_room_with_a_preauthorized_user_the_lists_agree_and_nobody_acts_beyond_their_standing() {
    let [.., room] = rooms::all();
    everything(&room, &[]);
}

/// Fewer kinds of actions, and more steps.
#[test]
fn what_happens_to_one_user_keeps_the_lists_in_order() {
    for room in rooms::all() {
        for subject in [1, 3] {
            search(&room, &[subject], number("MIMI_MODEL_STEPS_OF_ONE", STEPS_OF_ONE));
        }
    }
}

/// Bob, who is in with two clients, and Dave, who is outside.
#[test]
fn what_happens_to_two_users_keeps_the_lists_in_order() {
    for room in rooms::all() {
        search(&room, &[1, 3], number("MIMI_MODEL_STEPS_OF_TWO", STEPS_OF_TWO));
    }
}

/// One way to where nobody could commit any more: the hub has to refuse the last step.
#[test]
fn who_takes_out_all_others_stays_until_it_is_committed() {
    let cast = Cast::new();
    let hub = Hub { cast: &cast, fault: None };
    let [room, ..] = rooms::all();
    let mut world = start(&hub, &room);
    let tries = |world: &World, what| after(&hub, world, Action { client: 0, what });
    for what in [What::Kick(1, actions::Way::Propose), What::Kick(2, actions::Way::Propose)] {
        world = tries(&world, what).unwrap();
    }
    assert_eq!(tries(&world, What::SelfRemove).unwrap_err(), "no member would be left to commit what waits");
    world = tries(&world, What::Commit).unwrap();
    assert!(tries(&world, What::SelfRemove).is_ok());
}
