//! A ReInit of a real group (RFC 9420 section 11.2) at its hub.

use mimi_ds::{
    SqliteStore, Store,
    hub::{CreateRefusal, Life, NoGroup, NotAllowed, SubmitRefusal, UpdateRefusal},
};
use mimi_protocol::{
    Epoch,
    mls::{GroupInfo, ReInit},
    submit_message::SubmitMessageRequest,
    update::{GroupInfoOption, HandshakeBundle, UpdateRequest},
};

use crate::{reinit_commit::commit, support::*};

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
