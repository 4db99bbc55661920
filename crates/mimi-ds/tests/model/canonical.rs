//! When two states count as one, and why a search that goes on from one of them only misses nothing.
//!
//! A state is told by what its clients know: who is at which leaf, the participant list in its order, and what waits. Epoch, time, sequence
//! and log are left out: no decision reads them but to compare with the same number of a request, and the search makes its requests for the
//! epoch it is in. (A snapshot is due after 64 commits; no search goes as far.)
//!
//! Two reductions make classes of states. Each is a congruence: what can be done in one state of a class can be done in the other, renamed,
//! and leads to states of one class again. So every class that can be reached in n steps is reached in n steps from whichever state stands
//! for its own class, and a check that holds for one state of a class holds for the other, because all of them speak of users by standing
//! and role.
//!
//! * **Names.** Users who differ in nothing but name and provider can change places: Cathy and Dave, one client each, alone at providers that
//!   are not the hub's, unless a policy names one of them. So can Bob's two clients. The code compares names for equality, and uses their
//!   order for maps and for the order of effects, which the checks do not look at. Alice and Bob cannot change places with anybody: they
//!   are the hub's own users. Leaves and places on the list are kept as they are: renaming moves who stands there, and moves nothing else.
//! * **Order.** Proposals that wait are sorted, but for those that add to the list. A commit carries all that waits, indices and leaves are
//!   read against the epoch's state (section 7.5), a leaf or index that is named twice is refused in either order, and who proposed is
//!   judged user by user. So removals and changes of role commute whoever made them; additions go to the end of the list one after the
//!   other, and keep their order among themselves. One thing that the hub decides does read the order: whether the client that acts is the
//!   one that goes, for which it takes the first of a user's clients with a proposal. All roles of these rooms that may remove own clients
//!   may remove themselves, so nothing depends on it here.
//!
//! None of this is taken on trust: `reductions.rs` compares, state by state, what can be done within the classes.

use std::hash::{BuildHasherDefault, DefaultHasher, Hash as _, Hasher};

use crate::{
    messages::Listed,
    rooms::Room,
    world::{Cast, Intent, View},
};

/// What is not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reduction {
    /// Users and clients that differ in name only.
    pub(crate) names: bool,
    /// The order in which proposals were made that commute.
    pub(crate) order: bool,
}

impl Reduction {
    pub(crate) const ALL: Self = Self { names: true, order: true };
    pub(crate) const NONE: Self = Self { names: false, order: false };
}

/// A state, as octets: equal for states of one class and for no others.
pub(crate) type Key = Vec<u8>;

/// Bob's clients, by number, and the users that can change places in most rooms, with their clients.
const BOBS: (u8, u8) = (1, 2);
const REMOTE_USERS: (u8, u8) = (2, 3);
const REMOTE_CLIENTS: (u8, u8) = (3, 4);

/// A renaming.
#[derive(Clone, Copy)]
struct Names {
    bobs: bool,
    remote: bool,
}

impl Names {
    const fn client(self, client: u8) -> u8 {
        swapped(swapped(client, BOBS, self.bobs), REMOTE_CLIENTS, self.remote)
    }

    const fn user(self, user: u8) -> u8 {
        swapped(user, REMOTE_USERS, self.remote)
    }
}

const fn swapped(number: u8, pair: (u8, u8), swap: bool) -> u8 {
    match swap {
        true if number == pair.0 => pair.1,
        true if number == pair.1 => pair.0,
        _ => number,
    }
}

/// The key of a state.
pub(crate) fn key(cast: &Cast, room: &Room, view: &View, reduction: Reduction) -> Key {
    let plain = Names { bobs: false, remote: false };
    let mut least = octets(cast, view, plain, reduction.order);
    if !reduction.names {
        return least;
    }
    let remote = if room.tells_remote_users_apart() { &[false][..] } else { &[false, true] };
    for names in remote.iter().flat_map(|remote| [false, true].map(|bobs| Names { bobs, remote: *remote })) {
        if names.bobs || names.remote {
            least = least.min(octets(cast, view, names, reduction.order));
        }
    }
    least
}

fn octets(cast: &Cast, view: &View, names: Names, sorted: bool) -> Key {
    let mut key = Vec::with_capacity(64);
    key.push(view.content.leaves.len() as u8);
    for (index, leaf) in &view.content.leaves {
        let client = cast.client_with_key(&leaf.signature_key);
        key.extend([*index as u8, names.client(client as u8)]);
    }
    key.push(view.list.len() as u8);
    for (user, role) in &view.list {
        key.extend([names.user(*user as u8), *role as u8]);
    }
    let mut free = Vec::with_capacity(view.waiting.len());
    let mut bound = Vec::new();
    for waits in &view.waiting {
        let sender = waits.sender as u8;
        let (adds, told) = match &waits.intent {
            Intent::SelfRemove => (false, [0, 0, 0, sender]),
            Intent::Remove(leaf) => (false, [1, *leaf as u8, 0, sender]),
            Intent::List(Listed::Remove(index)) => (false, [2, *index as u8, 0, sender]),
            Intent::List(Listed::Role(index, role)) => (false, [3, *index as u8, *role as u8, sender]),
            Intent::List(Listed::Add(user, role)) => {
                (true, [4, names.user(cast.user_number(user) as u8), *role as u8, sender])
            }
        };
        if adds && sorted { bound.push(told) } else { free.push(told) }
    }
    if sorted {
        free.sort_unstable();
    }
    free.into_iter().chain(bound).for_each(|told| key.extend(told));
    key
}

/// A key in 128 bits. Among 100 million states, the chance that any two have the same is below 10^-22.
pub(crate) fn compact(key: &[u8]) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}

/// For sets of what [`compact`] gives: that is spread already.
pub(crate) type Spread = BuildHasherDefault<Low64>;

/// Takes the lower half as it is.
#[derive(Default)]
pub(crate) struct Low64(u64);

impl Hasher for Low64 {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
