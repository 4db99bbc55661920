//! What a decision is made from: the policy of the room and who is in it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mimi_arch::{RoleIndex, UserUri};

use crate::{
    base_room_policy::BaseRoomPolicy,
    capability::CapabilityType,
    preauth::PreauthList,
    roles::{BANNED_NAME, Role, RolesList},
};

// req: RP03-3-10
/// A participant of a room.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Participant {
    /// The role.
    pub role: RoleIndex,
    /// How many of the user's clients are members of the MLS group.
    pub clients: u32,
}

/// How many participants have a role.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RoleCount {
    /// All of them.
    pub participants: u32,
    /// Those with a client in the group.
    pub active: u32,
}

/// The state of a room as far as authorization depends on it.
///
/// It always holds: every participant's role is defined and not zero, and a participant with role 1 has no client. Counts are kept while the
/// state changes, so that a decision costs no walk over the participants.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RoomState {
    roles: RoleTable,
    preauth: PreauthList,
    base: BaseRoomPolicy,
    parent: Option<BTreeSet<UserUri>>,
    // By hash, because one search is all that a message costs; nothing that can be observed depends on the order.
    participants: HashMap<UserUri, Participant>,
    pub(super) counts: BTreeMap<RoleIndex, RoleCount>,
    pub(super) clients: u64,
    pub(super) several_clients: u64,
}

/// A participant who cannot be in the room's state.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// The role is not defined, or zero.
    #[error("{user} has role {role}, which no participant can have here")]
    Role {
        /// Who.
        user: UserUri,
        /// The role.
        role: RoleIndex,
    },
    /// A banned participant has clients.
    #[error("{user} is banned and has {clients} clients")]
    BannedWithClients {
        /// Who.
        user: UserUri,
        /// How many.
        clients: u32,
    },
    /// The user is in the list already.
    #[error("{user} is on the participant list already")]
    Twice {
        /// Who.
        user: UserUri,
    },
}

impl StateError {
    /// Document and section of the broken rule.
    pub const fn section(&self) -> &'static str {
        match self {
            Self::Role { .. } => "draft-ietf-mimi-room-policy-03 section 3",
            Self::BannedWithClients { .. } => "draft-ietf-mimi-room-policy-03 section 8.1.3",
            Self::Twice { .. } => "draft-ietf-mimi-protocol-06 section 7.5",
        }
    }
}

impl RoomState {
    /// A room without participants.
    pub fn new(roles: &RolesList, preauth: PreauthList, base: BaseRoomPolicy) -> Self {
        Self {
            roles: RoleTable::new(roles),
            preauth,
            base,
            parent: None,
            participants: HashMap::new(),
            counts: BTreeMap::new(),
            clients: 0,
            several_clients: 0,
        }
    }

    /// Puts a participant into the state, as the room has them; whether that was authorized is not asked.
    ///
    /// # Errors
    /// When no state can have this participant.
    pub fn insert(&mut self, user: UserUri, role: RoleIndex, clients: u32) -> Result<(), StateError> {
        if role == RoleIndex::NON_PARTICIPANT || self.roles.get(role).is_none() {
            return Err(StateError::Role { user, role });
        }
        if role == RoleIndex::BANNED && clients > 0 {
            return Err(StateError::BannedWithClients { user, clients });
        }
        if self.participants.contains_key(&user) {
            return Err(StateError::Twice { user });
        }
        self.set(user, Some(Participant { role, clients }));
        Ok(())
    }

    /// Says who is a participant of the parent room, without those banned there. A parent-dependent room admits nobody until it is known.
    pub fn set_parent_participants(&mut self, users: impl IntoIterator<Item = UserUri>) {
        self.parent = Some(users.into_iter().collect());
    }

    /// The definition of a role.
    pub fn role(&self, index: RoleIndex) -> Option<&Role> {
        self.roles.get(index).map(|known| &known.role)
    }

    /// A participant.
    pub fn participant(&self, user: &UserUri) -> Option<Participant> {
        self.participants.get(user).copied()
    }

    /// All participants, ordered by user. They are put in order each time.
    pub fn participants(&self) -> impl Iterator<Item = (&UserUri, Participant)> {
        let mut all: Vec<_> = self.participants.iter().map(|(user, participant)| (user, *participant)).collect();
        all.sort_unstable_by_key(|(user, _)| *user);
        all.into_iter()
    }

    /// How many have a role.
    pub fn count(&self, role: RoleIndex) -> RoleCount {
        self.counts.get(&role).copied().unwrap_or_default()
    }

    /// How many are on the participant list, the banned included.
    pub fn entries(&self) -> u64 {
        u64::try_from(self.participants.len()).unwrap_or(u64::MAX)
    }

    /// How many clients are members of the group.
    pub const fn clients(&self) -> u64 {
        self.clients
    }

    /// The preauthorized users.
    pub const fn preauth(&self) -> &PreauthList {
        &self.preauth
    }

    /// The base room policy.
    pub const fn base(&self) -> &BaseRoomPolicy {
        &self.base
    }

    /// The participants of the parent room, if they are known.
    pub const fn parent(&self) -> Option<&BTreeSet<UserUri>> {
        self.parent.as_ref()
    }

    pub(super) const fn roles(&self) -> &RoleTable {
        &self.roles
    }

    pub(super) fn has(&self, role: RoleIndex, capability: CapabilityType) -> bool {
        self.roles.has(role, capability)
    }

    /// Whether role 1 is the banned role, by its name.
    pub(super) fn has_banned_role(&self) -> bool {
        self.role(RoleIndex::BANNED).is_some_and(|role| role.role_name == BANNED_NAME)
    }

    pub(super) fn set_roles(&mut self, roles: &RolesList) {
        self.roles = RoleTable::new(roles);
    }

    pub(super) fn set_preauth(&mut self, preauth: &PreauthList) {
        self.preauth = preauth.clone();
    }

    pub(super) fn set_base(&mut self, base: &BaseRoomPolicy) {
        self.base = base.clone();
    }

    /// Replaces, adds or removes a participant, and keeps the counts.
    pub(super) fn set(&mut self, user: UserUri, after: Option<Participant>) {
        let before = match after {
            Some(participant) => self.participants.insert(user, participant),
            None => self.participants.remove(&user),
        };
        if let Some(Participant { role, clients }) = before {
            if let Some(count) = self.counts.get_mut(&role) {
                count.participants -= 1;
                count.active -= u32::from(clients > 0);
                // Nobody counts as nothing, so that states with the same participants are equal.
                if count.participants == 0 {
                    self.counts.remove(&role);
                }
            }
            self.clients -= u64::from(clients);
            self.several_clients -= u64::from(clients > 1);
        }
        if let Some(Participant { role, clients }) = after {
            let count = self.counts.entry(role).or_default();
            count.participants += 1;
            count.active += u32::from(clients > 0);
            self.clients += u64::from(clients);
            self.several_clients += u64::from(clients > 1);
        }
    }
}

/// The roles of a room with an index, and the capabilities of each in order. Role 1 has none, whatever is written: a banned user who
/// could leave, for instance, would come back as a stranger.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct RoleTable(Vec<Known>);

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Known {
    pub(super) role: Role,
    capabilities: Vec<CapabilityType>,
}

impl RoleTable {
    pub(super) fn new(roles: &RolesList) -> Self {
        let mut table: Vec<_> = roles.roles().iter().map(Known::new).collect();
        table.sort_by_key(|known| known.role.role_index);
        Self(table)
    }

    pub(super) fn get(&self, index: RoleIndex) -> Option<&Known> {
        let place = self.0.binary_search_by_key(&index, |known| known.role.role_index).ok()?;
        self.0.get(place)
    }

    pub(super) fn has(&self, role: RoleIndex, capability: CapabilityType) -> bool {
        self.get(role).is_some_and(|known| known.capabilities.binary_search(&capability).is_ok())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Role> {
        self.0.iter().map(|known| &known.role)
    }
}

impl Known {
    fn new(role: &Role) -> Self {
        let mut capabilities = role.role_capabilities.clone();
        capabilities.sort_unstable();
        capabilities.dedup();
        if role.role_index == RoleIndex::BANNED {
            capabilities.clear();
        }
        Self { role: role.clone(), capabilities }
    }
}
