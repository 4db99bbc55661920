//! Message content and status reports (draft-ietf-mimi-content-08, draft-mahy-mimi-message-status-01).

use mimi_content::{
    DecodeError, Disposition, Expiration, ExtensionKey, ExternalPart, MessageId, MimiContent, NestedPart, Part,
    PartSemantics, SinglePart,
    status::{MessageStatus, MessageStatusReport},
};

use super::registry::ShowType;
use super::tree::{ShowError, Tree};
use crate::content_command::{as_text, disposition_name, json_of};
use crate::screen::utc;

/// Content of messages.
pub(super) const TYPES: &[ShowType] = &[
    ShowType::wire("mimiContent", "draft-ietf-mimi-content-08 section 4", |octets| {
        Ok(message(&MimiContent::decode(octets).map_err(refused)?))
    }),
    ShowType::wire("statusReport", "draft-mahy-mimi-message-status-01 section 4", |octets| {
        Ok(report(&MessageStatusReport::decode(octets).map_err(refused)?))
    }),
];

fn refused(error: DecodeError) -> ShowError {
    ShowError { offset: Some(error.offset()), rule: error.rule().to_string(), section: error.section() }
}

fn message_id(id: Option<MessageId>) -> Tree {
    Tree::optional(id, |id| Tree::octets(*id.as_bytes()))
}

/// Seconds, with the date if they count from the Unix epoch.
fn date(seconds: u32) -> Tree {
    Tree::Number { value: seconds.into(), note: utc(seconds.into()).into() }
}

fn message(content: &MimiContent) -> Tree {
    let expires = Tree::optional(content.expires, |expires| {
        let (relative, time) = match expires {
            Expiration::Absolute(time) => (false, date(time)),
            Expiration::Relative(time) => {
                (true, Tree::Number { value: time.into(), note: "seconds after it was read".into() })
            }
        };
        Tree::fields([("relative", Tree::Bool(relative)), ("time", time)])
    });
    let extensions = content.extensions.iter().map(|(key, value)| {
        let key = match key {
            key if *key == ExtensionKey::SENDER_URI => Tree::Number { value: 1, note: "senderUri".into() },
            key if *key == ExtensionKey::ROOM_URI => Tree::Number { value: 2, note: "roomUri".into() },
            ExtensionKey::Int(key) => Tree::Json((*key).into()),
            ExtensionKey::Text(key) => Tree::text(key.as_str()),
        };
        Tree::fields([("key", key), ("value", Tree::Json(json_of(value)))])
    });
    Tree::fields([
        ("salt", Tree::octets(*content.salt.as_bytes())),
        ("replaces", message_id(content.replaces)),
        ("topicId", Tree::octets(content.topic_id.as_bytes())),
        ("expires", expires),
        ("inReplyTo", message_id(content.in_reply_to)),
        ("mimiExtensions", Tree::List(extensions.collect())),
        ("nestedPart", part(&content.body)),
    ])
}

/// A part with all below it; the reader bounds how deep parts nest.
fn part(part: &NestedPart) -> Tree {
    let disposition = part.disposition;
    let (name, value) = (disposition_name(disposition), u64::from(disposition.value()));
    let disposition = match disposition {
        Disposition::Unknown(_) => Tree::Number { value, note: name.into() },
        _ => Tree::constant(name, value),
    };
    let tree = Tree::fields([("disposition", disposition), ("language", Tree::text(part.language.as_str()))]);
    match &part.part {
        Part::Null => tree.and([("cardinality", Tree::constant("nullpart", 0))]),
        Part::Single(single) => tree.and([("cardinality", Tree::constant("single", 1))]).and(single_fields(single)),
        Part::External(external) => {
            tree.and([("cardinality", Tree::constant("external", 2))]).and(external_fields(external))
        }
        Part::Multi(multi) => tree.and([
            ("cardinality", Tree::constant("multi", 3)),
            ("partSemantics", Tree::constant(semantics(multi.semantics()), multi.semantics().value())),
            ("parts", Tree::list(multi.parts(), self::part)),
        ]),
    }
}

const fn semantics(semantics: PartSemantics) -> &'static str {
    match semantics {
        PartSemantics::ChooseOne => "chooseOne",
        PartSemantics::SingleUnit => "singleUnit",
        PartSemantics::ProcessAll => "processAll",
    }
}

fn single_fields(single: &SinglePart) -> [(&'static str, Tree); 2] {
    let content = match as_text(single) {
        Some(text) => ("text", Tree::text(text)),
        None => ("content", Tree::octets(single.content.as_slice())),
    };
    [("contentType", Tree::text(single.content_type.as_str())), content]
}

fn external_fields(external: &ExternalPart) -> [(&'static str, Tree); 12] {
    let expires = if external.expires == 0 { Tree::number(0_u32) } else { date(external.expires) };
    [
        ("contentType", Tree::text(external.content_type.as_str())),
        ("url", Tree::text(external.url.as_str())),
        ("expires", expires),
        ("size", Tree::number(external.size)),
        ("encAlg", Tree::number(external.enc_alg)),
        ("key", Tree::octets(external.key.as_slice())),
        ("nonce", Tree::octets(external.nonce.as_slice())),
        ("aad", Tree::octets(external.aad.as_slice())),
        ("hashAlg", Tree::number(external.hash_alg)),
        ("contentHash", Tree::octets(external.content_hash.as_slice())),
        ("description", Tree::text(external.description.as_str())),
        ("filename", Tree::text(external.filename.as_str())),
    ]
}

fn report(report: &MessageStatusReport) -> Tree {
    let statuses = Tree::list(&report.statuses, |one| {
        Tree::fields([
            ("messageId", Tree::octets(*one.message_id.as_bytes())),
            ("status", Tree::Number { value: one.status.value().into(), note: status_name(one.status).into() }),
        ])
    });
    Tree::fields([("statuses", statuses)])
}

fn status_name(status: MessageStatus) -> String {
    match status {
        MessageStatus::Unknown(_) => "unknown".to_owned(),
        known => known.to_string(),
    }
}
