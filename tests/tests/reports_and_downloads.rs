//! Franking, reports of abuse and downloads between running providers (draft-ietf-mimi-protocol-06 sections 5.4.1, 5.9 and 5.10.2).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::{
    body::{Body, Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use mimi_arch::{Domain, RoomUri};
use mimi_client::{Client, ClientConfig, ClientError, Event, Franking, ReportOptions, RoomOptions};
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite,
    codec::Wire as _,
    crypto::SignatureError,
    franking::FrankRefusal,
    http::client::{ClientError as PeerError, PeerAddress, ProviderClient, ProviderClientConfig},
    notify::{FanoutEvent, FanoutMessage},
    report_abuse::{AbuseReport, AbuseType},
    submit_message::Frank,
};
use mimi_provider::{
    AssetHost, AssetsConfig, Config, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, Provider,
    RunningProvider, SearchConfig, StoredReports, TlsConfig, UsersConfig, throwaway_ca::ThrowawayCa, tls::TlsIdentity,
};
use mimi_tests::{free_addresses, until};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const MIB: usize = 1 << 20;
const ASSETS: &str = "assets.b.example";

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

    fn config(&self, name: &str) -> Config {
        let domain: Domain = name.parse().unwrap();
        let [listen, client_listen] = self.addresses[&domain];
        Config {
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
            domain,
        }
    }

    async fn run(&self, config: Config) -> RunningProvider {
        let own = config.domain.clone();
        let others = self.addresses.iter().filter(|(other, _)| **other != own);
        let others: Vec<_> = others.map(|(other, [peer, _])| (other.clone(), *peer)).collect();
        Provider::bind(config).await.unwrap().serve(others).await.unwrap()
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

    /// Alice of a.example, the hub, and bob of b.example in a room.
    async fn room(&self, options: RoomOptions) -> (RoomUri, Client, Client) {
        let (alice, bob) = (self.register("a.example", "alice").await, self.register("b.example", "bob").await);
        let room = alice.create_room_with("clubhouse", options).await.unwrap();
        alice.add(&room, bob.user()).await.unwrap();
        until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
        (room, alice, bob)
    }
}

fn options(abuser: &Client, messages: Vec<AcceptedTimestamp>, note: &str) -> ReportOptions {
    let (abuser, reason) = (abuser.user().clone(), AbuseType::RESERVED);
    ReportOptions { abuser, messages, reason, note: note.into(), anonymous: false }
}

async fn verified(client: &Client) -> AcceptedTimestamp {
    let events = until(client, "a message", |event| matches!(event, Event::Message { .. })).await;
    match events.as_slice() {
        [Event::Message { accepted, franking: Franking::Verified, .. }] => *accepted,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_are_taken_under_old_and_new_secrets_and_survive_a_restart() {
    // req: MP06-5.4-06, MP06-5.4.1.2-06, MP06-5.4.1.3-06, MP06-5.9-01, MP06-5.9-08, MP06-5.9-09, MP06-5.9-13
    let scene = Scene::new(&["a.example", "b.example"]);
    let hub = scene.run(scene.config("a.example")).await;
    let follower = scene.run(scene.config("b.example")).await;
    let (room, alice, bob) = scene.room(RoomOptions { media_types: true, ..RoomOptions::default() }).await;

    assert!(alice.submit(&room, "under the first secret").await.unwrap().frank.is_some());
    let first = verified(&bob).await;
    hub.rotate_franking_key().await.unwrap();
    alice.send(&room, "under the second").await.unwrap();
    let second = verified(&bob).await;

    bob.report(&room, options(&alice, vec![first], "one")).await.unwrap();
    bob.report(&room, options(&alice, vec![first, second], "both")).await.unwrap();
    bob.report(&room, options(&alice, vec![first], "one")).await.unwrap();
    let reports = hub.reports(0, 10).await.unwrap();
    let notes: Vec<&str> = reports.iter().map(|report| report.report.note.as_str()).collect();
    assert_eq!(notes, ["one", "both"], "the same report twice is one");
    assert_eq!((reports[0].source.as_str(), &reports[0].room), ("b.example", &room));
    assert_eq!(follower.reports(0, 10).await.unwrap(), [], "it goes to the hub alone");

    // After a restart the hub still has both secrets and all reports.
    hub.stop().await;
    assert_eq!(StoredReports::open(&scene.config("a.example")).unwrap().list(0, 10).unwrap(), reports);
    let hub = scene.run(scene.config("a.example")).await;
    bob.report(&room, options(&alice, vec![second, first], "again")).await.unwrap();
    hub.drop_report(reports[0].id).await.unwrap();
    let left: Vec<String> = hub.reports(0, 10).await.unwrap().into_iter().map(|report| report.report.note).collect();
    assert_eq!(left, ["both", "again"]);

    // Whoever says that another user sent it is refused, and nothing is kept.
    let body = bob.prepare_report(&room, options(&alice, vec![first], "forged")).await.unwrap();
    let mut forged = AbuseReport::from_bytes(&body).unwrap();
    forged.alleged_abuser_uri = bob.user().into();
    let peer = scene.speak_as("b.example");
    let refusal = peer.report_abuse(&"a.example".parse().unwrap(), &room, &forged).await.unwrap_err();
    assert!(matches!(&refusal, PeerError::Status { status, .. } if *status == StatusCode::FORBIDDEN), "{refusal}");
    forged.messages[0].message_content = b"not content".to_vec();
    let refusal = peer.report_abuse(&"a.example".parse().unwrap(), &room, &forged).await.unwrap_err();
    assert!(matches!(&refusal, PeerError::Status { status, .. } if *status == StatusCode::BAD_REQUEST), "{refusal}");
    let nowhere: RoomUri = "mimi://a.example/r/nowhere".parse().unwrap();
    let refusal = peer.report_abuse(&"a.example".parse().unwrap(), &nowhere, &forged).await.unwrap_err();
    assert!(matches!(&refusal, PeerError::Status { status, .. } if *status == StatusCode::NOT_FOUND), "{refusal}");
    assert_eq!(hub.reports(0, 10).await.unwrap().len(), 2);
    hub.stop().await;
    follower.stop().await;
}

/// Changes the messages that wait for clients of a provider that does not run, in their order.
fn tamper(scene: &Scene, provider: &str, changes: &[fn(&mut FanoutMessage, &mut Option<Frank>)]) {
    let database = rusqlite::Connection::open(scene.path().join(format!("{provider}.db"))).unwrap();
    let rows: Vec<(i64, Vec<u8>)> = database
        .prepare("SELECT event, bytes FROM bodies ORDER BY event")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(rows.len(), changes.len());
    for ((id, octets), change) in rows.into_iter().zip(changes) {
        let mut fanout = FanoutMessage::from_bytes(&octets).unwrap();
        let FanoutEvent::Application { message, mut frank } = fanout.event.clone() else { panic!("{fanout:?}") };
        change(&mut fanout, &mut frank);
        fanout.event = FanoutEvent::Application { message, frank };
        let octets = fanout.to_bytes().unwrap();
        database.execute("UPDATE bodies SET bytes = ?2 WHERE event = ?1", rusqlite::params![id, octets]).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_changes_what_it_passes_on_is_found_out() {
    // req: MP06-5.4.1.3-01, MP06-5.4.1.3-02, MP06-5.4.1.3-04, MP06-5.4.1.4-02
    let scene = Scene::new(&["a.example", "b.example"]);
    let hub = scene.run(scene.config("a.example")).await;
    let follower = scene.run(scene.config("b.example")).await;
    let (room, alice, bob) = scene.room(RoomOptions::default()).await;
    let changes: [fn(&mut FanoutMessage, &mut Option<Frank>); 6] = [
        |_, _| {},
        |_, frank| frank.as_mut().unwrap().server_frank[0] ^= 1,
        |_, frank| frank.as_mut().unwrap().franking_integrity_signature[0] ^= 1,
        |fanout, _| fanout.timestamp.0 += 1,
        |_, frank| frank.as_mut().unwrap().franking_signature_ciphersuite.0 = 3,
        |_, frank| *frank = None,
    ];
    for number in 0..changes.len() {
        alice.send(&room, &format!("message {number}")).await.unwrap();
    }
    // All of them are at the follower once the last one is in bob's queue.
    let waiting = || {
        let database = rusqlite::Connection::open(scene.path().join("b.example.db")).unwrap();
        database.query_row("SELECT count(*) FROM queue", [], |row| row.get::<_, usize>(0)).unwrap()
    };
    for _ in 0..200 {
        if waiting() == changes.len() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    follower.stop().await;
    tamper(&scene, "b.example", &changes);
    let follower = scene.run(scene.config("b.example")).await;
    let events = bob.sync().await.unwrap();
    let worth: Vec<&Franking> = events
        .iter()
        .map(|event| match event {
            Event::Message { franking, .. } => franking,
            other => panic!("{other:?}"),
        })
        .collect();
    let invalid = Franking::Refused(FrankRefusal::Signature(SignatureError::Invalid));
    let suite = FrankRefusal::OtherCipherSuite { frank: CipherSuite(3), group: CipherSuite(1) };
    assert_eq!(
        worth,
        [
            &Franking::Verified,
            &invalid,
            &invalid,
            &invalid,
            &Franking::Refused(suite),
            &Franking::Refused(FrankRefusal::FrankMissing),
        ]
    );
    // What was not verified cannot be reported; what was can.
    assert_eq!(bob.reportable(&room, alice.user(), 10).await.unwrap().len(), 1);
    hub.stop().await;
    follower.stop().await;
}

/// A body that ends only when nobody takes it any more.
struct Endless;

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(Some(Ok(Frame::data(Bytes::from(vec![0; 16 * 1024])))))
    }
}

fn picture() -> Bytes {
    (0..MIB + 7).map(|index| u8::try_from(index % 251).unwrap()).collect()
}

/// What the asset server was asked: paths and header fields.
type Seen = Arc<Mutex<Vec<(String, HeaderMap)>>>;

async fn asset_server(scene: &Scene) -> (SocketAddr, Seen) {
    scene.ca.issue(&ASSETS.parse().unwrap()).unwrap().write_to(scene.path()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(scene.identity(ASSETS).client_api_server().unwrap()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let all = seen.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, seen) = (acceptor.clone(), all.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(move |request: Request<Incoming>| {
                    let path = request.uri().path().to_owned();
                    seen.lock().unwrap().push((path.clone(), request.headers().clone()));
                    async move { Ok::<_, Infallible>(serve(&path).await) }
                });
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, seen)
}

async fn serve(path: &str) -> Response<BoxBody<Bytes, Infallible>> {
    let redirect =
        |to: &str| Response::builder().status(302).header("location", to).body(Full::default().boxed()).unwrap();
    match path {
        "/picture" => Response::new(Full::from(picture()).boxed()),
        "/large" => Response::new(Full::from(vec![0; 3 * MIB]).boxed()),
        "/endless" => Response::new(Endless.boxed()),
        "/redirect" => redirect(&format!("https://{ASSETS}/picture")),
        "/home" => redirect("https://127.0.0.1/"),
        "/slow" => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Response::new(Full::default().boxed())
        }
        _ => Response::builder().status(404).body(Full::default().boxed()).unwrap(),
    }
}

async fn fetched(client: &Client, room: &RoomUri, url: &str) -> Result<Vec<u8>, ClientError> {
    let mut download = client.download(room, url).await?;
    let mut octets = Vec::new();
    while let Some(piece) = download.piece().await? {
        octets.extend(piece);
    }
    Ok(octets)
}

/// What the hub says to another provider that asks: the status and the octets that came.
async fn asked(peer: &ProviderClient, url: &str) -> (u16, Vec<u8>) {
    let mut octets = Vec::new();
    match peer.proxy_download(&"a.example".parse().unwrap(), url, 64 * MIB).await {
        Ok(mut download) => loop {
            match download.chunk().await {
                Ok(Some(piece)) => octets.extend_from_slice(&piece),
                Ok(None) => return (200, octets),
                Err(_) => return (0, octets),
            }
        },
        Err(PeerError::Status { status, .. }) => (status.as_u16(), octets),
        Err(other) => panic!("{other}"),
    }
}

fn hub_with_assets(scene: &Scene, address: SocketAddr, octets_per_hour: usize) -> Config {
    let mut config = scene.config("a.example");
    let host = |name: &str, address| AssetHost { host: name.parse().unwrap(), port: 443, address };
    // The second one is found by DNS, which says that it is this machine.
    let hosts = vec![host(ASSETS, Some(address)), host("localhost.localdomain", None)];
    config.assets.insert("b.example".parse().unwrap(), AssetsConfig { hosts });
    config.downloads =
        DownloadsConfig { octets: 2 * MIB as u64, seconds: 3, at_once: 2, octets_per_hour: octets_per_hour as u64 };
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_downloads_through_the_hub_which_tells_the_asset_provider_nothing() {
    // req: MP06-5.10.2-01, MP06-5.10.2-04, MP06-5.10.2-06
    let scene = Scene::new(&["a.example", "b.example"]);
    let (address, seen) = asset_server(&scene).await;
    let hub = scene.run(hub_with_assets(&scene, address, 64 * MIB)).await;
    let follower = scene.run(scene.config("b.example")).await;
    let (room, alice, bob) = scene.room(RoomOptions::default()).await;
    let url = format!("https://{ASSETS}/picture");
    assert!(fetched(&bob, &room, &url).await.unwrap() == picture(), "other octets than the server's");
    assert!(fetched(&alice, &room, &url).await.unwrap() == picture(), "the hub's own client, too");
    for (_, headers) in seen.lock().unwrap().iter() {
        for name in ["from", "referer", "cookie", "authorization", "user-agent", "x-forwarded-for"] {
            assert!(!headers.contains_key(name), "{name} is told: {headers:?}");
        }
    }
    // Only for rooms that the client is in, and only what the hub's rule permits.
    let other: RoomUri = "mimi://a.example/r/other".parse().unwrap();
    assert!(fetched(&bob, &other, &url).await.is_err());
    assert!(fetched(&bob, &room, "https://elsewhere.example/").await.is_err());
    assert!(fetched(&alice, &room, "https://elsewhere.example/").await.is_err());
    assert_eq!(seen.lock().unwrap().len(), 2);
    hub.stop().await;
    follower.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_is_no_open_proxy_and_gives_each_provider_its_share() {
    // req: MP06-5.10.2-02, MP06-5.10.2-03, MP06-5.10.2-05
    let scene = Scene::new(&["a.example", "b.example", "c.example"]);
    let (address, seen) = asset_server(&scene).await;
    let hub = scene.run(hub_with_assets(&scene, address, 8 * MIB)).await;
    let c = scene.speak_as("c.example");
    let at = |path: &str| format!("https://{ASSETS}{path}");
    assert_eq!(asked(&c, &at("/picture")).await, (200, picture().to_vec()));
    assert_eq!(asked(&c, &at("/missing")).await.0, 404);
    // Redirects are not followed, wherever they lead.
    assert_eq!(asked(&c, &at("/redirect")).await.0, 502);
    assert_eq!(asked(&c, &at("/home")).await.0, 502);
    assert_eq!(asked(&c, &at("/large")).await.0, 502, "announced as too large");
    let (status, octets) = asked(&c, &at("/endless")).await;
    assert!(status == 0 && octets.len() <= 2 * MIB, "{status} after {} octets", octets.len());
    assert_eq!(asked(&c, &at("/slow")).await.0, 504);
    let asked_for = seen.lock().unwrap().len();
    for (url, status) in [
        ("https://elsewhere.example/".to_owned(), 403),
        (format!("https://x.{ASSETS}/"), 403),
        (format!("https://{ASSETS}:8443/"), 403),
        (format!("http://{ASSETS}/picture"), 403),
        (format!("https://b.example@{ASSETS}/picture"), 403),
        ("https://127.0.0.1/".to_owned(), 403),
        ("https://[::1]/".to_owned(), 403),
        (format!("https://{ASSETS}/a b"), 400),
    ] {
        assert_eq!(asked(&c, &url).await.0, status, "{url}");
    }
    // A listed name whose address is not public.
    assert_eq!(asked(&c, "https://localhost.localdomain/").await.0, 502);
    assert_eq!(seen.lock().unwrap().len(), asked_for, "nothing of this reached a server");

    // More than the share of an hour is not to be had; another provider has its own.
    let mut last = 200;
    for _ in 0..8 {
        last = asked(&c, &at("/picture")).await.0;
    }
    assert_eq!(last, 429);
    assert_eq!(asked(&scene.speak_as("b.example"), &at("/picture")).await.0, 200);
    hub.stop().await;
}
