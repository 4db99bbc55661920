//! What the trace prints, and the table that it writes.

use std::fmt::Write as _;

use super::{Citation, Traced};
use crate::requirements::{Status, Table};

/// Figures per section; with `list` also what is not cited, entry by entry, and what is later with its reason.
pub(crate) fn summary(traced: &[(&Table, Vec<Traced<'_>>)], list: bool) -> String {
    let mut out = String::new();
    for (table, traced) in traced {
        let _ = writeln!(out, "{}", table.draft);
        for section in &table.sections {
            let of: Vec<_> = traced.iter().filter(|traced| traced.requirement.section == section.number).collect();
            let open = of.iter().filter(|traced| traced.status != Status::Later).count();
            let lacking = |what: &str| {
                of.iter()
                    .filter(|traced| {
                        traced.status != Status::Later && traced.lacks().is_some_and(|lacks| lacks.contains(what))
                    })
                    .count()
            };
            let _ = writeln!(
                out,
                "  {:<8} {:<7} {:>3} entries, {:>3} later, of the other {:>3}: {:>3} without code, {:>3} without test",
                section.number,
                word(section.status),
                of.len(),
                of.len() - open,
                open,
                lacking("code"),
                lacking("test"),
            );
        }
    }
    if list {
        for (_, traced) in traced {
            for traced in traced.iter().filter(|traced| traced.status != Status::Later) {
                if let Some(lacks) = traced.lacks() {
                    let requirement = traced.requirement;
                    let _ = writeln!(
                        out,
                        "{} ({}) has no {lacks}: {}",
                        requirement.id,
                        requirement.level.as_str(),
                        requirement.paraphrase
                    );
                }
            }
            for traced in traced.iter().filter(|traced| traced.status == Status::Later) {
                let reason = traced.requirement.reason.as_deref().unwrap_or("the section is later");
                let is_stale = traced.lacks().is_none();
                let reason = if is_stale { "cited in code and test although it is later: is it done?" } else { reason };
                let _ = writeln!(out, "{} later: {reason}", traced.requirement.id);
            }
        }
    } else {
        let _ = writeln!(out, "`cargo xtask trace --list` names them");
    }
    out
}

/// The whole table in Markdown.
pub(crate) fn markdown(traced: &[(&Table, Vec<Traced<'_>>)]) -> String {
    let mut out = String::from("# Requirements, where they are done and where they are tested\n");
    for (table, traced) in traced {
        let _ = writeln!(out, "\n## {}", table.draft);
        for section in &table.sections {
            let _ = writeln!(out, "\n### {} {} ({})\n", section.number, section.title, word(section.status));
            let _ = writeln!(out, "| ID | level | actor | what | code | tests |\n|---|---|---|---|---|---|");
            for traced in traced.iter().filter(|traced| traced.requirement.section == section.number) {
                let requirement = traced.requirement;
                let later = match (traced.status, requirement.reason.as_deref()) {
                    (Status::Later, Some(reason)) => format!(" (later: {reason})"),
                    (Status::Later, None) => " (later)".to_owned(),
                    _ => String::new(),
                };
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {}{} | {} | {} |",
                    requirement.id,
                    requirement.level.as_str(),
                    requirement.actor.as_str(),
                    requirement.paraphrase,
                    later,
                    places(&traced.code),
                    places(&traced.tests),
                );
            }
        }
    }
    out
}

fn places(citations: &[&Citation]) -> String {
    let places: Vec<_> = citations.iter().map(|citation| format!("{}:{}", citation.file, citation.line)).collect();
    places.join("<br>")
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Done => "done",
        Status::Partly => "partly",
        Status::Later => "later",
    }
}
