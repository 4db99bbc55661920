//! Franking and the data it stands in (draft-ietf-mimi-protocol-06 section 5.4.1, mls-extensions draft section 4.9).

use mimi_protocol::franking::{
    FrankAad, FrankingAgentData, FrankingAgentUpdate, FrankingIntegrityTbs, ServerFrankingContext,
};
use mimi_protocol::mls::ComponentId;
use mimi_protocol::safe_aad::{SafeAad, SafeAadItem};
use mimi_protocol::submit_message::Frank;

use super::identity::identifier;
use super::mls::{credential, suite};
use super::names;
use super::protocol::accepted;
use super::registry::ShowType;
use super::tree::{Tree, read};

/// Tags, marks, what is signed, and the agent who signs.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::part("Frank", "draft-ietf-mimi-protocol-06 section 5.4", |octets| read::<Frank>(octets, frank)),
    ShowType::wire("FrankAAD", "draft-ietf-mimi-protocol-06 section 5.4.1", |octets| {
        read::<FrankAad>(octets, frank_aad)
    }),
    ShowType::wire("FrankingAgentData", "draft-ietf-mimi-protocol-06 section 5.4.1", |octets| {
        read::<FrankingAgentData>(octets, agent)
    }),
    ShowType::part("FrankingAgentUpdate", "draft-ietf-mimi-protocol-06 section 5.4.1", |octets| {
        read::<FrankingAgentUpdate>(octets, |update| agent(&update.0))
    }),
    ShowType::part("ServerFrankingContext", "draft-ietf-mimi-protocol-06 section 5.4.1.2", |octets| {
        read::<ServerFrankingContext>(octets, context)
    }),
    ShowType::wire("FrankingIntegrityTBS", "draft-ietf-mimi-protocol-06 section 5.4.1.2", |octets| {
        read::<FrankingIntegrityTbs>(octets, integrity_tbs)
    }),
    ShowType::wire("SafeAAD", "draft-ietf-mls-extensions-09 section 4.9", |octets| read::<SafeAad>(octets, safe_aad)),
    ShowType::part("SafeAADItem", "draft-ietf-mls-extensions-09 section 4.9", |octets| {
        read::<SafeAadItem>(octets, safe_aad_item)
    }),
];

/// The hub's mark on a message.
pub(super) fn frank(frank: &Frank) -> Tree {
    Tree::fields([
        ("server_frank", Tree::octets(frank.server_frank)),
        ("franking_signature_ciphersuite", suite(frank.franking_signature_ciphersuite)),
        ("franking_integrity_signature", Tree::octets(frank.franking_integrity_signature.as_slice())),
    ])
}

fn frank_aad(aad: &FrankAad) -> Tree {
    Tree::fields([("franking_tag", Tree::octets(*aad.franking_tag.as_bytes()))])
}

/// Who signs for the hub.
pub(super) fn agent(agent: &FrankingAgentData) -> Tree {
    Tree::fields([
        ("franking_signature_key", Tree::octets(agent.franking_signature_key.as_slice())),
        ("credential", credential(&agent.credential)),
    ])
}

fn context(context: &ServerFrankingContext) -> Tree {
    Tree::fields([
        ("sender_uri", identifier(&context.sender_uri)),
        ("room_uri", identifier(&context.room_uri)),
        ("accepted_timestamp", accepted(context.accepted_timestamp)),
    ])
}

fn integrity_tbs(tbs: &FrankingIntegrityTbs) -> Tree {
    Tree::fields([
        ("server_frank", Tree::octets(*tbs.server_frank.as_bytes())),
        ("franking_signature_ciphersuite", suite(tbs.franking_signature_ciphersuite)),
        ("context", context(&tbs.context)),
    ])
}

/// What components add to the authenticated data of a message.
pub(super) fn safe_aad(aad: &SafeAad) -> Tree {
    Tree::fields([("aad_items", Tree::list(aad.items(), safe_aad_item))])
}

fn safe_aad_item(item: &SafeAadItem) -> Tree {
    let data = item.aad_item_data.as_slice();
    let shown = match item.component_id {
        ComponentId::FRANK_AAD => Tree::inside(data, "FrankAAD", frank_aad),
        _ => Tree::octets(data),
    };
    Tree::fields([("component_id", Tree::named(item.component_id.0, names::component)), ("aad_item_data", shown)])
}
