//! Accepting connections: TLS, HTTP/1.1 and HTTP/2, with limits on time and size.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use mimi_arch::Domain;
use mimi_protocol::http::server::PeerIdentity;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::tls;

/// How long a handshake, the head of a request, and its body may take.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How long requests under way get after a stop.
const STOP_TIME: Duration = Duration::from_secs(5);
/// Octets of the largest request: a push of 1,024 records.
const MAX_BODY: usize = 2 << 20;
/// How many requests one connection makes at the same time.
const STREAMS: u32 = 64;

/// The TLS configurations of a party.
#[derive(Clone, Debug)]
pub struct Tls {
    /// For the listener. Connections of an earlier version than TLS 1.3 are closed even if it takes them.
    pub server: Arc<rustls::ServerConfig>,
    /// For connections to others, with the party's own certificate; offers TLS 1.3 alone ([`crate::Peers::new`]).
    pub client: rustls::ClientConfig,
}

/// A request with what is known of who sent it.
pub(crate) struct Inbound {
    pub(crate) from: IpAddr,
    /// The domains of the certificate that was shown; none when none was.
    pub(crate) names: Vec<Domain>,
    pub(crate) head: http::request::Parts,
    pub(crate) body: Bytes,
}

/// An answer with its media type.
pub(crate) struct Outbound {
    pub(crate) status: StatusCode,
    pub(crate) media_type: &'static str,
    pub(crate) body: Vec<u8>,
}

/// Of objects of the profile.
pub(crate) const WIRE: &str = "application/octet-stream";
/// Of reasons for a person.
const TEXT: &str = "text/plain; charset=utf-8";

impl Outbound {
    pub(crate) const fn wire(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, media_type: WIRE, body }
    }

    pub(crate) fn refused(status: StatusCode, why: impl ToString) -> Self {
        Self { status, media_type: TEXT, body: why.to_string().into_bytes() }
    }
}

/// Something that answers requests.
pub(crate) trait Answers: Send + Sync + 'static {
    fn answer(self: Arc<Self>, inbound: Inbound) -> impl Future<Output = Outbound> + Send;
}

/// A party that serves. Dropping it stops it at once.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Running {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops: nothing new is accepted, and what was accepted is answered, for five seconds at most.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let _ = timeout(STOP_TIME, async { while self.tasks.join_next().await.is_some() {} }).await;
    }

    pub(crate) fn also(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let mut stopped = self.stop.subscribe();
        self.tasks.spawn(async move {
            tokio::select! {
                () = work => {}
                () = stop(&mut stopped) => {}
            }
        });
    }
}

/// Ends when the party stops.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    // An error means that the party is gone, which is a stop, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Starts to serve.
pub(crate) fn serve<A: Answers>(
    sockets: TcpListener,
    tls: Arc<rustls::ServerConfig>,
    answers: Arc<A>,
) -> std::io::Result<Running> {
    let address = sockets.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(sockets, TlsAcceptor::from(tls), answers, stopped));
    Ok(Running { address, stop, tasks })
}

async fn accept<A: Answers>(
    sockets: TcpListener,
    acceptor: TlsAcceptor,
    answers: Arc<A>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let watching = stopped.clone();
        tokio::select! {
            accepted = sockets.accept() => match accepted {
                Ok((stream, from)) => {
                    let (acceptor, answers) = (acceptor.clone(), answers.clone());
                    connections.spawn(connection(stream, from.ip(), acceptor, answers, watching));
                }
                Err(error) => {
                    // For example too many open files: try again when others have ended.
                    debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = stop(&mut stopped) => break,
        }
    }
    drop(sockets);
    while connections.join_next().await.is_some() {}
}

async fn connection<A: Answers>(
    stream: TcpStream,
    from: IpAddr,
    acceptor: TlsAcceptor,
    answers: Arc<A>,
    mut stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let stream = match timeout(REQUEST_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return debug!(%error, "no TLS handshake"),
        Err(_) => return debug!("no TLS handshake in time"),
    };
    if !tls::is_tls_1_3(stream.get_ref().1) {
        return debug!("a connection of an earlier version than TLS 1.3");
    }
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let names: Arc<[Domain]> = match leaf.map(|leaf| PeerIdentity::from_certificate(leaf)) {
        Some(Ok(peer)) => peer.names().into(),
        Some(Err(error)) => return debug!(%error, "the peer's certificate names nobody"),
        None => Arc::default(),
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let (answers, names) = (answers.clone(), names.clone());
        async move { Ok::<_, Infallible>(respond(answers, from, names.to_vec(), request).await) }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(REQUEST_TIME);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
    builder.http2().keep_alive_interval(REQUEST_TIME).keep_alive_timeout(REQUEST_TIME);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = stop(&mut stopped) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended");
    }
}

async fn respond<A: Answers>(
    answers: Arc<A>,
    from: IpAddr,
    names: Vec<Domain>,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let outbound = match timeout(REQUEST_TIME, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => answers.answer(Inbound { from, names, head, body: body.to_bytes() }).await,
        Ok(Err(_)) => Outbound::refused(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large or broken off"),
        Err(_) => Outbound::refused(StatusCode::REQUEST_TIMEOUT, "the request took too long to arrive"),
    };
    let mut response = Response::new(Full::new(Bytes::from(outbound.body)));
    *response.status_mut() = outbound.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(outbound.media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
