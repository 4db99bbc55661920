//! Certificates, operators, and the parties' keys.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mimi_arch::Domain;
use mimi_arch::codec::Wire;
use mimi_discovery::answer::VerifiedAnswer;
use mimi_discovery::attestation::{AssignmentEpoch, CsiAttestation, NewAttestation};
use mimi_discovery::config::{DpConfig, Modes, VerifiedConfig};
use mimi_discovery::lookup::{ResponseError, b, s};
use mimi_discovery::mapping::{MappingEntry, NewMapping, Sequence};
use mimi_discovery::profile::{Key, Validity};
use mimi_discovery::push::RegisterResponse;
use mimi_discovery::record::Scope;
use mimi_discovery::token::{Day, IssuingKey, Token};
use mimi_discovery::{Anchors, Csi, CsiKind, Record, Removal, Seconds, Seed};
use mimi_discovery_provider::{
    DiscoveryConfig, DiscoveryProvider, Observer, PeerError, Peers, Relay, RelayConfig, RetrievalLimits, Running, Seen,
    Tls, paths,
};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::net::TcpListener;

pub(crate) const DP: &str = "dp.example";
pub(crate) const RELAY: &str = "relay.example";
pub(crate) const MSP: &str = "a.example";

pub(crate) fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

pub(crate) fn now() -> Seconds {
    Seconds(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs())
}

/// An authority that everybody trusts.
pub(crate) struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    fn issue(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }

    /// With a client certificate demanded, or none asked for.
    pub(crate) fn tls(&self, name: &str, mutual: bool) -> Tls {
        self.tls_of(name, mutual, &[&rustls::version::TLS13])
    }

    /// The same for these versions of TLS.
    pub(crate) fn tls_of(&self, name: &str, mutual: bool, versions: &[&'static SupportedProtocolVersion]) -> Tls {
        let crypto = || Arc::new(rustls::crypto::ring::default_provider());
        let (chain, key) = self.issue(name);
        let server = ServerConfig::builder_with_provider(crypto()).with_protocol_versions(versions).unwrap();
        let mut server = if mutual {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots()), crypto()).build().unwrap();
            server.with_client_cert_verifier(verifier).with_single_cert(chain.clone(), key.clone_key()).unwrap()
        } else {
            server.with_no_client_auth().with_single_cert(chain.clone(), key.clone_key()).unwrap()
        };
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let client = ClientConfig::builder_with_provider(crypto())
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.roots())
            .with_client_auth_cert(chain, key)
            .unwrap();
        Tls { server: Arc::new(server), client }
    }

    /// Of somebody who shows no certificate.
    pub(crate) fn anonymous(&self) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .unwrap()
            .with_root_certificates(self.roots())
            .with_no_client_auth()
    }
}

pub(crate) fn carrier() -> Key {
    Key::from_seed([0xca; 32])
}

pub(crate) fn anchors() -> Anchors {
    let mut anchors = Anchors::default();
    anchors.trust(domain("carrier.example"), carrier().public(), CsiKind::E164, Scope::All);
    anchors.trust(domain("carrier.example"), carrier().public(), CsiKind::new(0xf001).unwrap(), Scope::All);
    anchors
}

/// Somebody with an identifier.
pub(crate) struct Person {
    pub(crate) csi: Csi,
    key: Key,
    epoch: u64,
}

impl Person {
    pub(crate) fn new(csi: Csi) -> Self {
        Self { key: Key::from_seed(csi.key().0), csi, epoch: 1 }
    }

    pub(crate) fn with_number(number: &str) -> Self {
        Self::new(Csi::parse(number).unwrap())
    }

    /// An identifier of a kind of our own, of which there are as many as a test wants.
    pub(crate) fn numbered(number: u32) -> Self {
        Self::new(Csi::new(CsiKind::new(0xf001).unwrap(), &format!("person-{number:08}")).unwrap())
    }

    /// The one to whom the identifier is assigned next.
    pub(crate) fn assigned_anew(&self) -> Self {
        Self { csi: self.csi.clone(), key: Key::from_seed([7; 32]), epoch: self.epoch + 1 }
    }

    pub(crate) fn attestation(&self) -> CsiAttestation {
        NewAttestation {
            csi: &self.csi,
            csip: &domain("carrier.example"),
            subject_key: self.key.public(),
            assignment_epoch: AssignmentEpoch(self.epoch),
            validity: validity(),
        }
        .sign(&carrier())
        .unwrap()
    }

    pub(crate) fn at(&self, sequence: u64, msps: &[&str]) -> Record {
        let attestation = self.attestation();
        let new = NewMapping {
            name: Default::default(),
            sequence: Sequence(sequence),
            validity: validity(),
            entries: msps.iter().map(|msp| MappingEntry::new(domain(msp), 0)).collect(),
            sealed: vec![],
        };
        let mapping = new.sign(&attestation, &self.key).unwrap();
        Record::Mapping(Box::new(attestation), mapping)
    }

    pub(crate) fn gone(&self, sequence: u64) -> Record {
        let attestation = self.attestation();
        let removal = Removal::by_recipient(&attestation, Sequence(sequence), None, now(), &self.key).unwrap();
        Record::RecipientRemoval(Box::new(attestation), removal)
    }
}

fn validity() -> Validity {
    Validity { not_before: now().minus(10), not_after: now().plus(86_400) }
}

/// The operators of a test.
pub(crate) struct World {
    pub(crate) ca: Ca,
    pub(crate) dp: DiscoveryProvider,
    pub(crate) relay: Running,
    pub(crate) issuing: IssuingKey,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    msp: Peers,
    folder: tempfile::TempDir,
}

pub(crate) async fn socket() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A discovery provider with these others to exchange records with.
pub(crate) async fn provider(
    ca: &Ca,
    name: &str,
    folder: &std::path::Path,
    socket: TcpListener,
    federation: &BTreeMap<Domain, SocketAddr>,
    observer: Observer,
) -> DiscoveryProvider {
    DiscoveryProvider::serve(config(ca, name, folder, federation, observer), socket).await.unwrap()
}

/// What such a provider is set up with.
pub(crate) fn config(
    ca: &Ca,
    name: &str,
    folder: &std::path::Path,
    federation: &BTreeMap<Domain, SocketAddr>,
    observer: Observer,
) -> DiscoveryConfig {
    DiscoveryConfig {
        domain: domain(name),
        database: folder.join(format!("{name}.db")),
        tls: ca.tls(name, true),
        anchors: anchors(),
        msps: BTreeSet::from([domain(MSP)]),
        relays: BTreeSet::from([domain(RELAY)]),
        federation: federation.keys().cloned().collect(),
        addresses: federation.clone(),
        ranges: vec![],
        modes: Modes { s: true, b: true, p: false },
        retrieval: RetrievalLimits::default(),
        observer,
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::offering(Modes { s: true, b: true, p: false }, RetrievalLimits::default()).await
    }

    /// With a discovery provider that offers these modes.
    pub(crate) async fn offering(modes: Modes, limits: RetrievalLimits) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let observer = {
            let seen = seen.clone();
            Observer::new(move |what| seen.lock().unwrap().push(what))
        };
        Self::observed(tempfile::tempdir().unwrap(), modes, limits, observer, seen).await
    }

    /// With what is in this folder already, and nobody who observes.
    pub(crate) async fn over(folder: tempfile::TempDir, modes: Modes) -> Self {
        Self::observed(folder, modes, RetrievalLimits::default(), Observer::default(), Arc::default()).await
    }

    async fn observed(
        folder: tempfile::TempDir,
        modes: Modes,
        retrieval: RetrievalLimits,
        observer: Observer,
        seen: Arc<Mutex<Vec<Seen>>>,
    ) -> Self {
        let ca = Ca::new();
        let others = BTreeMap::new();
        let config = config(&ca, DP, folder.path(), &others, observer.clone());
        let config = DiscoveryConfig { modes, retrieval, ..config };
        let dp = DiscoveryProvider::serve(config, socket().await).await.unwrap();
        let issuing = IssuingKey::derive(&[0x15; 32], &domain(MSP), &domain(DP)).unwrap();
        dp.accept_issuer(domain(MSP), issuing.clone());
        let relay = RelayConfig {
            tls: ca.tls(RELAY, false),
            gateways: BTreeMap::from([(domain(DP), Some(dp.address()))]),
            retrievals: modes.p,
            observer,
        };
        let relay = Relay::serve(relay, socket().await).unwrap();
        let msp = Peers::new(ca.tls(MSP, true).client, &BTreeMap::from([(domain(DP), dp.address())])).unwrap();
        Self { ca, dp, relay, issuing, seen, msp, folder }
    }

    /// The same after a restart of the discovery provider.
    pub(crate) async fn restarted(self) -> Self {
        let (address, issuing) = (self.dp.address(), self.issuing.clone());
        self.dp.stop().await;
        let socket = TcpListener::bind(address).await.unwrap();
        let observer = Observer::default();
        let dp = provider(&self.ca, DP, self.folder.path(), socket, &BTreeMap::new(), observer).await;
        dp.accept_issuer(domain(MSP), issuing);
        Self { dp, ..self }
    }

    /// Stops all; gives what the discovery provider has kept.
    pub(crate) async fn stopped(self) -> tempfile::TempDir {
        let Self { dp, relay, folder, .. } = self;
        dp.stop().await;
        relay.stop().await;
        folder
    }

    /// Somebody who comes with a provider's certificate.
    pub(crate) fn peers_of(&self, name: &str) -> Peers {
        let addresses = BTreeMap::from([(domain(DP), self.dp.address()), (domain(RELAY), self.relay.address())]);
        Peers::new(self.ca.tls(name, true).client, &addresses).unwrap()
    }

    pub(crate) async fn register(&self, record: &Record) -> RegisterResponse {
        let body = record.to_bytes().unwrap();
        let answer = self.msp.post(&domain(DP), paths::REGISTER, "application/octet-stream", body).await.unwrap();
        RegisterResponse::from_bytes(&answer).unwrap()
    }

    pub(crate) async fn config(&self) -> VerifiedConfig {
        let octets = self.msp.get(&domain(DP), paths::CONFIG).await.unwrap();
        DpConfig::from_bytes(&octets).unwrap().verify(&domain(DP), &self.dp.key(), now()).unwrap()
    }

    /// The configuration, once buckets have been made after the last change.
    pub(crate) async fn config_with_buckets(&self) -> VerifiedConfig {
        tokio::time::sleep(std::time::Duration::from_millis(900)).await;
        for _ in 0..100 {
            let config = self.config().await;
            if config.get().buckets.is_some() {
                return config;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("no buckets");
    }

    /// Tokens as the messaging provider issues them.
    pub(crate) fn tokens(&self, count: usize) -> Vec<Token> {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&rand_octets());
        let (request, pending) =
            self.issuing.public().request(&domain(DP), &domain(MSP), Day::of(now()), count, &Seed::new(seed)).unwrap();
        pending.finish(&self.issuing.issue(&request, &Seed::new([9; 32])).unwrap()).unwrap()
    }

    pub(crate) fn token(&self) -> Token {
        self.tokens(1).pop().unwrap()
    }

    /// Posts to the relay as somebody without certificate and account does.
    pub(crate) async fn through_relay(&self, encapsulated: Vec<u8>) -> Result<Vec<u8>, PeerError> {
        let addresses = BTreeMap::from([(domain(RELAY), self.relay.address())]);
        let anonymous = Peers::new(self.ca.anonymous(), &addresses).unwrap();
        let path = format!("{}{DP}", paths::RELAY);
        anonymous.post(&domain(RELAY), &path, paths::OHTTP_REQUEST, encapsulated).await
    }

    pub(crate) async fn look_up(&self, csi: &Csi, token: Token) -> Result<VerifiedAnswer, ResponseError> {
        let config = self.config().await;
        let (request, pending) = s::ask(&config, csi, token).unwrap();
        let answer = pending.open(&self.through_relay(request).await.unwrap())?;
        Ok(answer.verify(csi, &config.provider(0), &anchors(), now()).unwrap())
    }

    pub(crate) async fn look_up_b(&self, csi: &Csi, token: Token) -> VerifiedAnswer {
        let config = self.config_with_buckets().await;
        let mut seed = [1; 32];
        seed[..8].copy_from_slice(&rand_octets());
        let (request, pending) = b::ask(&config, csi, token, Seed::new(seed)).unwrap();
        let (located, _) = pending.open(&self.through_relay(request).await.unwrap()).unwrap();
        let (request, pending) = located.ask(&config).unwrap();
        let bucket = pending.open(&self.through_relay(request).await.unwrap()).unwrap();
        located.find(bucket, &config.provider(0), &anchors(), now()).unwrap()
    }
}

/// Mode P.
#[cfg(feature = "pir")]
mod retrieving {
    use mimi_discovery::lookup::b::Located;
    use mimi_discovery::lookup::p::{self, PendingRetrieval, RetrieveError, Shape, Spiral};

    use super::*;

    impl World {
        /// The configuration, once mode P is offered.
        pub(crate) async fn config_with_retrieval(&self) -> VerifiedConfig {
            for _ in 0..600 {
                let config = self.config().await;
                if config.get().modes.p {
                    return config;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            panic!("no retrieval");
        }

        /// Has the identifier evaluated, as in mode B.
        pub(crate) async fn locate(&self, csi: &Csi, config: &VerifiedConfig, token: Token) -> Located {
            let (request, pending) = b::ask(config, csi, token, seed()).unwrap();
            pending.open(&self.through_relay(request).await.unwrap()).unwrap().0
        }

        pub(crate) fn retrieval(
            &self,
            located: &Located,
            config: &VerifiedConfig,
            token: Token,
        ) -> (Vec<u8>, PendingRetrieval<Spiral>) {
            let spiral = Spiral::new(Shape::of(&config.get().buckets.unwrap())).unwrap();
            p::ask(located, config, token, spiral, &seed()).unwrap()
        }

        pub(crate) async fn look_up_p(&self, csi: &Csi) -> VerifiedAnswer {
            self.try_look_up_p(csi, self.token()).await.unwrap()
        }

        /// With this token for the retrieval.
        pub(crate) async fn try_look_up_p(&self, csi: &Csi, token: Token) -> Result<VerifiedAnswer, RetrieveError> {
            let config = self.config_with_retrieval().await;
            let located = self.locate(csi, &config, self.token()).await;
            let (request, pending) = self.retrieval(&located, &config, token);
            let proven = pending.open(&self.through_relay(request).await.unwrap())?;
            Ok(located.find(proven, &config.provider(0), &anchors(), now()).unwrap())
        }
    }

    fn seed() -> Seed {
        let mut seed = [1; 32];
        seed[..8].copy_from_slice(&rand_octets());
        Seed::new(seed)
    }
}

fn rand_octets() -> [u8; 8] {
    use std::hash::{BuildHasher as _, Hasher as _};
    std::collections::hash_map::RandomState::new().build_hasher().finish().to_be_bytes()
}
