//! What a client reports: what happened in its rooms, and how they stand.

use mimi_arch::{ClientUri, RoleIndex, RoomUri, UserUri};
use mimi_content::MessageId;
use mimi_protocol::{AcceptedTimestamp, Epoch, franking::FrankRefusal, room_metadata::RoomMetaData};

/// Something that happened in a room, reported after the state it changed is durable
/// (draft-ietf-mimi-protocol-06 section 5.5).
///
/// `accepted` is the hub's acceptance time, which orders the events of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
// req: MC08-3.4-01
pub enum Event {
    /// This client became a member, by a Welcome or by its own external commit whose answer had been lost.
    Joined {
        /// The room.
        room: RoomUri,
        /// Epoch in which it is a member for the first time.
        epoch: Epoch,
    },
    /// An application message was opened.
    ///
    /// The sender is this client only when the answer to its own submission had been lost: the event then says that
    /// the hub did accept the message.
    Message {
        /// The room.
        room: RoomUri,
        /// The client whose leaf signed the message.
        sender: ClientUri,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
        /// The text, or what there is instead of one in brackets.
        text: String,
        /// The message's name in replies, reactions, edits and deletions (draft-ietf-mimi-content-08 section 3.3). Only MIMI content has
        /// one, and it is not known of an own message whose answer was lost.
        id: Option<MessageId>,
        /// What it is to another message.
        relation: Relation,
        /// In which form the text came.
        form: Form,
        /// What the hub's stamp on it is worth.
        franking: Franking,
    },
    /// A commit was merged.
    Committed {
        /// The room.
        room: RoomUri,
        /// The epoch that the commit began.
        epoch: Epoch,
        /// Users that are in the participant list now and were not before, but for banned ones.
        added: Vec<UserUri>,
        /// Users that were in the participant list before and are not now, but for banned ones.
        removed: Vec<UserUri>,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
    /// A commit gave users other roles (draft-ietf-mimi-room-policy-03 section 8.1.3); its [`Event::Committed`] comes before.
    RolesChanged {
        /// The room.
        room: RoomUri,
        /// The users with the roles that they have now. [`RoleIndex::BANNED`] is a ban.
        roles: Vec<(UserUri, RoleIndex)>,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
    /// A commit changed the metadata of the room (section 7.6); its [`Event::Committed`] comes before.
    MetadataChanged {
        /// The room.
        room: RoomUri,
        /// The metadata as they are now.
        metadata: Box<RoomMetaData>,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
    /// Proposals wait for a commit, see [`crate::Client::commit_pending`].
    ProposalsReceived {
        /// The room.
        room: RoomUri,
        /// How many of this fan-out message were new.
        count: usize,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
    /// A commit removed this client; its keys of the room are deleted.
    Removed {
        /// The room.
        room: RoomUri,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
    /// The room is over: a participant or its provider destroyed it, or every participant left. This client's keys of the room are deleted.
    RoomEnded {
        /// The room.
        room: RoomUri,
        /// Who ended it.
        by: EndedBy,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
    /// The provider dropped application messages, because this client did not fetch them for long or they were too many. What the room
    /// is follows from handshake messages, which are never dropped.
    Dropped {
        /// The room.
        room: RoomUri,
        /// How many they were.
        count: u64,
    },
    /// A message could not be processed. It is not tried again.
    Undecryptable {
        /// The room.
        room: RoomUri,
        /// Which rule it broke, or what is missing.
        reason: String,
        /// The hub's acceptance time.
        accepted: AcceptedTimestamp,
    },
}

impl Event {
    /// The room it happened in.
    pub fn room(&self) -> &RoomUri {
        match self {
            Self::Joined { room, .. }
            | Self::Message { room, .. }
            | Self::Committed { room, .. }
            | Self::RolesChanged { room, .. }
            | Self::MetadataChanged { room, .. }
            | Self::ProposalsReceived { room, .. }
            | Self::Removed { room, .. }
            | Self::RoomEnded { room, .. }
            | Self::Dropped { room, .. }
            | Self::Undecryptable { room, .. } => room,
        }
    }
}

/// Who ended a room, or a room's group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndedBy {
    /// A participant, whose role is allowed to destroy the room.
    Participant(UserUri),
    /// The provider that hosts it.
    Hub,
    /// All who had a client in it: they left. A persistent room stays for those who come back (draft-ietf-mimi-room-policy-03 section 5).
    Everybody,
}

/// What a message is to another one (draft-ietf-mimi-content-08 section 5). Whether the sender may do that to it is for the reader to
/// judge: the hub cannot tell one from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Relation {
    /// It stands for itself.
    None,
    /// It answers another one.
    ReplyTo(MessageId),
    /// It reacts to another one; the text is the reaction.
    ReactionTo(MessageId),
    /// It replaces another one.
    Edits(MessageId),
    /// It deletes another one, or takes a reaction back.
    Deletes(MessageId),
}

/// In which form the text of a message came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Form {
    /// As MIMI content (draft-ietf-mimi-content-08).
    MimiContent,
    /// Bare, without salt, sender and room in it, so that nothing can be proven of it.
    Plain,
}

/// What the hub's stamp on a message is worth (draft-ietf-mimi-protocol-06 section 5.4.1.3).
///
/// A message is shown whatever this says: MLS has authenticated its sender. Only [`Franking::Verified`] ones can be reported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Franking {
    /// It holds: the hub can be shown that this user sent this content to this room at this time.
    Verified,
    /// Nobody claims that the message is franked.
    NotFranked,
    /// It does not hold.
    Refused(FrankRefusal),
    /// The content does not name what it is verified against: salt, sender and room.
    Unverifiable,
    /// A message of this client itself, come back.
    Own,
}

/// How a room stands for this client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// The room.
    pub room: RoomUri,
    /// Current epoch of its group; the last one known when the room is not active.
    pub epoch: Epoch,
    /// Participant list in its order (draft-ietf-mimi-protocol-06 section 7.5).
    pub participants: Vec<(UserUri, RoleIndex)>,
    /// Clients in the MLS group, in leaf order.
    pub members: Vec<ClientUri>,
    /// Proposals that wait for a commit.
    pub pending_proposals: usize,
    /// Whether this client is a member. After [`Event::Removed`] it is not, and the lists are empty.
    pub active: bool,
    /// RFC 9420 section 8.7: equal at two clients exactly when they agree on the group's state. Empty when not active.
    pub epoch_authenticator: Vec<u8>,
}
