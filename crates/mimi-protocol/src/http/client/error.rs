//! Why a peer's answer is missing or of no use.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use http::StatusCode;
use mimi_arch::Domain;

use super::Reply;
use crate::codec::{DecodeError, EncodeError};
use crate::directory::{DirectoryError, Endpoint, ExpandError};
use crate::http::problem::ProblemBody;

/// Why a request to a peer gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Misused: the TLS configuration cannot be used.
    #[error("the client cannot be set up: {0}")]
    Setup(#[source] reqwest::Error),
    /// Misused: our own domain cannot stand in a header field.
    #[error("our own domain cannot stand in From")]
    Own,
    /// No connection, no TLS, a broken connection or a timeout.
    #[error("{}", chain(.0))]
    Transport(#[source] reqwest::Error),
    /// Malformed: the peer's directory.
    #[error("the peer's directory: {0}")]
    Directory(#[from] DirectoryError),
    /// The peer did not give its directory.
    #[error("the peer answers {status} when asked for its directory{}", explain(.problem.as_deref()))]
    DirectoryStatus {
        /// The HTTP status.
        status: StatusCode,
        /// How long the peer asks us to wait.
        retry_after: Option<Duration>,
        /// Why, if the peer says so.
        problem: Option<Box<ProblemBody>>,
    },
    /// Unsupported by the peer, or a value that is no path segment.
    #[error(transparent)]
    Endpoint(#[from] ExpandError),
    /// Violated: the endpoint is on a host that is not the peer's domain (section 4.1).
    #[error("the endpoint {endpoint} of {peer} is on {host}, which does not authenticate as {peer}")]
    ForeignHost {
        /// The endpoint.
        endpoint: Endpoint,
        /// The host in its URL.
        host: Domain,
        /// The peer.
        peer: Domain,
    },
    /// Malformed: a URL that the URL parser does not take.
    #[error("not a URL: {url}")]
    Url {
        /// The URL.
        url: String,
    },
    /// Misused: the request cannot be encoded.
    #[error("the request to {endpoint}: {source}")]
    Request {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: EncodeError,
    },
    /// The response is longer than we take.
    #[error("the response has more than {limit} octets")]
    ResponseTooLarge {
        /// Our limit in octets.
        limit: usize,
    },
    /// Malformed: the response.
    #[error("the response of {endpoint}: {source}")]
    Response {
        /// The endpoint.
        endpoint: Endpoint,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// The peer refused.
    #[error("{endpoint}: the peer answers {status}{}", explain(.problem.as_deref()))]
    Status {
        /// The endpoint.
        endpoint: Endpoint,
        /// The HTTP status.
        status: StatusCode,
        /// How long the peer asks us to wait.
        retry_after: Option<Duration>,
        /// Why, if the peer says so.
        problem: Option<Box<ProblemBody>>,
    },
}

impl ClientError {
    pub(super) fn transport(error: reqwest::Error) -> Self {
        // The URL names rooms and users, which do not belong in logs.
        Self::Transport(error.without_url())
    }

    pub(super) fn from_reply(endpoint: Endpoint, reply: Reply) -> Self {
        let Reply { status, retry_after, problem, .. } = reply;
        Self::Status { endpoint, status, retry_after, problem: problem.map(Box::new) }
    }

    /// The HTTP status, if the peer answered with one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::DirectoryStatus { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// What the peer says about its refusal.
    pub fn problem(&self) -> Option<&ProblemBody> {
        match self {
            Self::DirectoryStatus { problem, .. } | Self::Status { problem, .. } => problem.as_deref(),
            _ => None,
        }
    }

    /// How long the peer asks us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::DirectoryStatus { retry_after, .. } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Where the violated rule stands, if it is one.
    pub fn section(&self) -> Option<&'static str> {
        match self {
            Self::Directory(error) => Some(error.section()),
            Self::Endpoint(_) => Some("draft-ietf-mimi-protocol-06 section 5.1"),
            Self::ForeignHost { .. } => Some("draft-ietf-mimi-protocol-06 section 4.1"),
            Self::Response { source, .. } => Some(source.section()),
            _ => None,
        }
    }
}

/// An error with its causes; TLS alerts hide at the end of the chain.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}

fn explain(problem: Option<&ProblemBody>) -> String {
    problem
        .and_then(|problem| problem.detail.as_deref().or(problem.title.as_deref()))
        .map_or_else(String::new, |text| format!(": {text}"))
}
