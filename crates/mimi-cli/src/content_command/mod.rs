//! `mimi content`: message content (draft-ietf-mimi-content-08) in files and pipes: is it right, what does it say, make some.

mod check;
mod json;
mod json_value;
mod make;
mod notation;
mod show;

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Subcommand;

use check::CheckArguments;
use make::MakeArguments;
use show::ShowArguments;

/// Most octets that are read from one file. The draft leaves the limit to the receiver; large content belongs into external parts.
const MAX_INPUT: u64 = 16 << 20;

#[derive(Subcommand)]
pub(crate) enum ContentCommand {
    /// Checks messages: one line a file, with the message ID or with the rule that is broken; fails if any was rejected.
    Check(CheckArguments),
    /// Prints a message in diagnostic notation with the names of the fields, or as JSON.
    Show(ShowArguments),
    /// Makes a message out of the options, or out of JSON as `mimi content show --json` prints it.
    Make(Box<MakeArguments>),
}

pub(crate) fn run(command: &ContentCommand) -> anyhow::Result<ExitCode> {
    match command {
        ContentCommand::Check(arguments) => check::run(arguments),
        ContentCommand::Show(arguments) => show::run(arguments),
        ContentCommand::Make(arguments) => make::run(arguments),
    }
}

/// All of a file, or of standard input for `-`.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).context("cannot be read")?)
    };
    let mut octets = Vec::new();
    source.take(MAX_INPUT + 1).read_to_end(&mut octets).context("cannot be read")?;
    if u64::try_from(octets.len()).unwrap_or(u64::MAX) > MAX_INPUT {
        bail!("has more than {} MiB, the most that is read", MAX_INPUT >> 20);
    }
    Ok(octets)
}

/// The name of a file as results show it.
fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { harmless(&path.display().to_string()) }
}

/// Writes results. That the reader of a pipe has gone away is no error.
fn print(octets: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(octets).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Whether a character could steer a terminal, or change the order in which a line is shown.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text on one line that leaves the terminal alone.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_of_files_cannot_send_escape_sequences_to_the_terminal() {
        assert_eq!(name(Path::new("a\x1b[2Jb\u{202e}c\u{9b}")), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }

    #[test]
    fn a_file_of_the_largest_size_is_read_and_a_larger_one_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(MAX_INPUT).unwrap();
        assert_eq!(read(file.path()).unwrap().len(), 16 << 20);
        file.as_file().set_len(MAX_INPUT + 1).unwrap();
        let error = read(file.path()).unwrap_err().to_string();
        assert_eq!(error, "has more than 16 MiB, the most that is read");
    }
}
