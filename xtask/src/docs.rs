//! The pages of `docs` that are derived from code: the glossary and the table of drafts.

use std::path::Path;

use anyhow::Result;
use mimi_arch::{glossary, revisions};

use crate::regenerate::Derived;

/// Runs the task.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let mut derived = Derived::default();
    derived.put("docs/glossary.md", glossary::to_markdown());
    derived.put("docs/drafts.md", drafts());
    derived.write_or_check(root, check, "cargo xtask docs")
}

/// Which drafts we follow, in which revision, and what of them.
fn drafts() -> String {
    let mut page = String::from(
        "# Drafts\n\nThe Internet-Drafts that the workspace follows. A revision is named in one place, `mimi_arch::revisions`, and \
         this page is\nwritten from it by `cargo xtask docs`.\n\n| draft | what is taken from it | crates |\n|---|---|---|\n",
    );
    for draft in revisions::DRAFTS {
        let name = draft.full_name();
        let taken = if draft.taken.is_empty() { "nothing yet" } else { draft.taken };
        let crates = draft.crates.join(", ");
        page.push_str(&format!("| [{name}](https://datatracker.ietf.org/doc/html/{name}) | {taken} | {crates} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::drafts;

    #[test]
    fn the_page_has_one_line_for_each_draft() {
        let page = drafts();
        for draft in mimi_arch::revisions::DRAFTS {
            assert_eq!(page.matches(&format!("[{}]", draft.full_name())).count(), 1, "{draft}");
        }
    }
}
