//! Checks the files against their schema. Only what the schema uses of JSON Schema is understood; anything else in it panics, so that
//! nothing in the schema goes unchecked.

use std::path::Path;

use serde_json::Value;
use spec_vectors::files;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec-vectors/schemas/vectors-v1.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What is wrong with a value, with the place.
fn check(root: &Value, schema: &Value, value: &Value, place: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (keyword, rule) in schema.as_object().unwrap() {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "additionalProperties" => true,
            "$ref" => {
                let target = root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                wrong.extend(check(root, target, value, place));
                true
            }
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "integer" => value.is_u64(),
                other => panic!("type {other}"),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_u64() >= rule.as_u64(),
            "pattern" => matches(rule.as_str().unwrap(), value.as_str().unwrap_or_default()),
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    wrong.extend(check(root, rule, item, &format!("{place}/{index}")));
                }
                true
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match (rule.get(name), &schema["additionalProperties"]) {
                        (Some(rule), _) => wrong.extend(check(root, rule, field, &format!("{place}/{name}"))),
                        (None, Value::Bool(false)) => wrong.push(format!("{place}/{name} is not in the schema")),
                        (None, other) => panic!("additionalProperties {other}"),
                    }
                }
                true
            }
            other => panic!("the keyword {other}"),
        };
        if !holds {
            wrong.push(format!("{place}: {keyword} {rule}"));
        }
    }
    if let (Some(rule @ Value::Object(_)), None) = (schema.get("additionalProperties"), schema.get("properties")) {
        for (name, field) in value.as_object().into_iter().flatten() {
            wrong.extend(check(root, rule, field, &format!("{place}/{name}")));
        }
    }
    wrong
}

/// The three patterns of the schema.
fn matches(pattern: &str, text: &str) -> bool {
    let all = |allowed: fn(u8) -> bool| text.bytes().all(allowed);
    match pattern {
        "^([0-9a-f]{2})*$" => text.len().is_multiple_of(2) && all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')),
        "^[a-z0-9-]+$" => !text.is_empty() && all(|octet| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'-')),
        "^(draft-[a-z0-9-]+-[0-9]{2}|discovery profile 0)$" => {
            text == "discovery profile 0"
                || text.starts_with("draft-")
                    && text
                        .rsplit_once('-')
                        .is_some_and(|(_, revision)| revision.len() == 2 && revision.parse::<u8>().is_ok())
        }
        other => panic!("the pattern {other}"),
    }
}

#[test]
fn every_file_has_the_shape_that_its_schema_describes() {
    let schema = schema();
    for (path, text) in files() {
        let wrong = check(&schema, &schema, &serde_json::from_str(text).unwrap(), "");
        assert!(wrong.is_empty(), "{path}: {wrong:#?}");
    }
}

#[test]
fn the_schema_refuses_other_shapes() {
    let schema = schema();
    let (_, text) = files().next().unwrap();
    let file: Value = serde_json::from_str(text).unwrap();
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut file = file.clone();
        spoil(&mut file);
        check(&schema, &schema, &file, "").len()
    };
    assert_eq!(spoilt(&|_| {}), 0);
    assert_ne!(spoilt(&|file| file["more"] = 1.into()), 0);
    assert_ne!(spoilt(&|file| file["testGroups"][0]["tests"][0]["result"] = "good".into()), 0);
    assert_ne!(spoilt(&|file| file["testGroups"][0]["tests"][0]["tcId"] = "1".into()), 0);
    assert_ne!(spoilt(&|file| file["testGroups"][0]["tests"][0]["seed"] = "ABC".into()), 0);
    assert_ne!(spoilt(&|file| drop(file.as_object_mut().unwrap().remove("notes"))), 0);
}
