//! A hub that refuses because the room has moved on, and a provider that runs out of key packages.

use mimi_client_api::QueuedEvent;
use mimi_protocol::{
    AcceptedTimestamp, Epoch,
    codec::Wire as _,
    notify::{FanoutEvent, FanoutMessage},
    room_metadata::Utf8String,
    update::UpdateRoomResponse,
};

use super::{Device, Hub, commit_event, fake_provider::FakeProvider, proposals_event, room};
use crate::{Client, ClientError, Event, MetadataChange, PrepareOptions};

/// Alice is a client of a provider that answers as the script says; Bob is a member beside her.
async fn two(provider: &FakeProvider) -> (Hub, Client, Device, Device) {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::register(provider.config(folder.path()), "alice", "1", None).await.unwrap();
    let alice = Device { folder, user: client.user().clone(), id: client.id().clone(), next_event: 1 };
    let mut bob = Device::new("b.example", "bob", "1");
    let mut hub = Hub::new();
    hub.create_room(&alice);
    let (_, welcome) = hub.add(&alice, &[&bob]);
    bob.gets(&welcome);
    (hub, client, alice, bob)
}

fn queued(id: u64, event: FanoutEvent) -> QueuedEvent {
    let fanout_message = FanoutMessage { timestamp: AcceptedTimestamp(id), event }.to_bytes().unwrap();
    QueuedEvent { id, room_uri: room().to_string(), fanout_message, dropped: 0 }
}

pub(super) fn success() -> Vec<u8> {
    let accepted_timestamp = AcceptedTimestamp(77);
    UpdateRoomResponse::Success { error_description: String::new(), accepted_timestamp }.to_bytes().unwrap()
}

pub(super) fn wrong_epoch(current_epoch: Epoch) -> Vec<u8> {
    UpdateRoomResponse::WrongEpoch { error_description: String::new(), current_epoch }.to_bytes().unwrap()
}

pub(super) fn not_allowed() -> Vec<u8> {
    UpdateRoomResponse::NotAllowed { error_description: "no".into() }.to_bytes().unwrap()
}

fn mood(text: &str) -> MetadataChange {
    MetadataChange { mood: Some(Utf8String::new(text).unwrap()), ..MetadataChange::default() }
}

#[tokio::test]
async fn an_intent_is_applied_again_when_another_commit_took_the_epoch() {
    // req: MP06-5.3-22
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, bob) = two(&provider).await;
    let faster = bob.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    bob.session().confirm(&faster).unwrap();
    {
        let mut script = provider.script.lock().unwrap();
        script.surprise = Some((wrong_epoch(Epoch(2)), vec![queued(1, commit_event(&faster))]));
        script.update = Some(Ok(success()));
    }
    assert_eq!(client.set_metadata(&room(), mood("busy")).await.unwrap(), AcceptedTimestamp(77));
    assert_eq!((alice.room().epoch, provider.script.lock().unwrap().updates), (Epoch(3), 2));
    // What came meanwhile is reported once.
    let events = client.sync().await.unwrap();
    assert!(matches!(events.as_slice(), [Event::Committed { epoch: Epoch(2), .. }]), "{events:?}");
    assert_eq!(client.sync().await.unwrap(), []);
}

#[tokio::test]
async fn an_intent_carries_the_proposals_that_explain_a_refusal() {
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, bob) = two(&provider).await;
    let leaving = bob.session().prepare_leave(&room()).unwrap();
    {
        let mut script = provider.script.lock().unwrap();
        script.surprise = Some((not_allowed(), vec![queued(1, proposals_event(&leaving))]));
        script.update = Some(Ok(success()));
    }
    client.set_metadata(&room(), mood("alone")).await.unwrap();
    assert_eq!(provider.script.lock().unwrap().updates, 2);
    assert_eq!(alice.room().participants.len(), 1);
    assert!(matches!(client.unreported().as_slice(), [Event::ProposalsReceived { count: 2, .. }]));
}

#[tokio::test]
async fn an_own_commit_that_was_refused_and_had_been_accepted_is_not_made_twice() {
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, bob) = two(&provider).await;
    // Bob does the same, and is faster.
    let session = |device: &Device| {
        let intent = crate::Intent::SetMetadata(mood("busy"));
        device.session().prepare_intent(&room(), &intent, &[]).unwrap().update
    };
    let faster = session(&bob);
    {
        let mut script = provider.script.lock().unwrap();
        script.surprise = Some((wrong_epoch(Epoch(2)), vec![queued(9, commit_event(&faster))]));
        script.update = Some(Ok(not_allowed()));
    }
    assert_eq!(client.set_metadata(&room(), mood("busy")).await.unwrap(), AcceptedTimestamp(9));
    assert_eq!((alice.room().epoch, provider.script.lock().unwrap().updates), (Epoch(2), 1));
}

#[tokio::test]
async fn a_refusal_that_nothing_explains_is_the_answer() {
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, _) = two(&provider).await;
    provider.script.lock().unwrap().update = Some(Ok(not_allowed()));
    let outcome = client.set_metadata(&room(), mood("busy")).await;
    assert!(matches!(outcome, Err(ClientError::UpdateRefused(UpdateRoomResponse::NotAllowed { .. }))), "{outcome:?}");
    assert_eq!(provider.script.lock().unwrap().updates, 1);
    assert!(alice.session().unresolved(&room()).unwrap().is_none());
}

#[tokio::test]
async fn a_hub_that_always_refuses_is_asked_a_bounded_number_of_times() {
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, _) = two(&provider).await;
    provider.script.lock().unwrap().update = Some(Ok(wrong_epoch(Epoch(1))));
    let outcome = client.set_metadata(&room(), mood("busy")).await;
    assert!(matches!(outcome, Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch { .. }))), "{outcome:?}");
    assert_eq!(provider.script.lock().unwrap().updates, 6);
    let outcome = client.leave(&room()).await;
    assert!(matches!(outcome, Err(ClientError::UpdateRefused(UpdateRoomResponse::WrongEpoch { .. }))), "{outcome:?}");
    assert_eq!(provider.script.lock().unwrap().updates, 12);
    assert_eq!(alice.room().epoch, Epoch(1));
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_is_settled_before_the_next_one() {
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, _) = two(&provider).await;
    alice.session().prepare_commit(&room(), PrepareOptions::default()).unwrap();
    provider.script.lock().unwrap().update = Some(Ok(success()));
    client.set_metadata(&room(), mood("busy")).await.unwrap();
    assert_eq!((alice.room().epoch, provider.script.lock().unwrap().updates), (Epoch(3), 2));
}

#[tokio::test]
async fn few_key_packages_at_the_provider_become_as_many_as_of_a_new_client() {
    let provider = FakeProvider::start("a.example").await;
    let (_, client, alice, _) = two(&provider).await;
    let held = |count: Option<usize>| {
        let mut script = provider.script.lock().unwrap();
        script.key_packages = count.unwrap_or(script.key_packages);
        script.key_packages
    };
    assert_eq!(held(Some(10)), 10);
    client.sync().await.unwrap();
    assert_eq!(held(None), 10, "enough");
    held(Some(9));
    client.sync().await.unwrap();
    assert_eq!(held(None), 9, "nothing says that one was used");
    // A client that is opened anew asks once.
    let again = Client::open(&alice.path()).await.unwrap();
    again.sync().await.unwrap();
    assert_eq!(held(None), 20);
    held(Some(0));
    again.watch(std::time::Duration::from_millis(10)).await.unwrap();
    assert_eq!(held(None), 0);
}
