//! A follower gives a client that is removed the commit that says so and nothing after it, and a client that leaves no messages until
//! then, while others of the same provider go on (draft-ietf-mimi-protocol-06 sections 5.3 and 5.5). What it knows survives a crash.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::RoomUri;
use mimi_client::{Client, Event};
use mimi_protocol::{
    codec::Wire as _,
    notify::{FanoutEvent, FanoutMessage},
};
use mimi_tests::{Cluster, until};

const FOLLOWER: &str = "b.example";

/// What waits for a client at its provider, read where the provider keeps it.
fn queue(cluster: &Cluster, client: &Client) -> Vec<&'static str> {
    let database = rusqlite::Connection::open(cluster.database(FOLLOWER)).unwrap();
    let mut statement =
        database.prepare("SELECT bytes FROM queue JOIN bodies USING (event) WHERE client = ?1 ORDER BY event").unwrap();
    let messages = statement.query_map([client.id().as_str()], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    messages
        .map(|message| match FanoutMessage::from_bytes(&message.unwrap()).unwrap().event {
            FanoutEvent::Application { .. } => "application",
            FanoutEvent::Welcome { .. } => "welcome",
            FanoutEvent::Proposals { .. } => "proposals",
            FanoutEvent::Commit { .. } => "commit",
        })
        .collect()
}

/// Alice sends, and Bob has it: then his provider has decided about everybody.
async fn say(alice: &Client, bob: &Client, room: &RoomUri, what: &str) {
    alice.send(room, what).await.unwrap();
    until(bob, what, |event| matches!(event, Event::Message { text, .. } if text == what)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_out_gets_the_last_commit_and_nothing_more_while_others_of_the_provider_go_on() {
    // req: MP06-5.3-06
    // req: MP06-5.5-19
    let mut cluster = Cluster::start(env!("CARGO_BIN_EXE_mimi-under-test"), &["a.example", FOLLOWER]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register(FOLLOWER, "bob", "one", None).await;
    let brit = cluster.register(FOLLOWER, "brit", "one", None).await;
    let bill = cluster.register(FOLLOWER, "bill", "one", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    for user in [&bob, &brit, &bill] {
        alice.add(&room, user.user()).await.unwrap();
        until(user, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    }
    brit.sync().await.unwrap();
    bill.sync().await.unwrap();
    say(&alice, &bob, &room, "to all").await;
    assert_eq!(queue(&cluster, &brit), ["application"]);

    // A ban, after a crash of the follower.
    cluster.kill_and_restart(FOLLOWER);
    alice.ban(&room, brit.user()).await.unwrap();
    say(&alice, &bob, &room, "without Brit").await;
    assert_eq!(queue(&cluster, &brit), ["application", "commit"]);
    let refused = brit.join_external(&room).await;
    assert!(refused.is_err(), "{refused:?}");
    say(&alice, &bob, &room, "still without Brit").await;
    assert_eq!(queue(&cluster, &brit), ["application", "commit"]);
    until(&brit, "the ban", |event| matches!(event, Event::Removed { .. })).await;

    // A leave that waits for its commit, over a crash.
    bill.sync().await.unwrap();
    bill.leave(&room).await.unwrap();
    until(&bob, "Bill's proposals", |event| matches!(event, Event::ProposalsReceived { .. })).await;
    let before = queue(&cluster, &bill);
    assert_eq!(before.last(), Some(&"proposals"));
    cluster.kill_and_restart(FOLLOWER);
    // The hub's own client cannot seal while the proposals wait; another provider's message in that epoch would be the same.
    alice.sync().await.unwrap();
    alice.commit_pending(&room).await.unwrap();
    say(&alice, &bob, &room, "without Bill").await;
    assert_eq!(queue(&cluster, &bill), [&before[..], &["commit"]].concat());
    until(&bill, "the end", |event| matches!(event, Event::Removed { .. })).await;
    say(&alice, &bob, &room, "without both").await;
    assert_eq!(queue(&cluster, &bill), Vec::<&str>::new());

    // Nobody of the others has lost anything.
    bob.send(&room, "still here").await.unwrap();
    until(&alice, "Bob", |event| matches!(event, Event::Message { text, .. } if text == "still here")).await;
}
