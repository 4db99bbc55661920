//! What the hub proposes by itself, committed by real clients (sections 5.5 and 7.4).

use crate::{
    flow::{group_info_request, send},
    support::*,
};
use mimi_arch::RoleIndex;
use mimi_ds::{
    Effect, SqliteStore, Store,
    hub::{Accepted, Gone, NotAllowed, SubmitRefusal, UpdateRefusal},
};
use mimi_protocol::{
    IdentifierUri, Wire,
    crypto::Ed25519Signer,
    mls::{
        MlsMessage, ProposalView,
        external_proposal::{Framing, external_proposal},
    },
    notify::{FanoutEvent, FanoutMessage},
    participant_list::{ParticipantListUpdate, UserIndexRolePair},
    submit_message::SubmitMessageRequest,
    update::{HandshakeBundle, UpdateRequest},
};

impl World {
    fn propose(&mut self, gone: &Gone) -> Option<Accepted> {
        let now = self.now();
        let accepted = self.room.propose_removal(now, gone, &*SIGNER).unwrap()?;
        self.effects.extend(accepted.effects.clone());
        self.distribute(&accepted);
        Some(accepted)
    }

    pub(crate) fn update_and_propose(&mut self, by: &str, bundle: HandshakeBundle) -> Result<Accepted, UpdateRefusal> {
        let now = self.now();
        let source = self.clients[by].uri.domain().clone();
        let accepted = self.room.update_and_propose(now, &source, &UpdateRequest(bundle), &self.routes, &*SIGNER)?;
        self.effects.extend(accepted.effects.clone());
        self.distribute(&accepted);
        Ok(accepted)
    }

    /// A client that joins by external commit; the hub has accepted nothing yet.
    pub(crate) fn joiner(&mut self, name: &'static str, uri: &str) -> HandshakeBundle {
        let mut phone = Client::new(uri);
        let source = phone.uri.domain().clone();
        let given = self.room.group_info(&source, &group_info_request(&phone)).unwrap();
        let join = phone.join(&given, None);
        self.clients.insert(name, phone);
        join
    }

    pub(crate) fn agrees(&mut self, names: &[&str]) {
        let (epoch, list) = (self.room.epoch().0, self.room.participant_list().clone());
        for name in names {
            let client = self.client(name);
            assert_eq!((client.epoch(), client.list()), (epoch, list.clone()), "{name}");
        }
        let mut secrets: Vec<_> =
            names.iter().map(|name| self.client(name).group().epoch_authenticator().as_slice().to_vec()).collect();
        secrets.dedup();
        assert_eq!(secrets.len(), 1, "the members' keys differ");
    }

    /// The room as the store would give it back.
    pub(crate) fn restart(&mut self, store: &SqliteStore) {
        for effect in self.effects.drain(..) {
            store.commit(vec![effect]).unwrap();
        }
        let live = self.fingerprint();
        self.room = Room::restore(&store.load_room(&room_uri()).unwrap().unwrap()).unwrap();
        assert_eq!(self.fingerprint(), live);
    }
}

fn bob() -> Gone {
    Gone::User(user("mimi://b.example/u/bob"))
}

fn stapled(accepted: &Accepted) -> Vec<MlsMessage> {
    let event = accepted.effects.iter().find_map(|effect| match effect {
        Effect::Enqueue { message, .. } => Some(FanoutMessage::from_bytes(message).unwrap().event),
        _ => None,
    });
    match event {
        Some(FanoutEvent::Commit { external_proposals, .. }) => external_proposals,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_next_commit_removes_a_deleted_user_with_all_clients() {
    // req: MP06-7.4-01
    // req: MP06-5.5-05
    for shape in [RoomShape::of, RoomShape::franked] {
        let mut world = World::three_in(shape);
        let accepted = world.propose(&bob()).unwrap();
        assert_eq!(world.room.pending(), 3);
        let to = recipients(&accepted);
        assert!(to.contains(&"b.example proposals".to_owned()) && to.contains(&"c.example proposals".to_owned()));
        let bundle = world.client("cathy").commit(Commit::default());
        let _ = world.accept("cathy", bundle);
        assert_eq!(world.room.members().count(), 2);
        assert_eq!(world.room.role(&user("mimi://b.example/u/bob")), None);
        assert!(!world.client("bob").group().is_active());
        world.agrees(&["alice", "cathy"]);
        assert_eq!(world.propose(&bob()), None, "nobody is left to be removed");
    }
}

#[test]
fn a_deleted_user_is_silent_at_once_and_gets_nothing_but_the_removal() {
    let mut world = World::three();
    let [of_bob, of_alice] = [("bob", "x"), ("alice", "without Bob")].map(|(name, text)| SubmitMessageRequest {
        app_message: world.client(name).seal(text),
        sending_uri: IdentifierUri::from(world.clients[name].user()),
    });
    let _ = world.propose(&bob()).unwrap();
    let now = world.now();
    let refusal = world.room.submit(now, &domain("b.example"), &of_bob, &franking()).unwrap_err();
    assert_eq!(refusal, SubmitRefusal::Leaving(user("mimi://b.example/u/bob")));
    let message = world.room.submit(now, &domain("a.example"), &of_alice, &franking()).unwrap();
    assert_eq!(recipients(&message), ["c.example application", "mimi://a.example/d/alice/1 application"]);
    let bundle = world.client("bob").commit_as_leaver();
    let refusal = world.refuse("bob", bundle);
    assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::Leaving(user("mimi://b.example/u/bob"))));
    assert_eq!(world.propose(&bob()), None, "the removal waits already");
}

// req: DS06-8-03
#[test]
fn a_commit_has_to_carry_what_the_hub_proposes() {
    let mut world = World::three();
    let _ = world.propose(&bob()).unwrap();
    let bundle = world.client("cathy").commit(Commit { without_pending: true, path: true, ..Default::default() });
    let refusal = world.refuse("cathy", bundle);
    assert!(
        matches!(&refusal, UpdateRefusal::NotAllowed(NotAllowed::PendingProposals { missing }) if missing.len() == 3),
        "{refusal}"
    );
}

#[test]
fn a_lost_client_is_removed_and_its_user_stays() {
    let mut world = World::three();
    let lost = Gone::Client("mimi://b.example/d/bob/2".parse().unwrap());
    let _ = world.propose(&lost).unwrap();
    assert_eq!((world.room.pending(), world.propose(&lost)), (1, None));
    // The user is deleted before anybody has committed that: only what is missing is proposed beside it.
    let _ = world.propose(&bob()).unwrap();
    assert_eq!(world.room.pending(), 3);
    let mut world = World::three();
    let _ = world.propose(&lost).unwrap();
    let bundle = world.client("bob").commit(Commit::default());
    let _ = world.accept("bob", bundle);
    assert!(!world.room.is_member(&"mimi://b.example/d/bob/2".parse().unwrap()));
    assert!(world.room.role(&user("mimi://b.example/u/bob")).is_some());
    world.agrees(&["alice", "bob", "cathy"]);
    let _ = send(&mut world, "bob", "still here");
}

#[test]
fn a_leave_and_a_deletion_go_in_one_commit() {
    let mut world = World::three();
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let _ = world.propose(&Gone::User(user("mimi://c.example/u/cathy"))).unwrap();
    let bundle = world.client("alice").commit(Commit::default());
    let _ = world.accept("alice", bundle);
    assert_eq!(world.room.participant_list().participants().len(), 1);
    world.agrees(&["alice"]);
}

#[test]
fn an_external_commit_goes_on_although_a_leave_waits_and_the_hub_proposes_the_leave_anew() {
    // req: MP06-5.5-06
    // req: MP06-5.5-07
    // req: MP06-5.5-14
    for shape in [RoomShape::of, RoomShape::franked] {
        let mut world = World::three_in(shape);
        let leave = world.client("bob").leave(&[2]);
        let _ = world.accept("bob", leave);
        let join = world.joiner("cathy2", "mimi://c.example/d/cathy/2");
        let accepted = world.update_and_propose("cathy2", join).unwrap();
        // SelfRemove was carried. Left are the Remove of the other client, and the participant list.
        let proposals = stapled(&accepted);
        let kinds: Vec<_> = proposals.iter().map(|message| message.as_proposal().unwrap().proposal_type()).collect();
        assert_eq!(kinds, [3, 8]);
        assert!(proposals.iter().all(|message| message.group_and_epoch().unwrap().1 == world.room.epoch()));
        assert_eq!((world.room.pending(), world.room.members().count()), (2, 4));
        assert!(world.room.role(&user("mimi://b.example/u/bob")).is_some(), "not committed yet");
        let refusal = world.room.group_info(&domain("b.example"), &group_info_request(&world.clients["bob2"]));
        assert!(refusal.is_err(), "Bob leaves all the same");
        let bundle = world.client("cathy2").commit(Commit::default());
        let _ = world.accept("cathy2", bundle);
        assert_eq!(world.room.role(&user("mimi://b.example/u/bob")), None);
        assert_eq!(world.room.members().count(), 3);
        world.agrees(&["alice", "cathy", "cathy2"]);
        let _ = send(&mut world, "cathy2", "hello");
    }
}

#[test]
fn hub_proposals_are_made_anew_for_every_external_commit_and_survive_restarts() {
    // req: MP06-5.5-06
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let mut world = World::three();
    let _ = world.propose(&bob()).unwrap();
    world.restart(&store);
    for (name, uri) in [("cathy2", "mimi://c.example/d/cathy/2"), ("cathy3", "mimi://c.example/d/cathy/3")] {
        let join = world.joiner(name, uri);
        let accepted = world.update_and_propose(name, join).unwrap();
        assert_eq!(stapled(&accepted).len(), 3);
        world.restart(&store);
        assert_eq!(world.room.pending(), 3);
    }
    world.effects.push(world.room.checkpoint().unwrap());
    world.restart(&store);
    assert!(store.load_room(&room_uri()).unwrap().unwrap().log.is_empty());
    let bundle = world.client("alice").commit(Commit::default());
    let _ = world.accept("alice", bundle);
    world.restart(&store);
    world.agrees(&["alice", "cathy", "cathy2", "cathy3"]);
    assert_eq!(world.room.role(&user("mimi://b.example/u/bob")), None);
}

#[test]
fn who_is_to_go_does_not_come_in_again_before_that() {
    let mut world = World::three();
    let _ = world.propose(&Gone::Client("mimi://b.example/d/bob/2".parse().unwrap())).unwrap();
    // The lost client tries to take its own place again.
    let given = world.room.group_info(&domain("b.example"), &group_info_request(&world.clients["bob2"])).unwrap();
    let join = world.client("bob2").join(&given, None);
    let before = world.fingerprint();
    let refusal = world.update_and_propose("bob2", join).unwrap_err();
    assert!(matches!(refusal, UpdateRefusal::NotAllowed(NotAllowed::PendingProposals { .. })), "{refusal}");
    assert_eq!(world.fingerprint(), before);
}

#[test]
fn what_the_hub_may_not_propose_it_does_not_make_anew() {
    let mut world = World::three();
    let index = world.room.participant_list().index_of(&user("mimi://b.example/u/bob")).unwrap();
    let promotion = UserIndexRolePair { user_index: index, role_index: RoleIndex(3) };
    let update = ParticipantListUpdate { changed_role_participants: vec![promotion], ..Default::default() };
    let first = world.client("alice").propose_list(update);
    let _ = world.accept("alice", HandshakeBundle::Proposals { first, more: Vec::new() });
    let join = world.joiner("cathy2", "mimi://c.example/d/cathy/2");
    let before = world.fingerprint();
    let refusal = world.update_and_propose("cathy2", join).unwrap_err();
    assert!(matches!(refusal, UpdateRefusal::NotAllowed(NotAllowed::PendingProposals { .. })), "{refusal}");
    assert_eq!(world.fingerprint(), before);
}

#[test]
fn nobody_else_proposes_as_the_hub_and_the_hub_not_with_another_key() {
    let mut world = World::three();
    let other = Ed25519Signer::from_seed([7; 32]);
    let before = world.fingerprint();
    let now = world.now();
    assert!(matches!(world.room.propose_removal(now, &bob(), &other), Err(UpdateRefusal::Internal(_))));
    // From the network not even a well signed one is taken: the hub knows what it has proposed.
    let group_id = room_uri().group().as_str().as_bytes().to_vec();
    let framing = Framing { group_id: &group_id, epoch: world.room.epoch(), sender_index: 0, safe_aad: false };
    let first = external_proposal(framing, ProposalView::Remove(1), &*SIGNER).unwrap();
    let refusal = world.refuse("cathy", HandshakeBundle::Proposals { first, more: Vec::new() });
    assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::Sender("external sender")));
    assert_eq!(world.fingerprint(), before);
    // Without its key the hub still refuses the external commit, as it could not make up for the leave.
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let join = world.joiner("cathy2", "mimi://c.example/d/cathy/2");
    let source = domain("c.example");
    let refusal = world.room.update_and_propose(now, &source, &UpdateRequest(join), &world.routes, &other);
    assert!(matches!(refusal, Err(UpdateRefusal::NotAllowed(NotAllowed::PendingProposals { .. }))));
}

#[test]
fn a_banned_user_stays_on_the_list_when_deleted() {
    let mut world = World::three();
    let index = world.room.participant_list().index_of(&user("mimi://b.example/u/bob")).unwrap();
    let ban = UserIndexRolePair { user_index: index, role_index: RoleIndex::BANNED };
    let list = ParticipantListUpdate { changed_role_participants: vec![ban], ..Default::default() };
    let bundle = world.client("alice").commit(Commit { list: vec![list], removes: vec![1, 2], ..Default::default() });
    let _ = world.accept("alice", bundle);
    assert_eq!(world.propose(&bob()), None);
    assert_eq!(world.room.role(&user("mimi://b.example/u/bob")), Some(RoleIndex::BANNED));
}
