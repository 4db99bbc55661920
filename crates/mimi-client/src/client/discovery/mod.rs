//! From a telephone number or mail address to a person one can talk to (the project's discovery profile 0, `docs/discovery.md`): experimental, and of
//! this project.
//!
//! [`Client::look_up`] asks a discovery provider which service to take, without that provider learning who asks. [`Client::find_by_identifier`] goes on from
//! there: the service is asked for the user, the user for consent. [`Client::register_mapping`] is for those who want to be found.

mod error;
mod look_up;
mod mine;
mod next;
mod reach;
mod relay;
#[cfg(feature = "pir")]
mod retrieve;
mod source;
mod tokens;

use std::collections::BTreeSet;

use mimi_arch::Domain;
use mimi_discovery::{Anchors, Seconds, Seed, answer::Finding, mapping::Tag, sealed::Capability, selection::Selection};

pub use self::{
    error::DiscoveryError,
    mine::NewRegistration,
    next::{Next, NotReachable, Progress},
    reach::Reached,
};
use crate::{
    error::{ClientError, StateError},
    state::vault,
};

/// How to look up (discovery profile 0 sections 10 to 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LookUpMode {
    /// The discovery provider sees whom is asked for and not who asks.
    #[default]
    S,
    /// It sees neither, but which bucket of many identifiers is asked for; more is transferred.
    B,
    /// It does not even see the bucket: private information retrieval, experimental, with feature `pir` alone. Costs two tokens, and the provider a second of
    /// computing.
    P,
}

/// What an asker brings to a look-up.
#[derive(Clone, Debug, Default)]
pub struct LookUpOptions {
    /// The mode.
    pub mode: LookUpMode,
    /// Which issuers of identifiers are trusted, and for what. Without any, nobody is found.
    pub anchors: Anchors,
    /// The discovery provider; without one the own provider and its prefix directory say which.
    pub dp: Option<Domain>,
    /// Words that are looked for, such as `business`.
    pub wanted: BTreeSet<Tag>,
    /// What the recipient has given the asker, or a group that the asker is in.
    pub capabilities: Vec<Capability>,
    /// The authorities, in PEM, that the relay's certificate has to come from; without them those of the own provider.
    pub relay_ca_pem: Option<Vec<u8>>,
}

/// What a look-up came to. All of it is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookUp {
    /// The discovery provider that was asked.
    pub dp: Domain,
    /// Which of the results of R5 it is.
    pub finding: Finding,
    /// The entry for this asker, which is remembered, or why there is none.
    pub selection: Selection,
}

fn now() -> Seconds {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Seconds(since.unwrap_or_default().as_secs())
}

fn random() -> Result<[u8; 32], ClientError> {
    let octets = vault::random(32)?.to_vec();
    Ok(octets.try_into().map_err(|_| StateError::NoRandomness)?)
}

fn seed() -> Result<Seed, ClientError> {
    random().map(Seed::new)
}
