//! Every status and code of the endpoints that need no room, from a provider that runs: consent, identifier queries, and key
//! material as far as it depends on users (draft-ietf-mimi-protocol-06 sections 5.2, 5.7 and 5.8).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use mimi_arch::{Domain, RoomUri, UserUri};
use mimi_ds::store::{FieldVocabulary, ProfileField};
use mimi_ds::{Effect, SqliteStore, Store, consent::LIMITS};
use mimi_protocol::consent::{ConsentAction, ConsentEntry, ConsentScope, Keeper, ScopeState};
use mimi_protocol::crypto::{Ed25519Signer, LabelSigner};
use mimi_protocol::directory::Endpoint;
use mimi_protocol::http::client::{ConsentAnswer, PeerAddress, ProviderClient, ProviderClientConfig, Reply};
use mimi_protocol::identifier_query::{IdentifierQueryCode, IdentifierRequest, QueryElement, SearchField, Searchable};
use mimi_protocol::key_material::{KeyMaterialRequestTbs, KeyMaterialResponse, KeyMaterialUserCode};
use mimi_protocol::mls::{AppDataDictionary, Credential, RequiredCapabilities};
use mimi_protocol::{CipherSuite, IdentifierUri, Wire};
use mimi_provider::throwaway_ca::ThrowawayCa;
use mimi_provider::tls::TlsIdentity;
use mimi_provider::{
    Config, DownloadsConfig, FrankingConfig, LimitsConfig, OperationConfig, Provider, RunningProvider, SearchConfig,
    TlsConfig, UsersConfig,
};

const DORA: &str = "mimi://d.example/u/dora";

/// a.example, and d.example that asks it.
struct Pair {
    provider: RunningProvider,
    asker: ProviderClient,
    folder: tempfile::TempDir,
}

fn user(name: &str) -> UserUri {
    format!("mimi://a.example/u/{name}").parse().unwrap()
}

fn room(name: &str) -> RoomUri {
    format!("mimi://d.example/r/{name}").parse().unwrap()
}

fn account(name: &str) -> Effect {
    Effect::PutAccount { user: user(name), secret_digest: [1; 32] }
}

fn consents(keeper: Keeper, own: &str, scopes: Vec<(Option<RoomUri>, ScopeState)>) -> Effect {
    Effect::PutConsent { keeper, own: user(own), other: DORA.parse().unwrap(), version: 0, scopes }
}

/// Alice decides nothing, ann requires consent, abe has denied it for one room, ada has a full list of decisions, del is deleted.
fn people() -> Vec<Effect> {
    let full = (0..LIMITS.decisions).map(|number| (Some(room(&format!("r{number}"))), ScopeState::Granted)).collect();
    let field = |value: &str, searchable| ProfileField {
        vocabulary: FieldVocabulary::OidcStdClaim,
        name: "nickname".to_owned(),
        value: value.to_owned(),
        searchable,
    };
    vec![
        account("alice"),
        account("ann"),
        account("abe"),
        account("ada"),
        account("del"),
        Effect::DeleteAccount { user: user("del") },
        Effect::SetRequiresConsent { user: user("ann"), requires: true },
        consents(Keeper::TargetProvider, "abe", vec![(Some(room("x")), ScopeState::Denied)]),
        consents(Keeper::RequesterProvider, "ada", full),
        Effect::PutProfile { user: user("alice"), fields: vec![field("ally", Searchable::Exactly)] },
        Effect::PutProfile { user: user("ann"), fields: vec![field("annie", Searchable::No)] },
    ]
}

fn config(folder: &Path, users: UsersConfig, search: SearchConfig) -> Config {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    Config {
        domain: "a.example".parse().unwrap(),
        listen: any_port,
        client_listen: any_port,
        database: folder.join("a.db"),
        tls: TlsConfig {
            certificate: folder.join("a.example.pem"),
            key: folder.join("a.example.key"),
            authorities: folder.join("ca.pem"),
        },
        peers: BTreeMap::new(),
        limits: LimitsConfig::default(),
        franking: FrankingConfig::default(),
        assets: BTreeMap::new(),
        downloads: DownloadsConfig::default(),
        users,
        search,
        operation: OperationConfig::default(),
        discovery: mimi_provider::DiscoveryConfig::default(),
    }
}

async fn start(users: UsersConfig, search: SearchConfig) -> Pair {
    let folder = tempfile::tempdir().unwrap();
    let ca = ThrowawayCa::new("codes").unwrap();
    ca.write_to(folder.path()).unwrap();
    let own: Domain = "d.example".parse().unwrap();
    ca.issue(&"a.example".parse().unwrap()).unwrap().write_to(folder.path()).unwrap();
    let pem = ca.issue(&own).unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
    store.commit(people()).unwrap();
    drop(store);
    let bound = Provider::bind(config(folder.path(), users, search)).await.unwrap();
    let socket = bound.peer_address();
    let provider = bound.serve([]).await.unwrap();
    let tls = TlsIdentity::from_pem(&pem.certificate, &pem.key, ca.certificate()).unwrap().peer_client().unwrap();
    let mut client = ProviderClientConfig::new(own, tls);
    client.peers.insert("a.example".parse().unwrap(), PeerAddress { socket });
    Pair { provider, asker: ProviderClient::new(client).unwrap(), folder }
}

const TELLS_ALL: UsersConfig =
    UsersConfig { reveal_unknown: true, tell_rooms_apart: true, enqueue_authorization: false };

impl Pair {
    async fn stop(self) {
        self.provider.stop().await;
        drop(self.folder);
    }

    async fn post(&self, endpoint: Endpoint, value: &str, body: Vec<u8>) -> Reply {
        self.asker.post(&"a.example".parse().unwrap(), endpoint, value, body).await.unwrap()
    }

    async fn entry(&self, action: ConsentAction, requester: &str, target: &str, about: Option<RoomUri>) -> Reply {
        let endpoint = match action {
            ConsentAction::Request | ConsentAction::Cancel => Endpoint::RequestConsent,
            _ => Endpoint::UpdateConsent,
        };
        let scope = ConsentScope::new(requester.parse().unwrap(), target.parse().unwrap(), about);
        self.post(endpoint, "a.example", ConsentEntry::new(action, scope).to_bytes().unwrap()).await
    }

    async fn ask(&self, name: &str) -> u16 {
        self.entry(ConsentAction::Request, DORA, user(name).as_str(), None).await.status.as_u16()
    }

    async fn grant(&self, name: &str) -> u16 {
        let grant = ConsentAction::Grant { client_key_packages: Vec::new() };
        self.entry(grant, user(name).as_str(), DORA, Some(room("another"))).await.status.as_u16()
    }

    async fn key_material(&self, name: &str, protocol: u8) -> KeyMaterialUserCode {
        let signer = Ed25519Signer::from_seed([3; 32]);
        let tbs = KeyMaterialRequestTbs {
            requesting_user: IdentifierUri::new(DORA),
            target_user: IdentifierUri::from(&user(name)),
            room_id: IdentifierUri::from(&room("x")),
            acceptable_ciphersuites: vec![CipherSuite(1)],
            required_capabilities: RequiredCapabilities {
                extension_types: vec![],
                proposal_types: vec![],
                credential_types: vec![],
            },
            requester_signature_key: signer.public_key().to_vec(),
            requester_credential: Credential::basic(*b"mimi://d.example/d/dora/1"),
        };
        let mut body = tbs.sign(&signer).unwrap().to_bytes().unwrap();
        body[0] = protocol;
        let reply = self.post(Endpoint::KeyMaterial, user(name).as_str(), body).await;
        assert_eq!(reply.status.as_u16(), 200, "{reply:?}");
        KeyMaterialResponse::from_bytes(&reply.body).unwrap().user_status
    }

    async fn query(&self, elements: &[(SearchField, &str)]) -> IdentifierQueryCode {
        let element = |(field, value): &(SearchField, &str)| QueryElement {
            field: field.clone(),
            search_value: (*value).to_owned(),
        };
        let request = IdentifierRequest {
            query_elements: elements.iter().map(element).collect(),
            id_request_extensions: AppDataDictionary::default(),
        };
        let answer = self.asker.identifier_query(&"a.example".parse().unwrap(), &request).await.unwrap();
        assert_eq!(answer.response_code == IdentifierQueryCode::Success, !answer.uri.is_empty());
        answer.response_code
    }
}

#[tokio::test]
async fn every_status_of_the_consent_endpoints_is_reached() {
    // req: MP06-5.7-09, MP06-5.7-10, MP06-5.7-11, MP06-5.7-12, MP06-5.7-24, MP06-5.7-25, MP06-5.7-26
    let pair = start(TELLS_ALL, SearchConfig::default()).await;
    let asked = [pair.ask("alice").await, pair.ask("nobody").await, pair.ask("del").await];
    assert_eq!(asked, [201, 404, 404]);
    let granted =
        [pair.grant("alice").await, pair.grant("nobody").await, pair.grant("del").await, pair.grant("ada").await];
    assert_eq!(granted, [201, 404, 404, 503]);
    let cancelled = pair.entry(ConsentAction::Cancel, DORA, user("ann").as_str(), None).await;
    assert_eq!((cancelled.status.as_u16(), cancelled.body.len()), (201, 0));
    let busy = pair.entry(ConsentAction::Revoke, user("ada").as_str(), DORA, Some(room("another"))).await;
    assert_eq!((busy.status.as_u16(), busy.retry_after.is_some()), (503, true));

    let scope = ConsentScope::new(DORA.parse().unwrap(), user("nobody"), None);
    let entry = ConsentEntry::new(ConsentAction::Request, scope);
    assert_eq!(pair.asker.consent(&entry).await.unwrap(), ConsentAnswer::UserUnknown);
    pair.stop().await;
}

#[tokio::test]
async fn by_default_a_stranger_cannot_tell_who_exists() {
    // req: MP06-5.7-11, MP06-5.7-26, MP06-5.2-35, MP06-8-09
    let pair = start(UsersConfig::default(), SearchConfig::default()).await;
    for name in ["alice", "ann", "abe", "nobody", "del"] {
        assert_eq!((pair.ask(name).await, pair.grant(name).await), (201, 201), "{name}");
    }
    for name in ["ann", "abe", "nobody", "del"] {
        assert_eq!(pair.key_material(name, 1).await, KeyMaterialUserCode::NoConsent, "{name}");
        assert_eq!(pair.key_material(name, 2).await, KeyMaterialUserCode::IncompatibleProtocol, "{name}");
    }
    pair.stop().await;
}

#[tokio::test]
async fn every_user_code_of_key_material_that_needs_no_key_package_is_reached() {
    // The other two, success and partialSuccess, are in mimi-ds's tests and in the flow of section 3.
    // req: MP06-5.2-31, MP06-5.2-32, MP06-5.2-33, MP06-5.2-34, MP06-5.2-36, MP06-5.2-37, MP06-5.2-38
    use KeyMaterialUserCode::*;
    let pair = start(TELLS_ALL, SearchConfig::default()).await;
    for (name, protocol, code) in [
        ("alice", 2, IncompatibleProtocol),
        ("alice", 1, NoCompatibleMaterial),
        ("nobody", 1, UserUnknown),
        ("ann", 1, NoConsent),
        ("abe", 1, NoConsentForThisRoom),
        ("del", 1, UserDeleted),
    ] {
        assert_eq!(pair.key_material(name, protocol).await, code, "{name}");
    }
    pair.stop().await;
}

#[tokio::test]
async fn every_code_of_an_identifier_query_is_reached() {
    // req: MP06-5.8-17, MP06-5.8-22, MP06-5.8-15
    use IdentifierQueryCode::{Ambiguous, Forbidden, NotFound, Success, UnsupportedField};
    let pair = start(UsersConfig::default(), SearchConfig::default()).await;
    let claim = |name: &str| SearchField::OidcStdClaim(name.to_owned());
    assert_eq!(pair.query(&[(SearchField::Nick, "ally")]).await, Success);
    assert_eq!(pair.query(&[(SearchField::Nick, "annie")]).await, NotFound);
    assert_eq!(pair.query(&[(claim("shoe_size"), "38")]).await, UnsupportedField);
    assert_eq!(pair.query(&[]).await, Forbidden);
    pair.stop().await;

    let exact = SearchConfig { exact: vec![vec!["nick".to_owned()]], ..SearchConfig::default() };
    let pair = start(UsersConfig::default(), exact).await;
    assert_eq!(pair.query(&[(SearchField::WholeProfile, "ally")]).await, Ambiguous);
    assert_eq!(pair.query(&[(SearchField::Nick, "ally")]).await, Success);
    pair.stop().await;

    let closed = SearchConfig { forbidden: vec!["*".to_owned()], ..SearchConfig::default() };
    let pair = start(UsersConfig::default(), closed).await;
    assert_eq!(pair.query(&[(SearchField::Nick, "ally")]).await, Forbidden);
    pair.stop().await;
}
