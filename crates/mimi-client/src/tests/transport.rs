//! Providers that cannot be reached or go away.

use mimi_client_api::QueuedEvent;
use mimi_protocol::{codec::Wire as _, update::UpdateRoomResponse};
use tokio::net::TcpListener;
use tonic::Code;

use super::{Hub, account, fake_provider::FakeProvider, room};
use crate::{
    Client, ClientConfig, ClientError, Event, PrepareOptions, RoomOptions, StateError, TransportError,
    session::Session, state::State,
};

/// A member of a room whose provider is at the endpoint.
async fn member(folder: &std::path::Path, endpoint: &str) -> Client {
    let user = super::user("mimi://a.example/u/alice");
    let id = mimi_arch::ClientUri::of_user(&user, "1").unwrap();
    let path = folder.join("state.sqlite");
    let mut session = Session::create(State::create(&path).unwrap(), account(&user, &id, endpoint)).unwrap();
    session.found(&room(), &Hub::new().external_sender(), RoomOptions::default()).unwrap();
    session.founded(&room()).unwrap();
    drop(session);
    Client::open(&path).await.unwrap()
}

#[tokio::test]
async fn an_update_whose_answer_is_lost_stays_to_be_resolved() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            drop(stream);
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let client = member(folder.path(), &endpoint).await;
    let prepared = client.prepare_commit(&room(), PrepareOptions::default()).await.unwrap();
    let lost = client.submit_prepared(&prepared).await;
    assert!(matches!(lost, Err(ClientError::Transport(TransportError::AnswerLost(_)))), "{lost:?}");
    let lost = client.resume(&room()).await;
    assert!(matches!(lost, Err(ClientError::Transport(TransportError::AnswerLost(_)))), "{lost:?}");
    assert!(client.unresolved(&room()).await.unwrap().is_some());
    client.discard(prepared).await.unwrap();
    assert!(client.resume(&room()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_provider_that_does_not_listen_is_a_lost_answer_for_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let client = member(folder.path(), "https://127.0.0.1:1").await;
    for outcome in [
        client.sync().await.map(|_| ()),
        client.watch(std::time::Duration::from_secs(5)).await.map(|_| ()),
        client.send(&room(), "hello").await.map(|_| ()),
        client.create_room("other").await.map(|_| ()),
        client.add(&room(), &super::user("mimi://b.example/u/bob")).await.map(|_| ()),
        client.join_external(&room()).await,
    ] {
        assert!(matches!(outcome, Err(ClientError::Transport(TransportError::AnswerLost(_)))), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_state_file_holds_one_account() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    assert!(Client::open(&path).await.is_err(), "there is no file");
    State::create(&path).unwrap();
    assert!(matches!(Client::open(&path).await, Err(ClientError::State(StateError::NoAccount))));
    drop(member(folder.path(), "https://127.0.0.1:1").await);
    let config = ClientConfig {
        state: path,
        endpoint: "https://127.0.0.1:1".into(),
        domain: "a.example".parse().unwrap(),
        ca_pem: Vec::new(),
    };
    let second = Client::register(config, "alice", "2", None).await;
    assert!(matches!(second, Err(ClientError::State(StateError::AlreadyRegistered { .. }))));
}

#[cfg(unix)]
#[test]
fn the_state_file_can_be_read_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.sqlite");
    State::create(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A registered client that has made a room.
async fn registered(provider: &FakeProvider, folder: &std::path::Path) -> Client {
    let client = Client::register(provider.config(folder), "alice", "1", None).await.unwrap();
    assert_eq!(client.create_room("clubhouse").await.unwrap(), room());
    client
}

#[tokio::test]
async fn registering_keeps_the_account_and_uploads_key_packages_with_its_token() {
    let provider = FakeProvider::start("a.example").await;
    let folder = tempfile::tempdir().unwrap();
    let client = registered(&provider, folder.path()).await;
    assert_eq!(client.id().as_str(), "mimi://a.example/d/alice/1");
    assert_eq!(client.user_secret(), "the-secret");
    assert_eq!(client.upload_key_packages(3).await.unwrap(), 23);
    drop(client);
    let client = Client::open(&folder.path().join("state.sqlite")).await.unwrap();
    assert_eq!(client.user().as_str(), "mimi://a.example/u/alice");
    assert_eq!(client.rooms().await.unwrap().len(), 1);
    assert_eq!(client.upload_key_packages(1).await.unwrap(), 24);
}

#[tokio::test]
async fn a_provider_whose_certificate_names_another_domain_gets_no_request() {
    let provider = FakeProvider::start("b.example").await;
    let folder = tempfile::tempdir().unwrap();
    let refused = Client::register(provider.config(folder.path()), "alice", "1", None).await;
    assert!(matches!(refused, Err(ClientError::Transport(_))), "{refused:?}");
}

#[tokio::test]
async fn a_provider_whose_certificate_another_ca_signed_gets_no_request() {
    let provider = FakeProvider::start("a.example").await;
    let other = FakeProvider::start("a.example").await;
    let folder = tempfile::tempdir().unwrap();
    let config = ClientConfig { ca_pem: other.ca_pem, ..provider.config(folder.path()) };
    let refused = Client::register(config, "alice", "1", None).await;
    assert!(matches!(refused, Err(ClientError::Transport(_))), "{refused:?}");
}

#[tokio::test]
async fn an_update_is_taken_back_when_refused_and_kept_when_nobody_knows() {
    let provider = FakeProvider::start("a.example").await;
    let folder = tempfile::tempdir().unwrap();
    let client = registered(&provider, folder.path()).await;
    let not_allowed = UpdateRoomResponse::NotAllowed { error_description: "no".into() }.to_bytes().unwrap();
    for (answer, stays) in [
        (Err(Code::Unavailable), true),
        (Err(Code::Internal), true),
        (Err(Code::PermissionDenied), false),
        (Err(Code::NotFound), false),
        (Err(Code::Unauthenticated), false),
        (Ok(not_allowed), false),
    ] {
        provider.script.lock().unwrap().update = Some(answer.clone());
        let prepared = client.prepare_commit(&room(), PrepareOptions::default()).await.unwrap();
        assert!(client.resume(&room()).await.is_err());
        assert_eq!(client.unresolved(&room()).await.unwrap().is_some(), stays, "{answer:?}");
        client.discard(prepared).await.unwrap();
    }
    let accepted = UpdateRoomResponse::Success {
        error_description: String::new(),
        accepted_timestamp: mimi_protocol::AcceptedTimestamp(7),
    };
    provider.script.lock().unwrap().update = Some(Ok(accepted.to_bytes().unwrap()));
    client.prepare_commit(&room(), PrepareOptions::default()).await.unwrap();
    assert_eq!(client.resume(&room()).await.unwrap(), Some(mimi_protocol::AcceptedTimestamp(7)));
    assert_eq!(client.room(&room()).await.unwrap().epoch, mimi_protocol::Epoch(1));
}

#[tokio::test]
async fn events_are_acknowledged_after_processing_and_reported_although_the_provider_goes_away() {
    let provider = FakeProvider::start("a.example").await;
    let folder = tempfile::tempdir().unwrap();
    let client = registered(&provider, folder.path()).await;
    let junk =
        |id, size| QueuedEvent { id, room_uri: room().to_string(), fanout_message: vec![0xff; size], dropped: 0 };
    // The second is larger than what gRPC takes unasked.
    provider.script.lock().unwrap().queue = vec![junk(1, 10), junk(2, 6 << 20)];
    let events = client.sync().await.unwrap();
    assert!(matches!(events.as_slice(), [Event::Undecryptable { .. }, Event::Undecryptable { .. }]), "{events:?}");
    assert_eq!(provider.script.lock().unwrap().acknowledged, [2]);

    {
        let mut script = provider.script.lock().unwrap();
        script.queue.push(junk(3, 10));
        script.queue_breaks = true;
    }
    assert_eq!(client.sync().await.unwrap().len(), 1);
    assert_eq!(provider.script.lock().unwrap().acknowledged, [2], "the provider was gone before");
    assert!(client.sync().await.is_err());
    provider.script.lock().unwrap().queue_breaks = false;
    assert_eq!(client.watch(std::time::Duration::from_secs(5)).await.unwrap(), []);
    assert_eq!(provider.script.lock().unwrap().acknowledged, [2, 3]);
}

#[tokio::test]
async fn what_the_provider_dropped_is_reported_once_with_its_count_and_acknowledged() {
    let provider = FakeProvider::start("a.example").await;
    let folder = tempfile::tempdir().unwrap();
    let client = registered(&provider, folder.path()).await;
    provider.script.lock().unwrap().queue =
        vec![QueuedEvent { id: 7, room_uri: room().to_string(), fanout_message: Vec::new(), dropped: 40 }];
    assert_eq!(client.sync().await.unwrap(), [Event::Dropped { room: room(), count: 40 }]);
    assert_eq!(provider.script.lock().unwrap().acknowledged, [7]);
    assert_eq!(client.sync().await.unwrap(), []);
}
