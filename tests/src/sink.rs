//! A provider that takes everything it is notified of and keeps none of it: how the tests count what a hub sends.

use std::{
    collections::{BTreeSet, hash_map::DefaultHasher},
    convert::Infallible,
    hash::{Hash, Hasher},
    net::{Ipv4Addr, SocketAddr},
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
use mimi_arch::Domain;
use mimi_protocol::{
    Wire,
    directory::{self, Directory, Endpoint},
    notify::{self, FanoutMessage},
};
use mimi_provider::tls::TlsIdentity;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_rustls::TlsAcceptor;

/// A provider that answers every notification with 201; it ends when dropped.
pub struct Sink {
    /// Where it listens.
    pub address: SocketAddr,
    counted: Arc<Counted>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counted {
    posts: AtomicUsize,
    /// Hashes of the messages: a hub that stops or is told nothing sends some of them once more.
    messages: Mutex<BTreeSet<u64>>,
}

impl Sink {
    /// Starts one under the name that the certificate has.
    pub async fn start(domain: &Domain, identity: &TlsIdentity) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("https://{domain}:{}", address.port());
        let directory = Bytes::from(Directory::of(&base, [Endpoint::Notify]).unwrap().to_json());
        let acceptor = TlsAcceptor::from(Arc::new(identity.peer_server().unwrap()));
        let counted = Arc::<Counted>::default();
        let counting = counted.clone();
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (acceptor, directory, counting) = (acceptor.clone(), directory.clone(), counting.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let service = service_fn(move |request| {
                        let (directory, counting) = (directory.clone(), counting.clone());
                        async move { Ok::<_, Infallible>(answer(request, directory, &counting).await) }
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, counted, task }
    }

    /// How many notifications came.
    pub fn posts(&self) -> usize {
        self.counted.posts.load(Ordering::SeqCst)
    }

    /// How many different messages were in them.
    pub fn messages(&self) -> usize {
        self.counted.messages.lock().unwrap().len()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(request: Request<Incoming>, directory: Bytes, counted: &Counted) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    if head.method == Method::GET {
        let response = Response::builder().header("content-type", directory::MEDIA_TYPE);
        return response.body(Full::new(directory)).unwrap();
    }
    let Ok(body) = body.collect().await else {
        // Who sent it is gone; nobody will read this.
        return Response::builder().status(400).body(Full::new(Bytes::new())).unwrap();
    };
    counted.posts.fetch_add(1, Ordering::SeqCst);
    let messages = notify::decode_all(&body.to_bytes()).unwrap_or_default();
    counted.messages.lock().unwrap().extend(messages.iter().map(hash));
    Response::builder().status(201).body(Full::new(Bytes::new())).unwrap()
}

fn hash(message: &FanoutMessage) -> u64 {
    let mut hasher = DefaultHasher::new();
    message.to_bytes().unwrap().hash(&mut hasher);
    hasher.finish()
}
