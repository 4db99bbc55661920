//! The external senders of a room over three running providers (draft-ietf-mimi-protocol-06 section 7.4): each follower comes in with a commit of a
//! client of its own, and goes with its last participant.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mimi_arch::{Domain, RoomUri};
use mimi_client::{Client, Event};
use mimi_tests::{Cluster, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

async fn add(by: &Client, room: &RoomUri, user: &Client) {
    by.add(room, user.user()).await.unwrap();
    until(user, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
}

async fn senders(client: &Client, room: &RoomUri) -> Vec<String> {
    let details = client.details(room).await.unwrap();
    details.external_senders.iter().map(Domain::to_string).collect()
}

async fn catch_up(client: &Client, room: &RoomUri, with: &Client) {
    let epoch = with.room(room).await.unwrap().epoch;
    while client.room(room).await.unwrap().epoch < epoch {
        until(client, "the commits", |event| matches!(event, Event::Committed { .. })).await;
    }
}

/// The user leaves, and another one commits what waits until nothing of the user's provider is left.
async fn leave(who: &Client, room: &RoomUri, committer: &Client) {
    who.leave(room).await.unwrap();
    let waits = |event: &Event| matches!(event, Event::ProposalsReceived { .. });
    until(committer, "the proposals", waits).await;
    committer.commit_pending(room).await.unwrap();
    // The hub proposes the rest right after that commit.
    until(committer, "the hub's proposal", waits).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_comes_in_with_its_own_client_and_goes_with_its_last_participant() {
    // req: MP06-7.4-04
    // req: MP06-7.4-05
    // req: MP06-7.4-06
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example", "c.example"]);
    let alice = cluster.register("a.example", "alice", "one", None).await;
    let bob = cluster.register("b.example", "bob", "one", None).await;
    let bea = cluster.register("b.example", "bea", "one", None).await;
    let cathy = cluster.register("c.example", "cathy", "one", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    add(&alice, &room, &bob).await;
    assert_eq!(senders(&alice, &room).await, ["a.example"], "nobody puts in another provider than the own one");
    add(&bob, &room, &cathy).await;
    assert_eq!(senders(&cathy, &room).await, ["a.example", "b.example"]);
    add(&cathy, &room, &bea).await;
    let all = ["a.example", "b.example", "c.example"];
    for client in [&alice, &bob, &cathy, &bea] {
        catch_up(client, &room, &bea).await;
        assert_eq!(senders(client, &room).await, all, "{}", client.user());
    }

    // The last one of c.example leaves. The hub is killed when its proposal waits.
    leave(&cathy, &room, &alice).await;
    assert_eq!(senders(&alice, &room).await, all, "it waits for a commit");
    cluster.kill_and_restart("a.example");
    alice.commit_pending(&room).await.unwrap();
    for client in [&alice, &bob, &bea] {
        catch_up(client, &room, &alice).await;
        assert_eq!(senders(client, &room).await, ["a.example", "b.example"], "{}", client.user());
    }

    // Of b.example one of two leaves: its entry stays. The other one is removed, and who removes takes it out at once.
    bob.leave(&room).await.unwrap();
    until(&alice, "the proposals", |event| matches!(event, Event::ProposalsReceived { .. })).await;
    alice.commit_pending(&room).await.unwrap();
    assert_eq!(senders(&alice, &room).await, ["a.example", "b.example"]);
    alice.remove(&room, bea.user()).await.unwrap();
    assert_eq!(senders(&alice, &room).await, ["a.example"]);

    // Whoever comes back finds a room in order, and brings the provider again.
    add(&alice, &room, &bob).await;
    add(&bob, &room, &cathy).await;
    catch_up(&alice, &room, &cathy).await;
    assert_eq!(senders(&alice, &room).await, ["a.example", "b.example"]);
    alice.send(&room, "all here").await.unwrap();
    until(&cathy, "the message", |event| matches!(event, Event::Message { .. })).await;
}
