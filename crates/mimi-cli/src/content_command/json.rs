//! A message as JSON: what `show --json` prints and `make --json` takes.
//!
//! Field names and enum values are the draft's, octets are hex. Content of a `text/` type that is UTF-8 stands in `text`, everything else
//! in `content`. In extensions, what JSON has no word for is an object with one of the members `bytes` (hex), `integer`
//! (decimal, for those past ±(2^53 - 1)), `float` (decimal, `NaN`, `Infinity`), `map` (list of pairs), `tag` with `value`, and `simple`.

use mimi_content::{
    Disposition, Expiration, ExtensionKey, ExternalPart, Language, MessageId, MimiContent, MultiPart, NestedPart, Part,
    PartSemantics, Salt, SinglePart, TopicId,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value as Json;
use thiserror::Error;

use super::json_value::{MAX_EXACT, json_of, value_of};

/// Values of the dispositions with a name, in order.
const DISPOSITIONS: [&str; 9] =
    ["unspecified", "render", "reaction", "profile", "inline", "icon", "attachment", "session", "preview"];

/// Why JSON is no message.
#[derive(Debug, Error)]
pub(super) enum JsonError {
    #[error("{field} has {octets} octets instead of {expected}")]
    Length { field: &'static str, octets: usize, expected: usize },
    #[error("{0}")]
    Invalid(String),
    #[error("a single part has either content (hex) or text, and this one has both or neither")]
    ContentOrText,
    #[error("{0} is not a value of an extension")]
    Value(Json),
}

impl JsonError {
    fn invalid(error: impl std::fmt::Display) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Octets as hex.
#[derive(Default)]
pub(super) struct Hex(Vec<u8>);

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let digits = String::deserialize(deserializer)?;
        hex::decode(&digits).map(Self).map_err(|error| D::Error::custom(format!("{digits:?} is not hex: {error}")))
    }
}

/// A number; as text where JSON numbers are not exact everywhere.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Exact(u64),
    Decimal(String),
}

/// A name, or a value that has none.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Name {
    Known(String),
    Unknown(u8),
}

/// A message. Everything but the body may be left out.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Message {
    #[serde(default)]
    salt: Option<Hex>,
    #[serde(default)]
    replaces: Option<Hex>,
    #[serde(default)]
    topic_id: Hex,
    #[serde(default)]
    expires: Option<Expires>,
    #[serde(default)]
    in_reply_to: Option<Hex>,
    #[serde(default)]
    mimi_extensions: Vec<Extension>,
    nested_part: JsonPart,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expires {
    relative: bool,
    time: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    key: Key,
    value: Json,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Int(i64),
    Text(String),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "cardinality", rename_all = "lowercase", rename_all_fields = "camelCase", deny_unknown_fields)]
enum JsonPart {
    Nullpart {
        #[serde(default = "render")]
        disposition: Name,
        #[serde(default)]
        language: String,
    },
    Single {
        #[serde(default = "render")]
        disposition: Name,
        #[serde(default)]
        language: String,
        content_type: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Hex>,
    },
    External {
        #[serde(default = "render")]
        disposition: Name,
        #[serde(default)]
        language: String,
        #[serde(default)]
        content_type: String,
        url: String,
        #[serde(default)]
        expires: u32,
        #[serde(default = "zero")]
        size: Number,
        #[serde(default)]
        enc_alg: u16,
        #[serde(default)]
        key: Hex,
        #[serde(default)]
        nonce: Hex,
        #[serde(default)]
        aad: Hex,
        #[serde(default)]
        hash_alg: u8,
        #[serde(default)]
        content_hash: Hex,
        #[serde(default)]
        description: String,
        #[serde(default)]
        filename: String,
    },
    Multi {
        #[serde(default = "render")]
        disposition: Name,
        #[serde(default)]
        language: String,
        part_semantics: Semantics,
        parts: Vec<JsonPart>,
    },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Semantics {
    ChooseOne,
    SingleUnit,
    ProcessAll,
}

fn render() -> Name {
    Name::of(Disposition::Render)
}

const fn zero() -> Number {
    Number::Exact(0)
}

impl Name {
    fn of(disposition: Disposition) -> Self {
        let value = disposition.value();
        DISPOSITIONS.get(usize::from(value)).map_or(Self::Unknown(value), |name| Self::Known((*name).to_owned()))
    }

    fn disposition(self) -> Result<Disposition, JsonError> {
        let value = match self {
            Self::Unknown(value) => value,
            Self::Known(name) => DISPOSITIONS
                .iter()
                .position(|known| *known == name)
                .and_then(|value| u8::try_from(value).ok())
                .ok_or_else(|| {
                    JsonError::Invalid(format!("{name:?} is no disposition: {}", DISPOSITIONS.join(", ")))
                })?,
        };
        Ok(Disposition::from_value(value))
    }
}

/// The disposition of a name or number, as on the command line.
pub(super) fn disposition(text: &str) -> Result<Disposition, String> {
    let name = text.parse().map_or_else(|_| Name::Known(text.to_owned()), Name::Unknown);
    name.disposition().map_err(|error| error.to_string())
}

/// What a disposition is called; one without a name is called unknown.
pub(crate) fn disposition_name(disposition: Disposition) -> &'static str {
    DISPOSITIONS.get(usize::from(disposition.value())).copied().unwrap_or("unknown")
}

/// Whether content is shown as text.
pub(crate) fn as_text(single: &SinglePart) -> Option<&str> {
    let is_text = single.content_type.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("text/"));
    is_text.then(|| std::str::from_utf8(&single.content).ok()).flatten()
}

impl From<&MimiContent> for Message {
    fn from(content: &MimiContent) -> Self {
        let id = |id: Option<MessageId>| id.map(|id| Hex(id.as_bytes().to_vec()));
        Self {
            salt: Some(Hex(content.salt.as_bytes().to_vec())),
            replaces: id(content.replaces),
            topic_id: Hex(content.topic_id.as_bytes().to_vec()),
            expires: content.expires.map(|expires| match expires {
                Expiration::Absolute(time) => Expires { relative: false, time },
                Expiration::Relative(time) => Expires { relative: true, time },
            }),
            in_reply_to: id(content.in_reply_to),
            mimi_extensions: content
                .extensions
                .iter()
                .map(|(key, value)| Extension {
                    key: match key {
                        ExtensionKey::Int(key) => Key::Int(*key),
                        ExtensionKey::Text(key) => Key::Text(key.clone()),
                    },
                    value: json_of(value),
                })
                .collect(),
            nested_part: (&content.body).into(),
        }
    }
}

impl From<&NestedPart> for JsonPart {
    fn from(part: &NestedPart) -> Self {
        let (disposition, language) = (Name::of(part.disposition), part.language.as_str().to_owned());
        match &part.part {
            Part::Null => Self::Nullpart { disposition, language },
            Part::Single(single) => {
                let text = as_text(single).map(str::to_owned);
                let content = text.is_none().then(|| Hex(single.content.clone()));
                Self::Single { disposition, language, content_type: single.content_type.clone(), text, content }
            }
            Part::External(external) => Self::External {
                disposition,
                language,
                content_type: external.content_type.clone(),
                url: external.url.clone(),
                expires: external.expires,
                size: match external.size {
                    size @ 0..=MAX_EXACT => Number::Exact(size),
                    size => Number::Decimal(size.to_string()),
                },
                enc_alg: external.enc_alg,
                key: Hex(external.key.clone()),
                nonce: Hex(external.nonce.clone()),
                aad: Hex(external.aad.clone()),
                hash_alg: external.hash_alg,
                content_hash: Hex(external.content_hash.clone()),
                description: external.description.clone(),
                filename: external.filename.clone(),
            },
            Part::Multi(multi) => Self::Multi {
                disposition,
                language,
                part_semantics: match multi.semantics() {
                    PartSemantics::ChooseOne => Semantics::ChooseOne,
                    PartSemantics::SingleUnit => Semantics::SingleUnit,
                    PartSemantics::ProcessAll => Semantics::ProcessAll,
                },
                parts: multi.parts().iter().map(Self::from).collect(),
            },
        }
    }
}

impl Message {
    /// The message; `salt` stands in where the JSON has none.
    pub(super) fn into_content(self, salt: impl FnOnce() -> Salt) -> Result<MimiContent, JsonError> {
        let salt = match self.salt {
            Some(octets) => Salt::new(exactly("salt", octets)?),
            None => salt(),
        };
        let id = |field, octets: Option<Hex>| {
            octets.map(|octets| exactly(field, octets).map(MessageId::from_bytes)).transpose()
        };
        let body = self.nested_part.into_part()?;
        let mut content = MimiContent::with_body(body, salt).build();
        content.replaces = id("replaces", self.replaces)?;
        content.topic_id = TopicId::new(self.topic_id.0).map_err(JsonError::invalid)?;
        content.expires =
            self.expires.map(
                |Expires { relative, time }| {
                    if relative { Expiration::Relative(time) } else { Expiration::Absolute(time) }
                },
            );
        content.in_reply_to = id("inReplyTo", self.in_reply_to)?;
        for Extension { key, value } in self.mimi_extensions {
            let key = match key {
                Key::Int(key) => ExtensionKey::Int(key),
                Key::Text(key) => ExtensionKey::Text(key),
            };
            let shown = format!("{key:?}");
            if content.extensions.insert(key, value_of(&value)?).map_err(JsonError::invalid)?.is_some() {
                return Err(JsonError::Invalid(format!("the extension {shown} stands there twice")));
            }
        }
        Ok(content)
    }
}

impl JsonPart {
    fn into_part(self) -> Result<NestedPart, JsonError> {
        let (disposition, language, part) = match self {
            Self::Nullpart { disposition, language } => (disposition, language, Part::Null),
            Self::Single { disposition, language, content_type, text, content } => {
                let content = match (text, content) {
                    (Some(text), None) => text.into_bytes(),
                    (None, Some(Hex(content))) => content,
                    _ => return Err(JsonError::ContentOrText),
                };
                (disposition, language, SinglePart { content_type, content }.into())
            }
            Self::External {
                disposition,
                language,
                content_type,
                url,
                expires,
                size,
                enc_alg,
                key,
                nonce,
                aad,
                hash_alg,
                content_hash,
                description,
                filename,
            } => {
                let size = match size {
                    Number::Exact(size) => size,
                    Number::Decimal(text) => {
                        text.parse().map_err(|_| JsonError::Invalid(format!("{text:?} is no size")))?
                    }
                };
                let (key, nonce, aad, content_hash) = (key.0, nonce.0, aad.0, content_hash.0);
                let external = ExternalPart {
                    content_type,
                    url,
                    expires,
                    size,
                    enc_alg,
                    key,
                    nonce,
                    aad,
                    hash_alg,
                    content_hash,
                    description,
                    filename,
                };
                (disposition, language, external.into())
            }
            Self::Multi { disposition, language, part_semantics, parts } => {
                let semantics = match part_semantics {
                    Semantics::ChooseOne => PartSemantics::ChooseOne,
                    Semantics::SingleUnit => PartSemantics::SingleUnit,
                    Semantics::ProcessAll => PartSemantics::ProcessAll,
                };
                let parts = parts.into_iter().map(Self::into_part).collect::<Result<_, _>>()?;
                let multi = MultiPart::new(semantics, parts).map_err(JsonError::invalid)?;
                (disposition, language, multi.into())
            }
        };
        let language = Language::new(language).map_err(JsonError::invalid)?;
        Ok(NestedPart::new(disposition.disposition()?, part).with_language(language))
    }
}

fn exactly<const N: usize>(field: &'static str, octets: Hex) -> Result<[u8; N], JsonError> {
    let octets = octets.0;
    let length = octets.len();
    octets.try_into().map_err(|_| JsonError::Length { field, octets: length, expected: N })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_smallest_message_in_json_is_a_body() {
        let read = |text: &str| serde_json::from_str::<Message>(text).unwrap().into_content(|| Salt::new([7; 16]));
        let content =
            read(r#"{"nestedPart":{"cardinality":"single","contentType":"text/plain","text":"Hi"}}"#).unwrap();
        let built = MimiContent::single("text/plain", "Hi", Salt::new([7; 16])).build();
        assert_eq!(content, built);
        let one = r#"{"nestedPart":{"cardinality":"multi","partSemantics":"chooseOne","parts":[{"cardinality":"nullpart"}]}}"#;
        assert!(read(one).is_err());
        let unknown = r#"{"nestedPart":{"cardinality":"nullpart","contentType":"text/plain"}}"#;
        assert!(serde_json::from_str::<Message>(unknown).is_err());
    }
}
