//! A commit of a ReInit in octets (RFC 9420 sections 6, 8.2 and 12.4), since the clients of the library make none. The hub holds no secret of the
//! group, so what only members can check, the tags, is any octets here; signatures, hashes and the GroupInfo are as they have to be.

use mimi_protocol::{
    Epoch, Wire,
    codec::put_opaque,
    crypto::sign_content,
    mls::{
        CommitView, GroupContext, GroupInfo, MlsMessage, ProposalOrRef, ProposalView, PublicContent, PublicMessageView,
        ReInit, Sender,
    },
    ratchet_tree::RatchetTreeOption,
    update::{GroupInfoOption, HandshakeBundle, PartialGroupInfo, RatchetTreePresence},
};
use openmls_traits::signatures::Signer as _;
use sha2::{Digest as _, Sha256};

use crate::support::Client;

const TAG: [u8; 32] = [0xc7; 32];

fn opaque(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_opaque(&mut out, octets).unwrap();
    out
}

/// The names are of RFC 9420.
fn signature(client: &Client, label: &str, content: &[u8]) -> Vec<u8> {
    client.signer.sign(&sign_content(label, content)).unwrap()
}

/// A commit of nothing but a ReInit in epoch 0 of the group of this GroupInfo, without a path.
pub(crate) fn commit(client: &Client, group: &GroupInfo, reinit: &ReInit) -> HandshakeBundle {
    let proposals = vec![ProposalOrRef::Proposal(ProposalView::ReInit(reinit.clone()))];
    let mut view = PublicMessageView {
        group_id: group.group_id().to_vec(),
        epoch: Epoch(0),
        sender: Sender::Member(0),
        authenticated_data: Vec::new(),
        content: PublicContent::Commit(CommitView { proposals, path: None }),
        signature: Vec::new(),
        confirmation_tag: TAG.to_vec(),
        membership_tag: vec![0x3e; 32],
    };
    let context = group.group_context_bytes();
    let tbs = view.framed_content_tbs(context).unwrap();
    view.signature = signature(client, "FramedContentTBS", &tbs);
    // Without the version and the context: wire format and content.
    let content = &tbs[2..tbs.len() - context.len()];
    let interim = Sha256::digest(opaque(group.confirmation_tag()));
    let confirmed = Sha256::new().chain_update(interim).chain_update(content).chain_update(opaque(&view.signature));
    let after = GroupContext {
        epoch: Epoch(1),
        confirmed_transcript_hash: confirmed.finalize().to_vec(),
        ..group.group_context().clone()
    };
    let mut info = after.to_bytes().unwrap();
    group.extensions().encode(&mut info).unwrap();
    info.extend(opaque(&TAG));
    info.extend(0u32.to_be_bytes());
    HandshakeBundle::Commit {
        commit: MlsMessage::public(view).unwrap(),
        welcome: None,
        group_info: GroupInfoOption::Partial(PartialGroupInfo {
            ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
            group_info_extensions: group.extensions().clone(),
            signature: signature(client, "GroupInfoTBS", &info),
        }),
        ratchet_tree: RatchetTreeOption::DistributionService,
    }
}
