//! Who the peer is, according to its certificate (draft-ietf-mimi-protocol-06 section 4.1, RFC 6125).

use mimi_arch::Domain;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The provider domains that TLS has authenticated for a peer.
///
/// These are the dNSName entries of the leaf certificate's subjectAltName. There is no falling back to the common name
/// (RFC 6125 section 6.4.4 leaves it to clients that need it). A wildcard is not accepted: RFC 6125 lets it match a name
/// that the verifier knows beforehand, while here the certificate has to say who the peer is, and `*.example` says that
/// of nobody; a provider that could speak for all of its siblings is also not what a From header field should rest on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerIdentity {
    names: Vec<Domain>,
}

impl PeerIdentity {
    /// A peer that showed no certificate.
    pub fn none() -> Self {
        Self::default()
    }

    /// A peer with these domains, for callers that read certificates themselves.
    pub fn new(names: Vec<Domain>) -> Self {
        Self { names }
    }

    /// Reads the leaf certificate of a peer, whose chain TLS has verified.
    ///
    /// Entries that are no domain names by our rules, wildcards among them, are left out.
    ///
    /// # Errors
    /// When this is no certificate, or one with a malformed or doubled subjectAltName.
    // req: MP06-4.1-10
    pub fn from_certificate(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        let alternative_name = certificate.subject_alternative_name().map_err(|_| CertificateError::SubjectAltName)?;
        let mut names = Vec::new();
        for name in alternative_name.iter().flat_map(|extension| &extension.value.general_names) {
            if let GeneralName::DNSName(name) = name
                && let Ok(domain) = name.parse::<Domain>()
                && !names.contains(&domain)
            {
                names.push(domain);
            }
        }
        Ok(Self { names })
    }

    /// The domains, in the order of the certificate.
    pub fn names(&self) -> &[Domain] {
        &self.names
    }
}

/// Why a certificate tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not one X.509 certificate in DER.
    #[error("not an X.509 certificate in DER")]
    Malformed,
    /// subjectAltName is malformed or there twice.
    #[error("subjectAltName is malformed or there twice")]
    SubjectAltName,
}
