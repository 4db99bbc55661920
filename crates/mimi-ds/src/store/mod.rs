//! What must survive a crash, behind one trait.
//!
//! A decision of the hub or the follower is a list of [`Effect`]s; the store applies each list as a whole or not at
//! all, in the order the lists were submitted, and says when it is durable. [`SqliteStore`] is the embedded
//! implementation; another one (for example over a shared database) fills the same trait.

#[cfg(feature = "sqlite")]
mod sqlite;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{AcceptedTimestamp, KeyPackageRef};

use crate::effect::Effect;

#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

/// How many fan-out digests are remembered per hub and room: enough to cover every retry of a full outbox lane, small
/// enough (32 octets each) not to matter.
pub const REMEMBERED_FANOUTS: usize = 4096;

/// Everything a provider keeps. Methods block; submitting does not wait.
pub trait Store: Send + Sync {
    /// Hands over the effects of one decision. Lists are applied in the order of the calls.
    fn submit(&self, effects: Vec<Effect>) -> Ticket;

    /// Submits and waits until the effects are durable.
    ///
    /// # Errors
    /// A conflict, or that the store cannot write; then none of the effects has happened.
    fn commit(&self, effects: Vec<Effect>) -> Result<(), StoreError> {
        self.submit(effects).wait()
    }

    /// The latest snapshot of a room with the handshakes accepted after it.
    ///
    /// # Errors
    /// The store cannot be read.
    fn load_room(&self, room: &RoomUri) -> Result<Option<StoredRoom>, StoreError>;

    /// Every room of which this provider is the hub.
    ///
    /// # Errors
    /// The store cannot be read.
    fn rooms(&self) -> Result<Vec<RoomUri>, StoreError>;

    /// The provider that gave out a key package.
    ///
    /// # Errors
    /// The store cannot be read.
    fn route(&self, reference: &KeyPackageRef) -> Result<Option<Domain>, StoreError>;

    /// Pairs of provider and room for which something waits in the outbox.
    ///
    /// # Errors
    /// The store cannot be read.
    fn outbox_lanes(&self) -> Result<Vec<(Domain, RoomUri)>, StoreError>;

    /// The oldest rows of one lane in order: at most `max_messages`, and so many that their octets stay within
    /// `max_octets`, but at least one when there is one.
    ///
    /// # Errors
    /// The store cannot be read.
    fn outbox(
        &self,
        to: &Domain,
        room: &RoomUri,
        max_messages: usize,
        max_octets: usize,
    ) -> Result<Vec<OutboxRow>, StoreError>;

    /// Whether a fan-out message was processed before.
    ///
    /// # Errors
    /// The store cannot be read.
    fn seen_fanout(&self, hub: &Domain, room: &RoomUri, digest: &[u8; 32]) -> Result<bool, StoreError>;

    /// Whether the hub has ever sent something of the room that was accepted, as far back as fan-outs are remembered.
    ///
    /// # Errors
    /// The store cannot be read.
    fn knows_room(&self, hub: &Domain, room: &RoomUri) -> Result<bool, StoreError>;

    /// Local clients that are members of a room which another provider hosts.
    ///
    /// # Errors
    /// The store cannot be read.
    fn local_members(&self, room: &RoomUri) -> Result<Vec<ClientUri>, StoreError>;

    /// The local client whose key package this is, claimed or not.
    ///
    /// # Errors
    /// The store cannot be read.
    fn key_package_owner(&self, reference: &KeyPackageRef) -> Result<Option<ClientUri>, StoreError>;

    /// The key packages of a user's clients that nobody has claimed, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn key_packages(&self, user: &UserUri) -> Result<Vec<StoredKeyPackage>, StoreError>;

    /// The clients of a local user.
    ///
    /// # Errors
    /// The store cannot be read.
    fn clients(&self, user: &UserUri) -> Result<Vec<ClientUri>, StoreError>;

    /// Rows of a client's queue after the given one, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    fn queue(&self, client: &ClientUri, after: u64, limit: usize) -> Result<Vec<QueueRow>, StoreError>;

    /// The digest of an account's secret; `None` when there is no such account.
    ///
    /// # Errors
    /// The store cannot be read.
    fn account_secret(&self, user: &UserUri) -> Result<Option<[u8; 32]>, StoreError>;

    /// The client to which an access token belongs.
    ///
    /// # Errors
    /// The store cannot be read.
    fn client_by_token(&self, digest: &[u8; 32]) -> Result<Option<ClientUri>, StoreError>;

    /// The seed of the provider's signing key.
    ///
    /// # Errors
    /// The store cannot be read.
    fn provider_key(&self) -> Result<Option<[u8; 32]>, StoreError>;
}

/// A room as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRoom {
    /// The room.
    pub room: RoomUri,
    /// The latest snapshot.
    pub snapshot: Vec<u8>,
    /// Number of the last log entry that the snapshot contains.
    pub snapshot_sequence: u64,
    /// The handshakes after it, in order.
    pub log: Vec<StoredHandshake>,
    /// Number of the last log entry, application messages counted.
    pub last_sequence: u64,
    /// Timestamp of the last log entry.
    pub last_accepted: AcceptedTimestamp,
}

/// A handshake of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHandshake {
    /// Its number.
    pub sequence: u64,
    /// The bytes of [`crate::effect::LogEntry::Handshake`].
    pub bytes: Vec<u8>,
    /// When the hub accepted it.
    pub accepted: AcceptedTimestamp,
}

/// A message that waits for another provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Grows with the order of acceptance.
    pub id: u64,
    /// One encoded `FanoutMessage`.
    pub message: Vec<u8>,
}

/// A message that waits for a local client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// Grows within the queue of one client.
    pub id: u64,
    /// The room.
    pub room: RoomUri,
    /// One encoded `FanoutMessage`.
    pub message: Vec<u8>,
}

/// A key package nobody has claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredKeyPackage {
    /// Whose it is.
    pub client: ClientUri,
    /// Its reference.
    pub reference: KeyPackageRef,
    /// The encoded key package.
    pub bytes: Vec<u8>,
    /// End of its life time, seconds since the Unix epoch.
    pub not_after: u64,
    /// Whether it may be handed out again when nothing else is left.
    pub last_resort: bool,
}

/// Why the store did not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The decision was made on a state that is no longer so; nothing of it has happened.
    #[error("conflict with what is stored: {0}")]
    Conflict(Conflict),
    /// The database reported an error; nothing of the decision has happened.
    #[error("database: {0}")]
    Database(String),
    /// Something stored does not read back.
    #[error("stored {what} is damaged: {reason}")]
    Damaged {
        /// The kind of thing.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file was written by another version of this crate.
    #[error("the database has schema version {found}, this program knows {known}")]
    SchemaVersion {
        /// The version in the file.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The writer is gone, so that nothing is written any more; whether the effects happened is unknown.
    #[error("the store is closed")]
    Closed,
}

/// What a decision collided with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// There is a room of that name.
    #[error("the room exists")]
    RoomExists,
    /// The log does not end where the decision thought.
    #[error("the room's log ends elsewhere")]
    LogSequence,
    /// The fan-out message was processed before.
    #[error("the fan-out message was processed before")]
    FanoutSeen,
    /// The key package is claimed or not there.
    #[error("the key package is claimed or not there")]
    KeyPackageClaimed,
    /// A key package of that reference is there, or was.
    #[error("the key package exists")]
    KeyPackageExists,
    /// There is an account of that name.
    #[error("the account exists")]
    AccountExists,
    /// There is a client of that name or token, or its account is missing.
    #[error("the client exists or its account does not")]
    ClientExists,
    /// There is another provider key.
    #[error("the provider has a key")]
    ProviderKeyExists,
}

/// The receipt for submitted effects.
#[derive(Debug)]
#[must_use = "the effects are durable only once the ticket says so"]
pub struct Ticket(Receiver<Result<(), StoreError>>);

impl Ticket {
    /// A ticket and the end on which its result is given; for implementations of [`Store`].
    pub fn pair() -> (SyncSender<Result<(), StoreError>>, Self) {
        let (sender, receiver) = sync_channel(1);
        (sender, Self(receiver))
    }

    /// Waits until the effects are durable.
    ///
    /// # Errors
    /// A conflict or a failure of the store: none of the effects has happened. [`StoreError::Closed`]: the writer is
    /// gone without an answer, so that this is unknown.
    pub fn wait(self) -> Result<(), StoreError> {
        self.0.recv().unwrap_or(Err(StoreError::Closed))
    }
}
