//! A follower keeps from its clients what is not for them any more (sections 5.3 and 5.5), by what it sees of leaves and proposals.

use mimi_ds::{
    Effect, Store,
    follower::{LeavesHead, StoredLeaves},
};
use mimi_protocol::{
    AcceptedTimestamp,
    mls::{
        CommitView, LeafNodeSource, MlsMessage, ProposalOrRef, ProposalView, PublicContent, PublicMessageView, Sender,
        UpdatePath,
        external_proposal::{Framing, external_proposal},
    },
    notify::{FanoutEvent, FanoutMessage},
    ratchet_tree::RatchetTreeOption,
    update::HandshakeBundle,
};

use crate::{
    flow::{group_info_request, send_sealed},
    follower::{Follower, deliveries, posted},
    support::*,
};

const BOB: &str = "mimi://b.example/d/bob/b1";
const TABLET: &str = "mimi://b.example/d/bob/b2";
const BRIT: &str = "mimi://b.example/d/brit/e1";

/// Alice at the hub; Bob with two clients and Brit at one follower: leaves 0, 1, 2, 3.
struct Scene {
    world: World,
    follower: Follower,
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self { world: World::alone(), follower: Follower::new("b.example") };
        scene.add("alice", &[("bob", BOB), ("tablet", TABLET)]);
        scene.add("alice", &[("brit", BRIT)]);
        assert_eq!(scene.leaves(), [(0, "1"), (1, "b1"), (2, "b2"), (3, "e1")]);
        scene
    }

    /// One client adds a user's clients; the follower knows their key packages.
    fn add(&mut self, by: &str, new: &[(&'static str, &str)]) -> Vec<String> {
        let clients: Vec<Client> = new.iter().map(|(_, uri)| Client::new(uri)).collect();
        let adds: Vec<_> = clients.iter().map(Client::key_package).collect();
        for (client, key_package) in clients.iter().zip(&adds) {
            self.follower.owns(client, key_package);
            self.world.route(key_package, client.uri.domain().as_str());
        }
        let user = clients[0].user();
        let list = match self.world.room.role(&user) {
            Some(_) => vec![],
            None => vec![adding(&[&user])],
        };
        self.world.clients.extend(new.iter().map(|(name, _)| *name).zip(clients));
        let bundle = self.world.client(by).commit(Commit { adds, list, ..Default::default() });
        self.accept(by, bundle)
    }

    /// The hub accepts, the follower takes what comes of it; what it gives to whom.
    fn accept(&mut self, by: &str, bundle: HandshakeBundle) -> Vec<String> {
        let _ = self.world.accept(by, bundle);
        self.pass_on()
    }

    fn pass_on(&mut self) -> Vec<String> {
        let messages = posted(&mut self.world, "b.example");
        if messages.is_empty() { vec![] } else { deliveries(&self.follower.take(&messages)) }
    }

    fn send(&mut self, by: &str) -> Vec<String> {
        send_sealed(&mut self.world, by);
        self.pass_on()
    }

    fn commit(&mut self, by: &str, commit: Commit) -> Vec<String> {
        let bundle = self.world.client(by).commit(commit);
        self.accept(by, bundle)
    }

    /// Proposals that take a user off the list, with the user's clients.
    fn propose_removal(&mut self, by: &str, of: &str) -> Vec<String> {
        let user = self.world.client(of).user();
        let leaves: Vec<u32> = self
            .world
            .room
            .members()
            .filter(|m| m.user == user)
            .filter_map(|m| self.world.room.leaf_of(&m.client))
            .collect();
        let index = self.world.room.participant_list().index_of(&user).unwrap();
        let client = self.world.client(by);
        let more = leaves.iter().map(|leaf| client.propose_remove(*leaf)).collect();
        let first = client.propose_list(removing(&[index]));
        client.forget_proposals();
        self.accept(by, HandshakeBundle::Proposals { first, more })
    }

    fn stored(&self) -> StoredLeaves {
        self.follower.store.followed_leaves(&room_uri(), None).unwrap()
    }

    fn leaves(&self) -> Vec<(u32, &'static str)> {
        let name = |device: &str| ["1", "b1", "b2", "e1"].into_iter().find(|name| *name == device).unwrap();
        self.stored().leaves.iter().map(|(leaf, client)| (*leaf, name(&client.device()))).collect()
    }
}

#[test]
fn who_is_kicked_gets_the_commit_that_says_so_and_nothing_after_it() {
    // req: MP06-5.3-06
    // req: MP06-5.5-19
    let mut scene = Scene::new();
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application", "e1 application"]);
    let commit = Commit { removes: vec![2], ..Default::default() };
    assert_eq!(scene.commit("alice", commit), ["b1 commit", "b2 commit", "e1 commit", "b2 leaves"]);
    assert_eq!(scene.leaves(), [(0, "1"), (1, "b1"), (3, "e1")]);
    assert_eq!(scene.send("alice"), ["b1 application", "e1 application"]);
    assert_eq!(scene.commit("alice", Commit { path: true, ..Default::default() }), ["b1 commit", "e1 commit"]);
}

#[test]
fn who_leaves_gets_no_messages_until_the_commit_and_nothing_after_it() {
    // req: MP06-5.3-06
    // req: MP06-5.5-19
    let mut scene = Scene::new();
    let leave = scene.world.client("bob").leave(&[2]);
    assert_eq!(scene.accept("bob", leave), ["b1 proposals", "b2 proposals", "e1 proposals"]);
    assert_eq!(scene.send("alice"), ["e1 application"]);
    let committed = scene.commit("brit", Commit::default());
    assert_eq!(committed, ["b1 commit", "b2 commit", "e1 commit", "b1 leaves", "b2 leaves"]);
    assert_eq!(scene.send("alice"), ["e1 application"]);
    assert_eq!(scene.stored().waiting, Vec::<Vec<u8>>::new());
}

#[test]
fn whose_removal_from_the_list_is_accepted_gets_no_messages() {
    // req: MP06-5.3-06
    let mut scene = Scene::new();
    scene.propose_removal("alice", "brit");
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application"]);
    assert_eq!(scene.commit("bob", Commit::default()).last().unwrap(), "e1 leaves");
}

#[test]
fn a_kick_that_waits_takes_no_messages_from_anybody() {
    let mut scene = Scene::new();
    let first = scene.world.client("alice").propose_remove(3);
    scene.world.client("alice").forget_proposals();
    let _ = scene.accept("alice", HandshakeBundle::Proposals { first, more: vec![] });
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application", "e1 application"]);
    // Nor one of one client of two, while somebody else leaves.
    let first = scene.world.client("alice").propose_remove(2);
    scene.world.client("alice").forget_proposals();
    scene.accept("alice", HandshakeBundle::Proposals { first, more: vec![] });
    let index = scene.world.room.participant_list().index_of(&user("mimi://b.example/u/brit")).unwrap();
    let first = scene.world.client("alice").propose_list(removing(&[index]));
    scene.world.client("alice").forget_proposals();
    scene.accept("alice", HandshakeBundle::Proposals { first, more: vec![] });
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application"]);
}

#[test]
fn with_the_last_client_all_that_is_known_of_a_room_goes() {
    let mut scene = Scene::new();
    let remove = |removes| Commit { removes, list: vec![removing(&[1])], ..Default::default() };
    let _ = scene.commit("alice", remove(vec![1, 2]));
    let committed = scene.commit("alice", remove(vec![3]));
    assert_eq!(committed, ["e1 commit", "e1 leaves"]);
    assert_eq!(scene.stored(), StoredLeaves::default());
    assert!(scene.follower.store.local_members(&room_uri()).unwrap().is_empty());
    assert_eq!(scene.send("alice"), Vec::<String>::new());

    // A Welcome brings everything back.
    assert_eq!(scene.add("alice", &[("tablet", TABLET)]), ["b2 joins", "b2 welcome"]);
    assert_eq!(scene.leaves(), [(0, "1"), (1, "b2")]);
    assert_eq!(scene.send("alice"), ["b2 application"]);
}

#[test]
fn who_comes_back_by_external_commit_gets_what_follows() {
    let mut scene = Scene::new();
    let _ = scene.commit("alice", Commit { removes: vec![1], ..Default::default() });
    let mut again = Client::new(BOB);
    scene.follower.registers(&again);
    // The client has told its provider that it is about to join.
    let entered = Effect::JoinLocal { room: room_uri(), client: again.uri.clone() };
    scene.follower.store.commit(vec![entered]).unwrap();
    assert_eq!(scene.send("alice"), ["b2 application", "e1 application"], "it has no leaf yet");
    let given = scene.world.room.group_info(&domain("b.example"), &group_info_request(&again)).unwrap();
    let join = again.join(&given, None);
    scene.world.clients.insert("bob", again);
    assert_eq!(scene.accept("bob", join), ["b1 commit", "b2 commit", "e1 commit"]);
    assert_eq!(scene.leaves(), [(0, "1"), (1, "b1"), (2, "b2"), (3, "e1")]);
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application", "e1 application"]);
}

#[test]
fn who_takes_the_own_place_by_external_commit_is_not_gone_in_between() {
    let mut scene = Scene::new();
    let request = group_info_request(scene.world.client("tablet"));
    let given = scene.world.room.group_info(&domain("b.example"), &request);
    let RatchetTreeOption::Full(tree) = given.unwrap().ratchet_tree else { panic!("no tree") };
    let (_, mut leaf_node) = tree.leaf_nodes().unwrap().remove(2);
    leaf_node.source = LeafNodeSource::Commit { parent_hash: vec![] };
    let init = ProposalView::ExternalInit { kem_output: vec![1; 32] };
    let proposals = [init, ProposalView::Remove(2)].map(ProposalOrRef::Proposal).to_vec();
    let commit = CommitView { proposals, path: Some(Box::new(UpdatePath { leaf_node, nodes: vec![] })) };
    let message = MlsMessage::public(PublicMessageView {
        group_id: room_uri().group().as_str().as_bytes().to_vec(),
        epoch: scene.world.room.epoch(),
        sender: Sender::NewMemberCommit,
        authenticated_data: vec![],
        content: PublicContent::Commit(commit),
        signature: vec![1; 64],
        confirmation_tag: vec![1; 32],
        membership_tag: vec![],
    });
    let event = FanoutEvent::Commit { message: message.unwrap(), external_proposals: vec![] };
    let came = FanoutMessage { timestamp: scene.world.now(), event };
    assert_eq!(deliveries(&scene.follower.take(&[came])), ["b1 commit", "b2 commit", "e1 commit"]);
    assert_eq!(scene.leaves(), [(0, "1"), (1, "b1"), (2, "b2"), (3, "e1")]);
}

#[test]
fn after_a_commit_that_never_came_nothing_is_withheld() {
    let mut scene = Scene::new();
    scene.propose_removal("alice", "brit");
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application"]);
    let bundle = scene.world.client("alice").commit(Commit::default());
    let _ = scene.world.accept("alice", bundle);
    assert!(!posted(&mut scene.world, "b.example").is_empty());
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application", "e1 application"]);
    assert_eq!(scene.leaves(), []);
    let head = scene.stored().head;
    assert!(!head.complete && head.epoch.is_some(), "{head:?}");
}

#[test]
fn without_a_tree_a_leaf_is_known_once_its_client_has_committed() {
    // A store of before, in which only the members are.
    let mut scene = Scene::new();
    scene.follower = Follower::new("b.example");
    for client in [BOB, TABLET, BRIT] {
        let client = client.parse().unwrap();
        scene.follower.store.commit(vec![Effect::JoinLocal { room: room_uri(), client }]).unwrap();
    }
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application", "e1 application"]);
    let _ = scene.commit("brit", Commit { path: true, ..Default::default() });
    assert_eq!(scene.leaves(), [(3, "e1")]);
    scene.propose_removal("alice", "brit");
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application"]);
    assert_eq!(scene.commit("alice", Commit { path: true, ..Default::default() }).last().unwrap(), "e1 leaves");
    assert_eq!(scene.leaves(), [(0, "1")]);
    // Of the others nothing is known: they get what comes, as ever.
    let _ = scene.commit("alice", Commit { removes: vec![2], ..Default::default() });
    assert_eq!(scene.send("alice"), ["b1 application", "b2 application"]);
}

#[test]
fn a_welcome_that_comes_before_its_commit_is_not_counted_twice() {
    let mut scene = Scene::new();
    let cathy = Client::new("mimi://b.example/d/cathy/b1");
    let key_package = cathy.key_package();
    scene.follower.owns(&cathy, &key_package);
    scene.world.route(&key_package, "b.example");
    let list = vec![adding(&[&cathy.user()])];
    scene.world.clients.insert("cathy", cathy);
    let bundle = scene.world.client("alice").commit(Commit { adds: vec![key_package], list, ..Default::default() });
    let _ = scene.world.accept("alice", bundle);
    let mut messages = posted(&mut scene.world, "b.example");
    assert!(matches!(messages[1].event, FanoutEvent::Welcome { .. }));
    messages.reverse();
    let _ = scene.follower.take(&messages[..1]);
    let _ = scene.follower.take(&messages[1..]);
    let stored = scene.stored();
    assert!(stored.head.complete);
    assert_eq!(stored.leaves.len(), 5);
    assert_eq!(stored.head.epoch, Some(scene.world.room.epoch()));
}

#[test]
fn a_hub_that_sends_proposals_without_end_is_not_followed_without_end() {
    let mut scene = Scene::new();
    let epoch = scene.world.room.epoch();
    let group = room_uri().group();
    let framing = Framing { group_id: group.as_str().as_bytes(), epoch, sender_index: 0, safe_aad: false };
    let proposals: Vec<_> =
        (4..1029).map(|leaf| external_proposal(framing, ProposalView::Remove(leaf), &*SIGNER).unwrap()).collect();
    let timestamp = scene.world.now();
    let take = |range: std::ops::Range<usize>, later: u64| {
        let event = FanoutEvent::Proposals {
            message: proposals[range.start].clone(),
            more: proposals[range.start + 1..range.end].to_vec(),
        };
        scene.follower.take(&[FanoutMessage { timestamp: AcceptedTimestamp(timestamp.0 + later), event }])
    };
    take(0..1024, 0);
    assert_eq!(scene.stored().waiting.len(), 1024);
    take(1024..1025, 1);
    assert_eq!(
        scene.stored(),
        StoredLeaves { head: LeavesHead { epoch: Some(epoch), ..Default::default() }, ..Default::default() }
    );
}

#[test]
fn with_the_removal_of_everybody_the_leaves_are_forgotten_for_the_group_that_may_follow() {
    let mut scene = Scene::new();
    let destroy = scene.world.client("alice").destroy();
    assert_eq!(scene.accept("alice", destroy), ["b1 proposals", "b2 proposals", "e1 proposals"]);
    assert_eq!(scene.leaves(), []);
    assert_eq!(scene.stored(), StoredLeaves::default());
}
