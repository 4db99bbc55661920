//! Who gets what (section 5.5): other providers through the outbox, local clients through their queues.

use std::{collections::BTreeSet, sync::Arc};

use mimi_arch::{ClientUri, Domain};
use mimi_protocol::{
    AcceptedTimestamp, EncodeError, Wire,
    mls::{MlsMessage, Welcome},
    notify::{FanoutEvent, FanoutMessage},
    ratchet_tree::RatchetTreeOption,
};

use super::{HubRoom, Member};
use crate::{effect::Effect, group::RoomGroup};

/// Who is told: providers, and local clients.
pub(super) struct Audience {
    providers: BTreeSet<Domain>,
    local: Arc<[ClientUri]>,
}

impl<G: RoomGroup> HubRoom<G> {
    /// Everyone with a client in the group, except for the leaves given.
    // req: MP06-5.5-01
    pub(super) fn audience(&self, except: &BTreeSet<u32>) -> Audience {
        let providers = self
            .roster
            .providers()
            .filter(|(_, leaves)| leaves.iter().any(|leaf| !except.contains(leaf)))
            .map(|(provider, _)| provider.clone())
            .filter(|provider| provider != self.hub())
            .collect();
        let is_local = |leaf: &u32| self.roster.get(*leaf).is_some_and(|member| member.domain() == self.hub());
        let local = if except.iter().any(is_local) {
            let others = self.roster.leaves_at(self.hub()).filter(|(leaf, _)| !except.contains(leaf));
            others.map(|(_, member)| member.client.clone()).collect()
        } else {
            self.roster.clients_at(self.hub())
        };
        Audience { providers, local }
    }

    /// The same with one more client: the sender of an external commit, who has to learn in the order of the room that it is in.
    pub(super) fn audience_and(&self, joiner: Option<&Member>) -> Audience {
        let mut audience = self.audience(&BTreeSet::new());
        if let Some(joiner) = joiner {
            if joiner.domain() != self.hub() {
                audience.providers.insert(joiner.domain().clone());
            } else if !audience.local.contains(&joiner.client) {
                audience.local = audience.local.iter().chain([&joiner.client]).cloned().collect();
            }
        }
        audience
    }

    /// The effects that bring an event to an audience.
    // req: MP06-5.5-02
    // req: MP06-5.5-11
    // req: MP06-3.3-02, MP06-5.5-19
    pub(super) fn fan_out(
        &self,
        timestamp: AcceptedTimestamp,
        event: FanoutEvent,
        audience: Audience,
    ) -> Result<impl Iterator<Item = Effect> + use<G>, EncodeError> {
        let message: Arc<[u8]> = FanoutMessage { timestamp, event }.to_bytes()?.into();
        let room = self.room.clone();
        let remote = audience.providers.into_iter().map({
            let (room, message) = (room.clone(), Arc::clone(&message));
            move |to| Effect::Enqueue { to, room: room.clone(), message: Arc::clone(&message) }
        });
        let anyone = !audience.local.is_empty();
        let local = Effect::Deliver { to: audience.local, room, message };
        Ok(remote.chain(anyone.then_some(local)))
    }

    /// The Welcome with the tree, to the providers of those who are added and to those who are local.
    // req: MP06-3.2-14
    // req: MP06-5.5-03
    // req: MP06-5.5-04
    // req: DS06-7-03
    pub(super) fn welcome(
        &self,
        timestamp: AcceptedTimestamp,
        welcome: &Welcome,
        ratchet_tree: RatchetTreeOption,
        added: &[Member],
    ) -> Result<impl Iterator<Item = Effect> + use<G>, EncodeError> {
        let (local, remote): (Vec<&Member>, Vec<&Member>) =
            added.iter().partition(|member| member.domain() == self.hub());
        let audience = Audience {
            providers: remote.into_iter().map(|member| member.domain().clone()).collect(),
            local: local.into_iter().map(|member| member.client.clone()).collect(),
        };
        let message = MlsMessage::from(welcome.clone());
        self.fan_out(timestamp, FanoutEvent::Welcome { message, ratchet_tree }, audience)
    }
}
