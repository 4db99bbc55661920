//! Franking: draft-ietf-mimi-protocol-06 section 5.4.1, with the safe AAD of the mls-extensions draft that carries its tag.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spec_vectors::BugType;

use super::builder::{Built, Case, FileBuilder, Rule};
use super::keys::{Key, octets, octets32};
use super::layout::{Part, Struct, opaque, raw, u16, u64, vector};
use super::mls::{ALICE, ALICE_CLIENT, BOB, BOB_CLIENT, HUB, ROOM, credential};
use super::rules::{SIGNATURE_INVALID, SUITE_UNSUPPORTED, TRUNCATED};
use super::wire::{self, GROUP_TYPE, broken, replaced, valid};

const SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.4.1";
const HUB_SECTION: &str = "draft-ietf-mimi-protocol-06 section 5.4.1.2";
const RECEIVER: &str = "draft-ietf-mimi-protocol-06 section 5.4.1.3";
const REPORT: &str = "draft-ietf-mimi-protocol-06 section 5.9";
const SAFE_AAD: &str = "draft-ietf-mls-extensions section 4.9";

const NOT_SORTED: Rule = Rule("aad-items-not-sorted", SAFE_AAD);
const CREDENTIAL_TYPE: Rule = Rule("credential-type-unknown", "RFC 9420 section 5.3");
const NOT_FRANKED: Rule = Rule("not-franked", RECEIVER);
const TAG_MISSING: Rule = Rule("tag-missing", RECEIVER);
const FRANK_MISSING: Rule = Rule("frank-missing", RECEIVER);
const OTHER_SUITE: Rule = Rule("other-cipher-suite", RECEIVER);
const NO_AGENT: Rule = Rule("no-agent", RECEIVER);
const NOT_THE_HUB: Rule = Rule("agent-not-the-hub", RECEIVER);
const OTHER_CONTENT: Rule = Rule("other-content", RECEIVER);
const OTHER_SENDER: Rule = Rule("other-sender", RECEIVER);
const OTHER_ROOM: Rule = Rule("other-room", RECEIVER);
const REPORT_ROOM: Rule = Rule("report-of-other-room", REPORT);
const REPORT_SENDER: Rule = Rule("report-of-other-sender", REPORT);
const NOT_OURS: Rule = Rule("not-our-frank", REPORT);

const DOMAIN: &str = "a.example";
const ELSEWHERE: &str = "mimi://a.example/r/elsewhere";
const LABEL: &str = "FrankingIntegrityTBS";
const SUITE: u16 = 1;
const TIME: u64 = 1_767_225_600_456;

/// Builds the files.
pub(crate) fn build() -> Result<Vec<Built>> {
    Ok(vec![safe_aad()?, frank_aad()?, agent()?, tbs()?, frank()?, verify()?, report()?])
}

/// HMAC-SHA256 by RFC 2104, for keys that are not longer than a block.
pub(super) fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let pad =
        |with: u8| -> Vec<u8> { (0..64).map(|place| key.get(place).copied().unwrap_or_default() ^ with).collect() };
    let inner = Sha256::digest([&pad(0x36), data].concat());
    Sha256::digest([&pad(0x5c), &inner[..]].concat()).to_vec()
}

fn items(list: &[(u16, &[u8])]) -> Struct {
    let item = |(id, data): &(u16, &[u8])| {
        Part::Struct(Struct::new().add("component_id", u16(*id)).add("aad_item_data", opaque(data)))
    };
    Struct::new().add("aad_items", vector(list.iter().map(item)))
}

fn safe_aad() -> Result<Built> {
    let of = |comment: &str, list: &[(u16, &[u8])]| {
        let decoded: Value =
            list.iter().map(|(id, data)| json!({"component_id": id, "aad_item_data": hex::encode(data)})).collect();
        valid(comment, &items(list), json!({"aad_items": decoded}))
    };
    let tag = octets32("franking tag");
    let usual = items(&[(0x20, &tag), (0x8001, b"private")]);
    let mut cases = vec![
        of("no component has anything to say", &[]),
        of("a franking tag", &[(0x20, &tag)]),
        of("two components", &[(0x20, &tag), (0x8001, b"private")]),
        of("a component that says nothing", &[(0x8001, &[])]),
        of("data whose length takes two octets", &[(0x8001, &octets("aad", 64))]),
    ];
    cases.extend(wire::malformed(&usual, "aad_items", "aad_items/0/aad_item_data")?);
    for (comment, list) in [
        ("the components are in the wrong order", [0x8001, 0x20]),
        ("a component twice, with the same data", [0x20, 0x20]),
    ] {
        let list = list.map(|id| (id, &tag[..]));
        cases.push(broken(comment, "Forbidden", NOT_SORTED, &items(&list), "aad_items")?);
    }
    let twice = items(&[(0x20, &tag), (0x20, &octets32("other tag"))]);
    cases.push(broken("a component twice, with other data", "Forbidden", NOT_SORTED, &twice, "aad_items")?);
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "safe-aad", "SafeAAD", "5.4.1")
        .header("The authenticated_data of messages in a group that has the component safe_aad.")
        .note(
            "Forbidden",
            BugType::Malleability,
            SAFE_AAD,
            "items that are not ordered by component, or two of one component",
            Some("two readers find two different tags in one message"),
        );
    wire::valid_note(wire::notes(file), SAFE_AAD).group(GROUP_TYPE, cases).finish()
}

fn frank_aad() -> Result<Built> {
    let tag = octets32("franking tag");
    let usual = Struct::new().add("franking_tag", raw(tag));
    let cases = vec![
        valid("a tag", &usual, json!({"franking_tag": hex::encode(tag)})),
        Case::invalid("no octets", "Truncated", TRUNCATED.at(0)).octets("encoded", &[]),
        Case::invalid("31 octets", "Truncated", TRUNCATED.at(0)).octets("encoded", &octets("franking tag", 31)),
        Case::invalid("a tag with a length before it", "Trailing", Rule("trailing", "RFC 9420 section 2.1").at(32))
            .octets("encoded", &[&[32], &tag[..]].concat()),
    ];
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "frank-aad", "FrankAAD", "5.4.1")
        .header("The data of component 0x0020 in SafeAAD.")
        .note("Truncated", BugType::MissingCheck, "RFC 9420 section 2.1", "the octets end too early", None)
        .note("Trailing", BugType::Malleability, "RFC 9420 section 2.1", "octets follow the end", None);
    wire::valid_note(file, SECTION).group(GROUP_TYPE, cases).finish()
}

fn agent_of(hub: &str, key: &[u8]) -> Struct {
    Struct::new().add("franking_signature_key", opaque(key)).add("credential", Part::Struct(credential(hub)))
}

fn signing() -> Key {
    Key::of("franking agent")
}

fn agent() -> Result<Built> {
    let key = signing().public();
    let usual = agent_of(HUB, &key);
    let mut cases = vec![valid(
        "the agent of a room",
        &usual,
        json!({"franking_signature_key": hex::encode(&key), "credential": {"basic": HUB}}),
    )];
    cases.extend(wire::malformed(&usual, "credential/identity", "franking_signature_key")?);
    cases.push(replaced(
        "a credential of an unknown type",
        "UnknownValue",
        CREDENTIAL_TYPE,
        &usual,
        "credential",
        raw([0, 3, 0]),
    )?);
    let file =
        FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "franking-agent", "FrankingAgentData", "5.4.1").header(
            "The data of component 0x0021 in the app_data_dictionary of the GroupContext, and the update of an AppDataUpdate proposal for it.",
        );
    wire::unknown_value_note(wire::valid_note(wire::notes(file), SECTION), SECTION).group(GROUP_TYPE, cases).finish()
}

fn context(sender: &str, room: &str, time: u64) -> Struct {
    Struct::new()
        .add("sender_uri", opaque(sender.as_bytes()))
        .add("room_uri", opaque(room.as_bytes()))
        .add("accepted_timestamp", u64(time))
}

fn tbs_of(server_frank: &[u8], suite: u16, context: Struct) -> Struct {
    Struct::new()
        .add("server_frank", raw(server_frank))
        .add("franking_signature_ciphersuite", u16(suite))
        .add("context", Part::Struct(context))
}

fn tbs() -> Result<Built> {
    let server_frank = octets32("server frank");
    let usual = tbs_of(&server_frank, SUITE, context(ALICE, ROOM, TIME));
    let mut cases = vec![valid(
        "what the hub signs",
        &usual,
        json!({
            "server_frank": hex::encode(server_frank),
            "franking_signature_ciphersuite": SUITE,
            "context": {"sender_uri": ALICE, "room_uri": ROOM, "accepted_timestamp": TIME},
        }),
    )];
    cases.extend(wire::malformed(&usual, "context/accepted_timestamp", "context/room_uri")?);
    let file = FileBuilder::new(
        "mimi-protocol",
        revisions::PROTOCOL,
        "franking-integrity-tbs",
        "FrankingIntegrityTBS",
        "5.4.1.2",
    )
    .header("server_frank, which the draft writes as opaque[32] here and as uint8[32] in Frank, has 32 octets without a length in both.");
    wire::valid_note(wire::notes(file), HUB_SECTION).group(GROUP_TYPE, cases).finish()
}

/// A message with its frank, as it travels; each field is what somebody may change.
#[derive(Clone)]
struct Message {
    suite: u16,
    hub: &'static str,
    room: &'static str,
    time: u64,
    agent: Option<Struct>,
    leaf: &'static str,
    tag: Option<Vec<u8>>,
    frank: Option<Frank>,
    salt: Vec<u8>,
    content_sender: &'static str,
    content_room: &'static str,
    content: Vec<u8>,
}

#[derive(Clone)]
struct Frank {
    server_frank: Vec<u8>,
    suite: u16,
    signature: Vec<u8>,
}

impl Frank {
    fn of(hub_key: &[u8], key: &Key, suite: u16, tag: &[u8], context: Struct) -> Self {
        let server_frank = hmac(hub_key, &[tag, &context.octets()].concat());
        let signature = key.sign(LABEL, &tbs_of(&server_frank, suite, context).octets());
        Self { server_frank, suite, signature }
    }

    fn octets(&self) -> Vec<u8> {
        Struct::new()
            .add("server_frank", raw(self.server_frank.clone()))
            .add("franking_signature_ciphersuite", u16(self.suite))
            .add("franking_integrity_signature", opaque(&self.signature))
            .octets()
    }
}

fn hub_key() -> Vec<u8> {
    octets("hub key", 32)
}

impl Message {
    fn new() -> Self {
        Self::from(ALICE)
    }

    /// From Alice's client, while hub and content say it is from `sender`.
    fn from(sender: &'static str) -> Self {
        let salt = octets("salt", 16);
        let content = octets("application data", 90);
        let tag = hmac(&salt, &content);
        Self {
            suite: SUITE,
            hub: DOMAIN,
            room: ROOM,
            time: TIME,
            agent: Some(agent_of(HUB, &signing().public())),
            leaf: ALICE_CLIENT,
            frank: Some(Frank::of(&hub_key(), &signing(), SUITE, &tag, context(sender, ROOM, TIME))),
            tag: Some(tag),
            salt,
            content_sender: sender,
            content_room: ROOM,
            content,
        }
    }

    fn with(change: impl FnOnce(&mut Self)) -> Self {
        let mut message = Self::new();
        change(&mut message);
        message
    }

    fn with_frank(change: impl FnOnce(&mut Frank)) -> Self {
        Self::with(|message| {
            if let Some(frank) = &mut message.frank {
                change(frank);
            }
        })
    }

    fn shared(&self, case: Case) -> Case {
        let case = case
            .with("roomUri", self.room)
            .with("acceptedTimestamp", self.time)
            .octets("salt", &self.salt)
            .with("contentSender", self.content_sender)
            .with("contentRoom", self.content_room)
            .octets("content", &self.content);
        match &self.frank {
            Some(frank) => case.octets("frank", &frank.octets()),
            None => case,
        }
    }

    fn received(&self, case: Case) -> Case {
        let aad = match &self.tag {
            Some(tag) => items(&[(0x20, tag)]),
            None => items(&[]),
        };
        let case = self
            .shared(case)
            .with("cipherSuite", self.suite)
            .with("hub", self.hub)
            .with("leafIdentity", self.leaf)
            .octets("authenticatedData", &aad.octets());
        match &self.agent {
            Some(agent) => case.octets("agent", &agent.octets()),
            None => case,
        }
    }

    fn reported(&self, case: Case, hub_keys: &[Vec<u8>], alleged: &str) -> Case {
        let hub_keys: Vec<String> = hub_keys.iter().map(hex::encode).collect();
        let public_keys = [Key::of("earlier franking agent"), signing()].map(|key| hex::encode(key.public()));
        self.shared(case)
            .with("hubKeys", hub_keys)
            .with("publicKeys", public_keys.to_vec())
            .with("allegedSender", alleged)
    }
}

fn flip(octets: &mut [u8]) {
    if let Some(first) = octets.first_mut() {
        *first ^= 1;
    }
}

fn frank() -> Result<Built> {
    let of = |comment: &str, sender: &str, time: u64, content: &[u8]| {
        let salt = octets("salt", 16);
        let tag = hmac(&salt, content);
        let context = context(sender, ROOM, time);
        let frank = Frank::of(&hub_key(), &signing(), SUITE, &tag, context.clone());
        Case::valid(comment, "Frank")
            .with("cipherSuite", SUITE)
            .with("hub", DOMAIN)
            .with("hubKeys", vec![hex::encode(hub_key())])
            .octets("seed", signing().seed())
            .octets("agent", &agent_of(HUB, &signing().public()).octets())
            .octets("salt", &salt)
            .octets("content", content)
            .with("senderUri", sender)
            .with("roomUri", ROOM)
            .with("acceptedTimestamp", time)
            .octets("tag", &tag)
            .octets("context", &context.octets())
            .octets("frank", &frank.octets())
    };
    let cases = vec![
        of("a message", ALICE, TIME, &octets("application data", 90)),
        of("no application data", ALICE, TIME, &[]),
        of("application data longer than a block of SHA-256", ALICE, TIME, &octets("application data", 1000)),
        of("time 0", ALICE, 0, &octets("application data", 90)),
        of("the last time that there is", ALICE, u64::MAX, &octets("application data", 90)),
        of(
            "a sender whose URI takes a length of two octets",
            &format!("mimi://b.example/u/{}", "b".repeat(60)),
            TIME,
            b"x",
        ),
        of("a sender in the spelling of its own", "mimi://A.example/u/%61lice", TIME, b"x"),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "frank", "Frank", "5.4.1.2")
        .header("tag is HMAC-SHA256 of content, the whole application data, with salt as the key. frank has HMAC-SHA256 of tag and context, one after the other, with the only one of hubKeys, and the Ed25519 signature by seed. context is the ServerFrankingContext.")
        .header("The content is not in any format; a reader of the format finds salt, sender and room in it.")
        .note("Frank", BugType::Basic, HUB_SECTION, "the hub's stamp on a tag", Some("receivers do not accept the frank, or the hub does not recognise its own"))
        .group("Frank", cases)
        .finish()
}

fn verify() -> Result<Built> {
    let good = |comment: &str, message: &Message| message.received(Case::valid(comment, "Valid"));
    let bad = |comment: &str, flag: &str, rule: Rule, message: Message| {
        message.received(Case::invalid(comment, flag, rule.nowhere()))
    };
    let other_agent = |hub: &'static str| Message::with(|m| m.agent = Some(agent_of(hub, &signing().public())));
    let user_leaf = Message::with(|m| m.leaf = ALICE);
    let swapped = Message::with(|m| {
        m.time = TIME + 1;
        let tag = hmac(&m.salt, b"another message");
        m.frank = Some(Frank::of(&hub_key(), &signing(), SUITE, &tag, context(ALICE, ROOM, TIME + 1)));
    });
    let cases = vec![
        good("nobody changed anything", &Message::new()),
        good("the sender's credential names the user", &user_leaf),
        swapped.received(Case::acceptable(
            "frank and time of another message of the same sender to the same room",
            "Swapped",
        )),
        bad("changed content", "Content", OTHER_CONTENT, Message::with(|m| flip(&mut m.content))),
        bad("content that lacks its last octet", "Content", OTHER_CONTENT, Message::with(|m| m.content.truncate(89))),
        bad("a changed salt", "Content", OTHER_CONTENT, Message::with(|m| flip(&mut m.salt))),
        bad("a changed tag", "Content", OTHER_CONTENT, Message::with(|m| m.tag.iter_mut().for_each(|tag| flip(tag)))),
        bad(
            "the content names another sender than the hub was told",
            "Sender",
            SIGNATURE_INVALID,
            Message::with(|m| m.content_sender = BOB),
        ),
        bad("hub and content name another sender than the member who sent", "Sender", OTHER_SENDER, Message::from(BOB)),
        bad(
            "the message comes from another member's leaf",
            "Sender",
            OTHER_SENDER,
            Message::with(|m| m.leaf = BOB_CLIENT),
        ),
        bad("the message comes in another room", "Room", SIGNATURE_INVALID, Message::with(|m| m.room = ELSEWHERE)),
        bad(
            "the message comes in another room, which the content names",
            "Room",
            SIGNATURE_INVALID,
            Message::with(|m| (m.room, m.content_room) = (ELSEWHERE, ELSEWHERE)),
        ),
        bad("the content names another room", "Room", OTHER_ROOM, Message::with(|m| m.content_room = ELSEWHERE)),
        bad("a millisecond later", "Time", SIGNATURE_INVALID, Message::with(|m| m.time += 1)),
        bad(
            "a changed server_frank",
            "Altered",
            SIGNATURE_INVALID,
            Message::with_frank(|frank| flip(&mut frank.server_frank)),
        ),
        bad(
            "a changed signature",
            "Altered",
            SIGNATURE_INVALID,
            Message::with_frank(|frank| flip(&mut frank.signature)),
        ),
        bad(
            "signed by another key",
            "Altered",
            SIGNATURE_INVALID,
            Message::with(|m| {
                let tag = hmac(&m.salt, &m.content);
                m.frank = Some(Frank::of(&hub_key(), &Key::of("follower"), SUITE, &tag, context(ALICE, ROOM, TIME)));
            }),
        ),
        bad(
            "the frank has another cipher suite than the group",
            "Suite",
            OTHER_SUITE,
            Message::with_frank(|frank| frank.suite = 3),
        ),
        bad("the group has another cipher suite than the frank", "Suite", OTHER_SUITE, Message::with(|m| m.suite = 3)),
        bad(
            "the frank is signed for another suite than it names",
            "Suite",
            SIGNATURE_INVALID,
            Message::with(|m| {
                m.suite = 3;
                m.frank.iter_mut().for_each(|frank| frank.suite = 3);
            }),
        ),
        bad("the agent is a follower", "Agent", NOT_THE_HUB, other_agent("mimi://b.example")),
        bad("the agent is a user of the hub", "Agent", NOT_THE_HUB, other_agent("mimi://a.example/u/mallory")),
        bad(
            "the agent's domain begins like the hub's",
            "Agent",
            NOT_THE_HUB,
            other_agent("mimi://a.example.b.example"),
        ),
        bad("the room has no agent", "Agent", NO_AGENT, Message::with(|m| m.agent = None)),
        bad("the tag is gone", "Stripped", TAG_MISSING, Message::with(|m| m.tag = None)),
        bad("the frank is gone", "Stripped", FRANK_MISSING, Message::with(|m| m.frank = None)),
        bad(
            "there is neither tag nor frank",
            "Stripped",
            NOT_FRANKED,
            Message::with(|m| {
                m.tag = None;
                m.frank = None;
            }),
        ),
    ];
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "frank-verify", "Frank", "5.4.1.3")
        .header("A received message: cipherSuite of the group, hub, agent in the GroupContext, room and time that it came with, SafeAAD, frank, identity in the sender's leaf; salt, contentSender and contentRoom are what a reader finds in content.")
        .header("The context is rebuilt with the sender in the content and the room that the message came in. What is absent is not there.");
    refusal_notes(wire::valid_note(file, RECEIVER), RECEIVER)
        .note("Suite", BugType::AuthenticationBypass, RECEIVER, "the cipher suite of the frank is not the group's", Some("a signature is checked with an algorithm that the group does not use"))
        .note("Agent", BugType::AuthenticationBypass, RECEIVER, "the franking agent is not the hub, or absent", Some("a follower makes franks of its own"))
        .note("Stripped", BugType::MissingCheck, RECEIVER, "the tag or the frank is not there", Some("a message that nobody can report looks as if it could be reported"))
        .note("Swapped", BugType::EdgeCase, HUB_SECTION, "the integrity signature is not over the tag, so a receiver cannot tell that a frank belongs to another message with the same sender and room", Some("a follower makes a message unreportable, which only the hub finds out"))
        .group("FrankVerify", cases)
        .finish()
}

fn refusal_notes(file: FileBuilder, section: &str) -> FileBuilder {
    file.note(
        "Content",
        BugType::AuthenticationBypass,
        section,
        "the content is not what the sender committed to",
        Some("a receiver puts words into the sender's mouth"),
    )
    .note(
        "Sender",
        BugType::AuthenticationBypass,
        section,
        "the sender is not the one that the hub knows",
        Some("somebody else is blamed"),
    )
    .note(
        "Room",
        BugType::AuthenticationBypass,
        section,
        "the message was sent to another room",
        Some("words are torn out of their context"),
    )
    .note("Time", BugType::AuthenticationBypass, section, "the time is not the hub's", None)
    .note(
        "Altered",
        BugType::AuthenticationBypass,
        section,
        "a follower altered the frank",
        Some("a message cannot be reported, and nobody notices until somebody tries"),
    )
}

fn report() -> Result<Built> {
    let keys = || vec![octets("old hub key", 32), hub_key(), octets("new hub key", 32)];
    let good = |comment: &str, hub_keys: &[Vec<u8>], index: usize| {
        Message::new().reported(Case::valid(comment, "Valid").with("hubKey", index), hub_keys, ALICE)
    };
    let bad = |comment: &str, flag: &str, rule: Rule, message: Message| {
        let alleged = message.content_sender;
        message.reported(Case::invalid(comment, flag, rule.nowhere()), &keys(), alleged)
    };
    let with_keys = |comment: &str, hub_keys: &[Vec<u8>]| {
        Message::new().reported(Case::invalid(comment, "HubKey", NOT_OURS.nowhere()), hub_keys, ALICE)
    };
    let cases = vec![
        good("a message with a frank of the only hub key", &[hub_key()], 0),
        good("a message with a frank of one of three hub keys", &keys(), 1),
        with_keys("another hub key", &[octets("new hub key", 32)]),
        with_keys("no hub key at all", &[]),
        bad("changed content", "Content", NOT_OURS, Message::with(|m| flip(&mut m.content))),
        bad("a changed salt", "Content", NOT_OURS, Message::with(|m| flip(&mut m.salt))),
        bad("content and report name another sender", "Sender", NOT_OURS, Message::with(|m| m.content_sender = BOB)),
        Message::new().reported(
            Case::invalid("the report names another sender than the content", "Sender", REPORT_SENDER.nowhere()),
            &keys(),
            BOB,
        ),
        bad(
            "the content names another room than the report",
            "Room",
            REPORT_ROOM,
            Message::with(|m| m.content_room = ELSEWHERE),
        ),
        bad("the report is about another room", "Room", REPORT_ROOM, Message::with(|m| m.room = ELSEWHERE)),
        bad(
            "content and report name another room",
            "Room",
            NOT_OURS,
            Message::with(|m| (m.room, m.content_room) = (ELSEWHERE, ELSEWHERE)),
        ),
        bad("a millisecond later", "Time", NOT_OURS, Message::with(|m| m.time += 1)),
        bad("a changed server_frank", "Altered", NOT_OURS, Message::with_frank(|frank| flip(&mut frank.server_frank))),
        bad(
            "a changed signature",
            "Altered",
            SIGNATURE_INVALID,
            Message::with_frank(|frank| flip(&mut frank.signature)),
        ),
        bad(
            "the frank of another message of the same sender",
            "Altered",
            NOT_OURS,
            Message::with(|m| {
                let tag = hmac(&m.salt, b"another message");
                m.frank = Some(Frank::of(&hub_key(), &signing(), SUITE, &tag, context(ALICE, ROOM, TIME)));
            }),
        ),
        bad(
            "another cipher suite with the same signature scheme",
            "Suite",
            SIGNATURE_INVALID,
            Message::with_frank(|frank| frank.suite = 3),
        ),
        bad(
            "a cipher suite with another signature scheme",
            "Suite",
            SUITE_UNSUPPORTED,
            Message::with_frank(|frank| frank.suite = 2),
        ),
    ];
    let file = FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "frank-report", "AbusiveMessage", "5.9")
        .header("A reported message as the hub verifies it, with the hub keys and public keys that it has or had. hubKey is the place of the key that made the frank. salt, contentSender and contentRoom are what a reader finds in content.");
    refusal_notes(wire::valid_note(file, REPORT), REPORT)
        .note(
            "HubKey",
            BugType::AuthenticationBypass,
            REPORT,
            "the frank is not of any of the hub's keys",
            Some("forged evidence is believed"),
        )
        .note("Suite", BugType::AuthenticationBypass, REPORT, "the cipher suite is not the one that was signed", None)
        .group("FrankReport", cases)
        .finish()
}
