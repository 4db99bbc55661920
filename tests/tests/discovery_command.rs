//! `mimi init --discovery`, `mimi discovery` and `mimi find` as a person types them: four processes, two clients, and nothing of the number in any log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const NUMBER: &str = "+12125551212";

/// A process that is killed when the test ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).env_remove("RUST_LOG").env_remove("MIMI_STATE");
    command
}

fn mimi(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// What a command prints that has to succeed.
fn said(folder: &Path, arguments: &[&str]) -> String {
    let output = mimi(folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that has to fail.
fn complaint(folder: &Path, arguments: &[&str]) -> String {
    let output = mimi(folder, arguments);
    assert!(!output.status.success(), "{arguments:?}");
    format!("{}{}", String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// Starts a process and waits until it serves. It logs all that there is to say.
fn serve(folder: &Path, name: &str, arguments: &[&str]) -> Served {
    let log = File::create(folder.join(format!("{name}.log"))).unwrap();
    let mut command = command(folder, arguments);
    let mut child = command.env("RUST_LOG", "trace").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let log = || std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap();
    assert!(line.contains("serving"), "{name}: {line:?} {}", log());
    Served(child)
}

/// The first of a row of ports of which all that are used here are free.
fn first_port() -> u16 {
    let free =
        |first: &u16| [0, 1, 100, 101, 200, 201].iter().all(|at| TcpListener::bind(("127.0.0.1", first + at)).is_ok());
    (21_000..30_000).step_by(307).find(free).unwrap()
}

fn eventually(what: &str, mut attempt: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !attempt() {
        assert!(begun.elapsed() < Duration::from_secs(60), "in vain: {what}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
fn a_person_is_found_by_number_with_the_commands_alone() {
    let folder = tempfile::Builder::new().prefix("mimi-tests-").tempdir().unwrap();
    let folder = folder.path();
    let first = first_port();
    said(folder, &["init", ".", "--discovery", "--first-port", &first.to_string()]);
    for (name, setting) in [("dp.example", "modes = [\"s\", \"b\", \"p\"]\n"), ("relay.example", "retrievals = true\n")]
    {
        let path = folder.join(format!("{name}.toml"));
        let written = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{setting}{written}")).unwrap();
        if !cfg!(feature = "pir") && name == "dp.example" {
            let check = ["discovery", "serve", "--config", "dp.example.toml", "--check"];
            assert!(complaint(folder, &check).contains("--features pir"));
            std::fs::write(&path, written).unwrap();
        }
    }
    for name in ["dp.example", "relay.example"] {
        let config = format!("{name}.toml");
        assert!(said(folder, &["discovery", "serve", "--config", &config, "--check"]).contains("nothing is wrong"));
    }
    let broken = std::fs::read_to_string(folder.join("dp.example.toml")).unwrap();
    let broken = broken.replace("\"trust.toml\"", "\"nowhere.toml\"").replace("[\"relay.example\"]", "[\"-\"]");
    std::fs::write(folder.join("broken.toml"), broken).unwrap();
    let wrong = complaint(folder, &["discovery", "serve", "--config", "broken.toml", "--check"]);
    assert!(wrong.contains("  trust: ") && wrong.contains("  relays: "), "{wrong}");
    let mut running = Vec::new();
    for name in ["a.example", "b.example"] {
        running.push(serve(folder, name, &["serve", "--config", &format!("{name}.toml")]));
    }
    for name in ["dp.example", "relay.example"] {
        running.push(serve(folder, name, &["discovery", "serve", "--config", &format!("{name}.toml")]));
    }
    for (at, user, provider) in [(100, "alice", "a.example"), (101, "bob", "b.example")] {
        let (state, url) = (format!("{user}.sqlite"), format!("https://127.0.0.1:{}", first + at));
        let who = ["--provider", &url, "--domain", provider, "--ca", "ca.pem", "--user", user];
        said(folder, &[["client", "--state", &state, "register"].as_slice(), &who].concat());
    }
    let key = said(folder, &["discovery", "key", "--state", "bob.sqlite"]);
    let issuer = ["--issuer", "carrier.example", "--issuer-key", "carrier.example.issuer-key"];
    let for_bob = ["--key", key.trim(), "--out", "bob.attestation"];
    said(folder, &[["discovery", "attest", NUMBER].as_slice(), &issuer, &for_bob].concat());
    let find = ["find", NUMBER, "--state", "alice.sqlite", "--trust", "trust.toml"];
    eventually("the discovery provider has the issuing key", || {
        complaint(folder, &find).contains("nobody has registered this identifier")
    });
    let register = ["discovery", "register", "--attestation", "bob.attestation", "--state"];
    let not_his = complaint(folder, &[register.as_slice(), &["alice.sqlite"]].concat());
    assert!(not_his.contains("mimi discovery key"), "{not_his}");
    said(folder, &[register.as_slice(), &["bob.sqlite"]].concat());
    // req: UD03-6-03
    assert!(complaint(folder, &find).contains("finds nobody"), "the profile does not have it yet");
    let profile = ["client", "--state", "bob.sqlite", "profile", "set", "phone_number", NUMBER];
    said(folder, &[profile.as_slice(), &["--searchable", "exactly"]].concat());

    let found = said(folder, &[find.as_slice(), &["--ask"]].concat());
    assert!(found.contains("service b.example") && found.contains("mimi://b.example/u/bob"), "{found}");
    said(folder, &["client", "--state", "bob.sqlite", "consent", "grant", "mimi://a.example/u/alice"]);
    let opened = said(folder, &[find.as_slice(), &["--open", "found"]].concat());
    assert!(opened.contains("talking in mimi://a.example/r/found"), "{opened}");
    let lookup = ["discovery", "lookup", NUMBER, "--state", "alice.sqlite", "--trust", "trust.toml", "--mode"];
    eventually("mode b finds the mapping, too", || {
        said(folder, &[lookup.as_slice(), &["b"]].concat()).contains("dp.example: one service")
    });
    #[cfg(feature = "pir")]
    {
        let find_p = [find.as_slice(), &["--mode", "p"]].concat();
        let output = |arguments: &[&str]| String::from_utf8(mimi(folder, arguments).stdout).unwrap();
        eventually("mode p finds the mapping, too", || output(&find_p).contains("the user has consented"));
        assert!(said(folder, &[lookup.as_slice(), &["p"]].concat()).contains("dp.example: one service"));
    }
    #[cfg(not(feature = "pir"))]
    for refused in [lookup.as_slice(), &["find", NUMBER, "--state", "alice.sqlite", "--trust", "trust.toml", "--mode"]]
    {
        assert!(complaint(folder, &[refused, &["p"]].concat()).contains("--features pir"));
    }
    // req: UD03-17-05, UD03-17-06
    // Sealed: who has the capability finds the service, everybody else that there is one.
    for name in ["family.capability", "other.capability"] {
        said(folder, &["discovery", "capability", name]);
    }
    assert!(complaint(folder, &["discovery", "capability", "family.capability"]).contains("cannot make"));
    let sealed = ["bob.sqlite", "--sealed-service", "b.example", "--sealed-for", "family.capability"];
    said(folder, &[register.as_slice(), &sealed].concat());
    let with = |mode: &str, capabilities: &[&str]| {
        let options = capabilities.iter().flat_map(|file| ["--capability", file]);
        let arguments: Vec<&str> = lookup.iter().copied().chain([mode]).chain(options).collect();
        said(folder, &arguments)
    };
    let opened = "service b.example  (sealed for this sender)";
    assert!(with("s", &["family.capability"]).contains(opened));
    assert!(with("s", &["other.capability", "family.capability"]).contains(opened));
    for capabilities in [&[] as &[&str], &["other.capability"]] {
        let seen = with("s", capabilities);
        assert!(seen.contains("none of the services is for this sender") && !seen.contains("b.example"), "{seen}");
    }
    eventually("mode b has the sealed entry, too", || with("b", &["family.capability"]).contains(opened));
    let found = said(folder, &[find.as_slice(), &["--capability", "family.capability"]].concat());
    assert!(found.contains("service b.example") && found.contains("mimi://b.example/u/bob"), "{found}");
    let not_found = complaint(folder, &find);
    assert!(!not_found.contains("b.example"), "{not_found}");
    let halves = ["bob.sqlite", "--sealed-service", "b.example"];
    assert!(complaint(folder, &[register.as_slice(), &halves].concat()).contains("--sealed-for"));

    said(folder, &["discovery", "remove", NUMBER, "--state", "bob.sqlite"]);
    assert!(said(folder, &[lookup.as_slice(), &["s"]].concat()).contains("nobody has registered"));

    drop(running);
    for name in ["a.example", "b.example", "dp.example", "relay.example"] {
        let log = std::fs::read_to_string(folder.join(format!("{name}.log"))).unwrap();
        assert!(log.len() > 1000, "{name} logs");
        let line = log.lines().find(|line| line.contains("2125551212"));
        assert_eq!(line, None, "{name} logs whom somebody looks for");
    }
}
