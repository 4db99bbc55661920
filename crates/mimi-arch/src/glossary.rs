//! The words of the system: every term of draft-ietf-mimi-arch-02 section 2, once, in our own
//! words, with the item of this workspace that is it.
//!
//! One thing has one word. [`Term::do_not_say`] holds the other words that people use for it, so
//! that code, documentation and messages can avoid them.

mod terms;

pub use terms::TERMS;

use crate::revisions::Draft;

/// A term of the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Term {
    /// The word to use.
    pub word: &'static str,
    /// The draft that the term comes from.
    pub draft: Draft,
    /// The section of that draft.
    pub section: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Where it is found in the code.
    pub item: Item,
    /// Words that are not used for it here.
    pub do_not_say: &'static [&'static str],
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
         architecture\ndraft, in our own words; each names the Rust item that it is. One thing has \
         one word: what is listed\nunder *do not say* is used by others for the same thing and not \
         used here.\n",
    );
    let mut terms: Vec<&Term> = TERMS.iter().collect();
    terms.sort_by_key(|term| term.word.to_lowercase());
    for term in terms {
        let Term { word, draft, section, meaning, item, do_not_say } = term;
        page.push_str(&format!("\n## {word}\n\n{meaning}\n\n"));
        match item {
            Item::Path(path) => page.push_str(&format!("* In the code: `{path}`\n")),
            Item::Absent(reason) => page.push_str(&format!("* In the code: none; {reason}\n")),
        }
        if !do_not_say.is_empty() {
            page.push_str(&format!("* Do not say: {}\n", do_not_say.join(", ")));
        }
        page.push_str(&format!("* Source: {draft} section {section}\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use std::collections::BTreeSet;

    use super::{Item, TERMS, to_markdown};

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
            let uses = TERMS.iter().filter(|term| term.do_not_say.contains(&word)).count();
            assert_eq!(uses, 1, "{word}");
        }
    }

    #[test]
    fn no_word_is_both_a_term_and_not_to_be_said() {
        let terms: BTreeSet<String> = TERMS.iter().map(|term| term.word.to_lowercase()).collect();
        for term in TERMS {
            for word in term.do_not_say {
                assert!(!terms.contains(&word.to_lowercase()), "{word}");
            }
        }
    }

    #[test]
    fn every_path_begins_with_a_crate_of_the_workspace() {
        for term in TERMS {
            if let Item::Path(path) = term.item {
                let (name, _) = path.split_once("::").expect("a path below a crate");
                assert!(
                    ["mimi_arch", "mimi_protocol", "mimi_ds", "mimi_client", "mimi_provider"].contains(&name),
                    "{path}"
                );
            }
        }
    }

    #[test]
    fn the_page_has_a_heading_for_every_term_in_the_order_of_the_alphabet() {
        let page = to_markdown();
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings.len(), TERMS.len());
        assert!(headings.is_sorted_by_key(|word| word.to_lowercase()));
        assert!(page.ends_with('\n'));
        assert!(!page.lines().any(|line| line.ends_with(' ')));
    }
}
