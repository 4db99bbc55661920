//! What can go wrong, told apart by who has to do something about it.

use mimi_arch::{ClientUri, RoleIndex, RoomUri, UriError, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, Epoch,
    codec::{DecodeError, EncodeError},
    component::ResolveError,
    group_info::GroupInfoCode,
    key_material::KeyMaterialUserCode,
    submit_message::SubmitMessageResponse,
    update::UpdateRoomResponse,
};

/// Failure of an operation of a [`crate::Client`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The state file.
    #[error(transparent)]
    State(#[from] StateError),
    /// The provider could not be asked, or refused the call as such.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// An MLS object breaks a rule, or the group cannot do what is asked.
    #[error(transparent)]
    Mls(#[from] MlsFailure),
    /// The key material that came back cannot be used (section 5.2).
    #[error(transparent)]
    KeyMaterial(#[from] KeyMaterialFailure),
    /// The group information that came back cannot be used (section 5.6).
    #[error(transparent)]
    GroupInfo(#[from] GroupInfoFailure),
    /// A URI breaks the identity draft's forms.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// An object of the protocol draft does not decode.
    #[error("an answer of the provider does not decode: {0}")]
    Decode(#[from] DecodeError),
    /// An object of the protocol draft is too large to encode.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The hub refused the update; the pending commit is gone (section 5.3).
    #[error("the hub refused the update: {}", describe_update(.0))]
    UpdateRefused(UpdateRoomResponse),
    /// The hub refused the message (section 5.4).
    #[error("the hub refused the message: {}", describe_submit(.0))]
    MessageRefused(SubmitMessageResponse),
    /// This client has no such room, or is no longer a member.
    #[error("not a member of {room}")]
    NotAMember {
        /// The room asked for.
        room: RoomUri,
    },
    /// This client is a member and up to date already.
    #[error("already a member of {room}")]
    AlreadyAMember {
        /// The room asked for.
        room: RoomUri,
    },
    /// An update was sent and its answer lost: whether the hub took it shows in the queue, or by
    /// [`crate::Client::resume`].
    #[error("an earlier update of {room} is not resolved yet: sync, or resume it")]
    UpdateUnresolved {
        /// The room.
        room: RoomUri,
    },
    /// RFC 9420 section 12.4: who has seen valid proposals commits before sending application data.
    #[error("{count} proposals of {room} have to be committed first")]
    ProposalsPending {
        /// The room.
        room: RoomUri,
        /// How many wait.
        count: usize,
    },
    /// There are no proposals to commit.
    #[error("no proposals of {room} wait for a commit")]
    NothingPending {
        /// The room.
        room: RoomUri,
    },
    /// This client has proposed its own leaving: it can only wait for another one's commit.
    #[error("this client is leaving {room}")]
    Leaving {
        /// The room.
        room: RoomUri,
    },
    /// Every client of the user is in the group already.
    #[error("every client of {user} is in {room} already")]
    NobodyToAdd {
        /// The room.
        room: RoomUri,
        /// The user.
        user: UserUri,
    },
    /// The message is not one whose frank held, or is no longer kept (section 5.9).
    #[error("no message of {room} accepted at {} can be proven to be of that user", accepted.0)]
    NotReportable {
        /// The room.
        room: RoomUri,
        /// When the hub is said to have accepted it.
        accepted: AcceptedTimestamp,
    },
    /// What a member wants does not fit the room as it stands.
    #[error("{room}: {fault}")]
    Intent {
        /// The room.
        room: RoomUri,
        /// What does not fit.
        fault: IntentFault,
    },
    /// A task that worked on the state was cancelled by the shutdown of the runtime.
    #[error("the runtime is shutting down")]
    ShuttingDown,
}

impl ClientError {
    /// The section of draft-ietf-mimi-protocol-06 whose rule is concerned, where there is one.
    pub fn section(&self) -> Option<&'static str> {
        match self {
            Self::KeyMaterial(_) | Self::NobodyToAdd { .. } => Some("5.2"),
            Self::UpdateRefused(_) | Self::UpdateUnresolved { .. } => Some("5.3"),
            Self::MessageRefused(_) => Some("5.4"),
            Self::GroupInfo(_) => Some("5.6"),
            Self::NotReportable { .. } => Some("5.9"),
            Self::ProposalsPending { .. } | Self::NothingPending { .. } | Self::Leaving { .. } => Some("3.5"),
            _ => None,
        }
    }

    /// Whether it says that the room is already as it was wanted.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(
            self,
            Self::NothingPending { .. }
                | Self::NobodyToAdd { .. }
                | Self::Intent {
                    fault: IntentFault::NoParticipant { .. }
                        | IntentFault::NoClients { .. }
                        | IntentFault::NotBanned { .. }
                        | IntentFault::HasRole { .. }
                        | IntentFault::NotOwnClient { .. }
                        | IntentFault::NothingNew
                        | IntentFault::NoSuchLink,
                    ..
                }
        )
    }
}

/// Why an intent means no commit in a room as it stands (draft-ietf-mimi-room-policy-03 section 8.1).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntentFault {
    /// The user is not on the participant list.
    #[error("{user} is no participant")]
    NoParticipant {
        /// The user.
        user: UserUri,
    },
    /// The user has no client in the group.
    #[error("{user} has no clients in the room")]
    NoClients {
        /// The user.
        user: UserUri,
    },
    /// The user is a participant who is not banned.
    #[error("{user} is not banned")]
    NotBanned {
        /// The user.
        user: UserUri,
    },
    /// The user has this role.
    #[error("{user} has the role {} already", role.0)]
    HasRole {
        /// The user.
        user: UserUri,
        /// The role.
        role: RoleIndex,
    },
    /// The client is none of this user's others in the group.
    #[error("{client} is no other client of this user in the room")]
    NotOwnClient {
        /// The client.
        client: ClientUri,
    },
    /// Nobody removes, kicks or bans oneself.
    #[error("this is the user itself, who can only leave")]
    OnOneself,
    /// The metadata are so already.
    #[error("nothing would change")]
    NothingNew,
    /// The room has no such join link: it was taken back, or it is used up.
    #[error("the room has no such join link")]
    NoSuchLink,
}

/// Failure of the state file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// SQLite failed.
    #[error("state file: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file could not be made.
    #[error("state file: {0}")]
    Io(#[from] std::io::Error),
    /// The MLS tables could not be made.
    #[error("state file: MLS tables: {0}")]
    Migration(String),
    /// There is an account in the file already.
    #[error("the state file holds the account of {client} already")]
    AlreadyRegistered {
        /// The client it belongs to.
        client: String,
    },
    /// There is no account in the file.
    #[error("the state file holds no account")]
    NoAccount,
    /// The file is encrypted, and no passphrase was given.
    #[error("the state file is encrypted: its passphrase is needed")]
    Encrypted,
    /// A passphrase was given, and the file is not encrypted.
    #[error("the state file is not encrypted, although a passphrase was given")]
    NotEncrypted,
    /// The passphrase is not the one of the file, or what the file says of its encryption was changed.
    #[error("the passphrase does not open the state file")]
    WrongPassphrase,
    /// No passphrase is empty.
    #[error("the passphrase is empty")]
    EmptyPassphrase,
    /// An encrypted value was changed or moved. Nothing of the step at hand was done.
    #[error("state file: {what} was changed by somebody else: it does not decrypt")]
    Damaged {
        /// Which value: table and column, or the library's state.
        what: String,
    },
    /// Another process uses the file, which has to be used by nobody else for this.
    #[error("the state file is in use by another process")]
    InUse,
    /// The system gives no randomness.
    #[error("there is no randomness")]
    NoRandomness,
    /// A value was to be encrypted or decrypted outside of a step; a fault of this crate.
    #[error("state file: a value was read or written outside of a step")]
    OutsideOfStep,
    /// A value in the file does not read back.
    #[error("state file: {what} does not read back")]
    Corrupt {
        /// Which value.
        what: &'static str,
    },
}

/// Failure of a call to the provider.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Endpoint, domain or CA of the configuration cannot be used.
    #[error("configuration: {0}")]
    Configuration(String),
    /// No answer came: whether the call had an effect is not known.
    #[error("no answer from the provider: {0}")]
    AnswerLost(String),
    /// The provider refused the access token.
    #[error("the provider does not know this client: {0}")]
    Unauthenticated(String),
    /// The provider refused the call; it had no effect.
    #[error("the provider refused the call ({code}): {message}")]
    Refused {
        /// gRPC status code.
        code: String,
        /// The provider's words.
        message: String,
    },
}

impl TransportError {
    /// Whether the call may have had an effect although no answer came.
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::AnswerLost(_))
    }
}

/// An MLS object that breaks a rule, or a group that cannot do what is asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MlsFailure {
    /// Rooms of this kind need more than a creator: a parent room, or all participants at once.
    #[error("a room of the kind {kind} cannot be made by its creator alone")]
    RoomKind {
        /// The kind.
        kind: &'static str,
    },
    /// The policy of a new room does not encode.
    #[error("the policy of the room: {0}")]
    Policy(#[from] mimi_room_policy::policy::PolicyError),
    /// OpenMLS refused.
    #[error("{during}: {reason}")]
    Library {
        /// The operation.
        during: &'static str,
        /// The library's words.
        reason: String,
    },
    /// The group of a Welcome, commit or group info is not the room's (section 3.1: same name below `/g/`).
    #[error("the group is not the one of room {room}")]
    ForeignGroup {
        /// The room it came for.
        room: RoomUri,
    },
    /// The first external sender of the group is not the room's hub (section 7.4).
    #[error("the first external sender of the group is not the hub of {room}: {reason}")]
    NotTheHub {
        /// The room.
        room: RoomUri,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A credential is not a basic credential that holds a client URI.
    #[error("a credential does not name a client: {0}")]
    Credential(String),
    /// The participant list is missing, malformed, or an update of it does not apply (section 7.5).
    #[error("participant list: {0}")]
    ParticipantList(String),
    /// A rule of the app_data_dictionary extension that the library does not check.
    #[error("app data of component {component:#06x}: {rule}")]
    AppData {
        /// The component.
        component: u16,
        /// The rule.
        rule: &'static str,
    },
    /// The AppDataUpdate proposals of a commit do not fit the room's components (mls-extensions draft section 4.7).
    #[error("app data: {0}")]
    Components(#[source] ResolveError),
    /// A message that has no name: a URI in it is too long.
    #[error(transparent)]
    MessageId(#[from] mimi_content::MessageIdError),
    /// A media type that has no encoding.
    #[error("a media type has no encoding")]
    MediaType,
    /// A member's user is not in the participant list (section 5.3: both change together).
    #[error("{user} has a client in the group and is not in the participant list")]
    NotAParticipant {
        /// The user.
        user: UserUri,
    },
    /// The message is of an epoch that this client has not reached.
    #[error("the message is of epoch {}, this client is at epoch {}", message.0, own.0)]
    FutureEpoch {
        /// Epoch of the message.
        message: Epoch,
        /// This client's epoch.
        own: Epoch,
    },
    /// An application message that is neither MIMI content nor UTF-8 text.
    #[error("the message is neither MIMI content nor text: {0}")]
    NotText(String),
    /// A Welcome came without a ratchet tree in it.
    #[error("the Welcome came without a ratchet tree")]
    NoRatchetTree,
    /// An object of an unexpected kind.
    #[error("expected {expected}")]
    Unexpected {
        /// What was expected.
        expected: &'static str,
    },
}

/// Key material that cannot be used (section 5.2).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyMaterialFailure {
    /// The target's provider gave none.
    #[error("no key material for {user}: {status:?}")]
    NotProvided {
        /// The user asked for.
        user: UserUri,
        /// The user code.
        status: KeyMaterialUserCode,
    },
    /// The answer is for another user.
    #[error("the key material is for {got}, not for {wanted}")]
    OtherUser {
        /// The user asked for.
        wanted: UserUri,
        /// The user named in the answer.
        got: String,
    },
    /// A key package belongs to another client or user than the answer says.
    #[error("a key package of {claimed} holds the credential of {credential}")]
    ForeignKeyPackage {
        /// The client the answer names.
        claimed: String,
        /// Whom the credential names.
        credential: String,
    },
    /// A key package is expired, does not verify or lacks a capability of the room.
    #[error("a key package of {client} cannot be used: {reason}")]
    Invalid {
        /// The client.
        client: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer does not follow the protocol.
    #[error("the key material response is malformed: {0}")]
    Malformed(&'static str),
}

/// Group information that cannot be used (section 5.6).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GroupInfoFailure {
    /// The hub gave none.
    #[error("the hub gave no group information: {0:?}")]
    NotProvided(GroupInfoCode),
    /// The answer's signature, encryption or hub does not hold.
    #[error("the group information is not to be trusted: {0}")]
    Untrusted(String),
}

fn describe_update(response: &UpdateRoomResponse) -> String {
    let code = match response {
        UpdateRoomResponse::Success { .. } => "success".to_owned(),
        UpdateRoomResponse::WrongEpoch { current_epoch, .. } => format!("wrong epoch, it is at epoch {current_epoch}"),
        UpdateRoomResponse::NotAllowed { .. } => "not allowed".to_owned(),
        UpdateRoomResponse::InvalidProposal { .. } => "invalid proposal".to_owned(),
    };
    match response.error_description() {
        "" => code,
        description => format!("{code}: {description}"),
    }
}

fn describe_submit(response: &SubmitMessageResponse) -> String {
    match response {
        SubmitMessageResponse::Accepted { .. } => "accepted".to_owned(),
        SubmitMessageResponse::NotAllowed => "not allowed".to_owned(),
        SubmitMessageResponse::EpochTooOld { current_epoch } => {
            format!("made in an old epoch, it is at epoch {current_epoch}")
        }
    }
}
