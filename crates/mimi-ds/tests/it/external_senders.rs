//! The external senders of a room's group, changed by real clients and judged by the hub (section 7.4).

use mimi_arch::Domain;
use mimi_ds::{
    SqliteStore,
    hub::{Gone, NotAllowed, SenderRule, UpdateRefusal},
};
use mimi_protocol::{
    Wire,
    crypto::{Ed25519Signer, LabelSigner},
    mls::{
        AppDataOperation, AppDataUpdate, ComponentId, Credential, ExternalSender as WireExternalSender, MlsMessage,
        ProposalView,
        external_proposal::{Framing, external_proposal},
    },
    participant_list::{ParticipantListUpdate, UserRolePair},
    update::{HandshakeBundle, UpdateRequest},
};
use openmls::prelude::{Extension, Extensions};

use crate::support::*;

fn key(domain: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed([domain.as_bytes()[0]; 32])
}

/// The entry of a provider.
fn entry(domain: &str) -> WireExternalSender {
    let credential = Credential::basic(format!("mimi://{domain}").into_bytes());
    WireExternalSender { signature_key: key(domain).public_key().to_vec(), credential }
}

fn hub() -> WireExternalSender {
    hub_identity().external_sender
}

impl World {
    /// Bob has put his provider in, and the hub can propose.
    fn with_b() -> Self {
        let mut world = Self::three();
        let commit = Commit { senders: Some(vec![hub(), entry("b.example")]), ..Default::default() };
        let bundle = world.client("bob").commit(commit);
        let _ = world.update_and_propose("bob", bundle).unwrap();
        world
    }

    fn commit_refused(&mut self, by: &str, commit: Commit) -> NotAllowed {
        let bundle = self.client(by).commit(commit);
        let refusal = self.refuse(by, bundle);
        self.client(by).discard();
        match refusal {
            UpdateRefusal::NotAllowed(reason) => reason,
            other => panic!("{other}"),
        }
    }

    fn senders_refused(&mut self, by: &str, senders: Vec<WireExternalSender>) -> SenderRule {
        match self.commit_refused(by, Commit { senders: Some(senders), ..Default::default() }) {
            NotAllowed::ExternalSenders(rule) => rule,
            other => panic!("{other}"),
        }
    }

    /// The proposals of a provider as external sender at an index.
    fn proposals_of(&self, domain: &str, index: u32, proposals: Vec<ProposalView>) -> HandshakeBundle {
        let group_id = room_uri().group_id(1);
        let framing = Framing { group_id: &group_id, epoch: self.room.epoch(), sender_index: index, safe_aad: false };
        let sign = |proposal| external_proposal(framing, proposal, &key(domain)).unwrap();
        let mut messages: Vec<MlsMessage> = proposals.into_iter().map(sign).collect();
        let first = messages.remove(0);
        HandshakeBundle::Proposals { first, more: messages }
    }

    fn sent_by(&mut self, source: &str, bundle: HandshakeBundle) -> Result<mimi_ds::hub::Accepted, UpdateRefusal> {
        let now = self.now();
        let source: Domain = domain(source);
        let accepted = self.room.update(now, &source, &UpdateRequest(bundle), &self.routes)?;
        self.effects.extend(accepted.effects.clone());
        self.distribute(&accepted);
        Ok(accepted)
    }
}

fn off_the_list(indices: &[u32]) -> ProposalView {
    list_update(&removing(indices))
}

fn list_update(update: &ParticipantListUpdate) -> ProposalView {
    ProposalView::AppDataUpdate(AppDataUpdate {
        component_id: ComponentId::PARTICIPANT_LIST,
        operation: AppDataOperation::Update(update.to_bytes().unwrap()),
    })
}

#[test]
fn a_client_of_a_follower_puts_its_provider_in() {
    // req: MP06-7.4-04
    // req: MP06-7.4-06
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let mut world = World::with_b();
    for name in ["alice", "bob", "cathy"] {
        assert_eq!(world.clients[name].senders(), [hub(), entry("b.example")], "{name}");
    }
    world.agrees(&["alice", "bob", "bob2", "cathy"]);
    world.restart(&store);
    // Together with a change of the participant list, in one commit, beside an entry that is there.
    let dave = "mimi://d.example/u/dave".parse().unwrap();
    let senders = Some(vec![hub(), entry("b.example"), entry("c.example")]);
    let bundle = world.client("cathy").commit(Commit { senders, list: vec![adding(&[&dave])], ..Default::default() });
    let _ = world.accept("cathy", bundle);
    assert_eq!(world.clients["bob"].senders().len(), 3);
    world.agrees(&["alice", "bob", "cathy"]);
    world.restart(&store);
}

#[test]
fn each_rule_of_the_external_senders_is_told() {
    // req: MP06-7.4-03
    // req: MP06-7.4-04
    // req: MP06-7.4-05
    let mut world = World::with_b();
    let (b, c) = (entry("b.example"), entry("c.example"));
    assert_eq!(world.senders_refused("alice", vec![]), SenderRule::Hub);
    assert_eq!(world.senders_refused("alice", vec![b.clone(), hub()]), SenderRule::Hub);
    assert_eq!(world.senders_refused("alice", vec![b.clone()]), SenderRule::Hub);
    assert_eq!(world.senders_refused("alice", vec![hub()]), SenderRule::Stays(domain("b.example")));
    assert_eq!(world.senders_refused("bob", vec![hub()]), SenderRule::Stays(domain("b.example")));
    let foreign = vec![hub(), b.clone(), c.clone()];
    assert_eq!(world.senders_refused("alice", foreign.clone()), SenderRule::Foreign(domain("c.example")));
    assert_eq!(world.senders_refused("bob", foreign), SenderRule::Foreign(domain("c.example")));
    let other_key = WireExternalSender { signature_key: vec![7; 32], ..b.clone() };
    let swapped = world.senders_refused("alice", vec![hub(), other_key.clone()]);
    assert_eq!(swapped, SenderRule::Foreign(domain("b.example")));
    let twice = world.senders_refused("bob", vec![hub(), b.clone(), other_key]);
    assert_eq!(twice, SenderRule::Twice(domain("b.example")));
    let nameless = WireExternalSender { credential: Credential::basic(*b"bob"), ..b.clone() };
    assert_eq!(world.senders_refused("bob", vec![hub(), b.clone(), nameless]), SenderRule::Name(2));
    let second_hub = WireExternalSender { credential: hub().credential, ..b.clone() };
    assert_eq!(
        world.senders_refused("alice", vec![hub(), b.clone(), second_hub]),
        SenderRule::Twice(domain("a.example"))
    );
    let bundle = world.client("alice").commit(Commit {
        senders: Some(vec![hub(), b.clone()]),
        removes: vec![1, 2],
        list: vec![removing(&[1])],
        ..Default::default()
    });
    let refusal = world.refuse("alice", bundle);
    let rule = SenderRule::NoParticipant(domain("b.example"));
    assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::ExternalSenders(rule)));
}

#[test]
fn nothing_else_in_the_context_changes_and_no_proposal_does_it() {
    let mut world = World::with_b();
    let present: Vec<Extension> = world.client("alice").group().extensions().iter().cloned().collect();
    let with_b = Extension::ExternalSenders(match &present[1] {
        Extension::ExternalSenders(senders) => senders.clone(),
        other => panic!("{other:?}"),
    });
    let poorer = Extension::RequiredCapabilities(openmls::prelude::RequiredCapabilitiesExtension::new(
        &[openmls::prelude::ExtensionType::AppDataDictionary],
        &[openmls::prelude::ProposalType::AppDataUpdate],
        &[],
    ));
    for changed in [
        vec![present[0].clone(), present[2].clone(), present[1].clone()],
        vec![poorer, with_b, present[2].clone()],
        vec![present[0].clone(), present[2].clone()],
    ] {
        let context = Some(Extensions::from_vec(changed).unwrap());
        let reason = world.commit_refused("alice", Commit { context, ..Default::default() });
        assert_eq!(reason, NotAllowed::ContextExtensions);
    }
    let mut world = World::with_b();
    let extensions = world.client("bob").context_with(vec![hub()]);
    let bob = world.client("bob");
    let (provider, signer) = (&bob.provider, &bob.signer);
    let group = bob.group.as_mut().unwrap();
    let (message, _) = group.propose_group_context_extensions(provider, extensions, signer).unwrap();
    let first = wire(&message.to_bytes().unwrap());
    let refusal = world.refuse("bob", HandshakeBundle::Proposals { first, more: Vec::new() });
    assert_eq!(refusal, UpdateRefusal::NotAllowed(NotAllowed::ProposalType(7)));
}

#[test]
fn the_hub_takes_a_follower_out_when_its_last_participant_has_left() {
    // req: MP06-7.4-05
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let mut world = World::with_b();
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let bundle = world.client("cathy").commit(Commit::default());
    let accepted = world.update_and_propose("cathy", bundle).unwrap();
    assert!(recipients(&accepted).contains(&"c.example commit".to_owned()));
    assert_eq!((world.room.pending(), world.clients["alice"].senders().len()), (1, 2), "proposed, not committed");
    world.restart(&store);
    // No commit goes without it.
    let without = Commit { without_pending: true, path: true, ..Default::default() };
    assert!(matches!(world.commit_refused("alice", without), NotAllowed::PendingProposals { .. }));
    // An external commit goes, and the hub proposes it anew.
    let join = world.joiner("cathy2", "mimi://c.example/d/cathy/2");
    let _ = world.update_and_propose("cathy2", join).unwrap();
    assert_eq!(world.room.pending(), 1);
    world.restart(&store);
    let dave = "mimi://d.example/u/dave".parse().unwrap();
    let bundle = world.client("cathy2").commit(Commit { list: vec![adding(&[&dave])], ..Default::default() });
    let accepted = world.update_and_propose("cathy2", bundle).unwrap();
    assert!(!accepted.effects.is_empty());
    assert_eq!(world.room.pending(), 0);
    for name in ["alice", "cathy", "cathy2"] {
        assert_eq!(world.clients[name].senders(), [hub()], "{name}");
    }
    world.agrees(&["alice", "cathy", "cathy2"]);
    world.restart(&store);
}

#[test]
fn who_removes_the_last_participant_of_a_follower_takes_it_out_in_the_same_commit() {
    // req: MP06-7.4-05
    let mut world = World::with_b();
    let bundle = world.client("alice").commit(Commit {
        senders: Some(vec![hub()]),
        removes: vec![1, 2],
        list: vec![removing(&[1])],
        ..Default::default()
    });
    let _ = world.update_and_propose("alice", bundle).unwrap();
    assert_eq!(world.room.pending(), 0);
    assert_eq!(world.clients["cathy"].senders(), [hub()]);
    world.agrees(&["alice", "cathy"]);
}

#[test]
fn a_follower_removes_its_own_users_and_nobody_else() {
    // req: MP06-7.3-01
    // req: MP06-5.5-05
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
    let mut world = World::with_b();
    let refused = |world: &mut World, source: &str, bundle| {
        let before = world.fingerprint();
        let refusal = world.sent_by(source, bundle).unwrap_err();
        assert_eq!(world.fingerprint(), before);
        refusal
    };
    let not_its_own = UpdateRefusal::NotAllowed(NotAllowed::NotItsOwn(domain("b.example")));
    let role = mimi_arch::RoleIndex(2);
    let newcomer = ParticipantListUpdate {
        added_participants: vec![UserRolePair::new("mimi://b.example/u/eve".parse().unwrap(), role)],
        ..Default::default()
    };
    for proposal in [
        ProposalView::Remove(0),
        ProposalView::Remove(3),
        off_the_list(&[2]),
        off_the_list(&[1, 2]),
        list_update(&newcomer),
    ] {
        let bundle = world.proposals_of("b.example", 1, vec![proposal]);
        assert_eq!(refused(&mut world, "b.example", bundle), not_its_own);
    }
    let other = UpdateRefusal::NotAllowed(NotAllowed::Sender("external sender"));
    for (source, index) in [("c.example", 1), ("b.example", 0), ("b.example", 2), ("a.example", 0)] {
        let bundle = world.proposals_of("b.example", index, vec![ProposalView::Remove(1)]);
        assert_eq!(refused(&mut world, source, bundle), other);
    }
    let forged = world.proposals_of("c.example", 1, vec![ProposalView::Remove(1)]);
    assert!(matches!(refused(&mut world, "b.example", forged), UpdateRefusal::InvalidProposal { .. }));
    // Off the list with a client left, a user would be in the group without being a participant.
    let halfway = world.proposals_of("b.example", 1, vec![off_the_list(&[1]), ProposalView::Remove(1)]);
    assert!(matches!(
        refused(&mut world, "b.example", halfway),
        UpdateRefusal::NotAllowed(NotAllowed::ClientsRemain(_))
    ));

    let whole = vec![ProposalView::Remove(1), ProposalView::Remove(2), off_the_list(&[1])];
    let bundle = world.proposals_of("b.example", 1, whole);
    let accepted = world.sent_by("b.example", bundle).unwrap();
    assert_eq!(recipients(&accepted).len(), 3);
    world.restart(&store);
    let bob = "mimi://b.example/u/bob".parse().unwrap();
    let now = world.now();
    assert_eq!(world.room.propose_removal(now, &Gone::User(bob), &*SIGNER).unwrap(), None, "the removal waits already");
    let bundle = world.client("cathy").commit(Commit::default());
    let _ = world.update_and_propose("cathy", bundle).unwrap();
    assert_eq!(world.room.members().count(), 2);
    world.restart(&store);
    world.agrees(&["alice", "cathy"]);
}
