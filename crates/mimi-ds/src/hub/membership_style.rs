//! Rooms whose participants are fixed, and rooms that depend on another one (draft-ietf-mimi-room-policy-03 section 5).
//!
//! A parent room and those that depend on it are decided one at a time, never two at once, so that no decision waits for another room. A
//! child is told of its parent's participants before each decision ([`HubRoom::know_parent`]); that may be out of date by the time it is
//! stored. So whoever runs the rooms compares a child with its parent ([`HubRoom::not_of`]) after each commit of either. Of a
//! removal in the parent and an addition in the child, one comes last, and after that one the comparison finds what the other one did.

use std::collections::BTreeSet;

use mimi_arch::{RoleIndex, RoomUri, UserUri};
use mimi_protocol::participant_list::ParticipantListData;
use mimi_room_policy::{authorize::Refusal, base_room_policy::BaseRoomPolicy, policy::RoomPolicy};
use sha2::{Digest, Sha256};

use super::{CreateRefusal, HubRoom, Member, NotAllowed, Standing, meaning::Outcome, policy::is_policy};
use crate::{effect::Effect, group::RoomGroup};

/// Who is a participant of the room on which another one depends.
pub type ParentParticipants = BTreeSet<UserUri>;

impl<G: RoomGroup> HubRoom<G> {
    /// The room on which this one depends.
    // req: RP03-5-11
    pub fn parent(&self) -> Option<RoomUri> {
        parent_of(self.policy())
    }

    /// Says who is a participant of the parent room. Without it nobody is added to a room that depends on one.
    pub fn know_parent(&mut self, participants: ParentParticipants) {
        self.policy.know_parent(participants);
    }

    /// Who counts as a participant where this room is the parent: those who are not banned and not on their way out.
    // req: RP03-5-08
    pub fn participants_for_children(&self) -> ParentParticipants {
        let list = self.participant_list().participants();
        let stays = |user: &&UserUri| !matches!(self.standing(user), Standing::Leaving | Standing::LeavingInactive);
        let entries = list.iter().filter(|entry| entry.role_index() > RoleIndex::BANNED);
        entries.map(|entry| entry.user()).filter(stays).cloned().collect()
    }

    /// The participants who are none of the parent room's any more, and whose removal does not wait already.
    // req: RP03-5-09
    pub fn not_of(&self, parent: &ParentParticipants) -> Vec<UserUri> {
        self.participants_for_children().into_iter().filter(|user| !parent.contains(user)).collect()
    }

    /// What the store has to know of a new room: among rooms with fixed participants, and among those that depend on another one.
    // req: RP03-5-07
    pub(super) fn style_effects(&self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let parent = self.parent();
        if self.policy().base.as_ref().is_some_and(|base| base.fixed_membership) {
            let participants = digest(self.participant_list(), parent.as_ref());
            effects.push(Effect::PutFixedRoom { room: self.room.clone(), participants });
        }
        if let Some(parent) = parent {
            effects.push(Effect::PutChildRoom { room: self.room.clone(), parent });
        }
        effects
    }

    /// A room keeps the style of membership with which it was created: which rooms there are for a set of participants, and which room
    /// depends on which, stays as it is.
    pub(super) fn check_style_stays(&self, outcome: &Outcome, after: Option<&RoomPolicy>) -> Result<(), NotAllowed> {
        if !outcome.components.iter().any(|component| is_policy(component.component_id)) {
            return Ok(());
        }
        let style = |base: &BaseRoomPolicy| (base.fixed_membership, base.parent_room.clone());
        match (&self.policy().base, after.and_then(|after| after.base.as_ref())) {
            (Some(before), Some(after)) if style(before) != style(after) => Err(NotAllowed::MembershipStyle),
            _ => Ok(()),
        }
    }
}

/// The room on which one with this policy depends.
pub(super) fn parent_of(policy: &RoomPolicy) -> Option<RoomUri> {
    policy.base.as_ref()?.parent_room.as_ref()?.as_str().parse().ok()
}

/// Whether these can be the participants of a new room: its creator alone, or where participants are fixed, all of them.
// req: RP03-5-01
pub(super) fn check_founders(
    list: &ParticipantListData,
    creator: &Member,
    policy: &RoomPolicy,
) -> Result<(), CreateRefusal> {
    let fixed = policy.base.as_ref().is_some_and(|base| base.fixed_membership);
    let participants = list.participants();
    let holds = participants.iter().any(|entry| *entry.user() == creator.user)
        && participants.iter().all(|entry| entry.role_index() > RoleIndex::BANNED)
        && (fixed || participants.len() == 1);
    if holds { Ok(()) } else { Err(CreateRefusal::Participants) }
}

/// Whether the participants of a new room are some of the parent's, and not all of them.
// req: RP03-5-08
pub(super) fn check_parent(
    list: &ParticipantListData,
    parent: &RoomUri,
    known: Option<&ParentParticipants>,
) -> Result<(), CreateRefusal> {
    let known = known.ok_or_else(|| CreateRefusal::Parent(parent.clone()))?;
    let participants = list.participants();
    if let Some(foreign) = participants.iter().find(|entry| !known.contains(entry.user())) {
        return Err(Refusal::NotInParent { user: foreign.user().clone() }.into());
    }
    if participants.len() < known.len() {
        return Ok(());
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Err(Refusal::NotStrictSubset { after: count(participants.len()), parent: count(known.len()) }.into())
}

/// One value for one set of participants; with the parent room, since of each set there may be one for every room it is a part of.
fn digest(list: &ParticipantListData, parent: Option<&RoomUri>) -> [u8; 32] {
    let users: BTreeSet<&str> = list.participants().iter().map(|entry| entry.user().as_str()).collect();
    let mut hash = Sha256::new();
    // No URI has a line break.
    for part in parent.map(RoomUri::as_str).into_iter().chain([""]).chain(users) {
        hash.update(part);
        hash.update(b"\n");
    }
    hash.finalize().into()
}
