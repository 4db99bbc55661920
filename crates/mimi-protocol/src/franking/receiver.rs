//! What a receiver verifies (draft-ietf-mimi-protocol-06 section 5.4.1.3).

use mimi_arch::{Domain, RoomUri};

use super::FRANKING_INTEGRITY_LABEL;
use super::content::{FrankedContent, FrankingTag, is_of_sender, same};
use super::hub::ServerFrank;
use super::wire::{AgentError, FrankingAgentData, FrankingIntegrityTbs, ServerFrankingContext};
use crate::codec::{EncodeError, Wire};
use crate::crypto::{SignatureError, verify_with_label};
use crate::identifier_uri::IdentifierUri;
use crate::mls::Credential;
use crate::submit_message::Frank;
use crate::values::{AcceptedTimestamp, CipherSuite};

/// An application message that MLS decrypted, with all that its frank is verified against (draft-ietf-mimi-protocol-06
/// section 5.4.1.3).
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The cipher suite of the group.
    pub suite: CipherSuite,
    /// The hub that the message came from.
    pub hub: &'a Domain,
    /// The agent in the group context of the message's epoch.
    pub agent: Option<&'a FrankingAgentData>,
    /// The room that the message came in.
    pub room: &'a RoomUri,
    /// The hub's time, as it came with the message.
    pub accepted_timestamp: AcceptedTimestamp,
    /// The tag in the additional authenticated data.
    pub tag: Option<&'a FrankingTag>,
    /// The stamp that came with the message.
    pub frank: Option<&'a Frank>,
    /// The credential in the sender's leaf.
    pub leaf_credential: &'a Credential,
    /// What was decrypted.
    pub content: FrankedContent<'a>,
}

/// A stamp that holds: what a receiver keeps with the message, to be able to report it (draft-ietf-mimi-protocol-06
/// section 5.4.1.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifiedFrank {
    frank: Frank,
    context: ServerFrankingContext,
}

impl VerifiedFrank {
    /// The stamp.
    pub const fn frank(&self) -> &Frank {
        &self.frank
    }

    /// What the hub vouched for.
    pub const fn context(&self) -> &ServerFrankingContext {
        &self.context
    }
}

/// A message whose frank proves nothing (draft-ietf-mimi-protocol-06 section 5.4.1.3).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrankRefusal {
    /// The message has neither tag nor stamp: nobody claims that it is franked.
    #[error("the message is not franked (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    NotFranked,
    /// There is a stamp and no tag.
    #[error("the message has a frank and no franking tag (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    TagMissing,
    /// There is a tag and no stamp: the hub did not frank, or somebody took the stamp away.
    #[error("the message has a franking tag and no frank (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    FrankMissing,
    /// The stamp has another cipher suite than the group.
    #[error("the frank has cipher suite {frank}, the group {group} (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    OtherCipherSuite {
        /// That of the stamp.
        frank: CipherSuite,
        /// That of the group.
        group: CipherSuite,
    },
    /// The group context has no agent.
    #[error("the room has no franking agent (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    NoAgent,
    /// The agent cannot frank in this room.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The signature is not the agent's over stamp, suite, sender, room and time.
    #[error("the integrity signature: {0}")]
    Signature(#[from] SignatureError),
    /// The tag is not that of the content.
    #[error("the franking tag is not that of the content (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    OtherContent,
    /// The sender in the content is not the one whose leaf the message came from.
    #[error("the sender in the content is not the sender of the message (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    OtherSender,
    /// The room in the content is not the one the message came in.
    #[error("the room in the content is not the room of the message (draft-ietf-mimi-protocol-06 section 5.4.1.3)")]
    OtherRoom,
}

impl FrankRefusal {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Agent(error) => error.section(),
            Self::Signature(error) => error.section(),
            _ => super::RECEIVER,
        }
    }
}

impl From<EncodeError> for FrankRefusal {
    fn from(error: EncodeError) -> Self {
        Self::Signature(error.into())
    }
}

impl Received<'_> {
    /// Verifies the stamp, in the order of the draft.
    ///
    /// The context is rebuilt from what was received: the sender that the content names, the room the message came in,
    /// and the time that came with it.
    ///
    /// # Errors
    /// The first check that fails, see [`FrankRefusal`]. The message may be shown even so; it cannot be reported.
    // req: MP06-5.4.1.3-01, MP06-5.4.1.4-02, MP06-5.4.1.1-06
    pub fn verify(&self) -> Result<VerifiedFrank, FrankRefusal> {
        let (tag, frank) = match (self.tag, self.frank) {
            (Some(tag), Some(frank)) => (tag, frank),
            (Some(_), None) => return Err(FrankRefusal::FrankMissing),
            (None, Some(_)) => return Err(FrankRefusal::TagMissing),
            (None, None) => return Err(FrankRefusal::NotFranked),
        };
        // req: MP06-5.4.1.3-02
        if frank.franking_signature_ciphersuite != self.suite {
            let (frank, group) = (frank.franking_signature_ciphersuite, self.suite);
            return Err(FrankRefusal::OtherCipherSuite { frank, group });
        }
        let agent = self.agent.ok_or(FrankRefusal::NoAgent)?;
        agent.check(self.hub, self.suite)?;
        let context = ServerFrankingContext {
            sender_uri: self.content.sender_uri.clone(),
            room_uri: IdentifierUri::from(self.room),
            accepted_timestamp: self.accepted_timestamp,
        };
        verify_integrity(frank, &context, &agent.franking_signature_key)?;
        // req: MP06-5.4.1.3-05
        if self.content.tag() != *tag {
            return Err(FrankRefusal::OtherContent);
        }
        if !is_of_sender(self.leaf_credential, self.content.sender_uri.as_str()) {
            return Err(FrankRefusal::OtherSender);
        }
        if !same(self.content.room_uri.as_str(), self.room.as_str()) {
            return Err(FrankRefusal::OtherRoom);
        }
        Ok(VerifiedFrank { frank: frank.clone(), context })
    }
}

/// The signature over the stamp, with the signature scheme that the stamp names.
// req: MP06-5.4.1.3-04
pub(super) fn verify_integrity(
    frank: &Frank,
    context: &ServerFrankingContext,
    key: &[u8],
) -> Result<(), SignatureError> {
    let tbs = FrankingIntegrityTbs {
        server_frank: ServerFrank::from(frank.server_frank),
        franking_signature_ciphersuite: frank.franking_signature_ciphersuite,
        context: context.clone(),
    };
    verify_with_label(
        frank.franking_signature_ciphersuite,
        key,
        FRANKING_INTEGRITY_LABEL,
        &tbs.to_bytes()?,
        &frank.franking_integrity_signature,
    )
}
