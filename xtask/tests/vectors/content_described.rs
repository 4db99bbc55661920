//! The meaning of a message as mimi-content reads it in place, the way `decoded` in the vectors gives it.

use mimi_content::borrowed::ExtensionKeyRef;
use mimi_content::{Expiration, MapKey, MessageId, MimiContentRef, NestedPartRef, PartRef, PartSemantics, Value};
use serde_json::{Value as Json, json};

const MAX_EXACT: i128 = (1 << 53) - 1;

pub(crate) fn message(content: &MimiContentRef<'_>) -> Json {
    let id = |id: Option<MessageId>| id.map(|id| hex::encode(id.as_bytes()));
    let extensions: Vec<Json> = content
        .extensions()
        .iter()
        .map(|(key, value)| {
            let key = match key {
                ExtensionKeyRef::Int(n) => json!(n),
                ExtensionKeyRef::Text(text) => json!(text),
            };
            json!({"key": key, "value": extension(&value.to_value())})
        })
        .collect();
    assert_eq!(extensions.len(), content.extensions().len());
    json!({
        "salt": hex::encode(content.salt().as_bytes()),
        "replaces": id(content.replaces()),
        "topicId": hex::encode(content.topic_id()),
        "expires": match content.expires() {
            None => Json::Null,
            Some(Expiration::Absolute(time)) => json!({"relative": false, "time": time}),
            Some(Expiration::Relative(time)) => json!({"relative": true, "time": time}),
        },
        "inReplyTo": id(content.in_reply_to()),
        "mimiExtensions": extensions,
        "nestedPart": part(&content.body()),
    })
}

/// Names of the values of one octet; the value itself where there is no name.
pub(crate) fn disposition(value: u64) -> Json {
    let names = ["unspecified", "render", "reaction", "profile", "inline", "icon", "attachment", "session", "preview"];
    names.get(usize::try_from(value).unwrap()).map_or_else(|| json!(value), |name| json!(name))
}

pub(crate) fn number(number: u64) -> Json {
    if i128::from(number) <= MAX_EXACT { json!(number) } else { json!(number.to_string()) }
}

/// Content as text or as octets.
pub(crate) fn content(media_type: &str, octets: &[u8]) -> (&'static str, Json) {
    match String::from_utf8(octets.to_vec()) {
        Ok(text) if media_type.starts_with("text/") => ("text", json!(text)),
        _ => ("content", json!(hex::encode(octets))),
    }
}

fn part(part: &NestedPartRef<'_>) -> Json {
    let mut value = match &part.part {
        PartRef::Null => json!({"cardinality": "nullpart"}),
        PartRef::Single(single) => {
            let mut value = json!({"cardinality": "single", "contentType": single.content_type});
            let (name, content) = content(single.content_type, single.content);
            value[name] = content;
            value
        }
        PartRef::External(external) => json!({
            "cardinality": "external", "contentType": external.content_type, "url": external.url,
            "expires": external.expires, "size": number(external.size), "encAlg": external.enc_alg,
            "key": hex::encode(external.key), "nonce": hex::encode(external.nonce), "aad": hex::encode(external.aad),
            "hashAlg": external.hash_alg, "contentHash": hex::encode(external.content_hash),
            "description": external.description, "filename": external.filename,
        }),
        PartRef::Multi(multi) => {
            let semantics = match multi.semantics() {
                PartSemantics::ChooseOne => "chooseOne",
                PartSemantics::SingleUnit => "singleUnit",
                PartSemantics::ProcessAll => "processAll",
            };
            let parts: Vec<Json> = multi.parts().map(|inner| self::part(&inner)).collect();
            assert_eq!(parts.len(), multi.len());
            json!({"cardinality": "multi", "partSemantics": semantics, "parts": parts})
        }
    };
    value["disposition"] = disposition(part.disposition.value().into());
    value["language"] = part.language.into();
    value
}

pub(crate) fn integer(number: i128) -> Json {
    if number.abs() <= MAX_EXACT {
        json!(i64::try_from(number).unwrap())
    } else {
        json!({"integer": number.to_string()})
    }
}

pub(crate) fn float(number: f64) -> Json {
    let text = match number {
        number if number.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        number => format!("{number:?}"),
    };
    json!({"float": text})
}

fn extension(value: &Value) -> Json {
    match value {
        Value::Unsigned(n) => integer((*n).into()),
        Value::Negative(n) => integer(-1 - i128::from(*n)),
        Value::Bytes(octets) => json!({"bytes": hex::encode(octets)}),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(extension).collect(),
        Value::Map(entries) => {
            let pairs: Vec<Json> = entries
                .iter()
                .map(|(key, value)| match key {
                    MapKey::Int(n) => json!([n, extension(value)]),
                    MapKey::Bytes(octets) => json!([{"bytes": hex::encode(octets)}, extension(value)]),
                    MapKey::Text(text) => json!([text, extension(value)]),
                })
                .collect();
            json!({"map": pairs})
        }
        Value::Tag(tag, content) => json!({"tag": number(*tag), "value": extension(content)}),
        Value::Bool(flag) => json!(flag),
        Value::Null => Json::Null,
        Value::Undefined => json!({"simple": 23}),
        Value::Simple(simple) => json!({"simple": simple.number()}),
        Value::Float(number) => float(number.value()),
    }
}
