//! The listener for operators: metrics and health in plain HTTP, for nobody but those who can reach its address.
//!
//! `/healthz` says that the process lives. `/readyz` says whether the provider can do its work: the store can be written, both
//! listeners accept, and it is not stopping. `/metrics` is in the OpenMetrics text format.

use std::{convert::Infallible, fmt::Write as _, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    Method, Request, Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderValue},
};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use mimi_ds::StoreError;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinSet, time::timeout};
use tracing::debug;

use crate::{
    metrics::{Listener, Standing},
    provider::Core,
};

const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";
/// How many connections are served at once; more wait.
const CONNECTIONS: usize = 32;
/// How long a provider is not ready after the store could not write something.
const FAILURE_TIME: Duration = Duration::from_secs(10);
/// How long a connection may take for everything.
const CONNECTION_TIME: Duration = Duration::from_secs(60);

/// Accepts until the task is dropped.
pub(crate) async fn run(core: Arc<Core>, listener: TcpListener) {
    let free = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = free.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                debug!(%error, "an admin connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let core = core.clone();
        connections.spawn(async move {
            let _place = place;
            let service = service_fn(move |request| {
                let core = core.clone();
                async move { Ok::<_, Infallible>(respond(&core, &request).await) }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(10));
            let served = timeout(CONNECTION_TIME, builder.serve_connection(TokioIo::new(stream), service)).await;
            if let Ok(Err(error)) = served {
                debug!(%error, "admin connection ended");
            }
        });
    }
}

async fn respond(core: &Arc<Core>, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !["/metrics", "/healthz", "/readyz"].contains(&path) {
        return answer(StatusCode::NOT_FOUND, TEXT_TYPE, "there are /metrics, /healthz and /readyz\n".to_owned());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, TEXT_TYPE, "GET or HEAD\n".to_owned());
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refused;
    }
    match path {
        "/healthz" => answer(StatusCode::OK, TEXT_TYPE, "ok\n".to_owned()),
        "/readyz" => ready(core).await,
        _ => metrics(core).await,
    }
}

async fn metrics(core: &Arc<Core>) -> Response<Full<Bytes>> {
    let held = core.clone();
    let standing = core
        .blocking(move || {
            Ok(Standing {
                outbox: held.figures.outbox_lengths()?,
                queued: held.figures.queue_length()?,
                open_rooms: held.rooms.open(),
            })
        })
        .await;
    match standing {
        Ok(standing) => answer(StatusCode::OK, METRICS_TYPE, core.metrics.encode(&standing)),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT_TYPE, format!("{error}\n")),
    }
}

async fn ready(core: &Arc<Core>) -> Response<Full<Bytes>> {
    if *core.stop.borrow() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, TEXT_TYPE, "stopping\n".to_owned());
    }
    let held = core.clone();
    let store: Result<(), StoreError> = core
        .blocking(move || {
            // That the file can be written, and that the thread is there which writes it.
            held.figures.check_writable()?;
            held.store.commit(Vec::new())
        })
        .await;
    let mut text = String::new();
    let mut is_ready = true;
    let failed = core.metrics.store_failed_ago().filter(|ago| *ago < FAILURE_TIME);
    match (store, failed) {
        (Ok(()), None) => text.push_str("store: ok\n"),
        // A nearly full disk takes a little and not more.
        (Ok(()), Some(ago)) => {
            is_ready = false;
            let _ = writeln!(text, "store: something could not be written {} s ago", ago.as_secs());
        }
        (Err(error), _) => {
            is_ready = false;
            let _ = writeln!(text, "store: {error}");
        }
    }
    for listener in Listener::ALL {
        let listens = core.listening.is_set(listener);
        is_ready &= listens;
        let _ = writeln!(text, "{}: {}", listener.name(), if listens { "ok" } else { "does not listen" });
    }
    answer(if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, TEXT_TYPE, text)
}

fn answer(status: StatusCode, media_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
