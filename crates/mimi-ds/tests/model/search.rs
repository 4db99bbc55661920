//! The search itself: breadth first, each state once, layer by layer.
//!
//! A layer holds no rooms, but for each state the number of the one it was found from and which action led here; the room is made again by
//! going that way once more. States that were found from the same one stand side by side, so this costs about one more request for each
//! state, and memory stays at 8 octets a state for the layers, and about 40 for the set of states that are known.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    hash::Hash,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mimi_ds::hub::{Accepted, HubRoom, Standing};
use mimi_protocol::group_info::GroupInfoRequest;

use crate::{
    actions::{self, Action},
    canonical::{self, Key, Reduction, Spread},
    check::{self, Step},
    fake_group::FakeGroup,
    faults::Hub,
    invariants::{Invariant, Violation},
    rooms::Room,
    world::{USERS, View, World},
};

/// More states than this are not searched: at 48 octets each, they stay below 8 GiB.
const MOST_STATES: usize = 160_000_000;

/// How much of a layer one thread takes at a time.
const CHUNK: usize = 256;

/// What is searched.
pub(crate) struct Search<'a> {
    pub(crate) hub: Hub<'a>,
    pub(crate) room: &'a Room,
    /// Only actions that concern one of these users.
    pub(crate) subjects: &'a [usize],
    /// Accepted steps from the start.
    pub(crate) steps: usize,
    pub(crate) reduction: Reduction,
    /// Whether states are known by 128 bits of their key, or by all of it.
    pub(crate) compact: bool,
    pub(crate) threads: usize,
    /// Whether to say on standard error how far it has come.
    pub(crate) progress: bool,
}

/// How a state was found: from which state of the layer before, and by which of the actions there.
#[derive(Clone, Copy)]
struct Found {
    from: u32,
    action: u16,
}

/// What was seen.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    /// States from which nobody can commit what waits.
    pub(crate) stuck: usize,
    pub(crate) kinds: BTreeMap<&'static str, usize>,
    pub(crate) standings: BTreeSet<Standing>,
}

pub(crate) struct Report {
    /// New states after so many steps.
    pub(crate) layers: Vec<usize>,
    pub(crate) tally: Tally,
    pub(crate) took: Duration,
    /// The keys, unless they were compacted.
    pub(crate) keys: HashSet<Key>,
}

impl Report {
    pub(crate) fn states(&self) -> usize {
        self.layers.iter().sum()
    }

    /// Whether further steps would lead nowhere new.
    pub(crate) fn is_complete(&self) -> bool {
        self.layers.last() == Some(&0)
    }
}

/// The states that are known, in shards, so that threads seldom wait for each other.
enum Known {
    Compact(Vec<Mutex<HashSet<u128, Spread>>>),
    Whole(Mutex<HashSet<Key>>),
}

impl Known {
    fn new(compact: bool) -> Self {
        if compact {
            Self::Compact((0..256).map(|_| Mutex::default()).collect())
        } else {
            Self::Whole(Mutex::default())
        }
    }

    /// Whether the state is new.
    fn insert(&self, key: Key) -> bool {
        fn put<T: Hash + Eq, S: std::hash::BuildHasher>(set: &Mutex<HashSet<T, S>>, key: T) -> bool {
            set.lock().unwrap().insert(key)
        }
        match self {
            Self::Compact(shards) => {
                let key = canonical::compact(&key);
                put(&shards[(key >> 120) as usize], key)
            }
            Self::Whole(set) => put(set, key),
        }
    }
}

/// The way to the state that was expanded last.
struct Trail {
    start: World,
    steps: Vec<(u32, Action, World)>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.stuck += other.stuck;
        other.kinds.into_iter().for_each(|(kind, count)| *self.kinds.entry(kind).or_default() += count);
        self.standings.extend(other.standings);
    }
}

impl Search<'_> {
    /// Searches from a state on.
    pub(crate) fn run(&self, start: World) -> Result<Report, Violation> {
        let began = Instant::now();
        let requests = check::group_info_requests(self.hub.cast);
        check::agreement(self.hub.cast, &start, &start.room)?;
        check::state(self.room, &self.hub, &requests, &start)?;
        let known = Known::new(self.compact);
        known.insert(self.key(&start));
        let mut layers = vec![vec![Found { from: 0, action: 0 }]];
        let mut counts = vec![1];
        let mut tally = Tally::default();
        for step in 1..=self.steps {
            let layer = self.layer(&layers, step, &start, &requests, &known, &mut tally)?;
            counts.push(layer.1);
            if self.progress {
                let requests = tally.accepted + tally.refused;
                eprintln!("room {}: states {counts:?}, {requests} requests, {:.0?}", self.room.name, began.elapsed());
            }
            if layer.1 == 0 {
                break;
            }
            layers.push(layer.0);
        }
        let keys = match known {
            Known::Whole(set) => set.into_inner().unwrap(),
            Known::Compact(_) => HashSet::new(),
        };
        Ok(Report { layers: counts, tally, took: began.elapsed(), keys })
    }

    pub(crate) fn key(&self, view: &View) -> Key {
        canonical::key(self.hub.cast, self.room, view, self.reduction)
    }

    /// All that is new one step after the last layer; the last of all is checked and not left, so only its size is kept.
    fn layer(
        &self,
        layers: &[Vec<Found>],
        step: usize,
        start: &World,
        requests: &[GroupInfoRequest],
        known: &Known,
        tally: &mut Tally,
    ) -> Result<(Vec<Found>, usize), Violation> {
        let from = layers.last().unwrap().len();
        let before: usize = layers.iter().map(Vec::len).sum();
        let (next, new, done) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        let stop = AtomicBool::new(false);
        let merged = Mutex::new((Vec::new(), std::mem::take(tally)));
        let began = Instant::now();
        let work = || -> Result<(), Violation> {
            let mut trail = Trail { start: start.clone(), steps: Vec::new() };
            loop {
                let first = next.fetch_add(CHUNK, Ordering::Relaxed);
                if first >= from || stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let chunk = first..(first + CHUNK).min(from);
                done.fetch_add(chunk.len(), Ordering::Relaxed);
                let (found, seen) = self
                    .chunk(layers, chunk, &mut trail, requests, known)
                    .inspect_err(|_| stop.store(true, Ordering::Relaxed))?;
                let so_far = new.fetch_add(found.len(), Ordering::Relaxed) + found.len();
                assert!(before + so_far <= MOST_STATES, "room {}: too many states for the memory", self.room.name);
                let mut merged = merged.lock().unwrap();
                if step < self.steps {
                    merged.0.extend(found);
                }
                merged.1.add(seen);
                if self.progress && (first / CHUNK) % 128 == 127 {
                    let left = from - done.load(Ordering::Relaxed);
                    let requests = merged.1.accepted + merged.1.refused;
                    eprintln!(
                        "room {}, step {step} of {}: {left} of {from} states to go, {so_far} new, {requests} requests, {:.0?}",
                        self.room.name,
                        self.steps,
                        began.elapsed()
                    );
                }
            }
        };
        let results: Vec<Result<(), Violation>> = std::thread::scope(|scope| {
            let others: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let own = work();
            let others =
                others.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            std::iter::once(own).chain(others).collect()
        });
        results.into_iter().collect::<Result<(), _>>()?;
        let (layer, seen) = merged.into_inner().unwrap();
        *tally = seen;
        Ok((layer, new.into_inner()))
    }

    fn chunk(
        &self,
        layers: &[Vec<Found>],
        chunk: Range<usize>,
        trail: &mut Trail,
        requests: &[GroupInfoRequest],
        known: &Known,
    ) -> Result<(Vec<Found>, Tally), Violation> {
        let (mut found, mut tally) = (Vec::new(), Tally::default());
        for number in chunk {
            trail.go_to(self, layers, number);
            let world = trail.end();
            let new = self.expand(world, requests, known, &mut tally).map_err(|violation| {
                let way: Vec<_> = trail.steps.iter().map(|(_, action, _)| *action).collect();
                let state = check::describe(self.hub.cast, trail.end());
                let Violation { invariant, detail } = violation;
                let detail = format!("room {}: {detail}\nafter {way:?}\nfrom {state}", self.room.name);
                Violation { invariant, detail }
            })?;
            found.extend(new.into_iter().map(|action| Found { from: number as u32, action }));
        }
        Ok((found, tally))
    }

    /// Tries all actions, and names those that lead to new states.
    fn expand(
        &self,
        world: &World,
        requests: &[GroupInfoRequest],
        known: &Known,
        tally: &mut Tally,
    ) -> Result<Vec<u16>, Violation> {
        let mut new = Vec::new();
        let mut goes_on = world.waiting.is_empty();
        self.each(world, |number, action, tried| {
            let about =
                |violation: Violation| Violation { detail: format!("{action:?}: {}", violation.detail), ..violation };
            let Some(next) = tried.map_err(about)? else {
                tally.refused += 1;
                return Ok(());
            };
            tally.accepted += 1;
            *tally.kinds.entry(action.what.kind()).or_default() += 1;
            goes_on |= next.view.content.epoch > world.content.epoch;
            if known.insert(self.key(&next.view)) {
                let next = next.world(world);
                check::state(self.room, &self.hub, requests, &next).map_err(about)?;
                tally.standings.extend((0..USERS).map(|user| next.standing(self.hub.cast, user)));
                new.push(number as u16);
            }
            Ok(())
        })?;
        if !goes_on {
            tally.stuck += 1;
            if !check::all_go_by_their_own_wish(self.hub.cast, world) {
                let detail = "nobody can commit".to_owned();
                return Err(Violation { invariant: Invariant::Committable, detail });
            }
        }
        Ok(new)
    }

    /// What becomes of a state by each action that concerns the subjects: what follows, if it passes the checks of a step, or nothing where
    /// the hub refuses.
    pub(crate) fn each(
        &self,
        world: &World,
        mut then: impl FnMut(usize, Action, Result<Option<Next>, Violation>) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        let cast = self.hub.cast;
        // A room that has refused is used again, since it has to be as before.
        let mut spare = None;
        for (number, action) in actions::all(cast, world).into_iter().enumerate() {
            if !self.subjects.iter().any(|subject| action.concerns(cast, *subject)) {
                continue;
            }
            let Some(request) = action.request(cast, world) else { continue };
            let mut room = spare.take().unwrap_or_else(|| world.room.clone());
            match self.hub.decide(&mut room, world, action, request) {
                Err(refusal) => {
                    if room != world.room {
                        let detail = format!("a refusal has changed the room: {refusal}");
                        then(number, action, Err(Violation { invariant: Invariant::RefusalLeavesNoTrace, detail }))?;
                    }
                    spare = Some(room);
                    then(number, action, Ok(None))?;
                }
                Ok((after, accepted)) => {
                    let step = Step {
                        cast,
                        room: self.room,
                        before: world,
                        action,
                        after: &after,
                        hub: &room,
                        accepted: &accepted,
                    };
                    let checked = step.check();
                    then(number, action, checked.map(|()| Some(Next { room, view: after, accepted })))?;
                }
            }
        }
        Ok(())
    }
}

/// What an accepted request leads to.
pub(crate) struct Next {
    pub(crate) room: HubRoom<FakeGroup>,
    pub(crate) view: View,
    pub(crate) accepted: Accepted,
}

impl Next {
    /// With what the store has after it.
    pub(crate) fn world(self, before: &World) -> World {
        let mut next = World { room: self.room, stored: before.stored.clone(), view: self.view };
        next.store(&self.accepted);
        next
    }
}

impl Trail {
    fn end(&self) -> &World {
        self.steps.last().map_or(&self.start, |(.., world)| world)
    }

    /// Goes to a state of the last layer, from where the ways to it and to the one before part.
    fn go_to(&mut self, search: &Search<'_>, layers: &[Vec<Found>], number: usize) {
        let depth = layers.len() - 1;
        let mut way = vec![number as u32; depth];
        for at in (1..depth).rev() {
            way[at - 1] = layers[at + 1][way[at] as usize].from;
        }
        let common = self.steps.iter().zip(&way).take_while(|((known, ..), number)| known == *number).count();
        self.steps.truncate(common);
        for (at, number) in way.into_iter().enumerate().skip(common) {
            let world = self.end();
            let action = actions::all(search.hub.cast, world)[usize::from(layers[at + 1][number as usize].action)];
            let request = action.request(search.hub.cast, world).unwrap();
            let mut room = world.room.clone();
            let (view, accepted) = search.hub.decide(&mut room, world, action, request).unwrap();
            let next = Next { room, view, accepted }.world(world);
            self.steps.push((number, action, next));
        }
    }
}
