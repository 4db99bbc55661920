//! The words of the system: every term of draft-ietf-mimi-arch-02 section 2, and those of discovery,
//! once, in our own words, with the item of this workspace that is it.
//!
//! One thing has one word. [`Term::do_not_say`] holds the other words that people use for it, so
//! that code, documentation and messages can avoid them.

mod discovery;
mod terms;

use std::fmt;

use crate::revisions::Draft;

/// Every term: those of the architecture draft in its order, then those of discovery.
pub fn terms() -> impl Iterator<Item = &'static Term> {
    terms::TERMS.iter().chain(discovery::TERMS)
}

/// A term of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Term {
    /// The word to use.
    pub word: &'static str,
    /// Where the term comes from.
    pub source: Source,
    /// What it means.
    pub meaning: &'static str,
    /// Where it is found in the code.
    pub item: Item,
    /// Words that are not used for it here.
    pub do_not_say: &'static [&'static str],
}

/// Where a term comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A section of a draft.
    Draft(Draft, &'static str),
    /// A section of the project's discovery profile, docs/discovery.md.
    Profile(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draft(draft, section) => write!(f, "{draft} section {section}"),
            Self::Profile(section) => write!(f, "discovery profile 0 section {section}"),
        }
    }
}

/// The place of a term in the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The path of the item that is the term.
    Path(&'static str),
    /// There is no such item, and why.
    Absent(&'static str),
}

/// The glossary as a page in Markdown: an introduction and one section per term, in the order of
/// the alphabet.
#[must_use]
pub fn to_markdown() -> String {
    let mut page = String::from(
        "# Glossary\n\n\
         The words of the system and what they stand for. The terms are those of section 2 of the \
         architecture\ndraft, and those of discovery (discovery.md), in our own words; each names the Rust \
         item that it is. One thing has\none word: what is listed under *do not say* is used by others for \
         the same thing and not used here.\n",
    );
    let mut terms: Vec<&Term> = terms().collect();
    terms.sort_by_key(|term| term.word.to_lowercase());
    for term in terms {
        let Term { word, source, meaning, item, do_not_say } = term;
        page.push_str(&format!("\n## {word}\n\n{meaning}\n\n"));
        match item {
            Item::Path(path) => page.push_str(&format!("* In the code: `{path}`\n")),
            Item::Absent(reason) => page.push_str(&format!("* In the code: none; {reason}\n")),
        }
        if !do_not_say.is_empty() {
            page.push_str(&format!("* Do not say: {}\n", do_not_say.join(", ")));
        }
        page.push_str(&format!("* Source: {source}\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::BTreeSet;

    use super::{Item, terms, to_markdown};
    use crate::glossary::terms::TERMS;

    /// The terms that section 2 sets in emphasis, except those it gives as other words for one.
    const SECTION_2: [&str; 27] = [
        "Provider",
        "User",
        "User ID",
        "Client",
        "Client ID",
        "Server",
        "Hub",
        "Follower",
        "Room",
        "MLS group",
        "Room ID",
        "State",
        "User participation",
        "Participant",
        "Participant list",
        "Client membership",
        "Member",
        "Membership",
        "Active participant",
        "Inactive participant",
        "Add",
        "Remove",
        "Policy",
        "Policy envelope",
        "Event",
        "State event",
        "Message event",
    ];
    const OTHER_WORDS: [&str; 6] = ["Messaging provider", "MLS client", "Device", "Chat", "Conversation", "Channel"];

    #[test]
    fn the_glossary_has_every_term_of_section_2_once_and_in_the_order_of_the_draft() {
        let words: Vec<&str> = TERMS.iter().map(|term| term.word).collect();
        assert_eq!(words, SECTION_2);
    }

    #[test]
    fn every_other_word_of_section_2_is_listed_as_not_to_be_said() {
        // req: AR02-2-03
        for word in OTHER_WORDS {
            let uses = terms().filter(|term| term.do_not_say.contains(&word)).count();
            assert_eq!(uses, 1, "{word}");
        }
    }

    #[test]
    fn no_word_is_both_a_term_and_not_to_be_said() {
        let words: BTreeSet<String> = terms().map(|term| term.word.to_lowercase()).collect();
        assert_eq!(words.len(), terms().count(), "a term is there twice");
        for term in terms() {
            for word in term.do_not_say {
                assert!(!words.contains(&word.to_lowercase()), "{word}");
            }
        }
    }

    #[test]
    fn the_terms_of_discovery_are_told_without_the_words_that_are_not_to_be_said() {
        let avoided: Vec<&str> = super::discovery::TERMS.iter().flat_map(|term| term.do_not_say).copied().collect();
        for term in super::discovery::TERMS {
            let meaning = term.meaning.to_lowercase();
            for word in avoided.iter().chain(&OTHER_WORDS) {
                assert!(!meaning.contains(&word.to_lowercase()), "{}: {word}", term.word);
            }
        }
    }

    #[test]
    fn every_path_begins_with_a_crate_of_the_workspace() {
        let crates = [
            "mimi_arch",
            "mimi_protocol",
            "mimi_ds",
            "mimi_client",
            "mimi_provider",
            "mimi_discovery",
            "mimi_discovery_provider",
        ];
        for term in terms() {
            if let Item::Path(path) = term.item {
                let (name, _) = path.split_once("::").expect("a path below a crate");
                assert!(crates.contains(&name), "{path}");
            }
        }
    }

    #[test]
    fn the_page_has_a_heading_for_every_term_in_the_order_of_the_alphabet() {
        let page = to_markdown();
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings.len(), terms().count());
        assert!(headings.is_sorted_by_key(|word| word.to_lowercase()));
        assert!(page.ends_with('\n'));
        assert!(!page.lines().any(|line| line.ends_with(' ')));
    }
}
