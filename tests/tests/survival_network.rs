//! What the network does to providers: one that is away for long, one that accepts connections and says nothing, answers that get lost,
//! peers and clients that send an octet now and then. Nobody else waits for them, nothing is lost, nothing comes twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use mimi_client::{ClientError, Event, PrepareOptions};
use mimi_protocol::update::UpdateRoomResponse;
use mimi_tests::{
    Cluster, messages,
    process::{Scene, eventually},
    recorder::{Speaker, record_losing},
    until,
};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsConnector;

const BINARY: &str = env!("CARGO_BIN_EXE_mimi-under-test");
/// Messages while a follower is away: more than one request carries, many times over. `MIMI_AWAY` asks for another number.
const AWAY: usize = 400;

fn joined(event: &Event) -> bool {
    matches!(event, Event::Joined { .. })
}

fn is_text<'a>(wanted: &'a str) -> impl Fn(&Event) -> bool + 'a {
    move |event| matches!(event, Event::Message { text, .. } if text == wanted)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_that_accepts_connections_and_says_nothing_slows_nobody_and_misses_nothing() {
    // req: MP06-5.5-02, MP06-5.5-25
    let away = std::env::var("MIMI_AWAY").map_or(AWAY, |away| away.parse().unwrap());
    let mut cluster = Cluster::start(BINARY, &["a.example", "b.example", "c.example"]);
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let cathy = cluster.register("c.example", "cathy", "C1", None).await;
    let room = alice.create_room("away").await.unwrap();
    for guest in [&bob, &cathy] {
        alice.add(&room, guest.user()).await.unwrap();
        until(guest, "the Welcome", joined).await;
    }
    bob.sync().await.unwrap();

    // In the place of cathy's provider somebody takes every connection and never answers: not even the TLS handshake ends.
    cluster.kill("c.example");
    let silent = TcpListener::bind(cluster.peer_address("c.example")).await.unwrap();
    let taken = Arc::new(AtomicUsize::new(0));
    let count = taken.clone();
    let silence = tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            held.push(stream);
        }
    });
    let mut sent = Vec::new();
    let mut slowest = Duration::ZERO;
    for number in 0..away {
        let text = format!("while away {number}");
        let begun = Instant::now();
        sent.push((alice.send(&room, &text).await.unwrap().0, text.clone()));
        if number % 50 == 0 {
            until(&bob, "the message", is_text(&text)).await;
            slowest = slowest.max(begun.elapsed());
        }
        if number == away / 2 {
            bob.sync().await.unwrap();
            let prepared = bob.prepare_commit(&room, PrepareOptions::default()).await.unwrap();
            let answer = bob.submit_prepared(&prepared).await.unwrap();
            assert!(matches!(answer, UpdateRoomResponse::Success { .. }), "{answer:?}");
            bob.confirm(prepared).await.unwrap();
            until(&alice, "bob's commit", |event| matches!(event, Event::Committed { .. })).await;
        }
    }
    println!("{away} messages, at most {slowest:?} from sending to reading while another follower was silent");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(taken.load(Ordering::Relaxed) >= 1, "the hub has not even tried");

    // The hub restarts meanwhile; then the provider is back.
    cluster.kill_and_restart("a.example");
    silence.abort();
    let _ = silence.await;
    cluster.start_provider("c.example");
    sent.push((alice.send(&room, "welcome back").await.unwrap().0, "welcome back".to_owned()));
    let seen = until(&cathy, "the last message", is_text("welcome back")).await;
    assert_eq!(messages(&seen), sent, "not exactly what was accepted, in its order");
    assert_eq!(seen.iter().filter(|event| matches!(event, Event::Committed { .. })).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_lost_after_acceptance_leads_to_no_duplicate() {
    // req: MP06-5.5-27, MP06-5.5-28, MP06-5.5-29
    let held = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [at_follower, at_hub] = [held[0].local_addr().unwrap(), held[1].local_addr().unwrap()];
    let routes = [("a.example", "b.example", at_follower), ("b.example", "a.example", at_hub)];
    let cluster = Cluster::start_rerouted(BINARY, &["a.example", "b.example"], &routes);
    let speaker = |from, to| Speaker::new(from, &cluster.identity(from), to, cluster.peer_address(to));
    let [to_follower, to_hub] = held.map(|listener| {
        listener.set_nonblocking(true).unwrap();
        TcpListener::from_std(listener).unwrap()
    });
    let alice = cluster.register("a.example", "alice", "A1", None).await;
    let bob = cluster.register("b.example", "bob", "B1", None).await;
    let room = alice.create_room("lossy").await.unwrap();

    // The first posts to the follower: the request for key material, then notifications.
    let upstream = speaker("a.example", "b.example");
    let (to_b, _) = record_losing(to_follower, &cluster.identity("b.example"), upstream, 4);
    let mut added = alice.add(&room, bob.user()).await;
    assert!(added.is_err(), "the answer was not lost");
    for _ in 0..5 {
        if added.is_err() {
            added = alice.add(&room, bob.user()).await;
        }
    }
    added.unwrap();
    let mut sent = Vec::new();
    for number in 0..10 {
        let text = format!("message {number}");
        sent.push((alice.send(&room, &text).await.unwrap().0, text));
    }
    let mut seen = until(&bob, "the last message", is_text("message 9")).await;
    let posted = to_b.lock().unwrap().clone();
    let again = posted.iter().enumerate().filter(|(at, post)| posted[..*at].iter().any(|old| old.body == post.body));
    assert!(again.count() >= 2, "no notification was repeated");

    // The hub takes bob's commit, and its provider never hears of it. Bob asks again with the same octets.
    let (to_a, _) = record_losing(to_hub, &cluster.identity("a.example"), speaker("b.example", "a.example"), 1);
    let prepared = bob.prepare_commit(&room, PrepareOptions::default()).await.unwrap();
    let unanswered = bob.submit_prepared(&prepared).await;
    assert!(unanswered.is_err(), "{unanswered:?}");
    assert_eq!(to_a.lock().unwrap().iter().filter(|post| post.endpoint() == "update").count(), 1);
    match bob.resume(&room).await {
        // His own commit came through the queue meanwhile.
        Ok(_) => {}
        // The hub has it already and is in the next epoch.
        Err(refused) => assert!(matches!(refused, ClientError::UpdateRefused(_)), "{refused:?}"),
    }
    seen.extend(until(&alice, "bob's commit", |event| matches!(event, Event::Committed { .. })).await);
    alice.send(&room, "after the commit").await.unwrap();
    let last = until(&bob, "the message after the commit", is_text("after the commit")).await;
    let (alices, bobs) = (alice.room(&room).await.unwrap(), bob.room(&room).await.unwrap());
    assert_eq!((alices.epoch, alices.epoch_authenticator), (bobs.epoch, bobs.epoch_authenticator));
    assert_eq!(seen.iter().filter(|event| joined(event)).count(), 1, "{seen:?}");
    assert_eq!(seen.iter().filter(|event| matches!(event, Event::Committed { .. })).count(), 1, "{seen:?}");
    assert_eq!(messages(&seen), sent);
    assert_eq!(messages(&last).len(), 1, "{last:?}");
}

async fn tls(scene: &Scene, address: SocketAddr, protocol: &[u8]) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut config = scene.identity("b.example").peer_client().unwrap();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("a.example").unwrap(), stream).await.unwrap()
}

/// Sends the beginning, then an octet every 100 ms, until the other side ends the connection; gives how long that took.
async fn drip(stream: impl AsyncReadExt + AsyncWriteExt + Unpin, begin: &[u8], octets: &[u8]) -> Duration {
    let begun = Instant::now();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let _ = writer.write_all(begin).await;
    let _ = writer.flush().await;
    let end = async {
        let mut buffer = [0; 1024];
        while reader.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
    };
    let dripping = async {
        for octet in octets.iter().cycle() {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if writer.write_all(&[*octet]).await.is_err() || writer.flush().await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = end => {}
        () = dripping => {}
        () = tokio::time::sleep(Duration::from_secs(25)) => {}
    }
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_loris_connections_are_cut_on_both_listeners_and_nobody_waits_for_them() {
    let scene = Scene::new(BINARY, &["a.example", "b.example"]);
    scene.configure("a.example", "", "[limits]\nrequest_seconds = 2\n[admin]\nport = 0");
    let served = scene.start("a.example");
    let alice = scene.register("a.example", "alice").await;
    let room = alice.create_room("busy").await.unwrap();
    let peers = scene.peer_address("a.example");
    let clients: SocketAddr =
        scene.client_config("a.example", "x").endpoint.trim_start_matches("https://").parse().unwrap();

    let mut kinds = Vec::new();
    for round in 0..10 {
        for (listener, address) in [("providers", peers), ("clients", clients)] {
            // A TLS record that claims more than ever comes, and nothing at all.
            let stream = TcpStream::connect(address).await.unwrap();
            kinds.push((format!("{listener}: TLS {round}"), tokio::spawn(drip(stream, &[22, 3, 1, 2], &[0]))));
            let stream = TcpStream::connect(address).await.unwrap();
            kinds.push((format!("{listener}: nothing {round}"), tokio::spawn(drip(stream, &[], &[]))));
            let stream = tls(&scene, address, b"h2").await;
            kinds.push((format!("{listener}: preface {round}"), tokio::spawn(drip(stream, b"PRI * HTTP/2.0", &[]))));
        }
        let stream = tls(&scene, peers, b"http/1.1").await;
        kinds.push((format!("head {round}"), tokio::spawn(drip(stream, b"GET / HTTP/1.1\r\nx: ", b"x"))));
        let stream = tls(&scene, peers, b"http/1.1").await;
        let head =
            b"POST /v1/notify/x HTTP/1.1\r\nhost: a.example\r\nfrom: mimi@b.example\r\ncontent-length: 60000\r\n\r\n";
        kinds.push((format!("body {round}"), tokio::spawn(drip(stream, head, b"x"))));
    }
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let begun = Instant::now();
        alice.send(&room, &format!("undisturbed {number}")).await.unwrap();
        slowest = slowest.max(begun.elapsed());
    }
    let count = kinds.len();
    for (kind, connection) in kinds {
        let took = connection.await.unwrap();
        assert!(took < Duration::from_secs(10), "{kind} was held for {took:?}");
    }
    println!("{count} slow connections were cut; a message took {slowest:?} at most meanwhile");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    eventually("no connection of a slow peer is left", Duration::from_secs(5), || {
        served.metric("mimi_connections{listener=\"providers\"}") == 0.0
            && served.metric("mimi_connections{listener=\"clients\"}") <= 1.0
    });
    alice.send(&room, "afterwards").await.unwrap();
}
