//! `groupInfo` (draft-ietf-mimi-protocol-06 section 5.6).

use mimi_protocol::group_info::{
    GroupInfoRatchetTreeTbe, GroupInfoRequestIn, GroupInfoRequestTbs, GroupInfoResponse, GroupInfoResponseIn,
    GroupInfoResponseTbs, PendingProposal,
};

use super::super::identity::identifier;
use super::super::mls::{credential, external_sender, hpke_ciphertext, mls_message, suite};
use super::super::{mls, tree::Tree};
use super::update::ratchet_tree_option;
use super::{accepted, mls10};

pub(super) fn request(request: &GroupInfoRequestIn) -> Tree {
    request_tbs(request.unverified_tbs()).and([("signature", Tree::octets(request.unverified_signature()))])
}

pub(super) fn request_tbs(tbs: &GroupInfoRequestTbs) -> Tree {
    Tree::fields([
        ("protocol", mls10()),
        ("cipher_suite", suite(tbs.cipher_suite)),
        ("requestingSignatureKey", Tree::octets(tbs.requesting_signature_key.as_slice())),
        ("requestingCredential", credential(&tbs.requesting_credential)),
        ("groupInfoPublicKey", Tree::octets(tbs.group_info_public_key.as_slice())),
        ("joiningCode", Tree::optional(tbs.joining_code.as_deref(), Tree::octets)),
    ])
}

pub(super) fn response(response: &GroupInfoResponseIn) -> Tree {
    match response.unverified() {
        GroupInfoResponse::Success { tbs, signature } => {
            response_tbs(tbs).and([("signature", Tree::octets(signature.as_slice()))])
        }
        GroupInfoResponse::NotAuthorized { room_id } | GroupInfoResponse::NoSuchRoom { room_id } => Tree::fields([
            ("version", mls10()),
            ("room_id", identifier(room_id)),
            ("status", Tree::word(&response.status())),
        ]),
    }
}

pub(super) fn response_tbs(tbs: &GroupInfoResponseTbs) -> Tree {
    Tree::fields([
        ("version", mls10()),
        ("room_id", identifier(&tbs.room_id)),
        ("status", Tree::constant("success", 1)),
        ("cipher_suite", suite(tbs.cipher_suite)),
        ("hub_sender", external_sender(&tbs.hub_sender)),
        ("encrypted_groupinfo_and_tree", hpke_ciphertext(&tbs.encrypted_groupinfo_and_tree)),
    ])
}

pub(super) fn content(content: &GroupInfoRatchetTreeTbe) -> Tree {
    Tree::fields([
        ("groupInfo", mls::group_info(&content.group_info)),
        ("ratchetTreeOption", ratchet_tree_option(&content.ratchet_tree)),
        ("pending_proposals", Tree::list(&content.pending_proposals, pending)),
    ])
}

pub(super) fn pending(pending: &PendingProposal) -> Tree {
    Tree::fields([
        ("proposal", mls_message(&pending.proposal)),
        ("hub_accepted_time", accepted(pending.hub_accepted_time)),
    ])
}
