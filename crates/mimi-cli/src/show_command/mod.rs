//! `mimi show`: any object of the drafts, and of the project's discovery profile, as a tree of names and values.

mod content;
mod directory;
mod discovery;
mod framing;
mod franking;
mod identity;
mod minimal_metadata;
mod mls;
mod names;
mod octets;
mod policy;
mod protocol;
mod registry;
mod render;
mod rooms;
mod semi_private;
#[cfg(test)]
mod tests;
mod tree;
mod vectors;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context, anyhow, bail};
use clap::Args;
use serde::Serialize;

use crate::input;
use crate::screen::{Tone, escape_json, harmless, print, tinted};
use octets::Encoding;
use registry::{Recognised, ShowType};
use render::Renderer;
use tree::{ShowError, Tree};

/// What is told about recognition; the rest stands with the options.
const HELP: &str = "\
What is recognised without --type: text that begins with mimi: as a MimiUri, text that begins with a brace as a
directory, an MLSMessage by its frame, and what only one type can be read as. Types that --types marks as parts stand
inside others, or are as short, and are never guessed. Where several types come into question, they are listed and nothing is shown.

The input is taken for hex if it is nothing but pairs of hexadecimal digits and white space, else for base64 if it is
nothing but that, else for the octets themselves; --encoding says it where that guess is wrong.

Objects of up to 8 MiB are shown. Signatures are not verified, and nothing is decrypted.";

/// Most octets of an object. A tree of names and values takes up to two hundred times the room of what it describes; a ratchet tree
/// of 10,000 members with basic credentials has about 3 MiB.
const MAX_OCTETS: usize = 8 << 20;

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct ShowArguments {
    /// The file; - is standard input.
    #[arg(value_name = "FILE", required_unless_present = "types")]
    file: Option<PathBuf>,
    /// What the octets are; `mimi show --types` lists the names. The casing does not matter.
    #[arg(long, value_name = "TYPE")]
    r#type: Option<String>,
    /// How the input is written, if that cannot be guessed.
    #[arg(long, value_enum)]
    encoding: Option<Encoding>,
    /// The file is one of test vectors (spec-vectors): shows the octets of this test.
    #[arg(long, value_name = "NUMBER", conflicts_with = "encoding")]
    test: Option<u64>,
    /// Prints JSON: octets in hex, and nothing left out.
    #[arg(long)]
    json: bool,
    /// Shows long octets and texts whole.
    #[arg(long, conflicts_with = "json")]
    full: bool,
    /// Lists the types with the sections that define them.
    #[arg(long, exclusive = true)]
    types: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Shown<'a> {
    r#type: &'a str,
    section: &'a str,
    value: &'a Tree,
}

pub(crate) fn run(arguments: &ShowArguments) -> anyhow::Result<ExitCode> {
    let Some(file) = arguments.file.as_ref().filter(|_| !arguments.types) else {
        print(list_of_types().as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let name = input::name(file);
    let octets = input::read(file).with_context(|| name.clone())?;
    let text = show(&octets, arguments).map_err(|error| anyhow!("{name}: {error}"))?;
    print(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

fn list_of_types() -> String {
    let width = registry::all().map(|one| one.name.len()).max().unwrap_or(0);
    let note = |one: &ShowType| if one.is_part { " (part)" } else { "" };
    registry::all().map(|one| format!("{:width$}  {}{}\n", one.name, one.section, note(one))).collect()
}

/// What is printed for this input.
fn show(input: &[u8], arguments: &ShowArguments) -> anyhow::Result<String> {
    let mut wanted = arguments.r#type.as_deref().map(type_named).transpose()?;
    let (octets, raw) = match (arguments.test, arguments.encoding) {
        (Some(number), _) => {
            let vector = vectors::read(input, number).map_err(|error| anyhow!(harmless(&error)))?;
            if wanted.is_none() {
                wanted = registry::find(&vector.type_name);
            }
            (vector.octets.clone(), vector.octets)
        }
        (None, Some(encoding)) => {
            let octets = octets::decode(input, encoding).map_err(|error| anyhow!(error))?;
            (octets.clone(), octets)
        }
        (None, None) if wanted.is_some_and(|one| one.is_text) => (input.to_vec(), input.to_vec()),
        (None, None) => (octets::detect(input).0, input.to_vec()),
    };
    if octets.len() > MAX_OCTETS {
        bail!("has {} octets; up to {} MiB are shown", octets.len(), MAX_OCTETS >> 20);
    }
    let (one, tree) = match wanted {
        Some(one) => (one, (one.read)(&octets).map_err(|error| rejected(one, &error))?),
        None => recognised(&octets, &raw)?,
    };
    if arguments.json {
        let shown = Shown { r#type: one.name, section: one.section, value: &tree };
        let text = serde_json::to_string_pretty(&shown).context("JSON cannot be written")?;
        return Ok(escape_json(&text) + "\n");
    }
    let section = tinted(&format!("({})", one.section), Tone::Quiet);
    Ok(Renderer::new(arguments.full, tinted).render(&format!("{} {section}", one.name), &tree))
}

fn type_named(name: &str) -> anyhow::Result<&'static ShowType> {
    registry::find(name).ok_or_else(|| {
        let similar = registry::similar(name);
        let hint = match similar.is_empty() {
            true => "mimi show --types lists all".to_owned(),
            false => format!("there is {}", similar.join(", ")),
        };
        anyhow!("no type is called {}; {hint}", harmless(name))
    })
}

fn rejected(one: &ShowType, error: &ShowError) -> anyhow::Error {
    anyhow!("rejected as {}: {}", one.name, harmless(&error.to_string()))
}

fn recognised(octets: &[u8], raw: &[u8]) -> anyhow::Result<(&'static ShowType, Tree)> {
    if vectors::is_file(raw) {
        bail!("is a file of test vectors; --test NUMBER shows one of them");
    }
    match registry::recognise(octets, raw) {
        Recognised::Is(one, tree) => Ok((one, tree)),
        Recognised::Broken(one, error) => Err(rejected(one, &error)),
        Recognised::OneOf(types) => {
            let names: Vec<&str> = types.iter().map(|one| one.name).collect();
            bail!("could be one of these types; say which with --type: {}", names.join(", "))
        }
        Recognised::Nothing => {
            bail!("no type reads these {} octets; with --type TYPE the reason is told", octets.len())
        }
    }
}
