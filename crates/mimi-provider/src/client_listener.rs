//! The listener for the provider's own clients: TLS with the provider's certificate, gRPC over HTTP/2.

use std::sync::Arc;

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
    service::TowerToHyperService,
};
use mimi_client_api::client_api_server::ClientApiServer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::{
    accept::{accept, serve},
    client_api::Service,
    provider::Core,
};

/// Key packages come a hundred at a time, trees of large rooms are large.
const MESSAGE_LIMIT: usize = 16 * 1024 * 1024;

/// Accepts until the provider stops, then lets calls finish.
pub(crate) async fn run(core: Arc<Core>, listener: TcpListener, tls: rustls::ServerConfig) {
    let service = ClientApiServer::new(Service::new(core.clone()))
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT);
    accept(&core, listener, tls, move |core, stream| connection(core, stream, service.clone())).await;
}

async fn connection(core: Arc<Core>, stream: TlsStream<TcpStream>, service: ClientApiServer<Service>) {
    let mut builder = auto::Builder::new(TokioExecutor::new()).http2_only();
    builder.http2().timer(TokioTimer::new());
    serve(&core, builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))).await;
}
