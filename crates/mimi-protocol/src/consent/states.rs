//! The consent of all users of one provider, each within limits (draft-ietf-mimi-protocol-06 sections 5.7 and 8).

use std::collections::BTreeMap;

use mimi_arch::{RoomUri, UserUri};

use super::entry::{ConsentOperation, ConsentScope};
use super::state::{Consent, Kept, PairConsent, ScopeState};

/// Whose consent is kept: which of the two users of a scope is the provider's own (draft-ietf-mimi-protocol-06 section
/// 8).
///
/// Every provider keeps both, apart from each other: as the target's provider it decides by what it keeps, as the
/// requester's it knows what to expect.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Keeper {
    /// The target's provider; requests come from outside, decisions from the provider's own users.
    TargetProvider,
    /// The requester's provider; requests come from the provider's own users, decisions from outside.
    RequesterProvider,
}

/// How much is kept for one user of the provider (draft-ietf-mimi-protocol-06 section 8). The two are apart so that
/// neither side can crowd out what the other one did.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// Scopes with a request that waits for an answer.
    pub requests: usize,
    /// Scopes with a decision.
    pub decisions: usize,
}

/// What became of an operation (draft-ietf-mimi-protocol-06 section 8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A new request waits for an answer.
    Requested,
    /// The same request waits already.
    AlreadyRequested,
    /// What is asked for is granted already.
    AlreadyGranted,
    /// A request was taken back.
    Cancelled,
    /// No request with this scope waits; nothing was done.
    NothingToCancel,
    /// Consent is given; the key packages of the grant, if any, can be used.
    Granted {
        /// Whether that answers a request.
        solicited: bool,
    },
    /// Consent is denied or taken back.
    Revoked {
        /// Whether that answers a request.
        solicited: bool,
    },
    /// A new request beyond the limit; nothing was done.
    RequestNotKept,
    /// A decision beyond the limit; nothing was done. What was granted stays granted, so a provider tells this to a
    /// user of its own who wanted to deny a single room. A revocation of what is granted by the same scope, and one for
    /// any room after a grant for any, replaces that and is always kept.
    DecisionNotKept,
}

/// The consent of all users of one provider on one side (draft-ietf-mimi-protocol-06 section 8).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentStates {
    keeper: Keeper,
    limits: Limits,
    users: BTreeMap<UserUri, UserConsent>,
}

/// What is kept for one user of the provider.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct UserConsent {
    kept: Kept,
    /// By the user of the other provider; never empty ones.
    pairs: BTreeMap<UserUri, PairConsent>,
}

impl ConsentStates {
    /// Nothing kept yet.
    pub const fn new(keeper: Keeper, limits: Limits) -> Self {
        Self { keeper, limits, users: BTreeMap::new() }
    }

    /// Puts back one scope that was kept ([`PairConsent::scopes`]); limits do not apply. A state of unknown puts back nothing.
    pub fn restore(&mut self, own: UserUri, other: UserUri, room: Option<RoomUri>, state: ScopeState) {
        let mut pair = self.users.get(&own).and_then(|user| user.pairs.get(&other)).cloned().unwrap_or_default();
        let (before, after) = pair.restore(room, state);
        let user = self.users.get(&own).map(|user| user.kept).unwrap_or_default();
        let kept = Kept {
            requests: (user.requests + after.requests).saturating_sub(before.requests),
            decisions: (user.decisions + after.decisions).saturating_sub(before.decisions),
        };
        self.put(own, other, kept, |kept| *kept = pair);
    }

    /// What is kept for one user of the provider: the other user, and where consent stands between the two.
    pub fn pairs<'a>(&'a self, own: &UserUri) -> impl Iterator<Item = (&'a UserUri, &'a PairConsent)> + use<'a> {
        self.users.get(own).into_iter().flat_map(|user| &user.pairs)
    }

    /// Does an operation. A limit leaves everything as it was.
    ///
    /// The caller has checked that the entry may come from where it came, and that the provider's own user exists:
    /// there is a limit for each user and none for their number.
    // req: MP06-5.7-06, MP06-5.7-12, MP06-5.7-19, MP06-5.7-20, MP06-8-02, MP06-8-03
    pub fn apply(&mut self, operation: ConsentOperation, scope: &ConsentScope) -> Outcome {
        let (own, other) = self.own_and_other(scope.requester(), scope.target());
        let room = scope.room();
        let nothing = PairConsent::default();
        let user = self.users.get(own);
        let total = user.map(|user| user.kept).unwrap_or_default();
        let pair = user.and_then(|user| user.pairs.get(other)).unwrap_or(&nothing);

        let (before, after) = pair.kept_around(operation, room);
        let kept = Kept {
            requests: (total.requests + after.requests).saturating_sub(before.requests),
            decisions: (total.decisions + after.decisions).saturating_sub(before.decisions),
        };
        if after.requests > before.requests && kept.requests > self.limits.requests {
            return Outcome::RequestNotKept;
        }
        if after.decisions > before.decisions && kept.decisions > self.limits.decisions {
            return Outcome::DecisionNotKept;
        }
        let outcome = match operation {
            ConsentOperation::Request if after.requests > before.requests => Outcome::Requested,
            ConsentOperation::Request if pair.state(room).is_requested() => Outcome::AlreadyRequested,
            ConsentOperation::Request => Outcome::AlreadyGranted,
            ConsentOperation::Cancel if after.requests < before.requests => Outcome::Cancelled,
            ConsentOperation::Cancel => Outcome::NothingToCancel,
            ConsentOperation::Grant => Outcome::Granted { solicited: after.requests < before.requests },
            ConsentOperation::Revoke => Outcome::Revoked { solicited: after.requests < before.requests },
        };
        let (own, other) = (own.clone(), other.clone());
        self.put(own, other, kept, |pair| pair.apply(operation, room));
        outcome
    }

    fn put(&mut self, own: UserUri, other: UserUri, kept: Kept, change: impl FnOnce(&mut PairConsent)) {
        let mut user = self.users.remove(&own).unwrap_or_default();
        let mut pair = user.pairs.remove(&other).unwrap_or_default();
        change(&mut pair);
        user.kept = kept;
        if !pair.is_empty() {
            user.pairs.insert(other, pair);
        }
        if !user.pairs.is_empty() {
            self.users.insert(own, user);
        }
    }

    /// Whether the requester may add the target to the room, or to any room.
    pub fn may(&self, requester: &UserUri, target: &UserUri, room: Option<&RoomUri>) -> Consent {
        self.pair(requester, target).map_or(Consent::Unknown, |pair| pair.may(room))
    }

    /// Where consent stands for two users; nothing if nothing is kept.
    pub fn pair(&self, requester: &UserUri, target: &UserUri) -> Option<&PairConsent> {
        let (own, other) = self.own_and_other(requester, target);
        self.users.get(own)?.pairs.get(other)
    }

    /// The requests that wait for an answer, of or to one user of the provider: the other user and the room, or any.
    pub fn requested<'a>(
        &'a self,
        own: &UserUri,
    ) -> impl Iterator<Item = (&'a UserUri, Option<&'a RoomUri>)> + use<'a> {
        let pairs = self.users.get(own).into_iter().flat_map(|user| &user.pairs);
        pairs.flat_map(|(other, pair)| pair.requested().map(move |room| (other, room)))
    }

    /// How many requests and decisions are kept for one user of the provider.
    pub fn kept(&self, own: &UserUri) -> Limits {
        let kept = self.users.get(own).map(|user| user.kept).unwrap_or_default();
        Limits { requests: kept.requests, decisions: kept.decisions }
    }

    /// Forgets everything about one user of the provider, who is no more.
    pub fn forget(&mut self, own: &UserUri) {
        self.users.remove(own);
    }

    const fn own_and_other<'a>(&self, requester: &'a UserUri, target: &'a UserUri) -> (&'a UserUri, &'a UserUri) {
        match self.keeper {
            Keeper::TargetProvider => (target, requester),
            Keeper::RequesterProvider => (requester, target),
        }
    }
}
