//! Franking in the running system: the hub's stamp comes back to the sender and with the fan-out, and proves a report of abuse and
//! nothing else (sections 5.4.1 and 5.9).

use mimi_arch::RoomUri;
use mimi_client::{Client, Event, Franking, ReportOptions};
use mimi_protocol::AcceptedTimestamp;
use mimi_protocol::report_abuse::AbuseType;

use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Reply};
use crate::raw::{self, ReportedMessage};
use crate::scenario::{Halt, Scenario, Verdict, described, events_until, expect, has_to, left_by_earlier};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[FRANKS, REPORTS];

const ANSWER: &str = "franking.s5.4.frank-in-answer";
const FANOUT: &str = "franking.s5.4.1.3.receiver-verifies";
const ACCEPTED: &str = "franking.s5.9.proven-report";

static FRANKS: &[Check] = &[
    Check {
        id: ANSWER,
        sentence: "The answer to a message with a franking tag has the hub's stamp.",
        explanation: "Fay makes a room at the hub, whose group context has the hub as franking agent, adds gus of the second provider, \
            and sends a message with a tag. The answer has to have a stamp of the group's cipher suite with an Ed25519 \
            signature. A failure means that the sender cannot show what the hub accepted.",
        draft: Draft::Protocol,
        section: "5.4",
        level: Level::Must,
        requirements: &["MP06-5.4-06", "MP06-5.4.1.1-07", "MP06-5.4.1.2-01"],
        needs: &[],
        ask: |scenario| Box::pin(frank_in_answer(scenario)),
    },
    Check {
        id: FANOUT,
        sentence: "The fan-out carries the stamp through a follower, and the receiver can verify it.",
        explanation: "Gus gets fay's message through the second provider. His client rebuilds what the hub vouches for, out of the \
            content, the room and the time, and the hub's signature has to hold. A failure means that the stamp was lost or \
            changed on its way, or that it is not over what the draft says.",
        draft: Draft::Protocol,
        section: "5.4.1.3",
        level: Level::Must,
        requirements: &["MP06-5.4.1.2-06", "MP06-5.4.1.3-01", "MP06-5.4.1.3-04"],
        needs: &[ANSWER],
        ask: |scenario| Box::pin(receiver_verifies(scenario)),
    },
];

static REPORTS: &[Check] = &[
    Check {
        id: ACCEPTED,
        sentence: "A report of a message that was sent is accepted.",
        explanation: "Gus reports fay's message to the hub, with content, stamp and time, through his provider; then the suite sends the \
            same proof as another provider, without a name. Both have to be accepted. A failure means that the hub does not \
            recognise its own stamp.",
        draft: Draft::Protocol,
        section: "5.9",
        level: Level::Must,
        requirements: &["MP06-5.9-01", "MP06-5.9-08", "MP06-5.9-09", "MP06-5.9-13"],
        needs: &[FANOUT],
        ask: |scenario| Box::pin(proven_report(scenario)),
    },
    Check {
        id: "franking.s5.9.forged-report",
        sentence: "A report that says anything else than what was sent is refused.",
        explanation: "The proof is sent again with one thing changed at a time: the content, the alleged sender, the time, the hub's mark, \
            the cipher suite, the signature; and for another room. Each has to be refused with a 4xx status. A failure means \
            that somebody can be accused of what they did not say.",
        draft: Draft::Protocol,
        section: "5.9",
        level: Level::Must,
        requirements: &["MP06-5.9-09", "MP06-5.9-13"],
        needs: &[ACCEPTED],
        ask: |scenario| Box::pin(forged_report(scenario)),
    },
    Check {
        id: "franking.s5.9.report-for-others",
        sentence: "A report in the name of another provider's user is refused, and so is one without proof by a stranger.",
        explanation: "The suite sends the proof in the name of gus, who is not its user, and then a report without messages, although it has \
            nobody in the room. Both have to be refused with a 4xx status. A failure means that anybody can file reports for \
            anybody.",
        draft: Draft::Protocol,
        section: "5.9",
        level: Level::Interpretation("IP-68"),
        requirements: &["MP06-5.9-02"],
        needs: &[ACCEPTED],
        ask: |scenario| Box::pin(report_for_others(scenario)),
    },
];

/// What passes from one check of this group to the next.
#[derive(Default)]
pub(crate) struct Franked {
    room: Option<Room>,
    proof: Option<ReportedMessage>,
}

struct Room {
    room: RoomUri,
    other: RoomUri,
    fay: Client,
    gus: Client,
    accepted: AcceptedTimestamp,
}

// req: MP06-5.4-06, MP06-5.4.1.1-07, MP06-5.4.1.2-01
async fn frank_in_answer(scenario: &mut Scenario) -> Verdict {
    let fay = scenario.register(0, "fay", "A6", None).await?;
    let gus = scenario.register(1, "gus", "B6", None).await?;
    let room = has_to("fay can create a room", fay.create_room(&scenario.name("franked")).await)?;
    let other = has_to("fay can create a room", fay.create_room(&scenario.name("franked-other")).await)?;
    has_to("fay can add gus", fay.add(&room, gus.user()).await)?;
    events_until(&gus, "a Welcome", |events| !events.is_empty()).await?;
    let sent = has_to("fay can send", fay.submit(&room, "something rude").await)?;
    let frank = sent.frank.ok_or_else(|| Halt::failed("a frank in the answer", "none"))?;
    let (suite, length) = (frank.franking_signature_ciphersuite.0, frank.franking_integrity_signature.len());
    expect(
        (suite, length) == (1, 64),
        "cipher suite 1 and a signature of 64 octets",
        format!("suite {suite} and {length} octets"),
    )?;
    scenario.franked.room = Some(Room { room, other, fay, gus, accepted: sent.accepted });
    Ok(format!("a frank at {}", sent.accepted.0))
}

// req: MP06-5.4.1.2-06, MP06-5.4.1.3-01, MP06-5.4.1.3-04
async fn receiver_verifies(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.franked.room.as_ref())?;
    let events = events_until(&room.gus, "fay's message", |events| !events.is_empty()).await?;
    let [Event::Message { sender, accepted, franking, .. }] = events.as_slice() else {
        return Err(Halt::failed("fay's message", described(&events)));
    };
    expect(
        *franking == Franking::Verified && sender == room.fay.id() && *accepted == room.accepted,
        "a message of fay with a frank that holds",
        format!("{franking:?} at {}", accepted.0),
    )?;
    Ok(format!("verified at {}", room.gus.id()))
}

fn options(room: &Room) -> ReportOptions {
    ReportOptions {
        abuser: room.fay.user().clone(),
        messages: vec![room.accepted],
        reason: AbuseType::RESERVED,
        note: "by the conformance suite".to_owned(),
        anonymous: false,
    }
}

async fn post(scenario: &mut Scenario, room: &RoomUri, report: Vec<u8>) -> Result<Reply, Halt> {
    let hub = scenario.provider(0)?;
    scenario.suite.post(&hub, Endpoint::ReportAbuse, room.as_str(), report).await
}

// req: MP06-5.9-01, MP06-5.9-08, MP06-5.9-09, MP06-5.9-13
async fn proven_report(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.franked.room.as_ref())?;
    let report = has_to("gus has the proof", room.gus.prepare_report(&room.room, options(room)).await)?;
    let proof = ReportedMessage::first_of(&report)?;
    has_to("gus can report the message", room.gus.report(&room.room, options(room)).await)?;
    let anonymous = raw::abuse_report("", room.fay.user().as_str(), "", &proof.to_bytes());
    let room = room.room.clone();
    scenario.franked.proof = Some(proof);
    let reply = post(scenario, &room, anonymous).await?;
    expect((200..300).contains(&reply.status), "a status of the 2xx class", reply.describe())?;
    expect(reply.body.is_empty(), "no body", reply.describe())?;
    Ok(format!("status {}", reply.status))
}

// req: MP06-5.9-09, MP06-5.9-13
async fn forged_report(scenario: &mut Scenario) -> Verdict {
    let proof = left_by_earlier(scenario.franked.proof.as_ref())?.clone();
    let room = left_by_earlier(scenario.franked.room.as_ref())?;
    let (fay, gus) = (room.fay.user().to_string(), room.gus.user().to_string());
    let (here, elsewhere) = (room.room.clone(), room.other.clone());
    let mut forged: Vec<(&str, &RoomUri, &str, ReportedMessage)> = Vec::new();
    let mut with = |name, change: &dyn Fn(&mut ReportedMessage)| {
        let mut message = proof.clone();
        change(&mut message);
        forged.push((name, &here, fay.as_str(), message));
    };
    let flip = |octets: &mut Vec<u8>| {
        if let Some(last) = octets.last_mut() {
            *last ^= 1;
        }
    };
    with("another content", &|message| flip(&mut message.content));
    with("no content", &|message| message.content.clear());
    with("another time", &|message| message.accepted = message.accepted.wrapping_add(1));
    with("another mark", &|message| flip(&mut message.server_frank));
    with("another cipher suite", &|message| message.suite = 3);
    with("another signature", &|message| flip(&mut message.signature));
    forged.push(("another sender", &here, gus.as_str(), proof.clone()));
    forged.push(("another room", &elsewhere, fay.as_str(), proof.clone()));
    let count = forged.len();
    let mut text = String::new();
    for (name, room, abuser, message) in forged {
        let report = raw::abuse_report("", abuser, "", &message.to_bytes());
        let reply = post(scenario, room, report).await?;
        text = reply.refused().map_err(|halt| match halt {
            Halt::Failed { expected, observed } => Halt::failed(expected, format!("{observed}, for {name}")),
            other => other,
        })?;
    }
    Ok(format!("{count} forgeries refused, the last with {text}"))
}

// req: MP06-5.9-02
async fn report_for_others(scenario: &mut Scenario) -> Verdict {
    let proof = left_by_earlier(scenario.franked.proof.as_ref())?.to_bytes();
    let room = left_by_earlier(scenario.franked.room.as_ref())?;
    let (fay, gus, uri) = (room.fay.user().to_string(), room.gus.user().to_string(), room.room.clone());
    post(scenario, &uri, raw::abuse_report(&gus, &fay, "", &proof)).await?.refused()?;
    post(scenario, &uri, raw::abuse_report("", &fay, "so they say", &[])).await?.refused()
}
