//! What has to hold for all steps of an action together (draft-ietf-mimi-room-policy-03 sections 3, 4, 5 and 8.1).

use std::collections::BTreeMap;

use mimi_arch::{RoleIndex, UserUri};

use super::{
    Refusal, RoomState,
    projection::{Projection, Touched},
    state::RoleTable,
};
use crate::{base_room_policy::BaseRoomPolicy, capability::CapabilityType, roles::Role};

/// Checks a room after an action, in this order: components and participants in one commit, clients of each user, roles in use, the fixed
/// membership, the parent room, the constraints of each role, the limits of the base policy.
pub(super) fn check(state: &RoomState, projection: &Projection<'_>) -> Result<(), Refusal> {
    check_components(projection)?;
    check_clients(projection)?;
    let updated = projection.roles.map(RoleTable::new);
    let roles = updated.as_ref().unwrap_or(state.roles());
    let base = projection.base.unwrap_or(state.base());
    let changes = changes(projection);
    if updated.is_some() {
        check_roles_in_use(state, roles, &changes)?;
    }
    if updated.is_some() || projection.base.is_some() {
        check_fixed_membership(roles, base)?;
    }
    check_parent(state, projection, base)?;
    for (index, change) in &changes {
        if let Some(role) = roles.get(*index) {
            check_role(state, &role.role, change)?;
        }
    }
    check_limits(state, projection, base, &changes)
}

// req: RP03-3-17, RP03-4-14
fn check_components(projection: &Projection<'_>) -> Result<(), Refusal> {
    let mut changed = projection.users.values().filter(|touched| touched.listed).peekable();
    if projection.roles.is_some() && changed.peek().is_some() {
        return Err(Refusal::RolesWithParticipants);
    }
    if projection.preauth.is_some() && changed.any(|touched| touched.role.is_some()) {
        return Err(Refusal::PreauthWithParticipants);
    }
    Ok(())
}

// req: RP03-8.1.2-02, RP03-8.1.2-09, RP03-8.1.3-08
fn check_clients(projection: &Projection<'_>) -> Result<(), Refusal> {
    for (user, touched) in &projection.users {
        let there = touched.clients_before();
        if touched.removed > u64::from(there) {
            return Err(Refusal::MoreClientsThanThere { user: (*user).clone(), removed: touched.removed, there });
        }
        let clients = touched.clients_after();
        if clients > 0 && touched.role.is_none_or(|role| role == RoleIndex::BANNED) {
            return Err(Refusal::ClientsRemain { user: (*user).clone(), clients });
        }
    }
    Ok(())
}

/// What an action does to the participants with one role.
#[derive(Clone, Copy, Default)]
struct Change {
    participants: i64,
    active: i64,
    left: bool,
    entered: bool,
    fewer_clients: bool,
    more_clients: bool,
}

fn changes(projection: &Projection<'_>) -> BTreeMap<RoleIndex, Change> {
    let mut changes: BTreeMap<RoleIndex, Change> = BTreeMap::new();
    for touched in projection.users.values() {
        let before = touched.before.map(|participant| participant.role);
        let moved = before != touched.role;
        if let Some(role) = before {
            let change = changes.entry(role).or_default();
            change.participants -= 1;
            change.active -= i64::from(touched.clients_before() > 0);
            change.left |= moved && touched.minima;
            change.fewer_clients |= touched.removed > 0 && touched.minima;
        }
        if let Some(role) = touched.role {
            let change = changes.entry(role).or_default();
            change.participants += 1;
            change.active += i64::from(touched.clients_after() > 0);
            change.entered |= moved;
            change.more_clients |= touched.added > 0;
        }
    }
    changes
}

impl Change {
    fn participants_after(&self, state: &RoomState, role: RoleIndex) -> u64 {
        u64::from(state.count(role).participants).saturating_add_signed(self.participants)
    }

    fn active_after(&self, state: &RoomState, role: RoleIndex) -> u64 {
        u64::from(state.count(role).active).saturating_add_signed(self.active)
    }
}

// req: RP03-3-05, RP03-3-06, RP03-3-07, RP03-3-08
// req: RP03-8.1.1-05, RP03-8.1.1-10, RP03-8.1.1-14, RP03-8.1.1-17
// req: RP03-8.1.2-04, RP03-8.1.2-07, RP03-8.1.2-11, RP03-8.1.2-13
// req: RP03-8.1.3-03, RP03-8.1.3-06, RP03-8.1.3-12
fn check_role(state: &RoomState, constraints: &Role, change: &Change) -> Result<(), Refusal> {
    let role = constraints.role_index;
    let (participants, active) = (change.participants_after(state, role), change.active_after(state, role));
    let minimum = constraints.minimum_participants_constraint;
    if change.left && participants < u64::from(minimum) {
        return Err(Refusal::MinimumParticipants { role, minimum, after: participants });
    }
    let minimum = constraints.minimum_active_participants_constraint;
    if (change.left || change.fewer_clients) && active < u64::from(minimum) {
        return Err(Refusal::MinimumActiveParticipants { role, minimum, after: active });
    }
    if let Some(maximum) = constraints.maximum_participants_constraint
        && change.entered
        && participants > u64::from(maximum)
    {
        return Err(Refusal::MaximumParticipants { role, maximum, after: participants });
    }
    if let Some(maximum) = constraints.maximum_active_participants_constraint
        && (change.entered || change.more_clients)
        && active > u64::from(maximum)
    {
        return Err(Refusal::MaximumActiveParticipants { role, maximum, after: active });
    }
    Ok(())
}

/// New roles define every role that is held, and none of those that may have no active participants has one.
// req: RP03-3-08
fn check_roles_in_use(
    state: &RoomState,
    roles: &RoleTable,
    changes: &BTreeMap<RoleIndex, Change>,
) -> Result<(), Refusal> {
    for (&role, count) in &state.counts {
        if count.participants == 0 {
            continue;
        }
        let Some(known) = roles.get(role) else {
            return Err(Refusal::RoleInUse { role, holders: count.participants });
        };
        let after = changes.get(&role).copied().unwrap_or_default().active_after(state, role);
        if known.role.maximum_active_participants_constraint == Some(0) && after > 0 {
            return Err(Refusal::MaximumActiveParticipants { role, maximum: 0, after });
        }
    }
    Ok(())
}

// req: RP03-5-04
fn check_fixed_membership(roles: &RoleTable, base: &BaseRoomPolicy) -> Result<(), Refusal> {
    let adding = roles.iter().find(|role| {
        role.role_index > RoleIndex::BANNED && role.has(CapabilityType::CAN_ADD_PARTICIPANT) && base.fixed_membership
    });
    adding.map_or(Ok(()), |role| Err(Refusal::FixedMembershipWithAdding { role: role.role_index }))
}

// req: RP03-5-08, RP03-5-13
fn check_parent(state: &RoomState, projection: &Projection<'_>, base: &BaseRoomPolicy) -> Result<(), Refusal> {
    if !base.parent_dependent() {
        return Ok(());
    }
    let added = projection.users.iter().filter(|(_, touched)| touched.before.is_none() && touched.role.is_some());
    let mut added = added.map(|(user, _)| *user).peekable();
    let new_parent = base.parent_room != state.base().parent_room;
    if !new_parent && added.peek().is_none() {
        return Ok(());
    }
    let in_parent = |user: &UserUri| state.parent().is_some_and(|parent| parent.contains(user));
    let gone = |user: &UserUri| projection.users.get(user).is_some_and(|touched| touched.role.is_none());
    let stays = new_parent.then(|| state.participants().map(|(user, _)| user).filter(|user| !gone(user)));
    if let Some(user) = added.chain(stays.into_iter().flatten()).find(|user| !in_parent(user)) {
        return Err(Refusal::NotInParent { user: user.clone() });
    }
    let after = state.entries().saturating_add_signed(entries_change(projection));
    let parent = state.parent().map_or(0, |parent| u64::try_from(parent.len()).unwrap_or(u64::MAX));
    if after < parent { Ok(()) } else { Err(Refusal::NotStrictSubset { after, parent }) }
}

fn entries_change(projection: &Projection<'_>) -> i64 {
    let change = |touched: &Touched| i64::from(touched.role.is_some()) - i64::from(touched.before.is_some());
    projection.users.values().map(change).sum()
}

// req: RP03-5-14, RP03-5-15, RP03-5-16, RP03-5-17
fn check_limits(
    state: &RoomState,
    projection: &Projection<'_>,
    base: &BaseRoomPolicy,
    changes: &BTreeMap<RoleIndex, Change>,
) -> Result<(), Refusal> {
    let updated = projection.base.is_some();
    if let Some(maximum) = base.max_users {
        let banned = changes.get(&RoleIndex::BANNED).copied().unwrap_or_default();
        let before = state.entries().saturating_sub(u64::from(state.count(RoleIndex::BANNED).participants));
        let after = state
            .entries()
            .saturating_add_signed(entries_change(projection))
            .saturating_sub(banned.participants_after(state, RoleIndex::BANNED));
        if (updated || after > before) && after > u64::from(maximum) {
            return Err(Refusal::MaxUsers { maximum, after });
        }
    }
    let (mut clients, mut several) = (state.clients, state.several_clients);
    for touched in projection.users.values() {
        clients = (clients + touched.clients_after()).saturating_sub(u64::from(touched.clients_before()));
        several += u64::from(touched.clients_after() > 1);
        several = several.saturating_sub(u64::from(touched.clients_before() > 1));
    }
    let maximum = base.max_clients.unwrap_or(u32::MAX);
    if (updated || clients > state.clients) && clients > u64::from(maximum) {
        return Err(Refusal::MaxClients { maximum, after: clients });
    }
    if !base.multi_device {
        let over = projection.users.iter().find(|(_, touched)| touched.added > 0 && touched.clients_after() > 1);
        if let Some((user, _)) = over {
            return Err(Refusal::MultiDevice { user: Some((*user).clone()) });
        }
        if updated && several > 0 {
            return Err(Refusal::MultiDevice { user: None });
        }
    }
    Ok(())
}
