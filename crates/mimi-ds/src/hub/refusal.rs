//! Why a hub refuses, and what it answers then.

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{
    DecodeError, Epoch, KeyPackageRef, ProposalRef, submit_message::SubmitMessageResponse, update::UpdateRoomResponse,
};

use mimi_room_policy::authorize::Refusal;

use super::{
    join_code::JoinLinkFault,
    life::NoGroup,
    policy::{Denied, PolicyFault},
    senders::SenderRule,
};
use crate::group::{GroupError, GroupInfoError, StageError};

/// Why a room is not created (section 3.1; local to the provider, so the draft has no codes).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateRefusal {
    /// The room's URI is of another provider.
    #[error("the room belongs to {0}, which is another provider")]
    OtherHub(Domain),
    /// The group identifier is not that of the room.
    #[error("the group id is not the octets of the room's group URI")]
    GroupId,
    /// The group is not new.
    #[error("the group is in epoch {0}, not 0")]
    Epoch(Epoch),
    /// The cipher suite's signatures cannot be verified here.
    #[error("the cipher suite is not supported")]
    CipherSuite,
    /// The creator has to be the one member.
    #[error("the group's only member has to be the creating client")]
    Members,
    /// The creator has to be the one participant, or where participants are fixed one of them, and none is banned.
    #[error(
        "the participant list has to hold the creator, where participants are not fixed alone, and roles of participants"
    )]
    Participants,
    /// There is no room of that name here on which it could depend.
    #[error("{0}, on which the room is to depend, is no room of this hub")]
    Parent(RoomUri),
    /// A limit of the policy, or the rule about rooms that depend on another one.
    #[error(transparent)]
    Rule(#[from] Refusal),
    /// The hub has to be the first external sender.
    #[error("the first external sender is not this hub")]
    ExternalSender,
    /// An extension is missing or in the wrong place.
    #[error("group context: {0}")]
    Context(&'static str),
    /// The franking agent is not this hub, or cannot frank.
    #[error("franking agent: {0}")]
    Franking(String),
    /// The room has no policy, or one that contradicts itself.
    #[error("the room's policy: {0}")]
    Policy(#[from] PolicyFault),
    /// It has a join link that it cannot have.
    #[error(transparent)]
    JoinLink(#[from] JoinLinkFault),
    /// The room has a group, or is over.
    #[error("the room {0}")]
    NotWithoutGroup(&'static str),
    /// The group that follows a ReInit is not the one that it names.
    #[error("the {0} of the group is not what the ReInit names")]
    NotAsReInit(&'static str),
    /// A component of a group that follows another one is not as the room has it.
    #[error("component {0:#06x} is not as the room has it")]
    Differs(u16),
    /// The policy does not let the client into the room.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The GroupInfo cannot be handed to joiners.
    #[error(transparent)]
    GroupInfo(#[from] GroupInfoError),
    /// GroupInfo and tree do not verify.
    #[error(transparent)]
    Group(#[from] GroupError),
}

/// Why the hub does not accept handshakes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateRefusal {
    /// The handshake is of another epoch.
    #[error("the group is in epoch {current}")]
    WrongEpoch {
        /// The group's epoch.
        current: Epoch,
    },
    /// Policy or authorization, or a form that this hub does not take.
    #[error("{0}")]
    NotAllowed(#[from] NotAllowed),
    /// A proposal is not valid.
    #[error("invalid proposal: {reason}")]
    InvalidProposal {
        /// The proposals, as far as they have references.
        references: Vec<ProposalRef>,
        /// What is wrong.
        reason: String,
    },
    /// The hub itself failed; the draft has no code for that.
    #[error("the hub failed: {0}")]
    Internal(String),
}

impl UpdateRefusal {
    /// The answer of section 5.3; `None` when the fault is the hub's, which is an HTTP 500.
    // req: MP06-5.3-24
    // req: MP06-5.3-25
    // req: MP06-5.3-26
    // req: MP06-5.3-27
    // req: MP06-5.3-28
    pub fn response(&self) -> Option<UpdateRoomResponse> {
        let error_description = self.to_string();
        match self {
            Self::WrongEpoch { current } => {
                Some(UpdateRoomResponse::WrongEpoch { error_description, current_epoch: *current })
            }
            Self::NotAllowed(_) => Some(UpdateRoomResponse::NotAllowed { error_description }),
            Self::InvalidProposal { references, .. } => {
                Some(UpdateRoomResponse::InvalidProposal { error_description, invalid_proposals: references.clone() })
            }
            Self::Internal(_) => None,
        }
    }
}

/// Why handshakes are not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAllowed {
    /// Not a handshake in a PublicMessage.
    #[error("only proposals and commits in PublicMessages are taken")]
    WireFormat,
    /// The room has no group that takes anything.
    #[error(transparent)]
    NoGroup(#[from] NoGroup),
    /// Another group's handshake.
    #[error("the group id is not this room's")]
    WrongGroup,
    /// A sender from outside the group who may not send this.
    #[error("a {0} cannot send this to this hub")]
    Sender(&'static str),
    /// No such member.
    #[error("there is no member at leaf {0}")]
    UnknownMember(u32),
    /// A credential that names no client.
    #[error("a credential is not a basic credential with a client URI that names its user")]
    Credential,
    /// The request came from another provider than the client's.
    #[error("{client} is not a client of {source_provider}, which sent the request")]
    ForeignClient {
        /// Who made the handshake.
        client: ClientUri,
        /// Which provider sent it.
        source_provider: Domain,
    },
    /// The user is being removed and can only propose the removal of own clients.
    #[error("{0} is leaving the room")]
    Leaving(UserUri),
    /// The user's ban is accepted already.
    #[error("{0} is being banned")]
    Barred(UserUri),
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// A commit without a proposal that the hub keeps (section 3.5).
    #[error("the commit lacks {} of the proposals that wait for it", missing.len())]
    PendingProposals {
        /// The missing ones.
        missing: Vec<ProposalRef>,
    },
    /// All members would be on their way out, and not all by their own wish.
    #[error("no member would be left to commit what waits")]
    NobodyCommits,
    /// A kind of proposal that this hub does not take in this place.
    #[error("proposals of type {0} are not taken here")]
    ProposalType(u16),
    /// A component whose updates this hub does not know, and so cannot follow, or one that a room keeps.
    #[error("component {0:#06x} cannot be changed so in a room of this hub")]
    Component(u16),
    /// A join link that the room does not take.
    #[error(transparent)]
    JoinLink(#[from] JoinLinkFault),
    /// Whoever comes in by a join link for one user has to remove it.
    #[error("the join link is for one user, and the commit that uses it does not remove it")]
    OneTimeLinkStays,
    /// A room keeps the style of membership that it was created with.
    #[error("whether participants are fixed and which room a room depends on is said when it is created, and stays")]
    MembershipStyle,
    /// The context extensions of the group change in something else than the external senders.
    #[error("of the context extensions only the external senders can change")]
    ContextExtensions,
    /// The external senders cannot be so.
    #[error("external senders: {0}")]
    ExternalSenders(SenderRule),
    /// The group cannot be reinitialized so.
    #[error("ReInit: {0}")]
    ReInit(&'static str),
    /// A follower proposes something else than the removal of its own users.
    #[error("{0} can propose the removal of its own users and their clients, and nothing else")]
    NotItsOwn(Domain),
    /// Another franking agent than this hub.
    #[error("the franking agent of a room is its hub, with the key of its external sender")]
    FrankingAgent,
    /// A client would be a member without its user being a participant.
    #[error("{0} would have a client in the group without being a participant")]
    NotAParticipant(UserUri),
    /// A participant would be removed or banned with a client left in the group.
    #[error("{0} would keep a client in the group")]
    ClientsRemain(UserUri),
    /// The client is a member already.
    #[error("{0} would be a member twice")]
    DuplicateClient(ClientUri),
    /// A leaf would change to another client.
    #[error("the leaf of {0} would change to another client")]
    IdentityChange(ClientUri),
    /// An added key package did not come through this hub from its client's provider.
    #[error("key package {0} was not fetched through this hub from its client's provider")]
    UnknownKeyPackage(KeyPackageRef),
    /// The Welcome is not for exactly the clients that are added.
    #[error("the Welcome does not name exactly the key packages that the commit adds")]
    Welcome,
    /// The GroupInfo does not fit.
    #[error(transparent)]
    GroupInfo(#[from] GroupInfoError),
    /// The tree is given in a way that this hub does not take.
    #[error("the ratchet tree option is neither full nor distributionService")]
    RatchetTreeOption,
    /// The tree is another one.
    #[error("the ratchet tree given is not that of the new epoch")]
    RatchetTree,
    /// MLS says no.
    #[error(transparent)]
    Mls(#[from] StageError),
}

/// Why the hub does not accept an application message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitRefusal {
    /// The room has no group that takes anything.
    #[error(transparent)]
    NoGroup(#[from] NoGroup),
    /// Not a PrivateMessage with application content.
    #[error("not a PrivateMessage with application content")]
    NotApplication,
    /// Another group's message.
    #[error("the group id is not this room's")]
    WrongGroup,
    /// The sending URI is no user URI, or one of another provider than the one that sent the request.
    #[error("the sending URI is not a user of {0}, which sent the request")]
    ForeignSender(Domain),
    /// The user has no client in the group.
    #[error("{0} has no client in the group")]
    Inactive(UserUri),
    /// The user's removal is accepted already.
    #[error("{0} is leaving the room")]
    Leaving(UserUri),
    /// The policy says no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The group has the component `safe_aad`, and the additional authenticated data are not what it says they are.
    #[error("the additional authenticated data: {0}")]
    AuthenticatedData(DecodeError),
    /// The message is of an epoch that has ended.
    #[error("the group is in epoch {current}")]
    EpochTooOld {
        /// The group's epoch.
        current: Epoch,
    },
    /// The message is of an epoch that has not begun.
    #[error("the message is of an epoch after {current}")]
    EpochAhead {
        /// The group's epoch.
        current: Epoch,
    },
    /// The hub itself failed; the draft has no code for that.
    #[error("the hub failed: {0}")]
    Internal(String),
}

impl SubmitRefusal {
    /// The answer of section 5.4; `None` when the fault is the hub's, which is an HTTP 500. The draft's answer has no room for a
    /// reason.
    // req: MP06-5.4-12
    // req: MP06-5.4-13
    // req: MP06-5.4-15
    pub fn response(&self) -> Option<SubmitMessageResponse> {
        match self {
            Self::EpochTooOld { current } => Some(SubmitMessageResponse::EpochTooOld { current_epoch: *current }),
            Self::Internal(_) => None,
            _ => Some(SubmitMessageResponse::NotAllowed),
        }
    }
}

/// Why a stored room does not come back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// Snapshot or log do not read.
    #[error("snapshot or log entry {sequence} is damaged: {reason}")]
    Damaged {
        /// The log entry; the snapshot's own number for the snapshot.
        sequence: u64,
        /// What is wrong.
        reason: String,
    },
    /// The log does not continue the snapshot.
    #[error("the log goes on with entry {found} after {after}")]
    Gap {
        /// The last good entry.
        after: u64,
        /// The next one there is.
        found: u64,
    },
    /// The group does not come back.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// The policy does not come back.
    #[error("the room's policy: {0}")]
    Policy(#[from] PolicyFault),
}
