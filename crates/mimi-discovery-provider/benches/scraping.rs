//! What scrapers get: 10,000 identifiers, of which every other one has a mapping, tried with the tokens of one account and of a hundred, 100 tokens
//! a day each. `cargo bench -p mimi-discovery-provider --bench scraping`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../tests/it/support.rs"]
mod support;

use std::time::Instant;

use mimi_discovery::answer::Finding;
use mimi_discovery::config::Modes;
use mimi_discovery::lookup::{Refusal, ResponseError, s};
use mimi_discovery::token::Token;
use support::*;

const PER_DAY: usize = 100;

/// Tries all identifiers, with a spent token when there are no others left; gives how many mappings were found out and how many look-ups refused.
async fn scrape(world: &World, identifiers: u32, accounts: usize) -> (usize, usize) {
    let config = world.config().await;
    let mut tokens: Vec<Token> = (0..accounts).flat_map(|_| world.tokens(PER_DAY)).collect();
    let mut tasks = tokio::task::JoinSet::new();
    let spent = tokens.last().cloned().unwrap();
    let mut work = Vec::new();
    for number in 0..identifiers {
        let csi = Person::numbered(number).csi;
        let (request, pending) = s::ask(&config, &csi, tokens.pop().unwrap_or_else(|| spent.clone())).unwrap();
        work.push((csi, request, pending));
    }
    let each = work.len().div_ceil(64);
    while !work.is_empty() {
        let chunk = work.split_off(work.len().saturating_sub(each));
        let (answerer, config) = (world.dp.answerer(), config.clone());
        tasks.spawn(async move {
            let (mut found, mut refused) = (0, 0);
            for (csi, request, pending) in chunk {
                match pending.open(&answerer.answer(request).await.unwrap()) {
                    Ok(answer) => {
                        let answer = answer.verify(&csi, &config.provider(0), &anchors(), now()).unwrap();
                        found += usize::from(answer.finding() != Finding::NoMapping);
                    }
                    Err(ResponseError::Refused(Refusal::Token)) => refused += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (found, refused)
        });
    }
    tasks.join_all().await.into_iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let (identifiers, many) = if quick { (400, 3) } else { (10_000, 100) };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let modes = Modes { s: true, b: false, p: false };
        let world = World::over(tempfile::tempdir().unwrap(), modes).await;
        let (anchors, now) = (anchors(), now());
        let records = (0..identifiers)
            .step_by(2)
            .map(|number| Person::numbered(number).at(1, &["b.example"]).verify(&anchors, now).unwrap());
        world.dp.store().merge(records.collect()).unwrap();
        println!(
            "{identifiers} identifiers, {} with a mapping; {PER_DAY} tokens a day for each account",
            identifiers / 2
        );
        for accounts in [1, many] {
            let begun = Instant::now();
            let (found, refused) = scrape(&world, identifiers, accounts).await;
            println!(
                "{accounts} account(s): {found} mappings found out, {} answered, {refused} refused, in {:.1?}",
                identifiers as usize - refused,
                begun.elapsed()
            );
            assert_eq!(identifiers as usize - refused, (accounts * PER_DAY).min(identifiers as usize));
        }
    });
}
