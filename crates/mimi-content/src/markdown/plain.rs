//! Markdown as plain text.

use std::{format, string::String, vec::Vec};

use pulldown_cmark::{Event, Tag, TagEnd};

use super::{
    Link, LinkKind,
    link::{Agreement, compare},
    parser, without_html,
};

/// Levels of quotes and lists that are indented. Deeper ones are not, or a message of a few thousand octets could ask for a text of
/// many millions.
const MAX_INDENT: usize = 8;

/// A message as plain text, and its links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PlainText {
    /// The text. Links to the web and to mail addresses have their target after their text, in parentheses, unless it says the same.
    pub text: String,
    /// The links, in the order of the text.
    pub links: Vec<Link>,
}

impl PlainText {
    /// The links that are mentions, seen by their scheme.
    pub fn mentions(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|link| link.is_mention())
    }
}

pub(super) fn render(source: &str) -> PlainText {
    let mut writer = Writer::default();
    for (event, range) in parser(source).into_offset_iter() {
        match without_html(event) {
            Event::Start(Tag::Link { dest_url, .. }) => {
                writer.write("");
                let at = writer.out.len();
                writer.links.push(Link {
                    source: range,
                    text: at..at,
                    label: String::new(),
                    kind: LinkKind::of(&dest_url),
                    target: dest_url.into_string(),
                    agreement: Agreement::Same,
                });
                writer.in_link = true;
            }
            Event::End(TagEnd::Link) => writer.end_link(),
            event => writer.event(event),
        }
    }
    PlainText { text: writer.out, links: writer.links }
}

#[derive(Default)]
struct Writer {
    out: String,
    links: Vec<Link>,
    in_link: bool,
    /// Line breaks that are due before the next text.
    due: usize,
    /// Levels of indentation of the blank lines among them: the fewest there were since the last text.
    blank_levels: usize,
    /// A bullet was written, and the text of its item follows on the line.
    after_bullet: bool,
    indents: Vec<&'static str>,
    lists: Vec<Option<u64>>,
    cells: usize,
}

impl Writer {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) => self.text(&text),
            Event::SoftBreak | Event::HardBreak => {
                self.label(" ");
                self.write("");
                self.break_lines(1);
            }
            Event::Rule => {
                self.separate(2);
                self.write("---");
                self.separate(2);
            }
            Event::TaskListMarker(done) => self.write(if done { "[x] " } else { "[ ] " }),
            _ => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_) | Tag::Table(_) => self.separate(2),
            Tag::BlockQuote(_) => {
                self.separate(2);
                self.indents.push("> ");
            }
            Tag::List(start) => {
                self.separate(if self.lists.is_empty() { 2 } else { 1 });
                self.lists.push(*start);
            }
            Tag::Item => {
                self.separate(1);
                let bullet = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let bullet = format!("{number}. ");
                        *number = number.saturating_add(1);
                        bullet
                    }
                    _ => "- ".into(),
                };
                self.write(&bullet);
                self.after_bullet = true;
                self.indents.push("  ");
            }
            Tag::TableHead | Tag::TableRow => {
                self.separate(1);
                self.cells = 0;
            }
            Tag::TableCell => {
                if self.cells > 0 {
                    self.write(" | ");
                }
                self.cells += 1;
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock | TagEnd::Table => self.separate(2),
            TagEnd::BlockQuote(_) => {
                self.indents.pop();
                self.separate(2);
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.separate(if self.lists.is_empty() { 2 } else { 1 });
            }
            TagEnd::Item => {
                self.indents.pop();
                self.after_bullet = false;
                self.due = self.due.min(1);
            }
            _ => {}
        }
    }

    fn end_link(&mut self) {
        self.in_link = false;
        let end = self.out.len();
        let Some(link) = self.links.last_mut() else { return };
        link.text.end = end;
        link.agreement = compare(&link.label, &link.target);
        let shown = link.agreement == Agreement::Same;
        if !shown && matches!(link.kind, LinkKind::Web | LinkKind::Mail) {
            let target: String = link.target.chars().map(visible).collect();
            self.write(&format!(" ({target})"));
        }
    }

    fn text(&mut self, text: &str) {
        let text: String = text.chars().map(visible).collect();
        self.label(&text);
        // A line break at the end of a code block belongs to the block and is made when more follows.
        let mut lines = text.split('\n');
        if let Some(first) = lines.next() {
            self.write(first);
        }
        for line in lines {
            self.break_lines(1);
            if !line.is_empty() {
                self.write(line);
            }
        }
    }

    fn label(&mut self, text: &str) {
        if let (true, Some(link)) = (self.in_link, self.links.last_mut()) {
            link.label.push_str(text);
        }
    }

    /// Asks for line breaks before what comes next.
    fn separate(&mut self, breaks: usize) {
        if !self.after_bullet {
            self.break_lines(breaks.saturating_sub(self.due));
        }
    }

    fn break_lines(&mut self, breaks: usize) {
        let levels = self.indents.len();
        self.blank_levels = if self.due == 0 { levels } else { self.blank_levels.min(levels) };
        self.due = self.due.saturating_add(breaks);
    }

    fn write(&mut self, text: &str) {
        let due = core::mem::take(&mut self.due);
        if self.out.is_empty() {
            self.indent();
        } else if let Some(blank) = due.checked_sub(1) {
            let levels = self.blank_levels.min(MAX_INDENT);
            let indent: String = self.indents.iter().take(levels).copied().collect();
            for _ in 0..blank {
                self.out.push('\n');
                self.out.push_str(indent.trim_end());
            }
            self.out.push('\n');
            self.indent();
        }
        if !text.is_empty() {
            self.after_bullet = false;
        }
        self.out.push_str(text);
    }

    fn indent(&mut self) {
        for indent in self.indents.iter().take(MAX_INDENT) {
            self.out.push_str(indent);
        }
    }
}

/// Control characters have no place in a text that is shown.
pub(super) const fn visible(character: char) -> char {
    match character {
        '\n' | '\t' => character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => '\u{fffd}',
        character => character,
    }
}
