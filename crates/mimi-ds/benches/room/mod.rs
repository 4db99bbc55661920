//! A room of some size at its hub, with an event of each kind that the hub could accept next, and the same room as OpenMLS alone would follow
//! it. Members are spread over ten providers, of which the hub is one.

use std::sync::RwLock;

use mimi_arch::{Domain, RoleIndex, RoomUri};
use mimi_ds::{Effect, SqliteStore, Store, hub::Routes, store::StoredRoom};
use mimi_protocol::{
    IdentifierUri, Wire,
    franking::FrankingTag,
    participant_list::{PARTICIPANT_LIST, ParticipantListData, ParticipantListUpdate, UserIndexRolePair},
    submit_message::SubmitMessageRequest,
    update::UpdateRequest,
};
use openmls::{
    component::ComponentData,
    group::PublicGroup,
    messages::group_info::VerifiableGroupInfo,
    prelude::{
        AppDataUpdateOperation, MlsMessageIn, ProcessedMessageContent, ProposalStore, RatchetTreeIn,
        tls_codec::{DeserializeBytes as _, Serialize as _},
    },
};
use openmls_memory_storage::MemoryStorage;
use openmls_rust_crypto::RustCrypto;

use crate::support::*;

pub(crate) const PROVIDERS: usize = 10;
/// Members added by one commit while the room is built: few large commits, or making a room of thousands takes minutes.
const ADDED_AT_ONCE: usize = 1000;

/// A room of some size, with an event of each kind that its hub could accept next.
pub(crate) struct Fixture {
    pub(crate) members: usize,
    pub(crate) uri: RoomUri,
    pub(crate) stored: StoredRoom,
    /// A message that asks for a frank.
    pub(crate) tagged: SubmitMessageRequest,
    /// One that does not.
    pub(crate) plain: SubmitMessageRequest,
    pub(crate) path: UpdateRequest,
    pub(crate) list: UpdateRequest,
    pub(crate) bare: Bare,
    /// All effects that have made the room.
    pub(crate) effects: Vec<Effect>,
    /// Where the room is stored.
    pub(crate) store: SqliteStore,
    _folder: tempfile::TempDir,
}

/// The same room as OpenMLS alone would follow it.
pub(crate) struct Bare {
    crypto: RustCrypto,
    group_info: Vec<u8>,
    group_id: Vec<u8>,
    tree: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) list: Vec<u8>,
}

pub(crate) fn hub() -> Domain {
    domain("a.example")
}

impl Fixture {
    pub(crate) fn new(members: usize) -> Self {
        Self::named(room_uri(), members)
    }

    pub(crate) fn named(uri: RoomUri, members: usize) -> Self {
        let mut alice = Client::new("mimi://a.example/d/u0/1");
        let group_id = uri.group().as_str().as_bytes().to_vec();
        let shape = RoomShape { group_id: group_id.clone(), ..RoomShape::franked(&alice) };
        let (info, tree) = alice.create(&shape);
        let (mut room, created) = Room::create(NOW, &hub_identity(), &alice.uri, uri.clone(), info, &tree).unwrap();
        let mut effects = created.effects;
        let mut next = 1;
        while next < members {
            let new: Vec<Client> = (next..members.min(next + ADDED_AT_ONCE))
                .map(|n| {
                    let provider = char::from(b'a' + u8::try_from(n % PROVIDERS).unwrap());
                    Client::new(&format!("mimi://{provider}.example/d/u{n}/1"))
                })
                .collect();
            next += new.len();
            let adds: Vec<_> = new.iter().map(Client::key_package).collect();
            let routes: Routes =
                adds.iter().zip(&new).map(|(k, c)| (k.reference().unwrap(), c.uri.domain().clone())).collect();
            let users: Vec<_> = new.iter().map(Client::user).collect();
            let list = vec![adding(&users.iter().collect::<Vec<_>>())];
            let bundle = alice.commit(Commit { adds, list, ..Default::default() });
            effects.extend(room.update(NOW, &hub(), &UpdateRequest(bundle), &routes).unwrap().effects);
            alice.confirm();
        }
        assert_eq!(room.members().count(), members);

        let text = "x".repeat(1000);
        let sending_uri = IdentifierUri::from(alice.user());
        let app_message = alice.seal_tagged(&text, &FrankingTag::from([7; 32]));
        let tagged = SubmitMessageRequest { app_message, sending_uri: sending_uri.clone() };
        alice.group().set_safe_aad(Vec::new()).unwrap();
        let plain = SubmitMessageRequest { app_message: alice.seal(&text), sending_uri };
        let path = UpdateRequest(alice.commit(Commit { path: true, ..Default::default() }));
        alice.discard();
        let promotion = ParticipantListUpdate {
            changed_role_participants: vec![UserIndexRolePair { user_index: 1, role_index: RoleIndex(3) }],
            ..Default::default()
        };
        let list = UpdateRequest(alice.commit(Commit { list: vec![promotion], ..Default::default() }));
        alice.discard();

        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        store.commit(effects.clone()).unwrap();
        let stored = store.load_room(&uri).unwrap().unwrap();
        let bare = Bare {
            crypto: RustCrypto::default(),
            group_id,
            group_info: {
                let info = alice.group.as_ref().unwrap().export_group_info(
                    openmls::prelude::OpenMlsProvider::crypto(&alice.provider),
                    &alice.signer,
                    false,
                );
                info.unwrap().to_bytes().unwrap()[4..].to_vec()
            },
            tree: alice.group().export_ratchet_tree().tls_serialize_detached().unwrap(),
            path: path.0.message().as_bytes().to_vec(),
            list: list.0.message().as_bytes().to_vec(),
        };
        Self { members, uri, stored, tagged, plain, path, list, bare, effects, store, _folder: folder }
    }

    pub(crate) fn room(&self) -> Room {
        Room::restore(&self.stored).unwrap()
    }

    pub(crate) fn accept(&self, room: &mut Room, request: &UpdateRequest) -> Vec<Effect> {
        room.update(NOW, &hub(), request, &Routes::new()).unwrap().effects
    }
}

impl Bare {
    pub(crate) fn stored(&self) -> MemoryStorage {
        let storage = MemoryStorage::default();
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(&self.tree).unwrap();
        let info = VerifiableGroupInfo::tls_deserialize_exact_bytes(&self.group_info).unwrap();
        PublicGroup::from_external(&self.crypto, &storage, tree, info, ProposalStore::new()).unwrap();
        storage
    }

    pub(crate) fn load(&self, stored: &MemoryStorage) -> (MemoryStorage, PublicGroup) {
        let values = RwLock::new(stored.values.read().unwrap().clone());
        let storage = MemoryStorage { values };
        let id = openmls::prelude::GroupId::from_slice(&self.group_id);
        let group = PublicGroup::load(&storage, &id).unwrap().unwrap();
        (storage, group)
    }

    /// Processing and merging as an application that follows the group with OpenMLS alone has to.
    pub(crate) fn follow(&self, storage: &MemoryStorage, group: &mut PublicGroup, commit: &[u8]) {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(commit).unwrap();
        let mut processed = group.process_message(&self.crypto, message.try_into_protocol_message().unwrap()).unwrap();
        if let ProcessedMessageContent::UnresolvedAppDataCommit(commit) = processed.content() {
            let mut updater = group.app_data_dictionary_updater();
            let old = ParticipantListData::from_bytes(updater.old_value(PARTICIPANT_LIST.0).unwrap()).unwrap();
            let updates: Vec<_> = commit
                .app_data_update_proposals()
                .map(|update| match update.operation() {
                    AppDataUpdateOperation::Update(data) => ParticipantListUpdate::from_bytes(data.as_slice()).unwrap(),
                    AppDataUpdateOperation::Remove => panic!("a removal"),
                })
                .collect();
            let new = old.apply_all(&updates).unwrap().to_bytes().unwrap();
            updater.set(ComponentData::from_parts(PARTICIPANT_LIST.0, new.into()));
            let changes = updater.changes();
            processed = group.resolve_app_data_commit(&self.crypto, processed, changes).unwrap();
        }
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            panic!("no commit")
        };
        group.merge_commit(storage, *staged).unwrap();
    }
}
