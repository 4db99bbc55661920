//! The listener for other providers: mutually authenticated TLS, HTTP/1.1 and HTTP/2 on one port, one task a connection.

use std::{convert::Infallible, sync::Arc, time::Instant};

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto,
};
use mimi_arch::Domain;
use mimi_protocol::{
    codec::Wire,
    directory,
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
    accept::{Spoken, accept, serve},
    consent, discovery, hub_calls,
    hub_calls::CallError,
    identifier_query, key_material,
    metrics::Listener,
    provider::Core,
    proxy_download::{self, Body},
    rates, report_abuse,
};

/// Accepts until the provider stops, then lets open connections finish what they accepted; gives the number of those that were
/// cut.
pub(crate) async fn run(core: Arc<Core>, sockets: TcpListener) -> usize {
    accept(&core, sockets, Listener::Providers, connection).await
}

async fn connection(core: Arc<Core>, stream: TlsStream<TcpStream>) {
    let leaf = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let peer = match leaf.map(|leaf| PeerIdentity::from_certificate(leaf)) {
        Some(Ok(peer)) => Arc::new(peer),
        Some(Err(error)) => return debug!(%error, "the peer's certificate names no provider"),
        None => return debug!("no peer certificate"),
    };
    let spoken = Spoken::default();
    let service = {
        let (core, spoken) = (core.clone(), spoken.clone());
        service_fn(move |request| {
            spoken.set();
            let (core, peer) = (core.clone(), peer.clone());
            async move { Ok::<_, Infallible>(counted(&core, &peer, request).await) }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(core.request_time);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(128);
    // A peer that has vanished does not answer a ping.
    builder.http2().keep_alive_interval(core.request_time).keep_alive_timeout(core.request_time);
    serve(&core, builder.serve_connection(TokioIo::new(stream), service), &spoken).await;
}

async fn counted(core: &Arc<Core>, peer: &PeerIdentity, request: Request<Incoming>) -> Response<Body> {
    let begun = Instant::now();
    let endpoint = match request.uri().path() {
        directory::WELL_KNOWN => "directory",
        mimi_discovery::paths::ISSUING_KEY => "issuingKey",
        path => directory::match_path(path).map_or("unknown", |(endpoint, _)| endpoint.name()),
    };
    let response = respond(core, peer, request).await;
    let (status, time) = (response.status().as_u16(), begun.elapsed());
    core.metrics.request(Listener::Providers, endpoint, status, time);
    debug!(source = peer.names().first().map(Domain::as_str), endpoint, status, ?time, "answered");
    response
}

async fn respond(core: &Arc<Core>, peer: &PeerIdentity, request: Request<Incoming>) -> Response<Body> {
    if let Some(provider) = rates::provider_of(peer, request.headers())
        && let Err(limited) = core.limit_provider(provider)
    {
        return whole(problem_response(&limited.into()));
    }
    if discovery::is_issuing_key(&request) {
        return discovery::issuing_key(core, peer, request.method());
    }
    let read = timeout(core.request_time, server::read_request(request, peer, &core.domain, &core.limits)).await;
    let inbound = match read {
        Ok(Ok(inbound)) => inbound,
        Ok(Err(problem)) => {
            core.metrics.refused("request", &problem.kind());
            debug!(status = problem.status(), detail = problem.detail(), "request refused");
            return whole(problem_response(&problem));
        }
        Err(_) => return whole(problem_response(&Problem::incomplete_body("the request took too long to arrive"))),
    };
    let answered = match inbound {
        InboundRequest { source, call: Call::ProxyDownload { url }, .. } => {
            proxy_download::answer(core, source, &url).await
        }
        inbound => answer(core, inbound).await.map(whole),
    };
    answered.unwrap_or_else(|error| {
        debug!(%error, "request not carried out");
        whole(problem_response(&error.into_problem()))
    })
}

/// Every response but a download is there as a whole.
fn whole(response: Response<ResponseBody>) -> Response<Body> {
    response.map(|body| body.map_err(|never| match never {}).boxed_unsync())
}

async fn answer(core: &Arc<Core>, inbound: InboundRequest) -> Result<Response<ResponseBody>, CallError> {
    if let Some(user) = rates::user_of(&inbound) {
        core.limit_user(&user)?;
    }
    let InboundRequest { source, call, .. } = inbound;
    match call {
        Call::Directory { if_none_match } => Ok(server::directory_response(&core.directory, if_none_match.as_deref())),
        Call::KeyMaterialOtherProtocol { target } => {
            Ok(server::wire_response(key_material::other_protocol(&target).to_bytes()?))
        }
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
        Call::Notify { room, messages, authorization } => {
            let shown = hub_calls::shown_tokens(core, &authorization)?;
            hub_calls::notify(core, source, room, messages, shown).await?;
            Ok(server::created_response())
        }
        Call::RequestConsent { entry } | Call::UpdateConsent { entry } => {
            Ok(match consent::receive(core, entry).await {
                Ok(()) => server::created_response(),
                Err(problem) => problem_response(&problem),
            })
        }
        Call::IdentifierQuery { request, .. } => {
            let response = identifier_query::answer(core, request).await?;
            Ok(server::wire_response(response.to_bytes()?))
        }
        Call::ReportAbuse { room, report } => {
            report_abuse::take(core, source, room, report).await?;
            Ok(server::created_response())
        }
        _ => Err(CallError::Internal("an endpoint that nobody answers".to_owned())),
    }
}
