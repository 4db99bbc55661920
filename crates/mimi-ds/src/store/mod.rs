//! What must survive a crash, behind one trait.
//!
//! A decision of the hub or the follower is a list of [`Effect`]s; the store applies each list as a whole or not at
//! all, in the order the lists were submitted, and says when it is durable. [`SqliteStore`] is the embedded
//! implementation; another one (for example over a shared database) fills the same trait.

mod people;
#[cfg(feature = "sqlite")]
mod sqlite;
mod ticket;
mod upkeep;

use std::collections::BTreeMap;

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{AcceptedTimestamp, KeyPackageRef, consent::Keeper, enqueue_authorization::FanoutAuthToken};

use crate::{
    effect::Effect,
    follower::{FanoutMark, StoredLeaves},
    hub::JoinGrant,
};

pub use people::{
    FieldVocabulary, GrantedKeyPackage, ProfileField, StoredAccount, StoredConsents, StoredProfile, TokensIssued,
};
#[cfg(feature = "sqlite")]
pub use sqlite::{CommitSample, OutboxSummary, QueueSummary, RoomSummary, SqliteStore, UserSummary};
pub use ticket::{Outcome, Ticket};
pub use upkeep::{KeyPackageStock, OverfullQueue, QueueBounds};

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
    /// The store cannot be read. [`StoreError::Damaged`]: the snapshot or a handshake is not what was written.
    fn load_room(&self, room: &RoomUri) -> Result<Option<StoredRoom>, StoreError>;

    /// The snapshot before the latest one, with all handshakes accepted after it: what there is when the latest one is damaged.
    ///
    /// # Errors
    /// As for [`Store::load_room`].
    fn load_older_room(&self, room: &RoomUri) -> Result<Option<StoredRoom>, StoreError>;

    /// Every room of which this provider is the hub.
    ///
    /// # Errors
    /// The store cannot be read.
    fn rooms(&self) -> Result<Vec<RoomUri>, StoreError>;

    /// Rooms whose destruction an operator has ordered.
    ///
    /// # Errors
    /// The store cannot be read.
    fn rooms_to_destroy(&self) -> Result<Vec<RoomUri>, StoreError>;

    /// The provider that gave out a key package.
    ///
    /// # Errors
    /// The store cannot be read.
    fn route(&self, reference: &KeyPackageRef) -> Result<Option<Domain>, StoreError>;

    /// What a client may do in a room by a joining code that it has shown, in whichever epoch.
    ///
    /// # Errors
    /// The store cannot be read.
    fn join_grant(&self, room: &RoomUri, client: &ClientUri) -> Result<Option<JoinGrant>, StoreError>;

    /// The rooms that depend on this one.
    ///
    /// # Errors
    /// The store cannot be read.
    fn children(&self, parent: &RoomUri) -> Result<Vec<RoomUri>, StoreError>;

    /// The rooms on which others depend.
    ///
    /// # Errors
    /// The store cannot be read.
    fn parents(&self) -> Result<Vec<RoomUri>, StoreError>;

    /// Pairs of provider and room for which something waits in the outbox.
    ///
    /// # Errors
    /// The store cannot be read.
    fn outbox_lanes(&self) -> Result<Vec<(Domain, RoomUri)>, StoreError>;

    /// The oldest rows of one lane after a row (0: from the first on) in order: at most `max_messages`, and so many that their octets stay
    /// within `max_octets`, but at least one when there is one. What waits for others in the room is passed over, so that it pays to say
    /// from where on.
    ///
    /// # Errors
    /// The store cannot be read.
    fn outbox(
        &self,
        to: &Domain,
        room: &RoomUri,
        after: u64,
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

    /// How far a room of another hub was followed.
    ///
    /// # Errors
    /// The store cannot be read.
    fn fanout_mark(&self, hub: &Domain, room: &RoomUri) -> Result<Option<FanoutMark>, StoreError>;

    /// What is known of the leaves of a room of another hub; of the leaves themselves only those of clients of `provider`, if it is
    /// given.
    ///
    /// # Errors
    /// The store cannot be read.
    fn followed_leaves(&self, room: &RoomUri, provider: Option<&Domain>) -> Result<StoredLeaves, StoreError>;

    /// As a hub: the tokens to be shown to a provider with what is sent of a room.
    ///
    /// # Errors
    /// The store cannot be read.
    fn tokens_to_show(&self, to: &Domain, room: &RoomUri) -> Result<Vec<FanoutAuthToken>, StoreError>;

    /// As a follower: the tokens that a hub has to show for local clients in a room.
    ///
    /// # Errors
    /// The store cannot be read.
    fn expected_tokens(&self, room: &RoomUri) -> Result<BTreeMap<ClientUri, FanoutAuthToken>, StoreError>;

    /// A key package of a local client, claimed or not.
    ///
    /// # Errors
    /// The store cannot be read.
    fn key_package(&self, reference: &KeyPackageRef) -> Result<Option<Vec<u8>>, StoreError>;

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

    /// How many key packages of a client can still be claimed at `now`, seconds since the Unix epoch.
    ///
    /// # Errors
    /// The store cannot be read.
    fn key_package_stock(&self, client: &ClientUri, now: u64) -> Result<KeyPackageStock, StoreError>;

    /// What waits for local clients that is more or older than may wait.
    ///
    /// # Errors
    /// The store cannot be read.
    fn overfull_queues(&self, bounds: QueueBounds) -> Result<Vec<OverfullQueue>, StoreError>;

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

    /// All secrets that the hub franks or franked with, the newest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn franking_keys(&self) -> Result<Vec<StoredFrankingKey>, StoreError>;

    /// Reports of abuse with a number above `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// The store cannot be read.
    fn abuse_reports(&self, after: u64, limit: usize) -> Result<Vec<StoredAbuseReport>, StoreError>;

    /// How many reports of a provider wait for a person, and whether one with this digest is kept, handled or not.
    ///
    /// # Errors
    /// The store cannot be read.
    fn abuse_reports_of(&self, source: &Domain, digest: &[u8; 32]) -> Result<(u64, bool), StoreError>;

    /// What an account's user has chosen; `None` when there never was such an account.
    ///
    /// # Errors
    /// The store cannot be read.
    fn account(&self, user: &UserUri) -> Result<Option<StoredAccount>, StoreError>;

    /// Where consent stands between a local user and all others (section 5.7).
    ///
    /// # Errors
    /// The store cannot be read.
    fn consents(&self, keeper: Keeper, own: &UserUri) -> Result<StoredConsents, StoreError>;

    /// The key packages that came with grants of `target` to the local user `requester`, oldest first.
    ///
    /// # Errors
    /// The store cannot be read.
    fn granted_key_packages(&self, requester: &UserUri, target: &UserUri)
    -> Result<Vec<GrantedKeyPackage>, StoreError>;

    /// The profile of a local user; without fields when there is none (section 5.8).
    ///
    /// # Errors
    /// The store cannot be read.
    fn profile(&self, user: &UserUri) -> Result<StoredProfile, StoreError>;

    /// The profiles that have a field which queries may find, by user.
    ///
    /// # Errors
    /// The store cannot be read.
    fn searchable_profiles(&self) -> Result<Vec<StoredProfile>, StoreError>;

    /// How many tokens for discovery a local user has had on the last day on which there were any; `None` when there were none.
    ///
    /// # Errors
    /// The store cannot be read.
    fn tokens_issued(&self, user: &UserUri) -> Result<Option<TokensIssued>, StoreError>;

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
    /// One encoded `FanoutMessage`; empty when the row stands for application messages that were dropped.
    pub message: Vec<u8>,
    /// How many application messages of the room were dropped up to here, since the last row that said so.
    pub dropped: u64,
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

/// A secret that the hub franks or franked with (section 5.4.1.2).
#[derive(Clone, PartialEq, Eq)]
pub struct StoredFrankingKey {
    /// The secret.
    pub key: [u8; 32],
    /// When it was made.
    pub since: AcceptedTimestamp,
}

impl std::fmt::Debug for StoredFrankingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredFrankingKey").field("since", &self.since).finish_non_exhaustive()
    }
}

/// A report of abuse, for a person (section 5.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAbuseReport {
    /// Grows with the order in which reports came.
    pub id: u64,
    /// The provider that sent it.
    pub source: Domain,
    /// The room.
    pub room: RoomUri,
    /// The encoded `AbuseReport`; its messages were verified.
    pub report: Vec<u8>,
    /// When it came.
    pub received: AcceptedTimestamp,
    /// When a person dealt with it.
    pub handled: Option<AcceptedTimestamp>,
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
    /// The room of another hub was followed further, or not as far.
    #[error("the room was followed elsewhere")]
    FanoutMark,
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
    /// There is a room with these fixed participants.
    #[error("there is a room with exactly these participants")]
    FixedRoomExists,
    /// There is no such account, or it was deleted.
    #[error("the account is not there")]
    AccountMissing,
    /// Another decision on the user's consents was faster.
    #[error("the user's consents have changed")]
    ConsentChanged,
    /// Tokens were issued to the user meanwhile, or the account is not there.
    #[error("the user's tokens were counted elsewhere")]
    TokensCounted,
    /// Another user has the handle.
    #[error("another user has that handle")]
    HandleTaken,
    /// There is another provider key.
    #[error("the provider has a key")]
    ProviderKeyExists,
}
