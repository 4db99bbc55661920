//! Mode P with 65,536 mappings: what is prepared, what it takes in memory, and what a look-up costs beside the scheme alone and beside reading all of it once.
//! `cargo bench -p mimi-discovery-provider --features pir --bench retrieval`; another number of mappings as `MIMI_MAPPINGS`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../tests/it/support.rs"]
mod support;
#[allow(dead_code)]
mod timing;

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use mimi_discovery::Seed;
use mimi_discovery::answer::Finding;
use mimi_discovery::config::Modes;
use mimi_discovery::lookup::b;
use mimi_discovery::lookup::p::{PirBackend as _, Shape, Spiral, SpiralSecret, SpiralServer};
use support::*;
use timing::*;

/// What the process has in memory, and the most it has had, in MiB.
fn resident() -> (f64, f64) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    };
    (field("VmRSS:"), field("VmHWM:"))
}

fn seed(number: usize) -> Seed {
    let mut octets = [0x5e; 32];
    octets[..8].copy_from_slice(&(number as u64).to_be_bytes());
    Seed::new(octets)
}

/// What there is to beat: the scheme's answer over as many prepared buckets and nothing around it, and one pass over as many octets.
struct Floor {
    spiral: Spiral,
    server: SpiralServer,
    numbers: Vec<u64>,
    question: Vec<u8>,
    secret: SpiralSecret,
    item: Vec<u8>,
}

impl Floor {
    fn new(shape: Shape) -> Self {
        let spiral = Spiral::new(shape).unwrap();
        let octet = |place: usize| (place.wrapping_mul(0x9e37_79b1) >> 24) as u8;
        let items: Vec<u8> = (0..shape.size * shape.items() as usize).map(octet).collect();
        let begun = Instant::now();
        let server = spiral.server(&items, processors()).unwrap();
        println!("all processors prepare as many buckets in {:.1?} (the provider uses half of them)", begun.elapsed());
        let index = shape.items() / 2;
        let (question, secret) = spiral.ask(index, &seed(0)).unwrap();
        let item = items[index as usize * shape.size..][..shape.size].to_vec();
        let numbers = vec![3_u64; usize::try_from(spiral.server_size() / 8).unwrap()];
        Self { spiral, server, numbers, question, secret, item }
    }

    fn answer(&self) -> Vec<u8> {
        self.spiral.answer(&self.server, &self.question).unwrap()
    }

    fn read(&self) -> u64 {
        std::thread::scope(|scope| {
            let parts = self.numbers.chunks(self.numbers.len().div_ceil(processors().get()));
            let sums: Vec<_> = parts.map(|part| scope.spawn(|| part.iter().fold(0, |sum, n| sum ^ n))).collect();
            sums.into_iter().map(|sum| sum.join().unwrap()).fold(0, |sum, n| sum ^ n)
        })
    }
}

fn processors() -> NonZeroUsize {
    std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let wanted = std::env::var("MIMI_MAPPINGS").ok().and_then(|count| count.parse().ok());
    let count: u32 = wanted.unwrap_or(if quick { 500 } else { 65_536 });
    let runs = if quick { 3 } else { 15 };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let modes = Modes { s: true, b: true, p: false };
        let world = World::over(tempfile::tempdir().unwrap(), modes).await;
        let (anchors, now) = (anchors(), now());
        for start in (0..count).step_by(512) {
            let verify = |n| Person::numbered(n).at(1, &["b.example"]).verify(&anchors, now).unwrap();
            world.dp.store().merge((start..count.min(start + 512)).map(verify).collect()).unwrap();
        }
        let folder = world.stopped().await;
        let before = resident();
        let begun = Instant::now();
        let world = World::over(folder, Modes { p: true, ..modes }).await;
        while world.config().await.get().buckets.is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let made = begun.elapsed();
        let first = world.config_with_retrieval().await;
        let offered = begun.elapsed();
        let parameters = first.get().buckets.unwrap();
        let shape = Shape::of(&parameters);
        println!(
            "{count} mappings in {} buckets of {} rows ({} octets): mode B offered {made:.1?} after the start, mode P {offered:.1?}",
            shape.items(),
            parameters.rows,
            shape.size
        );
        let after = resident();
        println!("resident: {:.0} MiB before, {:.0} MiB after, {:.0} MiB at most", before.0, after.0, after.1);
        look_ups(&world, count, runs, &Floor::new(shape)).await;
    });
}

async fn look_ups(world: &World, count: u32, runs: usize, floor: &Floor) {
    let config = world.config_with_retrieval().await;
    let answerer = world.dp.answerer();
    let (mut evaluations, mut retrievals, mut buckets, mut whole) = (vec![], vec![], vec![], vec![]);
    let (mut scheme, mut read) = (vec![], vec![]);
    let mut octets = std::collections::BTreeSet::new();
    for run in 0..runs {
        // Every third one is not there.
        let number = u32::try_from(run).unwrap() * (count / u32::try_from(runs).unwrap());
        let person = Person::numbered(if run % 3 == 2 { number + count } else { number });
        let (request, pending) = b::ask(&config, &person.csi, world.token(), seed(run)).unwrap();
        let (up, begun) = (request.len(), Instant::now());
        let answer = answerer.answer(request).await.unwrap();
        evaluations.push(begun.elapsed());
        let evaluation = (up, answer.len());
        let located = pending.open(&answer).unwrap().0;
        let (request, pending) = world.retrieval(&located, &config, world.token());
        let (up, begun) = (request.len(), Instant::now());
        let answer = answerer.answer(request).await.unwrap();
        retrievals.push(begun.elapsed());
        octets.insert((evaluation, (up, answer.len())));
        let found = located.find(pending.open(&answer).unwrap(), &config.provider(0), &anchors(), now()).unwrap();
        assert_eq!(found.finding(), if run % 3 == 2 { Finding::NoMapping } else { Finding::One });
        let (request, _) = located.ask(&config).unwrap();
        let begun = Instant::now();
        black_box(answerer.answer(request).await.unwrap());
        buckets.push(begun.elapsed());
        let begun = Instant::now();
        world.look_up_p(&person.csi).await;
        whole.push(begun.elapsed());
        scheme.push(timed(1, || floor.answer()));
        read.push(timed(1, || floor.read()));
    }
    let answer = floor.answer();
    assert_eq!(floor.spiral.decode(&floor.secret, &answer).unwrap(), floor.item);
    let asked = timed(runs, || floor.spiral.ask(1, &seed(1)).unwrap());
    let decoded = timed(runs, || floor.spiral.decode(&floor.secret, &answer).unwrap());
    let (retrieval, scheme, read) = (median(retrievals), median(scheme), median(read));
    let beside = |floor: Duration| retrieval.as_secs_f64() / floor.as_secs_f64();
    println!("octets, up and down, of the evaluation and of the retrieval: {octets:?}");
    println!("medians of {runs}, all taken in turns, one after the other:");
    println!("  evaluation, provider's side {:.2?}; a bucket of mode B {:.2?}", median(evaluations), median(buckets));
    println!(
        "  retrieval, provider's side {retrieval:.1?}: {:.2} of the scheme's answer alone, {scheme:.1?}; {:.1} of one pass over what is prepared, {read:.1?}",
        beside(scheme),
        beside(read)
    );
    println!("  asker's side: question {asked:.1?}, decoding {decoded:.1?}");
    println!("  end to end through the relay, with the asker's side and verification: {:.1?}", median(whole));
}
