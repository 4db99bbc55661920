//! What a provider does when its disk fails it: a snapshot that does not read back, no space, a file that cannot be written. Errors, no
//! loss, no panic; one room's damage is no other room's.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use mimi_arch::RoomUri;
use mimi_client::{Client, Event, PrepareOptions};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_tests::{
    messages,
    process::{Scene, Served, complaint},
    until,
};
use rusqlite::Connection;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const ADMIN: &str = "[admin]\nport = 0";
const RECOVERED: &str = "mimi_room_damage_total{result=\"recovered\"}";
const UNREADABLE: &str = "mimi_room_damage_total{result=\"unreadable\"}";

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

async fn commit(client: &Client, room: &RoomUri) {
    let prepared = client.prepare_commit(room, PrepareOptions::default()).await.unwrap();
    let answer = client.submit_prepared(&prepared).await.unwrap();
    assert!(matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
    client.confirm(prepared).await.unwrap();
}

fn stop(served: &mut Served) {
    served.signal("TERM");
    assert!(served.wait(Duration::from_secs(20)).success(), "{}", served.log());
}

/// Zeroes some octets of the newest snapshots of a room, `copies` of them, where they are in the file.
fn rot(database: &Path, room: &RoomUri, copies: usize) {
    let connection = Connection::open(database).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    let mut statement = connection.prepare("SELECT bytes FROM snapshots WHERE room = ?1 ORDER BY id DESC").unwrap();
    let blobs: Vec<Vec<u8>> =
        statement.query_map([room.as_str()], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    drop(statement);
    connection.close().unwrap();
    assert!(blobs.len() >= copies, "{room} has {} snapshots", blobs.len());
    let mut octets = std::fs::read(database).unwrap();
    for blob in &blobs[..copies] {
        // Successive snapshots have much in common: a place that is this one's alone.
        let place = blob.windows(48).step_by(97).find_map(|window| {
            let mut places = octets.windows(48).enumerate().filter(|(_, found)| *found == window).map(|(at, _)| at);
            places.next().filter(|_| places.next().is_none())
        });
        let place = place.expect("the snapshot is in the file");
        octets[place..place + 16].fill(0);
    }
    std::fs::write(database, octets).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_gives_way_to_the_older_one_and_a_lost_room_stops_no_other() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    for name in ["a.example", "b.example"] {
        scene.configure(name, "", ADMIN);
    }
    let mut hub = scene.start("a.example");
    let _follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let mut rooms = Vec::new();
    for name in ["sound", "spoilt", "lost"] {
        let room = alice.create_room(name).await.unwrap();
        alice.add(&room, bob.user()).await.unwrap();
        until(&bob, "the Welcome", joined).await;
        commit(&alice, &room).await;
        alice.send(&room, &format!("before in {name}")).await.unwrap();
        rooms.push(room);
    }
    let [sound, spoilt, lost] = [&rooms[0], &rooms[1], &rooms[2]];
    let before = alice.room(spoilt).await.unwrap();
    stop(&mut hub);
    rot(&scene.path("a.example.db"), spoilt, 1);
    rot(&scene.path("a.example.db"), lost, 2);

    let hub = scene.start("a.example");
    assert_eq!((hub.metric(RECOVERED), hub.metric(UNREADABLE)), (0.0, 0.0));
    // The older snapshot is from before the commit that added bob.
    alice.send(spoilt, "still here").await.unwrap();
    assert_eq!((hub.metric(RECOVERED), hub.metric(UNREADABLE)), (1.0, 0.0));
    assert!(hub.log().contains("latest snapshot is damaged"), "{}", hub.log());
    bob.sync().await.unwrap();
    commit(&bob, spoilt).await;
    until(&alice, "bob's commit", |event| matches!(event, Event::Committed { .. })).await;
    let after = alice.room(spoilt).await.unwrap();
    assert_eq!((after.epoch.0, &after.participants), (before.epoch.0 + 1, &before.participants));

    // The room of which nothing reads: both kinds of listener say that it cannot be had now, and say so again.
    for _ in 0..2 {
        let refused = alice.send(lost, "anybody?").await.unwrap_err();
        assert!(format!("{refused:?}").contains("could not be stored"), "{refused:?}");
        let refused = bob.send(lost, "anybody?").await.unwrap_err();
        assert!(format!("{refused:?}").contains("503"), "{refused:?}");
    }
    assert!(hub.metric(UNREADABLE) >= 1.0 && hub.metric(RECOVERED) == 1.0);
    alice.send(sound, "undisturbed").await.unwrap();
    commit(&alice, sound).await;
    let end = |event: &Event| matches!(event, Event::Message { text, .. } if text == "undisturbed");
    let _ = until(&bob, "the message in the sound room", end).await;

    // The fresh snapshot is good: nothing has to stand in at the next start.
    drop(hub);
    let hub = scene.start("a.example");
    alice.send(spoilt, "and again").await.unwrap();
    assert_eq!((hub.metric(RECOVERED), hub.metric(UNREADABLE)), (0.0, 0.0));
    let end = |event: &Event| matches!(event, Event::Message { text, .. } if text == "and again");
    let _ = until(&bob, "the last message", end).await;
    assert!(!hub.log().contains("panicked"), "{}", hub.log());
}

/// Lets no file of the process grow beyond a size, as on a full disk; `None` gives the space back.
fn limit_files(pid: &str, octets: Option<u64>) {
    let soft = octets.map_or_else(|| "unlimited".to_owned(), |octets| octets.to_string());
    let set = Command::new("prlimit").args(["--pid", pid, &format!("--fsize={soft}:unlimited")]).status().unwrap();
    assert!(set.success());
}

/// A provider to which writing past a limit is an error, not a signal; its process identifier comes with it.
fn start_limited(scene: &Scene, name: &str) -> (Served, String) {
    let pid = scene.path(&format!("{name}.pid"));
    let mut command = Command::new("bash");
    let script = format!("trap '' XFSZ; echo $$ > {name}.pid; exec \"$0\" serve --config {name}.toml");
    command.args(["-c", &script, BINARY]).current_dir(scene.folder.path()).env_remove("RUST_LOG");
    let served = scene.start_command(name, command);
    (served, std::fs::read_to_string(pid).unwrap().trim().to_owned())
}

/// Sends until the provider cannot store any more, then some more; gives what was accepted.
async fn send_until_full(client: &Client, room: &RoomUri, label: &str) -> Vec<(u64, String)> {
    let mut accepted = Vec::new();
    let mut refused = 0;
    for number in 0..4000 {
        let text = format!("{label} {number} {}", "x".repeat(2000));
        match client.send(room, &text).await {
            Ok(time) => accepted.push((time.0, text)),
            Err(error) => {
                assert!(format!("{error:?}").contains("could not be stored"), "{error:?}");
                refused += 1;
                if refused == 5 {
                    return accepted;
                }
            }
        }
    }
    panic!("the limit does not hold");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_loses_nothing_and_all_goes_on_when_there_is_space_again() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    for name in ["a.example", "b.example"] {
        scene.configure(name, "", ADMIN);
    }
    let (mut hub, hub_pid) = start_limited(&scene, "a.example");
    let (mut follower, follower_pid) = start_limited(&scene, "b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("full").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;

    // The hub first. Neither a message nor a commit is accepted, and the room is as it was.
    let size = |name: &str| {
        let length = |suffix: &str| scene.path(&format!("{name}.db{suffix}")).metadata().map_or(0, |file| file.len());
        length("").max(length("-wal"))
    };
    limit_files(&hub_pid, Some(size("a.example") + 100_000));
    let mut accepted = send_until_full(&alice, &room, "hub").await;
    assert!(hub.metric("mimi_store_commits_failed_total") >= 5.0);
    assert_eq!(hub.get("/readyz").0, 503);
    let prepared = alice.prepare_commit(&room, PrepareOptions::default()).await.unwrap();
    let refused = alice.submit_prepared(&prepared).await;
    assert!(refused.is_err(), "{refused:?}");
    limit_files(&hub_pid, None);
    // What was not answered is tried again as it is: it was not stored, so that it is accepted now, once.
    let answer = alice.submit_prepared(&prepared).await.unwrap();
    assert!(matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
    alice.confirm(prepared).await.unwrap();

    // Then the follower: the hub keeps what it cannot hand on.
    limit_files(&follower_pid, Some(size("b.example") + 50_000));
    for number in 0..60 {
        let text = format!("follower {number} {}", "y".repeat(4000));
        accepted.push((alice.send(&room, &text).await.unwrap().0, text));
    }
    let begun = Instant::now();
    while hub.metric("mimi_notifies_total{provider=\"b.example\",result=\"refused\"}") < 1.0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "{}", follower.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(hub.metric("mimi_outbox_messages{provider=\"b.example\"}") >= 1.0);
    limit_files(&follower_pid, None);
    accepted.push((alice.send(&room, "end").await.unwrap().0, "end".to_owned()));
    let seen = until(&bob, "the end", |event| matches!(event, Event::Message { text, .. } if text == "end")).await;
    assert_eq!(messages(&seen), accepted, "not exactly what was accepted, in its order");
    assert_eq!(seen.iter().filter(|event| matches!(event, Event::Committed { .. })).count(), 1);
    assert!(hub.runs() && follower.runs());
    for log in [hub.log(), follower.log()] {
        assert!(!log.contains("panicked"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_written_is_refused_at_the_start_and_stays_whole() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", "");
    let mut served = scene.start("a.example");
    let alice = scene.register("a.example", "alice").await;
    let room = alice.create_room("kept").await.unwrap();
    stop(&mut served);
    let database = scene.path("a.example.db");
    let connection = Connection::open(&database).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    connection.close().unwrap();
    // A write version over 2: SQLite takes the file as one to read alone, whoever asks.
    let good = std::fs::read(&database).unwrap();
    let mut read_only = good.clone();
    read_only[18] = 3;
    std::fs::write(&database, &read_only).unwrap();
    let mut command = Command::new("timeout");
    command.args(["20", BINARY, "serve", "--config", "a.example.toml"]).current_dir(scene.folder.path());
    let text = complaint(&command.output().unwrap());
    assert!(text.contains("readonly") && text.contains("a.example.db"), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    assert_eq!(std::fs::read(&database).unwrap(), read_only);
    std::fs::write(&database, &good).unwrap();
    let _served = scene.start("a.example");
    alice.send(&room, "there again").await.unwrap();
}
