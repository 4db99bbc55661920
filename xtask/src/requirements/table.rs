//! One table per draft revision: its sections and requirements, read from TOML and checked for form.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// The requirements of one draft revision.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Name of the draft with its revision.
    pub(crate) draft: String,
    /// What every ID of the table begins with.
    pub(crate) prefix: String,
    #[serde(rename = "section")]
    pub(crate) sections: Vec<Section>,
    #[serde(rename = "requirement")]
    pub(crate) requirements: Vec<Requirement>,
}

/// A section of the draft and how far it is implemented.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) status: Status,
}

/// One thing that the draft asks for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Requirement {
    pub(crate) id: String,
    pub(crate) section: String,
    pub(crate) level: Level,
    pub(crate) actor: Actor,
    /// What is asked, in our words.
    pub(crate) paraphrase: String,
    /// Of the draft's sentence with white space folded, lower-case hex.
    pub(crate) sha256: String,
    /// Only `later`, and then with a reason; else the section's status holds.
    #[serde(default)]
    pub(crate) status: Option<Status>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// How far something is implemented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Done,
    Partly,
    Later,
}

/// How strongly the draft asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Level {
    #[serde(rename = "MUST")]
    Must,
    #[serde(rename = "MUST NOT")]
    MustNot,
    #[serde(rename = "SHOULD")]
    Should,
    #[serde(rename = "SHOULD NOT")]
    ShouldNot,
    #[serde(rename = "MAY")]
    May,
    /// A binding sentence without a key word.
    #[serde(rename = "rule")]
    Rule,
}

impl Level {
    /// Whether there is no way round it.
    pub(crate) fn is_mandatory(self) -> bool {
        matches!(self, Self::Must | Self::MustNot)
    }

    /// As the draft writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::MustNot => "MUST NOT",
            Self::Should => "SHOULD",
            Self::ShouldNot => "SHOULD NOT",
            Self::May => "MAY",
            Self::Rule => "rule",
        }
    }
}

/// Who is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Actor {
    Hub,
    Follower,
    Client,
    Provider,
    Any,
}

impl Actor {
    /// The word in the table.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Hub => "hub",
            Self::Follower => "follower",
            Self::Client => "client",
            Self::Provider => "provider",
            Self::Any => "any",
        }
    }
}

impl Table {
    /// Reads a table and checks its form.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let table: Self = toml::from_str(text)?;
        let mut seen = BTreeMap::new();
        for section in &table.sections {
            ensure!(seen.insert(section.number.as_str(), ()).is_none(), "section {} twice", section.number);
        }
        let mut ids = BTreeMap::new();
        for requirement in &table.requirements {
            table.check(requirement).with_context(|| requirement.id.clone())?;
            ensure!(ids.insert(requirement.id.as_str(), ()).is_none(), "{}: ID used twice", requirement.id);
        }
        Ok(table)
    }

    fn check(&self, requirement: &Requirement) -> Result<()> {
        let number = requirement.id.strip_prefix(&format!("{}-", self.prefix)).and_then(|rest| rest.rsplit_once('-'));
        let Some((_, number)) = number else {
            bail!("the ID is not {}-SECTION-NUMBER", self.prefix);
        };
        ensure!(
            number.len() >= 2 && number.bytes().all(|b| b.is_ascii_digit()),
            "the ID does not end with a number of two digits or more"
        );
        ensure!(self.section(requirement).is_some(), "section {} is not in the table", requirement.section);
        ensure!(
            requirement.sha256.len() == 64
                && requirement.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')),
            "sha256 is not 64 lower-case hex digits"
        );
        ensure!(!requirement.paraphrase.trim().is_empty(), "the paraphrase is empty");
        match (requirement.status, requirement.reason.as_deref()) {
            (None, None) => Ok(()),
            (Some(Status::Later), Some(reason)) if !reason.trim().is_empty() => Ok(()),
            _ => bail!("status and reason go together, and the status of a single entry can only be \"later\""),
        }
    }

    /// The section that a requirement belongs to.
    pub(crate) fn section(&self, requirement: &Requirement) -> Option<&Section> {
        self.sections.iter().find(|section| section.number == requirement.section)
    }

    /// What holds for a requirement: its own status, else its section's.
    pub(crate) fn status(&self, requirement: &Requirement) -> Status {
        requirement.status.or(self.section(requirement).map(|section| section.status)).unwrap_or(Status::Partly)
    }
}

/// All tables of `docs/requirements`, sorted by draft name.
pub(crate) fn load(root: &Path) -> Result<Vec<Table>> {
    let directory = root.join("docs/requirements");
    let mut tables = Vec::new();
    for path in crate::regenerate::files_below(&directory)? {
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let table = Table::parse(&text).with_context(|| format!("in {}", path.display()))?;
            ensure!(
                path.file_stem().is_some_and(|stem| stem == table.draft.as_str()),
                "{} holds the table of {}",
                path.display(),
                table.draft
            );
            tables.push(table);
        }
    }
    ensure!(!tables.is_empty(), "there are no tables in {}", directory.display());
    Ok(tables)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn table(entry: &str) -> Result<Table> {
        let sha = "0".repeat(64);
        let entry = entry.replace(
            "SHA",
            &format!(
                "section = \"1\"\nlevel = \"MUST NOT\"\nactor = \"hub\"\nparaphrase = \"No.\"\nsha256 = \"{sha}\""
            ),
        );
        Table::parse(&format!(
            "draft = \"d-00\"\nprefix = \"D00\"\n[[section]]\nnumber = \"1\"\ntitle = \"One\"\nstatus = \"done\"\n{entry}"
        ))
    }

    #[test]
    fn an_entry_takes_its_status_from_its_section_unless_it_is_later() {
        let table = table("[[requirement]]\nid = \"D00-1-01\"\nSHA\n[[requirement]]\nid = \"D00-1-02\"\nSHA\nstatus = \"later\"\nreason = \"so\"").unwrap();
        assert_eq!(table.status(&table.requirements[0]), Status::Done);
        assert_eq!(table.status(&table.requirements[1]), Status::Later);
        assert!(table.requirements[0].level.is_mandatory());
    }

    #[test]
    fn malformed_tables_are_refused() {
        for (entry, what) in [
            ("[[requirement]]\nid = \"X-1-01\"\nSHA", "foreign prefix"),
            ("[[requirement]]\nid = \"D00-1-1\"\nSHA", "one digit"),
            ("[[requirement]]\nid = \"D00-1-01\"\nSHA\nstatus = \"later\"", "no reason"),
            ("[[requirement]]\nid = \"D00-1-01\"\nSHA\nstatus = \"done\"\nreason = \"x\"", "done by itself"),
            ("[[requirement]]\nid = \"D00-1-01\"\nSHA\n[[requirement]]\nid = \"D00-1-01\"\nSHA", "twice"),
            ("[[requirement]]\nid = \"D00-1-01\"\nSHA\nquote = \"text\"", "unknown field"),
        ] {
            assert!(table(entry).is_err(), "{what}");
        }
    }

    #[test]
    fn the_tables_of_the_workspace_are_well_formed() {
        load(&crate::regenerate::workspace_root().unwrap()).unwrap();
    }
}
