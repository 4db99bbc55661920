//! Requests of members that do not fit the state of the room.

use mimi_client::{ClientError, Endpoint, Event, PrepareOptions, TransportError};
use mimi_protocol::update::UpdateRoomResponse;

use super::ROOM;
use crate::check::{Check, Draft, Level};
use crate::raw;
use crate::scenario::{Halt, Scenario, Verdict, described, events_until, expect, has_to, nothing_comes};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "input.s5.3.wrong-epoch",
        sentence: "A commit made in an epoch that has ended is answered wrongEpoch with the current one.",
        explanation: "Ben's client makes a commit, but amy's is accepted first. Ben's commit is sent all the same. The code has to be \
            wrongEpoch (1) with the epoch that amy's commit began, and the room has to stay in it. A failure means that two \
            commits of one epoch split the group, or that ben's client cannot tell what to do.",
        draft: Draft::Protocol,
        section: "5.3",
        level: Level::Must,
        requirements: &["MP06-5.3-22", "MP06-5.3-24", "MP06-5.3-25"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(commit_of_old_epoch(scenario)),
    },
    Check {
        id: "input.s5.3.group-of-other-room",
        sentence: "A commit of another room's group is refused.",
        explanation: "Ben's client makes a proper commit for another room in which he is, too, and sends it for this one. The code \
            has to be notAllowed (2), or a 4xx status, and the room has to stay as it was. A failure means that a room can be \
            taken over by another group.",
        draft: Draft::Protocol,
        section: "5.3",
        level: Level::Interpretation("IP-29"),
        requirements: &["MP06-4.2-01", "MP06-5.3-26"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(commit_of_other_room(scenario)),
    },
    Check {
        id: "input.s5.4.old-epoch",
        sentence: "A message of an epoch long ended is answered epochTooOld with the current one.",
        explanation: "Ben's provider submits a message of epoch 0. The code has to be epochTooOld (2) with the current epoch, and \
            nobody may get the message. A failure means that a client cannot tell that it has to seal the message again.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Interpretation("IP-21"),
        requirements: &["MP06-5.4-14", "MP06-5.4-15"],
        needs: &["input.s5.3.wrong-epoch"],
        ask: |scenario| Box::pin(message_of_old_epoch(scenario)),
    },
    Check {
        id: "input.s5.4.future-epoch",
        sentence: "A message of an epoch that has not begun is answered notAllowed.",
        explanation: "Ben's provider submits a message of a later epoch than the room's. The code has to be notAllowed (1), and \
            nobody may get the message. A failure means that the hub distributes what nobody can open.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Must,
        requirements: &["MP06-5.4-13"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(message_of_future_epoch(scenario)),
    },
    Check {
        id: "input.s5.4.group-of-other-room",
        sentence: "A message of another room's group is refused.",
        explanation: "Ben's client seals a message for another room in which he is, too, and submits it to this one. The code has to \
            be notAllowed (1), or a 4xx status, and nobody may get the message. A failure means that the hub does not look at \
            the group id.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Interpretation("IP-29"),
        requirements: &["MP06-4.2-01", "MP06-5.4-12"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(message_of_other_room(scenario)),
    },
    Check {
        id: "input.s3.5.cached-proposals-missing",
        sentence: "A commit of the hub's own user that leaves kept proposals out is refused, too.",
        explanation: "Ben leaves. Amy's client, at the hub itself, sends a commit without his proposals. The code has to be notAllowed \
            (2) or invalidProposal (3), ben's client may get nothing, and a commit with the proposals has to be accepted \
            afterwards. A failure means that the hub is kinder to its own users than to others.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Must,
        requirements: &["MP06-3.5-06", "MP06-3.5-08", "MP06-7.3-03"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(cached_proposals_missing(scenario)),
    },
];

const WITH_PENDING: PrepareOptions = PrepareOptions { include_pending: true };

// req: MP06-5.3-22, MP06-5.3-24, MP06-5.3-25
async fn commit_of_old_epoch(scenario: &mut Scenario) -> Verdict {
    let room = scenario.input.room()?;
    let late = has_to("ben can make a commit", room.ben.prepare_commit(&room.room, WITH_PENDING).await)?;
    let body = has_to("ben's commit can be encoded", late.body())?;
    has_to("ben's client can drop its commit", room.ben.discard(late).await)?;
    let first = has_to("amy can make a commit", room.amy.prepare_commit(&room.room, WITH_PENDING).await)?;
    let answer = has_to("amy can send her commit", room.amy.submit_prepared(&first).await)?;
    if !matches!(answer, UpdateRoomResponse::Success { .. }) {
        return Err(Halt::failed("success for amy's commit", format!("{answer:?}")));
    }
    has_to("amy's client can take its commit over", room.amy.confirm(first).await)?;
    let current = room.epoch().await?;
    let reply = has_to("ben's provider passes the commit on", room.ben.submit_raw(&room.room, body).await)?;
    let is_commit = |event: &Event| matches!(event, Event::Committed { .. });
    let events = events_until(&room.ben, "amy's commit", |events| events.iter().any(is_commit)).await?;
    expect(events.len() == 1, "amy's commit and nothing else at ben's client", described(&events))?;
    room.is_untouched().await?;
    raw::UpdateAnswer::read(&reply)?.is_wrong_epoch(current)
}

/// What the client API says when the hub or the client's own provider refuses a call as such.
fn refused_call(error: &ClientError) -> Option<String> {
    match error {
        ClientError::Transport(TransportError::Refused { code, message }) => Some(format!("{code}: {message}")),
        _ => None,
    }
}

// req: MP06-4.2-01, MP06-5.3-26
async fn commit_of_other_room(scenario: &mut Scenario) -> Verdict {
    let room = scenario.input.room()?;
    let foreign = has_to("ben can make a commit", room.ben.prepare_commit(&room.other, WITH_PENDING).await)?;
    let body = has_to("ben's commit can be encoded", foreign.body())?;
    has_to("ben's client can drop its commit", room.ben.discard(foreign).await)?;
    let reply = room.ben.submit_raw(&room.room, body).await;
    room.is_untouched().await?;
    if let Some(refusal) = reply.as_ref().err().and_then(refused_call) {
        return Ok(refusal);
    }
    raw::UpdateAnswer::read(&has_to("a refusal", reply)?)?.is_not_allowed()
}

async fn submit_as_ben(scenario: &mut Scenario, group: &str, epoch: u64) -> Result<raw::SubmitAnswer, Halt> {
    let room = scenario.input.room()?;
    let body = raw::submit_message_request(&raw::private_message(group, epoch), room.ben.user().as_str());
    let reply = room.ben.call_raw(Endpoint::SubmitMessage, room.room.as_str(), body).await;
    room.is_untouched().await?;
    raw::SubmitAnswer::read(&has_to("ben's provider passes the message on", reply)?)
}

// req: MP06-5.4-14, MP06-5.4-15
async fn message_of_old_epoch(scenario: &mut Scenario) -> Verdict {
    let room = scenario.input.room()?;
    let (group, current) = (room.group(), room.epoch().await?);
    submit_as_ben(scenario, &group, 0).await?.is_epoch_too_old(current)
}

// req: MP06-5.4-13
async fn message_of_future_epoch(scenario: &mut Scenario) -> Verdict {
    let room = scenario.input.room()?;
    let (group, current) = (room.group(), room.epoch().await?);
    submit_as_ben(scenario, &group, current.saturating_add(1)).await?.is_not_allowed()
}

// req: MP06-4.2-01, MP06-5.4-12
async fn message_of_other_room(scenario: &mut Scenario) -> Verdict {
    let room = scenario.input.room()?;
    let sealed = has_to("ben can seal a message", room.ben.seal(&room.other, "for the other room").await)?;
    let body = raw::submit_message_request(sealed.as_bytes(), room.ben.user().as_str());
    let reply = room.ben.call_raw(Endpoint::SubmitMessage, room.room.as_str(), body).await;
    room.is_untouched().await?;
    if let Some(refusal) = reply.as_ref().err().and_then(refused_call) {
        return Ok(refusal);
    }
    raw::SubmitAnswer::read(&has_to("a refusal", reply)?)?.is_not_allowed()
}

// req: MP06-3.5-06, MP06-3.5-08, MP06-7.3-03
async fn cached_proposals_missing(scenario: &mut Scenario) -> Verdict {
    let room = scenario.input.room()?;
    has_to("ben can leave", room.ben.leave(&room.room).await)?;
    let is_proposals = |event: &Event| matches!(event, Event::ProposalsReceived { .. });
    events_until(&room.amy, "ben's proposals", |events| events.iter().any(is_proposals)).await?;
    let before = room.epoch().await?;
    let without = PrepareOptions { include_pending: false };
    let prepared = has_to("amy can make a commit", room.amy.prepare_commit(&room.room, without).await)?;
    let answer = has_to("amy can send the commit", room.amy.submit_prepared(&prepared).await)?;
    has_to("amy's client can drop its commit", room.amy.discard(prepared).await)?;
    let said = match &answer {
        UpdateRoomResponse::NotAllowed { .. } => "notAllowed",
        UpdateRoomResponse::InvalidProposal { .. } => "invalidProposal",
        other => return Err(Halt::failed("notAllowed or invalidProposal", format!("{other:?}"))),
    };
    nothing_comes(&room.ben).await?;
    has_to("amy can commit the proposals", room.amy.commit_pending(&room.room).await)?;
    let after = room.epoch().await?;
    expect(after == before + 1, format!("epoch {}", before + 1), format!("epoch {after}"))?;
    Ok(format!("{said}: {}", answer.error_description()))
}
