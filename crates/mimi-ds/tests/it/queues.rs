//! What a follower keeps for its clients: queues within bounds, key packages that can be claimed, rooms followed in order.

use std::sync::Arc;

use mimi_arch::ClientUri;
use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    follower::{FanoutDecision, FanoutFacts, FanoutMark, Irregularity, NotifyRefusal, accept_fanout},
    store::{Conflict, KeyPackageStock, OverfullQueue, QueueBounds},
};
use mimi_protocol::{AcceptedTimestamp, Epoch, KeyPackageRef, Wire, notify::FanoutMessage};

use crate::{flow::send, support::*};

const CLIENT: &str = "mimi://b.example/d/bob/1";

fn bob() -> ClientUri {
    CLIENT.parse().unwrap()
}

fn store() -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteStore::open(folder.path().join("q.sqlite")).unwrap(), folder)
}

/// The head of a fan-out message: time, MLS version, wire format.
fn event(accepted: u64, wire_format: u8) -> Arc<[u8]> {
    [&accepted.to_be_bytes()[..], &[0, 1, 0, wire_format], b"content"].concat().into()
}

fn application(accepted: u64) -> Effect {
    application_in("clubhouse", accepted)
}

fn application_in(room: &str, accepted: u64) -> Effect {
    let room = format!("mimi://a.example/r/{room}").parse().unwrap();
    Effect::Deliver { to: [bob()].into(), room, message: event(accepted, 2) }
}

fn handshake(accepted: u64) -> Effect {
    let room = "mimi://a.example/r/clubhouse".parse().unwrap();
    Effect::Deliver { to: [bob()].into(), room, message: event(accepted, 1) }
}

/// Drops what is too much, as a provider does every so often; gives how many queues were cut.
fn sweep(store: &SqliteStore, messages: u64, oldest: u64) -> usize {
    let oldest = AcceptedTimestamp(oldest);
    let overfull = store.overfull_queues(QueueBounds { messages, oldest }).unwrap();
    let cut = overfull.len();
    for queue in overfull {
        store.commit(vec![Effect::DropApplications { queue, oldest }]).unwrap();
    }
    cut
}

/// The queue: times of applications, `h` and times of handshakes, `-` and the count for what was dropped.
fn queue(store: &SqliteStore, after: u64) -> Vec<String> {
    let rows = store.queue(&bob(), after, 1000).unwrap();
    rows.into_iter()
        .map(|row| match (row.dropped, row.message.get(..8), row.message.get(11)) {
            (0, Some(time), Some(wire_format)) => {
                let time = u64::from_be_bytes(time.try_into().unwrap());
                if *wire_format == 2 { time.to_string() } else { format!("h{time}") }
            }
            (dropped, None, None) => format!("-{dropped}"),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn the_oldest_application_messages_over_the_bound_go_and_handshakes_stay() {
    let (store, _folder) = store();
    store
        .commit(vec![application(1), handshake(2), application(3), application(4), handshake(5), application(6)])
        .unwrap();
    assert_eq!(sweep(&store, 4, 0), 0, "just enough");
    assert_eq!(sweep(&store, 2, 0), 1);
    assert_eq!(queue(&store, 0), ["h2", "-2", "4", "h5", "6"]);
    assert_eq!(sweep(&store, 2, 0), 0, "nothing more to do");
    // What goes later is counted with what went before, at the place of the last one.
    store.commit(vec![application(7), handshake(8)]).unwrap();
    assert_eq!(sweep(&store, 1, 0), 1);
    assert_eq!(queue(&store, 0), ["h2", "h5", "-4", "7", "h8"]);
    assert_eq!(sweep(&store, 0, 0), 1);
    assert_eq!(queue(&store, 0), ["h2", "h5", "-5", "h8"]);
}

#[test]
fn application_messages_that_nobody_fetched_for_long_go() {
    let (store, _folder) = store();
    store.commit(vec![application(10), handshake(11), application(20), application(30)]).unwrap();
    assert_eq!(sweep(&store, 100, 10), 0);
    assert_eq!(sweep(&store, 100, 21), 1);
    assert_eq!(queue(&store, 0), ["h11", "-2", "30"]);
}

#[test]
fn what_is_old_or_much_in_one_room_takes_nothing_from_another() {
    let (store, _folder) = store();
    let flood = (100..150).map(|time| application_in("flood", time));
    store
        .commit(
            [application(10), application(12)].into_iter().chain(flood).chain([application_in("slow", 1)]).collect(),
        )
        .unwrap();
    assert_eq!(sweep(&store, 2, 5), 2, "the flooded one and the slow one");
    assert_eq!(queue(&store, 0), ["10", "12", "-48", "148", "149", "-1"]);
}

#[test]
fn what_was_dropped_is_acknowledged_like_an_event_and_told_once() {
    let (store, _folder) = store();
    store.commit((1..=5).map(application).collect()).unwrap();
    let half = store.queue(&bob(), 0, 2).unwrap()[1].id;
    store.commit(vec![Effect::Acknowledge { client: bob(), up_to: half }]).unwrap();
    assert_eq!(sweep(&store, 1, 0), 1);
    assert_eq!(queue(&store, 0), ["-2", "5"], "what was acknowledged is not counted");
    let dropped = store.queue(&bob(), 0, 1).unwrap()[0].id;
    assert_eq!(queue(&store, dropped), ["5"]);
    store.commit(vec![Effect::Acknowledge { client: bob(), up_to: dropped }]).unwrap();
    assert_eq!(queue(&store, 0), ["5"]);
    // A sweep that was decided on before the client acknowledged has nothing left to drop.
    let stale = OverfullQueue { client: bob(), room: room_uri(), up_to: dropped };
    store.commit(vec![Effect::DropApplications { queue: stale, oldest: AcceptedTimestamp(0) }]).unwrap();
    assert_eq!(queue(&store, 0), ["5"]);
}

#[test]
fn the_stock_of_a_client_is_what_can_still_be_claimed_of_it() {
    let (store, _folder) = store();
    let put = |reference: u8, client: &str, not_after, last_resort| Effect::PutKeyPackage {
        client: client.parse().unwrap(),
        user: "mimi://b.example/u/bob".parse().unwrap(),
        reference: KeyPackageRef::new([reference]),
        bytes: vec![reference],
        not_after,
        last_resort,
    };
    let stock = |now| store.key_package_stock(&bob(), now).unwrap();
    assert_eq!(stock(0), KeyPackageStock::default());
    store
        .commit(vec![
            put(1, CLIENT, 100, false),
            put(2, CLIENT, 200, false),
            put(3, CLIENT, u64::MAX, true),
            put(4, "mimi://b.example/d/bob/2", 200, false),
            put(5, CLIENT, 200, false),
        ])
        .unwrap();
    assert_eq!(stock(99), KeyPackageStock { ordinary: 3, last_resort: 1 });
    assert_eq!(stock(100), KeyPackageStock { ordinary: 2, last_resort: 1 }, "an expired one does not count");
    store.commit(vec![Effect::ClaimKeyPackage { reference: KeyPackageRef::new([2]) }]).unwrap();
    assert_eq!(stock(100), KeyPackageStock { ordinary: 1, last_resort: 1 }, "a claimed one does not count");
    assert_eq!(stock(200), KeyPackageStock { ordinary: 0, last_resort: 1 });
}

/// A follower with cathy in the room, and what the hub posts to it.
struct Following {
    store: SqliteStore,
    world: World,
    _folder: tempfile::TempDir,
}

impl Following {
    fn new() -> Self {
        let (store, folder) = store();
        let mut world = World::three();
        world.effects.clear();
        let cathy = world.client("cathy").uri.clone();
        store.commit(vec![Effect::JoinLocal { room: room_uri(), client: cathy }]).unwrap();
        Self { store, world, _folder: folder }
    }

    fn posted(&mut self) -> Vec<FanoutMessage> {
        let to_follower = |effect: Effect| match effect {
            Effect::Enqueue { to, message, .. } if to.as_str() == "c.example" => {
                Some(FanoutMessage::from_bytes(&message).unwrap())
            }
            _ => None,
        };
        self.world.effects.drain(..).filter_map(to_follower).collect()
    }

    fn message(&mut self) -> FanoutMessage {
        let _ = send(&mut self.world, "alice", "hello");
        self.posted().remove(0)
    }

    fn commit(&mut self) -> FanoutMessage {
        let bundle = self.world.client("alice").commit(Commit { path: true, ..Default::default() });
        let _ = self.world.accept("alice", bundle);
        self.posted().remove(0)
    }

    fn decide(&self, messages: &[FanoutMessage]) -> Result<FanoutDecision, NotifyRefusal> {
        let hub = domain("a.example");
        let facts = FanoutFacts::read(&self.store, &hub, &room_uri(), messages).unwrap();
        accept_fanout(&hub, &domain("c.example"), &room_uri(), messages, &facts)
    }

    fn take(&self, messages: &[FanoutMessage]) -> Vec<Irregularity> {
        let decision = self.decide(messages).unwrap();
        self.store.commit(decision.effects).unwrap();
        decision.irregular
    }

    fn mark(&self) -> Option<FanoutMark> {
        self.store.fanout_mark(&domain("a.example"), &room_uri()).unwrap()
    }
}

#[test]
fn an_event_before_one_that_came_is_refused_unless_it_is_a_duplicate() {
    // req: MP06-5.5-27
    let mut following = Following::new();
    let [first, second, third] = [following.message(), following.message(), following.message()];
    assert_eq!(following.take(std::slice::from_ref(&first)), []);
    assert_eq!(following.take(std::slice::from_ref(&third)), [], "a gap in time alone is none");
    let late = following.decide(std::slice::from_ref(&second));
    assert_eq!(late, Err(NotifyRefusal::OutOfOrder { accepted: second.timestamp, last: third.timestamp }));
    assert_eq!(following.take(&[first.clone(), third.clone()]), [], "duplicates are dropped wherever they come");
    assert_eq!(following.mark().unwrap().accepted, third.timestamp);
    // The same within one request, of which nothing is taken then.
    let [fourth, fifth] = [following.message(), following.message()];
    assert!(matches!(following.decide(&[fifth, fourth.clone()]), Err(NotifyRefusal::OutOfOrder { .. })));
    assert_eq!(following.take(&[third, fourth]), []);
}

#[test]
fn commits_that_never_came_are_noticed_once_and_what_follows_is_taken() {
    let mut following = Following::new();
    let first = following.commit();
    assert_eq!(following.take(std::slice::from_ref(&first)), []);
    let epoch = following.mark().unwrap().epoch.unwrap();
    let _lost = [following.commit(), following.message(), following.commit()];
    let message = following.message();
    let after = following.commit();
    assert_eq!(
        following.take(&[message, after]),
        [Irregularity::EpochGap { expected: epoch.0, found: epoch.0 + 2 }],
        "the room is followed from there"
    );
    assert_eq!(following.mark().unwrap().epoch, Some(Epoch(epoch.0 + 3)));
}

#[test]
fn two_events_of_one_time_are_noticed_but_a_commit_with_its_welcome_is_none() {
    let mut following = Following::new();
    let first = following.message();
    let mut second = following.message();
    second.timestamp = first.timestamp;
    assert_eq!(following.take(&[first.clone(), second]), [Irregularity::SameTime(first.timestamp)]);

    let carl = Client::new("mimi://c.example/d/carl/1");
    let key_package = carl.key_package();
    following.world.route(&key_package, "c.example");
    let list = vec![adding(&[&carl.user()])];
    let commit = Commit { adds: vec![key_package], list, ..Default::default() };
    following.world.clients.insert("carl", carl);
    let bundle = following.world.client("alice").commit(commit);
    let _ = following.world.accept("alice", bundle);
    let messages = following.posted();
    assert_eq!(messages.len(), 2, "the commit and the Welcome");
    assert_eq!(messages[0].timestamp, messages[1].timestamp);
    assert_eq!(following.take(&messages), []);
    let next = following.message();
    assert_eq!(following.take(&[next]), []);
}

#[test]
fn commits_while_nobody_here_was_in_the_room_are_not_missed() {
    let mut following = Following::new();
    let first = following.commit();
    assert_eq!(following.take(&[first]), []);
    let cathy = following.world.client("cathy").uri.clone();
    following.store.commit(vec![Effect::LeaveLocal { room: room_uri(), client: cathy.clone() }]).unwrap();
    let _elsewhere = [following.commit(), following.commit()];
    let while_away = following.message();
    assert_eq!(following.take(&[while_away]), []);
    following.store.commit(vec![Effect::JoinLocal { room: room_uri(), client: cathy }]).unwrap();
    let next = following.commit();
    assert_eq!(following.take(&[next]), []);
}

#[test]
fn of_two_requests_decided_on_the_same_facts_one_is_decided_anew() {
    let mut following = Following::new();
    let [first, second] = [following.message(), following.message()];
    let early = following.decide(std::slice::from_ref(&first)).unwrap();
    let late = following.decide(std::slice::from_ref(&second)).unwrap();
    following.store.commit(late.effects).unwrap();
    assert_eq!(following.store.commit(early.effects), Err(StoreError::Conflict(Conflict::FanoutMark)));
    assert!(matches!(following.decide(&[first]), Err(NotifyRefusal::OutOfOrder { .. })));
}
