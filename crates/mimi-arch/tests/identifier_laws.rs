//! Laws that hold for every text and every identifier.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use mimi_arch::{ClientUri, Domain, MimiUri, RoomUri, UserUri};
use proptest::prelude::*;

/// Host names that are not taken for addresses.
fn host() -> impl Strategy<Value = String> {
    "([a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?\\.){0,3}[a-z][a-z0-9]{0,5}"
}

/// Path segments, percent-encoded here and there; never dots alone.
fn segment() -> impl Strategy<Value = String> {
    "([a-zA-Z0-9._~!$&'()*+,;=:@-]|%[2-7][0-9a-fA-F]|%[cC]3%[89abAB][0-9a-fA-F]){0,12}[a-z0-9]"
}

fn uri() -> impl Strategy<Value = String> {
    let path = prop_oneof![
        Just(String::new()),
        ("[updrgt]", segment()).prop_map(|(letter, name)| format!("/{letter}/{name}")),
        (segment(), segment()).prop_map(|(user, device)| format!("/d/{user}/{device}")),
    ];
    (host(), path).prop_map(|(host, path)| format!("mimi://{host}{path}"))
}

/// Texts that look enough like a URI to get far into the reader.
fn nearly_uri() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("mimi:".to_owned()),
        Just("//".to_owned()),
        "[/?#@:%.\\[\\]-]",
        "[updrgt]",
        "%[0-9a-fA-F]{0,2}",
        host(),
        segment(),
        any::<char>().prop_map(String::from),
    ];
    (any::<bool>(), prop::collection::vec(piece, 0..12)).prop_map(|(scheme, pieces)| {
        let start = if scheme { "mimi://" } else { "" };
        format!("{start}{}", pieces.concat())
    })
}

/// The same URI in another of its equivalent forms (RFC 3986 section 6.2.2).
fn rewrite(text: &str, choices: &[bool]) -> String {
    let mut choice = choices.iter().copied().cycle();
    let (host, path) = match text.match_indices('/').nth(2) {
        Some((at, _)) => text.split_at(at),
        None => (text, ""),
    };
    let mut out = String::new();
    for letter in host.chars() {
        let upper = choice.next().unwrap_or_default();
        out.push(if upper { letter.to_ascii_uppercase() } else { letter });
    }
    let mut in_encoding = 0;
    for letter in path.chars() {
        let change = choice.next().unwrap_or_default();
        if letter == '%' {
            in_encoding = 2;
            out.push(letter);
        } else if in_encoding > 0 {
            in_encoding -= 1;
            let lower = letter.to_ascii_lowercase();
            out.push(if change { lower } else { letter });
        } else if change && (letter.is_ascii_alphanumeric() || "-._~".contains(letter)) {
            out.push_str(&format!("%{:02x}", u32::from(letter)));
        } else {
            out.push(letter);
        }
    }
    out
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back_as_the_same(text in uri()) {
        let uri: MimiUri = text.parse().expect("the generator makes valid URIs");
        prop_assert_eq!(uri.to_string().parse(), Ok(uri));
    }

    #[test]
    fn the_normal_form_stays_as_it_is(text in uri()) {
        let uri: MimiUri = text.parse().expect("the generator makes valid URIs");
        let again: MimiUri = uri.as_str().parse().expect("a normal form is valid");
        prop_assert_eq!(again.as_str(), uri.as_str());
        prop_assert!(uri.as_str().len() <= text.len());
    }

    #[test]
    fn equivalent_texts_are_equal(text in uri(), choices in prop::collection::vec(any::<bool>(), 1..40)) {
        let uri: MimiUri = text.parse().expect("the generator makes valid URIs");
        let other = rewrite(uri.as_str(), &choices);
        prop_assert_eq!(other.parse::<MimiUri>(), Ok(uri), "{}", other);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>()) {
        drop(text.parse::<MimiUri>());
        drop(text.parse::<Domain>());
    }

    #[test]
    fn no_octets_make_the_reader_panic(octets in prop::collection::vec(any::<u8>(), 0..80)) {
        drop(MimiUri::from_bytes(&octets));
        drop(Domain::from_bytes(&octets));
    }

    #[test]
    fn an_error_points_into_the_text_or_to_its_end(text in nearly_uri()) {
        match text.parse::<MimiUri>() {
            Ok(uri) => prop_assert_eq!(uri.as_str().parse(), Ok(uri.clone())),
            Err(error) => {
                prop_assert!(error.offset() <= text.len());
                prop_assert!(text.is_char_boundary(error.offset()));
            }
        }
    }

    #[test]
    fn a_name_comes_out_as_it_went_in(name in any::<String>(), device in "\\PC{1,20}") {
        let domain: Domain = "a.example".parse().unwrap();
        match (UserUri::new(&domain, &name), RoomUri::new(&domain, &name)) {
            (Ok(user), Ok(room)) => {
                prop_assert_eq!(user.name(), name.clone());
                prop_assert_eq!(room.name(), name.clone());
                prop_assert_eq!(room.group().name(), name);
                if let Ok(client) = ClientUri::of_user(&user, &device) {
                    prop_assert_eq!(client.user(), Some(user));
                    prop_assert_eq!(client.device(), device);
                }
            }
            (Err(user), Err(room)) => prop_assert_eq!(user, room),
            (user, room) => prop_assert!(false, "{user:?} but {room:?}"),
        }
    }
}
