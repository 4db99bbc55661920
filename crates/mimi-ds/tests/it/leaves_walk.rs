//! A follower beside the hub on random ways: after every event it knows the same leaves, and gives messages to the same clients.

use mimi_arch::ClientUri;
use mimi_ds::{Effect, Store, hub::Standing};
use mimi_protocol::update::HandshakeBundle;

use crate::{
    flow::{group_info_request, send_sealed},
    follower::{Follower, posted},
    support::*,
};

/// Who may be in the room beside Alice: three users of the follower and one of another provider, with seven clients.
const CLIENTS: [(&str, &str); 7] = [
    ("bob1", "mimi://b.example/d/bob/1"),
    ("bob2", "mimi://b.example/d/bob/2"),
    ("beth1", "mimi://b.example/d/beth/1"),
    ("bill1", "mimi://b.example/d/bill/1"),
    ("bill2", "mimi://b.example/d/bill/2"),
    ("cathy1", "mimi://c.example/d/cathy/1"),
    ("cathy2", "mimi://c.example/d/cathy/2"),
];

/// Ways of this many steps.
const STEPS: usize = 40;

/// xorshift64*, so that a way can be gone again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap() % sides
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() { None } else { Some(of[self.roll(of.len())]) }
    }
}

struct Walk {
    world: World,
    follower: Follower,
    dice: Dice,
    /// How often what was done.
    done: std::collections::BTreeMap<&'static str, usize>,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let follower = Follower::new("b.example");
        let own = CLIENTS.iter().filter(|(_, uri)| uri.starts_with("mimi://b.example/"));
        own.for_each(|(_, uri)| follower.registers_client(&Client::new(uri)));
        Self { world: World::alone(), follower, dice: Dice(seed), done: Default::default() }
    }

    fn inside(&self) -> Vec<&'static str> {
        let is_in = |uri: &str| self.world.room.is_member(&uri.parse().unwrap());
        CLIENTS.iter().filter(|(_, uri)| is_in(uri)).map(|(name, _)| *name).collect()
    }

    fn standing(&self, name: &str) -> Standing {
        self.world.room.standing(&self.uri(name).user().unwrap())
    }

    fn uri(&self, name: &str) -> ClientUri {
        CLIENTS.iter().find(|(known, _)| *known == name).unwrap().1.parse().unwrap()
    }

    fn accept(&mut self, what: &'static str, by: &str, bundle: HandshakeBundle) -> bool {
        let is_commit = matches!(bundle, HandshakeBundle::Commit { .. });
        if let Ok(accepted) = self.world.try_update(by, bundle) {
            self.world.effects.extend(accepted.effects.clone());
            self.world.distribute(&accepted);
            *self.done.entry(what).or_default() += 1;
            return true;
        }
        // What the hub has refused nobody else knows.
        if is_commit {
            self.world.client(by).discard();
        }
        false
    }

    fn add(&mut self) {
        let out: Vec<_> = CLIENTS.iter().filter(|(name, _)| !self.inside().contains(name)).copied().collect();
        let Some((name, uri)) = self.dice.pick(&out) else { return };
        if self.standing(name) == Standing::Leaving || self.standing(name) == Standing::Banned {
            return;
        }
        let client = Client::new(uri);
        let key_package = client.key_package();
        self.follower.owns(&client, &key_package);
        self.world.route(&key_package, client.uri.domain().as_str());
        let user = client.user();
        let list = if self.world.room.role(&user).is_some() { vec![] } else { vec![adding(&[&user])] };
        self.world.clients.insert(name, client);
        let bundle = self.world.client("alice").commit(Commit { adds: vec![key_package], list, ..Default::default() });
        if !self.accept("add", "alice", bundle) {
            self.world.clients.remove(name);
        }
    }

    /// Removes one client, or a whole user with the place on the list.
    fn remove(&mut self, whole: bool) {
        let inside = self.inside();
        let Some(name) = self.dice.pick(&inside) else { return };
        if self.world.room.pending() > 0 {
            return;
        }
        let user = self.uri(name).user().unwrap();
        let removes = match whole {
            true => self.leaves_of(&user),
            false => vec![self.world.room.leaf_of(&self.uri(name)).unwrap()],
        };
        let index = self.world.room.participant_list().index_of(&user).unwrap();
        let list = if whole { vec![removing(&[index])] } else { vec![] };
        let bundle = self.world.client("alice").commit(Commit { removes, list, ..Default::default() });
        self.accept(if whole { "remove" } else { "kick" }, "alice", bundle);
    }

    fn leaves_of(&self, user: &mimi_arch::UserUri) -> Vec<u32> {
        let room = &self.world.room;
        room.members().filter(|member| member.user == *user).filter_map(|member| room.leaf_of(&member.client)).collect()
    }

    fn leave(&mut self) {
        let inside = self.inside();
        let Some(name) = self.dice.pick(&inside) else { return };
        if self.standing(name) != Standing::Active || self.world.room.pending() > 0 {
            return;
        }
        let own = self.world.client(name).leaf();
        let user = self.uri(name).user().unwrap();
        let others: Vec<u32> = self.leaves_of(&user).into_iter().filter(|leaf| *leaf != own).collect();
        let bundle = self.world.client(name).leave(&others);
        self.accept("leave", name, bundle);
    }

    fn commit(&mut self) {
        let active: Vec<_> =
            self.inside().into_iter().filter(|name| self.standing(name) == Standing::Active).chain(["alice"]).collect();
        let by = self.dice.pick(&active).unwrap();
        let bundle = self.world.client(by).commit(Commit { path: true, ..Default::default() });
        self.accept("commit", by, bundle);
    }

    fn come_back(&mut self) {
        let inside = self.inside();
        let out: Vec<_> = CLIENTS.iter().filter(|(name, _)| !inside.contains(name)).copied().collect();
        let Some((name, uri)) = self.dice.pick(&out) else { return };
        let mut client = Client::new(uri);
        let source = client.uri.domain().clone();
        let Ok(given) = self.world.room.group_info(&source, &group_info_request(&client)) else { return };
        if self.world.room.pending() > 0 {
            return;
        }
        let join = client.join(&given, None);
        self.world.clients.insert(name, client);
        if !self.accept("come back", name, join) {
            self.world.clients.remove(name);
        }
    }

    /// What the follower does with all that has come, and whether it is what the hub would do.
    fn compare(&mut self, way: &str) -> bool {
        let messages = posted(&mut self.world, "b.example");
        if !messages.is_empty() {
            let _ = self.follower.take(&messages);
        }
        let stored = self.follower.store.followed_leaves(&room_uri(), None).unwrap();
        let room = &self.world.room;
        let held: Vec<(u32, ClientUri)> = stored.leaves;
        for (leaf, client) in &held {
            assert_eq!(room.leaf_of(client), Some(*leaf), "{way}: {client}");
        }
        if stored.head.complete {
            assert_eq!(held.len(), room.members().count(), "{way}");
            assert_eq!(stored.head.epoch.unwrap_or(room.epoch()), room.epoch(), "{way}");
            assert_eq!(stored.waiting.len(), room.pending(), "{way}");
        }
        // Whoever is in the group is among the room's local clients, and with a tree nobody else is.
        let local = self.follower.store.local_members(&room_uri()).unwrap();
        let mut members = room.members().filter(|member| member.domain().as_str() == "b.example");
        if stored.head.complete {
            assert_eq!(members.by_ref().count(), local.len(), "{way}: {local:?}");
        }
        let mut members = room.members().filter(|member| member.domain().as_str() == "b.example");
        assert!(members.all(|member| local.contains(&member.client)), "{way}: {local:?}");
        stored.head.complete
    }

    fn message(&mut self, way: &str, complete: bool) {
        send_sealed(&mut self.world, "alice");
        let messages = posted(&mut self.world, "b.example");
        let effects = if messages.is_empty() { vec![] } else { self.follower.take(&messages) };
        let got: Vec<ClientUri> = effects
            .into_iter()
            .flat_map(|effect| match effect {
                Effect::Deliver { to, .. } => to.to_vec(),
                _ => Vec::new(),
            })
            .collect();
        let room = &self.world.room;
        let mut entitled: Vec<ClientUri> = room
            .members()
            .filter(|member| member.domain().as_str() == "b.example")
            .filter(|member| room.standing(&member.user).receives_messages())
            .map(|member| member.client.clone())
            .collect();
        entitled.sort_unstable();
        if complete {
            assert_eq!(got, entitled, "{way}");
        } else {
            assert!(entitled.iter().all(|client| got.contains(client)), "{way}: {entitled:?} and {got:?}");
        }
    }
}

#[test]
fn on_any_way_a_follower_knows_the_leaves_of_the_hub_and_reaches_the_same_clients() {
    // req: MP06-5.3-06
    let mut done = std::collections::BTreeMap::<&str, usize>::new();
    let (mut complete_steps, mut steps) = (0, 0);
    for seed in 1..=12u64 {
        let mut walk = Walk::new(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        for step in 0..STEPS {
            match walk.dice.roll(8) {
                0..=2 => walk.add(),
                3 => walk.remove(false),
                4 => walk.remove(true),
                5 => walk.leave(),
                6 => walk.commit(),
                _ => walk.come_back(),
            }
            let way = format!("seed {seed}, step {step}, after {:?}", walk.done);
            let complete = walk.compare(&way);
            walk.message(&way, complete);
            complete_steps += usize::from(complete);
            steps += 1;
        }
        for (what, count) in walk.done {
            *done.entry(what).or_default() += count;
        }
    }
    println!("{done:?}; {complete_steps} of {steps} steps with all leaves known");
    for what in ["add", "kick", "remove", "leave", "commit", "come back"] {
        assert!(done.get(what).is_some_and(|count| *count >= 5), "{what}: {done:?}");
    }
    assert!(complete_steps > steps / 2);
}
