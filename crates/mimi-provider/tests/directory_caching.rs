//! How a peer's directory is kept (draft-ietf-mimi-protocol-06 section 5.1, RFC 9111), against a peer that counts who asks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mimi_arch::Domain;
use mimi_protocol::directory::{Directory, Endpoint};
use mimi_protocol::http::client::{PeerAddress, ProviderClient, ProviderClientConfig};
use mimi_protocol::http::server::{ResponseBody, created_response};
use mimi_provider::throwaway_ca::ThrowawayCa;
use mimi_provider::tls::TlsIdentity;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the peer answers with, and the If-None-Match of every request for its directory.
struct Peer {
    headers: &'static [(&'static str, &'static str)],
    asked: Vec<Option<String>>,
}

async fn respond(peer: Arc<Mutex<Peer>>, request: Request<Incoming>) -> Result<Response<ResponseBody>, Infallible> {
    let condition = request.headers().get("if-none-match").map(|value| value.to_str().unwrap().to_owned());
    let mut peer = peer.lock().unwrap();
    let matched = condition.as_deref() == Some("\"one\"");
    peer.asked.push(condition);
    let mut response = created_response();
    *response.status_mut() = if matched { 304 } else { 200 }.try_into().unwrap();
    if !matched {
        let mut directory = Directory::of("https://a.example", [Endpoint::Update]).unwrap().to_json();
        directory.insert_str(1, "\"futureEndpoint\": {\"x\": 1},");
        *response.body_mut() = Bytes::from(directory).into();
    }
    for (name, value) in peer.headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    Ok(response)
}

async fn start(headers: &'static [(&'static str, &'static str)]) -> (Arc<Mutex<Peer>>, ProviderClient, Domain) {
    let ca = ThrowawayCa::new("caching").unwrap();
    let (own, domain): (Domain, Domain) = ("d.example".parse().unwrap(), "a.example".parse().unwrap());
    let identity = |domain: &Domain| {
        let pem = ca.issue(domain).unwrap();
        TlsIdentity::from_pem(&pem.certificate, &pem.key, ca.certificate()).unwrap()
    };
    let acceptor = TlsAcceptor::from(Arc::new(identity(&domain).peer_server().unwrap()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let socket = listener.local_addr().unwrap();
    let peer = Arc::new(Mutex::new(Peer { headers, asked: Vec::new() }));
    let served = peer.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, peer) = (acceptor.clone(), served.clone());
            tokio::spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                let service = service_fn(move |request| respond(peer.clone(), request));
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    let mut config = ProviderClientConfig::new(own.clone(), identity(&own).peer_client().unwrap());
    config.peers.insert(domain.clone(), PeerAddress { socket });
    (peer, ProviderClient::new(config).unwrap(), domain)
}

/// The conditions of the requests that three uses of the directory cost.
async fn three_uses(headers: &'static [(&'static str, &'static str)]) -> Vec<Option<String>> {
    let (peer, client, domain) = start(headers).await;
    for _ in 0..3 {
        let directory = client.directory(&domain).await.unwrap();
        assert!(directory.get(Endpoint::Update).is_some());
        assert!(directory.other().contains_key("futureEndpoint"), "unknown members are kept");
    }
    peer.lock().unwrap().asked.clone()
}

#[tokio::test]
async fn a_fresh_directory_is_not_asked_for_again() {
    // req: MP06-5.1-02
    assert_eq!(three_uses(&[("cache-control", "max-age=60")]).await, [None]);
    assert_eq!(three_uses(&[]).await, [None]);
}

#[tokio::test]
async fn a_stale_directory_is_validated_by_its_tag() {
    // req: MP06-5.1-02
    let tag = || Some("\"one\"".to_owned());
    for headers in [
        &[("cache-control", "no-cache"), ("etag", "\"one\"")][..],
        &[("expires", "0"), ("etag", "\"one\"")],
        &[("cache-control", "max-age=60"), ("age", "60"), ("etag", "\"one\"")],
    ] {
        assert_eq!(three_uses(headers).await, [None, tag(), tag()], "{headers:?}");
    }
}

#[tokio::test]
async fn what_must_not_be_stored_is_asked_for_each_time_anew() {
    // req: MP06-5.1-02
    let headers = &[("cache-control", "no-store"), ("etag", "\"one\"")];
    assert_eq!(three_uses(headers).await, [None, None, None]);
}
