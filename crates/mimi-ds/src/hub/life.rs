//! The life of a room: what ends it, what is left when its last client is gone, and the group that comes after another one
//! (draft-ietf-mimi-room-policy-03 sections 5 and 8.6, draft-ietf-mimi-protocol-06 sections 5.4.1 and 7.3). The states are in docs/room-life.md.

use std::collections::BTreeSet;

use mimi_arch::UserUri;
use mimi_protocol::{
    AcceptedTimestamp, SignatureScheme, Wire,
    crypto::LabelSigner,
    mls::{AppDataDictionary, ComponentData, ComponentId, MlsMessage, ReInit, Sender},
    notify::FanoutEvent,
    participant_list::ParticipantListData,
    update::HandshakeBundle,
};
use mimi_room_policy::{
    authorize::{Action, Actor},
    capability::CapabilityType,
    policy::RoomPolicy,
};

use super::{
    Accepted, HubRoom, NotAllowed, Pending, UpdateRefusal,
    hub_proposals::Removals,
    meaning::{Meaning, Outcome, invalid},
    participants::Participants,
    policy::Policy,
    record::Handshake,
};
use crate::{effect::Effect, group::RoomGroup};

/// Where a room is in its life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Life {
    /// It has a group, in which somebody can commit.
    Active,
    /// No client is left in its group. Policy, metadata and participant list stay, and a client that may come in makes the next group.
    Dormant,
    /// A ReInit is committed: the group takes nothing more, and a client that may come in makes the group that it names.
    Replaced(Box<ReInit>),
    /// Nothing is accepted any more, for good.
    Over(Ending),
}

/// What ended a room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// A participant destroyed it.
    #[error("{0} destroyed it")]
    Destroyed(UserUri),
    /// The provider that hosts it destroyed it.
    #[error("its provider destroyed it")]
    ByHub,
    /// It was a temporary room, and its last client left.
    #[error("its last client left, and it was a temporary room")]
    Emptied,
}

/// Why a room takes nothing: it has no group in which somebody could commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoGroup {
    /// It is over.
    #[error("the room is over: {0}")]
    Over(Ending),
    /// Its last client has left.
    #[error("no client is left in the room; it stays for those who come back with a new group")]
    Dormant,
    /// Its group was reinitialized.
    #[error("the group was reinitialized; the room goes on with the group that follows")]
    Replaced,
}

impl<G: RoomGroup> HubRoom<G> {
    /// Where the room is in its life.
    pub const fn life(&self) -> &Life {
        &self.life
    }

    /// Which of the room's groups the present one is, counted from 1.
    pub fn group_number(&self) -> u32 {
        self.room.group_number(self.group.group_id()).unwrap_or(1)
    }

    // req: RP03-5-21
    pub(super) fn check_has_group(&self) -> Result<(), NoGroup> {
        match &self.life {
            Life::Active => Ok(()),
            Life::Dormant => Err(NoGroup::Dormant),
            Life::Replaced(_) => Err(NoGroup::Replaced),
            Life::Over(ending) => Err(NoGroup::Over(ending.clone())),
        }
    }

    /// Whether the room can be joined at all: into one that sleeps somebody may come back.
    pub(super) fn check_joinable(&self) -> Result<(), NoGroup> {
        if self.life == Life::Dormant { Ok(()) } else { self.check_has_group() }
    }

    /// Whether the room takes handshakes at all. Into one that sleeps a client may come back by external commit.
    pub(super) fn check_takes(&self, bundle: &HandshakeBundle) -> Result<(), NotAllowed> {
        let comes_in = matches!(bundle, HandshakeBundle::Commit { commit, .. }
            if commit.as_public().is_some_and(|public| public.sender == Sender::NewMemberCommit));
        if self.life == Life::Dormant && comes_in { Ok(()) } else { Ok(self.check_has_group()?) }
    }

    /// Destroys the room on behalf of the provider that hosts it; nothing when it is over already. The members are told by the removal of
    /// all of them, as external sender of the group. `key` is the one of the hub's external sender.
    ///
    /// # Errors
    /// [`UpdateRefusal::Internal`]; the room is as before.
    // req: RP03-8.6-04
    // req: DS06-4.8-04
    pub fn destroy(
        &mut self,
        now: AcceptedTimestamp,
        key: &dyn LabelSigner,
    ) -> Result<Option<Accepted>, UpdateRefusal> {
        if matches!(self.life, Life::Over(_)) {
            return Ok(None);
        }
        let messages = if self.life == Life::Active { self.removing_all(key)? } else { Vec::new() };
        let timestamp = self.next_timestamp(now);
        let sequence = self.sequence.saturating_add(1);
        let mut effects = vec![self.log(sequence, timestamp, &Handshake::Ended(Ending::ByHub, messages.clone()))?];
        if let Some((first, more)) = messages.split_first() {
            let event = FanoutEvent::Proposals { message: first.clone(), more: more.to_vec() };
            effects.extend(self.fan_out(timestamp, event, self.audience(&BTreeSet::new())).map_err(internal)?);
        }
        for message in messages {
            self.replay_proposal(message, timestamp).map_err(internal)?;
        }
        self.life = Life::Over(Ending::ByHub);
        self.sequence = sequence;
        self.accepted = timestamp;
        effects.extend(self.ended()?);
        Ok(Some(Accepted { timestamp, frank: None, effects }))
    }

    /// The removal of everybody whose removal does not wait already.
    fn removing_all(&self, key: &dyn LabelSigner) -> Result<Vec<MlsMessage>, UpdateRefusal> {
        let waits = self.leaves_waiting();
        let leaves: BTreeSet<u32> = self.roster.indices().filter(|leaf| !waits.contains(leaf)).collect();
        // Of a user about whom something waits a commit could not say a second thing.
        let spoken_of = |user: &UserUri| {
            self.pending.iter().any(|pending| match &pending.meaning {
                Meaning::Participants { update, .. } => self.participants.concerns(update, user),
                _ => false,
            })
        };
        let list = self.participants.data();
        let users = list.participants().iter().map(|entry| entry.user().clone()).filter(|user| !spoken_of(user));
        self.removing(self.epoch(), list, &Removals { leaves, users: users.collect() }, key)
    }

    /// Whether a ReInit names a group with which the room can go on: its next one, of a cipher suite that the hub can follow, with the context
    /// extensions as they are.
    // req: MP06-5.4.1-07
    // req: DS06-4.8-03
    pub(super) fn check_reinit(&self, reinit: &ReInit) -> Result<(), NotAllowed> {
        if reinit.group_id != self.room.group_id(self.group_number().saturating_add(1)) {
            return Err(NotAllowed::ReInit("the group it names is not the room's next one"));
        }
        if reinit.cipher_suite.signature_scheme() != Some(SignatureScheme::Ed25519) {
            return Err(NotAllowed::ReInit("the cipher suite is not supported"));
        }
        let present = self.group.context_extensions().map_err(|_| NotAllowed::ReInit("the group does not read"))?;
        if reinit.extensions != present {
            return Err(NotAllowed::ReInit("the context extensions are not those of the room"));
        }
        Ok(())
    }

    /// A ReInit stands alone in its commit (RFC 9420 section 12.2).
    pub(super) fn check_reinit_alone<'a>(&self, meanings: impl Iterator<Item = &'a Meaning>) -> Result<(), NotAllowed> {
        let (mut count, mut reinits) = (0u32, 0u32);
        for meaning in meanings {
            count = count.saturating_add(1);
            reinits += u32::from(matches!(meaning, Meaning::ReInit(_)));
        }
        if reinits > 0 && count > 1 {
            return Err(NotAllowed::ReInit("it stands alone in its commit"));
        }
        Ok(())
    }

    /// Who destroys the room by these new proposals: a client that, with what waits already, takes out every client and every participant, its own
    /// leaf by a Remove. Who leaves goes by SelfRemove, so that the last one who leaves a room does not destroy it.
    // req: RP03-8.6-04
    pub(super) fn destroyer(&self, new: &[Pending], outcome: &Outcome) -> Option<UserUri> {
        let sender = new.first()?.sender.leaf()?;
        let by_remove =
            |pending: &Pending| matches!(&pending.meaning, Meaning::Remove { leaf, own: false } if leaf == sender);
        let all_go = outcome.removed.len() >= self.roster.indices().count();
        let nobody_stays = outcome.participants.as_ref().is_some_and(|change| change.data.participants().is_empty());
        let one_sender = new.iter().all(|pending| pending.sender.leaf() == Some(sender));
        (all_go && nobody_stays && one_sender && new.iter().any(by_remove)).then(|| sender.member.user.clone())
    }

    /// Whether a user may destroy the room, with the role on the list and with the one that accepted proposals give.
    // req: DS06-9.1-01
    pub(super) fn may_destroy(&self, user: &UserUri) -> Result<(), NotAllowed> {
        self.policy.authorize(&Actor::member(user), user, &Action::DestroyRoom)?;
        if let Some(role) = self.role_with_pending(user) {
            self.policy.role_holds(role, user, CapabilityType::CAN_DESTROY_ROOM)?;
        }
        Ok(())
    }

    /// Where the removal of every client waits, nobody can commit it (RFC 9420 section 12.4): the group has ended, and with it a temporary room.
    // req: RP03-5-21, RP03-5-22
    pub(super) fn settle(&mut self) -> Result<(), UpdateRefusal> {
        let waits = self.leaves_waiting();
        if self.life != Life::Active || self.roster.indices().any(|leaf| !waits.contains(&leaf)) {
            return Ok(());
        }
        let persists = self.kept()?.policy.base.is_some_and(|base| base.persistent_room);
        self.life = if persists { Life::Dormant } else { Life::Over(Ending::Emptied) };
        Ok(())
    }

    /// The same after an event, with what is to be stored.
    pub(super) fn settled(&mut self) -> Result<Vec<Effect>, UpdateRefusal> {
        let before = self.life.clone();
        self.settle()?;
        if self.life == before { Ok(Vec::new()) } else { self.ended() }
    }

    /// What is to be stored of a room whose group has ended: it is written whole, once. Of a room that is over the set of fixed participants is free
    /// for another one.
    // req: RP03-5-07
    pub(super) fn ended(&mut self) -> Result<Vec<Effect>, UpdateRefusal> {
        let mut effects = vec![self.checkpoint().map_err(internal)?];
        if matches!(self.life, Life::Over(_)) && self.policy().base.as_ref().is_some_and(|base| base.fixed_membership) {
            effects.push(Effect::DropFixedRoom { room: self.room.clone() });
        }
        Ok(effects)
    }

    /// What the room is without its group: everything that was accepted counts, although nobody has committed the last of it.
    // req: MP06-7.1-04
    pub(super) fn kept(&self) -> Result<Kept, UpdateRefusal> {
        let outcome = self.outcome(self.pending.iter().map(|pending| &pending.meaning))?;
        let dictionary = self.group.context_extensions().map_err(internal)?.app_data_dictionary().map_err(internal)?;
        let mut components: Vec<ComponentData> = dictionary.unwrap_or_default().entries().to_vec();
        for changed in outcome.components {
            components.retain(|component| component.component_id != changed.component_id);
            components.push(changed);
        }
        Kept::new(AppDataDictionary::new(components).map_err(internal)?)
    }
}

/// A room without its group.
pub(super) struct Kept {
    pub(super) dictionary: AppDataDictionary,
    pub(super) participants: ParticipantListData,
    pub(super) policy: RoomPolicy,
}

impl Kept {
    fn new(dictionary: AppDataDictionary) -> Result<Self, UpdateRefusal> {
        let list = dictionary.find(ComponentId::PARTICIPANT_LIST).ok_or_else(|| internal("no participant list"))?;
        let participants = ParticipantListData::from_bytes(list).map_err(|error| invalid(error.to_string()))?;
        let policy = Policy::of(&dictionary).map_err(internal)?;
        Ok(Self { dictionary, participants, policy })
    }

    /// The participants with an index.
    pub(super) fn index(&self) -> Participants {
        Participants::new(self.participants.clone())
    }
}

fn internal(error: impl ToString) -> UpdateRefusal {
    UpdateRefusal::Internal(error.to_string())
}
