//! Taking a report of abuse (section 5.9): whether it may come from where it came, and whether its messages were sent.

use mimi_arch::{Domain, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, EncodeError, Wire,
    crypto::LabelSigner,
    franking::{FrankedContent, HubKey, ProvenMessage, ReportRefusal, Reported},
    report_abuse::{AbuseReport, AbusiveMessage},
};
use sha2::{Digest, Sha256};

use super::HubRoom;
use crate::{effect::Effect, group::RoomGroup};

/// Why a report is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AbuseRefusal {
    /// Who reports is named, and is not a user of the provider that sent the report.
    #[error("the reporting user is not a user of {0}, which sent the report (draft-ietf-mimi-protocol-06 section 5.9)")]
    ForeignReporter(Domain),
    /// The contents that were read are not those of the messages.
    #[error(
        "the {contents} contents are not those of the {messages} messages (draft-ietf-mimi-protocol-06 section 5.9)"
    )]
    Contents {
        /// Messages of the report.
        messages: usize,
        /// Contents that were given.
        contents: usize,
    },
    /// A message is not one that this hub has stamped.
    #[error("message {index}: {refusal}")]
    Message {
        /// Which one, counted from 0.
        index: usize,
        /// Why not.
        refusal: ReportRefusal,
    },
    /// A report without proof from a provider that has nobody in the room.
    #[error(
        "{0} has no participant in the room, and the report proves nothing (draft-ietf-mimi-protocol-06 section 5.9)"
    )]
    Stranger(Domain),
    /// The report does not encode again; cannot happen to one that was decoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

impl AbuseRefusal {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Message { refusal, .. } => refusal.section(),
            Self::Encode(error) => error.section(),
            _ => "draft-ietf-mimi-protocol-06 section 5.9",
        }
    }
}

/// A report all of whose messages the hub has stamped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenReport {
    /// Its messages, in order.
    pub messages: Vec<ProvenMessage>,
    /// SHA-256 of the encoded report.
    pub digest: [u8; 32],
    /// What the store has to do.
    pub effects: Vec<Effect>,
}

impl<G: RoomGroup> HubRoom<G> {
    /// Verifies a report that the provider `source` sent. `contents` are its messages as a reader of their format found them, one
    /// for each: the hub of a room otherwise never sees what is said, and reads no format here. `hub_keys` are all secrets that
    /// the hub has or had.
    ///
    /// # Errors
    /// The refusal; nothing is kept.
    // req: MP06-5.9-01, MP06-5.9-09, MP06-5.9-13
    pub fn report(
        &self,
        now: AcceptedTimestamp,
        source: &Domain,
        report: &AbuseReport,
        contents: &[FrankedContent<'_>],
        hub_keys: &[HubKey],
        signer: &dyn LabelSigner,
    ) -> Result<ProvenReport, AbuseRefusal> {
        if let Some(reporter) = report.reporter() {
            let reporter: Option<UserUri> = reporter.parse().ok();
            if reporter.is_none_or(|reporter| reporter.domain() != source) {
                return Err(AbuseRefusal::ForeignReporter(source.clone()));
            }
        }
        let given = |(message, content): (&AbusiveMessage, &FrankedContent<'_>)| {
            message.message_content == content.application_data
        };
        if contents.len() != report.messages.len() || !report.messages.iter().zip(contents).all(given) {
            let (messages, contents) = (report.messages.len(), contents.len());
            return Err(AbuseRefusal::Contents { messages, contents });
        }
        // Who was removed can report what it has a proof of; without proof only those are heard who are there.
        let is_there = self.participants.data().participants().iter().any(|entry| entry.user().domain() == source);
        if contents.is_empty() && !is_there {
            return Err(AbuseRefusal::Stranger(source.clone()));
        }
        let mut messages = Vec::with_capacity(contents.len());
        for (index, (message, content)) in report.messages.iter().zip(contents).enumerate() {
            let reported = Reported {
                content: *content,
                frank: &message.frank,
                accepted_timestamp: message.accepted_timestamp,
                room: &self.room,
                alleged_sender: Some(&report.alleged_abuser_uri),
            };
            let proven = reported
                .verify(hub_keys, &[signer.public_key()])
                .map_err(|refusal| AbuseRefusal::Message { index, refusal })?;
            messages.push(proven);
        }
        let bytes = report.to_bytes()?;
        let digest = Sha256::digest(&bytes).into();
        let effect = Effect::PutAbuseReport {
            source: source.clone(),
            room: self.room.clone(),
            report: bytes,
            digest,
            received: now,
        };
        Ok(ProvenReport { messages, digest, effects: vec![effect] })
    }
}
