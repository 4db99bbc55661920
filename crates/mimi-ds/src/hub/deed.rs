//! From what the proposals of one party mean to the steps about which the policy decides (draft-ietf-mimi-room-policy-03 section 8).
//!
//! All proposals of one user that wait, and what a commit of theirs adds by value, are read together: a user who leaves takes all own clients
//! along, and whoever bans someone takes out that user's clients.

use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::{ClientUri, RoleIndex, UserUri, mls::ComponentId};
use mimi_protocol::{
    Wire,
    mls::{AppDataOperation, AppDataUpdate},
    room_metadata::RoomMetaData,
};
use mimi_room_policy::{
    authorize::{Actor, JoinCode, MetadataField, Part, Sent, Step},
    base_room_policy::BaseRoomPolicy,
    join_link::JoinLinksUpdate,
    preauth::{Claim, PreauthList},
    roles::RolesList,
};

use super::{
    Member, UpdateRefusal,
    meaning::{Leaf, Meaning, invalid},
    participants::{ParticipantChange, Participants},
    policy::claims,
};

/// A change of a component that the policy has a word on.
#[derive(Clone, Debug)]
enum ComponentChange {
    Metadata(Vec<MetadataField>),
    Roles(RolesList),
    Preauth(PreauthList),
    Base(Box<BaseRoomPolicy>),
    Links(JoinLinksUpdate),
    Other(ComponentId),
}

/// How somebody who is not on the participant list comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// The room is open.
    Open,
    /// The credential's claims allow it.
    Preauthorized,
    /// It has shown a joining code.
    Code(ByCode),
}

/// What a joining code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByCode {
    pub(super) role: RoleIndex,
    /// The place of its link, if the link is for one user.
    pub(super) uses_up: Option<u32>,
}

/// Who does something.
#[derive(Clone, Debug)]
enum By {
    User { user: UserUri, claims: Vec<Claim>, member: bool },
    Hub,
}

/// What one party does.
#[derive(Clone, Debug)]
pub(super) struct Deed {
    by: By,
    sent: Sent,
    change: Option<ParticipantChange>,
    adds: BTreeMap<UserUri, u32>,
    removes: BTreeMap<UserUri, u32>,
    /// Whether the acting client goes.
    goes: bool,
    /// Whether the acting client comes.
    comes: bool,
    components: Vec<ComponentChange>,
    /// Whether it makes the hub the franking agent.
    names_agent: bool,
    /// Whether it reinitializes the group.
    reinit: bool,
}

impl Deed {
    /// What these proposals of a member mean.
    pub(super) fn of_member<'a>(
        leaf: &Leaf,
        sent: Sent,
        meanings: impl IntoIterator<Item = &'a Meaning>,
        participants: &Participants,
        metadata: Option<&RoomMetaData>,
    ) -> Result<Self, UpdateRefusal> {
        Self::read(By::of(&leaf.member, true), Some(leaf.index), sent, meanings, participants, metadata)
    }

    /// What the hub's own proposals mean.
    pub(super) fn of_hub<'a>(
        meanings: impl IntoIterator<Item = &'a Meaning>,
        participants: &Participants,
        metadata: Option<&RoomMetaData>,
    ) -> Result<Self, UpdateRefusal> {
        Self::read(By::Hub, None, Sent::Proposals, meanings, participants, metadata)
    }

    /// What an external commit means that carries these proposals by value.
    pub(super) fn of_joiner<'a>(
        member: &Member,
        meanings: impl IntoIterator<Item = &'a Meaning>,
        participants: &Participants,
        metadata: Option<&RoomMetaData>,
    ) -> Result<Self, UpdateRefusal> {
        let mut deed = Self::read(By::of(member, false), None, Sent::ExternalCommit, meanings, participants, metadata)?;
        deed.comes = true;
        Ok(deed)
    }

    fn read<'a>(
        by: By,
        leaf: Option<u32>,
        sent: Sent,
        meanings: impl IntoIterator<Item = &'a Meaning>,
        participants: &Participants,
        metadata: Option<&RoomMetaData>,
    ) -> Result<Self, UpdateRefusal> {
        let mut deed = Self {
            by,
            sent,
            change: None,
            adds: BTreeMap::new(),
            removes: BTreeMap::new(),
            goes: false,
            comes: false,
            components: Vec::new(),
            names_agent: false,
            reinit: false,
        };
        let mut updates = Vec::new();
        let mut gone: BTreeSet<&ClientUri> = BTreeSet::new();
        for meaning in meanings {
            match meaning {
                Meaning::Add { member, .. } => *deed.adds.entry(member.user.clone()).or_default() += 1,
                Meaning::Remove { leaf: removed, .. } => {
                    if gone.insert(&removed.member.client) {
                        *deed.removes.entry(removed.member.user.clone()).or_default() += 1;
                    }
                    deed.goes |= Some(removed.index) == leaf;
                }
                Meaning::Participants { update, .. } => updates.push(update),
                Meaning::Component(update) => deed.components.push(component_change(update, metadata)?),
                Meaning::FrankingAgent(_) => deed.names_agent = true,
                Meaning::ReInit(_) => deed.reinit = true,
                Meaning::ExternalSenders(_) | Meaning::ExternalInit => {}
            }
        }
        if !updates.is_empty() {
            deed.change = Some(participants.change(updates)?);
        }
        Ok(deed)
    }

    /// The steps, in the order: participant list, clients, components.
    pub(super) fn steps(&self, door: Door) -> Vec<Step<'_>> {
        let (mut adds, mut removes) = (self.adds.clone(), self.removes.clone());
        let mut steps = Vec::new();
        let mut came = false;
        if let Some(change) = &self.change {
            for (user, role) in &change.added {
                let clients = adds.remove(user).unwrap_or_default();
                steps.push(match (user, *role) {
                    (user, role) if self.is_own(user) => {
                        came = true;
                        match door {
                            Door::Open => Step::OpenJoin { role },
                            Door::Preauthorized => Step::JoinPreauthorized { role },
                            Door::Code(by) => Step::JoinByCode { role, code: JoinCode::Valid { role: by.role } },
                        }
                    }
                    (user, RoleIndex::BANNED) => Step::Ban { user, clients: removes.remove(user).unwrap_or_default() },
                    (user, role) => Step::AddParticipant { user, role, clients },
                });
            }
            for user in &change.removed {
                let clients = removes.remove(user).unwrap_or_default();
                let own = self.is_own(user);
                steps.push(if own { Step::Leave { clients } } else { Step::RemoveParticipant { user, clients } });
            }
            for (user, from, to) in &change.changed {
                let own = self.is_own(user);
                steps.push(match (*from, *to) {
                    (_, RoleIndex::BANNED) if !own => {
                        Step::Ban { user, clients: removes.remove(user).unwrap_or_default() }
                    }
                    (_, role) if own => Step::ChangeOwnRole { role },
                    (RoleIndex::BANNED, role) => Step::Unban { user, role },
                    (_, role) => Step::ChangeRole { user, role },
                });
            }
        }
        if self.comes && !came {
            let replaces = self.user().and_then(|user| removes.remove(user)).unwrap_or_default();
            steps.push(Step::AddOwnClient { replaces });
        }
        for (user, clients) in adds {
            let Some((user, _)) = self.adds.get_key_value(&user) else { continue };
            let own = self.is_own(user);
            steps.push(if own { Step::AddOtherOwnClients { clients } } else { Step::AddClientsOf { user, clients } });
        }
        for (user, clients) in removes {
            let Some((user, _)) = self.removes.get_key_value(&user) else { continue };
            let own = self.is_own(user);
            steps.push(if own {
                Step::RemoveOwnClients { clients, acting: self.goes }
            } else {
                Step::Kick { user, clients }
            });
        }
        for component in &self.components {
            match component {
                ComponentChange::Metadata(fields) => {
                    steps.extend(fields.iter().map(|field| Step::ChangeMetadata(*field)));
                }
                ComponentChange::Roles(roles) => steps.push(Step::UpdateRoles(roles)),
                ComponentChange::Preauth(preauth) => steps.push(Step::UpdatePreauth(preauth)),
                ComponentChange::Base(base) => steps.push(Step::UpdateBasePolicy(base)),
                // It is a part of coming in by the code.
                ComponentChange::Links(_) if matches!(door, Door::Code(by) if by.uses_up.is_some_and(|place| self.uses_up(place))) =>
                    {}
                ComponentChange::Links(update) => steps.push(Step::ChangeJoinLinks {
                    added: count(&update.added_links),
                    removed: count(&update.removed_indices),
                }),
                ComponentChange::Other(id) => steps.push(Step::UpdateComponent(*id)),
            }
        }
        if self.reinit {
            steps.push(Step::ReInit);
        }
        steps
    }

    /// Whether it is somebody's coming in that takes away the join link at this place, and no other.
    pub(super) fn uses_up(&self, place: u32) -> bool {
        let mut links = self.components.iter().filter_map(|component| match component {
            ComponentChange::Links(update) => Some(update),
            _ => None,
        });
        let only = links.next().filter(|update| update.added_links.is_empty() && update.removed_indices == [place]);
        self.comes && only.is_some() && links.next().is_none()
    }

    /// This deed as a part of a commit.
    pub(super) fn part<'a>(&'a self, steps: &'a [Step<'a>]) -> Part<'a> {
        let actor = match &self.by {
            By::User { user, claims, member } => Actor::User { user, claims, member: *member },
            By::Hub => Actor::Hub,
        };
        Part { actor, sent: self.sent, steps }
    }

    pub(super) const fn user(&self) -> Option<&UserUri> {
        match &self.by {
            By::User { user, .. } => Some(user),
            By::Hub => None,
        }
    }

    fn is_own(&self, user: &UserUri) -> bool {
        self.user() == Some(user)
    }

    /// Who makes the hub the franking agent, if this does.
    pub(super) const fn names_agent(&self) -> Option<&UserUri> {
        if self.names_agent { self.user() } else { None }
    }

    /// Whether it puts its own user on the participant list, so that the way in matters.
    pub(super) fn comes_from_outside(&self) -> bool {
        self.change.as_ref().is_some_and(|change| change.added.iter().any(|(user, _)| self.is_own(user)))
    }
}

impl By {
    fn of(member: &Member, is_member: bool) -> Self {
        Self::User { user: member.user.clone(), claims: claims(member), member: is_member }
    }
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

/// Which fields of the metadata an update changes; all of them when there were none.
fn metadata_fields(before: Option<&RoomMetaData>, after: &RoomMetaData) -> Vec<MetadataField> {
    let differs = |field| {
        before.is_none_or(|before| match field {
            MetadataField::Uri => before.room_uri != after.room_uri,
            MetadataField::Name => before.room_name != after.room_name,
            MetadataField::Description => before.room_descriptions != after.room_descriptions,
            MetadataField::Avatar => before.room_avatar != after.room_avatar,
            MetadataField::Subject => before.room_subject != after.room_subject,
            MetadataField::Mood => before.room_mood != after.room_mood,
        })
    };
    let fields = [
        MetadataField::Uri,
        MetadataField::Name,
        MetadataField::Description,
        MetadataField::Avatar,
        MetadataField::Subject,
        MetadataField::Mood,
    ];
    fields.into_iter().filter(|field| differs(*field)).collect()
}

// req: MP06-4.3.1-07, MP06-7.6-13
fn component_change(update: &AppDataUpdate, metadata: Option<&RoomMetaData>) -> Result<ComponentChange, UpdateRefusal> {
    let AppDataOperation::Update(data) = &update.operation else {
        return Ok(ComponentChange::Other(update.component_id));
    };
    let malformed =
        |error: &dyn std::fmt::Display| invalid(format!("component {:#06x}: {error}", update.component_id.0));
    Ok(match update.component_id {
        ComponentId::ROOM_METADATA => {
            let after = RoomMetaData::from_bytes(data).map_err(|error| malformed(&error))?;
            ComponentChange::Metadata(metadata_fields(metadata, &after))
        }
        ComponentId::ROLES_LIST => {
            ComponentChange::Roles(RolesList::from_bytes(data).map_err(|error| malformed(&error))?)
        }
        ComponentId::PREAUTH_LIST => {
            ComponentChange::Preauth(PreauthList::from_bytes(data).map_err(|error| malformed(&error))?)
        }
        ComponentId::BASE_ROOM_POLICY => {
            ComponentChange::Base(Box::new(BaseRoomPolicy::from_bytes(data).map_err(|error| malformed(&error))?))
        }
        ComponentId::JOIN_LINKS => {
            ComponentChange::Links(JoinLinksUpdate::from_bytes(data).map_err(|error| malformed(&error))?)
        }
        other => ComponentChange::Other(other),
    })
}
