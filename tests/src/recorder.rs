//! A party between two providers that hands everything on and keeps a copy of each request: how the tests come by requests that
//! are real in every octet.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use mimi_provider::tls::TlsIdentity;
use tokio::{net::TcpListener, sync::Notify, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// A request as one provider sent it to another.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The path.
    pub path: String,
    /// The body.
    pub body: Bytes,
}

impl Recorded {
    /// The endpoint's name in the path.
    pub fn endpoint(&self) -> &str {
        self.path.split('/').rev().nth(1).unwrap_or_default()
    }
}

/// All requests that went by, in order.
pub type Log = Arc<Mutex<Vec<Recorded>>>;

/// Speaks to one provider in the name of another.
#[derive(Clone)]
pub struct Speaker {
    client: reqwest::Client,
    base: String,
    from: String,
}

impl Speaker {
    /// Speaks as `from` (with its certificate) to `to` at an address.
    pub fn new(from: &str, identity: &TlsIdentity, to: &str, address: SocketAddr) -> Self {
        let mut tls = identity.peer_client().unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .resolve(to, address)
            .http2_prior_knowledge()
            .build()
            .unwrap();
        Self { client, base: format!("https://{to}:{}", address.port()), from: format!("mimi@{from}") }
    }

    /// The same provider behind another port.
    fn base_at(&self, port: u16) -> String {
        let (host, _) = self.base.rsplit_once(':').unwrap();
        format!("{host}:{port}")
    }

    /// Sends a request and gives status and body; an error is that of the connection.
    ///
    /// # Errors
    /// The connection ended without an answer.
    pub async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<(u16, Bytes), reqwest::Error> {
        let url = format!("{}{path}", self.base);
        let response = self.client.request(method, url).header("from", &self.from).body(body).send().await?;
        Ok((response.status().as_u16(), response.bytes().await?))
    }
}

/// Stands in for the provider that `identity` belongs to, hands every request on through `upstream` and answers as that does.
pub fn record(listener: TcpListener, identity: &TlsIdentity, upstream: Speaker) -> (Log, JoinHandle<()>) {
    record_losing(listener, identity, upstream, 0)
}

/// The same, but the first `lost` posts are handed on and their answers lost: the connection ends instead.
pub fn record_losing(
    listener: TcpListener,
    identity: &TlsIdentity,
    upstream: Speaker,
    lost: usize,
) -> (Log, JoinHandle<()>) {
    let acceptor = TlsAcceptor::from(Arc::new(identity.peer_server().unwrap()));
    let own_port = listener.local_addr().unwrap().port();
    let log = Log::default();
    let all = log.clone();
    let task = tokio::spawn(async move {
        let answers = Arc::new(AtomicUsize::new(0));
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, log, upstream) = (acceptor.clone(), all.clone(), upstream.clone());
            let answers = answers.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let cut = Arc::new(Notify::new());
                let lose = cut.clone();
                let service = service_fn(move |request: Request<Incoming>| {
                    let (log, upstream, lose) = (log.clone(), upstream.clone(), lose.clone());
                    let answers = answers.clone();
                    async move {
                        let is_post = request.method() == Method::POST;
                        let answer = hand_on(request, own_port, &log, &upstream).await;
                        if is_post && answers.fetch_add(1, Ordering::Relaxed) < lost {
                            lose.notify_one();
                            std::future::pending::<()>().await;
                        }
                        Ok::<_, Infallible>(answer)
                    }
                });
                let builder = auto::Builder::new(TokioExecutor::new());
                tokio::select! {
                    _ = builder.serve_connection(TokioIo::new(stream), service) => {}
                    () = cut.notified() => {}
                }
            });
        }
    });
    (log, task)
}

/// The directory that comes back names the stand-in's port, so that requests to the endpoints come by, too.
async fn hand_on(request: Request<Incoming>, own_port: u16, log: &Log, upstream: &Speaker) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // Who sent it is gone; nobody will read this.
        return Response::builder().status(502).body(Full::new(Bytes::new())).unwrap();
    };
    let body = body.to_bytes();
    let path = parts.uri.path().to_owned();
    if parts.method == Method::POST {
        log.lock().unwrap().push(Recorded { path: path.clone(), body: body.clone() });
    }
    let is_directory = parts.method == Method::GET;
    match upstream.send(parts.method, &path, body).await {
        Ok((status, body)) if is_directory => {
            let text = String::from_utf8(body.to_vec()).unwrap().replace(&upstream.base, &upstream.base_at(own_port));
            let response = Response::builder().status(status).header("content-type", "application/json");
            response.body(Full::new(Bytes::from(text))).unwrap()
        }
        Ok((status, body)) => Response::builder().status(status).body(Full::new(body)).unwrap(),
        Err(_) => Response::builder().status(502).body(Full::new(Bytes::new())).unwrap(),
    }
}
