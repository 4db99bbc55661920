//! Who may send which consent operation to whom, and what is answered (draft-ietf-mimi-protocol-06 section 5.7).

use mimi_arch::{ClientUri, Domain, UserUri};

use crate::directory::Endpoint;
use crate::mls::KeyPackage;

use super::entry::{ConsentEntry, ConsentOperation, ConsentScope};
use super::states::{Keeper, Outcome};

/// One of the two consent endpoints (draft-ietf-mimi-protocol-06 section 5.7).
// req: MP06-5.7-29
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConsentEndpoint {
    /// From the requester's provider to the target's.
    RequestConsent,
    /// From the target's provider to the requester's.
    UpdateConsent,
}

/// The two providers of a request, each with all its domains (draft-ietf-mimi-protocol-06 section 5.7).
///
/// There is no third one: consent never goes through a hub.
// req: MP06-5.7-01, MP06-8-11
#[derive(Clone, Copy, Debug)]
pub struct Peers<'a> {
    /// Domains of the provider that sent the request, as far as its certificate vouches for them.
    pub sender: &'a [Domain],
    /// Domains of the provider that received it.
    pub receiver: &'a [Domain],
}

impl ConsentEndpoint {
    /// Where an operation is sent.
    // req: MP06-5.7-02, MP06-5.7-16
    pub const fn of(operation: ConsentOperation) -> Self {
        match operation {
            ConsentOperation::Cancel | ConsentOperation::Request => Self::RequestConsent,
            ConsentOperation::Grant | ConsentOperation::Revoke => Self::UpdateConsent,
        }
    }

    /// The endpoint's entry in the directory.
    pub const fn endpoint(self) -> Endpoint {
        match self {
            Self::RequestConsent => Endpoint::RequestConsent,
            Self::UpdateConsent => Endpoint::UpdateConsent,
        }
    }

    /// Whose user the receiving provider keeps the entry for.
    pub const fn keeper(self) -> Keeper {
        match self {
            Self::RequestConsent => Keeper::TargetProvider,
            Self::UpdateConsent => Keeper::RequesterProvider,
        }
    }

    /// The user of the receiving provider: the target of a request, the requester of an update.
    pub const fn receiving_user(self, scope: &ConsentScope) -> &UserUri {
        match self {
            Self::RequestConsent => scope.target(),
            Self::UpdateConsent => scope.requester(),
        }
    }

    /// Whether the path's variable names the receiving user, or the domain of that user.
    ///
    /// Section 5.1 has a user in the path and section 5.7 a domain; both are understood.
    // req: MP06-5.7-29
    pub fn path_fits(self, scope: &ConsentScope, value: &str) -> bool {
        let user = self.receiving_user(scope);
        value.parse::<Domain>().is_ok_and(|domain| domain == *user.domain())
            || value.parse::<UserUri>().is_ok_and(|named| named == *user)
    }

    /// Checks that the entry may come from the one provider to the other at this endpoint.
    ///
    /// # Errors
    /// The first rule that the entry breaks: the operation first, then the receiver's user, then the sender's, then
    /// the key packages.
    pub fn check(self, entry: &ConsentEntry, peers: Peers<'_>) -> Result<(), ConsentRefusal> {
        let operation = entry.operation();
        if Self::of(operation) != self {
            return Err(ConsentRefusal::OperationOfOtherEndpoint { operation });
        }
        let (requester, target) = (entry.scope.requester(), entry.scope.target());
        match self {
            // req: MP06-5.7-07
            Self::RequestConsent if !of_one(target, peers.receiver) => {
                return Err(ConsentRefusal::TargetNotOfReceiver { target: target.clone() });
            }
            // req: MP06-5.7-08
            Self::RequestConsent if !of_one(requester, peers.sender) => {
                return Err(ConsentRefusal::RequesterNotOfSender { requester: requester.clone() });
            }
            // req: MP06-5.7-22
            Self::UpdateConsent if !of_one(requester, peers.receiver) => {
                return Err(ConsentRefusal::RequesterNotOfReceiver { requester: requester.clone() });
            }
            // req: MP06-5.7-23
            Self::UpdateConsent if !of_one(target, peers.sender) => {
                return Err(ConsentRefusal::TargetNotOfSender { target: target.clone() });
            }
            _ => {}
        }
        // req: MP06-5.7-21
        match entry.client_key_packages().iter().position(|package| !is_of(package, target)) {
            Some(index) => Err(ConsentRefusal::KeyPackageNotOfTarget { index }),
            None => Ok(()),
        }
    }
}

fn of_one(user: &UserUri, domains: &[Domain]) -> bool {
    domains.contains(user.domain())
}

/// Whether a key package is of a client of the user, by its credential. The credential is not verified.
fn is_of(package: &KeyPackage, user: &UserUri) -> bool {
    let client = package.credential().as_basic().and_then(|identity| ClientUri::from_bytes(identity).ok());
    client.and_then(|client| client.user()).is_some_and(|owner| owner == *user)
}

/// Why a well-formed entry is not accepted (draft-ietf-mimi-protocol-06 section 5.7).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsentRefusal {
    /// A grant or revocation at requestConsent, or a request or cancellation at updateConsent.
    #[error("the operation {operation:?} belongs to the other consent endpoint")]
    OperationOfOtherEndpoint {
        /// The operation.
        operation: ConsentOperation,
    },
    /// A request about a user of another provider.
    #[error("the target {target} is not a user of the receiving provider")]
    TargetNotOfReceiver {
        /// The target.
        target: UserUri,
    },
    /// A request in the name of another provider's user.
    #[error("the requester {requester} is not a user of the sending provider")]
    RequesterNotOfSender {
        /// The requester.
        requester: UserUri,
    },
    /// A grant or revocation for another provider's user.
    #[error("the requester {requester} is not a user of the receiving provider")]
    RequesterNotOfReceiver {
        /// The requester.
        requester: UserUri,
    },
    /// A grant or revocation in the name of another provider's user.
    #[error("the target {target} is not a user of the sending provider")]
    TargetNotOfSender {
        /// The target.
        target: UserUri,
    },
    /// A grant with a key package of somebody else.
    #[error("key package {index} is not of a client of the target")]
    KeyPackageNotOfTarget {
        /// Its place in the list, from 0.
        index: usize,
    },
}

impl ConsentRefusal {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-protocol-06 section 5.7"
    }
}

/// What is answered to an entry that [`ConsentEndpoint::check`] lets pass (draft-ietf-mimi-protocol-06 section 5.7).
// req: MP06-5.7-09, MP06-5.7-24
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ConsentResponse {
    /// The entry was received; no more is said.
    // req: MP06-5.7-10, MP06-5.7-25, MP06-8-08, MP06-8-09
    Received,
    /// The receiving provider does not have the user.
    UserUnknown,
    /// The decision cannot be kept at present.
    TryLater,
}

impl ConsentResponse {
    /// The answer if the receiving user does not exist: told only by a provider that reveals this.
    // req: MP06-5.7-11, MP06-5.7-26
    pub const fn to_unknown_user(reveals_unknown_users: bool) -> Self {
        if reveals_unknown_users { Self::UserUnknown } else { Self::Received }
    }

    /// The answer if the receiving user exists. It depends on nothing that the user did or saw: a request that
    /// is not kept and a cancellation of nothing are received like any other.
    // req: MP06-5.7-12, MP06-8-09
    pub const fn to(outcome: Outcome) -> Self {
        match outcome {
            Outcome::DecisionNotKept => Self::TryLater,
            _ => Self::Received,
        }
    }

    /// The HTTP status.
    pub const fn status(self) -> u16 {
        match self {
            Self::Received => 201,
            Self::UserUnknown => 404,
            Self::TryLater => 503,
        }
    }
}
