//! The hub as the search asks it, and ways for it to be wrong: each breaks one invariant, and the search has to find it.

use mimi_ds::{
    Effect,
    hub::{Accepted, HubRoom, Standing},
    store::StoredRoom,
};
use mimi_protocol::{
    AcceptedTimestamp, Wire,
    group_info::GroupInfoRequest,
    mls::{ComponentId, Extension, ExtensionType},
    participant_list::ParticipantListData,
};

use crate::{
    actions::{Action, Way, What},
    fake_group::{Content, FakeGroup},
    world::{After, Cast, Request, View, World},
};

/// How the group under a hub is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// Keeps clients that a commit removes.
    KeepsTheRemoved,
    /// Keeps the participant list of before a commit.
    KeepsTheList,
    /// Loses the base policy with a commit.
    LosesPolicy,
    /// Comes back from a snapshot without the last participant.
    LosesParticipant,
}

/// How a hub is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Group(Lie),
    /// Restarts after somebody is added, and does not come back with everybody.
    RestartsWithoutOne,
    /// Takes a commit that changes a role or removes clients for one that changes nothing.
    DoesNothing(What),
    /// The clients' policy is another one after a commit.
    PolicyDrifts,
    /// Takes one proposal for others.
    MistakesProposals,
    /// Takes a ban that waits for a change of role.
    MistakesBan,
    AddsOneClient,
    GivesGroupInfo(Standing),
    LetsIn(Standing),
    TakesMessagesOf(Standing),
    ObeysAnybody,
    PassesOverWhatWaits,
    LosesDelivery,
    RepeatsDelivery,
    TellsStrangers,
    StopsTheClock,
    SkipsANumber,
    ChangesOnRefusal,
    LosesLogEntry,
    RefusesCommits,
}

/// The room that a search begins in is made honestly.
const HONEST_EPOCHS: u64 = 2;

impl Lie {
    /// An extension of the group context for private use says that the group lies.
    pub(crate) const MARK: ExtensionType = ExtensionType(0xf0fa);

    const ALL: [Self; 4] = [Self::KeepsTheRemoved, Self::KeepsTheList, Self::LosesPolicy, Self::LosesParticipant];

    pub(crate) fn mark(self) -> Extension {
        Extension { extension_type: Self::MARK, extension_data: vec![self as u8] }
    }

    pub(crate) fn read(data: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|lie| data == [*lie as u8])
    }

    pub(crate) fn on_merge(self, before: &Content, after: &mut Content) {
        if before.epoch < HONEST_EPOCHS {
            return;
        }
        let list = ComponentId::PARTICIPANT_LIST.0;
        match self {
            Self::KeepsTheRemoved => {
                for (index, leaf) in &before.leaves {
                    after.leaves.entry(*index).or_insert_with(|| leaf.clone());
                }
            }
            Self::KeepsTheList => drop(after.dictionary.insert(list, before.dictionary[&list].clone())),
            Self::LosesPolicy => drop(after.dictionary.remove(&ComponentId::BASE_ROOM_POLICY.0)),
            Self::LosesParticipant => {}
        }
    }

    pub(crate) fn on_restore(self, content: &mut Content) {
        if self != Self::LosesParticipant {
            return;
        }
        let list = content.dictionary.get_mut(&ComponentId::PARTICIPANT_LIST.0).unwrap();
        let mut pairs = ParticipantListData::from_bytes(list).unwrap().participants().to_vec();
        pairs.pop();
        *list = ParticipantListData::new(pairs).unwrap().to_bytes().unwrap().into();
    }
}

/// The hub that a search asks.
#[derive(Clone, Copy)]
pub(crate) struct Hub<'a> {
    pub(crate) cast: &'a Cast,
    pub(crate) fault: Option<Fault>,
}

impl Hub<'_> {
    /// Decides about a request in a room, which is that of `world` before it.
    pub(crate) fn decide(
        &self,
        room: &mut HubRoom<FakeGroup>,
        world: &World,
        action: Action,
        request: Request,
    ) -> Result<(View, Accepted), String> {
        let Self { cast, fault } = *self;
        let Some(fault) = fault else {
            let accepted = cast.ask(room, action.client, &request.sent)?;
            return Ok((world.then(request.after), accepted));
        };
        let accepted = match fault.instead(cast, world, action) {
            Some((client, other)) => cast.ask(room, client, &other.sent),
            None => cast.ask(room, action.client, &request.sent),
        };
        let commits = matches!(request.after, After::Committed(..));
        let mut view = world.then(request.after);
        let accepted = fault.distort(cast, world, action, commits, room, &mut view, accepted)?;
        Ok((view, accepted))
    }

    pub(crate) fn gives_group_info(&self, world: &World, client: usize, request: &GroupInfoRequest) -> bool {
        let standing = world.standing(self.cast, self.cast.user_of[client]);
        let anyway = self.fault == Some(Fault::GivesGroupInfo(standing));
        anyway || world.room.group_info(self.cast.source(client), request).is_ok()
    }

    /// The room as the store has it.
    pub(crate) fn restored(&self, world: &World) -> Result<HubRoom<FakeGroup>, String> {
        let restore = |stored: &StoredRoom| HubRoom::restore(stored).map_err(|error| error.to_string());
        match self.fault {
            Some(Fault::LosesLogEntry) => {
                let mut stored = world.stored.clone();
                stored.log.pop();
                restore(&stored)
            }
            // This one is to be found by what the restart leads to.
            Some(Fault::RestartsWithoutOne) => Ok(world.room.clone()),
            _ => restore(&world.stored),
        }
    }
}

impl Fault {
    pub(crate) const fn lie(self) -> Option<Lie> {
        match self {
            Self::Group(lie) => Some(lie),
            Self::RestartsWithoutOne => Some(Lie::LosesParticipant),
            _ => None,
        }
    }

    /// What the hub decides about in place of the request, and whom it takes for the sender.
    fn instead(self, cast: &Cast, world: &World, action: Action) -> Option<(usize, Request)> {
        let user = cast.user_of[action.client];
        let standing = world.standing(cast, user);
        let ask = |client: usize, what: What| Some((client, Action { client, what }.request(cast, world)?));
        match (self, action.what) {
            (Self::DoesNothing(what), this) if what == this => ask(action.client, What::Commit),
            (Self::MistakesProposals, What::Role(other, _, Way::Propose)) => {
                ask(action.client, What::Ban(other, Way::Propose))
            }
            (Self::MistakesBan, What::Ban(other, Way::Propose))
                if world.standing(cast, other) == Standing::Inactive =>
            {
                ask(action.client, What::Role(other, 3, Way::Propose))
            }
            (Self::AddsOneClient, What::Add(other)) => {
                let missing = (0..cast.clients.len()).find(|client| cast.user_of[*client] == other)?;
                let what = crate::world::Intent::List(crate::messages::Listed::Add(cast.users[other].clone(), 2));
                let on_list = world.index_of(other).is_some();
                let intents = if on_list { vec![] } else { vec![what] };
                Some((action.client, cast.commit(world, action.client, false, &intents, &[missing], true)?))
            }
            (Self::LetsIn(whom), What::Join) if whom == standing => ask(0, What::Commit),
            (Self::TakesMessagesOf(whom), What::Send) if whom == standing => ask(0, What::Send),
            (Self::ObeysAnybody, what @ What::Kick(2, _)) if user == 1 => ask(0, what),
            (Self::PassesOverWhatWaits, What::BareCommit) => ask(action.client, What::Commit),
            _ => None,
        }
    }

    /// What is wrong with the answer.
    #[allow(clippy::too_many_arguments, reason = "all that a fault can get at")]
    fn distort(
        self,
        cast: &Cast,
        world: &World,
        action: Action,
        commits: bool,
        room: &mut HubRoom<FakeGroup>,
        view: &mut View,
        answer: Result<Accepted, String>,
    ) -> Result<Accepted, String> {
        let alice_sends = |room: &mut HubRoom<FakeGroup>| cast.ask(room, 0, &cast.message(room.epoch().0, 0).sent);
        let mut accepted = match (self, answer) {
            (Self::ChangesOnRefusal, Err(refusal)) => {
                drop(alice_sends(room));
                return Err(refusal);
            }
            (Self::RefusesCommits, Ok(_)) if commits && !world.waiting.is_empty() => {
                *room = world.room.clone();
                return Err("no".to_owned());
            }
            (_, answer) => answer?,
        };
        match self {
            Self::RestartsWithoutOne if matches!(action.what, What::Add(_)) => *room = restarted(room),
            Self::PolicyDrifts if commits => {
                view.content.dictionary.remove(&ComponentId::BASE_ROOM_POLICY.0);
            }
            Self::LosesDelivery => {
                let is = |effect: &Effect| matches!(effect, Effect::Deliver { .. } | Effect::Enqueue { .. });
                let last = accepted.effects.iter().rposition(is);
                last.map(|last| accepted.effects.remove(last));
            }
            Self::RepeatsDelivery => {
                let is = |effect: &&Effect| matches!(effect, Effect::Enqueue { .. });
                let again = accepted.effects.iter().find(is).cloned();
                accepted.effects.extend(again);
            }
            Self::TellsStrangers => {
                let mut again = accepted.effects.iter().find_map(|effect| match effect {
                    Effect::Deliver { room, message, .. } => Some((room.clone(), message.clone())),
                    _ => None,
                });
                let stays_out = cast.leaf_of(world, 4).is_none() && cast.leaf_of(view, 4).is_none();
                if let Some((room, message)) = again.take().filter(|_| stays_out) {
                    accepted.effects.push(Effect::Enqueue { to: cast.source(4).clone(), room, message });
                }
            }
            Self::StopsTheClock => accepted.timestamp = AcceptedTimestamp(accepted.timestamp.0 - 1),
            Self::SkipsANumber => drop(alice_sends(room)),
            _ => {}
        }
        Ok(accepted)
    }
}

fn restarted(room: &mut HubRoom<FakeGroup>) -> HubRoom<FakeGroup> {
    let Ok(Effect::PutRoom { room: name, group_snapshot, sequence, accepted }) = room.checkpoint() else {
        panic!("a checkpoint is a room");
    };
    let stored = StoredRoom {
        room: name,
        snapshot: group_snapshot,
        snapshot_sequence: sequence,
        log: Vec::new(),
        last_sequence: sequence,
        last_accepted: accepted,
    };
    HubRoom::restore(&stored).unwrap()
}
