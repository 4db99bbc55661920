//! The public half of an MLS group without cryptography: RFC 9420's rules about who may propose and commit what, epochs, leaves and the
//! group context, with the signature key itself in place of every signature.
//!
//! The confirmation tag of a commit has to be what [`Content::tag`] gives for the state after it, so that a hub that comes to another
//! list or another tree than the committer is found out, as by real MLS.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mimi_ds::group::{GroupError, GroupInfoError, MergeError, RoomGroup, StageError};
use mimi_protocol::{
    CipherSuite, Epoch, ProposalRef, Wire,
    codec::{Reader, put_list, put_opaque},
    mls::{
        AppDataDictionary, ComponentData, ComponentId, Credential, Extension, ExtensionType, Extensions, GroupContext,
        GroupInfo, LeafNode, MlsMessage, ProposalOrRef, ProposalView, PublicMessageView, RatchetTree, Sender,
    },
    update::GroupInfoOption,
};

use crate::{
    faults::Lie,
    messages::{SUITE, external_pub},
};

/// What is agreed on in an epoch. A search copies it for each request, and what changes seldom is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) group_id: Arc<[u8]>,
    pub(crate) epoch: u64,
    /// All but the dictionary.
    pub(crate) extensions: Arc<[Extension]>,
    pub(crate) dictionary: BTreeMap<u16, Arc<[u8]>>,
    pub(crate) leaves: BTreeMap<u32, Arc<LeafNode>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FakeGroup {
    content: Content,
    queued: Vec<(ProposalRef, u32, ProposalView)>,
    group_info: GroupInfo,
}

pub(crate) struct FakeCommit {
    after: Content,
    committer: u32,
    key: Vec<u8>,
    tag: Vec<u8>,
}

impl Content {
    pub(crate) fn context(&self) -> GroupContext {
        let entries = self
            .dictionary
            .iter()
            .map(|(id, data)| ComponentData { component_id: ComponentId(*id), data: data.to_vec() });
        let dictionary = AppDataDictionary::new(entries.collect()).unwrap().to_bytes().unwrap();
        let dictionary = Extension { extension_type: ExtensionType::APP_DATA_DICTIONARY, extension_data: dictionary };
        GroupContext {
            cipher_suite: SUITE,
            group_id: self.group_id.to_vec(),
            epoch: Epoch(self.epoch),
            tree_hash: vec![0x74; 32],
            confirmed_transcript_hash: vec![0x63; 32],
            extensions: Extensions::new(self.extensions.iter().cloned().chain([dictionary]).collect()).unwrap(),
        }
    }

    /// Who is at which leaf, and the participant list: what members would notice at once if they differed.
    pub(crate) fn tag(&self) -> Vec<u8> {
        let mut tag = self.dictionary[&ComponentId::PARTICIPANT_LIST.0].to_vec();
        for (index, leaf) in &self.leaves {
            tag.extend(index.to_be_bytes());
            tag.extend(leaf.credential.as_basic().unwrap());
        }
        tag
    }

    pub(crate) fn tree(&self) -> RatchetTree {
        let mut nodes = Vec::new();
        for index in 0..=*self.leaves.keys().last().unwrap() {
            if index > 0 {
                nodes.push(0); // a blank parent
            }
            match self.leaves.get(&index) {
                None => nodes.push(0),
                Some(leaf) => {
                    nodes.extend([1, 1]);
                    leaf.encode(&mut nodes).unwrap();
                }
            }
        }
        let mut bytes = Vec::new();
        put_opaque(&mut bytes, &nodes).unwrap();
        RatchetTree::from_bytes(&bytes).unwrap()
    }

    /// The state that a GroupInfo and a tree describe.
    pub(crate) fn read(context: &GroupContext, tree: &[u8]) -> Result<Self, mimi_protocol::DecodeError> {
        let mut outer = Reader::new(tree);
        let mut reader = Reader::new(outer.opaque()?);
        let mut leaves = BTreeMap::new();
        let mut node = 0u32;
        while !reader.is_empty() {
            if reader.u8()? == 1 {
                assert_eq!(reader.u8()?, 1, "the fake has no parent nodes");
                leaves.insert(node / 2, Arc::new(LeafNode::decode(&mut reader)?));
            }
            node += 1;
        }
        let dictionary = context.extensions.app_data_dictionary()?.unwrap_or_default();
        Ok(Self {
            group_id: context.group_id.as_slice().into(),
            epoch: context.epoch.0,
            extensions: context
                .extensions
                .iter()
                .filter(|extension| extension.extension_type != ExtensionType::APP_DATA_DICTIONARY)
                .cloned()
                .collect(),
            dictionary: dictionary.entries().iter().map(|e| (e.component_id.0, e.data.as_slice().into())).collect(),
            leaves,
        })
    }

    pub(crate) fn group_info(&self, extensions: &Extensions, tag: &[u8], signer: u32, signature: &[u8]) -> GroupInfo {
        let mut out = self.context().to_bytes().unwrap();
        put_list(&mut out, extensions.as_slice()).unwrap();
        put_opaque(&mut out, tag).unwrap();
        out.extend(signer.to_be_bytes());
        put_opaque(&mut out, signature).unwrap();
        GroupInfo::from_bytes(&out).unwrap()
    }

    /// How the group fails, where it is made to (`faults.rs`).
    fn lie(&self) -> Option<Lie> {
        let marks = self.extensions.iter().find(|extension| extension.extension_type == Lie::MARK)?;
        Lie::read(&marks.extension_data)
    }

    /// The leftmost free leaf.
    pub(crate) fn seat(&mut self, leaf: Arc<LeafNode>) -> u32 {
        let free = (0..).find(|index| !self.leaves.contains_key(index)).unwrap();
        self.leaves.insert(free, leaf);
        free
    }
}

fn invalid(reason: &str) -> StageError {
    StageError::Invalid(reason.to_owned())
}

fn proposal(reason: &str) -> StageError {
    StageError::Proposal(reason.to_owned())
}

impl FakeGroup {
    fn check(&self, message: &PublicMessageView, key: &[u8]) -> Result<(), StageError> {
        if message.group_id[..] != self.content.group_id[..] || message.epoch.0 != self.content.epoch {
            return Err(invalid("another group or epoch"));
        }
        if message.signature != key {
            return Err(invalid("signature"));
        }
        Ok(())
    }

    fn key(&self, leaf: u32) -> Result<&[u8], StageError> {
        Ok(&self.content.leaves.get(&leaf).ok_or_else(|| invalid("no such leaf"))?.signature_key)
    }
}

impl RoomGroup for FakeGroup {
    type Proposal = (ProposalRef, u32, ProposalView);
    type Commit = FakeCommit;

    fn create(group_info: GroupInfo, tree: &RatchetTree) -> Result<Self, GroupError> {
        let content = Content::read(group_info.group_context(), tree.as_bytes())
            .map_err(|error| GroupError::Invalid(error.to_string()))?;
        Ok(Self { content, queued: Vec::new(), group_info })
    }

    fn restore(snapshot: &[u8], group_info: GroupInfo) -> Result<Self, GroupError> {
        let damaged = |error: mimi_protocol::DecodeError| GroupError::Snapshot(error.to_string());
        let mut reader = Reader::new(snapshot);
        let context = GroupContext::decode(&mut reader).map_err(damaged)?;
        let tree = reader.opaque().map_err(damaged)?;
        let mut content = Content::read(&context, tree).map_err(damaged)?;
        if let Some(lie) = content.lie() {
            lie.on_restore(&mut content);
        }
        Ok(Self { content, queued: Vec::new(), group_info })
    }

    fn snapshot(&self) -> Result<Vec<u8>, GroupError> {
        let mut out = self.content.context().to_bytes().unwrap();
        put_opaque(&mut out, self.content.tree().as_bytes()).unwrap();
        Ok(out)
    }

    fn group_id(&self) -> &[u8] {
        &self.content.group_id
    }

    fn epoch(&self) -> Epoch {
        Epoch(self.content.epoch)
    }

    fn cipher_suite(&self) -> CipherSuite {
        SUITE
    }

    fn members(&self) -> Result<Vec<(u32, Credential)>, GroupError> {
        Ok(self.content.leaves.iter().map(|(index, leaf)| (*index, leaf.credential.clone())).collect())
    }

    fn signature_key(&self, leaf: u32) -> Option<&[u8]> {
        self.key(leaf).ok()
    }

    fn context_extensions(&self) -> Result<Extensions, GroupError> {
        Ok(self.content.context().extensions)
    }

    fn component(&self, id: ComponentId) -> Option<&[u8]> {
        self.content.dictionary.get(&id.0).map(AsRef::as_ref)
    }

    fn group_info(&self) -> &GroupInfo {
        &self.group_info
    }

    fn tree(&self) -> Result<RatchetTree, GroupError> {
        Ok(self.content.tree())
    }

    fn verify_proposal(&self, message: &MlsMessage) -> Result<Self::Proposal, StageError> {
        let content = StageError::Content { expected: "proposal" };
        let public = message.as_public().ok_or(content.clone())?;
        let view = message.as_proposal().ok_or(content)?;
        let Sender::Member(sender) = public.sender else { return Err(StageError::Sender { sender: "non-member" }) };
        self.check(public, self.key(sender)?)?;
        Ok((message.proposal_reference(SUITE).unwrap(), sender, view.clone()))
    }

    fn queue(&mut self, proposal: Self::Proposal) {
        self.queued.push(proposal);
    }

    // RFC 9420 section 12.2, and mls-extensions for SelfRemove and AppDataUpdate.
    fn stage_commit(&self, message: &MlsMessage, components: &[ComponentData]) -> Result<FakeCommit, StageError> {
        let content = StageError::Content { expected: "commit" };
        let public = message.as_public().ok_or(content.clone())?;
        let commit = message.as_commit().ok_or(content)?;
        let path = commit.path.as_deref();
        let (member, key) = match public.sender {
            Sender::Member(leaf) => (Some(leaf), self.key(leaf)?.to_vec()),
            Sender::NewMemberCommit => {
                let path = path.ok_or_else(|| invalid("an external commit without a path"))?;
                (None, path.leaf_node.signature_key.clone())
            }
            _ => return Err(StageError::Sender { sender: "non-member" }),
        };
        self.check(public, &key)?;
        let (mut removed, mut added, mut updated) = (BTreeSet::new(), Vec::new(), BTreeSet::new());
        let (mut inits, mut path_needed) = (0, commit.proposals.is_empty());
        for entry in &commit.proposals {
            let (by_value, sender, view) = match entry {
                ProposalOrRef::Proposal(view) => (true, member, view),
                ProposalOrRef::Reference(reference) => {
                    let known = self.queued.iter().find(|(known, ..)| known == reference);
                    let (_, sender, view) = known.ok_or_else(|| invalid("a reference to nothing"))?;
                    if member.is_none() && !matches!(view, ProposalView::SelfRemove) {
                        return Err(proposal("an external commit with a reference to more than a SelfRemove"));
                    }
                    (false, Some(*sender), view)
                }
            };
            let gone = match view {
                ProposalView::Remove(leaf) => Some(*leaf),
                ProposalView::SelfRemove if by_value => return Err(proposal("a SelfRemove by value")),
                ProposalView::SelfRemove => sender,
                ProposalView::Add(key_package) if member.is_some() => {
                    added.push(Arc::new(key_package.view().leaf_node.clone()));
                    None
                }
                ProposalView::AppDataUpdate(update) => {
                    updated.insert(update.component_id);
                    None
                }
                // It stands alone, and needs no path (RFC 9420 section 12.2).
                ProposalView::ReInit(_) if member.is_some() && commit.proposals.len() == 1 => None,
                ProposalView::ExternalInit { .. } if member.is_none() && by_value => {
                    inits += 1;
                    None
                }
                _ => return Err(proposal("a proposal that cannot stand here")),
            };
            if let Some(leaf) = gone {
                path_needed = true;
                if Some(leaf) == member || !self.content.leaves.contains_key(&leaf) || !removed.insert(leaf) {
                    return Err(proposal("removes the committer, nobody, or somebody twice"));
                }
            }
        }
        if updated != components.iter().map(|component| component.component_id).collect() {
            return Err(invalid("updates that were not resolved"));
        }
        if member.is_none() && (inits != 1 || removed.len() > 1 + self.queued.len()) {
            return Err(proposal("an external commit needs one ExternalInit"));
        }
        if path_needed && path.is_none() {
            return Err(invalid("no path"));
        }
        let mut after = self.content.clone();
        after.epoch += 1;
        after.leaves.retain(|leaf, _| !removed.contains(leaf));
        after.dictionary.extend(components.iter().map(|c| (c.component_id.0, c.data.as_slice().into())));
        for leaf in added {
            if after.leaves.values().any(|other| other.signature_key == leaf.signature_key) {
                return Err(proposal("a signature key twice"));
            }
            after.seat(leaf);
        }
        let committer = match (member, path) {
            (Some(leaf), Some(path)) => {
                after.leaves.insert(leaf, Arc::new(path.leaf_node.clone()));
                leaf
            }
            (Some(leaf), None) => leaf,
            (None, Some(path)) => after.seat(Arc::new(path.leaf_node.clone())),
            (None, None) => return Err(invalid("no path")),
        };
        if public.confirmation_tag != after.tag() {
            return Err(invalid("the confirmation tag is of another state"));
        }
        Ok(FakeCommit { after, committer, key, tag: public.confirmation_tag.clone() })
    }

    fn group_info_after(&self, commit: &FakeCommit, given: &GroupInfoOption) -> Result<GroupInfo, GroupInfoError> {
        let GroupInfoOption::Partial(partial) = given else { return Err(GroupInfoError::Differs("form")) };
        if partial.signature != commit.key {
            return Err(GroupInfoError::Signature);
        }
        if partial.group_info_extensions != external_pub() {
            return Err(GroupInfoError::NoExternalPub);
        }
        Ok(commit.after.group_info(&external_pub(), &commit.tag, commit.committer, &commit.key))
    }

    fn merge(
        &mut self,
        commit: FakeCommit,
        group_info: GroupInfo,
        tree: Option<&RatchetTree>,
    ) -> Result<(), MergeError> {
        if tree.is_some_and(|tree| *tree != commit.after.tree()) {
            return Err(MergeError::TreeDiffers);
        }
        let before = std::mem::replace(&mut self.content, commit.after);
        if let Some(lie) = self.content.lie() {
            lie.on_merge(&before, &mut self.content);
        }
        self.queued.clear();
        self.group_info = group_info;
        Ok(())
    }
}
