//! Regenerate or fail: the one way in which derived files are written and checked.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Derived files by their path from the workspace root, with `/` between the parts.
#[derive(Debug, Default)]
pub(crate) struct Derived {
    files: BTreeMap<String, Vec<u8>>,
    /// Directories in which every file with this ending is derived, so that one which is no longer made is stale.
    owned: Vec<(&'static str, &'static str)>,
}

impl Derived {
    /// Adds a file.
    pub(crate) fn put(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), content.into());
    }

    /// Says that nothing but derived files with this ending is in the directory.
    pub(crate) fn own(&mut self, directory: &'static str, ending: &'static str) {
        self.owned.push((directory, ending));
    }

    /// Writes what differs, or, with `check`, fails and names what is stale and the command that mends it.
    pub(crate) fn write_or_check(&self, root: &Path, check: bool, mend: &str) -> Result<()> {
        let mut stale = Vec::new();
        for (path, content) in &self.files {
            let on_disk = fs::read(root.join(path)).ok();
            if on_disk.as_ref() != Some(content) {
                let why = if on_disk.is_some() { "differs" } else { "is missing" };
                stale.push((path.clone(), why));
                if !check {
                    write(&root.join(path), content)?;
                }
            }
        }
        for path in self.left_over(root)? {
            stale.push((path.clone(), "is no longer made"));
            if !check {
                fs::remove_file(root.join(&path)).with_context(|| format!("cannot remove {path}"))?;
            }
        }
        if stale.is_empty() {
            println!("{} files are up to date", self.files.len());
        } else if check {
            let list: Vec<_> = stale.iter().map(|(path, why)| format!("  {path} {why}")).collect();
            bail!("stale:\n{}\nrun `{mend}` and commit the result", list.join("\n"));
        } else {
            for (path, why) in stale {
                println!("{path}: {}", if why == "is no longer made" { "removed" } else { "written" });
            }
        }
        Ok(())
    }

    fn left_over(&self, root: &Path) -> Result<Vec<String>> {
        let mut left_over = Vec::new();
        for (directory, ending) in &self.owned {
            for path in files_below(&root.join(directory))? {
                let relative = relative_to(root, &path);
                if relative.ends_with(ending) && !self.files.contains_key(&relative) {
                    left_over.push(relative);
                }
            }
        }
        Ok(left_over)
    }
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// The directory of the workspace manifest: the parent of this package's.
pub(crate) fn workspace_root() -> Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = package.parent().context("the xtask package has no parent directory")?;
    Ok(root.to_owned())
}

/// Every file below a directory, sorted; nothing if there is no such directory.
pub(crate) fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        if !directory.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A path from the root with `/` between its parts, so that output is the same on every system.
pub(crate) fn relative_to(root: &Path, path: &Path) -> String {
    let relative = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = relative.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn a_check_names_the_stale_file_and_the_command_and_writes_nothing() {
        let root = scratch("check");
        let mut derived = Derived::default();
        derived.put("a/b.md", "new".to_owned());
        let message = derived.write_or_check(&root, true, "cargo xtask docs").unwrap_err().to_string();
        assert!(message.contains("a/b.md is missing") && message.contains("cargo xtask docs"), "{message}");
        assert!(!root.join("a/b.md").exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn writing_mends_what_the_check_found() {
        let root = scratch("write");
        let mut derived = Derived::default();
        derived.own("a", ".md");
        derived.put("a/b.md", "new".to_owned());
        write(&root.join("a/old.md"), b"old").unwrap();
        write(&root.join("a/kept.txt"), b"kept").unwrap();
        assert!(derived.write_or_check(&root, true, "x").is_err());
        derived.write_or_check(&root, false, "x").unwrap();
        derived.write_or_check(&root, true, "x").unwrap();
        assert!(!root.join("a/old.md").exists());
        assert!(root.join("a/kept.txt").exists());
        fs::remove_dir_all(root).unwrap();
    }
}
