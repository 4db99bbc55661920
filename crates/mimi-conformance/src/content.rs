//! The content format: what the library that the clients use makes of the vectors, and whether the order of arrival shows.
//!
//! These checks ask no provider. They stand in the suite because two people see the same conversation only if their clients read the same
//! octets alike; a stranger's library is asked the same questions by reading `spec-vectors`.

use mimi_content::{
    MessageId, MimiContent, MimiContentRef, Salt,
    status::MessageStatusReport,
    timeline::{Received, Timeline, Timestamp},
};
use spec_vectors::{Outcome, TestCase, VectorFile};

use crate::check::{Check, Draft, Level};
use crate::scenario::{Halt, Verdict};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[FORMAT, DERIVED, STATUS];

static FORMAT: &[Check] = &[
    Check {
        id: "content.s5.examples",
        sentence: "The messages of the draft's examples are read, written back unchanged and have the published IDs.",
        explanation: "Fourteen messages with the fields of the published examples are decoded, encoded again and hashed. The octets have to \
            be the same and the IDs those that were published. A failure means that replies, reactions and edits refer to \
            nothing at the other side.",
        draft: Draft::Content,
        section: "5",
        level: Level::Must,
        requirements: &["MC08-3.3-01", "MC08-4.1-02"],
        needs: &[],
        ask: |_| Box::pin(async { messages("mimi-content/draft-08/examples.json") }),
    },
    Check {
        id: "content.s4.valid",
        sentence: "Messages with every feature of the format are read and written back unchanged.",
        explanation: "Messages with every kind of part, disposition, extension, expiry and language list are decoded and encoded again. \
            The octets have to be the same. A failure means that a message of another client is refused or changed.",
        draft: Draft::Content,
        section: "4",
        level: Level::Must,
        requirements: &["MC08-4.1-02", "MC08-4.3-03", "MC08-4.4-01"],
        needs: &[],
        ask: |_| Box::pin(async { messages("mimi-content/draft-08/features.json") }),
    },
    Check {
        id: "content.s6.malformed-cbor",
        sentence: "CBOR that is not deterministic or goes past the data model is refused.",
        explanation: "Octets that a general CBOR decoder takes, but the draft forbids: heads that are too long, indefinite lengths, keys out of \
            order or twice, and so on. Each has to be refused. A failure means that one message can have two encodings, hence \
            two IDs.",
        draft: Draft::Content,
        section: "6",
        level: Level::Must,
        requirements: &["MC08-6.1-01", "MC08-6.2-01"],
        needs: &[],
        ask: |_| Box::pin(async { messages("mimi-content/draft-08/malformed-cbor.json") }),
    },
    Check {
        id: "content.s4.malformed-layout",
        sentence: "Messages whose fields are not those of the draft are refused.",
        explanation: "Wrong numbers of fields, types, lengths and values. Each has to be refused. A failure means that clients differ in what \
            they show.",
        draft: Draft::Content,
        section: "4",
        level: Level::Must,
        requirements: &["MC08-4.1-02", "MC08-4.4-01"],
        needs: &[],
        ask: |_| Box::pin(async { messages("mimi-content/draft-08/malformed-layout.json") }),
    },
];

static DERIVED: &[Check] = &[
    Check {
        id: "content.s3.3.message-id",
        sentence: "Message IDs are computed from sender, room, message and salt.",
        explanation: "IDs are computed for given messages, senders and rooms. They have to be those of the vectors. A failure means that no \
            message can be referred to across implementations.",
        draft: Draft::Content,
        section: "3.3",
        level: Level::Must,
        requirements: &["MC08-3.3-01"],
        needs: &[],
        ask: |_| Box::pin(async { messages("mimi-content/draft-08/message-id.json") }),
    },
    Check {
        id: "content.s9.2.salt",
        sentence: "Salts are derived from an exported secret as the draft's example does.",
        explanation: "Salts are derived from given secrets and nonces. They have to be those of the vectors. The derivation is an example of the \
            draft, so any unpredictable salt would do; a failure means that ours is not the one the draft shows.",
        draft: Draft::Content,
        section: "9.2",
        level: Level::May,
        requirements: &["MC08-9.2-01"],
        needs: &[],
        ask: |_| Box::pin(async { salts() }),
    },
    Check {
        id: "content.s3.4.one-timeline",
        sentence: "The same messages give the same conversation in whatever order they arrive.",
        explanation: "A message, a reply, a reaction, an edit and the removal of the reaction are put into a timeline in all 120 orders. What is \
            shown has to be the same each time. A failure means that two people see different conversations.",
        draft: Draft::Content,
        section: "3.4",
        level: Level::Must,
        requirements: &["MC08-3.4-02", "MC08-5.5-01"],
        needs: &[],
        ask: |_| Box::pin(async { one_timeline() }),
    },
];

static STATUS: &[Check] = &[Check {
    id: "status.s4.reports",
    sentence: "Message status reports are read and written back unchanged, malformed ones refused.",
    explanation: "Reports with known and unknown statuses are decoded and encoded again; malformed ones have to be refused. A failure \
        means that delivered and read marks are lost.",
    draft: Draft::MessageStatus,
    section: "4",
    level: Level::Must,
    requirements: &["MS01-3-01", "MS01-4-01"],
    needs: &[],
    ask: |_| Box::pin(async { status_reports() }),
}];

/// Asks every test of a vector file.
pub(crate) fn each(path: &str, mut ask: impl FnMut(&TestCase) -> Result<(), String>) -> Verdict {
    let missing = || Halt::failed("the vectors are there and can be read", path);
    let (_, text) = spec_vectors::files().find(|(name, _)| *name == path).ok_or_else(missing)?;
    let file = VectorFile::parse(text).map_err(|_| missing())?;
    let mut asked = 0usize;
    for (_, test) in file.tests() {
        asked = asked.saturating_add(1);
        ask(test).map_err(|what| Halt::failed(format!("{path} test {}: {}", test.tc_id, test.comment), what))?;
    }
    if asked == 0 { Err(missing()) } else { Ok(format!("{asked} vectors")) }
}

pub(crate) fn octets(test: &TestCase, field: &str) -> Result<Vec<u8>, String> {
    test.octets(field).ok_or_else(|| format!("the vector has no octets {field}"))
}

/// Decoded twice, owned and borrowed; what is valid is written back, and its ID computed where the vector has one.
// req: MC08-3.3-01, MC08-4.1-02, MC08-4.4-01
fn messages(path: &str) -> Verdict {
    each(path, |test| {
        let encoded = octets(test, "encoded")?;
        let owned = MimiContent::decode(&encoded);
        let borrowed = MimiContentRef::decode(&encoded);
        let (owned, borrowed) = match (owned, borrowed, test.result) {
            (Ok(owned), Ok(borrowed), Outcome::Valid | Outcome::Acceptable) => (owned, borrowed),
            (Err(error), Err(_), Outcome::Valid) => return Err(format!("refused: {error}")),
            (Err(_), Err(_), Outcome::Invalid | Outcome::Acceptable) => return Ok(()),
            (Ok(_), Ok(_), _) => return Err("accepted".to_owned()),
            _ => return Err("the owned and the borrowed reader disagree".to_owned()),
        };
        if owned.encode() != encoded || borrowed.to_owned() != owned {
            return Err("written back differently".to_owned());
        }
        let (Some(sender), Some(room), Some(expected)) =
            (test.text("senderUri"), test.text("roomUri"), test.text("messageId"))
        else {
            return Ok(());
        };
        let id = MessageId::compute(&encoded, sender, room, &owned.salt).map_err(|error| error.to_string())?;
        if id.to_string() == expected { Ok(()) } else { Err(format!("the ID is {id}, not {expected}")) }
    })
}

// req: MS01-3-01, MS01-4-01
fn status_reports() -> Verdict {
    each("mimi-content/message-status-01/status-report.json", |test| {
        let Ok(encoded) = octets(test, "encoded") else { return Ok(()) };
        match (MessageStatusReport::decode(&encoded), test.result) {
            (Ok(report), Outcome::Valid) if report.encode() == encoded => Ok(()),
            (Ok(_), Outcome::Valid) => Err("written back differently".to_owned()),
            (Err(error), Outcome::Valid) => Err(format!("refused: {error}")),
            (Ok(_), Outcome::Invalid) => Err("accepted".to_owned()),
            _ => Ok(()),
        }
    })
}

// req: MC08-9.2-01
fn salts() -> Verdict {
    each("mimi-content/draft-08/salt.json", |test| {
        let salt = Salt::from_exporter_secret(&octets(test, "saltBaseSecret")?, &octets(test, "nonce")?);
        let expected = octets(test, "salt")?;
        if salt.as_bytes().as_slice() == expected {
            Ok(())
        } else {
            Err(format!("the salt is {}", hex::encode(salt.as_bytes())))
        }
    })
}

// req: MC08-3.4-02, MC08-5.5-01
fn one_timeline() -> Verdict {
    let history = history().map_err(|error| Halt::failed("a history can be made", error))?;
    let mut expected: Option<String> = None;
    let mut orders = 0usize;
    for order in orders_of(history.len()) {
        let mut timeline = Timeline::new();
        for index in &order {
            if let Some(received) = history.get(*index) {
                timeline.insert(received.clone());
            }
        }
        let shown: Vec<String> = timeline
            .entries()
            .map(|entry| format!("{} {} {:?} {}", entry.id(), entry.sender(), entry.body(), entry.reactions().len()))
            .collect();
        let shown = shown.join("\n");
        match &expected {
            Some(first) if *first != shown => return Err(Halt::failed(first, format!("{shown} in order {order:?}"))),
            Some(_) => {}
            None => expected = Some(shown),
        }
        orders = orders.saturating_add(1);
    }
    Ok(format!("{} messages in {orders} orders", history.len()))
}

const ROOM_URI: &str = "mimi://a.example/r/clubhouse";

/// Alice writes, bob answers, cathy reacts, alice edits, cathy takes the reaction back.
fn history() -> Result<Vec<Received>, String> {
    let mut history: Vec<Received> = Vec::new();
    let mut add = |sender: &str, content: MimiContent| -> Result<MessageId, String> {
        let id = content.message_id(sender, ROOM_URI).map_err(|error| error.to_string())?;
        let accepted = Timestamp(1_800_000_000_000 + u64::try_from(history.len()).unwrap_or_default());
        history.push(Received { id, sender: sender.to_owned(), accepted, content });
        Ok(id)
    };
    let (alice, bob, cathy) = ("mimi://a.example/u/alice", "mimi://b.example/u/bob", "mimi://c.example/u/cathy");
    let salt = |number: u8| Salt::new([number; 16]);
    let first = add(alice, MimiContent::text("free piza", salt(1)).build())?;
    add(bob, MimiContent::text("no pineapple", salt(2)).reply_to(first).build())?;
    let reaction = add(cathy, MimiContent::react("❤", first, salt(3)).build())?;
    add(alice, MimiContent::text("free pizza", salt(4)).edit(first).build())?;
    add(cathy, MimiContent::unreact(reaction, first, salt(5)).build())?;
    Ok(history)
}

/// All orders of the numbers below `count`.
fn orders_of(count: usize) -> Vec<Vec<usize>> {
    let mut orders = vec![Vec::new()];
    for number in 0..count {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |place| {
                    let mut longer = order.clone();
                    longer.insert(place, number);
                    longer
                })
            })
            .collect();
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_messages_have_120_orders() {
        assert_eq!(orders_of(5).len(), 120);
    }

    #[test]
    fn the_checks_of_the_library_pass() {
        for verdict in [
            messages("mimi-content/draft-08/examples.json"),
            messages("mimi-content/draft-08/malformed-cbor.json"),
            status_reports(),
            salts(),
            one_timeline(),
        ] {
            assert!(verdict.is_ok(), "{verdict:?}");
        }
    }

    #[test]
    fn a_vector_file_that_is_not_there_is_a_failure() {
        assert!(messages("mimi-content/draft-08/none.json").is_err());
    }
}
