//! Values of extensions as JSON, each with one form that gives the same value again.

use mimi_content::{Float, MapKey, Simple, Value};
use serde_json::{Value as Json, json};

use super::json::JsonError;

/// Largest number that every reader of JSON keeps exactly.
pub(super) const MAX_EXACT: u64 = (1 << 53) - 1;

/// The value in JSON.
pub(crate) fn json_of(value: &Value) -> Json {
    match value {
        Value::Unsigned(n @ 0..=MAX_EXACT) => json!(n),
        Value::Unsigned(n) => json!({"integer": n.to_string()}),
        Value::Negative(n) => {
            let number = -1 - i128::from(*n);
            i64::try_from(number)
                .ok()
                .filter(|number| number.unsigned_abs() <= MAX_EXACT)
                .map_or_else(|| json!({"integer": number.to_string()}), |number| json!(number))
        }
        Value::Bytes(octets) => json!({"bytes": hex::encode(octets)}),
        Value::Text(text) => json!(text),
        Value::Array(items) => items.iter().map(json_of).collect(),
        Value::Map(entries) => {
            let pairs: Vec<Json> = entries
                .iter()
                .map(|(key, value)| {
                    let key = match key {
                        MapKey::Int(key) => json!(key),
                        MapKey::Bytes(octets) => json!({"bytes": hex::encode(octets)}),
                        MapKey::Text(text) => json!(text),
                    };
                    json!([key, json_of(value)])
                })
                .collect();
            json!({ "map": pairs })
        }
        Value::Tag(number, content) => json!({"tag": number_of(*number), "value": json_of(content)}),
        Value::Bool(value) => json!(value),
        Value::Null => Json::Null,
        Value::Undefined => json!({"simple": 23}),
        Value::Simple(simple) => json!({"simple": simple.number()}),
        Value::Float(float) => json!({"float": decimal(*float)}),
    }
}

fn number_of(number: u64) -> Json {
    if number <= MAX_EXACT { json!(number) } else { json!(number.to_string()) }
}

/// A float as it stands in JSON and in diagnostic notation; reading it gives the same float.
pub(super) fn decimal(float: Float) -> String {
    match float.value() {
        value if value.is_nan() => "NaN".to_owned(),
        value if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        value => format!("{value:?}"),
    }
}

/// The value that JSON stands for; whether a message may carry it is not looked at.
pub(super) fn value_of(json: &Json) -> Result<Value, JsonError> {
    let wrong = || JsonError::Value(json.clone());
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(n), _) => n.into(),
            (None, Some(n)) => n.into(),
            _ => return Err(wrong()),
        },
        Json::Array(items) => Value::Array(items.iter().map(value_of).collect::<Result<_, _>>()?),
        Json::Object(members) => {
            let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
            names.sort_unstable();
            let member = |name: &str| members.get(name).unwrap_or(&Json::Null);
            let text = |name: &str| member(name).as_str().ok_or_else(wrong);
            match names.as_slice() {
                ["bytes"] => Value::Bytes(hex::decode(text("bytes")?).map_err(|_| wrong())?),
                ["integer"] => integer(text("integer")?).ok_or_else(wrong)?,
                ["float"] => Value::Float(Float::new(text("float")?.parse().map_err(|_| wrong())?)),
                ["map"] => map_of(member("map")).ok_or_else(wrong)??,
                ["simple"] => match member("simple").as_u64().and_then(|n| u8::try_from(n).ok()) {
                    Some(23) => Value::Undefined,
                    Some(number) => Value::Simple(Simple::new(number).ok_or_else(wrong)?),
                    None => return Err(wrong()),
                },
                ["tag", "value"] => {
                    let number = match member("tag") {
                        Json::String(text) => text.parse().ok(),
                        other => other.as_u64(),
                    };
                    Value::Tag(number.ok_or_else(wrong)?, Box::new(value_of(member("value"))?))
                }
                _ => return Err(wrong()),
            }
        }
    })
}

fn integer(decimal: &str) -> Option<Value> {
    let number: i128 = decimal.parse().ok()?;
    match u64::try_from(number) {
        Ok(number) => Some(Value::Unsigned(number)),
        Err(_) => u64::try_from(-1 - number).ok().map(Value::Negative),
    }
}

/// `None` when it is no list of pairs with keys, each once.
fn map_of(pairs: &Json) -> Option<Result<Value, JsonError>> {
    let mut entries = std::collections::BTreeMap::new();
    for pair in pairs.as_array()? {
        let [key, value] = pair.as_array()?.as_slice() else { return None };
        let key = match value_of(key) {
            Ok(key @ (Value::Unsigned(_) | Value::Negative(_))) => MapKey::Int(key.as_i64()?),
            Ok(Value::Bytes(octets)) => MapKey::Bytes(octets),
            Ok(Value::Text(text)) => MapKey::Text(text),
            _ => return None,
        };
        let value = match value_of(value) {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        if entries.insert(key, value).is_some() {
            return None;
        }
    }
    Some(Ok(Value::Map(entries)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_kind_of_extension_value_comes_back_out_of_json() {
        for hex in [
            "00",
            "1b001fffffffffffff",
            "1b0020000000000000",
            "1bffffffffffffffff",
            "20",
            "3b001ffffffffffffe",
            "3b001fffffffffffff",
            "3bffffffffffffffff",
            "40",
            "4201ff",
            "60",
            "6161",
            "80",
            "8301f6f5",
            "a0",
            "a3012041ff0061616161",
            "d82000",
            "dbffffffffffffffff00",
            "c249010000000000000000",
            "f4",
            "f6",
            "f7",
            "e0",
            "f8ff",
            "f93c00",
            "f98000",
            "f97e00",
            "f97c00",
            "f9fc00",
            "fa47c35000",
            "fb3ff199999999999a",
        ] {
            let value = Value::decode(&hex::decode(hex).unwrap()).unwrap();
            let text = serde_json::to_string(&json_of(&value)).unwrap();
            assert_eq!(value_of(&serde_json::from_str(&text).unwrap()).unwrap(), value, "{hex}: {text}");
        }
    }

    #[test]
    fn json_that_is_no_value_is_refused() {
        for text in [
            "1.5",
            r#"{"bytes":"0"}"#,
            r#"{"integer":"x"}"#,
            r#"{"integer":"18446744073709551616"}"#,
            r#"{"simple":24}"#,
            r#"{"map":[[1]]}"#,
            r#"{"map":[[1,2],[1,3]]}"#,
            r#"{"map":[[null,2]]}"#,
            r#"{"tag":1}"#,
            "{}",
        ] {
            assert!(value_of(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
        }
    }
}
