//! The meaning of a message as JSON, the shape that `mimi content show --json` has: names as in the draft, octets in hex, but text where
//! the media type is one of text and the octets are UTF-8.

use mimi_content::status::MessageStatusReport;
use mimi_content::{
    Expiration, ExtensionKey, ExternalPart, MapKey, MessageId, MimiContent, NestedPart, Part, PartSemantics, Value,
};
use serde_json::{Map, Value as Json, json};

/// The largest number that every reader of JSON keeps exactly.
const MAX_EXACT: i128 = (1 << 53) - 1;

const DISPOSITIONS: [&str; 9] =
    ["unspecified", "render", "reaction", "profile", "inline", "icon", "attachment", "session", "preview"];

pub(super) fn message(content: &MimiContent) -> Json {
    let id = |id: Option<MessageId>| id.map(|id| id.to_string());
    let expires = content.expires.map(|expires| match expires {
        Expiration::Absolute(time) => json!({"relative": false, "time": time}),
        Expiration::Relative(time) => json!({"relative": true, "time": time}),
    });
    let extensions: Vec<Json> = content
        .extensions
        .iter()
        .map(|(key, extension)| {
            let key = match key {
                ExtensionKey::Int(key) => json!(key),
                ExtensionKey::Text(key) => json!(key),
            };
            json!({"key": key, "value": value(extension)})
        })
        .collect();
    json!({
        "salt": hex::encode(content.salt.as_bytes()),
        "replaces": id(content.replaces),
        "topicId": hex::encode(content.topic_id.as_bytes()),
        "expires": expires,
        "inReplyTo": id(content.in_reply_to),
        "mimiExtensions": extensions,
        "nestedPart": part(&content.body),
    })
}

fn part(part: &NestedPart) -> Json {
    let disposition = part.disposition.value();
    let mut fields = Map::new();
    let mut put = |name: &str, value: Json| drop(fields.insert(name.to_owned(), value));
    put("disposition", DISPOSITIONS.get(usize::from(disposition)).map_or(json!(disposition), |name| json!(name)));
    put("language", json!(part.language.as_str()));
    match &part.part {
        Part::Null => put("cardinality", json!("nullpart")),
        Part::Single(single) => {
            put("cardinality", json!("single"));
            put("contentType", json!(single.content_type));
            match std::str::from_utf8(&single.content) {
                Ok(text) if single.content_type.starts_with("text/") => put("text", json!(text)),
                _ => put("content", json!(hex::encode(&single.content))),
            }
        }
        Part::External(external) => {
            put("cardinality", json!("external"));
            external_fields(external).into_iter().for_each(|(name, value)| put(name, value));
        }
        Part::Multi(multi) => {
            put("cardinality", json!("multi"));
            let semantics = match multi.semantics() {
                PartSemantics::ChooseOne => "chooseOne",
                PartSemantics::SingleUnit => "singleUnit",
                PartSemantics::ProcessAll => "processAll",
            };
            put("partSemantics", json!(semantics));
            put("parts", multi.parts().iter().map(self::part).collect());
        }
    }
    Json::Object(fields)
}

fn external_fields(external: &ExternalPart) -> [(&'static str, Json); 12] {
    let octets = |octets: &[u8]| json!(hex::encode(octets));
    [
        ("contentType", json!(external.content_type)),
        ("url", json!(external.url)),
        ("expires", json!(external.expires)),
        ("size", number(external.size)),
        ("encAlg", json!(external.enc_alg)),
        ("key", octets(&external.key)),
        ("nonce", octets(&external.nonce)),
        ("aad", octets(&external.aad)),
        ("hashAlg", json!(external.hash_alg)),
        ("contentHash", octets(&external.content_hash)),
        ("description", json!(external.description)),
        ("filename", json!(external.filename)),
    ]
}

/// A number; decimal text where not every reader of JSON keeps it.
fn number(number: u64) -> Json {
    if i128::from(number) <= MAX_EXACT { json!(number) } else { json!(number.to_string()) }
}

fn integer(number: i128) -> Json {
    match i64::try_from(number) {
        Ok(small) if number.abs() <= MAX_EXACT => json!(small),
        _ => json!({"integer": number.to_string()}),
    }
}

fn value(extension: &Value) -> Json {
    let bytes = |octets: &[u8]| json!({"bytes": hex::encode(octets)});
    match extension {
        Value::Unsigned(n) => integer((*n).into()),
        Value::Negative(n) => integer(-1 - i128::from(*n)),
        Value::Bytes(octets) => bytes(octets),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(value).collect(),
        Value::Map(entries) => {
            let pairs: Vec<Json> = entries
                .iter()
                .map(|(key, entry)| {
                    let key = match key {
                        MapKey::Int(n) => json!(n),
                        MapKey::Bytes(octets) => bytes(octets),
                        MapKey::Text(text) => json!(text),
                    };
                    json!([key, value(entry)])
                })
                .collect();
            json!({"map": pairs})
        }
        Value::Tag(tag, content) => json!({"tag": number(*tag), "value": value(content)}),
        Value::Bool(flag) => json!(flag),
        Value::Null => Json::Null,
        Value::Undefined => json!({"simple": 23}),
        Value::Simple(simple) => json!({"simple": simple.number()}),
        Value::Float(float) => {
            let text = match float.value() {
                value if value.is_nan() => "NaN".to_owned(),
                value if value == f64::INFINITY => "Infinity".to_owned(),
                value if value == f64::NEG_INFINITY => "-Infinity".to_owned(),
                value => format!("{value:?}"),
            };
            json!({"float": text})
        }
    }
}

/// A status report: message IDs and the numbers of their statuses.
pub(super) fn report(report: &MessageStatusReport) -> Json {
    report
        .statuses
        .iter()
        .map(|entry| json!({"messageId": entry.message_id.to_string(), "status": entry.status.value()}))
        .collect()
}
