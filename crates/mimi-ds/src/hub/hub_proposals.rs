//! What the hub itself proposes, as the group's first external sender (sections 5.5 and 7.4): the removal of clients and users that
//! are gone, and anew what an external commit has made void.

use std::collections::BTreeSet;

use mimi_arch::{ClientUri, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, Epoch, ProposalRef, Wire,
    crypto::{LabelSigner, SignError},
    mls::{
        AppDataOperation, AppDataUpdate, ComponentId, ExtensionType, ExternalSenders, MlsMessage, ProposalView,
        external_proposal::{Framing, HUB, external_proposal},
    },
    notify::FanoutEvent,
    participant_list::{ParticipantListData, ParticipantListUpdate},
};

use super::{
    Accepted, HubRoom, Member, Pending, Proposer, Standing, UpdateRefusal,
    deed::Door,
    meaning::{Meaning, Outcome},
    record::Handshake,
};
use crate::group::RoomGroup;

/// Who or what is gone, so that the hub proposes to remove it (section 5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// A user: all clients, and the entry in the participant list.
    User(UserUri),
    /// A client; its user stays a participant.
    Client(ClientUri),
}

/// Removals to be proposed.
#[derive(Debug, Default)]
pub(super) struct Removals {
    pub(super) leaves: BTreeSet<u32>,
    pub(super) users: BTreeSet<UserUri>,
}

impl<G: RoomGroup> HubRoom<G> {
    /// Proposes the removal of who is gone; nothing when it is not in the room, or its removal waits already. A banned user stays on the
    /// participant list: taken off it, the user would not be banned any more.
    ///
    /// From here on the room treats a user as leaving; a member's next commit carries the proposals. `key` is the one of the hub's
    /// external sender.
    ///
    /// # Errors
    /// The refusal; the room is as before.
    // req: MP06-7.4-01
    // req: MP06-5.5-05
    // req: MP06-5.5-21
    pub fn propose_removal(
        &mut self,
        now: AcceptedTimestamp,
        gone: &Gone,
        key: &dyn LabelSigner,
    ) -> Result<Option<Accepted>, UpdateRefusal> {
        // Where nobody is left, nobody is to be removed.
        if self.check_has_group().is_err() {
            return Ok(None);
        }
        let waits = self.leaves_waiting();
        let mut removals = Removals::default();
        let about = match gone {
            Gone::User(user) => {
                let active = self.role(user).is_some_and(|role| role > mimi_arch::RoleIndex::BANNED);
                if !active || matches!(self.standing(user), Standing::Leaving | Standing::LeavingInactive) {
                    return Ok(None);
                }
                removals.users.insert(user.clone());
                removals.leaves.extend(self.roster.leaves_of(user).filter(|leaf| !waits.contains(leaf)));
                user.clone()
            }
            Gone::Client(client) => {
                let Some(leaf) = self.leaf_of(client).filter(|leaf| !waits.contains(leaf)) else { return Ok(None) };
                removals.leaves.insert(leaf);
                self.roster.get(leaf).map(|member| member.user.clone()).ok_or_else(|| internal("no member"))?
            }
        };
        let messages = self.removing(self.epoch(), self.participants.data(), &removals, key)?;
        self.propose_own(now, &about, &messages)
    }

    /// Puts the hub's own proposals of the present epoch beside those that wait, and sends them to everybody.
    pub(super) fn propose_own(
        &mut self,
        now: AcceptedTimestamp,
        about: &UserUri,
        messages: &[MlsMessage],
    ) -> Result<Option<Accepted>, UpdateRefusal> {
        let Some((first, more)) = messages.split_first() else { return Ok(None) };
        let timestamp = self.next_timestamp(now);
        let (mut new, mut verified) = (Vec::new(), Vec::new());
        for message in messages {
            new.push(self.own(message, timestamp)?);
            verified.push(self.group.verify_proposal(message).map_err(internal)?);
        }
        self.check_waiting(about, &self.pending.iter().chain(&new).collect::<Vec<_>>())?;
        let sequence = self.sequence.saturating_add(1);
        let mut effects = vec![self.log(sequence, timestamp, &Handshake::Proposals(messages.to_vec()))?];
        let event = FanoutEvent::Proposals { message: first.clone(), more: more.to_vec() };
        effects.extend(self.fan_out(timestamp, event, self.audience(&BTreeSet::new())).map_err(internal)?);
        verified.into_iter().for_each(|proposal| self.group.queue(proposal));
        self.pending.extend(new);
        self.sequence = sequence;
        self.accepted = timestamp;
        effects.extend(self.settled()?);
        Ok(Some(Accepted { timestamp, frank: None, effects }))
    }

    /// Whether the hub can propose again what this proposal would do, when an external commit of `joiner` cannot carry it: removals, but
    /// not that of the joiner itself, which would come in although it is to go.
    // req: MP06-5.5-06
    pub(super) fn can_propose_anew(&self, pending: &Pending, joiner: &Member) -> bool {
        match &pending.meaning {
            // These the external commit can carry.
            Meaning::Remove { own: true, .. } => false,
            Meaning::Remove { leaf, .. } => leaf.member.client != joiner.client,
            Meaning::Participants { update, .. } => {
                update.changed_role_participants.is_empty() && update.added_participants.is_empty()
            }
            // The hub looks at the external senders after every commit.
            Meaning::ExternalSenders(_) => true,
            Meaning::Add { .. }
            | Meaning::FrankingAgent(_)
            | Meaning::Component(_)
            | Meaning::ReInit(_)
            | Meaning::ExternalInit => false,
        }
    }

    /// The removals that wait and that an external commit with this outcome does not carry, as the hub's proposals for the epoch that
    /// it begins.
    // req: MP06-5.5-06
    // req: MP06-5.5-07
    // req: MP06-5.5-14
    pub(super) fn proposed_anew(
        &self,
        carried: &BTreeSet<ProposalRef>,
        outcome: &Outcome,
        key: &dyn LabelSigner,
    ) -> Result<Vec<MlsMessage>, UpdateRefusal> {
        let mut removals = Removals::default();
        for pending in self.pending.iter().filter(|pending| !carried.contains(&pending.reference)) {
            match &pending.meaning {
                Meaning::Remove { leaf, .. } => {
                    removals.leaves.insert(leaf.index);
                }
                Meaning::Participants { update, .. } => {
                    removals.users.extend(self.participants.users_taken_off(update));
                }
                _ => {}
            }
        }
        let list = outcome.participants.as_ref().map_or_else(|| self.participants.data(), |change| &change.data);
        self.removing(Epoch(self.epoch().0.saturating_add(1)), list, &removals, key)
    }

    /// Whether the key is that of the group's first external sender.
    pub(super) fn is_hubs(&self, key: &dyn LabelSigner) -> bool {
        let extensions = self.group.context_extensions().ok();
        let senders: Option<ExternalSenders> =
            extensions.and_then(|extensions| extensions.read(ExtensionType::EXTERNAL_SENDERS).ok().flatten());
        senders.is_some_and(|senders| senders.0.first().is_some_and(|hub| hub.signature_key == key.public_key()))
    }

    /// Takes up the hub's own proposals after the commit to which they are stapled; it is the policy of the new epoch that they have to
    /// go with.
    pub(super) fn take_own(
        &mut self,
        about: &UserUri,
        messages: Vec<MlsMessage>,
        accepted: AcceptedTimestamp,
    ) -> Result<(), UpdateRefusal> {
        if messages.is_empty() {
            return Ok(());
        }
        for message in messages {
            self.replay_proposal(message, accepted).map_err(internal)?;
        }
        self.check_waiting(about, &self.pending.iter().collect::<Vec<_>>()).map_err(internal)
    }

    /// A commit has to be able to carry all of these, and the room has to be in order after it.
    fn check_waiting(&self, about: &UserUri, waiting: &[&Pending]) -> Result<(), UpdateRefusal> {
        let outcome = self.outcome(waiting.iter().map(|pending| &pending.meaning))?;
        self.check_agreement(&outcome, None)?;
        self.authorize(about, &self.deeds(waiting)?, Door::Open)
    }

    fn own(&self, message: &MlsMessage, accepted: AcceptedTimestamp) -> Result<Pending, UpdateRefusal> {
        let proposal = message.as_proposal().ok_or_else(|| internal("not a proposal"))?;
        let meaning = self.meaning(proposal, None)?;
        let reference = message.proposal_reference(self.group.cipher_suite()).map_err(internal)?;
        Ok(Pending { message: message.clone(), reference, meaning, sender: Proposer::Hub, accepted })
    }

    /// Leaves whose removal waits for a commit.
    pub(super) fn leaves_waiting(&self) -> BTreeSet<u32> {
        let removed = self.pending.iter().filter_map(|pending| match &pending.meaning {
            Meaning::Remove { leaf, .. } => Some(leaf.index),
            _ => None,
        });
        removed.collect()
    }

    /// Remove for each leaf, then one update of the participant list.
    pub(super) fn removing(
        &self,
        epoch: Epoch,
        list: &ParticipantListData,
        removals: &Removals,
        key: &dyn LabelSigner,
    ) -> Result<Vec<MlsMessage>, UpdateRefusal> {
        if !self.is_hubs(key) {
            return Err(internal(SignError::KeyMismatch));
        }
        let mut proposals: Vec<ProposalView> = removals.leaves.iter().copied().map(ProposalView::Remove).collect();
        let mut removed_indices: Vec<u32> = removals.users.iter().filter_map(|user| list.index_of(user)).collect();
        removed_indices.sort_unstable();
        if !removed_indices.is_empty() {
            let update = ParticipantListUpdate { removed_indices, ..ParticipantListUpdate::default() };
            proposals.push(ProposalView::AppDataUpdate(AppDataUpdate {
                component_id: ComponentId::PARTICIPANT_LIST,
                operation: AppDataOperation::Update(update.to_bytes().map_err(internal)?),
            }));
        }
        let framing = Framing {
            group_id: self.group.group_id(),
            epoch,
            sender_index: HUB,
            safe_aad: self.group.component(ComponentId::SAFE_AAD).is_some(),
        };
        proposals.into_iter().map(|proposal| external_proposal(framing, proposal, key).map_err(internal)).collect()
    }
}

fn internal(error: impl ToString) -> UpdateRefusal {
    UpdateRefusal::Internal(error.to_string())
}
