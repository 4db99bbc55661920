//! `mimi policy` as a person or a script runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use mimi_protocol::{
    codec::Wire,
    mls::{AppDataDictionary, ComponentData, ComponentId},
};

fn policy(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mimi")).arg("policy").args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

fn file(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn every_kind_is_made_shown_and_found_clean() {
    let folder = tempfile::tempdir().unwrap();
    for kind in [
        "direct-message",
        "group",
        "moderated-group",
        "announcement",
        "open-community",
        "parent-dependent",
        "cooperative",
        "strict",
        "moderated",
        "multi-organization",
    ] {
        let path = file(folder.path(), kind);
        let parent = "mimi://a.example/r/parent";
        let made = policy(&["make", kind, "--provider", "a.example", "--parent", parent, "--out", &path]);
        assert_eq!((made.status.code(), text(&made.stderr)), (Some(0), String::new()), "{kind}");
        let written = fs::read(&path).unwrap();
        // The same octets go to a pipe.
        let piped = policy(&["make", kind, "--provider", "a.example", "--parent", parent]);
        assert_eq!(piped.stdout, written, "{kind}");
        let shown = policy(&["show", &path]);
        assert_eq!(shown.status.code(), Some(0), "{kind}");
        assert!(text(&shown.stdout).contains("\nroles_list (0x0025)\n  role 0 "), "{kind}");
        let linted = policy(&["lint", &path]);
        let words = text(&linted.stdout);
        assert_eq!(linted.status.code(), Some(0), "{kind}: {words}");
        assert!(words.lines().last().unwrap().starts_with("0 contradictory, 0 dangerous, "), "{words}");
    }
}

#[test]
fn a_policy_with_a_contradiction_answers_1() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "bad");
    // A base policy alone: no roles.
    let base = ComponentData { component_id: ComponentId::BASE_ROOM_POLICY, data: vec![0, 0, 0, 1, 0, 0, 0, 0, 0, 0] };
    fs::write(&path, AppDataDictionary::new(vec![base]).unwrap().to_bytes().unwrap()).unwrap();
    let linted = policy(&["lint", &path]);
    assert_eq!(linted.status.code(), Some(1));
    let expected = "contradiction: the room has no roles_list, so nobody may do anything [roles-missing] \
                    (draft-ietf-mimi-room-policy-03 section 3)\n1 contradictory, 0 dangerous, 0 unreachable, 0 to know\n";
    assert_eq!(text(&linted.stdout), expected);
    let json = policy(&["lint", "--json", &path]);
    assert_eq!(json.status.code(), Some(1));
    let findings: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(findings[0]["code"], "roles-missing");
    assert_eq!(findings[0]["severity"], "contradiction");
}

#[test]
fn a_file_that_is_no_policy_answers_2() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "noise");
    fs::write(&path, [0x45, 1, 2]).unwrap();
    for command in ["lint", "show"] {
        for file in [path.as_str(), "/nowhere/at/all"] {
            let answer = policy(&[command, file]);
            assert_eq!(answer.status.code(), Some(2), "{command} {file}");
            assert!(answer.stdout.is_empty());
            assert!(text(&answer.stderr).starts_with(&format!("error: {file}: ")));
        }
    }
}

#[test]
fn a_dependent_room_cannot_be_made_without_its_parent() {
    let answer = policy(&["make", "parent-dependent"]);
    assert_eq!(answer.status.code(), Some(2));
    assert!(text(&answer.stderr).contains("--parent <URI>"));
    let user = policy(&["make", "parent-dependent", "--parent", "mimi://a.example/u/alice"]);
    assert_eq!(user.status.code(), Some(2));
}

#[test]
fn help_says_what_the_commands_are_for() {
    insta::assert_snapshot!(text(&policy(&["--help"]).stdout));
    insta::assert_snapshot!(text(&policy(&["make", "--help"]).stdout));
}
