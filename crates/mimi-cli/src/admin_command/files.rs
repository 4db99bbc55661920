//! `mimi admin backup` and `restore`.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use mimi_ds::SqliteStore;
use mimi_provider::RestoreError;
use serde_json::json;

use super::listing::Listing;

pub(super) fn back_up(store: &SqliteStore, file: &Path) -> anyhow::Result<Listing> {
    store.back_up(file).with_context(|| format!("no backup was made: {}", file.display()))?;
    let octets = fs::metadata(file).context("the backup is gone")?.len();
    Ok(Listing::single(vec![
        ("backup", json!(file.display().to_string())),
        ("octets", json!(octets)),
        ("integrity", json!("ok")),
    ]))
}

pub(super) fn restore(file: &Path, database: &Path, replace: bool) -> anyhow::Result<Listing> {
    let aside = match mimi_provider::restore(file, database, replace) {
        Ok(aside) => aside,
        Err(error @ RestoreError::Exists(_)) => bail!("{error}; say --replace to move it aside"),
        Err(error) => return Err(error.into()),
    };
    Ok(Listing::single(vec![
        ("restored", json!(database.display().to_string())),
        ("former database", aside.map_or(json!(null), |aside| json!(aside.display().to_string()))),
        (
            "note",
            json!(
                "what was accepted after the backup is gone here: clients may be in later epochs, and have to join their rooms anew"
            ),
        ),
    ]))
}
