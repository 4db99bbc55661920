//! What consent comes of a sequence of requests and decisions: draft-ietf-mimi-protocol-06 sections 5.7 and 8.

use anyhow::Result;
use mimi_arch::revisions;
use serde_json::{Value, json};
use spec_vectors::BugType;

use super::SECTION;
use crate::vectors::builder::{Built, Case, FileBuilder};
use crate::vectors::mls::{ALICE, BOB, CATHY};

/// One step: who wants to add whom (`ab` is Alice and Bob), the room by one letter or none, what is done, what comes of it.
type Step<'a> = (&'a str, &'a str, &'a str, &'a str);

fn steps(steps: &[Step<'_>]) -> Value {
    let user = |letter: Option<char>| match letter {
        Some('a') => ALICE,
        Some('b') => BOB,
        _ => CATHY,
    };
    steps
        .iter()
        .map(|(pair, room, operation, expect)| {
            let mut step = json!({
                "requester": user(pair.chars().next()), "target": user(pair.chars().nth(1)),
                "operation": operation, "expect": expect,
            });
            if let (false, Some(step)) = (room.is_empty(), step.as_object_mut()) {
                step.insert("roomId".to_owned(), format!("mimi://a.example/r/{room}").into());
            }
            step
        })
        .collect()
}

/// Builds the file.
pub(super) fn build() -> Result<Built> {
    let with = |comment: &str, flag: &str, keeper: &str, (requests, decisions): (u32, u32), list: &[Step<'_>]| {
        Case::valid(comment, flag)
            .with("keeper", keeper)
            .with("limits", json!({"requests": requests, "decisions": decisions}))
            .with("steps", steps(list))
    };
    let of = |comment: &str, flag: &str, list: &[Step<'_>]| with(comment, flag, "target", (8, 8), list);
    let cases = vec![
        of("nothing was ever said", "Flow", &[("ab", "", "may", "unknown"), ("ab", "x", "may", "unknown")]),
        of(
            "a request for any room is granted",
            "Flow",
            &[
                ("ab", "", "request", "requested"),
                ("ab", "", "may", "unknown"),
                ("ab", "", "grant", "granted-in-answer"),
                ("ab", "", "may", "granted"),
                ("ab", "x", "may", "granted"),
                ("ba", "", "may", "unknown"),
            ],
        ),
        of(
            "a request for a room is granted",
            "Flow",
            &[
                ("ab", "x", "request", "requested"),
                ("ab", "x", "grant", "granted-in-answer"),
                ("ab", "x", "may", "granted"),
                ("ab", "y", "may", "unknown"),
                ("ab", "", "may", "unknown"),
            ],
        ),
        of(
            "a request for any room is denied, and asked again",
            "Flow",
            &[
                ("ab", "", "request", "requested"),
                ("ab", "", "revoke", "revoked-in-answer"),
                ("ab", "", "may", "denied"),
                ("ab", "", "request", "requested"),
                ("ab", "", "may", "denied"),
                ("ab", "", "grant", "granted-in-answer"),
                ("ab", "", "may", "granted"),
            ],
        ),
        of(
            "a grant that nobody asked for, taken back",
            "Flow",
            &[
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "", "may", "granted"),
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "", "may", "denied"),
            ],
        ),
        of(
            "a denial before any request",
            "Flow",
            &[
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied"),
                ("ab", "x", "request", "requested"),
                ("ab", "x", "may", "denied"),
            ],
        ),
        of(
            "a connection of both",
            "Flow",
            &[
                ("ab", "", "request", "requested"),
                ("ba", "", "grant", "granted-unasked"),
                ("ab", "", "grant", "granted-in-answer"),
                ("ab", "", "may", "granted"),
                ("ba", "", "may", "granted"),
            ],
        ),
        of(
            "asked for a room, granted for any",
            "Flow",
            &[
                ("ab", "x", "request", "requested"),
                ("ab", "", "grant", "granted-in-answer"),
                ("ab", "x", "may", "granted"),
                ("ab", "x", "cancel", "nothing-to-cancel"),
                ("ab", "y", "may", "granted"),
            ],
        ),
        of(
            "asked for any room, granted for one",
            "Flow",
            &[
                ("ab", "", "request", "requested"),
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "x", "may", "granted"),
                ("ab", "y", "may", "unknown"),
                ("ab", "", "cancel", "cancelled"),
                ("ab", "x", "may", "granted"),
            ],
        ),
        of(
            "asked for a room, denied for any",
            "Flow",
            &[
                ("ab", "x", "request", "requested"),
                ("ab", "", "revoke", "revoked-in-answer"),
                ("ab", "x", "may", "denied"),
                ("ab", "x", "cancel", "nothing-to-cancel"),
            ],
        ),
        of(
            "a cancellation without a request",
            "Cancel",
            &[("ab", "", "cancel", "nothing-to-cancel"), ("ab", "", "may", "unknown")],
        ),
        of(
            "a cancellation takes a request back, once",
            "Cancel",
            &[
                ("ab", "x", "request", "requested"),
                ("ab", "x", "cancel", "cancelled"),
                ("ab", "x", "cancel", "nothing-to-cancel"),
                ("ab", "x", "request", "requested"),
            ],
        ),
        of(
            "a cancellation with another scope than the request does nothing",
            "Cancel",
            &[
                ("ab", "x", "request", "requested"),
                ("ab", "", "cancel", "nothing-to-cancel"),
                ("ab", "y", "cancel", "nothing-to-cancel"),
                ("ba", "x", "cancel", "nothing-to-cancel"),
                ("ab", "x", "request", "already-requested"),
                ("ab", "x", "cancel", "cancelled"),
            ],
        ),
        of(
            "a cancellation for any room leaves requests for single rooms",
            "Cancel",
            &[
                ("ab", "", "request", "requested"),
                ("ab", "x", "request", "requested"),
                ("ab", "", "cancel", "cancelled"),
                ("ab", "x", "cancel", "cancelled"),
            ],
        ),
        of(
            "a cancellation after the grant does not take it back",
            "Cancel",
            &[
                ("ab", "", "request", "requested"),
                ("ab", "", "grant", "granted-in-answer"),
                ("ab", "", "cancel", "nothing-to-cancel"),
                ("ab", "", "may", "granted"),
            ],
        ),
        of(
            "a grant after the cancellation counts",
            "Cancel",
            &[
                ("ab", "", "request", "requested"),
                ("ab", "", "cancel", "cancelled"),
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "", "may", "granted"),
            ],
        ),
        of(
            "a cancellation of what was asked again leaves the denial",
            "Cancel",
            &[
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "x", "request", "requested"),
                ("ab", "x", "cancel", "cancelled"),
                ("ab", "x", "may", "denied-for-this-room"),
            ],
        ),
        of(
            "everything twice",
            "Repeated",
            &[
                ("ab", "x", "request", "requested"),
                ("ab", "x", "request", "already-requested"),
                ("ab", "x", "grant", "granted-in-answer"),
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "x", "request", "already-granted"),
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied-for-this-room"),
            ],
        ),
        of(
            "asked for a room that a grant for any covers",
            "Repeated",
            &[
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "request", "already-granted"),
                ("ab", "x", "cancel", "nothing-to-cancel"),
            ],
        ),
        of(
            "granted for any room but one",
            "RoomAndAny",
            &[
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied-for-this-room"),
                ("ab", "y", "may", "granted"),
                ("ab", "", "may", "granted"),
            ],
        ),
        of(
            "a grant for any room does not lift the denial of one",
            "RoomAndAny",
            &[
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "may", "denied-for-this-room"),
                ("ab", "y", "may", "granted"),
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "x", "may", "granted"),
            ],
        ),
        of(
            "a request for a denied room stays open when any room is granted",
            "RoomAndAny",
            &[
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "x", "request", "requested"),
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "request", "already-requested"),
                ("ab", "x", "grant", "granted-in-answer"),
                ("ab", "x", "may", "granted"),
            ],
        ),
        of(
            "denied for any room but one",
            "RoomAndAny",
            &[
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "x", "may", "granted"),
                ("ab", "y", "may", "denied-for-this-room"),
                ("ab", "", "may", "denied"),
            ],
        ),
        of(
            "a revocation for any room takes back the grant of one",
            "RoomAndAny",
            &[
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied"),
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "may", "granted"),
            ],
        ),
        of(
            "so it does if any room was granted as well",
            "RoomAndAny",
            &[
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied"),
            ],
        ),
        of(
            "the denial of a room outlasts a denial and a grant for any",
            "RoomAndAny",
            &[
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied"),
                ("ab", "", "grant", "granted-unasked"),
                ("ab", "x", "may", "denied-for-this-room"),
            ],
        ),
        of(
            "one room denied, nothing said of others",
            "RoomAndAny",
            &[
                ("ab", "x", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied-for-this-room"),
                ("ab", "y", "may", "unknown"),
            ],
        ),
        of(
            "other users have their own consent",
            "Flow",
            &[
                ("ab", "", "grant", "granted-unasked"),
                ("cb", "", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "granted"),
                ("cb", "x", "may", "denied"),
                ("ac", "x", "may", "unknown"),
            ],
        ),
        with(
            "requests to one user beyond the limit are not kept",
            "Limit",
            "target",
            (2, 1),
            &[
                ("ab", "x", "request", "requested"),
                ("cb", "", "request", "requested"),
                ("ab", "y", "request", "request-not-kept"),
                ("ac", "", "request", "requested"),
                ("ab", "x", "request", "already-requested"),
                ("ab", "y", "cancel", "nothing-to-cancel"),
                ("ab", "x", "cancel", "cancelled"),
                ("ab", "y", "request", "requested"),
            ],
        ),
        with(
            "requests do not crowd out decisions, nor decisions each other's place",
            "Limit",
            "target",
            (1, 1),
            &[
                ("cb", "", "request", "requested"),
                ("ab", "x", "grant", "granted-unasked"),
                ("ab", "y", "revoke", "decision-not-kept"),
                ("ab", "y", "may", "unknown"),
                ("ab", "", "revoke", "revoked-unasked"),
                ("ab", "x", "may", "denied"),
                ("cb", "", "grant", "decision-not-kept"),
                ("cb", "", "may", "unknown"),
            ],
        ),
        with(
            "the requester's provider counts for the requester",
            "Limit",
            "requester",
            (1, 1),
            &[
                ("ab", "", "request", "requested"),
                ("ac", "", "request", "request-not-kept"),
                ("cb", "", "request", "requested"),
                ("ac", "", "grant", "granted-unasked"),
                ("ab", "", "grant", "decision-not-kept"),
                ("ab", "", "may", "unknown"),
                ("ac", "", "may", "granted"),
            ],
        ),
    ];
    FileBuilder::new("mimi-protocol", revisions::PROTOCOL, "consent-states", "ConsentStates", "8")
        .header("Operations in the order in which a provider does them, and questions between (operation may): what is expected of each. A step without roomId is about any room.")
        .header("keeper says which of the two users is the provider's own; limits are how many requests and decisions are kept for each such user.")
        .header("The draft does not say how decisions on one room and on any room go together. Here a decision on the room goes before the one on any room, whichever came first, and a revocation for any room takes back the grants of single rooms before it.")
        .note("Flow", BugType::Basic, "draft-ietf-mimi-protocol-06 section 8", "requests and what is decided", None)
        .note("Cancel", BugType::MissingCheck, SECTION, "cancellations, with and without a request of the same scope", Some("a requester undoes what the target decided"))
        .note("Repeated", BugType::EdgeCase, SECTION, "the same again", None)
        .note("RoomAndAny", BugType::Disagreement, "draft-ietf-mimi-protocol-06 section 8", "decisions on one room and on any", Some("somebody is added to a room against their will"))
        .note("Limit", BugType::MissingCheck, SECTION, "more than is kept for one user", Some("memory is filled by whoever sends enough requests"))
        .group("ConsentStates", cases)
        .finish()
}
