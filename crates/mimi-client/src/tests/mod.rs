//! Clients against each other without a network: the tests carry the octets, in the place of hub and providers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod attending;
mod encryption;
mod fake_provider;
mod flow;
mod franking;
mod hostile;
mod hub_proposals;
mod lost_answers;
mod moderation;
mod transport;
mod trying_again;

use std::path::PathBuf;

use mimi_arch::{ClientUri, ProviderUri, RoomUri, UserUri};
use mimi_protocol::{
    AcceptedTimestamp, IdentifierUri,
    codec::Wire as _,
    crypto::{Ed25519Signer, LabelSigner as _},
    group_info::{GroupInfoRatchetTreeTbe, GroupInfoRequestIn, GroupInfoResponseIn, PendingProposal, seal_response},
    key_material::{ClientKeyMaterial, KeyMaterialRequestIn, KeyMaterialResponse, KeyMaterialUserCode},
    mls::{Credential, ExternalSender, GroupInfo, KeyPackage, MlsMessage, RatchetTree},
    notify::{FanoutEvent, FanoutMessage},
    ratchet_tree::{GroupInfoOption, RatchetTreeOption},
    update::HandshakeBundle,
};
use mimi_room_policy::{operational::PendingProposalPolicy, ready_made::RoomKind};
use openmls_basic_credential::SignatureKeyPair;
use tempfile::TempDir;

use crate::{
    Event, PreparedUpdate, RoomSummary,
    crypto::LibraryHpke,
    mls::{Identity, SUITE},
    session::{JoinStep, NewRoom, RoomOptions, Session},
    state::{
        State,
        account::{Account, Provider},
    },
};

pub(super) fn room() -> RoomUri {
    "mimi://a.example/r/clubhouse".parse().unwrap()
}

pub(super) fn user(text: &str) -> UserUri {
    text.parse().unwrap()
}

/// One client, whose state file is closed and opened again before every step.
pub(super) struct Device {
    folder: TempDir,
    pub(super) user: UserUri,
    pub(super) id: ClientUri,
    next_event: u64,
}

impl Device {
    pub(super) fn new(domain: &str, name: &str, device: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let user = UserUri::new(&domain.parse().unwrap(), name).unwrap();
        let id = ClientUri::of_user(&user, device).unwrap();
        let account = account(&user, &id, "https://127.0.0.1:1");
        Session::create(State::create(&folder.path().join("state.sqlite")).unwrap(), account).unwrap();
        Self { folder, user, id, next_event: 1 }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("state.sqlite")
    }

    /// A session that has just been opened.
    pub(super) fn session(&self) -> Session {
        Session::open(&self.path()).unwrap()
    }

    pub(super) fn room(&self) -> RoomSummary {
        self.session().room(&room()).unwrap()
    }

    pub(super) fn key_package(&self) -> KeyPackage {
        KeyPackage::from_bytes(&self.session().make_key_packages(1).unwrap()[0]).unwrap()
    }

    /// Processes an event under a new id.
    pub(super) fn gets(&mut self, event: &FanoutEvent) -> Vec<Event> {
        let id = self.next_event;
        self.next_event += 1;
        self.gets_as(id, event)
    }

    /// Processes an event under the given id.
    pub(super) fn gets_as(&self, id: u64, event: &FanoutEvent) -> Vec<Event> {
        let fanout = FanoutMessage { timestamp: AcceptedTimestamp(1000 + id), event: event.clone() };
        self.session().receive(id, room().as_str(), &fanout.to_bytes().unwrap()).unwrap()
    }

    pub(super) fn gets_octets(&mut self, octets: &[u8]) -> Vec<Event> {
        let id = self.next_event;
        self.next_event += 1;
        self.session().receive(id, room().as_str(), octets).unwrap()
    }
}

pub(super) fn account(user: &UserUri, id: &ClientUri, endpoint: &str) -> Account {
    Account {
        provider: Provider { endpoint: endpoint.into(), domain: user.domain().clone(), ca_pem: Vec::new() },
        user: user.clone(),
        user_secret: "secret".into(),
        token: "token".into(),
        identity: Identity { client: id.clone(), signer: SignatureKeyPair::new(SUITE.signature_algorithm()).unwrap() },
    }
}

/// What the tests need of a hub: its key, and the group as the last accepted commit left it.
pub(super) struct Hub {
    pub(super) signer: Ed25519Signer,
    pub(super) credential: Credential,
    pub(super) group_info: Option<GroupInfo>,
    pub(super) tree: Option<RatchetTree>,
    pub(super) pending: Vec<MlsMessage>,
}

impl Hub {
    pub(super) fn new() -> Self {
        Self::with([7; 32], "a.example")
    }

    pub(super) fn with(seed: [u8; 32], domain: &str) -> Self {
        let provider = ProviderUri::new(&domain.parse().unwrap());
        Self {
            signer: Ed25519Signer::from_seed(seed),
            credential: Credential::basic(provider.as_str().as_bytes()),
            group_info: None,
            tree: None,
            pending: Vec::new(),
        }
    }

    pub(super) fn external_sender(&self) -> Vec<u8> {
        ExternalSender { signature_key: self.signer.public_key().to_vec(), credential: self.credential.clone() }
            .to_bytes()
            .unwrap()
    }

    /// A room with its creator alone.
    pub(super) fn create_room(&mut self, creator: &Device) {
        self.create_room_with(creator, RoomOptions::default());
    }

    pub(super) fn create_room_with(&mut self, creator: &Device, options: RoomOptions) {
        let founding = creator.session().found(&room(), &self.external_sender(), options).unwrap();
        creator.session().founded(&room()).unwrap();
        self.group_info = Some(founding.group_info);
        self.tree = Some(founding.ratchet_tree);
    }

    /// A room that says when proposals are committed.
    pub(super) fn create_room_with_strategy(&mut self, creator: &Device, strategy: PendingProposalPolicy) {
        let mut policy = RoomKind::Group.policy(&[], None).unwrap();
        policy.operational.as_mut().unwrap().pending_proposal_policy = strategy;
        let new = NewRoom { policy, participants: Vec::new(), media_types: false };
        let founding = creator.session().found_as(&room(), &self.external_sender(), &new).unwrap();
        creator.session().founded(&room()).unwrap();
        self.group_info = Some(founding.group_info);
        self.tree = Some(founding.ratchet_tree);
    }

    /// Takes a commit whose author has merged it.
    pub(super) fn follow(&mut self, author: &Device, update: &PreparedUpdate) {
        let HandshakeBundle::Commit { group_info: GroupInfoOption::Full(group_info), .. } = &update.bundle else {
            panic!("not a commit with a full group info");
        };
        self.group_info = Some((**group_info).clone());
        self.tree = Some(author.session().ratchet_tree(&room()).unwrap());
        self.pending.clear();
    }

    /// Adds a user's device: fetch, commit, answer; gives the commit and the Welcome as they are fanned out.
    pub(super) fn add(&mut self, adder: &Device, added: &[&Device]) -> (FanoutEvent, FanoutEvent) {
        let update = adder.session().prepare_add(&room(), &added[0].user, &key_material(added)).unwrap();
        adder.session().confirm(&update).unwrap();
        self.follow(adder, &update);
        (commit_event(&update), self.welcome_event(&update))
    }

    pub(super) fn welcome_event(&self, update: &PreparedUpdate) -> FanoutEvent {
        let HandshakeBundle::Commit { welcome: Some(welcome), .. } = &update.bundle else { panic!("no Welcome") };
        let message = MlsMessage::from(welcome.clone());
        FanoutEvent::Welcome { message, ratchet_tree: RatchetTreeOption::Full(self.tree.clone().unwrap()) }
    }

    /// Answers a request for group information.
    pub(super) fn group_info(&self, request: &[u8]) -> Vec<u8> {
        let request = GroupInfoRequestIn::from_bytes(request).unwrap().verify().unwrap();
        let content = GroupInfoRatchetTreeTbe {
            group_info: self.group_info.clone().unwrap(),
            ratchet_tree: RatchetTreeOption::Full(self.tree.clone().unwrap()),
            pending_proposals: self
                .pending
                .iter()
                .map(|proposal| PendingProposal { proposal: proposal.clone(), hub_accepted_time: AcceptedTimestamp(1) })
                .collect(),
        };
        let response = seal_response(
            &LibraryHpke::default(),
            &self.signer,
            self.credential.clone(),
            IdentifierUri::from(&room()),
            &request,
            &content,
        )
        .unwrap();
        GroupInfoResponseIn::from(response).to_bytes().unwrap()
    }

    /// A device's external commit, not answered yet.
    pub(super) fn external_commit(&self, joiner: &Device) -> PreparedUpdate {
        let question = joiner.session().group_info_question(None).unwrap();
        let answer = self.group_info(&question.body);
        match joiner.session().prepare_join(&room(), &question, &answer).unwrap() {
            JoinStep::Send(prepared) => *prepared,
            JoinStep::Joined => panic!("joined already"),
        }
    }
}

/// Key material of all of these devices, which are of one user.
pub(super) fn key_material(devices: &[&Device]) -> Vec<u8> {
    let clients = devices
        .iter()
        .map(|device| ClientKeyMaterial::Success {
            client_uri: IdentifierUri::from(&device.id),
            key_package: Box::new(device.key_package()),
        })
        .collect();
    let user_uri = IdentifierUri::from(&devices[0].user);
    KeyMaterialResponse { user_status: KeyMaterialUserCode::Success, user_uri, clients }.to_bytes().unwrap()
}

pub(super) fn commit_event(update: &PreparedUpdate) -> FanoutEvent {
    let HandshakeBundle::Commit { commit, .. } = &update.bundle else { panic!("not a commit") };
    FanoutEvent::Commit { message: commit.clone(), external_proposals: Vec::new() }
}

pub(super) fn proposals_event(update: &PreparedUpdate) -> FanoutEvent {
    let HandshakeBundle::Proposals { first, more } = &update.bundle else { panic!("not proposals") };
    FanoutEvent::Proposals { message: first.clone(), more: more.clone() }
}

pub(super) fn text_event(message: &MlsMessage) -> FanoutEvent {
    FanoutEvent::Application { message: message.clone(), frank: None }
}

pub(super) fn in_agreement(devices: &[&Device]) {
    let first = devices[0].room();
    assert!(first.active && !first.epoch_authenticator.is_empty());
    for device in devices {
        assert_eq!(device.room(), first, "{} disagrees with {}", device.id, devices[0].id);
    }
}

/// The request for key material is what a provider will verify.
pub(super) fn verified_key_material_request(device: &Device, target: &UserUri) {
    let body = device.session().key_material_request(&room(), target).unwrap();
    let request = KeyMaterialRequestIn::from_bytes(&body).unwrap().verify().unwrap();
    assert_eq!(request.tbs().room_id.as_str(), room().as_str());
    assert_eq!(request.tbs().requester_credential.as_basic().unwrap(), device.id.as_str().as_bytes());
    assert_eq!(request.tbs().required_capabilities.proposal_types, [8, 10]);
}
