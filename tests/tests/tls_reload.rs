//! Certificates change under a running provider: new connections use the new ones, open ones go on, bad files change nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{fs, net::SocketAddr, sync::Arc, time::Duration};

use mimi_provider::{throwaway_ca::ThrowawayCa, tls::TlsIdentity};
use mimi_tests::process::{Scene, eventually, tls_table};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const SOON: Duration = Duration::from_secs(10);

type Certificate = Vec<u8>;

/// A connection as `b.example`, in HTTP/1.1.
async fn connect(identity: &TlsIdentity, to: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let mut config = identity.peer_client().unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    connect_with(config, to).await
}

async fn connect_with(config: rustls::ClientConfig, to: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from("a.example").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, TcpStream::connect(to).await?).await
}

fn certificate_of(stream: &TlsStream<TcpStream>) -> Certificate {
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

/// The status of the answer when the directory is asked for.
async fn ask(stream: &mut TlsStream<TcpStream>) -> std::io::Result<String> {
    let request =
        "GET /.well-known/mimi-protocol-directory HTTP/1.1\r\nHost: a.example\r\nFrom: mimi@b.example\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut octets = vec![0; 16 * 1024];
    let length = stream.read(&mut octets).await?;
    Ok(String::from_utf8_lossy(&octets[..length]).split(' ').nth(1).unwrap_or_default().to_owned())
}

/// Puts a new certificate of the authority in the place of the old one.
fn renew(scene: &Scene, ca: &ThrowawayCa) {
    ca.issue(&"a.example".parse().unwrap()).unwrap().write_to(scene.folder.path()).unwrap();
}

// req: DS06-12.1-01, DS06-12.1-02
#[tokio::test(flavor = "multi_thread")]
async fn sighup_brings_new_certificates_to_both_listeners_and_to_the_outgoing_side() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    let config =
        scene.configure("a.example", "", &format!("{}[admin]\nport = 0", tls_table("a.example", "poll_seconds = 0")));
    let served = scene.start("a.example");
    let peer = scene.peer_address("a.example");
    let clients: SocketAddr = scene.client_config("a.example", "x").endpoint["https://".len()..].parse().unwrap();
    let identity = scene.identity("b.example");
    assert!(config.exists());

    // A stand-in for b.example that notes the certificates shown to it.
    let (seen, mut shown) = mpsc::unbounded_channel::<Certificate>();
    let listener = TcpListener::bind(scene.peer_address("b.example")).await.unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(identity.peer_server().unwrap()));
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = seen.send(stream.get_ref().1.peer_certificates().unwrap()[0].to_vec());
            }
        }
    });
    let alice = scene.register("a.example", "alice").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    let bob = "mimi://b.example/u/bob".parse().unwrap();

    let mut before = connect(&identity, peer).await.unwrap();
    let first = certificate_of(&before);
    assert_eq!(ask(&mut before).await.unwrap(), "200");
    assert!(alice.add(&room, &bob).await.is_err(), "the stand-in has no key packages");
    assert_eq!(shown.recv().await.unwrap(), first);

    // A changed file alone changes nothing: polling is off.
    renew(&scene, &scene.ca);
    assert_eq!(certificate_of(&connect(&identity, peer).await.unwrap()), first);
    served.signal("HUP");
    eventually("loaded", SOON, || served.log().contains("loaded anew"));
    let mut after = connect(&identity, peer).await.unwrap();
    let second = certificate_of(&after);
    assert_ne!(second, first);
    assert_eq!(ask(&mut after).await.unwrap(), "200");
    let mut as_client = identity.peer_client().unwrap();
    as_client.alpn_protocols = vec![b"h2".to_vec()];
    assert_eq!(certificate_of(&connect_with(as_client, clients).await.unwrap()), second);
    while shown.try_recv().is_ok() {}
    assert!(alice.add(&room, &bob).await.is_err());
    assert_eq!(shown.recv().await.unwrap(), second, "the outgoing side shows the former certificate");
    // The connection from before goes on.
    assert_eq!(ask(&mut before).await.unwrap(), "200");

    // Bad files of three kinds: the ones in use stay.
    let good = fs::read(scene.path("a.example.key")).unwrap();
    let other = scene.ca.issue(&"b.example".parse().unwrap()).unwrap();
    let certificate = fs::read(scene.path("a.example.pem")).unwrap();
    let bad: [(&str, Vec<u8>); 3] = [
        ("a.example.key", b"no key at all".to_vec()),
        ("a.example.key", other.key.clone().into_bytes()),
        ("a.example.pem", b"".to_vec()),
    ];
    for (number, (file, octets)) in bad.into_iter().enumerate() {
        fs::write(scene.path(file), octets).unwrap();
        served.signal("HUP");
        let failed = "mimi_tls_reloads_total{result=\"failed\"}";
        eventually("refused", SOON, || served.metric(failed) == (number + 1) as f64);
        assert_eq!(certificate_of(&connect(&identity, peer).await.unwrap()), second);
        fs::write(scene.path("a.example.key"), &good).unwrap();
        fs::write(scene.path("a.example.pem"), &certificate).unwrap();
    }
    assert_eq!(served.log().matches("cannot be used; the former ones stay in use").count(), 3, "{}", served.log());
    assert_eq!(served.metric("mimi_tls_reloads_total{result=\"loaded\"}"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_files_are_noticed_and_new_authorities_decide_who_may_connect() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", &tls_table("a.example", "poll_seconds = 1"));
    let _served = scene.start("a.example");
    let peer = scene.peer_address("a.example");
    let former = scene.identity("b.example");
    let mut open = connect(&former, peer).await.unwrap();
    assert_eq!(ask(&mut open).await.unwrap(), "200");

    // Another authority for everybody.
    let next = ThrowawayCa::new("next").unwrap();
    let issued = next.issue(&"b.example".parse().unwrap()).unwrap();
    let newer = TlsIdentity::from_pem(&issued.certificate, &issued.key, next.certificate()).unwrap();
    assert!(connect(&newer, peer).await.is_err(), "the provider's certificate is of the former authority");
    renew(&scene, &next);
    next.write_to(scene.folder.path()).unwrap();
    let begun = std::time::Instant::now();
    let mut stream = loop {
        match connect(&newer, peer).await {
            Ok(stream) => break stream,
            Err(error) => assert!(begun.elapsed() < SOON, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(ask(&mut stream).await.unwrap(), "200");

    // A certificate of the former authority is no longer good, even for who would accept the provider's.
    let issued = scene.ca.issue(&"b.example".parse().unwrap()).unwrap();
    let stale = TlsIdentity::from_pem(&issued.certificate, &issued.key, next.certificate()).unwrap();
    let refused = match connect(&stale, peer).await {
        // In TLS 1.3 the client learns of it when it reads.
        Ok(mut stream) => ask(&mut stream).await.is_err(),
        Err(_) => true,
    };
    assert!(refused, "a certificate of the former authority is still accepted");
    assert_eq!(ask(&mut open).await.unwrap(), "200", "the open connection has ended");
}
