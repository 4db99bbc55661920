//! What a message costs a hub in requests to others: one for each provider, however many clients the provider has, and fewer under load.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{sync::Arc, time::Duration};

use mimi_arch::{Domain, RoomUri};
use mimi_ds::{Effect, SqliteStore, Store, hub::Routes};
use mimi_protocol::{
    IdentifierUri, Wire,
    directory::Endpoint,
    http::client::ProviderClient,
    submit_message::{SubmitMessageRequest, SubmitMessageResponse},
    update::UpdateRequest,
};
use mimi_provider::{Config, Provider};
use mimi_tests::{
    process::{Scene, eventually},
    sink::Sink,
};
use tokio::task::JoinSet;

#[allow(dead_code, unused_imports)]
#[path = "../../crates/mimi-ds/tests/it/support.rs"]
mod support;

use support::{Client, Commit, NOW, Room, RoomShape, adding, domain, hub_identity};

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
const PROVIDERS: usize = 10;
/// Messages that come at once.
const BURST: usize = 400;

fn follower(number: usize) -> Domain {
    domain(&format!("follower{number}.example"))
}

/// A room of alice with so many clients at each follower, stored as its hub stores it; and a request with a message to it.
fn make(name: &str, clients: usize, store: &SqliteStore) -> (RoomUri, Vec<u8>) {
    let uri: RoomUri = format!("mimi://a.example/r/{name}").parse().unwrap();
    let mut alice = Client::new("mimi://a.example/d/alice/1");
    let shape = RoomShape { group_id: uri.group().as_str().as_bytes().to_vec(), ..RoomShape::of(&alice) };
    let (info, tree) = alice.create(&shape);
    let (mut room, created) = Room::create(NOW, &hub_identity(), &alice.uri, uri.clone(), info, &tree).unwrap();
    let new: Vec<Client> = (0..PROVIDERS * clients)
        .map(|n| Client::new(&format!("mimi://{}/d/user{n}/1", follower(n % PROVIDERS))))
        .collect();
    let adds: Vec<_> = new.iter().map(Client::key_package).collect();
    let routes: Routes = adds.iter().zip(&new).map(|(k, c)| (k.reference().unwrap(), c.uri.domain().clone())).collect();
    let users: Vec<_> = new.iter().map(Client::user).collect();
    let list = vec![adding(&users.iter().collect::<Vec<_>>())];
    let bundle = alice.commit(Commit { adds, list, ..Default::default() });
    let added = room.update(NOW, &domain("a.example"), &UpdateRequest(bundle), &routes).unwrap();
    alice.confirm();
    let effects = created.effects.into_iter().chain(added.effects);
    store.commit(effects.filter(|effect| !matches!(effect, Effect::Enqueue { .. })).collect()).unwrap();
    let request =
        SubmitMessageRequest { app_message: alice.seal("hello"), sending_uri: IdentifierUri::from(&users[0]) };
    (uri, request.to_bytes().unwrap())
}

async fn send(client: &ProviderClient, room: &RoomUri, body: Vec<u8>) {
    let reply = client.post(room.domain(), Endpoint::SubmitMessage, room.as_str(), body).await.unwrap();
    let response = SubmitMessageResponse::from_bytes(&reply.body);
    assert!(matches!(response, Ok(SubmitMessageResponse::Accepted { .. })), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_posted_once_to_each_provider_whatever_its_clients_and_messages_that_wait_go_together() {
    // req: MP06-5.5-02
    let scene = Scene::new(BINARY, &["a.example"]);
    let store = SqliteStore::open(scene.path("a.example.db")).unwrap();
    store.commit(vec![Effect::PutProviderKey { seed: [9; 32] }]).unwrap();
    let rooms = [("small", 1), ("large", 20)].map(|(name, clients)| make(name, clients, &store));
    drop(store);
    let mut followers = Vec::new();
    for domain in (0..PROVIDERS).map(follower) {
        scene.ca.issue(&domain).unwrap().write_to(scene.folder.path()).unwrap();
        followers.push(Sink::start(&domain, &scene.identity(domain.as_str())).await);
    }
    let config = Config::from_file(&scene.configure("a.example", "", "[rates]\nenabled = false")).unwrap();
    let peers = followers.iter().enumerate().map(|(number, sink)| (follower(number), sink.address));
    let hub = Provider::bind(config).await.unwrap().serve(peers.collect::<Vec<_>>()).await.unwrap();
    let client = Arc::new(scene.speak_as(follower(0).as_str()));

    for (number, (room, body)) in rooms.iter().enumerate() {
        send(&client, room, body.clone()).await;
        let messages = number + 1;
        eventually("everyone has the message", Duration::from_secs(30), || {
            followers.iter().all(|sink| sink.messages() == messages)
        });
        let posts: usize = followers.iter().map(Sink::posts).sum();
        assert_eq!(posts, messages * PROVIDERS, "to {PROVIDERS} providers, with the room {room}");
    }

    let before: usize = followers.iter().map(Sink::posts).sum();
    let mut sending = JoinSet::new();
    for _ in 0..BURST {
        let (client, (room, body)) = (client.clone(), rooms[1].clone());
        sending.spawn(async move { send(&client, &room, body).await });
    }
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
    let messages = rooms.len() + BURST;
    eventually("everyone has everything", Duration::from_secs(60), || {
        followers.iter().all(|sink| sink.messages() == messages)
    });
    let posts = followers.iter().map(Sink::posts).sum::<usize>() - before;
    let together = (BURST * PROVIDERS) as f64 / posts as f64;
    println!("{BURST} messages to {PROVIDERS} providers in {posts} posts: {together:.1} messages in each");
    assert!(together > 1.5, "{posts} posts for {BURST} messages");
    hub.stop().await;
}
