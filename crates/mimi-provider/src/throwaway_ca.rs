//! A certificate authority that lives as long as the process: for the embedded run, the tutorial and tests.
//!
//! Its key is never written anywhere. Whoever runs a provider for real brings certificates of an authority
//! that the other providers trust.

use std::path::{Path, PathBuf};

use mimi_arch::Domain;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use thiserror::Error;

/// Why the authority or a certificate could not be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CaError {
    /// The certificate library refused.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A PEM file could not be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// A certificate and its key, both as PEM text.
#[derive(Clone, Debug)]
pub struct PemIdentity {
    /// The domain that the certificate authenticates.
    pub domain: Domain,
    /// The certificate.
    pub certificate: String,
    /// The private key, PKCS #8.
    pub key: String,
}

impl PemIdentity {
    /// Writes `DOMAIN.pem` and `DOMAIN.key` into `folder` and gives their paths.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_to(&self, folder: &Path) -> Result<(PathBuf, PathBuf), CaError> {
        let certificate = folder.join(format!("{}.pem", self.domain));
        let key = folder.join(format!("{}.key", self.domain));
        write(&certificate, &self.certificate)?;
        write(&key, &self.key)?;
        Ok((certificate, key))
    }
}

/// The authority.
pub struct ThrowawayCa {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl ThrowawayCa {
    /// A new authority with a new key. `name` appears as its common name.
    ///
    /// # Errors
    /// When the certificate library refuses.
    pub fn new(name: &str) -> Result<Self, CaError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, name);
        params.distinguished_name = subject;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Self { certificate, issuer: Issuer::new(params, key) })
    }

    /// The authority's own certificate as PEM text.
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a provider: both ends of a connection show the same one, so it is good for server and client
    /// authentication (draft-ietf-mimi-protocol-06 section 4.1).
    ///
    /// # Errors
    /// When the certificate library refuses.
    pub fn issue(&self, domain: &Domain) -> Result<PemIdentity, CaError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![domain.as_str().to_owned()])?;
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, domain.as_str());
        params.distinguished_name = subject;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(PemIdentity { domain: domain.clone(), certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// Writes the authority's certificate as `ca.pem` into `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_to(&self, folder: &Path) -> Result<PathBuf, CaError> {
        let path = folder.join("ca.pem");
        write(&path, &self.certificate)?;
        Ok(path)
    }
}

fn write(path: &Path, text: &str) -> Result<(), CaError> {
    std::fs::write(path, text).map_err(|source| CaError::Write { path: path.to_owned(), source })
}
