//! What both listeners share: accepting until the provider stops, TLS handshakes with a time limit, letting connections finish.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper_util::server::graceful::GracefulConnection;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tracing::{debug, warn};

use crate::{metrics::Listener, provider::Core};

/// Which listeners accept connections.
#[derive(Debug, Default)]
pub(crate) struct Listening([AtomicBool; 2]);

impl Listening {
    fn flag(&self, listener: Listener) -> &AtomicBool {
        let [providers, clients] = &self.0;
        match listener {
            Listener::Providers => providers,
            Listener::Clients => clients,
        }
    }

    pub(crate) fn is_set(&self, listener: Listener) -> bool {
        self.flag(listener).load(Ordering::Relaxed)
    }

    fn set(&self, listener: Listener, listens: bool) {
        self.flag(listener).store(listens, Ordering::Relaxed);
    }
}

/// Runs `connection` for every TLS connection until the provider stops, then waits for those that are open. Gives the number
/// of those that did not end in time.
pub(crate) async fn accept<F>(
    core: &Arc<Core>,
    sockets: TcpListener,
    listener: Listener,
    connection: impl Fn(Arc<Core>, TlsStream<TcpStream>) -> F + Clone + Send + 'static,
) -> usize
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    core.listening.set(listener, true);
    loop {
        tokio::select! {
            accepted = sockets.accept() => match accepted {
                Ok((stream, from)) => {
                    // What was loaded last; connections that are open keep theirs.
                    let acceptor = TlsAcceptor::from(core.tls.server(listener));
                    let (core, connection) = (core.clone(), connection.clone());
                    connections.spawn(async move {
                        let _ = stream.set_nodelay(true);
                        match handshake(&core, acceptor, stream).await {
                            Ok(stream) => {
                                let _open = core.metrics.connection(listener);
                                connection(core, stream).await;
                            }
                            Err(error) => {
                                core.metrics.handshake_refused(listener);
                                debug!(%from, %error, "no TLS handshake");
                            }
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
    drop(sockets);
    core.listening.set(listener, false);
    let _ = timeout(core.stop_time, async { while connections.join_next().await.is_some() {} }).await;
    let cut = connections.len();
    if cut > 0 {
        warn!(listener = listener.name(), cut, "connections did not end in time after the stop");
    }
    cut
}

/// The handshake, unless it takes too long or the provider stops: nothing has been accepted by then.
async fn handshake(
    core: &Core,
    acceptor: TlsAcceptor,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, std::io::Error> {
    tokio::select! {
        shaken = timeout(core.request_time, acceptor.accept(stream)) => shaken?,
        () = core.stopped() => Err(std::io::Error::other("the provider stops")),
    }
}

/// Whether a connection has brought the head of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spoken(Arc<AtomicBool>);

impl Spoken {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Ends after `time` when nothing has come by then, and never else.
    async fn silent_for(&self, time: Duration) {
        tokio::time::sleep(time).await;
        if self.0.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

/// Serves a connection to its end; when the provider stops, lets it answer what it has accepted. A connection that does not get
/// as far as the head of its first request in time is cut; what comes later has time limits of its own.
pub(crate) async fn serve<C>(core: &Core, connection: C, spoken: &Spoken)
where
    C: GracefulConnection<Error = Box<dyn Error + Send + Sync>>,
{
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = spoken.silent_for(core.request_time) => {
            debug!("a connection without a request is cut");
            return;
        }
        () = core.stopped() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%error, "connection ended");
    }
}
