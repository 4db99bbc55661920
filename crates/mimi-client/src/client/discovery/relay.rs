//! The way to the relay: a connection of its own for each look-up, without a client certificate, without a token of the account, without anything kept from
//! the look-up before.

use std::{sync::Arc, time::Duration};

use mimi_discovery::paths;
use reqwest::{Url, header::CONTENT_TYPE, redirect};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use super::{DiscoveryError, source::Source};

const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);
/// Octets of the largest response: a bucket of 512 rows.
const MAX_RESPONSE: usize = 1 << 20;

/// The relay, for one look-up.
pub(super) struct Relay {
    http: reqwest::Client,
    url: Url,
}

impl Relay {
    /// Makes a client for one look-up. Sessions of TLS are not kept beyond it, so that the relay cannot tie two look-ups together by them.
    pub(super) fn new(source: &Source, ca_pem: &[u8]) -> Result<Self, DiscoveryError> {
        let wrong = |what: String| DiscoveryError::Relay { relay: source.relay.clone(), what };
        let url = Url::parse(&format!("{}{}{}", source.relay, paths::RELAY, source.domain))
            .map_err(|error| wrong(error.to_string()))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(ca_pem) {
            let certificate = certificate.map_err(|error| wrong(format!("the authorities: {error}")))?;
            roots.add(certificate).map_err(|error| wrong(format!("the authorities: {error}")))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| wrong(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .no_proxy()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(ANSWER);
        if let (Some(address), Some(host)) = (source.relay_address, url.host_str()) {
            builder = builder.resolve(host, address);
        }
        Ok(Self { http: builder.build().map_err(|error| wrong(error.to_string()))?, url })
    }

    /// Sends an encapsulated request and gives the encapsulated response.
    pub(super) async fn post(&self, encapsulated: Vec<u8>) -> Result<Vec<u8>, DiscoveryError> {
        let wrong = |what: String| DiscoveryError::Relay { relay: self.url.to_string(), what };
        let request = self.http.post(self.url.clone()).header(CONTENT_TYPE, paths::OHTTP_REQUEST).body(encapsulated);
        let mut response = request.send().await.map_err(|error| wrong(causes(&error)))?;
        let status = response.status();
        let mut octets = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| wrong(causes(&error)))? {
            if octets.len().saturating_add(piece.len()) > MAX_RESPONSE {
                return Err(wrong(format!("its response has more than {MAX_RESPONSE} octets")));
            }
            octets.extend_from_slice(&piece);
        }
        if !status.is_success() {
            let text: String = String::from_utf8_lossy(&octets).chars().filter(|c| !c.is_control()).take(200).collect();
            return Err(wrong(format!("{status}: {text}")));
        }
        if response_type_is_wrong(&response) {
            return Err(wrong("its response is not message/ohttp-res".to_owned()));
        }
        Ok(octets)
    }
}

fn response_type_is_wrong(response: &reqwest::Response) -> bool {
    response.headers().get(CONTENT_TYPE).is_none_or(|value| value.as_bytes() != paths::OHTTP_RESPONSE.as_bytes())
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
