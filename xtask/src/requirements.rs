//! The requirement tables of `docs/requirements`, and their comparison with the text of a draft.

mod check;
mod draft_text;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;

pub(crate) use table::{Requirement, Status, Table, load};

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Arguments {
    /// Recompute the hashes from a draft's plain text and report what changed, moved or vanished
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
    /// Print the sentences of a draft's plain text with their sections and hashes
    #[arg(long, value_name = "FILE")]
    sentences: Option<PathBuf>,
}

/// Runs the task.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<()> {
    if let Some(path) = &arguments.sentences {
        for sentence in draft_text::sentences(&read(path)?) {
            println!("{}\t{}\t{}", sentence.section, sentence.sha256(), sentence.text);
        }
    }
    match &arguments.check {
        Some(path) => check::run(&load(root)?, &read(path)?),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
