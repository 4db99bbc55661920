//! Who may do what, and what is no request at all.

use mimi_arch::codec::Wire as _;
use mimi_discovery::push::Push;
use mimi_discovery_provider::{PeerError, paths};

use super::support::*;

const WIRE: &str = "application/octet-stream";

fn status<T: std::fmt::Debug>(result: Result<T, PeerError>) -> u16 {
    match result.unwrap_err() {
        PeerError::Status { status, .. } => status.as_u16(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn each_endpoint_takes_requests_of_those_alone_whom_it_is_for() {
    let world = World::new().await;
    let record = Person::with_number("+12125551212").at(1, &["b.example"]).to_bytes().unwrap();
    let push = Push::default().to_bytes().unwrap();
    let (msp, relay, stranger) = (world.peers_of(MSP), world.peers_of(RELAY), world.peers_of("z.example"));
    let dp = domain(DP);
    for other in [&relay, &stranger] {
        assert_eq!(status(other.post(&dp, paths::REGISTER, WIRE, record.clone()).await), 403);
    }
    for other in [&msp, &stranger] {
        assert_eq!(status(other.post(&dp, paths::GATEWAY, paths::OHTTP_REQUEST, vec![1; 600]).await), 403);
        assert_eq!(status(other.post(&dp, paths::PUSH, WIRE, push.clone()).await), 403);
    }
    stranger.get(&dp, paths::CONFIG).await.unwrap();
    stranger.get(&dp, paths::SNAPSHOT).await.unwrap();
    assert_eq!(status(stranger.get(&dp, paths::DIRECTORY).await), 404);
    assert_eq!(status(stranger.get(&dp, "/discovery/0/elsewhere").await), 404);
    assert_eq!(status(msp.get(&dp, paths::REGISTER).await), 405);
    assert_eq!(world.dp.store().figures().unwrap().identifiers, 0, "what was refused left no trace");
}

#[tokio::test]
async fn who_shows_no_certificate_does_not_get_to_the_provider() {
    let world = World::new().await;
    let addresses = [(domain(DP), world.dp.address())].into();
    let anonymous = mimi_discovery_provider::Peers::new(world.ca.anonymous(), &addresses).unwrap();
    assert!(matches!(anonymous.get(&domain(DP), paths::CONFIG).await, Err(PeerError::Http { .. })));
}

#[tokio::test]
async fn malformed_requests_are_refused() {
    let world = World::new().await;
    let (msp, relay, dp) = (world.peers_of(MSP), world.peers_of(RELAY), domain(DP));
    let record = Person::with_number("+12125551212").at(1, &["b.example"]).to_bytes().unwrap();
    for broken in [&record[..record.len() - 1], &[], &[9, 9, 9]] {
        assert_eq!(status(msp.post(&dp, paths::REGISTER, WIRE, broken.to_vec()).await), 400);
    }
    // A declared length of 2^30-1 octets with nothing behind it.
    assert_eq!(status(msp.post(&dp, paths::REGISTER, WIRE, vec![1, 0, 1, 0xbf, 0xff, 0xff, 0xff]).await), 400);
    let config = world.config().await;
    let (request, _) = mimi_discovery::lookup::s::ask(&config, &Person::numbered(1).csi, world.token()).unwrap();
    for place in [0, 1, 5, 40, request.len() - 1] {
        let mut changed = request.clone();
        changed[place] ^= 1;
        assert_eq!(status(relay.post(&dp, paths::GATEWAY, paths::OHTTP_REQUEST, changed).await), 400, "octet {place}");
    }
    for cut in [0, 10, request.len() - 1] {
        assert_eq!(status(relay.post(&dp, paths::GATEWAY, paths::OHTTP_REQUEST, request[..cut].to_vec()).await), 400);
    }
    assert_eq!(status(relay.post(&dp, paths::GATEWAY, WIRE, request).await), 415);
    assert_eq!(world.dp.store().figures().unwrap().spent_tokens, 0, "nobody's token was spent");
}

#[tokio::test]
async fn the_relay_forwards_to_those_alone_whom_it_is_set_up_with() {
    let world = World::new().await;
    let peers = world.peers_of("z.example");
    let relay = domain(RELAY);
    let path = |dp: &str| format!("{}{dp}", paths::RELAY);
    assert_eq!(status(peers.post(&relay, &path("evil.example"), paths::OHTTP_REQUEST, vec![0; 600]).await), 403);
    assert_eq!(status(peers.post(&relay, &path("127.0.0.1"), paths::OHTTP_REQUEST, vec![0; 600]).await), 403);
    assert_eq!(status(peers.post(&relay, &path(DP), paths::OHTTP_REQUEST, vec![0; 5000]).await), 413);
    assert_eq!(status(peers.post(&relay, &path(DP), WIRE, vec![0; 600]).await), 415);
    assert_eq!(status(peers.post(&relay, "/", paths::OHTTP_REQUEST, vec![0; 600]).await), 404);
    assert_eq!(status(peers.get(&relay, &path(DP)).await), 405);
    assert_eq!(status(peers.post(&relay, &path(DP), paths::OHTTP_REQUEST, vec![0; 600]).await), 400);
}
