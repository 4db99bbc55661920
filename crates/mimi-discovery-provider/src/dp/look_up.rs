//! Answering look-ups (discovery profile 0 sections 9 to 12).

use std::sync::{Arc, PoisonError};

use mimi_arch::codec::Wire;
use mimi_discovery::answer::{self, Answer};
#[cfg(feature = "pir")]
use mimi_discovery::lookup::p::RetrieveRequest;
use mimi_discovery::lookup::{self, Refusal, Request, Responder, s::LookupResponse};
use mimi_discovery::store::StoreError;
use mimi_discovery::token::{Token, TokenError};
use mimi_discovery::{Csi, Seconds};
use tracing::{debug, warn};

use super::Core;
#[cfg(feature = "pir")]
use super::retrieval::Admitted;
use crate::clock;

/// How often an answer is made anew when the mappings change meanwhile.
const ATTEMPTS: usize = 8;

/// Why a look-up has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookUpError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Encode(#[from] mimi_arch::EncodeError),
    #[error("the mappings changed each time they were read")]
    Changing,
}

/// How far a request has got on the thread on which it was opened.
enum Step {
    Answered(Vec<u8>),
    #[cfg(feature = "pir")]
    Admitted(Box<Admitted>),
}

impl Core {
    /// Opens an encapsulated request, spends its token and answers. Gives what was asked, too, for who observes.
    ///
    /// # Errors
    /// The request is none: nobody's look-up.
    pub(crate) async fn oblivious(
        self: &Arc<Self>,
        encapsulated: Vec<u8>,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), lookup::RequestError> {
        let core = self.clone();
        let answered = tokio::task::spawn_blocking(move || core.answer_oblivious(&encapsulated)).await;
        match answered.unwrap_or(Err(mimi_discovery::oblivious::ObliviousError::Message.into()))? {
            (Step::Answered(answer), opened) => Ok((answer, opened)),
            #[cfg(feature = "pir")]
            (Step::Admitted(admitted), opened) => Ok((self.retrieve(*admitted).await?, opened)),
        }
    }

    fn answer_oblivious(&self, encapsulated: &[u8]) -> Result<(Step, Option<Vec<u8>>), lookup::RequestError> {
        let (request, responder) = lookup::open(&self.gateway, encapsulated)?;
        let opened = self.observer.is_there().then(|| match &request {
            Request::LookUp(request) => request.to_bytes(),
            Request::Evaluate(request) => request.to_bytes(),
            Request::Bucket(request) => request.to_bytes(),
            Request::Retrieve(request) => request.to_bytes(),
        });
        let opened = opened.and_then(Result::ok);
        let now = clock::now();
        #[cfg(feature = "pir")]
        if let Request::Retrieve(retrieve) = request {
            return Ok((self.admit(retrieve, responder, now)?, opened));
        }
        // Before anything is looked up, so that a refusal cannot depend on the identifier.
        let response = match request.token().map(|token| self.spend(token, now)) {
            Some(Err(refusal)) => self.refuse(&request, refusal),
            Some(Ok(())) | None => self.respond(&request, now),
        };
        Ok((Step::Answered(seal(responder, &response)?), opened))
    }

    /// Gives a retrieval a place and spends its token; the answer is computed when its turn comes. When there is no place, the token is as good as before.
    #[cfg(feature = "pir")]
    fn admit(
        &self,
        request: RetrieveRequest,
        responder: Responder,
        now: Seconds,
    ) -> Result<Step, lookup::RequestError> {
        let place = match &self.retrieval {
            Some(mode) => mode.place(&request, now),
            None => Err(Refusal::Unavailable),
        };
        match place.and_then(|place| self.spend(&request.token, now).map(|()| place)) {
            Ok(place) => Ok(Step::Admitted(Box::new(Admitted::new(request, responder, place)))),
            Err(refusal) => {
                let refused = self.refuse(&Request::Retrieve(request), refusal);
                Ok(Step::Answered(seal(responder, &refused)?))
            }
        }
    }

    fn spend(&self, token: &Token, now: Seconds) -> Result<(), Refusal> {
        let redeemed = self.redeemer.read().unwrap_or_else(PoisonError::into_inner).0.redeem(token, now);
        let redeemed = redeemed.map_err(|error: TokenError| {
            debug!(%error, "a token is not taken");
            Refusal::Token
        })?;
        match self.store.spend(redeemed.nullifier.0, redeemed.keep_until) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Token),
            Err(error) => {
                warn!(%error, "a token cannot be spent");
                Err(Refusal::Unavailable)
            }
        }
    }

    fn refuse(&self, request: &Request, refusal: Refusal) -> Vec<u8> {
        request.refuse(refusal).unwrap_or_default()
    }

    fn respond(&self, request: &Request, now: Seconds) -> Vec<u8> {
        let response = match request {
            Request::LookUp(look_up) if self.modes.s => self
                .answer(&look_up.csi, now)
                .and_then(|answer| Ok(LookupResponse::Answer(Box::new(answer)).to_bytes()?)),
            Request::Evaluate(request) if self.modes.b || self.modes.p => {
                self.buckets.evaluate(request).to_bytes().map_err(Into::into)
            }
            Request::Bucket(request) if self.modes.b => {
                self.buckets.bucket(request.index).to_bytes().map_err(Into::into)
            }
            _ => return self.refuse(request, Refusal::Unavailable),
        };
        response.unwrap_or_else(|error| {
            warn!(%error, "a look-up has no answer");
            self.refuse(request, Refusal::Unavailable)
        })
    }

    /// The mappings of an identifier with their proof. The tree follows the store: what is read is held against it, and read anew when it
    /// changed in between.
    pub(crate) fn answer(&self, csi: &Csi, _now: Seconds) -> Result<Answer, LookUpError> {
        let key = csi.key();
        for _ in 0..ATTEMPTS {
            let (snapshot, proof, content) = {
                let published = self.published();
                (published.snapshot.clone(), published.tree.prove(&key), published.tree.content(&key).copied())
            };
            let records = match content {
                Some(_) => self.store.mappings(&key)?,
                None => Vec::new(),
            };
            if answer::content(&records)? == content {
                return Ok(Answer { snapshot, proof, records });
            }
        }
        Err(LookUpError::Changing)
    }
}

fn seal(responder: Responder, response: &[u8]) -> Result<Vec<u8>, lookup::RequestError> {
    responder.seal(response).map_err(|_| mimi_discovery::oblivious::ObliviousError::Encapsulation.into())
}
