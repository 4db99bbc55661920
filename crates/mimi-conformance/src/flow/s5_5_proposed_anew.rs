//! What an external commit makes void is proposed anew by the hub (draft-ietf-mimi-protocol-06 section 5.5).

use mimi_client::Event;

use super::{participants, same_state};
use crate::check::{Check, Draft, Level};
use crate::scenario::{Scenario, Verdict, events_until, expect, has_to};

pub(super) static CHECKS: &[Check] = &[Check {
    id: "flow.s5.5.proposed-anew",
    sentence: "A new client joins although a leave waits; the hub proposes the leave anew, and the next commit carries it.",
    explanation: "In a room of their own, lou leaves and nobody commits it yet. Then mia's new client joins by external commit, which \
        cannot carry all proposals of the leave. The hub has to accept it, and has to give the members proposals of its own for \
        the new epoch. Mia's first client commits them, and lou has to be gone for everyone. A failure means that a leave which \
        nobody commits keeps new clients out, or that an external commit makes the hub forget a leave.",
    draft: Draft::Protocol,
    section: "5.5",
    level: Level::Interpretation("IP-18"),
    requirements: &["MP06-5.5-05", "MP06-5.5-06", "MP06-5.5-07", "MP06-7.4-01"],
    needs: &["flow.s3.6.external-join"],
    ask: |scenario| Box::pin(proposed_anew(scenario)),
}];

// req: MP06-5.5-05, MP06-5.5-06, MP06-5.5-07, MP06-7.4-01
async fn proposed_anew(scenario: &mut Scenario) -> Verdict {
    let kim = scenario.register(0, "kim", "K1", None).await?;
    let lou = scenario.register(1, "lou", "L1", None).await?;
    let mia = scenario.register(2, "mia", "M1", None).await?;
    let room = has_to("kim can create a room", kim.create_room(&scenario.name("anew")).await)?;
    for user in [&lou, &mia] {
        has_to("kim can add a user", kim.add(&room, user.user()).await)?;
        events_until(user, "the Welcome", |events| events.iter().any(|e| matches!(e, Event::Joined { .. }))).await?;
    }
    let added = |event: &Event| matches!(event, Event::Committed { added, .. } if added.contains(mia.user()));
    events_until(&lou, "mia's addition", |events| events.iter().any(added)).await?;

    has_to("lou can leave", lou.leave(&room).await)?;
    let second = scenario.register(2, "mia", "M2", Some(mia.user_secret())).await?;
    has_to("mia's new client can join while the leave waits", second.join_external(&room).await)?;
    // Lou's proposals, the external commit, and what the hub proposes for the epoch after it.
    let joined = |event: &Event| matches!(event, Event::Committed { .. });
    let proposed = |event: &Event| matches!(event, Event::ProposalsReceived { .. });
    events_until(&mia, "the hub's proposals after the external commit", |events| {
        events.iter().skip_while(|event| !joined(event)).any(proposed)
    })
    .await?;
    has_to("mia can commit what waits", mia.commit_pending(&room).await)?;
    let gone = |event: &Event| matches!(event, Event::Committed { removed, .. } if removed.contains(lou.user()));
    for client in [&kim, &second] {
        events_until(client, "lou's removal", |events| events.iter().any(gone)).await?;
    }
    let summary = same_state(&room, &[&kim, &mia, &second]).await?;
    let users: Vec<_> = summary.participants.iter().map(|(user, _)| user).collect();
    expect(users == [kim.user(), mia.user()], "kim and mia in the participant list", participants(&summary))?;
    expect(summary.members.len() == 3, "three clients in the group", format!("{:?}", summary.members))?;
    Ok(format!("joined in epoch {}, lou gone in epoch {}", summary.epoch.0.saturating_sub(1), summary.epoch.0))
}
