//! Alice adds bob to the room (draft-ietf-mimi-protocol-06 section 3.2).

use mimi_client::Event;

use super::{participants, same_state};
use crate::check::{Check, Draft, Level};
use crate::scenario::{Scenario, Verdict, events_until, expect, has_to, left_by_earlier, nothing_comes};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "flow.s3.2.alice-adds-bob",
        sentence: "A user of the hub adds a user of another provider with one commit.",
        explanation: "Bob registers a client at the second provider, which stores its key packages; so does somebody who stays \
            outside. Alice fetches bob's key material and commits one Add for his client together with the change of the \
            participant list. The hub has to accept, and alice's client has to be in epoch 1 with bob in the list. A failure \
            means that no key material came, or that the hub refused a proper commit.",
        draft: Draft::Protocol,
        section: "3.2",
        level: Level::Must,
        requirements: &[
            "MP06-3.2-01",
            "MP06-3.2-02",
            "MP06-3.2-03",
            "MP06-3.2-04",
            "MP06-3.2-05",
            "MP06-3.2-06",
            "MP06-3.2-07",
            "MP06-3.2-08",
            "MP06-3.2-10",
            "MP06-3.2-13",
            "MP06-5.3-04",
        ],
        needs: &["flow.s3.1.create-room"],
        ask: |scenario| Box::pin(alice_adds_bob(scenario)),
    },
    Check {
        id: "flow.s3.2.welcome-routed",
        sentence: "The Welcome reaches the client whose key package it is for, and no other.",
        explanation: "The hub finds the provider by the key package reference in the Welcome, and that provider finds the client. \
            Bob's client has to join in epoch 1. Another client of bob's provider, who is not in the room, has to get \
            nothing. A failure means that the hub or the provider did not remember where the key package came from.",
        draft: Draft::Protocol,
        section: "3.2",
        level: Level::Must,
        requirements: &["MP06-3.2-09", "MP06-3.2-12", "MP06-3.2-14", "MP06-3.2-15", "MP06-5.5-03", "MP06-5.5-04"],
        needs: &["flow.s3.2.alice-adds-bob"],
        ask: |scenario| Box::pin(welcome_routed(scenario)),
    },
    Check {
        id: "flow.s3.2.same-state",
        sentence: "After the join, both clients agree on the whole state of the room.",
        explanation: "Epoch, epoch authenticator, participants and members of the room are compared between alice's and bob's \
            clients. The epoch authenticator is equal only if the whole MLS group state is. A failure means that the \
            Welcome or the tree that bob got does not belong to the commit that alice made.",
        draft: Draft::Protocol,
        section: "3.2",
        level: Level::Must,
        requirements: &["MP06-7.3-04", "MP06-7.3-05"],
        needs: &["flow.s3.2.welcome-routed"],
        ask: |scenario| Box::pin(both_agree(scenario)),
    },
];

// req: MP06-3.2-01, MP06-3.2-02, MP06-3.2-03, MP06-3.2-04, MP06-3.2-05, MP06-3.2-06
// req: MP06-3.2-07, MP06-3.2-08, MP06-3.2-10, MP06-3.2-13, MP06-5.3-04
async fn alice_adds_bob(scenario: &mut Scenario) -> Verdict {
    let bob = scenario.register(1, "bob", "B1", None).await?;
    let bystander = scenario.register(1, "bert", "B9", None).await?;
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let accepted = has_to("alice can add bob", alice.add(room, bob.user()).await)?;
    let summary = has_to("alice knows the room", alice.room(room).await)?;
    expect(summary.epoch.0 == 1, "epoch 1 after one commit", format!("epoch {}", summary.epoch.0))?;
    let users: Vec<_> = summary.participants.iter().map(|(user, _)| user).collect();
    expect(users == [alice.user(), bob.user()], "alice and bob in the participant list", participants(&summary))?;
    let members = [alice.id().clone(), bob.id().clone()];
    expect(summary.members == members, "alice's and bob's clients in the group", format!("{:?}", summary.members))?;
    scenario.flow.bob = Some(bob);
    scenario.flow.bystander = Some(bystander);
    scenario.flow.accepted.push(("alice adds bob", accepted));
    Ok(format!("epoch 1, participants {}", participants(&summary)))
}

// req: MP06-3.2-09, MP06-3.2-12, MP06-3.2-14, MP06-3.2-15, MP06-5.5-03, MP06-5.5-04
async fn welcome_routed(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let bystander = left_by_earlier(scenario.flow.bystander.as_ref())?;
    let events = events_until(bob, "a Welcome", |events| !events.is_empty()).await?;
    let joined = matches!(events.as_slice(), [Event::Joined { room: joined, epoch }] if joined == room && epoch.0 == 1);
    expect(joined, "bob's client to join at epoch 1 and get nothing else", crate::scenario::described(&events))?;
    nothing_comes(bystander).await?;
    Ok(format!("{} joined at epoch 1, {} got nothing", bob.id(), bystander.id()))
}

// req: MP06-7.3-04, MP06-7.3-05
async fn both_agree(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let summary = same_state(room, &[alice, bob]).await?;
    Ok(format!("epoch {}, authenticator {}", summary.epoch.0, super::short(&summary.epoch_authenticator)))
}
