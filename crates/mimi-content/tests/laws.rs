//! The laws of every format (`decode(encode(x)) == x`, `encode(decode(b)) == b`, borrowed and owned agree, no octets
//! make it panic), and two independent decoders that have to read the same values.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use mimi_content::{
    Disposition, Expiration, ExtensionKey, Extensions, ExternalPart, Float, Language, MapKey, MessageId, MimiContent,
    MimiContentRef, MultiPart, NestedPart, NestedPartRef, Part, PartRef, PartSemantics, Salt, Simple, SinglePart,
    TopicId, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

const SAFE: i64 = (1 << 53) - 1;

fn text() -> impl Strategy<Value = String> {
    "\\PC{0,30}"
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..30)
}

fn integer_key() -> impl Strategy<Value = i64> {
    prop_oneof![-300..300i64, -SAFE..=SAFE, Just(SAFE), Just(-SAFE)]
}

fn map_key() -> impl Strategy<Value = MapKey> {
    prop_oneof![integer_key().prop_map(MapKey::Int), octets().prop_map(MapKey::Bytes), text().prop_map(MapKey::Text),]
}

fn leaf() -> impl Strategy<Value = Value> {
    let bignum = (2..=3u64, 1..=255u8, vec(any::<u8>(), 8..15)).prop_map(|(tag, first, rest)| {
        let magnitude = [vec![first], rest].concat();
        Value::Tag(tag, Box::new(Value::Bytes(magnitude)))
    });
    prop_oneof![
        any::<u64>().prop_map(Value::Unsigned),
        (0..300u64).prop_map(Value::Unsigned),
        any::<u64>().prop_map(Value::Negative),
        octets().prop_map(Value::Bytes),
        text().prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
        Just(Value::Undefined),
        any::<u8>().prop_filter_map("a simple value", |n| Simple::new(n).map(Value::Simple)),
        any::<f64>().prop_map(|f| Value::Float(Float::new(f))),
        any::<f32>().prop_map(|f| Value::Float(Float::new(f.into()))),
        any::<i16>().prop_map(|n| Value::Float(Float::new(f64::from(n) / 8.0))),
        bignum,
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf()
        .prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..4).prop_map(Value::Array),
                btree_map(map_key(), inner.clone(), 0..4).prop_map(Value::Map),
                (4..u64::MAX, inner).prop_map(|(tag, content)| Value::Tag(tag, Box::new(content))),
            ]
        })
        .prop_filter("within the limits", |value| value.check().is_ok())
}

fn extensions() -> impl Strategy<Value = Extensions> {
    let key = prop_oneof![
        integer_key().prop_filter("not a known one", |n| !matches!(n, 1 | 2)).prop_map(ExtensionKey::Int),
        "\\PC{1,20}".prop_map(ExtensionKey::Text),
    ];
    (option::of(text()), option::of(text()), btree_map(key, value(), 0..4)).prop_map(|(sender, room, others)| {
        let mut extensions = Extensions::new();
        if let Some(sender) = sender {
            extensions.set_sender_uri(sender);
        }
        if let Some(room) = room {
            extensions.set_room_uri(room);
        }
        for (key, value) in others {
            extensions.insert(key, value).unwrap();
        }
        extensions
    })
}

fn language() -> impl Strategy<Value = Language> {
    prop_oneof![
        Just(Language::NONE),
        "[a-z]{2,3}(-[A-Z]{2})?(,[a-z]{2}){0,2}".prop_map(|list| Language::new(list).unwrap()),
    ]
}

fn external() -> impl Strategy<Value = ExternalPart> {
    (
        (text(), text(), text(), text()),
        (any::<u32>(), any::<u64>(), any::<u16>(), any::<u8>()),
        (octets(), octets(), octets(), octets()),
    )
        .prop_map(|(texts, numbers, strings)| ExternalPart {
            content_type: texts.0,
            url: texts.1,
            expires: numbers.0,
            size: numbers.1,
            enc_alg: numbers.2,
            key: strings.0,
            nonce: strings.1,
            aad: strings.2,
            hash_alg: numbers.3,
            content_hash: strings.3,
            description: texts.2,
            filename: texts.3,
        })
}

fn body() -> impl Strategy<Value = NestedPart> {
    let part = |part: BoxedStrategy<Part>| {
        (any::<u8>(), language(), part).prop_map(|(disposition, language, part)| NestedPart {
            disposition: Disposition::from_value(disposition),
            language,
            part,
        })
    };
    let single =
        (text(), octets()).prop_map(|(content_type, content)| Part::Single(SinglePart { content_type, content }));
    let leaf = prop_oneof![
        1 => Just(Part::Null),
        4 => single,
        2 => external().prop_map(Part::from),
    ];
    part(leaf.boxed()).prop_recursive(3, 20, 4, move |inner| {
        let semantics = prop_oneof![
            Just(PartSemantics::ChooseOne),
            Just(PartSemantics::SingleUnit),
            Just(PartSemantics::ProcessAll),
        ];
        let multi = (semantics, vec(inner, 2..5)).prop_filter_map("within the limits", |(semantics, parts)| {
            MultiPart::new(semantics, parts).ok().map(Part::Multi)
        });
        part(multi.boxed())
    })
}

fn content() -> impl Strategy<Value = MimiContent> {
    let expiration =
        prop_oneof![any::<u32>().prop_map(Expiration::Absolute), any::<u32>().prop_map(Expiration::Relative),];
    let id = || option::of(any::<[u8; 32]>().prop_map(MessageId::from_bytes));
    (any::<[u8; 16]>(), id(), vec(any::<u8>(), 0..300), option::of(expiration), id(), extensions(), body()).prop_map(
        |(salt, replaces, topic, expires, in_reply_to, extensions, body)| MimiContent {
            salt: Salt::new(salt),
            replaces,
            topic_id: TopicId::new(topic).unwrap(),
            expires,
            in_reply_to,
            extensions,
            body,
        },
    )
}

/// Both decoders give the same answer, and what they accept is written again to the same octets.
fn agree(octets: &[u8]) -> Result<bool, TestCaseError> {
    let borrowed = MimiContentRef::decode(octets);
    match MimiContent::decode(octets) {
        Ok(owned) => {
            prop_assert_eq!(owned.encode(), octets);
            let borrowed = borrowed.unwrap();
            prop_assert_eq!(&borrowed.to_owned(), &owned);
            same_fields(&borrowed, &owned)?;
            read_by_others(&owned, octets)?;
            Ok(true)
        }
        Err(error) => {
            prop_assert_eq!(borrowed, Err(error));
            prop_assert!(error.offset() <= octets.len());
            Ok(false)
        }
    }
}

fn same_fields(borrowed: &MimiContentRef<'_>, owned: &MimiContent) -> Result<(), TestCaseError> {
    prop_assert_eq!(borrowed.salt(), owned.salt);
    prop_assert_eq!(borrowed.replaces(), owned.replaces);
    prop_assert_eq!(borrowed.in_reply_to(), owned.in_reply_to);
    prop_assert_eq!(borrowed.expires(), owned.expires);
    prop_assert_eq!(borrowed.topic_id(), owned.topic_id.as_bytes());
    prop_assert_eq!(borrowed.extensions().len(), owned.extensions.len());
    prop_assert_eq!(borrowed.extensions().iter().count(), owned.extensions.len());
    prop_assert_eq!(borrowed.extensions().sender_uri(), owned.extensions.sender_uri());
    prop_assert_eq!(borrowed.extensions().room_uri(), owned.extensions.room_uri());
    prop_assert_eq!(count(borrowed.body()), owned.body.count());
    prop_assert_eq!(owned.body.iter().count(), owned.body.count());
    Ok(())
}

fn count(part: NestedPartRef<'_>) -> usize {
    match part.part {
        PartRef::Multi(multi) => 1 + multi.parts().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// The message as plain CBOR, written down from the draft's schema and not from our encoder.
fn tree(content: &MimiContent) -> Value {
    let id = |id: &Option<MessageId>| match id {
        None => Value::Null,
        Some(id) => Value::Bytes(id.as_bytes().to_vec()),
    };
    let expires = match content.expires {
        None => Value::Null,
        Some(Expiration::Absolute(time)) => Value::Array(vec![false.into(), u64::from(time).into()]),
        Some(Expiration::Relative(time)) => Value::Array(vec![true.into(), u64::from(time).into()]),
    };
    let extensions = content.extensions.iter().map(|(key, value)| {
        let key = match key {
            ExtensionKey::Int(n) => MapKey::Int(*n),
            ExtensionKey::Text(text) => MapKey::Text(text.clone()),
        };
        (key, value.clone())
    });
    Value::Array(vec![
        Value::Bytes(content.salt.as_bytes().to_vec()),
        id(&content.replaces),
        Value::Bytes(content.topic_id.as_bytes().to_vec()),
        expires,
        id(&content.in_reply_to),
        Value::Map(extensions.collect()),
        part_tree(&content.body),
    ])
}

fn part_tree(part: &NestedPart) -> Value {
    let mut items = vec![u64::from(part.disposition.value()).into(), part.language.as_str().into()];
    match &part.part {
        Part::Null => items.push(0u64.into()),
        Part::Single(single) => {
            items.extend([1u64.into(), single.content_type.as_str().into(), single.content.clone().into()])
        }
        Part::External(e) => items.extend([
            2u64.into(),
            e.content_type.as_str().into(),
            e.url.as_str().into(),
            u64::from(e.expires).into(),
            e.size.into(),
            u64::from(e.enc_alg).into(),
            e.key.clone().into(),
            e.nonce.clone().into(),
            e.aad.clone().into(),
            u64::from(e.hash_alg).into(),
            e.content_hash.clone().into(),
            e.description.as_str().into(),
            e.filename.as_str().into(),
        ]),
        Part::Multi(multi) => items.extend([
            3u64.into(),
            multi.semantics().value().into(),
            Value::Array(multi.parts().iter().map(part_tree).collect()),
        ]),
    }
    Value::Array(items)
}

/// What the other decoders have no value for; they refuse it or take it for null.
fn others_can_read(value: &Value) -> bool {
    match value {
        Value::Simple(_) | Value::Undefined => false,
        Value::Array(items) => items.iter().all(others_can_read),
        Value::Map(entries) => entries.values().all(others_can_read),
        // ciborium turns bignums of up to 16 octets into integers and back, and refuses longer ones.
        Value::Tag(2 | 3, content) => {
            matches!(&**content, Value::Bytes(magnitude) if magnitude.len() <= 16)
        }
        Value::Tag(_, content) => others_can_read(content),
        _ => true,
    }
}

fn read_by_others(content: &MimiContent, octets: &[u8]) -> Result<(), TestCaseError> {
    let ours = tree(content);
    if !others_can_read(&ours) {
        return Ok(());
    }
    let theirs: ciborium::Value = ciborium::from_reader(octets).unwrap();
    prop_assert_eq!(&from_ciborium(theirs), &ours);
    let theirs: serde_cbor::Value = serde_cbor::from_slice(octets).unwrap();
    prop_assert_eq!(&from_serde_cbor(theirs), &ours);
    Ok(())
}

fn integer(n: i128) -> Value {
    match u64::try_from(n) {
        Ok(n) => Value::Unsigned(n),
        Err(_) => Value::Negative(u64::try_from(-1 - n).unwrap()),
    }
}

fn key(value: Value) -> MapKey {
    match value {
        Value::Unsigned(_) | Value::Negative(_) => MapKey::Int(value.as_i64().unwrap()),
        Value::Bytes(octets) => MapKey::Bytes(octets),
        Value::Text(text) => MapKey::Text(text),
        other => panic!("{other:?} as a key"),
    }
}

fn from_ciborium(value: ciborium::Value) -> Value {
    use ciborium::Value as Theirs;
    match value {
        Theirs::Integer(n) => integer(n.into()),
        Theirs::Bytes(octets) => Value::Bytes(octets),
        Theirs::Float(f) => Value::Float(Float::new(f)),
        Theirs::Text(text) => Value::Text(text),
        Theirs::Bool(b) => Value::Bool(b),
        Theirs::Null => Value::Null,
        Theirs::Tag(number, content) => Value::Tag(number, Box::new(from_ciborium(*content))),
        Theirs::Array(items) => Value::Array(items.into_iter().map(from_ciborium).collect()),
        Theirs::Map(entries) => {
            let length = entries.len();
            let map: BTreeMap<_, _> =
                entries.into_iter().map(|(k, v)| (key(from_ciborium(k)), from_ciborium(v))).collect();
            assert_eq!(map.len(), length);
            Value::Map(map)
        }
        other => panic!("{other:?}"),
    }
}

fn from_serde_cbor(value: serde_cbor::Value) -> Value {
    use serde_cbor::Value as Theirs;
    match value {
        Theirs::Integer(n) => integer(n),
        Theirs::Bytes(octets) => Value::Bytes(octets),
        Theirs::Float(f) => Value::Float(Float::new(f)),
        Theirs::Text(text) => Value::Text(text),
        Theirs::Bool(b) => Value::Bool(b),
        Theirs::Null => Value::Null,
        Theirs::Tag(number, content) => Value::Tag(number, Box::new(from_serde_cbor(*content))),
        Theirs::Array(items) => Value::Array(items.into_iter().map(from_serde_cbor).collect()),
        Theirs::Map(entries) => {
            Value::Map(entries.into_iter().map(|(k, v)| (key(from_serde_cbor(k)), from_serde_cbor(v))).collect())
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_to_the_same_and_by_two_other_decoders_too(content in content()) {
        // req: MC08-6.1-01
        let octets = content.encode();
        let read = MimiContent::decode(&octets);
        prop_assert_eq!(read, Ok(content));
        prop_assert!(agree(&octets)?);
    }

    #[test]
    fn octets_with_a_few_changes_are_refused_or_written_again_the_same(
        content in content(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut octets = content.encode();
        for (place, octet) in changes {
            let place = place.index(octets.len());
            octets[place] = octet;
        }
        agree(&octets)?;
    }

    #[test]
    fn octets_that_are_cut_out_or_doubled_are_refused_or_written_again_the_same(
        content in content(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        doubled in any::<bool>(),
    ) {
        let octets = content.encode();
        let (a, b) = (from.index(octets.len()), to.index(octets.len()));
        let (from, to) = (a.min(b), a.max(b));
        let middle: &[u8] = if doubled { &octets[from..to] } else { &[] };
        let changed = [&octets[..from], middle, middle, &octets[to..]].concat();
        agree(&changed)?;
    }

    #[test]
    fn no_octets_make_the_reader_panic(octets in vec(any::<u8>(), 0..200)) {
        agree(&octets)?;
        let _ = Value::decode(&octets);
    }

    #[test]
    fn no_octets_after_a_valid_beginning_make_the_reader_panic(
        start in 0..4usize,
        rest in vec(any::<u8>(), 0..60),
    ) {
        let beginning: &[u8] = &[
            &[0x87, 0x50][..], &[0; 16][..], &[0xf6, 0x40, 0xf6, 0xf6][..],
            [&[][..], &[0xa1, 0x03][..], &[0xa0, 0x8f, 1, 0x60, 2][..], &[0xa0, 0x85, 1, 0x60, 3][..]][start],
        ].concat();
        agree(&[beginning, &rest].concat())?;
    }

    #[test]
    fn a_value_is_written_and_read_to_the_same(value in value()) {
        let octets = value.encode().unwrap();
        prop_assert_eq!(Value::decode(&octets), Ok(value));
    }

    #[test]
    fn a_value_that_is_read_is_written_to_the_same_octets(octets in vec(any::<u8>(), 0..12)) {
        if let Ok(value) = Value::decode(&octets) {
            prop_assert_eq!(value.encode().unwrap(), octets);
        }
    }
}

#[test]
fn a_thousand_parts_are_read_by_all_three_decoders() {
    let part = NestedPart::single(Disposition::Render, "text/plain;charset=utf-8", "Hi");
    let parts = MultiPart::new(PartSemantics::ProcessAll, vec![part; 1000]).unwrap();
    let octets = MimiContent::multi(parts, Salt::new([7; 16])).build().encode();
    assert!(agree(&octets).unwrap());
}
