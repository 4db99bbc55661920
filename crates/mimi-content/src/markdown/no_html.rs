//! The No HTML extension (draft-ietf-mimi-content-08 section 7.1.1).

use core::ops::Range;
use std::{string::String, vec::Vec};

use pulldown_cmark::Event;

use super::parser;

/// Replacing a bracket changes what the text around it means, and that may bring up another tag. Text that needs more rounds
/// than this was made to need them, and loses all its brackets at once.
const ROUNDS: usize = 8;

/// Replaces the `<` of every HTML tag.
pub(super) fn escape(mut source: String) -> String {
    for _ in 0..ROUNDS {
        let tags = if source.contains('<') { tags(&source) } else { Vec::new() };
        if tags.is_empty() {
            return source;
        }
        source = replace(&source, &tags);
    }
    let everything = 0..source.len();
    if tags(&source).is_empty() { source } else { replace(&source, &[everything]) }
}

/// Where the parser sees HTML.
fn tags(source: &str) -> Vec<Range<usize>> {
    parser(source)
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Html(_) | Event::InlineHtml(_)))
        .map(|(_, range)| range)
        .collect()
}

/// Replaces every `<` in `ranges`, which are in order, but for those of links in angle brackets.
fn replace(source: &str, ranges: &[Range<usize>]) -> String {
    let mut escaped = String::with_capacity(source.len() + source.len() / 8);
    let mut ranges = ranges.iter().peekable();
    for (at, character) in source.char_indices() {
        while ranges.peek().is_some_and(|range| range.end <= at) {
            ranges.next();
        }
        let inside = ranges.peek().is_some_and(|range| range.contains(&at));
        if character == '<' && inside && !opens_link(source.get(at + 1..).unwrap_or_default()) {
            escaped.push_str("&lt;");
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// Whether `rest`, which follows an angle bracket, goes on as a URI and not as a tag: no tag name contains a colon.
fn opens_link(rest: &str) -> bool {
    let scheme = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'.' | b'-');
    let octets = rest.as_bytes();
    let length = octets.iter().take(MAX_SCHEME + 1).take_while(|octet| scheme(octet)).count();
    octets.first().is_some_and(u8::is_ascii_alphabetic)
        && (2..=MAX_SCHEME).contains(&length)
        && octets.get(length) == Some(&b':')
}

/// The longest scheme of a link in angle brackets, by GitHub Flavored Markdown section 6.8.
const MAX_SCHEME: usize = 32;
