//! A message in diagnostic notation (RFC 8949 section 8), a field a line, with comments that say what the field is.

use mimi_content::{
    Expiration, ExtensionKey, ExternalPart, MapKey, MessageId, MimiContent, NestedPart, Part, PartIndex, PartSemantics,
    Value,
};

use super::{json, json_value};
use crate::screen::{is_harmful, utc};

/// Where comments begin, if the line is not longer.
const COMMENT: usize = 44;

/// Lines under construction.
struct Lines {
    text: String,
    level: usize,
    next_part: usize,
}

/// The whole message.
pub(super) fn of_message(content: &MimiContent) -> String {
    let mut lines = Lines { text: String::new(), level: 0, next_part: 0 };
    lines.put("[", "message");
    lines.level += 1;
    lines.put(&format!("{},", octets(content.salt.as_bytes())), "salt");
    lines.put(&format!("{},", id(content.replaces)), &reference("replaces", "edits or deletes", content.replaces));
    lines.put(&format!("{},", octets_or_text(content.topic_id.as_bytes())), "topicId");
    lines.expires(content.expires);
    lines.put(&format!("{},", id(content.in_reply_to)), &reference("inReplyTo", "answers", content.in_reply_to));
    lines.extensions(content);
    lines.part(&content.body, "nestedPart: the body", true);
    lines.level -= 1;
    lines.put("]", "");
    lines.text
}

impl Lines {
    fn put(&mut self, item: &str, comment: &str) {
        let line = format!("{:indent$}{item}", "", indent = 2 * self.level);
        if comment.is_empty() {
            self.text.push_str(&line);
        } else {
            self.text.push_str(&format!("{line:<COMMENT$}  # {comment}"));
        }
        self.text.push('\n');
    }

    fn expires(&mut self, expires: Option<Expiration>) {
        let (relative, time, meaning) = match expires {
            None => return self.put("null,", "expires: never"),
            Some(Expiration::Absolute(time)) => (false, time, format!("time: {}", utc(u64::from(time)))),
            Some(Expiration::Relative(time)) => (true, time, "time: seconds after it was read".to_owned()),
        };
        self.put("[", "expires");
        self.level += 1;
        self.put(&format!("{relative},"), "relative");
        self.put(&time.to_string(), &meaning);
        self.level -= 1;
        self.put("],", "");
    }

    fn extensions(&mut self, content: &MimiContent) {
        if content.extensions.is_empty() {
            return self.put("{},", "mimiExtensions: none");
        }
        self.put("{", "mimiExtensions");
        self.level += 1;
        let count = content.extensions.len();
        for (index, (key, extension)) in content.extensions.iter().enumerate() {
            let (shown, comment) = match key {
                key if *key == ExtensionKey::SENDER_URI => ("1".to_owned(), "senderUri"),
                key if *key == ExtensionKey::ROOM_URI => ("2".to_owned(), "roomUri"),
                ExtensionKey::Int(n @ 1..) => (n.to_string(), "not known here"),
                ExtensionKey::Int(n) => (n.to_string(), "private"),
                ExtensionKey::Text(key) => (text(key), "private"),
            };
            self.put(&format!("{shown}: {}{}", value(extension), comma(index + 1 == count)), comment);
        }
        self.level -= 1;
        self.put("},", "");
    }

    fn part(&mut self, part: &NestedPart, what: &str, is_last: bool) {
        let index = PartIndex(self.next_part);
        self.next_part += 1;
        self.put("[", &format!("{what}, partIndex {}", index.0));
        self.level += 1;
        let disposition = part.disposition;
        self.put(
            &format!("{},", disposition.value()),
            &format!("disposition: {}", json::disposition_name(disposition)),
        );
        self.put(&format!("{},", text(part.language.as_str())), "language");
        match &part.part {
            Part::Null => self.put("0", "cardinality: nullpart"),
            Part::Single(single) => {
                self.put("1,", "cardinality: single");
                self.put(&format!("{},", text(&single.content_type)), "contentType");
                let shown = json::as_text(single).map_or_else(|| octets(&single.content), byte_text);
                self.put(&shown, &format!("content: {} octets", single.content.len()));
            }
            Part::External(external) => {
                self.put("2,", "cardinality: external");
                self.external(external);
            }
            Part::Multi(multi) => {
                self.put("3,", "cardinality: multi");
                let (value, name) = match multi.semantics() {
                    PartSemantics::ChooseOne => ("0,", "chooseOne"),
                    PartSemantics::SingleUnit => ("1,", "singleUnit"),
                    PartSemantics::ProcessAll => ("2,", "processAll"),
                };
                self.put(value, &format!("partSemantics: {name}"));
                self.put("[", "parts");
                self.level += 1;
                let count = multi.parts().len();
                for (index, part) in multi.parts().iter().enumerate() {
                    self.part(part, "part", index + 1 == count);
                }
                self.level -= 1;
                self.put("]", "");
            }
        }
        self.level -= 1;
        self.put(&format!("]{}", comma(is_last)), "");
    }

    fn external(&mut self, external: &ExternalPart) {
        let expires = if external.expires == 0 { "not told".to_owned() } else { utc(u64::from(external.expires)) };
        let size = if external.size == 0 { "not told" } else { "octets" };
        let encryption = if external.enc_alg == 0 { "none" } else { "AEAD number at IANA" };
        let hash = if external.hash_alg == 0 { "none" } else { "named information hash number at IANA" };
        self.put(&format!("{},", text(&external.content_type)), "contentType");
        self.put(&format!("{},", text(&external.url)), "url");
        self.put(&format!("{},", external.expires), &format!("expires: {expires}"));
        self.put(&format!("{},", external.size), &format!("size: {size}"));
        self.put(&format!("{},", external.enc_alg), &format!("encAlg: {encryption}"));
        self.put(&format!("{},", octets(&external.key)), "key");
        self.put(&format!("{},", octets(&external.nonce)), "nonce");
        self.put(&format!("{},", octets(&external.aad)), "aad");
        self.put(&format!("{},", external.hash_alg), &format!("hashAlg: {hash}"));
        self.put(&format!("{},", octets(&external.content_hash)), "contentHash");
        self.put(&format!("{},", text(&external.description)), "description");
        self.put(&text(&external.filename), "filename");
    }
}

const fn comma(is_last: bool) -> &'static str {
    if is_last { "" } else { "," }
}

fn id(id: Option<MessageId>) -> String {
    id.map_or_else(|| "null".to_owned(), |id| octets(id.as_bytes()))
}

fn reference(field: &str, does: &str, id: Option<MessageId>) -> String {
    id.map_or_else(|| format!("{field}: nothing"), |_| format!("{field}: the message that this one {does}"))
}

fn octets(octets: &[u8]) -> String {
    format!("h'{}'", hex::encode(octets))
}

fn text(text: &str) -> String {
    quoted(text, '"')
}

/// A byte string that is UTF-8.
fn byte_text(text: &str) -> String {
    quoted(text, '\'')
}

fn octets_or_text(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && !text.contains(is_harmful) => byte_text(text),
        _ => octets(value),
    }
}

fn quoted(text: &str, quote: char) -> String {
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c == quote || c == '\\' => out.extend(['\\', c]),
            c if is_harmful(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

fn value(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::Unsigned(n) => n.to_string(),
        Value::Negative(n) => (-1 - i128::from(*n)).to_string(),
        Value::Bytes(bytes) => octets(bytes),
        Value::Text(string) => text(string),
        Value::Array(items) => format!("[{}]", list(items.iter().map(self::value).collect())),
        Value::Map(entries) => {
            let key = |key: &MapKey| match key {
                MapKey::Int(n) => n.to_string(),
                MapKey::Bytes(bytes) => octets(bytes),
                MapKey::Text(string) => text(string),
            };
            format!("{{{}}}", list(entries.iter().map(|(k, v)| format!("{}: {}", key(k), self::value(v))).collect()))
        }
        Value::Tag(number, content) => format!("{number}({})", self::value(content)),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        Value::Undefined => "undefined".to_owned(),
        Value::Simple(simple) => format!("simple({})", simple.number()),
        Value::Float(float) => json_value::decimal(*float),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use mimi_content::Salt;

    use super::*;

    #[test]
    fn values_are_written_as_rfc_8949_appendix_a_writes_them() {
        for (hex, notation) in [
            ("1bffffffffffffffff", "18446744073709551615"),
            ("3bffffffffffffffff", "-18446744073709551616"),
            ("f98000", "-0.0"),
            ("fb7e37e43c8800759c", "1e300"),
            ("f97e00", "NaN"),
            ("f9fc00", "-Infinity"),
            ("f7", "undefined"),
            ("f8ff", "simple(255)"),
            ("4401020304", "h'01020304'"),
            ("62225c", r#""\"\\""#),
            ("826161a161626163", r#"["a", {"b": "c"}]"#),
            ("a201020304", "{1: 2, 3: 4}"),
            ("d74401020304", "23(h'01020304')"),
        ] {
            assert_eq!(value(&Value::decode(&hex::decode(hex).unwrap()).unwrap()), notation);
        }
    }

    #[test]
    fn a_message_cannot_send_escape_sequences_to_the_terminal() {
        let content = MimiContent::text("a\x1b[2J\u{9b}\u{202e}'\n", Salt::new([7; 16])).build();
        let shown = of_message(&content);
        assert!(shown.contains(r"'a\u001b[2J\u009b\u202e\'\n'"), "{shown}");
        assert!(!shown.contains(|c: char| is_harmful(c) && c != '\n'));
    }
}
