//! Message content: decode, compare the meaning with what another decoder sees, encode, compare the octets, compute the IDs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mimi_content::status::MessageStatusReport;
use mimi_content::{CidError, DecodeError, Field, MessageId, MimiContent, MimiContentRef, Rule, Salt};
use serde_json::{Value, json};
use spec_vectors::{ExpectedError, TestCase, VectorFile, files};

use crate::{Verdict, content_by_ciborium, content_described, kebab, refused};

/// The types of files with messages on the wire that are read here.
pub(crate) const READS: [&str; 2] = ["mimiContent", "statusReport"];

/// The figures of the messages that are published with the draft: octets and ID.
const PUBLISHED: [(&str, usize, &str); 14] = [
    ("original", 193, "017ce54837404c3696e0c747b985cb172716d0ed0a3d249ca63ace7d82a096f4"),
    ("reply", 200, "015354973c2b65ca937bf1e035ae53a5ab80e947afa43d46920d4202e5cc0b27"),
    ("reaction", 170, "0158c4288911e50a8f6be3f47746b6682f10fd91bc8c05557aa589a3157aff68"),
    ("mention", 262, "018d825adf9f6be00dcafc5704c4102f5022e74219d0b603e4ba7622654042af"),
    ("mention-html", 272, "01967ff8e9a66819738ad5cf26d2e0388a3b81d86b0f61d129c077d043ee2a4e"),
    ("edit", 234, "014028c0deddbdea56bec26172f6ede953d11024cb82b8192b5e2aea62d7fb47"),
    ("delete", 166, "011d9efc78d04d4dcf4d82b07d5199bbef37011c1f0c7e004b6111c6dda504b4"),
    ("unlike", 173, "013aadbb8f313253c8930f4e93c6ca54b2ed06d258185bdcec3870534c8a4ec4"),
    ("expiring", 222, "01e59db8173939facc2c8a4a0f0ae8d0c7a11a81239626630c9464a8d6717a03"),
    ("attachment", 272, "0176180c7d19a925021fe446d241134d05c38e0d999cdc0f39c391d2377ed9d1"),
    ("conferencing", 180, "01496d15a8dba28d7397f9868b70768e4a67f765d5b5b1ae9e03848c5fdeb0ba"),
    ("multipart-1", 219, "01da5a515ec5db42cc4dcc19b90c3c31245d8a1cfcce11318f24eb11dce0990e"),
    ("multipart-2", 208, "01d65918c6c51c8e76546337276ae6f4bfd873d867d5cb57c76bcdca3d999dd7"),
    ("multipart-3", 716, "01cfebeadbdb83c1eefb6403ba4852daf8bbbf9cd53bf5035a74d5d741950c9f"),
];

/// The name that a rule has in the vectors.
fn name(rule: Rule) -> String {
    let of_field = |field: Field, what: &str| match field {
        Field::Content => format!("content-field-{what}"),
        field => format!("{}-{what}", kebab(field.name()).replace('.', "-")),
    };
    match rule {
        Rule::TrailingBytes => "trailing".to_owned(),
        Rule::InvalidUtf8 => "not-utf8".to_owned(),
        Rule::NotShortestHead => "head-not-shortest".to_owned(),
        Rule::NotShortestFloat => "float-not-shortest".to_owned(),
        Rule::InvalidSimpleValue => "simple-value-invalid".to_owned(),
        Rule::DuplicateMapKey => "map-key-twice".to_owned(),
        Rule::Cardinality => "cardinality-unknown".to_owned(),
        Rule::PartSemantics => "part-semantics-unknown".to_owned(),
        Rule::Type(field) => of_field(field, "type"),
        Rule::ArrayLength(field) => of_field(field, "array-length"),
        Rule::Length(field) => of_field(field, "length"),
        Rule::Range(field) => of_field(field, "range"),
        other => kebab(&format!("{other:?}")),
    }
}

fn decode_error(error: DecodeError) -> ExpectedError {
    ExpectedError { offset: Some(error.offset()), ..refused(&name(error.rule()), error.section()) }
}

/// Reads the octets of a test as the type that the file is about.
pub(crate) fn run(r#type: &str, test: &TestCase) -> Verdict {
    let octets = test.octets("encoded").unwrap();
    match r#type {
        "mimiContent" => message(test, &octets),
        "statusReport" => report(test, &octets),
        other => panic!("there is no reader for {other}"),
    }
}

// req: MC08-4.1-02, MC08-4.1-03, MC08-4.1-04, MC08-4.1-05, MC08-4.3-01, MC08-4.3-02, MC08-4.4-01, MC08-4.4-07, MC08-4.5-01
// req: MC08-6.1-01, MC08-6.1-02, MC08-6.1-03, MC08-6.2-01, MC08-6.2-02, MC08-6.2-03, MC08-6.2-04, MC08-6.2-05, MC08-6.3-01, MC08-6.3-02
// req: MC08-9.1-06, MC08-9.1-09, MC08-9.1-10, MC08-9.1-11, MC08-9.1-12, MC08-9.1-13, MC08-9.1-14
fn message(test: &TestCase, octets: &[u8]) -> Verdict {
    let read = MimiContentRef::decode(octets);
    let owned = MimiContent::decode(octets);
    assert_eq!(owned, read.map(|content| content.to_owned()), "{}", test.comment);
    let (read, owned) = (read.map_err(decode_error)?, owned.map_err(decode_error)?);
    assert_eq!(hex::encode(owned.encode()), hex::encode(octets), "{}", test.comment);
    // What is accepted against the vector's word is told by the caller.
    if let Some(decoded) = test.fields.get("decoded") {
        assert_eq!(&content_described::message(&read), decoded, "{}", test.comment);
        if !test.flags.iter().any(|flag| flag == "Simple") {
            assert_eq!(&content_by_ciborium::message(octets), decoded, "{} as ciborium reads it", test.comment);
        }
    }
    if test.fields.contains_key("messageId") {
        assert_eq!(owned.message_id_by_extensions().unwrap().to_string(), test.text("messageId").unwrap());
        message_id(test)?;
    }
    Ok(())
}

// req: MS01-4-01
fn report(test: &TestCase, octets: &[u8]) -> Verdict {
    let report = MessageStatusReport::decode(octets).map_err(decode_error)?;
    assert_eq!(hex::encode(report.encode()), hex::encode(octets), "{}", test.comment);
    if let Some(decoded) = test.fields.get("decoded") {
        let ours: Value = report
            .statuses
            .iter()
            .map(|entry| json!({"messageId": entry.message_id.to_string(), "status": entry.status.value()}))
            .collect();
        assert_eq!(&ours, decoded, "{}", test.comment);
        assert_eq!(&content_by_ciborium::report(octets), decoded, "{} as ciborium reads it", test.comment);
    }
    Ok(())
}

/// Computes an ID.
// req: MC08-3.3-01, MC08-3.3-02, MC08-3.3-03, MC08-3.3-04, MC08-3.3-05
pub(crate) fn message_id(test: &TestCase) -> Verdict {
    let octets = test.octets("encoded").unwrap();
    let content = MimiContentRef::decode(&octets).unwrap();
    let (sender, room) = (test.text("senderUri").unwrap(), test.text("roomUri").unwrap());
    let id = content.message_id(sender, room).unwrap();
    assert_eq!(id, MessageId::compute(&octets, sender, room, &content.salt()).unwrap());
    assert_eq!(id, content.to_owned().message_id(sender, room).unwrap());
    assert_eq!(id.to_string(), test.text("messageId").unwrap(), "{}", test.comment);
    Ok(())
}

/// Derives a salt.
// req: MC08-9.2-01
pub(crate) fn salt(test: &TestCase) -> Verdict {
    let octets = |name: &str| test.octets(name).unwrap();
    let salt = Salt::from_exporter_secret(&octets("saltBaseSecret"), &octets("nonce"));
    assert_eq!(hex::encode(salt.as_bytes()), test.text("salt").unwrap(), "{}", test.comment);
    Ok(())
}

/// Walks through the parts.
// req: MC08-4.4-08
pub(crate) fn part_index(test: &TestCase) -> Verdict {
    let content = MimiContent::decode(&test.octets("encoded").unwrap()).unwrap();
    let parts: Value = content
        .body
        .iter()
        .map(|(index, level, part)| json!({"partIndex": index.0, "level": level, "contentType": part.content_type()}))
        .collect();
    assert_eq!(parts, test.fields["parts"], "{}", test.comment);
    Ok(())
}

/// Looks a content ID up.
// req: MC08-4.4-08
pub(crate) fn cid(test: &TestCase) -> Verdict {
    let content = MimiContent::decode(&test.octets("encoded").unwrap()).unwrap();
    let rule = match content.body.resolve_cid(test.text("cid").unwrap()) {
        Ok((index, part)) => {
            assert_eq!(json!(index.0), test.fields["partIndex"], "{}", test.comment);
            assert_eq!(content.body.part(index), Some(part));
            return Ok(());
        }
        Err(CidError::Form) => "cid-form",
        Err(CidError::NoSuchPart(_)) => "cid-no-such-part",
        Err(CidError::NoContent(_)) => "cid-no-content",
        Err(other) => panic!("{other}"),
    };
    Err(refused(rule, "draft-ietf-mimi-content-08 section 4.4"))
}

fn content_files() -> impl Iterator<Item = (&'static str, VectorFile)> {
    files()
        .filter(|(path, _)| path.starts_with("mimi-content/"))
        .map(|(path, text)| (path, VectorFile::parse(text).unwrap()))
}

/// The rules that there are.
fn rules() -> Vec<Rule> {
    use Field as F;
    let typed = [
        F::MimiContent,
        F::Salt,
        F::Replaces,
        F::TopicId,
        F::Expiration,
        F::ExpirationRelative,
        F::ExpirationTime,
        F::InReplyTo,
        F::Extensions,
        F::NestedPart,
        F::Disposition,
        F::Language,
        F::Cardinality,
        F::ContentType,
        F::Content,
        F::PartSemantics,
        F::Parts,
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
        F::StatusReport,
        F::PerMessageStatus,
        F::StatusMessageId,
        F::MessageStatus,
    ];
    let ranged = [
        F::ExpirationTime,
        F::Disposition,
        F::Cardinality,
        F::PartSemantics,
        F::ExternalExpires,
        F::Size,
        F::EncAlg,
        F::HashAlg,
        F::MessageStatus,
    ];
    let mut rules = vec![
        Rule::Truncated,
        Rule::TrailingBytes,
        Rule::ReservedAdditionalInformation,
        Rule::IndefiniteLength,
        Rule::NotShortestHead,
        Rule::NotShortestFloat,
        Rule::InvalidSimpleValue,
        Rule::MapKeyOrder,
        Rule::DuplicateMapKey,
        Rule::InvalidUtf8,
        Rule::BignumNotShortest,
        Rule::BignumContent,
        Rule::Nan,
        Rule::MapKeyType,
        Rule::MapKeyRange,
        Rule::ExtensionKeyType,
        Rule::ExtensionKeyLength,
        Rule::ExtensionValueType,
        Rule::ExtensionDepth,
        Rule::TopicLength,
        Rule::Cardinality,
        Rule::PartSemantics,
        Rule::TooFewParts,
        Rule::TooManyParts,
        Rule::PartDepth,
        Rule::LanguageSyntax,
    ];
    rules.extend(typed.map(Rule::Type));
    rules.extend([F::MimiContent, F::Expiration, F::NestedPart, F::PerMessageStatus].map(Rule::ArrayLength));
    rules.extend([F::Salt, F::Replaces, F::InReplyTo, F::StatusMessageId].map(Rule::Length));
    rules.extend(ranged.map(Rule::Range));
    rules
}

#[test]
fn every_rule_of_the_decoder_is_broken_by_a_vector_and_every_rule_in_the_vectors_is_one_of_the_decoder() {
    let mut broken = BTreeSet::new();
    for (_, file) in content_files() {
        let errors =
            file.tests().filter(|(group, _)| group.r#type == "Wire").filter_map(|(_, test)| test.error.clone());
        broken.extend(errors.map(|error| error.rule));
    }
    assert_eq!(broken, rules().into_iter().map(name).collect());
}

#[test]
fn what_is_said_to_be_well_formed_cbor_is_well_formed_cbor() {
    let (_, file) = content_files().find(|(path, _)| path.ends_with("/malformed-layout.json")).unwrap();
    for (_, test) in file.tests().filter(|(_, test)| !test.comment.contains("2^32")) {
        let octets = test.octets("encoded").unwrap();
        let mut rest = octets.as_slice();
        let value: ciborium::Value =
            ciborium::from_reader(&mut rest).unwrap_or_else(|e| panic!("{}: {e}", test.comment));
        assert!(rest.is_empty(), "{}: {value:?} and then {rest:?}", test.comment);
    }
}

#[test]
fn the_vectors_state_the_figures_of_all_published_examples() {
    // req: MC08-3.3-01
    let (_, file) = content_files().find(|(path, _)| path.ends_with("/examples.json")).unwrap();
    let stated: Vec<_> = file
        .tests()
        .map(|(_, test)| {
            (test.text("example").unwrap(), test.octets("encoded").unwrap().len(), test.text("messageId").unwrap())
        })
        .collect();
    assert_eq!(stated, PUBLISHED);
}

#[test]
fn the_octets_of_the_published_examples_are_those_of_the_vectors() {
    // req: MC08-6.1-01
    let folder = std::env::var_os("MIMI_DRAFTS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/drafts"), PathBuf::from);
    if !folder.is_dir() {
        eprintln!("NOT CHECKED: no published examples in {}; set MIMI_DRAFTS to their folder", folder.display());
        return;
    }
    let mut compared = 0;
    for (path, file) in content_files() {
        let folder = folder.join(if path.contains("message-status") { "message-status-01" } else { "content-08" });
        for (_, test) in file.tests() {
            let Some(example) = test.text("example") else { continue };
            let published = std::fs::read(folder.join(format!("{example}.cbor"))).unwrap();
            assert_eq!(test.text("encoded"), Some(hex::encode(published).as_str()), "{example}");
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
}
