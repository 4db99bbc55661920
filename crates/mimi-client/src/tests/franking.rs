//! Franking at the receiver (draft-ietf-mimi-protocol-06 section 5.4.1.3): each way to cheat, against real MLS messages.

use mimi_content::{MimiContent, Salt};
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, IdentifierUri,
    codec::Wire as _,
    crypto::{Ed25519Signer, LabelSigner as _, SignatureError},
    franking::{
        FRANK_AAD, FrankAad, FrankRefusal, FrankedContent, Franker, FrankingAgentData, FrankingTag, HubKey, Reported,
        ServerFrankingContext, franking_tag,
    },
    mls::MlsMessage,
    notify::FanoutEvent,
    report_abuse::{AbuseReport, AbuseType},
    submit_message::Frank,
};
use openmls::framing::SafeAadItem;

use super::{Device, Hub, room, text_event, user};
use crate::{
    ClientError, Event, Form, Franking, ReportOptions, RoomOptions,
    mls::{Provider, components, room_group},
    state::State,
};

const SALT: [u8; 16] = [3; 16];
const ALICE: &str = "mimi://a.example/u/alice";

/// A room of alice and bob, and the room's hub.
fn two() -> (Hub, Device, Device) {
    two_with(RoomOptions::default())
}

fn two_with(options: RoomOptions) -> (Hub, Device, Device) {
    let mut hub = Hub::new();
    let alice = Device::new("a.example", "alice", "1");
    let mut bob = Device::new("b.example", "bob", "1");
    hub.create_room_with(&alice, options);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    (hub, alice, bob)
}

fn hub_key() -> HubKey {
    HubKey::new([0x4b; 32])
}

/// The hub's stamp on a message, which it can only give by the tag beside the ciphertext.
fn stamp(signer: &Ed25519Signer, hub: &Hub, message: &MlsMessage, sender: &str, time: u64) -> Frank {
    let aad = &message.as_private().unwrap().authenticated_data;
    let tag = FrankAad::read(aad).unwrap().unwrap().franking_tag;
    let agent =
        FrankingAgentData { franking_signature_key: signer.public_key().to_vec(), credential: hub.credential.clone() };
    let hub_key = hub_key();
    let domain = "a.example".parse().unwrap();
    Franker { hub: &domain, hub_key: &hub_key, signer, agent: &agent, suite: CipherSuite(1) }
        .frank(
            &tag,
            &ServerFrankingContext {
                sender_uri: IdentifierUri::new(sender),
                room_uri: IdentifierUri::from(&room()),
                accepted_timestamp: AcceptedTimestamp(time),
            },
        )
        .unwrap()
}

/// The event as the receiver gets it next, at the hub's time 1000 plus its number.
fn franked(hub: &Hub, to: &Device, message: &MlsMessage) -> (FanoutEvent, Frank) {
    let frank = stamp(&hub.signer, hub, message, ALICE, 1000 + to.next_event);
    (FanoutEvent::Application { message: message.clone(), frank: Some(frank.clone()) }, frank)
}

fn franking(events: &[Event]) -> Franking {
    match events {
        [Event::Message { franking, .. }] => franking.clone(),
        other => panic!("{other:?}"),
    }
}

/// Seals what the session would not.
fn seal(by: &Device, application_data: &[u8], tag: Option<FrankingTag>) -> MlsMessage {
    let session = by.session();
    let signer = &session.account().identity.signer;
    let mut state = State::open(&by.path()).unwrap();
    state
        .write(|transaction| {
            let provider = Provider::new(transaction);
            let mut group = room_group::load_member(&provider, &room())?;
            if let Some(tag) = tag {
                group.set_safe_aad(vec![SafeAadItem::new(FRANK_AAD.0, tag.as_bytes().to_vec())]).unwrap();
            }
            let message = group.create_message(&provider, signer, application_data).unwrap();
            Ok(MlsMessage::from_bytes(&message.to_bytes().unwrap())?)
        })
        .unwrap()
}

fn content(text: &str, sender: &str, room: &str) -> Vec<u8> {
    MimiContent::text(text, Salt::new(SALT)).sender_uri(sender).room_uri(room).build().encode()
}

#[test]
fn a_text_is_sent_as_mimi_content_and_its_frank_is_verified() {
    // req: MP06-5.4.1-02, MP06-5.4.1.1-01, MP06-5.4.1.1-02, MP06-5.4.1.1-03, MP06-5.4.1.1-05, MP06-5.4.1.3-01
    let (hub, alice, mut bob) = two();
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    let (event, _) = franked(&hub, &bob, &hello);
    let events = bob.gets(&event);
    let [Event::Message { text, form, franking, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((text.as_str(), form, franking), ("hello", &Form::MimiContent, &Franking::Verified));
}

#[test]
fn no_two_messages_have_the_same_tag() {
    // req: MP06-5.4.1.1-04
    let (_, alice, _) = two();
    let tag = || {
        let message = alice.session().seal(&room(), "hello", false).unwrap();
        *FrankAad::read(&message.as_private().unwrap().authenticated_data).unwrap().unwrap().franking_tag.as_bytes()
    };
    assert_ne!(tag(), tag());
}

#[test]
fn in_a_room_with_media_types_the_frame_is_franked_too() {
    // req: MP06-5.4.1.1-03
    let (hub, alice, mut bob) = two_with(RoomOptions { media_types: true, ..RoomOptions::default() });
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    let (event, frank) = franked(&hub, &bob, &hello);
    let events = bob.gets(&event);
    let [Event::Message { text, franking, accepted, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((text.as_str(), franking), ("hello", &Franking::Verified));
    let report = report(&bob, *accepted);
    assert_eq!(report.messages[0].frank, frank);
    assert_eq!(report.messages[0].message_content[..2], [0, 0], "no media type: the first of the room's list");
    // A text with its own media type is shown as what it is, and proves nothing.
    let framed = [&b"\x0atext/plain\x00\x02hi"[..]].concat();
    let bare = seal(&alice, &framed, None);
    let events = bob.gets(&text_event(&bare));
    assert!(
        matches!(events.as_slice(), [Event::Message { text, form: Form::Plain, franking: Franking::NotFranked, .. }] if text == "hi"),
        "{events:?}"
    );
}

#[test]
fn a_follower_that_changes_frank_or_time_or_takes_them_away_is_found() {
    // req: MP06-5.4.1.3-01, MP06-5.4.1.3-02, MP06-5.4.1.3-04, MP06-5.4.1.4-02
    let refused = |change: fn(&mut Frank)| {
        let (hub, alice, mut bob) = two();
        let hello = alice.session().seal(&room(), "hello", false).unwrap();
        let (_, mut frank) = franked(&hub, &bob, &hello);
        change(&mut frank);
        franking(&bob.gets(&FanoutEvent::Application { message: hello, frank: Some(frank) }))
    };
    let invalid = Franking::Refused(FrankRefusal::Signature(SignatureError::Invalid));
    assert_eq!(refused(|frank| frank.server_frank[0] ^= 1), invalid);
    assert_eq!(refused(|frank| frank.franking_integrity_signature[40] ^= 1), invalid);
    let suite = refused(|frank| frank.franking_signature_ciphersuite = CipherSuite(3));
    assert!(matches!(suite, Franking::Refused(FrankRefusal::OtherCipherSuite { .. })), "{suite:?}");

    let (hub, alice, mut bob) = two();
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    let (event, _) = franked(&hub, &bob, &hello);
    let later = bob.next_event + 1;
    assert_eq!(franking(&bob.gets_as(later, &event)), invalid, "another time");
    bob.next_event = later + 1;
    let second = alice.session().seal(&room(), "second", false).unwrap();
    assert_eq!(franking(&bob.gets(&text_event(&second))), Franking::Refused(FrankRefusal::FrankMissing));
}

#[test]
fn a_frank_of_another_key_or_for_another_sender_is_refused() {
    // req: MP06-5.4.1.3-03, MP06-5.4.1.3-04, MP06-5.4.1.4-02, MP06-5.4.1.1-06
    let invalid = Franking::Refused(FrankRefusal::Signature(SignatureError::Invalid));
    let (hub, alice, mut bob) = two();
    let other = Ed25519Signer::from_seed([99; 32]);
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    let frank = stamp(&other, &hub, &hello, ALICE, 1000 + bob.next_event);
    assert_eq!(franking(&bob.gets(&FanoutEvent::Application { message: hello, frank: Some(frank) })), invalid);
    // The sender's provider named another user to the hub.
    let hello = alice.session().seal(&room(), "hello", false).unwrap();
    let frank = stamp(&hub.signer, &hub, &hello, "mimi://a.example/u/mallory", 1000 + bob.next_event);
    assert_eq!(franking(&bob.gets(&FanoutEvent::Application { message: hello, frank: Some(frank) })), invalid);
}

#[test]
fn a_sender_who_lies_in_the_content_or_in_the_tag_is_found() {
    // req: MP06-5.4.1.3-05, MP06-5.4.1.1-06
    let (hub, alice, mut bob) = two();
    let mut send = |application_data: Vec<u8>, tag: FrankingTag, named: &str| {
        let message = seal(&alice, &application_data, Some(tag));
        let frank = stamp(&hub.signer, &hub, &message, named, 1000 + bob.next_event);
        franking(&bob.gets(&FanoutEvent::Application { message, frank: Some(frank) }))
    };
    let of = |octets: &[u8]| franking_tag(&SALT, octets);
    let good = content("x", ALICE, room().as_str());
    assert_eq!(send(good.clone(), of(&good), ALICE), Franking::Verified);
    // Another content than the one that the hub has seen the tag of.
    assert_eq!(send(good.clone(), of(b"other"), ALICE), Franking::Refused(FrankRefusal::OtherContent));
    // Another sender in the content, whom the provider vouches for: the leaf tells.
    let bob_uri = "mimi://b.example/u/bob";
    let forged = content("x", bob_uri, room().as_str());
    assert_eq!(send(forged.clone(), of(&forged), bob_uri), Franking::Refused(FrankRefusal::OtherSender));
    let moved = content("x", ALICE, "mimi://a.example/r/other");
    assert_eq!(send(moved.clone(), of(&moved), ALICE), Franking::Refused(FrankRefusal::OtherRoom));
    // Content without sender and room, and no content at all.
    let bare = MimiContent::text("x", Salt::new(SALT)).build().encode();
    assert_eq!(send(bare.clone(), of(&bare), ALICE), Franking::Unverifiable);
    assert_eq!(send(b"plain".to_vec(), of(b"plain"), ALICE), Franking::Unverifiable);
}

#[test]
fn bare_text_is_shown_as_such_and_what_is_neither_text_nor_content_is_not() {
    let (_, alice, mut bob) = two();
    let message = seal(&alice, b"old client", None);
    let events = bob.gets(&text_event(&message));
    assert!(
        matches!(events.as_slice(), [Event::Message { text, form: Form::Plain, franking: Franking::NotFranked, .. }] if text == "old client"),
        "{events:?}"
    );
    let cut = content("x", ALICE, room().as_str());
    let message = seal(&alice, &cut[..cut.len() - 1], None);
    let events = bob.gets(&text_event(&message));
    assert!(matches!(events.as_slice(), [Event::Undecryptable { .. }]), "{events:?}");
}

fn options(messages: &[AcceptedTimestamp]) -> ReportOptions {
    ReportOptions {
        abuser: user(ALICE),
        messages: messages.to_vec(),
        reason: AbuseType::RESERVED,
        note: "rude".into(),
        anonymous: false,
    }
}

fn report(by: &Device, accepted: AcceptedTimestamp) -> AbuseReport {
    let body = by.session().abuse_report(&room(), &options(&[accepted])).unwrap();
    AbuseReport::from_bytes(&body).unwrap()
}

#[test]
fn what_was_verified_can_be_reported_and_the_hub_knows_its_stamp() {
    // req: MP06-5.4.1.3-06, MP06-5.9-01, MP06-5.9-02, MP06-5.9-03, MP06-5.9-05, MP06-5.9-06, MP06-5.9-09
    let (hub, alice, mut bob) = two();
    let insult = alice.session().seal(&room(), "insult", false).unwrap();
    let (event, _) = franked(&hub, &bob, &insult);
    let events = bob.gets(&event);
    let [Event::Message { accepted, .. }] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(bob.session().reportable(&room(), &user(ALICE), 5).unwrap(), [*accepted]);
    let report = report(&bob, *accepted);
    assert_eq!(report.reporter().unwrap().as_str(), bob.user.as_str());
    let content = MimiContent::decode(&report.messages[0].message_content).unwrap();
    let (sender_uri, room_uri) = (IdentifierUri::new(ALICE), IdentifierUri::from(&room()));
    let reported = Reported {
        content: FrankedContent {
            application_data: &report.messages[0].message_content,
            salt: content.salt.as_bytes(),
            sender_uri: &sender_uri,
            room_uri: &room_uri,
        },
        frank: &report.messages[0].frank,
        accepted_timestamp: report.messages[0].accepted_timestamp,
        room: &room(),
        alleged_sender: Some(&report.alleged_abuser_uri),
    };
    assert!(reported.verify(&[hub_key()], &[hub.signer.public_key()]).is_ok());
    let anonymous = ReportOptions { anonymous: true, ..options(&[*accepted]) };
    let body = bob.session().abuse_report(&room(), &anonymous).unwrap();
    assert_eq!(AbuseReport::from_bytes(&body).unwrap().reporter(), None);
}

#[test]
fn what_was_not_verified_cannot_be_reported() {
    // req: MP06-5.4.1.3-06
    let (_, alice, mut bob) = two();
    let message = alice.session().seal(&room(), "x", false).unwrap();
    let accepted = AcceptedTimestamp(1000 + bob.next_event);
    bob.gets(&text_event(&message));
    let refused = bob.session().abuse_report(&room(), &options(&[accepted]));
    assert!(matches!(refused, Err(ClientError::NotReportable { .. })), "{refused:?}");
}

#[test]
fn a_client_that_does_not_understand_the_rooms_components_is_not_added() {
    let (_, alice, _) = two();
    let mut state = State::open(&alice.path()).unwrap();
    state
        .peek(|connection| {
            let provider = Provider::new(connection);
            let group = room_group::load_member(&provider, &room())?;
            let context = group.public_group().group_context();
            assert!(components::check_understands(context, group.own_leaf_node().unwrap()).is_ok());
            let plain = openmls::prelude::KeyPackage::builder()
                .leaf_node_capabilities(crate::mls::capabilities())
                .build(
                    crate::mls::SUITE,
                    &provider,
                    &alice.session().account().identity.signer,
                    alice.session().account().identity.credential(),
                )
                .unwrap();
            let refused = components::check_understands(context, plain.key_package().leaf_node());
            assert!(refused.unwrap_err().to_string().contains("0x0002"));
            Ok(())
        })
        .unwrap();
}
