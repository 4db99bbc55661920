//! What the hub does (draft-ietf-mimi-protocol-06 section 5.4.1.2): its mark under a secret key, and its signature.

use std::fmt;

use mimi_arch::Domain;
use subtle::ConstantTimeEq;

use super::FRANKING_INTEGRITY_LABEL;
use super::content::{FrankingTag, hmac_sha256};
use super::wire::{AgentError, FrankingAgentData, FrankingIntegrityTbs, ServerFrankingContext};
use crate::codec::{EncodeError, Wire};
use crate::crypto::{LabelSigner, SignError};
use crate::submit_message::Frank;
use crate::values::CipherSuite;

/// The hub's secret, by which it recognises its own mark (draft-ietf-mimi-protocol-06 section 5.4.1.2).
///
/// It is 32 octets from a random number generator. A hub that changes it keeps the old ones for as long as it wants to
/// verify reports.
#[derive(Clone)]
pub struct HubKey([u8; 32]);

impl HubKey {
    /// A key of these octets.
    pub const fn new(octets: [u8; 32]) -> Self {
        Self(octets)
    }

    /// The mark on a tag in a context: HMAC-SHA256 of the 32 octets of the tag and the encoded context.
    ///
    /// # Errors
    /// When the context has no encoding.
    // req: MP06-5.4.1.2-03
    pub fn server_frank(&self, tag: &FrankingTag, context: &ServerFrankingContext) -> Result<ServerFrank, EncodeError> {
        Ok(ServerFrank(hmac_sha256(&self.0, &[tag.as_bytes(), &context.to_bytes()?])))
    }
}

impl fmt::Debug for HubKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubKey").finish_non_exhaustive()
    }
}

/// The hub's mark, which only the hub can make or check (draft-ietf-mimi-protocol-06 section 5.4.1.2).
///
/// Two marks are compared in a time that does not depend on their octets.
#[derive(Clone, Copy)]
pub struct ServerFrank([u8; 32]);

impl ServerFrank {
    /// The octets as they stand on the wire.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for ServerFrank {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl PartialEq for ServerFrank {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ServerFrank {}

impl fmt::Debug for ServerFrank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerFrank(")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        f.write_str(")")
    }
}

/// A message that the hub could not frank (draft-ietf-mimi-protocol-06 section 5.4.1.2).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrankError {
    /// The agent in the group context cannot frank in this room.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The signer is not the agent, or failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}

impl FrankError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Agent(error) => error.section(),
            Self::Sign(_) => super::HUB,
        }
    }
}

/// The hub of a room, able to frank its messages (draft-ietf-mimi-protocol-06 section 5.4.1.2).
#[derive(Clone, Copy)]
pub struct Franker<'a> {
    /// The hub's domain.
    pub hub: &'a Domain,
    /// The hub's secret.
    pub hub_key: &'a HubKey,
    /// The signature key that belongs to the agent.
    pub signer: &'a dyn LabelSigner,
    /// The agent in the present group context.
    pub agent: &'a FrankingAgentData,
    /// The group's present cipher suite.
    pub suite: CipherSuite,
}

impl Franker<'_> {
    /// The stamp for an acceptable message that has a tag.
    ///
    /// # Errors
    /// When the agent in the group context is not this hub with this key and a key of this cipher suite, or signing
    /// fails.
    // req: MP06-5.4.1.2-01, MP06-5.4.1.2-02, MP06-5.4.1.2-05
    pub fn frank(&self, tag: &FrankingTag, context: &ServerFrankingContext) -> Result<Frank, FrankError> {
        self.agent.check(self.hub, self.suite)?;
        if self.signer.public_key() != self.agent.franking_signature_key {
            return Err(SignError::KeyMismatch.into());
        }
        let server_frank = self.hub_key.server_frank(tag, context).map_err(SignError::from)?;
        let tbs =
            FrankingIntegrityTbs { server_frank, franking_signature_ciphersuite: self.suite, context: context.clone() };
        let signed = tbs.to_bytes().map_err(SignError::from)?;
        Ok(Frank {
            server_frank: *server_frank.as_bytes(),
            franking_signature_ciphersuite: self.suite,
            franking_integrity_signature: self.signer.sign_with_label(FRANKING_INTEGRITY_LABEL, &signed)?,
        })
    }
}

impl fmt::Debug for Franker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Franker").field("hub", self.hub).field("suite", &self.suite).finish_non_exhaustive()
    }
}
