//! Requests that need no room: consent, identifier queries and downloads; and reports of abuse
//! (draft-ietf-mimi-protocol-06 sections 5.7 to 5.10.2).

use std::time::SystemTime;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use mimi_arch::{Domain, RoomUri};

use super::{ClientError, ProviderClient, Reply, endpoint_url, read_body, retry_after};
use crate::codec::{EncodeError, Wire};
use crate::consent::{ConsentEndpoint, ConsentEntry};
use crate::directory::Endpoint;
use crate::http::problem::{ProblemBody, ProblemKind};
use crate::identifier_query::{IdentifierRequest, IdentifierResponse};
use crate::report_abuse::AbuseReport;

/// What a provider answers to a consent entry (section 5.7). It says nothing about what its user does with it.
// req: MP06-5.7-09
// req: MP06-5.7-24
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsentAnswer {
    /// 201: it was received.
    Received,
    /// 404: the provider says that it does not have the user.
    UserUnknown,
}

/// What the hub downloads for us (section 5.10.2), taken piece by piece.
#[derive(Debug)]
pub struct Download {
    response: reqwest::Response,
    left: usize,
    limit: usize,
}

impl Download {
    /// The length that the hub announces, if it does.
    pub fn announced(&self) -> Option<u64> {
        self.response.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// The next piece; `None` after the last one.
    ///
    /// # Errors
    /// When the connection breaks, or there is more than the limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        let chunk = self.response.chunk().await.map_err(ClientError::transport)?;
        if let Some(chunk) = &chunk {
            let left = self.left.checked_sub(chunk.len());
            self.left = left.ok_or(ClientError::ResponseTooLarge { limit: self.limit })?;
        }
        Ok(chunk)
    }
}

impl ProviderClient {
    /// Sends a consent entry to the provider it is for: a request or cancellation to the target's, a grant or revocation to
    /// the requester's (section 5.7).
    ///
    /// What stands in the path is what the peer's template asks for: the receiving user, or, if the name of its variable
    /// speaks of a domain, that user's domain.
    ///
    /// # Errors
    /// When there is no answer, or one that is neither 201 nor 404 for the user.
    // req: MP06-5.7-29
    // req: MP06-5.7-01
    pub async fn consent(&self, entry: &ConsentEntry) -> Result<ConsentAnswer, ClientError> {
        let consent = ConsentEndpoint::of(entry.operation());
        let endpoint = consent.endpoint();
        let user = consent.receiving_user(&entry.scope);
        let peer = user.domain();
        let body = encode(endpoint, entry)?;
        let directory = self.directory(peer).await?;
        let takes_domain =
            directory.get(endpoint).is_some_and(|template| template.variable().to_ascii_lowercase().contains("domain"));
        let value = if takes_domain { peer.as_str() } else { user.as_str() };
        let reply = self.post(peer, endpoint, value, body).await?;
        match reply.status {
            status if status.is_success() => Ok(ConsentAnswer::Received),
            StatusCode::NOT_FOUND if !says_unknown_endpoint(&reply) => Ok(ConsentAnswer::UserUnknown),
            _ => Err(ClientError::from_reply(endpoint, reply)),
        }
    }

    /// Asks a provider for users (section 5.8).
    ///
    /// # Errors
    /// When there is no answer, it is not a success, or it does not decode.
    // req: MP06-5.8-01
    // req: MP06-5.8-03
    pub async fn identifier_query(
        &self,
        peer: &Domain,
        request: &IdentifierRequest,
    ) -> Result<IdentifierResponse, ClientError> {
        let body = encode(Endpoint::IdentifierQuery, request)?;
        self.call(peer, Endpoint::IdentifierQuery, peer.as_str(), body.into()).await
    }

    /// Reports abuse to the hub of a room (section 5.9). Nothing is said but that the report was taken.
    ///
    /// # Errors
    /// When there is no answer, or it is not a success.
    // req: MP06-5.9-01
    pub async fn report_abuse(&self, hub: &Domain, room: &RoomUri, report: &AbuseReport) -> Result<(), ClientError> {
        let body = encode(Endpoint::ReportAbuse, report)?;
        let reply = self.post(hub, Endpoint::ReportAbuse, room.as_str(), body).await?;
        if reply.status.is_success() { Ok(()) } else { Err(ClientError::from_reply(Endpoint::ReportAbuse, reply)) }
    }

    /// Downloads an asset through a hub (section 5.10.2); up to `limit` octets are taken.
    ///
    /// # Errors
    /// When there is no answer, or it is not 200.
    // req: MP06-5.10.2-01
    pub async fn proxy_download(&self, hub: &Domain, url: &str, limit: usize) -> Result<Download, ClientError> {
        let (directory, _) = self.find_directory(hub).await?;
        let from = endpoint_url(hub, &directory, Endpoint::ProxyDownload, url)?;
        let response = self.http().get(from).send().await.map_err(ClientError::transport)?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(Download { response, left: limit, limit });
        }
        let retry_after = retry_after(response.headers(), SystemTime::now());
        let is_problem = response
            .headers()
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().starts_with(crate::http::problem::MEDIA_TYPE.as_bytes()));
        let body = read_body(response, self.limits.other).await?;
        let problem = is_problem.then(|| ProblemBody::from_json(&body)).flatten();
        Err(ClientError::from_reply(Endpoint::ProxyDownload, Reply { status, retry_after, body, problem }))
    }
}

fn encode(endpoint: Endpoint, body: &impl Wire) -> Result<Vec<u8>, ClientError> {
    body.to_bytes().map_err(|source: EncodeError| ClientError::Request { endpoint, source })
}

fn says_unknown_endpoint(reply: &Reply) -> bool {
    reply.problem.as_ref().and_then(ProblemBody::kind) == Some(ProblemKind::UnknownEndpoint)
}
