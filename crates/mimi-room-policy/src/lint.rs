//! What is contradictory, unreachable, dangerous or merely odd in a room's policy, in sentences.
//!
//! Contradictions are those of [`RoomPolicy::check`]. Everything else is judgement: the draft allows it, and whoever sets up a room may want
//! to hear of it. Every finding has a code that stays the same and the section that it is about.

mod components;
mod membership;
mod powers;
mod privacy;

use std::fmt;

use mimi_arch::RoleIndex;

use crate::policy::RoomPolicy;
use crate::roles::Role;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The policy contradicts the draft or itself.
    Contradiction,
    /// Someone can do harm that the policy hardly means.
    Dangerous,
    /// Something can never take effect.
    Unreachable,
    /// Something to know or to think about.
    Hint,
}

impl Severity {
    /// The word for people and programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Contradiction => "contradiction",
            Self::Dangerous => "dangerous",
            Self::Unreachable => "unreachable",
            Self::Hint => "hint",
        }
    }

    /// Whether a policy with such a finding had better not be used.
    pub const fn is_serious(self) -> bool {
        matches!(self, Self::Contradiction | Self::Dangerous)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something in a policy that deserves a look.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A name for programs, which stays the same.
    pub code: &'static str,
    /// What it is, in a sentence without a full stop.
    pub sentence: String,
    /// Document and section that it is about.
    pub section: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} [{}] ({})", self.severity, self.sentence, self.code, self.section)
    }
}

/// Says what deserves a look, the worst first.
///
/// Meant for whoever sets up a room, not for a hub: the time is quadratic in the number of preauthorizations and of transitions of a role.
///
/// ```
/// use mimi_room_policy::{lint::lint, ready_made};
///
/// let findings = lint(&ready_made::group(&[]));
/// assert!(findings.iter().all(|finding| !finding.severity.is_serious()));
/// ```
pub fn lint(policy: &RoomPolicy) -> Vec<Finding> {
    let mut report = Report::default();
    for inconsistency in policy.check() {
        let (code, section) = (inconsistency.code(), inconsistency.section());
        report.add(Severity::Contradiction, code, section, inconsistency.to_string());
    }
    if let Some(roles) = &policy.roles {
        powers::lint(policy, roles, &mut report);
        membership::lint(policy, roles, &mut report);
    }
    components::lint(policy, &mut report);
    privacy::lint(policy, &mut report);
    report.findings.sort_by_key(|finding| finding.severity);
    report.findings
}

/// Findings so far.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, severity: Severity, code: &'static str, section: &'static str, sentence: impl Into<String>) {
        self.findings.push(Finding { severity, code, sentence: sentence.into(), section });
    }

    fn dangerous(&mut self, code: &'static str, section: &'static str, sentence: impl Into<String>) {
        self.add(Severity::Dangerous, code, section, sentence);
    }

    fn unreachable(&mut self, code: &'static str, section: &'static str, sentence: impl Into<String>) {
        self.add(Severity::Unreachable, code, section, sentence);
    }

    fn hint(&mut self, code: &'static str, section: &'static str, sentence: impl Into<String>) {
        self.add(Severity::Hint, code, section, sentence);
    }
}

/// A role as sentences name it.
fn called(role: &Role) -> String {
    let name: String = role.role_name.chars().take(60).collect();
    if name.is_empty() { format!("role {}", role.role_index) } else { format!("role {} {name:?}", role.role_index) }
}

/// All moves from role to role that a role's transitions name.
fn moves(role: &Role) -> impl Iterator<Item = (RoleIndex, RoleIndex)> {
    role.authorized_role_changes
        .iter()
        .flat_map(|entry| entry.target_role_indexes.iter().map(|target| (entry.from_role_index, *target)))
}

#[cfg(test)]
mod tests;
