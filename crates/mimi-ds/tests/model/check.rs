//! What has to be true in every state that is reached, and of every step that leads there (`invariants.rs`).

use std::sync::Arc;

use mimi_arch::RoleIndex;
use mimi_ds::{
    Effect,
    hub::{Accepted, HubRoom, Standing},
};
use mimi_protocol::{
    Wire,
    crypto::Ed25519Signer,
    group_info::{GroupInfoRequest, GroupInfoRequestTbs},
    mls::Credential,
    notify::{FanoutEvent, FanoutMessage},
};
use mimi_room_policy::policy::{POLICY_COMPONENTS, RoomPolicy};

use crate::{
    actions::{Action, What},
    fake_group::FakeGroup,
    faults::Hub,
    invariants::{Check, ensure},
    messages::{Listed, SUITE},
    rooms::{MODERATOR, Room},
    world::{CLIENTS, Cast, Intent, USERS, View, World},
};

/// One request for the GroupInfo for each client; their signatures are real and are made once.
pub(crate) fn group_info_requests(cast: &Cast) -> Vec<GroupInfoRequest> {
    let signer = Ed25519Signer::from_seed([3; 32]);
    cast.clients
        .iter()
        .map(|client| {
            GroupInfoRequestTbs {
                cipher_suite: SUITE,
                requesting_signature_key: mimi_protocol::crypto::LabelSigner::public_key(&signer).to_vec(),
                requesting_credential: Credential::basic(client.as_str().as_bytes()),
                group_info_public_key: vec![1; 32],
                joining_code: None,
            }
            .sign(&signer)
            .unwrap()
        })
        .collect()
}

const fn is_out(standing: Standing) -> bool {
    matches!(standing, Standing::Banned | Standing::Barred | Standing::Leaving | Standing::LeavingInactive)
}

const fn is_stranger(standing: Standing) -> bool {
    matches!(standing, Standing::Stranger | Standing::Arriving)
}

/// What is looked at whenever a step leads to a state, known or not: the hub's lists, in their order, are those that the clients work out.
pub(crate) fn agreement(cast: &Cast, view: &View, hub: &HubRoom<FakeGroup>) -> Check {
    for (client, name) in CLIENTS.iter().enumerate() {
        if hub.leaf_of(&cast.clients[client]).is_some() {
            let role = hub.role(&cast.users[cast.user_of[client]]);
            let takes_part = role.is_some_and(|role| role > RoleIndex::BANNED);
            ensure!(MemberIsParticipant, takes_part, "{name}: a member with role {role:?}");
        }
    }
    let listed = hub.participant_list().participants();
    let same = listed.len() == view.list.len()
        && listed
            .iter()
            .zip(&view.list)
            .all(|(entry, (user, role))| *entry.user() == cast.users[*user] && entry.role_index().0 == *role);
    ensure!(ListIsTheClients, same, "the hub's list is {listed:?}, the clients' {:?}", view.list);
    for client in 0..CLIENTS.len() {
        let domain = cast.source(client);
        let serves = hub.providers().any(|provider| provider == domain);
        let members = (0..CLIENTS.len()).filter(|other| cast.leaf_of(view, *other).is_some());
        let has_member = members.into_iter().any(|other| cast.source(other) == domain);
        ensure!(Servers, serves == has_member, "{domain}: takes part: {serves}, has a member: {has_member}");
    }
    for (client, name) in CLIENTS.iter().enumerate() {
        let (leaf, is) = (cast.leaf_of(view, client), hub.leaf_of(&cast.clients[client]));
        ensure!(MembersAreTheClients, is == leaf, "{name}: at leaf {is:?}, not {leaf:?}");
    }
    ensure!(MembersAreTheClients, hub.members().count() == view.content.leaves.len(), "the hub counts other members");
    ensure!(WaitingIsTheClients, hub.pending() == view.waiting.len(), "the hub counts other proposals");
    ensure!(WaitingIsTheClients, hub.epoch().0 == view.content.epoch, "another epoch");
    Ok(())
}

/// What is looked at once in each state: all that the hub says of it, and that a restart leads to it.
pub(crate) fn state(room: &Room, hub: &Hub<'_>, requests: &[GroupInfoRequest], world: &World) -> Check {
    let cast = hub.cast;
    let lists = world.room.check_lists();
    ensure!(ListsAgree, lists.is_ok(), "{lists:?}");
    let policy = POLICY_COMPONENTS.iter().filter_map(|(id, _)| Some((*id, &**world.content.dictionary.get(&id.0)?)));
    let policy = RoomPolicy::from_components(policy).unwrap();
    ensure!(PolicyIsTheClients, *world.room.policy() == policy, "the clients hold {policy:?}");
    for user in 0..USERS {
        let (says, own) = (world.room.standing(&cast.users[user]), world.standing(cast, user));
        ensure!(Standing, says == own, "{}: the hub says {says:?}, docs/user-states.md {own:?}", cast.users[user]);
    }
    for (client, request) in requests.iter().enumerate() {
        let user = cast.user_of[client];
        let standing = world.standing(cast, user);
        let given = hub.gives_group_info(world, client, request);
        ensure!(GroupInfo, !given || !is_out(standing), "{}: is {standing:?} and gets it", CLIENTS[client]);
        let way_in = !is_stranger(standing) || room.comers.contains(&user);
        ensure!(GroupInfo, !given || way_in, "{}: has no way in", CLIENTS[client]);
    }
    let restored = hub.restored(world);
    ensure!(Restored, restored.as_ref() == Ok(&world.room), "another room: {:?}", restored.map(|room| room.sequence()));
    Ok(())
}

/// Whether all that waits are members who take themselves out.
pub(crate) fn all_go_by_their_own_wish(cast: &Cast, world: &World) -> bool {
    let user_at =
        |leaf: u32| (0..CLIENTS.len()).find(|c| cast.leaf_of(world, *c) == Some(leaf)).map(|c| cast.user_of[c]);
    world.waiting.iter().all(|waits| {
        let user = user_at(waits.sender);
        match &waits.intent {
            Intent::SelfRemove => true,
            Intent::Remove(leaf) => user_at(*leaf) == user,
            Intent::List(Listed::Remove(index)) => user.is_some_and(|user| world.index_of(user) == Some(*index)),
            Intent::List(_) => false,
        }
    })
}

/// An accepted step.
pub(crate) struct Step<'a> {
    pub(crate) cast: &'a Cast,
    pub(crate) room: &'a Room,
    pub(crate) before: &'a World,
    pub(crate) action: Action,
    /// What the clients know after it.
    pub(crate) after: &'a View,
    /// The room after it.
    pub(crate) hub: &'a HubRoom<FakeGroup>,
    pub(crate) accepted: &'a Accepted,
}

impl Step<'_> {
    /// Who did it could, it did what it says, and it goes to whom it has to and to no one else.
    pub(crate) fn check(&self) -> Check {
        let Self { cast, before, after, hub, accepted, .. } = self;
        ensure!(Order, accepted.timestamp == hub.last_accepted(), "another timestamp");
        ensure!(Order, accepted.timestamp > before.room.last_accepted(), "the timestamp does not increase");
        ensure!(Order, hub.sequence() == before.room.sequence() + 1, "the sequence does not go on by one");
        self.check_actor()?;
        if after.content.epoch > before.content.epoch {
            let bare = matches!(self.action.what, What::BareCommit | What::BareJoin) && !before.waiting.is_empty();
            ensure!(CommitCarriesAll, !bare && hub.pending() == 0, "passes over what waits");
            self.check_clients()?;
        }
        agreement(cast, after, hub)?;
        self.check_delivery()
    }

    fn check_actor(&self) -> Check {
        let Self { cast, room, before, action, .. } = self;
        let user = cast.user_of[action.client];
        let standing = before.standing(cast, user);
        if action.what.is_join() {
            ensure!(ComesIn, !is_out(standing), "{standing:?} and comes in");
            ensure!(ComesIn, !is_stranger(standing) || room.comers.contains(&user), "comes in without a way in");
        } else {
            ensure!(Acts, standing == Standing::Active, "{standing:?} and acts");
        }
        let role = before.role_to_be(cast, user).unwrap_or_default();
        let allowed = match action.what {
            What::Send => room.senders.contains(&role),
            What::SendStale => false,
            // Proposals that wait can have taken out all clients.
            What::Hide(other) => role == MODERATOR && cast.leaves_of(self.after, other).is_empty(),
            What::Add(other) => room.adders.contains(&role) && before.role(other) != Some(1),
            What::List(_) => room.adders.contains(&role),
            What::Remove(..) | What::Ban(..) | What::Unban(..) | What::Kick(..) | What::Role(..) => role == MODERATOR,
            What::Leave | What::SelfRemove | What::Commit | What::BareCommit | What::Join | What::BareJoin => true,
        };
        ensure!(RoleAllows, allowed, "not for role {role}");
        Ok(())
    }

    /// What a commit has to do to a user's clients, where it is about a user.
    fn check_clients(&self) -> Check {
        let Self { cast, hub, .. } = self;
        let is_in = |client: &usize| hub.is_member(&cast.clients[*client]);
        let of = |user: usize| (0..CLIENTS.len()).filter(move |client| cast.user_of[*client] == user);
        match self.action.what {
            What::Add(user) => ensure!(AddingBringsAll, of(user).all(|client| is_in(&client)), "a client is missing"),
            What::Remove(user, _) | What::Ban(user, _) => {
                ensure!(RemovingTakesAll, !of(user).any(|client| is_in(&client)), "a client is left");
            }
            _ => {}
        }
        Ok(())
    }

    fn check_delivery(&self) -> Check {
        let Self { cast, before, after, .. } = self;
        let committed = after.content.epoch > before.content.epoch;
        let kind = match (self.action.what, committed) {
            (What::Send, _) => APPLICATION,
            (_, true) => COMMIT,
            (_, false) => PROPOSALS,
        };
        let mut expected = [0u8; CLIENTS.len()];
        for (client, name) in CLIENTS.iter().enumerate() {
            let was = cast.leaf_of(before, client).is_some();
            let is = cast.leaf_of(after, client).is_some();
            let active = before.standing(cast, cast.user_of[client]) == Standing::Active;
            let joins = self.action.what.is_join() && client == self.action.client;
            let at = receiver(cast, client);
            if (was && (active || kind != APPLICATION)) || joins {
                expected[at] |= kind;
            }
            if committed && !was && is && !joins {
                expected[at] |= WELCOME;
            }
            let completes = kind != COMMIT || !was || active || !is;
            ensure!(CommitCarriesAll, completes, "{name}: gets a commit that does not complete the removal");
        }
        let got = self.delivered()?;
        ensure!(Delivery, got == expected, "goes to {got:?} and has to go to {expected:?} ({KINDS})");
        Ok(())
    }

    fn delivered(&self) -> Result<[u8; CLIENTS.len()], crate::invariants::Violation> {
        let (cast, accepted) = (self.cast, self.accepted);
        let mut delivered = [0; CLIENTS.len()];
        // Most effects of a step carry the same octets.
        let mut last: Option<(&Arc<[u8]>, u8)> = None;
        for effect in &accepted.effects {
            let place = |to| cast.clients.iter().position(|client| client == to).unwrap();
            let (to, message): (Vec<usize>, _) = match effect {
                Effect::Enqueue { to, message, .. } => {
                    (vec![(0..CLIENTS.len()).find(|client| cast.source(*client) == to).unwrap()], message)
                }
                Effect::Deliver { to, message, .. } => (to.iter().map(place).collect(), message),
                _ => continue,
            };
            let kind = match last {
                Some((known, kind)) if Arc::ptr_eq(known, message) => kind,
                _ => {
                    let message = FanoutMessage::from_bytes(message).unwrap();
                    ensure!(Order, message.timestamp == accepted.timestamp, "fanned out with another timestamp");
                    match message.event {
                        FanoutEvent::Application { .. } => APPLICATION,
                        FanoutEvent::Proposals { .. } => PROPOSALS,
                        FanoutEvent::Commit { .. } => COMMIT,
                        FanoutEvent::Welcome { .. } => WELCOME,
                    }
                }
            };
            last = Some((message, kind));
            for to in to {
                ensure!(Delivery, delivered[to] & kind == 0, "{}: the same twice", CLIENTS[to]);
                delivered[to] |= kind;
            }
        }
        Ok(delivered)
    }
}

const APPLICATION: u8 = 1;
const PROPOSALS: u8 = 2;
const COMMIT: u8 = 4;
const WELCOME: u8 = 8;
const KINDS: &str = "application 1, proposals 2, commit 4, Welcome 8, by client";

/// Local clients have queues of their own, the others those of their provider: its first client stands for it.
fn receiver(cast: &Cast, client: usize) -> usize {
    match cast.source(client) {
        domain if domain.as_str() == "a.example" => client,
        domain => (0..CLIENTS.len()).find(|other| cast.source(*other) == domain).unwrap_or(client),
    }
}

/// A state, for a report.
pub(crate) fn describe(cast: &Cast, world: &World) -> String {
    let list: Vec<_> = world.list.iter().map(|(user, role)| (cast.users[*user].name(), RoleIndex(*role))).collect();
    let members: Vec<_> = (0..CLIENTS.len()).filter_map(|c| Some((cast.leaf_of(world, c)?, CLIENTS[c]))).collect();
    let waiting: Vec<_> = world.waiting.iter().map(|w| (w.sender, &w.intent)).collect();
    format!("list {list:?}\nmembers {members:?}\nwaiting {waiting:?}")
}
