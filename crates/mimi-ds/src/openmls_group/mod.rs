//! [`RoomGroup`] on OpenMLS: a `PublicGroup` in memory, whose state is written only when a snapshot is asked for.
//!
//! What OpenMLS 0.9.2 does not check by itself is checked here or in [`crate::hub`]: the life time of key packages, updates of components that
//! nobody resolved, sender types that the library cannot take. The group's other rules are the library's.

mod external;
mod group_info;
mod hpke;
mod key_package;
mod snapshot;

use mimi_protocol::{
    CipherSuite, Epoch, Wire,
    mls::{
        ComponentData, ComponentId, Credential, Extensions, GroupInfo, MlsMessage, PublicContent, RatchetTree, Sender,
    },
    update::GroupInfoOption,
};
use openmls::{
    component::ComponentData as MlsComponentData,
    group::{
        PublicGroup, PublicProcessMessageError, QueuedProposal, ResolveAppDataCommitError, StageCommitError,
        StagedCommit,
    },
    messages::group_info::VerifiableGroupInfo,
    prelude::{
        AppDataUpdateOperation, CreationFromExternalError, LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn,
        ProcessedMessageContent, ProposalStore, PublicMessageIn, RatchetTreeIn,
        tls_codec::{DeserializeBytes, Serialize as _},
    },
};
use openmls_rust_crypto::RustCrypto;

use self::snapshot::NoStorage;
pub use self::{
    hpke::OpenMlsHpke,
    key_package::{KeyPackageError, verify_key_package},
};
use crate::group::{GroupError, GroupInfoError, MergeError, RoomGroup, StageError};

/// A room's group on OpenMLS.
pub struct OpenMlsRoomGroup {
    crypto: RustCrypto,
    group: PublicGroup,
    queued: Vec<QueuedProposal>,
    group_info: GroupInfo,
}

/// A commit that OpenMLS has verified.
#[derive(Debug)]
pub struct OpenMlsCommit {
    staged: Box<StagedCommit>,
    confirmation_tag: Vec<u8>,
    committer: LeafNodeIndex,
    committer_key: Vec<u8>,
}

impl std::fmt::Debug for OpenMlsRoomGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenMlsRoomGroup").field("epoch", &self.epoch()).finish_non_exhaustive()
    }
}

impl RoomGroup for OpenMlsRoomGroup {
    type Proposal = Box<QueuedProposal>;
    type Commit = OpenMlsCommit;

    fn create(group_info: GroupInfo, tree: &RatchetTree) -> Result<Self, GroupError> {
        let crypto = RustCrypto::default();
        let invalid = |error: &dyn std::fmt::Display| GroupError::Invalid(error.to_string());
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(tree.as_bytes()).map_err(|e| invalid(&e))?;
        let verifiable =
            VerifiableGroupInfo::tls_deserialize_exact_bytes(group_info.as_bytes()).map_err(|e| invalid(&e))?;
        let (group, _) = PublicGroup::from_external(&crypto, &NoStorage, tree, verifiable, ProposalStore::new())
            .map_err(|e: CreationFromExternalError<_>| invalid(&e))?;
        Ok(Self { crypto, group, queued: Vec::new(), group_info })
    }

    fn restore(snapshot: &[u8], group_info: GroupInfo) -> Result<Self, GroupError> {
        let group = snapshot::read(snapshot)?;
        Ok(Self { crypto: RustCrypto::default(), group, queued: Vec::new(), group_info })
    }

    fn snapshot(&self) -> Result<Vec<u8>, GroupError> {
        snapshot::write(&self.crypto, &self.group)
    }

    fn group_id(&self) -> &[u8] {
        self.group.group_id().as_slice()
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.group.group_context().epoch().as_u64())
    }

    fn cipher_suite(&self) -> CipherSuite {
        CipherSuite(self.group.ciphersuite().into())
    }

    fn members(&self) -> Result<Vec<(u32, Credential)>, GroupError> {
        self.group
            .members()
            .map(|member| {
                let bytes = member.credential.tls_serialize_detached().map_err(library)?;
                Ok((member.index.u32(), Credential::from_bytes(&bytes).map_err(library)?))
            })
            .collect()
    }

    fn signature_key(&self, leaf: u32) -> Option<&[u8]> {
        Some(self.group.leaf(LeafNodeIndex::new(leaf))?.signature_key().as_slice())
    }

    fn context_extensions(&self) -> Result<Extensions, GroupError> {
        let bytes = self.group.group_context().extensions().tls_serialize_detached().map_err(library)?;
        Extensions::from_bytes(&bytes).map_err(library)
    }

    fn component(&self, id: ComponentId) -> Option<&[u8]> {
        self.group.group_context().extensions().app_data_dictionary()?.dictionary().get(&id.0)
    }

    fn group_info(&self) -> &GroupInfo {
        &self.group_info
    }

    fn tree(&self) -> Result<RatchetTree, GroupError> {
        let bytes = self.group.export_ratchet_tree().tls_serialize_detached().map_err(library)?;
        RatchetTree::from_bytes(&bytes).map_err(library)
    }

    fn verify_proposal(&self, message: &MlsMessage) -> Result<Self::Proposal, StageError> {
        let expected = "proposal";
        let public = message.as_public().ok_or(StageError::Content { expected })?;
        if !matches!(public.content, PublicContent::Proposal(_)) {
            return Err(StageError::Content { expected });
        }
        // Checked before the library sees it: it cannot take every proposal of an external sender, and nothing here handles a join
        // proposal.
        match public.sender {
            Sender::Member(_) => {}
            Sender::External(_) => return self.verify_external(message),
            Sender::NewMemberProposal | Sender::NewMemberCommit => {
                return Err(StageError::Sender { sender: "new member" });
            }
        }
        match self.process(message)?.into_content() {
            ProcessedMessageContent::ProposalMessage(proposal) => Ok(proposal),
            _ => Err(StageError::Content { expected }),
        }
    }

    fn queue(&mut self, proposal: Self::Proposal) {
        self.queued.push((*proposal).clone());
        // The storage cannot fail.
        let _ = self.group.add_proposal(&NoStorage, *proposal);
    }

    fn stage_commit(&self, message: &MlsMessage, components: &[ComponentData]) -> Result<Self::Commit, StageError> {
        let expected = "commit";
        let public = message.as_public().ok_or(StageError::Content { expected })?;
        let path = message.as_commit().ok_or(StageError::Content { expected })?.path.as_deref();
        let staged = self.stage(message, components)?;
        for add in staged.add_proposals() {
            // The library leaves this to the application.
            if !add.add_proposal().key_package().life_time().has_acceptable_range() {
                return Err(StageError::Lifetime);
            }
        }
        let committer = match public.sender {
            Sender::Member(leaf) => LeafNodeIndex::new(leaf),
            Sender::NewMemberCommit => self.group.ext_commit_sender_index(&staged).map_err(not_valid)?,
            Sender::External(_) => return Err(StageError::Sender { sender: "external sender" }),
            Sender::NewMemberProposal => return Err(StageError::Sender { sender: "new member" }),
        };
        let committer_key = match path {
            Some(path) => path.leaf_node.signature_key.clone(),
            None => self
                .group
                .leaf(committer)
                .ok_or_else(|| not_valid("the committer is not a member"))?
                .signature_key()
                .as_slice()
                .to_vec(),
        };
        let confirmation_tag = public.confirmation_tag.clone();
        Ok(OpenMlsCommit { staged, confirmation_tag, committer, committer_key })
    }

    fn group_info_after(&self, commit: &Self::Commit, given: &GroupInfoOption) -> Result<GroupInfo, GroupInfoError> {
        group_info::after(self.cipher_suite(), commit, given)
    }

    fn merge(
        &mut self,
        commit: Self::Commit,
        group_info: GroupInfo,
        tree: Option<&RatchetTree>,
    ) -> Result<(), MergeError> {
        let failed = |error: GroupError| MergeError::Library(error.to_string());
        // The tree of a staged commit cannot be looked at, so that it is compared afterwards, with a way back.
        let before = tree.map(|_| self.snapshot()).transpose().map_err(failed)?;
        self.group.merge_commit(&NoStorage, *commit.staged).map_err(|error| MergeError::Library(error.to_string()))?;
        if let (Some(tree), Some(before)) = (tree, before)
            && self.tree().map_err(failed)? != *tree
        {
            self.group = snapshot::read(&before).map_err(failed)?;
            for proposal in self.queued.clone() {
                let _ = self.group.add_proposal(&NoStorage, proposal);
            }
            return Err(MergeError::TreeDiffers);
        }
        self.queued.clear();
        self.group_info = group_info;
        Ok(())
    }
}

impl OpenMlsRoomGroup {
    fn process(&self, message: &MlsMessage) -> Result<openmls::prelude::ProcessedMessage, StageError> {
        let public = public_message(message)?;
        self.group.process_message(&self.crypto, public).map_err(|error| match error {
            PublicProcessMessageError::InvalidCommit(error) => commit_error(&error),
            other => not_valid(other),
        })
    }

    fn stage(&self, message: &MlsMessage, components: &[ComponentData]) -> Result<Box<StagedCommit>, StageError> {
        let mut processed = self.process(message)?;
        if let ProcessedMessageContent::UnresolvedAppDataCommit(commit) = processed.content() {
            for update in commit.app_data_update_proposals() {
                let known = components.iter().any(|c| c.component_id.0 == update.component_id());
                if !known || matches!(update.operation(), AppDataUpdateOperation::Remove) {
                    return Err(not_valid("an AppDataUpdate that the hub has not resolved"));
                }
            }
            let mut updater = self.group.app_data_dictionary_updater();
            for component in components {
                let data = component.data.clone().into();
                updater.set(MlsComponentData::from_parts(component.component_id.0, data));
            }
            let changes = updater.changes();
            processed =
                self.group.resolve_app_data_commit(&self.crypto, processed, changes).map_err(|error| match error {
                    ResolveAppDataCommitError::StageCommit(error) => commit_error(&error),
                    other => not_valid(other),
                })?;
        }
        match processed.into_content() {
            ProcessedMessageContent::StagedCommitMessage(staged) => Ok(staged),
            _ => Err(StageError::Content { expected: "commit" }),
        }
    }
}

fn public_message(message: &MlsMessage) -> Result<PublicMessageIn, StageError> {
    match MlsMessageIn::tls_deserialize_exact_bytes(message.as_bytes()).map_err(not_valid)?.extract() {
        MlsMessageBodyIn::PublicMessage(message) => Ok(message),
        _ => Err(StageError::Content { expected: "handshake" }),
    }
}

fn commit_error(error: &StageCommitError) -> StageError {
    match error {
        StageCommitError::ProposalValidationError(reason) => StageError::Proposal(reason.to_string()),
        other => not_valid(other),
    }
}

fn not_valid(error: impl ToString) -> StageError {
    StageError::Invalid(error.to_string())
}

fn library(error: impl ToString) -> GroupError {
    GroupError::Library(error.to_string())
}
