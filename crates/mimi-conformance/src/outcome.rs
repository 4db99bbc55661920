//! What came of a check.

use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::check::{Check, Level};

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It was as it has to be.
    Passed {
        /// What was seen.
        observed: String,
    },
    /// It was not as it has to be.
    Failed {
        /// What should have been seen.
        expected: String,
        /// What was seen.
        observed: String,
    },
    /// It could not be asked, because something before it did not work. This is not a pass.
    Skipped {
        /// Why not.
        reason: String,
    },
    /// The target says that it does not do this.
    Unsupported {
        /// What the target said.
        reason: String,
    },
    /// The text leaves room for what was seen, but somebody should look at it.
    Warning {
        /// What was seen, and why it is worth a look.
        note: String,
    },
}

impl Outcome {
    /// Whether the check passed.
    #[must_use]
    pub fn is_passed(&self) -> bool {
        matches!(self, Self::Passed { .. })
    }

    /// Whether the check failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    /// Whether later checks can build on this one: it passed, or passed with a warning.
    #[must_use]
    pub fn carries_on(&self) -> bool {
        matches!(self, Self::Passed { .. } | Self::Warning { .. })
    }

    /// One word for a line of output.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Passed { .. } => "passed",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Unsupported { .. } => "unsupported",
            Self::Warning { .. } => "warning",
        }
    }

    /// What was seen, or why nothing was, in one sentence.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Passed { observed } => observed.clone(),
            Self::Failed { expected, observed } => format!("expected {expected}; observed {observed}"),
            Self::Skipped { reason } | Self::Unsupported { reason } => reason.clone(),
            Self::Warning { note } => note.clone(),
        }
    }
}

/// One check, what came of it, and how long it took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckResult {
    /// The check's ID.
    pub id: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// From asking to knowing.
    pub duration: Duration,
    check: &'static Check,
}

impl CheckResult {
    pub(crate) fn new(check: &'static Check, outcome: Outcome, duration: Duration) -> Self {
        Self { id: check.id, outcome, duration, check }
    }

    /// The check that was asked.
    #[must_use]
    pub fn check(&self) -> &'static Check {
        self.check
    }
}

impl Serialize for CheckResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Record<'a> {
            id: &'a str,
            sentence: &'a str,
            draft: &'a str,
            section: &'a str,
            level: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            interpretation: Option<&'a str>,
            requirements: &'a [&'a str],
            #[serde(flatten)]
            outcome: &'a Outcome,
            duration_ms: f64,
        }
        let check = self.check;
        Record {
            id: check.id,
            sentence: check.sentence,
            draft: check.draft.name(),
            section: check.section,
            level: check.level.word(),
            interpretation: match check.level {
                Level::Interpretation(id) => Some(id),
                _ => None,
            },
            requirements: check.requirements,
            outcome: &self.outcome,
            duration_ms: (self.duration.as_secs_f64() * 1_000_000.0).round() / 1000.0,
        }
        .serialize(serializer)
    }
}
