//! Enqueue authorization (draft-robert-mimi-delivery-service): what a follower takes that asks hubs for tokens, and what a hub shows.

use mimi_arch::ClientUri;
use mimi_ds::{
    Effect, Store,
    follower::{FanoutDecision, FanoutFacts, NotifyRefusal, accept_fanout},
};
use mimi_protocol::{enqueue_authorization::FanoutAuthToken, notify::FanoutMessage};

use crate::{
    flow::send_sealed,
    follower::{Follower, deliveries, posted},
    support::*,
};

fn token(octet: u8) -> FanoutAuthToken {
    FanoutAuthToken::new([octet; 16])
}

fn bob(device: &str) -> ClientUri {
    format!("mimi://b.example/d/bob/{device}").parse().unwrap()
}

fn expects(follower: &Follower, device: &str, octet: u8) {
    let token = Some(token(octet));
    follower.store.commit(vec![Effect::ExpectToken { room: room_uri(), client: bob(device), token }]).unwrap();
}

fn decide(
    follower: &Follower,
    messages: &[FanoutMessage],
    shown: &[FanoutAuthToken],
) -> Result<FanoutDecision, NotifyRefusal> {
    let hub = domain("a.example");
    let mut facts = FanoutFacts::read(&follower.store, &hub, &room_uri(), messages).unwrap();
    facts.demand_tokens(&follower.store, &room_uri(), shown.to_vec()).unwrap();
    accept_fanout(&hub, &domain("b.example"), &room_uri(), messages, &facts)
}

// req: DS06-4.6-03
#[test]
fn a_client_gets_something_only_if_its_token_is_shown() {
    let mut world = World::three();
    let follower = Follower::new("b.example");
    for device in ["1", "2"] {
        let join = Effect::JoinLocal { room: room_uri(), client: bob(device) };
        follower.store.commit(vec![join]).unwrap();
    }
    world.effects.clear();
    send_sealed(&mut world, "alice");
    let messages = posted(&mut world, "b.example");
    assert_eq!(
        decide(&follower, &messages, &[token(1)]),
        Err(NotifyRefusal::NotAuthorized),
        "nobody has given a token"
    );
    expects(&follower, "1", 1);
    expects(&follower, "2", 2);
    assert_eq!(decide(&follower, &messages, &[]), Err(NotifyRefusal::NotAuthorized));
    assert_eq!(decide(&follower, &messages, &[token(3)]), Err(NotifyRefusal::NotAuthorized));
    let decision = decide(&follower, &messages, &[token(3), token(2)]).unwrap();
    assert_eq!(deliveries(&decision.effects), ["2 application"]);
    assert_eq!(decision.unauthorized.into_iter().collect::<Vec<_>>(), [bob("1")]);
    let decision = decide(&follower, &messages, &[token(2), token(1)]).unwrap();
    assert_eq!(deliveries(&decision.effects), ["1 application", "2 application"]);
    // What was refused left nothing behind, so that the hub can send it again.
    assert!(!follower.store.knows_room(&domain("a.example"), &room_uri()).unwrap());
}

#[test]
fn a_welcome_for_a_key_package_without_a_token_is_refused() {
    let mut world = World::alone();
    let follower = Follower::new("b.example");
    let client = Client::new(bob("1").as_str());
    let key_package = client.key_package();
    follower.owns(&client, &key_package);
    world.route(&key_package, "b.example");
    let list = vec![adding(&[&client.user()])];
    world.clients.insert("bob", client);
    let bundle = world.client("alice").commit(Commit { adds: vec![key_package.clone()], list, ..Default::default() });
    let _ = world.accept("alice", bundle);
    let messages = posted(&mut world, "b.example");
    assert_eq!(decide(&follower, &messages, &[token(1)]), Err(NotifyRefusal::NotAuthorized));
    assert!(follower.store.key_package_owner(&key_package.reference().unwrap()).unwrap().is_some());
    assert_eq!(deliveries(&follower.take(&messages)), ["1 joins", "1 welcome"], "where nobody asks for tokens");
}

// req: DS06-4.6-02, DS06-4.6-04
#[test]
fn a_hub_shows_a_retired_token_until_nothing_waits_for_its_provider() {
    let follower = Follower::new("a.example");
    let (store, to) = (&follower.store, domain("b.example"));
    let put = |octet| Effect::PutToken { room: room_uri(), client: bob("1"), token: token(octet) };
    let wait = || Effect::Enqueue { to: domain("b.example"), room: room_uri(), message: [0; 12].into() };
    let shown = || store.tokens_to_show(&domain("b.example"), &room_uri()).unwrap();
    let send = || {
        let up_to = store.outbox(&to, &room_uri(), 0, 1, 100).unwrap()[0].id;
        store.commit(vec![Effect::Sent { to: to.clone(), room: room_uri(), after: 0, up_to }]).unwrap();
    };
    store.commit(vec![put(1), wait()]).unwrap();
    store.commit(vec![put(2), wait()]).unwrap();
    assert_eq!(shown(), [token(2), token(1)]);
    send();
    assert_eq!(shown(), [token(2), token(1)], "one more waits");
    send();
    assert_eq!(shown(), [token(2)]);
    store.commit(vec![Effect::RetireToken { room: room_uri(), client: bob("1") }, wait()]).unwrap();
    assert_eq!(shown(), [token(2)], "the last commit has to arrive");
    send();
    assert_eq!(shown(), []);
    assert_eq!(store.tokens_to_show(&domain("c.example"), &room_uri()).unwrap(), []);
}
