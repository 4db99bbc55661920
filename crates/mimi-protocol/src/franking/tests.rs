#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{Domain, RoomUri};
use proptest::prelude::*;

use super::content::hmac_sha256;
use super::*;
use crate::codec::{TRUNCATED, Wire};
use crate::component::Component;
use crate::crypto::{Ed25519Signer, LabelSigner, SignError, SignatureError};
use crate::identifier_uri::IdentifierUri;
use crate::mls::{AppDataDictionary, ComponentData, Credential};
use crate::safe_aad::{AAD_ITEMS_NOT_SORTED, SafeAad};
use crate::submit_message::Frank;
use crate::testing::{SUITE, laws, octets, refused};
use crate::values::{AcceptedTimestamp, CipherSuite};

const SALT: [u8; 16] = [0x5a; 16];
const CONTENT: &[u8] = b"content with its salt, its sender and its room";
const ALICE: &str = "mimi://b.example/u/alice";
const ROOM: &str = "mimi://hub.example/r/clubhouse";
const TIME: AcceptedTimestamp = AcceptedTimestamp(1_767_225_600_456);
const INVALID: FrankRefusal = FrankRefusal::Signature(SignatureError::Invalid);

/// A message on its way, in which a test changes what somebody on the way may change.
#[derive(Clone)]
struct World {
    suite: CipherSuite,
    hub: Domain,
    room: RoomUri,
    time: AcceptedTimestamp,
    agent: Option<FrankingAgentData>,
    leaf: Credential,
    tag: Option<FrankingTag>,
    frank: Option<Frank>,
    salt: [u8; 16],
    sender_uri: IdentifierUri,
    room_uri: IdentifierUri,
    content: Vec<u8>,
    hub_keys: Vec<HubKey>,
    alleged: IdentifierUri,
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([0x51; 32])
}

fn agent() -> FrankingAgentData {
    FrankingAgentData {
        franking_signature_key: signer().public_key().to_vec(),
        credential: Credential::basic(*b"mimi://hub.example"),
    }
}

fn context(sender: &str) -> ServerFrankingContext {
    ServerFrankingContext {
        sender_uri: IdentifierUri::new(sender),
        room_uri: IdentifierUri::new(ROOM),
        accepted_timestamp: TIME,
    }
}

fn stamp(hub_key: &HubKey, suite: CipherSuite, tag: &FrankingTag, context: &ServerFrankingContext) -> Frank {
    let hub = "hub.example".parse().unwrap();
    Franker { hub: &hub, hub_key, signer: &signer(), agent: &agent(), suite }.frank(tag, context).unwrap()
}

impl World {
    fn new() -> Self {
        Self::with(CONTENT, ALICE, "mimi://b.example/d/alice/ClientA1")
    }

    fn with(content: &[u8], sender: &str, leaf: &str) -> Self {
        let (key, tag) = (HubKey::new([7; 32]), franking_tag(&SALT, content));
        Self {
            suite: SUITE,
            hub: "hub.example".parse().unwrap(),
            room: ROOM.parse().unwrap(),
            time: TIME,
            agent: Some(agent()),
            leaf: Credential::basic(leaf),
            tag: Some(tag),
            frank: Some(stamp(&key, SUITE, &tag, &context(sender))),
            salt: SALT,
            sender_uri: IdentifierUri::new(sender),
            room_uri: IdentifierUri::new(ROOM),
            content: content.to_vec(),
            hub_keys: vec![HubKey::new([8; 32]), key, HubKey::new([9; 32])],
            alleged: IdentifierUri::new(sender),
        }
    }

    fn content(&self) -> FrankedContent<'_> {
        FrankedContent {
            application_data: &self.content,
            salt: &self.salt,
            sender_uri: &self.sender_uri,
            room_uri: &self.room_uri,
        }
    }

    fn receive(&self) -> Result<VerifiedFrank, FrankRefusal> {
        let received = Received {
            suite: self.suite,
            hub: &self.hub,
            agent: self.agent.as_ref(),
            room: &self.room,
            accepted_timestamp: self.time,
            tag: self.tag.as_ref(),
            frank: self.frank.as_ref(),
            leaf_credential: &self.leaf,
            content: self.content(),
        };
        received.verify()
    }

    fn report(&self) -> Result<ProvenMessage, ReportRefusal> {
        let reported = Reported {
            content: self.content(),
            frank: self.frank.as_ref().unwrap(),
            accepted_timestamp: self.time,
            room: &self.room,
            alleged_sender: Some(&self.alleged),
        };
        reported.verify(&self.hub_keys, &[&[0x0b; 32], signer().public_key()])
    }

    fn frank(&mut self) -> &mut Frank {
        self.frank.as_mut().unwrap()
    }
}

fn changed(change: impl FnOnce(&mut World)) -> World {
    let mut world = World::new();
    change(&mut world);
    world
}

#[test]
fn hmac_gives_what_rfc_4231_published() {
    let hmac = |mac: [u8; 32]| hex::encode(mac);
    assert_eq!(
        hmac(hmac_sha256(&[0x0b; 20], &[b"Hi ", b"There"])),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    );
    assert_eq!(
        hmac(hmac_sha256(b"Jefe", &[b"what do ya want for nothing?"])),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn the_tag_in_the_aad_is_32_octets_without_a_length() {
    // req: MP06-5.4.1-02, MP06-5.4.1.1-05
    let aad = FrankAad { franking_tag: FrankingTag::from([0xab; 32]) };
    assert_eq!(laws(&aad), [0xab; 32]);
    refused::<FrankAad>(&[0xab; 31], 0, &TRUNCATED);
    let safe = SafeAad::new(vec![aad.item()]).unwrap().to_bytes().unwrap();
    assert_eq!(safe[..4], [35, 0, 0x20, 32]);
    assert_eq!(FrankAad::read(&safe), Ok(Some(aad)));
    assert_eq!(FrankAad::read(&[0]), Ok(None));
    assert_eq!(FrankAad::read(&[4, 0, 0x20, 1, 0xab]).unwrap_err().rule(), &TRUNCATED);
    let twice = [&[70][..], &safe[1..], &safe[1..]].concat();
    assert_eq!(FrankAad::read(&[&[0x40], &twice[..]].concat()).unwrap_err().rule(), &AAD_ITEMS_NOT_SORTED);
}

#[test]
fn the_agent_has_the_layout_of_an_external_sender_and_so_has_its_update() {
    // req: MP06-5.4.1-02, MP06-5.4.1-03, MP06-5.4.1-05
    let data = FrankingAgentData { franking_signature_key: vec![7], credential: Credential::basic(*b"h") };
    assert_eq!(laws(&data), [1, 7, 0, 1, 1, b'h']);
    assert_eq!(laws(&FrankingAgentUpdate(data.clone())), [1, 7, 0, 1, 1, b'h']);
    let entry = ComponentData { component_id: FRANKING_AGENT, data: data.to_bytes().unwrap() };
    let dictionary = AppDataDictionary::new(vec![entry]).unwrap();
    assert_eq!(FrankingAgentData::from_bytes(dictionary.find(FRANKING_AGENT).unwrap()), Ok(data));
    assert_eq!((FRANK_AAD.0, FRANKING_AGENT.0), (0x20, 0x21));
}

#[test]
fn an_update_adds_an_agent_and_a_replacement_is_told_apart() {
    // req: MP06-5.4.1-06, MP06-5.4.1-07
    let other = FrankingAgentData { franking_signature_key: vec![1; 32], ..agent() };
    let apply = |current: Option<&_>| FrankingAgentData::apply(current, FrankingAgentUpdate(agent()));
    assert_eq!(apply(None), AgentChange::Added(agent()));
    assert_eq!(apply(Some(&agent())), AgentChange::Unchanged(agent()));
    assert_eq!(apply(Some(&other)), AgentChange::Replaced(agent()));
}

#[test]
fn a_commit_updates_the_agent_once() {
    // req: MP06-5.4.1-02, MP06-5.4.1-05
    let update = || FrankingAgentUpdate(agent());
    assert_eq!(FrankingAgent::apply(None, &[update()]), Ok(agent()));
    assert_eq!(FrankingAgent::apply(Some(&agent()), &[update()]), Ok(agent()));
    for updates in [vec![], vec![update(), update()]] {
        let refusal = AgentUpdateError::NotOne { count: updates.len() };
        assert_eq!(FrankingAgent::apply(None, &updates), Err(refusal));
        assert_eq!(refusal.section(), "draft-ietf-mimi-protocol-06 section 5.4.1");
    }
    assert_eq!(FrankingAgent::ID, FRANKING_AGENT);
}

#[test]
fn the_key_of_the_agent_fits_the_cipher_suite() {
    // req: MP06-5.4.1-04
    let hub = "hub.example".parse().unwrap();
    assert_eq!(agent().check(&hub, SUITE), Ok(()));
    assert_eq!(agent().check(&hub, CipherSuite(3)), Ok(()));
    for suite in [2, 4, 5, 6, 7, 0xf001].map(CipherSuite) {
        let unsupported = AgentError::Key(SignatureError::UnsupportedCipherSuite(suite));
        assert_eq!(agent().check(&hub, suite), Err(unsupported));
    }
    let short = FrankingAgentData { franking_signature_key: vec![1; 31], ..agent() };
    assert_eq!(short.check(&hub, SUITE), Err(AgentError::Key(SignatureError::MalformedKey)));
}

#[test]
fn what_is_signed_has_frank_suite_and_context_one_after_the_other() {
    // req: MP06-5.4.1.2-04
    let context = ServerFrankingContext {
        sender_uri: IdentifierUri::new("s"),
        room_uri: IdentifierUri::new("r"),
        accepted_timestamp: AcceptedTimestamp(0x0102),
    };
    assert_eq!(laws(&context), [1, b's', 1, b'r', 0, 0, 0, 0, 0, 0, 1, 2]);
    let tbs = FrankingIntegrityTbs {
        server_frank: ServerFrank::from([0xf4; 32]),
        franking_signature_ciphersuite: SUITE,
        context: context.clone(),
    };
    let expected = [&[0xf4; 32][..], &[0, 1], &context.to_bytes().unwrap()].concat();
    assert_eq!(laws(&tbs), expected);
}

#[test]
fn the_mark_of_the_hub_is_over_the_tag_and_the_encoded_context() {
    // req: MP06-5.4.1.2-03
    let (key, tag) = (HubKey::new([7; 32]), FrankingTag::from([0xab; 32]));
    let context = context(ALICE);
    let expected = hmac_sha256(&[7; 32], &[&[[0xab; 32].to_vec(), context.to_bytes().unwrap()].concat()]);
    assert_eq!(key.server_frank(&tag, &context).unwrap().as_bytes(), &expected);
    assert_eq!(stamp(&key, SUITE, &tag, &context).server_frank, expected);
}

#[test]
fn a_frank_that_nobody_touched_holds_at_the_receiver_and_at_the_hub() {
    // req: MP06-5.4.1.1-01, MP06-5.4.1.1-02, MP06-5.4.1.1-03, MP06-5.4.1.2-02, MP06-5.4.1.2-05
    // req: MP06-5.4.1.3-01, MP06-5.4.1.3-04, MP06-5.4.1.3-05
    let world = World::new();
    let verified = world.receive().unwrap();
    assert_eq!((verified.frank(), verified.context()), (world.frank.as_ref().unwrap(), &context(ALICE)));
    assert_eq!(verified.frank().franking_signature_ciphersuite, SUITE);
    let proven = world.report().unwrap();
    assert_eq!((proven.context(), proven.hub_key()), (&context(ALICE), 1));
}

#[test]
fn senders_are_compared_by_their_normal_form_and_signed_as_they_were_written() {
    let odd = "mimi://B.example/u/%61lice";
    let world = World::with(CONTENT, odd, "mimi://b.example/d/alice/ClientA1");
    assert_eq!(world.receive().unwrap().context().sender_uri.as_str(), odd);
    assert!(changed(|world| world.sender_uri = IdentifierUri::new(odd)).receive() == Err(INVALID));
    for leaf in [ALICE, "mimi://B.example/u/alice"] {
        assert!(World::with(CONTENT, ALICE, leaf).receive().is_ok());
    }
    let pseudonym = "mimi://b.example/p/4d2f";
    assert!(World::with(CONTENT, pseudonym, pseudonym).receive().is_ok());
    let userless = World::with(CONTENT, ALICE, "mimi://b.example/d/ClientA1");
    assert_eq!(userless.receive(), Err(FrankRefusal::OtherSender), "a client URI that names no user");
}

#[test]
fn changed_content_is_found_by_the_receiver_and_by_the_hub() {
    // req: MP06-5.4.1.1-03, MP06-5.4.1.1-04, MP06-5.4.1.3-05
    let more = changed(|world| world.content.push(b'!'));
    let less = changed(|world| world.content.truncate(CONTENT.len() - 1));
    let framed = changed(|world| world.content.insert(0, 0));
    let salt = changed(|world| world.salt[15] ^= 1);
    for world in [more, less, framed, salt] {
        assert_eq!(world.receive(), Err(FrankRefusal::OtherContent));
        assert_eq!(world.report(), Err(ReportRefusal::NotOurs));
    }
}

#[test]
fn a_tag_of_other_content_is_found() {
    let world = changed(|world| world.tag = Some(franking_tag(&SALT, b"other content")));
    assert_eq!(world.receive(), Err(FrankRefusal::OtherContent));
}

#[test]
fn a_changed_sender_is_found() {
    // req: MP06-5.4.1.1-06, MP06-5.4.1.3-05, MP06-5.4.1.4-02
    let bob = "mimi://b.example/u/bob";
    // The content names somebody else than the hub was told.
    let content = changed(|world| world.sender_uri = IdentifierUri::new(bob));
    assert_eq!(content.receive(), Err(INVALID));
    assert_eq!(content.report(), Err(ReportRefusal::OtherSender));
    // Content and hub agree on somebody else than the member who sent.
    let both = World::with(CONTENT, bob, "mimi://b.example/d/alice/ClientA1");
    assert_eq!(both.receive(), Err(FrankRefusal::OtherSender));
    // The report puts the words into somebody else's mouth.
    let report = changed(|world| {
        world.sender_uri = IdentifierUri::new(bob);
        world.alleged = IdentifierUri::new(bob);
    });
    assert_eq!(report.report(), Err(ReportRefusal::NotOurs));
    assert_eq!(changed(|world| world.alleged = IdentifierUri::new(bob)).report(), Err(ReportRefusal::OtherSender));
    let x509 = changed(|world| world.leaf = Credential::x509(vec![]));
    assert_eq!(x509.receive(), Err(FrankRefusal::OtherSender));
    let nobody = World::with(CONTENT, "", "");
    assert_eq!(nobody.receive(), Err(FrankRefusal::OtherSender));
}

#[test]
fn another_room_is_found() {
    // req: MP06-5.4.1.3-05
    let other = "mimi://hub.example/r/elsewhere";
    let moved = changed(|world| world.room = other.parse().unwrap());
    assert_eq!(moved.receive(), Err(INVALID));
    assert_eq!(moved.report(), Err(ReportRefusal::OtherRoom));
    let content = changed(|world| world.room_uri = IdentifierUri::new(other));
    assert_eq!(content.receive(), Err(FrankRefusal::OtherRoom));
    assert_eq!(content.report(), Err(ReportRefusal::OtherRoom));
    let both = changed(|world| {
        world.room = other.parse().unwrap();
        world.room_uri = IdentifierUri::new(other);
    });
    assert_eq!(both.receive(), Err(INVALID));
    assert_eq!(both.report(), Err(ReportRefusal::NotOurs));
}

#[test]
fn another_time_is_found() {
    // req: MP06-5.4.1.3-04
    for time in [0, TIME.0 - 1, TIME.0 + 1, u64::MAX] {
        let world = changed(|world| world.time = AcceptedTimestamp(time));
        assert_eq!(world.receive(), Err(INVALID));
        assert_eq!(world.report(), Err(ReportRefusal::NotOurs));
    }
}

#[test]
fn a_hub_knows_only_the_marks_of_its_own_keys_and_keeps_knowing_those_of_old_ones() {
    // req: MP06-5.9-09, MP06-5.9-13
    // req: MP06-5.4.1.2-03
    let mut world = World::new();
    world.hub_keys.remove(1);
    assert!(world.receive().is_ok(), "receivers do not need the hub's secret");
    assert_eq!(world.report(), Err(ReportRefusal::NotOurs));
    world.hub_keys.clear();
    assert_eq!(world.report(), Err(ReportRefusal::NotOurs));
}

#[test]
fn a_follower_that_alters_the_frank_is_found() {
    // req: MP06-5.4.1.3-04
    for place in 0..32 {
        let world = changed(|world| world.frank().server_frank[place] ^= 1);
        assert_eq!(world.receive(), Err(INVALID));
        assert_eq!(world.report(), Err(ReportRefusal::NotOurs));
    }
    for place in 0..64 {
        let world = changed(|world| world.frank().franking_integrity_signature[place] ^= 1);
        assert!(matches!(world.receive(), Err(FrankRefusal::Signature(_))));
        assert!(matches!(world.report(), Err(ReportRefusal::Signature(_))));
    }
    let none = changed(|world| world.frank().franking_integrity_signature.clear());
    assert_eq!(none.receive(), Err(FrankRefusal::Signature(SignatureError::MalformedSignature)));
}

#[test]
fn two_swapped_franks_of_one_sender_are_found_by_the_hub_alone() {
    // The signature is not over the tag, so that a receiver cannot tell.
    let later = AcceptedTimestamp(TIME.0 + 1);
    let swapped = changed(|world| {
        let of = ServerFrankingContext { accepted_timestamp: later, ..context(ALICE) };
        world.frank = Some(stamp(&HubKey::new([7; 32]), SUITE, &franking_tag(&SALT, b"other content"), &of));
        world.time = later;
    });
    assert_eq!(swapped.receive().unwrap().context().accepted_timestamp, later);
    assert_eq!(swapped.report(), Err(ReportRefusal::NotOurs));
}

#[test]
fn the_cipher_suite_in_the_frank_is_that_of_the_group_and_is_signed() {
    // req: MP06-5.4.1.3-02, MP06-5.4.1.2-05
    let other = CipherSuite(3);
    let mismatch = |frank, group| Err(FrankRefusal::OtherCipherSuite { frank, group });
    let frank = changed(|world| world.frank().franking_signature_ciphersuite = other);
    assert_eq!(frank.receive(), mismatch(other, SUITE));
    assert_eq!(frank.report(), Err(ReportRefusal::Signature(SignatureError::Invalid)));
    let group = changed(|world| world.suite = other);
    assert_eq!(group.receive(), mismatch(SUITE, other));
    let both = changed(|world| {
        world.suite = other;
        world.frank().franking_signature_ciphersuite = other;
    });
    assert_eq!(both.receive(), Err(INVALID));
    let unknown = changed(|world| world.frank().franking_signature_ciphersuite = CipherSuite(2));
    let unsupported = SignatureError::UnsupportedCipherSuite(CipherSuite(2));
    assert_eq!(unknown.report(), Err(ReportRefusal::Signature(unsupported)));
}

#[test]
fn an_agent_of_another_domain_or_none_is_found() {
    // req: MP06-5.4.1.3-02, MP06-5.4.1.3-03
    let of = |credential: Credential| {
        changed(|world| world.agent = Some(FrankingAgentData { credential, ..agent() })).receive()
    };
    let hub = World::new().hub;
    for identity in
        ["mimi://b.example", "mimi://hub.example.b.example", "mimi://hub.example/u/mallory", "hub.example", ""]
    {
        let refusal = AgentError::NotTheHub { hub: hub.clone() };
        assert_eq!(of(Credential::basic(identity)), Err(refusal.into()), "{identity}");
    }
    assert_eq!(of(Credential::x509(vec![])), Err(AgentError::NotTheHub { hub }.into()));
    assert!(of(Credential::basic(*b"mimi://HUB.example")).is_ok());
    assert_eq!(changed(|world| world.agent = None).receive(), Err(FrankRefusal::NoAgent));
    let key = changed(|world| world.agent.as_mut().unwrap().franking_signature_key[0] ^= 1);
    assert!(matches!(key.receive(), Err(FrankRefusal::Signature(_))));
}

#[test]
fn a_stripped_tag_and_a_stripped_frank_are_told_apart_from_a_message_without_either() {
    // req: MP06-5.4.1.3-01
    assert_eq!(changed(|world| world.tag = None).receive(), Err(FrankRefusal::TagMissing));
    assert_eq!(changed(|world| world.frank = None).receive(), Err(FrankRefusal::FrankMissing));
    let neither = changed(|world| (world.tag, world.frank) = (None, None));
    assert_eq!(neither.receive(), Err(FrankRefusal::NotFranked));
}

#[test]
fn a_hub_franks_only_as_the_agent_of_the_group() {
    // req: MP06-5.4.1.2-01, MP06-5.4.1-04
    let (hub, other_hub): (Domain, Domain) = ("hub.example".parse().unwrap(), "b.example".parse().unwrap());
    let (signer, other_signer, agent) = (signer(), Ed25519Signer::from_seed([1; 32]), agent());
    let hub_key = HubKey::new([7; 32]);
    let franker = Franker { hub: &hub, hub_key: &hub_key, signer: &signer, agent: &agent, suite: SUITE };
    let frank = |franker: Franker<'_>| franker.frank(&franking_tag(&SALT, CONTENT), &context(ALICE));
    assert!(frank(franker).is_ok());
    let mismatch = frank(Franker { signer: &other_signer, ..franker });
    assert!(matches!(mismatch, Err(FrankError::Sign(SignError::KeyMismatch))));
    let error = frank(Franker { hub: &other_hub, ..franker }).unwrap_err();
    assert!(matches!(error, FrankError::Agent(AgentError::NotTheHub { .. })));
    assert_eq!(error.section(), RECEIVER);
    let suite = frank(Franker { suite: CipherSuite(2), ..franker });
    assert!(matches!(suite, Err(FrankError::Agent(AgentError::Key(_)))));
}

#[test]
fn the_frank_that_is_fanned_out_does_not_show_the_sender() {
    // req: MP06-5.4.1-01, MP06-5.4.1.4-01
    let bytes = World::new().frank.unwrap().to_bytes().unwrap();
    assert_eq!(bytes.len(), 32 + 2 + 2 + 64);
    assert!(!bytes.windows(5).any(|window| window == b"alice"));
}

#[test]
fn a_hub_key_is_not_shown() {
    let (hub, signer, agent) = ("hub.example".parse().unwrap(), signer(), agent());
    let hub_key = HubKey::new([7; 32]);
    assert_eq!(format!("{hub_key:?}"), "HubKey { .. }");
    let franker = Franker { hub: &hub, hub_key: &hub_key, signer: &signer, agent: &agent, suite: SUITE };
    assert!(!format!("{franker:?}").contains('7'));
    assert!(format!("{:?}", FrankingTag::from([0xab; 32])).starts_with("FrankingTag(abab"));
    assert!(format!("{:?}", ServerFrank::from([0xcd; 32])).starts_with("ServerFrank(cdcd"));
}

#[test]
fn refusals_name_the_section_of_their_rule() {
    assert_eq!(FrankRefusal::OtherContent.section(), "draft-ietf-mimi-protocol-06 section 5.4.1.3");
    assert_eq!(INVALID.section(), "RFC 9420 section 5.1.2");
    assert_eq!(ReportRefusal::NotOurs.section(), "draft-ietf-mimi-protocol-06 section 5.9");
    assert_eq!(FrankError::Sign(SignError::KeyMismatch).section(), "draft-ietf-mimi-protocol-06 section 5.4.1.2");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_content_is_proven_and_no_other(content in octets(), other in octets(), time in any::<u64>(), key in any::<[u8; 32]>()) {
        let mut world = World::with(&content, ALICE, ALICE);
        world.time = AcceptedTimestamp(time);
        let of = ServerFrankingContext { accepted_timestamp: world.time, ..context(ALICE) };
        world.frank = Some(stamp(&HubKey::new(key), SUITE, &franking_tag(&SALT, &content), &of));
        world.hub_keys.push(HubKey::new(key));
        prop_assert!(world.receive().is_ok());
        let proven = world.report().unwrap();
        prop_assert_eq!(proven.context(), &of);
        world.content = other.clone();
        prop_assert_eq!(world.receive().is_ok(), other == content);
        prop_assert_eq!(world.report().is_ok(), other == content);
    }
}
