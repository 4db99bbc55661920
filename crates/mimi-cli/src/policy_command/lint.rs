//! `mimi policy lint`: what deserves a look.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;
use mimi_room_policy::lint::{Finding, Severity, lint};
use serde::Serialize;

use super::policy_in;
use crate::{
    screen::{Tone, tinted},
    screen::{harmless, print},
};

#[derive(Args)]
pub(crate) struct LintArguments {
    /// The file; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Prints the findings as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &LintArguments) -> anyhow::Result<ExitCode> {
    let policy = match policy_in(&arguments.file) {
        Ok(policy) => policy,
        Err(code) => return Ok(code),
    };
    let findings = lint(&policy);
    let text = if arguments.json { in_json(&findings)? } else { in_words(&findings) };
    print(text.as_bytes())?;
    let serious = findings.iter().any(|finding| finding.severity.is_serious());
    Ok(if serious { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// A line for each finding, and a last one that counts them.
pub(super) fn in_words(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { severity, code, sentence, section } in findings {
        let tone = match severity {
            Severity::Contradiction | Severity::Dangerous => Tone::Bad,
            Severity::Unreachable => Tone::Warn,
            Severity::Hint => Tone::Quiet,
        };
        let place = tinted(&format!("[{code}] ({section})"), Tone::Quiet);
        text.push_str(&format!("{}: {} {place}\n", tinted(severity.name(), tone), harmless(sentence)));
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let counted: Vec<String> = [
        (Severity::Contradiction, "contradictory"),
        (Severity::Dangerous, "dangerous"),
        (Severity::Unreachable, "unreachable"),
    ]
    .into_iter()
    .map(|(severity, word)| format!("{} {word}", count(severity)))
    .collect();
    text.push_str(&format!("{}, {} to know\n", counted.join(", "), count(Severity::Hint)));
    text
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    severity: &'static str,
    code: &'static str,
    sentence: &'a str,
    section: &'static str,
}

/// An array of findings. Names in sentences are quoted, so that nothing in them steers a terminal.
pub(super) fn in_json(findings: &[Finding]) -> anyhow::Result<String> {
    let findings: Vec<JsonFinding<'_>> = findings
        .iter()
        .map(|Finding { severity, code, sentence, section }| JsonFinding {
            severity: severity.name(),
            code,
            sentence,
            section,
        })
        .collect();
    Ok(serde_json::to_string_pretty(&findings).context("JSON cannot be written")? + "\n")
}
