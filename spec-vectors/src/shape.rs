//! The one shape of all vector files, after the one of Wycheproof.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A file of vectors: everything that is about one type or operation of one draft revision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VectorFile {
    /// The type or operation, by the name it has in the draft.
    pub r#type: String,
    /// The draft with its revision.
    pub draft: String,
    /// The section of the draft.
    pub section: String,
    /// The file below `schemas` that describes this one.
    pub schema: String,
    /// Version of the builders that wrote the file; it rises when a vector changes without a change of the draft.
    pub generator_version: u32,
    /// How many tests there are in all groups.
    pub number_of_tests: usize,
    /// What a reader has to know, one line per item.
    pub header: Vec<String>,
    /// What the flags of the tests mean.
    pub notes: BTreeMap<String, Note>,
    /// The tests.
    pub test_groups: Vec<TestGroup>,
}

impl VectorFile {
    /// Reads a file.
    ///
    /// # Errors
    /// When the text has another shape.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// All tests with the groups they are in.
    pub fn tests(&self) -> impl Iterator<Item = (&TestGroup, &TestCase)> {
        self.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
    }
}

/// What a flag means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Note {
    /// What kind of mistake the tests with the flag find.
    pub bug_type: BugType,
    /// What the tests do.
    pub description: String,
    /// What an implementation that fails may suffer, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Where the rule stands.
    pub section: String,
}

/// Kinds of mistakes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum BugType {
    /// Ordinary input; failing means that the basics do not work.
    Basic,
    /// Legal input at a limit or of a seldom form.
    EdgeCase,
    /// Malformed input that is taken for good: two encodings of one value.
    Malleability,
    /// Malformed input that is taken for good, and for something that was not sent.
    MissingCheck,
    /// A signature or key that does not prove what it should.
    AuthenticationBypass,
    /// Two implementations come to different results.
    Disagreement,
}

/// Tests with the same fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestGroup {
    /// Which fields the tests have; described in the schema.
    pub r#type: String,
    /// Where the tests come from: `made by us`, `published upstream` or `made independently`.
    pub source: String,
    /// The tests.
    pub tests: Vec<TestCase>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// Number within the file.
    pub tc_id: u32,
    /// What is special about it.
    pub comment: String,
    /// Names of notes.
    pub flags: Vec<String>,
    /// What has to come out.
    pub result: Outcome,
    /// Where and why invalid input is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ExpectedError>,
    /// The fields that the group's type has.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl TestCase {
    /// A field that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.as_str()
    }

    /// A field that is octets in hex.
    pub fn octets(&self, name: &str) -> Option<Vec<u8>> {
        let digits = self.text(name)?.as_bytes();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
            .collect::<Option<Vec<u8>>>()
            .filter(|octets| octets.len() * 2 == digits.len())
    }
}

/// What has to come out of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is accepted, with the meaning given.
    Valid,
    /// It is refused.
    Invalid,
    /// The draft can be read both ways; the comment says what we do.
    Acceptable,
}

/// Where and why input is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedError {
    /// The octet, counted from 0, at which the value begins that breaks the rule; for a vector whose length is at fault, the
    /// first octet of the length. Absent if the error has no place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// Short name of the rule, the same in all files.
    pub rule: String,
    /// Where the rule stands.
    pub section: String,
}
