//! The group that a room gets after another one: when its last client had left, or by a ReInit (draft-ietf-mimi-room-policy-03 section 5).

use std::collections::BTreeSet;

use mimi_arch::{ClientUri, RoleIndex};
use mimi_protocol::{
    AcceptedTimestamp, Wire,
    mls::{AppDataDictionary, ComponentId, GroupInfo, RatchetTree, ReInit},
    participant_list::ParticipantListData,
};
use mimi_room_policy::authorize::{Actor, Part, Sent, Step};

use super::{
    Accepted, CreateRefusal, HubIdentity, HubRoom, Life, Member, UpdateRefusal,
    create::{check_context, check_franking, check_group_info, check_members},
    life::Kept,
    participants::Participants,
    policy::{Policy, claims},
    record::Handshake,
    roster::Roster,
};
use crate::group::{GroupError, RoomGroup};

/// What the next group of a room has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextGroup {
    /// Which of the room's groups it is, counted from 1.
    pub number: u32,
    /// The room's components, without an entry of the founder if it has none yet.
    pub dictionary: AppDataDictionary,
}

impl<G: RoomGroup> HubRoom<G> {
    /// Takes up the next group of a room that sleeps, from the GroupInfo and tree of the group that a local client has made for it. Everything
    /// that the room is carries over: the client may only put its own user on the participant list, where it comes in by a door that is open.
    ///
    /// # Errors
    /// The refusal; the room is as before.
    // req: RP03-5-22
    pub fn found_next_group(
        &mut self,
        now: AcceptedTimestamp,
        hub: &HubIdentity,
        creator: &ClientUri,
        group_info: GroupInfo,
        tree: &RatchetTree,
    ) -> Result<Accepted, CreateRefusal> {
        self.check_sleeps()?;
        check_group_info(&group_info, &self.room, self.group_number().saturating_add(1))?;
        let group = G::create(group_info, tree)?;
        let creator = check_members(&group, creator)?;
        check_context(&group, hub)?;
        check_franking(&group, hub)?;
        let kept = self.kept().map_err(|error| GroupError::Library(error.to_string()))?;
        let dictionary = group.context_extensions()?.app_data_dictionary().ok().flatten().unwrap_or_default();
        let comes_as = check_same(&kept, &dictionary, &creator)?;
        if let Life::Replaced(reinit) = &self.life {
            check_as_named(&group, reinit)?;
        }
        may_found(&kept, &creator, comes_as)?;

        let timestamp = self.next_timestamp(now);
        let sequence = self.sequence.saturating_add(1);
        let log = Handshake::Group(group.snapshot()?, Box::new(group.group_info().clone()));
        let log = self.log(sequence, timestamp, &log).map_err(|error| GroupError::Library(error.to_string()))?;
        self.take_group(group).map_err(|error| GroupError::Library(error.to_string()))?;
        self.sequence = sequence;
        self.accepted = timestamp;
        let effects = vec![log, self.checkpoint()?];
        Ok(Accepted { timestamp, frank: None, effects })
    }

    /// What the next group of a room that sleeps has to hold, for a client that may make it.
    ///
    /// # Errors
    /// The refusal.
    // req: RP03-5-22
    pub fn next_group(&self, client: &ClientUri) -> Result<NextGroup, CreateRefusal> {
        self.check_sleeps()?;
        let kept = self.kept().map_err(|error| GroupError::Library(error.to_string()))?;
        let user = client.user().ok_or(CreateRefusal::Members)?;
        let member = Member { client: client.clone(), user };
        Policy::new(kept.policy.clone(), &kept.index(), &Roster::default())?.may_come_in(&member)?;
        Ok(NextGroup { number: self.group_number().saturating_add(1), dictionary: kept.dictionary })
    }

    fn check_sleeps(&self) -> Result<(), CreateRefusal> {
        match self.life {
            Life::Dormant | Life::Replaced(_) => Ok(()),
            Life::Active => Err(CreateRefusal::NotWithoutGroup("has a group")),
            Life::Over(_) => Err(CreateRefusal::NotWithoutGroup("is over")),
        }
    }

    /// Goes on with another group.
    pub(super) fn take_group(&mut self, group: G) -> Result<(), UpdateRefusal> {
        let internal = |error: &dyn std::fmt::Display| UpdateRefusal::Internal(error.to_string());
        let mut roster = Roster::default();
        for (leaf, credential) in group.members().map_err(|error| internal(&error))? {
            let member = Member::from_credential(&credential).ok_or_else(|| internal(&"a leaf names no client"))?;
            roster.insert(leaf, member);
        }
        let list = group.component(ComponentId::PARTICIPANT_LIST).ok_or_else(|| internal(&"no participant list"))?;
        let list = ParticipantListData::from_bytes(list).map_err(|error| internal(&error))?;
        let participants = Participants::new(list);
        let components = Policy::read(&group).map_err(|error| internal(&error))?;
        self.policy = Policy::new(components, &participants, &roster).map_err(|error| internal(&error))?;
        self.group = group;
        self.roster = roster;
        self.participants = participants;
        self.pending = Vec::new();
        self.life = Life::Active;
        self.commits_since_snapshot = 0;
        Ok(())
    }
}

/// Whether the new group holds what the room held, but for its founder's entry in the participant list, which may be new: then its role.
fn check_same(
    kept: &Kept,
    dictionary: &AppDataDictionary,
    creator: &Member,
) -> Result<Option<RoleIndex>, CreateRefusal> {
    let ids = |dictionary: &AppDataDictionary| -> BTreeSet<ComponentId> {
        dictionary.entries().iter().map(|entry| entry.component_id).collect()
    };
    for id in ids(&kept.dictionary).union(&ids(dictionary)) {
        if *id != ComponentId::PARTICIPANT_LIST && kept.dictionary.find(*id) != dictionary.find(*id) {
            return Err(CreateRefusal::Differs(id.0));
        }
    }
    let list = dictionary
        .find(ComponentId::PARTICIPANT_LIST)
        .and_then(|data| ParticipantListData::from_bytes(data).ok())
        .ok_or(CreateRefusal::Participants)?;
    let before = kept.participants.participants();
    match list.participants().strip_prefix(before) {
        Some([]) => Ok(None),
        Some([own]) if *own.user() == creator.user => Ok(Some(own.role_index())),
        _ => Err(CreateRefusal::Differs(ComponentId::PARTICIPANT_LIST.0)),
    }
}

/// After a ReInit the group is the one that it names, to the letter.
fn check_as_named(group: &impl RoomGroup, reinit: &ReInit) -> Result<(), CreateRefusal> {
    if group.cipher_suite() != reinit.cipher_suite {
        return Err(CreateRefusal::NotAsReInit("cipher suite"));
    }
    if group.context_extensions()? != reinit.extensions {
        return Err(CreateRefusal::NotAsReInit("context"));
    }
    Ok(())
}

/// Whoever could come in by external commit can found the group.
fn may_found(kept: &Kept, creator: &Member, comes_as: Option<RoleIndex>) -> Result<(), CreateRefusal> {
    let policy = Policy::new(kept.policy.clone(), &kept.index(), &Roster::default())?;
    let claims = claims(creator);
    let actor = Actor::outside(&creator.user).claiming(&claims);
    let allowed = |step: Step<'_>| {
        policy.authorize_commit(&creator.user, &[Part { actor, sent: Sent::ExternalCommit, steps: &[step] }])
    };
    let outcome = match comes_as {
        None => allowed(Step::AddOwnClient { replaces: 0 }),
        Some(role) => {
            // A code is checked when a GroupInfo is asked for, and there is none.
            allowed(Step::OpenJoin { role }).or_else(|open| allowed(Step::JoinPreauthorized { role }).map_err(|_| open))
        }
    };
    Ok(outcome?)
}
