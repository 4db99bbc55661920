//! What a command reads: files and standard input, up to a limit.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use anyhow::{Context, bail};

use crate::screen::harmless;

/// Most octets that are read from one file. The drafts leave limits to the receiver; large content belongs into external parts.
pub(crate) const MAX_INPUT: u64 = 16 << 20;

/// All of a file, or of standard input for `-`.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
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
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { harmless(&path.display().to_string()) }
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
