//! What a member wants of a room, and the commit that it means in the room as it stands (draft-ietf-mimi-room-policy-03 sections 8.1 and 8.2).
//!
//! An intent names users and values, never leaves or indices: it can be applied again to a later state of the room, when the hub has
//! refused a commit because somebody else was faster.

use mimi_arch::{ClientUri, HttpsUri, RoleIndex, RoomUri, Uri, UserUri};
use mimi_protocol::{
    codec::Wire as _,
    mls::ComponentId,
    participant_list::{ParticipantListData, ParticipantListUpdate, UserIndexRolePair, UserRolePair},
    room_metadata::{RichDescription, RoomMetaData, Utf8String},
};
use openmls::{
    group::MlsGroup,
    prelude::{AppDataUpdateOperation, LeafNodeIndex, Proposal, Sender},
};

use super::{NewJoinLink, PrepareOptions, PreparedUpdate, Session, join_links};
use crate::{
    error::{ClientError, IntentFault},
    mls::{client_of, commit::Plan, components, participants, room_group},
};

/// A change of a room that one commit makes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intent {
    /// Adds a user with all clients that have key material, or those clients of a participant that are not members yet.
    Add {
        /// The user.
        user: UserUri,
    },
    /// Takes a user off the participant list, with all clients.
    Remove {
        /// The user.
        user: UserUri,
    },
    /// Removes all clients of a user, who stays a participant and may come back with any client.
    Kick {
        /// The user.
        user: UserUri,
    },
    /// Puts a user on the participant list as banned, or changes the user's role to that, and removes all clients.
    Ban {
        /// The user.
        user: UserUri,
    },
    /// Gives a banned user a role.
    Unban {
        /// The user.
        user: UserUri,
        /// The role; without one the lowest that this user may give.
        role: Option<RoleIndex>,
    },
    /// Gives a participant another role; of this user itself, too.
    ChangeRole {
        /// The user.
        user: UserUri,
        /// The role.
        role: RoleIndex,
    },
    /// Removes one other client of this user, for example of a device that is lost.
    RemoveClient {
        /// The client.
        client: ClientUri,
    },
    /// Changes what the room says of itself.
    SetMetadata(MetadataChange),
    /// Adds a link by which users join.
    AddJoinLink(NewJoinLink),
    /// Takes a link back by which users join.
    RemoveJoinLink {
        /// The digest of its code.
        digest: [u8; 32],
    },
    /// Commits the proposals that wait.
    CommitPending,
}

/// Which fields of the metadata change (draft-ietf-mimi-protocol-06 section 7.6); `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetadataChange {
    /// The room's name.
    pub name: Option<Utf8String>,
    /// All descriptions.
    pub descriptions: Option<Vec<RichDescription>>,
    /// Where the room's picture is, or that it has none.
    pub avatar: Option<Option<HttpsUri>>,
    /// What is being talked about.
    pub subject: Option<Utf8String>,
    /// The mood.
    pub mood: Option<Utf8String>,
}

impl MetadataChange {
    fn apply(&self, room: &RoomUri, before: Option<RoomMetaData>) -> Result<RoomMetaData, ClientError> {
        let mut after = match before {
            Some(before) => before,
            None => RoomMetaData::named(Uri::new(room.as_str())?, Utf8String::default()),
        };
        let Self { name, descriptions, avatar, subject, mood } = self.clone();
        after.room_name = name.unwrap_or(after.room_name);
        after.room_descriptions = descriptions.unwrap_or(after.room_descriptions);
        after.room_avatar = avatar.unwrap_or(after.room_avatar);
        after.room_subject = subject.unwrap_or(after.room_subject);
        after.room_mood = mood.unwrap_or(after.room_mood);
        Ok(after)
    }
}

/// A commit that an intent leads to.
pub(crate) struct PreparedIntent {
    pub(crate) update: PreparedUpdate,
    /// Whether it is the whole intent. Otherwise it is the proposals that wait, which concern the same thing and have to be committed first.
    pub(crate) whole: bool,
}

impl Session {
    /// Prepares the commit that an intent means now. `material` is the key material of the user whom it adds.
    ///
    /// # Errors
    /// When there is nothing to do, the intent does not fit the room, or the room cannot be changed now.
    pub(crate) fn prepare_intent(
        &mut self,
        room: &RoomUri,
        intent: &Intent,
        material: &[u8],
    ) -> Result<PreparedIntent, ClientError> {
        let whole = |update| PreparedIntent { update, whole: true };
        match intent {
            Intent::Add { user } => self.prepare_add(room, user, material).map(whole),
            Intent::CommitPending => {
                if self.room(room)?.pending_proposals == 0 {
                    return Err(ClientError::NothingPending { room: room.clone() });
                }
                self.prepare_commit(room, PrepareOptions::default()).map(whole)
            }
            _ => {
                let own = self.account().user.clone();
                let mut is_whole = true;
                let update = self.prepare(room, |_, group| {
                    let state = Standing { room, own: &own, group, list: list(group)? };
                    is_whole = !state.has_to_wait(intent)?;
                    if is_whole { state.plan(intent) } else { Ok(Plan::with_pending()) }
                })?;
                Ok(PreparedIntent { update, whole: is_whole })
            }
        }
    }
}

fn list(group: &MlsGroup) -> Result<ParticipantListData, ClientError> {
    Ok(participants::of(group.public_group().group_context())?)
}

/// The room as it stands.
struct Standing<'a> {
    room: &'a RoomUri,
    own: &'a UserUri,
    group: &'a MlsGroup,
    list: ParticipantListData,
}

impl Standing<'_> {
    fn plan(&self, intent: &Intent) -> Result<Plan, ClientError> {
        let plan = Plan::with_pending();
        Ok(match intent {
            // req: RP03-8.1.2-01
            Intent::Remove { user } => {
                let index = self.index_of(self.another(user)?)?;
                Plan { removes: self.leaves_of(user)?, list: Some(participants::removing(index)), ..plan }
            }
            // req: RP03-8.1.2-12
            Intent::Kick { user } => {
                self.index_of(self.another(user)?)?;
                let removes = self.leaves_of(user)?;
                if removes.is_empty() {
                    return Err(self.fault(IntentFault::NoClients { user: user.clone() }));
                }
                Plan { removes, ..plan }
            }
            // req: RP03-8.1.3-07
            Intent::Ban { user } => {
                let list = self.role(self.another(user)?, RoleIndex::BANNED)?;
                Plan { removes: self.leaves_of(user)?, list: Some(list), ..plan }
            }
            // req: RP03-8.1.3-13
            Intent::Unban { user, role } => {
                self.index_of(user)?;
                if self.list.role_of(user) != Some(RoleIndex::BANNED) {
                    return Err(self.fault(IntentFault::NotBanned { user: user.clone() }));
                }
                let role = role.unwrap_or_else(|| {
                    let context = self.group.public_group().group_context();
                    participants::lowest_role(context, self.own, RoleIndex::BANNED)
                });
                Plan { list: Some(self.role(user, role)?), ..plan }
            }
            // req: RP03-8.1.3-01, RP03-8.1.3-04
            Intent::ChangeRole { user, role } => {
                self.index_of(user)?;
                Plan { list: Some(self.role(user, *role)?), ..plan }
            }
            // req: RP03-8.1.2-05
            Intent::RemoveClient { client } => {
                if client.user().as_ref() != Some(self.own) {
                    return Err(self.fault(IntentFault::NotOwnClient { client: client.clone() }));
                }
                let mut removes = Vec::new();
                for member in self.group.members().filter(|member| member.index != self.group.own_leaf_index()) {
                    if client_of(&member.credential)? == *client {
                        removes.push(member.index);
                    }
                }
                if removes.is_empty() {
                    return Err(self.fault(IntentFault::NotOwnClient { client: client.clone() }));
                }
                Plan { removes, ..plan }
            }
            Intent::SetMetadata(change) => {
                let before = components::metadata(self.group.public_group().group_context());
                let after = change.apply(self.room, before.clone())?;
                if before.as_ref() == Some(&after) {
                    return Err(self.fault(IntentFault::NothingNew));
                }
                Plan { metadata: Some(after), ..plan }
            }
            // req: RP03-6.2-07
            Intent::AddJoinLink(link) => {
                let context = self.group.public_group().group_context();
                Plan { links: Some(link.update(context, self.own)?), ..plan }
            }
            Intent::RemoveJoinLink { digest } => {
                let links = join_links::removal(self.group.public_group().group_context(), digest)?;
                let links = links.ok_or_else(|| self.fault(IntentFault::NoSuchLink))?;
                Plan { links: Some(links), ..plan }
            }
            Intent::Add { .. } | Intent::CommitPending => plan,
        })
    }

    fn fault(&self, fault: IntentFault) -> ClientError {
        ClientError::Intent { room: self.room.clone(), fault }
    }

    /// Nobody does this to oneself: who wants to go leaves.
    fn another<'u>(&self, user: &'u UserUri) -> Result<&'u UserUri, ClientError> {
        if user == self.own { Err(self.fault(IntentFault::OnOneself)) } else { Ok(user) }
    }

    fn index_of(&self, user: &UserUri) -> Result<u32, ClientError> {
        self.list.index_of(user).ok_or_else(|| self.fault(IntentFault::NoParticipant { user: user.clone() }))
    }

    /// The update that gives a user a role, as a participant or a newcomer.
    fn role(&self, user: &UserUri, role_index: RoleIndex) -> Result<ParticipantListUpdate, ClientError> {
        if self.list.role_of(user) == Some(role_index) {
            return Err(self.fault(IntentFault::HasRole { user: user.clone(), role: role_index }));
        }
        let mut update = ParticipantListUpdate::default();
        match self.list.index_of(user) {
            Some(user_index) => update.changed_role_participants.push(UserIndexRolePair { user_index, role_index }),
            None => update.added_participants.push(UserRolePair::new(user.clone(), role_index)),
        }
        Ok(update)
    }

    fn leaves_of(&self, user: &UserUri) -> Result<Vec<LeafNodeIndex>, ClientError> {
        let mut leaves = Vec::new();
        for member in self.group.members() {
            if room_group::user_of(&client_of(&member.credential)?)? == *user {
                leaves.push(member.index);
            }
        }
        Ok(leaves)
    }

    /// Whether proposals that wait concern what the intent changes: a commit cannot say both.
    fn has_to_wait(&self, intent: &Intent) -> Result<bool, ClientError> {
        let (user, component) = match intent {
            Intent::Remove { user }
            | Intent::Kick { user }
            | Intent::Ban { user }
            | Intent::Unban { user, .. }
            | Intent::ChangeRole { user, .. } => (Some(user), None),
            Intent::RemoveClient { .. } => (Some(self.own), None),
            Intent::SetMetadata(_) => (None, Some(ComponentId::ROOM_METADATA)),
            Intent::AddJoinLink(_) | Intent::RemoveJoinLink { .. } => (None, Some(ComponentId::JOIN_LINKS)),
            Intent::Add { .. } | Intent::CommitPending => (None, None),
        };
        let leaves = user.map(|user| self.leaves_of(user)).transpose()?.unwrap_or_default();
        let index = user.and_then(|user| self.list.index_of(user));
        Ok(self.group.pending_proposals().any(|pending| match pending.proposal() {
            Proposal::Remove(remove) => leaves.contains(&remove.removed()),
            Proposal::SelfRemove => matches!(pending.sender(), Sender::Member(leaf) if leaves.contains(leaf)),
            Proposal::AppDataUpdate(update) => {
                Some(update.component_id()) == component.map(|component| component.0)
                    || (update.component_id() == participants::COMPONENT && concerns(update.operation(), index, user))
            }
            _ => false,
        }))
    }
}

/// Whether an update of the participant list is about the user, who is at the index of the current list if there is one.
fn concerns(operation: &AppDataUpdateOperation, index: Option<u32>, user: Option<&UserUri>) -> bool {
    let AppDataUpdateOperation::Update(data) = operation else { return false };
    let Ok(update) = ParticipantListUpdate::from_bytes(data.as_slice()) else { return false };
    let changed = update.changed_role_participants.iter().map(|change| change.user_index);
    changed.chain(update.removed_indices.iter().copied()).any(|touched| Some(touched) == index)
        || update.added_participants.iter().any(|added| Some(added.user()) == user)
}
