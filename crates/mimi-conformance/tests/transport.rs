//! The transport checks against two made-up providers: a careful one, against which all have to pass, and a careless one,
//! against which those have to fail that are there to find it out. A check that cannot fail checks nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use mimi_conformance::{ProviderTarget, Report, Target, TestIdentity};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const DOMAIN: &str = "a.example";

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn identity(authority: &Authority, domain: &str) -> TestIdentity {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![domain.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    TestIdentity {
        domain: domain.parse().unwrap(),
        certificate_pem: certificate.pem().into_bytes(),
        key_pem: key.serialize_pem().into_bytes(),
    }
}

/// How a made-up provider behaves.
#[derive(Clone, Copy, PartialEq)]
enum Manners {
    /// Asks for a client certificate and looks at Host and From.
    Careful,
    /// Takes anyone, and looks at nothing.
    Careless,
}

fn tls(authority: &Authority, manners: Manners) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match manners {
        Manners::Careful => builder.with_client_cert_verifier(
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
        ),
        Manners::Careless => builder.with_no_client_auth(),
    };
    let own = identity(authority, DOMAIN);
    let chain = CertificateDer::pem_slice_iter(&own.certificate_pem).collect::<Result<Vec<_>, _>>().unwrap();
    let mut config = builder.with_single_cert(chain, PrivateKeyDer::from_pem_slice(&own.key_pem).unwrap()).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn answer(status: u16, media_type: &str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    Response::builder().status(status).header("content-type", media_type).body(Full::new(body.into())).unwrap()
}

fn is_in_order(request: &Request<Incoming>) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let host = request.uri().authority().map(ToString::to_string).or_else(|| header("host")).unwrap_or_default();
    host.split(':').next() == Some(DOMAIN) && header("from").as_deref() == Some("mimi@d.example")
}

async fn respond(manners: Manners, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let in_order = is_in_order(&request);
    let path = request.uri().path().to_owned();
    request.into_body().collect().await.unwrap();
    if manners == Manners::Careful && !in_order {
        return answer(403, "application/problem+json", r#"{"status":403,"title":"Not you, or not me"}"#);
    }
    if path == "/.well-known/mimi-protocol-directory" {
        let directory = r#"{
            "keyMaterial": "https://a.example/k/{targetUser}", "update": "https://a.example/u/{roomId}",
            "submitMessage": "https://a.example/s/{roomId}", "notify": "https://a.example/n/{roomId}",
            "groupInfo": "https://a.example/g/{roomId}", "reportAbuse": "https://a.example/r/{roomId}"
        }"#;
        return answer(200, "application/json", directory);
    }
    // A KeyMaterialResponse: mls10, userUnknown, no URI, no clients.
    answer(200, "application/octet-stream", vec![1, 4, 0, 0])
}

async fn serve(authority: &Authority, manners: Manners) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls(authority, manners)));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service =
                    service_fn(move |request| async move { Ok::<_, Infallible>(respond(manners, request).await) });
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

async fn transport_checks(manners: Manners) -> Report {
    let known = authority();
    let peer_address = serve(&known, manners).await;
    let target = Target {
        providers: vec![ProviderTarget {
            domain: DOMAIN.parse().unwrap(),
            peer_address,
            client_endpoint: "https://127.0.0.1:1".to_owned(),
        }],
        ca_pem: known.pem().into_bytes(),
        suite: identity(&known, "d.example"),
        foreign: identity(&authority(), "d.example"),
        scratch: std::env::temp_dir(),
        body_limit: 1024,
        discovery: None,
    };
    mimi_conformance::run_groups(&target, &["transport"], &mut |_| {}).await
}

#[tokio::test]
async fn a_careful_provider_passes_every_transport_check() {
    let report = transport_checks(Manners::Careful).await;
    // The made-up provider has one domain, so there is no other one to put into From but its own, which is wrong as well.
    let bad: Vec<String> = report
        .results
        .iter()
        .filter(|result| !result.outcome.is_passed())
        .map(|result| format!("{}: {}", result.id, result.outcome.detail()))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[tokio::test]
async fn a_careless_provider_is_found_out() {
    let report = transport_checks(Manners::Careless).await;
    let failed: BTreeSet<&str> =
        report.results.iter().filter(|result| result.outcome.is_failed()).map(|result| result.id).collect();
    let expected = BTreeSet::from([
        "transport.s4.1.no-client-certificate",
        "transport.s4.1.foreign-authority",
        "transport.s4.1.from-other-domain",
        "transport.s4.1.from-missing",
        "transport.s4.1.from-malformed",
        "transport.s4.1.host-other",
    ]);
    assert_eq!(failed, expected, "{report:#?}");
    assert_eq!(report.passed() + report.failed(), report.results.len());
}
