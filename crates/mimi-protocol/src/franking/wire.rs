//! The two components of franking and what the hub signs (draft-ietf-mimi-protocol-06 sections 5.4.1 and 5.4.1.2).

use mimi_arch::{Domain, MimiUri};

use super::content::FrankingTag;
use super::hub::ServerFrank;
use crate::codec::{self, DecodeError, EncodeError, Reader, Wire};
use crate::crypto::SignatureError;
use crate::identifier_uri::IdentifierUri;
use crate::mls::{ComponentId, Credential};
use crate::safe_aad::{SafeAad, SafeAadItem};
use crate::values::{AcceptedTimestamp, CipherSuite, SignatureScheme};

/// The component of the tag in the additional authenticated data (draft-ietf-mimi-protocol-06 section 10.1).
// req: MP06-5.4.1-02
pub const FRANK_AAD: ComponentId = ComponentId::FRANK_AAD;

/// The component of the franking agent in the group context (draft-ietf-mimi-protocol-06 section 10.2, where it is
/// called franking_signature_key).
// req: MP06-5.4.1-02
pub const FRANKING_AGENT: ComponentId = ComponentId::FRANKING_AGENT;

/// What the component [`FRANK_AAD`] says: the tag, 32 octets without a length (draft-ietf-mimi-protocol-06 section
/// 5.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrankAad {
    /// The sender's commitment.
    pub franking_tag: FrankingTag,
}

impl FrankAad {
    /// Reads the tag in the `authenticated_data` of a message, if there is one.
    ///
    /// Only in a group that has the component `safe_aad` is the field a [`SafeAad`]; a message of another group has no
    /// tag.
    ///
    /// # Errors
    /// When the field is not a [`SafeAad`] or the item is not a tag. Within the item the offset counts from its start.
    // req: MP06-5.4.1.1-05
    pub fn read(authenticated_data: &[u8]) -> Result<Option<Self>, DecodeError> {
        SafeAad::from_bytes(authenticated_data)?.find(FRANK_AAD).map(Self::from_bytes).transpose()
    }

    /// The item that a sender puts into the additional authenticated data.
    // req: MP06-5.4.1.1-05
    pub fn item(&self) -> SafeAadItem {
        SafeAadItem { component_id: FRANK_AAD, aad_item_data: self.franking_tag.as_bytes().to_vec() }
    }
}

impl Wire for FrankAad {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { franking_tag: FrankingTag::from(r.array()?) })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(self.franking_tag.as_bytes());
        Ok(())
    }
}

/// The data of the component [`FRANKING_AGENT`]: who stamps the messages of a room, and with which key
/// (draft-ietf-mimi-protocol-06 section 5.4.1).
// req: MP06-5.4.1-03
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FrankingAgentData {
    /// The key that the hub signs with.
    pub franking_signature_key: Vec<u8>,
    /// Who the hub is.
    pub credential: Credential,
}

/// An agent that cannot frank in a room (draft-ietf-mimi-protocol-06 section 5.4.1).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentError {
    /// The key is not one of the signature scheme of the group's cipher suite, or that scheme is not supported.
    #[error("{0}, for the franking agent (draft-ietf-mimi-protocol-06 section 5.4.1)")]
    Key(#[source] SignatureError),
    /// The credential is not a basic one with the URI of the hub.
    #[error("the franking agent is not {hub} (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    NotTheHub {
        /// The hub.
        hub: Domain,
    },
}

impl AgentError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Key(error) => error.section(),
            Self::NotTheHub { .. } => super::RECEIVER,
        }
    }
}

/// What an update of the agent amounts to (draft-ietf-mimi-protocol-06 section 5.4.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AgentChange {
    /// There was no agent; now there is one.
    Added(FrankingAgentData),
    /// The agent stays as it was.
    Unchanged(FrankingAgentData),
    /// Another agent took the place of one. The draft wants a new group (ReInit) for this, so that nobody is in doubt
    /// about the key; a client does not propose it.
    Replaced(FrankingAgentData),
}

impl FrankingAgentData {
    /// Whether the agent can frank in a room of this hub and this cipher suite.
    ///
    /// The credential has to be a basic one that holds the provider URI of the hub, as in `external_senders`.
    ///
    /// # Errors
    /// See [`AgentError`].
    // req: MP06-5.4.1-04, MP06-5.4.1.3-03
    pub fn check(&self, hub: &Domain, suite: CipherSuite) -> Result<(), AgentError> {
        match self.credential.as_basic().map(MimiUri::from_bytes) {
            Some(Ok(MimiUri::Provider(provider))) if provider.domain() == hub => {}
            _ => return Err(AgentError::NotTheHub { hub: hub.clone() }),
        }
        if suite.signature_scheme() != Some(SignatureScheme::Ed25519) {
            return Err(AgentError::Key(SignatureError::UnsupportedCipherSuite(suite)));
        }
        if self.franking_signature_key.len() == 32 {
            Ok(())
        } else {
            Err(AgentError::Key(SignatureError::MalformedKey))
        }
    }

    /// The agent after an AppDataUpdate proposal.
    // req: MP06-5.4.1-06, MP06-5.4.1-07
    pub fn apply(current: Option<&Self>, update: FrankingAgentUpdate) -> AgentChange {
        match current {
            None => AgentChange::Added(update.0),
            Some(current) if *current == update.0 => AgentChange::Unchanged(update.0),
            Some(_) => AgentChange::Replaced(update.0),
        }
    }
}

impl Wire for FrankingAgentData {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { franking_signature_key: r.opaque()?.to_vec(), credential: Credential::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.franking_signature_key)?;
        self.credential.encode(out)
    }
}

/// What an AppDataUpdate proposal for the component [`FRANKING_AGENT`] carries: the agent itself
/// (draft-ietf-mimi-protocol-06 section 5.4.1).
// req: MP06-5.4.1-05
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct FrankingAgentUpdate(pub FrankingAgentData);

impl Wire for FrankingAgentUpdate {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        FrankingAgentData::decode(r).map(Self)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

/// What the hub vouches for besides the tag (draft-ietf-mimi-protocol-06 section 5.4.1.2).
///
/// The sender stands here with the octets that the sender gave to the hub and wrote into the content; the room in its
/// normal form.
/// It is never sent as a whole: receivers rebuild it, so that followers do not learn the sender.
// req: MP06-5.4.1-01, MP06-5.4.1.4-01
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ServerFrankingContext {
    /// Who sent the message.
    pub sender_uri: IdentifierUri,
    /// The room it was sent to.
    pub room_uri: IdentifierUri,
    /// When the hub accepted it.
    pub accepted_timestamp: AcceptedTimestamp,
}

impl Wire for ServerFrankingContext {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sender_uri: IdentifierUri::decode(r)?,
            room_uri: IdentifierUri::decode(r)?,
            accepted_timestamp: AcceptedTimestamp::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.sender_uri.encode(out)?;
        self.room_uri.encode(out)?;
        self.accepted_timestamp.encode(out)
    }
}

/// What the integrity signature is over (draft-ietf-mimi-protocol-06 section 5.4.1.2).
///
/// `server_frank` has 32 octets without a length, here as in the Frank.
// req: MP06-5.4.1.2-04
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrankingIntegrityTbs {
    /// The hub's own mark.
    pub server_frank: ServerFrank,
    /// The cipher suite whose signature scheme signs.
    pub franking_signature_ciphersuite: CipherSuite,
    /// What the hub vouches for.
    pub context: ServerFrankingContext,
}

impl Wire for FrankingIntegrityTbs {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            server_frank: ServerFrank::from(r.array()?),
            franking_signature_ciphersuite: CipherSuite::decode(r)?,
            context: ServerFrankingContext::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.extend_from_slice(self.server_frank.as_bytes());
        self.franking_signature_ciphersuite.encode(out)?;
        self.context.encode(out)
    }
}
