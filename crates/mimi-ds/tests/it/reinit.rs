//! A ReInit of a real group (RFC 9420 section 11.2): a commit in octets, since the library's clients make none. The hub holds no secret of the
//! group, so what only members can check, the tags, is any octets here; signatures, hashes and the GroupInfo are as they have to be.

use mimi_ds::{
    SqliteStore, Store,
    hub::{CreateRefusal, Life, NoGroup, NotAllowed, SubmitRefusal, UpdateRefusal},
};
use mimi_protocol::{
    Epoch, Wire,
    codec::put_opaque,
    crypto::sign_content,
    mls::{
        CommitView, GroupContext, GroupInfo, MlsMessage, ProposalOrRef, ProposalView, PublicContent, PublicMessageView,
        ReInit, Sender,
    },
    ratchet_tree::RatchetTreeOption,
    submit_message::SubmitMessageRequest,
    update::{GroupInfoOption, HandshakeBundle, PartialGroupInfo, RatchetTreePresence, UpdateRequest},
};
use openmls_traits::signatures::Signer as _;
use sha2::{Digest as _, Sha256};

use crate::support::*;

const TAG: [u8; 32] = [0xc7; 32];

fn opaque(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_opaque(&mut out, octets).unwrap();
    out
}

/// The names are of RFC 9420.
fn signature(client: &Client, label: &str, content: &[u8]) -> Vec<u8> {
    client.signer.sign(&sign_content(label, content)).unwrap()
}

/// A commit of nothing but a ReInit in epoch 0 of the group of this GroupInfo, without a path.
fn commit(client: &Client, group: &GroupInfo, reinit: &ReInit) -> HandshakeBundle {
    let proposals = vec![ProposalOrRef::Proposal(ProposalView::ReInit(reinit.clone()))];
    let mut view = PublicMessageView {
        group_id: group.group_id().to_vec(),
        epoch: Epoch(0),
        sender: Sender::Member(0),
        authenticated_data: Vec::new(),
        content: PublicContent::Commit(CommitView { proposals, path: None }),
        signature: Vec::new(),
        confirmation_tag: TAG.to_vec(),
        membership_tag: vec![0x3e; 32],
    };
    let context = group.group_context_bytes();
    let tbs = view.framed_content_tbs(context).unwrap();
    view.signature = signature(client, "FramedContentTBS", &tbs);
    // Without the version and the context: wire format and content.
    let content = &tbs[2..tbs.len() - context.len()];
    let interim = Sha256::digest(opaque(group.confirmation_tag()));
    let confirmed = Sha256::new().chain_update(interim).chain_update(content).chain_update(opaque(&view.signature));
    let after = GroupContext {
        epoch: Epoch(1),
        confirmed_transcript_hash: confirmed.finalize().to_vec(),
        ..group.group_context().clone()
    };
    let mut info = after.to_bytes().unwrap();
    group.extensions().encode(&mut info).unwrap();
    info.extend(opaque(&TAG));
    info.extend(0u32.to_be_bytes());
    HandshakeBundle::Commit {
        commit: MlsMessage::public(view).unwrap(),
        welcome: None,
        group_info: GroupInfoOption::Partial(PartialGroupInfo {
            ratchet_tree_presence: RatchetTreePresence::NoRatchetTree,
            group_info_extensions: group.extensions().clone(),
            signature: signature(client, "GroupInfoTBS", &info),
        }),
        ratchet_tree: RatchetTreeOption::DistributionService,
    }
}

struct Scene {
    alice: Client,
    group: GroupInfo,
    room: Room,
    store: SqliteStore,
    _folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        let mut alice = Client::new("mimi://a.example/d/alice/1");
        let (group, tree) = alice.create(&RoomShape::of(&alice));
        let (room, accepted) =
            Room::create(NOW, &hub_identity(), &alice.uri, room_uri(), group.clone(), &tree).unwrap();
        store.commit(accepted.effects).unwrap();
        Self { alice, group, room, store, _folder: folder }
    }

    fn next(&self) -> ReInit {
        let extensions = self.group.group_context().extensions.clone();
        ReInit { group_id: room_uri().group_id(2), cipher_suite: SUITE, extensions }
    }

    fn send(&mut self, bundle: HandshakeBundle) -> Result<(), UpdateRefusal> {
        let accepted = self.room.update(NOW, &domain("a.example"), &UpdateRequest(bundle), &Default::default())?;
        self.store.commit(accepted.effects).unwrap();
        Ok(())
    }

    /// What a restart leads to.
    fn restarted(&self) -> Room {
        Room::restore(&self.store.load_room(&room_uri()).unwrap().unwrap()).unwrap()
    }
}

#[test]
fn a_real_group_is_over_after_its_reinit_and_the_room_goes_on_with_the_group_that_it_names() {
    // req: RP03-8.6-05
    // req: MP06-5.4.1-07
    let mut scene = Scene::new();
    let reinit = scene.next();
    scene.send(commit(&scene.alice, &scene.group, &reinit)).unwrap();
    assert_eq!(*scene.room.life(), Life::Replaced(Box::new(reinit.clone())));
    let restarted = scene.restarted();
    assert_eq!((restarted.life(), restarted.epoch()), (scene.room.life(), Epoch(1)));

    // The group takes neither handshakes nor messages.
    let again = scene.send(commit(&scene.alice, &scene.group, &reinit)).unwrap_err();
    assert_eq!(again, UpdateRefusal::NotAllowed(NotAllowed::NoGroup(NoGroup::Replaced)));
    let app_message = scene.alice.seal("to the old group");
    let message = SubmitMessageRequest { app_message, sending_uri: scene.alice.user().into() };
    let refusal = scene.room.submit(NOW, &domain("a.example"), &message, &franking()).unwrap_err();
    assert_eq!(refusal, SubmitRefusal::NoGroup(NoGroup::Replaced));

    // Another device of hers makes the group that was named, and no other one.
    let mut tablet = Client::new("mimi://a.example/d/alice/2");
    let mut found = |number| {
        let mut shape = RoomShape::of(&scene.alice);
        shape.group_id = room_uri().group_id(number);
        let (info, tree) = tablet.create(&shape);
        scene.room.found_next_group(NOW, &hub_identity(), &tablet.uri, info, &tree)
    };
    assert_eq!(found(3).unwrap_err(), CreateRefusal::GroupId);
    let accepted = found(2).unwrap();
    scene.store.commit(accepted.effects).unwrap();
    for room in [&scene.room, &scene.restarted()] {
        assert_eq!((room.life(), room.epoch(), room.group_number()), (&Life::Active, Epoch(0), 2));
        assert!(room.is_member(&tablet.uri) && !room.is_member(&scene.alice.uri));
        room.check_lists().unwrap();
    }
    let message =
        SubmitMessageRequest { app_message: tablet.seal("to the new group"), sending_uri: tablet.user().into() };
    let _ = scene.room.submit(NOW, &domain("a.example"), &message, &franking()).unwrap();
}

#[test]
fn a_reinit_that_is_signed_by_somebody_else_or_has_another_group_info_is_refused() {
    let mut scene = Scene::new();
    let reinit = scene.next();
    let eve = Client::new("mimi://a.example/d/eve/1");
    let refused = |scene: &mut Scene, bundle| {
        let refusal = scene.send(bundle).unwrap_err();
        assert_eq!((scene.room.life(), scene.room.epoch()), (&Life::Active, Epoch(0)), "{refusal}");
        refusal
    };
    let forged = commit(&eve, &scene.group, &reinit);
    let forged = refused(&mut scene, forged);
    assert!(matches!(forged, UpdateRefusal::NotAllowed(NotAllowed::Mls(_))), "{forged}");
    let mut bundle = commit(&scene.alice, &scene.group, &reinit);
    if let HandshakeBundle::Commit { group_info: GroupInfoOption::Partial(partial), .. } = &mut bundle {
        partial.signature[0] ^= 1;
    }
    let other = refused(&mut scene, bundle);
    assert!(matches!(other, UpdateRefusal::NotAllowed(NotAllowed::GroupInfo(_))), "{other}");
    let elsewhere = ReInit { group_id: room_uri().group_id(3), ..reinit };
    let elsewhere = commit(&scene.alice, &scene.group, &elsewhere);
    let elsewhere = refused(&mut scene, elsewhere);
    assert!(matches!(elsewhere, UpdateRefusal::NotAllowed(NotAllowed::ReInit(_))), "{elsewhere}");
}
