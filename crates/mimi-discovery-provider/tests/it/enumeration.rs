//! What a scraper gets, with few accounts and many (R8).

use mimi_discovery::answer::Finding;
use mimi_discovery::lookup::{Refusal, ResponseError};
use mimi_discovery::token::quota::{Quota, QuotaRefusal, Usage};
use mimi_discovery::token::{Day, IssuingKey};
use mimi_discovery::{Seed, token::Token};

use super::support::*;

/// What an account gets of its provider on a day, asking as long as it gets something.
fn tokens_of_an_account(world: &World, quota: Quota) -> Vec<Token> {
    let (mut usage, mut tokens) = (Usage::default(), Vec::new());
    loop {
        match quota.grant(usage, Day::of(now()), 100) {
            Ok(grant) => {
                usage = grant.usage;
                tokens.extend(world.tokens(grant.count));
            }
            Err(QuotaRefusal::Exhausted { .. }) => return tokens,
            Err(other) => panic!("{other}"),
        }
    }
}

/// Looks for as many of the identifiers as there are tokens, and then without; how many were found out.
async fn scrape(world: &World, identifiers: u32, tokens: Vec<Token>) -> (usize, usize) {
    let config = world.config().await;
    let (mut found, mut refused) = (0, 0);
    let mut spent: Option<Token> = None;
    let mut tokens = tokens.into_iter();
    for number in 0..identifiers {
        let csi = Person::numbered(number).csi;
        // Without a token left the scraper tries an old one.
        let token = tokens.next().or_else(|| spent.clone()).unwrap();
        spent = Some(token.clone());
        let (request, pending) = mimi_discovery::lookup::s::ask(&config, &csi, token).unwrap();
        match pending.open(&world.through_relay(request).await.unwrap()) {
            Ok(answer) => {
                let answer = answer.verify(&csi, &config.provider(0), &anchors(), now()).unwrap();
                found += usize::from(answer.finding() != Finding::NoMapping);
            }
            Err(error) => {
                assert_eq!(error, ResponseError::Refused(Refusal::Token));
                refused += 1;
            }
        }
    }
    (found, refused)
}

#[tokio::test]
async fn r8_a_scraper_gets_what_its_accounts_quota_allows_and_no_more() {
    // req: UD03-13-01, UD03-13-02, UD03-13-04
    let world = World::new().await;
    // Every other identifier of those that are tried exists.
    for number in (0..240).step_by(2) {
        world.register(&Person::numbered(number).at(1, &["b.example"])).await;
    }
    let quota = Quota { per_day: 20 };
    let (found, refused) = scrape(&world, 240, tokens_of_an_account(&world, quota)).await;
    println!("one account: {found} of 120 mappings found out, {refused} of 240 look-ups refused");
    assert_eq!((found, refused), (10, 220));
    let many = (0..5).flat_map(|_| tokens_of_an_account(&world, quota)).collect();
    let (found, refused) = scrape(&world, 240, many).await;
    println!("five accounts: {found} of 120 mappings found out, {refused} of 240 look-ups refused");
    assert_eq!((found, refused), (50, 140));
}

#[tokio::test]
async fn tokens_that_are_forged_of_another_provider_or_another_day_are_refused_alike() {
    let world = World::new().await;
    let bob = Person::with_number("+12125551212");
    world.register(&bob.at(1, &["b.example"])).await;
    let stranger = IssuingKey::derive(&[0x66; 32], &domain(MSP), &domain(DP)).unwrap();
    let elsewhere = IssuingKey::derive(&[0x15; 32], &domain(MSP), &domain("other-dp.example")).unwrap();
    let made = |key: &IssuingKey, dp: &str, day: Day| {
        let (request, pending) = key.public().request(&domain(dp), &domain(MSP), day, 1, &Seed::new([3; 32])).unwrap();
        pending.finish(&key.issue(&request, &Seed::new([4; 32])).unwrap()).unwrap().pop().unwrap()
    };
    let today = Day::of(now());
    let bad = [
        made(&stranger, DP, today),
        made(&elsewhere, "other-dp.example", today),
        made(&world.issuing, "other-dp.example", today),
        made(&world.issuing, DP, Day(today.0 - 3)),
        made(&world.issuing, DP, Day(today.0 + 2)),
    ];
    for token in bad {
        for csi in [&bob.csi, &Person::numbered(1).csi] {
            let refused = world.look_up(csi, token.clone()).await.unwrap_err();
            assert_eq!(refused, ResponseError::Refused(Refusal::Token));
        }
    }
}

#[tokio::test]
async fn of_many_who_show_one_token_at_once_one_is_answered() {
    let world = std::sync::Arc::new(World::new().await);
    let token = world.token();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (world, token) = (world.clone(), token.clone());
        tasks.spawn(async move { world.look_up(&Person::numbered(number).csi, token).await.is_ok() });
    }
    let answered = tasks.join_all().await.into_iter().filter(|answered| *answered).count();
    assert_eq!(answered, 1);
}
