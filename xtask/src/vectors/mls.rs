//! MLS objects of one small room, as a member or hub would make them: framing of RFC 9420, with real Ed25519 signatures.
//! Ciphertexts, tags and hashes of a tree are arbitrary octets of the right length, since no key schedule runs here.

use serde_json::{Value, json};

use super::keys::{Key, octets, ref_hash};
use super::layout::{Part, Struct, opaque, optional, raw, u8, u16, u16s, u32, u64, vector};

pub(crate) const ROOM: &str = "mimi://a.example/r/clubhouse";
pub(crate) const GROUP: &str = "mimi://a.example/g/clubhouse";
pub(crate) const ALICE: &str = "mimi://a.example/u/alice";
pub(crate) const BOB: &str = "mimi://b.example/u/bob";
pub(crate) const CATHY: &str = "mimi://c.example/u/cathy";
pub(crate) const ALICE_CLIENT: &str = "mimi://a.example/d/alice/ClientA1";
pub(crate) const BOB_CLIENT: &str = "mimi://b.example/d/bob/ClientB1";
pub(crate) const CATHY_CLIENT: &str = "mimi://c.example/d/cathy/ClientC1";
pub(crate) const CATHY_TABLET: &str = "mimi://c.example/d/cathy/ClientC2";
pub(crate) const HUB: &str = "mimi://a.example";

/// X25519, AES-128-GCM, SHA-256, Ed25519.
pub(crate) const SUITE: u16 = 1;
/// The epoch that the room is in.
pub(crate) const EPOCH: u64 = 7;

const MLS10: u16 = 1;
const PUBLIC_MESSAGE: u16 = 1;
const PRIVATE_MESSAGE: u16 = 2;
const WELCOME: u16 = 3;
const KEY_PACKAGE: u16 = 5;
pub(crate) const PARTICIPANT_LIST: u16 = 0x0022;

/// When the key packages begin and end to be valid, in seconds: from 2026-01-01 for a hundred years of 365 days, so that the vectors do not
/// expire. A key package that is really used has a shorter lifetime.
const NOT_BEFORE: u64 = 1_767_225_600;
const NOT_AFTER: u64 = NOT_BEFORE + 100 * 365 * 24 * 3600;

/// Who sends a public message.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sender {
    Member(u32),
    External(u32),
    NewMemberCommit,
}

/// What a framed message contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Application = 1,
    Proposal = 2,
    Commit = 3,
}

/// A basic credential.
pub(crate) fn credential(identity: &str) -> Struct {
    Struct::new().add("credential_type", u16(1)).add("identity", opaque(identity.as_bytes()))
}

/// What our clients can do.
pub(crate) fn capabilities() -> Struct {
    Struct::new()
        .add("versions", u16s(&[MLS10]))
        .add("cipher_suites", u16s(&[SUITE]))
        .add("extensions", u16s(&[6]))
        .add("proposals", u16s(&[8, 10]))
        .add("credentials", u16s(&[1]))
}

/// What a reader finds in [`capabilities`].
pub(crate) fn capabilities_decoded() -> Value {
    json!({"versions": [1], "cipherSuites": [1], "extensions": [6], "proposals": [8, 10], "credentials": [1]})
}

/// What a room requires.
pub(crate) fn required_capabilities() -> Struct {
    Struct::new()
        .add("extension_types", u16s(&[6]))
        .add("proposal_types", u16s(&[8, 10]))
        .add("credential_types", u16s(&[]))
}

fn leaf(client: &str, source: Struct, signed_suffix: &[u8]) -> Struct {
    let key = Key::of(client);
    let leaf = Struct::new()
        .add("encryption_key", opaque(&octets(&format!("encryption key of {client}"), 32)))
        .add("signature_key", opaque(&key.public()))
        .add("credential", Part::Struct(credential(client)))
        .add("capabilities", Part::Struct(capabilities()))
        .add_all(source)
        .add("extensions", vector([]));
    let signature = key.sign("LeafNodeTBS", &[leaf.octets().as_slice(), signed_suffix].concat());
    leaf.add("signature", opaque(&signature))
}

fn in_key_package() -> Struct {
    Struct::new().add("source", u8(1)).add("not_before", u64(NOT_BEFORE)).add("not_after", u64(NOT_AFTER))
}

/// A key package of a client.
pub(crate) fn key_package(client: &str) -> Struct {
    let package = Struct::new()
        .add("version", u16(MLS10))
        .add("cipher_suite", u16(SUITE))
        .add("init_key", opaque(&octets(&format!("init key of {client}"), 32)))
        .add("leaf_node", Part::Struct(leaf(client, in_key_package(), &[])))
        .add("extensions", vector([]));
    let signature = Key::of(client).sign("KeyPackageTBS", &package.octets());
    package.add("signature", opaque(&signature))
}

/// The reference of a client's key package.
pub(crate) fn key_package_ref(client: &str) -> Vec<u8> {
    ref_hash("MLS 1.0 KeyPackage Reference", &key_package(client).octets())
}

/// What a reader finds in [`key_package`].
pub(crate) fn key_package_decoded(client: &str) -> Value {
    json!({
        "cipherSuite": SUITE,
        "identity": client,
        "signatureKey": hex::encode(Key::of(client).public()),
        "notBefore": NOT_BEFORE,
        "notAfter": NOT_AFTER,
        "reference": hex::encode(key_package_ref(client)),
    })
}

fn extension(number: u16, data: &[u8]) -> Part {
    Part::Struct(Struct::new().add("extension_type", u16(number)).add("extension_data", opaque(data)))
}

/// A participant list.
pub(crate) fn participants(list: &[(&str, u32)]) -> Struct {
    Struct::new().add("participants", vector(list.iter().map(|(user, role)| user_role(user, *role))))
}

/// One participant.
pub(crate) fn user_role(user: &str, role: u32) -> Part {
    Part::Struct(Struct::new().add("user", opaque(user.as_bytes())).add("role_index", u32(role)))
}

/// A change of the participant list: changed (index, role), removed indices, added.
pub(crate) fn participants_update(changed: &[(u32, u32)], removed: &[u32], added: &[(&str, u32)]) -> Struct {
    let changed = changed
        .iter()
        .map(|(index, role)| Part::Struct(Struct::new().add("user_index", u32(*index)).add("role_index", u32(*role))));
    Struct::new()
        .add("changedRoleParticipants", vector(changed))
        .add("removedIndices", vector(removed.iter().map(|index| u32(*index))))
        .add("addedParticipants", vector(added.iter().map(|(user, role)| user_role(user, *role))))
}

/// The GroupContext of the room in an epoch, with Alice and Bob in the participant list.
pub(crate) fn group_context(epoch: u64) -> Struct {
    let hub = Struct::new()
        .add("signature_key", opaque(&Key::of(HUB).public()))
        .add("credential", Part::Struct(credential(HUB)));
    let senders = Struct::new().add("senders", vector([Part::Struct(hub)]));
    let list = participants(&[(ALICE, 4), (BOB, 2)]).octets();
    let component = Struct::new().add("component_id", u16(PARTICIPANT_LIST)).add("data", opaque(&list));
    let dictionary = Struct::new().add("component_data", vector([Part::Struct(component)]));
    Struct::new()
        .add("version", u16(MLS10))
        .add("cipher_suite", u16(SUITE))
        .add("group_id", opaque(GROUP.as_bytes()))
        .add("epoch", u64(epoch))
        .add("tree_hash", opaque(&octets(&format!("tree hash of epoch {epoch}"), 32)))
        .add("confirmed_transcript_hash", opaque(&octets(&format!("transcript hash of epoch {epoch}"), 32)))
        .add(
            "extensions",
            vector([
                extension(3, &required_capabilities().octets()),
                extension(5, &senders.octets()),
                extension(6, &dictionary.octets()),
            ]),
        )
}

/// A GroupInfo, with the ratchet tree inside or, as the draft wants it, not.
pub(crate) fn group_info(epoch: u64, signer: &str, leaf_index: u32, with_tree: bool) -> Struct {
    let external_pub = Struct::new().add("external_pub", opaque(&octets("external key of the group", 32)));
    let mut extensions = vec![extension(4, &external_pub.octets())];
    if with_tree {
        extensions.push(extension(2, &ratchet_tree().octets()));
    }
    let info = Struct::new()
        .add("group_context", Part::Struct(group_context(epoch)))
        .add("extensions", vector(extensions))
        .add("confirmation_tag", opaque(&octets(&format!("confirmation tag of epoch {epoch}"), 32)))
        .add("signer", u32(leaf_index));
    let signature = Key::of(signer).sign("GroupInfoTBS", &info.octets());
    info.add("signature", opaque(&signature))
}

/// What a reader finds in [`group_info`].
pub(crate) fn group_info_decoded(epoch: u64, leaf_index: u32) -> Value {
    json!({"groupId": GROUP, "epoch": epoch, "signer": leaf_index, "extensions": [4]})
}

/// The tree of two members, Alice and Bob, as the `ratchet_tree` extension holds it.
pub(crate) fn ratchet_tree() -> Part {
    let leaf_of = |client: &str| {
        let leaf = leaf(client, in_key_package(), &[]);
        optional(Some(Part::Struct(Struct::new().add("node_type", u8(1)).add("leaf", Part::Struct(leaf)))))
    };
    let parent = Struct::new()
        .add("node_type", u8(2))
        .add("encryption_key", opaque(&octets("encryption key of the root", 32)))
        .add("parent_hash", opaque(&[]))
        .add("unmerged_leaves", vector([u32(1)]));
    vector([leaf_of(ALICE_CLIENT), optional(Some(Part::Struct(parent))), leaf_of(BOB_CLIENT)])
}

/// An Add proposal.
pub(crate) fn add(client: &str) -> Part {
    Part::Struct(Struct::new().add("proposal_type", u16(1)).add("key_package", Part::Struct(key_package(client))))
}

/// A Remove proposal.
pub(crate) fn remove(leaf_index: u32) -> Part {
    Part::Struct(Struct::new().add("proposal_type", u16(3)).add("removed", u32(leaf_index)))
}

/// An ExternalInit proposal.
pub(crate) fn external_init() -> Part {
    Part::Struct(Struct::new().add("proposal_type", u16(6)).add("kem_output", opaque(&octets("kem output", 32))))
}

/// An AppDataUpdate proposal for the participant list.
pub(crate) fn app_data_update(update: &Struct) -> Part {
    let update = Struct::new()
        .add("proposal_type", u16(8))
        .add("component_id", u16(PARTICIPANT_LIST))
        .add("op", u8(1))
        .add("update", opaque(&update.octets()));
    Part::Struct(update)
}

/// A SelfRemove proposal.
pub(crate) fn self_remove() -> Part {
    Part::Struct(Struct::new().add("proposal_type", u16(10)))
}

/// A proposal inside a commit.
pub(crate) fn by_value(proposal: Part) -> Part {
    Part::Struct(Struct::new().add("type", u8(1)).add("proposal", proposal))
}

/// The reference of an earlier proposal inside a commit.
pub(crate) fn by_reference(reference: &[u8]) -> Part {
    Part::Struct(Struct::new().add("type", u8(2)).add("reference", opaque(reference)))
}

fn hpke_ciphertext(name: &str, length: usize) -> Struct {
    Struct::new()
        .add("kem_output", opaque(&octets(&format!("{name}: kem output"), 32)))
        .add("ciphertext", opaque(&octets(&format!("{name}: ciphertext"), length)))
}

/// A commit with a path of one node.
pub(crate) fn commit(client: &str, leaf_index: u32, proposals: impl IntoIterator<Item = Part>) -> Part {
    let source = Struct::new().add("source", u8(3)).add("parent_hash", opaque(&octets("parent hash", 32)));
    let suffix = Struct::new().add("group_id", opaque(GROUP.as_bytes())).add("leaf_index", u32(leaf_index)).octets();
    let node = Struct::new()
        .add("encryption_key", opaque(&octets("new encryption key of the root", 32)))
        .add("encrypted_path_secret", vector([Part::Struct(hpke_ciphertext("path secret", 48))]));
    let path = Struct::new()
        .add("leaf_node", Part::Struct(leaf(client, source, &suffix)))
        .add("nodes", vector([Part::Struct(node)]));
    Part::Struct(Struct::new().add("proposals", vector(proposals)).add("path", optional(Some(Part::Struct(path)))))
}

/// A public message of a client or the hub in the room's group.
pub(crate) fn public_message(epoch: u64, sender: Sender, signer: &str, kind: Content, content: Part) -> Struct {
    let sender_part = match sender {
        Sender::Member(leaf_index) => Struct::new().add("sender_type", u8(1)).add("leaf_index", u32(leaf_index)),
        Sender::External(index) => Struct::new().add("sender_type", u8(2)).add("sender_index", u32(index)),
        Sender::NewMemberCommit => Struct::new().add("sender_type", u8(4)),
    };
    let framed = Struct::new()
        .add("group_id", opaque(GROUP.as_bytes()))
        .add("epoch", u64(epoch))
        .add("sender", Part::Struct(sender_part))
        .add("authenticated_data", opaque(&[]))
        .add("content_type", u8(kind as u8))
        .add("content", content);
    let context = match sender {
        Sender::Member(_) | Sender::NewMemberCommit => group_context(epoch).octets(),
        Sender::External(_) => Vec::new(),
    };
    let head = Struct::new().add("version", u16(MLS10)).add("wire_format", u16(PUBLIC_MESSAGE));
    let signed = [head.octets(), framed.octets(), context].concat();
    let mut message = head.add_all(framed).add("signature", opaque(&Key::of(signer).sign("FramedContentTBS", &signed)));
    if kind == Content::Commit {
        message =
            message.add("confirmation_tag", opaque(&octets(&format!("confirmation tag of epoch {}", epoch + 1), 32)));
    }
    if matches!(sender, Sender::Member(_)) {
        message = message.add("membership_tag", opaque(&octets("membership tag", 32)));
    }
    message
}

/// The reference by which a commit names a proposal.
pub(crate) fn proposal_ref(message: &Struct) -> Vec<u8> {
    // AuthenticatedContent is the message without its version and its membership tag.
    let octets = message.octets();
    let end = message.offset("membership_tag").unwrap_or(octets.len());
    ref_hash("MLS 1.0 Proposal Reference", octets.get(2..end).unwrap_or_default())
}

/// What a reader finds in a proposal as public message.
pub(crate) fn proposal_decoded(epoch: u64, sender: &str, proposal: &str, message: &Struct) -> Value {
    json!({
        "wireFormat": "mls_public_message", "groupId": GROUP, "epoch": epoch, "sender": sender, "contentType": "proposal",
        "proposal": proposal, "reference": hex::encode(proposal_ref(message)),
    })
}

/// What a reader finds in a commit as public message.
pub(crate) fn commit_decoded(epoch: u64, sender: &str, proposals: &[&str]) -> Value {
    json!({
        "wireFormat": "mls_public_message", "groupId": GROUP, "epoch": epoch, "sender": sender, "contentType": "commit",
        "proposals": proposals, "path": true,
    })
}

/// A private message.
pub(crate) fn private_message(epoch: u64, kind: Content, length: usize) -> Struct {
    Struct::new()
        .add("version", u16(MLS10))
        .add("wire_format", u16(PRIVATE_MESSAGE))
        .add("group_id", opaque(GROUP.as_bytes()))
        .add("epoch", u64(epoch))
        .add("content_type", u8(kind as u8))
        .add("authenticated_data", opaque(&[]))
        .add("encrypted_sender_data", opaque(&octets("sender data", 28)))
        .add("ciphertext", opaque(&octets("ciphertext", length)))
}

/// What a reader finds in a private message with application content.
pub(crate) fn private_decoded(epoch: u64) -> Value {
    json!({"wireFormat": "mls_private_message", "groupId": GROUP, "epoch": epoch, "contentType": "application"})
}

/// A Welcome for clients, without the message header.
pub(crate) fn welcome(clients: &[&str]) -> Struct {
    let secrets = clients.iter().map(|client| {
        let secret = Struct::new()
            .add("new_member", opaque(&key_package_ref(client)))
            .add("encrypted_group_secrets", Part::Struct(hpke_ciphertext(client, 100)));
        Part::Struct(secret)
    });
    Struct::new()
        .add("cipher_suite", u16(SUITE))
        .add("secrets", vector(secrets))
        .add("encrypted_group_info", opaque(&octets("encrypted group info", 300)))
}

/// What a reader finds in a Welcome.
pub(crate) fn welcome_decoded(clients: &[&str]) -> Value {
    let references: Vec<_> = clients.iter().map(|client| hex::encode(key_package_ref(client))).collect();
    json!({"wireFormat": "mls_welcome", "cipherSuite": SUITE, "newMembers": references})
}

/// A Welcome as message.
pub(crate) fn welcome_message(clients: &[&str]) -> Struct {
    Struct::new().add("version", u16(MLS10)).add("wire_format", u16(WELCOME)).add_all(welcome(clients))
}

/// A key package as message.
pub(crate) fn key_package_message(client: &str) -> Struct {
    Struct::new().add("version", u16(MLS10)).add("wire_format", u16(KEY_PACKAGE)).add_all(key_package(client))
}

/// `RatchetTreeOption` with the tree inside.
pub(crate) fn tree_full() -> Struct {
    Struct::new().add("representation", u8(1)).add("ratchet_tree", ratchet_tree())
}

/// `RatchetTreeOption` that leaves the tree to the distribution service.
pub(crate) fn tree_at_service() -> Struct {
    Struct::new().add("representation", u8(4))
}

/// `RatchetTreeOption` with a URL.
pub(crate) fn tree_at(url: &str) -> Struct {
    Struct::new()
        .add("representation", u8(2))
        .add("ratchet_tree_url", opaque(url.as_bytes()))
        .add("tree_signature", opaque(&octets("tree signature", 64)))
}

/// `RatchetTreeOption` that comes another way.
pub(crate) fn tree_out_of_band() -> Struct {
    Struct::new().add("representation", u8(3)).add("tree_signature", opaque(&octets("tree signature", 64)))
}

/// A frank; franking is not computed here.
pub(crate) fn frank() -> Struct {
    Struct::new()
        .add("server_frank", raw(octets("server frank", 32)))
        .add("franking_signature_ciphersuite", u16(SUITE))
        .add("franking_integrity_signature", opaque(&octets("franking signature", 64)))
}

/// What a reader finds in [`frank`].
pub(crate) fn frank_decoded() -> Value {
    json!({
        "server_frank": hex::encode(octets("server frank", 32)),
        "franking_signature_ciphersuite": SUITE,
        "franking_integrity_signature": hex::encode(octets("franking signature", 64)),
    })
}
