//! What both listeners share: accepting until the provider stops, TLS handshakes with a time limit, letting connections finish.

use std::{error::Error, sync::Arc, time::Duration};

use hyper_util::server::graceful::GracefulConnection;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::debug;

use crate::provider::Core;

/// How long connections may take to end after a stop.
const STOP_TIME: Duration = Duration::from_secs(10);

/// Runs `connection` for every TLS connection until the provider stops, then waits for those that are open.
pub(crate) async fn accept<F>(
    core: &Arc<Core>,
    listener: TcpListener,
    tls: rustls::ServerConfig,
    connection: impl Fn(Arc<Core>, TlsStream<TcpStream>) -> F + Clone + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let (core, acceptor, connection) = (core.clone(), acceptor.clone(), connection.clone());
                    connections.spawn(async move {
                        let _ = stream.set_nodelay(true);
                        match timeout(core.request_time, acceptor.accept(stream)).await {
                            Ok(Ok(stream)) => connection(core, stream).await,
                            Ok(Err(error)) => debug!(%from, %error, "TLS handshake refused"),
                            Err(_) => debug!(%from, "TLS handshake took too long"),
                        }
                    });
                }
                Err(error) => {
                    // For example too many open files: try again when others have ended.
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

/// Serves a connection to its end; when the provider stops, lets it answer what it has accepted.
pub(crate) async fn serve<C>(core: &Core, connection: C)
where
    C: GracefulConnection<Error = Box<dyn Error + Send + Sync>>,
{
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = core.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended");
    }
}
