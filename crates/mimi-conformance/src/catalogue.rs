//! The list of all checks, and what it says about itself.

use std::fmt::Write as _;
use std::sync::LazyLock;

use thiserror::Error;

use crate::check::Check;
use crate::{
    client, consent, content, discovery, flow, follower, franking, input, joining, lifecycle, moderation, policy,
    privacy, query, transport,
};

static CHECKS: LazyLock<Vec<&'static Check>> = LazyLock::new(|| {
    let groups = [
        flow::CHECKS,
        transport::CHECKS,
        input::CHECKS,
        franking::CHECKS,
        consent::CHECKS,
        query::CHECKS,
        content::CHECKS,
        policy::CHECKS,
        moderation::CHECKS,
        client::CHECKS,
        joining::CHECKS,
        follower::CHECKS,
        lifecycle::CHECKS,
        discovery::CHECKS,
        privacy::CHECKS,
    ];
    groups.into_iter().flat_map(|groups| groups.iter().copied().flatten()).collect()
});

/// All checks, in the order in which a run asks them. The order is fixed, and so are the IDs.
#[must_use]
pub fn checks() -> &'static [&'static Check] {
    &CHECKS
}

/// The groups, in order: the first parts of the IDs.
#[must_use]
pub fn groups() -> Vec<&'static str> {
    let mut groups: Vec<&'static str> = checks().iter().map(|check| check.group()).collect();
    groups.dedup();
    groups
}

/// The check with this ID.
#[must_use]
pub fn find(id: &str) -> Option<&'static Check> {
    checks().iter().copied().find(|check| check.id == id)
}

/// One line per check: ID, level, section, sentence.
#[must_use]
pub fn list() -> String {
    let width = checks().iter().map(|check| check.id.len()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks() {
        // Writing to a string does not fail.
        let _ =
            writeln!(text, "{:width$}  {:14}  {:3}  {}", check.id, check.level.word(), check.section, check.sentence);
    }
    text
}

/// There is no check with the ID that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no check {asked:?}{}", match nearest { Some(id) => format!("; did you mean {id}?"), None => String::new() })]
pub struct UnknownCheck {
    /// What was asked for.
    pub asked: String,
    /// The ID that looks most like it, if one does.
    pub nearest: Option<&'static str>,
}

/// Everything there is to know about one check, as text.
///
/// # Errors
/// There is no such check; the error names the one whose ID looks most like it.
pub fn explain(id: &str) -> Result<String, UnknownCheck> {
    let Some(check) = find(id) else {
        return Err(UnknownCheck { asked: id.to_owned(), nearest: nearest(id) });
    };
    let mut text = format!(
        "{}\n\n{}\n\n{}\n\nSource: {} section {}\nLevel: {}\nRequirements: {}\n",
        check.id,
        check.sentence,
        fold(check.explanation, 100),
        check.draft,
        check.section,
        check.level,
        check.requirements.join(", ")
    );
    if !check.needs.is_empty() {
        let _ = writeln!(text, "Asked only after: {}", check.needs.join(", "));
    }
    Ok(text)
}

/// Breaks text into lines of at most `width` characters, as far as its words allow.
fn fold(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    let mut column = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// The ID that looks most like `asked`: one that has it as a part, or else the one with the fewest changed characters, when
/// those are no more than a third of the longer of the two.
fn nearest(asked: &str) -> Option<&'static str> {
    if asked.len() >= 4
        && let Some(check) = checks().iter().find(|check| check.id.contains(asked))
    {
        return Some(check.id);
    }
    checks()
        .iter()
        .map(|check| (distance(asked, check.id), check.id))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, id)| *distance * 3 <= asked.chars().count().max(id.len()))
        .map(|(_, id)| id)
}

/// How many characters have to be put in, taken out or changed to make one text out of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(i + 1);
        for ((cb, &above_left), &above) in b.iter().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or_default();
            let change = above_left + usize::from(ca != *cb);
            next.push(change.min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::collections::BTreeSet;

    use super::*;
    use crate::check::Level;

    #[test]
    fn no_two_checks_have_the_same_id() {
        let ids: BTreeSet<&str> = checks().iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), checks().len());
    }

    #[test]
    fn an_id_names_group_section_and_subject() {
        for check in checks() {
            let (start, name) = check.id.rsplit_once('.').unwrap();
            let (group, section) = start.split_once(".s").unwrap();
            const GROUPS: &[&str] = &[
                "client",
                "discovery",
                "transport",
                "flow",
                "input",
                "franking",
                "consent",
                "query",
                "content",
                "status",
                "policy",
                "moderation",
                "joining",
                "follower",
                "lifecycle",
                "semiprivate",
                "privacy",
            ];
            assert!(GROUPS.contains(&group), "{}", check.id);
            assert_eq!(section, check.section, "{}", check.id);
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{}", check.id);
        }
    }

    #[test]
    fn every_check_cites_a_requirement_in_the_form_of_the_tables() {
        for check in checks() {
            assert!(!check.requirements.is_empty(), "{} cites nothing", check.id);
            for requirement in check.requirements {
                let parts: Vec<&str> = requirement.split('-').collect();
                assert_eq!(parts.len(), 3, "{requirement}");
                let drafts = ["MP06", "ID05", "AR02", "MC08", "MS01", "RP03", "SP07", "UD03", "RT03"];
                assert!(drafts.contains(&parts[0]), "{requirement}");
                assert!(parts[1].split('.').all(|part| part.parse::<u8>().is_ok()), "{requirement}");
                assert!(parts[2].len() == 2 && parts[2].parse::<u8>().is_ok(), "{requirement}");
            }
        }
    }

    #[test]
    fn every_requirement_that_a_check_cites_is_in_the_tables() {
        let tables = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/requirements");
        // The tables travel with the repository, not with the packaged crate.
        let Ok(folder) = std::fs::read_dir(&tables) else { return };
        let text: String = folder.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok()).collect();
        if text.is_empty() {
            return;
        }
        let missing: BTreeSet<&str> = checks()
            .iter()
            .flat_map(|check| check.requirements)
            .copied()
            .filter(|requirement| !text.contains(&format!("\"{requirement}\"")))
            .collect();
        assert!(missing.is_empty(), "not in docs/requirements: {missing:?}");
    }

    #[test]
    fn every_interpretation_that_a_check_names_is_in_the_book() {
        let book = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/interpretations.md");
        // The book travels with the repository, not with the packaged crate.
        let Ok(text) = std::fs::read_to_string(book) else { return };
        for check in checks() {
            if let Level::Interpretation(id) = check.level {
                assert!(text.contains(&format!("### {id} ")), "{} names {id}", check.id);
            }
        }
    }

    #[test]
    fn a_check_needs_only_checks_that_are_asked_before_it() {
        let mut seen = BTreeSet::new();
        for check in checks() {
            for need in check.needs {
                assert!(seen.contains(need), "{} needs {need}", check.id);
                assert_eq!(find(need).unwrap().group(), check.group(), "{} needs another group", check.id);
            }
            seen.insert(check.id);
        }
    }

    #[test]
    fn sentences_are_one_sentence_and_explanations_say_what_a_failure_means() {
        for check in checks() {
            assert!(check.sentence.ends_with('.') && check.sentence.len() <= 120, "{}: {}", check.id, check.sentence);
            assert!(check.explanation.contains("failure means"), "{}", check.id);
        }
    }

    #[test]
    fn the_list_of_checks_changes_only_on_purpose() {
        insta::assert_snapshot!(list());
    }

    #[test]
    fn explain_says_everything_about_a_check() {
        insta::assert_snapshot!(explain("flow.s3.2.welcome-routed").unwrap());
    }

    #[test]
    fn an_unknown_id_is_answered_with_the_nearest_one() {
        let error = explain("flow.s3.2.welcome-router").unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no check \"flow.s3.2.welcome-router\"; did you mean flow.s3.2.welcome-routed?"
        );
        assert_eq!(explain("s3.1.create").unwrap_err().nearest, Some("flow.s3.1.create-room"));
        assert_eq!(explain("zzz").unwrap_err().nearest, None);
        assert_eq!(explain("zzz").unwrap_err().to_string(), "there is no check \"zzz\"");
    }

    #[test]
    fn distance_counts_changes() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }
}
