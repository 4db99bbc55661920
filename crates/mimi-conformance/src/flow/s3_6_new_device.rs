//! Cathy adds a new device (draft-ietf-mimi-protocol-06 section 3.6).

use mimi_client::Event;
use mimi_protocol::AcceptedTimestamp;

use super::s3_4_messages::arrives;
use super::{same_state, short};
use crate::check::{Check, Draft, Level};
use crate::scenario::{Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier};

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "flow.s3.6.external-join",
        sentence: "A participant's new client joins with the hub's group information and an external commit.",
        explanation: "Cathy registers a second client. It asks the hub for GroupInfo and tree, checks the hub's signature and \
            sends an external commit. The hub has to accept, and the client has to be a member one epoch later. A failure \
            means that the group information is wrong, or that the hub refused a participant.",
        draft: Draft::Protocol,
        section: "3.6",
        level: Level::Must,
        requirements: &[
            "MP06-3.6-01",
            "MP06-3.6-02",
            "MP06-3.6-03",
            "MP06-3.6-04",
            "MP06-3.6-05",
            "MP06-3.6-06",
            "MP06-5.6-01",
            "MP06-5.6-13",
            "MP06-5.6-22",
            "MP06-5.6-23",
        ],
        needs: &["flow.s3.5.commit-removes-leaver"],
        ask: |scenario| Box::pin(external_join(scenario)),
    },
    Check {
        id: "flow.s3.6.commit-fanned-out",
        sentence: "The external commit reaches the other clients, and all agree on the state.",
        explanation: "Alice's client and cathy's first client have to get the external commit, which changes nobody's \
            participation. After it all three agree on epoch, epoch authenticator, participants and members. A failure means \
            that the new client is in a group of its own.",
        draft: Draft::Protocol,
        section: "3.6",
        level: Level::Must,
        requirements: &["MP06-5.5-01", "MP06-7.3-04", "MP06-7.5-03"],
        needs: &["flow.s3.6.external-join"],
        ask: |scenario| Box::pin(commit_fanned_out(scenario)),
    },
    Check {
        id: "flow.s3.6.new-device-speaks",
        sentence: "A message from the new client reaches everyone, and theirs reach it.",
        explanation: "The new client sends a text, which alice's and cathy's first client have to get from it. Then alice sends \
            one, which both of cathy's clients have to get. A failure means that the new client is not a full member.",
        draft: Draft::Protocol,
        section: "3.6",
        level: Level::Must,
        requirements: &["MP06-3.6-01", "MP06-3.4-02", "MP06-5.5-01"],
        needs: &["flow.s3.6.commit-fanned-out"],
        ask: |scenario| Box::pin(new_device_speaks(scenario)),
    },
    Check {
        id: "flow.s5.5.timestamps-increase",
        sentence: "The accepted timestamps of the room strictly increase in the order of acceptance.",
        explanation: "All timestamps that the hub gave during the flow are put in the order in which the requests were made. Each \
            has to be greater than the one before, and the last one has to be near the suite's clock. A failure means \
            that receivers cannot sort the events of the room, or that the unit is not milliseconds since the Unix epoch.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Interpretation("IP-22"),
        requirements: &["MP06-5.3-21", "MP06-5.4-10", "MP06-5.5-11"],
        needs: &["flow.s3.6.new-device-speaks"],
        ask: |scenario| Box::pin(timestamps_increase(scenario)),
    },
];

// req: MP06-3.6-01, MP06-3.6-02, MP06-3.6-03, MP06-3.6-04, MP06-3.6-05, MP06-3.6-06
// req: MP06-5.6-01, MP06-5.6-13, MP06-5.6-22, MP06-5.6-23
async fn external_join(scenario: &mut Scenario) -> Verdict {
    let secret = left_by_earlier(scenario.flow.cathy.as_ref())?.user_secret().to_owned();
    let new_device = scenario.register(2, "cathy", "C3", Some(&secret)).await?;
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let before = has_to("alice knows the room", alice.room(room).await)?;
    has_to("cathy's new client can join", new_device.join_external(room).await)?;
    let after = has_to("cathy's new client knows the room", new_device.room(room).await)?;
    expect(
        after.epoch.0 == before.epoch.0 + 1,
        format!("epoch {}", before.epoch.0 + 1),
        format!("epoch {}", after.epoch.0),
    )?;
    expect(
        after.members.contains(new_device.id()),
        "the new client among the members",
        format!("{:?}", after.members),
    )?;
    let observed = format!("{} joined at epoch {}", new_device.id(), after.epoch.0);
    scenario.flow.new_device = Some(new_device);
    Ok(observed)
}

// req: MP06-5.5-01, MP06-7.3-04, MP06-7.5-03
async fn commit_fanned_out(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let new_device = left_by_earlier(scenario.flow.new_device.as_ref())?;
    let mut stamped = None;
    for client in [alice, cathy] {
        let events = events_until(client, "the external commit", |events| !events.is_empty()).await?;
        let [Event::Committed { added, removed, accepted, .. }] = events.as_slice() else {
            return Err(Halt::failed(format!("one commit at {}", client.id()), described(&events)));
        };
        let nobody = added.is_empty() && removed.is_empty();
        expect(nobody, "a commit that changes no participant", format!("{added:?} added, {removed:?} removed"))?;
        let first = *stamped.get_or_insert(*accepted);
        expect(first == *accepted, format!("one timestamp, {}, at both", first.0), format!("{}", accepted.0))?;
    }
    let summary = same_state(room, &[alice, cathy, new_device]).await?;
    scenario.flow.accepted.extend(stamped.map(|accepted| ("cathy's new client joins", accepted)));
    Ok(format!("epoch {}, authenticator {}", summary.epoch.0, short(&summary.epoch_authenticator)))
}

// req: MP06-3.6-01, MP06-3.4-02, MP06-5.5-01
async fn new_device_speaks(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let new_device = left_by_earlier(scenario.flow.new_device.as_ref())?;
    let first = has_to("the new client can send", new_device.send(room, "from the new device").await)?;
    for receiver in [alice, cathy] {
        arrives(receiver, new_device, "from the new device", first).await?;
    }
    let second = has_to("alice can send", alice.send(room, "welcome back").await)?;
    for receiver in [cathy, new_device] {
        arrives(receiver, alice, "welcome back", second).await?;
    }
    scenario.flow.accepted.push(("the new client's message", first));
    scenario.flow.accepted.push(("alice's answer", second));
    Ok("both messages arrived everywhere".to_owned())
}

// req: MP06-5.3-21, MP06-5.4-10, MP06-5.5-11
async fn timestamps_increase(scenario: &mut Scenario) -> Verdict {
    let accepted = &scenario.flow.accepted;
    for ((before, first), (after, second)) in accepted.iter().zip(accepted.iter().skip(1)) {
        expect(
            first < second,
            format!("a timestamp after {} for {after}, since {before} came first", first.0),
            format!("{}", second.0),
        )?;
    }
    let last = accepted.last().map_or(AcceptedTimestamp(0), |(_, accepted)| *accepted);
    let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let hour = 3_600_000;
    if now.abs_diff(last.0) > hour {
        return Err(Halt::failed(format!("a time within an hour of {now}"), format!("{}", last.0)));
    }
    Ok(format!("{} timestamps, each greater than the one before", accepted.len()))
}
