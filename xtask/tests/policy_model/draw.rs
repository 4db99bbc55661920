//! Octets become a room, an actor and an action. Zeros give the simplest, so that what fails shrinks to it.

use crate::authorization::facts::{Action, Actor, Base, Claim, Participant, Preauthorization, Role, Room, Sent, Step};

const USERS: [&str; 7] = [
    "mimi://a.example/u/a",
    "mimi://a.example/u/b",
    "mimi://b.example/u/c",
    "mimi://b.example/u/d",
    "mimi://c.example/u/e",
    "mimi://c.example/u/f",
    "mimi://c.example/u/g",
];

const CAPABILITIES: [&str; 24] = [
    "canAddParticipant",
    "canRemoveParticipant",
    "canAddOwnClient",
    "canRemoveOwnClient",
    "canJoinIfPreauthorized",
    "canRemoveSelf",
    "canUseJoinCode",
    "canBan",
    "canUnBan",
    "canKick",
    "canChangeUserRole",
    "canChangeOwnRole",
    "canSendMessage",
    "canReceiveMessage",
    "canReactToMessage",
    "canUploadImage",
    "canChangeRoomName",
    "canChangeRoomMood",
    "canDestroyRoom",
    "canChangeRoomMembershipStyle",
    "canChangeRoleDefinitions",
    "canChangePreauthorizedUserList",
    "canSendMLSReinitProposal",
    "canKnock",
];

struct Draw<'a> {
    octets: std::slice::Iter<'a, u8>,
}

impl Draw<'_> {
    /// A number below `end`.
    fn below(&mut self, end: u32) -> u32 {
        u32::from(self.octets.next().copied().unwrap_or_default()) % end
    }

    /// True in one of so many cases.
    fn one_in(&mut self, of: u32) -> bool {
        self.below(of) + 1 == of
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    fn user(&mut self) -> String {
        self.pick(&USERS).to_owned()
    }

    fn some<T: Copy>(&mut self, from: &[T], keep_all_but_one_in: u32) -> Vec<T> {
        from.iter().copied().filter(|_| !self.one_in(keep_all_but_one_in)).collect()
    }

    fn claims(&mut self) -> Vec<Claim> {
        let claim = |id: &str| Claim { credential_type: 0xf005, id: id.to_owned(), value: "1".to_owned() };
        ["x", "y"].into_iter().filter(|_| self.one_in(2)).map(claim).collect()
    }

    fn limit(&mut self, there: u32) -> Option<u32> {
        (self.one_in(2)).then(|| there + self.below(3))
    }
}

/// The question that octets ask.
pub(crate) fn question(octets: &[u8]) -> (Room, Actor, Action) {
    let mut draw = Draw { octets: octets.iter() };
    let room = room(&mut draw);
    let actor = actor(&mut draw, &room);
    let action = action(&mut draw, &room, &actor);
    (room, actor, action)
}

fn room(draw: &mut Draw<'_>) -> Room {
    let base = Base {
        fixed_membership: draw.one_in(8),
        parent_room: draw.one_in(8).then(|| "mimi://a.example/r/parent".to_owned()),
        multi_device: !draw.one_in(4),
        max_clients: None,
        max_users: None,
    };
    let roles = (0..5).map(|index| role(draw, index)).collect();
    let mut participants = Vec::new();
    for user in USERS {
        let role = draw.pick(&[2, 3, 4, 2, 3, 0, 0, 1]);
        let clients = draw.pick(&[1, 2, 0]).min(if base.multi_device { 2 } else { 1 });
        if role > 0 {
            let clients = if role == 1 { 0 } else { clients };
            participants.push(Participant { user: user.to_owned(), role, clients });
        }
    }
    let entry =
        |draw: &mut Draw<'_>| Preauthorization { claimset: draw.claims(), role: draw.pick(&[2, 3, 4, 0, 1, 9]) };
    let mut room = Room {
        roles,
        preauthorized: (0..draw.below(4)).map(|_| entry(draw)).collect(),
        base,
        participants,
        parent_participants: Vec::new(),
    };
    constrain(draw, &mut room);
    if room.base.parent_room.is_some() {
        let mut parents: Vec<String> = room.participants.iter().map(|participant| participant.user.clone()).collect();
        parents.extend(
            USERS
                .iter()
                .map(|user| (*user).to_owned())
                .filter(|user| room.participant(user).is_none())
                .filter(|_| draw.one_in(2)),
        );
        parents.push("mimi://a.example/u/parent".to_owned());
        room.parent_participants = parents;
    }
    room
}

fn role(draw: &mut Draw<'_>, index: u32) -> Role {
    let mut capabilities: Vec<&'static str> = Vec::new();
    if index == 0 {
        capabilities = draw.some(&["canOpenJoin", "canUseJoinCode", "canAddParticipant", "canDestroyRoom"], 2);
    } else if index > 1 {
        capabilities = draw.some(&CAPABILITIES, 5);
    }
    let name = if index == 1 && !draw.one_in(4) { "banned" } else { "role" };
    let mut role = Role::new(index, name, &capabilities, &[]);
    if index != 1 {
        role.authorized_role_changes = (0..5).map(|from| (from, draw.some(&[0, 1, 2, 3, 4], 4))).collect();
    }
    role
}

/// Limits that the room keeps, often just.
fn constrain(draw: &mut Draw<'_>, room: &mut Room) {
    let participants = room.participants.clone();
    for role in &mut room.roles {
        let index = role.index;
        let held = participants.iter().filter(|participant| participant.role == index);
        let (all, active) =
            (held.clone().count() as u32, held.filter(|participant| participant.clients > 0).count() as u32);
        if index == 0 {
            continue;
        }
        role.minimum_participants = if draw.one_in(2) { all.saturating_sub(draw.below(2)) } else { 0 };
        role.maximum_participants = draw.limit(all);
        role.minimum_active_participants = if draw.one_in(2) { active.saturating_sub(draw.below(2)) } else { 0 };
        role.maximum_active_participants = draw.limit(active);
    }
    room.base.max_clients = draw.limit(participants.iter().map(|participant| participant.clients).sum());
    room.base.max_users = draw.limit(participants.iter().filter(|participant| participant.role != 1).count() as u32);
}

fn actor(draw: &mut Draw<'_>, room: &Room) -> Actor {
    match draw.below(10) {
        8 => Actor::ExternalSender { claims: draw.claims() },
        9 => Actor::Hub,
        _ => {
            let user = draw.user();
            let has_client = room.participant(&user).is_some_and(|participant| participant.clients > 0);
            let member = has_client && !draw.one_in(4);
            Actor::User { user, member, claims: draw.claims() }
        }
    }
}

fn action(draw: &mut Draw<'_>, room: &Room, actor: &Actor) -> Action {
    if draw.one_in(8) {
        return match draw.below(7) {
            0 => Action::Message,
            1 => Action::Receive,
            2 => Action::Upload { asset: "image" },
            3 => Action::Exercise { capability: "canReactToMessage" },
            4 => Action::Exercise { capability: "canKick" },
            5 => Action::ReportAbuse,
            // What the hub may do without a role is our own reading (IRP-25).
            _ if matches!(actor, Actor::Hub) => Action::Message,
            _ => Action::DestroyRoom,
        };
    }
    let member = matches!(actor, Actor::User { member: true, .. });
    let external = matches!(actor, Actor::ExternalSender { .. } | Actor::Hub);
    let sent = match draw.below(8) {
        0 => Sent::Proposals,
        1 => Sent::ExternalCommit,
        2 => Sent::Commit,
        _ if external => Sent::Proposals,
        _ if member => Sent::Commit,
        _ => Sent::ExternalCommit,
    };
    let count = draw.pick(&[1, 1, 1, 2, 3, 0]);
    Action::Change { sent, steps: (0..count).map(|_| step(draw, room, actor)).collect() }
}

fn step(draw: &mut Draw<'_>, room: &Room, actor: &Actor) -> Step {
    if matches!(actor, Actor::Hub) {
        return match draw.below(3) {
            0 => Step::AddParticipant { user: draw.user(), role: 2, clients: 0 },
            1 => Step::ChangeRole { user: draw.user(), role: 2 },
            _ => Step::ChangeMetadata { field: "name" },
        };
    }
    let (own, member) = match actor {
        Actor::User { user, member, .. } => (user.as_str(), *member),
        _ => ("", false),
    };
    let clients_of = |user: &str| room.participant(user).map_or(0, |participant| participant.clients);
    let user = draw.user();
    let role = draw.pick(&[2, 3, 4, 1, 0, 9]);
    // Mostly all of them.
    let all = |draw: &mut Draw<'_>, there: u32| if draw.one_in(5) { draw.below(3) } else { there };
    let outsider = !member && room.participant(own).is_none();
    let kind = match draw.below(24) {
        // Who is outside mostly wants in.
        number if !member && !own.is_empty() && number < 16 => {
            if outsider {
                13 + number % 3
            } else {
                8
            }
        }
        number => number,
    };
    match kind {
        0 | 1 => Step::AddParticipant { user, role, clients: draw.below(3) },
        2 | 3 => {
            let clients = all(draw, clients_of(&user));
            Step::RemoveParticipant { user, clients }
        }
        4 => Step::Leave { clients: all(draw, clients_of(own)) },
        5 => Step::ChangeRole { user, role },
        6 => Step::ChangeOwnRole { role },
        7 => {
            let clients = all(draw, clients_of(&user));
            Step::Ban { user, clients }
        }
        8 => Step::AddOwnClient { replaces: draw.below(2).min(clients_of(own)) },
        9 => Step::AddOtherOwnClients { clients: 1 + draw.below(2) },
        10 => {
            let clients = (1 + draw.below(2)).min(clients_of(own));
            // Only the acting client itself is left when all go.
            Step::RemoveOwnClients { clients, acting: member && (clients == clients_of(own) || draw.one_in(2)) }
        }
        11 => Step::Unban { user, role },
        12 => {
            let clients = draw.below(3).min(clients_of(&user) + 1);
            Step::Kick { user, clients }
        }
        13 => Step::OpenJoin { role },
        14 => Step::JoinPreauthorized { role },
        15 => Step::JoinByCode { role, code_role: draw.pick(&[Some(role), Some(role), Some(2), None]) },
        16 => Step::ChangeMetadata { field: draw.pick(&["name", "mood", "uri"]) },
        17 => Step::UpdateRoles { roles: new_roles(draw, room) },
        18 => Step::UpdatePreauthorized { preauthorized: Vec::new() },
        19 => Step::UpdateBasePolicy { base: new_base(draw, room) },
        20 => Step::ReInit,
        21 => Step::AddClientsOf { user, clients: 1 },
        22 => Step::UpdateComponent { component: 0x002d },
        _ => {
            let clients = all(draw, clients_of(&user));
            Step::Kick { user, clients }
        }
    }
}

/// The same roles, with one more or one less.
fn new_roles(draw: &mut Draw<'_>, room: &Room) -> Vec<Role> {
    let mut roles = room.roles.clone();
    if draw.one_in(2) {
        roles.push(Role::new(7, "new", &[], &[]));
    } else {
        roles.remove(draw.below(5) as usize);
    }
    roles
}

fn new_base(draw: &mut Draw<'_>, room: &Room) -> Base {
    let mut base = room.base.clone();
    base.fixed_membership = draw.one_in(3);
    base.multi_device = !draw.one_in(3);
    let clients: u32 = room.participants.iter().map(|participant| participant.clients).sum();
    base.max_clients = draw.one_in(3).then(|| (clients + draw.below(3)).saturating_sub(1));
    base.max_users = draw.one_in(3).then(|| (room.participants.len() as u32 + draw.below(3)).saturating_sub(2));
    base
}
