//! What a follower keeps for its clients (draft-ietf-mimi-protocol-06 section 5.5, and the client API): queues that survive disconnects
//! and stay within bounds, key packages that do not run out unnoticed, and no events out of order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use mimi_client::{Client, Event};
use mimi_client_api::{
    AcknowledgeRequest, CountKeyPackagesRequest, KeyPackageStock, QueuedEvent, WatchRequest,
    client_api_client::ClientApiClient,
};
use mimi_protocol::http::client::NotifyOutcome;
use mimi_tests::{
    messages,
    process::{Scene, eventually},
    until,
};
use tonic::{
    Request, Streaming,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const ADMIN: &str = "[admin]\nport = 0";

/// The client API of bob's provider with bob's token, call by call.
#[derive(Clone)]
struct Api {
    client: ClientApiClient<Channel>,
    token: String,
}

impl Api {
    async fn of(scene: &Scene, name: &str, user: &str) -> Self {
        let config = scene.client_config(name, user);
        let tls = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&config.ca_pem)).domain_name(name);
        let channel = Endpoint::from_shared(config.endpoint)
            .unwrap()
            .origin(format!("https://{name}").parse().unwrap())
            .tls_config(tls)
            .unwrap()
            .connect()
            .await
            .unwrap();
        let state = rusqlite::Connection::open(config.state).unwrap();
        let token: String = state.query_row("SELECT token FROM mimi_account", [], |row| row.get(0)).unwrap();
        Self { client: ClientApiClient::new(channel), token }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        request
    }

    async fn watch(&self, after: u64) -> Streaming<QueuedEvent> {
        self.client.clone().watch(self.request(WatchRequest { after })).await.unwrap().into_inner()
    }

    async fn drain(&self, after: u64) -> Vec<QueuedEvent> {
        let mut stream = self.client.clone().drain(self.request(WatchRequest { after })).await.unwrap().into_inner();
        let mut events = Vec::new();
        while let Some(event) = stream.message().await.unwrap() {
            events.push(event);
        }
        events
    }

    async fn acknowledge(&self, up_to: u64) -> KeyPackageStock {
        let answer = self.client.clone().acknowledge(self.request(AcknowledgeRequest { up_to })).await.unwrap();
        answer.into_inner().key_packages.unwrap()
    }

    async fn stock(&self) -> KeyPackageStock {
        let answer = self.client.clone().count_key_packages(self.request(CountKeyPackagesRequest {})).await;
        answer.unwrap().into_inner()
    }
}

async fn take(stream: &mut Streaming<QueuedEvent>, count: usize) -> Vec<u64> {
    let mut ids = Vec::new();
    while ids.len() < count {
        let next = tokio::time::timeout(Duration::from_secs(30), stream.message()).await.expect("an event in time");
        ids.push(next.unwrap().expect("the stream goes on").id);
    }
    ids
}

/// Alice and bob in a room of alice's provider; bob has processed and acknowledged what there was.
async fn pair(scene: &Scene) -> (Client, Client, mimi_arch::RoomUri) {
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    until(&bob, "the Welcome", |event| matches!(event, Event::Joined { .. })).await;
    (alice, bob, room)
}

/// Waits until as many events are in the queue.
async fn queued(api: &Api, count: usize) -> Vec<QueuedEvent> {
    for _ in 0..200 {
        let events = api.drain(0).await;
        if events.len() == count {
            return events;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{count} events are not in the queue but {}", api.drain(0).await.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_goes_on_where_it_was_after_any_disconnect_and_for_every_watcher() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "");
    let _hub = scene.start("a.example");
    let mut follower = scene.start("b.example");
    let (alice, bob, room) = pair(&scene).await;
    for number in 0..6 {
        alice.send(&room, &format!("note {number}")).await.unwrap();
    }
    let api = Api::of(&scene, "b.example", "bob").await;
    let all: Vec<u64> = queued(&api, 6).await.iter().map(|event| event.id).collect();
    assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");

    // Two of three that came are acknowledged, then the stream breaks off.
    let mut stream = api.watch(0).await;
    assert_eq!(take(&mut stream, 3).await, all[..3]);
    api.acknowledge(all[1]).await;
    drop(stream);
    assert_eq!(take(&mut api.watch(0).await, 4).await, all[2..], "what is not acknowledged comes again");
    assert_eq!(take(&mut api.watch(all[2]).await, 3).await, all[3..], "but not what the client says it has");
    assert_eq!(take(&mut api.watch(all[0]).await, 4).await, all[2..], "a place before what is acknowledged is none");

    // Two watchers; one acknowledges what the other has not seen yet, which is gone then, and nothing else is.
    let (mut first, mut second) = (api.watch(0).await, api.watch(all[3]).await);
    assert_eq!(take(&mut first, 4).await, all[2..]);
    assert_eq!(take(&mut second, 2).await, all[4..]);
    alice.send(&room, "to both").await.unwrap();
    let live = take(&mut first, 1).await;
    assert_eq!(take(&mut second, 1).await, live);
    assert!(live[0] > all[5]);
    api.acknowledge(all[5]).await;
    alice.send(&room, "to both again").await.unwrap();
    let more = take(&mut first, 1).await;
    assert_eq!(take(&mut second, 1).await, more);

    // The provider dies in the middle of the streams.
    follower.signal("KILL");
    follower.wait(Duration::from_secs(10));
    assert!(first.message().await.is_err());
    let _follower = scene.start("b.example");
    let api = Api::of(&scene, "b.example", "bob").await;
    alice.send(&room, "after the crash").await.unwrap();
    let left: Vec<u64> = queued(&api, 3).await.iter().map(|event| event.id).collect();
    assert_eq!(left[..2], [live[0], more[0]]);
    // An acknowledgement that comes twice, or late, takes nothing with it.
    api.acknowledge(all[5]).await;
    let texts: Vec<String> = messages(&bob.sync().await.unwrap()).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["to both", "to both again", "after the crash"]);
    assert!(api.drain(0).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_away_too_long_loses_old_messages_is_told_how_many_and_stays_in_the_room() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", &format!("[queues]\nmessages = 3\nsweep_seconds = 1\n{ADMIN}"));
    let _hub = scene.start("a.example");
    let follower = scene.start("b.example");
    let (alice, bob, room) = pair(&scene).await;
    let carol = scene.register("a.example", "carol").await;
    for number in 0..5 {
        alice.send(&room, &format!("note {number}")).await.unwrap();
    }
    alice.add(&room, carol.user()).await.unwrap();
    for number in 5..8 {
        alice.send(&room, &format!("note {number}")).await.unwrap();
    }
    let api = Api::of(&scene, "b.example", "bob").await;
    // Five notes became one event; the commit and three notes are there.
    let events = queued(&api, 5).await;
    assert_eq!(events.iter().map(|event| event.dropped).collect::<Vec<_>>(), [5, 0, 0, 0, 0]);
    assert!(follower.metric("mimi_cut_queues_total") >= 1.0);

    let events = bob.sync().await.unwrap();
    assert!(matches!(&events[0], Event::Dropped { room: of, count: 5 } if *of == room), "{events:?}");
    assert!(matches!(&events[1], Event::Committed { added, .. } if added == &[carol.user().clone()]), "{events:?}");
    let texts: Vec<String> = messages(&events).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["note 5", "note 6", "note 7"]);
    bob.send(&room, "still here").await.unwrap();
    until(&alice, "bob's message", |event| matches!(event, Event::Message { text, .. } if text == "still here")).await;
    assert!(bob.sync().await.unwrap().iter().all(|event| !matches!(event, Event::Dropped { .. })), "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_learns_that_its_key_packages_run_low_and_expired_ones_do_not_count() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", "[queues]\nlow_key_packages = 20");
    let _hub = scene.start("a.example");
    let mut follower = scene.start("b.example");
    let alice = scene.register("a.example", "alice").await;
    let bob = scene.register("b.example", "bob").await;
    let api = Api::of(&scene, "b.example", "bob").await;
    let before = api.stock().await;
    assert!(!before.low && before.available >= 20, "{before:?}");
    let room = alice.create_room("clubhouse").await.unwrap();
    alice.add(&room, bob.user()).await.unwrap();
    let welcome = queued(&api, 1).await[0].id;
    assert_eq!(api.stock().await, KeyPackageStock { available: before.available - 1, low: true, ..before });
    assert_eq!(api.acknowledge(welcome - 1).await, api.stock().await, "an acknowledgement is answered with it");
    bob.upload_key_packages(1).await.unwrap();
    assert_eq!(api.stock().await, before);

    // One that expired an hour ago cannot be claimed; one that expired long ago is gone.
    follower.signal("KILL");
    follower.wait(Duration::from_secs(10));
    let database = rusqlite::Connection::open(scene.path("b.example.db")).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let unclaimed = |offset: u64, not_after: u64| {
        let sql = "UPDATE key_packages SET not_after = ?2 WHERE id =
            (SELECT id FROM key_packages WHERE claimed = 0 AND last_resort = 0 ORDER BY id LIMIT 1 OFFSET ?1)";
        assert_eq!(database.execute(sql, [offset, not_after]).unwrap(), 1);
    };
    let stored = || database.query_row("SELECT count(*) FROM key_packages", [], |row| row.get::<_, u32>(0)).unwrap();
    let held = stored();
    unclaimed(0, now - 3600);
    unclaimed(1, now - 8 * 24 * 3600);
    let _follower = scene.start("b.example");
    eventually("the one that expired long ago is gone", Duration::from_secs(10), || stored() == held - 1);
    let api = Api::of(&scene, "b.example", "bob").await;
    assert_eq!(api.stock().await, KeyPackageStock { available: before.available - 2, low: true, ..before });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_cannot_put_an_event_before_one_that_came() {
    // req: MP06-5.5-27
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "");
    scene.configure("b.example", "", ADMIN);
    let _hub = scene.start("a.example");
    let follower = scene.start_command("b.example", {
        let mut command = scene.command(&["serve", "--config", "b.example.toml"]);
        command.env("RUST_LOG", "warn");
        command
    });
    let (alice, _bob, room) = pair(&scene).await;
    alice.send(&room, "first").await.unwrap();
    alice.send(&room, "second").await.unwrap();
    let api = Api::of(&scene, "b.example", "bob").await;
    let events = queued(&api, 2).await;
    let (first, second) = (&events[0].fanout_message, &events[1].fanout_message);
    let timed = |message: &[u8], later_by: i64| {
        let time = u64::from_be_bytes(message[..8].try_into().unwrap()).saturating_add_signed(later_by);
        [&time.to_be_bytes(), &message[8..]].concat()
    };
    let as_hub = scene.speak_as("a.example");
    let to = "b.example".parse().unwrap();
    let accepts = async |body: Vec<u8>| match as_hub.notify(&to, &room, body).await.unwrap() {
        NotifyOutcome::Accepted => true,
        NotifyOutcome::Retry { status, .. } => {
            assert_eq!(status, 403);
            false
        }
    };
    assert!(!accepts(timed(first, -1)).await, "earlier than what came");
    assert!(!accepts([timed(second, 1), timed(first, -1)].concat()).await, "nothing is taken of such a request");
    assert!(accepts(first.clone()).await, "an exact duplicate");
    assert_eq!(api.drain(0).await, events);
    assert_eq!(follower.metric("mimi_refused_total{operation=\"notify\",rule=\"OutOfOrder\"}"), 2.0);
    assert!(accepts(timed(second, 0)).await);
    assert!(accepts(timed(first, 60_000)).await, "a later one");
    assert_eq!(queued(&api, 3).await[..2], events[..]);
    eventually("the log says what was refused", Duration::from_secs(5), || {
        follower.log().contains("the hub's events are not in order")
    });
}
