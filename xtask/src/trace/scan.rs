//! Finds the citations: comments of the form `req:` and IDs after two slashes, alone on their line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::regenerate::{files_below, relative_to};

/// One ID at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Citation {
    pub(crate) id: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) role: Role,
}

/// Whether the place does it or tests it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Code,
    Test,
}

/// The directories that are searched.
const SEARCHED: [&str; 3] = ["crates", "tests", "xtask"];

/// All citations of the workspace.
pub(crate) fn scan(root: &Path) -> Result<Vec<Citation>> {
    let mut citations = Vec::new();
    for directory in SEARCHED {
        for path in files_below(&root.join(directory))? {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                citations.extend(citations_in(&relative_to(root, &path), &text));
            }
        }
    }
    Ok(citations)
}

/// The citations of one file, whose path from the workspace root says whether it is a test as a whole.
fn citations_in(file: &str, text: &str) -> Vec<Citation> {
    let mut role = if is_test_file(file) { Role::Test } else { Role::Code };
    let mut citations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("mod tests") {
            role = Role::Test;
        }
        let Some(ids) = line.strip_prefix("//").and_then(|rest| rest.trim_start().strip_prefix("req:")) else {
            continue;
        };
        citations.extend(ids.split(',').map(str::trim).filter(|id| !id.is_empty()).map(|id| Citation {
            id: id.to_owned(),
            file: file.to_owned(),
            line: index + 1,
            role,
        }));
    }
    citations
}

fn is_test_file(file: &str) -> bool {
    let mut parts = file.split('/').rev();
    let name = parts.next();
    name == Some("tests.rs")
        || parts.any(|directory| directory == "tests")
        || file.starts_with("crates/mimi-conformance/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn roles(file: &str, text: &str) -> Vec<(String, usize, Role)> {
        citations_in(file, text).into_iter().map(|c| (c.id, c.line, c.role)).collect()
    }

    #[test]
    fn a_comment_can_cite_several_requirements() {
        let text = ["fn f() {", "    // req: A-1-01, A-1-02", "    let not_one = \"// req: A-1-03\";", "}"].join("\n");
        assert_eq!(
            roles("crates/a/src/lib.rs", &text),
            [("A-1-01".to_owned(), 2, Role::Code), ("A-1-02".to_owned(), 2, Role::Code)]
        );
    }

    #[test]
    fn what_follows_mod_tests_is_a_test() {
        let text = ["// req: A-1-01", "#[cfg(test)]", "mod tests {", "    // req: A-1-01"].join("\n");
        let roles: Vec<_> = roles("crates/a/src/lib.rs", &text).into_iter().map(|(_, _, role)| role).collect();
        assert_eq!(roles, [Role::Code, Role::Test]);
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        for file in [
            "tests/tests/flow.rs",
            "crates/a/tests/x.rs",
            "crates/a/src/hub/tests.rs",
            "crates/mimi-conformance/src/flow.rs",
            "xtask/tests/v.rs",
        ] {
            assert!(is_test_file(file), "{file}");
        }
        for file in ["crates/a/src/lib.rs", "crates/a/src/contests.rs"] {
            assert!(!is_test_file(file), "{file}");
        }
    }
}
