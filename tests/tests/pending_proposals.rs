//! Who leaves is committed by the others, when the room wants it (draft-ietf-mimi-room-policy-03 section 7.1): once, soon and in order,
//! however many of them attend.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::{Duration, Instant};

use mimi_arch::RoomUri;
use mimi_client::{Client, Event};
use mimi_room_policy::{operational::PendingProposalPolicy, ready_made::RoomKind};
use mimi_tests::{Cluster, messages, until};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

/// Attends until a commit takes the user off the list; gives all commits that were seen, this client's own among them.
async fn attends_until_gone(client: Client, leaver: mimi_arch::UserUri) -> Vec<Event> {
    let mut commits = Vec::new();
    let waited = tokio::time::timeout(Duration::from_secs(30), async {
        loop {
            let events = client.attend(Duration::from_secs(1)).await.unwrap();
            let gone = events
                .iter()
                .any(|event| matches!(event, Event::Committed { removed, .. } if removed.contains(&leaver)));
            commits.extend(events.into_iter().filter(|event| matches!(event, Event::Committed { .. })));
            if gone {
                // Whoever was slower has time to make a second commit.
                let more = client.attend(Duration::from_millis(400)).await.unwrap();
                commits.extend(more.into_iter().filter(|event| matches!(event, Event::Committed { .. })));
                return;
            }
        }
    });
    assert!(waited.await.is_ok(), "{} waits in vain for the end of {leaver}", client.id());
    commits
}

async fn room_with(creator: &Client, name: &str, strategy: PendingProposalPolicy, others: &[&Client]) -> RoomUri {
    let mut policy = RoomKind::Group.policy(&[], None).unwrap();
    policy.operational.as_mut().unwrap().pending_proposal_policy = strategy;
    let room = creator.create_room_by_policy(name, policy).await.unwrap();
    for other in others {
        creator.add(&room, other.user()).await.unwrap();
        until(other, "the Welcome", joined).await;
    }
    for client in [&[creator], others].concat() {
        client.sync().await.unwrap();
    }
    room
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leave_is_committed_once_and_soon_by_several_clients_that_attend() {
    // req: RP03-7.1-02, RP03-7.1-03
    let cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let amy = cluster.register("a.example", "amy", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let ben = cluster.register("b.example", "ben", "B1", None).await;
    let bea = cluster.register("b.example", "bea", "B1", None).await;
    let leavers = [&ben, &bea];
    let strategies = [
        ("at-once", PendingProposalPolicy::ImmediateCommit, 10.0),
        ("unsaid", PendingProposalPolicy::Unspecified, 10.0),
        ("delayed", PendingProposalPolicy::RandomDelay { minimum_delay_ms: 300, maximum_delay_ms: 900 }, 10.0),
    ];
    for (name, strategy, soon) in strategies {
        let room = room_with(&alice, name, strategy, &[&amy, &bob, &ben, &bea]).await;
        for leaver in leavers {
            let before = alice.room(&room).await.unwrap().epoch;
            let begun = Instant::now();
            leaver.leave(&room).await.unwrap();
            let staying = [&alice, &amy, &bob].map(|client| {
                let task = attends_until_gone(client.clone(), leaver.user().clone());
                tokio::spawn(task)
            });
            let mut seen = Vec::new();
            for task in staying {
                seen.push(task.await.unwrap());
            }
            let elapsed = begun.elapsed().as_secs_f64();
            assert!(elapsed < soon, "{name}: {elapsed} s");
            if let PendingProposalPolicy::RandomDelay { minimum_delay_ms, .. } = strategy {
                assert!(elapsed * 1000.0 >= minimum_delay_ms as f64, "{name}: {elapsed} s");
            }
            for commits in &seen {
                let [Event::Committed { epoch, removed, .. }] = commits.as_slice() else { panic!("{name}: {seen:#?}") };
                assert_eq!((epoch.0, removed), (before.0 + 1, &vec![leaver.user().clone()]), "{name}");
            }
            until(leaver, "its removal", |event| matches!(event, Event::Removed { .. })).await;
            // bea is not attending while ben leaves, and has the commit to take in.
            bea.sync().await.unwrap();
        }
        let states = [alice.room(&room).await.unwrap(), amy.room(&room).await.unwrap(), bob.room(&room).await.unwrap()];
        assert!(states.windows(2).all(|pair| pair[0] == pair[1]), "{states:#?}");
        bob.send(&room, "without them").await.unwrap();
        let seen = until(&amy, "the message", |event| matches!(event, Event::Message { .. })).await;
        assert_eq!(messages(&seen).len(), 1);
        alice.sync().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_after_a_while_commits_what_nobody_has() {
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let strategy = PendingProposalPolicy::RandomDelay { minimum_delay_ms: 0, maximum_delay_ms: 1000 };
    let room = room_with(&alice, "clubhouse", strategy, &[&bob]).await;
    bob.leave(&room).await.unwrap();
    // Alice takes the proposals in, and her client ends before the delay is over.
    until(&alice, "the proposals", |event| matches!(event, Event::ProposalsReceived { .. })).await;
    drop(alice);
    cluster.kill_and_restart("a.example");
    let state = cluster.folder.path().join("alice-A1.sqlite");
    let alice = Client::open(&state).await.unwrap();
    let commits = attends_until_gone(alice.clone(), bob.user().clone()).await;
    assert_eq!(commits.len(), 1, "{commits:?}");
    assert_eq!(alice.room(&room).await.unwrap().participants.len(), 1);
    until(&bob, "its removal", |event| matches!(event, Event::Removed { .. })).await;
}
