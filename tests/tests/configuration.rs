//! The configuration file: its documentation is what the program reads, and everything that is wrong with one is said at once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;

use mimi_provider::config::settings;
use mimi_tests::{
    process::{Scene, complaint, printed},
    repository,
};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

#[test]
fn the_page_on_configuration_is_the_one_made_from_the_settings() {
    let path = repository().join("docs/configuration.md");
    let made = settings::to_markdown();
    if std::env::var_os("MIMI_WRITE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == made,
        "docs/configuration.md is stale: MIMI_WRITE_DOCS=1 cargo test -p mimi-tests --test configuration"
    );
}

#[test]
fn the_example_that_is_printed_passes_the_check_once_its_files_are_there() {
    let scene = Scene::new(BINARY, &["a.example"]);
    let example = printed(&scene.mimi(&["serve", "--print-config"]));
    assert_eq!(example, settings::example());
    fs::write(scene.path("example.toml"), &example).unwrap();
    let good = printed(&scene.mimi(&["serve", "--config", "example.toml", "--check"]));
    assert!(good.contains("nothing is wrong"), "{good}");
    assert!(!scene.path("a.example.db").exists(), "checking has made a database");
}

#[test]
fn what_is_wrong_with_settings_is_said_all_at_once() {
    let scene = Scene::new(BINARY, &["a.example"]);
    let text = "domain = \"a..b\"\nlisten = \"here\"\nclient_listen = \"127.0.0.1:0\"\ndatabse = \"a.db\"\n[limits]\nbody = 1\n";
    fs::write(scene.path("bad.toml"), text).unwrap();
    for check in [&["serve", "--config", "bad.toml", "--check"][..], &["serve", "--config", "bad.toml"]] {
        let said = complaint(&scene.mimi(check));
        for setting in
            ["domain: ", "listen: ", "database: is missing", "databse: ", "tls.key: is missing", "limits.body: "]
        {
            assert!(said.contains(setting), "no {setting} in {said}");
        }
    }
    fs::write(scene.path("bad.toml"), "domain = \n").unwrap();
    assert!(complaint(&scene.mimi(&["serve", "--config", "bad.toml", "--check"])).contains("line 1"));
}

#[test]
fn what_is_wrong_with_files_is_said_with_the_setting_that_names_them() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    let check = ["serve", "--config", "a.example.toml", "--check"];
    printed(&scene.mimi(&check));

    let key = fs::read(scene.path("a.example.key")).unwrap();
    fs::write(scene.path("a.example.key"), "no key").unwrap();
    fs::write(scene.path("a.example.db"), "not a database, but longer than the header of one is: ".repeat(4)).unwrap();
    let said = complaint(&scene.mimi(&check));
    assert!(said.contains("  tls.key: ") && said.contains("  database: "), "{said}");

    fs::write(scene.path("a.example.key"), &key).unwrap();
    fs::copy(scene.path("b.example.pem"), scene.path("a.example.pem")).unwrap();
    fs::remove_file(scene.path("a.example.db")).unwrap();
    // The certificate of another provider does not fit the key either, so that comes first.
    assert!(complaint(&scene.mimi(&check)).contains("  tls"), "a key that does not fit");
    fs::copy(scene.path("b.example.key"), scene.path("a.example.key")).unwrap();
    let said = complaint(&scene.mimi(&check));
    assert!(said.contains("tls.certificate: the certificate is not for a.example; it names: b.example"), "{said}");

    fs::remove_file(scene.path("ca.pem")).unwrap();
    assert!(complaint(&scene.mimi(&check)).contains("  tls.authorities: cannot read"));
}
