//! A follower: what a provider does with what the hub of a room sends it (section 5.5). The suite plays the hub, of a room of its own;
//! nobody can open what it sends, so the checks look at what waits for the target's clients, and leave it there.

use mimi_client::Client;

use crate::check::{Check, Draft, Level};
use crate::peer::{Endpoint, Reply};
use crate::raw::{self, followed};
use crate::scenario::{Halt, Scenario, Verdict, expect, has_to, left_by_earlier};

/// The checks of this group.
pub(crate) static CHECKS: &[&[Check]] = &[FOLLOWER];

/// The check that makes the room for all others of the group.
const ROOM: &str = "follower.s5.5.welcome-routed";
/// When the suite's hub accepts its first event.
const START: u64 = 1_700_000_000_000;
/// The first epoch that the two clients are in.
const EPOCH: u64 = 4;

/// What the checks of this group share: a room of the suite's hub with two users of the second provider.
#[derive(Default)]
pub(crate) struct Follower {
    room: Option<Room>,
}

struct Room {
    room: String,
    group: String,
    /// At leaf 1.
    fay: Client,
    /// At leaf 2.
    finn: Client,
}

static FOLLOWER: &[Check] = &[
    Check {
        id: "follower.s5.5.welcome-routed",
        sentence: "A Welcome goes to the clients whose key packages it names.",
        explanation: "Fay and finn register at the second provider. The suite, as the hub of a room of its own, claims a key package of \
            each and sends a Welcome that names both, with the tree. The answer has to be 201, and each client has to have the Welcome \
            once. A failure means that nobody can be added to a room of another hub; the other checks of this group cannot be asked.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Must,
        requirements: &["MP06-5.5-03", "MP06-5.5-15"],
        needs: &[],
        ask: |scenario| Box::pin(welcome_routed(scenario)),
    },
    Check {
        id: "follower.s5.5.forged-welcome",
        sentence: "A Welcome for key packages that the follower has not given out is refused.",
        explanation: "The suite sends a Welcome that names made-up key packages, for a room in which nobody of the target is. The answer has \
            to be a 4xx status with a problem document, and fay's client may get nothing. A failure means that anyone can fill a provider \
            with rooms that nobody is in.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Interpretation("IP-37"),
        requirements: &["MP06-5.5-15"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(forged_welcome(scenario)),
    },
    Check {
        id: "follower.s5.5.batch-in-order",
        sentence: "Several events in one request come to every client in the hub's order.",
        explanation: "The suite sends three application messages in one request. The answer has to be 201, and both clients have to have the \
            three, in their order, unchanged. A failure means that members see different histories.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Must,
        requirements: &["MP06-5.5-08", "MP06-5.5-01"],
        needs: &[ROOM],
        ask: |scenario| Box::pin(batch_in_order(scenario)),
    },
    Check {
        id: "follower.s5.5.duplicates-dropped",
        sentence: "What comes again, alone or among new events, is answered 201 and given to nobody twice.",
        explanation: "The suite sends the three messages again as they were, then the last of them with a new one in one request. Both answers \
            have to be 201, and each client may have one more message. A failure means that a hub that tries again shows messages twice, \
            or never gets on.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Must,
        requirements: &["MP06-5.5-27", "MP06-5.5-28", "MP06-5.5-29", "MP06-5.5-30"],
        needs: &["follower.s5.5.batch-in-order"],
        ask: |scenario| Box::pin(duplicates_dropped(scenario)),
    },
    Check {
        id: "follower.s5.5.order-broken",
        sentence: "An event that was accepted before one that came already, and is no duplicate, is refused.",
        explanation: "The suite sends a new message with an earlier acceptance time than the last one, and then a message of another group. \
            Both answers have to be a 4xx status with a problem document, and no client may get anything. A failure means that clients \
            of different providers see another order, or that a hub can speak for rooms of others.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Interpretation("IP-90"),
        requirements: &["MP06-5.5-27"],
        needs: &["follower.s5.5.duplicates-dropped"],
        ask: |scenario| Box::pin(order_broken(scenario)),
    },
    Check {
        id: "follower.s5.3.leaving-silent",
        sentence: "Once a user's removal is accepted, the follower gives the user's client no application message.",
        explanation: "The suite sends proposals that take finn off the participant list and remove his client, and then a message. Both \
            clients have to get the proposals, and fay alone the message. A failure means that who is removed or banned goes on reading as \
            long as nobody commits and somebody else of the same provider is in the room.",
        draft: Draft::Protocol,
        section: "5.3",
        level: Level::Interpretation("IP-150"),
        requirements: &["MP06-5.3-06"],
        needs: &["follower.s5.5.order-broken"],
        ask: |scenario| Box::pin(leaving_silent(scenario)),
    },
    Check {
        id: "follower.s5.5.last-commit",
        sentence: "A client that is removed gets the commit that removes it, and nothing after it.",
        explanation: "The suite sends the commit of those proposals, a message of the next epoch, and another commit. Finn's client has to get the \
            first commit and nothing else, fay's client all three. A failure means that finn's client does not learn that it is out, or \
            that it still gets what happens in the room.",
        draft: Draft::Protocol,
        section: "5.5",
        level: Level::Should,
        requirements: &["MP06-5.5-19", "MP06-5.3-06"],
        needs: &["follower.s5.3.leaving-silent"],
        ask: |scenario| Box::pin(last_commit(scenario)),
    },
];

/// Sends events of the room, or of another one, to the follower.
async fn notify(scenario: &mut Scenario, room: &str, body: Vec<u8>) -> Result<Reply, Halt> {
    let follower = scenario.provider(1)?;
    scenario.suite.post(&follower, Endpoint::Notify, room, body).await
}

async fn accepted(scenario: &mut Scenario, body: Vec<u8>) -> Result<(), Halt> {
    let room = left_by_earlier(scenario.follower.room.as_ref())?.room.clone();
    let reply = notify(scenario, &room, body).await?;
    expect(reply.status == 201, "status 201", reply.describe())
}

/// What waits for a client of the room, event by event.
async fn waiting(client: &Client, room: &str) -> Result<Vec<Vec<u8>>, Halt> {
    let queued = has_to("the queue can be read", client.queued().await)?;
    Ok(queued.into_iter().filter(|event| event.room_uri == room).map(|event| event.fanout_message).collect())
}

/// What waits for fay and finn has to be of these kinds.
async fn expect_kinds(scenario: &Scenario, fay: &[&str], finn: &[&str]) -> Result<(), Halt> {
    let room = left_by_earlier(scenario.follower.room.as_ref())?;
    for (name, client, wanted) in [("fay", &room.fay, fay), ("finn", &room.finn, finn)] {
        let events = waiting(client, &room.room).await?;
        let kinds: Vec<&str> = events.iter().map(|event| followed::kind(event)).collect();
        expect(kinds == wanted, format!("{} for {name}", wanted.join(", ")), kinds.join(", "))?;
    }
    Ok(())
}

fn application(group: &str, epoch: u64, time: u64, number: u8) -> Vec<u8> {
    let mut message = raw::private_message(group, epoch);
    // One octet of the ciphertext makes it another message.
    if let Some(last) = message.last_mut() {
        *last = number;
    }
    raw::fanout_of_application(START + time, &message)
}

// req: MP06-5.5-03, MP06-5.5-15
async fn welcome_routed(scenario: &mut Scenario) -> Verdict {
    let fay = scenario.register(1, "fanny", "F7", None).await?;
    let finn = scenario.register(1, "finn", "F8", None).await?;
    let room = scenario.suite.room(&scenario.name("followed"));
    let group = room.replace("/r/", "/g/");
    let follower = scenario.provider(1)?;
    let (dora, client) = scenario.suite.user("dora");
    let (mut references, mut leaves) = (Vec::new(), vec![followed::leaf_node(&client)]);
    for user in [&fay, &finn] {
        let user = user.user().to_string();
        let body = raw::key_material_request(&dora, &client, &user, &room);
        let reply = scenario.suite.post(&follower, Endpoint::KeyMaterial, &user, body).await?;
        let answer = raw::KeyMaterialAnswer::read(reply.ok()?)?;
        let given = answer.only_client().filter(|(status, _)| *status == 0).map(|(_, key_package)| key_package);
        let leaf = given.and_then(followed::leaf_of_key_package);
        let (Some(key_package), Some(leaf)) = (given, leaf) else {
            return Err(Halt::failed(format!("a key package of {user}"), answer.name()));
        };
        references.push(followed::key_package_reference(key_package));
        leaves.push(leaf);
    }
    scenario.follower.room = Some(Room { room, group, fay, finn });
    accepted(scenario, followed::fanout_of_welcome(START, &references, &leaves)).await?;
    expect_kinds(scenario, &["welcome"], &["welcome"]).await?;
    Ok("both have it".to_owned())
}

// req: MP06-5.5-15
async fn forged_welcome(scenario: &mut Scenario) -> Verdict {
    let elsewhere = scenario.suite.room(&scenario.name("forged"));
    let (_, client) = scenario.suite.user("dora");
    let body = followed::fanout_of_welcome(START, &[vec![0x0f; 32], vec![0xf0; 32]], &[followed::leaf_node(&client)]);
    let reply = notify(scenario, &elsewhere, body).await?;
    let room = left_by_earlier(scenario.follower.room.as_ref())?;
    let got = waiting(&room.fay, &elsewhere).await?.len();
    expect(got == 0, "nothing at fay's client", format!("{got} events"))?;
    expect_kinds(scenario, &["welcome"], &["welcome"]).await?;
    reply.refused()
}

// req: MP06-5.5-08, MP06-5.5-01
async fn batch_in_order(scenario: &mut Scenario) -> Verdict {
    let group = left_by_earlier(scenario.follower.room.as_ref())?.group.clone();
    let messages: Vec<Vec<u8>> = (1..=3).map(|number| application(&group, EPOCH, u64::from(number), number)).collect();
    accepted(scenario, messages.concat()).await?;
    let room = left_by_earlier(scenario.follower.room.as_ref())?;
    for client in [&room.fay, &room.finn] {
        let events = waiting(client, &room.room).await?;
        let same = events.get(1..).is_some_and(|events| events == messages);
        expect(same, format!("the three messages in order at {}", client.id()), format!("{} events", events.len()))?;
    }
    Ok("three, in order, at both".to_owned())
}

const FOUR: [&str; 5] = ["welcome", "application", "application", "application", "application"];

// req: MP06-5.5-27, MP06-5.5-28, MP06-5.5-29, MP06-5.5-30
async fn duplicates_dropped(scenario: &mut Scenario) -> Verdict {
    let group = left_by_earlier(scenario.follower.room.as_ref())?.group.clone();
    let again: Vec<u8> = (1..=3).flat_map(|number| application(&group, EPOCH, u64::from(number), number)).collect();
    accepted(scenario, again).await?;
    let mixed = [application(&group, EPOCH, 3, 3), application(&group, EPOCH, 10, 4)].concat();
    accepted(scenario, mixed).await?;
    expect_kinds(scenario, &FOUR, &FOUR).await?;
    Ok("one more at both".to_owned())
}

// req: MP06-5.5-27
async fn order_broken(scenario: &mut Scenario) -> Verdict {
    let room = left_by_earlier(scenario.follower.room.as_ref())?;
    let (name, group) = (room.room.clone(), room.group.clone());
    let early = notify(scenario, &name, application(&group, EPOCH, 5, 5)).await?;
    let foreign = format!("{group}-other");
    let other = notify(scenario, &name, application(&foreign, EPOCH, 11, 6)).await?;
    expect_kinds(scenario, &FOUR, &FOUR).await?;
    other.refused()?;
    early.refused()
}

/// The proposals that take finn out.
fn removal_of_finn(group: &str) -> (followed::Proposal, followed::Proposal) {
    (followed::remove_participant(group, EPOCH, 2), followed::remove_leaf(group, EPOCH, 2))
}

// req: MP06-5.3-06
async fn leaving_silent(scenario: &mut Scenario) -> Verdict {
    let group = left_by_earlier(scenario.follower.room.as_ref())?.group.clone();
    let (list, leaf) = removal_of_finn(&group);
    accepted(scenario, followed::fanout_of_proposals(START + 20, &list, &[&leaf])).await?;
    accepted(scenario, application(&group, EPOCH, 21, 7)).await?;
    let fay = [&FOUR[..], &["proposals", "application"]].concat();
    expect_kinds(scenario, &fay, &[&FOUR[..], &["proposals"]].concat()).await?;
    Ok("the proposals at both, the message at fay's client".to_owned())
}

// req: MP06-5.5-19, MP06-5.3-06
async fn last_commit(scenario: &mut Scenario) -> Verdict {
    let group = left_by_earlier(scenario.follower.room.as_ref())?.group.clone();
    let (list, leaf) = removal_of_finn(&group);
    accepted(scenario, followed::fanout_of_commit(START + 30, &group, EPOCH, &[&list, &leaf])).await?;
    accepted(scenario, application(&group, EPOCH + 1, 31, 8)).await?;
    accepted(scenario, followed::fanout_of_commit(START + 32, &group, EPOCH + 1, &[])).await?;
    let finn = [&FOUR[..], &["proposals", "commit"]].concat();
    let fay = [&FOUR[..], &["proposals", "application", "commit", "application", "commit"]].concat();
    expect_kinds(scenario, &fay, &finn).await?;
    Ok("the commit at both, what follows at fay's client".to_owned())
}
