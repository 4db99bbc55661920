//! Enqueue authorization (draft-robert-mimi-delivery-service): a follower that asks for tokens takes messages for a client only from a hub
//! that shows the client's token, between two running providers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use mimi_client::{Client, Event};
use mimi_protocol::{enqueue_authorization::FanoutAuthToken, http::client::NotifyOutcome};
use mimi_tests::{
    process::{Scene, eventually},
    until,
};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const DEMANDS: &str = "[users]\nenqueue_authorization = true";

// req: DS06-4.6-01
async fn arrives(to: &Client, what: &str) {
    until(to, what, |event| matches!(event, Event::Message { text, .. } if text == what)).await;
}

/// The tokens that a follower wants to see for a client, and those that a hub shows.
fn tokens(scene: &Scene, provider: &str, table: &str, client: &Client) -> Vec<Vec<u8>> {
    let database = rusqlite::Connection::open(scene.path(&format!("{provider}.db"))).unwrap();
    let mut statement = database.prepare(&format!("SELECT token FROM {table} WHERE client = ?1")).unwrap();
    let tokens = statement.query_map([client.id().as_str()], |row| row.get(0)).unwrap();
    tokens.map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_asks_for_tokens_takes_messages_only_from_a_hub_that_shows_them() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", DEMANDS);
    let loud = |name: &str| {
        let mut command = scene.command(&["serve", "--config", &format!("{name}.toml")]);
        command.env("RUST_LOG", "trace");
        scene.start_command(name, command)
    };
    let hub = loud("a.example");
    let follower = loud("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let brit = scene.register("b.example", "brit").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    for user in [&bob, &brit] {
        alice.add(&room, user.user()).await.unwrap();
        until(user, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    }
    alice.send(&room, "to all").await.unwrap();
    arrives(&bob, "to all").await;
    arrives(&brit, "to all").await;
    let first = tokens(&scene, "b.example", "expected_tokens", &bob);
    assert_eq!(first.len(), 1);
    assert_eq!(tokens(&scene, "a.example", "shown_tokens", &bob), first);

    // A new token, from the next event on.
    bob.change_enqueue_token(&room).await.unwrap();
    alice.sync().await.unwrap();
    alice.send(&room, "with the new one").await.unwrap();
    arrives(&bob, "with the new one").await;
    let second = tokens(&scene, "b.example", "expected_tokens", &bob);
    assert_ne!(second, first);
    eventually("the hub has forgotten the old one", Duration::from_secs(10), || {
        tokens(&scene, "a.example", "shown_tokens", &bob) == second
    });

    // The hub's certificate alone is not enough: without a token, or with the old one, nothing is taken.
    let as_hub = scene.speak_as("a.example");
    let to = "b.example".parse().unwrap();
    let database = rusqlite::Connection::open(scene.path("b.example.db")).unwrap();
    alice.send(&room, "sample").await.unwrap();
    let mut sample = Vec::new();
    eventually("a message waits for Bob", Duration::from_secs(10), || {
        let newest = "SELECT bytes FROM queue JOIN bodies USING (event) JOIN events ON id = event
            WHERE client = ?1 AND kind = 1 ORDER BY event DESC LIMIT 1";
        sample = database.query_row(newest, [bob.id().as_str()], |row| row.get(0)).unwrap_or_default();
        !sample.is_empty()
    });
    let waiting = || -> Vec<(String, u32)> {
        let count = "SELECT client, count(*) FROM queue GROUP BY client ORDER BY client";
        let mut statement = database.prepare(count).unwrap();
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let before = waiting();
    let later = |by: u64| {
        let time = u64::from_be_bytes(sample[..8].try_into().unwrap()) + by;
        [&time.to_be_bytes(), &sample[8..]].concat()
    };
    let token = |octets: &[u8]| FanoutAuthToken::from_octets(octets.to_vec()).unwrap();
    for shown in [vec![], vec![token(&first[0])], vec![token(&[7; 16]), token(&[8; 16])]] {
        match as_hub.notify_with(&to, &room, later(60_000), &shown).await.unwrap() {
            NotifyOutcome::Retry { status, .. } => assert_eq!(status, 403),
            NotifyOutcome::Accepted => panic!("taken with {} tokens", shown.len()),
        }
    }
    assert_eq!(waiting(), before);
    // Bob's token opens Bob's queue and nobody else's.
    let taken = as_hub.notify_with(&to, &room, later(60_001), &[token(&[7; 16]), token(&second[0])]).await.unwrap();
    assert_eq!(taken, NotifyOutcome::Accepted);
    let after = waiting();
    for ((client, before), (_, after)) in before.iter().zip(&after) {
        assert_eq!(*after, before + u32::from(client == bob.id().as_str()), "{client}");
    }

    // No log has a token, in whichever form; the hub's name for what happened is there.
    for octets in [&first[0], &second[0]] {
        for form in [STANDARD.encode(octets), hex::encode(octets), format!("{octets:?}")] {
            assert!(!hub.log().contains(&form) && !follower.log().contains(&form), "a log has a token");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_gets_the_last_commit_by_a_token_that_counts_no_more_afterwards() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", DEMANDS);
    let (_hub, _follower) = (scene.start("a.example"), scene.start("b.example"));
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    alice.kick(&room, bob.user()).await.unwrap();
    until(&bob, "the removal", |event| matches!(event, Event::Removed { .. })).await;
    eventually("both have forgotten the token", Duration::from_secs(10), || {
        tokens(&scene, "a.example", "shown_tokens", &bob).is_empty()
            && tokens(&scene, "b.example", "expected_tokens", &bob).is_empty()
    });
    // Who comes back by external commit brings a new one.
    bob.join_external(&room).await.unwrap();
    until(&alice, "Bob", |event| matches!(event, Event::Committed { .. })).await;
    alice.send(&room, "welcome back").await.unwrap();
    arrives(&bob, "welcome back").await;
}
