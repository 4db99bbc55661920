//! A thousand rooms that nobody visits cost a hub no memory, and are as they were when somebody does again.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    alloc::System,
    sync::Arc,
    time::{Duration, Instant},
};

use mimi_arch::{Domain, RoomUri, UserUri};
use mimi_ds::{
    Effect, SqliteStore, Store,
    hub::{Member, Routes},
};
use mimi_protocol::{
    Epoch, IdentifierUri, Wire,
    directory::Endpoint,
    http::client::ProviderClient,
    participant_list::ParticipantListData,
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
    update::UpdateRequest,
};
use mimi_provider::{Config, Provider, RunningProvider};
use mimi_tests::{
    process::{Scene, eventually, get},
    sink::Sink,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::{sync::Semaphore, task::JoinSet};

#[allow(dead_code, unused_imports)]
#[path = "../../crates/mimi-ds/tests/it/support.rs"]
mod support;

use support::{Client, Commit, NOW, Room, RoomShape, adding, domain, hub_identity};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const ROOMS: usize = 1000;
const THREADS: usize = 4;
/// Visits at the same time.
const AT_ONCE: usize = 32;
/// `rooms.open` of the second provider.
const PLACES: usize = 20;

/// What a room has to be whenever it is looked at.
struct Made {
    uri: RoomUri,
    bob: UserUri,
    epoch: Epoch,
    members: Vec<Member>,
    list: ParticipantListData,
    /// What bob's provider sends.
    visits: Vec<Vec<u8>>,
}

/// A room of alice of a.example with bob of b.example, stored as its hub stores it.
fn make(number: usize, store: &SqliteStore) -> Made {
    let uri: RoomUri = format!("mimi://a.example/r/room-{number}").parse().unwrap();
    let mut alice = Client::new(&format!("mimi://a.example/d/alice{number}/1"));
    let shape = RoomShape { group_id: uri.group().as_str().as_bytes().to_vec(), ..RoomShape::of(&alice) };
    let (info, tree) = alice.create(&shape);
    let (mut room, created) = Room::create(NOW, &hub_identity(), &alice.uri, uri.clone(), info, &tree).unwrap();
    let bob = Client::new(&format!("mimi://b.example/d/bob{number}/1"));
    let key_package = bob.key_package();
    let routes = Routes::from([(key_package.reference().unwrap(), domain("b.example"))]);
    let bundle =
        alice.commit(Commit { adds: vec![key_package], list: vec![adding(&[&bob.user()])], ..Default::default() });
    let added = room.update(NOW, &domain("a.example"), &UpdateRequest(bundle), &routes).unwrap();
    alice.confirm();
    // The Welcome need not be sent to anyone.
    let effects = created.effects.into_iter().chain(added.effects);
    store.commit(effects.filter(|effect| !matches!(effect, Effect::Enqueue { .. })).collect()).unwrap();
    let visits = (0..3).map(|_| {
        let app_message = alice.seal("anybody there?");
        SubmitMessageRequest { app_message, sending_uri: IdentifierUri::from(bob.user()) }.to_bytes().unwrap()
    });
    Made {
        visits: visits.collect(),
        bob: bob.user(),
        epoch: room.epoch(),
        members: room.members().cloned().collect(),
        list: room.participant_list().clone(),
        uri,
    }
}

fn make_all(store: &SqliteStore) -> Vec<Made> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let numbers = thread * ROOMS / THREADS..(thread + 1) * ROOMS / THREADS;
                scope.spawn(move || numbers.map(|number| make(number, store)).collect::<Vec<_>>())
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// A message to each room.
async fn visit_all(b: &Arc<ProviderClient>, rooms: &[Made], number: usize) {
    let a: Domain = "a.example".parse().unwrap();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut visits = JoinSet::new();
    for room in rooms {
        let (a, b, places) = (a.clone(), b.clone(), places.clone());
        let (uri, body) = (room.uri.clone(), room.visits[number].clone());
        visits.spawn(async move {
            let _place = places.acquire().await.unwrap();
            let reply = b.post(&a, Endpoint::SubmitMessage, uri.as_str(), body).await.unwrap();
            let response = SubmitMessageResponse::from_bytes(&reply.body);
            assert!(matches!(response, Ok(SubmitMessageResponse::Accepted { .. })), "{uri}: {reply:?}");
        });
    }
    while let Some(visited) = visits.join_next().await {
        visited.unwrap();
    }
}

/// Octets that the program holds.
fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

fn metric(provider: &RunningProvider, name: &str) -> usize {
    let (_, text) = get(provider.admin_address().unwrap(), "/metrics");
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap().parse().unwrap()
}

async fn serve(scene: &Scene, tables: &str, follower: &Sink) -> RunningProvider {
    let settings = format!("[admin]\nport = 0\n[rates]\nenabled = false\n{tables}");
    let config = Config::from_file(&scene.configure("a.example", "", &settings)).unwrap();
    Provider::bind(config).await.unwrap().serve([(domain("b.example"), follower.address)]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_rooms_leave_memory_when_nobody_visits_them_and_are_as_they_were_when_somebody_does() {
    let scene = Scene::new(BINARY, &["a.example"]);
    scene.ca.issue(&domain("b.example")).unwrap().write_to(scene.folder.path()).unwrap();
    let path = scene.path("a.example.db");
    let store = SqliteStore::open(&path).unwrap();
    store.commit(vec![Effect::PutProviderKey { seed: [9; 32] }]).unwrap();
    let rooms = make_all(&store);
    drop(store);
    let follower = Sink::start(&domain("b.example"), &scene.identity("b.example")).await;

    let hub = serve(&scene, "[rooms]\nidle_seconds = 8", &follower).await;
    let b = Arc::new(scene.speak_as("b.example"));
    // What is made once is made now: connections, the directory, threads.
    visit_all(&b, &rooms[..1], 0).await;
    eventually("the follower has the first message", Duration::from_secs(20), || follower.messages() == 1);
    eventually("the first room has left", Duration::from_secs(60), || metric(&hub, "mimi_open_rooms") == 0);
    let before = held();
    visit_all(&b, &rooms[1..], 0).await;
    let open = metric(&hub, "mimi_open_rooms");
    eventually("the follower has them all", Duration::from_secs(60), || follower.messages() == ROOMS);
    let while_open = held().saturating_sub(before);
    assert!(open > ROOMS / 2, "the rooms leave before it is seen what they cost: {open}");
    eventually("all have left", Duration::from_secs(60), || metric(&hub, "mimi_open_rooms") == 0);
    let after = held().saturating_sub(before);
    println!("{open} open rooms hold {while_open} octets, none hold {after}");
    assert!(after < while_open / 10, "of {while_open} octets {after} are still held");
    assert_eq!(metric(&hub, "mimi_evicted_rooms_total"), ROOMS);
    let begun = Instant::now();
    visit_all(&b, &rooms, 1).await;
    println!("{ROOMS} rooms read from the disk and a message accepted in each in {:?}", begun.elapsed());
    hub.stop().await;

    // Many more rooms than places.
    let hub = serve(&scene, &format!("[rooms]\nopen = {PLACES}"), &follower).await;
    visit_all(&b, &rooms, 2).await;
    eventually("the last visits are over", Duration::from_secs(20), || {
        metric(&hub, "mimi_open_rooms") <= PLACES + AT_ONCE
    });
    assert!(metric(&hub, "mimi_evicted_rooms_total") >= ROOMS - PLACES - AT_ONCE);
    eventually("the follower has everything", Duration::from_secs(60), || follower.messages() == 3 * ROOMS);
    hub.stop().await;

    let store = SqliteStore::open(&path).unwrap();
    for made in &rooms {
        let room = Room::restore(&store.load_room(&made.uri).unwrap().unwrap()).unwrap();
        // An addition and three messages.
        assert_eq!((room.epoch(), room.sequence()), (made.epoch, 4), "{}", made.uri);
        assert!(room.members().eq(&made.members) && *room.participant_list() == made.list);
        assert!(room.role(&made.bob).is_some());
    }
}
