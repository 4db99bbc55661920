//! What each party sees in each mode: recorded by the parties themselves, and asserted (R6).

use std::collections::BTreeSet;
use std::net::IpAddr;

use mimi_arch::codec::Wire as _;
use mimi_discovery_provider::{Party, Seen, paths};

use super::support::*;

pub(crate) fn contains(octets: &[u8], part: &[u8]) -> bool {
    octets.windows(part.len()).any(|window| window == part)
}

/// All that a party sees, as one heap of octets.
pub(crate) fn everything(seen: &Seen) -> Vec<u8> {
    let headers: String = seen.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    [seen.path.as_bytes(), headers.as_bytes(), &seen.body, seen.opened.as_deref().unwrap_or_default(), &seen.answer]
        .concat()
}

pub(crate) fn of(world: &World, party: Party, path: &str) -> Vec<Seen> {
    let seen = world.seen.lock().unwrap();
    seen.iter().filter(|seen| seen.party == party && seen.path.starts_with(path)).cloned().collect()
}

#[tokio::test]
async fn r6_nobody_sees_both_who_asks_and_for_whom() {
    // req: UD03-11-01, UD03-11-02, UD03-11-03, UD03-11-04, UD03-11-05
    let world = World::new().await;
    let bob = Person::with_number("+12125551212");
    world.register(&bob.at(1, &["b.example"])).await;
    world.look_up(&bob.csi, world.token()).await.unwrap();
    world.look_up_b(&bob.csi, world.token()).await;
    let (value, key) = (bob.csi.value().as_bytes(), bob.csi.key().0);

    // The relay sees the asker's address, no certificate, and nothing of the identifier or of what was found.
    let relayed = of(&world, Party::Relay, paths::RELAY);
    assert_eq!(relayed.len(), 3, "one look-up of mode S, an evaluation and a bucket of mode B");
    for seen in &relayed {
        assert_eq!((seen.certificate.as_ref(), seen.from), (None, IpAddr::from([127, 0, 0, 1])));
        for secret in [value, &key, b"b.example", b"carrier.example"] {
            assert!(!contains(&everything(seen), secret));
        }
    }

    // The discovery provider sees the relay and nobody else: neither account nor certificate nor header of the asker.
    let gateway = of(&world, Party::DiscoveryProvider, paths::GATEWAY);
    assert_eq!(gateway.len(), 3);
    for (seen, at_relay) in gateway.iter().zip(&relayed) {
        assert_eq!(seen.certificate, Some(domain(RELAY)));
        let names: BTreeSet<&str> = seen.headers.iter().map(|(name, _)| name.as_str()).collect();
        let of_relay = BTreeSet::from(["accept", "content-length", "content-type", "host"]);
        assert!(names.is_subset(&of_relay), "{names:?}");
        assert_eq!(seen.body, at_relay.body, "the relay adds nothing");
    }
    // In mode S it sees whom is asked for; in mode B not even that.
    let opened: Vec<_> = gateway.iter().map(|seen| seen.opened.clone().unwrap()).collect();
    assert!(contains(&opened[0], value));
    for opened in &opened[1..] {
        assert!(!contains(opened, value) && !contains(opened, &key));
    }
}

#[tokio::test]
async fn sizes_do_not_depend_on_the_identifier_or_on_whether_it_exists() {
    let world = World::new().await;
    let long = format!("{}@{}.example", "b".repeat(60), "c".repeat(60));
    let people = [
        Person::with_number("+12125551212"),
        Person::with_number("+4930901820"),
        Person::new(mimi_discovery::Csi::parse(&long).unwrap()),
        Person::with_number("+390669883145"),
    ];
    world.register(&people[0].at(1, &["b.example"])).await;
    let many: Vec<_> = (0..6).map(|n| format!("m{n}.example")).collect();
    world.register(&people[1].at(1, &many.iter().map(String::as_str).collect::<Vec<_>>())).await;
    for person in &people {
        world.look_up(&person.csi, world.token()).await.unwrap();
        world.look_up_b(&person.csi, world.token()).await;
    }
    // A token that is refused looks the same to the relay.
    let spent = world.token();
    world.look_up(&people[0].csi, spent.clone()).await.unwrap();
    world.look_up(&people[0].csi, spent).await.unwrap_err();
    let mut sizes = BTreeSet::new();
    for seen in of(&world, Party::Relay, paths::RELAY) {
        sizes.insert((seen.body.len(), seen.answer.len()));
    }
    let requests: BTreeSet<_> = sizes.iter().map(|(request, _)| *request).collect();
    assert_eq!(requests.len(), 1, "all requests of all modes have one size: {sizes:?}");
    assert_eq!(sizes.len(), 3, "one size of answers for look-ups, one for evaluations, one for buckets: {sizes:?}");
}

#[tokio::test]
async fn two_look_ups_of_one_asker_have_nothing_in_common() {
    let world = World::new().await;
    let bob = Person::with_number("+12125551212");
    let tokens = world.tokens(2);
    for token in tokens {
        world.look_up(&bob.csi, token).await.unwrap();
    }
    let relayed = of(&world, Party::Relay, paths::RELAY);
    let shared = |a: &[u8], b: &[u8]| a.windows(16).filter(|part| contains(b, part)).count();
    // Key identifier and algorithms are at the beginning, seven octets.
    assert_eq!(shared(&relayed[0].body, &relayed[1].body), 0);
    let gateway = of(&world, Party::DiscoveryProvider, paths::GATEWAY);
    let tokens: Vec<_> = gateway
        .iter()
        .map(|seen| mimi_discovery::lookup::s::LookupRequest::from_bytes(seen.opened.as_ref().unwrap()).unwrap().token)
        .map(|token| token.to_bytes().unwrap())
        .collect();
    // Type, challenge and key are those of all askers of the messaging provider on that day; nonce and authenticator are fresh.
    assert_ne!(tokens[0][2..34], tokens[1][2..34]);
    assert_ne!(tokens[0][98..], tokens[1][98..]);
}
