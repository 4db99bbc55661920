//! The provider that the suite plays itself: it calls the providers under test as any other provider would, or as none
//! should.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use mimi_arch::Domain;
use reqwest::{Method, Version};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use crate::scenario::{Halt, Verdict};
use crate::target::{ProviderTarget, Target, TestIdentity};

/// Where the directory is (section 5.1).
const DIRECTORY_PATH: &str = "/.well-known/mimi-protocol-directory";

/// An endpoint, by its name in the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Endpoint {
    KeyMaterial,
    Update,
    SubmitMessage,
    Notify,
    GroupInfo,
    ReportAbuse,
    RequestConsent,
    UpdateConsent,
    IdentifierQuery,
    /// Asked with GET, and so not among [`Endpoint::ALL`].
    ProxyDownload,
}

impl Endpoint {
    /// Those that take POST and about which the group `input` asks.
    pub(crate) const ALL: [Self; 6] =
        [Self::KeyMaterial, Self::Update, Self::SubmitMessage, Self::Notify, Self::GroupInfo, Self::ReportAbuse];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::KeyMaterial => "keyMaterial",
            Self::Update => "update",
            Self::SubmitMessage => "submitMessage",
            Self::Notify => "notify",
            Self::GroupInfo => "groupInfo",
            Self::ReportAbuse => "reportAbuse",
            Self::ProxyDownload => "proxyDownload",
            Self::RequestConsent => "requestConsent",
            Self::UpdateConsent => "updateConsent",
            Self::IdentifierQuery => "identifierQuery",
        }
    }

    /// The variable in its URI template, where the draft leaves no doubt about it.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::KeyMaterial | Self::RequestConsent => "targetUser",
            Self::UpdateConsent => "requesterUser",
            Self::IdentifierQuery => "domain",
            Self::ProxyDownload => "downloadUrl",
            _ => "roomId",
        }
    }
}

/// Which certificate the suite shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// Its own, which the providers accept.
    Own,
    /// One by an authority that the providers do not know.
    Foreign,
    /// None.
    None,
}

/// Which version of HTTP the suite offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Speaks {
    Http1,
    Http2,
}

impl Speaks {
    pub(crate) const fn version(self) -> Version {
        match self {
            Self::Http1 => Version::HTTP_11,
            Self::Http2 => Version::HTTP_2,
        }
    }
}

/// A request as the suite sends it: the body as it is, the header fields as they should or should not be.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    /// The From header field; nothing at all if absent.
    pub(crate) from: Option<String>,
    /// What to put into the Host header field instead of the URL's host. Only with HTTP/1.1.
    pub(crate) host: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Status and, if there is one, the text of the problem.
    pub(crate) fn describe(&self) -> String {
        match self.problem_text() {
            Some(text) => format!("status {} ({text})", self.status),
            None => format!("status {} with {} octets of {}", self.status, self.body.len(), self.media_type()),
        }
    }

    fn media_type(&self) -> &str {
        self.content_type.as_deref().unwrap_or("no media type")
    }

    fn problem_text(&self) -> Option<String> {
        let value: Value = serde_json::from_slice(&self.body).ok()?;
        let said = |key| value.get(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        said("detail").or_else(|| said("title")).map(str::to_owned)
    }

    /// The reply has to be a refusal of the 4xx class with a problem document (RFC 9457) that says what is wrong.
    pub(crate) fn refused(&self) -> Verdict {
        let expected = "a status of the 4xx class with application/problem+json";
        if !(400..500).contains(&self.status) {
            return Err(Halt::failed(expected, self.describe()));
        }
        if !self.media_type().starts_with("application/problem+json") {
            return Err(Halt::failed(expected, format!("status {} with {}", self.status, self.media_type())));
        }
        let value: Value = serde_json::from_slice(&self.body)
            .map_err(|error| Halt::failed("a problem document", format!("a body that is not JSON: {error}")))?;
        let status = value.get("status").and_then(Value::as_u64);
        if status.is_some_and(|status| status != u64::from(self.status)) {
            return Err(Halt::failed(
                format!("the status in the problem document to be {}", self.status),
                format!("{}", status.unwrap_or_default()),
            ));
        }
        let text = self
            .problem_text()
            .ok_or_else(|| Halt::failed("a title or a detail that says what is wrong", format!("{value}")))?;
        Ok(format!("{}: {text}", self.status))
    }

    /// The same, with one status that fits.
    pub(crate) fn refused_with(&self, statuses: &[u16]) -> Verdict {
        let text = self.refused()?;
        if statuses.contains(&self.status) {
            return Ok(text);
        }
        let wanted: Vec<String> = statuses.iter().map(u16::to_string).collect();
        Err(Halt::failed(format!("status {}", wanted.join(" or ")), text))
    }

    /// The body of a reply with status 200.
    pub(crate) fn ok(&self) -> Result<&[u8], Halt> {
        if self.status == 200 { Ok(&self.body) } else { Err(Halt::failed("status 200", self.describe())) }
    }
}

/// The suite's own provider.
pub(crate) struct Suite {
    identity: TestIdentity,
    foreign: TestIdentity,
    ca_pem: Vec<u8>,
    clients: BTreeMap<(SocketAddr, Speaks), reqwest::Client>,
    directories: BTreeMap<Domain, Value>,
}

impl Suite {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            identity: target.suite.clone(),
            foreign: target.foreign.clone(),
            ca_pem: target.ca_pem.clone(),
            clients: BTreeMap::new(),
            directories: BTreeMap::new(),
        }
    }

    pub(crate) fn domain(&self) -> &Domain {
        &self.identity.domain
    }

    /// The From header field as section 4.1 wants it.
    pub(crate) fn from(&self) -> String {
        format!("mimi@{}", self.identity.domain)
    }

    /// A user of the suite's provider, and the user's client.
    pub(crate) fn user(&self, name: &str) -> (String, String) {
        let domain = &self.identity.domain;
        (format!("mimi://{domain}/u/{name}"), format!("mimi://{domain}/d/{name}/suite"))
    }

    /// A room of which the suite's provider says that it is the hub.
    pub(crate) fn room(&self, name: &str) -> String {
        format!("mimi://{}/r/{name}", self.identity.domain)
    }

    /// A POST to an endpoint as it should be.
    pub(crate) async fn request_to(
        &mut self,
        provider: &ProviderTarget,
        endpoint: Endpoint,
        value: &str,
        body: Vec<u8>,
    ) -> Result<Request, Halt> {
        let url = self.url(provider, endpoint, value).await?;
        Ok(Request { method: Method::POST, url, from: Some(self.from()), host: None, body })
    }

    /// Sends a POST to an endpoint over HTTP/2 and reads the reply.
    pub(crate) async fn post(
        &mut self,
        provider: &ProviderTarget,
        endpoint: Endpoint,
        value: &str,
        body: Vec<u8>,
    ) -> Result<Reply, Halt> {
        let request = self.request_to(provider, endpoint, value, body).await?;
        self.call(provider, Speaks::Http2, request).await
    }

    /// Sends a request with the suite's own certificate.
    pub(crate) async fn call(
        &mut self,
        provider: &ProviderTarget,
        speaks: Speaks,
        request: Request,
    ) -> Result<Reply, Halt> {
        let key = (provider.peer_address, speaks);
        let client = match self.clients.get(&key) {
            Some(client) => client.clone(),
            None => {
                let client = self.client(provider, Shows::Own, speaks)?;
                self.clients.insert(key, client.clone());
                client
            }
        };
        send(&client, request).await.map_err(|error| Halt::failed(format!("a reply from {}", provider.domain), error))
    }

    /// Sends a request on a connection of its own. `Err` is what the connection ended with, if it did not get as far as a
    /// reply.
    pub(crate) async fn call_showing(
        &self,
        provider: &ProviderTarget,
        shows: Shows,
        speaks: Speaks,
        request: Request,
    ) -> Result<Result<Reply, String>, Halt> {
        let client = self.client(provider, shows, speaks)?;
        Ok(send(&client, request).await)
    }

    /// A GET of the directory as it should be.
    pub(crate) fn directory_request(&self, provider: &ProviderTarget) -> Request {
        Request {
            method: Method::GET,
            url: format!("https://{}{DIRECTORY_PATH}", provider.domain),
            from: Some(self.from()),
            host: None,
            body: Vec::new(),
        }
    }

    /// The provider's directory document; fetched once.
    pub(crate) async fn directory(&mut self, provider: &ProviderTarget) -> Result<Value, Halt> {
        if let Some(directory) = self.directories.get(&provider.domain) {
            return Ok(directory.clone());
        }
        let request = self.directory_request(provider);
        let reply = self.call(provider, Speaks::Http2, request).await?;
        let directory: Value = serde_json::from_slice(reply.ok()?)
            .map_err(|error| Halt::failed("a directory that is JSON", error.to_string()))?;
        self.directories.insert(provider.domain.clone(), directory.clone());
        Ok(directory)
    }

    /// The URL of an endpoint: the directory's template with the value percent-encoded whole.
    pub(crate) async fn url(
        &mut self,
        provider: &ProviderTarget,
        endpoint: Endpoint,
        value: &str,
    ) -> Result<String, Halt> {
        let directory = self.directory(provider).await?;
        let template = directory.get(endpoint.name()).and_then(Value::as_str).ok_or_else(|| {
            Halt::failed(format!("{} in the directory of {}", endpoint.name(), provider.domain), "none")
        })?;
        let expanded = template.split_once('{').and_then(|(before, rest)| {
            let (variable, after) = rest.split_once('}')?;
            // Section 5.1 puts a user into the path of a consent endpoint, section 5.7 a domain: the template says which.
            let domain = value.strip_prefix("mimi://").and_then(|rest| rest.split('/').next());
            let value = match (endpoint, domain) {
                (Endpoint::RequestConsent | Endpoint::UpdateConsent, Some(domain))
                    if variable.to_ascii_lowercase().contains("domain") =>
                {
                    domain
                }
                _ => value,
            };
            Some(format!("{before}{}{after}", percent_encoded(value)))
        });
        expanded.ok_or_else(|| Halt::failed("a template with a variable", template))
    }

    /// Skips what a provider does not offer.
    pub(crate) async fn offers(&mut self, provider: &ProviderTarget, endpoints: &[Endpoint]) -> Result<(), Halt> {
        let directory = self.directory(provider).await?;
        match endpoints.iter().find(|endpoint| directory.get(endpoint.name()).is_none()) {
            Some(endpoint) => {
                Err(Halt::Skipped(format!("{} is not in the directory of {}", endpoint.name(), provider.domain)))
            }
            None => Ok(()),
        }
    }

    fn client(&self, provider: &ProviderTarget, shows: Shows, speaks: Speaks) -> Result<reqwest::Client, Halt> {
        let tls = self
            .tls(shows, speaks)
            .map_err(|error| Halt::Skipped(format!("the suite's certificates cannot be used: {error}")))?;
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .resolve(provider.domain.as_str(), provider.peer_address);
        match speaks {
            Speaks::Http1 => builder.http1_only(),
            Speaks::Http2 => builder.http2_prior_knowledge(),
        }
        .build()
        .map_err(|error| Halt::Skipped(format!("the suite's HTTP client cannot be made: {error}")))
    }

    fn tls(&self, shows: Shows, speaks: Speaks) -> Result<rustls::ClientConfig, TlsError> {
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&self.ca_pem) {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let mut config = match shows {
            Shows::None => builder.with_no_client_auth(),
            Shows::Own => with_identity(builder, &self.identity)?,
            Shows::Foreign => with_identity(builder, &self.foreign)?,
        };
        config.alpn_protocols = match speaks {
            Speaks::Http1 => vec![b"http/1.1".to_vec()],
            Speaks::Http2 => vec![b"h2".to_vec()],
        };
        Ok(config)
    }
}

/// The suite's own PEM files do not make a TLS configuration.
#[derive(Debug, thiserror::Error)]
enum TlsError {
    #[error("PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
}

fn with_identity(
    builder: rustls::ConfigBuilder<rustls::ClientConfig, rustls::client::WantsClientCert>,
    identity: &TestIdentity,
) -> Result<rustls::ClientConfig, TlsError> {
    let chain = CertificateDer::pem_slice_iter(&identity.certificate_pem).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(&identity.key_pem)?;
    // A resolver of our own: the usual one keeps a certificate back that the server's list of authorities does not name,
    // and then a foreign certificate would look like none.
    let provider = builder.crypto_provider().clone();
    let certified = rustls::sign::CertifiedKey::from_der(chain, key, &provider)?;
    Ok(builder.with_client_cert_resolver(Arc::new(Always(Arc::new(certified)))))
}

/// Shows one certificate, whatever authorities the server names.
#[derive(Debug)]
struct Always(Arc<rustls::sign::CertifiedKey>);

impl rustls::client::ResolvesClientCert for Always {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

async fn send(client: &reqwest::Client, request: Request) -> Result<Reply, String> {
    let mut builder = client.request(request.method, &request.url).body(request.body);
    if let Some(from) = request.from {
        builder = builder.header("from", from);
    }
    if let Some(host) = request.host {
        builder = builder.header("host", host);
    }
    let response = builder.send().await.map_err(|error| chain(&error))?;
    let status = response.status().as_u16();
    let version = response.version();
    let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.bytes().await.map_err(|error| chain(&error))?.to_vec();
    Ok(Reply { status, version, content_type, body })
}

/// An error with what lies below it, since the reason is at the bottom.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text
}

/// Everything but the unreserved characters of RFC 3986 section 2.3 as `%XX`.
pub(crate) fn percent_encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len() * 2);
    for octet in value.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([octet]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    fn reply(status: u16, content_type: &str, body: &str) -> Reply {
        Reply {
            status,
            version: Version::HTTP_2,
            content_type: Some(content_type.to_owned()),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_value_in_a_path_is_percent_encoded_whole() {
        assert_eq!(percent_encoded("mimi://a.example/r/x y"), "mimi%3A%2F%2Fa.example%2Fr%2Fx%20y");
    }

    #[test]
    fn a_refusal_needs_status_media_type_and_words() {
        let good = reply(404, "application/problem+json", r#"{"status":404,"title":"Unknown room"}"#);
        assert_eq!(good.refused().unwrap(), "404: Unknown room");
        assert!(good.refused_with(&[404]).is_ok());
        assert!(good.refused_with(&[400, 413]).is_err());
        assert!(reply(500, "application/problem+json", r#"{"title":"x"}"#).refused().is_err());
        assert!(reply(404, "text/plain", r#"{"title":"x"}"#).refused().is_err());
        assert!(reply(404, "application/problem+json", "").refused().is_err());
        assert!(reply(404, "application/problem+json", r#"{"title":" "}"#).refused().is_err());
        assert!(reply(404, "application/problem+json", r#"{"status":400,"title":"x"}"#).refused().is_err());
    }
}
