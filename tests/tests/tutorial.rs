//! Runs the commands of docs/tutorial.md as they stand there, in one shell, on ports that are free.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

use mimi_tests::{free_addresses, repository};

/// The lines after `$ ` in the console blocks.
fn commands(tutorial: &str) -> Vec<&str> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in tutorial.lines() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if inside => found.push(line.strip_prefix("$ ").expect("a console block holds commands only")),
            _ => {}
        }
    }
    found
}

#[test]
fn the_commands_of_the_tutorial_do_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    symlink(Path::new(env!("CARGO_BIN_EXE_mimi-under-test")), folder.path().join("mimi")).unwrap();
    let first = first_of_free_ports();
    let text = fs::read_to_string(repository().join("docs/tutorial.md"))
        .unwrap()
        .replace("--first-port 7001", &format!("--first-port {first}"))
        .replace("127.0.0.1:7101", &format!("127.0.0.1:{}", first + 100))
        .replace("127.0.0.1:7102", &format!("127.0.0.1:{}", first + 101));
    let commands = commands(&text);
    assert!(commands.len() > 15, "the tutorial has lost its commands");

    let mut script = String::from("set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    for command in &commands {
        writeln!(script, "echo {}", shell_quoted(&format!("$ {command}"))).unwrap();
        writeln!(script, "{command}").unwrap();
        if let Some(config) = command.strip_suffix(" &") {
            let port = if config.contains("a.example") { first + 100 } else { first + 101 };
            writeln!(
                script,
                "for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && break; sleep 0.1; done"
            )
            .unwrap();
        }
    }
    let path = std::env::join_paths(
        std::iter::once(folder.path().to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(folder.path())
        .env("PATH", path)
        .env_remove("MIMI_USER_SECRET")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{errors}");
    for expected in [
        "mimi://b.example/u/bob: hello alice",
        "mimi://a.example/u/alice: hello from the tablet",
        "clients: laptop, tablet",
        "note: too cheerful",
        ": hello from the tablet\n",
        "this client was removed",
        "mimi://b.example/u/bob left",
        "joined mimi://a.example/r/news",
        "mimi://b.example/u/bob: just the two of us",
        "for several users, as reader",
        "nobody joins mimi://a.example/r/news by link",
    ] {
        assert!(shown.contains(expected), "no {expected:?} in\n{shown}\n{errors}");
    }
    assert!(!shown.contains("not readable"), "{shown}");
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A port such that it, the next one, and those a hundred above are free: where `mimi init` puts two providers.
fn first_of_free_ports() -> u16 {
    let is_free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    (0..100)
        .map(|_| free_addresses::<1>()[0].port())
        .find(|first| *first < 65_000 && [1, 100, 101].iter().all(|above| is_free(first + above)))
        .expect("four free ports in a hundred attempts")
}
