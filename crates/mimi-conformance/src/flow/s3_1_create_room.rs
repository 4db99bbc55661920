//! Alice creates a room (draft-ietf-mimi-protocol-06 section 3.1).

use crate::check::{Check, Draft, Level};
use crate::scenario::{Scenario, Verdict, expect, has_to, left_by_earlier};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "flow.s3.1.create-room",
        sentence: "A user of the hub creates a room and is its only participant, in epoch 0.",
        explanation: "Alice registers a client at the first provider and creates a room there. Her client has to be a member of \
            the room's group in epoch 0, and the participant list has to hold her and nobody else. A failure means that \
            the provider cannot be the hub of a room.",
        draft: Draft::Protocol,
        section: "3.1",
        level: Level::Must,
        requirements: &["MP06-3.1-01", "MP06-3.1-02", "MP06-3.1-03", "MP06-3.1-05"],
        needs: &[],
        ask: |scenario| Box::pin(create_room(scenario)),
    },
    Check {
        id: "flow.s3.1.duplicate-room",
        sentence: "A room whose name is taken is not created again.",
        explanation: "Another user of the hub tries to create a room of the same name. The hub has to refuse, and the room that \
            is there has to stay as it was. A failure means that anyone at the hub can take a room over.",
        draft: Draft::Protocol,
        section: "3.1",
        level: Level::Must,
        requirements: &["MP06-3.1-03"],
        needs: &["flow.s3.1.create-room"],
        ask: |scenario| Box::pin(duplicate_room(scenario)),
    },
];

// req: MP06-3.1-01, MP06-3.1-02, MP06-3.1-03, MP06-3.1-05
async fn create_room(scenario: &mut Scenario) -> Verdict {
    let alice = scenario.register(0, "alice", "A1", None).await?;
    let room = has_to("alice can create a room", alice.create_room(&scenario.name("clubhouse")).await)?;
    let summary = has_to("alice knows the room", alice.room(&room).await)?;
    expect(summary.epoch.0 == 0, "epoch 0", format!("epoch {}", summary.epoch.0))?;
    let users: Vec<_> = summary.participants.iter().map(|(user, _)| user).collect();
    expect(
        users == [alice.user()],
        format!("{} alone in the participant list", alice.user()),
        super::participants(&summary),
    )?;
    expect(
        summary.members == [alice.id().clone()],
        format!("{} alone in the group", alice.id()),
        format!("{:?}", summary.members),
    )?;
    let observed = format!("{room} in epoch 0 with {} as its only participant", alice.user());
    scenario.flow.room = Some(room);
    scenario.flow.alice = Some(alice);
    Ok(observed)
}

// req: MP06-3.1-03
async fn duplicate_room(scenario: &mut Scenario) -> Verdict {
    let other = scenario.register(0, "alina", "A9", None).await?;
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let before = has_to("alice knows the room", alice.room(room).await)?;
    let refusal = match other.create_room(&room.name()).await {
        Ok(_) => return Err(crate::scenario::Halt::failed("a refusal", "the room was created a second time")),
        Err(error) => error.to_string(),
    };
    has_to("the queue can be read", alice.sync().await)?;
    let after = has_to("alice knows the room", alice.room(room).await)?;
    expect(before == after, "alice's room to be as it was", format!("epoch {}", after.epoch.0))?;
    Ok(refusal)
}
