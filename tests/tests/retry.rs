//! The hub repeats a notification until the follower takes it (draft-ietf-mimi-protocol-06 section 5.5), with back-off, honouring
//! Retry-After; the follower answers 201 to an exact duplicate and does nothing more with it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use mimi_arch::Domain;
use mimi_client::{Client, ClientConfig, Event};
use mimi_protocol::http::client::{NotifyOutcome, PeerAddress, ProviderClient, ProviderClientConfig};
use mimi_provider::{
    Config, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, Provider, RunningProvider, SearchConfig,
    TlsConfig, UsersConfig, throwaway_ca::ThrowawayCa, tls::TlsIdentity,
};
use mimi_tests::{free_addresses, messages, until};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

struct Scene {
    folder: tempfile::TempDir,
    ca: ThrowawayCa,
    addresses: BTreeMap<Domain, [SocketAddr; 2]>,
}

impl Scene {
    fn new(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = ThrowawayCa::new("tests").unwrap();
        ca.write_to(folder.path()).unwrap();
        let mut addresses = BTreeMap::new();
        for name in names {
            let domain: Domain = name.parse().unwrap();
            ca.issue(&domain).unwrap().write_to(folder.path()).unwrap();
            addresses.insert(domain, free_addresses());
        }
        Self { folder, ca, addresses }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn identity(&self, name: &str) -> TlsIdentity {
        let file = |suffix: &str| self.path().join(format!("{name}.{suffix}"));
        TlsIdentity::from_files(&file("pem"), &file("key"), &self.path().join("ca.pem")).unwrap()
    }

    async fn run(&self, name: &str) -> RunningProvider {
        let domain: Domain = name.parse().unwrap();
        let [listen, client_listen] = self.addresses[&domain];
        let config = Config {
            listen,
            client_listen,
            database: self.path().join(format!("{name}.db")),
            tls: TlsConfig {
                certificate: self.path().join(format!("{name}.pem")),
                key: self.path().join(format!("{name}.key")),
                authorities: self.path().join("ca.pem"),
            },
            peers: BTreeMap::new(),
            limits: LimitsConfig::default(),
            franking: FrankingConfig::default(),
            assets: BTreeMap::new(),
            downloads: DownloadsConfig::default(),
            users: UsersConfig::default(),
            search: SearchConfig::default(),
            discovery: mimi_provider::DiscoveryConfig::default(),
            operation: OperationConfig::default(),
            domain: domain.clone(),
        };
        let others = self
            .addresses
            .iter()
            .filter(|(other, _)| **other != domain)
            .map(|(other, [peer, _])| (other.clone(), *peer));
        Provider::bind(config).await.unwrap().serve(others.collect::<Vec<_>>()).await.unwrap()
    }

    async fn register(&self, name: &str, user: &str) -> Client {
        let domain: Domain = name.parse().unwrap();
        let config = ClientConfig {
            state: self.path().join(format!("{user}.sqlite")),
            endpoint: format!("https://{}", self.addresses[&domain][1]),
            domain,
            ca_pem: self.ca.certificate().as_bytes().to_vec(),
        };
        Client::register(config, user, "one", None).await.unwrap()
    }

    /// The test itself, speaking as the provider.
    fn speak_as(&self, name: &str) -> ProviderClient {
        let tls = self.identity(name).peer_client().unwrap();
        let mut config = ProviderClientConfig::new(name.parse().unwrap(), tls);
        config.peers =
            self.addresses.iter().map(|(domain, [peer, _])| (domain.clone(), PeerAddress { socket: *peer })).collect();
        ProviderClient::new(config).unwrap()
    }
}

/// What the stand-in follower saw.
type Seen = Arc<Mutex<Vec<(Instant, Bytes)>>>;

/// A follower that answers 503 with `Retry-After` to the first notification and 201 to the following ones.
async fn busy_follower(scene: &Scene, name: &str, retry_after: &'static str) -> (Seen, JoinHandle<()>) {
    let [address, _] = scene.addresses[&name.parse::<Domain>().unwrap()];
    let listener = TcpListener::bind(address).await.unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(scene.identity(name).peer_server().unwrap()));
    let seen = Seen::default();
    let all = seen.clone();
    let task = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, seen) = (acceptor.clone(), all.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: Request<Incoming>| {
                    let seen = seen.clone();
                    async move {
                        assert!(request.uri().path().contains("/notify/"), "{}", request.uri());
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let first = {
                            let mut seen = seen.lock().unwrap();
                            seen.push((Instant::now(), body));
                            seen.len() == 1
                        };
                        let response = Response::builder();
                        let response = if first {
                            response.status(StatusCode::SERVICE_UNAVAILABLE).header("retry-after", retry_after)
                        } else {
                            response.status(StatusCode::CREATED)
                        };
                        Ok::<_, Infallible>(response.body(Full::new(Bytes::new())).unwrap())
                    }
                });
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (seen, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_retries_while_a_follower_is_down_and_the_follower_drops_exact_duplicates() {
    // req: MP06-5.5-25, MP06-5.5-26, MP06-5.5-27, MP06-5.5-28, MP06-5.5-29
    let scene = Scene::new(&["a.example", "d.example"]);
    let hub = scene.run("a.example").await;
    let follower = scene.run("d.example").await;
    let alice = scene.register("a.example", "alice").await;
    let dora = scene.register("d.example", "dora").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, dora.user()).await.unwrap();
    until(&dora, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;

    // Nobody listens: connections are refused. Then the real follower is back and gets everything once.
    follower.stop().await;
    for number in 0..3 {
        alice.send(&room, &format!("while away {number}")).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let follower = scene.run("d.example").await;
    let mut got = Vec::new();
    while got.len() < 3 {
        got.extend(messages(&until(&dora, "a message", |event| matches!(event, Event::Message { .. })).await));
    }
    let texts: Vec<&str> = got.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["while away 0", "while away 1", "while away 2"]);

    // The follower is busy and says for how long.
    follower.stop().await;
    let (seen, stand_in) = busy_follower(&scene, "d.example", "2").await;
    alice.send(&room, "after the pause").await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), async {
        while seen.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the hub tries again");
    let recorded = seen.lock().unwrap().clone();
    let pause = recorded[1].0.duration_since(recorded[0].0);
    assert!(pause >= Duration::from_secs(2), "Retry-After: 2, tried again after {pause:?}");
    assert!(pause < Duration::from_secs(10), "Retry-After: 2, tried again only after {pause:?}");
    assert_eq!(recorded[0].1, recorded[1].1, "the repeated request differs");

    // What the stand-in took is sent to the real follower, three times over: 201 each time, delivered once.
    stand_in.abort();
    let _ = stand_in.await;
    hub.stop().await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let follower = scene.run("d.example").await;
    let as_hub = scene.speak_as("a.example");
    for _ in 0..3 {
        let outcome = as_hub.notify(&"d.example".parse().unwrap(), &room, recorded[0].1.to_vec()).await.unwrap();
        assert!(matches!(outcome, NotifyOutcome::Accepted), "{outcome:?}");
    }
    let texts: Vec<String> = messages(&dora.sync().await.unwrap()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["after the pause"]);
    follower.stop().await;
}
