//! What a decision asks the store to do.
//!
//! A hub or a follower that accepts an event answers with a list of effects; the runtime hands the whole list to
//! the store as one transaction and only then answers the request (draft-ietf-mimi-protocol-06 sections 5.3 to
//! 5.5: a success is the commitment that the message will be distributed).

use std::sync::Arc;

use mimi_arch::{ClientUri, Domain, RoomUri, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, KeyPackageRef,
    consent::{Keeper, ScopeState},
    enqueue_authorization::FanoutAuthToken,
};

use crate::{
    follower::{FanoutMark, LeavesChange},
    hub::JoinGrant,
    store::{OverfullQueue, ProfileField, StoredKeyPackage, TokensIssued},
};

/// One change of what is stored. All effects of one decision are applied in their order, all or none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// The state of a room from which, with the log after `sequence`, the room can be restored. With `sequence`
    /// 0 the room is new, and a conflict when there is one of that name; otherwise a conflict unless `sequence`
    /// is the last of the room's log. The snapshot before it stays, with the log after that, in case this one is damaged; older
    /// ones go, with the log before them.
    PutRoom {
        /// The room.
        room: RoomUri,
        /// What [`crate::hub::HubRoom::restore`] reads back.
        group_snapshot: Vec<u8>,
        /// Number of the last log entry that the snapshot contains.
        sequence: u64,
        /// When the hub accepted the last event that the snapshot contains.
        accepted: AcceptedTimestamp,
    },
    /// The latest snapshot is damaged and gives way to this one, written from the older snapshot and the log after it. A conflict
    /// unless `sequence` is the last of the room's log.
    ReplaceSnapshot {
        /// The room.
        room: RoomUri,
        /// What [`crate::hub::HubRoom::restore`] reads back.
        group_snapshot: Vec<u8>,
        /// Number of the last log entry that the snapshot contains.
        sequence: u64,
        /// When the hub accepted the last event that the snapshot contains.
        accepted: AcceptedTimestamp,
    },
    /// Latest snapshots whose last event was accepted before this time, and which are sound, take the place of the older ones, too:
    /// a commit that adds members can be replayed only until their key packages expire. A few rooms at a time.
    MirrorSnapshots {
        /// The time.
        before: AcceptedTimestamp,
    },
    /// The next entry of a room's log; a conflict unless `sequence` is one more than the last.
    AppendLog {
        /// The room.
        room: RoomUri,
        /// Number of the entry; the first one of a room is 1.
        sequence: u64,
        /// What was accepted.
        entry: LogEntry,
        /// When the hub accepted it.
        accepted: AcceptedTimestamp,
    },
    /// A message for another provider, to be posted to its notify endpoint after all earlier ones of the room.
    Enqueue {
        /// The provider.
        to: Domain,
        /// The room.
        room: RoomUri,
        /// One encoded `FanoutMessage`.
        message: Arc<[u8]>,
    },
    /// The other provider has answered the outbox rows of a room with 201, after the one and up to and including the other.
    Sent {
        /// The provider.
        to: Domain,
        /// The room.
        room: RoomUri,
        /// Up to this row nothing waited for it any more; 0 where that is not known.
        after: u64,
        /// The last row it has.
        up_to: u64,
    },
    /// As a hub: the token that has to be shown when something of the room is sent for a client of another provider. An older one is
    /// shown beside it as long as something waits for that provider.
    PutToken {
        /// The room.
        room: RoomUri,
        /// The client.
        client: ClientUri,
        /// Its token.
        token: FanoutAuthToken,
    },
    /// As a hub: a client is not in the room any more; its token is shown as long as something waits for its provider.
    RetireToken {
        /// The room.
        room: RoomUri,
        /// The client.
        client: ClientUri,
    },
    /// As a follower: the token that the hub has to show for a local client from now on, or none.
    ExpectToken {
        /// The room.
        room: RoomUri,
        /// The client.
        client: ClientUri,
        /// Its token.
        token: Option<FanoutAuthToken>,
    },
    /// A message for the queues of local clients.
    Deliver {
        /// The clients.
        to: Arc<[ClientUri]>,
        /// The room.
        room: RoomUri,
        /// One encoded `FanoutMessage`.
        message: Arc<[u8]>,
    },
    /// A local client has its queue up to and including this row.
    Acknowledge {
        /// The client.
        client: ClientUri,
        /// The last row it has.
        up_to: u64,
    },
    /// Application messages of one room in a client's queue go: the first ones, and old ones. The last of them leaves its place to a row
    /// that says how many they were. Handshake messages stay.
    DropApplications {
        /// The client, the room, and up to which row.
        queue: OverfullQueue,
        /// Those accepted before this go wherever they are.
        oldest: AcceptedTimestamp,
    },
    /// Where a key package came from, so that the Welcome finds the way (section 5.2).
    PutRoute {
        /// The key package.
        reference: KeyPackageRef,
        /// The provider that gave it out.
        provider: Domain,
        /// End of its life time, seconds since the Unix epoch.
        not_after: u64,
    },
    /// A client has shown a joining code of a room (section 5.6), in place of what it has shown before. What was remembered for
    /// earlier epochs of the room goes.
    PutJoinGrant {
        /// The room.
        room: RoomUri,
        /// What it may do by it.
        grant: JoinGrant,
    },
    /// A new room whose participants are fixed; a conflict when there is one of the same participants.
    PutFixedRoom {
        /// The room.
        room: RoomUri,
        /// A digest of the participants, and of the room on which it depends.
        participants: [u8; 32],
    },
    /// A room whose participants are fixed is over: there may be another one of the same participants.
    DropFixedRoom {
        /// The room.
        room: RoomUri,
    },
    /// A new room that depends on another one.
    PutChildRoom {
        /// The room.
        room: RoomUri,
        /// The one on which it depends.
        parent: RoomUri,
    },
    /// The Welcome for this key package has been forwarded: its route is no longer needed (section 5.2).
    DropRoute {
        /// The key package.
        reference: KeyPackageRef,
    },
    /// A fan-out message that was processed; a conflict when it was remembered already.
    RememberFanout {
        /// The hub it came from.
        hub: Domain,
        /// The room.
        room: RoomUri,
        /// SHA-256 of the encoded `FanoutMessage`.
        digest: [u8; 32],
    },
    /// How far a room of another hub was followed; a conflict when it was followed elsewhere than `before` meanwhile.
    MarkFanout {
        /// The hub.
        hub: Domain,
        /// The room.
        room: RoomUri,
        /// What the decision was made on.
        before: Option<FanoutMark>,
        /// After the last message.
        now: FanoutMark,
    },
    /// What a follower knows of the leaves of a room of another hub has changed. It stands beside a [`Effect::MarkFanout`], which
    /// conflicts when the decision was made on an older state.
    FollowLeaves {
        /// The room.
        room: RoomUri,
        /// What has changed.
        change: LeavesChange,
    },
    /// A local client has become a member of a room that another provider hosts.
    JoinLocal {
        /// The room.
        room: RoomUri,
        /// The client.
        client: ClientUri,
    },
    /// What an [`Effect::JoinLocal`] did, once: the client stays if it has come in another way meanwhile, or was in before.
    TakeBackJoin {
        /// The room.
        room: RoomUri,
        /// The client.
        client: ClientUri,
    },
    /// A local client is no longer a member.
    LeaveLocal {
        /// The room.
        room: RoomUri,
        /// The client.
        client: ClientUri,
    },
    /// A key package of a local client, to be claimed by others.
    PutKeyPackage {
        /// Whose it is.
        client: ClientUri,
        /// That client's user.
        user: UserUri,
        /// Its reference.
        reference: KeyPackageRef,
        /// The encoded key package.
        bytes: Vec<u8>,
        /// End of its life time, seconds since the Unix epoch.
        not_after: u64,
        /// Whether it may be handed out again when nothing else is left.
        last_resort: bool,
    },
    /// A key package has been given out; a conflict when it was given out before or is not there.
    ClaimKeyPackage {
        /// The key package.
        reference: KeyPackageRef,
    },
    /// A key package is no longer needed.
    DropKeyPackage {
        /// The key package.
        reference: KeyPackageRef,
    },
    /// Routes and key packages whose life time ended before this go.
    DropExpired {
        /// Seconds since the Unix epoch.
        now: u64,
    },
    /// A new account; a conflict when there is one.
    PutAccount {
        /// The user.
        user: UserUri,
        /// SHA-256 of the account's secret.
        secret_digest: [u8; 32],
    },
    /// A new client of an account; a conflict when there is one, or when the account is missing.
    PutClient {
        /// The client.
        client: ClientUri,
        /// Its user.
        user: UserUri,
        /// SHA-256 of the client's access token.
        token_digest: [u8; 32],
    },
    /// A new secret that the hub franks with from now on (section 5.4.1.2). The older ones stay, for reports.
    PutFrankingKey {
        /// 32 random octets.
        key: [u8; 32],
        /// When it was made.
        since: AcceptedTimestamp,
    },
    /// A report of abuse that the hub has verified (section 5.9). The same report of the same provider is kept once.
    PutAbuseReport {
        /// The provider that sent it.
        source: Domain,
        /// The room.
        room: RoomUri,
        /// The encoded `AbuseReport`.
        report: Vec<u8>,
        /// SHA-256 of `report`.
        digest: [u8; 32],
        /// When it came.
        received: AcceptedTimestamp,
    },
    /// A person has dealt with a report, which is kept.
    HandleAbuseReport {
        /// Its number.
        id: u64,
        /// When.
        at: AcceptedTimestamp,
    },
    /// A report has been dealt with and is no longer kept.
    DropAbuseReport {
        /// Its number.
        id: u64,
    },
    /// A client of an account ends, with its access, its queue and its key packages. The other clients and the rooms stay as they are.
    DropClient {
        /// The client.
        client: ClientUri,
    },
    /// Where consent stands between a local user and another one, in place of what was kept of the two; a conflict unless
    /// `version` is that of the local user's consents (section 5.7).
    PutConsent {
        /// Which of the two is the local user.
        keeper: Keeper,
        /// The local user.
        own: UserUri,
        /// The other user.
        other: UserUri,
        /// What was read with the consents that the decision was made on.
        version: u64,
        /// The scopes that are kept; no room is any room.
        scopes: Vec<(Option<RoomUri>, ScopeState)>,
    },
    /// A key package that came with a grant of consent to a local user (section 5.7).
    PutGrantedKeyPackage {
        /// The local user.
        requester: UserUri,
        /// Who granted consent, and whose client the key package is of.
        target: UserUri,
        /// The room of the grant, or any.
        room: Option<RoomUri>,
        /// The key package.
        key_package: StoredKeyPackage,
    },
    /// A key package that came with a grant is used; a conflict when it was used before or is not there.
    TakeGrantedKeyPackage {
        /// The key package.
        reference: KeyPackageRef,
    },
    /// Key packages that came with a grant are no longer of use: those of one room, or all of the two users.
    DropGrantedKeyPackages {
        /// The local user.
        requester: UserUri,
        /// Who granted consent.
        target: UserUri,
        /// The room; without one, of all rooms and any.
        room: Option<RoomUri>,
    },
    /// How many tokens for discovery an account has had, in place of what it had before (discovery profile 0 section 13); a conflict when
    /// that is not what is stored, or there is no such account.
    CountTokens {
        /// The user.
        user: UserUri,
        /// What the decision was made on; none when nothing was stored.
        before: Option<TokensIssued>,
        /// What the account has had then.
        now: TokensIssued,
    },
    /// Whether an account's user has to consent before others get key packages; a conflict when there is no such account.
    SetRequiresConsent {
        /// The user.
        user: UserUri,
        /// Whether.
        requires: bool,
    },
    /// An account ends: its clients, key packages, queues, consents and profile go, its name stays taken. A conflict when
    /// there is no such account.
    DeleteAccount {
        /// The user.
        user: UserUri,
    },
    /// A user's profile, in place of the one before (section 5.8); a conflict when another user has one of the handles.
    PutProfile {
        /// The user.
        user: UserUri,
        /// Its fields, in their order.
        fields: Vec<ProfileField>,
    },
    /// An operator wants the room destroyed; the provider does it when it sees this ([`crate::Store::rooms_to_destroy`]).
    OrderDestruction {
        /// The room.
        room: RoomUri,
    },
    /// The room is destroyed, or was over before.
    DropOrder {
        /// The room.
        room: RoomUri,
    },
    /// The provider's signing key; a conflict when there is another one.
    PutProviderKey {
        /// Ed25519 seed.
        seed: [u8; 32],
    },
}

/// An entry of a room's log: what has to be replayed on a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogEntry {
    /// An accepted bundle of section 5.3, as [`crate::hub::HubRoom`] encodes it.
    Handshake(Vec<u8>),
    /// An application message. It changes nothing but the sequence and the last accepted timestamp, so only those are kept.
    Application,
}
