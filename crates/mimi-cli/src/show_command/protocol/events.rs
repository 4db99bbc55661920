//! `submitMessage` and `notify` (draft-ietf-mimi-protocol-06 sections 5.4 and 5.5).

use mimi_protocol::notify::{FanoutEvent, FanoutMessage};
use mimi_protocol::submit_message::{SubmitMessageRequest, SubmitMessageResponse};

use super::super::franking::frank;
use super::super::identity::identifier;
use super::super::mls::mls_message;
use super::super::tree::Tree;
use super::update::ratchet_tree_option;
use super::{accepted, mls10};

pub(super) fn submit_request(request: &SubmitMessageRequest) -> Tree {
    Tree::fields([
        ("protocol", mls10()),
        ("appMessage", mls_message(&request.app_message)),
        ("sendingUri", identifier(&request.sending_uri)),
    ])
}

pub(super) fn submit_response(response: &SubmitMessageResponse) -> Tree {
    let tree = Tree::fields([("protocol", mls10())]);
    match response {
        SubmitMessageResponse::Accepted { accepted_timestamp, frank: mark } => tree.and([
            ("statusCode", Tree::constant("accepted", 0)),
            ("accepted_timestamp", accepted(*accepted_timestamp)),
            ("frank", Tree::optional(mark.as_ref(), frank)),
        ]),
        SubmitMessageResponse::NotAllowed => tree.and([("statusCode", Tree::constant("notAllowed", 1))]),
        SubmitMessageResponse::EpochTooOld { current_epoch } => tree
            .and([("statusCode", Tree::constant("epochTooOld", 2)), ("currentEpoch", Tree::number(current_epoch.0))]),
    }
}

pub(super) fn fanout(fanout: &FanoutMessage) -> Tree {
    let tree =
        Tree::fields([("timestamp", accepted(fanout.timestamp)), ("message", mls_message(fanout.event.message()))]);
    match &fanout.event {
        FanoutEvent::Application { frank: mark, .. } => tree.and([("frank", Tree::optional(mark.as_ref(), frank))]),
        FanoutEvent::Welcome { ratchet_tree, .. } => {
            tree.and([("ratchetTreeOption", ratchet_tree_option(ratchet_tree))])
        }
        FanoutEvent::Proposals { more, .. } => tree.and([("moreProposals", Tree::list(more, mls_message))]),
        FanoutEvent::Commit { external_proposals, .. } => {
            tree.and([("externalProposals", Tree::list(external_proposals, mls_message))])
        }
    }
}
