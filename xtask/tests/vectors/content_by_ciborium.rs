//! The meaning of a message as ciborium reads it, a decoder that knows nothing of messages: fields are found by their place alone.

use ciborium::Value;
use serde_json::{Value as Json, json};

use crate::content_described::{content, disposition, float, integer, number};

pub(crate) fn message(octets: &[u8]) -> Json {
    let fields = list(ciborium::from_reader(octets).unwrap());
    let [salt, replaces, topic, expires, answers, extensions, body] = fields.try_into().unwrap();
    let expires = optional(expires).map(|expires| {
        let [relative, time] = list(expires).try_into().unwrap();
        json!({"relative": relative.as_bool().unwrap(), "time": unsigned(&time)})
    });
    let extensions: Vec<Json> = extensions
        .into_map()
        .unwrap()
        .into_iter()
        .map(|(key, extension)| json!({"key": value(key), "value": value(extension)}))
        .collect();
    json!({
        "salt": hexed(salt), "replaces": optional(replaces).map(hexed), "topicId": hexed(topic), "expires": expires,
        "inReplyTo": optional(answers).map(hexed), "mimiExtensions": extensions, "nestedPart": part(body),
    })
}

/// A status report.
pub(crate) fn report(octets: &[u8]) -> Json {
    list(ciborium::from_reader(octets).unwrap())
        .into_iter()
        .map(|entry| {
            let [id, status] = list(entry).try_into().unwrap();
            json!({"messageId": hexed(id), "status": unsigned(&status)})
        })
        .collect()
}

fn list(value: Value) -> Vec<Value> {
    value.into_array().unwrap()
}

fn optional(value: Value) -> Option<Value> {
    (!value.is_null()).then_some(value)
}

fn hexed(value: Value) -> String {
    hex::encode(value.into_bytes().unwrap())
}

fn text(value: Value) -> String {
    value.into_text().unwrap()
}

fn unsigned(value: &Value) -> u64 {
    value.as_integer().unwrap().try_into().unwrap()
}

fn part(value: Value) -> Json {
    let mut fields = list(value).into_iter();
    let mut next = || fields.next().unwrap();
    let (purpose, language, cardinality) = (unsigned(&next()), text(next()), unsigned(&next()));
    let mut described = match cardinality {
        0 => json!({"cardinality": "nullpart"}),
        1 => {
            let media_type = text(next());
            let (name, content) = content(&media_type, next().as_bytes().unwrap());
            json!({"cardinality": "single", "contentType": media_type, name: content})
        }
        2 => json!({
            "cardinality": "external", "contentType": text(next()), "url": text(next()), "expires": unsigned(&next()),
            "size": number(unsigned(&next())), "encAlg": unsigned(&next()), "key": hexed(next()),
            "nonce": hexed(next()), "aad": hexed(next()), "hashAlg": unsigned(&next()), "contentHash": hexed(next()),
            "description": text(next()), "filename": text(next()),
        }),
        3 => {
            let semantics = ["chooseOne", "singleUnit", "processAll"][usize::try_from(unsigned(&next())).unwrap()];
            let parts: Vec<Json> = list(next()).into_iter().map(part).collect();
            json!({"cardinality": "multi", "partSemantics": semantics, "parts": parts})
        }
        other => panic!("cardinality {other}"),
    };
    assert!(fields.next().is_none(), "a part is longer than its fields");
    described["disposition"] = disposition(purpose);
    described["language"] = language.into();
    described
}

fn value(extension: Value) -> Json {
    match extension {
        Value::Integer(n) => integer(n.into()),
        Value::Bytes(octets) => json!({"bytes": hex::encode(octets)}),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.into_iter().map(value).collect(),
        Value::Map(entries) => {
            let pairs: Vec<Json> = entries.into_iter().map(|(key, entry)| json!([value(key), value(entry)])).collect();
            json!({"map": pairs})
        }
        Value::Tag(tag, content) => json!({"tag": number(tag), "value": value(*content)}),
        Value::Bool(flag) => json!(flag),
        Value::Null => Json::Null,
        Value::Float(n) => float(n),
        other => panic!("{other:?}"),
    }
}
