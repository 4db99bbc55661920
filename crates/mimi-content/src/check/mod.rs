//! Whether a received message makes sense (draft-ietf-mimi-content-08 sections 9.1 and 9.4).
//!
//! [`check`] names every reason to think that a message was made by somebody malicious; such a message is logged and discarded.
//! [`check_octets`] does the same for a message that has not been read yet, because four of the draft's cases (too many parts, nested
//! too deeply, unknown part semantics, a very long topic) already cannot be read. What the draft calls legitimate passes: references to
//! unknown messages, and dispositions, media types and languages nobody here knows.
//!
//! ```
//! use mimi_content::{MimiContent, Salt, check::{CheckContext, Suspicion, check}, timeline::Timestamp};
//!
//! let (alice, room) = ("mimi://a.example/u/alice", "mimi://a.example/r/tea");
//! let message = MimiContent::text("Tea?", Salt::new([1; 16])).sender_uri(alice).room_uri(room).build();
//! let id = message.message_id(alice, room).unwrap();
//! let now = Timestamp(1_750_000_000_000);
//!
//! assert_eq!(check(&message, &CheckContext::new(id, alice, room, now, now)), Ok(()));
//!
//! // The hub says it accepted the message an hour from now, and Bob is the one who MLS says sent it.
//! let context = CheckContext::new(id, "mimi://b.example/u/bob", room, Timestamp(now.0 + 3_600_000), now);
//! let reasons = check(&message, &context).unwrap_err();
//! assert!(matches!(reasons[..], [Suspicion::TimestampInFuture { .. }, Suspicion::SenderUriMismatch { .. }]));
//! assert_eq!(reasons[0].section(), "draft-ietf-mimi-content-08 section 9.1");
//! ```

mod context;
mod suspicion;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use thiserror::Error;

pub use context::{CheckContext, KnownMessageIds, Limits, NothingKnown};
pub use suspicion::{IdField, Suspicion};

use crate::{DecodeError, Expiration, MimiContent, timeline::Timestamp};

/// When the first revision with a concrete syntax was published: draft-ietf-mimi-content-03, 23 April 2024. No message can be older.
pub const FIRST_CONCRETE_SYNTAX: Timestamp = Timestamp(1_713_830_400_000);

/// Why octets that were received are discarded.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Rejection {
    /// They are not a message.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// They are one of the cases of section 9.1.
    #[error("{} reasons to think this malicious, the first: {first}", rest.len() + 1)]
    Suspicious {
        /// A reason.
        first: Suspicion,
        /// The other reasons.
        rest: Vec<Suspicion>,
    },
}

/// Looks for everything in a message that section 9.1 calls nonsensical.
///
/// # Errors
///
/// Every reason found, at least one, in the order of the draft.
pub fn check(message: &MimiContent, context: &CheckContext<'_>) -> Result<(), Vec<Suspicion>> {
    let mut found = Vec::new();
    sender_and_ids(message, context, &mut found);
    timestamp(context, &mut found);
    topic_and_expiration(message, context, &mut found);
    body(message, context, &mut found);
    asserted_uris(message, context, &mut found);
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// Reads a message and [`check`]s it.
///
/// # Errors
///
/// [`Rejection::Malformed`] if the octets are no message, [`Rejection::Suspicious`] if they are one of the draft's cases.
pub fn check_octets(octets: &[u8], context: &CheckContext<'_>) -> Result<MimiContent, Rejection> {
    let message = MimiContent::decode(octets).map_err(|error| match Suspicion::of_decode_error(&error) {
        Some(first) => Rejection::Suspicious { first, rest: Vec::new() },
        None => Rejection::Malformed(error),
    })?;
    let context = CheckContext { octets: Some(octets.len()), ..*context };
    match check(&message, &context) {
        Ok(()) => Ok(message),
        Err(found) => {
            let mut found = found.into_iter();
            match found.next() {
                Some(first) => Err(Rejection::Suspicious { first, rest: found.collect() }),
                None => Ok(message),
            }
        }
    }
}

// req: MC08-9.1-01, MC08-9.1-02, MC08-9.1-03, MC08-9.1-12
fn sender_and_ids(message: &MimiContent, context: &CheckContext<'_>, found: &mut Vec<Suspicion>) {
    // req: MC08-9.1-01
    if !context.sender_is_member {
        found.push(Suspicion::SenderNotMember);
    }
    // req: MC08-9.1-02
    if context.known.contains(&context.message_id) {
        found.push(Suspicion::DuplicateMessageId { id: context.message_id });
    }
    // req: MC08-9.1-03, MC08-9.1-12
    // The referenced messages need not be known; only how their IDs were made.
    let ids = [
        (IdField::Message, Some(context.message_id)),
        (IdField::Replaces, message.replaces),
        (IdField::InReplyTo, message.in_reply_to),
    ];
    for (field, id) in ids {
        if let Some(algorithm) =
            id.map(|id| id.hash_alg()).filter(|algorithm| !context.limits.hash_algorithms.contains(algorithm))
        {
            found.push(Suspicion::UnknownHashAlgorithm { field, algorithm });
        }
    }
}

// req: MC08-9.1-04, MC08-9.1-05, MC08-9.1-15
fn timestamp(context: &CheckContext<'_>, found: &mut Vec<Suspicion>) {
    let CheckContext { accepted, now, room_created, limits, .. } = *context;
    // req: MC08-9.1-04
    if accepted.0 > now.0.saturating_add(limits.clock_tolerance_ms) {
        found.push(Suspicion::TimestampInFuture { accepted, now, tolerance_ms: limits.clock_tolerance_ms });
    }
    // req: MC08-9.1-05
    if accepted < limits.earliest {
        found.push(Suspicion::TimestampBeforeSyntax { accepted, earliest: limits.earliest });
    }
    // req: MC08-9.1-15
    if let Some(created) = room_created.filter(|created| accepted < *created) {
        found.push(Suspicion::TimestampBeforeRoom { accepted, created });
    }
}

// req: MC08-9.1-07, MC08-9.1-08
fn topic_and_expiration(message: &MimiContent, context: &CheckContext<'_>, found: &mut Vec<Suspicion>) {
    let limits = &context.limits;
    // req: MC08-9.1-06
    if message.topic_id.as_bytes().len() > limits.topic_octets {
        found.push(Suspicion::TopicTooLong { limit: limits.topic_octets });
    }
    let accepted = context.accepted;
    match message.expires {
        // Both against the moment of acceptance: a client that was away for two years still reads what it was sent meanwhile.
        Some(Expiration::Absolute(seconds)) => {
            let expires = Timestamp::from_seconds(seconds);
            // req: MC08-9.1-07
            if expires.plus_seconds(limits.expiration_span_s) < accepted {
                found.push(Suspicion::ExpiresInPast { expires, accepted });
            }
            // req: MC08-9.1-08
            if expires > accepted.plus_seconds(limits.expiration_span_s) {
                found.push(Suspicion::ExpiresInFuture { expires, accepted });
            }
        }
        Some(Expiration::Relative(seconds)) if seconds > limits.expiration_span_s => {
            found.push(Suspicion::RelativeExpirationTooLong { seconds, limit: limits.expiration_span_s });
        }
        Some(Expiration::Relative(_)) | None => {}
    }
}

// req: MC08-9.1-13, MC08-9.1-14, MC08-9.1-16, MC08-9.1-17, MC08-9.1-19
fn body(message: &MimiContent, context: &CheckContext<'_>, found: &mut Vec<Suspicion>) {
    let limits = &context.limits;
    // req: MC08-9.1-09
    if message.body.count() > limits.parts {
        found.push(Suspicion::TooManyParts { limit: limits.parts });
    }
    // req: MC08-9.1-16
    if message.body.height() > limits.part_depth {
        found.push(Suspicion::TooDeep { limit: limits.part_depth });
    }
    // req: MC08-9.1-17
    if let Some(limit) = limits.octets {
        let octets = context.octets.unwrap_or_else(|| message.encode().len());
        if octets > limit {
            found.push(Suspicion::TooLarge { octets, limit });
        }
    }
}

/// draft-ietf-mimi-protocol-06 section 5.4.1.3. A message that asserts neither URI is fine by the content draft.
fn asserted_uris(message: &MimiContent, context: &CheckContext<'_>, found: &mut Vec<Suspicion>) {
    if let Some(asserted) = message.extensions.sender_uri().filter(|asserted| *asserted != context.sender) {
        found.push(Suspicion::SenderUriMismatch { asserted: asserted.into(), sender: context.sender.into() });
    }
    if let Some(asserted) = message.extensions.room_uri().filter(|asserted| *asserted != context.room) {
        found.push(Suspicion::RoomUriMismatch { asserted: asserted.into(), room: context.room.into() });
    }
}
