//! What it costs a hub to accept an application message and a commit, beside the bare work of OpenMLS on the same commit and the bare
//! signature, in rooms of 10, 100 and 1000 members; last a table of ratios. `cargo bench -p mimi-ds`.
//!
//! The members are spread over ten providers, of which the hub is one. Accepting is the whole decision with its effects, log entry and
//! fan-out included, and without the disk; what the disk adds is measured by itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[allow(dead_code)]
#[path = "../tests/it/support.rs"]
mod support;

use std::{
    hint::black_box,
    sync::RwLock,
    time::{Duration, Instant},
};

use criterion::{BatchSize, Criterion};
use mimi_arch::{Domain, RoleIndex};
use mimi_ds::{Effect, SqliteStore, Store, hub::Routes, store::StoredRoom};
use mimi_protocol::{
    IdentifierUri, Wire,
    crypto::{Ed25519Signer, LabelSigner, verify_with_label},
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

use support::*;

const SIZES: [usize; 3] = [10, 100, 1000];
const PROVIDERS: usize = 10;
/// Members added by one commit while the room is built.
const ADDED_AT_ONCE: usize = 111;
/// Runs of which the table shows the median.
const RUNS: usize = 15;

/// A room of some size, with an event of each kind that its hub could accept next.
struct Fixture {
    members: usize,
    stored: StoredRoom,
    message: SubmitMessageRequest,
    path: UpdateRequest,
    list: UpdateRequest,
    bare: Bare,
}

/// The same room as OpenMLS alone would follow it.
struct Bare {
    crypto: RustCrypto,
    group_info: Vec<u8>,
    tree: Vec<u8>,
    path: Vec<u8>,
    list: Vec<u8>,
}

fn hub() -> Domain {
    domain("a.example")
}

impl Fixture {
    fn new(members: usize) -> Self {
        let mut alice = Client::new("mimi://a.example/d/u0/1");
        let (info, tree) = alice.create(&RoomShape::of(&alice));
        let (mut room, created) = Room::create(NOW, &hub_identity(), &alice.uri, room_uri(), info, &tree).unwrap();
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

        let message = SubmitMessageRequest {
            app_message: alice.seal(&"x".repeat(1000)),
            sending_uri: IdentifierUri::from(alice.user()),
        };
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
        store.commit(effects).unwrap();
        let stored = store.load_room(&room_uri()).unwrap().unwrap();
        let bare = Bare {
            crypto: RustCrypto::default(),
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
        Self { members, stored, message, path, list, bare }
    }

    fn room(&self) -> Room {
        Room::restore(&self.stored).unwrap()
    }

    fn accept(&self, room: &mut Room, request: &UpdateRequest) -> Vec<Effect> {
        room.update(NOW, &hub(), request, &Routes::new()).unwrap().effects
    }
}

impl Bare {
    fn stored(&self) -> MemoryStorage {
        let storage = MemoryStorage::default();
        let tree = RatchetTreeIn::tls_deserialize_exact_bytes(&self.tree).unwrap();
        let info = VerifiableGroupInfo::tls_deserialize_exact_bytes(&self.group_info).unwrap();
        PublicGroup::from_external(&self.crypto, &storage, tree, info, ProposalStore::new()).unwrap();
        storage
    }

    fn load(&self, stored: &MemoryStorage) -> (MemoryStorage, PublicGroup) {
        let values = RwLock::new(stored.values.read().unwrap().clone());
        let storage = MemoryStorage { values };
        let id = openmls::prelude::GroupId::from_slice(room_uri().group().as_str().as_bytes());
        let group = PublicGroup::load(&storage, &id).unwrap().unwrap();
        (storage, group)
    }

    /// Processing and merging as an application that follows the group with OpenMLS alone has to.
    fn follow(&self, storage: &MemoryStorage, group: &mut PublicGroup, commit: &[u8]) {
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

/// Median of the runs; setting up is not measured, nor is dropping.
fn median<S, T>(mut set_up: impl FnMut() -> S, mut run: impl FnMut(&mut S) -> T) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let mut state = set_up();
            let start = Instant::now();
            let result = black_box(run(&mut state));
            let time = start.elapsed();
            drop(result);
            time
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn criterion_benches(criterion: &mut Criterion, fixtures: &[Fixture]) {
    let signer = Ed25519Signer::from_seed([1; 32]);
    let content = [7; 256];
    let signature = signer.sign_with_label("bench", &content).unwrap();
    criterion.bench_function("ed25519/sign", |b| b.iter(|| signer.sign_with_label("bench", &content)));
    criterion.bench_function("ed25519/verify", |b| {
        b.iter(|| verify_with_label(SUITE, signer.public_key(), "bench", &content, &signature).unwrap());
    });
    for fixture in fixtures {
        let members = fixture.members;
        let mut room = fixture.room();
        criterion.bench_function(&format!("hub/message/{members}"), |b| {
            b.iter(|| room.submit(NOW, &hub(), &fixture.message, &franking()).unwrap());
        });
        let stored = fixture.bare.stored();
        let commits = [("path", &fixture.path, &fixture.bare.path), ("list", &fixture.list, &fixture.bare.list)];
        for (name, request, bytes) in commits {
            criterion.bench_function(&format!("hub/commit_{name}/{members}"), |b| {
                b.iter_batched_ref(|| fixture.room(), |room| fixture.accept(room, request), BatchSize::PerIteration);
            });
            criterion.bench_function(&format!("openmls/commit_{name}/{members}"), |b| {
                b.iter_batched_ref(
                    || fixture.bare.load(&stored),
                    |(storage, group)| fixture.bare.follow(storage, group, bytes),
                    BatchSize::PerIteration,
                );
            });
        }
    }
}

fn table(fixtures: &[Fixture]) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let signer = Ed25519Signer::from_seed([1; 32]);
    let content = [7; 256];
    let signature = signer.sign_with_label("bench", &content).unwrap();
    let verify = median(
        || (),
        |()| {
            (0..100).for_each(|_| verify_with_label(SUITE, signer.public_key(), "bench", &content, &signature).unwrap())
        },
    ) / 100;
    let sign = median(|| (), |()| (0..100).for_each(|_| drop(signer.sign_with_label("bench", &content)))) / 100;
    println!("\nEd25519: sign {:.0} us, verify {:.0} us", micros(sign), micros(verify));
    println!(
        "Medians of {RUNS} runs, in us; members over {PROVIDERS} providers. hub = decision and effects, bare = OpenMLS process + merge."
    );
    println!("| members | event | hub | bare OpenMLS | hub / bare | hub / verify | hub, then durable |");
    println!("|---|---|---|---|---|---|---|");
    for fixture in fixtures {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("hub.sqlite")).unwrap();
        let number = std::cell::Cell::new(0u32);
        // A store of its own for each run would measure opening files, so that each run's effects go to a room of their own.
        let durable =
            |effects: Vec<Effect>| store.commit(effects.into_iter().map(|e| elsewhere(e, number.get())).collect());
        let open = || {
            number.set(number.get() + 1);
            let room = room_number(number.get());
            let put = Effect::PutRoom { room: room.clone(), group_snapshot: vec![], sequence: 0, accepted: NOW };
            let skip = (1..=fixture.stored.last_sequence).map(|sequence| Effect::AppendLog {
                room: room.clone(),
                sequence,
                entry: mimi_ds::LogEntry::Application,
                accepted: NOW,
            });
            store.commit(std::iter::once(put).chain(skip).collect()).unwrap();
            fixture.room()
        };
        let row = |event: &str, hub: Duration, bare: Option<Duration>, durable: Duration| {
            let bare_text = bare.map_or("-".to_owned(), |bare| format!("{:.0}", micros(bare)));
            let ratio = bare.map_or("-".to_owned(), |bare| format!("{:.2}", micros(hub) / micros(bare)));
            println!(
                "| {} | {event} | {:.0} | {bare_text} | {ratio} | {:.2} | {:.0} |",
                fixture.members,
                micros(hub),
                micros(hub) / micros(verify),
                micros(durable),
            );
        };
        let submit = |room: &mut Room| room.submit(NOW, &hub(), &fixture.message, &franking()).unwrap().effects;
        row(
            "message of 1 KB",
            median(|| fixture.room(), submit),
            None,
            median(open, |room| durable(submit(room)).unwrap()),
        );
        let stored = fixture.bare.stored();
        let commits = [
            ("commit with path", &fixture.path, &fixture.bare.path),
            ("commit of a list update", &fixture.list, &fixture.bare.list),
        ];
        for (event, request, bytes) in commits {
            row(
                event,
                median(|| fixture.room(), |room| fixture.accept(room, request)),
                Some(median(
                    || fixture.bare.load(&stored),
                    |(storage, group)| fixture.bare.follow(storage, group, bytes),
                )),
                median(open, |room| durable(fixture.accept(room, request)).unwrap()),
            );
        }
        let restore = median(|| (), |()| fixture.room());
        println!(
            "| {} | restore from a snapshot of {} KB | {:.0} | | | | |",
            fixture.members,
            fixture.stored.snapshot.len() / 1024,
            micros(restore)
        );
    }
}

fn room_number(number: u32) -> mimi_arch::RoomUri {
    format!("mimi://a.example/r/{number}").parse().unwrap()
}

/// The same effect for another room.
fn elsewhere(effect: Effect, number: u32) -> Effect {
    let room = room_number(number);
    match effect {
        Effect::AppendLog { sequence, entry, accepted, .. } => Effect::AppendLog { room, sequence, entry, accepted },
        Effect::Enqueue { to, message, .. } => Effect::Enqueue { to, room, message },
        Effect::Deliver { to, message, .. } => Effect::Deliver { to, room, message },
        other => other,
    }
}

fn main() {
    // Without the argument that `cargo bench` gives, this is run only to see that it runs.
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let sizes = if quick { &SIZES[..1] } else { &SIZES[..] };
    let fixtures: Vec<Fixture> = sizes.iter().map(|members| Fixture::new(*members)).collect();
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    criterion_benches(&mut criterion, &fixtures);
    criterion.final_summary();
    if !quick {
        table(&fixtures);
    }
}
