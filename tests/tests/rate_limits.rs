//! Rate limits over HTTPS: 429 with Retry-After, per provider, room and user; a hub that is told to wait loses nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use mimi_client::Event;
use mimi_protocol::{directory::Endpoint, http::server::ProblemKind};
use mimi_tests::{messages, process::Scene, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_over_its_limit_is_answered_429_with_retry_after_and_others_are_not() {
    let scene = Scene::new(BINARY, &["a.example", "b.example", "c.example"]);
    let rates = "[rates]\nprovider.per_second = 1\nprovider.burst = 3\n[admin]\nport = 0";
    scene.configure("a.example", "", rates);
    let served = scene.start("a.example");
    let (hub, room) = ("a.example".parse().unwrap(), "mimi://a.example/r/nowhere");
    let b = scene.speak_as("b.example");
    let begun = Instant::now();
    // The directory is the first request.
    let mut statuses = Vec::new();
    let limited = loop {
        let reply = b.post(&hub, Endpoint::SubmitMessage, room, "no message").await.unwrap();
        statuses.push(reply.status.as_u16());
        if reply.status.as_u16() == 429 {
            break reply;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{statuses:?}");
    };
    assert!(statuses.len() >= 3 && statuses[..statuses.len() - 1].iter().all(|status| *status == 400), "{statuses:?}");
    assert_eq!(limited.retry_after, Some(Duration::from_secs(1)));
    let problem = limited.problem.unwrap();
    assert_eq!(problem.kind(), Some(ProblemKind::TooManyRequests));
    assert!(problem.detail.unwrap().contains("of this provider"));

    let c = scene.speak_as("c.example");
    assert_eq!(c.post(&hub, Endpoint::SubmitMessage, room, "no message").await.unwrap().status, 400);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(b.post(&hub, Endpoint::SubmitMessage, room, "no message").await.unwrap().status, 400);
    assert!(served.metric("mimi_rate_limited_total{kind=\"provider\"}") >= 1.0);
    assert!(
        served.metric("mimi_requests_total{listener=\"providers\",endpoint=\"submitMessage\",status=\"429\"}") >= 1.0
    );
}

// req: DS06-11-01
#[tokio::test(flavor = "multi_thread")]
async fn a_room_and_a_user_have_limits_too_wherever_the_requests_come_from() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "[rates]\nroom.per_second = 1\nroom.burst = 8\n[admin]\nport = 0");
    scene.configure("b.example", "", "[rates]\nuser.per_second = 1\nuser.burst = 20\n[admin]\nport = 0");
    let hub = scene.start("a.example");
    let follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let (busy, quiet) = (alice.create_room("busy").await.unwrap(), alice.create_room("quiet").await.unwrap());
    alice.add(&busy, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;

    let mut refused = None;
    for number in 0..20 {
        if let Err(error) = alice.send(&busy, &format!("{number}")).await {
            refused = Some(error.to_string());
            break;
        }
    }
    let refused = refused.expect("twenty messages at once pass a limit of eight");
    assert!(refused.contains("rate limit of this room"), "{refused}");
    // A follower's client learns of it through its provider.
    bob.sync().await.unwrap();
    let mut refused = None;
    for _ in 0..20 {
        if let Err(error) = bob.send(&busy, "me too").await {
            refused = Some(error.to_string());
            break;
        }
    }
    let refused = refused.expect("the room is still over its limit");
    assert!(refused.contains("429") && refused.contains("rate limit of this room"), "{refused}");
    assert!(hub.metric("mimi_rate_limited_total{kind=\"room\"}") >= 2.0);
    alice.send(&quiet, "another room").await.unwrap();

    let mut refused = None;
    for _ in 0..40 {
        if let Err(error) = bob.upload_key_packages(1).await {
            refused = Some(error.to_string());
            break;
        }
    }
    let refused = refused.expect("forty calls pass a limit of twenty");
    assert!(refused.contains("rate limit of this user"), "{refused}");
    assert!(follower.metric("mimi_rate_limited_total{kind=\"user\"}") >= 1.0);
    scene.register("b.example", "berta").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_a_follower_slows_down_delivers_everything_once_and_in_order() {
    // req: MP06-5.5-25
    // req: MP06-5.5-26
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "[admin]\nport = 0");
    scene.configure("b.example", "", "[rates]\nprovider.per_second = 1\nprovider.burst = 4\n[admin]\nport = 0");
    let hub = scene.start("a.example");
    let follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    let sent: Vec<String> = (0..12).map(|number| format!("message {number}")).collect();
    for text in &sent {
        alice.send(&room, text).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut got = Vec::new();
    while got.len() < sent.len() {
        let seen = until(&bob, "a message", |event| matches!(event, Event::Message { .. })).await;
        got.extend(messages(&seen).into_iter().map(|(_, text)| text));
    }
    assert_eq!(got, sent);
    assert!(follower.metric("mimi_rate_limited_total{kind=\"provider\"}") >= 1.0, "the limit was never reached");
    assert!(hub.metric("mimi_notifies_total{provider=\"b.example\",result=\"refused\"}") >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_on_by_default_and_far_above_what_a_lively_room_needs() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", "[admin]\nport = 0");
    let served = scene.start("a.example");
    let alice = scene.register("a.example", "alice").await;
    let room = alice.create_room("lively").await.unwrap();
    for number in 0..100 {
        alice.send(&room, &format!("{number}")).await.unwrap();
    }
    for kind in ["room", "user", "provider"] {
        assert_eq!(served.metric(&format!("mimi_rate_limited_total{{kind=\"{kind}\"}}")), 0.0);
    }
}
