//! What clients do by themselves, over the network: committing what others proposed when the room wants it
//! (draft-ietf-mimi-room-policy-03 section 7.1), and coming back after their state was lost (draft-ietf-mimi-protocol-06 section 3.6).

use std::time::{Duration, Instant};

use mimi_arch::RoomUri;
use mimi_client::{Client, Event};
use mimi_room_policy::{operational::PendingProposalPolicy, ready_made::RoomKind};

use crate::check::{Check, Draft, Level};
use crate::flow::same_state;
use crate::scenario::{Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[CLIENT];

/// How long the commit of a leave may take.
const SOON: Duration = Duration::from_secs(5);
/// How long a second commit would have to follow the first.
const AFTER: Duration = Duration::from_millis(150);
/// The shortest delay of the room that wants one.
const DELAY_MS: u64 = 150;

/// What the checks of this group share: users of three providers.
#[derive(Default)]
pub(crate) struct ClientRooms {
    eva: Option<Client>,
    finn: Option<Client>,
    gwen: Option<Client>,
    room: Option<RoomUri>,
}

static CLIENT: &[Check] = &[
    Check {
        id: "client.s7.1.committed-once",
        sentence: "Of several clients that attend a room which wants commits at once, one commits a leave, once.",
        explanation: "Eva makes a room whose strategy for pending proposals is immediate_commit, with finn, who has two clients, and gwen, \
            who leaves. All clients that stay attend at the same time. One commit has to end gwen's membership, the epoch has to grow by \
            one, and all have to agree. A failure means that leaves stay uncommitted, or that every client commits each of them.",
        draft: Draft::RoomPolicy,
        section: "7.1",
        level: Level::Interpretation("IRP-80"),
        requirements: &["RP03-7.1-02"],
        needs: &[],
        ask: |scenario| Box::pin(committed_once(scenario)),
    },
    Check {
        id: "client.s7.1.delay-kept",
        sentence: "In a room that wants a random delay no client commits a leave before the shortest one.",
        explanation: "Eva makes a room whose strategy is random_delay from 150 to 250 ms, with gwen, who leaves. Eva's client attends; its \
            commit has to come no sooner than the shortest delay after the leave was accepted. A failure means that the room's policy is \
            not followed.",
        draft: Draft::RoomPolicy,
        section: "7.1",
        level: Level::Must,
        requirements: &["RP03-7.1-03"],
        needs: &["client.s7.1.committed-once"],
        ask: |scenario| Box::pin(delay_kept(scenario)),
    },
    Check {
        id: "client.s3.6.copy-restored",
        sentence: "A client with an older copy of its state comes back by external commit, and takes nothing twice.",
        explanation: "Finn's state file is copied, finn's client reads and sends a message, and the copy takes the place of the file. The client \
            joins its rooms anew; the hub has to accept external commits that take the former leaf out. It has to get what is sent then \
            and nothing else, and all have to agree. A failure means that a restored backup makes a client useless, or repeats messages.",
        draft: Draft::Protocol,
        section: "3.6",
        level: Level::Must,
        requirements: &["MP06-3.6-04"],
        needs: &["client.s7.1.committed-once"],
        ask: |scenario| Box::pin(copy_restored(scenario)),
    },
    Check {
        id: "client.s3.6.client-replaced",
        sentence: "A new client takes the place of a lost one of the same user, whose leaf goes.",
        explanation: "Finn registers a third client, which joins the room by external commit and removes the second one. The hub has to accept \
            both, and eva's client has to see the one go and the other come. A failure means that lost devices stay in rooms.",
        draft: Draft::Protocol,
        section: "3.6",
        level: Level::Must,
        requirements: &["MP06-3.6-04", "RP03-8.1.2-05"],
        needs: &["client.s3.6.copy-restored"],
        ask: |scenario| Box::pin(client_replaced(scenario)),
    },
];

fn is_joined(events: &[Event]) -> bool {
    events.iter().any(|event| matches!(event, Event::Joined { .. }))
}

fn commits(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Committed { .. })).count()
}

/// A group room that says when proposals are committed.
async fn room_with(creator: &Client, name: &str, strategy: PendingProposalPolicy) -> Result<RoomUri, Halt> {
    let no_policy = || Halt::Skipped("there is no ready-made policy of a group".to_owned());
    let mut policy = RoomKind::Group.policy(&[], None).ok_or_else(no_policy)?;
    policy.operational.as_mut().ok_or_else(no_policy)?.pending_proposal_policy = strategy;
    has_to("eva can make a room", creator.create_room_by_policy(name, policy).await)
}

/// Attends until somebody has committed the end of a user, and a little longer.
async fn attend_the_end(client: &Client, leaver: &Client) -> Result<Vec<Event>, Halt> {
    let begun = Instant::now();
    let mut events = Vec::new();
    let gone = |events: &[Event]| {
        events.iter().any(|event| matches!(event, Event::Committed { removed, .. } if removed.contains(leaver.user())))
    };
    while !gone(&events) {
        let left = SOON.checked_sub(begun.elapsed()).ok_or_else(|| {
            let expected = format!("a commit within {} s at {}", SOON.as_secs(), client.id());
            Halt::failed(expected, described(&events))
        })?;
        events.extend(has_to("the client can attend", client.attend(left).await)?);
    }
    events.extend(has_to("the client can attend", client.attend(AFTER).await)?);
    Ok(events)
}

// req: RP03-7.1-02
async fn committed_once(scenario: &mut Scenario) -> Verdict {
    let eva = scenario.register(0, "cl-eva", "one", None).await?;
    let finn = scenario.register(1, "cl-finn", "one", None).await?;
    let second = scenario.register(1, "cl-finn", "two", Some(finn.user_secret())).await?;
    let gwen = scenario.register(2, "cl-gwen", "one", None).await?;
    let room = room_with(&eva, &scenario.name("at-once"), PendingProposalPolicy::ImmediateCommit).await?;
    for user in [&finn, &gwen] {
        has_to("eva can add a user", eva.add(&room, user.user()).await)?;
    }
    events_until(&gwen, "the Welcome", is_joined).await?;
    for client in [&finn, &second] {
        let both = |events: &[Event]| is_joined(events) && commits(events) >= 1;
        events_until(client, "the Welcome and the commit that adds gwen", both).await?;
    }
    let before = has_to("eva knows the room", eva.room(&room).await)?.epoch;
    has_to("gwen can leave", gwen.leave(&room).await)?;
    let (at_eva, at_finn, at_second) =
        tokio::join!(attend_the_end(&eva, &gwen), attend_the_end(&finn, &gwen), attend_the_end(&second, &gwen));
    for events in [at_eva?, at_finn?, at_second?] {
        expect(commits(&events) == 1, "one commit", described(&events))?;
    }
    let after = same_state(&room, &[&eva, &finn, &second]).await?;
    expect(after.epoch.0 == before.0 + 1, format!("epoch {}", before.0 + 1), format!("epoch {}", after.epoch.0))?;
    let removed = |events: &[Event]| events.iter().any(|event| matches!(event, Event::Removed { .. }));
    events_until(&gwen, "the removal", removed).await?;
    scenario.clients = ClientRooms { eva: Some(eva), finn: Some(finn), gwen: Some(gwen), room: Some(room) };
    Ok(format!("one commit by three clients, epoch {}", after.epoch.0))
}

// req: RP03-7.1-03
async fn delay_kept(scenario: &mut Scenario) -> Verdict {
    let name = scenario.name("delayed");
    let [eva, gwen] = [&scenario.clients.eva, &scenario.clients.gwen].map(|client| left_by_earlier(client.as_ref()));
    let (eva, gwen) = (eva?, gwen?);
    let strategy = PendingProposalPolicy::RandomDelay { minimum_delay_ms: DELAY_MS, maximum_delay_ms: DELAY_MS + 100 };
    let room = room_with(eva, &name, strategy).await?;
    has_to("eva can add gwen", eva.add(&room, gwen.user()).await)?;
    events_until(gwen, "the Welcome", is_joined).await?;
    let accepted = has_to("gwen can leave", gwen.leave(&room).await)?;
    let events = attend_the_end(eva, gwen).await?;
    let mut times = events.iter().filter_map(|event| match event {
        Event::Committed { accepted, .. } => Some(*accepted),
        _ => None,
    });
    let committed = times.next_back().unwrap_or_default();
    let delay = committed.0.saturating_sub(accepted.0);
    expect(delay >= DELAY_MS, format!("at least {DELAY_MS} ms"), format!("{delay} ms"))?;
    Ok(format!("committed after {delay} ms"))
}

// req: MP06-3.6-04
async fn copy_restored(scenario: &mut Scenario) -> Verdict {
    let state = scenario.state_file(1, "cl-finn", "one")?;
    let copy = state.with_extension("copy");
    let file = |result: std::io::Result<u64>| {
        result.map_err(|error| Halt::Skipped(format!("the state file cannot be copied: {error}")))
    };
    let rooms = &mut scenario.clients;
    // A file that nobody has open is all of the state.
    let open = rooms.finn.take();
    left_by_earlier(open.as_ref())?;
    drop(open);
    file(std::fs::copy(&state, &copy))?;
    let (eva, room) = (left_by_earlier(rooms.eva.as_ref())?, left_by_earlier(rooms.room.as_ref())?);
    {
        let finn = has_to("finn's client can be opened", Client::open(&state).await)?;
        has_to("finn can send", finn.send(room, "once").await)?;
        has_to("eva can send", eva.send(room, "read once").await)?;
        let read = |event: &Event| matches!(event, Event::Message { text, .. } if text == "read once");
        events_until(&finn, "eva's message", |events| events.iter().any(read)).await?;
    }
    file(std::fs::copy(&copy, &state))?;
    let finn = has_to("the copy can be opened", Client::open(&state).await)?;
    let recovered = has_to("the client can recover", finn.recover().await)?;
    for (of, outcome) in recovered {
        has_to(&format!("finn can come back to {of}"), outcome)?;
    }
    has_to("eva can send", eva.send(room, "after it").await)?;
    let is_message = |event: &&Event| matches!(event, Event::Message { .. } | Event::Undecryptable { .. });
    let events =
        events_until(&finn, "eva's next message", |events| events.iter().any(|event| is_message(&event))).await?;
    let seen: Vec<Event> = events.iter().filter(is_message).cloned().collect();
    let expected = matches!(seen.as_slice(), [Event::Message { text, .. }] if text == "after it");
    expect(expected, "what was sent after it and nothing else", described(&events))?;
    let summary = same_state(room, &[eva, &finn]).await?;
    let leaves = summary.members.iter().filter(|member| *member == finn.id()).count();
    expect(leaves == 1, "one leaf of finn's client", format!("{:?}", summary.members))?;
    scenario.clients.finn = Some(finn);
    Ok(format!("back at epoch {}", summary.epoch.0))
}

// req: MP06-3.6-04, RP03-8.1.2-05
async fn client_replaced(scenario: &mut Scenario) -> Verdict {
    let finn = left_by_earlier(scenario.clients.finn.as_ref())?;
    let (eva, room) =
        (left_by_earlier(scenario.clients.eva.as_ref())?, left_by_earlier(scenario.clients.room.as_ref())?);
    let third = scenario.register(1, "cl-finn", "three", Some(finn.user_secret())).await?;
    let before = has_to("eva knows the room", eva.room(room).await)?;
    let others = before.members.iter().filter(|member| member.user().as_ref() == Some(finn.user()));
    let lost = others.into_iter().find(|member| *member != finn.id());
    let lost = lost.ok_or_else(|| Halt::failed("finn's second client", format!("{:?}", before.members)))?;
    has_to("the third client can take over", third.take_over(room, lost).await)?;
    events_until(eva, "both commits", |events| commits(events) >= 2).await?;
    events_until(finn, "both commits", |events| commits(events) >= 2).await?;
    let after = same_state(room, &[eva, finn, &third]).await?;
    let is_replaced = after.members.contains(third.id()) && !after.members.contains(lost);
    expect(is_replaced, format!("{} in the place of {lost}", third.id()), format!("{:?}", after.members))?;
    has_to("the provider can end the lost client", third.end_client(lost).await)?;
    Ok(format!("{} is gone", lost.device()))
}
