//! `update` (draft-ietf-mimi-protocol-06 section 5.3), and ways to convey the tree.

use mimi_protocol::update::{
    GroupInfoOption, HandshakeBundle, PartialGroupInfo, RatchetTreeOption, RatchetTreePresence, UpdateRequest,
    UpdateRoomResponse,
};

use super::super::mls::{extensions, group_info, mls_message, ratchet_tree, welcome};
use super::super::tree::Tree;
use super::accepted;

pub(super) fn request(request: &UpdateRequest) -> Tree {
    let bundle = &request.0;
    let tree = Tree::fields([("proposalOrCommit", mls_message(bundle.message()))]);
    match bundle {
        HandshakeBundle::Commit { welcome: joiners, group_info, ratchet_tree, .. } => tree.and([
            ("welcome", Tree::optional(joiners.as_ref(), welcome)),
            ("groupInfoOption", group_info_option(group_info)),
            ("ratchetTreeOption", ratchet_tree_option(ratchet_tree)),
        ]),
        HandshakeBundle::Proposals { more, .. } => tree.and([("moreProposals", Tree::list(more, mls_message))]),
    }
}

pub(super) fn response(response: &UpdateRoomResponse) -> Tree {
    let description = || ("errorDescription", Tree::text(response.error_description()));
    match response {
        UpdateRoomResponse::Success { accepted_timestamp, .. } => Tree::fields([
            ("responseCode", Tree::constant("success", 0)),
            description(),
            ("accepted_timestamp", accepted(*accepted_timestamp)),
        ]),
        UpdateRoomResponse::WrongEpoch { current_epoch, .. } => Tree::fields([
            ("responseCode", Tree::constant("wrongEpoch", 1)),
            description(),
            ("currentEpoch", Tree::number(current_epoch.0)),
        ]),
        UpdateRoomResponse::NotAllowed { .. } => {
            Tree::fields([("responseCode", Tree::constant("notAllowed", 2)), description()])
        }
        UpdateRoomResponse::InvalidProposal { invalid_proposals, .. } => Tree::fields([
            ("responseCode", Tree::constant("invalidProposal", 3)),
            description(),
            ("invalidProposals", Tree::list(invalid_proposals, |reference| Tree::octets(reference.as_bytes()))),
        ]),
    }
}

pub(super) fn group_info_option(option: &GroupInfoOption) -> Tree {
    match option {
        GroupInfoOption::Full(info) => {
            Tree::fields([("representation", Tree::constant("full", 1)), ("groupInfo", group_info(info))])
        }
        GroupInfoOption::Partial(partial) => Tree::fields([
            ("representation", Tree::constant("partial", 2)),
            ("partialGroupInfo", partial_group_info(partial)),
        ]),
    }
}

pub(super) fn partial_group_info(partial: &PartialGroupInfo) -> Tree {
    let presence = match partial.ratchet_tree_presence {
        RatchetTreePresence::NoRatchetTree => Tree::constant("no_ratchet_tree", 0),
        RatchetTreePresence::Present => Tree::constant("present", 1),
        RatchetTreePresence::Removed => Tree::constant("removed", 2),
        RatchetTreePresence::Added => Tree::constant("added", 3),
    };
    Tree::fields([
        ("ratchet_tree_presence", presence),
        ("group_info_extensions", extensions(&partial.group_info_extensions)),
        ("signature", Tree::octets(partial.signature.as_slice())),
    ])
}

pub(super) fn ratchet_tree_option(option: &RatchetTreeOption) -> Tree {
    match option {
        RatchetTreeOption::Full(tree) => {
            Tree::fields([("representation", Tree::constant("full", 1)), ("ratchet_tree", ratchet_tree(tree))])
        }
        RatchetTreeOption::HttpsUri { url, tree_signature } => Tree::fields([
            ("representation", Tree::constant("httpsUri", 2)),
            ("ratchet_tree_url", Tree::text(url.as_str())),
            ("tree_signature", Tree::octets(tree_signature.as_slice())),
        ]),
        RatchetTreeOption::OutOfBand { tree_signature } => Tree::fields([
            ("representation", Tree::constant("outOfBand", 3)),
            ("tree_signature", Tree::octets(tree_signature.as_slice())),
        ]),
        RatchetTreeOption::DistributionService => {
            Tree::fields([("representation", Tree::constant("distributionService", 4))])
        }
    }
}
