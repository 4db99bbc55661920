//! The hub's stamp on messages (section 5.4.1.2), and reports of abuse that it verifies (section 5.9).

use mimi_ds::{
    Effect, SqliteStore, Store,
    hub::{AbuseRefusal, Accepted, CreateRefusal, HubFranking, NotAllowed, SubmitRefusal, UpdateRefusal},
};
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, IdentifierUri, Wire,
    crypto::Ed25519Signer,
    franking::{
        FRANKING_AGENT, FrankRefusal, FrankedContent, FrankingTag, HubKey, Received, ReportRefusal, franking_tag,
    },
    mls::{AppDataDictionary, Credential, MlsMessage},
    notify::{FanoutEvent, FanoutMessage},
    report_abuse::{AbuseReport, AbuseType, AbusiveMessage},
    submit_message::{Frank, SubmitMessageRequest, SubmitMessageResponse},
};
use openmls::prelude::{AppDataUpdateProposal, Proposal};

use crate::support::*;

const SALT: [u8; 16] = [5; 16];
const CATHY: &str = "mimi://c.example/u/cathy";

fn tag(text: &str) -> FrankingTag {
    franking_tag(&SALT, text.as_bytes())
}

fn submit(world: &mut World, app_message: MlsMessage, franking: &HubFranking<'_>) -> Result<Accepted, SubmitRefusal> {
    let now = world.now();
    let request = SubmitMessageRequest { app_message, sending_uri: IdentifierUri::new(CATHY) };
    world.room.submit(now, &domain("c.example"), &request, franking)
}

fn send_tagged(world: &mut World, text: &str) -> Accepted {
    let message = world.client("cathy").seal_tagged(text, &tag(text));
    submit(world, message, &franking()).unwrap()
}

/// What the fan-out carries, the same for everyone.
fn fanned_out(accepted: &Accepted) -> (AcceptedTimestamp, Option<Frank>) {
    let mut all = accepted.effects.iter().filter_map(|effect| match effect {
        Effect::Deliver { message, .. } | Effect::Enqueue { message, .. } => {
            match FanoutMessage::from_bytes(message).unwrap() {
                FanoutMessage { timestamp, event: FanoutEvent::Application { frank, .. } } => Some((timestamp, frank)),
                other => panic!("{other:?}"),
            }
        }
        _ => None,
    });
    let first = all.next().unwrap();
    assert!(all.all(|other| other == first));
    first
}

struct Content {
    text: &'static str,
    sender: IdentifierUri,
    room: IdentifierUri,
}

impl Content {
    fn of(text: &'static str) -> Self {
        Self { text, sender: IdentifierUri::new(CATHY), room: IdentifierUri::from(&room_uri()) }
    }

    fn read(&self) -> FrankedContent<'_> {
        FrankedContent {
            application_data: self.text.as_bytes(),
            salt: &SALT,
            sender_uri: &self.sender,
            room_uri: &self.room,
        }
    }
}

fn received(content: &Content, time: AcceptedTimestamp, frank: Option<&Frank>) -> Result<(), FrankRefusal> {
    Received {
        suite: SUITE,
        hub: &domain("a.example"),
        agent: Some(&agent()),
        room: &room_uri(),
        accepted_timestamp: time,
        tag: Some(&tag(content.text)),
        frank,
        leaf_credential: &Credential::basic(*b"mimi://c.example/d/cathy/1"),
        content: content.read(),
    }
    .verify()
    .map(drop)
}

#[test]
fn a_message_with_a_tag_is_franked_in_the_answer_and_in_every_fan_out() {
    // req: MP06-5.4-06, MP06-5.4.1.2-01, MP06-5.4.1.2-02, MP06-5.4.1.2-06, MP06-5.4.1.1-07
    let mut world = World::three_in(RoomShape::franked);
    let accepted = send_tagged(&mut world, "hello");
    let (time, frank) = fanned_out(&accepted);
    assert_eq!(time, accepted.timestamp);
    let answer = SubmitMessageResponse::Accepted { accepted_timestamp: time, frank: frank.clone() };
    assert_eq!(accepted.submit_response(), answer);
    let content = Content::of("hello");
    assert_eq!(received(&content, time, frank.as_ref()), Ok(()));
    assert_eq!(
        received(&content, AcceptedTimestamp(time.0 + 1), frank.as_ref()).unwrap_err().section(),
        "RFC 9420 section 5.1.2"
    );
    let texts = world.distribute(&accepted);
    assert_eq!(texts["alice"], ["hello"]);
}

#[test]
fn a_message_without_a_tag_or_in_a_room_without_an_agent_goes_without_a_frank() {
    // req: MP06-5.4-06, MP06-5.4.1.2-01
    let mut world = World::three_in(RoomShape::franked);
    let message = world.client("cathy").seal("no tag");
    let accepted = submit(&mut world, message, &franking()).unwrap();
    assert_eq!((fanned_out(&accepted).1, accepted.frank), (None, None));

    let mut plain = World::three();
    let message = plain.client("cathy").seal("no agent");
    assert_eq!(submit(&mut plain, message, &franking()).unwrap().frank, None);
    fn without_agent(creator: &Client) -> RoomShape {
        let mut shape = RoomShape::franked(creator);
        shape.components.remove(1);
        shape
    }
    let mut plain = World::three_in(without_agent);
    let message = plain.client("cathy").seal_tagged("no agent", &tag("no agent"));
    assert_eq!(submit(&mut plain, message, &franking()).unwrap().frank, None);
}

#[test]
fn a_hub_with_another_key_than_the_agent_cannot_frank() {
    // req: MP06-5.4.1.2-01
    let mut world = World::three_in(RoomShape::franked);
    let other = Ed25519Signer::from_seed([8; 32]);
    let message = world.client("cathy").seal_tagged("x", &tag("x"));
    let keys = HubFranking { hub_key: &HUB_KEY, signer: &other };
    assert_eq!(submit(&mut world, message, &keys).unwrap().frank, None);
}

#[test]
fn a_tag_of_another_length_and_data_that_are_no_safe_aad_are_refused() {
    // req: MP06-5.4.1.1-05
    let mut world = World::three_in(RoomShape::franked);
    for length in [0, 31, 33] {
        let message = world.client("cathy").seal_with_aad("x", vec![1; length]);
        let before = world.fingerprint();
        let refusal = submit(&mut world, message, &franking()).unwrap_err();
        assert!(matches!(refusal, SubmitRefusal::AuthenticatedData(_)), "{refusal}");
        assert_eq!(refusal.response(), Some(SubmitMessageResponse::NotAllowed));
        assert_eq!(world.fingerprint(), before);
    }
    for aad in [&b""[..], b"\x05", b"\x00\x00"] {
        let mut message = world.client("cathy").seal("x").as_private().unwrap().clone();
        message.authenticated_data = aad.to_vec();
        let refusal = submit(&mut world, MlsMessage::private(message).unwrap(), &franking()).unwrap_err();
        assert!(matches!(refusal, SubmitRefusal::AuthenticatedData(_)), "{refusal}");
    }
}

#[test]
fn a_room_begins_with_this_hub_as_agent_or_with_none() {
    // req: MP06-5.4.1-02, MP06-5.4.1-04, MP06-5.4.1-06
    let create = |change: &dyn Fn(&mut RoomShape)| {
        let mut alice = Client::new("mimi://a.example/d/alice/1");
        let mut shape = RoomShape::franked(&alice);
        change(&mut shape);
        let (info, tree) = alice.create(&shape);
        Room::create(NOW, &hub_identity(), &alice.uri, room_uri(), info, &tree).map(drop)
    };
    let with = |data: Vec<u8>| create(&|shape| shape.components[1].1 = data.clone());
    assert_eq!(create(&|_| {}), Ok(()));
    let mut other_key = agent();
    other_key.franking_signature_key[0] ^= 1;
    let mut other_name = agent();
    other_name.credential = Credential::basic(*b"mimi://b.example");
    for data in [other_key.to_bytes().unwrap(), other_name.to_bytes().unwrap(), vec![1, 2, 3]] {
        assert!(matches!(with(data), Err(CreateRefusal::Franking(_))));
    }
    let no_safe_aad = create(&|shape| drop(shape.components.remove(0)));
    assert!(matches!(no_safe_aad, Err(CreateRefusal::Franking(_))));
    let malformed = create(&|shape| shape.components[0].1 = vec![1, 0]);
    assert!(matches!(malformed, Err(CreateRefusal::Franking(_))));
}

fn proposing(data: Vec<u8>) -> Commit {
    let update = AppDataUpdateProposal::update(FRANKING_AGENT.0, data);
    Commit { proposals: vec![Proposal::AppDataUpdate(Box::new(update))], ..Default::default() }
}

#[test]
fn an_administrator_makes_the_hub_the_agent_of_a_room_later_and_nobody_else() {
    // req: MP06-5.4.1-05, MP06-5.4.1-06, MP06-5.4.1-07
    fn without_agent(creator: &Client) -> RoomShape {
        let mut shape = RoomShape::franked(creator);
        shape.components.remove(1);
        shape
    }
    let mut world = World::three_in(without_agent);
    let agent_octets = agent().to_bytes().unwrap();
    let by_cathy = world.client("cathy").commit(proposing(agent_octets.clone()));
    let refusal = world.refuse("cathy", by_cathy);
    assert!(matches!(refusal, UpdateRefusal::NotAllowed(NotAllowed::Denied(_))), "{refusal}");
    world.client("cathy").discard();
    let mut other = agent();
    other.franking_signature_key[0] ^= 1;
    let replaced = world.client("alice").commit(proposing(other.to_bytes().unwrap()));
    assert_eq!(world.refuse("alice", replaced), NotAllowed::FrankingAgent.into());
    world.client("alice").discard();
    let removed = Proposal::AppDataUpdate(Box::new(AppDataUpdateProposal::remove(FRANKING_AGENT.0)));
    let removal = world.client("alice").commit(Commit { proposals: vec![removed], ..Default::default() });
    assert_eq!(world.refuse("alice", removal), NotAllowed::Component(FRANKING_AGENT.0).into());
    world.client("alice").discard();

    let bundle = world.client("alice").commit(proposing(agent_octets));
    let _ = world.accept("alice", bundle);
    let accepted = send_tagged(&mut world, "now franked");
    let (time, frank) = fanned_out(&accepted);
    assert_eq!(received(&Content::of("now franked"), time, frank.as_ref()), Ok(()));
}

fn report(accepted: &Accepted, text: &str) -> AbuseReport {
    AbuseReport {
        reporting_user: IdentifierUri::new("mimi://b.example/u/bob"),
        alleged_abuser_uri: IdentifierUri::new(CATHY),
        reason_code: AbuseType::RESERVED,
        note: "rude".to_owned(),
        messages: vec![AbusiveMessage {
            message_content: text.as_bytes().to_vec(),
            frank: accepted.frank.clone().unwrap(),
            accepted_timestamp: accepted.timestamp,
        }],
        abuse_extensions: AppDataDictionary::default(),
    }
}

#[test]
fn a_report_of_a_message_that_was_sent_is_taken_and_kept_once() {
    // req: MP06-5.9-01, MP06-5.9-09, MP06-5.9-13
    let mut world = World::three_in(RoomShape::franked);
    let accepted = send_tagged(&mut world, "hello");
    let (report, content) = (report(&accepted, "hello"), Content::of("hello"));
    let source = domain("b.example");
    // The hub has changed its secret since.
    let keys = [HubKey::new([1; 32]), HUB_KEY.clone()];
    let proven = world.room.report(NOW, &source, &report, &[content.read()], &keys, &*SIGNER).unwrap();
    assert_eq!(proven.messages[0].hub_key(), 1);
    assert_eq!(proven.messages[0].context().sender_uri.as_str(), CATHY);

    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    assert_eq!(store.abuse_reports_of(&source, &proven.digest).unwrap(), (0, false));
    store.commit(proven.effects.clone()).unwrap();
    store.commit(proven.effects).unwrap();
    assert_eq!(store.abuse_reports_of(&source, &proven.digest).unwrap(), (1, true));
    assert_eq!(store.abuse_reports_of(&domain("c.example"), &proven.digest).unwrap(), (0, false));
    drop(store);
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let kept = store.abuse_reports(0, 10).unwrap();
    assert_eq!((kept.len(), &kept[0].source, &kept[0].room), (1, &source, &room_uri()));
    assert_eq!(AbuseReport::from_bytes(&kept[0].report).unwrap(), report);
    assert_eq!(store.abuse_reports(kept[0].id, 10).unwrap(), []);
    assert_eq!(kept[0].handled, None);
    for at in [77, 78] {
        let at = AcceptedTimestamp(at);
        store.commit(vec![Effect::HandleAbuseReport { id: kept[0].id, at }]).unwrap();
    }
    assert_eq!(store.abuse_reports(0, 10).unwrap()[0].handled, Some(AcceptedTimestamp(77)));
    assert_eq!(store.abuse_reports_of(&source, &proven.digest).unwrap(), (0, true), "it waits for nobody");
    store.commit(vec![Effect::DropAbuseReport { id: kept[0].id }]).unwrap();
    assert_eq!(store.abuse_reports(0, 10).unwrap(), []);
}

#[test]
fn forged_reports_are_refused() {
    // req: MP06-5.9-09, MP06-5.9-13
    let mut world = World::three_in(RoomShape::franked);
    let accepted = send_tagged(&mut world, "hello");
    let bob = domain("b.example");
    let keys = [HUB_KEY.clone()];
    let verify = |report: &AbuseReport, content: &Content| {
        world.room.report(NOW, &bob, report, &[content.read()], &keys, &*SIGNER).map(drop)
    };
    let refused = |refusal| Err(AbuseRefusal::Message { index: 0, refusal });
    let good = report(&accepted, "hello");
    let changed = |change: &dyn Fn(&mut AbuseReport)| {
        let mut report = good.clone();
        change(&mut report);
        report
    };
    assert_eq!(verify(&good, &Content::of("hello")), Ok(()));
    let content = changed(&|report| report.messages[0].message_content = b"insult".to_vec());
    assert_eq!(verify(&content, &Content::of("insult")), refused(ReportRefusal::NotOurs));
    assert!(matches!(verify(&good, &Content::of("insult")), Err(AbuseRefusal::Contents { .. })));
    let time = changed(&|report| report.messages[0].accepted_timestamp.0 += 1);
    assert_eq!(verify(&time, &Content::of("hello")), refused(ReportRefusal::NotOurs));
    let abuser = changed(&|report| report.alleged_abuser_uri = IdentifierUri::new("mimi://a.example/u/alice"));
    assert_eq!(verify(&abuser, &Content::of("hello")), refused(ReportRefusal::OtherSender));
    let sender = Content { sender: IdentifierUri::new("mimi://a.example/u/alice"), ..Content::of("hello") };
    assert_eq!(verify(&abuser, &sender), refused(ReportRefusal::NotOurs));
    let room = Content { room: IdentifierUri::new("mimi://a.example/r/other"), ..Content::of("hello") };
    assert_eq!(verify(&good, &room), refused(ReportRefusal::OtherRoom));
    let frank = changed(&|report| report.messages[0].frank.server_frank[0] ^= 1);
    assert_eq!(verify(&frank, &Content::of("hello")), refused(ReportRefusal::NotOurs));
    let suite = changed(&|report| report.messages[0].frank.franking_signature_ciphersuite = CipherSuite(3));
    assert!(matches!(
        verify(&suite, &Content::of("hello")),
        Err(AbuseRefusal::Message { refusal: ReportRefusal::Signature(_), .. })
    ));
    let other_key =
        world.room.report(NOW, &bob, &good, &[Content::of("hello").read()], &[HubKey::new([1; 32])], &*SIGNER);
    assert_eq!(other_key.map(drop), refused(ReportRefusal::NotOurs));
}

#[test]
fn a_report_comes_from_the_reporters_provider_and_without_proof_from_one_in_the_room() {
    // req: MP06-5.9-01, MP06-5.9-02
    let mut world = World::three_in(RoomShape::franked);
    let accepted = send_tagged(&mut world, "hello");
    let keys = [HUB_KEY.clone()];
    let send = |source: &str, report: &AbuseReport, contents: &[FrankedContent<'_>]| {
        world.room.report(NOW, &domain(source), report, contents, &keys, &*SIGNER).map(drop)
    };
    let content = Content::of("hello");
    let full = report(&accepted, "hello");
    assert_eq!(send("c.example", &full, &[content.read()]), Err(AbuseRefusal::ForeignReporter(domain("c.example"))));
    let anonymous = AbuseReport { reporting_user: IdentifierUri::default(), ..full };
    assert_eq!(send("d.example", &anonymous, &[content.read()]), Ok(()), "a proof is a proof");
    let bare = AbuseReport { messages: Vec::new(), ..anonymous };
    assert_eq!(send("b.example", &bare, &[]), Ok(()));
    assert_eq!(send("d.example", &bare, &[]), Err(AbuseRefusal::Stranger(domain("d.example"))));
}

#[test]
fn old_franking_keys_are_kept_and_the_newest_comes_first() {
    // req: MP06-5.9-09
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    assert_eq!(store.franking_keys().unwrap(), []);
    for (octet, since) in [(1, 10), (2, 5), (3, 20)] {
        let effect = Effect::PutFrankingKey { key: [octet; 32], since: AcceptedTimestamp(since) };
        store.commit(vec![effect]).unwrap();
    }
    let keys: Vec<_> = store.franking_keys().unwrap().iter().map(|key| (key.key[0], key.since.0)).collect();
    assert_eq!(keys, [(3, 20), (2, 5), (1, 10)]);
    assert!(!format!("{:?}", store.franking_keys().unwrap()).contains("key:"));
}
