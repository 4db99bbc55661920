//! The long forms of what CI does in a short form: fuzzing, the tests over large files, and the storms
//! that providers have to survive.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Every fuzz target of `fuzz/`.
const TARGETS: [&str; 8] = ["decode", "timeline", "protocol", "uris", "directory", "http", "policy", "discovery"];

/// Fuzzes each target for some seconds, starting from the corpus in the tree and adding nothing to it.
///
/// # Errors
/// cargo-fuzz or a nightly toolchain is missing, or a target has a finding.
pub(crate) fn fuzz(root: &Path, seconds: u32) -> Result<()> {
    for target in TARGETS {
        println!("fuzzing {target} for {seconds} s");
        let found = root.join("fuzz/target/found").join(target);
        std::fs::create_dir_all(&found).with_context(|| format!("cannot make {}", found.display()))?;
        let status = Command::new("cargo")
            .args(["+nightly", "fuzz", "run", target])
            .arg(&found)
            .arg(root.join("fuzz/corpus").join(target))
            .args(["--", &format!("-max_total_time={seconds}")])
            // The toolchain that runs this task must not be handed on.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .current_dir(root.join("fuzz"))
            .status()
            .context("cargo does not start")?;
        if !status.success() {
            bail!(
                "fuzzing {target} ended with {status}; a finding stands above (without one: `cargo install cargo-fuzz`, `rustup toolchain install nightly`)"
            );
        }
    }
    Ok(())
}

/// Encrypts and decrypts a file of 1 GiB and looks at the memory that takes.
///
/// # Errors
/// The test fails.
pub(crate) fn large_files(root: &Path) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["test", "--release", "-p", "mimi-content", "--test", "external_memory", "--", "--nocapture"])
        .env("MIMI_LONG_TESTS", "1")
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    if status.success() { Ok(()) } else { bail!("the test over large files ended with {status}") }
}

/// The storms of `tests/`, each longer: kills, mutated requests, a follower that is away.
///
/// # Errors
/// A test fails.
pub(crate) fn soak(root: &Path, kills: u32, requests: u32, away: u32) -> Result<()> {
    let storms = [
        ("crash_storm", "MIMI_KILLS", kills),
        ("hostile", "MIMI_HOSTILE_REQUESTS", requests),
        ("survival_network", "MIMI_AWAY", away),
    ];
    for (test, variable, count) in storms {
        println!("{test} with {variable}={count}");
        let status = Command::new(env!("CARGO"))
            .args(["test", "--release", "-p", "mimi-tests", "--test", test, "--", "--nocapture"])
            .env(variable, count.to_string())
            .current_dir(root)
            .status()
            .context("cargo does not start")?;
        if !status.success() {
            bail!("{test} ended with {status}");
        }
    }
    Ok(())
}

/// The search of a room's states, deeper than in CI (docs/user-states.md): everything that four users can do, so many steps from the start;
/// all that can happen to one user; and a longer look at what the reductions of the search rest on.
///
/// # Errors
/// An invariant does not hold.
pub(crate) fn model(root: &Path, steps: u32, threads: Option<usize>) -> Result<()> {
    let threads = threads.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    println!("the states of a room, {steps} steps of everything, in {threads} threads");
    let status = Command::new(env!("CARGO"))
        // The hub is searched over a group without cryptography: neither the MLS library nor the database is needed.
        .args(["test", "--release", "-p", "mimi-ds", "--no-default-features", "--test", "model"])
        .args(["--", "--nocapture", "--test-threads", "1"])
        .env("MIMI_MODEL_STEPS", steps.to_string())
        .env("MIMI_MODEL_STEPS_OF_ONE", "20")
        .env("MIMI_MODEL_STEPS_OF_TWO", steps.min(4).to_string())
        .env("MIMI_MODEL_STEPS_OF_CLASSES", steps.min(3).to_string())
        .env("MIMI_MODEL_THREADS", threads.to_string())
        .env("MIMI_MODEL_PROGRESS", "1")
        .current_dir(root)
        .status()
        .context("cargo does not start")?;
    if status.success() { Ok(()) } else { bail!("the search ended with {status}") }
}
