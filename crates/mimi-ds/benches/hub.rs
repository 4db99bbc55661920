//! What it costs a hub to accept an application message and a commit, beside a bare signature and the bare work of OpenMLS on the same commit,
//! in rooms of 10 to 5,000 members; last the tables of ratios. `cargo bench -p mimi-ds --bench hub`.
//!
//! The members are spread over ten providers, of which the hub is one. Accepting is the whole decision with its effects, log entry and
//! fan-out included, and without the disk; what the disk adds is measured by the bench `durable`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code)]
mod room;
#[allow(dead_code)]
#[path = "../tests/it/support.rs"]
mod support;

use std::{
    collections::BTreeMap,
    hint::black_box,
    time::{Duration, Instant},
};

use mimi_ds::{Effect, LogEntry, Store};
use mimi_protocol::crypto::{Ed25519Signer, LabelSigner};

use room::{Fixture, PROVIDERS, hub};
use support::*;

/// Rooms in which messages and commits are measured.
const SIZES: [usize; 4] = [10, 100, 1000, 5000];
/// Messages of which the time is taken together: one is too short for the clock.
const TOGETHER: u32 = 200;
/// Times of which the table shows the median.
const RUNS: usize = 15;

/// The median of some times in microseconds; setting up is not measured, nor is dropping.
fn median<S, T>(mut set_up: impl FnMut() -> S, mut run: impl FnMut(&mut S) -> T) -> f64 {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let mut state = set_up();
            let start = Instant::now();
            let result = black_box(run(&mut state));
            let time = start.elapsed();
            drop(result);
            time
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2].as_secs_f64() * 1e6
}

/// The median of two things done in turns, so that what else the machine does falls on both.
fn medians_in_turn<S, T>(
    mut first: (impl FnMut() -> S, impl FnMut(&mut S)),
    mut second: (impl FnMut() -> T, impl FnMut(&mut T)),
) -> (f64, f64) {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..RUNS {
        let mut state = first.0();
        let start = Instant::now();
        first.1(&mut state);
        times[0].push(start.elapsed());
        drop(state);
        let mut state = second.0();
        let start = Instant::now();
        second.1(&mut state);
        times[1].push(start.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[RUNS / 2].as_secs_f64() * 1e6
    };
    let [first, second] = &mut times;
    (median(first), median(second))
}

/// Messages against a signature of the same run.
fn messages(fixtures: &[Fixture]) {
    println!(
        "\nAn application message of 1 KB accepted, in us; medians of {RUNS} times {TOGETHER}; {PROVIDERS} providers."
    );
    println!("| members | local clients | with a frank | one signature | ratio | without a frank | effects | posts |");
    println!("|---|---|---|---|---|---|---|---|");
    let signer = Ed25519Signer::from_seed([1; 32]);
    let content = [7; 256];
    for fixture in fixtures {
        let mut room = fixture.room();
        let accepted = room.submit(NOW, &hub(), &fixture.plain, &franking()).unwrap();
        assert!(accepted.frank.is_none());
        assert!(room.submit(NOW, &hub(), &fixture.tagged, &franking()).unwrap().frank.is_some());
        let posts = accepted.effects.iter().filter(|effect| matches!(effect, Effect::Enqueue { .. })).count();
        let local = room.members().filter(|member| member.domain() == &hub()).count();
        let many = |run: &mut dyn FnMut()| (0..TOGETHER).for_each(|_| run());
        let (tagged, sign) = medians_in_turn(
            (
                || fixture.room(),
                |room| {
                    many(&mut || drop(black_box(room.submit(NOW, &hub(), &fixture.tagged, &franking()).unwrap())));
                },
            ),
            (|| (), |()| many(&mut || drop(black_box(signer.sign_with_label("bench", &content))))),
        );
        let plain = median(
            || fixture.room(),
            |room| many(&mut || drop(black_box(room.submit(NOW, &hub(), &fixture.plain, &franking()).unwrap()))),
        );
        let [tagged, sign, plain] = [tagged, sign, plain].map(|time| time / f64::from(TOGETHER));
        println!(
            "| {} | {local} | {tagged:.1} | {sign:.1} | {:.2} | {plain:.1} | {} | {posts} |",
            fixture.members,
            tagged / sign,
            accepted.effects.len()
        );
    }
}

/// Octets that the effects of a decision write: the log, and each event once.
fn written(effects: &[Effect]) -> (usize, usize) {
    let mut log = 0;
    let mut events = BTreeMap::new();
    for effect in effects {
        match effect {
            Effect::AppendLog { entry: LogEntry::Handshake(bytes), .. } => log += bytes.len(),
            Effect::Enqueue { message, .. } | Effect::Deliver { message, .. } => {
                events.insert(message.as_ptr(), message.len());
            }
            Effect::PutRoom { group_snapshot, .. } => log += group_snapshot.len(),
            _ => {}
        }
    }
    (log, events.values().sum())
}

/// Commits against OpenMLS.
fn commits(fixtures: &[Fixture]) {
    println!(
        "\nCommits; medians of {RUNS}, in us, both sides in turns. bare = OpenMLS processes and merges the same commit, its storage in memory."
    );
    println!(
        "| members | commit | hub | bare OpenMLS | ratio | octets of the commit | octets to the log | octets of the event |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for fixture in fixtures {
        let stored = fixture.bare.stored();
        let commits =
            [("with path", &fixture.path, &fixture.bare.path), ("list update", &fixture.list, &fixture.bare.list)];
        for (event, request, bytes) in commits {
            let (log, events) = written(&fixture.accept(&mut fixture.room(), request));
            let (hub, bare) = medians_in_turn(
                (|| fixture.room(), |room| drop(black_box(fixture.accept(room, request)))),
                (|| fixture.bare.load(&stored), |(storage, group)| fixture.bare.follow(storage, group, bytes)),
            );
            println!(
                "| {} | {event} | {hub:.0} | {bare:.0} | {:.2} | {} | {log} | {events} |",
                fixture.members,
                hub / bare,
                bytes.len()
            );
        }
    }
}

/// Rooms from the disk.
fn loads(fixtures: &[Fixture]) {
    println!("\nA room loaded from the disk, in ms; medians of {RUNS}.");
    println!("| members | snapshot in KB | read and restored |");
    println!("|---|---|---|");
    for fixture in fixtures {
        let load = median(|| (), |()| Room::restore(&fixture.store.load_room(&fixture.uri).unwrap().unwrap()).unwrap());
        println!("| {} | {} | {:.1} |", fixture.members, fixture.stored.snapshot.len() / 1024, load / 1000.0);
    }
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let sizes = if quick { &SIZES[..1] } else { &SIZES[..] };
    let begun = Instant::now();
    let fixtures: Vec<Fixture> = sizes.iter().map(|members| Fixture::new(*members)).collect();
    println!("rooms of {sizes:?} members made in {:.1} s", begun.elapsed().as_secs_f64());
    messages(&fixtures);
    commits(&fixtures);
    loads(&fixtures);
}
