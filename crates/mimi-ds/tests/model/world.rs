//! A room at its hub beside what its clients think of it: the second is worked out by this file alone, from what was accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::Arc,
};

use mimi_arch::{ClientUri, Domain, RoleIndex, RoomUri, UserUri};
use mimi_ds::{
    Effect, LogEntry,
    hub::{Accepted, HubFranking, HubIdentity, HubRoom, Routes, Standing},
    store::{StoredHandshake, StoredRoom},
};
use mimi_protocol::{
    AcceptedTimestamp, ProposalRef, Wire,
    crypto::{Ed25519Signer, LabelSigner as _},
    franking::HubKey,
    mls::{
        CommitView, ComponentId, Credential, Extension, ExtensionType, ExternalSender, ExternalSenders, KeyPackage,
        LeafNode, LeafNodeSource, MlsMessage, ProposalOrRef, ProposalView, PublicContent, RequiredCapabilities, Sender,
    },
    participant_list::{ParticipantListData, UserRolePair},
    ratchet_tree::RatchetTreeOption,
    submit_message::SubmitMessageRequest,
    update::{HandshakeBundle, UpdateRequest},
};
use mimi_room_policy::policy::RoomPolicy;

use crate::{
    fake_group::{Content, FakeGroup},
    faults::{Fault, Lie},
    messages::{self, GROUP, Listed, SUITE, external_pub, key},
};

/// The clock stands: only the hub makes timestamps increase.
pub(crate) const NOW: AcceptedTimestamp = AcceptedTimestamp(1_700_000_000_000);

/// Alice and Bob are local, Bob has two clients; Cathy and Dave are alone at their providers.
pub(crate) const CLIENTS: [&str; 5] = [
    "mimi://a.example/d/alice/1",
    "mimi://a.example/d/bob/1",
    "mimi://a.example/d/bob/2",
    "mimi://c.example/d/cathy/1",
    "mimi://d.example/d/dave/1",
];
pub(crate) const USERS: usize = 4;

/// The fixed things of a search.
pub(crate) struct Cast {
    pub(crate) clients: Vec<ClientUri>,
    /// The user of each client.
    pub(crate) user_of: Vec<usize>,
    pub(crate) users: Vec<UserUri>,
    pub(crate) packages: Vec<KeyPackage>,
    pub(crate) routes: Routes,
    /// The leaf of each client when it comes in by its key package, and when it commits.
    seats: Vec<(Arc<LeafNode>, Arc<LeafNode>)>,
    pub(crate) hub: HubIdentity,
    hub_key: HubKey,
    signer: Ed25519Signer,
    pub(crate) room: RoomUri,
}

/// What waits for a commit, as clients know it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Intent {
    List(Listed),
    Remove(u32),
    SelfRemove,
}

#[derive(Clone, Debug)]
pub(crate) struct Waits {
    pub(crate) reference: ProposalRef,
    pub(crate) sender: u32,
    pub(crate) intent: Intent,
}

/// What the clients know of a room.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) content: Content,
    /// Users by number, with their roles, in the order of the participant list.
    pub(crate) list: Vec<(usize, u32)>,
    pub(crate) waiting: Vec<Waits>,
}

/// A room, with what the store has of it, and what the clients know.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) room: HubRoom<FakeGroup>,
    pub(crate) stored: StoredRoom,
    pub(crate) view: View,
}

impl Deref for World {
    type Target = View;

    fn deref(&self) -> &View {
        &self.view
    }
}

/// What a client sends to the hub, and what clients have to see once it is accepted.
pub(crate) struct Request {
    pub(crate) sent: Sent,
    pub(crate) after: After,
}

pub(crate) enum Sent {
    Update(Box<UpdateRequest>),
    Submit(Box<SubmitMessageRequest>),
}

pub(crate) enum After {
    Same,
    Waiting(Vec<Waits>),
    Committed(Content, Vec<(usize, u32)>),
}

impl Cast {
    pub(crate) fn new() -> Self {
        let clients: Vec<ClientUri> = CLIENTS.iter().map(|uri| uri.parse().unwrap()).collect();
        let mut users: Vec<UserUri> = Vec::new();
        let mut user_of = Vec::new();
        for client in &clients {
            let user = client.user().unwrap();
            user_of.push(users.iter().position(|known| *known == user).unwrap_or_else(|| {
                users.push(user);
                users.len() - 1
            }));
        }
        assert_eq!(users.len(), USERS);
        let packages: Vec<_> = clients.iter().map(messages::key_package).collect();
        let routes = packages.iter().zip(&clients).map(|(p, c)| (p.reference().unwrap(), c.domain().clone())).collect();
        let seats = packages
            .iter()
            .zip(&clients)
            .map(|(p, c)| (Arc::new(p.view().leaf_node.clone()), Arc::new(messages::leaf_of_commit(c))))
            .collect();
        let signer = Ed25519Signer::from_seed([9; 32]);
        let hub = HubIdentity {
            domain: "a.example".parse().unwrap(),
            external_sender: ExternalSender {
                signature_key: signer.public_key().to_vec(),
                credential: Credential::basic(*b"mimi://a.example"),
            },
        };
        let room = "mimi://a.example/r/clubhouse".parse().unwrap();
        Self { clients, user_of, users, packages, routes, seats, hub, hub_key: HubKey::new([7; 32]), signer, room }
    }

    pub(crate) fn leaf_of(&self, view: &View, client: usize) -> Option<u32> {
        let name = self.clients[client].as_str().as_bytes();
        view.content.leaves.iter().find(|(_, leaf)| leaf.signature_key == name).map(|(index, _)| *index)
    }

    /// The leaves of a user's clients, from the left.
    pub(crate) fn leaves_of(&self, view: &View, user: usize) -> Vec<u32> {
        let own = (0..self.clients.len()).filter(|client| self.user_of[*client] == user);
        let mut leaves: Vec<u32> = own.filter_map(|client| self.leaf_of(view, client)).collect();
        leaves.sort_unstable();
        leaves
    }

    pub(crate) fn client_with_key(&self, key: &[u8]) -> usize {
        self.clients.iter().position(|client| client.as_str().as_bytes() == key).unwrap()
    }

    pub(crate) fn user_number(&self, user: &UserUri) -> usize {
        self.users.iter().position(|known| known == user).unwrap()
    }

    fn list_bytes(&self, list: &[(usize, u32)]) -> Option<Vec<u8>> {
        let pairs = list.iter().map(|(user, role)| UserRolePair::new(self.users[*user].clone(), RoleIndex(*role)));
        Some(ParticipantListData::new(pairs.collect()).ok()?.to_bytes().unwrap())
    }

    /// Alice alone in a room with this policy.
    pub(crate) fn create(&self, policy: &RoomPolicy, fault: Option<Fault>) -> World {
        let list = vec![(0, 3)];
        let required = RequiredCapabilities {
            extension_types: vec![ExtensionType::APP_DATA_DICTIONARY.0],
            proposal_types: vec![8, 10],
            ..Default::default()
        };
        let senders = ExternalSenders(vec![self.hub.external_sender.clone()]);
        let mut dictionary: BTreeMap<u16, Arc<[u8]>> =
            policy.components().unwrap().into_iter().map(|(id, data)| (id.0, data.into())).collect();
        dictionary.insert(ComponentId::PARTICIPANT_LIST.0, self.list_bytes(&list).unwrap().into());
        let alice = &self.clients[0];
        let leaf = messages::leaf(alice, LeafNodeSource::KeyPackage { not_before: 0, not_after: u64::MAX });
        let mut extensions = vec![
            Extension {
                extension_type: ExtensionType::REQUIRED_CAPABILITIES,
                extension_data: required.to_bytes().unwrap(),
            },
            Extension { extension_type: ExtensionType::EXTERNAL_SENDERS, extension_data: senders.to_bytes().unwrap() },
        ];
        extensions.extend(fault.and_then(Fault::lie).map(Lie::mark));
        let content = Content {
            group_id: GROUP.as_bytes().into(),
            epoch: 0,
            extensions: extensions.into(),
            dictionary,
            leaves: BTreeMap::from([(0, Arc::new(leaf))]),
        };
        let info = content.group_info(&external_pub(), &content.tag(), 0, &key(alice));
        let (room, accepted) =
            HubRoom::create(NOW, &self.hub, alice, self.room.clone(), info, &content.tree()).unwrap();
        let stored = StoredRoom {
            room: self.room.clone(),
            snapshot: Vec::new(),
            snapshot_sequence: 0,
            log: Vec::new(),
            last_sequence: 0,
            last_accepted: NOW,
        };
        let mut world = World { room, stored, view: View { content, list, waiting: Vec::new() } };
        world.store(&accepted);
        world
    }

    pub(crate) fn source(&self, client: usize) -> &Domain {
        self.clients[client].domain()
    }

    /// The proposals of a client.
    pub(crate) fn proposals(&self, view: &View, client: usize, intents: &[Intent]) -> Option<Request> {
        let leaf = self.leaf_of(view, client)?;
        let by = &self.clients[client];
        let mut messages = Vec::new();
        let mut waits = Vec::new();
        for intent in intents {
            let message = messages::proposal(view.content.epoch, leaf, by, intent.view());
            waits.push(Waits {
                reference: message.proposal_reference(SUITE).unwrap(),
                sender: leaf,
                intent: intent.clone(),
            });
            messages.push(message);
        }
        let mut messages = messages.into_iter();
        let first = messages.next()?;
        let bundle = HandshakeBundle::Proposals { first, more: messages.collect() };
        Some(Request { sent: Sent::Update(Box::new(UpdateRequest(bundle))), after: After::Waiting(waits) })
    }

    /// A commit of a client, which is a member, or comes in by it.
    pub(crate) fn commit(
        &self,
        view: &View,
        client: usize,
        external: bool,
        intents: &[Intent],
        adds: &[usize],
        with_waiting: bool,
    ) -> Option<Request> {
        let by = &self.clients[client];
        let own = self.leaf_of(view, client);
        let waiting: &[Waits] = if with_waiting { &view.waiting } else { &[] };
        let mut content = view.content.clone();
        content.epoch += 1;
        let mut listed = Vec::new();
        let mut gone: BTreeSet<u32> = BTreeSet::new();
        let all = waiting.iter().map(|w| (w.sender, &w.intent)).chain(intents.iter().map(|i| (u32::MAX, i)));
        for (sender, intent) in all {
            match intent {
                Intent::List(change) => listed.push(change),
                Intent::Remove(leaf) => drop(gone.insert(*leaf)),
                Intent::SelfRemove => drop(gone.insert(sender)),
            }
        }
        content.leaves.retain(|leaf, _| !gone.contains(leaf));
        for add in adds {
            content.seat(Arc::clone(&self.seats[*add].0));
        }
        let sender = if external {
            content.seat(Arc::clone(&self.seats[client].1));
            Sender::NewMemberCommit
        } else {
            content.leaves.insert(own?, Arc::clone(&self.seats[client].1));
            Sender::Member(own?)
        };
        let mut list = self.after(&view.list, listed.into_iter());
        match self.list_bytes(&list) {
            Some(bytes) => drop(content.dictionary.insert(ComponentId::PARTICIPANT_LIST.0, bytes.into())),
            None => list.clone_from(&view.list),
        }
        let init = external.then_some(ProposalView::ExternalInit { kem_output: vec![1; 4] });
        let added = adds.iter().map(|add| ProposalView::Add(Box::new(self.packages[*add].clone())));
        let by_value = init.into_iter().chain(intents.iter().map(Intent::view)).chain(added);
        let proposals = by_value
            .map(ProposalOrRef::Proposal)
            .chain(waiting.iter().map(|w| ProposalOrRef::Reference(w.reference.clone())))
            .collect();
        let commit = CommitView { proposals, path: Some(Box::new(messages::path(by))) };
        let commit: MlsMessage =
            messages::public(view.content.epoch, sender, by, PublicContent::Commit(commit), content.tag());
        let packages: Vec<_> = adds.iter().map(|add| self.packages[*add].clone()).collect();
        let bundle = HandshakeBundle::Commit {
            commit,
            welcome: (!packages.is_empty()).then(|| messages::welcome(&packages)),
            group_info: messages::partial(by),
            ratchet_tree: RatchetTreeOption::DistributionService,
        };
        Some(Request { sent: Sent::Update(Box::new(UpdateRequest(bundle))), after: After::Committed(content, list) })
    }

    /// A message in the name of a user.
    pub(crate) fn message(&self, epoch: u64, user: usize) -> Request {
        let sent = Sent::Submit(Box::new(messages::application(epoch, &self.users[user])));
        Request { sent, after: After::Same }
    }

    /// What section 7.5 makes of a list: all indices are those of the list before.
    fn after<'a>(&self, list: &[(usize, u32)], changes: impl Iterator<Item = &'a Listed>) -> Vec<(usize, u32)> {
        let mut kept: Vec<Option<(usize, u32)>> = list.iter().copied().map(Some).collect();
        let mut added = Vec::new();
        for change in changes {
            match change {
                Listed::Role(index, role) => {
                    if let Some(Some(entry)) = kept.get_mut(*index as usize) {
                        entry.1 = *role;
                    }
                }
                Listed::Remove(index) => kept[*index as usize] = None,
                Listed::Add(user, role) => added.push((self.user_number(user), *role)),
            }
        }
        kept.into_iter().flatten().chain(added).collect()
    }

    /// The hub decides.
    pub(crate) fn ask(&self, room: &mut HubRoom<FakeGroup>, client: usize, sent: &Sent) -> Result<Accepted, String> {
        let source = self.source(client);
        match sent {
            Sent::Update(update) => room.update(NOW, source, update, &self.routes).map_err(|e| e.to_string()),
            Sent::Submit(message) => {
                let franking = HubFranking { hub_key: &self.hub_key, signer: &self.signer };
                room.submit(NOW, source, message, &franking).map_err(|e| e.to_string())
            }
        }
    }
}

impl Intent {
    fn view(&self) -> ProposalView {
        match self {
            Self::List(change) => change.proposal(),
            Self::Remove(leaf) => ProposalView::Remove(*leaf),
            Self::SelfRemove => ProposalView::SelfRemove,
        }
    }
}

impl World {
    /// Does what a store does.
    pub(crate) fn store(&mut self, accepted: &Accepted) {
        for effect in &accepted.effects {
            match effect {
                Effect::PutRoom { group_snapshot, sequence, accepted, .. } => {
                    self.stored.snapshot.clone_from(group_snapshot);
                    self.stored.snapshot_sequence = *sequence;
                    self.stored.log.clear();
                    self.stored.last_accepted = *accepted;
                }
                Effect::AppendLog { sequence, entry, accepted, .. } => {
                    assert_eq!(*sequence, self.stored.last_sequence + 1, "a gap in the log");
                    self.stored.last_sequence = *sequence;
                    self.stored.last_accepted = *accepted;
                    if let LogEntry::Handshake(bytes) = entry {
                        let (sequence, bytes, accepted) = (*sequence, bytes.clone(), *accepted);
                        self.stored.log.push(StoredHandshake { sequence, bytes, accepted });
                    }
                }
                _ => {}
            }
        }
    }
}

impl View {
    /// What the clients know once a request is accepted.
    pub(crate) fn then(&self, after: After) -> Self {
        match after {
            After::Same => self.clone(),
            After::Waiting(more) => {
                let mut view = self.clone();
                view.waiting.extend(more);
                view
            }
            After::Committed(content, list) => Self { content, list, waiting: Vec::new() },
        }
    }

    pub(crate) fn index_of(&self, user: usize) -> Option<u32> {
        self.list.iter().position(|(listed, _)| *listed == user).map(|index| index as u32)
    }

    pub(crate) fn role(&self, user: usize) -> Option<u32> {
        self.list.iter().find(|(listed, _)| *listed == user).map(|(_, role)| *role)
    }

    /// The role once what waits is committed; `None` who is not on the list then.
    pub(crate) fn role_to_be(&self, cast: &Cast, user: usize) -> Option<u32> {
        let changes = self.waiting.iter().filter_map(|waits| match &waits.intent {
            Intent::List(change) => Some(change),
            _ => None,
        });
        cast.after(&self.list, changes).into_iter().find(|(listed, _)| *listed == user).map(|(_, role)| role)
    }

    /// Where a user stands, by docs/user-states.md.
    pub(crate) fn standing(&self, cast: &Cast, user: usize) -> Standing {
        let has_client = !cast.leaves_of(self, user).is_empty();
        match (self.role(user), self.role_to_be(cast, user)) {
            (None, None) => Standing::Stranger,
            (None, Some(role)) if role > 1 => Standing::Arriving,
            (None, Some(_)) => Standing::Barred,
            (Some(role), _) if role <= 1 => Standing::Banned,
            (Some(_), Some(role)) if role > 1 && has_client => Standing::Active,
            (Some(_), Some(role)) if role > 1 => Standing::Inactive,
            (Some(_), _) if has_client => Standing::Leaving,
            (Some(_), _) => Standing::LeavingInactive,
        }
    }
}
