//! Reads the plain text of an Internet-Draft and gives its sentences with their hashes. The text stays where it is: the
//! tables hold only the hash of a sentence with its white space folded.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

/// One sentence of a draft: where it stands and what it hashes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// Section number as printed, without the last dot: `5.4.1`.
    pub(crate) section: String,
    /// The sentence with every run of white space folded to one space.
    pub(crate) text: String,
    /// What kind of text it was found in.
    pub(crate) kind: Kind,
}

/// Where in the text a sentence was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A sentence of a paragraph or list item.
    Prose,
    /// A comment inside a listing; neighbouring comments are one.
    Comment,
    /// A single line of a figure.
    Line,
}

impl Sentence {
    /// SHA-256 of the folded text in lower-case hex.
    pub(crate) fn sha256(&self) -> String {
        hex::encode(Sha256::digest(self.text.as_bytes()))
    }

    /// Whether the sentence uses one of the key words of BCP 14 in capitals.
    pub(crate) fn is_bcp14(&self) -> bool {
        self.kind == Kind::Prose
            && self.text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| {
                matches!(word, "MUST" | "SHOULD" | "MAY" | "SHALL" | "REQUIRED" | "RECOMMENDED" | "OPTIONAL")
            })
    }
}

/// Folds every run of white space to one space and trims both ends.
pub(crate) fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// All sentences of a draft's plain text, section by section.
pub(crate) fn sentences(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    for (section, lines) in sections(text) {
        let of = |kind: Kind, text: String| Sentence { section: section.clone(), text, kind };
        for paragraph in paragraphs(&lines) {
            found.extend(split_sentences(&paragraph).into_iter().map(|text| of(Kind::Prose, text)));
        }
        found.extend(comments(&lines.join("\n")).into_iter().map(|text| of(Kind::Comment, text)));
        found.extend(
            lines.iter().map(|line| fold(line)).filter(|line| !line.is_empty()).map(|text| of(Kind::Line, text)),
        );
    }
    found
}

/// Sections in the order of the text: number and lines, without page furniture.
fn sections(text: &str) -> Vec<(String, Vec<&str>)> {
    let mut sections: Vec<(String, Vec<&str>)> = Vec::new();
    for line in without_page_breaks(text) {
        if let Some(number) = heading(line) {
            sections.push((number.to_owned(), Vec::new()));
        } else if let Some((_, lines)) = sections.last_mut() {
            lines.push(line);
        }
    }
    sections
}

/// The number in a section heading, which starts in the first column (a table of contents is indented).
fn heading(line: &str) -> Option<&str> {
    let (number, title) = line.split_once(".  ").or_else(|| line.split_once(". "))?;
    let is_number = !number.is_empty()
        && number.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    (is_number && title.trim_start().starts_with(|c: char| c.is_ascii_alphanumeric())).then_some(number)
}

/// Drops footers (`[Page 7]`), the form feed and header after them, and the blank lines that a page break put into a paragraph.
fn without_page_breaks(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = Vec::new();
    let mut after_break = false;
    for line in text.lines() {
        let trimmed = line.trim_end();
        if trimmed.ends_with(']') && trimmed.contains("[Page ") {
            while lines.last().is_some_and(|last| last.trim().is_empty()) {
                lines.pop();
            }
            after_break = true;
            continue;
        }
        if after_break {
            let is_furniture = trimmed.trim_matches('\u{c}').is_empty()
                || trimmed.trim_start_matches('\u{c}').starts_with("Internet-Draft");
            if is_furniture {
                continue;
            }
            after_break = false;
            // A paragraph goes on over the page only if it starts in lower case; else it is a new one.
            if !trimmed.trim_start().starts_with(|c: char| c.is_lowercase()) {
                lines.push("");
            }
        }
        lines.push(line);
    }
    lines
}

/// Paragraphs and list items with folded white space, list markers removed.
fn paragraphs(lines: &[&str]) -> Vec<String> {
    let mut paragraphs = Vec::new();
    let mut current = String::new();
    for line in lines.iter().copied().chain([""]) {
        let trimmed = line.trim();
        let starts_item = list_marker(trimmed).is_some();
        if (trimmed.is_empty() || starts_item) && !current.is_empty() {
            paragraphs.push(fold(&current));
            current.clear();
        }
        if !trimmed.is_empty() {
            current.push(' ');
            current.push_str(list_marker(trimmed).unwrap_or(trimmed));
        }
    }
    paragraphs
}

/// What follows a list marker (`*  `, `-  `, `2.  `), if the line starts with one.
fn list_marker(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("*  ").or_else(|| line.strip_prefix("-  ")) {
        return Some(rest);
    }
    let (number, rest) = line.split_once(".  ")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

/// Splits a folded paragraph where a full stop, question or exclamation mark is followed by the start of a sentence.
fn split_sentences(paragraph: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    let mut current = String::new();
    let mut words = paragraph.split(' ').peekable();
    while let Some(word) = words.next() {
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
        let bare = word.trim_end_matches([')', '"', '_', '*']);
        let ends =
            bare.ends_with(['.', '?', '!']) && !matches!(bare.trim_start_matches('('), "e.g." | "i.e." | "ex." | "vs.");
        let next_starts = words.peek().is_none_or(|next| {
            next.trim_start_matches(['(', '"', '*', '_', '[']).starts_with(|c: char| c.is_uppercase())
        });
        if ends && next_starts {
            sentences.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        sentences.push(current);
    }
    sentences
}

/// Comments of listings; comments with only white space between them are one.
fn comments(text: &str) -> Vec<String> {
    let mut comments: Vec<String> = Vec::new();
    let mut rest = text;
    let mut joins = false;
    while let Some((before, after)) = rest.split_once("/*") {
        let Some((comment, after)) = after.split_once("*/") else {
            break;
        };
        let comment = fold(comment);
        match comments.last_mut() {
            Some(last) if joins && before.trim().is_empty() => {
                last.push(' ');
                last.push_str(&comment);
            }
            _ => comments.push(comment),
        }
        joins = true;
        rest = after;
    }
    comments
}

/// The hashes of a draft, each with the sections that have such a sentence.
pub(crate) fn by_hash(sentences: &[Sentence]) -> BTreeMap<String, Vec<&Sentence>> {
    let mut map: BTreeMap<String, Vec<&Sentence>> = BTreeMap::new();
    for sentence in sentences {
        map.entry(sentence.sha256()).or_default().push(sentence);
    }
    map
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    const TEXT: &str = "\
   1.  Table of contents entry\n\n1.  First\n\n   One rule\n   over two lines (e.g. this\n   one).  A second one (see Section 2.1).\n\n   *  An item.\n   *  Another\n      item.\n\n\
1.1.  Deeper\n\n   struct {\n     /* half a   */\n     /* comment  */\n     uint8 a;\n   } A;\n\n   A sentence that goes\n\n\n\n\
Somebody              Expires 1 January 2030         [Page 3]\n\u{c}\nInternet-Draft        Title        January 2030\n\n\n   on over a page MUST be whole.\n";

    fn prose(section: &str) -> Vec<String> {
        sentences(TEXT).into_iter().filter(|s| s.section == section && s.kind == Kind::Prose).map(|s| s.text).collect()
    }

    #[test]
    fn sentences_are_split_and_folded_and_list_markers_are_dropped() {
        assert_eq!(
            prose("1"),
            [
                "One rule over two lines (e.g. this one).",
                "A second one (see Section 2.1).",
                "An item.",
                "Another item."
            ]
        );
    }

    #[test]
    fn neighbouring_comments_of_a_listing_are_one_sentence() {
        let comments: Vec<_> =
            sentences(TEXT).into_iter().filter(|s| s.kind == Kind::Comment).map(|s| s.text).collect();
        assert_eq!(comments, ["half a comment"]);
    }

    #[test]
    fn a_page_break_does_not_cut_a_sentence() {
        assert_eq!(prose("1.1").last().unwrap(), "A sentence that goes on over a page MUST be whole.");
    }

    #[test]
    fn key_words_count_only_in_capitals() {
        let of = |text: &str| Sentence { section: "1".into(), text: text.into(), kind: Kind::Prose };
        assert!(of("It MUST NOT.").is_bcp14());
        assert!(!of("It must not.").is_bcp14());
        assert!(!of("MUSTARD").is_bcp14());
    }
}
