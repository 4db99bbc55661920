//! Objects of MLS (RFC 9420 and the mls-extensions draft).

mod group;
mod message;
mod proposal;

use mimi_protocol::mls::{
    AppDataDictionary, AppDataUpdate, AppEphemeral, Capabilities, CommitView, Credential, Extensions, ExternalSender,
    ExternalSenders, GroupContext, GroupInfo, HpkeCiphertext, KeyPackage, LeafNode, MlsMessage, PreSharedKeyId,
    PrivateMessageView, ProposalOrRef, ProposalView, PublicMessageView, RatchetTree, RequiredCapabilities, UpdatePath,
    Welcome,
};

use super::registry::ShowType;
use super::tree::{ShowError, Tree, read};

pub(super) use group::{
    capabilities, credential, dictionary, external_sender, group_info, key_package, ratchet_tree,
    required_capabilities, welcome,
};
pub(super) use group::{extensions, suite};
pub(super) use message::{authenticated_data, mls_message};
pub(super) use proposal::hpke_ciphertext;

/// A `Welcome` or other object without its `MLSMessage` frame, and all else that RFC 9420 defines and a MIMI provider meets.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("MLSMessage", "RFC 9420 section 6", |octets| read::<MlsMessage>(octets, mls_message)),
    ShowType::part("PublicMessage", "RFC 9420 section 6.2", |octets| {
        read::<PublicMessageView>(octets, message::public_message)
    }),
    ShowType::part("PrivateMessage", "RFC 9420 section 6.3", |octets| {
        read::<PrivateMessageView>(octets, message::private_message)
    }),
    ShowType::wire("Welcome", "RFC 9420 section 12.4.3.1", |octets| read::<Welcome>(octets, welcome)),
    ShowType::wire("GroupInfo", "RFC 9420 section 12.4.3", |octets| read::<GroupInfo>(octets, group_info)),
    ShowType::wire("GroupContext", "RFC 9420 section 8.1", |octets| read::<GroupContext>(octets, group::group_context)),
    ShowType::part("ratchet_tree", "RFC 9420 section 12.4.3.3", |octets| read::<RatchetTree>(octets, ratchet_tree)),
    ShowType::wire("KeyPackage", "RFC 9420 section 10", |octets| read::<KeyPackage>(octets, key_package)),
    ShowType::part("LeafNode", "RFC 9420 section 7.2", |octets| read::<LeafNode>(octets, group::leaf_node)),
    ShowType::part("Capabilities", "RFC 9420 section 7.2", |octets| read::<Capabilities>(octets, capabilities)),
    ShowType::part("Credential", "RFC 9420 section 5.3", |octets| read::<Credential>(octets, credential)),
    ShowType::part("Extensions", "RFC 9420 section 13.4", |octets| read::<Extensions>(octets, extensions)),
    ShowType::part("RequiredCapabilities", "RFC 9420 section 11.1", |octets| {
        read::<RequiredCapabilities>(octets, required_capabilities)
    }),
    ShowType::part("ExternalSender", "RFC 9420 section 12.1.8.1", |octets| {
        read::<ExternalSender>(octets, external_sender)
    }),
    ShowType::part("external_senders", "RFC 9420 section 12.1.8.1", |octets| {
        read::<ExternalSenders>(octets, group::external_senders)
    }),
    ShowType::part("Proposal", "RFC 9420 section 12.1", |octets| read::<ProposalView>(octets, proposal::proposal)),
    ShowType::part("ProposalOrRef", "RFC 9420 section 12.4", |octets| {
        read::<ProposalOrRef>(octets, proposal::proposal_or_ref)
    }),
    ShowType::part("Commit", "RFC 9420 section 12.4", |octets| read::<CommitView>(octets, proposal::commit)),
    ShowType::part("UpdatePath", "RFC 9420 section 7.6", |octets| read::<UpdatePath>(octets, proposal::update_path)),
    ShowType::part("HPKECiphertext", "RFC 9420 section 7.6", |octets| read::<HpkeCiphertext>(octets, hpke_ciphertext)),
    ShowType::part("PreSharedKeyID", "RFC 9420 section 8.4", |octets| {
        read::<PreSharedKeyId>(octets, proposal::pre_shared_key_id)
    }),
    ShowType::wire("AppDataDictionary", "draft-ietf-mls-extensions-09 section 4.6", |octets| {
        read::<AppDataDictionary>(octets, group::context_dictionary)
    }),
    ShowType::part("AppDataUpdate", "draft-ietf-mls-extensions-09 section 4.7", |octets| {
        read::<AppDataUpdate>(octets, proposal::app_data_update)
    }),
    ShowType::part("AppEphemeral", "draft-ietf-mls-extensions-09 section 4.8", |octets| {
        read::<AppEphemeral>(octets, proposal::app_ephemeral)
    }),
    ShowType::wire("ComponentsList", "draft-ietf-mls-extensions-09 section 4.5", components_list),
];

/// Component IDs: what `app_components` and `safe_aad` hold.
pub(super) fn components_list(octets: &[u8]) -> Result<Tree, ShowError> {
    let mut reader = mimi_protocol::codec::Reader::new(octets);
    let ids = reader.list::<u16>()?;
    reader.finish()?;
    let values = ids.into_iter().map(u64::from).collect();
    Ok(Tree::fields([("component_ids", Tree::Numbers { values, name: super::names::component })]))
}
