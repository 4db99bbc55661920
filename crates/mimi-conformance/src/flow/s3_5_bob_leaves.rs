//! Bob leaves the room (draft-ietf-mimi-protocol-06 section 3.5).

use mimi_client::{Endpoint, Event, PrepareOptions};
use mimi_protocol::update::UpdateRoomResponse;

use super::s3_4_messages::arrives;
use super::{participants, same_state};
use crate::check::{Check, Draft, Level};
use crate::raw;
use crate::scenario::{
    Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier, nothing_comes,
};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "flow.s3.5.leave-cached",
        sentence: "The proposals of a leave are kept by the hub and distributed; the epoch stays.",
        explanation: "Bob's client proposes to remove itself and to take bob off the participant list. The hub has to accept, and \
            the clients of alice and cathy have to get the proposals and stay in their epoch. A failure means that a user \
            cannot leave, or that nobody would know to commit it.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Must,
        requirements: &[
            "MP06-3.5-02",
            "MP06-3.5-03",
            "MP06-3.5-04",
            "MP06-3.5-05",
            "MP06-3.5-07",
            "MP06-4.2-07",
            "MP06-5.5-21",
        ],
        needs: &["flow.s3.4.message-delivered"],
        ask: |scenario| Box::pin(leave_cached(scenario)),
    },
    Check {
        id: "flow.s3.5.leaver-cannot-send",
        sentence: "From the moment the leave is accepted, the hub refuses the leaver's messages.",
        explanation: "Before leaving, bob's client sealed a message. Now it is sent, in the epoch in which bob's client is still a \
            member of the group. The hub has to answer notAllowed (1). A failure means that a removal binds only from the \
            next commit on.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Must,
        requirements: &["MP06-5.3-06", "MP06-5.4-04", "MP06-5.4-12", "MP06-7.1-04", "MP06-7.1-05"],
        needs: &["flow.s3.5.leave-cached"],
        ask: |scenario| Box::pin(leaver_cannot_send(scenario)),
    },
    Check {
        id: "flow.s3.5.commit-lacks-proposals",
        sentence: "A commit that leaves the kept proposals out is refused.",
        explanation: "Cathy's client sends a commit without the proposals of bob's leave. The hub has to answer notAllowed (2) or \
            invalidProposal (3), and nobody may get the commit. A failure means that a leave can be ignored for ever.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Must,
        requirements: &["MP06-3.5-06", "MP06-3.5-08", "MP06-7.3-03"],
        needs: &["flow.s3.5.leave-cached"],
        ask: |scenario| Box::pin(commit_lacks_proposals(scenario)),
    },
    Check {
        id: "flow.s3.5.commit-removes-leaver",
        sentence: "A commit that carries the kept proposals is accepted and removes the leaver.",
        explanation: "Cathy's client commits the proposals. The hub has to accept. Alice's client has to get the commit, both have \
            to agree on the state, and bob has to be gone from participants and members. A failure means that nobody can \
            go on in the room after a leave.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Must,
        requirements: &["MP06-3.5-06", "MP06-5.3-05", "MP06-7.3-02", "MP06-7.3-04", "MP06-7.5-15"],
        needs: &["flow.s3.5.leave-cached"],
        ask: |scenario| Box::pin(commit_removes_leaver(scenario)),
    },
    Check {
        id: "flow.s3.5.leaver-told",
        sentence: "The leaver's client gets the commit that removes it.",
        explanation: "Bob's client has to learn from its queue that it was removed, so that it can clean up. A failure means that \
            the hub stopped sending to bob's provider one event too early.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Should,
        requirements: &["MP06-5.5-19"],
        needs: &["flow.s3.5.commit-removes-leaver"],
        ask: |scenario| Box::pin(leaver_told(scenario)),
    },
    Check {
        id: "flow.s3.5.nothing-after-removal",
        sentence: "After the removal, nothing more of the room reaches the leaver.",
        explanation: "Alice sends a message. Cathy's client has to get it, and bob's client has to get nothing. A failure means \
            that a provider without participants still gets the traffic of the room.",
        draft: Draft::Protocol,
        section: "3.5",
        level: Level::Must,
        requirements: &["MP06-5.3-06", "MP06-5.5-01"],
        needs: &["flow.s3.5.leaver-told"],
        ask: |scenario| Box::pin(nothing_after_removal(scenario)),
    },
];

// req: MP06-3.5-02, MP06-3.5-03, MP06-3.5-04, MP06-3.5-05, MP06-3.5-07, MP06-4.2-07, MP06-5.5-21
async fn leave_cached(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let before = has_to("alice knows the room", alice.room(room).await)?;
    let sealed = has_to("bob can seal a message", bob.seal(room, "too late").await)?;
    let accepted = has_to("bob can leave", bob.leave(room).await)?;
    let mut proposals = 0;
    for client in [alice, cathy] {
        let events = events_until(client, "the proposals of bob's leave", |events| !events.is_empty()).await?;
        let [Event::ProposalsReceived { count, accepted: when, .. }] = events.as_slice() else {
            return Err(Halt::failed(format!("proposals at {}", client.id()), described(&events)));
        };
        expect(*when == accepted, "the timestamp that bob was given", format!("{}", when.0))?;
        let after = has_to("the room is known", client.room(room).await)?;
        expect(after.epoch == before.epoch, format!("epoch {}", before.epoch.0), format!("epoch {}", after.epoch.0))?;
        expect(
            after.pending_proposals == *count && *count >= 2,
            "two proposals or more",
            format!("{}", after.pending_proposals),
        )?;
        proposals = *count;
    }
    scenario.flow.sealed_by_bob = Some(sealed.as_bytes().to_vec());
    scenario.flow.accepted.push(("bob leaves", accepted));
    Ok(format!("{proposals} proposals kept, still epoch {}", before.epoch.0))
}

// req: MP06-5.3-06, MP06-5.4-04, MP06-5.4-12, MP06-7.1-04, MP06-7.1-05
async fn leaver_cannot_send(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let sealed = left_by_earlier(scenario.flow.sealed_by_bob.as_ref())?;
    let body = raw::submit_message_request(sealed, bob.user().as_str());
    let reply = has_to(
        "bob's provider passes the message on",
        bob.call_raw(Endpoint::SubmitMessage, room.as_str(), body).await,
    )?;
    raw::SubmitAnswer::read(&reply)?.is_not_allowed()
}

// req: MP06-3.5-06, MP06-3.5-08, MP06-7.3-03
async fn commit_lacks_proposals(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let options = PrepareOptions { include_pending: false };
    let prepared = has_to("cathy can make a commit", cathy.prepare_commit(room, options).await)?;
    let response = has_to("cathy can send the commit", cathy.submit_prepared(&prepared).await)?;
    has_to("cathy's client can drop its commit", cathy.discard(prepared).await)?;
    let said = match &response {
        UpdateRoomResponse::NotAllowed { .. } => "notAllowed",
        UpdateRoomResponse::InvalidProposal { .. } => "invalidProposal",
        other => return Err(Halt::failed("notAllowed or invalidProposal", format!("{other:?}"))),
    };
    nothing_comes(alice).await?;
    Ok(format!("{said}: {}", response.error_description()))
}

// req: MP06-3.5-06, MP06-5.3-05, MP06-7.3-02, MP06-7.3-04, MP06-7.5-15
async fn commit_removes_leaver(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let accepted = has_to("cathy can commit the proposals", cathy.commit_pending(room).await)?;
    let events = events_until(alice, "the commit", |events| !events.is_empty()).await?;
    let [Event::Committed { removed, .. }] = events.as_slice() else {
        return Err(Halt::failed("one commit at alice's client", described(&events)));
    };
    expect(removed.as_slice() == [bob.user().clone()], "bob removed", format!("{removed:?} removed"))?;
    let summary = same_state(room, &[alice, cathy]).await?;
    let users: Vec<_> = summary.participants.iter().map(|(user, _)| user).collect();
    expect(users == [alice.user(), cathy.user()], "alice and cathy in the participant list", participants(&summary))?;
    expect(!summary.members.contains(bob.id()), "bob's client gone from the group", format!("{:?}", summary.members))?;
    expect(summary.pending_proposals == 0, "no proposals left", format!("{}", summary.pending_proposals))?;
    scenario.flow.accepted.push(("the commit that removes bob", accepted));
    Ok(format!("epoch {}, participants {}", summary.epoch.0, participants(&summary)))
}

// req: MP06-5.5-19
async fn leaver_told(scenario: &mut Scenario) -> Verdict {
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let is_removed = |event: &Event| matches!(event, Event::Removed { .. });
    events_until(bob, "the removal", |events| events.iter().any(is_removed)).await?;
    Ok(format!("{} knows that it was removed", bob.id()))
}

// req: MP06-5.3-06, MP06-5.5-01
async fn nothing_after_removal(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let accepted = has_to("alice can send", alice.send(room, "bob is gone").await)?;
    arrives(cathy, alice, "bob is gone", accepted).await?;
    nothing_comes(bob).await?;
    scenario.flow.accepted.push(("alice's message after the removal", accepted));
    Ok(format!("{} got the message, {} got nothing", cathy.id(), bob.id()))
}
