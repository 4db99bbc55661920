//! How the hub verifies a message that somebody reports (draft-ietf-mimi-protocol-06 section 5.9).

use mimi_arch::RoomUri;

use super::content::{FrankedContent, same};
use super::hub::{HubKey, ServerFrank};
use super::receiver::verify_integrity;
use super::wire::ServerFrankingContext;
use crate::codec::EncodeError;
use crate::crypto::SignatureError;
use crate::identifier_uri::IdentifierUri;
use crate::submit_message::Frank;
use crate::values::AcceptedTimestamp;

/// One reported message, with what the hub has to verify it (draft-ietf-mimi-protocol-06 section 5.9).
#[derive(Clone, Copy, Debug)]
pub struct Reported<'a> {
    /// The message content; the octets that the tag was made of.
    pub content: FrankedContent<'a>,
    /// Its stamp.
    pub frank: &'a Frank,
    /// When the hub accepted it, as the report says.
    pub accepted_timestamp: AcceptedTimestamp,
    /// The room that the report is about.
    pub room: &'a RoomUri,
    /// Who is said to have sent it; without it any sender will do.
    pub alleged_sender: Option<&'a IdentifierUri>,
}

/// A reported message that the hub itself did stamp (draft-ietf-mimi-protocol-06 section 5.9).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvenMessage {
    context: ServerFrankingContext,
    hub_key: usize,
}

impl ProvenMessage {
    /// Sender, room and time of the message.
    pub const fn context(&self) -> &ServerFrankingContext {
        &self.context
    }

    /// Which of the hub's secrets the stamp was made with, counted from 0.
    pub const fn hub_key(&self) -> usize {
        self.hub_key
    }
}

/// A reported message that proves nothing (draft-ietf-mimi-protocol-06 section 5.9).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportRefusal {
    /// The room in the content is not the one that the report is about.
    #[error("the content was not sent to the room of the report (draft-ietf-mimi-protocol-06 section 5.9)")]
    OtherRoom,
    /// The sender in the content is not the alleged one.
    #[error("the content is not from the alleged sender (draft-ietf-mimi-protocol-06 section 5.9)")]
    OtherSender,
    /// None of the hub's secrets gives this stamp for this content, sender, room and time.
    #[error("the hub did not stamp this content (draft-ietf-mimi-protocol-06 section 5.9)")]
    NotOurs,
    /// The integrity signature is by none of the hub's keys.
    #[error("the integrity signature: {0}")]
    Signature(#[from] SignatureError),
}

impl ReportRefusal {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Signature(error) => error.section(),
            _ => super::REPORT,
        }
    }
}

impl From<EncodeError> for ReportRefusal {
    fn from(error: EncodeError) -> Self {
        Self::Signature(error.into())
    }
}

impl Reported<'_> {
    /// Verifies the message against the secrets and the signature keys that the hub has or had.
    ///
    /// # Errors
    /// The first check that fails, see [`ReportRefusal`].
    // req: MP06-5.9-09, MP06-5.9-13
    pub fn verify(&self, hub_keys: &[HubKey], signature_keys: &[&[u8]]) -> Result<ProvenMessage, ReportRefusal> {
        if !same(self.content.room_uri.as_str(), self.room.as_str()) {
            return Err(ReportRefusal::OtherRoom);
        }
        let sender = self.content.sender_uri;
        if self.alleged_sender.is_some_and(|alleged| !same(alleged.as_str(), sender.as_str())) {
            return Err(ReportRefusal::OtherSender);
        }
        let context = ServerFrankingContext {
            sender_uri: sender.clone(),
            room_uri: IdentifierUri::from(self.room),
            accepted_timestamp: self.accepted_timestamp,
        };
        let tag = self.content.tag();
        let claimed = ServerFrank::from(self.frank.server_frank);
        let mut found = None;
        for (index, key) in hub_keys.iter().enumerate() {
            if key.server_frank(&tag, &context)? == claimed {
                found = found.or(Some(index));
            }
        }
        let hub_key = found.ok_or(ReportRefusal::NotOurs)?;
        let mut outcome = Err(SignatureError::Invalid);
        for key in signature_keys {
            outcome = verify_integrity(self.frank, &context, key);
            if outcome.is_ok() {
                break;
            }
        }
        outcome?;
        Ok(ProvenMessage { context, hub_key })
    }
}
