//! Welcome, GroupInfo, the group context and the ratchet tree (RFC 9420 sections 8.1, 12.4.3 and 7.8).

use crate::codec::{self, DecodeError, EncodeError, Reader, Wire, rules};
use crate::values::{CipherSuite, Epoch, KeyPackageRef};

use super::bytes::{Parsed, parsed_bytes};
use super::credential::{ExternalSender, ExternalSenders};
use super::extension::{ExtensionType, Extensions};
use super::leaf_node::{LeafNode, MLS10, version};
use super::proposal::HpkeCiphertext;

rules! {
    NODE_TYPE_UNKNOWN = "the node type is not one that is defined", "RFC 9420 section 7.8";
    NODE_IN_WRONG_PLACE = "a leaf stands where a parent belongs or the other way round", "RFC 9420 section 7.8";
    TREE_ENDS_BLANK = "the ratchet tree ends with a blank node or is empty", "RFC 9420 section 12.4.3.3";
    UNMERGED_NOT_SORTED = "unmerged leaves are not strictly increasing", "RFC 9420 section 7.1";
}

/// What can be read from a [`Welcome`] without a key (RFC 9420 section 12.4.3.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WelcomeView {
    /// The group's cipher suite.
    pub cipher_suite: CipherSuite,
    /// The key packages of those who are welcomed, in the order of the secrets.
    pub new_members: Vec<KeyPackageRef>,
}

parsed_bytes! {
    /// The way into a group for those who were added (RFC 9420 section 12.4.3.1).
    Welcome(WelcomeView)
}

impl Parsed for WelcomeView {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let cipher_suite = CipherSuite::decode(r)?;
        let new_members = r.list_with(|r| {
            let new_member = KeyPackageRef::decode(r)?;
            HpkeCiphertext::decode(r)?;
            Ok(new_member)
        })?;
        r.opaque()?; // the encrypted group info
        Ok(Self { cipher_suite, new_members })
    }
}

impl Welcome {
    pub(super) fn from_parts(bytes: Vec<u8>, view: WelcomeView) -> Self {
        Self { bytes, view }
    }

    /// The group's cipher suite.
    pub fn cipher_suite(&self) -> CipherSuite {
        self.view.cipher_suite
    }

    /// The key packages of those who are welcomed, in the order of the secrets.
    pub fn new_members(&self) -> &[KeyPackageRef] {
        &self.view.new_members
    }
}

/// What all members agree on in an epoch (RFC 9420 section 8.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupContext {
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The group.
    pub group_id: Vec<u8>,
    /// The epoch.
    pub epoch: Epoch,
    /// The hash of the ratchet tree.
    pub tree_hash: Vec<u8>,
    /// The hash of what was committed so far.
    pub confirmed_transcript_hash: Vec<u8>,
    /// Extensions.
    pub extensions: Extensions,
}

impl Wire for GroupContext {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        version(r)?;
        Ok(Self {
            cipher_suite: CipherSuite::decode(r)?,
            group_id: r.opaque()?.to_vec(),
            epoch: Epoch::decode(r)?,
            tree_hash: r.opaque()?.to_vec(),
            confirmed_transcript_hash: r.opaque()?.to_vec(),
            extensions: Extensions::decode(r)?,
        })
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        MLS10.encode(out)?;
        self.cipher_suite.encode(out)?;
        codec::put_opaque(out, &self.group_id)?;
        self.epoch.encode(out)?;
        codec::put_opaque(out, &self.tree_hash)?;
        codec::put_opaque(out, &self.confirmed_transcript_hash)?;
        self.extensions.encode(out)
    }
}

impl GroupContext {
    /// The external senders of the group; none if it has no such extension.
    ///
    /// # Errors
    /// When the extension is malformed.
    pub fn external_senders(&self) -> Result<Vec<ExternalSender>, DecodeError> {
        let senders: Option<ExternalSenders> = self.extensions.read(ExtensionType::EXTERNAL_SENDERS)?;
        Ok(senders.unwrap_or_default().0)
    }
}

/// What stands in a [`GroupInfo`] (RFC 9420 section 12.4.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GroupInfoView {
    /// The group context.
    pub group_context: GroupContext,
    /// Extensions of the group info.
    pub extensions: Extensions,
    /// The confirmation tag of the epoch.
    pub confirmation_tag: Vec<u8>,
    /// The leaf of the signer.
    pub signer: u32,
    /// The signer's signature; not verified here.
    pub signature: Vec<u8>,
    context_length: usize,
}

parsed_bytes! {
    /// The state of a group, for someone who wants to join (RFC 9420 section 12.4.3). The signature is not verified.
    GroupInfo(GroupInfoView)
}

impl Parsed for GroupInfoView {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (context, group_context) = r.capture(GroupContext::decode)?;
        Ok(Self {
            group_context,
            extensions: Extensions::decode(r)?,
            confirmation_tag: r.opaque()?.to_vec(),
            signer: r.u32()?,
            signature: r.opaque()?.to_vec(),
            context_length: context.len(),
        })
    }
}

impl GroupInfo {
    /// The group.
    pub fn group_id(&self) -> &[u8] {
        &self.view.group_context.group_id
    }

    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        self.view.group_context.epoch
    }

    /// The group context.
    pub fn group_context(&self) -> &GroupContext {
        &self.view.group_context
    }

    /// The octets of the group context.
    pub fn group_context_bytes(&self) -> &[u8] {
        self.bytes.get(..self.view.context_length).unwrap_or_default()
    }

    /// Extensions of the group info, which are not those of the group context.
    pub fn extensions(&self) -> &Extensions {
        &self.view.extensions
    }

    /// The leaf of the signer.
    pub fn signer(&self) -> u32 {
        self.view.signer
    }

    /// The confirmation tag of the epoch.
    pub fn confirmation_tag(&self) -> &[u8] {
        &self.view.confirmation_tag
    }

    /// The signer's signature.
    pub fn signature(&self) -> &[u8] {
        &self.view.signature
    }
}

/// What is known of a [`RatchetTree`] without keeping its nodes (RFC 9420 section 7.8).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RatchetTreeView {
    /// How many nodes the vector holds, blank ones included.
    pub nodes: usize,
    /// How many leaves are not blank.
    pub members: usize,
}

parsed_bytes! {
    /// The ratchet tree as the extension of that name holds it (RFC 9420 section 12.4.3.3): the vector with its length.
    RatchetTree(RatchetTreeView)
}

impl Parsed for RatchetTreeView {
    fn read(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let start = r.clone();
        let mut content = r.vector()?;
        let mut view = Self { nodes: 0, members: 0 };
        let mut last_is_blank = true;
        while !content.is_empty() {
            let is_leaf_place = view.nodes.is_multiple_of(2);
            let node = content.optional_with(|r| node(r, is_leaf_place))?;
            last_is_blank = node.is_none();
            view.members += usize::from(is_leaf_place && !last_is_blank);
            view.nodes += 1;
        }
        if last_is_blank { Err(start.error(&TREE_ENDS_BLANK)) } else { Ok(view) }
    }
}

impl RatchetTree {
    /// The leaves that are not blank, with their indices, in order. They are read anew at each call.
    ///
    /// # Errors
    /// None in practice: the octets were read when the value was made.
    pub fn leaf_nodes(&self) -> Result<Vec<(u32, LeafNode)>, DecodeError> {
        let mut content = Reader::new(&self.bytes).vector()?;
        let mut leaves = Vec::with_capacity(self.view.members);
        let (mut index, mut is_leaf_place) = (0u32, true);
        while !content.is_empty() {
            let node = content.optional_with(|r| node(r, is_leaf_place))?;
            leaves.extend(node.flatten().map(|leaf| (index, leaf)));
            index = index.saturating_add(u32::from(!is_leaf_place));
            is_leaf_place = !is_leaf_place;
        }
        Ok(leaves)
    }
}

/// Reads a node that has to be a leaf or a parent; of a parent nothing is kept.
fn node(r: &mut Reader<'_>, is_leaf_place: bool) -> Result<Option<LeafNode>, DecodeError> {
    let start = r.clone();
    match (r.u8()?, is_leaf_place) {
        (1, true) => LeafNode::decode(r).map(Some),
        (2, false) => {
            r.opaque()?; // encryption key
            r.opaque()?; // parent hash
            let place = r.clone();
            let unmerged: Vec<u32> = r.list()?;
            if unmerged.is_sorted_by(|a, b| a < b) { Ok(None) } else { Err(place.error(&UNMERGED_NOT_SORTED)) }
        }
        (1 | 2, _) => Err(start.error(&NODE_IN_WRONG_PLACE)),
        _ => Err(start.error(&NODE_TYPE_UNKNOWN)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;
    use crate::mls::Credential;
    use crate::testing::{
        GROUP, group_context, group_info, group_info_with_tree, key_package, laws, leaf_node_bytes, refused, tree,
        tree_bytes, welcome,
    };

    #[test]
    fn a_welcome_yields_whom_it_welcomes() {
        let welcome = welcome();
        laws(&welcome);
        assert_eq!(welcome.new_members(), [key_package().reference().unwrap()]);
        assert_eq!(welcome.cipher_suite(), CipherSuite(1));
    }

    #[test]
    fn a_welcome_without_secrets_has_these_octets() {
        let empty = Welcome::from_bytes(&[0, 1, 0, 1, 0xee]).unwrap();
        assert!(empty.new_members().is_empty());
        laws(&empty);
    }

    #[test]
    fn a_group_context_yields_its_external_senders() {
        let sender = ExternalSender { signature_key: vec![1; 32], credential: Credential::basic(*b"hub") };
        let context = group_context(7, vec![sender.clone()]);
        laws(&context);
        assert_eq!(context.external_senders(), Ok(vec![sender]));
        let without = GroupContext { extensions: Extensions::default(), ..context };
        assert_eq!(without.external_senders(), Ok(vec![]));
    }

    #[test]
    fn a_group_info_yields_group_epoch_context_and_signer() {
        let info = group_info(7, vec![], vec![]);
        laws(&info);
        assert_eq!((info.group_id(), info.epoch(), info.signer()), (GROUP, Epoch(7), 3));
        assert_eq!(info.group_context_bytes(), info.group_context().to_bytes().unwrap());
        assert_eq!((info.confirmation_tag(), info.signature()), (&[0xc0; 32][..], &[0x9a; 64][..]));
        assert!(info.extensions().as_slice().is_empty());
        assert!(group_info_with_tree().extensions().contains(ExtensionType::RATCHET_TREE));
    }

    #[test]
    fn a_ratchet_tree_is_a_vector_of_optional_nodes() {
        let tree = tree();
        let bytes = laws(&tree);
        assert_eq!((tree.view().nodes, tree.view().members), (3, 2));
        assert_eq!(bytes, tree.as_bytes());
    }

    #[test]
    fn the_leaves_of_a_ratchet_tree_are_at_every_second_node() {
        let (leaf, blank, parent) = (leaf_node_bytes(), [0], [1, 2, 1, 0xee, 0, 0]);
        let tree = RatchetTree::from_bytes(&tree_bytes(&[&leaf, &parent, &blank, &blank, &leaf])).unwrap();
        let leaves = tree.leaf_nodes().unwrap();
        assert_eq!(leaves.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2]);
        assert_eq!(leaves[1].1.to_bytes().unwrap(), leaf[2..]);
        assert_eq!(leaves.len(), tree.view().members);
    }

    #[test]
    fn a_ratchet_tree_does_not_end_blank() {
        let leaf = leaf_node_bytes();
        refused::<RatchetTree>(&[0], 0, &TREE_ENDS_BLANK);
        refused::<RatchetTree>(&[1, 0], 0, &TREE_ENDS_BLANK);
        refused::<RatchetTree>(&tree_bytes(&[&leaf, &[0]]), 0, &TREE_ENDS_BLANK);
    }

    #[test]
    fn leaves_and_parents_alternate_in_a_ratchet_tree() {
        let leaf = leaf_node_bytes();
        let parent = [1, 2, 1, 0xee, 0, 0];
        let tree = tree_bytes(&[&leaf, &parent, &leaf]);
        assert_eq!(RatchetTree::from_bytes(&tree).unwrap().view().members, 2);
        let (length_of_length, second) = (2, 2 + leaf.len());
        refused::<RatchetTree>(&tree_bytes(&[&leaf, &leaf]), second + 1, &NODE_IN_WRONG_PLACE);
        refused::<RatchetTree>(&tree_bytes(&[&parent]), 2, &NODE_IN_WRONG_PLACE);
        refused::<RatchetTree>(&tree_bytes(&[&leaf, &[1, 3]]), second + 1, &NODE_TYPE_UNKNOWN);
        assert_eq!(length_of_length, tree_bytes(&[&leaf]).len() - leaf.len());
    }

    #[test]
    fn unmerged_leaves_are_sorted() {
        let leaf = leaf_node_bytes();
        let sorted = [1, 2, 1, 0xee, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1];
        laws(&RatchetTree::from_bytes(&tree_bytes(&[&leaf, &sorted, &leaf])).unwrap());
        let unsorted = [1, 2, 1, 0xee, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0];
        refused::<RatchetTree>(&tree_bytes(&[&leaf, &unsorted, &leaf]), 2 + leaf.len() + 5, &UNMERGED_NOT_SORTED);
    }
}
