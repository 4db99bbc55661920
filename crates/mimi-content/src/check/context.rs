//! What a receiver knows besides the message itself, as plain values.

use alloc::collections::BTreeSet;
use core::fmt;

use super::FIRST_CONCRETE_SYNTAX;
use crate::{
    MAX_PART_DEPTH, MAX_PARTS, MAX_TOPIC, MessageId,
    timeline::{Timeline, Timestamp},
};

/// The message IDs a receiver has encountered. The seam to its storage; sets and timelines are some.
pub trait KnownMessageIds {
    /// Whether a message with this ID was received before.
    fn contains(&self, id: &MessageId) -> bool;
}

/// For who looks for duplicates elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingKnown;

impl KnownMessageIds for NothingKnown {
    fn contains(&self, _: &MessageId) -> bool {
        false
    }
}

impl KnownMessageIds for BTreeSet<MessageId> {
    fn contains(&self, id: &MessageId) -> bool {
        self.contains(id)
    }
}

impl<A> KnownMessageIds for Timeline<A> {
    fn contains(&self, id: &MessageId) -> bool {
        self.contains(id)
    }
}

/// What a message is checked against.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct CheckContext<'a> {
    /// The ID the receiver computed for the message.
    pub message_id: MessageId,
    /// The user URI of the sender as the MLS group vouches for it.
    pub sender: &'a str,
    /// The room the message came in.
    pub room: &'a str,
    /// When the hub says it accepted the message.
    pub accepted: Timestamp,
    /// The receiver's clock.
    pub now: Timestamp,
    /// Whether the sender is a member of the MLS group. MLS itself refuses application messages of others; a receiver that gets
    /// messages on another way, for example out of an archive, has to look.
    pub sender_is_member: bool,
    /// When the room was created, by the same hub's clock, if known.
    pub room_created: Option<Timestamp>,
    /// The octets of the encoded message; computed if not given and needed.
    pub octets: Option<usize>,
    /// The IDs encountered before.
    pub known: &'a dyn KnownMessageIds,
    /// What is too much.
    pub limits: Limits<'a>,
}

impl<'a> CheckContext<'a> {
    /// A context with the draft's limits, a sender who is a member, a room of unknown age and no messages known.
    #[must_use]
    pub fn new(message_id: MessageId, sender: &'a str, room: &'a str, accepted: Timestamp, now: Timestamp) -> Self {
        Self {
            message_id,
            sender,
            room,
            accepted,
            now,
            sender_is_member: true,
            room_created: None,
            octets: None,
            known: &NothingKnown,
            limits: Limits::default(),
        }
    }

    /// Says whether the sender is a member of the MLS group.
    #[must_use]
    pub fn sender_is_member(self, sender_is_member: bool) -> Self {
        Self { sender_is_member, ..self }
    }

    /// Says when the room was created.
    #[must_use]
    pub fn room_created(self, at: Timestamp) -> Self {
        Self { room_created: Some(at), ..self }
    }

    /// Says which messages were encountered before.
    #[must_use]
    pub fn known(self, known: &'a dyn KnownMessageIds) -> Self {
        Self { known, ..self }
    }

    /// Sets other limits.
    #[must_use]
    pub fn limits(self, limits: Limits<'a>) -> Self {
        Self { limits, ..self }
    }
}

impl fmt::Debug for CheckContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckContext")
            .field("message_id", &self.message_id)
            .field("sender", &self.sender)
            .field("room", &self.room)
            .field("accepted", &self.accepted)
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}

/// What is too much. The default is what the draft says, and where it leaves a choice, the choice named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits<'a> {
    /// Hash algorithms a message ID may name, by number in IANA's named information registry. SHA-256 alone.
    pub hash_algorithms: &'a [u8],
    /// How far the hub's clock may be ahead of ours, in milliseconds: five minutes, for the draft's "a few".
    pub clock_tolerance_ms: u64,
    /// The earliest credible moment: [`FIRST_CONCRETE_SYNTAX`]. The draft's own examples are of 2022 and need an earlier one.
    pub earliest: Timestamp,
    /// The draft's year, in seconds, between acceptance and expiry: 366 days, so that no year is longer.
    pub expiration_span_s: u32,
    /// Octets of a topic: 4096. Reading a message enforces as much; a smaller value is a stricter policy, as for the next two.
    pub topic_octets: usize,
    /// Parts of a message, containers counted: 1024.
    pub parts: usize,
    /// Levels of parts, the body being level 1: 4.
    pub part_depth: usize,
    /// Octets of a whole message. The draft leaves this to local policy; none.
    pub octets: Option<usize>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Self {
            hash_algorithms: &[MessageId::SHA_256],
            clock_tolerance_ms: 5 * 60 * 1000,
            earliest: FIRST_CONCRETE_SYNTAX,
            expiration_span_s: 366 * 24 * 60 * 60,
            topic_octets: MAX_TOPIC,
            parts: MAX_PARTS,
            part_depth: MAX_PART_DEPTH,
            octets: None,
        }
    }
}
