//! `mimi content show`: what a message says.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow};
use clap::Args;
use mimi_content::MimiContent;

use super::{json, notation};
use crate::input::{name, read};
use crate::screen::{escape_json, print};

#[derive(Args)]
pub(crate) struct ShowArguments {
    /// The file; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Prints JSON, which `mimi content make --json` takes.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let octets = read(&arguments.file).with_context(|| name(&arguments.file))?;
    let content = MimiContent::decode(&octets).map_err(|error| {
        let (rule, section, offset) = (error.rule(), error.section(), error.offset());
        anyhow!("{}: rejected: {rule} ({section}, offset {offset})", name(&arguments.file))
    })?;
    let text = if arguments.json {
        let text = serde_json::to_string_pretty(&json::Message::from(&content)).context("JSON cannot be written")?;
        escape_json(&text) + "\n"
    } else {
        notation::of_message(&content)
    };
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
