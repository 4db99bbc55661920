//! The providers under test, and what the suite needs to speak to them.

use std::net::SocketAddr;
use std::path::PathBuf;

use mimi_arch::Domain;

/// One provider under test.
#[derive(Debug, Clone)]
pub struct ProviderTarget {
    /// Its domain; its certificate has to be for this name.
    pub domain: Domain,
    /// Where other providers reach it, over mutually authenticated TLS.
    pub peer_address: SocketAddr,
    /// Where its own clients reach it: the `https` URL of its client API.
    pub client_endpoint: String,
}

/// A certificate chain and its private key.
#[derive(Clone)]
pub struct TestIdentity {
    /// The domain that the certificate is for.
    pub domain: Domain,
    /// The certificate chain, leaf first, as PEM.
    pub certificate_pem: Vec<u8>,
    /// The private key, as PEM.
    pub key_pem: Vec<u8>,
}

impl std::fmt::Debug for TestIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TestIdentity").field("domain", &self.domain).finish_non_exhaustive()
    }
}

/// What a run is made against.
///
/// The flow of section 3 needs three providers. The first is the hub, the second is bob's, the third is cathy's.
#[derive(Debug, Clone)]
pub struct Target {
    /// The providers under test, the hub first.
    pub providers: Vec<ProviderTarget>,
    /// The certificate authority that signed the providers' certificates and the suite's, as PEM.
    pub ca_pem: Vec<u8>,
    /// The provider that the suite plays itself. Its certificate is one that the providers under test accept; its domain is
    /// none of theirs.
    pub suite: TestIdentity,
    /// A certificate for the suite's domain that is signed by an authority nobody knows.
    pub foreign: TestIdentity,
    /// A folder for the state of the clients that the suite runs.
    pub scratch: PathBuf,
    /// The largest request body, in octets, that the providers take on any endpoint.
    pub body_limit: usize,
    /// A discovery provider that the providers use; without one the checks of discovery are skipped.
    pub discovery: Option<DiscoveryTarget>,
}

/// A discovery provider of the project's experimental profile.
#[derive(Clone)]
pub struct DiscoveryTarget {
    /// Its domain; the providers are set up with it.
    pub dp: Domain,
    /// An issuer of telephone numbers that it trusts, which the suite plays.
    pub issuer: Domain,
    /// From which that issuer's key is made.
    pub issuer_seed: [u8; 32],
}

impl std::fmt::Debug for DiscoveryTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscoveryTarget").field("dp", &self.dp).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
