//! Consent between users of two providers (draft-ietf-mimi-protocol-06 sections 5.7 and 8): what other providers convey, and what
//! the provider's own clients ask for and decide. It goes from provider to provider; no hub has a part in it.

use std::sync::Arc;

use mimi_arch::UserUri;
use mimi_ds::{
    Effect, StoreError,
    consent::{UserConsents, granted},
    follower::claim_for_grant,
    store::Conflict,
    verify_key_package,
};
use mimi_protocol::{
    consent::{
        ConsentAction, ConsentEndpoint, ConsentEntry, ConsentOperation, ConsentResponse, ConsentScope, Keeper, Outcome,
    },
    http::{client::ConsentAnswer, server::Problem},
};
use thiserror::Error;

use crate::{
    clock,
    hub_calls::{CallError, TRY_AGAIN},
    provider::Core,
};

/// How often a decision is made anew when others on the same user's consents are faster.
const ATTEMPTS: usize = 16;

/// Takes an entry that may come from where it came ([`ConsentEndpoint::check`]), for a user of this provider.
///
/// # Errors
/// What the other provider is told, if it is not 201.
// req: MP06-5.7-09, MP06-5.7-10, MP06-5.7-11, MP06-5.7-12, MP06-5.7-24, MP06-5.7-25, MP06-5.7-26, MP06-8-08, MP06-8-09
pub(crate) async fn receive(core: &Arc<Core>, entry: ConsentEntry) -> Result<(), Problem> {
    match take(core, entry.clone()).await.map_err(CallError::into_problem)? {
        ConsentResponse::Received => Ok(()),
        ConsentResponse::UserUnknown => {
            let endpoint = ConsentEndpoint::of(entry.operation());
            Err(Problem::unknown_user(endpoint.receiving_user(&entry.scope)))
        }
        ConsentResponse::TryLater => Err(Problem::unavailable("the decision cannot be kept at present", TRY_AGAIN)),
    }
}

async fn take(core: &Arc<Core>, entry: ConsentEntry) -> Result<ConsentResponse, CallError> {
    let endpoint = ConsentEndpoint::of(entry.operation());
    for package in entry.client_key_packages() {
        verify_key_package(package).map_err(|error| CallError::Invalid(error.to_string()))?;
    }
    let more = granted(&entry, clock::now().0 / 1000).map_err(|error| CallError::Invalid(error.to_string()))?;
    let held = core.clone();
    Ok(core
        .blocking(move || {
            let own = endpoint.receiving_user(&entry.scope);
            if held.store.account(own)?.is_none_or(|account| account.deleted) {
                return Ok(ConsentResponse::to_unknown_user(held.claim_policy.reveals_unknown_users));
            }
            let outcome = decide(&held, endpoint.keeper(), own, entry.operation(), &entry.scope, &more)?;
            Ok(ConsentResponse::to(outcome))
        })
        .await?)
}

/// One operation on the consents of an own user, durably. `more` happens with it unless it could not be kept. Blocks.
fn decide(
    core: &Arc<Core>,
    keeper: Keeper,
    own: &UserUri,
    operation: ConsentOperation,
    scope: &ConsentScope,
    more: &[Effect],
) -> Result<Outcome, StoreError> {
    for _ in 0..ATTEMPTS {
        let (outcome, mut effects) = UserConsents::read(&*core.store, keeper, own)?.decide(operation, scope);
        if is_kept(outcome) {
            effects.extend_from_slice(more);
        }
        if effects.is_empty() {
            return Ok(outcome);
        }
        match core.submit(effects).wait() {
            Err(StoreError::Conflict(Conflict::ConsentChanged)) => {}
            done => return done.map(|()| outcome),
        }
    }
    Err(StoreError::Conflict(Conflict::ConsentChanged))
}

const fn is_kept(outcome: Outcome) -> bool {
    !matches!(outcome, Outcome::RequestNotKept | Outcome::DecisionNotKept | Outcome::NothingToCancel)
}

/// What a client of ours wants done.
pub(crate) struct Wish {
    /// The user whose client it is.
    pub(crate) user: UserUri,
    pub(crate) operation: ConsentOperation,
    pub(crate) scope: ConsentScope,
    /// Sends key packages of the user's clients with a grant.
    pub(crate) with_key_packages: bool,
    /// Lets the requester know of a revocation.
    pub(crate) tell: bool,
}

/// Why a wish is not fulfilled.
#[derive(Debug, Error)]
pub(crate) enum WishError {
    #[error("no request with this scope waits for an answer")]
    NothingToCancel,
    #[error("too many requests wait for an answer: cancel one first")]
    TooManyRequests,
    #[error("too many decisions are kept: decide for any room instead of single ones")]
    TooManyDecisions,
    #[error(transparent)]
    Call(#[from] CallError),
}

/// How far a wish got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conveyed {
    /// The other provider has received it; no more is known.
    Received,
    /// The other provider says that it does not have the user.
    UserUnknown,
    /// It is kept here, and nobody was told.
    Kept,
}

/// Does what a client of ours wants: keeps it, then tells the other user's provider.
///
/// A grant or request that did not reach the other provider is kept here all the same; wished again, it is sent again.
// req: MP06-5.7-06, MP06-5.7-27, MP06-8-10
pub(crate) async fn convey(core: &Arc<Core>, wish: Wish) -> Result<Conveyed, WishError> {
    let Wish { user, operation, scope, with_key_packages, tell } = wish;
    let keeper = match ConsentEndpoint::of(operation) {
        ConsentEndpoint::RequestConsent => Keeper::RequesterProvider,
        ConsentEndpoint::UpdateConsent => Keeper::TargetProvider,
    };
    let (held, own, of) = (core.clone(), user.clone(), scope.clone());
    let (outcome, key_packages) = core
        .blocking(move || {
            for _ in 0..ATTEMPTS {
                let (key_packages, claims) = match operation {
                    ConsentOperation::Grant if with_key_packages => {
                        let now = clock::now().0 / 1000;
                        claim_for_grant(&held.store.clients(&own)?, &held.store.key_packages(&own)?, now)
                    }
                    _ => (Vec::new(), Vec::new()),
                };
                match decide(&held, keeper, &own, operation, &of, &claims) {
                    Err(StoreError::Conflict(Conflict::KeyPackageClaimed)) => {}
                    done => return done.map(|outcome| (outcome, key_packages)),
                }
            }
            Err(StoreError::Conflict(Conflict::KeyPackageClaimed))
        })
        .await
        .map_err(CallError::from)?;
    match outcome {
        // A cancellation has the scope of an earlier request, so that there is nothing to send here.
        Outcome::NothingToCancel => return Err(WishError::NothingToCancel),
        Outcome::RequestNotKept => return Err(WishError::TooManyRequests),
        Outcome::DecisionNotKept => return Err(WishError::TooManyDecisions),
        _ => {}
    }
    let action = match operation {
        ConsentOperation::Cancel => ConsentAction::Cancel,
        ConsentOperation::Request => ConsentAction::Request,
        ConsentOperation::Grant => ConsentAction::Grant { client_key_packages: key_packages },
        ConsentOperation::Revoke if tell => ConsentAction::Revoke,
        ConsentOperation::Revoke => return Ok(Conveyed::Kept),
    };
    let entry = ConsentEntry::new(action, scope.clone());
    let conveyed = send(core, entry).await?;
    if operation == ConsentOperation::Request && conveyed == Conveyed::UserUnknown {
        // There is nobody who could answer.
        let held = core.clone();
        core.blocking(move || decide(&held, keeper, &user, ConsentOperation::Cancel, &scope, &[]))
            .await
            .map_err(CallError::from)?;
    }
    Ok(conveyed)
}

async fn send(core: &Arc<Core>, entry: ConsentEntry) -> Result<Conveyed, CallError> {
    let receiver = ConsentEndpoint::of(entry.operation()).receiving_user(&entry.scope);
    if receiver.domain() != &core.domain {
        return match core.peers.consent(&entry).await.map_err(CallError::Peer)? {
            ConsentAnswer::Received => Ok(Conveyed::Received),
            ConsentAnswer::UserUnknown => Ok(Conveyed::UserUnknown),
        };
    }
    match take(core, entry).await? {
        ConsentResponse::Received => Ok(Conveyed::Received),
        ConsentResponse::UserUnknown => Ok(Conveyed::UserUnknown),
        ConsentResponse::TryLater => Err(CallError::Denied("the decision cannot be kept at present".to_owned())),
    }
}
