//! The store of a discovery provider: durable, fresh under concurrency, small.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::sync::{Arc, Barrier, Mutex};

use mimi_discovery::{
    Anchors, Csi, CsiKind, Record, Removal, Seconds, VerifiedRecord,
    attestation::{AssignmentEpoch, CsiAttestation, NewAttestation},
    csi::CsiKey,
    freshness::{AdmitError, Merged},
    mapping::{MappingEntry, NewMapping, Sequence},
    profile::{Key, Validity},
    record::Scope,
    snapshot::{Tree, TreeSecret},
    store::{Change, DiscoveryStore, RegisterError},
};

const NOW: Seconds = Seconds(1_800_000_000);

fn validity() -> Validity {
    Validity { not_before: NOW.minus(10), not_after: NOW.plus(1000) }
}

fn number(n: u32) -> Csi {
    Csi::new(CsiKind::new(0xf001).unwrap(), &format!("person-{n}")).unwrap()
}

fn attestation(csi: &Csi, epoch: u64) -> CsiAttestation {
    NewAttestation {
        csi,
        csip: &"carrier.example".parse().unwrap(),
        subject_key: Key::from_seed([2; 32]).public(),
        assignment_epoch: AssignmentEpoch(epoch),
        validity: validity(),
    }
    .sign(&Key::from_seed([1; 32]))
    .unwrap()
}

fn verified(record: Record) -> VerifiedRecord {
    let mut anchors = Anchors::default();
    let kind = CsiKind::new(0xf001).unwrap();
    anchors.trust("carrier.example".parse().unwrap(), Key::from_seed([1; 32]).public(), kind, Scope::All);
    record.verify(&anchors, NOW).unwrap()
}

fn mapping(n: u32, epoch: u64, sequence: u64, msp: &str) -> VerifiedRecord {
    let attestation = attestation(&number(n), epoch);
    let new = NewMapping {
        name: Default::default(),
        sequence: Sequence(sequence),
        validity: validity(),
        entries: vec![MappingEntry::new(msp.parse().unwrap(), 0)],
        sealed: vec![],
    };
    let mapping = new.sign(&attestation, &Key::from_seed([2; 32])).unwrap();
    verified(Record::Mapping(Box::new(attestation), mapping))
}

fn removal(n: u32, sequence: u64) -> VerifiedRecord {
    let attestation = attestation(&number(n), 1);
    let removal = Removal::by_recipient(&attestation, Sequence(sequence), None, NOW, &Key::from_seed([2; 32])).unwrap();
    verified(Record::RecipientRemoval(Box::new(attestation), removal))
}

struct Fixture {
    folder: tempfile::TempDir,
    seen: Arc<Mutex<Vec<Change>>>,
}

impl Fixture {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), seen: Arc::default() }
    }

    fn open(&self) -> DiscoveryStore {
        let seen = self.seen.clone();
        let observe = move |changes: &[Change]| seen.lock().unwrap().extend_from_slice(changes);
        DiscoveryStore::open(self.folder.path().join("discovery.db"), observe).unwrap()
    }
}

#[test]
fn what_was_registered_is_there_after_a_restart() {
    let fixture = Fixture::new();
    let first = mapping(1, 1, 1, "b.example");
    let store = fixture.open();
    assert_eq!(store.register(first.clone()).unwrap(), Merged::Applied);
    assert_eq!(store.register(first.clone()).unwrap(), Merged::Known);
    drop(store);
    let store = fixture.open();
    assert_eq!(store.mappings(&number(1).key()).unwrap(), [first.record().clone()]);
    assert_eq!(store.mappings(&number(2).key()).unwrap(), []);
}

#[test]
fn the_rule_of_freshness_holds_for_what_is_stored() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store.register(mapping(1, 1, 5, "b.example")).unwrap();
    let refused = |record| match store.register(record) {
        Err(RegisterError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused(mapping(1, 1, 4, "c.example")), AdmitError::Older { .. }));
    assert_eq!(refused(mapping(1, 1, 5, "c.example")), AdmitError::SequenceReused(Sequence(5)));
    store.register(removal(1, 6)).unwrap();
    assert_eq!(store.mappings(&number(1).key()).unwrap(), []);
    assert!(matches!(refused(mapping(1, 1, 5, "b.example")), AdmitError::Older { .. }), "a replay after the removal");
    store.register(mapping(1, 2, 1, "d.example")).unwrap();
    assert!(matches!(refused(mapping(1, 1, 9, "b.example")), AdmitError::EarlierAssignment { .. }));
}

#[test]
fn of_many_who_register_at_once_the_freshest_stands() {
    let fixture = Fixture::new();
    let store = Arc::new(fixture.open());
    let barrier = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (1..=16)
        .map(|sequence| {
            let (store, barrier) = (store.clone(), barrier.clone());
            std::thread::spawn(move || {
                let record = mapping(1, 1, sequence, "b.example");
                barrier.wait();
                store.register(record).is_ok()
            })
        })
        .collect();
    let registered = threads.into_iter().map(|thread| thread.join().unwrap()).filter(|done| *done).count();
    assert!(registered >= 1);
    let standing = store.state(&number(1).key()).unwrap();
    assert_eq!(standing.records().map(VerifiedRecord::sequence).collect::<Vec<_>>(), [Sequence(16)]);
}

#[test]
fn of_many_who_spend_one_token_at_once_one_succeeds() {
    let fixture = Fixture::new();
    let store = Arc::new(fixture.open());
    let barrier = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let (store, barrier) = (store.clone(), barrier.clone());
            std::thread::spawn(move || {
                barrier.wait();
                store.spend([7; 32], NOW.plus(100)).unwrap()
            })
        })
        .collect();
    let spent = threads.into_iter().map(|thread| thread.join().unwrap()).filter(|first| *first).count();
    assert_eq!(spent, 1);
    drop(store);
    let store = fixture.open();
    assert!(!store.spend([7; 32], NOW.plus(100)).unwrap(), "it is remembered after a restart");
    assert_eq!(store.forget_spent(NOW.plus(101)).unwrap(), 1);
}

#[test]
fn the_tree_follows_what_is_stored() {
    let fixture = Fixture::new();
    let store = fixture.open();
    for n in 0..20 {
        store.register(mapping(n, 1, 1, "b.example")).unwrap();
    }
    for n in 0..5 {
        store.register(removal(n, 2)).unwrap();
    }
    let secret = || TreeSecret::new([3; 32]);
    let built = Tree::new(secret(), store.contents().unwrap());
    let mut followed = Tree::new(secret(), []);
    fixture.seen.lock().unwrap().iter().for_each(|change| followed.set(change.key, change.content));
    assert_eq!(built.len(), 15);
    let contents = |tree: &Tree| (0..20).map(|n| tree.content(&number(n).key()).copied()).collect::<Vec<_>>();
    assert_eq!(contents(&built), contents(&followed));
}

#[test]
fn what_has_ended_is_swept_and_its_assignment_remembered() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store.register(mapping(1, 1, 1, "b.example")).unwrap();
    assert_eq!(store.sweep(NOW, 10).unwrap(), 0);
    let later = validity().not_after.plus(1);
    assert_eq!(store.sweep(later, 10).unwrap(), 1);
    assert_eq!(store.contents().unwrap(), []);
    assert_eq!(store.state(&number(1).key()).unwrap().assignment(), AssignmentEpoch(1));
    assert_eq!(store.figures().unwrap().identifiers, 1);
    assert_eq!(store.sweep(later, 10).unwrap(), 0, "it is not looked at again before the assignment may be forgotten");
    store.sweep(later.plus(401 * 86_400), 10).unwrap();
    assert_eq!(store.figures().unwrap().identifiers, 0);
}

#[test]
fn changes_are_pushed_in_order_and_each_identifier_once() {
    let fixture = Fixture::new();
    let (store, peer) = (fixture.open(), "dp2.example".parse().unwrap());
    for n in 0..3 {
        store.register(mapping(n, 1, 1, "b.example")).unwrap();
    }
    store.register(mapping(0, 1, 2, "c.example")).unwrap();
    let (records, reached) = store.changed_after(store.pushed(&peer).unwrap(), 2).unwrap();
    let keys = |records: &[VerifiedRecord]| records.iter().map(|record| record.csi().key()).collect::<Vec<CsiKey>>();
    assert_eq!(keys(&records), [number(1).key(), number(2).key()]);
    store.set_pushed(&peer, reached).unwrap();
    let (records, reached) = store.changed_after(store.pushed(&peer).unwrap(), 2).unwrap();
    assert_eq!(keys(&records), [number(0).key()]);
    store.set_pushed(&peer, reached).unwrap();
    assert_eq!(store.changed_after(store.pushed(&peer).unwrap(), 2).unwrap(), (vec![], reached));
}

#[test]
fn two_providers_that_push_to_each_other_come_to_one_state() {
    let (one, two) = (Fixture::new(), Fixture::new());
    let (left, right) = (one.open(), two.open());
    for n in 0..6 {
        left.register(mapping(n, 1, 1, "b.example")).unwrap();
        right.register(mapping(n, 1 + u64::from(n % 2), 2, "c.example")).unwrap();
    }
    left.register(removal(4, 3)).unwrap();
    let from = |store: &DiscoveryStore| store.changed_after(0, 100).unwrap().0;
    for _ in 0..2 {
        right.merge(from(&left)).unwrap();
        left.merge(from(&right)).unwrap();
    }
    assert_eq!(left.merge(from(&right)).unwrap(), 0, "nothing is new any more");
    assert_eq!(left.contents().unwrap(), right.contents().unwrap());
    for n in 0..6 {
        assert_eq!(left.state(&number(n).key()).unwrap(), right.state(&number(n).key()).unwrap());
    }
}

#[test]
fn numbers_of_snapshots_grow_across_restarts() {
    let fixture = Fixture::new();
    let store = fixture.open();
    assert_eq!((store.next_snapshots(10).unwrap(), store.next_snapshots(1).unwrap()), (1, 11));
    drop(store);
    assert_eq!(fixture.open().next_snapshots(1).unwrap(), 12);
}

#[test]
fn secrets_are_made_once() {
    let fixture = Fixture::new();
    let store = fixture.open();
    assert_eq!(store.secret("tree", [1; 32]).unwrap(), [1; 32]);
    drop(store);
    assert_eq!(fixture.open().secret("tree", [2; 32]).unwrap(), [1; 32]);
}

#[test]
fn a_damaged_row_is_an_error_and_no_panic() {
    let fixture = Fixture::new();
    let store = fixture.open();
    store.register(mapping(1, 1, 1, "b.example")).unwrap();
    let connection = rusqlite::Connection::open(fixture.folder.path().join("discovery.db")).unwrap();
    connection.execute("UPDATE identifiers SET records = x'0102'", []).unwrap();
    assert!(store.state(&number(1).key()).unwrap_err().to_string().contains("damaged"));
    assert!(matches!(store.register(mapping(1, 1, 2, "b.example")), Err(RegisterError::Store(_))));
    store.register(mapping(2, 1, 1, "b.example")).unwrap();
}
