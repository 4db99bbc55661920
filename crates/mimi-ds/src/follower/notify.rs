//! What a follower does with what a hub sends it (section 5.5): drop what it had before, give the rest to its clients in the hub's
//! order; and refuse what breaks that order.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use mimi_arch::{ClientUri, Domain, RoomUri};
use mimi_protocol::{
    AcceptedTimestamp, EncodeError, KeyPackageRef, Wire,
    enqueue_authorization::FanoutAuthToken,
    mls::{KeyPackage, LeafNode, MlsMessageView, Sender},
    notify::{FanoutEvent, FanoutMessage},
    ratchet_tree::RatchetTreeOption,
};
use sha2::{Digest, Sha256};

use super::{
    authorization::Authorization,
    leaves::Leaves,
    order::{FanoutMark, Irregularity, Order, Presence},
};
use crate::{
    effect::Effect,
    hub::Member,
    store::{Store, StoreError},
};

/// Why a follower does not take what it was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotifyRefusal {
    /// Only a room's hub speaks for it.
    #[error("{source_provider} is not the hub of {room}")]
    NotTheHub {
        /// Who sent it.
        source_provider: Domain,
        /// The room.
        room: RoomUri,
    },
    /// A provider does not notify itself.
    #[error("{0} is the hub itself")]
    Own(Domain),
    /// No local client is or was in the room, and none is welcomed to it.
    #[error("nobody here is in {0}")]
    UnknownRoom(RoomUri),
    /// A message is of another room's group.
    #[error("a message is not of this room's group")]
    WrongGroup,
    /// A message that is no duplicate was accepted before one that came already. Taking it would give the clients another order than the
    /// hub's.
    #[error("an event accepted at {} comes after one accepted at {}", .accepted.0, .last.0)]
    OutOfOrder {
        /// The acceptance time of the message.
        accepted: AcceptedTimestamp,
        /// The acceptance time of the one before.
        last: AcceptedTimestamp,
    },
    /// The hub shows no token of anyone for whom the messages would be.
    #[error("the hub shows no token of those for whom the messages are")]
    NotAuthorized,
    /// A message does not encode again; cannot happen to one that was decoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// The digest by which a message that comes again is known: SHA-256 of its encoding. It is of the single message and not of the
/// request, because a retry may come in another batch.
///
/// # Errors
/// The message has no encoding.
pub fn fanout_digest(message: &FanoutMessage) -> Result<[u8; 32], EncodeError> {
    Ok(Sha256::digest(message.to_bytes()?).into())
}

/// What the store knows that the decision needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FanoutFacts {
    /// Digests, among those of the messages, that were processed before.
    pub seen: BTreeSet<[u8; 32]>,
    /// Local members of the room.
    pub members: BTreeSet<ClientUri>,
    /// Owners of the key packages that Welcomes among the messages name.
    pub owners: BTreeMap<KeyPackageRef, ClientUri>,
    /// Registered clients among those that join by an external commit in the messages.
    pub joiners: BTreeSet<ClientUri>,
    /// Whether something of the room was accepted before. A room that local clients have left is still known.
    pub known_room: bool,
    /// How far the room was followed before.
    pub mark: Option<FanoutMark>,
    /// Which leaf of the group is whose: all leaves that are known where a commit or a Welcome is among the messages, and otherwise at
    /// least those of local clients.
    pub leaves: Leaves,
    /// Tokens that allow the hub to bring messages.
    pub authorization: Authorization,
}

/// What a follower does with messages that it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FanoutDecision {
    /// What has to be stored; nothing when all of the messages came before.
    pub effects: Vec<Effect>,
    /// What an operator should know.
    pub irregular: Vec<Irregularity>,
    /// Clients that get nothing because the hub did not show their token.
    pub unauthorized: BTreeSet<ClientUri>,
}

impl FanoutFacts {
    /// Reads them from the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn read(
        store: &dyn Store,
        hub: &Domain,
        room: &RoomUri,
        messages: &[FanoutMessage],
    ) -> Result<Self, StoreError> {
        // The mark first: a decision that another one overtakes after this is found out by it.
        let mark = store.fanout_mark(hub, room)?;
        let members: BTreeSet<ClientUri> = store.local_members(room)?.into_iter().collect();
        let known_room = !members.is_empty() || store.knows_room(hub, room)?;
        let changes_leaves =
            |message: &FanoutMessage| matches!(message.event, FanoutEvent::Commit { .. } | FanoutEvent::Welcome { .. });
        let own = members.first().map(ClientUri::domain).filter(|_| !messages.iter().any(changes_leaves));
        let leaves = Leaves::read(store.followed_leaves(room, own)?);
        let mut facts = Self { members, known_room, mark, leaves, ..Self::default() };
        for message in messages {
            if let Ok(digest) = fanout_digest(message)
                && store.seen_fanout(hub, room, &digest)?
            {
                facts.seen.insert(digest);
            }
            if let Some(joiner) = external_joiner(message)
                && let Some(user) = joiner.user()
                && store.clients(&user)?.contains(&joiner)
            {
                facts.joiners.insert(joiner);
            }
            for reference in new_members(message) {
                if let Some(owner) = store.key_package_owner(reference)? {
                    let key_package =
                        store.key_package(reference)?.and_then(|octets| KeyPackage::from_bytes(&octets).ok());
                    if let Some(token) = key_package.as_ref().and_then(FanoutAuthToken::of_key_package) {
                        facts.authorization.offered.insert(reference.clone(), token);
                    }
                    facts.owners.insert(reference.clone(), owner);
                }
            }
        }
        Ok(facts)
    }

    /// Lets only those clients get messages whose tokens the hub has shown.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn demand_tokens(
        &mut self,
        store: &dyn Store,
        room: &RoomUri,
        shown: Vec<FanoutAuthToken>,
    ) -> Result<(), StoreError> {
        self.authorization.expected = store.expected_tokens(room)?;
        self.authorization.shown = Some(shown);
        Ok(())
    }
}

/// What follows from messages that `source` sent for a room, in their order. Messages that were processed before have no effect: the
/// list may be empty, and the answer is 201 all the same. Acceptance times have to grow, but for a Welcome, which has its commit's.
///
/// The effects conflict when the same messages are processed at the same time; then the facts are read anew.
///
/// # Errors
/// The refusal; nothing of the request is taken.
// req: MP06-3.2-15
// req: MP06-3.3-07
// req: MP06-5.5-27
// req: MP06-5.5-28
// req: MP06-5.5-29
// req: MP06-5.5-30
// req: MP06-5.3-06
// req: MP06-5.5-19
pub fn accept_fanout(
    source: &Domain,
    own: &Domain,
    room: &RoomUri,
    messages: &[FanoutMessage],
    facts: &FanoutFacts,
) -> Result<FanoutDecision, NotifyRefusal> {
    if room.domain() != source {
        return Err(NotifyRefusal::NotTheHub { source_provider: source.clone(), room: room.clone() });
    }
    if source == own {
        return Err(NotifyRefusal::Own(own.clone()));
    }
    let mut seen = facts.seen.clone();
    let mut order = Order::new(facts.mark);
    let mut taking = Taking::new(room, facts);
    for message in messages {
        let named = message.event.message().group_and_epoch();
        if named.is_some_and(|(group_id, _)| room.group_number(group_id).is_none()) {
            return Err(NotifyRefusal::WrongGroup);
        }
        let bytes: Arc<[u8]> = message.to_bytes()?.into();
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
        if !seen.insert(digest) {
            continue;
        }
        let presence = if taking.members.is_empty() { Presence::New } else { Presence::Followed };
        let with_commit = order.mark().is_some_and(|last| last.accepted == message.timestamp);
        order
            .next(message, presence)
            .map_err(|last| NotifyRefusal::OutOfOrder { accepted: message.timestamp, last })?;
        taking.effects.push(Effect::RememberFanout { hub: source.clone(), room: room.clone(), digest });
        if presence == Presence::New {
            // Events that were not sent here lie between.
            taking.leaves.forget();
        }
        if let Some((_, epoch)) = named {
            taking.leaves.arrive(epoch);
        }
        taking.take(message, &bytes, with_commit);
    }
    let Taking { members, mut leaves, authorization, mut effects, .. } = taking;
    let delivers = effects.iter().any(|effect| matches!(effect, Effect::Deliver { .. }));
    if !delivers && !authorization.refused.is_empty() {
        return Err(NotifyRefusal::NotAuthorized);
    }
    // A message for nobody, of a room nobody here has ever been in: whoever sends it is told, and nothing is remembered.
    if !facts.known_room && !delivers {
        return Err(NotifyRefusal::UnknownRoom(room.clone()));
    }
    if members.is_empty() {
        leaves.forget();
    }
    if let Some(change) = leaves.since(&facts.leaves).filter(|_| !effects.is_empty()) {
        effects.push(Effect::FollowLeaves { room: room.clone(), change });
    }
    if let Some(now) = order.mark().filter(|_| !effects.is_empty()) {
        effects.push(Effect::MarkFanout { hub: source.clone(), room: room.clone(), before: facts.mark, now });
    }
    Ok(FanoutDecision { effects, irregular: order.irregular, unauthorized: authorization.refused })
}

/// What is known of a room after the messages so far, and what has to be stored of it.
struct Taking<'a> {
    room: &'a RoomUri,
    facts: &'a FanoutFacts,
    members: BTreeSet<ClientUri>,
    leaves: Leaves,
    authorization: Authorization,
    effects: Vec<Effect>,
}

impl<'a> Taking<'a> {
    fn new(room: &'a RoomUri, facts: &'a FanoutFacts) -> Self {
        let (members, leaves) = (facts.members.clone(), facts.leaves.clone());
        Self { room, facts, members, leaves, authorization: facts.authorization.clone(), effects: Vec::new() }
    }

    fn take(&mut self, message: &FanoutMessage, bytes: &Arc<[u8]>, with_commit: bool) {
        match &message.event {
            FanoutEvent::Welcome { ratchet_tree, .. } => self.welcome(message, bytes, ratchet_tree, with_commit),
            FanoutEvent::Application { .. } => {
                let silent = self.leaves.silent();
                self.deliver(bytes, |leaves, to| leaves.gets_handshakes(to) && !silent.contains(to));
            }
            FanoutEvent::Proposals { message: first, more } => {
                self.deliver(bytes, Leaves::gets_handshakes);
                self.leaves.propose(std::iter::once(first).chain(more));
            }
            FanoutEvent::Commit { message: commit, external_proposals } => {
                let (Some(public), Some(view)) = (commit.as_public(), commit.as_commit()) else { return };
                let joiner = external_joiner(message).filter(|joiner| self.facts.joiners.contains(joiner));
                self.commit(bytes, joiner.as_ref(), view.path.as_deref().map(|path| &path.leaf_node), public.sender);
                for client in self.leaves.commit(message.timestamp, public, view, external_proposals) {
                    if self.members.remove(&client) {
                        self.leave(client);
                    }
                }
            }
        }
    }

    /// A message for the local members of whom `is_reached` says so, as far as the hub may bring them something.
    fn deliver(&mut self, bytes: &Arc<[u8]>, is_reached: impl Fn(&Leaves, &ClientUri) -> bool) {
        let reached = self.members.iter().filter(|to| is_reached(&self.leaves, to));
        let to: Arc<[ClientUri]> = reached.filter(|to| self.authorization.may_bring(to)).cloned().collect();
        if !to.is_empty() {
            self.effects.push(Effect::Deliver { to, room: self.room.clone(), message: Arc::clone(bytes) });
        }
    }

    fn welcome(&mut self, message: &FanoutMessage, bytes: &Arc<[u8]>, tree: &RatchetTreeOption, with_commit: bool) {
        let room = self.room;
        let mut welcomed = BTreeSet::new();
        for reference in new_members(message) {
            let Some(owner) = self.facts.owners.get(reference) else { continue };
            let Some(tokens) = self.authorization.welcome(room, owner, reference) else { continue };
            self.effects.extend(tokens);
            self.effects.push(Effect::DropKeyPackage { reference: reference.clone() });
            self.effects.push(Effect::JoinLocal { room: room.clone(), client: owner.clone() });
            let to = Arc::from([owner.clone()]);
            self.effects.push(Effect::Deliver { to, room: room.clone(), message: Arc::clone(bytes) });
            welcomed.insert(owner.clone());
        }
        self.leaves.welcome(message.timestamp, tree, &welcomed, with_commit);
        self.members.append(&mut welcomed);
        // Whose removal could not be seen; who is about to join by external commit comes in by it.
        let leaves = &self.leaves;
        let gone: Vec<_> = self.members.extract_if(.., |member| !leaves.gets_handshakes(member)).collect();
        gone.into_iter().for_each(|client| self.leave(client));
    }

    /// Brings a commit to those who are there before it, and to who comes in by it. Who is removed learns of it, and of nothing after it.
    fn commit(&mut self, bytes: &Arc<[u8]>, joiner: Option<&ClientUri>, leaf_node: Option<&LeafNode>, sender: Sender) {
        if let Some(joiner) = joiner {
            if self.members.insert(joiner.clone()) {
                self.effects.push(Effect::JoinLocal { room: self.room.clone(), client: joiner.clone() });
            }
            let token = leaf_node.map(|leaf_node| self.authorization.change(self.room, joiner, leaf_node));
            self.effects.extend(token.into_iter().flatten());
        }
        self.deliver(bytes, |leaves, to| Some(to) == joiner || leaves.gets_handshakes(to));
        if let (Sender::Member(_), Some(leaf_node)) = (sender, leaf_node)
            && let Some(Member { client, .. }) = Member::from_credential(&leaf_node.credential)
            && self.members.contains(&client)
        {
            self.effects.extend(self.authorization.change(self.room, &client, leaf_node));
        }
    }

    fn leave(&mut self, client: ClientUri) {
        self.effects.extend(self.authorization.leave(self.room, &client));
        self.effects.push(Effect::LeaveLocal { room: self.room.clone(), client });
    }
}

fn new_members(message: &FanoutMessage) -> &[KeyPackageRef] {
    match message.event.message().view() {
        MlsMessageView::Welcome(welcome) => &welcome.new_members,
        _ => &[],
    }
}

/// The client that joins by an external commit: it was not welcomed, so its provider learns here that it is a member.
fn external_joiner(message: &FanoutMessage) -> Option<ClientUri> {
    let commit = message.event.message();
    if commit.as_public()?.sender != Sender::NewMemberCommit {
        return None;
    }
    let path = commit.as_commit()?.path.as_deref()?;
    Member::from_credential(&path.leaf_node.credential).map(|member| member.client)
}
