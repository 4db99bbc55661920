//! Providers that cannot be reached or go away.

use tokio::net::TcpListener;

use super::{Hub, account, room};
use crate::{
    Client, ClientConfig, ClientError, PrepareOptions, StateError, TransportError, session::Session, state::State,
};

/// A member of a room whose provider is at the endpoint.
async fn member(folder: &std::path::Path, endpoint: &str) -> Client {
    let user = super::user("mimi://a.example/u/alice");
    let id = mimi_arch::ClientUri::of_user(&user, "1").unwrap();
    let path = folder.join("state.sqlite");
    let mut session = Session::create(State::create(&path).unwrap(), account(&user, &id, endpoint)).unwrap();
    session.found(&room(), &Hub::new().external_sender()).unwrap();
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
