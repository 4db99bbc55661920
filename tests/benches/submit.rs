//! How many submitMessage requests a second a provider answers over mutual TLS on loopback, beside a bare hyper server with the same TLS, body
//! and answer size. `cargo bench -p mimi-tests --bench submit`.
//!
//! The same load comes to both, in turns: 64 connections and more, each with one request under way. The provider does all that a hub does: it decides,
//! franks, stores with a flush to the disk, and notifies one follower, which takes everything. Server, load and follower share the machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, client::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use mimi_arch::RoomUri;
use mimi_ds::{Effect, SqliteStore, Store, hub::Routes};
use mimi_protocol::{
    IdentifierUri, Wire,
    directory::{Directory, Endpoint},
    franking::FrankingTag,
    submit_message::SubmitMessageRequest,
    update::UpdateRequest,
};
use mimi_provider::{
    Config, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, Provider, RunningProvider, SearchConfig,
    TlsConfig, UsersConfig, throwaway_ca::ThrowawayCa, tls::TlsIdentity,
};
use mimi_tests::{process::get, sink::Sink};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

#[allow(dead_code, unused_imports)]
#[path = "../../crates/mimi-ds/tests/it/support.rs"]
mod support;

use support::{Client, Commit, NOW, Room, RoomShape, adding, domain, hub_identity};

/// How many connections there are, each with one request under way: of the first the bar is, more share a flush among more.
const CONNECTIONS: [usize; 3] = [64, 256, 1024];
const TURNS: usize = 3;

/// The provider's answer to a message that it franks has about so many octets.
const ANSWER: usize = 230;

/// A room of alice with bob of b.example, in the provider's database; and a request with a message of 1 KB of his.
fn room(path: &Path) -> (RoomUri, Bytes) {
    let store = SqliteStore::open(path).unwrap();
    let uri: RoomUri = "mimi://a.example/r/clubhouse".parse().unwrap();
    let mut alice = Client::new("mimi://a.example/d/alice/1");
    let (info, tree) = alice.create(&RoomShape::franked(&alice));
    let (mut room, created) = Room::create(NOW, &hub_identity(), &alice.uri, uri.clone(), info, &tree).unwrap();
    let bob = Client::new("mimi://b.example/d/bob/1");
    let key_package = bob.key_package();
    let routes = Routes::from([(key_package.reference().unwrap(), domain("b.example"))]);
    let list = vec![adding(&[&bob.user()])];
    let bundle = alice.commit(Commit { adds: vec![key_package], list, ..Default::default() });
    let added = room.update(NOW, &domain("a.example"), &UpdateRequest(bundle), &routes).unwrap();
    alice.confirm();
    let effects = [Effect::PutProviderKey { seed: [9; 32] }].into_iter().chain(created.effects).chain(added.effects);
    store.commit(effects.filter(|effect| !matches!(effect, Effect::Enqueue { .. })).collect()).unwrap();
    let app_message = alice.seal_tagged(&"x".repeat(1000), &FrankingTag::from([7; 32]));
    let request = SubmitMessageRequest { app_message, sending_uri: IdentifierUri::from(bob.user()) };
    (uri, request.to_bytes().unwrap().into())
}

fn config(folder: &Path) -> Config {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Config {
        domain: domain("a.example"),
        listen: any_port,
        client_listen: any_port,
        database: folder.join("a.db"),
        tls: TlsConfig {
            certificate: folder.join("a.example.pem"),
            key: folder.join("a.example.key"),
            authorities: folder.join("ca.pem"),
        },
        peers: BTreeMap::new(),
        limits: LimitsConfig::default(),
        franking: FrankingConfig::default(),
        assets: BTreeMap::new(),
        downloads: DownloadsConfig::default(),
        users: UsersConfig::default(),
        search: SearchConfig::default(),
        discovery: mimi_provider::DiscoveryConfig::default(),
        operation: OperationConfig { rates: None, admin: Some(any_port), ..OperationConfig::default() },
    }
}

/// A server that reads the body and answers.
async fn bare(identity: &TlsIdentity) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(identity.peer_server().unwrap()));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = service_fn(|request: Request<Incoming>| async {
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    assert!(body.len() > 1000);
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(&[7; ANSWER]))))
                });
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

/// Requests a second that are answered with 200.
async fn load(
    (address, connections): (SocketAddr, usize),
    identity: &TlsIdentity,
    path: &str,
    body: &Bytes,
    time: Duration,
) -> f64 {
    let connector = TlsConnector::from(Arc::new(identity.peer_client().unwrap()));
    let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut loads = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream = connector.connect("a.example".try_into().unwrap(), stream).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let (stop, answered) = (stop.clone(), answered.clone());
        let (path, body) = (path.to_owned(), body.clone());
        loads.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let request = Request::post(&path)
                    .header(header::HOST, "a.example")
                    .header(header::FROM, "mimi@b.example")
                    .body(Full::new(body.clone()))
                    .unwrap();
                let response = sender.send_request(request).await.unwrap();
                let status = response.status();
                let answer = response.into_body().collect().await.unwrap().to_bytes();
                assert!(status == 200, "{status}: {}", String::from_utf8_lossy(&answer));
                answered.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    // Handshakes and the first requests are not counted.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (before, begun) = (answered.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(time).await;
    let (after, time) = (answered.load(Ordering::Relaxed), begun.elapsed());
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = loads.join_next().await {
        ended.unwrap();
    }
    (after - before) as f64 / time.as_secs_f64()
}

fn metric(provider: &RunningProvider, name: &str) -> f64 {
    let (_, text) = get(provider.admin_address().unwrap(), "/metrics");
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).map_or(0.0, |value| value.parse().unwrap())
}

async fn measure(time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let ca = ThrowawayCa::new("bench").unwrap();
    ca.write_to(folder.path()).unwrap();
    let [a, b] = ["a.example", "b.example"].map(|name| {
        let pem = ca.issue(&domain(name)).unwrap();
        pem.write_to(folder.path()).unwrap();
        TlsIdentity::from_pem(&pem.certificate, &pem.key, ca.certificate()).unwrap()
    });
    let (room, body) = room(&folder.path().join("a.db"));
    let follower = Sink::start(&domain("b.example"), &b).await;
    let peers = [(domain("b.example"), follower.address)];
    let provider = Provider::bind(config(folder.path())).await.unwrap().serve(peers).await.unwrap();
    let bare = bare(&a).await;
    let directory = Directory::of("https://a.example", [Endpoint::SubmitMessage]).unwrap();
    let url = directory.expand(Endpoint::SubmitMessage, room.as_str()).unwrap();
    let path = url.strip_prefix("https://a.example").unwrap();

    println!("submitMessage with {} octets, medians of {TURNS} turns of {time:?}", body.len());
    println!(
        "| connections | bare hyper, 1/s | provider, 1/s | ratio | decisions in a transaction | messages in a notify |"
    );
    println!("|---|---|---|---|---|---|");
    let counted = || {
        let of = |what: &str| metric(&provider, &format!("mimi_store_commit_decisions_{what}"));
        [of("sum"), of("count"), follower.messages() as f64, follower.posts() as f64]
    };
    for connections in CONNECTIONS {
        let before = counted();
        let mut rates = [Vec::new(), Vec::new()];
        for _ in 0..TURNS {
            rates[0].push(load((bare, connections), &b, path, &body, time).await);
            rates[1].push(load((provider.peer_address(), connections), &b, path, &body, time).await);
            // What is left for the follower goes out before the bare server has its turn.
            while follower.messages() < metric(&provider, "mimi_accepted_total{kind=\"message\"}") as usize {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        let [bare, ours] = rates.map(|mut rates| {
            rates.sort_unstable_by(f64::total_cmp);
            rates[TURNS / 2]
        });
        let after = counted();
        let [decisions, transactions, messages, posts] = std::array::from_fn(|at| after[at] - before[at]);
        println!(
            "| {connections} | {bare:.0} | {ours:.0} | {:.2} | {:.1} | {:.1} |",
            ours / bare,
            decisions / transactions,
            messages / posts
        );
    }
    provider.stop().await;
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let time = if quick { Duration::from_millis(200) } else { Duration::from_secs(4) };
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(measure(time));
}
