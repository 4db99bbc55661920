//! A tree as text: a name a line, what is inside indented by two.

use crate::screen::{Tone, is_harmful};

use super::tree::Tree;

/// Most octets of a value that are shown without `--full`.
const SHOWN_OCTETS: usize = 32;

/// Most characters of a text that are shown without `--full`.
const SHOWN_TEXT: usize = 400;

/// Most levels that are shown. No type of the drafts has half as many.
const MAX_LEVELS: usize = 64;

/// Text under construction.
pub(super) struct Renderer {
    text: String,
    full: bool,
    tint: fn(&str, Tone) -> String,
}

impl Renderer {
    /// `full` shows long octets and texts whole; `tint` gives a piece of text the colour of a tone.
    pub(super) fn new(full: bool, tint: fn(&str, Tone) -> String) -> Self {
        Self { text: String::new(), full, tint }
    }

    /// The tree below a first line.
    pub(super) fn render(mut self, title: &str, tree: &Tree) -> String {
        self.text.push_str(title);
        self.value(tree, 1);
        self.text
    }

    /// Puts the value behind a name that stands there already, and ends the line.
    fn value(&mut self, tree: &Tree, level: usize) {
        match tree {
            Tree::Fields(fields) if fields.is_empty() => self.line("nothing"),
            Tree::List(items) if items.is_empty() => self.line("none"),
            Tree::Fields(_) | Tree::List(_) if level > MAX_LEVELS => self.line("... (nested too deep to be shown)"),
            Tree::Fields(fields) => {
                self.text.push('\n');
                for (name, value) in fields {
                    self.named(name, value, level);
                }
            }
            Tree::List(items) => {
                self.line(&items.len().to_string());
                for item in items {
                    self.item(item, level);
                }
            }
            Tree::Inside { octets, kind, read } => match read {
                Ok(tree) => {
                    self.text.push(' ');
                    self.text.push_str(kind);
                    let colon = !matches!(**tree, Tree::Fields(ref fields) if !fields.is_empty());
                    if colon {
                        self.text.push(':');
                    }
                    self.value(tree, level);
                }
                Err(error) => {
                    let why = (self.tint)(&format!("no {kind}: {error}"), Tone::Bad);
                    let line = format!("{}, {why}", self.octets(octets));
                    self.line(&line);
                }
            },
            plain => {
                let line = self.plain(plain);
                self.line(&line);
            }
        }
    }

    fn named(&mut self, name: &str, value: &Tree, level: usize) {
        self.indent(level);
        self.text.extend(name.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }));
        self.text.push(':');
        self.value(value, level + 1);
    }

    /// An item: its first field stands in the line of the dash.
    fn item(&mut self, item: &Tree, level: usize) {
        self.indent(level);
        self.text.push('-');
        match item {
            Tree::Fields(fields) if !fields.is_empty() && level < MAX_LEVELS => {
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index == 0 {
                        self.text.push(' ');
                        self.text.extend(name.chars().map(|c| if is_harmful(c) { '\u{fffd}' } else { c }));
                        self.text.push(':');
                        self.value(value, level + 2);
                    } else {
                        self.named(name, value, level + 1);
                    }
                }
            }
            other => self.value(other, level + 1),
        }
    }

    fn indent(&mut self, level: usize) {
        self.text.push_str(&"  ".repeat(level));
    }

    fn line(&mut self, value: &str) {
        self.text.push(' ');
        self.text.push_str(value);
        self.text.push('\n');
    }

    /// A value that fits in a line.
    fn plain(&self, tree: &Tree) -> String {
        match tree {
            Tree::Absent => (self.tint)("absent", Tone::Quiet),
            Tree::Bool(value) => if *value { "yes" } else { "no" }.to_owned(),
            Tree::Number { value, note } => self.number(*value, note),
            Tree::Numbers { values, .. } if values.is_empty() => "none".to_owned(),
            Tree::Numbers { values, name } => {
                let shown: Vec<String> = values.iter().map(|value| self.number(*value, name(*value))).collect();
                format!("[{}]", shown.join(", "))
            }
            Tree::Word { name, value } => match value {
                Some(value) => format!("{name}{}", self.note(&value.to_string())),
                None => name.to_string(),
            },
            Tree::Text(text) => self.quoted(text),
            Tree::Octets(octets) => self.octets(octets),
            Tree::Json(value) => escaped(&value.to_string()),
            Tree::Fields(_) | Tree::List(_) | Tree::Inside { .. } => String::new(),
        }
    }

    fn number(&self, value: u64, note: &str) -> String {
        format!("{value}{}", self.note(note))
    }

    fn note(&self, note: &str) -> String {
        if note.is_empty() { String::new() } else { (self.tint)(&format!(" ({note})"), Tone::Quiet) }
    }

    fn quoted(&self, text: &str) -> String {
        let end = text.char_indices().nth(SHOWN_TEXT).map(|(end, _)| end).filter(|_| !self.full);
        let shown = end.and_then(|end| text.get(..end)).unwrap_or(text);
        let more =
            if shown.len() < text.len() { self.note(&format!("cut, {} octets", text.len())) } else { String::new() };
        format!("\"{}\"{more}", escaped(&shown.replace('\\', "\\\\").replace('"', "\\\"")))
    }

    /// Octets as text if they are such, else in hex; with their number.
    fn octets(&self, octets: &[u8]) -> String {
        let count = self.note(&match octets.len() {
            1 => "1 octet".to_owned(),
            count => format!("{count} octets"),
        });
        match std::str::from_utf8(octets) {
            Ok("") => (self.tint)("empty", Tone::Quiet),
            Ok(text) if !text.contains(is_harmful) => format!("{}{count}", self.quoted(text)),
            _ => match octets.get(..SHOWN_OCTETS).filter(|shown| !self.full && shown.len() < octets.len()) {
                Some(shown) => format!("{}...{count}", hex::encode(shown)),
                None => format!("{}{count}", hex::encode(octets)),
            },
        }
    }
}

/// The text with everything escaped that could steer a terminal.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            c if is_harmful(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(tree: &Tree, full: bool) -> String {
        Renderer::new(full, |text, _| text.to_owned()).render("T", tree)
    }

    #[test]
    fn lists_of_structures_have_a_dash_before_the_first_field() {
        let item = Tree::fields([("a", Tree::number(1_u8)), ("b", Tree::List(vec![Tree::Absent]))]);
        let tree = Tree::fields([("items", Tree::List(vec![item.clone(), item])), ("none", Tree::List(Vec::new()))]);
        let text = "T\n  items: 2\n    - a: 1\n      b: 1\n        - absent\n    - a: 1\n      b: 1\n        - absent\n  none: none\n";
        assert_eq!(plain(&tree, false), text);
    }

    #[test]
    fn long_octets_are_cut_unless_all_are_asked_for() {
        let tree = Tree::octets([0; 33]);
        assert_eq!(plain(&tree, false), format!("T {}... (33 octets)\n", "00".repeat(32)));
        assert_eq!(plain(&tree, true), format!("T {} (33 octets)\n", "00".repeat(33)));
        assert_eq!(plain(&Tree::octets([0; 32]), false), format!("T {} (32 octets)\n", "00".repeat(32)));
    }

    #[test]
    fn nothing_that_was_read_can_steer_the_terminal() {
        let nasty = "a\x1b[2J\u{202e}\n\"";
        let tree = Tree::Fields(vec![
            (nasty.to_owned().into(), Tree::text(nasty)),
            ("o".into(), Tree::octets(nasty)),
            ("j".into(), Tree::Json(nasty.into())),
        ]);
        let text = plain(&tree, false);
        assert!(text.contains(r#""a\u001b[2J\u202e\n\"""#), "{text}");
        assert!(text.lines().count() == 4 && !text.contains(|c| is_harmful(c) && c != '\n'), "{text}");
    }

    #[test]
    fn a_tree_deeper_than_any_type_is_cut() {
        let mut tree = Tree::number(0_u8);
        for _ in 0..200 {
            tree = Tree::List(vec![tree]);
        }
        assert!(plain(&tree, false).ends_with("... (nested too deep to be shown)\n"));
    }
}
