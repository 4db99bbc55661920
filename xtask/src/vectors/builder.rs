//! Puts one file together: numbers the tests, checks that flags and notes agree.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use mimi_arch::revisions::Draft;
use serde_json::{Map, Value};
use spec_vectors::{BugType, ExpectedError, Note, Outcome, TestCase, TestGroup, VectorFile};

/// Rises when a vector changes although the draft has not.
const GENERATOR_VERSION: u32 = 1;

const SCHEMA: &str = "vectors-v1.schema.json";

/// A file and its path below `spec-vectors`.
pub(crate) struct Built {
    pub(crate) path: String,
    pub(crate) file: VectorFile,
}

/// A rule of a draft or RFC by its short name and place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule(pub(crate) &'static str, pub(crate) &'static str);

impl Rule {
    /// The rule broken at an octet.
    pub(crate) fn at(self, offset: usize) -> ExpectedError {
        ExpectedError { offset: Some(offset), rule: self.0.to_owned(), section: self.1.to_owned() }
    }

    /// The rule broken as a whole.
    pub(crate) fn nowhere(self) -> ExpectedError {
        ExpectedError { offset: None, rule: self.0.to_owned(), section: self.1.to_owned() }
    }
}

/// A test before it has its number.
pub(crate) struct Case {
    comment: String,
    flags: Vec<String>,
    result: Outcome,
    error: Option<ExpectedError>,
    fields: Map<String, Value>,
}

impl Case {
    /// Input that has to be accepted.
    pub(crate) fn valid(comment: impl Into<String>, flag: &str) -> Self {
        Self::new(comment, flag, Outcome::Valid)
    }

    /// Input that the draft does not decide on.
    pub(crate) fn acceptable(comment: impl Into<String>, flag: &str) -> Self {
        Self::new(comment, flag, Outcome::Acceptable)
    }

    /// Input that has to be refused.
    pub(crate) fn invalid(comment: impl Into<String>, flag: &str, error: ExpectedError) -> Self {
        Self { error: Some(error), ..Self::new(comment, flag, Outcome::Invalid) }
    }

    fn new(comment: impl Into<String>, flag: &str, result: Outcome) -> Self {
        Self { comment: comment.into(), flags: vec![flag.to_owned()], result, error: None, fields: Map::new() }
    }

    /// Whether the test has a flag.
    pub(crate) fn has_flag(&self, flag: &str) -> bool {
        self.flags.iter().any(|own| own == flag)
    }

    /// Whether a field is empty text.
    pub(crate) fn is_empty(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| value == "")
    }

    /// One more field.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// One more field with octets in hex.
    pub(crate) fn octets(self, name: &str, octets: &[u8]) -> Self {
        self.with(name, hex::encode(octets))
    }

    /// Expects a certain error also where the result is only acceptable: what we do.
    pub(crate) fn our_error(mut self, error: ExpectedError) -> Self {
        self.error = Some(error);
        self
    }
}

/// One file in the making.
pub(crate) struct FileBuilder {
    path: String,
    file: VectorFile,
    next: u32,
}

impl FileBuilder {
    /// A file about a type or operation of a draft's section: `spec-vectors/AREA/DRAFT-REVISION/NAME.json`.
    pub(crate) fn new(area: &str, draft: Draft, name: &str, r#type: &str, section: &str) -> Self {
        let short = draft.name.rsplit('-').next().unwrap_or(draft.name);
        let folder = if area.ends_with(short) { "draft" } else { short };
        Self::at(format!("{area}/{folder}-{}/{name}.json", draft.revision), draft.full_name(), r#type, section)
    }

    /// A file about discovery profile 0, which is ours and no draft.
    pub(crate) fn of_profile(name: &str, r#type: &str, section: &str) -> Self {
        Self::at(format!("mimi-discovery/profile-0/{name}.json"), "discovery profile 0".to_owned(), r#type, section)
    }

    fn at(path: String, draft: String, r#type: &str, section: &str) -> Self {
        Self {
            path,
            file: VectorFile {
                r#type: r#type.to_owned(),
                draft,
                section: section.to_owned(),
                schema: SCHEMA.to_owned(),
                generator_version: GENERATOR_VERSION,
                number_of_tests: 0,
                header: Vec::new(),
                notes: BTreeMap::new(),
                test_groups: Vec::new(),
            },
            next: 1,
        }
    }

    /// A line that a reader has to know.
    pub(crate) fn header(mut self, line: &str) -> Self {
        self.file.header.push(line.to_owned());
        self
    }

    /// What a flag means.
    pub(crate) fn note(
        mut self,
        flag: &str,
        bug_type: BugType,
        section: &str,
        description: &str,
        effect: Option<&str>,
    ) -> Self {
        let note = Note {
            bug_type,
            description: description.to_owned(),
            effect: effect.map(str::to_owned),
            section: section.to_owned(),
        };
        self.file.notes.insert(flag.to_owned(), note);
        self
    }

    /// A group of tests that we made.
    pub(crate) fn group(mut self, r#type: &str, cases: Vec<Case>) -> Self {
        let tests = cases
            .into_iter()
            .map(|case| {
                let tc_id = self.next;
                self.next += 1;
                TestCase {
                    tc_id,
                    comment: case.comment,
                    flags: case.flags,
                    result: case.result,
                    error: case.error,
                    fields: case.fields,
                }
            })
            .collect();
        self.file.test_groups.push(TestGroup { r#type: r#type.to_owned(), source: "made by us".to_owned(), tests });
        self
    }

    /// The file, if its flags and notes agree.
    pub(crate) fn finish(mut self) -> Result<Built> {
        self.file.number_of_tests = self.file.tests().count();
        let used: BTreeSet<&String> = self.file.tests().flat_map(|(_, test)| &test.flags).collect();
        for flag in &used {
            ensure!(self.file.notes.contains_key(*flag), "{}: the flag {flag} has no note", self.path);
        }
        for flag in self.file.notes.keys() {
            ensure!(used.contains(flag), "{}: no test has the flag {flag}", self.path);
        }
        for (_, test) in self.file.tests() {
            let refused = test.result == Outcome::Invalid;
            ensure!(!refused || test.error.is_some(), "{}: test {} is invalid without an error", self.path, test.tc_id);
            ensure!(
                test.result != Outcome::Valid || test.error.is_none(),
                "{}: test {} is valid with an error",
                self.path,
                test.tc_id
            );
        }
        Ok(Built { path: self.path, file: self.file })
    }
}
