//! Asking other parties over mutually authenticated TLS.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use mimi_arch::Domain;
use reqwest::{Url, redirect};

use crate::tls::offers_tls_1_3_alone;

const CONNECT_TIME: Duration = Duration::from_secs(10);
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// Octets of the largest answer: a prefix directory.
const MAX_ANSWER: usize = 16 << 20;

/// Other parties, by domain. Certificates are checked for the domain, wherever it is reached.
#[derive(Clone, Debug)]
pub struct Peers {
    http: reqwest::Client,
    ports: BTreeMap<Domain, u16>,
}

/// An answer that was not had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// It cannot be reached, or its certificate is another one's.
    #[error("{peer} cannot be asked: {}", causes(.source))]
    Http {
        /// Who.
        peer: Domain,
        /// Why.
        source: reqwest::Error,
    },
    /// The TLS configuration offers another version than 1.3.
    #[error("the TLS configuration offers another version than TLS 1.3 (discovery profile 0 section 17)")]
    OtherTlsVersion,
    /// The HTTPS client cannot be made.
    #[error("HTTPS client: {0}")]
    Client(#[source] reqwest::Error),
    /// It refuses.
    #[error("{peer} answered {status}: {reason}")]
    Status {
        /// Who.
        peer: Domain,
        /// The HTTP status.
        status: StatusCode,
        /// What it said, as far as that is text.
        reason: String,
    },
    /// The answer is too large.
    #[error("{peer} answered with more than {MAX_ANSWER} octets")]
    TooLarge {
        /// Who.
        peer: Domain,
    },
    /// No URL can be made of it.
    #[error("{peer} and its path make no URL")]
    Url {
        /// Who.
        peer: Domain,
    },
}

/// An HTTP error hides the cause in its sources.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

impl Peers {
    /// With this TLS configuration, which has to offer TLS 1.3 alone; parties with an address are reached there, others by DNS on port 443.
    ///
    /// # Errors
    /// When the configuration offers another version, or the HTTPS client cannot be made.
    pub fn new(mut tls: rustls::ClientConfig, addresses: &BTreeMap<Domain, SocketAddr>) -> Result<Self, PeerError> {
        if !offers_tls_1_3_alone(&tls) {
            return Err(PeerError::OtherTlsVersion);
        }
        if tls.alpn_protocols.is_empty() {
            tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIME)
            .timeout(REQUEST_TIME);
        for (domain, address) in addresses {
            builder = builder.resolve(domain.as_str(), *address);
        }
        let ports = addresses.iter().map(|(domain, address)| (domain.clone(), address.port())).collect();
        Ok(Self { http: builder.build().map_err(PeerError::Client)?, ports })
    }

    /// Posts octets and gives those of the answer.
    ///
    /// # Errors
    /// When there is no answer with a status of success.
    pub async fn post(
        &self,
        peer: &Domain,
        path: &str,
        media_type: &'static str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, PeerError> {
        let url = self.url(peer, path)?;
        self.answer(peer, self.http.post(url).header(http::header::CONTENT_TYPE, media_type).body(body)).await
    }

    /// Gets octets.
    ///
    /// # Errors
    /// When there is no answer with a status of success.
    pub async fn get(&self, peer: &Domain, path: &str) -> Result<Vec<u8>, PeerError> {
        let url = self.url(peer, path)?;
        self.answer(peer, self.http.get(url)).await
    }

    fn url(&self, peer: &Domain, path: &str) -> Result<Url, PeerError> {
        let port = self.ports.get(peer).copied().unwrap_or(443);
        Url::parse(&format!("https://{peer}:{port}{path}")).map_err(|_| PeerError::Url { peer: peer.clone() })
    }

    async fn answer(&self, peer: &Domain, request: reqwest::RequestBuilder) -> Result<Vec<u8>, PeerError> {
        let failed = |source| PeerError::Http { peer: peer.clone(), source };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            if body.len().saturating_add(piece.len()) > MAX_ANSWER {
                return Err(PeerError::TooLarge { peer: peer.clone() });
            }
            body.extend_from_slice(&piece);
        }
        if status.is_success() {
            return Ok(body);
        }
        let reason: String = String::from_utf8_lossy(&body).chars().filter(|c| !c.is_control()).take(200).collect();
        Err(PeerError::Status { peer: peer.clone(), status, reason })
    }
}
