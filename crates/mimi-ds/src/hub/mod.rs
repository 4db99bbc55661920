//! The hub of a room: what it accepts, in which order, and who gets it (draft-ietf-mimi-protocol-06 sections 5.2 to 5.6 and 7).
//!
//! [`HubRoom`] is the state machine of one room. Each operation takes the wall clock and one event; it answers with what was
//! accepted, as [`Effect`]s for the store, or with a refusal, and then the room is as before. An accepted event has changed the
//! room in memory at once: when the store then reports that the effects were not made durable, the room in memory is ahead of the
//! store and has to be dropped and restored.

mod components;
mod create;
mod deed;
mod enqueue_tokens;
mod fanout;
mod franking;
mod group_info;
mod hub_proposals;
mod join_code;
pub mod key_material;
mod life;
mod meaning;
mod membership_style;
mod next_group;
mod participants;
mod policy;
mod proposals;
mod record;
mod refusal;
mod report;
mod restore;
pub(crate) mod roster;
mod senders;
mod standing;
mod submit;
mod update;

use std::collections::BTreeMap;

use mimi_arch::{ClientUri, Domain, RoleIndex, RoomUri, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, Epoch, KeyPackageRef, ProposalRef,
    mls::{ExternalSender, MlsMessage},
    participant_list::ParticipantListData,
    submit_message::Frank,
};

pub use self::{
    franking::HubFranking,
    group_info::GroupInfoRefusal,
    hub_proposals::Gone,
    join_code::{ClaimedGroupInfo, JoinGrant, JoinLinkFault, joiner_named},
    life::{Ending, Life, NoGroup},
    membership_style::ParentParticipants,
    next_group::NextGroup,
    policy::{Denied, PolicyFault},
    refusal::{CreateRefusal, NotAllowed, RestoreError, SubmitRefusal, UpdateRefusal},
    report::{AbuseRefusal, ProvenReport},
    roster::Member,
    senders::SenderRule,
    standing::{Disagreement, Proposing, Standing},
    update::key_packages_named,
};
use self::{
    meaning::{Leaf, Meaning},
    participants::Participants,
    policy::Policy,
    roster::Roster,
};
use mimi_room_policy::policy::RoomPolicy;

use crate::{effect::Effect, group::RoomGroup};

/// After so many commits the room's state is written whole. A restart replays at most this many commits (some milliseconds each in
/// a room of a thousand), and a commit bears only this fraction of the cost of writing the tree.
pub const COMMITS_PER_SNAPSHOT: u32 = 64;

/// How a hub stands in the `external_senders` of its rooms (section 7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubIdentity {
    /// The hub's domain.
    pub domain: Domain,
    /// Its key and credential.
    pub external_sender: ExternalSender,
}

/// Which provider gave out which key package, as the store knows it ([`crate::Store::route`]).
pub type Routes = BTreeMap<KeyPackageRef, Domain>;

/// What an update is decided with beside the room itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateFacts {
    /// What the store knows of [`key_packages_named`].
    pub routes: Routes,
    /// What the store knows of [`joiner_named`] in this room.
    pub grant: Option<JoinGrant>,
}

/// An accepted event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "nothing is durable or distributed until the store has the effects"]
pub struct Accepted {
    /// When the hub accepted it; strictly increasing within a room.
    pub timestamp: AcceptedTimestamp,
    /// The hub's stamp, when the event is a message that asked for one.
    pub frank: Option<Frank>,
    /// What the store has to do: log, outbox, queues of local clients, snapshot when due.
    pub effects: Vec<Effect>,
}

/// Who made a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Proposer {
    Member(Leaf),
    /// The hub, as the first external sender.
    Hub,
    /// A follower, as a further external sender.
    Follower(Domain),
}

impl Proposer {
    const fn leaf(&self) -> Option<&Leaf> {
        match self {
            Self::Member(leaf) => Some(leaf),
            Self::Hub | Self::Follower(_) => None,
        }
    }

    fn user(&self) -> Option<&UserUri> {
        self.leaf().map(|leaf| &leaf.member.user)
    }
}

/// A proposal that waits for a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pending {
    message: MlsMessage,
    reference: ProposalRef,
    meaning: Meaning,
    sender: Proposer,
    accepted: AcceptedTimestamp,
}

/// One room at its hub; it can be copied where its group can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubRoom<G> {
    room: RoomUri,
    group: G,
    roster: Roster,
    participants: Participants,
    policy: Policy,
    pending: Vec<Pending>,
    sequence: u64,
    accepted: AcceptedTimestamp,
    commits_since_snapshot: u32,
    life: Life,
}

impl<G: RoomGroup> HubRoom<G> {
    /// The room.
    pub fn room(&self) -> &RoomUri {
        &self.room
    }

    /// The hub's domain.
    pub fn hub(&self) -> &Domain {
        self.room.domain()
    }

    /// The epoch of the room's group.
    pub fn epoch(&self) -> Epoch {
        self.group.epoch()
    }

    /// The cipher suite of the room's group.
    pub fn cipher_suite(&self) -> CipherSuite {
        self.group.cipher_suite()
    }

    /// The participant list (section 7.5).
    pub fn participant_list(&self) -> &ParticipantListData {
        self.participants.data()
    }

    /// The role of a participant.
    pub fn role(&self, user: &UserUri) -> Option<RoleIndex> {
        self.participants.role(user)
    }

    /// The room's policy components.
    pub const fn policy(&self) -> &RoomPolicy {
        self.policy.components()
    }

    /// The clients that are members of the group.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.roster.members()
    }

    /// The leaf of a client that is a member of the group.
    pub fn leaf_of(&self, client: &ClientUri) -> Option<u32> {
        self.roster.leaf_of(client)
    }

    /// Whether the client is a member of the group.
    pub fn is_member(&self, client: &ClientUri) -> bool {
        self.roster.leaf_of(client).is_some()
    }

    /// How many proposals wait for a commit.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Number of the last log entry.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// When the hub accepted the last event.
    pub fn last_accepted(&self) -> AcceptedTimestamp {
        self.accepted
    }

    /// The next accepted timestamp: the clock, but always later than the last one, so that the timestamps of a room order its
    /// events even when the clock stands or goes back.
    fn next_timestamp(&self, now: AcceptedTimestamp) -> AcceptedTimestamp {
        now.max(AcceptedTimestamp(self.accepted.0.saturating_add(1)))
    }
}
