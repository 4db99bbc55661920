//! Answering look-ups (discovery profile 0 sections 9 to 11).

use std::sync::{Arc, PoisonError};

use mimi_arch::codec::Wire;
use mimi_discovery::answer::{self, Answer};
use mimi_discovery::lookup::{self, Refusal, Request, Responder, s::LookupResponse};
use mimi_discovery::store::StoreError;
use mimi_discovery::token::{Token, TokenError};
use mimi_discovery::{Csi, Seconds};
use tracing::{debug, warn};

use super::Core;
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
        answered.unwrap_or(Err(mimi_discovery::oblivious::ObliviousError::Message.into()))
    }

    fn answer_oblivious(&self, encapsulated: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), lookup::RequestError> {
        let (request, responder) = lookup::open(&self.gateway, encapsulated)?;
        let opened = self.observer.is_there().then(|| match &request {
            Request::LookUp(request) => request.to_bytes(),
            Request::Evaluate(request) => request.to_bytes(),
            Request::Bucket(request) => request.to_bytes(),
        });
        let opened = opened.and_then(Result::ok);
        let now = clock::now();
        // Before anything is looked up, so that a refusal cannot depend on the identifier.
        let response = match request.token().map(|token| self.spend(token, now)) {
            Some(Err(refusal)) => self.refuse(&request, refusal),
            Some(Ok(())) | None => self.respond(&request, now),
        };
        Ok((seal(responder, &response)?, opened))
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
            Request::Evaluate(request) if self.modes.b => self.buckets.evaluate(request).to_bytes().map_err(Into::into),
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
