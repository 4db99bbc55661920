//! Valid messages for every feature, and the ones at the limits.

use anyhow::Result;
use mimi_content::{
    Disposition, Expiration, ExtensionKey, ExternalPart, Language, MAX_INTEGER_KEY, MAX_TOPIC, MessageId, MimiContent,
    MultiPart, NestedPart, Part, PartSemantics, Salt, TEXT_PLAIN, TopicId, Value,
};
use spec_vectors::BugType;

use super::super::builder::{Built, Case};
use super::{GROUP_TYPE, file, section, valid};

/// Every message of this file has a salt of its own.
struct Messages {
    cases: Vec<Case>,
}

impl Messages {
    fn add(&mut self, comment: &str, flag: &str, build: impl FnOnce(Salt) -> Result<MimiContent>) -> Result<()> {
        let number = u8::try_from(self.cases.len())?;
        let mut salt = [0; 16];
        salt.iter_mut().zip(0..).for_each(|(octet, place)| *octet = number ^ place);
        self.cases.push(valid(comment, flag, &build(Salt::new(salt))?));
        Ok(())
    }
}

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let mut messages = Messages { cases: Vec::new() };
    fields(&mut messages)?;
    extensions(&mut messages)?;
    bodies(&mut messages)?;
    external(&mut messages)?;
    multi(&mut messages)?;
    file("features", "mimiContent", "4")
        .header("decoded is the meaning: names as in the draft, octets in hex, text instead of content where it is text.")
        .header("In the values of extensions an object with one of the members bytes, integer, float, map, tag and simple stands for what JSON has no word for.")
        .note("Field", BugType::Basic, section!("4.1"), "fields of the container", None)
        .note("Extension", BugType::Disagreement, section!("4.3"), "extensions, also of kinds that nobody knows: they are kept as they are", Some("a message that is forwarded or quoted loses what the receiver did not know, and its ID with it"))
        .note("Simple", BugType::EdgeCase, "RFC 8949 section 3.3", "values that many CBOR libraries have no word for", Some("a message that is in order is refused"))
        .note("Body", BugType::Basic, section!("4.4"), "bodies of one part", None)
        .note("Legitimate", BugType::EdgeCase, section!("9.1"), "what may be unknown to a receiver and is legitimate all the same", Some("a message that is in order is refused"))
        .note("Limit", BugType::EdgeCase, section!("6"), "a message at a limit", Some("a message that is in order is refused"))
        .note("External", BugType::Basic, section!("4.5"), "external content", None)
        .note("Multi", BugType::Basic, section!("4.4"), "bodies of several parts", None)
        .group(GROUP_TYPE, messages.cases)
        .finish()
}

fn fields(messages: &mut Messages) -> Result<()> {
    let first = MessageId::from_bytes([1; 32]);
    messages.add("plain text", "Field", |salt| Ok(MimiContent::text("Hello", salt).build()))?;
    messages.add("an answer", "Field", |salt| Ok(MimiContent::text("Hello", salt).reply_to(first).build()))?;
    messages.add("an edit", "Field", |salt| Ok(MimiContent::text("Hello!", salt).edit(first).build()))?;
    messages.add("a deletion", "Field", |salt| Ok(MimiContent::delete(first, salt).build()))?;
    messages.add("a reaction", "Field", |salt| Ok(MimiContent::react("🎉", first, salt).build()))?;
    messages.add("two reactions in one message", "Field", |salt| {
        Ok(MimiContent::react("🎉", first, salt).and("❤")?.build())
    })?;
    messages.add("another reaction in place of the first", "Field", |salt| {
        Ok(MimiContent::react("👍", first, salt).edit(MessageId::from_bytes([2; 32])).build())
    })?;
    messages.add("a reaction taken back", "Field", |salt| {
        Ok(MimiContent::unreact(MessageId::from_bytes([2; 32]), first, salt).build())
    })?;
    messages
        .add("a topic", "Field", |salt| Ok(MimiContent::text("Hello", salt).topic(TopicId::new("tea")?).build()))?;
    messages.add("a topic that is the ID of a message", "Field", |salt| {
        Ok(MimiContent::text("Hello", salt).topic(first.into()).build())
    })?;
    messages.add("a topic that is not UTF-8", "Field", |salt| {
        Ok(MimiContent::text("Hello", salt).topic(TopicId::new([0xff, 0])?).build())
    })?;
    for (comment, expires) in [
        ("expiry at a time", Expiration::Absolute(1_750_000_000)),
        ("expiry ten minutes after reading", Expiration::Relative(600)),
        ("expiry as soon as it is read", Expiration::Relative(0)),
    ] {
        messages.add(comment, "Field", |salt| Ok(MimiContent::text("Hello", salt).expires(expires).build()))?;
    }
    messages.add("the last expiry that there is", "Limit", |salt| {
        Ok(MimiContent::text("Hello", salt).expires(Expiration::Absolute(u32::MAX)).build())
    })?;
    messages.add("a topic of 4096 octets", "Limit", |salt| {
        Ok(MimiContent::text("Hello", salt).topic(TopicId::new(vec![0x74; MAX_TOPIC])?).build())
    })?;
    messages.add(
        "an ID with a hash algorithm that nobody knows; whether it makes sense is decided later",
        "Legitimate",
        |salt| Ok(MimiContent::text("Hello", salt).reply_to(MessageId::from_bytes([0xff; 32])).build()),
    )
}

fn extensions(messages: &mut Messages) -> Result<()> {
    messages.add("sender and room", "Extension", |salt| {
        Ok(MimiContent::text("Hello", salt)
            .sender_uri("mimi://a.example/u/alice")
            .room_uri("mimi://a.example/r/tea")
            .build())
    })?;
    messages.add("sender only", "Extension", |salt| {
        Ok(MimiContent::text("Hello", salt).sender_uri("im:alice@a.example").build())
    })?;
    // Keys in the order of their octets, each with a value of another kind.
    let values: [(&str, ExtensionKey, &str); 24] = [
        ("the reserved key 0", 0.into(), "f6"),
        ("zero", 23.into(), "00"),
        ("the largest integer", 24.into(), "1bffffffffffffffff"),
        ("the smallest integer", 255.into(), "3bffffffffffffffff"),
        ("the largest integer that JSON keeps", 256.into(), "1b001fffffffffffff"),
        ("octets", 65_535.into(), "420001"),
        ("no octets", 65_536.into(), "40"),
        ("text", (-1).into(), "62c3bc"),
        ("no text", (-24).into(), "60"),
        ("a list", (-25).into(), "8301206161"),
        ("an empty list", (-256).into(), "80"),
        ("a map with keys of all kinds in their order", (-257).into(), "a600000a011864022003416104616105"),
        ("an empty map", "a".into(), "a0"),
        ("a tag", "b".into(), "c074323032352d30312d30315430303a30303a30305a"),
        ("a bignum", "c".into(), "c249010000000000000000"),
        ("a negative bignum", "d".into(), "c349010000000000000000"),
        ("true", "e".into(), "f5"),
        ("a float of two octets", "f".into(), "f93e00"),
        ("a float of four octets", "g".into(), "fa47c35000"),
        ("a float of eight octets", "h".into(), "fb3ff199999999999a"),
        ("minus zero", "i".into(), "f98000"),
        ("infinity", "j".into(), "f97c00"),
        ("the one NaN", "k".into(), "f97e00"),
        (
            "four levels: the map of the extensions, a list, a list, a tag",
            "com.example.deep".into(),
            "8242123482d8206161421234",
        ),
    ];
    let mut all = Vec::new();
    for (comment, key, octets) in values {
        let value = Value::decode(&hex::decode(octets)?)?;
        all.push((key.clone(), value.clone()));
        let comment = format!("an extension: {comment}");
        messages
            .add(&comment, "Extension", |salt| Ok(MimiContent::text("Hello", salt).extension(key, value)?.build()))?;
    }
    messages.add("all these extensions at once", "Extension", |salt| {
        let mut builder = MimiContent::text("Hello", salt);
        for (key, value) in all {
            builder = builder.extension(key, value)?;
        }
        Ok(builder.build())
    })?;
    for (comment, octets) in [("undefined", "f7"), ("simple value 0", "e0"), ("simple value 255", "f8ff")] {
        let value = Value::decode(&hex::decode(octets)?)?;
        messages.add(&format!("an extension: {comment}"), "Simple", |salt| {
            Ok(MimiContent::text("Hello", salt).extension(-1, value)?.build())
        })?;
    }
    for (comment, key) in [
        ("the largest key", ExtensionKey::Int(MAX_INTEGER_KEY)),
        ("the smallest key", ExtensionKey::Int(-MAX_INTEGER_KEY)),
        ("a key of one octet", "x".into()),
        ("a key of 255 octets", "x".repeat(255).into()),
    ] {
        messages.add(&format!("an extension: {comment}"), "Limit", |salt| {
            Ok(MimiContent::text("Hello", salt).extension(key, 1u64)?.build())
        })?;
    }
    let long = Value::Bytes(vec![0x76; 5000]);
    messages.add("an extension: a value of more than 4095 octets, the limit of revision 07", "Limit", |salt| {
        Ok(MimiContent::text("Hello", salt).extension(-1, long)?.build())
    })
}

fn bodies(messages: &mut Messages) -> Result<()> {
    messages.add("Markdown", "Body", |salt| Ok(MimiContent::markdown("*Hello*", salt).build()))?;
    messages.add("no text at all", "Body", |salt| Ok(MimiContent::text("", salt).build()))?;
    messages.add("text whose octets are more than its letters", "Body", |salt| {
        Ok(MimiContent::text("Grüße, 世界 👋🏽", salt).build())
    })?;
    for octets in [23, 24, 255, 256] {
        messages.add(&format!("content of {octets} octets"), "Body", |salt| {
            Ok(MimiContent::single("application/octet-stream", vec![0x5a; octets], salt).build())
        })?;
    }
    messages.add("text of a type for which the octets are not UTF-8", "Body", |salt| {
        Ok(MimiContent::single("text/plain;charset=iso-8859-1", [0xfc], salt).build())
    })?;
    for value in 0..9 {
        messages.add(&format!("disposition {value}"), "Body", |salt| {
            Ok(MimiContent::text("Hello", salt).disposition(Disposition::from_value(value)).build())
        })?;
    }
    for list in ["en", "de-CH-1996", "zh-Hant-TW", "en,fr-CA", "x-klingon", "i-default", "en-a-bbb-x-a-ccc"] {
        messages.add(&format!("language {list}"), "Body", |salt| {
            Ok(MimiContent::text("Hello", salt).language(Language::new(list)?).build())
        })?;
    }
    messages.add("no body, and nothing replaced", "Body", |salt| {
        Ok(MimiContent::with_body(NestedPart::new(Disposition::Unspecified, Part::Null), salt).build())
    })?;
    for value in [9, 23, 24, 255] {
        messages.add(&format!("disposition {value}, which is rendered"), "Legitimate", |salt| {
            Ok(MimiContent::text("Hello", salt).disposition(Disposition::from_value(value)).build())
        })?;
    }
    messages.add("a media type that nobody knows", "Legitimate", |salt| {
        Ok(MimiContent::single("application/vnd.example.unheard-of", [1, 2, 3], salt).build())
    })?;
    messages.add("a language that is not registered", "Legitimate", |salt| {
        Ok(MimiContent::text("Hello", salt).language(Language::new("qqq-Zzzz")?).build())
    })
}

fn external(messages: &mut Messages) -> Result<()> {
    let picture = || ExternalPart::unencrypted("image/png", "https://a.example/logo.png");
    messages.add("a picture in the clear", "External", |salt| Ok(MimiContent::attachment(picture(), salt).build()))?;
    messages.add("a picture with everything", "External", |salt| {
        let mut picture = picture();
        picture.expires = 1_750_000_000;
        picture.size = 40_000;
        picture.enc_alg = 1;
        picture.key = vec![0x6b; 16];
        picture.nonce = vec![0x6e; 12];
        picture.aad = b"aad".to_vec();
        picture.hash_alg = 1;
        picture.content_hash = vec![0x68; 32];
        picture.description = "Our logo, größer".to_owned();
        picture.filename = "logo.png".to_owned();
        Ok(MimiContent::attachment(picture, salt).disposition(Disposition::Inline).build())
    })?;
    messages.add("a service to join", "External", |salt| {
        let service = ExternalPart::unencrypted("", "https://a.example/join/12345");
        Ok(MimiContent::attachment(service, salt).disposition(Disposition::Session).build())
    })?;
    messages.add("every number at its largest", "Limit", |salt| {
        let mut picture = picture();
        picture.expires = u32::MAX;
        picture.size = u64::MAX;
        picture.enc_alg = u16::MAX;
        picture.hash_alg = u8::MAX;
        Ok(MimiContent::attachment(picture, salt).build())
    })
}

fn multi(messages: &mut Messages) -> Result<()> {
    let text = |text: &str| NestedPart::single(Disposition::Render, TEXT_PLAIN, text);
    let null = || NestedPart::new(Disposition::Render, Part::Null);
    for (comment, semantics) in [
        ("one of two parts", PartSemantics::ChooseOne),
        ("two parts that are one", PartSemantics::SingleUnit),
        ("two parts", PartSemantics::ProcessAll),
    ] {
        messages.add(comment, "Multi", |salt| {
            Ok(MimiContent::multi(MultiPart::new(semantics, vec![text("one"), text("two")])?, salt).build())
        })?;
    }
    messages.add("parts of every kind", "Multi", |salt| {
        let inner = MultiPart::new(PartSemantics::ChooseOne, vec![text("three"), text("four")])?;
        let external = Part::from(ExternalPart::unencrypted("image/png", "https://a.example/logo.png"));
        let parts = vec![
            null(),
            text("two").with_language(Language::new("en")?),
            NestedPart::new(Disposition::Preview, external),
            NestedPart::new(Disposition::Inline, inner.into()),
        ];
        Ok(MimiContent::multi(MultiPart::new(PartSemantics::ProcessAll, parts)?, salt).build())
    })?;
    messages.add("four levels of parts", "Limit", |salt| {
        let mut body = text("at the bottom");
        for _ in 1..4 {
            let multi = MultiPart::new(PartSemantics::SingleUnit, vec![body, null()])?;
            body = NestedPart::new(Disposition::Render, multi.into());
        }
        Ok(MimiContent::with_body(body, salt).build())
    })?;
    messages.add("1024 parts on three levels", "Limit", |salt| {
        let many = MultiPart::new(PartSemantics::ProcessAll, vec![null(); 511])?;
        let many = NestedPart::new(Disposition::Render, many.into());
        let last = MultiPart::new(PartSemantics::ProcessAll, vec![null(); 510])?;
        let last = NestedPart::new(Disposition::Render, last.into());
        Ok(MimiContent::multi(MultiPart::new(PartSemantics::ProcessAll, vec![many, last])?, salt).build())
    })
}
