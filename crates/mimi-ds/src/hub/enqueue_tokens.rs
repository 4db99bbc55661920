//! The tokens of the clients of other providers, which the hub shows when it sends them something (draft-robert-mimi-delivery-service,
//! section "Enqueue authorization"; ours: docs/interpretations.md, IP-153).

use mimi_protocol::{
    enqueue_authorization::FanoutAuthToken,
    mls::{CommitView, ProposalOrRef, ProposalView},
};

use super::{HubRoom, Member, meaning::Outcome};
use crate::{effect::Effect, group::RoomGroup};

impl<G: RoomGroup> HubRoom<G> {
    /// What a commit changes of the tokens; asked before the members are brought after it. Who is added brings a token in the key package,
    /// who commits with a path can bring a new one in the leaf node. Tokens that are not valid any more are shown until what waits
    /// for the provider has been sent.
    // req: DS06-4.6-02, DS06-4.6-04
    pub(super) fn token_changes(&self, commit: &CommitView, committer: &Member, outcome: &Outcome) -> Vec<Effect> {
        let room = self.room.clone();
        let added = commit.proposals.iter().filter_map(|proposal| match proposal {
            ProposalOrRef::Proposal(ProposalView::Add(key_package)) => {
                let member = Member::from_credential(key_package.credential())?;
                Some((member, FanoutAuthToken::of_key_package(key_package)?))
            }
            _ => None,
        });
        let changed = commit
            .path
            .as_ref()
            .and_then(|path| Some((committer.clone(), FanoutAuthToken::of_leaf_node(&path.leaf_node)?)));
        let removed = outcome.removed.iter().filter_map(|leaf| self.roster.get(*leaf));
        let dropped = removed
            .filter(|member| member.domain() != self.hub())
            .map(|member| Effect::RetireToken { room: room.clone(), client: member.client.clone() });
        let put = added.chain(changed).filter(|(member, _)| member.domain() != self.hub());
        let put = put.map(|(member, token)| Effect::PutToken { room: room.clone(), client: member.client, token });
        dropped.chain(put).collect()
    }
}
