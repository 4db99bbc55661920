//! Builders, part indexes, content IDs, choices and the order of processing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_content::{
    CidError, Disposition, Expiration, ExtensionError, ExternalPart, Language, MessageId, MessageIdError, MimiContent,
    MultiPart, NestedPart, Part, PartIndex, PartSemantics, PartsError, Salt, TopicId, Value,
};

const SALT: Salt = Salt::new([7; 16]);

fn single(content_type: &str, content: &str) -> NestedPart {
    NestedPart::single(Disposition::Render, content_type, content)
}

fn multi(semantics: PartSemantics, parts: Vec<NestedPart>) -> NestedPart {
    NestedPart::new(Disposition::Render, Part::Multi(MultiPart::new(semantics, parts).unwrap()))
}

fn indexes<'a>(parts: impl IntoIterator<Item = (PartIndex, &'a NestedPart)>) -> Vec<usize> {
    parts.into_iter().map(|(index, _)| index.0).collect()
}

/// The body of the draft's nested example, in words of our own.
fn eleven_parts() -> NestedPart {
    let half = |first: usize, image: &str| {
        let image_index = first + 4;
        let page = |language: &str| {
            single("text/html", &format!("<img src=\"cid:{image_index}@local.invalid\">"))
                .with_language(Language::new(language).unwrap())
        };
        multi(
            PartSemantics::ProcessAll,
            vec![
                multi(PartSemantics::ChooseOne, vec![page("en"), page("fr")]),
                NestedPart::single(Disposition::Inline, image, vec![1, 2, 3]),
            ],
        )
    };
    multi(PartSemantics::ChooseOne, vec![half(1, "image/gif"), half(6, "image/png")])
}

#[test]
fn parts_are_counted_from_zero_depth_first() {
    // req: MC08-4.4-10
    // req: MC08-4.4-08
    let body = eleven_parts();
    assert_eq!((body.count(), body.height()), (11, 4));
    let all: Vec<(usize, usize)> = body.iter().map(|(i, level, _)| (i.0, level)).collect();
    let levels = [1, 2, 3, 4, 4, 3, 2, 3, 4, 4, 3];
    assert_eq!(all, levels.into_iter().enumerate().collect::<Vec<_>>());
    assert_eq!(body.part(PartIndex(10)).unwrap().content_type(), Some("image/png"));
    assert_eq!(body.part(PartIndex(11)), None);
}

#[test]
fn a_content_id_names_only_parts_with_content() {
    // req: MC08-4.4-11
    // req: MC08-4.4-08
    let body = eleven_parts();
    let (index, part) = body.resolve_cid("cid:5@local.invalid").unwrap();
    assert_eq!((index, part.content_type()), (PartIndex(5), Some("image/gif")));
    assert_eq!(index.cid().to_string(), "cid:5@local.invalid");
    assert!(body.resolve_cid("CID:5@LOCAL.invalid").is_ok());
    assert_eq!(body.resolve_cid("cid:2@local.invalid"), Err(CidError::NoContent(PartIndex(2))));
    assert_eq!(body.resolve_cid("cid:11@local.invalid"), Err(CidError::NoSuchPart(PartIndex(11))));
    for uri in [
        "",
        "cid:",
        "cid:@local.invalid",
        "cid:05@local.invalid",
        "cid:+5@local.invalid",
        "cid:5@local",
        "mid:5@local.invalid",
        "cid:99999999999999999999999@local.invalid",
        "cid:5@local.invalid ",
    ] {
        assert_eq!(body.resolve_cid(uri), Err(CidError::Form), "{uri}");
    }
}

#[test]
fn the_receiver_chooses_and_handles_no_part_twice() {
    // req: MC08-4.4-12, MC08-4.4-13
    // req: MC08-4.4-02, MC08-4.4-09
    let body = eleven_parts();
    let likes_png_and_french = |part: &NestedPart| {
        Some(match (part.content_type()?, part.language.as_str()) {
            ("image/png", _) => 3,
            (_, "fr") => 2,
            _ => 1,
        })
    };
    let choice = body.choose(likes_png_and_french).unwrap();
    assert_eq!(indexes(choice.parts()), [9, 10]);
    assert_eq!(indexes(choice.processing_order()), [9]);
    let first_of_equals = body.choose(|_| Some(0)).unwrap();
    assert_eq!(indexes(first_of_equals.parts()), [3, 5]);
    let nothing_referenced = first_of_equals.processing_order_by(|_| Vec::new());
    assert_eq!(indexes(nothing_referenced), [3, 5]);
}

#[test]
fn a_single_unit_goes_as_a_whole_when_one_part_cannot_be_processed() {
    // req: MC08-4.4-03, MC08-4.4-04
    let parts = || vec![single("text/plain", "a"), single("odd/one", "b"), single("text/plain", "c")];
    let text_only = |part: &NestedPart| part.content_type()?.starts_with("text/").then_some(1);
    assert_eq!(multi(PartSemantics::SingleUnit, parts()).choose(text_only), None);
    let all = multi(PartSemantics::ProcessAll, parts());
    assert_eq!(indexes(all.choose(text_only).unwrap().parts()), [1, 3]);
    let alternatives = multi(
        PartSemantics::ChooseOne,
        vec![multi(PartSemantics::SingleUnit, parts()), single("text/plain", "instead")],
    );
    assert_eq!(indexes(alternatives.choose(text_only).unwrap().parts()), [5]);
    assert_eq!(all.choose(|_| None), None);
}

#[test]
fn references_are_found_once_each_and_in_order() {
    // req: MC08-4.4-09
    let part = single(
        "text/html",
        "cid:cid:3@local.invalid cid:1@local.invalid cid:3@local.invalid cid:07@local.invalid cid:2@elsewhere cid:",
    );
    assert_eq!(part.cid_references(), [PartIndex(3), PartIndex(1)]);
}

#[test]
fn parts_that_no_message_can_carry_cannot_be_put_together() {
    // req: MC08-6.3-01, MC08-9.1-09
    let leaf = || single("text/plain", "");
    let new = |parts| MultiPart::new(PartSemantics::ProcessAll, parts);
    assert_eq!(new(vec![leaf()]), Err(PartsError::TooFew { count: 1 }));
    assert_eq!(new(vec![leaf(); 1024]), Err(PartsError::TooMany { count: 1025 }));
    assert!(new(vec![leaf(); 1023]).is_ok());
    let mut deepest = leaf();
    for _ in 0..3 {
        deepest = multi(PartSemantics::ProcessAll, vec![deepest, leaf()]);
    }
    assert_eq!(deepest.height(), 4);
    assert_eq!(new(vec![deepest, leaf()]), Err(PartsError::TooDeep { levels: 5 }));
}

#[test]
fn builders_fill_the_fields_that_section_5_names() {
    // req: MC08-4.1-06, MC08-4.4-05, MC08-4.4-06, MC08-5.9-01, MC08-5.11-01, MC08-8.2.1-03
    // req: MC08-5.2-01, MC08-5.5-01, MC08-5.6-01, MC08-5.6-02, MC08-5.7-01, MC08-5.3-01, MC08-5.3-02, MC08-5.3-03
    let id = MessageId::from_bytes([1; 32]);
    let content = MimiContent::markdown("_Hi_", SALT)
        .reply_to(id)
        .topic(TopicId::from(id))
        .expires(Expiration::Relative(60))
        .language(Language::new("en").unwrap())
        .sender_uri("mimi://a.example/u/alice")
        .room_uri("mimi://a.example/r/clubhouse")
        .extension("com.example", Value::Null)
        .unwrap()
        .build();
    assert_eq!(MimiContent::decode(&content.encode()).unwrap(), content);
    assert_eq!(content.topic_id.as_bytes(), id.as_bytes());
    assert_eq!(content.in_reply_to, Some(id));
    assert!(content.message_id_by_extensions().is_ok());

    let deletion = MimiContent::delete(id, SALT).build();
    assert_eq!((deletion.replaces, deletion.body.part.clone()), (Some(id), Part::Null));
    assert_eq!(deletion.message_id_by_extensions(), Err(MessageIdError::NoUris));

    let reactions = MimiContent::react("❤", id, SALT).and("🎉").unwrap().and("🤞").unwrap().build();
    assert_eq!((reactions.body.count(), reactions.body.height()), (4, 2));
    let (_, _, last) = reactions.body.iter().last().unwrap();
    assert_eq!(last.disposition, Disposition::Reaction);

    let attached = MimiContent::attachment(ExternalPart::unencrypted("image/png", "https://example.com/a.png"), SALT);
    assert_eq!(attached.build().body.disposition, Disposition::Attachment);
    let session = MimiContent::attachment(ExternalPart::unencrypted("", "https://example.com/join"), SALT)
        .disposition(Disposition::Session)
        .build();
    assert_eq!(MimiContent::decode(&session.encode()).unwrap(), session);
}

#[test]
fn an_extension_that_could_not_be_read_cannot_be_put_in() {
    // req: MC08-4.3-03, MC08-4.3-04, MC08-8.2.1-01
    // req: MC08-4.3-01, MC08-6.2-01, MC08-6.2-03, MC08-6.3-02
    let builder = || MimiContent::text("", SALT);
    let tag = |number, content| Value::Tag(number, Box::new(content));
    let deep = |levels: usize| (1..levels).fold(Value::Null, |value, _| Value::Array(vec![value]));
    assert!(builder().extension(9, deep(4)).is_ok());
    assert!(matches!(builder().extension(9, deep(5)), Err(ExtensionError::Value(_))));
    assert!(matches!(builder().extension("", Value::Null), Err(ExtensionError::KeyLength { octets: 0 })));
    assert!(builder().extension("k".repeat(256), Value::Null).is_err());
    assert!(builder().extension(-(1 << 53), Value::Null).is_err());
    assert!(builder().extension(2, Value::Null).is_err());
    assert!(builder().extension(9, tag(2, Value::Bytes(vec![1; 8]))).is_err());
    assert!(builder().extension(9, tag(2, Value::Bytes(vec![1; 9]))).is_ok());
}

#[test]
fn the_message_id_is_the_hash_of_lengths_uris_message_and_salt() {
    // req: MC08-3.3-01, MC08-3.3-02, MC08-3.3-03, MC08-3.3-04, MC08-3.3-05, MC08-3.3-06
    // Computed apart from this crate, with Python's hashlib over the octets written out by hand.
    let content = MimiContent::text("Hi", SALT).build();
    let octets =
        [&[0x87, 0x50][..], &[7; 16], b"\xf6\x40\xf6\xf6\xa0\x85\x01\x60\x01\x78\x18text/plain;charset=utf-8\x42Hi"]
            .concat();
    assert_eq!(content.encode(), octets);
    let id = content.message_id("mimi://a.example/u/alice", "mimi://a.example/r/clubhouse").unwrap();
    assert_eq!(id.to_string(), "017ec97c04207a296d92d2f3e7d42beebce7d1264524d57340444bd9303414c2");
    assert_ne!(content.message_id("mimi://a.example/u/alicem", "imi://a.example/r/clubhouse"), Ok(id));
}

#[test]
fn a_message_within_a_message_is_read_like_any_other() {
    // req: MC08-7.1-01
    let inner = MimiContent::text("forwarded", SALT).build();
    let outer = MimiContent::single(mimi_content::MEDIA_TYPE, inner.encode(), SALT).build();
    let Part::Single(single) = MimiContent::decode(&outer.encode()).unwrap().body.part else {
        panic!("no single part");
    };
    assert_eq!(MimiContent::decode(&single.content), Ok(inner));
}

#[test]
fn a_uri_whose_length_does_not_fit_16_bits_has_no_message_id() {
    // req: MC08-3.3-03
    let content = MimiContent::text("", SALT).build();
    let (longest, longer) = ("u".repeat(65535), "u".repeat(65536));
    assert!(content.message_id(&longest, "").is_ok());
    assert_eq!(content.message_id("", &longer), Err(MessageIdError::UriTooLong { octets: 65536 }));
}

#[test]
fn a_message_id_is_written_as_64_digits() {
    let id = MessageId::from_bytes([0x1f; 32]);
    assert_eq!(id.to_string().parse(), Ok(id));
    for text in ["", "1f", &"1f".repeat(33), &"1g".repeat(32)] {
        assert_eq!(text.parse::<MessageId>(), Err(MessageIdError::NotHexadecimal));
    }
}
