//! `mimi client` with state files that are encrypted, lost and restored.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, process::Output};

use mimi_client::Event;
use mimi_tests::{
    process::{Scene, complaint, printed},
    until,
};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn client(scene: &Scene, state: &str, arguments: &[&str], passphrase: Option<&str>) -> Output {
    let mut command = scene.command(&[&["client", "--state", state], arguments].concat());
    for name in ["MIMI_PASSPHRASE", "MIMI_PASSPHRASE_FILE", "MIMI_USER_SECRET"] {
        command.env_remove(name);
    }
    if let Some(passphrase) = passphrase {
        command.env("MIMI_PASSPHRASE", passphrase);
    }
    command.output().unwrap()
}

/// Whether some octets are in the state file or in what SQLite puts beside it.
fn holds(scene: &Scene, state: &str, needle: &str) -> bool {
    let files = fs::read_dir(scene.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let beside = files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(state));
    beside.into_iter().any(|path| {
        let octets = fs::read(path).unwrap();
        octets.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
}

fn register(scene: &Scene, state: &str, more: &[&str], passphrase: Option<&str>) -> Output {
    let endpoint = scene.client_config("a.example", "x").endpoint;
    let always = ["register", "--provider", &endpoint, "--domain", "a.example", "--ca", "ca.pem", "--user", "alice"];
    client(scene, state, &[&always[..], more].concat(), passphrase)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_file_is_encrypted_from_the_beginning_or_later_and_opens_with_its_passphrase_alone() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", "");
    let _provider = scene.start("a.example");
    fs::write(scene.path("secret"), "correct horse\n").unwrap();
    fs::write(scene.path("other"), "battery staple").unwrap();

    // From the beginning.
    printed(&register(&scene, "s1", &["--client", "laptop"], Some("correct horse")));
    let whoami = client(&scene, "s1", &["--passphrase-file", "secret", "whoami", "--secret"], None);
    let secret =
        printed(&whoami).lines().find_map(|line| Some(line.strip_prefix("secret")?.trim().to_owned())).unwrap();
    printed(&client(&scene, "s1", &["create", "clubhouse"], Some("correct horse")));
    printed(&client(&scene, "s1", &["send", "clubhouse", "under the third oak"], Some("correct horse")));
    for needle in ["clubhouse", "third oak", &secret, "mimi://", "a.example"] {
        assert!(!holds(&scene, "s1", needle), "{needle}");
    }
    assert!(complaint(&client(&scene, "s1", &["rooms"], None)).contains("--passphrase-file"));
    assert!(complaint(&client(&scene, "s1", &["rooms"], Some("wrong"))).contains("the passphrase does not open"));
    assert!(complaint(&client(&scene, "s1", &["rooms"], Some(""))).contains("MIMI_PASSPHRASE is set"));
    assert!(complaint(&client(&scene, "s1", &["--passphrase-file", "nowhere", "rooms"], None)).contains("nowhere"));

    // Later.
    printed(&register(&scene, "s2", &["--client", "phone", "--secret", &secret], None));
    printed(&client(&scene, "s2", &["join", "clubhouse"], None));
    assert!(holds(&scene, "s2", "clubhouse") && holds(&scene, "s2", &secret));
    let refused = complaint(&client(&scene, "s2", &["rooms"], Some("correct horse")));
    assert!(refused.contains("mimi client encrypt"), "{refused}");
    assert!(complaint(&client(&scene, "s2", &["encrypt"], None)).contains("there is no passphrase"));
    printed(&client(&scene, "s2", &["encrypt"], Some("correct horse")));
    for needle in ["clubhouse", &secret, "mimi://"] {
        assert!(!holds(&scene, "s2", needle), "{needle}");
    }
    assert!(complaint(&client(&scene, "s2", &["encrypt"], Some("correct horse"))).contains("is encrypted"));
    let change = ["--passphrase-file", "secret", "change-passphrase", "--new-passphrase-file", "other"];
    printed(&client(&scene, "s2", &change, None));
    assert!(complaint(&client(&scene, "s2", &change, None)).contains("does not open"));
    assert!(printed(&client(&scene, "s2", &["rooms"], Some("battery staple"))).contains("clients: laptop, phone"));
    assert!(!scene.path("s3").exists());
    assert!(!client(&scene, "s3", &["encrypt"], Some("correct horse")).status.success());
    assert!(!scene.path("s3").exists(), "a file that is not there is not made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_comes_back_with_an_older_copy_and_a_new_one_takes_the_place_of_a_lost_one() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "");
    let _providers = [scene.start("a.example"), scene.start("b.example")];
    let bob = scene.register("b.example", "bob").await;
    printed(&register(&scene, "s1", &["--client", "laptop"], None));
    printed(&client(&scene, "s1", &["create", "clubhouse"], None));
    printed(&client(&scene, "s1", &["add", "clubhouse", bob.user().as_str()], None));
    let room = "mimi://a.example/r/clubhouse".parse().unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;

    fs::copy(scene.path("s1"), scene.path("copy")).unwrap();
    bob.send(&room, "read once").await.unwrap();
    assert!(
        printed(&client(&scene, "s1", &["watch", "--messages", "1", "--seconds", "30"], None)).contains("read once")
    );
    fs::copy(scene.path("copy"), scene.path("s1")).unwrap();
    let rejoined = printed(&client(&scene, "s1", &["rejoin"], None));
    assert!(rejoined.contains("joined mimi://a.example/r/clubhouse anew\nthe key packages are replaced"), "{rejoined}");
    until(&bob, "the return", |event| matches!(event, Event::Committed { .. })).await;
    bob.send(&room, "after the return").await.unwrap();
    let seen = printed(&client(&scene, "s1", &["watch", "--messages", "1", "--seconds", "30"], None));
    assert!(
        seen.contains("after the return") && !seen.contains("read once") && !seen.contains("not readable"),
        "{seen}"
    );
    printed(&client(&scene, "s1", &["rejoin", "clubhouse"], None));
    assert!(complaint(&client(&scene, "s1", &["rejoin", "attic"], None)).contains("no group information"));

    let secret = printed(&client(&scene, "s1", &["whoami", "--secret"], None));
    let secret = secret.lines().find_map(|line| Some(line.strip_prefix("secret")?.trim().to_owned())).unwrap();
    fs::remove_file(scene.path("s1")).unwrap();
    printed(&register(&scene, "s2", &["--client", "phone", "--secret", &secret], None));
    let joined = printed(&client(&scene, "s2", &["join", "clubhouse", "--replacing", "laptop"], None));
    assert!(joined.contains("in the place of mimi://a.example/d/alice/laptop"), "{joined}");
    assert!(printed(&client(&scene, "s2", &["end-client", "laptop"], None)).contains("has no access any more"));
    assert!(complaint(&client(&scene, "s2", &["end-client", "phone"], None)).contains("no other client"));
    let rooms = printed(&client(&scene, "s2", &["rooms"], None));
    assert!(rooms.contains("alice  role 3  clients: phone"), "{rooms}");
}
