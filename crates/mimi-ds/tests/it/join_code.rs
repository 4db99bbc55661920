//! Coming in with a joining code (section 5.6, draft-ietf-mimi-room-policy-03 sections 6.2 and 8.1.1), with real clients and a real store.

use mimi_arch::{
    RoleIndex,
    mls::{ComponentId, CredentialType},
};
use mimi_ds::{
    Effect, SqliteStore, Store,
    hub::{
        CreateRefusal, Denied, GroupInfoRefusal, JoinGrant, JoinLinkFault, NotAllowed, UpdateFacts, UpdateRefusal,
        joiner_named,
    },
};
use mimi_protocol::{
    AcceptedTimestamp, Epoch, Wire,
    group_info::GroupInfoCode,
    participant_list::{ParticipantListUpdate, UserRolePair},
    update::{HandshakeBundle, UpdateRequest},
};
use mimi_room_policy::{
    authorize::Refusal,
    capability::CapabilityType,
    join_code::{CODE_LENGTH, CodeLink, JoiningCode, LinkTerms, LinkTermsError},
    join_link::{JoinLink, JoinLinks, JoinLinksUpdate},
    preauth::{Claim, PreAuthRoleEntry, PreauthList},
    ready_made,
};
use openmls::prelude::{AppDataUpdateProposal, Proposal};

use crate::{
    flow::{group_info_request, group_info_request_with},
    support::*,
};

const MINUTE: u64 = 60;
const READER: RoleIndex = RoleIndex(2);
const OWNER: RoleIndex = RoleIndex(4);

/// A room in which role 0 may use codes, and links may be for several users.
fn with_links(creator: &Client) -> RoomShape {
    let mut shape = RoomShape::of(creator);
    shape.participants = vec![(creator.user(), OWNER)];
    shape.components = policy(&ready_made::announcement(&[]));
    shape
}

fn code(octet: u8) -> JoiningCode {
    JoiningCode::from_random([octet; CODE_LENGTH])
}

/// A link that is valid for a minute.
fn link(octet: u8, multiuser: bool) -> CodeLink {
    CodeLink::new(&code(octet), LinkTerms { role: READER, multiuser, not_after: NOW.0 / 1_000 + MINUTE })
}

fn adding_links(links: &[CodeLink]) -> JoinLinksUpdate {
    JoinLinksUpdate {
        added_links: links.iter().map(|link| link.to_link().unwrap()).collect(),
        ..JoinLinksUpdate::default()
    }
}

fn removing_links(places: &[u32]) -> JoinLinksUpdate {
    JoinLinksUpdate { removed_indices: places.to_vec(), ..JoinLinksUpdate::default() }
}

fn update_of_links(update: &JoinLinksUpdate) -> AppDataUpdateProposal {
    AppDataUpdateProposal::update(ComponentId::JOIN_LINKS.0, update.to_bytes().unwrap())
}

fn commit_of_links(update: &JoinLinksUpdate) -> Commit {
    let proposal = Proposal::AppDataUpdate(Box::new(update_of_links(update)));
    Commit { proposals: vec![proposal], path: true, ..Commit::default() }
}

fn coming(client: &Client, role: RoleIndex) -> ParticipantListUpdate {
    let added_participants = vec![UserRolePair::new(client.user(), role)];
    ParticipantListUpdate { added_participants, ..ParticipantListUpdate::default() }
}

/// A room with its store, in which what an outsider has shown is remembered.
struct Hall {
    world: World,
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Hall {
    /// Alice alone, with these links.
    fn with(links: &[CodeLink]) -> Self {
        Self::of(with_links, links)
    }

    fn of(shape: fn(&Client) -> RoomShape, links: &[CodeLink]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        let mut hall = Self { world: World::shaped(shape), store, _folder: folder };
        if !links.is_empty() {
            hall.links(&adding_links(links)).unwrap();
        }
        hall.save();
        hall
    }

    fn save(&mut self) {
        self.store.commit(self.world.effects.drain(..).collect()).unwrap();
    }

    /// Alice changes the links.
    fn links(&mut self, update: &JoinLinksUpdate) -> Result<(), UpdateRefusal> {
        let bundle = self.world.client("alice").commit(commit_of_links(update));
        match self.world.try_update("alice", bundle) {
            Ok(accepted) => {
                self.world.effects.extend(accepted.effects.clone());
                self.world.distribute(&accepted);
                self.save();
                Ok(())
            }
            Err(refusal) => {
                self.world.client("alice").discard();
                Err(refusal)
            }
        }
    }

    fn now(&mut self) -> AcceptedTimestamp {
        self.world.now()
    }

    /// Asks with a code; what the hub remembers is stored.
    fn ask(
        &mut self,
        client: &Client,
        code: &JoiningCode,
    ) -> Result<mimi_protocol::group_info::GroupInfoRatchetTreeTbe, GroupInfoRefusal> {
        let now = self.now();
        let request = group_info_request_with(client, Some(code.as_bytes().to_vec()));
        let before = self.world.fingerprint();
        let claimed = self.world.room.claim_group_info(now, client.uri.domain(), &request);
        assert_eq!(self.world.fingerprint(), before);
        let claimed = claimed?;
        self.store.commit(claimed.effects).unwrap();
        Ok(claimed.contents)
    }

    /// The hub decides about an external commit with what the store knows.
    fn decide(&mut self, client: &Client, bundle: &HandshakeBundle) -> Result<(), UpdateRefusal> {
        let request = UpdateRequest(bundle.clone());
        let joiner = joiner_named(&request).unwrap();
        assert_eq!(joiner, client.uri);
        let facts = UpdateFacts {
            grant: self.store.join_grant(self.world.room.room(), &joiner).unwrap(),
            ..UpdateFacts::default()
        };
        self.decide_knowing(client, bundle, &facts)
    }

    fn decide_knowing(
        &mut self,
        client: &Client,
        bundle: &HandshakeBundle,
        facts: &UpdateFacts,
    ) -> Result<(), UpdateRefusal> {
        let now = self.now();
        let before = self.world.fingerprint();
        let request = UpdateRequest(bundle.clone());
        let decided = self.world.room.update_knowing(now, client.uri.domain(), &request, facts, Some(&*SIGNER));
        match &decided {
            Ok(accepted) => {
                self.world.effects.extend(accepted.effects.clone());
                self.world.distribute(accepted);
                self.save();
                self.world.room.check_lists().unwrap();
            }
            Err(_) => assert_eq!(self.world.fingerprint(), before),
        }
        decided.map(|_| ())
    }

    fn shown_links(&self) -> usize {
        self.world.room.policy().join_links.as_ref().map_or(0, |links| links.links.len())
    }
}

fn bob() -> Client {
    Client::new("mimi://b.example/d/bob/1")
}

fn cathy() -> Client {
    Client::new("mimi://c.example/d/cathy/1")
}

/// How the hub refuses somebody who has shown nothing.
fn not_open() -> Refusal {
    Refusal::MissingCapability { role: RoleIndex::NON_PARTICIPANT, capability: CapabilityType::CAN_OPEN_JOIN }
}

fn not_allowed(refusal: UpdateRefusal) -> NotAllowed {
    match refusal {
        UpdateRefusal::NotAllowed(reason) => reason,
        other => panic!("{other:?}"),
    }
}

fn denied(refusal: UpdateRefusal) -> Refusal {
    match not_allowed(refusal) {
        NotAllowed::Denied(Denied { refusal, .. }) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_outsider_comes_in_by_a_code_and_all_members_follow() {
    // req: RP03-8.1.1-15, MP06-5.6-06, MP06-5.6-04
    let mut hall = Hall::with(&[link(1, true)]);
    for mut client in [bob(), cathy()] {
        let given = hall.ask(&client, &code(1)).unwrap();
        let list = coming(&client, READER);
        let join = client.join(&given, Some(list));
        hall.decide(&client, &join).unwrap();
        assert_eq!(hall.world.room.role(&client.user()), Some(READER));
        assert_eq!(client.epoch(), hall.world.room.epoch().0);
    }
    // A link for several users stays; the code was told to nobody.
    assert_eq!(hall.shown_links(), 1);
    assert_eq!(hall.world.client("alice").list(), *hall.world.room.participant_list());
}

#[test]
fn a_link_for_one_user_goes_with_its_use() {
    // req: RP03-8.1.1-15
    let mut hall = Hall::with(&[link(1, false), link(2, false)]);
    let (mut first, mut second) = (bob(), cathy());
    let (to_first, to_second) = (hall.ask(&first, &code(2)).unwrap(), hall.ask(&second, &code(2)).unwrap());
    let updates = |client: &Client, places: &[u32]| {
        let mut updates = own_updates(&[coming(client, READER)]);
        updates.push(update_of_links(&removing_links(places)));
        updates
    };
    // Without removing the link, with removing another one as well, or another one instead, nobody comes in.
    let stays = first.join(&to_first, Some(coming(&first, READER)));
    assert_eq!(not_allowed(hall.decide(&first, &stays).unwrap_err()), NotAllowed::OneTimeLinkStays);
    for places in [&[0, 1][..], &[0]] {
        let join = first.join_with(&to_first, updates(&first, places));
        let capability = CapabilityType::CAN_DELETE_JOIN_CODE;
        let refusal = Refusal::MissingCapability { role: RoleIndex::NON_PARTICIPANT, capability };
        assert_eq!(denied(hall.decide(&first, &join).unwrap_err()), refusal);
    }
    let join = first.join_with(&to_first, updates(&first, &[1]));
    let race = second.join_with(&to_second, updates(&second, &[1]));
    hall.decide(&first, &join).unwrap();
    assert_eq!(hall.shown_links(), 1);
    // The second one was as early, and is too late.
    assert_eq!(hall.decide(&second, &race).unwrap_err(), UpdateRefusal::WrongEpoch { current: Epoch(2) });
    assert_eq!(hall.ask(&second, &code(2)).unwrap_err(), GroupInfoRefusal::Code);
    hall.ask(&second, &code(1)).unwrap();
}

#[test]
fn wrong_codes_and_codes_of_other_rooms_are_refused_alike() {
    // req: MP06-5.6-24
    let mut hall = Hall::with(&[link(1, true)]);
    let digest = *link(1, true).digest();
    for wrong in [code(2), JoiningCode::from_octets(digest.to_vec()), JoiningCode::from_octets(Vec::new())] {
        let refusal = hall.ask(&bob(), &wrong).unwrap_err();
        assert_eq!(refusal, GroupInfoRefusal::Code);
        assert_eq!(refusal.code(), Some(GroupInfoCode::NotAuthorized));
    }
    let mut other = Hall::with(&[link(3, true)]);
    assert_eq!(other.ask(&bob(), &code(1)).unwrap_err(), GroupInfoRefusal::Code);
    // A room without links has none to open.
    let mut closed = Hall::of(RoomShape::of, &[]);
    assert_eq!(closed.ask(&bob(), &code(1)).unwrap_err(), GroupInfoRefusal::Code);
}

#[test]
fn a_code_whose_time_is_over_is_refused_also_when_it_was_shown_in_time() {
    // req: RP03-6.2-05
    let mut hall = Hall::with(&[link(1, true)]);
    let mut client = bob();
    let given = hall.ask(&client, &code(1)).unwrap();
    let list = coming(&client, READER);
    let join = client.join(&given, Some(list));
    hall.world.clock = NOW.0 + MINUTE * 1_000 + 1_000;
    assert_eq!(denied(hall.decide(&client, &join).unwrap_err()), not_open());
    let refusal = hall.ask(&client, &code(1)).unwrap_err();
    assert_eq!((&refusal, refusal.code()), (&GroupInfoRefusal::CodeExpired, Some(GroupInfoCode::NotAuthorized)));
    // A clock that goes back does not make it valid again, once the room has seen a later time.
    let update = removing_links(&[]);
    hall.links(&update).unwrap_err();
    let bundle = hall.world.client("alice").commit(Commit { path: true, ..Commit::default() });
    let _ = hall.world.accept("alice", bundle);
    hall.world.clock = NOW.0;
    assert_eq!(hall.ask(&client, &code(1)).unwrap_err(), GroupInfoRefusal::CodeExpired);
}

#[test]
fn a_link_that_is_taken_back_opens_nothing_from_then_on() {
    // req: RP03-6.2-07
    let mut hall = Hall::with(&[link(1, true), link(2, true)]);
    let mut client = bob();
    let given = hall.ask(&client, &code(1)).unwrap();
    let list = coming(&client, READER);
    let join = client.join(&given, Some(list));
    hall.links(&removing_links(&[0])).unwrap();
    assert_eq!(hall.decide(&client, &join).unwrap_err(), UpdateRefusal::WrongEpoch { current: Epoch(2) });
    assert_eq!(hall.ask(&client, &code(1)).unwrap_err(), GroupInfoRefusal::Code);
    // Even with the GroupInfo of the new epoch, come by whatever way, what was shown before holds no more.
    let given = hall.ask(&cathy(), &code(2)).unwrap();
    let list = coming(&client, READER);
    let join = client.join(&given, Some(list));
    assert_eq!(denied(hall.decide(&client, &join).unwrap_err()), not_open());
}

#[test]
fn what_was_shown_counts_for_that_client_key_and_epoch_alone() {
    // req: MP06-5.6-04
    let mut hall = Hall::with(&[link(1, true)]);
    let mut client = bob();
    let given = hall.ask(&client, &code(1)).unwrap();
    let list = coming(&client, READER);
    let join = client.join(&given, Some(list));
    let grant = hall.store.join_grant(hall.world.room.room(), &client.uri).unwrap().unwrap();
    assert_eq!(grant.signature_key, client.signer.public());
    let changed: [fn(&mut JoinGrant); 4] = [
        |grant| grant.client = cathy().uri,
        |grant| grant.signature_key = cathy().signer.to_public_vec(),
        |grant| grant.epoch = Epoch(0),
        |grant| grant.link = *link(2, true).digest(),
    ];
    for change in changed {
        let mut grant = grant.clone();
        change(&mut grant);
        let facts = UpdateFacts { grant: Some(grant), ..UpdateFacts::default() };
        assert_eq!(denied(hall.decide_knowing(&client, &join, &facts).unwrap_err()), not_open());
    }
    assert_eq!(denied(hall.decide_knowing(&client, &join, &UpdateFacts::default()).unwrap_err()), not_open());
    hall.decide(&client, &join).unwrap();
}

#[test]
fn what_was_shown_outlives_a_restart_and_not_the_epoch() {
    let mut hall = Hall::with(&[link(1, true)]);
    let (mut first, second) = (bob(), cathy());
    let given = hall.ask(&first, &code(1)).unwrap();
    hall.ask(&second, &code(1)).unwrap();
    hall.world.room = Room::restore(&hall.store.load_room(&room_uri()).unwrap().unwrap()).unwrap();
    let list = coming(&first, READER);
    let join = first.join(&given, Some(list));
    hall.decide(&first, &join).unwrap();
    // Whoever asks next makes the store forget what is of earlier epochs.
    let third = Client::new("mimi://d.example/d/dan/1");
    hall.ask(&third, &code(1)).unwrap();
    for gone in [&first, &second] {
        assert_eq!(hall.store.join_grant(&room_uri(), &gone.uri).unwrap(), None);
    }
    assert!(hall.store.join_grant(&room_uri(), &third.uri).unwrap().is_some());
}

#[test]
fn a_code_gives_its_own_role_and_no_other() {
    // req: RP03-8.1.1-16
    let mut hall = Hall::with(&[link(1, true)]);
    let mut client = bob();
    let given = hall.ask(&client, &code(1)).unwrap();
    let list = coming(&client, OWNER);
    let join = client.join(&given, Some(list));
    let refusal = denied(hall.decide(&client, &join).unwrap_err());
    assert_eq!(refusal, Refusal::JoinCodeForOtherRole { code: READER, role: OWNER });
    // Role 0 does not list the owners' role, whatever a link says.
    let terms = LinkTerms { role: OWNER, ..link(2, true).terms };
    hall.links(&adding_links(&[CodeLink::new(&code(2), terms)])).unwrap();
    let GroupInfoRefusal::Denied(denied) = hall.ask(&client, &code(2)).unwrap_err() else { panic!() };
    let zero = RoleIndex::NON_PARTICIPANT;
    assert_eq!(denied.refusal, Refusal::TransitionNotListed { actor_role: zero, from: zero, to: OWNER });
}

#[test]
fn the_banned_and_those_on_their_way_out_do_not_come_in_by_a_code() {
    // req: RP03-8.1.3-08, MP06-7.1-05
    fn with_bans(creator: &Client) -> RoomShape {
        let mut components = ready_made::announcement(&[]);
        let mut roles: Vec<_> = components.roles.as_ref().unwrap().roles().to_vec();
        for change in roles.iter_mut().flat_map(|role| &mut role.authorized_role_changes) {
            if change.from_role_index == RoleIndex::NON_PARTICIPANT && change.target_role_indexes.contains(&OWNER) {
                change.target_role_indexes.push(RoleIndex::BANNED);
            }
        }
        components.roles = Some(mimi_room_policy::roles::RolesList::new(roles).unwrap());
        let mut shape = with_links(creator);
        shape.components = policy(&components);
        shape
    }
    let mut hall = Hall::of(with_bans, &[link(1, true)]);
    let mut member = cathy();
    let given = hall.ask(&member, &code(1)).unwrap();
    let list = coming(&member, READER);
    let join = member.join(&given, Some(list));
    hall.decide(&member, &join).unwrap();
    hall.world.clients.insert("cathy", member);
    let mut client = bob();
    let given = hall.ask(&client, &code(1)).unwrap();
    let list = coming(&client, READER);
    let join = client.join(&given, Some(list));
    let ban = coming(&client, RoleIndex::BANNED);
    // While the ban waits.
    let proposal = hall.world.client("alice").propose_list(ban);
    let _ = hall.world.accept("alice", HandshakeBundle::Proposals { first: proposal, more: Vec::new() });
    assert_eq!(hall.ask(&client, &code(1)).unwrap_err(), GroupInfoRefusal::Barred(client.user()));
    assert!(matches!(not_allowed(hall.decide(&client, &join).unwrap_err()), NotAllowed::PendingProposals { .. }));
    let bundle = hall.world.client("cathy").commit(Commit { path: true, ..Commit::default() });
    let _ = hall.world.accept("cathy", bundle);
    // And when it is committed.
    let GroupInfoRefusal::Denied(refused) = hall.ask(&client, &code(1)).unwrap_err() else { panic!() };
    assert_eq!(refused.refusal, Refusal::ActorBanned { user: client.user() });
    let given = hall.ask(&Client::new("mimi://d.example/d/dan/1"), &code(1)).unwrap();
    let again = client.join(&given, Some(ParticipantListUpdate::default()));
    assert!(matches!(
        not_allowed(hall.decide(&client, &again).unwrap_err()),
        NotAllowed::NotAParticipant(_) | NotAllowed::Denied(_)
    ));
}

#[test]
fn a_participant_needs_no_code_and_uses_none_up() {
    let hall = Hall::with(&[link(1, false)]);
    let phone = Client::new("mimi://a.example/d/alice/2");
    let request = group_info_request_with(&phone, Some(b"whatever".to_vec()));
    let claimed = hall.world.room.claim_group_info(NOW, &domain("a.example"), &request).unwrap();
    assert_eq!(claimed.effects, []);
    let plain = hall.world.room.claim_group_info(NOW, &domain("a.example"), &group_info_request(&phone)).unwrap();
    assert_eq!(plain, claimed);
    assert_eq!(hall.shown_links(), 1);
}

#[test]
fn only_the_room_of_the_client_s_provider_is_asked_for() {
    // req: MP06-4.1-02
    let hall = Hall::with(&[link(1, true)]);
    let client = bob();
    let request = group_info_request_with(&client, Some(code(1).as_bytes().to_vec()));
    let refusal = hall.world.room.claim_group_info(NOW, &domain("c.example"), &request).unwrap_err();
    assert_eq!(refusal, GroupInfoRefusal::ForeignClient(client.uri));
}

#[test]
fn links_are_made_and_taken_back_by_those_who_may() {
    // req: RP03-6.2-07
    let mut hall = Hall::with(&[link(1, true)]);
    let mut reader = bob();
    let given = hall.ask(&reader, &code(1)).unwrap();
    let list = coming(&reader, READER);
    let join = reader.join(&given, Some(list));
    hall.decide(&reader, &join).unwrap();
    hall.world.clients.insert("bob", reader);
    for (update, capability) in [
        (adding_links(&[link(2, false)]), CapabilityType::CAN_CREATE_JOIN_CODE),
        (removing_links(&[0]), CapabilityType::CAN_DELETE_JOIN_CODE),
    ] {
        let bundle = hall.world.client("bob").commit(commit_of_links(&update));
        let refusal = denied(hall.world.refuse("bob", bundle));
        assert_eq!(refusal, Refusal::MissingCapability { role: READER, capability });
        hall.world.client("bob").discard();
        let data = update.to_bytes().unwrap();
        let proposal = hall.world.client("bob").propose_component(ComponentId::JOIN_LINKS.0, data);
        let refusal = hall.world.refuse("bob", HandshakeBundle::Proposals { first: proposal, more: Vec::new() });
        assert_eq!(denied(refusal), Refusal::MissingCapability { role: READER, capability });
        hall.world.client("bob").forget_proposals();
    }
    // As proposals, too, which another one commits.
    let data = adding_links(&[link(2, false)]).to_bytes().unwrap();
    let first = hall.world.client("alice").propose_component(ComponentId::JOIN_LINKS.0, data);
    let _ = hall.world.accept("alice", HandshakeBundle::Proposals { first, more: Vec::new() });
    let bundle = hall.world.client("bob").commit(Commit { path: true, ..Commit::default() });
    let _ = hall.world.accept("bob", bundle);
    assert_eq!(hall.shown_links(), 2);
}

#[test]
fn links_have_to_be_of_a_form_and_of_terms_that_the_hub_can_enforce() {
    // req: RP03-6.2-04, RP03-6.2-05
    let mut hall = Hall::with(&[]);
    let text = JoinLinksUpdate {
        added_links: vec![JoinLink::new("https://a.example/join/x").unwrap()],
        ..JoinLinksUpdate::default()
    };
    assert!(matches!(not_allowed(hall.links(&text).unwrap_err()), NotAllowed::JoinLink(JoinLinkFault::Form(_))));
    let terms = link(1, true).terms;
    let week = 7 * 24 * 60 * MINUTE;
    let now = NOW.0 / 1_000;
    for (terms, fault) in [
        (
            LinkTerms { not_after: now + week + 1, ..terms },
            LinkTermsError::TooLong { not_after: now + week + 1, latest: now + week },
        ),
        (LinkTerms { not_after: now, ..terms }, LinkTermsError::Over),
        (LinkTerms { role: RoleIndex::BANNED, ..terms }, LinkTermsError::Role { role: RoleIndex::BANNED }),
    ] {
        let refusal = hall.links(&adding_links(&[CodeLink::new(&code(1), terms)])).unwrap_err();
        assert_eq!(not_allowed(refusal), NotAllowed::JoinLink(JoinLinkFault::Terms(fault)));
    }
    hall.links(&adding_links(&[CodeLink::new(&code(1), LinkTerms { not_after: now + week, ..terms })])).unwrap();

    fn for_one(creator: &Client) -> RoomShape {
        let mut shape = RoomShape::of(creator);
        shape.participants = vec![(creator.user(), RoleIndex(5))];
        shape.components = policy(&ready_made::moderated_group(&[]));
        shape
    }
    let mut single = Hall::of(for_one, &[link(1, false)]);
    let refusal = single.links(&adding_links(&[link(2, true)])).unwrap_err();
    assert_eq!(not_allowed(refusal), NotAllowed::JoinLink(JoinLinkFault::Terms(LinkTermsError::Multiuser)));
}

#[test]
fn a_room_is_not_created_with_links_that_it_cannot_have() {
    fn with_a_text(creator: &Client) -> RoomShape {
        let mut components = ready_made::announcement(&[]);
        components.join_links = Some(JoinLinks { links: vec![JoinLink::new("https://a.example/join/x").unwrap()] });
        let mut shape = with_links(creator);
        shape.components = policy(&components);
        shape
    }
    let mut alice = Client::new("mimi://a.example/d/alice/1");
    let shape = with_a_text(&alice);
    let (info, tree) = alice.create(&shape);
    let refusal = Room::create(NOW, &hub_identity(), &alice.uri, room_uri(), info, &tree).unwrap_err();
    assert!(matches!(refusal, CreateRefusal::JoinLink(JoinLinkFault::Form(_))), "{refusal:?}");
}

#[test]
fn a_preauthorized_role_may_use_codes_where_role_zero_may_not() {
    // req: RP03-8.1.1-15
    fn only_preauthorized(creator: &Client) -> RoomShape {
        let mut components = ready_made::announcement(&[]);
        let mut roles: Vec<_> = components.roles.as_ref().unwrap().roles().to_vec();
        for role in &mut roles {
            role.role_capabilities.retain(|it| *it != CapabilityType::CAN_USE_JOIN_CODE);
        }
        let announcer = roles.iter_mut().find(|role| role.role_index == RoleIndex(3)).unwrap();
        *announcer = announcer.clone().with([CapabilityType::CAN_USE_JOIN_CODE]).changing(0, &[2]);
        let target_role = announcer.clone();
        components.roles = Some(mimi_room_policy::roles::RolesList::new(roles).unwrap());
        let claim = Claim::new(CredentialType::BASIC, Vec::new(), bob().uri.as_str().as_bytes());
        components.preauth =
            Some(PreauthList { preauthorized_entries: vec![PreAuthRoleEntry { claimset: vec![claim], target_role }] });
        let mut shape = with_links(creator);
        shape.components = policy(&components);
        shape
    }
    let mut hall = Hall::of(only_preauthorized, &[link(1, true)]);
    let mut client = bob();
    let given = hall.ask(&client, &code(1)).unwrap();
    let list = coming(&client, READER);
    let join = client.join(&given, Some(list));
    hall.decide(&client, &join).unwrap();
    let GroupInfoRefusal::Denied(refused) = hall.ask(&cathy(), &code(1)).unwrap_err() else { panic!() };
    let capability = CapabilityType::CAN_USE_JOIN_CODE;
    assert_eq!(refused.refusal, Refusal::MissingCapability { role: RoleIndex::NON_PARTICIPANT, capability });
}

#[test]
fn a_full_room_gives_nothing_out_for_a_code() {
    // req: RP03-5-17, RP03-8.1.1-17
    fn for_one_user(creator: &Client) -> RoomShape {
        let mut components = ready_made::announcement(&[]);
        components.base.as_mut().unwrap().max_users = Some(1);
        let mut shape = with_links(creator);
        shape.components = policy(&components);
        shape
    }
    let mut hall = Hall::of(for_one_user, &[link(1, true)]);
    let GroupInfoRefusal::Denied(refused) = hall.ask(&bob(), &code(1)).unwrap_err() else { panic!() };
    assert_eq!(refused.refusal, Refusal::MaxUsers { maximum: 1, after: 2 });
}

#[test]
fn nothing_stored_is_the_code() {
    let mut hall = Hall::with(&[link(0x5c, true)]);
    hall.ask(&bob(), &code(0x5c)).unwrap();
    let grant = hall.store.join_grant(&room_uri(), &bob().uri).unwrap();
    assert!(grant.is_some());
    let effect = Effect::PutJoinGrant { room: room_uri(), grant: grant.unwrap() };
    let (secret, dump) = (code(0x5c), format!("{effect:?} {:?}", hall.world.room));
    assert!(!dump.contains(&format!("{:?}", secret.as_bytes())));
    let Hall { store, _folder: folder, .. } = hall;
    drop(store);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(CODE_LENGTH).any(|window| window == secret.as_bytes()));
    }
}
