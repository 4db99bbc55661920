//! The listener for the provider's own clients: TLS with the provider's certificate, gRPC over HTTP/2.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use mimi_client_api::client_api_server::ClientApiServer;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use crate::{client_api::Service, provider::Core};

/// How long calls may take to end after a stop. Streams of events end at once.
const STOP_TIME: Duration = Duration::from_secs(10);
/// Key packages come a hundred at a time, trees of large rooms are large.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// Accepts until the provider stops, then lets calls finish.
pub(crate) async fn run(core: Arc<Core>, listener: TcpListener, tls: rustls::ServerConfig) {
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let service = ClientApiServer::new(Service::new(core.clone()))
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(core.clone(), acceptor.clone(), stream, service.clone()));
                }
                Err(error) => {
                    debug!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            () = core.stopped() => break,
        }
    }
    drop(listener);
    let _ = timeout(STOP_TIME, async { while connections.join_next().await.is_some() {} }).await;
}

async fn connection(core: Arc<Core>, acceptor: TlsAcceptor, stream: TcpStream, service: ClientApiServer<Service>) {
    let _ = stream.set_nodelay(true);
    let stream = match timeout(core.request_time, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return debug!(%error, "TLS handshake refused"),
        Err(_) => return debug!("TLS handshake took too long"),
    };
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder.http2().timer(TokioTimer::new());
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = core.stopped() => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "client connection ended");
    }
}
