//! Accepting proposals that wait for the next commit (section 5.3), and those after which none can come: the ones that destroy a room.

use std::collections::BTreeSet;

use mimi_arch::{Domain, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, ProposalRef,
    mls::{MlsMessage, ProposalView, Sender},
    notify::FanoutEvent,
};

use super::{
    Accepted, Ending, HubRoom, Life, NotAllowed, Pending, Proposer, Proposing, UpdateRefusal,
    deed::Door,
    meaning::{Leaf, Meaning},
    record::Handshake,
};
use crate::group::{RoomGroup, StageError};

impl<G: RoomGroup> HubRoom<G> {
    // req: MP06-3.5-04
    // req: MP06-3.5-05
    // req: MP06-7.1-04
    // req: MP06-7.1-05
    // req: DS06-4-01, DS06-9.2-01, DS06-9.2-02
    pub(super) fn accept_proposals(
        &mut self,
        now: AcceptedTimestamp,
        source: &Domain,
        first: &MlsMessage,
        more: &[MlsMessage],
    ) -> Result<Accepted, UpdateRefusal> {
        let timestamp = self.next_timestamp(now);
        let mut verified = Vec::new();
        let mut proposer = None;
        let mut new: Vec<Pending> = Vec::new();
        for message in std::iter::once(first).chain(more) {
            let public = message.as_public().ok_or(NotAllowed::WireFormat)?;
            let proposal = message.as_proposal().ok_or(NotAllowed::WireFormat)?;
            self.check_group_and_epoch(public)?;
            let sender = match public.sender {
                Sender::Member(leaf) => Proposer::Member(self.member_at(leaf, source)?),
                Sender::External(index) => Proposer::Follower(self.follower_at(index, source)?),
                Sender::NewMemberProposal | Sender::NewMemberCommit => {
                    return Err(NotAllowed::Sender("new member").into());
                }
            };
            let reference = message
                .proposal_reference(self.group.cipher_suite())
                .map_err(|error| UpdateRefusal::Internal(error.to_string()))?;
            let bad = |reason: String| UpdateRefusal::InvalidProposal { references: vec![reference.clone()], reason };
            if self.pending.iter().chain(&new).any(|known| known.reference == reference) {
                return Err(bad("the hub has this proposal already".to_owned()));
            }
            if let ProposalView::GroupContextExtensions(_) | ProposalView::ReInit(_) = proposal {
                // Context extensions could not be committed beside components that wait before them, and a ReInit beside nothing: while one
                // waited nobody could leave.
                return Err(NotAllowed::ProposalType(proposal.proposal_type()).into());
            }
            let meaning = self.meaning(proposal, sender.leaf()).map_err(|e| e.about(&reference))?;
            if let Meaning::Add { .. } = meaning {
                // A key package could expire while it waits, and then no commit would be valid any more.
                return Err(NotAllowed::ProposalType(proposal.proposal_type()).into());
            }
            proposer = Some(match &sender {
                Proposer::Member(leaf) => self.may_propose(leaf, &meaning)?,
                Proposer::Follower(provider) => self.gone_at(&meaning, provider)?,
                Proposer::Hub => return Err(NotAllowed::Sender("external sender").into()),
            });
            verified.push(self.group.verify_proposal(message).map_err(|error| match error {
                StageError::Invalid(reason) => bad(reason),
                other => NotAllowed::from(other).into(),
            })?);
            new.push(Pending { message: message.clone(), reference, meaning, sender, accepted: timestamp });
        }
        // A commit will have to carry all that waits: it has to be possible to do so, and the room has to be in order after it.
        let about_new = |error: UpdateRefusal| match error {
            UpdateRefusal::InvalidProposal { reason, .. } => UpdateRefusal::InvalidProposal {
                references: new.iter().map(|new| new.reference.clone()).collect(),
                reason,
            },
            other => other,
        };
        let together = self.pending.iter().chain(&new).map(|pending| &pending.meaning);
        let outcome = self.outcome(together).map_err(about_new)?;
        self.check_agreement(&outcome, None)?;
        self.check_new_links(timestamp, new.iter().map(|pending| &pending.meaning))?;
        let waiting: Vec<_> = self.pending.iter().chain(&new).collect();
        let destroyer = self.destroyer(&new, &outcome);
        if let Some(user) = &destroyer {
            self.may_destroy(user)?;
        } else {
            self.check_committable(&outcome, &waiting)?;
            let deeds = self.deeds(&waiting).map_err(about_new)?;
            let proposer = proposer.ok_or(NotAllowed::WireFormat)?;
            self.authorize(&proposer, &deeds, Door::Open)?;
            self.authorize_with_pending(&self.deeds(&new.iter().collect::<Vec<_>>())?, Door::Open)?;
            let policy = self.policy_after(&outcome)?;
            self.check_style_stays(&outcome, policy.as_ref())?;
        }

        let messages: Vec<_> = new.iter().map(|new| new.message.clone()).collect();
        let ending = destroyer.map(Ending::Destroyed);
        let log = match &ending {
            Some(ending) => Handshake::Ended(ending.clone(), messages),
            None => Handshake::Proposals(messages),
        };
        // req: MP06-5.5-21
        let event = FanoutEvent::Proposals { message: first.clone(), more: more.to_vec() };
        let sequence = self.sequence.saturating_add(1);
        let mut effects = vec![self.log(sequence, timestamp, &log)?];
        let audience = self.audience(&BTreeSet::new());
        effects.extend(self.fan_out(timestamp, event, audience).map_err(internal)?);

        verified.into_iter().for_each(|proposal| self.group.queue(proposal));
        self.pending.extend(new);
        self.sequence = sequence;
        self.accepted = timestamp;
        if let Some(ending) = ending {
            self.life = Life::Over(ending);
            effects.extend(self.ended()?);
        } else {
            effects.extend(self.settled()?);
        }
        Ok(Accepted { timestamp, frank: None, effects })
    }

    /// A user who is to go can propose nothing but the removal of own clients.
    // req: MP06-5.3-08
    fn may_propose(&self, sender: &Leaf, meaning: &Meaning) -> Result<UserUri, NotAllowed> {
        let user = &sender.member.user;
        let own_removal = matches!(meaning, Meaning::Remove { leaf, .. } if leaf.member.user == *user);
        let allowed = match self.standing(user).proposes() {
            Proposing::ByPolicy => true,
            Proposing::OwnRemoval => own_removal,
            Proposing::Nothing => false,
        };
        if allowed { Ok(user.clone()) } else { Err(NotAllowed::Leaving(user.clone())) }
    }
}

fn internal(error: impl ToString) -> UpdateRefusal {
    UpdateRefusal::Internal(error.to_string())
}

impl UpdateRefusal {
    fn about(self, reference: &ProposalRef) -> Self {
        match self {
            Self::InvalidProposal { reason, .. } => {
                Self::InvalidProposal { references: vec![reference.clone()], reason }
            }
            other => other,
        }
    }
}
