//! Octets that are no message: every rule broken at least once, each time with the place where it breaks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_content::{Field, MimiContent, MimiContentRef, Rule};

const SALT: &str = "50000102030405060708090a0b0c0d0e0f";

/// Octets of fields that are all valid. Offsets: salt 1, replaces 18, topic 19, expires 20, reply 21, extensions 22, body 23.
const FIELDS: [&str; 7] = [SALT, "f6", "40", "f6", "f6", "a0", BODY];
const BODY: &str = "850160016040";

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    assert!(digits.len().is_multiple_of(2), "{hex}");
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn message(field: usize, hex: &str) -> Vec<u8> {
    let mut fields = FIELDS;
    fields[field] = hex;
    octets(&format!("87{}", fields.concat()))
}

fn extensions(hex: &str) -> Vec<u8> {
    message(5, hex)
}

fn body(hex: &str) -> Vec<u8> {
    message(6, hex)
}

/// A part with `levels` levels, the innermost of them null.
fn nested(levels: usize) -> String {
    (1..levels).fold("83016000".to_owned(), |inner, _| format!("8501600302 82 {inner} 83016000"))
}

fn refused(name: &str, octets: &[u8], offset: usize, rule: Rule) {
    let error = match MimiContent::decode(octets) {
        Ok(content) => panic!("{name}: accepted as {content:?}"),
        Err(error) => error,
    };
    assert_eq!((error.offset(), error.rule()), (offset, rule), "{name}: {error}");
    assert_eq!(MimiContentRef::decode(octets), Err(error), "{name}");
    assert!(!error.section().is_empty());
    assert!(error.to_string().contains(error.section()));
}

fn accepted(name: &str, octets: &[u8]) {
    match MimiContent::decode(octets) {
        Ok(content) => assert_eq!(content.encode(), octets, "{name}"),
        Err(error) => panic!("{name}: {error}"),
    }
}

#[test]
fn octets_that_are_no_deterministic_cbor_are_refused() {
    // req: MC08-6.1-01, MC08-6.1-02, MC08-6.1-03, MC08-6.1-04, MC08-6.1-05, MC08-6.1-06, MC08-6.2-05
    refused("nothing", &[], 0, Rule::Truncated);
    let whole = message(6, BODY);
    accepted("the message that the others are made from", &whole);
    for end in 1..whole.len() {
        let error = MimiContent::decode(&whole[..end]).unwrap_err();
        assert_eq!(error.rule(), Rule::Truncated, "cut after {end}");
        assert!(error.offset() <= end);
    }
    refused("one octet more", &[whole.as_slice(), &[0]].concat(), 29, Rule::TrailingBytes);
    refused("text longer than the octets", &body("85016001 7b00000001ffffffff"), 27, Rule::Truncated);
    refused("an array longer than the octets", &extensions("a103 9b0000ffffffffffff"), 24, Rule::Truncated);
    refused("a map longer than the octets", &extensions("bb0000ffffffffffff"), 22, Rule::Truncated);
    for (name, hex, rule) in [
        ("information 28", "1c", Rule::ReservedAdditionalInformation),
        ("information 29", "5d", Rule::ReservedAdditionalInformation),
        ("information 30", "fe", Rule::ReservedAdditionalInformation),
        ("integer with information 31", "1f", Rule::ReservedAdditionalInformation),
        ("tag with information 31", "df", Rule::ReservedAdditionalInformation),
        ("indefinite byte string", "5f4101ff", Rule::IndefiniteLength),
        ("indefinite text", "7f6161ff", Rule::IndefiniteLength),
        ("indefinite array", "9fff", Rule::IndefiniteLength),
        ("indefinite map", "bfff", Rule::IndefiniteLength),
        ("break", "ff", Rule::IndefiniteLength),
        ("integer in one octet more", "1817", Rule::NotShortestHead),
        ("integer in two octets more", "1900ff", Rule::NotShortestHead),
        ("integer in four octets more", "1a0000ffff", Rule::NotShortestHead),
        ("integer in eight octets more", "1b00000000ffffffff", Rule::NotShortestHead),
        ("negative integer", "3800", Rule::NotShortestHead),
        ("byte string", "580101", Rule::NotShortestHead),
        ("text", "780161", Rule::NotShortestHead),
        ("array", "980100", Rule::NotShortestHead),
        ("map", "b8010000", Rule::NotShortestHead),
        ("tag", "d80500", Rule::NotShortestHead),
        ("single that a half carries", "fa3f800000", Rule::NotShortestFloat),
        ("smallest half as a single", "fa33800000", Rule::NotShortestFloat),
        ("infinity as a single", "fa7f800000", Rule::NotShortestFloat),
        ("double that a single carries", "fb40f86a0000000000", Rule::NotShortestFloat),
        ("zero as a double", "fb0000000000000000", Rule::NotShortestFloat),
        ("false in two octets", "f814", Rule::InvalidSimpleValue),
        ("simple value 31", "f81f", Rule::InvalidSimpleValue),
        ("another half NaN", "f97e01", Rule::Nan),
        ("negative half NaN", "f9fe00", Rule::Nan),
        ("signalling half NaN", "f97c01", Rule::Nan),
        ("single NaN", "fa7fc00000", Rule::Nan),
        ("double NaN", "fb7ff8000000000000", Rule::Nan),
    ] {
        // Offset 22 is the map, 23 the key, 24 the value.
        refused(name, &extensions(&format!("a103{hex}")), 24, rule);
    }
    refused("lone surrogate", &extensions("a103 63eda080"), 25, Rule::InvalidUtf8);
    refused("overlong slash", &body("85016001 6361c0af 40"), 29, Rule::InvalidUtf8);
    refused("keys out of order", &extensions("a2 2000 0300"), 25, Rule::MapKeyOrder);
    refused("old canonical order", &extensions("a2 6161 00 1864 00"), 26, Rule::MapKeyOrder);
    refused("nested keys out of order", &extensions("a103 a2 0100 0000"), 27, Rule::MapKeyOrder);
    refused("a key twice", &extensions("a2 0300 0300"), 25, Rule::DuplicateMapKey);
    refused("a nested key twice", &extensions("a103 a2 6161 00 6161 00"), 28, Rule::DuplicateMapKey);
}

#[test]
fn octets_outside_the_data_model_are_refused() {
    // req: MC08-6.2-01, MC08-6.2-02, MC08-6.2-03, MC08-6.2-04, MC08-4.3-01, MC08-4.3-02, MC08-8.2.1-02
    for (name, hex) in
        [("byte string", "4161"), ("array", "80"), ("map", "a0"), ("tag", "c100"), ("null", "f6"), ("float", "f93c00")]
    {
        refused(name, &extensions(&format!("a1{hex}00")), 23, Rule::ExtensionKeyType);
    }
    for (name, hex) in [("array", "80"), ("map", "a0"), ("tag", "c100"), ("true", "f5"), ("float", "f93c00")] {
        refused(name, &extensions(&format!("a103a1{hex}00")), 25, Rule::MapKeyType);
    }
    refused("empty key", &extensions("a16000"), 23, Rule::ExtensionKeyLength);
    accepted("key of 255 octets", &extensions(&format!("a178ff{}00", "61".repeat(255))));
    refused("key of 256 octets", &extensions(&format!("a1790100{}00", "61".repeat(256))), 23, Rule::ExtensionKeyLength);
    accepted("largest key", &extensions("a11b001fffffffffffff00"));
    refused("key 2^53", &extensions("a11b002000000000000000"), 23, Rule::MapKeyRange);
    accepted("smallest key", &extensions("a13b001ffffffffffffe00"));
    refused("key -2^53", &extensions("a13b001fffffffffffff00"), 23, Rule::MapKeyRange);
    refused("nested key 2^53", &extensions("a103a11b002000000000000000"), 25, Rule::MapKeyRange);
    accepted("integer values have 64 bits", &extensions("a103823bffffffffffffffff1bffffffffffffffff"));
    refused("number as sender", &extensions("a10105"), 24, Rule::ExtensionValueType);
    refused("octets as room", &extensions("a10241ff"), 24, Rule::ExtensionValueType);
    refused("bignum with a leading zero", &extensions("a103c249000102030405060708"), 25, Rule::BignumNotShortest);
    refused("bignum that fits", &extensions("a103c3480102030405060708"), 25, Rule::BignumNotShortest);
    accepted("bignum that does not fit", &extensions("a103c249010000000000000000"));
    refused("bignum of text", &extensions("a103c26161"), 25, Rule::BignumContent);
    accepted("the one NaN", &extensions("a103f97e00"));
    accepted("NaNs in a typed array", &extensions("a103d8504800007e017c01fe00"));
    accepted("floats of all widths", &extensions("a10383f93c00fa47c35000fb3ff199999999999a"));
    accepted("undefined and nameless simple values", &extensions("a10384f7e0f3f8ff"));
}

#[test]
fn depth_is_counted_as_the_drafts_example_counts() {
    // req: MC08-6.3-01, MC08-6.3-02
    // The example of section 6.3: the tag around the URI stands on the fourth level.
    let uri = "72687474703a2f2f6578616d706c652e636f6d";
    accepted("the example", &extensions(&format!("a1190100 82 82421234d820{uri} 8242345619168b")));
    refused(
        "one tag more",
        &extensions(&format!("a1190100 82 82421234d820d820{uri} 8242345619168b")),
        33,
        Rule::ExtensionDepth,
    );
    refused("five arrays", &extensions("a10381818180"), 27, Rule::ExtensionDepth);
    refused("five maps", &extensions("a103a100a100a100a0"), 30, Rule::ExtensionDepth);
    accepted("four levels of parts", &body(&nested(4)));
    let five = body(&nested(5));
    refused("five levels of parts", &five, 23 + 4 * 6, Rule::PartDepth);
    refused("a thousand arrays", &extensions(&format!("a103{}", "81".repeat(1000))), 27, Rule::ExtensionDepth);
}

#[test]
fn octets_of_another_layout_are_refused() {
    // req: MC08-4.1-02, MC08-4.1-03, MC08-4.1-04, MC08-4.1-05, MC08-4.4-01, MC08-4.5-01, MC08-4.4-07, MC08-9.1-06, MC08-9.1-09, MC08-9.1-10
    use Field as F;
    refused("a map", &octets("a0"), 0, Rule::Type(F::MimiContent));
    refused("six fields", &octets(&format!("86{SALT}f640f6f6a0")), 0, Rule::ArrayLength(F::MimiContent));
    refused("eight fields", &octets(&format!("88{SALT}f640f6f6a0{BODY}00")), 0, Rule::ArrayLength(F::MimiContent));
    refused("a salt of text", &message(0, "60"), 1, Rule::Type(F::Salt));
    refused("a salt of 15 octets", &message(0, "4f000102030405060708090a0b0c0d0e"), 1, Rule::Length(F::Salt));
    refused("false as replaces", &message(1, "f4"), 18, Rule::Type(F::Replaces));
    refused("a short ID in replaces", &message(1, "4101"), 18, Rule::Length(F::Replaces));
    refused("a short ID in inReplyTo", &message(4, "40"), 21, Rule::Length(F::InReplyTo));
    refused("text as inReplyTo", &message(4, "60"), 21, Rule::Type(F::InReplyTo));
    refused("a topic of text", &message(2, "60"), 19, Rule::Type(F::TopicId));
    accepted("a topic of 4096 octets", &message(2, &format!("591000{}", "00".repeat(4096))));
    refused("a topic of 4097 octets", &message(2, &format!("591001{}", "00".repeat(4097))), 19, Rule::TopicLength);
    refused("expiry as a number", &message(3, "00"), 20, Rule::Type(F::Expiration));
    refused("expiry of three", &message(3, "83f40000"), 20, Rule::ArrayLength(F::Expiration));
    refused("0 for false", &message(3, "820000"), 21, Rule::Type(F::ExpirationRelative));
    refused("null for false", &message(3, "82f600"), 21, Rule::Type(F::ExpirationRelative));
    accepted("last expiry", &message(3, "82f41affffffff"));
    refused("expiry of 33 bits", &message(3, "82f41b0000000100000000"), 22, Rule::Range(F::ExpirationTime));
    refused("negative expiry", &message(3, "82f420"), 22, Rule::Range(F::ExpirationTime));
    refused("float as expiry", &message(3, "82f4f93c00"), 22, Rule::Type(F::ExpirationTime));
    refused("extensions as an array", &message(5, "80"), 22, Rule::Type(F::Extensions));
    refused("null for extensions", &message(5, "f6"), 22, Rule::Type(F::Extensions));

    refused("null as the body", &body("f6"), 23, Rule::Type(F::NestedPart));
    refused("a part of two", &body("820160"), 23, Rule::ArrayLength(F::NestedPart));
    accepted("a null part", &body("83016000"));
    refused("a null part of four", &body("8401600000"), 23, Rule::ArrayLength(F::NestedPart));
    refused("a single part of four", &body("8401600160"), 23, Rule::ArrayLength(F::NestedPart));
    refused("a single part of six", &body("86016001604000"), 23, Rule::ArrayLength(F::NestedPart));
    accepted("disposition 255", &body("8318ff6000"));
    refused("disposition 256", &body("831901006000"), 24, Rule::Range(F::Disposition));
    refused("disposition -1", &body("83206000"), 24, Rule::Range(F::Disposition));
    refused("disposition of text", &body("83606000"), 24, Rule::Type(F::Disposition));
    refused("language as octets", &body("83014000"), 25, Rule::Type(F::Language));
    accepted("two languages", &body("83016565 6e2c6672 00"));
    refused("a space between languages", &body("83016665 6e2c206672 00"), 29, Rule::LanguageSyntax);
    refused("cardinality 4", &body("83016004"), 26, Rule::Cardinality);
    refused("cardinality of text", &body("83016060"), 26, Rule::Type(F::Cardinality));
    refused("media type as octets", &body("850160014040"), 27, Rule::Type(F::ContentType));
    refused("content as text", &body("850160016060"), 28, Rule::Type(F::Content));

    refused("semantics 3", &body("85016003038283016000 83016000"), 27, Rule::PartSemantics);
    refused("semantics null", &body("8501600 3f68283016000 83016000"), 27, Rule::Type(F::PartSemantics));
    refused("parts as a map", &body("8501600300a0"), 28, Rule::Type(F::Parts));
    refused("no part", &body("850160030080"), 28, Rule::TooFewParts);
    refused("one part", &body("85016003008183016000"), 28, Rule::TooFewParts);
    accepted("1024 parts", &body(&format!("85016003009903ff{}", "83016000".repeat(1023))));
    refused("1025 parts", &body(&format!("8501600300990400{}", "83016000".repeat(1024))), 28, Rule::TooManyParts);
    let two = format!("85016003009903fd{}", "83016000".repeat(1021));
    refused(
        "1025 parts on three levels",
        &body(&format!("850160030082{two}850160030082{}", "83016000".repeat(2))),
        29 + 8 + 1021 * 4 + 5,
        Rule::TooManyParts,
    );
}

#[test]
fn every_field_of_an_external_part_is_checked() {
    // req: MC08-4.5-01, MC08-4.5-02, MC08-4.5-03
    use Field as F;
    let valid = ["60", "60", "00", "00", "00", "40", "40", "40", "00", "40", "60", "60"];
    let part = |at: usize, hex: &str| {
        let mut fields = valid;
        if let Some(field) = fields.get_mut(at) {
            *field = hex;
        }
        body(&format!("8f016002{}", fields.concat()))
    };
    accepted("empty fields", &part(usize::MAX, ""));
    refused("14 elements", &body(&format!("8e016002{}", valid[..11].concat())), 23, Rule::ArrayLength(F::NestedPart));
    let fields = [
        F::ContentType,
        F::Url,
        F::ExternalExpires,
        F::Size,
        F::EncAlg,
        F::Key,
        F::Nonce,
        F::Aad,
        F::HashAlg,
        F::ContentHash,
        F::Description,
        F::Filename,
    ];
    for (at, field) in fields.into_iter().enumerate() {
        refused(field.name(), &part(at, "f6"), 27 + at, Rule::Type(field));
    }
    // A URL in tag 32 is what the other reading of section 4.5 would send.
    refused("tagged URL", &part(1, "d82060"), 28, Rule::Type(F::Url));
    accepted("largest expiry", &part(2, "1affffffff"));
    refused("expiry of 33 bits", &part(2, "1b0000000100000000"), 29, Rule::Range(F::ExternalExpires));
    accepted("largest size", &part(3, "1bffffffffffffffff"));
    refused("negative size", &part(3, "20"), 30, Rule::Range(F::Size));
    refused("size as a bignum", &part(3, "c249010000000000000000"), 30, Rule::Type(F::Size));
    accepted("largest algorithm", &part(4, "19ffff"));
    refused("algorithm of 17 bits", &part(4, "1a00010000"), 31, Rule::Range(F::EncAlg));
    accepted("largest hash algorithm", &part(8, "18ff"));
    refused("hash algorithm of 9 bits", &part(8, "190100"), 35, Rule::Range(F::HashAlg));
}

#[test]
fn what_section_9_1_calls_legitimate_is_read() {
    // req: MC08-9.1-11, MC08-9.1-12, MC08-9.1-13, MC08-9.1-14
    let content = MimiContent::decode(&body("8318c86000")).unwrap();
    assert_eq!(content.body.disposition.value(), 200);
    assert_eq!(content.body.disposition.effective(), mimi_content::Disposition::Render);
    accepted("an unknown message", &message(4, &format!("5820{}", "01".repeat(32))));
    accepted("an unknown hash algorithm in an ID", &message(1, &format!("5820{}", "ff".repeat(32))));
    accepted("an unknown media type", &body("850160016778 2f7761742f3f40"));
    accepted("an unregistered language", &body("8301637a7a7a00"));
    accepted("the reserved key 0", &extensions("a100f6"));
    accepted("a private key", &extensions("a120f6"));
}
