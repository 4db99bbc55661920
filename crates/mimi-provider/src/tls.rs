//! TLS as draft-ietf-mimi-protocol-06 section 4.1 demands it: both ends of a connection between providers show a certificate,
//! and each checks the other's. The crypto provider (ring) is passed explicitly; nothing is installed process-wide.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mimi_arch::Domain;
use mimi_protocol::http::server::PeerIdentity;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use thiserror::Error;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Why a TLS configuration could not be made. Each names the file or text to look at.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A PEM file could not be read or holds no object of the kind that is needed.
    #[error("{what}: {source}")]
    Pem {
        /// Which of the three PEM texts.
        what: String,
        /// What the PEM reader said.
        source: rustls::pki_types::pem::Error,
    },
    /// There is no certificate in the PEM text.
    #[error("{what}: no certificate in it")]
    NoCertificate {
        /// Which of the PEM texts.
        what: String,
    },
    /// The TLS library refuses the certificate or the key.
    #[error("TLS: {0}")]
    Rustls(#[from] rustls::Error),
    /// The verifier of client certificates cannot be made.
    #[error("TLS client certificates: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// The certificate is another provider's.
    #[error("the certificate is not for {domain}; it names: {}", names.join(", "))]
    OtherDomain {
        /// Whose it should be.
        domain: Domain,
        /// Whose it is.
        names: Vec<String>,
    },
    /// The certificate is not valid at this time.
    #[error("the certificate {0}")]
    Validity(&'static str),
    /// The HTTPS client does not take the configuration.
    #[error("HTTPS client: {0}")]
    Client(Box<mimi_protocol::http::client::ClientError>),
    /// The HTTPS client for discovery providers does not take the configuration.
    #[error("HTTPS client: {0}")]
    Discovery(#[from] reqwest::Error),
}

impl From<mimi_protocol::http::client::ClientError> for TlsError {
    fn from(error: mimi_protocol::http::client::ClientError) -> Self {
        Self::Client(Box::new(error))
    }
}

/// A provider's certificate chain, its key, and the authorities it trusts for other providers.
#[derive(Clone)]
pub struct TlsIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<PrivateKeyDer<'static>>,
    roots: Arc<RootCertStore>,
    versions: &'static [&'static SupportedProtocolVersion],
}

/// TLS 1.3 alone.
static TLS13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];

impl TlsIdentity {
    /// Reads the three PEM files.
    ///
    /// # Errors
    /// When one cannot be read or holds the wrong thing.
    pub fn from_files(certificate: &Path, key: &Path, authorities: &Path) -> Result<Self, TlsError> {
        let pem = |path: &Path, source| TlsError::Pem { what: path.display().to_string(), source };
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect)
            .map_err(|source| pem(certificate, source))?;
        let private = PrivateKeyDer::from_pem_file(key).map_err(|source| pem(key, source))?;
        let authorities_der: Vec<_> = CertificateDer::pem_file_iter(authorities)
            .and_then(Iterator::collect)
            .map_err(|source| pem(authorities, source))?;
        Self::new(chain, private, authorities_der, &certificate.display().to_string())
    }

    /// Reads the three PEM texts.
    ///
    /// # Errors
    /// When one holds the wrong thing.
    pub fn from_pem(certificate: &str, key: &str, authorities: &str) -> Result<Self, TlsError> {
        let pem = |what: &str, source| TlsError::Pem { what: what.to_owned(), source };
        let chain = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|source| pem("certificate", source))?;
        let private = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|source| pem("key", source))?;
        let authorities_der = CertificateDer::pem_slice_iter(authorities.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|source| pem("authorities", source))?;
        Self::new(chain, private, authorities_der, "certificate")
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        authorities: Vec<CertificateDer<'static>>,
        what: &str,
    ) -> Result<Self, TlsError> {
        if chain.is_empty() {
            return Err(TlsError::NoCertificate { what: what.to_owned() });
        }
        if authorities.is_empty() {
            return Err(TlsError::NoCertificate { what: "authorities".to_owned() });
        }
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority)?;
        }
        Ok(Self { chain, key: Arc::new(key), roots: Arc::new(roots), versions: rustls::DEFAULT_VERSIONS })
    }

    /// The same for TLS 1.3 alone, as discovery wants it (the project's discovery profile 0; R7).
    #[must_use]
    pub fn tls13(self) -> Self {
        Self { versions: TLS13, ..self }
    }

    /// Whether a provider of this domain can use it now; gives the time when the certificate ends.
    ///
    /// # Errors
    /// When the TLS library refuses certificate or key, the certificate names other providers, or its time is not now.
    pub fn check(&self, domain: &Domain) -> Result<SystemTime, TlsError> {
        self.peer_server()?;
        self.client_api_server()?;
        self.peer_client()?;
        let leaf = self.chain.first().map(|leaf| leaf.as_ref()).unwrap_or_default();
        let names = PeerIdentity::from_certificate(leaf).unwrap_or_default();
        if !names.names().contains(domain) {
            let names = names.names().iter().map(ToString::to_string).collect();
            return Err(TlsError::OtherDomain { domain: domain.clone(), names });
        }
        let (_, leaf) = X509Certificate::from_der(leaf).map_err(|_| TlsError::Validity("cannot be read"))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let is_after = |timestamp: i64| u64::try_from(timestamp).is_ok_and(|timestamp| timestamp > now);
        let not_after = leaf.validity().not_after.timestamp();
        if is_after(leaf.validity().not_before.timestamp()) {
            return Err(TlsError::Validity("is not valid yet"));
        }
        if !is_after(not_after) {
            return Err(TlsError::Validity("has expired"));
        }
        // A certificate may end in the year 9999, which every clock here can count to.
        Ok(UNIX_EPOCH + Duration::from_secs(not_after.unsigned_abs()))
    }

    // req: MP06-4.1-08, MP06-4.1-09
    /// For the listener that other providers connect to: a client certificate is required.
    ///
    /// # Errors
    /// When the TLS library refuses the certificate or key.
    pub fn peer_server(&self) -> Result<ServerConfig, TlsError> {
        let verifier = WebPkiClientVerifier::builder_with_provider(self.roots.clone(), crypto()).build()?;
        let mut config = ServerConfig::builder_with_provider(crypto())
            .with_protocol_versions(self.versions)?
            .with_client_cert_verifier(verifier)
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// For the listener that the provider's own clients connect to: the server shows its certificate,
    /// the clients authenticate with their tokens.
    ///
    /// # Errors
    /// When the TLS library refuses the certificate or key.
    pub fn client_api_server(&self) -> Result<ServerConfig, TlsError> {
        let mut config = ServerConfig::builder_with_provider(crypto())
            .with_protocol_versions(self.versions)?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }

    // req: MP06-4.1-08, MP06-4.1-09
    /// For connections to other providers: shows the own certificate and checks theirs against their domain.
    ///
    /// # Errors
    /// When the TLS library refuses the certificate or key.
    // req: DS06-12.1-01, DS06-12.1-02
    pub fn peer_client(&self) -> Result<ClientConfig, TlsError> {
        let config = ClientConfig::builder_with_provider(crypto())
            .with_protocol_versions(self.versions)?
            .with_root_certificates(self.roots.clone())
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())?;
        Ok(config)
    }
}

impl TlsIdentity {
    /// For downloads of assets: checks the certificate of the host by the same authorities, and shows none.
    ///
    /// # Errors
    /// When the TLS library has no protocol version.
    pub fn asset_client(&self) -> Result<ClientConfig, TlsError> {
        let mut config = ClientConfig::builder_with_provider(crypto())
            .with_protocol_versions(self.versions)?
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn crypto() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
