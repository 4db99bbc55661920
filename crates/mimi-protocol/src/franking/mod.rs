//! Franking (draft-ietf-mimi-protocol-06 section 5.4.1): the hub's stamp on a message whose content it cannot see.
//!
//! The sender commits to the application data with a [`FrankingTag`] in the additional authenticated data. The hub puts
//! its stamp on tag, sender, room and time ([`Franker::frank`]). A receiver verifies the stamp against what it decrypted
//! ([`Received::verify`]), and can later show the message to the hub, which recognises its own stamp
//! ([`Reported::verify`]).
//!
//! Everything here is a pure function. What it needs of the content ([`FrankedContent`]) is read by whoever knows its
//! format.

mod component;
mod content;
mod hub;
mod receiver;
mod report;
#[cfg(test)]
mod tests;
mod wire;

pub use component::{AgentUpdateError, FrankingAgent};
pub use content::{FrankedContent, FrankingTag, franking_tag};
pub use hub::{FrankError, Franker, HubKey, ServerFrank};
pub use receiver::{FrankRefusal, Received, VerifiedFrank};
pub use report::{ProvenMessage, ReportRefusal, Reported};
pub use wire::{
    AgentChange, AgentError, FRANK_AAD, FRANKING_AGENT, FrankAad, FrankingAgentData, FrankingAgentUpdate,
    FrankingIntegrityTbs, ServerFrankingContext,
};

/// The label of the integrity signature (draft-ietf-mimi-protocol-06 section 5.4.1.2).
pub const FRANKING_INTEGRITY_LABEL: &str = "FrankingIntegrityTBS";

const HUB: &str = "draft-ietf-mimi-protocol-06 section 5.4.1.2";
const RECEIVER: &str = "draft-ietf-mimi-protocol-06 section 5.4.1.3";
const REPORT: &str = "draft-ietf-mimi-protocol-06 section 5.9";
