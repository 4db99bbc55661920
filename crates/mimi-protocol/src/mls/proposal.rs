//! Proposals and commits (RFC 9420 sections 12.1 and 12.4, mls-extensions draft sections 4.7, 4.8 and 6).

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::values::{CipherSuite, Epoch, ProposalRef};

use super::extension::{ComponentId, Extensions};
use super::leaf_node::{KeyPackage, LeafNode, LeafNodeSource, MLS10, version};

rules! {
    PROPOSAL_TYPE_UNKNOWN = "the proposal type is not one whose end is known", "RFC 9420 section 12.1";
    PSK_TYPE_UNKNOWN = "the pre-shared key type is not one that is defined", "RFC 9420 section 8.4";
    PSK_USAGE_UNKNOWN = "the resumption key usage is not one that is defined", "RFC 9420 section 8.4";
    PROPOSAL_OR_REF_UNKNOWN = "a commit's item is neither a proposal nor a reference", "RFC 9420 section 12.4";
    APP_DATA_OPERATION_UNKNOWN = "the application data operation is neither update nor remove",
        "draft-ietf-mls-extensions section 4.7";
    LEAF_NOT_OF_UPDATE = "the leaf node of an Update says it was made for something else", "RFC 9420 section 12.1.2";
    LEAF_NOT_OF_COMMIT = "the leaf node of a path says it was made for something else", "RFC 9420 section 12.4";
}

/// The proposal type `add` (RFC 9420 section 17.4).
pub const ADD: u16 = 1;
/// The proposal type `update` (RFC 9420 section 17.4).
pub const UPDATE: u16 = 2;
/// The proposal type `remove` (RFC 9420 section 17.4).
pub const REMOVE: u16 = 3;
/// The proposal type `psk` (RFC 9420 section 17.4).
pub const PSK: u16 = 4;
/// The proposal type `reinit` (RFC 9420 section 17.4).
pub const RE_INIT: u16 = 5;
/// The proposal type `external_init` (RFC 9420 section 17.4).
pub const EXTERNAL_INIT: u16 = 6;
/// The proposal type `group_context_extensions` (RFC 9420 section 17.4).
pub const GROUP_CONTEXT_EXTENSIONS: u16 = 7;
/// The proposal type `app_data_update` (draft-ietf-mls-extensions section 4.7).
pub const APP_DATA_UPDATE: u16 = 8;
/// The proposal type `app_ephemeral` (draft-ietf-mls-extensions section 4.8).
pub const APP_EPHEMERAL: u16 = 9;
/// The proposal type `self_remove` (draft-ietf-mls-extensions section 6.4).
pub const SELF_REMOVE: u16 = 10;

/// A proposal (RFC 9420 section 12.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ProposalView {
    /// Add the client of a key package.
    Add(Box<KeyPackage>),
    /// Replace the sender's leaf node.
    Update(Box<LeafNode>),
    /// Remove the member at this leaf.
    Remove(u32),
    /// Mix in a pre-shared key.
    PreSharedKey(PreSharedKeyId),
    /// Close the group in favour of a new one.
    ReInit(ReInit),
    /// Join by external commit.
    ExternalInit {
        /// The KEM output.
        kem_output: Vec<u8>,
    },
    /// Replace the extensions of the group context.
    GroupContextExtensions(Extensions),
    /// Change the data of a component.
    AppDataUpdate(AppDataUpdate),
    /// Hand data to a component for this commit only.
    AppEphemeral(AppEphemeral),
    /// Remove the sender.
    SelfRemove,
}

impl ProposalView {
    /// The proposal type.
    pub const fn proposal_type(&self) -> u16 {
        match self {
            Self::Add(_) => ADD,
            Self::Update(_) => UPDATE,
            Self::Remove(_) => REMOVE,
            Self::PreSharedKey(_) => PSK,
            Self::ReInit(_) => RE_INIT,
            Self::ExternalInit { .. } => EXTERNAL_INIT,
            Self::GroupContextExtensions(_) => GROUP_CONTEXT_EXTENSIONS,
            Self::AppDataUpdate(_) => APP_DATA_UPDATE,
            Self::AppEphemeral(_) => APP_EPHEMERAL,
            Self::SelfRemove => SELF_REMOVE,
        }
    }
}

impl Wire for ProposalView {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u16()? {
            ADD => KeyPackage::decode(r).map(|key_package| Self::Add(Box::new(key_package))),
            UPDATE => {
                let start = r.clone();
                let leaf = LeafNode::decode(r)?;
                match leaf.source {
                    LeafNodeSource::Update => Ok(Self::Update(Box::new(leaf))),
                    _ => Err(start.error(&LEAF_NOT_OF_UPDATE)),
                }
            }
            REMOVE => r.u32().map(Self::Remove),
            PSK => PreSharedKeyId::decode(r).map(Self::PreSharedKey),
            RE_INIT => ReInit::decode(r).map(Self::ReInit),
            EXTERNAL_INIT => Ok(Self::ExternalInit { kem_output: r.opaque()?.to_vec() }),
            GROUP_CONTEXT_EXTENSIONS => Extensions::decode(r).map(Self::GroupContextExtensions),
            APP_DATA_UPDATE => AppDataUpdate::decode(r).map(Self::AppDataUpdate),
            APP_EPHEMERAL => AppEphemeral::decode(r).map(Self::AppEphemeral),
            SELF_REMOVE => Ok(Self::SelfRemove),
            _ => Err(start.error(&PROPOSAL_TYPE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.proposal_type().encode(out)?;
        match self {
            Self::Add(key_package) => key_package.encode(out),
            Self::Update(leaf) if leaf.source != LeafNodeSource::Update => Err(EncodeError::new(&LEAF_NOT_OF_UPDATE)),
            Self::Update(leaf) => leaf.encode(out),
            Self::Remove(leaf_index) => leaf_index.encode(out),
            Self::PreSharedKey(id) => id.encode(out),
            Self::ReInit(re_init) => re_init.encode(out),
            Self::ExternalInit { kem_output } => codec::put_opaque(out, kem_output),
            Self::GroupContextExtensions(extensions) => extensions.encode(out),
            Self::AppDataUpdate(update) => update.encode(out),
            Self::AppEphemeral(ephemeral) => ephemeral.encode(out),
            Self::SelfRemove => Ok(()),
        }
    }
}

/// Which pre-shared key (RFC 9420 section 8.4, mls-extensions draft section 4.5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum PreSharedKeyId {
    /// A key from outside MLS.
    External {
        /// Its name.
        psk_id: Vec<u8>,
        /// Fresh for each use.
        psk_nonce: Vec<u8>,
    },
    /// A key of an earlier epoch or group.
    Resumption {
        /// What it is used for.
        usage: ResumptionUsage,
        /// The group it comes from.
        psk_group_id: Vec<u8>,
        /// The epoch it comes from.
        psk_epoch: Epoch,
        /// Fresh for each use.
        psk_nonce: Vec<u8>,
    },
    /// A key of an application component.
    Application {
        /// The component.
        component_id: ComponentId,
        /// Its name within the component.
        psk_id: Vec<u8>,
        /// Fresh for each use.
        psk_nonce: Vec<u8>,
    },
}

/// What a resumption key is used for (RFC 9420 section 8.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ResumptionUsage {
    /// By the application.
    Application = 1,
    /// To reinitialize a group.
    ReInit = 2,
    /// To branch off a subgroup.
    Branch = 3,
}

impl Wire for ResumptionUsage {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => Ok(Self::Application),
            2 => Ok(Self::ReInit),
            3 => Ok(Self::Branch),
            _ => Err(start.error(&PSK_USAGE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        out.push(*self as u8);
        Ok(())
    }
}

impl Wire for PreSharedKeyId {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => Ok(Self::External { psk_id: r.opaque()?.to_vec(), psk_nonce: r.opaque()?.to_vec() }),
            2 => Ok(Self::Resumption {
                usage: ResumptionUsage::decode(r)?,
                psk_group_id: r.opaque()?.to_vec(),
                psk_epoch: Epoch::decode(r)?,
                psk_nonce: r.opaque()?.to_vec(),
            }),
            3 => Ok(Self::Application {
                component_id: ComponentId::decode(r)?,
                psk_id: r.opaque()?.to_vec(),
                psk_nonce: r.opaque()?.to_vec(),
            }),
            _ => Err(start.error(&PSK_TYPE_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let nonce = match self {
            Self::External { psk_id, psk_nonce } => {
                out.push(1);
                codec::put_opaque(out, psk_id)?;
                psk_nonce
            }
            Self::Resumption { usage, psk_group_id, psk_epoch, psk_nonce } => {
                out.push(2);
                usage.encode(out)?;
                codec::put_opaque(out, psk_group_id)?;
                psk_epoch.encode(out)?;
                psk_nonce
            }
            Self::Application { component_id, psk_id, psk_nonce } => {
                out.push(3);
                component_id.encode(out)?;
                codec::put_opaque(out, psk_id)?;
                psk_nonce
            }
        };
        codec::put_opaque(out, nonce)
    }
}

/// The parameters of the group that follows (RFC 9420 section 12.1.5).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReInit {
    /// The identifier of the new group.
    pub group_id: Vec<u8>,
    /// Its cipher suite.
    pub cipher_suite: CipherSuite,
    /// Its group context extensions.
    pub extensions: Extensions,
}

impl Wire for ReInit {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let group_id = r.opaque()?.to_vec();
        version(r)?;
        Ok(Self { group_id, cipher_suite: CipherSuite::decode(r)?, extensions: Extensions::decode(r)? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.group_id)?;
        MLS10.encode(out)?;
        self.cipher_suite.encode(out)?;
        self.extensions.encode(out)
    }
}

/// A change of a component's data in the group context (mls-extensions draft section 4.7).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppDataUpdate {
    /// The component.
    pub component_id: ComponentId,
    /// What happens to its data.
    pub operation: AppDataOperation,
}

/// What happens to a component's data (mls-extensions draft section 4.7).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AppDataOperation {
    /// They change in a way that the component defines.
    Update(Vec<u8>),
    /// They are removed.
    Remove,
}

impl Wire for AppDataUpdate {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let component_id = ComponentId::decode(r)?;
        let start = r.clone();
        let operation = match r.u8()? {
            1 => AppDataOperation::Update(r.opaque()?.to_vec()),
            2 => AppDataOperation::Remove,
            _ => return Err(start.error(&APP_DATA_OPERATION_UNKNOWN)),
        };
        Ok(Self { component_id, operation })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.component_id.encode(out)?;
        match &self.operation {
            AppDataOperation::Update(update) => {
                out.push(1);
                codec::put_opaque(out, update)
            }
            AppDataOperation::Remove => {
                out.push(2);
                Ok(())
            }
        }
    }
}

/// Data for a component that no state keeps (mls-extensions draft section 4.8).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppEphemeral {
    /// The component.
    pub component_id: ComponentId,
    /// The data.
    pub data: Vec<u8>,
}

impl Wire for AppEphemeral {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { component_id: ComponentId::decode(r)?, data: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.component_id.encode(out)?;
        codec::put_opaque(out, &self.data)
    }
}

/// One item of a commit (RFC 9420 section 12.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ProposalOrRef {
    /// A proposal of the committer, by value.
    Proposal(ProposalView),
    /// A proposal that was sent before.
    Reference(ProposalRef),
}

impl Wire for ProposalOrRef {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        match r.u8()? {
            1 => ProposalView::decode(r).map(Self::Proposal),
            2 => ProposalRef::decode(r).map(Self::Reference),
            _ => Err(start.error(&PROPOSAL_OR_REF_UNKNOWN)),
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        match self {
            Self::Proposal(proposal) => {
                out.push(1);
                proposal.encode(out)
            }
            Self::Reference(reference) => {
                out.push(2);
                reference.encode(out)
            }
        }
    }
}

/// An HPKE ciphertext (RFC 9420 section 7.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct HpkeCiphertext {
    /// The KEM output.
    pub kem_output: Vec<u8>,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
}

impl Wire for HpkeCiphertext {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { kem_output: r.opaque()?.to_vec(), ciphertext: r.opaque()?.to_vec() })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.kem_output)?;
        codec::put_opaque(out, &self.ciphertext)
    }
}

/// One node of an update path (RFC 9420 section 7.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdatePathNode {
    /// The node's new HPKE public key.
    pub encryption_key: Vec<u8>,
    /// Its path secret for each node below the sibling.
    pub encrypted_path_secret: Vec<HpkeCiphertext>,
}

impl Wire for UpdatePathNode {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { encryption_key: r.opaque()?.to_vec(), encrypted_path_secret: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_opaque(out, &self.encryption_key)?;
        codec::put_list(out, &self.encrypted_path_secret)
    }
}

/// The committer's new path (RFC 9420 section 7.6).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct UpdatePath {
    /// The committer's new leaf node, made for a commit.
    pub leaf_node: LeafNode,
    /// The nodes above it.
    pub nodes: Vec<UpdatePathNode>,
}

impl Wire for UpdatePath {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let leaf_node = LeafNode::decode(r)?;
        if !matches!(leaf_node.source, LeafNodeSource::Commit { .. }) {
            return Err(start.error(&LEAF_NOT_OF_COMMIT));
        }
        Ok(Self { leaf_node, nodes: r.list()? })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if !matches!(self.leaf_node.source, LeafNodeSource::Commit { .. }) {
            return Err(EncodeError::new(&LEAF_NOT_OF_COMMIT));
        }
        self.leaf_node.encode(out)?;
        codec::put_list(out, &self.nodes)
    }
}

/// A commit (RFC 9420 section 12.4).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct CommitView {
    /// What is committed, in order.
    pub proposals: Vec<ProposalOrRef>,
    /// The committer's new path, if there is one.
    pub path: Option<Box<UpdatePath>>,
}

impl Wire for CommitView {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { proposals: r.list()?, path: r.optional()?.map(Box::new) })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        codec::put_list(out, &self.proposals)?;
        codec::put_optional(out, self.path.as_deref())
    }
}

#[cfg(test)]
mod tests;
