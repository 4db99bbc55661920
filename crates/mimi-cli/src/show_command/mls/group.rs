//! Groups and their members (RFC 9420 sections 5.3, 7, 8.1, 10, 11.1 and 12.4.3).

use mimi_protocol::CipherSuite;
use mimi_protocol::codec::{DecodeError, EncodeError, Reader, Wire};
use mimi_protocol::mls::{
    AppDataDictionary, Capabilities, ComponentData, ComponentId, Credential, Extension, ExtensionType, Extensions,
    ExternalSender, ExternalSenders, GroupContext, GroupInfo, HpkeCiphertext, KeyPackage, LeafNode, LeafNodeSource,
    RatchetTree, RequiredCapabilities, Welcome,
};
use mimi_protocol::semi_private_message::WireFormats;

use super::super::{minimal_metadata, names, rooms, tree::Tree};
use super::proposal::hpke_ciphertext;
use crate::screen::utc;

/// A cipher suite.
pub(in super::super) fn suite(suite: CipherSuite) -> Tree {
    Tree::named(suite.0, names::cipher_suite)
}

fn numbers(values: &[u16], name: fn(u64) -> &'static str) -> Tree {
    Tree::Numbers { values: values.iter().copied().map(u64::from).collect(), name }
}

/// A credential.
pub(in super::super) fn credential(credential: &Credential) -> Tree {
    let tree = Tree::fields([("credential_type", Tree::named(credential.credential_type(), names::credential_type))]);
    if let Some(pseudonymous) = credential.as_pseudonymous() {
        return tree.and([("pseudonymous_credential", minimal_metadata::credential(pseudonymous))]);
    }
    match (credential.as_basic(), credential.as_x509()) {
        (Some(identity), _) => tree.and([("identity", Tree::octets(identity))]),
        (_, Some(chain)) => tree.and([("certificates", Tree::list(chain, |der| Tree::octets(der.as_slice())))]),
        _ => tree,
    }
}

/// What a client can do.
pub(in super::super) fn capabilities(capabilities: &Capabilities) -> Tree {
    Tree::fields([
        ("versions", numbers(&capabilities.versions, names::protocol_version)),
        ("cipher_suites", numbers(&capabilities.cipher_suites, names::cipher_suite)),
        ("extensions", numbers(&capabilities.extensions, names::extension_type)),
        ("proposals", numbers(&capabilities.proposals, names::proposal_type)),
        ("credentials", numbers(&capabilities.credentials, names::credential_type)),
    ])
}

/// What every client of a group has to be able to do.
pub(in super::super) fn required_capabilities(required: &RequiredCapabilities) -> Tree {
    Tree::fields([
        ("extension_types", numbers(&required.extension_types, names::extension_type)),
        ("proposal_types", numbers(&required.proposal_types, names::proposal_type)),
        ("credential_types", numbers(&required.credential_types, names::credential_type)),
    ])
}

/// Somebody outside the group who may propose.
pub(in super::super) fn external_sender(sender: &ExternalSender) -> Tree {
    Tree::fields([
        ("signature_key", Tree::octets(sender.signature_key.as_slice())),
        ("credential", credential(&sender.credential)),
    ])
}

/// The extension `external_senders`.
pub(super) fn external_senders(senders: &ExternalSenders) -> Tree {
    Tree::list(&senders.0, external_sender)
}

/// Extensions of a leaf node, key package or group info.
pub(in super::super) fn extensions(extensions: &Extensions) -> Tree {
    Tree::list(extensions, |one| extension(one, dictionary_of_known))
}

/// Extensions of a group context.
pub(super) fn context_extensions(extensions: &Extensions) -> Tree {
    Tree::list(extensions, |one| extension(one, context_dictionary))
}

fn extension(extension: &Extension, in_dictionary: fn(&AppDataDictionary) -> Tree) -> Tree {
    let data = extension.extension_data.as_slice();
    let content = match extension.extension_type {
        ExtensionType::APP_DATA_DICTIONARY => Tree::inside(data, "AppDataDictionary", in_dictionary),
        ExtensionType::REQUIRED_CAPABILITIES => Tree::inside(data, "RequiredCapabilities", required_capabilities),
        ExtensionType::EXTERNAL_SENDERS => Tree::inside(data, "external_senders", external_senders),
        ExtensionType::RATCHET_TREE => Tree::inside(data, "ratchet_tree", ratchet_tree),
        ExtensionType::SUPPORTED_WIRE_FORMATS | ExtensionType::REQUIRED_WIRE_FORMATS => {
            Tree::inside(data, "WireFormats", |formats: &WireFormats| {
                let values = formats.0.iter().map(|format| format.0.into()).collect();
                Tree::fields([("wire_formats", Tree::Numbers { values, name: names::wire_format })])
            })
        }
        ExtensionType::EXTERNAL_PUB => Tree::inside(data, "ExternalPub", |ExternalPub(key)| {
            Tree::fields([("external_pub", Tree::octets(key.as_slice()))])
        }),
        _ => Tree::octets(data),
    };
    Tree::fields([
        ("extension_type", Tree::named(extension.extension_type.0, names::extension_type)),
        ("extension_data", content),
    ])
}

/// The extension `external_pub`.
struct ExternalPub(Vec<u8>);

impl Wire for ExternalPub {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self(r.opaque()?.to_vec()))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        mimi_protocol::codec::put_opaque(out, &self.0)
    }
}

/// A dictionary whose entries mean what their endpoint says, which nobody knows here.
pub(in super::super) fn dictionary(dictionary: &AppDataDictionary) -> Tree {
    entries(dictionary, |_, data| Tree::octets(data))
}

/// The dictionary of a group context: state of the room.
pub(super) fn context_dictionary(dictionary: &AppDataDictionary) -> Tree {
    Tree::fields([("component_data", entries(dictionary, rooms::component_data))])
}

/// The dictionary of a client: what it can do.
fn dictionary_of_known(dictionary: &AppDataDictionary) -> Tree {
    Tree::fields([("component_data", entries(dictionary, rooms::client_component_data))])
}

fn entries(dictionary: &AppDataDictionary, data: fn(ComponentId, &[u8]) -> Tree) -> Tree {
    Tree::list(dictionary.entries(), |entry: &ComponentData| {
        Tree::fields([
            ("component_id", Tree::named(entry.component_id.0, names::component)),
            ("data", data(entry.component_id, &entry.data)),
        ])
    })
}

/// A point in time in seconds, with its date as long as the year has four digits.
fn time(seconds: u64) -> Tree {
    let note = if seconds < 253_402_300_800 { utc(seconds) } else { String::new() };
    Tree::Number { value: seconds, note: note.into() }
}

/// A member's entry in the tree.
pub(super) fn leaf_node(leaf: &LeafNode) -> Tree {
    let tree = Tree::fields([
        ("encryption_key", Tree::octets(leaf.encryption_key.as_slice())),
        ("signature_key", Tree::octets(leaf.signature_key.as_slice())),
        ("credential", credential(&leaf.credential)),
        ("capabilities", capabilities(&leaf.capabilities)),
    ]);
    let with_source = match &leaf.source {
        LeafNodeSource::KeyPackage { not_before, not_after } => tree.and([
            ("leaf_node_source", Tree::constant("key_package", 1)),
            ("lifetime", Tree::fields([("not_before", time(*not_before)), ("not_after", time(*not_after))])),
        ]),
        LeafNodeSource::Update => tree.and([("leaf_node_source", Tree::constant("update", 2))]),
        LeafNodeSource::Commit { parent_hash } => tree.and([
            ("leaf_node_source", Tree::constant("commit", 3)),
            ("parent_hash", Tree::octets(parent_hash.as_slice())),
        ]),
    };
    with_source
        .and([("extensions", extensions(&leaf.extensions)), ("signature", Tree::octets(leaf.signature.as_slice()))])
}

/// What lets a client be added.
pub(in super::super) fn key_package(package: &KeyPackage) -> Tree {
    let view = package.view();
    Tree::fields([
        ("version", Tree::constant("mls10", 1)),
        ("cipher_suite", suite(view.cipher_suite)),
        ("init_key", Tree::octets(view.init_key.as_slice())),
        ("leaf_node", leaf_node(&view.leaf_node)),
        ("extensions", extensions(&view.extensions)),
        ("signature", Tree::octets(view.signature.as_slice())),
    ])
}

/// What brings new members in.
pub(in super::super) fn welcome(welcome: &Welcome) -> Tree {
    let tree = Tree::fields([("cipher_suite", suite(welcome.cipher_suite()))]);
    match welcome_secrets(welcome.as_bytes()) {
        Ok((secrets, encrypted_group_info)) => {
            tree.and([("secrets", Tree::List(secrets)), ("encrypted_group_info", Tree::octets(encrypted_group_info))])
        }
        Err(_) => tree.and([("octets", Tree::octets(welcome.as_bytes()))]),
    }
}

/// The fields that the reader of mimi-protocol checks but does not keep.
fn welcome_secrets(octets: &[u8]) -> Result<(Vec<Tree>, &[u8]), DecodeError> {
    let mut reader = Reader::new(octets);
    reader.u16()?;
    let secrets = reader.list_with(|r| {
        Ok(Tree::fields([
            ("new_member", Tree::octets(r.opaque()?)),
            ("encrypted_group_secrets", hpke_ciphertext(&HpkeCiphertext::decode(r)?)),
        ]))
    })?;
    Ok((secrets, reader.opaque()?))
}

/// The state that all members agree on.
pub(super) fn group_context(context: &GroupContext) -> Tree {
    Tree::fields([
        ("version", Tree::constant("mls10", 1)),
        ("cipher_suite", suite(context.cipher_suite)),
        ("group_id", Tree::octets(context.group_id.as_slice())),
        ("epoch", Tree::number(context.epoch.0)),
        ("tree_hash", Tree::octets(context.tree_hash.as_slice())),
        ("confirmed_transcript_hash", Tree::octets(context.confirmed_transcript_hash.as_slice())),
        ("extensions", context_extensions(&context.extensions)),
    ])
}

/// What somebody needs to join.
pub(in super::super) fn group_info(info: &GroupInfo) -> Tree {
    Tree::fields([
        ("group_context", group_context(info.group_context())),
        ("extensions", extensions(info.extensions())),
        ("confirmation_tag", Tree::octets(info.confirmation_tag())),
        ("signer", Tree::number(info.signer())),
        ("signature", Tree::octets(info.signature())),
    ])
}

/// The public tree, by node index.
pub(in super::super) fn ratchet_tree(tree: &RatchetTree) -> Tree {
    let nodes = Reader::new(tree.as_bytes()).list_with(|r| r.optional_with(node));
    let (count, members) = (tree.view().nodes, tree.view().members);
    Tree::fields([
        ("members", Tree::Json(members.into())),
        (
            "nodes",
            nodes.map_or(Tree::Json(count.into()), |nodes| Tree::list(nodes, |node| node.unwrap_or(Tree::Absent))),
        ),
    ])
}

fn node(r: &mut Reader<'_>) -> Result<Tree, DecodeError> {
    let is_leaf = r.u8()? == 1;
    if is_leaf {
        let leaf = leaf_node(&LeafNode::decode(r)?);
        return Ok(Tree::fields([("node_type", Tree::constant("leaf", 1)), ("leaf_node", leaf)]));
    }
    let parent = Tree::fields([
        ("encryption_key", Tree::octets(r.opaque()?)),
        ("parent_hash", Tree::octets(r.opaque()?)),
        ("unmerged_leaves", {
            let values = r.list::<u32>()?.into_iter().map(u64::from).collect();
            Tree::Numbers { values, name: names::nameless }
        }),
    ]);
    Ok(Tree::fields([("node_type", Tree::constant("parent", 2)), ("parent_node", parent)]))
}
