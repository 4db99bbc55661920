#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::mls::WireFormat;

use super::secrets::{sender_data_aad, sender_data_key};
use super::wire::{APPLICATION_CONTENT, NO_RECEIVER, PADDING_NOT_ZERO, RECEIVER_TWICE};
use super::*;
use crate::codec::Wire;
use crate::component::Component;
use crate::crypto::{AeadKey, Ed25519Signer, HpkeCiphertext, LabelSigner, encrypt_context};
use crate::mls::message::SEMI_PRIVATE_MESSAGE;
use crate::mls::{
    AppDataDictionary, ComponentData, ComponentId, ContentType, Credential, Extension, ExtensionType, Extensions,
    GroupContext, LeafNodeSource, MlsMessage, ProposalView,
};
use crate::testing::{ToyHpke, commit_view, group_context, laws, leaf, not_written, position, refused};
use crate::values::Epoch;

const SUITE: CipherSuite = CipherSuite(1);
const ALICE: u32 = 2;
const GUARD: [u8; 4] = [9, 8, 7, 6];

fn receiver(name: &str) -> ExternalReceiver {
    ExternalReceiver {
        external_receiver_public_key: [name.as_bytes(), b" key"].concat(),
        credential: Credential::basic(name.as_bytes()),
    }
}

fn hub() -> ExternalReceiver {
    receiver("mimi://a.example")
}

fn context_of(receivers: Vec<ExternalReceiver>, formats: Vec<WireFormat>) -> GroupContext {
    let data = ExternalReceivers::new(receivers).unwrap().to_bytes().unwrap();
    let entry = ComponentData { component_id: ComponentId::EXTERNAL_RECEIVERS, data };
    let dictionary = AppDataDictionary::new(vec![entry]).unwrap();
    let extension = |extension_type, extension_data| Extension { extension_type, extension_data };
    let extensions = vec![
        extension(ExtensionType::REQUIRED_WIRE_FORMATS, WireFormats(formats).to_bytes().unwrap()),
        extension(ExtensionType::APP_DATA_DICTIONARY, dictionary.to_bytes().unwrap()),
    ];
    GroupContext { extensions: Extensions::new(extensions).unwrap(), ..group_context(7, vec![]) }
}

fn context() -> GroupContext {
    context_of(vec![hub(), receiver("archive")], vec![WireFormat::SEMI_PRIVATE_MESSAGE])
}

fn secrets() -> SecretTree {
    SecretTree::new(SUITE, 5, &[0xe5; 32], &[0x5d; 32]).unwrap()
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([2; 32])
}

fn keys(leaf_index: u32) -> Option<Vec<u8>> {
    (leaf_index == ALICE).then(|| signer().public_key().to_vec())
}

fn proposal() -> AuthenticatedHandshake {
    let content = Handshake::Proposal(Box::new(ProposalView::SelfRemove));
    AuthenticatedHandshake::sign(&context(), ALICE, b"aad".to_vec(), content, &signer()).unwrap()
}

fn commit() -> AuthenticatedHandshake {
    let content = Handshake::Commit(commit_view());
    let commit = AuthenticatedHandshake::sign(&context(), ALICE, vec![], content, &signer()).unwrap();
    commit.confirmed(vec![0xcf; 32]).unwrap()
}

fn seal_in(context: &GroupContext, handshake: &AuthenticatedHandshake) -> Result<SemiPrivateMessage, SealError> {
    let sealing = Sealing { context, hpke: &ToyHpke, reuse_guard: GUARD, padding: 11 };
    seal(handshake, &sealing, &mut secrets())
}

fn sealed() -> SemiPrivateMessage {
    seal_in(&context(), &proposal()).unwrap()
}

fn as_member(message: &SemiPrivateMessage) -> Result<AuthenticatedHandshake, OpenError> {
    open_as_member(message, &context(), &mut secrets(), keys)
}

fn as_hub(message: &SemiPrivateMessage) -> Result<AuthenticatedHandshake, OpenError> {
    let private_key = hub().external_receiver_public_key;
    open_as_receiver(message, SUITE, &hub(), &private_key, &ToyHpke)?.verify(&context(), keys)
}

/// The first key of Alice's handshake ratchet.
fn first_key() -> AeadKey {
    secrets().next(ALICE).unwrap().1
}

/// A message by somebody who has the keys and may put anything into it.
fn forged(
    leaf_index: u32,
    generation: u32,
    key: &AeadKey,
    plaintext: &[u8],
    change: impl FnOnce(&mut SemiPrivateMessage),
) -> SemiPrivateMessage {
    let mut message = sealed();
    message.partial_context_hash = partial_context_hash(SUITE, leaf_index, &key.nonce).unwrap();
    let keys = PerMessageKeyAndNonces {
        key: key.key.clone(),
        nonce: key.nonce.clone(),
        reuse_guard: GUARD,
        sender_leaf_index: leaf_index,
    };
    change(&mut message);
    let info = encrypt_context(RECEIVER_LABEL, &message.receiver_context().to_bytes().unwrap());
    message.keys_for_external_receivers[0].encrypted_keys_and_nonces = crate::crypto::Hpke::seal(
        &ToyHpke,
        SUITE,
        &hub().external_receiver_public_key,
        &info,
        b"",
        &keys.to_bytes().unwrap(),
    )
    .unwrap();
    message.ciphertext = key.guarded(GUARD).seal(SUITE, &message.content_aad().unwrap(), plaintext).unwrap();
    let data = SenderData { leaf_index, generation, reuse_guard: GUARD }.to_bytes().unwrap();
    let data_key = sender_data_key(SUITE, &[0x5d; 32], &message.ciphertext).unwrap();
    message.encrypted_sender_data = data_key.seal(SUITE, &sender_data_aad(&message).unwrap(), &data).unwrap();
    message
}

#[test]
fn members_and_every_external_receiver_read_what_was_sealed() {
    // req: SP07-3.1-01, SP07-3.1-02, SP07-3.1-03, SP07-3.1-05, SP07-3.1-06, SP07-3.1-07, SP07-3.1-10, SP07-3.1-14, SP07-3.1-15
    // req: SP07-3.2-01, SP07-3.2-02, SP07-3.2-04, SP07-3.3-01, SP07-3.3-02, SP07-3.3-04, SP07-5.3-01
    for handshake in [proposal(), commit()] {
        let message = seal_in(&context(), &handshake).unwrap();
        assert_eq!(as_member(&message).unwrap(), handshake);
        assert_eq!(as_hub(&message).unwrap(), handshake);
        let archive = receiver("archive");
        let private_key = archive.external_receiver_public_key.clone();
        let opened = open_as_receiver(&message, SUITE, &archive, &private_key, &ToyHpke).unwrap();
        assert_eq!(opened.unverified(), &handshake);
        assert_eq!(opened.verify(&context(), keys).unwrap(), handshake);
    }
    assert_eq!(proposal().authenticated_data(), b"aad");
    assert_eq!((proposal().group_id(), proposal().epoch()), (crate::testing::GROUP, Epoch(7)));
}

#[test]
fn a_message_keeps_the_laws_of_the_wire() {
    // req: SP07-3.1-04, SP07-3.1-09, SP07-3.1-11, SP07-3.1-16, SP07-3-02, SP07-3-05, SP07-5.1-01
    let message = sealed();
    let bytes = laws(&message);
    laws(&message.receiver_context());
    laws(&hub());
    laws(&SenderData { leaf_index: 1, generation: 2, reuse_guard: GUARD });
    laws(&PerMessageKeyAndNonces { key: vec![1; 16], nonce: vec![2; 12], reuse_guard: GUARD, sender_leaf_index: 3 });
    let framed = MlsMessage::semi_private(message.clone()).unwrap();
    laws(&framed);
    assert_eq!(framed.as_bytes(), [&[0, 1, 0xf5, 0xe0], &bytes[..]].concat());
    assert_eq!(framed.as_semi_private(), Some(&message));
    assert_eq!(framed.wire_format(), SEMI_PRIVATE_MESSAGE);
    assert_eq!(framed.group_and_epoch(), Some((crate::testing::GROUP, Epoch(7))));
}

#[test]
fn the_additional_data_are_the_head_of_the_message() {
    // req: SP07-3.1-13
    let message = sealed();
    let (aad, bytes) = (message.content_aad().unwrap(), message.to_bytes().unwrap());
    assert!(bytes.starts_with(&aad));
    let mut tail = Vec::new();
    crate::codec::put_opaque(&mut tail, &message.encrypted_sender_data).unwrap();
    crate::codec::put_opaque(&mut tail, &message.ciphertext).unwrap();
    assert_eq!(bytes, [aad, tail].concat());
}

#[test]
fn application_data_have_no_place() {
    // req: SP07-1-01, SP07-3.1-12
    let application = SemiPrivateMessage { content_type: ContentType::Application, ..sealed() };
    not_written(&application, &APPLICATION_CONTENT);
    let mut bytes = sealed().to_bytes().unwrap();
    let place = 1 + crate::testing::GROUP.len() + 8;
    assert_eq!(bytes[place], 2);
    bytes[place] = 1;
    refused::<SemiPrivateMessage>(&bytes, place, &APPLICATION_CONTENT);
}

#[test]
fn a_receiver_stands_in_a_message_once() {
    // req: SP07-3-04, SP07-3-06
    let mut twice = sealed();
    twice.keys_for_external_receivers[1].external_receiver_ref =
        twice.keys_for_external_receivers[0].external_receiver_ref.clone();
    not_written(&twice, &RECEIVER_TWICE);
    not_written(&SemiPrivateMessage { keys_for_external_receivers: vec![], ..sealed() }, &NO_RECEIVER);
    let bytes = sealed().to_bytes().unwrap();
    let [first, second] = [0, 1].map(|index| {
        let reference = &sealed().keys_for_external_receivers[index].external_receiver_ref;
        position(&bytes, reference.as_bytes())
    });
    let mut wrong = bytes.clone();
    wrong.copy_within(first..first + 32, second);
    // The list's length takes two octets, that of the reference one.
    refused::<SemiPrivateMessage>(&wrong, first - 3, &RECEIVER_TWICE);
}

#[test]
fn the_list_of_receivers_is_a_component_that_an_update_replaces() {
    // req: SP07-3-01, SP07-5.2-01
    let list = |names: &[&str]| ExternalReceivers::new(names.iter().map(|name| receiver(name)).collect()).unwrap();
    let (old, new) = (list(&["a"]), list(&["b", "c"]));
    laws(&new);
    assert_eq!(ExternalReceivers::ID.0, 8);
    assert_eq!(ExternalReceivers::apply(Some(&old), std::slice::from_ref(&new)), Ok(new.clone()));
    assert_eq!(ExternalReceivers::apply(None, std::slice::from_ref(&old)), Ok(old.clone()));
    assert_eq!(ExternalReceivers::apply(None, &[old, new]), Err(ReceiversError::NotOne { count: 2 }));
    assert_eq!(ExternalReceivers::new(vec![]).unwrap_err().rule(), &NO_RECEIVER);
    assert_eq!(ExternalReceivers::new(vec![hub(), hub()]).unwrap_err().rule(), &RECEIVER_TWICE);
    refused::<ExternalReceivers>(&[0], 0, &NO_RECEIVER);
}

#[test]
fn a_mimi_room_has_its_hub_as_the_one_receiver() {
    let alone = |receivers| ExternalReceivers::new(receivers).unwrap().is_hub_alone(&"a.example".parse().unwrap());
    assert!(alone(vec![hub()]));
    assert!(!alone(vec![hub(), receiver("mimi://b.example")]));
    assert!(!alone(vec![receiver("mimi://b.example")]));
    assert!(!alone(vec![receiver("mimi://a.example/u/alice")]));
}

#[test]
fn a_group_that_does_not_require_the_format_or_has_no_receivers_cannot_use_it() {
    // req: SP07-3-04
    let not_required = context_of(vec![hub()], vec![]);
    assert_eq!(receivers_of(&not_required), Err(NotUsable::NotRequired));
    assert_eq!(receivers_of(&group_context(7, vec![])), Err(NotUsable::NotRequired));
    let mut without = context();
    let required = without.extensions.as_slice()[0].clone();
    without.extensions = Extensions::new(vec![required]).unwrap();
    assert_eq!(receivers_of(&without), Err(NotUsable::NoReceivers));
    assert_eq!(receivers_of(&context()).unwrap().as_slice(), [hub(), receiver("archive")]);
    let refusal = seal_in(&not_required, &proposal()).unwrap_err();
    assert!(matches!(refusal, SealError::NotUsable(NotUsable::NotRequired)));
    let refusal = open_as_member(&sealed(), &not_required, &mut secrets(), keys).unwrap_err();
    assert!(matches!(refusal, OpenError::NotUsable(NotUsable::NotRequired)));
}

#[test]
fn a_leaf_says_whether_it_reads_the_format() {
    // req: SP07-3-03
    let mut node = leaf(LeafNodeSource::Update);
    assert_eq!(supported_by(&node), Ok(false));
    for (formats, expected) in [(vec![WireFormat(9)], false), (vec![WireFormat::SEMI_PRIVATE_MESSAGE], true)] {
        let extension_data = WireFormats(formats).to_bytes().unwrap();
        let extension = Extension { extension_type: ExtensionType::SUPPORTED_WIRE_FORMATS, extension_data };
        node.extensions = Extensions::new(vec![extension]).unwrap();
        assert_eq!(supported_by(&node), Ok(expected));
    }
}

#[test]
fn references_are_plain_hashes() {
    // req: SP07-3.1-08
    let expected = crate::crypto::hash(SUITE, &hub().to_bytes().unwrap()).unwrap();
    assert_eq!(hub().reference(SUITE).unwrap().as_bytes(), expected);
    assert_eq!(hub().reference(CipherSuite(0xf001)), None);
}

#[test]
fn an_altered_octet_anywhere_is_found_by_members_and_receivers() {
    // req: SP07-3.2-03, SP07-3.2-06, SP07-3.2-07, SP07-3.3-03, SP07-3.3-06, SP07-3.3-07
    let message = sealed();
    let bytes = message.to_bytes().unwrap();
    let sender_data = position(&bytes, &message.encrypted_sender_data);
    let sender_data = sender_data..sender_data + message.encrypted_sender_data.len();
    let (mut members, mut receivers) = (0, 0);
    for place in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[place] ^= 1;
        let Ok(wrong) = SemiPrivateMessage::from_bytes(&wrong) else { continue };
        assert!(as_member(&wrong).is_err(), "octet {place}");
        members += 1;
        // The sender data are not for external receivers.
        assert_eq!(as_hub(&wrong).is_ok(), sender_data.contains(&place), "octet {place}");
        receivers += 1;
    }
    assert!(members > 300 && receivers > 300, "{members} {receivers}");
}

#[test]
fn each_altered_part_has_its_own_refusal() {
    let with = |change: fn(&mut SemiPrivateMessage)| {
        let mut message = sealed();
        change(&mut message);
        (as_member(&message).unwrap_err(), as_hub(&message).unwrap_err())
    };
    let (member, hub) = with(|m| m.ciphertext[40] ^= 1);
    assert!(matches!((member, hub), (OpenError::Content, OpenError::Content)));
    let (member, hub) = with(|m| m.ciphertext[0] ^= 1);
    assert!(matches!((member, hub), (OpenError::SenderData, OpenError::Content)));
    let (member, hub) = with(|m| m.keys_for_external_receivers[0].encrypted_keys_and_nonces.ciphertext[0] ^= 1);
    assert!(matches!((member, hub), (OpenError::Content, OpenError::Keys(_))));
    let (member, hub) = with(|m| m.partial_context_hash[0] ^= 1);
    assert!(matches!((member, hub), (OpenError::PartialContextHash, OpenError::Keys(_))));
    let (member, hub) = with(|m| m.framed_content_tbs_hash[0] ^= 1);
    assert!(matches!((member, hub), (OpenError::Content, OpenError::Content)));
    let (member, hub) = with(|m| m.authenticated_data[0] ^= 1);
    assert!(matches!((member, hub), (OpenError::Content, OpenError::Content)));
    let (member, hub) = with(|m| m.epoch.0 += 1);
    assert!(matches!(member, OpenError::OtherEpoch { message: Epoch(8), group: Epoch(7) }));
    assert!(matches!(hub, OpenError::Keys(_)));
    let (member, hub) = with(|m| m.group_id[0] ^= 1);
    assert!(matches!((member, hub), (OpenError::OtherGroup, OpenError::Keys(_))));
    let (member, hub) = with(|m| m.keys_for_external_receivers.truncate(1));
    assert!(matches!((member, hub), (OpenError::ReceiverMissing, OpenError::Content)));
}

#[test]
fn a_receiver_of_another_epoch_or_group_is_refused_with_the_context() {
    let private_key = hub().external_receiver_public_key;
    let opened = || open_as_receiver(&sealed(), SUITE, &hub(), &private_key, &ToyHpke).unwrap();
    let later = GroupContext { epoch: Epoch(8), ..context() };
    assert!(matches!(opened().verify(&later, keys), Err(OpenError::OtherEpoch { .. })));
    let other = GroupContext { group_id: vec![1], ..context() };
    assert!(matches!(opened().verify(&other, keys), Err(OpenError::OtherGroup)));
    let tree = GroupContext { tree_hash: vec![0; 32], ..context() };
    assert!(matches!(opened().verify(&tree, keys), Err(OpenError::TbsHash)));
}

#[test]
fn only_listed_receivers_have_keys_and_only_for_themselves() {
    // req: SP07-3-06, SP07-3.3-01
    let private_key = receiver("mallory").external_receiver_public_key;
    let stranger = open_as_receiver(&sealed(), SUITE, &receiver("mallory"), &private_key, &ToyHpke);
    assert!(matches!(stranger, Err(OpenError::NotForUs)));
    let wrong_key = open_as_receiver(&sealed(), SUITE, &hub(), &private_key, &ToyHpke);
    assert!(matches!(wrong_key, Err(OpenError::Keys(_))));

    let plaintext = proposal().plaintext(0).unwrap();
    let mut unlisted = KeyForExternalReceiver {
        external_receiver_ref: receiver("mallory").reference(SUITE).unwrap(),
        encrypted_keys_and_nonces: HpkeCiphertext { kem_output: vec![], ciphertext: vec![] },
    };
    let with_mallory =
        forged(ALICE, 0, &first_key(), &plaintext, |m| m.keys_for_external_receivers.push(unlisted.clone()));
    assert!(matches!(as_member(&with_mallory), Err(OpenError::ReceiverNotListed)));
    assert!(matches!(as_hub(&with_mallory), Err(OpenError::ReceiverNotListed)));
    unlisted.external_receiver_ref = receiver("archive").reference(SUITE).unwrap();
    let alone = forged(ALICE, 0, &first_key(), &plaintext, |m| m.keys_for_external_receivers.truncate(1));
    assert!(matches!(as_hub(&alone), Err(OpenError::ReceiverMissing)));
}

#[test]
fn padding_is_zero_and_nothing_follows_the_content() {
    // req: SP07-3.2-05, SP07-3.3-05
    let bare = proposal().plaintext(0).unwrap();
    for (tail, place) in [(&[1][..], 0), (&[0, 0, 0x80], 2)] {
        let message = forged(ALICE, 0, &first_key(), &[&bare, tail].concat(), |_| {});
        for error in [as_member(&message).unwrap_err(), as_hub(&message).unwrap_err()] {
            let OpenError::ContentMalformed(error) = error else { panic!("{error}") };
            assert_eq!((error.offset(), error.rule()), (bare.len() + place, &PADDING_NOT_ZERO));
        }
    }
    let truncated = forged(ALICE, 0, &first_key(), &bare[..bare.len() - 1], |_| {});
    assert!(matches!(as_member(&truncated), Err(OpenError::ContentMalformed(_))));
    assert_eq!(as_member(&forged(ALICE, 0, &first_key(), &bare, |_| {})).unwrap(), proposal());
}

#[test]
fn other_content_than_was_hashed_and_other_signatures_are_refused() {
    // req: SP07-3.2-06, SP07-3.2-07, SP07-3.3-06, SP07-3.3-07
    let content = Handshake::Proposal(Box::new(ProposalView::Remove(1)));
    let other = AuthenticatedHandshake::sign(&context(), ALICE, b"aad".to_vec(), content, &signer()).unwrap();
    let swapped = forged(ALICE, 0, &first_key(), &other.plaintext(0).unwrap(), |_| {});
    assert!(matches!(as_member(&swapped), Err(OpenError::TbsHash)));
    assert!(matches!(as_hub(&swapped), Err(OpenError::TbsHash)));

    let mallory = Ed25519Signer::from_seed([0x66; 32]);
    let content = proposal().content().clone();
    let by_other = AuthenticatedHandshake::sign(&context(), ALICE, b"aad".to_vec(), content, &mallory).unwrap();
    let forgery = forged(ALICE, 0, &first_key(), &by_other.plaintext(0).unwrap(), |_| {});
    assert!(matches!(as_member(&forgery), Err(OpenError::Signature(_))));
    assert!(matches!(as_hub(&forgery), Err(OpenError::Signature(_))));
}

#[test]
fn a_signature_for_another_wire_format_does_not_hold() {
    let mut signed = proposal().framed.to_be_signed(&context()).unwrap();
    signed[2..4].copy_from_slice(&[0, 2]);
    let mut handshake = proposal();
    handshake.signature = signer().sign_with_label("FramedContentTBS", &signed).unwrap();
    let message = seal_in(&context(), &handshake).unwrap();
    assert!(matches!(as_member(&message), Err(OpenError::Signature(_))));
}

#[test]
fn the_sender_is_a_member_whose_leaf_is_not_blank() {
    // req: SP07-3.2-02
    let key = secrets().next(1).unwrap().1;
    let message = forged(1, 0, &key, &proposal().plaintext(0).unwrap(), |_| {});
    assert!(matches!(as_member(&message), Err(OpenError::BlankLeaf { leaf_index: 1 })));
    assert!(matches!(as_hub(&message), Err(OpenError::BlankLeaf { leaf_index: 1 })));
}

#[test]
fn a_nonce_of_another_sender_does_not_fit_the_hash() {
    // req: SP07-3.2-03, SP07-3.3-03
    let other = partial_context_hash(SUITE, 1, &first_key().nonce).unwrap();
    let plaintext = proposal().plaintext(0).unwrap();
    let message = forged(ALICE, 0, &first_key(), &plaintext, |m| m.partial_context_hash = other);
    assert!(matches!(as_member(&message), Err(OpenError::PartialContextHash)));
    assert!(matches!(as_hub(&message), Err(OpenError::PartialContextHash)));
}

#[test]
fn a_generation_is_read_once_and_not_used_up_by_what_does_not_open() {
    // req: SP07-3.1-01
    let mut secrets = secrets();
    let mut altered = sealed();
    *altered.ciphertext.last_mut().unwrap() ^= 1;
    assert!(open_as_member(&altered, &context(), &mut secrets, keys).is_err());
    open_as_member(&sealed(), &context(), &mut secrets, keys).unwrap();
    let again = open_as_member(&sealed(), &context(), &mut secrets, keys);
    assert!(matches!(again, Err(OpenError::Secrets(SecretsError::Gone { leaf_index: ALICE, generation: 0 }))));
    let far = forged(ALICE, 5000, &first_key(), &proposal().plaintext(0).unwrap(), |_| {});
    let far = open_as_member(&far, &context(), &mut secrets, keys);
    assert!(matches!(far, Err(OpenError::Secrets(SecretsError::TooFarAhead { .. }))));
}

#[test]
fn keys_of_a_wrong_length_are_refused_before_they_are_used() {
    let short = AeadKey { key: vec![1; 15], nonce: vec![2; 12] };
    let mut message = sealed();
    message.partial_context_hash = partial_context_hash(SUITE, ALICE, &short.nonce).unwrap();
    let keys =
        PerMessageKeyAndNonces { key: short.key, nonce: short.nonce, reuse_guard: GUARD, sender_leaf_index: ALICE };
    let info = encrypt_context(RECEIVER_LABEL, &message.receiver_context().to_bytes().unwrap());
    let seal = |plaintext: &[u8]| {
        let key = hub().external_receiver_public_key;
        crate::crypto::Hpke::seal(&ToyHpke, SUITE, &key, &info, b"", plaintext).unwrap()
    };
    let keys = keys.to_bytes().unwrap();
    message.keys_for_external_receivers[0].encrypted_keys_and_nonces = seal(&keys);
    assert!(matches!(as_hub(&message), Err(OpenError::KeysMalformed)));
    message.keys_for_external_receivers[0].encrypted_keys_and_nonces = seal(&[&keys[..], &[0]].concat());
    assert!(matches!(as_hub(&message), Err(OpenError::KeysMalformed)));
}

#[test]
fn a_commit_is_sealed_with_its_tag_and_in_its_own_epoch() {
    let unconfirmed =
        AuthenticatedHandshake::sign(&context(), ALICE, vec![], Handshake::Commit(commit_view()), &signer());
    assert!(matches!(seal_in(&context(), &unconfirmed.unwrap()), Err(SealError::TagMissing)));
    assert!(matches!(proposal().confirmed(vec![1]), Err(FramingError::TagWithoutPlace)));
    let later = GroupContext { epoch: Epoch(8), ..context() };
    assert!(matches!(seal_in(&later, &proposal()), Err(SealError::OtherGroupOrEpoch)));
    assert_eq!(commit().confirmation_tag(), [0xcf; 32]);
}

#[test]
fn references_and_transcripts_name_the_wire_format() {
    let input = commit().transcript_hash_input().unwrap();
    assert_eq!(input[..2], [0xf5, 0xe0]);
    assert!(input.ends_with(commit().signature()));
    assert_eq!(proposal().proposal_reference(SUITE).unwrap().as_bytes().len(), 32);
    assert!(commit().proposal_reference(SUITE).is_err());
}

#[test]
fn keys_do_not_show_themselves() {
    let keys =
        PerMessageKeyAndNonces { key: vec![1; 16], nonce: vec![2; 12], reuse_guard: GUARD, sender_leaf_index: 3 };
    assert_eq!(format!("{keys:?}"), "PerMessageKeyAndNonces { sender_leaf_index: 3, .. }");
    assert_eq!(format!("{:?}", secrets()), "SecretTree { leaves: 5, .. }");
}
