//! What keeps a follower's store from growing without end: bounds on queues, and how many key packages are left.

use mimi_arch::{ClientUri, RoomUri};
use mimi_protocol::AcceptedTimestamp;

/// How many key packages of a client can still be claimed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyPackageStock {
    /// Those that are given out once.
    pub ordinary: u64,
    /// Those that are given out again when nothing else is left.
    pub last_resort: u64,
}

/// Which application messages may wait for a client. Handshake messages are not bounded: a client that misses one is lost to its room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueBounds {
    /// The most of one room. Each room has its own bound, so that none drives out the messages of another.
    pub messages: u64,
    /// Older ones go. By the hub's time of acceptance, which is all that a message says of its age.
    pub oldest: AcceptedTimestamp,
}

/// What waits for a client of a room, when it is more than may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverfullQueue {
    /// Whose it is.
    pub client: ClientUri,
    /// The room.
    pub room: RoomUri,
    /// The last row that has to go, if it is of an application message, however young it is; 0 when only the old ones are too many.
    pub up_to: u64,
}
