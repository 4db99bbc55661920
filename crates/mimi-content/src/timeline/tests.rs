#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod behaviour;
mod expiry;
mod model;
mod order;
mod published;
mod scaling;

use alloc::{string::String, vec::Vec};

use super::*;
use crate::{Part, Salt, TopicId};

const ALICE: &str = "mimi://a.example/u/alice";
const BOB: &str = "mimi://b.example/u/bob";
const CATHY: &str = "mimi://c.example/u/cathy";

/// An ID that stands in the order of `number`.
fn id(number: u16) -> MessageId {
    let [high, low] = number.to_be_bytes();
    let mut octets = [0; 32];
    (octets[0], octets[1], octets[2]) = (1, high, low);
    MessageId::from_bytes(octets)
}

fn salt() -> Salt {
    Salt::new([7; 16])
}

fn message(number: u16, sender: &str, accepted: u64, content: impl Into<MimiContent>) -> Received {
    Received { id: id(number), sender: sender.into(), accepted: Timestamp(accepted), content: content.into() }
}

fn topic(name: &str) -> TopicId {
    TopicId::new(name.as_bytes()).unwrap()
}

fn text_of(entry: &Entry<'_>) -> String {
    match entry.shown() {
        Shown::Body(body) => body_text(body),
        Shown::Deleted { .. } => "(deleted)".into(),
        Shown::Expired => "(expired)".into(),
    }
}

fn body_text(body: &crate::NestedPart) -> String {
    match &body.part {
        Part::Single(single) => String::from_utf8(single.content.clone()).unwrap(),
        Part::Multi(multi) => multi.parts().iter().map(body_text).collect(),
        Part::Null | Part::External(_) => String::new(),
    }
}

/// What a user sees: number and text of every entry.
fn screen<A>(timeline: &Timeline<A>) -> Vec<(MessageId, String)> {
    timeline.entries().map(|entry| (entry.id(), text_of(&entry))).collect()
}
