//! An issuer to try things out: a key in a file, and attestations. A real issuer checks first that the identifier is the user's.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use clap::Args;
use mimi_arch::codec::Wire as _;
use mimi_discovery::{
    CsiAttestation, Seconds,
    attestation::{AssignmentEpoch, NewAttestation},
    profile::{Key, Validity},
};

use super::{capability, trust};

const DAY: u64 = 86_400;

#[derive(Args)]
pub(crate) struct KeyArguments {
    /// The file into which the key is written; it must not exist.
    file: PathBuf,
    /// The issuer's domain.
    #[arg(long)]
    issuer: String,
}

#[derive(Args)]
pub(crate) struct AttestArguments {
    /// A telephone number with country code, a mail address, or the MIMI URI of a user.
    identifier: String,
    /// The issuer's key, as `mimi discovery issuer-key` wrote it.
    #[arg(long, value_name = "FILE")]
    issuer_key: PathBuf,
    /// The issuer's domain.
    #[arg(long)]
    issuer: String,
    /// The user's key, as `mimi discovery key` shows it.
    #[arg(long, value_name = "HEX")]
    key: String,
    /// Grows whenever the identifier goes to somebody else.
    #[arg(long, default_value_t = 1)]
    epoch: u64,
    /// For how many days; 399 at most.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=399))]
    days: u64,
    /// Where the attestation is written, for `mimi discovery register`.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Makes a key and writes it where its owner alone can read it.
pub(crate) fn make_key(path: &Path) -> anyhow::Result<Key> {
    let seed: [u8; 32] = rand::random();
    capability::write_secret(path, &seed)?;
    Ok(Key::from_seed(seed))
}

pub(super) fn key(arguments: &KeyArguments) -> anyhow::Result<()> {
    let issuer = super::domain(&arguments.issuer)?;
    let key = make_key(&arguments.file)?;
    println!("# who trusts this issuer for all telephone numbers; a `prefix` makes them fewer\n[[issuers]]");
    println!("domain = \"{issuer}\"\nkey = \"{}\"\nkind = \"phone\"", hex::encode(key.public().0));
    Ok(())
}

pub(super) fn attest(arguments: &AttestArguments) -> anyhow::Result<()> {
    let seed = capability::read_secret(&arguments.issuer_key, "key")?;
    let now = Seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    let attestation = NewAttestation {
        csi: &super::identifier(&arguments.identifier)?,
        csip: &super::domain(&arguments.issuer)?,
        subject_key: trust::public_key(&arguments.key)?,
        assignment_epoch: AssignmentEpoch(arguments.epoch),
        validity: Validity { not_before: now, not_after: now.plus(arguments.days * DAY) },
    }
    .sign(&Key::from_seed(seed))?;
    let mut text = hex::encode(attestation.to_bytes()?);
    text.push('\n');
    fs::write(&arguments.out, text).with_context(|| format!("cannot write {}", arguments.out.display()))?;
    println!("{} speaks for it now: {}", arguments.key.trim(), arguments.out.display());
    Ok(())
}

/// Reads what [`attest`] wrote.
pub(super) fn read_attestation(path: &Path) -> anyhow::Result<CsiAttestation> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let octets = hex::decode(text.trim()).with_context(|| format!("{} is not hexadecimal", path.display()))?;
    CsiAttestation::from_bytes(&octets).with_context(|| format!("{} holds no attestation", path.display()))
}
