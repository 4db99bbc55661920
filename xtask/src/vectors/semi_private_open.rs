//! SemiPrivateMessages that are opened, by members and by external receivers: draft-mahy-mls-semiprivatemessage-07 sections 3.2
//! and 3.3. Everything is really encrypted and signed, by the code in `hpke` and not by what is tested.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::Value;
use sha2::{Digest, Sha256};
use spec_vectors::{BugType, ExpectedError};

use super::builder::{Built, Case, FileBuilder, Rule};
use super::hpke::{aes_128_gcm, encrypt_with_label, expand_with_label, private_key};
use super::keys::{Key, octets};
use super::layout::{Part, Struct, opaque, raw, u8, u16, u16s, u32, u64, vector};
use super::mls::{ALICE_CLIENT, BOB_CLIENT, Content, GROUP, HUB, SUITE, by_value, commit, remove, self_remove};
use super::rules::SIGNATURE_INVALID;
use super::semi_private_message::{ARCHIVE, ENCRYPTION, USAGE, list, receiver, reference};

const MEMBER: &str = "draft-mahy-mls-semiprivatemessage-07 section 3.2";
const RECEIVER: &str = "draft-mahy-mls-semiprivatemessage-07 section 3.3";
const FRAMING: &str = "RFC 9420 section 6";

const OTHER_GROUP: Rule = Rule("other-group", FRAMING);
const OTHER_EPOCH: Rule = Rule("other-epoch", FRAMING);
const NOT_REQUIRED: Rule = Rule("not-required", USAGE);
const NOT_LISTED: Rule = Rule("receiver-not-listed", USAGE);
const MISSING: Rule = Rule("receiver-missing", USAGE);
const NOT_FOR_US: Rule = Rule("not-for-us", RECEIVER);
const SENDER_DATA: Rule = Rule("sender-data", "RFC 9420 section 6.3.2");
const BLANK: Rule = Rule("blank-leaf", MEMBER);
const TOO_FAR: Rule = Rule("too-far-ahead", "RFC 9420 section 9.1");
const NO_LEAF: Rule = Rule("no-such-leaf", "RFC 9420 section 9");
const KEYS: Rule = Rule("keys", RECEIVER);
const KEYS_MALFORMED: Rule = Rule("keys-malformed", ENCRYPTION);
const CONTEXT_HASH: Rule = Rule("partial-context-hash", ENCRYPTION);
const CONTENT: Rule = Rule("content", ENCRYPTION);
const TBS_HASH: Rule = Rule("tbs-hash", ENCRYPTION);
const PADDING: Rule = Rule("padding-not-zero", MEMBER);
const TRUNCATED: Rule = Rule("vector-too-long", "RFC 9420 section 2.1.2");

const WIRE_FORMAT: u16 = 0xf5e0;
const PRIVATE_MESSAGE: u16 = 2;
const EPOCH: u64 = 7;
const LEAVES: u32 = 4;
/// Leaf 0 is Alice, leaf 1 is Bob, leaf 2 is blank, leaf 3 is blank too.
const MEMBERS: [Option<&str>; 4] = [Some(ALICE_CLIENT), Some(BOB_CLIENT), None, None];

fn encryption_secret() -> Vec<u8> {
    octets("encryption secret", 32)
}

fn sender_data_secret() -> Vec<u8> {
    octets("sender data secret", 32)
}

/// The secret of a leaf's handshake ratchet in a generation (RFC 9420 section 9), for a tree of four leaves.
fn ratchet(leaf: u32, generation: u32) -> (Vec<u8>, Vec<u8>) {
    let mut node = encryption_secret();
    for bit in [2, 1] {
        let side: &[u8] = if leaf & bit == 0 { b"left" } else { b"right" };
        node = expand_with_label(&node, "tree", side, 32);
    }
    let mut secret = expand_with_label(&node, "handshake", b"", 32);
    for step in 0..generation {
        secret = expand_with_label(&secret, "secret", &step.to_be_bytes(), 32);
    }
    let context = generation.to_be_bytes();
    (expand_with_label(&secret, "key", &context, 16), expand_with_label(&secret, "nonce", &context, 12))
}

fn context(group: &str, epoch: u64, formats: &[u16], receivers: &[&str]) -> Struct {
    let extension = |number: u16, data: &Struct| {
        Part::Struct(Struct::new().add("extension_type", u16(number)).add("extension_data", opaque(&data.octets())))
    };
    let component = Struct::new().add("component_id", u16(8)).add("data", opaque(&list(receivers).octets()));
    let dictionary = Struct::new().add("component_data", vector([Part::Struct(component)]));
    let required = Struct::new().add("wire_formats", u16s(formats));
    Struct::new()
        .add("version", u16(1))
        .add("cipher_suite", u16(SUITE))
        .add("group_id", opaque(group.as_bytes()))
        .add("epoch", u64(epoch))
        .add("tree_hash", opaque(&octets("tree hash of a semi-private group", 32)))
        .add("confirmed_transcript_hash", opaque(&octets("transcript hash of a semi-private group", 32)))
        .add("extensions", vector([extension(8, &required), extension(6, &dictionary)]))
}

/// A message and how it is made; each field is what somebody may do otherwise.
#[derive(Clone)]
struct Message {
    /// What the receivers of the message think the group is.
    context: Struct,
    kind: Content,
    content: Part,
    /// What is signed and hashed in place of `content`.
    signed_content: Option<Part>,
    hashed_content: Option<Part>,
    signer: &'static str,
    signed_format: u16,
    leaf: u32,
    generation: u32,
    /// The leaf that goes into the partial context hash.
    hashed_leaf: Option<u32>,
    reuse_guard: [u8; 4],
    aad: Vec<u8>,
    padding: Vec<u8>,
    cut: usize,
    named: Vec<&'static str>,
    /// What is encrypted for the receivers, changed.
    keys: fn(Vec<u8>) -> Vec<u8>,
    /// What is changed after all is done.
    alter: fn(Struct) -> Struct,
}

impl Message {
    fn new() -> Self {
        Self {
            context: context(GROUP, EPOCH, &[WIRE_FORMAT], &[HUB]),
            kind: Content::Commit,
            content: commit(ALICE_CLIENT, 0, [by_value(remove(1))]),
            signed_content: None,
            hashed_content: None,
            signer: ALICE_CLIENT,
            signed_format: WIRE_FORMAT,
            leaf: 0,
            generation: 0,
            hashed_leaf: None,
            reuse_guard: [0x5e, 0x31, 0x70, 0x01],
            aad: Vec::new(),
            padding: Vec::new(),
            cut: 0,
            named: vec![HUB],
            keys: |keys| keys,
            alter: |message| message,
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut message = Self::new();
        change(&mut message);
        message
    }

    fn altered(alter: fn(Struct) -> Struct) -> Self {
        Self::with(|message| message.alter = alter)
    }

    fn tbs(&self, format: u16, content: &Part) -> Vec<u8> {
        Struct::new()
            .add("version", u16(1))
            .add("wire_format", u16(format))
            .add("group_id", opaque(GROUP.as_bytes()))
            .add("epoch", u64(EPOCH))
            .add("sender_type", u8(1))
            .add("leaf_index", u32(self.leaf))
            .add("authenticated_data", opaque(&self.aad))
            .add("content_type", u8(self.kind as u8))
            .add("content", content.clone())
            .add("context", Part::Struct(context(GROUP, EPOCH, &[WIRE_FORMAT], &self.group_receivers())))
            .octets()
    }

    /// The receivers of the true group context are those that the message's own context has.
    fn group_receivers(&self) -> Vec<&'static str> {
        let two = self.context.octets().windows(ARCHIVE.len()).any(|part| part == ARCHIVE.as_bytes());
        if two { vec![HUB, ARCHIVE] } else { vec![HUB] }
    }

    fn signature(&self) -> Vec<u8> {
        let content = self.signed_content.as_ref().unwrap_or(&self.content);
        Key::of(self.signer).sign("FramedContentTBS", &self.tbs(self.signed_format, content))
    }

    fn plaintext(&self) -> Vec<u8> {
        let mut plaintext =
            Struct::new().add("content", self.content.clone()).add("signature", opaque(&self.signature()));
        if self.kind == Content::Commit {
            plaintext = plaintext.add("confirmation_tag", opaque(&octets("confirmation tag of epoch 8", 32)));
        }
        let mut octets = plaintext.add("padding", raw(self.padding.clone())).octets();
        octets.truncate(octets.len() - self.cut);
        octets
    }

    fn octets(&self) -> Result<Vec<u8>> {
        let (key, nonce) = ratchet(self.leaf, self.generation);
        let hashed_leaf = self.hashed_leaf.unwrap_or(self.leaf);
        let partial = Sha256::digest([&hashed_leaf.to_be_bytes()[..], &nonce].concat());
        let receiver_context = Struct::new()
            .add("group_id", opaque(GROUP.as_bytes()))
            .add("epoch", u64(EPOCH))
            .add("partial_context_hash", opaque(&partial))
            .octets();
        let keys = Struct::new()
            .add("key", opaque(&key))
            .add("nonce", opaque(&nonce))
            .add("reuse_guard", raw(self.reuse_guard))
            .add("sender_leaf_index", u32(self.leaf))
            .octets();
        let keys = (self.keys)(keys);
        let mut list = Vec::new();
        for name in &self.named {
            let ephemeral = format!("ephemeral key for {name}");
            let (kem_output, ciphertext) =
                encrypt_with_label(name, &ephemeral, "SemiPrivateMessageReceiver", &receiver_context, &keys)?;
            let sealed = Struct::new().add("kem_output", opaque(&kem_output)).add("ciphertext", opaque(&ciphertext));
            let item = Struct::new()
                .add("external_receiver_ref", opaque(&reference(name)))
                .add("encrypted_keys_and_nonces", Part::Struct(sealed));
            list.push(Part::Struct(item));
        }
        let hashed = self.hashed_content.as_ref().unwrap_or(&self.content);
        let head = Struct::new()
            .add("group_id", opaque(GROUP.as_bytes()))
            .add("epoch", u64(EPOCH))
            .add("content_type", u8(self.kind as u8))
            .add("authenticated_data", opaque(&self.aad))
            .add("partial_context_hash", opaque(&partial))
            .add("keys_for_external_receivers", vector(list))
            .add("framed_content_tbs_hash", opaque(&Sha256::digest(self.tbs(WIRE_FORMAT, hashed))));
        let guarded: Vec<u8> = nonce
            .iter()
            .enumerate()
            .map(|(place, octet)| octet ^ self.reuse_guard.get(place).copied().unwrap_or_default())
            .collect();
        let ciphertext = aes_128_gcm(&key, &guarded, &head.octets(), &self.plaintext())?;
        let sample = ciphertext.get(..32).unwrap_or(&ciphertext);
        let sender_data = Struct::new()
            .add("leaf_index", u32(self.leaf))
            .add("generation", u32(self.generation))
            .add("reuse_guard", raw(self.reuse_guard))
            .octets();
        let sender_data_aad = Struct::new()
            .add("group_id", opaque(GROUP.as_bytes()))
            .add("epoch", u64(EPOCH))
            .add("content_type", u8(self.kind as u8))
            .octets();
        let sender_data = aes_128_gcm(
            &expand_with_label(&sender_data_secret(), "key", sample, 16),
            &expand_with_label(&sender_data_secret(), "nonce", sample, 12),
            &sender_data_aad,
            &sender_data,
        )?;
        let message = head.add("encrypted_sender_data", opaque(&sender_data)).add("ciphertext", opaque(&ciphertext));
        Ok((self.alter)(message).octets())
    }

    fn shared(&self, case: Case) -> Result<Case> {
        let keys: Value = MEMBERS.iter().map(|member| member.map(|name| hex::encode(Key::of(name).public()))).collect();
        Ok(case
            .octets("groupContext", &self.context.octets())
            .with("signatureKeys", keys)
            .octets("message", &self.octets()?))
    }

    fn for_member(&self, case: Case) -> Result<Case> {
        let case = case
            .octets("encryptionSecret", &encryption_secret())
            .octets("senderDataSecret", &sender_data_secret())
            .with("leaves", LEAVES);
        self.shared(case)
    }

    fn for_receiver(&self, case: Case, name: &str) -> Result<Case> {
        let case = case.octets("receiver", &receiver(name).octets()).octets("privateKey", &private_key(name));
        self.shared(case)
    }

    fn meaning(&self, case: Case) -> Case {
        case.with("senderLeafIndex", self.leaf)
            .octets("authenticatedData", &self.aad)
            .octets("content", &self.content.octets())
            .octets("signature", &self.signature())
    }
}

/// One octet of a part changed.
fn flip(message: Struct, path: &str) -> Struct {
    let Some(part) = message.part(path) else { return message };
    let mut octets = part.octets();
    if let Some(last) = octets.last_mut() {
        *last ^= 1;
    }
    message.replace(path, raw(octets))
}

/// What went wrong, for members and for the hub; nothing where one of them cannot notice.
struct Attack {
    comment: &'static str,
    flag: &'static str,
    message: Message,
    member: Option<ExpectedError>,
    receiver: Option<ExpectedError>,
}

fn attack(comment: &'static str, flag: &'static str, message: Message, member: Rule, receiver: Rule) -> Attack {
    Attack { comment, flag, message, member: Some(member.nowhere()), receiver: Some(receiver.nowhere()) }
}

fn attacks() -> Vec<Attack> {
    let both = |comment, flag, message, rule| attack(comment, flag, message, rule, rule);
    vec![
        both(
            "the last octet of the ciphertext is changed",
            "Altered",
            Message::altered(|m| flip(m, "ciphertext")),
            CONTENT,
        ),
        attack(
            "the first octet of the ciphertext is changed",
            "Altered",
            Message::altered(|m| {
                let mut octets = m.part("ciphertext").map(|part| part.octets()).unwrap_or_default();
                // Two octets of length come first.
                octets.iter_mut().skip(2).take(1).for_each(|octet| *octet ^= 1);
                m.replace("ciphertext", raw(octets))
            }),
            SENDER_DATA,
            CONTENT,
        ),
        both(
            "the hash of the signed content is changed",
            "Altered",
            Message::altered(|m| flip(m, "framed_content_tbs_hash")),
            CONTENT,
        ),
        both(
            "the additional data are changed",
            "Altered",
            Message { aad: vec![1], ..Message::altered(|m| flip(m, "authenticated_data")) },
            CONTENT,
        ),
        attack(
            "the partial context hash is changed",
            "Altered",
            Message::altered(|m| flip(m, "partial_context_hash")),
            CONTEXT_HASH,
            KEYS,
        ),
        attack(
            "the keys for the receiver are changed",
            "Altered",
            Message::altered(|m| flip(m, "keys_for_external_receivers/0/encrypted_keys_and_nonces/ciphertext")),
            CONTENT,
            KEYS,
        ),
        attack(
            "the KEM output for the receiver is changed",
            "Altered",
            Message::altered(|m| flip(m, "keys_for_external_receivers/0/encrypted_keys_and_nonces/kem_output")),
            CONTENT,
            KEYS,
        ),
        Attack {
            receiver: None,
            ..both(
                "the sender data are changed",
                "Altered",
                Message::altered(|m| flip(m, "encrypted_sender_data")),
                SENDER_DATA,
            )
        },
        attack(
            "the message says a commit is a proposal",
            "Altered",
            Message::altered(|m| m.replace("content_type", u8(2))),
            SENDER_DATA,
            CONTENT,
        ),
        both(
            "the group is in the next epoch",
            "Context",
            Message::with(|m| m.context = context(GROUP, 8, &[WIRE_FORMAT], &[HUB])),
            OTHER_EPOCH,
        ),
        attack(
            "the message says it is of the next epoch",
            "Context",
            Message::altered(|m| m.replace("epoch", u64(8))),
            OTHER_EPOCH,
            KEYS,
        ),
        both(
            "the group is another one",
            "Context",
            Message::with(|m| m.context = context("mimi://a.example/g/elsewhere", EPOCH, &[WIRE_FORMAT], &[HUB])),
            OTHER_GROUP,
        ),
        both(
            "the group does not require the wire format",
            "Context",
            Message::with(|m| m.context = context(GROUP, EPOCH, &[], &[HUB])),
            NOT_REQUIRED,
        ),
        both(
            "a receiver is named who is not in the group context",
            "Receivers",
            Message::with(|m| m.named = vec![HUB, ARCHIVE]),
            NOT_LISTED,
        ),
        both(
            "a receiver of the group context is not named",
            "Receivers",
            Message::with(|m| m.context = context(GROUP, EPOCH, &[WIRE_FORMAT], &[HUB, ARCHIVE])),
            MISSING,
        ),
        both(
            "the content is not the one that was hashed",
            "Content",
            Message::with(|m| m.hashed_content = Some(commit(ALICE_CLIENT, 0, []))),
            TBS_HASH,
        ),
        both(
            "the content is not the one that was signed",
            "Signature",
            Message::with(|m| m.signed_content = Some(commit(ALICE_CLIENT, 0, []))),
            SIGNATURE_INVALID,
        ),
        both("signed by another member", "Signature", Message::with(|m| m.signer = BOB_CLIENT), SIGNATURE_INVALID),
        both(
            "signed for a PrivateMessage",
            "Signature",
            Message::with(|m| m.signed_format = PRIVATE_MESSAGE),
            SIGNATURE_INVALID,
        ),
        both("the padding is a one", "Padding", Message::with(|m| m.padding = vec![1]), PADDING),
        both("the padding ends with a one", "Padding", Message::with(|m| m.padding = vec![0, 0, 0, 1]), PADDING),
        both(
            "a second commit follows the first",
            "Padding",
            Message::with(|m| m.padding = m.content.octets()),
            PADDING,
        ),
        both("the content ends too early", "Padding", Message::with(|m| m.cut = 1), TRUNCATED),
        both("the sender's leaf is blank", "Sender", Message::with(|m| m.leaf = 2), BLANK),
        both(
            "the partial context hash is of another sender",
            "Sender",
            Message::with(|m| m.hashed_leaf = Some(1)),
            CONTEXT_HASH,
        ),
        Attack {
            receiver: None,
            ..both("a generation that is very far ahead", "Sender", Message::with(|m| m.generation = 1001), TOO_FAR)
        },
        Attack {
            member: None,
            ..both(
                "something follows the keys for the receiver",
                "Keys",
                Message::with(|m| m.keys = |keys| [&keys[..], &[0]].concat()),
                KEYS_MALFORMED,
            )
        },
        Attack {
            member: None,
            ..both(
                "the key for the receiver is an octet too short",
                "Keys",
                Message::with(|m| m.keys = |keys| [&[15], keys.get(2..).unwrap_or_default()].concat()),
                KEYS_MALFORMED,
            )
        },
        Attack {
            member: None,
            ..both(
                "the keys for the receiver name another sender than is hashed",
                "Keys",
                Message::with(|m| {
                    m.keys = |mut keys| {
                        keys.iter_mut().rev().take(1).for_each(|octet| *octet ^= 1);
                        keys
                    }
                }),
                CONTEXT_HASH,
            )
        },
    ]
}

/// Builds the file.
pub(crate) fn build() -> Result<Built> {
    let good = [
        ("a commit", Message::new()),
        (
            "a proposal of Bob, padded, with additional data",
            Message::with(|m| {
                m.kind = Content::Proposal;
                m.content = self_remove();
                m.signer = BOB_CLIENT;
                m.leaf = 1;
                m.padding = vec![0; 77];
                m.aad = vec![0];
            }),
        ),
        ("a commit of a later generation", Message::with(|m| m.generation = 1000)),
        (
            "a commit for two receivers",
            Message::with(|m| {
                m.context = context(GROUP, EPOCH, &[WIRE_FORMAT], &[HUB, ARCHIVE]);
                m.named = vec![ARCHIVE, HUB];
            }),
        ),
    ];
    let (mut members, mut receivers) = (Vec::new(), Vec::new());
    for (comment, message) in &good {
        let case = || message.meaning(Case::acceptable(*comment, "Opens"));
        members.push(message.for_member(case())?);
        receivers.push(message.for_receiver(case(), HUB)?);
        if message.named.contains(&ARCHIVE) {
            let comment = format!("{comment}, by the second");
            receivers.push(message.for_receiver(message.meaning(Case::acceptable(comment, "Opens")), ARCHIVE)?);
        }
    }
    for Attack { comment, flag, message, member, receiver } in attacks() {
        if let Some(error) = member {
            members.push(message.for_member(Case::invalid(comment, flag, error))?);
        }
        if let Some(error) = receiver {
            receivers.push(message.for_receiver(Case::invalid(comment, flag, error), HUB)?);
        }
    }
    let small = Message::with(|m| m.leaf = 1);
    let case = Case::invalid("the sender's leaf is outside of the secret tree", "Sender", NO_LEAF.nowhere());
    members.push(small.for_member(case)?.with("leaves", 1));
    let stranger = Case::invalid("somebody who is not named", "Receivers", NOT_FOR_US.nowhere());
    receivers.push(Message::new().for_receiver(stranger, ARCHIVE)?);
    let wrong_key = Case::invalid("the private key of somebody else", "Receivers", KEYS.nowhere());
    let wrong_key = Message::new().for_receiver(wrong_key, HUB)?.octets("privateKey", &private_key(ARCHIVE));
    receivers.push(wrong_key);

    let file = FileBuilder::new(
        "mimi-protocol",
        revisions::SEMI_PRIVATE_MESSAGE,
        "semi-private-open",
        "SemiPrivateMessage",
        "3.2",
    );
    file.header("A message, the GroupContext of the reader's epoch, and the signature keys of the leaves, null where a leaf is blank. A member has the two secrets of the epoch and the number of leaves; an external receiver has its entry of the list and the HPKE private key.")
        .header("The signature covers the wire format, for which the draft has no number yet: here it is 0xF5E0 of the private use range (interpretation IM-05). A reader with another number refuses the acceptable messages.")
        .note("Opens", BugType::Basic, ENCRYPTION, "opens and is what the sender signed", None)
        .note("Altered", BugType::AuthenticationBypass, ENCRYPTION, "a part of the message was changed on its way", None)
        .note("Context", BugType::MissingCheck, USAGE, "group, epoch or the group's rules are not those of the message", Some("a handshake takes effect where it was not meant to"))
        .note("Receivers", BugType::MissingCheck, USAGE, "the receivers are not those that the group agreed on", Some("somebody reads the handshakes of a group whose members do not know"))
        .note("Content", BugType::AuthenticationBypass, ENCRYPTION, "the content is not the one whose hash stands in the message", Some("the hub and the members read different things"))
        .note("Signature", BugType::AuthenticationBypass, MEMBER, "the signature is not the sender's over this content in this wire format", None)
        .note("Padding", BugType::Malleability, MEMBER, "what follows the content is not zero, or the content is cut", Some("something is smuggled past a reader that stops early"))
        .note("Sender", BugType::MissingCheck, MEMBER, "the sender is not a member, or not the one it is said to be", None)
        .note("Keys", BugType::MissingCheck, RECEIVER, "what is encrypted for the receiver is not what it should be", None)
        .group("SemiPrivateOpenMember", members)
        .group("SemiPrivateOpenReceiver", receivers)
        .finish()
}
