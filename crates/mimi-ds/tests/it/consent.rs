//! Consent as it is kept (sections 5.7 and 8).

use mimi_arch::{RoomUri, UserUri};
use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    consent::{GrantRefusal, LIMITS, UserConsents, granted},
    store::Conflict,
};
use mimi_protocol::consent::{
    Consent, ConsentAction, ConsentEntry, ConsentOperation, ConsentScope, Keeper, Outcome, ScopeState,
};
use openmls::prelude::Lifetime;

use crate::support::*;
use ConsentOperation::{Cancel, Grant, Request, Revoke};

const NOW: u64 = 1_800_000_000;

fn alice() -> UserUri {
    user("mimi://a.example/u/alice")
}

fn cathy() -> UserUri {
    user("mimi://c.example/u/cathy")
}

fn room(name: &str) -> Option<RoomUri> {
    (!name.is_empty()).then(|| format!("mimi://a.example/r/{name}").parse().unwrap())
}

/// Alice asks, cathy decides; no name is any room.
fn scope(name: &str) -> ConsentScope {
    ConsentScope::new(alice(), cathy(), room(name))
}

fn read(store: &SqliteStore) -> UserConsents {
    UserConsents::read(store, Keeper::TargetProvider, &cathy()).unwrap()
}

fn act(store: &SqliteStore, operation: ConsentOperation, name: &str) -> Outcome {
    let (outcome, effects) = read(store).decide(operation, &scope(name));
    store.commit(effects).unwrap();
    outcome
}

#[test]
fn what_was_asked_and_decided_is_there_after_a_restart() {
    // req: MP06-5.7-06
    // req: MP06-5.7-12
    // req: MP06-5.7-19
    // req: MP06-5.7-20
    // req: MP06-8-02
    let folder = tempfile::tempdir().unwrap();
    let open = || SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    let store = open();
    assert_eq!(act(&store, Cancel, ""), Outcome::NothingToCancel);
    assert_eq!(act(&store, Request, ""), Outcome::Requested);
    assert_eq!(act(&store, Request, ""), Outcome::AlreadyRequested);
    assert_eq!(act(&store, Cancel, "x"), Outcome::NothingToCancel);
    assert_eq!(act(&store, Revoke, "x"), Outcome::Revoked { solicited: false });
    assert_eq!(act(&store, Grant, "y"), Outcome::Granted { solicited: false });
    drop(store);
    let store = open();
    let consents = read(&store);
    let may = |name| consents.may(&scope(name));
    assert_eq!([may(""), may("y"), may("z")], [Consent::Unknown, Consent::Granted, Consent::Unknown]);
    assert_eq!(may("x"), Consent::DeniedForThisRoom);
    assert_eq!(act(&store, Revoke, ""), Outcome::Revoked { solicited: true });
    assert_eq!(read(&store).may(&scope("y")), Consent::Denied);
    // The other side is kept apart.
    let other = UserConsents::read(&store, Keeper::RequesterProvider, &cathy()).unwrap();
    assert_eq!(other.states().pairs(&cathy()).count(), 0);
}

#[test]
fn of_two_decisions_on_the_same_state_one_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    for (first, second) in [(Request, Revoke), (Grant, Request)] {
        let (before, same) = (read(&store), read(&store));
        let (_, effects) = before.decide(first, &scope("x"));
        let (_, late) = same.decide(second, &scope("y"));
        store.commit(effects).unwrap();
        assert_eq!(store.commit(late), Err(StoreError::Conflict(Conflict::ConsentChanged)));
    }
}

#[test]
fn an_operation_that_changes_nothing_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    assert_eq!(act(&store, Request, "x"), Outcome::Requested);
    assert_eq!(read(&store).decide(Request, &scope("x")), (Outcome::AlreadyRequested, vec![]));
    assert_eq!(read(&store).decide(Cancel, &scope("y")), (Outcome::NothingToCancel, vec![]));
}

#[test]
fn strangers_cannot_fill_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    let scopes = (0..LIMITS.requests).map(|number| (room(&format!("r{number}")), ScopeState::Requested)).collect();
    let (keeper, own, other) = (Keeper::TargetProvider, cathy(), alice());
    store.commit(vec![Effect::PutConsent { keeper, own, other, version: 0, scopes }]).unwrap();
    assert_eq!(read(&store).decide(Request, &scope("one-more")), (Outcome::RequestNotKept, vec![]));
    assert_eq!(act(&store, Revoke, "one-more"), Outcome::Revoked { solicited: false });
}

#[test]
fn a_grant_keeps_its_key_packages_with_their_way_back_and_a_revocation_takes_them() {
    // req: MP06-5.7-21
    let client = Client::new("mimi://c.example/d/cathy/1");
    let good = client.key_package_for(Lifetime::init(NOW - 10, NOW + 10));
    let expired = client.key_package_for(Lifetime::init(NOW - 20, NOW - 10));
    let entry =
        |name: &str, client_key_packages| ConsentEntry::new(ConsentAction::Grant { client_key_packages }, scope(name));
    let effects = granted(&entry("", vec![expired, good.clone()]), NOW).unwrap();
    let reference = good.reference().unwrap();
    let provider = domain("c.example");
    assert_eq!(effects.len(), 2);
    assert_eq!(effects[0], Effect::PutRoute { reference: reference.clone(), provider, not_after: NOW + 10 });

    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    store.commit(effects).unwrap();
    let kept = store.granted_key_packages(&alice(), &cathy()).unwrap();
    assert_eq!((kept.len(), &kept[0].room, &kept[0].key_package.reference), (1, &None, &reference));
    assert_eq!(store.route(&reference).unwrap(), Some(domain("c.example")));
    let take = || store.commit(vec![Effect::TakeGrantedKeyPackage { reference: reference.clone() }]);
    take().unwrap();
    assert_eq!(take(), Err(StoreError::Conflict(Conflict::KeyPackageClaimed)));

    store.commit(granted(&entry("x", vec![good]), NOW).unwrap()).unwrap();
    assert_eq!(store.granted_key_packages(&alice(), &cathy()).unwrap()[0].room, room("x"));
    let other_room = ConsentEntry::new(ConsentAction::Revoke, scope("y"));
    store.commit(granted(&other_room, NOW).unwrap()).unwrap();
    assert_eq!(store.granted_key_packages(&alice(), &cathy()).unwrap().len(), 1);
    let any_room = ConsentEntry::new(ConsentAction::Revoke, scope(""));
    store.commit(granted(&any_room, NOW).unwrap()).unwrap();
    assert!(store.granted_key_packages(&alice(), &cathy()).unwrap().is_empty());
    assert_eq!(granted(&ConsentEntry::new(ConsentAction::Request, scope("")), NOW), Ok(vec![]));
}

#[test]
fn a_grant_with_somebody_elses_key_package_is_refused() {
    // req: MP06-5.7-21
    let dora = Client::new("mimi://c.example/d/dora/1");
    let package = dora.key_package_for(Lifetime::init(NOW - 10, NOW + 10));
    let entry = ConsentEntry::new(ConsentAction::Grant { client_key_packages: vec![package] }, scope(""));
    assert_eq!(granted(&entry, NOW), Err(GrantRefusal::OtherClient(0)));
}
