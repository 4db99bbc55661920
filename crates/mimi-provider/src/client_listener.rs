//! The listener for the provider's own clients: TLS with the provider's certificate, gRPC over HTTP/2.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use hyper::{
    body::{Frame, Incoming, SizeHint},
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use mimi_client_api::client_api_server::ClientApiServer;
use tokio::{
    net::{TcpListener, TcpStream},
    time::{Sleep, sleep},
};
use tokio_rustls::server::TlsStream;
use tonic::{Code, body::Body};
use tracing::debug;

use crate::{
    accept::{Spoken, accept, serve},
    client_api::Service,
    metrics::Listener,
    provider::Core,
};

/// Key packages come a hundred at a time, trees of large rooms are large.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// Accepts until the provider stops, then lets calls finish; gives the number of connections that were cut.
pub(crate) async fn run(core: Arc<Core>, sockets: TcpListener) -> usize {
    let service = ClientApiServer::new(Service::new(core.clone()))
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    accept(&core, sockets, Listener::Clients, move |core, stream| connection(core, stream, service.clone())).await
}

async fn connection(core: Arc<Core>, stream: TlsStream<TcpStream>, service: ClientApiServer<Service>) {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder.http2().timer(TokioTimer::new());
    // A client that has vanished does not answer a ping.
    builder.http2().keep_alive_interval(core.request_time).keep_alive_timeout(core.request_time);
    let spoken = Spoken::default();
    let service = TowerToHyperService::new(service);
    let counted = {
        let (core, spoken) = (core.clone(), spoken.clone());
        service_fn(move |request: Request<Incoming>| {
            spoken.set();
            let request = request.map(|body| Timed::new(body, core.request_time));
            let (core, begun, method) = (core.clone(), Instant::now(), request.uri().path().to_owned());
            let answer = service.call(request);
            async move {
                let answer = answer.await;
                if let Ok(answer) = &answer {
                    count(&core, &method, answer, begun);
                }
                answer
            }
        })
    };
    serve(&core, builder.serve_connection(TokioIo::new(stream), counted), &spoken).await;
}

/// A body that has to be there in time: no call streams its request.
struct Timed {
    body: Incoming,
    end: Pin<Box<Sleep>>,
}

impl Timed {
    fn new(body: Incoming, time: Duration) -> Self {
        Self { body, end: Box::pin(sleep(time)) }
    }
}

impl hyper::body::Body for Timed {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => {}
            Poll::Ready(frame) => return Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
        }
        self.end.as_mut().poll(context).map(|()| Some(Err("the request took too long to arrive".into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Errors that are known at once are in the head of the answer; a stream that breaks later counts as begun.
fn count(core: &Core, path: &str, answer: &Response<Body>, begun: Instant) {
    let code = answer.headers().get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()));
    // A path that is none of ours is answered so, and does not become a label.
    let method = if code == Code::Unimplemented { "unknown" } else { path.rsplit('/').next().unwrap_or("unknown") };
    let status = match answer.status() {
        StatusCode::OK => format!("{code:?}"),
        other => format!("Http{}", other.as_u16()),
    };
    let time = begun.elapsed();
    debug!(method, status, ?time, "answered a client");
    core.metrics.request(Listener::Clients, method, status, time);
}
