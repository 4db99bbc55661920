#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body::Frame;

use super::*;
use crate::directory::Directory;
use crate::host_from::from_value;

const ROOM_PATH: &str = "/mimi/v1/submitMessage/mimi%3A%2F%2Fa.example%2Fr%2Fclubhouse";
const USER_PATH: &str = "/mimi/v1/keyMaterial/mimi%3A%2F%2Fa.example%2Fu%2Falice";

/// A body in chunks, whose size nobody is told.
#[derive(Default)]
pub(super) struct Chunks(VecDeque<Result<Bytes, &'static str>>);

impl Chunks {
    fn of(octets: &[u8], size: usize) -> Self {
        Self(octets.chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect())
    }
}

impl Body for Chunks {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        Poll::Ready(self.0.pop_front().map(|chunk| chunk.map(Frame::data)))
    }
}

/// Polls a future that has nothing to wait for.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("pending"),
    }
}

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn peer() -> PeerIdentity {
    PeerIdentity::new(vec![domain("b.example")])
}

const LIMITS: Limits = Limits {
    key_material: 200,
    update: 10,
    notify: 150,
    submit_message: 100,
    group_info: 10,
    request_consent: 150,
    update_consent: 160,
    identifier_query: 40,
    report_abuse: 60,
};

pub(super) fn read(request: Request<Chunks>) -> Result<InboundRequest, Problem> {
    now(read_request(request, &peer(), &domain("a.example"), &LIMITS))
}

/// A request of b.example to a.example that has no fault.
pub(super) fn request(method: Method, path: &str, body: &[u8]) -> Request<Chunks> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, "a.example")
        .header(FROM, from_value(&domain("b.example")))
        .body(Chunks::of(body, 7))
        .unwrap()
}

pub(super) fn post(path: &str, body: &[u8]) -> Request<Chunks> {
    request(Method::POST, path, body)
}

pub(super) fn refusal(request: Request<Chunks>) -> Problem {
    read(request).expect_err("a refusal")
}

pub(super) fn status(request: Request<Chunks>) -> u16 {
    refusal(request).status()
}

fn with(mut request: Request<Chunks>, name: HeaderName, value: &'static str) -> Request<Chunks> {
    request.headers_mut().insert(name, HeaderValue::from_static(value));
    request
}

/// mls10, then an MLSMessage with a PrivateMessage of content type application, epoch 5.
fn private_message() -> Vec<u8> {
    let mut message = vec![0, 1, 0, 2, 2, b'i', b'd'];
    message.extend(5_u64.to_be_bytes());
    message.extend([1, 0, 1, 0xaa, 2, 0xbb, 0xcc]);
    message
}

fn submit_body() -> Vec<u8> {
    let sender = b"mimi://b.example/u/bob";
    let mut body = vec![1];
    body.extend(private_message());
    body.push(u8::try_from(sender.len()).unwrap());
    body.extend(sender);
    body
}

#[test]
fn the_directory_is_asked_for_with_get_or_head() {
    // req: MP06-5.1-02
    for method in [Method::GET, Method::HEAD] {
        let read = read(request(method, "/.well-known/mimi-protocol-directory", b"")).unwrap();
        assert!(matches!(read.call, Call::Directory { if_none_match: None }));
        assert_eq!(read.source, domain("b.example"));
    }
    let problem = refusal(post("/.well-known/mimi-protocol-directory", b""));
    assert_eq!((problem.status(), problem.allow()), (405, Some("GET, HEAD")));
}

#[test]
fn a_message_to_a_room_is_read_with_its_source() {
    // req: MP06-4.1-02
    // req: MP06-4.1-11
    // req: MP06-5.4-01
    let body = submit_body();
    let read = read(post(ROOM_PATH, &body)).unwrap();
    assert_eq!(read.source, domain("b.example"));
    assert_eq!(read.body, body);
    let Call::SubmitMessage { room, request } = read.call else { panic!("{:?}", read.call) };
    assert_eq!(room.as_str(), "mimi://a.example/r/clubhouse");
    assert_eq!(request.to_bytes().unwrap(), body);
}

#[test]
fn a_notify_holds_one_message_or_several_but_not_none() {
    // req: MP06-5.5-08
    // req: MP06-5.5-09
    let path = ROOM_PATH.replace("submitMessage", "notify");
    let mut one = 1_700_000_000_000_u64.to_be_bytes().to_vec();
    one.extend(private_message());
    one.push(0);
    for count in 1..3 {
        let read = read(post(&path, &one.repeat(count))).unwrap();
        let Call::Notify { messages, .. } = read.call else { panic!("{:?}", read.call) };
        assert_eq!(messages.len(), count);
    }
    assert_eq!(status(post(&path, b"")), 400);
    let cut = refusal(post(&path, &one[..one.len() - 1]));
    assert_eq!((cut.kind(), cut.body().offset), (ProblemKind::MalformedBody, Some(one.len() as u64 - 1)));
}

#[test]
fn truncated_and_trailing_octets_are_refused_with_their_place() {
    let body = submit_body();
    for end in 0..body.len() {
        let problem = refusal(post(ROOM_PATH, &body[..end]));
        assert_eq!(problem.kind(), ProblemKind::MalformedBody, "{end}");
        assert!(problem.body().offset.unwrap() <= end as u64, "{end}");
    }
    let mut long = body.clone();
    long.push(0);
    let problem = refusal(post(ROOM_PATH, &long)).body();
    assert_eq!(problem.status, Some(400));
    assert_eq!(problem.offset, Some(body.len() as u64));
    assert!(problem.section.is_some() && problem.rule.is_some());
}

fn vector(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::try_from(octets.len()).unwrap()];
    assert!(octets.len() < 64);
    out.extend(octets);
    out
}

fn key_material_body(target: &str) -> Vec<u8> {
    let mut body = vec![1];
    body.extend(vector(b"mimi://b.example/u/bob"));
    body.extend(vector(target.as_bytes()));
    body.extend(vector(b"mimi://b.example/r/x"));
    body.extend([2, 0, 1]); // cipher suite 1
    body.extend([0, 0, 0]); // no required capabilities
    body.extend(vector(&[7; 32]));
    body.extend([0, 1]); // basic credential
    body.extend(vector(b"mimi://b.example/d/bob/phone"));
    body.extend(vector(&[9; 16]));
    body
}

#[test]
fn a_request_for_key_material_names_the_same_user_in_path_and_body() {
    // req: MP06-5.2-03
    // req: MP06-5.2-04
    let read = read(post(USER_PATH, &key_material_body("mimi://a.example/u/alice"))).unwrap();
    let Call::KeyMaterial { target, .. } = read.call else { panic!("{:?}", read.call) };
    assert_eq!(target.as_str(), "mimi://a.example/u/alice");
    let problem = refusal(post(USER_PATH, &key_material_body("mimi://a.example/u/al")));
    assert_eq!(problem.kind(), ProblemKind::MalformedBody);
    assert_eq!(problem.status(), 400);
}

#[test]
fn a_request_for_another_protocol_is_told_from_one_that_is_no_request() {
    // req: MP06-5.2-31
    let mut body = key_material_body("mimi://a.example/u/alice");
    body[0] = 2;
    let read = read(post(USER_PATH, &body)).unwrap();
    let Call::KeyMaterialOtherProtocol { target } = read.call else { panic!("{:?}", read.call) };
    assert_eq!(target.as_str(), "mimi://a.example/u/alice");
    body[0] = 0;
    assert_eq!(refusal(post(USER_PATH, &body)).kind(), ProblemKind::MalformedBody);
    assert_eq!(refusal(post(USER_PATH, b"")).kind(), ProblemKind::MalformedBody);
}

#[test]
fn a_body_over_the_limit_is_refused_whatever_content_length_says() {
    let exact = vec![0xff; LIMITS.submit_message];
    assert_eq!(refusal(post(ROOM_PATH, &exact)).kind(), ProblemKind::MalformedBody);
    let over = vec![0xff; LIMITS.submit_message + 1];
    for length in [None, Some("0"), Some("100"), Some("101"), Some("18446744073709551615"), Some("many")] {
        let mut request = post(ROOM_PATH, &over);
        if let Some(length) = length {
            request = with(request, CONTENT_LENGTH, length);
        }
        let problem = refusal(request);
        assert_eq!((problem.kind(), problem.status()), (ProblemKind::BodyTooLarge, 413), "{length:?}");
    }
}

#[test]
fn what_is_too_long_by_its_own_account_is_refused_unread() {
    let mut request = with(post(ROOM_PATH, b""), CONTENT_LENGTH, "101");
    request.body_mut().0.push_back(Err("was read"));
    assert_eq!(refusal(request).kind(), ProblemKind::BodyTooLarge);
}

#[test]
fn an_endless_body_is_read_up_to_the_limit_only() {
    let mut request = post(ROOM_PATH, &[0; 101]);
    request.body_mut().0.push_back(Err("was read"));
    assert_eq!(refusal(request).kind(), ProblemKind::BodyTooLarge);
}

#[test]
fn each_endpoint_has_its_own_limit() {
    for (endpoint, limit) in
        [("update", 10), ("notify", 150), ("submitMessage", 100), ("groupInfo", 10), ("reportAbuse", 60)]
    {
        let path = ROOM_PATH.replace("submitMessage", endpoint);
        assert_eq!(status(post(&path, &vec![0xff; limit])), 400, "{endpoint}");
        assert_eq!(status(post(&path, &vec![0xff; limit + 1])), 413, "{endpoint}");
    }
    assert_eq!(status(post(USER_PATH, &[0xff; 201])), 413);
    for (path, limit) in
        [("requestConsent/a.example", 150), ("updateConsent/a.example", 160), ("identifierQuery/a.example", 40)]
    {
        let path = format!("{}{path}", directory::PATH_PREFIX);
        assert_eq!(status(post(&path, &vec![0xff; limit])), 400, "{path}");
        assert_eq!(status(post(&path, &vec![0xff; limit + 1])), 413, "{path}");
    }
}

#[test]
fn a_body_that_breaks_off_is_incomplete() {
    let mut request = post(ROOM_PATH, b"abc");
    request.body_mut().0.push_back(Err("connection reset"));
    let problem = refusal(request);
    assert_eq!((problem.status(), problem.detail()), (400, "connection reset"));
}

#[test]
fn unknown_paths_are_not_found() {
    for path in [
        "/",
        "/mimi/v1/submitMessage",
        "/mimi/v1/submit/x",
        "/mimi/v1/reportAbuse",
        "/notify/a.example/r/clubhouse",
        &format!("{ROOM_PATH}?x"),
        "/.well-known/mimi-protocol-directory?x",
    ] {
        assert_eq!(refusal(post(path, b"")).kind(), ProblemKind::UnknownEndpoint, "{path}");
    }
}

#[test]
fn other_methods_are_refused_with_those_allowed() {
    // req: MP06-5.2-03
    // req: MP06-5.3-02
    // req: MP06-5.4-01
    // req: MP06-5.5-09
    // req: MP06-5.6-02
    // req: MP06-5.7-29
    // req: MP06-5.8-03
    // req: MP06-5.9-01
    for endpoint in [
        "update",
        "notify",
        "submitMessage",
        "groupInfo",
        "requestConsent",
        "updateConsent",
        "identifierQuery",
        "reportAbuse",
    ] {
        let path = ROOM_PATH.replace("submitMessage", endpoint);
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let problem = refusal(request(method, &path, b""));
            assert_eq!((problem.status(), problem.allow()), (405, Some("POST")), "{endpoint}");
        }
    }
    assert_eq!(status(request(Method::GET, USER_PATH, b"")), 405);
}

#[test]
fn the_value_in_the_path_has_to_be_of_the_right_kind() {
    for path in [
        USER_PATH.replace("keyMaterial", "update"),
        USER_PATH.replace("keyMaterial", "reportAbuse"),
        USER_PATH.replace("keyMaterial", "identifierQuery"),
        ROOM_PATH.replace("submitMessage", "keyMaterial"),
        "/mimi/v1/update/clubhouse".to_owned(),
        "/mimi/v1/update/%ff".to_owned(),
        "/mimi/v1/update/%zz".to_owned(),
    ] {
        let problem = refusal(post(&path, b""));
        assert_eq!((problem.kind(), problem.status()), (ProblemKind::MalformedPath, 400), "{path}");
    }
}

#[test]
fn bodies_are_octets_or_of_no_stated_type() {
    for value in ["application/octet-stream", "Application/Octet-Stream; x=y"] {
        assert!(read(with(post(ROOM_PATH, &submit_body()), CONTENT_TYPE, value)).is_ok(), "{value}");
    }
    for value in ["application/json", "text/plain; charset=utf-8", "", "application/octet-stream, text/html"] {
        assert_eq!(status(with(post(ROOM_PATH, &submit_body()), CONTENT_TYPE, value)), 415, "{value}");
    }
    assert!(read(with(post(ROOM_PATH, &submit_body()), CONTENT_ENCODING, "identity")).is_ok());
    assert_eq!(status(with(post(ROOM_PATH, &submit_body()), CONTENT_ENCODING, "gzip")), 415);
}

#[test]
fn host_has_to_be_there_once_and_to_be_ours() {
    // req: MP06-4.1-03
    // req: MP06-4.1-04
    assert!(read(with(post(ROOM_PATH, &submit_body()), HOST, "A.Example:8443")).is_ok());
    assert_eq!(status(with(post(ROOM_PATH, b""), HOST, "b.example")), 421);
    assert_eq!(status(with(post(ROOM_PATH, b""), HOST, "a.example.evil.example")), 421);
    assert_eq!(status(with(post(ROOM_PATH, b""), HOST, "a.example, a.example")), 400);
    let mut request = post(ROOM_PATH, b"");
    request.headers_mut().remove(HOST);
    assert_eq!(status(request), 400);
    let mut request = post(ROOM_PATH, b"");
    request.headers_mut().append(HOST, HeaderValue::from_static("a.example"));
    assert_eq!(status(request), 400);
}

#[test]
fn in_http_2_the_authority_stands_for_host() {
    // req: MP06-4.1-03
    let request = |authority: &str, host: Option<&'static str>| {
        let mut request = post(&format!("https://{authority}{ROOM_PATH}"), &submit_body());
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().remove(HOST);
        if let Some(host) = host {
            request.headers_mut().insert(HOST, HeaderValue::from_static(host));
        }
        request
    };
    assert!(read(request("a.example:8443", None)).is_ok());
    assert!(read(request("a.example", Some("a.example"))).is_ok());
    assert_eq!(status(request("b.example", None)), 421);
    let problem = refusal(request("a.example", Some("b.example")));
    assert_eq!((problem.kind(), problem.status()), (ProblemKind::MalformedHost, 400));
    assert_eq!(problem.body().section.as_deref(), Some("RFC 9113 section 8.3.1"));
}

#[test]
fn in_http_1_1_an_absolute_request_target_outweighs_host() {
    let request = |authority: &str| post(&format!("https://{authority}{ROOM_PATH}"), &submit_body());
    assert!(read(with(request("a.example"), HOST, "b.example")).is_ok());
    assert_eq!(status(with(request("b.example"), HOST, "a.example")), 421);
    let mut without = request("a.example");
    without.headers_mut().remove(HOST);
    assert_eq!(status(without), 400);
}

#[test]
fn from_has_to_be_there_once_and_to_match_the_certificate() {
    // req: MP06-4.1-05
    // req: MP06-4.1-06
    // req: MP06-4.1-10
    assert_eq!(status(with(post(ROOM_PATH, b""), FROM, "mimi@c.example")), 403);
    assert_eq!(status(with(post(ROOM_PATH, b""), FROM, "b.example")), 400);
    let mut request = post(ROOM_PATH, b"");
    request.headers_mut().insert(FROM, HeaderValue::from_bytes("mimi@b\u{e9}.example".as_bytes()).unwrap());
    assert_eq!(status(request), 400);
    let mut request = post(ROOM_PATH, b"");
    request.headers_mut().remove(FROM);
    assert_eq!(status(request), 400);
    let mut request = post(ROOM_PATH, b"");
    request.headers_mut().append(FROM, HeaderValue::from_static("mimi@b.example"));
    assert_eq!(status(request), 400);
}

#[test]
fn a_peer_without_a_certificate_learns_nothing_else() {
    // req: MP06-4.1-09
    for path in [ROOM_PATH, "/unknown", "/.well-known/mimi-protocol-directory"] {
        let request = with(post(path, b""), HOST, "elsewhere.example");
        let answer = now(read_request(request, &PeerIdentity::none(), &domain("a.example"), &LIMITS));
        assert_eq!(answer.expect_err("a refusal").status(), 401);
    }
}

fn certificate(names: &[&str], common_name: &str) -> Vec<u8> {
    let mut params = rcgen::CertificateParams::default();
    params.subject_alt_names = names
        .iter()
        .map(|name| match name.parse() {
            Ok(address) => rcgen::SanType::IpAddress(address),
            Err(_) => rcgen::SanType::DnsName((*name).try_into().unwrap()),
        })
        .collect();
    params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    let key = rcgen::KeyPair::generate().unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

#[test]
fn a_peer_is_who_the_dns_names_of_its_certificate_say() {
    // req: MP06-4.1-10
    for (names, domains) in [
        (&["b.example"][..], &["b.example"][..]),
        (&["B.Example", "b.example", "im.b.example"], &["b.example", "im.b.example"]),
        (&["*.b.example", "b.example"], &["b.example"]),
        (&["*.example"], &[]),
        (&["127.0.0.1"], &[]),
        (&[], &[]),
    ] {
        let peer = PeerIdentity::from_certificate(&certificate(names, "a.example")).unwrap();
        let found: Vec<_> = peer.names().iter().map(Domain::as_str).collect();
        assert_eq!(found, domains, "{names:?}");
    }
    assert_eq!(PeerIdentity::from_certificate(b""), Err(CertificateError::Malformed));
    let mut trailing = certificate(&["b.example"], "b.example");
    trailing.push(0);
    assert_eq!(PeerIdentity::from_certificate(&trailing), Err(CertificateError::Malformed));
}

fn header(response: &Response<ResponseBody>, name: HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn responses_have_status_type_and_the_header_fields_that_go_with_them() {
    // req: MP06-5.1-03
    // req: MP06-5.5-22
    // req: MP06-5.5-23
    let wire = wire_response(vec![1, 2]);
    assert_eq!((wire.status(), header(&wire, CONTENT_TYPE)), (StatusCode::OK, Some("application/octet-stream")));
    assert_eq!(now(wire.into_body().collect()).unwrap().to_bytes(), vec![1, 2]);

    let created = created_response();
    assert_eq!((created.status(), header(&created, CONTENT_TYPE)), (StatusCode::CREATED, None));
    assert_eq!(created.body().size_hint().exact(), Some(0));

    let directory = Directory::of("https://a.example", Endpoint::ALL).unwrap();
    let answer = directory_response(&directory, None);
    assert_eq!(header(&answer, CONTENT_TYPE), Some("application/json"));
    let tag = header(&answer, ETAG).unwrap().to_owned();
    for (list, status) in [
        (format!("\"x\", W/{tag}"), 304),
        ("*".to_owned(), 304),
        ("\"x\"".to_owned(), 200),
        (tag.replace('"', ""), 200),
    ] {
        let again = directory_response(&directory, Some(&list));
        assert_eq!((again.status().as_u16(), header(&again, ETAG)), (status, Some(tag.as_str())), "{list}");
        assert_eq!(header(&again, CACHE_CONTROL), Some("max-age=300"));
        assert_eq!(again.body().size_hint().exact() == Some(0), status == 304);
    }
    let body = now(answer.into_body().collect()).unwrap().to_bytes();
    assert_eq!(Directory::from_json(&body), Ok(directory));

    let busy = problem_response(&Problem::unavailable("busy", std::time::Duration::from_secs(3)));
    assert_eq!((busy.status().as_u16(), header(&busy, RETRY_AFTER)), (503, Some("3")));
    assert_eq!(header(&busy, CONTENT_TYPE), Some("application/problem+json"));
    let body = now(busy.into_body().collect()).unwrap().to_bytes();
    assert_eq!(ProblemBody::from_json(&body).unwrap().kind(), Some(ProblemKind::Unavailable));

    let method = problem_response(&Problem::method_not_allowed("PUT", "POST", "x"));
    assert_eq!((method.status().as_u16(), header(&method, ALLOW)), (405, Some("POST")));
    assert_eq!(
        header(&problem_response(&Problem::no_client_certificate()), WWW_AUTHENTICATE),
        Some("TLS-Client-Certificate")
    );
    let media = problem_response(&Problem::unsupported_media_type("x"));
    assert_eq!(header(&media, ACCEPT), Some("application/octet-stream"));
}

#[test]
fn answers_for_what_is_not_here_say_so() {
    let room = "mimi://a.example/r/clubhouse".parse().unwrap();
    let user = "mimi://a.example/u/alice".parse().unwrap();
    for (problem, status, name) in [
        (Problem::unknown_room(&room), 404, "urn:mimi:problem:unknown-room"),
        (Problem::unknown_user(&user), 404, "urn:mimi:problem:unknown-user"),
        (Problem::not_permitted("not the hub", "x", "y"), 403, "urn:mimi:problem:not-permitted"),
        (Problem::internal("x"), 500, "urn:mimi:problem:internal"),
    ] {
        assert_eq!((problem.status(), problem.body().problem_type.as_str()), (status, name));
    }
}
