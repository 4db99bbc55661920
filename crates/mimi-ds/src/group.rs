//! The one seam to MLS: what a hub needs of a library that follows a group it is not a member of.
//!
//! The hub sees every handshake of a room as a PublicMessage and so keeps the public half of the group: tree, group context,
//! GroupInfo. What a message says is read by `mimi-protocol`; a [`RoomGroup`] says whether it is valid by RFC 9420, and changes
//! only in [`RoomGroup::queue`] and [`RoomGroup::merge`]. It knows nothing of rooms: that is [`crate::hub`].

use mimi_protocol::{
    CipherSuite, Epoch,
    mls::{ComponentData, ComponentId, Credential, Extensions, GroupInfo, MlsMessage, RatchetTree},
    update::GroupInfoOption,
};

/// The public half of a room's MLS group.
pub trait RoomGroup: Sized + Send {
    /// A verified proposal that has not been queued.
    type Proposal: Send;
    /// A verified commit that has not been merged.
    type Commit: Send;

    /// Follows a group from its GroupInfo and tree.
    ///
    /// # Errors
    /// They do not belong together, a signature is wrong, or the library does not support something in them.
    fn create(group_info: GroupInfo, tree: &RatchetTree) -> Result<Self, GroupError>;

    /// The group as it was when [`RoomGroup::snapshot`] was called, without queued proposals.
    ///
    /// # Errors
    /// The bytes are not a snapshot.
    fn restore(snapshot: &[u8], group_info: GroupInfo) -> Result<Self, GroupError>;

    /// The group's state; GroupInfo and queued proposals are not part of it.
    ///
    /// # Errors
    /// The library cannot encode it.
    fn snapshot(&self) -> Result<Vec<u8>, GroupError>;

    /// The MLS group identifier.
    fn group_id(&self) -> &[u8];

    /// The current epoch.
    fn epoch(&self) -> Epoch;

    /// The cipher suite.
    fn cipher_suite(&self) -> CipherSuite;

    /// Leaf index and credential of every member.
    ///
    /// # Errors
    /// A credential cannot be represented.
    fn members(&self) -> Result<Vec<(u32, Credential)>, GroupError>;

    /// The signature key of the member at a leaf; `None` when nobody is there.
    fn signature_key(&self, leaf: u32) -> Option<&[u8]>;

    /// The extensions of the group context.
    ///
    /// # Errors
    /// They cannot be represented.
    fn context_extensions(&self) -> Result<Extensions, GroupError>;

    /// Data of a component in the app_data_dictionary of the group context.
    fn component(&self, id: ComponentId) -> Option<&[u8]>;

    /// The GroupInfo of the current epoch.
    fn group_info(&self) -> &GroupInfo;

    /// The tree of the current epoch.
    ///
    /// # Errors
    /// The library cannot encode it.
    fn tree(&self) -> Result<RatchetTree, GroupError>;

    /// Verifies a proposal of the current epoch; changes nothing. Whether it fits the group beside the other proposals shows
    /// only in the commit.
    ///
    /// # Errors
    /// It is not valid, or of a kind that is not supported.
    fn verify_proposal(&self, message: &MlsMessage) -> Result<Self::Proposal, StageError>;

    /// Keeps a verified proposal for the next commit.
    fn queue(&mut self, proposal: Self::Proposal);

    /// Verifies a commit of the current epoch; changes nothing. `components` is what the app_data_dictionary holds after it,
    /// for each component that the commit updates: only the caller knows what an update means.
    ///
    /// # Errors
    /// It is not valid, or of a kind that is not supported.
    fn stage_commit(&self, message: &MlsMessage, components: &[ComponentData]) -> Result<Self::Commit, StageError>;

    /// The GroupInfo of the epoch that a verified commit begins: given in full, or rebuilt from what is known and what the
    /// partial one adds (draft-mahy-mls-ratchet-tree-options-03 section 4). Signed by the committer, without a tree.
    ///
    /// # Errors
    /// It does not fit the commit.
    fn group_info_after(&self, commit: &Self::Commit, given: &GroupInfoOption) -> Result<GroupInfo, GroupInfoError>;

    /// Takes up a verified commit with its GroupInfo; queued proposals are gone after it. If `tree` is given, the new tree
    /// has to equal it.
    ///
    /// # Errors
    /// The library fails or the trees differ; the group is then as before.
    fn merge(
        &mut self,
        commit: Self::Commit,
        group_info: GroupInfo,
        tree: Option<&RatchetTree>,
    ) -> Result<(), MergeError>;
}

/// Why a group cannot be followed, kept or read back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupError {
    /// GroupInfo and tree do not verify.
    #[error("GroupInfo and tree do not verify: {0}")]
    Invalid(String),
    /// Bytes of a snapshot that do not read back.
    #[error("the group's snapshot is damaged: {0}")]
    Snapshot(String),
    /// The MLS library failed for a reason of its own.
    #[error("MLS library: {0}")]
    Library(String),
}

/// Why a handshake message is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StageError {
    /// Not a PublicMessage with the content that is needed here.
    #[error("the message is not a PublicMessage with a {expected}")]
    Content {
        /// What is needed.
        expected: &'static str,
    },
    /// The sender type may not send this, or the library cannot take it from that sender.
    #[error("a {sender} cannot send this")]
    Sender {
        /// The sender type of RFC 9420 section 6.
        sender: &'static str,
    },
    /// A key package lives longer than an application may accept (RFC 9420 section 7.2).
    #[error("a key package is valid for longer than is accepted")]
    Lifetime,
    /// A proposal of a commit is not valid in the group.
    #[error("a proposal of the commit is not valid: {0}")]
    Proposal(String),
    /// The message is not valid by RFC 9420 or the mls-extensions draft.
    #[error("not valid: {0}")]
    Invalid(String),
}

/// Why a GroupInfo does not fit its commit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupInfoError {
    /// It does not read.
    #[error("the GroupInfo is malformed: {0}")]
    Malformed(String),
    /// It speaks of another state.
    #[error("the GroupInfo's {0} is not that of the new epoch")]
    Differs(&'static str),
    /// The signature is not the committer's.
    #[error("the GroupInfo is not signed by the committer")]
    Signature,
    /// It has the tree inside (section 5.3 leaves it out).
    #[error("the GroupInfo has a ratchet_tree extension")]
    HasTree,
    /// It has no external_pub extension, so that nobody could join by it.
    #[error("the GroupInfo has no external_pub extension")]
    NoExternalPub,
}

/// Why a commit was not merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// The tree given beside the commit is another one.
    #[error("the ratchet tree given is not that of the new epoch")]
    TreeDiffers,
    /// The library failed.
    #[error("MLS library: {0}")]
    Library(String),
}
