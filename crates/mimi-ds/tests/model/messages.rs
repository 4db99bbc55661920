//! What clients send, in octets.

use mimi_arch::{ClientUri, RoleIndex, UserUri};
use mimi_protocol::{
    CipherSuite, Epoch, IdentifierUri, Wire,
    codec::{put_list, put_opaque},
    mls::{
        AppDataOperation, AppDataUpdate, Capabilities, CommitView, ComponentId, ContentType, Credential, Extension,
        ExtensionType, Extensions, KeyPackage, LeafNode, LeafNodeSource, MlsMessage, PrivateMessageView, ProposalOrRef,
        ProposalView, PublicContent, PublicMessageView, Sender, UpdatePath, Welcome,
    },
    participant_list::{ParticipantListUpdate, UserIndexRolePair, UserRolePair},
    ratchet_tree::RatchetTreeOption,
    submit_message::SubmitMessageRequest,
    update::{GroupInfoOption, HandshakeBundle, PartialGroupInfo, RatchetTreePresence},
};

pub(crate) const SUITE: CipherSuite = CipherSuite::X25519_AES128GCM_SHA256_ED25519;
pub(crate) const GROUP: &str = "mimi://a.example/g/clubhouse";

pub(crate) fn external_pub() -> Extensions {
    let extension = Extension { extension_type: ExtensionType::EXTERNAL_PUB, extension_data: vec![1, 0xe0] };
    Extensions::new(vec![extension]).unwrap()
}

/// The signature key of a client is its name.
pub(crate) fn key(client: &ClientUri) -> Vec<u8> {
    client.as_str().as_bytes().to_vec()
}

pub(crate) fn leaf(client: &ClientUri, source: LeafNodeSource) -> LeafNode {
    LeafNode {
        encryption_key: vec![0xe1; 4],
        signature_key: key(client),
        credential: Credential::basic(client.as_str().as_bytes()),
        capabilities: Capabilities {
            versions: vec![1],
            cipher_suites: vec![1],
            extensions: vec![6],
            proposals: vec![8, 10],
            credentials: vec![1],
        },
        source,
        extensions: Extensions::default(),
        signature: vec![0x5a; 4],
    }
}

pub(crate) fn leaf_of_commit(client: &ClientUri) -> LeafNode {
    leaf(client, LeafNodeSource::Commit { parent_hash: vec![] })
}

pub(crate) fn path(client: &ClientUri) -> UpdatePath {
    UpdatePath { leaf_node: leaf_of_commit(client), nodes: vec![] }
}

pub(crate) fn key_package(client: &ClientUri) -> KeyPackage {
    let mut out = vec![0, 1, 0, 1];
    put_opaque(&mut out, &[0x17; 4]).unwrap();
    leaf(client, LeafNodeSource::KeyPackage { not_before: 0, not_after: u64::MAX }).encode(&mut out).unwrap();
    put_list::<Extension>(&mut out, &[]).unwrap();
    put_opaque(&mut out, &[0x6b; 4]).unwrap();
    KeyPackage::from_bytes(&out).unwrap()
}

pub(crate) fn welcome(key_packages: &[KeyPackage]) -> Welcome {
    let mut secrets = Vec::new();
    for key_package in key_packages {
        key_package.reference().unwrap().encode(&mut secrets).unwrap();
        put_opaque(&mut secrets, &[0x77; 4]).unwrap();
        put_opaque(&mut secrets, &[0x78; 4]).unwrap();
    }
    let mut out = vec![0, 1];
    put_opaque(&mut out, &secrets).unwrap();
    put_opaque(&mut out, &[0x79; 4]).unwrap();
    Welcome::from_bytes(&out).unwrap()
}

pub(crate) fn public(epoch: u64, sender: Sender, by: &ClientUri, content: PublicContent, tag: Vec<u8>) -> MlsMessage {
    let membership_tag = if let Sender::Member(_) = sender { vec![0x3e; 4] } else { vec![] };
    MlsMessage::public(PublicMessageView {
        group_id: GROUP.as_bytes().to_vec(),
        epoch: Epoch(epoch),
        sender,
        authenticated_data: vec![],
        content,
        signature: key(by),
        confirmation_tag: tag,
        membership_tag,
    })
    .unwrap()
}

/// A commit without a path.
pub(crate) fn commit_of(
    epoch: u64,
    leaf: u32,
    by: &ClientUri,
    proposals: Vec<ProposalOrRef>,
    tag: Vec<u8>,
) -> HandshakeBundle {
    let view = CommitView { proposals, path: None };
    HandshakeBundle::Commit {
        commit: public(epoch, Sender::Member(leaf), by, PublicContent::Commit(view), tag),
        welcome: None,
        group_info: partial(by),
        ratchet_tree: RatchetTreeOption::DistributionService,
    }
}

pub(crate) fn proposal(epoch: u64, leaf: u32, by: &ClientUri, proposal: ProposalView) -> MlsMessage {
    public(epoch, Sender::Member(leaf), by, PublicContent::Proposal(proposal), vec![])
}

pub(crate) fn application(epoch: u64, user: &UserUri) -> SubmitMessageRequest {
    let app_message = MlsMessage::private(PrivateMessageView {
        group_id: GROUP.as_bytes().to_vec(),
        epoch: Epoch(epoch),
        content_type: ContentType::Application,
        authenticated_data: vec![],
        encrypted_sender_data: vec![0x5d; 4],
        ciphertext: vec![0xc1; 4],
    });
    SubmitMessageRequest { app_message: app_message.unwrap(), sending_uri: IdentifierUri::from(user.clone()) }
}

pub(crate) fn partial(by: &ClientUri) -> GroupInfoOption {
    GroupInfoOption::Partial(PartialGroupInfo {
        ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
        group_info_extensions: external_pub(),
        signature: key(by),
    })
}

/// A change of the participant list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Listed {
    Add(UserUri, u32),
    Remove(u32),
    Role(u32, u32),
}

impl Listed {
    pub(crate) fn proposal(&self) -> ProposalView {
        let mut update = ParticipantListUpdate::default();
        match self {
            Self::Add(user, role) => {
                update.added_participants.push(UserRolePair::new(user.clone(), RoleIndex(*role)));
            }
            Self::Remove(index) => update.removed_indices.push(*index),
            Self::Role(index, role) => update
                .changed_role_participants
                .push(UserIndexRolePair { user_index: *index, role_index: RoleIndex(*role) }),
        }
        ProposalView::AppDataUpdate(AppDataUpdate {
            component_id: ComponentId::PARTICIPANT_LIST,
            operation: AppDataOperation::Update(update.to_bytes().unwrap()),
        })
    }
}
