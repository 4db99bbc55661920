#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{RoomUri, UserUri};

use super::super::tests::{post, read, refusal, request, status};
use super::*;
use crate::codec::Wire;
use crate::consent::{ConsentAction, ConsentScope};
use crate::identifier_query::{IdentifierRequest, QueryElement, SearchField};
use crate::identifier_uri::IdentifierUri;
use crate::mls::AppDataDictionary;
use crate::report_abuse::{AbuseReport, AbuseType};

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const ROOM: &str = "mimi://b.example/r/clubhouse";
const ENCODED_ALICE: &str = "mimi%3A%2F%2Fa.example%2Fu%2Falice";

fn entry(action: ConsentAction, requester: &str, target: &str) -> Vec<u8> {
    let (requester, target): (UserUri, UserUri) = (requester.parse().unwrap(), target.parse().unwrap());
    let scope = ConsentScope::new(requester, target, Some(ROOM.parse::<RoomUri>().unwrap()));
    ConsentEntry::new(action, scope).to_bytes().unwrap()
}

fn path(endpoint: Endpoint, value: &str) -> String {
    format!("/mimi/v1/{endpoint}/{value}")
}

#[test]
fn consent_is_asked_for_under_the_target_or_its_domain() {
    // req: MP06-5.7-07
    // req: MP06-5.7-08
    // req: MP06-5.7-29
    for action in [ConsentAction::Request, ConsentAction::Cancel] {
        let body = entry(action.clone(), BOB, ALICE);
        for value in ["a.example", "A.Example", ENCODED_ALICE] {
            let read = read(post(&path(Endpoint::RequestConsent, value), &body)).unwrap();
            let Call::RequestConsent { entry } = read.call else { panic!("{:?}", read.call) };
            assert_eq!(entry.operation(), action.operation());
            assert_eq!(entry.scope.target().as_str(), ALICE);
        }
    }
}

#[test]
fn consent_is_given_under_the_requester_or_its_domain() {
    // req: MP06-5.7-22
    // req: MP06-5.7-23
    for action in [ConsentAction::Grant { client_key_packages: Vec::new() }, ConsentAction::Revoke] {
        let body = entry(action.clone(), ALICE, BOB);
        for value in ["a.example", ENCODED_ALICE] {
            let read = read(post(&path(Endpoint::UpdateConsent, value), &body)).unwrap();
            let Call::UpdateConsent { entry } = read.call else { panic!("{:?}", read.call) };
            assert_eq!(entry.operation(), action.operation());
            assert_eq!(entry.scope.requester().as_str(), ALICE);
        }
    }
}

#[test]
fn every_refusal_of_a_consent_endpoint_has_its_status() {
    // req: MP06-5.7-07
    // req: MP06-5.7-08
    // req: MP06-5.7-22
    // req: MP06-5.7-23
    use ConsentAction::{Request, Revoke};
    use Endpoint::{RequestConsent, UpdateConsent};
    const CAROL: &str = "mimi://c.example/u/carol";
    for (endpoint, value, body, kind) in [
        (RequestConsent, "a.example", entry(Revoke, BOB, ALICE), ProblemKind::MalformedBody),
        (RequestConsent, "a.example", entry(Request, BOB, CAROL), ProblemKind::UnknownUser),
        (RequestConsent, "a.example", entry(Request, CAROL, ALICE), ProblemKind::NotPermitted),
        (RequestConsent, "c.example", entry(Request, BOB, ALICE), ProblemKind::MalformedBody),
        (RequestConsent, "mimi%3A%2F%2Fa.example%2Fu%2Fal", entry(Request, BOB, ALICE), ProblemKind::MalformedBody),
        (RequestConsent, "al_ice", entry(Request, BOB, ALICE), ProblemKind::MalformedPath),
        (UpdateConsent, "a.example", entry(Request, ALICE, BOB), ProblemKind::MalformedBody),
        (UpdateConsent, "a.example", entry(Revoke, CAROL, BOB), ProblemKind::UnknownUser),
        (UpdateConsent, "a.example", entry(Revoke, ALICE, CAROL), ProblemKind::NotPermitted),
        (UpdateConsent, "b.example", entry(Revoke, ALICE, BOB), ProblemKind::MalformedBody),
    ] {
        let problem = refusal(post(&path(endpoint, value), &body));
        assert_eq!(problem.kind(), kind, "{endpoint} {value}: {}", problem.detail());
    }
}

#[test]
fn a_query_is_for_one_of_our_domains() {
    // req: MP06-5.8-03
    let body = IdentifierRequest {
        query_elements: vec![QueryElement { field: SearchField::Nick, search_value: "alice".to_owned() }],
        id_request_extensions: AppDataDictionary::default(),
    }
    .to_bytes()
    .unwrap();
    let read = read(post(&path(Endpoint::IdentifierQuery, "a.example"), &body)).unwrap();
    let Call::IdentifierQuery { domain, request } = read.call else { panic!("{:?}", read.call) };
    assert_eq!((domain.as_str(), request.query_elements.len()), ("a.example", 1));
    let elsewhere = refusal(post(&path(Endpoint::IdentifierQuery, "b.example"), &body));
    assert_eq!((elsewhere.kind(), elsewhere.status()), (ProblemKind::UnknownUser, 404));
}

#[test]
fn a_report_is_about_a_room() {
    // req: MP06-5.9-01
    let report = AbuseReport {
        reporting_user: IdentifierUri::default(),
        alleged_abuser_uri: IdentifierUri::from(&ALICE.parse::<UserUri>().unwrap()),
        reason_code: AbuseType::RESERVED,
        note: String::new(),
        messages: Vec::new(),
        abuse_extensions: AppDataDictionary::default(),
    };
    let body = report.to_bytes().unwrap();
    let read = read(post(&path(Endpoint::ReportAbuse, "mimi%3A%2F%2Fa.example%2Fr%2Fx"), &body)).unwrap();
    let Call::ReportAbuse { room, report: found } = read.call else { panic!("{:?}", read.call) };
    assert_eq!((room.as_str(), found), ("mimi://a.example/r/x", report));
}

#[test]
fn a_download_is_asked_for_with_get_and_its_url_is_decoded_once() {
    // req: MP06-5.10.2-01
    let path = path(Endpoint::ProxyDownload, "https%3A%2F%2Fc.example%2Fa%252Fb%3Fx");
    let read = read(request(http::Method::GET, &path, b"")).unwrap();
    let Call::ProxyDownload { url } = read.call else { panic!("{:?}", read.call) };
    assert_eq!(url, "https://c.example/a%2Fb?x");
    for method in [http::Method::POST, http::Method::PUT, http::Method::HEAD] {
        let problem = refusal(request(method, &path, b""));
        assert_eq!((problem.status(), problem.allow()), (405, Some("GET")));
    }
    assert_eq!(status(request(http::Method::GET, "/mimi/v1/proxyDownload/%zz", b"")), 400);
}

#[test]
fn every_truncation_of_a_body_is_refused() {
    let body = entry(ConsentAction::Request, BOB, ALICE);
    for end in 0..body.len() {
        let problem = refusal(post(&path(Endpoint::RequestConsent, "a.example"), &body[..end]));
        assert_eq!(problem.kind(), ProblemKind::MalformedBody, "{end}");
    }
}
