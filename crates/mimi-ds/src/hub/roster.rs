//! Who is a member at which leaf, with the indexes that the decisions need, kept up to date change by change: reading the whole
//! tree for every message would make a message in a large room cost what a commit costs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use mimi_arch::{ClientUri, Domain, UserUri};
use mimi_protocol::mls::Credential;

/// A member of a group: one client of a user (draft-ietf-mimi-arch-02 section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The client.
    pub client: ClientUri,
    /// Its user.
    pub user: UserUri,
}

impl Member {
    /// The client that a credential names: basic, with a client URI that names its user.
    pub fn from_credential(credential: &Credential) -> Option<Self> {
        let client = ClientUri::from_bytes(credential.as_basic()?).ok()?;
        let user = client.user()?;
        Some(Self { client, user })
    }

    /// The provider of the client.
    pub fn domain(&self) -> &Domain {
        self.client.domain()
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
// req: AR02-2-09, MP06-4.2-07
pub(crate) struct Roster {
    leaves: BTreeMap<u32, Member>,
    clients: BTreeMap<ClientUri, u32>,
    users: BTreeMap<UserUri, BTreeSet<u32>>,
    providers: BTreeMap<Domain, BTreeSet<u32>>,
    shared: Shared,
}

/// The clients of one provider as a list that many effects share, since the last change. It follows from the rest, so two rosters do not
/// differ by it.
#[derive(Clone, Debug, Default)]
struct Shared(OnceLock<(Domain, Arc<[ClientUri]>)>);

impl PartialEq for Shared {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Shared {}

impl Roster {
    pub(crate) fn insert(&mut self, leaf: u32, member: Member) {
        self.remove(leaf);
        self.shared = Shared::default();
        self.clients.insert(member.client.clone(), leaf);
        self.users.entry(member.user.clone()).or_default().insert(leaf);
        self.providers.entry(member.domain().clone()).or_default().insert(leaf);
        self.leaves.insert(leaf, member);
    }

    pub(crate) fn remove(&mut self, leaf: u32) {
        let Some(member) = self.leaves.remove(&leaf) else { return };
        self.shared = Shared::default();
        self.clients.remove(&member.client);
        forget(&mut self.users, &member.user, leaf);
        forget(&mut self.providers, member.domain(), leaf);
    }

    /// Puts a member where MLS puts it: at the leftmost free leaf (RFC 9420 section 7.7).
    pub(crate) fn add(&mut self, member: Member) -> u32 {
        let leaf = self.first_free(&BTreeSet::new());
        self.insert(leaf, member);
        leaf
    }

    /// The leftmost free leaf once those of `removed` are free.
    pub(crate) fn first_free(&self, removed: &BTreeSet<u32>) -> u32 {
        let mut free = 0u32;
        for leaf in self.leaves.keys().filter(|leaf| !removed.contains(leaf)) {
            if *leaf != free {
                break;
            }
            free = free.saturating_add(1);
        }
        free
    }

    /// What a commit does: in MLS removals come first, then additions, each at the leftmost free leaf; the sender of an external commit
    /// last (RFC 9420 section 12.4.2).
    pub(crate) fn commit(&mut self, removed: &BTreeSet<u32>, added: impl IntoIterator<Item = Member>) {
        removed.iter().for_each(|leaf| self.remove(*leaf));
        for member in added {
            self.add(member);
        }
    }

    /// Every leaf that is taken, in order.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = (u32, &Member)> {
        self.leaves.iter().map(|(leaf, member)| (*leaf, member))
    }

    pub(crate) fn get(&self, leaf: u32) -> Option<&Member> {
        self.leaves.get(&leaf)
    }

    pub(crate) fn leaf_of(&self, client: &ClientUri) -> Option<u32> {
        self.clients.get(client).copied()
    }

    pub(crate) fn leaves_of(&self, user: &UserUri) -> impl Iterator<Item = u32> + '_ {
        self.users.get(user).into_iter().flatten().copied()
    }

    /// The leaves that are taken.
    pub(crate) fn indices(&self) -> impl Iterator<Item = u32> + '_ {
        self.leaves.keys().copied()
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &Member> {
        self.leaves.values()
    }

    /// Providers that have a member, with the leaves of their members.
    pub(crate) fn providers(&self) -> impl Iterator<Item = (&Domain, &BTreeSet<u32>)> {
        self.providers.iter()
    }

    /// The clients of a provider, in the order of their leaves. Of the provider that is asked for first, which is the hub, the list is made
    /// once after each change of the members.
    pub(super) fn clients_at(&self, provider: &Domain) -> Arc<[ClientUri]> {
        let list = || self.leaves_at(provider).map(|(_, member)| member.client.clone()).collect();
        let (kept, clients) = self.shared.0.get_or_init(|| (provider.clone(), list()));
        if kept == provider { Arc::clone(clients) } else { list() }
    }

    /// The leaves of a provider's members.
    pub(crate) fn leaves_at(&self, provider: &Domain) -> impl Iterator<Item = (u32, &Member)> {
        self.providers.get(provider).into_iter().flatten().filter_map(|leaf| Some((*leaf, self.leaves.get(leaf)?)))
    }
}

fn forget<K: Ord>(index: &mut BTreeMap<K, BTreeSet<u32>>, key: &K, leaf: u32) {
    if let Some(leaves) = index.get_mut(key) {
        leaves.remove(&leaf);
        if leaves.is_empty() {
            index.remove(key);
        }
    }
}
