//! The franking agent as a component of the group context (draft-ietf-mimi-protocol-06 section 5.4.1).

use super::wire::{AgentChange, FRANKING_AGENT, FrankingAgentData, FrankingAgentUpdate};
use crate::component::{Component, Refusal};
use crate::mls::ComponentId;

/// The component with the franking agent of a room (draft-ietf-mimi-protocol-06 section 5.4.1).
///
/// A replacement is accepted, although a client does not propose one ([`AgentChange::Replaced`]).
// req: MP06-5.4.1-02, MP06-5.4.1-05
#[derive(Clone, Copy, Debug)]
pub enum FrankingAgent {}

/// Updates of the franking agent that are not accepted (draft-ietf-mimi-protocol-06 section 5.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentUpdateError {
    /// A commit has more than one update, or none at all, so that it is in doubt who the agent is.
    #[error("{count} updates of the franking agent in one commit (draft-ietf-mimi-protocol-06 section 5.4.1)")]
    NotOne {
        /// How many there are.
        count: usize,
    },
}

impl AgentUpdateError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        "draft-ietf-mimi-protocol-06 section 5.4.1"
    }
}

impl Refusal for AgentUpdateError {
    fn section(&self) -> &'static str {
        self.section()
    }
}

impl Component for FrankingAgent {
    const ID: ComponentId = FRANKING_AGENT;
    type Data = FrankingAgentData;
    type Update = FrankingAgentUpdate;
    type Error = AgentUpdateError;

    fn apply(
        data: Option<&FrankingAgentData>,
        updates: &[FrankingAgentUpdate],
    ) -> Result<FrankingAgentData, AgentUpdateError> {
        let [update] = updates else { return Err(AgentUpdateError::NotOne { count: updates.len() }) };
        match FrankingAgentData::apply(data, update.clone()) {
            AgentChange::Added(agent) | AgentChange::Unchanged(agent) | AgentChange::Replaced(agent) => Ok(agent),
        }
    }
}
