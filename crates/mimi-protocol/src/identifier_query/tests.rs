#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::codec::{NOT_UTF8, VECTOR_TOO_LONG};
use crate::mls::{ComponentData, ComponentId};
use crate::testing::{laws, not_written, refused};

mod matching;
mod policy;

fn element(field: SearchField, value: &str) -> QueryElement {
    QueryElement { field, search_value: value.to_owned() }
}

fn request(elements: Vec<QueryElement>) -> IdentifierRequest {
    IdentifierRequest { query_elements: elements, id_request_extensions: AppDataDictionary::default() }
}

fn claim(name: &str) -> SearchField {
    SearchField::OidcStdClaim(name.to_owned())
}

fn vcard(name: &str) -> SearchField {
    SearchField::VcardField(name.to_owned())
}

fn every_field() -> Vec<SearchField> {
    vec![
        SearchField::Handle,
        SearchField::Nick,
        SearchField::Email,
        SearchField::Phone,
        SearchField::PartialName,
        SearchField::WholeProfile,
        claim("given_name"),
        vcard("ORG"),
    ]
}

#[test]
fn elements_have_type_name_where_there_is_one_and_value() {
    // req: MP06-5.8-05, MP06-5.8-06
    let expected: [&[u8]; 8] = [
        b"\x01\x01v",
        b"\x02\x01v",
        b"\x03\x01v",
        b"\x04\x01v",
        b"\x05\x01v",
        b"\x06\x01v",
        b"\x07\x0agiven_name\x01v",
        b"\x08\x03ORG\x01v",
    ];
    for (field, bytes) in every_field().into_iter().zip(expected) {
        assert_eq!(field.search_type().value(), bytes[0]);
        assert_eq!(laws(&element(field, "v")), bytes);
    }
    for unknown in [0, 9, 255] {
        refused::<QueryElement>(&[unknown, 0], 0, &SEARCH_TYPE_UNKNOWN);
    }
}

#[test]
fn requests_are_elements_and_extensions() {
    // req: MP06-5.8-04, MP06-5.8-07, MP06-5.8-23
    assert_eq!(laws(&request(vec![])), [0, 0]);
    let mut two = request(vec![element(SearchField::Nick, "ä"), element(SearchField::Email, "")]);
    let entry = ComponentData { component_id: ComponentId(0x8000), data: vec![9] };
    two.id_request_extensions = AppDataDictionary::new(vec![entry]).unwrap();
    assert_eq!(laws(&two), b"\x06\x02\x02\xc3\xa4\x03\x00\x04\x80\x00\x01\x09");
    refused::<IdentifierRequest>(b"\x03\x02\x02a\x00\x00", 2, &VECTOR_TOO_LONG);
    refused::<IdentifierRequest>(b"\x04\x02\x02a\xff\x00", 4, &NOT_UTF8);
    refused::<IdentifierRequest>(b"\x04\x07\x01\xff\x00\x00", 3, &NOT_UTF8);
}

fn found() -> IdentifierResponse {
    let field = |field_source, name: &str| ProfileField {
        field_source,
        field_name: name.to_owned(),
        field_value: vec![0xff, 0],
    };
    IdentifierResponse {
        response_code: IdentifierQueryCode::Success,
        uri: vec![IdentifierUri::new("mimi:")],
        found_profiles: vec![UserProfile {
            stable_uri: IdentifierUri::new("mimi:"),
            fields: vec![field(FieldSource::OidcStdClaim, "sub"), field(FieldSource::VcardField, "N")],
        }],
        id_response_extensions: AppDataDictionary::default(),
    }
}

#[test]
fn responses_are_code_uris_profiles_and_extensions() {
    // req: MP06-5.8-18, MP06-5.8-19, MP06-5.8-20, MP06-5.8-21, MP06-5.8-22, MP06-5.8-24
    let expected = b"\x00\x06\x05mimi:\x15\x05mimi:\x0e\x07\x03sub\x02\xff\x00\x08\x01N\x02\xff\x00\x00";
    assert_eq!(laws(&found()), expected);
    for code in IdentifierQueryCode::ALL.into_iter().skip(1) {
        assert_eq!(laws(&IdentifierResponse::nobody(code)), [code.value(), 0, 0, 0]);
    }
    refused::<IdentifierResponse>(&[5, 0, 0, 0], 0, &QUERY_CODE_UNKNOWN);
    refused::<IdentifierResponse>(&[255, 0, 0, 0], 0, &QUERY_CODE_UNKNOWN);
    for unknown in [0, 1, 6, 9] {
        refused::<ProfileField>(&[unknown, 0, 0], 0, &FIELD_SOURCE_UNKNOWN);
    }
}

#[test]
fn users_are_found_exactly_when_the_code_is_success() {
    // req: MP06-5.8-17
    let nobody = IdentifierResponse::nobody(IdentifierQueryCode::Success);
    refused::<IdentifierResponse>(&[0, 0, 0, 0], 0, &SUCCESS_WITHOUT_MATCH);
    not_written(&nobody, &SUCCESS_WITHOUT_MATCH);
    for code in IdentifierQueryCode::ALL.into_iter().skip(1) {
        let somebody = IdentifierResponse { response_code: code, ..found() };
        not_written(&somebody, &MATCH_WITHOUT_SUCCESS);
        let mut bytes = found().to_bytes().unwrap();
        bytes[0] = code.value();
        refused::<IdentifierResponse>(&bytes, 0, &MATCH_WITHOUT_SUCCESS);
    }
    laws(&IdentifierResponse { found_profiles: vec![], ..found() });
    laws(&IdentifierResponse { uri: vec![], ..found() });
}

#[test]
fn a_user_who_is_found_has_a_uri() {
    // req: MP06-5.8-20, MP06-5.8-21
    refused::<IdentifierResponse>(&[0, 1, 0, 0, 0], 2, &FOUND_URI_EMPTY);
    refused::<IdentifierResponse>(&[0, 0, 2, 0, 0, 0], 3, &FOUND_URI_EMPTY);
    let empty = IdentifierUri::default();
    not_written(&IdentifierResponse { uri: vec![empty.clone()], ..found() }, &FOUND_URI_EMPTY);
    not_written(&UserProfile { stable_uri: empty, fields: vec![] }, &FOUND_URI_EMPTY);
}
