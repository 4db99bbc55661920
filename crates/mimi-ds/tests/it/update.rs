//! What the hub refuses of handshakes, and that a refusal changes nothing (section 5.3). [`World::refuse`] compares the whole state.

use mimi_arch::RoleIndex;
use mimi_ds::{
    group::{GroupInfoError, StageError},
    hub::{NotAllowed, UpdateRefusal},
};
use mimi_protocol::{
    Epoch,
    mls::{MlsMessage, ProposalView, PublicContent, RatchetTree, Sender},
    participant_list::{ParticipantListUpdate, UserIndexRolePair, UserRolePair},
    ratchet_tree::RatchetTreeOption,
    update::{GroupInfoOption, HandshakeBundle, RatchetTreePresence, UpdateRoomResponse},
};
use openmls::prelude::{
    AppDataUpdateProposal, AppEphemeralProposal, BasicCredential, CredentialWithKey, LeafNodeParameters, Lifetime,
    Proposal,
};

use crate::{flow::group_info_request, support::*};

fn not_allowed(refusal: UpdateRefusal) -> NotAllowed {
    assert!(matches!(refusal.response(), Some(UpdateRoomResponse::NotAllowed { .. })));
    match refusal {
        UpdateRefusal::NotAllowed(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn invalid(refusal: UpdateRefusal) -> usize {
    match refusal.response() {
        Some(UpdateRoomResponse::InvalidProposal { invalid_proposals, .. }) => invalid_proposals.len(),
        other => panic!("{other:?}"),
    }
}

fn alone(first: MlsMessage) -> HandshakeBundle {
    HandshakeBundle::Proposals { first, more: Vec::new() }
}

/// The commit bundle with its parts changed.
fn changed(
    bundle: HandshakeBundle,
    change: impl FnOnce(&mut Option<mimi_protocol::mls::Welcome>, &mut GroupInfoOption, &mut RatchetTreeOption),
) -> HandshakeBundle {
    let HandshakeBundle::Commit { commit, mut welcome, mut group_info, mut ratchet_tree } = bundle else { panic!() };
    change(&mut welcome, &mut group_info, &mut ratchet_tree);
    HandshakeBundle::Commit { commit, welcome, group_info, ratchet_tree }
}

/// The commit bundle with another commit message.
fn with_message(bundle: HandshakeBundle, commit: MlsMessage) -> HandshakeBundle {
    let HandshakeBundle::Commit { welcome, group_info, ratchet_tree, .. } = bundle else { panic!() };
    HandshakeBundle::Commit { commit, welcome, group_info, ratchet_tree }
}

#[test]
fn handshakes_of_another_epoch_get_the_current_one() {
    // req: MP06-5.3-22
    // req: MP06-5.3-24
    // req: MP06-5.3-25
    let mut world = World::three();
    let late = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    let late_proposal = alone(world.client("bob").propose_remove(2));
    world.client("bob").forget_proposals();
    let bundle = world.client("alice").commit(Commit { path: true, ..Default::default() });
    world.client("cathy").discard();
    let _ = world.accept("alice", bundle);
    for bundle in [late, late_proposal] {
        let by = if matches!(bundle, HandshakeBundle::Commit { .. }) { "cathy" } else { "bob" };
        let refusal = world.refuse(by, bundle);
        assert_eq!(refusal, UpdateRefusal::WrongEpoch { current: Epoch(3) });
        let Some(UpdateRoomResponse::WrongEpoch { current_epoch, .. }) = refusal.response() else { panic!() };
        assert_eq!(current_epoch, Epoch(3));
    }
}

#[test]
fn handshakes_of_another_group_are_refused() {
    let mut world = World::three();
    let bundle = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    let mut message = bundle.message().as_public().unwrap().clone();
    message.group_id = b"mimi://a.example/g/other".to_vec();
    let bundle = with_message(bundle, MlsMessage::public(message).unwrap());
    assert_eq!(not_allowed(world.refuse("cathy", bundle)), NotAllowed::WrongGroup);
}

#[test]
fn handshakes_have_to_come_from_the_provider_of_the_client() {
    // req: MP06-4.1-02
    let mut world = World::three();
    let commit = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    assert!(matches!(not_allowed(world.refuse("bob", commit)), NotAllowed::ForeignClient { .. }));
    world.client("cathy").discard();
    let proposals = world.client("cathy").leave(&[]);
    assert!(matches!(not_allowed(world.refuse("bob", proposals)), NotAllowed::ForeignClient { .. }));
    let mut phone = Client::new("mimi://c.example/d/cathy/2");
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&phone)).unwrap();
    let join = phone.join(&given, None);
    assert!(matches!(not_allowed(world.refuse("bob", join)), NotAllowed::ForeignClient { .. }));
}

// req: DS06-3-01
#[test]
fn a_commit_has_to_carry_every_proposal_that_waits() {
    // req: MP06-3.5-06
    // req: MP06-3.5-08
    // req: MP06-7.3-03
    let mut world = World::three();
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let bundle = world.client("cathy").commit(Commit { path: true, without_pending: true, ..Default::default() });
    let NotAllowed::PendingProposals { missing } = not_allowed(world.refuse("cathy", bundle)) else { panic!() };
    assert_eq!(missing.len(), 3);
    // An external commit can carry only SelfRemove by reference, so it cannot carry these.
    let mut phone = Client::new("mimi://c.example/d/cathy/2");
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&phone)).unwrap();
    assert_eq!(given.pending_proposals.len(), 3);
    let join = phone.join(&given, None);
    world.clients.insert("cathy2", phone);
    let NotAllowed::PendingProposals { missing } = not_allowed(world.refuse("cathy2", join)) else { panic!() };
    assert_eq!(missing.len(), 2);
}

#[test]
fn an_external_commit_carries_a_self_remove_that_waits() {
    let mut world = World::three();
    let bob2 = world.client("bob2");
    let (provider, signer) = (&bob2.provider, &bob2.signer);
    let remove = bob2.group.as_mut().unwrap().leave_group_via_self_remove(provider, signer).unwrap();
    let _ = world.accept("bob2", alone(wire(&remove.to_bytes().unwrap())));
    let mut phone = Client::new("mimi://c.example/d/cathy/2");
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&phone)).unwrap();
    let join = phone.join(&given, None);
    world.clients.insert("cathy2", phone);
    let _ = world.accept("cathy2", join);
    assert!(!world.room.is_member(&"mimi://b.example/d/bob/2".parse().unwrap()));
    assert_eq!(world.client("cathy2").leaf(), 2);
    assert_eq!(world.client("alice").epoch(), 3);
}

#[test]
fn a_commit_may_name_only_proposals_that_the_hub_has() {
    // req: MP06-5.3-27
    // req: MP06-5.3-28
    let mut world = World::three();
    world.client("alice").propose_remove(2);
    let bundle = world.client("alice").commit(Commit::default());
    assert_eq!(invalid(world.refuse("alice", bundle)), 1);
}

#[test]
fn who_is_leaving_neither_commits_nor_proposes_anything_but_the_removal_of_own_clients() {
    // req: MP06-5.3-07
    // req: MP06-5.3-08
    let mut world = World::three();
    let commit = world.client("bob2").commit(Commit { path: true, ..Default::default() });
    world.client("bob2").discard();
    let join_with =
        world.room.group_info(&domain("b.example"), &group_info_request(&Client::new("mimi://b.example/d/bob/3")));
    let mut phone = Client::new("mimi://b.example/d/bob/3");
    let join = phone.join(&join_with.unwrap(), None);
    let list = world.client("bob2").propose_list(adding(&[&user("mimi://d.example/u/dora")]));
    let own = world.client("bob2").propose_remove(1);
    world.client("bob2").forget_proposals();

    // Only the list entry and one client at first: the other client is a separate proposal of the bundle.
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let bob = user("mimi://b.example/u/bob");
    // Without the proposals that wait a commit is refused anyway; it is refused for the right reason when it carries them.
    assert!(matches!(not_allowed(world.refuse("bob2", commit)), NotAllowed::PendingProposals { .. }));
    assert!(matches!(not_allowed(world.refuse("bob2", join)), NotAllowed::PendingProposals { .. }));
    let full = world.client("bob2").commit_as_leaver();
    assert_eq!(not_allowed(world.refuse("bob2", full)), NotAllowed::Leaving(bob.clone()));
    assert_eq!(not_allowed(world.refuse("bob2", alone(list))), NotAllowed::Leaving(bob));
    // The removal of an own client is allowed to be proposed, but this one is removed already.
    assert_eq!(invalid(world.refuse("bob2", alone(own))), 1);
}

#[test]
fn a_client_becomes_a_member_only_when_its_user_is_a_participant() {
    // req: MP06-5.3-04
    // req: AR02-4.2-02
    let mut world = World::three();
    let dora = Client::new("mimi://d.example/d/dora/1");
    let key_package = dora.key_package();
    world.route(&key_package, "d.example");
    let bundle = world.client("alice").commit(Commit { adds: vec![key_package], ..Default::default() });
    assert_eq!(not_allowed(world.refuse("alice", bundle)), NotAllowed::NotAParticipant(dora.user()));
}

#[test]
fn who_is_removed_or_banned_keeps_no_client() {
    // req: MP06-5.3-05
    let mut world = World::three();
    let bob = user("mimi://b.example/u/bob");
    let ban = ParticipantListUpdate {
        changed_role_participants: vec![UserIndexRolePair { user_index: 1, role_index: RoleIndex::BANNED }],
        ..Default::default()
    };
    for (list, removes) in [(removing(&[1]), vec![]), (removing(&[1]), vec![1]), (ban.clone(), vec![2])] {
        let bundle = world.client("alice").commit(Commit { list: vec![list.clone()], removes, ..Default::default() });
        assert_eq!(not_allowed(world.refuse("alice", bundle)), NotAllowed::ClientsRemain(bob.clone()));
        world.client("alice").discard();
        let proposal = world.client("alice").propose_list(list);
        assert_eq!(not_allowed(world.refuse("alice", alone(proposal))), NotAllowed::ClientsRemain(bob.clone()));
        world.client("alice").forget_proposals();
    }
    let bundle = world.client("alice").commit(Commit { list: vec![ban], removes: vec![1, 2], ..Default::default() });
    let _ = world.accept("alice", bundle);
    assert_eq!(world.room.role(&bob), Some(RoleIndex::BANNED));
    // A banned user does not come back.
    let phone = Client::new("mimi://b.example/d/bob/3");
    assert!(world.room.group_info(&domain("b.example"), &group_info_request(&phone)).is_err());
}

#[test]
fn the_policy_decides_who_adds_removes_and_changes_roles() {
    // req: MP06-7.5-17
    // req: MP06-7.5-18
    let mut world = World::three();
    let removal = Commit { list: vec![removing(&[2])], removes: vec![3], ..Default::default() };
    let promotion = ParticipantListUpdate {
        changed_role_participants: vec![UserIndexRolePair { user_index: 1, role_index: RoleIndex(3) }],
        ..Default::default()
    };
    let administrator = ParticipantListUpdate {
        added_participants: vec![UserRolePair::new(user("mimi://d.example/u/dora"), RoleIndex(3))],
        ..Default::default()
    };
    let lists = [promotion, administrator].map(|list| Commit { list: vec![list], ..Default::default() });
    for commit in lists.into_iter().chain([removal]) {
        let bundle = world.client("bob").commit(commit);
        assert!(matches!(not_allowed(world.refuse("bob", bundle)), NotAllowed::Denied(_)));
        world.client("bob").discard();
    }
    let proposal = world.client("bob").propose_remove(3);
    assert!(matches!(not_allowed(world.refuse("bob", alone(proposal))), NotAllowed::Denied(_)));
}

#[test]
fn added_key_packages_have_to_be_known_to_the_hub_as_their_providers() {
    // req: MP06-5.2-05
    // req: MP06-4.3.1-09
    let mut world = World::three();
    let dora = Client::new("mimi://d.example/d/dora/1");
    let key_package = dora.key_package();
    let reference = key_package.reference().unwrap();
    let commit = Commit { adds: vec![key_package.clone()], list: vec![adding(&[&dora.user()])], ..Default::default() };
    let bundle = world.client("alice").commit(commit);
    let expected = NotAllowed::UnknownKeyPackage(reference);
    assert_eq!(not_allowed(world.refuse("alice", bundle.clone())), expected);
    world.route(&key_package, "b.example");
    assert_eq!(not_allowed(world.refuse("alice", bundle)), expected);
}

#[test]
fn the_welcome_names_exactly_the_added() {
    // req: MP06-5.5-03
    let mut world = World::three();
    let dora = Client::new("mimi://d.example/d/dora/1");
    let key_package = dora.key_package();
    world.route(&key_package, "d.example");
    let commit = Commit { adds: vec![key_package], list: vec![adding(&[&dora.user()])], ..Default::default() };
    let bundle = world.client("alice").commit(commit);
    let HandshakeBundle::Commit { welcome, .. } = bundle.clone() else { panic!() };
    let without = changed(bundle, |welcome, _, _| *welcome = None);
    assert_eq!(not_allowed(world.refuse("alice", without)), NotAllowed::Welcome);
    world.client("alice").discard();
    let plain = world.client("alice").commit(Commit { path: true, ..Default::default() });
    let with = changed(plain, |given, _, _| *given = welcome);
    assert_eq!(not_allowed(world.refuse("alice", with)), NotAllowed::Welcome);
}

// req: DS06-7-01
#[test]
fn the_group_info_has_to_be_that_of_the_new_epoch_signed_by_the_committer() {
    // req: MP06-5.3-16
    // req: MP06-5.3-17
    // req: RT03-4-01
    // req: RT03-4-06
    let mut world = World::three();
    let old = world.room.group_info(&domain("c.example"), &group_info_request(world.clients.get("cathy").unwrap()));
    let old = old.unwrap().group_info;
    let bundle = world.client("cathy").commit(Commit { path: true, full: true, ..Default::default() });
    let HandshakeBundle::Commit { group_info: GroupInfoOption::Full(right), .. } = bundle.clone() else { panic!() };

    let wrong = changed(bundle.clone(), |_, info, _| *info = GroupInfoOption::Full(Box::new(old.clone())));
    let expected = NotAllowed::GroupInfo(GroupInfoError::Differs("group context"));
    assert_eq!(not_allowed(world.refuse("cathy", wrong)), expected);

    let forged = changed(bundle.clone(), |_, info, _| *info = partial(&old));
    let expected = NotAllowed::GroupInfo(GroupInfoError::Signature);
    assert_eq!(not_allowed(world.refuse("cathy", forged)), expected);

    let GroupInfoOption::Partial(mut given) = partial(&right) else { panic!() };
    given.ratchet_tree_presence = RatchetTreePresence::Present;
    let with_tree = changed(bundle.clone(), |_, info, _| *info = GroupInfoOption::Partial(given.clone()));
    let expected = NotAllowed::GroupInfo(GroupInfoError::HasTree);
    assert_eq!(not_allowed(world.refuse("cathy", with_tree)), expected);

    given.ratchet_tree_presence = RatchetTreePresence::NoRatchetTree;
    given.group_info_extensions = Default::default();
    let no_key = changed(bundle.clone(), |_, info, _| *info = GroupInfoOption::Partial(given));
    let expected = NotAllowed::GroupInfo(GroupInfoError::NoExternalPub);
    assert_eq!(not_allowed(world.refuse("cathy", no_key)), expected);

    // Partial and full give the same GroupInfo.
    let rebuilt = changed(bundle, |_, info, _| *info = partial(&right));
    let _ = world.accept("cathy", rebuilt);
    let cathy = group_info_request(world.clients.get("cathy").unwrap());
    assert_eq!(world.room.group_info(&domain("c.example"), &cathy).unwrap().group_info, *right);
}

#[test]
fn a_tree_is_taken_only_if_it_is_the_hubs_own() {
    // req: RT03-3-03
    // req: RT03-3-07
    let mut world = World::three();
    let old: RatchetTree = {
        let group = world.client("cathy").group();
        wire(&openmls::prelude::tls_codec::Serialize::tls_serialize_detached(&group.export_ratchet_tree()).unwrap())
    };
    // A proposal waits, so that it shows whether it survives the way back.
    let leave = world.client("bob").leave(&[2]);
    let _ = world.accept("bob", leave);
    let bundle = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    let elsewhere = RatchetTreeOption::OutOfBand { tree_signature: vec![] };
    let refused = changed(bundle.clone(), |_, _, tree| *tree = elsewhere);
    assert_eq!(not_allowed(world.refuse("cathy", refused)), NotAllowed::RatchetTreeOption);
    let refused = changed(bundle.clone(), |_, _, tree| *tree = RatchetTreeOption::Full(old));
    assert_eq!(not_allowed(world.refuse("cathy", refused)), NotAllowed::RatchetTree);

    world.client("cathy").confirm();
    let new: RatchetTree = {
        let group = world.client("cathy").group();
        wire(&openmls::prelude::tls_codec::Serialize::tls_serialize_detached(&group.export_ratchet_tree()).unwrap())
    };
    let right = changed(bundle, |_, _, tree| *tree = RatchetTreeOption::Full(new));
    let accepted = world.try_update("cathy", right).unwrap();
    assert_eq!(recipients(&accepted).len(), 3);
    assert_eq!(world.room.epoch(), Epoch(3));
}

#[test]
fn components_that_the_hub_does_not_know_do_not_change() {
    let mut world = World::three();
    let update = |component, remove: bool| {
        let update = match remove {
            true => AppDataUpdateProposal::remove(component),
            false => AppDataUpdateProposal::update(component, b"x".to_vec()),
        };
        Commit { proposals: vec![Proposal::AppDataUpdate(Box::new(update))], ..Default::default() }
    };
    for (component, remove) in [(0xf123, false), (0x0023, true), (0x0022, true), (0x0025, true)] {
        let bundle = world.client("alice").commit(update(component, remove));
        assert_eq!(not_allowed(world.refuse("alice", bundle)), NotAllowed::Component(component));
        world.client("alice").discard();
    }
    let proposal = world.client("alice").propose_component(0xf123, b"x".to_vec());
    assert_eq!(not_allowed(world.refuse("alice", alone(proposal))), NotAllowed::Component(0xf123));
}

#[test]
fn proposal_types_without_a_place_in_a_room_are_refused() {
    let mut world = World::three();
    let ephemeral = Proposal::AppEphemeral(Box::new(AppEphemeralProposal::new(5, b"x".to_vec())));
    let bundle = world.client("alice").commit(Commit { proposals: vec![ephemeral], ..Default::default() });
    assert_eq!(not_allowed(world.refuse("alice", bundle)), NotAllowed::ProposalType(9));
    world.client("alice").discard();

    let cathy = world.client("cathy");
    let (provider, signer) = (&cathy.provider, &cathy.signer);
    let update =
        cathy.group.as_mut().unwrap().propose_self_update(provider, signer, LeafNodeParameters::default()).unwrap();
    let update = alone(wire(&update.0.to_bytes().unwrap()));
    assert_eq!(not_allowed(world.refuse("cathy", update)), NotAllowed::ProposalType(2));
    world.client("cathy").forget_proposals();

    // By themselves these never reach the library, whoever is said to send them.
    let template = world.client("cathy").propose_remove(3).as_public().unwrap().clone();
    world.client("cathy").forget_proposals();
    let key_package = Client::new("mimi://c.example/d/cathy/3").key_package();
    let views = [
        (ProposalView::Add(Box::new(key_package)), 1),
        (ProposalView::ExternalInit { kem_output: vec![1] }, 6),
        (ProposalView::GroupContextExtensions(Default::default()), 7),
    ];
    for (view, number) in views {
        let mut message = template.clone();
        message.content = PublicContent::Proposal(view);
        let bundle = alone(MlsMessage::public(message).unwrap());
        assert_eq!(not_allowed(world.refuse("cathy", bundle)), NotAllowed::ProposalType(number));
    }
}

#[test]
fn senders_from_outside_the_group_propose_nothing() {
    let mut world = World::three();
    let template = world.client("cathy").propose_remove(1).as_public().unwrap().clone();
    world.client("cathy").forget_proposals();
    let key_package = Client::new("mimi://c.example/d/cathy/3").key_package();
    let cases = [
        (Sender::External(0), ProposalView::Remove(1), "external sender"),
        (Sender::External(7), ProposalView::Remove(1), "external sender"),
        (Sender::NewMemberProposal, ProposalView::Add(Box::new(key_package)), "new member"),
    ];
    for (sender, proposal, name) in cases {
        let mut message = template.clone();
        message.sender = sender;
        message.membership_tag = Vec::new();
        message.content = PublicContent::Proposal(proposal);
        let bundle = alone(MlsMessage::public(message).unwrap());
        assert_eq!(not_allowed(world.refuse("cathy", bundle)), NotAllowed::Sender(name));
    }
    let mut message = template;
    message.sender = Sender::Member(77);
    let bundle = alone(MlsMessage::public(message).unwrap());
    assert_eq!(not_allowed(world.refuse("cathy", bundle)), NotAllowed::UnknownMember(77));
}

// req: DS06-3-05, DS06-4-01, DS06-9.2-01, DS06-9.3-01
#[test]
fn forged_handshakes_are_refused() {
    let mut world = World::three();
    let bundle = world.client("cathy").commit(Commit { path: true, ..Default::default() });
    let mut message = bundle.message().as_public().unwrap().clone();
    message.signature[3] ^= 1;
    let forged = with_message(bundle.clone(), MlsMessage::public(message).unwrap());
    let refusal = not_allowed(world.refuse("cathy", forged));
    assert!(matches!(refusal, NotAllowed::Mls(StageError::Invalid(_))));
    world.client("cathy").discard();

    let mut message = world.client("bob").propose_remove(2).as_public().unwrap().clone();
    message.signature[3] ^= 1;
    let forged = alone(MlsMessage::public(message).unwrap());
    assert_eq!(invalid(world.refuse("bob", forged)), 1);

    // Not a PublicMessage at all.
    let sealed = world.client("alice").seal("x");
    let forged = with_message(bundle, sealed);
    assert_eq!(not_allowed(world.refuse("cathy", forged)), NotAllowed::WireFormat);
}

#[test]
fn a_client_is_a_member_once() {
    let mut world = World::three();
    let again = Client::new("mimi://c.example/d/cathy/1");
    let key_package = again.key_package();
    world.route(&key_package, "c.example");
    let bundle = world.client("alice").commit(Commit { adds: vec![key_package], ..Default::default() });
    assert_eq!(not_allowed(world.refuse("alice", bundle)), NotAllowed::DuplicateClient(again.uri));
}

// req: DS06-3-04
#[test]
fn a_client_that_lost_its_state_comes_back_in_its_own_place() {
    let mut world = World::three();
    let mut again = Client::new("mimi://c.example/d/cathy/1");
    // Without the removal of its former appearance it would be there twice.
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&again)).unwrap();
    let join = again.join(&given, None);
    let twice = not_allowed(world.refuse("cathy", join));
    assert_eq!(twice, NotAllowed::DuplicateClient(again.uri.clone()));

    // With the key of its former appearance the library removes that in the same commit.
    let mut again = Client::new("mimi://c.example/d/cathy/1");
    again.signer = world.clients["cathy"].signer.clone();
    again.credential = world.clients["cathy"].credential.clone();
    let join = again.join(&given, None);
    world.clients.insert("cathy", again);
    let _ = world.accept("cathy", join);
    assert_eq!(world.room.members().count(), 4);
    assert_eq!(world.client("cathy").leaf(), 3);
    assert_eq!(world.client("bob").epoch(), 3);
}

#[test]
fn a_leaf_stays_with_its_client() {
    let mut world = World::three();
    let signature_key = world.client("cathy").credential.signature_key.clone();
    let identity = CredentialWithKey {
        credential: BasicCredential::new(b"mimi://c.example/d/cathy/9".to_vec()).into(),
        signature_key,
    };
    let commit = Commit { path: true, identity: Some(identity), ..Default::default() };
    let bundle = world.client("cathy").commit(commit);
    let cathy = world.client("cathy").uri.clone();
    assert_eq!(not_allowed(world.refuse("cathy", bundle)), NotAllowed::IdentityChange(cathy));
}

#[test]
fn key_packages_that_live_too_long_are_refused() {
    let mut world = World::three();
    let dora = Client::new("mimi://d.example/d/dora/1");
    let key_package = dora.key_package_for(Lifetime::new(400 * 86_400));
    world.route(&key_package, "d.example");
    let commit = Commit { adds: vec![key_package], list: vec![adding(&[&dora.user()])], ..Default::default() };
    let bundle = world.client("alice").commit(commit);
    assert_eq!(not_allowed(world.refuse("alice", bundle)), NotAllowed::Mls(StageError::Lifetime));
}

// req: DS06-9.2-02
#[test]
fn a_proposal_is_taken_once_and_no_leaf_is_removed_twice() {
    let mut world = World::three();
    let proposal = alone(world.client("bob").propose_remove(2));
    let _ = world.accept("bob", proposal.clone());
    assert_eq!(invalid(world.refuse("bob", proposal)), 1);
    let again = alone(world.client("alice").propose_remove(2));
    assert_eq!(invalid(world.refuse("alice", again)), 1);
    let nobody = {
        let mut message = world.client("alice").propose_remove(1).as_public().unwrap().clone();
        message.content = PublicContent::Proposal(ProposalView::Remove(50));
        alone(MlsMessage::public(message).unwrap())
    };
    assert_eq!(invalid(world.refuse("alice", nobody)), 1);
}

#[test]
fn participant_list_updates_have_to_fit_the_list() {
    // req: MP06-7.5-13
    // req: MP06-7.5-19
    let mut world = World::three();
    let present = adding(&[&user("mimi://c.example/u/cathy")]);
    let twice = ParticipantListUpdate { added_participants: vec![], ..removing(&[1, 1]) };
    for update in [removing(&[9]), present, twice] {
        let bundle = world.client("alice").commit(Commit { list: vec![update], ..Default::default() });
        assert_eq!(invalid(world.refuse("alice", bundle)), 0);
        world.client("alice").discard();
    }
    let garbage = world.client("alice").propose_component(0x0022, vec![0xff]);
    assert_eq!(invalid(world.refuse("alice", alone(garbage))), 1);
}

#[test]
fn two_leaves_in_one_epoch_take_nobody_else_off_the_list() {
    // req: MP06-7.5-13
    for order in [["bob", "cathy"], ["cathy", "bob"]] {
        let mut world = World::three();
        let dora = user("mimi://d.example/u/dora");
        let bundle = world.client("alice").commit(Commit { list: vec![adding(&[&dora])], ..Default::default() });
        let _ = world.accept("alice", bundle);
        // Each leave names a place in the list as it is now: the first one does not move the second.
        for name in order {
            let others: &[u32] = if name == "bob" { &[2] } else { &[] };
            let leave = world.client(name).leave(others);
            let _ = world.accept(name, leave);
        }
        let bundle = world.client("alice").commit(Commit::default());
        let _ = world.accept("alice", bundle);
        let users: Vec<_> = world.room.participant_list().participants().iter().map(|p| p.user().name()).collect();
        assert_eq!(users, ["alice", "dora"]);
        assert_eq!(world.room.members().count(), 1);
        assert_eq!(&world.client("alice").list(), world.room.participant_list());
    }
}

// req: DS06-9.6-01
#[test]
fn a_stranger_does_not_join() {
    // req: MP06-3.6-05
    // req: MP06-3.6-06
    // req: MP06-5.6-24
    let mut world = World::three();
    let mut stranger = Client::new("mimi://d.example/d/dora/1");
    let request = group_info_request(&stranger);
    let refusal = world.room.group_info(&domain("d.example"), &request).unwrap_err();
    assert_eq!(refusal.code(), Some(mimi_protocol::group_info::GroupInfoCode::NotAuthorized));
    // Even with the GroupInfo from somebody who may have it, and with an own entry in the list.
    let given = world.room.group_info(&domain("c.example"), &group_info_request(&world.clients["cathy"])).unwrap();
    let other_provider = world.room.group_info(&domain("b.example"), &group_info_request(&world.clients["cathy"]));
    assert!(other_provider.is_err());
    for list in [None, Some(adding(&[&stranger.user()]))] {
        let join = stranger.join(&given, list);
        world.clients.insert("dora", stranger);
        assert!(matches!(not_allowed(world.refuse("dora", join)), NotAllowed::Denied(_)));
        stranger = Client::new("mimi://d.example/d/dora/1");
    }
}
