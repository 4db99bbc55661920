//! SIGTERM and SIGINT: nothing new is accepted, what was accepted is finished within the time set for it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{net::TcpStream, time::Duration};

use mimi_client::Client;
use mimi_tests::{
    messages,
    process::{Scene, Served, eventually},
    until,
};
use rusqlite::Connection;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

/// Holds the database's write lock, so that what is accepted stays undecided.
fn hold(scene: &Scene) -> Connection {
    let connection = Connection::open(scene.path("a.example.db")).unwrap();
    connection.execute_batch("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE").unwrap();
    connection
}

/// A provider with alice and bob in one room.
async fn scene(top: &str) -> (Scene, Served, Client, Client, mimi_arch::RoomUri) {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", top, "[admin]\nport = 0");
    let served = scene.start("a.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("a.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, mimi_client::Event::Joined { .. })).await;
    (scene, served, alice, bob, room)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_under_way_at_sigterm_is_answered_and_kept() {
    let (scene, mut served, alice, bob, room) = scene("").await;
    assert_eq!(served.get("/readyz").0, 200);
    let held = hold(&scene);
    let sending = async { alice.send(&room, "last words").await };
    let stopping = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        served.signal("TERM");
        let peer = scene.peer_address("a.example");
        eventually("nothing new is accepted", Duration::from_secs(5), || TcpStream::connect(peer).is_err());
        assert!(served.runs(), "the provider has not waited for the message");
        let (status, text) = served.get("/readyz");
        assert!(status == 503 && text.contains("stopping"), "{status} {text}");
        drop(held);
    };
    let (sent, ()) = tokio::join!(sending, stopping);
    sent.expect("what was accepted before the stop is answered");
    assert!(served.wait(Duration::from_secs(8)).success(), "{}", served.log());
    drop(served);

    let _served = scene.start("a.example");
    let seen = until(&bob, "the message", |event| matches!(event, mimi_client::Event::Message { .. })).await;
    assert_eq!(messages(&seen).iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["last words"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_is_cut_after_the_time_set_for_it() {
    let (scene, mut served, alice, _bob, room) = scene("stop_seconds = 1").await;
    let held = hold(&scene);
    let sending = async { alice.send(&room, "too slow").await };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        served.signal("INT");
        // The store gives up after five seconds; the stop has to come first.
        let status = served.wait(Duration::from_secs(4));
        assert!(status.success(), "{status} {}", served.log());
    };
    let (sent, ()) = tokio::join!(sending, stopping);
    assert!(sent.is_err(), "an answer although nothing was written");
    assert!(served.log().contains("were cut"), "{}", served.log());
    drop(held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_stops_at_once() {
    let (scene, mut served, alice, _bob, room) = scene("stop_seconds = 60").await;
    let held = hold(&scene);
    let sending = async { alice.send(&room, "too slow").await };
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        served.signal("TERM");
        tokio::time::sleep(Duration::from_millis(500)).await;
        served.signal("TERM");
        served.wait(Duration::from_secs(3));
    };
    let _ = tokio::join!(sending, stopping);
    drop(held);
}
