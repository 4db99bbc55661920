//! The listener for other providers: mutually authenticated TLS, HTTP/1.1 and HTTP/2 on one port, one task a connection.

use std::{convert::Infallible, sync::Arc};

use http::{Request, Response};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use mimi_protocol::{
    codec::Wire,
    http::server::{self, Call, InboundRequest, PeerIdentity, Problem, ResponseBody, problem_response},
    key_material::KeyMaterialResponse,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::server::TlsStream;
use tracing::debug;

use crate::{
    accept::{accept, serve},
    hub_calls,
    hub_calls::CallError,
    key_material,
    provider::Core,
};

/// Accepts until the provider stops, then lets open connections finish what they accepted.
pub(crate) async fn run(core: Arc<Core>, listener: TcpListener, tls: rustls::ServerConfig) {
    accept(&core, listener, tls, connection).await;
}

async fn connection(core: Arc<Core>, stream: TlsStream<TcpStream>) {
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = match leaf.map(|leaf| PeerIdentity::from_certificate(leaf)) {
        Some(Ok(peer)) => Arc::new(peer),
        Some(Err(error)) => return debug!(%error, "the peer's certificate names no provider"),
        None => return debug!("no peer certificate"),
    };
    let service = {
        let core = core.clone();
        service_fn(move |request| {
            let (core, peer) = (core.clone(), peer.clone());
            async move { Ok::<_, Infallible>(respond(&core, &peer, request).await) }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(core.request_time);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(128);
    serve(&core, builder.serve_connection(TokioIo::new(stream), service)).await;
}

async fn respond(core: &Arc<Core>, peer: &PeerIdentity, request: Request<Incoming>) -> Response<ResponseBody> {
    let read = timeout(core.request_time, server::read_request(request, peer, &core.domain, &core.limits)).await;
    let inbound = match read {
        Ok(Ok(inbound)) => inbound,
        Ok(Err(problem)) => {
            debug!(status = problem.status(), detail = problem.detail(), "request refused");
            return problem_response(&problem);
        }
        Err(_) => return problem_response(&Problem::incomplete_body("the request took too long to arrive")),
    };
    match answer(core, inbound).await {
        Ok(response) => response,
        Err(error) => {
            debug!(%error, "request not carried out");
            problem_response(&error.into_problem())
        }
    }
}

async fn answer(core: &Arc<Core>, inbound: InboundRequest) -> Result<Response<ResponseBody>, CallError> {
    let InboundRequest { source, call, .. } = inbound;
    match call {
        Call::Directory => Ok(server::directory_response(&core.directory)),
        Call::KeyMaterial { target, request } => {
            let response: KeyMaterialResponse = key_material::fetch(core, &source, &target, request).await?;
            Ok(server::wire_response(response.to_bytes()?))
        }
        Call::Update { room, request } => {
            let response = hub_calls::update(core, source, room, request).await?;
            Ok(server::wire_response(response.to_bytes()?))
        }
        Call::SubmitMessage { room, request } => {
            let response = hub_calls::submit(core, source, room, request).await?;
            Ok(server::wire_response(response.to_bytes()?))
        }
        Call::GroupInfo { room, request } => {
            let response = hub_calls::group_info(core, source, room, request).await?;
            Ok(server::wire_response(response.to_bytes()?))
        }
        Call::Notify { room, messages } => {
            hub_calls::notify(core, source, room, messages).await?;
            Ok(server::created_response())
        }
        _ => Err(CallError::Internal("an endpoint that nobody answers".to_owned())),
    }
}
