//! What a text of a draft says against our table: the same, moved, changed or gone, and new key words without an entry.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};

use super::draft_text::{Kind, by_hash, sentences};
use super::{Requirement, Table};

/// The outcome of a comparison.
#[derive(Debug, Default)]
struct Comparison<'a> {
    same: usize,
    /// The sentence is in another section now.
    moved: Vec<(&'a Requirement, Vec<String>)>,
    /// No sentence of the text has this hash.
    gone: Vec<&'a Requirement>,
    /// Sentences with a BCP 14 key word in sections of the table that no entry stands for.
    without_entry: Vec<(String, String)>,
}

/// Compares the text with the table of the same draft, whatever the revision, and reports.
pub(crate) fn run(tables: &[Table], text: &str) -> Result<()> {
    let table = table_for(tables, text)?;
    let comparison = compare(table, text);
    println!("{}: {} of {} entries as in the text", table.draft, comparison.same, table.requirements.len());
    for (requirement, sections) in &comparison.moved {
        println!("moved    {} from {} to {}", requirement.id, requirement.section, sections.join(", "));
    }
    for requirement in &comparison.gone {
        println!(
            "changed  {} ({}, {}): {}",
            requirement.id,
            requirement.section,
            requirement.level.as_str(),
            requirement.paraphrase
        );
    }
    for (section, sentence) in &comparison.without_entry {
        println!("no entry {section}: {sentence}");
    }
    if !(comparison.moved.is_empty() && comparison.gone.is_empty() && comparison.without_entry.is_empty()) {
        bail!(
            "the table of {} and the text differ: {} moved, {} changed or gone, {} without an entry",
            table.draft,
            comparison.moved.len(),
            comparison.gone.len(),
            comparison.without_entry.len()
        );
    }
    Ok(())
}

/// The table whose draft, without its revision, is named first in the text.
fn table_for<'a>(tables: &'a [Table], text: &str) -> Result<&'a Table> {
    tables
        .iter()
        .filter_map(|table| {
            let (base, _) = table.draft.rsplit_once('-')?;
            Some((text.find(base)?, table))
        })
        .min_by_key(|(position, _)| *position)
        .map(|(_, table)| table)
        .context("the text names no draft that there is a table for in docs/requirements")
}

fn compare<'a>(table: &'a Table, text: &str) -> Comparison<'a> {
    let sentences = sentences(text);
    let by_hash = by_hash(&sentences);
    let mut comparison = Comparison::default();
    for requirement in &table.requirements {
        match by_hash.get(&requirement.sha256) {
            None => comparison.gone.push(requirement),
            Some(found) if found.iter().any(|sentence| sentence.section == requirement.section) => comparison.same += 1,
            Some(found) => {
                let sections: BTreeSet<_> = found.iter().map(|sentence| sentence.section.clone()).collect();
                comparison.moved.push((requirement, sections.into_iter().collect()));
            }
        }
    }
    let known: BTreeSet<_> = table.requirements.iter().map(|requirement| requirement.sha256.as_str()).collect();
    comparison.without_entry = sentences
        .iter()
        .filter(|sentence| sentence.kind == Kind::Prose && sentence.is_bcp14() && !sentence.text.contains("BCP 14"))
        .filter(|sentence| table.sections.iter().any(|section| section.number == sentence.section))
        .filter(|sentence| !known.contains(sentence.sha256().as_str()))
        .map(|sentence| (sentence.section.clone(), sentence.text.clone()))
        .collect();
    comparison
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const OLD: &str = "draft-some-thing-00\n\n1.  One\n\n   It MUST be so.  It need not\n   be thus.\n\n2.  Two\n";

    fn table() -> Table {
        let entries: String = sentences(OLD)
            .iter()
            .filter(|sentence| sentence.kind == Kind::Prose)
            .enumerate()
            .map(|(n, sentence)| {
                format!(
                    "[[requirement]]\nid = \"T00-1-{:02}\"\nsection = \"1\"\nlevel = \"MUST\"\nactor = \"any\"\nparaphrase = \"p\"\nsha256 = \"{}\"\n",
                    n + 1,
                    sentence.sha256()
                )
            })
            .collect();
        Table::parse(&format!(
            "draft = \"draft-some-thing-00\"\nprefix = \"T00\"\n[[section]]\nnumber = \"1\"\ntitle = \"One\"\nstatus = \"done\"\n{entries}"
        ))
        .unwrap()
    }

    #[test]
    fn the_text_that_the_table_was_made_from_agrees_however_its_lines_are_broken() {
        run(&[table()], OLD).unwrap();
        run(&[table()], &OLD.replace("It need not\n   be", "It\n   need not be")).unwrap();
    }

    #[test]
    fn changed_moved_and_new_sentences_are_told_apart() {
        let new = "draft-some-thing-01\n\n1.  One\n\n   It MUST be otherwise.\n\n2.  Two\n\n   It need not be thus.\n";
        let table = table();
        let comparison = compare(&table, new);
        assert_eq!(comparison.gone.iter().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["T00-1-01"]);
        assert_eq!(comparison.moved.len(), 1);
        assert_eq!(comparison.without_entry, [("1".to_owned(), "It MUST be otherwise.".to_owned())]);
        assert!(run(&[table], new).is_err());
    }

    #[test]
    fn a_text_of_another_draft_is_refused() {
        assert!(run(&[table()], "draft-other-thing-00").is_err());
    }
}
