//! Cathy sends a message (draft-ietf-mimi-protocol-06 section 3.4).

use std::collections::BTreeMap;

use mimi_client::{Client, Event};
use mimi_protocol::AcceptedTimestamp;

use crate::check::{Check, Draft, Level};
use crate::scenario::{Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier};

/// How many messages each client sends when several send at once.
const EACH: usize = 4;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "flow.s3.4.message-delivered",
        sentence: "A message reaches every client of the room, once, with one accepted timestamp.",
        explanation: "Cathy sends a text. Alice's and bob's clients have to get exactly this text, from cathy's client, with the \
            timestamp that the hub gave to cathy, and nothing else. A failure means that the message was lost, doubled, \
            changed or sealed for somebody else.",
        draft: Draft::Protocol,
        section: "3.4",
        level: Level::Must,
        requirements: &[
            "MP06-3.4-01",
            "MP06-3.4-02",
            "MP06-4.2-03",
            "MP06-5.4-01",
            "MP06-5.4-11",
            "MP06-5.5-01",
            "MP06-5.5-11",
        ],
        needs: &["flow.s3.3.same-state"],
        ask: |scenario| Box::pin(message_delivered(scenario)),
    },
    Check {
        id: "flow.s3.4.one-order",
        sentence: "When several clients send at once, all see the messages in one order.",
        explanation: "The clients of alice, bob and cathy send several texts each at the same time. Each has to get all texts of \
            the others, once, in the order of their accepted timestamps, and a text has to have the same timestamp \
            everywhere. A failure means that clients disagree about what was said first.",
        draft: Draft::Protocol,
        section: "3.4",
        level: Level::Must,
        requirements: &["MP06-5.5-02", "MP06-5.4-10"],
        needs: &["flow.s3.4.message-delivered"],
        ask: |scenario| Box::pin(one_order(scenario)),
    },
];

// req: MP06-3.4-01, MP06-3.4-02, MP06-4.2-03, MP06-5.4-01, MP06-5.4-11, MP06-5.5-01, MP06-5.5-11, MC08-3.4-01
async fn message_delivered(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let text = "Hello everyone \u{2764}";
    let accepted = has_to("cathy can send", cathy.send(room, text).await)?;
    for receiver in [alice, bob] {
        arrives(receiver, cathy, text, accepted).await?;
    }
    scenario.flow.accepted.push(("cathy's message", accepted));
    Ok(format!("{text:?} at alice's and bob's clients, accepted at {}", accepted.0))
}

/// A message has to come to a client, and nothing but it.
pub(super) async fn arrives(receiver: &Client, from: &Client, said: &str, when: AcceptedTimestamp) -> Result<(), Halt> {
    let events = events_until(receiver, "a message", |events| !events.is_empty()).await?;
    let expected = format!("{said:?} from {} and nothing else, at {}", from.id(), receiver.id());
    let [Event::Message { sender, accepted, text, .. }] = events.as_slice() else {
        return Err(Halt::failed(expected, described(&events)));
    };
    expect(sender == from.id() && text == said, expected, described(&events))?;
    expect(*accepted == when, format!("the timestamp {} that the sender was given", when.0), format!("{}", accepted.0))
}

async fn send_all(client: &Client, room: &mimi_arch::RoomUri, name: &str) -> Result<BTreeMap<u64, String>, Halt> {
    let mut sent = BTreeMap::new();
    for number in 1..=EACH {
        let text = format!("{name} {number}");
        let accepted = has_to(&format!("{name} can send"), client.send(room, &text).await)?;
        if let Some(other) = sent.insert(accepted.0, text) {
            return Err(Halt::failed("a timestamp of its own for each message", format!("{other:?} shares one")));
        }
    }
    Ok(sent)
}

// req: MP06-5.5-02, MP06-5.4-10
async fn one_order(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.flow.room.as_ref())?;
    let alice = left_by_earlier(scenario.flow.alice.as_ref())?;
    let bob = left_by_earlier(scenario.flow.bob.as_ref())?;
    let cathy = left_by_earlier(scenario.flow.cathy.as_ref())?;
    let sent = tokio::join!(send_all(alice, room, "alice"), send_all(bob, room, "bob"), send_all(cathy, room, "cathy"));
    let sent = [sent.0?, sent.1?, sent.2?];
    let mut all: BTreeMap<u64, String> = BTreeMap::new();
    for (accepted, text) in sent.iter().flatten() {
        if let Some(other) = all.insert(*accepted, text.clone()) {
            return Err(Halt::failed(
                "a timestamp of its own for each message",
                format!("{other:?} and {text:?} share one"),
            ));
        }
    }
    for (client, own) in [alice, bob, cathy].into_iter().zip(&sent) {
        let wanted: Vec<(u64, &str)> = all
            .iter()
            .filter(|(accepted, _)| !own.contains_key(accepted))
            .map(|(accepted, text)| (*accepted, text.as_str()))
            .collect();
        // The hub may send a client its own message back (section 5.5).
        let of_others = |event: &&Event| !matches!(event, Event::Message { sender, .. } if sender == client.id());
        let enough = |events: &[Event]| events.iter().filter(of_others).count() >= wanted.len();
        let events = events_until(client, "the messages of the others", enough).await?;
        let got: Vec<(u64, &str)> = events
            .iter()
            .filter(of_others)
            .map(|event| match event {
                Event::Message { accepted, text, .. } => (accepted.0, text.as_str()),
                _ => (0, "something else than a message"),
            })
            .collect();
        expect(got == wanted, format!("{wanted:?} at {}", client.id()), format!("{got:?}"))?;
    }
    if let Some(last) = all.keys().next_back() {
        scenario.flow.accepted.push(("the last of several messages", AcceptedTimestamp(*last)));
    }
    Ok(format!("{} messages of three clients in one order at all of them", all.len()))
}
