//! Consent to be added to rooms (draft-ietf-mimi-protocol-06 sections 5.7 and 8): `POST /requestConsent/{targetDomain}`
//! and `POST /updateConsent/{requesterDomain}`.
//!
//! [`entry`] is what providers send each other, [`endpoint`] who may send which of it where and what is answered,
//! [`state`] what consent comes of it for two users, and [`states`] keeps that for all users of a provider, each within
//! limits. Nothing here sends anything.

pub mod endpoint;
pub mod entry;
pub mod state;
pub mod states;

pub use endpoint::{ConsentEndpoint, ConsentRefusal, ConsentResponse, Peers};
pub use entry::{ConsentAction, ConsentEntry, ConsentOperation, ConsentScope};
pub use state::{Consent, PairConsent, ScopeEvent, ScopeState};
pub use states::{ConsentStates, Keeper, Limits, Outcome};

#[cfg(test)]
mod tests;
