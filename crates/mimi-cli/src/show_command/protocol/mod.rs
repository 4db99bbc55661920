//! Requests and responses of the endpoints (draft-ietf-mimi-protocol-06 section 5), in the order of the draft.

mod events;
mod group_info;
mod key_material;
mod update;
mod users;

use mimi_protocol::AcceptedTimestamp;
use mimi_protocol::consent::{ConsentEntry, ConsentScope};
use mimi_protocol::group_info::{
    GroupInfoRatchetTreeTbe, GroupInfoRequestIn, GroupInfoRequestTbs, GroupInfoResponseIn, GroupInfoResponseTbs,
    PendingProposal,
};
use mimi_protocol::identifier_query::{IdentifierRequest, IdentifierResponse, ProfileField, QueryElement, UserProfile};
use mimi_protocol::key_material::{
    ClientKeyMaterial, KeyMaterialRequestIn, KeyMaterialRequestTbs, KeyMaterialResponse,
};
use mimi_protocol::report_abuse::{AbuseReport, AbusiveMessage};
use mimi_protocol::submit_message::{SubmitMessageRequest, SubmitMessageResponse};
use mimi_protocol::update::{GroupInfoOption, PartialGroupInfo, RatchetTreeOption, UpdateRequest, UpdateRoomResponse};

use super::registry::ShowType;
use super::tree::{Tree, read};
use crate::screen::utc;

const TREE_OPTIONS: &str = "draft-mahy-mls-ratchet-tree-options-03 section 3";

/// Bodies of requests and responses, what is signed or encrypted in them, and their parts.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("KeyMaterialRequest", "draft-ietf-mimi-protocol-06 section 5.2", |octets| {
        read::<KeyMaterialRequestIn>(octets, key_material::request)
    }),
    ShowType::wire("KeyMaterialRequestTBS", "draft-ietf-mimi-protocol-06 section 5.2", |octets| {
        read::<KeyMaterialRequestTbs>(octets, key_material::request_tbs)
    }),
    ShowType::wire("KeyMaterialResponse", "draft-ietf-mimi-protocol-06 section 5.2", |octets| {
        read::<KeyMaterialResponse>(octets, key_material::response)
    }),
    ShowType::part("ClientKeyMaterial", "draft-ietf-mimi-protocol-06 section 5.2", |octets| {
        read::<ClientKeyMaterial>(octets, key_material::client)
    }),
    ShowType::wire("UpdateRequest", "draft-ietf-mimi-protocol-06 section 5.3", |octets| {
        read::<UpdateRequest>(octets, update::request)
    }),
    ShowType::wire("UpdateRoomResponse", "draft-ietf-mimi-protocol-06 section 5.3", |octets| {
        read::<UpdateRoomResponse>(octets, update::response)
    }),
    ShowType::part("GroupInfoOption", "draft-ietf-mimi-protocol-06 section 5.3", |octets| {
        read::<GroupInfoOption>(octets, update::group_info_option)
    }),
    ShowType::part("RatchetTreeOption", TREE_OPTIONS, |octets| {
        read::<RatchetTreeOption>(octets, update::ratchet_tree_option)
    }),
    ShowType::part("PartialGroupInfo", "draft-mahy-mls-ratchet-tree-options-03 section 4", |octets| {
        read::<PartialGroupInfo>(octets, update::partial_group_info)
    }),
    ShowType::wire("SubmitMessageRequest", "draft-ietf-mimi-protocol-06 section 5.4", |octets| {
        read::<SubmitMessageRequest>(octets, events::submit_request)
    }),
    ShowType::wire("SubmitMessageResponse", "draft-ietf-mimi-protocol-06 section 5.4", |octets| {
        read::<SubmitMessageResponse>(octets, events::submit_response)
    }),
    ShowType::wire("FanoutMessage", "draft-ietf-mimi-protocol-06 section 5.5", |octets| {
        let messages = mimi_protocol::notify::decode_all(octets)?;
        Ok(Tree::list(&messages, events::fanout))
    }),
    ShowType::wire("GroupInfoRequest", "draft-ietf-mimi-protocol-06 section 5.6", |octets| {
        read::<GroupInfoRequestIn>(octets, group_info::request)
    }),
    ShowType::wire("GroupInfoRequestTBS", "draft-ietf-mimi-protocol-06 section 5.6", |octets| {
        read::<GroupInfoRequestTbs>(octets, group_info::request_tbs)
    }),
    ShowType::wire("GroupInfoResponse", "draft-ietf-mimi-protocol-06 section 5.6", |octets| {
        read::<GroupInfoResponseIn>(octets, group_info::response)
    }),
    ShowType::wire("GroupInfoResponseTBS", "draft-ietf-mimi-protocol-06 section 5.6", |octets| {
        read::<GroupInfoResponseTbs>(octets, group_info::response_tbs)
    }),
    ShowType::wire("GroupInfoRatchetTreeTBE", "draft-ietf-mimi-protocol-06 section 5.6", |octets| {
        read::<GroupInfoRatchetTreeTbe>(octets, group_info::content)
    }),
    ShowType::part("PendingProposal", "draft-ietf-mimi-protocol-06 section 5.6", |octets| {
        read::<PendingProposal>(octets, group_info::pending)
    }),
    ShowType::wire("ConsentEntry", "draft-ietf-mimi-protocol-06 section 5.7", |octets| {
        read::<ConsentEntry>(octets, users::consent_entry)
    }),
    ShowType::part("ConsentScope", "draft-ietf-mimi-protocol-06 section 5.7", |octets| {
        read::<ConsentScope>(octets, users::consent_scope)
    }),
    ShowType::wire("IdentifierRequest", "draft-ietf-mimi-protocol-06 section 5.8", |octets| {
        read::<IdentifierRequest>(octets, users::identifier_request)
    }),
    ShowType::part("QueryElement", "draft-ietf-mimi-protocol-06 section 5.8", |octets| {
        read::<QueryElement>(octets, users::query_element)
    }),
    ShowType::wire("IdentifierResponse", "draft-ietf-mimi-protocol-06 section 5.8", |octets| {
        read::<IdentifierResponse>(octets, users::identifier_response)
    }),
    ShowType::part("UserProfile", "draft-ietf-mimi-protocol-06 section 5.8", |octets| {
        read::<UserProfile>(octets, users::profile)
    }),
    ShowType::part("ProfileField", "draft-ietf-mimi-protocol-06 section 5.8", |octets| {
        read::<ProfileField>(octets, users::profile_field)
    }),
    ShowType::wire("AbuseReport", "draft-ietf-mimi-protocol-06 section 5.9", |octets| {
        read::<AbuseReport>(octets, users::abuse_report)
    }),
    ShowType::part("AbusiveMessage", "draft-ietf-mimi-protocol-06 section 5.9", |octets| {
        read::<AbusiveMessage>(octets, users::abusive_message)
    }),
];

/// The only protocol there is.
fn mls10() -> Tree {
    Tree::constant("mls10", 1)
}

/// When the hub accepted something, in milliseconds, with the date as long as the year has four digits.
pub(super) fn accepted(time: AcceptedTimestamp) -> Tree {
    let seconds = time.0 / 1000;
    let note = if seconds < 253_402_300_800 { utc(seconds) } else { String::new() };
    Tree::Number { value: time.0, note: note.into() }
}
