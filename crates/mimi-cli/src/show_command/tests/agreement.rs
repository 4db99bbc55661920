//! The vectors say what octets mean, and why they are refused; `show` has to say the same.

use serde_json::{Map, Value};
use spec_vectors::ExpectedError;

use super::super::registry::{Recognised, recognise};
use super::{is_accepted, wire_vectors};

/// Members of `decoded` that sum up an MLS object, which `show` shows whole.
const SUMMARIES: [&str; 13] = [
    "commit",
    "message",
    "appmessage",
    "keypackage",
    "clientkeypackages",
    "groupinfo",
    "groupinfooption",
    "ratchettreeoption",
    "welcome",
    "proposal",
    "proposals",
    "externalproposals",
    "keysforexternalreceivers",
];

fn folded(name: &str) -> String {
    name.replace('_', "").to_ascii_lowercase()
}

/// Compares all values of `decoded` with what is shown, and counts them.
fn compare(decoded: &Value, shown: &Value, place: &str, count: &mut usize) {
    match (decoded, shown) {
        (Value::Object(decoded), Value::Object(shown)) => members(decoded, shown, place, count),
        (Value::Array(decoded), Value::Array(shown)) => {
            assert_eq!(decoded.len(), shown.len(), "{place}");
            for (index, (decoded, shown)) in decoded.iter().zip(shown).enumerate() {
                compare(decoded, shown, &format!("{place}[{index}]"), count);
            }
        }
        (Value::Array(_), Value::Object(members)) if members.len() == 1 => {
            compare(decoded, members.values().next().unwrap(), place, count);
        }
        // A struct of one member, which the vector names by its content.
        (Value::String(_), Value::Object(members)) if members.len() == 1 && !members.contains_key("octets") => {
            compare(decoded, members.values().next().unwrap(), place, count);
        }
        // Octets whose meaning was looked into.
        (Value::String(_), Value::Object(inside)) if inside.contains_key("octets") => {
            compare(decoded, &inside["octets"], place, count);
        }
        // Numbers that not every reader of JSON keeps.
        (Value::Number(number), Value::String(digits)) if number.as_u64() > Some(1 << 52) => {
            assert_eq!(&number.to_string(), digits, "{place}");
            *count += 1;
        }
        // Identifiers that are text in the vector and any octets by the draft.
        (Value::String(text), Value::String(octets)) if *octets == hex::encode(text) => *count += 1,
        _ => {
            assert_eq!(decoded, shown, "{place}");
            *count += 1;
        }
    }
}

fn members(decoded: &Map<String, Value>, shown: &Map<String, Value>, place: &str, count: &mut usize) {
    if let Some(identity) = decoded.get("basic") {
        assert_eq!(shown["identity"], hex::encode(identity.as_str().unwrap()), "{place}");
        *count += 1;
        return;
    }
    for (name, value) in decoded {
        let name = folded(name);
        if SUMMARIES.contains(&name.as_str()) || name == "moreproposals" {
            continue;
        }
        let place = format!("{place}.{name}");
        let found = shown.iter().find(|(key, _)| folded(key) == name);
        compare(value, found.unwrap_or_else(|| panic!("{place} is not shown")).1, &place, count);
    }
}

#[test]
fn what_is_shown_of_a_vector_is_what_the_vector_says_it_means() {
    let (mut vectors, mut values) = (0, 0);
    for (path, one, test) in wire_vectors().filter(|(_, _, test)| is_accepted(test)) {
        let place = format!("{path} {}", test.tc_id);
        let tree = (one.read)(&test.octets("encoded").unwrap()).unwrap_or_else(|error| panic!("{place}: {error}"));
        if let Some(decoded) = test.fields.get("decoded") {
            compare(decoded, &serde_json::to_value(&tree).unwrap(), &place, &mut values);
        }
        vectors += 1;
    }
    assert!(vectors > 250 && values > 2000, "{vectors} vectors with {values} values");
}

#[test]
fn a_vector_that_is_refused_is_refused_for_its_rule_and_at_its_offset() {
    let mut count = 0;
    for (path, one, test) in wire_vectors().filter(|(_, _, test)| !is_accepted(test)) {
        let ExpectedError { offset, section, .. } = test.error.clone().unwrap();
        if offset.is_none() {
            // Well formed, but wrongly signed: `show` verifies nothing.
            continue;
        }
        let error = (one.read)(&test.octets("encoded").unwrap()).expect_err(&format!("{path} {}", test.tc_id));
        assert_eq!((error.offset, error.section), (offset, section.as_str()), "{path} {}: {error}", test.tc_id);
        assert!(!error.rule.is_empty());
        count += 1;
    }
    assert!(count > 250, "{count} vectors");
}

#[test]
fn octets_are_never_taken_for_another_type_without_a_word() {
    let (mut sure, mut several) = (0, 0);
    for (path, one, test) in wire_vectors().filter(|(_, _, test)| is_accepted(test)) {
        let octets = test.octets("encoded").unwrap();
        let place = format!("{path} {}", test.tc_id);
        match recognise(&octets, &octets) {
            Recognised::Is(found, _) => {
                assert_eq!(found.name, one.name, "{place}");
                sure += 1;
            }
            Recognised::OneOf(types) => {
                assert!(types.iter().any(|found| found.name == one.name), "{place}");
                several += 1;
            }
            Recognised::Broken(found, error) => panic!("{place} is taken for {}: {error}", found.name),
            Recognised::Nothing => panic!("{place} is not recognised"),
        }
    }
    assert!(sure > 4 * several, "{sure} recognised, {several} ambiguous");
}
