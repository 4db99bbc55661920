//! From the input to what is printed, or why nothing is.

use proptest::prelude::*;

use super::super::{ShowArguments, registry, show};
use super::samples;

fn arguments(r#type: Option<&str>) -> ShowArguments {
    ShowArguments {
        file: None,
        r#type: r#type.map(str::to_owned),
        encoding: None,
        test: None,
        json: false,
        full: false,
        types: false,
    }
}

fn refusal(input: &[u8], r#type: Option<&str>) -> String {
    show(input, &arguments(r#type)).expect_err("refused").to_string()
}

fn sample(name: &str) -> Vec<u8> {
    samples::parts().into_iter().find(|(one, _)| *one == name).unwrap().1
}

#[test]
fn hex_base64_and_raw_octets_show_the_same() {
    use base64::Engine;
    let octets = sample("KeyPackage");
    let hex = hex::encode(&octets);
    let base64 = base64::engine::general_purpose::STANDARD.encode(&octets);
    let raw = show(&octets, &arguments(None)).unwrap();
    assert!(raw.starts_with("KeyPackage (RFC 9420 section 10)\n  version: mls10 (1)\n"), "{raw}");
    assert_eq!(show(hex.as_bytes(), &arguments(None)).unwrap(), raw);
    assert_eq!(show(base64.as_bytes(), &arguments(None)).unwrap(), raw);
    assert_eq!(show(base64.as_bytes(), &arguments(Some("keypackage"))).unwrap(), raw);
}

#[test]
fn json_holds_all_octets_and_names_type_and_section() {
    let octets = sample("KeyPackage");
    let text = show(&octets, &ShowArguments { json: true, ..arguments(None) }).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["type"], &json["section"]), (&"KeyPackage".into(), &"RFC 9420 section 10".into()));
    assert_eq!(json["value"]["init_key"].as_str().unwrap().len(), 64);
    assert_eq!(json["value"]["leaf_node"]["leaf_node_source"], "key_package");
}

#[test]
fn an_error_names_the_type_the_rule_the_section_and_the_offset() {
    let mut octets = sample("KeyPackage");
    octets.push(0);
    let at = octets.len() - 1;
    assert_eq!(
        refusal(&octets, Some("KeyPackage")),
        format!("rejected as KeyPackage: octets follow the end of the value (RFC 9420 section 2.1, offset {at})")
    );
    assert!(refusal(b"mimi://a.example/u/", None).starts_with("rejected as MimiUri: "));
    assert!(refusal(b"{\"update\": 1}", None).starts_with("rejected as directory: the member update is not text ("));
    assert!(refusal(&[0, 1, 0, 2, 0], None).starts_with("rejected as MLSMessage: the input ends inside a value"));
}

#[test]
fn several_possible_types_are_listed_and_nothing_is_shown() {
    let text = refusal(&[0], None);
    assert!(text.starts_with("could be one of these types; say which with --type: "), "{text}");
    assert!(text.contains("SafeAAD") && text.contains("RoleData"), "{text}");
    let text = refusal(b"\x03abc", None);
    assert!(text.contains("UTF8String") && text.contains("IdentifierUri"), "{text}");
}

#[test]
fn octets_of_no_type_and_names_of_no_type_are_said_to_be_that() {
    assert_eq!(refusal(&[0xff; 9], None), "no type reads these 9 octets; with --type TYPE the reason is told");
    assert_eq!(refusal(b"00", Some("Conse\x1bnt")), "no type is called Conse\u{fffd}nt; mimi show --types lists all");
    assert!(refusal(b"00", Some("Consent")).contains("; there is ConsentEntry, ConsentScope"));
}

#[test]
fn a_test_of_a_vector_file_is_shown_by_its_number() {
    let (_, file) = spec_vectors::files().find(|(path, _)| path.ends_with("consent-entry.json")).unwrap();
    let with = |test| ShowArguments { test: Some(test), ..arguments(None) };
    let text = show(file.as_bytes(), &with(1)).unwrap();
    assert!(text.starts_with("ConsentEntry ") && text.contains("consentOperation: request (1)"), "{text}");
    assert_eq!(show(file.as_bytes(), &with(999)).unwrap_err().to_string(), "has no test 999");
    assert_eq!(refusal(file.as_bytes(), None), "is a file of test vectors; --test NUMBER shows one of them");
}

#[test]
fn the_guess_of_the_encoding_can_be_overruled() {
    use super::super::octets::Encoding;
    let as_raw = ShowArguments { encoding: Some(Encoding::Raw), ..arguments(Some("UTF8String")) };
    // Four octets, the first of which says that three follow.
    assert!(show(b"\x03abc", &as_raw).unwrap().contains("string: \"abc\""));
    let as_hex = ShowArguments { encoding: Some(Encoding::Hex), ..arguments(Some("UTF8String")) };
    assert_eq!(
        show(b"0g", &as_hex).unwrap_err().to_string(),
        "the input is not hex: Invalid character 'g' at position 1"
    );
}

#[test]
fn long_octets_are_cut_in_text_and_whole_with_full() {
    let octets = sample("PrivateMessage");
    let cut = show(&octets, &arguments(Some("PrivateMessage"))).unwrap();
    let full = show(&octets, &ShowArguments { full: true, ..arguments(Some("PrivateMessage")) }).unwrap();
    assert!(cut.contains("... (") && !full.contains("... ("), "{cut}{full}");
}

#[test]
fn an_object_that_is_too_large_is_refused_before_it_is_read() {
    let refused = refusal(&vec![0; (8 << 20) + 1], Some("Credential"));
    assert_eq!(refused, "has 8388609 octets; up to 8 MiB are shown");
    assert!(refusal(&vec![0; 8 << 20], Some("Credential")).starts_with("rejected as Credential: "));
}

#[test]
fn nesting_is_limited_by_the_types_and_by_the_reader_of_json() {
    let deep = format!("{{\"x\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(refusal(deep.as_bytes(), None).contains("recursion limit exceeded"));
    // Arrays in arrays: content nests parts and values to a set depth only.
    assert!(refusal(&[0x81; 100_000], Some("mimiContent")).starts_with("rejected as mimiContent: "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_type_panics_on_changed_octets_and_every_refusal_has_a_reason(
        place in any::<prop::sample::Index>(), octet in any::<u8>(), cut in any::<prop::sample::Index>(),
    ) {
        for (_, octets) in samples::parts().into_iter().step_by(7) {
            let mut octets = octets;
            let place = place.index(octets.len());
            octets[place] = octet;
            if octet & 1 == 1 {
                octets.truncate(cut.index(octets.len()) + 1);
            }
            for one in registry::all() {
                match (one.read)(&octets) {
                    Ok(tree) => prop_assert!(serde_json::to_string(&tree).is_ok()),
                    Err(error) => prop_assert!(
                        !error.rule.is_empty() && error.offset.is_none_or(|offset| offset <= octets.len())
                    ),
                }
            }
        }
    }
}
