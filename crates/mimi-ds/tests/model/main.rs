//! An explicit-state search of a room at its hub (docs/user-states.md).
//!
//! The hub's own code runs over a group without cryptography. From a room with Alice, Bob with two clients, and Cathy, with Dave outside,
//! everything that any client could try is tried, in every order, up to a number of accepted steps; in each state that is reached, and
//! for each step, the checks of `check.rs` have to hold, and whatever is refused has to leave the room as it was. States that differ in
//! nothing but epoch, time and log are searched once.
//!
//! `MIMI_MODEL_STEPS`, `MIMI_MODEL_STEPS_OF_ONE` and `MIMI_MODEL_STEPS_OF_TWO` are the numbers of steps where everything is tried, and where
//! only what concerns one or two users is; larger ones than CI's search further.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod actions;
mod check;
mod fake_group;
mod messages;
mod rooms;
mod world;

use std::{
    collections::{BTreeMap, HashSet},
    time::Instant,
};

use crate::{
    actions::{Action, What},
    rooms::Room,
    world::{Cast, World},
};

/// Accepted steps from the start, where the environment names no other number.
const STEPS: usize = 2;

/// The same for a search that looks at what concerns one user.
const STEPS_OF_ONE: usize = 6;

/// The same for two users.
const STEPS_OF_TWO: usize = 2;

struct Search<'a> {
    cast: &'a Cast,
    room: &'a Room,
    /// Only actions that concern one of these users.
    subjects: &'a [usize],
    requests: Vec<mimi_protocol::group_info::GroupInfoRequest>,
    states: usize,
    accepted: usize,
    refused: usize,
    /// States from which nobody can commit what waits, with the first way that was found into one.
    stuck: usize,
    first_stuck: Option<Vec<Action>>,
    /// Kinds of actions that were accepted somewhere.
    seen: BTreeMap<String, usize>,
}

impl Search<'_> {
    /// All that follows from one world by one action; new worlds only.
    fn expand(&mut self, world: &World, path: &[Action], known: &mut HashSet<world::Key>) -> Vec<(World, Action)> {
        let mut found = Vec::new();
        let mut goes_on = world.waiting.is_empty();
        for action in actions::all(self.cast, world) {
            if !self.subjects.iter().any(|subject| action.concerns(self.cast, *subject)) {
                continue;
            }
            let Some(request) = action.request(self.cast, world) else { continue };
            let fail = |reason: String| -> ! {
                let state = check::describe(self.cast, world);
                panic!("room {}: {reason}\nafter {path:?}\nthen {action:?}\nfrom {state}", self.room.name)
            };
            match self.cast.try_request(world, action.client, request) {
                Err(refused) => {
                    let (room, refusal) = *refused;
                    self.refused += 1;
                    if room != world.room {
                        fail(format!("a refusal has changed the room: {refusal}"));
                    }
                }
                Ok((next, accepted)) => {
                    self.accepted += 1;
                    goes_on |= next.content.epoch > world.content.epoch;
                    let kind = format!("{:?}", action.what);
                    let name = kind.split('(').next().unwrap().to_owned();
                    let way = if kind.contains("Propose") { " (proposed)" } else { "" };
                    *self.seen.entry(name + way).or_default() += 1;
                    check::step(self.cast, self.room, world, action, &next, &accepted)
                        .and_then(|()| check::restored(&next))
                        .unwrap_or_else(|reason| fail(reason));
                    if known.insert(next.key()) {
                        check::state(self.cast, self.room, &self.requests, &next).unwrap_or_else(|reason| fail(reason));
                        self.states += 1;
                        found.push((next, action));
                    }
                }
            }
        }
        if !goes_on {
            self.stuck += 1;
            assert!(
                check::all_go_by_their_own_wish(self.cast, world),
                "room {}: nobody can commit\nafter {path:?}\n{}",
                self.room.name,
                check::describe(self.cast, world)
            );
            self.first_stuck.get_or_insert_with(|| path.to_vec());
        }
        found
    }
}

fn start(cast: &Cast, room: &Room) -> World {
    let mut world = cast.create(&room.policy);
    let mut act = |what| {
        let action = Action { client: 0, what };
        let request = action.request(cast, &world).unwrap();
        world = cast
            .try_request(&world, 0, request)
            .unwrap_or_else(|refused| panic!("{}: {action:?}: {}", room.name, refused.1))
            .0;
    };
    act(What::Add(1));
    act(What::Add(2));
    if room.bob != 2 {
        act(What::Role(1, room.bob, actions::Way::Commit));
    }
    world
}

fn search(room: &Room, subjects: &[usize], steps: usize) -> BTreeMap<String, usize> {
    room.check();
    let cast = Cast::new();
    let world = start(&cast, room);
    let began = Instant::now();
    let mut search = Search {
        cast: &cast,
        room,
        subjects,
        requests: check::group_info_requests(&cast),
        states: 1,
        accepted: 0,
        refused: 0,
        stuck: 0,
        first_stuck: None,
        seen: BTreeMap::new(),
    };
    check::state(&cast, room, &search.requests, &world).unwrap();
    let mut known = HashSet::from([world.key()]);
    let mut layer = vec![(world, Vec::new())];
    let mut complete = false;
    for step in 0..steps {
        let before = known.len();
        let mut next = Vec::new();
        for (world, path) in layer {
            for (found, action) in search.expand(&world, &path, &mut known) {
                // The last layer is checked, not left.
                if step + 1 < steps {
                    let path = path.iter().copied().chain([action]).collect();
                    next.push((found, path));
                }
            }
        }
        layer = next;
        complete = known.len() == before;
    }
    let names: Vec<_> = subjects.iter().map(|user| cast.users[*user].name()).collect();
    println!(
        "room {}, {}: {} states{} within {steps} steps, {} requests accepted, {} refused, {} stuck {:?}, {:.1?}",
        room.name,
        names.join(" and "),
        search.states,
        if complete { ", which are all," } else { "" },
        search.accepted,
        search.refused,
        search.stuck,
        search.first_stuck,
        began.elapsed()
    );
    search.seen
}

fn steps(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).map_or(otherwise, |steps| steps.parse().expect("a number of steps"))
}

// req: AR02-4.2-02
// req: MP06-5.3-04, MP06-5.3-05, MP06-5.3-06, MP06-5.3-07, MP06-5.3-08
// req: MP06-7.1-04, MP06-7.1-05
// req: RP03-4-03, RP03-8.1.3-08
#[test]
fn in_every_state_the_lists_agree_and_nobody_acts_beyond_their_standing() {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for room in rooms::all() {
        for (kind, count) in search(&room, &[0, 1, 2, 3], steps("MIMI_MODEL_STEPS", STEPS)) {
            *seen.entry(kind).or_default() += count;
        }
    }
    println!("accepted: {seen:?}");
    // A search in which the hub refuses everything would find nothing.
    let reached =
        ["Add", "List", "Leave", "SelfRemove", "Remove", "Ban", "Unban", "Kick", "Role", "Commit", "Join", "Send"];
    let proposed = ["Remove (proposed)", "Ban (proposed)", "Kick (proposed)", "Role (proposed)", "Unban (proposed)"];
    for kind in reached.into_iter().chain(proposed) {
        assert!(seen.contains_key(kind), "{kind} is never accepted");
    }
}

/// Fewer kinds of actions, and more steps.
#[test]
fn what_happens_to_one_user_keeps_the_lists_in_order() {
    for room in rooms::all() {
        for subject in [1, 3] {
            search(&room, &[subject], steps("MIMI_MODEL_STEPS_OF_ONE", STEPS_OF_ONE));
        }
    }
}

/// Bob, who is in with two clients, and Dave, who is outside.
#[test]
fn what_happens_to_two_users_keeps_the_lists_in_order() {
    for room in rooms::all() {
        search(&room, &[1, 3], steps("MIMI_MODEL_STEPS_OF_TWO", STEPS_OF_TWO));
    }
}

/// One way to where nobody could commit any more: the hub has to refuse the last step.
#[test]
fn who_takes_out_all_others_stays_until_it_is_committed() {
    let cast = Cast::new();
    let [room, ..] = rooms::all();
    let mut world = start(&cast, &room);
    let tries = |world: &World, what| {
        let action = Action { client: 0, what };
        cast.try_request(world, 0, action.request(&cast, world).unwrap())
    };
    for what in [What::Kick(1, actions::Way::Propose), What::Kick(2, actions::Way::Propose)] {
        world = tries(&world, what).unwrap().0;
    }
    let refused = tries(&world, What::SelfRemove).unwrap_err();
    assert_eq!(refused.1, "no member would be left to commit what waits");
    world = tries(&world, What::Commit).unwrap().0;
    assert!(tries(&world, What::SelfRemove).is_ok());
}
