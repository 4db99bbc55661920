//! Proposals and commits (RFC 9420 section 12, mls-extensions draft sections 4.7, 4.8 and 6).

use mimi_protocol::mls::{
    AppDataOperation, AppDataUpdate, AppEphemeral, CommitView, HpkeCiphertext, PreSharedKeyId, ProposalOrRef,
    ProposalView, UpdatePath,
};

use super::super::{names, rooms, tree::Tree};
use super::group;

/// A proposal.
pub(super) fn proposal(proposal: &ProposalView) -> Tree {
    let tree = Tree::fields([("proposal_type", Tree::named(proposal.proposal_type(), names::proposal_type))]);
    match proposal {
        ProposalView::Add(package) => tree.and([("key_package", group::key_package(package))]),
        ProposalView::Update(leaf) => tree.and([("leaf_node", group::leaf_node(leaf))]),
        ProposalView::Remove(leaf) => tree.and([("removed", Tree::number(*leaf))]),
        ProposalView::PreSharedKey(psk) => tree.and([("psk", pre_shared_key_id(psk))]),
        ProposalView::ReInit(reinit) => tree.and([
            ("group_id", Tree::octets(reinit.group_id.as_slice())),
            ("version", Tree::constant("mls10", 1)),
            ("cipher_suite", group::suite(reinit.cipher_suite)),
            ("extensions", group::extensions(&reinit.extensions)),
        ]),
        ProposalView::ExternalInit { kem_output } => tree.and([("kem_output", Tree::octets(kem_output.as_slice()))]),
        ProposalView::GroupContextExtensions(extensions) => {
            tree.and([("extensions", group::context_extensions(extensions))])
        }
        ProposalView::AppDataUpdate(update) => tree.and([("app_data_update", app_data_update(update))]),
        ProposalView::AppEphemeral(ephemeral) => tree.and([("app_ephemeral", app_ephemeral(ephemeral))]),
        ProposalView::SelfRemove => tree,
        // The enumeration grows with the reader.
        #[allow(unreachable_patterns)]
        _ => tree,
    }
}

/// A proposal of a commit.
pub(super) fn proposal_or_ref(item: &ProposalOrRef) -> Tree {
    match item {
        ProposalOrRef::Proposal(inner) => {
            Tree::fields([("type", Tree::constant("proposal", 1)), ("proposal", proposal(inner))])
        }
        ProposalOrRef::Reference(reference) => {
            Tree::fields([("type", Tree::constant("reference", 2)), ("reference", Tree::octets(reference.as_bytes()))])
        }
    }
}

/// A commit.
pub(super) fn commit(commit: &CommitView) -> Tree {
    Tree::fields([
        ("proposals", Tree::list(&commit.proposals, proposal_or_ref)),
        ("path", Tree::optional(commit.path.as_deref(), update_path)),
    ])
}

/// The new keys on the way from a leaf to the root.
pub(super) fn update_path(path: &UpdatePath) -> Tree {
    let nodes = Tree::list(&path.nodes, |node| {
        Tree::fields([
            ("encryption_key", Tree::octets(node.encryption_key.as_slice())),
            ("encrypted_path_secret", Tree::list(&node.encrypted_path_secret, hpke_ciphertext)),
        ])
    });
    Tree::fields([("leaf_node", group::leaf_node(&path.leaf_node)), ("nodes", nodes)])
}

/// Something encrypted to one key.
pub(in super::super) fn hpke_ciphertext(ciphertext: &HpkeCiphertext) -> Tree {
    Tree::fields([
        ("kem_output", Tree::octets(ciphertext.kem_output.as_slice())),
        ("ciphertext", Tree::octets(ciphertext.ciphertext.as_slice())),
    ])
}

/// What names a pre-shared key.
pub(super) fn pre_shared_key_id(psk: &PreSharedKeyId) -> Tree {
    match psk {
        PreSharedKeyId::External { psk_id, psk_nonce } => Tree::fields([
            ("psktype", Tree::constant("external", 1)),
            ("psk_id", Tree::octets(psk_id.as_slice())),
            ("psk_nonce", Tree::octets(psk_nonce.as_slice())),
        ]),
        PreSharedKeyId::Resumption { usage, psk_group_id, psk_epoch, psk_nonce } => Tree::fields([
            ("psktype", Tree::constant("resumption", 2)),
            ("usage", Tree::word(usage)),
            ("psk_group_id", Tree::octets(psk_group_id.as_slice())),
            ("psk_epoch", Tree::number(psk_epoch.0)),
            ("psk_nonce", Tree::octets(psk_nonce.as_slice())),
        ]),
        PreSharedKeyId::Application { component_id, psk_id, psk_nonce } => Tree::fields([
            ("psktype", Tree::constant("application", 3)),
            ("component_id", Tree::named(component_id.0, names::component)),
            ("psk_id", Tree::octets(psk_id.as_slice())),
            ("psk_nonce", Tree::octets(psk_nonce.as_slice())),
        ]),
    }
}

/// A change of a component's data.
pub(super) fn app_data_update(update: &AppDataUpdate) -> Tree {
    let tree = Tree::fields([("component_id", Tree::named(update.component_id.0, names::component))]);
    match &update.operation {
        AppDataOperation::Update(data) => tree
            .and([("op", Tree::constant("update", 1)), ("update", rooms::component_update(update.component_id, data))]),
        AppDataOperation::Remove => tree.and([("op", Tree::constant("remove", 2))]),
    }
}

/// Data of a component that last for one commit.
pub(super) fn app_ephemeral(ephemeral: &AppEphemeral) -> Tree {
    Tree::fields([
        ("component_id", Tree::named(ephemeral.component_id.0, names::component)),
        ("data", Tree::octets(ephemeral.data.as_slice())),
    ])
}
