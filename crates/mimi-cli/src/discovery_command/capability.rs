//! Capabilities: what opens entries that are sealed for a person or a group, in a file to hand on.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::Args;
use mimi_discovery::sealed::Capability;

#[derive(Args)]
pub(crate) struct CapabilityArguments {
    /// The file into which the capability is written; it must not exist.
    file: PathBuf,
}

/// Makes a capability and writes it where its owner alone can read it.
pub(super) fn make(arguments: &CapabilityArguments) -> anyhow::Result<()> {
    let path = &arguments.file;
    write_secret(path, &rand::random())?;
    println!(
        "{}: who has a copy of it opens what is registered with --sealed-for it, and can pass it on",
        path.display()
    );
    Ok(())
}

/// Writes 32 octets as hexadecimal digits into a new file that its owner alone can read.
pub(super) fn write_secret(path: &Path, octets: &[u8; 32]) -> anyhow::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot make {}", path.display()))?;
    writeln!(file, "{}", hex::encode(octets)).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads what [`write_secret`] wrote; `what` says what it is.
pub(super) fn read_secret(path: &Path, what: &str) -> anyhow::Result<[u8; 32]> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let octets = hex::decode(text.trim()).ok().and_then(|octets| octets.try_into().ok());
    octets.with_context(|| format!("{} holds no {what} of 64 hexadecimal digits", path.display()))
}

/// Reads capabilities.
pub(super) fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Capability>> {
    paths.iter().map(|path| read_secret(path, "capability").map(Capability::new)).collect()
}
