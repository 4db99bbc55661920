//! The relay of RFC 9458 section 6: it forwards what it cannot read, and adds nothing of who sent it.
//!
//! Clients reach it without a certificate of theirs. Towards the gateway it shows its own, and makes a request of its own: no field of the
//! client's request goes along.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Method, StatusCode, header};
use mimi_arch::Domain;
use tokio::net::TcpListener;
use tracing::debug;

use crate::dp::{DiscoveryError, paths};
use crate::net::{self, Answers, Inbound, Outbound, Running, Tls};
use crate::observe::{Observer, Party, Seen};
use crate::peers::{PeerError, Peers};

/// Octets of the largest encapsulated request; those of the profile are far smaller, but for retrievals.
const MAX_REQUEST: usize = 4096;
/// Octets of the largest retrieval (mode P), encapsulated.
const MAX_RETRIEVAL: usize = 2 << 20;

/// What a relay is set up with.
#[derive(Clone, Debug)]
pub struct RelayConfig {
    /// TLS: the listener asks for no client certificate.
    pub tls: Tls,
    /// The discovery providers to which it forwards, and where they are reached when DNS does not find them.
    pub gateways: BTreeMap<Domain, Option<SocketAddr>>,
    /// Whether it forwards retrievals (mode P, experimental), which have up to 2 MiB; other requests have 4,096 octets at most.
    pub retrievals: bool,
    /// Is told what the relay sees; for tests.
    pub observer: Observer,
}

/// Entry point: [`Relay::serve`].
#[derive(Debug)]
pub struct Relay {
    peers: Peers,
    gateways: BTreeMap<Domain, Option<SocketAddr>>,
    max_request: usize,
    observer: Observer,
}

impl Relay {
    /// Serves on this socket until it is stopped.
    ///
    /// # Errors
    /// When the HTTPS client cannot be made or the socket has no address.
    pub fn serve(config: RelayConfig, sockets: TcpListener) -> Result<Running, DiscoveryError> {
        let addresses = config.gateways.iter().filter_map(|(domain, address)| Some((domain.clone(), (*address)?)));
        let peers = Peers::new(config.tls.client, &addresses.collect())?;
        let max_request = if config.retrievals { MAX_RETRIEVAL } else { MAX_REQUEST };
        let relay = Self { peers, gateways: config.gateways, max_request, observer: config.observer };
        Ok(net::serve(sockets, config.tls.server, Arc::new(relay))?)
    }

    async fn forward(&self, inbound: &Inbound) -> Outbound {
        let Some(target) = inbound.head.uri.path().strip_prefix(paths::RELAY) else {
            return Outbound::refused(StatusCode::NOT_FOUND, "this is a relay: POST /discovery/0/relay/DOMAIN");
        };
        if inbound.head.method != Method::POST {
            return Outbound::refused(StatusCode::METHOD_NOT_ALLOWED, "POST alone");
        }
        let media_type = inbound.head.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
        if media_type != Some(paths::OHTTP_REQUEST.as_bytes()) {
            return Outbound::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "message/ohttp-req alone");
        }
        if inbound.body.len() > self.max_request {
            return Outbound::refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "larger than any request that this relay forwards",
            );
        }
        let known = target.parse::<Domain>().ok().filter(|domain| self.gateways.contains_key(domain));
        let Some(gateway) = known else {
            return Outbound::refused(StatusCode::FORBIDDEN, "this relay does not forward to that provider");
        };
        match self.peers.post(&gateway, paths::GATEWAY, paths::OHTTP_REQUEST, inbound.body.to_vec()).await {
            Ok(body) => Outbound { status: StatusCode::OK, media_type: paths::OHTTP_RESPONSE, body },
            Err(PeerError::Status { status, .. }) if status.is_client_error() => {
                Outbound::refused(status, "the provider refuses the request")
            }
            Err(error) => {
                debug!(%error, "not forwarded");
                Outbound::refused(StatusCode::BAD_GATEWAY, "the provider cannot be reached")
            }
        }
    }
}

impl Answers for Relay {
    async fn answer(self: Arc<Self>, inbound: Inbound) -> Outbound {
        let answer = self.forward(&inbound).await;
        self.observer.tell(|| Seen::of(Party::Relay, &inbound, None, &answer));
        answer
    }
}
