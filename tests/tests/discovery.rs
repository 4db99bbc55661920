//! From a telephone number to a conversation, across four operators on loopback with mutual TLS: two messaging providers, a discovery provider, and a relay
//! of somebody else (the project's discovery profile 0).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mimi_arch::Domain;
use mimi_arch::codec::Wire as _;
use mimi_client::{
    Client, ClientConfig, DiscoveryError, Event, LookUpMode, LookUpOptions, NewRegistration, Next, NotReachable,
    ProfileField, ProfileFieldName,
};
use mimi_discovery::attestation::{AssignmentEpoch, NewAttestation};
use mimi_discovery::config::{DpConfig, Modes};
use mimi_discovery::directory::{ListedProvider, Range};
use mimi_discovery::mapping::{MappingEntry, MappingName};
use mimi_discovery::profile::{Key, Validity};
use mimi_discovery::record::Scope;
use mimi_discovery::selection::Selection;
use mimi_discovery::token::{Day, IssuingKeys, KeySchedule};
use mimi_discovery::{Anchors, Csi, CsiAttestation, CsiKind, PublicKey, Seconds, paths};
use mimi_discovery_provider::{
    DiscoveryConfig, DiscoveryProvider, Observer, Party, PeerError, Peers, Relay, RelayConfig, RetrievalLimits,
    Running, Seen, Tls,
};
use mimi_protocol::consent::ScopeState;
use mimi_protocol::identifier_query::Searchable;
use mimi_provider::throwaway_ca::ThrowawayCa;
use mimi_provider::tls::TlsIdentity;
use mimi_provider::{
    Config, DiscoveryProviderConfig, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, Provider,
    RunningProvider, SearchConfig, TlsConfig, UsersConfig,
};
use mimi_tests::{messages, until};
use tokio::net::TcpListener;

const NUMBER: &str = "+12125551212";
const DP: &str = "dp.example";
const ROOT: &str = "root.example";

fn domain(name: &str) -> Domain {
    name.parse().unwrap()
}

fn number() -> Csi {
    Csi::parse(NUMBER).unwrap()
}

fn now() -> Seconds {
    Seconds(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs())
}

struct World {
    folder: tempfile::TempDir,
    ca: ThrowawayCa,
    providers: BTreeMap<String, RunningProvider>,
    configs: BTreeMap<String, Config>,
    peers: BTreeMap<Domain, SocketAddr>,
    seen: Arc<Mutex<Vec<Seen>>>,
    _dps: Vec<DiscoveryProvider>,
    _relay: Running,
}

fn issuer() -> Key {
    Key::from_seed([0xca; 32])
}

fn anchors() -> Anchors {
    let mut anchors = Anchors::default();
    anchors.trust(domain("carrier.example"), issuer().public(), CsiKind::E164, Scope::Prefix("+1".to_owned()));
    anchors
}

fn options(mode: LookUpMode) -> LookUpOptions {
    LookUpOptions { mode, anchors: anchors(), ..LookUpOptions::default() }
}

/// What the carrier says of Bob's number.
fn attest(key: PublicKey) -> CsiAttestation {
    let validity = Validity { not_before: now().minus(60), not_after: now().plus(86_400) };
    let (csi, csip) = (number(), domain("carrier.example"));
    NewAttestation { csi: &csi, csip: &csip, subject_key: key, assignment_epoch: AssignmentEpoch(1), validity }
        .sign(&issuer())
        .unwrap()
}

fn identity(ca: &ThrowawayCa, name: &str) -> TlsIdentity {
    let pem = ca.issue(&domain(name)).unwrap();
    TlsIdentity::from_pem(&pem.certificate, &pem.key, ca.certificate()).unwrap()
}

impl World {
    async fn start(tokens_per_day: u32) -> Self {
        Self::start_under(tokens_per_day, None).await
    }

    /// With a root that says which numbers the discovery provider has.
    async fn start_under(tokens_per_day: u32, range: Option<&str>) -> Self {
        let folder = tempfile::Builder::new().prefix("mimi-tests-").tempdir().unwrap();
        let ca = ThrowawayCa::new("tests").unwrap();
        ca.write_to(folder.path()).unwrap();
        let database = folder.path().join("dp.db");
        let key = DiscoveryProvider::key_of(&database).unwrap();
        let root_database = folder.path().join("root.db");
        let root_key = DiscoveryProvider::key_of(&root_database).unwrap();
        let root_socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root_address = root_socket.local_addr().unwrap();
        let dp_socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay_socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (dp_address, relay_address) = (dp_socket.local_addr().unwrap(), relay_socket.local_addr().unwrap());
        let known = DiscoveryProviderConfig {
            key,
            address: Some(dp_address),
            relay: format!("https://relay.example:{}", relay_address.port()),
            relay_address: Some(relay_address),
        };
        let mut discovery = mimi_provider::DiscoveryConfig {
            tokens_per_day,
            providers: BTreeMap::from([(domain(DP), known.clone())]),
            ..mimi_provider::DiscoveryConfig::default()
        };
        if range.is_some() {
            let root = DiscoveryProviderConfig { key: root_key, address: Some(root_address), ..known };
            discovery.providers.insert(domain(ROOT), root);
            discovery.root = Some(domain(ROOT));
        }
        let (mut bound, mut configs) = (Vec::new(), BTreeMap::new());
        for name in ["a.example", "b.example"] {
            let (certificate, key) = ca.issue(&domain(name)).unwrap().write_to(folder.path()).unwrap();
            let config = Config {
                domain: domain(name),
                listen: "127.0.0.1:0".parse().unwrap(),
                client_listen: "127.0.0.1:0".parse().unwrap(),
                database: folder.path().join(format!("{name}.db")),
                tls: TlsConfig { certificate, key, authorities: folder.path().join("ca.pem") },
                peers: BTreeMap::new(),
                limits: LimitsConfig::default(),
                franking: FrankingConfig::default(),
                assets: BTreeMap::new(),
                downloads: DownloadsConfig::default(),
                users: UsersConfig::default(),
                search: SearchConfig::default(),
                discovery: discovery.clone(),
                operation: OperationConfig::default(),
            };
            let provider = Provider::bind(config.clone()).await.unwrap();
            let (listen, client_listen) = (provider.peer_address(), provider.client_address());
            configs.insert(name.to_owned(), Config { listen, client_listen, ..config });
            bound.push(provider);
        }
        let peers: BTreeMap<Domain, SocketAddr> =
            bound.iter().map(|provider| (provider.domain().clone(), provider.peer_address())).collect();
        let mut providers = BTreeMap::new();
        for provider in bound {
            let name = provider.domain().to_string();
            providers.insert(name, provider.serve(peers.clone()).await.unwrap());
        }
        let seen = Arc::new(Mutex::new(Vec::new()));
        let observer = {
            let seen = seen.clone();
            Observer::new(move |what| seen.lock().unwrap().push(what))
        };
        let own = identity(&ca, DP).tls13();
        let config = DiscoveryConfig {
            domain: domain(DP),
            database,
            tls: Tls { server: Arc::new(own.peer_server().unwrap()), client: own.peer_client().unwrap() },
            anchors: anchors(),
            msps: peers.keys().cloned().collect(),
            relays: BTreeSet::from([domain("relay.example")]),
            federation: BTreeSet::new(),
            addresses: peers.clone(),
            ranges: Vec::new(),
            modes: Modes { s: true, b: true, p: cfg!(feature = "pir") },
            retrieval: RetrievalLimits::default(),
            observer: observer.clone(),
        };
        let mut dps = Vec::new();
        if let Some(range) = range {
            let own = identity(&ca, ROOT).tls13();
            let listed = ListedProvider { domain: domain(DP), key };
            let range = Range { kind: CsiKind::E164, of: range.to_owned(), providers: vec![listed] };
            let root = DiscoveryConfig {
                domain: domain(ROOT),
                database: root_database,
                tls: Tls { server: Arc::new(own.peer_server().unwrap()), client: own.peer_client().unwrap() },
                ranges: vec![(range, false)],
                ..config.clone()
            };
            dps.push(DiscoveryProvider::serve(root, root_socket).await.unwrap());
        }
        dps.push(DiscoveryProvider::serve(config, dp_socket).await.unwrap());
        let own = identity(&ca, "relay.example").tls13();
        let config = RelayConfig {
            tls: Tls { server: Arc::new(own.client_api_server().unwrap()), client: own.peer_client().unwrap() },
            gateways: BTreeMap::from([(domain(DP), Some(dp_address))]),
            retrievals: cfg!(feature = "pir"),
            observer,
        };
        let relay = Relay::serve(config, relay_socket).unwrap();
        let mut peers = peers;
        peers.insert(domain(DP), dp_address);
        let world = Self { folder, ca, providers, configs, peers, seen, _dps: dps, _relay: relay };
        world.settle().await;
        world
    }

    /// Waits until the discovery provider has the keys of both messaging providers and its buckets.
    async fn settle(&self) {
        let peers = self.speak_as("a.example");
        for _ in 0..100 {
            let config = DpConfig::from_bytes(&peers.get(&domain(DP), paths::CONFIG).await.unwrap()).unwrap();
            if config.issuers.len() == 2 && config.modes.b {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the discovery provider is not ready");
    }

    /// Stops a provider and starts it again with its database and on its sockets.
    async fn restart(&mut self, name: &str) {
        self.providers.remove(name).unwrap().stop().await;
        let bound = Provider::bind(self.configs[name].clone()).await.unwrap();
        self.providers.insert(name.to_owned(), bound.serve(self.peers.clone()).await.unwrap());
    }

    /// Changes the issuing key of a provider and waits until askers hear of it: the keys are so many then.
    async fn change_key(&mut self, name: &str, schedule: KeySchedule, count: usize) {
        self.configs.get_mut(name).unwrap().discovery.issuing_key = schedule;
        self.restart(name).await;
        let peers = self.speak_as(name);
        for _ in 0..200 {
            let config = DpConfig::from_bytes(&peers.get(&domain(DP), paths::CONFIG).await.unwrap()).unwrap();
            if config.issuers.iter().filter(|issuer| issuer.msp == domain(name)).count() == count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("the discovery provider does not hear of the key");
    }

    fn copy_state(&self, from: &str, to: &str) {
        for suffix in ["", "-wal"] {
            let file = |name: &str| self.folder.path().join(format!("{name}.sqlite{suffix}"));
            if file(from).exists() {
                std::fs::copy(file(from), file(to)).unwrap();
            }
        }
    }

    fn speak_as(&self, name: &str) -> Peers {
        Peers::new(identity(&self.ca, name).tls13().peer_client().unwrap(), &self.peers).unwrap()
    }

    fn state(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.sqlite"))
    }

    async fn register(&self, provider: &str, user: &str) -> Client {
        let config = ClientConfig {
            state: self.state(user),
            endpoint: format!("https://{}", self.providers[provider].client_address()),
            domain: domain(provider),
            ca_pem: self.ca.certificate().as_bytes().to_vec(),
        };
        Client::register(config, user, "one", None).await.unwrap()
    }

    /// Bob at b.example, who can be found there by his number.
    async fn bob(&self) -> Client {
        let bob = self.register("b.example", "bob").await;
        bob.set_profile(vec![ProfileField {
            name: ProfileFieldName::OidcStdClaim("phone_number".to_owned()),
            value: NUMBER.to_owned(),
            searchable: Searchable::Exactly,
        }])
        .await
        .unwrap();
        register(&bob, vec![MappingEntry::new(domain("b.example"), 0)]).await.unwrap();
        bob
    }
}

async fn register(client: &Client, entries: Vec<MappingEntry>) -> Result<Domain, DiscoveryError> {
    let attestation = attest(client.discovery_key().await.unwrap());
    let registration =
        NewRegistration { attestation, dp: None, name: MappingName::default(), entries, sealed: Vec::new() };
    client.register_mapping(registration).await
}

// req: UD03-7-01
#[tokio::test(flavor = "multi_thread")]
async fn alice_finds_bob_by_his_number_in_both_modes_and_they_talk() {
    let world = World::start(100).await;
    let (alice, bob) = (world.register("a.example", "alice").await, world.bob().await);
    let reached = alice.find_by_identifier(&number(), &options(LookUpMode::S), false).await.unwrap();
    assert_eq!((reached.service(), reached.user.as_ref()), (Some(&domain("b.example")), Some(bob.user())));
    assert_eq!(reached.next, Next::AskForConsent(bob.user().clone()));
    assert!(matches!(alice.open_conversation(bob.user(), "early").await, Err(DiscoveryError::NotReady(_))));

    let reached = alice.find_by_identifier(&number(), &options(LookUpMode::S), true).await.unwrap();
    assert_eq!(reached.next, Next::Wait(bob.user().clone()));
    let asked = bob.consents().await.unwrap().of_others;
    assert_eq!((&asked[0].user, asked[0].state), (alice.user(), ScopeState::Requested));
    bob.grant_consent(alice.user(), None, false).await.unwrap();

    // The buckets of mode B follow the registration a little later.
    let mut reached = alice.find_by_identifier(&number(), &options(LookUpMode::B), false).await;
    for _ in 0..40 {
        if matches!(&reached, Ok(reached) if reached.user.is_some()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        reached = alice.find_by_identifier(&number(), &options(LookUpMode::B), false).await;
    }
    assert_eq!(reached.unwrap().next, Next::Talk(bob.user().clone()));

    let room = alice.open_conversation(bob.user(), "found").await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    bob.send(&room, "you found me").await.unwrap();
    let events = until(&alice, "the message", |event| matches!(event, Event::Message { .. })).await;
    assert_eq!(messages(&events)[0].1, "you found me");
}

// req: UD03-11-01
#[tokio::test(flavor = "multi_thread")]
async fn no_party_of_a_look_up_sees_both_who_asks_and_for_whom() {
    let world = World::start(100).await;
    let (alice, _bob) = (world.register("a.example", "alice").await, world.bob().await);
    world.seen.lock().unwrap().clear();
    alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
    alice.look_up(&number(), &options(LookUpMode::B)).await.unwrap();
    let seen = world.seen.lock().unwrap().clone();
    let holds = |octets: &[u8], text: &str| octets.windows(text.len()).any(|window| window == text.as_bytes());
    let (relay, dp): (Vec<_>, Vec<_>) = seen
        .iter()
        .filter(|seen| seen.path.contains("relay") || seen.path == paths::GATEWAY)
        .partition(|seen| seen.party == Party::Relay);
    assert_eq!((relay.len(), dp.len()), (3, 3));
    for seen in &relay {
        assert_eq!(seen.certificate, None);
        assert!(!holds(&seen.body, NUMBER) && seen.opened.is_none());
        let names: Vec<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert!(
            names.iter().all(|name| ["content-type", "content-length", "accept", "host"].contains(name)),
            "{names:?}"
        );
    }
    for seen in &dp {
        assert_eq!(seen.certificate, Some(domain("relay.example")));
        let all = [seen.opened.clone().unwrap(), format!("{:?}", seen.headers).into_bytes()].concat();
        assert!(!holds(&all, "alice") && !holds(&all, "a.example"));
    }
    assert!(holds(dp[0].opened.as_ref().unwrap(), NUMBER), "mode S shows the identifier to the provider");
    assert!(dp[1..].iter().all(|seen| !holds(seen.opened.as_ref().unwrap(), NUMBER)), "mode B does not");
}

/// What comes of a look-up in mode P, once it is this: what is retrieved follows the registrations a little later.
#[cfg(feature = "pir")]
async fn comes_out(client: &Client, csi: &Csi, wanted: impl Fn(&Selection) -> bool) {
    let mut last = None;
    for _ in 0..120 {
        match client.look_up(csi, &options(LookUpMode::P)).await {
            Ok(found) if wanted(&found.selection) => return,
            // Not offered yet, or not anew.
            other => last = Some(other),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("in vain: {last:?}");
}

// req: UD03-10-01, UD03-11-01
#[cfg(feature = "pir")]
#[tokio::test(flavor = "multi_thread")]
async fn in_mode_p_found_opted_out_and_absent_come_out_right_and_no_party_sees_for_whom() {
    let world = World::start(1000).await;
    let (alice, bob) = (world.register("a.example", "alice").await, world.bob().await);
    let entry = |found: &Selection| matches!(found, Selection::Entry { entry, .. } if entry.msp == domain("b.example"));
    comes_out(&alice, &number(), entry).await;
    let reached = alice.find_by_identifier(&number(), &options(LookUpMode::P), false).await.unwrap();
    assert_eq!(reached.next, Next::AskForConsent(bob.user().clone()));

    // The same sizes whether or not there is a mapping, two tokens each, and nothing of the number or of Alice with anybody.
    let absent = Csi::parse("+12125551299").unwrap();
    let mut sizes = BTreeSet::new();
    for (csi, is_there) in [(number(), true), (absent, false)] {
        world.seen.lock().unwrap().clear();
        let before = alice.discovery_tokens(&domain(DP)).await.unwrap();
        let found = alice.look_up(&csi, &options(LookUpMode::P)).await.unwrap();
        assert_eq!(found.selection == Selection::NoMapping, !is_there);
        let after = alice.discovery_tokens(&domain(DP)).await.unwrap();
        assert_eq!((before + 10 - after) % 10, 2);
        let seen = world.seen.lock().unwrap().clone();
        let holds = |octets: &[u8], text: &[u8]| octets.windows(text.len()).any(|window| window == text);
        let (relay, dp): (Vec<_>, Vec<_>) = seen
            .iter()
            .filter(|seen| seen.path.contains("relay") || seen.path == paths::GATEWAY)
            .partition(|seen| seen.party == Party::Relay);
        assert_eq!((relay.len(), dp.len()), (2, 2), "an evaluation and a retrieval");
        for seen in relay {
            assert_eq!((seen.certificate.clone(), seen.opened.clone()), (None, None));
            assert!(!holds(&seen.body, csi.value().as_bytes()));
            sizes.insert((seen.body.len(), seen.answer.len()));
        }
        for seen in dp {
            assert_eq!(seen.certificate, Some(domain("relay.example")));
            let all = [seen.opened.clone().unwrap(), format!("{:?}", seen.headers).into_bytes()].concat();
            for secret in [csi.value().as_bytes(), &csi.key().0, b"alice", b"a.example"] {
                assert!(!holds(&all, secret));
            }
        }
    }
    assert_eq!(sizes.len(), 2, "one size of evaluations and one of retrievals: {sizes:?}");

    register(&bob, Vec::new()).await.unwrap();
    comes_out(&alice, &number(), |found| *found == Selection::OptedOut).await;
    bob.remove_mapping(&number(), None, None, None).await.unwrap();
    comes_out(&alice, &number(), |found| *found == Selection::NoMapping).await;
}

#[cfg(not(feature = "pir"))]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_without_mode_p_says_how_to_get_it() {
    let world = World::start(100).await;
    let alice = world.register("a.example", "alice").await;
    let refused = alice.look_up(&number(), &options(LookUpMode::P)).await.unwrap_err();
    assert!(matches!(refused, DiscoveryError::NoRetrieval), "{refused}");
    assert!(refused.to_string().contains("--features pir"), "{refused}");
}

// req: UD03-13-01
#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_so_many_look_ups_and_no_token_is_good_twice() {
    let world = World::start(3).await;
    let (alice, _bob) = (world.register("a.example", "alice").await, world.bob().await);
    alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
    assert_eq!(alice.discovery_tokens(&domain(DP)).await.unwrap(), 2, "the batch was cut to the quota");

    // A copy of the state file holds the same tokens.
    world.copy_state("alice", "copy");
    let copy = Client::open(&world.state("copy")).await.unwrap();
    alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
    let refused = copy.look_up(&number(), &options(LookUpMode::S)).await.unwrap_err();
    assert!(refused.is_token_refused(), "{refused}");

    alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
    let exhausted = alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap_err();
    assert!(matches!(&exhausted, DiscoveryError::NoTokens(text) if text.contains("all 3 tokens")), "{exhausted}");
    // Others have their own.
    let carol = world.register("a.example", "carol").await;
    carol.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
}

// req: UD03-10-01
#[tokio::test(flavor = "multi_thread")]
async fn who_opts_out_or_takes_the_mapping_back_is_not_found() {
    let world = World::start(100).await;
    let alice = world.register("a.example", "alice").await;
    let look_up = async || alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap().selection;
    assert_eq!(look_up().await, Selection::NoMapping);
    let bob = world.bob().await;
    assert!(matches!(look_up().await, Selection::Entry { .. }));
    register(&bob, Vec::new()).await.unwrap();
    assert_eq!(look_up().await, Selection::OptedOut);
    let reached = alice.find_by_identifier(&number(), &options(LookUpMode::S), true).await.unwrap();
    assert_eq!((reached.user, reached.next), (None, Next::Stop(NotReachable::OptedOut)));
    bob.remove_mapping(&number(), None, None, None).await.unwrap();
    assert_eq!(look_up().await, Selection::NoMapping);
    register(&bob, vec![MappingEntry::new(domain("b.example"), 0)]).await.unwrap();
    assert!(matches!(look_up().await, Selection::Entry { .. }));
    // Whom nobody trusts is not found, whatever the discovery provider trusts.
    let distrustful = LookUpOptions::default();
    assert!(matches!(alice.look_up(&number(), &distrustful).await, Err(DiscoveryError::Answer(_))));
    // Nobody else can register with the attestation of Bob's key.
    let attestation = attest(bob.discovery_key().await.unwrap());
    let name = MappingName::default();
    let theft = NewRegistration { attestation, dp: None, name, entries: Vec::new(), sealed: Vec::new() };
    assert!(matches!(alice.register_mapping(theft).await, Err(DiscoveryError::NotMyAttestation)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_issuing_key_is_for_discovery_providers_that_are_set_up() {
    let world = World::start(100).await;
    let key = world.speak_as(DP).get(&domain("a.example"), paths::ISSUING_KEY).await.unwrap();
    assert_eq!(IssuingKeys::from_bytes(&key).unwrap().keys().len(), 1);
    let other = world.speak_as(DP).get(&domain("b.example"), paths::ISSUING_KEY).await.unwrap();
    assert_ne!(key, other);
    for stranger in ["b.example", "relay.example", "other.example"] {
        let refused = world.speak_as(stranger).get(&domain("a.example"), paths::ISSUING_KEY).await;
        assert!(matches!(refused, Err(PeerError::Status { status: http::StatusCode::FORBIDDEN, .. })), "{stranger}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_starts_again_issues_with_the_same_key_and_has_not_forgotten_who_had_tokens() {
    let mut world = World::start(1).await;
    let (alice, _bob) = (world.register("a.example", "alice").await, world.bob().await);
    let key = world.speak_as(DP).get(&domain("a.example"), paths::ISSUING_KEY).await.unwrap();
    alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
    drop(alice);
    world.restart("a.example").await;
    assert_eq!(world.speak_as(DP).get(&domain("a.example"), paths::ISSUING_KEY).await.unwrap(), key);
    let alice = Client::open(&world.state("alice")).await.unwrap();
    let exhausted = alice.look_up(&number(), &options(LookUpMode::S)).await.unwrap_err();
    assert!(matches!(exhausted, DiscoveryError::NoTokens(_)), "{exhausted}");
    let carol = world.register("a.example", "carol").await;
    carol.look_up(&number(), &options(LookUpMode::S)).await.unwrap();
}

// req: UD03-13-03
#[tokio::test(flavor = "multi_thread")]
async fn the_issuing_key_changes_and_no_token_is_lost_or_good_twice() {
    let mut world = World::start(100).await;
    let (alice, _bob) = (world.register("a.example", "alice").await, world.bob().await);
    let look_up = async |client: &Client| client.look_up(&number(), &options(LookUpMode::S)).await;
    look_up(&alice).await.unwrap();
    world.copy_state("alice", "copy");
    drop(alice);
    world.change_key("a.example", KeySchedule::new(2, Some(Day::of(now()))).unwrap(), 2).await;

    // The tokens of the key before are still taken, once; who gets some now gets them of the new one.
    let (alice, copy) =
        (Client::open(&world.state("alice")).await.unwrap(), Client::open(&world.state("copy")).await.unwrap());
    look_up(&alice).await.unwrap();
    assert_eq!(alice.discovery_tokens(&domain(DP)).await.unwrap(), 8, "none was fetched");
    let refused = look_up(&copy).await.unwrap_err();
    assert!(refused.is_token_refused(), "{refused}");
    let carol = world.register("a.example", "carol").await;
    look_up(&carol).await.unwrap();
    world.copy_state("carol", "second");
    let second = Client::open(&world.state("second")).await.unwrap();
    look_up(&carol).await.unwrap();
    assert!(look_up(&second).await.unwrap_err().is_token_refused());

    // A change without a day ends the key before: its tokens are let go, and those of the new one stay good.
    drop((alice, carol));
    world.change_key("a.example", KeySchedule::new(2, None).unwrap(), 1).await;
    let alice = Client::open(&world.state("alice")).await.unwrap();
    look_up(&alice).await.unwrap();
    assert_eq!(alice.discovery_tokens(&domain(DP)).await.unwrap(), 9, "new ones were fetched");
    let carol = Client::open(&world.state("carol")).await.unwrap();
    look_up(&carol).await.unwrap();
    assert_eq!(carol.discovery_tokens(&domain(DP)).await.unwrap(), 7, "none was fetched");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_says_who_has_the_number_and_sees_no_question() {
    let world = World::start_under(100, Some("+1212")).await;
    let (alice, bob) = (world.register("a.example", "alice").await, world.bob().await);
    world.seen.lock().unwrap().clear();
    let reached = alice.find_by_identifier(&number(), &options(LookUpMode::S), false).await.unwrap();
    assert_eq!((reached.look_up.dp, reached.user.as_ref()), (domain(DP), Some(bob.user())));
    let asked: Vec<Seen> = world.seen.lock().unwrap().clone();
    let gateways: Vec<&Seen> = asked.iter().filter(|seen| seen.path == paths::GATEWAY).collect();
    assert_eq!(gateways.len(), 1, "the one who has the range, once");
    let elsewhere = Csi::parse("+49 30 901820").unwrap();
    let nobody = alice.look_up(&elsewhere, &options(LookUpMode::S)).await;
    assert!(matches!(nobody, Err(DiscoveryError::NobodyHasIt)), "{nobody:?}");
}
