//! The MLS objects that stand in requests, read strictly (RFC 9420 and the mls-extensions draft).
//!
//! The reader finds where an object ends and yields what a provider needs to know of it: group, epoch, sender, content,
//! key package references. It verifies nothing; that is the task of an MLS library. Objects that travel further
//! ([`MlsMessage`], [`KeyPackage`], [`Welcome`], [`GroupInfo`], [`RatchetTree`]) keep the octets they came in.

pub(crate) mod bytes;
pub mod credential;
pub mod extension;
pub mod external_proposal;
pub mod group_info;
pub mod hash;
pub mod leaf_node;
pub mod message;
pub mod proposal;

pub use credential::{Capabilities, Credential, ExternalSender, ExternalSenders, RequiredCapabilities};
pub use extension::{AppDataDictionary, ComponentData, ComponentId, Extension, ExtensionType, Extensions};
pub use group_info::{GroupContext, GroupInfo, GroupInfoView, RatchetTree, RatchetTreeView, Welcome, WelcomeView};
pub use hash::ReferenceError;
pub use leaf_node::{KeyPackage, KeyPackageView, LeafNode, LeafNodeSource, MLS10};
pub use message::{
    ContentType, MlsMessage, MlsMessageView, PrivateMessageView, PublicContent, PublicMessageView, Sender,
};
pub use proposal::{
    AppDataOperation, AppDataUpdate, AppEphemeral, CommitView, HpkeCiphertext, PreSharedKeyId, ProposalOrRef,
    ProposalView, ReInit, ResumptionUsage, UpdatePath, UpdatePathNode,
};
