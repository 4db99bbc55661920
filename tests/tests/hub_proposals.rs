//! What the hub proposes by itself (draft-ietf-mimi-protocol-06 sections 5.5 and 7.4), with providers as processes: it removes users
//! whose account ends, and makes anew what an external commit has made void.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use mimi_arch::{RoomUri, UserUri};
use mimi_client::{Client, Event};
use mimi_tests::{Cluster, messages, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

fn committed(event: &Event) -> bool {
    matches!(event, Event::Committed { .. })
}

fn proposals(event: &Event) -> bool {
    matches!(event, Event::ProposalsReceived { .. })
}

fn removed(event: &Event) -> bool {
    matches!(event, Event::Removed { .. })
}

async fn participants(client: &Client, room: &RoomUri) -> Vec<UserUri> {
    client.room(room).await.unwrap().participants.into_iter().map(|(user, _)| user).collect()
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

#[tokio::test(flavor = "multi_thread")]
async fn who_deletes_the_account_is_removed_by_the_next_commit() {
    // req: MP06-5.5-05
    // req: MP06-7.4-01
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let dora = cluster.register("a.example", "dora", "D1", None).await;
    let dora2 = cluster.register("a.example", "dora", "D2", Some(dora.user_secret())).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, dora.user()).await.unwrap();
    until(&dora, "the Welcome", joined).await;
    until(&dora2, "the Welcome", joined).await;
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;

    dora.delete_account().await.unwrap();
    assert!(dora2.sync().await.is_err(), "the account has ended for every client");
    // The proposals bind the hub after a restart, too.
    cluster.kill_and_restart("a.example");
    until(&bob, "the hub's proposals", proposals).await;
    assert_eq!(bob.room(&room).await.unwrap().pending_proposals, 3, "two clients and the participant list");
    bob.commit_pending(&room).await.unwrap();
    until(&alice, "the removal", committed).await;
    assert_eq!(participants(&alice, &room).await, [alice.user().clone(), bob.user().clone()]);
    assert_eq!(alice.room(&room).await.unwrap().members.len(), 2);
    assert_agree(&room, &[&alice, &bob]).await;
    alice.send(&room, "without Dora").await.unwrap();
    let seen = until(&bob, "the message", |event| matches!(event, Event::Message { .. })).await;
    assert_eq!(messages(&seen).len(), 1);

    // Bob's provider is not the hub: it proposes nothing here, and a member removes him.
    bob.delete_account().await.unwrap();
    alice.sync().await.unwrap();
    let state = alice.room(&room).await.unwrap();
    assert_eq!((state.pending_proposals, state.participants.len()), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_device_joins_although_a_leave_waits_and_the_leave_is_committed_after_it() {
    // req: MP06-5.5-06
    // req: MP06-5.5-07
    // req: MP06-5.5-14
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example", "c.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let bob2 = cluster.register("b.example", "bob", "B2", Some(bob.user_secret())).await;
    let cathy = cluster.register("c.example", "cathy", "C1", None).await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", joined).await;
    until(&bob2, "the Welcome", joined).await;
    alice.add(&room, cathy.user()).await.unwrap();
    until(&cathy, "the Welcome", joined).await;
    until(&bob, "Cathy", committed).await;

    bob.leave(&room).await.unwrap();
    let cathy2 = cluster.register("c.example", "cathy", "C2", Some(cathy.user_secret())).await;
    cathy2.join_external(&room).await.unwrap();
    cluster.kill_and_restart("a.example");
    // The client that leaves went with the external commit. The other one and the participant list are the hub's proposals now.
    until(&bob, "its removal", removed).await;
    until(&cathy2, "the stapled proposals", proposals).await;
    assert_eq!(cathy2.room(&room).await.unwrap().pending_proposals, 2);
    assert!(participants(&cathy2, &room).await.contains(bob.user()));
    assert!(bob2.send(&room, "too late").await.is_err(), "Bob has left and can still send");

    cathy2.commit_pending(&room).await.unwrap();
    until(&bob2, "its removal", removed).await;
    until(
        &alice,
        "the commits",
        |event| matches!(event, Event::Committed { removed, .. } if removed.contains(bob.user())),
    )
    .await;
    assert_eq!(participants(&cathy2, &room).await, [alice.user().clone(), cathy.user().clone()]);
    until(
        &cathy,
        "the commits",
        |event| matches!(event, Event::Committed { removed, .. } if removed.contains(bob.user())),
    )
    .await;
    assert_agree(&room, &[&alice, &cathy, &cathy2]).await;
}
