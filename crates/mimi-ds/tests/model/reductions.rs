//! The reductions of `canonical.rs` and the compact keys lose nothing, as far as a search without them can go.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use crate::{
    canonical::{self, Key, Reduction},
    faults::Hub,
    number,
    rooms::{self, Room},
    search::{Report, Search},
    start,
    world::{Cast, World},
};

const EVERYBODY: &[usize] = &[0, 1, 2, 3];

fn search<'a>(cast: &'a Cast, room: &'a Room, steps: usize, reduction: Reduction, compact: bool) -> Search<'a> {
    let hub = Hub { cast, fault: None };
    Search { hub, room, subjects: EVERYBODY, steps, reduction, compact, threads: 1, progress: false }
}

/// All worlds within so many steps, each told apart by everything that a key can tell.
fn all_worlds(cast: &Cast, room: &Room, steps: usize) -> Vec<World> {
    let search = search(cast, room, steps, Reduction::NONE, false);
    let first = start(&search.hub, room);
    let mut known = HashSet::from([search.key(&first)]);
    let (mut worlds, mut next) = (Vec::new(), VecDeque::from([(first, 0)]));
    while let Some((world, depth)) = next.pop_front() {
        if depth < steps {
            search
                .each(&world, |_, _, tried| {
                    if let Some(found) = tried?
                        && known.insert(search.key(&found.view))
                    {
                        next.push_back((found.world(&world), depth + 1));
                    }
                    Ok(())
                })
                .unwrap_or_else(|violation| panic!("{violation}"));
        }
        worlds.push(world);
    }
    worlds
}

/// What can be done in a state, without names: for each kind of action, how often it is refused, and which classes it leads to.
fn prospects(search: &Search<'_>, world: &World) -> BTreeMap<&'static str, (usize, BTreeMap<Key, usize>)> {
    let mut prospects: BTreeMap<_, (usize, BTreeMap<Key, usize>)> = BTreeMap::new();
    search
        .each(world, |_, action, tried| {
            let of_kind = prospects.entry(action.what.kind()).or_default();
            match tried? {
                None => of_kind.0 += 1,
                Some(next) => *of_kind.1.entry(search.key(&next.view)).or_default() += 1,
            }
            Ok(())
        })
        .unwrap_or_else(|violation| panic!("{violation}"));
    prospects
}

/// This is what makes a reduction sound: it does not matter which state of a class is searched. And a search with the reductions comes to all
/// classes that there are. CI looks two steps far in the closed room and one in the others.
#[test]
fn states_of_one_class_can_do_the_same_and_a_search_with_the_reductions_misses_no_class() {
    let cast = Cast::new();
    for (room, steps) in rooms::all().into_iter().zip([2, 1, 1]) {
        let steps = number("MIMI_MODEL_STEPS_OF_CLASSES", steps);
        let reduced = search(&cast, &room, steps, Reduction::ALL, false);
        let mut classes: BTreeMap<Key, Vec<World>> = BTreeMap::new();
        for world in all_worlds(&cast, &room, steps) {
            classes.entry(reduced.key(&world)).or_default().push(world);
        }
        let reached: BTreeSet<Key> = run(&reduced).keys.into_iter().collect();
        assert!(
            reached.iter().eq(classes.keys()),
            "room {}: {} of {} classes",
            room.name,
            reached.len(),
            classes.len()
        );
        let states: usize = classes.values().map(Vec::len).sum();
        let several: Vec<_> = classes.values().filter(|class| class.len() > 1).collect();
        println!("room {}: {states} states, {} classes, {} of several", room.name, classes.len(), several.len());
        assert_eq!(several.is_empty(), steps < 2, "the reductions reduce nothing");
        for class in several {
            let expected = prospects(&reduced, &class[0]);
            for other in &class[1..] {
                let [one, other_view] = [&class[0].view, &other.view];
                assert_eq!(prospects(&reduced, other), expected, "room {}: {one:?} and {other_view:?}", room.name);
            }
        }
    }
}

fn run(search: &Search<'_>) -> Report {
    search.run(start(&search.hub, search.room)).unwrap_or_else(|violation| panic!("{violation}"))
}

#[test]
fn compact_keys_and_threads_change_no_count() {
    let cast = Cast::new();
    let [room, ..] = rooms::all();
    let whole = run(&search(&cast, &room, 2, Reduction::ALL, false));
    let compact = run(&Search { threads: 3, ..search(&cast, &room, 2, Reduction::ALL, true) });
    assert_eq!(compact.layers, whole.layers);
    assert_eq!(compact.tally, whole.tally);
    assert_eq!(whole.keys.len(), whole.states());
    assert_eq!(whole.keys.iter().map(|key| canonical::compact(key)).collect::<HashSet<_>>().len(), whole.states());
}
