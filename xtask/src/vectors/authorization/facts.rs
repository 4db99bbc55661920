//! The plain values of the model: a room, someone who acts, and what they do. They are what stands in the vectors.

use serde::Serialize;

/// A role as section 3 describes it.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Role {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) capabilities: Vec<&'static str>,
    pub(crate) minimum_participants: u32,
    pub(crate) maximum_participants: Option<u32>,
    pub(crate) minimum_active_participants: u32,
    pub(crate) maximum_active_participants: Option<u32>,
    /// Origin and targets.
    pub(crate) authorized_role_changes: Vec<(u32, Vec<u32>)>,
}

impl Role {
    pub(crate) fn new(index: u32, name: &str, capabilities: &[&'static str], changes: &[(u32, &[u32])]) -> Self {
        Self {
            index,
            name: name.to_owned(),
            capabilities: capabilities.to_vec(),
            minimum_participants: 0,
            maximum_participants: None,
            minimum_active_participants: 0,
            maximum_active_participants: None,
            authorized_role_changes: changes.iter().map(|(from, to)| (*from, to.to_vec())).collect(),
        }
    }

    pub(crate) fn has(&self, capability: &str) -> bool {
        self.capabilities.contains(&capability)
    }

    pub(crate) fn lists(&self, from: u32, to: u32) -> bool {
        self.authorized_role_changes.iter().any(|(origin, targets)| *origin == from && targets.contains(&to))
    }
}

/// A claim of a credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Claim {
    pub(crate) credential_type: u16,
    pub(crate) id: String,
    pub(crate) value: String,
}

/// A rule of the preauthorized users.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Preauthorization {
    pub(crate) claimset: Vec<Claim>,
    pub(crate) role: u32,
}

/// What the base room policy says that matters here.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Base {
    pub(crate) fixed_membership: bool,
    pub(crate) parent_room: Option<String>,
    pub(crate) multi_device: bool,
    pub(crate) max_clients: Option<u32>,
    pub(crate) max_users: Option<u32>,
}

/// An entry of the participant list, with the number of the user's clients in the group.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Participant {
    pub(crate) user: String,
    pub(crate) role: u32,
    pub(crate) clients: u32,
}

/// A room.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Room {
    pub(crate) roles: Vec<Role>,
    pub(crate) preauthorized: Vec<Preauthorization>,
    pub(crate) base: Base,
    pub(crate) participants: Vec<Participant>,
    /// Of the parent room, if there is one.
    pub(crate) parent_participants: Vec<String>,
}

impl Room {
    pub(crate) fn role(&self, index: u32) -> Option<&Role> {
        self.roles.iter().find(|role| role.index == index)
    }

    pub(crate) fn participant(&self, user: &str) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.user == user)
    }

    /// Section 8.1.3: the index is 1 and the name is banned, both.
    pub(crate) fn has_banned_role(&self) -> bool {
        self.role(1).is_some_and(|role| role.name == "banned")
    }

    /// Section 4: the roles of all entries whose every claim the credential has, in order.
    pub(crate) fn preauthorized_roles(&self, claims: &[Claim]) -> Vec<u32> {
        let satisfied =
            |entry: &&Preauthorization| entry.claimset.iter().all(|asked| claims.iter().any(|claim| claim == asked));
        self.preauthorized.iter().filter(satisfied).map(|entry| entry.role).collect()
    }
}

/// Who acts.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Actor {
    /// A user; `member` says whether the client that acts is in the group.
    User { user: String, member: bool, claims: Vec<Claim> },
    /// A system that sends external proposals.
    ExternalSender { claims: Vec<Claim> },
    /// The hub without a role.
    Hub,
}

/// How a change is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Sent {
    Proposals,
    Commit,
    ExternalCommit,
}

/// What someone does.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", tag = "kind")]
pub(crate) enum Action {
    Message,
    Receive,
    Upload { asset: &'static str },
    Download { asset: &'static str },
    ReportAbuse,
    Exercise { capability: &'static str },
    Change { sent: Sent, steps: Vec<Step> },
    DestroyRoom,
}

/// One part of a change.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "kind")]
pub(crate) enum Step {
    AddParticipant { user: String, role: u32, clients: u32 },
    RemoveParticipant { user: String, clients: u32 },
    Leave { clients: u32 },
    ChangeRole { user: String, role: u32 },
    ChangeOwnRole { role: u32 },
    Ban { user: String, clients: u32 },
    Unban { user: String, role: u32 },
    Kick { user: String, clients: u32 },
    AddOwnClient { replaces: u32 },
    AddOtherOwnClients { clients: u32 },
    AddClientsOf { user: String, clients: u32 },
    RemoveOwnClients { clients: u32, acting: bool },
    OpenJoin { role: u32 },
    JoinPreauthorized { role: u32 },
    JoinByCode { role: u32, code_role: Option<u32> },
    ChangeMetadata { field: &'static str },
    UpdateRoles { roles: Vec<Role> },
    UpdatePreauthorized { preauthorized: Vec<Preauthorization> },
    UpdateBasePolicy { base: Base },
    UpdateComponent { component: u16 },
    ReInit,
}
