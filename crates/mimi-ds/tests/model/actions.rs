//! What clients try: all that could make sense somewhere, and some of what never does.

use std::fmt;

use mimi_ds::hub::Standing;

use crate::{
    messages::Listed,
    world::{CLIENTS, Cast, Intent, Request, USERS, View},
};

/// Whether a change comes as a commit or as proposals for somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Commit,
    Propose,
}

/// One thing that one client tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Puts a user on the list if need be, with all clients that are not in.
    Add(usize),
    /// Puts a user on the list, without clients.
    List(usize),
    Leave,
    SelfRemove,
    Remove(usize, Way),
    Ban(usize, Way),
    Unban(usize, Way),
    Kick(usize, Way),
    Role(usize, u32, Way),
    /// Takes a user off the list and leaves the clients in the group, which never is allowed.
    Hide(usize),
    Commit,
    /// A commit that passes over what waits.
    BareCommit,
    Join,
    /// An external commit that passes over what waits.
    BareJoin,
    Send,
    SendStale,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Action {
    pub(crate) client: usize,
    pub(crate) what: What,
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", CLIENTS[self.client].rsplit("/d/").next().unwrap(), self.what)
    }
}

/// All actions that are tried in a view.
pub(crate) fn all(cast: &Cast, view: &View) -> Vec<Action> {
    let mut actions = Vec::new();
    for client in 0..CLIENTS.len() {
        let user = cast.user_of[client];
        let first = cast.user_of.iter().position(|of| *of == user) == Some(client);
        let mut put = |what| actions.push(Action { client, what });
        if first {
            put(What::Send);
            put(What::SendStale);
        }
        put(What::Join);
        if !view.waiting.is_empty() {
            put(What::BareJoin);
        }
        if cast.leaf_of(view, client).is_none() {
            continue;
        }
        put(What::Commit);
        put(What::Leave);
        put(What::SelfRemove);
        if !view.waiting.is_empty() {
            put(What::BareCommit);
        }
        for other in (0..USERS).filter(|other| *other != user) {
            put(What::Add(other));
            for way in [Way::Commit, Way::Propose] {
                put(What::Ban(other, way));
                match view.role(other) {
                    None => {}
                    Some(1) => {
                        put(What::Unban(other, way));
                        put(What::Remove(other, way));
                    }
                    Some(role) => {
                        put(What::Remove(other, way));
                        put(What::Role(other, 5 - role, way));
                        if !cast.leaves_of(view, other).is_empty() {
                            put(What::Kick(other, way));
                        }
                    }
                }
            }
            match view.standing(cast, other) {
                Standing::Stranger => put(What::List(other)),
                Standing::Active => put(What::Hide(other)),
                _ => {}
            }
        }
    }
    actions
}

impl What {
    /// The kind of thing, for counting.
    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Add(_) => "Add",
            Self::List(_) => "List",
            Self::Leave => "Leave",
            Self::SelfRemove => "SelfRemove",
            Self::Remove(_, Way::Commit) => "Remove",
            Self::Remove(_, Way::Propose) => "Remove (proposed)",
            Self::Ban(_, Way::Commit) => "Ban",
            Self::Ban(_, Way::Propose) => "Ban (proposed)",
            Self::Unban(_, Way::Commit) => "Unban",
            Self::Unban(_, Way::Propose) => "Unban (proposed)",
            Self::Kick(_, Way::Commit) => "Kick",
            Self::Kick(_, Way::Propose) => "Kick (proposed)",
            Self::Role(_, _, Way::Commit) => "Role",
            Self::Role(_, _, Way::Propose) => "Role (proposed)",
            Self::Hide(_) => "Hide",
            Self::Commit => "Commit",
            Self::BareCommit => "BareCommit",
            Self::Join => "Join",
            Self::BareJoin => "BareJoin",
            Self::Send => "Send",
            Self::SendStale => "SendStale",
        }
    }

    pub(crate) const fn is_join(self) -> bool {
        matches!(self, Self::Join | Self::BareJoin)
    }
}

impl Action {
    /// Whether it has to do with one user: it is about them, or it is their own affair, or it settles what waits.
    pub(crate) fn concerns(self, cast: &Cast, subject: usize) -> bool {
        match self.what {
            What::Add(user)
            | What::List(user)
            | What::Remove(user, _)
            | What::Ban(user, _)
            | What::Unban(user, _)
            | What::Kick(user, _)
            | What::Role(user, ..)
            | What::Hide(user) => user == subject,
            What::Commit | What::BareCommit => true,
            What::Leave | What::SelfRemove | What::Join | What::BareJoin | What::Send | What::SendStale => {
                cast.user_of[self.client] == subject
            }
        }
    }

    /// The request, where one can be made.
    pub(crate) fn request(self, cast: &Cast, view: &View) -> Option<Request> {
        let Self { client, what } = self;
        let user = cast.user_of[client];
        let removes = |of: usize| cast.leaves_of(view, of).into_iter().map(Intent::Remove).collect::<Vec<_>>();
        let with = |change: Listed, of: usize| {
            let mut intents = vec![Intent::List(change)];
            intents.extend(removes(of));
            intents
        };
        let by = |way: Way, intents: Vec<Intent>| match way {
            Way::Commit => cast.commit(view, client, false, &intents, &[], true),
            Way::Propose => cast.proposals(view, client, &intents),
        };
        let put_on = |of: usize, role: u32| Listed::Add(cast.users[of].clone(), role);
        match what {
            What::Add(other) => {
                let missing: Vec<usize> = (0..CLIENTS.len())
                    .filter(|c| cast.user_of[*c] == other && cast.leaf_of(view, *c).is_none())
                    .collect();
                if missing.is_empty() {
                    return None;
                }
                let intents = match view.index_of(other) {
                    Some(_) => vec![],
                    None => vec![Intent::List(put_on(other, 2))],
                };
                cast.commit(view, client, false, &intents, &missing, true)
            }
            What::List(other) => cast.proposals(view, client, &[Intent::List(put_on(other, 2))]),
            What::Leave => {
                let own = cast.leaf_of(view, client)?;
                let others = cast.leaves_of(view, user).into_iter().filter(|leaf| *leaf != own);
                let mut intents = vec![Intent::SelfRemove];
                intents.extend(others.map(Intent::Remove));
                intents.push(Intent::List(Listed::Remove(view.index_of(user)?)));
                cast.proposals(view, client, &intents)
            }
            What::SelfRemove => cast.proposals(view, client, &[Intent::SelfRemove]),
            What::Remove(other, way) => by(way, with(Listed::Remove(view.index_of(other)?), other)),
            What::Ban(other, way) => match view.index_of(other) {
                Some(index) if view.role(other) != Some(1) => by(way, with(Listed::Role(index, 1), other)),
                Some(_) => None,
                None => by(way, vec![Intent::List(put_on(other, 1))]),
            },
            What::Unban(other, way) => by(way, vec![Intent::List(Listed::Role(view.index_of(other)?, 2))]),
            What::Kick(other, way) => by(way, removes(other)),
            What::Role(other, role, way) => by(way, vec![Intent::List(Listed::Role(view.index_of(other)?, role))]),
            What::Hide(other) => by(Way::Commit, vec![Intent::List(Listed::Remove(view.index_of(other)?))]),
            What::Commit => by(Way::Commit, vec![]),
            What::BareCommit => cast.commit(view, client, false, &[], &[], false),
            What::Join | What::BareJoin => {
                let mut intents: Vec<Intent> = cast.leaf_of(view, client).map(Intent::Remove).into_iter().collect();
                if view.index_of(user).is_none() {
                    intents.push(Intent::List(put_on(user, 2)));
                }
                cast.commit(view, client, true, &intents, &[], what == What::Join)
            }
            What::Send => Some(cast.message(view.content.epoch, user)),
            What::SendStale => Some(cast.message(view.content.epoch.checked_sub(1)?, user)),
        }
    }
}
