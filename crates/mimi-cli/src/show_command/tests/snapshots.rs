//! What a person sees of each type.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::registry;
use super::super::render::Renderer;
use super::{is_accepted, samples, wire_vectors};

/// Most samples of one type.
const MOST: usize = 5;

/// Names of all members in a value: what form it has.
fn form(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                names.insert(name.clone());
                form(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| form(item, names)),
        _ => {}
    }
}

/// Octets of each type: one vector of each form, and what the vectors have inside.
fn all_samples() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut forms = BTreeSet::new();
    let mut all: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for (_, one, test) in wire_vectors().filter(|(_, _, test)| is_accepted(test)) {
        let Some(decoded) = test.fields.get("decoded") else { continue };
        let mut names = BTreeSet::new();
        form(decoded, &mut names);
        let samples = all.entry(one.name).or_default();
        if samples.len() < MOST && forms.insert((one.name, names)) {
            samples.push(test.octets("encoded").unwrap());
        }
    }
    for (name, octets) in samples::parts() {
        all.entry(name).or_default().push(octets);
    }
    all
}

#[test]
fn every_type_has_a_sample_and_looks_as_it_should() {
    let samples = all_samples();
    for one in registry::all() {
        let of_type = samples.get(one.name).unwrap_or_else(|| panic!("no sample of {}", one.name));
        let shown: Vec<String> = of_type
            .iter()
            .map(|octets| {
                let tree = (one.read)(octets).unwrap_or_else(|error| panic!("{}: {error}", one.name));
                let title = format!("{} ({})", one.name, one.section);
                Renderer::new(false, |text, _| text.to_owned()).render(&title, &tree)
            })
            .collect();
        insta::assert_snapshot!(format!("show-{}", one.name), shown.join("\n"));
    }
    assert_eq!(samples.len(), registry::all().count(), "a sample is of no type");
}

#[test]
fn the_list_of_types_changes_only_on_purpose() {
    insta::assert_snapshot!(super::super::list_of_types());
}
