//! What has to be true in every state that is reached, and of every step that leads there.

use std::collections::{BTreeMap, BTreeSet};

use mimi_arch::RoleIndex;
use mimi_ds::{
    Effect,
    hub::{Accepted, Standing},
};
use mimi_protocol::{
    Wire,
    crypto::Ed25519Signer,
    group_info::{GroupInfoRequest, GroupInfoRequestTbs},
    mls::Credential,
    notify::{FanoutEvent, FanoutMessage},
};

use crate::{
    actions::{Action, What},
    messages::{Listed, SUITE},
    rooms::{MODERATOR, Room},
    world::{CLIENTS, Cast, Intent, USERS, World},
};

type Check = Result<(), String>;

macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}

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

/// A state: members, participants and policy agree with each other, with the group and with what the clients worked out.
pub(crate) fn state(cast: &Cast, room: &Room, requests: &[GroupInfoRequest], world: &World) -> Check {
    let hub = &world.room;
    hub.check_lists().map_err(|error| format!("the lists disagree: {error}"))?;
    let listed: Vec<_> = hub
        .participant_list()
        .participants()
        .iter()
        .map(|entry| (cast.users.iter().position(|user| user == entry.user()).unwrap(), entry.role_index().0))
        .collect();
    ensure!(listed == world.list, "the hub's list is {listed:?}, the clients' {:?}", world.list);
    let users: BTreeSet<usize> = listed.iter().map(|(user, _)| *user).collect();
    ensure!(users.len() == listed.len(), "a user is on the list twice");
    for (client, name) in CLIENTS.iter().enumerate() {
        let leaf = cast.leaf_of(world, client);
        ensure!(hub.leaf_of(&cast.clients[client]) == leaf, "{name}: not at leaf {leaf:?}");
        let role = world.role(cast.user_of[client]);
        ensure!(leaf.is_none() || role.is_some_and(|role| role > 1), "{name}: a member with role {role:?}");
    }
    ensure!(hub.members().count() == world.content.leaves.len(), "the hub counts other members");
    ensure!(hub.pending() == world.waiting.len(), "the hub counts other proposals");
    ensure!(hub.epoch().0 == world.content.epoch, "another epoch");
    for user in 0..USERS {
        let (hub, own) = (hub.standing(&cast.users[user]), world.standing(cast, user));
        ensure!(hub == own, "{}: the hub says {hub:?}, docs/user-states.md {own:?}", cast.users[user]);
    }
    for (client, request) in requests.iter().enumerate() {
        let user = cast.user_of[client];
        let standing = world.standing(cast, user);
        let given = hub.group_info(cast.source(client), request).is_ok();
        let out =
            matches!(standing, Standing::Banned | Standing::Barred | Standing::Leaving | Standing::LeavingInactive);
        ensure!(!(given && out), "{}: is {standing:?} and gets the GroupInfo", CLIENTS[client]);
        let stranger = matches!(standing, Standing::Stranger | Standing::Arriving);
        ensure!(!(given && stranger) || room.comers.contains(&user), "{}: has no way in", CLIENTS[client]);
    }
    Ok(())
}

/// What the store has leads to the same room, in everything.
pub(crate) fn restored(world: &World) -> Check {
    ensure!(world.restored() == world.room, "the restored room is another one");
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

/// An accepted step: who did it could, and it goes to whom it has to and to no one else.
pub(crate) fn step(
    cast: &Cast,
    room: &Room,
    before: &World,
    action: Action,
    after: &World,
    accepted: &Accepted,
) -> Check {
    let user = cast.user_of[action.client];
    let standing = before.standing(cast, user);
    let role = before.role_to_be(cast, user).unwrap_or_default();
    ensure!(accepted.timestamp == after.room.last_accepted(), "another timestamp");
    ensure!(accepted.timestamp > before.room.last_accepted(), "the timestamp does not increase");
    ensure!(after.room.sequence() == before.room.sequence() + 1, "the sequence does not go on by one");
    let is_join = action.what == What::Join || action.what == What::BareJoin;
    if is_join {
        let out =
            matches!(standing, Standing::Banned | Standing::Barred | Standing::Leaving | Standing::LeavingInactive);
        ensure!(!out, "{standing:?} and comes in");
        let stranger = matches!(standing, Standing::Stranger | Standing::Arriving);
        ensure!(!stranger || room.comers.contains(&user), "comes in without a way in");
    } else {
        ensure!(standing == Standing::Active, "{standing:?} and acts");
    }
    let allowed = match action.what {
        What::Send => room.senders.contains(&role),
        What::SendStale => false,
        // Proposals that wait can have taken out all clients.
        What::Hide(other) => role == MODERATOR && cast.leaves_of(after, other).is_empty(),
        What::BareCommit | What::BareJoin => before.waiting.is_empty(),
        What::Add(_) | What::List(_) => room.adders.contains(&role),
        What::Remove(..) | What::Ban(..) | What::Unban(..) | What::Kick(..) | What::Role(..) => role == MODERATOR,
        What::Leave | What::SelfRemove | What::Commit | What::Join => true,
    };
    ensure!(allowed, "not for role {role}");
    if let What::Add(other) = action.what {
        ensure!(before.role(other) != Some(1), "adds a client of a banned user");
    }
    let committed = after.content.epoch > before.content.epoch;
    if committed {
        ensure!(after.waiting.is_empty(), "a commit that leaves proposals waiting");
    }
    let mut expected: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let mut expect = |client: usize, kind| {
        let uri = &cast.clients[client];
        let to = if uri.domain().as_str() == "a.example" { uri.to_string() } else { uri.domain().to_string() };
        expected.entry(to).or_default().insert(kind);
    };
    let kind = match (action.what, committed) {
        (What::Send, _) => "application",
        (_, true) => "commit",
        (_, false) => "proposals",
    };
    for (client, name) in CLIENTS.iter().enumerate() {
        let was = cast.leaf_of(before, client).is_some();
        let is = cast.leaf_of(after, client).is_some();
        let active = before.standing(cast, cast.user_of[client]) == Standing::Active;
        let joins = is_join && client == action.client;
        if (was && (active || kind != "application")) || joins {
            expect(client, kind);
        }
        if committed && !was && is && !joins {
            expect(client, "welcome");
        }
        if kind == "commit" && was && !active {
            ensure!(!is, "{name}: gets a commit that does not complete the removal");
        }
    }
    let got = recipients(accepted)?;
    ensure!(got == expected, "goes to {got:?} and has to go to {expected:?}");
    Ok(())
}

fn recipients(accepted: &Accepted) -> Result<BTreeMap<String, BTreeSet<&'static str>>, String> {
    let mut recipients: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    for effect in &accepted.effects {
        let (to, message): (Vec<String>, _) = match effect {
            Effect::Enqueue { to, message, .. } => (vec![to.to_string()], message),
            Effect::Deliver { to, message, .. } => (to.iter().map(ToString::to_string).collect(), message),
            _ => continue,
        };
        let message = FanoutMessage::from_bytes(message).unwrap();
        ensure!(message.timestamp == accepted.timestamp, "fanned out with another timestamp");
        let kind = match message.event {
            FanoutEvent::Application { .. } => "application",
            FanoutEvent::Welcome { .. } => "welcome",
            FanoutEvent::Proposals { .. } => "proposals",
            FanoutEvent::Commit { .. } => "commit",
        };
        for to in to {
            ensure!(recipients.entry(to.clone()).or_default().insert(kind), "{to} gets a {kind} twice");
        }
    }
    Ok(recipients)
}

/// The participant list of a state, for a report.
pub(crate) fn describe(cast: &Cast, world: &World) -> String {
    let list: Vec<_> = world.list.iter().map(|(user, role)| (cast.users[*user].name(), RoleIndex(*role))).collect();
    let members: Vec<_> = (0..CLIENTS.len()).filter_map(|c| Some((cast.leaf_of(world, c)?, CLIENTS[c]))).collect();
    let waiting: Vec<_> = world.waiting.iter().map(|w| (w.sender, &w.intent)).collect();
    format!("list {list:?}\nmembers {members:?}\nwaiting {waiting:?}")
}
