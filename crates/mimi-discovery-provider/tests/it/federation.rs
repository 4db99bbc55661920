//! Providers that exchange records come to one state; one that lies does not get through.

use std::collections::BTreeMap;
use std::time::Duration;

use mimi_arch::codec::Wire as _;
use mimi_discovery::push::{Push, PushResponse};
use mimi_discovery_provider::{Observer, Peers, paths};

use super::support::*;

#[tokio::test]
async fn two_providers_push_to_each_other_until_both_have_the_same() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let names = ["dp1.example", "dp2.example"];
    let sockets = [socket().await, socket().await];
    let addresses: BTreeMap<_, _> =
        names.iter().zip(&sockets).map(|(name, socket)| (domain(name), socket.local_addr().unwrap())).collect();
    let mut dps = Vec::new();
    for (name, socket) in names.into_iter().zip(sockets) {
        let others = addresses.iter().filter(|(other, _)| **other != domain(name)).map(|(d, a)| (d.clone(), *a));
        dps.push(provider(&ca, name, folder.path(), socket, &others.collect(), Observer::default()).await);
    }
    let msp = Peers::new(ca.tls(MSP, true).client, &addresses).unwrap();
    let register = async |dp: usize, record: mimi_discovery::Record| {
        let body = record.to_bytes().unwrap();
        msp.post(&domain(names[dp]), paths::REGISTER, "application/octet-stream", body).await.unwrap();
    };
    for number in 0..30 {
        register((number % 2) as usize, Person::numbered(number).at(1, &["b.example"])).await;
    }
    register(0, Person::numbered(1).at(2, &["c.example"])).await;
    register(1, Person::numbered(2).gone(2)).await;
    let contents = |dp: usize| dps[dp].store().contents().unwrap();
    for _ in 0..100 {
        if contents(0) == contents(1) && contents(0).len() == 29 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(contents(0).len(), 29);
    assert_eq!(contents(0), contents(1));
}

#[tokio::test]
async fn forged_records_in_a_push_are_dropped_and_the_others_taken() {
    let (ca, folder) = (Ca::new(), tempfile::tempdir().unwrap());
    let socket = socket().await;
    let address = socket.local_addr().unwrap();
    let other = BTreeMap::from([(domain("dp2.example"), "127.0.0.1:1".parse().unwrap())]);
    let dp = provider(&ca, DP, folder.path(), socket, &other, Observer::default()).await;
    let peer = Peers::new(ca.tls("dp2.example", true).client, &BTreeMap::from([(domain(DP), address)])).unwrap();
    let mut forged = Person::numbered(1).at(1, &["evil.example"]).to_bytes().unwrap();
    *forged.last_mut().unwrap() ^= 1;
    let forged = mimi_discovery::Record::from_bytes(&forged).unwrap();
    let push = Push { records: vec![forged, Person::numbered(2).at(1, &["b.example"])] };
    let answer =
        peer.post(&domain(DP), paths::PUSH, "application/octet-stream", push.to_bytes().unwrap()).await.unwrap();
    assert_eq!(PushResponse::from_bytes(&answer).unwrap(), PushResponse { applied: 1, refused: 1 });
    assert_eq!(dp.store().contents().unwrap().len(), 1);
}
