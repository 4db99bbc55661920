//! What the parties say to each other is encrypted with TLS 1.3, and with nothing earlier (R7).

use std::net::SocketAddr;
use std::sync::Arc;

use mimi_discovery_provider::{PeerError, Peers, paths};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::support::*;

/// Asks for the path, and gives the version that was agreed on and what came back.
async fn asked(
    mut tls: ClientConfig,
    name: &'static str,
    address: SocketAddr,
    path: &str,
) -> (Option<ProtocolVersion>, Vec<u8>) {
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
    let tcp = TcpStream::connect(address).await.unwrap();
    let Ok(mut stream) = connector.connect(ServerName::try_from(name).unwrap(), tcp).await else {
        return (None, Vec::new());
    };
    let version = stream.get_ref().1.protocol_version();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // Either may fail, when the other end has closed the connection.
    if stream.write_all(request.as_bytes()).await.is_ok() {
        let _ = stream.read_to_end(&mut answer).await;
    }
    (version, answer)
}

#[tokio::test]
async fn r7_everything_is_said_in_tls_1_3_and_nothing_in_an_earlier_version() {
    // req: UD03-12-01
    let world = World::new().await;
    let takes_both = provider_that_takes_both(&world).await;
    let parties = [
        (DP, world.dp.address(), paths::CONFIG),
        (RELAY, world.relay.address(), paths::RELAY),
        ("both.example", takes_both.address(), paths::CONFIG),
    ];
    for (name, address, path) in parties {
        let (version, answer) = asked(world.ca.tls_of(MSP, true, &[&TLS13]).client, name, address, path).await;
        assert_eq!(version, Some(ProtocolVersion::TLSv1_3), "{name}");
        assert!(answer.starts_with(b"HTTP/1.1 "), "{name}");

        let (_, answer) = asked(world.ca.tls_of(MSP, true, &[&TLS12]).client, name, address, path).await;
        assert_eq!(answer, b"", "{name} answers nobody in TLS 1.2");
    }
    // Not encrypted at all.
    let mut plain = TcpStream::connect(world.dp.address()).await.unwrap();
    plain.write_all(b"GET /discovery/0/config HTTP/1.1\r\nhost: dp.example\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "an alert of TLS at most");
}

/// A provider whose own TLS configuration would take TLS 1.2 as well.
async fn provider_that_takes_both(world: &World) -> mimi_discovery_provider::DiscoveryProvider {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&world.ca, "both.example", folder.path(), &Default::default(), Default::default());
    config.tls.server = world.ca.tls_of("both.example", true, &[&TLS12, &TLS13]).server;
    mimi_discovery_provider::DiscoveryProvider::serve(config, socket().await).await.unwrap()
}

#[tokio::test]
async fn r7_nobody_is_asked_in_an_earlier_version_than_tls_1_3() {
    // req: UD03-12-01
    let ca = Ca::new();
    for versions in [&[&TLS12][..], &[&TLS13, &TLS12]] {
        let refused = Peers::new(ca.tls_of(MSP, true, versions).client, &Default::default());
        assert!(matches!(refused, Err(PeerError::OtherTlsVersion)), "{versions:?}");
    }
    // Somebody who speaks TLS 1.2 alone cannot be asked.
    let sockets = socket().await;
    let peers =
        Peers::new(ca.tls(MSP, true).client, &[(domain("old.example"), sockets.local_addr().unwrap())].into()).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(ca.tls_of("old.example", true, &[&TLS12]).server);
    let old = tokio::spawn(async move {
        let (tcp, _) = sockets.accept().await.unwrap();
        acceptor.accept(tcp).await.is_ok()
    });
    assert!(matches!(peers.get(&domain("old.example"), paths::CONFIG).await, Err(PeerError::Http { .. })));
    assert!(!old.await.unwrap(), "no handshake");
}
