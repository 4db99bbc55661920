#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use alloc::{borrow::ToOwned, collections::BTreeSet, format, string::ToString, vec, vec::Vec};

use super::*;
use crate::{
    ContentBuilder, Disposition, MessageId, MultiPart, NestedPart, Part, PartSemantics, Rule, Salt, TEXT_PLAIN,
    TopicId, language::Language,
};

const ALICE: &str = "mimi://a.example/u/alice";
const ROOM: &str = "mimi://a.example/r/tea";
/// In 2026, long after the room was created and a moment before now.
const ACCEPTED: Timestamp = Timestamp(1_780_000_000_000);
const YEAR: u32 = 366 * 24 * 60 * 60;

fn text() -> ContentBuilder {
    MimiContent::text("Tea?", Salt::new([1; 16])).sender_uri(ALICE).room_uri(ROOM)
}

fn id(algorithm: u8) -> MessageId {
    let mut octets = [9; 32];
    octets[0] = algorithm;
    MessageId::from_bytes(octets)
}

fn context() -> CheckContext<'static> {
    CheckContext::new(id(1), ALICE, ROOM, ACCEPTED, Timestamp(ACCEPTED.0 + 250))
        .room_created(Timestamp(1_740_000_000_000))
}

fn accepted_at(accepted: Timestamp) -> CheckContext<'static> {
    CheckContext { accepted, room_created: None, ..context() }
}

/// The reasons against a message.
fn reasons(message: impl Into<MimiContent>, context: &CheckContext<'_>) -> Vec<Suspicion> {
    check(&message.into(), context).err().unwrap_or_default()
}

#[test]
fn an_ordinary_message_passes() {
    assert_eq!(reasons(text(), &context()), []);
}

#[test]
fn a_sender_outside_the_group_is_a_reason() {
    // req: MC08-9.1-01
    assert_eq!(reasons(text(), &context().sender_is_member(false)), [Suspicion::SenderNotMember]);
}

#[test]
fn a_message_id_encountered_before_is_a_reason() {
    // req: MC08-9.1-02
    let known = BTreeSet::from([id(1)]);
    assert_eq!(reasons(text(), &context().known(&known)), [Suspicion::DuplicateMessageId { id: id(1) }]);
    let known = BTreeSet::from([id(2)]);
    assert_eq!(reasons(text(), &context().known(&known)), []);
}

#[test]
fn an_unknown_hash_algorithm_in_any_message_id_is_a_reason() {
    // req: MC08-9.1-03
    for algorithm in [0, 2, 7, 8, 32, 255] {
        let own = CheckContext { message_id: id(algorithm), ..context() };
        let cases = [
            (text(), own, IdField::Message),
            (text().edit(id(algorithm)), context(), IdField::Replaces),
            (text().reply_to(id(algorithm)), context(), IdField::InReplyTo),
        ];
        for (message, context, field) in cases {
            assert_eq!(reasons(message, &context), [Suspicion::UnknownHashAlgorithm { field, algorithm }]);
        }
    }
    let limits = Limits { hash_algorithms: &[1, 8], ..Limits::default() };
    assert_eq!(reasons(text().reply_to(id(8)), &context().limits(limits)), []);
}

#[test]
fn a_timestamp_more_than_five_minutes_ahead_is_a_reason() {
    // req: MC08-9.1-04
    let now = Timestamp(ACCEPTED.0 - 300_000);
    assert_eq!(reasons(text(), &CheckContext { now, ..context() }), []);
    let now = Timestamp(ACCEPTED.0 - 300_001);
    let reason = Suspicion::TimestampInFuture { accepted: ACCEPTED, now, tolerance_ms: 300_000 };
    assert_eq!(reasons(text(), &CheckContext { now, ..context() }), [reason]);
}

#[test]
fn a_timestamp_before_the_first_concrete_syntax_is_a_reason() {
    // req: MC08-9.1-05
    let earliest = FIRST_CONCRETE_SYNTAX;
    assert_eq!(reasons(text(), &accepted_at(earliest)), []);
    let accepted = Timestamp(earliest.0 - 1);
    assert_eq!(reasons(text(), &accepted_at(accepted)), [Suspicion::TimestampBeforeSyntax { accepted, earliest }]);
    // The draft's first example.
    let example = accepted_at(Timestamp(1_644_387_225_019));
    assert!(!reasons(text(), &example).is_empty());
    let limits = Limits { earliest: Timestamp(0), ..Limits::default() };
    assert_eq!(reasons(text(), &example.limits(limits)), []);
}

#[test]
fn a_timestamp_before_the_room_was_created_is_a_reason() {
    // req: MC08-9.1-15
    assert_eq!(reasons(text(), &context().room_created(ACCEPTED)), []);
    let created = Timestamp(ACCEPTED.0 + 1);
    let reason = Suspicion::TimestampBeforeRoom { accepted: ACCEPTED, created };
    assert_eq!(reasons(text(), &context().room_created(created)), [reason]);
}

#[test]
fn a_topic_of_more_than_4096_octets_is_a_reason() {
    // req: MC08-9.1-06
    let longest = TopicId::new(vec![0; 4096]).unwrap();
    assert_eq!(reasons(text().topic(longest.clone()), &context()), []);
    // A longer one has no value of the type; its octets are refused.
    let octets = text().topic(longest).build().encode();
    let (before, rest) = octets.split_at(19);
    assert_eq!(rest[..3], [0x59, 0x10, 0x00]);
    let octets = [before, &[0x59, 0x10, 0x01, 0], &rest[3..]].concat();
    assert_eq!(suspicion(&octets), Suspicion::TopicTooLong { limit: 4096 });
    let stricter = Limits { topic_octets: 2, ..Limits::default() };
    let message = text().topic(TopicId::new(*b"tea").unwrap());
    assert_eq!(reasons(message, &context().limits(stricter)), [Suspicion::TopicTooLong { limit: 2 }]);
}

#[test]
fn an_expiry_more_than_a_year_in_the_past_is_a_reason() {
    // req: MC08-9.1-07
    let seconds = u32::try_from(ACCEPTED.0 / 1000).unwrap();
    assert_eq!(reasons(text().expires(Expiration::Absolute(seconds - YEAR)), &context()), []);
    let message = text().expires(Expiration::Absolute(seconds - YEAR - 1));
    let expires = Timestamp::from_seconds(seconds - YEAR - 1);
    assert_eq!(reasons(message, &context()), [Suspicion::ExpiresInPast { expires, accepted: ACCEPTED }]);
}

#[test]
fn an_absolute_expiry_more_than_a_year_in_the_future_is_a_reason() {
    // req: MC08-9.1-08
    let seconds = u32::try_from(ACCEPTED.0 / 1000).unwrap();
    assert_eq!(reasons(text().expires(Expiration::Absolute(seconds + YEAR)), &context()), []);
    let message = text().expires(Expiration::Absolute(seconds + YEAR + 1));
    let expires = Timestamp::from_seconds(seconds + YEAR + 1);
    assert_eq!(reasons(message, &context()), [Suspicion::ExpiresInFuture { expires, accepted: ACCEPTED }]);
}

#[test]
fn a_relative_expiry_of_more_than_a_year_is_a_reason() {
    // req: MC08-9.1-08
    assert_eq!(reasons(text().expires(Expiration::Relative(0)), &context()), []);
    assert_eq!(reasons(text().expires(Expiration::Relative(YEAR)), &context()), []);
    let reason = Suspicion::RelativeExpirationTooLong { seconds: YEAR + 1, limit: YEAR };
    assert_eq!(reasons(text().expires(Expiration::Relative(YEAR + 1)), &context()), [reason]);
}

#[test]
fn a_client_that_was_away_for_two_years_takes_what_expired_meanwhile() {
    let now = Timestamp(ACCEPTED.0).plus_seconds(2 * YEAR);
    let seconds = u32::try_from(ACCEPTED.0 / 1000).unwrap();
    let message = text().expires(Expiration::Absolute(seconds + 60));
    assert_eq!(reasons(message, &CheckContext { now, ..context() }), []);
}

fn leaf() -> NestedPart {
    NestedPart::single(Disposition::Render, TEXT_PLAIN, "a")
}

fn multi(parts: Vec<NestedPart>) -> NestedPart {
    NestedPart::new(Disposition::Render, MultiPart::new(PartSemantics::ProcessAll, parts).unwrap().into())
}

fn with_body(body: NestedPart) -> MimiContent {
    MimiContent::with_body(body, Salt::new([1; 16])).build()
}

/// The one case of the draft that the octets are.
fn suspicion(octets: &[u8]) -> Suspicion {
    match check_octets(octets, &context()) {
        Err(Rejection::Suspicious { first, rest }) if rest.is_empty() => first,
        other => panic!("{other:?}"),
    }
}

#[test]
fn more_than_1024_parts_are_a_reason() {
    // req: MC08-9.1-09
    // The container is a part too.
    let most = with_body(multi(vec![leaf(); 1023]));
    assert_eq!(reasons(most.clone(), &context()), []);
    let octets = most.encode();
    let count = octets.windows(3).position(|window| window == [0x99, 0x03, 0xff]).unwrap();
    let element = &octets[count + 3..];
    let element = &element[..element.len() / 1023];
    let octets = [&octets[..count], &[0x99, 0x04, 0x00], element, &octets[count + 3..]].concat();
    assert_eq!(suspicion(&octets), Suspicion::TooManyParts { limit: 1024 });
    let stricter = Limits { parts: 2, ..Limits::default() };
    let message = with_body(multi(vec![leaf(), leaf()]));
    assert_eq!(reasons(message, &context().limits(stricter)), [Suspicion::TooManyParts { limit: 2 }]);
}

#[test]
fn more_than_four_levels_of_parts_are_a_reason() {
    // req: MC08-9.1-16
    let mut body = leaf();
    for _ in 0..3 {
        body = multi(vec![body, leaf()]);
    }
    let deepest = with_body(body);
    assert_eq!(reasons(deepest.clone(), &context()), []);
    // The innermost of the two leaves becomes a container of two.
    let inner = [0x85, 1, 0x60, 1];
    let octets = deepest.encode();
    let at = octets.windows(4).position(|window| window == inner).unwrap();
    let length = 4 + 2 + TEXT_PLAIN.len() + 2;
    let element = &octets[at..at + length];
    let octets = [&octets[..at], &[0x85, 1, 0x60, 3, 2, 0x82], element, element, &octets[at + length..]].concat();
    assert_eq!(suspicion(&octets), Suspicion::TooDeep { limit: 4 });
    let stricter = Limits { part_depth: 3, ..Limits::default() };
    assert_eq!(reasons(deepest, &context().limits(stricter)), [Suspicion::TooDeep { limit: 3 }]);
}

#[test]
fn a_message_larger_than_local_policy_allows_is_a_reason() {
    // req: MC08-9.1-17
    let message = text().build();
    let octets = message.encode();
    let limits = |octets| Limits { octets: Some(octets), ..Limits::default() };
    assert_eq!(reasons(message.clone(), &context().limits(limits(octets.len()))), []);
    let reason = Suspicion::TooLarge { octets: octets.len(), limit: octets.len() - 1 };
    let context = context().limits(limits(octets.len() - 1));
    assert_eq!(reasons(message, &context), core::slice::from_ref(&reason));
    assert_eq!(check_octets(&octets, &context), Err(Rejection::Suspicious { first: reason, rest: vec![] }));
}

#[test]
fn unknown_part_semantics_are_a_reason() {
    // req: MC08-9.1-10
    let mut octets = with_body(multi(vec![leaf(), leaf()])).encode();
    let at = octets.windows(5).position(|window| window == [0x85, 1, 0x60, 3, 2]).unwrap() + 4;
    octets[at] = 3;
    assert_eq!(suspicion(&octets), Suspicion::UnknownPartSemantics { offset: at });
}

#[test]
fn uris_that_differ_from_what_mls_and_the_room_say_are_reasons() {
    let message = MimiContent::text("Tea?", Salt::new([1; 16]));
    assert_eq!(reasons(message.clone(), &context()), [], "neither is asserted");
    let forged = message.sender_uri("mimi://b.example/u/bob").room_uri("mimi://a.example/r/coffee");
    let found = reasons(forged, &context());
    assert_eq!(
        found,
        [
            Suspicion::SenderUriMismatch { asserted: "mimi://b.example/u/bob".to_owned(), sender: ALICE.to_owned() },
            Suspicion::RoomUriMismatch { asserted: "mimi://a.example/r/coffee".to_owned(), room: ROOM.to_owned() },
        ]
    );
    assert!(found.iter().all(|reason| reason.section() == "draft-ietf-mimi-protocol-06 section 5.4.1.3"));
}

#[test]
fn what_the_draft_calls_legitimate_passes() {
    // req: MC08-8.2.2-01
    // req: MC08-9.1-12, MC08-9.1-13, MC08-9.1-14, MC08-9.1-19
    let part = |disposition, content_type: &str| NestedPart::single(disposition, content_type, "?");
    let unknown = Disposition::from_value(200);
    let cases = [
        ("replaces an unknown message", text().edit(id(1)).build()),
        ("replies to an unknown message", text().reply_to(id(1)).build()),
        ("deletes an unknown message", MimiContent::delete(id(1), Salt::new([1; 16])).build()),
        ("unknown disposition", with_body(part(unknown, TEXT_PLAIN))),
        ("unknown media type", with_body(part(Disposition::Render, "application/vnd.example.unheard-of"))),
        ("a content type that is none", with_body(part(Disposition::Render, "?"))),
        ("unknown language", with_body(leaf().with_language(Language::new("qaa-Qaaa-QM-x-southern").unwrap()))),
        ("no body", with_body(NestedPart::new(Disposition::Unspecified, Part::Null))),
    ];
    for (case, message) in cases {
        assert_eq!(reasons(message.clone(), &context()), [], "{case}");
        assert_eq!(check_octets(&message.encode(), &context()), Ok(message), "{case}");
    }
}

#[test]
fn every_reason_is_found_and_not_only_the_first() {
    let message = text().reply_to(id(0)).expires(Expiration::Absolute(0));
    let found = reasons(message, &context().sender_is_member(false).room_created(Timestamp(u64::MAX)));
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn octets_that_break_another_rule_are_malformed_and_no_suspicion() {
    let rejection = check_octets(&[0x87], &context()).unwrap_err();
    assert!(matches!(&rejection, Rejection::Malformed(error) if error.rule() == Rule::Truncated), "{rejection:?}");
}

#[test]
fn every_reason_has_a_sentence_with_its_figures() {
    let reason = Suspicion::RelativeExpirationTooLong { seconds: YEAR + 1, limit: YEAR };
    assert_eq!(reason.to_string(), "expires 31622401 s after reading, which is more than 31622400 s");
    let rejection = Rejection::Suspicious { first: Suspicion::SenderNotMember, rest: vec![reason] };
    assert_eq!(
        format!("{rejection}"),
        "2 reasons to think this malicious, the first: the sender is not a member of the MLS group"
    );
}
