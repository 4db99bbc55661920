//! A discovery provider with a million mappings: what they take on the disk and in memory, and what a look-up of mode S costs beside its parts.
//! `cargo bench -p mimi-discovery-provider --bench million`; another number of mappings as `MIMI_MAPPINGS`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../tests/it/support.rs"]
mod support;
#[allow(dead_code)]
mod timing;

use std::hint::black_box;
use std::time::{Duration, Instant};

use mimi_arch::codec::Wire as _;
use mimi_discovery::lookup::{self, s};
use mimi_discovery::oblivious::Gateway;
use mimi_discovery::store::DiscoveryStore;
use mimi_discovery::token::Redeemer;
use support::*;
use timing::*;

const LOOK_UPS: usize = 400;

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Fills a store, by two threads that sign and verify.
fn fill(path: &std::path::Path, count: u32) {
    let store = DiscoveryStore::open(path, |_| {}).unwrap();
    let store = &store;
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                let anchors = anchors();
                for start in (0..count).step_by(512).filter(|start| start / 512 % 2 == half) {
                    let verify = |n| Person::numbered(n).at(1, &["b.example"]).verify(&anchors, now()).unwrap();
                    store.merge((start..count.min(start + 512)).map(verify).collect()).unwrap();
                }
            });
        }
    });
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let wanted = std::env::var("MIMI_MAPPINGS").ok().and_then(|count| count.parse().ok());
    let count: u32 = wanted.unwrap_or(if quick { 500 } else { 1_000_000 });
    let look_ups = if quick { 20 } else { LOOK_UPS };
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join(format!("{DP}.db"));
    let begun = Instant::now();
    fill(&database, count);
    println!("{count} mappings signed, verified and stored in {:.1?}", begun.elapsed());
    let disk: u64 = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let before = resident();
        let begun = Instant::now();
        let mode_s = mimi_discovery::config::Modes { s: true, b: false, p: false };
        let world = World::over(folder, mode_s).await;
        println!(
            "started in {:.1?}; on disk {:.0} MiB (bar 1024), resident {:.0} MiB, of which {:.0} MiB before (bar 200)",
            begun.elapsed(),
            disk as f64 / 1048576.0,
            resident() as f64 / 1048576.0,
            before as f64 / 1048576.0
        );
        parts(&world, count, look_ups).await;
        println!("resident after the look-ups: {:.0} MiB", resident() as f64 / 1048576.0);
    });
}

async fn parts(world: &World, count: u32, look_ups: usize) {
    let config = world.config().await;
    let mut tokens = world.tokens(100);
    while tokens.len() < look_ups * 3 {
        tokens.extend(world.tokens(100));
    }
    let step = (count / u32::try_from(look_ups).unwrap()).max(1);
    let people: Vec<_> = (0..look_ups).map(|n| Person::numbered(u32::try_from(n).unwrap() * step)).collect();

    let mut end_to_end = Vec::new();
    for person in &people {
        let (request, pending) = s::ask(&config, &person.csi, tokens.pop().unwrap()).unwrap();
        let begun = Instant::now();
        let answer = world.through_relay(request).await.unwrap();
        end_to_end.push(begun.elapsed());
        let answer = pending.open(&answer).unwrap();
        assert_eq!(answer.records.len(), 1);
        answer.verify(&person.csi, &config.provider(0), &anchors(), now()).unwrap();
    }
    let answerer = world.dp.answerer();
    let mut server = Vec::new();
    for person in &people {
        let (request, _) = s::ask(&config, &person.csi, tokens.pop().unwrap()).unwrap();
        let begun = Instant::now();
        black_box(answerer.answer(request).await.unwrap());
        server.push(begun.elapsed());
    }
    let requests: Vec<_> =
        people.iter().map(|person| s::ask(&config, &person.csi, tokens.pop().unwrap()).unwrap().0).collect();
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for chunk in requests.chunks(look_ups.div_ceil(64)) {
        let (answerer, chunk) = (answerer.clone(), chunk.to_vec());
        tasks.spawn(async move {
            for request in chunk {
                answerer.answer(request).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let at_once = begun.elapsed() / u32::try_from(look_ups).unwrap();

    // The floor: open and seal as long an answer, redeem a token, read the store.
    let gateway = Gateway::new(domain(DP), 1, &[7; 32]).unwrap();
    let issuing = mimi_discovery::token::IssuingKey::derive(&[0x15; 32], &domain(MSP), &domain(DP)).unwrap();
    let (request, pending) = issuing
        .public()
        .request(
            &domain(DP),
            &domain(MSP),
            mimi_discovery::token::Day::of(now()),
            1,
            &mimi_discovery::Seed::new([3; 32]),
        )
        .unwrap();
    let token = pending.finish(&issuing.issue(&request, &mimi_discovery::Seed::new([4; 32])).unwrap()).unwrap().pop();
    let token = token.unwrap();
    let mut redeemer = Redeemer::new(domain(DP));
    redeemer.accept(domain(MSP), issuing);
    let content = s::LookupRequest { token: token.clone(), csi: people[0].csi.clone() }.to_bytes().unwrap();
    let (encapsulated, _) = mimi_discovery::oblivious::encapsulate(
        &domain(DP),
        &gateway.key(),
        mimi_discovery::oblivious::Endpoint::LookUp,
        &content,
    )
    .unwrap();
    let answer = vec![0; mimi_discovery::answer::ANSWER_SIZE + 1];
    let ohttp = timed(look_ups, || lookup::open(&gateway, &encapsulated).unwrap().1.seal(&answer).unwrap());
    let redeem = timed(look_ups, || redeemer.redeem(&token, now()).unwrap());
    let mut next = people.iter().cycle();
    let read = timed(look_ups, || answerer.store().mappings(&next.next().unwrap().csi.key()).unwrap());
    let mut number = 0_u64;
    let spend = timed(look_ups.min(100), || {
        number += 1;
        let mut nullifier = [0xee; 32];
        nullifier[..8].copy_from_slice(&number.to_be_bytes());
        answerer.store().spend(nullifier, now().plus(1000)).unwrap()
    });
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let floor = ohttp + redeem + read;
    println!("| mode S with {count} mappings | us | beside OHTTP + redeem + read |");
    println!("|---|---|---|");
    let row = |what: &str, time: Duration| {
        println!("| {what} | {:.0} | {:.2} |", micros(time), micros(time) / micros(floor));
    };
    row("OHTTP open and seal", ohttp);
    row("redeem a token", redeem);
    row("read the store", read);
    row("spend a token durably (a flush to the disk)", spend);
    row("the provider's side, one after the other", server.iter().sum::<Duration>() / u32::try_from(look_ups).unwrap());
    row("the same without the flush", median(server).saturating_sub(spend));
    row("the provider's side, 64 at once, per look-up", at_once);
    row("end to end through the relay, a new TLS connection each", median(end_to_end));
}
