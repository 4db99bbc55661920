//! Reactions (draft-ietf-mimi-content-08 sections 5.3 and 5.7).

use alloc::{vec, vec::Vec};

use super::{
    Timeline,
    order::Position,
    record::{First, State},
};
use crate::{Disposition, MessageId, NestedPart, Part, PartSemantics};

/// One reaction of one sender. A sender may have several, in one message or in many.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reaction<'a> {
    /// The message that carries it; the one to replace in order to take it back.
    pub id: MessageId,
    /// Where that message stands.
    pub position: Position,
    /// Who reacted.
    pub sender: &'a str,
    /// The version reacted to.
    pub to: MessageId,
    /// The part to show: most often text, but perhaps an image or something outside the message.
    pub part: &'a NestedPart,
}

impl<'a> Reaction<'a> {
    /// The reaction as text, which an emoji is; none for other media types and for octets that are not UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        match &self.part.part {
            Part::Single(single) if single.content_type.starts_with("text/plain") => {
                core::str::from_utf8(&single.content).ok()
            }
            _ => None,
        }
    }
}

impl<A> Timeline<A> {
    /// The reactions to a message, in the room's order: to this version and to any other of the same message. The message need not be
    /// known. Removed and expired reactions are not among them.
    #[must_use]
    pub fn reactions_to(&self, id: &MessageId) -> Vec<Reaction<'_>> {
        self.state.reactions_to(id)
    }
}

impl State {
    pub(super) fn reactions_to(&self, id: &MessageId) -> Vec<Reaction<'_>> {
        let mut positions: Vec<&Position> =
            self.versions_of(id).iter().filter_map(|id| self.reactions.get(id)).flatten().collect();
        positions.sort_unstable();
        positions.into_iter().filter_map(|position| self.first(&position.id)).flat_map(of).collect()
    }
}

fn of(first: &First) -> Vec<Reaction<'_>> {
    let (Some(body), Some(to)) = (first.body(), first.in_reply_to) else { return Vec::new() };
    let reaction = |part| Reaction { id: first.position.id, position: first.position, sender: &first.sender, to, part };
    match &body.part {
        // req: MC08-5.3-03
        // Each part is a reaction of its own; they are never run together (section 5.3).
        Part::Multi(multi) if multi.semantics() == PartSemantics::ProcessAll => multi
            .parts()
            .iter()
            .filter(|part| part.disposition == Disposition::Reaction && !matches!(part.part, Part::Null))
            .map(reaction)
            .collect(),
        Part::Null => Vec::new(),
        Part::Single(_) | Part::External(_) | Part::Multi(_) if body.disposition == Disposition::Reaction => {
            vec![reaction(body)]
        }
        // An edit that is no reaction any more.
        Part::Single(_) | Part::External(_) | Part::Multi(_) => Vec::new(),
    }
}
