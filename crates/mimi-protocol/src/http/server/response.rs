//! Responses of the HTTPS binding.

use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use http_body_util::Full;
use sha2::{Digest as _, Sha256};

use super::{Problem, ProblemKind};
use crate::directory::{self, Directory};
use crate::http::{WIRE_MEDIA_TYPE, problem};

/// The body of our responses.
pub type ResponseBody = Full<Bytes>;

/// How long peers may keep our directory document.
const DIRECTORY_CACHE_CONTROL: &str = "max-age=300";

fn response(status: StatusCode, body: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response
}

/// 200 with a response that the endpoint's section defines.
pub fn wire_response(body: impl Into<Bytes>) -> Response<ResponseBody> {
    let mut response = response(StatusCode::OK, body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(WIRE_MEDIA_TYPE));
    response
}

/// 201 without a body: the messages of a notify were accepted (section 5.5, which calls it Accepted).
// req: MP06-5.5-22
// req: MP06-5.5-23
pub fn created_response() -> Response<ResponseBody> {
    response(StatusCode::CREATED, Bytes::new())
}

/// 200 with what a hub has downloaded for another provider (section 5.10.2): octets that nobody is to interpret.
// req: MP06-5.10.2-04
pub fn download_response(body: impl Into<Bytes>) -> Response<ResponseBody> {
    wire_response(body)
}

/// 200 with our directory document, which peers may keep for five minutes; 304 to a peer that has it already.
///
/// The entity tag is a hash of the document.
// req: MP06-5.1-03
pub fn directory_response(directory: &Directory, if_none_match: Option<&str>) -> Response<ResponseBody> {
    let json = directory.to_json();
    let digest: String = Sha256::digest(&json).iter().take(16).map(|octet| format!("{octet:02x}")).collect();
    let tag = format!("\"{digest}\"");
    // The weak comparison of RFC 9110 section 13.1.2.
    let same = |listed: &str| listed.trim() == "*" || listed.trim().trim_start_matches("W/") == tag;
    let kept = if_none_match.is_some_and(|list| list.split(',').any(same));
    let (status, body) =
        if kept { (StatusCode::NOT_MODIFIED, Bytes::new()) } else { (StatusCode::OK, Bytes::from(json)) };
    let mut response = response(status, body);
    let headers = response.headers_mut();
    if !kept {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(directory::MEDIA_TYPE));
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(DIRECTORY_CACHE_CONTROL));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// A problem with the header fields that go with its status.
///
/// RFC 9110 asks for a challenge with every 401. No authentication scheme is registered for TLS client certificates, so the
/// one sent here only says what is missing.
pub fn problem_response(problem: &Problem) -> Response<ResponseBody> {
    let status = StatusCode::from_u16(problem.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = response(status, Bytes::from(problem.body().to_json()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
    if let Some(methods) = problem.allow() {
        headers.insert(ALLOW, HeaderValue::from_static(methods));
    }
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    match problem.kind() {
        ProblemKind::NoClientCertificate => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("TLS-Client-Certificate"));
        }
        ProblemKind::UnsupportedMediaType => {
            headers.insert(ACCEPT, HeaderValue::from_static(WIRE_MEDIA_TYPE));
        }
        _ => {}
    }
    response
}
