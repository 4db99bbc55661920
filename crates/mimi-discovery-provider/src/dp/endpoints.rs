//! The endpoints for other parties (discovery profile 0 section 17). Each says from whom it takes requests: messaging providers register, discovery
//! providers push, relays forward. What is public is given to all who show a certificate.

use std::sync::Arc;

use http::{Method, StatusCode, header};
use mimi_arch::Domain;
use mimi_arch::codec::Wire;
use mimi_discovery::Record;
use mimi_discovery::push::{Push, RegisterResponse};
use mimi_discovery::store::RegisterError;
use tracing::{debug, warn};

use super::{Core, paths};
use crate::clock;
use crate::net::{Answers, Inbound, Outbound};
use crate::observe::{Party, Seen};

impl Answers for Core {
    async fn answer(self: Arc<Self>, inbound: Inbound) -> Outbound {
        let (answer, opened) = self.respond_to(&inbound).await;
        debug!(path = inbound.head.uri.path(), status = answer.status.as_u16(), "answered");
        self.observer.tell(|| Seen::of(Party::DiscoveryProvider, &inbound, opened, &answer));
        answer
    }
}

impl Core {
    async fn respond_to(self: &Arc<Self>, inbound: &Inbound) -> (Outbound, Option<Vec<u8>>) {
        let method = &inbound.head.method;
        let one_of =
            |allowed: &std::collections::BTreeSet<Domain>| inbound.names.iter().any(|name| allowed.contains(name));
        let answer = match (inbound.head.uri.path(), method) {
            (paths::CONFIG, &Method::GET) => encoded(self.config(clock::now()).and_then(|config| config.to_bytes())),
            (paths::SNAPSHOT, &Method::GET) => encoded(self.published().snapshot.to_bytes()),
            (paths::DIRECTORY, &Method::GET) => match &self.directory {
                Some(directory) => encoded(directory.to_bytes()),
                None => Outbound::refused(StatusCode::NOT_FOUND, "this provider is the root of no hierarchy"),
            },
            (paths::REGISTER, &Method::POST) if one_of(&self.msps) => self.register(&inbound.body).await,
            (paths::PUSH, &Method::POST) if one_of(&self.federation) => self.take_push(&inbound.body).await,
            (paths::GATEWAY, &Method::POST) if one_of(&self.relays) => {
                let media_type = inbound.head.headers.get(header::CONTENT_TYPE).map(|value| value.as_bytes());
                if media_type != Some(paths::OHTTP_REQUEST.as_bytes()) {
                    Outbound::refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "message/ohttp-req alone")
                } else {
                    return match self.oblivious(inbound.body.to_vec()).await {
                        Ok((body, opened)) => {
                            (Outbound { status: StatusCode::OK, media_type: paths::OHTTP_RESPONSE, body }, opened)
                        }
                        Err(error) => (Outbound::refused(StatusCode::BAD_REQUEST, error), None),
                    };
                }
            }
            (paths::REGISTER | paths::PUSH | paths::GATEWAY, &Method::POST) => {
                Outbound::refused(StatusCode::FORBIDDEN, "this endpoint is not for you")
            }
            (
                paths::REGISTER | paths::PUSH | paths::GATEWAY | paths::CONFIG | paths::SNAPSHOT | paths::DIRECTORY,
                _,
            ) => Outbound::refused(StatusCode::METHOD_NOT_ALLOWED, "not with this method"),
            _ => Outbound::refused(StatusCode::NOT_FOUND, "there is nothing here"),
        };
        (answer, None)
    }

    // req: UD03-14-01, UD03-14-04
    async fn register(self: &Arc<Self>, body: &[u8]) -> Outbound {
        let record = match Record::from_bytes(body) {
            Ok(record) => record,
            Err(error) => return Outbound::refused(StatusCode::BAD_REQUEST, error),
        };
        let core = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let verified = match record.verify(&core.anchors, clock::now()) {
                Ok(verified) => verified,
                Err(error) => return Ok(RegisterResponse::Refused { reason: error.to_string() }),
            };
            match core.store.register(verified) {
                Ok(merged) => Ok(merged.into()),
                Err(RegisterError::Refused(refusal)) => Ok(RegisterResponse::Refused { reason: refusal.to_string() }),
                Err(RegisterError::Store(error)) => Err(error),
                Err(error) => Ok(RegisterResponse::Refused { reason: error.to_string() }),
            }
        })
        .await;
        match done {
            Ok(Ok(response)) => encoded(response.to_bytes()),
            Ok(Err(error)) => {
                warn!(%error, "a record cannot be stored");
                Outbound::refused(StatusCode::SERVICE_UNAVAILABLE, "the provider cannot store it now")
            }
            Err(_) => Outbound::refused(StatusCode::INTERNAL_SERVER_ERROR, "the provider failed"),
        }
    }

    async fn take_push(self: &Arc<Self>, body: &[u8]) -> Outbound {
        let push = match Push::from_bytes(body) {
            Ok(push) => push,
            Err(error) => return Outbound::refused(StatusCode::BAD_REQUEST, error),
        };
        let core = self.clone();
        match tokio::task::spawn_blocking(move || core.merge(push)).await {
            Ok(Ok(response)) => encoded(response.to_bytes()),
            Ok(Err(error)) => {
                warn!(%error, "a push cannot be stored");
                Outbound::refused(StatusCode::SERVICE_UNAVAILABLE, "the provider cannot store it now")
            }
            Err(_) => Outbound::refused(StatusCode::INTERNAL_SERVER_ERROR, "the provider failed"),
        }
    }
}

fn encoded(body: Result<Vec<u8>, mimi_arch::EncodeError>) -> Outbound {
    match body {
        Ok(body) => Outbound::wire(StatusCode::OK, body),
        Err(error) => {
            warn!(%error, "an answer has no encoding");
            Outbound::refused(StatusCode::INTERNAL_SERVER_ERROR, "the provider failed")
        }
    }
}
