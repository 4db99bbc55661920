//! `mimi content check`: one line a file.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use mimi_content::{MimiContentRef, check::Suspicion};

use crate::input::{name, read};
use crate::screen::{Tone, harmless, print, tinted};

#[derive(Args)]
pub(crate) struct CheckArguments {
    /// The files; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The sender's URI, when the extensions do not name it, or are not trusted.
    #[arg(long, value_name = "URI")]
    sender: Option<String>,
    /// The room's URI, when the extensions do not name it, or are not trusted.
    #[arg(long, value_name = "URI")]
    room: Option<String>,
}

pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for file in &arguments.files {
        let octets = match read(file) {
            Ok(octets) => octets,
            Err(error) => {
                eprintln!("error: {}: {error:#}", name(file));
                code = ExitCode::FAILURE;
                continue;
            }
        };
        let verdict = verdict(&octets, arguments.sender.as_deref(), arguments.room.as_deref());
        let line = match &verdict {
            Ok(Some(id)) => format!("{}: {} {id}\n", name(file), tinted("ok", Tone::Good)),
            Ok(None) => {
                let why = tinted("(no message ID: give --sender and --room)", Tone::Quiet);
                format!("{}: {} {why}\n", name(file), tinted("ok", Tone::Good))
            }
            Err(reason) => {
                code = ExitCode::FAILURE;
                format!("{}: {}: {reason}\n", name(file), tinted("rejected", Tone::Bad))
            }
        };
        print(line.as_bytes())?;
    }
    Ok(code)
}

/// The message ID if sender and room are known, or why the octets are no message of theirs.
fn verdict(octets: &[u8], sender: Option<&str>, room: Option<&str>) -> Result<Option<String>, String> {
    let content = MimiContentRef::decode(octets)
        .map_err(|error| format!("{} ({}, offset {})", error.rule(), error.section(), error.offset()))?;
    let extensions = content.extensions();
    let (asserted_sender, asserted_room) = (extensions.sender_uri(), extensions.room_uri());
    let mismatch = match (asserted_sender, sender, asserted_room, room) {
        (Some(asserted), Some(sender), _, _) if asserted != sender => {
            Some(Suspicion::SenderUriMismatch { asserted: asserted.to_owned(), sender: sender.to_owned() })
        }
        (_, _, Some(asserted), Some(room)) if asserted != room => {
            Some(Suspicion::RoomUriMismatch { asserted: asserted.to_owned(), room: room.to_owned() })
        }
        _ => None,
    };
    if let Some(mismatch) = mismatch {
        return Err(format!("{} ({})", harmless(&mismatch.to_string()), mismatch.section()));
    }
    match (sender.or(asserted_sender), room.or(asserted_room)) {
        (Some(sender), Some(room)) => content
            .message_id(sender, room)
            .map(|id| Some(id.to_string()))
            .map_err(|error| format!("no message ID: {error}")),
        _ => Ok(None),
    }
}
