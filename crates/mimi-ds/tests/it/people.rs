//! Accounts and profiles in the store, and files of the version before.

use mimi_ds::{
    Effect, SqliteStore, Store, StoreError,
    store::{Conflict, FieldVocabulary, ProfileField, StoredAccount, TokensIssued},
};
use mimi_protocol::{KeyPackageRef, consent::Keeper, identifier_query::Searchable};

use crate::support::*;

const BOB: &str = "mimi://b.example/u/bob";

fn account(name: &str) -> Effect {
    Effect::PutAccount { user: user(name), secret_digest: [7; 32] }
}

fn handle(value: &str, searchable: Searchable) -> ProfileField {
    let (name, value) = (String::new(), value.to_owned());
    ProfileField { vocabulary: FieldVocabulary::Handle, name, value, searchable }
}

#[test]
fn a_setting_is_of_an_account_that_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    let set = || store.commit(vec![Effect::SetRequiresConsent { user: user(BOB), requires: true }]);
    assert_eq!(set(), Err(StoreError::Conflict(Conflict::AccountMissing)));
    assert_eq!(store.account(&user(BOB)).unwrap(), None);
    store.commit(vec![account(BOB)]).unwrap();
    set().unwrap();
    let expected = StoredAccount { requires_consent: true, deleted: false };
    assert_eq!(store.account(&user(BOB)).unwrap(), Some(expected));
}

#[test]
fn tokens_are_counted_once_whoever_decided_at_the_same_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    let issued = |used| TokensIssued { day: 20_000, used };
    let count = |before, now| store.commit(vec![Effect::CountTokens { user: user(BOB), before, now }]);
    let conflict = Err(StoreError::Conflict(Conflict::TokensCounted));
    assert_eq!(count(None, issued(3)), conflict, "no account");
    store.commit(vec![account(BOB)]).unwrap();
    assert_eq!(store.tokens_issued(&user(BOB)).unwrap(), None);
    count(None, issued(3)).unwrap();
    assert_eq!(count(None, issued(3)), conflict, "decided on the same as the first");
    assert_eq!(count(Some(issued(2)), issued(4)), conflict);
    count(Some(issued(3)), issued(5)).unwrap();
    assert_eq!(store.tokens_issued(&user(BOB)).unwrap(), Some(issued(5)));
    store.commit(vec![Effect::DeleteAccount { user: user(BOB) }]).unwrap();
    assert_eq!(store.tokens_issued(&user(BOB)).unwrap(), None);
    assert_eq!(count(None, issued(1)), conflict, "the account is gone");
}

#[test]
fn of_a_deleted_account_only_the_name_is_left() {
    // req: MP06-5.2-38
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    let client: mimi_arch::ClientUri = "mimi://b.example/d/bob/1".parse().unwrap();
    let alice = user("mimi://a.example/u/alice");
    let room: mimi_arch::RoomUri = "mimi://a.example/r/x".parse().unwrap();
    store
        .commit(vec![
            account(BOB),
            Effect::PutClient { client: client.clone(), user: user(BOB), token_digest: [1; 32] },
            Effect::PutKeyPackage {
                client: client.clone(),
                user: user(BOB),
                reference: KeyPackageRef::new(vec![1]),
                bytes: vec![2],
                not_after: 9,
                last_resort: false,
            },
            Effect::Deliver { to: [client.clone()].into(), room: room.clone(), message: vec![3].into() },
            Effect::JoinLocal { room: room.clone(), client: client.clone() },
            Effect::PutConsent {
                keeper: Keeper::TargetProvider,
                own: user(BOB),
                other: alice,
                version: 0,
                scopes: vec![(None, mimi_protocol::consent::ScopeState::Granted)],
            },
            Effect::PutProfile { user: user(BOB), fields: vec![handle("im:bob@b.example", Searchable::InPart)] },
        ])
        .unwrap();
    let delete = || store.commit(vec![Effect::DeleteAccount { user: user(BOB) }]);
    delete().unwrap();
    assert_eq!(delete(), Err(StoreError::Conflict(Conflict::AccountMissing)));
    assert_eq!(store.commit(vec![account(BOB)]), Err(StoreError::Conflict(Conflict::AccountExists)));
    assert!(store.account(&user(BOB)).unwrap().unwrap().deleted);
    assert_eq!(store.account_secret(&user(BOB)).unwrap(), Some([0; 32]));
    assert_eq!(store.client_by_token(&[1; 32]).unwrap(), None);
    assert!(store.clients(&user(BOB)).unwrap().is_empty());
    assert!(store.key_packages(&user(BOB)).unwrap().is_empty());
    assert!(store.queue(&client, 0, 9).unwrap().is_empty());
    assert!(store.local_members(&room).unwrap().is_empty());
    assert!(store.consents(Keeper::TargetProvider, &user(BOB)).unwrap().scopes.is_empty());
    assert!(store.profile(&user(BOB)).unwrap().fields.is_empty());
    assert!(store.searchable_profiles().unwrap().is_empty());
}

#[test]
fn profiles_keep_their_order_and_a_handle_is_one_users() {
    // req: MP06-5.8-15
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("s.sqlite")).unwrap();
    let put =
        |name: &str, fields: Vec<ProfileField>| store.commit(vec![Effect::PutProfile { user: user(name), fields }]);
    let name = ProfileField {
        vocabulary: FieldVocabulary::OidcStdClaim,
        name: "name".to_owned(),
        value: "Bob".to_owned(),
        searchable: Searchable::InPart,
    };
    let fields = vec![name.clone(), handle("im:bob@b.example", Searchable::Exactly)];
    put(BOB, fields.clone()).unwrap();
    put(BOB, fields.clone()).unwrap();
    assert_eq!(store.profile(&user(BOB)).unwrap().fields, fields);
    let taken = put("mimi://b.example/u/bo", vec![handle("im:bob@b.example", Searchable::No)]);
    assert_eq!(taken, Err(StoreError::Conflict(Conflict::HandleTaken)));
    assert!(store.profile(&user("mimi://b.example/u/bo")).unwrap().fields.is_empty());
    put("mimi://b.example/u/bo", vec![ProfileField { searchable: Searchable::No, ..name }]).unwrap();
    let found: Vec<_> = store.searchable_profiles().unwrap();
    assert_eq!((found.len(), found[0].user.as_str(), &found[0].fields), (1, BOB, &fields));
}
