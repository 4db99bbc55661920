//! A room at its hub beside what its clients think of it: the second is worked out by this file alone, from what was accepted.

use std::collections::{BTreeMap, BTreeSet};

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
        LeafNodeSource, MlsMessage, ProposalOrRef, ProposalView, PublicContent, RequiredCapabilities, Sender,
    },
    participant_list::{ParticipantListData, UserRolePair},
    ratchet_tree::RatchetTreeOption,
    update::{HandshakeBundle, UpdateRequest},
};
use mimi_room_policy::policy::RoomPolicy;

use crate::{
    fake_group::{Content, FakeGroup},
    messages::{self, GROUP, Listed, SUITE, external_pub, key},
};

/// The clock stands: only the hub makes timestamps increase.
const NOW: AcceptedTimestamp = AcceptedTimestamp(1_700_000_000_000);

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
    hub: HubIdentity,
    hub_key: HubKey,
    signer: Ed25519Signer,
    room: RoomUri,
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

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) room: HubRoom<FakeGroup>,
    pub(crate) stored: StoredRoom,
    pub(crate) content: Content,
    pub(crate) list: Vec<(usize, u32)>,
    pub(crate) waiting: Vec<Waits>,
}

/// What two worlds have in common that can be told apart in nothing but epoch, time and number of log entries.
pub(crate) type Key = (Vec<(u32, Vec<u8>)>, Vec<(usize, u32)>, Vec<(u32, Intent)>);

/// What a client sends to the hub.
pub(crate) enum Request {
    Update(Box<UpdateRequest>, After),
    Submit { epoch: u64, user: usize },
}

/// The room after a refusal, and the refusal.
pub(crate) type Refused = Box<(HubRoom<FakeGroup>, String)>;

/// What clients have to see once it is accepted.
pub(crate) enum After {
    Waiting(Vec<Waits>),
    Committed(Box<(Content, Vec<(usize, u32)>)>),
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
        let signer = Ed25519Signer::from_seed([9; 32]);
        let hub = HubIdentity {
            domain: "a.example".parse().unwrap(),
            external_sender: ExternalSender {
                signature_key: signer.public_key().to_vec(),
                credential: Credential::basic(*b"mimi://a.example"),
            },
        };
        let room = "mimi://a.example/r/clubhouse".parse().unwrap();
        Self { clients, user_of, users, packages, routes, hub, hub_key: HubKey::new([7; 32]), signer, room }
    }

    pub(crate) fn leaf_of(&self, world: &World, client: usize) -> Option<u32> {
        let name = key(&self.clients[client]);
        world.content.leaves.iter().find(|(_, leaf)| leaf.signature_key == name).map(|(index, _)| *index)
    }

    pub(crate) fn leaves_of(&self, world: &World, user: usize) -> Vec<u32> {
        let own = (0..self.clients.len()).filter(|client| self.user_of[*client] == user);
        own.filter_map(|client| self.leaf_of(world, client)).collect()
    }

    fn list_bytes(&self, list: &[(usize, u32)]) -> Option<Vec<u8>> {
        let pairs = list.iter().map(|(user, role)| UserRolePair::new(self.users[*user].clone(), RoleIndex(*role)));
        Some(ParticipantListData::new(pairs.collect()).ok()?.to_bytes().unwrap())
    }

    /// Alice alone in a room with this policy.
    pub(crate) fn create(&self, policy: &RoomPolicy) -> World {
        let list = vec![(0, 3)];
        let required = RequiredCapabilities {
            extension_types: vec![ExtensionType::APP_DATA_DICTIONARY.0],
            proposal_types: vec![8, 10],
            ..Default::default()
        };
        let senders = ExternalSenders(vec![self.hub.external_sender.clone()]);
        let mut dictionary: BTreeMap<u16, Vec<u8>> =
            policy.components().unwrap().into_iter().map(|(id, data)| (id.0, data)).collect();
        dictionary.insert(ComponentId::PARTICIPANT_LIST.0, self.list_bytes(&list).unwrap());
        let alice = &self.clients[0];
        let leaf = messages::leaf(alice, LeafNodeSource::KeyPackage { not_before: 0, not_after: u64::MAX });
        let content = Content {
            group_id: GROUP.as_bytes().to_vec(),
            epoch: 0,
            extensions: vec![
                Extension {
                    extension_type: ExtensionType::REQUIRED_CAPABILITIES,
                    extension_data: required.to_bytes().unwrap(),
                },
                Extension {
                    extension_type: ExtensionType::EXTERNAL_SENDERS,
                    extension_data: senders.to_bytes().unwrap(),
                },
            ],
            dictionary,
            leaves: BTreeMap::from([(0, leaf)]),
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
        let mut world = World { room, stored, content, list, waiting: Vec::new() };
        world.store(&accepted);
        world
    }

    pub(crate) fn source(&self, client: usize) -> &Domain {
        self.clients[client].domain()
    }

    /// The proposals of a client.
    pub(crate) fn proposals(&self, world: &World, client: usize, intents: &[Intent]) -> Option<Request> {
        let leaf = self.leaf_of(world, client)?;
        let by = &self.clients[client];
        let mut messages = Vec::new();
        let mut waits = Vec::new();
        for intent in intents {
            let message = messages::proposal(world.content.epoch, leaf, by, intent.view());
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
        Some(Request::Update(Box::new(UpdateRequest(bundle)), After::Waiting(waits)))
    }

    /// A commit of a client, which is a member, or comes in by it.
    pub(crate) fn commit(
        &self,
        world: &World,
        client: usize,
        external: bool,
        intents: &[Intent],
        adds: &[usize],
        with_waiting: bool,
    ) -> Option<Request> {
        let by = &self.clients[client];
        let own = self.leaf_of(world, client);
        let waiting: &[Waits] = if with_waiting { &world.waiting } else { &[] };
        let mut content = world.content.clone();
        content.epoch += 1;
        let mut listed = Vec::new();
        let mut gone: BTreeSet<u32> = BTreeSet::new();
        let all = waiting.iter().map(|w| (w.sender, &w.intent)).chain(intents.iter().map(|i| (u32::MAX, i)));
        for (sender, intent) in all {
            match intent {
                Intent::List(change) => listed.push(change.clone()),
                Intent::Remove(leaf) => drop(gone.insert(*leaf)),
                Intent::SelfRemove => drop(gone.insert(sender)),
            }
        }
        content.leaves.retain(|leaf, _| !gone.contains(leaf));
        for add in adds {
            content.seat(self.packages[*add].view().leaf_node.clone());
        }
        let sender = if external {
            content.seat(messages::leaf_of_commit(by));
            Sender::NewMemberCommit
        } else {
            content.leaves.insert(own?, messages::leaf_of_commit(by));
            Sender::Member(own?)
        };
        let mut list = self.after(&world.list, &listed);
        match self.list_bytes(&list) {
            Some(bytes) => drop(content.dictionary.insert(ComponentId::PARTICIPANT_LIST.0, bytes)),
            None => list.clone_from(&world.list),
        }
        let init = external.then_some(ProposalView::ExternalInit { kem_output: vec![1; 4] });
        let added = adds.iter().map(|add| ProposalView::Add(Box::new(self.packages[*add].clone())));
        let by_value = init.into_iter().chain(intents.iter().map(Intent::view)).chain(added);
        let proposals = by_value
            .map(ProposalOrRef::Proposal)
            .chain(waiting.iter().map(|w| ProposalOrRef::Reference(w.reference.clone())))
            .collect();
        let view = CommitView { proposals, path: Some(Box::new(messages::path(by))) };
        let commit: MlsMessage =
            messages::public(world.content.epoch, sender, by, PublicContent::Commit(view), content.tag());
        let packages: Vec<_> = adds.iter().map(|add| self.packages[*add].clone()).collect();
        let bundle = HandshakeBundle::Commit {
            commit,
            welcome: (!packages.is_empty()).then(|| messages::welcome(&packages)),
            group_info: messages::partial(by),
            ratchet_tree: RatchetTreeOption::DistributionService,
        };
        Some(Request::Update(Box::new(UpdateRequest(bundle)), After::Committed(Box::new((content, list)))))
    }

    /// What section 7.5 makes of a list: all indices are those of the list before.
    fn after(&self, list: &[(usize, u32)], changes: &[Listed]) -> Vec<(usize, u32)> {
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
                Listed::Add(user, role) => {
                    added.push((self.users.iter().position(|known| known == user).unwrap(), *role));
                }
            }
        }
        kept.into_iter().flatten().chain(added).collect()
    }

    /// The hub decides; the world is that after it, if it accepts.
    pub(crate) fn try_request(
        &self,
        world: &World,
        client: usize,
        request: Request,
    ) -> Result<(World, Accepted), Refused> {
        let mut room = world.room.clone();
        let source = self.source(client);
        let (result, after) = match request {
            Request::Update(update, after) => {
                (room.update(NOW, source, &update, &self.routes).map_err(|e| e.to_string()), Some(after))
            }
            Request::Submit { epoch, user } => {
                let franking = HubFranking { hub_key: &self.hub_key, signer: &self.signer };
                let request = messages::application(epoch, &self.users[user]);
                (room.submit(NOW, source, &request, &franking).map_err(|e| e.to_string()), None)
            }
        };
        let accepted = match result {
            Ok(accepted) => accepted,
            Err(refusal) => return Err(Box::new((room, refusal))),
        };
        let mut next = World { room, ..world.clone() };
        next.store(&accepted);
        match after {
            None => {}
            Some(After::Waiting(more)) => next.waiting.extend(more),
            Some(After::Committed(after)) => {
                (next.content, next.list) = *after;
                next.waiting.clear();
            }
        }
        Ok((next, accepted))
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
    fn store(&mut self, accepted: &Accepted) {
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

    pub(crate) fn key(&self) -> Key {
        (
            self.content.leaves.iter().map(|(index, leaf)| (*index, leaf.signature_key.clone())).collect(),
            self.list.clone(),
            self.waiting.iter().map(|w| (w.sender, w.intent.clone())).collect(),
        )
    }

    pub(crate) fn index_of(&self, user: usize) -> Option<u32> {
        self.list.iter().position(|(listed, _)| *listed == user).map(|index| index as u32)
    }

    pub(crate) fn role(&self, user: usize) -> Option<u32> {
        self.list.iter().find(|(listed, _)| *listed == user).map(|(_, role)| *role)
    }

    /// The role once what waits is committed; `None` who is not on the list then.
    pub(crate) fn role_to_be(&self, cast: &Cast, user: usize) -> Option<u32> {
        let changes: Vec<_> = self
            .waiting
            .iter()
            .filter_map(|waits| match &waits.intent {
                Intent::List(change) => Some(change.clone()),
                _ => None,
            })
            .collect();
        cast.after(&self.list, &changes).into_iter().find(|(listed, _)| *listed == user).map(|(_, role)| role)
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

    pub(crate) fn restored(&self) -> HubRoom<FakeGroup> {
        HubRoom::restore(&self.stored).unwrap()
    }
}
