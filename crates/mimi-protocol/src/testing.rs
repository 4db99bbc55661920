//! What the unit tests of all modules share: MLS objects to put into requests, besides the laws every type keeps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub(crate) use mimi_arch::testing::{laws, not_written, octets, position, refused};
use sha2::{Digest, Sha256};

use crate::codec::{Wire, put_list, put_opaque};
use crate::crypto::{Hpke, HpkeCiphertext, HpkeError};
use crate::mls::{
    Capabilities, CommitView, Credential, Extension, ExtensionType, Extensions, GroupContext, GroupInfo, KeyPackage,
    LeafNode, LeafNodeSource, MlsMessage, PrivateMessageView, ProposalOrRef, ProposalView, PublicContent,
    PublicMessageView, RatchetTree, Sender, UpdatePath, UpdatePathNode, Welcome,
};
use crate::mls::{ContentType, ExternalSender, ExternalSenders};
use crate::values::{CipherSuite, Epoch};

pub(crate) const GROUP: &[u8] = b"mimi://a.example/g/clubhouse";
pub(crate) const SUITE: CipherSuite = CipherSuite::X25519_AES128GCM_SHA256_ED25519;

pub(crate) fn capabilities() -> Capabilities {
    Capabilities {
        versions: vec![1],
        cipher_suites: vec![1, 0x0a0a],
        extensions: vec![6],
        proposals: vec![8, 10],
        credentials: vec![1],
    }
}

pub(crate) fn leaf(source: LeafNodeSource) -> LeafNode {
    LeafNode {
        encryption_key: vec![0xe1; 32],
        signature_key: vec![0x51; 32],
        credential: Credential::basic(*b"mimi://b.example/d/bob/phone"),
        capabilities: capabilities(),
        source,
        extensions: Extensions::default(),
        signature: vec![0x5a; 64],
    }
}

pub(crate) fn key_package_source() -> LeafNodeSource {
    LeafNodeSource::KeyPackage { not_before: 1_700_000_000, not_after: 1_707_000_000 }
}

pub(crate) fn key_package_bytes(source: LeafNodeSource, extensions: Vec<Extension>) -> Vec<u8> {
    let mut out = vec![0, 1, 0, 1];
    put_opaque(&mut out, &[0x17; 32]).unwrap();
    leaf(source).encode(&mut out).unwrap();
    put_list(&mut out, &extensions).unwrap();
    put_opaque(&mut out, &[0x6b; 64]).unwrap();
    out
}

pub(crate) fn key_package() -> KeyPackage {
    KeyPackage::from_bytes(&key_package_bytes(key_package_source(), vec![])).unwrap()
}

pub(crate) fn welcome() -> Welcome {
    let mut secret = Vec::new();
    key_package().reference().unwrap().encode(&mut secret).unwrap();
    put_opaque(&mut secret, &[0x77; 32]).unwrap();
    put_opaque(&mut secret, &[0x78; 52]).unwrap();
    let mut out = vec![0, 1];
    put_opaque(&mut out, &secret).unwrap();
    put_opaque(&mut out, &[0x79; 80]).unwrap();
    Welcome::from_bytes(&out).unwrap()
}

pub(crate) fn group_context(epoch: u64, senders: Vec<ExternalSender>) -> GroupContext {
    let external_senders = Extension {
        extension_type: ExtensionType::EXTERNAL_SENDERS,
        extension_data: ExternalSenders(senders).to_bytes().unwrap(),
    };
    GroupContext {
        cipher_suite: SUITE,
        group_id: GROUP.to_vec(),
        epoch: Epoch(epoch),
        tree_hash: vec![0x74; 32],
        confirmed_transcript_hash: vec![0x63; 32],
        extensions: Extensions::new(vec![external_senders]).unwrap(),
    }
}

pub(crate) fn group_info(epoch: u64, senders: Vec<ExternalSender>, extensions: Vec<Extension>) -> GroupInfo {
    let mut out = group_context(epoch, senders).to_bytes().unwrap();
    put_list(&mut out, &extensions).unwrap();
    put_opaque(&mut out, &[0xc0; 32]).unwrap();
    out.extend(3u32.to_be_bytes());
    put_opaque(&mut out, &[0x9a; 64]).unwrap();
    GroupInfo::from_bytes(&out).unwrap()
}

pub(crate) fn group_info_with_tree() -> GroupInfo {
    let tree = Extension { extension_type: ExtensionType::RATCHET_TREE, extension_data: tree().as_bytes().to_vec() };
    group_info(8, vec![], vec![tree])
}

pub(crate) fn tree_bytes(nodes: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    put_opaque(&mut out, &nodes.concat()).unwrap();
    out
}

pub(crate) fn leaf_node_bytes() -> Vec<u8> {
    let mut out = vec![1, 1];
    leaf(key_package_source()).encode(&mut out).unwrap();
    out
}

/// A tree of two leaves with a blank parent.
pub(crate) fn tree() -> RatchetTree {
    let leaf = leaf_node_bytes();
    RatchetTree::from_bytes(&tree_bytes(&[&leaf, &[0], &leaf])).unwrap()
}

pub(crate) fn public(epoch: u64, sender: Sender, content: PublicContent) -> MlsMessage {
    let confirmation_tag = match content {
        PublicContent::Commit(_) => vec![0xcf; 32],
        _ => vec![],
    };
    let membership_tag = match sender {
        Sender::Member(_) => vec![0x3e; 32],
        _ => vec![],
    };
    MlsMessage::public(PublicMessageView {
        group_id: GROUP.to_vec(),
        epoch: Epoch(epoch),
        sender,
        authenticated_data: vec![],
        content,
        signature: vec![0x51; 64],
        confirmation_tag,
        membership_tag,
    })
    .unwrap()
}

pub(crate) fn proposal(epoch: u64) -> MlsMessage {
    public(epoch, Sender::Member(1), PublicContent::Proposal(ProposalView::SelfRemove))
}

pub(crate) fn path() -> UpdatePath {
    UpdatePath {
        leaf_node: leaf(LeafNodeSource::Commit { parent_hash: vec![0x68; 32] }),
        nodes: vec![UpdatePathNode {
            encryption_key: vec![0xe2; 32],
            encrypted_path_secret: vec![HpkeCiphertext { kem_output: vec![1; 32], ciphertext: vec![2; 48] }],
        }],
    }
}

pub(crate) fn commit_view() -> CommitView {
    CommitView {
        proposals: vec![
            ProposalOrRef::Proposal(ProposalView::Add(Box::new(key_package()))),
            ProposalOrRef::Reference(crate::ProposalRef::new(vec![0x72; 32])),
        ],
        path: Some(Box::new(path())),
    }
}

pub(crate) fn commit(epoch: u64) -> MlsMessage {
    public(epoch, Sender::Member(0), PublicContent::Commit(commit_view()))
}

pub(crate) fn external_commit(epoch: u64) -> MlsMessage {
    public(epoch, Sender::NewMemberCommit, PublicContent::Commit(commit_view()))
}

pub(crate) fn private(content_type: ContentType) -> MlsMessage {
    MlsMessage::private(PrivateMessageView {
        group_id: GROUP.to_vec(),
        epoch: Epoch(7),
        content_type,
        authenticated_data: vec![0xaa],
        encrypted_sender_data: vec![0x5d; 28],
        ciphertext: vec![0xc1; 40],
    })
    .unwrap()
}

pub(crate) fn application() -> MlsMessage {
    private(ContentType::Application)
}

/// Something that has the interface of HPKE and checks key, info, additional data and integrity, and is no encryption
/// at all. Its private key is its public key.
pub(crate) struct ToyHpke;

impl ToyHpke {
    fn seal_with(key: &[u8], info: &[u8], aad: &[u8], plaintext: &[u8]) -> HpkeCiphertext {
        let mut hash = Sha256::new();
        for part in [key, info, aad, plaintext] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        HpkeCiphertext {
            kem_output: hash.finalize().to_vec(),
            ciphertext: plaintext.iter().map(|o| o ^ 0x55).collect(),
        }
    }
}

impl Hpke for ToyHpke {
    fn seal(
        &self,
        suite: CipherSuite,
        public_key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, HpkeError> {
        if suite != SUITE {
            return Err(HpkeError::UnsupportedCipherSuite(suite));
        }
        Ok(Self::seal_with(public_key, info, aad, plaintext))
    }

    fn open(
        &self,
        _: CipherSuite,
        private_key: &[u8],
        info: &[u8],
        aad: &[u8],
        ciphertext: &HpkeCiphertext,
    ) -> Result<Vec<u8>, HpkeError> {
        let plaintext: Vec<u8> = ciphertext.ciphertext.iter().map(|octet| octet ^ 0x55).collect();
        let again = Self::seal_with(private_key, info, aad, &plaintext);
        if again == *ciphertext { Ok(plaintext) } else { Err(HpkeError::Open) }
    }
}
