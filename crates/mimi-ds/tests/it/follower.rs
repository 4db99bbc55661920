//! What a follower does with what a hub sends (section 5.5).

use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    follower::{FanoutFacts, NotifyRefusal, accept_fanout, fanout_digest},
    store::Conflict,
};
use mimi_protocol::{Wire, notify::FanoutMessage};

use crate::{
    flow::{group_info_request, send},
    support::*,
};

/// What the hub has put into the outbox for a provider since the last call.
pub(crate) fn posted(world: &mut World, provider: &str) -> Vec<FanoutMessage> {
    let to_provider = |effect: Effect| match effect {
        Effect::Enqueue { to, message, .. } if to.as_str() == provider => {
            Some(FanoutMessage::from_bytes(&message).unwrap())
        }
        _ => None,
    };
    world.effects.drain(..).filter_map(to_provider).collect()
}

pub(crate) fn deliveries(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .flat_map(|effect| match effect {
            Effect::Deliver { to, message, .. } => {
                to.iter().map(|to| format!("{} {}", to.device(), kind(message))).collect()
            }
            Effect::JoinLocal { client, .. } => vec![format!("{} joins", client.device())],
            Effect::LeaveLocal { client, .. } => vec![format!("{} leaves", client.device())],
            _ => Vec::new(),
        })
        .collect()
}

pub(crate) struct Follower {
    own: &'static str,
    pub(crate) store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Follower {
    pub(crate) fn new(own: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { own, store: SqliteStore::open(folder.path().join("f.sqlite")).unwrap(), _folder: folder }
    }

    pub(crate) fn owns(&self, client: &Client, key_package: &mimi_protocol::mls::KeyPackage) {
        let put = Effect::PutKeyPackage {
            client: client.uri.clone(),
            user: client.user(),
            reference: key_package.reference().unwrap(),
            bytes: key_package.as_bytes().to_vec(),
            not_after: u64::MAX,
            last_resort: false,
        };
        self.store.commit(vec![put]).unwrap();
    }

    pub(crate) fn registers(&self, client: &Client) {
        let digest = <sha2::Sha256 as sha2::Digest>::digest(client.uri.as_str()).into();
        let account = Effect::PutAccount { user: client.user(), secret_digest: digest };
        let put = Effect::PutClient { client: client.uri.clone(), user: client.user(), token_digest: digest };
        self.store.commit(vec![account, put]).unwrap();
    }

    /// A client of any user, with or without others of the same user before.
    pub(crate) fn registers_client(&self, client: &Client) {
        let digest = <sha2::Sha256 as sha2::Digest>::digest(client.uri.as_str()).into();
        let _ = self.store.commit(vec![Effect::PutAccount { user: client.user(), secret_digest: digest }]);
        let put = Effect::PutClient { client: client.uri.clone(), user: client.user(), token_digest: digest };
        self.store.commit(vec![put]).unwrap();
    }

    pub(crate) fn take(&self, messages: &[FanoutMessage]) -> Vec<Effect> {
        let hub = domain("a.example");
        let facts = FanoutFacts::read(&self.store, &hub, &room_uri(), messages).unwrap();
        let effects = accept_fanout(&hub, &domain(self.own), &room_uri(), messages, &facts).unwrap().effects;
        self.store.commit(effects.clone()).unwrap();
        effects
    }
}

#[test]
fn a_welcome_goes_to_the_owner_of_the_key_package_and_later_events_to_the_members() {
    // req: MP06-3.2-15
    // req: MP06-3.3-07
    // req: MP06-5.5-01
    // req: MP06-5.5-15
    let follower = Follower::new("b.example");
    let mut world = World::alone();
    let bob = Client::new("mimi://b.example/d/bob/1");
    let bob_phone = bob.uri.clone();
    let key_package = bob.key_package();
    follower.owns(&bob, &key_package);
    world.route(&key_package, "b.example");
    let commit = Commit { adds: vec![key_package.clone()], list: vec![adding(&[&bob.user()])], ..Default::default() };
    world.clients.insert("bob", bob);
    let bundle = world.client("alice").commit(commit);
    let _ = world.accept("alice", bundle);
    let effects = follower.take(&posted(&mut world, "b.example"));
    assert_eq!(deliveries(&effects), ["1 joins", "1 welcome"]);
    assert_eq!(follower.store.key_package_owner(&key_package.reference().unwrap()).unwrap(), None);

    let _ = send(&mut world, "alice", "hello");
    let bundle = world.client("alice").commit(Commit { path: true, ..Default::default() });
    let _ = world.accept("alice", bundle);
    let effects = follower.take(&posted(&mut world, "b.example"));
    assert_eq!(deliveries(&effects), ["1 application", "1 commit"]);

    // A second device joins by external commit: its provider learns of it in the room's order.
    let mut tablet = Client::new("mimi://b.example/d/bob/2");
    follower.registers(&tablet);
    let given = world.room.group_info(&domain("b.example"), &group_info_request(&tablet)).unwrap();
    let join = tablet.join(&given, None);
    world.clients.insert("bob2", tablet);
    let _ = world.accept("bob2", join);
    let _ = send(&mut world, "alice", "hello both");
    let messages = posted(&mut world, "b.example");
    let elsewhere = Follower::new("b.example");
    elsewhere.store.commit(vec![Effect::JoinLocal { room: room_uri(), client: bob_phone }]).unwrap();
    assert_eq!(
        deliveries(&elsewhere.take(&messages)),
        ["1 commit", "1 application"],
        "the tablet is not registered there"
    );
    let effects = follower.take(&messages);
    assert_eq!(deliveries(&effects), ["2 joins", "1 commit", "2 commit", "1 application", "2 application"]);
}

#[test]
fn what_is_for_nobody_in_a_room_nobody_has_been_in_is_refused_and_not_remembered() {
    let follower = Follower::new("c.example");
    let mut world = World::three();
    world.effects.clear();
    let _ = send(&mut world, "alice", "1");
    let messages = posted(&mut world, "c.example");
    let (hub, own) = (domain("a.example"), domain("c.example"));
    let facts = FanoutFacts::read(&follower.store, &hub, &room_uri(), &messages).unwrap();
    let refused = accept_fanout(&hub, &own, &room_uri(), &messages, &facts);
    assert_eq!(refused, Err(NotifyRefusal::UnknownRoom(room_uri())));
    assert!(!follower.store.knows_room(&hub, &room_uri()).unwrap());

    // A room that the last client has left is still known: what was under way is taken and dropped.
    let cathy = world.client("cathy").uri.clone();
    follower.store.commit(vec![Effect::JoinLocal { room: room_uri(), client: cathy.clone() }]).unwrap();
    assert_eq!(deliveries(&follower.take(&messages)), ["1 application"]);
    follower.store.commit(vec![Effect::LeaveLocal { room: room_uri(), client: cathy }]).unwrap();
    let _ = send(&mut world, "alice", "2");
    assert!(deliveries(&follower.take(&posted(&mut world, "c.example"))).is_empty());
}

#[test]
fn what_was_processed_before_has_no_effect_in_whatever_batch_it_comes() {
    // req: MP06-5.5-27
    // req: MP06-5.5-28
    // req: MP06-5.5-29
    // req: MP06-5.5-30
    let follower = Follower::new("c.example");
    let mut world = World::three();
    world.effects.clear();
    let _ = send(&mut world, "cathy", "1");
    let _ = send(&mut world, "cathy", "2");
    let messages = posted(&mut world, "c.example");
    let cathy = world.client("cathy").uri.clone();
    follower.store.commit(vec![Effect::JoinLocal { room: room_uri(), client: cathy }]).unwrap();
    assert_eq!(deliveries(&follower.take(&messages[..1])), ["1 application"]);
    assert_eq!(deliveries(&follower.take(&messages)), ["1 application"]);
    assert_eq!(follower.take(&messages), []);
    // Twice in one request is once.
    let _ = send(&mut world, "cathy", "3");
    let third = posted(&mut world, "c.example")[0].clone();
    assert_eq!(deliveries(&follower.take(&[third.clone(), third.clone()])), ["1 application"]);

    // Two requests at once: the slower one conflicts as a whole.
    let hub = domain("a.example");
    let stale = FanoutFacts { known_room: true, ..Default::default() };
    let decision =
        accept_fanout(&hub, &domain("c.example"), &room_uri(), std::slice::from_ref(&third), &stale).unwrap();
    assert_eq!(follower.store.commit(decision.effects), Err(StoreError::Conflict(Conflict::FanoutSeen)));
    assert!(follower.store.seen_fanout(&hub, &room_uri(), &fanout_digest(&third).unwrap()).unwrap());
}

#[test]
fn only_the_hub_of_a_room_speaks_for_it() {
    let mut world = World::three();
    world.effects.clear();
    let _ = send(&mut world, "cathy", "1");
    let messages = posted(&mut world, "c.example");
    let own = domain("c.example");
    let facts = FanoutFacts::default();
    let impostor = accept_fanout(&domain("b.example"), &own, &room_uri(), &messages, &facts);
    assert!(matches!(impostor, Err(NotifyRefusal::NotTheHub { .. })));
    let itself = accept_fanout(&domain("a.example"), &domain("a.example"), &room_uri(), &messages, &facts);
    assert_eq!(itself, Err(NotifyRefusal::Own(domain("a.example"))));
    let other_room = "mimi://a.example/r/other".parse().unwrap();
    let elsewhere = accept_fanout(&domain("a.example"), &own, &other_room, &messages, &facts);
    assert_eq!(elsewhere, Err(NotifyRefusal::WrongGroup));
}
