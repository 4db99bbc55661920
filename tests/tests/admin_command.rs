//! `mimi admin` on the database of a provider that runs, and of one that has stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, time::Duration};

use mimi_client::{Event, ReportOptions};
use mimi_protocol::report_abuse::AbuseType;
use mimi_tests::{
    messages,
    process::{Scene, complaint, eventually, printed},
    until,
};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const ON_A: [&str; 3] = ["admin", "--config", "a.example.toml"];

fn admin(scene: &Scene, arguments: &[&str]) -> String {
    printed(&scene.mimi(&[&ON_A, arguments].concat()))
}

fn admin_json(scene: &Scene, arguments: &[&str]) -> Value {
    serde_json::from_str(&admin(scene, &[arguments, &["--json"]].concat())).unwrap()
}

fn admin_refused(scene: &Scene, arguments: &[&str]) -> String {
    complaint(&scene.mimi(&[&ON_A, arguments].concat()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_provider_is_looked_into_backed_up_and_later_restored() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "");
    assert!(admin_refused(&scene, &["rooms"]).contains("there is no database"));
    let hub = scene.start("a.example");
    assert_eq!(admin(&scene, &["rooms"]), "this provider is the hub of no room\n");
    assert_eq!(admin_json(&scene, &["users"]), json!([]));
    let follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    bob.send(&room, "a secret of bob").await.unwrap();

    // Lists, while the provider runs.
    let rooms = admin_json(&scene, &["rooms", "list"]);
    assert_eq!((&rooms[0]["room"], &rooms[0]["events"]), (&json!("mimi://a.example/r/clubhouse"), &json!(2)));
    let shown = admin_json(&scene, &["rooms", "show", "mimi://a.example/r/clubhouse"]);
    assert_eq!(shown["epoch"], 1);
    let participants = shown["participants"].as_array().unwrap();
    assert_eq!(participants.len(), 2);
    assert_eq!(participants[1]["user"], "mimi://b.example/u/bob");
    assert_eq!(participants[1]["clients"].as_array().unwrap().len(), 1);
    let text = admin(&scene, &["rooms", "show", "mimi://a.example/r/clubhouse"]);
    assert!(text.contains("mimi://b.example/u/bob"), "{text}");
    let users = admin_json(&scene, &["users"]);
    assert_eq!((&users[0]["user"], &users[0]["clients"]), (&json!("mimi://a.example/u/alice"), &json!(1)));
    let queues = admin_json(&scene, &["queues"]);
    assert!(queues[0]["messages"].as_u64().unwrap() >= 1, "{queues}");
    assert!(admin_refused(&scene, &["rooms", "show", "mimi://a.example/r/attic"]).contains("is not the hub of"));
    assert!(admin_refused(&scene, &["rooms", "show", "attic"]).contains("is not a room's URI"));

    // What cannot be sent is in the outbox.
    drop(follower);
    alice.sync().await.unwrap();
    alice.send(&room, "before the backup").await.unwrap();
    let lane = admin_json(&scene, &["outbox"])[0].clone();
    assert_eq!((&lane["provider"], &lane["messages"]), (&json!("b.example"), &json!(1)));

    // Copies, while the provider runs; a restore waits until it does not.
    let copied = admin_json(&scene, &["backup", "copy.db"]);
    assert_eq!(copied["integrity"], "ok");
    assert!(admin_refused(&scene, &["backup", "copy.db"]).contains("exists already"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(scene.path("copy.db")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "the copy holds the provider's key");
    }
    let listed: Value =
        serde_json::from_str(&printed(&scene.mimi(&["admin", "--database", "copy.db", "--json", "users"]))).unwrap();
    assert_eq!(listed, users);
    assert!(admin_refused(&scene, &["restore", "copy.db", "--replace"]).contains("stop it first"));
    assert!(complaint(&scene.mimi(&["serve", "--config", "a.example.toml"])).contains("a provider is using"));

    // The database is lost, the copy takes its place, and what was waiting in it arrives.
    drop(hub);
    let left = admin_json(&scene, &["outbox"])[0].clone();
    assert_eq!(left, lane, "what a killed provider leaves is not readable");
    assert!(admin_refused(&scene, &["restore", "copy.db"]).contains("--replace"));
    fs::write(scene.path("broken.db"), &fs::read(scene.path("copy.db")).unwrap()[..4096 * 3]).unwrap();
    assert!(admin_refused(&scene, &["restore", "broken.db", "--replace"]).contains("broken.db"));
    fs::write(scene.path("a.example.db"), "damaged").unwrap();
    for rest in ["-wal", "-shm"] {
        let _ = fs::remove_file(scene.path(&format!("a.example.db{rest}")));
    }
    let restored = admin_json(&scene, &["restore", "copy.db", "--replace"]);
    assert!(restored["former_database"].as_str().unwrap().ends_with("a.example.db.replaced-1"), "{restored}");
    assert_eq!(fs::read(scene.path("a.example.db.replaced-1")).unwrap(), b"damaged");
    let _follower = scene.start("b.example");
    let _hub = scene.start("a.example");
    let seen = until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
    let texts: Vec<String> = messages(&seen).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["before the backup"]);
    alice.send(&room, "after the restore").await.unwrap();
    eventually("nothing is left in the outbox", Duration::from_secs(10), || {
        admin_json(&scene, &["outbox"]) == json!([])
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_made_under_load_is_whole_and_holds_up_no_writer() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", "");
    let _served = scene.start("a.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("a.example", "bob").await;
    let room = alice.create_room("storm").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    let sending = tokio::spawn(async move {
        for number in 0..200 {
            alice.send(&room, &format!("{number}")).await.unwrap();
        }
    });
    let mut events = Vec::new();
    for number in 0..8 {
        let file = format!("copy-{number}.db");
        let made = tokio::task::block_in_place(|| admin_json(&scene, &["backup", &file]));
        assert_eq!(made["integrity"], "ok");
        let copied = printed(&scene.mimi(&["admin", "--database", &file, "--json", "rooms"]));
        events.push(serde_json::from_str::<Value>(&copied).unwrap()[0]["events"].as_u64().unwrap());
    }
    sending.await.unwrap();
    assert!(events.is_sorted() && events.first() < events.last(), "{events:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_abuse_are_listed_shown_handled_and_forgotten() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "");
    let _providers = [scene.start("a.example"), scene.start("b.example")];
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    assert_eq!(admin(&scene, &["reports"]), "no reports wait\n");
    alice.send(&room, "an insult \u{1b}[2J").await.unwrap();
    until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
    let report = || async {
        let messages = bob.reportable(&room, alice.user(), 1).await.unwrap();
        let (abuser, reason) = (alice.user().clone(), AbuseType::RESERVED);
        let options = ReportOptions { abuser, messages, reason, note: "rude".into(), anonymous: false };
        bob.report(&room, options).await.unwrap();
    };
    report().await;

    let listed = admin_json(&scene, &["reports", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["abuser"], "mimi://a.example/u/alice");
    assert_eq!(
        (&listed[0]["sent_by"], &listed[0]["messages"], &listed[0]["handled"]),
        (&json!("b.example"), &json!(1), &json!(null))
    );
    let number = listed[0]["number"].to_string();
    assert!(!admin(&scene, &["reports"]).contains("insult"), "what was said is shown only when asked for");
    let shown = admin_json(&scene, &["reports", "show", &number]);
    assert_eq!((&shown["reported_by"], &shown["note"]), (&json!("mimi://b.example/u/bob"), &json!("rude")));
    assert_eq!(shown["proven"][0]["text"], "an insult \u{fffd}[2J");
    assert!(admin_refused(&scene, &["reports", "show", "99"]).contains("there is no report 99"));

    admin(&scene, &["reports", "handle", &number]);
    assert_eq!(admin_json(&scene, &["reports"]), json!([]));
    let all = admin_json(&scene, &["reports", "list", "--all"]);
    assert!(all[0]["handled"].is_string(), "{all}");
    // The same once more is no new report.
    report().await;
    assert_eq!(admin_json(&scene, &["reports"]), json!([]));
    admin(&scene, &["reports", "forget", &number]);
    assert_eq!(admin_json(&scene, &["reports", "list", "--all"]), json!([]));
    assert!(admin_refused(&scene, &["reports", "forget", &number]).contains("there is no report"));
}
