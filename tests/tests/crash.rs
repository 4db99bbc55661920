//! Providers are killed with SIGKILL at many points of the flow: nothing that was answered with success is lost, nothing comes
//! twice, everything comes in the hub's order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeMap, time::Duration};

use mimi_arch::RoomUri;
use mimi_client::{Client, Event};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_tests::{Cluster, messages, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

async fn assert_agree(room: &RoomUri, clients: &[&Client]) {
    let mut states = Vec::new();
    for client in clients {
        client.sync().await.unwrap();
        let state = client.room(room).await.unwrap();
        states.push((state.epoch, state.participants, state.members, state.epoch_authenticator));
    }
    assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "{states:#?}");
}

/// Tries again while the provider is away. Gives the acceptance time.
async fn send_until_accepted(client: &Client, room: &RoomUri, text: &str) -> u64 {
    for _ in 0..200 {
        // Somebody else's commit may have come in between.
        let _ = client.sync().await;
        match client.send(room, text).await {
            Ok(accepted) => return accepted.0,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("{} cannot send {text}", client.id());
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_a_provider_after_each_step_of_the_flow_loses_nothing() {
    // req: MP06-5.5-02, MP06-5.5-16, MP06-5.3-22
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example", "c.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let cathy = cluster.register("c.example", "cathy", "C1", None).await;

    // Accounts and key packages survive.
    cluster.kill_and_restart("b.example");
    cluster.kill_and_restart("c.example");

    // The room survives its hub.
    let room = alice.create_room("clubhouse").await.unwrap();
    cluster.kill_and_restart("a.example");

    // Bob's provider is away when he is added; the hub dies right after it has said yes: the Welcome still arrives, once.
    let prepared = alice.prepare_add(&room, bob.user()).await.unwrap();
    cluster.kill("b.example");
    let answer = alice.submit_prepared(&prepared).await.unwrap();
    assert!(matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
    cluster.kill_and_restart("a.example");
    alice.confirm(prepared).await.unwrap();
    cluster.start_provider("b.example");
    let seen = until(&bob, "the Welcome", joined).await;
    assert_eq!(seen.iter().filter(|event| joined(event)).count(), 1, "{seen:?}");
    assert_agree(&room, &[&alice, &bob]).await;

    // The follower dies after it has taken the message and before its client has fetched it.
    alice.send(&room, "first").await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    cluster.kill_and_restart("b.example");
    let seen = until(&bob, "the first message", |event| matches!(event, Event::Message { .. })).await;
    assert_eq!(messages(&seen).iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["first"]);

    // The hub dies between fetching key material and the commit: it still knows where the Welcome has to go.
    let prepared = bob.prepare_add(&room, cathy.user()).await.unwrap();
    cluster.kill_and_restart("a.example");
    cluster.kill_and_restart("c.example");
    let answer = bob.submit_prepared(&prepared).await.unwrap();
    assert!(matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
    bob.confirm(prepared).await.unwrap();
    cluster.kill_and_restart("a.example");
    until(&cathy, "the Welcome", joined).await;
    until(&alice, "bob's commit", |event| matches!(event, Event::Committed { .. })).await;
    assert_agree(&room, &[&alice, &bob, &cathy]).await;

    // Proposals that the hub has cached bind it after a restart, too.
    bob.leave(&room).await.unwrap();
    cluster.kill_and_restart("a.example");
    assert!(bob.send(&room, "too late").await.is_err(), "bob has left and can still send");
    until(&cathy, "the proposals", |event| matches!(event, Event::ProposalsReceived { .. })).await;
    cathy.commit_pending(&room).await.unwrap();
    cluster.kill_and_restart("a.example");
    cluster.kill_and_restart("b.example");
    until(&bob, "his removal", |event| matches!(event, Event::Removed { .. })).await;
    until(&alice, "the commit", |event| matches!(event, Event::Committed { .. })).await;
    assert_agree(&room, &[&alice, &cathy]).await;

    // A new device joins; the hub dies right after.
    let cathy3 = cluster.register("c.example", "cathy", "C3", Some(cathy.user_secret())).await;
    cathy3.join_external(&room).await.unwrap();
    cluster.kill_and_restart("a.example");
    cluster.kill_and_restart("c.example");
    until(&alice, "the external commit", |event| matches!(event, Event::Committed { .. })).await;
    until(&cathy, "the external commit", |event| matches!(event, Event::Committed { .. })).await;
    assert_agree(&room, &[&alice, &cathy, &cathy3]).await;
    cathy3.send(&room, "from the new device").await.unwrap();
    let seen = until(&alice, "the message", |event| matches!(event, Event::Message { .. })).await;
    assert_eq!(messages(&seen).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_accepted_while_hub_and_follower_are_killed_arrive_once_and_in_hub_order() {
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let room = alice.create_room("storm").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;

    let sending = async {
        let mut accepted = Vec::new();
        for number in 0..40 {
            let text = format!("message {number}");
            accepted.push((send_until_accepted(&alice, &room, &text).await, text));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        accepted
    };
    let killing = async {
        for round in 0u64..6 {
            tokio::time::sleep(Duration::from_millis(90 + 37 * round)).await;
            cluster.kill_and_restart(if round % 2 == 0 { "a.example" } else { "b.example" });
        }
    };
    let (accepted, ()) = tokio::join!(sending, killing);
    send_until_accepted(&alice, &room, "end").await;

    let mut events =
        until(&bob, "the end", |event| matches!(event, Event::Message { text, .. } if text == "end")).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    events.extend(bob.sync().await.unwrap());
    let received = messages(&events);
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    received.iter().for_each(|(time, text)| times.entry(text).or_default().push(*time));
    for (time, text) in &accepted {
        let seen = times.get(text.as_str()).cloned().unwrap_or_default();
        assert_eq!(
            seen.iter().filter(|seen| *seen == time).count(),
            1,
            "{text} accepted at {time}, received at {seen:?}"
        );
    }
    let order: Vec<u64> = received.iter().map(|(time, _)| *time).collect();
    assert!(order.windows(2).all(|pair| pair[0] < pair[1]), "not in the hub's order: {received:?}");
    assert!(!events.iter().any(|event| matches!(event, Event::Undecryptable { .. })), "{events:?}");
}
