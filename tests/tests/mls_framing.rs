//! `mimi_protocol::mls` reads MLS objects without an MLS library. Here OpenMLS makes them, and both have to see the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_protocol::{
    CipherSuite, Epoch,
    codec::Wire,
    crypto::{encrypt_context, sign_content, verify_with_label},
    mls::{
        self, AppDataOperation, ContentType, KeyPackage as OurKeyPackage, MlsMessage, MlsMessageView, ProposalOrRef,
        ProposalView, RatchetTree as OurTree, Sender as OurSender,
    },
};
use openmls::prelude::{tls_codec::Serialize as _, *};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

const SUITE: Ciphersuite = Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;
const GROUP_ID: &[u8] = b"mimi://a.example/g/clubhouse";

struct Member {
    crypto: OpenMlsRustCrypto,
    keys: SignatureKeyPair,
    credential: CredentialWithKey,
    uri: String,
}

fn capabilities() -> Capabilities {
    Capabilities::builder()
        .ciphersuites(vec![SUITE])
        .extensions(vec![ExtensionType::AppDataDictionary])
        .proposals(vec![ProposalType::AppDataUpdate, ProposalType::SelfRemove])
        .credentials(vec![CredentialType::Basic])
        .build()
}

impl Member {
    fn new(uri: &str) -> Self {
        let keys = SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap();
        let credential = CredentialWithKey {
            credential: BasicCredential::new(uri.as_bytes().to_vec()).into(),
            signature_key: keys.to_public_vec().into(),
        };
        Self { crypto: OpenMlsRustCrypto::default(), keys, credential, uri: uri.to_owned() }
    }

    fn key_package(&self) -> KeyPackage {
        KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(SUITE, &self.crypto, &self.keys, self.credential.clone())
            .unwrap()
            .key_package()
            .clone()
    }

    fn group(&self) -> MlsGroup {
        let mut dictionary = AppDataDictionary::new();
        dictionary.insert(0x22, vec![0]);
        let extensions =
            Extensions::from_vec(vec![Extension::AppDataDictionary(AppDataDictionaryExtension::new(dictionary))])
                .unwrap();
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .capabilities(capabilities())
            .wire_format_policy(PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .with_group_context_extensions(extensions)
            .build();
        MlsGroup::new_with_group_id(
            &self.crypto,
            &self.keys,
            &config,
            GroupId::from_slice(GROUP_ID),
            self.credential.clone(),
        )
        .unwrap()
    }
}

/// Reads the octets and checks that writing gives them back.
fn read(octets: &[u8]) -> MlsMessage {
    let message = MlsMessage::from_bytes(octets).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(message.to_bytes().unwrap(), octets);
    message
}

#[test]
fn a_key_package_has_the_reference_credential_and_lifetime_that_openmls_sees() {
    let bob = Member::new("mimi://b.example/d/bob/phone");
    let theirs = bob.key_package();
    let octets = theirs.tls_serialize_detached().unwrap();
    let ours = OurKeyPackage::from_bytes(&octets).unwrap();
    assert_eq!(ours.to_bytes().unwrap(), octets);
    assert_eq!(ours.reference().unwrap().as_bytes(), theirs.hash_ref(bob.crypto.crypto()).unwrap().as_slice());
    assert_eq!(ours.credential().as_basic().unwrap(), bob.uri.as_bytes());
    assert_eq!(ours.signature_key(), bob.keys.to_public_vec());
    assert_eq!(ours.cipher_suite(), CipherSuite(1));
    assert_eq!(ours.not_after(), theirs.life_time().not_after());
    assert_eq!(ours.not_before(), theirs.life_time().not_before());
    assert!(!ours.is_last_resort());
    assert!(ours.capabilities().proposals.contains(&8) && ours.capabilities().proposals.contains(&10));
}

#[test]
fn commit_welcome_group_info_and_tree_are_read_as_openmls_wrote_them() {
    let (alice, bob) = (Member::new("mimi://a.example/d/alice/laptop"), Member::new("mimi://b.example/d/bob/phone"));
    let mut group = alice.group();
    let package = bob.key_package();
    let reference = package.hash_ref(alice.crypto.crypto()).unwrap();
    let (commit, welcome, _) = group.add_members(&alice.crypto, &alice.keys, std::slice::from_ref(&package)).unwrap();

    let commit = read(&commit.to_bytes().unwrap());
    let public = commit.as_public().unwrap();
    assert_eq!((public.group_id.as_slice(), public.epoch, &public.sender), (GROUP_ID, Epoch(0), &OurSender::Member(0)));
    let contents = commit.as_commit().unwrap();
    let [ProposalOrRef::Proposal(ProposalView::Add(added))] = contents.proposals.as_slice() else {
        panic!("{:?}", contents.proposals);
    };
    assert_eq!(added.reference().unwrap().as_bytes(), reference.as_slice());
    assert!(contents.path.is_some());

    let welcome = read(&welcome.to_bytes().unwrap());
    let MlsMessageView::Welcome(view) = welcome.view() else { panic!("{welcome:?}") };
    assert_eq!(view.cipher_suite, CipherSuite(1));
    assert_eq!(view.new_members.iter().map(|named| named.as_bytes()).collect::<Vec<_>>(), [reference.as_slice()]);

    group.merge_pending_commit(&alice.crypto).unwrap();
    let group_info = group.export_group_info(alice.crypto.crypto(), &alice.keys, false).unwrap();
    let group_info = read(&group_info.to_bytes().unwrap());
    let MlsMessageView::GroupInfo(group_info) = group_info.view() else { panic!("{group_info:?}") };
    assert_eq!((group_info.group_id(), group_info.epoch(), group_info.signer()), (GROUP_ID, Epoch(1), 0));
    assert_eq!(group_info.confirmation_tag().len(), 32);
    assert!(group_info.group_context().external_senders().unwrap().is_empty());

    let tree = group.export_ratchet_tree().tls_serialize_detached().unwrap();
    let ours = OurTree::from_bytes(&tree).unwrap();
    assert_eq!(ours.to_bytes().unwrap(), tree);
    assert_eq!(ours.view().nodes, 3);
}

#[test]
fn proposals_and_application_messages_are_read_as_openmls_wrote_them() {
    let (alice, bob) = (Member::new("mimi://a.example/d/alice/laptop"), Member::new("mimi://b.example/d/bob/phone"));
    let mut group = alice.group();
    group.add_members(&alice.crypto, &alice.keys, &[bob.key_package()]).unwrap();
    group.merge_pending_commit(&alice.crypto).unwrap();

    let (proposal, theirs) = group
        .propose_app_data_update(
            &alice.crypto,
            &alice.keys,
            0x22,
            AppDataUpdateOperation::Update(b"change".to_vec().into()),
        )
        .unwrap();
    let proposal = read(&proposal.to_bytes().unwrap());
    let Some(ProposalView::AppDataUpdate(update)) = proposal.as_proposal() else { panic!("{proposal:?}") };
    assert_eq!(update.component_id, mls::ComponentId(0x22));
    assert!(matches!(&update.operation, AppDataOperation::Update(octets) if octets == b"change"));
    let ours = proposal.proposal_reference(CipherSuite(1)).unwrap();
    assert_eq!(tls_octets(ours.as_bytes()), theirs.tls_serialize_detached().unwrap());

    let (removal, _) = group.propose_remove_member(&alice.crypto, &alice.keys, LeafNodeIndex::new(1)).unwrap();
    assert!(matches!(read(&removal.to_bytes().unwrap()).as_proposal(), Some(ProposalView::Remove(_))));

    group.clear_pending_proposals(alice.crypto.storage()).unwrap();
    group.set_aad(b"seen by the hub".to_vec());
    let message = group.create_message(&alice.crypto, &alice.keys, b"hello").unwrap();
    let message = read(&message.to_bytes().unwrap());
    let private = message.as_private().unwrap();
    assert_eq!(private.content_type, ContentType::Application);
    assert_eq!((private.group_id.as_slice(), private.epoch), (GROUP_ID, Epoch(1)));
    assert_eq!(private.authenticated_data, b"seen by the hub");
}

/// A short vector with its length in front.
fn tls_octets(octets: &[u8]) -> Vec<u8> {
    let mut out = vec![u8::try_from(octets.len()).unwrap()];
    out.extend_from_slice(octets);
    out
}

#[test]
fn labels_sign_and_encrypt_as_openmls_does() {
    let alice = Member::new("mimi://a.example/d/alice/laptop");
    let theirs = SignContent::new("KeyMaterialRequestTBS", b"content".to_vec().into());
    assert_eq!(sign_content("KeyMaterialRequestTBS", b"content"), theirs.tls_serialize_detached().unwrap());

    // A KeyPackage is signed with a label by OpenMLS; the last 66 octets are the signature with its length.
    let package = alice.key_package().tls_serialize_detached().unwrap();
    let (content, signature) = package.split_at(package.len() - 66);
    let key = alice.keys.to_public_vec();
    verify_with_label(CipherSuite(1), &key, "KeyPackageTBS", content, &signature[2..]).unwrap();
    assert!(verify_with_label(CipherSuite(1), &key, "LeafNodeTBS", content, &signature[2..]).is_err());

    // RFC 9420 section 5.1.3: label and context, both with their lengths, the label prefixed.
    let context = encrypt_context("L", b"room");
    assert_eq!(context, b"\x09MLS 1.0 L\x04room");
}
