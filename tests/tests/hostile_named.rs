//! What a provider with a good certificate may try, one test for each: act for another's users, send again what was sent, send handshakes of
//! a room it is not in, forge the way of a Welcome, declare lengths that never come. Everything is refused and changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bytes::Bytes;
use http::Method;
use mimi_arch::RoomUri;
use mimi_client::{Client, Event, PrepareOptions, RoomSummary};
use mimi_protocol::{
    codec::Wire as _, notify::decode_all, submit_message::SubmitMessageResponse, update::UpdateRoomResponse,
};
use mimi_tests::{
    Cluster, messages,
    recorder::{Recorded, Speaker, record},
    until,
};
use tokio::net::TcpListener;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const HUB: &str = "a.example";
const FOLLOWER: &str = "b.example";
const STRANGER: &str = "m.example";

/// A room of alice (at the hub) and bob, with everything that their providers have said to each other.
struct Scene {
    cluster: Cluster,
    alice: Client,
    bob: Client,
    room: RoomUri,
    to_hub: Vec<Recorded>,
    to_follower: Vec<Recorded>,
}

impl Scene {
    async fn new() -> Self {
        let held = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
        let [at_hub, at_follower] = [held[0].local_addr().unwrap(), held[1].local_addr().unwrap()];
        let routes = [(FOLLOWER, HUB, at_hub), (HUB, FOLLOWER, at_follower)];
        let cluster = Cluster::start_rerouted(BINARY, &[HUB, FOLLOWER, STRANGER], &routes);
        let [hub, follower] = held.map(|listener| {
            listener.set_nonblocking(true).unwrap();
            TcpListener::from_std(listener).unwrap()
        });
        let upstream = |from, to| Speaker::new(from, &cluster.identity(from), to, cluster.peer_address(to));
        let (to_hub, _) = record(hub, &cluster.identity(HUB), upstream(FOLLOWER, HUB));
        let (to_follower, _) = record(follower, &cluster.identity(FOLLOWER), upstream(HUB, FOLLOWER));
        let alice = cluster.register(HUB, "alice", "A1", None).await;
        let bob = cluster.register(FOLLOWER, "bob", "B1", None).await;
        let beth = cluster.register(FOLLOWER, "beth", "D1", None).await;
        let room = alice.create_room("clubhouse").await.unwrap();
        alice.add(&room, bob.user()).await.unwrap();
        until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
        bob.send(&room, "from bob").await.unwrap();
        alice.send(&room, "from alice").await.unwrap();
        bob.add(&room, beth.user()).await.unwrap();
        let tablet = cluster.register(FOLLOWER, "bob", "B2", Some(bob.user_secret())).await;
        tablet.join_external(&room).await.unwrap();
        for client in [&alice, &bob] {
            let commits = |event: &Event| matches!(event, Event::Committed { epoch, .. } if epoch.0 == 3);
            until(client, "the external commit", commits).await;
        }
        let to_hub = to_hub.lock().unwrap().clone();
        let to_follower = to_follower.lock().unwrap().clone();
        for (log, endpoints) in
            [(&to_hub, vec!["update", "submitMessage", "groupInfo", "keyMaterial"]), (&to_follower, vec!["notify"])]
        {
            for endpoint in endpoints {
                assert!(log.iter().any(|request| request.endpoint() == endpoint), "no {endpoint}");
            }
        }
        Self { cluster, alice, bob, room, to_hub, to_follower }
    }

    fn speaker(&self, from: &str, to: &str) -> Speaker {
        Speaker::new(from, &self.cluster.identity(from), to, self.cluster.peer_address(to))
    }

    async fn state(&self) -> RoomSummary {
        self.alice.sync().await.unwrap();
        self.alice.room(&self.room).await.unwrap()
    }

    /// The room is as it was, nobody was sent anything, and it goes on.
    async fn is_untouched(&self, before: &RoomSummary) {
        let after = self.state().await;
        assert_eq!((before.epoch, &before.participants), (after.epoch, &after.participants));
        assert_eq!((&before.members, &before.epoch_authenticator), (&after.members, &after.epoch_authenticator));
        self.alice.send(&self.room, "and on").await.unwrap();
        let is_end = |event: &Event| matches!(event, Event::Message { text, .. } if text == "and on");
        let seen = until(&self.bob, "the next message", is_end).await;
        assert_eq!(seen.len(), 1, "bob was sent something: {seen:?}");
        assert_eq!(messages(&seen).len(), 1);
    }
}

/// A status of 4xx, or the endpoint's own refusal.
fn is_refusal(endpoint: &str, status: u16, body: &Bytes) -> bool {
    match (status, endpoint) {
        (400..500, _) => true,
        (200, "update") => {
            !matches!(UpdateRoomResponse::from_bytes(body), Ok(UpdateRoomResponse::Success { .. }) | Err(_))
        }
        (200, "submitMessage") => {
            !matches!(SubmitMessageResponse::from_bytes(body), Ok(SubmitMessageResponse::Accepted { .. }) | Err(_))
        }
        // A code alone: neither key packages nor a group come with a refusal.
        (200, _) => body.len() < 300,
        _ => false,
    }
}

async fn post(speaker: &Speaker, request: &Recorded) -> (u16, Bytes) {
    speaker.send(Method::POST, &request.path, request.body.clone()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_acts_for_the_users_of_another_is_refused_everywhere() {
    // req: MP06-5.4-04, MP06-5.3-26
    let scene = Scene::new().await;
    let before = scene.state().await;
    let stranger = scene.speaker(STRANGER, HUB);
    for request in &scene.to_hub {
        let (status, body) = post(&stranger, request).await;
        println!("{} {status} {} octets", request.endpoint(), body.len());
        assert!(is_refusal(request.endpoint(), status, &body), "{}: {status} {body:?}", request.path);
    }
    scene.is_untouched(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_former_epochs_sent_again_change_nothing() {
    // req: MP06-5.3-22
    let scene = Scene::new().await;
    let before = scene.state().await;
    let follower = scene.speaker(FOLLOWER, HUB);
    let mut refused = 0;
    for request in scene.to_hub.iter().filter(|request| ["update", "submitMessage"].contains(&request.endpoint())) {
        for _ in 0..3 {
            let (status, body) = post(&follower, request).await;
            assert!(is_refusal(request.endpoint(), status, &body), "{}: {status} {body:?}", request.path);
            refused += 1;
        }
    }
    assert!(refused >= 9, "{refused}");
    // The hub's own notifications, by whoever holds its certificate: taken as they were the first time, and dropped.
    let hub = scene.speaker(HUB, FOLLOWER);
    for request in scene.to_follower.iter().filter(|request| request.endpoint() == "notify") {
        assert_eq!(post(&hub, request).await.0, 201);
    }
    scene.is_untouched(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_a_room_that_the_provider_is_not_in_is_refused() {
    // req: MP06-4.3-02, MP06-5.3-26
    let scene = Scene::new().await;
    let before = scene.state().await;
    // Bob's next commit, good in every octet, which the hub would take from his provider.
    let prepared = scene.bob.prepare_commit(&scene.room, PrepareOptions::default()).await.unwrap();
    let path = scene.to_hub.iter().find(|request| request.endpoint() == "update").unwrap().path.clone();
    let request = Recorded { path, body: Bytes::from(prepared.body().unwrap()) };
    let (status, body) = post(&scene.speaker(STRANGER, HUB), &request).await;
    assert!(is_refusal("update", status, &body), "{status} {body:?}");
    scene.bob.discard(prepared).await.unwrap();
    scene.is_untouched(&before).await;
    // From his own provider it is taken.
    let (status, body) = post(&scene.speaker(FOLLOWER, HUB), &request).await;
    assert!(status == 200 && !is_refusal("update", status, &body), "{status} {body:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_welcome_by_way_of_another_than_the_hub_is_refused() {
    // req: MP06-5.5-23
    let scene = Scene::new().await;
    let before = scene.state().await;
    let stranger = scene.speaker(STRANGER, FOLLOWER);
    for request in scene.to_follower.iter().filter(|request| request.endpoint() == "notify") {
        let (status, body) = post(&stranger, request).await;
        assert!((400..500).contains(&status), "{status} {body:?}");
        // In the name of a room of one's own, what is inside does not fit it.
        let path = request.path.replace(HUB, STRANGER);
        let own = Recorded { path, body: request.body.clone() };
        let (status, body) = post(&stranger, &own).await;
        assert!(status == 201 || (400..500).contains(&status), "{status} {body:?}");
    }
    scene.is_untouched(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lengths_that_are_declared_and_never_come_cost_no_memory() {
    let mut scene = Scene::new().await;
    let before = scene.state().await;
    let resident = [HUB, FOLLOWER].map(|name| scene.cluster.resident(name));
    let speakers = [scene.speaker(FOLLOWER, HUB), scene.speaker(HUB, FOLLOWER)];
    for (speaker, requests) in speakers.iter().zip([&scene.to_hub, &scene.to_follower]) {
        for request in requests {
            for at in 0..request.body.len().min(600) {
                // 2^30 - 1 octets from here on, of which eight come.
                let body = [&request.body[..at], &[0xbf, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
                // Where a field before takes the octets in, nothing is missing.
                if request.endpoint() == "notify" && decode_all(&body).is_ok() {
                    continue;
                }
                let (status, answer) = speaker.send(Method::POST, &request.path, Bytes::from(body)).await.unwrap();
                assert!(is_refusal(request.endpoint(), status, &answer), "{} at {at}: {status}", request.path);
            }
        }
    }
    for (name, before) in [HUB, FOLLOWER].into_iter().zip(resident) {
        let now = scene.cluster.resident(name);
        assert!(now < before + (32 << 20), "{name} grew from {before} to {now}");
    }
    scene.is_untouched(&before).await;
}
