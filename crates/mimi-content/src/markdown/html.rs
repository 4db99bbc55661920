//! Markdown as a safe subset of HTML. Safe by construction: the tags and attributes are those written in this file, and everything else
//! goes through [`escape`].

use std::{format, string::String, vec, vec::Vec};

use pulldown_cmark::{Alignment, CodeBlockKind, Event, HeadingLevel, Tag};

use super::{Link, LinkKind, parser, plain::visible, without_html};

/// Elements inside each other. Deeper ones are left out and their text stays; pages of thousands of levels bring viewers down.
const MAX_DEPTH: usize = 48;

pub(super) fn render(source: &str, links: Vec<Link>, image: impl FnMut(&str) -> Option<String>) -> String {
    let mut writer = Writer {
        out: String::with_capacity(source.len() + source.len() / 2),
        links: links.into_iter(),
        image,
        open: Vec::new(),
        depth: 0,
        images: Vec::new(),
        columns: Vec::new(),
        column: 0,
        head: false,
    };
    for event in parser(source) {
        writer.event(without_html(event));
    }
    writer.out
}

struct Writer<F> {
    out: String,
    links: vec::IntoIter<Link>,
    image: F,
    /// What to write at the end of each open element; nothing for those left out.
    open: Vec<&'static str>,
    depth: usize,
    /// Targets of the images being read, and the alternative text of the outermost.
    images: Vec<(String, String)>,
    columns: Vec<Alignment>,
    column: usize,
    head: bool,
}

impl<F: FnMut(&str) -> Option<String>> Writer<F> {
    fn event(&mut self, event: Event<'_>) {
        if let Event::End(_) = event {
            self.end();
            return;
        }
        if !self.images.is_empty() {
            self.alternative(event);
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag),
            Event::Text(text) => escape(&mut self.out, &text),
            Event::Code(text) => {
                self.out.push_str("<code>");
                escape(&mut self.out, &text);
                self.out.push_str("</code>");
            }
            Event::SoftBreak => self.out.push('\n'),
            Event::HardBreak => self.out.push_str("<br>\n"),
            Event::Rule => self.out.push_str("<hr>\n"),
            Event::TaskListMarker(true) => self.out.push_str("<input type=\"checkbox\" disabled checked> "),
            Event::TaskListMarker(false) => self.out.push_str("<input type=\"checkbox\" disabled> "),
            _ => {}
        }
    }

    /// What stands inside an image is its alternative text.
    fn alternative(&mut self, event: Event<'_>) {
        let text = match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                self.images.push((dest_url.into_string(), String::new()));
                self.open.push(IMAGE);
                return;
            }
            Event::Start(tag) => {
                if let Tag::Link { .. } = tag {
                    self.links.next();
                }
                self.open.push("");
                return;
            }
            Event::Text(text) | Event::Code(text) => text,
            Event::SoftBreak | Event::HardBreak => " ".into(),
            _ => return,
        };
        if let Some((_, alternative)) = self.images.first_mut() {
            alternative.push_str(&text);
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph => self.element("<p>", "</p>\n"),
            Tag::Heading { level, .. } => match level {
                HeadingLevel::H1 => self.element("<h1>", "</h1>\n"),
                HeadingLevel::H2 => self.element("<h2>", "</h2>\n"),
                HeadingLevel::H3 => self.element("<h3>", "</h3>\n"),
                HeadingLevel::H4 => self.element("<h4>", "</h4>\n"),
                HeadingLevel::H5 => self.element("<h5>", "</h5>\n"),
                HeadingLevel::H6 => self.element("<h6>", "</h6>\n"),
            },
            Tag::BlockQuote(_) => self.element("<blockquote>\n", "</blockquote>\n"),
            Tag::CodeBlock(kind) => {
                let language = match &kind {
                    CodeBlockKind::Fenced(info) => info.split_whitespace().next().unwrap_or_default(),
                    CodeBlockKind::Indented => "",
                };
                let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b'_' | b'#');
                if language.is_empty() || !language.bytes().all(plain) {
                    self.element("<pre><code>", "</code></pre>\n");
                } else {
                    self.element(&format!("<pre><code class=\"language-{language}\">"), "</code></pre>\n");
                }
            }
            Tag::List(None) => self.element("<ul>\n", "</ul>\n"),
            Tag::List(Some(1)) => self.element("<ol>\n", "</ol>\n"),
            Tag::List(Some(start)) => self.element(&format!("<ol start=\"{start}\">\n"), "</ol>\n"),
            Tag::Item => self.element("<li>", "</li>\n"),
            Tag::Table(columns) => {
                self.columns = columns;
                self.element("<table>\n", "</tbody></table>\n");
            }
            Tag::TableHead => {
                (self.column, self.head) = (0, true);
                self.element("<thead><tr>", "</tr></thead><tbody>\n");
            }
            Tag::TableRow => {
                (self.column, self.head) = (0, false);
                self.element("<tr>", "</tr>\n");
            }
            Tag::TableCell => self.cell(),
            Tag::Emphasis => self.element("<em>", "</em>"),
            Tag::Strong => self.element("<strong>", "</strong>"),
            Tag::Strikethrough => self.element("<del>", "</del>"),
            Tag::Link { .. } => self.link(),
            Tag::Image { dest_url, .. } => {
                self.images.push((dest_url.into_string(), String::new()));
                self.open.push(IMAGE);
            }
            _ => self.open.push(""),
        }
    }

    fn cell(&mut self) {
        let align = match self.columns.get(self.column) {
            Some(Alignment::Left) => " align=\"left\"",
            Some(Alignment::Center) => " align=\"center\"",
            Some(Alignment::Right) => " align=\"right\"",
            Some(Alignment::None) | None => "",
        };
        self.column += 1;
        if self.head {
            self.element(&format!("<th{align}>"), "</th>");
        } else {
            self.element(&format!("<td{align}>"), "</td>");
        }
    }

    /// The links were found before, in the same order.
    fn link(&mut self) {
        match self.links.next() {
            Some(link) if link.kind != LinkKind::Blocked => {
                let mut tag = String::from("<a href=\"");
                escape_url(&mut tag, &link.target);
                tag.push_str("\" rel=\"nofollow noopener noreferrer\"");
                tag.push_str(match (link.is_mention(), link.needs_confirmation()) {
                    (false, false) => "",
                    (true, false) => " class=\"mention\"",
                    (false, true) => " class=\"confirm\"",
                    (true, true) => " class=\"mention confirm\"",
                });
                tag.push('>');
                self.element(&tag, "</a>");
            }
            _ => self.open.push(""),
        }
    }

    fn element(&mut self, tag: &str, close: &'static str) {
        if self.depth < MAX_DEPTH {
            self.depth += 1;
            self.out.push_str(tag);
            self.open.push(close);
        } else {
            self.open.push("");
        }
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(IMAGE) => self.end_image(),
            Some("") | None => {}
            Some(close) => {
                self.depth = self.depth.saturating_sub(1);
                self.out.push_str(close);
            }
        }
    }

    fn end_image(&mut self) {
        let Some((target, alternative)) = self.images.pop() else { return };
        if !self.images.is_empty() {
            return;
        }
        let url = if LinkKind::of(&target) == LinkKind::Part { (self.image)(&target) } else { None };
        match url {
            Some(url) => {
                self.out.push_str("<img src=\"");
                escape_url(&mut self.out, &url);
                self.out.push_str("\" alt=\"");
                escape(&mut self.out, &alternative);
                self.out.push_str("\">");
            }
            None => escape(&mut self.out, &alternative),
        }
    }
}

/// Marks an image among the open elements.
const IMAGE: &str = "image";

/// Text, and values of attributes in double quotes.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            character => out.push(visible(character)),
        }
    }
}

/// A URL as the value of an attribute: what may not stand in one is percent-encoded.
fn escape_url(out: &mut String, url: &str) {
    let mut octets = [0; 4];
    for character in url.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&#39;"),
            '!' | '#'..='%' | '('..=';' | '=' | '?'..='[' | ']' | '_' | 'a'..='z' | '~' => out.push(character),
            character => {
                for octet in character.encode_utf8(&mut octets).bytes() {
                    out.push_str(&format!("%{octet:02X}"));
                }
            }
        }
    }
}
