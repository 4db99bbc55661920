//! Logs say what happens and never what must stay secret: a whole flow at the most talkative level, of all crates, in both
//! formats, searched for everything that is secret in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use mimi_client::{Client, Event, Invitation, JoinLinkOptions, RoomOptions};
use mimi_room_policy::{join_code::JoiningCode, ready_made::RoomKind};
use mimi_tests::{
    process::{Scene, Served},
    until,
};
use rusqlite::{Connection, OpenFlags};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const TEXT: &str = "the lighthouse keeper sends regards";

fn start(scene: &Scene, name: &str, format: &str, level: &str) -> Served {
    let config = format!("{name}.toml");
    let mut command = scene.command(&["--log-format", format, "serve", "--config", &config]);
    command.env("RUST_LOG", level);
    scene.start_command(name, command)
}

fn column(path: &Path, sql: &str) -> Vec<Vec<u8>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement
        .query_map([], |row| {
            Ok(match row.get_ref(0)? {
                rusqlite::types::ValueRef::Text(text) | rusqlite::types::ValueRef::Blob(text) => text.to_vec(),
                other => panic!("{other:?}"),
            })
        })
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// The ways in which octets get into logs: as they are, in hexadecimal of both cases, in base64, and as lists of numbers.
fn forms(secret: &[u8]) -> Vec<String> {
    let mut forms = vec![
        hex::encode(secret),
        hex::encode_upper(secret),
        base64(secret),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", "),
        secret.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
        secret.escape_ascii().to_string(),
    ];
    if let Ok(text) = std::str::from_utf8(secret) {
        forms.push(text.to_owned());
    }
    forms
}

/// Without padding and without the last group, so that it is found inside a longer text as well.
fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| char::from(DIGITS[(bits & 63) as usize]);
    octets
        .chunks_exact(3)
        .flat_map(|group| {
            let bits = u32::from(group[0]) << 16 | u32::from(group[1]) << 8 | u32::from(group[2]);
            [digit(bits >> 18), digit(bits >> 12), digit(bits >> 6), digit(bits)]
        })
        .collect()
}

/// A room across two providers, a new device, a registration that is refused, a removal.
async fn flow(scene: &Scene) -> (Vec<Client>, Vec<JoiningCode>) {
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    alice.send(&room, TEXT).await.unwrap();
    until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
    let config = scene.client_config("b.example", "bob-two");
    let second = Client::register(config, "bob", "two", Some(bob.user_secret())).await.unwrap();
    second.join_external(&room).await.unwrap();
    second.send(&room, TEXT).await.unwrap();
    let wrong =
        Client::register(scene.client_config("a.example", "mallory"), "alice", "x", Some("guessed-secret")).await;
    assert!(wrong.is_err());
    bob.sync().await.unwrap();
    bob.leave(&room).await.unwrap();
    alice.sync().await.unwrap();
    // A right code and a wrong one.
    let options = RoomOptions { kind: RoomKind::Announcement, ..RoomOptions::default() };
    let news = alice.create_room_with("news", options).await.unwrap();
    let link = alice.create_join_link(&news, JoinLinkOptions::default()).await.unwrap();
    let guess = JoiningCode::from_octets(*b"guessed-the-code");
    bob.join_by_code(&Invitation { room: news, code: guess.clone() }).await.unwrap_err();
    bob.join_by_code(&link).await.unwrap();
    (vec![alice, bob, second], vec![link.code, guess])
}

/// Everything that is secret in the scene, with a name for it.
fn secrets(scene: &Scene, clients: &[Client], codes: &[JoiningCode]) -> Vec<(String, Vec<u8>)> {
    let mut secrets = vec![("the text".to_owned(), TEXT.as_bytes().to_vec())];
    secrets.extend(codes.iter().map(|code| ("a joining code".to_owned(), code.as_bytes().to_vec())));
    secrets.push(("a guessed secret".to_owned(), b"guessed-secret".to_vec()));
    for client in clients {
        secrets.push((format!("account secret of {}", client.id()), client.user_secret().as_bytes().to_vec()));
    }
    for state in ["alice", "bob", "bob-two"] {
        for token in column(&scene.path(&format!("{state}.sqlite")), "SELECT token FROM mimi_account") {
            secrets.push((format!("token of {state}"), token));
        }
    }
    for name in ["a.example", "b.example"] {
        let database = scene.path(&format!("{name}.db"));
        for seed in column(&database, "SELECT seed FROM provider_key") {
            secrets.push((format!("signing key of {name}"), seed));
        }
        for key in column(&database, "SELECT key FROM franking_keys") {
            secrets.push((format!("franking secret of {name}"), key));
        }
        for digest in column(&database, "SELECT token_digest FROM clients") {
            secrets.push((format!("digest of a token at {name}"), digest));
        }
        // The middle of the PEM text, on a line of its own.
        let key = std::fs::read_to_string(scene.path(&format!("{name}.key"))).unwrap();
        secrets.push((format!("TLS key of {name}"), key.lines().nth(1).unwrap().as_bytes().to_vec()));
    }
    assert_eq!(secrets.len(), 2 + 2 + 3 + 3 + 2 + 2 + 3 + 2, "a secret is missing or a table has another name");
    assert!(secrets.iter().all(|(_, secret)| secret.len() >= 14));
    secrets
}

fn assert_free_of_secrets(log: &str, secrets: &[(String, Vec<u8>)]) {
    for (name, secret) in secrets {
        for form in forms(secret) {
            if let Some(at) = log.find(&form) {
                let begin = log[..at].rfind('\n').map_or(0, |at| at + 1);
                let line: String = log[begin..].chars().take(400).collect();
                panic!("{name} is in the log: {line}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_the_logs_of_a_whole_flow_at_the_most_talkative_level() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "");
    let hub = start(&scene, "a.example", "json", "trace");
    let follower = start(&scene, "b.example", "text", "trace");
    let (clients, codes) = flow(&scene).await;
    hub.signal("HUP");
    let secrets = secrets(&scene, &clients, &codes);
    for log in [hub.log(), follower.log()] {
        // That it was talkative: requests of both listeners, and what libraries do.
        assert!(log.len() > 100_000 && log.contains("h2::") && log.contains("mimi_provider::"), "{} octets", log.len());
        assert_free_of_secrets(&log, &secrets);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_are_an_object_a_line_with_time_level_and_fields() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.configure("a.example", "", "");
    let mut served = start(&scene, "a.example", "json", "mimi_provider=debug");
    served.signal("TERM");
    served.wait(std::time::Duration::from_secs(15));
    let log = served.log();
    let begun: Vec<serde_json::Value> =
        log.lines().filter(|line| line.starts_with('{')).map(|line| serde_json::from_str(line).unwrap()).collect();
    let serves = begun.iter().find(|line| line["message"] == "provider serves").expect("the start is logged");
    assert_eq!((&serves["level"], &serves["domain"]), (&"INFO".into(), &"a.example".into()));
    assert!(serves["timestamp"].is_string() && serves["target"] == "mimi_provider::provider");
}

#[test]
fn the_search_finds_a_secret_in_each_form_that_it_knows() {
    let secret = [("key".to_owned(), b"\x01\x02\xfe secret \xff".to_vec())];
    for log in [
        "x 0102fe2073656372657420ff y",
        "x 0102FE2073656372657420FF y",
        "x AQL+IHNlY3JldCD/ y",
        "x [1, 2, 254, 32, 115, 101, 99, 114, 101, 116, 32, 255] y",
        "x b\"\\x01\\x02\\xfe secret \\xff\" y",
    ] {
        assert!(std::panic::catch_unwind(|| assert_free_of_secrets(log, &secret)).is_err(), "{log}");
    }
    assert_free_of_secrets("nothing in particular", &secret);
}
