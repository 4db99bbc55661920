//! Metrics and health of a running provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeSet, time::Duration};

use mimi_client::Event;
use mimi_protocol::directory::Endpoint;
use mimi_tests::{
    process::{Scene, eventually, get},
    repository, until,
};
use rusqlite::Connection;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const ADMIN: &str = "[admin]\nport = 0";

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_what_a_flow_does_and_name_no_room_user_or_message() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", ADMIN);
    scene.configure("b.example", "", ADMIN);
    let hub = scene.start("a.example");
    let follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    for number in 0..3 {
        bob.send(&room, &format!("note {number}")).await.unwrap();
    }
    // A refusal of the hub: a user whom nobody knows.
    assert!(alice.add(&room, &"mimi://a.example/u/nobody".parse().unwrap()).await.is_err());

    let holds = |name: &str, value: f64| {
        assert_eq!(hub.metric(name), value, "{name} in\n{}", hub.get("/metrics").1);
    };
    holds("mimi_accepted_total{kind=\"room\"}", 1.0);
    holds("mimi_accepted_total{kind=\"commit\"}", 1.0);
    holds("mimi_accepted_total{kind=\"message\"}", 3.0);
    holds("mimi_requests_total{listener=\"providers\",endpoint=\"submitMessage\",status=\"200\"}", 3.0);
    holds("mimi_requests_total{listener=\"clients\",endpoint=\"CreateRoom\",status=\"Ok\"}", 1.0);
    holds("mimi_request_seconds_count{listener=\"providers\",endpoint=\"submitMessage\"}", 3.0);
    holds("mimi_open_rooms", 1.0);
    assert!(hub.metric("mimi_store_commit_seconds_count") >= 5.0);
    assert!(hub.metric("mimi_store_commit_decisions_sum") >= 5.0);
    assert!(hub.metric("mimi_certificate_end_seconds") > 1.7e9);
    assert!(hub.metric("mimi_connections{listener=\"clients\"}") >= 1.0);
    eventually("everything is with the follower", Duration::from_secs(10), || {
        hub.metric("mimi_notifies_total{provider=\"b.example\",result=\"accepted\"}") >= 2.0
            && follower.metric("mimi_requests_total{listener=\"providers\",endpoint=\"notify\",status=\"201\"}") >= 2.0
            && hub.metric("mimi_outbox_messages{provider=\"b.example\"}") == 0.0
    });
    assert!(hub.metric("mimi_queue_messages") >= 3.0, "bob's notes wait for alice");

    // Refusals have names.
    let b = scene.speak_as("b.example");
    let reply = b.post(room.domain(), Endpoint::SubmitMessage, room.as_str(), "no message").await.unwrap();
    assert_eq!(reply.status, 400);
    holds("mimi_refused_total{operation=\"request\",rule=\"MalformedBody\"}", 1.0);
    let carol = scene.register("a.example", "carol").await;
    alice.sync().await.unwrap();
    alice.add(&room, carol.user()).await.unwrap();
    // Refused for its epoch; the client catches up and sends it again.
    bob.send(&room, "late").await.unwrap();
    holds("mimi_refused_total{operation=\"submitMessage\",rule=\"EpochTooOld\"}", 1.0);
    bob.sync().await.unwrap();

    // The follower goes away: the outbox grows, and attempts fail.
    drop(follower);
    alice.sync().await.unwrap();
    alice.send(&room, "anybody there?").await.unwrap();
    eventually("the failed attempt is counted", Duration::from_secs(10), || {
        hub.metric("mimi_outbox_messages{provider=\"b.example\"}") >= 1.0
            && hub.metric("mimi_retries_total{provider=\"b.example\"}") >= 1.0
    });

    let (_, text) = hub.get("/metrics");
    let page = std::fs::read_to_string(repository().join("docs/running.md")).unwrap();
    let documented: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `mimi_")?.split('`').next()).collect();
    let served: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# HELP mimi_")?.split(' ').next()).collect();
    assert_eq!(served, documented, "docs/running.md lists other metrics than there are");
    assert!(text.ends_with("# EOF\n"), "{text}");
    for word in ["alice", "bob", "carol", "clubhouse", "note", "nobody"] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(name.starts_with("mimi_") && value.parse::<f64>().is_ok(), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_that_the_process_lives_and_readiness_that_it_can_work() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", ADMIN);
    let served = scene.start("a.example");
    assert!(served.admin.unwrap().ip().is_loopback());
    assert_eq!(served.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(served.get("/readyz"), (200, "store: ok\nproviders: ok\nclients: ok\n".to_owned()));
    assert_eq!(served.get("/rooms").0, 404);

    let held = Connection::open(scene.path("a.example.db")).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (status, text) = served.get("/readyz");
    assert!(status == 503 && text.contains("store: database: database is locked"), "{status} {text}");
    assert_eq!(served.get("/healthz").0, 200);
    drop(held);
    assert_eq!(served.get("/readyz").0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_not_ready() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", ADMIN);
    // Files of the process cannot grow past a size: what is written past it fails, as on a full disk.
    let mut command = std::process::Command::new("bash");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 640; exec \"$0\" serve --config a.example.toml", BINARY])
        .current_dir(scene.folder.path())
        .env_remove("RUST_LOG");
    let served = scene.start_command("a.example", command);
    assert_eq!(served.get("/readyz").0, 200);
    let alice = scene.register("a.example", "alice").await;
    let mut uploads = 0;
    while alice.upload_key_packages(100).await.is_ok() {
        uploads += 1;
        assert!(uploads < 100, "the limit does not hold");
    }
    let (status, text) = served.get("/readyz");
    assert!(status == 503 && !text.contains("store: ok"), "{status} {text}");
    assert!(served.metric("mimi_store_commits_failed_total") >= 1.0);
    assert_eq!(served.get("/healthz").0, 200);
}

#[test]
fn without_a_port_there_is_no_admin_listener() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", "");
    assert_eq!(scene.start("a.example").admin, None);
    scene.configure("a.example", "", "[admin]\nport = 0\naddress = \"127.0.0.2\"");
    let served = scene.start("a.example");
    assert_eq!(get(served.admin.unwrap(), "/healthz").0, 200);
    assert_eq!(served.admin.unwrap().ip().to_string(), "127.0.0.2");
}
