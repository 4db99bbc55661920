//! Which leaf of a room's group is whose, as far as a follower can see it, and which removals wait: what it takes to give no message to
//! a local client that is removed or leaves (sections 5.3 and 5.5).
//!
//! The tree comes with a Welcome; from then on commits in the clear say what becomes of it, by the rules that the hub goes by
//! ([`crate::hub`]). Where there was no tree, leaves are known only as far as commits have shown them. What cannot be followed is
//! forgotten, and then every local member gets everything, because a message that is withheld by mistake is lost.

use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::{ClientUri, RoleIndex};
use mimi_protocol::{
    AcceptedTimestamp, CipherSuite, Epoch, ProposalRef, Wire,
    mls::{
        AppDataOperation, CommitView, ComponentId, MlsMessage, ProposalOrRef, ProposalView, PublicMessageView,
        RatchetTree, Sender,
    },
    participant_list::ParticipantListUpdate,
    ratchet_tree::RatchetTreeOption,
};

use crate::hub::{Member, roster::Roster};

/// The most proposals that are kept for a commit; with more of them the leaves are forgotten. A hub that sends more is not in order.
const MAX_WAITING: usize = 1024;

/// What a follower knows of the leaves of a room's group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leaves {
    head: LeavesHead,
    roster: Roster,
    waiting: Vec<MlsMessage>,
    /// What was stored before has to go as a whole.
    forgotten: bool,
}

/// How much a follower knows of the leaves of a room's group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeavesHead {
    /// Whether all leaves are known; otherwise only those that a commit has shown.
    pub complete: bool,
    /// The epoch that the leaves are of; `None` when no event has told it yet.
    pub epoch: Option<Epoch>,
    /// When the commit was accepted whose tree was taken: what was accepted until then is in it.
    pub tree: Option<AcceptedTimestamp>,
}

/// What is stored of [`Leaves`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredLeaves {
    /// How much is known.
    pub head: LeavesHead,
    /// Leaves with their clients, in order.
    pub leaves: Vec<(u32, ClientUri)>,
    /// Encoded `MLSMessage`s with the proposals that wait for a commit, in order.
    pub waiting: Vec<Vec<u8>>,
}

/// What has to be stored anew of [`Leaves`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeavesChange {
    /// How much is known.
    pub head: LeavesHead,
    /// Whether all leaves that are stored go first.
    pub cleared: bool,
    /// Leaves that have changed: whose they are now, if anybody's.
    pub leaves: Vec<(u32, Option<ClientUri>)>,
    /// The proposals that wait, in place of those before, if they have changed.
    pub waiting: Option<Vec<Vec<u8>>>,
}

/// A commit that cannot be followed.
struct Lost;

impl Leaves {
    /// What was stored; nothing is known if that does not read back.
    pub fn read(stored: StoredLeaves) -> Self {
        let StoredLeaves { head, leaves, waiting } = stored;
        let mut roster = Roster::default();
        for (leaf, client) in leaves {
            let Some(user) = client.user() else { return Self::nothing() };
            roster.insert(leaf, Member { client, user });
        }
        let waiting: Result<Vec<_>, _> = waiting.iter().map(|message| MlsMessage::from_bytes(message)).collect();
        let Ok(waiting) = waiting else { return Self::nothing() };
        Self { head, roster, waiting, forgotten: false }
    }

    fn nothing() -> Self {
        Self { forgotten: true, ..Self::default() }
    }

    /// How much is known.
    pub const fn head(&self) -> LeavesHead {
        self.head
    }

    /// Every leaf that is known, with its client.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &ClientUri)> {
        self.roster.leaves().map(|(leaf, member)| (leaf, &member.client))
    }

    /// What has to be stored for the change from `before`, of which at least those leaves were read that the events in between touch.
    pub(super) fn since(&self, before: &Self) -> Option<LeavesChange> {
        let mut leaves = Vec::new();
        if !self.forgotten {
            let blank = before.roster.leaves().filter(|(leaf, _)| self.roster.get(*leaf).is_none());
            leaves.extend(blank.map(|(leaf, _)| (leaf, None)));
        }
        let is_new = |leaf: u32, member: &Member| self.forgotten || before.roster.get(leaf) != Some(member);
        let new = self.roster.leaves().filter(|(leaf, member)| is_new(*leaf, member));
        leaves.extend(new.map(|(leaf, member)| (leaf, Some(member.client.clone()))));
        let waiting = (self.forgotten || self.waiting != before.waiting)
            .then(|| self.waiting.iter().map(|message| message.as_bytes().to_vec()).collect::<Vec<_>>());
        let is_same = !self.forgotten && leaves.is_empty() && waiting.is_none() && self.head == before.head;
        (!is_same).then_some(LeavesChange { head: self.head, cleared: self.forgotten, leaves, waiting })
    }

    /// From now on nothing is known.
    pub(super) fn forget(&mut self) {
        if *self != Self::default() {
            *self = Self::nothing();
        }
    }

    /// An event of this epoch comes. After a later one than expected, commits are missing.
    pub(super) fn arrive(&mut self, epoch: Epoch) {
        if self.head.epoch.is_some_and(|known| known < epoch) {
            self.forget();
        }
        self.head.epoch = self.head.epoch.or(Some(epoch));
    }

    /// Whether a local member gets the proposals and commits of the room: not if it has no leaf.
    pub(super) fn gets_handshakes(&self, client: &ClientUri) -> bool {
        !self.head.complete || self.roster.leaf_of(client).is_some()
    }

    /// Whose application messages are withheld, beside those of clients without a leaf: the clients of users that an accepted proposal
    /// takes off the participant list.
    ///
    /// The list itself is not known here. But a list change of an active user stands beside removals of all of the user's clients
    /// (section 5.3), and what waits is committed together. So the users are those of whom all leaves are to be removed, while
    /// somebody is taken off the list.
    // req: MP06-5.3-06
    pub(super) fn silent(&self) -> BTreeSet<ClientUri> {
        if !self.waiting.iter().any(takes_somebody_off) {
            return BTreeSet::new();
        }
        let named: BTreeSet<u32> =
            self.waiting.iter().filter_map(|waits| removed_leaf(waits.as_proposal()?, waits.as_public()?)).collect();
        let members = named.iter().filter_map(|leaf| self.roster.get(*leaf));
        members
            .filter(|member| self.roster.leaves_of(&member.user).all(|leaf| named.contains(&leaf)))
            .map(|member| member.client.clone())
            .collect()
    }

    /// Proposals of an epoch wait for its commit.
    pub(super) fn propose<'a>(&mut self, messages: impl IntoIterator<Item = &'a MlsMessage>) {
        for message in messages {
            if message.group_and_epoch().map(|(_, epoch)| epoch) != self.head.epoch {
                continue;
            }
            if self.waiting.len() == MAX_WAITING {
                let epoch = self.head.epoch;
                self.forget();
                self.head.epoch = epoch;
                return;
            }
            self.waiting.push(message.clone());
        }
        if self.head.complete && self.everybody_goes() {
            self.forget();
        }
    }

    /// Where everybody goes nobody commits it: the group has ended, and what comes after it may be another group of the room, with other
    /// leaves.
    fn everybody_goes(&self) -> bool {
        let removed = |waits: &MlsMessage| removed_leaf(waits.as_proposal()?, waits.as_public()?);
        let named: BTreeSet<u32> = self.waiting.iter().filter_map(removed).collect();
        let mut leaves = self.roster.indices().peekable();
        leaves.peek().is_some() && leaves.all(|leaf| named.contains(&leaf))
    }

    /// A commit that the hub accepted, with the proposals that the hub has stapled to it. Gives the clients that it removes and does not
    /// add again.
    pub(super) fn commit(
        &mut self,
        accepted: AcceptedTimestamp,
        public: &PublicMessageView,
        commit: &CommitView,
        stapled: &[MlsMessage],
    ) -> Vec<ClientUri> {
        let next = Epoch(public.epoch.0.saturating_add(1));
        // The tree of a Welcome that came first has it already.
        if self.head.tree.is_some_and(|tree| accepted <= tree) {
            self.head.epoch = self.head.epoch.max(Some(next));
            return Vec::new();
        }
        let removed = match self.apply(public, commit) {
            Ok(removed) => removed,
            Err(Lost) => {
                self.forget();
                Vec::new()
            }
        };
        self.waiting.clear();
        self.head.epoch = Some(next);
        // Whoever commits with a path shows a leaf.
        if let (Sender::Member(leaf), Some(path)) = (public.sender, &commit.path)
            && let Some(member) = Member::from_credential(&path.leaf_node.credential)
            && self.roster.get(leaf) != Some(&member)
        {
            self.roster.insert(leaf, member);
        }
        self.propose(stapled);
        removed
    }

    fn apply(&mut self, public: &PublicMessageView, commit: &CommitView) -> Result<Vec<ClientUri>, Lost> {
        if self.head.epoch.is_some_and(|known| known != public.epoch) {
            return Err(Lost);
        }
        let waiting = self.by_reference(commit);
        let (mut removed, mut added) = (BTreeSet::new(), Vec::new());
        for item in &commit.proposals {
            let (proposal, sender) = match item {
                ProposalOrRef::Proposal(proposal) => (proposal, public),
                ProposalOrRef::Reference(reference) => *waiting.get(reference).ok_or(Lost)?,
            };
            if let ProposalView::Add(key_package) = proposal {
                added.push(Member::from_credential(key_package.credential()).ok_or(Lost)?);
            }
            removed.extend(removed_leaf(proposal, sender));
        }
        if public.sender == Sender::NewMemberCommit {
            let path = commit.path.as_ref().ok_or(Lost)?;
            added.push(Member::from_credential(&path.leaf_node.credential).ok_or(Lost)?);
        }
        let come: BTreeSet<ClientUri> = added.iter().map(|member| member.client.clone()).collect();
        let gone = removed.iter().filter_map(|leaf| self.roster.get(*leaf)).map(|member| member.client.clone());
        let gone: Vec<_> = gone.filter(|client| !come.contains(client)).collect();
        if self.head.complete {
            // Nobody commits or is removed who is not there, and nobody is there twice: otherwise the hub has another tree.
            let is_blank = |leaf: &u32| self.roster.get(*leaf).is_none();
            let stays =
                |member: &Member| self.roster.leaf_of(&member.client).is_some_and(|leaf| !removed.contains(&leaf));
            let committer = match public.sender {
                Sender::Member(leaf) => Some(leaf),
                _ => None,
            };
            if removed.iter().chain(&committer).any(is_blank) || come.len() != added.len() || added.iter().any(stays) {
                return Err(Lost);
            }
        } else {
            // Which leaf is the leftmost free one is not known.
            added.clear();
        }
        self.roster.commit(&removed, added);
        Ok(gone)
    }

    /// The proposals that wait, by their references, with who made them. The group's cipher suite may be unknown here; the length of the
    /// references in the commit tells its hash function, which is all that matters of it.
    fn by_reference(&self, commit: &CommitView) -> BTreeMap<ProposalRef, (&ProposalView, &PublicMessageView)> {
        let suite = commit.proposals.iter().find_map(|item| match item {
            ProposalOrRef::Reference(reference) => suite_of(reference),
            ProposalOrRef::Proposal(_) => None,
        });
        let Some(suite) = suite else { return BTreeMap::new() };
        let named = |waits: &'_ MlsMessage| waits.proposal_reference(suite).ok();
        let whole = |waits| Some((named(waits)?, (waits.as_proposal()?, waits.as_public()?)));
        self.waiting.iter().filter_map(whole).collect()
    }

    /// Clients were welcomed, with a tree. `with_commit` says whether their commit has come before.
    pub(super) fn welcome(
        &mut self,
        accepted: AcceptedTimestamp,
        tree: &RatchetTreeOption,
        welcomed: &BTreeSet<ClientUri>,
        with_commit: bool,
    ) {
        if let RatchetTreeOption::Full(tree) = tree {
            let epoch = self.head.epoch.filter(|_| with_commit);
            match roster_of(tree) {
                Some(roster) => {
                    self.roster = roster;
                    self.head = LeavesHead { complete: true, epoch, tree: Some(accepted) };
                    if !with_commit {
                        self.waiting.clear();
                    }
                }
                None => self.forget(),
            }
        }
        if self.head.complete && welcomed.iter().any(|client| self.roster.leaf_of(client).is_none()) {
            self.forget();
        }
    }
}

/// The members of a tree in which every leaf names a client, and none twice.
fn roster_of(tree: &RatchetTree) -> Option<Roster> {
    let mut roster = Roster::default();
    for (index, leaf) in tree.leaf_nodes().ok()? {
        let member = Member::from_credential(&leaf.credential)?;
        if roster.leaf_of(&member.client).is_some() {
            return None;
        }
        roster.insert(index, member);
    }
    Some(roster)
}

/// A cipher suite that has references of this length.
fn suite_of(reference: &ProposalRef) -> Option<CipherSuite> {
    match reference.as_bytes().len() {
        32 => Some(CipherSuite::X25519_AES128GCM_SHA256_ED25519),
        48 => Some(CipherSuite::P384_AES256GCM_SHA384_P384),
        64 => Some(CipherSuite::P521_AES256GCM_SHA512_P521),
        _ => None,
    }
}

fn removed_leaf(proposal: &ProposalView, by: &PublicMessageView) -> Option<u32> {
    match (proposal, by.sender) {
        (ProposalView::Remove(leaf), _) => Some(*leaf),
        (ProposalView::SelfRemove, Sender::Member(leaf)) => Some(leaf),
        _ => None,
    }
}

/// Whether a proposal removes or bans somebody on the participant list (section 7.5).
fn takes_somebody_off(message: &MlsMessage) -> bool {
    let Some(ProposalView::AppDataUpdate(update)) = message.as_proposal() else { return false };
    let AppDataOperation::Update(data) = &update.operation else { return false };
    if update.component_id != ComponentId::PARTICIPANT_LIST {
        return false;
    }
    ParticipantListUpdate::from_bytes(data).is_ok_and(|update| {
        let banned = update.changed_role_participants.iter().any(|change| change.role_index <= RoleIndex::BANNED);
        banned || !update.removed_indices.is_empty()
    })
}
