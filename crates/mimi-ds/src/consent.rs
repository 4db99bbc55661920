//! Consent of and for the provider's own users (draft-ietf-mimi-protocol-06 sections 5.7 and 8): what the store has of one
//! user, one operation, and what is to be stored then. The states themselves are those of [`mimi_protocol::consent`].

use mimi_arch::UserUri;
use mimi_protocol::{
    consent::{Consent, ConsentEntry, ConsentOperation, ConsentScope, ConsentStates, Keeper, Limits, Outcome},
    mls::KeyPackage,
};

use crate::{
    effect::Effect,
    hub::Member,
    store::{Store, StoreError, StoredKeyPackage},
};

/// How much is kept for one user on each side. Requests come from strangers, so there are fewer of them; the oldest ones stay.
pub const LIMITS: Limits = Limits { requests: 256, decisions: 4096 };

/// How many key packages of a grant are kept; the others are not needed to add the user.
pub const MAX_GRANTED_KEY_PACKAGES: usize = 64;

/// Where consent stands between one local user and all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserConsents {
    keeper: Keeper,
    own: UserUri,
    version: u64,
    states: ConsentStates,
}

impl UserConsents {
    /// Reads it from the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn read(store: &dyn Store, keeper: Keeper, own: &UserUri) -> Result<Self, StoreError> {
        let stored = store.consents(keeper, own)?;
        let mut states = ConsentStates::new(keeper, LIMITS);
        for (other, room, state) in stored.scopes {
            states.restore(own.clone(), other, room, state);
        }
        Ok(Self { keeper, own: own.clone(), version: stored.version, states })
    }

    /// The states.
    pub const fn states(&self) -> &ConsentStates {
        &self.states
    }

    /// Whether the requester may add the target of the scope, as far as this is kept.
    pub fn may(&self, scope: &ConsentScope) -> Consent {
        self.states.may(scope.requester(), scope.target(), scope.room())
    }

    /// Does an operation. Without effects nothing has changed. They conflict when another decision was faster; then the decision
    /// is made anew.
    // req: MP06-5.7-06, MP06-5.7-12, MP06-5.7-19, MP06-5.7-20, MP06-8-02
    pub fn decide(mut self, operation: ConsentOperation, scope: &ConsentScope) -> (Outcome, Vec<Effect>) {
        let other = match self.keeper {
            Keeper::TargetProvider => scope.requester(),
            Keeper::RequesterProvider => scope.target(),
        };
        let pair = |states: &ConsentStates| states.pair(scope.requester(), scope.target()).cloned().unwrap_or_default();
        let before = pair(&self.states);
        let outcome = self.states.apply(operation, scope);
        let after = pair(&self.states);
        if before == after {
            return (outcome, Vec::new());
        }
        let scopes = after.scopes().map(|(room, state)| (room.cloned(), state)).collect();
        let (keeper, own, version) = (self.keeper, self.own, self.version);
        (outcome, vec![Effect::PutConsent { keeper, own, other: other.clone(), version, scopes }])
    }
}

/// Why the key packages of a grant are not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GrantRefusal {
    /// A key package is not of a client of the target.
    #[error("key package {0} is not of a client of the target")]
    OtherClient(usize),
    /// A key package's reference cannot be computed.
    #[error("key package {0} has a cipher suite without a known hash function")]
    CipherSuite(usize),
}

/// What an entry of another provider means beside the states: the key packages of a grant are kept for the requester, with the way
/// back for their Welcome, in place of earlier ones of the same scope; a revocation takes them away.
///
/// The key packages have been verified. Expired ones are left out.
///
/// # Errors
/// A key package is not of the target, or unusable.
// req: MP06-5.7-21
pub fn granted(entry: &ConsentEntry, now: u64) -> Result<Vec<Effect>, GrantRefusal> {
    let (requester, target) = (entry.scope.requester(), entry.scope.target());
    let room = entry.scope.room();
    let drop =
        Effect::DropGrantedKeyPackages { requester: requester.clone(), target: target.clone(), room: room.cloned() };
    let mut effects = match entry.operation() {
        ConsentOperation::Revoke => return Ok(vec![drop]),
        // A grant for any room leaves those of single rooms alone.
        ConsentOperation::Grant if room.is_some() => vec![drop],
        ConsentOperation::Grant => Vec::new(),
        ConsentOperation::Request | ConsentOperation::Cancel => return Ok(Vec::new()),
    };
    let usable = |package: &&KeyPackage| package.not_before() <= now && now < package.not_after();
    for (index, package) in entry.client_key_packages().iter().filter(usable).take(MAX_GRANTED_KEY_PACKAGES).enumerate()
    {
        let owner = Member::from_credential(package.credential()).filter(|owner| owner.user == *target);
        let owner = owner.ok_or(GrantRefusal::OtherClient(index))?;
        let reference = package.reference().map_err(|_| GrantRefusal::CipherSuite(index))?;
        effects.push(Effect::PutRoute {
            reference: reference.clone(),
            provider: target.domain().clone(),
            not_after: package.not_after(),
        });
        effects.push(Effect::PutGrantedKeyPackage {
            requester: requester.clone(),
            target: target.clone(),
            room: room.cloned(),
            key_package: StoredKeyPackage {
                client: owner.client,
                reference,
                bytes: package.as_bytes().to_vec(),
                not_after: package.not_after(),
                last_resort: false,
            },
        });
    }
    Ok(effects)
}
