//! The results of a run, and how they are written down.

use std::fmt::Write as _;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::outcome::{CheckResult, Outcome};

/// All results of a run, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// One result for every check that belongs to the run, the skipped ones too.
    pub results: Vec<CheckResult>,
}

impl Report {
    fn count(&self, wanted: impl Fn(&Outcome) -> bool) -> usize {
        self.results.iter().filter(|result| wanted(&result.outcome)).count()
    }

    /// How many checks passed. Skipped ones do not count.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.count(Outcome::is_passed)
    }

    /// How many checks failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.count(Outcome::is_failed)
    }

    /// How many checks could not be asked.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped { .. }))
    }

    /// How many checks the target says it does not support.
    #[must_use]
    pub fn unsupported(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Unsupported { .. }))
    }

    /// How many checks ended with a warning.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Warning { .. }))
    }

    /// Whether there were checks and every one of them passed.
    #[must_use]
    pub fn all_passed(&self) -> bool {
        !self.results.is_empty() && self.passed() == self.results.len()
    }

    /// The time of all checks together.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.results.iter().map(|result| result.duration).sum()
    }

    /// The last line of a run: `12 passed, 0 failed`, then what else there was.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut text = format!("{} passed, {} failed", self.passed(), self.failed());
        for (count, word) in
            [(self.skipped(), "skipped"), (self.unsupported(), "unsupported"), (self.warnings(), "with a warning")]
        {
            if count > 0 {
                // Writing to a string does not fail.
                let _ = write!(text, ", {count} {word}");
            }
        }
        text
    }

    /// The report as JSON, with what the checks say about themselves.
    ///
    /// # Errors
    /// Never for a report made by [`crate::run`]; the signature is that of `serde_json`.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }

    /// The report in the JUnit form that build servers read: one suite per group.
    #[must_use]
    pub fn to_junit(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let _ = writeln!(
            text,
            "<testsuites tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
            self.results.len(),
            self.failed(),
            self.skipped() + self.unsupported(),
            self.duration().as_secs_f64()
        );
        let mut group = "";
        for result in &self.results {
            let this_group = result.check().group();
            if this_group != group {
                if !group.is_empty() {
                    text.push_str("  </testsuite>\n");
                }
                group = this_group;
                let _ = writeln!(text, "  <testsuite name=\"{}\">", xml(group));
            }
            let _ = write!(
                text,
                "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\">",
                xml(group),
                xml(result.id),
                result.duration.as_secs_f64()
            );
            let sentence = xml(result.check().sentence);
            let detail = xml(&result.outcome.detail());
            let _ = match &result.outcome {
                Outcome::Passed { .. } => write!(text, "<system-out>{detail}</system-out>"),
                Outcome::Warning { .. } => write!(text, "<system-err>{detail}</system-err>"),
                Outcome::Failed { .. } => write!(text, "<failure message=\"{sentence}\">{detail}</failure>"),
                Outcome::Skipped { .. } | Outcome::Unsupported { .. } => {
                    write!(text, "<skipped message=\"{detail}\"/>")
                }
            };
            text.push_str("</testcase>\n");
        }
        if !group.is_empty() {
            text.push_str("  </testsuite>\n");
        }
        text.push_str("</testsuites>\n");
        text
    }
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 7)?;
        report.serialize_field("passed", &self.passed())?;
        report.serialize_field("failed", &self.failed())?;
        report.serialize_field("skipped", &self.skipped())?;
        report.serialize_field("unsupported", &self.unsupported())?;
        report.serialize_field("warnings", &self.warnings())?;
        report.serialize_field("duration_ms", &((self.duration().as_secs_f64() * 1_000_000.0).round() / 1000.0))?;
        report.serialize_field("results", &self.results)?;
        report.end()
    }
}

/// Text for XML: the five special characters as entities; control characters, which XML 1.0 cannot hold, as U+FFFD.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn result(id: &str, outcome: Outcome) -> CheckResult {
        CheckResult::new(crate::find(id).unwrap(), outcome, Duration::from_micros(1500))
    }

    fn one_of_each() -> Report {
        Report {
            results: vec![
                result("flow.s3.1.create-room", Outcome::Passed { observed: "epoch 0".into() }),
                result(
                    "flow.s3.2.alice-adds-bob",
                    Outcome::Failed { expected: "a <commit>".into(), observed: "\"none\"\u{1}".into() },
                ),
                result("flow.s3.2.welcome-routed", Outcome::Skipped { reason: "nothing was sent".into() }),
                result("transport.s4.1.http2", Outcome::Unsupported { reason: "no HTTP/2".into() }),
                result("transport.s4.1.http1", Outcome::Warning { note: "slow & old".into() }),
            ],
        }
    }

    #[test]
    fn a_skipped_check_is_never_counted_as_passed() {
        let report = one_of_each();
        assert_eq!((report.passed(), report.failed(), report.skipped()), (1, 1, 1));
        assert_eq!((report.unsupported(), report.warnings()), (1, 1));
        assert!(!report.all_passed());
        let skipped =
            Report { results: vec![result("flow.s3.1.create-room", Outcome::Skipped { reason: String::new() })] };
        assert_eq!(skipped.passed(), 0);
        assert!(!skipped.all_passed());
    }

    #[test]
    fn an_empty_report_has_not_passed() {
        assert!(!Report::default().all_passed());
    }

    #[test]
    fn the_summary_begins_with_passed_and_failed() {
        assert_eq!(one_of_each().summary(), "1 passed, 1 failed, 1 skipped, 1 unsupported, 1 with a warning");
        assert_eq!(Report::default().summary(), "0 passed, 0 failed");
    }

    #[test]
    fn the_json_form_carries_counts_and_sections() {
        let value: serde_json::Value = serde_json::from_str(&one_of_each().to_json().unwrap()).unwrap();
        assert_eq!(value["passed"], 1);
        assert_eq!(value["results"][0]["outcome"], "passed");
        assert_eq!(value["results"][0]["section"], "3.1");
        assert_eq!(value["results"][0]["duration_ms"], 1.5);
        assert_eq!(value["results"][1]["expected"], "a <commit>");
    }

    #[test]
    fn the_junit_form_escapes_what_xml_cannot_hold() {
        insta::assert_snapshot!(one_of_each().to_junit());
    }
}
