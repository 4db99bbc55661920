//! Finding the internal URI of a user: draft-ietf-mimi-protocol-06 section 5.8, the messages.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::builder::{Built, FileBuilder, Rule};
use super::layout::{Part, Struct, opaque, u8, u16, vector};
use super::rules::NOT_UTF8;
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

pub(crate) mod answers;

pub(crate) const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.8";

const SEARCH_TYPE: Rule = Rule("search-type-unknown", SECTION);
const QUERY_CODE: Rule = Rule("query-code-unknown", SECTION);
const FIELD_SOURCE: Rule = Rule("field-source-unknown", SECTION);
const URI_EMPTY: Rule = Rule("found-uri-empty", SECTION);
const WITHOUT_MATCH: Rule = Rule("success-without-match", SECTION);
const WITHOUT_SUCCESS: Rule = Rule("match-without-success", SECTION);
const NOT_SORTED: Rule = Rule("components-not-sorted", "draft-ietf-mls-extensions section 4.6");

const XAVIER: &str = "mimi://xyz.example/u/4711";

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![request()?, response()?, answers::build()?])
}

/// The types of search by number and name.
const TYPES: [(u8, &str); 8] = [
    (1, "handle"),
    (2, "nick"),
    (3, "email"),
    (4, "phone"),
    (5, "partialName"),
    (6, "wholeProfile"),
    (7, "oidcStdClaim"),
    (8, "vcardField"),
];

/// One condition: its type, `TYPE:NAME` for the two that have a name, and its value.
pub(crate) fn element(search: &str, value: &str) -> Part {
    let (name, claim) = search.split_once(':').map_or((search, None), |(name, claim)| (name, Some(claim)));
    let number = TYPES.iter().find(|(_, own)| *own == name).map_or(0, |(number, _)| *number);
    let element = Struct::new().add("searchType", u8(number));
    let element = match claim {
        Some(claim) => element.add("name", opaque(claim.as_bytes())),
        None => element,
    };
    Part::Struct(element.add("searchValue", opaque(value.as_bytes())))
}

/// A request without extensions.
pub(crate) fn query(elements: &[(&str, &str)]) -> Struct {
    Struct::new()
        .add("query_elements", vector(elements.iter().map(|(search, value)| element(search, value))))
        .add("id_request_extensions", vector([]))
}

/// The data of components, in the order given.
pub(crate) fn dictionary(entries: &[(u16, &[u8])]) -> Part {
    vector(
        entries
            .iter()
            .map(|(id, data)| Part::Struct(Struct::new().add("component_id", u16(*id)).add("data", opaque(data)))),
    )
}

/// What a reader finds in [`dictionary`].
pub(crate) fn dictionary_decoded(entries: &[(u16, &[u8])]) -> Value {
    entries.iter().map(|(id, data)| json!({"component_id": id, "data": hex::encode(data)})).collect()
}

fn query_decoded(elements: &[(&str, &str)], extensions: Value) -> Value {
    let elements: Value = elements
        .iter()
        .map(|(search, value)| match search.split_once(':') {
            Some(("oidcStdClaim", name)) => {
                json!({"searchType": "oidcStdClaim", "claimName": name, "searchValue": value})
            }
            Some((r#type, name)) => json!({"searchType": r#type, "propertyName": name, "searchValue": value}),
            None => json!({"searchType": search, "searchValue": value}),
        })
        .collect();
    json!({"query_elements": elements, "id_request_extensions": extensions})
}

fn request() -> Result<Built> {
    let extended: &[(u16, &[u8])] = &[(0x0022, b""), (0x8000, b"\x01\x02")];
    let each: Vec<(String, &str)> = vec![
        ("handle".to_owned(), "im:alice.smith@a.example"),
        ("nick".to_owned(), "alice.smith"),
        ("email".to_owned(), "asmith@a.example"),
        ("phone".to_owned(), "+12125551212"),
        ("partialName".to_owned(), "mat"),
        ("wholeProfile".to_owned(), "Acme"),
        ("oidcStdClaim:given_name".to_owned(), "Alice"),
        ("vcardField:ORG".to_owned(), "Acme"),
    ];
    let mut cases = Vec::new();
    let mut of = |comment: &str, elements: &[(&str, &str)]| {
        cases.push(valid(comment, &query(elements), query_decoded(elements, json!([]))));
    };
    for (search, value) in &each {
        of(&format!("one element, {search}"), &[(search.as_str(), value)]);
    }
    let all: Vec<(&str, &str)> = each.iter().map(|(search, value)| (search.as_str(), *value)).collect();
    of("all of them", &all);
    of("the same element twice", &[("nick", "alice"), ("nick", "alice")]);
    of("no element; well formed, and answered with forbidden", &[]);
    of("an empty value; well formed, and answered with forbidden", &[("handle", "")]);
    of("a claim without a name", &[("oidcStdClaim:", "Alice")]);
    of("a value outside ASCII", &[("partialName", "Zoë 李")]);
    of("a value of 70 000 octets", &[("wholeProfile", &"x".repeat(70_000))]);
    let usual = query(&[("nick", "alice"), ("oidcStdClaim:given_name", "Alice")])
        .replace("id_request_extensions", dictionary(extended));
    cases.push(valid(
        "with extensions",
        &usual,
        query_decoded(&[("nick", "alice"), ("oidcStdClaim:given_name", "Alice")], dictionary_decoded(extended)),
    ));
    cases.extend(wire::malformed(&usual, "id_request_extensions", "query_elements/1/name")?);
    for number in [0, 9, 255] {
        let path = "query_elements/0/searchType";
        cases.push(replaced(&format!("search type {number}"), "UnknownValue", SEARCH_TYPE, &usual, path, u8(number))?);
    }
    for (comment, path) in [
        ("a value that is not UTF-8", "query_elements/0/searchValue"),
        ("a claim name that is not UTF-8", "query_elements/1/name"),
    ] {
        let spoilt = usual.clone().replace(path, opaque(b"\xff"));
        cases.push(broken(comment, "Forbidden", NOT_UTF8, &spoilt, &format!("{path}/content"))?);
    }
    for (comment, entries) in [
        ("extensions in the wrong order", &[(0x8000, &b""[..]), (0x0022, b"")]),
        ("an extension twice", &[(0x8000, b"\x01"), (0x8000, b"\x02")]),
    ] {
        let path = "id_request_extensions";
        cases.push(replaced(comment, "Forbidden", NOT_SORTED, &usual, path, dictionary(entries))?);
    }
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "identifier-request", "IdentifierRequest", "5.8")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the drafts do not allow", None);
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}

/// A field of a profile that was found: the number of its source, its name, its value.
type FieldOf<'a> = (u8, &'a str, &'a [u8]);

/// A response without extensions: users with the fields that are told.
pub(crate) fn found(code: u8, uris: &[&str], profiles: &[(&str, Vec<FieldOf<'_>>)]) -> Struct {
    let field = |(source, name, value): &FieldOf<'_>| {
        Part::Struct(
            Struct::new()
                .add("fieldSource", u8(*source))
                .add("fieldName", opaque(name.as_bytes()))
                .add("fieldValue", opaque(value)),
        )
    };
    let profile = |(uri, fields): &(&str, Vec<FieldOf<'_>>)| {
        Part::Struct(
            Struct::new().add("stableUri", opaque(uri.as_bytes())).add("fields", vector(fields.iter().map(field))),
        )
    };
    Struct::new()
        .add("responseCode", u8(code))
        .add("uri", vector(uris.iter().map(|uri| opaque(uri.as_bytes()))))
        .add("foundProfiles", vector(profiles.iter().map(profile)))
        .add("id_response_extensions", vector([]))
}

/// The codes by number and name.
pub(crate) const CODES: [&str; 5] = ["success", "notFound", "ambiguous", "forbidden", "unsupportedField"];

/// What a reader finds in [`found`].
pub(crate) fn found_decoded(code: &str, uris: &[&str], profiles: &[(&str, Vec<FieldOf<'_>>)]) -> Value {
    let field = |(source, name, value): &FieldOf<'_>| {
        let source = if *source == 7 { "oidcStdClaim" } else { "vcardField" };
        json!({"fieldSource": source, "fieldName": name, "fieldValue": hex::encode(value)})
    };
    let profiles: Value = profiles
        .iter()
        .map(|(uri, fields)| json!({"stableUri": uri, "fields": fields.iter().map(field).collect::<Value>()}))
        .collect();
    json!({"responseCode": code, "uri": uris, "foundProfiles": profiles, "id_response_extensions": []})
}

fn response() -> Result<Built> {
    let profile = || vec![(XAVIER, vec![(7, "given_name", &b"Xavier"[..]), (8, "ORG", &b"Acme"[..])])];
    let usual = found(0, &[XAVIER], &profile());
    let other = "mimi://xyz.example/u/4712";
    let mut cases = vec![
        valid("one user with two fields", &usual, found_decoded("success", &[XAVIER], &profile())),
        valid(
            "two users, of whom nothing else is told",
            &found(0, &[XAVIER, other], &[]),
            found_decoded("success", &[XAVIER, other], &[]),
        ),
        valid("a profile alone", &found(0, &[], &profile()), found_decoded("success", &[], &profile())),
        valid(
            "a value that is not text",
            &found(0, &[XAVIER], &[(XAVIER, vec![(8, "PHOTO", b"\xff\xd8\x00")])]),
            found_decoded("success", &[XAVIER], &[(XAVIER, vec![(8, "PHOTO", b"\xff\xd8\x00")])]),
        ),
    ];
    for (number, code) in (0u8..).zip(CODES).skip(1) {
        cases.push(valid(code, &found(number, &[], &[]), found_decoded(code, &[], &[])));
        cases.push(replaced(
            &format!("{code}, and yet a user"),
            "Forbidden",
            WITHOUT_SUCCESS,
            &usual,
            "responseCode",
            u8(number),
        )?);
    }
    cases.extend(wire::malformed(&usual, "id_response_extensions", "foundProfiles/0/fields/0/fieldName")?);
    for number in [5, 255] {
        cases.push(replaced(
            &format!("response code {number}"),
            "UnknownValue",
            QUERY_CODE,
            &usual,
            "responseCode",
            u8(number),
        )?);
    }
    for number in [0, 1, 6, 9, 255] {
        let path = "foundProfiles/0/fields/0/fieldSource";
        cases.push(replaced(
            &format!("field source {number}"),
            "UnknownValue",
            FIELD_SOURCE,
            &usual,
            path,
            u8(number),
        )?);
    }
    let nobody = found(0, &[], &[]);
    cases.push(broken("success without a user", "Forbidden", WITHOUT_MATCH, &nobody, "responseCode")?);
    cases.push(replaced("an empty URI", "Forbidden", URI_EMPTY, &usual, "uri/0", opaque(b""))?);
    let path = "foundProfiles/0/stableUri";
    cases.push(replaced("a profile without a URI", "Forbidden", URI_EMPTY, &usual, path, opaque(b""))?);
    for path in ["uri/0", "foundProfiles/0/stableUri", "foundProfiles/0/fields/1/fieldName"] {
        let spoilt = usual.clone().replace(path, opaque(b"\xff"));
        let comment = format!("{path} is not UTF-8");
        cases.push(broken(&comment, "Forbidden", NOT_UTF8, &spoilt, &format!("{path}/content"))?);
    }
    let entries: &[(u16, &[u8])] = &[(0x8000, b""), (0x0022, b"")];
    let path = "id_response_extensions";
    cases.push(replaced("extensions in the wrong order", "Forbidden", NOT_SORTED, &usual, path, dictionary(entries))?);
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "identifier-response", "IdentifierResponse", "5.8")
        .header("The draft does not say how uri and foundProfiles belong together; success is read as naming somebody in at least one of them, the other codes as naming nobody.")
        .note("Forbidden", BugType::MissingCheck, SECTION, "values that the drafts do not allow", None);
    let file = wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION);
    file.group(GROUP_TYPE, cases).finish()
}
