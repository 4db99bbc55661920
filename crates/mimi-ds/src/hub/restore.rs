//! A room written whole, and read back with the log after it.

use mimi_arch::Domain;
use mimi_protocol::{
    AcceptedTimestamp, ProposalRef, Wire,
    mls::{CommitView, ComponentId, MlsMessage, ProposalOrRef, Sender, external_proposal::HUB},
    participant_list::ParticipantListData,
    update::GroupInfoOption,
};

use super::{
    HubRoom, Life, Member, Pending, Proposer, RestoreError,
    meaning::{Leaf, Meaning, Outcome},
    participants::Participants,
    policy::Policy,
    record::{Handshake, Snapshot},
    roster::Roster,
    update::life_after,
};
use crate::{
    effect::Effect,
    group::{GroupError, RoomGroup},
    store::StoredRoom,
};

impl<G: RoomGroup> HubRoom<G> {
    /// The room as the store has it.
    ///
    /// # Errors
    /// Something stored is damaged.
    pub fn restore(stored: &StoredRoom) -> Result<Self, RestoreError> {
        let damaged = |reason: String| RestoreError::Damaged { sequence: stored.snapshot_sequence, reason };
        let snapshot = Snapshot::from_bytes(&stored.snapshot).map_err(|e| damaged(e.to_string()))?;
        let group = G::restore(&snapshot.group, snapshot.group_info)?;
        let mut roster = Roster::default();
        for (leaf, credential) in group.members()? {
            let member =
                Member::from_credential(&credential).ok_or_else(|| damaged(format!("leaf {leaf} names no client")))?;
            roster.insert(leaf, member);
        }
        let participants = group
            .component(ComponentId::PARTICIPANT_LIST)
            .ok_or_else(|| damaged("there is no participant list".to_owned()))
            .and_then(|data| ParticipantListData::from_bytes(data).map_err(|e| damaged(e.to_string())))?;
        let participants = Participants::new(participants);
        let policy = Policy::new(Policy::read(&group)?, &participants, &roster)?;
        let mut room = Self {
            room: stored.room.clone(),
            group,
            roster,
            participants,
            policy,
            pending: Vec::new(),
            sequence: stored.snapshot_sequence,
            accepted: stored.last_accepted,
            commits_since_snapshot: 0,
            life: snapshot.life,
        };
        for (accepted, message) in snapshot.pending {
            room.replay_proposal(message, accepted).map_err(damaged)?;
        }
        room.settle().map_err(|error| damaged(error.to_string()))?;
        for entry in &stored.log {
            let damaged = |reason: String| RestoreError::Damaged { sequence: entry.sequence, reason };
            // Application messages have numbers too and are not kept, so the numbers of handshakes only have to grow.
            if entry.sequence <= room.sequence {
                return Err(RestoreError::Gap { after: room.sequence, found: entry.sequence });
            }
            match Handshake::from_bytes(&entry.bytes).map_err(|e| damaged(e.to_string()))? {
                Handshake::Proposals(messages) => messages
                    .into_iter()
                    .try_for_each(|message| room.replay_proposal(message, entry.accepted))
                    .map_err(damaged)?,
                Handshake::Ended(ending, messages) => {
                    messages
                        .into_iter()
                        .try_for_each(|message| room.replay_proposal(message, entry.accepted))
                        .map_err(damaged)?;
                    room.life = Life::Over(ending);
                }
                Handshake::Group(group, group_info) => {
                    let group = G::restore(&group, *group_info)?;
                    room.take_group(group).map_err(|error| damaged(error.to_string()))?;
                }
                Handshake::Commit(message, group_info, stapled) => {
                    room.replay_commit(&message, &group_info).map_err(damaged)?;
                    stapled
                        .into_iter()
                        .try_for_each(|message| room.replay_proposal(message, entry.accepted))
                        .map_err(damaged)?;
                }
            }
            room.settle().map_err(|error| damaged(error.to_string()))?;
            room.sequence = entry.sequence;
        }
        if stored.last_sequence < room.sequence {
            return Err(RestoreError::Gap { after: stored.last_sequence, found: room.sequence });
        }
        room.sequence = stored.last_sequence;
        // What was accepted is not asked about again, so the policy is read from where the log has led.
        room.policy = Policy::new(Policy::read(&room.group)?, &room.participants, &room.roster)?;
        Ok(room)
    }

    /// Writes the room whole, as [`HubRoom::update`] does by itself now and then. Only of use after the room's first log entry: before
    /// that the store has this state from the creation.
    ///
    /// # Errors
    /// The MLS library cannot encode the group.
    pub fn checkpoint(&mut self) -> Result<Effect, GroupError> {
        let group_snapshot = self.snapshot()?;
        self.commits_since_snapshot = 0;
        Ok(Effect::PutRoom {
            room: self.room.clone(),
            group_snapshot,
            sequence: self.sequence,
            accepted: self.accepted,
        })
    }

    /// The same if at least so many commits were accepted after the last snapshot, for a room that is about to leave memory.
    ///
    /// # Errors
    /// The MLS library cannot encode the group.
    pub fn checkpoint_after(&mut self, commits: u32) -> Result<Option<Effect>, GroupError> {
        if self.commits_since_snapshot < commits.max(1) {
            return Ok(None);
        }
        self.checkpoint().map(Some)
    }

    /// The same in place of a latest snapshot that is damaged, when the room was restored from the one before it.
    ///
    /// # Errors
    /// The MLS library cannot encode the group.
    pub fn fresh_snapshot(&self) -> Result<Effect, GroupError> {
        Ok(Effect::ReplaceSnapshot {
            room: self.room.clone(),
            group_snapshot: self.snapshot()?,
            sequence: self.sequence,
            accepted: self.accepted,
        })
    }

    pub(super) fn snapshot(&self) -> Result<Vec<u8>, GroupError> {
        let snapshot = Snapshot {
            group: self.group.snapshot()?,
            group_info: self.group.group_info().clone(),
            pending: self.pending.iter().map(|p| (p.accepted, p.message.clone())).collect(),
            life: self.life.clone(),
        };
        snapshot.to_bytes().map_err(|error| GroupError::Snapshot(error.to_string()))
    }

    /// Takes up a proposal that was accepted before, or that the hub itself has made.
    pub(super) fn replay_proposal(&mut self, message: MlsMessage, accepted: AcceptedTimestamp) -> Result<(), String> {
        let sender = match message.as_public().map(|public| public.sender) {
            Some(Sender::Member(index)) => {
                let member = self.roster.get(index).ok_or("a proposal's sender is no member")?.clone();
                Proposer::Member(Leaf { index, member })
            }
            Some(Sender::External(HUB)) => Proposer::Hub,
            Some(Sender::External(index)) => {
                Proposer::Follower(self.provider_of_sender(index).ok_or("an external sender is no provider")?)
            }
            _ => return Err("a proposal is neither a member's nor an external sender's".to_owned()),
        };
        let proposal = message.as_proposal().ok_or("not a proposal")?;
        let meaning = self.meaning(proposal, sender.leaf()).map_err(|e| e.to_string())?;
        let reference = message.proposal_reference(self.group.cipher_suite()).map_err(|e| e.to_string())?;
        let verified = self.group.verify_proposal(&message).map_err(|e| e.to_string())?;
        self.group.queue(verified);
        self.pending.push(Pending { message, reference, meaning, sender, accepted });
        Ok(())
    }

    fn replay_commit(&mut self, message: &MlsMessage, group_info: &GroupInfoOption) -> Result<(), String> {
        let commit = message.as_commit().ok_or("not a commit")?;
        let (outcome, joiner, life) = self.replay_outcome(message, commit)?;
        let staged = self.group.stage_commit(message, &outcome.components).map_err(|e| e.to_string())?;
        let group_info = self.group.group_info_after(&staged, group_info).map_err(|e| e.to_string())?;
        self.group.merge(staged, group_info, None).map_err(|e| e.to_string())?;
        self.follow(&outcome, joiner);
        self.life = life;
        self.commits_since_snapshot = self.commits_since_snapshot.saturating_add(1);
        Ok(())
    }

    fn replay_outcome(
        &self,
        message: &MlsMessage,
        commit: &CommitView,
    ) -> Result<(Outcome, Option<Member>, Life), String> {
        let (sender, joiner) = match message.as_public().map(|public| public.sender) {
            Some(Sender::Member(index)) => {
                let member = self.roster.get(index).ok_or("the committer is no member")?.clone();
                (Some(Leaf { index, member }), None)
            }
            Some(Sender::NewMemberCommit) => {
                let path = commit.path.as_deref().ok_or("an external commit has no path")?;
                let joiner = Member::from_credential(&path.leaf_node.credential);
                (None, Some(joiner.ok_or("the joiner's credential names no client")?))
            }
            _ => return Err("the committer's sender type cannot commit".to_owned()),
        };
        let meaning = |proposal: &ProposalOrRef| -> Result<Meaning, String> {
            match proposal {
                ProposalOrRef::Proposal(proposal) => self.meaning(proposal, sender.as_ref()).map_err(|e| e.to_string()),
                ProposalOrRef::Reference(reference) => self.pending_meaning(reference),
            }
        };
        let meanings: Vec<Meaning> = commit.proposals.iter().map(meaning).collect::<Result<_, _>>()?;
        let outcome = self.outcome(meanings.iter()).map_err(|e| e.to_string())?;
        Ok((outcome, joiner, life_after(meanings.iter())))
    }

    fn pending_meaning(&self, reference: &ProposalRef) -> Result<Meaning, String> {
        self.pending
            .iter()
            .find(|pending| pending.reference == *reference)
            .map(|pending| pending.meaning.clone())
            .ok_or_else(|| format!("proposal {reference} is not pending"))
    }

    /// The providers that a restart has to serve: those with a member.
    pub fn providers(&self) -> impl Iterator<Item = &Domain> {
        self.roster.providers().map(|(provider, _)| provider)
    }
}
