//! Writes `spec-vectors`: every file from its builder, byte for byte the same each time; and from them the seeds of the fuzz targets.
//!
//! The builders write octets with [`layout`], which knows nothing of the crates that the vectors test, so that builder and parser
//! are two witnesses. Valid message content alone is written by the crate it tests; there the second witness is another decoder.

mod authorization;
mod builder;
mod components;
mod consent;
mod content;
mod corpus;
mod directory;
mod discovery;
mod franking;
mod group_info;
mod host_from;
mod hpke;
mod identifier_query;
mod key_material;
mod keys;
mod labels;
mod layout;
mod minimal_metadata;
mod mls;
mod notify;
mod participant_list;
mod proxy_download;
mod report_abuse;
mod room_policy;
mod rules;
mod semi_private_message;
mod semi_private_open;
mod submit_message;
mod update;
mod uris;
mod wire;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::regenerate::Derived;
use builder::Built;

const MEND: &str = "cargo xtask vectors";

/// Runs the task.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let mut derived = Derived::default();
    derived.own("spec-vectors/mimi-arch", ".json");
    derived.own("spec-vectors/mimi-content", ".json");
    derived.own("spec-vectors/mimi-discovery", ".json");
    derived.own("spec-vectors/mimi-protocol", ".json");
    derived.own("spec-vectors/mimi-room-policy", ".json");
    let mut index = String::from(
        "//! Written by `cargo xtask vectors`.\n\n/// Path and text of every vector file.\n#[rustfmt::skip]\npub(crate) static FILES: &[(&str, &str)] = &[\n",
    );
    let mut files = build()?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    for folder in corpus::FOLDERS {
        derived.own(folder, "");
    }
    for (path, octets) in corpus::build(&files)? {
        derived.put(path, octets);
    }
    for Built { path, file } in files {
        let text = serde_json::to_string_pretty(&file).with_context(|| path.clone())?;
        let _ = writeln!(index, "    (\"{path}\", include_str!(\"../{path}\")),");
        derived.put(format!("spec-vectors/{path}"), text + "\n");
    }
    index.push_str("];\n");
    derived.put("spec-vectors/src/files.rs", index);
    derived.write_or_check(root, check, MEND)
}

fn build() -> Result<Vec<Built>> {
    let mut files = vec![uris::build()?, host_from::build()?, directory::build()?, labels::build()?, notify::build()?];
    files.extend(key_material::build()?);
    files.extend(update::build()?);
    files.extend(submit_message::build()?);
    files.extend(group_info::build()?);
    files.extend(participant_list::build()?);
    files.extend(components::build()?);
    files.extend(consent::build()?);
    files.extend(franking::build()?);
    files.extend(identifier_query::build()?);
    files.extend([report_abuse::build()?, proxy_download::build()?]);
    files.extend(semi_private_message::build()?);
    files.push(semi_private_open::build()?);
    files.extend(minimal_metadata::build()?);
    files.extend(content::build()?);
    files.extend(authorization::build()?);
    files.extend(room_policy::build()?);
    files.extend(discovery::build()?);
    Ok(files)
}
