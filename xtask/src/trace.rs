//! From requirements to code and tests and back.

mod report;
mod scan;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::requirements::{Requirement, Status, Table, load};
use scan::{Citation, Role};

/// A requirement with the places that cite it.
pub(crate) struct Traced<'a> {
    requirement: &'a Requirement,
    status: Status,
    code: Vec<&'a Citation>,
    tests: Vec<&'a Citation>,
}

impl Traced<'_> {
    fn lacks(&self) -> Option<&'static str> {
        match (self.code.is_empty(), self.tests.is_empty()) {
            (true, true) => Some("code and test"),
            (true, false) => Some("code"),
            (false, true) => Some("test"),
            (false, false) => None,
        }
    }

    /// Whether this alone makes the task fail.
    fn is_violation(&self) -> bool {
        self.status == Status::Done && self.requirement.level.is_mandatory() && self.lacks().is_some()
    }
}

/// Runs the task.
pub(crate) fn run(root: &Path, report: Option<&Path>, list: bool) -> Result<()> {
    let tables = load(root)?;
    let citations = scan::scan(root)?;
    let problems = unknown(&tables, &citations);
    let traced: Vec<(&Table, Vec<Traced<'_>>)> = tables.iter().map(|table| (table, trace(table, &citations))).collect();
    print!("{}", report::summary(&traced, list));
    if let Some(path) = report {
        std::fs::write(path, report::markdown(&traced)).with_context(|| format!("cannot write {}", path.display()))?;
        println!("the whole table is in {}", path.display());
    }
    let violations: Vec<String> = traced
        .iter()
        .flat_map(|(_, traced)| traced)
        .filter(|traced| traced.is_violation())
        .filter_map(|traced| {
            let requirement = traced.requirement;
            Some(format!("  {} has no {}: {}", requirement.id, traced.lacks()?, requirement.paraphrase))
        })
        .collect();
    match (problems.is_empty(), violations.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => bail!("IDs that no table has (see docs/requirements):\n{}", problems.join("\n")),
        (true, false) => bail!(
            "{} requirements at level MUST of sections marked done are not traced:\n{}\n\
             cite them where they are done and tested, or mark the entry as later with a reason",
            violations.len(),
            violations.join("\n")
        ),
    }
}

fn unknown(tables: &[Table], citations: &[Citation]) -> Vec<String> {
    let known: BTreeMap<&str, ()> =
        tables.iter().flat_map(|table| &table.requirements).map(|requirement| (requirement.id.as_str(), ())).collect();
    citations
        .iter()
        .filter(|citation| !known.contains_key(citation.id.as_str()))
        .map(|citation| format!("  {} at {}:{}", citation.id, citation.file, citation.line))
        .collect()
}

fn trace<'a>(table: &'a Table, citations: &'a [Citation]) -> Vec<Traced<'a>> {
    table
        .requirements
        .iter()
        .map(|requirement| {
            let of = |role| {
                citations.iter().filter(|citation| citation.id == requirement.id && citation.role == role).collect()
            };
            Traced { requirement, status: table.status(requirement), code: of(Role::Code), tests: of(Role::Test) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn table() -> Table {
        let sha = "0".repeat(64);
        let entry = |n: u8, level: &str, more: &str| {
            format!(
                "[[requirement]]\nid = \"T00-1-0{n}\"\nsection = \"1\"\nlevel = \"{level}\"\nactor = \"hub\"\nparaphrase = \"p{n}\"\nsha256 = \"{sha}\"\n{more}"
            )
        };
        Table::parse(&format!(
            "draft = \"draft-t-00\"\nprefix = \"T00\"\n[[section]]\nnumber = \"1\"\ntitle = \"One\"\nstatus = \"done\"\n{}{}{}{}",
            entry(1, "MUST", ""),
            entry(2, "MUST NOT", ""),
            entry(3, "rule", ""),
            entry(4, "MUST", "status = \"later\"\nreason = \"because\"\n"),
        ))
        .unwrap()
    }

    fn citation(id: &str, role: Role) -> Citation {
        Citation { id: id.to_owned(), file: "f.rs".to_owned(), line: 7, role }
    }

    #[test]
    fn only_a_must_that_is_not_later_violates() {
        let table = table();
        let citations =
            [citation("T00-1-01", Role::Code), citation("T00-1-01", Role::Test), citation("T00-1-02", Role::Code)];
        let traced = trace(&table, &citations);
        let violating: Vec<_> = traced.iter().filter(|t| t.is_violation()).map(|t| t.requirement.id.as_str()).collect();
        assert_eq!(violating, ["T00-1-02"]);
        assert_eq!(traced[1].lacks(), Some("test"));
        assert_eq!(traced[2].lacks(), Some("code and test"));
    }

    #[test]
    fn a_citation_of_an_unknown_id_is_named_with_its_place() {
        assert_eq!(unknown(&[table()], &[citation("T00-1-99", Role::Code)]), ["  T00-1-99 at f.rs:7"]);
    }

    #[test]
    fn the_report_names_what_is_later_with_its_reason() {
        let table = table();
        let report = report::markdown(&[(&table, trace(&table, &[]))]);
        assert!(report.contains("because"), "{report}");
        let summary = report::summary(&[(&table, trace(&table, &[]))], true);
        assert!(summary.contains("T00-1-03"), "{summary}");
    }
}
